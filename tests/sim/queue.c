/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c - chance and virtual time: a heap of what is to happen, by time, then by order of entry.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

uint64_t fate_next(struct fate *f)
{
	uint64_t z = (f->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t fate_below(struct fate *f, uint64_t n)
{
	CHECK(n > 0);
	return fate_next(f) % n;
}

uint64_t fate_range(struct fate *f, uint64_t lo, uint64_t hi)
{
	CHECK(lo <= hi);
	return lo + fate_below(f, hi - lo + 1);
}

bool fate_permille(struct fate *f, unsigned n)
{
	return fate_below(f, 1000) < n;
}

void fate_bytes(struct fate *f, void *out, size_t n)
{
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)fate_next(f);
	}
}

static bool before(const struct item *a, const struct item *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void queue_add(struct sim *s, uint64_t delay, struct item item, struct bytes body)
{
	size_t i;

	item.at = s->now + delay;
	item.order = s->order++;
	item.body = NULL;
	item.n = body.n;
	if (body.n > 0) {
		item.body = malloc(body.n);
		CHECK(item.body != NULL);
		memcpy(item.body, body.p, body.n);
	}
	if (s->heap_n == s->heap_cap) {
		s->heap_cap = s->heap_cap == 0 ? 256 : s->heap_cap * 2;
		s->heap = realloc(s->heap, s->heap_cap * sizeof *s->heap);
		CHECK(s->heap != NULL);
	}
	i = s->heap_n++;
	while (i > 0 && before(&item, &s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = item;
}

bool queue_take(struct sim *s, struct item *out)
{
	struct item last;
	size_t i = 0;

	if (s->heap_n == 0) {
		return false;
	}
	*out = s->heap[0];
	last = s->heap[--s->heap_n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= s->heap_n) {
			break;
		}
		if (child + 1 < s->heap_n && before(&s->heap[child + 1], &s->heap[child])) {
			child++;
		}
		if (!before(&s->heap[child], &last)) {
			break;
		}
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	CHECK(out->at >= s->now);
	s->now = out->at;
	return true;
}

void queue_pass(struct sim *s, uint64_t ms)
{
	s->now += ms;
	for (size_t i = 0; i < s->heap_n; i++) {
		s->heap[i].at += ms;
	}
}

void queue_free(struct sim *s)
{
	for (size_t i = 0; i < s->heap_n; i++) {
		free(s->heap[i].body);
	}
	free(s->heap);
	s->heap = NULL;
	s->heap_n = s->heap_cap = 0;
}
