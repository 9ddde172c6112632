/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: all engines keep what they acknowledged, in order and byte for byte, and refuse the rest
 * with words that name the file. Method: the same cases over the file, the SQLite and the
 * PostgreSQL engine (on a real server: tests/kit/postgres.py run; what concerns files alone not
 * there): round trips, wrong order of calls, two openers, kill -9 at random moments against an
 * acknowledgement pipe, every kind of full disk, read-only and foreign files, flipped bytes and
 * truncations of what lies on disk.
 */
#include "kit.h"
#include "postgres_kit.h"
#include "store/sqlite.h"

#include <sched.h>
#include <sys/mount.h>

union any {
	struct store base;
	struct store_file file;
	struct store_sqlite sqlite;
	struct store_postgres postgres;
};

static bool sqlite, postgres; /* neither: the file engine */
static uint64_t log_ahead;    /* SQLite's log is written ahead to so many bytes; 0: not */

/* A fresh place for journals. */
static bool fresh(void)
{
	return kit_fresh() && (!postgres || pk_fresh());
}

/* On PostgreSQL the file's name is the database's. */
static enum err open_any(union any *s, const char *path, struct store_fault *fault)
{
	if (postgres) {
		return pk_open(&s->postgres, pk_url(strrchr(path, '/') + 1, ""), false, fault);
	}
	if (sqlite) {
		return store_sqlite_open(&s->sqlite, path, fault);
	}
	return store_file_open(&s->file, path, STORE_FILE_EITHER, 0, fault);
}

/* Opens and replays. */
static enum err start(union any *s, struct kit_seen *seen, const char *path)
{
	struct store_fault fault;
	enum err e;

	kit_seen_init(seen);
	e = open_any(s, path, &fault);
	if (e != ERR_OK) {
		return e;
	}
	e = store_replay(&s->base, kit_buffer, sizeof(kit_buffer), kit_each, seen);
	if (e == ERR_OK && postgres) {
		e = pk_lead(&s->postgres, seen);
	}
	if (e == ERR_OK && log_ahead != 0) {
		e = store_sqlite_log_ahead(&s->sqlite, log_ahead);
		e = e == ERR_FULL ? ERR_OK : e; /* as kuramorid: it goes on without */
	}
	if (e != ERR_OK) {
		store_close(&s->base);
	}
	return e;
}

/* Each append of an open store is synced before it returns. */
static void synced_each(void)
{
	union any s;
	struct kit_seen seen;

	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	for (uint64_t i = 1; i <= 50; i++) {
		unsigned long syncs = kit_syncs, writes = kit_writes;

		T_EQ(kit_append_to(&s.base, &seen, i), ERR_OK);
		T_CHECK(kit_syncs > syncs && kit_writes > writes);
	}
	store_close(&s.base);
}

/* Each batch and each record, asked for alone, while others are appended. */
static void single(void)
{
	union any s;
	struct kit_seen seen, again;
	struct bytes batch, out;
	uint8_t record[LOG_RECORD_BYTES];
	uint64_t sequence = 0;

	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
	if (!sqlite && !postgres) {
		T_EQ(store_batch_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), 0), ERR_TYPE);
		T_EQ(store_record_get(&s.base, record, 0), ERR_TYPE);
		T_CHECK(strstr(s.base.fault.text, "from its start") != NULL);
		store_close(&s.base);
		return;
	}
	T_EQ(kit_append_to(&s.base, &seen, 40), ERR_OK);
	kit_seen_init(&again);
	for (uint64_t i = 0; i < 40; i++) {
		struct log_view v;

		T_CHECK(kit_seal(&batch, &again.again, i));
		T_EQ(log_batch_check(&v, batch), ERR_OK);
		for (uint32_t k = 0; k < v.head.count; k++, sequence++) {
			T_EQ(store_batch_get(&s.base, &out, kit_buffer, sizeof(kit_buffer),
					     sequence),
			     ERR_OK);
			T_CHECK(bytes_eq(out, batch));
			T_EQ(store_record_get(&s.base, record, sequence), ERR_OK);
			T_MEM(record, v.records.p + (size_t)k * LOG_RECORD_BYTES, LOG_RECORD_BYTES);
		}
	}
	T_EQ(sequence, s.base.next_sequence);
	T_EQ(store_batch_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), sequence),
	     ERR_NOT_FOUND);
	T_EQ(store_record_get(&s.base, record, sequence), ERR_NOT_FOUND);
	T_EQ(store_record_get(&s.base, record, UINT64_MAX), ERR_NOT_FOUND);
	T_EQ(store_batch_get(&s.base, &out, kit_buffer, STORE_BUFFER_MIN, 12), ERR_TOO_LARGE);
	T_EQ(kit_append_to(&s.base, &seen, 41), ERR_OK);
	T_EQ(store_record_get(&s.base, record, sequence), ERR_OK);
	store_close(&s.base);
	T_EQ(store_record_get(&s.base, record, 0), ERR_STATE);
}

/* Groups of every size lie there as if appended one by one; SQLite syncs once for a group. */
static void groups(void)
{
	union any s;
	struct kit_seen seen;
	uint64_t wanted = 0;

	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 1), ERR_OK);
	wanted = 1;
	for (size_t n = 1; n <= KIT_GROUP; n++) {
		unsigned long before = kit_syncs;
		uint64_t size = s.base.size_bytes;

		T_EQ(kit_append_group(&s.base, &seen, n), ERR_OK);
		T_EQ(kit_syncs - before, postgres ? 0 : sqlite ? 1 : n);
		T_CHECK(s.base.size_bytes >= size + n * 256);
		T_CHECK(hash32_eq(&s.base.head, &seen.chain.head));
		wanted += n;
	}
	T_EQ(kit_append_to(&s.base, &seen, wanted + 1), ERR_OK);
	store_close(&s.base);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, wanted + 1);
	store_close(&s.base);
}

/* One bad batch anywhere in a group: none of the group is written, and the store stays whole. */
static void bad_groups(void)
{
	enum { N = 5 };
	union any s;
	struct kit_seen seen;

	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
	for (size_t bad = 0; bad < N; bad++) {
		for (unsigned how = 0; how < 4; how++) {
			struct bytes group[KIT_GROUP];
			struct log_chain c = seen.chain;
			uint8_t changed[16 * 1024];
			unsigned long writes = kit_writes;
			enum err want = ERR_MISMATCH;

			T_CHECK(kit_seal_group(group, &c, 3, N));
			switch (how) {
			case 0: /* a flipped bit */
				memcpy(changed, group[bad].p, group[bad].n);
				changed[t_below(group[bad].n)] ^= 0x20;
				group[bad].p = changed;
				want = ERR_CORRUPT;
				break;
			case 1: /* cut */
				group[bad].n -= 128;
				want = ERR_CORRUPT;
				break;
			case 2: /* twice, or the wrong one first */
				group[bad] = group[bad == 0 ? 1 : bad - 1];
				break;
			default: /* left out */
				if (bad == N - 1) {
					continue;
				}
				group[bad] = group[bad + 1];
				break;
			}
			T_EQ(store_append_all(&s.base, group, N), want);
			T_CHECK(strstr(s.base.fault.text, "journal") != NULL);
			T_EQ(kit_writes, writes);
		}
	}
	T_EQ(kit_append_group(&s.base, &seen, N), ERR_OK);
	store_close(&s.base);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, 3 + N);
	store_close(&s.base);
}

/*
 * The Nth write or sync fails, for all N, from opening to the last append; a write fails by being
 * short first.  Then nothing more goes through this handle, and the next process finds all that was
 * acknowledged and at most the group in flight, a part of it only as whole batches.
 */
static bool one_failure(size_t group, unsigned long sync, unsigned long write, int number,
			bool *reached)
{
	const uint64_t wanted = 8 * group;
	const char *path = kit_path("journal");
	union any s;
	struct kit_seen seen;
	struct bytes batch;
	struct log_chain c;
	enum err e;
	uint64_t acknowledged;

	kit_no_failures();
	kit_fail_errno = number;
	kit_fail_sync = sync;
	kit_fail_write = write;
	e = start(&s, &seen, path);
	acknowledged = 0;
	if (e == ERR_OK) {
		while (e == ERR_OK && seen.batches < wanted) {
			e = kit_append_group(&s.base, &seen, group);
		}
		acknowledged = seen.batches;
	}
	*reached = sync != 0 ? kit_syncs >= sync : kit_writes > write;
	kit_no_failures();
	if (e == ERR_OK) {
		store_close(&s.base);
	} else if (s.base.phase != STORE_CLOSED) {
		c = seen.chain;
		if ((e != ERR_IO && e != ERR_FULL) || !kit_seal(&batch, &c, seen.batches) ||
		    store_append(&s.base, batch) != ERR_STATE) {
			return false;
		}
		store_close(&s.base);
	}
	if (start(&s, &seen, path) != ERR_OK) {
		return false;
	}
	if (seen.batches < acknowledged || seen.batches > acknowledged + group ||
	    kit_append_to(&s.base, &seen, wanted + 2) != ERR_OK) {
		return false;
	}
	store_close(&s.base);
	return true;
}

static void every_failure(void)
{
	static const size_t sizes[] = { 1, 3 };
	unsigned failures = 0;

	for (unsigned i = 0; i < 6; i++) {
		unsigned kind = i / 2;
		size_t group = sizes[i % 2];
		bool reached = true;

		for (unsigned long n = 1; reached; n++) {
			bool ok;

			T_CHECK(n < 500);
			T_CHECK(fresh());
			ok = one_failure(group, kind == 0 ? n : 0, kind == 0 ? 0 : n,
					 kind == 2 ? ENOSPC : EIO, &reached);
			if (!ok) {
				printf("# kind %u, groups of %zu, call %lu\n", kind, group, n);
			}
			T_CHECK(ok);
			failures += reached;
		}
	}
	printf("# %u failures\n", failures);
	T_CHECK(failures > 30);
}

static bool make(const char *path, uint64_t n)
{
	union any s;
	struct kit_seen seen;
	bool ok = start(&s, &seen, path) == ERR_OK && kit_append_to(&s.base, &seen, n) == ERR_OK;

	if (ok) {
		store_close(&s.base);
	}
	return ok;
}

/* How many batches a replay finds, or -1. */
static int64_t count(const char *path, enum err *e)
{
	union any s;
	struct kit_seen seen;

	*e = start(&s, &seen, path);
	if (*e != ERR_OK) {
		return -1;
	}
	store_close(&s.base);
	return (int64_t)seen.batches;
}

static void round_trip(void)
{
	static const uint64_t steps[] = { 0, 1, 2, 9, 100, 101 };
	union any s;
	struct kit_seen seen;
	const char *path;

	T_CHECK(fresh());
	path = kit_path("journal");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		T_EQ(start(&s, &seen, path), ERR_OK);
		T_EQ(seen.batches, i == 0 ? 0 : steps[i - 1]);
		T_EQ(s.base.next_sequence, seen.chain.next_sequence);
		T_CHECK(hash32_eq(&s.base.head, &seen.chain.head));
		T_EQ(s.base.cut_bytes, 0);
		T_EQ(kit_append_to(&s.base, &seen, steps[i]), ERR_OK);
		T_EQ(s.base.next_sequence, seen.chain.next_sequence);
		store_close(&s.base);
		store_close(&s.base);
	}
}

static void order_of_calls(void)
{
	union any s;
	struct kit_seen seen;
	struct log_chain later;
	struct store_fault fault;
	struct bytes batch, out;
	uint8_t changed[KIT_BUFFER];
	struct hash32 name = { { 0 } };

	T_CHECK(fresh());
	T_EQ(open_any(&s, kit_path("journal"), &fault), ERR_OK);
	kit_seen_init(&seen);
	T_CHECK(kit_seal(&batch, &seen.chain, 0));
	T_EQ(store_append(&s.base, batch), ERR_STATE);
	T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name), ERR_STATE);
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_OK);
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_STATE);
	if (postgres) {
		T_CHECK(kit_seal(&batch, &seen.chain, 0));
		T_EQ(store_append(&s.base, batch), ERR_STATE); /* not the writer */
		T_CHECK(strstr(s.base.fault.text, "journal: this server stands by") != NULL);
		kit_seen_init(&seen);
		T_EQ(pk_lead(&s.postgres, &seen), ERR_OK);
	}
	T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
	later = seen.chain;
	T_CHECK(kit_seal(&batch, &later, 3));
	for (size_t i = 0; i < batch.n; i += 7) {
		memcpy(changed, batch.p, batch.n);
		changed[i] ^= 0x10;
		T_EQ(store_append(&s.base, bytes_of(changed, batch.n)), ERR_CORRUPT);
	}
	T_EQ(store_append(&s.base, bytes_of(batch.p, batch.n - 128)), ERR_CORRUPT);
	T_CHECK(kit_seal(&batch, &later, 4));
	T_EQ(store_append(&s.base, batch), ERR_MISMATCH); /* skips one */
	T_CHECK(strstr(s.base.fault.text, "journal") != NULL);
	later = seen.chain;
	later.head.b[3] ^= 1;
	T_CHECK(kit_seal(&batch, &later, 3));
	T_EQ(store_append(&s.base, batch), ERR_MISMATCH); /* another past */
	T_EQ(kit_append_to(&s.base, &seen, 4), ERR_OK);
	later = seen.chain;
	T_CHECK(kit_seal(&batch, &later, 4));
	T_EQ(store_append(&s.base, batch), ERR_OK);
	T_EQ(store_append(&s.base, batch), ERR_MISMATCH); /* twice */
	store_close(&s.base);
	T_EQ(store_append(&s.base, batch), ERR_STATE);
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(seen.batches, 5);
	store_close(&s.base);
}

static void refusing_callback(void)
{
	union any s;
	struct kit_seen seen;
	struct store_fault fault;
	struct bytes batch;

	T_CHECK(fresh());
	T_CHECK(make(kit_path("journal"), 8));
	T_EQ(open_any(&s, kit_path("journal"), &fault), ERR_OK);
	kit_seen_init(&seen);
	seen.refuse = ERR_POLICY;
	seen.refuse_at = 5;
	T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen), ERR_POLICY);
	T_EQ(seen.batches, 5);
	T_CHECK(kit_seal(&batch, &seen.chain, 6));
	T_EQ(store_append(&s.base, batch), ERR_STATE);
	store_close(&s.base);
	T_EQ(open_any(&s, kit_path("journal"), &fault), ERR_OK);
	kit_seen_init(&seen);
	T_EQ(store_replay(&s.base, kit_buffer, 1024, kit_each, &seen), ERR_TOO_LARGE);
	T_EQ(seen.batches, 6); /* batch 6 is the first large one */
	store_close(&s.base);
}

static void blobs(void)
{
	union any s;
	struct kit_seen seen;
	struct log_chain c;
	struct bytes out, blob;
	struct hash32 name;

	T_CHECK(fresh());
	T_CHECK(make(kit_path("journal"), 30));
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	log_chain_init(&c);
	for (uint64_t i = 0; i < 30; i++) {
		struct log_view v;
		struct log_chain open = c;
		struct bytes batch;
		size_t at = 0;

		T_CHECK(kit_seal(&batch, &c, i));
		T_EQ(log_batch_open(&v, &open, batch, &kit_secret), ERR_OK);
		while (log_view_next_blob(&blob, &name, &v, &at)) {
			T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name),
			     ERR_OK);
			T_EQ(out.n, blob.n);
			T_MEM(out.p, blob.p, blob.n);
			T_EQ(store_blob_get(&s.base, &out, kit_buffer, 32, &name), ERR_TOO_LARGE);
			name.b[31] ^= 1;
			T_EQ(store_blob_get(&s.base, &out, kit_buffer, sizeof(kit_buffer), &name),
			     ERR_NOT_FOUND);
		}
	}
	store_close(&s.base);
}

static void two_openers(void)
{
	union any s;
	struct kit_seen seen;
	enum err e;
	int status = 0;
	pid_t pid;

	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 2), ERR_OK);
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		union any t;
		struct store_fault fault = { "" };

		e = open_any(&t, kit_path("journal"), &fault);
		if (postgres && e == ERR_OK) {
			struct kit_seen again;

			/* anybody may read; who writes is decided at the writer row */
			kit_seen_init(&again);
			e = store_replay(&t.base, kit_buffer, sizeof(kit_buffer), kit_each, &again);
			if (e == ERR_OK) {
				e = store_postgres_stand_by(&t.postgres, kit_buffer,
							    sizeof(kit_buffer), kit_each, &again);
			}
			fault = t.base.fault;
		}
		_exit(e == ERR_BUSY && strstr(fault.text, "journal: ") != NULL &&
			      strstr(fault.text, "another process") != NULL
			  ? 0
			  : 1);
	}
	T_CHECK(waitpid(pid, &status, 0) == pid);
	T_EQ(status, 0);
	T_EQ(kit_append_to(&s.base, &seen, 4), ERR_OK);
	store_close(&s.base);
	T_EQ(count(kit_path("journal"), &e), 4);
}

/* The child of a kill: appends for ever, tells each acknowledgement. */
static void writer(const char *path, int tell)
{
	union any s;
	struct kit_seen seen;

	if (start(&s, &seen, path) != ERR_OK) {
		_exit(2);
	}
	for (;;) {
		if (kit_append_to(&s.base, &seen, seen.batches + 1) != ERR_OK ||
		    write(tell, &seen.batches, sizeof(seen.batches)) != sizeof(seen.batches)) {
			_exit(3);
		}
	}
}

static void kill_9(void)
{
	const char *path;
	int64_t found = 0;

	T_CHECK(fresh());
	path = kit_path("journal");
	for (int round = 0; round < 25; round++) {
		struct timespec wait = { 0, (long)t_below(12000000) };
		uint64_t acknowledged = (uint64_t)found, n;
		int p[2], status = 0;
		enum err e = ERR_OK;
		int64_t before = found;
		pid_t pid;

		T_CHECK(pipe(p) == 0);
		pid = fork();
		T_CHECK(pid >= 0);
		if (pid == 0) {
			(void)close(p[0]);
			writer(path, p[1]);
		}
		(void)close(p[1]);
		T_EQ(read(p[0], &n, sizeof(n)), sizeof(n)); /* it runs */
		acknowledged = n;
		(void)nanosleep(&wait, NULL);
		T_EQ(kill(pid, SIGKILL), 0);
		T_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
		while (read(p[0], &n, sizeof(n)) == sizeof(n)) {
			acknowledged = n;
		}
		(void)close(p[0]);
		found = count(path, &e);
		T_EQ(e, ERR_OK);
		/* all that was acknowledged, at most the one in flight more */
		T_CHECK(found >= (int64_t)acknowledged && found <= (int64_t)acknowledged + 1);
		T_CHECK(found > before);
	}
	printf("# %s: %lld batches over 25 kills\n",
	       postgres ? "postgres"
	       : sqlite ? "sqlite"
			: "file",
	       (long long)found);
}

/* Appends until it fails, in a child with this limit; 0 if all is as promised. */
static int fill(const char *path, rlim_t limit, uint64_t *acknowledged)
{
	int p[2], status = 0;
	pid_t pid;

	if (pipe(p) != 0) {
		return 100;
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct rlimit r = { limit, limit };
		union any s;
		struct kit_seen seen;
		struct bytes batch;
		struct log_chain c;
		enum err e;

		(void)signal(SIGXFSZ, SIG_IGN);
		if (limit != 0 && setrlimit(RLIMIT_FSIZE, &r) != 0) {
			_exit(101);
		}
		e = start(&s, &seen, path);
		if (e != ERR_OK) {
			_exit(102);
		}
		e = kit_append_to(&s.base, &seen, 100000);
		if (e != ERR_FULL && e != ERR_IO) {
			_exit(103);
		}
		if (strstr(s.base.fault.text, "journal: cannot ") == NULL) {
			_exit(104);
		}
		/* never again with this handle, whatever the disk says now */
		log_chain_init(&c);
		c = seen.chain;
		if (!kit_seal(&batch, &c, seen.batches) ||
		    store_append(&s.base, batch) != ERR_STATE ||
		    write(p[1], &seen.batches, sizeof(seen.batches)) != sizeof(seen.batches)) {
			_exit(105);
		}
		store_close(&s.base);
		_exit(0);
	}
	(void)close(p[1]);
	if (read(p[0], acknowledged, sizeof(*acknowledged)) != sizeof(*acknowledged)) {
		*acknowledged = 0;
	}
	(void)close(p[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		return 106;
	}
	return WEXITSTATUS(status);
}

static void file_size_limit(void)
{
	static const rlim_t limits[] = { 1024 * 1024, 1300000, 2500000 };
	const char *path;
	uint64_t acknowledged = 0, before = 0;
	enum err e;
	union any s;
	struct kit_seen seen;

	T_CHECK(fresh());
	path = kit_path("journal");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		int64_t found;

		T_EQ(fill(path, limits[i], &acknowledged), 0);
		T_CHECK(acknowledged > before || i > 0);
		found = count(path, &e);
		T_EQ(e, ERR_OK);
		T_CHECK(found >= (int64_t)acknowledged && found <= (int64_t)acknowledged + 1);
		before = (uint64_t)found;
	}
	T_EQ(start(&s, &seen, path), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, seen.batches + 20), ERR_OK);
	store_close(&s.base);
}

/* A real full disk: a tmpfs of our own in a mount namespace of our own. */
static void full_disk(void)
{
	int status = 0;
	pid_t pid;

	T_CHECK(fresh());
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		uint64_t acknowledged = 0;
		enum err e;
		int64_t found;
		int code;

		if (unshare(CLONE_NEWNS) != 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", kit_directory, "tmpfs", 0, "size=1536k") != 0) {
			_exit(77);
		}
		code = fill(kit_path("journal"), 0, &acknowledged);
		if (code != 0) {
			_exit(code);
		}
		/* the place comes back: everything acknowledged is there */
		if (mount("none", kit_directory, "tmpfs", MS_REMOUNT, "size=8m") != 0) {
			_exit(78);
		}
		found = count(kit_path("journal"), &e);
		_exit(e == ERR_OK && found >= (int64_t)acknowledged &&
			      found <= (int64_t)acknowledged + 1 && acknowledged > 0
			  ? 0
			  : 79);
	}
	T_CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		printf("# no right to mount a tmpfs: only the file size limit was tried\n");
		return;
	}
	T_EQ(WEXITSTATUS(status), 0);
}

/* 0 if opening as nobody gives this error and these words. */
static int as_nobody(const char *path, enum err want, const char *words)
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		union any s;
		struct store_fault fault = { "" };

		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
			_exit(101);
		}
		if (open_any(&s, path, &fault) != want) {
			_exit(102);
		}
		_exit(strstr(fault.text, path) != NULL && strstr(fault.text, words) != NULL ? 0
											    : 103);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 104;
}

static void no_permission(void)
{
	const char *path;
	enum err e;

	T_CHECK(fresh());
	path = kit_path("journal");
	T_CHECK(make(path, 3));
	T_EQ(chmod(path, 0444), 0);
	T_EQ(as_nobody(path, ERR_IO, sqlite ? "read-only" : "Permission denied"), 0);
	T_EQ(chmod(kit_directory, 0555), 0);
	T_EQ(as_nobody(kit_path("absent"), ERR_IO, "Permission denied"), 0);
	T_EQ(chmod(kit_directory, 0755), 0);
	T_EQ(chmod(path, 0600), 0);
	T_EQ(as_nobody(kit_path("no/such/directory"), ERR_IO, "No such file"), 0);
	T_EQ(count(path, &e), 3);
}

static void private_mode(void)
{
	struct stat st;

	T_CHECK(fresh());
	T_CHECK(make(kit_path("journal"), 1));
	T_EQ(stat(kit_path("journal"), &st), 0);
	T_EQ(st.st_mode & 0777, 0600);
}

static void foreign_files(void)
{
	static const uint8_t text[] =
	    "this is a text about something else, longer than a header is\n";
	union any s;
	struct store_fault fault;

	T_CHECK(fresh());
	T_CHECK(kit_write(kit_path("text"), text, sizeof(text)));
	T_EQ(open_any(&s, kit_path("text"), &fault), ERR_TYPE);
	T_CHECK(strstr(fault.text, "text: not a") != NULL);
	T_EQ(mkdir(kit_path("folder"), 0700), 0);
	T_CHECK(open_any(&s, kit_path("folder"), &fault) != ERR_OK);
	T_CHECK(strstr(fault.text, "folder: ") != NULL);
	/* each engine refuses the other's */
	T_CHECK(make(kit_path("journal"), 2));
	sqlite = !sqlite;
	T_EQ(open_any(&s, kit_path("journal"), &fault), ERR_TYPE);
	sqlite = !sqlite;
	T_EQ(open_any(&s, kit_path("journal"), &fault), ERR_OK);
	store_close(&s.base);
}

/* What lies on disk after a clean end, with one byte changed: an error, or nothing lost. */
static void flipped_bytes(void)
{
	static uint8_t whole[1 << 21];
	const char *path;
	ssize_t n;
	unsigned refused = 0, harmless = 0;

	T_CHECK(fresh());
	path = kit_path("journal");
	T_CHECK(make(path, 12));
	n = kit_read(path, whole, sizeof(whole));
	T_CHECK(n > 0 && (size_t)n < sizeof(whole));
	for (unsigned i = 0; i < 600; i++) {
		size_t used = sqlite ? (size_t)n : 20000;
		size_t at = i < 120 ? i : (size_t)t_below(used);
		enum err e;
		int64_t found;

		T_CHECK(kit_write(path, whole, (size_t)n));
		T_CHECK(kit_poke(path, at, (uint8_t)(1 + t_below(255))));
		found = count(path, &e);
		if (e == ERR_OK) {
			harmless++;
			T_EQ(found, 12);
		} else {
			refused++;
			T_CHECK(e == ERR_CORRUPT || e == ERR_TYPE || e == ERR_VERSION ||
				e == ERR_IO || e == ERR_BUSY);
		}
	}
	printf("# %u refused, %u changed nothing\n", refused, harmless);
	T_CHECK(refused > 100);
}

/* A second file of a SQLite journal, "journal-wal", is part of it. */
static const char *tail_name(void)
{
	return sqlite ? "journal-wal" : "journal";
}

/* Power cut while writing, seen as a file that ends early: a prefix of what was written, always. */
static void truncated(void)
{
	static uint8_t whole[1 << 21], main_file[1 << 21];
	int status = 0;
	ssize_t n, main_n;
	size_t used;
	int64_t last = -1;
	pid_t pid;

	T_CHECK(fresh());
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		union any s;
		struct kit_seen seen;

		/* ends without closing, so that SQLite leaves its log */
		_exit(start(&s, &seen, kit_path("journal")) == ERR_OK &&
			      kit_append_to(&s.base, &seen, 6) == ERR_OK
			  ? 0
			  : 1);
	}
	T_CHECK(waitpid(pid, &status, 0) == pid);
	T_EQ(status, 0);
	n = kit_read(kit_path(tail_name()), whole, sizeof(whole));
	main_n = kit_read(kit_path("journal"), main_file, sizeof(main_file));
	T_CHECK(n > 0 && main_n > 0 && (size_t)n < sizeof(whole));
	used = (size_t)n;
	while (whole[used - 1] == 0) {
		used--;
	}
	for (size_t at = sqlite ? 0 : STORE_FILE_BATCHES_AT; at <= used; at += sqlite ? 199 : 3) {
		enum err e;
		int64_t found;

		T_CHECK(kit_write(kit_path("journal"), main_file, (size_t)main_n));
		T_CHECK(kit_write(kit_path(tail_name()), whole, at));
		found = count(kit_path("journal"), &e);
		T_EQ(e, ERR_OK);
		T_CHECK(found >= 0 && found <= 6 && found >= last);
		last = found;
		T_EQ(count(kit_path("journal"), &e), found); /* and so it stays */
	}
	T_CHECK(last >= 5);
}

#define BOTH(f)                      \
	static void f##_file(void)   \
	{                            \
		sqlite = false;      \
		postgres = false;    \
		f();                 \
	}                            \
	static void f##_sqlite(void) \
	{                            \
		sqlite = true;       \
		postgres = false;    \
		f();                 \
	}
/* The same with a log written ahead: shorter than what is written, and longer. */
#define AHEAD(f)                               \
	static void f##_ahead(void)            \
	{                                      \
		sqlite = true;                 \
		postgres = false;              \
		log_ahead = 100000;            \
		f();                           \
		log_ahead = (uint64_t)1 << 20; \
		f();                           \
		log_ahead = 0;                 \
	}
#define ALL(f)                         \
	BOTH(f)                        \
	static void f##_postgres(void) \
	{                              \
		sqlite = false;        \
		postgres = true;       \
		f();                   \
	}
#define ALL_ROWS(f)                           \
	ROWS(f),                              \
	{                                     \
		"postgres: " #f, f##_postgres \
	}
#define ROW_AHEAD(f)                        \
	{                                   \
		"log ahead: " #f, f##_ahead \
	}
#define ROWS(f)                           \
	{ "file: " #f, f##_file },        \
	{                                 \
		"sqlite: " #f, f##_sqlite \
	}

ALL(round_trip)
BOTH(synced_each)
ALL(single)
ALL(groups)
ALL(bad_groups)
BOTH(every_failure)
ALL(order_of_calls)
ALL(refusing_callback)
ALL(blobs)
ALL(two_openers)
ALL(kill_9)
BOTH(file_size_limit)
BOTH(full_disk)
BOTH(no_permission)
BOTH(private_mode)
BOTH(foreign_files)
BOTH(flipped_bytes)
BOTH(truncated)
AHEAD(round_trip)
AHEAD(synced_each)
AHEAD(every_failure)
AHEAD(kill_9)
AHEAD(file_size_limit)
AHEAD(full_disk)
AHEAD(truncated)

static bool execute(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	bool ok = sqlite3_open(path, &db) == SQLITE_OK &&
		  sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;

	(void)sqlite3_close(db);
	return ok;
}

/* Changes made with SQLite's own hands: well-formed databases that are not our journal. */
static void sqlite_changed(void)
{
	static const struct {
		const char *sql;
		enum err want;
		const char *words;
	} cases[] = {
		{ "PRAGMA application_id=7", ERR_TYPE, "another program" },
		{ "PRAGMA application_id=0", ERR_TYPE, "another program" },
		{ "PRAGMA user_version=2", ERR_VERSION, "schema version 2" },
		{ "PRAGMA user_version=0", ERR_CORRUPT, "schema version" },
		{ "CREATE TABLE more(x)", ERR_CORRUPT, "tables" },
		{ "CREATE TRIGGER t AFTER INSERT ON blobs BEGIN DELETE FROM batches; END",
		  ERR_CORRUPT, "tables" },
		{ "DROP TABLE blobs", ERR_CORRUPT, "tables" },
		{ "DELETE FROM batches WHERE first_sequence=0", ERR_CORRUPT, "are missing" },
		{ "DELETE FROM batches WHERE first_sequence=3", ERR_CORRUPT, "are missing" },
		{ "DELETE FROM blobs WHERE rowid=2", ERR_CORRUPT, "missing" },
		{ "UPDATE blobs SET bytes=x'00' WHERE rowid=2", ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET count=2 WHERE first_sequence=0", ERR_CORRUPT, "impossible" },
		{ "UPDATE batches SET count=-1", ERR_CORRUPT, "impossible" },
		{ "UPDATE batches SET root=zeroblob(32)", ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET hash=zeroblob(31)", ERR_CORRUPT, "impossible" },
		{ "UPDATE batches SET previous=zeroblob(32) WHERE first_sequence=1", ERR_CORRUPT,
		  "hash" },
		{ "UPDATE batches SET records=zeroblob(128) WHERE first_sequence=0", ERR_CORRUPT,
		  "hash" },
		{ "UPDATE batches SET blobs=x'' WHERE first_sequence=0", ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET blobs=zeroblob(33) WHERE first_sequence=0", ERR_CORRUPT,
		  "impossible" },
		{ "UPDATE batches SET blobs=zeroblob(262144) WHERE first_sequence=0", ERR_CORRUPT,
		  "impossible" },
		{ "UPDATE batches SET first_sequence=-5 WHERE first_sequence=0", ERR_CORRUPT,
		  "impossible" },
	};

	sqlite = true;
	postgres = false;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union any s;
		struct kit_seen seen;
		struct store_fault fault = { "" };
		enum err e;

		T_CHECK(fresh());
		T_CHECK(make(kit_path("journal"), 5));
		T_CHECK(execute(kit_path("journal"), cases[i].sql));
		kit_seen_init(&seen);
		e = open_any(&s, kit_path("journal"), &fault);
		if (e == ERR_OK) {
			e = store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen);
			fault = s.base.fault;
			store_close(&s.base);
		}
		printf("# %s\n", fault.text);
		T_EQ(e, cases[i].want);
		T_CHECK(strstr(fault.text, cases[i].words) != NULL);
	}
}

/* A foreign database is left as it was. */
static void sqlite_foreign_untouched(void)
{
	static uint8_t before[65536], after[65536];
	union any s;
	struct store_fault fault;
	ssize_t n;

	sqlite = true;
	postgres = false;
	T_CHECK(fresh());
	T_CHECK(execute(kit_path("other"), "CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
	n = kit_read(kit_path("other"), before, sizeof(before));
	T_CHECK(n > 0);
	T_EQ(open_any(&s, kit_path("other"), &fault), ERR_TYPE);
	T_EQ(kit_read(kit_path("other"), after, sizeof(after)), n);
	T_MEM(after, before, (size_t)n);
}

/* Size and allocated bytes of the log; -1: there is none. */
static int64_t log_size(int64_t *allocated)
{
	struct stat st;

	if (stat(kit_path("journal-wal"), &st) != 0) {
		return -1;
	}
	*allocated = (int64_t)st.st_blocks * 512;
	return st.st_size;
}

/* A commit, and a checkpoint with the log's new begin, change neither its length nor its blocks. */
static void sqlite_log_keeps_its_length(void)
{
	enum { BYTES = 300000 };

	static uint8_t before[BYTES], after[BYTES];
	union any s;
	struct kit_seen seen;
	int64_t allocated = 0, now = 0;
	size_t used = BYTES;
	enum err e;

	sqlite = true;
	postgres = false;
	T_CHECK(fresh());
	T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
	T_EQ(kit_append_to(&s.base, &seen, 2), ERR_OK);
	T_CHECK(kit_read(kit_path("journal-wal"), before, sizeof before) > 0);
	T_EQ(store_sqlite_log_ahead(&s.sqlite, BYTES), ERR_OK);
	T_EQ(log_size(&allocated), BYTES);
	T_CHECK(allocated >= BYTES);
	/* what stood there stands there, and behind it are zeros */
	T_EQ(kit_read(kit_path("journal-wal"), after, sizeof after), BYTES);
	T_MEM(after, before, sizeof after);
	while (used > 0 && after[used - 1] == 0) {
		used--;
	}
	T_CHECK(used > 2 * 8192 && used < BYTES / 2);
	/* again, and for less: nothing is written */
	kit_no_failures();
	T_EQ(store_sqlite_log_ahead(&s.sqlite, BYTES), ERR_OK);
	T_EQ(store_sqlite_log_ahead(&s.sqlite, 1), ERR_OK);
	T_EQ(kit_writes + kit_syncs, 0);
	T_EQ(sqlite3_exec(s.sqlite.db, "PRAGMA wal_autocheckpoint=20", NULL, NULL, NULL),
	     SQLITE_OK);
	for (uint64_t n = 3; n <= 80; n++) {
		T_EQ(kit_append_to(&s.base, &seen, n), ERR_OK);
		T_EQ(log_size(&now), BYTES);
		T_EQ(now, allocated);
	}
	store_close(&s.base);
	T_EQ(log_size(&now), -1);
	T_EQ(store_sqlite_log_ahead(&s.sqlite, BYTES), ERR_STATE);
	T_EQ(count(kit_path("journal"), &e), 80);
}

/*
 * The journal or its log was moved away or replaced while it was open: what is written then would
 * be found by nobody.  It is not acknowledged, and the files at their places are left as they are.
 */
static void sqlite_moved_away(void)
{
	static const struct {
		const char *name;
		bool replaced;
	} cases[] = { { "journal", false },
		      { "journal", true },
		      { "journal-wal", false },
		      { "journal-wal", true } };

	sqlite = true;
	postgres = false;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char at[256], aside[256];
		union any s;
		struct kit_seen seen;
		struct stat st;
		enum err e;

		T_CHECK(fresh());
		(void)snprintf(at, sizeof at, "%s", kit_path(cases[i].name));
		(void)snprintf(aside, sizeof aside, "%s", kit_path("aside"));
		T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
		T_EQ(store_sqlite_log_ahead(&s.sqlite, 300000), ERR_OK);
		T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
		T_EQ(rename(at, aside), 0);
		if (cases[i].replaced) {
			T_CHECK(kit_write(at, (const uint8_t *)"another's", 9));
		}
		T_EQ(kit_append_to(&s.base, &seen, 4), ERR_IO);
		T_CHECK(strstr(s.base.fault.text, "moved") != NULL);
		T_EQ(kit_append_to(&s.base, &seen, 4), ERR_STATE);
		store_close(&s.base);
		if (cases[i].replaced) {
			T_EQ(stat(at, &st), 0);
			T_EQ(st.st_size, 9);
		}
		T_EQ(rename(aside, at), 0);
		T_EQ(count(kit_path("journal"), &e), 3);
		(void)unlink(aside);
	}
}

/* Whatever fails of it: nothing is lost, and only want of room does not end the store. */
static void sqlite_log_fails(void)
{
	static const struct {
		unsigned long write, sync;
		int number;
		enum err want;
	} cases[] = {
		{ 1, 0, ENOSPC, ERR_FULL }, { 3, 0, ENOSPC, ERR_FULL }, { 4, 0, EDQUOT, ERR_FULL },
		{ 2, 0, EFBIG, ERR_FULL },  { 2, 0, EIO, ERR_IO },      { 1, 0, EROFS, ERR_IO },
		{ 0, 1, EIO, ERR_IO },      { 0, 2, ENOSPC, ERR_IO },
	};

	sqlite = true;
	postgres = false;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		union any s;
		struct kit_seen seen;
		int64_t before, after, allocated;
		enum err e;

		T_CHECK(fresh());
		T_EQ(start(&s, &seen, kit_path("journal")), ERR_OK);
		T_EQ(kit_append_to(&s.base, &seen, 3), ERR_OK);
		before = log_size(&allocated);
		kit_no_failures();
		kit_fail_write = cases[i].write;
		kit_fail_sync = cases[i].sync;
		kit_fail_errno = cases[i].number;
		e = store_sqlite_log_ahead(&s.sqlite, 400000);
		kit_no_failures();
		T_EQ(e, cases[i].want);
		T_CHECK(strstr(s.base.fault.text, "journal: cannot write its log ahead: ") != NULL);
		after = log_size(&allocated);
		if (e == ERR_FULL) {
			T_EQ(after, before);
			T_EQ(kit_append_to(&s.base, &seen, 6), ERR_OK);
		} else {
			T_EQ(kit_append_to(&s.base, &seen, 6), ERR_STATE);
			T_EQ(store_sqlite_log_ahead(&s.sqlite, 400000), ERR_STATE);
		}
		store_close(&s.base);
		T_EQ(count(kit_path("journal"), &e), cases[i].want == ERR_FULL ? 6 : 3);
	}
}

/* Zeros are the log's end, and damage in front of them is what it was: a prefix, or refused. */
static void sqlite_log_damaged(void)
{
	static uint8_t whole[1 << 20], main_file[1 << 20];
	int status = 0;
	ssize_t n, main_n;
	size_t used;
	unsigned shorter = 0;
	pid_t pid;

	sqlite = true;
	postgres = false;
	T_CHECK(fresh());
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		union any s;
		struct kit_seen seen;

		_exit(start(&s, &seen, kit_path("journal")) == ERR_OK &&
			      store_sqlite_log_ahead(&s.sqlite, 400000) == ERR_OK &&
			      kit_append_to(&s.base, &seen, 6) == ERR_OK
			  ? 0
			  : 1);
	}
	T_CHECK(waitpid(pid, &status, 0) == pid);
	T_EQ(status, 0);
	n = kit_read(kit_path("journal-wal"), whole, sizeof whole);
	main_n = kit_read(kit_path("journal"), main_file, sizeof main_file);
	T_EQ(n, 400000);
	used = (size_t)n;
	while (used > 0 && whole[used - 1] == 0) {
		used--;
	}
	/* a sector of it reads as zeros again, or something stands where zeros should be */
	for (size_t at = 0; at < (size_t)n; at += 512) {
		bool zeroed = at < used;
		size_t share = (size_t)n - at < 512 ? (size_t)n - at : 512;
		uint8_t sector[512];
		int64_t found;
		enum err e;

		memcpy(sector, whole + at, share);
		if (zeroed) {
			memset(whole + at, 0, share);
		} else {
			for (size_t i = 0; i < share; i++) {
				whole[at + i] = (uint8_t)t_random();
			}
		}
		T_CHECK(kit_write(kit_path("journal"), main_file, (size_t)main_n));
		T_CHECK(kit_write(kit_path("journal-wal"), whole, (size_t)n));
		memcpy(whole + at, sector, share);
		found = count(kit_path("journal"), &e);
		T_EQ(e, ERR_OK);
		T_CHECK(zeroed ? found >= 0 && found <= 6 : found == 6);
		shorter += found < 6;
	}
	T_CHECK(shorter > 10);
}

static void clean(void)
{
	kit_clean();
	T_EQ(kit_directory[0], 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		ALL_ROWS(round_trip),
		ROWS(synced_each),
		ALL_ROWS(single),
		ALL_ROWS(groups),
		ALL_ROWS(bad_groups),
		ROWS(every_failure),
		ALL_ROWS(order_of_calls),
		ALL_ROWS(refusing_callback),
		ALL_ROWS(blobs),
		ALL_ROWS(two_openers),
		ALL_ROWS(kill_9),
		ROWS(file_size_limit),
		ROWS(full_disk),
		ROWS(no_permission),
		ROWS(private_mode),
		ROWS(foreign_files),
		ROWS(flipped_bytes),
		ROWS(truncated),
		ROW_AHEAD(round_trip),
		ROW_AHEAD(synced_each),
		ROW_AHEAD(every_failure),
		ROW_AHEAD(kill_9),
		ROW_AHEAD(file_size_limit),
		ROW_AHEAD(full_disk),
		ROW_AHEAD(truncated),
		{ "log ahead: it keeps its length", sqlite_log_keeps_its_length },
		{ "log ahead: whatever fails of it", sqlite_log_fails },
		{ "log ahead: damaged", sqlite_log_damaged },
		{ "sqlite: moved away while it is open", sqlite_moved_away },
		{ "sqlite: changed by other hands", sqlite_changed },
		{ "sqlite: a foreign database is left alone", sqlite_foreign_untouched },
		{ "cleaned up", clean },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
