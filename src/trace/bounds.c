/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/bounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "trace/cells.h"
#include "trace/flow.h"

/*
 * Coins of a seed that were the case's already flow into OVERLAP: which coins they are depends on
 * the rule, so the network leaves it open.
 */
enum { SOURCE, DRAIN, DESTROYED, OVERLAP, FIXED };

#define NO_EVENT SIZE_MAX

/* The arc that an event's coins take: in the order of events. */
struct event_arc {
	size_t event;
	uint32_t arc;
	uint32_t sent; /* by which the sender's coins leave; FLOW_NONE: they are all a seed's */
};

/* Which account's coins are in a node, and by what event or seed it was made. */
struct origin {
	uint32_t account; /* FLOW_NONE: a node between others */
	bool of_seed;
	size_t at;
};

/* The arc by which coins of a seed that were the case's already are given up. */
struct overlap_arc {
	size_t seed;
	uint32_t arc;
};

struct trace_bounds {
	struct flow f;
	uint64_t *here; /* while the network is built: what has come to each node and not left */
	struct origin *origins; /* of each node */
	size_t here_cap;
	struct origin making; /* what makes nodes now */
	struct overlap_arc *overlaps;
	size_t overlaps_n, overlaps_cap;
	const struct trace_case *c;
	const struct trace_columns *columns;
	struct cells sinks;               /* 1: absorbs */
	struct cells now;                 /* 1 + the account's node since its last outflow */
	struct cells rests;               /* 1 + the node of what a sink absorbed */
	struct cells drains, rest_drains; /* 1 + the arc from that node to the drain */
	struct event_arc *events;
	size_t events_n, events_cap;
	uint64_t stolen;
	struct trace_touch last; /* a move of which a seed may still be told */
	bool pending;
	bool told; /* the next touch only says where the coins of the last seed are */
	enum err failed;
};

static void fail(struct trace_bounds *b, enum err why)
{
	b->failed = b->failed == ERR_OK ? why : b->failed;
}

/* Room for twice as many nodes.  After a refusal all that was there still is. */
static bool more_nodes(struct trace_bounds *b)
{
	size_t cap = b->here_cap == 0 ? 64 : b->here_cap * 2;
	uint64_t *here = realloc(b->here, cap * sizeof *here);
	struct origin *origins;

	if (here == NULL) {
		return false;
	}
	b->here = here;
	origins = realloc(b->origins, cap * sizeof *origins);
	if (origins == NULL) {
		return false;
	}
	b->origins = origins;
	b->here_cap = cap;
	return true;
}

static uint32_t node(struct trace_bounds *b, uint32_t account)
{
	uint32_t n = flow_node(&b->f);

	if (n != FLOW_NONE && n >= b->here_cap && !more_nodes(b)) {
		n = FLOW_NONE;
	}
	if (n == FLOW_NONE) {
		fail(b, ERR_FULL);
		return DRAIN; /* nothing is asked of a network that failed */
	}
	b->here[n] = 0;
	b->origins[n] = b->making;
	b->origins[n].account = account;
	return n;
}

/* A new arc with a first flow through it. */
static uint32_t arc(struct trace_bounds *b, uint32_t tail, uint32_t head, uint64_t room,
		    uint64_t units)
{
	uint32_t k = flow_arc(&b->f, tail, head, room);

	if (k == FLOW_NONE) {
		fail(b, ERR_FULL);
		return k;
	}
	flow_push(&b->f, k, units);
	if (tail != SOURCE) {
		CHECK(units <= b->here[tail] || b->failed != ERR_OK);
		b->here[tail] -= units;
	}
	b->here[head] += units;
	return k;
}

static void set(struct trace_bounds *b, struct cells *cells, uint32_t account, uint64_t value)
{
	uint64_t *ref = cells_ref(cells, account);

	if (ref == NULL) {
		fail(b, ERR_FULL);
		return;
	}
	*ref = value;
}

static uint32_t node_of(struct trace_bounds *b, struct cells *cells, uint32_t account)
{
	uint64_t known = cells_get(cells, account);
	uint32_t made;

	if (known != 0) {
		return (uint32_t)(known - 1);
	}
	made = node(b, account);
	set(b, cells, account, (uint64_t)made + 1);
	return made;
}

/* Where coins are that come to the account now. */
static uint32_t place(struct trace_bounds *b, uint32_t account)
{
	if (account == TRACE_DESTROYED) {
		return DESTROYED;
	}
	return node_of(b, cells_get(&b->sinks, account) != 0 ? &b->rests : &b->now, account);
}

static void remember(struct trace_bounds *b, size_t event, uint32_t k, uint32_t sent)
{
	if (b->events_n == b->events_cap) {
		size_t cap = b->events_cap == 0 ? 64 : b->events_cap * 2;
		struct event_arc *more = realloc(b->events, cap * sizeof *more);

		if (more == NULL) {
			fail(b, ERR_FULL);
			return;
		}
		b->events = more;
		b->events_cap = cap;
	}
	b->events[b->events_n++] = (struct event_arc){ event, k, sent };
}

static void remember_overlap(struct trace_bounds *b, size_t seed, uint32_t k)
{
	if (b->overlaps_n == b->overlaps_cap) {
		size_t cap = b->overlaps_cap == 0 ? 16 : b->overlaps_cap * 2;
		struct overlap_arc *more = realloc(b->overlaps, cap * sizeof *more);

		if (more == NULL) {
			fail(b, ERR_FULL);
			return;
		}
		b->overlaps = more;
		b->overlaps_cap = cap;
	}
	b->overlaps[b->overlaps_n++] = (struct overlap_arc){ seed, k };
}

static void steal(struct trace_bounds *b, uint64_t units)
{
	if (units > UINT64_MAX - b->stolen) {
		fail(b, ERR_OVERFLOW);
		return;
	}
	b->stolen += units;
}

/* Units that go on through v of the b units of an account: the first flow is the haircut's. */
static uint64_t share(uint64_t units, uint64_t v, uint64_t b)
{
	return (uint64_t)((u128)units * v / b);
}

/*
 * One event: what the sender's node held goes to the receiver and to the sender's next node; a seed
 * of the event adds its own.  `want`: units of the seed, 0: no seed.
 */
static void add_event(struct trace_bounds *b, const struct trace_touch *t, bool marked,
		      uint64_t want)
{
	const uint64_t v = t->amount;
	const bool self = marked && t->from == t->to;
	uint32_t after = DRAIN;
	uint32_t tail = SOURCE;
	uint32_t head;
	uint64_t kept = 0;
	uint64_t comes = 0;
	uint32_t sent = FLOW_NONE;
	uint32_t k;

	b->making = (struct origin){ .at = t->event };
	if (marked) {
		tail = node_of(b, &b->now, t->from);
		kept = b->columns->balance[t->event] - v;
		comes = b->here[tail] - share(b->here[tail], kept, kept + v);
		after = kept > 0 || self ? node(b, t->from) : DRAIN;
	}
	head = self ? after : place(b, t->to);
	if (want == 0) {
		k = arc(b, tail, head, v, comes);
	} else if (want == v) {
		/* all of it is the seed's: what came is among it */
		if (marked) {
			sent = arc(b, tail, OVERLAP, v, comes);
		}
		k = arc(b, SOURCE, head, v, v);
	} else if (!marked) {
		k = arc(b, SOURCE, head, want, want);
	} else {
		const uint32_t both = node(b, FLOW_NONE);
		const uint64_t over = comes > v - want ? comes - (v - want) : 0;

		sent = arc(b, tail, both, v, comes);
		(void)arc(b, SOURCE, both, want, want);
		remember_overlap(b, t->seed, arc(b, both, OVERLAP, want, over));
		k = arc(b, both, head, v, comes + want - over);
	}
	remember(b, t->event, k, want == 0 ? k : sent);
	if (marked && after != DRAIN) {
		if (kept > 0) {
			(void)arc(b, tail, after, kept, b->here[tail]);
		}
		set(b, &b->now, t->from, (uint64_t)after + 1);
	} else if (marked) {
		set(b, &b->now, t->from, 0);
	}
}

/* A balance that was stolen: what the account held of the case is among it, or may be. */
static void add_balance(struct trace_bounds *b, const struct trace_touch *t, uint64_t want)
{
	const uint64_t known = cells_get(&b->now, t->to);
	uint32_t old;
	uint32_t new_;
	uint64_t over;

	b->making = (struct origin){ .of_seed = true, .at = t->seed };
	if (cells_get(&b->sinks, t->to) != 0) {
		old = node(b, FLOW_NONE);
		(void)arc(b, SOURCE, old, want, want);
		remember_overlap(b, t->seed, arc(b, old, OVERLAP, want, 0));
		(void)arc(b, old, place(b, t->to), want, want);
		return;
	}
	if (known == 0) {
		(void)arc(b, SOURCE, place(b, t->to), want, want);
		return;
	}
	old = (uint32_t)(known - 1);
	new_ = node(b, t->to);
	set(b, &b->now, t->to, (uint64_t)new_ + 1);
	if (want == t->amount) {
		(void)arc(b, old, OVERLAP, UINT64_MAX, b->here[old]);
		(void)arc(b, SOURCE, new_, want, want);
		return;
	}
	over = b->here[old] > t->amount - want ? b->here[old] - (t->amount - want) : 0;
	(void)arc(b, SOURCE, old, want, want);
	remember_overlap(b, t->seed, arc(b, old, OVERLAP, want, over));
	(void)arc(b, old, new_, t->amount, b->here[old]);
}

static void flush(struct trace_bounds *b)
{
	if (b->pending) {
		add_event(b, &b->last, true, 0);
		b->pending = false;
	}
}

/* Poison's touches, in order, are the transfers that any rule can use.  Who is emptied has none. */
static void hear(void *context, const struct trace_touch *t)
{
	struct trace_bounds *b = context;

	if (b->failed != ERR_OK) {
		return;
	}
	if (b->told) {
		b->told = false;
		return;
	}
	if (t->kind != TRACE_SEEDED) {
		flush(b);
		b->last = *t;
		b->pending = true;
		return;
	}
	const struct trace_seed *s = &b->c->seeds[t->seed];
	const uint64_t want = s->amount == 0 ? t->amount : s->amount;

	steal(b, want);
	if (b->failed != ERR_OK) {
		return;
	}
	if (s->kind == TRACE_SEED_ACCOUNT) {
		flush(b);
		add_balance(b, t, want);
	} else if (b->pending && b->last.event == t->event) {
		b->pending = false;
		add_event(b, t, true, want);
	} else {
		flush(b);
		add_event(b, t, false, want);
	}
	b->told = t->to == TRACE_DESTROYED || cells_get(&b->sinks, t->to) != 0;
}

static void drain(struct trace_bounds *b, struct cells *nodes, struct cells *drains)
{
	for (size_t p = 0; p < nodes->pages_n; p++) {
		for (size_t k = 0; nodes->pages[p] != NULL && k < CELLS_PAGE; k++) {
			const uint64_t known = nodes->pages[p][k];

			if (known != 0) {
				const uint32_t tail = (uint32_t)(known - 1);
				const uint32_t a = arc(b, tail, DRAIN, UINT64_MAX, b->here[tail]);

				set(b, drains, (uint32_t)(p << CELLS_SHIFT | k), (uint64_t)a + 1);
			}
		}
	}
}

/* The network is whole: every account's last node runs into the drain. */
static void finish(struct trace_bounds *b)
{
	flush(b);
	drain(b, &b->now, &b->drains);
	drain(b, &b->rests, &b->rest_drains);
	(void)arc(b, DESTROYED, DRAIN, UINT64_MAX, b->here[DESTROYED]);
	(void)arc(b, OVERLAP, DRAIN, UINT64_MAX, b->here[OVERLAP]);
	if (b->failed != ERR_OK) {
		return;
	}
	/* a rule's flow, so the interval has a point in it: all that was stolen has come to rest */
	CHECK(b->here[DRAIN] == b->stolen);
	for (uint32_t n = FIXED; n < b->f.nodes_n; n++) {
		CHECK(b->here[n] == 0);
	}
	if (flow_pack(&b->f) != ERR_OK) {
		fail(b, ERR_FULL);
	}
}

static enum err build(struct trace_bounds *b, const struct trace_case *c,
		      const struct trace_columns *columns, const struct trace_block *blocks,
		      size_t blocks_n, const struct trace_nexts *nexts)
{
	struct cells *const tables[] = { &b->sinks, &b->now, &b->rests, &b->drains,
					 &b->rest_drains };
	struct trace_case poison = *c;
	struct trace_engine *e = NULL;
	enum err err = ERR_OK;

	poison.policy = TRACE_POISON_EMPTIED;
	poison.floor_units = 0;
	poison.floor_part = 0;
	poison.floor_whole = 0;
	poison.hops_max = 0;
	for (size_t i = 0; i < ARRAY_LEN(tables) && err == ERR_OK; i++) {
		err = cells_reserve(tables[i], columns->accounts_n);
	}
	if (err == ERR_OK) {
		err = trace_engine_new(&e, &poison, 1, columns->accounts_n, 0);
	}
	if (err != ERR_OK) {
		return err;
	}
	for (size_t i = 0; i < c->sinks_n; i++) {
		set(b, &b->sinks, c->sinks[i], 1);
	}
	while (b->f.nodes_n < FIXED && b->failed == ERR_OK) {
		(void)node(b, FLOW_NONE);
	}
	b->c = c;
	b->columns = columns;
	trace_engine_observe(e, hear, b);
	err = trace_engine_run(e, columns, blocks, blocks_n, nexts, NULL);
	trace_engine_free(e);
	if (err == ERR_OK && b->failed == ERR_OK) {
		finish(b);
	}
	b->c = NULL;
	b->columns = NULL;
	return err != ERR_OK ? err : b->failed;
}

enum err trace_bounds_new(struct trace_bounds **out, const struct trace_case *c,
			  const struct trace_columns *columns, const struct trace_block *blocks,
			  size_t blocks_n, const struct trace_nexts *nexts)
{
	struct trace_bounds *b = calloc(1, sizeof *b);
	enum err err;

	if (b == NULL) {
		return ERR_FULL;
	}
	err = build(b, c, columns, blocks, blocks_n, nexts);
	if (err != ERR_OK) {
		trace_bounds_free(b);
		return err;
	}
	*out = b;
	return ERR_OK;
}

void trace_bounds_free(struct trace_bounds *b)
{
	if (b == NULL) {
		return;
	}
	flow_free(&b->f);
	free(b->here);
	free(b->origins);
	free(b->overlaps);
	cells_free(&b->sinks);
	cells_free(&b->now);
	cells_free(&b->rests);
	cells_free(&b->drains);
	cells_free(&b->rest_drains);
	free(b->events);
	free(b);
}

size_t trace_bounds_arcs(const struct trace_bounds *b)
{
	return b->f.arcs_n / 2;
}

uint64_t trace_bounds_stolen(const struct trace_bounds *b)
{
	return b->stolen;
}

void trace_bounds_grant(struct trace_bounds *b, uint64_t steps)
{
	b->f.granted = steps;
}

uint64_t trace_bounds_granted(const struct trace_bounds *b)
{
	return b->f.granted;
}

/* The first flow, without some arcs that all run to one node or all are one. */
static enum err without(struct trace_bounds *b, const uint32_t *arcs, size_t n)
{
	const enum err err = flow_again(&b->f);

	for (size_t i = 0; err == ERR_OK && i < n; i++) {
		flow_set(&b->f, arcs[i], 0, 0);
	}
	return err;
}

/*
 * Of what flows through these arcs at first, what can be led round them need not be there; what can
 * be led back from their head to their tails can be there too.  One arc after the other finds as
 * much as all at once: what one cannot reach any more no later one opens.
 */
static enum err lead(struct trace_bounds *b, const uint32_t *arcs, size_t n, bool most,
		     uint64_t *value)
{
	uint64_t more;
	enum err err = without(b, arcs, n);

	*value = 0;
	for (size_t i = 0; i < n && err == ERR_OK; i++) {
		const uint32_t tail = flow_head(&b->f, arcs[i] ^ 1);
		const uint32_t head = flow_head(&b->f, arcs[i]);
		const uint64_t units = flow_first(&b->f, arcs[i] ^ 1);

		err = most ? flow_more(&b->f, head, tail, flow_first(&b->f, arcs[i]), &more)
			   : flow_more(&b->f, tail, head, units, &more);
		if (err == ERR_OK) {
			*value += most ? units + more : units - more;
		}
	}
	return err;
}

static enum err interval(struct trace_bounds *b, const uint32_t *arcs, size_t n,
			 struct trace_interval *out)
{
	struct trace_interval x;
	enum err err = lead(b, arcs, n, false, &x.lower);

	if (err == ERR_OK) {
		err = lead(b, arcs, n, true, &x.upper);
	}
	if (err == ERR_OK) {
		*out = x;
	}
	return err;
}

/* The arc of an event; NULL: no stolen coin can have come there. */
static const struct event_arc *arc_of(const struct trace_bounds *b, size_t event)
{
	size_t low = 0;
	size_t high = b->events_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->events[middle].event < event) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low == b->events_n || b->events[low].event != event ? NULL : &b->events[low];
}

enum err trace_bounds_event(struct trace_bounds *b, size_t event, struct trace_interval *out)
{
	const struct event_arc *at = arc_of(b, event);

	if (at == NULL) {
		*out = (struct trace_interval){ 0, 0 };
		return ERR_OK;
	}
	return interval(b, &at->arc, 1, out);
}

/* The arcs by which coins of these accounts run into the drain; malloc'd, NULL without memory. */
static uint32_t *drains_of(const struct trace_bounds *b, const uint32_t *accounts, size_t n,
			   size_t *count)
{
	uint32_t *arcs = malloc((n == 0 ? 1 : n * 2) * sizeof *arcs);

	*count = 0;
	for (size_t i = 0; arcs != NULL && i < n; i++) {
		const uint32_t a = accounts[i];
		const bool known = (size_t)(a >> CELLS_SHIFT) < b->drains.pages_n;
		const uint64_t held = known ? cells_get(&b->drains, a) : 0;
		const uint64_t rests = known ? cells_get(&b->rest_drains, a) : 0;

		if (held != 0) {
			arcs[(*count)++] = (uint32_t)(held - 1);
		}
		if (rests != 0) {
			arcs[(*count)++] = (uint32_t)(rests - 1);
		}
	}
	return arcs;
}

enum err trace_bounds_accounts(struct trace_bounds *b, const uint32_t *accounts, size_t n,
			       struct trace_interval *out)
{
	size_t count;
	uint32_t *arcs = drains_of(b, accounts, n, &count);
	enum err err = arcs == NULL ? ERR_FULL : interval(b, arcs, count, out);

	free(arcs);
	return err;
}

/* What is another than in the first flow, and where accounts change sides. */
static enum err differences(const struct trace_bounds *b, struct trace_proof *out)
{
	uint8_t *near = calloc(b->drains.pages_n + 1, CELLS_PAGE); /* of accounts: its side now */

	out->moves = malloc((b->events_n + 1) * sizeof *out->moves);
	out->overlaps = malloc((b->overlaps_n + 1) * sizeof *out->overlaps);
	out->turns = malloc(((size_t)b->f.nodes_n + 1) * sizeof *out->turns);
	if (near == NULL || out->moves == NULL || out->overlaps == NULL || out->turns == NULL) {
		free(near);
		return ERR_FULL;
	}
	for (size_t i = 0; i < b->events_n; i++) {
		const uint32_t back = b->events[i].sent ^ 1;

		if (b->events[i].sent != FLOW_NONE &&
		    flow_left(&b->f, back) != flow_first(&b->f, back)) {
			out->moves[out->moves_n++] =
			    (struct trace_proof_units){ b->events[i].event,
							flow_left(&b->f, back) };
		}
	}
	for (size_t i = 0; i < b->overlaps_n; i++) {
		const uint32_t back = b->overlaps[i].arc ^ 1;

		if (flow_left(&b->f, back) != flow_first(&b->f, back)) {
			out->overlaps[out->overlaps_n++] =
			    (struct trace_proof_units){ b->overlaps[i].seed,
							flow_left(&b->f, back) };
		}
	}
	out->gone = b->f.level[DRAIN] != FLOW_NONE;
	for (uint32_t k = FIXED; k < b->f.nodes_n; k++) {
		const struct origin *o = &b->origins[k];

		if (o->account != FLOW_NONE &&
		    (b->f.level[k] != FLOW_NONE) != (near[o->account] != 0)) {
			near[o->account] = near[o->account] == 0;
			out->turns[out->turns_n++] =
			    (struct trace_proof_turn){ o->of_seed, o->at, o->account };
		}
	}
	free(near);
	return ERR_OK;
}

/*
 * Leads what flows through these arcs, which are overwritten, and finds what is near the goal:
 * where they begin, or, for the least, where they lead.
 */
static enum err go_near(struct trace_bounds *b, uint32_t *arcs, size_t n, bool most,
			uint64_t *value)
{
	static const uint32_t elsewhere[] = { DRAIN };
	enum err err = lead(b, arcs, n, most, value);

	for (size_t i = 0; i < n; i++) {
		arcs[i] = flow_head(&b->f, most ? arcs[i] ^ 1 : arcs[i]);
	}
	if (err == ERR_OK && n == 0 && !most) {
		flow_near(&b->f, elsewhere, ARRAY_LEN(elsewhere));
	} else if (err == ERR_OK) {
		flow_near(&b->f, arcs, n);
	}
	return err;
}

enum err trace_bounds_prove(struct trace_bounds *b, const uint32_t *accounts, size_t n, bool most,
			    uint64_t *value, struct trace_proof *out)
{
	struct trace_proof proof = { .gone = false };
	uint64_t found = 0;
	size_t count;
	uint32_t *arcs = drains_of(b, accounts, n, &count);
	enum err err = arcs == NULL ? ERR_FULL : go_near(b, arcs, count, most, &found);

	free(arcs);
	if (err == ERR_OK) {
		err = differences(b, &proof);
	}
	if (err != ERR_OK) {
		trace_proof_free(&proof);
		return err;
	}
	*value = found;
	*out = proof;
	return ERR_OK;
}

enum err trace_bounds_prove_event(struct trace_bounds *b, size_t event, bool most, uint64_t *value,
				  struct trace_proof *out)
{
	const struct event_arc *at = arc_of(b, event);
	struct trace_proof proof = { .gone = false };
	uint64_t all, found = 0;
	uint32_t k;
	enum err err;

	if (at == NULL) {
		*value = 0;
		*out = proof;
		return ERR_OK;
	}
	k = at->arc;
	all = flow_first(&b->f, k) + flow_first(&b->f, k ^ 1);
	err = go_near(b, &k, 1, most, &found);
	if (err == ERR_OK) {
		/* what was led round it was taken out before */
		flow_set(&b->f, at->arc, flow_left(&b->f, at->arc), found);
		err = differences(b, &proof);
	}
	if (err != ERR_OK) {
		trace_proof_free(&proof);
		return err;
	}
	/* a seed's own coins cannot be others; and what has no end beyond it needs no cut */
	if (flow_head(&b->f, at->arc ^ 1) == SOURCE || found == (most ? all : 0)) {
		proof.turns_n = 0;
		proof.gone = false;
	}
	*value = found;
	*out = proof;
	return ERR_OK;
}

void trace_proof_free(struct trace_proof *p)
{
	free(p->moves);
	free(p->overlaps);
	free(p->turns);
	*p = (struct trace_proof){ .gone = false };
}
