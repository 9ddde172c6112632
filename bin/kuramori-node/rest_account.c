/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, their transfers, and what waits for them (nem.md 5.2). */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "rest.h"

enum {
	UNCONFIRMED_MAX = 25,
	COSIGNATORY_OF_MAX = 256,
};

static json_t *account_info(struct node *n, const struct nem_address *address)
{
	struct nis_account a;
	json_t *multisig, *j;

	nis_account(n->nis, address, &a);
	multisig = a.cosigners == 0 ? json_object()
				    : json_pack("{s:i,s:i}", "cosignatoriesCount", (int)a.cosigners,
						"minCosignatories", (int)a.minimum);
	/* Everything is vested; importance is a share of balances (docs/node.md). */
	j = json_pack("{s:s,s:I,s:I,s:f,s:I,s:o,s:n,s:o}", "address", address->text,
		      "harvestedBlocks", (json_int_t)a.harvested, "balance", (json_int_t)a.balance,
		      "importance", (double)a.importance / (double)NIS_IMPORTANCE_WHOLE,
		      "vestedBalance", (json_int_t)a.balance, "publicKey",
		      a.key_known ? node_rest_hex(a.public_key.b, 32) : json_null(), "label",
		      "multisigInfo", multisig);
	CHECK(j != NULL);
	return j;
}

static const char *remote_status(enum nis_remote_state state)
{
	switch (state) {
	case NIS_REMOTE_STATE_INACTIVE:
		return "INACTIVE";
	case NIS_REMOTE_STATE_ACTIVATING:
		return "ACTIVATING";
	case NIS_REMOTE_STATE_ACTIVE:
		return "ACTIVE";
	case NIS_REMOTE_STATE_DEACTIVATING:
		return "DEACTIVATING";
	case NIS_REMOTE_STATE_REMOTE:
		return "REMOTE";
	}
	CHECK(false); /* a state without a name */
	return NULL;
}

static bool is_unlocked(const struct node *n, const struct nem_address *address)
{
	for (size_t i = 0; i < n->unlocked_n; i++) {
		struct nem_address one;

		nem_address_from_key(&one, &n->unlocked[i], NODE_NETWORK);
		if (nem_address_eq(&one, address)) {
			return true;
		}
	}
	return false;
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
			 cosignatory_of, "status", is_unlocked(n, address) ? "UNLOCKED" : "LOCKED",
			 "remoteStatus", remote_status(nis_remote_state(n->nis, address, NULL)));
}

json_t *node_rest_account(struct node *n, const struct nem_address *address)
{
	return json_pack("{s:o,s:o}", "meta", account_meta(n, address), "account",
			 account_info(n, address));
}

static void get_account(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (node_rest_address(p->node, r, &address)) {
		node_rest_json(r, 200, node_rest_account(p->node, &address));
	}
}

static void get_account_from_key(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (node_rest_key(p->node, r, &address)) {
		node_rest_json(r, 200, node_rest_account(p->node, &address));
	}
}

/* Who harvests for another is the other (nem.md 5.2). */
static void forwarded(struct node_port *p, struct http_request *r,
		      const struct nem_address *address)
{
	struct nem_address owner;

	(void)nis_remote_state(p->node->nis, address, &owner);
	node_rest_json(r, 200, node_rest_account(p->node, &owner));
}

static void get_forwarded(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (node_rest_address(p->node, r, &address)) {
		forwarded(p, r, &address);
	}
}

static void get_forwarded_from_key(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (node_rest_key(p->node, r, &address)) {
		forwarded(p, r, &address);
	}
}

/* {"data":[{"account":address},...]} */
static void post_batch(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	const json_t *asked = body == NULL ? NULL : json_object_get(body, "data");
	json_t *list = json_array();

	if (body != NULL && !json_is_array(asked)) {
		node_rest_error(p->node, r, 500, "expected value for property data");
		json_decref(body);
		body = NULL;
	}
	for (size_t i = 0; body != NULL && i < json_array_size(asked); i++) {
		struct nem_address address;

		if (!node_rest_address_json(p->node, r,
					    json_object_get(json_array_get(asked, i), "account"),
					    &address)) {
			json_decref(body);
			body = NULL;
			break;
		}
		node_rest_append(list, node_rest_account(p->node, &address));
	}
	if (body == NULL) {
		json_decref(list);
		return;
	}
	json_decref(body);
	node_rest_data(r, list);
}

static void get_account_status(struct node_port *p, struct http_request *r)
{
	struct nem_address address;

	if (node_rest_address(p->node, r, &address)) {
		node_rest_json(r, 200, account_meta(p->node, &address));
	}
}

json_t *node_rest_pair(const struct nis_entry *e)
{
	struct nem_tx tx;

	CHECK(nem_tx_decode(&tx, NODE_NETWORK, e->verifiable, NEM_SIGNED) == ERR_OK);
	return nem_json_pair(&tx, e->id, e->height);
}

static void transfers(struct node_port *p, struct http_request *r, enum nis_direction direction)
{
	struct nis_entry entry[REST_PAGE_MAX];
	struct nem_address address;
	struct hash32 hash;
	uint64_t id = 0, page = REST_PAGE_DEFAULT;
	bool has_id, has_page, has_hash;
	json_t *list;
	size_t n;

	if (!node_rest_address(p->node, r, &address)) {
		return;
	}
	if (!node_rest_number(r, "id", &id, &has_id) ||
	    !node_rest_number(r, "pageSize", &page, &has_page)) {
		node_rest_error(p->node, r, 400, "id and pageSize must be numbers");
		return;
	}
	if (!node_rest_hash(p->node, r, &hash, &has_hash)) {
		return;
	}
	page = page < REST_PAGE_MIN ? REST_PAGE_MIN : page > REST_PAGE_MAX ? REST_PAGE_MAX : page;
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
		CHECK(json_array_append_new(list, node_rest_pair(&entry[i])) == 0);
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

json_t *node_rest_pooled(const struct nis_pooled *e, bool with_meta)
{
	struct nem_tx tx;

	CHECK(nem_tx_decode(&tx, NODE_NETWORK, e->verifiable, NEM_SIGNED) == ERR_OK);
	return with_meta ? nem_json_unconfirmed(&tx) : nem_json_tx(&tx, NEM_SIGNED);
}

size_t node_rest_recent(const struct node_port *p, const struct nem_address *address, size_t *best,
			size_t max)
{
	const struct nis *nis = p->node->nis;
	size_t n = 0;

	for (size_t i = 0; i < nis_pool_count(nis, p->pool); i++) {
		uint32_t at = nis_pool_at(nis, p->pool, i).timestamp_s;
		size_t k = n;

		if (!nis_pool_concerns(nis, p->pool, i, address)) {
			continue;
		}
		while (k > 0 && nis_pool_at(nis, p->pool, best[k - 1]).timestamp_s < at) {
			k--;
		}
		if (k == max) {
			continue;
		}
		n = n < max ? n + 1 : n;
		memmove(&best[k + 1], &best[k], (n - k - 1) * sizeof best[0]);
		best[k] = i;
	}
	return n;
}

static void get_unconfirmed(struct node_port *p, struct http_request *r)
{
	const struct nis *nis = p->node->nis;
	size_t best[UNCONFIRMED_MAX], n;
	struct nem_address address;
	json_t *list;

	if (!node_rest_address(p->node, r, &address)) {
		return;
	}
	n = node_rest_recent(p, &address, best, UNCONFIRMED_MAX);
	list = json_array();
	CHECK(list != NULL);
	for (size_t i = 0; i < n; i++) {
		struct nis_pooled e = nis_pool_at(nis, p->pool, best[i]);

		CHECK(json_array_append_new(list, node_rest_pooled(&e, true)) == 0);
	}
	node_rest_json(r, 200, json_pack("{s:o}", "data", list));
}

/* Blocks whose fees went to the address, newest first; ids are heights here. */
static void get_harvests(struct node_port *p, struct http_request *r)
{
	struct nem_address address;
	uint64_t id;
	size_t page;
	json_t *list;

	if (!node_rest_address(p->node, r, &address) || !node_rest_page(p->node, r, &id, &page)) {
		return;
	}
	list = json_array();
	for (uint64_t h = id == 0 || id > nis_height(p->node->nis) ? nis_height(p->node->nis)
								   : id - 1;
	     h > 1 && json_array_size(list) < page; h--) {
		struct nis_block b;

		CHECK(nis_block_at(p->node->nis, h, &b));
		if (nem_address_eq(&b.beneficiary, &address)) {
			node_rest_append(list, json_pack("{s:I,s:I,s:I,s:I,s:I}", "id",
							 (json_int_t)h, "height", (json_int_t)h,
							 "timeStamp", (json_int_t)b.time_s,
							 "totalFee", (json_int_t)b.fees,
							 "difficulty", (json_int_t)b.difficulty));
		}
	}
	node_rest_data(r, list);
}

/*
 * AccountImportanceViewModel of all accounts (nem.md 5.2): those without importance have it not
 * set. There is no page rank.
 */
static void get_importances(struct node_port *p, struct http_request *r)
{
	json_t *list = json_array();
	struct nis_account a;
	json_int_t height = (json_int_t)nis_height(p->node->nis);

	CHECK(list != NULL);
	for (size_t i = 0; nis_account_at(p->node->nis, i, &a); i++) {
		json_t *importance =
		    a.importance == 0
			? json_pack("{s:i}", "isSet", 0)
			: json_pack("{s:i,s:f,s:f,s:I}", "isSet", 1, "score",
				    (double)a.importance / (double)NIS_IMPORTANCE_WHOLE, "ev", 0.0,
				    "height", height);

		node_rest_append(list, json_pack("{s:s,s:o}", "address", a.address.text,
						 "importance", importance));
	}
	node_rest_data(r, list);
}

/* NIS without the feature HISTORICAL_ACCOUNT_DATA. */
static void no_history(struct node_port *p, struct http_request *r)
{
	node_rest_error(p->node, r, 500,
			"this node does not support historical account data retrieval");
}

/* ---- harvesting: by appointment, so that an unlocked key changes nothing but the count ---- */

/* The body names a private key: development keys only, and none is kept. */
static bool private_key(struct node *n, struct http_request *r, struct key32 *public_key)
{
	json_t *body = node_rest_body(n, r);
	const char *text = json_string_value(json_object_get(body, "value"));
	uint8_t raw[32];
	struct edk_secret secret;

	if (body == NULL) {
		return false;
	}
	if (text == NULL || hex_get(raw, sizeof raw, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		json_decref(body);
		node_rest_error(n, r, 400, "private key must be valid");
		return false;
	}
	edk_secret_from_nem(&secret, raw);
	*public_key = secret.public_key;
	edk_secret_wipe(&secret);
	json_decref(body);
	return true;
}

static size_t unlocked_at(const struct node *n, const struct key32 *key)
{
	size_t i = 0;

	while (i < n->unlocked_n && !key32_eq(&n->unlocked[i], key)) {
		i++;
	}
	return i;
}

static void post_unlock(struct node_port *p, struct http_request *r)
{
	struct node *n = p->node;
	struct key32 key;
	size_t at;

	if (!private_key(n, r, &key)) {
		return;
	}
	at = unlocked_at(n, &key);
	if (at == NODE_UNLOCKED_MAX) {
		node_rest_error(n, r, 400, "the maximum number of harvesters is reached");
		return;
	}
	n->unlocked[at] = key;
	n->unlocked_n = at == n->unlocked_n ? at + 1 : n->unlocked_n;
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), node_rest_cors);
}

static void post_lock(struct node_port *p, struct http_request *r)
{
	struct node *n = p->node;
	struct key32 key;
	size_t at;

	if (!private_key(n, r, &key)) {
		return;
	}
	at = unlocked_at(n, &key);
	if (at < n->unlocked_n) {
		n->unlocked[at] = n->unlocked[--n->unlocked_n];
	}
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), node_rest_cors);
}

static void post_is_unlocked(struct node_port *p, struct http_request *r)
{
	struct node *n = p->node;
	json_t *body = node_rest_body(n, r);
	struct nem_address address;

	if (body == NULL) {
		return;
	}
	if (!node_rest_address_json(n, r, json_object_get(body, "address"), &address)) {
		json_decref(body);
		return;
	}
	json_decref(body);
	http_reply(r, 200, "text/plain", bytes_str(is_unlocked(n, &address) ? "ok" : "nope"),
		   node_rest_cors);
}

static void post_unlocked_info(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200,
		       json_pack("{s:i,s:i}", "num-unlocked", (int)p->node->unlocked_n,
				 "max-unlocked", NODE_UNLOCKED_MAX));
}

const struct node_route node_rest_account_routes[] = {
	{ HTTP_GET, "/account/get", get_account },
	{ HTTP_GET, "/account/get/from-public-key", get_account_from_key },
	{ HTTP_GET, "/account/get/forwarded", get_forwarded },
	{ HTTP_GET, "/account/get/forwarded/from-public-key", get_forwarded_from_key },
	{ HTTP_POST, "/account/get/batch", post_batch },
	{ HTTP_GET, "/account/status", get_account_status },
	{ HTTP_GET, "/account/harvests", get_harvests },
	{ HTTP_GET, "/account/importances", get_importances },
	{ HTTP_GET, "/account/historical/get", no_history },
	{ HTTP_POST, "/account/historical/get/batch", no_history },
	{ HTTP_POST, "/account/unlock", post_unlock },
	{ HTTP_POST, "/account/lock", post_lock },
	{ HTTP_POST, "/account/isunlocked", post_is_unlocked },
	{ HTTP_POST, "/account/unlocked/info", post_unlocked_info },
	{ HTTP_GET, "/account/transfers/incoming", get_incoming },
	{ HTTP_GET, "/account/transfers/outgoing", get_outgoing },
	{ HTTP_GET, "/account/transfers/all", get_all },
	{ HTTP_GET, "/account/unconfirmedTransactions", get_unconfirmed },
	{ HTTP_GET, NULL, NULL },
};
