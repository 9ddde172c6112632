/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: on PostgreSQL one server writes at a time, whatever happens to connections, clocks and
 * other people's sessions; what was acknowledged is there and nothing else; a database that could
 * lose it, or is not ours, is refused in clear words. Method: a real server (tests/kit/postgres.py
 * run).  The connection is cut at the Nth send and the Nth receive for all N; two servers race
 * under every isolation level; sessions of strangers hold locks, cancel commits, force
 * serialization failures; the clock of those who stand by is the test's.  Settings, URLs and tables
 * are changed one by one.
 */
#include "postgres_kit.h"

#include <sys/socket.h>

/*
 * The program's own send and recv, in front of libc's: libpq's too.  From the Nth call on they fail
 * as those of a connection that was reset.
 */
static unsigned long net_sends, net_recvs, net_fail_send, net_fail_recv;

/* What others do just before the Nth call of send; 0: nothing. */
static unsigned long net_meanwhile_at;
static void (*net_meanwhile)(void);

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	net_sends++;
	if (net_meanwhile_at != 0 && net_sends == net_meanwhile_at) {
		net_meanwhile();
	}
	if (net_fail_send != 0 && net_sends >= net_fail_send) {
		if (net_sends == net_fail_send && n > 1) {
			/* half of it arrives */
			(void)syscall(SYS_sendto, fd, p, n / 2, flags, NULL, 0);
		}
		(void)shutdown(fd, SHUT_RDWR);
		errno = ECONNRESET;
		return -1;
	}
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
	net_recvs++;
	if (net_fail_recv != 0 && net_recvs >= net_fail_recv) {
		(void)shutdown(fd, SHUT_RDWR);
		errno = ECONNRESET;
		return -1;
	}
	return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

static void net_whole(void)
{
	net_sends = 0;
	net_recvs = 0;
	net_fail_send = 0;
	net_fail_recv = 0;
	net_meanwhile_at = 0;
}

static const char *journal(void)
{
	return pk_url("journal", "");
}

/* One cut; then the next server finds all that was acknowledged, and at most the group in flight.
 */
static bool one_cut(unsigned long at_send, unsigned long at_recv, bool *reached)
{
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault = { "" };
	uint64_t acknowledged = 0;
	enum err e;

	if (!pk_fresh()) {
		return false;
	}
	net_whole();
	net_fail_send = at_send;
	net_fail_recv = at_recv;
	e = pk_start(&s, &seen, journal(), &fault);
	while (e == ERR_OK && seen.batches < 6) {
		e = kit_append_group(&s.base, &seen, 2);
		acknowledged = e == ERR_OK ? seen.batches : acknowledged;
		if (e == ERR_OK) {
			e = store_beat(&s.base);
		}
	}
	*reached = at_send != 0 ? net_sends >= at_send : net_recvs >= at_recv;
	net_whole();
	if (e != ERR_OK && e != ERR_UNREACHABLE) {
		printf("# %s: %s\n", err_words(e), s.base.fault.text);
		return false;
	}
	if (e == ERR_UNREACHABLE && s.base.phase != STORE_CLOSED) {
		struct log_chain c = seen.chain;
		struct bytes batch;

		if (!kit_seal(&batch, &c, seen.batches) ||
		    store_append(&s.base, batch) != ERR_STATE) {
			return false;
		}
	}
	store_close(&s.base);
	if (pk_start(&s, &seen, journal(), &fault) != ERR_OK) {
		printf("# %s\n", fault.text);
		return false;
	}
	if (seen.batches != acknowledged && seen.batches != acknowledged + 2) {
		printf("# %llu acknowledged, %llu found\n", (unsigned long long)acknowledged,
		       (unsigned long long)seen.batches);
		return false;
	}
	e = kit_append_group(&s.base, &seen, 1);
	store_close(&s.base);
	return e == ERR_OK;
}

static void every_cut(void)
{
	unsigned cuts = 0;

	for (unsigned kind = 0; kind < 2; kind++) {
		bool reached = true;

		for (unsigned long n = 1; reached; n++) {
			bool ok = one_cut(kind == 0 ? n : 0, kind == 0 ? 0 : n, &reached);

			if (!ok) {
				printf("# %s %lu\n", kind == 0 ? "send" : "receive", n);
			}
			T_CHECK(ok);
			cuts += reached;
			T_CHECK(n < 500);
		}
	}
	printf("# cut %u times\n", cuts);
	T_CHECK(cuts > 60);
}

/* Whoever was taken over writes nothing more and is told so; at an append or at a beat. */
static void the_deposed_is_fenced(void)
{
	struct store_fault fault;

	for (unsigned how = 0; how < 2; how++) {
		struct store_postgres a, b;
		struct kit_seen of_a, of_b;
		char who[256];

		T_CHECK(pk_fresh());
		T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
		T_EQ(kit_append_group(&a.base, &of_a, 3), ERR_OK);
		T_EQ(pk_start(&b, &of_b, journal(), &fault), ERR_OK);
		T_EQ(of_b.batches, 3);
		T_EQ(b.epoch, a.epoch + 1);
		if (how == 0) {
			T_EQ(kit_append_group(&a.base, &of_a, 2), ERR_FENCED);
		} else {
			T_EQ(store_beat(&a.base), ERR_FENCED);
		}
		T_CHECK(strstr(a.base.fault.text, "another server has taken over") != NULL);
		T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_STATE);
		T_EQ(store_beat(&a.base), ERR_STATE);
		T_EQ(kit_append_group(&b.base, &of_b, 2), ERR_OK);
		store_close(&a.base); /* does not release what is not its own */
		T_CHECK(pk_ask(pk_admin, "SELECT released FROM writer", who));
		T_STR(who, "f");
		store_close(&b.base);
		T_CHECK(pk_ask(pk_admin, "SELECT released FROM writer", who));
		T_STR(who, "t");
		T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM batches WHERE epoch = 1", who));
		T_STR(who, "3");
	}
}

/* The same without a batch in between: only the epoch tells. */
static void an_epoch_alone_fences(void)
{
	struct store_postgres a, b;
	struct kit_seen of_a, of_b;
	struct store_fault fault;
	char text[256];

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(pk_start(&b, &of_b, journal(), &fault), ERR_OK);
	T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_FENCED);
	T_CHECK(pk_ask(pk_admin,
		       "SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM blobs)",
		       text));
	T_STR(text, "0"); /* of what was refused nothing stays, no blob either */
	store_close(&a.base);
	store_close(&b.base);
}

/* Standing by: follows, waits as long as the beat moves, by its own clock alone. */
static void stands_by(void)
{
	struct store_postgres a, b;
	struct kit_seen of_a, of_b;
	struct store_fault fault;

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(pk_open(&b, journal(), false, &fault), ERR_OK);
	kit_seen_init(&of_b);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_STATE);
	T_EQ(store_replay(&b.base, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_STATE);
	for (unsigned i = 0; i < 40; i++) {
		pk_ahead += STORE_POSTGRES_PATIENCE_MS - 200;
		T_EQ(i % 2 == 0 ? kit_append_group(&a.base, &of_a, 1 + i % 3) : store_beat(&a.base),
		     ERR_OK);
		T_CHECK(store_postgres_holds(&a));
		T_CHECK(!store_postgres_holds(&b));
		T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
		     ERR_BUSY);
		T_EQ(of_b.batches, of_a.batches);
		T_CHECK(strstr(b.base.fault.text,
			       "another process writes this journal: 127.0.0.1:8480") != NULL);
	}
	/* silence: the writer stops to hold before anybody may take over */
	pk_ahead += STORE_POSTGRES_LEASE_MS;
	T_CHECK(!store_postgres_holds(&a));
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_BUSY);
	pk_ahead += STORE_POSTGRES_PATIENCE_MS - STORE_POSTGRES_LEASE_MS;
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	/* it writes after all, in the last moment: the compare-and-set sees it */
	T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_OK);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_BUSY);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_BUSY);
	/* a clean end is known at once */
	store_close(&a.base);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_CHECK(store_postgres_holds(&b));
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_STATE);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_STATE);
	T_EQ(of_b.batches, of_a.batches);
	T_EQ(kit_append_group(&b.base, &of_b, 2), ERR_OK);
	store_close(&b.base);
}

/* Who stands by loses its connection: silence that it could not hear does not count. */
static void a_deaf_one_does_not_take_over(void)
{
	struct store_postgres a, b;
	struct kit_seen of_a, of_b;
	struct store_fault fault;

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(pk_open(&b, journal(), false, &fault), ERR_OK);
	kit_seen_init(&of_b);
	T_EQ(store_replay(&b.base, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_BUSY);
	net_whole();
	net_fail_recv = 1;
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_UNREACHABLE);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_UNREACHABLE);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_STATE);
	net_whole();
	pk_ahead += 10 * STORE_POSTGRES_PATIENCE_MS;
	T_EQ(kit_append_group(&a.base, &of_a, 2), ERR_OK);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_BUSY);
	T_EQ(of_b.batches, 2);
	store_close(&a.base);
	store_close(&b.base);
}

/*
 * A server that was stopped in the middle of sending leaves a transaction open: rows of the batch
 * that its successor writes too, and their blobs.  They must not make the successor wait.
 */
static void an_open_transaction_is_in_nobodys_way(void)
{
	PGconn *stopped = PQconnectdb(journal());
	struct store_postgres a, b;
	struct kit_seen of_a, of_b;
	struct store_fault fault;
	struct bytes batch;
	struct log_chain c;
	struct log_view v;
	struct bytes blob;
	struct hash32 name;
	char sql[1024], hex[65];
	size_t at = 0;
	uint64_t begun;

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(kit_append_group(&a.base, &of_a, 2), ERR_OK);
	/* batch 2 as a would write it */
	c = of_a.chain;
	T_CHECK(kit_seal(&batch, &c, 2));
	T_EQ(log_batch_check(&v, batch), ERR_OK);
	T_CHECK(log_view_next_blob(&blob, &name, &v, &at));
	for (size_t i = 0; i < 32; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", name.b[i]);
	}
	(void)snprintf(
	    sql, sizeof sql,
	    "INSERT INTO blobs VALUES('\\x%s', 1, 'x'); INSERT INTO batches VALUES(%llu, 1, "
	    "1, '', '', '', '', '')",
	    hex, (unsigned long long)of_a.chain.next_sequence);
	T_CHECK(pk_ask(stopped, "BEGIN", NULL));
	T_CHECK(pk_ask(stopped, sql, NULL));
	T_EQ(pk_start(&b, &of_b, journal(), &fault), ERR_OK);
	begun = pk_mono();
	T_EQ(kit_append_group(&b.base, &of_b, 1), ERR_OK);
	T_CHECK(pk_mono() - begun < 1000);
	T_CHECK(pk_ask(stopped, "ROLLBACK", NULL));
	PQfinish(stopped);
	store_close(&a.base);
	store_close(&b.base);
}

/* Who only reads: beside a running writer, also where nothing may be written; changes nothing. */
static void read_only(void)
{
	struct store_postgres_options o = {
		.url = journal(), .who = "", .read_only = true, .mono_ms = pk_mono
	};
	struct store_postgres a, r;
	struct kit_seen of_a, of_r;
	struct store_fault fault;
	struct bytes batch;

	T_CHECK(pk_fresh());
	T_EQ(store_postgres_open(&r, &o, &fault), ERR_NOT_FOUND);
	T_CHECK(strstr(fault.text, "no journal is here") != NULL);
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(kit_append_group(&a.base, &of_a, 5), ERR_OK);
	T_CHECK(pk_sql("ALTER DATABASE journal SET default_transaction_read_only = on"));
	T_EQ(store_postgres_open(&r, &o, &fault), ERR_OK);
	T_EQ(kit_append_group(&a.base, &of_a, 2), ERR_OK);
	kit_seen_init(&of_r);
	T_EQ(store_replay(&r.base, kit_buffer, sizeof(kit_buffer), kit_each, &of_r), ERR_OK);
	T_EQ(of_r.batches, 7);
	T_EQ(store_postgres_stand_by(&r, kit_buffer, sizeof(kit_buffer), kit_each, &of_r),
	     ERR_STATE);
	T_EQ(store_postgres_take(&r, kit_buffer, sizeof(kit_buffer), kit_each, &of_r), ERR_STATE);
	T_CHECK(kit_seal(&batch, &of_r.chain, 7));
	T_EQ(store_append(&r.base, batch), ERR_STATE);
	T_CHECK(strstr(r.base.fault.text, "opened for reading") != NULL);
	store_close(&r.base);
	T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_OK); /* the writer has noticed nothing */
	store_close(&a.base);
	T_CHECK(pk_sql("ALTER DATABASE journal RESET default_transaction_read_only"));
}

/* Somebody holds the writer row's lock: who takes over does not wait for ever, and gets it later.
 */
static void a_locked_row(void)
{
	PGconn *holder;
	struct store_postgres b;
	struct kit_seen of_b;
	struct store_fault fault;

	T_CHECK(pk_fresh());
	T_EQ(pk_open(&b, journal(), false, &fault), ERR_OK);
	holder = PQconnectdb(journal());
	T_CHECK(pk_ask(holder, "BEGIN", NULL));
	T_CHECK(pk_ask(holder, "UPDATE writer SET beat = beat", NULL));
	kit_seen_init(&of_b);
	T_EQ(store_replay(&b.base, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_EQ(store_postgres_take(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_BUSY);
	T_CHECK(pk_ask(holder, "COMMIT", NULL));
	PQfinish(holder);
	T_EQ(pk_lead(&b, &of_b), ERR_OK);
	T_EQ(kit_append_group(&b.base, &of_b, 1), ERR_OK);
	store_close(&b.base);
}

/*
 * A promoted replica that lacks what was acknowledged, a restored backup: the writer says so and
 * writes nothing; so does one that stands by.
 */
static void an_older_copy(void)
{
	struct store_postgres a, b;
	struct kit_seen of_a, of_b;
	struct store_fault fault;

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&a, &of_a, journal(), &fault), ERR_OK);
	T_EQ(kit_append_group(&a.base, &of_a, 2), ERR_OK);
	T_CHECK(pk_sql("CREATE TABLE other_copy AS SELECT * FROM writer"));
	T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_OK);
	T_EQ(pk_open(&b, journal(), false, &fault), ERR_CORRUPT); /* a table of somebody's */
	T_CHECK(pk_sql("CREATE SCHEMA other"));
	T_CHECK(pk_sql("ALTER TABLE other_copy SET SCHEMA other"));
	T_EQ(pk_open(&b, journal(), false, &fault), ERR_OK);
	kit_seen_init(&of_b);
	T_EQ(store_replay(&b.base, kit_buffer, sizeof(kit_buffer), kit_each, &of_b), ERR_OK);
	T_CHECK(
	    pk_sql("DELETE FROM batches WHERE first_sequence >= (SELECT next_sequence FROM "
		   "other.other_copy); UPDATE writer SET next_sequence = o.next_sequence, head = "
		   "o.head, beat = o.beat FROM other.other_copy o"));
	T_EQ(kit_append_group(&a.base, &of_a, 1), ERR_MISMATCH);
	T_CHECK(strstr(a.base.fault.text, "older or another copy") != NULL);
	T_EQ(store_postgres_stand_by(&b, kit_buffer, sizeof(kit_buffer), kit_each, &of_b),
	     ERR_MISMATCH);
	T_CHECK(strstr(b.base.fault.text, "older or another copy") != NULL);
	T_EQ(b.base.phase, STORE_BROKEN);
	store_close(&a.base);
	store_close(&b.base);
}

/* The child that holds the row's lock while another appends. */
static pid_t hold_row(unsigned milliseconds)
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) != 0) {
		return -1;
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		PGconn *db = PQconnectdb(journal());
		struct timespec wait = { 0, (long)milliseconds * 1000000 };
		bool ok = pk_ask(db, "BEGIN", NULL) &&
			  pk_ask(db, "UPDATE writer SET who = who", NULL) &&
			  write(ready[1], "x", 1) == 1;

		(void)nanosleep(&wait, NULL);
		_exit(ok && pk_ask(db, "COMMIT", NULL) ? 0 : 1);
	}
	(void)close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		pid = -1;
	}
	(void)close(ready[0]);
	return pid;
}

/* 40001 is tried again, the whole transaction; it happens under the two stricter levels. */
static void serialization_failures(void)
{
	static const char *const levels[] = { "read committed", "repeatable read", "serializable" };

	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		struct store_postgres a;
		struct kit_seen seen;
		struct store_fault fault;
		char sql[128];
		int status = 0;

		T_CHECK(pk_fresh());
		(void)snprintf(sql, sizeof sql,
			       "ALTER DATABASE journal SET default_transaction_isolation = '%s'",
			       levels[i]);
		T_CHECK(pk_sql(sql));
		T_EQ(pk_start(&a, &seen, journal(), &fault), ERR_OK);
		for (unsigned k = 0; k < 3; k++) {
			pid_t pid = hold_row(60);

			T_CHECK(pid > 0);
			T_EQ(k == 1 ? store_beat(&a.base) : kit_append_group(&a.base, &seen, 2),
			     ERR_OK);
			T_CHECK(waitpid(pid, &status, 0) == pid);
			T_EQ(status, 0);
		}
		store_close(&a.base);
		T_EQ(pk_start(&a, &seen, journal(), &fault), ERR_OK);
		T_EQ(seen.batches, 4);
		store_close(&a.base);
	}
	T_CHECK(pk_sql("ALTER DATABASE journal RESET default_transaction_isolation"));
}

/* A server in the race: impatient, so that they depose each other all the time. */
static void racer(int tell, uint64_t until)
{
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t written = 0;

	pk_admin = NULL;
	while (pk_mono() - pk_ahead < until) {
		enum err e = pk_start(&s, &seen, journal(), &fault);

		for (unsigned i = 0; e == ERR_OK && i < 4; i++) {
			struct log_chain before = seen.chain;

			struct {
				uint64_t sequence;
				struct hash32 hash;
			} acknowledged;

			e = kit_append_group(&s.base, &seen, 1 + i % 2);
			if (e == ERR_OK) {
				acknowledged.sequence = seen.chain.next_sequence;
				acknowledged.hash = seen.chain.head;
				written++;
				if (before.next_sequence >= acknowledged.sequence ||
				    write(tell, &acknowledged, sizeof acknowledged) !=
					(ssize_t)sizeof acknowledged) {
					_exit(2);
				}
			}
		}
		if (e != ERR_OK && e != ERR_FENCED && e != ERR_BUSY) {
			printf("# racer: %s: %s\n", err_words(e),
			       s.base.fault.text[0] != '\0' ? s.base.fault.text : fault.text);
			(void)fflush(NULL);
			_exit(3);
		}
		store_close(&s.base);
	}
	_exit(written > 0 ? 0 : 4);
}

/* Three servers at once: every acknowledged batch is in the one history, at its place. */
static void race(const char *level)
{
	enum { RACERS = 3, MARKS = 20000 };

	static struct {
		uint64_t sequence;
		struct hash32 hash;
	} marks[MARKS];
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault;
	char sql[128];
	int p[2], status = 0;
	size_t n = 0;
	uint64_t until = pk_mono() - pk_ahead + 1500;
	pid_t pids[RACERS];

	T_CHECK(pk_fresh());
	(void)snprintf(sql, sizeof sql,
		       "ALTER DATABASE journal SET default_transaction_isolation = '%s'", level);
	T_CHECK(pk_sql(sql));
	T_CHECK(pipe(p) == 0);
	(void)fflush(NULL);
	for (size_t i = 0; i < RACERS; i++) {
		pids[i] = fork();
		T_CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)close(p[0]);
			racer(p[1], until);
		}
	}
	(void)close(p[1]);
	while (n < MARKS && read(p[0], &marks[n], sizeof marks[0]) == (ssize_t)sizeof marks[0]) {
		n++;
	}
	(void)close(p[0]);
	for (size_t i = 0; i < RACERS; i++) {
		T_CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		T_EQ(status, 0);
	}
	T_CHECK(n > 0 && n < MARKS);
	T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
	store_close(&s.base);
	for (size_t i = 0; i < n; i++) {
		char found[256], hex[65];

		for (size_t k = 0; k < 32; k++) {
			(void)snprintf(hex + 2 * k, 3, "%02x", marks[i].hash.b[k]);
		}
		(void)snprintf(sql, sizeof sql,
			       "SELECT first_sequence + count FROM batches WHERE hash = '\\x%s'",
			       hex);
		T_CHECK(pk_ask(pk_admin, sql, found));
		T_EQ(strtoull(found, NULL, 10), marks[i].sequence);
	}
	{
		char epochs[256];

		T_CHECK(pk_ask(pk_admin, "SELECT epoch FROM writer", epochs));
		printf("# %s: %zu acknowledged over %s epochs\n", level, n, epochs);
		T_CHECK(strtoul(epochs, NULL, 10) > 3);
	}
	T_CHECK(pk_sql("ALTER DATABASE journal RESET default_transaction_isolation"));
}

static void race_read_committed(void)
{
	race("read committed");
}

static void race_serializable(void)
{
	race("serializable");
}

static bool another_lived;

/* Another server's short life, in a process of its own: takes over, writes, dies without a word. */
static void another_life(void)
{
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault = { "" };
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		enum err e;

		net_whole();
		e = pk_start(&s, &seen, journal(), &fault);
		e = e == ERR_OK ? kit_append_group(&s.base, &seen, 1) : e;
		if (e != ERR_OK) {
			printf("# the other: %s: %s\n", err_words(e), fault.text);
			(void)fflush(NULL);
		}
		_exit(e == ERR_OK ? 0 : 1);
	}
	another_lived = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/*
 * A server that is slow while it opens and takes over, so that another takes over and writes
 * between any two of its questions: in an empty database, in two where a creation was cut off, and
 * in one with a journal.  Nothing that it finds then is damage; in the end it writes behind the
 * other.
 */
static void another_comes_in_between(void)
{
	static const struct {
		size_t batches;
		const char *sql;
	} begin[] = {
		{ 0, NULL },
		{ 0, "DROP TABLE writer" },
		{ 0, "DELETE FROM writer" },
		{ 2, NULL },
	};

	for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++) {
		bool reached = true;

		for (unsigned long n = 1; reached; n++) {
			struct store_postgres s;
			struct kit_seen seen;
			struct store_fault fault = { "" };
			enum err e;

			T_CHECK(pk_fresh());
			if (begin[i].batches > 0 || begin[i].sql != NULL) {
				T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
				T_EQ(begin[i].batches > 0
					 ? kit_append_group(&s.base, &seen, begin[i].batches)
					 : ERR_OK,
				     ERR_OK);
				store_close(&s.base);
			}
			T_CHECK(begin[i].sql == NULL || pk_sql(begin[i].sql));
			net_whole();
			net_meanwhile = another_life;
			net_meanwhile_at = n;
			another_lived = false;
			e = pk_start(&s, &seen, journal(), &fault);
			reached = net_sends >= n;
			net_whole();
			if (e != ERR_OK) {
				printf("# begin %zu, before question %lu: %s: %s\n", i, n,
				       err_words(e), fault.text);
			}
			T_EQ(e, ERR_OK);
			T_EQ(another_lived, reached);
			e = kit_append_group(&s.base, &seen, 1);
			if (e != ERR_OK) { /* it had taken over already, and was taken over */
				T_EQ(e, ERR_FENCED);
				store_close(&s.base);
				T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
				T_EQ(kit_append_group(&s.base, &seen, 1), ERR_OK);
			}
			T_EQ(seen.batches, begin[i].batches + (reached ? 1 : 0) + 1);
			store_close(&s.base);
			T_CHECK(n < 500);
		}
	}
}

/*
 * A commit that waits for a standby and is cancelled is answered as done, with a warning.  It must
 * not be acknowledged.
 */
static void a_doubtful_commit(void)
{
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault;
	uint64_t acknowledged;
	int status = 0;
	char text[256];
	enum err e = ERR_OK;
	pid_t pid;

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
	T_EQ(kit_append_group(&s.base, &seen, 1), ERR_OK);
	T_CHECK(pk_sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
	T_CHECK(pk_sql("SELECT pg_reload_conf()"));
	for (unsigned i = 0; i < 1000; i++) {
		T_CHECK(pk_ask(pk_admin, "SHOW synchronous_standby_names", text));
		if (strcmp(text, "nobody") == 0) {
			break;
		}
	}
	(void)fflush(NULL);
	pid = fork();
	T_CHECK(pid >= 0);
	if (pid == 0) {
		PGconn *db = PQconnectdb(journal());

		for (unsigned i = 0; i < 2000; i++) {
			struct timespec wait = { 0, 5000000 };

			if (!pk_ask(db,
				    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE "
				    "wait_event = 'SyncRep' AND application_name = 'kuramorid'",
				    text)) {
				_exit(1);
			}
			if (strcmp(text, "t") == 0) {
				_exit(0);
			}
			(void)nanosleep(&wait, NULL);
		}
		_exit(2);
	}
	/* The setting is in force when PostgreSQL's checkpointer has read it, which nothing tells.
	 */
	for (unsigned i = 0; i < 1000; i++) {
		struct timespec wait = { 0, 2000000 };

		e = kit_append_group(&s.base, &seen, 1);
		if (e != ERR_OK) {
			break;
		}
		(void)nanosleep(&wait, NULL);
	}
	acknowledged = seen.batches;
	T_EQ(e, ERR_IO);
	T_CHECK(waitpid(pid, &status, 0) == pid);
	T_EQ(status, 0);
	T_CHECK(strstr(s.base.fault.text, "not replicated") != NULL);
	T_EQ(s.base.phase, STORE_BROKEN);
	store_close(&s.base);
	T_CHECK(pk_no_standby());
	T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
	T_EQ(seen.batches, acknowledged + 1); /* it was written: the next writer finds it */
	store_close(&s.base);
}

/* --- refused --- */

static void urls(void)
{
	static const struct {
		const char *url, *words;
	} cases[] = {
		{ "postgres://u:secret@localhost/journal", "password" },
		{ "postgres://localhost/journal?password=secret", "password" },
		{ "postgres://localhost/journal?sslpassword=secret", "sslpassword" },
		{ "postgres://localhost/journal?service=x", "service" },
		{ "postgres://localhost/journal?options=-cfsync%3Doff", "options" },
		{ "postgres://localhost/journal?target_session_attrs=any", "target_session_attrs" },
		{ "postgres://localhost/journal?nonsense=1", "nonsense" },
		{ "postgres://localhost", "no database" },
		{ "postgres://db.example/journal?sslmode=prefer", "verify-full" },
		{ "postgres://localhost,db.example/journal?sslmode=require", "verify-full" },
		{ "postgres:///journal?hostaddr=192.0.2.1&sslmode=disable", "verify-full" },
		{ "postgres://[::1", "store" },
		{ "http://localhost/journal", "postgres://" },
	};
	struct store_postgres s;
	struct store_fault fault;
	char longer[STORE_POSTGRES_URL_MAX + 10];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fault.text[0] = '\0';
		T_EQ(pk_open(&s, cases[i].url, false, &fault), ERR_CONFIG);
		printf("# %s\n", fault.text);
		T_CHECK(strstr(fault.text, cases[i].words) != NULL);
		T_CHECK(strstr(fault.text, "secret") == NULL);
	}
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer, "postgres://localhost/", 21);
	T_EQ(pk_open(&s, longer, false, &fault), ERR_CONFIG);
	T_CHECK(setenv("PGPASSWORD", "secret", 1) == 0);
	T_EQ(pk_open(&s, journal(), false, &fault), ERR_CONFIG);
	T_CHECK(strstr(fault.text, "PGPASSWORD") != NULL && strstr(fault.text, "secret") == NULL);
	T_CHECK(unsetenv("PGPASSWORD") == 0);
	T_EQ(pk_open(&s, "postgres://localhost:1/journal", false, &fault), ERR_UNREACHABLE);
	T_CHECK(store_postgres_is_url("postgres:///x") &&
		store_postgres_is_url("postgresql://x/y"));
	T_CHECK(!store_postgres_is_url("/var/lib/x") && !store_postgres_is_url("postgres.db"));
}

/* A setting of the whole server, for new sessions. */
static bool system_setting(const char *name, const char *value)
{
	char sql[128], text[256] = "";

	(void)snprintf(sql, sizeof sql,
		       value == NULL ? "ALTER SYSTEM RESET %s" : "ALTER SYSTEM SET %s = %s", name,
		       value);
	if (!pk_sql(sql) || !pk_sql("SELECT pg_reload_conf()")) {
		return false;
	}
	(void)snprintf(sql, sizeof sql, "SHOW %s", name);
	for (unsigned i = 0; i < 2000; i++) {
		struct timespec wait = { 0, 1000000 };

		if (!pk_ask(pk_admin, sql, text)) {
			return false;
		}
		if (strcmp(text, value == NULL ? "on" : value) == 0) {
			return true;
		}
		(void)nanosleep(&wait, NULL);
	}
	return false;
}

static void careless_settings(void)
{
	static const char *const settings[] = { "fsync", "full_page_writes", "synchronous_commit" };

	static const struct {
		const char *value;
		bool required;
		enum err want;
		const char *words;
	} commits[] = {
		{ "off", false, ERR_POLICY, "synchronous_commit = off" },
		{ "local", false, ERR_OK, "" },
		{ "local", true, ERR_POLICY, "synchronous_commit = local" },
		{ "remote_write", true, ERR_POLICY, "synchronous_commit = remote_write" },
		{ "on", true, ERR_POLICY, "synchronous_standby_names" },
		{ "remote_apply", true, ERR_POLICY, "synchronous_standby_names" },
	};
	struct store_postgres s;
	struct store_fault fault;
	char sql[128], text[256];

	T_CHECK(pk_fresh());
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		T_CHECK(system_setting(settings[i], "off"));
		T_EQ(pk_open(&s, journal(), false, &fault), ERR_POLICY);
		printf("# %s\n", fault.text);
		T_CHECK(strstr(fault.text, settings[i]) != NULL);
		T_CHECK(system_setting(settings[i], NULL));
	}
	for (size_t i = 0; i < sizeof commits / sizeof commits[0]; i++) {
		(void)snprintf(sql, sizeof sql,
			       "ALTER DATABASE journal SET synchronous_commit = %s",
			       commits[i].value);
		T_CHECK(pk_sql(sql));
		T_EQ(pk_open(&s, journal(), commits[i].required, &fault), commits[i].want);
		if (commits[i].want == ERR_OK) {
			store_close(&s.base);
		} else {
			printf("# %s\n", fault.text);
			T_CHECK(strstr(fault.text, commits[i].words) != NULL);
		}
	}
	T_CHECK(pk_sql("ALTER DATABASE journal RESET synchronous_commit"));
	/* nothing was made by those that were refused, everything by the one that was not */
	T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM writer", text));
	T_STR(text, "1");
}

/* Databases that are not ours, not writable, not in our encoding, or not for us. */
static void foreign_databases(void)
{
	static const struct {
		const char *sql;
		enum err want;
		const char *words;
	} cases[] = {
		{ "CREATE TABLE notes(x int)", ERR_TYPE, "another program" },
		{ "CREATE TABLE batches(x int)", ERR_TYPE, "another program" },
		{ "CREATE TABLE writer(id int, application text, version int); INSERT INTO writer "
		  "VALUES(1, 'books of others', 1)",
		  ERR_TYPE, "another program" },
		{ "CREATE TABLE writer(id int, application text, version int)", ERR_TYPE,
		  "another program" },
		{ "CREATE SCHEMA other; CREATE TABLE other.things(x int)", ERR_TYPE,
		  "another program" },
		{ "CREATE VIEW v AS SELECT 1 AS x", ERR_TYPE, "another program" },
		{ "CREATE TABLE writer(id int, application text, version int, more int); INSERT "
		  "INTO "
		  "writer VALUES(1, 'kuramori journal', 2, 3)",
		  ERR_VERSION, "schema version 2" },
		{ "ALTER DATABASE journal SET default_transaction_read_only = on", ERR_UNREACHABLE,
		  "it takes no writes" },
	};
	struct store_postgres s;
	struct store_fault fault;
	char text[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char before[256];

		T_CHECK(pk_fresh());
		T_CHECK(pk_sql(cases[i].sql));
		T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM pg_class", before));
		T_EQ(pk_open(&s, journal(), false, &fault), cases[i].want);
		printf("# %s\n", fault.text);
		T_CHECK(strstr(fault.text, cases[i].words) != NULL);
		T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM pg_class", text));
		T_STR(text, before);
	}
	T_CHECK(pk_sql("ALTER DATABASE journal RESET default_transaction_read_only"));
	T_CHECK(pk_sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"));
	T_EQ(pk_open(&s, pk_url("latin", ""), false, &fault), ERR_INPUT);
	T_CHECK(strstr(fault.text, "LATIN1") != NULL);
	T_EQ(pk_open(&s, pk_url("absent", ""), false, &fault), ERR_UNREACHABLE);
	T_CHECK(strstr(fault.text, "does not exist") != NULL);
	/* a role without rights, on an empty and on a made database */
	T_CHECK(pk_sql("CREATE ROLE poor LOGIN"));
	for (unsigned made = 0; made < 2; made++) {
		T_CHECK(pk_fresh());
		if (made == 1) {
			T_EQ(pk_open(&s, journal(), false, &fault), ERR_OK);
			store_close(&s.base);
			T_CHECK(pk_sql("GRANT SELECT ON writer, batches, blobs TO poor"));
		}
		T_EQ(pk_open(&s, pk_url("journal", "?user=poor"), false, &fault),
		     made == 1 ? ERR_OK : ERR_UNAUTHORISED);
		if (made == 1) {
			struct kit_seen seen;

			/* it may read and stand by, and never writes */
			kit_seen_init(&seen);
			T_EQ(store_replay(&s.base, kit_buffer, sizeof(kit_buffer), kit_each, &seen),
			     ERR_OK);
			T_EQ(pk_lead(&s, &seen), ERR_UNAUTHORISED);
			T_CHECK(strstr(s.base.fault.text, "permission denied") != NULL);
			store_close(&s.base);
		} else {
			T_CHECK(strstr(fault.text, "permission denied") != NULL);
		}
	}
}

/* Changes made by other hands in tables that are ours. */
static void changed_by_other_hands(void)
{
	static const struct {
		const char *sql;
		enum err want;
		const char *words;
	} cases[] = {
		{ "UPDATE writer SET application = 'x'", ERR_TYPE, "another program" },
		{ "UPDATE writer SET application = 'kuramori restore'", ERR_STATE,
		  "has not ended" },
		{ "UPDATE writer SET version = 2", ERR_VERSION, "schema version 2" },
		{ "UPDATE writer SET version = 0", ERR_CORRUPT, "schema version" },
		{ "CREATE TABLE more(x int)", ERR_CORRUPT, "tables" },
		{ "ALTER TABLE batches ADD COLUMN more int", ERR_CORRUPT, "tables" },
		{ "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; "
		  "END'; "
		  "CREATE TRIGGER t BEFORE INSERT ON batches FOR EACH ROW EXECUTE FUNCTION f()",
		  ERR_CORRUPT, "tables" },
		{ "DROP TABLE blobs", ERR_CORRUPT, "tables" },
		{ "DELETE FROM writer", ERR_CORRUPT, "writer row" },
		{ "UPDATE writer SET next_sequence = next_sequence + 1", ERR_CORRUPT, "missing" },
		{ "UPDATE writer SET next_sequence = next_sequence - 1", ERR_MISMATCH, "older" },
		{ "UPDATE writer SET next_sequence = -1", ERR_CORRUPT, "impossible" },
		{ "UPDATE writer SET head = '\\x00'", ERR_CORRUPT, "impossible" },
		{ "UPDATE writer SET head = decode(repeat('00', 32), 'hex')", ERR_CORRUPT,
		  "another last batch" },
		{ "DELETE FROM batches WHERE first_sequence = 0", ERR_CORRUPT,
		  "records 0 to 0 are missing" },
		{ "DELETE FROM batches WHERE first_sequence = 3", ERR_CORRUPT, "are missing" },
		{ "DELETE FROM batches WHERE first_sequence = (SELECT max(first_sequence) FROM "
		  "batches)",
		  ERR_CORRUPT, "missing" },
		{ "DELETE FROM blobs WHERE hash = (SELECT hash FROM blobs LIMIT 1)", ERR_CORRUPT,
		  "missing" },
		{ "UPDATE blobs SET bytes = '\\x00'", ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET count = 2 WHERE first_sequence = 0", ERR_CORRUPT,
		  "impossible" },
		{ "UPDATE batches SET count = -1", ERR_CORRUPT, "impossible" },
		{ "UPDATE batches SET root = decode(repeat('00', 32), 'hex')", ERR_CORRUPT,
		  "hash" },
		{ "UPDATE batches SET hash = '\\x00'", ERR_CORRUPT, "impossible" },
		{ "UPDATE batches SET previous = decode(repeat('00', 32), 'hex') WHERE "
		  "first_sequence = 1",
		  ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET records = decode(repeat('00', 128), 'hex') WHERE "
		  "first_sequence = 0",
		  ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET blobs = '' WHERE first_sequence = 0", ERR_CORRUPT, "hash" },
		{ "UPDATE batches SET blobs = decode(repeat('00', 33), 'hex') WHERE first_sequence "
		  "= 0",
		  ERR_CORRUPT, "impossible" },
		{ "INSERT INTO batches SELECT first_sequence, epoch + 1, count, previous, hash, "
		  "root, "
		  "records, blobs FROM batches WHERE first_sequence = 0",
		  ERR_CORRUPT, "stands twice" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_postgres s;
		struct kit_seen seen;
		struct store_fault fault = { "" };
		enum err e;

		T_CHECK(pk_fresh());
		T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
		T_EQ(kit_append_group(&s.base, &seen, 5), ERR_OK);
		store_close(&s.base);
		T_CHECK(pk_sql(cases[i].sql));
		e = pk_start(&s, &seen, journal(), &fault);
		printf("# %s\n", fault.text);
		T_EQ(e, cases[i].want);
		T_CHECK(strstr(fault.text, cases[i].words) != NULL);
	}
}

/*
 * A restore that did not end leaves no shorter journal: nobody opens, reads or takes over what it
 * has written so far, also who stood by before it began.
 */
static void a_restore_that_did_not_end(void)
{
	struct store_postgres s, waiting;
	struct kit_seen seen, other;
	struct store_fault fault = { "" };
	struct store_postgres_options read = {
		.url = journal(), .who = "reader", .read_only = true, .mono_ms = pk_mono
	};

	T_CHECK(pk_fresh());
	T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
	T_EQ(store_postgres_restoring(&s, true), ERR_OK);
	for (unsigned i = 0; i < 3; i++) {
		struct store_postgres again;

		T_EQ(pk_start(&again, &other, journal(), &fault), ERR_STATE);
		T_CHECK(strstr(fault.text, "a restore into this database has not ended") != NULL);
		T_EQ(store_postgres_open(&again, &read, &fault), ERR_STATE);
		T_CHECK(strstr(fault.text, "drop the database and restore again") != NULL);
		T_EQ(kit_append_group(&s.base, &seen, 2), ERR_OK);
		T_EQ(store_beat(&s.base), ERR_OK);
	}
	/* its last word */
	T_EQ(store_postgres_restoring(&s, false), ERR_OK);
	T_EQ(kit_append_group(&s.base, &seen, 1), ERR_OK);
	store_close(&s.base);
	T_EQ(pk_start(&s, &other, journal(), &fault), ERR_OK);
	T_EQ(other.batches, 7);
	store_close(&s.base);
	/* who stood by at an empty database, and whose patience ends when the restore has died */
	T_CHECK(pk_fresh());
	T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
	T_EQ(pk_open(&waiting, journal(), false, &fault), ERR_OK);
	kit_seen_init(&other);
	T_EQ(store_replay(&waiting.base, kit_buffer, sizeof kit_buffer, kit_each, &other), ERR_OK);
	T_EQ(store_postgres_restoring(&s, true), ERR_OK);
	T_EQ(kit_append_group(&s.base, &seen, 2), ERR_OK);
	store_close(&s.base); /* released, as if it had ended well */
	T_EQ(store_postgres_stand_by(&waiting, kit_buffer, sizeof kit_buffer, kit_each, &other),
	     ERR_OK);
	T_EQ(store_postgres_take(&waiting, kit_buffer, sizeof kit_buffer, kit_each, &other),
	     ERR_STATE);
	T_CHECK(strstr(waiting.base.fault.text, "has not ended") != NULL);
	store_close(&waiting.base);
	T_EQ(pk_start(&s, &other, journal(), &fault), ERR_STATE);
}

/* PQserverVersion(), or what the test says. */
static int version_said;
int __real_PQserverVersion(const PGconn *db);
int __wrap_PQserverVersion(const PGconn *db);

int __wrap_PQserverVersion(const PGconn *db)
{
	return version_said != 0 ? version_said : __real_PQserverVersion(db);
}

static void a_server_that_is_too_old(void)
{
	static const struct {
		int version;
		enum err want;
		const char *words;
	} cases[] = {
		{ 90603, ERR_VERSION, "of version 9.603, at least 13 is needed" },
		{ 120099, ERR_VERSION, "of version 12.99, at least 13 is needed" },
		{ 129999, ERR_VERSION, "at least 13" },
		{ 1, ERR_VERSION, "at least 13" },
		{ 130000, ERR_OK, "" },
		{ 990000, ERR_OK, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct store_postgres s;
		struct kit_seen seen;
		struct store_fault fault = { "" };

		T_CHECK(pk_fresh());
		version_said = cases[i].version;
		T_EQ(pk_start(&s, &seen, journal(), &fault), cases[i].want);
		version_said = 0;
		T_CHECK(strstr(fault.text, cases[i].words) != NULL);
		if (cases[i].want == ERR_OK) {
			store_close(&s.base);
		} else {
			/* nothing was made in it */
			T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
			T_EQ(seen.batches, 0);
			store_close(&s.base);
		}
	}
}

/* Changed under a running writer. */
static void changed_under_a_writer(void)
{
	static const char *const cases[] = {
		"UPDATE writer SET next_sequence = next_sequence + 1",
		"UPDATE writer SET head = decode(repeat('00', 32), 'hex')",
		"UPDATE writer SET epoch = 0",
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct store_postgres s;
		struct kit_seen seen;
		struct store_fault fault = { "" };
		char before[256], after[256];

		T_CHECK(pk_fresh());
		T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
		T_EQ(kit_append_group(&s.base, &seen, 2), ERR_OK);
		T_CHECK(pk_sql(cases[i]));
		T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM batches", before));
		T_EQ(kit_append_group(&s.base, &seen, 1), ERR_MISMATCH);
		T_CHECK(pk_ask(pk_admin, "SELECT count(*) FROM batches", after));
		T_STR(after, before);
		store_close(&s.base);
	}
}

/* A creation that was cut off goes on; two that create at once both find one journal. */
static void creation(void)
{
	static const char *const left[] = {
		"DROP TABLE writer",
		"DROP TABLE writer; DROP TABLE blobs",
		"DELETE FROM writer",
	};
	struct store_postgres s;
	struct kit_seen seen;
	struct store_fault fault;

	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
		T_CHECK(pk_fresh());
		T_EQ(pk_open(&s, journal(), false, &fault), ERR_OK);
		store_close(&s.base);
		T_CHECK(pk_sql(left[i]));
		T_EQ(pk_start(&s, &seen, journal(), &fault), ERR_OK);
		T_EQ(kit_append_group(&s.base, &seen, 1), ERR_OK);
		store_close(&s.base);
	}
	for (unsigned round = 0; round < 8; round++) {
		pid_t pids[3];
		int status = 0;

		T_CHECK(pk_fresh());
		(void)fflush(NULL);
		for (size_t i = 0; i < 3; i++) {
			pids[i] = fork();
			T_CHECK(pids[i] >= 0);
			if (pids[i] == 0) {
				enum err e = pk_open(&s, journal(), false, &fault);

				if (e != ERR_OK) {
					printf("# %s\n", fault.text);
					(void)fflush(NULL);
				}
				_exit(e == ERR_OK ? 0 : 1);
			}
		}
		for (size_t i = 0; i < 3; i++) {
			T_CHECK(waitpid(pids[i], &status, 0) == pids[i]);
			T_EQ(status, 0);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every cut", every_cut },
		{ "the deposed is fenced", the_deposed_is_fenced },
		{ "an epoch alone fences", an_epoch_alone_fences },
		{ "stands by", stands_by },
		{ "a deaf one does not take over", a_deaf_one_does_not_take_over },
		{ "an open transaction is in nobody's way", an_open_transaction_is_in_nobodys_way },
		{ "read only", read_only },
		{ "a locked row", a_locked_row },
		{ "an older copy", an_older_copy },
		{ "serialization failures", serialization_failures },
		{ "race, read committed", race_read_committed },
		{ "race, serializable", race_serializable },
		{ "another comes in between", another_comes_in_between },
		{ "a doubtful commit", a_doubtful_commit },
		{ "urls", urls },
		{ "careless settings", careless_settings },
		{ "foreign databases", foreign_databases },
		{ "changed by other hands", changed_by_other_hands },
		{ "a restore that did not end", a_restore_that_did_not_end },
		{ "a server that is too old", a_server_that_is_too_old },
		{ "changed under a writer", changed_under_a_writer },
		{ "creation", creation },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
