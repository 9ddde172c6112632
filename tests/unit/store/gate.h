/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - a real engine whose appends wait at a gate, or fail from the n-th call on: a disk that
 * is as slow or as broken as a case needs it, without a clock.
 */
#ifndef KURAMORI_TESTS_STORE_GATE_H
#define KURAMORI_TESTS_STORE_GATE_H

#include <limits.h>
#include <pthread.h>

#include "kit.h"

static struct store_engine gate_engine;
static const struct store_engine *gate_real;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static unsigned gate_open; /* appends that may pass; UINT_MAX: all */
static unsigned gate_calls, gate_fail_at;
static size_t gate_sizes[4096]; /* batches of each append */

static inline enum err gate_append(struct store *s, const struct store_batch *batches, size_t n)
{
	bool fail;

	(void)pthread_mutex_lock(&gate_lock);
	if (gate_calls < sizeof gate_sizes / sizeof gate_sizes[0]) {
		gate_sizes[gate_calls] = n;
	}
	gate_calls++;
	(void)pthread_cond_broadcast(&gate_moved);
	while (gate_open == 0) {
		(void)pthread_cond_wait(&gate_moved, &gate_lock);
	}
	if (gate_open != UINT_MAX) {
		gate_open--;
	}
	fail = gate_fail_at != 0 && gate_calls >= gate_fail_at;
	(void)pthread_mutex_unlock(&gate_lock);
	if (fail) {
		s->phase = STORE_BROKEN;
		store_fault_set(&s->fault, "%s: cannot write: planted", s->path);
		return ERR_IO;
	}
	return gate_real->append(s, batches, n);
}

static inline void gate_let(unsigned passes)
{
	(void)pthread_mutex_lock(&gate_lock);
	gate_open = passes;
	(void)pthread_cond_broadcast(&gate_moved);
	(void)pthread_mutex_unlock(&gate_lock);
}

/* Until the thread stands in its n-th append. */
static inline void gate_wait(unsigned n)
{
	(void)pthread_mutex_lock(&gate_lock);
	while (gate_calls < n) {
		(void)pthread_cond_wait(&gate_moved, &gate_lock);
	}
	(void)pthread_mutex_unlock(&gate_lock);
}

/* Puts the gate before the engine of s. */
static inline void gate_before(struct store *s, unsigned passes, unsigned fail)
{
	gate_real = s->engine;
	gate_engine = *gate_real;
	gate_engine.append = gate_append;
	s->engine = &gate_engine;
	gate_calls = 0;
	gate_fail_at = fail;
	gate_open = passes;
}

#endif
