/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.c - the hooks of development, POST /dev/... on the public port when the configuration says
 * `development = yes` (docs/node.md): time, blocks, rollbacks, pools, faults, and a harvester that
 * colludes.  Unknown fields are refused: a misspelt hook that did nothing would make a test lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/notes.h"
#include "node.h"

enum {
	GIVEN_MAX = 120,
	SECONDS_MAX = 2592000,    /* one step: 30 days */
	ADVANCE_MAX_S = 34560000, /* 400 days */
};

/* ---- reading ---- */

/* The body if it has no other fields than these; NULL after an error was sent. */
static json_t *read_fields(struct node *n, struct http_request *r, const char *const *fields)
{
	json_t *j = node_rest_body(n, r), *value;
	const char *key;

	if (j == NULL) {
		return NULL;
	}
	json_object_foreach(j, key, value)
	{
		bool known = false;

		for (size_t i = 0; fields[i] != NULL; i++) {
			known |= strcmp(key, fields[i]) == 0;
		}
		if (!known) {
			char message[96];

			(void)snprintf(message, sizeof message, "unknown field %.40s", key);
			json_decref(j);
			node_rest_error(n, r, 400, message);
			return NULL;
		}
	}
	return j;
}

/* An integer in min..max, or fallback if absent; false if it is something else. */
static bool read_number(const json_t *j, const char *key, int64_t min, int64_t max,
			int64_t fallback, int64_t *out)
{
	const json_t *v = json_object_get(j, key);

	if (v == NULL) {
		*out = fallback;
		return true;
	}
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
		return false;
	}
	*out = json_integer_value(v);
	return true;
}

static bool read_pool(struct node *n, const json_t *j, unsigned *out)
{
	const json_t *v = json_object_get(j, "pool");
	const char *text = json_string_value(v);

	if (v == NULL || (text != NULL && strcmp(text, "next") == 0)) {
		*out = node_next_pool(n);
		return true;
	}
	if (text == NULL || (strcmp(text, "public") != 0 && strcmp(text, "clean") != 0)) {
		return false;
	}
	*out = strcmp(text, "public") == 0 ? NODE_PUBLIC : NODE_CLEAN;
	return true;
}

/* ---- what every hook answers ---- */

static const char *clock_name(enum node_clock c)
{
	switch (c) {
	case NODE_CLOCK_DEMAND:
		return "demand";
	case NODE_CLOCK_REAL:
		return "real";
	case NODE_CLOCK_INTERVAL:
		return "interval";
	}
	return "";
}

static const char *next_name(enum node_pool_choice c)
{
	switch (c) {
	case NODE_NEXT_ALTERNATE:
		return "alternate";
	case NODE_NEXT_PUBLIC:
		return "public";
	case NODE_NEXT_CLEAN:
		return "clean";
	}
	return "";
}

static json_t *state(struct node *n)
{
	struct nis_block top = nis_top(n->nis);
	char hash[65];
	json_t *j;

	hex_put(hash, bytes_of(top.hash.b, 32));
	j = json_pack("{s:I,s:I,s:I,s:s,s:s,s:s,s:b,s:I,s:I,s:i,s:i,s:i,s:i}", "height",
		      (json_int_t)top.height, "time_nem_s", (json_int_t)top.time_s, "now_nem_s",
		      (json_int_t)node_now_s(n), "hash", hash, "clock", clock_name(n->clock),
		      "next_pool", next_name(n->next), "hold", (int)n->hold, "public_pool",
		      (json_int_t)nis_pool_count(n->nis, NODE_PUBLIC), "clean_pool",
		      (json_int_t)nis_pool_count(n->nis, NODE_CLEAN), "public_port",
		      (int)n->port[NODE_PUBLIC].number, "clean_port",
		      (int)n->port[NODE_CLEAN].number, "websocket_port",
		      (int)n->config.websocket_port, "peers", (int)node_peers_active(n));
	CHECK(j != NULL);
	return j;
}

static void done(struct node *n, struct http_request *r)
{
	node_rest_json(r, 200, state(n));
}

/* ---- hooks ---- */

static void get_state(struct node *n, struct http_request *r)
{
	done(n, r);
}

/* {"count":1,"seconds":60,"pool":"next"}: that many blocks, so many chain seconds apart. */
static void post_blocks(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "count", "seconds", "pool", NULL };
	json_t *j = read_fields(n, r, fields);
	int64_t count, seconds;
	unsigned pool;
	bool good;

	if (j == NULL) {
		return;
	}
	good = read_number(j, "count", 1, NODE_BLOCKS_AT_ONCE, 1, &count) &&
	       read_number(j, "seconds", 1, SECONDS_MAX, n->clock == NODE_CLOCK_REAL ? 1 : 60,
			   &seconds) &&
	       read_pool(n, j, &pool);
	if (!good) {
		json_decref(j);
		node_rest_error(
		    n, r, 400, "count 1 to 2000, seconds 1 to 2592000, pool next, public or clean");
		return;
	}
	for (int64_t i = 0; i < count; i++) {
		uint32_t now = node_now_s(n), top_s = nis_top(n->nis).time_s;
		uint32_t time_s = top_s, from = nis_harvest_from(n->nis, NULL);

		if (from == NIS_NEVER) {
			json_decref(j);
			node_rest_error(n, r, 400, "the harvester may not harvest");
			return;
		}
		if (n->clock == NODE_CLOCK_REAL) {
			time_s = now > from ? now : from;
			if (time_s > now + NEM_TIME_FUTURE_MAX_S) {
				json_decref(j);
				node_rest_error(n, r, 400,
						"the real clock has no room for so many blocks");
				return;
			}
		} else if (__builtin_add_overflow(now, (uint32_t)seconds, &time_s) ||
			   time_s > NEM_TIME_MAX_S) {
			json_decref(j);
			node_rest_error(n, r, 400, "the chain clock is at its end");
			return;
		}
		if (time_s < from) {
			time_s = from; /* the first second in which it hits */
		}
		(void)read_pool(n, j, &pool); /* "next" may alternate */
		CHECK(node_mine(n, pool, time_s) == ERR_OK);
	}
	json_decref(j);
	done(n, r);
}

/*
 * {"mode":"demand"|"real"|"interval","interval_ms":n,"seconds":n,"advance_s":n,"set_nem_s":n,
 *  "offset_s":n}: all optional.
 */
static void post_clock(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "mode",      "interval_ms", "seconds", "advance_s",
					      "set_nem_s", "offset_s",    NULL };
	json_t *j = read_fields(n, r, fields);
	const char *mode;
	enum node_clock clock = n->clock;
	int64_t interval_ms, seconds, advance, set, offset;
	int64_t now = node_now_s(n);
	bool good;

	if (j == NULL) {
		return;
	}
	mode = json_string_value(json_object_get(j, "mode"));
	good = json_object_get(j, "mode") == NULL || mode != NULL;
	if (mode != NULL) {
		if (strcmp(mode, "demand") == 0) {
			clock = NODE_CLOCK_DEMAND;
		} else if (strcmp(mode, "real") == 0) {
			clock = NODE_CLOCK_REAL;
		} else if (strcmp(mode, "interval") == 0) {
			clock = NODE_CLOCK_INTERVAL;
		} else {
			good = false;
		}
	}
	good = good && read_number(j, "interval_ms", 0, 86400000, n->interval_ms, &interval_ms) &&
	       read_number(j, "seconds", 1, 86400, n->interval_s, &seconds) &&
	       read_number(j, "advance_s", 0, ADVANCE_MAX_S, 0, &advance) &&
	       read_number(j, "set_nem_s", now, NEM_TIME_MAX_S, now, &set) &&
	       read_number(j, "offset_s", -NEM_TIME_MAX_S, NEM_TIME_MAX_S, n->offset_s, &offset) &&
	       (clock != NODE_CLOCK_INTERVAL || interval_ms > 0) && set + advance <= NEM_TIME_MAX_S;
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400,
				"mode demand, real or interval; interval_ms (not 0 for interval), "
				"seconds, advance_s, set_nem_s not before now, offset_s");
		return;
	}
	n->clock = clock;
	n->interval_ms = (uint32_t)interval_ms;
	n->interval_s = (uint32_t)seconds;
	n->offset_s = offset;
	/* The clock stands where it was, moved on by what was asked. */
	n->stand_s = (uint32_t)(set + advance);
	node_arm(n);
	node_expire(n);
	done(n, r);
}

static void post_next_pool(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "pool", NULL };
	json_t *j = read_fields(n, r, fields);
	const char *text;
	bool good = true;

	if (j == NULL) {
		return;
	}
	text = json_string_value(json_object_get(j, "pool"));
	if (text != NULL && strcmp(text, "alternate") == 0) {
		n->next = NODE_NEXT_ALTERNATE;
	} else if (text != NULL && strcmp(text, "public") == 0) {
		n->next = NODE_NEXT_PUBLIC;
	} else if (text != NULL && strcmp(text, "clean") == 0) {
		n->next = NODE_NEXT_CLEAN;
	} else {
		good = false;
	}
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, "pool alternate, public or clean");
		return;
	}
	done(n, r);
}

static void post_hold(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "hold", NULL };
	json_t *j = read_fields(n, r, fields);
	const json_t *hold;

	if (j == NULL) {
		return;
	}
	hold = json_object_get(j, "hold");
	if (!json_is_boolean(hold)) {
		json_decref(j);
		node_rest_error(n, r, 400, "hold true or false");
		return;
	}
	n->stand_s = node_now_s(n);
	n->hold = json_is_true(hold);
	json_decref(j);
	node_arm(n);
	done(n, r);
}

static void post_rollback(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "blocks", NULL };
	json_t *j = read_fields(n, r, fields);
	int64_t blocks;
	bool good;
	uint32_t now = node_now_s(n);
	struct hash32 *waiting;
	size_t waiting_n;
	enum err e;

	if (j == NULL) {
		return;
	}
	good = read_number(j, "blocks", 1, NIS_UNDO_MAX, 0, &blocks) && blocks > 0;
	json_decref(j);
	if (!good || (uint64_t)blocks >= nis_height(n->nis)) {
		node_rest_error(n, r, 400, "blocks 1 to 360, and not the first block");
		return;
	}
	waiting = node_push_remember(n, &waiting_n);
	e = nis_roll_back(n->nis, nis_height(n->nis) - (uint64_t)blocks, now);
	if (e != ERR_OK) {
		free(waiting);
		node_rest_error(n, r, 400, err_words(e));
		return;
	}
	/* Time does not go back with the blocks. */
	if (n->stand_s < now) {
		n->stand_s = now;
	}
	node_push_returned(n, waiting, waiting_n);
	node_chain_moved(n, nis_height(n->nis));
	done(n, r);
}

/* Empty blocks in the place of those that were undone.  False: the harvester may not. */
static bool fork_from(struct node *n, int64_t count, uint32_t seconds)
{
	for (int64_t i = 0; i < count; i++) {
		uint32_t from = nis_harvest_from(n->nis, NULL);
		uint32_t time_s = nis_top(n->nis).time_s + seconds;
		enum nem_result code = NEM_FAILURE_UNKNOWN;

		if (from == NIS_NEVER || time_s > NEM_TIME_MAX_S) {
			return false;
		}
		if (nis_mine_given(n->nis, NULL, 0, time_s < from ? from : time_s, NULL, &code) !=
			ERR_OK ||
		    code != NEM_SUCCESS) {
			return false;
		}
	}
	return true;
}

/*
 * {"blocks":n,"more":1,"seconds":60}: the last n blocks go and n + more empty ones come, and nobody
 * sees the chain in between: what a reorganisation looks like from outside.
 */
static void post_fork(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "blocks", "more", "seconds", NULL };
	json_t *j = read_fields(n, r, fields);
	int64_t blocks, more, seconds;
	uint64_t common = nis_height(n->nis);
	struct hash32 *waiting;
	size_t waiting_n;
	bool good, made;
	enum err e;

	if (j == NULL) {
		return;
	}
	good = read_number(j, "blocks", 1, NIS_UNDO_MAX, 0, &blocks) && blocks > 0 &&
	       read_number(j, "more", 0, NIS_UNDO_MAX, 1, &more) &&
	       read_number(j, "seconds", 1, SECONDS_MAX, 60, &seconds);
	json_decref(j);
	if (!good || (uint64_t)blocks >= common) {
		node_rest_error(n, r, 400,
				"blocks 1 to 360, and not the first block; more 0 to 360; seconds "
				"1 to 2592000");
		return;
	}
	common -= (uint64_t)blocks;
	waiting = node_push_remember(n, &waiting_n);
	e = nis_roll_back(n->nis, common, node_now_s(n));
	if (e != ERR_OK) {
		free(waiting);
		node_rest_error(n, r, 400, err_words(e));
		return;
	}
	made = fork_from(n, blocks + more, (uint32_t)seconds);
	node_push_returned(n, waiting, waiting_n);
	node_chain_moved(n, common);
	if (!made) {
		node_rest_error(n, r, 400, "the harvester may not harvest, or time is at its end");
		return;
	}
	done(n, r);
}

static void post_drop_pool(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "pool", NULL };
	json_t *j = read_fields(n, r, fields);
	unsigned pool = 0;
	bool good;

	if (j == NULL) {
		return;
	}
	good = json_object_get(j, "pool") != NULL && read_pool(n, j, &pool);
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, "pool public or clean");
		return;
	}
	nis_drop_pool(n->nis, pool);
	done(n, r);
}

/* {"port":"public"|"clean","kind":...}: fault.c knows the rest. */
static void post_fault(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "port",     "kind",  "path", "lie",
					      "delay_ms", "times", "by",   NULL };
	json_t *j = read_fields(n, r, fields);
	const char *wrong = "";
	bool good;

	if (j == NULL) {
		return;
	}
	good = node_fault_set(n, j, &wrong);
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, wrong);
		return;
	}
	done(n, r);
}

static void post_settings(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "retention_s", "result_cache", NULL };
	json_t *j = read_fields(n, r, fields);
	const json_t *cache;
	int64_t retention;
	bool good;

	if (j == NULL) {
		return;
	}
	cache = json_object_get(j, "result_cache");
	good = read_number(j, "retention_s", 0, UINT32_MAX, n->config.retention_s, &retention) &&
	       (cache == NULL || json_is_boolean(cache));
	if (good) {
		n->config.retention_s = (uint32_t)retention;
		nis_set_retention(n->nis, n->config.retention_s, node_now_s(n));
		if (cache != NULL) {
			nis_set_result_cache(n->nis, json_is_true(cache));
		}
	}
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, "retention_s (0: for ever), result_cache true or false");
		return;
	}
	done(n, r);
}

/* Verifiable bytes of one transaction: hex, or NIS's JSON. */
static bool read_given(const json_t *j, uint8_t *buffer, size_t cap, size_t *n)
{
	const char *text = json_string_value(j);
	size_t digits = text == NULL ? 0 : strlen(text);
	struct nem_tx tx;
	struct writer w = writer_make(buffer, cap);

	if (text != NULL) {
		*n = digits / 2;
		return digits % 2 == 0 && *n > 0 && *n <= cap &&
		       hex_get(buffer, *n, bytes_of(text, digits), HEX_ANY_CASE) == ERR_OK;
	}
	if (nem_json_tx_read(&tx, NODE_NETWORK, j, NEM_SIGNED, NULL) != ERR_OK) {
		return false;
	}
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	*n = w.n;
	return !w.bad;
}

/* When this harvester (NULL: ours) makes a block: as soon as asked, or as it hits. */
static uint32_t given_time(struct node *n, int64_t seconds, const struct edk_secret *harvester)
{
	uint32_t now = node_now_s(n), top_s = nis_top(n->nis).time_s;
	uint32_t from = nis_harvest_from(n->nis, harvester == NULL ? NULL : &harvester->public_key);
	uint32_t time_s = n->clock != NODE_CLOCK_REAL ? now + (uint32_t)seconds
			  : now > top_s               ? now
						      : top_s + 1;

	return from != NIS_NEVER && time_s < from ? from : time_s;
}

/* {"transactions":[hex or JSON],"seconds":60,"harvester":private key}: a block past every pool. */
static void post_block(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "transactions", "seconds", "harvester", NULL };
	json_t *j = read_fields(n, r, fields);
	const json_t *list;
	const char *text;
	struct edk_secret key = { 0 };
	uint8_t raw[32];
	uint8_t *buffer = NULL;
	struct bytes views[GIVEN_MAX];
	size_t count = 0;
	int64_t seconds = 0;
	enum nem_result code = NEM_FAILURE_UNKNOWN;
	const char *wrong = NULL;
	enum err e = ERR_INPUT;

	if (j == NULL) {
		return;
	}
	list = json_object_get(j, "transactions");
	text = json_string_value(json_object_get(j, "harvester"));
	if (!json_is_array(list) || json_array_size(list) > GIVEN_MAX ||
	    !read_number(j, "seconds", 1, SECONDS_MAX, 60, &seconds)) {
		wrong = "transactions: at most 120 of hex or JSON; seconds";
	} else if (json_object_get(j, "harvester") != NULL &&
		   (text == NULL ||
		    hex_get(raw, sizeof raw, bytes_str(text), HEX_ANY_CASE) != ERR_OK)) {
		wrong = "harvester must be a private key of 64 digits";
	}
	if (wrong == NULL) {
		buffer = malloc((json_array_size(list) + 1) * NEM_TX_BYTES_MAX);
		CHECK(buffer != NULL);
	}
	for (size_t i = 0; wrong == NULL && i < json_array_size(list); i++) {
		uint8_t *at = buffer + i * NEM_TX_BYTES_MAX;
		size_t size = 0;

		if (!read_given(json_array_get(list, i), at, NEM_TX_BYTES_MAX, &size)) {
			wrong = "a transaction is not well formed";
		}
		views[count++] = bytes_of(at, size);
	}
	if (wrong == NULL) {
		if (text != NULL) {
			edk_secret_from_nem(&key, raw);
		}
		e = nis_mine_given(n->nis, views, count,
				   given_time(n, seconds, text != NULL ? &key : NULL),
				   text != NULL ? &key : NULL, &code);
		edk_secret_wipe(&key);
		crypto_wipe(raw, sizeof raw);
	}
	free(buffer);
	json_decref(j);
	if (wrong != NULL || e != ERR_OK) {
		node_rest_error(n, r, 400, wrong != NULL ? wrong : err_words(e));
		return;
	}
	if (code == NEM_SUCCESS) {
		node_chain_moved(n, nis_height(n->nis) - 1);
	}
	node_rest_json(r, 200,
		       json_pack("{s:i,s:s,s:I}", "code", (int)code, "message",
				 nem_result_name((int)code), "height",
				 (json_int_t)nis_height(n->nis)));
}

static void on_restart(void *ctx)
{
	struct node *n = ctx;

	loop_stop(&n->loop);
}

/*
 * {"down_ms":0}: the node ends as on SIGTERM, and after so long begins anew with the same ports and
 * configuration.  Only what is in data_dir lives on.
 */
static void post_restart(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "down_ms", NULL };
	json_t *j = read_fields(n, r, fields);
	int64_t ms;
	bool good;

	if (j == NULL) {
		return;
	}
	good = read_number(j, "down_ms", 0, NODE_FAULT_MS_MAX, 0, &ms);
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, "down_ms 0 to 600000");
		return;
	}
	n->down_ms = (uint32_t)ms;
	n->restart = true;
	/* Not now: a server cannot stop in the middle of a request of its own. */
	n->restart_timer = (struct loop_timer){ .on = on_restart, .ctx = n };
	loop_timer_set(&n->loop, &n->restart_timer, 0, 0);
	done(n, r);
}

/* {"peers":"host:port,..."}: these from now on; "" for none. */
static void post_peers(struct node *n, struct http_request *r)
{
	static const char *const fields[] = { "peers", NULL };
	json_t *j = read_fields(n, r, fields);
	const char *text;
	bool good;

	if (j == NULL) {
		return;
	}
	text = json_string_value(json_object_get(j, "peers"));
	good = text != NULL && node_peers_set(n, text);
	json_decref(j);
	if (!good) {
		node_rest_error(n, r, 400, "peers: at most 8 of host:port with commas between");
		return;
	}
	done(n, r);
}

static void post_validate(struct node *n, struct http_request *r)
{
	const char *wrong = nis_validate(n->nis);

	node_rest_json(
	    r, 200,
	    json_pack("{s:b,s:s}", "valid", wrong == NULL, "wrong", wrong == NULL ? "" : wrong));
}

bool node_dev_request(struct node *n, struct http_request *r)
{
	static const struct {
		enum http_method method;
		const char *path;
		void (*handle)(struct node *n, struct http_request *r);
	} hooks[] = {
		{ HTTP_GET, "/dev/state", get_state },
		{ HTTP_POST, "/dev/blocks", post_blocks },
		{ HTTP_POST, "/dev/block", post_block },
		{ HTTP_POST, "/dev/clock", post_clock },
		{ HTTP_POST, "/dev/next-pool", post_next_pool },
		{ HTTP_POST, "/dev/hold", post_hold },
		{ HTTP_POST, "/dev/rollback", post_rollback },
		{ HTTP_POST, "/dev/fork", post_fork },
		{ HTTP_POST, "/dev/drop-pool", post_drop_pool },
		{ HTTP_POST, "/dev/fault", post_fault },
		{ HTTP_POST, "/dev/settings", post_settings },
		{ HTTP_POST, "/dev/restart", post_restart },
		{ HTTP_POST, "/dev/peers", post_peers },
		{ HTTP_POST, "/dev/validate", post_validate },
	};

	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		if (strcmp(http_path(r), hooks[i].path) == 0) {
			if (http_method(r) != hooks[i].method) {
				node_rest_error(n, r, 405, "this request method is not supported");
			} else {
				hooks[i].handle(n, r);
			}
			return true;
		}
	}
	return false;
}
