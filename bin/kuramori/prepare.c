/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare.c - `kuramori prepare`: accounts become boxes (docs/ceremony.md).  Conversions that were
 * signed without network are judged and handed to nodes, followed until no block can be undone
 * that they stand in, and only then is an account called a box.
 *
 * Nothing of the progress is kept: it is asked anew each time, from nodes of which enough must say
 * the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_prepare.h"
#include "io/clock.h"
#include "io/drills.h"
#include "nem_ask.h"
#include "refill.h"

enum { UNIT_BYTES_MAX = COLD_CONVERSIONS_MAX * 2 * (NEM_ANNOUNCE_BYTES_MAX + 128) };

static struct preparing {
	struct cold_rules rules;
	struct cli_nodes nodes;
	size_t n; /* accounts of genesis, boxes first */
	struct nem_address address[COLD_BOXES_MAX];
	struct cold_prepared seen[COLD_BOXES_MAX];
	enum cold_prepared_state state[COLD_BOXES_MAX];
	size_t count[COLD_PREPARED_FILLED + 1];
	/* of a file of conversions */
	size_t conversions;
	struct nem_tx tx[COLD_CONVERSIONS_MAX];
	unsigned place[COLD_CONVERSIONS_MAX];
} k;

/* ---- drills -------------------------------------------------------------------------------- */

static void tell_drill(const char *file, const struct policy_verdict *v)
{
	(void)fprintf(stderr, _("kuramori: note: %s does not count: %s: %s\n"), file, v->field,
		      words_of(v->words));
}

int cli_drills_judge(const struct cli *c, const struct cold_rules *rules)
{
	struct policy_verdict v;

	if (c->drill_folder[0] == '\0') {
		return cli_fail(ERR_CONFIG,
				"drill_folder is missing: without valid drills of the holders no "
				"box gets anything");
	}
	v = drills_judge(c->drill_folder, rules, clock_wall_ms(), tell_drill);
	return v.err == ERR_OK
		   ? 0
		   : cli_fail(v.err, "%s: %s (%u of %u)", c->drill_folder, words_of(v.words),
			      (unsigned)v.figure, (unsigned)rules->genesis.recovery.needed);
}

/* ---- what nodes say ------------------------------------------------------------------------ */

static int look_at(size_t i)
{
	struct cli_control said;
	int code = cli_nodes_control(&k.nodes, &k.address[i], &said);

	if (code == 0) {
		k.seen[i] = (struct cold_prepared){
			.control = said.control,
			.micro = said.micro,
			.depth = said.depth < 0 ? 0 : (uint64_t)said.depth,
			.depth_known = said.depth >= 0,
			.used = said.used,
		};
		k.state[i] = cold_prepared_state(&k.rules, &k.seen[i]);
	}
	return code;
}

static int look(void)
{
	int code = 0;

	memset(k.count, 0, sizeof k.count);
	for (size_t i = 0; code == 0 && i < k.n; i++) {
		code = look_at(i);
		k.count[k.state[i]]++;
	}
	return code;
}

static int begin(struct cli *c, const char *const *nodes, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	const struct doc_genesis *g = &c->genesis;
	size_t size = 0;
	int code = cli_refill_rules(c, &k.rules, raw, &size);

	if (code == 0) {
		code = cli_nodes_open(&k.nodes, c, nodes, n);
	}
	if (code == 0 && k.nodes.network != k.rules.network) {
		code = cli_fail(ERR_NETWORK, "network: genesis is of another one");
	}
	for (size_t i = 0; code == 0 && i < g->box_count + g->spare_count; i++) {
		const struct doc_address *a =
		    i < g->box_count ? &g->boxes[i] : &g->spares[i - g->box_count];

		if (nem_address_parse(&k.address[k.n++], k.rules.network, bytes_str(a->text),
				      NULL) != ERR_OK) {
			code = cli_fail(ERR_ADDRESS, "genesis: %s", a->text);
		}
	}
	return code;
}

/* ---- what is shown ------------------------------------------------------------------------- */

static const char *state_words(enum cold_prepared_state s)
{
	static const char *const words[] = {
		[COLD_PREPARED_UNPAID] = N_("lacks the fee of its conversion"),
		[COLD_PREPARED_PAID] = N_("not converted yet"),
		[COLD_PREPARED_FOREIGN] = N_("others than the holding's holders control it"),
		[COLD_PREPARED_USED] = N_("used"),
		[COLD_PREPARED_YOUNG] = N_("converted, can still be undone"),
		[COLD_PREPARED_READY] = N_("a box, empty"),
		[COLD_PREPARED_FILLED] = N_("a box, filled"),
	};

	return words_of(words[s]);
}

static void print_one(size_t i)
{
	char grouped[48];

	cli_grouped(grouped, k.address[i].text);
	printf("%4zu  %s  %s", i + 1, grouped, state_words(k.state[i]));
	if (k.state[i] == COLD_PREPARED_YOUNG && k.seen[i].depth_known) {
		printf(_(": %" PRIu64 " of %d blocks"), k.seen[i].depth, NEM_FOLLOW_REWRITE_MAX);
	}
	printf("\n");
}

/* One thing at a time: what stands in the way of the others comes first. */
static void print_next(void)
{
	if (k.count[COLD_PREPARED_FOREIGN] > 0) {
		printf(_("next: call an officer. %zu are under the control of others than this "
			 "holding's holders: former ones (docs/rotation.md), or somebody who had "
			 "the batch; no coin goes there\n"),
		       k.count[COLD_PREPARED_FOREIGN]);
	}
	if (k.count[COLD_PREPARED_UNPAID] > 0) {
		printf(_("next: send 0.5 XEM, and no more, to each of the %zu that lack the fee of "
			 "their conversion, if they are to be converted now\n"),
		       k.count[COLD_PREPARED_UNPAID]);
	}
	if (k.count[COLD_PREPARED_PAID] > 0) {
		printf(_("next: kuramori prepare announce UNIT for the %zu that have their fee\n"),
		       k.count[COLD_PREPARED_PAID]);
	}
	if (k.count[COLD_PREPARED_YOUNG] > 0) {
		printf(_("next: wait, or kuramori prepare follow; send nothing to the %zu that can "
			 "still be undone, and keep the batch's old file\n"),
		       k.count[COLD_PREPARED_YOUNG]);
	}
	if (k.count[COLD_PREPARED_READY] > 0) {
		printf(_("next: %zu are boxes and empty; ask for each with kuramori prepare name "
			 "before coins are sent there\n"),
		       k.count[COLD_PREPARED_READY]);
	}
}

static void print_json(void)
{
	static const char *const names[] = {
		[COLD_PREPARED_UNPAID] = "unpaid",   [COLD_PREPARED_PAID] = "paid",
		[COLD_PREPARED_FOREIGN] = "foreign", [COLD_PREPARED_USED] = "used",
		[COLD_PREPARED_YOUNG] = "young",     [COLD_PREPARED_READY] = "ready",
		[COLD_PREPARED_FILLED] = "filled",
	};

	printf("{\"accounts\":["); /* not words */
	for (size_t i = 0; i < k.n; i++) {
		/* not words */
		printf("%s{\"address\":\"%s\",\"depth\":%" PRIu64 ",\"state\":\"%s\"}",
		       i == 0 ? "" : ",", k.address[i].text, k.seen[i].depth, names[k.state[i]]);
	}
	printf("]}\n"); /* not words */
}

static void print_all(const struct cli *c)
{
	if (c->json) {
		print_json();
		return;
	}
	for (size_t i = 0; i < k.n; i++) {
		print_one(i);
	}
	print_next();
}

/* ---- announcing ---------------------------------------------------------------------------- */

/* One line of the file; any_day: its own may be over.  0 or an exit code. */
static int line_read(const char *path, size_t number, const char *line, size_t n, bool any_day)
{
	static uint8_t raw[NEM_ANNOUNCE_BYTES_MAX];
	json_t *j = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	struct nem_tx *tx = &k.tx[k.conversions];
	struct sig64 signature;
	const char *where = "";
	struct policy_verdict v;
	size_t size = 0;
	enum err e =
	    j == NULL ? ERR_INPUT : nem_json_announce_read(raw, &size, &signature, j, &where);

	json_decref(j);
	if (e == ERR_OK) {
		e = nem_tx_decode(tx, k.rules.network, bytes_of(raw, size), NEM_SIGNING);
	}
	if (e == ERR_OK) {
		tx->signature = signature;
		e = nem_tx_verify(tx);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s, line %zu: nothing was announced", path, number);
	}
	v = cold_prepare_judge(&k.place[k.conversions], &k.rules, tx,
			       any_day ? nem_time_to_unix_ms(tx->head.time_nem_s)
				       : clock_wall_ms());
	for (size_t i = 0; v.err == ERR_OK && i < k.conversions; i++) {
		if (k.place[i] == k.place[k.conversions]) {
			return cli_fail(ERR_ONCE,
					"%s, line %zu: an account stands twice; nothing "
					"was announced",
					path, number);
		}
	}
	k.conversions++;
	return v.err == ERR_OK ? 0
			       : cli_fail(v.err, "%s, line %zu: %s: %s; nothing was announced",
					  path, number, v.field, words_of(v.words));
}

static int unit_read(const char *path, bool any_day)
{
	static uint8_t text[UNIT_BYTES_MAX];
	size_t n = 0, at = 0, number = 0;
	int code = cli_read(path, text, sizeof text, &n);

	while (code == 0 && at < n) {
		const uint8_t *end = memchr(text + at, '\n', n - at);
		size_t size = (end == NULL ? n : (size_t)(end - text)) - at;

		number++;
		if (k.conversions == COLD_CONVERSIONS_MAX) {
			return cli_fail(ERR_TOO_LARGE, "%s: more than %d conversions", path,
					COLD_CONVERSIONS_MAX);
		}
		code = line_read(path, number, (const char *)text + at, size, any_day);
		at += size + 1;
	}
	return code == 0 && k.conversions == 0 ? cli_fail(ERR_INPUT, "%s: no conversion", path)
					       : code;
}

/* To every node; false: none of them took it. */
static bool hand_out(const struct nem_tx *tx)
{
	json_t *body = nem_json_announce(tx);
	bool taken = false;

	CHECK(body != NULL); /* it was read from such a one */
	for (uint32_t i = 0; i < k.nodes.s.n; i++) {
		enum nem_result result = NEM_NEUTRAL;
		struct hash32 hash;
		bool has_hash;
		json_t *j = NULL;

		if (cli_nem_ask_200(k.nodes.c, k.nodes.name[i], "/transaction/announce", body,
				    &j) == 0 &&
		    nem_json_result_read(&result, &hash, &has_hash, j, NULL) == ERR_OK) {
			if (result == NEM_SUCCESS || result == NEM_NEUTRAL) {
				taken = true;
			} else {
				(void)cli_fail(ERR_STATE, "%s refused it: %d %s", k.nodes.name[i],
					       (int)result, nem_result_name((int)result));
			}
		}
		json_decref(j);
	}
	json_decref(body);
	return taken;
}

static int announce(struct cli *c, const char *path, const char *const *nodes, size_t n)
{
	size_t sent = 0, unpaid = 0, done = 0, refused = 0;
	int code = begin(c, nodes, n);

	if (code == 0) {
		code = unit_read(path, false);
	}
	for (size_t i = 0; code == 0 && i < k.conversions; i++) {
		size_t at = k.place[i] - 1;

		code = look_at(at);
		if (code != 0) {
			break;
		}
		if (k.state[at] == COLD_PREPARED_UNPAID) {
			unpaid++;
		} else if (k.state[at] != COLD_PREPARED_PAID) {
			done++;
		} else if (c->dry_run || hand_out(&k.tx[i])) {
			sent++;
		} else {
			refused++;
			(void)cli_fail(ERR_STATE, "%s, line %zu: no node took it", path, i + 1);
		}
		if (!c->json) {
			print_one(at);
		}
	}
	if (code != 0) {
		return code;
	}
	if (c->json) {
		/* not words */
		printf("{\"announced\":%zu,\"unpaid\":%zu,\"refused\":%zu,\"done\":%zu,"
		       "\"dry_run\":%s}\n",
		       sent, unpaid, refused, done, c->dry_run ? "true" : "false");
		return unpaid + refused == 0 ? 0 : err_exit(ERR_STATE);
	}
	printf(c->dry_run ? _("tried only: %zu would be announced\n") : _("%zu announced\n"), sent);
	if (unpaid > 0) {
		return cli_fail(ERR_FUNDS,
				"%zu lack the fee of their conversion: send 0.5 XEM to each and "
				"announce the same file again",
				unpaid);
	}
	if (refused > 0) {
		return cli_fail(ERR_STATE,
				"no node took %zu: announce the same file again, and "
				"see kuramori prepare status",
				refused);
	}
	printf(
	    c->dry_run
		? _("next: the same without --dry-run, within a day of kuramori-cold convert\n")
		: _("next: kuramori prepare follow UNIT HOST:PORT..., until none can be undone\n"));
	return 0;
}

/* ---- following, naming --------------------------------------------------------------------- */

/* The accounts of the file, as they are now; *least: how deep the youngest is.  0 or an exit code.
 */
static int look_at_unit(uint64_t *least, size_t *not_yet, size_t *young)
{
	int code = 0;

	*least = NEM_FOLLOW_REWRITE_MAX;
	*not_yet = *young = 0;
	for (size_t i = 0; code == 0 && i < k.conversions; i++) {
		size_t at = k.place[i] - 1;

		code = look_at(at);
		*not_yet +=
		    k.state[at] == COLD_PREPARED_UNPAID || k.state[at] == COLD_PREPARED_PAID;
		if (k.state[at] == COLD_PREPARED_YOUNG) {
			*young += 1;
			*least = k.seen[at].depth < *least ? k.seen[at].depth : *least;
		}
	}
	return code;
}

static int follow(struct cli *c, const char *path, const char *const *nodes, size_t n)
{
	uint64_t until = clock_mono_ms() + c->wait_s * 1000, told = UINT64_MAX, least;
	size_t not_yet, young;
	int code = begin(c, nodes, n);

	if (code == 0) {
		code = unit_read(path, true);
	}
	while (code == 0) {
		code = look_at_unit(&least, &not_yet, &young);
		if (code != 0 || not_yet + young == 0) {
			break;
		}
		if (least + not_yet != told && !c->json) {
			printf(_("%zu in no block yet, %zu can be undone, the youngest is %" PRIu64
				 " blocks deep\n"),
			       not_yet, young, least);
			(void)fflush(stdout);
			told = least + not_yet;
		}
		if (clock_mono_ms() >= until) {
			return cli_fail(ERR_TIMEOUT, "not all are boxes yet: follow again");
		}
		if (!cli_nem_wait()) {
			return cli_fail(ERR_STOPPING, "nobody follows the conversions any more");
		}
	}
	for (size_t i = 0; code == 0 && i < k.conversions; i++) {
		if (!c->json) {
			print_one(k.place[i] - 1);
		}
		if (k.state[k.place[i] - 1] == COLD_PREPARED_FOREIGN ||
		    k.state[k.place[i] - 1] == COLD_PREPARED_USED) {
			code = cli_fail(ERR_MISMATCH, "%s: %s", k.address[k.place[i] - 1].text,
					state_words(k.state[k.place[i] - 1]));
		}
	}
	if (code == 0) {
		printf(c->json ? "{\"boxes\":%zu}\n"
			       : _("%zu are boxes; destroy every copy of the batch's old file\n"),
		       k.conversions);
	}
	return code;
}

static int status(struct cli *c, const char *const *nodes, size_t n)
{
	int code = begin(c, nodes, n);

	if (code == 0) {
		code = look();
	}
	if (code == 0) {
		print_all(c);
	}
	return code;
}

static int name(struct cli *c, const char *text, const char *const *nodes, size_t n)
{
	struct nem_address a;
	unsigned place;
	int code = begin(c, nodes, n);

	if (code != 0) {
		return code;
	}
	if (nem_address_normalise(&a, k.rules.network, bytes_str(text), NULL) != ERR_OK) {
		return cli_fail(ERR_ADDRESS, "no address of this network: %.80s", text);
	}
	place = cold_account_place(&k.rules, &a);
	if (place == 0) {
		return cli_fail(ERR_POLICY, "%s is no box and no spare box of genesis", a.text);
	}
	code = cli_drills_judge(c, &k.rules);
	if (code == 0) {
		code = look_at(place - 1);
	}
	if (code != 0) {
		return code;
	}
	if (k.state[place - 1] != COLD_PREPARED_READY) {
		return cli_fail(ERR_STATE, "%s: %s; send nothing there", a.text,
				state_words(k.state[place - 1]));
	}
	if (c->json) {
		printf("{\"box\":\"%s\",\"number\":%u}\n", a.text, place); /* not words */
	} else {
		print_one(place - 1);
	}
	return 0;
}

int cli_prepare(struct cli *c, const char *const *words, size_t n)
{
	if (n >= 3 && strcmp(words[0], "announce") == 0) {
		return announce(c, words[1], words + 2, n - 2);
	}
	if (n >= 2 && strcmp(words[0], "status") == 0) {
		return status(c, words + 1, n - 1);
	}
	if (n >= 3 && strcmp(words[0], "follow") == 0) {
		return follow(c, words[1], words + 2, n - 2);
	}
	if (n >= 3 && strcmp(words[0], "name") == 0) {
		return name(c, words[1], words + 2, n - 2);
	}
	return cli_fail(
	    ERR_USAGE, "it is: kuramori prepare announce UNIT HOST:PORT..., kuramori prepare "
		       "follow UNIT HOST:PORT..., kuramori prepare status HOST:PORT... or kuramori "
		       "prepare name ADDRESS HOST:PORT...");
}
