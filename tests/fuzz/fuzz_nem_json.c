/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no JSON that a node may answer brings its readers down, and what they accept is a
 * transaction or block that stands up to everything that bytes stand up to.
 * Method: any JSON text goes to each reader of nem_json.h.  A refusal names a field.  What is
 * accepted passes nem_tx_check(), is encoded and decoded again, and its own JSON reads back as the
 * same bytes.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"

enum { NET = NEM_NETWORK_TEST };

static uint8_t space[NEM_BLOCK_BYTES_MAX];
static uint8_t other_space[NEM_BLOCK_BYTES_MAX];

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

/* Any transaction that a reader gave out. */
static void holds(const struct nem_tx *tx, enum nem_form form)
{
	static struct nem_tx decoded;
	static struct nem_tx back;
	struct writer w = writer_make(space, sizeof space);
	struct writer v = writer_make(other_space, sizeof other_space);
	const char *where = NULL;
	json_t *j;

	FUZZ_CHECK(nem_tx_check(tx) == ERR_OK);
	nem_tx_encode(&w, tx, form);
	FUZZ_CHECK(!w.bad && w.n <= NEM_TX_BYTES_MAX);
	FUZZ_CHECK(nem_tx_decode(&decoded, NET, bytes_of(w.p, w.n), form) == ERR_OK);
	j = nem_json_tx(&decoded, form);
	FUZZ_CHECK(j != NULL);
	FUZZ_CHECK(nem_json_tx_read(&back, NET, j, form, &where) == ERR_OK);
	nem_tx_encode(&v, &back, form);
	FUZZ_CHECK(!v.bad && bytes_eq(bytes_of(v.p, v.n), bytes_of(w.p, w.n)));
	json_decref(j);
}

static void as_tx(const json_t *j)
{
	static struct nem_tx tx;
	const char *where;

	for (int form = NEM_SIGNING; form <= NEM_SIGNED; form++) {
		where = NULL;
		if (nem_json_tx_read(&tx, NET, j, (enum nem_form)form, &where) == ERR_OK) {
			holds(&tx, (enum nem_form)form);
		} else {
			FUZZ_CHECK(where != NULL);
		}
	}
	where = NULL;
	if (nem_json_tx_read_any_order(&tx, NET, j, &where) == ERR_OK) {
		holds(&tx, NEM_SIGNING);
	} else {
		FUZZ_CHECK(where != NULL);
	}
}

static void as_others(const json_t *j)
{
	static struct nem_tx tx;
	static struct nem_mosaic_definition definition;
	static uint8_t data[NEM_ANNOUNCE_BYTES_MAX];
	struct nem_json_meta meta;
	struct sig64 signature;
	enum nem_result code;
	struct hash32 hash;
	const char *where = NULL;
	bool has_hash;
	size_t n;

	if (nem_json_pair_read(&tx, &meta, NET, j, &where) == ERR_OK) {
		holds(&tx, NEM_SIGNED);
	} else {
		FUZZ_CHECK(where != NULL);
	}
	where = NULL;
	if (nem_json_unconfirmed_read(&tx, NET, j, &where) == ERR_OK) {
		holds(&tx, NEM_SIGNED);
	} else {
		FUZZ_CHECK(where != NULL);
	}
	where = NULL;
	if (nem_json_definition_read(&definition, NET, j, &where) == ERR_OK) {
		FUZZ_CHECK(nem_mosaic_definition_check(&definition, NET) == ERR_OK);
	} else {
		FUZZ_CHECK(where != NULL);
	}
	where = NULL;
	if (nem_json_announce_read(data, &n, &signature, j, &where) == ERR_OK) {
		FUZZ_CHECK(n <= sizeof data);
	} else {
		FUZZ_CHECK(where != NULL);
	}
	where = NULL;
	if (nem_json_result_read(&code, &hash, &has_hash, j, &where) == ERR_OK) {
		FUZZ_CHECK(nem_result_known((int)code));
	} else {
		FUZZ_CHECK(where != NULL);
	}
}

static void as_block(const json_t *j)
{
	struct nem_block block;
	const char *where = NULL;
	struct bytes raw;

	if (nem_json_block_read(&raw, space, sizeof space, NET, j, &where) == ERR_OK) {
		FUZZ_CHECK(nem_block_decode(&block, NET, raw) == ERR_OK);
	} else {
		FUZZ_CHECK(where != NULL);
	}
	where = NULL;
	if (nem_json_explorer_block_read(&raw, space, sizeof space, NET, j, &where) == ERR_OK) {
		FUZZ_CHECK(nem_block_decode(&block, NET, raw) == ERR_OK);
	} else {
		FUZZ_CHECK(where != NULL);
	}
}

static void run(const uint8_t *p, size_t n)
{
	/* As the shells load it, and with NUL in strings besides. */
	json_t *j = json_loadb((const char *)p, n, JSON_ALLOW_NUL, NULL);

	if (j == NULL) {
		return;
	}
	as_tx(j);
	as_others(j);
	as_block(j);
	json_decref(j);
}
