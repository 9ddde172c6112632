/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a backup keeps what it acknowledged byte for byte, and one that lost a byte anywhere is
 * refused with words that name the place: it is never mistaken for an older, shorter one.
 * Method: round trips and continuations; the file cut at every length and changed at every byte;
 * an append that dies at each of its writes and syncs, by error and by a kill.
 */
#include "crypto/sha256.h"
#include "kit.h"
#include "store/backup.h"

#include <stdlib.h>

enum {
	BATCHES = 9,
	FILE_MAX = 256 * 1024,
};

static uint8_t whole[FILE_MAX];
static ssize_t whole_n;
static struct store_fault fault;

/* Opens and replays; on error closed, and the words are in fault. */
static enum err start(struct store_backup *s, struct kit_seen *seen, const char *path,
		      enum store_backup_mode mode)
{
	enum err e;

	kit_seen_init(seen);
	e = store_backup_open(s, path, mode, &fault);
	if (e == ERR_OK) {
		e = store_replay(&s->base, kit_buffer, sizeof(kit_buffer), kit_each, seen);
		if (e != ERR_OK) {
			fault = s->base.fault;
			store_close(&s->base);
		}
	}
	return e;
}

static bool make(uint64_t n)
{
	struct store_backup s;
	struct kit_seen seen;

	if (!kit_fresh() || start(&s, &seen, kit_path("backup"), STORE_BACKUP_CREATE) != ERR_OK ||
	    kit_append_to(&s.base, &seen, n) != ERR_OK) {
		return false;
	}
	store_close(&s.base);
	whole_n = kit_read(kit_path("backup"), whole, sizeof(whole));
	return whole_n > 0;
}

static void it_comes_back(void)
{
	struct store_backup s, second;
	struct kit_seen seen, other;
	struct hash32 name, head;
	struct stat st;
	struct bytes out;

	T_CHECK(kit_fresh());
	T_CHECK(!store_backup_is(kit_path("backup")));
	T_EQ(start(&s, &seen, kit_path("backup"), STORE_BACKUP_READ), ERR_NOT_FOUND);
	T_EQ(start(&s, &seen, kit_path("backup"), STORE_BACKUP_GO_ON), ERR_NOT_FOUND);
	for (uint64_t n = 0; n <= BATCHES; n += 3) {
		unsigned long syncs;

		T_EQ(start(&s, &seen, kit_path("backup"),
			   n == 0 ? STORE_BACKUP_CREATE : STORE_BACKUP_GO_ON),
		     ERR_OK);
		T_CHECK(store_backup_is(kit_path("backup")));
		T_EQ(seen.batches, n);
		T_EQ(store_backup_open(&second, kit_path("backup"), STORE_BACKUP_READ, &fault),
		     ERR_BUSY);
		T_CHECK(strstr(fault.text, "backup: locked") != NULL);
		syncs = kit_syncs;
		T_EQ(kit_append_to(&s.base, &seen, n + 3), ERR_OK);
		T_EQ(kit_syncs - syncs, 6); /* batches, then the slot that counts them */
		head = s.base.head;
		log_batch_blob_name(&name, bytes_of("no", 2));
		T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name),
		     ERR_NOT_FOUND);
		store_close(&s.base);
	}
	T_EQ(stat(kit_path("backup"), &st), 0);
	T_EQ(st.st_mode & 0777, 0600);
	T_EQ(start(&s, &seen, kit_path("backup"), STORE_BACKUP_CREATE), ERR_EXISTS);
	T_EQ(start(&s, &seen, kit_path("backup"), STORE_BACKUP_READ), ERR_OK);
	T_EQ(seen.batches, BATCHES + 3);
	T_CHECK(hash32_eq(&s.base.head, &head));
	T_EQ(start(&second, &other, kit_path("backup"), STORE_BACKUP_READ), ERR_OK);
	store_close(&second.base);
	T_EQ(kit_append_to(&s.base, &seen, BATCHES + 4), ERR_STATE);
	{
		/* the blob of batch 6 is the large one */
		uint8_t blob[3000];

		memset(blob, 7, sizeof(blob));
		le64_put(blob, 18);
		log_batch_blob_name(&name, bytes_of(blob, sizeof(blob)));
		T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name), ERR_OK);
		T_CHECK(bytes_eq(out, bytes_of(blob, sizeof(blob))));
	}
	store_close(&s.base);
}

/* Every length that is too short, every byte that is another. */
static void no_damage_goes_unseen(void)
{
	struct store_backup s;
	struct kit_seen seen;
	const char *path;
	uint64_t tried = 0;

	T_CHECK(make(BATCHES));
	path = kit_path("backup");
	for (ssize_t n = 0; n < whole_n; n += n < 5000 ? 97 : 31) {
		enum err e;

		T_CHECK(kit_write(path, whole, (size_t)n));
		e = start(&s, &seen, path, STORE_BACKUP_READ);
		T_EQ(e, n < 16 ? ERR_TYPE : ERR_CORRUPT);
		T_CHECK(strstr(fault.text, path) != NULL);
		if (n >= 4096) {
			T_CHECK(strstr(fault.text, "cut off") != NULL);
		}
		T_EQ(start(&s, &seen, path, STORE_BACKUP_GO_ON), e);
		T_EQ(kit_read(path, kit_sealed, sizeof(kit_sealed)),
		     n < KIT_BUFFER ? n : KIT_BUFFER); /* nothing was done to it */
	}
	T_CHECK(kit_write(path, whole, (size_t)whole_n));
	for (size_t at = 0; at < (size_t)whole_n; at++) {
		enum err e;

		if (at >= 1024 && at < 4096 && at % 61 != 0) {
			continue;
		}
		T_CHECK(kit_poke(path, at, (uint8_t)(1u << at % 8)));
		e = start(&s, &seen, path, STORE_BACKUP_READ);
		T_CHECK(e != ERR_OK);
		T_CHECK(strstr(fault.text, path) != NULL);
		T_CHECK(kit_poke(path, at, (uint8_t)(1u << at % 8)));
		tried++;
	}
	T_CHECK(tried > 5000);
	T_EQ(start(&s, &seen, path, STORE_BACKUP_READ), ERR_OK);
	store_close(&s.base);
}

/* What an unfinished append left behind the end is not believed, and is cut by the next. */
static void what_was_not_promised_is_not_there(void)
{
	struct store_backup s;
	struct kit_seen seen;
	const char *path;

	T_CHECK(make(BATCHES));
	path = kit_path("backup");
	memset(whole + whole_n, 0x5a, 1000);
	T_CHECK(kit_write(path, whole, (size_t)whole_n + 1000));
	T_EQ(start(&s, &seen, path, STORE_BACKUP_READ), ERR_OK);
	T_EQ(seen.batches, BATCHES);
	store_close(&s.base);
	T_EQ(start(&s, &seen, path, STORE_BACKUP_GO_ON), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, BATCHES + 1), ERR_OK);
	store_close(&s.base);
	T_EQ(start(&s, &seen, path, STORE_BACKUP_READ), ERR_OK);
	T_EQ(seen.batches, BATCHES + 1);
	store_close(&s.base);
}

/* The k-th write or sync of three appends fails, or the process dies there. */
static void an_append_may_end_anywhere(void)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		unsigned long k = 0;
		bool reached = true;

		for (k = 1; reached; k++) {
			struct store_backup s;
			struct kit_seen seen;
			const char *path;
			int status = 0;
			pid_t child;

			T_CHECK(make(2));
			path = kit_path("backup");
			(void)fflush(stdout);
			child = fork();
			if (child == 0) {
				if (start(&s, &seen, path, STORE_BACKUP_GO_ON) != ERR_OK) {
					_exit(9);
				}
				kit_no_failures();
				kit_fail_times = 100;
				kit_fail_errno = kind == 1 ? ENOSPC : EIO;
				kit_fail_write = kind < 2 ? k : 0;
				kit_fail_sync = kind == 2 ? k : 0;
				for (uint64_t n = 3; n <= 5; n++) {
					enum err e = kit_append_to(&s.base, &seen, n);

					if (e != ERR_OK) {
						enum err want = kind == 1 ? ERR_FULL : ERR_IO;

						_exit(e == want && kit_append_to(&s.base, &seen,
										 n) != ERR_OK
							  ? (int)n
							  : 8);
					}
					if (kind == 3 && n - 2 == k) {
						(void)kill(getpid(), SIGKILL);
					}
				}
				_exit(0);
			}
			T_CHECK(child > 0);
			T_EQ(waitpid(child, &status, 0), child);
			reached = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
			if (WIFEXITED(status)) {
				T_CHECK(WEXITSTATUS(status) < 8);
			}
			/* half a slot: refused to who reads, but who goes on has what it had */
			if (start(&s, &seen, path, STORE_BACKUP_READ) == ERR_OK) {
				store_close(&s.base);
			} else {
				T_CHECK(kind < 2 && strstr(fault.text, "once more") != NULL);
			}
			T_EQ(start(&s, &seen, path, STORE_BACKUP_GO_ON), ERR_OK);
			if (WIFEXITED(status) && reached) {
				/* acknowledged is there; the failed one may be there, whole */
				T_CHECK(seen.batches >= (uint64_t)WEXITSTATUS(status) - 1 &&
					seen.batches <= (uint64_t)WEXITSTATUS(status));
			} else {
				T_EQ(seen.batches, reached ? k + 2 : 5);
			}
			T_EQ(kit_append_to(&s.base, &seen, 6), ERR_OK);
			store_close(&s.base);
			T_EQ(start(&s, &seen, path, STORE_BACKUP_READ), ERR_OK);
			T_EQ(seen.batches, 6);
			store_close(&s.base);
		}
		T_CHECK(k > 3);
	}
}

static void foreign_files_are_left_alone(void)
{
	struct store_backup s;
	const char *path;

	T_CHECK(make(1));
	path = kit_path("other");
	T_CHECK(kit_write(path, (const uint8_t *)"kuramori journal", 16));
	T_EQ(store_backup_open(&s, path, STORE_BACKUP_GO_ON, &fault), ERR_TYPE);
	T_CHECK(strstr(fault.text, "not a backup") != NULL);
	T_EQ(store_backup_open(&s, kit_directory, STORE_BACKUP_READ, &fault), ERR_TYPE);
	T_EQ(store_backup_open(&s, kit_path("no/such"), STORE_BACKUP_CREATE, &fault),
	     ERR_NOT_FOUND);
	/* of a newer program: both slots say so, with right checks */
	whole[16] = 2;
	{
		struct hash32 h;

		sha256(&h, bytes_of(whole, 504));
		memcpy(whole + 504, h.b, 8);
	}
	T_CHECK(kit_write(path, whole, (size_t)whole_n));
	T_EQ(store_backup_open(&s, path, STORE_BACKUP_READ, &fault), ERR_VERSION);
	T_CHECK(strstr(fault.text, "version 2") != NULL);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "it comes back", it_comes_back },
		{ "no damage goes unseen", no_damage_goes_unseen },
		{ "what was not promised is not there", what_was_not_promised_is_not_there },
		{ "an append may end anywhere", an_append_may_end_anywhere },
		{ "foreign files are left alone", foreign_files_are_left_alone },
	};
	int code = t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);

	kit_clean();
	return code;
}
