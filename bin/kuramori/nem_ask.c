/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_json.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/random.h"
#include "nem_ask.h"

enum {
	BACKOFF_MS = 500,
	BACKOFF_MOST_MS = 8000,
	DIFFER_BLOCKS = 2, /* what a block on its way explains */
	DIFFER_MS = 60000, /* a block a minute */
};

enum err cli_nem_ask(const struct cli *c, const char *node, const char *path, const json_t *body,
		     unsigned *status, json_t **out)
{
	static uint8_t reply[HTTP_CLIENT_REPLY_MAX];
	struct http_client_request r = { .timeout_ms = (uint32_t)c->timeout_ms };
	char url[HTTP_CLIENT_URL_MAX];
	char *text;
	size_t n = 0;
	enum err e;
	int length = snprintf(url, sizeof url, "http://%s%s", node, path);

	*out = NULL;
	if (length < 0 || (size_t)length >= sizeof url) {
		return ERR_INPUT;
	}
	text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	CHECK(body == NULL || text != NULL);
	r.url = url;
	r.body = text == NULL ? bytes_of(NULL, 0) : bytes_str(text);
	e = http_client_ask(&r, status, reply, sizeof reply, &n);
	free(text);
	if (e == ERR_OK) {
		*out = json_loadb((const char *)reply, n, 0, NULL);
	}
	return e;
}

int cli_nem_ask_200(const struct cli *c, const char *node, const char *path, const json_t *body,
		    json_t **out)
{
	unsigned status = 0;
	enum err e = cli_nem_ask(c, node, path, body, &status, out);

	if (e != ERR_OK) {
		return cli_fail(e, "%s", node);
	}
	if (status != 200 || *out == NULL) {
		json_decref(*out);
		*out = NULL;
		return cli_fail(ERR_NODE, "%s answered %u to %s", node, status, path);
	}
	return 0;
}

/* ---- several ---- */

int cli_nodes_open(struct cli_nodes *p, const struct cli *c, const char *const *names, size_t n)
{
	const struct nem_nodes_limits limits = { .backoff_ms = BACKOFF_MS,
						 .backoff_most_ms = BACKOFF_MOST_MS,
						 .differ_blocks = DIFFER_BLOCKS,
						 .differ_ms = DIFFER_MS };
	uint32_t k = c->agree;

	if (n > NEM_NODES_MAX) {
		return cli_fail(ERR_FULL, "at most %d nodes", NEM_NODES_MAX);
	}
	if (k > n) {
		return cli_fail(ERR_USAGE, "agree: %u nodes cannot agree where %zu are asked", k,
				n);
	}
	memset(p, 0, sizeof *p);
	p->c = c;
	for (size_t i = 0; i < n; i++) {
		p->name[i] = names[i];
		for (size_t j = 0; j < i; j++) {
			if (strcmp(names[i], names[j]) == 0) {
				return cli_fail(ERR_USAGE,
						"%s is named twice: it cannot agree with itself",
						names[i]);
			}
		}
	}
	nem_nodes_init(&p->s, (uint32_t)n, k == 0 ? (uint32_t)n / 2 + 1 : k, &limits);
	return cli_nem_network(c, &p->network);
}

static void tell(struct cli_nodes *p, uint32_t i)
{
	enum nem_node_fault fault = p->s.node[i].fault;

	if (fault != p->told[i] && fault != NEM_NODE_WELL) {
		(void)fflush(stdout);
		(void)fprintf(stderr, _("kuramori: note: %s: %s\n"), p->name[i],
			      words_of(nem_node_fault_words(fault)));
	}
	p->told[i] = fault;
}

void cli_nodes_tell(struct cli_nodes *p)
{
	for (uint32_t i = 0; i < p->s.n; i++) {
		tell(p, i);
	}
}

static void blame(struct cli_nodes *p, uint32_t i, enum nem_node_fault fault)
{
	uint32_t random;

	random_fill(&random, sizeof random);
	nem_nodes_failed(&p->s, i, clock_mono_ms(), random, fault);
	tell(p, i);
}

/* A block of node i in its signed form; false if it gave none, which is then held against it. */
static bool fetch(struct cli_nodes *p, uint32_t i, const char *path, const json_t *body,
		  uint8_t *raw, struct bytes *form, struct nem_block *block)
{
	unsigned status = 0;
	json_t *j = NULL;
	enum err e;

	if (!nem_nodes_may_ask(&p->s, i, clock_mono_ms())) {
		return false;
	}
	nem_nodes_asked(&p->s, i, clock_mono_ms());
	e = cli_nem_ask(p->c, p->name[i], path, body, &status, &j);
	if (e != ERR_OK) {
		blame(p, i, NEM_NODE_SILENT);
		return false;
	}
	if (j == NULL || status != 200 ||
	    nem_json_block_read(form, raw, NEM_BLOCK_BYTES_MAX, p->network, j, NULL) != ERR_OK ||
	    nem_block_decode(block, p->network, *form) != ERR_OK) {
		json_decref(j);
		blame(p, i, NEM_NODE_GARBLED);
		return false;
	}
	json_decref(j);
	nem_nodes_answered(&p->s, i);
	return true;
}

void cli_nodes_heights(struct cli_nodes *p)
{
	static uint8_t raw[NEM_BLOCK_BYTES_MAX];
	struct bytes form = { NULL, 0 };
	struct nem_block block;

	for (uint32_t i = 0; i < p->s.n; i++) {
		if (fetch(p, i, "/chain/last-block", NULL, raw, &form, &block)) {
			nem_nodes_height(&p->s, i, block.head.height);
		}
	}
	nem_nodes_judge_heights(&p->s, clock_mono_ms());
	cli_nodes_tell(p);
}

int cli_nodes_agreed(const struct cli_nodes *p, uint64_t *height)
{
	enum err e = nem_nodes_agreed_height(height, &p->s);

	return e == ERR_OK ? 0
			   : cli_fail(ERR_UNREACHABLE, "fewer than %u of %u nodes answer sensibly",
				      p->s.k, p->s.n);
}

static uint32_t alike(const struct cli_nodes *p, json_t *const *answers, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t j = 0; j < p->s.n; j++) {
		n += answers[i] != NULL && json_equal(answers[i], answers[j]) == 1 ? 1U : 0U;
	}
	return n;
}

int cli_nodes_same(const struct cli_nodes *p, json_t *const *answers, size_t *place)
{
	uint32_t found = p->s.n, given = 0;

	for (uint32_t i = 0; i < p->s.n; i++) {
		given += answers[i] != NULL ? 1U : 0U;
		if (found == p->s.n && alike(p, answers, i) >= p->s.k) {
			found = i;
		}
	}
	if (given < p->s.k) {
		return cli_fail(ERR_UNREACHABLE, "fewer than %u of %u nodes answer sensibly",
				p->s.k, p->s.n);
	}
	if (found == p->s.n) {
		return cli_fail(ERR_MISMATCH,
				"fewer than %u of %u nodes say the same: ask again when the next "
				"block is there, and believe none before",
				p->s.k, p->s.n);
	}
	for (uint32_t i = 0; i < p->s.n; i++) {
		if (answers[i] != NULL && json_equal(answers[i], answers[found]) != 1) {
			(void)fprintf(stderr, _("kuramori: note: %s: says something else\n"),
				      p->name[i]);
		}
	}
	*place = found;
	return 0;
}

/* The block of node i at this height; false if it gave none. */
static bool fetch_at(struct cli_nodes *p, uint32_t i, uint64_t height, uint8_t *raw,
		     struct bytes *form, struct hash32 *hash)
{
	json_t *body = json_pack("{s:I}", "height", (json_int_t)height);
	struct nem_block block;
	bool good;

	CHECK(body != NULL);
	good = fetch(p, i, "/block/at/public", body, raw, form, &block);
	json_decref(body);
	if (good && block.head.height != height) {
		blame(p, i, NEM_NODE_GARBLED);
		return false;
	}
	if (good) {
		nem_block_hash(hash, &block);
	}
	return good;
}

enum err cli_nodes_block(struct cli_nodes *p, struct nem_question *q, uint64_t height, uint8_t *raw,
			 struct bytes *form)
{
	static uint8_t spare[NEM_BLOCK_BYTES_MAX];
	struct hash32 agreed, hash, kept = { { 0 } };
	struct bytes got = { NULL, 0 };
	bool is_kept = false;
	enum err e;

	nem_question_hash(q, height);
	for (uint32_t i = 0; i < p->s.n; i++) {
		uint8_t *into = form != NULL && !is_kept ? raw : spare;

		/* A node that is shorter has no such block, and is not blamed for it. */
		if (!p->s.node[i].has_height || p->s.node[i].height < height ||
		    !fetch_at(p, i, height, into, &got, &hash)) {
			continue;
		}
		nem_question_say_hash(q, i, &hash);
		if (into == raw) {
			*form = got;
			kept = hash;
			is_kept = true;
		}
	}
	e = nem_question_agreed(&agreed, NULL, q, &p->s);
	nem_question_judge(q, &p->s);
	cli_nodes_tell(p);
	/* The first to answer lied: what the others said is fetched once more. */
	for (uint32_t i = 0; e == ERR_OK && form != NULL && !hash32_eq(&kept, &agreed); i++) {
		if (i == p->s.n) {
			return ERR_WAIT;
		}
		if (q->said[i] && hash32_eq(&q->hash[i], &agreed) &&
		    fetch_at(p, i, height, raw, form, &hash)) {
			kept = hash;
		}
	}
	return e;
}
