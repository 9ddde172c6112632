/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - the thread that owns a store: one thread decides, this one makes durable (design.md 6).
 *
 * While one group of batches is in its sync, the next batches wait in a bounded queue; then all
 * that wait (up to STORE_GROUP_MAX) go into one durable append.  So a slow disk makes groups larger
 * instead of everybody slower.  The deciding thread is woken by a callback and asks how far things
 * are durable; the rule that nothing is shown before that is io/run.h's.
 *
 * From store_sync_start() to store_sync_stop() nobody else touches the store: the one connection of
 * SQLite is used by one thread, blobs are read by it too.  After a failed append it appends nothing
 * more, whatever waits, and says so; its owner ends the process.
 *
 * Where other servers watch for signs of life (store_beat()), it gives them while nothing waits.
 *
 * kuramorid only.  Signers and watchers append from their one thread: their sandbox allows neither
 * threads nor futex, and they have nothing to do while a decision is not yet durable.
 */
#ifndef KURAMORI_STORE_SYNC_H
#define KURAMORI_STORE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "store/store.h"

enum {
	STORE_SYNC_BYTES = 16 * 1024 * 1024, /* of batches that wait or are being written */
	STORE_SYNC_BATCHES = 1024,           /* the same, counted */
	STORE_SYNC_BLOBS = 1024,             /* questions that wait */
	STORE_SYNC_TASKS = 256,              /* tasks that wait or were not fetched yet */
};

/* Something that is done with the store by its thread, between two appends.  The caller's memory;
 * first member of what run() needs. */
struct store_task {
	void (*run)(struct store_task *t, struct store *s); /* in the thread; quick */
	struct store_task *next;                            /* this and below: sync.c's */
	uint64_t after; /* number of the last batch that was handed over before it */
	bool waited_for, done;
};

/* Who is told every batch as soon as it is durable, in the thread. */
struct store_follower {
	/* After whoever waits for the batch was told: it makes nobody wait but the queue. */
	void (*durable)(void *ctx, struct bytes batch);
	/* Nothing else is to be done.  True: it has done something and may have more. */
	bool (*idle)(void *ctx, struct store *s);
	void *ctx;
};

struct store_sync;

/*
 * Starts the thread over a replayed store, which is its own from here on.  wake(ctx) is called from
 * the thread whenever something became durable, a blob was read, or an append failed; it must be
 * quick and safe to call from there (loop_wake()).  ERR_FULL: no memory or no thread.
 */
MUST_CHECK enum err store_sync_start(struct store_sync **out, struct store *s,
				     void (*wake)(void *ctx), void *ctx);

/*
 * Hands over a sealed batch, at most LOG_BATCH_BYTES_MAX; it is copied.  *number: 1 for the first,
 * 2 for the second, ...  Blocks while the queue is full: the caller then takes no new work either.
 * What store_sync_failed() says; then nothing was handed over.
 */
MUST_CHECK enum err store_sync_put(struct store_sync *q, uint64_t *number, struct bytes batch);

/* How many batches are durable: all numbers up to it. */
uint64_t store_sync_durable(const struct store_sync *q);

/* ERR_OK while all is well; else the error of the append that failed, with *fault (not NULL). */
MUST_CHECK enum err store_sync_failed(struct store_sync *q, struct store_fault *fault);

/* Blocks until this number is durable.  What store_sync_failed() says. */
MUST_CHECK enum err store_sync_wait(struct store_sync *q, uint64_t number);

/* Asks for a blob by name; tag is the caller's.  ERR_BUSY: STORE_SYNC_BLOBS wait already. */
MUST_CHECK enum err store_sync_blob_ask(struct store_sync *q, uint64_t tag,
					const struct hash32 *name);

/*
 * The next answer, in the order of the questions; false: none is there.  *status as
 * store_blob_get(); on ERR_OK *blob has *n bytes, malloc'd and now the caller's; else it is NULL.
 */
bool store_sync_blob_next(struct store_sync *q, uint64_t *tag, enum err *status, uint8_t **blob,
			  size_t *n);

/* One follower, from the first batch on: before the first store_sync_put().  Copied. */
void store_sync_follow(struct store_sync *q, const struct store_follower *follower);

/*
 * Queues a task.  It runs when every batch that was handed over before it is durable, so that it
 * reads what its asker has decided.  When it has run, wake() is called and store_sync_task_next()
 * gives it back. ERR_BUSY: STORE_SYNC_TASKS are there already; what store_sync_failed() says.
 */
MUST_CHECK enum err store_sync_task(struct store_sync *q, struct store_task *t);
struct store_task *store_sync_task_next(struct store_sync *q);

/* The same, and waits until it has run.  After an error it has not run and never will. */
MUST_CHECK enum err store_sync_call(struct store_sync *q, struct store_task *t);

/*
 * Writes what waits, ends the thread, and gives the store back.  What store_sync_failed() says;
 * then what waited was not written.  NULL is fine.
 */
MUST_CHECK enum err store_sync_stop(struct store_sync *q, struct store_fault *fault);

#endif
