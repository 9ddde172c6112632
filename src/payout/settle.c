/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.c - what the exchange's settlement books (API_TRANSFERS): who may touch what, which
 * entries stand or fall together, and what each of them is told.  The books' own laws are the
 * books'.
 *
 * One event carries many requests of many clients, and all of it becomes one batch.  Nothing else
 * of the step is recorded with it (payout_step()), so the batch is never fuller than its records.
 *
 * Runs.  Groups that stand next to each other go to the books as one run (books_apply_batch(): what
 * the later ones need is fetched while the earlier ones are booked).  A run ends before whatever is
 * judged by what it does: an account that it opens, an id that stands twice in the event.
 *
 * Names.  A client's ids are UUIDs of version 7, ours (payout_name(), accounts) of version 8: so no
 * client can take an id that a withdrawal will need, or post or void a withdrawal's hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/uuid7.h"
#include "payout/inner.h"

static_assert((int)PAYOUT_TRANSFERS_MAX <= (int)BOOKS_LINKED_MAX, "the books take a group whole");

struct verdict {
	enum payout_settled result;
	enum err e;
	enum payout_settled_field field;
	char was[PAYOUT_SETTLED_WAS];
};

/* What the entries of one event need: too much for the stack. */
struct settle_room {
	struct log_record records[PAYOUT_TRANSFERS_MAX]; /* linked as they are in the books */
	struct verdict verdicts[PAYOUT_TRANSFERS_MAX];
	enum err answers[PAYOUT_TRANSFERS_MAX]; /* the books' */
	bool known[PAYOUT_TRANSFERS_MAX];       /* the first of a group: booked before this event */
	uint32_t order[PAYOUT_TRANSFERS_MAX];
	size_t n;
	size_t run; /* the records from here to where the event has been read are not booked yet */
};

struct settle_room *settle_room_new(void)
{
	return calloc(1, sizeof(struct settle_room));
}

static struct verdict refused(enum err e, enum payout_settled_field field)
{
	return (struct verdict){ .result = PAYOUT_SETTLED_REFUSED, .e = e, .field = field };
}

static struct id128 reader_id(struct reader *r)
{
	struct id128 id = { { 0 } };
	struct bytes b = reader_bytes(r, sizeof id.b);

	if (b.n == sizeof id.b) {
		memcpy(id.b, b.p, sizeof id.b);
	}
	return id;
}

static void entry_read(struct log_record *out, struct reader *in)
{
	struct bytes amount;

	*out = (struct log_record){ .kind = reader_u16(in) };
	out->flags = reader_u16(in) != 0 ? LOG_FLAG_LINKED : 0;
	out->asset = reader_u32(in);
	amount = reader_bytes(in, 16);
	out->amount = amount.n == 16 ? le128_get(amount.p) : 0;
	out->id = reader_id(in);
	out->debit = reader_id(in);
	out->credit = reader_id(in);
	out->ref = reader_id(in);
}

static bool zero_id(const struct id128 *id)
{
	static const struct id128 none;

	return id128_eq(id, &none);
}

/* An account must be settlement's to touch (docs/books.md, the chart). */
static struct verdict may_touch(const struct payout *p, const struct id128 *id,
				enum payout_settled_field field)
{
	const struct books_account *a = books_account(&p->books, id);

	if (a == NULL) {
		return refused(ERR_NOT_FOUND, field);
	}
	if (!books_kind_may(a->kind, BOOKS_BY_CLIENT)) {
		return refused(ERR_POLICY, field);
	}
	return (struct verdict){ .result = PAYOUT_SETTLED_DONE };
}

/* What is not there is said before what is not allowed. */
static struct verdict may_touch_both(const struct payout *p, const struct id128 *debit,
				     const struct id128 *credit)
{
	struct verdict d = may_touch(p, debit, PAYOUT_SETTLED_DEBIT);
	struct verdict c = may_touch(p, credit, PAYOUT_SETTLED_CREDIT);

	return d.e != ERR_OK && (d.e == ERR_NOT_FOUND || c.e != ERR_NOT_FOUND) ? d : c;
}

/* What the books do not judge: who asks, for which accounts, under which name. */
static struct verdict judge(const struct payout *p, const struct log_record *r)
{
	const struct books_hold *hold;

	if (!p->opened) {
		return refused(ERR_STATE, PAYOUT_SETTLED_NOTHING);
	}
	if (withdraw_frozen(p)) {
		return refused(ERR_FROZEN, PAYOUT_SETTLED_NOTHING);
	}
	if (r->kind == LOG_ACCOUNT) {
		if (r->amount > UINT16_MAX ||
		    !books_kind_may((uint32_t)r->amount, BOOKS_BY_CLIENT)) {
			return refused(ERR_POLICY, PAYOUT_SETTLED_ACCOUNT);
		}
		return (struct verdict){ .result = PAYOUT_SETTLED_DONE };
	}
	if (!uuid7_is_valid(&r->id)) {
		return refused(ERR_INPUT, PAYOUT_SETTLED_ID);
	}
	switch (r->kind) {
	case LOG_TRANSFER:
	case LOG_HOLD:
		/* a transfer that names something by ref is the follower's */
		if (!zero_id(&r->ref)) {
			return refused(ERR_INPUT, PAYOUT_SETTLED_REF);
		}
		return may_touch_both(p, &r->debit, &r->credit);
	case LOG_HOLD_UNTIL:
		return may_touch_both(p, &r->debit, &r->credit);
	case LOG_POST:
	case LOG_VOID:
	case LOG_CLOSE:
	case LOG_LIMIT:
		if (!zero_id(&r->debit) || !zero_id(&r->credit)) {
			return refused(ERR_INPUT, PAYOUT_SETTLED_KIND);
		}
		if (r->kind == LOG_CLOSE || r->kind == LOG_LIMIT) {
			return may_touch(p, &r->ref, PAYOUT_SETTLED_ACCOUNT);
		}
		if (!uuid7_is_valid(&r->ref)) {
			return refused(ERR_NOT_FOUND, PAYOUT_SETTLED_REF);
		}
		hold = books_hold(&p->books, &r->ref);
		if (hold == NULL) {
			/* of this event, or not open: that is for the books to say */
			return (struct verdict){ .result = PAYOUT_SETTLED_DONE };
		}
		return may_touch_both(p, &p->books.accounts[hold->debit].id,
				      &p->books.accounts[hold->credit].id);
	default:
		return refused(ERR_TYPE, PAYOUT_SETTLED_KIND);
	}
}

/* The account that is closed, of those that r names. */
static enum payout_settled_field closed_one(const struct payout *p, const struct log_record *r)
{
	const struct books_account *debit = books_account(&p->books, &r->debit);

	if (r->kind == LOG_CLOSE || r->kind == LOG_LIMIT) {
		return PAYOUT_SETTLED_ACCOUNT;
	}
	return debit != NULL && debit->closed ? PAYOUT_SETTLED_DEBIT : PAYOUT_SETTLED_CREDIT;
}

/* The field that an error of the books is about. */
static enum payout_settled_field blame(const struct payout *p, enum err e,
				       const struct log_record *r)
{
	switch (e) {
	case ERR_EXISTS:
	case ERR_STALE:
	case ERR_CLOCK:
		return PAYOUT_SETTLED_ID;
	case ERR_ASSET:
		return PAYOUT_SETTLED_ASSET;
	case ERR_AMOUNT:
	case ERR_FUNDS:
	case ERR_CAP:
	case ERR_LIMIT:
	case ERR_OVERFLOW:
		return PAYOUT_SETTLED_AMOUNT;
	case ERR_INPUT:
		/* the same account on both sides; or no moment, which no reader of ours lets by */
		return r->kind == LOG_HOLD_UNTIL && !id128_eq(&r->debit, &r->credit)
			   ? PAYOUT_SETTLED_UNTIL
			   : PAYOUT_SETTLED_CREDIT;
	case ERR_CLOSED:
		return closed_one(p, r);
	case ERR_EXPIRED:
		return r->kind == LOG_HOLD_UNTIL ? PAYOUT_SETTLED_UNTIL : PAYOUT_SETTLED_REF;
	case ERR_STATE: /* an account that is not empty; a hold that has ended */
		return r->kind == LOG_CLOSE ? PAYOUT_SETTLED_ACCOUNT : PAYOUT_SETTLED_REF;
	case ERR_NOT_FOUND: /* the hold: accounts were looked for before */
		return PAYOUT_SETTLED_REF;
	default:
		return r->kind == LOG_ACCOUNT ? PAYOUT_SETTLED_ACCOUNT : PAYOUT_SETTLED_NOTHING;
	}
}

static int by_id_and_place(const void *a, const void *b, void *records)
{
	const struct log_record *r = records;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order =
	    bytes_cmp(bytes_of(r[x].id.b, sizeof r[x].id.b), bytes_of(r[y].id.b, sizeof r[y].id.b));

	return order != 0 ? order : x < y ? -1 : x > y;
}

/* The first of n records from `at` on whose id stands at an earlier one of them; n: none does. */
static size_t first_twice(struct settle_room *room, size_t at, size_t n)
{
	struct log_record *r = room->records + at;
	size_t first = n;

	for (size_t i = 0; i < n; i++) {
		room->order[i] = (uint32_t)i;
	}
	qsort_r(room->order, n, sizeof room->order[0], by_id_and_place, r);
	for (size_t i = 1; i < n; i++) {
		size_t here = room->order[i];

		if (here < first && id128_eq(&r[here].id, &r[room->order[i - 1]].id)) {
			first = here;
		}
	}
	return first;
}

static bool known_to(const struct payout *p, const struct id128 *id)
{
	struct log_record was;
	enum err answer;

	return books_known(&p->books, id, &was, &answer) == ERR_OK;
}

/* True if the very same entry was refused: the answer stays. */
static bool refused_before(const struct payout *p, const struct log_record *r, enum err *answer)
{
	struct log_record was;
	struct books_difference d;

	return books_known(&p->books, &r->id, &was, answer) == ERR_OK && *answer != ERR_OK &&
	       !books_differ(&d, &was, r);
}

static enum payout_settled_field field_named(const char *name)
{
	uint32_t f = PAYOUT_SETTLED_REF;

	while (f > PAYOUT_SETTLED_NOTHING && strcmp(payout_settled_field(f), name) != 0) {
		f--;
	}
	return (enum payout_settled_field)f;
}

/* The moment of a hold; "" if it had none. */
static void until_text(char out[PAYOUT_SETTLED_WAS], const struct log_record *hold)
{
	if (hold->kind == LOG_HOLD_UNTIL) {
		(void)snprintf(out, PAYOUT_SETTLED_WAS, "%" PRIu64, le64_get(hold->ref.b));
	}
}

static bool is_hold(const struct log_record *r)
{
	return r->kind == LOG_HOLD || r->kind == LOG_HOLD_UNTIL;
}

/* The id was used with other content: which field differs, and what it was, in the API's words. */
static struct verdict other_content(const struct payout *p, const struct log_record *r)
{
	struct verdict v = refused(ERR_EXISTS, PAYOUT_SETTLED_ID);
	struct books_difference d;
	struct log_record was, as_was = *r;
	enum err answer;

	if (r->kind == LOG_ACCOUNT || books_known(&p->books, &r->id, &was, &answer) != ERR_OK) {
		return v;
	}
	if (is_hold(r) && is_hold(&was)) {
		/* one kind there, with and without a moment, which is the last to be compared */
		as_was.kind = was.kind;
		as_was.ref = was.ref;
		if (!books_differ(&d, &was, &as_was)) {
			v.field = PAYOUT_SETTLED_UNTIL;
			until_text(v.was, &was);
			return v;
		}
	} else if (!books_differ(&d, &was, r)) {
		return v;
	}
	v.field = field_named(d.field);
	if (v.field == PAYOUT_SETTLED_REF && (r->kind == LOG_CLOSE || r->kind == LOG_LIMIT)) {
		v.field = PAYOUT_SETTLED_ACCOUNT;
	}
	(void)snprintf(v.was, sizeof v.was, "%.*s", PAYOUT_SETTLED_WAS - 1, d.was);
	return v;
}

/* A client that was told no is told no for ever (docs/books.md, remembered refusals). */
static void remember(struct payout *p, const struct log_record *r, enum err why)
{
	struct log_record refused;

	if (books_refuse(&p->books, r, why, &refused) == ERR_OK) {
		payout_record(p, &refused, bytes_of(NULL, 0));
	}
}

/* How many records from `at` on stand or fall together. */
static size_t group_size(const struct settle_room *room, size_t at)
{
	size_t n = 1;

	while ((room->records[at + n - 1].flags & LOG_FLAG_LINKED) != 0) {
		n++;
	}
	CHECK(at + n <= room->n);
	return n;
}

/* A group gets its answer: bad is about the record at `blamed`, the others fall with it. */
static void answer_group(struct settle_room *room, size_t at, size_t n, size_t blamed,
			 const struct verdict *bad)
{
	for (size_t i = at; i < at + n; i++) {
		room->verdicts[i] = i == blamed ? *bad : refused(ERR_LINKED, PAYOUT_SETTLED_LINKED);
	}
}

/* The books have answered a group that they refused. */
static void group_refused(struct payout *p, size_t at, size_t n)
{
	struct settle_room *room = p->settle_room;
	size_t blamed = at;
	struct verdict bad;
	enum err e;

	while (room->answers[blamed] == ERR_LINKED && blamed + 1 < at + n) {
		blamed++;
	}
	e = room->answers[blamed];
	bad = e == ERR_EXISTS ? other_content(p, &room->records[blamed])
			      : refused(e, blame(p, e, &room->records[blamed]));
	remember(p, &room->records[blamed], e);
	answer_group(room, at, n, blamed, &bad);
}

/* Books what waits, up to the record at `to`, and records it in the order in which it was booked.
 */
static void run_end(struct payout *p, size_t to)
{
	struct settle_room *room = p->settle_room;
	size_t from = room->run, before = p->books.applied, booked = 0;

	room->run = to;
	if (from == to) {
		return;
	}
	books_apply_batch(&p->books, room->records + from, to - from, room->answers + from);
	for (size_t at = from, n; at < to; at += n) {
		/* an account is no id's first use: only how many were new tells, and it is alone */
		bool new = !room->known[at] && p->books.applied != before;

		n = group_size(room, at);
		for (size_t i = at; i < at + n && room->answers[at] == ERR_OK; i++) {
			room->verdicts[i] =
			    (struct verdict){ .result = new ? PAYOUT_SETTLED_DONE
							    : PAYOUT_SETTLED_REPEATED };
			if (new) {
				payout_record(p, &room->records[i], bytes_of(NULL, 0));
				booked++;
			}
		}
	}
	CHECK(p->books.applied == before + booked);
	/* after what was booked, as in the books */
	for (size_t at = from, n; at < to; at += n) {
		n = group_size(room, at);
		if (room->answers[at] != ERR_OK) {
			group_refused(p, at, n);
		}
	}
}

/* What speaks against a group before the books are asked, and against which of its records. */
static struct verdict group_judge(const struct payout *p, struct settle_room *room, size_t start,
				  size_t n, size_t known, size_t *at)
{
	struct verdict bad = { .result = PAYOUT_SETTLED_DONE };
	size_t twice = start + (n > 1 ? first_twice(room, start, n) : n);
	enum err answer;

	/* What was booked once is not judged again: the answer to a retry is the books'. */
	for (size_t i = start; i < start + n && known < n && bad.e == ERR_OK; i++) {
		const struct log_record *r = &room->records[i];

		*at = i;
		if (n > 1 && r->kind == LOG_ACCOUNT) {
			bad = refused(ERR_INPUT, PAYOUT_SETTLED_LINKED);
		} else if (refused_before(p, r, &answer)) {
			bad = refused(answer, blame(p, answer, r));
		} else if (i == twice || known_to(p, &r->id)) {
			bad = refused(ERR_EXISTS, PAYOUT_SETTLED_ID); /* in another group */
		} else {
			bad = judge(p, r);
		}
	}
	return bad;
}

/* alone: it is judged by what stands before it, or what comes next is judged by what it does. */
static void group(struct payout *p, size_t start, size_t n, bool alone)
{
	struct settle_room *room = p->settle_room;
	size_t known = 0, at = start;
	struct verdict bad;

	if (alone) {
		run_end(p, start);
	}
	for (size_t i = start; i < start + n; i++) {
		known += known_to(p, &room->records[i].id);
	}
	room->known[start] = known > 0;
	bad = group_judge(p, room, start, n, known, &at);
	if (bad.e != ERR_OK) {
		run_end(p, start);
		answer_group(room, start, n, at, &bad);
		room->run = start + n;
	} else if (alone) {
		run_end(p, start + n);
	}
}

/* All records of the event, and for each request, behind its last one, a link to nothing. */
static void read_all(struct payout *p, struct bytes requests)
{
	struct settle_room *room = p->settle_room;
	struct reader in = reader_make(requests);

	room->n = room->run = 0;
	while (in.left > 0) {
		uint32_t n;

		(void)reader_u64(&in);
		n = reader_u32(&in);
		CHECK(!in.bad && n <= PAYOUT_TRANSFERS_MAX - room->n);
		for (size_t end = room->n + n; room->n < end; room->n++) {
			struct log_record *r = &room->records[room->n];

			entry_read(r, &in);
			CHECK(!in.bad);
			r->time_ms = payout_record_time(p);
			room->verdicts[room->n] = (struct verdict){ .e = ERR_OK };
			if (room->n + 1 == end && (r->flags & LOG_FLAG_LINKED) != 0) {
				r->flags = 0;
				room->verdicts[room->n] = refused(ERR_INPUT, PAYOUT_SETTLED_LINKED);
			}
		}
	}
}

static void settle_all(struct payout *p)
{
	struct settle_room *room = p->settle_room;
	bool twice = first_twice(room, 0, room->n) < room->n;

	for (size_t at = 0, n; at < room->n; at += n) {
		const struct verdict *open;

		n = group_size(room, at);
		open = &room->verdicts[at + n - 1];
		if (open->e != ERR_OK) {
			run_end(p, at);
			for (size_t i = at; i < at + n; i++) {
				room->verdicts[i] = *open;
			}
			room->run = at + n;
		} else {
			group(p, at, n, twice || room->records[at].kind == LOG_ACCOUNT);
		}
	}
	run_end(p, room->n);
}

void settle_transfers(struct payout *p, struct bytes requests, struct effects *out)
{
	struct reader in = reader_make(requests);
	struct settle_room *room = p->settle_room;
	size_t bytes = requests.n / PAYOUT_TRANSFER_BYTES * PAYOUT_SETTLED_BYTES + requests.n;
	struct writer answers;
	size_t at = 0;

	read_all(p, requests);
	settle_all(p);
	p->settled_answers = effects_take(out, bytes);
	answers = writer_make(p->settled_answers, bytes);
	while (in.left > 0) {
		uint64_t tag = reader_u64(&in);
		uint32_t n = reader_u32(&in);

		(void)reader_bytes(&in, (size_t)n * PAYOUT_TRANSFER_BYTES);
		writer_u64(&answers, tag);
		writer_u32(&answers, n);
		for (size_t end = at + n; at < end; at++) {
			const struct verdict *v = &room->verdicts[at];

			writer_bytes(&answers, bytes_of(room->records[at].id.b, 16));
			writer_u32(&answers, v->result);
			writer_u32(&answers, v->e);
			writer_u32(&answers, v->field);
			writer_bytes(&answers, bytes_of(v->was, sizeof v->was));
			p->counters[COUNT_TRANSFERS] += v->result == PAYOUT_SETTLED_DONE;
		}
	}
	CHECK(!answers.bad && at == room->n);
	p->settled_n = answers.n;
	effects_give_back(out, bytes - answers.n);
}

void settle_answer(struct payout *p, struct effects *out)
{
	effects_call(out, PAYOUT_CALL_SETTLED, 0, bytes_of(p->settled_answers, p->settled_n));
}

const char *payout_settled_field(uint32_t field)
{
	static const char *const names[] = { "",   "account", "amount", "asset", "credit",  "debit",
					     "id", "kind",    "linked", "ref",   "until_ms" };

	return field < ARRAY_LEN(names) ? names[field] : NULL;
}
