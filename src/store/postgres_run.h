/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_run.h - one run of statements over the connection of a struct store_postgres: prepared
 * once, sent in a pipeline, then all answers read with a deadline.  For postgres*.c alone.
 *
 * A run: postgres_begin(), postgres_queue() once or more, postgres_queue_sync(), then for what was
 * queued, in its order, postgres_collect() or postgres_wait_statement(), and
 * postgres_collect_sync().  The first thing that goes wrong stands in p->result, with words in the
 * store's fault; what is called behind it sends nothing.  Kinds of errors: SQLSTATE's, or
 * ERR_UNREACHABLE (the connection is lost), ERR_TIMEOUT.
 */
#ifndef KURAMORI_STORE_POSTGRES_RUN_H
#define KURAMORI_STORE_POSTGRES_RUN_H

#include "store/postgres.h"

#define PG_APPLICATION "kuramori journal"
#define PG_RESTORING   "kuramori restore" /* stands there until all of a backup is in it */

enum {
	PG_ARGUMENTS_MAX = 8,
	PG_CHUNK_BATCHES = 32, /* rows of one answer of PG_EACH_BATCH */
	PG_LINE = 160,         /* of somebody else's words in ours, with its NUL */
};

enum postgres_statement {
	PG_BEGIN,
	PG_COMMIT,
	PG_ROLLBACK,
	PG_PATIENCE,
	PG_STANDBYS,
	PG_LOOK,
	PG_PUT_BLOB,
	PG_PUT_BATCH,
	PG_ADVANCE,
	PG_BEAT,
	PG_TAKE,
	PG_RELEASE,
	PG_MARK,
	PG_EACH_BATCH,
	PG_GET_BATCH,
	PG_GET_RECORD,
	PG_GET_BLOB,
	PG_STATEMENTS,
};

/* Values of a statement's $1, $2, ...; begins as { .n = 0 }.  Bytes are the caller's until sent. */
struct postgres_arguments {
	int n;
	const char *value[PG_ARGUMENTS_MAX];
	int length[PG_ARGUMENTS_MAX];
	uint8_t number[PG_ARGUMENTS_MAX][8];
};

void postgres_put_bytes(struct postgres_arguments *a, struct bytes b);
/* v in n bytes, at most 8, most significant first. */
void postgres_put_number(struct postgres_arguments *a, uint64_t v, unsigned n);
/* As a bigint: dies above INT64_MAX. */
void postgres_put_u64(struct postgres_arguments *a, uint64_t v);

/* libpq's words, which may be of several lines, as one line of printable ASCII. */
void postgres_one_line(char out[PG_LINE], const char *words);
/* Sets the fault "cannot WHAT: the connection is lost" and returns ERR_UNREACHABLE. */
enum err postgres_lost(struct store_postgres *p, const char *what);
/* Sets the fault "cannot WHAT" by what the server said, and returns its kind. */
enum err postgres_failed(struct store_postgres *p, const PGresult *r, const char *what);
/* libpq's notice receiver; context is the struct store_postgres: a warning is a doubt. */
void postgres_on_notice(void *context, const PGresult *r);
/* Ends the connection, if there is one. */
void postgres_disconnect(struct store_postgres *p);

/* A new run, whose answers must be there within limit_ms milliseconds. */
void postgres_begin(struct store_postgres *p, uint64_t limit_ms);
/* The first failure of a run is the one that is told. */
void postgres_fail(struct store_postgres *p, enum err e);
/* a: as many as the statement takes, NULL for none. */
void postgres_queue(struct store_postgres *p, enum postgres_statement which,
		    const struct postgres_arguments *a);
void postgres_queue_sync(struct store_postgres *p);
/*
 * The result of one statement, the caller's to clear.  False: the connection is of no use any more,
 * and *out is NULL.
 */
bool postgres_wait_statement(struct store_postgres *p, PGresult **out, const char *what);
/* Reads the results of n statements; one: each must have changed exactly one row, or p->missed.
 * False as above. */
bool postgres_collect(struct store_postgres *p, size_t n, bool one, const char *what);
/* The end of a run; false as above. */
bool postgres_collect_sync(struct store_postgres *p, const char *what);

/* Runs, after postgres_begin(), one statement that gives rows.  *out is the caller's to clear, NULL
 * on error. */
enum err postgres_ask(struct store_postgres *p, enum postgres_statement which,
		      const struct postgres_arguments *a, PGresult **out, const char *what);
/* A run of its own of a text that is used once; rows, if any, as text.  out may be NULL. */
enum err postgres_ask_text(struct store_postgres *p, PGresult **out, const char *sql);
/* Has the server prepare all statements. */
enum err postgres_prepare(struct store_postgres *p);

struct bytes postgres_column_bytes(const PGresult *r, int row, int column);
/* -1 for what is no number of 4 or 8 bytes. */
int64_t postgres_column_number(const PGresult *r, int row, int column);
/* What is not printable ASCII as '?', cut to cap with its NUL. */
void postgres_column_text(char *out, size_t cap, const PGresult *r, int row, int column);

#endif
