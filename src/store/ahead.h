/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.h - a replay by two threads: one reads and verifies, the other applies what was verified.
 *
 * A restart is mostly hashing (the chain of batches, the salted leaves, the tree) and mostly
 * looking things up (the books); on two processors it takes as long as the longer of both.
 */
#ifndef KURAMORI_STORE_AHEAD_H
#define KURAMORI_STORE_AHEAD_H

#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "store/store.h"

enum {
	STORE_AHEAD_BATCHES = 8, /* verified and not yet applied, at most */
};

struct store_ahead {
	size_t batch_bytes; /* as cap of store_replay() */
	size_t note_bytes;  /* what verify() passes on to apply() about a batch */
	/*
	 * In a thread of its own, batch after batch, each with the view that the store's own
	 * check made of it (log_batch_join() does the rest); writes the note.
	 */
	enum err (*verify)(void *context, struct bytes batch, const struct log_view *checked,
			   void *note);
	/* In the caller's thread, in the same order: a copy of the batch, and its note. */
	enum err (*apply)(void *context, struct bytes batch, void *note);
	void *context; /* whatever both touch of it they must not share */
};

/*
 * store_replay() of a fresh store, split so.  Errors as store_replay(), and what verify() or
 * apply() returned: after one of them the other is called no more.  ERR_FULL: no memory or no
 * thread; then the store may still be replayed.
 */
MUST_CHECK enum err store_replay_ahead(struct store *s, const struct store_ahead *how);

#endif
