/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.c - what the exchange's settlement books (API_TRANSFERS): who may touch what, which
 * entries stand or fall together, and what each of them is told.  The books' own laws are the
 * books'.
 *
 * One event carries many requests of many clients, and all of it becomes one batch.  Nothing else
 * of the step is recorded with it (payout_step()), so the batch is never fuller than its records.
 *
 * Names.  A client's ids are UUIDs of version 7, ours (payout_name(), accounts) of version 8: so no
 * client can take an id that a withdrawal will need, or post or void a withdrawal's hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/uuid7.h"
#include "payout/inner.h"

static_assert((int)PAYOUT_TRANSFERS_MAX <= (int)BOOKS_LINKED_MAX, "the books take a group whole");

struct entry {
	struct log_record r;
	bool linked; /* with the next one */
};

struct verdict {
	enum payout_settled result;
	enum err e;
	enum payout_settled_field field;
	char was[PAYOUT_SETTLED_WAS];
};

/* What the entries of one group need: too much for the stack. */
struct settle_room {
	struct entry entries[PAYOUT_TRANSFERS_MAX];
	struct log_record records[PAYOUT_TRANSFERS_MAX];
	struct verdict verdicts[PAYOUT_TRANSFERS_MAX];
	uint32_t order[PAYOUT_TRANSFERS_MAX];
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

static void entry_read(struct entry *out, struct reader *in)
{
	struct bytes amount;

	out->r = (struct log_record){ .kind = reader_u16(in) };
	out->linked = reader_u16(in) != 0;
	out->r.asset = reader_u32(in);
	amount = reader_bytes(in, 16);
	out->r.amount = amount.n == 16 ? le128_get(amount.p) : 0;
	out->r.id = reader_id(in);
	out->r.debit = reader_id(in);
	out->r.credit = reader_id(in);
	out->r.ref = reader_id(in);
}

static bool zero_id(const struct id128 *id)
{
	static const struct id128 none;

	return id128_eq(id, &none);
}

/* Both accounts of a posting must be settlement's to touch (docs/books.md, the chart). */
static struct verdict may_touch(const struct payout *p, const struct id128 *debit,
				const struct id128 *credit)
{
	const struct books_account *d = books_account(&p->books, debit);
	const struct books_account *c = books_account(&p->books, credit);

	if (d == NULL) {
		return refused(ERR_NOT_FOUND, PAYOUT_SETTLED_DEBIT);
	}
	if (c == NULL) {
		return refused(ERR_NOT_FOUND, PAYOUT_SETTLED_CREDIT);
	}
	if (!books_kind_may(d->kind, BOOKS_BY_CLIENT)) {
		return refused(ERR_POLICY, PAYOUT_SETTLED_DEBIT);
	}
	if (!books_kind_may(c->kind, BOOKS_BY_CLIENT)) {
		return refused(ERR_POLICY, PAYOUT_SETTLED_CREDIT);
	}
	return (struct verdict){ .result = PAYOUT_SETTLED_DONE };
}

/* What the books do not judge: who asks, for which accounts, under which name. */
static struct verdict judge(const struct payout *p, const struct entry *x)
{
	const struct log_record *r = &x->r;
	const struct books_hold *hold;

	if (!p->opened) {
		return refused(ERR_STATE, PAYOUT_SETTLED_NOTHING);
	}
	if (p->stops_n > 0) {
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
		return may_touch(p, &r->debit, &r->credit);
	case LOG_POST:
	case LOG_VOID:
		if (!zero_id(&r->debit) || !zero_id(&r->credit)) {
			return refused(ERR_INPUT, PAYOUT_SETTLED_KIND);
		}
		if (!uuid7_is_valid(&r->ref)) {
			return refused(ERR_NOT_FOUND, PAYOUT_SETTLED_REF);
		}
		hold = books_hold(&p->books, &r->ref);
		if (hold == NULL) {
			/* of this group, or not open: that is for the books to say */
			return (struct verdict){ .result = PAYOUT_SETTLED_DONE };
		}
		return may_touch(p, &p->books.accounts[hold->debit].id,
				 &p->books.accounts[hold->credit].id);
	default:
		return refused(ERR_TYPE, PAYOUT_SETTLED_KIND);
	}
}

/* The field that an error of the books is about. */
static enum payout_settled_field blame(enum err e, const struct log_record *r)
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
		return PAYOUT_SETTLED_CREDIT; /* the same account on both sides */
	case ERR_STATE:
	case ERR_EXPIRED:
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

/* The first place whose id stands at an earlier one; n if every id stands once. */
static size_t first_twice(struct settle_room *room, size_t n)
{
	struct log_record *r = room->records;
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

/* The id was used with other content: which field differs, and what it was. */
static struct verdict other_content(const struct payout *p, const struct log_record *r)
{
	struct verdict v = refused(ERR_EXISTS, PAYOUT_SETTLED_ID);
	struct books_difference d;

	if (r->kind != LOG_ACCOUNT && books_differ(&d, books_clash(&p->books), r)) {
		v.field = field_named(d.field);
		(void)snprintf(v.was, sizeof v.was, "%.*s", PAYOUT_SETTLED_WAS - 1, d.was);
	}
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

/* The first n entries of the room stand or fall together: n is one for most. */
static void group(struct payout *p, struct settle_room *room, size_t n)
{
	struct log_record *r = room->records;
	struct verdict bad = { .result = PAYOUT_SETTLED_DONE };
	size_t known = 0, at = 0, before = p->books.applied, twice;
	enum err e, answer;

	for (size_t i = 0; i < n; i++) {
		r[i] = room->entries[i].r;
		r[i].time_ms = payout_record_time(p);
		r[i].flags = i + 1 < n ? LOG_FLAG_LINKED : 0;
		known += known_to(p, &r[i].id);
	}
	twice = first_twice(room, n);
	/* What was booked once is not judged again: the answer to a retry is the books'. */
	for (size_t i = 0; i < n && known < n && bad.e == ERR_OK; i++) {
		at = i;
		if (n > 1 && r[i].kind == LOG_ACCOUNT) {
			bad = refused(ERR_INPUT, PAYOUT_SETTLED_LINKED);
		} else if (refused_before(p, &r[i], &answer)) {
			bad = refused(answer, blame(answer, &r[i]));
		} else if (i == twice || known_to(p, &r[i].id)) {
			bad = refused(ERR_EXISTS, PAYOUT_SETTLED_ID); /* in another group */
		} else {
			bad = judge(p, &room->entries[i]);
		}
	}
	if (bad.e == ERR_OK) {
		e = books_apply_all(&p->books, r, n, &at);
		if (e != ERR_OK) {
			bad = e == ERR_EXISTS ? other_content(p, &r[at])
					      : refused(e, blame(e, &r[at]));
			remember(p, &r[at], e);
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct verdict *v = &room->verdicts[i];

		if (bad.e != ERR_OK) {
			*v = i == at ? bad : refused(ERR_LINKED, PAYOUT_SETTLED_LINKED);
		} else if (p->books.applied == before) {
			*v = (struct verdict){ .result = PAYOUT_SETTLED_REPEATED };
		} else {
			*v = bad;
			payout_record(p, &r[i], bytes_of(NULL, 0));
		}
	}
	CHECK(bad.e != ERR_OK || p->books.applied == before || p->books.applied == before + n);
}

/* One client's request: its entries into groups. */
static void request(struct payout *p, struct reader *in, uint32_t n, struct writer *out)
{
	struct settle_room *room = p->settle_room;
	size_t have = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct entry *here = &room->entries[have++];

		entry_read(here, in);
		CHECK(!in->bad);
		if (here->linked && i + 1 < n) {
			continue;
		}
		if (here->linked) {
			for (size_t k = 0; k < have; k++) {
				room->verdicts[k] = refused(ERR_INPUT, PAYOUT_SETTLED_LINKED);
			}
		} else {
			group(p, room, have);
		}
		for (size_t k = 0; k < have; k++) {
			const struct verdict *v = &room->verdicts[k];

			writer_bytes(out, bytes_of(room->entries[k].r.id.b, 16));
			writer_u32(out, v->result);
			writer_u32(out, v->e);
			writer_u32(out, v->field);
			writer_bytes(out, bytes_of(v->was, sizeof v->was));
			p->counters[COUNT_TRANSFERS] += v->result == PAYOUT_SETTLED_DONE;
		}
		have = 0;
	}
}

void settle_transfers(struct payout *p, struct bytes requests, struct effects *out)
{
	struct reader in = reader_make(requests);
	struct writer answers;
	size_t room = requests.n / PAYOUT_TRANSFER_BYTES * PAYOUT_SETTLED_BYTES + requests.n;
	uint32_t entries = 0;

	p->settled_answers = effects_take(out, room);
	answers = writer_make(p->settled_answers, room);
	while (in.left > 0) {
		uint64_t tag = reader_u64(&in);
		uint32_t n = reader_u32(&in);

		CHECK(!in.bad && n <= PAYOUT_TRANSFERS_MAX - entries);
		entries += n;
		writer_u64(&answers, tag);
		writer_u32(&answers, n);
		request(p, &in, n, &answers);
	}
	CHECK(!answers.bad);
	p->settled_n = answers.n;
	effects_give_back(out, room - answers.n);
}

void settle_answer(struct payout *p, struct effects *out)
{
	effects_call(out, PAYOUT_CALL_SETTLED, 0, bytes_of(p->settled_answers, p->settled_n));
}

const char *payout_settled_field(uint32_t field)
{
	static const char *const names[] = { "",      "account", "amount", "asset",  "credit",
					     "debit", "id",      "kind",   "linked", "ref" };

	return field < ARRAY_LEN(names) ? names[field] : NULL;
}
