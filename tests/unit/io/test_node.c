/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: whatever a node answers, the feed is a chain in height order whose every hash was
 * recomputed, with rollbacks told before what replaces them; rubbish is one FEED_DOWN and a later
 * FEED_UP. Method: a real chain (src/nis) behind a small HTTP server in the same loop that speaks
 * NIS's JSON and misbehaves on request; the events are applied to a model that allows nothing out
 * of order.
 */
#include "t.h"

#include <jansson.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/feed.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "io/clock.h"
#include "io/http_server.h"
#include "io/node.h"
#include "nis/nis.h"

enum { START = 300000000, POLL_MS = 2, XEM = 1000000, TURNS = 4000 };

enum fault {
	FINE,
	NOT_JSON,
	NOT_200,
	SILENT,
	WRONG_HASH,   /* a block whose stated hash is another */
	WRONG_NUMBER, /* a block that was altered after it was signed */
	NO_LIST,
	TOO_MANY,
	GAP, /* blocks that do not connect */
	OTHER_CHAIN,
	ENDLESS, /* more bytes than anybody reads */
};

static struct {
	struct loop loop;
	struct http_server *server;
	struct http_client *client;
	struct node *node;
	struct nis *nis;
	uint32_t now_s;
	enum fault fault;
	struct http_request *waiting;
	unsigned pushes;
	bool push_code;    /* answer a push with a result */
	bool push_dropped; /* take it and forget it */

	/* the model */
	uint64_t height;
	struct hash32 hash[1024];
	unsigned blocks, undos, downs, ups, tops, pools, announced;
	bool broken; /* the feed broke a rule */
	uint64_t top;
	bool down;
	char why[256];
	uint32_t pool_count;
	uint32_t code;
	uint64_t announced_id;
} n;

static struct edk_secret key_of(uint8_t i)
{
	struct edk_secret s;
	uint8_t raw[32];

	memset(raw, i, sizeof raw);
	edk_secret_from_nem(&s, raw);
	return s;
}

static struct nem_address address_of(uint8_t i)
{
	struct edk_secret s = key_of(i);
	struct nem_address a;

	nem_address_from_key(&a, &s.public_key, 0x98);
	return a;
}

static void chain_open(void)
{
	struct nis_config config = { .network = 0x98, .pools = 1, .retention_s = NIS_RETENTION_S };
	struct nis_grant grants[] = { { address_of(1), 1000000 * (uint64_t)XEM },
				      { address_of(2), 1000000 * (uint64_t)XEM } };
	struct nis_nemesis nemesis = { .time_s = START, .grants = grants, .n = ARRAY_LEN(grants) };

	memset(config.harvester, 91, sizeof config.harvester);
	memset(nemesis.key, 90, sizeof nemesis.key);
	nis_close(n.nis);
	n.nis = NULL;
	CHECK(nis_open(&n.nis, &config, &nemesis) == ERR_OK);
	n.now_s = START;
}

static struct nem_tx transfer(uint64_t amount)
{
	struct edk_secret s = key_of(1);
	struct nem_tx tx;

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_TRANSFER;
	tx.head.network = 0x98;
	tx.head.version = 1;
	tx.head.time_nem_s = n.now_s;
	tx.head.deadline_nem_s = n.now_s + 3600;
	tx.head.signer = s.public_key;
	tx.transfer.recipient = address_of(2);
	tx.transfer.amount_micro = amount;
	tx.head.fee_micro = nem_fee_minimum(&tx);
	CHECK(nem_tx_sign(&tx, &s) == ERR_OK);
	return tx;
}

static size_t raw_of(uint8_t *out, const struct nem_tx *tx)
{
	struct writer w = writer_make(out, NEM_TX_BYTES_MAX);

	nem_tx_encode(&w, tx, NEM_SIGNED);
	CHECK(!w.bad);
	return w.n;
}

static void pool_add(uint64_t amount)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct nem_tx tx = transfer(amount);
	struct nis_answer answer;

	CHECK(nis_push(n.nis, 0, bytes_of(raw, raw_of(raw, &tx)), n.now_s, &answer, NULL) ==
	      ERR_OK);
	CHECK(answer.code == NEM_SUCCESS);
}

static void mine(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		n.now_s += 10;
		CHECK(nis_mine(n.nis, 0, n.now_s) == ERR_OK);
	}
}

/* ---- the server ---------------------------------------------------------------------------- */

static void json_reply(struct http_request *r, json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);

	CHECK(text != NULL);
	http_reply(r, 200, "application/json", bytes_str(text), NULL);
	free(text);
	json_decref(j);
}

static json_t *block_json(uint64_t height, bool explorer)
{
	struct nis_block b;
	struct nem_block block;
	struct nem_address who;
	json_t *j;

	CHECK(nis_block_at(n.nis, height, &b));
	CHECK(nem_block_decode(&block, 0x98, b.verifiable) == ERR_OK);
	nem_address_from_key(&who, &block.head.harvester, 0x98);
	j = explorer ? nem_json_explorer_block(&block, 1, &who) : nem_json_block(&block);
	CHECK(j != NULL);
	return j;
}

static void blocks_after(struct http_request *r, uint64_t after)
{
	json_t *list = json_array();
	uint64_t top = nis_height(n.nis);

	if (after > top) {
		json_decref(list);
		http_reply(r, 404, "application/json", bytes_str("{}"), NULL);
		return;
	}
	if (n.fault == GAP) {
		after++;
	}
	for (uint64_t h = after + 1; h <= top && h <= after + (n.fault == TOO_MANY ? 11 : 10);
	     h++) {
		json_t *one = block_json(h, true);

		if (n.fault == WRONG_HASH) {
			json_object_set_new(
			    one, "hash",
			    json_string("00000000000000000000000000000000000000000000000000000000"
					"00000000"));
		}
		if (n.fault == WRONG_NUMBER) {
			json_object_set_new(json_object_get(one, "block"), "timeStamp",
					    json_integer(START + 5));
		}
		json_array_append_new(list, one);
	}
	if (n.fault == NO_LIST) {
		json_decref(list);
		list = json_string("no list");
	}
	json_reply(r, json_pack("{s:o}", "data", list));
}

static void pool_reply(struct http_request *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nis_pool_count(n.nis, 0); i++) {
		struct nis_pooled p = nis_pool_at(n.nis, 0, i);
		struct nem_tx tx;

		CHECK(nem_tx_decode(&tx, 0x98, p.verifiable, NEM_SIGNED) == ERR_OK);
		json_array_append_new(list, nem_json_tx(&tx, NEM_SIGNED));
	}
	/* something that nobody knows in full */
	json_array_append_new(list, json_pack("{s:i}", "type", 16385));
	json_reply(r, json_pack("{s:{s:o},s:s}", "entity", "data", list, "signature", "00"));
}

static void push_reply(struct http_request *r, const json_t *body)
{
	static struct nem_tx tx;
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct nis_answer answer;
	struct hash32 digest;
	struct key32 key;
	struct sig64 sig;
	const json_t *identity = json_object_get(body, "identity");
	size_t raw_n;

	n.pushes++;
	CHECK(nem_json_tx_read(&tx, 0x98, json_object_get(body, "entity"), NEM_SIGNED, NULL) ==
	      ERR_OK);
	raw_n = raw_of(raw, &tx);
	/* the envelope is signed by the identity that it names (nem.md 5.4.3) */
	CHECK(hex_get(key.b, 32,
		      bytes_str(json_string_value(json_object_get(identity, "public-key"))),
		      HEX_LOWER_ONLY) == ERR_OK);
	CHECK(hex_get(sig.b, 64, bytes_str(json_string_value(json_object_get(body, "signature"))),
		      HEX_LOWER_ONLY) == ERR_OK);
	keccak256(&digest, bytes_of(raw, raw_n));
	CHECK(edk_verify_vartime(&key, bytes_of(digest.b, 32), &sig));
	if (n.push_dropped) {
		http_reply(r, 500, "application/json", bytes_str("{}"), NULL);
		return;
	}
	CHECK(nis_push(n.nis, 0, bytes_of(raw, raw_n), n.now_s, &answer, NULL) == ERR_OK);
	if (n.push_code) {
		json_reply(r, nem_json_result(answer.code, &answer.hash, NULL));
		return;
	}
	http_reply(r, 200, "application/json", bytes_of(NULL, 0), NULL);
}

static void on_request(void *ctx, struct http_request *r)
{
	const char *path = http_path(r);
	struct bytes raw = http_body(r);
	json_t *body = raw.n == 0 ? NULL : json_loadb((const char *)raw.p, raw.n, 0, NULL);
	uint64_t height = (uint64_t)json_integer_value(json_object_get(body, "height"));

	(void)ctx;
	if (n.fault == NOT_JSON) {
		http_reply(r, 200, "application/json", bytes_str("<html>"), NULL);
	} else if (n.fault == NOT_200) {
		http_reply(r, 503, "application/json", bytes_str("{}"), NULL);
	} else if (n.fault == SILENT) {
		n.waiting = r;
	} else if (n.fault == ENDLESS) {
		size_t size = (4u << 20) + 100;
		uint8_t *much = malloc(size);

		CHECK(much != NULL);
		memset(much, ' ', size);
		http_reply(r, 200, "application/json", bytes_of(much, size), NULL);
		free(much);
	} else if (strcmp(path, "/block/at/public") == 0) {
		json_t *j = block_json(1, false);

		CHECK(height == 1);
		if (n.fault == OTHER_CHAIN) {
			json_object_set_new(j, "timeStamp", json_integer(START + 1));
		}
		json_reply(r, j);
	} else if (strcmp(path, "/local/chain/blocks-after") == 0) {
		blocks_after(r, height);
	} else if (strcmp(path, "/chain/height") == 0) {
		json_reply(r, json_pack("{s:I}", "height", (json_int_t)nis_height(n.nis)));
	} else if (strcmp(path, "/transactions/unconfirmed") == 0) {
		pool_reply(r);
	} else if (strcmp(path, "/push/transaction") == 0) {
		push_reply(r, body);
	} else {
		http_reply(r, 404, "application/json", bytes_str("{}"), NULL);
	}
	json_decref(body);
}

static void on_gone(void *ctx, struct http_request *r)
{
	(void)ctx;
	CHECK(r == n.waiting || n.waiting == NULL);
	n.waiting = NULL;
}

/* ---- the model ----------------------------------------------------------------------------- */

static void model_block(struct bytes body)
{
	struct nem_block block;
	struct hash32 hash;

	if (nem_block_decode(&block, 0x98, body) != ERR_OK || block.head.height != n.height + 1 ||
	    block.head.height >= ARRAY_LEN(n.hash) ||
	    (n.height > 0 && !hash32_eq(&block.head.previous, &n.hash[n.height])) ||
	    (n.height > 0 && nem_block_verify_all(&block) != ERR_OK)) {
		n.broken = true;
		return;
	}
	nem_block_hash(&hash, &block);
	n.height++;
	n.hash[n.height] = hash;
	n.blocks++;
}

static void on_feed(void *ctx, uint16_t number, uint64_t request_id, struct bytes body)
{
	struct reader r = reader_make(body);

	(void)ctx;
	if (n.down && number != FEED_UP && number != FEED_ANNOUNCED) {
		n.broken = true; /* UP comes before anything else */
	}
	switch (number) {
	case FEED_BLOCK:
		model_block(body);
		break;
	case FEED_UNDO: {
		uint64_t to = reader_u64(&r);

		n.broken = n.broken || !reader_done(&r) || to >= n.height || to == 0;
		n.height = to;
		n.undos++;
		break;
	}
	case FEED_POOL:
		n.pool_count = reader_u32(&r);
		for (uint32_t i = 0; i < n.pool_count; i++) {
			static struct nem_tx tx;
			struct bytes one = reader_bytes(&r, reader_u32(&r));

			n.broken = n.broken || nem_tx_decode(&tx, 0x98, one, NEM_SIGNED) != ERR_OK;
		}
		n.broken = n.broken || !reader_done(&r);
		n.pools++;
		break;
	case FEED_DOWN:
		n.broken = n.broken || n.down;
		n.down = true;
		n.downs++;
		(void)snprintf(n.why, sizeof n.why, "%.*s", (int)body.n, (const char *)body.p);
		break;
	case FEED_UP:
		n.broken = n.broken || !n.down;
		n.down = false;
		n.ups++;
		break;
	case FEED_ANNOUNCED:
		n.code = reader_u32(&r);
		n.announced_id = request_id;
		n.announced++;
		break;
	case FEED_TOP:
		n.top = reader_u64(&r);
		n.broken = n.broken || n.top != n.height;
		n.tops++;
		break;
	default:
		n.broken = true;
	}
}

static bool until_ms(bool (*done)(void), uint64_t ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (!done() && clock_mono_ms() < end && !n.broken) {
		CHECK(loop_turn(&n.loop, 5) == ERR_OK);
	}
	return done() && !n.broken;
}

static bool at_top(void)
{
	struct nis_block b = nis_top(n.nis);

	return !n.down && n.height == b.height && n.top == b.height &&
	       hash32_eq(&n.hash[n.height], &b.hash);
}

static bool is_down(void)
{
	return n.down;
}

static bool is_announced(void)
{
	return n.announced > 0;
}

static bool never(void)
{
	return false;
}

static void start_patient(enum fault fault, uint32_t timeout_ms)
{
	struct http_server_plan plan = { .on_request = on_request, .on_gone = on_gone };
	struct node_options options = { .host = "127.0.0.1",
					.network = 0x98,
					.poll_ms = POLL_MS,
					.timeout_ms = timeout_ms,
					.pool = true,
					.on_feed = on_feed };
	struct nis_block nemesis;

	memset(&n, 0, sizeof n);
	CHECK(crypto_init() == ERR_OK);
	chain_open();
	n.fault = fault;
	CHECK(loop_init(&n.loop) == ERR_OK);
	CHECK(http_server_open(&n.server, &n.loop, &plan) == ERR_OK);
	CHECK(http_client_open(&n.client, &n.loop) == ERR_OK);
	CHECK(nis_block_at(n.nis, 1, &nemesis));
	options.nemesis = nemesis.hash;
	options.port = http_server_port(n.server);
	CHECK(node_open(&n.node, &n.loop, n.client, &options) == ERR_OK);
}

static void start(enum fault fault)
{
	start_patient(fault, 300);
}

static void stop(void)
{
	node_close(n.node);
	http_client_close(n.client);
	http_server_close(n.server);
	loop_close(&n.loop);
	nis_close(n.nis);
	n.nis = NULL;
}

/* ---- cases --------------------------------------------------------------------------------- */

static void reads_a_chain(void)
{
	start(FINE);
	mine(37);
	T_CHECK(until_ms(at_top, 5000));
	T_EQ(n.blocks, 38);
	(void)until_ms(never, 50);
	T_EQ(n.pools, 1);
	T_EQ(n.pool_count, 0);
	T_EQ(n.downs, 0);
	/* what comes later */
	mine(1);
	T_CHECK(until_ms(at_top, 5000));
	mine(25);
	T_CHECK(until_ms(at_top, 5000));
	T_EQ(n.blocks, 64);
	T_EQ(n.undos, 0);
	stop();
}

/* A transfer whose JSON is as long as a message can make it, twice in an explorer's block. */
static void pool_add_fat(uint64_t amount)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct edk_secret s = key_of(1);
	struct nem_tx tx = transfer(amount);
	struct nis_answer answer;

	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	tx.transfer.message_bytes = NEM_MESSAGE_MAX;
	memset(tx.transfer.message, 'x', NEM_MESSAGE_MAX);
	tx.head.fee_micro = nem_fee_minimum(&tx);
	CHECK(nem_tx_sign(&tx, &s) == ERR_OK);
	CHECK(nis_push(n.nis, 0, bytes_of(raw, raw_of(raw, &tx)), n.now_s, &answer, NULL) ==
	      ERR_OK);
	CHECK(answer.code == NEM_SUCCESS);
}

/*
 * For the price of fees anybody fills blocks with the longest transactions there are.  Who was away
 * meanwhile reads ten of them in one answer, and must not be blind from then on.
 */
static void reads_the_fattest_blocks(void)
{
	start_patient(FINE, 60000);
	for (uint64_t i = 0; i < 12; i++) {
		for (uint64_t k = 0; k < NEM_BLOCK_WEIGHT_MAX; k++) {
			pool_add_fat(1 + i * NEM_BLOCK_WEIGHT_MAX + k);
		}
		mine(1);
	}
	T_CHECK(until_ms(at_top, 60000));
	T_EQ(n.blocks, 13);
	T_EQ(n.downs, 0);
	stop();
}

static bool has_all_of_the_pool(void)
{
	return n.pool_count == nis_pool_count(n.nis, 0);
}

/* A flood of the longest transactions hides nothing that stands behind them. */
static void tells_the_fattest_pool(void)
{
	start_patient(FINE, 60000);
	for (uint64_t k = 0; k < 1800; k++) {
		pool_add_fat(1 + k);
	}
	T_EQ(nis_pool_count(n.nis, 0), 1800);
	T_CHECK(until_ms(has_all_of_the_pool, 60000));
	T_EQ(n.downs, 0);
	stop();
}

static void tells_the_pool_when_it_changes(void)
{
	unsigned before;

	start(FINE);
	mine(2);
	T_CHECK(until_ms(at_top, 5000));
	(void)until_ms(never, 100);
	before = n.pools;
	(void)until_ms(never, 100);
	T_EQ(n.pools, before);
	pool_add(5);
	pool_add(6);
	(void)until_ms(never, 100);
	T_EQ(n.pools, before + 1);
	T_EQ(n.pool_count, 2);
	mine(1);
	(void)until_ms(never, 100);
	T_EQ(n.pools, before + 2);
	T_EQ(n.pool_count, 0);
	stop();
}

/* Every depth, shorter, equal and longer afterwards. */
static void walks_back(void)
{
	start(FINE);
	mine(30);
	T_CHECK(until_ms(at_top, 5000));
	for (unsigned depth = 1; depth <= 24; depth += depth < 12 ? 1 : 6) {
		for (unsigned after = 0; after <= 2; after++) {
			unsigned undos = n.undos;

			n.now_s += depth * 3 + after + 1; /* other blocks than before */
			T_CHECK(nis_roll_back(n.nis, nis_height(n.nis) - depth, n.now_s) == ERR_OK);
			mine(after == 0 ? 0 : after == 1 ? depth : depth + 3);
			T_CHECK(until_ms(at_top, 5000));
			T_CHECK(n.undos > undos);
			if (after == 0) {
				mine(depth + 1);
				T_CHECK(until_ms(at_top, 5000));
			}
		}
	}
	T_EQ(n.downs, 0);
	stop();
}

/* The blocks that were taken back come again, unchanged. */
static void the_same_blocks_again(void)
{
	struct nis_block b;
	static uint8_t raw[4][8192];
	size_t size[4];
	enum nem_result code;

	start(FINE);
	mine(10);
	for (uint64_t h = 8; h <= 11; h++) {
		T_CHECK(nis_block_at(n.nis, h, &b));
		memcpy(raw[h - 8], b.verifiable.p, b.verifiable.n);
		size[h - 8] = b.verifiable.n;
	}
	T_CHECK(until_ms(at_top, 5000));
	T_CHECK(nis_roll_back(n.nis, 7, n.now_s) == ERR_OK);
	T_CHECK(until_ms(at_top, 5000));
	T_EQ(n.height, 7);
	for (size_t i = 0; i < 4; i++) {
		T_CHECK(nis_accept(n.nis, bytes_of(raw[i], size[i]), n.now_s, &code) == ERR_OK);
		T_EQ(code, NEM_SUCCESS);
	}
	T_CHECK(until_ms(at_top, 5000));
	T_EQ(n.height, 11);
	T_EQ(n.undos, 1);
	stop();
}

/*
 * Two blocks take turns at the top.  Each time the answer is word for word one that was read
 * before, and yet it is news: what was read last stands, not what was read once.
 */
static void swings_between_two_tops(void)
{
	struct nis_block b;
	static uint8_t raw[2][8192];
	size_t size[2];
	enum nem_result code;

	start(FINE);
	mine(5);
	for (size_t i = 0; i < 2; i++) {
		n.now_s += 7; /* another block than before */
		T_CHECK(nis_roll_back(n.nis, 5, n.now_s) == ERR_OK);
		mine(1);
		b = nis_top(n.nis);
		memcpy(raw[i], b.verifiable.p, b.verifiable.n);
		size[i] = b.verifiable.n;
	}
	T_CHECK(until_ms(at_top, 5000));
	for (unsigned i = 0; i < 8; i++) {
		unsigned undos = n.undos;

		(void)until_ms(never, 20); /* read again and again */
		T_EQ(n.undos, undos);
		T_CHECK(nis_roll_back(n.nis, 5, n.now_s) == ERR_OK);
		T_CHECK(nis_accept(n.nis, bytes_of(raw[i % 2], size[i % 2]), n.now_s, &code) ==
			ERR_OK);
		T_EQ(code, NEM_SUCCESS);
		T_CHECK(until_ms(at_top, 5000));
		T_EQ(n.undos, undos + 1);
	}
	T_EQ(n.downs, 0);
	stop();
}

/* Each kind of rubbish, at the start and in the middle: down once, nothing told, up again. */
static void rubbish(void)
{
	static const enum fault faults[] = { NOT_JSON,     NOT_200, SILENT,   WRONG_HASH,
					     WRONG_NUMBER, NO_LIST, TOO_MANY, ENDLESS };

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		unsigned blocks;

		start(FINE);
		mine(20);
		T_CHECK(until_ms(at_top, 5000));
		blocks = n.blocks;
		n.fault = faults[i];
		mine(15);
		T_CHECK(until_ms(is_down, 5000));
		T_CHECK(n.why[0] != '\0');
		(void)until_ms(never, 400);
		T_EQ(n.downs, 1);
		T_EQ(n.blocks, blocks);
		n.fault = FINE;
		T_CHECK(until_ms(at_top, 6000));
		T_EQ(n.ups, 1);
		T_EQ(n.blocks, blocks + 15);
		stop();

		start(faults[i]);
		mine(15);
		T_CHECK(until_ms(is_down, 5000));
		n.fault = FINE;
		T_CHECK(until_ms(at_top, 6000));
		stop();
	}
	start(OTHER_CHAIN);
	T_CHECK(until_ms(is_down, 5000));
	T_CHECK(strstr(n.why, "another chain") != NULL);
	T_EQ(n.blocks, 0);
	stop();
	start(FINE);
	mine(20);
	T_CHECK(until_ms(at_top, 5000));
	mine(5);
	n.fault = GAP;
	(void)until_ms(never, 300);
	T_CHECK(!n.broken);
	n.fault = FINE;
	T_CHECK(until_ms(at_top, 6000));
	stop();
}

static void nobody_there(void)
{
	start(FINE);
	mine(3);
	T_CHECK(until_ms(at_top, 5000));
	http_server_close(n.server);
	n.server = NULL;
	T_CHECK(until_ms(is_down, 5000));
	(void)until_ms(never, 300);
	T_EQ(n.downs, 1);
	stop();
}

static void announces(void)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct nem_tx tx;
	size_t size;

	/* plain NIS: 200 and nothing; it shows in the pool */
	start(FINE);
	mine(2);
	T_CHECK(until_ms(at_top, 5000));
	tx = transfer(77);
	size = raw_of(raw, &tx);
	T_EQ(node_announce(n.node, 42, bytes_of(raw, size)), ERR_OK);
	T_EQ(n.announced, 0); /* never from inside the call */
	T_CHECK(until_ms(is_announced, 5000));
	T_EQ(n.code, NODE_CODE_SEEN);
	T_EQ(n.announced_id, 42);
	T_EQ(n.pushes, 1);
	/* the same again, when it is there already */
	n.announced = 0;
	T_EQ(node_announce(n.node, 43, bytes_of(raw, size)), ERR_OK);
	T_CHECK(until_ms(is_announced, 5000));
	T_EQ(n.code, NODE_CODE_SEEN);
	/* a node that gives its code */
	n.announced = 0;
	n.push_code = true;
	tx = transfer(99000000 * (uint64_t)XEM);
	size = raw_of(raw, &tx);
	T_EQ(node_announce(n.node, 44, bytes_of(raw, size)), ERR_OK);
	T_CHECK(until_ms(is_announced, 5000));
	T_EQ(n.code, NEM_FAILURE_INSUFFICIENT_BALANCE);
	/* one that does not take it */
	n.announced = 0;
	n.push_dropped = true;
	tx = transfer(78);
	size = raw_of(raw, &tx);
	T_EQ(node_announce(n.node, 45, bytes_of(raw, size)), ERR_OK);
	T_CHECK(until_ms(is_announced, 5000));
	T_EQ(n.code, NODE_CODE_REFUSED);
	T_CHECK(!n.broken);
	/* no transaction at all: nothing is sent */
	n.announced = 0;
	n.pushes = 0;
	for (size_t cut = 0; cut < size; cut += 5) {
		T_CHECK(node_announce(n.node, 46, bytes_of(raw, cut)) != ERR_OK);
	}
	(void)until_ms(never, 50);
	T_EQ(n.pushes, 0);
	T_EQ(n.announced, 0);
	stop();
}

static void announces_are_limited(void)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	unsigned sent = 0;

	start(FINE);
	mine(2);
	T_CHECK(until_ms(at_top, 5000));
	n.fault = SILENT;
	for (unsigned i = 0; i < NODE_ANNOUNCES_MAX + 10; i++) {
		struct nem_tx tx = transfer(1000 + i);

		sent += node_announce(n.node, i, bytes_of(raw, raw_of(raw, &tx))) == ERR_OK;
	}
	T_CHECK(sent <= NODE_ANNOUNCES_MAX);
	T_CHECK(sent > 0);
	stop();
}

static void closes_at_any_moment(void)
{
	for (unsigned turns = 0; turns < 40; turns++) {
		start(turns % 3 == 2 ? SILENT : FINE);
		mine(12);
		for (unsigned i = 0; i < turns; i++) {
			CHECK(loop_turn(&n.loop, 1) == ERR_OK);
		}
		stop();
	}
	T_CHECK(!n.broken);
}

static void addresses(void)
{
	static const struct {
		const char *text;
		const char *host;
		uint16_t port;
	} good[] = {
		{ "127.0.0.1:7890", "127.0.0.1", 7890 },
		{ "http://localhost:1", "localhost", 1 },
		{ "http://node-1.example:65535/", "node-1.example", 65535 },
		{ "[::1]:7890", "[::1]", 7890 },
	};

	static const char *const bad[] = {
		"",           "localhost",        ":7890",       "host:",          "host:0",
		"host:65536", "host:99999999999", "host:78x",    "host:78/x",      "::1:7890",
		"[::1:7890",  "ho st:1",          "user@host:1", "https://host:1", "host:-1"
	};
	char host[NODE_HOST_MAX];
	uint16_t port;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(node_address(host, &port, good[i].text), ERR_OK);
		T_STR(host, good[i].host);
		T_EQ(port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(node_address(host, &port, bad[i]), ERR_FIELD_RANGE);
	}
}

static void bad_options(void)
{
	struct node_options options = { .host = "h", .port = 1, .network = 0x99 };
	struct node *node = NULL;

	start(FINE);
	T_EQ(node_open(&node, &n.loop, n.client, &options), ERR_NETWORK);
	options.network = 0x98;
	options.port = 0;
	T_EQ(node_open(&node, &n.loop, n.client, &options), ERR_FIELD_RANGE);
	options.port = 1;
	options.host[0] = '\0';
	T_EQ(node_open(&node, &n.loop, n.client, &options), ERR_FIELD_RANGE);
	T_CHECK(node == NULL);
	node_close(NULL);
	stop();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "reads the fattest blocks", reads_the_fattest_blocks },
		{ "tells the fattest pool", tells_the_fattest_pool },
		{ "reads a chain, ten blocks a call", reads_a_chain },
		{ "tells the pool when it changes", tells_the_pool_when_it_changes },
		{ "walks back at every depth", walks_back },
		{ "the same blocks again", the_same_blocks_again },
		{ "swings between two tops", swings_between_two_tops },
		{ "rubbish is down once, and up again", rubbish },
		{ "nobody there", nobody_there },
		{ "announces and looks for it", announces },
		{ "announces are limited", announces_are_limited },
		{ "closes at any moment", closes_at_any_moment },
		{ "addresses", addresses },
		{ "bad options", bad_options },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
