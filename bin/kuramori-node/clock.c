/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - chain time, and the blocks that come by themselves.
 */
#include "io/clock.h"
#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "io/notes.h"
#include "node.h"

static uint32_t at_most(int64_t s)
{
	if (s < 0) {
		return 0;
	}
	return s > NEM_TIME_MAX_S ? NEM_TIME_MAX_S : (uint32_t)s;
}

static uint32_t real_s(const struct node *n)
{
	uint32_t s = 0;

	CHECK(nem_time_from_unix_ms(&s, clock_wall_ms()) == ERR_OK);
	return at_most((int64_t)s + n->offset_s);
}

/* Between two blocks the interval clock runs evenly, so that transactions get their own seconds. */
static uint32_t interval_s(const struct node *n, uint32_t top_s)
{
	uint64_t passed = clock_mono_ms() - n->tick_mono_ms;

	if (n->interval_ms == 0 || n->hold) {
		return top_s;
	}
	if (passed > n->interval_ms) {
		passed = n->interval_ms;
	}
	return at_most((int64_t)top_s + (int64_t)(passed * n->interval_s / n->interval_ms));
}

uint32_t node_now_s(struct node *n)
{
	uint32_t top_s = nis_top(n->nis).time_s;
	uint32_t now = 0;

	switch (n->clock) {
	case NODE_CLOCK_DEMAND:
		now = n->stand_s;
		break;
	case NODE_CLOCK_REAL:
		return real_s(n);
	case NODE_CLOCK_INTERVAL:
		now = interval_s(n, n->stand_s > top_s ? n->stand_s : top_s);
		break;
	}
	return now > top_s ? now : top_s;
}

uint64_t node_now_network_ms(struct node *n)
{
	uint64_t ms = 0;

	if (n->clock == NODE_CLOCK_REAL && nem_time_network_ms(&ms, clock_wall_ms()) == ERR_OK) {
		return ms + (uint64_t)(n->offset_s * 1000);
	}
	return (uint64_t)node_now_s(n) * 1000;
}

uint32_t node_judge_s(struct node *n, uint32_t time_s)
{
	uint32_t now = node_now_s(n);

	return n->clock == NODE_CLOCK_REAL || now > time_s ? now : time_s;
}

unsigned node_next_pool(struct node *n)
{
	switch (n->next) {
	case NODE_NEXT_PUBLIC:
		return NODE_PUBLIC;
	case NODE_NEXT_CLEAN:
		return NODE_CLEAN;
	case NODE_NEXT_ALTERNATE:
		break;
	}
	return n->last_was_public ? NODE_CLEAN : NODE_PUBLIC;
}

enum err node_mine(struct node *n, unsigned pool, uint32_t time_s)
{
	enum err e = nis_mine(n->nis, pool, time_s);

	if (e != ERR_OK) {
		return e;
	}
	n->last_was_public = pool == NODE_PUBLIC;
	node_chain_moved(n, nis_height(n->nis) - 1);
	return ERR_OK;
}

void node_expire(struct node *n)
{
	uint32_t now = node_now_s(n);

	if (now != n->expired_at_s) {
		n->expired_at_s = now;
		nis_expire(n->nis, now);
	}
}

/*
 * A tick of the wall clock that falls into the second of the last block is one too early and makes
 * none: two blocks cannot share a second, and one in the future would be no block of a clock.  With
 * NIS's rule a tick in which the harvester does not hit makes none either, and the interval clock
 * jumps to where it does.
 */
static void on_tick(void *ctx)
{
	struct node *n = ctx;
	uint32_t top_s = nis_top(n->nis).time_s;
	uint32_t time_s = 0, from;
	enum err e = ERR_OK;

	switch (n->clock) {
	case NODE_CLOCK_DEMAND:
		return;
	case NODE_CLOCK_REAL:
		time_s = real_s(n);
		if (time_s == top_s) {
			time_s++;
		}
		break;
	case NODE_CLOCK_INTERVAL:
		time_s = (n->stand_s > top_s ? n->stand_s : top_s) + n->interval_s;
		break;
	}
	from = nis_harvest_from(n->nis, NULL);
	if (n->clock == NODE_CLOCK_INTERVAL && from != NIS_NEVER && time_s < from) {
		time_s = from;
	}
	if (time_s > top_s && (time_s >= from || from == NIS_NEVER)) {
		e = node_mine(n, node_next_pool(n), time_s);
	}
	if (e != ERR_OK) {
		NOTES(NOTES_UNUSUAL, "no-block", notes_err(e), notes_u64("time_nem_s", time_s));
	}
}

void node_arm(struct node *n)
{
	n->block_timer.on = on_tick;
	n->block_timer.ctx = n;
	n->tick_mono_ms = clock_mono_ms();
	loop_timer_off(&n->loop, &n->block_timer);
	if (!n->hold && n->interval_ms > 0 && n->clock != NODE_CLOCK_DEMAND) {
		loop_timer_set(&n->loop, &n->block_timer, n->interval_ms, n->interval_ms);
	}
}
