/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_apply.c - one event under every rule: the recurrences of docs/trace.md, "Rules".
 */
#include <stdlib.h>
#include <string.h>

#include "trace/engine_inner.h"

struct sort_row {
	uint64_t key;
	size_t index;
};

enum { ROOM_FIRST = 16 };

static void fail(struct trace_engine *e, enum err why)
{
	if (e->failed == ERR_OK) {
		e->failed = why;
	}
}

/* Notes what a record of the log undoes.  A block without memory for it cannot be followed. */
static void note(struct trace_engine *e, const struct state *s, enum undo_kind kind,
		 uint32_t account, uint64_t x, uint64_t y)
{
	struct undo_block *b = e->log;

	if (b == NULL) {
		return;
	}
	if (b->n == b->cap) {
		size_t cap = b->cap == 0 ? ROOM_FIRST : b->cap * 2;
		struct undo *more = realloc(b->p, cap * sizeof *more);

		if (more == NULL) {
			fail(e, ERR_FULL);
			return;
		}
		b->p = more;
		b->cap = cap;
	}
	b->p[b->n++] = (struct undo){ .account = account,
				      .kind = (uint16_t)kind,
				      .case_ = (uint16_t)(s - e->cases),
				      .x = x,
				      .y = y };
}

/* Notes all intervals of an account before a seed changes them anywhere. */
static void note_line(struct trace_engine *e, const struct state *s, uint32_t account,
		      const struct spans *line)
{
	struct undo_block *b = e->log;
	size_t wanted;

	if (b == NULL) {
		return;
	}
	wanted = b->side_n + line->n + 1;
	if (wanted > b->side_cap) {
		struct trace_span *more = realloc(b->side, wanted * 2 * sizeof *more);

		if (more == NULL) {
			fail(e, ERR_FULL);
			return;
		}
		b->side = more;
		b->side_cap = wanted * 2;
	}
	note(e, s, UNDO_REPLACED, account, b->side_n, line->settled);
	b->side[b->side_n++] = (struct trace_span){ line->n, 0 };
	if (line->n > 0) {
		memcpy(b->side + b->side_n, spans_all(line), line->n * sizeof *b->side);
		b->side_n += line->n;
	}
}

static inline bool is_marked(const struct trace_engine *e, const struct state *s, uint32_t account)
{
	return e->n == 1 ? filter_bit(e->any, account)
			 : (cells_get(&e->masks, account) & s->bit) != 0;
}

/* The account is marked for the case from now on; it was not. */
static inline void mark(struct trace_engine *e, struct state *s, uint32_t account)
{
	const uint32_t bit = (uint32_t)1 << (account & 31);
	uint32_t *word = &e->any[account >> 5];

	if (e->n > 1) {
		uint64_t *mask = cells_ref(&e->masks, account);

		if (mask == NULL) {
			fail(e, ERR_FULL);
			return;
		}
		*mask |= s->bit;
	}
	s->totals.accounts++;
	*word |= bit;
}

/* The account is not marked any more; it was. */
static inline void unmark(struct trace_engine *e, struct state *s, uint32_t account)
{
	if (e->n > 1) {
		uint64_t *mask = cells_ref(&e->masks, account);

		*mask &= ~s->bit;
		s->totals.accounts--;
		if (*mask != 0) {
			return;
		}
	} else {
		s->totals.accounts--;
	}
	e->any[account >> 5] &= ~((uint32_t)1 << (account & 31));
}

static void put_hops(struct trace_engine *e, struct state *s, uint32_t account, uint64_t hops)
{
	uint64_t *ref = cells_ref(&s->hops, account);

	if (ref == NULL) {
		fail(e, ERR_FULL);
		return;
	}
	if (*ref != hops) {
		note(e, s, UNDO_HOPS, account, *ref, 0);
		*ref = hops;
	}
}

/* The nearest way counts; an account that held nothing has only this one. */
static void arrive_hops(struct trace_engine *e, struct state *s, uint32_t account, uint64_t hops,
			bool was_marked)
{
	if (s->c.hops_max != 0 && (!was_marked || hops < cells_get(&s->hops, account))) {
		put_hops(e, s, account, hops);
	}
}

/* The account has nothing left of the case. */
static inline void emptied(struct trace_engine *e, struct state *s, uint32_t account)
{
	unmark(e, s, account);
	if (s->c.hops_max != 0) {
		put_hops(e, s, account, 0);
	}
}

/* The one place that writes an amount: what is held changes by what the account's does. */
static inline void put_value(struct trace_engine *e, struct state *s, uint32_t account,
			     uint64_t *ref, uint64_t units)
{
	if (e->log != NULL) {
		note(e, s, UNDO_VALUE, account, *ref, 0);
	}
	s->totals.held += units - *ref;
	*ref = units;
}

/* Law 1, after every event that changes the case: exact, and in release builds too. */
static inline void conserve(const struct state *s)
{
	const struct trace_totals *t = &s->totals;

	CHECK(t->held + t->absorbed + t->stopped + t->evaporated + t->destroyed == t->stolen);
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* floor(a * b / c) of a <= c or b <= c: the product has 128 bits. */
static inline uint64_t part(uint64_t a, uint64_t b, uint64_t c)
{
	const u128 product = (u128)a * b;

	if ((uint64_t)(product >> 64) == 0) {
		return (uint64_t)product / c;
	}
	return (uint64_t)(product / c);
}

/* Where m of the v units of event i go that leave the sender, who is so many events from a seed. */
static inline enum trace_touch_kind fate(const struct trace_engine *e, const struct state *s,
					 uint32_t to, uint64_t v, uint64_t m, uint64_t hops)
{
	if (to == TRACE_DESTROYED) {
		return TRACE_ENDED;
	}
	if (s->plain) {
		return TRACE_MOVED;
	}
	if (s->sinks && (cells_get(&e->sinks, to) & s->bit) != 0) {
		return TRACE_ABSORBED;
	}
	if (m < s->c.floor_units || (u128)m * s->c.floor_whole < (u128)v * s->c.floor_part) {
		return TRACE_EVAPORATED;
	}
	if (s->c.hops_max != 0 && hops + 1 >= s->c.hops_max) {
		return TRACE_STOPPED;
	}
	return TRACE_MOVED;
}

static void add_rests(struct trace_engine *e, struct state *s, uint32_t account, uint64_t m)
{
	uint64_t *ref = cells_ref(&s->rests, account);

	if (ref == NULL) {
		fail(e, ERR_FULL);
		return;
	}
	note(e, s, UNDO_RESTS, account, *ref, 0);
	/* cannot wrap: all that ever came to the account has 64 bits, seeds of it among them */
	*ref += m;
}

/* Books m units that do not arrive as coins to be followed. */
static void give_up(struct trace_engine *e, struct state *s, enum trace_touch_kind kind,
		    uint32_t to, uint64_t m)
{
	if (kind == TRACE_ENDED) {
		s->totals.destroyed += m;
	} else if (kind == TRACE_EVAPORATED) {
		s->totals.evaporated += m;
	} else if (kind == TRACE_ABSORBED) {
		s->totals.absorbed += m;
		add_rests(e, s, to, m);
	} else {
		CHECK(kind == TRACE_STOPPED);
		s->totals.stopped += m;
		add_rests(e, s, to, m);
	}
}

static void tell(const struct trace_engine *e, const struct state *s, enum trace_touch_kind kind,
		 const struct event *x, uint64_t m, uint64_t hops)
{
	const struct trace_touch t = { .kind = kind,
				       .case_ = (unsigned)(s - e->cases),
				       .event = x->i,
				       .from = x->from,
				       .to = x->to,
				       .amount = x->amount,
				       .moved = m,
				       .hops = s->c.hops_max == 0 ? 0 : (uint32_t)hops };

	e->observer(e->context, &t);
}

/* What a seed of the same event must not count again: what of the case has arrived with it. */
static inline void remember(struct state *s, size_t i, enum trace_touch_kind kind, uint64_t m)
{
	s->moved_event = i;
	s->moved = kind == TRACE_EVAPORATED || kind == TRACE_STOPPED ? 0 : m;
}

static int row_order(const void *a, const void *b)
{
	const struct sort_row *x = a;
	const struct sort_row *y = b;

	if (x->key != y->key) {
		return x->key > y->key ? -1 : 1;
	}
	return x->index < y->index ? -1 : 1;
}

/* The legs of event i's transaction that the same sender pays, from i on. */
static size_t legs_end(const struct trace_columns *c, size_t i)
{
	size_t end = i + 1;

	/* a leg to oneself refills the sender: it stands alone, so that legs never exceed balance
	 */
	if (c->tx == NULL || c->from[i] == c->to[i]) {
		return end;
	}
	while (end < c->n && c->tx[end] == c->tx[i] && c->from[end] == c->from[i] &&
	       c->to[end] != c->from[end]) {
		end++;
	}
	return end;
}

static bool group_room(struct trace_engine *e, struct group *g, size_t n)
{
	if (n > g->cap) {
		uint64_t *more = realloc(g->share, n * 2 * sizeof *more);

		if (more == NULL) {
			return false;
		}
		g->share = more;
		g->cap = n * 2;
	}
	if (n > e->rows_cap) {
		struct sort_row *more = realloc(e->rows, n * 2 * sizeof *more);

		if (more == NULL) {
			return false;
		}
		e->rows = more;
		e->rows_cap = n * 2;
	}
	return true;
}

/* Shares t of the sender's b units over the legs [i, end). */
static void share_legs(struct trace_engine *e, struct state *s, size_t i, size_t end, uint64_t t,
		       uint64_t b)
{
	const uint64_t *v = e->c->amount + i;
	uint64_t *share = s->group.share;
	const size_t n = end - i;
	uint64_t all = 0;
	uint64_t rest;

	for (size_t k = 0; k < n; k++) {
		all += v[k];
	}
	CHECK(all <= b);
	if (s->c.policy == TRACE_TIHO) {
		rest = least(t, all);
		for (size_t k = 0; k < n; k++) {
			e->rows[k] = (struct sort_row){ v[k], k };
		}
		qsort(e->rows, n, sizeof *e->rows, row_order);
		for (size_t k = 0; k < n; k++) {
			const size_t leg = e->rows[k].index;

			share[leg] = least(v[leg], rest);
			rest -= share[leg];
		}
		return;
	}
	/* haircut: first what leaves in all, then each leg's floor, then the largest remainders */
	const uint64_t moved = all == b ? t : part(all, t, b);

	rest = moved;
	for (size_t k = 0; k < n; k++) {
		share[k] = part(v[k], moved, all);
		rest -= share[k];
		e->rows[k] = (struct sort_row){ (uint64_t)((u128)v[k] * moved % all), k };
	}
	qsort(e->rows, n, sizeof *e->rows, row_order);
	for (size_t k = 0; k < rest; k++) {
		share[e->rows[k].index]++;
	}
}

static uint64_t group_share(struct trace_engine *e, struct state *s, size_t i, uint64_t t,
			    uint64_t b)
{
	struct group *g = &s->group;

	if (i < g->begin || i >= g->end) {
		const size_t end = legs_end(e->c, i);

		if (!group_room(e, g, end - i)) {
			fail(e, ERR_FULL);
			return 0;
		}
		share_legs(e, s, i, end, t, b);
		g->begin = i;
		g->end = end;
	}
	return g->share[i - g->begin];
}

/* What leaves of t among v of the b units that the sender has, event by event. */
static INLINED uint64_t share_of(enum trace_policy policy, uint64_t t, uint64_t v, uint64_t b)
{
	if (policy == TRACE_HAIRCUT) {
		return v == b ? t : part(v, t, b);
	}
	if (policy == TRACE_TAINT_FIRST) {
		return least(v, t);
	}
	return v > b - t ? v - (b - t) : 0;
}

/* Rules that keep one amount per account. */
static inline void apply_value(struct trace_engine *e, struct state *s, const struct event *x)
{
	const uint32_t from = x->from;
	const uint32_t to = x->to;
	const uint64_t v = x->amount;
	const uint64_t b = x->balance;
	uint64_t *ref = cells_ref(&s->taint, from);
	const uint64_t t = *ref;
	const uint64_t hops = s->c.hops_max == 0 ? 0 : cells_get(&s->hops, from);
	enum trace_touch_kind kind;
	uint64_t m;

	CHECK(t > 0 && t <= b);
	s->totals.touched++;
	m = s->c.policy == TRACE_HAIRCUT_TX || s->c.policy == TRACE_TIHO
		? group_share(e, s, x->i, t, b)
		: share_of(s->c.policy, t, v, b);
	if (m == 0) {
		return;
	}
	kind = fate(e, s, to, v, m, hops);
	put_value(e, s, from, ref, t - m);
	if (t == m) {
		emptied(e, s, from);
	}
	if (kind == TRACE_MOVED) {
		uint64_t *into = cells_ref(&s->taint, to);

		if (into == NULL) {
			fail(e, ERR_FULL);
			return;
		}
		if (*into == 0) {
			arrive_hops(e, s, to, hops + 1, false);
			mark(e, s, to);
		} else {
			arrive_hops(e, s, to, hops + 1, true);
		}
		put_value(e, s, to, into, *into + m);
	} else {
		give_up(e, s, kind, to, m);
	}
	remember(s, x->i, kind, m);
	conserve(s);
	if (e->observer != NULL) {
		tell(e, s, kind, x, m, hops + 1);
	}
}

/* The line of an account, made if it holds nothing yet.  NULL: no memory. */
static struct spans *line_make(struct trace_engine *e, struct state *s, uint32_t account)
{
	uint64_t *ref = cells_ref(&s->taint, account);
	uint32_t number;

	if (ref == NULL) {
		fail(e, ERR_FULL);
		return NULL;
	}
	if (*ref != 0) {
		return &s->lines[*ref - 1];
	}
	if (s->idle_n == 0 && s->lines_n == s->lines_cap) {
		size_t cap = s->lines_cap == 0 ? ROOM_FIRST : s->lines_cap * 2;
		struct spans *more = realloc(s->lines, cap * sizeof *more);
		uint32_t *idle;

		if (more == NULL) {
			fail(e, ERR_FULL);
			return NULL;
		}
		s->lines = more;
		idle = realloc(s->idle, cap * sizeof *idle);
		if (idle == NULL) {
			fail(e, ERR_FULL);
			return NULL;
		}
		s->idle = idle;
		s->lines_cap = cap;
	}
	if (s->idle_n > 0) {
		number = s->idle[--s->idle_n];
	} else {
		number = (uint32_t)s->lines_n++;
		s->lines[number] = (struct spans){ 0 };
	}
	*ref = (uint64_t)number + 1;
	return &s->lines[number];
}

/* Gives an empty line back, with its memory, for the next account. */
static void line_drop(struct state *s, uint32_t account)
{
	uint64_t *ref = cells_ref(&s->taint, account);
	struct spans *line = &s->lines[*ref - 1];

	CHECK(line->n == 0 && line->total == 0);
	line->head = 0;
	line->settled = 0;
	s->idle[s->idle_n++] = (uint32_t)(*ref - 1);
	*ref = 0;
}

static bool piece(struct trace_engine *e, struct trace_span taken)
{
	if (e->pieces_n == e->pieces_cap) {
		size_t cap = e->pieces_cap == 0 ? ROOM_FIRST : e->pieces_cap * 2;
		struct trace_span *more = realloc(e->pieces, cap * sizeof *more);

		if (more == NULL) {
			fail(e, ERR_FULL);
			return false;
		}
		e->pieces = more;
		e->pieces_cap = cap;
	}
	e->pieces[e->pieces_n++] = taken;
	return true;
}

/* Takes what an event moves into e->pieces, lowest first, on an axis where the event begins at 0.
 */
static uint64_t take_pieces(struct trace_engine *e, struct state *s, const struct event *x,
			    struct spans *line)
{
	const uint32_t from = x->from;
	const uint64_t out = e->c->out[x->i];
	const bool fifo = s->c.policy == TRACE_FIFO;
	const uint64_t begin = fifo ? out : x->balance - x->amount;
	const uint64_t before = line->total;
	struct trace_span taken;

	e->pieces_n = 0;
	if (fifo) {
		while (spans_take_low(line, begin + x->amount, &taken)) {
			/* what left earlier is not there any more */
			CHECK(taken.a >= begin);
			note(e, s, UNDO_TAKEN, from, taken.a, taken.b);
			if (!piece(e, (struct trace_span){ taken.a - begin, taken.b - begin })) {
				return 0;
			}
		}
		return before - line->total;
	}
	uint64_t settled;

	spans_settle(line, out, &settled);
	if (settled != UINT64_MAX) {
		note(e, s, UNDO_SETTLED, from, settled, out);
	}
	while (spans_take_high(line, begin, &taken)) {
		CHECK(taken.b <= x->balance);
		note(e, s, UNDO_TAKEN, from, taken.a, taken.b);
		if (!piece(e, (struct trace_span){ taken.a - begin, taken.b - begin })) {
			return 0;
		}
	}
	/* the block of units keeps its order from bottom to top */
	for (size_t k = 0; k < e->pieces_n / 2; k++) {
		const struct trace_span low = e->pieces[k];

		e->pieces[k] = e->pieces[e->pieces_n - 1 - k];
		e->pieces[e->pieces_n - 1 - k] = low;
	}
	return before - line->total;
}

/* FIFO and LIFO. */
static void apply_lines(struct trace_engine *e, struct state *s, const struct event *x)
{
	const uint32_t from = x->from;
	const uint32_t to = x->to;
	const uint64_t hops = s->c.hops_max == 0 ? 0 : cells_get(&s->hops, from);
	struct spans *line = engine_line(s, from);
	enum trace_touch_kind kind;
	uint64_t m;

	CHECK(line != NULL && line->total > 0);
	s->totals.touched++;
	m = take_pieces(e, s, x, line);
	if (m == 0 || e->failed != ERR_OK) {
		return;
	}
	s->totals.held -= m;
	if (line->total == 0) {
		line_drop(s, from);
		emptied(e, s, from);
	}
	kind = fate(e, s, to, x->amount, m, hops);
	if (kind == TRACE_MOVED) {
		const uint64_t in = e->c->in[x->i];
		const bool was = is_marked(e, s, to);

		line = line_make(e, s, to);
		if (line == NULL) {
			return;
		}
		arrive_hops(e, s, to, hops + 1, was);
		note(e, s, UNDO_PUSHED, to, in, 0);
		for (size_t k = 0; k < e->pieces_n; k++) {
			if (!spans_push(line, e->pieces[k].a + in, e->pieces[k].b + in)) {
				fail(e, ERR_FULL);
				return;
			}
			s->totals.held += e->pieces[k].b - e->pieces[k].a;
		}
		if (!was) {
			mark(e, s, to);
		}
	} else {
		give_up(e, s, kind, to, m);
	}
	remember(s, x->i, kind, m);
	conserve(s);
	if (e->observer != NULL) {
		tell(e, s, kind, x, m, hops + 1);
	}
}

static void set_poison(struct trace_engine *e, struct state *s, uint32_t account)
{
	note(e, s, UNDO_MARK, account, 0, 0);
	mark(e, s, account);
}

static void apply_poison(struct trace_engine *e, struct state *s, const struct event *x)
{
	const uint32_t from = x->from;
	const uint32_t to = x->to;
	const uint64_t hops = s->c.hops_max == 0 ? 0 : cells_get(&s->hops, from);
	enum trace_touch_kind kind;

	s->totals.touched++;
	kind = fate(e, s, to, x->amount, x->amount, hops);
	if (s->c.policy == TRACE_POISON_EMPTIED && x->amount == x->balance) {
		note(e, s, UNDO_MARK, from, 1, 0);
		emptied(e, s, from);
	}
	if (kind == TRACE_MOVED) {
		const bool was = is_marked(e, s, to);

		arrive_hops(e, s, to, hops + 1, was);
		if (!was) {
			set_poison(e, s, to);
		}
	}
	if (e->observer != NULL) {
		tell(e, s, kind, x, x->amount, hops + 1);
	}
}

static inline void apply_case(struct trace_engine *e, struct state *s, const struct event *x)
{
	if (engine_is_lines(s)) {
		apply_lines(e, s, x);
	} else if (engine_is_poison(s)) {
		apply_poison(e, s, x);
	} else {
		apply_value(e, s, x);
	}
}

void engine_apply(struct trace_engine *e, const struct event *x)
{
	uint64_t mask = engine_mask(e, x->from) & e->active;

	for (; mask != 0; mask &= mask - 1) {
		apply_case(e, &e->cases[__builtin_ctzll(mask)], x);
	}
}

bool engine_can_dense(const struct trace_engine *e)
{
	const struct state *s = &e->cases[0];

	return e->n == 1 && s->plain && e->log == NULL && e->observer == NULL && e->nexts == NULL &&
	       (s->c.policy == TRACE_HAIRCUT || s->c.policy == TRACE_TAINT_FIRST ||
		s->c.policy == TRACE_CLEAN_FIRST);
}

/* The columns of the window from event i on: they are read in order, but a page of the kernel ends
 * soon, and what the processor asks for by itself ends there. */
static INLINED void fetch_columns(const struct trace_columns *c, size_t i)
{
	enum { LINE_4 = 16, LINE_8 = 8 };

	for (size_t k = 0; k < FILTER_WINDOW; k += LINE_4) {
		FETCH(&c->from[i + k]);
		FETCH(&c->to[i + k]);
	}
	for (size_t k = 0; k < FILTER_WINDOW; k += LINE_8) {
		FETCH(&c->amount[i + k]);
		FETCH(&c->balance[i + k]);
	}
}

/*
 * The same as apply_value() for one plain case: what it need not ask is not asked.  Who is marked
 * is asked for a window of events at once, before the first of them, and for the window after it,
 * whose cells are asked for one by one while this one is worked on: all together they would wait
 * for each other.  An account that is marked by an event is looked for among the senders behind it.
 */
static INLINED size_t dense(struct trace_engine *e, struct state *s, size_t begin, size_t end,
			    enum trace_policy policy)
{
	/* events ahead, in lines of each column */
	enum { COLUMNS_AHEAD = 256 };

	const struct trace_columns c = *e->c;
	uint32_t *const any = e->any;
	uint64_t *const cells = s->taint.flat;
	uint64_t accounts = s->totals.accounts;
	uint64_t held = s->totals.held;
	size_t touched = 0;

	for (; begin < end; begin += FILTER_WINDOW) {
		const size_t n = least(end - begin, FILTER_WINDOW);
		const size_t next = begin + n;
		uint64_t near = filter_window(c.from + next, least(c.n - next, FILTER_WINDOW), any);
		uint64_t hits = filter_window(c.from + begin, n, any);

		if (c.n - begin >= COLUMNS_AHEAD + FILTER_WINDOW) {
			fetch_columns(&c, begin + COLUMNS_AHEAD);
		}
		while (hits != 0) {
			const unsigned k = (unsigned)__builtin_ctzll(hits);
			const size_t i = begin + k;
			const uint32_t from = c.from[i];
			const uint32_t to = c.to[i];
			const uint64_t v = c.amount[i];
			const uint64_t b = c.balance[i];
			const uint64_t t = cells[from];
			uint64_t m;

			hits &= hits - 1;
			if (near != 0) {
				const size_t f = next + (size_t)__builtin_ctzll(near);

				near &= near - 1;
				FETCH(&cells[c.from[f]]);
				FETCH(&cells[c.to[f]]);
			}
			if (t == 0) {
				/* he was when the window began */
				CHECK(!filter_bit(any, from));
				continue;
			}
			CHECK(t <= b);
			touched++;
			m = share_of(policy, t, v, b);
			if (m == 0) {
				continue;
			}
			cells[from] = t - m;
			held -= m;
			if (t == m) {
				any[from >> 5] &= ~((uint32_t)1 << (from & 31));
				accounts--;
			}
			s->moved_event = i;
			s->moved = m;
			if (to == TRACE_DESTROYED) {
				s->totals.destroyed += m;
				continue;
			}
			if (cells[to] == 0) {
				any[to >> 5] |= (uint32_t)1 << (to & 31);
				accounts++;
				hits |= filter_equal(c.from + begin, n, to) & ~UINT64_C(1) << k;
			}
			cells[to] += m;
			held += m;
		}
	}
	s->totals.accounts = accounts;
	s->totals.held = held;
	s->totals.touched += touched;
	conserve(s);
	return touched;
}

size_t engine_dense(struct trace_engine *e, size_t begin, size_t end)
{
	struct state *s = &e->cases[0];

	if (cells_flatten(&s->taint) != ERR_OK) {
		fail(e, ERR_FULL);
		return 0;
	}
	if (s->c.policy == TRACE_HAIRCUT) {
		return dense(e, s, begin, end, TRACE_HAIRCUT);
	}
	return s->c.policy == TRACE_TAINT_FIRST ? dense(e, s, begin, end, TRACE_TAINT_FIRST)
						: dense(e, s, begin, end, TRACE_CLEAN_FIRST);
}

static void stolen(struct trace_engine *e, struct state *s, uint64_t units)
{
	if (units > UINT64_MAX - s->totals.stolen) {
		fail(e, ERR_OVERFLOW);
		return;
	}
	s->totals.stolen += units;
}

static void blame(struct trace_engine *e, const struct mark *m)
{
	if (e->failed == ERR_OK) {
		e->blame = (struct trace_blame){ m->case_, m->seed };
		e->failed = ERR_FUNDS;
	}
}

/* Adds `want` units to an account that holds the case's units already, or not. */
static void hold_value(struct trace_engine *e, struct state *s, uint32_t account, uint64_t want)
{
	uint64_t *ref = cells_ref(&s->taint, account);

	if (ref == NULL) {
		fail(e, ERR_FULL);
		return;
	}
	if (want > 0 && *ref == 0) {
		mark(e, s, account);
	}
	put_value(e, s, account, ref, *ref + want);
}

/* Adds the interval [a, b) to an account; returns how much of it is new. */
static uint64_t hold_span(struct trace_engine *e, struct state *s, uint32_t account, uint64_t a,
			  uint64_t b, bool levels)
{
	const bool was = is_marked(e, s, account);
	struct spans *line = line_make(e, s, account);
	uint64_t added = 0;

	if (line == NULL) {
		return 0;
	}
	note_line(e, s, account, line);
	if (!spans_add(line, a, b, levels, &added)) {
		fail(e, ERR_FULL);
		return 0;
	}
	s->totals.held += added;
	if (!was) {
		mark(e, s, account);
	}
	return added;
}

/* A seed has come true; `kind`: where its coins went, TRACE_MOVED if they are followed. */
static void seeded(struct trace_engine *e, struct state *s, struct trace_touch *t,
		   enum trace_touch_kind kind)
{
	if (s->c.hops_max != 0 && is_marked(e, s, t->to)) {
		put_hops(e, s, t->to, 0);
	}
	conserve(s);
	if (e->observer == NULL || t->moved == 0) {
		return;
	}
	e->observer(e->context, t);
	if (kind != TRACE_MOVED) {
		t->kind = kind;
		e->observer(e->context, t);
	}
}

void engine_seed_event(struct trace_engine *e, const struct mark *m, size_t i)
{
	const struct trace_columns *c = e->c;
	struct state *s = &e->cases[m->case_];
	const uint32_t to = c->to[i];
	const uint64_t v = c->amount[i];
	const uint64_t want = m->amount == 0 ? v : m->amount;
	const uint64_t there = s->moved_event == i ? s->moved : 0;
	const bool sink = s->sinks && (cells_get(&e->sinks, to) & s->bit) != 0;
	const enum trace_touch_kind kind = to == TRACE_DESTROYED ? TRACE_ENDED
					   : sink                ? TRACE_ABSORBED
								 : TRACE_MOVED;
	struct trace_touch t = { .kind = TRACE_SEEDED,
				 .case_ = m->case_,
				 .seed = m->seed,
				 .event = i,
				 .from = c->from[i],
				 .to = to,
				 .amount = v };

	if (want > v) {
		blame(e, m);
		return;
	}
	if (engine_is_poison(s)) {
		t.moved = v;
		if (kind == TRACE_MOVED && !is_marked(e, s, to)) {
			set_poison(e, s, to);
		}
		seeded(e, s, &t, kind);
		return;
	}
	t.moved = least(want, v - there);
	if (kind != TRACE_MOVED) {
		give_up(e, s, kind, to, t.moved);
	} else if (engine_is_lines(s)) {
		t.moved = hold_span(e, s, to, c->in[i], c->in[i] + want, false);
	} else {
		hold_value(e, s, to, t.moved);
	}
	stolen(e, s, t.moved);
	if (e->failed == ERR_OK) {
		seeded(e, s, &t, kind);
	}
}

void engine_seed_account(struct trace_engine *e, const struct mark *m, size_t i)
{
	struct state *s = &e->cases[m->case_];
	const uint32_t account = m->account;
	const bool sink = s->sinks && (cells_get(&e->sinks, account) & s->bit) != 0;
	const enum trace_touch_kind kind = sink ? TRACE_ABSORBED : TRACE_MOVED;
	struct trace_account a = { 0 };
	uint64_t want;
	struct trace_touch t = {
		.kind = TRACE_SEEDED,
		.case_ = m->case_,
		.event = i,
		.from = account,
		.to = account,
		.seed = m->seed,
	};

	if (account < e->c->accounts_n) {
		a = trace_columns_account(e->c, account, i);
	}
	want = m->amount == 0 ? a.balance : m->amount;
	if (want > a.balance) {
		blame(e, m);
		return;
	}
	t.amount = a.balance;
	if (engine_is_poison(s)) {
		const bool can = a.balance > 0 || s->c.policy == TRACE_POISON;

		/* one that holds nothing may be marked for ever, but not until it is empty */
		t.moved = a.balance;
		if (can && !sink && !is_marked(e, s, account)) {
			set_poison(e, s, account);
		}
		seeded(e, s, &t, kind);
		return;
	}
	if (want == 0) {
		return;
	}
	if (sink) {
		/* what came there earlier as the case's is among it or not: it counts as before */
		t.moved = want - least(want, cells_get(&s->rests, account));
		give_up(e, s, kind, account, t.moved);
	} else if (engine_is_lines(s)) {
		if (s->c.policy == TRACE_LIFO) {
			struct spans *line = line_make(e, s, account);
			uint64_t from;

			if (line == NULL) {
				return;
			}
			spans_settle(line, a.out, &from);
			if (from != UINT64_MAX) {
				note(e, s, UNDO_SETTLED, account, from, a.out);
			}
			t.moved = hold_span(e, s, account, a.balance - want, a.balance, true);
		} else {
			t.moved = hold_span(e, s, account, a.in - want, a.in, false);
		}
	} else {
		t.moved = least(want, a.balance - cells_get(&s->taint, account));
		hold_value(e, s, account, t.moved);
	}
	stolen(e, s, t.moved);
	if (e->failed == ERR_OK) {
		seeded(e, s, &t, kind);
	}
}

/* Marks follow from what is held. */
static void undo_mark(struct trace_engine *e, struct state *s, uint32_t account, bool marked)
{
	if (marked != is_marked(e, s, account)) {
		if (marked) {
			mark(e, s, account);
		} else {
			unmark(e, s, account);
		}
	}
}

static void undo_line(struct trace_engine *e, struct state *s, const struct undo *u,
		      const struct undo_block *b)
{
	struct spans *line = line_make(e, s, u->account);
	const struct trace_span span = { u->x, u->y };
	bool done = true;

	if (line == NULL) {
		return;
	}
	if (u->kind == UNDO_TAKEN) {
		done = s->c.policy == TRACE_FIFO ? spans_put_low(line, span)
						 : spans_put_high(line, span);
	} else if (u->kind == UNDO_PUSHED) {
		spans_cut(line, u->x);
	} else if (u->kind == UNDO_SETTLED) {
		done = spans_unsettle(line, u->y, u->x);
	} else {
		CHECK(u->kind == UNDO_REPLACED);
		done = spans_set(line, b->side + u->x + 1, b->side[u->x].a, u->y);
	}
	if (!done) {
		fail(e, ERR_FULL);
		return;
	}
	undo_mark(e, s, u->account, line->total > 0);
	if (line->total == 0) {
		line_drop(s, u->account);
	}
}

void engine_undo(struct trace_engine *e, const struct undo *u, const struct undo_block *b)
{
	struct state *s = &e->cases[u->case_];

	/* pages exist where the log says that something was written */
	if (u->kind == UNDO_VALUE) {
		*cells_ref(&s->taint, u->account) = u->x;
		undo_mark(e, s, u->account, u->x != 0);
	} else if (u->kind == UNDO_MARK) {
		undo_mark(e, s, u->account, u->x != 0);
	} else if (u->kind == UNDO_HOPS) {
		*cells_ref(&s->hops, u->account) = u->x;
	} else if (u->kind == UNDO_RESTS) {
		*cells_ref(&s->rests, u->account) = u->x;
	} else {
		undo_line(e, s, u, b);
	}
}
