/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres.c - the PostgreSQL engine.  Read append() and store_postgres_take() for the fence.
 */
#include "store/postgres.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/postgres_open.h"
#include "store/postgres_run.h"
#include "store/row.h"

enum {
	HASH = 32,
	CHUNK_BLOBS = 64, /* asked for at once: both directions fit any socket buffer */
};

static_assert(offsetof(struct store_postgres, base) == 0, "base is the first member");

static struct store_postgres *postgres_of(struct store *s)
{
	return (struct store_postgres *)s;
}

/* Reads the writer row; *seen on ERR_OK only. */
static enum err look(struct store_postgres *p, struct store_postgres_seen *seen)
{
	struct store_postgres_seen s = { .epoch = 0 };
	PGresult *r = NULL;
	enum err e = postgres_ask(p, PG_LOOK, NULL, &r, "read");
	int64_t epoch, next, beat;
	struct bytes head;

	if (e != ERR_OK) {
		return e;
	}
	if (PQntuples(r) != 1 || PQnfields(r) != 7) {
		PQclear(r);
		return store_row_corrupt(&p->base, "the writer row is missing");
	}
	epoch = postgres_column_number(r, 0, 0);
	next = postgres_column_number(r, 0, 1);
	head = postgres_column_bytes(r, 0, 2);
	beat = postgres_column_number(r, 0, 3);
	if (epoch < 0 || next < 0 || beat < 0 || head.n != HASH) {
		PQclear(r);
		return store_row_corrupt(&p->base, "the writer row has impossible values");
	}
	s.epoch = (uint64_t)epoch;
	s.next_sequence = (uint64_t)next;
	s.beat = (uint64_t)beat;
	memcpy(s.head.b, head.p, HASH);
	s.released =
	    postgres_column_bytes(r, 0, 4).n == 1 && postgres_column_bytes(r, 0, 4).p[0] == 1;
	postgres_column_text(s.who, sizeof s.who, r, 0, 5);
	s.restoring = bytes_eq(postgres_column_bytes(r, 0, 6), bytes_str(PG_RESTORING));
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
		struct postgres_arguments a = { .n = 0 };

		postgres_put_bytes(&a, bytes_of(names[n].b, HASH));
		postgres_put_u64(&a, p->epoch);
		postgres_put_bytes(&a, blob);
		postgres_queue(p, PG_PUT_BLOB, &a);
		n++;
	}
	CHECK(n == v->head.blob_count);
}

static void queue_batch(struct store_postgres *p, const struct log_view *v,
			const struct hash32 *names)
{
	const struct log_batch_head *h = &v->head;
	struct postgres_arguments a = { .n = 0 };

	postgres_put_u64(&a, h->first_sequence);
	postgres_put_u64(&a, p->epoch);
	postgres_put_number(&a, h->count, 4);
	postgres_put_bytes(&a, bytes_of(h->previous.b, HASH));
	postgres_put_bytes(&a, bytes_of(h->hash.b, HASH));
	postgres_put_bytes(&a, bytes_of(h->root.b, HASH));
	postgres_put_bytes(&a, v->records);
	postgres_put_bytes(&a, bytes_of(names, h->blob_count * sizeof(struct hash32)));
	postgres_queue(p, PG_PUT_BATCH, &a);
}

static void queue_advance(struct store_postgres *p, const struct log_batch_head *last)
{
	struct postgres_arguments a = { .n = 0 };

	postgres_put_u64(&a, p->epoch);
	postgres_put_u64(&a, p->base.next_sequence);
	postgres_put_bytes(&a, bytes_of(p->base.head.b, HASH));
	postgres_put_u64(&a, last->first_sequence + last->count);
	postgres_put_bytes(&a, bytes_of(last->hash.b, HASH));
	postgres_queue(p, PG_ADVANCE, &a);
}

/* The setting may have changed since the start: it is asked for in the transaction itself. */
static bool collect_standbys(struct store_postgres *p)
{
	PGresult *r = NULL;

	if (!p->options.replica_required) {
		return true;
	}
	if (!postgres_wait_statement(p, &r, "write")) {
		return false;
	}
	if (PQresultStatus(r) == PGRES_TUPLES_OK &&
	    (PQntuples(r) != 1 || PQgetlength(r, 0, 0) == 0)) {
		postgres_fail(p, postgres_no_standby(p));
	} else if (PQresultStatus(r) == PGRES_FATAL_ERROR) {
		postgres_fail(p, postgres_failed(p, r, "write"));
	}
	PQclear(r);
	return true;
}

/* The statement that ends a transaction, and whether it did: "COMMIT" of a transaction that had
 * failed is answered "ROLLBACK". */
static void end_with(struct store_postgres *p, enum postgres_statement which)
{
	const char *word = which == PG_COMMIT ? "COMMIT" : "ROLLBACK";
	PGresult *r = NULL;

	postgres_queue(p, which, NULL);
	postgres_queue_sync(p);
	if (p->result != ERR_OK || !postgres_wait_statement(p, &r, word)) {
		return;
	}
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

		p->again = state != NULL && strcmp(state, "40001") == 0;
		postgres_fail(p, postgres_failed(p, r, word));
	} else if (strcmp(PQcmdStatus(r), word) != 0) {
		store_fault_set(&p->base.fault, "%s: cannot %s: the database answers %s",
				p->base.path, word, PQcmdStatus(r));
		postgres_fail(p, ERR_IO);
	}
	PQclear(r);
	(void)postgres_collect_sync(p, word);
}

/* Somebody else's hand on the writer row: whose? */
static enum err fenced(struct store_postgres *p)
{
	struct store_postgres_seen now = { .epoch = 0 };
	enum err e;

	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
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

	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
	postgres_queue(p, PG_BEGIN, NULL);
	if (p->options.replica_required) {
		postgres_queue(p, PG_STANDBYS, NULL);
	}
	for (size_t i = 0; i < n; i++) {
		queue_blobs(p, &batches[i].view, names);
		queue_batch(p, &batches[i].view, names);
	}
	queue_advance(p, &batches[n - 1].view.head);
	postgres_queue_sync(p);
	if (p->result != ERR_OK || !postgres_collect(p, 1, false, "write") ||
	    !collect_standbys(p)) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!postgres_collect(p, batches[i].view.head.blob_count, false, "write") ||
		    !postgres_collect(p, 1, true, "write")) {
			return;
		}
	}
	if (!postgres_collect(p, 1, true, "write") || !postgres_collect_sync(p, "write")) {
		return;
	}
	if (p->result == ERR_OK && !p->missed) {
		end_with(p, PG_COMMIT);
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
		end_with(p, PG_ROLLBACK); /* it did nothing, whether this arrives or not */
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
static enum err change_one(struct store_postgres *p, enum postgres_statement which,
			   const struct postgres_arguments *a, bool patient, uint64_t limit_ms)
{
	for (unsigned i = 0; i < STORE_POSTGRES_TRIES; i++) {
		postgres_begin(p, limit_ms);
		postgres_queue(p, PG_BEGIN, NULL);
		if (!patient) {
			postgres_queue(p, PG_PATIENCE, NULL);
		}
		postgres_queue(p, which, a);
		postgres_queue(p, PG_COMMIT, NULL);
		postgres_queue_sync(p);
		if (p->result == ERR_OK && postgres_collect(p, patient ? 1 : 2, false, "write") &&
		    postgres_collect(p, 1, true, "write") &&
		    postgres_collect(p, 1, false, "commit")) {
			(void)postgres_collect_sync(p, "commit");
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
			end_with(p, PG_ROLLBACK);
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
	struct postgres_arguments a = { .n = 0 };
	enum err e;

	CHECK(s->writer && s->base.phase == STORE_READY);
	CHECK(restoring == (s->base.next_sequence == 0));
	postgres_put_u64(&a, s->epoch);
	postgres_put_u64(&a, s->base.next_sequence);
	postgres_put_bytes(&a, bytes_of(s->base.head.b, sizeof s->base.head.b));
	postgres_put_bytes(&a, bytes_str(restoring ? PG_RESTORING : PG_APPLICATION));
	e = change_one(s, PG_MARK, &a, true, STORE_POSTGRES_ANSWER_MS);
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
	struct postgres_arguments a = { .n = 0 };
	enum err e;

	CHECK(p->writer);
	postgres_put_u64(&a, p->epoch);
	e = change_one(p, PG_BEAT, &a, true, STORE_POSTGRES_ANSWER_MS);
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
	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
	for (size_t i = 0; i < n; i++) {
		struct postgres_arguments a = { .n = 0 };

		postgres_put_bytes(&a, bytes_of(c->names.p + (first + i) * HASH, HASH));
		postgres_queue(p, PG_GET_BLOB, &a);
	}
	postgres_queue_sync(p);
	for (size_t i = 0; i < n && p->result == ERR_OK; i++) {
		if (!postgres_wait_statement(p, &c->result[i], "read")) {
			return p->result;
		}
		c->n = i + 1;
		if (PQresultStatus(c->result[i]) != PGRES_TUPLES_OK) {
			postgres_fail(p, postgres_failed(p, c->result[i], "read"));
		}
	}
	if (p->result == ERR_OK) {
		(void)postgres_collect_sync(p, "read");
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
	*out = postgres_column_bytes(c->result[at - c->first], 0, 0);
	return ERR_OK;
}

static struct store_row row_of(const PGresult *r, int i)
{
	return (struct store_row){
		.first_sequence = postgres_column_number(r, i, 0),
		.count = postgres_column_number(r, i, 1),
		.previous = postgres_column_bytes(r, i, 2),
		.hash = postgres_column_bytes(r, i, 3),
		.root = postgres_column_bytes(r, i, 4),
		.records = postgres_column_bytes(r, i, 5),
		.blobs = postgres_column_bytes(r, i, 6),
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
	int rows = PG_CHUNK_BATCHES;

	while (rows == PG_CHUNK_BATCHES) {
		struct postgres_arguments a = { .n = 0 };
		PGresult *r = NULL;
		enum err e;

		postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
		postgres_put_u64(&a, p->base.next_sequence);
		e = postgres_ask(p, PG_EACH_BATCH, &a, &r, "read");
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
	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
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
	struct postgres_arguments a = { .n = 0 };
	PGresult *r = NULL;
	enum err e;

	postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
	postgres_put_bytes(&a, bytes_of(name->b, HASH));
	e = postgres_ask(p, PG_GET_BLOB, &a, &r, "read");
	if (e == ERR_OK && PQntuples(r) != 1) {
		store_fault_set(&s->fault, "%s: no such blob", s->path);
		e = ERR_NOT_FOUND;
	}
	if (e == ERR_OK) {
		e = store_row_blob_copy(s, out, buffer, cap, postgres_column_bytes(r, 0, 0), name);
	}
	PQclear(r);
	return e;
}

/* One row about the batch that has this record; nothing beyond what this server knows. */
static enum err ask_sequence(struct store_postgres *p, enum postgres_statement which, PGresult **r,
			     uint64_t sequence)
{
	struct postgres_arguments a = { .n = 0 };
	enum err e = ERR_NOT_FOUND;

	if (sequence < p->base.next_sequence) {
		postgres_begin(p, STORE_POSTGRES_ANSWER_MS);
		postgres_put_u64(&a, sequence);
		e = postgres_ask(p, which, &a, r, "read");
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
	enum err e = ask_sequence(p, PG_GET_BATCH, &r, sequence);

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
	enum err e = ask_sequence(postgres_of(s), PG_GET_RECORD, &r, sequence);

	if (e == ERR_OK) {
		struct bytes record = postgres_column_bytes(r, 0, 0);

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
		struct postgres_arguments a = { .n = 0 };

		/* Only a courtesy: without it the others wait for as long as their patience is. */
		postgres_put_u64(&a, p->epoch);
		if (change_one(p, PG_RELEASE, &a, true, STORE_POSTGRES_LOOK_MS) != ERR_OK) {
			p->writer = false;
		}
	}
	postgres_disconnect(p);
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

/* --- opened --- */

bool store_postgres_is_url(const char *text)
{
	return strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;
}

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
		e = postgres_config_fault(s, "store",
					  "the URL or the name of this server is too long");
	} else {
		e = postgres_start(s, true);
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
		postgres_disconnect(p);
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
		e = postgres_start(p, false);
	}
	if (e != ERR_OK) {
		return e;
	}
	postgres_begin(p, STORE_POSTGRES_LOOK_MS);
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

	postgres_begin(p, STORE_POSTGRES_LOOK_MS);
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
	struct postgres_arguments a = { .n = 0 };
	uint64_t begun = p->options.mono_ms();
	enum err e;

	postgres_put_u64(&a, p->seen.epoch);
	postgres_put_u64(&a, p->seen.beat);
	postgres_put_number(&a, p->seen.released, 1);
	postgres_put_bytes(&a, bytes_str(p->who));
	e = change_one(p, PG_TAKE, &a, false, STORE_POSTGRES_LOOK_MS);
	if (e == ERR_OK && p->missed && p->seen.restoring) {
		return postgres_half_restored(p);
	}
	if (e == ERR_OK && p->missed) {
		e = another_was_faster(p);
	}
	if (e != ERR_OK) {
		return e;
	}
	/* From here on only one who takes over in turn can write; the epoch shows him. */
	postgres_begin(p, STORE_POSTGRES_LOOK_MS);
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
