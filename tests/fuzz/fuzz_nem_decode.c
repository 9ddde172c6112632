/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the reader of NEM transactions down, and what it accepts is its encoder's
 * own spelling, in bytes and in JSON.
 * Method: the bytes are read as a transaction in both forms; what is accepted is encoded again to
 * the same bytes, keeps its hash, has its effects listed within bounds or refused for an amount or
 * an unknown mosaic, has a fee, and comes back from its JSON text as the same bytes.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"

static uint8_t space[NEM_TX_BYTES_MAX];

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

/* A levy that is different for every mosaic, and none for some. */
static bool some_levy(void *context, const struct nem_mosaic_id *id, struct nem_levy *out)
{
	const struct nem_address *to = context;

	memset(out, 0, sizeof *out);
	if (id->name[0] % 4 == 0) {
		return false;
	}
	out->type = (enum nem_levy_type)(id->name[0] % 3);
	out->recipient = *to;
	out->mosaic = id->name[1] == '\0' ? nem_mosaic_xem : *id;
	out->fee = (uint64_t)(uint8_t)id->space.text[0] << (id->name[0] % 48);
	return true;
}

static void check_effects(const struct nem_tx *tx)
{
	static struct chain_effects x;
	struct nem_address account;
	struct nem_effects_assets assets = { .context = &account, .levy = some_levy };
	uint64_t delivered = 0;
	enum nem_type type = tx->type == NEM_MULTISIG ? tx->multisig.inner.type : tx->type;
	enum err e = nem_effects_list(&x, tx);

	FUZZ_CHECK(e == ERR_OK || e == ERR_AMOUNT || e == ERR_ASSET || e == ERR_FIELD_RANGE);
	nem_effects_account(&account, tx);
	for (int i = 0; i < 2; i++) {
		uint64_t moved = 0;

		e = i == 0 ? nem_effects_list_seen(&x, tx) : nem_effects_list_with(&x, tx, &assets);
		FUZZ_CHECK(e == ERR_OK || e == ERR_AMOUNT || e == ERR_FIELD_RANGE ||
			   (i == 1 && e == ERR_ASSET));
		if (e != ERR_OK) {
			continue;
		}
		FUZZ_CHECK(x.n >= 1 && x.n <= CHAIN_EFFECTS_MAX && x.tokens <= CHAIN_TOKENS_MAX);
		for (size_t k = 0; k < x.n; k++) {
			FUZZ_CHECK(x.effect[k].token < x.tokens || x.effect[k].token == 0);
			if (x.effect[k].kind == CHAIN_MOVE) {
				moved += (uint64_t)money_units(&x.effect[k].amount);
			}
		}
		/* What stands in the list without levies is what is delivered, and no more. */
		FUZZ_CHECK(nem_tx_delivered(&delivered, NULL, tx) == ERR_OK);
		FUZZ_CHECK(i == 1 || type == NEM_NAMESPACE || type == NEM_DEFINITION ||
			   moved == delivered);
	}
}

static void check_json(const struct nem_tx *tx, struct bytes in, enum nem_form form)
{
	static struct nem_tx back;
	struct writer w = writer_make(space, sizeof space);
	const char *where = NULL;
	json_t *j = nem_json_tx(tx, form);
	json_t *parsed;
	char *text;

	if (j == NULL) {
		return; /* an amount or a fee that JSON does not hold; memory does not end here */
	}
	text = json_dumps(j, JSON_COMPACT);
	FUZZ_CHECK(text != NULL);
	parsed = json_loads(text, JSON_ALLOW_NUL, NULL);
	FUZZ_CHECK(parsed != NULL);
	FUZZ_CHECK(nem_json_tx_read(&back, NEM_NETWORK_TEST, parsed, form, &where) == ERR_OK);
	nem_tx_encode(&w, &back, form);
	FUZZ_CHECK(!w.bad && bytes_eq(bytes_of(w.p, w.n), in));
	free(text);
	json_decref(parsed);
	json_decref(j);
}

static void run_tx(struct bytes in, enum nem_form form)
{
	static struct nem_tx tx;
	static struct nem_tx again;
	struct writer w = writer_make(space, sizeof space);
	struct hash32 before;
	struct hash32 after;

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
	FUZZ_CHECK(nem_fee_minimum(&tx) >= NEM_FEE_UNIT_MICRO);
	check_effects(&tx);
	check_json(&tx, in, form);
}

static void run(const uint8_t *p, size_t n)
{
	struct bytes in = bytes_of(p, n);

	run_tx(in, NEM_SIGNING);
	run_tx(in, NEM_SIGNED);
}
