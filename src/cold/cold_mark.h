/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_mark.h - how watchers, and nobody else, learn that a holder was forced
 * (docs/decisions/0040).
 *
 * A sealed key has two sides (crypto/seal.h): the same key under two passphrases, each side with a
 * random token of its own.  The token of the ordinary passphrase was told to the watchers once, by
 * a registration that officers put into the holding; no other token was told to anybody.  Each
 * answer carries a mark of the token that was there when it was made.  A watcher calls every mark
 * that is not of the registered token: that of the other passphrase, a forged one, none, one of
 * another answer.
 *
 * Registration and mark are made with a key pair that is forgotten at once, so whoever has a token,
 * the holder's keys and all documents can tell neither which of the two tokens he has, nor whether
 * an older mark was of it.  Only a watcher's secret key can.  What each watcher knows is of no use
 * for making marks that another one believes.
 */
#ifndef KURAMORI_COLD_COLD_MARK_H
#define KURAMORI_COLD_COLD_MARK_H

#include <stdint.h>

#include "doc/document.h"
#include "doc/types.h"

enum {
	COLD_TOKEN_BYTES = 32,
	COLD_FRESH_BYTES = 32,
};

/*
 * out->registration: of this token, for the watchers of this roster, in its order.  out->attest_key
 * is the holder's.  A watcher whose key is struck gets a part that opens for nobody.  fresh: random
 * bytes that are used for nothing else; the caller wipes them.
 */
void cold_mark_register(struct doc_holder *out, const struct hash32 *genesis,
			const struct doc_roster *roster, const uint8_t token[COLD_TOKEN_BYTES],
			const uint8_t fresh[COLD_FRESH_BYTES]);

/* Puts the mark into an answer that is complete but for it.  roster, fresh as above. */
void cold_mark_put(struct doc_answer *answer, const struct doc_roster *roster,
		   const uint8_t token[COLD_TOKEN_BYTES], const uint8_t fresh[COLD_FRESH_BYTES]);

enum cold_mark {
	COLD_MARK_UNREGISTERED, /* the holding tells this watcher nothing of this holder */
	COLD_MARK_ORDINARY,
	COLD_MARK_CALLS, /* anything else */
};

/*
 * What the mark of an answer of `holder` says to the watcher with this secret key (the one that the
 * roster names).  name: gets what the answer says without its mark, the same for every watcher.
 */
enum cold_mark cold_mark_judge(struct hash32 *name, const struct doc_answer *answer,
			       const struct doc_holder *holder,
			       const uint8_t watcher[DOC_SECRET_BYTES]);

#endif
