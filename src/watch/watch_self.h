/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_self.h - what the parts of the watcher share.  For src/watch only.
 *
 *   kind             id           ref         debit        credit   amount    blob
 *   GENESIS          genesis id   0           0            0        0         own id (text)
 *   WATCH_START      0            0           0            0        0         none
 *   WATCH_ATTEST     attestation  request id  [0] signer   0        sequence  the attestation
 *   WATCH_STOP       document id  0           chain_s u32  0        its type  freeze, resume,
 *                                                                             cancel, roster,
 *                                                                             policy, grant
 *   WATCH_RULES      document id  0           chain_s u32  0        0         none: it is in force
 *                                             [4] 0                           now; a grant that
 *                                                                             ran is over
 *                                             [4] 1        0        0         maturity, another
 *                                                                             watcher's
 *                                             [4] 2        0        0         none: in force now,
 *                                                                             by such words
 *   WATCH_ALARM      of the tx    unit        [0] crime    0        0         words
 *   WATCH_BLOCK      inner hash   0           [0] node     0        height    none
 *   WATCH_CLOSING    document id  0           [0] hot      0        0         closing
 *   WATCH_EXCLUSION  attempt id   0           [0] own      0        0         exclusion
 *                                             account
 *   WATCH_SWEEP      sweep id     0           0            0        0         spent sweep
 *
 *   WATCH_REFILL  refill's id  inner hash  0           0        0            refill; the holding
 * and answers before it
 *   WATCH_HOLDING holding's id 0           0           0        0            holding
 *
 *   WATCH_ORDER   order's id   request id  chain_s u32  0         0            order
 *
 *   WATCH_LATER   attestation  0           [0] signer    0        sequence     none: what was put
 *                                          [1] 1 good                         off is over
 *                                              2 not
 *                                          [2] WATCH_ATTEST's [1] from now on
 *
 * debit [1] of a WATCH_ATTEST says how it was taken, bits of enum watch_taken.  The documents of an
 * attestation stand before it in the same batch.  Ids of documents and transactions are their first
 * 16 bytes.
 */
#ifndef KURAMORI_WATCH_WATCH_SELF_H
#define KURAMORI_WATCH_WATCH_SELF_H

#include "chain/nem/nem_tx.h"
#include "ipc/frame.h"
#include "policy/exclusion.h"
#include "watch/watch.h"

/* How an attestation was taken; 0: judged good and acknowledged. */
enum watch_taken {
	WATCH_TAKEN_EARLY = 1,  /* good, but the time lock is not over here: watch_order.c */
	WATCH_TAKEN_BEHIND = 2, /* good but for what our own chain or clocks do not show yet */
	WATCH_TAKEN_WHOLE = 4,  /* put off before it was judged: it counts for nothing yet */
	WATCH_TAKEN_PAST = 8,   /* a sweep, while what its signer says before it waits for room */
	WATCH_TAKEN_MAX = 15,
};

/* Journal. */
void watch_self_begin(struct watch *w, struct log_batch *b);
/* ERR_FULL: the blob does not fit into a batch of ours. */
MUST_CHECK enum err watch_self_add(struct watch *w, struct log_batch *b, struct log_record *r,
				   const struct bytes *blob);
void watch_self_commit(struct watch *w, struct log_batch *b, struct effects *out);
/* Our two clocks: the host's, and that of the chain that we go by (0: none). */
struct policy_time watch_self_now(const struct watch *w);
struct id128 watch_self_short(const struct hash32 *id);

/* Frames: items, a reply to what event asked, a refusal. */
void watch_self_send(struct watch *w, uint32_t channel, uint16_t number, uint64_t request_id,
		     const struct bytes *items, size_t n, struct effects *out);
void watch_self_refuse(struct watch *w, const struct event *ask, enum err e, const char *field,
		       const char *words, struct effects *out);

/* Which signer or peer a link belongs to, or -1. */
int watch_self_signer_of(const struct watch *w, uint16_t role, uint32_t channel);

/*
 * An alarm: journalled (until WATCH_ALARMS_JOURNALLED) and noted.  unit: what a crime is called
 * for, if it is to be called again when no freeze says it any more; else NULL.
 */
void watch_self_alarm(struct watch *w, enum watch_crime crime, const struct hash32 *about,
		      const struct hash32 *unit, const char *words, struct effects *out);
/* Remembers what was called, live and in a replay; a zero unit is nothing to call again. */
void watch_self_call(struct watch *w, uint8_t crime, const struct id128 *unit, uint64_t time_ms);
/* What is about to be called stands before a resume. */
bool watch_self_lived(const struct watch *w, enum watch_crime crime, const struct hash32 *unit);

/* True if this was called so before; remembered otherwise (the last WATCH_KNOWN_MAX). */
bool watch_self_called(struct watch *w, const struct hash32 *unit, enum watch_crime crime);
/* "theft"; static. */
const char *watch_self_crime(enum watch_crime crime);

/* Tables of payments. */
struct watch_payment *watch_self_by_inner(const struct watch *w, const struct hash32 *inner);
/* The newest attempt. */
struct watch_payment *watch_self_by_request(const struct watch *w, const struct id128 *id);
/* Keeps p; NULL: full. */
struct watch_payment *watch_self_keep(struct watch *w, const struct watch_payment *p);

/* Index of the own account, or -1. */
int watch_self_own(const struct watch *w, const struct nem_address *address);
/* The node whose chain we go by: up, whole, the highest; NULL if there is none. */
const struct watch_node *watch_self_best(const struct watch *w);
/*
 * The payment is mined at this height of the node's chain, or (0) no longer; what is promised
 * changes with it.
 */
void watch_self_seen(struct watch *w, struct watch_payment *p, unsigned node, uint64_t height);
/*
 * What the account held after the block at this height, and at most after any block since
 * (*largest), in micro-XEM; height is not below node.lost_below.
 */
uint64_t watch_self_held(const struct watch *w, const struct watch_node *n, size_t own,
			 uint64_t height, uint64_t *largest);
/* Before the block at this height changes what is counted of the account. */
void watch_self_undo(struct watch *w, struct watch_node *n, uint64_t height, size_t own);
uint64_t watch_self_remaining(const struct watch_node *n, size_t own);

/* watch_record.c: attestations */
/* An attestation with its documents arrived.  body: the items behind the nonce. */
void watch_record_take(struct watch *w, unsigned signer, struct bytes body, struct effects *out);
/*
 * Our word on what is judged and held; k is up.  Not while a freeze binds, while something is
 * waited for or our word does not count: then it is not acked, and watch_feed_pump() comes back to
 * it.
 */
void watch_record_ack_send(struct watch *w, struct watch_signer *k, struct watch_recent *one,
			   struct effects *out);
/*
 * items: the attestation, then its documents.  taken: bits of enum watch_taken.  batch: the bytes
 * that hold them, which stand behind journal_used.
 */
MUST_CHECK enum err watch_record_replay(struct watch *w, unsigned signer, unsigned taken,
					const struct bytes *items, size_t n, uint32_t batch);
/* r: a WATCH_LATER record. */
MUST_CHECK enum err watch_record_replay_later(struct watch *w, const struct log_record *r);
/* Judges again what is put off: one record, the next in turn. */
void watch_record_again(struct watch *w, struct effects *out);
/* Acknowledges what is held of a payment whose time lock is over. */
void watch_record_ack(struct watch *w, const struct watch_early *early, struct effects *out);
/*
 * The same of one whose lock is over, to who has not answered it: once on each link, and again
 * after a pause to who could not take it yet.
 */
void watch_record_ack_owed(struct watch *w, struct watch_early *early, struct effects *out);

/* watch_feed.c: what signers are asked for */
void watch_feed_reply(struct watch *w, int signer, const struct event *event, struct effects *out);
/* Nonces: heartbeat, stops that differ, rewound records. */
void watch_feed_nonce(struct watch *w, int signer, const struct doc_nonce *nonce,
		      struct effects *out);
/* Asks NEXT, SYNC, sends heartbeats and acknowledgements as they are due. */
void watch_feed_pump(struct watch *w, struct effects *out);

/* watch_later.c: what is put off.  A pointer is good until the next keep or drop. */
struct watch_later *watch_later_find(struct watch *w, unsigned signer, const struct hash32 *id);
struct watch_later *watch_later_named(struct watch *w, unsigned signer, const struct id128 *id);
/* It was put off so long ago that what was missing would have come. */
bool watch_later_old(struct watch *w, unsigned signer, const struct hash32 *id);
/* So many bytes of items would find room. */
bool watch_later_room(const struct watch *w, unsigned signer, size_t bytes);
/* Keeps it, last of all; there is room.  one: without at and n. */
void watch_later_keep(struct watch *w, unsigned signer, const struct watch_later *one,
		      const struct bytes *items, size_t n);
void watch_later_drop(struct watch *w, unsigned signer, struct watch_later *one);
/* Its items: attestation, documents; views that the next keep or drop ends.  Returns how many. */
size_t watch_later_items(const struct watch *w, unsigned signer, const struct watch_later *one,
			 struct bytes items[FRAME_ITEMS_MAX]);
/* Up to which number this signer's feed was taken: judged good, or put off. */
uint64_t watch_later_reach(const struct watch *w, unsigned signer);
/* A record names this payment that was put off before it was judged. */
bool watch_later_claims(const struct watch *w, const struct hash32 *inner);

/* watch_recall.c: a signer's own records, back to it */
/* It lacks something: it is asked behind which number, when the pump comes to it. */
void watch_recall_wanted(struct watch_signer *k);
void watch_recall_closed(struct watch_signer *k);
void watch_recall_pump(struct watch *w, unsigned signer, struct effects *out);
/* body: of its answer to RECALL. */
void watch_recall_reply(struct watch *w, unsigned signer, struct bytes body, struct effects *out);
/* event: the reply to WATCH_CALL_READ. */
void watch_recall_read(struct watch *w, const struct event *event, struct effects *out);

/* watch_chain.c: nodes, judging */
void watch_chain_feed(struct watch *w, const struct event *event, struct effects *out);
void watch_chain_resolve(struct watch *w, struct effects *out);
/*
 * The bytes are a complete, validly signed transaction of one of our hot accounts that no payment
 * known here explains.
 */
bool watch_chain_theft(const struct watch *w, struct bytes evidence);

/* watch_stop.c */
/*
 * Issues a freeze of our own unless one for this crime exists; again, with new evidence of a theft,
 * while nothing that we hold convinces the signers (at most WATCH_STOPS_EACH_MAX of ours in all).
 * evidence may be empty.
 */
void watch_stop_issue(struct watch *w, enum watch_crime crime, bool evacuate, struct bytes evidence,
		      const struct hash32 *about, const struct hash32 *unit, const char *words,
		      struct effects *out);
void watch_stop_put(struct watch *w, const struct event *event, struct effects *out);
void watch_stop_get(struct watch *w, const struct event *event, struct effects *out);
void watch_stop_reply(struct watch *w, size_t dest, const struct event *event, struct effects *out);
/* r: a WATCH_STOP record, a WATCH_RULES record. */
MUST_CHECK enum err watch_stop_replay(struct watch *w, const struct log_record *r,
				      uint64_t sequence, struct bytes blob);
MUST_CHECK enum err watch_stop_replay_rules(struct watch *w, const struct log_record *r,
					    struct bytes blob);
/* This roster or policy waits here: whoever signs by it knows more than we do, or is a thief. */
bool watch_stop_waits(struct watch *w, const struct hash32 *id);
/*
 * A record names it: the other watchers are asked whether it came into force there, once in a
 * second.
 */
void watch_stop_ask(struct watch *w, const struct hash32 *id);
/* At the start of each step: what has waited long enough comes into force. */
void watch_stop_due(struct watch *w, struct effects *out);
/* Looks again at what the freezes that we hold allow. */
void watch_stop_weigh(struct watch *w, struct effects *out);
/*
 * These freezes, or those that we hold, allowed an evacuation at this time, by our own judgement;
 * one that was lifted before it is no ground.
 */
bool watch_stop_allows(struct watch *w, const struct bytes *freezes, size_t n, uint64_t t_ms);
/* Keeps a valid control document that came with something else; known or bad: nothing happens. */
void watch_stop_offer(struct watch *w, struct bytes raw, struct effects *out);
/* A signer sees no theft in the freeze in this place. */
void watch_stop_refused(struct watch *w, size_t place, struct effects *out);
/* Freezes that a signer needs to see with a sweep; *place: of the first.  0: none allow it. */
size_t watch_stop_grounds(const struct watch *w, struct bytes *out, size_t cap, size_t *place);
/* This signer attested a payment at this number although its journal held a person's no to it. */
bool watch_stop_defied(const struct watch *w, unsigned signer, const struct hash32 *order,
		       const struct hash32 *request, uint64_t sequence);
void watch_stop_opened(struct watch *w, size_t dest, uint32_t channel, struct effects *out);
void watch_stop_pump(struct watch *w, struct effects *out);
void watch_stop_receipt(struct watch *w, const struct event *event, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out);

/* watch_closing.c */
/* A document of this type and of our genesis; nothing else was looked at. */
bool watch_closing_is(const struct watch *w, struct bytes item);
void watch_closing_put(struct watch *w, const struct event *event, struct bytes item,
		       struct effects *out);
/* Keeps a valid closing that came with something else; nothing happens if it is known or bad. */
void watch_closing_offer(struct watch *w, struct bytes raw, struct effects *out);
MUST_CHECK enum err watch_closing_replay(struct watch *w, uint64_t sequence, uint64_t time_ms,
					 struct bytes blob);
/* A closing of just this account by an officer. */
bool watch_closing_covers(const struct watch *w, struct bytes raw, const struct key32 *account);
/* The closing of an own account: a view of w; empty while it is open. */
struct bytes watch_closing_of(const struct watch *w, size_t own);
/*
 * The account is closed and nothing that was attested for it is still to come: each payment is in a
 * block of this node or past its deadline there, or an attempt's life has passed since.
 */
bool watch_closing_due(const struct watch *w, size_t own, const struct watch_node *best);

/* watch_exclusion.c */
/* EXCLUDE: [order, attempt] of a payment that was judged here; the statement, or why not. */
void watch_exclusion_asked(struct watch *w, const struct event *event, struct effects *out);
MUST_CHECK enum err watch_exclusion_replay(struct watch *w, const struct log_record *r,
					   struct bytes blob);
/*
 * What our own chain and journal say of an earlier attempt: ERR_OK it is dead; ERR_ONCE it stands
 * in a block; anything else: that is not to be seen yet.  *words is static.
 */
MUST_CHECK enum err watch_exclusion_look(const struct watch *w, const struct key32 *account,
					 const struct hash32 *inner_hash, uint64_t deadline_nem_s,
					 u128 outflow, struct doc_exclusion *says,
					 const char **words);

/* watch_holding.c */
/* What a holding is here. */
enum watch_standing {
	WATCH_STANDS_FIRST,  /* none was told before */
	WATCH_STANDS,        /* it binds */
	WATCH_STANDS_NEXT,   /* told before, as the successor of that one */
	WATCH_STANDS_NEW,    /* the successor of that one */
	WATCH_STANDS_SECOND, /* the successor of the successor */
};

/* Genesis and roster into the rules of a cold judgement. */
void watch_rules(const struct watch *w, struct cold_rules *out);
/*
 * rules: with a holding that was opened from raw; gets whom it retires.  ERR_STATE an older one,
 * ERR_ONCE another one of a number that is known, those of cold_holding_follows(); ERR_FULL.
 */
struct policy_verdict watch_holding_judge(const struct watch *w, struct cold_rules *rules,
					  struct bytes raw, enum watch_standing *standing);
/* used: a refill was answered under it, by all whom it asks. */
void watch_holding_learn(struct watch *w, const struct cold_rules *rules,
			 enum watch_standing standing, bool used);
/* REFILL: [holding] alone; a receipt, or why not. */
void watch_holding_told(struct watch *w, const struct event *event, struct bytes raw,
			struct effects *out);
MUST_CHECK enum err watch_holding_replay(struct watch *w, struct bytes raw);

/* watch_refill.c */
/* REFILL: [holding, refill, answer...], or [holding]; a receipt, or why not. */
void watch_refill_told(struct watch *w, const struct event *event, struct effects *out);
/* documents: the holding, then the answers. */
MUST_CHECK enum err watch_refill_replay(struct watch *w, const struct log_record *r,
					uint64_t sequence, const struct bytes *documents, size_t n,
					struct bytes refill);
/* Which of refills is exactly this wrapper, or has this cosignature; -1: none. */
int watch_refill_explains(const struct watch *w, const struct nem_tx *tx);
/* Holders have signed a refill of this name. */
bool watch_refill_is(const struct watch *w, const struct hash32 *inner);
/* Blocks of this node above the height are undone. */
void watch_refill_undo(struct watch *w, unsigned node, uint64_t height);
/* Refills of the box in no block of this node that may still come. */
uint64_t watch_refill_open(const struct watch *w, size_t own, unsigned node, uint64_t final_nem_s);

/* watch_tally.c */
/* A change of control took effect: m, in tx, of the own account. */
void watch_tally_control(struct watch *w, struct watch_node *n, uint64_t height, size_t own,
			 const struct nem_tx *tx, const struct nem_modification *m);
/* A pool shows a payment of the own account, signed by somebody who controls it. */
void watch_tally_open(struct watch *w, size_t own, const struct hash32 *inner_hash,
		      uint32_t deadline_nem_s);
/* TALLY: addresses of own accounts; the statement, or why not. */
void watch_tally_asked(struct watch *w, const struct event *event, struct effects *out);

/* watch_order.c */
/* ORDER: [request, order]; a receipt, or why not. */
void watch_order_told(struct watch *w, const struct event *event, struct effects *out);
MUST_CHECK enum err watch_order_replay(struct watch *w, const struct log_record *r,
				       uint64_t sequence, struct bytes blob);
/*
 * The order has a time lock by this policy, and it is not over by our own clocks.  One that nobody
 * told us of is known from now on.
 */
bool watch_order_waits(struct watch *w, const struct doc *d, const struct doc_order *order,
		       const struct doc_policy *policy, struct effects *out);
/* A payment of such an order: it is acknowledged when the lock is over. */
void watch_order_hold(struct watch *w, struct watch_payment *p, const struct hash32 *id,
		      const struct doc_order *order, const struct doc_policy *policy);
/* Acknowledges what has waited long enough. */
void watch_order_pump(struct watch *w, struct effects *out);
/* A new link: what this signer has not answered is said again. */
void watch_order_opened(struct watch *w, unsigned signer);
/* It could not take our word on its attestation of this number yet: said again.  False: none. */
MUST_CHECK bool watch_order_unheard(struct watch *w, unsigned signer, uint64_t sequence);
/* It has answered our word on its attestation of this number. */
void watch_order_heard(struct watch *w, unsigned signer, uint64_t sequence);

/* watch_sweep.c */
void watch_sweep_derive(struct watch *w, struct effects *out);
void watch_sweep_reply(struct watch *w, int signer, const struct event *event, struct effects *out);
void watch_sweep_pump(struct watch *w, struct effects *out);
void watch_sweep_closed(struct watch *w, int signer);
/* The evacuation is over: moves that no closing asks for are not gone on with. */
void watch_sweep_end(struct watch *w);
/* A sweep that another watcher had signed. */
void watch_sweep_adopt(struct watch *w, struct bytes raw);

#endif
