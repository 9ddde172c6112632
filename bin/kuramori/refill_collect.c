/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refill_collect.c - `kuramori refill collect` and `kuramori refill status`: answers of cold
 * holders are verified, every watcher is told of them, and only then is the unit, built again from
 * the refill and the answers alone, handed to nodes: who is not told calls it a theft and freezes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_time.h"
#include "cold/cold.h"
#include "io/clock.h"
#include "io/unix.h"
#include "nem.h"
#include "refill.h"

enum { FILES_MAX = 1 + DOC_HOLDERS_MAX, NODES_MAX = 8 };

/* The refill at hand and what holders have answered. */
static struct collected {
	struct cold_rules rules;
	struct cold_plan plan;
	uint8_t holding[DOC_BYTES_MAX];
	size_t holding_n;
	uint8_t raw[FILES_MAX][COLD_REFILL_BYTES_MAX]; /* the refill, then answers */
	size_t raw_n[FILES_MAX];
	size_t files;
	struct doc_answer answer[DOC_HOLDERS_MAX];
	const char *node[NODES_MAX];
	size_t nodes;
} k;

const char cli_holding_else[] =
    N_("the others still take answers under the holding before; tell them again when all are well");

/* ---- files --------------------------------------------------------------------------------- */

static int take_file(const char *path)
{
	struct doc_answer *a;
	const struct doc_holder *who;
	struct policy_verdict v;
	struct bytes raw;
	int code;

	if (k.files == FILES_MAX) {
		return cli_fail(ERR_TOO_LARGE, "%s: more answers than holders", path);
	}
	code = cli_read(path, k.raw[k.files], sizeof k.raw[0], &k.raw_n[k.files]);
	if (code != 0) {
		return code;
	}
	raw = bytes_of(k.raw[k.files], k.raw_n[k.files]);
	if (k.files == 0) {
		v = cold_plan_open(&k.plan, &k.rules, raw);
	} else {
		a = &k.answer[k.files - 1];
		v = cold_plan_answer(&k.plan, &k.rules, raw, a, &who);
		if (v.err == ERR_OK && !hash32_eq(&a->holding, &k.rules.holding_id)) {
			return cli_fail(ERR_MISMATCH, "%s: given under another holding than %s",
					path, "holding_file");
		}
	}
	k.files++;
	return v.err == ERR_OK ? 0
			       : cli_fail(v.err, "%s: %s: %s", path, v.field, words_of(v.words));
}

/* The refill, its answers, and node=HOST:PORT, in any order behind the refill. */
static int words_read(struct cli *c, const char *const *words, size_t n)
{
	int code = cli_refill_rules(c, &k.rules, k.holding, &k.holding_n);

	for (size_t i = 0; code == 0 && i < n; i++) {
		if (strncmp(words[i], "old=", 4) == 0) {
			code = cli_refill_old(c, &k.rules, words[i] + 4);
		}
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		if (strncmp(words[i], "old=", 4) == 0) {
			continue;
		}
		if (strncmp(words[i], "node=", 5) != 0) {
			code = take_file(words[i]);
		} else if (k.nodes == NODES_MAX) {
			code = cli_fail(ERR_USAGE, "more nodes than %d", NODES_MAX);
		} else {
			k.node[k.nodes++] = words[i] + 5;
		}
	}
	return code == 0 && k.files == 0 ? cli_fail(ERR_USAGE, "name the refill's file") : code;
}

static void answers_print(const struct cli *c)
{
	size_t answers = k.files - 1;
	char label[160];

	for (size_t i = 0; !c->json && i < answers; i++) {
		const struct doc_answer *a = &k.answer[i];

		printf(_("%s answer %" PRIu64 " of %s\n"),
		       words_column(label, sizeof label,
				    a->kind == DOC_ATTEST_WRAP ? _("wraps, last") : _("cosigns"),
				    16),
		       a->sequence, a->holder);
	}
	if (!c->json) {
		printf(_("%zu of %zu have answered\n"), answers, k.plan.refill.cosigner_count + 1);
	}
}

/* ---- watchers ------------------------------------------------------------------------------ */

static const struct key32 *watcher_key(const struct cli *c, const char *id)
{
	for (size_t i = 0; i < c->roster.watcher_count; i++) {
		if (strcmp(c->roster.watchers[i].id, id) == 0) {
			return &c->roster.watchers[i].key;
		}
	}
	return NULL;
}

/* Why the watcher at this socket has not got it, or NULL; *holder: who has it. */
static const char *reply_read(const struct cli *c, struct bytes body, const struct hash32 *id,
			      char holder[DOC_NAME_MAX + 1], char why[CLI_WORDS_MAX])
{
	struct frame_items items = frame_items_make(body);
	struct doc_receipt receipt;
	struct doc_refusal refusal;
	const struct key32 *key;
	struct bytes item;
	struct doc d;

	if (!frame_items_next(&items, &item) ||
	    doc_open(&d, item, &c->genesis_id, NULL) != ERR_OK) {
		return cli_words(c, N_("an answer that makes no sense"));
	}
	if (d.type == DOC_REFUSAL && doc_refusal_read(&d, &refusal, NULL) == ERR_OK) {
		char clean[CLI_WORDS_MAX];

		cli_ascii(clean, sizeof clean, bytes_str(refusal.detail));
		(void)snprintf(why, CLI_WORDS_MAX, "%.64s: %.400s", refusal.field,
			       cli_words(c, clean));
		return why;
	}
	if (d.type != DOC_RECEIPT || doc_receipt_read(&d, &receipt, NULL) != ERR_OK ||
	    !hash32_eq(&receipt.document, id)) {
		return cli_words(c, N_("an answer that is no receipt for this document"));
	}
	key = watcher_key(c, receipt.holder);
	if (key == NULL || !doc_signed_by(&d, key)) {
		return cli_words(c, N_("a receipt whose signature does not verify"));
	}
	(void)snprintf(holder, DOC_NAME_MAX + 1, "%s", receipt.holder);
	return NULL;
}

int cli_refill_tell(const struct cli *c, const struct bytes *items, size_t n,
		    const struct hash32 *id, const char *else_words)
{
	static uint8_t request[FRAME_BYTES_MAX], reply[FRAME_BYTES_MAX];
	struct frame_builder b = frame_begin(request, sizeof request, WATCHER_REFILL, 1);
	struct gate_table table;
	struct bytes bytes;
	unsigned asked = 0, have = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		frame_add(&b, items[i]);
	}
	e = frame_end(&b, &bytes);
	if (e != ERR_OK) {
		return cli_fail(e, "the refill with its answers is too large for one message");
	}
	msgs_watcher_table(&table);
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		char holder[DOC_NAME_MAX + 1] = "";
		char room[CLI_WORDS_MAX];
		const char *path = c->stop_socket[i];
		const char *why;
		struct frame f;

		if (path[0] == '\0') {
			continue;
		}
		e = unix_ask(&table, path, bytes, reply, sizeof reply, c->timeout_ms, &f);
		if (e != ERR_OK && cli_is_signer(c, path)) {
			continue;
		}
		asked++;
		why = e == ERR_OK ? reply_read(c, f.body, id, holder, room)
				  : cli_words(c, err_words(e));
		have += why == NULL;
		if (why != NULL) {
			(void)fprintf(stderr, _("kuramori: %s does not have it: %s\n"), path, why);
		} else if (!c->json) {
			printf(_("  %-16s has it, receipt verified\n"), holder);
		}
	}
	if (have == asked && have >= c->roster.watchers_needed) {
		return 0;
	}
	return cli_fail(ERR_UNREACHABLE, "%u of %u watchers have it: %s", have, asked,
			words_of(else_words));
}

/* ---- the commands -------------------------------------------------------------------------- */

int cli_refill_collect(struct cli *c, const char *const *words, size_t n)
{
	struct bytes items[1 + FILES_MAX];
	char hex[65];
	int code = words_read(c, words, n);

	if (code == 0 && k.files < 2) {
		code = cli_fail(ERR_USAGE, "name the holders' answers behind the refill");
	}
	if (code != 0) {
		return code;
	}
	answers_print(c);
	(void)fflush(stdout);
	items[0] = bytes_of(k.holding, k.holding_n);
	for (size_t i = 0; i < k.files; i++) {
		items[1 + i] = bytes_of(k.raw[i], k.raw_n[i]);
	}
	code = cli_refill_tell(c, items, 1 + k.files, &k.plan.refill_id,
			       N_("nothing is announced, since who does not know it would call it "
				  "a theft; collect it again when all are well"));
	if (code != 0) {
		return code;
	}
	if (!cold_plan_complete(&k.plan)) {
		return cli_fail(ERR_APPROVALS, "answers are missing: nothing can be announced yet");
	}
	hex_put(hex, bytes_of(k.plan.inner_hash.b, sizeof k.plan.inner_hash.b));
	if (k.nodes == 0) {
		if (!c->json) {
			printf(_("all watchers know payment %s; announce it with node=HOST:PORT\n"),
			       hex);
		}
		return 0;
	}
	return cli_nem_announce_unit(c, &k.plan.unit, k.node, k.nodes);
}

int cli_refill_holding(struct cli *c)
{
	struct bytes item;
	int code = cli_refill_rules(c, &k.rules, k.holding, &k.holding_n);

	if (code != 0) {
		return code;
	}
	if (!c->json) {
		printf(_("holding %" PRIu64 "\n"), k.rules.holding.number);
		(void)fflush(stdout);
	}
	item = bytes_of(k.holding, k.holding_n);
	return cli_refill_tell(c, &item, 1, &k.rules.holding_id, cli_holding_else);
}

/* What became of it by the watchers' word. */
static const char *state_words(const struct doc_tallied *a)
{
	if (!money_is_zero(&a->spent)) {
		return N_("coins have left the box: a refill of it is in a block");
	}
	return a->open != 0 ? N_("signed and in no block yet") : N_("no watcher knows of it yet");
}

int cli_refill_status(struct cli *c, const char *const *words, size_t n)
{
	uint64_t now_ms = clock_wall_ms();
	uint64_t end_ms;
	struct nem_address box;
	const struct doc_tallied *a;
	int code = words_read(c, words, n);

	if (code == 0) {
		nem_address_from_key(&box, &k.plan.refill.account, k.rules.network);
		code = cli_tallies_fetch(c, &box, 1, false);
	}
	if (code != 0) {
		return code;
	}
	a = &cli_tallies.list[0].tally.accounts[0];
	end_ms = nem_time_to_unix_ms((uint32_t)k.plan.refill.deadline_nem_s);
	if (c->json) {
		/* not words */
		printf("{\"answers\":%zu,\"needed\":%zu,\"complete\":%s,\"left_s\":%" PRIu64
		       ",\"in_block\":%s,\"open\":%" PRIu64 "}\n",
		       k.files - 1, k.plan.refill.cosigner_count + 1,
		       cold_plan_complete(&k.plan) ? "true" : "false",
		       end_ms > now_ms ? (end_ms - now_ms) / 1000 : 0,
		       money_is_zero(&a->spent) ? "false" : "true", a->open);
		return 0;
	}
	answers_print(c);
	if (end_ms > now_ms) {
		printf(_("its day ends in %" PRIu64 " minutes\n"), (end_ms - now_ms) / 60000);
	} else {
		printf(_("its day is over: nobody signs it any more\n"));
	}
	printf("%s\n", words_of(state_words(a)));
	return 0;
}
