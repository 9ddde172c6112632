/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a restored key signs nothing that its lost journal forbade: neither another refill of a box
 * that it signed for, nor more than its limit, nor under older rules; not by a clock that runs
 * ahead, nor by watchers who do.  Drills count for whom they name, as long as they say, and as many
 * of them as a recovery needs.
 *
 * Method: the journal of cold_world.h is lost, or kept as a copy; clocks and tallies are moved.
 */
#include "cold_world.h"

#include "t.h"

#include "cold/cold_drill.h"
#include "cold/cold_restore.h"

#define MINUTE UINT64_C(60000)

/* The whole world, people and chain, is so much later; what is final is six hours old. */
static void pass(uint64_t ms, uint64_t chain_ms, uint64_t final_ms)
{
	uint32_t now_s;

	world.q.now_ms = NOW + ms;
	for (size_t i = 0; i < 3; i++) {
		world_tally(i);
		world.tally[i].time_ms = NOW + ms - 1000;
		CHECK(nem_time_from_unix_ms(&now_s, NOW + chain_ms) == ERR_OK);
		world.tally[i].chain_time_nem_s = now_s;
		CHECK(nem_time_from_unix_ms(&now_s, NOW + final_ms) == ERR_OK);
		world.tally[i].final_time_nem_s = now_s;
	}
	CHECK(nem_time_from_unix_ms(&now_s, NOW + ms) == ERR_OK);
	world.refill.timestamp_nem_s = now_s;
	world.refill.deadline_nem_s = now_s + 86400;
}

static enum err restored(uint64_t now_ms)
{
	return cold_restore(&world.cold, &world.holder[0], &world.rules, 0, now_ms, &world_journal,
			    world.buffer)
	    .err;
}

/* What the journal says after a restart. */
static enum err again(void)
{
	enum err e = ERR_OK;

	memset(&world.cold, 0, sizeof world.cold);
	for (size_t i = 0; e == ERR_OK && i < world.batches; i++) {
		e = cold_replay(&world.cold, &world.holder[0],
				bytes_of(world.batch[i], world.batch_n[i]));
	}
	return e;
}

static void a_restored_key_waits(void)
{
	uint64_t until;

	world_make();
	T_EQ(cold_restored_until(&world.cold, &world.rules), 0);
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(restored(NOW), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.restored_ms, NOW);
	until = cold_restored_until(&world.cold, &world.rules);
	T_EQ(until, NOW + 7 * DAY);
	T_EQ(world_ask().err, ERR_WAIT);
	T_STR(world_judge().field, "journal");
	pass(7 * DAY - 1000, 7 * DAY - 1000, 7 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_WAIT);
	pass(7 * DAY, 7 * DAY, 7 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW + 7 * DAY), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.answers, 1);
}

static void neither_clock_alone_ends_it(void)
{
	world_make();
	T_EQ(restored(NOW), ERR_OK);
	/* ours runs ahead, and theirs: within what a tally may differ by */
	pass(7 * DAY, 7 * DAY - 50 * MINUTE, 7 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_WAIT);
	pass(7 * DAY - 9 * MINUTE, 7 * DAY + 50 * MINUTE, 7 * DAY - DAY / 4);
	world.refill.timestamp_nem_s += 9 * 60;
	T_EQ(world_ask().err, ERR_WAIT);
	/* one watcher of the three lags: the least counts */
	pass(7 * DAY, 7 * DAY, 7 * DAY - DAY / 4);
	world.tally[1].chain_time_nem_s -= 1;
	T_EQ(world_ask().err, ERR_WAIT);
	world.tally[1].chain_time_nem_s += 1;
	T_EQ(world_ask().err, ERR_OK);
}

static void an_old_refill_must_have_run_out_for_good(void)
{
	/* a window shorter than what a refill lives does not shorten it */
	const uint64_t least = COLD_RESTORED_MS;

	world_make();
	world.holding.window_ms = 1;
	world_believe();
	T_EQ(restored(NOW), ERR_OK);
	T_EQ(cold_restored_until(&world.cold, &world.rules), NOW + least);
	T_CHECK(least > DAY + COLD_AHEAD_MS);
	pass(least, least, least);
	T_EQ(world_ask().err, ERR_WAIT); /* the last second is not over */
	pass(least + DAY / 4, least + DAY / 4, least);
	T_EQ(world_ask().err, ERR_WAIT);
	pass(least + DAY / 4, least + DAY / 4, least + 1000);
	world.tally[2].final_time_nem_s -= 1;
	T_EQ(world_ask().err, ERR_WAIT);
	world.tally[2].final_time_nem_s += 1;
	T_EQ(world_ask().err, ERR_OK);
}

static void a_copy_binds_longer(void)
{
	world_make();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	T_EQ(again(), ERR_OK); /* the copy, on another machine */
	T_EQ(restored(NOW - 1), ERR_CLOCK);
	T_EQ(restored(NOW + DAY), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.box_count, 1);
	T_EQ(cold_spent(&world.cold, &world.rules, NOW + DAY, 0, NULL), BOX);
	/* the wait over: another refill of the box must still name the one before it */
	pass(8 * DAY, 8 * DAY, 8 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_STATE);
	T_STR(world_judge().field, "refill.previous");
	world.refill.previous = world.cold.boxes[0].refill;
	T_EQ(world_ask().err, ERR_OK);
	/* a second restore waits anew */
	T_EQ(restored(NOW + 8 * DAY), ERR_OK);
	T_EQ(world_ask().err, ERR_WAIT);
}

static void older_rules_stay_refused(void)
{
	world_make();
	CHECK(world_rules(2).err == ERR_OK);
	T_EQ(restored(NOW), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.roster_number, 2);
	CHECK(world_rules(1).err == ERR_OK);
	pass(7 * DAY, 7 * DAY, 7 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_STATE);
	T_STR(world_judge().field, "roster");
	T_EQ(restored(NOW + DAY), ERR_STATE);
	world.cold.roster_number = 1;
	world.cold.holding_number = 2;
	T_EQ(restored(NOW + DAY), ERR_STATE);
	world.cold.holding_number = 1;
	world.cold.genesis_id.b[0] ^= 1;
	T_EQ(restored(NOW + DAY), ERR_GENESIS);
	world.cold.genesis_id.b[0] ^= 1;
	world.append = ERR_FULL;
	T_EQ(restored(NOW + DAY), ERR_FULL);
	T_CHECK(world.cold.broken);
	world.append = ERR_OK;
	T_EQ(restored(NOW + DAY), ERR_STATE);
	memset(&world.cold, 0, sizeof world.cold);
	T_EQ(restored(NOW + DAY), ERR_STATE);
}

/* ---- drills -------------------------------------------------------------------------------- */

static struct world_raw drills[WORLD_HOLDERS];

static void drill(size_t i, uint64_t now_ms, uint64_t days)
{
	struct writer w = writer_make(drills[i].p, sizeof drills[i].p);

	CHECK(cold_drill_make(&w, &world.rules, &world.holder[i], now_ms, days) == ERR_OK);
	drills[i].n = w.n;
}

static enum err valid(size_t i, uint64_t now_ms)
{
	const struct doc_holder *h = NULL;
	struct policy_verdict v =
	    cold_drill_valid(&h, &world.rules, bytes_of(drills[i].p, drills[i].n), now_ms);

	CHECK((v.err == ERR_OK) == (h == &world.rules.holding.holders[i]));
	return v.err;
}

static void a_drill_is_good_until_it_says(void)
{
	uint8_t room[COLD_DRILL_BYTES];
	struct writer w = writer_make(room, sizeof room), spoilt = w;
	struct cold_secrets nobody, half;
	uint8_t key[COLD_KEY_BYTES] = { 1 };

	world_make();
	drill(1, NOW, 30);
	T_EQ(valid(1, NOW), ERR_OK);
	T_EQ(valid(1, NOW + 30 * DAY - 1), ERR_OK);
	T_EQ(valid(1, NOW + 30 * DAY), ERR_EXPIRED);
	T_EQ(valid(1, NOW - COLD_AHEAD_MS), ERR_OK);
	T_EQ(valid(1, NOW - COLD_AHEAD_MS - 1), ERR_CLOCK);
	T_EQ(cold_drill_make(&w, &world.rules, &world.holder[0], NOW, 0), ERR_FIELD_RANGE);
	T_EQ(cold_drill_make(&w, &world.rules, &world.holder[0], NOW, COLD_DRILL_DAYS_MAX + 1),
	     ERR_FIELD_RANGE);
	cold_secrets_make(&nobody, key, key);
	T_EQ(cold_drill_make(&w, &world.rules, &nobody, NOW, 1), ERR_KEY);
	half = world.holder[0];
	memcpy(half.attest, nobody.attest, sizeof half.attest);
	T_EQ(cold_drill_make(&w, &world.rules, &half, NOW, 1), ERR_KEY);
	spoilt.bad = true;
	T_EQ(cold_drill_make(&spoilt, &world.rules, &world.holder[0], NOW, 1), ERR_TOO_LARGE);
	T_EQ(w.n, 0);
	T_EQ(cold_drill_make(&w, &world.rules, &world.holder[0], NOW, COLD_DRILL_DAYS_MAX), ERR_OK);
	T_CHECK(w.n < sizeof room / 2);
	T_EQ(cold_drill_make(&w, &world.rules, &world.holder[0], NOW, 1), ERR_TOO_LARGE);
	/* the same people under another holding: their cards are as good */
	world.holding.limit = xem(BOX);
	world_believe();
	T_EQ(valid(1, NOW), ERR_OK);
}

static void a_drill_of_others_counts_for_nobody(void)
{
	struct doc_drill d = { .time_ms = NOW, .valid_until_ms = NOW + DAY };

	world_make();
	d.genesis = world.genesis_id;
	d.holding = world.rules.holding_id;
	d.key = world.holding.holders[0].key;
	d.attest_key = world.holding.holders[0].attest_key;
	(void)snprintf(d.holder, sizeof d.holder, "holder-0");
#define SEALED(secret, n) world_seal(&drills[0], NULL, DOC_DRILL, &d, secret, n), valid(0, NOW)
	T_EQ((SEALED(&world.holder[0].attest, 1)), ERR_OK);
	T_EQ((SEALED(NULL, 0)), ERR_SIGNATURE);
	T_EQ((SEALED(&world.holder[1].attest, 1)), ERR_SIGNATURE);
	T_EQ((SEALED(world.officer, 2)), ERR_SIGNATURE);
	(void)snprintf(d.holder, sizeof d.holder, "holder-1");
	T_EQ((SEALED(&world.holder[0].attest, 1)), ERR_KEY);
	(void)snprintf(d.holder, sizeof d.holder, "holder-9");
	T_EQ((SEALED(&world.holder[0].attest, 1)), ERR_SIGNER_UNKNOWN);
	(void)snprintf(d.holder, sizeof d.holder, "holder-0");
	d.key.b[3] ^= 1;
	T_EQ((SEALED(&world.holder[0].attest, 1)), ERR_KEY);
	d.key.b[3] ^= 1;
	d.attest_key = world.holding.holders[1].attest_key;
	T_EQ((SEALED(&world.holder[1].attest, 1)), ERR_KEY);
	d.attest_key = world.holding.holders[0].attest_key;
	d.genesis.b[0] ^= 1;
	world_seal(&drills[0], NULL, DOC_DRILL, &d, &world.holder[0].attest, 1);
	T_EQ(valid(0, NOW), ERR_GENESIS);
	drills[0] = world.tally_raw[0];
	T_EQ(valid(0, NOW), ERR_TYPE);
	/* a year and no more, and not backwards: such documents are none */
	d.genesis.b[0] ^= 1;
	for (unsigned i = 0; i < 2; i++) {
		struct writer w = writer_make(drills[0].p, sizeof drills[0].p);

		d.valid_until_ms = i == 0 ? NOW : NOW + DOC_DRILL_MAX_MS + 1;
		T_EQ(doc_drill_make(&w, NULL, &d, world.holder[0].attest), ERR_FIELD_RANGE);
	}
}

static void as_many_drills_as_a_recovery_needs(void)
{
	struct bytes raw[WORLD_HOLDERS + 2];

	world_make();
	for (size_t i = 0; i < WORLD_HOLDERS; i++) {
		drill(i, NOW, 10 * (i + 1));
		raw[i] = bytes_of(drills[i].p, drills[i].n);
	}
	T_EQ(cold_drills_suffice(&world.rules, raw, 0, NOW).err, ERR_STALE);
	T_EQ(cold_drills_suffice(&world.rules, raw, 2, NOW).err, ERR_STALE);
	T_EQ(cold_drills_suffice(&world.rules, raw, 3, NOW).err, ERR_OK);
	/* the same one twice is one */
	raw[2] = raw[0];
	T_EQ(cold_drills_suffice(&world.rules, raw, 3, NOW).err, ERR_STALE);
	raw[2] = bytes_of(drills[2].p, drills[2].n - 1);
	T_EQ(cold_drills_suffice(&world.rules, raw, 3, NOW).err, ERR_STALE);
	T_EQ(cold_drills_suffice(&world.rules, raw, 4, NOW).err, ERR_OK);
	raw[2] = bytes_of(drills[2].p, drills[2].n);
	/* they run out one after the other */
	T_EQ(cold_drills_suffice(&world.rules, raw, 5, NOW + 30 * DAY - 1).err, ERR_OK);
	T_EQ(cold_drills_suffice(&world.rules, raw, 5, NOW + 30 * DAY).err, ERR_STALE);
}

static struct policy_verdict learn(uint64_t *answers, struct bytes raw, uint64_t now_ms)
{
	return cold_restore_answer(answers, &world.rules, &world.holder[0], raw, now_ms);
}

/* An answer that holder i signed, in this place. */
static struct bytes answer_in(size_t i, uint64_t place)
{
	static struct world_raw raw;
	struct doc_answer a;
	struct doc d;

	CHECK(doc_open(&d, world.answers[0], &world.genesis_id, NULL) == ERR_OK &&
	      doc_answer_read(&d, &a, NULL) == ERR_OK);
	a.sequence = place;
	world_seal(&raw, NULL, DOC_ANSWER, &a, &world.holder[i].attest, 1);
	return bytes_of(raw.p, raw.n);
}

/* Old answers shorten nothing; the new ones stand behind them. */
static void old_answers_are_counted_on_from(void)
{
	uint64_t answers = 0;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	T_EQ(learn(&answers, world.answers[0], NOW + 1).err, ERR_OK);
	T_EQ(answers, 1);
	T_EQ(learn(&answers, answer_in(0, 41), NOW + 1).err, ERR_OK);
	T_EQ(answers, 42);
	/* an older one takes nothing back */
	T_EQ(learn(&answers, world.answers[0], NOW + 1).err, ERR_OK);
	T_EQ(answers, 42);
	/* nobody else's, nothing else, no other system's, none of the future, none out of reach */
	T_EQ(learn(&answers, answer_in(1, 99), NOW + 1).err, ERR_SIGNATURE);
	T_EQ(learn(&answers, world.q.refill, NOW + 1).err, ERR_TYPE);
	T_EQ(learn(&answers, bytes_str("{}"), NOW + 1).err, ERR_FIELD_MISSING);
	T_EQ(learn(&answers, answer_in(0, 99), NOW - 1).err, ERR_CLOCK);
	T_EQ(learn(&answers, answer_in(0, JSON_INT_MAX), NOW + 1).err, ERR_FIELD_RANGE);
	world.rules.genesis_id.b[0] ^= 1;
	T_EQ(learn(&answers, world.answers[0], NOW + 1).err, ERR_GENESIS);
	world.rules.genesis_id.b[0] ^= 1;
	T_EQ(answers, 42);
	/* the new journal, also after a restart; it waits as long as without them */
	world_sit(0);
	T_EQ(cold_restore(&world.cold, &world.holder[0], &world.rules, answers, NOW + 1,
			  &world_journal, world.buffer)
		 .err,
	     ERR_OK);
	T_EQ(world.cold.answers, 42);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.answers, 42);
	T_EQ(cold_restored_until(&world.cold, &world.rules), NOW + 1 + 7 * DAY);
	world.q.now_ms = NOW + 1;
	T_EQ(world_ask().err, ERR_WAIT);
	pass(7 * DAY + 1, 7 * DAY + 1000, 7 * DAY - DAY / 4);
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW + 7 * DAY + 1), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.answers, 43);
	/* a copy that knows more is not set back by them */
	T_EQ(restored(NOW + 8 * DAY), ERR_OK);
	T_EQ(world.cold.answers, 43);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.answers, 43);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "old answers are counted on from", old_answers_are_counted_on_from },
		{ "a restored key waits", a_restored_key_waits },
		{ "neither clock alone ends it", neither_clock_alone_ends_it },
		{ "an old refill must have run out for good",
		  an_old_refill_must_have_run_out_for_good },
		{ "a copy binds longer", a_copy_binds_longer },
		{ "older rules stay refused", older_rules_stay_refused },
		{ "a drill is good until it says", a_drill_is_good_until_it_says },
		{ "a drill of others counts for nobody", a_drill_of_others_counts_for_nobody },
		{ "as many drills as a recovery needs", as_many_drills_as_a_recovery_needs },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
