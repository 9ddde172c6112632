/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/pedigree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_FIRST = 64 };

struct walk {
	const struct trace_columns *c;
	const struct trace_lists *out_list, *in_list;
	const struct trace_pedigree_ends *ends;
	/* what is still to be looked at, a heap: latest event first, then lowest units */
	struct trace_piece *heap;
	size_t heap_n, heap_cap;
	struct trace_pedigree done;
	size_t done_cap;
	struct trace_span *levels; /* LIFO: what of one sender is looked for, lowest first */
	size_t levels_n, levels_cap;
	enum err failed;
};

static bool earlier(const struct trace_piece *x, const struct trace_piece *y)
{
	return x->event != y->event ? x->event < y->event : x->a > y->a;
}

/* Room for one more of `size` bytes; false: no memory, and the walk has failed. */
static bool room(struct walk *w, struct trace_piece **p, size_t n, size_t *cap)
{
	struct trace_piece *more;
	size_t wanted = *cap == 0 ? ROOM_FIRST : *cap * 2;

	if (n < *cap) {
		return true;
	}
	more = realloc(*p, wanted * sizeof *more);
	if (more == NULL) {
		w->failed = ERR_FULL;
		return false;
	}
	*p = more;
	*cap = wanted;
	return true;
}

static void push(struct walk *w, size_t event, uint64_t a, uint64_t b)
{
	const struct trace_piece piece = { .event = (uint32_t)event, .a = a, .b = b };
	size_t at = w->heap_n;

	if (!room(w, &w->heap, w->heap_n, &w->heap_cap)) {
		return;
	}
	w->heap_n++;
	while (at > 0 && earlier(&w->heap[(at - 1) / 2], &piece)) {
		w->heap[at] = w->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	w->heap[at] = piece;
}

static struct trace_piece pop(struct walk *w)
{
	const struct trace_piece top = w->heap[0];
	const struct trace_piece piece = w->heap[--w->heap_n];
	size_t at = 0;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child >= w->heap_n) {
			break;
		}
		if (child + 1 < w->heap_n && earlier(&w->heap[child], &w->heap[child + 1])) {
			child++;
		}
		if (!earlier(&piece, &w->heap[child])) {
			break;
		}
		w->heap[at] = w->heap[child];
		at = child;
	}
	if (w->heap_n > 0) {
		w->heap[at] = piece;
	}
	return top;
}

/* FIFO: units [a, b) of the sender's inflow axis came with these events. */
static void behind_fifo(struct walk *w, uint32_t sender, uint64_t a, uint64_t b)
{
	const struct trace_lists *l = w->in_list;
	const struct trace_columns *c = w->c;
	uint32_t low = l->start[sender];
	uint32_t high = l->start[sender + 1];

	/* the last inflow that begins at or below a */
	while (high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;

		if (c->in[l->events[middle]] <= a) {
			low = middle;
		} else {
			high = middle;
		}
	}
	for (; a < b && w->failed == ERR_OK; low++) {
		uint32_t event;
		uint64_t begin;
		uint64_t end;

		/* what left the sender had come: the ledger has no gap */
		CHECK(low < l->start[sender + 1]);
		event = l->events[low];
		begin = c->in[event];
		end = begin + c->amount[event] < b ? begin + c->amount[event] : b;
		CHECK(begin <= a && a < end);
		push(w, event, a - begin, end - begin);
		a = end;
	}
}

static bool level_room(struct walk *w)
{
	struct trace_span *more;

	if (w->levels_n + 1 < w->levels_cap) {
		return true;
	}
	more = realloc(w->levels, (w->levels_cap * 2 + ROOM_FIRST) * sizeof *more);
	if (more == NULL) {
		w->failed = ERR_FULL;
		return false;
	}
	w->levels = more;
	w->levels_cap = w->levels_cap * 2 + ROOM_FIRST;
	return true;
}

/* LIFO: what is looked for among the levels [bottom, top) that an inflow filled. */
static void match_levels(struct walk *w, uint32_t event, uint64_t bottom, uint64_t top)
{
	size_t keep = 0;
	const size_t n = w->levels_n;

	if (!level_room(w)) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct trace_span x = w->levels[i];
		const uint64_t a = x.a > bottom ? x.a : bottom;
		const uint64_t b = x.b < top ? x.b : top;

		if (a >= b) {
			w->levels[keep++] = x;
			continue;
		}
		push(w, event, a - bottom, b - bottom);
		/* nothing that is looked for lies above the highest inflow that was seen */
		CHECK(x.b <= top);
		if (x.a < bottom) {
			w->levels[keep++] = (struct trace_span){ x.a, bottom };
		}
	}
	w->levels_n = keep;
}

/* Goes back in the sender's history from event i, for what lies in w->levels. */
static void behind_lifo(struct walk *w, uint32_t sender, uint32_t i)
{
	const struct trace_lists *in_list = w->in_list;
	const struct trace_lists *out_list = w->out_list;
	const struct trace_columns *c = w->c;
	uint32_t in = trace_lists_find(in_list, sender, i);
	uint32_t out = trace_lists_find(out_list, sender, i);

	while (w->levels_n > 0 && w->failed == ERR_OK) {
		uint32_t event;
		uint64_t left;
		uint64_t bottom;

		CHECK(in > in_list->start[sender]);
		event = in_list->events[--in];
		/* of a transfer to oneself the outflow is the earlier half */
		while (out > out_list->start[sender] && out_list->events[out - 1] > event) {
			out--;
		}
		left = out == out_list->start[sender] ? 0
						      : c->out[out_list->events[out - 1]] +
							    c->amount[out_list->events[out - 1]];
		bottom = c->in[event] - left;
		match_levels(w, event, bottom, bottom + c->amount[event]);
	}
}

static bool is_origin(const struct trace_pedigree_ends *ends, uint32_t account)
{
	size_t low = 0;
	size_t high = ends->origins_n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (ends->origins[middle] < account) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < ends->origins_n && ends->origins[low] == account;
}

static enum trace_piece_kind kind_of(const struct walk *w, uint32_t event)
{
	const uint32_t from = w->c->from[event];

	if (from == TRACE_ISSUANCE) {
		return TRACE_PIECE_ISSUED;
	}
	if (is_origin(w->ends, from)) {
		return TRACE_PIECE_ORIGIN;
	}
	return event < w->ends->first_event ? TRACE_PIECE_EARLIER : TRACE_PIECE_PASSED;
}

/* All pieces of the latest event of the heap, joined where they meet, and what is behind them. */
static void one_event(struct walk *w, enum trace_policy policy)
{
	const struct trace_columns *c = w->c;
	const uint32_t event = w->heap[0].event;
	const uint32_t from = c->from[event];
	const enum trace_piece_kind kind = kind_of(w, event);
	const size_t first = w->done.n;

	while (w->heap_n > 0 && w->heap[0].event == event) {
		struct trace_piece piece = pop(w);
		struct trace_piece *last = w->done.n > first ? &w->done.p[w->done.n - 1] : NULL;

		CHECK(last == NULL || last->b <= piece.a);
		if (last != NULL && last->b == piece.a) {
			last->b = piece.b;
			continue;
		}
		if (!room(w, &w->done.p, w->done.n, &w->done_cap)) {
			return;
		}
		piece.kind = kind;
		w->done.p[w->done.n++] = piece;
	}
	if (w->ends->pieces_max != 0 && w->done.n > w->ends->pieces_max) {
		w->failed = ERR_TOO_LARGE;
		return;
	}
	if (kind != TRACE_PIECE_PASSED) {
		return;
	}
	w->levels_n = 0;
	for (size_t i = first; i < w->done.n && w->failed == ERR_OK; i++) {
		const struct trace_piece *p = &w->done.p[i];
		const uint64_t surface = c->balance[event] - c->amount[event];

		if (policy == TRACE_FIFO) {
			behind_fifo(w, from, c->out[event] + p->a, c->out[event] + p->b);
		} else if (level_room(w)) {
			w->levels[w->levels_n++] =
			    (struct trace_span){ surface + p->a, surface + p->b };
		}
	}
	if (policy == TRACE_LIFO && w->failed == ERR_OK) {
		behind_lifo(w, from, event);
	}
}

enum err trace_pedigree_make(struct trace_pedigree *out, const struct trace_columns *c,
			     const struct trace_lists *out_list, const struct trace_lists *in_list,
			     enum trace_policy policy, size_t event,
			     const struct trace_pedigree_ends *ends)
{
	struct walk w = { .c = c, .out_list = out_list, .in_list = in_list, .ends = ends };

	if (policy != TRACE_FIFO && policy != TRACE_LIFO) {
		return ERR_TYPE;
	}
	if (event >= c->n) {
		return ERR_NOT_FOUND;
	}
	CHECK(out_list->n == c->n && in_list->n == c->n);
	push(&w, event, 0, c->amount[event]);
	while (w.heap_n > 0 && w.failed == ERR_OK) {
		one_event(&w, policy);
	}
	free(w.heap);
	free(w.levels);
	if (w.failed != ERR_OK) {
		trace_pedigree_free(&w.done);
		return w.failed;
	}
	*out = w.done;
	return ERR_OK;
}

void trace_pedigree_free(struct trace_pedigree *p)
{
	free(p->p);
	*p = (struct trace_pedigree){ NULL, 0 };
}
