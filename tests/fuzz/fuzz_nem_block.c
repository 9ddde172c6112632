/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the reader of NEM blocks down, and what it accepts is its builder's own
 * spelling, in bytes and in JSON.
 * Method: what is accepted is walked, built again from its transactions to the same bytes, keeps
 * its weight within the limit, and comes back from its JSON text, and from an explorer's, as the
 * same bytes.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_block.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"

static uint8_t space[NEM_BLOCK_BYTES_MAX];

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

static json_t *through_text(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);
	json_t *parsed;

	FUZZ_CHECK(text != NULL);
	parsed = json_loads(text, JSON_ALLOW_NUL, NULL);
	FUZZ_CHECK(parsed != NULL);
	free(text);
	json_decref(j);
	return parsed;
}

static void check_json(const struct nem_block *block, struct bytes in)
{
	struct nem_address beneficiary;
	const char *where = NULL;
	struct bytes again;
	json_t *j = nem_json_block(block);

	if (j == NULL) {
		return; /* an amount or a fee that JSON does not hold; memory does not end here */
	}
	j = through_text(j);
	FUZZ_CHECK(nem_json_block_read(&again, space, sizeof space, NEM_NETWORK_TEST, j, &where) ==
		   ERR_OK);
	FUZZ_CHECK(bytes_eq(again, in));
	json_decref(j);
	nem_address_from_key(&beneficiary, &block->head.harvester, NEM_NETWORK_TEST);
	j = nem_json_explorer_block(block, 7, &beneficiary);
	if (j == NULL) {
		return; /* the sum of the fees */
	}
	j = through_text(j);
	FUZZ_CHECK(nem_json_explorer_block_read(&again, space, sizeof space, NEM_NETWORK_TEST, j,
						&where) == ERR_OK);
	FUZZ_CHECK(bytes_eq(again, in));
	json_decref(j);
}

static void run(const uint8_t *p, size_t n)
{
	struct bytes in = bytes_of(p, n);
	struct nem_block block;
	struct nem_block_build build;
	struct nem_block_walk walk;
	static struct nem_tx tx;
	struct bytes again;
	unsigned weight = 0;
	uint32_t count = 0;

	if (nem_block_decode(&block, NEM_NETWORK_TEST, in) != ERR_OK) {
		return;
	}
	FUZZ_CHECK(nem_block_build_start(&build, space, sizeof space, &block.head) == ERR_OK);
	walk = nem_block_walk_make(&block);
	while (nem_block_walk_decode(&walk, &tx)) {
		FUZZ_CHECK(walk.index == count);
		count++;
		weight += nem_tx_weight(&tx);
		FUZZ_CHECK(nem_block_build_add(&build, &tx) == ERR_OK);
	}
	FUZZ_CHECK(count == block.n && weight == block.weight);
	FUZZ_CHECK(weight <= NEM_BLOCK_WEIGHT_MAX || block.head.height == 1);
	nem_block_build_finish(&build, &block.signature, &again);
	FUZZ_CHECK(bytes_eq(again, in));
	check_json(&block, in);
}
