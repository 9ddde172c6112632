/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant.c - `kuramori policy grant`: leave to pay an address that is not listed, for a while.
 *
 * The first officer makes the file out of words, the next ones sign it (rule.c).  What has no end,
 * or would never run, is not made: a grant that everybody forgets must end by itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "books_command.h"
#include "chain/nem/nem_address.h"
#include "cli.h"
#include "io/clock.h"
#include "io/file.h"
#include "policy_command.h"

void cli_grant_print(const struct doc_grant *g)
{
	char from[CLI_MOMENT_MAX], until[CLI_MOMENT_MAX], amount[64], reason[CLI_WORDS_MAX];

	cli_moment(from, g->from_ms);
	cli_moment(until, g->until_ms);
	cli_xem(amount, sizeof amount, &g->up_to);
	cli_clean(reason, sizeof reason, bytes_str(g->reason));
	printf(_("to           %s\neach time    at most %s\nfrom         %s\nuntil        %s\n"
		 "because      %s\n"),
	       g->destination.text, amount, from, until, reason);
}

/* One of NAME=VALUE; false: wrong, and said. */
static bool word_set(struct cli *c, struct doc_grant *g, const char *word)
{
	const char *v = strchr(word, '=');
	size_t n = v == NULL ? 0 : (size_t)(v - word);
	struct nem_address to;

	v = v == NULL ? "" : v + 1;
	if (n == 2 && strncmp(word, "to", n) == 0) {
		if (nem_address_parse(&to, (uint8_t)c->genesis.chain_network, bytes_str(v), NULL) !=
		    ERR_OK) {
			(void)cli_fail(ERR_ADDRESS, "to: no address of this network: %.80s", v);
			return false;
		}
		memcpy(g->destination.text, to.text, sizeof g->destination.text);
		return true;
	}
	if (n == 5 && strncmp(word, "up_to", n) == 0) {
		if (money_parse(&g->up_to, ASSET_XEM, bytes_str(v)) == ERR_OK) {
			return true;
		}
		(void)cli_fail(ERR_AMOUNT,
			       "up_to: how much one payment may carry, in smallest units");
		return false;
	}
	if ((n == 4 && strncmp(word, "from", n) == 0 && books_time_get(&g->from_ms, v)) ||
	    (n == 5 && strncmp(word, "until", n) == 0 && books_time_get(&g->until_ms, v))) {
		return true;
	}
	(void)cli_fail(ERR_INPUT,
		       "%.80s: known are to=ADDRESS, up_to=N, from=TIME and until=TIME, and a TIME "
		       "is 2018-01-26T00:02:13Z or milliseconds since 1970",
		       word);
	return false;
}

/* 0 if it would ever run, by this machine's clock and, if it was given, the policy. */
static int would_run(struct cli *c, const struct doc_grant *g)
{
	static struct doc_policy p;
	uint64_t now_ms = clock_wall_ms();
	uint64_t begin_ms = now_ms;
	char until[CLI_MOMENT_MAX];
	struct doc d;
	int code;

	cli_moment(until, g->until_ms);
	if (c->policy_file[0] != '\0') {
		code = policy_read(c, c->policy_file, &d, &p);
		if (code != 0 || d.type != DOC_POLICY) {
			return code != 0 ? code
					 : cli_fail(ERR_TYPE, "%s is no policy", c->policy_file);
		}
		if (g->until_ms - g->from_ms > p.grant_life_max_ms) {
			return cli_fail(ERR_CAP,
					"from its begin to its end %" PRIu64
					" s; the policy (grant_life_max_ms) allows %" PRIu64
					" s: it would raise nothing",
					(g->until_ms - g->from_ms) / 1000,
					p.grant_life_max_ms / 1000);
		}
		begin_ms += p.loosening_ms;
	}
	return g->until_ms > begin_ms
		   ? 0
		   : cli_fail(ERR_EXPIRED,
			      "it ends at %s, before it could run: it waits as everything that "
			      "loosens does (loosening_ms of the policy)",
			      until);
}

static int make(struct cli *c, const char *const *words, size_t n, struct writer *w)
{
	struct doc_grant g = { .genesis = c->genesis_id, .from_ms = clock_wall_ms() };
	struct doc_fault fault = { .why = "" };
	struct hash32 id;
	enum err e;
	int code;

	for (size_t i = 0; i < n; i++) {
		if (!word_set(c, &g, words[i])) {
			return err_exit(ERR_INPUT);
		}
	}
	if (g.until_ms == 0) {
		return cli_fail(ERR_USAGE,
				"a grant without an end is none: say until=TIME, when nobody will "
				"need it any more (it can be granted again)");
	}
	if (g.destination.text[0] == '\0' || money_units(&g.up_to) == 0 || c->reason[0] == '\0') {
		return cli_fail(ERR_USAGE, "it is: kuramori policy grant FILE to=ADDRESS up_to=N "
					   "until=TIME [from=TIME] --reason TEXT");
	}
	if (g.until_ms <= g.from_ms) {
		return cli_fail(ERR_INPUT, "until: it ends before it begins");
	}
	code = would_run(c, &g);
	if (code != 0) {
		return code;
	}
	(void)snprintf(g.reason, sizeof g.reason, "%s", c->reason);
	e = doc_make(w, &id, DOC_GRANT, &g, NULL, &fault);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
}

int cli_grant(struct cli *c, const char *path, const char *const *words, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_fault fault = { .why = "" };
	struct doc_grant g;
	struct doc d;
	size_t size = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	e = file_read(path, raw, sizeof raw, &size);
	if (e == ERR_NOT_FOUND) {
		code = make(c, words, n, &w);
		size = w.n;
	} else if (e != ERR_OK) {
		code = cli_fail(e, "%s", path);
	} else if (n > 0) {
		code = cli_fail(
		    ERR_USAGE, "%s is there already: without words behind it you sign what it says",
		    path);
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, size), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = d.type == DOC_GRANT ? doc_grant_read(&d, &g, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s is no grant of this genesis: %s %s", path, fault.field,
				words_of(fault.why));
	}
	code = would_run(c, &g);
	return code != 0 ? code : cli_sign_together(c, path, &d);
}
