/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nothing but agreed blocks decides about an announced transaction, and it is called final
 * only when no node would undo it.
 * Method: replies of every kind, right and wrong; blocks with it, with one that differs in one
 * field, without it, too late, twice, out of order; undoing before and after each turning point,
 * to the 360th block and one beyond.
 */
#include "base/attr.h"
#include "chain/nem/nem_announce.h"
#include "crypto/crypto.h"
#include "nem_samples.h"
#include "t.h"

static struct nem_announce a;
static struct nem_tx tx;
static uint8_t buffer[NEM_BLOCK_BYTES_MAX];

static void begin(void)
{
	sample_plain(&tx, SAMPLE_TRANSFER);
	T_EQ(nem_announce_init(&a, &tx, 3, 1000), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN);
}

/* A block with one transaction or none, past seconds after the deadline. */
static enum err give(uint64_t height, int past, const struct nem_tx *with)
{
	struct nem_block_head head = { .type = NEM_BLOCK_NORMAL,
				       .network = SAMPLE_NETWORK,
				       .time_nem_s = (uint32_t)(SAMPLE_TIME + 3600 + past),
				       .height = height,
				       .harvester = sample_key(9) };
	struct sig64 none = { { 0 } };
	struct nem_block_build build;
	struct nem_block block;
	struct bytes raw;

	if (nem_block_build_start(&build, buffer, sizeof buffer, &head) != ERR_OK ||
	    (with != NULL && nem_block_build_add(&build, with) != ERR_OK)) {
		return ERR_CORRUPT; /* no case wants this one */
	}
	nem_block_build_finish(&build, &none, &raw);
	if (nem_block_decode(&block, SAMPLE_NETWORK, raw) != ERR_OK) {
		return ERR_CORRUPT;
	}
	return nem_announce_block(&a, &block);
}

static void replies(void)
{
	struct hash32 other = { { 1 } };

	begin();
	T_EQ(nem_announce_result(&a, 0, NEM_SUCCESS, &other), ERR_MISMATCH);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN);
	T_EQ(nem_announce_result(&a, 0, NEM_FAILURE_INSUFFICIENT_BALANCE, &a.hash), ERR_OK);
	T_EQ(nem_announce_result(&a, 1, NEM_FAILURE_PAST_DEADLINE, NULL), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN); /* a refusal is no proof of death */
	T_EQ(nem_announce_result(&a, 2, NEM_NEUTRAL, &a.hash), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_ACCEPTED);
}

static void content(void)
{
	struct nem_tx other;

	for (int i = 0; i < SAMPLES_PLAIN; i++) {
		sample_plain(&tx, (enum nem_sample)i);
		T_EQ(nem_announce_init(&a, &tx, 1, 0), ERR_OK);
		other = tx;
		T_CHECK(nem_announce_is(&a, &other));
		other.signature.b[0] ^= 1; /* the signature is not what is paid */
		T_CHECK(nem_announce_is(&a, &other));
		other.head.deadline_nem_s++;
		T_CHECK(!nem_announce_is(&a, &other));
		other = tx;
		other.head.signer = sample_key(77);
		T_CHECK(!nem_announce_is(&a, &other));
	}
	begin();
	other = tx;
	other.transfer.amount_micro++;
	T_EQ(give(1001, -9, &other), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN);
	T_EQ(give(1002, -8, &tx), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_CONFIRMED);
	T_EQ(a.in_height, 1002);
}

static void buried(void)
{
	begin();
	T_EQ(give(1002, -9, &tx), ERR_STATE); /* 1001 was not given */
	T_EQ(give(1000, -9, &tx), ERR_STATE);
	T_EQ(give(1001, 0, &tx), ERR_OK); /* at the deadline is in time */
	T_EQ(give(1002, 1, &tx), ERR_ONCE);
	T_EQ(a.scanned, 1001);
	for (uint64_t h = 1002; h < 1361; h++) {
		T_EQ(give(h, 1, NULL), ERR_OK);
		T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_CONFIRMED);
	}
	T_EQ(give(1361, 1, NULL), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_BURIED);
	/* The deepest rewrite there is leaves it in; one block more is for a person. */
	T_EQ(nem_announce_undo(&a, 1000), ERR_STATE);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_BURIED);
	T_EQ(nem_announce_undo(&a, 1001), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_CONFIRMED);
	T_EQ(nem_announce_undo(&a, 1000), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN);
	T_EQ(give(1001, -5, NULL), ERR_OK);
	T_EQ(give(1002, -4, &tx), ERR_OK); /* it came back at another height */
	T_EQ(a.in_height, 1002);
}

static void dead(void)
{
	begin();
	T_EQ(give(1001, 0, NULL), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_OPEN);
	T_EQ(give(1002, 1, &tx), ERR_CLOCK);
	T_EQ(give(1002, 1, NULL), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_EXPIRED);
	/* Whatever nodes say now. */
	T_EQ(nem_announce_result(&a, 0, NEM_SUCCESS, &a.hash), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_EXPIRED);
	/* Another fork has an earlier time there, and the transaction. */
	T_EQ(nem_announce_undo(&a, 1001), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_ACCEPTED);
	T_EQ(nem_announce_undo(&a, 1000), ERR_OK);
	T_EQ(nem_announce_undo(&a, 5000), ERR_OK);
	T_EQ(a.scanned, 1000);
	T_EQ(give(1001, 1, NULL), ERR_OK);
	for (uint64_t h = 1002; h < 1361; h++) {
		T_EQ(give(h, 2, NULL), ERR_OK);
		T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_EXPIRED);
	}
	T_EQ(give(1361, 2, NULL), ERR_OK);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_DEAD);
	T_EQ(nem_announce_undo(&a, 1000), ERR_STATE);
	T_EQ(nem_announce_state(&a), NEM_ANNOUNCE_DEAD);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "replies", replies },
		{ "content", content },
		{ "confirmed and buried", buried },
		{ "expired and dead", dead },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
