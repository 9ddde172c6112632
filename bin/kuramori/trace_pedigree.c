/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_pedigree.c - `kuramori trace pedigree`: where the coins of one deposit came from, unit by
 * unit: the rule (FIFO, or LIFO) run backward to where they were made, to an account at which the
 * question ends, or to a height.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "trace/pedigree.h"
#include "trace_bundle.h"
#include "trace_command.h"
#include "trace_words.h"

enum { PIECES_MAX = 20000000, STEPS_SHOWN = 40, EVENTS_FIRST = 64 };

struct asked {
	struct columns_view view;
	bool open;
	const char *store, *asset;
	size_t event; /* the deposit */
	enum trace_policy policy;
	uint32_t *origins;
	size_t origins_n;
	size_t first_event;
	json_t *question; /* the case line of its bundle */
};

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

static int open_asset(struct asked *a, const char *store, const char *asset)
{
	struct columns_fault fault = { .text = "" };
	struct columns_list list = { .n = 0 };
	uint32_t found, list_n;
	enum err e = columns_list(&list, store, &fault);

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", store, fault.text);
	}
	found = list_n = list.n;
	for (uint32_t i = 0; i < list.n; i++) {
		found = strcmp(list.asset[i], asset) == 0 ? i : found;
	}
	columns_list_free(&list);
	if (found == list_n) {
		return cli_fail(ERR_ASSET, "%s has no asset %.80s", store, asset);
	}
	a->store = store;
	e = columns_view_open_cold(&a->view, store, found, &fault);
	a->open = e == ERR_OK;
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", store, fault.text);
}

static uint32_t owner_of(const struct columns_view *v, uint32_t account)
{
	return v->owner != NULL && v->owner[account] != 0 ? v->owner[account] : account;
}

/* The account of this name as people write it. */
static int account_of(const struct asked *a, const char *text, uint32_t *out)
{
	char name[COLUMNS_TEXT_MAX];

	for (uint32_t i = TRACE_ACCOUNTS_RESERVED; i < a->view.columns.accounts_n; i++) {
		columns_name_text(name, columns_view_name(&a->view, i));
		if (strcmp(name, text) == 0) {
			*out = i;
			return 0;
		}
	}
	return cli_fail(ERR_NOT_FOUND, "%.80s is not in the ledger", text);
}

/* The one leg of the transaction that pays the address. */
static int find_deposit(struct asked *a, const char *tx, const char *address)
{
	struct hash32 id;
	uint32_t account = 0;
	size_t legs = 0;
	int code;

	if (hex_get(id.b, sizeof id.b, bytes_str(tx), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_INPUT,
				"%.80s: 64 hexadecimal digits of a transaction are wanted", tx);
	}
	code = account_of(a, address, &account);
	for (size_t t = 0; code == 0 && t < a->view.txs_n; t++) {
		struct columns_fault fault;
		struct columns_legs found;
		enum err e;

		columns_view_passed(&a->view, t);
		if (!bytes_eq(bytes_of(a->view.txids + 32 * t, 32), bytes_of(id.b, 32))) {
			continue;
		}
		e = columns_view_legs(&a->view, (uint32_t)t, &found, &fault);
		for (size_t i = 0; e == ERR_OK && i < found.n; i++) {
			if (owner_of(&a->view, found.to[i]) == account) {
				a->event = found.first + i;
				legs++;
			}
		}
		if (e != ERR_OK) {
			code = cli_fail(e, "%s: %s", a->store, fault.text);
		} else {
			columns_legs_free(&found);
		}
	}
	if (code == 0 && legs != 1) {
		code = cli_fail(legs == 0 ? ERR_NOT_FOUND : ERR_FIELD_RANGE,
				"transaction %.64s pays %.80s %zu times; one payment is wanted", tx,
				address, legs);
	}
	return code;
}

/* What was asked, in one form. */
static void make_question(struct asked *a, uint64_t from_height)
{
	const struct trace_columns *c = &a->view.columns;
	char name[COLUMNS_TEXT_MAX], hex[65];
	json_t *origins = json_array();

	CHECK(origins != NULL && c->to != NULL && c->tx != NULL);
	for (size_t i = 0; i < a->origins_n; i++) {
		columns_name_text(name, columns_view_name(&a->view, a->origins[i]));
		CHECK(json_array_append_new(origins, json_string(name)) == 0);
	}
	columns_name_text(name, columns_view_name(&a->view, owner_of(&a->view, c->to[a->event])));
	hex_put(hex, bytes_of(a->view.txids + (size_t)32 * c->tx[a->event], 32));
	a->question = json_pack("{s:s,s:s,s:s,s:s,s:o,s:I}", "asset", a->asset, "tx", hex, "to",
				name, "policy", trace_policy_name(a->policy), "origins", origins,
				"from_height", (json_int_t)from_height);
	CHECK(a->question != NULL);
}

static int find_ends(struct asked *a, const char *const *w, size_t n)
{
	const char *policy = trace_words_value(w, n, "policy"), *origin;
	uint64_t height = 0;
	size_t at = 0, distinct = 0;
	int code = trace_words_number(w, n, "from_height", JSON_INT_MAX, &height);

	a->policy = TRACE_FIFO;
	if (policy != NULL && strcmp(policy, "lifo") == 0) {
		a->policy = TRACE_LIFO;
	} else if (policy != NULL && strcmp(policy, "fifo") != 0) {
		return cli_fail(
		    ERR_TYPE,
		    "policy=%.20s: only fifo and lifo say which units leave; the others "
		    "cannot be turned round",
		    policy);
	}
	for (size_t k = 0; k < a->view.blocks_n && a->view.blocks[k].height < height; k++) {
		a->first_event =
		    k + 1 < a->view.blocks_n ? a->view.blocks[k + 1].first : a->view.columns.n;
	}
	a->origins = room(n, sizeof *a->origins);
	while (code == 0 && (origin = trace_words_next(w, n, "origin", &at)) != NULL) {
		code = account_of(a, origin, &a->origins[a->origins_n]);
		a->origins_n += code == 0;
	}
	/* rising, each once */
	for (size_t i = 1; i < a->origins_n; i++) {
		for (size_t k = i; k > 0 && a->origins[k - 1] > a->origins[k]; k--) {
			uint32_t swap = a->origins[k];

			a->origins[k] = a->origins[k - 1];
			a->origins[k - 1] = swap;
		}
	}
	for (size_t i = 0; i < a->origins_n; i++) {
		if (i == 0 || a->origins[i] != a->origins[distinct - 1]) {
			a->origins[distinct++] = a->origins[i];
		}
	}
	a->origins_n = distinct;
	if (code == 0) {
		make_question(a, height);
	}
	return code;
}

/* The last block that begins at or before the event. */
static size_t block_of(const struct asked *a, size_t event)
{
	size_t low = 0, high = a->view.blocks_n;

	CHECK(a->view.blocks != NULL);
	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;

		if (a->view.blocks[middle].first <= event) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

static const char *kind_words(enum trace_piece_kind k)
{
	static const char *const words[] = { "", N_("passed on"), N_("made here"),
					     N_("sent by an origin"), N_("before from_height") };

	return words[k];
}

static void put_piece(const struct cli *c, const struct asked *a, const struct trace_piece *p,
		      uint64_t units, json_t *all)
{
	const struct trace_columns *v = &a->view.columns;
	const struct trace_block *b = &a->view.blocks[block_of(a, p->event)];
	char from[COLUMNS_TEXT_MAX], to[COLUMNS_TEXT_MAX], hex[65], digits[24];
	char time[TRACE_PICTURE_TIME_MAX];
	json_t *o;

	columns_name_text(from, columns_view_name(&a->view, v->from[p->event]));
	columns_name_text(to, columns_view_name(&a->view, v->to[p->event]));
	hex_put(hex, bytes_of(a->view.txids + (size_t)32 * v->tx[p->event], 32));
	trace_picture_time(time, b->time_s);
	if (!c->json) {
		printf(_("%s UTC, height %" PRIu64 ": %" PRIu64 " units, %s\n"), time, b->height,
		       units, words_of(kind_words(p->kind)));
		printf("    %s -> %s  %s\n", from, to, hex);
		return;
	}
	(void)snprintf(digits, sizeof digits, "%" PRIu64, units);
	o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "kind", trace_bundle_piece(p->kind),
		      "from", from, "to", to, "tx", hex, "units", digits, "height",
		      (json_int_t)b->height, "time_s", (json_int_t)b->time_s, "event",
		      (json_int_t)p->event);
	CHECK(o != NULL && json_array_append_new(all, o) == 0);
}

/* Events from the latest back; pieces of one event and kind together. */
static void tell(const struct cli *c, const struct asked *a, const struct trace_pedigree *p,
		 const struct hash32 *bundle)
{
	char hex[65];
	json_t *all = json_array();
	uint64_t sums[5] = { 0 };
	size_t shown = 0, events = 0;

	CHECK(all != NULL);
	if (bundle != NULL) {
		hex_put(hex, bytes_of(bundle->b, sizeof bundle->b));
	}
	for (size_t i = 0, next; i < p->n; i = next) {
		uint64_t units = 0;

		for (next = i; next < p->n && p->p[next].event == p->p[i].event &&
			       p->p[next].kind == p->p[i].kind;
		     next++) {
			units += p->p[next].b - p->p[next].a;
		}
		sums[p->p[i].kind] += p->p[i].kind == TRACE_PIECE_PASSED ? 0 : units;
		events++;
		if (c->json || shown < STEPS_SHOWN) {
			put_piece(c, a, &p->p[i], units, all);
			shown++;
		}
	}
	if (c->json) {
		if (bundle != NULL) {
			all = json_pack("{s:s,s:o}", "bundle", hex, "pieces", all);
			CHECK(all != NULL);
		}
		CHECK(json_dumpf(all, stdout, JSON_COMPACT) == 0);
		printf("\n");
	} else {
		CHECK(a->view.columns.amount != NULL);
		if (shown < events) {
			printf(_("and %zu earlier ones; --json has all of them\n"), events - shown);
		}
		printf(_("The deposit of %" PRIu64
			 " units is, by the rule %s run backward: %" PRIu64 " made, %" PRIu64
			 " from origins, %" PRIu64 " from before. No legal advice.\n"),
		       a->view.columns.amount[a->event], trace_policy_name(a->policy),
		       sums[TRACE_PIECE_ISSUED], sums[TRACE_PIECE_ORIGIN],
		       sums[TRACE_PIECE_EARLIER]);
		if (bundle != NULL) {
			printf(_("\nBundle %s: kuramori-trace-verify computes all of this again "
				 "from it\n"),
			       hex);
		}
	}
	json_decref(all);
}

/*
 * The pedigree forward: every outflow of an account while coins of the deposit are there.  The
 * caller frees *r with trace_run_free() before the view is closed.
 */
static int forward(struct trace_run *r, const struct asked *a, const struct trace_pedigree *p)
{
	const struct trace_columns *c = &a->view.columns;
	const size_t last = block_of(a, a->event);
	uint64_t *held = room(c->accounts_n, sizeof *held);

	CHECK(c->from != NULL && p->p != NULL && p->n > 0);
	*r = (struct trace_run){ .view = a->view, .c = *c, .n = 1 };
	r->c.n = a->event + 1;
	r->blocks_n = last + 1;
	r->height = a->view.blocks[last].height;
	r->time_s = a->view.blocks[last].time_s;
	r->reasons = room(c->accounts_n, 1);
	for (size_t i = p->p[p->n - 1].event, k = p->n; i <= a->event; i++) {
		const uint32_t from = c->from[i];
		uint64_t units = 0;
		bool passed = false;

		for (; k > 0 && p->p[k - 1].event == i; k--) {
			units += p->p[k - 1].b - p->p[k - 1].a;
			passed = p->p[k - 1].kind == TRACE_PIECE_PASSED;
		}
		if (held[from] == 0 && units == 0) {
			continue;
		}
		if (r->events_n == r->events_cap) {
			r->events_cap = r->events_cap * 2 + EVENTS_FIRST;
			r->events = realloc(r->events, r->events_cap * sizeof *r->events);
			r->moves = realloc(r->moves, r->events_cap * sizeof *r->moves);
			CHECK(r->events != NULL && r->moves != NULL);
		}
		r->events[r->events_n] = (uint32_t)i;
		r->moves[r->events_n++] =
		    (struct trace_run_move){ .units = passed ? units : 0, .kind = held[from] > 0 };
		held[from] -= passed ? units : 0;
		held[c->to[i]] += units;
	}
	free(held);
	return trace_run_list_accounts(r);
}

/* 0 or an exit code; *n transfers. */
static int write_bundle(FILE *out, struct hash32 *id, size_t *n, const struct asked *a,
			const struct trace_pedigree *p)
{
	struct trace_run r;
	int code = forward(&r, a, p);

	if (code == 0) {
		trace_bundle_pedigree(out, id, a->question, &r, p);
		*n = r.events_n;
	}
	trace_run_free(&r);
	return code;
}

static int go_back(const struct asked *a, struct trace_pedigree *p)
{
	/* nothing that came later belongs to it */
	struct trace_columns up_to = a->view.columns;
	const struct trace_columns *v = &up_to;
	const struct trace_pedigree_ends ends = { .origins = a->origins,
						  .origins_n = a->origins_n,
						  .first_event = a->first_event,
						  .pieces_max = PIECES_MAX };
	struct trace_lists out = { .n = 0 }, in = { .n = 0 };
	enum err e;

	up_to.n = a->event + 1;
	e = trace_lists_make(&out, v, v->from);
	if (e == ERR_OK) {
		e = trace_lists_make(&in, v, v->to);
	}
	if (e == ERR_OK) {
		e = trace_pedigree_make(p, v, &out, &in, a->policy, a->event, &ends);
	}
	trace_lists_free(&in);
	trace_lists_free(&out);
	return e == ERR_OK
		   ? 0
		   : cli_fail(e, "the pedigree is too large; origin=ADDRESS and from_height=N "
				 "end it sooner");
}

/* w: what stands behind the address. */
static int ask(struct asked *a, struct trace_pedigree *p, const char *const *first,
	       const char *const *w, size_t n)
{
	int code = open_asset(a, first[0], first[1]);

	a->asset = first[1];
	code = code != 0 ? code : find_deposit(a, first[2], first[3]);
	if (code == 0) {
		struct columns_fault fault;
		enum err e = columns_view_warm(&a->view, 0, a->event + 1, &fault);

		code = e == ERR_OK ? 0 : cli_fail(e, "%s: %s", a->store, fault.text);
	}
	code = code != 0 ? code : find_ends(a, w, n);
	return code != 0 ? code : go_back(a, p);
}

static void ask_free(struct asked *a, struct trace_pedigree *p)
{
	trace_pedigree_free(p);
	json_decref(a->question);
	free(a->origins);
	if (a->open) {
		columns_view_close(&a->view);
	}
}

int trace_pedigree_again(FILE *out, struct hash32 *id, size_t *transfers, const char *store,
			 json_t *question)
{
	const char *first[4] = { store }, *policy = NULL;
	json_int_t height = 0;
	json_t *origins = NULL;
	struct asked a = { .open = false };
	struct trace_pedigree p = { .n = 0 };
	json_error_t error;
	char **words;
	size_t n;
	int code = 0;

	if (json_unpack_ex(question, &error, JSON_STRICT, "{s:s,s:s,s:s,s:s,s:o,s:I}", "asset",
			   &first[1], "tx", &first[2], "to", &first[3], "policy", &policy,
			   "origins", &origins, "from_height", &height) != 0) {
		return cli_fail(ERR_INPUT, "the case of the bundle: %.100s", error.text);
	}
	n = json_array_size(origins) + 2;
	words = room(n, sizeof *words);
	CHECK(asprintf(&words[0], "policy=%s", policy) > 0);
	CHECK(asprintf(&words[1], "from_height=%" PRIi64, (int64_t)height) > 0);
	for (size_t i = 2; i < n; i++) {
		const char *origin = json_string_value(json_array_get(origins, i - 2));

		CHECK(asprintf(&words[i], "origin=%s", origin == NULL ? "" : origin) > 0);
	}
	code = ask(&a, &p, first, (const char *const *)words, n);
	if (code == 0) {
		code = write_bundle(out, id, transfers, &a, &p);
	}
	ask_free(&a, &p);
	for (size_t i = 0; i < n; i++) {
		free(words[i]);
	}
	free(words);
	return code;
}

int trace_pedigree_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = { "policy", "origin*", "from_height", "bundle", NULL };
	struct asked a = { .open = false };
	struct trace_pedigree p = { .n = 0 };
	struct trace_words_file file;
	const char *bundle;
	struct hash32 id;
	size_t transfers;
	int code;

	if (n < 4) {
		return cli_fail(
		    ERR_USAGE,
		    "it is: kuramori trace pedigree STORE ASSET TX ADDRESS [NAME=VALUE...]");
	}
	code = trace_words_check(w + 4, n - 4, known);
	bundle = trace_words_value(w + 4, n - 4, "bundle");
	if (code == 0 && bundle != NULL && bundle[0] == '\0') {
		code = cli_fail(ERR_USAGE, "%s=: name a file, or - for standard output", "bundle");
	}
	code = code != 0 ? code : ask(&a, &p, w, w + 4, n - 4);
	if (code == 0 && bundle != NULL) {
		trace_words_open(&file, bundle);
		code = write_bundle(file.out, &id, &transfers, &a, &p);
		if (code == 0) {
			code = trace_words_close(&file);
		} else {
			trace_words_drop(&file);
		}
	}
	if (code == 0 && (bundle == NULL || strcmp(bundle, "-") != 0)) {
		tell(c, &a, &p, bundle == NULL ? NULL : &id);
	}
	ask_free(&a, &p);
	return code;
}
