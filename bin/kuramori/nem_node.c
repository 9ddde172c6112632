/* SPDX-License-Identifier: Apache-2.0 */
/* What NEM nodes say, side by side; and what waits for the cosigners of an account. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/http_client.h"
#include "nem_http.h"

enum { NODES_MAX = CONFIG_REST_MAX };

int cli_nem_ask(const struct cli *c, const char *node, const char *path, const json_t *body,
		unsigned *status, json_t **out)
{
	static uint8_t reply[HTTP_CLIENT_REPLY_MAX];
	struct http_client_request r = { .timeout_ms = (uint32_t)c->timeout_ms };
	char url[HTTP_CLIENT_URL_MAX];
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	size_t n = 0;
	enum err e;
	int length = snprintf(url, sizeof url, "http://%s%s", node, path);

	*out = NULL;
	if (length < 0 || (size_t)length >= sizeof url) {
		free(text);
		return cli_fail(ERR_USAGE, "a node is HOST:PORT");
	}
	CHECK(body == NULL || text != NULL);
	r.url = url;
	r.body = text == NULL ? bytes_of(NULL, 0) : bytes_str(text);
	e = http_client_ask(&r, status, reply, sizeof reply, &n);
	free(text);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", node);
	}
	*out = json_loadb((const char *)reply, n, 0, NULL);
	return 0;
}

/* ---- node status ---- */

struct seen {
	const char *node;
	bool answers;
	uint64_t height;
	struct hash32 top, common; /* of its last block; of its block at the common height */
	bool has_common;
	int64_t ahead_ms; /* its clock against ours */
	uint32_t votes;   /* nodes with the same common block, itself among them */
};

static int read_block(uint8_t network, const char *node, unsigned status, const json_t *j,
		      struct nem_block *out)
{
	static uint8_t raw[NEM_BLOCK_BYTES_MAX];
	const char *where = "";
	struct bytes form = { NULL, 0 };
	enum err e = status == 200 && j != NULL ? ERR_OK : ERR_NODE;

	if (e == ERR_OK) {
		e = nem_json_block_read(&form, raw, sizeof raw, network, j, &where);
	}
	if (e == ERR_OK) {
		e = nem_block_decode(out, network, form);
	}
	return e == ERR_OK ? 0
			   : cli_fail(ERR_NODE, "%s: no block of %s (%s%s%s)", node,
				      nem_network_name(network), err_words(e),
				      where != NULL && where[0] != '\0' ? ": " : "",
				      where != NULL ? where : "");
}

/* Its top block and clock. */
static int look(const struct cli *c, uint8_t network, struct seen *s)
{
	struct nem_block block;
	uint64_t ours = 0;
	unsigned status = 0;
	json_t *j = NULL;
	int code = cli_nem_ask(c, s->node, "/chain/last-block", NULL, &status, &j);

	if (code == 0) {
		code = read_block(network, s->node, status, j, &block);
	}
	json_decref(j);
	if (code != 0) {
		return code;
	}
	s->height = block.head.height;
	nem_block_hash(&s->top, &block);
	code = cli_nem_ask(c, s->node, "/time-sync/network-time", NULL, &status, &j);
	if (code == 0 && nem_time_network_ms(&ours, clock_wall_ms()) == ERR_OK) {
		json_int_t theirs = json_integer_value(json_object_get(j, "sendTimeStamp"));

		/* A node that says something absurd gets an absurd difference, not an overflow. */
		s->ahead_ms =
		    theirs < 0 || theirs > INT64_MAX / 2 ? INT64_MAX : theirs - (int64_t)ours;
		s->answers = true;
	}
	json_decref(j);
	return code;
}

static int look_at(const struct cli *c, uint8_t network, struct seen *s, uint64_t height)
{
	struct nem_block block;
	unsigned status = 0;
	json_t *j = NULL, *body = json_pack("{s:I}", "height", (json_int_t)height);
	int code = cli_nem_ask(c, s->node, "/block/at/public", body, &status, &j);

	json_decref(body);
	if (code == 0) {
		code = read_block(network, s->node, status, j, &block);
	}
	json_decref(j);
	if (code == 0 && block.head.height != height) {
		code = cli_fail(ERR_NODE, "%s: asked for block %" PRIu64 ", sent another", s->node,
				height);
	}
	if (code == 0) {
		nem_block_hash(&s->common, &block);
		s->has_common = true;
	}
	return code;
}

static void vote(struct seen *s, size_t n, uint32_t *most)
{
	*most = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; s[i].has_common && k < n; k++) {
			s[i].votes += s[k].has_common && hash32_eq(&s[i].common, &s[k].common);
		}
		*most = s[i].votes > *most ? s[i].votes : *most;
	}
}

static void print_seen(const struct cli *c, const struct seen *s, uint64_t common, uint32_t most)
{
	char top[65], at[65];
	const char *words = !s->has_common     ? "does not answer"
			    : s->votes == most ? "on the chain of most"
					       : "ON ANOTHER CHAIN";

	hex_put(top, bytes_of(s->top.b, sizeof s->top.b));
	hex_put(at, bytes_of(s->common.b, sizeof s->common.b));
	if (c->json) {
		json_t *j = json_pack("{s:s,s:b,s:I,s:s,s:I,s:s,s:I,s:i}", "node", s->node,
				      "answers", s->has_common, "height", (json_int_t)s->height,
				      "hash", top, "common_height", (json_int_t)common,
				      "common_hash", at, "clock_ahead_ms", (json_int_t)s->ahead_ms,
				      "nodes_on_it", (int)s->votes);

		(void)json_dumpf(j, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(j);
		return;
	}
	if (!s->has_common) {
		printf("%-22s %s\n", s->node, words);
		return;
	}
	printf("%-22s height %" PRIu64 ", top %.16s, clock %+" PRId64 " ms; block %" PRIu64
	       " is %.16s: %s\n",
	       s->node, s->height, top, s->ahead_ms, common, at, words);
}

static int node_status(const struct cli *c, const char *const *nodes, size_t n)
{
	struct seen seen[NODES_MAX] = { { .node = NULL } };
	uint64_t common = UINT64_MAX;
	uint32_t most = 0, tied = 0, answered = 0;
	uint8_t network = 0;
	int code = cli_nem_network(c, &network), worst = 0;

	if (code != 0) {
		return code;
	}
	for (size_t i = 0; i < n; i++) {
		seen[i].node = nodes[i];
		code = look(c, network, &seen[i]);
		worst = code != 0 ? code : worst;
		if (seen[i].answers && seen[i].height < common) {
			common = seen[i].height;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (seen[i].answers) {
			code = look_at(c, network, &seen[i], common);
			worst = code != 0 ? code : worst;
		}
	}
	vote(seen, n, &most);
	for (size_t i = 0; i < n; i++) {
		print_seen(c, &seen[i], common, most);
		answered += seen[i].has_common ? 1 : 0;
		tied += seen[i].has_common && seen[i].votes == most ? 1 : 0;
	}
	if (worst == 0 && most < answered) {
		worst = cli_fail(ERR_MISMATCH,
				 tied > most ? "no chain has most of the nodes: believe none of "
					       "them before a person has looked"
					     : "%u of %u nodes are on another chain at height "
					       "%" PRIu64,
				 answered - most, answered, common);
	}
	return worst;
}

int cli_nem_node(struct cli *c, const char *const *w, size_t n)
{
	if (n >= 2 && strcmp(w[0], "status") == 0) {
		return node_status(c, w + 1, n - 1);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori nem node status HOST:PORT...");
}

/* ---- multisig status ---- */

static bool has_signed(const struct nem_tx *tx, const char *cosigner)
{
	struct nem_address a;

	nem_address_from_key(&a, &tx->head.signer, tx->head.network);
	if (strcmp(a.text, cosigner) == 0) {
		return true;
	}
	for (unsigned i = 0; i < tx->multisig.n; i++) {
		nem_address_from_key(&a, &tx->multisig.cosignature[i].head.signer,
				     tx->head.network);
		if (strcmp(a.text, cosigner) == 0) {
			return true;
		}
	}
	return false;
}

static const char *cosigner_at(const json_t *account, size_t i)
{
	const char *text = json_string_value(json_object_get(
	    json_array_get(json_object_get(json_object_get(account, "meta"), "cosignatories"), i),
	    "address"));

	return text == NULL ? "?" : text;
}

static size_t cosigners_of(const json_t *account)
{
	return json_array_size(json_object_get(json_object_get(account, "meta"), "cosignatories"));
}

/* A wrapper in the pool that spends from the account: who has signed, who has not, until when. */
static json_t *waiting(const json_t *account, const struct nem_tx *tx)
{
	json_t *done = json_array(), *missing = json_array();
	char id[65], until[CLOCK_TEXT_MAX];
	struct hash32 hash;

	CHECK(done != NULL && missing != NULL);
	for (size_t i = 0; i < cosigners_of(account); i++) {
		const char *cosigner = cosigner_at(account, i);

		CHECK(json_array_append_new(has_signed(tx, cosigner) ? done : missing,
					    json_string(cosigner)) == 0);
	}
	nem_tx_payment_hash(&hash, tx);
	hex_put(id, bytes_of(hash.b, sizeof hash.b));
	clock_text(until, nem_time_to_unix_ms(tx->head.deadline_nem_s));
	return json_pack("{s:s,s:s,s:o,s:o}", "payment", id, "deadline", until, "signed", done,
			 "missing", missing);
}

static json_t *pool_of(const json_t *account, const struct nem_address *address, uint8_t network,
		       const json_t *reply, size_t *unread)
{
	static struct nem_tx tx;
	const json_t *list = json_object_get(reply, "data");
	json_t *out = json_array();

	CHECK(out != NULL);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct nem_address from;

		if (nem_json_unconfirmed_read(&tx, network, json_array_get(list, i), NULL) !=
		    ERR_OK) {
			*unread += 1;
			continue;
		}
		if (tx.type != NEM_MULTISIG) {
			continue;
		}
		nem_address_from_key(&from, &tx.multisig.inner.head.signer, network);
		if (nem_address_eq(&from, address)) {
			CHECK(json_array_append_new(out, waiting(account, &tx)) == 0);
		}
	}
	return out;
}

static void print_waiting(const json_t *one)
{
	const json_t *missing = json_object_get(one, "missing");

	printf("waits      %s until %s\n", json_string_value(json_object_get(one, "payment")),
	       json_string_value(json_object_get(one, "deadline")));
	for (size_t i = 0; i < json_array_size(missing); i++) {
		printf("  not yet signed by %s\n", json_string_value(json_array_get(missing, i)));
	}
}

static int print_multisig(const struct cli *c, const struct nem_address *address,
			  const json_t *account, json_t *pool, size_t unread)
{
	const json_t *info = json_object_get(json_object_get(account, "account"), "multisigInfo");
	json_int_t minimum = json_integer_value(json_object_get(info, "minCosignatories"));
	size_t n = cosigners_of(account);

	if (c->json) {
		json_t *j =
		    json_pack("{s:s,s:i,s:I,s:O,s:O,s:i}", "address", address->text, "cosigners",
			      (int)n, "minimum", minimum, "cosignatories",
			      json_object_get(json_object_get(account, "meta"), "cosignatories"),
			      "waiting", pool, "unread", (int)unread);

		if (j == NULL) {
			return cli_fail(ERR_NODE, "the node's answer is no account");
		}
		(void)json_dumpf(j, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(j);
		return 0;
	}
	if (n == 0) {
		printf("%s is no multisig account\n", address->text);
		return 0;
	}
	/* NIS writes 0 for "all of them" in a modification, never here; still: say what is meant.
	 */
	printf("%s needs %" JSON_INTEGER_FORMAT " of %zu\n", address->text,
	       minimum == 0 ? (json_int_t)n : minimum, n);
	for (size_t i = 0; i < n; i++) {
		char clean[CLI_WORDS_MAX];

		cli_clean(clean, sizeof clean, bytes_str(cosigner_at(account, i)));
		printf("cosigner   %s\n", clean);
	}
	if (n == (size_t)(minimum == 0 ? (json_int_t)n : minimum)) {
		printf("careful: every key is needed; one that is lost locks the account for "
		       "ever\n");
	}
	for (size_t i = 0; i < json_array_size(pool); i++) {
		print_waiting(json_array_get(pool, i));
	}
	if (json_array_size(pool) == 0) {
		printf("nothing waits in this node's pool\n");
	}
	if (unread > 0) {
		printf("%zu more in the pool could not be read\n", unread);
	}
	return 0;
}

static int multisig_status(const struct cli *c, const char *node, const char *text)
{
	struct nem_address address = { .text = "" };
	const char *why = "";
	char path[128];
	unsigned status = 0;
	json_t *account = NULL, *reply = NULL, *pool = NULL;
	size_t unread = 0;
	uint8_t network = 0;
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code != 0) {
		return code;
	}
	e = nem_address_normalise(&address, network, bytes_str(text), &why);
	if (e != ERR_OK) {
		return cli_fail(e, "%.64s: %s", text, why);
	}
	(void)snprintf(path, sizeof path, "/account/get?address=%s", address.text);
	code = cli_nem_ask(c, node, path, NULL, &status, &account);
	if (code == 0 && (status != 200 || account == NULL)) {
		code = cli_fail(ERR_NODE, "%s answered %u", node, status);
	}
	if (code == 0) {
		(void)snprintf(path, sizeof path, "/account/unconfirmedTransactions?address=%s",
			       address.text);
		code = cli_nem_ask(c, node, path, NULL, &status, &reply);
	}
	if (code == 0 && (status != 200 || reply == NULL)) {
		code = cli_fail(ERR_NODE, "%s answered %u", node, status);
	}
	if (code == 0) {
		pool = pool_of(account, &address, network, reply, &unread);
		code = print_multisig(c, &address, account, pool, unread);
	}
	json_decref(pool);
	json_decref(reply);
	json_decref(account);
	return code;
}

int cli_nem_multisig(struct cli *c, const char *const *w, size_t n)
{
	if (n == 3 && strcmp(w[0], "status") == 0) {
		return multisig_status(c, w[1], w[2]);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori nem multisig status HOST:PORT ADDRESS");
}
