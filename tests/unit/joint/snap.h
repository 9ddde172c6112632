/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snap.h - a core as its difference from a fresh one, for walks that come back to a state often.
 *
 * Spans say which bytes of the struct are kept, and which are scratch that no step reads before it
 * writes it.  All others must be those of the fresh one, or snap_save() dies: a span is missing.
 */
#ifndef KURAMORI_TESTS_SNAP_H
#define KURAMORI_TESTS_SNAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum { SNAP_BLOCK = 256, SNAP_HEAD = 8, SNAP_SPANS_MAX = 24 };

struct snap_span {
	size_t from, to;
	bool scratch;
};

struct snap_of {
	uint8_t *now, *fresh;
	size_t size;
	struct snap_span span[SNAP_SPANS_MAX]; /* ascending */
	size_t spans_n;
};

struct snap {
	uint8_t *p; /* blocks: where u32, bytes u32, bytes */
	size_t n;
};

static inline void snap_span(struct snap_of *o, size_t from, size_t to, bool scratch)
{
	CHECK(o->spans_n < SNAP_SPANS_MAX && from <= to && to <= o->size);
	CHECK(o->spans_n == 0 || o->span[o->spans_n - 1].to <= from);
	o->span[o->spans_n++] = (struct snap_span){ from, to, scratch };
}

/* Nothing has changed where no span is. */
static inline void snap_check(const struct snap_of *o)
{
	size_t at = 0;

	for (size_t i = 0; i < o->spans_n; i++) {
		CHECK(memcmp(o->now + at, o->fresh + at, o->span[i].from - at) == 0);
		at = o->span[i].to;
	}
	CHECK(memcmp(o->now + at, o->fresh + at, o->size - at) == 0);
}

static inline void snap_save(struct snap *s, const struct snap_of *o)
{
	snap_check(o);
	for (int pass = 0; pass < 2; pass++) {
		s->n = 0;
		for (size_t i = 0; i < o->spans_n; i++) {
			for (size_t at = o->span[i].from, n; at < o->span[i].to; at += n) {
				n = o->span[i].to - at < SNAP_BLOCK ? o->span[i].to - at
								    : SNAP_BLOCK;
				if (o->span[i].scratch ||
				    memcmp(o->now + at, o->fresh + at, n) == 0) {
					continue;
				}
				if (pass == 1) {
					le32_put(s->p + s->n, (uint32_t)at);
					le32_put(s->p + s->n + 4, (uint32_t)n);
					memcpy(s->p + s->n + SNAP_HEAD, o->now + at, n);
				}
				s->n += SNAP_HEAD + n;
			}
		}
		if (pass == 0) {
			s->p = malloc(s->n + 1);
			CHECK(s->p != NULL);
		}
	}
}

static inline void snap_load(const struct snap *s, const struct snap_of *o)
{
	for (size_t i = 0; i < o->spans_n; i++) {
		if (!o->span[i].scratch) {
			memcpy(o->now + o->span[i].from, o->fresh + o->span[i].from,
			       o->span[i].to - o->span[i].from);
		}
	}
	for (size_t at = 0; at < s->n;) {
		size_t n = le32_get(s->p + at + 4);

		memcpy(o->now + le32_get(s->p + at), s->p + at + SNAP_HEAD, n);
		at += SNAP_HEAD + n;
	}
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014) over a running sum. */
static inline void print_add(uint64_t *print, uint64_t v)
{
	uint64_t z = *print + UINT64_C(0x9e3779b97f4a7c15) + v * UINT64_C(0xd1342543de82ef95);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	*print = z ^ (z >> 31);
}

#endif
