/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_cards.h - a cold key as cards of words: how many, and the proof that each of them works
 * (docs/shares.md, docs/ceremony.md).
 */
#ifndef KURAMORI_COLD_COLD_CARDS_H
#define KURAMORI_COLD_COLD_CARDS_H

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "cold/cold.h"
#include "policy/policy.h"
#include "shares/shares.h"

enum {
	COLD_CARDS_MAX = 64, /* that two people can write in a day */
	/* rounds of the passphrase: 10,000 << 8 take seconds.  Also of cards that are read: a
	 * forged card would have a machine count for an hour. */
	COLD_CARDS_EXPONENT_MAX = 8,
	COLD_CARDS_RANDOM_MAX = 4096, /* shares_need() of COLD_CARDS_MAX cards asks for less */
	COLD_CARDS_SECRET_MAX = COLD_KEY_BYTES + 2,
	COLD_CARDS_WORDS = 33,
	COLD_CARDS_PRACTICE_WORDS = 35,
	COLD_CARDS_PRACTICE =
	    'd', /* behind the key of a drill: cards and file say it is practice */
};

/*
 * text: "2of3" or "2of3,3of5,1of1", how many of the cards of each group are needed; needed: how
 * many groups, 0 if there is one group.  Refused: ERR_INPUT another spelling; ERR_FIELD_RANGE a
 * group's threshold above its count, more than 16 groups or members, a group of several cards of
 * which one is enough, more cards than COLD_CARDS_MAX, needed not 1 to the number of groups,
 * exponent above COLD_CARDS_EXPONENT_MAX; ERR_POLICY a single card brings the key back.
 * *out is written only when allowed.
 */
struct policy_verdict cold_cards_plan(struct shares_plan *out, struct bytes text, uint32_t needed,
				      uint32_t exponent);

/*
 * What is split: the sealed key of COLD_KEY_BYTES; of a practice key, which has the byte
 * COLD_CARDS_PRACTICE more, that and a zero byte, since a secret has an even length: cards of
 * practice have 35 words and not 33, and bring back a practice key.  The caller wipes out.
 */
size_t cold_cards_secret(uint8_t out[COLD_CARDS_SECRET_MAX], struct bytes sealed);

/* The way back; 0: not the secret of a cold key.  out gets COLD_KEY_BYTES, or one more. */
size_t cold_cards_sealed(uint8_t out[COLD_KEY_BYTES + 1], struct bytes secret);

/*
 * Every card is one of a choice that brings the secret back, by its words: written out, read again,
 * combined, compared.  cards: all of them as shares_split() made them from plan.  ERR_MISMATCH one
 * does not.  Takes as long as about (cards / threshold + groups) stretchings of the passphrase.
 */
MUST_CHECK enum err cold_cards_prove(const struct share *cards, const struct shares_plan *plan,
				     struct bytes secret, struct bytes passphrase);

#endif
