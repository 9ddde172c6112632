/* SPDX-License-Identifier: Apache-2.0 */
/* What NEM nodes say, side by side. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
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
		return N_("shorter than the agreed chain");
	}
	return agreed ? N_("agrees") : N_("no agreement");
}

static void print_nodes(const struct cli_nodes *p, const struct nem_question *q, bool agreed)
{
	char hash[65];

	for (uint32_t i = 0; i < p->s.n; i++) {
		hex_put(hash, bytes_of(q->hash[i].b, sizeof q->hash[i].b));
		if (!p->s.node[i].has_height) {
			printf("%-22s %s\n", p->name[i], words_of(standing(p, i, q, agreed)));
			continue;
		}
		printf(_("%-22s height %" PRIu64 ", there %.16s: %s\n"), p->name[i],
		       p->s.node[i].height, q->said[i] ? hash : _("(no such block)"),
		       words_of(standing(p, i, q, agreed)));
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
			printf(_("%u of %u agree: block %" PRIu64 " is %s\n"), p.s.k, p.s.n, height,
			       hex);
		}
		print_nodes(&p, &q, agreed);
		if (clock == ERR_OK) {
			printf(_("this clock is %" PRId64 " ms behind theirs\n"), behind_ms);
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
					words_of(nem_node_fault_words(p.s.node[i].fault)));
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
