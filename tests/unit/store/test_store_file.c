/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the file engine cuts a torn last append and nothing else, never loses an acknowledged batch
 * to its own repair, and works inside a signer's sandbox. Method: every set of sectors of a last
 * append missing; every byte of all batches flipped; holes, garbage and whole batches where zeros
 * belong; fixed capacity to the byte; creation interrupted; a seccomp filter that kills at any
 * system call but the promised ones.
 */
#include "kit.h"

#include <seccomp.h>

static uint8_t disk[1 << 20]; /* a journal file of one chunk */

static enum err start(struct store_file *s, struct kit_seen *seen, const char *path)
{
	struct store_fault fault;
	enum err e;

	kit_seen_init(seen);
	e = store_file_open(s, path, STORE_FILE_EXISTING, 0, &fault);
	if (e != ERR_OK) {
		return e;
	}
	return kit_replay(&s->base, seen);
}

/* Makes n batches; at[i] is where batch i begins, at[n] where the last ends; disk holds the file.
 */
static bool make(uint64_t n, size_t at[])
{
	struct store_file s;
	struct store_fault fault;
	struct kit_seen seen;
	bool ok = kit_fresh() &&
		  store_file_open(&s, kit_path("journal"), STORE_FILE_CREATE, 0, &fault) == ERR_OK;

	kit_seen_init(&seen);
	ok = ok && store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen) == ERR_OK;
	for (uint64_t i = 0; ok && i < n; i++) {
		at[i] = (size_t)s.end;
		ok = kit_append_to(&s.base, &seen, i + 1) == ERR_OK;
	}
	if (!ok) {
		return false;
	}
	at[n] = (size_t)s.end;
	store_close(&s.base);
	return kit_read(kit_path("journal"), disk, sizeof(disk)) == (ssize_t)sizeof(disk);
}

/* Writes what a crash left (used bytes, then zeros) and says what a replay makes of it. */
static enum err after(const uint8_t *bytes, size_t used, int64_t *found, uint64_t *cut)
{
	struct store_file s;
	struct kit_seen seen;
	enum err e;

	if (!kit_write(kit_path("journal"), bytes, used) ||
	    truncate(kit_path("journal"), sizeof(disk)) != 0) {
		return ERR_STATE;
	}
	e = start(&s, &seen, kit_path("journal"));
	*found = -1;
	if (e == ERR_OK) {
		*found = (int64_t)seen.batches;
		*cut = s.base.cut_bytes;
		store_close(&s.base);
	}
	return e;
}

/* Batch 6 has 3,000-byte blobs: 8 sectors.  Any set of them may be missing after a power cut. */
static void every_torn_append(void)
{
	static uint8_t torn[sizeof(disk)];
	size_t at[9], first, sectors;

	T_CHECK(make(7, at));
	first = at[6] / 512;
	sectors = (at[7] + 511) / 512 - first;
	T_CHECK(sectors >= 6 && sectors <= 10);
	for (unsigned set = 0; set < 1u << sectors; set++) {
		struct store_file s;
		struct kit_seen seen;
		int64_t found;
		uint64_t cut = 0;

		memcpy(torn, disk, at[7]);
		for (size_t k = 0; k < sectors; k++) {
			size_t from = (first + k) * 512, to = from + 512;

			if ((set >> k & 1) == 0) {
				continue;
			}
			from = from < at[6] ? at[6] : from;
			to = to > at[7] ? at[7] : to;
			memset(torn + from, 0, to - from);
		}
		T_EQ(after(torn, at[7], &found, &cut), ERR_OK);
		T_EQ(found, set == 0 ? 7 : 6);
		/* nothing of it is left to confuse the next crash; the place is used again */
		if (set % 16 == 1) {
			static uint8_t now[sizeof(disk)];

			T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
			T_EQ(s.base.cut_bytes, 0);
			store_close(&s.base);
			T_EQ(kit_read(kit_path("journal"), now, sizeof(now)), sizeof(now));
			for (size_t i = at[6]; i < at[7]; i++) {
				T_EQ(now[i], 0);
			}
			T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
			T_EQ(kit_append_to(&s.base, &seen, 7), ERR_OK);
			store_close(&s.base);
			T_EQ(kit_read(kit_path("journal"), now, sizeof(now)), sizeof(now));
			T_MEM(now, disk, sizeof(disk));
		}
	}
}

/* A torn append that was the first of the journal. */
static void torn_first_append(void)
{
	static uint8_t torn[sizeof(disk)];
	size_t at[2];
	int64_t found;
	uint64_t cut = 0;

	T_CHECK(make(1, at));
	memcpy(torn, disk, at[1]);
	memset(torn + at[0], 0, 128);
	T_EQ(after(torn, at[1], &found, &cut), ERR_CORRUPT); /* half a sector: no disk does that */
	memset(torn + at[0], 0, at[1] - at[0]);
	T_EQ(after(torn, at[1], &found, &cut), ERR_OK);
	T_EQ(found, 0);
	T_EQ(cut, 0);
}

/* Bits change by themselves: in no batch may that pass, not even in the last. */
static void every_flipped_byte(void)
{
	static uint8_t changed[sizeof(disk)];
	size_t at[5];
	int64_t found;
	uint64_t cut = 0;

	T_CHECK(make(4, at));
	for (size_t i = 0; i < at[4]; i += i < 32 || i >= 4096 ? 1 : 97) {
		enum err e;

		memcpy(changed, disk, at[4]);
		changed[i] ^= (uint8_t)(1 << t_below(8));
		e = after(changed, at[4], &found, &cut);
		T_CHECK(e == ERR_CORRUPT || (i < 16 && e == ERR_TYPE));
	}
}

static void missing_sector_in_the_middle(void)
{
	static uint8_t changed[sizeof(disk)];
	size_t at[9];
	int64_t found;
	uint64_t cut = 0;

	T_CHECK(make(8, at));
	for (size_t sector = 4096 / 512; sector * 512 + 512 <= at[7]; sector++) {
		memcpy(changed, disk, at[8]);
		memset(changed + sector * 512, 0, 512);
		T_EQ(after(changed, at[8], &found, &cut), ERR_CORRUPT);
	}
}

static void what_stands_behind(void)
{
	static uint8_t changed[sizeof(disk)];
	size_t at[5];
	int64_t found;
	uint64_t cut = 0;

	T_CHECK(make(4, at));
	/* one stray byte near the end is a torn append without its first sector */
	memcpy(changed, disk, at[4]);
	memset(changed + at[4], 0, 8192);
	changed[at[4] + 4000] = 1;
	T_EQ(after(changed, at[4] + 8192, &found, &cut), ERR_OK);
	T_EQ(found, 4);
	T_EQ(cut, 4001);
	/* garbage where a header belongs was never written by us */
	changed[at[4]] = 1;
	T_EQ(after(changed, at[4] + 8192, &found, &cut), ERR_CORRUPT);
	/* a hole in front of a batch that would follow later */
	memset(changed + at[4], 0, 8192);
	memmove(changed + at[3] + 1024, disk + at[3], at[4] - at[3]);
	memset(changed + at[3], 0, 1024);
	T_EQ(after(changed, at[4] + 2048, &found, &cut), ERR_OK); /* it is the next: a torn one */
	memcpy(changed, disk, at[4]);
	memset(changed + at[2], 0, at[3] - at[2]);
	T_EQ(after(changed, at[4], &found, &cut), ERR_CORRUPT);
	/* an older batch again, and a batch of another past */
	memcpy(changed, disk, at[4]);
	memcpy(changed + at[4], disk + at[0], at[1] - at[0]);
	T_EQ(after(changed, at[4] + at[1] - at[0], &found, &cut), ERR_CORRUPT);
	memcpy(changed + at[4], disk + at[3], at[4] - at[3]);
	T_EQ(after(changed, at[4] + at[4] - at[3], &found, &cut), ERR_CORRUPT);
	T_EQ(after(disk, at[4], &found, &cut), ERR_OK);
	T_EQ(found, 4);
}

/* The file is shorter than the batches in it, by any number of bytes. */
static void every_length(void)
{
	size_t at[4];

	T_CHECK(make(3, at));
	for (size_t n = 0; n <= at[3]; n += n < 40 || n >= 4096 ? 1 : 53) {
		struct store_file s;
		struct kit_seen seen;
		enum err e;
		uint64_t whole = 0;

		T_CHECK(kit_write(kit_path("journal"), disk, n));
		e = start(&s, &seen, kit_path("journal"));
		if (n < 4096) {
			T_EQ(e, n < 16 ? ERR_TYPE : ERR_CORRUPT);
			continue;
		}
		T_EQ(e, ERR_OK);
		while (whole < 3 && at[whole + 1] <= n) {
			whole++;
		}
		T_EQ(seen.batches, whole);
		T_CHECK(s.base.cut_bytes <= n - at[whole]);
		T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
		store_close(&s.base);
		T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
		T_EQ(seen.batches, 3);
		store_close(&s.base);
	}
}

static void newer_versions(void)
{
	struct store_file s;
	struct store_fault fault;

	/* version 2 and its check (four bytes of SHA-256 of the first 24), computed by Python */
	static const uint8_t check[4] = { 0xfd, 0x86, 0x4d, 0x25 };
	size_t at[2];

	T_CHECK(make(1, at));
	disk[16] = 2;
	memcpy(disk + 24, check, 4);
	T_CHECK(kit_write(kit_path("journal"), disk, sizeof(disk)));
	T_EQ(store_file_open(&s, kit_path("journal"), STORE_FILE_EXISTING, 0, &fault), ERR_VERSION);
	T_CHECK(strstr(fault.text, "journal version 2") != NULL);
}

static void modes_of_opening(void)
{
	struct store_file s, t;
	struct store_fault fault;
	const char *path;

	T_CHECK(kit_fresh());
	path = kit_path("journal");
	T_EQ(store_file_open(&s, path, STORE_FILE_EXISTING, 0, &fault), ERR_NOT_FOUND);
	T_EQ(access(path, F_OK), -1);
	T_EQ(store_file_open(&s, path, STORE_FILE_EITHER, 1000, &fault), ERR_FIELD_RANGE);
	T_EQ(access(path, F_OK), -1);
	/* the remains of a creation that was interrupted do not matter */
	T_CHECK(kit_write(kit_path("journal.new"), (const uint8_t *)"rubbish", 7));
	T_EQ(store_file_open(&s, path, STORE_FILE_CREATE, 0, &fault), ERR_OK);
	T_EQ(access(kit_path("journal.new"), F_OK), -1);
	T_EQ(store_file_open(&t, path, STORE_FILE_CREATE, 0, &fault), ERR_EXISTS);
	T_EQ(store_file_open(&t, path, STORE_FILE_EXISTING, 0, &fault), ERR_BUSY);
	T_CHECK(strstr(fault.text, path) != NULL);
	store_close(&s.base);
	T_EQ(symlink(path, kit_path("link")), 0);
	T_EQ(store_file_open(&s, kit_path("link"), STORE_FILE_EXISTING, 0, &fault), ERR_IO);
	T_CHECK(kit_write(kit_path("empty"), NULL, 0));
	T_EQ(store_file_open(&s, kit_path("empty"), STORE_FILE_EITHER, 0, &fault), ERR_TYPE);
	T_EQ(store_file_open(&s, path, STORE_FILE_EXISTING, 0, &fault), ERR_OK);
	store_close(&s.base);
}

/* Read while its owner is at work, and never written: what a copy has at its end is not cut. */
static void opened_for_reading(void)
{
	static uint8_t whole[2 * STORE_FILE_CHUNK_BYTES], after[sizeof whole];
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	struct store_file owner, reader;
	struct store_fault fault;
	struct kit_seen written, seen;
	struct bytes batch;
	uint64_t end;
	ssize_t n;

	T_CHECK(kit_fresh());
	T_EQ(store_file_open(&reader, kit_path("journal"), STORE_FILE_READ, 0, &fault),
	     ERR_NOT_FOUND);
	T_EQ(store_file_open(&owner, kit_path("journal"), STORE_FILE_CREATE, 0, &fault), ERR_OK);
	kit_seen_init(&written);
	T_EQ(store_replay(&owner.base, buffer, sizeof buffer, kit_each, &written), ERR_OK);
	T_EQ(kit_append_to(&owner.base, &written, 1), ERR_OK);
	T_EQ(store_file_open(&reader, kit_path("journal"), STORE_FILE_READ, 0, &fault), ERR_OK);
	kit_seen_init(&seen);
	T_EQ(store_replay(&reader.base, buffer, sizeof buffer, kit_each, &seen), ERR_OK);
	T_EQ(seen.batches, 1);
	T_CHECK(kit_seal(&batch, &seen.again, 1));
	T_EQ(store_append(&reader.base, batch), ERR_STATE);
	store_close(&reader.base);
	end = owner.end;
	T_EQ(kit_append_to(&owner.base, &written, 2), ERR_OK);
	/* of the second batch its first unit alone: a copy made while it was written */
	n = kit_read(kit_path("journal"), whole, sizeof whole);
	T_CHECK(n > 0 && owner.end > end + 128);
	memset(whole + end + 128, 0, owner.end - end - 128);
	store_close(&owner.base);
	T_CHECK(kit_write(kit_path("torn"), whole, (size_t)n));
	T_EQ(store_file_open(&reader, kit_path("torn"), STORE_FILE_READ, 0, &fault), ERR_OK);
	kit_seen_init(&seen);
	T_EQ(store_replay(&reader.base, buffer, sizeof buffer, kit_each, &seen), ERR_CORRUPT);
	T_CHECK(strstr(reader.base.fault.text, "not whole") != NULL);
	store_close(&reader.base);
	T_EQ(kit_read(kit_path("torn"), after, sizeof after), n);
	T_CHECK(bytes_eq(bytes_of(whole, (size_t)n), bytes_of(after, (size_t)n)));
	T_EQ(mkfifo(kit_path("pipe"), 0600), 0);
	T_EQ(store_file_open(&reader, kit_path("pipe"), STORE_FILE_READ, 0, &fault), ERR_TYPE);
	T_EQ(store_file_open(&reader, kit_path("."), STORE_FILE_READ, 0, &fault), ERR_TYPE);
	T_CHECK(kit_write(kit_path("text"), (const uint8_t *)"text", 4));
	T_EQ(store_file_open(&reader, kit_path("text"), STORE_FILE_READ, 0, &fault), ERR_TYPE);
}

static void creation_under_way(void)
{
	struct store_file s;
	struct store_fault fault;
	struct kit_seen seen;
	int fd;

	T_CHECK(kit_fresh());
	fd = open(kit_path("journal.new"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	T_CHECK(fd >= 0);
	{
		/* a lock as another process that creates would hold it */
		struct store_file other;

		T_EQ(store_file_open(&other, kit_path("journal"), STORE_FILE_CREATE, 0, &fault),
		     ERR_OK);
		T_EQ(store_file_open(&s, kit_path("journal"), STORE_FILE_EITHER, 0, &fault),
		     ERR_BUSY);
		store_close(&other.base);
	}
	(void)close(fd);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	store_close(&s.base);
}

static void fixed_capacity(void)
{
	struct store_file s;
	struct store_fault fault;
	struct kit_seen seen;
	struct stat st;
	const uint64_t capacity = 1024 * 1024;
	uint64_t full;

	T_CHECK(kit_fresh());
	T_EQ(store_file_open(&s, kit_path("journal"), STORE_FILE_CREATE, capacity, &fault), ERR_OK);
	T_EQ(s.base.capacity_bytes, capacity - STORE_FILE_BATCHES_AT);
	T_EQ(stat(kit_path("journal"), &st), 0);
	T_EQ(st.st_size, capacity);
	T_CHECK((uint64_t)st.st_blocks * 512 >= capacity); /* written, not a hole */
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 100000), ERR_FULL);
	T_CHECK(strstr(s.base.fault.text, "capacity") != NULL);
	full = seen.batches;
	T_CHECK(full > 500);
	T_CHECK(s.base.size_bytes <= s.base.capacity_bytes);
	T_CHECK(s.base.size_bytes + 16384 > s.base.capacity_bytes);
	T_EQ(stat(kit_path("journal"), &st), 0);
	T_EQ(st.st_size, capacity);
	/* nothing was written: not broken, only full; a smaller batch may still fit */
	T_EQ(s.base.phase, STORE_READY);
	store_close(&s.base);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, full);
	store_close(&s.base);
	/* a larger capacity later */
	T_EQ(store_file_open(&s, kit_path("journal"), STORE_FILE_EXISTING, 2 * capacity, &fault),
	     ERR_OK);
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, full + 10), ERR_OK);
	store_close(&s.base);
}

/* A group of which all but the last batch fits: nothing is written, and each alone still fits. */
static void capacity_of_a_group(void)
{
	struct store_file s;
	struct store_fault fault;
	struct kit_seen seen;
	struct bytes group[KIT_GROUP];
	struct log_chain c;
	size_t n = 0;
	uint64_t room;
	unsigned long writes;

	T_CHECK(kit_fresh());
	T_EQ(store_file_open(&s, kit_path("journal"), STORE_FILE_CREATE, STORE_FILE_CHUNK_BYTES,
			     &fault),
	     ERR_OK);
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_OK);
	while (s.base.capacity_bytes - s.base.size_bytes > 8192) {
		T_EQ(kit_append_to(&s.base, &seen, seen.batches + 1), ERR_OK);
	}
	c = seen.chain;
	T_CHECK(kit_seal_group(group, &c, seen.batches, KIT_GROUP));
	room = s.base.capacity_bytes - s.base.size_bytes;
	while (n < KIT_GROUP && group[n].n <= room) {
		room -= group[n++].n;
	}
	T_CHECK(n >= 2 && n < KIT_GROUP);
	writes = kit_writes;
	T_EQ(store_append_all(&s.base, group, n + 1), ERR_FULL);
	T_EQ(kit_writes, writes);
	T_EQ(s.base.phase, STORE_READY);
	T_EQ(store_append_all(&s.base, group, n), ERR_OK);
	store_close(&s.base);
}

/*
 * Never two batches unsynced at once: whichever sync of a group fails, the disk has nothing of the
 * batches behind the one that was being synced.
 */
static void groups_one_by_one(void)
{
	enum { N = 6 };

	size_t at[4];

	for (unsigned long fail = 1; fail <= N; fail++) {
		static uint8_t now[sizeof(disk)];
		struct store_file s;
		struct kit_seen seen;
		struct bytes group[KIT_GROUP];
		struct log_chain c;
		size_t end;

		T_CHECK(make(3, at));
		T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
		c = seen.chain;
		T_CHECK(kit_seal_group(group, &c, 3, N));
		kit_no_failures();
		kit_fail_sync = fail;
		T_EQ(store_append_all(&s.base, group, N), ERR_IO);
		kit_no_failures();
		T_EQ(store_append_all(&s.base, group, N), ERR_STATE);
		store_close(&s.base);
		end = at[3];
		for (size_t i = 0; i < fail; i++) {
			end += group[i].n;
		}
		T_EQ(kit_read(kit_path("journal"), now, sizeof(now)), sizeof(now));
		T_CHECK(now[end - group[fail - 1].n] != 0);
		for (size_t i = end; i < sizeof(now); i++) {
			T_EQ(now[i], 0);
		}
	}
}

static void over_a_descriptor(void)
{
	struct store_file s, t;
	struct store_fault fault;
	struct kit_seen seen;
	size_t at[4];
	int fd, other;

	T_CHECK(make(3, at));
	fd = open(kit_path("journal"), O_RDONLY | O_CLOEXEC);
	T_EQ(store_file_from_fd(&s, fd, "signer a", 0, &fault), ERR_IO);
	T_CHECK(strstr(fault.text, "signer a: ") != NULL);
	T_EQ(close(fd), 0); /* still ours */
	fd = open(kit_path("journal"), O_RDWR | O_CLOEXEC);
	T_EQ(store_file_from_fd(&s, fd, "signer a", 0, &fault), ERR_OK);
	other = open(kit_path("journal"), O_RDWR | O_CLOEXEC);
	T_EQ(store_file_from_fd(&t, other, "signer a", 0, &fault), ERR_BUSY);
	T_EQ(close(other), 0);
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 5), ERR_OK);
	store_close(&s.base);
	T_EQ(close(fd), -1); /* the store has closed it */
	fd = open(kit_directory, O_RDONLY | O_CLOEXEC);
	T_CHECK(store_file_from_fd(&s, fd, "folder", 0, &fault) != ERR_OK);
	T_EQ(close(fd), 0);
}

static void after_a_failed_write(void)
{
	struct store_file s;
	struct kit_seen seen;
	struct bytes batch, out;
	struct log_chain c;
	struct hash32 name = { { 0 } };
	size_t at[4];
	int fd;

	T_CHECK(make(3, at));
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	/* the descriptor becomes one that cannot be written */
	fd = open(kit_path("journal"), O_RDONLY | O_CLOEXEC);
	T_CHECK(fd >= 0 && dup2(fd, s.fd) == s.fd);
	c = seen.chain;
	T_CHECK(kit_seal(&batch, &c, 3));
	T_EQ(store_append(&s.base, batch), ERR_IO);
	T_CHECK(strstr(s.base.fault.text, "cannot write") != NULL);
	(void)close(fd);
	/* it could be written again: still no */
	fd = open(kit_path("journal"), O_RDWR | O_CLOEXEC);
	T_CHECK(fd >= 0 && dup2(fd, s.fd) == s.fd);
	T_EQ(store_append(&s.base, batch), ERR_STATE);
	T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name), ERR_STATE);
	T_CHECK(strstr(s.base.fault.text, "cannot write") != NULL);
	(void)close(fd);
	store_close(&s.base);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, 3);
	store_close(&s.base);
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* pread, pwrite, fdatasync, close, and the end of the process; anything else kills. */
static bool confine(void)
{
	static const int allowed[] = { SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync),
				       SCMP_SYS(close), SCMP_SYS(exit_group) };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = f != NULL;

	for (size_t i = 0; ok && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		ok = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
	}
	ok = ok && seccomp_load(f) == 0;
	return ok;
}

static void in_the_sandbox(void)
{
	struct store_file s;
	struct kit_seen seen;
	size_t at[8];
	int status = 0;
	pid_t pid;

	T_CHECK(make(7, at));
	/* a torn append to repair in there too */
	memset(disk + (at[6] + 1024) / 512 * 512, 0, 512);
	T_CHECK(kit_write(kit_path("journal"), disk, sizeof(disk)));
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		struct store_fault fault;
		struct bytes out;
		struct hash32 name = { { 1 } };

		kit_seen_init(&seen);
		if (store_file_open(&s, kit_path("journal"), STORE_FILE_EXISTING, 0, &fault) !=
			ERR_OK ||
		    (!SANITIZED && !confine())) { /* a sanitizer makes calls of its own */
			_exit(1);
		}
		if (store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen) !=
			ERR_OK ||
		    seen.batches != 6 || s.base.cut_bytes == 0 ||
		    kit_append_to(&s.base, &seen, 1500) != ERR_OK ||
		    s.file_bytes < 2 * 1024 * 1024 ||
		    store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name) !=
			ERR_NOT_FOUND) {
			_exit(2);
		}
		store_close(&s.base);
		_exit(0);
	}
	T_CHECK(waitpid(pid, &status, 0) == pid);
	T_EQ(status, 0);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, 1500);
	store_close(&s.base);
}

/* A journal being replayed gives back what came before the batch at hand, and nothing else. */
static struct store_file reading;
static uint64_t read_at;

static bool reads(size_t n, uint64_t offset, enum err e)
{
	static uint8_t again[KIT_BUFFER];

	return store_file_read(&reading, again, n, offset) == e &&
	       (e != ERR_OK || memcmp(again, disk + STORE_FILE_BATCHES_AT + offset, n) == 0);
}

static enum err read_each(void *ctx, struct bytes batch)
{
	uint64_t *batches = ctx;
	bool right = reads(read_at, 0, ERR_OK) && reads(read_at + 1, 0, ERR_FIELD_RANGE) &&
		     reads(1, read_at, ERR_FIELD_RANGE) && reads(1, UINT64_MAX, ERR_FIELD_RANGE) &&
		     (read_at == 0 || reads(1, read_at - 1, ERR_OK));

	read_at += batch.n;
	++*batches;
	return right ? ERR_OK : ERR_INPUT;
}

static void read_in_a_replay(void)
{
	struct store_fault fault;
	uint64_t batches = 0;
	size_t at[6];

	T_CHECK(make(5, at));
	T_EQ(store_file_open(&reading, kit_path("journal"), STORE_FILE_EXISTING, 0, &fault),
	     ERR_OK);
	T_CHECK(reads(1, 0, ERR_FIELD_RANGE));
	T_EQ(store_replay(&reading.base, kit_buffer, sizeof(kit_buffer), read_each, &batches),
	     ERR_OK);
	T_EQ(batches, 5);
	T_CHECK(reads(read_at, 0, ERR_OK));
	store_close(&reading.base);
	T_CHECK(reads(1, 0, ERR_STATE));
}

static void clean(void)
{
	kit_clean();
	T_EQ(kit_directory[0], 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "read within a replay", read_in_a_replay },
		{ "every torn append", every_torn_append },
		{ "a torn first append", torn_first_append },
		{ "every flipped byte", every_flipped_byte },
		{ "a sector missing in the middle", missing_sector_in_the_middle },
		{ "what stands behind", what_stands_behind },
		{ "every length", every_length },
		{ "newer versions", newer_versions },
		{ "modes of opening", modes_of_opening },
		{ "opened for reading", opened_for_reading },
		{ "creation under way", creation_under_way },
		{ "fixed capacity", fixed_capacity },
		{ "capacity of a group", capacity_of_a_group },
		{ "groups one by one", groups_one_by_one },
		{ "over a descriptor", over_a_descriptor },
		{ "after a failed write", after_a_failed_write },
		{ "in the sandbox", in_the_sandbox },
		{ "cleaned up", clean },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
