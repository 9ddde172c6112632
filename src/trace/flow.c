/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/flow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"

enum { ROOM_FIRST = 64 };

void flow_free(struct flow *f)
{
	free(f->head);
	free(f->next);
	free(f->room);
	free(f->first);
	free(f->place);
	free(f->rooms);
	free(f->begin);
	free(f->heads);
	free(f->heads_begin);
	free(f->pairs);
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
	CHECK(f->rooms == NULL);
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
	CHECK(tail < f->nodes_n && head < f->nodes_n && f->rooms == NULL);
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
	CHECK(f->rooms == NULL && arc < f->arcs_n && units <= f->room[arc]);
	f->room[arc] -= units;
	f->room[arc ^ 1] += units;
}

static bool pack_room(struct flow *f)
{
	const size_t arcs = (size_t)f->arcs_n + 1, nodes = (size_t)f->nodes_n + 1;

	if (!grow_32(&f->first, nodes)) {
		return false;
	}
	f->place = calloc(arcs, sizeof *f->place);
	f->rooms = malloc(arcs * sizeof *f->rooms);
	f->begin = malloc(arcs * sizeof *f->begin);
	f->heads = malloc(arcs * sizeof *f->heads);
	f->heads_begin = malloc(arcs * sizeof *f->heads_begin);
	f->pairs = malloc(arcs * sizeof *f->pairs);
	f->level = malloc(nodes * sizeof *f->level);
	f->at = malloc(nodes * sizeof *f->at);
	f->queue = malloc(nodes * sizeof *f->queue);
	return f->place != NULL && f->rooms != NULL && f->begin != NULL && f->heads != NULL &&
	       f->heads_begin != NULL && f->pairs != NULL && f->level != NULL && f->at != NULL &&
	       f->queue != NULL;
}

enum err flow_pack(struct flow *f)
{
	uint32_t n = 0;

	CHECK(f->rooms == NULL);
	if (!pack_room(f)) {
		return ERR_FULL;
	}
	for (uint32_t node = 0; node < f->nodes_n; node++) {
		const uint32_t begin = n;

		for (uint32_t k = f->first[node]; k != FLOW_NONE; k = f->next[k]) {
			f->place[k] = n;
			f->heads_begin[n] = f->head[k] | (f->room[k ^ 1] > 0 ? 0 : FLOW_SHUT);
			f->begin[n++] = (struct flow_room){ f->room[k], f->room[k ^ 1] };
		}
		f->first[node] = begin;
	}
	f->first[f->nodes_n] = n;
	for (uint32_t k = 0; k < f->arcs_n; k++) {
		f->pairs[f->place[k]] = f->place[k ^ 1];
	}
	free(f->head);
	free(f->next);
	free(f->room);
	f->head = f->next = NULL;
	f->room = NULL;
	f->granted = UINT64_MAX;
	return flow_again(f);
}

static bool take_steps(struct flow *f, uint64_t n)
{
	if (f->granted < n) {
		return false;
	}
	f->granted -= n;
	return true;
}

enum err flow_again(struct flow *f)
{
	enum { ARCS_A_STEP = 4 }; /* in a stream */

	if (!take_steps(f, f->arcs_n / ARCS_A_STEP)) {
		return ERR_TOO_LARGE;
	}
	memcpy(f->rooms, f->begin, f->arcs_n * sizeof *f->rooms);
	memcpy(f->heads, f->heads_begin, f->arcs_n * sizeof *f->heads);
	return ERR_OK;
}

/* At a place, not a number. */
static void put_rooms(struct flow *f, uint32_t k, uint64_t ahead, uint64_t back)
{
	const uint32_t pair = f->pairs[k];

	f->rooms[k] = (struct flow_room){ ahead, back };
	f->rooms[pair] = (struct flow_room){ back, ahead };
	f->heads[k] = (f->heads[k] & ~FLOW_SHUT) | (back > 0 ? 0 : FLOW_SHUT);
	f->heads[pair] = (f->heads[pair] & ~FLOW_SHUT) | (ahead > 0 ? 0 : FLOW_SHUT);
}

void flow_set(struct flow *f, uint32_t arc, uint64_t ahead, uint64_t back)
{
	put_rooms(f, f->place[arc], ahead, back);
}

/*
 * Distance to `to` of every node that is nearer to it than `from`, by arcs with room.  Backward, so
 * that a walk from `from` never leaves the ways that lead there.  *found false: there is no way.
 */
static enum err levels(struct flow *f, uint32_t from, uint32_t to, bool *found)
{
	uint32_t done = 0;
	uint32_t n = 0;

	memset(f->level, 0xff, f->nodes_n * sizeof *f->level);
	f->level[to] = 0;
	f->queue[n++] = to;
	*found = false;
	while (done < n) {
		const uint32_t node = f->queue[done++];
		const uint32_t end = f->first[node + 1];

		if (node == from) {
			*found = true;
			return ERR_OK;
		}
		f->at[node] = f->first[node];
		if (!take_steps(f, end - f->first[node] + 1)) {
			return ERR_TOO_LARGE;
		}
		for (uint32_t k = f->first[node]; k < end; k++) {
			const uint32_t tail = f->heads[k];

			if ((tail & FLOW_SHUT) == 0 && f->level[tail] == FLOW_NONE) {
				f->level[tail] = f->level[node] + 1;
				f->at[tail] = f->first[tail];
				f->queue[n++] = tail;
				FETCH(&f->heads[f->first[tail]]);
			}
		}
	}
	return ERR_OK;
}

static uint32_t tail_of(const struct flow *f, uint32_t k)
{
	return f->heads[f->pairs[k]] & ~FLOW_SHUT;
}

/* The arc leads one step nearer than a level, and has room. */
static bool nearer(const struct flow *f, uint32_t k, uint32_t level)
{
	const uint32_t there = f->level[f->heads[k] & ~FLOW_SHUT];

	return there != FLOW_NONE && there + 1 == level && f->rooms[k].ahead > 0;
}

/*
 * All ways by falling distance, one after the other; queue[] becomes the arcs of each.  The next
 * way begins where the one before has no room any more.
 */
static enum err all_ways(struct flow *f, uint32_t from, uint32_t to, uint64_t most, uint64_t *led)
{
	uint32_t *path = f->queue;
	uint32_t n = 0;
	uint32_t node = from;

	while (*led < most) {
		const uint32_t end = f->first[node + 1];
		const uint32_t was = f->at[node];
		uint32_t k = was;
		uint64_t units = most - *led;

		if (node != to) {
			while (k < end && !nearer(f, k, f->level[node])) {
				k++;
			}
			f->at[node] = k;
			if (!take_steps(f, k - was + 1)) {
				return ERR_TOO_LARGE;
			}
			if (k < end) {
				path[n++] = k;
				node = f->heads[k] & ~FLOW_SHUT;
			} else if (n == 0) {
				return ERR_OK;
			} else {
				/* a dead end: nobody comes here again in this phase */
				f->level[node] = FLOW_NONE;
				node = tail_of(f, path[--n]);
			}
			continue;
		}
		if (!take_steps(f, n)) {
			return ERR_TOO_LARGE;
		}
		for (uint32_t i = 0; i < n; i++) {
			units = f->rooms[path[i]].ahead < units ? f->rooms[path[i]].ahead : units;
		}
		*led += units;
		for (uint32_t i = n; i > 0; i--) {
			const struct flow_room r = f->rooms[path[i - 1]];

			put_rooms(f, path[i - 1], r.ahead - units, r.back + units);
			n = r.ahead == units ? i - 1 : n;
		}
		node = tail_of(f, path[n]);
	}
	return ERR_OK;
}

enum err flow_more(struct flow *f, uint32_t from, uint32_t to, uint64_t most, uint64_t *more)
{
	uint64_t done = 0;
	bool found = true;
	enum err e = ERR_OK;

	CHECK(from < f->nodes_n && to < f->nodes_n && from != to && f->rooms != NULL);
	while (e == ERR_OK && done < most && found) {
		e = levels(f, from, to, &found);
		if (e == ERR_OK && found) {
			e = all_ways(f, from, to, most, &done);
		}
	}
	*more = done;
	return e;
}

void flow_near(struct flow *f, const uint32_t *nodes, size_t n)
{
	uint32_t done = 0;
	uint32_t queued = 0;

	memset(f->level, 0xff, f->nodes_n * sizeof *f->level);
	for (size_t i = 0; i < n; i++) {
		if (f->level[nodes[i]] == FLOW_NONE) {
			f->level[nodes[i]] = 0;
			f->queue[queued++] = nodes[i];
		}
	}
	while (done < queued) {
		const uint32_t node = f->queue[done++];
		const uint32_t end = f->first[node + 1];

		for (uint32_t k = f->first[node]; k < end; k++) {
			const uint32_t tail = f->heads[k];

			if ((tail & FLOW_SHUT) == 0 && f->level[tail] == FLOW_NONE) {
				f->level[tail] = 0;
				f->queue[queued++] = tail;
			}
		}
	}
}
