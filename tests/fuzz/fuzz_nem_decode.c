/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the NEM decoders down, and what they accept is their encoder's own spelling.
 * Method: the bytes are read as a transaction in both forms and as a block; what is accepted is
 * encoded again to the same bytes, keeps its hash, has at least one effect, and passes its checks.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_block.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"

static uint8_t space[NEM_BLOCK_BYTES_MAX];

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

static void run_tx(struct bytes in, enum nem_form form)
{
	static struct nem_tx tx;
	static struct nem_tx again;
	static struct chain_effects effects;
	struct writer w = writer_make(space, sizeof space);
	struct hash32 before;
	struct hash32 after;
	enum err e;

	if (nem_tx_decode(&tx, NEM_NETWORK_TEST, in, form) != ERR_OK) {
		return;
	}
	FUZZ_CHECK(nem_tx_check(&tx) == ERR_OK);
	nem_tx_encode(&w, &tx, form);
	FUZZ_CHECK(!w.bad && bytes_eq(bytes_of(w.p, w.n), in));
	again = tx;
	nem_tx_canonicalise(&again);
	nem_tx_hash(&before, &tx);
	nem_tx_hash(&after, &again);
	FUZZ_CHECK(hash32_eq(&before, &after));
	e = nem_effects_list(&effects, &tx);
	FUZZ_CHECK(e == ERR_OK || e == ERR_AMOUNT);
	FUZZ_CHECK(e != ERR_OK || (effects.n >= 1 && effects.n <= CHAIN_EFFECTS_MAX));
	FUZZ_CHECK(nem_fee_minimum(&tx) >= NEM_FEE_UNIT_MICRO);
}

static void run_block(struct bytes in)
{
	struct nem_block block;
	struct nem_block_build build;
	struct nem_block_walk walk;
	static struct nem_tx tx;
	struct bytes again;
	unsigned weight = 0;

	if (nem_block_decode(&block, NEM_NETWORK_TEST, in) != ERR_OK) {
		return;
	}
	FUZZ_CHECK(nem_block_build_start(&build, space, sizeof space, &block.head) == ERR_OK);
	walk = nem_block_walk_make(&block);
	while (nem_block_walk_decode(&walk, &tx)) {
		weight += nem_tx_weight(&tx);
		FUZZ_CHECK(nem_block_build_add(&build, &tx) == ERR_OK);
	}
	FUZZ_CHECK(weight == block.weight);
	FUZZ_CHECK(weight <= NEM_BLOCK_WEIGHT_MAX || block.head.height == 1);
	nem_block_build_finish(&build, &block.signature, &again);
	FUZZ_CHECK(bytes_eq(again, in));
}

static void run(const uint8_t *p, size_t n)
{
	struct bytes in = bytes_of(p, n);

	run_tx(in, NEM_SIGNING);
	run_tx(in, NEM_SIGNED);
	run_block(in);
}
