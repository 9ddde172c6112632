/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past.c - questions about the past: an account as of a moment, a page of its statement, the
 * batches of the journal for a backup or another follower.  The core is not asked: what it has
 * decided is in the journal, and the thread that owns the store reads it there, by the history
 * (derived, beside the journal, store/history.h).  Whatever becomes of the history, kuramorid goes
 * on without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/uuid7.h"
#include "doc/json.h"
#include "io/clock.h"
#include "io/notes.h"
#include "server.h"

enum {
	LINE_BYTES = 640, /* of JSON for one line of a statement, at most */
	HEAD_BYTES = 2048,
};

/* One question, in the store's thread and back. */
struct question {
	struct store_task task;
	struct server *server;
	uint16_t operation; /* enum api_past */
	uint64_t tag;
	uint64_t moment, from;
	uint32_t limit;
	/* of the account, as the books know it; neither kind nor asset ever changes */
	struct id128 account;
	uint32_t kind, asset;
	char name[DOC_NAME_MAX + 1];
	/* the answer */
	enum err e;
	const char *field;
	char why[sizeof(struct store_fault)];
	uint64_t sequence;
	struct history_sums sums;
	struct history_line *lines;
	size_t lines_n;
	bool more;
	uint8_t *body;
	size_t body_n;
};

/* Every task is a question's first member; void says that the alignment is the question's. */
static struct question *question_of(struct store_task *task)
{
	static_assert(offsetof(struct question, task) == 0, "task is the first member");
	return (struct question *)(void *)task;
}

static void question_free(struct question *q)
{
	free(q->lines);
	free(q->body);
	free(q);
}

/* ---- in the store's thread ---- */

static void failed(struct question *q, enum err e, const char *field, const char *why)
{
	q->e = e;
	q->field = field;
	(void)snprintf(q->why, sizeof q->why, "%s", why);
}

/* Why the history has no answer, in words for who asked. */
static void no_history(struct question *q, struct history *h, struct store *s, enum err e)
{
	struct store_fault fault = { "" };

	if (e == ERR_BUSY || e == ERR_CORRUPT) {
		char words[160];

		(void)snprintf(words, sizeof words,
			       "the history is being built: %llu of %llu records; try again",
			       (unsigned long long)history_next(h),
			       (unsigned long long)s->next_sequence);
		failed(q, ERR_BUSY, NULL, words);
		return;
	}
	failed(q, e, NULL, history_failed(h, &fault) != ERR_OK ? fault.text : s->fault.text);
}

static void past_account(struct question *q, struct history *h, struct store *s)
{
	enum err e = history_moment(s, &q->sequence, s->next_sequence, q->moment);

	if (e == ERR_OK) {
		e = history_sums(h, &q->sums, &q->account, q->sequence);
	}
	if (e != ERR_OK) {
		no_history(q, h, s, e);
	}
}

static void past_statement(struct question *q, struct history *h, struct store *s)
{
	enum err e;

	q->lines = calloc(q->limit, sizeof *q->lines);
	if (q->lines == NULL) {
		failed(q, ERR_FULL, NULL, "no memory");
		return;
	}
	q->sequence = s->next_sequence;
	e = history_page(h, s, q->lines, q->limit, &q->lines_n, &q->more, &q->sums, &q->account,
			 q->from, s->next_sequence);
	if (e != ERR_OK) {
		no_history(q, h, s, e);
	}
}

/* Whole batches from `from` on, as many as fit. */
static void past_journal(struct question *q, struct store *s)
{
	uint64_t at = q->from;
	enum err e = ERR_OK;

	if (at > s->next_sequence) {
		char words[160];

		(void)snprintf(
		    words, sizeof words,
		    "this journal has %llu records: whoever knows more knows another one, or "
		    "this one was set back",
		    (unsigned long long)s->next_sequence);
		failed(q, ERR_MISMATCH, "from", words);
		return;
	}
	q->body = malloc(API_JOURNAL_BYTES);
	if (q->body == NULL) {
		failed(q, ERR_FULL, NULL, "no memory");
		return;
	}
	while (e == ERR_OK && at < s->next_sequence &&
	       API_JOURNAL_BYTES - q->body_n >= LOG_BATCH_BYTES_MAX) {
		struct log_batch_head head;
		struct bytes batch = bytes_of(NULL, 0);

		e = store_batch_get(s, &batch, q->body + q->body_n, LOG_BATCH_BYTES_MAX, at);
		if (e == ERR_OK) {
			e = log_batch_head_get(&head, batch.p);
		}
		if (e == ERR_OK && head.first_sequence != at) {
			failed(q, ERR_MISMATCH, "from", "no batch of this journal begins there");
			return;
		}
		if (e == ERR_OK) {
			at += head.count;
			q->body_n += batch.n;
		}
	}
	if (e != ERR_OK) {
		failed(q, e, NULL, s->fault.text);
	}
}

static void run_question(struct store_task *task, struct store *s)
{
	struct question *q = question_of(task);
	struct history *h = q->server->history;

	if (q->operation == API_PAST_JOURNAL) {
		past_journal(q, s);
	} else if (h == NULL) {
		failed(
		    q, ERR_IO, NULL,
		    "there is no history here: it is not set or could not be opened; the log says "
		    "why");
	} else if (q->operation == API_PAST_ACCOUNT) {
		past_account(q, h, s);
	} else {
		past_statement(q, h, s);
	}
}

static void follow(void *ctx, struct bytes batch)
{
	history_batch(ctx, batch);
}

static bool follow_idly(void *ctx, struct store *s)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];

	return history_step(ctx, s, buffer);
}

/* ---- answers, in the loop ---- */

static void put_text(struct writer *w, const char *key, const char *value)
{
	json_put_key(w, key);
	CHECK(json_put_string(w, bytes_str(value)) == ERR_OK);
}

static void put_number(struct writer *w, const char *key, uint64_t value)
{
	json_put_key(w, key);
	CHECK(json_put_int(w, value) == ERR_OK);
}

static void put_amount(struct writer *w, const char *key, u128 amount)
{
	struct money m = money_of(ASSET_XEM, amount); /* only the number is written */
	char text[MONEY_TEXT_MAX];

	money_put(text, &m);
	put_text(w, key, text);
}

static void put_id(struct writer *w, const char *key, const struct id128 *id)
{
	char text[UUID7_TEXT_MAX];

	uuid7_put(text, id);
	put_text(w, key, text);
}

static u128 surplus(u128 have, u128 gone)
{
	return have > gone ? have - gone : 0;
}

/* What stands on the account's normal side, as books_balance(). */
static u128 balance_of(const struct question *q, const struct history_sums *s)
{
	return books_kind_debit(q->kind) ? surplus(s->of[HISTORY_DEBIT], s->of[HISTORY_CREDIT])
					 : surplus(s->of[HISTORY_CREDIT], s->of[HISTORY_DEBIT]);
}

static u128 held_of(const struct question *q, const struct history_sums *s)
{
	return books_kind_debit(q->kind) ? s->of[HISTORY_HELD_CREDIT] - s->of[HISTORY_FREED_CREDIT]
					 : s->of[HISTORY_HELD_DEBIT] - s->of[HISTORY_FREED_DEBIT];
}

static void put_account(struct writer *w, const struct question *q)
{
	u128 balance = balance_of(q, &q->sums), held = held_of(q, &q->sums);

	json_put_raw(w, "{");
	put_number(w, "as_of", q->moment);
	json_put_raw(w, ",");
	put_text(w, "asset", books_asset_name(q->asset));
	json_put_raw(w, ",");
	put_amount(w, "available", surplus(balance, held));
	json_put_raw(w, ",");
	put_amount(w, "balance", balance);
	json_put_raw(w, ",");
	put_amount(w, "held", held);
	json_put_raw(w, ",");
	put_id(w, "id", &q->account);
	json_put_raw(w, ",");
	put_text(w, "kind", books_kind_name(q->kind));
	json_put_raw(w, ",");
	if (q->name[0] != '\0') {
		put_text(w, "name", q->name);
		json_put_raw(w, ",");
	}
	put_amount(w, "posted_credits", q->sums.of[HISTORY_CREDIT]);
	json_put_raw(w, ",");
	put_amount(w, "posted_debits", q->sums.of[HISTORY_DEBIT]);
	json_put_raw(w, ",");
	put_number(w, "records", q->sequence);
	json_put_raw(w, "}");
}

static void put_line(struct writer *w, const struct question *q, const struct history_line *l)
{
	const struct books_account *other =
	    books_account(payout_books(q->server->payout), &l->other);

	json_put_raw(w, "{");
	put_amount(w, "amount", l->amount);
	json_put_raw(w, ",");
	put_amount(w, "balance", balance_of(q, &l->after));
	json_put_raw(w, ",");
	put_amount(w, "held", held_of(q, &l->after));
	json_put_raw(w, ",");
	put_id(w, "id", &l->record.id);
	json_put_raw(w, ",");
	put_id(w, "other", &l->other);
	json_put_raw(w, ",");
	put_text(w, "other_kind", other == NULL ? "?" : books_kind_name(other->kind));
	json_put_raw(w, ",");
	put_number(w, "sequence", l->sequence);
	json_put_raw(w, ",");
	put_text(w, "side", l->what == HISTORY_DEBIT ? "debit" : "credit");
	json_put_raw(w, ",");
	put_number(w, "time_ms", l->record.time_ms);
	json_put_raw(w, ",");
	put_text(w, "what", l->record.kind == LOG_POST ? "hold posted" : "transfer");
	json_put_raw(w, "}");
}

static void put_statement(struct writer *w, const struct question *q)
{
	const struct history_sums *last =
	    q->lines_n > 0 ? &q->lines[q->lines_n - 1].after : &q->sums;

	json_put_raw(w, "{");
	put_text(w, "asset", books_asset_name(q->asset));
	json_put_raw(w, ",");
	put_amount(w, "balance", balance_of(q, last));
	json_put_raw(w, ",");
	put_id(w, "id", &q->account);
	json_put_raw(w, ",");
	put_text(w, "kind", books_kind_name(q->kind));
	json_put_raw(w, ",\"lines\":[");
	for (size_t i = 0; i < q->lines_n; i++) {
		json_put_raw(w, i == 0 ? "" : ",");
		put_line(w, q, &q->lines[i]);
	}
	json_put_raw(w, "],");
	if (q->name[0] != '\0') {
		put_text(w, "name", q->name);
		json_put_raw(w, ",");
	}
	/* where the next page begins; asked again later if there is no more now */
	put_number(w, "next", q->lines_n > 0 ? q->lines[q->lines_n - 1].sequence + 1 : q->from);
	json_put_raw(w, q->more ? ",\"more\":true," : ",\"more\":false,");
	put_amount(w, "opening", balance_of(q, &q->sums));
	json_put_raw(w, ",");
	put_number(w, "records", q->sequence);
	json_put_raw(w, "}");
}

static void put_answer(struct writer *w, const struct question *q)
{
	if (q->operation == API_PAST_JOURNAL) {
		writer_bytes(w, bytes_of(q->body, q->body_n));
	} else if (q->operation == API_PAST_ACCOUNT) {
		put_account(w, q);
	} else {
		put_statement(w, q);
	}
}

static void answer(struct server *s, struct question *q)
{
	size_t cap = 4 + HEAD_BYTES + q->lines_n * LINE_BYTES + q->body_n;
	uint8_t *bytes = malloc(cap);
	struct writer w = writer_make(bytes, cap);

	CHECK(bytes != NULL);
	if (q->e != ERR_OK) {
		payout_put_refusal(&w, q->e, q->field == NULL ? "" : q->field, q->why, "%s");
	} else {
		writer_u32(&w, ERR_OK);
		put_answer(&w, q);
	}
	CHECK(!w.bad);
	api_answer(&s->api, q->tag, bytes_of(bytes, w.n));
	free(bytes);
	question_free(q);
}

void past_answers(struct server *s)
{
	struct store_task *t;

	while ((t = store_sync_task_next(s->sync)) != NULL) {
		answer(s, question_of(t));
	}
}

/* ---- questions, in the loop ---- */

/* Which account is meant; false: said in q. */
static bool find_account(struct server *s, struct question *q, struct reader *r)
{
	const struct books_account *a;

	if (reader_u32(r) == 1) {
		struct bytes id = reader_bytes(r, sizeof q->account.b);

		CHECK(reader_done(r));
		memcpy(q->account.b, id.p, id.n);
		a = books_account(payout_books(s->payout), &q->account);
	} else {
		CHECK(!r->bad && r->left <= DOC_NAME_MAX);
		memcpy(q->name, r->p, r->left);
		a = payout_named(s->payout, bytes_of(r->p, r->left));
	}
	if (a == NULL) {
		failed(q, ERR_NOT_FOUND, "id",
		       q->name[0] != '\0' ? "no account has this name" : "no account has this id");
		return false;
	}
	q->account = a->id;
	q->kind = a->kind;
	q->asset = a->asset;
	return true;
}

void past_ask(struct server *s, uint16_t operation, uint64_t tag, struct bytes arguments)
{
	struct question *q = calloc(1, sizeof *q);
	struct reader r = reader_make(arguments);
	bool good = true;

	CHECK(q != NULL);
	q->task.run = run_question;
	q->server = s;
	q->operation = operation;
	q->tag = tag;
	q->e = ERR_OK;
	if (operation == API_PAST_ACCOUNT) {
		q->moment = reader_u64(&r);
		good = find_account(s, q, &r);
		if (good && q->moment >= clock_wall_ms()) {
			failed(
			    q, ERR_FIELD_RANGE, "as_of",
			    "a moment in the past, in milliseconds since 1970: only what is over "
			    "has an answer that stays");
			good = false;
		}
	} else if (operation == API_PAST_STATEMENT) {
		q->from = reader_u64(&r);
		q->limit = reader_u32(&r);
		good = find_account(s, q, &r);
	} else {
		q->from = reader_u64(&r);
		CHECK(operation == API_PAST_JOURNAL && reader_done(&r));
	}
	if (good) {
		enum err e = store_sync_task(s->sync, &q->task);

		if (e == ERR_OK) {
			return;
		}
		failed(q, e, NULL, "too many questions about the past wait; try again");
	}
	answer(s, q);
}

/* ---- ids that the books have let go (books.h) ---- */

struct lookup {
	struct store_task task;
	struct history *history;
	const struct id128 *id;
	struct log_record *out;
	enum err e;
};

static void look_up(struct store_task *task, struct store *s)
{
	struct lookup *l = (struct lookup *)task;
	uint64_t sequence;

	l->e = history_find(l->history, s, l->out, &sequence, l->id);
}

/*
 * The core waits for it, so it is asked for what is older than the books' window only.  What is
 * decided and not yet durable is in that window: the queue holds fewer records.
 */
enum err past_find(void *ctx, const struct id128 *id, struct log_record *out)
{
	struct server *s = ctx;
	struct lookup l = { .task.run = look_up, .history = s->history, .id = id, .out = out };
	enum err e = store_sync_call(s->sync, &l.task);

	e = e == ERR_OK ? l.e : e;
	return e == ERR_CORRUPT ? ERR_BUSY : e; /* it is being built anew */
}

/* ---- the start ---- */

void past_open(struct server *s)
{
	struct store_fault fault = { "" };
	char *path = s->config.history;
	enum err e;

	if (path[0] == '\0' && s->shared) {
		NOTES(NOTES_INFO, "history-off", notes_text("detail", "history is not set"));
		return;
	}
	if (path[0] == '\0') {
		int n = snprintf(path, SERVER_PATH_MAX, "%.240s.history", s->config.store);

		CHECK(n > 0 && n < SERVER_PATH_MAX);
	}
	e = history_open(&s->history, path, s->config.history_records, &fault);
	if (e != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "history-off", notes_text("detail", fault.text), notes_err(e));
	}
}

void past_batch(struct server *s, struct bytes batch)
{
	if (s->history != NULL) {
		history_batch(s->history, batch);
	}
}

void past_follow(struct server *s, uint64_t end)
{
	if (s->history != NULL) {
		struct store_follower f = { .durable = follow,
					    .idle = follow_idly,
					    .ctx = s->history };

		history_replayed(s->history, end);
		NOTES(NOTES_INFO, "history", notes_u64("files", history_runs(s->history)),
		      notes_u64("known", history_next(s->history)), notes_u64("of", end));
		store_sync_follow(s->sync, &f);
	}
}

static void nothing(struct store_task *task, struct store *s)
{
	(void)task;
	(void)s;
}

void past_drain(struct server *s)
{
	struct store_task last = { .run = nothing };

	/* Tasks run in their order: after this one all others have. */
	if (s->sync != NULL && store_sync_call(s->sync, &last) == ERR_OK) {
		past_answers(s);
	}
}

void past_close(struct server *s)
{
	history_close(s->history);
	s->history = NULL;
}
