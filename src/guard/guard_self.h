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
 *   GUARD_RECALL   request id   subject       as ATTEST    its sequence attestation
 *   GUARD_ACK      attestation  0             [0] watcher  0            ack
 *   GUARD_STOP     document id  0             0            type number  freeze, resume, cancel,
 *                                                                       roster, policy, grant
 *   GUARD_RULES    document id  0             0            0            none: it is in force now; a
 *                                                                       grant that ran, or whose
 *                                                                       end had come, is over
 *   GUARD_CLOSING  document id  0             [0] hot      0            closing
 *   GUARD_ORDER    order's id   request id   0            0            the order
 *   GUARD_REFUSE   request id   0             0            error number "field: words"
 *   GUARD_EXPORT   0            0             0            signer       none: it ends
 *   GUARD_IMPORT   0            0             0            signer       none
 *   GUARD_PASSKEY  document     key's name    its time_ms  counter      none: an approval, or what
 *                                                                       else the key signed
 *
 * Ids of documents are their first 16 bytes; a security key's name is that of counters.h.  In one
 * batch: documents, counts of security keys, reserve, attest; or recall in its place: the record of
 * another journal of ours, handed back to this one.  Attestations and receipts are numbered as the
 * journal's records are, and from the first recalled one on higher by as much as keeps them above
 * all that were recalled (guard.skip).
 */
#ifndef KURAMORI_GUARD_GUARD_SELF_H
#define KURAMORI_GUARD_GUARD_SELF_H

#include "guard/guard.h"
#include "policy/approvals.h"
#include "policy/exclusion.h"

enum { GUARD_SCRATCH_BYTES = GUARD_BATCH_BYTES };

/*
 * Room for what one frame is read into, n <= GUARD_SCRATCH_BYTES; too large for the stack, and for
 * each kind of frame to have its own.  Whoever handles a frame may take it once, and nobody whom he
 * calls; it is not looked at again behind the frame.  What a frame before it left still stands
 * there, so each reader writes whatever it looks at later: documents are written whole by those who
 * read them, and lists begin with their counts at zero.  No secret stands in it, so nothing is
 * wiped: a wipe would cost each payment the whole room, of which it uses the smaller part.  Between
 * frames it is guard_reply_room()'s, and what comes into force is read into it.
 */
void *guard_self_scratch(size_t n);

/* One request being handled. */
struct guard_ask {
	uint32_t channel;
	uint64_t request_id;
	uint16_t reply; /* number */
	int watcher;    /* index in the roster, -1: not a watcher's socket */
	bool prepare;   /* PREPARE: nobody waits for the signature yet */
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

/* The same for doc_open(), which read d: a foreign genesis is named. */
enum err guard_self_no_open(const struct guard *g, struct guard_no *no, enum err e,
			    const char *prefix, const struct doc_fault *fault, const struct doc *d);

/* Opens one envelope of this type under our genesis.  prefix names it in *no. */
MUST_CHECK enum err guard_self_open(const struct guard *g, struct doc *d, struct bytes raw,
				    enum doc_type type, const char *prefix, struct guard_no *no);

/* A back end of the roster signed this request. */
MUST_CHECK enum err guard_self_backend(const struct guard *g, const struct doc *request,
				       struct guard_no *no);

/* Which attempt of its order a record of an attempt is of: 1 or more. */
uint8_t guard_self_number(const struct log_record *r);

/*
 * A batch that follows ours, verified as far as can be without its meaning; g->chain then stands
 * behind it.  Errors as log_batch_open().
 */
MUST_CHECK enum err guard_self_chain(struct guard *g, struct log_view *view, struct bytes batch);

/* Clocks of this step; true if k fresh heartbeats give a chain clock. */
bool guard_self_now(const struct guard *g, struct policy_time *now);
/* k fresh heartbeats that agree with us, none that knows other stops. */
MUST_CHECK enum err guard_self_well(const struct guard *g, struct guard_no *no);
bool guard_self_fresh(const struct guard *g, const struct guard_watcher *w);
bool guard_self_quorum(const struct guard *g, uint8_t acked);

/*
 * Journal: begin, add, commit (seals, counts, appends the effect).  A batch begins with the
 * acknowledgements that are kept, so that they are read again under the rules that they were
 * judged by.  It is built where it will stand among the effects: none comes between.
 */
void guard_self_begin(struct guard *g, struct log_batch *b, struct effects *out);
/* The sequence of the record that is added next. */
uint64_t guard_self_sequence(const struct guard *g, const struct log_batch *b);
void guard_self_add(struct guard *g, struct log_batch *b, struct log_record *r, uint32_t approvals,
		    const struct bytes *blob);
/*
 * The count of a security key serves nothing else from here on: a record, unless it is known or the
 * key does not count.
 */
void guard_self_count(struct guard *g, struct log_batch *b, const struct counters_seen *seen);
/* Those of all proofs behind a document that is taken. */
void guard_self_counts(struct guard *g, struct log_batch *b, const struct proofs *proofs);
void guard_self_commit(struct guard *g, struct log_batch *b, struct effects *out);
/*
 * Keeps an acknowledgement that counts from now on.  Nobody waits for it to be durable: the
 * attestation is, and a watcher that is not remembered says its word again.
 */
void guard_self_keep_ack(struct guard *g, const struct hash32 *attestation, size_t watcher,
			 struct bytes raw, struct effects *out);
/* Writes what is kept, if anything is. */
void guard_self_write_acks(struct guard *g, struct effects *out);
/* Is there room for what is kept, this many bytes and still `keep` bytes behind them? */
bool guard_self_room(const struct guard *g, uint64_t bytes, uint64_t keep);

/*
 * The place of a program in the table of those that attested, which it enters if there is none;
 * the second half is kept for our own.  ERR_FULL.
 */
MUST_CHECK enum err guard_self_program(struct guard *g, const struct hash32 *program,
				       uint8_t *place);

/* First 16 bytes of a document id. */
struct id128 guard_self_short(const struct hash32 *id);
/* The place in genesis of a hot account, which the caller has found there before (dies if not). */
uint8_t guard_self_hot(const struct guard *g, const struct key32 *account);

/* Replies. */
void guard_self_refuse(struct guard *g, const struct guard_ask *ask, const struct guard_no *no,
		       struct effects *out);
/* The same without a record in the journal and a note: for what is said again and again. */
void guard_self_refuse_quietly(struct guard *g, const struct guard_ask *ask,
			       const struct guard_no *no, struct effects *out);
void guard_self_answer(const struct guard_ask *ask, const struct bytes *items, size_t n,
		       struct effects *out);
/* The body of a reply, among the effects: several may be sent the same.  At most FRAME_BODY_MAX. */
struct bytes guard_self_body(const struct bytes *items, size_t n, struct effects *out);

/* Tables.  What is found by a hash is found by its mark; what is not found is not there. */
uint64_t guard_self_mark(const struct guard *g, const struct hash32 *h);
/* Amount and fees; 0 of a sweep. */
u128 guard_self_outflow(const struct guard_payment *p);
/* outflow: below POLICY_OUTFLOW_MAX. */
void guard_self_outflow_set(struct guard_payment *p, u128 outflow);
struct guard_payment *guard_self_by_request(const struct guard *g, const struct id128 *id);
struct guard_payment *guard_self_by_inner(const struct guard *g, const struct hash32 *inner);
struct guard_payment *guard_self_by_subject(const struct guard *g, const struct hash32 *subject);
struct guard_payment *guard_self_by_attestation(const struct guard *g, const struct hash32 *id);
/* mark: of the attestation. */
struct guard_payment *guard_self_by_mark(const struct guard *g, uint64_t mark);
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
/* Moves the newest entry to where its number belongs; returns it. */
struct guard_payment *guard_self_payment_sort(struct guard *g);
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
/* A cancel was taken: an order that it names and that waits for acknowledgements never leaves. */
void guard_sign_said_no(struct guard *g, struct effects *out);
/* An account was closed: nothing of it that waits for acknowledgements leaves any more. */
void guard_sign_account_closed(struct guard *g, uint8_t hot, struct effects *out);
void guard_sign_closed(struct guard *g, uint32_t channel);
/* What this payment counts in the history; of no sweep. */
struct policy_entry guard_sign_entry(const struct guard_payment *p);
void guard_sign_entry_set(struct guard_payment *p, const struct policy_entry *entry);

/* Where a record that is read again stands in our journal. */
struct guard_place {
	uint64_t sequence;
	uint64_t offset; /* of its batch, as guard_payment.batch_offset */
	const struct log_batch_head *batch;
	uint64_t blob_at; /* of its blob, likewise */
};

/* What we sign of it: A the cosignature, B the wrapper. */
struct bytes guard_sign_data(const struct guard *g, const struct payment *p);
/* One record each of a batch that attests, or that recalls. */
void guard_sign_add_document(struct guard *g, struct log_batch *b, const struct doc *d,
			     const struct id128 *about);
/* p: what it counts, its request id and account. */
void guard_sign_add_reserve(struct guard *g, struct log_batch *b, const struct guard_payment *p,
			    const struct hash32 *subject);
/*
 * Counts what was reserved, in the windows and the budget, and fills p with it; p->number is there.
 * r: the record that it stands before.  ERR_FULL, ERR_OVERFLOW; ERR_CORRUPT: what no payment of
 * ours counts.
 */
MUST_CHECK enum err guard_sign_replay_reserve(struct guard *g, const struct log_record *r,
					      const struct log_record *reserve,
					      struct guard_payment *p);
/* reserve: the GUARD_RESERVE record before it in its batch, or NULL. */
MUST_CHECK enum err guard_sign_replay_attest(struct guard *g, const struct log_record *r,
					     const struct guard_place *place, struct bytes blob,
					     const struct log_record *reserve);
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
				      const struct guard_place *place, struct bytes blob);
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

/* guard_day.c */
/*
 * A day that stands beside a payment.  *proofs: what its security key said, if it renews.  *since:
 * what was attested without approvals behind what is compared, with this day; *renews: it has an
 * effect, and is to be taken with the payment that it stands beside.  A day that lies before one
 * that was taken is not looked at. The errors of day_judge() and counters_check(); ERR_MISMATCH:
 * its point or its sum is not of our journal; ERR_STALE: so far back that our journal's table has
 * no answer.
 */
MUST_CHECK enum err guard_day_judge(const struct guard *g, const struct doc *d,
				    const struct doc_day *day, struct proofs *proofs, u128 *since,
				    bool *renews, struct guard_no *no);
/* since: as guard_day_judge() gave it. */
void guard_day_take(struct guard *g, const struct doc_day *day, u128 since);
/* The same out of our own journal.  ERR_CORRUPT. */
MUST_CHECK enum err guard_day_replay(struct guard *g, struct bytes blob);

/* guard_move.c; r: a GUARD_EXPORT or GUARD_IMPORT record */
MUST_CHECK enum err guard_move_replay(struct guard *g, const struct log_record *r);

/* guard_exclusion.c */
/*
 * Is every earlier attempt of this order dead?  The set's statements say so, our own journal knows
 * no attempt of the order but these, all their tills are closed there, and k fresh watchers see
 * none of those tills hold what its attempt needs.  A must have signed all of them; B need not.
 */
/*
 * A third attempt or later, good in everything else: signed only when officers have lifted the
 * freeze that it asks for.  ERR_FROZEN, and we are: ours is in the journal and the stop log.
 */
MUST_CHECK enum err guard_exclusion_freeze(struct guard *g, const struct doc_order *order,
					   const struct hash32 *order_id, unsigned number,
					   struct guard_no *no, struct effects *out);
MUST_CHECK enum err guard_exclusion_judge(const struct guard *g, struct exclusion_set *set,
					  const struct doc_order *order,
					  const struct hash32 *order_id,
					  const struct doc_attempt *attempt, struct guard_no *no);

/* guard_order.c */
void guard_order_frame(struct guard *g, struct guard_ask *ask, struct effects *out);
MUST_CHECK enum err guard_order_replay(struct guard *g, const struct log_record *r,
				       uint64_t sequence, struct bytes blob);
/* Since when this order is known; for the policy's question. */
struct policy_moment guard_order_since(const struct guard *g, const struct doc_order *order,
				       const struct hash32 *id);

/* guard_recall.c */
/* Every watcher is asked for what comes after our newest payment: at the start, and with a roster.
 */
void guard_recall_begin(struct guard *g);
/* A heartbeat was taken: locks or unlocks.  True: it names a record that our journal lacks. */
bool guard_recall_heard(struct guard *g, size_t watcher, const struct doc_heartbeat *h,
			struct effects *out);
/* This watcher has named a record that our journal lacks: its other words do not count. */
bool guard_recall_claims(const struct guard *g, size_t watcher);
/* Why it is locked, or what is waited for. */
void guard_recall_words(const struct guard *g, char words[POLICY_WORDS_MAX]);
void guard_recall_frame(struct guard *g, struct guard_ask *ask, struct effects *out);
MUST_CHECK enum err guard_recall_replay(struct guard *g, const struct log_record *r,
					const struct guard_place *place, struct bytes blob,
					const struct log_record *reserve);

/* guard_feed.c */
void guard_feed_next(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_sync(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_heartbeat(struct guard *g, struct guard_ask *ask, struct effects *out);
void guard_feed_reply(struct guard *g, const struct event *event, struct effects *out);
void guard_feed_closed(struct guard *g, uint32_t channel);
/*
 * Answers every NEXT that waits for p, attested in this step: behind its commit, and without
 * reading it back, with the same items.  docs: what the batch holds, in its order; at most
 * FRAME_ITEMS_MAX - 2 that are told.  Whom the effects do not suffice for, guard_feed_serve() tells
 * as it tells what is older.
 */
void guard_feed_attested(struct guard *g, const struct guard_payment *p, struct bytes attestation,
			 const struct doc *const *docs, size_t docs_n, struct effects *out);
/* At the end of each step: whoever waits and can be answered is. */
void guard_feed_serve(struct guard *g, struct effects *out);
/* At the start of each step: a new nonce when it is time. */
void guard_feed_nonce(struct guard *g);

#endif
