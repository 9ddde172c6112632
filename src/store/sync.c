/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.c - a queue of batches with one thread at its end.
 *
 * The batches lie in one ring of bytes, each in one piece: [oldest, end) or, wrapped, [oldest, cap)
 * and [0, end).  A batch leaves when it is durable, not when it is taken, because it is written
 * from where it lies.
 */
#include "store/sync.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"

static_assert((int)STORE_SYNC_BYTES > 2 * (int)LOG_BATCH_BYTES_MAX, "the largest batch fits");

struct question {
	uint64_t tag;
	struct hash32 name;
	enum err status;
	uint8_t *blob; /* malloc'd, or NULL */
	size_t n;
};

struct store_sync {
	struct store *store; /* the thread's */
	void (*wake)(void *ctx);
	void *ctx;
	pthread_t thread;
	uint8_t *blob_buffer; /* LOG_BATCH_BYTES_MAX; the thread's */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;  /* something waits for the thread */
	pthread_cond_t done;  /* something became durable, or failed */
	uint8_t *ring;        /* STORE_SYNC_BYTES */
	struct bytes batches[STORE_SYNC_BATCHES];
	uint64_t put;             /* batches ever handed over */
	_Atomic uint64_t durable; /* of them durable; written under the lock */
	size_t end;               /* where the next batch may begin */
	struct question questions[STORE_SYNC_BLOBS];
	uint64_t asked, read, told; /* ever; told <= read <= asked */
	uint64_t freed; /* batches whose bytes nobody needs any more; freed <= durable */
	struct store_follower follower;        /* durable NULL: nobody follows */
	struct store_task *tasks, **tasks_end; /* waiting, oldest first */
	struct store_task *ready, **ready_end; /* done, to be fetched */
	size_t tasks_n;                        /* of both */
	bool stopping;
	enum err failed;
	struct store_fault fault;
};

static void lock(struct store_sync *q)
{
	CHECK(pthread_mutex_lock(&q->lock) == 0);
}

static void unlock(struct store_sync *q)
{
	CHECK(pthread_mutex_unlock(&q->lock) == 0);
}

static uint64_t durable(const struct store_sync *q)
{
	return atomic_load_explicit(&q->durable, memory_order_acquire);
}

/* n bytes in one piece, or NULL: too full now. */
static uint8_t *place_for(struct store_sync *q, size_t n)
{
	size_t oldest;

	if (q->put == q->freed) {
		q->end = 0;
		return q->ring;
	}
	if (q->put - q->freed == STORE_SYNC_BATCHES) {
		return NULL;
	}
	oldest = (size_t)(q->batches[q->freed % STORE_SYNC_BATCHES].p - q->ring);
	/* Strictly less: an end that reaches the oldest would look like an empty ring. */
	if (q->end <= oldest) {
		return oldest - q->end > n ? q->ring + q->end : NULL;
	}
	if (STORE_SYNC_BYTES - q->end >= n) {
		return q->ring + q->end;
	}
	return oldest > n ? q->ring : NULL;
}

/* Everything that waits, as one durable append.  Called and left with the lock held. */
static void append_waiting(struct store_sync *q)
{
	struct bytes group[STORE_GROUP_MAX];
	uint64_t first = durable(q);
	size_t n = 0;
	enum err e;

	while (n < STORE_GROUP_MAX && first + n < q->put) {
		group[n] = q->batches[(first + n) % STORE_SYNC_BATCHES];
		n++;
	}
	unlock(q);
	e = store_append_all(q->store, group, n);
	lock(q);
	if (e != ERR_OK) {
		q->failed = e;
		q->fault = q->store->fault;
		return;
	}
	atomic_store_explicit(&q->durable, first + n, memory_order_release);
	if (q->follower.durable != NULL) {
		struct store_follower f = q->follower;

		/* Whoever waits for the batches goes on; their bytes stay until they were followed.
		 */
		CHECK(pthread_cond_broadcast(&q->done) == 0);
		unlock(q);
		q->wake(q->ctx);
		for (size_t i = 0; i < n; i++) {
			f.durable(f.ctx, group[i]);
		}
		lock(q);
	}
	q->freed = first + n;
}

/* The oldest task.  Called and left with the lock held. */
static void run_task(struct store_sync *q)
{
	struct store_task *t = q->tasks;

	q->tasks = t->next;
	if (q->tasks == NULL) {
		q->tasks_end = &q->tasks;
	}
	unlock(q);
	t->run(t, q->store);
	lock(q);
	if (t->waited_for) {
		t->done = true;
		q->tasks_n--;
		return;
	}
	t->next = NULL;
	*q->ready_end = t;
	q->ready_end = &t->next;
}

/* True if the follower has done something that nobody waits for.  With the lock, as above. */
static bool follow_idly(struct store_sync *q)
{
	struct store_follower f = q->follower;
	bool more;

	if (f.idle == NULL) {
		return false;
	}
	unlock(q);
	more = f.idle(f.ctx, q->store);
	lock(q);
	return more;
}

/* Called and left with the lock held. */
static void give_sign(struct store_sync *q)
{
	enum err e;

	unlock(q);
	e = store_beat(q->store);
	lock(q);
	if (e != ERR_OK) {
		q->failed = e;
		q->fault = q->store->fault;
		CHECK(pthread_cond_broadcast(&q->done) == 0);
		unlock(q);
		q->wake(q->ctx);
		lock(q);
	}
}

static struct timespec due_after(uint32_t ms)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

static bool is_over(const struct timespec *due)
{
	struct timespec now = due_after(0);

	return now.tv_sec > due->tv_sec ||
	       (now.tv_sec == due->tv_sec && now.tv_nsec >= due->tv_nsec);
}

/* Waits for work; false: a sign of life is due.  Called and left with the lock held. */
static bool wait_for_work(struct store_sync *q, const struct timespec *due)
{
	int code;

	if (q->store->engine->beat == NULL) {
		CHECK(pthread_cond_wait(&q->work, &q->lock) == 0);
		return true;
	}
	code = pthread_cond_timedwait(&q->work, &q->lock, due);
	CHECK(code == 0 || code == ETIMEDOUT);
	return code == 0;
}

/* The oldest question.  Called and left with the lock held. */
static void read_blob(struct store_sync *q)
{
	struct question *ask = &q->questions[q->read % STORE_SYNC_BLOBS];
	struct bytes found = bytes_of(NULL, 0);
	uint8_t *copy = NULL;
	enum err e;

	unlock(q); /* a question is not moved or changed until it was told */
	e = store_blob_get(q->store, &found, q->blob_buffer, LOG_BATCH_BYTES_MAX, &ask->name);
	if (e == ERR_OK) {
		copy = malloc(found.n + 1);
		if (copy == NULL) {
			e = ERR_FULL;
		} else if (found.n > 0) {
			memcpy(copy, found.p, found.n);
		}
	}
	lock(q);
	ask->status = e;
	ask->blob = copy;
	ask->n = e == ERR_OK ? found.n : 0;
	q->read++;
}

static void *thread(void *argument)
{
	struct store_sync *q = argument;
	uint32_t beat_ms = q->store->engine->beat_ms;
	struct timespec due = due_after(beat_ms);

	lock(q);
	while (q->failed == ERR_OK) {
		bool did = false;

		/* In turn, so that neither waits for the end of the other. */
		if (q->read < q->asked) {
			read_blob(q);
			did = true;
		}
		if (q->tasks != NULL && durable(q) >= q->tasks->after) {
			run_task(q);
			did = true;
		}
		if (durable(q) < q->put) {
			append_waiting(q);
			due = due_after(beat_ms);
			did = true;
		}
		if (did) {
			CHECK(pthread_cond_broadcast(&q->done) == 0);
			unlock(q);
			q->wake(q->ctx);
			lock(q);
			continue;
		}
		if (q->stopping) {
			break;
		}
		if (follow_idly(q)) {
			if (q->store->engine->beat != NULL && is_over(&due)) {
				give_sign(q);
				due = due_after(beat_ms);
			}
			continue;
		}
		if (q->read < q->asked || q->tasks != NULL || durable(q) < q->put || q->stopping) {
			continue; /* it came while the lock was not held */
		}
		if (!wait_for_work(q, &due)) {
			give_sign(q);
			due = due_after(beat_ms);
		}
	}
	unlock(q);
	return NULL;
}

static void release(struct store_sync *q)
{
	for (; q->told < q->read; q->told++) {
		free(q->questions[q->told % STORE_SYNC_BLOBS].blob);
	}
	free(q->ring);
	free(q->blob_buffer);
	free(q);
}

enum err store_sync_start(struct store_sync **out, struct store *s, void (*wake)(void *ctx),
			  void *ctx)
{
	struct store_sync *q = calloc(1, sizeof *q);
	pthread_condattr_t monotonic;
	sigset_t all, before;
	int code;

	CHECK(s->phase == STORE_READY);
	if (q == NULL) {
		return ERR_FULL;
	}
	q->store = s;
	q->wake = wake;
	q->ctx = ctx;
	q->tasks_end = &q->tasks;
	q->ready_end = &q->ready;
	q->ring = malloc(STORE_SYNC_BYTES);
	q->blob_buffer = malloc(LOG_BATCH_BYTES_MAX);
	if (q->ring == NULL || q->blob_buffer == NULL) {
		release(q);
		return ERR_FULL;
	}
	CHECK(pthread_mutex_init(&q->lock, NULL) == 0);
	CHECK(pthread_condattr_init(&monotonic) == 0 &&
	      pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_cond_init(&q->work, &monotonic) == 0 &&
	      pthread_cond_init(&q->done, NULL) == 0);
	CHECK(pthread_condattr_destroy(&monotonic) == 0);
	/* Signals are the loop's. */
	CHECK(sigfillset(&all) == 0 && pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	code = pthread_create(&q->thread, NULL, thread, q);
	CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (code != 0) {
		release(q);
		return ERR_FULL;
	}
	*out = q;
	return ERR_OK;
}

enum err store_sync_put(struct store_sync *q, uint64_t *number, struct bytes batch)
{
	uint8_t *place = NULL;
	enum err e;

	CHECK(batch.n > 0 && batch.n <= LOG_BATCH_BYTES_MAX);
	lock(q);
	CHECK(!q->stopping);
	while (q->failed == ERR_OK && (place = place_for(q, batch.n)) == NULL) {
		CHECK(pthread_cond_wait(&q->done, &q->lock) == 0);
	}
	e = q->failed;
	if (e == ERR_OK) {
		memcpy(place, batch.p, batch.n);
		q->batches[q->put % STORE_SYNC_BATCHES] = bytes_of(place, batch.n);
		q->end = (size_t)(place - q->ring) + batch.n;
		*number = ++q->put;
		CHECK(pthread_cond_signal(&q->work) == 0);
	}
	unlock(q);
	return e;
}

uint64_t store_sync_durable(const struct store_sync *q)
{
	return durable(q);
}

enum err store_sync_failed(struct store_sync *q, struct store_fault *fault)
{
	enum err e;

	lock(q);
	e = q->failed;
	if (e != ERR_OK) {
		*fault = q->fault;
	}
	unlock(q);
	return e;
}

enum err store_sync_wait(struct store_sync *q, uint64_t number)
{
	enum err e;

	lock(q);
	CHECK(number <= q->put);
	while (q->failed == ERR_OK && durable(q) < number) {
		CHECK(pthread_cond_wait(&q->done, &q->lock) == 0);
	}
	e = q->failed;
	unlock(q);
	return e;
}

enum err store_sync_blob_ask(struct store_sync *q, uint64_t tag, const struct hash32 *name)
{
	enum err e = ERR_OK;

	lock(q);
	if (q->asked - q->told == STORE_SYNC_BLOBS) {
		e = ERR_BUSY;
	} else {
		q->questions[q->asked % STORE_SYNC_BLOBS] =
		    (struct question){ .tag = tag, .name = *name };
		q->asked++;
		CHECK(pthread_cond_signal(&q->work) == 0);
	}
	unlock(q);
	return e;
}

bool store_sync_blob_next(struct store_sync *q, uint64_t *tag, enum err *status, uint8_t **blob,
			  size_t *n)
{
	bool any;

	lock(q);
	any = q->told < q->read;
	if (any) {
		const struct question *ask = &q->questions[q->told % STORE_SYNC_BLOBS];

		*tag = ask->tag;
		*status = ask->status;
		*blob = ask->blob;
		*n = ask->n;
		q->told++;
	}
	unlock(q);
	return any;
}

void store_sync_follow(struct store_sync *q, const struct store_follower *follower)
{
	lock(q);
	CHECK(q->put == 0 && q->follower.durable == NULL);
	q->follower = *follower;
	CHECK(pthread_cond_signal(&q->work) == 0);
	unlock(q);
}

/* With the lock held. */
static enum err queue_task(struct store_sync *q, struct store_task *t)
{
	if (q->failed != ERR_OK) {
		return q->failed;
	}
	if (q->tasks_n == STORE_SYNC_TASKS) {
		return ERR_BUSY;
	}
	t->next = NULL;
	t->done = false;
	t->after = q->put;
	*q->tasks_end = t;
	q->tasks_end = &t->next;
	q->tasks_n++;
	CHECK(pthread_cond_signal(&q->work) == 0);
	return ERR_OK;
}

enum err store_sync_task(struct store_sync *q, struct store_task *t)
{
	enum err e;

	lock(q);
	t->waited_for = false;
	e = queue_task(q, t);
	unlock(q);
	return e;
}

struct store_task *store_sync_task_next(struct store_sync *q)
{
	struct store_task *t;

	lock(q);
	t = q->ready;
	if (t != NULL) {
		q->ready = t->next;
		if (q->ready == NULL) {
			q->ready_end = &q->ready;
		}
		q->tasks_n--;
	}
	unlock(q);
	return t;
}

enum err store_sync_call(struct store_sync *q, struct store_task *t)
{
	enum err e;

	lock(q);
	t->waited_for = true;
	e = queue_task(q, t);
	while (e == ERR_OK && !t->done) {
		e = q->failed;
		if (e == ERR_OK) {
			CHECK(pthread_cond_wait(&q->done, &q->lock) == 0);
		}
	}
	unlock(q);
	return e;
}

enum err store_sync_stop(struct store_sync *q, struct store_fault *fault)
{
	enum err e;

	if (q == NULL) {
		return ERR_OK;
	}
	lock(q);
	q->stopping = true;
	CHECK(pthread_cond_signal(&q->work) == 0);
	unlock(q);
	CHECK(pthread_join(q->thread, NULL) == 0);
	e = q->failed;
	if (e != ERR_OK) {
		*fault = q->fault;
	}
	CHECK(pthread_mutex_destroy(&q->lock) == 0);
	CHECK(pthread_cond_destroy(&q->work) == 0 && pthread_cond_destroy(&q->done) == 0);
	release(q);
	return e;
}
