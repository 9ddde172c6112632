/* SPDX-License-Identifier: Apache-2.0 */
/* Node, chain and blocks (nem.md 5.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "rest.h"

enum { BLOCKS_AFTER_MAX = 10 };

static void get_heartbeat(struct node_port *p, struct http_request *r)
{
	(void)p;
	node_rest_json(r, 200, json_pack("{s:i,s:i,s:s}", "code", 1, "type", 2, "message", "ok"));
}

static void get_status(struct node_port *p, struct http_request *r)
{
	/* 6 synchronized; 7 no other node is known, the ordinary state of a network of one
	 * (nem.md 5.1). */
	node_rest_json(r, 200,
		       json_pack("{s:i,s:i,s:s}", "type", 4, "code",
				 node_peers_active(p->node) > 0 ? 6 : 7, "message", "status"));
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

/* As NIS prints big integers: bytes in hexadecimal, with a zero in front when the first bit is set
 * (nem.md 5.1). */
static void get_score(struct node_port *p, struct http_request *r)
{
	u128 score = nis_top(p->node->nis).score;
	char text[2 + 32 + 1] = "00";
	char *start = text + 2;
	uint8_t big[16];
	size_t skip = 0;

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

	if (!node_rest_height(p->node, r, &height)) {
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

	return nem_json_explorer_block(&block, b->difficulty, &b->beneficiary);
}

static void post_local_block_at(struct node_port *p, struct http_request *r)
{
	struct nis_block b;
	uint64_t height;

	if (!node_rest_height(p->node, r, &height)) {
		return;
	}
	if (!nis_block_at(p->node->nis, height, &b)) {
		no_block(p->node, r, height);
		return;
	}
	node_rest_json(r, 200, explorer(&b));
}

/* One block of blocks-after.  All who follow the chain ask for the newest, many times a second. */
static void block_text(struct node *n, struct node_text *t, const struct nis_block *b)
{
	size_t from = t->n;

	if (n->top.p != NULL && hash32_eq(&n->top.block, &b->hash)) {
		node_rest_text_bytes(t, n->top.p, n->top.n);
		return;
	}
	node_rest_text_json(t, explorer(b));
	if (b->height == nis_height(n->nis)) {
		node_rest_keep(&n->top, t, from);
		n->top.block = b->hash;
	}
}

static void post_blocks_after(struct node_port *p, struct http_request *r)
{
	struct node_text t = { 0 };
	uint64_t height;

	if (!node_rest_height(p->node, r, &height)) {
		return;
	}
	if (height > nis_height(p->node->nis)) {
		no_block(p->node, r, height);
		return;
	}
	node_rest_text(&t, "{\"data\":[");
	for (uint64_t h = height + 1; h <= height + BLOCKS_AFTER_MAX; h++) {
		struct nis_block b;

		if (nis_block_at(p->node->nis, h, &b)) {
			if (h > height + 1) {
				node_rest_text(&t, ",");
			}
			block_text(p->node, &t, &b);
		}
	}
	node_rest_text(&t, "]}");
	node_rest_text_send(r, 200, &t);
}

json_t *node_rest_node(const struct node_port *p)
{
	json_t *key = node_rest_hex(p->node->identity.public_key.b, 32);

	return json_pack("{s:{s:i,s:i,s:s,s:s,s:s},s:{s:s,s:i,s:s},s:{s:s,s:o}}", "metaData",
			 "features", 1, "networkId", (int)(int8_t)NODE_NETWORK, "application",
			 "NIS", "version", REST_NIS_VERSION, "platform",
			 "kuramori-node " KURAMORI_VERSION, "endpoint", "protocol", "http", "port",
			 (int)p->number, "host", "127.0.0.1", "identity", "name", "kuramori-node",
			 "public-key", key);
}

static void get_node_info(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200, node_rest_node(p));
}

static void get_extended_info(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200,
		       json_pack("{s:o,s:{s:s,s:s,s:n,s:I,s:I}}", "node", node_rest_node(p),
				 "nisInfo", "application", "NIS", "version", REST_NIS_VERSION,
				 "signer", "startTime", (json_int_t)p->node->start_s, "currentTime",
				 (json_int_t)node_now_s(p->node)));
}

static void get_network_time(struct node_port *p, struct http_request *r)
{
	json_int_t ms = (json_int_t)node_now_network_ms(p->node);

	node_rest_json(r, 200, json_pack("{s:I,s:I}", "sendTimeStamp", ms, "receiveTimeStamp", ms));
}

/* Who does not answer is not remembered by what it said before: only active ones have names. */
static void get_peers(struct node_port *p, struct http_request *r)
{
	node_rest_json(r, 200,
		       json_pack("{s:[],s:[],s:[],s:o}", "inactive", "failure", "busy", "active",
				 node_peers_list(p->node)));
}

static void get_active(struct node_port *p, struct http_request *r)
{
	node_rest_data(r, node_peers_list(p->node));
}

/* A block in a peer's envelope: the next one, or a better one in the place of our last. */
static void post_push_block(struct node_port *p, struct http_request *r)
{
	struct node *n = p->node;
	json_t *body = node_rest_body(n, r);
	uint8_t *buffer;
	const char *where = "entity", *wrong = NULL;
	struct bytes verifiable;
	struct nem_block block;
	struct key32 identity;
	enum nem_result code = NEM_FAILURE_UNKNOWN;

	if (body == NULL) {
		return;
	}
	buffer = malloc(NEM_BLOCK_BYTES_MAX);
	CHECK(buffer != NULL);
	if (nem_json_block_read(&verifiable, buffer, NEM_BLOCK_BYTES_MAX, NODE_NETWORK,
				json_object_get(body, "entity"), &where) != ERR_OK ||
	    nem_block_decode(&block, NODE_NETWORK, verifiable) != ERR_OK) {
		wrong = "the entity is no block";
	} else if (!node_rest_envelope(body, verifiable, &identity)) {
		wrong = "the envelope is not signed by the identity it names";
	} else {
		/* What could be decoded is judged. */
		CHECK(node_adopt(n, &verifiable, 1, &block.head, &code) == ERR_OK);
	}
	json_decref(body);
	if (wrong == NULL && code != NEM_SUCCESS && code != NEM_NEUTRAL) {
		node_peers_hurry(n);
	}
	free(buffer);
	if (wrong != NULL) {
		node_rest_error(n, r, 400, wrong);
		return;
	}
	/* Nothing whatever the verdict, as for transactions. */
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), node_rest_cors);
}

static void get_experiences(struct node_port *p, struct http_request *r)
{
	(void)p;
	node_rest_data(r, json_array());
}

static void post_boot(struct node_port *p, struct http_request *r)
{
	node_rest_error(p->node, r, 503, "NIS_ILLEGAL_STATE_ALREADY_BOOTED");
}

const struct node_route node_rest_chain_routes[] = {
	{ HTTP_GET, "/heartbeat", get_heartbeat },
	{ HTTP_GET, "/status", get_status },
	{ HTTP_GET, "/chain/height", get_height },
	{ HTTP_GET, "/chain/last-block", get_last_block },
	{ HTTP_GET, "/chain/score", get_score },
	{ HTTP_POST, "/block/at/public", post_block_at },
	{ HTTP_POST, "/push/block", post_push_block },
	{ HTTP_POST, "/local/block/at", post_local_block_at },
	{ HTTP_POST, "/local/chain/blocks-after", post_blocks_after },
	{ HTTP_GET, "/node/info", get_node_info },
	{ HTTP_GET, "/node/extended-info", get_extended_info },
	{ HTTP_GET, "/time-sync/network-time", get_network_time },
	{ HTTP_GET, "/node/peer-list/all", get_peers },
	{ HTTP_GET, "/node/peer-list/reachable", get_active },
	{ HTTP_GET, "/node/peer-list/active", get_active },
	{ HTTP_GET, "/node/active-peers/max-chain-height", get_height },
	{ HTTP_GET, "/node/experiences", get_experiences },
	{ HTTP_POST, "/node/boot", post_boot },
	{ HTTP_GET, NULL, NULL },
};
