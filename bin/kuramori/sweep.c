/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c - `kuramori sweep`: do hot accounts hold more than the policy's ceiling, and which
 * reserve purse goes whole to its spare box (docs/ceremony.md, policy/ceiling.h).
 *
 * What is asked for is a closing of that purse, which an officer signs; amount, destination and
 * fees of the move follow by rule, and signers and watchers judge them as of every closing.  So
 * whoever lies to this program can have a purse taken home too early, and nothing else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli.h"
#include "policy/ceiling.h"
#include "policy_command.h"
#include "refill.h"

enum {
	ROUNDS_MAX = 5, /* looks at everything, until all of one are of the same height */
};

static struct look {
	struct ceiling_account account[DOC_HOT_MAX];
	struct nem_address address[DOC_HOT_MAX];
	uint64_t cold_micro;
	uint64_t unknown; /* cold accounts of which nobody says what they hold */
	uint64_t low, high;
	struct ceiling_choice choice;
} k;

/* ---- which policy -------------------------------------------------------------------------- */

/* The number of the policy that the watcher at this socket goes by; 0: not known. */
static uint64_t in_force(const struct cli *c, const char *path)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	static struct doc_status s;
	struct frame_items items;
	struct frame f;
	struct bytes item;
	struct doc d;

	if (cli_ask_stop(c->timeout_ms, path, SIGNER_STATUS, bytes_of(NULL, 0), reply, sizeof reply,
			 &f) != ERR_OK) {
		return 0;
	}
	items = frame_items_make(f.body);
	if (!frame_items_next(&items, &item) ||
	    doc_open(&d, item, &c->genesis_id, NULL) != ERR_OK || d.type != DOC_STATUS ||
	    doc_status_read(&d, &s, NULL) != ERR_OK) {
		return 0;
	}
	for (size_t i = 0; i < s.detail_count; i++) {
		const char *policy = strstr(s.detail[i].value, " policy ");

		if (strcmp(s.detail[i].name, "rules") == 0 && policy != NULL) {
			return strtoull(policy + strlen(" policy "), NULL, 10);
		}
	}
	return 0;
}

/* The policy of policy_file, if it is what everybody who answers goes by.  0 or an exit code. */
static int policy_take(struct cli *c, struct doc_policy *p)
{
	struct doc d;
	int code = cli_policy_in_force(c, &d, p);

	if (code != 0) {
		return code;
	}
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		uint64_t number = c->stop_socket[i][0] == '\0' ? 0 : in_force(c, c->stop_socket[i]);

		if (number != 0 && number != p->number) {
			return cli_fail(ERR_STALE,
					"%s is policy %" PRIu64 ", and %s goes by %" PRIu64
					": take the one that is in force",
					c->policy_file, p->number, c->stop_socket[i], number);
		}
	}
	return 0;
}

/* ---- what watchers say --------------------------------------------------------------------- */

static uint64_t micro_of(const struct money *m)
{
	uint64_t out;

	return money_u64(&out, m) == ERR_OK ? out : UINT64_MAX;
}

/* By all of them: the least and the most that the at-th account of the tallies holds. */
static void figures(size_t at, struct ceiling_account *out, uint64_t *most)
{
	out->micro = UINT64_MAX;
	*most = 0;
	for (size_t i = 0; i < cli_tallies.n; i++) {
		const struct doc_tally *t = &cli_tallies.list[i].tally;
		uint64_t held = micro_of(&t->accounts[at].balance);

		out->micro = held < out->micro ? held : out->micro;
		*most = held > *most ? held : *most;
		out->spent = out->spent || !money_is_zero(&t->accounts[at].spent);
		out->moving = out->moving || t->accounts[at].open != 0;
		k.low = t->height < k.low ? t->height : k.low;
		k.high = t->height > k.high ? t->height : k.high;
	}
}

static int look_hot(struct cli *c)
{
	for (size_t i = 0; i < c->genesis.hot_count; i += DOC_TALLIED_MAX) {
		size_t n = c->genesis.hot_count - i < DOC_TALLIED_MAX ? c->genesis.hot_count - i
								      : DOC_TALLIED_MAX;
		int code;

		for (size_t a = i; a < i + n; a++) {
			const struct doc_hot *hot = &c->genesis.hot[a];

			nem_address_from_key(&k.address[a], &hot->public_key,
					     (uint8_t)c->genesis.chain_network);
			k.account[a] = (struct ceiling_account){ .kind = hot->kind };
		}
		code = cli_tallies_fetch(c, &k.address[i], n, false);
		if (code != 0) {
			return code;
		}
		for (size_t a = 0; a < n; a++) {
			uint64_t most;

			figures(a, &k.account[i + a], &most);
		}
	}
	return 0;
}

/* What the box of a hot account is, if this is one. */
static void box_learn(const struct cli *c, const struct nem_address *address, uint64_t most,
		      const struct ceiling_account *box)
{
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		if (strcmp(c->genesis.hot[i].spare.text, address->text) == 0) {
			k.account[i].box_known = true;
			k.account[i].box_spent = box->spent || box->moving;
			k.account[i].box_micro = most;
		}
	}
}

static bool cold_take(struct cli *c, const struct nem_address *addresses, size_t n)
{
	if (cli_tallies_fetch(c, addresses, n, true) != 0) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct ceiling_account box = { .micro = 0 };
		uint64_t most;

		figures(i, &box, &most);
		k.cold_micro += most;
		box_learn(c, &addresses[i], most, &box);
	}
	return true;
}

/*
 * Alone.  Not counted is only what as many watchers as are needed say is under no holders' control:
 * what nobody answers, or what they differ about, would make the hot share look larger than it is.
 */
static int cold_take_one(struct cli *c, const struct nem_address *address)
{
	if (cold_take(c, address, 1)) {
		return 0;
	}
	if (cli_tallies.uncontrolled < c->roster.watchers_needed) {
		return cli_fail(ERR_UNREACHABLE,
				"%s: too few watchers say what it holds: without it nothing is "
				"judged; see `kuramori tally` and ask again",
				address->text);
	}
	k.unknown++;
	return 0;
}

/* Four at once; one by one if somebody says nothing of one of them. */
static int look_cold(struct cli *c)
{
	const size_t boxes = c->genesis.box_count;
	const size_t all = boxes + c->genesis.spare_count;
	struct nem_address some[DOC_TALLIED_MAX];
	size_t n = 0;

	for (size_t i = 0; i < all; i++) {
		const struct doc_address *a =
		    i < boxes ? &c->genesis.boxes[i] : &c->genesis.spares[i - boxes];

		if (nem_address_parse(&some[n], (uint8_t)c->genesis.chain_network,
				      bytes_str(a->text), NULL) == ERR_OK) {
			n++;
		} else {
			k.unknown++;
		}
		if (n < DOC_TALLIED_MAX && i + 1 < all) {
			continue;
		}
		if (n > 0 && !cold_take(c, some, n)) {
			for (size_t one = 0; one < n; one++) {
				int code = cold_take_one(c, &some[one]);

				if (code != 0) {
					return code;
				}
			}
		}
		n = 0;
	}
	return 0;
}

static int look(struct cli *c)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		int code;

		memset(&k, 0, sizeof k);
		k.low = UINT64_MAX;
		code = look_hot(c);
		if (code == 0) {
			code = look_cold(c);
		}
		if (code != 0) {
			return code;
		}
		if (k.low == k.high) {
			return 0;
		}
	}
	return cli_fail(ERR_WAIT, "a block came while everything was added up: ask again");
}

/* ---- what it comes to ---------------------------------------------------------------------- */

static void print_line(const char *label, uint64_t micro)
{
	char cell[160], amount[64];
	struct money m = money_of(ASSET_XEM, micro);

	cli_xem(amount, sizeof amount, &m);
	printf("%s %s\n", words_column(cell, sizeof cell, label, 16), amount);
}

static void print_address(const char *label, const char *text)
{
	char cell[160], grouped[48];

	cli_grouped(grouped, text);
	printf("%s %s\n", words_column(cell, sizeof cell, label, 16), grouped);
}

static void print_figures(const struct cli *c)
{
	const struct ceiling_choice *o = &k.choice;

	print_line(_("hot accounts"), o->hot_micro);
	print_line(_("everything"), o->all_micro);
	print_line(_("ceiling"), o->ceiling_micro);
	if (k.unknown > 0) {
		printf(_("%" PRIu64 " cold accounts are not counted: watchers say nothing of "
			 "accounts that are under no holders' control\n"),
		       k.unknown);
	}
	if (o->state == CEILING_UNDER) {
		printf(_("not above the ceiling: nothing is moved\n"));
	}
	if (o->going_micro > 0) {
		print_line(_("on its way"), o->going_micro);
	}
	if (o->state == CEILING_CHOSEN) {
		print_address(_("empties purse"), k.address[o->at].text);
		print_address(_("to"), c->genesis.hot[o->at].spare.text);
		print_line(_("then hold"), o->after_micro);
	}
	for (size_t i = 0; o->state == CEILING_NONE && i < c->genesis.hot_count; i++) {
		const char *why = ceiling_why_not(&k.account[i], o);

		if (k.account[i].micro > 0 && why != NULL) {
			printf("%s: %s\n", k.address[i].text, words_of(why));
		}
	}
}

static void print_json(const struct cli *c)
{
	static const char *const names[] = { [CEILING_UNDER] = "under",
					     [CEILING_WAITS] = "waits",
					     [CEILING_CHOSEN] = "chosen",
					     [CEILING_NONE] = "none" };
	const struct ceiling_choice *o = &k.choice;

	/* not words */
	printf("{\"state\":\"%s\",\"hot\":\"%" PRIu64 "\",\"all\":\"%" PRIu64 "\"," /* not words */
	       "\"ceiling\":\"%" PRIu64 "\",\"least\":\"%" PRIu64 "\",\"going\":\"%" PRIu64
	       "\",\"height\":%" PRIu64,
	       names[o->state], o->hot_micro, o->all_micro, o->ceiling_micro, o->least_micro,
	       o->going_micro, k.high);
	if (o->state == CEILING_CHOSEN) {
		/* not words */
		printf(",\"purse\":\"%s\",\"box\":\"%s\",\"after\":\"%" PRIu64 "\"",
		       k.address[o->at].text, c->genesis.hot[o->at].spare.text, o->after_micro);
	}
	printf("}\n");
}

/* 0 under the ceiling, else 1: a script sees that something is to be done. */
static int verdict(enum ceiling_state state)
{
	switch (state) {
	case CEILING_UNDER:
		return 0;
	case CEILING_WAITS:
		return cli_fail(ERR_WAIT, "above the ceiling until what is on its way stands in a "
					  "block");
	case CEILING_CHOSEN:
		return cli_fail(ERR_CAP, "above the ceiling: an officer moves it by `kuramori "
					 "sweep close`");
	case CEILING_NONE:
		break;
	}
	return cli_fail(ERR_CAP, "above the ceiling, and by rule no purse may go: officers decide "
				 "(`kuramori close ADDRESS`, a payment to a box, another policy)");
}

static int close_it(struct cli *c)
{
	const struct ceiling_choice *o = &k.choice;

	if (o->state != CEILING_CHOSEN) {
		return verdict(o->state);
	}
	if (c->dry_run) {
		if (!c->json) {
			printf(_("tried only: nothing was signed\n"));
		}
		return 0;
	}
	if (c->reason[0] == '\0') {
		/* a document's own words are not translated */
		(void)snprintf(c->reason, sizeof c->reason,
			       "hot ceiling: %" PRIu64 " of %" PRIu64
			       " micro-XEM are hot, and %" PRIu64 " may be", /* not words */
			       o->hot_micro, o->all_micro, o->ceiling_micro);
	}
	return cli_close_account(c, &c->genesis.hot[o->at].public_key);
}

int cli_sweep(struct cli *c, const char *what)
{
	static struct doc_policy policy;
	bool closes = strcmp(what, "close") == 0;
	int code;

	if (!closes && strcmp(what, "status") != 0) {
		return cli_fail(ERR_USAGE, "it is: kuramori sweep status, or kuramori sweep close");
	}
	code = cli_documents(c, true);
	if (code == 0) {
		code = policy_take(c, &policy);
	}
	if (code == 0) {
		code = look(c);
	}
	if (code != 0) {
		return code;
	}
	ceiling_choose(&k.choice, k.account, c->genesis.hot_count, k.cold_micro,
		       policy.hot_ceiling_bp);
	if (!c->json) {
		print_figures(c);
	} else if (!closes || c->dry_run || k.choice.state != CEILING_CHOSEN) {
		print_json(c);
	}
	return closes ? close_it(c) : verdict(k.choice.state);
}
