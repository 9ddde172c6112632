/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_tool - our NEM code as a filter, for comparisons with other people's (compare.mjs) and with
 * the kit's (test_random.py).  One JSON object per line in, one per line out, in order:
 *
 *   {"json":TX}                 TX as a person writes it, unsigned, lists in any order
 *   {"json":TX,"key":HEX}       the same, signed with a throw-away private key
 *   {"signed_json":TX}          TX as a node gives it, with signatures
 *   {"signing":HEX}, {"signed":HEX}          bytes of either form
 *   {"block_json":BLOCK}, {"block":HEX}
 *
 * each with "network" (152).  "mosaics":{"space:name":[supply,divisibility]} tells what the fee of
 * a transfer depends on.  The answer has the bytes of both forms, hash, signature, whether it
 * verifies, the least fee, and the JSON of the signed form; or {"error":SLUG,"where":FIELD}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_json.h"
#include "crypto/crypto.h"

static uint8_t bytes_in[NEM_BLOCK_BYTES_MAX];
static uint8_t bytes_out[NEM_BLOCK_BYTES_MAX];
static char hex_out[2 * NEM_BLOCK_BYTES_MAX + 1];

static json_t *refusal(enum err e, const char *where)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "error", json_string(err_slug(e)));
	(void)json_object_set_new(j, "where", json_string(where == NULL ? "" : where));
	return j;
}

static void put_hex(json_t *j, const char *name, struct bytes b)
{
	hex_put(hex_out, b);
	(void)json_object_set_new(j, name, json_string(hex_out));
}

static bool get_hex(const json_t *in, const char *name, uint8_t *out, size_t cap, struct bytes *got)
{
	const json_t *j = json_object_get(in, name);
	size_t n = json_string_length(j) / 2;

	if (!json_is_string(j) || n > cap ||
	    hex_get(out, n, bytes_of(json_string_value(j), json_string_length(j)), HEX_ANY_CASE) !=
		ERR_OK) {
		return false;
	}
	*got = bytes_of(out, n);
	return true;
}

/* {"space:name":[supply,divisibility]} */
static bool find_mosaic(void *context, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	const json_t *one;

	nem_mosaic_id_put(text, id);
	one = json_object_get(context, text);
	if (json_array_size(one) != 2) {
		return false;
	}
	out->supply = (uint64_t)json_integer_value(json_array_get(one, 0));
	out->divisibility = (uint8_t)json_integer_value(json_array_get(one, 1));
	return true;
}

/* [[kind, from, to, micro, token, quantity, change], ...] */
static json_t *effects_json(const struct nem_tx *tx)
{
	static struct chain_effects x;
	enum err e = nem_effects_list_seen(&x, tx);
	json_t *list;

	if (e != ERR_OK) {
		return json_string(err_slug(e));
	}
	list = json_array();
	for (size_t i = 0; i < x.n; i++) {
		const struct chain_effect *f = &x.effect[i];
		bool named = f->kind >= CHAIN_TOKEN_MOVE && f->kind <= CHAIN_NAME;

		(void)json_array_append_new(
		    list, json_pack("[i,s,s,I,s,I,i]", (int)f->kind, f->from.text, f->to.text,
				    (json_int_t)money_units(&f->amount),
				    named ? x.token[f->token].name : "", (json_int_t)f->quantity,
				    (int)f->change));
	}
	return list;
}

static json_t *answer_tx(const json_t *in, const struct nem_tx *tx)
{
	struct nem_fee_lookup lookup = { .context = json_object_get(in, "mosaics"),
					 .find = find_mosaic };
	struct hash32 hash;
	uint64_t fee;
	json_t *j = json_object();

	for (int form = NEM_SIGNING; form <= NEM_SIGNED; form++) {
		struct writer w = writer_make(bytes_out, sizeof bytes_out);

		nem_tx_encode(&w, tx, (enum nem_form)form);
		put_hex(j, form == NEM_SIGNING ? "signing" : "signed", bytes_of(w.p, w.n));
	}
	nem_tx_hash(&hash, tx);
	put_hex(j, "hash", bytes_of(hash.b, sizeof hash.b));
	put_hex(j, "signature", bytes_of(tx->signature.b, sizeof tx->signature.b));
	(void)json_object_set_new(j, "verified", json_boolean(nem_tx_verify(tx) == ERR_OK));
	if (nem_fee_minimum_of(&fee, tx, &lookup, NULL) == ERR_OK) {
		(void)json_object_set_new(j, "fee", json_integer((json_int_t)fee));
	}
	(void)json_object_set_new(j, "effects", effects_json(tx));
	(void)json_object_set_new(j, "json", nem_json_tx(tx, NEM_SIGNED));
	return j;
}

static json_t *answer_block(uint8_t network, struct bytes raw)
{
	struct nem_block block;
	struct hash32 hash;
	json_t *j;
	enum err e = nem_block_decode(&block, network, raw);

	if (e != ERR_OK) {
		return refusal(e, "block");
	}
	j = json_object();
	put_hex(j, "block", raw);
	nem_block_hash(&hash, &block);
	put_hex(j, "hash", bytes_of(hash.b, sizeof hash.b));
	(void)json_object_set_new(j, "verified",
				  json_boolean(nem_block_verify_all(&block) == ERR_OK));
	(void)json_object_set_new(j, "json", nem_json_block(&block));
	return j;
}

static json_t *from_json(const json_t *in, uint8_t network)
{
	static struct nem_tx tx;
	const char *where = NULL;
	uint8_t raw_key[32];
	struct bytes key;
	enum err e;

	if (json_object_get(in, "signed_json") != NULL) {
		e = nem_json_tx_read(&tx, network, json_object_get(in, "signed_json"), NEM_SIGNED,
				     &where);
		return e == ERR_OK ? answer_tx(in, &tx) : refusal(e, where);
	}
	e = nem_json_tx_read_any_order(&tx, network, json_object_get(in, "json"), &where);
	if (e == ERR_OK && get_hex(in, "key", raw_key, sizeof raw_key, &key) &&
	    key.n == sizeof raw_key) {
		struct edk_secret secret;

		edk_secret_from_nem(&secret, raw_key);
		e = nem_tx_sign(&tx, &secret);
	}
	return e == ERR_OK ? answer_tx(in, &tx) : refusal(e, where);
}

static json_t *answer(const json_t *in)
{
	static struct nem_tx tx;
	uint8_t network = (uint8_t)json_integer_value(json_object_get(in, "network"));
	const char *where = NULL;
	struct bytes raw;
	enum err e;

	if (json_object_get(in, "json") != NULL || json_object_get(in, "signed_json") != NULL) {
		return from_json(in, network);
	}
	if (json_object_get(in, "block_json") != NULL) {
		e = nem_json_block_read(&raw, bytes_in, sizeof bytes_in, network,
					json_object_get(in, "block_json"), &where);
		return e == ERR_OK ? answer_block(network, raw) : refusal(e, where);
	}
	if (get_hex(in, "block", bytes_in, sizeof bytes_in, &raw)) {
		return answer_block(network, raw);
	}
	for (int form = NEM_SIGNING; form <= NEM_SIGNED; form++) {
		if (get_hex(in, form == NEM_SIGNING ? "signing" : "signed", bytes_in,
			    sizeof bytes_in, &raw)) {
			e = nem_tx_decode(&tx, network, raw, (enum nem_form)form);
			return e == ERR_OK ? answer_tx(in, &tx) : refusal(e, "");
		}
	}
	return refusal(ERR_INPUT, "a line that asks nothing");
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	while (getline(&line, &cap, stdin) > 0) {
		json_t *in = json_loads(line, JSON_ALLOW_NUL, NULL);
		json_t *out = in == NULL ? refusal(ERR_INPUT, "not JSON") : answer(in);

		if (json_dumpf(out, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF ||
		    fflush(stdout) != 0) {
			return 1;
		}
		json_decref(out);
		json_decref(in);
	}
	free(line);
	return 0;
}
