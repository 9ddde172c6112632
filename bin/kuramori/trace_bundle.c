/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a re-run bundle: lines of "HASH JSON", where HASH is SHA-256 over the hash of the line
 * before (64 zeros at the first) and the JSON of this one.  Deterministic: the same case over the
 * same ledger with the same labels is the same file.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "trace_bundle.h"

enum {
	VERSION = 3,
	HEX_CHARS = 64,
};

struct writing {
	FILE *out;
	char hash[HEX_CHARS + 1];
	uint64_t lines, intervals;
};

/* Amounts are texts: not every reader of JSON has 64 bits. */
static void set_units(json_t *o, const char *key, uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	CHECK(json_object_set_new(o, key, json_string(digits)) == 0);
}

static void set_number(json_t *o, const char *key, uint64_t v)
{
	CHECK(v <= INT64_MAX);
	CHECK(json_object_set_new(o, key, json_integer((json_int_t)v)) == 0);
}

/* What a file of labels says may be no UTF-8 at all: as it is shown, so it stands here. */
static void set_text(json_t *o, const char *key, const char *text)
{
	char clean[512];

	casefile_clean(clean, sizeof clean, text, 100);
	CHECK(json_object_set_new(o, key, json_string(clean)) == 0);
}

static void set_hex(json_t *o, const char *key, const uint8_t *hash)
{
	char hex[HEX_CHARS + 1];

	hex_put(hex, bytes_of(hash, 32));
	CHECK(json_object_set_new(o, key, json_string(hex)) == 0);
}

static json_t *object(void)
{
	json_t *o = json_object();

	CHECK(o != NULL);
	return o;
}

/* Takes o. */
static void put(struct writing *w, const char *kind, json_t *o)
{
	json_t *line = json_pack("[s,o]", kind, o);
	struct sha256 hash;
	struct hash32 digest;
	char *text;

	CHECK(line != NULL);
	text = casefile_canonical(line);
	sha256_init(&hash);
	sha256_update(&hash, bytes_of(w->hash, HEX_CHARS));
	sha256_update(&hash, bytes_str(text));
	sha256_final(&hash, &digest);
	hex_put(w->hash, bytes_of(digest.b, sizeof digest.b));
	(void)fprintf(w->out, "%s %s\n", w->hash, text);
	w->lines++;
	free(text);
	json_decref(line);
}

/* The lines up to the ledger; asked is the case in its canonical form, or the question. */
static void put_head(struct writing *w, const struct trace_run *r, const uint8_t *case_id,
		     json_t *asked)
{
	json_t *o = object();

	set_number(o, "version", VERSION);
	set_text(o, "program", "kuramori " KURAMORI_VERSION);
	set_hex(o, "case", case_id);
	put(w, "bundle", o);
	put(w, "case", json_incref(asked));
	o = object();
	set_text(o, "asset", json_string_value(json_object_get(asked, "asset")));
	set_number(o, "height", r->height);
	set_number(o, "time", r->time_s);
	set_number(o, "events", r->c.n);
	set_number(o, "sinks_address", r->sinks_by[TRACE_RUN_SINK_ADDRESS]);
	set_number(o, "sinks_category", r->sinks_by[TRACE_RUN_SINK_CATEGORY]);
	set_number(o, "sinks_hub", r->sinks_by[TRACE_RUN_SINK_HUB]);
	put(w, "ledger", o);
}

static void put_labels(struct writing *w, const struct trace_run *r)
{
	for (size_t i = 0; i < r->file->labels_n; i++) {
		json_t *o = object();

		set_text(o, "file", r->file->labels[i].file);
		set_hex(o, "sha256", trace_labels_sha256(r->labels, i)->b);
		put(w, "labels", o);
	}
}

static const char *kind_of(uint32_t account)
{
	return account == TRACE_ISSUANCE    ? "issuance"
	       : account == TRACE_DESTROYED ? "destroyed"
					    : "account";
}

static void put_accounts(struct writing *w, const struct trace_run *r)
{
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_run_account *a = &r->accounts[i];
		const struct trace_label *l = a->label;
		json_t *o = object();
		char owner[COLUMNS_TEXT_MAX];

		columns_name_text(owner, columns_view_name(&r->view, a->owner));
		set_number(o, "n", i);
		set_text(o, "kind", kind_of(a->account));
		set_text(o, "name", a->name);
		set_text(o, "owner", owner);
		set_text(o, "label", l == NULL ? "" : l->label);
		set_text(o, "category", l == NULL ? "" : l->category);
		set_text(o, "source", l == NULL ? "" : l->source);
		set_number(o, "confidence", l == NULL ? 0 : l->confidence);
		set_text(o, "sink", trace_run_sink_word(a->sink));
		set_units(o, "in", a->in);
		set_units(o, "out", a->out);
		set_number(o, "first", a->first_s);
		put(w, "account", o);
	}
}

static void put_seeds(struct writing *w, const struct trace_run *r)
{
	for (size_t i = 0; i < r->seeds_n; i++) {
		const struct trace_run_seed *s = &r->seeds[i];
		json_t *o = object();

		set_number(o, "of", s->of);
		set_text(o, "kind", s->of_tx ? "transfer" : "balance");
		set_number(o, "account", trace_run_place(r, s->account));
		set_number(o, "event", s->event);
		set_units(o, "amount", s->amount);
		set_units(o, "in", s->in);
		set_units(o, "balance", s->balance);
		set_number(o, "time", s->time_s);
		put(w, "seed", o);
	}
}

static void add_units(json_t *list, uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	CHECK(json_array_append_new(list, json_string(digits)) == 0);
}

static json_t *list(void)
{
	json_t *a = json_array();

	CHECK(a != NULL);
	return a;
}

static void put_transfers(struct writing *w, const struct trace_run *r)
{
	for (size_t k = 0; k < r->events_n; k++) {
		size_t i = r->events[k];
		const struct trace_block *b = trace_run_block(r, i);
		json_t *o = object(), *moved = list();

		set_number(o, "event", i);
		set_number(o, "height", b->height);
		set_number(o, "time", b->time_s);
		set_hex(o, "tx", r->view.txids + (size_t)32 * r->c.tx[i]);
		set_number(o, "txn", r->c.tx[i]);
		set_number(o, "from", trace_run_place(r, r->c.from[i]));
		set_number(o, "to", trace_run_place(r, r->c.to[i]));
		set_units(o, "amount", r->c.amount[i]);
		set_units(o, "balance", r->c.balance[i]);
		set_units(o, "out", r->c.out[i]);
		set_units(o, "in", r->c.in[i]);
		set_units(o, "left", r->left[k]);
		for (unsigned p = 0; p < r->n; p++) {
			add_units(moved, trace_run_move(r, k, p)->units);
		}
		CHECK(json_object_set_new(o, "moved", moved) == 0);
		put(w, "transfer", o);
	}
}

static void put_totals(struct writing *w, const struct trace_run *r)
{
	for (unsigned p = 0; p < r->n; p++) {
		const struct trace_totals *t = &r->totals[p];
		json_t *o = object();

		set_text(o, "policy", trace_policy_name(r->file->policies[p]));
		set_units(o, "stolen", t->stolen);
		set_units(o, "held", t->held);
		set_units(o, "unknown", trace_run_unknown(r, p));
		set_units(o, "absorbed", t->absorbed);
		set_units(o, "stopped", t->stopped);
		set_units(o, "evaporated", t->evaporated);
		set_units(o, "destroyed", t->destroyed);
		set_number(o, "accounts", t->accounts);
		set_number(o, "touched", t->touched);
		put(w, "total", o);
	}
	for (size_t i = 0; i < r->accounts_n; i++) {
		for (unsigned p = 0; p < r->n; p++) {
			uint64_t held = r->held[i * r->n + p], rests = r->rests[i * r->n + p];
			bool marked = trace_engine_marked(r->engine, p, r->accounts[i].account);
			json_t *o;

			if (held == 0 && rests == 0 && !marked) {
				continue;
			}
			o = object();
			set_number(o, "account", i);
			set_text(o, "policy", trace_policy_name(r->file->policies[p]));
			set_units(o, "held", held);
			set_units(o, "rests", rests);
			CHECK(json_object_set_new(o, "marked", json_boolean(marked)) == 0);
			put(w, "rest", o);
		}
	}
}

static void put_reached(struct writing *w, const struct trace_run *r, const struct trace_tally *t)
{
	for (size_t i = 0; i < t->rows_n; i++) {
		const struct trace_tally_row *row = &t->rows[i];
		char day[TRACE_TALLY_DAY_MAX];
		json_t *o = object();

		trace_tally_day(day, row->day);
		set_text(o, "label", t->groups[row->group].label);
		set_text(o, "category", t->groups[row->group].category);
		set_text(o, "policy", trace_policy_name(r->file->policies[row->policy]));
		set_text(o, "day", day);
		set_units(o, "units", row->units);
		set_number(o, "transfers", row->transfers);
		put(w, "reached", o);
	}
}

/* Each label that was reached, all its days together. */
static void put_services(struct writing *w, const struct trace_run *r, const struct trace_tally *t)
{
	for (size_t g = 0; g < t->groups_n; g++) {
		json_t *o, *units, *transfers;

		if (t->groups[g].first_s == UINT64_MAX) {
			continue;
		}
		o = object();
		units = list();
		transfers = list();
		set_text(o, "label", t->groups[g].label);
		set_text(o, "category", t->groups[g].category);
		set_number(o, "since", t->groups[g].first_s);
		for (unsigned p = 0; p < r->n; p++) {
			uint64_t n;

			add_units(units, trace_tally_sum(t, g, p, &n));
			add_units(transfers, n);
		}
		CHECK(json_object_set_new(o, "units", units) == 0);
		CHECK(json_object_set_new(o, "transfers", transfers) == 0);
		put(w, "service", o);
	}
}

/* ---- what no rule can deny, and its proof ------------------------------------------------ */

static void set_pairs(json_t *o, const char *key, json_t *pairs)
{
	CHECK(pairs != NULL && json_object_set_new(o, key, pairs) == 0);
}

/* first: what their places are counted from. */
static json_t *units_pairs(const struct trace_proof_units *u, size_t n, size_t first)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		char digits[24];

		(void)snprintf(digits, sizeof digits, "%" PRIu64, u[i].units);
		CHECK(json_array_append_new(
			  all, json_pack("[I,s]", (json_int_t)(u[i].at + first), digits)) == 0);
	}
	return all;
}

/* Seeds are counted back from -1, events from 0. */
static json_t *turn_pairs(const struct trace_run *r, const struct trace_proof *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->turns_n; i++) {
		const struct trace_proof_turn *t = &p->turns[i];
		json_int_t at =
		    t->of_seed ? -1 - (json_int_t)t->at : (json_int_t)(t->at + r->first_event);

		CHECK(json_array_append_new(
			  all,
			  json_pack("[I,I]", at, (json_int_t)trace_run_place(r, t->account))) == 0);
	}
	return all;
}

/* Of whom: an event, or n accounts together. */
struct goal {
	const size_t *event; /* NULL: the accounts */
	const uint32_t *accounts;
	size_t n;
};

static enum err set_end(json_t *o, const struct trace_run *r, struct trace_bounds *b,
			const struct goal *g, bool most)
{
	struct trace_proof proof = { .gone = false };
	uint64_t value = 0;
	enum err e = g->event != NULL
			 ? trace_bounds_prove_event(b, *g->event, most, &value, &proof)
			 : trace_bounds_prove(b, g->accounts, g->n, most, &value, &proof);
	json_t *end;

	if (e != ERR_OK) {
		return e;
	}
	end = object();
	set_pairs(end, "moves", units_pairs(proof.moves, proof.moves_n, r->first_event));
	set_pairs(end, "overlaps", units_pairs(proof.overlaps, proof.overlaps_n, 0));
	set_pairs(end, "turns", turn_pairs(r, &proof));
	CHECK(json_object_set_new(end, "gone", json_boolean(proof.gone)) == 0);
	set_units(o, most ? "upper" : "lower", value);
	CHECK(json_object_set_new(o, most ? "most" : "least", end) == 0);
	trace_proof_free(&proof);
	return ERR_OK;
}

/* Takes o, a line that is whole but for the interval. */
static enum err put_ends_of(struct writing *w, const char *kind, json_t *o,
			    const struct trace_run *r, struct trace_bounds *b, const struct goal *g)
{
	enum err e = set_end(o, r, b, g, false);

	if (e == ERR_OK) {
		e = set_end(o, r, b, g, true);
	}
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	put(w, kind, o);
	w->intervals++;
	return ERR_OK;
}

/* ever: what ever came to a label, else what is there in the end; g NULL: of the place-th account.
 */
static enum err put_interval(struct writing *w, const struct trace_run *r, struct trace_bounds *b,
			     const struct goal *goal, const struct trace_tally_group *g, bool ever,
			     size_t place)
{
	json_t *o = object();

	set_text(o, "label", g == NULL ? "" : g->label);
	set_text(o, "category", g == NULL ? "" : g->category);
	CHECK(json_object_set_new(o, "account", json_integer(g == NULL ? (json_int_t)place : -1)) ==
	      0);
	CHECK(json_object_set_new(o, "ever", json_boolean(ever)) == 0);
	return put_ends_of(w, "interval", o, r, b, goal);
}

/* A label: what is with it now, and, unless nothing can leave it, what ever came. */
static enum err put_group(struct writing *w, const struct trace_run *r, const struct trace_tally *t,
			  struct trace_bounds *b, size_t group)
{
	struct goal goal = { NULL, NULL, 0 };
	struct trace_bounds *ever = NULL;
	bool open;
	uint32_t *accounts = trace_interval_group(r, t, group, &goal.n, &open);
	enum err e;

	goal.accounts = accounts;
	e = put_interval(w, r, b, &goal, &t->groups[group], false, 0);
	if (e == ERR_OK && open) {
		e = trace_interval_ever(&ever, r, b, accounts, goal.n);
	}
	if (e == ERR_OK && open) {
		e = put_interval(w, r, ever, &goal, &t->groups[group], true, 0);
	}
	trace_interval_ever_free(ever, b);
	free(accounts);
	return e;
}

static enum err put_accounts_intervals(struct writing *w, const struct trace_run *r,
				       struct trace_bounds *b)
{
	size_t n;
	size_t *places = trace_interval_richest(r, &n);
	const struct trace_spread s = trace_interval_spread(r, places, n);
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		const uint32_t account = r->accounts[places[i]].account;
		const struct goal goal = { NULL, &account, 1 };

		e = put_interval(w, r, b, &goal, NULL, false, places[i]);
	}
	if (e == ERR_OK && s.place != SIZE_MAX) {
		json_t *o = object();

		set_number(o, "account", s.place);
		set_text(o, "low", trace_policy_name(r->file->policies[s.low]));
		set_text(o, "high", trace_policy_name(r->file->policies[s.high]));
		set_units(o, "least", s.least);
		set_units(o, "most", s.most);
		put(w, "spread", o);
	}
	free(places);
	return e;
}

/* What somebody has asked for by name. */
static enum err put_asked(struct writing *w, const struct trace_run *r, struct trace_bounds *b,
			  const struct trace_asked *a)
{
	uint32_t *accounts = trace_asked_accounts(a, r);
	const size_t event = trace_run_bounds_event(r, a->event);
	const struct goal goal = { a->deposit ? &event : NULL, accounts, a->places_n };
	json_t *o = object(), *units = list();
	enum err e;

	for (unsigned p = 0; p < r->n; p++) {
		add_units(units, a->units[p]);
	}
	set_text(o, "kind", a->deposit ? "deposit" : "account");
	set_hex(o, "tx", a->tx.b);
	set_text(o, "address", a->address);
	CHECK(json_object_set_new(o, "event",
				  json_integer(a->deposit ? (json_int_t)a->event : -1)) == 0);
	set_units(o, "amount", a->amount);
	CHECK(json_object_set_new(o, "units", units) == 0);
	e = put_ends_of(w, "asked", o, r, b, &goal);
	free(accounts);
	return e;
}

/* All that are told without being asked for, or none: lines are kept back until the last is known.
 */
static enum err put_told(struct writing *w, const struct trace_run *r, const struct trace_tally *t,
			 struct trace_bounds *b, bool *left_out)
{
	struct writing kept = *w;
	char *text = NULL;
	size_t size = 0;
	enum err e = ERR_OK;

	*left_out = trace_bounds_arcs(b) > TRACE_INTERVAL_ARCS_MAX;
	if (*left_out) {
		return ERR_OK;
	}
	kept.out = open_memstream(&text, &size);
	CHECK(kept.out != NULL);
	trace_bounds_grant(b, TRACE_INTERVAL_STEPS);
	for (size_t g = 0; e == ERR_OK && g < t->groups_n; g++) {
		if (t->groups[g].first_s != UINT64_MAX) {
			e = put_group(&kept, r, t, b, g);
		}
	}
	e = e != ERR_OK ? e : put_accounts_intervals(&kept, r, b);
	trace_bounds_grant(b, UINT64_MAX);
	CHECK(fclose(kept.out) == 0);
	*left_out = e == ERR_TOO_LARGE;
	if (e == ERR_OK) {
		(void)fwrite(text, 1, size, w->out); /* trace_words_close() says what went wrong */
		kept.out = w->out;
		*w = kept;
	}
	free(text);
	return *left_out ? ERR_OK : e;
}

static enum err put_intervals(struct writing *w, const struct trace_run *r,
			      const struct trace_tally *t, const struct trace_asked_list *asked,
			      bool *left_out)
{
	struct trace_bounds *b = NULL;
	enum err e = trace_run_bounds(r, NULL, 0, &b);

	e = e != ERR_OK ? e : put_told(w, r, t, b, left_out);
	for (size_t i = 0; e == ERR_OK && asked != NULL && i < asked->n; i++) {
		e = put_asked(w, r, b, &asked->p[i]);
	}
	trace_bounds_free(b);
	return e;
}

static void begin(struct writing *w, FILE *out)
{
	*w = (struct writing){ .out = out };
	memset(w->hash, '0', HEX_CHARS);
	w->hash[HEX_CHARS] = '\0';
}

static void end(struct writing *w, struct hash32 *id)
{
	json_t *o = object();

	set_number(o, "lines", w->lines + 1);
	set_number(o, "intervals", w->intervals);
	put(w, "end", o);
	CHECK(hex_get(id->b, sizeof id->b, bytes_of(w->hash, HEX_CHARS), HEX_LOWER_ONLY) == ERR_OK);
}

enum err trace_bundle_write(FILE *out, struct hash32 *id, const struct trace_run *r,
			    const struct trace_tally *t, const struct trace_asked_list *asked,
			    bool *left_out)
{
	struct writing w;
	enum err e;

	begin(&w, out);
	put_head(&w, r, r->file->id.b, r->file->json);
	put_labels(&w, r);
	put_accounts(&w, r);
	put_seeds(&w, r);
	put_transfers(&w, r);
	put_totals(&w, r);
	put_reached(&w, r, t);
	put_services(&w, r, t);
	*left_out = false;
	e = put_intervals(&w, r, t, asked, left_out);
	if (e != ERR_OK) {
		return e;
	}
	end(&w, id);
	return ERR_OK;
}

/* ---- a pedigree -------------------------------------------------------------------------- */

const char *trace_bundle_piece(enum trace_piece_kind k)
{
	static const char *const words[] = { "", "passed", "issued", "origin", "earlier" };

	return words[k];
}

/* The pieces at which the question ends, by event and then by units. */
static void put_ends(struct writing *w, const struct trace_run *r, const struct trace_pedigree *p)
{
	uint64_t of = 0;

	for (size_t k = p->n, first; k > 0; k = first) {
		for (first = k; first > 0 && p->p[first - 1].event == p->p[k - 1].event; first--) {
		}
		for (size_t i = first; i < k && p->p[i].kind != TRACE_PIECE_PASSED; i++) {
			json_t *o = object();

			set_number(o, "of", of++);
			set_text(o, "kind", trace_bundle_piece(p->p[i].kind));
			set_number(o, "account", trace_run_place(r, r->c.to[p->p[i].event]));
			set_number(o, "event", p->p[i].event);
			set_units(o, "amount", p->p[i].b - p->p[i].a);
			set_units(o, "in", p->p[i].a);
			set_units(o, "balance", 0);
			set_number(o, "time", trace_run_block(r, p->p[i].event)->time_s);
			put(w, "seed", o);
		}
	}
}

void trace_bundle_pedigree(FILE *out, struct hash32 *id, json_t *question,
			   const struct trace_run *r, const struct trace_pedigree *p)
{
	static const char *const gone[] = { "absorbed", "stopped", "evaporated", "destroyed" };
	const size_t deposit = r->c.n - 1;
	const json_t *policy = json_object_get(question, "policy");
	char *text = casefile_canonical(question);
	struct hash32 case_id;
	uint64_t touched = 0;
	struct writing w;
	json_t *o;

	sha256(&case_id, bytes_str(text));
	free(text);
	begin(&w, out);
	put_head(&w, r, case_id.b, question);
	put_accounts(&w, r);
	put_ends(&w, r, p);
	put_transfers(&w, r);
	for (size_t k = 0; k < r->events_n; k++) {
		touched += trace_run_move(r, k, 0)->kind != 0;
	}
	o = object();
	set_text(o, "policy", json_string_value(policy));
	set_units(o, "stolen", r->c.amount[deposit]);
	set_units(o, "held", r->c.amount[deposit]);
	set_units(o, "unknown", r->c.amount[deposit]);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		set_units(o, gone[i], 0);
	}
	set_number(o, "accounts", 1);
	set_number(o, "touched", touched);
	put(&w, "total", o);
	o = object();
	set_number(o, "account", trace_run_place(r, r->c.to[deposit]));
	set_text(o, "policy", json_string_value(policy));
	set_units(o, "held", r->c.amount[deposit]);
	set_units(o, "rests", 0);
	CHECK(json_object_set_new(o, "marked", json_true()) == 0);
	put(&w, "rest", o);
	end(&w, id);
}
