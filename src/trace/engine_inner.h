/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_inner.h - what the files of the engine share; nobody else includes it.
 *
 * An account is marked for a case if it holds some of its coins (or poison marked it).  The bitmap
 * `any` has the accounts that are marked for some case: it is all that the scan reads of a clean
 * sender.  With one case it is the mark itself; with more, `masks` has a bit for each case.
 */
#ifndef KURAMORI_TRACE_ENGINE_INNER_H
#define KURAMORI_TRACE_ENGINE_INNER_H

#include "base/check.h"
#include "trace/agenda.h"
#include "trace/cells.h"
#include "trace/engine.h"
#include "trace/filter.h"
#include "trace/spans.h"

/* How the units of one transaction's legs are shared; computed at its first leg. */
struct group {
	size_t begin, end;
	uint64_t *share; /* of event begin + k */
	size_t cap;
};

struct state {
	struct trace_case c; /* its pointers are not used any more */
	uint64_t bit;        /* 1 << number of the case */
	bool plain;          /* no sinks, floors or hops: what moves arrives */
	bool sinks;
	struct cells taint; /* units, or 1 + number of the line; not used by poison */
	struct cells hops;
	struct cells rests;
	struct spans *lines; /* FIFO, LIFO: of the accounts that hold some */
	size_t lines_n, lines_cap;
	uint32_t *idle; /* numbers of lines that nobody has; room for lines_cap */
	size_t idle_n;
	struct trace_totals totals;
	size_t seeds_n, seeded;
	size_t stop_block; /* first block that is not followed; SIZE_MAX: not seen yet */
	struct group group;
	/* of the last event that touched the case: what arrived, for a seed of the same event */
	size_t moved_event;
	uint64_t moved;
};

/* A seed with its case, in the order of its event or height. */
struct mark {
	uint64_t at;
	uint64_t amount;
	uint32_t account;
	uint32_t case_;
	size_t seed;
};

enum undo_kind {
	UNDO_VALUE = 1,    /* taint of an account was x */
	UNDO_MARK = 2,     /* poison: the mark was x */
	UNDO_HOPS = 3,     /* was x */
	UNDO_RESTS = 4,    /* was x */
	UNDO_TAKEN = 5,    /* interval [x, y) was taken */
	UNDO_PUSHED = 6,   /* intervals from x on were pushed */
	UNDO_SETTLED = 7,  /* levels from x on were inflow, at an outflow of y */
	UNDO_REPLACED = 8, /* the intervals were side[x] .. and y of them settled */
};

struct undo {
	uint32_t account;
	uint16_t kind;
	uint16_t case_;
	uint64_t x, y;
};

/* What one block changed, in order, and the small state before it. */
struct undo_block {
	struct undo *p;
	size_t n, cap;
	struct trace_span *side; /* old intervals of UNDO_REPLACED, each list after its length */
	size_t side_n, side_cap;
	struct trace_totals *totals; /* of each case */
	size_t *seeded;
	size_t event_seed, account_seed;
	uint64_t active;
	size_t next;
};

/*
 * The frontier: the next outflow of each marked account is in the agenda (with some of accounts
 * that are marked no more).  Memory is asked in three steps: for what stands of the next events
 * that are known; when this has come, for where the cells of its accounts are; and then for these.
 */
enum { FRONT_ASKED = 48, FRONT_LAG = 16, FRONT_RING = 256 };

struct front {
	struct agenda agenda;
	size_t seen;  /* of the agenda's events below, all are asked for that are still to come */
	size_t asked; /* how many these are */
	bool dry;     /* the agenda has none from `seen` on */
	uint32_t ring[FRONT_RING]; /* those that were asked for, in that order */
	size_t ring_in, ring_pages, ring_out;
};

struct trace_engine {
	struct state *cases;
	unsigned n;
	uint64_t active; /* cases that have not reached their last block */
	uint32_t *any;
	size_t any_words;
	struct cells masks; /* more than one case */
	struct cells sinks; /* a bit for each case that the account absorbs */
	bool sinks_any;     /* of some case */
	bool lines;         /* some case keeps intervals */
	size_t accounts_n;
	struct mark *event_seeds, *account_seeds;
	size_t event_seeds_n, account_seeds_n;
	size_t event_seed, account_seed; /* the next of each */
	size_t block;                    /* blocks followed */
	size_t next;                     /* events followed */
	size_t worked;                   /* of them those that some case was marked for */
	enum err failed;
	struct trace_blame blame;
	trace_observer *observer;
	void *context;

	/* for the time of one run */
	const struct trace_columns *c;
	const struct trace_nexts *nexts; /* NULL: by the scan */
	bool dense;
	struct front front;

	struct trace_span *pieces; /* what one event moves */
	size_t pieces_n, pieces_cap;
	struct sort_row *rows; /* the legs of one transaction */
	size_t rows_cap;

	struct undo_block *ring;
	unsigned ring_cap;
	unsigned ring_n;        /* blocks that can be taken back */
	unsigned ring_last;     /* place of the newest */
	struct undo_block *log; /* the block being worked on; NULL: not kept */
};

/* What is read of every event that is worked on: of the columns, or of what stands beside it. */
struct event {
	size_t i;
	uint32_t from, to;
	uint64_t amount, balance;
};

static INLINED struct event engine_event(const struct trace_engine *e, size_t i)
{
	if (e->nexts != NULL) {
		const struct trace_next *x = &e->nexts->at[i];

		return (struct event){ i, x->from, x->to, x->amount, x->balance };
	}
	return (struct event){ i, e->c->from[i], e->c->to[i], e->c->amount[i], e->c->balance[i] };
}

/* Works on an event for every case that its sender is marked for. */
void engine_apply(struct trace_engine *e, const struct event *x);

/* Events ahead for which memory is asked: a line of the cache takes as long as so many. */
enum { ENGINE_AHEAD = 24 };

/* One plain case of a rule with amounts, nobody to tell and nothing to keep: engine_dense() does.
 */
bool engine_can_dense(const struct trace_engine *e);
/* All events of [begin, end) for it; returns how many of them it touched. */
size_t engine_dense(struct trace_engine *e, size_t begin, size_t end);

/* What a seed makes stolen: of event i, or of an account before event i.  Sets e->failed. */
void engine_seed_event(struct trace_engine *e, const struct mark *m, size_t i);
void engine_seed_account(struct trace_engine *e, const struct mark *m, size_t i);

/* Undoes one record (in reverse order). */
void engine_undo(struct trace_engine *e, const struct undo *u, const struct undo_block *b);

/* The line of an account, NULL if it holds nothing. */
static inline struct spans *engine_line(const struct state *s, uint32_t account)
{
	uint64_t handle = cells_get(&s->taint, account);

	return handle == 0 ? NULL : &s->lines[handle - 1];
}

static inline bool engine_is_lines(const struct state *s)
{
	return s->c.policy == TRACE_FIFO || s->c.policy == TRACE_LIFO;
}

static inline bool engine_is_poison(const struct state *s)
{
	return s->c.policy == TRACE_POISON || s->c.policy == TRACE_POISON_EMPTIED;
}

/* Where the cell of an account is: in a large table, not in the cache. */
static INLINED void engine_fetch_page(const struct cells *c, uint32_t account)
{
	if (account >= c->flat_n) {
		FETCH(&c->pages[account >> CELLS_SHIFT]);
	}
}

/* What the cell of an account will be read from. */
static INLINED void engine_fetch_cell(const struct cells *c, uint32_t account)
{
	const uint64_t *page;

	if (account < c->flat_n) {
		FETCH(&c->flat[account]);
		return;
	}
	page = c->pages[account >> CELLS_SHIFT];
	if (page != NULL) {
		FETCH(&page[account & (CELLS_PAGE - 1)]);
	}
}

static inline uint64_t engine_mask(const struct trace_engine *e, uint32_t account)
{
	if (e->n == 1) {
		return filter_bit(e->any, account);
	}
	return cells_get(&e->masks, account);
}

#endif
