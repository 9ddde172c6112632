/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NEM node's blocks into a column store: each is believed as far as it proves itself
 * (nem_follow.h: bytes, links, every signature), and what it moves must add up; at the end balances
 * are compared with what the node itself says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_time.h"
#include "ingest/nem_legs.h"
#include "io/http_client.h"
#include "io/node.h"
#include "journal.h"
#include "nem.h"
#include "trace.h"

enum { COMMIT_BLOCKS = 512, CHECK_TRIES = 5, PER_CALL = 10 };

static const char fees_name[] = "fees";

struct cli_trace_nem {
	struct cli *c;
	const char *store, *node;
	struct columns *s;
	struct ingest_nem *legs;
	struct nem_follow follow;
	uint8_t network;
	uint8_t *reply, *raw;
	struct cli_trace_done done;
	uint64_t uncommitted;
	bool begun;  /* facts and the newest blocks are read */
	bool broken; /* store, facts and chain may not be of one state any more */
	struct cli_progress progress;
	/* the legs of a block that are not in the store yet */
	struct columns_transfer batch[COLUMNS_BATCH];
	struct nem_address address[2 * COLUMNS_BATCH];
	size_t batch_n;
	struct columns_fault fault;
};

/* ---- asking ---- */

/* NULL: code is set, and it was said why. */
static json_t *ask(struct cli_trace_nem *g, const char *path, const char *body, int *code)
{
	struct http_client_request r = { .timeout_ms = (uint32_t)g->c->timeout_ms,
					 .reply_max = NODE_REPLY_MAX };
	char url[HTTP_CLIENT_URL_MAX];
	unsigned status = 0;
	size_t n = 0;
	json_t *j;
	enum err e;

	(void)snprintf(url, sizeof url, "http://%.256s%.512s", g->node, path);
	r.url = url;
	r.body = body == NULL ? bytes_of(NULL, 0) : bytes_str(body);
	e = http_client_ask(&r, &status, g->reply, NODE_REPLY_MAX, &n);
	if (e != ERR_OK) {
		*code = cli_fail(e, "%s", g->node);
		return NULL;
	}
	j = status == 200 ? json_loadb((const char *)g->reply, n, JSON_REJECT_DUPLICATES, NULL)
			  : NULL;
	if (j == NULL) {
		*code = cli_fail(ERR_NODE, "%s answered %u to %s", g->node, status, path);
	}
	return j;
}

/* ---- a block ---- */

static enum err flush(struct cli_trace_nem *g)
{
	size_t bad;
	enum err e = columns_append(g->s, g->batch, g->batch_n, &bad, &g->fault);

	g->batch_n = 0;
	return e;
}

static struct columns_name end_of(struct cli_trace_nem *g, enum ingest_nem_end end,
				  const struct nem_address *address, size_t place)
{
	switch (end) {
	case INGEST_NEM_ACCOUNT:
		g->address[place] = *address;
		return (struct columns_name){ (const uint8_t *)g->address[place].text,
					      NEM_ADDRESS_CHARS, COLUMNS_ADDRESS };
	case INGEST_NEM_FEES:
		return (struct columns_name){ (const uint8_t *)fees_name, sizeof fees_name - 1,
					      COLUMNS_SPECIAL };
	case INGEST_NEM_MADE:
	case INGEST_NEM_GONE:
		break;
	}
	return (struct columns_name){ NULL, 0, 0 };
}

static enum err take_leg(void *ctx, const struct ingest_nem_leg *leg)
{
	struct cli_trace_nem *g = ctx;
	struct columns_transfer *t = &g->batch[g->batch_n];
	enum err e = columns_asset(g->s, bytes_str(leg->asset), &t->asset, &g->fault);

	if (e != ERR_OK) {
		return e;
	}
	t->from = end_of(g, leg->from_end, &leg->from, 2 * g->batch_n);
	t->to = end_of(g, leg->to_end, &leg->to, 2 * g->batch_n + 1);
	t->amount = leg->amount;
	t->tx = leg->tx;
	g->done.rows++;
	return ++g->batch_n == COLUMNS_BATCH ? flush(g) : ERR_OK;
}

static int commit(struct cli_trace_nem *g)
{
	enum err e = columns_commit(g->s, &g->fault);

	g->broken = g->broken || e != ERR_OK;
	g->uncommitted = 0;
	return e == ERR_OK ? 0 : cli_trace_failed(e, g->store, &g->fault);
}

static int apply(struct cli_trace_nem *g, const struct nem_block *block, struct bytes form,
		 const struct hash32 *hash)
{
	struct nem_address harvester;
	uint8_t length[4];
	enum err e;

	g->fault.text[0] = '\0';
	g->batch_n = 0;
	e = columns_block(g->s, block->head.height,
			  (uint64_t)block->head.time_nem_s + NEM_TIME_EPOCH_UNIX_S, hash,
			  &g->fault);
	if (e != ERR_OK) {
		g->broken = true;
		return cli_trace_failed(e, g->store, &g->fault);
	}
	if (ingest_nem_is_fact(block)) {
		le32_put(length, (uint32_t)form.n);
		e = columns_facts_add(g->s, bytes_of(length, sizeof length), &g->fault);
		if (e == ERR_OK) {
			e = columns_facts_add(g->s, form, &g->fault);
		}
	}
	if (e == ERR_OK) {
		e = ingest_nem_block(g->legs, block, take_leg, g, &harvester);
	}
	if (e == ERR_OK) {
		e = flush(g);
	}
	if (e != ERR_OK) {
		struct columns_fault ignored;

		g->broken = true;
		if (columns_drop(g->s, &ignored) == ERR_OK) {
			(void)!columns_commit(g->s, &ignored);
		}
		return cli_fail(e,
				"%s: block %" PRIu64
				" does not add up: %s; the store keeps what stands before it",
				g->node, block->head.height,
				g->fault.text[0] != '\0' ? g->fault.text : err_words(e));
	}
	cli_progress(&g->progress, block->head.height);
	return ++g->uncommitted >= COMMIT_BLOCKS ? commit(g) : 0;
}

/* ---- beginning ---- */

static int read_facts(struct cli_trace_nem *g)
{
	uint64_t at = 0, all = columns_facts_bytes(g->s);
	enum err e;

	ingest_nem_free(g->legs);
	g->legs = NULL;
	e = ingest_nem_new(&g->legs, g->network);
	while (e == ERR_OK && at < all) {
		uint8_t length[4];
		struct nem_block block;
		size_t n;

		e = all - at >= 4 ? columns_facts_read(g->s, length, at, 4, &g->fault)
				  : ERR_CORRUPT;
		n = e == ERR_OK ? le32_get(length) : 0;
		if (e == ERR_OK && (n > NEM_BLOCK_BYTES_MAX || n > all - at - 4)) {
			e = ERR_CORRUPT;
		}
		if (e == ERR_OK) {
			e = columns_facts_read(g->s, g->raw, at + 4, n, &g->fault);
		}
		if (e == ERR_OK) {
			e = nem_block_decode(&block, g->network, bytes_of(g->raw, n)) == ERR_OK
				? ingest_nem_fact(g->legs, &block)
				: ERR_CORRUPT;
		}
		at += 4 + n;
	}
	return e == ERR_OK ? 0 : cli_fail(e, "%s: facts: byte %" PRIu64, g->store, at);
}

static int follow_stored(struct cli_trace_nem *g)
{
	uint64_t n = columns_blocks(g->s), first = n > NEM_FOLLOW_KEPT ? n - NEM_FOLLOW_KEPT : 0;

	for (uint64_t i = first; i < n; i++) {
		struct columns_block b;
		struct nem_follow_at at;
		enum err e = columns_block_at(g->s, i, &b, &g->fault);

		if (e != ERR_OK) {
			return cli_trace_failed(e, g->store, &g->fault);
		}
		at = (struct nem_follow_at){ b.height, (uint32_t)(b.time_s - NEM_TIME_EPOCH_UNIX_S),
					     b.hash };
		if (i == first) {
			nem_follow_init(&g->follow, g->network, &at);
		} else {
			nem_follow_known(&g->follow, &at);
		}
	}
	return 0;
}

static int first_block(struct cli_trace_nem *g)
{
	struct bytes form = { NULL, 0 };
	struct nem_block block;
	struct nem_follow_at at;
	const char *where = "";
	int code = 0;
	json_t *j = ask(g, "/block/at/public", "{\"height\":1}", &code);
	enum err e;

	if (j == NULL) {
		return code;
	}
	e = nem_json_block_read(&form, g->raw, NEM_BLOCK_BYTES_MAX, g->network, j, &where);
	json_decref(j);
	if (e == ERR_OK) {
		e = nem_block_decode(&block, g->network, form);
	}
	if (e == ERR_OK && (block.head.height != 1 || block.head.type != NEM_BLOCK_NEMESIS)) {
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK) {
		e = nem_block_verify_all(&block);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: its first block is none of network %s (%s)", g->node,
				g->c->network, where);
	}
	nem_block_hash(&at.hash, &block);
	at.height = 1;
	at.time_nem_s = block.head.time_nem_s;
	code = apply(g, &block, form, &at.hash);
	if (code == 0) {
		nem_follow_init(&g->follow, g->network, &at);
	}
	return code;
}

/* ---- following ---- */

static int undo_to(struct cli_trace_nem *g, uint64_t height)
{
	uint64_t had = columns_blocks(g->s);
	enum err e = columns_undo(g->s, height, &g->fault);
	int code;

	if (e != ERR_OK) {
		g->broken = true;
		return cli_trace_failed(e, g->store, &g->fault);
	}
	if (columns_blocks(g->s) != had) {
		g->done.undone += had - columns_blocks(g->s);
		g->done.kept = g->done.undos == 0 || height < g->done.kept ? height : g->done.kept;
		g->done.undos++;
	}
	code = read_facts(g);
	g->broken = g->broken || code != 0;
	return code;
}

/* One block of an answer.  *walk: it did not connect; ask below. */
static int take_block(struct cli_trace_nem *g, const json_t *j, bool *walk)
{
	struct nem_follow_verdict v;
	struct bytes form = { NULL, 0 };
	struct nem_block block;
	const char *where = "";
	int code = 0;
	enum err e =
	    nem_json_explorer_block_read(&form, g->raw, NEM_BLOCK_BYTES_MAX, g->network, j, &where);

	if (e == ERR_OK) {
		e = nem_follow_offer(&g->follow, &v, &block, form);
		where = "";
	}
	if (e == ERR_STATE) {
		return cli_fail(
		    e,
		    "%s: its chain parts from the store more than %d blocks back: no "
		    "node of one chain does that; ask another node, or ingest into a new "
		    "folder",
		    g->node, NEM_FOLLOW_REWRITE_MAX);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: a block behind height %" PRIu64 " is not good (%s)",
				g->node, nem_follow_tip(&g->follow)->height, where);
	}
	switch (v.kind) {
	case NEM_FOLLOW_DUPLICATE:
		return 0;
	case NEM_FOLLOW_ASK:
		*walk = true;
		return 0;
	case NEM_FOLLOW_FORK:
		code = undo_to(g, v.ancestor.height);
		break;
	case NEM_FOLLOW_EXTENDS:
		break;
	}
	/* undo_to() has read facts into raw: the block is read again */
	if (code == 0 && v.kind == NEM_FOLLOW_FORK) {
		CHECK(nem_json_explorer_block_read(&form, g->raw, NEM_BLOCK_BYTES_MAX, g->network,
						   j, NULL) == ERR_OK &&
		      nem_block_decode(&block, g->network, form) == ERR_OK);
	}
	return code == 0 ? apply(g, &block, form, &v.hash) : code;
}

/* Up to the node's own end. */
static int follow(struct cli_trace_nem *g)
{
	uint64_t asked = 0;
	unsigned same = 0;

	for (;;) {
		uint64_t want = nem_follow_want(&g->follow), after;
		uint64_t tip = nem_follow_tip(&g->follow)->height;
		bool walk = false;
		char body[64];
		int code = 0;
		const json_t *list;
		size_t n;
		json_t *j;

		/* the last one again, to see that it still stands */
		after = want == tip + 1 && want > 2 ? want - 2 : want - 1;
		same = asked == want ? same + 1 : 0;
		asked = want;
		if (same > 3) {
			return cli_fail(ERR_NODE, "%s: what was asked for does not come", g->node);
		}
		(void)snprintf(body, sizeof body, "{\"height\":%" PRIu64 "}", after);
		j = ask(g, "/local/chain/blocks-after", body, &code);
		if (j == NULL) {
			return code;
		}
		list = json_object_get(j, "data");
		n = json_array_size(list);
		if (!json_is_array(list) || n > PER_CALL) {
			json_decref(j);
			return cli_fail(ERR_NODE, "%s: blocks-after: no list of at most %d blocks",
					g->node, PER_CALL);
		}
		for (size_t i = 0; code == 0 && !walk && i < n; i++) {
			code = take_block(g, json_array_get(list, i), &walk);
		}
		json_decref(j);
		if (code != 0) {
			return code;
		}
		if (walk) {
			continue;
		}
		if (n == 0 && after + 1 <= tip && after > 0) {
			/* its chain is shorter than the store's */
			nem_follow_node_height(&g->follow, after);
			continue;
		}
		if (nem_follow_tip(&g->follow)->height == tip) {
			return 0;
		}
	}
}

/* ---- comparing ---- */

/* 0, an exit code, or -1: the node has gone on meanwhile. */
static int node_stands(struct cli_trace_nem *g)
{
	struct bytes form = { NULL, 0 };
	struct nem_block block;
	struct hash32 hash;
	int code = 0;
	json_t *j = ask(g, "/chain/last-block", NULL, &code);
	enum err e;

	if (j == NULL) {
		return code;
	}
	e = nem_json_block_read(&form, g->raw, NEM_BLOCK_BYTES_MAX, g->network, j, NULL);
	json_decref(j);
	if (e == ERR_OK) {
		e = nem_block_decode(&block, g->network, form);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: its last block is not good", g->node);
	}
	nem_block_hash(&hash, &block);
	if (block.head.height < nem_follow_tip(&g->follow)->height) {
		return cli_fail(ERR_STALE,
				"%s: its chain ends at height %" PRIu64 ", the store's at %" PRIu64
				": it is behind, or is rolling back; nothing is taken back before "
				"it has another block: try again",
				g->node, block.head.height, nem_follow_tip(&g->follow)->height);
	}
	return hash32_eq(&hash, &nem_follow_tip(&g->follow)->hash) ? 0 : -1;
}

/* What the store says an account holds of an asset. */
static uint64_t held(struct cli_trace_nem *g, uint32_t asset, struct columns_name name)
{
	uint64_t in = 0, out = 0;

	return columns_find(g->s, asset, name, &in, &out) ? in - out : 0;
}

/* An exit code, or -1: it has gone on meanwhile, so the two cannot be compared. */
static int differs(struct cli_trace_nem *g, const char *address, const char *asset, uint64_t says,
		   uint64_t adds_up)
{
	if (node_stands(g) != 0) {
		return -1;
	}
	return cli_fail(ERR_MISMATCH,
			"%s: at height %" PRIu64 " it says that %s holds %" PRIu64
			" of %s, and its own blocks add up to %" PRIu64
			": it lies, or is broken; the store holds what the blocks say",
			g->node, nem_follow_tip(&g->follow)->height, address, says, asset, adds_up);
}

static int compare_xem(struct cli_trace_nem *g, struct columns_name name, const char *address)
{
	char path[128];
	int code = 0;
	const json_t *balance;
	uint64_t says;
	json_t *j;

	(void)snprintf(path, sizeof path, "/account/get?address=%s", address);
	j = ask(g, path, NULL, &code);
	if (j == NULL) {
		return code;
	}
	balance = json_object_get(json_object_get(j, "account"), "balance");
	says = (uint64_t)json_integer_value(balance);
	if (!json_is_integer(balance) || json_integer_value(balance) < 0) {
		code = cli_fail(ERR_NODE, "%s: %s: no balance", g->node, path);
	} else if (says != held(g, 0, name)) {
		code = differs(g, address, "nem:xem", says, held(g, 0, name));
	}
	json_decref(j);
	return code;
}

/* Each mosaic that the node lists for the account is there in the same quantity. */
static int compare_mosaics(struct cli_trace_nem *g, struct columns_name name, const char *address)
{
	char path[128];
	int code = 0;
	const json_t *list;
	json_t *j;

	(void)snprintf(path, sizeof path, "/account/mosaic/owned?address=%s", address);
	j = ask(g, path, NULL, &code);
	if (j == NULL) {
		return code;
	}
	list = json_object_get(j, "data");
	for (size_t i = 0; code == 0 && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i), *id = json_object_get(one, "mosaicId");
		const char *space = json_string_value(json_object_get(id, "namespaceId"));
		const char *mosaic = json_string_value(json_object_get(id, "name"));
		uint64_t says = (uint64_t)json_integer_value(json_object_get(one, "quantity"));
		uint64_t adds_up = 0;
		struct nem_mosaic_id m;
		const char *asset;
		uint32_t number = 0;

		if (space == NULL || mosaic == NULL ||
		    nem_mosaic_id_make(&m, bytes_str(space), bytes_str(mosaic), NULL) != ERR_OK) {
			code = cli_fail(ERR_NODE, "%s: %s: no list of mosaics", g->node, path);
			break;
		}
		asset = nem_mosaic_is_xem(&m) ? "nem:xem" : ingest_nem_asset(g->legs, &m);
		if (asset != NULL &&
		    columns_asset(g->s, bytes_str(asset), &number, &g->fault) == ERR_OK) {
			adds_up = held(g, number, name);
		}
		if (adds_up != says) {
			code = differs(g, address, asset != NULL ? asset : mosaic, says, adds_up);
		}
	}
	json_decref(j);
	return code;
}

static int compare(struct cli_trace_nem *g, uint64_t check)
{
	uint32_t n = columns_accounts(g->s, 0);
	uint64_t some = check < n ? check : n;

	for (uint64_t i = 0; i < some; i++) {
		uint32_t account = (uint32_t)(i * n / some);
		struct columns_name name = columns_account(g->s, 0, account);
		char address[COLUMNS_TEXT_MAX];
		int code;

		if (name.kind != COLUMNS_ADDRESS) {
			continue;
		}
		columns_name_text(address, name);
		/* the table may move while others are looked up */
		name.p = (const uint8_t *)address;
		code = compare_xem(g, name, address);
		if (code == 0 && columns_assets(g->s) > 1) {
			code = compare_mosaics(g, name, address);
		}
		if (code != 0) {
			return code;
		}
		g->done.checked++;
	}
	return 0;
}

static int run(struct cli_trace_nem *g, uint64_t check)
{
	int code = 0;

	if (!g->begun) {
		code = read_facts(g);
		if (code == 0) {
			code = columns_blocks(g->s) == 0 ? first_block(g) : follow_stored(g);
		}
		g->begun = code == 0;
		g->broken = g->broken || code != 0;
	}
	for (int i = 0; code == 0 && i < CHECK_TRIES; i++) {
		g->done.checked = 0;
		code = follow(g);
		if (!g->broken && g->uncommitted > 0) {
			/* what was good before the node failed is kept too */
			int committed = commit(g);

			code = code != 0 ? code : committed;
		}
		if (code != 0 || check == 0) {
			return code;
		}
		/* answers about accounts are of the node's last block: before and after it must be
		   the store's */
		code = node_stands(g);
		if (code == 0) {
			code = compare(g, check);
			if (code == 0) {
				code = node_stands(g);
			}
			if (code >= 0) {
				return code;
			}
		}
		code = code < 0 ? 0 : code;
	}
	return code == 0 ? cli_fail(ERR_STALE,
				    "%s: its chain went on each time balances were "
				    "compared: the blocks are in the store; try again",
				    g->node)
			 : code;
}

int cli_trace_nem_open(struct cli_trace_nem **out, struct cli *c, const char *store,
		       const char *node, struct columns_options *options)
{
	struct cli_trace_nem *g = calloc(1, sizeof *g);
	uint8_t network = 0;
	int code = cli_nem_network(c, &network);
	enum err e;

	if (code != 0 || g == NULL) {
		free(g);
		return code != 0 ? code : cli_fail(ERR_FULL, "out of memory");
	}
	g->c = c;
	g->store = store;
	g->node = node;
	g->network = network;
	g->reply = malloc(NODE_REPLY_MAX);
	g->raw = malloc(NEM_BLOCK_BYTES_MAX);
	options->network = network;
	/* nem:xem cannot be made anew; mosaics have their own limits */
	options->supply = 0;
	e = g->reply != NULL && g->raw != NULL ? columns_open(&g->s, store, options, &g->fault)
					       : ERR_FULL;
	if (e != ERR_OK) {
		code = cli_trace_failed(e, store, &g->fault);
		cli_trace_nem_close(g);
		return code;
	}
	*out = g;
	return 0;
}

int cli_trace_nem_round(struct cli_trace_nem *g, uint64_t check, struct cli_trace_done *done,
			bool *broken)
{
	int code;

	g->done = (struct cli_trace_done){ .rows = 0 };
	cli_progress_begin(&g->progress, g->node);
	code = run(g, check);
	cli_progress_end(&g->progress);
	*done = g->done;
	*broken = g->broken;
	return code;
}

void cli_trace_nem_close(struct cli_trace_nem *g)
{
	if (g == NULL) {
		return;
	}
	columns_close(g->s);
	ingest_nem_free(g->legs);
	free(g->reply);
	free(g->raw);
	free(g);
}

int cli_trace_ingest_nem(struct cli *c, const char *store, const char *node,
			 struct columns_options *options, uint64_t check)
{
	struct cli_trace_done done;
	struct cli_trace_nem *g = NULL;
	bool broken = false;
	int code = cli_trace_nem_open(&g, c, store, node, options);

	if (g != NULL) {
		code = cli_trace_nem_round(g, check, &done, &broken);
		if (code == 0) {
			cli_trace_done(c, g->s, &done);
		}
		cli_trace_nem_close(g);
	}
	return code;
}
