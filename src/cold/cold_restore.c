/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_restore.h"

#include "base/check.h"
#include "base/words.h"
#include "cold/cold_self.h"
#include "policy/verdict.h"

/* Far above what anybody signs, and far below where a place would not fit a document any more. */
#define PLACES_MAX (UINT64_C(1) << 32)

struct policy_verdict cold_restore_judge(const struct cold *c, const struct cold_rules *rules,
					 uint64_t now_ms)
{
	if (!c->begun || c->broken) {
		return refuse(ERR_STATE, "journal",
			      "the journal is not in order: start the program again");
	}
	if (!hash32_eq(&c->genesis_id, &rules->genesis_id)) {
		return refuse(ERR_GENESIS, "journal", "the journal belongs to another genesis");
	}
	if (now_ms < c->last_ms) {
		return refuse(ERR_CLOCK, "clock", "this machine's clock is behind its own journal");
	}
	if (rules->roster.number < c->roster_number) {
		return refuse(ERR_STATE, "roster",
			      "an older roster than the one that was used here before");
	}
	if (rules->holding.number < c->holding_number) {
		return refuse(ERR_STATE, "holding",
			      "an older holding than the one that was used here before");
	}
	return allowed;
}

struct policy_verdict cold_restore_answer(uint64_t *answers, const struct cold_rules *rules,
					  const struct cold_secrets *secrets, struct bytes raw,
					  uint64_t now_ms)
{
	struct doc_fault fault = { .why = "" };
	struct doc_answer a;
	struct key32 attest;
	struct doc d;
	enum err e = doc_open(&d, raw, &rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_answer_read(&d, &a, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "answer", fault.why);
	}
	cold_secrets_attest(&attest, secrets);
	if (!doc_signed_by(&d, &attest)) {
		return refuse(ERR_SIGNATURE, "answer", "another key gave this answer");
	}
	if (now_ms < a.time_ms) {
		return refuse(ERR_CLOCK, "clock", "this machine's clock is behind its own journal");
	}
	if (a.sequence > PLACES_MAX) {
		return refuse(ERR_FIELD_RANGE, "answer", "a place that no journal comes to");
	}
	if (a.sequence >= *answers) {
		*answers = a.sequence + 1;
	}
	return allowed;
}

struct policy_verdict cold_restore(struct cold *c, const struct cold_secrets *secrets,
				   const struct cold_rules *rules, uint64_t answers,
				   uint64_t now_ms, const struct cold_journal *journal,
				   uint8_t *buffer)
{
	struct log_record r = { .kind = LOG_COLD_RESTORED, .time_ms = now_ms };
	struct policy_verdict v = cold_restore_judge(c, rules, now_ms);
	struct log_batch b;
	struct bytes sealed;
	enum err e;

	if (v.err != ERR_OK) {
		return v;
	}
	id128_named(&r.id, &rules->holding_id);
	le64_put(r.debit.b, rules->roster.number);
	le64_put(r.debit.b + 8, rules->holding.number);
	le64_put(r.credit.b, answers);
	log_batch_begin(&b, buffer, COLD_BATCH_BYTES);
	CHECK(log_batch_add_record(&b, &r) == ERR_OK);
	log_batch_seal(&sealed, &b, &c->chain, &secrets->journal);
	e = journal->append(journal->context, sealed);
	if (e != ERR_OK) {
		c->broken = true;
		return refuse(e, "journal", N_("the journal could not be written"));
	}
	c->answers = answers > c->answers ? answers : c->answers;
	c->restored_ms = now_ms;
	c->last_ms = now_ms;
	c->roster_number = rules->roster.number;
	c->holding_number = rules->holding.number;
	return allowed;
}

uint64_t cold_restored_until(const struct cold *c, const struct cold_rules *rules)
{
	uint64_t window = rules->holding.window_ms;

	if (c->restored_ms == 0) {
		return 0;
	}
	/* both are times of documents and journals: below 2^53 each */
	return c->restored_ms + (window > COLD_RESTORED_MS ? window : COLD_RESTORED_MS);
}

struct policy_verdict cold_judge_restored(const struct cold *c, const struct cold_rules *rules,
					  uint64_t now_ms, uint64_t chain_s, uint64_t final_s)
{
	static const char words[] =
	    N_("this key came back from cards, and what it signed before is not known here: it "
	       "signs nothing before the moment that `journal` shows");
	uint64_t until = cold_restored_until(c, rules);

	if (until == 0) {
		return allowed;
	}
	if (now_ms < until || nem_time_to_unix_ms((uint32_t)chain_s) < until) {
		return refuse(ERR_WAIT, "journal", words);
	}
	if (nem_time_to_unix_ms((uint32_t)final_s) <= c->restored_ms + COLD_RESTORED_MS) {
		return refuse(ERR_WAIT, "journal",
			      "this key came back from cards: a refill that it signed before can "
			      "still be included");
	}
	return allowed;
}
