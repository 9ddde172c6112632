/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kit.h - a journal whose batches are known in advance: batch i is a function of i and the chain,
 * so that after any damage one can say which batches are still there, byte for byte.
 */
#ifndef KURAMORI_TESTS_STORE_KIT_H
#define KURAMORI_TESTS_STORE_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "crypto/crypto.h"
#include "log/batch.h"
#include "store/file.h"
#include "t.h"

enum {
	KIT_BUFFER = 64 * 1024,
};

static const struct log_secret kit_secret = { { 1, 2, 3 } };
static uint8_t kit_buffer[KIT_BUFFER] __attribute__((unused)); /* of stores */
static uint8_t kit_sealed[KIT_BUFFER];                         /* of the batch being sealed */
static char kit_directory[64];

/*
 * The program's own pwrite and fdatasync, in front of libc's (SQLite's too): counted, and failing
 * at the call that is asked for, counted from 1, and from then on as long as kit_fail_times says.
 */
static _Atomic unsigned long kit_syncs, kit_writes; /* of all threads */
static unsigned long kit_fail_sync, kit_fail_write, kit_fail_times = 1;
static int kit_fail_errno = EIO;
static unsigned long kit_kill_write; /* the process dies half way through this write; 0: never */

int fdatasync(int fd)
{
	kit_syncs++;
	if (kit_fail_sync != 0 && kit_syncs >= kit_fail_sync &&
	    kit_syncs - kit_fail_sync < kit_fail_times) {
		errno = kit_fail_errno;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static ssize_t kit_pwrite(int fd, const void *p, size_t n, off_t offset)
{
	kit_writes++;
	if (kit_kill_write != 0 && kit_writes == kit_kill_write) {
		(void)syscall(SYS_pwrite64, fd, p, n / 2, offset);
		(void)kill(getpid(), SIGKILL);
	}
	if (kit_fail_write != 0 && kit_writes == kit_fail_write) {
		/* half of it reaches the disk: some file systems do just that */
		return n > 1 ? syscall(SYS_pwrite64, fd, p, n / 2, offset)
			     : syscall(SYS_pwrite64, fd, p, n, offset);
	}
	if (kit_fail_write != 0 && kit_writes > kit_fail_write &&
	    kit_writes - kit_fail_write <= kit_fail_times) {
		errno = kit_fail_errno;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, offset);
}

ssize_t kit_pwrite_32(int fd, const void *p, size_t n, off_t offset) __asm__("pwrite");
ssize_t kit_pwrite_64(int fd, const void *p, size_t n, off_t offset) __asm__("pwrite64");

ssize_t kit_pwrite_32(int fd, const void *p, size_t n, off_t offset)
{
	return kit_pwrite(fd, p, n, offset);
}

ssize_t kit_pwrite_64(int fd, const void *p, size_t n, off_t offset)
{
	return kit_pwrite(fd, p, n, offset);
}

static inline void kit_no_failures(void)
{
	kit_syncs = 0;
	kit_writes = 0;
	kit_fail_sync = 0;
	kit_fail_write = 0;
	kit_fail_errno = EIO;
}

/* Batch i: 1 to 3 records; two of three have blobs, every seventh a large one. */
static inline bool kit_seal(struct bytes *out, struct log_chain *c, uint64_t i)
{
	struct log_batch b;

	log_batch_begin(&b, kit_sealed, sizeof(kit_sealed));
	for (uint64_t k = 0; k <= i % 3; k++) {
		struct log_record r = { .kind = LOG_DOCUMENT, .time_ms = i, .amount = i * 3 + k };
		uint8_t blob[3000];
		size_t n = i % 7 == 6 ? sizeof(blob) : 40 + i % 90;

		r.id.b[15] = 1;
		memset(blob, (int)(1 + i % 255), n);
		le64_put(blob, i * 3 + k);
		if (k == 1 ? log_batch_add_record(&b, &r) != ERR_OK
			   : log_batch_add_blob(&b, &r, bytes_of(blob, n)) != ERR_OK) {
			return false;
		}
	}
	log_batch_seal(out, &b, c, &kit_secret);
	return true;
}

enum {
	KIT_GROUP = 12, /* batches of a group, at most */
};

/* Batches from..from+n-1, sealed one after another and kept apart; n up to KIT_GROUP. */
static inline bool kit_seal_group(struct bytes out[KIT_GROUP], struct log_chain *c, uint64_t from,
				  size_t n)
{
	static uint8_t sealed[KIT_GROUP][16 * 1024];

	for (size_t i = 0; i < n; i++) {
		struct bytes batch;

		if (!kit_seal(&batch, c, from + i) || batch.n > sizeof(sealed[i])) {
			return false;
		}
		memcpy(sealed[i], batch.p, batch.n);
		out[i] = bytes_of(sealed[i], batch.n);
	}
	return true;
}

/* What a replay has seen so far. */
struct kit_seen {
	struct log_chain chain; /* as opened */
	struct log_chain again; /* as sealed a second time */
	uint64_t batches;
	enum err refuse; /* what to answer at batch refuse_at */
	uint64_t refuse_at;
};

static inline void kit_seen_init(struct kit_seen *s)
{
	memset(s, 0, sizeof(*s));
	log_chain_init(&s->chain);
	log_chain_init(&s->again);
	s->refuse = ERR_OK;
	s->refuse_at = UINT64_MAX;
}

/* Opens the batch and compares it with batch i made anew. */
static inline enum err kit_each(void *context, struct bytes batch)
{
	struct kit_seen *s = context;
	struct log_view v;
	struct bytes want;
	enum err e = log_batch_open(&v, &s->chain, batch, &kit_secret);

	if (e != ERR_OK) {
		return e;
	}
	if (!kit_seal(&want, &s->again, s->batches) || !bytes_eq(want, batch)) {
		return ERR_CORRUPT;
	}
	if (s->batches == s->refuse_at) {
		return s->refuse;
	}
	s->batches++;
	return ERR_OK;
}

/* Replays what was opened; on error it is closed. */
static inline enum err kit_replay(struct store *s, struct kit_seen *seen)
{
	enum err e = store_replay(s, kit_buffer, sizeof(kit_buffer), kit_each, seen);

	if (e != ERR_OK) {
		store_close(s);
	}
	return e;
}

/* Appends one batch after the other until there are n. */
static inline enum err kit_append_to(struct store *s, struct kit_seen *seen, uint64_t n)
{
	while (seen->batches < n) {
		struct bytes batch;
		enum err e;

		if (!kit_seal(&batch, &seen->chain, seen->batches)) {
			return ERR_STATE;
		}
		e = store_append(s, batch);
		if (e != ERR_OK) {
			return e;
		}
		seen->batches++;
	}
	return ERR_OK;
}

/* Appends n batches at once, up to KIT_GROUP; on error none counts. */
static inline enum err kit_append_group(struct store *s, struct kit_seen *seen, size_t n)
{
	struct bytes group[KIT_GROUP];
	struct log_chain c = seen->chain;
	enum err e;

	if (!kit_seal_group(group, &c, seen->batches, n)) {
		return ERR_STATE;
	}
	e = store_append_all(s, group, n);
	if (e == ERR_OK) {
		seen->chain = c;
		seen->again = c;
		seen->batches += n;
	}
	return e;
}

static inline int kit_remove(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)st;
	(void)flag;
	(void)w;
	return remove(path);
}

static inline void kit_clean(void)
{
	if (kit_directory[0] != '\0') {
		(void)nftw(kit_directory, kit_remove, 8, FTW_DEPTH | FTW_PHYS);
		kit_directory[0] = '\0';
	}
}

/*
 * A fresh directory; the one before is removed.  In memory if that can be: what is tried here are
 * kills, damage and planted errors, and a disk that others use makes thousands of syncs slow.
 */
static inline bool kit_fresh(void)
{
	kit_clean();
	(void)snprintf(kit_directory, sizeof(kit_directory), "%s/kuramori-store-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(kit_directory) != NULL && chmod(kit_directory, 0755) == 0;
}

static inline const char *kit_path(const char *name)
{
	static char path[16][256];
	static unsigned next;
	char *p = path[next++ % 16];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", kit_directory, name);
	return p;
}

/* The file's bytes into p, at most cap; -1 if it cannot be read. */
static inline ssize_t kit_read(const char *path, uint8_t *p, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, p, cap, 0);

	if (fd >= 0) {
		(void)close(fd);
	}
	return n;
}

static inline bool kit_write(const char *path, const uint8_t *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && (n == 0 || pwrite(fd, p, n, 0) == (ssize_t)n);

	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

/* One byte of a file. */
static inline bool kit_poke(const char *path, size_t at, uint8_t change)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t b = 0;
	bool ok = fd >= 0 && pread(fd, &b, 1, (off_t)at) == 1;

	b ^= change;
	ok = ok && pwrite(fd, &b, 1, (off_t)at) == 1;
	if (fd >= 0) {
		(void)close(fd);
	}
	return ok;
}

#endif
