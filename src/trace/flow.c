/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/flow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_FIRST = 64 };

void flow_free(struct flow *f)
{
	free(f->head);
	free(f->next);
	free(f->room);
	free(f->first);
	free(f->level);
	free(f->at);
	free(f->queue);
	*f = (struct flow){ 0 };
}

static bool grow_32(uint32_t **a, size_t cap)
{
	uint32_t *more = realloc(*a, cap * sizeof **a);

	if (more == NULL) {
		return false;
	}
	*a = more;
	return true;
}

uint32_t flow_node(struct flow *f)
{
	if (f->nodes_n == f->nodes_cap) {
		const uint32_t cap = f->nodes_cap == 0 ? ROOM_FIRST : f->nodes_cap * 2;

		if (cap > UINT32_MAX / 4 || !grow_32(&f->first, cap)) {
			return FLOW_NONE;
		}
		f->nodes_cap = cap;
	}
	f->first[f->nodes_n] = FLOW_NONE;
	return f->nodes_n++;
}

static void put_arc(struct flow *f, uint32_t tail, uint32_t head, uint64_t room)
{
	const uint32_t k = f->arcs_n++;

	f->head[k] = head;
	f->room[k] = room;
	f->next[k] = f->first[tail];
	f->first[tail] = k;
}

uint32_t flow_arc(struct flow *f, uint32_t tail, uint32_t head, uint64_t room)
{
	CHECK(tail < f->nodes_n && head < f->nodes_n);
	if (f->arcs_n + 2 > f->arcs_cap) {
		const uint32_t cap = f->arcs_cap == 0 ? ROOM_FIRST : f->arcs_cap * 2;
		uint64_t *more;

		if (cap > UINT32_MAX / 4 || !grow_32(&f->head, cap) || !grow_32(&f->next, cap)) {
			return FLOW_NONE;
		}
		more = realloc(f->room, cap * sizeof *more);
		if (more == NULL) {
			return FLOW_NONE;
		}
		f->room = more;
		f->arcs_cap = cap;
	}
	put_arc(f, tail, head, room);
	put_arc(f, head, tail, 0);
	return f->arcs_n - 2;
}

void flow_push(struct flow *f, uint32_t arc, uint64_t units)
{
	CHECK(arc < f->arcs_n && units <= f->room[arc]);
	f->room[arc] -= units;
	f->room[arc ^ 1] += units;
}

static bool search_room(struct flow *f)
{
	if (f->nodes_n > f->search_cap) {
		if (!grow_32(&f->level, f->nodes_n) || !grow_32(&f->at, f->nodes_n) ||
		    !grow_32(&f->queue, f->nodes_n)) {
			return false;
		}
		f->search_cap = f->nodes_n;
	}
	return true;
}

/*
 * Distance to `to` of every node that is nearer to it than `from`, by arcs with room.  Backward, so
 * that a walk from `from` never leaves the ways that lead there.  False: there is no way.
 */
static bool levels(struct flow *f, uint32_t from, uint32_t to)
{
	uint32_t done = 0;
	uint32_t n = 0;

	for (uint32_t k = 0; k < f->nodes_n; k++) {
		f->level[k] = FLOW_NONE;
	}
	f->level[to] = 0;
	f->queue[n++] = to;
	while (done < n) {
		const uint32_t node = f->queue[done++];

		if (node == from) {
			return true;
		}
		f->at[node] = f->first[node];
		for (uint32_t k = f->first[node]; k != FLOW_NONE; k = f->next[k]) {
			const uint32_t tail = f->head[k];

			if (f->room[k ^ 1] > 0 && f->level[tail] == FLOW_NONE) {
				f->level[tail] = f->level[node] + 1;
				f->at[tail] = f->first[tail];
				f->queue[n++] = tail;
			}
		}
	}
	return false;
}

/* One way by falling distance; queue[] becomes its arcs.  0: no more in this phase. */
static uint64_t one_way(struct flow *f, uint32_t from, uint32_t to, uint64_t most)
{
	uint32_t *path = f->queue;
	uint32_t n = 0;
	uint32_t node = from;

	while (node != to) {
		uint32_t k = f->at[node];

		while (k != FLOW_NONE && (f->room[k] == 0 || f->level[f->head[k]] == FLOW_NONE ||
					  f->level[f->head[k]] + 1 != f->level[node])) {
			k = f->next[k];
		}
		f->at[node] = k;
		if (k != FLOW_NONE) {
			path[n++] = k;
			node = f->head[k];
		} else if (node == from) {
			return 0;
		} else {
			/* a dead end: nobody comes here again in this phase */
			f->level[node] = FLOW_NONE;
			node = f->head[path[--n] ^ 1];
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		most = f->room[path[i]] < most ? f->room[path[i]] : most;
	}
	for (uint32_t i = 0; i < n; i++) {
		f->room[path[i]] -= most;
		f->room[path[i] ^ 1] += most;
	}
	return most;
}

enum err flow_more(struct flow *f, uint32_t from, uint32_t to, uint64_t most, uint64_t *more)
{
	uint64_t done = 0;

	CHECK(from < f->nodes_n && to < f->nodes_n && from != to);
	if (!search_room(f)) {
		return ERR_FULL;
	}
	while (done < most && levels(f, from, to)) {
		uint64_t units;

		do {
			units = one_way(f, from, to, most - done);
			done += units;
		} while (units > 0 && done < most);
	}
	*more = done;
	return ERR_OK;
}

enum err flow_near(struct flow *f, const uint32_t *nodes, size_t n)
{
	uint32_t done = 0;
	uint32_t queued = 0;

	if (!search_room(f)) {
		return ERR_FULL;
	}
	for (uint32_t k = 0; k < f->nodes_n; k++) {
		f->level[k] = FLOW_NONE;
	}
	for (size_t i = 0; i < n; i++) {
		if (f->level[nodes[i]] == FLOW_NONE) {
			f->level[nodes[i]] = 0;
			f->queue[queued++] = nodes[i];
		}
	}
	while (done < queued) {
		for (uint32_t k = f->first[f->queue[done++]]; k != FLOW_NONE; k = f->next[k]) {
			const uint32_t tail = f->head[k];

			if (f->room[k ^ 1] > 0 && f->level[tail] == FLOW_NONE) {
				f->level[tail] = 0;
				f->queue[queued++] = tail;
			}
		}
	}
	return ERR_OK;
}
