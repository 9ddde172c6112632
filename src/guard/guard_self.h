/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_self.h - what the parts of the guard share: clocks, journal, replies.  For src/guard only.
 *
 * Every record that a signer writes carries its clocks in `debit`: own_ms u64, chain_s u32,
 * approvals u32 (little-endian), so that a restart continues both windows and clocks.
 *
 *   kind           id           ref           credit       amount       blob
 *   GENESIS        genesis id   0             [0] signer   0            genesis document
 *   GUARD_START    0            0             0            0            program, roster, policy ids
 *   DOCUMENT       document id  request id    0            type number  the envelope
 *   GUARD_RESERVE  request id   subject       [0] hot      outflow      none
 *   GUARD_ATTEST   request id   subject       [0] hot      0            attestation
 *                                             [1] asker of a sweep
 *                                             [2] 1: of a closed account
 *                                             [3] number of a later attempt, else 0
 *   GUARD_ACK      attestation  0             [0] watcher  0            ack
 *   GUARD_STOP     document id  0             0            type number  freeze, resume, cancel,
 *                                                                       roster, policy
 *   GUARD_RULES    document id  0             0            0            none: it is in force now
 *   GUARD_CLOSING  document id  0             [0] hot      0            closing
 *   GUARD_REFUSE   request id   0             0            error number "field: words"
 *   GUARD_PASSKEY  approval     key's name    its time_ms  counter      none
 *
 * Ids of documents are their first 16 bytes; a security key's name is that of counters.h.  In one
 * batch: documents, counts of security keys, reserve, attest.
 */
#ifndef KURAMORI_GUARD_GUARD_SELF_H
#define KURAMORI_GUARD_GUARD_SELF_H

#include "guard/guard.h"
#include "policy/exclusion.h"

/* One request being handled. */
struct guard_ask {
	uint32_t channel;
	uint64_t request_id;
	uint16_t reply; /* number */
	int watcher;    /* index in the roster, -1: not a watcher's socket */
	struct bytes body;
	struct id128 about; /* request id of the withdrawal, for the journal; zero unknown */
};

/* Why not.  field and words may be formatted. */
struct guard_no {
	enum err err;
	char field[DOC_FIELD_MAX + 1];
	char words[POLICY_WORDS_MAX];
};

/* Fills *no and returns e. */
enum err guard_self_no(struct guard_no *no, enum err e, const char *field, const char *words);
enum err guard_self_no_verdict(struct guard_no *no, const struct policy_verdict *v);
/* prefix "order", fault "amount": field "order.amount". */
enum err guard_self_no_fault(struct guard_no *no, enum err e, const char *prefix,
			     const struct doc_fault *fault);

/* Opens one envelope of this type under our genesis.  prefix names it in *no. */
MUST_CHECK enum err guard_self_open(const struct guard *g, struct doc *d, struct bytes raw,
				    enum doc_type type, const char *prefix, struct guard_no *no);

/* Clocks of this step; true if k fresh heartbeats give a chain clock. */
bool guard_self_now(const struct guard *g, struct policy_time *now);
/* k fresh heartbeats that agree with us, none that knows other stops. */
MUST_CHECK enum err guard_self_well(const struct guard *g, struct guard_no *no);
bool guard_self_fresh(const struct guard *g, const struct guard_watcher *w);
bool guard_self_quorum(const struct guard *g, uint8_t acked);

/* Journal: begin, add, commit (seals, counts, appends the effect). */
void guard_self_begin(struct guard *g, struct log_batch *b);
void guard_self_add(struct guard *g, struct log_batch *b, struct log_record *r, uint32_t approvals,
		    const struct bytes *blob);
void guard_self_commit(struct guard *g, struct log_batch *b, struct effects *out);
/* Is there room for this many bytes and still `keep` bytes behind them? */
bool guard_self_room(const struct guard *g, uint64_t bytes, uint64_t keep);

/* First 16 bytes of a document id. */
struct id128 guard_self_short(const struct hash32 *id);
/* The place in genesis of a hot account, which the caller has found there before (dies if not). */
uint8_t guard_self_hot(const struct guard *g, const struct key32 *account);

/* Replies. */
void guard_self_refuse(struct guard *g, const struct guard_ask *ask, const struct guard_no *no,
		       struct effects *out);
void guard_self_answer(struct guard *g, const struct guard_ask *ask, const struct bytes *items,
		       size_t n, struct effects *out);

/* Tables. */
struct guard_payment *guard_self_by_request(const struct guard *g, const struct id128 *id);
struct guard_payment *guard_self_by_inner(const struct guard *g, const struct hash32 *inner);
struct guard_payment *guard_self_by_subject(const struct guard *g, const struct hash32 *subject);
struct guard_payment *guard_self_by_attestation(const struct guard *g, const struct hash32 *id);
struct guard_payment *guard_self_by_sequence(const struct guard *g, uint64_t sequence);
/* First one after this sequence, or NULL. */
struct guard_payment *guard_self_after(const struct guard *g, uint64_t sequence);
uint64_t guard_self_newest(const struct guard *g);
/*
 * A place for one more, or NULL: full.  Payments whose request ids have become too old to be
 * accepted (policy.h, POLICY_REQUEST_DAYS) make room.  Payments leave a part of the table to
 * sweeps: whoever fills it must not have disarmed the evacuation.
 */
struct guard_payment *guard_self_payment_new(struct guard *g, uint64_t own_ms, bool sweep);
bool guard_self_payment_room(const struct guard *g, uint64_t own_ms, bool sweep);

/* guard_sign.c */
void guard_sign_frame(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_sign_sweep(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_sign_ack(struct guard *g, struct guard_ask *ask, struct effects *out);
/* k watchers hold it and still see the world as we do: what waits for that leaves. */
void guard_sign_release(struct guard *g, struct effects *out);
/* A freeze has landed: nothing that waits for acknowledgements leaves any more. */
void guard_sign_freeze(struct guard *g, struct effects *out);
/* Roster or policy have changed: what waits for acknowledgements was judged by others. */
void guard_sign_rules(struct guard *g, struct effects *out);
/* An account was closed: nothing of it that waits for acknowledgements leaves any more. */
void guard_sign_account_closed(struct guard *g, uint8_t hot, struct effects *out);
void guard_sign_closed(struct guard *g, uint32_t channel);
MUST_CHECK enum err guard_sign_replay_attest(struct guard *g, const struct log_record *r,
					     uint64_t sequence, struct bytes blob,
					     const struct log_record *reserve,
					     uint64_t batch_offset, uint32_t batch_bytes);
MUST_CHECK enum err guard_sign_replay_passkey(struct guard *g, const struct log_record *r);
MUST_CHECK enum err guard_sign_replay_ack(struct guard *g, struct bytes blob);

/* guard_stop.c */
void guard_stop_put(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_stop_get(struct guard *g, struct guard_ask *ask, struct effects *out);
/*
 * Takes an opened control document: checks who issued it, commits it if new, and does what follows.
 * *news as of control_check().  ERR_FULL of a freeze: a table is full (the signer is frozen by what
 * fills it).
 */
MUST_CHECK enum err guard_stop_take(struct guard *g, const struct doc *d, struct control_news *news,
				    struct guard_no *no, struct effects *out);
/* r: a GUARD_STOP or GUARD_RULES record. */
MUST_CHECK enum err guard_stop_replay(struct guard *g, const struct log_record *r,
				      uint64_t sequence, struct bytes blob);
MUST_CHECK enum err guard_stop_replay_rules(struct guard *g, const struct log_record *r);
/* At the start of each step: what has waited long enough comes into force. */
void guard_stop_due(struct guard *g, struct effects *out);
/*
 * The evidence is a complete, validly signed transaction of one of our hot accounts that we did not
 * attest, or attested otherwise.  ERR_EVIDENCE: it is not.
 */
MUST_CHECK enum err guard_stop_theft(const struct guard *g, struct bytes evidence,
				     struct guard_no *no);

/* The signed receipt for a stop document or a closing that is kept. */
void guard_stop_receipt(struct guard *g, const struct guard_ask *ask, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out);

/* guard_closing.c */
/* A document of this type and of our genesis; nothing else was looked at. */
bool guard_closing_is(const struct guard *g, struct bytes item);
bool guard_closing_closed(const struct guard *g, const struct key32 *account);
/*
 * Checks who issued it and commits it if its account was still open.  account: the only one that it
 * may close, or NULL.  *d is the opened document, *hot the place of its account.  ERR_POLICY,
 * ERR_SIGNER_UNKNOWN, ERR_UNSIGNED, ERR_SIGNATURE, ERR_MISMATCH, ERR_FULL, and those of doc_open()
 * and doc_closing_read(): nothing changed.
 */
MUST_CHECK enum err guard_closing_take(struct guard *g, struct bytes item,
				       const struct key32 *account, struct doc *d, size_t *hot,
				       struct guard_no *no, struct effects *out);
void guard_closing_put(struct guard *g, struct guard_ask *ask, struct bytes item,
		       struct effects *out);
MUST_CHECK enum err guard_closing_replay(struct guard *g, uint64_t sequence, uint64_t time_ms,
					 struct bytes blob);

/* guard_exclusion.c */
/*
 * Is every earlier attempt of this order dead?  The set's statements say so, our own journal knows
 * no attempt of the order but these, all their tills are closed there, and k fresh watchers see
 * none of those tills hold what its attempt needs.  A must have signed all of them; B need not.
 */
MUST_CHECK enum err guard_exclusion_judge(const struct guard *g, struct exclusion_set *set,
					  const struct doc_order *order,
					  const struct hash32 *order_id,
					  const struct doc_attempt *attempt, struct guard_no *no);

/* guard_feed.c */
void guard_feed_next(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_sync(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_heartbeat(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_reply(struct guard *g, const struct event *event, struct effects *out);
void guard_feed_closed(struct guard *g, uint32_t channel);
/* At the end of each step: whoever waits and can be answered is. */
void guard_feed_serve(struct guard *g, struct effects *out);
/* At the start of each step: a new nonce when it is time. */
void guard_feed_nonce(struct guard *g);

#endif
