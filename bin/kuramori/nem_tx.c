/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions of NEM: built from the JSON of NIS, shown with every effect, signed, verified,
 * announced.  What comes out of one command goes into the next one's standard input.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_announce.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/loop.h"
#include "nem_ask.h"
#include "nem_words.h"

enum {
	INPUT_MAX = 262144,
	DEADLINE_S = 3600,
	FEE_TIMES_UNUSUAL = 10,
	POLL_MS = 1000,
};

struct input {
	struct nem_tx tx;
	bool is_signed;
};

static const char *type_name(enum nem_type type)
{
	switch (type) {
	case NEM_TRANSFER:
		return N_("transfer");
	case NEM_IMPORTANCE:
		return N_("importance transfer");
	case NEM_MODIFICATION:
		return N_("aggregate modification");
	case NEM_COSIGNATURE:
		return N_("cosignature");
	case NEM_MULTISIG:
		return N_("multisig");
	case NEM_NAMESPACE:
		return N_("provision of a namespace");
	case NEM_DEFINITION:
		return N_("mosaic definition");
	case NEM_SUPPLY:
		return N_("mosaic supply change");
	}
	CHECK(false); /* a type without a name */
	return NULL;
}

/* ---- reading ---- */

static int read_raw(const char *path, char *text, size_t *n)
{
	int code = cli_read(path, (uint8_t *)text, INPUT_MAX - 1, n);

	while (code == 0 && *n > 0 && strchr(" \t\r\n", text[*n - 1]) != NULL) {
		*n -= 1;
	}
	text[code == 0 ? *n : 0] = '\0';
	return code;
}

static int read_hex(uint8_t network, const char *text, size_t n, struct input *out)
{
	static uint8_t raw[NEM_TX_BYTES_MAX];
	enum err e;

	if (n == 0 || n % 2 != 0 || n / 2 > sizeof raw ||
	    hex_get(raw, n / 2, bytes_of(text, n), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_INPUT,
				"this is neither a JSON object nor the hexadecimal digits of a "
				"transaction of at most %d bytes",
				NEM_TX_BYTES_MAX);
	}
	/* The two forms cannot be confused: only one has a signature where the type's fields begin.
	 */
	out->is_signed =
	    nem_tx_decode(&out->tx, network, bytes_of(raw, n / 2), NEM_SIGNED) == ERR_OK;
	if (out->is_signed) {
		return 0;
	}
	e = nem_tx_decode(&out->tx, network, bytes_of(raw, n / 2), NEM_SIGNING);
	return e == ERR_OK ? 0
			   : cli_fail(e, "%zu bytes that are no transaction of %s", n / 2,
				      nem_network_name(network));
}

/* What /transaction/announce takes. */
static int read_announce(uint8_t network, const json_t *j, struct input *out)
{
	static uint8_t raw[NEM_ANNOUNCE_BYTES_MAX];
	struct sig64 signature;
	const char *where = "";
	size_t n = 0;
	enum err e = nem_json_announce_read(raw, &n, &signature, j, &where);

	if (e != ERR_OK) {
		return cli_fail(e, "%s", where);
	}
	e = nem_tx_decode(&out->tx, network, bytes_of(raw, n), NEM_SIGNING);
	if (e != ERR_OK) {
		return cli_fail(e, "data: no transaction of %s", nem_network_name(network));
	}
	out->tx.signature = signature;
	out->is_signed = true;
	return 0;
}

static int read_json(uint8_t network, const json_t *j, struct input *out)
{
	const json_t *inside = json_object_get(j, "transaction");
	const char *where = "";
	enum err e;

	if (json_is_object(inside)) {
		j = inside;
	}
	if (json_object_get(j, "data") != NULL) {
		return read_announce(network, j, out);
	}
	out->is_signed = json_object_get(j, "signature") != NULL;
	e = nem_json_tx_read(&out->tx, network, j, out->is_signed ? NEM_SIGNED : NEM_SIGNING,
			     &where);
	return e == ERR_OK ? 0 : cli_fail(e, "%s", where == NULL ? "transaction" : where);
}

static int load(const char *text, size_t n, json_t **out)
{
	json_error_t error;

	*out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	return *out != NULL ? 0
			    : cli_fail(ERR_INPUT, "line %d, column %d: %s", error.line,
				       error.column, error.text);
}

static int read_input(const struct cli *c, const char *path, struct input *out)
{
	static char text[INPUT_MAX];
	uint8_t network = 0;
	json_t *j = NULL;
	size_t n = 0;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = read_raw(path, text, &n);
	}
	if (code != 0) {
		return code;
	}
	if (text[0] != '{') {
		return read_hex(network, text, n, out);
	}
	code = load(text, n, &j);
	if (code == 0) {
		code = read_json(network, j, out);
	}
	json_decref(j);
	return code;
}

/* ---- building ---- */

static int print_json(const struct cli *c, json_t *j)
{
	if (j == NULL) {
		return cli_fail(ERR_AMOUNT, "an amount or fee is more than NIS can write");
	}
	(void)json_dumpf(j, stdout, c->json ? JSON_COMPACT : JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(j);
	return 0;
}

/* Times that are missing; whether the fee is missing, too. */
static bool fill(json_t *o, uint32_t now_nem_s)
{
	bool no_fee = json_object_get(o, "fee") == NULL;
	json_int_t time;

	if (json_object_get(o, "timeStamp") == NULL) {
		CHECK(json_object_set_new(o, "timeStamp", json_integer(now_nem_s)) == 0);
	}
	time = json_integer_value(json_object_get(o, "timeStamp"));
	if (json_object_get(o, "deadline") == NULL && time >= 0 && time <= NEM_TIME_MAX_S) {
		CHECK(json_object_set_new(o, "deadline", json_integer(time + DEADLINE_S)) == 0);
	}
	if (no_fee) {
		CHECK(json_object_set_new(o, "fee", json_integer(0)) == 0);
	}
	return no_fee;
}

static int least_fees(struct nem_tx *tx, bool outer, bool inner)
{
	const struct nem_mosaic_id *unknown = NULL;
	enum err e = ERR_OK;

	if (inner) {
		e = nem_fee_minimum_of_inner(&tx->multisig.inner.head.fee_micro,
					     &tx->multisig.inner, NULL, &unknown);
	}
	if (e == ERR_OK && outer) {
		e = nem_fee_minimum_of(&tx->head.fee_micro, tx, NULL, &unknown);
	}
	return e == ERR_OK ? 0
			   : cli_fail(e, "fee: the least fee depends on a mosaic that only a node "
					 "knows; write the fee yourself");
}

/* What is missing is filled in, and it is put into NIS's one form.  Takes j. */
static int complete(const struct cli *c, uint8_t network, json_t *j)
{
	static struct nem_tx tx;
	const char *where = "";
	json_t *other;
	bool outer = false, inner = false;
	uint32_t now = 0;
	enum err e;
	int code;

	if (nem_time_from_unix_ms(&now, clock_wall_ms()) != ERR_OK) {
		json_decref(j);
		return cli_fail(ERR_CLOCK, "this machine's clock is not in the time of NEM");
	}
	if (json_is_object(j)) {
		other = json_object_get(j, "otherTrans");
		inner = json_is_object(other) && fill(other, now);
		outer = fill(j, now);
	}
	e = nem_json_tx_read_any_order(&tx, network, j, &where);
	json_decref(j);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", where == NULL ? "transaction" : where);
	}
	code = least_fees(&tx, outer, inner && tx.type == NEM_MULTISIG);
	return code != 0 ? code : print_json(c, nem_json_tx(&tx, NEM_SIGNING));
}

static int build(const struct cli *c, const char *path)
{
	static char text[INPUT_MAX];
	json_t *j = NULL;
	uint8_t network = 0;
	size_t n = 0;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = read_raw(path, text, &n);
	}
	if (code == 0) {
		code = load(text, n, &j);
	}
	return code != 0 ? code : complete(c, network, j);
}

static int build_words(const struct cli *c, const char *const *words, size_t n)
{
	json_t *j = NULL;
	uint8_t network = 0;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = cli_nem_words(c, network, words, n, &j);
	}
	return code != 0 ? code : complete(c, network, j);
}

/* ---- showing ---- */

/* One effect as a sentence: the whole addresses, so that nothing hides in the middle. */
static void effect_words(const struct cli *c, char *out, size_t cap,
			 const struct chain_effects *all, const struct chain_effect *e)
{
	char from[48], to[48], amount[64], token[CHAIN_TOKEN_MAX + 1] = "", id[65];

	cli_grouped(from, e->from.text);
	cli_grouped(to, e->to.text);
	cli_xem(amount, sizeof amount, &e->amount);
	if (e->token < all->tokens) {
		cli_ascii(token, sizeof token, bytes_str(all->token[e->token].name));
	}
	switch (e->kind) {
	case CHAIN_MOVE:
		(void)snprintf(out, cap, cli_words(c, "%s loses %s to %s"), from, amount, to);
		return;
	case CHAIN_FEE:
		(void)snprintf(out, cap, cli_words(c, "%s loses %s to whoever makes the block"),
			       from, amount);
		return;
	case CHAIN_HOLDER_ADD:
		(void)snprintf(out, cap, cli_words(c, "%s can from then on be moved by %s"), from,
			       to);
		return;
	case CHAIN_HOLDER_REMOVE:
		(void)snprintf(out, cap, cli_words(c, "%s can no longer be moved by %s"), from, to);
		return;
	case CHAIN_THRESHOLD:
		(void)snprintf(out, cap, cli_words(c, "%s needs %+" PRId32 " signatures"), from,
			       e->change);
		return;
	case CHAIN_CONSENT:
		hex_put(id, bytes_of(all->payment.b, sizeof all->payment.b));
		(void)snprintf(out, cap, cli_words(c, "%s agrees that %s does %s"), to, from, id);
		return;
	case CHAIN_TOKEN_MOVE:
		(void)snprintf(out, cap,
			       cli_words(c, "%s loses %" PRIu64 " smallest units of %s to %s"),
			       from, e->quantity, token, to);
		return;
	case CHAIN_TOKEN_MINT:
		(void)snprintf(out, cap, cli_words(c, "%s makes %" PRIu64 " whole units of %s"),
			       from, e->quantity, token);
		return;
	case CHAIN_TOKEN_BURN:
		(void)snprintf(out, cap, cli_words(c, "%s destroys %" PRIu64 " whole units of %s"),
			       from, e->quantity, token);
		return;
	case CHAIN_TOKEN_DEFINE:
		(void)snprintf(out, cap, cli_words(c, "%s defines %s, %" PRIu64 " whole units%s%s"),
			       from, token, e->quantity,
			       to[0] == '\0' ? "" : cli_words(c, "; each move pays a levy to "),
			       to);
		return;
	case CHAIN_NAME:
		(void)snprintf(out, cap, cli_words(c, "%s rents the name %s"), from, token);
		return;
	case CHAIN_DELEGATE:
		(void)snprintf(out, cap, cli_words(c, "%s may harvest for %s"), to, from);
		return;
	case CHAIN_UNDELEGATE:
		(void)snprintf(out, cap, cli_words(c, "%s may no longer harvest for %s"), to, from);
		return;
	case CHAIN_LEVY_UNKNOWN:
		(void)snprintf(
		    out, cap,
		    cli_words(c, "%s may besides pay a levy of %s, which only a node knows"), from,
		    token);
		return;
	}
	CHECK(false); /* a kind without words */
}

static void time_words(char out[CLOCK_TEXT_MAX], uint32_t nem_s)
{
	clock_text(out, nem_time_to_unix_ms(nem_s));
}

static const char *signature_words(const struct input *in)
{
	if (!in->is_signed) {
		return N_("none");
	}
	return nem_tx_verify(&in->tx) == ERR_OK ? N_("verifies") : N_("DOES NOT VERIFY");
}

static json_t *effects_json(const struct cli *c, const struct chain_effects *effects)
{
	json_t *list = json_array();
	char words[512];

	CHECK(list != NULL);
	for (size_t i = 0; i < effects->n; i++) {
		const struct chain_effect *e = &effects->effect[i];
		char micro[MONEY_TEXT_MAX] = "0";

		if (e->kind == CHAIN_MOVE || e->kind == CHAIN_FEE) {
			money_put(micro, &e->amount);
		}
		effect_words(c, words, sizeof words, effects, e);
		CHECK(json_array_append_new(
			  list, json_pack("{s:s,s:s,s:s,s:s}", "from", e->from.text, "to",
					  e->to.text, "micro_xem", micro, "words", words)) == 0);
	}
	return list;
}

static int decode(const struct cli *c, const char *path)
{
	static struct input in;
	static struct chain_effects effects;
	struct nem_address signer;
	struct hash32 hash;
	char id[65], payment[65], grouped[48], made[CLOCK_TEXT_MAX], deadline[CLOCK_TEXT_MAX];
	char words[512];
	enum err e;
	int code = read_input(c, path, &in);

	if (code != 0) {
		return code;
	}
	e = nem_effects_list_seen(&effects, &in.tx);
	if (e != ERR_OK) {
		return cli_fail(e, "its effects cannot be told, so it is refused");
	}
	nem_tx_hash(&hash, &in.tx);
	hex_put(id, bytes_of(hash.b, sizeof hash.b));
	nem_tx_payment_hash(&hash, &in.tx);
	hex_put(payment, bytes_of(hash.b, sizeof hash.b));
	nem_address_from_key(&signer, &in.tx.head.signer, in.tx.head.network);
	time_words(made, in.tx.head.time_nem_s);
	time_words(deadline, in.tx.head.deadline_nem_s);
	if (c->json) {
		return print_json(
		    c, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "type",
				 type_name(in.tx.type), "hash", id, "payment", payment, "signer",
				 signer.text, "time", made, "deadline", deadline, "signature",
				 signature_words(&in), "effects", effects_json(c, &effects),
				 "transaction",
				 nem_json_tx(&in.tx, in.is_signed ? NEM_SIGNED : NEM_SIGNING)));
	}
	cli_grouped(grouped, signer.text);
	printf(_("%s, version %u, %s\n"), words_of(type_name(in.tx.type)), in.tx.head.version,
	       nem_network_name(in.tx.head.network));
	if (in.tx.type == NEM_MULTISIG) {
		printf(_("inside     %s, %u cosignatures attached\n"),
		       words_of(type_name(in.tx.multisig.inner.type)), in.tx.multisig.n);
	}
	printf(_("hash       %s\n"), id);
	if (strcmp(id, payment) != 0) {
		printf(_("payment    %s\n"), payment);
	}
	printf(_("signer     %s\nmade       %s\ndeadline   %s\nsignature  %s\nEffects:\n"), grouped,
	       made, deadline, words_of(signature_words(&in)));
	for (size_t i = 0; i < effects.n; i++) {
		effect_words(c, words, sizeof words, &effects, &effects.effect[i]);
		printf("  %s\n", words);
	}
	return 0;
}

/* ---- signing ---- */

/* What a person should know before a signature that nothing forbids. */
static void warn(const struct nem_tx *tx)
{
	static struct chain_effects effects;
	uint64_t total = 0, least = nem_fee_minimum(tx);

	if (tx->type == NEM_MULTISIG) {
		least += nem_fee_minimum_inner(&tx->multisig.inner);
	}
	if (nem_fee_total(&total, tx) != ERR_OK || total / FEE_TIMES_UNUSUAL >= least) {
		(void)fprintf(stderr,
			      _("kuramori: note: the fees are %" PRIu64 " micro-XEM, the least "
				"possible %" PRIu64 "\n"),
			      total, least);
	}
	if (nem_effects_list(&effects, tx) == ERR_ASSET) {
		(void)fprintf(stderr, _("kuramori: note: it moves a mosaic whose levy, if it has "
					"one, only a node knows\n"));
	}
}

static int sign(const struct cli *c, const char *path)
{
	static struct input in;
	struct edk_secret secret = { .scalar = { 0 } };
	enum err e;
	int code;

	if (c->nem_key_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "say with --nem-key-file which key signs");
	}
	if (strcmp(c->nem_key_file, "-") == 0 && strcmp(path, "-") == 0) {
		return cli_fail(ERR_USAGE, "key and transaction cannot both be standard input");
	}
	code = read_input(c, path, &in);
	if (code == 0 && nem_fee_check(&in.tx) != ERR_OK) {
		code = cli_fail(ERR_FIELD_RANGE,
				"fee: below the least that nodes take, or a cosignature's above "
				"its most; leave `fee` out of what you build");
	}
	if (code == 0) {
		code = cli_nem_key(c->nem_key_file, &secret);
	}
	if (code != 0) {
		return code;
	}
	warn(&in.tx);
	e = nem_tx_sign(&in.tx, &secret);
	edk_secret_wipe(&secret);
	if (e == ERR_KEY) {
		return cli_fail(e, "%s is not the key of the transaction's signer",
				c->nem_key_file);
	}
	return e == ERR_OK ? print_json(c, nem_json_tx(&in.tx, NEM_SIGNED))
			   : cli_fail(e, "not signed");
}

static int verify(const struct cli *c, const char *path, struct input *in)
{
	enum err e;
	int code = read_input(c, path, in);

	if (code != 0) {
		return code;
	}
	if (!in->is_signed) {
		return cli_fail(ERR_UNSIGNED, "%s", path);
	}
	e = nem_tx_verify(&in->tx);
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

static int verify_and_say(const struct cli *c, const char *path)
{
	static struct input in;
	int code = verify(c, path, &in);

	if (code == 0) {
		printf(c->json ? "{\"verifies\":true,\"cosignatures\":%u}\n"
			       : _("the signature verifies, and %u cosignatures\n"),
		       in.tx.type == NEM_MULTISIG ? in.tx.multisig.n : 0U);
	}
	return code;
}

/* ---- announcing ---- */

/* What is being watched: the transaction, the nodes, and the chain that they agree on. */
struct watched {
	struct cli_nodes nodes;
	struct nem_announce announce;
	struct nem_follow follow;
	uint8_t raw[NEM_BLOCK_BYTES_MAX]; /* the block in hand */
};

/* The agreed block at this height, in w->raw.  0 or an exit code. */
static int agreed_block(struct watched *w, uint64_t height, struct bytes *form)
{
	static struct nem_question q;
	enum err e = cli_nodes_block(&w->nodes, &q, height, w->raw, form);

	return e == ERR_OK ? 0
			   : cli_fail(e == ERR_WAIT ? ERR_UNREACHABLE : e,
				      "block %" PRIu64 ": fewer than %u nodes say the same", height,
				      w->nodes.s.k);
}

/* Begins where the transaction cannot be yet: a block more than ten seconds older than it. */
static int begin(struct watched *w, const struct nem_tx *tx)
{
	struct nem_follow_at at = { .height = 0 };
	struct bytes form = { NULL, 0 };
	struct nem_block block;
	int code;

	cli_nodes_heights(&w->nodes);
	code = cli_nodes_agreed(&w->nodes, &at.height);
	for (;;) {
		if (code == 0) {
			code = agreed_block(w, at.height, &form);
		}
		if (code != 0) {
			return code;
		}
		CHECK(nem_block_decode(&block, tx->head.network, form) == ERR_OK);
		if (at.height == 1 ||
		    block.head.time_nem_s + NEM_TIME_FUTURE_MAX_S < tx->head.time_nem_s) {
			break;
		}
		at.height--;
	}
	at.time_nem_s = block.head.time_nem_s;
	nem_block_hash(&at.hash, &block);
	nem_follow_init(&w->follow, tx->head.network, &at);
	return nem_announce_init(&w->announce, tx, w->nodes.s.n, at.height) == ERR_OK
		   ? 0
		   : cli_fail(ERR_TOO_LARGE, "it is longer than a node reads (%d bytes)",
			      NEM_ANNOUNCE_BYTES_MAX);
}

/* One agreed block into what is known.  0 or an exit code. */
static int take(struct watched *w, struct bytes form)
{
	struct nem_follow_verdict verdict;
	struct nem_block block;
	enum err e = nem_follow_offer(&w->follow, &verdict, &block, form);

	if (e == ERR_OK && verdict.kind == NEM_FOLLOW_FORK) {
		e = nem_announce_undo(&w->announce, verdict.ancestor.height);
	}
	if (e == ERR_OK &&
	    (verdict.kind == NEM_FOLLOW_EXTENDS || verdict.kind == NEM_FOLLOW_FORK)) {
		e = nem_announce_block(&w->announce, &block);
	}
	return e == ERR_OK ? 0
			   : cli_fail(e == ERR_STATE ? e : ERR_NODE,
				      "the agreed block %" PRIu64 " does not follow from the chain",
				      nem_follow_want(&w->follow));
}

/* Every agreed block that is not known yet, up to the one that has the transaction. */
static int catch_up(struct watched *w)
{
	uint64_t agreed = 0;

	cli_nodes_heights(&w->nodes);
	/* Fewer than enough answer just now: there is still time. */
	if (nem_nodes_agreed_height(&agreed, &w->nodes.s) != ERR_OK) {
		return 0;
	}
	nem_follow_node_height(&w->follow, agreed);
	while (nem_follow_want(&w->follow) <= agreed &&
	       nem_announce_state(&w->announce) < NEM_ANNOUNCE_CONFIRMED) {
		static struct nem_question q;
		struct bytes form = { NULL, 0 };
		int code;

		/* They may be between two forks: next time. */
		if (cli_nodes_block(&w->nodes, &q, nem_follow_want(&w->follow), w->raw, &form) !=
		    ERR_OK) {
			return 0;
		}
		code = take(w, form);
		if (code != 0) {
			return code;
		}
	}
	return 0;
}

/* Hands it to every node and notes what each said.  0, or an exit code if none took it. */
static int hand_out(struct watched *w, const struct nem_tx *tx)
{
	json_t *body = nem_json_announce(tx);

	CHECK(body != NULL); /* nem_announce_init() has measured it */
	for (uint32_t i = 0; i < w->nodes.s.n; i++) {
		const char *name = w->nodes.name[i];
		enum nem_result result = NEM_NEUTRAL;
		struct hash32 hash;
		bool has_hash = false;
		json_t *j = NULL;

		if (cli_nem_ask_200(w->nodes.c, name, "/transaction/announce", body, &j) != 0) {
			continue;
		}
		if (nem_json_result_read(&result, &hash, &has_hash, j, NULL) != ERR_OK ||
		    nem_announce_result(&w->announce, i, result, has_hash ? &hash : NULL) !=
			ERR_OK) {
			(void)cli_fail(ERR_NODE, "%s: no result, or one of another transaction",
				       name);
		} else if (result != NEM_SUCCESS && result != NEM_NEUTRAL) {
			(void)cli_fail(ERR_STATE, "%s refused it: %d %s", name, (int)result,
				       nem_result_name((int)result));
		}
		json_decref(j);
	}
	json_decref(body);
	return nem_announce_state(&w->announce) != NEM_ANNOUNCE_OPEN
		   ? 0
		   : cli_fail(ERR_STATE, "no node took it");
}

static void end_loop(void *loop)
{
	loop_end(loop);
}

bool cli_nem_wait(void)
{
	static struct loop l;
	struct loop_timer timer = { .on = end_loop, .ctx = &l };
	bool go_on;

	if (loop_init(&l) != ERR_OK) {
		return false;
	}
	loop_timer_set(&l, &timer, POLL_MS, 0);
	go_on = loop_run(&l) == ERR_OK && !l.stopping;
	loop_close(&l);
	return go_on;
}

/* Until it is in an agreed block or can be in none.  0 or an exit code. */
static int watch(struct watched *w, const char *id)
{
	uint64_t until = clock_mono_ms() + w->nodes.c->wait_s * 1000;

	for (;;) {
		int code = catch_up(w);

		if (code != 0) {
			return code;
		}
		switch (nem_announce_state(&w->announce)) {
		case NEM_ANNOUNCE_CONFIRMED:
		case NEM_ANNOUNCE_BURIED:
			printf(w->nodes.c->json ? "{\"hash\":\"%s\",\"height\":%" PRIu64 "}\n"
						: _("%s stands in block %" PRIu64 "\n"),
			       id, w->announce.in_height);
			return 0;
		case NEM_ANNOUNCE_EXPIRED:
		case NEM_ANNOUNCE_DEAD:
			return cli_fail(ERR_EXPIRED,
					"%s: block %" PRIu64 " is beyond its deadline and it is in "
					"none; a rollback of up to 360 blocks could still bring it",
					id, w->announce.past_height);
		case NEM_ANNOUNCE_OPEN:
		case NEM_ANNOUNCE_ACCEPTED:
			break;
		}
		if (clock_mono_ms() >= until) {
			return cli_fail(ERR_TIMEOUT,
					"%s: taken, but in no agreed block after %" PRIu64 " s; it "
					"may still come until its deadline: do not send another",
					id, w->nodes.c->wait_s);
		}
		if (!cli_nem_wait()) {
			return cli_fail(ERR_STOPPING, "%s: taken; nobody waited for its block", id);
		}
	}
}

static int announce(const struct cli *c, const char *path, const char *const *names, size_t n)
{
	static struct input in;
	static struct watched w;
	struct hash32 hash;
	char id[65];
	int code = verify(c, path, &in);

	if (code == 0) {
		code = cli_nodes_open(&w.nodes, c, names, n);
	}
	if (code == 0) {
		code = begin(&w, &in.tx);
	}
	/* It may stand in a block already: announcing again is asking what became of it. */
	if (code == 0) {
		code = catch_up(&w);
	}
	if (code == 0 && nem_announce_state(&w.announce) < NEM_ANNOUNCE_CONFIRMED) {
		code = hand_out(&w, &in.tx);
	}
	if (code != 0) {
		return code;
	}
	nem_tx_hash(&hash, &in.tx);
	hex_put(id, bytes_of(hash.b, sizeof hash.b));
	/* A cosignature has no place of its own in a block: it hangs on its wrapper. */
	if (in.tx.type == NEM_COSIGNATURE) {
		printf(c->json ? "{\"hash\":\"%s\"}\n"
			       : _("%s taken; it goes into a block with its wrapper\n"),
		       id);
		return 0;
	}
	return watch(&w, id);
}

/* One cosignature to every node; what a node thinks of it shows in the wrapper's block. */
static int hand_out_cosignature(struct watched *w, const struct nem_tx *cosignature)
{
	json_t *body = nem_json_announce(cosignature);
	unsigned took = 0;

	CHECK(body != NULL); /* no cosignature is longer than a node reads */
	for (uint32_t i = 0; i < w->nodes.s.n; i++) {
		json_t *j = NULL;

		if (cli_nem_ask_200(w->nodes.c, w->nodes.name[i], "/transaction/announce", body,
				    &j) == 0) {
			took++;
		}
		json_decref(j);
	}
	json_decref(body);
	return took > 0 ? 0 : cli_fail(ERR_STATE, "no node took a cosignature");
}

int cli_nem_announce_unit(const struct cli *c, const struct nem_tx *unit, const char *const *names,
			  size_t n)
{
	static struct watched w;
	static struct nem_tx one;
	struct hash32 hash;
	char id[65];
	int code = cli_nodes_open(&w.nodes, c, names, n);

	one = *unit;
	one.multisig.n = 0;
	if (code == 0) {
		code = begin(&w, &one);
	}
	if (code == 0) {
		code = catch_up(&w);
	}
	if (code == 0 && nem_announce_state(&w.announce) < NEM_ANNOUNCE_CONFIRMED) {
		code = hand_out(&w, &one);
		for (uint8_t i = 0; code == 0 && i < unit->multisig.n; i++) {
			nem_tx_from_attached(&one, &unit->multisig.cosignature[i]);
			code = hand_out_cosignature(&w, &one);
		}
	}
	if (code != 0) {
		return code;
	}
	nem_tx_hash(&hash, unit);
	hex_put(id, bytes_of(hash.b, sizeof hash.b));
	return watch(&w, id);
}

int cli_nem_tx(struct cli *c, const char *const *w, size_t n)
{
	if (n == 2 && strcmp(w[0], "build") == 0) {
		return build(c, w[1]);
	}
	if (n >= 3 && strcmp(w[0], "build") == 0) {
		return build_words(c, w + 1, n - 1);
	}
	if (n == 2 && strcmp(w[0], "decode") == 0) {
		return decode(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "sign") == 0) {
		return sign(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "verify") == 0) {
		return verify_and_say(c, w[1]);
	}
	if (n >= 3 && strcmp(w[0], "announce") == 0) {
		return announce(c, w[1], w + 2, n - 2);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori nem tx build|decode|sign|verify FILE|-, "
				   "kuramori nem tx build TYPE NAME=VALUE... or "
				   "kuramori nem tx announce FILE|- HOST:PORT...");
}
