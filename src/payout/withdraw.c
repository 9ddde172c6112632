/* SPDX-License-Identifier: Apache-2.0 */
/*
 * withdraw.c - from a signed request to an order that enough people approved; freezes.
 *
 * A request that breaks a rule is refused and changes nothing (P12).  One that is taken is taken
 * whole, in one commit: document, idempotency key, hold, states, order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "payout/inner.h"
#include "payout/reason.h"
#include "policy/payment.h"

enum {
	DOC_TEXT = 8192,
	EXPIRED_MAX = 20,   /* in one step */
	RECOUNTED_MAX = 20, /* likewise */
};

enum err withdraw_reopen(struct payout *p, uint32_t index)
{
	for (size_t i = 0; i < p->open_n; i++) {
		if (p->open[i] == index) {
			return ERR_OK;
		}
	}
	if (payout_grow((void **)&p->open, &p->open_cap, p->open_n + 1, sizeof *p->open) !=
	    ERR_OK) {
		return ERR_FULL;
	}
	p->open[p->open_n++] = index;
	/* rosters that came while it was settled */
	p->all[index].recount = true;
	p->recounting = true;
	return ERR_OK;
}

bool withdraw_settled_once(const struct inner_withdrawal *w)
{
	for (uint32_t i = 0; i < w->changes_n; i++) {
		if (w->changes[i].what == PAYOUT_SETTLE) {
			return true;
		}
	}
	return false;
}

enum err withdraw_add(struct payout *p, struct inner_withdrawal **out, const struct doc_request *r,
		      const struct hash32 *id)
{
	struct inner_withdrawal *w;
	uint32_t index = (uint32_t)p->all_n;

	if (map_get(&p->by_id, &r->request_id, &index)) {
		return ERR_CORRUPT;
	}
	if (p->all_n >= PAYOUT_ALL_MAX ||
	    payout_grow((void **)&p->all, &p->all_cap, p->all_n + 1, sizeof *p->all) != ERR_OK ||
	    payout_grow((void **)&p->open, &p->open_cap, p->open_n + 1, sizeof *p->open) !=
		ERR_OK ||
	    map_put(&p->by_id, &r->request_id, (uint32_t)p->all_n) != ERR_OK) {
		return ERR_FULL;
	}
	index = (uint32_t)p->all_n;
	w = &p->all[p->all_n++];
	*w = (struct inner_withdrawal){
		.id = r->request_id,
		.destination = r->destination,
		.amount = money_units(&r->amount),
		.request_doc = *id,
		.move = INNER_NONE,
	};
	(void)snprintf(w->customer, sizeof w->customer, "%s", r->customer);
	books_account_id(&w->account, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(r->customer));
	p->open[p->open_n++] = index;
	*out = w;
	return ERR_OK;
}

enum err withdraw_key(struct payout *p, const struct id128 *key, uint32_t withdrawal,
		      const struct hash32 *body)
{
	size_t cap = p->keys_cap, cap2 = p->keys_cap;

	if (payout_grow((void **)&p->key_body, &cap, p->keys_n + 1, sizeof *p->key_body) !=
		ERR_OK ||
	    payout_grow((void **)&p->key_withdrawal, &cap2, p->keys_n + 1,
			sizeof *p->key_withdrawal) != ERR_OK ||
	    map_put(&p->by_key, key, (uint32_t)p->keys_n) != ERR_OK) {
		return ERR_FULL;
	}
	p->keys_cap = cap;
	p->key_body[p->keys_n] = *body;
	p->key_withdrawal[p->keys_n] = withdrawal;
	p->keys_n++;
	return ERR_OK;
}

/* Frees the bytes of documents; their names stay.  The withdrawal leaves the open list at the next
 * tick. */
void withdraw_let_go(struct inner_withdrawal *w)
{
	for (uint32_t i = 0; i < w->docs_n; i++) {
		free(w->docs[i].p);
		w->docs[i].p = NULL;
	}
	lock_forget(w);
}

static enum err learn_order(struct payout *p, struct inner_withdrawal *w, const struct doc *d)
{
	struct doc_order o;
	struct policy_fees fees;
	struct id128 key = map_key(&d->id);

	if (doc_order_read(d, &o, NULL) != ERR_OK || !id128_eq(&o.request_id, &w->id) ||
	    policy_tier(&w->needed_first, &p->policy, &o.amount) != ERR_OK ||
	    policy_fees(&fees, &o.amount, o.message_n) != ERR_OK) {
		return ERR_CORRUPT;
	}
	w->needed = w->needed_first;
	w->order_doc = d->id;
	w->created_ms = o.created_ms;
	w->expires_ms = o.expires_ms;
	w->fee = fees.total;
	return map_put(&p->by_order, &key, payout_index(p, w));
}

static enum err learn_attempt(struct payout *p, struct inner_withdrawal *w, const struct doc *d)
{
	struct doc_attempt a;
	struct doc_order o;
	struct doc od;
	struct payment *pay;
	struct id128 key = map_key(&d->id);
	uint64_t now_ms;
	enum err e = ERR_CORRUPT;

	if (doc_attempt_read(d, &a, NULL) != ERR_OK || payout_doc(w, DOC_ORDER, 0) == NULL) {
		return ERR_CORRUPT;
	}
	payout_open_doc(p, &od, payout_doc(w, DOC_ORDER, 0));
	pay = calloc(1, sizeof *pay);
	if (pay == NULL) {
		return ERR_FULL;
	}
	if (doc_order_read(&od, &o, NULL) != ERR_OK ||
	    payment_make(pay, (uint8_t)p->genesis.chain_network, &p->roster.signers[0].chain_key,
			 &p->roster.signers[1].chain_key, &o, &a) != ERR_OK) {
		goto out;
	}
	if (a.number != w->dead + 1) {
		goto out;
	}
	if (w->attempts > 0) {
		/* an order counts once: this takes the place of the one that is dead */
		const struct policy_entry dead = {
			.own_ms = nem_time_to_unix_ms(w->attempt_time),
			.outflow = w->amount + w->fee,
			.chain_s = w->attempt_time,
			.approvals = w->counted,
			.yen = prices_yen(w->price, w->amount + w->fee),
			.price = w->price,
		};

		policy_history_forget(&p->history, &dead);
	}
	w->attempt_doc = d->id;
	w->attempts++;
	w->counted = w->approved;
	w->till = a.account;
	w->attempt_time = (uint32_t)a.timestamp_nem_s;
	w->payment = pay->inner_hash;
	w->price = p->started ? prices_counted(p) : 0;
	now_ms = nem_time_to_unix_ms(w->attempt_time);
	e = map_put(&p->by_attempt, &key, payout_index(p, w));
	if (e == ERR_OK) {
		key = map_key(&w->payment);
		e = map_put(&p->by_payment, &key, payout_index(p, w));
	}
	if (policy_history_has_room(
		&p->history,
		&(struct policy_time){ .own_ms = now_ms, .chain_s = w->attempt_time })) {
		CHECK(policy_history_add(
			  &p->history,
			  &(struct policy_entry){ .own_ms = now_ms,
						  .outflow = w->amount + w->fee,
						  .chain_s = w->attempt_time,
						  .approvals = w->counted,
						  .yen = prices_yen(w->price, w->amount + w->fee),
						  .price = w->price }) == ERR_OK);
	}
	/* no room: it is advice only, the signers' own windows hold */
out:
	free(pay);
	return e;
}

enum err withdraw_learn(struct payout *p, struct inner_withdrawal *w, const struct doc *d)
{
	struct doc_approval a;

	switch (d->type) {
	case DOC_REQUEST:
		return ERR_OK; /* withdraw_add() read it */
	case DOC_ORDER:
		return learn_order(p, w, d);
	case DOC_ATTEMPT:
		return learn_attempt(p, w, d);
	case DOC_APPROVAL:
		if (doc_approval_read(d, &a, NULL) != ERR_OK) {
			return ERR_CORRUPT;
		}
		w->approved += a.decision == DOC_DECISION_YES;
		return ERR_OK;
	case DOC_ATTESTATION:
	case DOC_SIGNATURE:
	case DOC_EXCLUSION:
	case DOC_ASSERTION:
		return ERR_OK; /* read where they are used */
	case DOC_GENESIS:
	case DOC_ROSTER:
	case DOC_POLICY:
	case DOC_FREEZE:
	case DOC_CANCEL:
	case DOC_RESUME:
	case DOC_CLOSING:
	case DOC_SWEEP:
	case DOC_HEARTBEAT:
	case DOC_ACK:
	case DOC_RECEIPT:
	case DOC_MATURITY:
	case DOC_NONCE:
	case DOC_CURSOR:
	case DOC_REFUSAL:
	case DOC_STATUS:
	case DOC_POSTING:
	case DOC_PLAN:
	case DOC_DAY:
	case DOC_PRICE:
	case DOC_GRANT:
	case DOC_HOLDING:
	case DOC_TALLY:
	case DOC_REFILL:
	case DOC_ANSWER:
	case DOC_DRILL:
		return ERR_CORRUPT;
	}
	return ERR_CORRUPT;
}

/* --- a request --- */

static void refuse_verdict(struct payout *p, const struct policy_verdict *v)
{
	char words[POLICY_WORDS_MAX];
	const char *field = v->field;

	/* what was posted is a request, whose fields our order repeats, or an approval */
	if (strncmp(field, "order.", 6) == 0) {
		field += 6;
	} else if (strncmp(field, "request.", 8) == 0) {
		field += 8;
	} else if (strncmp(field, "approval.", 9) == 0) {
		field += 9;
	}
	policy_words(words, v);
	answer_refuse(p, v->err, field, "%s", words);
	if (v->has_figure) {
		p->answer_format =
		    v->least ? N_("%s: %s, needs %s") : N_("%s: %s, limit %s"); /* policy_words() */
	}
}

/* A key that was used: the same answer, or what differs. */
static void answer_known_key(struct payout *p, uint32_t entry, const struct hash32 *body,
			     const struct doc *d)
{
	const struct inner_withdrawal *w = &p->all[p->key_withdrawal[entry]];
	const char *differs = "message, time_ms or signature";
	struct doc_request r;
	char id[UUID7_TEXT_MAX];

	if (hash32_eq(&p->key_body[entry], body)) {
		answer_withdrawal(p, w, true);
		return;
	}
	if (doc_request_read(d, &r, NULL) == ERR_OK) {
		if (!id128_eq(&r.request_id, &w->id)) {
			differs = "request_id";
		} else if (strcmp(r.customer, w->customer) != 0) {
			differs = "customer";
		} else if (money_units(&r.amount) != w->amount) {
			differs = "amount";
		} else if (strcmp(r.destination.text, w->destination.text) != 0) {
			differs = "destination";
		}
	}
	uuid7_put(id, &w->id);
	answer_refuse(p, ERR_IDEMPOTENCY, "Idempotency-Key",
		      "this key was used for request %s; this body differs in %s", id, differs);
}

static enum err backend_signed(const struct payout *p, const struct doc *d)
{
	for (size_t i = 0; i < p->roster.backend_count; i++) {
		for (unsigned k = 0; k < d->signature_count; k++) {
			if (key32_eq(&d->signatures[k].key, &p->roster.backends[i].key)) {
				return doc_signed_by(d, &p->roster.backends[i].key) ? ERR_OK
										    : ERR_SIGNATURE;
			}
		}
	}
	return d->signature_count == 0 ? ERR_UNSIGNED : ERR_SIGNER_UNKNOWN;
}

/* "back end NAME": the first that signed, as backend_signed() has checked. */
static void backend_name(char *out, size_t cap, const struct payout *p, const struct doc *d)
{
	const char *name = "";

	for (size_t i = p->roster.backend_count; i > 0; i--) {
		if (doc_names_key(d, &p->roster.backends[i - 1].key)) {
			name = p->roster.backends[i - 1].id;
		}
	}
	(void)snprintf(out, cap, "back end %s", name);
}

/* Everything but money: true if the request may go on; else the answer is given. */
static bool request_well(struct payout *p, const struct doc *d, struct doc_request *r)
{
	struct doc_fault fault = { .why = NULL };
	struct nem_address address;
	const char *why = NULL;
	enum err e = doc_request_read(d, r, &fault);

	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return false;
	}
	e = backend_signed(p, d);
	if (e != ERR_OK) {
		answer_refuse(p, e, "signatures", "a back end of the roster must sign the request");
		return false;
	}
	e = nem_address_parse(&address, (uint8_t)p->genesis.chain_network,
			      bytes_str(r->destination.text), &why);
	if (e != ERR_OK) {
		answer_refuse(p, e, "destination", "%s", why);
		return false;
	}
	if (withdraw_frozen(p)) {
		answer_refuse(p, ERR_FROZEN, "", "a freeze is in force: nothing new is taken");
		return false;
	}
	if (!p->opened) {
		answer_refuse(p, ERR_STATE, "", "the books are not open yet");
		return false;
	}
	if (!p->synced) {
		answer_refuse(p, ERR_UNREACHABLE, "", "the chain has not been read yet");
		return false;
	}
	return true;
}

static void order_of(const struct payout *p, struct doc_order *o, const struct doc_request *r,
		     const struct hash32 *request_doc, const struct policy_fees *fees)
{
	*o = (struct doc_order){
		.amount = r->amount,
		.asset = r->asset,
		.chain = DOC_CHAIN_NEM,
		.created_ms = p->wall_ms,
		.destination = r->destination,
		.expires_ms = p->wall_ms + p->policy.order_life_ms,
		.fee_max = money_of(ASSET_XEM, fees->total),
		.genesis = p->genesis_id,
		.message_n = r->message_n,
		.network = p->genesis.chain_network,
		.request = *request_doc,
		.request_id = r->request_id,
		.vault = DOC_VAULT_HOT,
	};
	memcpy(o->message, r->message, r->message_n);
}

/* The advisory judgement; true if it passes. */
static bool advised(struct payout *p, const struct doc_order *o, const struct doc_request *r,
		    const struct hash32 *request_doc, unsigned *needed)
{
	static struct doc_grant grants[CONTROL_GRANTS_KEPT];
	struct policy_question q = {
		.genesis = &p->genesis,
		.own = &p->policy_own,
		.policy = &p->policy,
		.order = o,
		.request = r,
		.request_doc = request_doc,
		.history = &p->history,
		.listed = control_listed(&p->control, &o->destination),
		.grants = grants,
		/* as if everybody had known it for long: that is waited for */
		.order_known = { .known = true },
		.now = { .own_ms = p->wall_ms, .wall_ms = p->wall_ms, .chain_s = p->top_time },
	};
	const struct control_grants_ask ask = { .to = &o->destination, .at = &q.now };
	struct policy_price prices[DOC_SOURCES_MAX];
	struct prices_set said;
	struct policy_verdict v;

	/* as if everybody who is needed had said yes: people come later */
	*needed = 0;
	if (policy_tier(needed, &p->policy, &o->amount) != ERR_OK) {
		*needed = 0;
	}
	q.approvals = *needed;
	q.grants_n = control_grants(&p->control, &ask, grants);
	q.prices = prices;
	q.prices_n = prices_asked(p, &said, prices);
	q.prices_needed = p->roster.prices_needed;
	v = policy_judge(&q);
	/* prices come again: a request is not refused for ever because one was late by a minute */
	if (v.err != ERR_OK && strncmp(v.field, "price", strlen("price")) != 0) {
		refuse_verdict(p, &v);
		return false;
	}
	return true;
}

/* The hold of a request, by a name that follows from the request's. */
static struct log_record hold_for(const struct payout *p, const struct doc_request *r, u128 total)
{
	struct log_record hold = { .kind = LOG_HOLD,
				   .asset = ASSET_XEM,
				   .amount = total,
				   .credit = p->in_flight,
				   .ref = r->request_id };

	hold.id = payout_hold_name(&r->request_id);
	books_account_id(&hold.debit, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(r->customer));
	return hold;
}

/*
 * A request that was refused for lack of money stays refused, so that a retry which was on its way
 * does not pay what everybody took for failed (docs/books.md, remembered refusals).  True if it
 * was.
 */
static bool refused_before(struct payout *p, const struct doc_request *r,
			   const struct hash32 *request_doc)
{
	struct log_record hold = hold_for(p, r, 0), was;
	enum err answer, e = books_known(&p->books, &hold.id, &was, &answer);

	if (e == ERR_NOT_FOUND) {
		return false;
	}
	if (e != ERR_OK) {
		answer_refuse(p, e, "", "what was asked before cannot be looked up");
	} else if (!hash32_eq(&was.link, request_doc)) {
		answer_refuse(p, ERR_ONCE, "request_id",
			      "this request id was used for a request with other content");
	} else {
		answer_refuse(p, answer, "amount",
			      "was refused before and stays so: ask under a new request id");
	}
	return true;
}

static void remember_refusal(struct payout *p, const struct doc_request *r,
			     const struct hash32 *request_doc, u128 total)
{
	struct log_record hold = hold_for(p, r, total), refused;

	hold.time_ms = payout_record_time(p);
	hold.link = *request_doc;
	CHECK(books_refuse(&p->books, &hold, ERR_FUNDS, &refused) == ERR_OK);
	payout_record(p, &refused, bytes_of(NULL, 0));
}

static bool enough(struct payout *p, const struct doc_request *r, const struct hash32 *request_doc,
		   u128 total)
{
	const struct books_account *customer;
	struct id128 account;
	char have[MONEY_TEXT_MAX], need[MONEY_TEXT_MAX];
	struct money m;
	u128 available;

	books_account_id(&account, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(r->customer));
	if (refused_before(p, r, request_doc)) {
		return false;
	}
	customer = books_account(&p->books, &account);
	if (customer == NULL) {
		answer_refuse(p, ERR_NOT_FOUND, "customer", "no such customer");
		return false;
	}
	if (customer->closed) {
		answer_refuse(p, ERR_CLOSED, "customer", "this customer's account is closed");
		return false;
	}
	if (follow_short(p, &account)) {
		answer_refuse(p, ERR_STATE, "customer",
			      "a deposit of this customer was undone by the chain and is not "
			      "covered yet: nothing is paid out");
		return false;
	}
	available = books_available(&p->books, &account);
	if (total > available) {
		m = money_of(ASSET_XEM, available);
		money_put(have, &m);
		m = money_of(ASSET_XEM, total);
		money_put(need, &m);
		remember_refusal(p, r, request_doc, total);
		answer_refuse(p, ERR_FUNDS, "amount",
			      "amount and network fee are %s, available is %s micro-XEM", need,
			      have);
		return false;
	}
	return true;
}

/* The one commit of a request that passed everything. */
static void take(struct payout *p, const struct doc *d, const struct doc_request *r,
		 const struct doc_order *o, const struct id128 *key, const struct hash32 *body,
		 u128 total, unsigned needed)
{
	struct inner_withdrawal *w;
	struct doc od;
	uint8_t text[DOC_TEXT];
	struct writer out = writer_make(text, sizeof text);
	struct log_record hold = hold_for(p, r, total);
	struct log_record idem = { .kind = LOG_IDEMPOTENCY, .id = *key, .link = *body };
	char who[DOC_NAME_MAX + 16], why[DOC_NAME_MAX + 32];
	enum err e = doc_order_make(&out, NULL, o, NULL);

	CHECK(e == ERR_OK); /* the policy judged every field */
	idem.ref = r->request_id;
	e = withdraw_add(p, &w, r, &d->id);
	if (e != ERR_OK) {
		answer_refuse(p, e, "", "too many withdrawals are open");
		return;
	}
	payout_keep(p, w, DOC_REQUEST, 0, d->raw, true);
	CHECK(withdraw_key(p, key, payout_index(p, w), body) == ERR_OK);
	payout_record(p, &idem, bytes_of(NULL, 0));
	CHECK(payout_book(p, &hold) == ERR_OK); /* asked before */
	backend_name(who, sizeof who, p, d);
	(void)snprintf(why, sizeof why, REASON_ASKED_FOR, r->customer);
	CHECK(payout_move_state(p, w, PAYOUT_NONE, PAYOUT_REQUEST, who, why) == ERR_OK);
	CHECK(payout_move_state(p, w, PAYOUT_REQUESTED, PAYOUT_SCREEN, "policy", REASON_SCREENED) ==
	      ERR_OK);
	payout_keep(p, w, DOC_ORDER, 0, bytes_of(text, out.n), true);
	payout_open_doc(p, &od, payout_doc(w, DOC_ORDER, 0));
	CHECK(withdraw_learn(p, w, &od) == ERR_OK);
	(void)snprintf(why, sizeof why, REASON_NEEDS, needed);
	CHECK(payout_move_state(p, w, PAYOUT_SCREENED, needed == 0 ? PAYOUT_APPROVE : PAYOUT_ORDER,
				"policy", why) == ERR_OK);
	p->counters[COUNT_REQUESTS]++;
	answer_withdrawal(p, w, true);
}

/* The same request under another key: the same withdrawal. */
static void known_request(struct payout *p, uint32_t index, const struct doc *d,
			  const struct id128 *key, const struct hash32 *body)
{
	struct log_record idem = { .kind = LOG_IDEMPOTENCY, .id = *key, .link = *body };
	struct inner_withdrawal *w = &p->all[index];

	if (!hash32_eq(&w->request_doc, &d->id)) {
		answer_refuse(p, ERR_ONCE, "request_id",
			      "this request id was used for a request with other content");
		return;
	}
	if (withdraw_key(p, key, index, body) != ERR_OK) {
		answer_refuse(p, ERR_FULL, "", "no memory");
		return;
	}
	idem.ref = w->id;
	payout_record(p, &idem, bytes_of(NULL, 0));
	answer_withdrawal(p, w, true);
}

void withdraw_request(struct payout *p, struct bytes key, struct bytes raw, struct effects *out)
{
	struct doc d;
	struct doc_fault fault = { .why = NULL };
	struct doc_request r;
	struct doc_order o;
	struct policy_fees fees;
	struct hash32 body;
	struct id128 name = payout_name("idempotency key v1", key, bytes_of(NULL, 0));
	uint32_t index;
	unsigned needed;
	enum err e;

	if (key.n == 0 || key.n > PAYOUT_KEY_MAX) {
		answer_refuse(p, ERR_FIELD_RANGE, "Idempotency-Key", "1 to %d characters",
			      PAYOUT_KEY_MAX);
		return;
	}
	e = doc_open(&d, raw, &p->genesis_id, &fault);
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	if (d.type != DOC_REQUEST) {
		answer_refuse(p, ERR_TYPE, "type", "only a request may be posted here");
		return;
	}
	log_batch_blob_name(&body, raw);
	if (map_get(&p->by_key, &name, &index)) {
		answer_known_key(p, index, &body, &d);
		return;
	}
	if (!request_well(p, &d, &r)) {
		return;
	}
	if (map_get(&p->by_id, &r.request_id, &index)) {
		known_request(p, index, &d, &name, &body);
		return;
	}
	if (policy_fees(&fees, &r.amount, r.message_n) != ERR_OK) {
		answer_refuse(p, ERR_AMOUNT, "amount", "more than the chain can carry");
		return;
	}
	order_of(p, &o, &r, &d.id, &fees);
	if (!advised(p, &o, &r, &d.id, &needed) ||
	    !enough(p, &r, &d.id, money_units(&r.amount) + fees.total)) {
		return;
	}
	if (p->open_n >= PAYOUT_OPEN_MAX) {
		answer_refuse(p, ERR_FULL, "", "%d withdrawals are open", PAYOUT_OPEN_MAX);
		return;
	}
	take(p, &d, &r, &o, &name, &body, money_units(&r.amount) + fees.total, needed);
	if (map_get(&p->by_id, &r.request_id, &index)) {
		payout_note(p, out, "taken", &p->all[index]);
	}
}

/* --- approvals --- */

const struct doc_person *withdraw_person(const struct payout *p, const char *id)
{
	for (size_t i = 0; i < p->roster.people_count; i++) {
		if (strcmp(p->roster.people[i].id, id) == 0) {
			return &p->roster.people[i];
		}
	}
	return NULL;
}

/*
 * The customer has it back.  Once its payment was settled, then undone by the chain and shown to be
 * dead, the hold is posted: what lies in flight for it goes back.
 */
static void release(struct payout *p, struct inner_withdrawal *w)
{
	struct log_record r = { .kind = LOG_VOID,
				.asset = ASSET_XEM,
				.amount = w->amount + w->fee };

	r.id = payout_name("void v1", bytes_of(w->id.b, 16), bytes_of(NULL, 0));
	r.ref = payout_hold_name(&w->id);
	if (withdraw_settled_once(w)) {
		r.kind = LOG_TRANSFER;
		r.id = payout_name("return v1", bytes_of(w->id.b, 16), bytes_of(NULL, 0));
		r.ref = (struct id128){ { 0 } };
		r.debit = p->in_flight;
		r.credit = w->account;
	}
	CHECK(payout_book(p, &r) == ERR_OK);
}

static void answer_approval(struct payout *p, const struct inner_withdrawal *w, const struct doc *d)
{
	char hex[65];

	hex_put(hex, bytes_of(d->id.b, 32));
	answer_text(p, "id", hex);
	answer_text(p, "state", state_name(w->state));
	answer_text(p, "type", "approval");
}

/* The withdrawal whose order this is, or NULL. */
static struct inner_withdrawal *by_order(struct payout *p, const struct hash32 *order)
{
	struct id128 key = map_key(order);
	uint32_t index;

	if (!map_get(&p->by_order, &key, &index) || !hash32_eq(&p->all[index].order_doc, order)) {
		return NULL;
	}
	return &p->all[index];
}

/*
 * Whose word this is, as the signers will count it (counts of security keys are theirs alone);
 * NULL: refused.  set: of the one word.
 */
static const struct doc_person *approver_of(struct payout *p, struct approvals_set *set)
{
	const struct doc_approval *a = &set->one[0].said;
	const struct inner_withdrawal *w =
	    a->subject_type == DOC_ORDER ? by_order(p, &a->subject) : NULL;
	const struct approvals_question q = {
		.roster = &p->roster,
		.subject_type = a->subject_type,
		.subject = &a->subject,
		.initiator = w == NULL ? "" : w->customer, /* ruling.c knows its own */
		.roles = a->subject_type == DOC_ORDER ? DOC_ROLE_APPROVER
						      : DOC_ROLE_APPROVER | DOC_ROLE_OFFICER,
		.until_ms = p->wall_ms + p->policy.clock_skew_ms,
	};
	struct approvals_count count;
	struct policy_verdict v = approvals_judge(set, &q, &count);

	if (v.err != ERR_OK) {
		refuse_verdict(p, &v);
		return NULL;
	}
	return set->one[0].person;
}

/* --- approvals under another roster or policy --- */

/*
 * How many are needed: what the policy in force asks for, for the signers judge by that; and not
 * less than what it was ordered with, for a later and looser rule does not let go what people were
 * told waits for more of them.  An amount above the last tier is refused by the signers, in words.
 */
static void need(const struct payout *p, struct inner_withdrawal *w)
{
	const struct money amount = money_of(ASSET_XEM, w->amount);
	unsigned now = 0;

	if (policy_tier(&now, &p->policy, &amount) != ERR_OK || now < w->needed_first) {
		now = w->needed_first;
	}
	w->needed = now;
}

/*
 * Who of those who said yes counts by the roster in force; what counts no more is marked.  Its
 * documents are in memory.  why: of the newest word that counts no more, or else of the policy that
 * asks for more people than when it was ordered; "" if it is neither.
 */
static void recount(struct payout *p, struct inner_withdrawal *w, char why[INNER_REASON_MAX])
{
	static struct approvals_set set; /* large */
	struct policy_verdict v = { .err = ERR_OK };
	struct approvals_question q = {
		.roster = &p->roster,
		.subject_type = DOC_ORDER,
		.subject = &w->order_doc,
		.initiator = w->customer,
		.roles = DOC_ROLE_APPROVER,
		.until_ms = UINT64_MAX, /* it was not in the future when it was taken */
	};
	const char *gone = NULL;
	char name[DOC_NAME_MAX + 1];
	uint32_t seen = 0;

	need(p, w);
	w->approved = 0;
	for (uint32_t i = 0; i < w->docs_n; i++) {
		bool proved = i + 1 < w->docs_n && w->docs[i + 1].type == DOC_ASSERTION;
		struct approvals_count count;
		struct doc d;
		bool again;

		if (w->docs[i].type != DOC_APPROVAL) {
			continue;
		}
		set.n = 0;
		payout_open_doc(p, &d, &w->docs[i]);
		CHECK(approvals_add(&set, &d, NULL) == ERR_OK);
		if (proved) {
			payout_open_doc(p, &d, &w->docs[i + 1]);
			CHECK(approvals_add(&set, &d, NULL) == ERR_OK);
		}
		v = approvals_judge(&set, &q, &count);
		/* one key of his left and came back, and he decided by another meanwhile */
		again =
		    v.err == ERR_OK && (seen >> (set.one[0].person - p->roster.people) & 1) != 0;
		w->docs[i].stale = v.err != ERR_OK || again;
		if (proved) {
			w->docs[i + 1].stale = w->docs[i].stale;
		}
		if (!w->docs[i].stale) {
			seen |= 1u << (set.one[0].person - p->roster.people);
			w->approved += set.one[0].said.decision == DOC_DECISION_YES;
		} else if (!again) {
			(void)snprintf(name, sizeof name, "%s", set.one[0].said.person);
			gone = v.words;
		}
	}
	w->recount = false;
	why[0] = '\0';
	if (gone != NULL) {
		(void)snprintf(why, INNER_REASON_MAX, REASON_GONE, name,
			       (unsigned long long)p->roster.number, gone, w->approved, w->needed);
	} else if (w->needed > w->needed_first) {
		(void)snprintf(why, INNER_REASON_MAX, REASON_MORE,
			       (unsigned long long)p->policy.number, w->approved, w->needed);
	}
}

bool withdraw_counted(const struct inner_withdrawal *w)
{
	return !w->recount && w->approved >= w->needed;
}

static void recounted(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	char why[INNER_REASON_MAX];

	recount(p, w, why);
	if (w->state == PAYOUT_APPROVED && w->approved < w->needed) {
		CHECK(payout_move_state(p, w, PAYOUT_APPROVED, PAYOUT_RECOUNT, "policy", why) ==
		      ERR_OK);
		w->tag = 0; /* what A was asked is asked again when enough people have decided */
		w->retry_mono_ms = 0;
		w->pause_ms = 0;
		payout_note(p, out, "recount", w);
	} else if (w->state == PAYOUT_APPROVING && w->approved >= w->needed) {
		CHECK(payout_move_state(p, w, PAYOUT_APPROVING, PAYOUT_APPROVE, "policy",
					REASON_ENOUGH) == ERR_OK);
	} else if ((w->state == PAYOUT_APPROVING || w->state == PAYOUT_AUTHORISED) &&
		   w->approved < w->needed && why[0] != '\0') {
		memcpy(w->reason, why, sizeof w->reason);
	}
}

/* Where the number of approvals decides something; elsewhere they are counted when it comes to it.
 */
static bool counts(enum payout_state state)
{
	return state == PAYOUT_APPROVING || state == PAYOUT_APPROVED || state == PAYOUT_AUTHORISED;
}

/* What the count reads and memory has not, since this was settled once; or NULL. */
static const struct inner_doc *decision_missing(const struct inner_withdrawal *w)
{
	for (uint32_t i = 0; i < w->docs_n; i++) {
		const struct inner_doc *d = &w->docs[i];

		if (d->p == NULL && (d->type == DOC_APPROVAL || d->type == DOC_ASSERTION)) {
			return d;
		}
	}
	return NULL;
}

void withdraw_recounts(struct payout *p, struct effects *out)
{
	unsigned done = 0;
	bool left = false;

	for (size_t i = 0; p->recounting && i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];
		const struct inner_doc *missing;

		if (!w->recount || state_final(w->state)) {
			continue;
		}
		missing = decision_missing(w);
		if (!counts(w->state) || (missing != NULL && p->counting_reads)) {
			left = true;
			continue;
		}
		if (missing != NULL) {
			p->counting_id = payout_load(out, p, w, missing);
			p->counting_reads = true;
			left = true;
			continue;
		}
		/* so many that a step stays short and its batch small */
		if (done++ >= RECOUNTED_MAX) {
			return;
		}
		recounted(p, w, out);
	}
	p->recounting = left;
}

static void recount_all(struct payout *p)
{
	for (size_t i = 0; i < p->open_n; i++) {
		p->all[p->open[i]].recount = true;
	}
	p->recounting = true;
}

/* --- approvals that come --- */

/* proof: the assertion that came with it, or NULL. */
static void take_approval(struct payout *p, const struct doc *d, const struct doc *proof,
			  struct effects *out)
{
	static struct approvals_set set; /* large */
	struct doc_fault fault = { .why = NULL };
	const struct doc_person *person;
	struct inner_withdrawal *w;
	struct doc_approval a;
	unsigned decisions = 0;
	bool helps;
	size_t bytes = d->raw.n + (proof == NULL ? 0 : proof->raw.n);
	char who[DOC_NAME_MAX + 16], why[128];
	enum err e;

	set.n = 0;
	e = approvals_add(&set, d, &fault);
	if (e == ERR_OK && proof != NULL) {
		e = doc_check(proof, &fault);
	}
	if (e == ERR_OK && proof != NULL) {
		e = approvals_add(&set, proof, &fault);
	}
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	a = set.one[0].said;
	person = approver_of(p, &set);
	if (person == NULL) {
		return;
	}
	if (a.subject_type != DOC_ORDER) {
		ruling_approve(p, d, proof, &a, person, out);
		return;
	}
	w = by_order(p, &a.subject);
	if (w == NULL) {
		answer_refuse(p, ERR_NOT_FOUND, "subject", "no such order");
		return;
	}
	if (w->recount && payout_docs_here(w)) {
		recounted(p, w, out);
	}
	for (uint32_t i = 0; i < w->docs_n; i++) {
		struct doc other;
		struct doc_approval b;

		decisions += w->docs[i].type == DOC_APPROVAL;
		bytes += w->docs[i].type == DOC_APPROVAL || w->docs[i].type == DOC_ASSERTION
			     ? w->docs[i].n
			     : 0;
		if (w->docs[i].type != DOC_APPROVAL || w->docs[i].p == NULL || w->docs[i].stale) {
			continue;
		}
		payout_open_doc(p, &other, &w->docs[i]);
		if (hash32_eq(&other.id, &d->id)) {
			answer_approval(p, w, d); /* the same once more */
			return;
		}
		/* Yes may become no as long as no key has spoken; never the other way. */
		if (doc_approval_read(&other, &b, NULL) == ERR_OK &&
		    strcmp(b.person, a.person) == 0 && a.decision == DOC_DECISION_YES) {
			answer_refuse(p, ERR_ONCE, "person", "this person has decided already");
			return;
		}
	}
	/* what A has signed and B must not take by the words that are left: one more helps */
	helps = w->state == PAYOUT_AUTHORISED && a.decision == DOC_DECISION_YES &&
		w->approved < w->needed;
	if (w->state != PAYOUT_APPROVING && !helps &&
	    !(a.decision == DOC_DECISION_NO &&
	      (w->state == PAYOUT_APPROVED || w->state == PAYOUT_FROZEN))) {
		answer_refuse(p, ERR_STATE, "subject", "the withdrawal is %s",
			      state_name(w->state));
		return;
	}
	if (decisions >= PAYOUT_APPROVALS_MAX) {
		answer_refuse(p, ERR_FULL, "subject", "more decisions than are kept");
		return;
	}
	if (bytes > INNER_DECISIONS_BYTES_MAX) {
		answer_refuse(p, ERR_TOO_LARGE, "subject",
			      "all decisions about one order may have %d bytes",
			      INNER_DECISIONS_BYTES_MAX);
		return;
	}
	payout_keep(p, w, DOC_APPROVAL, 0, d->raw, true);
	if (proof != NULL) {
		payout_keep(p, w, DOC_ASSERTION, 0, proof->raw, true);
	}
	CHECK(withdraw_learn(p, w, d) == ERR_OK);
	(void)snprintf(who, sizeof who, "approver %s", a.person);
	if (a.decision == DOC_DECISION_NO) {
		(void)snprintf(why, sizeof why, REASON_NO, a.person);
		CHECK(payout_move_state(p, w, w->state, PAYOUT_VETO, who, why) == ERR_OK);
		release(p, w);
	} else if (w->approved >= w->needed && helps) {
		w->reason[0] = '\0';
	} else if (w->approved >= w->needed) {
		(void)snprintf(why, sizeof why, REASON_LAST, w->needed);
		CHECK(payout_move_state(p, w, PAYOUT_APPROVING, PAYOUT_APPROVE, who, why) ==
		      ERR_OK);
	}
	payout_note(p, out, "approval", w);
	answer_approval(p, w, d);
}

/* --- what stops, starts and rules --- */

/* A copy that is handed to signers and watchers; false: no memory. */
static bool stop_keep(struct inner_stop *s, const struct doc *d)
{
	*s = (struct inner_stop){ .id = d->id, .n = d->raw.n, .p = malloc(d->raw.n) };
	if (s->p != NULL) {
		memcpy(s->p, d->raw.p, d->raw.n);
	}
	return s->p != NULL;
}

bool withdraw_frozen(const struct payout *p)
{
	return p->control.binding > 0 || p->control.forked > 0;
}

/* What was in force, before something was taken. */
struct rules_before {
	struct hash32 roster, policy;
	size_t struck;
};

static struct rules_before rules_before(const struct payout *p)
{
	return (struct rules_before){ p->roster_id, p->policy_id, p->control.struck_n };
}

/*
 * Words of people stand by their place in the roster: with another one, or a key that was struck,
 * they are asked again.  How many are needed stands in the policy.
 */
static void follow_rules(struct payout *p, const struct rules_before *before)
{
	bool people =
	    !hash32_eq(&before->roster, &p->roster_id) || before->struck != p->control.struck_n;

	if (people) {
		ruling_freeze(p);
		prices_forget(p);
	}
	if (people || !hash32_eq(&before->policy, &p->policy_id)) {
		recount_all(p);
	}
}

/* The tables' part of what control_check() has allowed: now, and in a replay.  ERR_FULL. */
static enum err control_add(struct payout *p, const struct doc *d, const struct control_news *news,
			    uint64_t time_ms)
{
	/* the chain's time of a replay is not that of then: the wait begins when it is known */
	const struct policy_time then = { .own_ms = time_ms, .wall_ms = time_ms };
	const struct rules_before before = rules_before(p);

	if (p->stops_n >= PAYOUT_STOPS_MAX || !stop_keep(&p->stops[p->stops_n], d)) {
		return ERR_FULL;
	}
	p->stops_n++;
	(void)control_take(&p->control, d, news, p->stops_n, time_ms, &then);
	if (d->type == DOC_FREEZE) {
		ruling_freeze(p);
	}
	follow_rules(p, &before);
	return ERR_OK;
}

enum err withdraw_control_replay(struct payout *p, const struct doc *d, uint64_t time_ms)
{
	struct control_news news;
	struct policy_verdict v = control_check(&p->control, d, &news);

	if (v.err != ERR_OK || news.known) {
		return v.err == ERR_FULL ? ERR_FULL : ERR_CORRUPT;
	}
	return control_add(p, d, &news, time_ms);
}

enum err withdraw_rules_replay(struct payout *p, const struct log_record *r)
{
	const struct policy_time then = { .own_ms = r->time_ms, .chain_s = le32_get(r->debit.b) };
	const struct rules_before before = rules_before(p);

	if (!control_activate(&p->control, &r->id, r->time_ms, &then)) {
		return ERR_CORRUPT;
	}
	follow_rules(p, &before);
	return ERR_OK;
}

/* What waited long enough, by both clocks, comes into force. */
static void rules_due(struct payout *p, struct effects *out)
{
	const struct policy_time now = { .own_ms = p->wall_ms,
					 .wall_ms = p->wall_ms,
					 .chain_s = p->synced ? p->top_time : 0 };
	const struct control_entry *e = control_due(&p->control, &now);
	struct log_record r = { .kind = LOG_RULES };
	const struct rules_before before = rules_before(p);

	if (e == NULL) {
		return;
	}
	memcpy(r.id.b, e->id.b, sizeof r.id.b);
	le32_put(r.debit.b, now.chain_s);
	payout_record(p, &r, bytes_of(NULL, 0));
	CHECK(control_activate(&p->control, &r.id, p->wall_ms, &now));
	follow_rules(p, &before);
	if (e->type == DOC_GRANT) {
		effects_note(out, "unusual grant state=\"%s\"", control_state_name(e->state));
		return;
	}
	effects_note(out, "unusual rules roster=%llu policy=%llu",
		     (unsigned long long)p->roster.number, (unsigned long long)p->policy.number);
}

static void answer_control(struct payout *p, const struct doc *d)
{
	const struct control_entry *e = control_find(&p->control, &d->id);
	char hex[65];

	CHECK(e != NULL);
	hex_put(hex, bytes_of(d->id.b, 32));
	answer_text(p, "id", hex);
	answer_text(p, "state", e->state == CONTROL_BINDS ? "kept" : control_state_name(e->state));
	answer_text(p, "type", doc_type_name(d->type));
}

/* Every open withdrawal that this may happen to. */
static void all_open(struct payout *p, enum payout_happening what, const char *who, const char *why)
{
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];
		enum payout_state next;

		if (state_next(&next, w->state, w->state, what) != ERR_OK) {
			continue;
		}
		CHECK(payout_move_state(p, w, w->state, what, who, why) == ERR_OK);
		/* what enough people had approved goes on by the recount that this asks for */
		p->recounting = p->recounting || what == PAYOUT_RESUME;
	}
}

/* A cancel that names an order or its request is a person's no to it. */
static void all_named(struct payout *p, const struct hash32 *id, const char *who)
{
	const struct doc_cancel *x = &p->control.news.cancel;
	char why[INNER_REASON_MAX];

	(void)snprintf(why, sizeof why, REASON_NO, x->person);
	for (size_t i = p->open_n; i > 0; i--) {
		struct inner_withdrawal *w = &p->all[p->open[i - 1]];
		enum payout_state next;

		if ((hash32_eq(&w->order_doc, id) || hash32_eq(&w->request_doc, id)) &&
		    state_next(&next, w->state, w->state, PAYOUT_VETO) == ERR_OK) {
			CHECK(payout_move_state(p, w, w->state, PAYOUT_VETO, who, why) == ERR_OK);
			release(p, w);
		}
	}
}

/* Nobody else in a roster is called a or b. */
static const char *issuer_kind(const struct payout *p, const char *issuer)
{
	if (strcmp(issuer, "a") == 0 || strcmp(issuer, "b") == 0) {
		return "signer";
	}
	return withdraw_person(p, issuer) != NULL ? "officer" : "watcher";
}

static void take_control(struct payout *p, const struct doc *d, struct effects *out)
{
	struct log_record r = { .kind = LOG_DOCUMENT, .amount = (u128)d->type };
	struct control_news news;
	struct policy_verdict v = control_check(&p->control, d, &news);
	bool frozen = withdraw_frozen(p);
	char who[DOC_NAME_MAX + 16], words[POLICY_WORDS_MAX];
	enum err e;

	if (v.err != ERR_OK) {
		policy_words(words, &v);
		answer_refuse(p, v.err, v.field, "%s", words);
		return;
	}
	if (news.known) {
		answer_control(p, d);
		return;
	}
	(void)snprintf(who, sizeof who, "%s %s", issuer_kind(p, news.issuer), news.issuer);
	if (d->type == DOC_FREEZE) {
		effects_note(out, "broken freeze issuer=%s withdrawals=%zu reason=%s", news.issuer,
			     p->open_n, p->control.news.freeze.reason);
	} else {
		effects_note(out, "%s control type=%s waits=%d forks=%d",
			     news.recovery ? "broken" : "unusual",
			     control_type_name(d->type, news.recovery), news.loosens, news.forks);
	}
	r.id = map_key(&d->id);
	payout_record(p, &r, d->raw);
	e = control_add(p, d, &news, p->wall_ms);
	CHECK(e == ERR_OK); /* the table is as large as control's; memory that is gone ends us */
	if (d->type == DOC_FREEZE) {
		all_open(p, PAYOUT_FREEZE, who, REASON_FROZEN);
	} else if (d->type == DOC_RESUME && frozen && !withdraw_frozen(p)) {
		all_open(p, PAYOUT_RESUME, who, REASON_RESUMED);
	} else if (d->type == DOC_CANCEL) {
		(void)snprintf(who, sizeof who, "approver %s", news.issuer);
		all_named(p, &p->control.news.cancel.document, who);
	}
	answer_control(p, d);
}

/* --- closings --- */

/* The place of its account among genesis.hot; hot_count if it is none. */
static size_t hot_of(const struct payout *p, const struct key32 *account)
{
	size_t i = 0;

	while (i < p->genesis.hot_count && !key32_eq(&p->genesis.hot[i].public_key, account)) {
		i++;
	}
	return i;
}

enum err withdraw_closing_replay(struct payout *p, const struct doc *d)
{
	struct doc_closing c;
	size_t hot;

	if (doc_closing_read(d, &c, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	hot = hot_of(p, &c.account);
	if (hot == p->genesis.hot_count || p->closings[hot].closed) {
		return ERR_CORRUPT;
	}
	p->closings[hot].closed = true;
	return stop_keep(&p->closings[hot].doc, d) ? ERR_OK : ERR_FULL;
}

static void take_closing(struct payout *p, const struct doc *d, struct effects *out)
{
	struct log_record r = { .kind = LOG_DOCUMENT,
				.amount = DOC_CLOSING,
				.id = map_key(&d->id) };
	struct doc_fault fault = { .why = NULL };
	const struct doc_person *person;
	struct policy_verdict v;
	struct proofs proofs;
	struct doc_closing c;
	char hex[65];
	size_t hot;
	enum err e = doc_closing_read(d, &c, &fault);

	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	hot = hot_of(p, &c.account);
	person = withdraw_person(p, c.issuer);
	if (hot == p->genesis.hot_count) {
		answer_refuse(p, ERR_POLICY, "account",
			      "not a hot account of the genesis document");
		return;
	}
	if (person == NULL || (person->roles & DOC_ROLE_OFFICER) == 0) {
		answer_refuse(p, ERR_SIGNER_UNKNOWN, "issuer", "no officer of the roster");
		return;
	}
	v = proofs_judge_one(&proofs, d, c.time_ms, &p->roster, person);
	if (v.err != ERR_OK) {
		answer_refuse(p, v.err, v.field, "%s", v.words);
		return;
	}
	if (p->closings[hot].closed && !hash32_eq(&p->closings[hot].doc.id, &d->id)) {
		answer_refuse(p, ERR_ONCE, "account",
			      "this account is closed already, by another document");
		return;
	}
	if (!p->closings[hot].closed) {
		if (!doc_closing_fits(d) || !stop_keep(&p->closings[hot].doc, d)) {
			answer_refuse(p, doc_closing_fits(d) ? ERR_FULL : ERR_TOO_LARGE,
				      "signatures", "more than is kept of one");
			return;
		}
		p->closings[hot].closed = true;
		payout_record(p, &r, d->raw);
		effects_note(out, "unusual account-closed account=%s issuer=%s",
			     p->own[hot].address.text, c.issuer);
	}
	hex_put(hex, bytes_of(d->id.b, 32));
	answer_text(p, "id", hex);
	answer_text(p, "state", "kept");
	answer_text(p, "type", "closing");
}

/* The two envelopes of {"documents":[FIRST,SECOND]}; false: it is no such text. */
static bool split_two(struct bytes raw, struct bytes two[2])
{
	unsigned depth = 0, n = 0;
	struct json_token t;
	size_t from = 0;
	struct json j;

	json_init(&j, raw);
	do {
		if (json_next(&j, &t) != ERR_OK || (depth == 1 && t.kind == JSON_KEY &&
						    !bytes_eq(t.text, bytes_str("documents")))) {
			return false;
		}
		if (t.kind == JSON_OBJECT_OPEN || t.kind == JSON_ARRAY_OPEN) {
			/* the list, and in it the documents */
			if (depth < 3 && (t.kind == JSON_ARRAY_OPEN) != (depth == 1)) {
				return false;
			}
			from = depth == 2 ? t.at : from;
			depth++;
		} else if (t.kind == JSON_OBJECT_CLOSE || t.kind == JSON_ARRAY_CLOSE) {
			depth--;
			if (depth == 2 && n++ < 2) {
				two[n - 1] = bytes_of(raw.p + from, t.at + 1 - from);
			}
		} else if (t.kind != JSON_END && t.kind != JSON_KEY && depth < 3) {
			return false;
		}
	} while (t.kind != JSON_END);
	return n == 2;
}

/* An approval and the assertion that proves it. */
static void take_two(struct payout *p, const struct bytes two[2], struct effects *out)
{
	struct doc d, proof;
	struct doc_fault fault = { .why = NULL };
	enum err e = doc_open(&d, two[0], &p->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_open(&proof, two[1], &p->genesis_id, &fault);
	}
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
	} else if (d.type != DOC_APPROVAL || proof.type != DOC_ASSERTION) {
		answer_refuse(p, ERR_TYPE, "documents",
			      "two documents are an approval and, behind it, its assertion");
	} else {
		take_approval(p, &d, &proof, out);
	}
}

void withdraw_document(struct payout *p, struct bytes raw, struct effects *out)
{
	struct doc d;
	struct doc_fault fault = { .why = NULL };
	struct bytes two[2];
	enum err e;

	if (split_two(raw, two)) {
		take_two(p, two, out);
		return;
	}
	e = doc_open(&d, raw, &p->genesis_id, &fault);
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
	} else if (d.type == DOC_APPROVAL) {
		take_approval(p, &d, NULL, out);
	} else if (control_is(d.type)) {
		take_control(p, &d, out);
	} else if (d.type == DOC_CLOSING) {
		take_closing(p, &d, out);
	} else if (d.type == DOC_DAY) {
		daily_take(p, &d, out);
	} else if (d.type == DOC_POSTING || d.type == DOC_PLAN) {
		ruling_take(p, &d, out);
	} else {
		answer_refuse(p, ERR_TYPE, "type",
			      "an approval, a freeze, a resume, a cancel, a roster, a policy, a "
			      "closing, a day, a posting or a plan may be posted here");
	}
}

/* --- time --- */

void withdraw_tick(struct payout *p, struct effects *out)
{
	size_t n = 0;
	unsigned expired = 0;

	rules_due(p, out);
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];
		enum payout_state next;

		/* thousands may expire in one second: so many now, the others at the next tick */
		if (p->wall_ms >= w->expires_ms && expired < EXPIRED_MAX &&
		    state_next(&next, w->state, w->state, PAYOUT_EXPIRE) == ERR_OK) {
			char why[INNER_REASON_MAX + 32];

			if (w->reason[0] == '\0') {
				(void)snprintf(why, sizeof why, REASON_EXPIRED);
			} else {
				(void)snprintf(why, sizeof why, REASON_EXPIRED_LAST, w->reason);
			}
			CHECK(payout_move_state(p, w, w->state, PAYOUT_EXPIRE, "clock", why) ==
			      ERR_OK);
			release(p, w);
			payout_note(p, out, "expired", w);
			expired++;
		}
		if (state_final(w->state) && !w->wanted) {
			withdraw_let_go(w);
		} else {
			p->open[n++] = p->open[i];
		}
	}
	p->open_n = n;
}
