/* SPDX-License-Identifier: Apache-2.0 */
#include "io/behind.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* One effect that waits for a batch to be durable. */
struct behind_kept {
	struct behind_kept *next;
	uint64_t after; /* number of the batch */
	struct effect effect;
	uint8_t body[];
};

static NORETURN void end_failed(const struct behind *b)
{
	struct store_fault fault = { "" };
	enum err e = store_sync_failed(b->sync, &fault);

	CHECK(e != ERR_OK);
	run_end(e, &fault);
}

static void keep(struct behind *b, const struct effect *f)
{
	struct behind_kept *k = malloc(sizeof *k + f->body.n);

	CHECK(k != NULL);
	*k = (struct behind_kept){ .after = b->last, .effect = *f };
	if (f->body.n > 0) {
		memcpy(k->body, f->body.p, f->body.n);
	}
	k->effect.body = bytes_of(k->body, f->body.n);
	*b->kept_end = k;
	b->kept_end = &k->next;
	b->kept_bytes += sizeof *k + f->body.n;
}

/* In order, as far as the disk has come. */
static void release(struct behind *b)
{
	uint64_t durable = store_sync_durable(b->sync);

	while (b->kept != NULL && b->kept->after <= durable) {
		struct behind_kept *k = b->kept;

		b->kept = k->next;
		if (b->kept == NULL) {
			b->kept_end = &b->kept;
		}
		b->kept_bytes -= sizeof *k + k->effect.body.n;
		run_effect(b->run, &k->effect);
		free(k);
	}
}

static void wait_for_all(struct behind *b)
{
	if (store_sync_wait(b->sync, b->last) != ERR_OK) {
		end_failed(b);
	}
	release(b);
	CHECK(b->kept == NULL);
}

static void carry(struct run *r, void *ctx)
{
	struct behind *b = ctx;

	for (size_t i = 0; i < r->effects.n; i++) {
		const struct effect *f = &r->effects.list[i];

		if (f->kind == EFFECT_COMMIT) {
			/* Nobody sees it: it goes ahead of what is kept. */
			if (store_sync_put(b->sync, &b->last, f->body) != ERR_OK) {
				end_failed(b);
			}
		} else if (b->kept == NULL && !behind_busy(b)) {
			run_effect(r, f);
		} else {
			keep(b, f);
		}
	}
	if (b->kept_bytes > BEHIND_BYTES) {
		wait_for_all(b);
	}
}

void behind_start(struct behind *b, struct run *r, struct store_sync *q)
{
	*b = (struct behind){ .run = r, .sync = q };
	b->kept_end = &b->kept;
	run_on_carry(r, carry, b);
}

void behind_release(struct behind *b)
{
	struct store_fault fault;

	CHECK(!b->run->running);
	if (store_sync_failed(b->sync, &fault) != ERR_OK) {
		end_failed(b);
	}
	b->run->running = true;
	release(b);
	b->run->running = false;
}

void behind_drain(struct behind *b)
{
	CHECK(!b->run->running);
	b->run->running = true;
	wait_for_all(b);
	b->run->running = false;
}

bool behind_busy(const struct behind *b)
{
	return b->last > store_sync_durable(b->sync);
}
