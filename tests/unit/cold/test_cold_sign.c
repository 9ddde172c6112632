/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: three holders move one box, once; nothing is signed that was not confirmed and durable
 * before; what a key signed is remembered over a restart, and binds it.  Method: whole ceremonies
 * against a journal in memory that fails when it is told to.
 */
#include "cold_world.h"

#include "t.h"

#include "cold/cold_self.h"

static struct doc_answer answer_of(size_t at)
{
	struct doc_answer a;
	struct doc d;

	CHECK(doc_open(&d, world.answers[at], &world.genesis_id, NULL) == ERR_OK);
	CHECK(doc_answer_read(&d, &a, NULL) == ERR_OK);
	return a;
}

/* Both cosigners answer; holder 2 sits down to wrap. */
static enum err cosigned(void)
{
	for (size_t i = 0; i < 2; i++) {
		world_sit(i);
		if (world_ask().err != ERR_OK || world_sign(i, i, NOW) != ERR_OK) {
			return ERR_STATE;
		}
	}
	world_sit(2);
	world.q.answer_count = 2;
	return ERR_OK;
}

static void three_holders_move_a_box(void)
{
	struct doc_answer a;
	struct doc d;

	world_make();
	T_EQ(cosigned(), ERR_OK);
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world.plan.kind, DOC_ATTEST_WRAP);
	T_EQ(world_sign(2, 2, NOW + 1), ERR_OK);
	/* complete: every signature verifies, and as many as the box needs */
	T_EQ(nem_tx_verify(&world.plan.unit), ERR_OK);
	T_EQ(world.plan.unit.multisig.n, 2);
	a = answer_of(2);
	T_EQ(a.kind, DOC_ATTEST_WRAP);
	T_EQ(a.sequence, 0);
	T_STR(a.holder, "holder-2");
	T_EQ(money_units(&a.spent), BOX);
	T_CHECK(hash32_eq(&a.head, &world.cold.chain.head));
	T_CHECK(hash32_eq(&a.inner_hash, &world.plan.inner_hash));
	T_CHECK(hash32_eq(&a.holding, &world.rules.holding_id));
	T_CHECK(doc_open(&d, world.answers[2], &world.genesis_id, NULL) == ERR_OK &&
		doc_signed_by(&d, &world.holding.holders[2].attest_key));
	T_EQ(world.batches, 2);
}

static void nothing_without_confirmation(void)
{
	uint8_t room[COLD_ANSWER_BYTES];
	struct writer w = writer_make(room, sizeof room);
	struct writer small = writer_make(room, sizeof room - 1);
	struct writer bad = { .p = room, .cap = sizeof room, .bad = true };

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	world_fresh(0);
	world_fresh(1);
#define TRY(out, who, words, now)                                                                 \
	cold_sign(&(out), &world.cold, &world.plan, &world.rules, &world.holder[who], words, now, \
		  &world_journal, world.buffer)
	T_EQ(TRY(w, 0, bytes_str("yes"), NOW), ERR_MISMATCH);
	T_EQ(TRY(w, 0, bytes_str(""), NOW), ERR_MISMATCH);
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW - 1), ERR_STATE);
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW + COLD_CONFIRM_MS + 1), ERR_STATE);
	T_EQ(TRY(w, 1, bytes_str(world.plan.words), NOW), ERR_KEY);
	world.cold.key.b[0] ^= 1; /* the journal of somebody else */
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW), ERR_KEY);
	world.cold.key.b[0] ^= 1;
	T_EQ(TRY(small, 0, bytes_str(world.plan.words), NOW), ERR_TOO_LARGE);
	T_EQ(TRY(bad, 0, bytes_str(world.plan.words), NOW), ERR_TOO_LARGE);
	world.cold.begun = false;
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW), ERR_STATE);
	world.cold.begun = true;
	/* none of that wrote a record or a byte of an answer */
	T_EQ(world.batches, 1);
	T_EQ(w.n, 0);
	T_EQ(world.cold.box_count, 0);
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW + COLD_CONFIRM_MS), ERR_OK);
	/* and not once more with the random bytes that are used up */
	T_EQ(TRY(w, 0, bytes_str(world.plan.words), NOW + COLD_CONFIRM_MS), ERR_STATE);
	T_EQ(world.batches, 2);
}

/* T31: a journal that cannot take it. */
static void nothing_before_the_journal(void)
{
	struct cold_secrets *me = &world.holder[0];

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	world.append = ERR_IO;
	T_EQ(world_sign(0, 0, NOW), ERR_IO);
	T_EQ(world.answers[0].n, 0);
	T_CHECK(world.cold.broken);
	T_EQ(world_ask().err, ERR_STATE);
	world.append = ERR_OK;
	T_EQ(world_sign(0, 0, NOW), ERR_STATE);
	/* a journal that could not be begun */
	memset(&world.cold, 0, sizeof world.cold);
	world.append = ERR_FULL;
	T_EQ(cold_begin(&world.cold, me, &world.genesis_id, NOW, &world_journal, world.buffer),
	     ERR_FULL);
	T_CHECK(world.cold.broken && !world.cold.begun);
}

static enum err replay(struct cold *c, size_t who)
{
	enum err e = ERR_OK;

	memset(c, 0, sizeof *c);
	for (size_t i = 0; e == ERR_OK && i < world.batches; i++) {
		e = cold_replay(c, &world.holder[who], bytes_of(world.batch[i], world.batch_n[i]));
	}
	return e;
}

static void remembers(void)
{
	static struct cold again;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	T_EQ(replay(&again, 0), ERR_OK);
	T_MEM(&again, &world.cold, sizeof again);
	T_EQ(again.answers, 1);
	/* asked again, the same signature; counted once */
	{
		struct doc_answer first = answer_of(0);
		struct doc_answer second;

		T_EQ(world_ask().err, ERR_OK);
		T_EQ(world.plan.spent_micro, BOX);
		T_EQ(world_sign(0, 1, NOW + 5), ERR_OK);
		second = answer_of(1);
		T_MEM(first.signature.b, second.signature.b, 64);
		T_EQ(money_units(&second.spent), BOX);
		T_EQ(second.sequence, 1);
	}
	T_EQ(replay(&again, 0), ERR_OK);
	T_MEM(&again, &world.cold, sizeof again);
	/* another key's journal, and one that was changed or put together anew */
	T_EQ(replay(&again, 1), ERR_CORRUPT); /* other salts */
	world.batch[1][300] ^= 1;
	T_EQ(replay(&again, 0), ERR_CORRUPT);
	world.batch[1][300] ^= 1;
	memcpy(world.batch[1], world.batch[2], world.batch_n[2]);
	world.batch_n[1] = world.batch_n[2];
	T_EQ(replay(&again, 0), ERR_CORRUPT);
}

/* Batches that this program never writes, in our own journal. */
static enum err with(const struct log_record *records, size_t n, struct bytes blob, bool first)
{
	static struct cold c;
	static uint8_t room[4096];
	struct log_record r;
	struct log_batch b;
	struct bytes sealed;

	memset(&c, 0, sizeof c);
	log_chain_init(&c.chain);
	if (!first) {
		CHECK(cold_replay(&c, &world.holder[0],
				  bytes_of(world.batch[0], world.batch_n[0])) == ERR_OK);
	}
	log_batch_begin(&b, room, sizeof room);
	for (size_t i = 0; i < n; i++) {
		r = records[i];
		CHECK((blob.n > 0 ? log_batch_add_blob(&b, &r, blob)
				  : log_batch_add_record(&b, &r)) == ERR_OK);
	}
	{
		struct log_chain chain = c.chain;

		log_batch_seal(&sealed, &b, &chain, &world.holder[0].journal);
	}
	return cold_replay(&c, &world.holder[0], sealed);
}

static void replays_nothing_foreign(void)
{
	struct log_record r = { .kind = LOG_COLD_ANSWER };
	struct log_record start = { .kind = LOG_GENESIS };
	struct log_record two[2];
	static struct world_raw raw;

	world_make();
	T_EQ(with(&r, 1, bytes_str("x"), true), ERR_CORRUPT); /* no first record */
	T_EQ(with(&start, 1, bytes_of(NULL, 0), true), ERR_KEY);
	T_EQ(with(&start, 1, bytes_of(NULL, 0), false), ERR_CORRUPT);
	T_EQ(with(&r, 1, bytes_of(NULL, 0), false), ERR_CORRUPT); /* no blob */
	T_EQ(with(&r, 1, bytes_str("no line feed"), false), ERR_CORRUPT);
	T_EQ(with(&r, 1, bytes_str("no document\n"), false), ERR_CORRUPT);
	raw = world.tally_raw[0];
	raw.p[raw.n++] = '\n';
	T_EQ(with(&r, 1, bytes_of(raw.p, raw.n), false), ERR_CORRUPT); /* no refill */
	two[0] = two[1] = r;
	T_EQ(with(two, 2, bytes_of(NULL, 0), false), ERR_CORRUPT);
	/* and one that it does write */
	raw = world.refill_raw;
	raw.p[raw.n++] = '\n';
	T_EQ(with(&r, 1, bytes_of(raw.p, raw.n), false), ERR_OK);
}

/* A second refill of a box: only in place of one that can no longer be included. */
static void a_box_is_used_once(void)
{
	world_make();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	/* another destination, the same box: refused while the first lives */
	world_address(&world.refill.destination, &world.genesis.hot[2].public_key);
	T_EQ(world_ask().err, ERR_STATE);
	T_STR(world_judge().field, "refill.previous");
	world.refill.previous = world.cold.boxes[0].refill;
	T_EQ(world_ask().err, ERR_WAIT);
	/* two days later, the box untouched, and its day behind a block that nothing undoes */
	world.q.now_ms = NOW + 2 * DAY;
	world.refill.timestamp_nem_s += 2 * 86400;
	world.refill.deadline_nem_s += 2 * 86400;
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].time_ms += 2 * DAY;
		world.tally[i].chain_time_nem_s += 2 * 86400;
	}
	T_EQ(world_ask().err, ERR_WAIT);
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].final_time_nem_s = world.cold.boxes[0].deadline_nem_s + 1;
	}
	/* one watcher who does not say so is enough to wait */
	world.tally[2].final_time_nem_s--;
	T_EQ(world_ask().err, ERR_WAIT);
	world.tally[2].final_time_nem_s++;
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world.plan.spent_micro, BOX); /* in place of it, not beside it */
	T_EQ(world_sign(0, 1, NOW + 2 * DAY), ERR_OK);
	T_EQ(world.cold.box_count, 1);
	/* a holder who has not signed the first knows nothing against the second */
	world_sit(1);
	T_EQ(world_ask().err, ERR_OK);
}

static void a_holder_has_a_limit(void)
{
	world_make();
	world.holding.limit = xem(2 * BOX - 1);
	world_believe();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	/* the second box */
	world.refill.account = world_key(51);
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].accounts[0].account = world_key(50);
		world.tally[i].accounts[1].account = world_key(51);
	}
	T_EQ(world_ask().err, ERR_CAP);
	T_STR(world_judge().field, "holding.limit");
	T_EQ((uint64_t)world_judge().figure, 2 * BOX);
	/* the window is over by our clock alone, by the chain's alone, by both */
	T_EQ(cold_spent(&world.cold, &world.rules, NOW + 8 * DAY, 0, NULL), BOX);
	T_EQ(cold_spent(&world.cold, &world.rules, NOW - 1, UINT32_MAX, NULL), BOX);
	T_EQ(cold_spent(&world.cold, &world.rules, NOW + 6 * DAY, UINT32_MAX, NULL), BOX);
	T_EQ(cold_spent(&world.cold, &world.rules, NOW + 8 * DAY,
			world.tally[0].chain_time_nem_s + 6 * 86400, NULL),
	     BOX);
	T_EQ(cold_spent(&world.cold, &world.rules, NOW + 8 * DAY,
			world.tally[0].chain_time_nem_s + 8 * 86400, NULL),
	     0);
	world.holding.limit = xem(2 * BOX);
	world_believe();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world.plan.spent_micro, 2 * BOX);
	T_EQ(world_sign(0, 1, NOW + 1), ERR_OK);
	T_EQ(world.cold.box_count, 2);
}

#define BENT_ANSWER(bend, e, where)                                                        \
	do {                                                                               \
		struct doc_answer a = answer_of(1);                                        \
		uint8_t(*secret)[DOC_SECRET_BYTES] = &world.holder[1].attest;              \
		bend;                                                                      \
		world_seal(&world.answer_raw[3], NULL, DOC_ANSWER, &a, secret, 1);         \
		world.answers[1] = bytes_of(world.answer_raw[3].p, world.answer_raw[3].n); \
		T_EQ(world_ask().err, e);                                                  \
		T_STR(world_judge().field, where);                                         \
		world.answers[1] = bytes_of(world.answer_raw[1].p, world.answer_raw[1].n); \
	} while (0)

/* Who wraps signs last: a hostile cosigner, and answers of another ceremony. */
static void who_wraps_signs_last(void)
{
	world_make();
	T_EQ(cosigned(), ERR_OK);
	world.q.answer_count = 0;
	T_EQ(world_ask().err, ERR_APPROVALS);
	world.q.answer_count = 1;
	T_EQ(world_ask().err, ERR_APPROVALS);
	world.q.answer_count = 2;
	T_EQ(world_ask().err, ERR_OK);
	BENT_ANSWER((void)snprintf(a.holder, sizeof a.holder, "holder-9"), ERR_SIGNER_UNKNOWN,
		    "answer.holder");
	/* a holder, but not of this refill */
	BENT_ANSWER((void)snprintf(a.holder, sizeof a.holder, "holder-4"), ERR_SIGNER_UNKNOWN,
		    "answer.holder");
	BENT_ANSWER((void)snprintf(a.holder, sizeof a.holder, "holder-0"), ERR_SIGNATURE,
		    "answer.signatures");
	BENT_ANSWER(secret = &world.holder[3].attest, ERR_SIGNATURE, "answer.signatures");
	BENT_ANSWER(a.refill.b[0] ^= 1, ERR_MISMATCH, "answer.refill");
	BENT_ANSWER(a.kind = DOC_ATTEST_WRAP, ERR_MISMATCH, "answer.refill");
	BENT_ANSWER(a.inner_hash.b[0] ^= 1, ERR_MISMATCH, "answer.refill");
	BENT_ANSWER(a.signature.b[0] ^= 1, ERR_SIGNATURE, "answer.signature");
	/* one answer twice is no two people */
	world.answers[1] = world.answers[0];
	T_EQ(world_ask().err, ERR_ONCE);
	world.answers[1] = world.tallies[0];
	T_EQ(world_ask().err, ERR_TYPE);
	world.answers[1] = bytes_str("{}");
	T_STR(world_judge().field, "answer");
}

static enum err open_plan(struct cold_plan *plan)
{
	world_again();
	return cold_plan_open(plan, &world.rules, world.q.refill).err;
}

/* Whoever holds no key puts the same unit together, in any order of the answers. */
static void the_same_without_a_key(void)
{
	static struct cold_plan plan;
	static struct world_raw bent;
	const struct doc_holder *who;
	struct doc_answer a;

	world_make();
	T_EQ(cosigned(), ERR_OK);
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(2, 2, NOW + 1), ERR_OK);
	T_EQ(open_plan(&plan), ERR_OK);
#define TAKE(raw) cold_plan_answer(&plan, &world.rules, raw, &a, &who).err
	for (size_t i = 3; i-- > 0;) {
		T_CHECK(!cold_plan_complete(&plan));
		T_EQ(TAKE(world.answers[i]), ERR_OK);
		T_CHECK(who == &world.rules.holding.holders[i]);
		T_EQ(TAKE(world.answers[i]), ERR_ONCE);
	}
	T_CHECK(cold_plan_complete(&plan));
	T_EQ(nem_tx_verify(&plan.unit), ERR_OK);

	/* a wrapper's answer whose signature is of something else, and one of nobody */
	T_EQ(open_plan(&plan), ERR_OK);
	a = answer_of(2);
	a.signature.b[0] ^= 1;
	world_seal(&bent, NULL, DOC_ANSWER, &a, &world.holder[2].attest, 1);
	T_EQ(TAKE(bytes_of(bent.p, bent.n)), ERR_SIGNATURE);
	a = answer_of(2);
	(void)snprintf(a.holder, sizeof a.holder, "nobody");
	world_seal(&bent, NULL, DOC_ANSWER, &a, &world.holder[2].attest, 1);
	T_EQ(TAKE(bytes_of(bent.p, bent.n)), ERR_SIGNER_UNKNOWN);
	T_CHECK(!cold_plan_complete(&plan));
#undef TAKE

	/* strangers as cosigner or wrapper, and more than a day */
	world.refill.cosigners[1].key = world_key(0xff);
	T_EQ(open_plan(&plan), ERR_SIGNER_UNKNOWN);
	world_refill();
	world.refill.initiator = world_key(0xff);
	T_EQ(open_plan(&plan), ERR_SIGNER_UNKNOWN);
	world_refill();
	world.refill.deadline_nem_s++;
	T_EQ(open_plan(&plan), ERR_FIELD_RANGE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "three holders move a box", three_holders_move_a_box },
		{ "nothing is signed without confirmation", nothing_without_confirmation },
		{ "nothing is signed before the journal", nothing_before_the_journal },
		{ "a key remembers what it signed", remembers },
		{ "a journal replays nothing foreign", replays_nothing_foreign },
		{ "a box is used once", a_box_is_used_once },
		{ "a holder has a limit", a_holder_has_a_limit },
		{ "who wraps signs last", who_wraps_signs_last },
		{ "the same without a key", the_same_without_a_key },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
