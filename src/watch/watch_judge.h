/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_judge.h - a signer's record, read and judged by the rules and as of the time that it names.
 * For watch_record.c and watch_judge.c.
 */
#ifndef KURAMORI_WATCH_WATCH_JUDGE_H
#define KURAMORI_WATCH_WATCH_JUDGE_H

#include "policy/approvals.h"
#include "policy/prices.h"
#include "watch/watch_self.h"

enum { WATCH_JUDGE_FREEZES_MAX = 16 }; /* that come with a sweep */

/* What came behind the nonce: an attestation and the documents of its subject. */
struct record {
	struct doc doc;
	struct doc_attestation attestation;
	bool has_attempt, has_order, has_request, has_sweep;
	struct doc attempt_doc, order_doc, request_doc, sweep_doc;
	struct doc_attempt attempt;
	struct doc_order order;
	struct doc_request request;
	struct doc_sweep sweep;
	struct exclusion_set set; /* of a later attempt */
	struct approvals_set people;
	struct prices_set said; /* prices */
	bool has_day;
	struct doc day_doc;
	struct doc_day day;
	struct bytes freezes[WATCH_JUDGE_FREEZES_MAX];
	struct bytes closing; /* of a sweep; empty: there is none */
	size_t freezes_n;
	const struct doc_roster *roster; /* by which it is judged */
	const struct doc_policy *policy;
	unsigned yes;
	bool veto;
	struct payment payment;
	unsigned taken; /* bits of enum watch_taken */
	bool behind;    /* LATER, and only for what our own chain or clocks do not show yet */
	bool future;    /* LATER, for its time alone */
	bool unruled;   /* LATER, for rules that are not in force here */
};

enum verdict {
	GOOD,
	BAD,    /* an honest signer never says this: alarm and freeze */
	UNABLE, /* a limit of ours: not acknowledged, alarm, no freeze */
	LATER,  /* our clocks, chains or rules do not agree yet: put off */
};

/* Words of the verdict; static, or in the caller's buffer. */
struct why {
	const char *field;
	char words[POLICY_WORDS_MAX];
};

/* Writes *why (words are cut to fit); UNABLE. */
enum verdict watch_judge_unable(struct why *why, const char *field, const char *words);
/* items: the attestation, then the documents of its subject; *r views them.  BAD: *why says why. */
enum verdict watch_judge_read(struct watch *w, struct record *r, const struct bytes *items,
			      size_t n, struct why *why);
/* Finds roster and policy for r: ours, or those that it names; false: one is not known here. */
bool watch_judge_rules(struct watch *w, struct record *r, uint64_t t_ms);
/* The payment of the documents; false: the chain cannot carry it, or one is missing. */
bool watch_judge_build(const struct watch *w, struct record *r);
/* By how much our windows are shorter than the signers'. */
uint64_t watch_judge_grace_ms(const struct watch *w);
/* The time at which the signer says that it signed; its records never go back in time. */
uint64_t watch_judge_ms(const struct watch *w, unsigned signer, const struct record *r);
/* NEM seconds of that moment; 0: before the chain. */
uint32_t watch_judge_chain_s(uint64_t wall_ms);
/* Micro-XEM; UINT64_MAX: more than 64 bits. */
uint64_t watch_judge_micro(const struct money *m);
/* The whole judgement, of a record that was read. */
enum verdict watch_judge_record(struct watch *w, unsigned signer, struct record *r,
				struct why *why);
/* Of one that is put off, good in all else: only what was missing. */
enum verdict watch_judge_behind(struct watch *w, unsigned signer, struct record *r,
				struct why *why);
/* The signer's budget with this record's day, if it has one that renews. */
struct day_budget watch_judge_budget(const struct watch *w, unsigned signer,
				     const struct record *r);
/* What the policy's history has of it. */
struct policy_entry watch_judge_entry(const struct watch_payment *p);
/* What this record was counted at; 0: its policy has no cap in yen. */
uint64_t watch_judge_price(const struct record *r);

#endif
