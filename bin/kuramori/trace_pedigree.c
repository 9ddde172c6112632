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
#include "trace_command.h"
#include "trace_words.h"

enum { PIECES_MAX = 20000000, STEPS_SHOWN = 40 };

struct asked {
	struct columns_view view;
	bool open;
	size_t event; /* the deposit */
	enum trace_policy policy;
	uint32_t *origins;
	size_t origins_n;
	size_t first_event;
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
	e = columns_view_open(&a->view, store, found, false, &fault);
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
	const struct trace_columns *c = &a->view.columns;
	struct hash32 id;
	uint32_t account = 0;
	size_t legs = 0;
	int code;

	if (hex_get(id.b, sizeof id.b, bytes_str(tx), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_INPUT,
				"%.80s: 64 hexadecimal digits of a transaction are wanted", tx);
	}
	code = account_of(a, address, &account);
	for (size_t i = 0; code == 0 && i < c->n; i++) {
		if (owner_of(&a->view, c->to[i]) == account &&
		    bytes_eq(bytes_of(a->view.txids + (size_t)32 * c->tx[i], 32),
			     bytes_of(id.b, 32))) {
			a->event = i;
			legs++;
		}
	}
	if (code == 0 && legs != 1) {
		code = cli_fail(legs == 0 ? ERR_NOT_FOUND : ERR_FIELD_RANGE,
				"transaction %.64s pays %.80s %zu times; one payment is wanted", tx,
				address, legs);
	}
	return code;
}

static int find_ends(struct asked *a, const char *const *w, size_t n)
{
	const char *policy = trace_words_value(w, n, "policy"), *origin;
	uint64_t height = 0;
	size_t at = 0;
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
	return code;
}

static const struct trace_block *block_of(const struct asked *a, size_t event)
{
	size_t k = a->view.blocks_n - 1;

	CHECK(a->view.blocks != NULL);

	while (k > 0 && a->view.blocks[k].first > event) {
		k--;
	}
	return &a->view.blocks[k];
}

static const char *kind_words(enum trace_piece_kind k)
{
	static const char *const words[] = { "", N_("passed on"), N_("made here"),
					     N_("sent by an origin"), N_("before from_height") };

	return words[k];
}

static const char *kind_slug(enum trace_piece_kind k)
{
	static const char *const slugs[] = { "", "passed", "issued", "origin", "earlier" };

	return slugs[k];
}

static void put_piece(const struct cli *c, const struct asked *a, const struct trace_piece *p,
		      uint64_t units, json_t *all)
{
	const struct trace_columns *v = &a->view.columns;
	const struct trace_block *b = block_of(a, p->event);
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
	o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "kind", kind_slug(p->kind), "from", from,
		      "to", to, "tx", hex, "units", digits, "height", (json_int_t)b->height,
		      "time_s", (json_int_t)b->time_s, "event", (json_int_t)p->event);
	CHECK(o != NULL && json_array_append_new(all, o) == 0);
}

/* Events from the latest back; pieces of one event and kind together. */
static void tell(const struct cli *c, const struct asked *a, const struct trace_pedigree *p)
{
	json_t *all = json_array();
	uint64_t sums[5] = { 0 };
	size_t shown = 0, events = 0;

	CHECK(all != NULL);
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
	}
	json_decref(all);
}

static int run(const struct cli *c, const struct asked *a)
{
	const struct trace_columns *v = &a->view.columns;
	const struct trace_pedigree_ends ends = { .origins = a->origins,
						  .origins_n = a->origins_n,
						  .first_event = a->first_event,
						  .pieces_max = PIECES_MAX };
	struct trace_lists out = { .n = 0 }, in = { .n = 0 };
	struct trace_pedigree p = { .n = 0 };
	enum err e = trace_lists_make(&out, v, v->from);

	if (e == ERR_OK) {
		e = trace_lists_make(&in, v, v->to);
	}
	if (e == ERR_OK) {
		e = trace_pedigree_make(&p, v, &out, &in, a->policy, a->event, &ends);
	}
	if (e == ERR_OK) {
		tell(c, a, &p);
	}
	trace_pedigree_free(&p);
	trace_lists_free(&in);
	trace_lists_free(&out);
	return e == ERR_OK
		   ? 0
		   : cli_fail(e, "the pedigree is too large; origin=ADDRESS and from_height=N "
				 "end it sooner");
}

int trace_pedigree_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = { "policy", "origin*", "from_height", NULL };
	struct asked a = { .open = false };
	int code;

	if (n < 4) {
		return cli_fail(
		    ERR_USAGE,
		    "it is: kuramori trace pedigree STORE ASSET TX ADDRESS [NAME=VALUE...]");
	}
	code = trace_words_check(w + 4, n - 4, known);
	code = code != 0 ? code : open_asset(&a, w[0], w[1]);
	code = code != 0 ? code : find_deposit(&a, w[2], w[3]);
	code = code != 0 ? code : find_ends(&a, w + 4, n - 4);
	code = code != 0 ? code : run(c, &a);
	free(a.origins);
	if (a.open) {
		columns_view_close(&a.view);
	}
	return code;
}
