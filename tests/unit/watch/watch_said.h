/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_said.h - what a watcher did about what it saw, and what it answered, for tests over
 * watch_rig.h.
 */
#ifndef KURAMORI_TESTS_WATCH_SAID_H
#define KURAMORI_TESTS_WATCH_SAID_H

#include "base/check.h"
#include "ipc/frame.h"
#include "t.h"
#include "watch_rig.h"

#define QUIET()                               \
	do {                                  \
		T_EQ(r.w.control.binding, 0); \
		T_EQ(r.w.alarms, 0);          \
		T_EQ(r.w.suspects_n, 0);      \
	} while (0)

/* Frozen by us, with these words in the reason, handed to both signers and the peer. */
#define STOPPED(words, with_evidence, evac)                  \
	do {                                                 \
		static struct doc_freeze f_;                 \
		T_EQ(r.w.control.binding, 1);                \
		T_CHECK(r.signer[A].stops >= 1);             \
		T_CHECK(r.signer[B].stops >= 1);             \
		T_CHECK(r.peer.stops >= 1);                  \
		T_CHECK(handed_freeze(&f_));                 \
		if (strstr(f_.reason, words) == NULL) {      \
			printf("# reason: %s\n", f_.reason); \
		}                                            \
		T_CHECK(strstr(f_.reason, words) != NULL);   \
		T_EQ(f_.evidence_n > 0, with_evidence);      \
		T_EQ(f_.evacuate, evac);                     \
		T_EQ(watch_evacuating(&r.w), evac);          \
	} while (0)

static inline const char *refused_as(const struct queued *q)
{
	static struct doc_refusal f;
	struct bytes item;
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	return d.type == DOC_REFUSAL && doc_refusal_read(&d, &f, NULL) == ERR_OK ? f.code : "";
}

#endif
