/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nobody hands out a holding with keys of his own: officers alone may only take away, what
 * loosens needs as many of the holders before it as a recovery does, and waits by both clocks.
 * Whom it retires signs one thing more, the whole move of a box into a new one that today's holders
 * alone control, and never anything else.
 *
 * Method: the world of cold_world.h with five holders more; each case bends one thing.
 */
#include "cold_said.h"
#include "cold_world.h"

#include "t.h"

#include "cold/cold_drill.h"
#include "cold/cold_holding.h"
#include "cold/cold_restore.h"
#include "cold/cold_self.h"

enum { SIGNERS_MAX = 10 };

static struct cold_secrets fresh[WORLD_HOLDERS]; /* whoever comes */
static struct doc_holding next;
static struct hash32 next_id;
static struct world_raw next_raw;
static struct cold_rules next_rules;
static struct policy_verdict said; /* of the last act */

static void fresh_make(void)
{
	for (uint8_t i = 0; i < WORLD_HOLDERS; i++) {
		uint8_t key[COLD_KEY_BYTES];

		memset(key, 0x60 + i, sizeof key);
		cold_secrets_make(&fresh[i], key, key);
	}
}

/* Holder `at` of next is now who has these secrets. */
static void comes(size_t at, const struct cold_secrets *who, const char *id)
{
	next.holders[at].key = who->chain.public_key;
	cold_secrets_attest(&next.holders[at].attest_key, who);
	(void)snprintf(next.holders[at].id, sizeof next.holders[at].id, "%s", id);
}

/* The successor of the world's holding, as it is. */
static void next_make(void)
{
	next = world.holding;
	next.number = world.holding.number + 1;
	next.previous = world.rules.holding_id;
}

static void all_change(void)
{
	char id[16];

	for (size_t i = 0; i < WORLD_HOLDERS; i++) {
		(void)snprintf(id, sizeof id, "new-%zu", i);
		comes(i, &fresh[i], id);
	}
}

/* Signed by `officers` officers and by n holders of the world. */
static enum err next_seal(size_t officers, const struct cold_secrets *holders, size_t n)
{
	uint8_t secrets[SIGNERS_MAX][DOC_SECRET_BYTES];

	CHECK(officers + n <= SIGNERS_MAX);
	memcpy(secrets, world.officer, officers * sizeof secrets[0]);
	for (size_t i = 0; i < n; i++) {
		memcpy(secrets[officers + i], holders[i].attest, sizeof secrets[0]);
	}
	world_seal(&next_raw, &next_id, DOC_HOLDING, &next, secrets, officers + n);
	next_rules = world.rules;
	said = cold_holding_open(&next_rules, raw_of(&next_raw));
	return said.err;
}

static enum err follows(void)
{
	said = cold_holding_follows(&next_rules, raw_of(&next_raw), &world.holding,
				    &world.rules.holding_id);
	return said.err;
}

static enum err takes(const struct cold_rules *rules, const struct world_raw *raw, uint64_t now_ms)
{
	said = cold_take(&world.cold, &world.holder[0], rules, raw_of(raw), now_ms, &world_journal,
			 world.buffer);
	return said.err;
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

static void ready(void)
{
	world_make();
	fresh_make();
	next_make();
}

/* ---- what it changes, and who must sign it ------------------------------------------------- */

static unsigned loosens(void)
{
	unsigned what = cold_holding_loosens(&world.holding, &next);

	next_make();
	return what;
}

static void what_loosens(void)
{
	ready();
	T_EQ(loosens(), 0);
	next.limit = xem(1);
	next.residue_max = xem(0);
	next.tally_age_ms = 1;
	next.window_ms += 1;
	next.holder_count = 1;
	T_EQ(loosens(), 0);
	next.limit = xem(2 * BOX + 1);
	T_EQ(loosens(), COLD_LOOSENS_LIMIT);
	next.residue_max = xem(5000001);
	T_EQ(loosens(), COLD_LOOSENS_RESIDUE);
	next.window_ms -= 1;
	T_EQ(loosens(), COLD_LOOSENS_WINDOW);
	world.holding.tally_age_ms = 5;
	next_make();
	T_EQ(loosens(), 0);
	next.tally_age_ms = 6;
	T_EQ(loosens(), COLD_LOOSENS_TALLY_AGE);
	/* a new key, a new attest key, a new name for the keys of another */
	comes(1, &fresh[0], "holder-1");
	T_EQ(loosens(), COLD_LOOSENS_HOLDERS);
	next.holders[1].attest_key = world_key(9);
	T_EQ(loosens(), COLD_LOOSENS_HOLDERS);
	(void)snprintf(next.holders[1].id, sizeof next.holders[1].id, "another");
	T_EQ(loosens(), COLD_LOOSENS_HOLDERS);
	/* another registration of who is forced: officers' matter, and at once */
	next.holders[2].registration_n = DOC_MARK_KEY;
	T_EQ(loosens(), 0);
	next.holders[0] = next.holders[1];
	T_EQ(loosens(), 0);
}

static void officers_alone_only_take_away(void)
{
	ready();
	next.holder_count = 4;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(follows(), ERR_OK);
	T_EQ(next_seal(1, NULL, 0), ERR_APPROVALS);
	/* an evil online side, with all officers' keys and holders of its own invention */
	next_make();
	all_change();
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(follows(), ERR_APPROVALS);
	T_STR(said.field, "signatures");
	T_EQ(said.figure, 0);
	T_EQ(said.limit, 3);
	T_EQ(next_seal(2, fresh, 5), ERR_OK);
	T_EQ(follows(), ERR_APPROVALS);
	T_EQ(said.figure, 0);
	/* two of the holders are too few, one key is added to four true ones */
	next_make();
	comes(4, &fresh[0], "mine");
	T_EQ(next_seal(2, world.holder, 2), ERR_OK);
	T_EQ(follows(), ERR_APPROVALS);
	T_EQ(next_seal(2, world.holder, 3), ERR_OK);
	T_EQ(follows(), ERR_OK);
	/* and all holders together are no officers */
	T_EQ(next_seal(1, world.holder, 5), ERR_APPROVALS);
	/* a larger limit is no less */
	next_make();
	next.limit = xem(3 * BOX);
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(follows(), ERR_APPROVALS);
}

static void only_the_next_one(void)
{
	ready();
	next.number = 3;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(follows(), ERR_MISMATCH);
	next_make();
	next.previous.b[0] ^= 1;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(follows(), ERR_MISMATCH);
	T_STR(said.field, "holding");
}

/* ---- one machine --------------------------------------------------------------------------- */

/* World, people and chain, is so much later. */
static void pass(uint64_t ms, uint64_t chain_ms)
{
	uint32_t now_s;

	world.q.now_ms = NOW + ms;
	for (size_t i = 0; i < 3; i++) {
		world.tally[i].time_ms = NOW + ms - 1000;
		CHECK(nem_time_from_unix_ms(&now_s, NOW + chain_ms) == ERR_OK);
		world.tally[i].chain_time_nem_s = now_s;
		world.tally[i].final_time_nem_s = now_s - 21600;
	}
	CHECK(nem_time_from_unix_ms(&now_s, NOW + ms) == ERR_OK);
	world.refill.timestamp_nem_s = now_s;
	world.refill.deadline_nem_s = now_s + 86400;
}

static struct policy_verdict ask_under(const struct cold_rules *rules)
{
	world.q.rules = rules;
	return world_ask();
}

static void what_was_not_taken_binds_nobody(void)
{
	ready();
	next.holder_count = 4;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	REFUSED(ask_under(&next_rules), ERR_STATE, "holding");
	T_EQ(ask_under(&world.rules).err, ERR_OK);
	/* the first, by two people; then it is the only one of its number */
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_OK);
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_ONCE);
	T_EQ(again(), ERR_OK);
	T_EQ(ask_under(&world.rules).err, ERR_OK);
	REFUSED(ask_under(&next_rules), ERR_STATE, "holding");
	world.holding.limit = xem(3 * BOX);
	world_seal(&next_raw, NULL, DOC_HOLDING, &world.holding, world.officer, 2);
	next_rules = world.rules;
	CHECK(cold_holding_open(&next_rules, raw_of(&next_raw)).err == ERR_OK);
	REFUSED(ask_under(&next_rules), ERR_MISMATCH, "holding");
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_MISMATCH);
}

static void what_takes_away_binds_at_once(void)
{
	ready();
	T_EQ(takes(&world.rules, &world.holding_raw, NOW - 900), ERR_OK);
	next.holder_count = 4;
	next.limit = xem(BOX);
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(cold_take_from(&world.cold, &next, NOW), 0);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.retired.n, 1);
	T_STR(world.cold.retired.list[0].id, "holder-4");
	REFUSED(ask_under(&world.rules), ERR_STATE, "holding");
	/* the box has a former cosigner now: it goes into a new box, and no more into a purse */
	REFUSED(ask_under(&next_rules), ERR_MISMATCH, "tally.cosigners");
	cold_rules_know(&next_rules, &world.cold);
	REFUSED(ask_under(&next_rules), ERR_POLICY, "refill.destination");
}

static void what_loosens_waits_by_both_clocks(void)
{
	uint64_t from = NOW - 900 + 7 * DAY;

	ready();
	T_EQ(takes(&world.rules, &world.holding_raw, NOW - 900), ERR_OK);
	next.limit = xem(3 * BOX);
	T_EQ(next_seal(2, world.holder, 3), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.holding_from_ms, from);
	REFUSED(ask_under(&next_rules), ERR_WAIT, "holding");
	T_EQ(ask_under(&world.rules).err, ERR_OK); /* refills go on */
	/* our clock alone, and the chain alone */
	pass(7 * DAY, 7 * DAY - 2000);
	REFUSED(ask_under(&next_rules), ERR_WAIT, "holding");
	REFUSED(ask_under(&world.rules), ERR_STATE, "holding");
	pass(7 * DAY - 2000, 7 * DAY + 2000);
	REFUSED(ask_under(&next_rules), ERR_WAIT, "holding");
	T_EQ(ask_under(&world.rules).err, ERR_OK);
	pass(7 * DAY, 7 * DAY);
	T_EQ(ask_under(&next_rules).err, ERR_OK);
	REFUSED(ask_under(&world.rules), ERR_STATE, "holding");
}

/* One that adds a key and waits, then one that takes the others away. */
static void no_way_around_the_wait(void)
{
	struct doc_holding added;
	struct hash32 added_id;

	ready();
	T_EQ(takes(&world.rules, &world.holding_raw, NOW - 900), ERR_OK);
	next.limit = xem(3 * BOX);
	comes(4, &fresh[0], "added");
	T_EQ(next_seal(2, world.holder, 3), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	added = next;
	added_id = next_id;
	next.number++;
	next.previous = added_id;
	next.holder_count = 1;
	next.holders[0] = added.holders[4];
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	T_EQ(world.cold.holding_from_ms, NOW - 900 + 7 * DAY);
	REFUSED(ask_under(&next_rules), ERR_WAIT, "holding");
	T_EQ(world.cold.retired.n, 5);                          /* holder-4, then four others */
	REFUSED(ask_under(&world.rules), ERR_STATE, "holding"); /* two back */
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.retired.n, 5);
}

static void the_first_is_the_one_that_was_used(void)
{
	ready();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW), ERR_OK);
	next.holder_count = 4;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_MISMATCH);
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_OK);
	/* a new machine takes what is in force, when two people have compared it */
	world_sit(0);
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_OK);
	T_EQ(world.cold.retired.n, 0);
	T_EQ(world.cold.holding_from_ms, 0);
	T_EQ(world_sign(0, 0, NOW), ERR_OK); /* what was judged before */
	/* older than what was used: refused as ever */
	world.cold.holding_number = 2;
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_STATE);
}

static void a_journal_that_fails(void)
{
	ready();
	world.append = ERR_IO;
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_IO);
	T_STR(said.field, "journal");
	T_CHECK(world.cold.broken && !world.cold.held);
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_STATE);
}

/* Batches that this program writes nowhere. */
static void written(struct bytes blob)
{
	struct log_record r = { .kind = LOG_COLD_HOLDING, .time_ms = NOW };
	struct log_batch b;
	struct bytes sealed;

	log_batch_begin(&b, world.buffer, sizeof world.buffer);
	CHECK((blob.n == 0 ? log_batch_add_record(&b, &r) : log_batch_add_blob(&b, &r, blob)) ==
	      ERR_OK);
	log_batch_seal(&sealed, &b, &world.cold.chain, &world.holder[0].journal);
	CHECK(world_append(NULL, sealed) == ERR_OK);
}

static void a_journal_with_something_else_in_it(void)
{
	ready();
	written(bytes_of(NULL, 0));
	T_EQ(again(), ERR_CORRUPT);
	ready();
	written(bytes_str("{}"));
	T_EQ(again(), ERR_CORRUPT);
	ready();
	written(raw_of(&world.refill_raw));
	T_EQ(again(), ERR_CORRUPT);
	ready();
	written(raw_of(&world.holding_raw));
	T_EQ(again(), ERR_OK);
}

static void no_room_for_more_who_left(void)
{
	struct cold_retired twice = { .n = 0 };

	ready();
	next.holder_count = 3;
	T_EQ(cold_retire(&twice, &world.holding, &next), ERR_OK);
	T_EQ(cold_retire(&twice, &world.holding, &next), ERR_OK);
	T_EQ(twice.n, 2); /* who came back and left again is one */
	next_make();
	T_EQ(takes(&world.rules, &world.holding_raw, NOW), ERR_OK);
	world.cold.retired.n = COLD_RETIRED_MAX - 4;
	all_change();
	T_EQ(next_seal(2, world.holder, 3), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_FULL);
	T_EQ(world.cold.retired.n, COLD_RETIRED_MAX - 4);
	world.cold.retired.n = COLD_RETIRED_MAX - 5;
	T_EQ(takes(&next_rules, &next_raw, NOW), ERR_OK);
	T_EQ(world.cold.retired.n, COLD_RETIRED_MAX);
}

/* ---- a holder's word ----------------------------------------------------------------------- */

static enum err endorses(size_t who, size_t room)
{
	static struct world_raw out;
	struct writer w = writer_make(out.p, room < sizeof out.p ? room : sizeof out.p);

	said =
	    cold_endorse(&w, &world.cold, &world.rules, &world.holder[who], raw_of(&next_raw), NOW);
	if (said.err == ERR_OK) {
		out.n = w.n;
		memcpy(next_raw.p, out.p, out.n);
		next_raw.n = out.n;
	}
	return said.err;
}

static void holders_sign_one_by_one(void)
{
	ready();
	all_change();
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(follows(), ERR_APPROVALS);
		T_EQ(endorses(i, WORLD_RAW), ERR_OK);
	}
	T_EQ(endorses(2, WORLD_RAW), ERR_OK); /* again: once */
	next_rules = world.rules;
	T_EQ(cold_holding_open(&next_rules, raw_of(&next_raw)).err, ERR_OK);
	T_CHECK(hash32_eq(&next_rules.holding_id, &next_id));
	T_EQ(follows(), ERR_OK);
}

static void a_holder_signs_no_other(void)
{
	struct cold_secrets mine;

	ready();
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(endorses(0, 100), ERR_TOO_LARGE);
	world.cold.broken = true;
	T_EQ(endorses(0, WORLD_RAW), ERR_STATE);
	world.cold.broken = false;
	mine = world.holder[0];
	world.holder[0] = fresh[0];
	T_EQ(endorses(0, WORLD_RAW), ERR_SIGNER_UNKNOWN);
	world.holder[0] = mine;
	/* one that does not follow, or is none */
	next.number = 3;
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(endorses(0, WORLD_RAW), ERR_MISMATCH);
	next_raw = world.refill_raw;
	T_EQ(endorses(0, WORLD_RAW), ERR_TYPE);
	next_raw.n--;
	T_EQ(endorses(0, WORLD_RAW), ERR_INPUT);
	/* the machine has taken another one meanwhile */
	next_make();
	next.limit = xem(1);
	T_EQ(takes(&world.rules, &world.holding_raw, NOW - 900), ERR_OK);
	T_EQ(next_seal(2, NULL, 0), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	T_EQ(endorses(0, WORLD_RAW), ERR_STATE);
	/* eight signatures are all there are */
	ready();
	T_EQ(next_seal(2, fresh, 5), ERR_OK);
	T_EQ(endorses(0, WORLD_RAW), ERR_OK);
	T_EQ(endorses(1, WORLD_RAW), ERR_FIELD_RANGE);
}

/* ---- rotation ------------------------------------------------------------------------------ */

static uint8_t drill_room[3][COLD_DRILL_BYTES];
static struct bytes drills[3];

/* These of the new holders have tried their cards, the day before. */
static void drilled(uint64_t now_ms)
{
	for (size_t i = 0; i < 3; i++) {
		struct writer w = writer_make(drill_room[i], sizeof drill_room[i]);

		CHECK(cold_drill_make(&w, &next_rules, &fresh[i], now_ms - DAY, 30) == ERR_OK);
		drills[i] = bytes_of(w.p, w.n);
	}
	world.q.drills = drills;
	world.q.drill_count = 3;
}

/* The box of the refill belongs to five former holders, the second box of genesis to five new. */
static void rotating(void)
{
	ready();
	T_EQ(takes(&world.rules, &world.holding_raw, NOW - 900), ERR_OK);
	all_change();
	T_EQ(next_seal(2, world.holder, 3), ERR_OK);
	T_EQ(takes(&next_rules, &next_raw, NOW - 900), ERR_OK);
	cold_rules_know(&next_rules, &world.cold);
	T_EQ(next_rules.retired.n, 5);
	world.q.rules = &next_rules;
	world.refill.destination = world.genesis.boxes[1];
	for (size_t i = 0; i < 3; i++) {
		struct doc_tallied *a = &world.tally[i].accounts[0];

		a->needed = 3;
		a->cosigner_count = WORLD_HOLDERS;
		for (size_t k = 0; k < WORLD_HOLDERS; k++) {
			a->cosigners[k].key = next.holders[k].key;
		}
		qsort(a->cosigners, WORLD_HOLDERS, sizeof a->cosigners[0], world_order);
	}
	pass(7 * DAY, 7 * DAY);
	drilled(NOW + 7 * DAY);
}

/* "": no such line */
static const char *line_of(const char *label)
{
	for (size_t i = 0; i < world.plan.line_count; i++) {
		if (strcmp(world.plan.lines[i].label, label) == 0) {
			return world.plan.lines[i].value;
		}
	}
	return "";
}

static void a_box_moves_whole_into_a_new_one(void)
{
	rotating();
	T_EQ(world_ask().err, ERR_OK);
	T_STR(line_of("  our box, number"), "2");
	T_CHECK(strncmp(line_of("  a former holder"), "holder-", 7) == 0);
	T_STR(line_of("you are"), "holder-0");
	T_EQ(world_sign(0, 0, NOW + 7 * DAY), ERR_OK);
	T_EQ(again(), ERR_OK);
	T_EQ(world.cold.answers, 1);
	/* what went there is money of the new holders: nobody else counts it to his limit */
	T_EQ(cold_spent(&world.cold, &next_rules, NOW + 7 * DAY, 0, NULL), BOX);
}

/* Nothing goes to holders who have not shown that their cards bring their keys back. */
static void not_without_drills(void)
{
	rotating();
	world.q.drill_count = 2;
	REFUSED(world_ask(), ERR_STALE, "drill");
	world.q.drill_count = 3;
	drills[2] = drills[1];
	REFUSED(world_ask(), ERR_STALE, "drill");
	drilled(NOW + 7 * DAY);
	T_EQ(world_ask().err, ERR_OK);
	drilled(NOW - 23 * DAY);
	REFUSED(world_ask(), ERR_STALE, "drill");
	/* those of the holders who leave */
	for (size_t i = 0; i < 3; i++) {
		struct writer w = writer_make(drill_room[i], sizeof drill_room[i]);

		CHECK(cold_drill_make(&w, &world.rules, &world.holder[i], NOW, 30) == ERR_OK);
		drills[i] = bytes_of(w.p, w.n);
	}
	REFUSED(world_ask(), ERR_STALE, "drill");
}

#define BENT_ROTATION(bend, e, f)           \
	do {                                \
		rotating();                 \
		bend;                       \
		REFUSED(world_ask(), e, f); \
	} while (0)

static void and_nowhere_else(void)
{
	struct key32 thief = world_key(77);

	/* a purse, a spare box that a hot account evacuates to, a stranger, itself */
	BENT_ROTATION(world_address(&world.refill.destination, &world.genesis.hot[1].public_key),
		      ERR_POLICY, "refill.destination");
	BENT_ROTATION(world.refill.destination = world.genesis.spares[2], ERR_POLICY,
		      "refill.destination");
	BENT_ROTATION(world_address(&world.refill.destination, &thief), ERR_POLICY,
		      "refill.destination");
	BENT_ROTATION(world.refill.destination = world.genesis.boxes[0], ERR_POLICY,
		      "refill.destination");
	/* part of the box stays behind; more than the limit */
	BENT_ROTATION(world_amounts(BOX - 5000001), ERR_POLICY, "refill.amount");
	BENT_ROTATION(next_rules.holding.limit = xem(BOX - 1), ERR_CAP, "holding.limit");
	/* a step once more: coins have left the box; dust does not make it new */
	BENT_ROTATION(world.tally[2].accounts[1].spent = xem(1);
		      world.tally[2].accounts[1].received = xem(BOX + 1), ERR_ONCE, "tally.spent");
	BENT_ROTATION(world.tally[1].accounts[1].open = 1, ERR_STATE, "tally.open");
}

static void the_new_box_is_the_new_holders_alone(void)
{
	for (size_t i = 0; i < 3; i++) {
		struct doc_tallied *a = &world.tally[i].accounts[0];

		/* a former holder, or a stranger, among its cosigners */
		BENT_ROTATION(a->cosigners[4].key = world.holding.holders[4].key;
			      qsort(a->cosigners, 5, sizeof a->cosigners[0], world_order),
			      ERR_MISMATCH, "tally.cosigners");
		BENT_ROTATION(memset(a->cosigners[4].key.b, 0xff, 32), ERR_MISMATCH,
			      "tally.cosigners");
		BENT_ROTATION(a->cosigner_count = 4, ERR_MISMATCH, "tally.cosigners");
		BENT_ROTATION(a->needed = 2, ERR_MISMATCH, "tally.cosigners");
		/* used, in use, filled; or a watcher does not say */
		BENT_ROTATION(a->spent = a->received = xem(1), ERR_STATE, "tally.spent");
		BENT_ROTATION(a->open = 1, ERR_STATE, "tally.spent");
		BENT_ROTATION(a->balance = a->received = xem(5000001), ERR_STATE, "tally.balance");
		BENT_ROTATION(a->balance = a->received = xem((u128)1 << 70), ERR_STATE,
			      "tally.balance");
		BENT_ROTATION(a->account = world_key(101), ERR_NOT_FOUND, "tally.accounts");
	}
	/* dust alone is no hindrance; nor where the holding cares for no residue */
	rotating();
	world.tally[0].accounts[0].balance = world.tally[0].accounts[0].received = xem(5000000);
	T_EQ(world_ask().err, ERR_OK);
	next_rules.holding.residue_max = xem((u128)1 << 70);
	T_EQ(world_ask().err, ERR_OK);
}

static void a_former_key_signs_nothing_else(void)
{
	/* a box of the new holders, by a former one: not its cosigner */
	rotating();
	for (size_t i = 0; i < 3; i++) {
		struct doc_tallied *a = world.tally[i].accounts;
		struct doc_tallied was = a[0];

		a[0].account = a[1].account;
		a[0].balance = a[0].received = xem(BOX);
		was.account = world_key(51);
		a[1] = was;
	}
	REFUSED(world_ask(), ERR_MISMATCH, "refill.cosigners");
	/* a new holder has no part in an old box */
	rotating();
	world.refill.initiator = next.holders[0].key;
	REFUSED(world_ask(), ERR_MISMATCH, "refill.cosigners");
	/* whom no holding of this machine ever named */
	rotating();
	world.tally[0].accounts[1].cosigners[4].key = world_key(0xff);
	REFUSED(world_ask(), ERR_MISMATCH, "tally.cosigners");
	/* a box without former holders goes where it always went, and into no box */
	rotating();
	next_rules.holding = world.holding;
	next_rules.retired.n = 0;
	world.cold.held = false;
	REFUSED(world_ask(), ERR_POLICY, "refill.destination");
}

/* For whoever holds no key: watchers, and the officer who collects. */
static void without_a_key(void)
{
	const struct doc_holder *who;
	struct doc_answer a;
	static uint8_t other[WORLD_RAW];

	rotating();
	T_EQ(world_ask().err, ERR_OK);
	T_EQ(world_sign(0, 0, NOW + 7 * DAY), ERR_OK);
	T_EQ(cold_plan_open(&world.plan, &next_rules, world.q.refill).err, ERR_OK);
	T_EQ(cold_plan_answer(&world.plan, &next_rules, world.answers[0], &a, &who).err, ERR_OK);
	T_STR(who->id, "holder-0");
	REFUSED(cold_plan_answer(&world.plan, &next_rules, world.answers[0], &a, &who), ERR_ONCE,
		"answer.holder");
	/* somebody whom no holding names, as cosigner and as wrapper */
	next_rules.retired.n = 4;
	T_EQ(cold_plan_open(&world.plan, &next_rules, world.q.refill).err, ERR_OK);
	next_rules.retired.list[1] = next_rules.retired.list[4];
	REFUSED(cold_plan_open(&world.plan, &next_rules, world.q.refill), ERR_SIGNER_UNKNOWN,
		"refill.cosigners");
	memcpy(other, world.answers[0].p, world.answers[0].n);
	REFUSED(cold_plan_answer(&world.plan, &next_rules, world.q.refill, &a, &who), ERR_TYPE,
		"answer");
	/* former holders pay no purse */
	rotating();
	world_address(&world.refill.destination, &world.genesis.hot[1].public_key);
	world_again();
	REFUSED(cold_plan_open(&world.plan, &next_rules, world.q.refill), ERR_POLICY,
		"refill.destination");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what loosens", what_loosens },
		{ "officers alone only take away", officers_alone_only_take_away },
		{ "only the next one follows", only_the_next_one },
		{ "what was not taken binds nobody", what_was_not_taken_binds_nobody },
		{ "what takes away binds at once", what_takes_away_binds_at_once },
		{ "what loosens waits by both clocks", what_loosens_waits_by_both_clocks },
		{ "no way around the wait", no_way_around_the_wait },
		{ "the first is the one that was used", the_first_is_the_one_that_was_used },
		{ "a journal that fails", a_journal_that_fails },
		{ "a journal with something else in it", a_journal_with_something_else_in_it },
		{ "no room for more who left", no_room_for_more_who_left },
		{ "holders sign one by one", holders_sign_one_by_one },
		{ "a holder signs no other", a_holder_signs_no_other },
		{ "a box moves whole into a new one", a_box_moves_whole_into_a_new_one },
		{ "not without drills", not_without_drills },
		{ "and nowhere else", and_nowhere_else },
		{ "the new box is the new holders' alone", the_new_box_is_the_new_holders_alone },
		{ "a former key signs nothing else", a_former_key_signs_nothing_else },
		{ "without a key", without_a_key },
	};

	CHECK(crypto_init() == ERR_OK);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
