/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_sign.c - words, time, journal, signature, proof, answer: in this order (P10).
 */
#include <string.h>

#include "base/check.h"
#include "cold/cold_self.h"
#include "crypto/crypto.h"

/* Seals the batch of one answer.  The blob is what was judged: the refill, then each tally. */
static struct bytes record(struct cold *c, const struct cold_plan *plan,
			   const struct cold_rules *rules, const struct cold_secrets *secrets,
			   uint64_t now_ms, uint8_t *buffer)
{
	/* the blob is collected at the end of the buffer that the batch is built in */
	uint8_t *room = buffer + COLD_BATCH_BYTES / 2;
	struct writer w = writer_make(room, COLD_BATCH_BYTES / 2);
	struct log_record r = {
		.kind = LOG_COLD_ANSWER,
		.asset = ASSET_XEM,
		.time_ms = now_ms,
		.amount = plan->total_micro,
	};
	struct log_batch b;
	struct bytes sealed;

	writer_bytes(&w, plan->refill_raw);
	for (size_t i = 0; i < plan->tally_count; i++) {
		writer_bytes(&w, bytes_str("\n"));
		writer_bytes(&w, plan->tally_raw[i]);
	}
	CHECK(!w.bad);
	id128_named(&r.id, &plan->refill_id);
	id128_named(&r.ref, &plan->inner_hash);
	le64_put(r.debit.b, rules->roster.number);
	le64_put(r.debit.b + 8, rules->holding.number);
	le64_put(r.credit.b, plan->chain_s);
	log_batch_begin(&b, buffer, COLD_BATCH_BYTES / 2);
	CHECK(log_batch_add_blob(&b, &r, bytes_of(room, w.n)) == ERR_OK);
	log_batch_seal(&sealed, &b, &c->chain, &secrets->journal);
	return sealed;
}

/* The part of the unit that is this key's: signed, and verified before anybody sees it. */
static void sign(struct sig64 *out, struct cold_plan *plan, const struct cold_secrets *secrets)
{
	struct nem_tx *unit = &plan->unit;
	struct nem_tx cosign;
	size_t at = 0;

	if (plan->kind == DOC_ATTEST_WRAP) {
		CHECK(nem_tx_sign(unit, &secrets->chain) == ERR_OK);
		CHECK(nem_tx_verify(unit) == ERR_OK);
		*out = unit->signature;
		return;
	}
	while (!key32_eq(&unit->multisig.cosignature[at].head.signer, &secrets->chain.public_key)) {
		at++;
		CHECK(at < unit->multisig.n); /* the plan is of one of the refill's keys */
	}
	nem_tx_from_attached(&cosign, &unit->multisig.cosignature[at]);
	CHECK(nem_tx_sign(&cosign, &secrets->chain) == ERR_OK);
	CHECK(nem_tx_verify(&cosign) == ERR_OK);
	unit->multisig.cosignature[at].signature = cosign.signature;
	*out = cosign.signature;
}

enum err cold_sign(struct writer *out, struct cold *c, struct cold_plan *plan,
		   const struct cold_rules *rules, struct cold_secrets *secrets, struct bytes typed,
		   uint64_t now_ms, const struct cold_journal *journal, uint8_t *buffer)
{
	static const uint8_t none[COLD_FRESH_BYTES];
	struct doc_answer answer;
	enum err e;

	if (!bytes_eq(typed, bytes_str(plan->words))) {
		return ERR_MISMATCH;
	}
	if (!c->begun || c->broken || now_ms < plan->judged_ms ||
	    now_ms - plan->judged_ms > COLD_CONFIRM_MS ||
	    crypto_eq(secrets->fresh, none, sizeof none)) {
		return ERR_STATE;
	}
	if (!key32_eq(&plan->me->key, &secrets->chain.public_key) ||
	    !key32_eq(&c->key, &secrets->chain.public_key)) {
		return ERR_KEY;
	}
	if (out->bad || out->cap - out->n < COLD_ANSWER_BYTES) {
		return ERR_TOO_LARGE;
	}
	answer = (struct doc_answer){
		.genesis = rules->genesis_id,
		.holding = rules->holding_id,
		.inner_hash = plan->inner_hash,
		.kind = plan->kind,
		.refill = plan->refill_id,
		.sequence = c->answers,
		.spent = money_of(ASSET_XEM, plan->spent_micro),
		.time_ms = now_ms,
	};
	memcpy(answer.holder, plan->me->id, sizeof answer.holder);
	e = journal->append(journal->context, record(c, plan, rules, secrets, now_ms, buffer));
	if (e != ERR_OK) {
		/* perhaps it is on the disk, perhaps not: only a replay tells */
		c->broken = true;
		return e;
	}
	c->last_ms = now_ms;
	c->roster_number = rules->roster.number;
	c->holding_number = rules->holding.number;
	cold_learn(c, &plan->refill, &plan->refill_id, plan->total_micro, now_ms, plan->chain_s);
	answer.head = c->chain.head;
	sign(&answer.signature, plan, secrets);
	cold_mark_put(&answer, &rules->roster, secrets->token, secrets->fresh);
	crypto_wipe(secrets->fresh, sizeof secrets->fresh);
	CHECK(doc_answer_make(out, NULL, &answer, secrets->attest) == ERR_OK);
	crypto_wipe_stack();
	return ERR_OK;
}
