/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers.c - other nodes of the same network (docs/node.md, "Peers").
 *
 * Each peer is asked in rounds, one request at a time: who it is (once), its score; if that is
 * higher than ours, blocks at falling heights until one is ours too, then the blocks above it,
 * which the chain judges (nis_adopt()); at last its pool.  A round that fails doubles the pause
 * before the next one.  What a peer claims only decides what it is asked next: its blocks and
 * transactions are judged like anybody's.
 *
 * New blocks and transactions are pushed as well, without waiting: what is lost that way the peer
 * finds in its next round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_json.h"
#include "crypto/keccak.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/notes.h"
#include "node.h"

enum {
	PEER_TIMEOUT_MS = 5000,
	PEER_PAUSE_MAX = 16, /* rounds left out */
	PEER_PUSHES_MAX = 4, /* under way to one peer; more are left to its rounds */
	PEER_HOST_MAX = 255,
	PEER_URL_MAX = PEER_HOST_MAX + 80,
	/* One block in the longest JSON: 120 transfers of 5.7 KB, every one once. */
	BLOCK_REPLY_MAX = 2 << 20,
	SMALL_REPLY_MAX = 65536,
	POOL_REPLY_MAX = 24 << 20,
	BRANCH_BYTES_MAX = 32 << 20, /* then what there is of it is judged */
};

enum step { STEP_IDLE, STEP_INFO, STEP_SCORE, STEP_SEARCH, STEP_PULL, STEP_POOL };

struct node_peer {
	struct node_peer *next;
	struct node *node; /* NULL: it was dropped, and goes when nothing is under way any more */
	char host[PEER_HOST_MAX + 1];
	uint16_t port;
	enum step step;
	unsigned under_way, pushes;
	unsigned pause, skip; /* rounds */
	bool active;          /* its last answer was good */
	bool known;
	char name[64], version[32];
	struct key32 identity;
	u128 ours; /* our score when its own was asked for */
	/* The search: we agree at height `equal` (0: not known yet) and not at `differ`. */
	uint64_t equal, differ, lowest, stride, asked;
	/* Its blocks above `equal`. */
	struct bytes branch[NIS_BRANCH_MAX];
	uint8_t *copy[NIS_BRANCH_MAX]; /* what they are views of */
	size_t branch_n, branch_bytes;
};

static void ask(struct node_peer *p, enum step step);

/* ---- coming and going ---- */

static void branch_free(struct node_peer *p)
{
	for (size_t i = 0; i < p->branch_n; i++) {
		free(p->copy[i]);
	}
	p->branch_n = 0;
	p->branch_bytes = 0;
}

static void drop(struct node_peer *p)
{
	p->node = NULL;
	branch_free(p);
	if (p->under_way == 0) {
		free(p);
	}
}

/* An answer arrived.  False: nobody wants it any more, and p may be gone. */
static bool arrived(struct node_peer *p)
{
	p->under_way--;
	if (p->node == NULL) {
		if (p->under_way == 0) {
			free(p);
		}
		return false;
	}
	return true;
}

static void drop_all(struct node *n)
{
	while (n->peers != NULL) {
		struct node_peer *p = n->peers;

		n->peers = p->next;
		drop(p);
	}
}

/* `host:port` in text[0..n). */
static bool read_peer(struct node_peer *p, const char *text, size_t n)
{
	const char *colon = NULL;
	unsigned port = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == ':') {
			colon = text + i; /* the last one: IPv6 stands in brackets */
		}
		if (strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]",
			   c) == NULL ||
		    c == '\0') {
			return false;
		}
	}
	if (colon == NULL || colon == text || (size_t)(colon - text) > PEER_HOST_MAX) {
		return false;
	}
	for (const char *c = colon + 1; c < text + n; c++) {
		if (*c < '0' || *c > '9' || c - colon > 5) {
			return false;
		}
		port = port * 10 + (unsigned)(*c - '0');
	}
	if (port < 1 || port > 65535) {
		return false;
	}
	memcpy(p->host, text, (size_t)(colon - text));
	p->port = (uint16_t)port;
	return true;
}

bool node_peers_set(struct node *n, const char *text)
{
	struct node_peer *all = NULL, **end = &all;
	const char *at = text;
	size_t count = 0;
	bool good = strlen(text) < sizeof n->config.peers;

	while (good && *at != '\0') {
		size_t length = strcspn(at, ",");
		struct node_peer *p = calloc(1, sizeof *p);

		CHECK(p != NULL);
		p->node = n;
		*end = p;
		end = &p->next;
		good = ++count <= NODE_PEERS_MAX && read_peer(p, at, length) &&
		       (at[length] == '\0' || at[length + 1] != '\0');
		at += length + (at[length] == ',');
	}
	if (!good) {
		while (all != NULL) {
			struct node_peer *p = all;

			all = p->next;
			free(p);
		}
		return false;
	}
	drop_all(n);
	n->peers = all;
	memmove(n->config.peers, text, strlen(text) + 1);
	return true;
}

/* ---- rounds ---- */

static void end_round(struct node_peer *p)
{
	branch_free(p);
	p->step = STEP_IDLE;
	p->pause = 0;
}

static void fail(struct node_peer *p, const char *what)
{
	if (p->pause == 0) {
		NOTES(NOTES_UNUSUAL, "peer", notes_text("host", p->host),
		      notes_u64("port", p->port), notes_text("what", what));
	}
	branch_free(p);
	p->step = STEP_IDLE;
	p->active = false;
	p->known = false;
	p->pause = p->pause == 0                   ? 1
		   : p->pause * 2 > PEER_PAUSE_MAX ? PEER_PAUSE_MAX
						   : p->pause * 2;
	p->skip = p->pause;
}

/* "00ebec…": at most 16 bytes behind leading zeros. */
static bool read_score(const json_t *j, u128 *out)
{
	const char *text = json_string_value(json_object_get(j, "score"));
	size_t n = text == NULL ? 0 : strlen(text);

	*out = 0;
	if (n == 0 || n > 2 + 32) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;

		if (digit == 16 || *out >> 124 != 0) {
			return false;
		}
		*out = *out << 4 | digit;
	}
	return true;
}

static void take_info(struct node_peer *p, const json_t *j)
{
	const json_t *identity = json_object_get(j, "identity");
	const char *name = json_string_value(json_object_get(identity, "name"));
	const char *key = json_string_value(json_object_get(identity, "public-key"));
	const json_t *meta = json_object_get(j, "metaData");
	const char *version = json_string_value(json_object_get(meta, "version"));
	const json_t *network = json_object_get(meta, "networkId");

	if (key == NULL || name == NULL || strlen(name) >= sizeof p->name || version == NULL ||
	    strlen(version) >= sizeof p->version ||
	    hex_get(p->identity.b, sizeof p->identity.b, bytes_str(key), HEX_ANY_CASE) != ERR_OK) {
		fail(p, "it does not say who it is");
		return;
	}
	if (!json_is_integer(network) || json_integer_value(network) != (int8_t)NODE_NETWORK) {
		fail(p, "it is of another network");
		return;
	}
	(void)snprintf(p->name, sizeof p->name, "%s", name);
	(void)snprintf(p->version, sizeof p->version, "%s", version);
	p->known = true;
	p->active = true;
	ask(p, STEP_SCORE);
}

static void take_score(struct node_peer *p, const json_t *j)
{
	uint64_t height = nis_height(p->node->nis);
	u128 score;

	if (!read_score(j, &score)) {
		fail(p, "its score is no number");
		return;
	}
	p->active = true;
	p->ours = nis_top(p->node->nis).score;
	if (score <= p->ours) {
		ask(p, STEP_POOL);
		return;
	}
	p->equal = 0;
	p->differ = height + 1;
	p->lowest = height > NIS_UNDO_MAX ? height - NIS_UNDO_MAX : 1;
	p->stride = 1;
	ask(p, STEP_SEARCH);
}

/* Halves the gap, or goes down in growing steps as long as no common block is known. */
static void search_on(struct node_peer *p, bool same)
{
	if (same) {
		p->equal = p->asked;
	} else if (p->asked == p->lowest) {
		fail(p, "it has no block in common with us");
		return;
	} else {
		p->differ = p->asked;
		p->stride *= 2;
	}
	ask(p, p->equal != 0 && p->differ == p->equal + 1 ? STEP_PULL : STEP_SEARCH);
}

/* Its branch is no good; but if our chain moved meanwhile, that may be the reason. */
static void refuse(struct node_peer *p, const char *what)
{
	if (nis_top(p->node->nis).score == p->ours) {
		fail(p, what);
	} else {
		end_round(p);
	}
}

/* What the branch that was pulled is worth. */
static void judge(struct node_peer *p)
{
	struct node *n = p->node;
	struct nem_block last;
	enum nem_result code = NEM_FAILURE_UNKNOWN;
	bool more = p->branch_n == NIS_BRANCH_MAX || p->branch_bytes > BRANCH_BYTES_MAX;
	enum err e;

	if (p->branch_n == 0) {
		refuse(p, "its blocks do not add up to its score");
		return;
	}
	CHECK(nem_block_decode(&last, NODE_NETWORK, p->branch[p->branch_n - 1]) == ERR_OK);
	e = node_adopt(n, p->branch, p->branch_n, &last.head, &code);
	if (e == ERR_OK && code == NEM_NEUTRAL) {
		refuse(p, "its blocks do not add up to its score");
		return;
	}
	if (e != ERR_OK || code != NEM_SUCCESS) {
		refuse(p, e == ERR_OK ? nem_result_name((int)code) : err_words(e));
		return;
	}
	NOTES(NOTES_INFO, "branch", notes_u64("common", p->equal),
	      notes_u64("height", nis_height(n->nis)), notes_u64("port", p->port));
	branch_free(p);
	ask(p, more ? STEP_SCORE : STEP_POOL);
}

static void pull_on(struct node_peer *p, struct bytes block)
{
	uint8_t *copy = malloc(block.n);

	CHECK(copy != NULL);
	memcpy(copy, block.p, block.n);
	p->copy[p->branch_n] = copy;
	p->branch[p->branch_n++] = bytes_of(copy, block.n);
	p->branch_bytes += block.n;
	if (p->branch_n == NIS_BRANCH_MAX || p->branch_bytes > BRANCH_BYTES_MAX) {
		judge(p);
		return;
	}
	ask(p, STEP_PULL);
}

static void take_block(struct node_peer *p, unsigned status, const json_t *j)
{
	struct node *n = p->node;
	struct nis_block ours;
	struct nem_block block;
	struct bytes bytes;
	struct hash32 hash;

	if (status == 404) {
		/* It has no block of this height. */
		if (p->step == STEP_PULL) {
			judge(p);
		} else {
			search_on(p, false);
		}
		return;
	}
	if (status != 200 ||
	    nem_json_block_read(&bytes, n->peers_block, NEM_BLOCK_BYTES_MAX, NODE_NETWORK, j,
				NULL) != ERR_OK ||
	    nem_block_decode(&block, NODE_NETWORK, bytes) != ERR_OK ||
	    block.head.height != p->asked) {
		fail(p, "it gave no block when asked for one");
		return;
	}
	if (p->step == STEP_PULL) {
		pull_on(p, bytes);
		return;
	}
	nem_block_hash(&hash, &block);
	search_on(p, nis_block_at(n->nis, p->asked, &ours) && hash32_eq(&hash, &ours.hash));
}

/* ---- pools ---- */

static enum nem_result push_one(struct node *n, const struct nem_tx *tx)
{
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;

	nem_tx_encode(&w, tx, NEM_SIGNED);
	if (w.bad || nis_push(n->nis, NODE_PUBLIC, bytes_of(buffer, w.n), node_now_s(n), &answer,
			      NULL) != ERR_OK) {
		return NEM_FAILURE_UNKNOWN;
	}
	if (answer.code == NEM_SUCCESS) {
		node_push_taken(&n->port[NODE_PUBLIC], bytes_of(buffer, w.n), NULL);
	}
	return answer.code;
}

static void take_pool(struct node_peer *p, const json_t *j)
{
	const json_t *list = json_object_get(json_object_get(j, "entity"), "data");
	struct nem_tx *tx = malloc(sizeof *tx);

	CHECK(tx != NULL);
	if (!json_is_array(list)) {
		free(tx);
		fail(p, "its pool is no list");
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (nem_json_tx_read(tx, NODE_NETWORK, json_array_get(list, i), NEM_SIGNED, NULL) !=
			ERR_OK ||
		    push_one(p->node, tx) != NEM_NEUTRAL || tx->type != NEM_MULTISIG) {
			continue;
		}
		/* We had it; maybe not every cosignature. */
		for (unsigned k = 0; k < tx->multisig.n; k++) {
			struct nem_tx cosignature;

			nem_tx_from_attached(&cosignature, &tx->multisig.cosignature[k]);
			(void)push_one(p->node, &cosignature);
		}
	}
	free(tx);
	end_round(p);
}

/* ---- requests ---- */

static void on_answer(void *ctx, enum err e, unsigned status, struct bytes body)
{
	struct node_peer *p = ctx;
	bool wants_block;
	json_t *j;

	if (!arrived(p)) {
		return;
	}
	wants_block = p->step == STEP_SEARCH || p->step == STEP_PULL;
	if (e != ERR_OK) {
		fail(p, err_words(e));
		return;
	}
	j = json_loadb((const char *)body.p, body.n, 0, NULL);
	if (!json_is_object(j) || (status != 200 && !(wants_block && status == 404))) {
		fail(p, "it does not answer like a node");
	} else if (wants_block) {
		take_block(p, status, j);
	} else if (p->step == STEP_INFO) {
		take_info(p, j);
	} else if (p->step == STEP_SCORE) {
		take_score(p, j);
	} else {
		take_pool(p, j);
	}
	json_decref(j);
}

static bool send(struct node_peer *p, const char *path, struct bytes body, uint32_t reply_max,
		 void (*on_done)(void *ctx, enum err e, unsigned status, struct bytes body))
{
	char url[PEER_URL_MAX];
	struct http_client_request r = { .url = url,
					 .body = body,
					 .timeout_ms = PEER_TIMEOUT_MS,
					 .reply_max = reply_max,
					 .on_done = on_done,
					 .ctx = p };

	(void)snprintf(url, sizeof url, "http://%s:%u%s", p->host, (unsigned)p->port, path);
	if (http_client_send(p->node->http, &r) != ERR_OK) {
		return false;
	}
	p->under_way++;
	return true;
}

/* The next request of a round. */
static void ask(struct node_peer *p, enum step step)
{
	/* Nobody looks at the signature over the challenge: each transaction has its own. */
	static const char pool[] =
	    "{\"challenge\":{\"data\":\""
	    "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000\"},\"entity\":{\"hashShortIds\":[]}}";
	char body[64];
	bool sent = false;

	p->step = step;
	switch (step) {
	case STEP_IDLE:
		return;
	case STEP_INFO:
		sent = send(p, "/node/info", bytes_of(NULL, 0), SMALL_REPLY_MAX, on_answer);
		break;
	case STEP_SCORE:
		sent = send(p, "/chain/score", bytes_of(NULL, 0), SMALL_REPLY_MAX, on_answer);
		break;
	case STEP_SEARCH:
		if (p->equal != 0) {
			p->asked = p->equal + (p->differ - p->equal) / 2;
		} else {
			p->asked =
			    p->differ > p->lowest + p->stride ? p->differ - p->stride : p->lowest;
		}
		break;
	case STEP_PULL:
		p->asked = p->equal + 1 + p->branch_n;
		break;
	case STEP_POOL:
		sent = send(p, "/transactions/unconfirmed", bytes_str(pool), POOL_REPLY_MAX,
			    on_answer);
		break;
	}
	if (step == STEP_SEARCH || step == STEP_PULL) {
		(void)snprintf(body, sizeof body, "{\"height\":%llu}",
			       (unsigned long long)p->asked);
		sent = send(p, "/block/at/public", bytes_str(body), BLOCK_REPLY_MAX, on_answer);
	}
	if (!sent) {
		fail(p, "no request can be sent");
	}
}

static void on_round(void *ctx)
{
	struct node *n = ctx;

	node_expire(n);
	for (struct node_peer *p = n->peers; p != NULL; p = p->next) {
		if (p->step != STEP_IDLE) {
			continue;
		}
		if (p->skip > 0) {
			p->skip--;
			continue;
		}
		ask(p, p->known ? STEP_SCORE : STEP_INFO);
	}
}

/* ---- telling ---- */

static void on_pushed(void *ctx, enum err e, unsigned status, struct bytes body)
{
	struct node_peer *p = ctx;

	(void)e;
	(void)status;
	(void)body; /* NIS says nothing either (nem.md 5.4.3) */
	p->pushes--;
	(void)arrived(p);
}

/* An entity in a peer's envelope, to every peer that answers.  Takes entity. */
static void push_all(struct node *n, const char *path, json_t *entity, struct bytes verifiable)
{
	struct hash32 digest;
	struct sig64 signature;
	char key[65], sig[129];
	json_t *envelope;
	char *text;

	keccak256(&digest, verifiable);
	edk_sign(&signature, &n->identity, bytes_of(digest.b, sizeof digest.b));
	hex_put(key, bytes_of(n->identity.public_key.b, sizeof n->identity.public_key.b));
	hex_put(sig, bytes_of(signature.b, sizeof signature.b));
	envelope = json_pack("{s:o,s:s,s:{s:s,s:s}}", "entity", entity, "signature", sig,
			     "identity", "name", "kuramori-node", "public-key", key);
	text = envelope == NULL ? NULL : json_dumps(envelope, JSON_COMPACT);
	json_decref(envelope);
	CHECK(text != NULL);
	for (struct node_peer *p = n->peers; p != NULL; p = p->next) {
		if (p->active && p->pushes < PEER_PUSHES_MAX &&
		    send(p, path, bytes_str(text), SMALL_REPLY_MAX, on_pushed)) {
			p->pushes++;
		}
	}
	free(text);
}

static bool anybody(const struct node *n)
{
	for (const struct node_peer *p = n->peers; p != NULL; p = p->next) {
		if (p->active && p->pushes < PEER_PUSHES_MAX) {
			return true;
		}
	}
	return false;
}

void node_peers_tell(struct node *n, const struct nem_tx *tx)
{
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(buffer, sizeof buffer);

	if (!anybody(n)) {
		return;
	}
	nem_tx_encode(&w, tx, NEM_SIGNED);
	CHECK(!w.bad);
	push_all(n, "/push/transaction", nem_json_tx(tx, NEM_SIGNED), bytes_of(buffer, w.n));
}

void node_chain_moved(struct node *n, uint64_t common)
{
	struct nis_block top = nis_top(n->nis);
	struct nem_block block;

	if (n->stand_s < top.time_s) {
		n->stand_s = top.time_s;
	}
	n->tick_mono_ms = clock_mono_ms();
	node_disk_follow(n, common);
	if (top.height == common) {
		return;
	}
	node_push_blocks(n, common + 1);
	if (!anybody(n)) {
		return;
	}
	CHECK(nem_block_decode(&block, NODE_NETWORK, top.verifiable) == ERR_OK);
	push_all(n, "/push/block", nem_json_block(&block), top.verifiable);
}

enum err node_adopt(struct node *n, const struct bytes *blocks, size_t count,
		    const struct nem_block_head *last, enum nem_result *code)
{
	size_t waiting_n;
	struct hash32 *waiting = node_push_remember(n, &waiting_n);
	enum err e = nis_adopt(n->nis, blocks, count, node_judge_s(n, last->time_nem_s), code);

	if (e != ERR_OK || *code != NEM_SUCCESS) {
		free(waiting);
		return e;
	}
	node_push_returned(n, waiting, waiting_n);
	node_chain_moved(n, last->height - count);
	return ERR_OK;
}

void node_peers_hurry(struct node *n)
{
	for (struct node_peer *p = n->peers; p != NULL; p = p->next) {
		if (p->step == STEP_IDLE && p->active) {
			p->skip = 0;
			ask(p, STEP_SCORE);
		}
	}
}

/* ---- what others see ---- */

size_t node_peers_active(const struct node *n)
{
	size_t count = 0;

	for (const struct node_peer *p = n->peers; p != NULL; p = p->next) {
		count += p->active;
	}
	return count;
}

json_t *node_peers_list(const struct node *n)
{
	json_t *list = json_array();

	CHECK(list != NULL);
	for (const struct node_peer *p = n->peers; p != NULL; p = p->next) {
		char key[65];
		json_t *j;

		if (!p->active) {
			continue;
		}
		hex_put(key, bytes_of(p->identity.b, sizeof p->identity.b));
		j = json_pack("{s:{s:i,s:i,s:s,s:s,s:n},s:{s:s,s:i,s:s},s:{s:s,s:s}}", "metaData",
			      "features", 1, "networkId", (int)(int8_t)NODE_NETWORK, "application",
			      "NIS", "version", p->version, "platform", "endpoint", "protocol",
			      "http", "port", (int)p->port, "host", p->host, "identity", "name",
			      p->name, "public-key", key);
		CHECK(j != NULL && json_array_append_new(list, j) == 0);
	}
	return list;
}

enum err node_peers_open(struct node *n)
{
	enum err e = http_client_open(&n->http, &n->loop);

	if (e != ERR_OK) {
		return e;
	}
	n->peers_block = malloc(NEM_BLOCK_BYTES_MAX);
	CHECK(n->peers_block != NULL);
	n->peer_timer = (struct loop_timer){ .on = on_round, .ctx = n };
	loop_timer_set(&n->loop, &n->peer_timer, n->config.peer_interval_ms,
		       n->config.peer_interval_ms);
	return ERR_OK;
}

void node_peers_stop(struct node *n)
{
	loop_timer_off(&n->loop, &n->peer_timer);
	drop_all(n);
}

void node_peers_close(struct node *n)
{
	node_peers_stop(n);
	if (n->http != NULL) {
		http_client_close(n->http);
	}
	free(n->peers_block);
}
