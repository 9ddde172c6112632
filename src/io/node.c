/* SPDX-License-Identifier: Apache-2.0 */
#include "io/node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/feed.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_key.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"

enum {
	BLOCKS_PER_CALL = 10,
	URL_MAX = NODE_HOST_MAX + 64,
	BODY_MAX = 256,
	TOP_EVERY_MS = 1000, /* an unchanged top is said again: whoever listens sees that we live */
	WORDS_MAX = 200,
	IDENTITY_TEXT_MAX = 80,
};

/* A cycle: the chain up to its top, then the pool, then a pause. */
enum stage {
	STAGE_NEMESIS, /* block 1 */
	STAGE_CHAIN,   /* blocks after what we have */
	STAGE_HEIGHT,  /* the node has none: how high is it? */
	STAGE_POOL,
};

/* A unit that was pushed and is looked for. */
struct sent {
	bool used;
	bool pushed; /* the node has taken the request */
	uint64_t request_id, due_ms;
	struct hash32 hash;
	struct node *node;
};

struct node {
	struct loop *loop;
	struct http_client *http;
	struct node_options options;
	char base[URL_MAX];
	struct loop_timer timer;
	enum stage stage;
	struct nem_follow follow;
	bool following;    /* block 1 was right */
	uint64_t told;     /* height that was handed on; 0: nothing */
	uint64_t top_told; /* last FEED_TOP */
	uint64_t top_told_ms;
	bool down;
	uint32_t pause_ms;
	struct hash32 pool_hash; /* of the answer that was handed on last */
	bool pool_told;
	/* The newest answer of blocks-after, if it held nothing new, and what we had then. */
	bool quiet;
	struct hash32 quiet_hash;
	uint64_t quiet_want, quiet_told;
	char challenge[129];
	struct edk_secret identity; /* names this process to the node, nothing else */
	struct sent sent[NODE_ANNOUNCES_MAX];
	unsigned in_flight;
	bool closed;
	uint8_t *block; /* NEM_BLOCK_BYTES_MAX */
	uint8_t *pool;  /* NODE_POOL_MAX_BYTES */
};

/* ---- life ---------------------------------------------------------------------------------- */

static void dispose(struct node *n)
{
	edk_secret_wipe(&n->identity);
	free(n->block);
	free(n->pool);
	free(n);
}

static void feed(struct node *n, uint16_t number, uint64_t request_id, struct bytes body)
{
	if (!n->closed) {
		n->options.on_feed(n->options.ctx, number, request_id, body);
	}
}

static void feed_u64(struct node *n, uint16_t number, uint64_t v)
{
	uint8_t raw[8];

	le64_put(raw, v);
	feed(n, number, 0, bytes_of(raw, sizeof raw));
}

static void answer_announce(struct node *n, struct sent *s, uint32_t code)
{
	uint8_t raw[36];
	uint64_t id = s->request_id;

	le32_put(raw, code);
	memcpy(raw + 4, s->hash.b, sizeof s->hash.b);
	s->used = false;
	feed(n, FEED_ANNOUNCED, id, bytes_of(raw, sizeof raw));
}

/* This transaction was seen in the pool or in a block of this node. */
static void seen(struct node *n, const struct nem_tx *tx)
{
	struct hash32 hash;
	bool wanted = false;

	for (size_t i = 0; i < NODE_ANNOUNCES_MAX; i++) {
		wanted = wanted || n->sent[i].used;
	}
	if (!wanted) {
		return;
	}
	nem_tx_hash(&hash, tx);
	for (size_t i = 0; i < NODE_ANNOUNCES_MAX; i++) {
		if (n->sent[i].used && hash32_eq(&n->sent[i].hash, &hash)) {
			answer_announce(n, &n->sent[i], NODE_CODE_SEEN);
		}
	}
}

static void expire(struct node *n)
{
	uint64_t now = clock_mono_ms();

	for (size_t i = 0; i < NODE_ANNOUNCES_MAX; i++) {
		if (n->sent[i].used && now >= n->sent[i].due_ms) {
			answer_announce(n, &n->sent[i], NODE_CODE_SILENT);
		}
	}
}

/* ---- up and down --------------------------------------------------------------------------- */

static void later(struct node *n, uint32_t ms)
{
	if (!n->closed) {
		loop_timer_set(n->loop, &n->timer, ms, 0);
	}
}

static void down(struct node *n, const char *words)
{
	if (!n->down) {
		n->down = true;
		n->pause_ms = NODE_PAUSE_MIN_MS;
		feed(n, FEED_DOWN, 0, bytes_str(words));
	} else {
		n->pause_ms =
		    n->pause_ms * 2 > NODE_PAUSE_MAX_MS ? NODE_PAUSE_MAX_MS : n->pause_ms * 2;
	}
	/* Whatever was told of top and pool is told again when it is back. */
	n->top_told = 0;
	n->pool_told = false;
	n->quiet = false;
	n->stage = n->following ? STAGE_CHAIN : STAGE_NEMESIS;
	expire(n);
	later(n, n->pause_ms);
}

static void up(struct node *n)
{
	if (n->down) {
		n->down = false;
		feed(n, FEED_UP, 0, bytes_of(NULL, 0));
	}
}

static void ask(struct node *n);

static void on_timer(void *ctx)
{
	ask(ctx);
}

/* ---- blocks -------------------------------------------------------------------------------- */

static bool nemesis_take(struct node *n, const json_t *j)
{
	const char *where = "block 1";
	char words[WORDS_MAX];
	struct nem_block block;
	struct nem_follow_at at;
	struct hash32 hash;
	struct bytes raw;
	enum err e =
	    nem_json_block_read(&raw, n->block, NEM_BLOCK_BYTES_MAX, n->options.network, j, &where);

	if (e == ERR_OK) {
		e = nem_block_decode(&block, n->options.network, raw);
	}
	if (e != ERR_OK) {
		(void)snprintf(words, sizeof words, "block 1: %s: %s", where, err_words(e));
		down(n, words);
		return false;
	}
	nem_block_hash(&hash, &block);
	if (block.head.height != 1 || !hash32_eq(&hash, &n->options.nemesis)) {
		down(n, "another chain: its block 1 is not the nemesis block that was named");
		return false;
	}
	at = (struct nem_follow_at){ .height = 1,
				     .time_nem_s = block.head.time_nem_s,
				     .hash = hash };
	nem_follow_init(&n->follow, n->options.network, &at);
	n->following = true;
	n->told = 1;
	up(n);
	feed(n, FEED_BLOCK, 0, raw);
	return true;
}

static void block_seen(struct node *n, const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx *tx = malloc(sizeof *tx);

	CHECK(tx != NULL);
	while (nem_block_walk_decode(&walk, tx)) {
		seen(n, tx);
	}
	free(tx);
}

/* One block of an answer.  False: the rest of the answer is of no use. */
static bool block_take(struct node *n, const json_t *j)
{
	const char *where = "block";
	char words[WORDS_MAX];
	struct nem_follow_verdict v;
	struct nem_block block;
	struct bytes raw;
	enum err e = nem_json_explorer_block_read(&raw, n->block, NEM_BLOCK_BYTES_MAX,
						  n->options.network, j, &where);

	if (e == ERR_OK) {
		where = "chain";
		e = nem_follow_offer(&n->follow, &v, &block, raw);
	}
	if (e != ERR_OK) {
		(void)snprintf(words, sizeof words, "block after %" PRIu64 ": %s: %s", n->told,
			       where, err_words(e));
		down(n, words);
		return false;
	}
	up(n);
	if (v.kind == NEM_FOLLOW_ASK) {
		return false; /* it does not connect: nem_follow_want() says what is missing */
	}
	if (v.kind == NEM_FOLLOW_FORK && v.ancestor.height < n->told) {
		n->told = v.ancestor.height;
		feed_u64(n, FEED_UNDO, n->told);
	}
	/* A duplicate is news when what it stands on had been taken back. */
	if (block.head.height == n->told + 1) {
		n->told++;
		block_seen(n, &block);
		feed(n, FEED_BLOCK, 0, raw);
	}
	return true;
}

static void top(struct node *n)
{
	uint64_t now = clock_mono_ms();

	if (n->top_told != n->told || now - n->top_told_ms >= TOP_EVERY_MS) {
		n->top_told = n->told;
		n->top_told_ms = now;
		feed_u64(n, FEED_TOP, n->told);
	}
}

/* The node's chain was read to its top: now its pool, or a pause. */
static void chain_read(struct node *n)
{
	up(n);
	top(n);
	if (n->options.pool) {
		n->stage = STAGE_POOL;
		ask(n);
		return;
	}
	later(n, n->options.poll_ms);
}

/*
 * True if this is word for word the newest answer, which was judged and held nothing new, and we
 * stand where we stood then: the same question has the same outcome.
 */
static bool chain_is_quiet(const struct node *n, const struct hash32 *hash)
{
	return n->quiet && hash32_eq(&n->quiet_hash, hash) && n->quiet_told == n->told &&
	       n->quiet_want == nem_follow_want(&n->follow);
}

static void chain_take(struct node *n, const json_t *j, const struct hash32 *hash)
{
	const json_t *list = json_object_get(j, "data");
	uint64_t want = nem_follow_want(&n->follow);
	uint64_t told = n->told;
	size_t count = json_array_size(list);

	n->quiet = false;
	if (!json_is_array(list) || count > BLOCKS_PER_CALL) {
		down(n, "blocks-after: `data` is not an array of at most 10 blocks");
		return;
	}
	for (size_t i = 0; i < count && !n->closed; i++) {
		if (!block_take(n, json_array_get(list, i))) {
			if (!n->down && nem_follow_want(&n->follow) == want) {
				down(n, "blocks-after: what was asked for does not come");
			} else if (!n->down) {
				ask(n); /* walk back */
			}
			return;
		}
	}
	if (n->closed) {
		return;
	}
	if (count == BLOCKS_PER_CALL) {
		ask(n); /* there is more */
		return;
	}
	if (count == 0 && want <= nem_follow_tip(&n->follow)->height + 1 && n->told > 1) {
		/* Not even the block that we call the top: is the chain shorter now? */
		n->stage = STAGE_HEIGHT;
		ask(n);
		return;
	}
	n->quiet = want == nem_follow_want(&n->follow) && told == n->told;
	n->quiet_hash = *hash;
	n->quiet_want = want;
	n->quiet_told = told;
	chain_read(n);
}

static void height_take(struct node *n, const json_t *j)
{
	json_int_t height = json_integer_value(json_object_get(j, "height"));

	n->stage = STAGE_CHAIN;
	if (height < 1) {
		down(n, "chain/height: `height` is not a positive integer");
		return;
	}
	up(n);
	if ((uint64_t)height < n->told) {
		const struct nem_follow_at *at = nem_follow_find(&n->follow, (uint64_t)height);

		if (at == NULL) {
			down(n, "the node has undone more than 360 blocks");
			return;
		}
		/* Shorter: told back to there; whether that block is still ours is asked next. */
		n->told = (uint64_t)height;
		feed_u64(n, FEED_UNDO, n->told);
		nem_follow_node_height(&n->follow, n->told);
		later(n, n->options.poll_ms);
		return;
	}
	if ((uint64_t)height == n->told) {
		top(n);
	}
	if (n->options.pool) {
		n->stage = STAGE_POOL;
		ask(n);
		return;
	}
	later(n, n->options.poll_ms);
}

/* ---- pool ---------------------------------------------------------------------------------- */

static void pool_take(struct node *n, const json_t *j, const struct hash32 *hash)
{
	const json_t *list = json_object_get(json_object_get(j, "entity"), "data");
	struct writer w = writer_make(n->pool, NODE_POOL_MAX_BYTES);
	struct nem_tx *tx;
	uint32_t count = 0;

	n->stage = STAGE_CHAIN;
	if (!json_is_array(list)) {
		down(n, "transactions/unconfirmed: `entity.data` is not an array");
		return;
	}
	up(n);
	tx = malloc(sizeof *tx);
	CHECK(tx != NULL);
	writer_u32(&w, 0);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct writer at = w;
		size_t head;

		/* What is not known in full stays out: it cannot be judged, and nothing of ours is
		 * of such a form. */
		if (nem_json_tx_read(tx, n->options.network, json_array_get(list, i), NEM_SIGNED,
				     NULL) != ERR_OK) {
			continue;
		}
		head = w.n;
		writer_u32(&w, 0);
		nem_tx_encode(&w, tx, NEM_SIGNED);
		if (w.bad) {
			w = at;
			break;
		}
		le32_put(n->pool + head, (uint32_t)(w.n - head - 4));
		count++;
		seen(n, tx);
	}
	free(tx);
	if (n->closed) {
		return;
	}
	le32_put(n->pool, count);
	n->pool_hash = *hash;
	n->pool_told = true;
	feed(n, FEED_POOL, 0, bytes_of(w.p, w.n));
	later(n, n->options.poll_ms);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void take(struct node *n, struct bytes body)
{
	struct hash32 hash;
	json_t *j;

	/* Most answers are those of the poll before: they are not taken apart again. */
	sha256(&hash, body);
	if (n->stage == STAGE_POOL && n->pool_told && hash32_eq(&hash, &n->pool_hash)) {
		n->stage = STAGE_CHAIN;
		later(n, n->options.poll_ms);
		return;
	}
	if (n->stage == STAGE_CHAIN && chain_is_quiet(n, &hash)) {
		chain_read(n);
		return;
	}
	j = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	if (j == NULL) {
		down(n, "the answer is not JSON");
		return;
	}
	switch (n->stage) {
	case STAGE_NEMESIS:
		if (nemesis_take(n, j)) {
			n->stage = STAGE_CHAIN;
			ask(n);
		}
		break;
	case STAGE_CHAIN:
		chain_take(n, j, &hash);
		break;
	case STAGE_HEIGHT:
		height_take(n, j);
		break;
	case STAGE_POOL:
		pool_take(n, j, &hash);
		break;
	}
	json_decref(j);
}

static void on_poll(void *ctx, enum err e, unsigned status, struct bytes body)
{
	struct node *n = ctx;
	char words[WORDS_MAX];

	n->in_flight--;
	if (n->closed) {
		if (n->in_flight == 0) {
			dispose(n);
		}
		return;
	}
	expire(n);
	if (e != ERR_OK) {
		down(n, err_words(e));
		return;
	}
	if (status == 404 && n->stage == STAGE_CHAIN) {
		n->stage = STAGE_HEIGHT; /* its chain ends below what we asked for */
		ask(n);
		return;
	}
	if (status != 200) {
		(void)snprintf(words, sizeof words, "HTTP status %u", status);
		down(n, words);
		return;
	}
	/* The callbacks below may close the node: it lives until they are done. */
	n->in_flight++;
	take(n, body);
	n->in_flight--;
	if (n->closed && n->in_flight == 0) {
		dispose(n);
	}
}

static void request(struct node *n, const char *path, const char *body)
{
	char url[URL_MAX + 64];
	struct http_client_request r = {
		.url = url,
		.body = body == NULL ? bytes_of(NULL, 0) : bytes_str(body),
		.timeout_ms = n->options.timeout_ms,
		.reply_max = NODE_REPLY_MAX,
		.on_done = on_poll,
		.ctx = n,
	};

	(void)snprintf(url, sizeof url, "%s%s", n->base, path);
	if (http_client_send(n->http, &r) != ERR_OK) {
		down(n, "the request could not be sent");
		return;
	}
	n->in_flight++;
}

static void ask(struct node *n)
{
	char body[BODY_MAX];
	uint64_t want;
	uint64_t after;

	switch (n->stage) {
	case STAGE_NEMESIS:
		request(n, "/block/at/public", "{\"height\":1}");
		return;
	case STAGE_CHAIN:
		want = nem_follow_want(&n->follow);
		/* At the top its own block is asked for again: a rollback of the same length shows.
		 */
		after = want == nem_follow_tip(&n->follow)->height + 1 && want > 2 ? want - 2
										   : want - 1;
		(void)snprintf(body, sizeof body, "{\"height\":%" PRIu64 "}", after);
		request(n, "/local/chain/blocks-after", body);
		return;
	case STAGE_HEIGHT:
		request(n, "/chain/height", NULL);
		return;
	case STAGE_POOL:
		(void)snprintf(body, sizeof body,
			       "{\"challenge\":{\"data\":\"%s\"},\"entity\":{\"hashShortIds\":[]}}",
			       n->challenge);
		request(n, "/transactions/unconfirmed", body);
		return;
	}
}

/* ---- announcing ---------------------------------------------------------------------------- */

static void on_push(void *ctx, enum err e, unsigned status, struct bytes body)
{
	struct sent *s = ctx;
	struct node *n = s->node;
	enum nem_result code;
	struct hash32 hash;
	bool has_hash;
	json_t *j;

	n->in_flight--;
	if (n->closed) {
		if (n->in_flight == 0) {
			dispose(n);
		}
		return;
	}
	s->pushed = true;
	if (!s->used) {
		return; /* seen, or given up, before the node answered */
	}
	if (e != ERR_OK || status != 200) {
		answer_announce(n, s, NODE_CODE_REFUSED);
		return;
	}
	j = body.n == 0 ? NULL : json_loadb((const char *)body.p, body.n, 0, NULL);
	if (j != NULL && nem_json_result_read(&code, &hash, &has_hash, j, NULL) == ERR_OK) {
		json_decref(j);
		answer_announce(n, s, (uint32_t)code);
		return;
	}
	json_decref(j);
	/* Plain NIS says nothing: the pool is read again, whether it looks changed or not. */
	n->pool_told = false;
}

enum err node_announce(struct node *n, uint64_t request_id, struct bytes unit)
{
	struct sent *s = NULL;
	struct nem_tx *tx = malloc(sizeof *tx);
	struct hash32 digest;
	struct sig64 signature;
	char key_hex[65];
	char sig_hex[129];
	char url[URL_MAX + 64];
	char *text = NULL;
	json_t *envelope = NULL;
	struct http_client_request r = { .url = url, .on_done = on_push };
	enum err e = ERR_IO;

	if (tx == NULL) {
		goto out;
	}
	e = nem_tx_decode(tx, n->options.network, unit, NEM_SIGNED);
	if (e != ERR_OK) {
		goto out;
	}
	for (size_t i = 0; i < NODE_ANNOUNCES_MAX && s == NULL; i++) {
		/* A place whose request is still under way is not given away. */
		if (!n->sent[i].used && (n->sent[i].node == NULL || n->sent[i].pushed)) {
			s = &n->sent[i];
		}
	}
	if (s == NULL) {
		e = ERR_FULL;
		goto out;
	}
	/* A peer's envelope: signed by a node identity over Keccak-256 of the unit (nem.md 5.4.3).
	 */
	keccak256(&digest, unit);
	edk_sign(&signature, &n->identity, bytes_of(digest.b, sizeof digest.b));
	hex_put(key_hex, bytes_of(n->identity.public_key.b, sizeof n->identity.public_key.b));
	hex_put(sig_hex, bytes_of(signature.b, sizeof signature.b));
	envelope =
	    json_pack("{s:o,s:s,s:{s:s,s:s}}", "entity", nem_json_tx(tx, NEM_SIGNED), "signature",
		      sig_hex, "identity", "name", "kuramori", "public-key", key_hex);
	text = envelope == NULL ? NULL : json_dumps(envelope, JSON_COMPACT);
	if (text == NULL) {
		e = ERR_IO;
		goto out;
	}
	(void)snprintf(url, sizeof url, "%s/push/transaction", n->base);
	r.body = bytes_str(text);
	r.timeout_ms = n->options.timeout_ms;
	r.ctx = s;
	e = http_client_send(n->http, &r);
	if (e != ERR_OK) {
		goto out;
	}
	n->in_flight++;
	*s = (struct sent){ .used = true,
			    .request_id = request_id,
			    .due_ms = clock_mono_ms() + NODE_ANNOUNCE_MS,
			    .node = n };
	nem_tx_hash(&s->hash, tx);
out:
	json_decref(envelope);
	free(text);
	free(tx);
	return e;
}

/* ---- opening ------------------------------------------------------------------------------- */

enum err node_open(struct node **out, struct loop *l, struct http_client *http,
		   const struct node_options *options)
{
	uint8_t random[64];
	uint8_t seed[EDK_SEED_BYTES];
	struct node *n;

	if (!nem_network_known(options->network)) {
		return ERR_NETWORK;
	}
	if (options->host[0] == '\0' || options->port == 0 ||
	    memchr(options->host, '\0', sizeof options->host) == NULL) {
		return ERR_FIELD_RANGE;
	}
	n = calloc(1, sizeof *n);
	if (n == NULL) {
		return ERR_IO;
	}
	n->block = malloc(NEM_BLOCK_BYTES_MAX);
	n->pool = malloc(NODE_POOL_MAX_BYTES);
	if (n->block == NULL || n->pool == NULL) {
		dispose(n);
		return ERR_IO;
	}
	n->loop = l;
	n->http = http;
	n->options = *options;
	n->options.poll_ms = options->poll_ms == 0 ? NODE_POLL_MS : options->poll_ms;
	n->options.timeout_ms = options->timeout_ms == 0 ? NODE_TIMEOUT_MS : options->timeout_ms;
	(void)snprintf(n->base, sizeof n->base, "http://%s:%u", options->host,
		       (unsigned)options->port);
	random_fill(random, sizeof random);
	hex_put(n->challenge, bytes_of(random, sizeof random));
	if (options->identity != NULL) {
		n->identity = *options->identity;
	} else {
		random_fill(seed, sizeof seed);
		edk_secret_make(&n->identity, seed);
	}
	n->timer = (struct loop_timer){ .on = on_timer, .ctx = n };
	n->stage = STAGE_NEMESIS;
	*out = n;
	/* At once, but not from inside this call. */
	later(n, 0);
	return ERR_OK;
}

void node_close(struct node *n)
{
	if (n == NULL) {
		return;
	}
	loop_timer_off(n->loop, &n->timer);
	n->closed = true;
	if (n->in_flight == 0) {
		dispose(n);
	}
}

enum err node_identity_read(struct edk_secret *out, const char *path)
{
	char text[IDENTITY_TEXT_MAX];
	uint8_t raw[NEM_KEY_BYTES];
	size_t n = 0;
	enum err e = file_read_private(path, text, sizeof text, &n);

	while (e == ERR_OK && n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) {
		n--;
	}
	if (e == ERR_OK) {
		e = nem_key_parse(raw, bytes_of(text, n));
	}
	if (e == ERR_OK) {
		edk_secret_from_nem(out, raw);
	}
	crypto_wipe(raw, sizeof raw);
	crypto_wipe(text, sizeof text);
	return e;
}

enum err node_address(char host[NODE_HOST_MAX], uint16_t *port, const char *text)
{
	const char *start = strncmp(text, "http://", 7) == 0 ? text + 7 : text;
	const char *colon = strrchr(start, ':');
	unsigned long number = 0;
	size_t n;

	if (colon == NULL || colon == start) {
		return ERR_FIELD_RANGE;
	}
	n = (size_t)(colon - start);
	/* [IPv6] in brackets; otherwise only one colon. */
	if (n >= NODE_HOST_MAX ||
	    (start[0] == '[' ? start[n - 1] != ']' : memchr(start, ':', n) != NULL)) {
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < n; i++) {
		bool good =
		    (start[i] >= 'a' && start[i] <= 'z') || (start[i] >= 'A' && start[i] <= 'Z') ||
		    (start[i] >= '0' && start[i] <= '9') || start[i] == '.' || start[i] == '-' ||
		    start[i] == '_' ||
		    (start[0] == '[' && (start[i] == ':' || start[i] == '[' || start[i] == ']'));

		if (!good) {
			return ERR_FIELD_RANGE;
		}
	}
	colon++;
	for (n = 0; colon[n] >= '0' && colon[n] <= '9' && n < 6; n++) {
		number = number * 10 + (unsigned long)(colon[n] - '0');
	}
	if (n == 0 || number == 0 || number > 65535 ||
	    !(colon[n] == '\0' || (colon[n] == '/' && colon[n + 1] == '\0'))) {
		return ERR_FIELD_RANGE;
	}
	memcpy(host, start, (size_t)(colon - 1 - start));
	host[colon - 1 - start] = '\0';
	*port = (uint16_t)number;
	return ERR_OK;
}
