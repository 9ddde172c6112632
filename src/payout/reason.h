/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h - what the core says of a withdrawal, in words: why it waits where it is (`reason`), and
 * why it changed its state (the journal's "who LF why").
 *
 * Kept and compared, these are English whoever reads them; where a person reads them they are in
 * his language (docs/decisions/0028-words-for-people.md).  So every format of such a text stands
 * here, and reason_read() is the exact inverse of printf for them: nothing is stored beside the
 * text, and a journal of any age is read.  Who changes a format leaves the old one in the table.
 */
#ifndef KURAMORI_PAYOUT_REASON_H
#define KURAMORI_PAYOUT_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/words.h"

enum {
	REASON_PARTS_MAX = 5,    /* conversions of one format */
	REASON_WORDS_MAX = 1024, /* bytes of one in any language, with its NUL */
};

/* Why it waits. */
#define REASON_LOCK_NOT_BEGUN                                                                   \
	N_("waits until both signers and enough watchers know the order: its time lock begins " \
	   "then")
#define REASON_LOCK        N_("waits for its time lock")
#define REASON_DEAD        N_("%d attempts are dead: none follows")
#define REASON_UNDONE      N_("waits: a deposit of this customer was undone by the chain")
#define REASON_TILL        N_("waits until the till holds enough")
#define REASON_SECOND      N_("waits for a second of its own")
#define REASON_PRICES      N_("waits for prices: %zu of %llu that are needed agree, %zu are fresh")
#define REASON_SILENT      N_("signer %s gave no answer")
#define REASON_BAD_ANSWER  N_("signer %c: %s")
#define REASON_REFUSAL     N_("signer %s: %.40s: %.80s (%.40s)")
#define REASON_NO_DOCUMENT N_("an answer that is no document")
#define REASON_TILL_CLOSED N_("its till is closed; %.64s: %.100s")
#define REASON_NODE        N_("node %u answered %u")

/* Why it is in this state, and waits or has ended. */
#define REASON_GONE                                                                             \
	N_("%.64s's approval counts no more by roster %llu: %.48s; %u of %u approvals: others " \
	   "have to approve")
#define REASON_MORE                                                                               \
	N_("policy %llu asks for more approvals than when it was ordered: %u of %u; others have " \
	   "to approve")
#define REASON_NO           N_("%s said no")
#define REASON_FROZEN       N_("a freeze is in force")
#define REASON_EXPIRED      N_("the order's time is over")
#define REASON_EXPIRED_LAST N_("the order's time is over; last: %s")

/* Why it went on. */
#define REASON_ASKED_FOR    N_("asked for by %s")
#define REASON_SCREENED     N_("destination and limits")
#define REASON_NEEDS        N_("needs %u approvals")
#define REASON_LAST         N_("the last of %u approvals")
#define REASON_ENOUGH       N_("as many people as are needed had said yes")
#define REASON_COSIGNED     N_("attempt %u is cosigned")
#define REASON_COMPLETE     N_("attempt %u is complete")
#define REASON_ATTEMPT_DEAD N_("attempt %u is dead by the rules of the chain")
#define REASON_MINED        N_("in block %llu")
#define REASON_DEEP         N_("block %llu is %u deep")
#define REASON_UNMINED      N_("its block was undone")
#define REASON_RESUMED      N_("the last freeze was lifted")

struct reason {
	const char *format;                  /* static */
	const char *kinds;                   /* static; one letter for each part (reason.c) */
	struct bytes part[REASON_PARTS_MAX]; /* in said: what printf put for each conversion */
};

/* How many formats there are, and each of them: for tests. */
size_t reason_formats(void);
const char *reason_format(size_t i);

/*
 * The format of which said was made, and what was filled in.  False, and *out untouched, if it is
 * of none: a text of another version, or one that was cut off where its place ended.
 */
MUST_CHECK bool reason_read(struct reason *out, const char *said);

/*
 * said in another language: words gives the translation of an English text (it stays valid until
 * this returns), or that text itself.  Ids, names and numbers stay as they are; what a signer or
 * watcher said is translated where it is a phrase that words knows.  What is of no format, or whose
 * translation does not fit, stands as it is.  out: NUL-terminated, cut off at cap.
 */
void reason_words(char *out, size_t cap, const char *said,
		  const char *(*words)(const void *ctx, const char *english), const void *ctx);

#endif
