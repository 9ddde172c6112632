/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/spans.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ROOM_FIRST = 2 };

void spans_free(struct spans *s)
{
	free(s->p);
	*s = (struct spans){ 0 };
}

/* One more place behind the last: what was taken at the head is used again, or the array grows. */
static bool room_behind(struct spans *s)
{
	size_t cap;
	struct trace_span *more;

	if (s->head + s->n < s->cap) {
		return true;
	}
	if (s->head > s->n) {
		memcpy(s->p, s->p + s->head, s->n * sizeof *s->p);
		s->head = 0;
		return true;
	}
	cap = s->cap == 0 ? ROOM_FIRST : s->cap * 2;
	more = realloc(s->p, cap * sizeof *more);
	if (more == NULL) {
		return false;
	}
	s->p = more;
	s->cap = cap;
	return true;
}

static struct trace_span *last(struct spans *s)
{
	return &s->p[s->head + s->n - 1];
}

bool spans_push(struct spans *s, uint64_t a, uint64_t b)
{
	if (s->n > s->settled && last(s)->b == a) {
		last(s)->b = b;
	} else {
		if (!room_behind(s)) {
			return false;
		}
		s->n++;
		*last(s) = (struct trace_span){ a, b };
	}
	s->total += b - a;
	return true;
}

bool spans_put_low(struct spans *s, struct trace_span taken)
{
	if (s->n > 0 && s->p[s->head].a == taken.b) {
		s->p[s->head].a = taken.a;
	} else if (s->head > 0) {
		s->p[--s->head] = taken;
		s->n++;
	} else {
		if (!room_behind(s)) {
			return false;
		}
		memmove(s->p + s->head + 1, s->p + s->head, s->n * sizeof *s->p);
		s->p[s->head] = taken;
		s->n++;
	}
	s->total += taken.b - taken.a;
	return true;
}

bool spans_put_high(struct spans *s, struct trace_span taken)
{
	if (s->n > 0 && last(s)->b == taken.a) {
		last(s)->b = taken.b;
	} else {
		if (!room_behind(s)) {
			return false;
		}
		s->n++;
		*last(s) = taken;
	}
	s->settled = s->n;
	s->total += taken.b - taken.a;
	return true;
}

bool spans_take_low(struct spans *s, uint64_t end, struct trace_span *out)
{
	struct trace_span *first;

	if (s->n == 0 || s->p[s->head].a >= end) {
		return false;
	}
	first = &s->p[s->head];
	*out = *first;
	if (first->b > end) {
		out->b = end;
		first->a = end;
	} else {
		s->head++;
		s->n--;
		if (s->n == 0) {
			s->head = 0;
		}
	}
	s->total -= out->b - out->a;
	return true;
}

bool spans_take_high(struct spans *s, uint64_t begin, struct trace_span *out)
{
	CHECK(s->settled == s->n);
	if (s->n == 0 || last(s)->b <= begin) {
		return false;
	}
	*out = *last(s);
	if (out->a < begin) {
		out->a = begin;
		last(s)->b = begin;
	} else {
		s->n--;
		s->settled = s->n;
	}
	s->total -= out->b - out->a;
	return true;
}

void spans_cut(struct spans *s, uint64_t begin)
{
	while (s->n > s->settled && last(s)->b > begin) {
		if (last(s)->a < begin) {
			s->total -= last(s)->b - begin;
			last(s)->b = begin;
			return;
		}
		s->total -= last(s)->b - last(s)->a;
		s->n--;
	}
}

void spans_settle(struct spans *s, uint64_t out, uint64_t *from)
{
	struct trace_span *p;

	*from = UINT64_MAX;
	if (s->settled == s->n) {
		return;
	}
	p = s->p + s->head;
	*from = p[s->settled].a - out;
	for (size_t i = s->settled; i < s->n; i++) {
		CHECK(p[i].a >= out);
		p[i].a -= out;
		p[i].b -= out;
	}
	if (s->settled > 0 && p[s->settled - 1].b == p[s->settled].a) {
		p[s->settled - 1].b = p[s->settled].b;
		memmove(p + s->settled, p + s->settled + 1, (s->n - s->settled - 1) * sizeof *p);
		s->n--;
	}
	s->settled = s->n;
}

bool spans_unsettle(struct spans *s, uint64_t out, uint64_t from)
{
	size_t at = s->n;
	struct trace_span *p;

	CHECK(s->settled == s->n);
	if (!room_behind(s)) {
		return false;
	}
	p = s->p + s->head;
	while (at > 0 && p[at - 1].a >= from) {
		at--;
		p[at].a += out;
		p[at].b += out;
	}
	if (at > 0 && p[at - 1].b > from) {
		memmove(p + at + 1, p + at, (s->n - at) * sizeof *p);
		p[at] = (struct trace_span){ from + out, p[at - 1].b + out };
		p[at - 1].b = from;
		s->n++;
	}
	s->settled = at;
	return true;
}

bool spans_set(struct spans *s, const struct trace_span *p, size_t n, size_t settled)
{
	if (n > s->cap) {
		struct trace_span *more = realloc(s->p, n * sizeof *more);

		if (more == NULL) {
			return false;
		}
		s->p = more;
		s->cap = n;
	}
	s->head = 0;
	s->n = n;
	s->settled = settled;
	s->total = 0;
	for (size_t i = 0; i < n; i++) {
		s->p[i] = p[i];
		s->total += p[i].b - p[i].a;
	}
	return true;
}

bool spans_add(struct spans *s, uint64_t a, uint64_t b, bool levels, uint64_t *added)
{
	const size_t begin = levels ? 0 : s->settled;
	const struct trace_span *old = spans_all(s);
	struct trace_span *p;
	uint64_t total = s->total;
	size_t n = 0;
	size_t i = 0;
	bool done;

	CHECK(a < b && (!levels || s->settled == s->n));
	p = malloc((s->n + 1) * sizeof *p);
	if (p == NULL) {
		return false;
	}
	for (; i < begin; i++) {
		p[n++] = old[i];
	}
	for (; i < s->n && old[i].b < a; i++) {
		p[n++] = old[i];
	}
	/* everything that overlaps [a, b) or meets it becomes one with it */
	for (; i < s->n && old[i].a <= b; i++) {
		a = old[i].a < a ? old[i].a : a;
		b = old[i].b > b ? old[i].b : b;
	}
	p[n++] = (struct trace_span){ a, b };
	for (; i < s->n; i++) {
		p[n++] = old[i];
	}
	done = spans_set(s, p, n, levels ? n : s->settled);
	free(p);
	if (done) {
		*added = s->total - total;
	}
	return done;
}
