/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.c - the REST interface of NIS, as far as nem.md 5 and 7 are served here: a table of routes,
 * each parsing its arguments, asking the chain and writing JSON.  It holds no rule of the chain.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "crypto/keccak.h"
#include "io/notes.h"
#include "node.h"

enum {
	PAGE_DEFAULT = 25,
	PAGE_MIN = 5,
	PAGE_MAX = 100,
	UNCONFIRMED_MAX = 25,
	BLOCKS_AFTER_MAX = 10,
	COSIGNATORY_OF_MAX = 256,
};

#define NIS_VERSION "0.6.102"
/* The start value of NIS (nem.md 6): this node has no difficulty of its own. */
#define DIFFICULTY UINT64_C(100000000000000)

static const char *const CORS[] = { "Access-Control-Allow-Origin",
				    "*",
				    "Access-Control-Allow-Methods",
				    "GET, POST, OPTIONS",
				    "Access-Control-Allow-Headers",
				    "Content-Type",
				    NULL };

/* ---- replies ---- */

void node_rest_json(struct http_request *r, unsigned status, json_t *j)
{
	char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
	size_t n = text == NULL ? 0 : strlen(text);
	char *line = malloc(n + 3);

	CHECK(text != NULL && line != NULL);
	memcpy(line, text, n + 1);
	line[n] = '\r'; /* NIS ends its JSON so */
	line[n + 1] = '\n';
	http_reply(r, status, "application/json", bytes_of(line, n + 2), CORS);
	free(line);
	free(text);
	json_decref(j);
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 415:
		return "Unsupported Media Type";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

void node_rest_error(struct node *n, struct http_request *r, unsigned status, const char *message)
{
	node_rest_json(r, status,
		       json_pack("{s:I,s:s,s:s,s:i}", "timeStamp", (json_int_t)node_now_s(n),
				 "error", reason(status), "message", message, "status",
				 (int)status));
}

static json_t *hex_json(const void *p, size_t n)
{
	char text[2 * 64 + 1];

	CHECK(n <= 64);
	hex_put(text, bytes_of(p, n));
	return json_string(text);
}

/* ---- arguments ---- */

json_t *node_rest_body(struct node *n, struct http_request *r)
{
	const char *type = http_header(r, "Content-Type", NULL);
	struct bytes body = http_body(r);
	json_error_t error;
	json_t *j;

	if (type == NULL || strncmp(type, "application/json", 16) != 0 ||
	    (type[16] != '\0' && type[16] != ';' && type[16] != ' ')) {
		node_rest_error(n, r, 415, "Content type must be application/json");
		return NULL;
	}
	j = json_loadb((const char *)body.p, body.n, 0, &error);
	if (!json_is_object(j)) {
		json_decref(j);
		node_rest_error(n, r, 400, "the body must be a JSON object");
		return NULL;
	}
	return j;
}

/* NIS takes either case and no hyphens (nem.md 1.2). */
static bool address_arg(struct node *n, struct http_request *r, struct nem_address *out)
{
	const char *text = http_query(r, "address");
	char upper[NEM_ADDRESS_CHARS + 1] = { 0 };

	for (size_t i = 0; text != NULL && i < NEM_ADDRESS_CHARS && text[i] != '\0'; i++) {
		int c = toupper((unsigned char)text[i]);

		upper[i] = (char)c;
	}
	if (text == NULL || strlen(text) != NEM_ADDRESS_CHARS ||
	    nem_address_parse(out, NODE_NETWORK, bytes_str(upper), NULL) != ERR_OK) {
		node_rest_error(n, r, 400, "address must be valid");
		return false;
	}
	return true;
}

/* A decimal argument; false if it is there and is none. */
static bool number_arg(struct http_request *r, const char *key, uint64_t *out, bool *given)
{
	const char *text = http_query(r, key);
	char *end;
	unsigned long long v;

	*given = text != NULL;
	if (text == NULL) {
		return true;
	}
	if (text[0] < '0' || text[0] > '9' || strlen(text) > 18) {
		return false;
	}
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0) {
		return false;
	}
	*out = v;
	return true;
}

static bool hash_arg(struct node *n, struct http_request *r, struct hash32 *out, bool *given)
{
	const char *text = http_query(r, "hash");

	*given = text != NULL;
	if (text == NULL) {
		return true;
	}
	if (hex_get(out->b, sizeof out->b, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		node_rest_error(n, r, 400, "hash must be 64 hexadecimal digits");
		return false;
	}
	return true;
}

static bool height_arg(struct node *n, struct http_request *r, uint64_t *out)
{
	json_t *j = node_rest_body(n, r);
	const json_t *height;

	if (j == NULL) {
		return false;
	}
	height = json_object_get(j, "height");
	if (!json_is_integer(height)) {
		node_rest_error(n, r, height == NULL ? 500 : 400,
				height == NULL ? "expected value for property height"
					       : "height must be an integer");
		json_decref(j);
		return false;
	}
	*out = json_integer_value(height) < 1 ? 0 : (uint64_t)json_integer_value(height);
	json_decref(j);
	if (*out == 0) {
		node_rest_error(n, r, 400, "height must be positive");
		return false;
	}
	return true;
}

/* ---- node and chain ---- */

static void get_heartbeat(struct node_port *p, struct http_request *r)
{
	(void)p;
	node_rest_json(r, 200, json_pack("{s:i,s:i,s:s}", "code", 1, "type", 2, "message", "ok"));
}

static void get_status(struct node_port *p, struct http_request *r)
{
	(void)p;
	/* 7: no other node is known, the ordinary state of a network of one (nem.md 5.1). */
	node_rest_json(r, 200,
		       json_pack("{s:i,s:i,s:s}", "type", 4, "code", 7, "message", "status"));
}

static void get_height(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200, json_pack("{s:I}", "height", (json_int_t)nis_height(p->node->nis)));
}

static struct nem_block decoded(const struct nis_block *b)
{
	struct nem_block block;

	CHECK(nem_block_decode(&block, NODE_NETWORK, b->verifiable) == ERR_OK);
	return block;
}

static void get_last_block(struct node_port *p, struct http_request *r)
{
	struct nis_block top = nis_top(p->node->nis);
	struct nem_block block = decoded(&top);

	node_rest_json(r, 200, nem_json_block(&block));
}

/* The sum of difficulty - seconds over all blocks after the first (nem.md 6), as NIS prints big
 * integers: bytes in hexadecimal, with a zero in front when the first bit is set. */
static void get_score(struct node_port *p, struct http_request *r)
{
	struct nis_block first, top = nis_top(p->node->nis);
	char text[2 + 32 + 1] = "00";
	char *start = text + 2;
	uint8_t big[16];
	u128 score;
	size_t skip = 0;

	CHECK(nis_block_at(p->node->nis, 1, &first));
	score = (u128)DIFFICULTY * (top.height - 1) - (top.time_s - first.time_s);
	for (size_t i = 0; i < sizeof big; i++) {
		big[sizeof big - 1 - i] = (uint8_t)(score >> (8 * i));
	}
	while (skip < sizeof big - 1 && big[skip] == 0) {
		skip++;
	}
	hex_put(start, bytes_of(big + skip, sizeof big - skip));
	node_rest_json(r, 200, json_pack("{s:s}", "score", (big[skip] & 0x80) != 0 ? text : start));
}

static void no_block(struct node *n, struct http_request *r, uint64_t height)
{
	char message[96];

	(void)snprintf(message, sizeof message,
		       "block not found in the db '%llu' (org.nem.core.model.Block)",
		       (unsigned long long)height);
	node_rest_error(n, r, 404, message);
}

static void post_block_at(struct node_port *p, struct http_request *r)
{
	struct nis_block b;
	struct nem_block block;
	uint64_t height;

	if (!height_arg(p->node, r, &height)) {
		return;
	}
	if (!nis_block_at(p->node->nis, height, &b)) {
		no_block(p->node, r, height);
		return;
	}
	block = decoded(&b);
	node_rest_json(r, 200, nem_json_block(&block));
}

static json_t *explorer(const struct nis_block *b)
{
	struct nem_block block = decoded(b);
	struct nem_address beneficiary;

	nem_address_from_key(&beneficiary, &b->harvester, NODE_NETWORK);
	return nem_json_explorer_block(&block, DIFFICULTY, &beneficiary);
}

static void post_local_block_at(struct node_port *p, struct http_request *r)
{
	struct nis_block b;
	uint64_t height;

	if (!height_arg(p->node, r, &height)) {
		return;
	}
	if (!nis_block_at(p->node->nis, height, &b)) {
		no_block(p->node, r, height);
		return;
	}
	node_rest_json(r, 200, explorer(&b));
}

static void post_blocks_after(struct node_port *p, struct http_request *r)
{
	json_t *list;
	uint64_t height;

	if (!height_arg(p->node, r, &height)) {
		return;
	}
	if (height > nis_height(p->node->nis)) {
		no_block(p->node, r, height);
		return;
	}
	list = json_array();
	CHECK(list != NULL);
	for (uint64_t h = height + 1; h <= height + BLOCKS_AFTER_MAX; h++) {
		struct nis_block b;

		if (nis_block_at(p->node->nis, h, &b)) {
			CHECK(json_array_append_new(list, explorer(&b)) == 0);
		}
	}
	node_rest_json(r, 200, json_pack("{s:o}", "data", list));
}

static json_t *node_json(const struct node_port *p)
{
	json_t *key = hex_json(p->node->identity.public_key.b, 32);

	return json_pack("{s:{s:i,s:i,s:s,s:s,s:s},s:{s:s,s:i,s:s},s:{s:s,s:o}}", "metaData",
			 "features", 1, "networkId", (int)(int8_t)NODE_NETWORK, "application",
			 "NIS", "version", NIS_VERSION, "platform",
			 "kuramori-node " KURAMORI_VERSION, "endpoint", "protocol", "http", "port",
			 (int)p->number, "host", "127.0.0.1", "identity", "name", "kuramori-node",
			 "public-key", key);
}

static void get_node_info(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200, node_json(p));
}

static void get_extended_info(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200,
		       json_pack("{s:o,s:{s:s,s:s,s:n,s:I,s:I}}", "node", node_json(p), "nisInfo",
				 "application", "NIS", "version", NIS_VERSION, "signer",
				 "startTime", (json_int_t)p->node->start_s, "currentTime",
				 (json_int_t)node_now_s(p->node)));
}

static void get_network_time(struct node_port *p, struct http_request *r)
{
	json_int_t ms = (json_int_t)node_now_network_ms(p->node);

	node_rest_json(r, 200, json_pack("{s:I,s:I}", "sendTimeStamp", ms, "receiveTimeStamp", ms));
}

/* ---- accounts ---- */

static json_t *account_info(struct node *n, const struct nem_address *address)
{
	struct nis_account a;
	json_t *multisig, *j;

	nis_account(n->nis, address, &a);
	multisig = a.cosigners == 0 ? json_object()
				    : json_pack("{s:i,s:i}", "cosignatoriesCount", (int)a.cosigners,
						"minCosignatories", (int)a.minimum);
	/* Importance and vesting are not computed here: everything is vested, nothing important. */
	j = json_pack("{s:s,s:I,s:I,s:f,s:I,s:o,s:n,s:o}", "address", address->text,
		      "harvestedBlocks", (json_int_t)a.harvested, "balance", (json_int_t)a.balance,
		      "importance", 0.0, "vestedBalance", (json_int_t)a.balance, "publicKey",
		      a.key_known ? hex_json(a.public_key.b, 32) : json_null(), "label",
		      "multisigInfo", multisig);
	CHECK(j != NULL);
	return j;
}

static json_t *account_meta(struct node *n, const struct nem_address *address)
{
	static struct nem_address of[COSIGNATORY_OF_MAX];
	struct nis_account a;
	json_t *cosignatories = json_array(), *cosignatory_of = json_array();
	size_t count;

	CHECK(cosignatories != NULL && cosignatory_of != NULL);
	nis_account(n->nis, address, &a);
	for (unsigned i = 0; i < a.cosigners; i++) {
		CHECK(json_array_append_new(cosignatories, account_info(n, &a.cosigner[i])) == 0);
	}
	count = nis_cosignatory_of(n->nis, address, of, COSIGNATORY_OF_MAX);
	for (size_t i = 0; i < count; i++) {
		CHECK(json_array_append_new(cosignatory_of, account_info(n, &of[i])) == 0);
	}
	return json_pack("{s:o,s:o,s:s,s:s}", "cosignatories", cosignatories, "cosignatoryOf",
			 cosignatory_of, "status", "LOCKED", "remoteStatus", "INACTIVE");
}

static json_t *account_pair(struct node *n, const struct nem_address *address)
{
	return json_pack("{s:o,s:o}", "meta", account_meta(n, address), "account",
			 account_info(n, address));
}

static void get_account(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (address_arg(p->node, r, &address)) {
		node_rest_json(r, 200, account_pair(p->node, &address));
	}
}

static void get_account_from_key(struct node_port *p, struct http_request *r)
{
	const char *text = http_query(r, "publicKey");
	struct nem_address address;
	struct key32 key;

	if (text == NULL || hex_get(key.b, sizeof key.b, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		node_rest_error(p->node, r, 400, "public key must be valid");
		return;
	}
	nem_address_from_key(&address, &key, NODE_NETWORK);
	node_rest_json(r, 200, account_pair(p->node, &address));
}

static void get_account_status(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (address_arg(p->node, r, &address)) {
		node_rest_json(r, 200, account_meta(p->node, &address));
	}
}

static void get_mosaics(struct node_port *p, struct http_request *r)
{
	struct nem_address address;
	struct nis_account a;

	if (!address_arg(p->node, r, &address)) {
		return;
	}
	nis_account(p->node->nis, &address, &a);
	node_rest_json(r, 200,
		       json_pack("{s:[{s:I,s:{s:s,s:s}}]}", "data", "quantity",
				 (json_int_t)a.balance, "mosaicId", "namespaceId", "nem", "name",
				 "xem"));
}

static json_t *pair_json(const struct nis_entry *e)
{
	struct nem_tx tx;

	CHECK(nem_tx_decode(&tx, NODE_NETWORK, e->verifiable, NEM_SIGNED) == ERR_OK);
	return nem_json_pair(&tx, e->id, e->height);
}

static void transfers(struct node_port *p, struct http_request *r, enum nis_direction direction)
{
	struct nis_entry entry[PAGE_MAX];
	struct nem_address address;
	struct hash32 hash;
	uint64_t id = 0, page = PAGE_DEFAULT;
	bool has_id, has_page, has_hash;
	json_t *list;
	size_t n;

	if (!address_arg(p->node, r, &address)) {
		return;
	}
	if (!number_arg(r, "id", &id, &has_id) || !number_arg(r, "pageSize", &page, &has_page)) {
		node_rest_error(p->node, r, 400, "id and pageSize must be numbers");
		return;
	}
	if (!hash_arg(p->node, r, &hash, &has_hash)) {
		return;
	}
	page = page < PAGE_MIN ? PAGE_MIN : page > PAGE_MAX ? PAGE_MAX : page;
	if (has_hash && !has_id) {
		if (!nis_find(p->node->nis, &hash, &entry[0])) {
			node_rest_error(p->node, r, 400, "Hash was not found in cache");
			return;
		}
		id = entry[0].id;
		has_id = true;
	}
	/* "Below id 0 or 1" is nothing; to the chain 0 means the newest. */
	n = has_id && id <= 1 ? 0
			      : nis_transfers(p->node->nis, &address, direction, id, entry, page);
	list = json_array();
	CHECK(list != NULL);
	for (size_t i = 0; i < n; i++) {
		CHECK(json_array_append_new(list, pair_json(&entry[i])) == 0);
	}
	node_rest_json(r, 200, json_pack("{s:o}", "data", list));
}

static void get_incoming(struct node_port *p, struct http_request *r)
{
	transfers(p, r, NIS_INCOMING);
}

static void get_outgoing(struct node_port *p, struct http_request *r)
{
	transfers(p, r, NIS_OUTGOING);
}

static void get_all(struct node_port *p, struct http_request *r)
{
	transfers(p, r, NIS_ALL);
}

static json_t *pooled_json(const struct nis_pooled *e, bool with_meta)
{
	struct nem_tx tx;

	CHECK(nem_tx_decode(&tx, NODE_NETWORK, e->verifiable, NEM_SIGNED) == ERR_OK);
	return with_meta ? nem_json_unconfirmed(&tx) : nem_json_tx(&tx, NEM_SIGNED);
}

/* The 25 newest by timestamp that concern the address. */
static void get_unconfirmed(struct node_port *p, struct http_request *r)
{
	const struct nis *nis = p->node->nis;
	size_t best[UNCONFIRMED_MAX], n = 0;
	struct nem_address address;
	json_t *list;

	if (!address_arg(p->node, r, &address)) {
		return;
	}
	for (size_t i = 0; i < nis_pool_count(nis, p->pool); i++) {
		uint32_t at = nis_pool_at(nis, p->pool, i).timestamp_s;
		size_t k = n;

		if (!nis_pool_concerns(nis, p->pool, i, &address)) {
			continue;
		}
		while (k > 0 && nis_pool_at(nis, p->pool, best[k - 1]).timestamp_s < at) {
			k--;
		}
		if (k == UNCONFIRMED_MAX) {
			continue;
		}
		n = n < UNCONFIRMED_MAX ? n + 1 : n;
		memmove(&best[k + 1], &best[k], (n - k - 1) * sizeof best[0]);
		best[k] = i;
	}
	list = json_array();
	CHECK(list != NULL);
	for (size_t i = 0; i < n; i++) {
		struct nis_pooled e = nis_pool_at(nis, p->pool, best[i]);

		CHECK(json_array_append_new(list, pooled_json(&e, true)) == 0);
	}
	node_rest_json(r, 200, json_pack("{s:o}", "data", list));
}

/* ---- transactions ---- */

static void get_transaction(struct node_port *p, struct http_request *r)
{
	struct nis_entry e;
	struct hash32 hash;
	bool given;

	if (!hash_arg(p->node, r, &hash, &given)) {
		return;
	}
	if (!given || !nis_find(p->node->nis, &hash, &e)) {
		node_rest_error(p->node, r, 400,
				given ? "Hash was not found in cache"
				      : "Required String parameter 'hash' is not present");
		return;
	}
	node_rest_json(r, 200, pair_json(&e));
}

/* What was no transaction: 404 for an address of elsewhere, else 400 (nem.md 5.4.1). */
static void refuse(struct node *n, struct http_request *r, enum err e, const char *why)
{
	char message[128];

	(void)snprintf(message, sizeof message, "%s%s", e == ERR_ADDRESS ? "invalid address: " : "",
		       why);
	node_rest_error(n, r, e == ERR_ADDRESS ? 404 : 400, message);
}

static void note_answer(const struct node_port *p, const char *how, const struct nis_answer *a)
{
	NOTES(NOTES_DEBUG, how, notes_text("pool", p->pool == NODE_PUBLIC ? "public" : "clean"),
	      notes_text("code", nem_result_name((int)a->code)),
	      notes_hex("hash", bytes_of(a->hash.b, 32)));
}

static void post_announce(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	uint8_t data[NEM_ANNOUNCE_BYTES_MAX];
	struct nis_answer answer;
	struct sig64 signature;
	const char *where = "data", *why = "";
	size_t n = 0;
	enum err e;

	if (body == NULL) {
		return;
	}
	e = nem_json_announce_read(data, &n, &signature, body, &where);
	json_decref(body);
	if (e != ERR_OK) {
		char message[128];

		(void)snprintf(message, sizeof message,
			       e == ERR_FIELD_MISSING ? "expected value for property %s"
						      : "property %s is not valid",
			       where);
		node_rest_error(p->node, r, e == ERR_FIELD_MISSING ? 500 : 400, message);
		return;
	}
	e = nis_announce(p->node->nis, p->pool, bytes_of(data, n), &signature, node_now_s(p->node),
			 &answer, &why);
	if (e != ERR_OK) {
		refuse(p->node, r, e, why);
		return;
	}
	note_answer(p, "announce", &answer);
	node_rest_json(
	    r, 200,
	    nem_json_result(answer.code, &answer.hash, answer.has_inner ? &answer.inner : NULL));
}

/* The peer's envelope: signed by its identity over the Keccak-256 of the entity (nem.md 5.4.3). */
static bool envelope_valid(const json_t *body, struct bytes verifiable)
{
	const char *signature = json_string_value(json_object_get(body, "signature"));
	const char *key =
	    json_string_value(json_object_get(json_object_get(body, "identity"), "public-key"));
	struct hash32 digest;
	struct key32 public_key;
	struct sig64 sig;

	if (signature == NULL || key == NULL ||
	    hex_get(sig.b, sizeof sig.b, bytes_str(signature), HEX_ANY_CASE) != ERR_OK ||
	    hex_get(public_key.b, sizeof public_key.b, bytes_str(key), HEX_ANY_CASE) != ERR_OK) {
		return false;
	}
	keccak256(&digest, verifiable);
	return edk_verify_vartime(&public_key, bytes_of(digest.b, sizeof digest.b), &sig);
}

static void post_push(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;
	const char *where = "entity", *why = "";
	struct nem_tx tx;
	enum err e;

	if (body == NULL) {
		return;
	}
	e = nem_json_tx_read(&tx, NODE_NETWORK, json_object_get(body, "entity"), NEM_SIGNED,
			     &where);
	if (e != ERR_OK) {
		char message[128];

		(void)snprintf(message, sizeof message, "entity: %s: %s", where, err_words(e));
		json_decref(body);
		node_rest_error(p->node, r, e == ERR_ADDRESS ? 404 : 400, message);
		return;
	}
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	CHECK(!w.bad);
	if (!envelope_valid(body, bytes_of(buffer, w.n))) {
		json_decref(body);
		node_rest_error(p->node, r, 400,
				"the envelope is not signed by the identity it names");
		return;
	}
	json_decref(body);
	e = nis_push(p->node->nis, p->pool, bytes_of(buffer, w.n), node_now_s(p->node), &answer,
		     &why);
	if (e != ERR_OK) {
		refuse(p->node, r, e, why);
		return;
	}
	note_answer(p, "push", &answer);
	/* An empty 200 whatever the verdict: peers do not ask (nem.md 5.4.3). */
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), CORS);
}

/* N:peer authenticated response: a signature over the challenge and the list as it is serialised.
 */
static json_t *challenge_answer(const struct node_port *p, const uint8_t challenge[64])
{
	size_t n = nis_feed_pool_bytes(p->node->nis, p->pool);
	uint8_t *buffer = malloc(64 + n);
	struct writer w;
	struct sig64 signature;

	CHECK(buffer != NULL);
	w = writer_make(buffer, 64 + n);
	writer_bytes(&w, bytes_of(challenge, 64));
	nis_feed_pool(p->node->nis, p->pool, &w);
	CHECK(!w.bad);
	edk_sign(&signature, &p->node->identity, bytes_of(buffer, w.n));
	free(buffer);
	return hex_json(signature.b, sizeof signature.b);
}

static void post_unconfirmed(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	const char *text;
	uint8_t challenge[64];
	json_t *list;

	if (body == NULL) {
		return;
	}
	text = json_string_value(json_object_get(json_object_get(body, "challenge"), "data"));
	if (text == NULL ||
	    hex_get(challenge, sizeof challenge, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		json_decref(body);
		node_rest_error(p->node, r, text == NULL ? 500 : 400,
				text == NULL ? "expected value for property challenge"
					     : "challenge must be 64 bytes");
		return;
	}
	json_decref(body);
	list = json_array();
	CHECK(list != NULL);
	for (size_t i = 0; i < nis_pool_count(p->node->nis, p->pool); i++) {
		struct nis_pooled e = nis_pool_at(p->node->nis, p->pool, i);

		CHECK(json_array_append_new(list, pooled_json(&e, false)) == 0);
	}
	node_rest_json(r, 200,
		       json_pack("{s:{s:o},s:o}", "entity", "data", list, "signature",
				 challenge_answer(p, challenge)));
}

/* ---- routes ---- */

struct route {
	enum http_method method;
	const char *path;
	void (*handle)(struct node_port *p, struct http_request *r);
};

static const struct route ROUTES[] = {
	{ HTTP_GET, "/heartbeat", get_heartbeat },
	{ HTTP_GET, "/status", get_status },
	{ HTTP_GET, "/chain/height", get_height },
	{ HTTP_GET, "/chain/last-block", get_last_block },
	{ HTTP_GET, "/chain/score", get_score },
	{ HTTP_POST, "/block/at/public", post_block_at },
	{ HTTP_POST, "/local/block/at", post_local_block_at },
	{ HTTP_POST, "/local/chain/blocks-after", post_blocks_after },
	{ HTTP_GET, "/node/info", get_node_info },
	{ HTTP_GET, "/node/extended-info", get_extended_info },
	{ HTTP_GET, "/time-sync/network-time", get_network_time },
	{ HTTP_GET, "/account/get", get_account },
	{ HTTP_GET, "/account/get/from-public-key", get_account_from_key },
	{ HTTP_GET, "/account/status", get_account_status },
	{ HTTP_GET, "/account/transfers/incoming", get_incoming },
	{ HTTP_GET, "/account/transfers/outgoing", get_outgoing },
	{ HTTP_GET, "/account/transfers/all", get_all },
	{ HTTP_GET, "/account/unconfirmedTransactions", get_unconfirmed },
	{ HTTP_GET, "/account/mosaic/owned", get_mosaics },
	{ HTTP_POST, "/transaction/announce", post_announce },
	{ HTTP_GET, "/transaction/get", get_transaction },
	{ HTTP_POST, "/transactions/unconfirmed", post_unconfirmed },
	{ HTTP_POST, "/push/transaction", post_push },
};

static void dispatch(struct node_port *p, struct http_request *r)
{
	const char *path = http_path(r);
	enum http_method method = http_method(r);
	bool known = false;

	node_expire(p->node);
	if (method == HTTP_OPTIONS) {
		http_reply(r, 200, NULL, bytes_of(NULL, 0), CORS);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
		if (strcmp(path, ROUTES[i].path) != 0) {
			continue;
		}
		if (method == ROUTES[i].method) {
			ROUTES[i].handle(p, r);
			return;
		}
		known = true;
	}
	node_rest_error(p->node, r, known ? 405 : 404,
			known ? "this request method is not supported" : "there is no such path");
}

/* ---- faults ---- */

static void held_free(struct node_held *h)
{
	struct node_held **at = &h->port->held;

	while (*at != h) {
		at = &(*at)->next;
	}
	*at = h->next;
	loop_timer_off(&h->port->node->loop, &h->timer);
	free(h);
}

static void held_done(void *ctx)
{
	struct node_held *h = ctx;
	struct node_port *p = h->port;
	struct http_request *r = h->request;

	held_free(h);
	http_set_user(r, NULL);
	dispatch(p, r);
}

static void hold(struct node_port *p, struct http_request *r, bool for_ever)
{
	struct node_held *h = calloc(1, sizeof *h);

	CHECK(h != NULL);
	h->port = p;
	h->request = r;
	h->timer.on = held_done;
	h->timer.ctx = h;
	h->next = p->held;
	p->held = h;
	http_set_user(r, h);
	if (!for_ever) {
		loop_timer_set(&p->node->loop, &h->timer, p->fault_ms, 0);
	}
}

void node_rest_release(struct node_port *p)
{
	while (p->held != NULL) {
		held_done(p->held);
	}
}

void node_rest_gone(void *port, struct http_request *r)
{
	struct node_held *h = http_user(r);

	(void)port;
	if (h != NULL) {
		http_set_user(r, NULL);
		held_free(h);
	}
}

void node_rest_request(void *port, struct http_request *r)
{
	static const char garbage[] = "<html>{\"height\":";
	struct node_port *p = port;

	if (p->pool == NODE_PUBLIC && p->node->config.development &&
	    strncmp(http_path(r), "/dev/", 5) == 0) {
		/* Faults never hit the hooks: they end the faults. */
		if (!node_dev_request(p->node, r)) {
			node_rest_error(p->node, r, 404, "there is no such hook");
		}
		return;
	}
	switch (p->fault) {
	case NODE_FAULT_NONE:
	case NODE_FAULT_REFUSE:
		break;
	case NODE_FAULT_DELAY:
		hold(p, r, false);
		return;
	case NODE_FAULT_SILENT:
		hold(p, r, true);
		return;
	case NODE_FAULT_503:
		node_rest_error(p->node, r, 503, "NIS_ILLEGAL_STATE_NOT_BOOTED");
		return;
	case NODE_FAULT_GARBAGE:
		http_reply(r, 200, "application/json", bytes_str(garbage), CORS);
		return;
	}
	dispatch(p, r);
}

bool node_rest_open(struct node_port *p, uint16_t number, enum err *e)
{
	struct http_server_plan plan = { .port = number,
					 .body_max = NODE_BODY_MAX,
					 .on_request = node_rest_request,
					 .on_gone = node_rest_gone,
					 .ctx = p };

	*e = http_server_open(&p->server, &p->node->loop, &plan);
	if (*e != ERR_OK) {
		p->server = NULL;
		return false;
	}
	p->number = http_server_port(p->server);
	return true;
}
