/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - carries out what a step function decided (log/step.h), the same for every daemon.
 *
 * Effects are done in order.  A COMMIT is durable before the next one is begun; if it fails the
 * process ends on the spot, so nothing that should have followed it ever happens (design.md 2,
 * P10).  A SEND to a channel that is gone is nobody's fault and is only counted.
 *
 * run_event() returns when all of that is done.  A daemon with a sync thread goes on deciding
 * meanwhile: io/behind.h.
 */
#ifndef KURAMORI_IO_RUN_H
#define KURAMORI_IO_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "io/unix.h"
#include "ipc/frame.h"
#include "log/step.h"
#include "store/store.h"

enum {
	RUN_LINKS_MAX = 16, /* channels 1 to 16; accepted channels are always above 65,535 */
};

struct run;

/* One asking link and the channel number the core knows it by. */
struct run_link {
	struct run *run;
	struct unix_link *link;
	uint32_t channel;
	uint16_t role;
};

struct run {
	void (*step)(void *core, const struct event *event, struct effects *effects);
	void *core;
	struct store *store; /* NULL: a core that never commits; a COMMIT dies then */
	/* EFFECT_CALL.  Its answer comes later as run_reply(), never from inside this call. */
	void (*call)(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments);
	void *call_ctx;
	struct effects effects;
	struct unix_server *server; /* one, for all roles */
	struct run_link links[RUN_LINKS_MAX];
	size_t links_n;
	uint64_t lost;                           /* SENDs to channels that were gone or too slow */
	void (*carry)(struct run *r, void *ctx); /* io/behind.h, or NULL */
	void *carry_ctx;
	bool running;
};

/* scratch: cap bytes of the caller for the bodies of one step's effects.  call may be NULL. */
void run_init(struct run *r, void (*step)(void *, const struct event *, struct effects *),
	      void *core, struct store *store, uint8_t *scratch, size_t cap);
void run_on_call(struct run *r,
		 void (*call)(void *ctx, uint16_t number, uint64_t request_id,
			      struct bytes arguments),
		 void *ctx);

/*
 * From here on carry() carries out r->effects, in order, each by run_effect() but for the COMMITs,
 * at once or later.  For io/behind.c; call it between events.
 */
void run_on_carry(struct run *r, void (*carry)(struct run *r, void *ctx), void *ctx);
/* Does one effect, within a step or between two (then r->running is set for its time). */
void run_effect(struct run *r, const struct effect *f);
/* A decision could not be kept: says so and ends the process on the spot. */
NORETURN void run_end(enum err e, const struct store_fault *fault);

/* Its channels become OPENED, FRAME and CLOSED events, and SENDs reach them. */
void run_serve(struct run *r, struct unix_server *s);

/*
 * A link (initialised, not started) becomes channel number *channel (1..): OPENED when it is up,
 * FRAME for each reply (odd number), CLOSED when it is lost; role: what OPENED says.
 */
void run_link(struct run *r, struct unix_link *k, uint16_t role, uint32_t *channel);

/*
 * Carries out what a core says at its start (payout_start, guard_start, watch_start): once, before
 * the first event.
 */
void run_start(struct run *r, void (*start)(void *core, uint64_t wall_ms, uint64_t mono_ms,
					    struct effects *effects));

/*
 * One event: both clocks are filled in, the step is taken, its effects are carried out.  Not to be
 * called from inside itself (dies): what a CALL learns at once is given back by a loop timer.
 */
void run_event(struct run *r, struct event *e);
void run_tick(struct run *r);
void run_reply(struct run *r, uint16_t number, uint64_t request_id, enum err status,
	       struct bytes body);

#endif
