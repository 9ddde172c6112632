/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_self.h - what the files of this layer share.
 */
#ifndef KURAMORI_COLD_SELF_H
#define KURAMORI_COLD_SELF_H

#include "cold/cold.h"

/* What the tallies say together. */
struct cold_tallied {
	uint64_t least_micro, most_micro; /* balance of the box */
	uint64_t chain_s;                 /* least */
	uint64_t latest_s;                /* greatest */
	uint64_t final_s;                 /* least */
	struct doc_tally first;           /* the first of them, whose cosigners all agree with */
	size_t at;                        /* the box in its accounts */
	char watcher[COLD_TALLIES_MAX][DOC_NAME_MAX + 1];
	uint64_t height[COLD_TALLIES_MAX];
	struct hash32 block[COLD_TALLIES_MAX];
	uint64_t balance[COLD_TALLIES_MAX];
	size_t n;
};

/* Fills plan->lines and plan->words from plan->unit, decoded again. */
void cold_show(struct cold_plan *plan, const struct cold_rules *rules,
	       const struct cold_tallied *tallied);

/* A pinned address: one of genesis that a box may be emptied to.  label: of its kind; 0: not one.
 */
unsigned cold_pinned(const struct cold_rules *rules, const char *address, const char **label);

/* A box or spare box of genesis that is no hot account's spare box: its number, boxes first; 0: not
 * one. */
unsigned cold_new_box(const struct cold_rules *rules, const char *address);

/* How many characters at both ends an address shares with another (the network's letter aside). */
size_t cold_alike(const char *a, const char *b);

/* An address that resembles `address` at both ends and is not it, of genesis; NULL: none. */
const char *cold_twin(const struct cold_rules *rules, const char *address,
		      struct nem_address *scratch);

/* The entry of this box, or NULL. */
const struct cold_box *cold_box_of(const struct cold *c, const struct key32 *account);

/* NULL: none of the holding has this chain key. */
const struct doc_holder *cold_holder(const struct doc_holding *h, const struct key32 *key);

/* Micro-XEM of a document.  False: more than there is. */
bool cold_micro(uint64_t *out, const struct money *m);

/*
 * A key that came back from cards: has enough time passed by our clock, by the watchers' chain
 * (least of the tallies) and by its final blocks (likewise)?  Allowed, or ERR_WAIT.
 */
struct policy_verdict cold_judge_restored(const struct cold *c, const struct cold_rules *rules,
					  uint64_t now_ms, uint64_t chain_s, uint64_t final_s);

/* A holding of the journal, replayed.  ERR_CORRUPT. */
enum err cold_hold_replay(struct cold *c, const struct log_record *r, struct bytes blob);

/* The holding that was taken binds by the watchers' chain (least of the tallies), too, or ERR_WAIT.
 */
struct policy_verdict cold_judge_held_chain(const struct cold *c, const struct cold_rules *rules,
					    uint64_t chain_s);

/* One signed answer took effect: replay and signing end here alike. */
void cold_learn(struct cold *c, const struct doc_refill *refill, const struct hash32 *id,
		uint64_t total_micro, uint64_t wall_ms, uint64_t chain_s);

/*
 * The document in raw, which has been opened under this genesis before, with this key's signature
 * beside the others, to out.  Refused, and out as it was: it has no room for one more.
 */
struct policy_verdict cold_signature_add(struct writer *out, const struct cold_rules *rules,
					 const struct cold_secrets *secrets, struct bytes raw);

#endif
