/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the JSON of NIS, both ways, and no belief in what it states about itself.
 * Method: golden JSON of the reference node read, written, compared as values; then every key
 * removed, every value replaced by one of another type, hashes altered: each refused, nothing
 * written.
 */
#include "golden.h"
#include "golden_types.h"

#include <jansson.h>

#include "base/attr.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "nem_hex.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST };

static uint8_t buffer[NEM_BLOCK_BYTES_MAX];

static json_t *load(const char *text)
{
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (j == NULL) {
		abort();
	}
	return j;
}

/* The index-th JSON of the reference node, or NULL behind the last. */
static const char *text_at(size_t index)
{
	static const char *const texts[] = { golden_multisig_json };

	if (index < ARRAY_LEN(texts)) {
		return texts[index];
	}
	index -= ARRAY_LEN(texts);
	for (size_t i = 0; i < ARRAY_LEN(golden_rows); i++) {
		if (golden_rows[i].json != NULL && index-- == 0) {
			return golden_rows[i].json;
		}
	}
	return NULL;
}

static void transactions(void)
{
	unsigned n = 0;

	for (size_t i = 0; text_at(i) != NULL; i++) {
		json_t *j = load(text_at(i));
		json_t *back;
		struct nem_tx tx;
		const char *where = "";

		T_EQ(nem_json_tx_read(&tx, NET, j, NEM_SIGNED, &where), ERR_OK);
		T_EQ(nem_tx_verify(&tx), ERR_OK);
		back = nem_json_tx(&tx, NEM_SIGNED);
		T_CHECK(json_equal(j, back));
		json_decref(back);
		T_EQ(nem_json_tx_read(&tx, NEM_NETWORK_MAIN, j, NEM_SIGNED, &where), ERR_NETWORK);
		T_STR(where, "version");
		json_decref(j);
		n++;
	}
	T_EQ(n, 9);
}

/* Signing forms without JSON of the reference: out and in again. */
static void both_ways(void)
{
	for (size_t i = 0; i < ARRAY_LEN(golden_rows); i++) {
		struct bytes raw = nem_hex(buffer, sizeof buffer, golden_rows[i].data);
		uint8_t again[NEM_TX_BYTES_MAX];
		struct writer w = writer_make(again, sizeof again);
		struct nem_tx tx;
		struct nem_tx back;
		const char *where = "";
		json_t *j;

		T_EQ(nem_tx_decode(&tx, NET, raw, NEM_SIGNING), ERR_OK);
		j = nem_json_tx(&tx, NEM_SIGNING);
		T_CHECK(json_object_get(j, "signature") == NULL);
		T_EQ(nem_json_tx_read(&back, NET, j, NEM_SIGNING, &where), ERR_OK);
		nem_tx_encode(&w, &back, NEM_SIGNING);
		T_CHECK(bytes_eq(bytes_of(again, w.n), raw));
		json_decref(j);
	}
}

/* What others write in any order comes out in the one of NIS; the strict reader refuses it. */
static void any_order(void)
{
	json_t *j = load(golden_rows[2].json);
	json_t *mosaics = json_object_get(j, "mosaics");
	json_t *first = json_incref(json_array_get(mosaics, 0));
	const char *where = "";
	struct nem_tx tx;
	uint8_t again[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(again, sizeof again);
	struct bytes raw = nem_hex(buffer, sizeof buffer, golden_rows[2].data);

	(void)json_array_remove(mosaics, 0);
	(void)json_array_append_new(mosaics, first);
	T_EQ(nem_json_tx_read(&tx, NET, j, NEM_SIGNING, &where), ERR_NOT_CANONICAL);
	T_EQ(nem_json_tx_read_any_order(&tx, NET, j, &where), ERR_OK);
	nem_tx_encode(&w, &tx, NEM_SIGNING);
	T_CHECK(bytes_eq(bytes_of(again, w.n), raw));
	/* Seven in two halves. */
	(void)json_object_set_new(first, "quantity", json_integer(3));
	first = json_deep_copy(first);
	(void)json_object_set_new(first, "quantity", json_integer(4));
	(void)json_array_append_new(mosaics, first);
	T_EQ(nem_json_tx_read_any_order(&tx, NET, j, &where), ERR_OK);
	w = writer_make(again, sizeof again);
	nem_tx_encode(&w, &tx, NEM_SIGNING);
	T_CHECK(bytes_eq(bytes_of(again, w.n), raw));
	/* Halves whose sum is no quantity stay apart, and are refused. */
	(void)json_object_set_new(first, "quantity", json_integer(INT64_MAX));
	T_EQ(nem_json_tx_read_any_order(&tx, NET, j, &where), ERR_NOT_CANONICAL);
	json_decref(j);
}

/* Where NIS writes {} for what is not there, other libraries write null, and NIS reads both. */
static void null_is_nothing(void)
{
	static const char *const may[] = { "message", "levy", "minCosignatories" };
	unsigned changed = 0;

	for (size_t i = 0; i < ARRAY_LEN(golden_rows); i++) {
		static uint8_t bytes[NEM_TX_BYTES_MAX];
		struct bytes raw = nem_hex(bytes, sizeof bytes, golden_rows[i].data);
		struct nem_tx tx;
		struct nem_tx back;
		struct hash32 a;
		struct hash32 b;
		json_t *j;

		T_EQ(nem_tx_decode(&tx, NET, raw, NEM_SIGNING), ERR_OK);
		j = nem_json_tx(&tx, NEM_SIGNING);
		for (size_t k = 0; k < ARRAY_LEN(may); k++) {
			json_t *holder = json_object_get(j, "mosaicDefinition");

			holder = holder != NULL ? holder : j;
			if (json_object_get(holder, may[k]) == NULL ||
			    json_object_size(json_object_get(holder, may[k])) > 0) {
				continue;
			}
			(void)json_object_set_new(holder, may[k], json_null());
			changed++;
			T_EQ(nem_json_tx_read(&back, NET, j, NEM_SIGNING, NULL), ERR_OK);
			nem_tx_hash(&a, &tx);
			nem_tx_hash(&b, &back);
			T_CHECK(hash32_eq(&a, &b));
		}
		json_decref(j);
	}
	T_CHECK(changed >= 5);
}

/* Every key taken away or given a wrong type, at any depth: refused, naming a field. */
static void damage(json_t *root, json_t *object, unsigned *refused, unsigned *accepted)
{
	const char *keys[32];
	size_t n = 0;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		T_CHECK(n < ARRAY_LEN(keys));
		keys[n++] = key;
	}
	for (size_t i = 0; i < n; i++) {
		static const char *const wrong[] = {
			"null", "true", "-1", "1.5", "\"zz\"", "[]", "9223372036854775807", "[1]"
		};
		json_t *old = json_incref(json_object_get(object, keys[i]));
		char name[32];

		(void)snprintf(name, sizeof name, "%s", keys[i]);
		for (size_t k = 0; k <= ARRAY_LEN(wrong); k++) {
			struct nem_tx tx;
			struct nem_tx untouched;
			const char *where = NULL;
			enum err e;

			memset(&tx, 0xa5, sizeof tx);
			untouched = tx;
			if (k == ARRAY_LEN(wrong)) {
				(void)json_object_del(object, name);
			} else {
				(void)json_object_set_new(
				    object, name, json_loads(wrong[k], JSON_DECODE_ANY, NULL));
			}
			e = nem_json_tx_read(&tx, NET, root, NEM_SIGNED, &where);
			if (e == ERR_OK) {
				/* A value that is as good as the old one, such as an amount. */
				(*accepted)++;
			} else {
				T_CHECK(where != NULL);
				T_MEM(&tx, &untouched, sizeof tx);
				(*refused)++;
			}
			(void)json_object_set(object, name, old);
		}
		if (json_is_object(old)) {
			damage(root, old, refused, accepted);
		} else if (json_is_array(old) && json_is_object(json_array_get(old, 0))) {
			damage(root, json_array_get(old, 0), refused, accepted);
		}
		json_decref(old);
	}
}

static void damaged(void)
{
	unsigned refused = 0;
	unsigned accepted = 0;

	for (size_t i = 0; text_at(i) != NULL; i++) {
		json_t *j = load(text_at(i));

		damage(j, j, &refused, &accepted);
		json_decref(j);
	}
	printf("# %u refused, %u as good\n", refused, accepted);
	T_CHECK(refused > 400);
	/* amounts, fees of any size; empty signature and modification lists; a change of -1 */
	T_CHECK(accepted <= 40);
}

static void pair(void)
{
	json_t *j = load(golden_pair_json);
	json_t *back;
	struct nem_tx tx;
	struct nem_json_meta meta;
	const char *where = "";

	T_EQ(nem_json_pair_read(&tx, &meta, NET, j, &where), ERR_OK);
	T_EQ(meta.id, 1234);
	T_EQ(meta.height, 77);
	T_CHECK(meta.has_inner_hash);
	back = nem_json_pair(&tx, meta.id, meta.height);
	T_CHECK(json_equal(j, back));
	json_decref(back);
	(void)json_object_set_new(json_object_get(json_object_get(j, "meta"), "hash"), "data",
				  json_string(golden_inner_hash));
	T_EQ(nem_json_pair_read(&tx, &meta, NET, j, &where), ERR_MISMATCH);
	T_STR(where, "hash");
	json_decref(j);
	j = load(golden_pair_json);
	(void)json_object_set_new(json_object_get(j, "meta"), "innerHash", json_object());
	T_EQ(nem_json_pair_read(&tx, &meta, NET, j, &where), ERR_FIELD_MISSING);
	json_decref(j);
	j = nem_json_unconfirmed(&tx);
	T_EQ(nem_json_unconfirmed_read(&tx, NET, j, &where), ERR_OK);
	(void)json_object_set_new(json_object_get(j, "meta"), "data", json_null());
	T_EQ(nem_json_unconfirmed_read(&tx, NET, j, &where), ERR_FIELD_TYPE);
	(void)json_object_set_new(json_object_get(j, "meta"), "data",
				  json_string(golden_multisig_hash));
	T_EQ(nem_json_unconfirmed_read(&tx, NET, j, &where), ERR_MISMATCH);
	json_decref(j);
}

static void block(void)
{
	json_t *j = load(golden_block_json);
	json_t *back;
	json_t *explorer;
	struct bytes raw;
	struct nem_block b;
	struct hash32 hash;
	struct nem_address who;
	uint8_t want[32];
	const char *where = "";

	T_EQ(nem_json_block_read(&raw, buffer, sizeof buffer, NET, j, &where), ERR_OK);
	T_EQ(nem_block_decode(&b, NET, raw), ERR_OK);
	nem_block_hash(&hash, &b);
	T_MEM(hash.b, nem_hex(want, sizeof want, golden_block_hash).p, 32);
	T_EQ(nem_block_verify_all(&b), ERR_OK);
	back = nem_json_block(&b);
	T_CHECK(json_equal(j, back));
	json_decref(back);
	nem_address_from_key(&who, &b.head.harvester, NET);
	explorer = nem_json_explorer_block(&b, 100, &who);
	T_EQ(json_integer_value(json_object_get(explorer, "totalFee")), 400000);
	T_EQ(nem_json_explorer_block_read(&raw, buffer, sizeof buffer, NET, explorer, &where),
	     ERR_OK);
	(void)json_object_set_new(explorer, "hash", json_string(golden_inner_hash));
	T_EQ(nem_json_explorer_block_read(&raw, buffer, sizeof buffer, NET, explorer, &where),
	     ERR_MISMATCH);
	json_decref(explorer);
	T_EQ(nem_json_block_read(&raw, buffer, 300, NET, j, &where), ERR_FULL);
	T_EQ(nem_json_block_read(&raw, buffer, sizeof buffer, NEM_NETWORK_MAIN, j, &where),
	     ERR_NETWORK);
	(void)json_object_del(j, "prevBlockHash");
	T_EQ(nem_json_block_read(&raw, buffer, sizeof buffer, NET, j, &where), ERR_FIELD_MISSING);
	T_STR(where, "prevBlockHash");
	json_decref(j);
}

static void announce(void)
{
	static const char ok[] =
	    "{\"innerTransactionHash\":{},\"code\":1,\"type\":1,\"message\":\"SUCCESS\","
	    "\"transactionHash\":{\"data\":"
	    "\"b94c7cf3c64de829703c60db5a4d753c951d81c2be00886aa970209e26049081\"}}";
	json_t *golden = load(golden_message_json);
	json_t *j;
	struct nem_tx tx;
	uint8_t data[NEM_ANNOUNCE_BYTES_MAX];
	size_t n;
	struct sig64 sig;
	struct hash32 hash;
	bool has;
	enum nem_result code;
	const char *where = "";

	T_EQ(nem_json_tx_read(&tx, NET, golden, NEM_SIGNED, &where), ERR_OK);
	json_decref(golden);
	j = nem_json_announce(&tx);
	T_STR(json_string_value(json_object_get(j, "data")), golden_message_data);
	T_STR(json_string_value(json_object_get(j, "signature")), golden_message_sig);
	T_EQ(nem_json_announce_read(data, &n, &sig, j, &where), ERR_OK);
	T_EQ(n, strlen(golden_message_data) / 2);
	(void)json_object_set_new(j, "data", json_string("012"));
	T_EQ(nem_json_announce_read(data, &n, &sig, j, &where), ERR_FIELD_RANGE);
	(void)json_object_set_new(j, "data", json_integer(5));
	T_EQ(nem_json_announce_read(data, &n, &sig, j, &where), ERR_FIELD_TYPE);
	(void)json_object_del(j, "data");
	T_EQ(nem_json_announce_read(data, &n, &sig, j, &where), ERR_FIELD_MISSING);
	T_STR(where, "data");
	json_decref(j);
	j = load(ok);
	T_EQ(nem_json_result_read(&code, &hash, &has, j, &where), ERR_OK);
	T_EQ(code, NEM_SUCCESS);
	T_CHECK(has);
	golden = nem_json_result(code, &hash, NULL);
	T_CHECK(json_equal(j, golden));
	json_decref(golden);
	(void)json_object_set_new(j, "code", json_integer(5));
	T_EQ(nem_json_result_read(&code, &hash, &has, j, &where), ERR_NODE);
	json_decref(j);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "transactions both ways", transactions },
		{ "every type both ways", both_ways },
		{ "in any order", any_order },
		{ "null is nothing", null_is_nothing },
		{ "every field missing or of another type", damaged },
		{ "metadata pairs and unconfirmed", pair },
		{ "blocks", block },
		{ "announce", announce },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
