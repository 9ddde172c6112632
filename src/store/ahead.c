/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct place {
	uint8_t *batch;
	size_t n;
	void *note;
};

struct ahead {
	struct store *store;
	const struct store_ahead *how;
	uint8_t *buffer; /* the reader's */
	struct place places[STORE_AHEAD_BATCHES];
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t moved;
	uint64_t read, applied; /* batches; a place belongs to the reader until it is counted */
	bool ended;             /* the reader is done */
	enum err refused;       /* by apply() */
	enum err result;        /* of store_replay(); the reader's until it is joined */
};

static void lock(struct ahead *a)
{
	CHECK(pthread_mutex_lock(&a->lock) == 0);
}

static void unlock(struct ahead *a)
{
	CHECK(pthread_mutex_unlock(&a->lock) == 0);
}

static void wait_for_other(struct ahead *a)
{
	CHECK(pthread_cond_wait(&a->moved, &a->lock) == 0);
}

static void tell_other(struct ahead *a)
{
	CHECK(pthread_cond_signal(&a->moved) == 0);
}

static enum err each(void *context, struct bytes batch)
{
	struct ahead *a = context;
	struct place *p;
	enum err e;

	lock(a);
	while (a->refused == ERR_OK && a->read - a->applied == STORE_AHEAD_BATCHES) {
		wait_for_other(a);
	}
	e = a->refused;
	p = &a->places[a->read % STORE_AHEAD_BATCHES];
	unlock(a);
	if (e == ERR_OK) {
		CHECK(a->store->checked.records.p == batch.p + LOG_BATCH_HEAD_BYTES);
		e = a->how->verify(a->how->context, batch, &a->store->checked, p->note);
	}
	if (e != ERR_OK) {
		return e;
	}
	memcpy(p->batch, batch.p, batch.n);
	p->n = batch.n;
	lock(a);
	a->read++;
	tell_other(a);
	unlock(a);
	return ERR_OK;
}

static void *reader(void *argument)
{
	struct ahead *a = argument;

	a->result = store_replay(a->store, a->buffer, a->how->batch_bytes, each, a);
	lock(a);
	a->ended = true;
	tell_other(a);
	unlock(a);
	return NULL;
}

static void apply_all(struct ahead *a)
{
	lock(a);
	for (;;) {
		struct place *p = &a->places[a->applied % STORE_AHEAD_BATCHES];
		enum err e;

		while (a->applied == a->read && !a->ended) {
			wait_for_other(a);
		}
		if (a->applied == a->read) {
			break;
		}
		unlock(a);
		e = a->how->apply(a->how->context, bytes_of(p->batch, p->n), p->note);
		lock(a);
		a->applied++;
		a->refused = e;
		tell_other(a);
		if (e != ERR_OK) {
			break;
		}
	}
	unlock(a);
}

static void release(struct ahead *a)
{
	for (size_t i = 0; i < STORE_AHEAD_BATCHES; i++) {
		free(a->places[i].batch);
		free(a->places[i].note);
	}
	free(a->buffer);
	free(a);
}

static struct ahead *prepare(struct store *s, const struct store_ahead *how)
{
	struct ahead *a = calloc(1, sizeof *a);
	bool ok;

	if (a == NULL) {
		return NULL;
	}
	a->store = s;
	a->how = how;
	a->buffer = malloc(how->batch_bytes);
	ok = a->buffer != NULL;
	for (size_t i = 0; i < STORE_AHEAD_BATCHES; i++) {
		a->places[i].batch = malloc(how->batch_bytes);
		a->places[i].note = malloc(how->note_bytes + 1);
		ok = ok && a->places[i].batch != NULL && a->places[i].note != NULL;
	}
	if (!ok) {
		release(a);
		return NULL;
	}
	CHECK(pthread_mutex_init(&a->lock, NULL) == 0);
	CHECK(pthread_cond_init(&a->moved, NULL) == 0);
	return a;
}

enum err store_replay_ahead(struct store *s, const struct store_ahead *how)
{
	struct ahead *a = prepare(s, how);
	sigset_t all, before;
	pthread_t thread;
	enum err e = ERR_FULL;
	int code;

	if (a == NULL) {
		return ERR_FULL;
	}
	/* Signals are the caller's. */
	CHECK(sigfillset(&all) == 0 && pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	code = pthread_create(&thread, NULL, reader, a);
	CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (code == 0) {
		apply_all(a);
		CHECK(pthread_join(thread, NULL) == 0);
		e = a->result;
		if (a->refused != ERR_OK) {
			struct log_batch_head head;
			const struct place *p = &a->places[(a->applied - 1) % STORE_AHEAD_BATCHES];

			/* Also where the reader was at the end already. */
			e = a->refused;
			s->phase = STORE_BROKEN;
			CHECK(log_batch_head_get(&head, p->batch) == ERR_OK);
			store_fault_set(&s->fault, "%s: batch of record %llu was refused: %s",
					s->path, (unsigned long long)head.first_sequence,
					err_words(e));
		}
	}
	CHECK(pthread_mutex_destroy(&a->lock) == 0 && pthread_cond_destroy(&a->moved) == 0);
	release(a);
	return e;
}
