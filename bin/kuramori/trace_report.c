/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_report.c - `kuramori trace report`: where the coins of a case are and whom they reached, by
 * every rule of the case beside each other; as text, JSON, CSV, a picture, and a re-run bundle.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "trace_bundle.h"
#include "trace_command.h"
#include "trace_interval.h"
#include "trace_tally.h"
#include "trace_words.h"

enum {
	SHOWN = 20, /* accounts and services in the text; the files have all */
	NAME_COLUMNS = 46,
	RULE_COLUMNS = 16,
	AMOUNT_COLUMNS = 21,
};

/* Whether the intervals are told. */
enum report_bounds {
	BOUNDS_NOT_ASKED,
	BOUNDS_TOO_LARGE,
	BOUNDS_TOLD,
};

/* All accounts of one label together. */
struct group_bounds {
	struct trace_interval now;  /* what is there in the end */
	struct trace_interval ever; /* what ever came, each coin once: another only if open */
	bool open;                  /* not all of them are sinks */
};

struct report {
	const struct cli *c;
	struct trace_run run;
	struct trace_tally tally;
	unsigned policy; /* the one that lists and pictures are by */
	bool by_day;
	struct hash32 bundle;
	bool has_bundle;
	bool bundle_left_out; /* the bundle has no intervals */
	enum report_bounds bounds;
	struct group_bounds *groups; /* by group of the tally; with bounds */
	/* the accounts of which the interval is told, and theirs; none without bounds */
	size_t *places;
	struct trace_interval *intervals;
	size_t places_n;
};

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

/* ---- what is asked of the run ------------------------------------------------------------ */

/* Accounts with something under one policy, the most first. */
struct holding {
	size_t place;
	uint64_t units;
};

static int most_first(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	if (x->units != y->units) {
		return x->units > y->units ? -1 : 1;
	}
	return x->place < y->place ? -1 : x->place > y->place;
}

static struct holding *holdings_of(const struct trace_run *r, unsigned p, size_t *n)
{
	struct holding *all = room(r->accounts_n, sizeof *all);

	*n = 0;
	for (size_t i = 0; i < r->accounts_n; i++) {
		uint64_t units = trace_interval_sits(r, i, p);

		if (units > 0) {
			all[(*n)++] = (struct holding){ i, units };
		}
	}
	qsort(all, *n, sizeof *all, most_first);
	return all;
}

/* Whose outpoint it is; "" of an account that is somebody's own. */
static void owner_text(char out[COLUMNS_TEXT_MAX], const struct trace_run *r,
		       const struct trace_run_account *a)
{
	out[0] = '\0';
	if (a->owner != a->account) {
		columns_name_text(out, columns_view_name(&r->view, a->owner));
	}
}

/* Groups that anything reached, the most first. */
static struct holding *reached_of(const struct report *p, size_t *n)
{
	struct holding *all = room(p->tally.groups_n, sizeof *all);
	uint64_t transfers;

	*n = 0;
	for (size_t i = 0; i < p->tally.groups_n; i++) {
		if (p->tally.groups[i].first_s != UINT64_MAX) {
			all[(*n)++] = (struct holding){ i, trace_tally_sum(&p->tally, i, p->policy,
									   &transfers) };
		}
	}
	qsort(all, *n, sizeof *all, most_first);
	return all;
}

/* ---- what no rule can deny --------------------------------------------------------------- */

/* Of one group; ERR_FULL, ERR_TOO_LARGE. */
static enum err bound_group(struct report *p, struct trace_bounds *b, size_t group)
{
	struct group_bounds *g = &p->groups[group];
	struct trace_bounds *ever = NULL;
	size_t n;
	uint32_t *accounts = trace_interval_group(&p->run, &p->tally, group, &n, &g->open);
	enum err e = trace_bounds_accounts(b, accounts, n, &g->now);

	g->ever = g->now;
	if (e == ERR_OK && g->open) {
		e = trace_interval_ever(&ever, &p->run, b, accounts, n);
	}
	if (e == ERR_OK && g->open) {
		e = trace_bounds_accounts(ever, accounts, n, &g->ever);
	}
	trace_interval_ever_free(ever, b);
	free(accounts);
	return e;
}

/* The same intervals, for the same steps, as in the bundle. */
static enum err bound_all(struct report *p, struct trace_bounds *b)
{
	enum err e = ERR_OK;

	p->groups = room(p->tally.groups_n, sizeof *p->groups);
	for (size_t g = 0; e == ERR_OK && g < p->tally.groups_n; g++) {
		if (p->tally.groups[g].first_s != UINT64_MAX) {
			e = bound_group(p, b, g);
		}
	}
	p->places = trace_interval_richest(&p->run, &p->places_n);
	p->intervals = room(p->places_n, sizeof *p->intervals);
	for (size_t i = 0; e == ERR_OK && i < p->places_n; i++) {
		const uint32_t account = p->run.accounts[p->places[i]].account;

		e = trace_bounds_accounts(b, &account, 1, &p->intervals[i]);
	}
	return e;
}

static int make_bounds(struct report *p, const char *wanted)
{
	const bool asked = wanted != NULL && strcmp(wanted, "yes") == 0;
	struct trace_bounds *b = NULL;
	enum err e;

	if (wanted != NULL && strcmp(wanted, "no") == 0) {
		return 0;
	}
	if (wanted != NULL && !asked) {
		return cli_fail(ERR_USAGE, "interval=%.20s: yes or no", wanted);
	}
	e = trace_run_bounds(&p->run, NULL, 0, &b);
	if (e == ERR_OK && !asked) {
		trace_bounds_grant(b, TRACE_INTERVAL_STEPS);
		e = trace_bounds_arcs(b) > TRACE_INTERVAL_ARCS_MAX ? ERR_TOO_LARGE : ERR_OK;
	}
	e = e != ERR_OK ? e : bound_all(p, b);
	trace_bounds_free(b);
	if (e == ERR_TOO_LARGE && !asked) {
		p->places_n = 0;
		p->bounds = BOUNDS_TOO_LARGE;
		return 0;
	}
	if (e != ERR_OK) {
		return cli_fail(e,
				"the interval of all rules cannot be computed; interval=no leaves "
				"it out");
	}
	p->bounds = BOUNDS_TOLD;
	return 0;
}

/* Of one account; NULL: it is not among those of which it is told. */
static const struct trace_interval *interval_of(const struct report *p, size_t place)
{
	for (size_t i = 0; i < p->places_n; i++) {
		if (p->places[i] == place) {
			return &p->intervals[i];
		}
	}
	return NULL;
}

/* ---- the picture ------------------------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
	const struct trace_picture_flow *x = a, *y = b;

	if (x->from != y->from) {
		return x->from < y->from ? -1 : 1;
	}
	if (x->to != y->to) {
		return x->to < y->to ? -1 : 1;
	}
	return x->first_s < y->first_s ? -1 : x->first_s > y->first_s;
}

static enum trace_picture_kind kind_of(const struct trace_run_account *a)
{
	if (a->account < TRACE_ACCOUNTS_RESERVED) {
		return TRACE_PICTURE_END;
	}
	if (a->label == NULL) {
		return TRACE_PICTURE_PLAIN;
	}
	/* the concept of the TagPack taxonomy */
	if (strcmp(a->label->category, "perpetrator") == 0) {
		return TRACE_PICTURE_THIEF;
	}
	return strcmp(a->label->category, "exchange") == 0 ? TRACE_PICTURE_EXCHANGE
							   : TRACE_PICTURE_SERVICE;
}

/* Accounts that the policy reached, by their owners; *place_of each of the run's. */
static struct trace_picture_account *picture_accounts(const struct trace_run *r, unsigned p,
						      int64_t *place_of, size_t *n)
{
	struct trace_picture_account *all = room(r->accounts_n, sizeof *all);

	*n = 0;
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_run_account *a = &r->accounts[i];

		place_of[i] = -1;
		if (a->first == SIZE_MAX) {
			continue;
		}
		place_of[i] = (int64_t)*n;
		all[(*n)++] = (struct trace_picture_account){
			.address = a->name,
			.label = a->label == NULL ? "" : a->label->label,
			.category = a->label == NULL ? "" : a->label->category,
			.kind = kind_of(a),
			.held = trace_interval_sits(r, i, p),
			.first_s = a->first_s,
			/* a seed's own account begins before what it passes on */
			.order = 2 * a->first + 1,
		};
	}
	return all;
}

void trace_picture_make(struct trace_picture *p, const struct trace_run *r, unsigned policy)
{
	int64_t *place_of = room(r->accounts_n, sizeof *place_of);
	struct trace_picture_flow *flows = room(r->events_n, sizeof *flows);
	struct trace_picture_account *accounts;
	size_t accounts_n, n = 0, kept = 0;

	accounts = picture_accounts(r, policy, place_of, &accounts_n);
	for (size_t i = 0; i < r->seeds_n; i++) {
		int64_t at = place_of[trace_run_place(r, r->seeds[i].account)];
		struct trace_picture_account *a = &accounts[at];

		CHECK(at >= 0);
		a->kind = TRACE_PICTURE_SEED;
		a->seeded += r->seeds[i].amount != 0 ? r->seeds[i].amount
			     : r->seeds[i].of_tx     ? r->c.amount[r->seeds[i].event]
						     : r->seeds[i].balance;
	}
	for (size_t k = 0; k < r->events_n; k++) {
		const struct trace_run_move *m = trace_run_move(r, k, policy);
		size_t event = r->events[k];
		uint64_t time_s;

		if (m->kind == 0 || m->kind == TRACE_EVAPORATED) {
			continue;
		}
		time_s = trace_run_block(r, event)->time_s;
		flows[n++] = (struct trace_picture_flow){
			.from = (uint32_t)place_of[trace_run_place(r, r->c.from[event])],
			.to = (uint32_t)place_of[trace_run_place(r, r->c.to[event])],
			.amount = m->units,
			.transfers = 1,
			.first_s = time_s,
			.last_s = time_s
		};
	}
	qsort(flows, n, sizeof *flows, by_pair);
	for (size_t i = 0; i < n; i++) {
		struct trace_picture_flow *last = kept == 0 ? NULL : &flows[kept - 1];

		if (last != NULL && last->from == flows[i].from && last->to == flows[i].to) {
			last->amount = last->amount > UINT64_MAX - flows[i].amount
					   ? UINT64_MAX
					   : last->amount + flows[i].amount;
			last->transfers++;
			last->last_s = flows[i].first_s;
		} else {
			flows[kept++] = flows[i];
		}
	}
	free(place_of);
	*p = (struct trace_picture){ .the_case = r->file,
				     .policy = trace_policy_name(r->file->policies[policy]),
				     .height = r->height,
				     .time_s = r->time_s,
				     .evaporated = r->totals[policy].evaporated,
				     .accounts = accounts,
				     .accounts_n = accounts_n,
				     .flows = flows,
				     .flows_n = kept };
}

void trace_picture_free(struct trace_picture *p)
{
	free(p->accounts);
	free(p->flows);
}

/* ---- text -------------------------------------------------------------------------------- */

static void put_right(const char *text, int columns)
{
	char cell[256];

	printf("%s", words_column(cell, sizeof cell, text, -columns));
}

static void put_left(const char *text, int columns)
{
	char cell[256];

	printf("%s", words_column(cell, sizeof cell, text, columns));
}

static void put_amount(const struct report *p, uint64_t units)
{
	char text[CASEFILE_AMOUNT_MAX];

	casefile_amount(text, p->run.file, units);
	*strrchr(text, ' ') = '\0'; /* the unit stands above */
	put_right(text, AMOUNT_COLUMNS);
}

static void put_stop_rules(const struct trace_run *r)
{
	const struct casefile *f = r->file;
	char amount[CASEFILE_AMOUNT_MAX];

	printf(_("Where following ends (part of the result):\n"));
	printf(_("  sinks: %zu accounts by their address, %zu by the category of their label\n"),
	       r->sinks_by[TRACE_RUN_SINK_ADDRESS], r->sinks_by[TRACE_RUN_SINK_CATEGORY]);
	if (f->hub_transfers != 0) {
		printf(_("  hubs: %zu accounts to which at least %" PRIu64
			 " transfers came are sinks "
			 "too\n"),
		       r->sinks_by[TRACE_RUN_SINK_HUB], f->hub_transfers);
	}
	casefile_amount(amount, f, f->floor_units);
	if (f->floor_units != 0 || f->floor_per_million != 0) {
		printf(
		    _("  floor: what a transfer would move evaporates below %s, or below %" PRIu64
		      " millionths of the transfer\n"),
		    amount, f->floor_per_million);
	} else {
		printf(_("  no floor: the smallest unit is followed\n"));
	}
	if (f->hops_max != 0) {
		printf(_("  after %" PRIu64 " transfers coins rest where they are\n"), f->hops_max);
	}
	if (f->until_height != 0) {
		printf(_("  nothing behind height %" PRIu64 " is looked at\n"), f->until_height);
	}
}

void trace_report_head(const struct trace_run *r)
{
	const struct casefile *f = r->file;
	char time[TRACE_PICTURE_TIME_MAX], id[65];

	hex_put(id, bytes_of(f->id.b, sizeof f->id.b));
	trace_picture_time(time, r->time_s);
	if (f->generated) {
		printf(_("GENERATED DATA: this is not a real ledger, and nobody in it is real\n"));
	}
	printf(_("Case %s, %s\n"), f->name, id);
	if (f->note[0] != '\0') {
		printf("  %s\n", f->note);
	}
	printf(_("Ledger %s of %s, as of height %" PRIu64 " (%s UTC): %zu transfers, of which %zu "
		 "were touched\n"),
	       f->asset, r->store, r->height, time, r->c.n, r->events_n);
	for (size_t i = 0; i < f->labels_n; i++) {
		char hex[65];

		hex_put(hex, bytes_of(trace_labels_sha256(r->labels, i)->b, 32));
		printf(_("Labels %s, version %s\n"), f->labels[i].file, hex);
	}
	put_stop_rules(r);
	printf(_(
	    "Each rule says which coins leave an account in which stolen and other coins are\n"
	    "mixed. None of them is the law; they stand beside each other. Poison marks accounts\n"
	    "and has no amounts. All numbers are exact; this is no legal advice.\n"));
}

static void put_totals(const struct report *p)
{
	const struct trace_run *r = &p->run;

	printf(_("\nWhere the coins are now, in %s\n"), r->file->unit);
	put_left(_("rule"), RULE_COLUMNS);
	put_right(_("stolen"), AMOUNT_COLUMNS);
	put_right(_("in accounts"), AMOUNT_COLUMNS);
	put_right(_("of them unknown"), AMOUNT_COLUMNS);
	put_right(_("at sinks"), AMOUNT_COLUMNS);
	put_right(_("elsewhere"), AMOUNT_COLUMNS);
	put_right(_("accounts"), 12);
	printf("\n");
	for (unsigned i = 0; i < r->n; i++) {
		const struct trace_totals *t = &r->totals[i];

		put_left(trace_policy_name(r->file->policies[i]), RULE_COLUMNS);
		if (trace_policy_counts(r->file->policies[i])) {
			put_amount(p, t->stolen);
			put_amount(p, t->held);
			put_amount(p, trace_run_unknown(r, i));
			put_amount(p, t->absorbed);
			put_amount(p, t->stopped + t->evaporated + t->destroyed);
		} else {
			put_right("", 5 * AMOUNT_COLUMNS);
		}
		printf("%12" PRIu64 "\n", t->accounts);
	}
	for (unsigned i = 0; i < r->n; i++) {
		const struct trace_totals *t = &r->totals[i];
		char stopped[CASEFILE_AMOUNT_MAX], evaporated[CASEFILE_AMOUNT_MAX],
		    destroyed[CASEFILE_AMOUNT_MAX];

		if (t->stopped + t->evaporated + t->destroyed > 0) {
			casefile_amount(stopped, r->file, t->stopped);
			casefile_amount(evaporated, r->file, t->evaporated);
			casefile_amount(destroyed, r->file, t->destroyed);
			printf(
			    _("  elsewhere under %s: rests behind the last transfer %s, fell below "
			      "the floor %s, burnt or fees of nobody %s\n"),
			    trace_policy_name(r->file->policies[i]), stopped, evaporated,
			    destroyed);
		}
	}
}

static void put_days(const struct report *p, size_t group)
{
	const struct trace_tally *t = &p->tally;

	for (size_t i = 0; i < t->rows_n; i++) {
		char day[TRACE_TALLY_DAY_MAX];

		if (t->rows[i].group == group && t->rows[i].policy == p->policy) {
			trace_tally_day(day, t->rows[i].day);
			printf("    ");
			put_left(day, RULE_COLUMNS);
			put_amount(p, t->rows[i].units);
			printf(_("  in %" PRIu64 " transfers\n"), t->rows[i].transfers);
		}
	}
}

static void put_reached(const struct report *p)
{
	size_t n;
	struct holding *all = reached_of(p, &n);

	printf(_("\nWhat reached labelled exchanges and services, in %s (each time it came from "
		 "outside\n"
		 "of them: what left one that is no sink and came back counts again)\n"),
	       p->run.file->unit);
	if (n == 0) {
		printf(_("  nothing: no labelled account was reached\n"));
	}
	for (size_t i = 0; i < n && i < SHOWN; i++) {
		const struct trace_tally_group *g = &p->tally.groups[all[i].place];
		const struct group_bounds *b =
		    p->bounds == BOUNDS_TOLD ? &p->groups[all[i].place] : NULL;
		char time[TRACE_PICTURE_TIME_MAX];

		trace_picture_time(time, g->first_s);
		printf(_("  %s (%s), since %s UTC\n"), g->label,
		       g->category[0] == '\0' ? _("no category") : g->category, time);
		if (b != NULL) {
			char lower[CASEFILE_AMOUNT_MAX], upper[CASEFILE_AMOUNT_MAX];

			casefile_amount(lower, p->run.file, b->now.lower);
			casefile_amount(upper, p->run.file, b->now.upper);
			printf(_("    of what is there now, by whatever rule: from %s to %s\n"),
			       lower, upper);
			if (b->open) {
				casefile_amount(lower, p->run.file, b->ever.lower);
				casefile_amount(upper, p->run.file, b->ever.upper);
				printf(_("    of what ever came there, each coin once: certain %s, "
					 "possible %s\n"),
				       lower, upper);
			}
		}
		for (unsigned k = 0; k < p->run.n; k++) {
			uint64_t transfers,
			    units = trace_tally_sum(&p->tally, all[i].place, k, &transfers);

			printf("    ");
			put_left(trace_policy_name(p->run.file->policies[k]), RULE_COLUMNS);
			if (trace_policy_counts(p->run.file->policies[k])) {
				put_amount(p, units);
			} else {
				put_right("", AMOUNT_COLUMNS);
			}
			printf(_("  in %" PRIu64 " transfers\n"), transfers);
		}
		if (p->by_day) {
			printf(_("    by day, under %s\n"),
			       trace_policy_name(p->run.file->policies[p->policy]));
			put_days(p, all[i].place);
		}
	}
	if (n > SHOWN) {
		printf(_("  and %zu more; --json and reached_csv=FILE have all of them\n"),
		       n - SHOWN);
	}
	free(all);
}

static void put_holdings(const struct report *p)
{
	const struct trace_run *r = &p->run;
	size_t n;
	struct holding *all = holdings_of(r, p->policy, &n);
	uint64_t rest = 0;

	printf(_("\nWhere they sit under %s, in %s\n"),
	       trace_policy_name(r->file->policies[p->policy]), r->file->unit);
	put_left("", NAME_COLUMNS + 2);
	put_right(trace_policy_name(r->file->policies[p->policy]), AMOUNT_COLUMNS);
	if (p->bounds == BOUNDS_TOLD) {
		put_right(_("any rule: at least"), AMOUNT_COLUMNS);
		put_right(_("at most"), AMOUNT_COLUMNS);
	}
	printf("\n");
	for (size_t i = 0; i < n; i++) {
		const struct trace_run_account *a = &r->accounts[all[i].place];
		const struct trace_interval *interval = interval_of(p, all[i].place);
		char owner[COLUMNS_TEXT_MAX];

		if (i >= SHOWN) {
			rest += all[i].units;
			continue;
		}
		printf("  ");
		put_left(a->name, NAME_COLUMNS);
		put_amount(p, all[i].units);
		if (interval != NULL) {
			put_amount(p, interval->lower);
			put_amount(p, interval->upper);
		}
		owner_text(owner, r, a);
		printf("  %s%s%s%s%s\n", owner, owner[0] != '\0' && a->label != NULL ? " " : "",
		       a->label == NULL ? "" : a->label->label,
		       a->sink == TRACE_RUN_OPEN ? "" : " ",
		       a->sink == TRACE_RUN_OPEN ? "" : _("(sink: not followed further)"));
	}
	if (n > SHOWN) {
		char more[64];

		(void)snprintf(more, sizeof more, _("%zu more accounts"), n - SHOWN);
		printf("  ");
		put_left(more, NAME_COLUMNS);
		put_amount(p, rest);
		printf("\n");
	}
	free(all);
}

/* Where the rules differ most, beside what none of them can deny. */
static void put_spread(const struct report *p)
{
	const struct trace_run *r = &p->run;
	const struct casefile *f = r->file;
	struct trace_spread s;

	if (p->bounds == BOUNDS_TOO_LARGE) {
		printf(
		    _("\nWhat no rule can deny was not computed: in a case of this size it takes "
		      "too long for a\nreport. interval=yes computes it all the same, and "
		      "kuramori trace bounds that of a deposit\nor an account.\n"));
	}
	if (p->bounds != BOUNDS_TOLD) {
		return;
	}
	if (trace_interval_loose(f)) {
		printf(_("\nThe case gives coins up by its floor or hops, which the bounds of any "
			 "rule do "
			 "not know.\n"));
		return;
	}
	for (size_t i = 0; i < p->places_n; i++) {
		for (unsigned k = 0; k < r->n; k++) {
			const uint64_t units = trace_interval_sits(r, p->places[i], k);

			/* the bounds are proved of every rule: one outside of them is a fault of
			 * ours */
			CHECK(!trace_policy_counts(f->policies[k]) ||
			      (p->intervals[i].lower <= units && units <= p->intervals[i].upper));
		}
	}
	printf(_("\nWhat no rule can deny: every rule of the case lies within these bounds, in "
		 "each of %zu "
		 "accounts\n"),
	       p->places_n);
	s = trace_interval_spread(r, p->places, p->places_n);
	if (s.place != SIZE_MAX) {
		const struct trace_interval *interval = interval_of(p, s.place);
		char text[4][CASEFILE_AMOUNT_MAX];

		CHECK(interval != NULL);
		casefile_amount(text[0], f, s.least);
		casefile_amount(text[1], f, s.most);
		casefile_amount(text[2], f, interval->lower);
		casefile_amount(text[3], f, interval->upper);
		printf(_("  the rules differ most at %s: %s says %s, %s says %s;\n"
			 "  by whatever rule it is from %s to %s\n"),
		       r->accounts[s.place].name, trace_policy_name(f->policies[s.low]), text[0],
		       trace_policy_name(f->policies[s.high]), text[1], text[2], text[3]);
	}
}

void trace_report_foot(const char *bundle, bool left_out)
{
	printf(_("\nBundle %s: kuramori-trace-verify computes all of this again from it, and\n"
		 "kuramori-trace-verify-bounds the bounds of any rule\n"),
	       bundle);
	if (left_out) {
		printf(
		    _("The bundle has no bounds but those that were asked for by name: the case is "
		      "too large.\n"));
	}
}

static void put_text(const struct report *p)
{
	char hex[65];

	trace_report_head(&p->run);
	put_totals(p);
	put_reached(p);
	put_holdings(p);
	put_spread(p);
	if (p->has_bundle) {
		hex_put(hex, bytes_of(p->bundle.b, sizeof p->bundle.b));
		trace_report_foot(hex, p->bundle_left_out);
	}
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *units_json(uint64_t v)
{
	char digits[24];
	json_t *j;

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	j = json_string(digits);
	CHECK(j != NULL);
	return j;
}

static void set(json_t *o, const char *key, json_t *value)
{
	CHECK(json_object_set_new(o, key, value) == 0);
}

static json_t *fresh(json_t *j)
{
	CHECK(j != NULL);
	return j;
}

static void set_interval(json_t *o, const char *key, const struct trace_interval *interval)
{
	set(o, key,
	    fresh(json_pack("{s:o,s:o}", "lower", units_json(interval->lower), "upper",
			    units_json(interval->upper))));
}

static json_t *totals_json(const struct report *p)
{
	json_t *all = fresh(json_array());

	for (unsigned i = 0; i < p->run.n; i++) {
		const struct trace_totals *t = &p->run.totals[i];
		json_t *o = fresh(json_object());

		set(o, "policy", json_string(trace_policy_name(p->run.file->policies[i])));
		set(o, "counts", json_boolean(trace_policy_counts(p->run.file->policies[i])));
		set(o, "stolen", units_json(t->stolen));
		set(o, "held", units_json(t->held));
		set(o, "held_unknown", units_json(trace_run_unknown(&p->run, i)));
		set(o, "absorbed", units_json(t->absorbed));
		set(o, "stopped", units_json(t->stopped));
		set(o, "evaporated", units_json(t->evaporated));
		set(o, "destroyed", units_json(t->destroyed));
		set(o, "accounts", json_integer((json_int_t)t->accounts));
		set(o, "touched", json_integer((json_int_t)t->touched));
		CHECK(json_array_append_new(all, o) == 0);
	}
	return all;
}

static json_t *reached_json(const struct report *p)
{
	size_t n;
	struct holding *groups = reached_of(p, &n);
	json_t *all = fresh(json_array());

	for (size_t i = 0; i < n; i++) {
		const struct trace_tally_group *g = &p->tally.groups[groups[i].place];
		json_t *o = fresh(json_object()), *days = fresh(json_array());
		json_t *by = fresh(json_object());

		set(o, "label", json_string(g->label));
		set(o, "category", json_string(g->category));
		set(o, "since_s", json_integer((json_int_t)g->first_s));
		for (unsigned k = 0; k < p->run.n; k++) {
			uint64_t transfers;
			uint64_t units = trace_tally_sum(&p->tally, groups[i].place, k, &transfers);

			set(by, trace_policy_name(p->run.file->policies[k]),
			    fresh(json_pack("{s:o,s:I}", "units", units_json(units), "transfers",
					    (json_int_t)transfers)));
		}
		set(o, "policies", by);
		if (p->bounds == BOUNDS_TOLD) {
			set_interval(o, "interval", &p->groups[groups[i].place].now);
			set_interval(o, "ever", &p->groups[groups[i].place].ever);
		}
		for (size_t k = trace_tally_first(&p->tally, groups[i].place, 0);
		     k < p->tally.rows_n && p->tally.rows[k].group == groups[i].place; k++) {
			const struct trace_tally_row *row = &p->tally.rows[k];
			char day[TRACE_TALLY_DAY_MAX];

			trace_tally_day(day, row->day);
			CHECK(json_array_append_new(
				  days, fresh(json_pack(
					    "{s:s,s:s,s:o,s:I}", "day", day, "policy",
					    trace_policy_name(p->run.file->policies[row->policy]),
					    "units", units_json(row->units), "transfers",
					    (json_int_t)row->transfers))) == 0);
		}
		set(o, "days", days);
		CHECK(json_array_append_new(all, o) == 0);
	}
	free(groups);
	return all;
}

static json_t *accounts_json(const struct report *p)
{
	const struct trace_run *r = &p->run;
	json_t *all = fresh(json_array());

	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_run_account *a = &r->accounts[i];
		json_t *o = fresh(json_object()), *by = fresh(json_object());
		const struct trace_interval *interval;
		char owner[COLUMNS_TEXT_MAX];

		for (unsigned k = 0; k < r->n; k++) {
			if (trace_interval_sits(r, i, k) > 0 ||
			    trace_engine_marked(r->engine, k, a->account)) {
				set(by, trace_policy_name(r->file->policies[k]),
				    fresh(json_pack("{s:o,s:o}", "held",
						    units_json(r->held[i * r->n + k]), "rests",
						    units_json(r->rests[i * r->n + k]))));
			}
		}
		if (json_object_size(by) == 0) {
			json_decref(o);
			json_decref(by);
			continue;
		}
		owner_text(owner, r, a);
		set(o, "address", json_string(a->name));
		set(o, "owner", json_string(owner));
		set(o, "label", json_string(a->label == NULL ? "" : a->label->label));
		set(o, "category", json_string(a->label == NULL ? "" : a->label->category));
		set(o, "sink", json_string(trace_run_sink_word(a->sink)));
		set(o, "first_s", json_integer((json_int_t)a->first_s));
		interval = interval_of(p, i);
		if (interval != NULL) {
			set_interval(o, "interval", interval);
		}
		set(o, "policies", by);
		CHECK(json_array_append_new(all, o) == 0);
	}
	return all;
}

static const char *const bounds_words[] = { "not-asked", "too-large", "told" }; /* not words */

static void put_json(const struct report *p)
{
	const struct casefile *f = p->run.file;
	json_t *o = fresh(json_object()), *labels = fresh(json_array());
	char hex[65];

	hex_put(hex, bytes_of(f->id.b, sizeof f->id.b));
	set(o, "case", json_incref(f->json));
	set(o, "case_id", json_string(hex));
	set(o, "generated", json_boolean(f->generated));
	set(o, "height", json_integer((json_int_t)p->run.height));
	set(o, "time_s", json_integer((json_int_t)p->run.time_s));
	set(o, "ledger_transfers", json_integer((json_int_t)p->run.c.n));
	set(o, "touched_transfers", json_integer((json_int_t)p->run.events_n));
	set(o, "sinks",
	    fresh(json_pack("{s:I,s:I,s:I}", "address",
			    (json_int_t)p->run.sinks_by[TRACE_RUN_SINK_ADDRESS], "category",
			    (json_int_t)p->run.sinks_by[TRACE_RUN_SINK_CATEGORY], "hub",
			    (json_int_t)p->run.sinks_by[TRACE_RUN_SINK_HUB])));
	for (size_t i = 0; i < f->labels_n; i++) {
		hex_put(hex, bytes_of(trace_labels_sha256(p->run.labels, i)->b, 32));
		CHECK(json_array_append_new(labels,
					    fresh(json_pack("{s:s,s:s}", "file", f->labels[i].file,
							    "sha256", hex))) == 0);
	}
	set(o, "labels", labels);
	set(o, "totals", totals_json(p));
	set(o, "intervals", json_string(bounds_words[p->bounds]));
	set(o, "reached", reached_json(p));
	set(o, "accounts", accounts_json(p));
	if (p->has_bundle) {
		hex_put(hex, bytes_of(p->bundle.b, sizeof p->bundle.b));
		set(o, "bundle", json_string(hex));
		set(o, "bundle_intervals", json_boolean(!p->bundle_left_out));
	}
	CHECK(json_dumpf(o, stdout, JSON_COMPACT) == 0);
	printf("\n");
	json_decref(o);
}

/* ---- CSV --------------------------------------------------------------------------------- */

/* not words: read by programs */
static void accounts_csv(FILE *out, const struct report *p)
{
	const struct trace_run *r = &p->run;

	(void)fputs("policy,address,label,category,sink,held,rests,first_s\n", out); /* not words */
	for (unsigned k = 0; k < r->n; k++) {
		for (size_t i = 0; i < r->accounts_n; i++) {
			const struct trace_run_account *a = &r->accounts[i];

			if (trace_interval_sits(r, i, k) == 0 &&
			    !trace_engine_marked(r->engine, k, a->account)) {
				continue;
			}
			trace_words_csv(out, trace_policy_name(r->file->policies[k]), false);
			trace_words_csv(out, a->name, false);
			trace_words_csv(out, a->label == NULL ? "" : a->label->label, false);
			trace_words_csv(out, a->label == NULL ? "" : a->label->category, false);
			trace_words_csv(out, trace_run_sink_word(a->sink), false);
			(void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
				      r->held[i * r->n + k], r->rests[i * r->n + k], a->first_s);
		}
	}
}

static void reached_csv(FILE *out, const struct report *p)
{
	(void)fputs("label,category,policy,day,units,transfers\n", out); /* not words */
	for (size_t i = 0; i < p->tally.rows_n; i++) {
		const struct trace_tally_row *row = &p->tally.rows[i];
		char day[TRACE_TALLY_DAY_MAX];

		trace_tally_day(day, row->day);
		trace_words_csv(out, p->tally.groups[row->group].label, false);
		trace_words_csv(out, p->tally.groups[row->group].category, false);
		trace_words_csv(out, trace_policy_name(p->run.file->policies[row->policy]), false);
		(void)fprintf(out, "%s,%" PRIu64 ",%" PRIu64 "\n", day, row->units, row->transfers);
	}
}

static void transfers_csv(FILE *out, const struct report *p)
{
	const struct trace_run *r = &p->run;

	(void)fputs("event,height,time_s,tx,from,to,amount", out); /* not words */
	for (unsigned k = 0; k < r->n; k++) {
		(void)fprintf(out, ",%s", trace_policy_name(r->file->policies[k]));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < r->events_n; i++) {
		size_t event = r->events[i];
		const struct trace_block *b = trace_run_block(r, event);
		char hex[65];

		hex_put(hex, bytes_of(r->view.txids + (size_t)32 * r->c.tx[event], 32));
		(void)fprintf(out, "%zu,%" PRIu64 ",%" PRIu64 ",%s,", event, b->height, b->time_s,
			      hex);
		trace_words_csv(out, r->accounts[trace_run_place(r, r->c.from[event])].name, false);
		trace_words_csv(out, r->accounts[trace_run_place(r, r->c.to[event])].name, false);
		(void)fprintf(out, "%" PRIu64, r->c.amount[event]);
		for (unsigned k = 0; k < r->n; k++) {
			(void)fprintf(out, ",%" PRIu64, trace_run_move(r, i, k)->units);
		}
		(void)fputc('\n', out);
	}
}

/* ---- files ------------------------------------------------------------------------------- */

static int write_picture(FILE *out, const struct report *p, const char *kind, uint64_t most)
{
	struct trace_picture picture;
	int code = 0;

	trace_picture_make(&picture, &p->run, p->policy);
	picture.most = (unsigned)most;
	if (strcmp(kind, "svg") == 0) {
		code = trace_picture_svg(out, &picture);
	} else if (strcmp(kind, "dot") == 0) {
		trace_picture_dot(out, &picture);
	} else {
		trace_picture_graphml(out, &picture);
	}
	trace_picture_free(&picture);
	return code;
}

static const char *const outputs[] = { "bundle",       "svg",         "dot",          "graphml",
				       "accounts_csv", "reached_csv", "transfers_csv" };

static int write_one(struct report *p, const char *kind, const char *path, uint64_t most)
{
	struct trace_words_file file;
	int code = 0;

	trace_words_open(&file, path);
	if (strcmp(kind, "bundle") == 0) {
		enum err e = trace_bundle_write(file.out, &p->bundle, &p->run, &p->tally, NULL,
						&p->bundle_left_out);

		p->has_bundle = e == ERR_OK;
		code = e == ERR_OK
			   ? 0
			   : cli_fail(e, "%s: the intervals of all rules cannot be proved", path);
	} else if (strcmp(kind, "accounts_csv") == 0) {
		accounts_csv(file.out, p);
	} else if (strcmp(kind, "reached_csv") == 0) {
		reached_csv(file.out, p);
	} else if (strcmp(kind, "transfers_csv") == 0) {
		transfers_csv(file.out, p);
	} else {
		code = write_picture(file.out, p, kind, most);
	}
	if (code != 0) {
		trace_words_drop(&file);
		return code;
	}
	return trace_words_close(&file);
}

static int write_files(struct report *p, const char *const *w, size_t n, bool *to_stdout)
{
	uint64_t most = TRACE_PICTURE_ACCOUNTS;
	int code = trace_words_number(w, n, "accounts", 1000, &most);

	for (size_t i = 0; code == 0 && i < ARRAY_LEN(outputs); i++) {
		const char *path = trace_words_value(w, n, outputs[i]);

		if (path != NULL && path[0] == '\0') {
			code = cli_fail(ERR_USAGE, "%s=: name a file, or - for standard output",
					outputs[i]);
		} else if (path != NULL) {
			*to_stdout = *to_stdout || strcmp(path, "-") == 0;
			code = write_one(p, outputs[i], path, most == 0 ? 1 : most);
		}
	}
	return code;
}

int trace_report_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = {
		"interval",    "as_of",         "policy", "over",    "accounts",
		"bundle",      "svg",           "dot",    "graphml", "accounts_csv",
		"reached_csv", "transfers_csv", NULL
	};
	struct report p = { .c = c };
	struct casefile file;
	uint64_t as_of = 0;
	bool to_stdout = false;
	const char *over;
	int code;

	if (n < 2) {
		return cli_fail(ERR_USAGE,
				"it is: kuramori trace report CASE STORE [NAME=VALUE...]");
	}
	code = trace_words_check(w + 2, n - 2, known);
	code = code != 0 ? code : trace_words_number(w + 2, n - 2, "as_of", JSON_INT_MAX, &as_of);
	over = trace_words_value(w + 2, n - 2, "over");
	if (code == 0 && over != NULL && strcmp(over, "day") != 0) {
		code = cli_fail(ERR_USAGE, "over=%.20s: day is all that there is", over);
	}
	if (code != 0) {
		return code;
	}
	p.by_day = over != NULL;
	code = casefile_read(&file, w[0]);
	code = code != 0
		   ? code
		   : trace_run_policy(&file, trace_words_value(w + 2, n - 2, "policy"), &p.policy);
	if (code != 0) {
		casefile_free(&file);
		return code;
	}
	code = trace_run_open(&p.run, &file, w[0], w[1], as_of, TRACE_RUN_ONCE);
	if (code == 0) {
		trace_tally_make(&p.tally, &p.run);
		code = make_bounds(&p, trace_words_value(w + 2, n - 2, "interval"));
		code = code != 0 ? code : write_files(&p, w + 2, n - 2, &to_stdout);
		if (code == 0 && !to_stdout) {
			if (c->json) {
				put_json(&p);
			} else {
				put_text(&p);
			}
		}
		free(p.groups);
		free(p.places);
		free(p.intervals);
		trace_tally_free(&p.tally);
	}
	trace_run_free(&p.run);
	casefile_free(&file);
	return code;
}
