/* SPDX-License-Identifier: Apache-2.0 */
/* One case over one store: seeds and sinks are found, the engine runs, what it tells is kept. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "journal.h"
#include "trace_run.h"

enum {
	PER_MILLION = 1000000,
	PROGRESS_BLOCKS = 20000, /* blocks between two looks at the terminal */
	EVENTS_FIRST = 1024,
	SEEDS_FIRST = 64,
};

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

const char *trace_run_sink_word(enum trace_run_sink s)
{
	static const char *const words[] = { "", "address", "category", "hub" };

	return words[s];
}

int trace_run_policy(const struct casefile *file, const char *name, unsigned *p)
{
	unsigned first = 0;

	for (unsigned i = 0; i < file->policies_n; i++) {
		if (name != NULL && strcmp(trace_policy_name(file->policies[i]), name) == 0) {
			*p = i;
			return 0;
		}
	}
	if (name != NULL) {
		return cli_fail(ERR_NOT_FOUND,
				"policy %.32s: the case does not have it, but %s%s; another case "
				"can ask for it",
				name, trace_policy_name(file->policies[0]),
				file->policies_n > 1 ? _(" and others") : "");
	}
	while (first + 1 < file->policies_n && !trace_policy_counts(file->policies[first])) {
		first++;
	}
	*p = first;
	for (unsigned i = 0; i < file->policies_n; i++) {
		*p = file->policies[i] == TRACE_FIFO ? i : *p;
	}
	return 0;
}

uint64_t trace_run_unknown(const struct trace_run *r, unsigned p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->accounts_n; i++) {
		sum += r->accounts[i].label == NULL ? r->held[i * r->n + p] : 0;
	}
	return sum;
}

static uint32_t owner_of(const struct columns_view *v, uint32_t account)
{
	return v->owner != NULL && v->owner[account] != 0 ? v->owner[account] : account;
}

/* ---- the end of what is looked at -------------------------------------------------------- */

static int find_end(struct trace_run *r, uint64_t as_of)
{
	uint64_t end = r->file->until_height;
	const struct columns_view *v = &r->view;

	if (as_of != 0 && as_of > v->tip.height) {
		return cli_fail(ERR_FIELD_RANGE,
				"as_of %" PRIu64 ": the store ends at height %" PRIu64
				"; ingest more first",
				as_of, v->tip.height);
	}
	end = as_of != 0 && (end == 0 || as_of < end) ? as_of : end;
	r->c = v->columns;
	r->blocks_n = v->blocks_n;
	r->height = v->tip.height;
	r->time_s = v->tip.time_s;
	if (end != 0 && end < v->tip.height) {
		while (r->blocks_n > 0 && v->blocks[r->blocks_n - 1].height > end) {
			r->blocks_n--;
			r->c.n = v->blocks[r->blocks_n].first;
		}
		r->height = end;
		r->time_s = r->blocks_n > 0 ? v->blocks[r->blocks_n - 1].time_s : 0;
	}
	return 0;
}

/* ---- names that the case says ------------------------------------------------------------ */

/* One name that is looked for: an address of a seed or of a sink. */
struct wanted {
	const char *name;
	uint32_t account;
	bool found;
};

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const struct wanted *wanted_of(const struct wanted *w, size_t n, const char *name)
{
	struct wanted key = { .name = name };

	return n == 0 ? NULL : bsearch(&key, w, n, sizeof *w, by_name);
}

/* A label of a category that absorbs. */
static bool absorbs(const struct trace_run *r, const struct trace_label *label)
{
	const struct casefile *f = r->file;

	for (size_t i = 0; label != NULL && i < f->sink_categories_n; i++) {
		if (strcmp(label->category, f->sink_categories[i]) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * One look at all names of the ledger: finds those that the case says, and marks the sinks.  A name
 * that is said and not there is an error: who mistypes an address must not get a report without it.
 */
static int find_names(struct trace_run *r, struct wanted *w, size_t n)
{
	enum { TOGETHER = 64 };

	const struct casefile *f = r->file;
	const uint32_t end = (uint32_t)r->view.columns.accounts_n;
	const struct trace_label *label[TOGETHER];
	char text[TOGETHER][COLUMNS_TEXT_MAX];
	const char *name[TOGETHER];
	uint32_t some;

	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < end; a += some) {
		some = end - a < TOGETHER ? end - a : TOGETHER;
		for (uint32_t k = 0; k < some; k++) {
			const struct wanted *found;

			columns_name_text(text[k], columns_view_name(&r->view, a + k));
			name[k] = text[k];
			found = wanted_of(w, n, text[k]);
			if (found != NULL) {
				w[found - w].found = true;
				w[found - w].account = a + k;
			}
		}
		if (f->sink_categories_n == 0) {
			continue;
		}
		trace_labels_find_many(r->labels, name, some, label);
		for (uint32_t k = 0; k < some; k++) {
			if (absorbs(r, label[k])) {
				r->reasons[a + k] = TRACE_RUN_SINK_CATEGORY;
			}
		}
	}
	for (size_t i = 0; i < f->sinks_n; i++) {
		const struct wanted *found = wanted_of(w, n, f->sinks[i]);

		if (!found->found) {
			return cli_fail(
			    ERR_NOT_FOUND,
			    "sinks[%zu]: %.80s is not in the ledger of %s (up to height "
			    "%" PRIu64 ")",
			    i, f->sinks[i], f->asset, r->view.tip.height);
		}
		r->reasons[found->account] = TRACE_RUN_SINK_ADDRESS;
	}
	return 0;
}

static void find_hubs(struct trace_run *r)
{
	uint32_t *came;

	if (r->file->hub_transfers == 0) {
		return;
	}
	came = room(r->view.columns.accounts_n, sizeof *came);
	r->came = came;
	for (size_t i = 0; i < r->c.n; i++) {
		uint32_t to = r->c.to[i];

		came[to]++;
		if (came[to] >= r->file->hub_transfers && to >= TRACE_ACCOUNTS_RESERVED &&
		    r->reasons[to] == TRACE_RUN_OPEN) {
			r->reasons[to] = TRACE_RUN_SINK_HUB;
		}
	}
}

/* Outputs of who is a sink are sinks. */
static void list_sinks(struct trace_run *r)
{
	size_t n = 0;

	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < r->c.accounts_n; a++) {
		uint8_t of_owner = r->reasons[owner_of(&r->view, a)];

		r->reasons[a] = r->reasons[a] == TRACE_RUN_OPEN ? of_owner : r->reasons[a];
		n += r->reasons[a] != TRACE_RUN_OPEN;
		r->sinks_by[r->reasons[a]]++;
	}
	r->sinks = room(n, sizeof *r->sinks);
	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < r->c.accounts_n; a++) {
		if (r->reasons[a] != TRACE_RUN_OPEN) {
			r->sinks[r->sinks_n++] = a;
		}
	}
}

/* ---- payments ---------------------------------------------------------------------------- */

/* The account that people write so. */
static bool find_account(const struct trace_run *r, const char *address, uint32_t *account)
{
	char text[COLUMNS_TEXT_MAX];

	for (uint32_t a = TRACE_ACCOUNTS_RESERVED; a < r->view.columns.accounts_n; a++) {
		columns_name_text(text, columns_view_name(&r->view, a));
		if (strcmp(text, address) == 0) {
			*account = a;
			return true;
		}
	}
	return false;
}

bool trace_run_knows(const struct trace_run *r, const char *address)
{
	uint32_t account;

	return find_account(r, address, &account);
}

int trace_run_payment(struct trace_run *r, const char *what, const struct hash32 *tx,
		      const char *address, size_t *event)
{
	struct columns_fault fault;
	uint32_t account = 0;
	size_t legs = 0;
	enum err e = ERR_OK;
	char hex[65];

	if (!find_account(r, address, &account)) {
		return cli_fail(ERR_NOT_FOUND,
				"%s: %.80s is not in the ledger of %s; write it as the report "
				"does, not its label, and without hyphens",
				what, address, r->file->asset);
	}
	for (size_t t = 0; e == ERR_OK && t < r->view.txs_n; t++) {
		struct columns_legs found;

		columns_view_passed(&r->view, t);
		if (!bytes_eq(bytes_of(r->view.txids + 32 * t, 32), bytes_of(tx->b, 32))) {
			continue;
		}
		e = columns_view_legs(&r->view, (uint32_t)t, &found, &fault);
		for (size_t i = 0; e == ERR_OK && i < found.n && found.first + i < r->c.n; i++) {
			if (owner_of(&r->view, found.to[i]) == account) {
				*event = found.first + i;
				legs++;
			}
		}
		if (e == ERR_OK) {
			columns_legs_free(&found);
		}
	}
	if (e == ERR_OK && legs == 1) {
		e = columns_view_warm(&r->view, *event, *event + 1, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", r->store, fault.text);
	}
	hex_put(hex, bytes_of(tx->b, sizeof tx->b));
	return legs == 1 ? 0
			 : cli_fail(legs == 0 ? ERR_NOT_FOUND : ERR_FIELD_RANGE,
				    "%s: transaction %.64s pays %.80s %zu times up to height "
				    "%" PRIu64 "; one payment is wanted",
				    what, hex, address, legs, r->height);
}

/* ---- seeds ------------------------------------------------------------------------------- */

struct wanted_tx {
	struct hash32 id;
	size_t seed;
};

static int by_id(const void *a, const void *b)
{
	const struct wanted_tx *x = a, *y = b;
	int order = hash32_cmp(&x->id, &y->id);

	return order != 0 ? order : (x->seed > y->seed) - (x->seed < y->seed);
}

static struct trace_run_seed *seed_add(struct trace_run *r, size_t of)
{
	if (r->seeds_n == r->seeds_cap) {
		size_t cap = r->seeds_cap == 0 ? SEEDS_FIRST : 2 * r->seeds_cap;
		struct trace_run_seed *more = realloc(r->seeds, cap * sizeof *more);

		CHECK(more != NULL);
		r->seeds = more;
		r->seeds_cap = cap;
	}
	r->seeds[r->seeds_n] = (struct trace_run_seed){ .of = of };
	return &r->seeds[r->seeds_n++];
}

/* The legs of one transaction, to whom the seeds that name it (the first of ids, and those behind
 * it that are equal) name. */
static int add_legs(struct trace_run *r, uint32_t tx, const struct wanted_tx *ids, size_t ids_n,
		    const struct wanted *w, size_t n)
{
	const struct casefile *f = r->file;
	struct columns_fault fault;
	struct columns_legs legs;
	enum err e = columns_view_legs(&r->view, tx, &legs, &fault);

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", r->store, fault.text);
	}
	for (size_t i = 0; i < legs.n && legs.first + i < r->c.n; i++) {
		for (size_t k = 0; k < ids_n && hash32_eq(&ids[k].id, &ids[0].id); k++) {
			size_t of = ids[k].seed;
			const struct wanted *to = wanted_of(w, n, f->seeds[of].address);

			if (to != NULL && to->found &&
			    to->account == owner_of(&r->view, legs.to[i])) {
				struct trace_run_seed *s = seed_add(r, of);

				s->of_tx = true;
				s->event = legs.first + i;
				s->account = legs.to[i];
				s->amount = f->seeds[of].whole ? 0 : f->seeds[of].amount;
			}
		}
	}
	columns_legs_free(&legs);
	return 0;
}

/* Places in seeds, by what they name. */
struct seed_place {
	size_t event, at;
};

static int by_event(const void *a, const void *b)
{
	const struct seed_place *x = a, *y = b;

	if (x->event != y->event) {
		return x->event < y->event ? -1 : 1;
	}
	return (x->at > y->at) - (x->at < y->at);
}

/* Of a transaction with very many legs each is a seed, so they are not compared one with another.
 */
static struct seed_place *seeds_by_event(const struct trace_run *r)
{
	struct seed_place *all = room(r->seeds_n, sizeof *all);

	for (size_t i = 0; i < r->seeds_n; i++) {
		all[i] = (struct seed_place){ r->seeds[i].event, i };
	}
	qsort(all, r->seeds_n, sizeof *all, by_event);
	return all;
}

/* The first seed that names what one before it names. */
static int no_leg_twice(const struct trace_run *r)
{
	struct seed_place *all = seeds_by_event(r);
	size_t again = SIZE_MAX, first = 0;

	for (size_t i = 1; i < r->seeds_n; i++) {
		if (all[i].event == all[i - 1].event && all[i].at < again) {
			again = all[i].at;
			first = all[i - 1].at;
		}
	}
	free(all);
	return again == SIZE_MAX
		   ? 0
		   : cli_fail(ERR_FIELD_RANGE, "seeds[%zu]: the same transfer as seeds[%zu]",
			      r->seeds[again].of, r->seeds[first].of);
}

/* The legs of the transactions that seeds name, to whom they name. */
static int find_legs(struct trace_run *r, const struct wanted *w, size_t n)
{
	const struct casefile *f = r->file;
	struct wanted_tx *ids = room(f->seeds_n, sizeof *ids);
	size_t *legs = room(f->seeds_n, sizeof *legs);
	size_t ids_n = 0;
	int code = 0;

	for (size_t i = 0; i < f->seeds_n; i++) {
		if (f->seeds[i].of_tx) {
			ids[ids_n++] = (struct wanted_tx){ f->seeds[i].tx, i };
		}
	}
	if (ids_n == 0) {
		free(ids);
		free(legs);
		return 0;
	}
	qsort(ids, ids_n, sizeof *ids, by_id);
	for (size_t t = 0; code == 0 && t < r->view.txs_n; t++) {
		size_t low = 0, high = ids_n;

		columns_view_passed(&r->view, t);
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (bytes_cmp(bytes_of(ids[middle].id.b, 32),
				      bytes_of(r->view.txids + 32 * t, 32)) < 0) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		if (low < ids_n &&
		    bytes_eq(bytes_of(ids[low].id.b, 32), bytes_of(r->view.txids + 32 * t, 32))) {
			code = add_legs(r, (uint32_t)t, &ids[low], ids_n - low, w, n);
		}
	}
	for (size_t k = 0; k < r->seeds_n; k++) {
		legs[r->seeds[k].of]++;
	}
	for (size_t i = 0; code == 0 && i < f->seeds_n; i++) {
		const size_t found = legs[i];

		if (f->seeds[i].of_tx && found == 0) {
			char hex[65];

			hex_put(hex, bytes_of(f->seeds[i].tx.b, 32));
			code =
			    cli_fail(ERR_NOT_FOUND,
				     "seeds[%zu]: transaction %s brings nothing of %s to %.80s up "
				     "to height %" PRIu64,
				     i, hex, f->asset, f->seeds[i].address, r->height);
		} else if (found > 1 && !f->seeds[i].whole) {
			code = cli_fail(ERR_FIELD_RANGE,
					"seeds[%zu].amount: the transaction pays that address %zu "
					"times; leave the amount out",
					i, found);
		}
	}
	code = code != 0 ? code : no_leg_twice(r);
	free(legs);
	free(ids);
	return code;
}

/* The first event behind the first block at or above this height. */
static int end_of_height(const struct trace_run *r, size_t seed, uint64_t height, size_t *event)
{
	size_t k = 0;

	if (height > r->height) {
		return cli_fail(ERR_FIELD_RANGE,
				"seeds[%zu].height: %" PRIu64 " is behind the end, %" PRIu64, seed,
				height, r->height);
	}
	while (k < r->blocks_n && r->view.blocks[k].height < height) {
		k++;
	}
	*event = k + 1 < r->blocks_n ? r->view.blocks[k + 1].first : r->c.n;
	return 0;
}

static int find_holdings(struct trace_run *r, const struct wanted *w, size_t n)
{
	const struct casefile *f = r->file;
	int code = 0;

	for (size_t i = 0; code == 0 && i < f->seeds_n; i++) {
		const struct casefile_seed *s = &f->seeds[i];
		const struct wanted *at;
		struct trace_run_seed *seed;
		struct trace_account a;
		size_t event = 0;

		if (s->of_tx) {
			continue;
		}
		at = wanted_of(w, n, s->address);
		if (at == NULL || !at->found) {
			return cli_fail(ERR_NOT_FOUND,
					"seeds[%zu]: %.80s is not in the ledger of %s", i,
					s->address, f->asset);
		}
		code = end_of_height(r, i, s->height, &event);
		if (code != 0) {
			return code;
		}
		a = trace_columns_account(&r->c, at->account, event);
		if (a.balance == 0 || (!s->whole && s->amount > a.balance)) {
			return cli_fail(ERR_FUNDS,
					"seeds[%zu].amount: %.80s held %" PRIu64
					" smallest units at height %" PRIu64,
					i, s->address, a.balance, s->height);
		}
		seed = seed_add(r, i);
		seed->event = event;
		seed->account = at->account;
		seed->amount = s->whole ? 0 : s->amount;
		seed->in = a.in;
		seed->balance = a.balance;
	}
	return code;
}

/* A case that follows coins from where it lets them end was not meant so. */
static int no_seed_at_sink(const struct trace_run *r)
{
	for (size_t i = 0; i < r->seeds_n; i++) {
		uint8_t reason = r->reasons[r->seeds[i].account];

		if (reason != TRACE_RUN_OPEN) {
			return cli_fail(ERR_FIELD_RANGE,
					"seeds[%zu]: %.80s is a sink of the case (by %s): nothing "
					"would be followed",
					r->seeds[i].of, r->file->seeds[r->seeds[i].of].address,
					trace_run_sink_word((enum trace_run_sink)reason));
		}
	}
	return 0;
}

/* ---- the beginning of what is looked at -------------------------------------------------- */

static int warm(struct trace_run *r, size_t first)
{
	struct columns_fault fault;
	enum err e = columns_view_warm(&r->view, first, r->c.n, &fault);

	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", r->store, fault.text);
}

/* What a case needs of all that was there before its seeds: the balance of an address is found by
 * looking back, and hubs are counted. */
static bool needs_all(const struct casefile *f)
{
	bool all = f->hub_transfers != 0;

	for (size_t i = 0; i < f->seeds_n; i++) {
		all = all || !f->seeds[i].of_tx;
	}
	return all;
}

/*
 * Before the first seed no coin of the case is anywhere, so the engine begins with its block: what
 * was there before stands beside each event.  A run that goes on has all of them.
 */
static int find_beginning(struct trace_run *r, bool once)
{
	size_t first = r->c.n, low = 0, high = r->blocks_n;

	if (!once || needs_all(r->file)) {
		return 0;
	}
	for (size_t i = 0; i < r->seeds_n; i++) {
		first = r->seeds[i].event < first ? r->seeds[i].event : first;
	}
	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;

		low = r->view.blocks[middle].first <= first ? middle : low;
		high = r->view.blocks[middle].first <= first ? high : middle;
	}
	r->first_block = low;
	r->first_event = r->blocks_n == 0 ? 0 : r->view.blocks[low].first;
	return warm(r, r->first_event);
}

/* The ledger from there on; blocks are malloc'd. */
static struct trace_block *from_beginning(const struct trace_run *r, struct trace_columns *c)
{
	const size_t n = r->blocks_n - r->first_block, at = r->first_event;
	struct trace_block *blocks = room(n, sizeof *blocks);

	for (size_t i = 0; i < n; i++) {
		blocks[i] = r->view.blocks[r->first_block + i];
		blocks[i].first -= at;
	}
	*c = r->c;
	c->n -= at;
	c->from += at;
	c->to += at;
	c->amount += at;
	c->balance += at;
	c->out += at;
	c->in += at;
	c->tx += at;
	return blocks;
}

/* ---- the engine -------------------------------------------------------------------------- */

static void keep(void *context, const struct trace_touch *t)
{
	struct trace_run *r = context;
	struct trace_run_move *move;

	if (t->kind == TRACE_SEEDED) {
		/* their events are known, and added with add_seed_events() */
		if (t->case_ < r->n) {
			r->seeded[t->seed * r->n + t->case_] = t->moved;
		}
		return;
	}
	if (r->events_n == 0 || r->events[r->events_n - 1] != t->event + r->first_event) {
		if (r->events_n == r->events_cap) {
			size_t cap = r->events_cap == 0 ? EVENTS_FIRST : 2 * r->events_cap;
			uint32_t *events = realloc(r->events, cap * sizeof *events);
			struct trace_run_move *moves =
			    realloc(r->moves, cap * r->n * sizeof *moves);

			CHECK(events != NULL && moves != NULL);
			r->events = events;
			r->moves = moves;
			r->events_cap = cap;
		}
		r->events[r->events_n] = (uint32_t)(t->event + r->first_event);
		memset(&r->moves[r->events_n * r->n], 0, r->n * sizeof *r->moves);
		r->events_n++;
	}
	if (t->case_ < r->n) {
		move = &r->moves[(r->events_n - 1) * r->n + t->case_];
		move->units = t->moved;
		move->kind = (uint8_t)t->kind;
	}
}

/* Rows for the transfers of seeds, which no marked sender has sent. */
static void add_seed_events(struct trace_run *r)
{
	struct seed_place *seeds = seeds_by_event(r);
	const size_t most = r->events_n + r->seeds_n;
	uint32_t *events = room(most, sizeof *events);
	struct trace_run_move *moves = room(most * r->n, sizeof *moves);
	size_t n = 0, at = 0;

	for (size_t i = 0; i < r->seeds_n; i++) {
		if (!r->seeds[seeds[i].at].of_tx) {
			continue;
		}
		while (at < r->events_n && r->events[at] <= seeds[i].event) {
			memcpy(moves + n * r->n, r->moves + at * r->n, r->n * sizeof *moves);
			events[n++] = r->events[at++];
		}
		if (n == 0 || events[n - 1] != seeds[i].event) {
			events[n++] = (uint32_t)seeds[i].event;
		}
	}
	while (at < r->events_n) {
		memcpy(moves + n * r->n, r->moves + at * r->n, r->n * sizeof *moves);
		events[n++] = r->events[at++];
	}
	free(seeds);
	free(r->events);
	free(r->moves);
	r->events = events;
	r->moves = moves;
	r->events_n = n;
	r->events_cap = most;
}

/* The seeds as the engine wants them; malloc'd. */
static struct trace_seed *seeds_of(const struct trace_run *r)
{
	struct trace_seed *seeds = room(r->seeds_n, sizeof *seeds);

	for (size_t i = 0; i < r->seeds_n; i++) {
		const struct trace_run_seed *s = &r->seeds[i];

		seeds[i] =
		    (struct trace_seed){ .kind = s->of_tx ? TRACE_SEED_EVENT : TRACE_SEED_ACCOUNT,
					 .account = s->account,
					 .at = s->of_tx ? s->event - r->first_event
							: r->file->seeds[s->of].height,
					 .amount = s->amount };
	}
	return seeds;
}

enum err trace_run_bounds(const struct trace_run *r, const uint32_t *also, size_t also_n,
			  struct trace_bounds **out)
{
	struct trace_seed *seeds = seeds_of(r);
	uint32_t *sinks = room(r->sinks_n + also_n, sizeof *sinks);
	struct trace_case c = { .policy = TRACE_FIFO, /* does not count here */
				.seeds = seeds,
				.seeds_n = r->seeds_n,
				.sinks = sinks,
				.sinks_n = r->sinks_n };
	struct trace_columns columns;
	struct trace_block *blocks;
	enum err e;

	if (r->sinks_n > 0) {
		memcpy(sinks, r->sinks, r->sinks_n * sizeof *sinks);
	}
	for (size_t i = 0; i < also_n; i++) {
		if (also[i] >= TRACE_ACCOUNTS_RESERVED && r->reasons[also[i]] == TRACE_RUN_OPEN) {
			sinks[c.sinks_n++] = also[i];
		}
	}
	blocks = from_beginning(r, &columns);
	e = trace_bounds_new(out, &c, &columns, blocks, r->blocks_n - r->first_block, NULL);
	free(blocks);
	free(sinks);
	free(seeds);
	return e;
}

static int run_engine(struct trace_run *r, unsigned undo)
{
	const struct casefile *f = r->file;
	struct trace_case cases[TRACE_POLICIES + 1];
	struct trace_seed *seeds = seeds_of(r);
	struct trace_blame blame = { 0, 0 };
	struct cli_progress progress;
	const size_t blocks_n = r->blocks_n - r->first_block;
	struct trace_columns columns;
	struct trace_block *blocks;
	bool sticky = false;
	enum err e;
	int code = 0;

	r->seeded = room(r->seeds_n * r->n, sizeof *r->seeded);
	for (unsigned p = 0; p <= r->n; p++) {
		cases[p] = (struct trace_case){ .seeds = seeds,
						.seeds_n = r->seeds_n,
						.sinks = r->sinks,
						.sinks_n = r->sinks_n };
		if (p < r->n) {
			cases[p].policy = f->policies[p];
			cases[p].floor_units = f->floor_units;
			/* poison has no parts: what it marks moves whole */
			if (f->floor_per_million != 0 && trace_policy_counts(f->policies[p])) {
				cases[p].floor_part = (uint32_t)f->floor_per_million;
				cases[p].floor_whole = PER_MILLION;
			}
			cases[p].hops_max = (uint32_t)f->hops_max;
			sticky = sticky || f->policies[p] == TRACE_POISON;
		} else {
			cases[p].policy = sticky ? TRACE_POISON : TRACE_POISON_EMPTIED;
		}
	}
	e = trace_engine_new(&r->engine, cases, r->n + 1, r->c.accounts_n, undo);
	if (e != ERR_OK) {
		const char *why = NULL;

		for (unsigned p = 0; p <= r->n && why == NULL; p++) {
			(void)!trace_case_check(&cases[p], r->c.accounts_n, &why);
		}
		code = cli_fail(e, "%s: %s", f->name, why == NULL ? "" : words_of(why));
	} else {
		trace_engine_observe(r->engine, keep, r);
	}
	blocks = from_beginning(r, &columns);
	cli_progress_begin(&progress, N_("following"));
	for (size_t done = 0; code == 0 && done < blocks_n;) {
		done = blocks_n - done > PROGRESS_BLOCKS ? done + PROGRESS_BLOCKS : blocks_n;
		/* the view ends where the blocks end */
		struct trace_columns part = columns;

		part.n = done < blocks_n ? blocks[done].first : columns.n;
		e = trace_engine_run(r->engine, &part, blocks, done, NULL, &blame);
		if (e == ERR_FUNDS) {
			code = cli_fail(e, "seeds[%zu].amount: more than there was",
					r->seeds[blame.seed].of);
		} else if (e != ERR_OK) {
			code = cli_fail(e, "%s: the case cannot be followed", f->name);
		}
		cli_progress(&progress, part.n);
	}
	cli_progress_end(&progress);
	if (code == 0) {
		trace_engine_certify(r->engine);
		for (unsigned p = 0; p < r->n; p++) {
			r->totals[p] = trace_engine_totals(r->engine, p);
		}
	}
	free(blocks);
	free(seeds);
	return code;
}

/* ---- accounts ---------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

size_t trace_run_place(const struct trace_run *r, uint32_t account)
{
	size_t low = 0, high = r->accounts_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->accounts[middle].account < account) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	CHECK(low < r->accounts_n && r->accounts[low].account == account);
	return low;
}

const struct trace_block *trace_run_block(const struct trace_run *r, size_t event)
{
	size_t low = 0, high = r->blocks_n;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (r->view.blocks[middle].first <= event) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return &r->view.blocks[low];
}

static void first_seen(struct trace_run *r, uint32_t account, size_t event)
{
	struct trace_run_account *a = &r->accounts[trace_run_place(r, account)];

	if (event < a->first) {
		a->first = event;
		a->first_s = r->blocks_n == 0 ? 0 : trace_run_block(r, event)->time_s;
	}
}

/*
 * What had left each account before the beginning: its next outflow says it.  Who has none there is
 * looked for further back; place: 1 + its place in accounts, of each of the ledger.
 */
static int left_before(struct trace_run *r, const uint32_t *place)
{
	uint32_t *silent = room(r->accounts_n, sizeof *silent);
	uint64_t *out = room(r->accounts_n, sizeof *out);
	bool *sends = room(r->accounts_n, sizeof *sends);
	struct columns_fault fault;
	size_t n = 0;
	enum err e;

	for (size_t i = r->first_event; i < r->c.n; i++) {
		const uint32_t from = place[r->c.from[i]];

		if (from != 0 && !sends[from - 1]) {
			sends[from - 1] = true;
			r->accounts[from - 1].out = r->c.out[i];
		}
	}
	for (size_t i = 0; i < r->accounts_n; i++) {
		if (!sends[i]) {
			silent[n++] = r->accounts[i].account;
		}
	}
	e = columns_view_left(&r->view, r->first_event, silent, n, out, &fault);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		r->accounts[place[silent[i]] - 1].out = out[i];
	}
	free(silent);
	free(out);
	free(sends);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", r->store, fault.text);
}

/* What had come and left in the end: one look at the ledger from the beginning on, not one an
 * account. */
static int sum_up(struct trace_run *r)
{
	uint32_t *place = room(r->c.accounts_n, sizeof *place);
	int code;

	for (size_t i = 0; i < r->accounts_n; i++) {
		place[r->accounts[i].account] = (uint32_t)i + 1;
	}
	r->left = room(r->events_n, sizeof *r->left);
	code = r->first_event == 0 ? 0 : left_before(r, place);
	for (size_t i = r->first_event, k = 0; code == 0 && i < r->c.n; i++) {
		uint32_t from = place[r->c.from[i]], to = place[r->c.to[i]];

		if (from != 0) {
			struct trace_run_account *a = &r->accounts[from - 1];

			a->out = r->c.out[i] + r->c.amount[i];
			a->in = r->c.from[i] == TRACE_ISSUANCE ? 0 : r->c.out[i] + r->c.balance[i];
		}
		if (k < r->events_n && r->events[k] == i) {
			r->left[k++] = r->accounts[to - 1].out;
		}
		if (to != 0) {
			r->accounts[to - 1].in = r->c.in[i] + r->c.amount[i];
		}
	}
	free(place);
	return code;
}

int trace_run_list_accounts(struct trace_run *r)
{
	uint32_t *all = room(2 * r->events_n + r->seeds_n, sizeof *all);
	size_t n = 0, distinct = 0;

	for (size_t i = 0; i < r->events_n; i++) {
		all[n++] = r->c.from[r->events[i]];
		all[n++] = r->c.to[r->events[i]];
	}
	for (size_t i = 0; i < r->seeds_n; i++) {
		all[n++] = r->seeds[i].account;
	}
	qsort(all, n, sizeof *all, by_number);
	r->accounts = room(n, sizeof *r->accounts);
	for (size_t i = 0; i < n; i++) {
		if (distinct == 0 || r->accounts[distinct - 1].account != all[i]) {
			char text[COLUMNS_TEXT_MAX];
			struct trace_run_account *a = &r->accounts[distinct++];

			a->account = all[i];
			a->owner = owner_of(&r->view, all[i]);
			a->sink = (enum trace_run_sink)r->reasons[all[i]];
			a->first = SIZE_MAX;
			columns_name_text(text, columns_view_name(&r->view, a->owner));
			a->label = r->labels == NULL ? NULL : trace_labels_find(r->labels, text);
			columns_name_text(text, columns_view_name(&r->view, all[i]));
			a->name = strdup(text);
			CHECK(a->name != NULL);
		}
	}
	r->accounts_n = distinct;
	free(all);
	return sum_up(r);
}

static void list_holdings(struct trace_run *r)
{
	for (size_t i = 0; i < r->events_n; i++) {
		for (unsigned p = 0; p < r->n; p++) {
			if (trace_run_move(r, i, p)->kind != 0) {
				first_seen(r, r->c.to[r->events[i]], r->events[i]);
			}
		}
	}
	for (size_t i = 0; i < r->seeds_n; i++) {
		size_t at = r->seeds[i].event;

		at = r->seeds[i].of_tx || at == 0 ? at : at - 1;
		first_seen(r, r->seeds[i].account, at);
		r->seeds[i].time_s = r->blocks_n == 0 ? 0 : trace_run_block(r, at)->time_s;
	}
	r->held = room(r->accounts_n * r->n, sizeof *r->held);
	r->rests = room(r->accounts_n * r->n, sizeof *r->rests);
	for (size_t i = 0; i < r->accounts_n; i++) {
		for (unsigned p = 0; p < r->n; p++) {
			uint32_t account = r->accounts[i].account;

			r->held[i * r->n + p] = trace_engine_taint(r->engine, p, account);
			r->rests[i * r->n + p] = trace_engine_rests(r->engine, p, account);
		}
	}
}

/* ---- all of it --------------------------------------------------------------------------- */

/* The asset of the case, of those that the store has. */
static int find_asset(const struct casefile *f, const char *store, uint32_t *asset)
{
	struct columns_fault fault = { .text = "" };
	struct columns_list list = { .n = 0 };
	enum err e = columns_list(&list, store, &fault);
	int code = 0;

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", store, fault.text);
	}
	*asset = list.n;
	for (uint32_t i = 0; i < list.n; i++) {
		*asset = strcmp(list.asset[i], f->asset) == 0 ? i : *asset;
	}
	if (*asset == list.n) {
		code =
		    cli_fail(ERR_ASSET, "asset: %s has no %.80s; it has %s%s", store, f->asset,
			     list.n == 0 ? "none" : list.asset[0], list.n > 1 ? " and others" : "");
	}
	columns_list_free(&list);
	return code;
}

int trace_run_open(struct trace_run *r, const struct casefile *file, const char *case_path,
		   const char *store, uint64_t as_of, unsigned undo)
{
	struct columns_fault fault = { .text = "" };
	struct wanted *w = room(file->seeds_n + file->sinks_n, sizeof *w);
	const bool once = undo == TRACE_RUN_ONCE;
	size_t n = 0, distinct = 0;
	enum err e;
	int code;

	*r = (struct trace_run){ .file = file, .store = store, .n = (unsigned)file->policies_n };
	code = find_asset(file, store, &r->asset);
	if (code == 0) {
		/* a run that goes on renews its view, which then has all events */
		e = !once ? columns_view_open(&r->view, store, r->asset, false, &fault)
			  : columns_view_open_cold(&r->view, store, r->asset, &fault);
		r->view_open = e == ERR_OK;
		code = e == ERR_OK ? 0 : cli_fail(e, "%s: %s", store, fault.text);
	}
	code = code != 0 ? code : find_end(r, as_of);
	code = code != 0 ? code : trace_labels_read(&r->labels, file, case_path);
	if (code != 0) {
		free(w);
		return code;
	}
	r->reasons = room(r->view.columns.accounts_n, 1);
	for (size_t i = 0; i < file->seeds_n; i++) {
		w[n++].name = file->seeds[i].address;
	}
	for (size_t i = 0; i < file->sinks_n; i++) {
		w[n++].name = file->sinks[i];
	}
	qsort(w, n, sizeof *w, by_name);
	for (size_t i = 0; i < n; i++) {
		if (distinct == 0 || strcmp(w[distinct - 1].name, w[i].name) != 0) {
			w[distinct++] = w[i];
		}
	}
	code = find_names(r, w, distinct);
	code = code == 0 && needs_all(file) ? warm(r, 0) : code;
	if (code == 0) {
		find_hubs(r);
		list_sinks(r);
		code = find_legs(r, w, distinct);
	}
	code = code != 0 ? code : find_holdings(r, w, distinct);
	code = code != 0 ? code : no_seed_at_sink(r);
	code = code != 0 ? code : find_beginning(r, once);
	code = code != 0 ? code : run_engine(r, once ? 0 : undo);
	if (code == 0) {
		add_seed_events(r);
		code = trace_run_list_accounts(r);
	}
	if (code == 0) {
		list_holdings(r);
	}
	free(w);
	return code;
}

/* ---- going on ---------------------------------------------------------------------------- */

/* Blocks of the view up to this height. */
static size_t blocks_to(const struct columns_view *v, uint64_t height)
{
	size_t low = 0, high = v->blocks_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (v->blocks[middle].height <= height) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Of the first n blocks, which still stand, one seed or what it was found by is not. */
static bool seed_is_gone(const struct trace_run *r, size_t n)
{
	const struct columns_view *v = &r->view;
	size_t events = n < v->blocks_n ? (size_t)v->blocks[n].first : v->columns.n;

	for (size_t i = 0; i < r->seeds_n; i++) {
		const struct trace_run_seed *s = &r->seeds[i];

		if (s->of_tx ? s->event >= events
			     : n == 0 || v->blocks[n - 1].height < r->file->seeds[s->of].height) {
			return true;
		}
	}
	return false;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sinks that the case names have come into being behind what was taken back, and their numbers
 * may be others' now. */
static bool sink_is_gone(const struct trace_run *r)
{
	const struct casefile *f = r->file;
	const char **names;
	bool gone = false;

	if (f->sinks_n == 0) {
		return false;
	}
	names = room(f->sinks_n, sizeof *names);
	memcpy(names, f->sinks, f->sinks_n * sizeof *names);
	qsort(names, f->sinks_n, sizeof *names, by_text);
	for (size_t i = 0; !gone && i < r->sinks_n; i++) {
		uint32_t a = r->sinks[i];
		char text[COLUMNS_TEXT_MAX];
		const char *key = text;

		if (r->reasons[a] != TRACE_RUN_SINK_ADDRESS) {
			continue;
		}
		gone = a >= r->view.columns.accounts_n;
		if (!gone) {
			columns_name_text(text, columns_view_name(&r->view, owner_of(&r->view, a)));
			gone = bsearch(&key, names, f->sinks_n, sizeof *names, by_text) == NULL;
		}
	}
	free(names);
	return gone;
}

/* Takes back the blocks behind the first n; NULL, or why that is not possible. */
static const char *take_back(struct trace_run *r, size_t n)
{
	size_t had = trace_engine_blocks(r->engine);

	if (had <= n) {
		return NULL;
	}
	if (had - n > trace_engine_undoable(r->engine)) {
		return N_("the chain was rolled back deeper than can be taken back");
	}
	if (seed_is_gone(r, n)) {
		return N_("the chain was rolled back to before what was stolen");
	}
	if (sink_is_gone(r)) {
		return N_("the chain was rolled back to before a sink of the case");
	}
	if (r->came != NULL) {
		return N_("the chain was rolled back, and hubs must be counted anew");
	}
	while (trace_engine_blocks(r->engine) > n) {
		CHECK(trace_engine_undo_block(r->engine) == ERR_OK);
	}
	return NULL;
}

/*
 * Who is paid in the new blocks may be new himself, and a sink.  An account that was there before
 * is what it was: its number and its name stay as long as its first block does.
 */
static const char *new_sinks(struct trace_run *r, size_t first)
{
	for (size_t i = first; i < r->c.n; i++) {
		uint32_t to = r->c.to[i], owner = owner_of(&r->view, to);
		char text[COLUMNS_TEXT_MAX];
		bool sink;

		if (to < TRACE_ACCOUNTS_RESERVED) {
			continue;
		}
		if (r->came != NULL && ++r->came[to] >= r->file->hub_transfers &&
		    r->reasons[to] == TRACE_RUN_OPEN) {
			return N_("an account was paid so often that it is a hub now");
		}
		if (r->reasons[to] == TRACE_RUN_SINK_ADDRESS ||
		    r->reasons[to] == TRACE_RUN_SINK_HUB) {
			continue;
		}
		columns_name_text(text, columns_view_name(&r->view, owner));
		sink = r->file->sink_categories_n > 0 &&
		       absorbs(r, trace_labels_find(r->labels, text));
		if (sink == (r->reasons[to] != TRACE_RUN_OPEN)) {
			continue;
		}
		r->reasons[to] = sink ? TRACE_RUN_SINK_CATEGORY : TRACE_RUN_OPEN;
		for (unsigned p = 0; p <= r->n; p++) {
			CHECK(trace_engine_sink(r->engine, p, to, sink) == ERR_OK);
		}
	}
	return NULL;
}

static void grow(struct trace_run *r, size_t had)
{
	size_t n = r->view.columns.accounts_n;

	if (n <= had) {
		return;
	}
	r->reasons = realloc(r->reasons, n);
	CHECK(r->reasons != NULL);
	memset(r->reasons + had, 0, n - had);
	if (r->came != NULL) {
		r->came = realloc(r->came, n * sizeof *r->came);
		CHECK(r->came != NULL);
		memset(r->came + had, 0, (n - had) * sizeof *r->came);
	}
}

int trace_run_on(struct trace_run *r, const struct trace_run_news *news, const char **again)
{
	struct columns_fault fault = { .text = "" };
	uint64_t undos = r->view.undos;
	size_t first;
	enum err e;

	*again = NULL;
	r->known_n =
	    r->view.columns.accounts_n > r->known_n ? r->view.columns.accounts_n : r->known_n;
	e = columns_view_renew(&r->view, r->store, r->asset, &fault);
	r->view_open = e == ERR_OK;
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", r->store, fault.text);
	}
	if (r->view.undos != undos + news->undos) {
		*again = N_("another program took blocks of the store back");
		return 0;
	}
	if (news->undos > 0) {
		*again = take_back(r, blocks_to(&r->view, news->kept));
		if (*again != NULL) {
			return 0;
		}
	}
	grow(r, r->known_n);
	CHECK(find_end(r, 0) == 0);
	r->events_n = 0;
	if (r->blocks_n <= trace_engine_blocks(r->engine)) {
		return 0;
	}
	first = r->view.blocks[trace_engine_blocks(r->engine)].first;
	*again = new_sinks(r, first);
	if (*again != NULL) {
		return 0;
	}
	e = trace_engine_run(r->engine, &r->c, r->view.blocks, r->blocks_n, NULL, NULL);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: the case cannot be followed", r->file->name);
	}
	return 0;
}

void trace_run_free(struct trace_run *r)
{
	for (size_t i = 0; i < r->accounts_n; i++) {
		free(r->accounts[i].name);
	}
	free(r->accounts);
	free(r->held);
	free(r->rests);
	free(r->events);
	free(r->moves);
	free(r->left);
	free(r->seeded);
	free(r->seeds);
	free(r->sinks);
	free(r->reasons);
	free(r->came);
	trace_engine_free(r->engine);
	trace_labels_free(r->labels);
	if (r->view_open) {
		columns_view_close(&r->view);
	}
	*r = (struct trace_run){ .file = NULL };
}
