/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold.h - the judgement of one offline cold key holder (design.md 2, 4, 7; docs/ceremony.md).
 *
 * A holder believes documents alone (P6): the genesis that two people compared, rosters and a
 * holding that officers signed, a refill, tallies of k watchers.  From these the transaction is
 * built here, decoded again, and shown with every effect; what is signed is what was shown.  The
 * journal says what this key has signed before: it is durable before there is a signature (P10).
 *
 * Why a box may be signed for again when its refill has run out: blocks never ask the deadline of
 * an inner transaction (nem.md 2.8), so no time alone makes the old cosignature harmless.  What
 * does is that both refills move the same coins whole to accounts of ours: one excludes the other,
 * and nothing is left to burn.  So a successor is signed only while the box is untouched, by k
 * watchers, after the old deadline stands behind a block that nothing undoes.
 *
 * No I/O, no allocation; clock and journal are passed in.  Not thread safe.
 */
#ifndef KURAMORI_COLD_COLD_H
#define KURAMORI_COLD_COLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_tx.h"
#include "cold/cold_mark.h"
#include "crypto/edk.h"
#include "doc/document.h"
#include "doc/types.h"
#include "log/batch.h"
#include "policy/policy.h"

enum {
	COLD_ROSTERS_MAX = 64,
	COLD_TALLIES_MAX = DOC_WATCHERS_MAX,
	COLD_TALLY_BYTES_MAX = 16384,  /* the largest there is (tests/unit/doc) */
	COLD_REFILL_BYTES_MAX = 16384, /* likewise */
	COLD_BOXES_MAX = DOC_BOXES_MAX + DOC_SPARES_MAX,
	COLD_BATCH_BYTES =
	    384 * 1024,           /* twice a refill with all its tallies, a record and a header */
	COLD_ANSWER_BYTES = 2048, /* no answer has more */
	COLD_UNIT_BYTES_MAX = 16384,
	COLD_LINES_MAX = 160,
	COLD_VALUE_MAX = 160,
	COLD_WORDS = 3, /* to be typed: 33 bits of what was shown */
	COLD_WORDS_BYTES = COLD_WORDS * 9,
	COLD_AHEAD_MS = 10 * 60 * 1000,   /* how far others' clocks may be ahead of ours */
	COLD_LAG_MS = 60 * 60 * 1000,     /* how far a watcher's chain may be from its clock */
	COLD_MARGIN_S = 30 * 60,          /* of the deadline: to carry answers and be mined */
	COLD_CONFIRM_MS = 15 * 60 * 1000, /* what was shown longer ago is shown again */
	COLD_RETIRED_MAX = 64,
};

/* Holders whom an earlier holding named and the one that rules does not. */
struct cold_retired {
	size_t n;
	struct doc_holder list[COLD_RETIRED_MAX];
};

/* Whom and what this machine believes.  Filled by cold_rules_open(); a plain value. */
struct cold_rules {
	struct doc_genesis genesis;
	struct hash32 genesis_id;
	struct doc_roster roster; /* the newest */
	struct hash32 roster_id;
	struct doc_holding holding;
	struct hash32 holding_id;
	struct cold_retired retired; /* cold_rules_know() fills it (cold_holding.h) */
	uint8_t network;
};

/*
 * genesis: the envelope that two people compared.  rosters: n of them, 1 to COLD_ROSTERS_MAX, the
 * first as genesis names it, each other a successor with the signatures of as many officers as its
 * predecessor's governance says, or a recovery (cold_recovery.h).  holding: signed likewise under
 * the last roster. Refused with the errors of doc_open() and doc_X_read() (field "genesis",
 * "roster", "holding"); ERR_NETWORK a chain that is not known; ERR_MISMATCH not the roster of
 * genesis, or not the successor of the one before it; those of proofs_judge() and recovery_check();
 * ERR_APPROVALS. *out is scratch on refusal.  About 50 KB of stack.
 */
struct policy_verdict cold_rules_open(struct cold_rules *out, struct bytes genesis,
				      const struct bytes *rosters, size_t n, struct bytes holding);

/* The same as far as the rosters go: for who is in no holding yet. */
struct policy_verdict cold_rosters_open(struct cold_rules *out, struct bytes genesis,
					const struct bytes *rosters, size_t n);

/*
 * Opens raw into rules->holding and holding_id: of rules' genesis, and signed by as many officers
 * of rules->roster as its governance says.  Errors as cold_rules_open() has them.
 */
struct policy_verdict cold_holding_open(struct cold_rules *rules, struct bytes raw);

/* What this key has signed for one box, last. */
struct cold_box {
	struct key32 account;
	struct hash32 refill;
	uint64_t deadline_nem_s;
	uint64_t total_micro; /* amount and fees */
	uint64_t wall_ms;     /* when, by both clocks */
	uint64_t chain_s;
};

/* What the journal says.  All zero before cold_begin(). */
struct cold {
	struct log_chain chain;
	bool begun;  /* the first record was read or written */
	bool broken; /* the journal failed: nothing is signed any more */
	struct hash32 genesis_id;
	struct key32 key;
	uint64_t last_ms; /* newest time in the journal: the clock never goes back behind it */
	uint64_t
	    restored_ms; /* when the key came back from cards, last; 0: never (cold_restore.h) */
	uint64_t roster_number;
	uint64_t holding_number;
	uint64_t answers;
	/* the newest holding that this machine took (cold_holding.h), if it took one */
	bool held;
	struct doc_holding holding;
	struct hash32 holding_id;
	uint64_t holding_from_ms; /* before this moment its predecessor rules; 0: never */
	struct cold_retired retired;
	size_t box_count;
	struct cold_box boxes[COLD_BOXES_MAX];
};

/* Everything secret; made by cold_secrets_make(), wiped by the caller (crypto_wipe). */
struct cold_secrets {
	struct edk_secret chain;
	uint8_t attest[DOC_SECRET_BYTES];
	struct log_secret journal;
	uint8_t token[COLD_TOKEN_BYTES]; /* of the passphrase that was typed: cold_mark.h */
	/* random bytes for the mark of the next answer, put here before each cold_sign(), which
	 * wipes them */
	uint8_t fresh[COLD_FRESH_BYTES];
};

enum { COLD_KEY_BYTES = 32 };

/*
 * Derives all keys of a holder from the 32 bytes of his sealed key (a NEM private key as NEM prints
 * it): chain, the NEM key pair; attest, Ed25519 of HMAC-SHA-256(key, "kuramori cold attest v1");
 * journal, HMAC-SHA-256(key, "kuramori cold journal v1").  Nothing follows from token, which is
 * kept as it is: the same key with another token has the same keys and the same journal.  fresh is
 * zero.
 */
void cold_secrets_make(struct cold_secrets *out, const uint8_t key[COLD_KEY_BYTES],
		       const uint8_t token[COLD_TOKEN_BYTES]);
void cold_secrets_attest(struct key32 *out, const struct cold_secrets *secrets);

/* Where batches go.  append: ERR_OK means durable. */
struct cold_journal {
	void *context;
	enum err (*append)(void *context, struct bytes batch);
};

/*
 * The first record of a new journal: this key, this genesis.  c: all zero.  buffer:
 * COLD_BATCH_BYTES of the caller's, used during the call.  Errors of append(): c is broken then.
 */
MUST_CHECK enum err cold_begin(struct cold *c, const struct cold_secrets *secrets,
			       const struct hash32 *genesis_id, uint64_t now_ms,
			       const struct cold_journal *journal, uint8_t *buffer);

/*
 * One batch of the journal, in order, into a *c that was all zero.  ERR_CORRUPT: not a batch that
 * this program wrote there, or the errors of log_batch_open(); ERR_KEY: the journal of another key.
 */
MUST_CHECK enum err cold_replay(struct cold *c, const struct cold_secrets *secrets,
				struct bytes batch);

/* Everything that one judgement is about; documents are envelopes, borrowed. */
struct cold_question {
	const struct cold_rules *rules;
	const struct key32 *key; /* this holder's chain key */
	struct bytes refill;
	const struct bytes *tallies;
	size_t tally_count;
	const struct bytes *answers; /* of the cosigners; asked of who wraps */
	size_t answer_count;
	const struct bytes
	    *drills;        /* of the holding's holders; asked where coins go to a new box */
	size_t drill_count; /* at most COLD_DRILLS_MAX (cold_drill.h) */
	uint64_t now_ms;    /* this machine's clock */
};

/* One line for people: a label to be put into words, and what has no language. */
struct cold_line {
	const char *label; /* static, marked N_(); "" continues the line before */
	char value[COLD_VALUE_MAX];
	uint64_t time_ms; /* not 0: a moment, which the shell writes out; value is "" */
};

/* A refill that may be signed, and what it does. */
struct cold_plan {
	struct doc_refill refill;
	struct hash32 refill_id;
	const struct doc_holder *me; /* of the rules' holding, or of its retired ones */
	enum doc_attest_kind kind;
	uint64_t judged_ms;
	uint64_t chain_s; /* least of the tallies */
	uint64_t total_micro;
	uint64_t spent_micro; /* within the window, this refill included */
	uint64_t window_chain_s;
	struct hash32 inner_hash;
	struct nem_tx unit; /* the wrapper with all cosignatures; those that we have are signed */
	size_t line_count;
	struct cold_line lines[COLD_LINES_MAX];
	char words[COLD_WORDS_BYTES]; /* of the lines: what a person types to say yes */
	/* the bytes that were judged, for the journal; borrowed */
	struct bytes refill_raw;
	struct bytes tally_raw[COLD_TALLIES_MAX];
	size_t tally_count;
};

/*
 * May this holder sign?  Refused, in this order, with the field named:
 *   journal   ERR_STATE not begun or broken; ERR_GENESIS of another genesis; ERR_CLOCK our clock is
 *             behind the journal; ERR_STATE a roster or holding older than one that was used
 * before; cold_held_judge(): a holding that does not bind here holder    ERR_SIGNER_UNKNOWN neither
 * in the holding nor retired by it, or not named by the refill refill    the errors of doc_open()
 * and doc_refill_read(); ERR_TOO_LARGE; ERR_SIGNER_UNKNOWN proposer; ERR_POLICY proposed by this
 * holder himself, account is no box of genesis, destination neither a purse nor a spare box of
 * genesis, or the box itself, with a word if it resembles one (address twins); ERR_AMOUNT;
 * ERR_MISMATCH fees that are not exactly those of a whole move; ERR_FIELD_RANGE more than a day;
 * ERR_CLOCK ahead of us; ERR_EXPIRED less than COLD_MARGIN_S are left tallies   as the refill;
 * each: ERR_SIGNER_UNKNOWN, ERR_SIGNATURE, ERR_ONCE a watcher twice, ERR_CLOCK from the future,
 * ERR_STALE too old, or its chain stands still, ERR_NOT_FOUND of other accounts, ERR_ONCE coins
 * left the box before, ERR_STATE a payment of it is open, ERR_FUNDS it holds less, ERR_POLICY more
 * than residue_max would stay behind, ERR_MISMATCH two tallies name two chains or two sets of
 *             cosigners, or the refill's people are not as many of these as are needed; ERR_STALE
 *             fewer than the roster's watchers_needed
 *   rotation  of a box that a retired holder has a part in: ERR_POLICY its destination is no box of
 *             genesis, or a hot account's spare box; each tally: ERR_NOT_FOUND not of the
 * destination, ERR_MISMATCH that one's cosigners are not just as many of the holding as genesis
 * says, ERR_STATE it was used, is in use or filled; the errors of
 * cold_drills_suffice() (cold_drill.h).  Of another one: ERR_POLICY as above box
 * ERR_STATE this key signed another refill of it which this one does not name; ERR_WAIT that one
 * can still be included limit     ERR_CAP more than the holding's limit within its window answers
 * asked of who wraps: the errors of doc_open(); ERR_SIGNER_UNKNOWN, ERR_SIGNATURE, ERR_MISMATCH of
 * something else, ERR_ONCE, ERR_APPROVALS cosigners are missing *plan means something on ERR_OK
 * only.  It borrows q's bytes and rules.  About 60 KB of stack.
 */
struct policy_verdict cold_judge(struct cold_plan *plan, const struct cold *c,
				 const struct cold_question *q);

/*
 * The same refill for whoever holds no key: what it says by itself is judged (form, proposer,
 * places, amounts, and that its people are holders), and unit is built without a signature; me,
 * kind, lines, words and tallies mean nothing.  No clock is asked.  Errors as cold_judge() has
 * them.  *plan borrows raw.
 */
struct policy_verdict cold_plan_open(struct cold_plan *plan, const struct cold_rules *rules,
				     struct bytes raw);

/*
 * One answer to a plan of cold_plan_open(): signed by its holder of the holding, to this refill,
 * its chain signature good; which plan->unit has then, and *answer says.  who: the holder, of
 * rules. ERR_ONCE a second one of the same holder; the other errors of cold_judge().
 */
struct policy_verdict cold_plan_answer(struct cold_plan *plan, const struct cold_rules *rules,
				       struct bytes raw, struct doc_answer *answer,
				       const struct doc_holder **who);

/* plan->unit has every signature that the network asks for. */
bool cold_plan_complete(const struct cold_plan *plan);

/*
 * Signs what cold_judge() allowed and a person confirmed.  typed: plan->words.  Order: words, time,
 * journal durable, signature, verified, answer.  out: gets the envelope of the answer.
 * ERR_MISMATCH other words; ERR_STALE shown more than COLD_CONFIRM_MS ago, or our clock went back;
 * ERR_STATE broken, or secrets->fresh is zero; ERR_KEY not the plan's key; the errors of append():
 * c is broken then, and must be read again from the journal; ERR_TOO_LARGE out is too small
 * (nothing was written then). plan->unit holds the signature afterwards: complete if this was the
 * wrapper.
 */
MUST_CHECK enum err cold_sign(struct writer *out, struct cold *c, struct cold_plan *plan,
			      const struct cold_rules *rules, struct cold_secrets *secrets,
			      struct bytes typed, uint64_t now_ms,
			      const struct cold_journal *journal, uint8_t *buffer);

/* What this key has signed for, and what still counts at now_ms, in micro-XEM (chain_s: 0 counts
 * all that the wall clock counts). */
uint64_t cold_spent(const struct cold *c, const struct cold_rules *rules, uint64_t now_ms,
		    uint64_t chain_s, const struct key32 *without);

#endif
