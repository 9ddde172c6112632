/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_path.c - `kuramori trace path`: one way of the stolen coins from a seed to an address, each
 * step later than the one before: the way of the fewest transfers, or the one whose smallest step
 * is the largest.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "trace_command.h"
#include "trace_words.h"

enum { NO_STEP = -1 };

/* The best way to an account so far; how: the touched event that came last, or none at a seed. */
struct way {
	bool any;
	uint64_t narrowest; /* units of its smallest step */
	uint64_t steps;
	int64_t how;
};

static bool better(const struct way *a, const struct way *b, bool biggest)
{
	if (!b->any || !a->any) {
		return a->any && !b->any;
	}
	if (biggest && a->narrowest != b->narrowest) {
		return a->narrowest > b->narrowest;
	}
	return a->steps != b->steps ? a->steps < b->steps : a->narrowest > b->narrowest;
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

/* It went on from there or rests there. */
static bool arrived(uint8_t kind)
{
	return kind != 0 && kind != TRACE_EVAPORATED;
}

/* Seeds that count before this event: balances up to it, transfers before it. */
static void seed_ways(const struct trace_run *r, struct way *ways, size_t *next, size_t event)
{
	while (*next < r->seeds_n &&
	       r->seeds[*next].event + (r->seeds[*next].of_tx ? 1 : 0) <= event) {
		const struct trace_run_seed *s = &r->seeds[(*next)++];

		ways[trace_run_place(r, s->account)] =
		    (struct way){ .any = true, .narrowest = UINT64_MAX, .how = NO_STEP };
	}
}

static int by_event(const void *a, const void *b)
{
	const struct trace_run_seed *x = a, *y = b;
	size_t x_from = x->event + (x->of_tx ? 1 : 0), y_from = y->event + (y->of_tx ? 1 : 0);

	if (x_from != y_from) {
		return x_from < y_from ? -1 : 1;
	}
	return x->account < y->account ? -1 : x->account > y->account;
}

/*
 * Ways to every account.  before[k]: the touched event that the way of event k came from.  A way to
 * an account is only taken further by events that come later, so time never runs back.
 */
static void find_ways(struct trace_run *r, unsigned policy, bool biggest, struct way *ways,
		      int64_t *before)
{
	size_t next = 0;

	qsort(r->seeds, r->seeds_n, sizeof *r->seeds, by_event);
	for (size_t k = 0; k < r->events_n; k++) {
		const struct trace_run_move *m = trace_run_move(r, k, policy);
		size_t event = r->events[k], from, to;
		struct way now;

		seed_ways(r, ways, &next, event);
		before[k] = NO_STEP;
		from = trace_run_place(r, r->c.from[event]);
		to = trace_run_place(r, r->c.to[event]);
		if (!arrived(m->kind) || from == to || !ways[from].any) {
			continue;
		}
		now = (struct way){ .any = true,
				    .narrowest = m->units < ways[from].narrowest
						     ? m->units
						     : ways[from].narrowest,
				    .steps = ways[from].steps + 1,
				    .how = (int64_t)k };
		before[k] = ways[from].how;
		if (better(&now, &ways[to], biggest)) {
			ways[to] = now;
		}
	}
	seed_ways(r, ways, &next, SIZE_MAX);
}

static void put_step(const struct cli *c, const struct trace_run *r, unsigned policy, size_t k,
		     json_t *steps)
{
	size_t event = r->events[k];
	const struct trace_run_account *from = &r->accounts[trace_run_place(r, r->c.from[event])];
	const struct trace_run_account *to = &r->accounts[trace_run_place(r, r->c.to[event])];
	const struct trace_block *b = trace_run_block(r, event);
	uint64_t units = trace_run_move(r, k, policy)->units;
	const char *label = to->label == NULL ? "" : to->label->label;
	char time[TRACE_PICTURE_TIME_MAX], moved[CASEFILE_AMOUNT_MAX], hex[65], digits[2][24];
	json_t *o;

	hex_put(hex, bytes_of(r->view.txids + (size_t)32 * r->c.tx[event], 32));
	trace_picture_time(time, b->time_s);
	casefile_amount(moved, r->file, units);
	if (!c->json) {
		printf(_("%s UTC, height %" PRIu64 ": %s stolen, in transaction %s\n"), time,
		       b->height, moved, hex);
		printf("    %s -> %s  %s\n", from->name, to->name, label);
		return;
	}
	(void)snprintf(digits[0], sizeof digits[0], "%" PRIu64, units);
	(void)snprintf(digits[1], sizeof digits[1], "%" PRIu64, r->c.amount[event]);
	o = json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:s}", "from", from->name, "to", to->name, "tx",
		      hex, "height", (json_int_t)b->height, "time_s", (json_int_t)b->time_s,
		      "moved", digits[0], "amount", digits[1], "label", label);
	CHECK(o != NULL && json_array_append_new(steps, o) == 0);
}

/* Outpoints ("HEX:N") are taken as they are. */
static bool in_ledger(const struct trace_run *r, const char *address)
{
	static const enum columns_kind kinds[] = { COLUMNS_ADDRESS, COLUMNS_SPECIAL };

	size_t n = strlen(address);
	bool found = strchr(address, ':') != NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && n <= COLUMNS_NAME_MAX; i++) {
		const struct columns_name name = { (const uint8_t *)address, (uint8_t)n,
						   (uint8_t)kinds[i] };

		found = found || columns_view_find(&r->view, name) != COLUMNS_NAMES_NONE;
	}
	return found;
}

static int tell(const struct cli *c, struct trace_run *r, unsigned policy, bool biggest,
		const char *address)
{
	struct way *ways = room(r->accounts_n, sizeof *ways);
	int64_t *before = room(r->events_n, sizeof *before), *order, k = NO_STEP;
	const struct way *best = NULL;
	json_t *steps = json_array();
	size_t n = 0;
	int code = 0;

	CHECK(steps != NULL);
	find_ways(r, policy, biggest, ways, before);
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_run_account *a = &r->accounts[i];
		char owner[COLUMNS_TEXT_MAX];

		columns_name_text(owner, columns_view_name(&r->view, a->owner));
		if ((strcmp(a->name, address) == 0 || strcmp(owner, address) == 0) && ways[i].any &&
		    (best == NULL || better(&ways[i], best, biggest))) {
			best = &ways[i];
		}
	}
	if (best == NULL && !in_ledger(r, address)) {
		code = cli_fail(ERR_NOT_FOUND,
				"%.80s: the ledger has no such address; write it as the report "
				"does, not its label, and without hyphens",
				address);
	} else if (best == NULL) {
		code = cli_fail(ERR_NOT_FOUND, "%.80s: no stolen coin came there under %s", address,
				trace_policy_name(r->file->policies[policy]));
	} else {
		k = best->how;
	}
	order = room(r->events_n, sizeof *order);
	for (; k != NO_STEP; k = before[k]) {
		order[n++] = k;
	}
	if (code == 0 && !c->json) {
		if (r->file->generated) {
			printf(_("GENERATED DATA: this is not a real ledger, and nobody in it is "
				 "real\n"));
		}
		printf(n == 0
			   ? _("%s is where the stolen coins were first (rule %s)\n")
			   : _("To %s under the rule %s; each line says what its transfer moved in "
			       "all\n"),
		       address, trace_policy_name(r->file->policies[policy]));
	}
	while (code == 0 && n > 0) {
		put_step(c, r, policy, (size_t)order[--n], steps);
	}
	if (code == 0 && c->json) {
		CHECK(json_dumpf(steps, stdout, JSON_COMPACT) == 0);
		printf("\n");
	}
	json_decref(steps);
	free(order);
	free(before);
	free(ways);
	return code;
}

int trace_path_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = { "as_of", "policy", "by", NULL };
	struct trace_run run = { .file = NULL };
	struct casefile file = { .json = NULL };
	uint64_t as_of = 0;
	const char *by;
	unsigned policy = 0;
	int code;

	if (n < 3) {
		return cli_fail(ERR_USAGE,
				"it is: kuramori trace path CASE STORE ADDRESS [NAME=VALUE...]");
	}
	code = trace_words_check(w + 3, n - 3, known);
	code = code != 0 ? code : trace_words_number(w + 3, n - 3, "as_of", JSON_INT_MAX, &as_of);
	by = trace_words_value(w + 3, n - 3, "by");
	if (code == 0 && by != NULL && strcmp(by, "biggest") != 0 && strcmp(by, "shortest") != 0) {
		code = cli_fail(ERR_USAGE, "by=%.20s: biggest or shortest", by);
	}
	code = code != 0 ? code : casefile_read(&file, w[0]);
	code = code != 0
		   ? code
		   : trace_run_policy(&file, trace_words_value(w + 3, n - 3, "policy"), &policy);
	code = code != 0 ? code : trace_run_open(&run, &file, w[0], w[1], as_of, TRACE_RUN_ONCE);
	code = code != 0 ? code
			 : tell(c, &run, policy, by == NULL || strcmp(by, "biggest") == 0, w[2]);
	trace_run_free(&run);
	casefile_free(&file);
	return code;
}
