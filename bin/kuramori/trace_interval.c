/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_interval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "trace_words.h"

enum { HEX_CHARS = 64 };

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

/* ---- what is asked for by name ----------------------------------------------------------- */

/* The address, and its outputs. */
static void find_places(struct trace_asked *a, const struct trace_run *r)
{
	a->places = room(r->accounts_n, sizeof *a->places);
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_run_account *at = &r->accounts[i];
		char owner[COLUMNS_TEXT_MAX];

		columns_name_text(owner, columns_view_name(&r->view, at->owner));
		if (at->account >= TRACE_ACCOUNTS_RESERVED &&
		    (strcmp(at->name, a->address) == 0 || strcmp(owner, a->address) == 0)) {
			a->places[a->places_n++] = i;
		}
	}
}

static int find_deposit(struct trace_asked *a, struct trace_run *r, const char *word)
{
	const char *slash = strchr(word, '/');

	a->deposit = true;
	if (slash == NULL || slash - word != HEX_CHARS ||
	    hex_get(a->tx.b, sizeof a->tx.b, bytes_of(word, HEX_CHARS), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_INPUT,
				"deposit=%.80s: it is deposit=TX/ADDRESS, 64 hexadecimal digits of "
				"the transaction and whom it paid",
				word);
	}
	a->address = slash + 1;
	return trace_run_payment(r, "deposit", &a->tx, a->address, &a->event);
}

/* What the rules of the case say of a deposit. */
static void tell_deposit(struct trace_asked *a, const struct trace_run *r)
{
	size_t k = 0;

	a->amount = r->c.amount[a->event];
	while (k < r->events_n && r->events[k] < a->event) {
		k++;
	}
	for (unsigned p = 0; p < r->n; p++) {
		const bool counts = trace_policy_counts(r->file->policies[p]);

		if (k < r->events_n && r->events[k] == a->event) {
			a->units[p] = trace_run_move(r, k, p)->units;
		}
		for (size_t s = 0; s < r->seeds_n; s++) {
			const bool here = r->seeds[s].of_tx && r->seeds[s].event == a->event;

			a->units[p] += here && counts ? r->seeded[s * r->n + p] : 0;
			a->units[p] = here && !counts ? a->amount : a->units[p];
		}
	}
}

static void tell_account(struct trace_asked *a, const struct trace_run *r)
{
	for (size_t i = 0; i < a->places_n; i++) {
		const struct trace_run_account *at = &r->accounts[a->places[i]];

		a->amount += at->in - at->out;
		for (unsigned p = 0; p < r->n; p++) {
			const bool marked = trace_engine_marked(r->engine, p, at->account);

			a->units[p] += trace_policy_counts(r->file->policies[p])
					   ? trace_interval_sits(r, a->places[i], p)
				       : marked ? at->in - at->out
						: 0;
		}
	}
}

static int find_one(struct trace_asked *a, struct trace_run *r, bool deposit, const char *word)
{
	int code = 0;

	*a = (struct trace_asked){ .address = word };
	if (deposit) {
		code = find_deposit(a, r, word);
	} else if (!trace_run_knows(r, word)) {
		code = cli_fail(ERR_NOT_FOUND,
				"%s: %.80s is not in the ledger of %s; write it as the report "
				"does, not its label, and without hyphens",
				"account", word, r->file->asset);
	}
	if (code != 0) {
		return code;
	}
	find_places(a, r);
	if (deposit) {
		tell_deposit(a, r);
	} else {
		tell_account(a, r);
	}
	return 0;
}

int trace_asked_find(struct trace_asked_list *out, struct trace_run *r, const char *const *w,
		     size_t n)
{
	static const char *const names[] = { "deposit", "account" };
	int code = 0;

	*out = (struct trace_asked_list){ .p = room(n, sizeof *out->p) };
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		const char *word;
		size_t at = 0;

		while (code == 0 && (word = trace_words_next(w, n, names[k], &at)) != NULL) {
			struct trace_asked *a = &out->p[out->n++];

			code = find_one(a, r, k == 0, word);
			for (size_t i = 0; code == 0 && i + 1 < out->n; i++) {
				const struct trace_asked *b = &out->p[i];

				if (a->deposit == b->deposit && a->event == b->event &&
				    strcmp(a->address, b->address) == 0) {
					code = cli_fail(ERR_USAGE, "%s=%.150s: it is asked twice",
							names[k], word);
				}
			}
		}
	}
	return code;
}

void trace_asked_free(struct trace_asked_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->p[i].places);
	}
	free(l->p);
	*l = (struct trace_asked_list){ .n = 0 };
}

uint32_t *trace_asked_accounts(const struct trace_asked *a, const struct trace_run *r)
{
	uint32_t *accounts = room(a->places_n, sizeof *accounts);

	for (size_t i = 0; i < a->places_n; i++) {
		accounts[i] = r->accounts[a->places[i]].account;
	}
	return accounts;
}

enum err trace_asked_bounds(struct trace_asked_list *l, const struct trace_run *r,
			    struct trace_bounds *b)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < l->n; i++) {
		struct trace_asked *a = &l->p[i];
		uint32_t *accounts;

		if (a->deposit) {
			e = trace_bounds_event(b, trace_run_bounds_event(r, a->event), &a->x);
			continue;
		}
		accounts = trace_asked_accounts(a, r);
		e = trace_bounds_accounts(b, accounts, a->places_n, &a->x);
		free(accounts);
	}
	return e;
}

/* ---- what is told without being asked for ------------------------------------------------ */

/* What one account holds under one rule. */
struct rich {
	size_t place;
	uint64_t units;
};

static int richest_first(const void *a, const void *b)
{
	const struct rich *x = a, *y = b;

	if (x->units != y->units) {
		return x->units > y->units ? -1 : 1;
	}
	return (x->place > y->place) - (x->place < y->place);
}

size_t *trace_interval_richest(const struct trace_run *r, size_t *n)
{
	struct rich *all = room(r->accounts_n, sizeof *all);
	uint8_t *chosen = room(r->accounts_n, 1);
	size_t *places = room(r->accounts_n, sizeof *places);

	*n = 0;
	for (unsigned p = 0; p < r->n; p++) {
		for (size_t i = 0; i < r->accounts_n; i++) {
			all[i] = (struct rich){ i, trace_interval_sits(r, i, p) };
		}
		qsort(all, r->accounts_n, sizeof *all, richest_first);
		for (size_t i = 0; i < r->accounts_n && i < TRACE_INTERVAL_RICHEST; i++) {
			chosen[all[i].place] |= all[i].units > 0;
		}
	}
	for (size_t i = 0; i < r->accounts_n; i++) {
		if (chosen[i] != 0) {
			places[(*n)++] = i;
		}
	}
	free(all);
	free(chosen);
	return places;
}

uint32_t *trace_interval_group(const struct trace_run *r, const struct trace_tally *t, size_t group,
			       size_t *n, bool *open)
{
	uint32_t *accounts = room(r->accounts_n, sizeof *accounts);

	*n = 0;
	*open = false;
	for (size_t i = 0; i < r->accounts_n; i++) {
		if (t->group_of[i] == (int64_t)group) {
			accounts[(*n)++] = r->accounts[i].account;
			*open = *open || r->accounts[i].sink == TRACE_RUN_OPEN;
		}
	}
	return accounts;
}

enum err trace_interval_ever(struct trace_bounds **ever, const struct trace_run *r,
			     struct trace_bounds *b, const uint32_t *accounts, size_t n)
{
	/* the ledger is followed once more, and a network made that is about as large as the first
	 */
	const uint64_t cost = r->c.n - r->first_event + r->c.accounts_n +
			      TRACE_INTERVAL_ARC_STEPS * trace_bounds_arcs(b);
	const uint64_t granted = trace_bounds_granted(b);
	enum err e;

	if (granted < cost) {
		return ERR_TOO_LARGE;
	}
	e = trace_run_bounds(r, accounts, n, ever);
	if (e == ERR_OK) {
		trace_bounds_grant(*ever, granted - cost);
	}
	return e;
}

void trace_interval_ever_free(struct trace_bounds *ever, struct trace_bounds *b)
{
	if (ever != NULL) {
		trace_bounds_grant(b, trace_bounds_granted(ever));
		trace_bounds_free(ever);
	}
}

struct trace_spread trace_interval_spread(const struct trace_run *r, const size_t *places, size_t n)
{
	struct trace_spread found = { .place = SIZE_MAX };

	for (size_t i = 0; i < n; i++) {
		struct trace_spread s = { .place = places[i], .least = UINT64_MAX };

		for (unsigned k = 0; k < r->n; k++) {
			const uint64_t units = trace_interval_sits(r, places[i], k);

			if (!trace_policy_counts(r->file->policies[k])) {
				continue;
			}
			s.low = units < s.least ? k : s.low;
			s.least = units < s.least ? units : s.least;
			s.high = units > s.most ? k : s.high;
			s.most = units > s.most ? units : s.most;
		}
		if (s.most > s.least && s.most - s.least > found.most - found.least) {
			found = s;
		}
	}
	return found;
}

bool trace_interval_loose(const struct casefile *f)
{
	return f->hops_max != 0 || f->floor_units != 0 || f->floor_per_million != 0;
}
