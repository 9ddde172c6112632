/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_run.c - the statements, and one run of them.
 *
 * The connection is in pipeline mode throughout: a run of statements is sent, then a sync, then all
 * answers are read, with a deadline.  SQL is kept to what CockroachDB and YugabyteDB take too: no
 * advisory lock, no sequence, no function of the server.
 */
#include "store/postgres_run.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/check.h"

enum {
	OID_BOOL = 16, /* of the types, the same in every PostgreSQL */
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT4 = 23,
	OID_TEXT = 25,
};

/* clang-format off */
static const struct {
	const char *name, *sql;
	int n;
	Oid types[PG_ARGUMENTS_MAX];
} statements[PG_STATEMENTS] = {
	[PG_BEGIN] = { "begin", "BEGIN", 0, { 0 } },
	[PG_COMMIT] = { "commit", "COMMIT", 0, { 0 } },
	[PG_ROLLBACK] = { "rollback", "ROLLBACK", 0, { 0 } },
	[PG_PATIENCE] = { "patience", "SET LOCAL lock_timeout = 1000", 0, { 0 } },
	[PG_STANDBYS] = { "standbys", "SHOW synchronous_standby_names", 0, { 0 } },
	[PG_LOOK] = { "look", "SELECT epoch, next_sequence, head, beat, released, who, application "
		   "FROM writer WHERE id = 1", 0, { 0 } },
	/* The same bytes again are the same row: the name says all of it. */
	[PG_PUT_BLOB] = { "put_blob", "INSERT INTO blobs(hash, epoch, bytes) VALUES($1, $2, $3) "
		       "ON CONFLICT(hash, epoch) DO NOTHING", 3,
		       { OID_BYTEA, OID_INT8, OID_BYTEA } },
	[PG_PUT_BATCH] = { "put_batch", "INSERT INTO batches(first_sequence, epoch, count, previous, "
			"hash, root, records, blobs) VALUES($1, $2, $3, $4, $5, $6, $7, $8)", 8,
			{ OID_INT8, OID_INT8, OID_INT4, OID_BYTEA, OID_BYTEA, OID_BYTEA, OID_BYTEA,
			  OID_BYTEA } },
	[PG_ADVANCE] = { "advance", "UPDATE writer SET next_sequence = $4, head = $5, beat = beat + 1 "
		      "WHERE id = 1 AND epoch = $1 AND next_sequence = $2 AND head = $3", 5,
		      { OID_INT8, OID_INT8, OID_BYTEA, OID_INT8, OID_BYTEA } },
	[PG_BEAT] = { "beat", "UPDATE writer SET beat = beat + 1 WHERE id = 1 AND epoch = $1", 1,
		   { OID_INT8 } },
	[PG_TAKE] = { "take", "UPDATE writer SET epoch = epoch + 1, beat = beat + 1, "
		   "released = false, who = $4 WHERE id = 1 AND epoch = $1 AND beat = $2 AND "
		   "released = $3 AND application = '" PG_APPLICATION "'", 4,
		   { OID_INT8, OID_INT8, OID_BOOL, OID_TEXT } },
	[PG_RELEASE] = { "release", "UPDATE writer SET released = true WHERE id = 1 AND epoch = $1", 1,
		      { OID_INT8 } },
	[PG_MARK] = { "mark", "UPDATE writer SET application = $4 WHERE id = 1 AND epoch = $1 AND "
		   "next_sequence = $2 AND head = $3", 4, { OID_INT8, OID_INT8, OID_BYTEA, OID_TEXT } },
	[PG_EACH_BATCH] = { "each_batch", "SELECT first_sequence, count, previous, hash, root, "
			 "records, blobs FROM batches WHERE first_sequence >= $1 "
			 "ORDER BY first_sequence LIMIT 32", 1, { OID_INT8 } },
	[PG_GET_BATCH] = { "get_batch", "SELECT first_sequence, count, previous, hash, root, "
			"records, blobs FROM batches WHERE first_sequence <= $1 "
			"ORDER BY first_sequence DESC LIMIT 1", 1, { OID_INT8 } },
	[PG_GET_RECORD] = { "get_record", "SELECT substring(records FROM "
			 "CAST(($1 - first_sequence) * 128 + 1 AS integer) FOR 128) FROM batches "
			 "WHERE first_sequence <= $1 ORDER BY first_sequence DESC LIMIT 1", 1,
			 { OID_INT8 } },
	[PG_GET_BLOB] = { "get_blob", "SELECT bytes FROM blobs WHERE hash = $1 LIMIT 1", 1,
		       { OID_BYTEA } },
};

/* clang-format on */

static_assert(PG_CHUNK_BATCHES == 32, "as in PG_EACH_BATCH");
static_assert(STORE_POSTGRES_LOCK_MS == 1000, "as in PG_PATIENCE");

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
void postgres_one_line(char out[PG_LINE], const char *words)
{
	size_t n = 0;

	for (size_t i = 0; words[i] != '\0' && n < PG_LINE - 1; i++) {
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

enum err postgres_lost(struct store_postgres *p, const char *what)
{
	char words[PG_LINE];

	postgres_one_line(words, PQerrorMessage(p->db));
	store_fault_set(&p->base.fault, "%s: cannot %s: the connection is lost (%s)", p->base.path,
			what, words);
	return ERR_UNREACHABLE;
}

enum err postgres_failed(struct store_postgres *p, const PGresult *r, const char *what)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	char words[PG_LINE];

	if (state == NULL) {
		return postgres_lost(p, what); /* libpq's own: no answer came */
	}
	postgres_one_line(words, text == NULL ? "" : text);
	store_fault_set(&p->base.fault, "%s: cannot %s: %s (%s)", p->base.path, what, words, state);
	return kind_of(state);
}

void postgres_on_notice(void *context, const PGresult *r)
{
	struct store_postgres *p = context;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	/* "The transaction has already committed locally, but might not have been replicated to the
	 * standby" is only a warning.  Which warnings are harmless is not for us to guess. */
	if (severity != NULL && strcmp(severity, "WARNING") == 0) {
		p->doubted = true;
	}
}

void postgres_disconnect(struct store_postgres *p)
{
	PQfinish(p->db); /* NULL is allowed */
	p->db = NULL;
}

/* --- one run of statements --- */

void postgres_put_bytes(struct postgres_arguments *a, struct bytes b)
{
	CHECK(a->n < PG_ARGUMENTS_MAX && b.n <= LOG_BATCH_BYTES_MAX);
	a->value[a->n] = b.n == 0 ? "" : (const char *)b.p; /* a null pointer would be NULL */
	a->length[a->n++] = (int)b.n;
}

/* Numbers of n bytes, most significant first. */
void postgres_put_number(struct postgres_arguments *a, uint64_t v, unsigned n)
{
	CHECK(a->n < PG_ARGUMENTS_MAX && n <= 8);
	for (unsigned i = 0; i < n; i++) {
		a->number[a->n][i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	}
	a->value[a->n] = (const char *)a->number[a->n];
	a->length[a->n++] = (int)n;
}

void postgres_put_u64(struct postgres_arguments *a, uint64_t v)
{
	CHECK(v <= INT64_MAX); /* sequences and epochs are counted, not given */
	postgres_put_number(a, v, 8);
}

void postgres_begin(struct store_postgres *p, uint64_t limit_ms)
{
	p->deadline_ms = p->options.mono_ms() + limit_ms;
	p->result = ERR_OK;
	p->again = false;
	p->missed = false;
	p->doubted = false;
}

/* The first failure of a run is the one that is told. */
void postgres_fail(struct store_postgres *p, enum err e)
{
	if (p->result == ERR_OK) {
		p->result = e;
	}
}

void postgres_queue(struct store_postgres *p, enum postgres_statement which,
		    const struct postgres_arguments *a)
{
	static const int binary[PG_ARGUMENTS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	static const struct postgres_arguments none = { .n = 0 };

	a = a == NULL ? &none : a;
	CHECK(a->n == statements[which].n);
	if (p->result == ERR_OK && PQsendQueryPrepared(p->db, statements[which].name, a->n,
						       a->value, a->length, binary, 1) == 0) {
		postgres_fail(p, postgres_lost(p, statements[which].name));
	}
}

void postgres_queue_sync(struct store_postgres *p)
{
	if (p->result == ERR_OK && PQpipelineSync(p->db) == 0) {
		postgres_fail(p, postgres_lost(p, "sync"));
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
		postgres_fail(p, postgres_lost(p, what));
		return false;
	}
	if (left == 0) {
		store_fault_set(&p->base.fault, "%s: cannot %s: the database does not answer",
				p->base.path, what);
		postgres_fail(p, ERR_TIMEOUT);
		return false;
	}
	if (n > 0 && (fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    PQconsumeInput(p->db) == 0) {
		postgres_fail(p, postgres_lost(p, what));
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
			postgres_fail(p, postgres_lost(p, what));
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
bool postgres_wait_statement(struct store_postgres *p, PGresult **out, const char *what)
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
		postgres_fail(p, postgres_lost(p, what));
		return false;
	}
	return true;
}

/* Reads the results of n statements; one: each must have changed exactly one row. */
bool postgres_collect(struct store_postgres *p, size_t n, bool one, const char *what)
{
	for (size_t i = 0; i < n; i++) {
		PGresult *r = NULL;

		if (!postgres_wait_statement(p, &r, what)) {
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
			postgres_fail(p, postgres_failed(p, r, what));
			break;
		}
		}
		PQclear(r);
	}
	return true;
}

/* The end of a run.  An implicit transaction commits here: its error, and the NULL that ends an
 * error, may come first. */
bool postgres_collect_sync(struct store_postgres *p, const char *what)
{
	for (unsigned i = 0; i < 3; i++) {
		PGresult *r = NULL;
		ExecStatusType status;

		if (!wait_result(p, &r, what)) {
			return false;
		}
		status = PQresultStatus(r); /* PGRES_FATAL_ERROR of NULL */
		if (r != NULL && status == PGRES_FATAL_ERROR) {
			postgres_fail(p, postgres_failed(p, r, what));
		}
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC) {
			return true;
		}
	}
	postgres_fail(p, postgres_lost(p, what));
	return false;
}

/* Runs one statement that gives rows.  *out is the caller's to clear, NULL on error. */
enum err postgres_ask(struct store_postgres *p, enum postgres_statement which,
		      const struct postgres_arguments *a, PGresult **out, const char *what)
{
	postgres_queue(p, which, a);
	postgres_queue_sync(p);
	*out = NULL;
	if (p->result != ERR_OK || !postgres_wait_statement(p, out, what)) {
		return p->result;
	}
	if (PQresultStatus(*out) != PGRES_TUPLES_OK) {
		postgres_fail(p, postgres_failed(p, *out, what));
	}
	(void)postgres_collect_sync(p, what);
	if (p->result != ERR_OK) {
		PQclear(*out);
		*out = NULL;
	}
	return p->result;
}

/* The same for a text that is used once; rows, if any, as text.  out may be NULL. */
enum err postgres_ask_text(struct store_postgres *p, PGresult **out, const char *sql)
{
	PGresult *r = NULL;

	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
	if (PQsendQueryParams(p->db, sql, 0, NULL, NULL, NULL, NULL, 0) == 0) {
		return postgres_lost(p, "open");
	}
	postgres_queue_sync(p);
	if (p->result != ERR_OK || !postgres_wait_statement(p, &r, "open")) {
		return p->result;
	}
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK) {
		postgres_fail(p, postgres_failed(p, r, "open"));
	}
	(void)postgres_collect_sync(p, "open");
	if (out != NULL && p->result == ERR_OK) {
		*out = r;
	} else {
		PQclear(r);
	}
	return p->result;
}

/* --- the columns of an answer --- */

struct bytes postgres_column_bytes(const PGresult *r, int row, int column)
{
	int n = PQgetlength(r, row, column);

	return bytes_of(PQgetvalue(r, row, column), n < 0 ? 0 : (size_t)n);
}

/* -1 for what is no number of 4 or 8 bytes. */
int64_t postgres_column_number(const PGresult *r, int row, int column)
{
	struct bytes b = postgres_column_bytes(r, row, column);
	uint64_t v = 0;

	if (PQgetisnull(r, row, column) != 0 || (b.n != 4 && b.n != 8) || b.p[0] >= 0x80) {
		return -1;
	}
	for (size_t i = 0; i < b.n; i++) {
		v = v << 8 | b.p[i];
	}
	return (int64_t)v;
}

void postgres_column_text(char *out, size_t cap, const PGresult *r, int row, int column)
{
	struct bytes b = postgres_column_bytes(r, row, column);
	size_t n = b.n < cap ? b.n : cap - 1;

	for (size_t i = 0; i < n; i++) {
		out[i] = b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char)b.p[i] : '?';
	}
	out[n] = '\0';
}

enum err postgres_prepare(struct store_postgres *p)
{
	size_t n = 0;

	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
	for (size_t i = 0; i < PG_STATEMENTS; i++) {
		if (i == PG_STANDBYS && PQparameterStatus(p->db, "crdb_version") != NULL) {
			continue; /* never asked there: judge_settings() */
		}
		if (p->result == ERR_OK &&
		    PQsendPrepare(p->db, statements[i].name, statements[i].sql, statements[i].n,
				  statements[i].types) == 0) {
			postgres_fail(p, postgres_lost(p, "open"));
		}
		n++;
	}
	postgres_queue_sync(p);
	if (p->result == ERR_OK && postgres_collect(p, n, false, "open")) {
		(void)postgres_collect_sync(p, "open");
	}
	return p->result;
}
