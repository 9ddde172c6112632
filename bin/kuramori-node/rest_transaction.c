/* SPDX-License-Identifier: Apache-2.0 */
/* Announcing, pushing, finding transactions (nem.md 5.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "crypto/keccak.h"
#include "io/notes.h"
#include "rest.h"

enum { POOL_TEXT_MIN = 512 };

static void get_transaction(struct node_port *p, struct http_request *r)
{
	struct nis_entry e;
	struct hash32 hash;
	bool given;

	if (!node_rest_hash(p->node, r, &hash, &given)) {
		return;
	}
	if (!given || !nis_find(p->node->nis, &hash, &e)) {
		node_rest_error(p->node, r, 400,
				given ? "Hash was not found in cache"
				      : "Required String parameter 'hash' is not present");
		return;
	}
	node_rest_json(r, 200, node_rest_pair(&e));
}

/* What was no transaction: 404 for an address of elsewhere, else 400 (nem.md 5.4.1). */
static void refuse(struct node *n, struct http_request *r, enum err e, const char *why)
{
	char message[128];

	(void)snprintf(message, sizeof message, "%s%s", e == ERR_ADDRESS ? "invalid address: " : "",
		       why);
	node_rest_error(n, r, e == ERR_ADDRESS ? 404 : 400, message);
}

/* NIS finds no fee for a mosaic that nobody defined (nem.md 5.4.1). */
static void no_fee(struct node *n, struct http_request *r, const struct nem_mosaic_id *id)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	char message[NEM_MOSAIC_ID_MAX + 64];

	nem_mosaic_id_put(text, id);
	(void)snprintf(message, sizeof message, "unable to find fee information for '%s'", text);
	node_rest_error(n, r, 400, message);
}

static void note_answer(const struct node_port *p, const char *how, const struct nis_answer *a)
{
	NOTES(NOTES_DEBUG, how, notes_text("pool", p->pool == NODE_PUBLIC ? "public" : "clean"),
	      notes_text("code", nem_result_name((int)a->code)),
	      notes_hex("hash", bytes_of(a->hash.b, 32)));
}

/* The lie of a node that throws a transaction away.  False, nothing sent, if it is none at all. */
static bool claim_accepted(struct http_request *r, struct bytes data)
{
	struct hash32 hash, inner;
	struct nem_tx tx;
	bool has_inner;

	if (nem_tx_decode(&tx, NODE_NETWORK, data, NEM_SIGNING) != ERR_OK) {
		return false;
	}
	has_inner = tx.type == NEM_MULTISIG;
	nem_tx_hash(&hash, &tx);
	if (has_inner) {
		nem_tx_hash_inner(&inner, &tx.multisig.inner);
	}
	node_rest_json(r, 200, nem_json_result(NEM_SUCCESS, &hash, has_inner ? &inner : NULL));
	return true;
}

static const char NOT_CLIENT[] = "the clean pool takes transactions of its clients only";

/* The clean port may have clients; an announcement says of nobody that it is theirs. */
static bool is_client(const struct node_port *p, const struct key32 *identity)
{
	bool known = false;

	for (size_t i = 0; identity != NULL && i < p->node->clean_clients; i++) {
		known = known || key32_eq(identity, &p->node->clean_client[i]);
	}
	return p->pool != NODE_CLEAN || p->node->clean_clients == 0 || known;
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
	if (!is_client(p, NULL)) {
		node_rest_error(p->node, r, 401, NOT_CLIENT);
		return;
	}
	if (node_fault_lie(r) == NODE_LIE_ACCEPTED && claim_accepted(r, bytes_of(data, n))) {
		return;
	}
	e = nis_announce(p->node->nis, p->pool, bytes_of(data, n), &signature, node_now_s(p->node),
			 &answer, &why);
	if (e == ERR_ASSET) {
		no_fee(p->node, r, &answer.unknown);
		return;
	}
	if (e != ERR_OK) {
		refuse(p->node, r, e, why);
		return;
	}
	note_answer(p, "announce", &answer);
	if (answer.code == NEM_SUCCESS) {
		node_push_taken(p, bytes_of(data, n), &signature);
	}
	if (p->pool == NODE_PUBLIC && answer.code == NEM_SUCCESS) {
		struct nem_tx tx;

		CHECK(nem_tx_decode(&tx, NODE_NETWORK, bytes_of(data, n), NEM_SIGNING) == ERR_OK);
		tx.signature = signature;
		node_peers_tell(p->node, &tx);
	}
	if (node_fault_lie(r) == NODE_LIE_REFUSED) {
		answer.code = NEM_FAILURE_INSUFFICIENT_BALANCE;
	}
	node_rest_json(
	    r, 200,
	    nem_json_result(answer.code, &answer.hash, answer.has_inner ? &answer.inner : NULL));
}

bool node_rest_envelope(const json_t *body, struct bytes verifiable, struct key32 *identity)
{
	const char *signature = json_string_value(json_object_get(body, "signature"));
	const char *key =
	    json_string_value(json_object_get(json_object_get(body, "identity"), "public-key"));
	struct hash32 digest;
	struct sig64 sig;

	if (signature == NULL || key == NULL ||
	    hex_get(sig.b, sizeof sig.b, bytes_str(signature), HEX_ANY_CASE) != ERR_OK ||
	    hex_get(identity->b, sizeof identity->b, bytes_str(key), HEX_ANY_CASE) != ERR_OK) {
		return false;
	}
	keccak256(&digest, verifiable);
	return edk_verify_vartime(identity, bytes_of(digest.b, sizeof digest.b), &sig);
}

static void post_push(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;
	const char *where = "entity", *why = "";
	struct key32 identity;
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
	if (!node_rest_envelope(body, bytes_of(buffer, w.n), &identity)) {
		json_decref(body);
		node_rest_error(p->node, r, 400,
				"the envelope is not signed by the identity it names");
		return;
	}
	json_decref(body);
	if (!is_client(p, &identity)) {
		node_rest_error(p->node, r, 401, NOT_CLIENT);
		return;
	}
	e = nis_push(p->node->nis, p->pool, bytes_of(buffer, w.n), node_now_s(p->node), &answer,
		     &why);
	if (e != ERR_OK) {
		refuse(p->node, r, e, why);
		return;
	}
	note_answer(p, "push", &answer);
	if (answer.code == NEM_SUCCESS) {
		node_push_taken(p, bytes_of(buffer, w.n), NULL);
	}
	if (p->pool == NODE_PUBLIC && answer.code == NEM_SUCCESS) {
		node_peers_tell(p->node, &tx);
	}
	/* An empty 200 whatever the verdict: peers do not ask (nem.md 5.4.3). */
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), node_rest_cors);
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
	return node_rest_hex(signature.b, sizeof signature.b);
}

/* The pool's transactions.  All who watch it ask for the same list, many times a second. */
static void pool_text(struct node_port *p, struct node_text *t)
{
	uint64_t version = nis_pool_version(p->node->nis, p->pool);
	size_t from = t->n;

	if (p->list.p != NULL && p->list.pool_version == version) {
		node_rest_text_bytes(t, p->list.p, p->list.n);
		return;
	}
	for (size_t i = 0; i < nis_pool_count(p->node->nis, p->pool); i++) {
		struct nis_pooled e = nis_pool_at(p->node->nis, p->pool, i);

		if (i > 0) {
			node_rest_text(t, ",");
		}
		node_rest_text_json(t, node_rest_pooled(&e, false));
	}
	node_rest_keep(&p->list, t, from);
	p->list.pool_version = version;
}

static void post_unconfirmed(struct node_port *p, struct http_request *r)
{
	json_t *body = node_rest_body(p->node, r);
	const char *text;
	uint8_t challenge[64];
	struct node_text t = { 0 };
	json_t *signature;

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
	signature = challenge_answer(p, challenge);
	/* A transfer has little more than twice the bytes as JSON. */
	node_rest_text_room(&t, POOL_TEXT_MIN + nis_feed_pool_bytes(p->node->nis, p->pool) * 5 / 2);
	node_rest_text(&t, "{\"entity\":{\"data\":[");
	pool_text(p, &t);
	node_rest_text(&t, "]},\"signature\":");
	node_rest_text_json(&t, signature);
	node_rest_text(&t, "}");
	node_rest_text_send(r, 200, &t);
}

const struct node_route node_rest_transaction_routes[] = {
	{ HTTP_POST, "/transaction/announce", post_announce },
	{ HTTP_GET, "/transaction/get", get_transaction },
	{ HTTP_POST, "/transactions/unconfirmed", post_unconfirmed },
	{ HTTP_POST, "/push/transaction", post_push },
	{ HTTP_GET, NULL, NULL },
};
