/* SPDX-License-Identifier: Apache-2.0 */
/* What NEM nodes say, side by side; and what waits for the cosigners of an account. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_time.h"
#include "io/clock.h"
#include "nem_ask.h"

/* ---- node status ---- */

enum { CLOCK_DIFFER_MOST_MS = NEM_TIME_FUTURE_MAX_S * 1000 };

/* What can be learned of the nodes' clocks: how far ours is behind, if enough of them answer. */
static enum err read_clocks(struct cli_nodes *p, int64_t *behind_ms)
{
	struct nem_clock_reading reading[NEM_NODES_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < p->s.n; i++) {
		struct nem_clock_reading *r = &reading[n];
		unsigned status = 0;
		json_t *j = NULL;
		json_int_t said = -1;

		if (!p->s.node[i].has_height ||
		    nem_time_network_ms(&r->sent_ms, clock_wall_ms()) != ERR_OK) {
			continue;
		}
		if (cli_nem_ask(p->c, p->name[i], "/time-sync/network-time", NULL, &status, &j) ==
		    ERR_OK) {
			const json_t *value = json_object_get(j, "sendTimeStamp");

			said = json_is_integer(value) ? json_integer_value(value) : -1;
		}
		json_decref(j);
		if (said >= 0 && nem_time_network_ms(&r->received_ms, clock_wall_ms()) == ERR_OK) {
			r->node_ms = (uint64_t)said;
			n++;
		}
	}
	/* More than half cannot choose the median of an even number: half of them is what counts.
	 */
	return nem_clock_check(behind_ms, reading, n, (p->s.n + 1) / 2, (uint32_t)p->c->timeout_ms,
			       CLOCK_DIFFER_MOST_MS);
}

static const char *standing(const struct cli_nodes *p, uint32_t i, const struct nem_question *q,
			    bool agreed)
{
	const struct nem_node *node = &p->s.node[i];

	if (!node->has_height || node->fault != NEM_NODE_WELL) {
		return nem_node_fault_words(node->fault);
	}
	if (!q->said[i]) {
		return "shorter than the agreed chain";
	}
	return agreed ? "agrees" : "no agreement";
}

static void print_nodes(const struct cli_nodes *p, const struct nem_question *q, bool agreed)
{
	char hash[65];

	for (uint32_t i = 0; i < p->s.n; i++) {
		hex_put(hash, bytes_of(q->hash[i].b, sizeof q->hash[i].b));
		if (!p->s.node[i].has_height) {
			printf("%-22s %s\n", p->name[i], standing(p, i, q, agreed));
			continue;
		}
		printf("%-22s height %" PRIu64 ", there %.16s: %s\n", p->name[i],
		       p->s.node[i].height, q->said[i] ? hash : "(no such block)",
		       standing(p, i, q, agreed));
	}
}

static json_t *nodes_json(const struct cli_nodes *p, const struct nem_question *q, bool agreed)
{
	json_t *list = json_array();
	char hash[65];

	CHECK(list != NULL);
	for (uint32_t i = 0; i < p->s.n; i++) {
		bool up = p->s.node[i].has_height;

		hex_put(hash, bytes_of(q->hash[i].b, sizeof q->hash[i].b));
		CHECK(json_array_append_new(
			  list, json_pack("{s:s,s:o,s:o,s:s}", "node", p->name[i], "height",
					  up ? json_integer((json_int_t)p->s.node[i].height)
					     : json_null(),
					  "hash", q->said[i] ? json_string(hash) : json_null(),
					  "standing", standing(p, i, q, agreed))) == 0);
	}
	return list;
}

static int node_status(const struct cli *c, const char *const *names, size_t n)
{
	static struct cli_nodes p;
	static struct nem_question q;
	struct hash32 hash = { { 0 } };
	uint64_t height = 0;
	int64_t behind_ms = 0;
	char hex[65];
	enum err e, clock;
	bool all_well = true, agreed;
	int code = cli_nodes_open(&p, c, names, n);

	if (code != 0) {
		return code;
	}
	cli_nodes_heights(&p);
	e = nem_nodes_agreed_height(&height, &p.s);
	nem_question_hash(&q, 0);
	if (e == ERR_OK) {
		e = cli_nodes_block(&p, &q, height, NULL, NULL);
	}
	if (e == ERR_OK) {
		e = nem_question_agreed(&hash, NULL, &q, &p.s);
	}
	agreed = e == ERR_OK;
	clock = read_clocks(&p, &behind_ms);
	hex_put(hex, bytes_of(hash.b, sizeof hash.b));
	if (c->json) {
		json_t *j =
		    json_pack("{s:i,s:o,s:o,s:o,s:o}", "agree", (int)p.s.k, "height",
			      agreed ? json_integer((json_int_t)height) : json_null(), "hash",
			      agreed ? json_string(hex) : json_null(), "clock_behind_ms",
			      clock == ERR_OK ? json_integer(behind_ms) : json_null(), "nodes",
			      nodes_json(&p, &q, agreed));

		CHECK(j != NULL);
		(void)json_dumpf(j, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(j);
	} else {
		if (agreed) {
			printf("%u of %u agree: block %" PRIu64 " is %s\n", p.s.k, p.s.n, height,
			       hex);
		}
		print_nodes(&p, &q, agreed);
		if (clock == ERR_OK) {
			printf("this clock is %" PRId64 " ms behind theirs\n", behind_ms);
		}
	}
	for (uint32_t i = 0; i < p.s.n; i++) {
		all_well = all_well && p.s.node[i].has_height;
	}
	if (!all_well) {
		return cli_fail(ERR_UNREACHABLE, "not every node answers sensibly");
	}
	if (!agreed) {
		return cli_fail(ERR_MISMATCH,
				"fewer than %u of %u nodes are on one chain: believe "
				"none before a person has looked",
				p.s.k, p.s.n);
	}
	for (uint32_t i = 0; i < p.s.n; i++) {
		if (p.s.node[i].fault != NEM_NODE_WELL) {
			return cli_fail(ERR_MISMATCH, "%s: %s", p.name[i],
					nem_node_fault_words(p.s.node[i].fault));
		}
	}
	return clock != ERR_CLOCK ? 0
				  : cli_fail(ERR_CLOCK,
					     "this clock is more than %d s from theirs: what is "
					     "signed by it will be refused",
					     NEM_TIME_FUTURE_MAX_S);
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
	code = cli_nem_ask_200(c, node, path, NULL, &account);
	if (code == 0) {
		(void)snprintf(path, sizeof path, "/account/unconfirmedTransactions?address=%s",
			       address.text);
		code = cli_nem_ask_200(c, node, path, NULL, &reply);
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
