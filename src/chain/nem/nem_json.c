/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_json.h"

#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_json_part.h"
#include "chain/nem/nem_network.h"

/* ---- writing ---- */

json_t *nem_json_hash(const struct hash32 *hash)
{
	json_t *j = json_object();

	if (hash != NULL) {
		nem_json_put(&j, "data", nem_json_hex(hash->b, sizeof hash->b));
	}
	return j;
}

static bool has_inner(const struct nem_tx *tx)
{
	return tx->type == NEM_MULTISIG;
}

json_t *nem_json_pair(const struct nem_tx *tx, uint64_t id, uint64_t height)
{
	struct hash32 hash;
	struct hash32 inner;
	json_t *meta = json_object();
	json_t *j = json_object();

	nem_tx_hash(&hash, tx);
	nem_tx_payment_hash(&inner, tx);
	nem_json_put(&meta, "innerHash", nem_json_hash(has_inner(tx) ? &inner : NULL));
	nem_json_put(&meta, "id", nem_json_number(id));
	nem_json_put(&meta, "hash", nem_json_hash(&hash));
	nem_json_put(&meta, "height", nem_json_number(height));
	nem_json_put(&j, "meta", meta);
	nem_json_put(&j, "transaction", nem_json_tx(tx, NEM_SIGNED));
	return j;
}

json_t *nem_json_unconfirmed(const struct nem_tx *tx)
{
	struct hash32 inner;
	json_t *meta = json_object();
	json_t *j = json_object();

	nem_tx_payment_hash(&inner, tx);
	nem_json_put(&meta, "data",
		     has_inner(tx) ? nem_json_hex(inner.b, sizeof inner.b) : json_null());
	nem_json_put(&j, "meta", meta);
	nem_json_put(&j, "transaction", nem_json_tx(tx, NEM_SIGNED));
	return j;
}

json_t *nem_json_block(const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;
	json_t *list = json_array();
	json_t *j = json_object();

	while (nem_block_walk_decode(&walk, &tx)) {
		nem_json_append(&list, nem_json_tx(&tx, NEM_SIGNED));
	}
	nem_json_put(&j, "timeStamp", nem_json_number(block->head.time_nem_s));
	nem_json_put(&j, "signature", nem_json_hex(block->signature.b, sizeof block->signature.b));
	nem_json_put(&j, "prevBlockHash", nem_json_hash(&block->head.previous));
	nem_json_put(&j, "type", json_integer(block->head.type));
	nem_json_put(&j, "transactions", list);
	nem_json_put(&j, "version",
		     json_integer((int32_t)nem_network_version(block->head.network, 1)));
	nem_json_put(&j, "signer",
		     nem_json_hex(block->head.harvester.b, sizeof block->head.harvester.b));
	nem_json_put(&j, "height", nem_json_number(block->head.height));
	return j;
}

json_t *nem_json_explorer_block(const struct nem_block *block, uint64_t difficulty,
				const struct nem_address *beneficiary)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;
	struct hash32 hash;
	uint64_t total = 0;
	json_t *txes = json_array();
	json_t *j = json_object();

	while (nem_block_walk_decode(&walk, &tx)) {
		json_t *one = json_object();
		uint64_t fee;

		nem_json_put(&one, "tx", nem_json_tx(&tx, NEM_SIGNED));
		nem_tx_hash(&hash, &tx);
		nem_json_put(&one, "hash", nem_json_hex(hash.b, sizeof hash.b));
		if (has_inner(&tx)) {
			nem_tx_payment_hash(&hash, &tx);
			nem_json_put(&one, "innerHash", nem_json_hex(hash.b, sizeof hash.b));
		}
		nem_json_append(&txes, one);
		if (nem_fee_total(&fee, &tx) != ERR_OK ||
		    __builtin_add_overflow(total, fee, &total)) {
			total = UINT64_MAX;
		}
	}
	nem_block_hash(&hash, block);
	nem_json_put(&j, "block", nem_json_block(block));
	nem_json_put(&j, "hash", nem_json_hex(hash.b, sizeof hash.b));
	nem_json_put(&j, "difficulty", nem_json_number(difficulty));
	nem_json_put(&j, "txes", txes);
	nem_json_put(&j, "beneficiary", json_string(beneficiary->text));
	nem_json_put(&j, "totalFee", nem_json_number(total));
	return j;
}

json_t *nem_json_announce(const struct nem_tx *tx)
{
	uint8_t data[NEM_ANNOUNCE_BYTES_MAX];
	struct writer w = writer_make(data, sizeof data);
	json_t *j;

	nem_tx_encode(&w, tx, NEM_SIGNING);
	if (w.bad) {
		return NULL;
	}
	j = json_object();
	nem_json_put(&j, "data", nem_json_hex(data, w.n));
	nem_json_put(&j, "signature", nem_json_hex(tx->signature.b, sizeof tx->signature.b));
	return j;
}

json_t *nem_json_result(enum nem_result code, const struct hash32 *hash,
			const struct hash32 *inner_hash)
{
	json_t *j = json_object();

	nem_json_put(&j, "innerTransactionHash", nem_json_hash(inner_hash));
	nem_json_put(&j, "code", json_integer((json_int_t)code));
	nem_json_put(&j, "type", json_integer(1));
	nem_json_put(&j, "message", json_string(nem_result_name((int)code)));
	nem_json_put(&j, "transactionHash", nem_json_hash(hash));
	return j;
}

/* ---- reading ---- */

/* A stated hash object must be the computed hash; {} only where there is none. */
static void match_hash(struct nem_json_get *g, const json_t *object, const char *name,
		       const struct hash32 *want)
{
	const json_t *j = nem_json_get_object(g, object, name);
	struct hash32 stated;

	if (g->e != ERR_OK) {
		return;
	}
	if (want == NULL) {
		if (json_object_size(j) != 0) {
			nem_json_fail(g, ERR_MISMATCH, name);
		}
		return;
	}
	nem_json_get_hex(g, j, "data", stated.b, sizeof stated.b);
	if (g->e == ERR_OK && !hash32_eq(&stated, want)) {
		nem_json_fail(g, ERR_MISMATCH, name);
	}
}

enum err nem_json_pair_read(struct nem_tx *tx, struct nem_json_meta *meta, uint8_t network,
			    const json_t *j, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_json_meta m;
	struct nem_tx read;
	const json_t *from = nem_json_get_object(&g, j, "meta");

	memset(&m, 0, sizeof m);
	m.id = (uint64_t)nem_json_get_integer(&g, from, "id", 0, INT64_MAX);
	m.height = (uint64_t)nem_json_get_integer(&g, from, "height", 0, INT64_MAX);
	nem_json_get_tx(&g, nem_json_get_object(&g, j, "transaction"), network, NEM_SIGNED, &read);
	if (g.e == ERR_OK) {
		nem_tx_hash(&m.hash, &read);
		m.has_inner_hash = has_inner(&read);
		if (m.has_inner_hash) {
			nem_tx_payment_hash(&m.inner_hash, &read);
		}
		match_hash(&g, from, "hash", &m.hash);
		match_hash(&g, from, "innerHash", m.has_inner_hash ? &m.inner_hash : NULL);
	}
	if (g.e == ERR_OK) {
		*tx = read;
		*meta = m;
	}
	return nem_json_finish(&g, where);
}

enum err nem_json_unconfirmed_read(struct nem_tx *tx, uint8_t network, const json_t *j,
				   const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_tx read;
	const json_t *data = nem_json_get(&g, nem_json_get_object(&g, j, "meta"), "data");

	nem_json_get_tx(&g, nem_json_get_object(&g, j, "transaction"), network, NEM_SIGNED, &read);
	if (g.e == ERR_OK && has_inner(&read)) {
		struct hash32 inner;
		struct hash32 stated;

		nem_tx_payment_hash(&inner, &read);
		nem_json_get_hex(&g, json_object_get(j, "meta"), "data", stated.b, sizeof stated.b);
		if (g.e == ERR_OK && !hash32_eq(&stated, &inner)) {
			nem_json_fail(&g, ERR_MISMATCH, "data");
		}
	} else if (g.e == ERR_OK && !json_is_null(data)) {
		nem_json_fail(&g, ERR_MISMATCH, "data");
	}
	if (g.e == ERR_OK) {
		*tx = read;
	}
	return nem_json_finish(&g, where);
}

static void get_block_head(struct nem_json_get *g, const json_t *j, uint8_t network,
			   struct nem_block_head *h, struct sig64 *signature)
{
	int64_t version = nem_json_get_integer(g, j, "version", INT32_MIN, INT32_MAX);
	int64_t type = nem_json_get_integer(g, j, "type", INT32_MIN, INT32_MAX);

	memset(h, 0, sizeof *h);
	h->time_nem_s = (uint32_t)nem_json_get_integer(g, j, "timeStamp", 0, INT32_MAX);
	h->height = (uint64_t)nem_json_get_integer(g, j, "height", 1, INT64_MAX);
	nem_json_get_hex(g, j, "signer", h->harvester.b, sizeof h->harvester.b);
	nem_json_get_hex(g, j, "signature", signature->b, sizeof signature->b);
	nem_json_get_hex(g, nem_json_get_object(g, j, "prevBlockHash"), "data", h->previous.b,
			 sizeof h->previous.b);
	if (g->e != ERR_OK) {
		return;
	}
	h->network = (uint8_t)((uint32_t)version >> 24);
	if (h->network != network) {
		nem_json_fail(g, ERR_NETWORK, "version");
	} else if ((uint32_t)version != nem_network_version(network, 1)) {
		nem_json_fail(g, ERR_VERSION, "version");
	}
	if (type != NEM_BLOCK_NORMAL && type != NEM_BLOCK_NEMESIS) {
		nem_json_fail(g, ERR_TYPE, "type");
	}
	h->type = type == NEM_BLOCK_NEMESIS ? NEM_BLOCK_NEMESIS : NEM_BLOCK_NORMAL;
}

enum err nem_json_block_read(struct bytes *signed_form, uint8_t *buffer, size_t buffer_bytes,
			     uint8_t network, const json_t *j, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_block_head head;
	struct nem_block_build build;
	struct sig64 signature;
	struct nem_tx tx;
	const json_t *list = nem_json_get_array(&g, j, "transactions", NEM_BLOCK_NEMESIS_MAX);

	get_block_head(&g, j, network, &head, &signature);
	if (g.e == ERR_OK) {
		enum err e = nem_block_build_start(&build, buffer, buffer_bytes, &head);

		if (e != ERR_OK) {
			nem_json_fail(&g, e, "block");
		}
	}
	for (size_t i = 0; g.e == ERR_OK && i < json_array_size(list); i++) {
		nem_json_get_tx(&g, json_array_get(list, i), network, NEM_SIGNED, &tx);
		if (g.e == ERR_OK) {
			enum err e = nem_block_build_add(&build, &tx);

			if (e != ERR_OK) {
				nem_json_fail(&g, e, "transactions");
			}
		}
	}
	if (g.e == ERR_OK) {
		nem_block_build_finish(&build, &signature, signed_form);
	}
	return nem_json_finish(&g, where);
}

static void match_hex(struct nem_json_get *g, const json_t *object, const char *name,
		      const struct hash32 *want)
{
	struct hash32 stated;

	nem_json_get_hex(g, object, name, stated.b, sizeof stated.b);
	if (g->e == ERR_OK && !hash32_eq(&stated, want)) {
		nem_json_fail(g, ERR_MISMATCH, name);
	}
}

enum err nem_json_explorer_block_read(struct bytes *signed_form, uint8_t *buffer,
				      size_t buffer_bytes, uint8_t network, const json_t *j,
				      const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct nem_block block;
	struct nem_block_walk walk;
	struct nem_tx tx;
	struct hash32 hash;
	struct bytes raw = { NULL, 0 };
	const json_t *from = nem_json_get_object(&g, j, "block");
	const json_t *txes = nem_json_get_array(&g, j, "txes", NEM_BLOCK_NEMESIS_MAX);
	enum err e;

	if (g.e != ERR_OK) {
		return nem_json_finish(&g, where);
	}
	e = nem_json_block_read(&raw, buffer, buffer_bytes, network, from, where);
	if (e != ERR_OK) {
		return e;
	}
	e = nem_block_decode(&block, network, raw);
	if (e != ERR_OK) {
		nem_json_fail(&g, e, "block");
		return nem_json_finish(&g, where);
	}
	nem_block_hash(&hash, &block);
	match_hex(&g, j, "hash", &hash);
	if (json_array_size(txes) != block.n) {
		nem_json_fail(&g, ERR_MISMATCH, "txes");
	}
	walk = nem_block_walk_make(&block);
	while (g.e == ERR_OK && nem_block_walk_decode(&walk, &tx)) {
		const json_t *one = json_array_get(txes, walk.index);

		nem_tx_hash(&hash, &tx);
		match_hex(&g, one, "hash", &hash);
		if (has_inner(&tx)) {
			nem_tx_payment_hash(&hash, &tx);
			match_hex(&g, one, "innerHash", &hash);
		}
	}
	if (g.e == ERR_OK) {
		*signed_form = raw;
	}
	return nem_json_finish(&g, where);
}

enum err nem_json_announce_read(uint8_t data[NEM_ANNOUNCE_BYTES_MAX], size_t *data_bytes,
				struct sig64 *signature, const json_t *j, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	uint8_t read[NEM_ANNOUNCE_BYTES_MAX];
	struct sig64 sig = { { 0 } };
	size_t n = nem_json_get_hex_upto(&g, j, "data", read, sizeof read);

	nem_json_get_hex(&g, j, "signature", sig.b, sizeof sig.b);
	if (g.e == ERR_OK) {
		memcpy(data, read, n);
		*data_bytes = n;
		*signature = sig;
	}
	return nem_json_finish(&g, where);
}

enum err nem_json_result_read(enum nem_result *code, struct hash32 *hash, bool *has_hash,
			      const json_t *j, const char **where)
{
	struct nem_json_get g = { ERR_OK, NULL };
	struct hash32 read = { { 0 } };
	int64_t type = nem_json_get_integer(&g, j, "type", INT32_MIN, INT32_MAX);
	int64_t number_of = nem_json_get_integer(&g, j, "code", INT32_MIN, INT32_MAX);
	struct bytes message = nem_json_get_string(&g, j, "message");
	const json_t *object = nem_json_get_object(&g, j, "transactionHash");
	bool has = g.e == ERR_OK && json_object_size(object) > 0;

	if (g.e == ERR_OK && type != 1) {
		nem_json_fail(&g, ERR_NODE, "type");
	}
	if (g.e == ERR_OK && (!nem_result_known((int)number_of) ||
			      !bytes_eq(message, bytes_str(nem_result_name((int)number_of))))) {
		nem_json_fail(&g, ERR_NODE, "message");
	}
	if (has) {
		nem_json_get_hex(&g, object, "data", read.b, sizeof read.b);
	}
	if (g.e == ERR_OK) {
		*code = (enum nem_result)number_of;
		*hash = read;
		*has_hash = has;
	}
	return nem_json_finish(&g, where);
}
