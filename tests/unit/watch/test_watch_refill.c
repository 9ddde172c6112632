/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what cold holders signed whole, and the watcher was told, empties a box without an alarm;
 * in any other bytes, told in part, or not at all it is a theft.  A holder's journal that went
 * back, or has two answers in one place, freezes (docs/ceremony.md).  The next holding is believed
 * from whom it needs alone; former holders explain the move into a new box and nothing more; a box
 * that was emptied is watched for ever.
 *
 * Method: the whole watcher on a real chain (watch_rig.h).  Five holders with attest keys of their
 * own answer a refill that the cold core builds; each case bends one thing.
 */
#include "cold/cold_holding.h"
#include "cold/cold_restore.h"

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "ipc/frame.h"
#include "t.h"
#include "watch_rig.h"

#include "watch/watch_self.h"

static struct key attest[5];
static struct doc_holding holding;
static struct doc_refill refill;
static struct cold_rules rules;
static struct cold_plan plan;
static uint8_t holding_raw[16384], refill_raw[16384], answer_raw[3][4096];
static struct bytes items[5]; /* holding, refill, answers of holders 0, 1, 2; 2 wraps */
static struct doc_answer answer[3];
static struct doc_refusal refusal;

static void holding_put(void)
{
	struct writer w = writer_make(holding_raw, sizeof holding_raw);
	static uint8_t body[16384];
	struct doc_seal seal;
	struct doc d;
	size_t n = made(body, sizeof body, NULL, DOC_HOLDING, &holding, &r.person[0]);

	CHECK(doc_open(&d, bytes_of(body, n), &r.genesis_id, NULL) == ERR_OK);
	doc_sign(&seal, &d.id, r.person[1].secret);
	CHECK(doc_add_seal(&w, &d, &seal) == ERR_OK);
	items[0] = bytes_of(holding_raw, w.n);
}

static void holding_make(void)
{
	holding = (struct doc_holding){ .genesis = r.genesis_id,
					.holder_count = 5,
					.limit = xem(X(100000000)),
					.number = 1,
					.residue_max = xem(X(5)),
					.tally_age_ms = 86400000,
					.window_ms = 604800000 };
	for (uint8_t i = 0; i < 5; i++) {
		rig_key(&attest[i], (uint8_t)(60 + i));
		(void)snprintf(holding.holders[i].id, sizeof holding.holders[i].id, "holder-%u", i);
		holding.holders[i].attest_key = attest[i].key;
		holding.holders[i].key = r.chain[K_HOLDER0 + i].public_key;
	}
	holding_put();
}

static void refill_make(enum who to)
{
	uint64_t amount, inner, balance, left;
	struct nem_address box = address_of(K_BOX);
	int first = bytes_cmp(bytes_of(r.chain[K_HOLDER0].public_key.b, 32),
			      bytes_of(r.chain[K_HOLDER0 + 1].public_key.b, 32)) < 0
			? 0
			: 1;

	CHECK(watch_balance(&r.w, PUBLIC, &box, &balance, &left));
	CHECK(nem_fee_empty_account(&amount, &inner, balance, 0, 2, NEM_FEE_COSIGNATURE_MICRO) ==
	      ERR_OK);
	refill = (struct doc_refill){ .account = r.chain[K_BOX].public_key,
				      .amount = xem(amount),
				      .cosigner_count = 2,
				      .deadline_nem_s = r.now_s + 86400,
				      .fee_cosign = xem(NEM_FEE_COSIGNATURE_MICRO),
				      .fee_inner = xem(inner),
				      .fee_outer = xem(NEM_FEE_MULTISIG_MICRO),
				      .genesis = r.genesis_id,
				      .initiator = r.chain[K_HOLDER0 + 2].public_key,
				      .proposer = "officer-1",
				      .time_ms = r.wall,
				      .timestamp_nem_s = r.now_s };
	refill.cosigners[0].key = r.chain[K_HOLDER0 + first].public_key;
	refill.cosigners[1].key = r.chain[K_HOLDER0 + 1 - first].public_key;
	doc_address(&refill.destination, to);
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	rules = (struct cold_rules){ .genesis = r.genesis,
				     .genesis_id = r.genesis_id,
				     .roster = r.roster,
				     .network = 0x98 };
	CHECK(cold_holding_open(&rules, items[0]).err == ERR_OK);
}

static void answer_put(size_t i)
{
	items[2 + i] = bytes_of(answer_raw[i], made(answer_raw[i], sizeof answer_raw[i], NULL,
						    DOC_ANSWER, &answer[i], &attest[i]));
}

/* Each holder signs his part; plan.unit is whole. */
static void answers_make(void)
{
	CHECK(cold_plan_open(&plan, &rules, items[1]).err == ERR_OK);
	for (size_t i = 0; i < 3; i++) {
		const struct edk_secret *secret = &r.chain[K_HOLDER0 + i];
		struct doc_answer got;
		const struct doc_holder *who;
		struct nem_tx one = plan.unit;

		for (size_t k = 0; i < 2 && k < 2; k++) {
			if (key32_eq(&plan.unit.multisig.cosignature[k].head.signer,
				     &secret->public_key)) {
				nem_tx_from_attached(&one, &plan.unit.multisig.cosignature[k]);
			}
		}
		if (i == 2) {
			one.multisig.n = 0;
		}
		CHECK(nem_tx_sign(&one, secret) == ERR_OK);
		answer[i] =
		    (struct doc_answer){ .genesis = r.genesis_id,
					 .holding = rules.holding_id,
					 .inner_hash = plan.inner_hash,
					 .kind = i == 2 ? DOC_ATTEST_WRAP : DOC_ATTEST_COSIGN,
					 .refill = plan.refill_id,
					 .sequence = 4 + i,
					 .signature = one.signature,
					 .spent = xem(plan.total_micro),
					 .time_ms = r.wall };
		memset(answer[i].head.b, (int)(40 + i), sizeof answer[i].head.b);
		(void)snprintf(answer[i].holder, sizeof answer[i].holder, "holder-%zu", i);
		answer_put(i);
		CHECK(cold_plan_answer(&plan, &rules, items[2 + i], &got, &who).err == ERR_OK);
	}
	CHECK(cold_plan_complete(&plan));
}

static void ready(void)
{
	rig_up();
	holding_make();
	refill_make(K_PURSE);
	answers_make();
}

/* True: a receipt for this document; else refusal. */
static bool tells_of(uint16_t role, size_t n, const struct hash32 *about)
{
	const struct queued *q = ask(role, WATCHER_REFILL, items, n);
	struct bytes item;
	struct doc d;
	size_t got = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &got) == ERR_OK && got == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	memset(&refusal, 0, sizeof refusal);
	if (d.type == DOC_RECEIPT) {
		struct doc_receipt receipt;

		CHECK(doc_receipt_read(&d, &receipt, NULL) == ERR_OK);
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
		CHECK(hash32_eq(&receipt.document, about));
	} else {
		CHECK(doc_refusal_read(&d, &refusal, NULL) == ERR_OK);
	}
	replies_forget();
	return d.type == DOC_RECEIPT;
}

static bool tells(uint16_t role, size_t n)
{
	struct doc d;

	if (n != 1) {
		return tells_of(role, n, &plan.refill_id);
	}
	CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK);
	return tells_of(role, 1, &d.id);
}

/* Everybody sees it in a pool, then in a block. */
static void announced(const struct nem_tx *unit)
{
	CHECK(nis_say(PUBLIC, unit) == NEM_SUCCESS);
	feed_all();
	wait_ms(2000);
	mine(PUBLIC);
	feed_all();
	wait_ms(2000);
}

static void what_holders_signed_is_no_theft(void)
{
	struct nem_address box;
	uint64_t left, balance, height;

	ready();
	box = address_of(K_BOX);
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.refills_n, 1);
	T_CHECK(tells(ROLE_SERVER, 5)); /* again: the same receipt, nothing more */
	T_EQ(r.w.refills_n, 1);
	height = watch_height(&r.w, PUBLIC);
	announced(&plan.unit);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(watch_balance(&r.w, PUBLIC, &box, &balance, &left));
	T_EQ(balance, 0);
	T_EQ(r.w.refills[0].seen[PUBLIC], height + 1);
	/* undone, and mined again */
	feed_undo(PUBLIC, height);
	feed_undo(CLEAN, height);
	T_EQ(r.w.refills[0].seen[PUBLIC], 0);
	feed_all();
	wait_ms(2000);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	/* and after a restart, from its journal alone */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(12000);
	T_EQ(r.w.refills_n, 1);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.refills[0].seen[PUBLIC], height + 1);
	/* another one of the emptied box is believed no more */
	refill.time_ms++;
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	answers_make();
	for (size_t i = 0; i < 3; i++) {
		answer[i].sequence += 10;
		answer_put(i);
	}
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	T_CHECK(!watch_frozen(&r.w));
}

static void what_is_not_told_is_a_theft(void)
{
	ready();
	announced(&plan.unit);
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.w.thefts, 1);
	/* told in part */
	ready();
	T_CHECK(tells(ROLE_STOP, 4));
	T_EQ(r.w.refills_n, 0);
	announced(&plan.unit);
	T_CHECK(watch_frozen(&r.w));
}

/* A cosigner wraps what the others signed once more, and burns what he can as a fee. */
static void another_wrapper_is_a_theft(void)
{
	struct nem_tx again;

	ready();
	T_CHECK(tells(ROLE_STOP, 5));
	again = plan.unit;
	again.head.fee_micro *= 2;
	CHECK(nem_tx_sign(&again, &r.chain[K_HOLDER0 + 2]) == ERR_OK);
	feed_given(PUBLIC, &again, 1);
	wait_ms(2000);
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.w.thefts, 1);
}

/* It is told just when a pool shows it: waited for as a signer's word is. */
static void seen_a_moment_before(void)
{
	ready();
	CHECK(nis_say(PUBLIC, &plan.unit) == NEM_SUCCESS);
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_close(CH_B, WATCH_ROLE_SIGNER_B);
	feed_all();
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(tells(ROLE_STOP, 5));
	wait_ms(3000);
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.alarms, 0);
}

static void told_wrongly(void)
{
	struct bytes good;

	ready();
	T_CHECK(!tells(ROLE_PEER, 5));
	T_STR(refusal.code, err_slug(ERR_CAPABILITY));
	T_CHECK(!tells(ROLE_STOP, 2)); /* no answer */
	T_STR(refusal.code, err_slug(ERR_INPUT));
	/* a holding that one officer signed, or nobody */
	good = items[0];
	items[0] = items[1];
	T_CHECK(!tells(ROLE_STOP, 5));
	items[0] = good;
	/* to a thief; to a customer */
	refill_make(K_THIEF);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "refill.destination");
	/* other fees than those of a whole move */
	refill_make(K_PURSE);
	refill.fee_cosign = xem(X(1000));
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "refill.fee_cosign");
	/* answers to another refill */
	refill_make(K_PURSE);
	refill.time_ms++;
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.refill");
	/* one holder for another; a signature of nothing */
	ready();
	answer[1].signature.b[5] ^= 1;
	answer_put(1);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.signature");
	answer[1].signature.b[5] ^= 1;
	items[3] = bytes_of(answer_raw[1], made(answer_raw[1], sizeof answer_raw[1], NULL,
						DOC_ANSWER, &answer[1], &attest[0]));
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.signatures");
	items[3] = items[2];
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	T_EQ(r.w.refills_n, 0);
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.alarms, 0);
}

/* Two answers in one place of a journal. */
static void a_journal_that_forked(void)
{
	ready();
	T_CHECK(tells(ROLE_STOP, 5));
	answer[0].head.b[0] ^= 1;
	answer_put(0);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.sequence");
	T_CHECK(watch_frozen(&r.w));
	T_CHECK(!watch_evacuating(&r.w));
}

/* A copy of an old journal was put back: it says what is new in an old place. */
static void a_journal_that_went_back(void)
{
	ready();
	T_CHECK(tells(ROLE_STOP, 5));
	rig_restart(r.batches); /* what a watcher keeps of holders is in its journal */
	rig_connect();
	feed_all();
	answer[0].sequence -= 1;
	answer[0].time_ms += 5000;
	answer_put(0);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.sequence");
	T_CHECK(watch_frozen(&r.w));
}

/* Signed again since the first answer was lost, and that is found later: no journal went back. */
static void an_answer_that_was_lost_and_found(void)
{
	ready();
	answer[0].sequence += 1;
	answer[0].time_ms += 5000;
	answer_put(0);
	T_CHECK(tells(ROLE_STOP, 5));
	answer[0].sequence -= 1;
	answer[0].time_ms -= 5000;
	answer[0].head.b[0] ^= 1;
	answer_put(0);
	T_CHECK(tells(ROLE_STOP, 5));
	/* and one of the same moment in the place before: a clock that is coarse */
	answer[0].sequence -= 1;
	answer[0].head.b[0] ^= 2;
	answer_put(0);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.refills_n, 1);
}

/* ---- duress -------------------------------------------------------------------------------- */

static const uint8_t usual[COLD_TOKEN_BYTES] = { 1, 2, 3 }, other[COLD_TOKEN_BYTES] = { 4, 5, 6 };

/* Holder 0 is registered for the rig's roster, or for one without us. */
static void registered(bool with_us)
{
	struct doc_roster roster = r.roster;
	static const uint8_t fresh[COLD_FRESH_BYTES] = { 9 };

	if (!with_us) {
		roster.watchers[0].key = attest[4].key;
	}
	holding_make();
	cold_mark_register(&holding.holders[0], &r.genesis_id, &roster, usual, fresh);
	holding_put();
	refill_make(K_PURSE);
	answers_make();
}

static void marked(const uint8_t token[COLD_TOKEN_BYTES], uint8_t n)
{
	const uint8_t fresh[COLD_FRESH_BYTES] = { n };

	cold_mark_put(&answer[0], &r.roster, token, fresh);
	answer_put(0);
}

static void an_ordinary_mark_is_nothing(void)
{
	rig_up();
	registered(true);
	marked(usual, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.refills_n, 1);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	announced(&plan.unit);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
}

/* The same receipt, the same refill believed: but everybody is stopped, and we know why. */
static void the_other_mark_freezes(void)
{
	uint64_t alarms;

	rig_up();
	registered(true);
	marked(other, 1);
	T_CHECK(tells(ROLE_SERVER, 5));
	T_EQ(r.w.refills_n, 1);
	T_CHECK(watch_frozen(&r.w));
	T_CHECK(!watch_evacuating(&r.w));
	T_EQ(r.w.thefts, 0);
	T_CHECK(rig_noted("duress: cold holder holder-0, answer 4"));
	/* what is handed on says no word of it */
	T_CHECK(rig_noted("freeze record: something is not in order"));
	T_CHECK(!rig_noted("freeze record: duress"));
	T_EQ(r.w.freezes_made, 1);
	/* told again: the same, once */
	alarms = r.w.alarms;
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.alarms, alarms);
	T_EQ(r.w.freezes_made, 1);
	/* and what it signed is explained: no theft is called, whose freeze would hide this one */
	announced(&plan.unit);
	T_EQ(r.w.thefts, 0);
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_CHECK(watch_frozen(&r.w));
}

static void stripped_forged_replayed(void)
{
	uint8_t kept[DOC_MARK_MAX];
	size_t n;

	/* an answer of today with the mark of yesterday's */
	rig_up();
	registered(true);
	marked(usual, 1);
	memcpy(kept, answer[0].mark, sizeof kept);
	n = answer[0].mark_n;
	answer[0].sequence++;
	answer_put(0);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(watch_frozen(&r.w));
	/* none */
	rig_up();
	registered(true);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(watch_frozen(&r.w));
	/* bent */
	rig_up();
	registered(true);
	marked(usual, 1);
	answer[0].mark[DOC_MARK_KEY] ^= 1;
	answer_put(0);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(watch_frozen(&r.w));
	/* told alone, and of a box that another refill has emptied: called before it is refused */
	rig_up();
	registered(true);
	marked(usual, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	announced(&plan.unit);
	T_CHECK(!watch_frozen(&r.w));
	refill.time_ms++;
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	answers_make();
	answer[0].sequence += 10;
	marked(other, 2);
	T_CHECK(!tells(ROLE_STOP, 3));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	T_CHECK(watch_frozen(&r.w));
	/* the mark of another holder says nothing of this one */
	rig_up();
	registered(true);
	marked(usual, 1);
	memcpy(answer[1].mark, kept, sizeof kept);
	answer[1].mark_n = n;
	answer_put(1);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(!watch_frozen(&r.w));
}

/* What is refused for another reason is heard all the same: the holder is forced, whatever is wrong
 * with his answer. */
static void refused_and_heard(void)
{
	/* who forces him has put an older disk into his machine */
	rig_up();
	registered(true);
	marked(usual, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	answer[0].sequence -= 1;
	answer[0].time_ms += 5000;
	marked(other, 2);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.sequence");
	T_CHECK(watch_frozen(&r.w));
	T_CHECK(rig_noted("duress: cold holder holder-0, answer 3"));
	/* or the holding before the one that is in force: nothing of that moves, so nobody is
	 * stopped */
	rig_up();
	registered(true);
	holding.number = 2;
	holding.previous = rules.holding_id;
	holding_put();
	refill_make(K_PURSE);
	answers_make();
	marked(usual, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	registered(true);
	answer[0].sequence += 10;
	answer[0].time_ms += 5000;
	marked(other, 2);
	T_CHECK(!tells(ROLE_STOP, 3));
	T_STR(refusal.field, "holding");
	T_CHECK(rig_noted("duress: cold holder holder-0, answer 14"));
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.alarms, 1);
	T_CHECK(!tells(ROLE_STOP, 3));
	T_EQ(r.w.alarms, 1);
}

static bool tells_holding(uint16_t role)
{
	struct doc d;

	CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK);
	return tells_of(role, 1, &d.id);
}

/* A new holding registers a holder; who forces him takes the one before, of which watchers know
 * nothing: they are told of the new one as soon as officers have signed it. */
static void the_holding_alone(void)
{
	struct hash32 before;
	size_t batches;

	ready();
	before = rules.holding_id;
	registered(true);
	holding.number = 2;
	holding.previous = before;
	holding_put();
	T_CHECK(!tells_holding(ROLE_PEER));
	T_STR(refusal.code, err_slug(ERR_CAPABILITY));
	T_CHECK(tells_holding(ROLE_STOP));
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.refills_n, 0);
	batches = r.batches;
	T_CHECK(tells_holding(ROLE_SERVER));
	T_EQ(r.batches, batches);
	/* another one of this number, one that is older, one that a single officer signed, no
	 * holding */
	holding.limit = xem(X(1));
	holding_put();
	T_CHECK(!tells_holding(ROLE_STOP));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	holding_make();
	T_CHECK(!tells_holding(ROLE_STOP));
	T_STR(refusal.code, err_slug(ERR_STATE));
	holding.number = 3;
	holding.previous = before;
	items[0] = bytes_of(holding_raw, made(holding_raw, sizeof holding_raw, NULL, DOC_HOLDING,
					      &holding, &r.person[0]));
	T_CHECK(!tells_holding(ROLE_STOP));
	items[0] = items[1];
	T_CHECK(!tells_holding(ROLE_STOP));
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.batches, batches);
	/* the answer under the one before moves nothing, after a restart, too */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_EQ(r.w.holding.doc.number, 2);
	holding_make();
	refill_make(K_PURSE);
	answers_make();
	marked(other, 1);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "holding");
	T_EQ(r.w.refills_n, 0);
	T_CHECK(!watch_frozen(&r.w));
}

/* Who reads a freeze, and has read our source, does not know from it that somebody is forced. */
static void the_freeze_alone_says_nothing(void)
{
	uint64_t alarms;

	ready();
	T_CHECK(tells(ROLE_STOP, 5));
	answer[0].head.b[0] ^= 1;
	answer_put(0);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_CHECK(rig_noted("freeze record: something is not in order"));
	T_CHECK(!rig_noted("freeze record: cold holder"));
	T_CHECK(rig_noted("alarm cold holder holder-0, answer 4: two answers stand"));
	/* once */
	alarms = r.w.alarms;
	T_CHECK(!tells(ROLE_STOP, 5));
	T_EQ(r.w.alarms, alarms);
}

/* Nobody who is not registered with us is called; and who knows no holding calls nothing. */
static void unregistered(void)
{
	rig_up();
	registered(false);
	marked(other, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.alarms, 0);
	T_CHECK(rig_noted("warn registration holder=holder-0: not for this watcher"));
	/* nor by a holding that registers nobody, as those before a registration are */
	ready();
	marked(other, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(rig_noted("warn registration holder=holder-0: the holding registers nothing"));
	/* an answer under another holding than the one that is told is refused, not called */
	rig_up();
	registered(true);
	marked(other, 1);
	answer[0].holding.b[0] ^= 1;
	answer_put(0);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "answer.holding");
	T_CHECK(!watch_frozen(&r.w));
}

/* ---- the next holding ---------------------------------------------------------------------- */

/* Seals holding with the officers and the first n of these keys, into items[0]. */
static void holding_seal(const struct key *keys, size_t n)
{
	static uint8_t body[2][16384];
	struct bytes raw = bytes_of(
	    body[0], made(body[0], sizeof body[0], NULL, DOC_HOLDING, &holding, &r.person[0]));

	for (size_t i = 0; i <= n; i++) {
		struct writer w = writer_make(i == n ? holding_raw : body[(i + 1) % 2], 16384);
		const uint8_t *secret = i == 0 ? r.person[1].secret : keys[i - 1].secret;
		struct doc_seal seal;
		struct doc d;

		CHECK(doc_open(&d, raw, &r.genesis_id, NULL) == ERR_OK);
		doc_sign(&seal, &d.id, secret);
		CHECK(doc_add_seal(&w, &d, &seal) == ERR_OK);
		raw = bytes_of(w.p, w.n);
	}
	items[0] = raw;
}

/* holding is now its own successor. */
static void holding_next(void)
{
	struct doc d;

	CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK);
	holding.number++;
	holding.previous = d.id;
}

/* By people whom nobody has seen before. */
static void holders_change(void)
{
	for (uint8_t i = 0; i < 5; i++) {
		struct key fresh;

		rig_key(&fresh, (uint8_t)(160 + i));
		(void)snprintf(holding.holders[i].id, sizeof holding.holders[i].id, "new-%u", i);
		holding.holders[i].attest_key = fresh.key;
		holding.holders[i].key = r.chain[K_NEW0 + i].public_key;
	}
}

/* The refill of K_BOX into this place, under items[0], whom it retires known. */
static void rotation_make(enum who to)
{
	struct doc_holding before = holding;

	refill_make(to);
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(before.holders[i].id, sizeof before.holders[i].id, "holder-%zu", i);
		before.holders[i].attest_key = attest[i].key;
		before.holders[i].key = r.chain[K_HOLDER0 + i].public_key;
	}
	CHECK(cold_retire(&rules.retired, &before, &rules.holding) == ERR_OK);
}

static void restart(void)
{
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(12000);
}

static void who_signs_the_next_holding(void)
{
	ready();
	T_CHECK(tells(ROLE_STOP, 1));
	T_CHECK(tells(ROLE_STOP, 1)); /* again */
	T_EQ(r.w.holding.doc.number, 1);
	T_CHECK(!tells(ROLE_PEER, 1));
	items[0] = items[1];
	T_CHECK(!tells(ROLE_STOP, 1)); /* no holding */
	/* officers alone, and holders of an evil side's own invention */
	holding_make();
	holding_next();
	holders_change();
	holding_seal(NULL, 0);
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_APPROVALS));
	holding_seal(attest, 2);
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_APPROVALS));
	T_EQ(r.w.next_holding.doc.number, 0);
	holding_seal(attest, 3);
	T_CHECK(tells(ROLE_STOP, 1));
	T_CHECK(tells(ROLE_SERVER, 1));
	T_EQ(r.w.holding.doc.number, 1);
	T_EQ(r.w.next_holding.doc.number, 2);
	/* another one of its number; one that does not follow */
	holding.limit = xem(1);
	holding_seal(attest, 3);
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_ONCE));
	holding.number = 3;
	holding_seal(attest, 3);
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_MISMATCH));
	/* the journal knows both */
	restart();
	T_EQ(r.w.holding.doc.number, 1);
	T_EQ(r.w.next_holding.doc.number, 2);
	/* the third, by officers alone: it takes away */
	holding.previous = r.w.next_holding.id;
	holding_seal(NULL, 0);
	T_CHECK(tells(ROLE_STOP, 1));
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.next_holding.doc.number, 3);
	T_EQ(r.w.retired.n, 5);
	restart();
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.retired.n, 5);
	holding_make();
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_STATE));
	T_CHECK(!watch_frozen(&r.w));
}

static void refills_go_on_until_it_is_used(void)
{
	static uint8_t old[16384];
	struct bytes first;

	ready();
	T_CHECK(tells(ROLE_STOP, 1));
	memcpy(old, items[0].p, items[0].n);
	first = bytes_of(old, items[0].n);
	holding_next();
	holding.limit = xem(X(200000000));
	holding_seal(attest, 3);
	T_CHECK(tells(ROLE_STOP, 1));
	/* under the first: as ever */
	items[0] = first;
	T_CHECK(tells(ROLE_STOP, 4));
	T_EQ(r.w.holding.doc.number, 1);
	/* in part under the second: it does not rule yet, one holder's word is not enough for that
	 */
	holding_seal(attest, 3);
	refill_make(K_PURSE);
	answers_make();
	for (size_t i = 0; i < 3; i++) {
		answer[i].sequence += 10;
		answer_put(i);
	}
	T_CHECK(tells(ROLE_STOP, 3));
	T_EQ(r.w.holding.doc.number, 1);
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.retired.n, 0);
	restart();
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.refills_n, 1);
	items[0] = first;
	T_CHECK(!tells(ROLE_STOP, 1));
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.code, err_slug(ERR_STATE));
}

/* Told of a third one with a refill when the second waits. */
static void a_holding_comes_with_a_refill(void)
{
	ready();
	T_CHECK(tells(ROLE_STOP, 1));
	holding_next();
	holding.limit = xem(X(90000000));
	holding_seal(NULL, 0);
	T_CHECK(tells(ROLE_STOP, 1));
	holding_next();
	holding_seal(NULL, 0);
	refill_make(K_PURSE);
	answers_make();
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.holding.doc.number, 3);
	T_EQ(r.w.next_holding.doc.number, 0);
	/* who is retired now finds no room */
	r.w.retired.n = COLD_RETIRED_MAX;
	holding_next();
	holding.holder_count = 4;
	holding_seal(NULL, 0);
	T_CHECK(!tells(ROLE_STOP, 1));
	T_STR(refusal.code, err_slug(ERR_FULL));
	T_EQ(r.w.holding.doc.number, 3);
}

/* ---- rotation, and what was emptied -------------------------------------------------------- */

static void rotating(enum who to)
{
	rig_new_box = true;
	ready();
	rig_new_box = false;
	CHECK(tells(ROLE_STOP, 1));
	holding_next();
	holders_change();
	holding_seal(attest, 3);
	CHECK(tells(ROLE_STOP, 1));
	rotation_make(to);
}

static void former_holders_fill_a_new_box(void)
{
	struct nem_address box;
	uint64_t balance, left;

	rotating(K_NEW_BOX);
	answers_make();
	T_CHECK(tells(ROLE_STOP, 5));
	T_EQ(r.w.holding.doc.number, 2);
	T_EQ(r.w.retired.n, 5);
	announced(&plan.unit);
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	box = address_of(K_NEW_BOX);
	T_CHECK(watch_balance(&r.w, PUBLIC, &box, &balance, &left));
	T_CHECK(balance > X(999000));
	restart();
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
}

static void former_holders_fill_no_purse(void)
{
	rotating(K_PURSE);
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "refill.destination");
	T_EQ(r.w.refills_n, 0);
	/* a stranger is no former holder */
	rotating(K_NEW_BOX);
	refill.initiator = r.chain[K_THIEF].public_key;
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	T_CHECK(!tells(ROLE_STOP, 5));
	T_STR(refusal.field, "refill.cosigners");
	T_CHECK(!watch_frozen(&r.w));
}

/* After the move; the height before it. */
static uint64_t rotated(void)
{
	uint64_t height;

	rotating(K_NEW_BOX);
	answers_make();
	CHECK(tells(ROLE_STOP, 5));
	height = watch_height(&r.w, PUBLIC);
	announced(&plan.unit);
	CHECK(r.w.alarms == 0);
	return height;
}

static void pays(enum who from, enum who to, uint64_t micro)
{
	struct nem_tx tx = tx_transfer(from, to, micro);

	tx_sign(&tx, from);
	CHECK(nis_say(PUBLIC, &tx) == NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	wait_ms(2000);
}

static void coins_into_an_emptied_box_are_called(void)
{
	uint64_t height = rotated();

	/* into one that is filled, or into the new one: no matter */
	pays(K_CUSTOMER, K_NEW_BOX, X(1));
	pays(K_CUSTOMER, K_SPARE0, X(1));
	T_EQ(r.w.alarms, 0);
	pays(K_CUSTOMER, K_BOX, X(1));
	T_EQ(r.w.alarms, 1); /* once, though two nodes show it */
	T_CHECK(!watch_frozen(&r.w));
	/* undone and mined again, and after a restart: the same coins are the same call */
	feed_undo(PUBLIC, height);
	feed_undo(CLEAN, height);
	feed_all();
	wait_ms(2000);
	T_EQ(r.w.alarms, 1);
	restart();
	T_EQ(r.w.alarms, 1);
	/* others are another, also then; of one box, not without end */
	pays(K_CUSTOMER, K_BOX, X(2));
	T_EQ(r.w.alarms, 2);
	for (unsigned i = 0; i < WATCH_USED_CALLS_MAX + 4; i++) {
		pays(K_CUSTOMER, K_BOX, X(1) + i + 1);
	}
	T_EQ(r.w.alarms, 1 + WATCH_USED_CALLS_MAX);
	T_CHECK(!watch_frozen(&r.w));
}

/* Former holders move what came in; what they signed once is no excuse. */
static void moves_of_an_emptied_box_are_thefts(bool undone, bool restarted)
{
	uint64_t height = rotated();
	struct nem_tx again;

	if (undone) {
		feed_undo(PUBLIC, height);
		feed_undo(CLEAN, height);
		feed_all();
		wait_ms(2000);
	}
	if (restarted) {
		restart();
	}
	T_EQ(r.w.alarms, 0);
	T_CHECK(!watch_frozen(&r.w));
	pays(K_CUSTOMER, K_BOX, X(50));
	again = plan.unit;
	again.multisig.inner.transfer.amount_micro = X(20);
	again.multisig.n = 0;
	CHECK(nem_tx_sign(&again, &r.chain[K_HOLDER0 + 2]) == ERR_OK);
	feed_given(PUBLIC, &again, 1);
	wait_ms(2000);
	T_CHECK(watch_frozen(&r.w));
}

static void an_emptied_box_stays_on_watch(void)
{
	for (unsigned i = 0; i < 4; i++) {
		moves_of_an_emptied_box_are_thefts((i & 1) != 0, (i & 2) != 0);
	}
}

/* ---- a key that came back from cards ------------------------------------------------------- */

enum { COPY_BATCHES = 8, COPY_BYTES = 16384 };

static struct cold machine; /* of holder 0 */
static struct cold_secrets secrets;
static uint8_t batch[COPY_BATCHES][COPY_BYTES];
static size_t batch_n[COPY_BATCHES];
static size_t batches;
static uint8_t batch_room[COLD_BATCH_BYTES];

static enum err batch_append(void *context, struct bytes raw)
{
	(void)context;
	CHECK(batches < COPY_BATCHES && raw.n <= COPY_BYTES);
	memcpy(batch[batches], raw.p, raw.n);
	batch_n[batches++] = raw.n;
	return ERR_OK;
}

static const struct cold_journal batch_journal = { NULL, batch_append };

static void machine_begins(void)
{
	memset(&machine, 0, sizeof machine);
	batches = 0;
	secrets.chain = r.chain[K_HOLDER0];
	memcpy(secrets.attest, attest[0].secret, sizeof secrets.attest);
	CHECK(cold_begin(&machine, &secrets, &r.genesis_id, r.wall, &batch_journal, batch_room) ==
	      ERR_OK);
}

/* Holder 0 answers another refill, by his own machine and journal. */
static void machine_signs(uint64_t at_ms)
{
	struct writer w = writer_make(answer_raw[0], sizeof answer_raw[0]);

	refill.time_ms++;
	items[1] = bytes_of(refill_raw,
			    made(refill_raw, sizeof refill_raw, NULL, DOC_REFILL, &refill, NULL));
	CHECK(cold_plan_open(&plan, &rules, items[1]).err == ERR_OK);
	plan.me = &rules.holding.holders[0];
	plan.kind = DOC_ATTEST_COSIGN;
	plan.judged_ms = at_ms;
	plan.tally_raw[0] = bytes_str("for people"); /* who signed judged real ones */
	plan.tally_count = 1;
	memset(secrets.fresh, (int)(refill.time_ms % 200) + 1, sizeof secrets.fresh);
	CHECK(cold_sign(&w, &machine, &plan, &rules, &secrets, bytes_str(plan.words), at_ms,
			&batch_journal, batch_room) == ERR_OK);
	items[2] = bytes_of(answer_raw[0], w.n);
}

/* The machine is lost; a copy of the first n batches of its journal is what there is. */
static void machine_is_restored(size_t n, uint64_t answers, uint64_t at_ms)
{
	memset(&machine, 0, sizeof machine);
	batches = n;
	for (size_t i = 0; i < n; i++) {
		CHECK(cold_replay(&machine, &secrets, bytes_of(batch[i], batch_n[i])) == ERR_OK);
	}
	if (n == 0) {
		CHECK(cold_begin(&machine, &secrets, &r.genesis_id, at_ms, &batch_journal,
				 batch_room) == ERR_OK);
	}
	CHECK(cold_restore(&machine, &secrets, &rules, answers, at_ms, &batch_journal, batch_room)
		  .err == ERR_OK);
}

/*
 * Two answers are known here; what the machine says after a restore from `n` batches of three and
 * the first `old` of the answers.
 */
static bool restored_from(size_t n, uint64_t old)
{
	uint64_t answers = 0;

	ready();
	machine_begins();
	for (uint64_t i = 0; i < 2; i++) {
		machine_signs(r.wall + i);
		CHECK(tells(ROLE_STOP, 3));
		if (i < old) {
			CHECK(
			    cold_restore_answer(&answers, &rules, &secrets, items[2], r.wall + 1000)
				.err == ERR_OK);
		}
	}
	machine_is_restored(n, answers, r.wall + 1000);
	machine_signs(r.wall + 7 * UINT64_C(86400000));
	return tells(ROLE_STOP, 3);
}

static void a_restored_journal_without_its_newest_entry(void)
{
	/* whatever is missing, the newest answer alone as well: watchers freeze, and say why */
	for (size_t n = 0; n < 6; n++) {
		T_CHECK(!restored_from(n % 3, n / 3));
		T_STR(refusal.code, err_slug(ERR_ONCE));
		T_STR(refusal.field, "answer.sequence");
		T_CHECK(strstr(refusal.detail, "journal") != NULL);
		T_CHECK(watch_frozen(&r.w));
		T_CHECK(!watch_evacuating(&r.w));
	}
	/* with the newest copy the restored one goes on behind it */
	T_CHECK(restored_from(3, 0));
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.alarms, 0);
	/* and with its own newest answer without any */
	for (size_t n = 0; n < 4; n++) {
		T_CHECK(restored_from(n, 2));
		T_CHECK(!watch_frozen(&r.w));
		T_EQ(r.w.alarms, 0);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what holders signed is no theft", what_holders_signed_is_no_theft },
		{ "what is not told is a theft", what_is_not_told_is_a_theft },
		{ "another wrapper is a theft", another_wrapper_is_a_theft },
		{ "seen a moment before it is told", seen_a_moment_before },
		{ "a refill told wrongly", told_wrongly },
		{ "a holder's journal that forked", a_journal_that_forked },
		{ "a holder's journal that went back", a_journal_that_went_back },
		{ "an answer that was lost and found", an_answer_that_was_lost_and_found },
		{ "an ordinary mark is nothing", an_ordinary_mark_is_nothing },
		{ "the other mark freezes", the_other_mark_freezes },
		{ "marks stripped, forged, replayed", stripped_forged_replayed },
		{ "who is not registered is not called", unregistered },
		{ "refused for another reason, and heard", refused_and_heard },
		{ "the freeze alone says nothing", the_freeze_alone_says_nothing },
		{ "a holding is told alone", the_holding_alone },
		{ "a restored journal without its newest entry",
		  a_restored_journal_without_its_newest_entry },
		{ "who signs the next holding", who_signs_the_next_holding },
		{ "refills go on until the next holding is used", refills_go_on_until_it_is_used },
		{ "a holding comes with a refill", a_holding_comes_with_a_refill },
		{ "former holders fill a new box", former_holders_fill_a_new_box },
		{ "former holders fill no purse", former_holders_fill_no_purse },
		{ "coins into an emptied box are called", coins_into_an_emptied_box_are_called },
		{ "an emptied box stays on watch", an_emptied_box_stays_on_watch },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
