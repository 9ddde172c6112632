/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.c - the PostgreSQL engine.  Read append() and store_postgres_take() for the fence.
 *
 * The connection is in pipeline mode throughout: a run of statements is sent, then a sync, then all
 * answers are read, with a deadline.  SQL is kept to what CockroachDB and YugabyteDB take too: no
 * advisory lock, no sequence, no function of the server.
 */
#include "store/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/row.h"

#define APPLICATION "kuramori journal"
#define RESTORING   "kuramori restore" /* stands there until all of a backup is in it */

enum {
	HASH = 32,
	ARGUMENTS_MAX = 8,
	CHUNK_BATCHES = 32, /* rows of one answer at replay */
	CHUNK_BLOBS = 64,   /* asked for at once: both directions fit any socket buffer */
	OID_BOOL = 16,      /* of the types, the same in every PostgreSQL */
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT4 = 23,
	OID_TEXT = 25,
};

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	PATIENCE,
	STANDBYS,
	LOOK,
	PUT_BLOB,
	PUT_BATCH,
	ADVANCE,
	BEAT,
	TAKE,
	RELEASE,
	MARK,
	EACH_BATCH,
	GET_BATCH,
	GET_RECORD,
	GET_BLOB,
	STATEMENTS,
};

/* clang-format off */
static const struct {
	const char *name, *sql;
	int n;
	Oid types[ARGUMENTS_MAX];
} statements[STATEMENTS] = {
	[BEGIN] = { "begin", "BEGIN", 0, { 0 } },
	[COMMIT] = { "commit", "COMMIT", 0, { 0 } },
	[ROLLBACK] = { "rollback", "ROLLBACK", 0, { 0 } },
	[PATIENCE] = { "patience", "SET LOCAL lock_timeout = 1000", 0, { 0 } },
	[STANDBYS] = { "standbys", "SHOW synchronous_standby_names", 0, { 0 } },
	[LOOK] = { "look", "SELECT epoch, next_sequence, head, beat, released, who, application "
		   "FROM writer WHERE id = 1", 0, { 0 } },
	/* The same bytes again are the same row: the name says all of it. */
	[PUT_BLOB] = { "put_blob", "INSERT INTO blobs(hash, epoch, bytes) VALUES($1, $2, $3) "
		       "ON CONFLICT(hash, epoch) DO NOTHING", 3,
		       { OID_BYTEA, OID_INT8, OID_BYTEA } },
	[PUT_BATCH] = { "put_batch", "INSERT INTO batches(first_sequence, epoch, count, previous, "
			"hash, root, records, blobs) VALUES($1, $2, $3, $4, $5, $6, $7, $8)", 8,
			{ OID_INT8, OID_INT8, OID_INT4, OID_BYTEA, OID_BYTEA, OID_BYTEA, OID_BYTEA,
			  OID_BYTEA } },
	[ADVANCE] = { "advance", "UPDATE writer SET next_sequence = $4, head = $5, beat = beat + 1 "
		      "WHERE id = 1 AND epoch = $1 AND next_sequence = $2 AND head = $3", 5,
		      { OID_INT8, OID_INT8, OID_BYTEA, OID_INT8, OID_BYTEA } },
	[BEAT] = { "beat", "UPDATE writer SET beat = beat + 1 WHERE id = 1 AND epoch = $1", 1,
		   { OID_INT8 } },
	[TAKE] = { "take", "UPDATE writer SET epoch = epoch + 1, beat = beat + 1, "
		   "released = false, who = $4 WHERE id = 1 AND epoch = $1 AND beat = $2 AND "
		   "released = $3 AND application = '" APPLICATION "'", 4,
		   { OID_INT8, OID_INT8, OID_BOOL, OID_TEXT } },
	[RELEASE] = { "release", "UPDATE writer SET released = true WHERE id = 1 AND epoch = $1", 1,
		      { OID_INT8 } },
	[MARK] = { "mark", "UPDATE writer SET application = $4 WHERE id = 1 AND epoch = $1 AND "
		   "next_sequence = $2 AND head = $3", 4, { OID_INT8, OID_INT8, OID_BYTEA, OID_TEXT } },
	[EACH_BATCH] = { "each_batch", "SELECT first_sequence, count, previous, hash, root, "
			 "records, blobs FROM batches WHERE first_sequence >= $1 "
			 "ORDER BY first_sequence LIMIT 32", 1, { OID_INT8 } },
	[GET_BATCH] = { "get_batch", "SELECT first_sequence, count, previous, hash, root, "
			"records, blobs FROM batches WHERE first_sequence <= $1 "
			"ORDER BY first_sequence DESC LIMIT 1", 1, { OID_INT8 } },
	[GET_RECORD] = { "get_record", "SELECT substring(records FROM "
			 "CAST(($1 - first_sequence) * 128 + 1 AS integer) FOR 128) FROM batches "
			 "WHERE first_sequence <= $1 ORDER BY first_sequence DESC LIMIT 1", 1,
			 { OID_INT8 } },
	[GET_BLOB] = { "get_blob", "SELECT bytes FROM blobs WHERE hash = $1 LIMIT 1", 1,
		       { OID_BYTEA } },
};

/* clang-format on */

static_assert(CHUNK_BATCHES == 32, "as in EACH_BATCH");
static_assert(STORE_POSTGRES_LOCK_MS == 1000, "as in PATIENCE");
static_assert(offsetof(struct store_postgres, base) == 0, "base is the first member");

static struct store_postgres *postgres_of(struct store *s)
{
	return (struct store_postgres *)s;
}

/* --- what goes wrong, in words --- */

/* SQLSTATE to kind: the appendix "Error Codes" of PostgreSQL's manual; its list, not ours. */
static enum err kind_of(const char *state)
{
	static const struct {
		const char *prefix;
		enum err e;
	} kinds[] = {
		{ "40001", ERR_BUSY },         /* serialization_failure: tried again */
		{ "55P03", ERR_BUSY },         /* lock_not_available */
		{ "53100", ERR_FULL },         /* disk_full */
		{ "53300", ERR_UNREACHABLE },  /* too_many_connections */
		{ "57P", ERR_UNREACHABLE },    /* the server shuts down, starts, drops */
		{ "08", ERR_UNREACHABLE },     /* connection exceptions */
		{ "28", ERR_UNAUTHORISED },    /* who are you */
		{ "42501", ERR_UNAUTHORISED }, /* insufficient_privilege */
		{ "XX001", ERR_CORRUPT },      /* data_corrupted */
		{ "XX002", ERR_CORRUPT },      /* index_corrupted */
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strncmp(state, kinds[i].prefix, strlen(kinds[i].prefix)) == 0) {
			return kinds[i].e;
		}
	}
	return ERR_IO;
}

/* libpq's words are of several lines: one line of ours. */
static void one_line(char out[160], const char *words)
{
	size_t n = 0;

	for (size_t i = 0; words[i] != '\0' && n < 159; i++) {
		char c = words[i] >= 0x20 && words[i] < 0x7f ? words[i] : ' ';

		if (c != ' ' || (n > 0 && out[n - 1] != ' ')) {
			out[n++] = c;
		}
	}
	while (n > 0 && out[n - 1] == ' ') {
		n--;
	}
	out[n] = '\0';
}

static enum err lost(struct store_postgres *p, const char *what)
{
	char words[160];

	one_line(words, PQerrorMessage(p->db));
	store_fault_set(&p->base.fault, "%s: cannot %s: the connection is lost (%s)", p->base.path,
			what, words);
	return ERR_UNREACHABLE;
}

static enum err failed(struct store_postgres *p, const PGresult *r, const char *what)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	char words[160];

	if (state == NULL) {
		return lost(p, what); /* libpq's own: no answer came */
	}
	one_line(words, text == NULL ? "" : text);
	store_fault_set(&p->base.fault, "%s: cannot %s: %s (%s)", p->base.path, what, words, state);
	return kind_of(state);
}

static void on_notice(void *context, const PGresult *r)
{
	struct store_postgres *p = context;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	/* "The transaction has already committed locally, but might not have been replicated to the
	 * standby" is only a warning.  Which warnings are harmless is not for us to guess. */
	if (severity != NULL && strcmp(severity, "WARNING") == 0) {
		p->doubted = true;
	}
}

static void disconnect(struct store_postgres *p)
{
	PQfinish(p->db); /* NULL is allowed */
	p->db = NULL;
}

/* --- one run of statements --- */

struct arguments {
	int n;
	const char *value[ARGUMENTS_MAX];
	int length[ARGUMENTS_MAX];
	uint8_t number[ARGUMENTS_MAX][8];
};

static void put_bytes(struct arguments *a, struct bytes b)
{
	CHECK(a->n < ARGUMENTS_MAX && b.n <= LOG_BATCH_BYTES_MAX);
	a->value[a->n] = b.n == 0 ? "" : (const char *)b.p; /* a null pointer would be NULL */
	a->length[a->n++] = (int)b.n;
}

/* Numbers of n bytes, most significant first. */
static void put_number(struct arguments *a, uint64_t v, unsigned n)
{
	CHECK(a->n < ARGUMENTS_MAX && n <= 8);
	for (unsigned i = 0; i < n; i++) {
		a->number[a->n][i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	}
	a->value[a->n] = (const char *)a->number[a->n];
	a->length[a->n++] = (int)n;
}

static void put_u64(struct arguments *a, uint64_t v)
{
	CHECK(v <= INT64_MAX); /* sequences and epochs are counted, not given */
	put_number(a, v, 8);
}

static void begin_run(struct store_postgres *p, uint64_t limit_ms)
{
	p->deadline_ms = p->options.mono_ms() + limit_ms;
	p->result = ERR_OK;
	p->again = false;
	p->missed = false;
	p->doubted = false;
}

/* The first failure of a run is the one that is told. */
static void run_failed(struct store_postgres *p, enum err e)
{
	if (p->result == ERR_OK) {
		p->result = e;
	}
}

static void queue(struct store_postgres *p, enum statement which, const struct arguments *a)
{
	static const int binary[ARGUMENTS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	static const struct arguments none = { .n = 0 };

	a = a == NULL ? &none : a;
	CHECK(a->n == statements[which].n);
	if (p->result == ERR_OK && PQsendQueryPrepared(p->db, statements[which].name, a->n,
						       a->value, a->length, binary, 1) == 0) {
		run_failed(p, lost(p, statements[which].name));
	}
}

static void queue_sync(struct store_postgres *p)
{
	if (p->result == ERR_OK && PQpipelineSync(p->db) == 0) {
		run_failed(p, lost(p, "sync"));
	}
}

/* Waits until the socket can be used or the deadline is over. */
static bool wait_socket(struct store_postgres *p, bool write, const char *what)
{
	struct pollfd fd = { .fd = PQsocket(p->db),
			     .events = (short)(POLLIN | (write ? POLLOUT : 0)) };
	uint64_t now = p->options.mono_ms();
	uint64_t left = now < p->deadline_ms ? p->deadline_ms - now : 0;
	int n = left == 0 ? 0 : poll(&fd, 1, left > 1000 ? 1000 : (int)left);

	if (n < 0 && errno != EINTR) {
		run_failed(p, lost(p, what));
		return false;
	}
	if (left == 0) {
		store_fault_set(&p->base.fault, "%s: cannot %s: the database does not answer",
				p->base.path, what);
		run_failed(p, ERR_TIMEOUT);
		return false;
	}
	if (n > 0 && (fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    PQconsumeInput(p->db) == 0) {
		run_failed(p, lost(p, what));
		return false;
	}
	return true;
}

/* The next result; false: the connection is of no use any more, p->result says why. */
static bool wait_result(struct store_postgres *p, PGresult **out, const char *what)
{
	for (;;) {
		int more = PQflush(p->db);

		if (more < 0) {
			run_failed(p, lost(p, what));
			return false;
		}
		if (PQisBusy(p->db) == 0) {
			*out = PQgetResult(p->db);
			return true;
		}
		if (!wait_socket(p, more > 0, what)) {
			return false;
		}
	}
}

/* The result of one statement and the NULL that ends it.  False as above; *out is then NULL. */
static bool wait_statement(struct store_postgres *p, PGresult **out, const char *what)
{
	PGresult *end = NULL;

	*out = NULL;
	if (!wait_result(p, out, what)) {
		return false;
	}
	if (*out == NULL || !wait_result(p, &end, what) || end != NULL) {
		/* a connection that breaks gives its results out of step */
		PQclear(end);
		PQclear(*out);
		*out = NULL;
		run_failed(p, lost(p, what));
		return false;
	}
	return true;
}

/* Reads the results of n statements; one: each must have changed exactly one row. */
static bool collect(struct store_postgres *p, size_t n, bool one, const char *what)
{
	for (size_t i = 0; i < n; i++) {
		PGresult *r = NULL;

		if (!wait_statement(p, &r, what)) {
			return false;
		}
		switch (PQresultStatus(r)) {
		case PGRES_COMMAND_OK:
			p->missed = p->missed || (one && strcmp(PQcmdTuples(r), "1") != 0);
			break;
		case PGRES_TUPLES_OK:
		case PGRES_PIPELINE_ABORTED: /* behind the one that failed */
			break;
		default: {
			const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

			p->again = p->again || (state != NULL && strcmp(state, "40001") == 0);
			run_failed(p, failed(p, r, what));
			break;
		}
		}
		PQclear(r);
	}
	return true;
}

/* The end of a run.  An implicit transaction commits here: its error, and the NULL that ends an
 * error, may come first. */
static bool collect_sync(struct store_postgres *p, const char *what)
{
	for (unsigned i = 0; i < 3; i++) {
		PGresult *r = NULL;
		ExecStatusType status;

		if (!wait_result(p, &r, what)) {
			return false;
		}
		status = PQresultStatus(r); /* PGRES_FATAL_ERROR of NULL */
		if (r != NULL && status == PGRES_FATAL_ERROR) {
			run_failed(p, failed(p, r, what));
		}
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC) {
			return true;
		}
	}
	run_failed(p, lost(p, what));
	return false;
}

/* Runs one statement that gives rows.  *out is the caller's to clear, NULL on error. */
static enum err ask(struct store_postgres *p, enum statement which, const struct arguments *a,
		    PGresult **out, const char *what)
{
	queue(p, which, a);
	queue_sync(p);
	*out = NULL;
	if (p->result != ERR_OK || !wait_statement(p, out, what)) {
		return p->result;
	}
	if (PQresultStatus(*out) != PGRES_TUPLES_OK) {
		run_failed(p, failed(p, *out, what));
	}
	(void)collect_sync(p, what);
	if (p->result != ERR_OK) {
		PQclear(*out);
		*out = NULL;
	}
	return p->result;
}

/* The same for a text that is used once; rows, if any, as text.  out may be NULL. */
static enum err ask_text(struct store_postgres *p, PGresult **out, const char *sql)
{
	PGresult *r = NULL;

	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	if (PQsendQueryParams(p->db, sql, 0, NULL, NULL, NULL, NULL, 0) == 0) {
		return lost(p, "open");
	}
	queue_sync(p);
	if (p->result != ERR_OK || !wait_statement(p, &r, "open")) {
		return p->result;
	}
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK) {
		run_failed(p, failed(p, r, "open"));
	}
	(void)collect_sync(p, "open");
	if (out != NULL && p->result == ERR_OK) {
		*out = r;
	} else {
		PQclear(r);
	}
	return p->result;
}

/* --- the columns of an answer --- */

static struct bytes column_bytes(const PGresult *r, int row, int column)
{
	int n = PQgetlength(r, row, column);

	return bytes_of(PQgetvalue(r, row, column), n < 0 ? 0 : (size_t)n);
}

/* -1 for what is no number of 4 or 8 bytes. */
static int64_t column_number(const PGresult *r, int row, int column)
{
	struct bytes b = column_bytes(r, row, column);
	uint64_t v = 0;

	if (PQgetisnull(r, row, column) != 0 || (b.n != 4 && b.n != 8) || b.p[0] >= 0x80) {
		return -1;
	}
	for (size_t i = 0; i < b.n; i++) {
		v = v << 8 | b.p[i];
	}
	return (int64_t)v;
}

static void column_text(char *out, size_t cap, const PGresult *r, int row, int column)
{
	struct bytes b = column_bytes(r, row, column);
	size_t n = b.n < cap ? b.n : cap - 1;

	for (size_t i = 0; i < n; i++) {
		out[i] = b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char)b.p[i] : '?';
	}
	out[n] = '\0';
}

/* Reads the writer row; *seen on ERR_OK only. */
static enum err look(struct store_postgres *p, struct store_postgres_seen *seen)
{
	struct store_postgres_seen s = { .epoch = 0 };
	PGresult *r = NULL;
	enum err e = ask(p, LOOK, NULL, &r, "read");
	int64_t epoch, next, beat;
	struct bytes head;

	if (e != ERR_OK) {
		return e;
	}
	if (PQntuples(r) != 1 || PQnfields(r) != 7) {
		PQclear(r);
		return store_row_corrupt(&p->base, "the writer row is missing");
	}
	epoch = column_number(r, 0, 0);
	next = column_number(r, 0, 1);
	head = column_bytes(r, 0, 2);
	beat = column_number(r, 0, 3);
	if (epoch < 0 || next < 0 || beat < 0 || head.n != HASH) {
		PQclear(r);
		return store_row_corrupt(&p->base, "the writer row has impossible values");
	}
	s.epoch = (uint64_t)epoch;
	s.next_sequence = (uint64_t)next;
	s.beat = (uint64_t)beat;
	memcpy(s.head.b, head.p, HASH);
	s.released = column_bytes(r, 0, 4).n == 1 && column_bytes(r, 0, 4).p[0] == 1;
	column_text(s.who, sizeof s.who, r, 0, 5);
	s.restoring = bytes_eq(column_bytes(r, 0, 6), bytes_str(RESTORING));
	PQclear(r);
	*seen = s;
	return ERR_OK;
}

/* --- append --- */

static void queue_blobs(struct store_postgres *p, const struct log_view *v, struct hash32 *names)
{
	struct bytes blob;
	size_t at = 0, n = 0;

	while (log_view_next_blob(&blob, &names[n], v, &at)) {
		struct arguments a = { .n = 0 };

		put_bytes(&a, bytes_of(names[n].b, HASH));
		put_u64(&a, p->epoch);
		put_bytes(&a, blob);
		queue(p, PUT_BLOB, &a);
		n++;
	}
	CHECK(n == v->head.blob_count);
}

static void queue_batch(struct store_postgres *p, const struct log_view *v,
			const struct hash32 *names)
{
	const struct log_batch_head *h = &v->head;
	struct arguments a = { .n = 0 };

	put_u64(&a, h->first_sequence);
	put_u64(&a, p->epoch);
	put_number(&a, h->count, 4);
	put_bytes(&a, bytes_of(h->previous.b, HASH));
	put_bytes(&a, bytes_of(h->hash.b, HASH));
	put_bytes(&a, bytes_of(h->root.b, HASH));
	put_bytes(&a, v->records);
	put_bytes(&a, bytes_of(names, h->blob_count * sizeof(struct hash32)));
	queue(p, PUT_BATCH, &a);
}

static void queue_advance(struct store_postgres *p, const struct log_batch_head *last)
{
	struct arguments a = { .n = 0 };

	put_u64(&a, p->epoch);
	put_u64(&a, p->base.next_sequence);
	put_bytes(&a, bytes_of(p->base.head.b, HASH));
	put_u64(&a, last->first_sequence + last->count);
	put_bytes(&a, bytes_of(last->hash.b, HASH));
	queue(p, ADVANCE, &a);
}

static const char no_standby[] =
    "the database waits for no standby (synchronous_standby_names is empty), and replica_required "
    "is set";

/* The setting may have changed since the start: it is asked for in the transaction itself. */
static bool collect_standbys(struct store_postgres *p)
{
	PGresult *r = NULL;

	if (!p->options.replica_required) {
		return true;
	}
	if (!wait_statement(p, &r, "write")) {
		return false;
	}
	if (PQresultStatus(r) == PGRES_TUPLES_OK &&
	    (PQntuples(r) != 1 || PQgetlength(r, 0, 0) == 0)) {
		store_fault_set(&p->base.fault, "%s: %s", p->base.path, no_standby);
		run_failed(p, ERR_POLICY);
	} else if (PQresultStatus(r) == PGRES_FATAL_ERROR) {
		run_failed(p, failed(p, r, "write"));
	}
	PQclear(r);
	return true;
}

/* The statement that ends a transaction, and whether it did: "COMMIT" of a transaction that had
 * failed is answered "ROLLBACK". */
static void end_with(struct store_postgres *p, enum statement which)
{
	const char *word = statements[which].sql;
	PGresult *r = NULL;

	queue(p, which, NULL);
	queue_sync(p);
	if (p->result != ERR_OK || !wait_statement(p, &r, word)) {
		return;
	}
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

		p->again = state != NULL && strcmp(state, "40001") == 0;
		run_failed(p, failed(p, r, word));
	} else if (strcmp(PQcmdStatus(r), word) != 0) {
		store_fault_set(&p->base.fault, "%s: cannot %s: the database answers %s",
				p->base.path, word, PQcmdStatus(r));
		run_failed(p, ERR_IO);
	}
	PQclear(r);
	(void)collect_sync(p, word);
}

/* Somebody else's hand on the writer row: whose? */
static enum err fenced(struct store_postgres *p)
{
	struct store_postgres_seen now = { .epoch = 0 };
	enum err e;

	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	e = look(p, &now);
	if (e != ERR_OK) {
		return e;
	}
	if (now.epoch > p->epoch) {
		store_fault_set(&p->base.fault,
				"%s: another server has taken over: epoch %llu, ours was %llu (%s)",
				p->base.path, (unsigned long long)now.epoch,
				(unsigned long long)p->epoch, now.who);
		return ERR_FENCED;
	}
	store_fault_set(&p->base.fault,
			"%s: the database ends at record %llu of epoch %llu, this server has "
			"written up to %llu of epoch %llu: it is an older or another copy",
			p->base.path, (unsigned long long)now.next_sequence,
			(unsigned long long)now.epoch, (unsigned long long)p->base.next_sequence,
			(unsigned long long)p->epoch);
	return ERR_MISMATCH;
}

/* One attempt.  Everything but the commit goes in one run; the commit follows only when the writer
 * row was hit. */
static void try_append(struct store_postgres *p, const struct store_batch *batches, size_t n)
{
	static struct hash32 names[LOG_BATCH_RECORDS_MAX]; /* one writer: one store at a time */

	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	queue(p, BEGIN, NULL);
	if (p->options.replica_required) {
		queue(p, STANDBYS, NULL);
	}
	for (size_t i = 0; i < n; i++) {
		queue_blobs(p, &batches[i].view, names);
		queue_batch(p, &batches[i].view, names);
	}
	queue_advance(p, &batches[n - 1].view.head);
	queue_sync(p);
	if (p->result != ERR_OK || !collect(p, 1, false, "write") || !collect_standbys(p)) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!collect(p, batches[i].view.head.blob_count, false, "write") ||
		    !collect(p, 1, true, "write")) {
			return;
		}
	}
	if (!collect(p, 1, true, "write") || !collect_sync(p, "write")) {
		return;
	}
	if (p->result == ERR_OK && !p->missed) {
		end_with(p, COMMIT);
		if (p->result == ERR_OK && p->doubted) {
			store_fault_set(&p->base.fault,
					"%s: cannot commit: the database warns that it is not "
					"replicated",
					p->base.path);
			p->result = ERR_IO;
		}
		return;
	}
	{
		enum err e = p->result;
		bool again = p->again;

		p->result = ERR_OK;
		end_with(p, ROLLBACK); /* it did nothing, whether this arrives or not */
		p->result = e;
		p->again = again;
	}
}

static enum err append(struct store *s, const struct store_batch *batches, size_t n)
{
	struct store_postgres *p = postgres_of(s);
	uint64_t begun = p->options.mono_ms();
	enum err e;

	if (!p->writer) {
		store_fault_set(&s->fault, "%s: %s", s->path,
				p->options.read_only ? "opened for reading"
						     : "this server stands by");
		return ERR_STATE;
	}
	for (unsigned i = 0;; i++) {
		try_append(p, batches, n);
		if (!p->again || i + 1 == STORE_POSTGRES_TRIES) {
			break;
		}
	}
	e = p->result;
	if (e == ERR_OK && p->missed) {
		e = fenced(p);
	}
	if (e != ERR_OK) {
		/* Whether it is durable is unknown now: only a restart can tell. */
		s->phase = STORE_BROKEN;
		return e;
	}
	atomic_store(&p->held_until_ms, begun + STORE_POSTGRES_LEASE_MS);
	return ERR_OK;
}

/* BEGIN, one statement, COMMIT, in one run: the statement is a compare-and-set, and one that hits
 * nothing changes nothing. */
static enum err change_one(struct store_postgres *p, enum statement which,
			   const struct arguments *a, bool patient, uint64_t limit_ms)
{
	for (unsigned i = 0; i < STORE_POSTGRES_TRIES; i++) {
		begin_run(p, limit_ms);
		queue(p, BEGIN, NULL);
		if (!patient) {
			queue(p, PATIENCE, NULL);
		}
		queue(p, which, a);
		queue(p, COMMIT, NULL);
		queue_sync(p);
		if (p->result == ERR_OK && collect(p, patient ? 1 : 2, false, "write") &&
		    collect(p, 1, true, "write") && collect(p, 1, false, "commit")) {
			(void)collect_sync(p, "commit");
		}
		if (p->result == ERR_OK && p->doubted) {
			store_fault_set(&p->base.fault,
					"%s: cannot commit: the database warns that it is not "
					"replicated",
					p->base.path);
			p->result = ERR_IO;
		}
		if (p->result != ERR_OK && PQtransactionStatus(p->db) == PQTRANS_INERROR) {
			enum err e = p->result;
			bool again = p->again;

			p->result = ERR_OK;
			end_with(p, ROLLBACK);
			p->result = e;
			p->again = again;
		}
		if (!p->again) {
			break;
		}
	}
	return p->result;
}

enum err store_postgres_restoring(struct store_postgres *s, bool restoring)
{
	struct arguments a = { .n = 0 };
	enum err e;

	CHECK(s->writer && s->base.phase == STORE_READY);
	CHECK(restoring == (s->base.next_sequence == 0));
	put_u64(&a, s->epoch);
	put_u64(&a, s->base.next_sequence);
	put_bytes(&a, bytes_of(s->base.head.b, sizeof s->base.head.b));
	put_bytes(&a, bytes_str(restoring ? RESTORING : APPLICATION));
	e = change_one(s, MARK, &a, true, STORE_POSTGRES_ANSWER_MS);
	if (e == ERR_OK && s->missed) {
		e = fenced(s);
	}
	if (e != ERR_OK) {
		s->base.phase = STORE_BROKEN;
	}
	return e;
}

static enum err beat(struct store *s)
{
	struct store_postgres *p = postgres_of(s);
	uint64_t begun = p->options.mono_ms();
	struct arguments a = { .n = 0 };
	enum err e;

	CHECK(p->writer);
	put_u64(&a, p->epoch);
	e = change_one(p, BEAT, &a, true, STORE_POSTGRES_ANSWER_MS);
	if (e == ERR_OK && p->missed) {
		e = fenced(p);
	}
	if (e != ERR_OK) {
		s->phase = STORE_BROKEN;
		return e;
	}
	atomic_store(&p->held_until_ms, begun + STORE_POSTGRES_LEASE_MS);
	return ERR_OK;
}

bool store_postgres_holds(struct store_postgres *s)
{
	return s->options.mono_ms() < atomic_load(&s->held_until_ms);
}

/* --- reading --- */

/* Blobs of one batch, asked for CHUNK_BLOBS at a time. */
struct chunk {
	struct store_postgres *p;
	struct bytes names;
	size_t first, n;
	PGresult *result[CHUNK_BLOBS];
};

static void chunk_clear(struct chunk *c)
{
	for (size_t i = 0; i < c->n; i++) {
		PQclear(c->result[i]);
	}
	c->n = 0;
}

static enum err chunk_fill(struct chunk *c, size_t first)
{
	struct store_postgres *p = c->p;
	size_t n = c->names.n / HASH - first;

	n = n > CHUNK_BLOBS ? CHUNK_BLOBS : n;
	chunk_clear(c);
	c->first = first;
	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	for (size_t i = 0; i < n; i++) {
		struct arguments a = { .n = 0 };

		put_bytes(&a, bytes_of(c->names.p + (first + i) * HASH, HASH));
		queue(p, GET_BLOB, &a);
	}
	queue_sync(p);
	for (size_t i = 0; i < n && p->result == ERR_OK; i++) {
		if (!wait_statement(p, &c->result[i], "read")) {
			return p->result;
		}
		c->n = i + 1;
		if (PQresultStatus(c->result[i]) != PGRES_TUPLES_OK) {
			run_failed(p, failed(p, c->result[i], "read"));
		}
	}
	if (p->result == ERR_OK) {
		(void)collect_sync(p, "read");
	}
	return p->result;
}

static enum err next_blob(void *context, struct bytes *out, const uint8_t *name, size_t at)
{
	struct chunk *c = context;

	(void)name;
	if (at == 0 || at >= c->first + c->n) {
		enum err e = chunk_fill(c, at);

		if (e != ERR_OK) {
			return e;
		}
	}
	CHECK(at >= c->first && at < c->first + c->n);
	if (PQntuples(c->result[at - c->first]) != 1) {
		return ERR_NOT_FOUND;
	}
	*out = column_bytes(c->result[at - c->first], 0, 0);
	return ERR_OK;
}

static struct store_row row_of(const PGresult *r, int i)
{
	return (struct store_row){
		.first_sequence = column_number(r, i, 0),
		.count = column_number(r, i, 1),
		.previous = column_bytes(r, i, 2),
		.hash = column_bytes(r, i, 3),
		.root = column_bytes(r, i, 4),
		.records = column_bytes(r, i, 5),
		.blobs = column_bytes(r, i, 6),
	};
}

static enum err replay_row(struct store_postgres *p, const PGresult *r, int i, uint8_t *buffer,
			   size_t cap, store_each each, void *context)
{
	struct store_row row = row_of(r, i);
	struct chunk c = { .p = p, .names = row.blobs };
	enum err e = store_row_replay(&p->base, &row, buffer, cap, next_blob, &c, each, context);

	chunk_clear(&c);
	return e;
}

/* All batches from where the store stands. */
static enum err read_on(struct store_postgres *p, uint8_t *buffer, size_t cap, store_each each,
			void *context)
{
	int rows = CHUNK_BATCHES;

	while (rows == CHUNK_BATCHES) {
		struct arguments a = { .n = 0 };
		PGresult *r = NULL;
		enum err e;

		begin_run(p, STORE_POSTGRES_ANSWER_MS);
		put_u64(&a, p->base.next_sequence);
		e = ask(p, EACH_BATCH, &a, &r, "read");
		if (e != ERR_OK) {
			return e;
		}
		rows = PQntuples(r);
		for (int i = 0; i < rows && e == ERR_OK; i++) {
			e = replay_row(p, r, i, buffer, cap, each, context);
		}
		PQclear(r);
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}

/* The end of what was read is the end that the writer row names, or lies behind an older look. */
static enum err check_end(struct store_postgres *p, const struct store_postgres_seen *seen)
{
	if (p->base.next_sequence < seen->next_sequence) {
		return store_row_corrupt(&p->base, "the writer row names batches that are missing");
	}
	if (p->base.next_sequence == seen->next_sequence &&
	    !hash32_eq(&p->base.head, &seen->head)) {
		return store_row_corrupt(&p->base, "the writer row names another last batch");
	}
	return ERR_OK;
}

static enum err replay(struct store *s, uint8_t *buffer, size_t cap, store_each each, void *context)
{
	struct store_postgres *p = postgres_of(s);
	struct store_postgres_seen seen = { .epoch = 0 };
	enum err e;

	/* First the row, then the batches: those that come in between are only more. */
	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	e = look(p, &seen);
	if (e == ERR_OK) {
		e = read_on(p, buffer, cap, each, context);
	}
	if (e == ERR_OK) {
		e = check_end(p, &seen);
	}
	return e;
}

static enum err blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 const struct hash32 *name)
{
	struct store_postgres *p = postgres_of(s);
	struct arguments a = { .n = 0 };
	PGresult *r = NULL;
	enum err e;

	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	put_bytes(&a, bytes_of(name->b, HASH));
	e = ask(p, GET_BLOB, &a, &r, "read");
	if (e == ERR_OK && PQntuples(r) != 1) {
		store_fault_set(&s->fault, "%s: no such blob", s->path);
		e = ERR_NOT_FOUND;
	}
	if (e == ERR_OK) {
		e = store_row_blob_copy(s, out, buffer, cap, column_bytes(r, 0, 0), name);
	}
	PQclear(r);
	return e;
}

/* One row about the batch that has this record; nothing beyond what this server knows. */
static enum err ask_sequence(struct store_postgres *p, enum statement which, PGresult **r,
			     uint64_t sequence)
{
	struct arguments a = { .n = 0 };
	enum err e = ERR_NOT_FOUND;

	if (sequence < p->base.next_sequence) {
		begin_run(p, STORE_POSTGRES_ANSWER_MS);
		put_u64(&a, sequence);
		e = ask(p, which, &a, r, "read");
	}
	if (e == ERR_NOT_FOUND || (e == ERR_OK && PQntuples(*r) != 1)) {
		store_fault_set(&p->base.fault, "%s: there is no record %llu", p->base.path,
				(unsigned long long)sequence);
		return ERR_NOT_FOUND;
	}
	return e;
}

static enum err batch_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			  uint64_t sequence)
{
	struct store_postgres *p = postgres_of(s);
	PGresult *r = NULL;
	enum err e = ask_sequence(p, GET_BATCH, &r, sequence);

	if (e == ERR_OK) {
		struct store_row row = row_of(r, 0);
		struct chunk c = { .p = p, .names = row.blobs };

		e = store_row_batch(s, out, buffer, cap, &row, next_blob, &c);
		chunk_clear(&c);
	}
	PQclear(r);
	return e;
}

static enum err record_get(struct store *s, uint8_t out[LOG_RECORD_BYTES], uint64_t sequence)
{
	PGresult *r = NULL;
	enum err e = ask_sequence(postgres_of(s), GET_RECORD, &r, sequence);

	if (e == ERR_OK) {
		struct bytes record = column_bytes(r, 0, 0);

		if (record.n == LOG_RECORD_BYTES) {
			memcpy(out, record.p, LOG_RECORD_BYTES);
		} else {
			e = store_row_corrupt(s, "a record is not there any more");
		}
	}
	PQclear(r);
	return e;
}

static void close_db(struct store *s)
{
	struct store_postgres *p = postgres_of(s);

	if (p->db != NULL && p->writer && s->phase == STORE_READY) {
		struct arguments a = { .n = 0 };

		/* Only a courtesy: without it the others wait for as long as their patience is. */
		put_u64(&a, p->epoch);
		if (change_one(p, RELEASE, &a, true, STORE_POSTGRES_LOOK_MS) != ERR_OK) {
			p->writer = false;
		}
	}
	disconnect(p);
}

static const struct store_engine engine = {
	.name = "postgres",
	.append = append,
	.beat = beat,
	.beat_ms = STORE_POSTGRES_BEAT_MS,
	.replay = replay,
	.blob_get = blob_get,
	.batch_get = batch_get,
	.record_get = record_get,
	.close = close_db,
};

/* --- the way in --- */

bool store_postgres_is_url(const char *text)
{
	return strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;
}

static enum err config_fault(struct store_postgres *p, const char *where, const char *why)
{
	store_fault_set(&p->base.fault, "%s: %s: %s", p->base.path, where, why);
	return ERR_CONFIG;
}

/* A socket's directory or this machine: what is said there passes no network. */
static bool host_is_here(const char *host, size_t n)
{
	static const char *const here[] = { "localhost", "127.0.0.1", "::1" };

	if (n == 0 || host[0] == '/' || host[0] == '@') {
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		if (n == strlen(here[i]) && memcmp(host, here[i], n) == 0) {
			return true;
		}
	}
	return false;
}

static bool hosts_are_here(const char *list)
{
	for (;;) {
		size_t n = strcspn(list, ",");

		if (!host_is_here(list, n)) {
			return false;
		}
		if (list[n] == '\0') {
			return true;
		}
		list += n + 1;
	}
}

/* What the URL says and may say. */
struct given {
	PQconninfoOption *options;
	bool remote;
	const char *sslmode;
};

static enum err judge_option(struct store_postgres *p, const PQconninfoOption *o, struct given *g)
{
	static const char *const ours[] = { "target_session_attrs",
					    "client_encoding",
					    "application_name",
					    "fallback_application_name",
					    "service",
					    "replication",
					    "options",
					    "keepalives",
					    "tcp_user_timeout" };

	if (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0) {
		return config_fault(p, o->keyword,
				    "a password in a URL is seen by everybody who lists processes; "
				    "use ~/.pgpass (mode 0600), a client certificate, or peer "
				    "authentication over a Unix socket");
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strcmp(o->keyword, ours[i]) == 0) {
			return config_fault(p, o->keyword, "is not for the URL to say");
		}
	}
	if (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0) {
		g->remote = g->remote || !hosts_are_here(o->val);
	}
	if (strcmp(o->keyword, "sslmode") == 0) {
		g->sslmode = o->val;
	}
	return ERR_OK;
}

/* Configuration is the URL alone (design.md 10.3). */
static enum err judge_environment(struct store_postgres *p)
{
	PQconninfoOption *all = PQconndefaults();
	enum err e = ERR_OK;

	for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL && e == ERR_OK; o++) {
		if (o->envvar != NULL && getenv(o->envvar) != NULL) {
			e = config_fault(p, o->envvar,
					 "this variable of the environment would change where the "
					 "journal is; unset it");
		}
	}
	PQconninfoFree(all);
	return e;
}

static enum err judge_url(struct store_postgres *p, struct given *g)
{
	char *why = NULL;
	bool named = false;
	enum err e = ERR_OK;

	if (!store_postgres_is_url(p->url)) {
		return config_fault(p, "store", "a URL postgres://HOST/DATABASE is wanted");
	}
	g->options = PQconninfoParse(p->url, &why);
	if (g->options == NULL) {
		char words[160];

		one_line(words, why == NULL ? "no memory" : why);
		PQfreemem(why);
		return config_fault(p, "store", words);
	}
	for (PQconninfoOption *o = g->options; o->keyword != NULL && e == ERR_OK; o++) {
		if (o->val != NULL) {
			named = named || strcmp(o->keyword, "dbname") == 0;
			e = judge_option(p, o, g);
		}
	}
	if (e == ERR_OK && !named) {
		e = config_fault(p, "store", "the URL names no database");
	}
	if (e == ERR_OK && g->remote && g->sslmode != NULL &&
	    strcmp(g->sslmode, "verify-full") != 0) {
		e = config_fault(p, "sslmode",
				 "a database behind a network is asked with verify-full only");
	}
	return e == ERR_OK ? judge_environment(p) : e;
}

static enum err connect_db(struct store_postgres *p, const struct given *g)
{
	/* A host that is gone is noticed by the kernel too, a paused one by our deadlines. */
	static const char *const own[][2] = {
		{ "client_encoding", "UTF8" }, { "application_name", "kuramorid" },
		{ "connect_timeout", "2" },    { "keepalives", "1" },
		{ "keepalives_idle", "2" },    { "keepalives_interval", "1" },
		{ "keepalives_count", "3" },   { "tcp_user_timeout", "5000" },
	};
	const char *keys[64 + ARRAY_LEN(own)], *values[64 + ARRAY_LEN(own)];
	size_t n = 0;

	keys[n] = "target_session_attrs";
	values[n++] = p->options.read_only ? "any" : "read-write";
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		keys[n] = own[i][0];
		values[n++] = own[i][1];
	}
	if (g->remote) {
		keys[n] = "sslmode";
		values[n++] = "verify-full";
	}
	for (const PQconninfoOption *o = g->options; o->keyword != NULL; o++) {
		if (o->val != NULL) {
			CHECK(n < ARRAY_LEN(keys) - 1);
			keys[n] = o->keyword;
			values[n++] = o->val; /* of a key that stands twice the last counts */
		}
	}
	keys[n] = NULL;
	values[n] = NULL;
	p->db = PQconnectdbParams(keys, values, 0);
	CHECK(p->db != NULL); /* no memory for a few hundred bytes */
	if (PQstatus(p->db) != CONNECTION_OK) {
		char words[160];
		bool denied = strstr(PQerrorMessage(p->db), "authentication failed") != NULL ||
			      strstr(PQerrorMessage(p->db), "no pg_hba.conf entry") != NULL ||
			      PQconnectionNeedsPassword(p->db) != 0;
		bool read_only = strstr(PQerrorMessage(p->db), "read-only") != NULL;

		one_line(words, PQerrorMessage(p->db));
		store_fault_set(&p->base.fault, "%s: cannot connect: %s%s", p->base.path,
				read_only ? "it takes no writes: " : "", words);
		return denied ? ERR_UNAUTHORISED : ERR_UNREACHABLE;
	}
	(void)PQsetNoticeReceiver(p->db, on_notice, p);
	if (PQsetnonblocking(p->db, 1) != 0 || PQenterPipelineMode(p->db) == 0) {
		return lost(p, "open");
	}
	return ERR_OK;
}

/* SHOW name into out; longer ones are cut. */
static enum err show(struct store_postgres *p, char out[128], const char *name)
{
	char sql[64];
	PGresult *r = NULL;
	enum err e;

	(void)snprintf(sql, sizeof sql, "SHOW %s", name);
	e = ask_text(p, &r, sql);
	if (e == ERR_OK) {
		(void)snprintf(out, 128, "%s", PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "");
	}
	PQclear(r);
	return e;
}

static enum err refuse_setting(struct store_postgres *p, const char *name, const char *value,
			       const char *why)
{
	store_fault_set(&p->base.fault, "%s: the database has %s = %s: %s", p->base.path, name,
			value, why);
	return ERR_POLICY;
}

/* What the server would do with what it acknowledges. */
static enum err judge_settings(struct store_postgres *p)
{
	static const struct {
		const char *name, *why;
	} on[] = {
		{ "fsync", "a crash of its machine would lose or damage the journal" },
		{ "full_page_writes", "a crash of its machine would damage the journal" },
	};

	char value[128] = "";
	enum err e;

	/* CockroachDB says who it is, has none of these, and cannot be told to be careless. */
	if (PQparameterStatus(p->db, "crdb_version") != NULL) {
		return ERR_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(on); i++) {
		e = show(p, value, on[i].name);
		if (e != ERR_OK) {
			return e;
		}
		if (strcmp(value, "on") != 0) {
			return refuse_setting(p, on[i].name, value, on[i].why);
		}
	}
	e = show(p, value, "synchronous_commit");
	if (e != ERR_OK) {
		return e;
	}
	if (strcmp(value, "off") == 0) {
		return refuse_setting(p, "synchronous_commit", value,
				      "it would acknowledge what it has not written");
	}
	if (!p->options.replica_required) {
		return ERR_OK;
	}
	if (strcmp(value, "on") != 0 && strcmp(value, "remote_apply") != 0) {
		return refuse_setting(p, "synchronous_commit", value,
				      "with replica_required it must be on or remote_apply");
	}
	e = show(p, value, "synchronous_standby_names");
	if (e == ERR_OK && value[0] == '\0') {
		store_fault_set(&p->base.fault, "%s: %s", p->base.path, no_standby);
		e = ERR_POLICY;
	}
	return e;
}

static enum err judge_server(struct store_postgres *p)
{
	const char *encoding = PQparameterStatus(p->db, "server_encoding");
	int version = PQserverVersion(p->db);

	if (version < STORE_POSTGRES_SERVER_MIN) {
		store_fault_set(&p->base.fault,
				"%s: the server is of version %d.%d, at least %d is needed",
				p->base.path, version / 10000, version % 10000,
				STORE_POSTGRES_SERVER_MIN / 10000);
		return ERR_VERSION;
	}
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		store_fault_set(&p->base.fault, "%s: the database's encoding is %s, UTF8 is wanted",
				p->base.path, encoding == NULL ? "unknown" : encoding);
		return ERR_INPUT;
	}
	return p->options.read_only ? ERR_OK : judge_settings(p);
}

/* --- the tables --- */

static const struct {
	const char *table, *column, *type;
} columns[] = {
	{ "batches", "first_sequence", "bigint" },
	{ "batches", "epoch", "bigint" },
	{ "batches", "count", "integer" },
	{ "batches", "previous", "bytea" },
	{ "batches", "hash", "bytea" },
	{ "batches", "root", "bytea" },
	{ "batches", "records", "bytea" },
	{ "batches", "blobs", "bytea" },
	{ "blobs", "hash", "bytea" },
	{ "blobs", "epoch", "bigint" },
	{ "blobs", "bytes", "bytea" },
	{ "writer", "id", "integer" },
	{ "writer", "application", "text" },
	{ "writer", "version", "integer" },
	{ "writer", "epoch", "bigint" },
	{ "writer", "next_sequence", "bigint" },
	{ "writer", "head", "bytea" },
	{ "writer", "beat", "bigint" },
	{ "writer", "released", "boolean" },
	{ "writer", "who", "text" },
};

/* In this order each is made only after the one before; the row of writer comes last of all, so
 * that a creation that was cut off shows and goes on. */
static const char *const creation[] = {
	"CREATE TABLE IF NOT EXISTS batches(first_sequence bigint NOT NULL, epoch bigint NOT NULL, "
	"count integer NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL, root bytea NOT "
	"NULL, "
	"records bytea NOT NULL, blobs bytea NOT NULL, PRIMARY KEY(first_sequence, epoch))",
	"CREATE TABLE IF NOT EXISTS blobs(hash bytea NOT NULL, epoch bigint NOT NULL, "
	"bytes bytea NOT NULL, PRIMARY KEY(hash, epoch))",
	"CREATE TABLE IF NOT EXISTS writer(id integer NOT NULL PRIMARY KEY, application text NOT "
	"NULL, version integer NOT NULL, epoch bigint NOT NULL, next_sequence bigint NOT NULL, "
	"head bytea NOT NULL, beat bigint NOT NULL, released boolean NOT NULL, who text NOT NULL)",
	"INSERT INTO writer(id, application, version, epoch, next_sequence, head, beat, released, "
	"who) VALUES(1, '" APPLICATION
	"', 1, 0, 0, '\\x0000000000000000000000000000000000000000000000000000000000000000', 0, "
	"true, '') ON CONFLICT(id) DO NOTHING",
};

static_assert(STORE_POSTGRES_VERSION == 1, "as in creation");

/* How the database's tables compare with ours. */
struct tables {
	int rows;     /* columns of all tables of the schema */
	int ours;     /* of these, exactly as ours, in a row from the first */
	bool named;   /* a table writer with the columns application and version */
	int foreign;  /* tables in other schemas */
	int triggers; /* of the schema */
};

static enum err count_rows(struct store_postgres *p, int *out, const char *sql)
{
	PGresult *r = NULL;
	enum err e = ask_text(p, &r, sql);

	*out = e == ERR_OK ? PQntuples(r) : 0;
	PQclear(r);
	return e;
}

static enum err read_tables(struct store_postgres *p, struct tables *t)
{
	PGresult *r = NULL;
	bool application = false, version = false;
	enum err e = ask_text(p, &r,
			      "SELECT CAST(table_name AS text), CAST(column_name AS text), "
			      "CAST(data_type AS text) FROM information_schema.columns WHERE "
			      "table_schema = 'public' ORDER BY table_name, ordinal_position");

	if (e != ERR_OK) {
		return e;
	}
	*t = (struct tables){ .rows = PQntuples(r) };
	for (int i = 0; i < t->rows; i++) {
		const char *table = PQgetvalue(r, i, 0), *column = PQgetvalue(r, i, 1);
		const char *type = PQgetvalue(r, i, 2);

		if (i == t->ours && i < (int)ARRAY_LEN(columns) &&
		    strcmp(table, columns[i].table) == 0 &&
		    strcmp(column, columns[i].column) == 0 && strcmp(type, columns[i].type) == 0) {
			t->ours++;
		}
		if (strcmp(table, "writer") == 0) {
			application = application || (strcmp(column, "application") == 0 &&
						      strcmp(type, "text") == 0);
			version = version ||
				  (strcmp(column, "version") == 0 && strcmp(type, "integer") == 0);
		}
	}
	t->named = application && version;
	PQclear(r);
	e = count_rows(p, &t->foreign,
		       "SELECT 1 FROM information_schema.tables WHERE table_schema NOT IN "
		       "('public', 'pg_catalog', 'information_schema', 'crdb_internal', "
		       "'pg_extension')");
	if (e == ERR_OK) {
		e = count_rows(p, &t->triggers,
			       "SELECT 1 FROM information_schema.triggers WHERE "
			       "event_object_schema = 'public'");
	}
	return e;
}

static enum err half_restored(struct store_postgres *p)
{
	store_fault_set(&p->base.fault,
			"%s: a restore into this database has not ended: it has a part of the "
			"backup. If nobody is restoring now, drop the database and restore again",
			p->base.path);
	return ERR_STATE;
}

static enum err foreign_database(struct store_postgres *p)
{
	store_fault_set(&p->base.fault, "%s: not a Kuramori journal: a database of another program",
			p->base.path);
	return ERR_TYPE;
}

/* One reading for identify().  *headless: there are batches, and no writer row was seen before. */
static enum err identify_once(struct store_postgres *p, bool *empty, bool *headless)
{
	struct tables t;
	PGresult *r = NULL;
	char application[64] = "";
	int rows = 0;
	long version = 0;
	enum err e = read_tables(p, &t);

	*empty = false;
	*headless = false;
	if (e != ERR_OK) {
		return e;
	}
	if (t.named) {
		e = ask_text(p, &r, "SELECT application, version FROM writer");
		if (e != ERR_OK) {
			return e;
		}
		rows = PQntuples(r);
		if (rows == 1) {
			column_text(application, sizeof application, r, 0, 0);
			version = strtol(PQgetvalue(r, 0, 1), NULL, 10);
		}
		PQclear(r);
	}
	if (rows == 0) {
		/* empty, or exactly what a creation that was cut off left */
		if (t.foreign > 0 || t.rows != t.ours || t.triggers > 0) {
			return foreign_database(p);
		}
		rows = 0;
		if (t.rows > 0) { /* the first table that is made is batches */
			e = count_rows(p, &rows, "SELECT 1 FROM batches LIMIT 1");
		}
		*headless = e == ERR_OK && rows > 0;
		*empty = e == ERR_OK && rows == 0;
		return e;
	}
	if (strcmp(application, RESTORING) == 0) {
		return half_restored(p);
	}
	if (strcmp(application, APPLICATION) != 0) {
		return foreign_database(p);
	}
	if (version > STORE_POSTGRES_VERSION) {
		store_fault_set(&p->base.fault, "%s: schema version %ld, this program reads %d",
				p->base.path, version, STORE_POSTGRES_VERSION);
		return ERR_VERSION;
	}
	if (version != STORE_POSTGRES_VERSION) {
		return store_row_corrupt(&p->base, "its schema version is impossible");
	}
	if (t.rows != (int)ARRAY_LEN(columns) || t.ours != t.rows || t.triggers > 0) {
		return store_row_corrupt(&p->base, "its tables are not ours");
	}
	return ERR_OK;
}

/* Whose database is it?  Nothing is written before that is known. */
static enum err identify(struct store_postgres *p, bool *empty)
{
	bool headless = false;
	enum err e = identify_once(p, empty, &headless);

	if (e == ERR_OK && headless) {
		/* Another server may have created it and written since we looked for the row, which
		 * is there before any batch: then it is seen now. */
		e = identify_once(p, empty, &headless);
	}
	return e == ERR_OK && headless ? store_row_corrupt(&p->base, "the writer row is missing")
				       : e;
}

/* Two servers may do this at once: what the other has made is there, and that is all right. */
static enum err create_tables(struct store_postgres *p)
{
	enum err e = ERR_OK;
	bool empty = true;

	for (unsigned tries = 0; tries < STORE_POSTGRES_TRIES && empty; tries++) {
		e = ERR_OK;
		for (size_t i = 0; i < ARRAY_LEN(creation) && e == ERR_OK; i++) {
			e = ask_text(p, NULL, creation[i]);
		}
		if (e != ERR_OK && (e == ERR_UNREACHABLE || e == ERR_TIMEOUT ||
				    e == ERR_UNAUTHORISED || e == ERR_FULL)) {
			return e;
		}
		{
			struct store_fault fault = p->base.fault;
			enum err again = identify(p, &empty);

			if (again != ERR_OK) {
				return again;
			}
			p->base.fault = fault;
		}
	}
	return empty ? (e == ERR_OK ? ERR_IO : e) : ERR_OK;
}

static enum err prepare(struct store_postgres *p)
{
	size_t n = 0;

	begin_run(p, STORE_POSTGRES_ANSWER_MS);
	for (size_t i = 0; i < STATEMENTS; i++) {
		if (i == STANDBYS && PQparameterStatus(p->db, "crdb_version") != NULL) {
			continue; /* never asked there: judge_settings() */
		}
		if (p->result == ERR_OK &&
		    PQsendPrepare(p->db, statements[i].name, statements[i].sql, statements[i].n,
				  statements[i].types) == 0) {
			run_failed(p, lost(p, "open"));
		}
		n++;
	}
	queue_sync(p);
	if (p->result == ERR_OK && collect(p, n, false, "open")) {
		(void)collect_sync(p, "open");
	}
	return p->result;
}

/*
 * The database compresses the records of a batch: LZ4 costs it less than its own way
 * (bench/README.md).  Older servers, those built without, and others have no such setting: as well.
 */
static enum err compress_quickly(struct store_postgres *p)
{
	enum err e = ask_text(p, NULL, "SET default_toast_compression = 'lz4'");

	return e == ERR_UNREACHABLE || e == ERR_TIMEOUT ? e : ERR_OK;
}

/* Connection, server, tables, statements.  create: an empty database gets our tables. */
static enum err start(struct store_postgres *p, bool create)
{
	struct given g = { .options = NULL };
	bool empty = false;
	enum err e = judge_url(p, &g);

	if (e == ERR_OK) {
		e = connect_db(p, &g);
	}
	PQconninfoFree(g.options);
	if (e == ERR_OK) {
		e = judge_server(p);
	}
	if (e == ERR_OK) {
		e = ask_text(p, NULL, "SET search_path = public");
	}
	if (e == ERR_OK) {
		e = ask_text(p, NULL, "SET idle_in_transaction_session_timeout = 3000");
	}
	if (e == ERR_OK) {
		e = ask_text(p, NULL, "SET statement_timeout = 0");
	}
	if (e == ERR_OK) {
		e = compress_quickly(p);
	}
	if (e == ERR_OK) {
		e = identify(p, &empty);
	}
	if (e == ERR_OK && empty && p->options.read_only) {
		store_fault_set(&p->base.fault, "%s: no journal is here", p->base.path);
		return ERR_NOT_FOUND;
	}
	if (e == ERR_OK && empty && !create) {
		store_fault_set(&p->base.fault, "%s: the journal that was there is gone",
				p->base.path);
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK && empty) {
		e = create_tables(p);
	}
	return e == ERR_OK ? prepare(p) : e;
}

static_assert(STORE_POSTGRES_IDLE_MS == 3000, "as in start()");

/* Messages name hosts and database: no settings, and no user, behind whom a password may stand. */
static void shown_url(char *out, size_t cap, const char *url)
{
	size_t n = strcspn(url, "?"), at = 0;

	for (size_t i = 0; i < n; i++) {
		if (url[i] == '@') {
			at = i + 1;
		}
	}
	(void)snprintf(out, cap, "%s%.*s", at > 0 ? "postgres://" : "", (int)(n - at), url + at);
}

enum err store_postgres_open(struct store_postgres *s, const struct store_postgres_options *options,
			     struct store_fault *fault)
{
	enum err e;
	int url, who;
	char shown[sizeof s->base.path];

	memset(s, 0, sizeof(*s));
	shown_url(shown, sizeof shown, options->url);
	store_init(&s->base, &engine, shown);
	s->options = *options;
	url = snprintf(s->url, sizeof s->url, "%s", options->url);
	who = snprintf(s->who, sizeof s->who, "%s", options->who);
	s->options.url = s->url;
	s->options.who = s->who;
	if (url < 0 || (size_t)url >= sizeof s->url || who < 0 || (size_t)who >= sizeof s->who) {
		e = config_fault(s, "store", "the URL or the name of this server is too long");
	} else {
		e = start(s, true);
	}
	if (e != ERR_OK) {
		*fault = s->base.fault;
		store_close(&s->base);
	}
	return e;
}

/* --- standing by and taking over --- */

/* What another look may mend. */
static bool passing(enum err e)
{
	return e == ERR_UNREACHABLE || e == ERR_TIMEOUT || e == ERR_UNAUTHORISED || e == ERR_IO ||
	       e == ERR_BUSY || e == ERR_FULL || e == ERR_POLICY;
}

static enum err ended(struct store_postgres *p, enum err e)
{
	if (e == ERR_OK || e == ERR_BUSY) {
		return e;
	}
	if (passing(e)) {
		disconnect(p);
		p->looked = false; /* a silence that we could not hear does not count */
	} else {
		p->base.phase = STORE_BROKEN;
	}
	return e;
}

/* The database must have all that was read here before: a replica that was promoted may not. */
static enum err same_history(struct store_postgres *p, const struct store_postgres_seen *now)
{
	if (now->next_sequence < p->base.next_sequence ||
	    (now->next_sequence == p->base.next_sequence &&
	     !hash32_eq(&now->head, &p->base.head))) {
		store_fault_set(
		    &p->base.fault,
		    "%s: the database ends at record %llu, here are %llu that were read "
		    "from it before: it is an older or another copy",
		    p->base.path, (unsigned long long)now->next_sequence,
		    (unsigned long long)p->base.next_sequence);
		return ERR_MISMATCH;
	}
	return ERR_OK;
}

static enum err look_and_follow(struct store_postgres *p, uint8_t *buffer, size_t cap,
				store_each each, void *context)
{
	struct store_postgres_seen now = { .epoch = 0 };
	uint64_t when = p->options.mono_ms();
	enum err e = ERR_OK;

	if (p->db == NULL) {
		e = start(p, false);
	}
	if (e != ERR_OK) {
		return e;
	}
	begin_run(p, STORE_POSTGRES_LOOK_MS);
	e = look(p, &now);
	if (e == ERR_OK) {
		e = same_history(p, &now);
	}
	if (e == ERR_OK && now.next_sequence > p->base.next_sequence) {
		e = read_on(p, buffer, cap, each, context);
	}
	if (e == ERR_OK) {
		e = check_end(p, &now);
	}
	if (e != ERR_OK) {
		return e;
	}
	/* From after the answer that brought it to before the question that brings it again. */
	if (!p->looked || now.beat != p->seen.beat || now.epoch != p->seen.epoch) {
		p->seen_since_ms = p->options.mono_ms();
		when = p->seen_since_ms;
	}
	p->seen = now;
	p->looked = true;
	if (now.released || when - p->seen_since_ms >= STORE_POSTGRES_PATIENCE_MS) {
		return ERR_OK;
	}
	store_fault_set(&p->base.fault, "%s: another process writes this journal: %s, epoch %llu",
			p->base.path, now.who, (unsigned long long)now.epoch);
	return ERR_BUSY;
}

enum err store_postgres_stand_by(struct store_postgres *s, uint8_t *buffer, size_t cap,
				 store_each each, void *context)
{
	if (s->base.phase != STORE_READY || s->writer || s->options.read_only) {
		return ERR_STATE;
	}
	return ended(s, look_and_follow(s, buffer, cap, each, context));
}

static enum err another_was_faster(struct store_postgres *p)
{
	store_fault_set(&p->base.fault, "%s: another process was faster", p->base.path);
	return ERR_BUSY;
}

/* More was read than the row named that was read before.  Only a server that took over in between
 * may have written it, and then the row names it. */
static enum err deposed_or_corrupt(struct store_postgres *p, uint64_t epoch)
{
	struct store_postgres_seen now = { .epoch = 0 };
	enum err e;

	begin_run(p, STORE_POSTGRES_LOOK_MS);
	e = look(p, &now);
	if (e != ERR_OK) {
		return e;
	}
	return now.epoch != epoch
		   ? another_was_faster(p)
		   : store_row_corrupt(&p->base,
				       "there are batches that the writer row does not name");
}

static enum err take(struct store_postgres *p, uint8_t *buffer, size_t cap, store_each each,
		     void *context)
{
	struct store_postgres_seen now = { .epoch = 0 };
	struct arguments a = { .n = 0 };
	uint64_t begun = p->options.mono_ms();
	enum err e;

	put_u64(&a, p->seen.epoch);
	put_u64(&a, p->seen.beat);
	put_number(&a, p->seen.released, 1);
	put_bytes(&a, bytes_str(p->who));
	e = change_one(p, TAKE, &a, false, STORE_POSTGRES_LOOK_MS);
	if (e == ERR_OK && p->missed && p->seen.restoring) {
		return half_restored(p);
	}
	if (e == ERR_OK && p->missed) {
		e = another_was_faster(p);
	}
	if (e != ERR_OK) {
		return e;
	}
	/* From here on only one who takes over in turn can write; the epoch shows him. */
	begin_run(p, STORE_POSTGRES_LOOK_MS);
	e = look(p, &now);
	if (e == ERR_OK && now.epoch != p->seen.epoch + 1) {
		return another_was_faster(p);
	}
	if (e == ERR_OK) {
		e = same_history(p, &now);
	}
	if (e == ERR_OK) {
		e = read_on(p, buffer, cap, each, context);
	}
	if (e == ERR_OK) {
		e = check_end(p, &now);
	}
	if (e == ERR_OK && p->base.next_sequence != now.next_sequence) {
		e = deposed_or_corrupt(p, now.epoch);
	}
	if (e != ERR_OK) {
		return e;
	}
	p->epoch = now.epoch;
	p->seen = now;
	p->writer = true;
	atomic_store(&p->held_until_ms, begun + STORE_POSTGRES_LEASE_MS);
	return ERR_OK;
}

enum err store_postgres_take(struct store_postgres *s, uint8_t *buffer, size_t cap, store_each each,
			     void *context)
{
	enum err e;

	if (s->base.phase != STORE_READY || s->writer || !s->looked || s->db == NULL) {
		return ERR_STATE;
	}
	e = ended(s, take(s, buffer, cap, each, context));
	if (e == ERR_BUSY) {
		s->looked = false; /* its beat is news */
	}
	return e;
}
