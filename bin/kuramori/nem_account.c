/* SPDX-License-Identifier: Apache-2.0 */
/* One account of NEM, as several nodes agree: what it has; and what waits for its cosigners. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_time.h"
#include "io/clock.h"
#include "nem_ask.h"

enum {
	BALANCE_ROUNDS = 8, /* a block came in between: ask again, so often */
	UNDO_BLOCKS = 360,  /* a node never undoes more (nem.md 6) */
	/* 360 blocks hold at most 120 transactions each, a page 25 of them */
	PAGES_MAX = UNDO_BLOCKS * 120 / 25 + 2,
};

/* ---- what it has ---- */

/* The node's height; 0, and nothing said, if it gives none. */
static uint64_t height_of(const struct cli_nodes *p, uint32_t i)
{
	unsigned status = 0;
	json_t *j = NULL;
	json_int_t height = 0;

	if (cli_nem_ask(p->c, p->name[i], "/chain/height", NULL, &status, &j) == ERR_OK &&
	    status == 200) {
		height = json_integer_value(json_object_get(j, "height"));
	}
	json_decref(j);
	return height < 0 ? 0 : (uint64_t)height;
}

/* Node i's word on the balance: between two words on its height, or it says of no block. */
static void ask_balance(const struct cli_nodes *p, uint32_t i, const char *path,
			struct nem_question *q, bool *stale)
{
	uint64_t before = height_of(p, i);
	unsigned status = 0;
	json_t *j = NULL;
	const json_t *balance;

	if (cli_nem_ask(p->c, p->name[i], path, NULL, &status, &j) == ERR_OK && status == 200) {
		balance = json_object_get(json_object_get(j, "account"), "balance");
		if (json_is_integer(balance) && json_integer_value(balance) >= 0 &&
		    nem_question_say_balance(q, i, before, (uint64_t)json_integer_value(balance),
					     height_of(p, i)) == ERR_STALE) {
			*stale = true;
		}
	}
	json_decref(j);
}

/* Of which block enough nodes tell the balance.  0 or an exit code. */
static int agree_balance(struct cli_nodes *p, const char *path, uint64_t *height, uint64_t *micro)
{
	static struct nem_question q;
	enum err e = ERR_WAIT;
	bool stale = true;
	int code = 0;

	for (int round = 0; round < BALANCE_ROUNDS && stale && e == ERR_WAIT; round++) {
		cli_nodes_heights(p);
		code = cli_nodes_agreed(p, height);
		if (code != 0) {
			return code;
		}
		nem_question_balance(&q, *height);
		stale = false;
		for (uint32_t i = 0; i < p->s.n; i++) {
			if (p->s.node[i].has_height) {
				ask_balance(p, i, path, &q, &stale);
			}
		}
		e = nem_question_agreed(NULL, micro, &q, &p->s);
	}
	nem_question_judge(&q, &p->s);
	cli_nodes_tell(p);
	if (e == ERR_OK) {
		return 0;
	}
	return cli_fail(ERR_MISMATCH,
			"fewer than %u of %u nodes say the same of block %" PRIu64
			": believe none before a person has looked",
			p->s.k, p->s.n, *height);
}

int cli_nem_account(struct cli *c, const char *const *w, size_t n)
{
	static struct cli_nodes p;
	struct nem_address address = { .text = "" };
	const char *why = "";
	char path[128], grouped[48], words[64];
	uint64_t height = 0, micro = 0;
	struct money amount;
	enum err e;
	int code;

	if (n < 2) {
		return cli_fail(ERR_USAGE, "it is: kuramori nem account ADDRESS HOST:PORT...");
	}
	code = cli_nodes_open(&p, c, w + 1, n - 1);
	if (code != 0) {
		return code;
	}
	e = nem_address_normalise(&address, p.network, bytes_str(w[0]), &why);
	if (e != ERR_OK) {
		return cli_fail(e, "%.64s: %s", w[0], words_of(why));
	}
	(void)snprintf(path, sizeof path, "/account/get?address=%s", address.text);
	code = agree_balance(&p, path, &height, &micro);
	if (code != 0) {
		return code;
	}
	if (c->json) {
		printf("{\"address\":\"%s\",\"agree\":%u,\"height\":%" PRIu64
		       ",\"micro_xem\":\"%" PRIu64 "\"}\n",
		       address.text, p.s.k, height, micro);
		return 0;
	}
	amount = money_of(ASSET_XEM, micro);
	cli_grouped(grouped, address.text);
	cli_xem(words, sizeof words, &amount);
	printf(_("%s has %s after block %" PRIu64 "; %u of %u agree\n"), grouped, words, height,
	       p.s.k, p.s.n);
	return 0;
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

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * What the chain says of the account, in one form whatever the node's order: {"cosignatories":
 * [address], "minimum": n}.  NULL if it is no answer.
 */
static json_t *control_of(const json_t *account, uint8_t network)
{
	const json_t *list = json_object_get(json_object_get(account, "meta"), "cosignatories");
	const json_t *info = json_object_get(json_object_get(account, "account"), "multisigInfo");
	const char *text[NEM_MULTISIG_COSIGNERS_MAX];
	size_t n = json_array_size(list);
	json_int_t minimum = json_integer_value(json_object_get(info, "minCosignatories"));
	json_t *out = json_array();

	CHECK(out != NULL);
	if (!json_is_array(list) || n > NEM_MULTISIG_COSIGNERS_MAX || minimum < 0 ||
	    minimum > (json_int_t)n) {
		json_decref(out);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		struct nem_address a;

		text[i] = json_string_value(json_object_get(json_array_get(list, i), "address"));
		if (text[i] == NULL ||
		    nem_address_parse(&a, network, bytes_str(text[i]), NULL) != ERR_OK) {
			json_decref(out);
			return NULL;
		}
	}
	qsort(text, n, sizeof text[0], by_text);
	for (size_t i = 0; i < n; i++) {
		CHECK(json_array_append_new(out, json_string(text[i])) == 0);
	}
	/* NIS writes 0 for "all of them" in a modification, never here; still: say what is meant.
	 */
	return json_pack("{s:o,s:I}", "cosignatories", out, "minimum",
			 minimum == 0 ? (json_int_t)n : minimum);
}

/* A wrapper in a pool that spends from the account: who has signed, who has not, until when. */
static json_t *waiting(const json_t *control, const struct nem_tx *tx)
{
	const json_t *cosigners = json_object_get(control, "cosignatories");
	json_t *done = json_array(), *missing = json_array();
	char id[65], until[CLOCK_TEXT_MAX];
	struct nem_address initiator;
	struct hash32 hash;

	CHECK(done != NULL && missing != NULL);
	for (size_t i = 0; i < json_array_size(cosigners); i++) {
		const char *cosigner = json_string_value(json_array_get(cosigners, i));

		CHECK(json_array_append_new(has_signed(tx, cosigner) ? done : missing,
					    json_string(cosigner)) == 0);
	}
	nem_tx_payment_hash(&hash, tx);
	hex_put(id, bytes_of(hash.b, sizeof hash.b));
	nem_address_from_key(&initiator, &tx->head.signer, tx->head.network);
	clock_text(until, nem_time_to_unix_ms(tx->head.deadline_nem_s));
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:[]}", "payment", id, "deadline", until,
			 "initiator", initiator.text, "signed", done, "missing", missing, "nodes");
}

/* The same wrapper in another pool: cosignatures may have reached one and not the other. */
static json_t *listed(json_t *list, json_t *one)
{
	size_t i;
	json_t *known;

	json_array_foreach(list, i, known)
	{
		if (json_equal(json_object_get(known, "payment"),
			       json_object_get(one, "payment")) &&
		    json_equal(json_object_get(known, "initiator"),
			       json_object_get(one, "initiator")) &&
		    json_equal(json_object_get(known, "signed"), json_object_get(one, "signed"))) {
			return known;
		}
	}
	CHECK(json_array_append(list, one) == 0);
	return json_array_get(list, json_array_size(list) - 1);
}

/* What waits in one node's pool, added to the list. */
static void pool_of(json_t *list, const json_t *control, const struct nem_address *address,
		    uint8_t network, const char *node, const json_t *reply, size_t *unread)
{
	static struct nem_tx tx;
	const json_t *data = json_object_get(reply, "data");

	for (size_t i = 0; i < json_array_size(data); i++) {
		struct nem_address from;
		json_t *one;

		if (nem_json_unconfirmed_read(&tx, network, json_array_get(data, i), NULL) !=
		    ERR_OK) {
			*unread += 1;
			continue;
		}
		if (tx.type != NEM_MULTISIG) {
			continue;
		}
		nem_address_from_key(&from, &tx.multisig.inner.head.signer, network);
		if (!nem_address_eq(&from, address)) {
			continue;
		}
		one = waiting(control, &tx);
		CHECK(one != NULL &&
		      json_array_append_new(json_object_get(listed(list, one), "nodes"),
					    json_string(node)) == 0);
		json_decref(one);
	}
}

/* Changes of control are modifications that the account signs, or its cosigners for it. */
static bool changes_control(const json_t *tx, const struct nem_address *address, uint8_t network)
{
	const json_t *inner = json_object_get(tx, "otherTrans");
	const char *signer;
	struct nem_address of;
	struct key32 key;

	if (inner != NULL) {
		tx = inner;
	}
	signer = json_string_value(json_object_get(tx, "signer"));
	if (json_integer_value(json_object_get(tx, "type")) != NEM_MODIFICATION || signer == NULL ||
	    hex_get(key.b, sizeof key.b, bytes_str(signer), HEX_ANY_CASE) != ERR_OK) {
		return false;
	}
	nem_address_from_key(&of, &key, network);
	return nem_address_eq(&of, address);
}

/*
 * How many blocks of this node stand on the last change of the account's control, as far as that
 * matters: UNDO_BLOCKS when it can no longer be undone.  -1: it does not say.
 */
static int64_t control_depth(const struct cli_nodes *p, uint32_t node,
			     const struct nem_address *address)
{
	int64_t top = (int64_t)height_of(p, node), depth = -1, id = 0;
	bool more = top > 0;

	for (unsigned page = 0; more && depth < 0 && page < PAGES_MAX; page++) {
		char path[160];
		const json_t *data;
		json_t *reply = NULL;
		size_t i;
		json_t *one;

		(void)snprintf(path, sizeof path, "/account/transfers/all?address=%s",
			       address->text);
		if (page > 0) {
			(void)snprintf(path + strlen(path), sizeof path - strlen(path),
				       "&id=%" PRId64, id);
		}
		if (cli_nem_ask_200(p->c, p->name[node], path, NULL, &reply) != 0) {
			return -1;
		}
		data = json_object_get(reply, "data");
		more = json_array_size(data) > 0;
		json_array_foreach(data, i, one)
		{
			const json_t *meta = json_object_get(one, "meta");
			int64_t height = json_integer_value(json_object_get(meta, "height"));

			id = json_integer_value(json_object_get(meta, "id"));
			if (height < 1 || height > top) {
				continue; /* newer than the height that it gave */
			}
			if (top - height >= UNDO_BLOCKS) {
				depth = UNDO_BLOCKS;
			} else if (changes_control(json_object_get(one, "transaction"), address,
						   p->network)) {
				depth = top - height;
			}
			if (depth >= 0) {
				break;
			}
		}
		json_decref(reply);
	}
	return depth;
}

/* By the word of the most careful of those who know the account; -1: one of them does not say. */
static int64_t least_depth(const struct cli_nodes *p, const struct nem_address *address,
			   json_t *const answers[NEM_NODES_MAX])
{
	int64_t least = UNDO_BLOCKS;

	for (uint32_t i = 0; i < p->s.n; i++) {
		int64_t depth = answers[i] != NULL ? control_depth(p, i, address) : least;

		least = depth < least ? depth : least;
	}
	return least;
}

static void print_depth(int64_t depth)
{
	if (depth >= UNDO_BLOCKS) {
		printf(_("who controls it can no longer be undone\n"));
	} else if (depth >= 0) {
		printf(_("careful: who controls it was settled %" PRId64
			 " blocks ago and can be undone until it is %d: put no coins there yet\n"),
		       depth, UNDO_BLOCKS);
	} else {
		printf(
		    _("careful: not every node says since when it is controlled so: put no coins "
		      "there yet\n"));
	}
}

static void print_waiting(const json_t *one, size_t nodes)
{
	const json_t *missing = json_object_get(one, "missing");
	const json_t *in = json_object_get(one, "nodes");

	printf(_("waits      %s until %s\n"), json_string_value(json_object_get(one, "payment")),
	       json_string_value(json_object_get(one, "deadline")));
	printf(_("  proposed by %s\n"), json_string_value(json_object_get(one, "initiator")));
	for (size_t i = 0; i < json_array_size(missing); i++) {
		printf(_("  not yet signed by %s\n"),
		       json_string_value(json_array_get(missing, i)));
	}
	if (json_array_size(in) < nodes) {
		printf(_("  only in the pool of"));
		for (size_t i = 0; i < json_array_size(in); i++) {
			printf(" %s", json_string_value(json_array_get(in, i)));
		}
		printf("\n");
	}
}

static void print_multisig(const struct cli *c, const struct nem_address *address, json_t *control,
			   json_t *list, size_t nodes, size_t unread, int64_t depth)
{
	const json_t *cosigners = json_object_get(control, "cosignatories");
	json_int_t minimum = json_integer_value(json_object_get(control, "minimum"));
	size_t n = json_array_size(cosigners);

	if (c->json) {
		json_t *j = json_pack("{s:s,s:i,s:I,s:O,s:b,s:O,s:i}", "address", address->text,
				      "cosigners", (int)n, "minimum", minimum, "cosignatories",
				      cosigners, "control_final", n > 0 && depth >= UNDO_BLOCKS,
				      "waiting", list, "unread", (int)unread);

		CHECK(j != NULL);
		(void)json_dumpf(j, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(j);
		return;
	}
	if (n == 0) {
		printf(_("%s is no multisig account\n"), address->text);
		return;
	}
	printf(_("%s needs %lld of %zu\n"), address->text, (long long)minimum, n);
	for (size_t i = 0; i < n; i++) {
		printf(_("cosigner   %s\n"), json_string_value(json_array_get(cosigners, i)));
	}
	if (n == (size_t)minimum) {
		printf(_("careful: every key is needed; one that is lost locks the account for "
			 "ever\n"));
	}
	print_depth(depth);
	for (size_t i = 0; i < json_array_size(list); i++) {
		print_waiting(json_array_get(list, i), nodes);
	}
	if (json_array_size(list) == 0) {
		printf(_("nothing waits in %s\n"),
		       nodes == 1 ? _("this node's pool") : _("their pools"));
	}
	if (unread > 0) {
		printf(_("%zu more in the pools could not be read\n"), unread);
	}
}

/* The account as each node has it; answers[i] NULL, and said why, where there is none. */
static void ask_control(const struct cli_nodes *p, const struct nem_address *address,
			json_t *answers[NEM_NODES_MAX])
{
	char path[128];

	(void)snprintf(path, sizeof path, "/account/get?address=%s", address->text);
	for (uint32_t i = 0; i < p->s.n; i++) {
		json_t *j = NULL;

		if (cli_nem_ask_200(p->c, p->name[i], path, NULL, &j) == 0) {
			answers[i] = control_of(j, p->network);
			if (answers[i] == NULL) {
				(void)cli_fail(ERR_NODE, "%s: its answer is no account",
					       p->name[i]);
			}
		}
		json_decref(j);
	}
}

static int multisig_status(const struct cli *c, const char *text, const char *const *names,
			   size_t n)
{
	static struct cli_nodes p;
	struct nem_address address = { .text = "" };
	const char *why = "";
	char path[128];
	json_t *answers[NEM_NODES_MAX] = { NULL }, *list = json_array();
	size_t unread = 0, place = 0;
	enum err e;
	int code = cli_nodes_open(&p, c, names, n);

	CHECK(list != NULL);
	if (code == 0) {
		e = nem_address_normalise(&address, p.network, bytes_str(text), &why);
		code = e == ERR_OK ? 0 : cli_fail(e, "%.64s: %s", text, words_of(why));
	}
	if (code == 0) {
		ask_control(&p, &address, answers);
		code = cli_nodes_same(&p, answers, &place);
	}
	(void)snprintf(path, sizeof path, "/account/unconfirmedTransactions?address=%s",
		       address.text);
	for (uint32_t i = 0; code == 0 && i < p.s.n; i++) {
		json_t *reply = NULL;

		if (answers[i] != NULL && cli_nem_ask_200(c, p.name[i], path, NULL, &reply) == 0) {
			pool_of(list, answers[place], &address, p.network, p.name[i], reply,
				&unread);
		}
		json_decref(reply);
	}
	if (code == 0) {
		bool shared = json_array_size(json_object_get(answers[place], "cosignatories")) > 0;

		print_multisig(c, &address, answers[place], list, n, unread,
			       shared ? least_depth(&p, &address, answers) : 0);
	}
	for (size_t i = 0; i < NEM_NODES_MAX; i++) {
		json_decref(answers[i]);
	}
	json_decref(list);
	return code;
}

/* ---- the same for who asks about many ---- */

/* Of one node: has anything been signed for the account but changes of its own control? */
static bool was_used(const struct cli_nodes *p, uint32_t node, const struct nem_address *address)
{
	char path[160];
	json_t *reply = NULL, *one;
	bool used;
	size_t i;

	(void)snprintf(path, sizeof path, "/account/transfers/outgoing?address=%s", address->text);
	used = cli_nem_ask_200(p->c, p->name[node], path, NULL, &reply) != 0;
	json_array_foreach(json_object_get(reply, "data"), i, one)
	{
		const json_t *tx = json_object_get(one, "transaction");

		used = used || json_object_get(tx, "otherTrans") != NULL ||
		       !changes_control(tx, address, p->network);
	}
	json_decref(reply);
	return used;
}

/* Control and balance as one answer, so that enough nodes must say both alike; NULL: none. */
static json_t *whole_answer(const struct cli_nodes *p, uint32_t node, const char *path)
{
	json_t *j = NULL, *control = NULL, *balance;

	if (cli_nem_ask_200(p->c, p->name[node], path, NULL, &j) == 0) {
		control = control_of(j, p->network);
		balance = json_object_get(json_object_get(j, "account"), "balance");
		if (control == NULL || !json_is_integer(balance) ||
		    json_integer_value(balance) < 0) {
			(void)cli_fail(ERR_NODE, "%s: its answer is no account", p->name[node]);
			json_decref(control);
			control = NULL;
		} else {
			CHECK(json_object_set(control, "balance", balance) == 0);
		}
	}
	json_decref(j);
	return control;
}

static void control_take(struct cli_control *out, const json_t *answer, uint8_t network)
{
	const json_t *list = json_object_get(answer, "cosignatories");

	memset(out, 0, sizeof *out);
	out->micro = (uint64_t)json_integer_value(json_object_get(answer, "balance"));
	out->control.n = (uint8_t)json_array_size(list);
	out->control.min = (uint8_t)json_integer_value(json_object_get(answer, "minimum"));
	for (size_t i = 0; i < out->control.n; i++) {
		/* control_of() has read them, and put them in order */
		CHECK(nem_address_parse(&out->control.cosigner[i], network,
					bytes_str(json_string_value(json_array_get(list, i))),
					NULL) == ERR_OK);
	}
}

int cli_nodes_control(struct cli_nodes *p, const struct nem_address *address,
		      struct cli_control *out)
{
	json_t *answers[NEM_NODES_MAX] = { NULL };
	char path[128];
	size_t place = 0;
	int code;

	(void)snprintf(path, sizeof path, "/account/get?address=%s", address->text);
	for (uint32_t i = 0; i < p->s.n; i++) {
		answers[i] = whole_answer(p, i, path);
	}
	code = cli_nodes_same(p, answers, &place);
	if (code == 0) {
		control_take(out, answers[place], p->network);
		out->depth = nem_multisig_is(&out->control) ? least_depth(p, address, answers) : 0;
		for (uint32_t i = 0; i < p->s.n && nem_multisig_is(&out->control); i++) {
			out->used = out->used || (answers[i] != NULL && was_used(p, i, address));
		}
	}
	for (size_t i = 0; i < NEM_NODES_MAX; i++) {
		json_decref(answers[i]);
	}
	return code;
}

int cli_nem_multisig(struct cli *c, const char *const *w, size_t n)
{
	if (n >= 3 && strcmp(w[0], "status") == 0) {
		return multisig_status(c, w[1], w + 2, n - 2);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori nem multisig status ADDRESS HOST:PORT...");
}
