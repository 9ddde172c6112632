/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a conversion gives a box of genesis to exactly the holding's holders, or is refused with
 * the field that is wrong; an account is a box only when everything that makes it one is true.
 *
 * Method: the world of five holders (cold_world.h) whose box belongs to a batch; each case bends
 * one thing of what was right.
 */
#include "cold_world.h"

#include "t.h"

#include "cold/cold_prepare.h"

static struct edk_secret key; /* the first of the batch: the box */
static uint8_t state[COLD_ACCOUNT_STATE];
static struct nem_tx tx;
static struct cold_prepared seen;
static unsigned place;
static uint32_t now_s;

static void ready(void)
{
	world_make();
	world_believe();
	memset(state, 7, sizeof state);
	cold_account_key(&key, state);
	world_address(&world.rules.genesis.boxes[0], &key.public_key);
	CHECK(nem_time_from_unix_ms(&now_s, NOW) == ERR_OK);
	CHECK(cold_account_convert(&tx, &world.rules, &key.public_key, now_s).err == ERR_OK);
	memset(&seen, 0, sizeof seen);
	seen.control.n = WORLD_HOLDERS;
	seen.control.min = 3;
	for (size_t i = 0; i < WORLD_HOLDERS; i++) {
		nem_address_from_key(&seen.control.cosigner[i], &world.rules.holding.holders[i].key,
				     world.rules.network);
	}
	for (size_t i = 1; i < WORLD_HOLDERS; i++) {
		for (size_t k = i; k > 0; k--) {
			struct nem_address *a = &seen.control.cosigner[k - 1];

			if (strcmp(a[0].text, a[1].text) > 0) {
				struct nem_address one = a[0];

				a[0] = a[1];
				a[1] = one;
			}
		}
	}
	seen.depth = 360;
	seen.depth_known = true;
}

static enum err judged(uint64_t now_ms)
{
	return cold_prepare_judge(&place, &world.rules, &tx, now_ms).err;
}

static void keys_follow_from_each_other(void)
{
	struct edk_secret next;
	uint8_t before[COLD_ACCOUNT_STATE];

	ready();
	memcpy(before, state, sizeof before);
	cold_account_next(state);
	cold_account_key(&next, state);
	T_CHECK(memcmp(before, state, sizeof state) != 0);
	T_CHECK(!key32_eq(&key.public_key, &next.public_key));
}

static void a_place_of_genesis(void)
{
	struct nem_address a;

	ready();
	nem_address_from_key(&a, &key.public_key, world.rules.network);
	T_EQ(cold_account_place(&world.rules, &a), 1);
	memcpy(a.text, world.rules.genesis.spares[0].text, sizeof a.text);
	T_EQ(cold_account_place(&world.rules, &a), world.rules.genesis.box_count + 1);
	a.text[39] = a.text[39] == 'A' ? 'B' : 'A';
	T_EQ(cold_account_place(&world.rules, &a), 0);
}

static void what_is_built(void)
{
	ready();
	T_EQ(tx.type, NEM_MODIFICATION);
	T_EQ(tx.modification.n, WORLD_HOLDERS);
	T_CHECK(tx.modification.has_change && tx.modification.change == 3);
	T_EQ(tx.head.fee_micro, NEM_FEE_MODIFICATION_MICRO);
	T_EQ(tx.head.deadline_nem_s - tx.head.time_nem_s, 86400);
	T_EQ(nem_tx_sign(&tx, &key), ERR_OK);
	T_EQ(judged(NOW), ERR_OK);
	T_EQ(place, 1);
}

static void what_is_not_built(void)
{
	const struct key32 strange = world_key(99);

	ready();
	T_EQ(cold_account_convert(&tx, &world.rules, &strange, now_s).err, ERR_POLICY);
	T_EQ(cold_account_convert(&tx, &world.rules, &key.public_key, NEM_TIME_MAX_S - 86399).err,
	     ERR_CLOCK);
	T_EQ(cold_account_convert(&tx, &world.rules, &key.public_key, NEM_TIME_MAX_S - 86400).err,
	     ERR_OK);
	world.rules.holding.holder_count--;
	T_EQ(cold_account_convert(&tx, &world.rules, &key.public_key, now_s).err, ERR_MISMATCH);
}

static void a_conversion_that_is_not_ours(void)
{
	ready();
	tx.type = NEM_TRANSFER;
	T_EQ(judged(NOW), ERR_TYPE);
	ready();
	tx.head.signer = world_key(99);
	T_EQ(judged(NOW), ERR_POLICY);
	ready();
	tx.modification.n--;
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.modification.entry[2].cosigner = world_key(99);
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.modification.entry[4].type = NEM_DELETE;
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.modification.change = 2;
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.modification.has_change = false;
	tx.modification.change = 0;
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.head.fee_micro++;
	T_EQ(judged(NOW), ERR_MISMATCH);
	ready();
	tx.head.deadline_nem_s--;
	T_EQ(judged(NOW), ERR_MISMATCH);
}

static void its_day(void)
{
	ready();
	T_EQ(judged(NOW + DAY), ERR_OK);
	T_EQ(judged(NOW + DAY + 1000), ERR_EXPIRED);
	T_EQ(judged(NOW - COLD_AHEAD_MS), ERR_OK);
	T_EQ(judged(NOW - COLD_AHEAD_MS - 1000), ERR_CLOCK);
	T_EQ(judged(0), ERR_CLOCK);
}

static enum cold_prepared_state is(void)
{
	return cold_prepared_state(&world.rules, &seen);
}

static void when_it_is_a_box(void)
{
	uint64_t residue;

	ready();
	CHECK(money_u64(&residue, &world.rules.holding.residue_max) == ERR_OK);
	T_EQ(is(), COLD_PREPARED_READY);
	seen.micro = residue;
	T_EQ(is(), COLD_PREPARED_READY);
	seen.micro++;
	T_EQ(is(), COLD_PREPARED_FILLED);
	seen.depth = 359;
	T_EQ(is(), COLD_PREPARED_YOUNG);
	seen.depth = 360;
	seen.depth_known = false;
	T_EQ(is(), COLD_PREPARED_YOUNG);
	seen.used = true;
	T_EQ(is(), COLD_PREPARED_USED);
}

static void when_it_is_none(void)
{
	ready();
	memset(&seen.control, 0, sizeof seen.control);
	T_EQ(is(), COLD_PREPARED_UNPAID);
	seen.micro = NEM_FEE_MODIFICATION_MICRO - 1;
	T_EQ(is(), COLD_PREPARED_UNPAID);
	seen.micro++;
	T_EQ(is(), COLD_PREPARED_PAID);
	ready();
	seen.control.n--;
	T_EQ(is(), COLD_PREPARED_FOREIGN);
	ready();
	seen.control.min = 2;
	T_EQ(is(), COLD_PREPARED_FOREIGN);
	ready();
	world.rules.holding.holders[1].key = world_key(99);
	T_EQ(is(), COLD_PREPARED_FOREIGN);
	ready();
	world.rules.genesis.recovery.holders = 6;
	T_EQ(is(), COLD_PREPARED_FOREIGN);
	/* more than there is may stay behind: nothing is too much */
	ready();
	world.rules.holding.residue_max = xem((u128)UINT64_MAX * 4);
	seen.micro = UINT64_MAX;
	T_EQ(is(), COLD_PREPARED_READY);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "keys follow from each other", keys_follow_from_each_other },
		{ "a place of genesis", a_place_of_genesis },
		{ "what is built", what_is_built },
		{ "what is not built", what_is_not_built },
		{ "a conversion that is not ours", a_conversion_that_is_not_ours },
		{ "its day", its_day },
		{ "when it is a box", when_it_is_a_box },
		{ "when it is none", when_it_is_none },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
