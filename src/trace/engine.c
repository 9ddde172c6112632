/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "trace/engine_inner.h"

/* clang-format off */
static const char *const policy_names[TRACE_POLICIES + 1] = {
	[TRACE_POISON] = "poison",           [TRACE_POISON_EMPTIED] = "poison-emptied",
	[TRACE_HAIRCUT] = "haircut",         [TRACE_HAIRCUT_TX] = "haircut-tx",
	[TRACE_FIFO] = "fifo",               [TRACE_LIFO] = "lifo",
	[TRACE_TAINT_FIRST] = "taint-first", [TRACE_CLEAN_FIRST] = "clean-first",
	[TRACE_TIHO] = "tiho",
};

/* clang-format on */

const char *trace_policy_name(enum trace_policy p)
{
	CHECK(p >= 1 && p <= TRACE_TIHO);
	return policy_names[p];
}

enum err trace_policy_parse(enum trace_policy *out, struct bytes name)
{
	for (unsigned p = 1; p <= TRACE_POLICIES; p++) {
		if (bytes_eq(bytes_str(policy_names[p]), name)) {
			*out = (enum trace_policy)p;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

bool trace_policy_counts(enum trace_policy p)
{
	return p != TRACE_POISON && p != TRACE_POISON_EMPTIED;
}

static int seed_order(const void *a, const void *b)
{
	const struct trace_seed *x = a;
	const struct trace_seed *y = b;

	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	if (x->at != y->at) {
		return x->at < y->at ? -1 : 1;
	}
	return x->account < y->account ? -1 : x->account > y->account;
}

/* Two seeds of the same coins would leave open which of them counts. */
static enum err seeds_differ(const struct trace_case *c, const char **why)
{
	struct trace_seed *sorted = malloc((c->seeds_n == 0 ? 1 : c->seeds_n) * sizeof *sorted);
	enum err e = ERR_OK;

	if (sorted == NULL) {
		*why = "no memory";
		return ERR_FULL;
	}
	for (size_t i = 0; i < c->seeds_n; i++) {
		sorted[i] = c->seeds[i];
		if (sorted[i].kind == TRACE_SEED_EVENT) {
			sorted[i].account = 0;
		}
	}
	qsort(sorted, c->seeds_n, sizeof *sorted, seed_order);
	for (size_t i = 1; i < c->seeds_n; i++) {
		if (seed_order(&sorted[i - 1], &sorted[i]) == 0) {
			*why = "two seeds name the same coins";
			e = ERR_INPUT;
		}
	}
	free(sorted);
	return e;
}

enum err trace_case_check(const struct trace_case *c, size_t accounts_n, const char **why)
{
	*why = NULL;
	if (c->policy < 1 || c->policy > TRACE_TIHO) {
		*why = "the policy is not known";
	} else if (c->floor_part > c->floor_whole) {
		*why = "the floor is more than the whole";
	} else if (c->floor_part > 0 && !trace_policy_counts(c->policy)) {
		*why = "poison has no parts: only a floor in units makes sense";
	}
	for (size_t i = 0; i < c->seeds_n && *why == NULL; i++) {
		const struct trace_seed *s = &c->seeds[i];

		if (s->kind != TRACE_SEED_EVENT && s->kind != TRACE_SEED_ACCOUNT) {
			*why = "a seed is neither an event nor an account";
		} else if (s->kind == TRACE_SEED_EVENT && s->at >= TRACE_COUNT_MAX) {
			*why = "the event of a seed is beyond what can be counted";
		} else if (s->kind == TRACE_SEED_ACCOUNT && s->account >= accounts_n) {
			*why = "the account of a seed is not known";
		} else if (s->kind == TRACE_SEED_ACCOUNT && s->account < TRACE_ACCOUNTS_RESERVED) {
			*why = "a seed is an account that holds no coins: issuance or destroyed";
		}
	}
	for (size_t i = 0; i < c->sinks_n && *why == NULL; i++) {
		if (c->sinks[i] >= accounts_n) {
			*why = "a sink is not a known account";
		} else if (c->sinks[i] < TRACE_ACCOUNTS_RESERVED) {
			*why = "a sink is an account that holds no coins: issuance or destroyed";
		}
	}
	return *why != NULL ? ERR_INPUT : seeds_differ(c, why);
}

static int mark_order(const void *a, const void *b)
{
	const struct mark *x = a;
	const struct mark *y = b;

	if (x->at != y->at) {
		return x->at < y->at ? -1 : 1;
	}
	if (x->case_ != y->case_) {
		return x->case_ < y->case_ ? -1 : 1;
	}
	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

/* The seeds of one kind of all cases, in the order in which they come true. */
static enum err collect(struct mark **out, size_t *n, const struct trace_case *cases,
			size_t cases_n, enum trace_seed_kind kind)
{
	size_t count = 0;
	struct mark *marks;

	for (size_t k = 0; k < cases_n; k++) {
		count += cases[k].seeds_n;
	}
	marks = malloc((count == 0 ? 1 : count) * sizeof *marks);
	if (marks == NULL) {
		return ERR_FULL;
	}
	count = 0;
	for (size_t k = 0; k < cases_n; k++) {
		for (size_t i = 0; i < cases[k].seeds_n; i++) {
			const struct trace_seed *s = &cases[k].seeds[i];

			if (s->kind == kind) {
				marks[count++] = (struct mark){ .at = s->at,
								.amount = s->amount,
								.account = s->account,
								.case_ = (uint32_t)k,
								.seed = i };
			}
		}
	}
	qsort(marks, count, sizeof *marks, mark_order);
	*out = marks;
	*n = count;
	return ERR_OK;
}

/* Room for accounts 0 .. n-1 in everything that has one place for each. */
static enum err reserve(struct trace_engine *e, size_t n)
{
	size_t words = (n + 31) / 32;
	enum err err = ERR_OK;

	if (n <= e->accounts_n) {
		return ERR_OK;
	}
	if (words > e->any_words) {
		size_t wanted = e->any_words * 2 > words ? e->any_words * 2 : words;
		uint32_t *more = realloc(e->any, wanted * sizeof *more);

		if (more == NULL) {
			return ERR_FULL;
		}
		memset(more + e->any_words, 0, (wanted - e->any_words) * sizeof *more);
		e->any = more;
		e->any_words = wanted;
	}
	for (unsigned k = 0; k < e->n && err == ERR_OK; k++) {
		struct state *s = &e->cases[k];

		err = cells_reserve(&s->taint, n);
		if (err == ERR_OK) {
			err = cells_reserve(&s->rests, n);
		}
		if (err == ERR_OK && s->c.hops_max != 0) {
			err = cells_reserve(&s->hops, n);
		}
	}
	if (err == ERR_OK && e->n > 1) {
		err = cells_reserve(&e->masks, n);
	}
	if (err == ERR_OK) {
		err = cells_reserve(&e->sinks, n);
	}
	if (err == ERR_OK) {
		e->accounts_n = n;
	}
	return err;
}

static enum err prepare(struct trace_engine *e, const struct trace_case *cases, size_t accounts_n,
			unsigned undo_blocks)
{
	enum err err;

	for (unsigned k = 0; k < e->n; k++) {
		struct state *s = &e->cases[k];

		s->c = cases[k];
		s->bit = (uint64_t)1 << k;
		s->sinks = cases[k].sinks_n > 0;
		s->plain = !s->sinks && s->c.floor_units == 0 && s->c.floor_part == 0 &&
			   s->c.hops_max == 0;
		e->sinks_any = e->sinks_any || s->sinks;
		e->lines = e->lines || engine_is_lines(s);
		s->seeds_n = cases[k].seeds_n;
		s->stop_block = SIZE_MAX;
		s->moved_event = SIZE_MAX;
	}
	e->active = e->n == TRACE_CASES_MAX ? UINT64_MAX : ((uint64_t)1 << e->n) - 1;
	err =
	    reserve(e, accounts_n < TRACE_ACCOUNTS_RESERVED ? TRACE_ACCOUNTS_RESERVED : accounts_n);
	if (err != ERR_OK) {
		return err;
	}
	for (unsigned k = 0; k < e->n; k++) {
		for (size_t i = 0; i < cases[k].sinks_n; i++) {
			uint64_t *mask = cells_ref(&e->sinks, cases[k].sinks[i]);

			if (mask == NULL) {
				return ERR_FULL;
			}
			*mask |= e->cases[k].bit;
		}
		e->cases[k].c.seeds = NULL;
		e->cases[k].c.sinks = NULL;
	}
	CHECK(e->n > 0);
	if (undo_blocks > 0) {
		e->ring = calloc(undo_blocks, sizeof *e->ring);
		if (e->ring == NULL) {
			return ERR_FULL;
		}
		e->ring_cap = undo_blocks;
		for (unsigned i = 0; i < undo_blocks; i++) {
			e->ring[i].totals = malloc(e->n * sizeof *e->ring[i].totals);
			e->ring[i].seeded = malloc(e->n * sizeof *e->ring[i].seeded);
			if (e->ring[i].totals == NULL || e->ring[i].seeded == NULL) {
				return ERR_FULL;
			}
		}
	}
	err = collect(&e->event_seeds, &e->event_seeds_n, cases, e->n, TRACE_SEED_EVENT);
	if (err != ERR_OK) {
		return err;
	}
	return collect(&e->account_seeds, &e->account_seeds_n, cases, e->n, TRACE_SEED_ACCOUNT);
}

enum err trace_engine_new(struct trace_engine **out, const struct trace_case *cases, size_t n,
			  size_t accounts_n, unsigned undo_blocks)
{
	struct trace_engine *e;
	const char *why;
	enum err err;

	if (n == 0 || n > TRACE_CASES_MAX || accounts_n > TRACE_COUNT_MAX) {
		return ERR_INPUT;
	}
	for (size_t k = 0; k < n; k++) {
		err = trace_case_check(&cases[k], accounts_n, &why);
		if (err != ERR_OK) {
			return err;
		}
	}
	e = calloc(1, sizeof *e);
	if (e == NULL) {
		return ERR_FULL;
	}
	e->cases = calloc(n, sizeof *e->cases);
	if (e->cases == NULL) {
		free(e);
		return ERR_FULL;
	}
	e->n = (unsigned)n;
	err = prepare(e, cases, accounts_n, undo_blocks);
	if (err != ERR_OK) {
		trace_engine_free(e);
		return err;
	}
	*out = e;
	return ERR_OK;
}

void trace_engine_free(struct trace_engine *e)
{
	if (e == NULL) {
		return;
	}
	for (unsigned k = 0; k < e->n; k++) {
		struct state *s = &e->cases[k];

		for (size_t i = 0; i < s->lines_n; i++) {
			spans_free(&s->lines[i]);
		}
		free(s->lines);
		free(s->idle);
		free(s->group.share);
		cells_free(&s->taint);
		cells_free(&s->hops);
		cells_free(&s->rests);
	}
	for (unsigned i = 0; i < e->ring_cap; i++) {
		free(e->ring[i].p);
		free(e->ring[i].side);
		free(e->ring[i].totals);
		free(e->ring[i].seeded);
	}
	free(e->ring);
	cells_free(&e->masks);
	cells_free(&e->sinks);
	free(e->any);
	free(e->event_seeds);
	free(e->account_seeds);
	agenda_free(&e->front.agenda);
	free(e->pieces);
	free(e->rows);
	free(e->cases);
	free(e);
}

void trace_engine_observe(struct trace_engine *e, trace_observer *observer, void *context)
{
	e->observer = observer;
	e->context = context;
}

/* What working on any event reads first. */
static INLINED struct cells *cells_read(struct trace_engine *e)
{
	return e->n == 1 ? &e->cases[0].taint : &e->masks;
}

/*
 * Between two events: as many were worked on as there are accounts, so that a table in which each
 * has its place at once costs less than was spent already, and is used all over.
 */
static INLINED void spread(struct trace_engine *e, size_t events)
{
	e->worked += events;
	if (e->worked > e->accounts_n && cells_read(e)->flat_n < e->accounts_n &&
	    e->failed == ERR_OK) {
		e->failed = cells_flatten(cells_read(e));
	}
}

/* ---- the scan ---- */

enum {
	CHUNK = 4096,
	/* where one sender in so many is marked the filter finds one in every look */
	DENSE = 24,
};

/* What working on an event between these two will read at random. */
static INLINED void fetch_cells(struct trace_engine *e, uint32_t from, uint32_t to)
{
	const struct cells *c = cells_read(e);

	engine_fetch_cell(c, from);
	engine_fetch_cell(c, to);
}

static INLINED void apply(struct trace_engine *e, size_t i)
{
	const struct event x = engine_event(e, i);

	engine_apply(e, &x);
}

static size_t scan_dense(struct trace_engine *e, size_t begin, size_t end)
{
	const uint32_t *from = e->c->from;
	const uint32_t *any = e->any;
	size_t hits = 0;

	for (size_t i = begin; i < end && e->failed == ERR_OK; i++) {
		if (i + ENGINE_AHEAD < end && filter_bit(any, from[i + ENGINE_AHEAD])) {
			fetch_cells(e, from[i + ENGINE_AHEAD], e->c->to[i + ENGINE_AHEAD]);
		}
		if (filter_bit(any, from[i])) {
			apply(e, i);
			hits++;
		}
	}
	return hits;
}

static size_t scan_sparse(struct trace_engine *e, size_t begin, size_t end)
{
	size_t hits = 0;
	size_t i = filter_next(e->c->from, begin, end, e->any);

	while (i < end && e->failed == ERR_OK) {
		apply(e, i);
		hits++;
		i = filter_next(e->c->from, i + 1, end, e->any);
	}
	return hits;
}

static void scan(struct trace_engine *e, size_t begin, size_t end)
{
	while (begin < end && e->failed == ERR_OK) {
		const size_t to = end - begin > CHUNK ? begin + CHUNK : end;
		const size_t hits = !e->dense             ? scan_sparse(e, begin, to)
				    : engine_can_dense(e) ? engine_dense(e, begin, to)
							  : scan_dense(e, begin, to);

		e->dense = hits * DENSE > to - begin;
		spread(e, hits);
		begin = to;
	}
}

/* ---- the frontier ---- */

/* What stands of an event that is not worked on at once: from now on it is on its way. */
static INLINED void ask(struct trace_engine *e, size_t i)
{
	struct front *f = &e->front;

	FETCH(&e->nexts->at[i]);
	if (e->lines) {
		FETCH(&e->c->in[i]);
		FETCH(&e->c->out[i]);
	}
	f->ring[f->ring_in++ % FRONT_RING] = (uint32_t)i;
}

/* Where that is which an event names. */
static INLINED void ask_pages(struct trace_engine *e, size_t i)
{
	const struct trace_next *x = &e->nexts->at[i];
	const struct cells *c = cells_read(e);

	engine_fetch_page(c, x->from);
	engine_fetch_page(c, x->to);
	if (e->sinks_any) {
		engine_fetch_page(&e->sinks, x->to);
	}
}

/* What an event names that is there. */
static INLINED void ask_named(struct trace_engine *e, size_t i)
{
	const struct trace_next *x = &e->nexts->at[i];

	fetch_cells(e, x->from, x->to);
	FETCH(&e->any[x->from >> 5]);
	FETCH(&e->any[x->to >> 5]);
	if (e->sinks_any) {
		engine_fetch_cell(&e->sinks, x->to);
	}
	FETCH(&e->front.agenda.words[x->sender >> 6]);
	FETCH(&e->front.agenda.words[x->receiver >> 6]);
}

/* Event i is to be worked on, later than all that was; or c->n: none is. */
static INLINED void front_put(struct trace_engine *e, size_t i)
{
	struct front *f = &e->front;

	if (!agenda_put(&f->agenda, i)) {
		return;
	}
	if (i < f->seen) {
		f->asked++;
		ask(e, i);
	} else {
		f->dry = false;
	}
}

/*
 * Event i has been: what its accounts send next is of interest if they are marked now.  Of a
 * receiver who was marked before it is known.
 */
static INLINED void front_after(struct trace_engine *e, size_t i, bool was)
{
	const struct trace_next *x = &e->nexts->at[i];
	const size_t none = e->c->n;

	front_put(e, filter_bit(e->any, x->from) ? x->sender : none);
	if (!was && filter_bit(e->any, x->to)) {
		front_put(e, x->receiver);
	}
}

/* Of who is marked already the next outflow is looked for in the column of senders. */
static void front_make(struct trace_engine *e)
{
	const struct trace_columns *c = e->c;
	uint32_t *left;
	size_t left_n = 0;

	e->failed = agenda_make(&e->front.agenda, c->n);
	e->front.seen = e->next;
	e->front.asked = 0;
	e->front.dry = true;
	e->front.ring_in = 0;
	e->front.ring_pages = 0;
	e->front.ring_out = 0;
	for (size_t w = 0; w < e->any_words; w++) {
		left_n += (size_t)__builtin_popcount(e->any[w]);
	}
	if (left_n == 0 || e->failed != ERR_OK) {
		return;
	}
	left = malloc(e->any_words * sizeof *left);
	if (left == NULL) {
		e->failed = ERR_FULL;
		return;
	}
	memcpy(left, e->any, e->any_words * sizeof *left);
	for (size_t i = e->next; left_n > 0; i++, left_n--) {
		i = filter_next(c->from, i, c->n, left);
		if (i == c->n) {
			break;
		}
		left[c->from[i] >> 5] &= ~((uint32_t)1 << (c->from[i] & 31));
		front_put(e, i);
	}
	free(left);
}

/* Looks so far ahead of event i, the next one, that memory has the time that it takes. */
static INLINED void look_ahead(struct trace_engine *e, size_t i)
{
	struct front *f = &e->front;

	if (f->asked > (size_t)2 * FRONT_ASKED || f->seen < i) {
		/* many came in between: the nearest were asked for long ago, and may be gone */
		f->seen = i;
		f->asked = 0;
		f->dry = false;
	}
	while (f->asked < FRONT_ASKED && !f->dry) {
		const size_t k = agenda_next(&f->agenda, f->seen);

		f->dry = k == e->c->n;
		if (!f->dry) {
			f->seen = k + 1;
			f->asked++;
			ask(e, k);
		}
	}
	while (f->ring_in - f->ring_pages > FRONT_LAG) {
		ask_pages(e, f->ring[f->ring_pages++ % FRONT_RING]);
	}
	while (f->ring_in - f->ring_out > (size_t)2 * FRONT_LAG) {
		ask_named(e, f->ring[f->ring_out++ % FRONT_RING]);
	}
}

static void frontier(struct trace_engine *e, size_t end)
{
	struct front *f = &e->front;
	size_t i = agenda_next(&f->agenda, e->next);

	while (i < end && e->failed == ERR_OK) {
		const bool was = filter_bit(e->any, e->nexts->at[i].to);

		look_ahead(e, i);
		apply(e, i);
		f->asked--;
		front_after(e, i, was);
		spread(e, 1);
		i = agenda_next(&f->agenda, i + 1);
	}
}

/* ---- blocks ---- */

static void advance(struct trace_engine *e, size_t end)
{
	if (e->active != 0 && e->nexts != NULL) {
		frontier(e, end);
	} else if (e->active != 0) {
		scan(e, e->next, end);
	}
	e->next = end;
}

static void come_true(struct trace_engine *e, const struct mark *m, size_t i, bool event)
{
	struct state *s = &e->cases[m->case_];

	if ((e->active & s->bit) == 0) {
		return;
	}
	s->seeded++;
	if (event) {
		engine_seed_event(e, m, i);
		if (e->nexts != NULL) {
			front_after(e, i, false);
		}
		return;
	}
	engine_seed_account(e, m, i);
	if (e->nexts != NULL && filter_bit(e->any, m->account)) {
		front_put(e, trace_nexts_find(e->c, m->account, i));
	}
}

/* All events up to `end`, and the seeds among them. */
static void follow_events(struct trace_engine *e, size_t end)
{
	while (e->event_seed < e->event_seeds_n && e->event_seeds[e->event_seed].at < end &&
	       e->failed == ERR_OK) {
		const struct mark *m = &e->event_seeds[e->event_seed++];

		if (m->at >= e->next) {
			advance(e, (size_t)m->at + 1);
		}
		come_true(e, m, (size_t)m->at, true);
	}
	if (e->failed == ERR_OK) {
		advance(e, end);
	}
}

static size_t block_end(const struct trace_columns *c, const struct trace_block *blocks,
			size_t blocks_n, size_t k)
{
	return k + 1 < blocks_n ? (size_t)blocks[k + 1].first : c->n;
}

/* The first block at or above a height. */
static size_t block_at(const struct trace_block *blocks, size_t low, size_t high, uint64_t height)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (blocks[middle].height < height) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Where each case ends among the blocks that are to be followed now. */
static void find_stops(struct trace_engine *e, const struct trace_block *blocks, size_t blocks_n)
{
	for (unsigned k = 0; k < e->n; k++) {
		struct state *s = &e->cases[k];
		size_t stop = blocks_n;

		if (s->c.stop_height != 0 && s->c.stop_height != UINT64_MAX) {
			stop = block_at(blocks, e->block, blocks_n, s->c.stop_height + 1);
		}
		for (size_t j = e->block; s->c.stop_time_s != 0 && j < stop; j++) {
			if (blocks[j].time_s > s->c.stop_time_s) {
				stop = j;
			}
		}
		s->stop_block = stop < blocks_n ? stop : SIZE_MAX;
	}
}

/* How far the blocks can be followed as one: to the next end of a case or seed of a balance. */
static size_t segment_end(struct trace_engine *e, const struct trace_block *blocks, size_t limit)
{
	for (unsigned k = 0; k < e->n; k++) {
		struct state *s = &e->cases[k];

		if ((e->active & s->bit) != 0 && s->stop_block <= e->block) {
			e->active &= ~s->bit;
		} else if ((e->active & s->bit) != 0 && s->stop_block < limit) {
			limit = s->stop_block;
		}
	}
	if (e->account_seed < e->account_seeds_n) {
		size_t k = block_at(blocks, e->block, limit, e->account_seeds[e->account_seed].at);

		limit = k < limit ? k + 1 : limit;
	}
	return limit;
}

static void follow_segment(struct trace_engine *e, const struct trace_block *blocks,
			   size_t blocks_n, size_t end)
{
	follow_events(e, block_end(e->c, blocks, blocks_n, end - 1));
	while (e->account_seed < e->account_seeds_n && e->failed == ERR_OK &&
	       e->account_seeds[e->account_seed].at <= blocks[end - 1].height) {
		come_true(e, &e->account_seeds[e->account_seed++], e->next, false);
	}
	e->block = end;
}

/* Keeps what the next block changes. */
static void begin_log(struct trace_engine *e)
{
	struct undo_block *b;

	e->ring_last = (e->ring_last + 1) % e->ring_cap;
	e->ring_n += e->ring_n < e->ring_cap;
	b = &e->ring[e->ring_last];
	b->n = 0;
	b->side_n = 0;
	for (unsigned k = 0; k < e->n; k++) {
		b->totals[k] = e->cases[k].totals;
		b->seeded[k] = e->cases[k].seeded;
	}
	b->event_seed = e->event_seed;
	b->account_seed = e->account_seed;
	b->active = e->active;
	b->next = e->next;
	e->log = b;
}

enum err trace_engine_run(struct trace_engine *e, const struct trace_columns *c,
			  const struct trace_block *blocks, size_t blocks_n,
			  const struct trace_nexts *nexts, struct trace_blame *blame)
{
	if (e->failed != ERR_OK || blocks_n < e->block || c->n < e->next ||
	    (blocks_n > 0 && blocks[blocks_n - 1].first > c->n) ||
	    (nexts != NULL && nexts->n != c->n)) {
		return ERR_STATE;
	}
	e->failed = reserve(e, c->accounts_n);
	e->c = c;
	e->nexts = nexts;
	e->dense = false;
	find_stops(e, blocks, blocks_n);
	if (nexts != NULL && e->failed == ERR_OK) {
		front_make(e);
	}
	while (e->block < blocks_n && e->failed == ERR_OK) {
		/* only what may be taken back goes block by block */
		const bool logged = blocks_n - e->block <= e->ring_cap;
		size_t limit = blocks_n - e->ring_cap;

		if (logged) {
			limit = e->block + 1;
			begin_log(e);
		} else {
			e->ring_n = 0;
		}
		while (e->block < limit && e->failed == ERR_OK) {
			follow_segment(e, blocks, blocks_n, segment_end(e, blocks, limit));
		}
		e->log = NULL;
	}
	e->c = NULL;
	e->nexts = NULL;
	agenda_free(&e->front.agenda);
	if (e->failed == ERR_FUNDS && blame != NULL) {
		*blame = e->blame;
	}
	return e->failed;
}

enum err trace_engine_undo_block(struct trace_engine *e)
{
	const struct undo_block *b;

	if (e->failed != ERR_OK || e->ring_n == 0) {
		return ERR_STATE;
	}
	b = &e->ring[e->ring_last];
	for (size_t i = b->n; i > 0; i--) {
		engine_undo(e, &b->p[i - 1], b);
	}
	for (unsigned k = 0; k < e->n; k++) {
		struct state *s = &e->cases[k];

		s->totals = b->totals[k];
		s->seeded = b->seeded[k];
		/* events of the same numbers may be others next time */
		s->moved_event = SIZE_MAX;
		s->group.end = 0;
	}
	e->event_seed = b->event_seed;
	e->account_seed = b->account_seed;
	e->active = b->active;
	e->next = b->next;
	e->block--;
	e->ring_n--;
	e->ring_last = (e->ring_last + e->ring_cap - 1) % e->ring_cap;
	return e->failed;
}

/* ---- results ---- */

static const struct state *state_of(const struct trace_engine *e, unsigned case_)
{
	CHECK(case_ < e->n);
	return &e->cases[case_];
}

size_t trace_engine_blocks(const struct trace_engine *e)
{
	return e->block;
}

size_t trace_engine_undoable(const struct trace_engine *e)
{
	return e->ring_n;
}

struct trace_totals trace_engine_totals(const struct trace_engine *e, unsigned case_)
{
	return state_of(e, case_)->totals;
}

size_t trace_engine_pending(const struct trace_engine *e, unsigned case_)
{
	const struct state *s = state_of(e, case_);

	return s->seeds_n - s->seeded;
}

bool trace_engine_stopped(const struct trace_engine *e, unsigned case_)
{
	return (e->active & state_of(e, case_)->bit) == 0;
}

static uint64_t taint_of(const struct state *s, uint32_t account)
{
	if (engine_is_lines(s)) {
		const struct spans *line = engine_line(s, account);

		return line == NULL ? 0 : line->total;
	}
	return cells_get(&s->taint, account);
}

uint64_t trace_engine_taint(const struct trace_engine *e, unsigned case_, uint32_t account)
{
	const struct state *s = state_of(e, case_);

	return account < e->accounts_n ? taint_of(s, account) : 0;
}

static bool marked(const struct trace_engine *e, const struct state *s, uint32_t account)
{
	return e->n == 1 ? filter_bit(e->any, account)
			 : (cells_get(&e->masks, account) & s->bit) != 0;
}

enum err trace_engine_sink(struct trace_engine *e, unsigned case_, uint32_t account, bool absorbs)
{
	struct state *s;
	uint64_t *mask;
	enum err err;

	CHECK(case_ < e->n);
	s = &e->cases[case_];
	if (account < TRACE_ACCOUNTS_RESERVED || account >= TRACE_COUNT_MAX) {
		return ERR_INPUT;
	}
	if (e->failed != ERR_OK ||
	    (account < e->accounts_n &&
	     (marked(e, s, account) || cells_get(&s->rests, account) != 0))) {
		return ERR_STATE;
	}
	err = reserve(e, (size_t)account + 1);
	if (err != ERR_OK) {
		return err;
	}
	mask = cells_ref(&e->sinks, account);
	if (mask == NULL) {
		return ERR_FULL;
	}
	if (absorbs) {
		*mask |= s->bit;
		s->sinks = true;
		s->plain = false;
	} else {
		*mask &= ~s->bit;
	}
	return ERR_OK;
}

bool trace_engine_marked(const struct trace_engine *e, unsigned case_, uint32_t account)
{
	const struct state *s = state_of(e, case_);

	return account < e->accounts_n && marked(e, s, account);
}

uint64_t trace_engine_rests(const struct trace_engine *e, unsigned case_, uint32_t account)
{
	const struct state *s = state_of(e, case_);

	return account < e->accounts_n ? cells_get(&s->rests, account) : 0;
}

uint32_t trace_engine_hops(const struct trace_engine *e, unsigned case_, uint32_t account)
{
	const struct state *s = state_of(e, case_);

	return account < e->accounts_n && s->c.hops_max != 0
		   ? (uint32_t)cells_get(&s->hops, account)
		   : 0;
}

const struct trace_span *trace_engine_spans(const struct trace_engine *e, unsigned case_,
					    uint32_t account, size_t *n, size_t *settled)
{
	const struct state *s = state_of(e, case_);
	const struct spans *line = NULL;

	if (engine_is_lines(s) && account < e->accounts_n) {
		line = engine_line(s, account);
	}
	*n = line == NULL ? 0 : line->n;
	*settled = line == NULL ? 0 : line->settled;
	return line == NULL ? NULL : spans_all(line);
}

void trace_engine_each(const struct trace_engine *e, unsigned case_, trace_holder *holder,
		       void *context)
{
	const struct state *s = state_of(e, case_);
	const size_t pages = (e->accounts_n + CELLS_PAGE - 1) >> CELLS_SHIFT;

	for (size_t p = 0; p < pages; p++) {
		const size_t first = p << CELLS_SHIFT;
		const bool bits = e->any[first / 32] != 0 ||
				  (first / 32 + 1 < e->any_words && e->any[first / 32 + 1] != 0);

		if (!bits && s->taint.pages[p] == NULL && s->rests.pages[p] == NULL) {
			continue;
		}
		for (size_t k = 0; k < CELLS_PAGE && first + k < e->accounts_n; k++) {
			const uint32_t account = (uint32_t)(first + k);
			const uint64_t rests = cells_get(&s->rests, account);

			if (marked(e, s, account) || rests != 0) {
				holder(context, account, taint_of(s, account), rests);
			}
		}
	}
}

struct sums {
	const struct trace_engine *e;
	unsigned case_;
	uint64_t held, rests, accounts;
};

static void add_up(void *context, uint32_t account, uint64_t taint, uint64_t rests)
{
	struct sums *sums = context;
	const struct trace_span *p;
	uint64_t total = 0;
	size_t settled;
	size_t n;

	sums->held += taint;
	sums->rests += rests;
	sums->accounts += trace_engine_marked(sums->e, sums->case_, account);
	p = trace_engine_spans(sums->e, sums->case_, account, &n, &settled);
	for (size_t i = 0; i < n; i++) {
		CHECK(p[i].a < p[i].b && (i == 0 || i == settled || p[i - 1].b < p[i].a));
		total += p[i].b - p[i].a;
	}
	CHECK(p == NULL || total == taint);
}

void trace_engine_certify(const struct trace_engine *e)
{
	for (unsigned k = 0; k < e->n; k++) {
		const struct trace_totals *t = &e->cases[k].totals;
		struct sums sums = { .e = e, .case_ = k };

		trace_engine_each(e, k, add_up, &sums);
		CHECK(sums.held == t->held && sums.accounts == t->accounts);
		CHECK(sums.rests == t->absorbed + t->stopped);
		CHECK(t->held + t->absorbed + t->stopped + t->evaporated + t->destroyed ==
		      t->stolen);
	}
}

static void hash_u64(struct sha256 *h, uint64_t v)
{
	uint8_t b[8];

	le64_put(b, v);
	sha256_update(h, bytes_of(b, sizeof b));
}

struct hashing {
	struct sha256 *h;
	const struct trace_engine *e;
	unsigned case_;
};

static void hash_holder(void *context, uint32_t account, uint64_t taint, uint64_t rests)
{
	const struct hashing *x = context;
	const struct trace_span *p;
	size_t settled;
	size_t n;

	hash_u64(x->h, account);
	hash_u64(x->h, taint);
	hash_u64(x->h, rests);
	hash_u64(x->h, trace_engine_marked(x->e, x->case_, account));
	hash_u64(x->h, trace_engine_hops(x->e, x->case_, account));
	p = trace_engine_spans(x->e, x->case_, account, &n, &settled);
	hash_u64(x->h, n);
	hash_u64(x->h, settled);
	for (size_t i = 0; i < n; i++) {
		hash_u64(x->h, p[i].a);
		hash_u64(x->h, p[i].b);
	}
}

void trace_engine_digest(const struct trace_engine *e, struct hash32 *out)
{
	struct sha256 h;

	sha256_init(&h);
	hash_u64(&h, e->block);
	hash_u64(&h, e->next);
	hash_u64(&h, e->active);
	for (unsigned k = 0; k < e->n; k++) {
		const struct trace_totals *t = &e->cases[k].totals;
		struct hashing x = { .h = &h, .e = e, .case_ = k };

		hash_u64(&h, e->cases[k].c.policy);
		hash_u64(&h, e->cases[k].seeded);
		hash_u64(&h, t->stolen);
		hash_u64(&h, t->held);
		hash_u64(&h, t->absorbed);
		hash_u64(&h, t->stopped);
		hash_u64(&h, t->evaporated);
		hash_u64(&h, t->destroyed);
		hash_u64(&h, t->accounts);
		hash_u64(&h, t->touched);
		trace_engine_each(e, k, hash_holder, &x);
	}
	sha256_final(&h, out);
}
