/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behind.h - a daemon that goes on deciding while its last decisions are on their way to the disk.
 *
 * Put behind a run (io/run.h) and a sync thread (store/sync.h): a COMMIT hands its batch to the
 * thread, and everything that stands behind it, and everything of every later step, is kept until
 * all batches before it are durable; then it is done, strictly in order.  So an answer never shows
 * what a crash could still take, also one to a question that changed nothing.  If the thread cannot
 * write, the process ends on the spot and nothing of what is kept ever happens.
 *
 * Bounded: the thread's queue blocks the step that would overfill it, and BEHIND_BYTES of kept
 * effects make the next step wait for the disk.  Who waits takes no new work either, so clients are
 * slowed down to what the disk takes.
 */
#ifndef KURAMORI_IO_BEHIND_H
#define KURAMORI_IO_BEHIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/run.h"
#include "store/sync.h"

enum {
	BEHIND_BYTES = 32 * 1024 * 1024, /* of kept effects */
};

struct behind_kept;

/* Members are for behind.c only. */
struct behind {
	struct run *run;
	struct store_sync *sync;
	uint64_t last; /* number of the last batch handed over */
	struct behind_kept *kept, **kept_end;
	size_t kept_bytes;
};

/*
 * From here on r commits through q, which owns the store that run_init() was given.  Between events
 * only.  Both outlive *b.
 */
void behind_start(struct behind *b, struct run *r, struct store_sync *q);

/* Carries out what has become durable: for whoever is woken by q.  Between events only. */
void behind_release(struct behind *b);

/* Waits until all that was decided is durable, and carries it out. */
void behind_drain(struct behind *b);

/* True if a batch is on its way to the disk: what is decided now will wait for it. */
bool behind_busy(const struct behind *b);

#endif
