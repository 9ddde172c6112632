/* SPDX-License-Identifier: Apache-2.0 */
#include "io/run.h"

#include <unistd.h>

#include "base/check.h"
#include "io/clock.h"
#include "io/notes.h"

enum { ACCEPTED_FIRST = 65536 }; /* unix.h: handles carry a generation of at least 1 */

void run_init(struct run *r, void (*step)(void *, const struct event *, struct effects *),
	      void *core, struct store *store, uint8_t *scratch, size_t cap)
{
	*r = (struct run){ .step = step, .core = core, .store = store };
	effects_init(&r->effects, scratch, cap);
}

void run_on_call(struct run *r,
		 void (*call)(void *ctx, uint16_t number, uint64_t request_id,
			      struct bytes arguments),
		 void *ctx)
{
	r->call = call;
	r->call_ctx = ctx;
}

/* Not exit(): no handler, no buffer, nothing more may happen once a decision could not be kept. */
void run_end(enum err e, const struct store_fault *fault)
{
	NOTES(NOTES_BROKEN, "commit-failed", notes_err(e), notes_text("detail", fault->text));
	_exit(err_exit(e));
}

void run_on_carry(struct run *r, void (*carry)(struct run *r, void *ctx), void *ctx)
{
	CHECK(!r->running && r->store != NULL && r->carry == NULL);
	r->carry = carry;
	r->carry_ctx = ctx;
}

static void do_commit(struct run *r, const struct effect *f)
{
	enum err e;

	CHECK(r->store != NULL);
	e = store_append(r->store, f->body);
	if (e != ERR_OK) {
		run_end(e, &r->store->fault);
	}
}

static const struct run_link *link_of(const struct run *r, uint32_t channel)
{
	return channel >= 1 && channel <= r->links_n ? &r->links[channel - 1] : NULL;
}

static void do_send(struct run *r, const struct effect *f)
{
	uint8_t head[FRAME_HEADER_BYTES];
	const struct run_link *k = link_of(r, f->channel);
	enum err e = ERR_NOT_FOUND;

	/* A body that fits no frame is the core's own sizing bug. */
	CHECK(f->body.n <= FRAME_BODY_MAX);
	frame_header_put(head, (uint32_t)f->body.n, f->number, f->request_id);
	if (k != NULL) {
		e = unix_link_send_in_two(k->link, bytes_of(head, sizeof head), f->body);
	}
	if (r->server != NULL && f->channel >= ACCEPTED_FIRST) {
		e = unix_send_in_two(r->server, f->channel, bytes_of(head, sizeof head), f->body);
	}
	if (e != ERR_OK) {
		r->lost++;
		NOTES(NOTES_DEBUG, "send-lost", notes_u64("channel", f->channel),
		      notes_u64("number", f->number), notes_err(e));
	}
}

static void do_close(struct run *r, const struct effect *f)
{
	const struct run_link *k = link_of(r, f->channel);

	if (k != NULL) {
		unix_link_again(k->link);
		return;
	}
	if (r->server != NULL && f->channel >= ACCEPTED_FIRST) {
		unix_finish(r->server, f->channel);
	}
}

void run_effect(struct run *r, const struct effect *f)
{
	switch (f->kind) {
	case EFFECT_COMMIT:
		do_commit(r, f);
		return;
	case EFFECT_SEND:
		do_send(r, f);
		return;
	case EFFECT_CLOSE:
		do_close(r, f);
		return;
	case EFFECT_CALL:
		CHECK(r->call != NULL);
		r->call(r->call_ctx, f->number, f->request_id, f->body);
		return;
	case EFFECT_NOTE:
		notes_core(f->body);
		return;
	}
	CHECK(false);
}

/* Begins a step: the core is entered once at a time. */
static void enter(struct run *r)
{
	CHECK(!r->running);
	r->running = true;
	effects_reset(&r->effects);
}

static void carry_out(struct run *r)
{
	if (r->carry != NULL) {
		r->carry(r, r->carry_ctx);
	}
	for (size_t i = 0; r->carry == NULL && i < r->effects.n; i++) {
		run_effect(r, &r->effects.list[i]);
	}
	effects_reset(&r->effects);
	r->running = false;
}

void run_start(struct run *r, void (*start)(void *core, uint64_t wall_ms, uint64_t mono_ms,
					    struct effects *effects))
{
	enter(r);
	start(r->core, clock_wall_ms(), clock_mono_ms(), &r->effects);
	carry_out(r);
}

void run_event(struct run *r, struct event *e)
{
	enter(r);
	e->wall_ms = clock_wall_ms();
	e->mono_ms = clock_mono_ms();
	r->step(r->core, e, &r->effects);
	carry_out(r);
}

void run_tick(struct run *r)
{
	struct event e = { .kind = EVENT_TICK };

	run_event(r, &e);
}

void run_reply(struct run *r, uint16_t number, uint64_t request_id, enum err status,
	       struct bytes body)
{
	struct event e = { .kind = EVENT_REPLY,
			   .number = number,
			   .request_id = request_id,
			   .status = status,
			   .body = body };

	run_event(r, &e);
}

static void on_open(void *ctx, uint32_t channel, uint16_t role)
{
	struct event e = { .kind = EVENT_OPENED, .channel = channel, .role = role };

	run_event(ctx, &e);
}

static void on_frame(void *ctx, uint32_t channel, uint16_t role, uint16_t number, uint64_t id,
		     struct bytes body)
{
	struct event e = { .kind = EVENT_FRAME,
			   .channel = channel,
			   .role = role,
			   .number = number,
			   .request_id = id,
			   .body = body };

	run_event(ctx, &e);
}

static void on_close(void *ctx, uint32_t channel, uint16_t role)
{
	struct event e = { .kind = EVENT_CLOSED, .channel = channel, .role = role };

	run_event(ctx, &e);
}

void run_serve(struct run *r, struct unix_server *s)
{
	/* Handles of two tables would overlap, so there is one table for all roles. */
	CHECK(r->server == NULL);
	r->server = s;
	s->on_open = on_open;
	s->on_frame = on_frame;
	s->on_close = on_close;
	s->ctx = r;
}

static void on_link_up(void *ctx)
{
	const struct run_link *k = ctx;

	on_open(k->run, k->channel, k->role);
}

static void on_link_down(void *ctx)
{
	const struct run_link *k = ctx;

	on_close(k->run, k->channel, k->role);
}

static void on_link_reply(void *ctx, uint16_t number, uint64_t id, struct bytes body)
{
	const struct run_link *k = ctx;

	on_frame(k->run, k->channel, k->role, number, id, body);
}

void run_link(struct run *r, struct unix_link *k, uint16_t role, uint32_t *channel)
{
	struct run_link *own;

	CHECK(r->links_n < RUN_LINKS_MAX);
	own = &r->links[r->links_n++];
	*own =
	    (struct run_link){ .run = r, .link = k, .channel = (uint32_t)r->links_n, .role = role };
	k->on_up = on_link_up;
	k->on_down = on_link_down;
	k->on_reply = on_link_reply;
	k->ctx = own;
	*channel = own->channel;
}
