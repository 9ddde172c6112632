/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effects.c - the list of effects that a step fills (log/step.h).
 */
#include "log/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum {
	ALIGN = 16,
};

void effects_init(struct effects *e, uint8_t *store, size_t cap)
{
	CHECK(store != NULL || cap == 0);
	memset(e->list, 0, sizeof(e->list));
	e->store = store;
	e->cap = cap;
	e->n = 0;
	e->used = 0;
}

void effects_reset(struct effects *e)
{
	e->n = 0;
	e->used = 0;
}

size_t effects_free(const struct effects *e)
{
	return EFFECTS_MAX - e->n;
}

/* Bytes to skip so that the next body starts on a multiple of ALIGN. */
static size_t gap(const struct effects *e)
{
	return (ALIGN - ((uintptr_t)e->store + e->used) % ALIGN) % ALIGN;
}

size_t effects_room(const struct effects *e)
{
	size_t skip = gap(e);

	return e->cap - e->used > skip ? e->cap - e->used - skip : 0;
}

uint8_t *effects_take(struct effects *e, size_t n)
{
	uint8_t *p;

	CHECK(n <= effects_room(e));
	if (n == 0) {
		return e->store;
	}
	p = e->store + e->used + gap(e);
	e->used = (size_t)(p - e->store) + n;
	return p;
}

void effects_give_back(struct effects *e, size_t n)
{
	CHECK(n <= e->used);
	e->used -= n;
}

/* The body inside the store: as it is if it was built there, else a copy. */
static struct bytes keep(struct effects *e, struct bytes body)
{
	uint8_t *p;

	if (body.n == 0) {
		return bytes_of(NULL, 0);
	}
	if ((uintptr_t)body.p >= (uintptr_t)e->store &&
	    (uintptr_t)body.p < (uintptr_t)e->store + e->used) {
		CHECK(body.n <= (uintptr_t)e->store + e->used - (uintptr_t)body.p);
		return body;
	}
	p = effects_take(e, body.n);
	memcpy(p, body.p, body.n);
	return bytes_of(p, body.n);
}

static struct effect *add(struct effects *e, enum effect_kind kind, struct bytes body)
{
	struct effect *f;

	CHECK(e->n < EFFECTS_MAX);
	f = &e->list[e->n];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->body = keep(e, body);
	e->n++;
	return f;
}

void effects_commit(struct effects *e, struct bytes batch)
{
	CHECK(batch.n > 0);
	(void)add(e, EFFECT_COMMIT, batch);
}

void effects_send(struct effects *e, uint32_t channel, uint16_t number, uint64_t request_id,
		  struct bytes body)
{
	struct effect *f = add(e, EFFECT_SEND, body);

	f->channel = channel;
	f->number = number;
	f->request_id = request_id;
}

void effects_close(struct effects *e, uint32_t channel)
{
	add(e, EFFECT_CLOSE, bytes_of(NULL, 0))->channel = channel;
}

void effects_call(struct effects *e, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	struct effect *f = add(e, EFFECT_CALL, arguments);

	f->number = number;
	f->request_id = request_id;
}

void effects_note(struct effects *e, const char *format, ...)
{
	char line[EFFECTS_NOTE_MAX];
	size_t n;
	int wanted;
	va_list args;

	va_start(args, format);
	wanted = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	CHECK(wanted >= 0);
	n = (size_t)wanted;
	if (n >= sizeof(line)) {
		n = sizeof(line) - 1;
		memcpy(line + n - 3, "...", 3);
	}
	for (size_t i = 0; i < n; i++) {
		if (line[i] < 0x20 || line[i] > 0x7e) {
			line[i] = '?';
		}
	}
	(void)add(e, EFFECT_NOTE, bytes_of(line, n));
}
