/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step.h - the shape that every core shares: one event in, an ordered list of effects out.
 *
 *   void x_step(struct x *, const struct event *, struct effects *);
 *
 * The shell (bin/, sim/) turns what happens into events and carries the effects out in order.  A
 * COMMIT must be durable before any later effect of the list is begun; when one effect fails the
 * process ends.  So "synced before signed" is the order of a list that a test can read
 * (design.md 2).
 */
#ifndef KURAMORI_LOG_STEP_H
#define KURAMORI_LOG_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	EFFECTS_MAX = 64,
	EFFECTS_NOTE_MAX = 1024, /* bytes of one log line; longer ones are cut and end in "..." */
};

enum effect_kind {
	EFFECT_COMMIT, /* body: a sealed batch; durable before any later effect, or the process ends
			*/
	EFFECT_SEND,   /* a frame (number, request_id, body) on channel */
	EFFECT_CLOSE,  /* close channel */
	EFFECT_CALL,   /* an outside call: number says which, body its arguments, request_id its tag
			*/
	EFFECT_NOTE, /* body: one log line "level event key=value..." without time and line feed */
};

struct effect {
	enum effect_kind kind;
	uint32_t channel;
	uint16_t number;
	uint64_t request_id;
	struct bytes body; /* points into effects.store */
};

struct effects {
	struct effect list[EFFECTS_MAX];
	size_t n;
	uint8_t *store;
	size_t used, cap;
};

enum event_kind {
	EVENT_TICK,   /* time has passed */
	EVENT_OPENED, /* channel is new; role says which socket it came from */
	EVENT_FRAME,  /* number, request_id, body arrived on channel */
	EVENT_CLOSED, /* channel is gone */
	EVENT_REPLY,  /* the answer to a CALL: number and request_id of the call, status, body */
};

struct event {
	enum event_kind kind;
	uint64_t wall_ms; /* Unix milliseconds */
	uint64_t mono_ms; /* monotonic milliseconds */
	uint32_t channel;
	uint16_t role;
	uint16_t number;
	uint64_t request_id;
	enum err status;
	struct bytes body; /* valid during the step only */
};

/* store: the caller's cap bytes, in which bodies live until the next reset. */
void effects_init(struct effects *e, uint8_t *store, size_t cap);

/* Forgets all effects and bodies. */
void effects_reset(struct effects *e);

/*
 * Append one effect; the body is copied (a body that effects_take() gave is not copied again).
 * Too many effects or bytes is our own sizing bug: they die.
 */
void effects_commit(struct effects *e, struct bytes batch);
void effects_send(struct effects *e, uint32_t channel, uint16_t number, uint64_t request_id,
		  struct bytes body);
void effects_close(struct effects *e, uint32_t channel);
void effects_call(struct effects *e, uint16_t number, uint64_t request_id, struct bytes arguments);

/*
 * A log line, printf-like.  Bytes outside printable ASCII become '?': a line stays one line
 * whatever a stranger put into a field.  Secrets never.
 */
void effects_note(struct effects *e, const char *format, ...) PRINTF(2, 3);

/*
 * Reserves n bytes of the store to build a body in place, aligned to 16.  Dies if they do not fit.
 * Give back what was not needed with effects_give_back() before the next effect.
 */
uint8_t *effects_take(struct effects *e, size_t n);

/* The last n bytes of the latest effects_take() were not needed. */
void effects_give_back(struct effects *e, size_t n);

/* Effects and bytes still free, for cores that stop filling in time. */
size_t effects_free(const struct effects *e);
size_t effects_room(const struct effects *e);

#endif
