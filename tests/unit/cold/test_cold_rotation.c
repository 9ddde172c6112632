/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: which boxes of former holders move where, by whom and on which day follows from holdings
 * and chain alone: into new boxes only, within what each signs for, whatever was done before or was
 * broken off.
 *
 * Method: a world of twelve boxes (cold_world.h has people and documents) whose state each case
 * sets; steps are carried out by changing it as the chain would.
 */
#include "cold_world.h"

#include "t.h"

#include "cold/cold_rotation.h"

enum { BOXES = 12, NEW = 6 }; /* the second half is new */

static struct cold_seen seen[BOXES];
static struct cold_rotation plan;
static struct cold_rules rules;
static struct cold_secrets fresh[WORLD_HOLDERS];

static void control(struct cold_seen *s, bool new)
{
	s->says.needed = 3;
	s->says.cosigner_count = WORLD_HOLDERS;
	for (size_t i = 0; i < WORLD_HOLDERS; i++) {
		s->says.cosigners[i].key =
		    new ? fresh[i].chain.public_key : world.holder[i].chain.public_key;
	}
}

static void holds(size_t i, uint64_t micro)
{
	seen[i].least_micro = seen[i].most_micro = micro;
}

/* Boxes 0 to 5 are former holders' and hold 1 to 6 million, 6 to 11 are new; limit 10 million. */
static void ready(void)
{
	world_make();
	memset(seen, 0, sizeof seen);
	rules = world.rules;
	rules.genesis.box_count = BOXES;
	rules.retired.n = WORLD_HOLDERS;
	for (uint8_t i = 0; i < WORLD_HOLDERS; i++) {
		uint8_t key[COLD_KEY_BYTES];

		memset(key, 0x60 + i, sizeof key);
		cold_secrets_make(&fresh[i], key, key);
		rules.retired.list[i] = world.holding.holders[i];
		rules.holding.holders[i].key = fresh[i].chain.public_key;
		(void)snprintf(rules.holding.holders[i].id, sizeof rules.holding.holders[i].id,
			       "new-%u", i);
	}
	for (uint8_t i = 0; i < BOXES; i++) {
		struct key32 key = world_key((uint8_t)(120 + i));

		nem_address_from_key(&seen[i].address, &key, 0x98);
		memcpy(rules.genesis.boxes[i].text, seen[i].address.text,
		       sizeof rules.genesis.boxes[i].text);
		seen[i].told = true;
		control(&seen[i], i >= NEW);
		holds(i, i < NEW ? (i + 1) * UINT64_C(1000000000000) : 0);
	}
}

static void planned(const char *proposer, uint64_t a_day)
{
	cold_rotation_plan(&plan, &rules, seen, BOXES, proposer, a_day);
}

/* No holder signs for more than the limit within the window; nobody proposes and signs. */
static void fits(const char *proposer, uint64_t a_day)
{
	uint64_t limit = 2 * BOX, window = rules.holding.window_ms / DAY;

	for (size_t p = 0; p < WORLD_HOLDERS; p++) {
		for (size_t i = 0; i < plan.step_count; i++) {
			uint64_t sum = 0, moves = 0;

			for (size_t k = 0; k < plan.step_count; k++) {
				const struct cold_step *s = &plan.step[k];

				if (s->day < plan.step[i].day ||
				    s->day > plan.step[i].day + window) {
					continue;
				}
				moves += s->day == plan.step[i].day;
				for (size_t n = 0; n < s->signer_count; n++) {
					T_CHECK(strcmp(s->signer[n]->id, proposer) != 0);
					sum += s->signer[n] == &rules.retired.list[p]
						   ? s->total_micro
						   : 0;
				}
			}
			T_CHECK(sum <= limit);
			T_CHECK(moves <= a_day);
		}
	}
}

static void a_plan(void)
{
	ready();
	planned("", 2);
	T_EQ(plan.step_count, 6);
	T_EQ(plan.homeless, 0);
	T_EQ(plan.states[COLD_BOX_OLD], 6);
	T_EQ(plan.states[COLD_BOX_NEW], 6);
	T_EQ(plan.left_micro, UINT64_C(21000000000000));
	T_EQ(plan.moved_micro, 0);
	for (size_t i = 0; i < 6; i++) {
		T_EQ(plan.step[i].from, i); /* the smallest first */
		T_EQ(plan.step[i].to, NEW + i);
		T_EQ(plan.step[i].signer_count, 3);
	}
	T_EQ(plan.step[0].day, 0);
	T_EQ(plan.step[1].day, 0);
	T_EQ(plan.step[2].day, 1);
	fits("", 2);
	/* 63 million signatures of 10 each in a week: it takes more than one */
	T_CHECK(plan.step[5].day >= 7);
	planned("holder-1", 1);
	T_EQ(plan.step_count, 6);
	fits("holder-1", 1);
	/* by size, wherever they stand; equal ones in their order */
	holds(0, UINT64_C(9000000000000));
	holds(4, UINT64_C(2000000000000));
	planned("", 1);
	T_EQ(plan.step[0].from, 1);
	T_EQ(plan.step[1].from, 4);
	T_EQ(plan.step[5].from, 0);
	fits("", 1);
}

/* What cannot be moved yet is left, and no step. */
static void what_stays_behind_is_counted(void)
{
	ready();
	seen[0].open = true;
	holds(1, 2 * BOX + 1);
	holds(2, 400000);
	planned("", 1);
	T_EQ(plan.step_count, 3);
	T_EQ(plan.states[COLD_BOX_BUSY], 1);
	T_EQ(plan.states[COLD_BOX_LARGE], 1);
	T_EQ(plan.states[COLD_BOX_POOR], 1);
	T_EQ(plan.left_micro, UINT64_C(16000000000000) + 2 * BOX + 1 + 400000);
}

/* Each day the first step is done, or nothing: the rest is planned from what the chain shows. */
static void it_goes_on_after_any_break(void)
{
	uint64_t all = 0;

	ready();
	for (unsigned step = 0; step < 6; step++) {
		planned("", 1);
		T_EQ(plan.step_count, 6 - step);
		T_EQ(plan.moved_micro, all);
		planned("", 1); /* asked again: the same */
		T_EQ(plan.step[0].from, step);
		all += plan.step[0].total_micro;
		seen[plan.step[0].from].spent = true;
		holds(plan.step[0].to, plan.step[0].total_micro);
		holds(plan.step[0].from, 0);
	}
	planned("", 1);
	T_EQ(plan.step_count, 0);
	T_EQ(plan.states[COLD_BOX_DONE], 6);
	T_EQ(plan.states[COLD_BOX_FILLED], 6);
	T_EQ(plan.left_micro, 0);
	T_EQ(plan.moved_micro, UINT64_C(21000000000000));
	/* dust in an emptied one is no step */
	holds(2, 5);
	planned("", 1);
	T_EQ(plan.step_count, 0);
	T_EQ(plan.states[COLD_BOX_DUST], 1);
}

static enum cold_box_state state_of(size_t i)
{
	enum cold_box_state s = cold_box_state(&rules, &seen[i]);

	ready();
	return s;
}

static void what_a_box_is(void)
{
	ready();
	T_EQ(state_of(0), COLD_BOX_OLD);
	seen[0].told = false;
	T_EQ(state_of(0), COLD_BOX_UNKNOWN);
	seen[0].says.cosigners[4].key = world_key(3);
	T_EQ(state_of(0), COLD_BOX_FOREIGN);
	seen[0].open = true;
	T_EQ(state_of(0), COLD_BOX_BUSY);
	seen[0].most_micro = 2 * BOX + 1;
	T_EQ(state_of(0), COLD_BOX_LARGE);
	seen[0].most_micro = 2 * BOX;
	T_EQ(state_of(0), COLD_BOX_OLD);
	holds(0, 1700000 - 1 + 150000);
	T_EQ(state_of(0), COLD_BOX_OLD);
	holds(0, 400000);
	T_EQ(state_of(0), COLD_BOX_POOR);
	holds(0, 0);
	T_EQ(state_of(0), COLD_BOX_POOR);
	seen[0].says.needed = 1;
	T_EQ(state_of(0), COLD_BOX_POOR);
	seen[0].spent = true;
	T_EQ(state_of(0), COLD_BOX_DUST);
	/* one former holder is enough; and a limit above all there is is none */
	control(&seen[0], true);
	seen[0].says.cosigners[2].key = world.holder[2].chain.public_key;
	T_EQ(state_of(0), COLD_BOX_OLD);
	rules.holding.limit = xem((u128)1 << 70);
	seen[0].most_micro = 2 * BOX + 1;
	T_EQ(state_of(0), COLD_BOX_OLD);
	/* new ones */
	T_EQ(state_of(NEW), COLD_BOX_NEW);
	holds(NEW, 5000000);
	T_EQ(state_of(NEW), COLD_BOX_NEW);
	holds(NEW, 5000001);
	T_EQ(state_of(NEW), COLD_BOX_FILLED);
	seen[NEW].open = true;
	T_EQ(state_of(NEW), COLD_BOX_FILLED);
	seen[NEW].says.needed = 2;
	T_EQ(state_of(NEW), COLD_BOX_FILLED);
	seen[NEW].says.cosigner_count = 4;
	T_EQ(state_of(NEW), COLD_BOX_FILLED);
	seen[NEW].spent = true;
	T_EQ(state_of(NEW), COLD_BOX_DONE);
	/* a mixed one is old, and no place for anything */
	seen[NEW].says.cosigners[0].key = world.holder[0].chain.public_key;
	T_EQ(state_of(NEW), COLD_BOX_POOR);
}

static enum cold_hot_state hot_state(const struct cold_seen *hot, size_t spare)
{
	return cold_hot_state(&rules, hot, &seen[spare]);
}

/* Hot accounts by what would become of their coins on the day of a theft. */
static void what_hot_accounts_are_evacuated_to(void)
{
	struct cold_seen hot = { .told = true, .most_micro = UINT64_C(100000001) };

	ready();
	T_EQ(hot_state(&hot, NEW), COLD_HOT_OURS);
	T_EQ(hot_state(&hot, 0), COLD_HOT_EXPOSED);
	holds(0, 0); /* an empty spare box of former holders is theirs all the same */
	T_EQ(hot_state(&hot, 0), COLD_HOT_EXPOSED);
	seen[0].spent = true; /* closed, moved on, and coins came in again */
	T_EQ(hot_state(&hot, 0), COLD_HOT_EXPOSED);
	/* one of them is enough, and so is a stranger, or nobody */
	seen[NEW].says.cosigners[2].key = world.holder[2].chain.public_key;
	T_EQ(hot_state(&hot, NEW), COLD_HOT_EXPOSED);
	seen[NEW].says.cosigners[2].key = world_key(3);
	T_EQ(hot_state(&hot, NEW), COLD_HOT_EXPOSED);
	seen[NEW + 1].told = false;
	T_EQ(hot_state(&hot, NEW + 1), COLD_HOT_EXPOSED);
	/* nothing in it: strangers' dust holds nothing up, a payment that is ahead does */
	hot.most_micro = UINT64_C(100000000);
	T_EQ(hot_state(&hot, 0), COLD_HOT_EMPTY);
	hot.open = true;
	T_EQ(hot_state(&hot, 0), COLD_HOT_EXPOSED);
	hot.open = false;
	hot.spent = true;
	T_EQ(hot_state(&hot, 0), COLD_HOT_EMPTY);
	T_EQ(hot_state(&hot, NEW + 1), COLD_HOT_EMPTY);
	T_EQ(hot_state(&hot, NEW + 2), COLD_HOT_OURS);
	/* what can be taken into use, at once or when its spare box is converted */
	hot.spent = false;
	T_EQ(hot_state(&hot, NEW + 2), COLD_HOT_READY);
	T_EQ(hot_state(&hot, NEW + 1), COLD_HOT_LATER);
	hot.told = false;
	hot.spent = true; /* nobody said so */
	T_EQ(hot_state(&hot, NEW + 2), COLD_HOT_READY);
	T_EQ(hot_state(&hot, NEW + 1), COLD_HOT_LATER);
	T_EQ(hot_state(&hot, 0), COLD_HOT_EMPTY);
	holds(NEW + 2, 5000001); /* a filled spare box is no new one */
	T_EQ(hot_state(&hot, NEW + 2), COLD_HOT_OURS);
}

static void where_nothing_goes(void)
{
	ready();
	/* used, mixed, of strangers, and what a hot account evacuates to */
	seen[NEW].spent = true;
	seen[NEW + 1].says.cosigners[0].key = world.holder[0].chain.public_key;
	seen[NEW + 2].says.cosigners[0].key = world_key(3);
	memcpy(rules.genesis.hot[0].spare.text, seen[NEW + 3].address.text,
	       sizeof rules.genesis.hot[0].spare.text);
	planned("", 9);
	T_EQ(plan.step_count, 2);
	T_EQ(plan.homeless, 4);
	T_EQ(plan.step[0].to, NEW + 4);
	T_EQ(plan.step[1].to, NEW + 5);
	/* a spare box that is nobody's own is as good as a box */
	ready();
	rules.genesis.box_count = BOXES - 1;
	rules.genesis.spare_count = 1;
	memcpy(rules.genesis.spares[0].text, seen[BOXES - 1].address.text,
	       sizeof rules.genesis.spares[0].text);
	planned("", 9);
	T_EQ(plan.step[5].to, BOXES - 1);
	/* outside of genesis there is no place */
	rules.genesis.spare_count = 0;
	planned("", 9);
	T_EQ(plan.step_count, 5);
	T_EQ(plan.homeless, 1);
}

static void what_nobody_can_sign(void)
{
	ready();
	/* four people are asked of a box that has three but the proposer */
	seen[0].says.needed = 5;
	planned("holder-0", 1);
	T_EQ(plan.step_count, 5);
	T_EQ(plan.homeless, 1);
	T_EQ(plan.step[0].from, 1);
	/* also when others were planned before */
	ready();
	seen[3].says.needed = 5;
	planned("holder-0", 1);
	T_EQ(plan.step_count, 5);
	T_EQ(plan.homeless, 1);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a plan", a_plan },
		{ "what stays behind is counted", what_stays_behind_is_counted },
		{ "it goes on after any break", it_goes_on_after_any_break },
		{ "what a box is", what_a_box_is },
		{ "what hot accounts are evacuated to", what_hot_accounts_are_evacuated_to },
		{ "where nothing goes", where_nothing_goes },
		{ "what nobody can sign", what_nobody_can_sign },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
