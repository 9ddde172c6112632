/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_judge.c - may this holder sign this refill?  In the order of cold.h, the first no is the
 * answer.
 */
#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_drill.h"
#include "cold/cold_holding.h"
#include "cold/cold_self.h"
#include "policy/verdict.h"

/* One judgement on its way. */
struct judging {
	struct cold_plan *plan;
	const struct cold *c;
	const struct cold_question *q;
	struct nem_address box, destination;
	struct cold_tallied tallied;
	bool rotates; /* somebody of a former holding has a part in the box: cold_holding.h */
};

/* ---- journal and holder -------------------------------------------------------------------- */

static struct policy_verdict judge_memory(const struct cold *c, const struct cold_question *q)
{
	if (!c->begun || c->broken) {
		return refuse(ERR_STATE, "journal",
			      "the journal is not in order: start the program again");
	}
	if (!hash32_eq(&c->genesis_id, &q->rules->genesis_id)) {
		return refuse(ERR_GENESIS, "journal", "the journal belongs to another genesis");
	}
	if (q->now_ms < c->last_ms) {
		return refuse_figure(ERR_CLOCK, "clock",
				     "this machine's clock is behind its own journal", q->now_ms,
				     c->last_ms);
	}
	if (q->rules->roster.number < c->roster_number) {
		return too_little(ERR_STATE, "roster",
				  "an older roster than the one that was used here before",
				  q->rules->roster.number, c->roster_number);
	}
	if (q->rules->holding.number < c->holding_number) {
		return too_little(ERR_STATE, "holding",
				  "an older holding than the one that was used here before",
				  q->rules->holding.number, c->holding_number);
	}
	return cold_held_judge(c, q->rules, q->now_ms);
}

static bool cosigns(const struct doc_cosigner *list, size_t n, const struct key32 *key)
{
	for (size_t i = 0; i < n; i++) {
		if (key32_eq(&list[i].key, key)) {
			return true;
		}
	}
	return false;
}

/* ---- the refill ---------------------------------------------------------------------------- */

static struct policy_verdict open_refill(struct judging *j)
{
	struct doc_fault fault;
	struct doc d;
	enum err e;

	if (j->q->refill.n > COLD_REFILL_BYTES_MAX) {
		return refuse_figure(ERR_TOO_LARGE, "refill", "larger than any refill",
				     j->q->refill.n, COLD_REFILL_BYTES_MAX);
	}
	e = doc_open(&d, j->q->refill, &j->q->rules->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_refill_read(&d, &j->plan->refill, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "refill", fault.why);
	}
	j->plan->refill_id = d.id;
	j->plan->refill_raw = j->q->refill;
	return allowed;
}

static struct policy_verdict judge_proposer(const struct judging *j)
{
	const struct doc_roster *roster = &j->q->rules->roster;

	for (size_t i = 0; i < roster->people_count; i++) {
		if (strcmp(roster->people[i].id, j->plan->refill.proposer) == 0) {
			return allowed;
		}
	}
	return refuse(ERR_SIGNER_UNKNOWN, "refill.proposer",
		      "no person of the roster has this name");
}

static struct policy_verdict judge_people(struct judging *j)
{
	const struct cold_rules *rules = j->q->rules;
	const struct doc_refill *r = &j->plan->refill;
	struct policy_verdict v;

	j->plan->me = cold_known(rules, j->q->key, &j->rotates);
	if (j->plan->me == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "holder", "the holding does not name this key");
	}
	if (key32_eq(&r->initiator, j->q->key)) {
		j->plan->kind = DOC_ATTEST_WRAP;
	} else if (cosigns(r->cosigners, r->cosigner_count, j->q->key)) {
		j->plan->kind = DOC_ATTEST_COSIGN;
	} else {
		return refuse(ERR_SIGNER_UNKNOWN, "refill.cosigners",
			      "the refill does not ask this key");
	}
	v = judge_proposer(j);
	if (v.err != ERR_OK) {
		return v;
	}
	if (strcmp(r->proposer, j->plan->me->id) == 0) {
		return refuse(ERR_POLICY, "refill.proposer",
			      "who proposes a refill does not sign it");
	}
	return allowed;
}

static bool is_box(const struct doc_genesis *g, const char *address)
{
	for (size_t i = 0; i < g->box_count; i++) {
		if (strcmp(g->boxes[i].text, address) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < g->spare_count; i++) {
		if (strcmp(g->spares[i].text, address) == 0) {
			return true;
		}
	}
	return false;
}

static struct policy_verdict judge_places(struct judging *j)
{
	const struct cold_rules *rules = j->q->rules;
	const struct doc_refill *r = &j->plan->refill;
	struct nem_address scratch;
	const char *why = "";
	enum err e;

	nem_address_from_key(&j->box, &r->account, rules->network);
	if (!is_box(&rules->genesis, j->box.text)) {
		return refuse(ERR_POLICY, "refill.account", "not a box of genesis");
	}
	e = nem_address_parse(&j->destination, rules->network, bytes_str(r->destination.text),
			      &why);
	if (e != ERR_OK) {
		return refuse(e, "refill.destination", why);
	}
	if (nem_address_eq(&j->box, &j->destination)) {
		return refuse(ERR_POLICY, "refill.destination", "this is the box itself");
	}
	if (cold_pinned(rules, j->destination.text, NULL) == 0 &&
	    cold_new_box(rules, j->destination.text) == 0) {
		return refuse(ERR_POLICY, "refill.destination",
			      cold_twin(rules, j->destination.text, &scratch) != NULL
				  ? N_("not ours, and made to look like one of ours: somebody "
				       "tries to deceive you")
				  : N_("neither a purse nor a spare box of genesis"));
	}
	return allowed;
}

/* Amount and fees are those of a whole move of some balance: nothing in them is a choice. */
static struct policy_verdict judge_amounts(struct judging *j)
{
	static const char inexact[] = N_("not the fee of a whole move");
	const struct doc_refill *r = &j->plan->refill;
	uint64_t n = r->cosigner_count;
	uint64_t amount, inner, outer, cosign, whole_amount, whole_inner;
	uint64_t total;

	if (!cold_micro(&amount, &r->amount) || !cold_micro(&inner, &r->fee_inner) ||
	    !cold_micro(&outer, &r->fee_outer) || !cold_micro(&cosign, &r->fee_cosign)) {
		return refuse(ERR_AMOUNT, "refill.amount", "more than there is");
	}
	if (outer != NEM_FEE_MULTISIG_MICRO) {
		return refuse_figure(ERR_MISMATCH, "refill.fee_outer", inexact, outer,
				     NEM_FEE_MULTISIG_MICRO);
	}
	if (cosign != NEM_FEE_COSIGNATURE_MICRO) {
		return refuse_figure(ERR_MISMATCH, "refill.fee_cosign", inexact, cosign,
				     NEM_FEE_COSIGNATURE_MICRO);
	}
	total = amount + inner + outer + n * cosign;
	if (nem_fee_empty_account(&whole_amount, &whole_inner, total, 0, (unsigned)n, cosign) !=
		ERR_OK ||
	    whole_inner != inner) {
		return refuse_figure(ERR_MISMATCH, "refill.fee_inner", inexact, inner,
				     nem_fee_transfer(amount, 0));
	}
	j->plan->total_micro = total;
	return allowed;
}

static struct policy_verdict judge_deadline(const struct judging *j, uint64_t latest_s)
{
	const struct doc_refill *r = &j->plan->refill;

	if (r->deadline_nem_s - r->timestamp_nem_s > NEM_TIME_DEADLINE_MAX_S) {
		return refuse_figure(
		    ERR_FIELD_RANGE, "refill.deadline_nem_s", "more than the day that nodes take",
		    r->deadline_nem_s - r->timestamp_nem_s, NEM_TIME_DEADLINE_MAX_S);
	}
	if (r->timestamp_nem_s > latest_s + COLD_AHEAD_MS / 1000) {
		return refuse_figure(ERR_CLOCK, "refill.timestamp_nem_s", "ahead of our clock",
				     r->timestamp_nem_s, latest_s + COLD_AHEAD_MS / 1000);
	}
	if (r->deadline_nem_s < latest_s + COLD_MARGIN_S) {
		return too_little(ERR_EXPIRED, "refill.deadline_nem_s",
				  "too little of its day is left: ask for a new refill",
				  r->deadline_nem_s, latest_s + COLD_MARGIN_S);
	}
	return allowed;
}

/* ---- tallies ------------------------------------------------------------------------------- */

static struct policy_verdict judge_watcher(const struct judging *j, const struct doc *d,
					   const struct doc_tally *t)
{
	const struct doc_roster *r = &j->q->rules->roster;
	const struct doc_party *watcher = NULL;

	for (size_t i = 0; i < r->watcher_count; i++) {
		if (strcmp(r->watchers[i].id, t->watcher) == 0) {
			watcher = &r->watchers[i];
		}
	}
	if (watcher == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "tally.watcher",
			      "no watcher of the roster has this name");
	}
	if (!doc_signed_by(d, &watcher->key)) {
		return refuse(ERR_SIGNATURE, "tally.signatures", "not signed by its watcher");
	}
	for (size_t i = 0; i < j->tallied.n; i++) {
		if (strcmp(j->tallied.watcher[i], t->watcher) == 0) {
			return refuse(ERR_ONCE, "tally.watcher",
				      "a second tally of the same watcher");
		}
	}
	return allowed;
}

static struct policy_verdict judge_age(const struct judging *j, const struct doc_tally *t)
{
	uint64_t now = j->q->now_ms;
	uint64_t chain_ms = nem_time_to_unix_ms((uint32_t)t->chain_time_nem_s);
	uint64_t apart = chain_ms > t->time_ms ? chain_ms - t->time_ms : t->time_ms - chain_ms;

	if (t->time_ms > now + COLD_AHEAD_MS) {
		return refuse_figure(ERR_CLOCK, "tally.time_ms",
				     "said in the future: is this machine's clock right?",
				     t->time_ms, now + COLD_AHEAD_MS);
	}
	if (now > t->time_ms && now - t->time_ms > j->q->rules->holding.tally_age_ms) {
		return refuse_figure(ERR_STALE, "tally.time_ms",
				     "too old: ask the watchers for new tallies", now - t->time_ms,
				     j->q->rules->holding.tally_age_ms);
	}
	return at_most(ERR_STALE, "tally.chain_time_nem_s",
		       N_("this watcher's chain is far from its clock"), apart, COLD_LAG_MS);
}

/* The same people, as many of them needed, and the refill asks exactly so many. */
static struct policy_verdict judge_control(struct judging *j, const struct doc_tallied *a)
{
	const struct doc_tallied *first = &j->tallied.first.accounts[j->tallied.at];
	const struct doc_refill *r = &j->plan->refill;
	bool all = cosigns(a->cosigners, a->cosigner_count, &r->initiator);

	if (j->tallied.n > 0 &&
	    (a->needed != first->needed || a->cosigner_count != first->cosigner_count ||
	     !bytes_eq(bytes_of(a->cosigners, a->cosigner_count * sizeof a->cosigners[0]),
		       bytes_of(first->cosigners, a->cosigner_count * sizeof a->cosigners[0])))) {
		return refuse(ERR_MISMATCH, "tally.cosigners",
			      "two watchers name different cosigners of this box");
	}
	if (a->needed != r->cosigner_count + 1) {
		return refuse_figure(ERR_MISMATCH, "refill.cosigners",
				     "not as many people as the box needs", r->cosigner_count + 1,
				     a->needed);
	}
	for (size_t i = 0; i < r->cosigner_count; i++) {
		all = all && cosigns(a->cosigners, a->cosigner_count, &r->cosigners[i].key);
	}
	if (!all) {
		return refuse(ERR_MISMATCH, "refill.cosigners",
			      "somebody who is no cosigner of this box");
	}
	for (size_t i = 0; i < a->cosigner_count; i++) {
		if (cold_known(j->q->rules, &a->cosigners[i].key, &j->rotates) == NULL) {
			return refuse(ERR_MISMATCH, "tally.cosigners",
				      "the box has a cosigner whom the holding does not name");
		}
	}
	return allowed;
}

static struct policy_verdict judge_balance(struct judging *j, const struct doc_tally *t,
					   const struct doc_tallied *a)
{
	uint64_t total = j->plan->total_micro;
	uint64_t residue_max;
	uint64_t balance;

	if (!money_is_zero(&a->spent)) {
		return refuse(ERR_ONCE, "tally.spent",
			      "coins have left this box before: a box is used once");
	}
	if (a->open != 0) {
		return refuse(ERR_STATE, "tally.open",
			      "a payment of this box is signed and still open");
	}
	if (!cold_micro(&balance, &a->balance)) {
		return refuse(ERR_AMOUNT, "tally.balance", "more than there is");
	}
	if (balance < total) {
		return too_little(ERR_FUNDS, "tally.balance", "the box holds less than that",
				  balance, total);
	}
	if (!cold_micro(&residue_max, &j->q->rules->holding.residue_max)) {
		residue_max = NEM_SUPPLY_MICRO;
	}
	if (balance - total > residue_max) {
		return refuse_figure(ERR_POLICY, "refill.amount",
				     "not the whole box: more than residue_max would stay behind",
				     balance - total, residue_max);
	}
	for (size_t i = 0; i < j->tallied.n; i++) {
		if (j->tallied.height[i] == t->height &&
		    (!hash32_eq(&j->tallied.block[i], &t->block) ||
		     j->tallied.balance[i] != balance)) {
			return refuse(ERR_MISMATCH, "tally.block",
				      "two watchers say different things of one height");
		}
	}
	j->tallied.balance[j->tallied.n] = balance;
	return allowed;
}

static const struct doc_tallied *tallied_at(const struct judging *j, const struct doc_tally *t,
					    const struct nem_address *address)
{
	struct nem_address a;

	for (size_t i = 0; i < t->account_count; i++) {
		nem_address_from_key(&a, &t->accounts[i].account, j->q->rules->network);
		if (nem_address_eq(&a, address)) {
			return &t->accounts[i];
		}
	}
	return NULL;
}

/* The place of a rotation, by one watcher: fresh, and in the hands of today's holders alone. */
static struct policy_verdict judge_new_box(const struct judging *j, const struct doc_tally *t)
{
	const struct cold_rules *rules = j->q->rules;
	const struct doc_tallied *a = tallied_at(j, t, &j->destination);
	uint64_t residue_max, balance;

	if (a == NULL) {
		return refuse(ERR_NOT_FOUND, "tally.accounts",
			      "this tally is not of the box that coins are to go to");
	}
	if (a->needed != rules->genesis.recovery.needed ||
	    a->cosigner_count != rules->genesis.recovery.holders) {
		return refuse(ERR_MISMATCH, "tally.cosigners",
			      "the new box is not under as many holders as genesis says");
	}
	for (size_t i = 0; i < a->cosigner_count; i++) {
		if (cold_holder(&rules->holding, &a->cosigners[i].key) == NULL) {
			return refuse(ERR_MISMATCH, "tally.cosigners",
				      "the new box has a cosigner whom the holding does not name");
		}
	}
	if (!money_is_zero(&a->spent) || a->open != 0) {
		return refuse(ERR_STATE, "tally.spent",
			      "the new box was used before, or is in use");
	}
	if (!cold_micro(&balance, &a->balance) ||
	    (cold_micro(&residue_max, &rules->holding.residue_max) && balance > residue_max)) {
		return refuse(ERR_STATE, "tally.balance", "the new box is filled already");
	}
	return allowed;
}

/*
 * Whose box a former holder has a part in moves whole into a new one, and nowhere else; every other
 * one as ever, into a purse or a spare box.
 */
static struct policy_verdict judge_rotation(struct judging *j)
{
	struct policy_verdict v = allowed;

	if (!j->rotates) {
		return cold_pinned(j->q->rules, j->destination.text, NULL) != 0
			   ? allowed
			   : refuse(ERR_POLICY, "refill.destination",
				    "neither a purse nor a spare box of genesis");
	}
	if (cold_new_box(j->q->rules, j->destination.text) == 0) {
		return refuse(ERR_POLICY, "refill.destination",
			      "a former holder has a part in this box: it moves whole into a new "
			      "box, and nowhere else");
	}
	for (size_t i = 0; v.err == ERR_OK && i < j->plan->tally_count; i++) {
		struct doc_tally t;
		struct doc d;

		CHECK(doc_open(&d, j->plan->tally_raw[i], &j->q->rules->genesis_id, NULL) ==
			  ERR_OK &&
		      doc_tally_read(&d, &t, NULL) == ERR_OK);
		v = judge_new_box(j, &t);
	}
	/* no coin goes to people who have not shown that they can bring their keys back */
	return v.err == ERR_OK
		   ? cold_drills_suffice(j->q->rules, j->q->drills, j->q->drill_count, j->q->now_ms)
		   : v;
}

/* Keeps what a good tally says: the worst of all for each question. */
static void tally_keep(struct judging *j, const struct doc_tally *t, size_t at)
{
	struct cold_tallied *all = &j->tallied;
	size_t n = all->n;
	uint64_t balance = all->balance[n];

	if (n == 0) {
		all->first = *t;
		all->at = at;
	}
	all->least_micro = n == 0 || balance < all->least_micro ? balance : all->least_micro;
	all->most_micro = n == 0 || balance > all->most_micro ? balance : all->most_micro;
	all->chain_s =
	    n == 0 || t->chain_time_nem_s < all->chain_s ? t->chain_time_nem_s : all->chain_s;
	all->latest_s = t->chain_time_nem_s > all->latest_s ? t->chain_time_nem_s : all->latest_s;
	all->final_s =
	    n == 0 || t->final_time_nem_s < all->final_s ? t->final_time_nem_s : all->final_s;
	memcpy(all->watcher[n], t->watcher, sizeof all->watcher[n]);
	all->height[n] = t->height;
	all->block[n] = t->block;
	all->n = n + 1;
}

static struct policy_verdict judge_tally(struct judging *j, struct bytes raw)
{
	struct policy_verdict v;
	struct doc_fault fault;
	struct doc_tally t;
	struct doc d;
	size_t at = 0;
	enum err e;

	if (raw.n > COLD_TALLY_BYTES_MAX) {
		return refuse_figure(ERR_TOO_LARGE, "tally", "larger than any tally", raw.n,
				     COLD_TALLY_BYTES_MAX);
	}
	e = doc_open(&d, raw, &j->q->rules->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_tally_read(&d, &t, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "tally", fault.why);
	}
	v = judge_watcher(j, &d, &t);
	if (v.err == ERR_OK) {
		v = judge_age(j, &t);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	while (at < t.account_count &&
	       !key32_eq(&t.accounts[at].account, &j->plan->refill.account)) {
		at++;
	}
	if (at == t.account_count) {
		return refuse(ERR_NOT_FOUND, "tally.accounts", "this tally is not of this box");
	}
	v = judge_control(j, &t.accounts[at]);
	if (v.err == ERR_OK) {
		v = judge_balance(j, &t, &t.accounts[at]);
	}
	if (v.err == ERR_OK) {
		j->plan->tally_raw[j->tallied.n] = raw;
		tally_keep(j, &t, at);
	}
	return v;
}

static struct policy_verdict judge_tallies(struct judging *j)
{
	struct policy_verdict v = allowed;

	if (j->q->tally_count > COLD_TALLIES_MAX) {
		return refuse_figure(ERR_TOO_LARGE, "tally", "more tallies than watchers",
				     j->q->tally_count, COLD_TALLIES_MAX);
	}
	for (size_t i = 0; v.err == ERR_OK && i < j->q->tally_count; i++) {
		v = judge_tally(j, j->q->tallies[i]);
	}
	j->plan->tally_count = j->tallied.n;
	return v.err != ERR_OK
		   ? v
		   : at_least(ERR_STALE, "tally", N_("fewer watchers than the roster asks for"),
			      j->tallied.n, j->q->rules->roster.watchers_needed);
}

/* ---- the box before, and the holder's limit ------------------------------------------------ */

static struct policy_verdict judge_before(const struct judging *j)
{
	const struct cold_box *b = cold_box_of(j->c, &j->plan->refill.account);

	if (b == NULL || hash32_eq(&b->refill, &j->plan->refill_id)) {
		return allowed;
	}
	if (!hash32_eq(&b->refill, &j->plan->refill.previous)) {
		return refuse(ERR_STATE, "refill.previous",
			      "this key signed another refill of this box, which this one does "
			      "not replace");
	}
	if (j->tallied.final_s <= b->deadline_nem_s) {
		return too_little(ERR_WAIT, "refill.previous",
				  "the refill that it replaces can still be included",
				  j->tallied.final_s, b->deadline_nem_s + 1);
	}
	return allowed;
}

static struct policy_verdict judge_limit(struct judging *j)
{
	struct cold_plan *plan = j->plan;
	uint64_t limit;

	plan->chain_s = j->tallied.latest_s;
	plan->spent_micro =
	    cold_spent(j->c, j->q->rules, j->q->now_ms, j->tallied.chain_s, &plan->refill.account) +
	    plan->total_micro;
	if (!cold_micro(&limit, &j->q->rules->holding.limit)) {
		return allowed; /* more than there is */
	}
	return at_most(ERR_CAP, "holding.limit", N_("more than one holder signs for in this time"),
		       plan->spent_micro, limit);
}

/* ---- what is signed ------------------------------------------------------------------------ */

static struct nem_header header(const struct judging *j, const struct money *fee,
				const struct key32 *signer)
{
	const struct doc_refill *r = &j->plan->refill;
	struct nem_header h = {
		.network = j->q->rules->network,
		.version = 1,
		.time_nem_s = (uint32_t)r->timestamp_nem_s,
		.deadline_nem_s = (uint32_t)r->deadline_nem_s,
		.signer = *signer,
	};

	CHECK(cold_micro(&h.fee_micro, fee));
	return h;
}

static void build(struct judging *j)
{
	const struct doc_refill *r = &j->plan->refill;
	struct nem_tx *unit = &j->plan->unit;
	struct nem_inner *inner = &unit->multisig.inner;

	memset(unit, 0, sizeof *unit);
	unit->type = NEM_MULTISIG;
	unit->head = header(j, &r->fee_outer, &r->initiator);
	inner->type = NEM_TRANSFER;
	inner->head = header(j, &r->fee_inner, &r->account);
	inner->transfer.recipient = j->destination;
	CHECK(cold_micro(&inner->transfer.amount_micro, &r->amount));
	nem_tx_canonicalise(unit);
	nem_tx_hash_inner(&j->plan->inner_hash, inner);
	for (size_t i = 0; i < r->cosigner_count; i++) {
		struct nem_tx cosign;

		memset(&cosign, 0, sizeof cosign);
		cosign.type = NEM_COSIGNATURE;
		cosign.head = header(j, &r->fee_cosign, &r->cosigners[i].key);
		cosign.cosignature.inner_hash = j->plan->inner_hash;
		cosign.cosignature.account = j->box;
		CHECK(nem_tx_attach(unit, &cosign) == ERR_OK);
	}
	CHECK(nem_tx_check(unit) == ERR_OK && nem_fee_check(unit) == ERR_OK);
}

/* ---- the others' answers ------------------------------------------------------------------- */

static struct nem_attached *attached(struct nem_tx *unit, const struct key32 *signer)
{
	for (size_t i = 0; i < unit->multisig.n; i++) {
		if (key32_eq(&unit->multisig.cosignature[i].head.signer, signer)) {
			return &unit->multisig.cosignature[i];
		}
	}
	return NULL;
}

/* Puts the signature where it belongs; false: it is none of this payment. */
static bool place_wrapper(struct nem_tx *unit, const struct sig64 *signature)
{
	struct nem_tx alone = *unit;

	alone.multisig.n = 0;
	alone.signature = *signature;
	if (nem_tx_verify(&alone) != ERR_OK) {
		return false;
	}
	unit->signature = *signature;
	return true;
}

static bool place_cosignature(struct nem_attached *place, const struct sig64 *signature)
{
	struct nem_tx cosign;

	nem_tx_from_attached(&cosign, place);
	cosign.signature = *signature;
	if (nem_tx_verify(&cosign) != ERR_OK) {
		return false;
	}
	place->signature = *signature;
	return true;
}

static bool is_signed(const struct sig64 *signature)
{
	static const struct sig64 none;

	return !bytes_eq(bytes_of(signature->b, sizeof none.b), bytes_of(none.b, sizeof none.b));
}

/* Whom the refill asks under this name: of the holding or, in a rotation, of a former one. */
static const struct doc_holder *answerer(const struct judging *j, const char *id)
{
	const struct doc_refill *r = &j->plan->refill;
	bool retired = false;

	for (size_t i = 0; i <= r->cosigner_count; i++) {
		const struct key32 *key =
		    i < r->cosigner_count ? &r->cosigners[i].key : &r->initiator;
		const struct doc_holder *h = cold_known(j->q->rules, key, &retired);

		CHECK(h != NULL); /* a refill whose people these rules do not know is none */
		if (strcmp(h->id, id) == 0) {
			return h;
		}
	}
	return NULL;
}

/* wrapping: the answer of who wraps is good, too. */
static struct policy_verdict take_answer(struct judging *j, struct bytes raw, bool wrapping,
					 struct doc_answer *a, const struct doc_holder **who)
{
	const struct doc_holder *holder = NULL;
	struct nem_attached *place = NULL;
	struct doc_fault fault;
	struct doc d;
	bool wraps;
	enum err e = doc_open(&d, raw, &j->q->rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_answer_read(&d, a, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "answer", fault.why);
	}
	holder = answerer(j, a->holder);
	if (holder != NULL) {
		place = attached(&j->plan->unit, &holder->key);
	}
	wraps = wrapping && holder != NULL && key32_eq(&holder->key, &j->plan->refill.initiator);
	if (place == NULL && !wraps) {
		return refuse(ERR_SIGNER_UNKNOWN, "answer.holder",
			      "no cosigner of this refill has this name");
	}
	if (!doc_signed_by(&d, &holder->attest_key)) {
		return refuse(ERR_SIGNATURE, "answer.signatures", "not signed by its holder");
	}
	if (!hash32_eq(&a->refill, &j->plan->refill_id) ||
	    a->kind != (wraps ? DOC_ATTEST_WRAP : DOC_ATTEST_COSIGN) ||
	    !hash32_eq(&a->inner_hash, &j->plan->inner_hash)) {
		return refuse(ERR_MISMATCH, "answer.refill", "the answer to something else");
	}
	if (is_signed(wraps ? &j->plan->unit.signature : &place->signature)) {
		return refuse(ERR_ONCE, "answer.holder", "a second answer of the same holder");
	}
	if (!(wraps ? place_wrapper(&j->plan->unit, &a->signature)
		    : place_cosignature(place, &a->signature))) {
		return refuse(ERR_SIGNATURE, "answer.signature",
			      "not a cosignature of this refill");
	}
	*who = holder;
	return allowed;
}

static size_t cosigned(const struct nem_tx *unit)
{
	size_t n = 0;

	for (size_t i = 0; i < unit->multisig.n; i++) {
		n += is_signed(&unit->multisig.cosignature[i].signature);
	}
	return n;
}

/* Who wraps signs last: his wrapper is good for exactly these cosignatures' payment. */
static struct policy_verdict judge_answers(struct judging *j)
{
	struct policy_verdict v = allowed;
	const struct doc_holder *who;
	struct doc_answer a;

	if (j->plan->kind == DOC_ATTEST_COSIGN) {
		return allowed;
	}
	for (size_t i = 0; v.err == ERR_OK && i < j->q->answer_count; i++) {
		v = take_answer(j, j->q->answers[i], false, &a, &who);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	return at_least(ERR_APPROVALS, "answer",
			N_("who wraps signs last: answers of cosigners are missing"),
			cosigned(&j->plan->unit), j->plan->refill.cosigner_count);
}

struct policy_verdict cold_judge(struct cold_plan *plan, const struct cold *c,
				 const struct cold_question *q)
{
	static struct policy_verdict (*const steps[])(struct judging *) = {
		open_refill,
		judge_people,
		judge_places,
		judge_amounts,
	};
	struct judging j = { .plan = plan, .c = c, .q = q };
	struct policy_verdict v = judge_memory(c, q);
	uint32_t own_s;

	memset(plan, 0, sizeof *plan);
	plan->judged_ms = q->now_ms;
	for (size_t i = 0; v.err == ERR_OK && i < ARRAY_LEN(steps); i++) {
		v = steps[i](&j);
	}
	if (v.err == ERR_OK && nem_time_from_unix_ms(&own_s, q->now_ms) != ERR_OK) {
		v = refuse(ERR_CLOCK, "clock", "this machine's clock shows no time of the chain");
	}
	if (v.err == ERR_OK) {
		v = judge_deadline(&j, own_s);
	}
	if (v.err == ERR_OK) {
		v = judge_tallies(&j);
	}
	if (v.err == ERR_OK) {
		v = judge_rotation(&j);
	}
	/* once more by the faster clock: ours may stand */
	if (v.err == ERR_OK && j.tallied.latest_s > own_s) {
		v = judge_deadline(&j, j.tallied.latest_s);
	}
	if (v.err == ERR_OK) {
		v = cold_judge_restored(c, q->rules, q->now_ms, j.tallied.chain_s,
					j.tallied.final_s);
	}
	if (v.err == ERR_OK) {
		v = cold_judge_held_chain(c, q->rules, j.tallied.chain_s);
	}
	if (v.err == ERR_OK) {
		v = judge_before(&j);
	}
	if (v.err == ERR_OK) {
		v = judge_limit(&j);
	}
	if (v.err == ERR_OK) {
		build(&j);
		v = judge_answers(&j);
	}
	if (v.err == ERR_OK) {
		cold_show(plan, q->rules, &j.tallied);
	}
	return v;
}

/* ---- for whoever holds no key -------------------------------------------------------------- */

static struct policy_verdict judge_holders(struct judging *j)
{
	const struct doc_refill *r = &j->plan->refill;
	bool all = cold_known(j->q->rules, &r->initiator, &j->rotates) != NULL;

	for (size_t i = 0; i < r->cosigner_count; i++) {
		all = cold_known(j->q->rules, &r->cosigners[i].key, &j->rotates) != NULL && all;
	}
	return all ? judge_proposer(j)
		   : refuse(ERR_SIGNER_UNKNOWN, "refill.cosigners",
			    "somebody whom the holding does not name");
}

/* Without tallies, only who signs tells whether the box has a former holder. */
static struct policy_verdict judge_retired_signers(struct judging *j)
{
	return j->rotates && cold_new_box(j->q->rules, j->destination.text) == 0
		   ? refuse(ERR_POLICY, "refill.destination",
			    "a former holder signs it: such a box moves whole into a new box, and "
			    "nowhere else")
		   : allowed;
}

struct policy_verdict cold_plan_open(struct cold_plan *plan, const struct cold_rules *rules,
				     struct bytes raw)
{
	static struct policy_verdict (*const steps[])(struct judging *) = {
		open_refill, judge_holders, judge_places, judge_retired_signers, judge_amounts,
	};
	const struct cold_question q = { .rules = rules, .refill = raw };
	struct judging j = { .plan = plan, .q = &q };
	struct policy_verdict v = allowed;

	memset(plan, 0, sizeof *plan);
	for (size_t i = 0; v.err == ERR_OK && i < ARRAY_LEN(steps); i++) {
		v = steps[i](&j);
	}
	if (v.err == ERR_OK &&
	    plan->refill.deadline_nem_s - plan->refill.timestamp_nem_s > NEM_TIME_DEADLINE_MAX_S) {
		v = refuse(ERR_FIELD_RANGE, "refill.deadline_nem_s",
			   "more than the day that nodes take");
	}
	if (v.err == ERR_OK) {
		build(&j);
	}
	return v;
}

struct policy_verdict cold_plan_answer(struct cold_plan *plan, const struct cold_rules *rules,
				       struct bytes raw, struct doc_answer *answer,
				       const struct doc_holder **who)
{
	const struct cold_question q = { .rules = rules };
	struct judging j = { .plan = plan, .q = &q };

	return take_answer(&j, raw, true, answer, who);
}

bool cold_plan_complete(const struct cold_plan *plan)
{
	return is_signed(&plan->unit.signature) &&
	       cosigned(&plan->unit) == plan->refill.cosigner_count;
}
