/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_json.h"

#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"

enum { HEX_MAX = 2 * NEM_ANNOUNCE_BYTES_MAX };

/* ---- writing ---- */

static json_t *hex_string(const void *p, size_t n)
{
	char text[HEX_MAX + 1];

	CHECK(n <= NEM_ANNOUNCE_BYTES_MAX);
	hex_put(text, bytes_of(p, n));
	return json_string(text);
}

/* Sets a key; a value that could not be made takes the whole object with it. */
static void put(json_t **object, const char *name, json_t *value)
{
	if (*object == NULL) {
		json_decref(value);
	} else if (json_object_set_new(*object, name, value) != 0) {
		json_decref(*object);
		*object = NULL;
	}
}

static void append(json_t **array, json_t *value)
{
	if (*array == NULL) {
		json_decref(value);
	} else if (json_array_append_new(*array, value) != 0) {
		json_decref(*array);
		*array = NULL;
	}
}

/* Amounts beyond 2^63-1 pass no rule of any node; the format itself could not hold them. */
static json_t *number(uint64_t n)
{
	return n <= INT64_MAX ? json_integer((json_int_t)n) : NULL;
}

json_t *nem_json_hash(const struct hash32 *hash)
{
	json_t *j = json_object();

	if (hash != NULL) {
		put(&j, "data", hex_string(hash->b, sizeof hash->b));
	}
	return j;
}

static json_t *put_head(enum nem_type type, const struct nem_header *h,
			const struct sig64 *signature)
{
	json_t *j = json_object();

	put(&j, "type", json_integer((json_int_t)type));
	put(&j, "version", json_integer((int32_t)nem_network_version(h->network, h->version)));
	put(&j, "timeStamp", number(h->time_nem_s));
	put(&j, "signer", hex_string(h->signer.b, sizeof h->signer.b));
	put(&j, "fee", number(h->fee_micro));
	put(&j, "deadline", number(h->deadline_nem_s));
	if (signature != NULL) {
		put(&j, "signature", hex_string(signature->b, sizeof signature->b));
	}
	return j;
}

static void put_transfer(json_t **j, const struct nem_transfer *t)
{
	json_t *message = json_object();

	if (t->message_bytes > 0) {
		put(&message, "payload", hex_string(t->message, t->message_bytes));
		put(&message, "type", json_integer((json_int_t)t->message_type));
	}
	put(j, "recipient", json_string(t->recipient.text));
	put(j, "amount", number(t->amount_micro));
	put(j, "message", message);
}

static void put_modification(json_t **j, const struct nem_modification *m, uint8_t version)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->n; i++) {
		json_t *entry = json_object();

		put(&entry, "modificationType", json_integer((json_int_t)m->entry[i].type));
		put(&entry, "cosignatoryAccount", hex_string(m->entry[i].cosigner.b, 32));
		append(&list, entry);
	}
	put(j, "modifications", list);
	if (version >= 2) {
		json_t *change = json_object();

		if (m->has_change) {
			put(&change, "relativeChange", json_integer(m->change));
		}
		put(j, "minCosignatories", change);
	}
}

static void put_cosignature(json_t **j, const struct nem_cosignature *c)
{
	put(j, "otherHash", nem_json_hash(&c->inner_hash));
	put(j, "otherAccount", json_string(c->account.text));
}

static void put_multisig(json_t **j, const struct nem_multisig_body *m, enum nem_form form)
{
	json_t *inner = put_head(m->inner.type, &m->inner.head, NULL);
	json_t *list;

	if (m->inner.type == NEM_TRANSFER) {
		put_transfer(&inner, &m->inner.transfer);
	} else {
		put_modification(&inner, &m->inner.modification, m->inner.head.version);
	}
	put(j, "otherTrans", inner);
	if (form == NEM_SIGNING) {
		return;
	}
	list = json_array();
	for (unsigned i = 0; i < m->n; i++) {
		const struct nem_attached *a = &m->cosignature[i];
		json_t *one = put_head(NEM_COSIGNATURE, &a->head, &a->signature);

		put_cosignature(&one, &a->body);
		append(&list, one);
	}
	put(j, "signatures", list);
}

json_t *nem_json_tx(const struct nem_tx *tx, enum nem_form form)
{
	json_t *j = put_head(tx->type, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);

	switch (tx->type) {
	case NEM_TRANSFER:
		put_transfer(&j, &tx->transfer);
		return j;
	case NEM_MODIFICATION:
		put_modification(&j, &tx->modification, tx->head.version);
		return j;
	case NEM_COSIGNATURE:
		put_cosignature(&j, &tx->cosignature);
		return j;
	case NEM_MULTISIG:
		put_multisig(&j, &tx->multisig, form);
		return j;
	}
	CHECK(false); /* a transaction type without JSON */
	return NULL;
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
	put(&meta, "innerHash", nem_json_hash(has_inner(tx) ? &inner : NULL));
	put(&meta, "id", number(id));
	put(&meta, "hash", nem_json_hash(&hash));
	put(&meta, "height", number(height));
	put(&j, "meta", meta);
	put(&j, "transaction", nem_json_tx(tx, NEM_SIGNED));
	return j;
}

json_t *nem_json_unconfirmed(const struct nem_tx *tx)
{
	struct hash32 inner;
	json_t *meta = json_object();
	json_t *j = json_object();

	nem_tx_payment_hash(&inner, tx);
	put(&meta, "data", has_inner(tx) ? hex_string(inner.b, sizeof inner.b) : json_null());
	put(&j, "meta", meta);
	put(&j, "transaction", nem_json_tx(tx, NEM_SIGNED));
	return j;
}

json_t *nem_json_block(const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;
	json_t *list = json_array();
	json_t *j = json_object();

	while (nem_block_walk_decode(&walk, &tx)) {
		append(&list, nem_json_tx(&tx, NEM_SIGNED));
	}
	put(&j, "timeStamp", number(block->head.time_nem_s));
	put(&j, "signature", hex_string(block->signature.b, sizeof block->signature.b));
	put(&j, "prevBlockHash", nem_json_hash(&block->head.previous));
	put(&j, "type", json_integer(block->head.type));
	put(&j, "transactions", list);
	put(&j, "version", json_integer((int32_t)nem_network_version(block->head.network, 1)));
	put(&j, "signer", hex_string(block->head.harvester.b, sizeof block->head.harvester.b));
	put(&j, "height", number(block->head.height));
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

		put(&one, "tx", nem_json_tx(&tx, NEM_SIGNED));
		nem_tx_hash(&hash, &tx);
		put(&one, "hash", hex_string(hash.b, sizeof hash.b));
		if (has_inner(&tx)) {
			nem_tx_payment_hash(&hash, &tx);
			put(&one, "innerHash", hex_string(hash.b, sizeof hash.b));
		}
		append(&txes, one);
		if (nem_fee_total(&fee, &tx) != ERR_OK ||
		    __builtin_add_overflow(total, fee, &total)) {
			total = UINT64_MAX;
		}
	}
	nem_block_hash(&hash, block);
	put(&j, "block", nem_json_block(block));
	put(&j, "hash", hex_string(hash.b, sizeof hash.b));
	put(&j, "difficulty", number(difficulty));
	put(&j, "txes", txes);
	put(&j, "beneficiary", json_string(beneficiary->text));
	put(&j, "totalFee", number(total));
	return j;
}

json_t *nem_json_announce(const struct nem_tx *tx)
{
	uint8_t data[NEM_ANNOUNCE_BYTES_MAX];
	struct writer w = writer_make(data, sizeof data);
	json_t *j = json_object();

	nem_tx_encode(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	put(&j, "data", hex_string(data, w.n));
	put(&j, "signature", hex_string(tx->signature.b, sizeof tx->signature.b));
	return j;
}

json_t *nem_json_result(enum nem_result code, const struct hash32 *hash,
			const struct hash32 *inner_hash)
{
	json_t *j = json_object();

	put(&j, "innerTransactionHash", nem_json_hash(inner_hash));
	put(&j, "code", json_integer((json_int_t)code));
	put(&j, "type", json_integer(1));
	put(&j, "message", json_string(nem_result_name((int)code)));
	put(&j, "transactionHash", nem_json_hash(hash));
	return j;
}

/* ---- reading ---- */

/* The first error and the field it concerns; later reads do nothing. */
struct get {
	enum err e;
	const char *where;
};

static void fail(struct get *g, enum err e, const char *where)
{
	if (g->e == ERR_OK) {
		g->e = e;
		g->where = where;
	}
}

static enum err finish(const struct get *g, const char **where)
{
	if (g->e != ERR_OK && where != NULL) {
		*where = g->where;
	}
	return g->e;
}

/* The value of a key, or NULL after an error. */
static const json_t *get(struct get *g, const json_t *object, const char *name)
{
	const json_t *j;

	if (g->e != ERR_OK) {
		return NULL;
	}
	if (!json_is_object(object)) {
		fail(g, ERR_INPUT, name);
		return NULL;
	}
	j = json_object_get(object, name);
	if (j == NULL) {
		fail(g, ERR_FIELD_MISSING, name);
	}
	return j;
}

static const json_t *get_object(struct get *g, const json_t *object, const char *name)
{
	const json_t *j = get(g, object, name);

	if (j != NULL && !json_is_object(j)) {
		fail(g, ERR_FIELD_TYPE, name);
		return NULL;
	}
	return j;
}

static const json_t *get_array(struct get *g, const json_t *object, const char *name, size_t max)
{
	const json_t *j = get(g, object, name);

	if (j != NULL && !json_is_array(j)) {
		fail(g, ERR_FIELD_TYPE, name);
		return NULL;
	}
	if (j != NULL && json_array_size(j) > max) {
		fail(g, ERR_TOO_LARGE, name);
		return NULL;
	}
	return j;
}

static int64_t get_integer(struct get *g, const json_t *object, const char *name, int64_t min,
			   int64_t max)
{
	const json_t *j = get(g, object, name);
	int64_t n;

	if (j == NULL) {
		return 0;
	}
	if (!json_is_integer(j)) {
		fail(g, ERR_FIELD_TYPE, name);
		return 0;
	}
	n = json_integer_value(j);
	if (n < min || n > max) {
		fail(g, ERR_FIELD_RANGE, name);
		return 0;
	}
	return n;
}

static struct bytes get_string(struct get *g, const json_t *object, const char *name)
{
	const json_t *j = get(g, object, name);

	if (j == NULL) {
		return bytes_of(NULL, 0);
	}
	if (!json_is_string(j)) {
		fail(g, ERR_FIELD_TYPE, name);
		return bytes_of(NULL, 0);
	}
	return bytes_of(json_string_value(j), json_string_length(j));
}

static void get_hex(struct get *g, const json_t *object, const char *name, uint8_t *out, size_t n)
{
	struct bytes text = get_string(g, object, name);

	if (g->e == ERR_OK && hex_get(out, n, text, HEX_ANY_CASE) != ERR_OK) {
		fail(g, ERR_FIELD_RANGE, name);
	}
}

/* Hex of any even length up to max bytes. */
static size_t get_hex_upto(struct get *g, const json_t *object, const char *name, uint8_t *out,
			   size_t max)
{
	struct bytes text = get_string(g, object, name);

	if (g->e != ERR_OK) {
		return 0;
	}
	if (text.n / 2 > max) {
		fail(g, ERR_TOO_LARGE, name);
		return 0;
	}
	if (text.n % 2 != 0 || hex_get(out, text.n / 2, text, HEX_ANY_CASE) != ERR_OK) {
		fail(g, ERR_FIELD_RANGE, name);
		return 0;
	}
	return text.n / 2;
}

static void get_address(struct get *g, const json_t *object, const char *name, uint8_t network,
			struct nem_address *out)
{
	struct bytes text = get_string(g, object, name);
	enum err e;

	if (g->e != ERR_OK) {
		return;
	}
	e = nem_address_parse(out, network, text, NULL);
	if (e != ERR_OK) {
		fail(g, e, name);
	}
}

static enum nem_type get_head(struct get *g, const json_t *j, struct nem_header *h,
			      struct sig64 *signature)
{
	int64_t type = get_integer(g, j, "type", INT32_MIN, INT32_MAX);
	int64_t version = get_integer(g, j, "version", INT32_MIN, INT32_MAX);
	enum err e;

	h->time_nem_s = (uint32_t)get_integer(g, j, "timeStamp", 0, INT32_MAX);
	get_hex(g, j, "signer", h->signer.b, sizeof h->signer.b);
	h->fee_micro = (uint64_t)get_integer(g, j, "fee", 0, INT64_MAX);
	h->deadline_nem_s = (uint32_t)get_integer(g, j, "deadline", 0, INT32_MAX);
	if (signature != NULL) {
		get_hex(g, j, "signature", signature->b, sizeof signature->b);
	}
	if (g->e != ERR_OK) {
		return NEM_TRANSFER;
	}
	e = nem_network_split(&h->network, &h->version, (uint32_t)version);
	if (e != ERR_OK) {
		fail(g, e, "version");
	}
	if (type != NEM_TRANSFER && type != NEM_MODIFICATION && type != NEM_COSIGNATURE &&
	    type != NEM_MULTISIG) {
		fail(g, ERR_TYPE, "type");
		return NEM_TRANSFER;
	}
	if (type == NEM_TRANSFER && h->version == 2) {
		fail(g, ERR_TYPE, "version");
	}
	return (enum nem_type)type;
}

static void get_transfer(struct get *g, const json_t *j, uint8_t network, struct nem_transfer *t)
{
	const json_t *message = get_object(g, j, "message");

	get_address(g, j, "recipient", network, &t->recipient);
	t->amount_micro = (uint64_t)get_integer(g, j, "amount", 0, INT64_MAX);
	if (g->e != ERR_OK || json_object_size(message) == 0) {
		return;
	}
	t->message_type = (enum nem_message_type)get_integer(g, message, "type", NEM_MESSAGE_PLAIN,
							     NEM_MESSAGE_ENCRYPTED);
	t->message_bytes =
	    (uint16_t)get_hex_upto(g, message, "payload", t->message, NEM_MESSAGE_MAX);
	if (t->message_bytes == 0) {
		t->message_type = NEM_MESSAGE_NONE;
	}
}

static void get_modification(struct get *g, const json_t *j, uint8_t version,
			     struct nem_modification *m)
{
	const json_t *list = get_array(g, j, "modifications", NEM_MODIFICATIONS_MAX);

	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);

		m->entry[i].type = (enum nem_modification_type)get_integer(
		    g, entry, "modificationType", NEM_ADD, NEM_DELETE);
		get_hex(g, entry, "cosignatoryAccount", m->entry[i].cosigner.b, 32);
		m->n = (uint8_t)(i + 1);
	}
	if (version >= 2) {
		const json_t *change = get_object(g, j, "minCosignatories");

		if (g->e == ERR_OK && json_object_size(change) > 0) {
			m->has_change = true;
			m->change =
			    (int32_t)get_integer(g, change, "relativeChange", INT32_MIN, INT32_MAX);
		}
	}
}

static void get_cosignature(struct get *g, const json_t *j, uint8_t network,
			    struct nem_cosignature *c)
{
	get_hex(g, get_object(g, j, "otherHash"), "data", c->inner_hash.b, 32);
	get_address(g, j, "otherAccount", network, &c->account);
}

static void get_multisig(struct get *g, const json_t *j, uint8_t network, enum nem_form form,
			 struct nem_multisig_body *m)
{
	const json_t *inner = get_object(g, j, "otherTrans");
	const json_t *list;

	m->inner.type = get_head(g, inner, &m->inner.head, NULL);
	if (m->inner.type == NEM_TRANSFER) {
		get_transfer(g, inner, network, &m->inner.transfer);
	} else if (m->inner.type == NEM_MODIFICATION) {
		get_modification(g, inner, m->inner.head.version, &m->inner.modification);
	} else {
		fail(g, ERR_TYPE, "otherTrans");
	}
	if (form == NEM_SIGNING) {
		return;
	}
	list = get_array(g, j, "signatures", NEM_COSIGNATURES_MAX);
	for (size_t i = 0; g->e == ERR_OK && i < json_array_size(list); i++) {
		struct nem_attached *a = &m->cosignature[i];
		const json_t *one = json_array_get(list, i);

		if (get_head(g, one, &a->head, &a->signature) != NEM_COSIGNATURE) {
			fail(g, ERR_TYPE, "signatures");
		}
		get_cosignature(g, one, network, &a->body);
		m->n = (uint8_t)(i + 1);
	}
}

static void get_tx(struct get *g, const json_t *j, uint8_t network, enum nem_form form,
		   struct nem_tx *tx)
{
	enum err e;

	memset(tx, 0, sizeof *tx);
	if (!json_is_object(j)) {
		fail(g, ERR_INPUT, "transaction");
		return;
	}
	tx->type = get_head(g, j, &tx->head, form == NEM_SIGNED ? &tx->signature : NULL);
	if (g->e == ERR_OK && tx->head.network != network) {
		fail(g, ERR_NETWORK, "version");
	}
	switch (tx->type) {
	case NEM_TRANSFER:
		get_transfer(g, j, network, &tx->transfer);
		break;
	case NEM_MODIFICATION:
		get_modification(g, j, tx->head.version, &tx->modification);
		break;
	case NEM_COSIGNATURE:
		get_cosignature(g, j, network, &tx->cosignature);
		break;
	case NEM_MULTISIG:
		get_multisig(g, j, network, form, &tx->multisig);
		break;
	}
	if (g->e == ERR_OK) {
		e = nem_tx_check(tx);
		if (e != ERR_OK) {
			fail(g, e, "transaction");
		}
	}
}

enum err nem_json_tx_read(struct nem_tx *out, uint8_t network, const json_t *j, enum nem_form form,
			  const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct nem_tx tx;

	get_tx(&g, j, network, form, &tx);
	if (g.e == ERR_OK) {
		*out = tx;
	}
	return finish(&g, where);
}

/* A stated hash object must be the computed hash; {} only where there is none. */
static void match_hash(struct get *g, const json_t *object, const char *name,
		       const struct hash32 *want)
{
	const json_t *j = get_object(g, object, name);
	struct hash32 stated;

	if (g->e != ERR_OK) {
		return;
	}
	if (want == NULL) {
		if (json_object_size(j) != 0) {
			fail(g, ERR_MISMATCH, name);
		}
		return;
	}
	get_hex(g, j, "data", stated.b, sizeof stated.b);
	if (g->e == ERR_OK && !hash32_eq(&stated, want)) {
		fail(g, ERR_MISMATCH, name);
	}
}

enum err nem_json_pair_read(struct nem_tx *tx, struct nem_json_meta *meta, uint8_t network,
			    const json_t *j, const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct nem_json_meta m;
	struct nem_tx read;
	const json_t *from = get_object(&g, j, "meta");

	memset(&m, 0, sizeof m);
	m.id = (uint64_t)get_integer(&g, from, "id", 0, INT64_MAX);
	m.height = (uint64_t)get_integer(&g, from, "height", 0, INT64_MAX);
	get_tx(&g, get_object(&g, j, "transaction"), network, NEM_SIGNED, &read);
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
	return finish(&g, where);
}

enum err nem_json_unconfirmed_read(struct nem_tx *tx, uint8_t network, const json_t *j,
				   const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct nem_tx read;
	const json_t *data = get(&g, get_object(&g, j, "meta"), "data");

	get_tx(&g, get_object(&g, j, "transaction"), network, NEM_SIGNED, &read);
	if (g.e == ERR_OK && has_inner(&read)) {
		struct hash32 inner;
		struct hash32 stated;

		nem_tx_payment_hash(&inner, &read);
		get_hex(&g, json_object_get(j, "meta"), "data", stated.b, sizeof stated.b);
		if (g.e == ERR_OK && !hash32_eq(&stated, &inner)) {
			fail(&g, ERR_MISMATCH, "data");
		}
	} else if (g.e == ERR_OK && !json_is_null(data)) {
		fail(&g, ERR_MISMATCH, "data");
	}
	if (g.e == ERR_OK) {
		*tx = read;
	}
	return finish(&g, where);
}

static void get_block_head(struct get *g, const json_t *j, uint8_t network,
			   struct nem_block_head *h, struct sig64 *signature)
{
	int64_t version = get_integer(g, j, "version", INT32_MIN, INT32_MAX);
	int64_t type = get_integer(g, j, "type", INT32_MIN, INT32_MAX);

	memset(h, 0, sizeof *h);
	h->time_nem_s = (uint32_t)get_integer(g, j, "timeStamp", 0, INT32_MAX);
	h->height = (uint64_t)get_integer(g, j, "height", 1, INT64_MAX);
	get_hex(g, j, "signer", h->harvester.b, sizeof h->harvester.b);
	get_hex(g, j, "signature", signature->b, sizeof signature->b);
	get_hex(g, get_object(g, j, "prevBlockHash"), "data", h->previous.b, sizeof h->previous.b);
	if (g->e != ERR_OK) {
		return;
	}
	h->network = (uint8_t)((uint32_t)version >> 24);
	if (h->network != network) {
		fail(g, ERR_NETWORK, "version");
	} else if ((uint32_t)version != nem_network_version(network, 1)) {
		fail(g, ERR_VERSION, "version");
	}
	if (type != NEM_BLOCK_NORMAL && type != NEM_BLOCK_NEMESIS) {
		fail(g, ERR_TYPE, "type");
	}
	h->type = type == NEM_BLOCK_NEMESIS ? NEM_BLOCK_NEMESIS : NEM_BLOCK_NORMAL;
}

enum err nem_json_block_read(struct bytes *signed_form, uint8_t *buffer, size_t buffer_bytes,
			     uint8_t network, const json_t *j, const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct nem_block_head head;
	struct nem_block_build build;
	struct sig64 signature;
	struct nem_tx tx;
	const json_t *list = get_array(&g, j, "transactions", NEM_BLOCK_NEMESIS_MAX);

	get_block_head(&g, j, network, &head, &signature);
	if (g.e == ERR_OK) {
		enum err e = nem_block_build_start(&build, buffer, buffer_bytes, &head);

		if (e != ERR_OK) {
			fail(&g, e, "block");
		}
	}
	for (size_t i = 0; g.e == ERR_OK && i < json_array_size(list); i++) {
		get_tx(&g, json_array_get(list, i), network, NEM_SIGNED, &tx);
		if (g.e == ERR_OK) {
			enum err e = nem_block_build_add(&build, &tx);

			if (e != ERR_OK) {
				fail(&g, e, "transactions");
			}
		}
	}
	if (g.e == ERR_OK) {
		nem_block_build_finish(&build, &signature, signed_form);
	}
	return finish(&g, where);
}

static void match_hex(struct get *g, const json_t *object, const char *name,
		      const struct hash32 *want)
{
	struct hash32 stated;

	get_hex(g, object, name, stated.b, sizeof stated.b);
	if (g->e == ERR_OK && !hash32_eq(&stated, want)) {
		fail(g, ERR_MISMATCH, name);
	}
}

enum err nem_json_explorer_block_read(struct bytes *signed_form, uint8_t *buffer,
				      size_t buffer_bytes, uint8_t network, const json_t *j,
				      const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct nem_block block;
	struct nem_block_walk walk;
	struct nem_tx tx;
	struct hash32 hash;
	struct bytes raw;
	const json_t *from = get_object(&g, j, "block");
	const json_t *txes = get_array(&g, j, "txes", NEM_BLOCK_NEMESIS_MAX);
	enum err e;

	if (g.e != ERR_OK) {
		return finish(&g, where);
	}
	e = nem_json_block_read(&raw, buffer, buffer_bytes, network, from, where);
	if (e != ERR_OK) {
		return e;
	}
	e = nem_block_decode(&block, network, raw);
	if (e != ERR_OK) {
		fail(&g, e, "block");
		return finish(&g, where);
	}
	nem_block_hash(&hash, &block);
	match_hex(&g, j, "hash", &hash);
	if (json_array_size(txes) != block.n) {
		fail(&g, ERR_MISMATCH, "txes");
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
	return finish(&g, where);
}

enum err nem_json_announce_read(uint8_t data[NEM_ANNOUNCE_BYTES_MAX], size_t *data_bytes,
				struct sig64 *signature, const json_t *j, const char **where)
{
	struct get g = { ERR_OK, NULL };
	uint8_t read[NEM_ANNOUNCE_BYTES_MAX];
	struct sig64 sig = { { 0 } };
	size_t n = get_hex_upto(&g, j, "data", read, sizeof read);

	get_hex(&g, j, "signature", sig.b, sizeof sig.b);
	if (g.e == ERR_OK) {
		memcpy(data, read, n);
		*data_bytes = n;
		*signature = sig;
	}
	return finish(&g, where);
}

enum err nem_json_result_read(enum nem_result *code, struct hash32 *hash, bool *has_hash,
			      const json_t *j, const char **where)
{
	struct get g = { ERR_OK, NULL };
	struct hash32 read = { { 0 } };
	int64_t type = get_integer(&g, j, "type", INT32_MIN, INT32_MAX);
	int64_t number_of = get_integer(&g, j, "code", INT32_MIN, INT32_MAX);
	struct bytes message = get_string(&g, j, "message");
	const json_t *object = get_object(&g, j, "transactionHash");
	bool has = g.e == ERR_OK && json_object_size(object) > 0;

	if (g.e == ERR_OK && type != 1) {
		fail(&g, ERR_NODE, "type");
	}
	if (g.e == ERR_OK && (!nem_result_known((int)number_of) ||
			      !bytes_eq(message, bytes_str(nem_result_name((int)number_of))))) {
		fail(&g, ERR_NODE, "message");
	}
	if (has) {
		get_hex(&g, object, "data", read.b, sizeof read.b);
	}
	if (g.e == ERR_OK) {
		*code = (enum nem_result)number_of;
		*hash = read;
		*has_hash = has;
	}
	return finish(&g, where);
}
