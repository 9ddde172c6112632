/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/exclusion.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "policy/verdict.h"

enum err exclusion_add_earlier(struct exclusion_set *set, const struct doc *d,
			       struct doc_fault *fault)
{
	struct exclusion_earlier *e = &set->earlier[set->earlier_n];
	enum err err;

	if (set->earlier_n == EXCLUSION_EARLIER_MAX) {
		return ERR_FULL;
	}
	err = doc_attempt_read(d, &e->attempt, fault);
	if (err == ERR_OK) {
		e->doc = *d;
		set->earlier_n++;
	}
	return err;
}

enum err exclusion_add_statement(struct exclusion_set *set, const struct doc *d,
				 struct doc_fault *fault)
{
	struct exclusion_statement *s = &set->statements[set->statements_n];
	enum err err;

	if (set->statements_n == EXCLUSION_STATEMENTS_MAX) {
		return ERR_FULL;
	}
	err = doc_exclusion_read(d, &s->says, fault);
	if (err == ERR_OK) {
		s->doc = *d;
		set->statements_n++;
	}
	return err;
}

bool exclusion_is_empty(uint64_t residue_micro)
{
	uint64_t amount;
	uint64_t fee;

	return nem_fee_empty_account(&amount, &fee, residue_micro, 0, 1,
				     NEM_FEE_COSIGNATURE_MICRO) != ERR_OK;
}

struct policy_verdict exclusion_payment(struct exclusion_earlier *earlier,
					const struct exclusion_question *q)
{
	const struct doc_roster *r = q->roster;
	struct payment pay;
	struct policy_fees fees;

	if (payment_make(&pay, (uint8_t)q->genesis->chain_network,
			 &r->signers[DOC_SIGNER_A].chain_key, &r->signers[DOC_SIGNER_B].chain_key,
			 q->order, &earlier->attempt) != ERR_OK ||
	    policy_fees(&fees, &q->order->amount, q->order->message_n) != ERR_OK) {
		return refuse(ERR_MISMATCH, "earlier.order", "the chain cannot carry it");
	}
	earlier->inner_hash = pay.inner_hash;
	earlier->outflow = money_units(&q->order->amount) + fees.total;
	return allowed;
}

static struct policy_verdict check_earlier(struct exclusion_set *set,
					   const struct exclusion_question *q,
					   const struct doc_attempt *attempt)
{
	if (set->earlier_n != attempt->number - 1) {
		return refuse_figure(ERR_STATE, "attempt.number",
				     "all earlier attempts must stand beside it, one by one",
				     set->earlier_n, attempt->number - 1);
	}
	for (size_t i = 0; i < set->earlier_n; i++) {
		struct exclusion_earlier *e = &set->earlier[i];
		struct policy_verdict v;
		bool is_till = false;

		if (e->attempt.number != i + 1) {
			return refuse_figure(ERR_STATE, "earlier.number", "not the next number",
					     e->attempt.number, i + 1);
		}
		if (!hash32_eq(&e->attempt.order, q->order_id)) {
			return refuse(ERR_MISMATCH, "earlier.order", "an attempt of another order");
		}
		for (size_t k = 0; k < q->genesis->hot_count; k++) {
			is_till |= q->genesis->hot[k].kind == DOC_HOT_TILL &&
				   key32_eq(&q->genesis->hot[k].public_key, &e->attempt.account);
		}
		if (!is_till) {
			return refuse(ERR_POLICY, "earlier.account", "not a till of genesis");
		}
		if (key32_eq(&e->attempt.account, &attempt->account)) {
			return refuse(ERR_POLICY, "attempt.account",
				      "a later attempt is paid from another till");
		}
		for (size_t k = 0; k < i; k++) {
			if (key32_eq(&e->attempt.account, &set->earlier[k].attempt.account)) {
				return refuse(ERR_POLICY, "earlier.account",
					      "two attempts from one till");
			}
		}
		v = exclusion_payment(e, q);
		if (v.err != ERR_OK) {
			return v;
		}
	}
	return allowed;
}

struct policy_verdict exclusion_statement_check(const struct exclusion_question *q,
						const struct exclusion_earlier *earlier,
						const struct exclusion_statement *statement,
						size_t *watcher)
{
	const struct doc_exclusion *x = &statement->says;
	uint64_t residue;
	uint64_t largest;
	size_t i = 0;

	if (!hash32_eq(&x->attempt, &earlier->doc.id) ||
	    !hash32_eq(&x->inner_hash, &earlier->inner_hash) ||
	    !key32_eq(&x->account, &earlier->attempt.account)) {
		return refuse(ERR_MISMATCH, "exclusion.attempt",
			      "about another attempt, payment or till");
	}
	while (i < q->roster->watcher_count && strcmp(q->roster->watchers[i].id, x->watcher) != 0) {
		i++;
	}
	if (i == q->roster->watcher_count) {
		return refuse(ERR_SIGNER_UNKNOWN, "exclusion.watcher",
			      "not a watcher of the roster");
	}
	if (!doc_signed_by(&statement->doc, &q->roster->watchers[i].key)) {
		return refuse(statement->doc.signature_count == 0 ? ERR_UNSIGNED : ERR_SIGNATURE,
			      "exclusion.signatures", "not signed by that watcher");
	}
	if (x->height < x->final_height || x->height - x->final_height < EXCLUSION_DEPTH) {
		return refuse_figure(ERR_STATE, "exclusion.final_height",
				     "a block that may still be undone", x->final_height,
				     x->height < EXCLUSION_DEPTH ? 0 : x->height - EXCLUSION_DEPTH);
	}
	if (x->final_time_nem_s <= earlier->attempt.deadline_nem_s) {
		return refuse_figure(ERR_EXPIRED, "exclusion.final_time_nem_s",
				     "the attempt could still be mined then", x->final_time_nem_s,
				     earlier->attempt.deadline_nem_s);
	}
	if (money_asset(&x->residue) != ASSET_XEM || money_u64(&residue, &x->residue) != ERR_OK ||
	    !exclusion_is_empty(residue)) {
		return refuse_figure(ERR_FUNDS, "exclusion.residue", "the till was not empty",
				     money_units(&x->residue), 0);
	}
	if (money_asset(&x->largest) != ASSET_XEM || money_u64(&largest, &x->largest) != ERR_OK ||
	    largest < residue || largest >= earlier->outflow) {
		return refuse_figure(ERR_FUNDS, "exclusion.largest",
				     "the till has held what the payment needs since",
				     money_units(&x->largest), earlier->outflow);
	}
	*watcher = i;
	return allowed;
}

static unsigned bits(unsigned v)
{
	unsigned n = 0;

	for (; v != 0; v &= v - 1) {
		n++;
	}
	return n;
}

struct policy_verdict exclusion_check(struct exclusion_set *set, const struct exclusion_question *q,
				      const struct doc_attempt *attempt)
{
	unsigned said[EXCLUSION_EARLIER_MAX] = { 0 };
	struct policy_verdict v = check_earlier(set, q, attempt);

	for (size_t i = 0; v.err == ERR_OK && i < set->statements_n; i++) {
		const struct exclusion_statement *s = &set->statements[i];
		size_t about = 0;
		size_t watcher = 0;

		while (about < set->earlier_n &&
		       !hash32_eq(&set->earlier[about].doc.id, &s->says.attempt)) {
			about++;
		}
		if (about == set->earlier_n) {
			return refuse(ERR_MISMATCH, "exclusion.attempt",
				      "about no attempt of this order");
		}
		v = exclusion_statement_check(q, &set->earlier[about], s, &watcher);
		if (v.err == ERR_OK && (said[about] & 1u << watcher) != 0) {
			return refuse(ERR_ONCE, "exclusion.watcher", "one watcher, one word");
		}
		said[about] |= 1u << watcher;
	}
	for (size_t i = 0; v.err == ERR_OK && i < set->earlier_n; i++) {
		if (bits(said[i]) < q->needed) {
			return refuse_figure(ERR_WAIT, "exclusion.watcher",
					     "too few watchers say that an earlier attempt is dead",
					     bits(said[i]), q->needed);
		}
	}
	return v;
}

void exclusion_freeze(struct doc_freeze *out, enum doc_signer signer, const struct doc_order *order,
		      const struct hash32 *order_id, unsigned number)
{
	char request[UUID7_TEXT_MAX];
	struct hash32 nonce;
	struct sha256 s;
	uint8_t which = (uint8_t)number;

	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori dead attempts v1\n"));
	sha256_update(&s, bytes_of(order_id->b, sizeof order_id->b));
	sha256_update(&s, bytes_of(&which, 1));
	sha256_final(&s, &nonce);
	uuid7_put(request, &order->request_id);
	memset(out, 0, sizeof *out);
	out->genesis = order->genesis;
	out->issuer[0] = signer == DOC_SIGNER_A ? 'a' : 'b';
	memcpy(out->nonce, nonce.b, sizeof out->nonce);
	(void)snprintf(out->reason, sizeof out->reason,
		       "request %s: %u attempts are dead, and another is asked for; look who "
		       "collects signatures before it is tried again",
		       request, number - 1);
	out->scope = DOC_SCOPE_ALL;
	out->time_ms = order->created_ms;
}

void exclusion_freeze_id(struct hash32 *out, enum doc_signer signer, const struct doc_order *order,
			 const struct hash32 *order_id, unsigned number)
{
	struct doc_freeze f;
	uint8_t raw[4096];
	struct writer w = writer_make(raw, sizeof raw);

	exclusion_freeze(&f, signer, order, order_id, number);
	CHECK(doc_freeze_make(&w, out, &f, NULL) == ERR_OK);
}
