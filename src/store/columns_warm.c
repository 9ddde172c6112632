/* SPDX-License-Identifier: Apache-2.0 */
/* What is cold of a view: decoded whole, or the ranges that somebody asks for. */
#include "store/columns_warm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "store/columns_compact.h"
#include "store/columns_layout.h"

static enum err out_of_memory(struct columns_fault *fault)
{
	columns_fault_say(fault, "out of memory");
	return ERR_FULL;
}

/* Rows of one column from `row` on. */
static uint8_t *at_row(const struct columns_view *v, unsigned column, uint64_t row)
{
	return v->map[column].p + row * columns_asset_files[column].width;
}

/* Nobody reads these rows: who does ends the program, and not with rows that say zero. */
static enum err out_of_reach(const struct columns_view *v, uint64_t first, uint64_t n)
{
	for (unsigned i = ASSET_FROM; i <= ASSET_TX; i++) {
		if (mprotect(at_row(v, i, first), n * columns_asset_files[i].width, PROT_NONE) !=
		    0) {
			return ERR_FULL;
		}
	}
	return ERR_OK;
}

/*
 * Pages page .. end - 1 of a segment into the place of their rows: memory of our own, over the hole
 * that is mapped there.  The pages before them are read too, since sums need them, and not kept.
 */
static enum err thaw(struct columns_view *v, struct columns_segment *s, uint32_t page, uint32_t end,
		     struct columns_fault *fault)
{
	const uint64_t first = s->cold.first + (uint64_t)page * COLUMNS_COLD_PAGE;
	const uint64_t rows_n = (uint64_t)(end - page) * COLUMNS_COLD_PAGE;
	struct columns_page_room *room = page == 0 ? NULL : malloc(sizeof *room);
	enum err e = ERR_OK;

	if (page > 0 && room == NULL) {
		return out_of_memory(fault);
	}
	for (unsigned i = ASSET_FROM; i <= ASSET_TX; i++) {
		const size_t bytes = rows_n * columns_asset_files[i].width;

		if (mmap(at_row(v, i, first), bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
			free(room);
			return out_of_memory(fault);
		}
		/* advice: fewer faults; it works without */
		(void)madvise(at_row(v, i, first), bytes, MADV_HUGEPAGE);
	}
	for (uint32_t k = 0; e == ERR_OK && k < end; k++) {
		const uint64_t row = s->cold.first + (uint64_t)k * COLUMNS_COLD_PAGE;
		struct columns_cold_rows rows;

		if (k < page) {
			rows = columns_page_rows(room);
		} else {
			rows = (struct columns_cold_rows){
				.from = (void *)at_row(v, ASSET_FROM, row),
				.to = (void *)at_row(v, ASSET_TO, row),
				.tx = (void *)at_row(v, ASSET_TX, row),
				.amount = (void *)at_row(v, ASSET_AMOUNT, row),
				.balance = (void *)at_row(v, ASSET_BALANCE, row),
				.out = (void *)at_row(v, ASSET_OUT, row),
				.in = (void *)at_row(v, ASSET_IN, row)
			};
		}
		e = columns_segment_next(s, &rows, fault);
	}
	for (unsigned i = ASSET_FROM; e == ERR_OK && i <= ASSET_TX; i++) {
		(void)mprotect(at_row(v, i, first), rows_n * columns_asset_files[i].width,
			       PROT_READ);
	}
	free(room);
	return e;
}

static enum err take_segment(struct columns_view *v, struct columns_segment *s, bool lazy,
			     struct columns_fault *fault)
{
	struct columns_range *more;
	enum err e;

	if (!lazy) {
		return thaw(v, s, 0, s->cold.pages, fault);
	}
	more = realloc(v->ranges, (v->cold_files + 1) * sizeof *more);
	if (more == NULL) {
		return out_of_memory(fault);
	}
	v->ranges = more;
	v->ranges[v->cold_files] =
	    (struct columns_range){ s->cold.first, s->cold.first + s->cold.events, 0, 0 };
	e = out_of_reach(v, s->cold.first, s->cold.events);
	return e == ERR_OK ? ERR_OK : out_of_memory(fault);
}

enum err columns_warm_take(struct columns_view *v, const char *folder, size_t folder_n, bool lazy,
			   struct columns_fault *fault)
{
	enum err e = ERR_OK;

	while (e == ERR_OK) {
		const uint32_t number = v->cold_files;
		struct columns_segment s;

		e = lazy ? columns_segment_look(&s, folder, folder_n, number, v->cold, fault)
			 : columns_segment_open(&s, folder, folder_n, number, v->cold,
						v->columns.accounts_n, fault);
		if (e != ERR_OK) {
			break;
		}
		if (s.cold.events > v->columns.n - v->cold) {
			columns_fault_say(
			    fault,
			    "%s/cold-%" PRIu32
			    ": holds more events than the head counts: take the store "
			    "from a copy, or ingest into a new folder",
			    folder + folder_n + 1, number);
			e = ERR_CORRUPT;
		} else {
			e = take_segment(v, &s, lazy, fault);
		}
		v->cold += e == ERR_OK ? s.cold.events : 0;
		v->cold_files += e == ERR_OK ? 1 : 0;
		columns_segment_close(&s);
	}
	if (e == ERR_NOT_FOUND && v->cold < v->columns.n && v->columns.amount[v->cold] == 0) {
		columns_fault_say(fault,
				  "%s: events from %" PRIu64
				  " on are not in the columns, and the cold file for them is not "
				  "there: take the store from a copy, or ingest into a new folder",
				  folder + folder_n + 1, v->cold);
		return ERR_CORRUPT;
	}
	e = e == ERR_NOT_FOUND ? ERR_OK : e;
	if (e == ERR_OK && v->ranges != NULL) {
		v->folder = strdup(folder);
		v->folder_n = folder_n;
		e = v->folder == NULL ? out_of_memory(fault) : ERR_OK;
	}
	return e;
}

static enum err open_range(const struct columns_view *v, uint32_t k, struct columns_segment *s,
			   struct columns_fault *fault)
{
	enum err e = columns_segment_open(s, v->folder, v->folder_n, k, v->ranges[k].first,
					  v->columns.accounts_n, fault);

	if (e == ERR_NOT_FOUND ||
	    (e == ERR_OK && s->cold.first + s->cold.events != v->ranges[k].end)) {
		if (e == ERR_OK) {
			columns_segment_close(s);
		}
		columns_fault_say(fault,
				  "%s/cold-%" PRIu32
				  ": it is not there any more: take the store from a "
				  "copy, or ingest into a new folder",
				  v->folder + v->folder_n + 1, k);
		return ERR_CORRUPT;
	}
	return e;
}

enum err columns_view_warm(struct columns_view *v, uint64_t first, uint64_t end,
			   struct columns_fault *fault)
{
	enum err e = ERR_OK;

	fault->text[0] = '\0';
	for (uint32_t k = 0; e == ERR_OK && v->ranges != NULL && k < v->cold_files; k++) {
		struct columns_range *r = &v->ranges[k];
		uint64_t a = first > r->first ? first - r->first : 0;
		uint64_t b = (end < r->end ? end : r->end) - r->first;
		struct columns_segment s;

		if (first >= end || first >= r->end || end <= r->first ||
		    (first >= r->warm && end <= r->warm_end)) {
			continue;
		}
		a = a / COLUMNS_COLD_PAGE;
		b = (b + COLUMNS_COLD_PAGE - 1) / COLUMNS_COLD_PAGE;
		if (r->warm < r->warm_end) {
			/* one range a segment: what lies between is decoded too */
			const uint64_t was = (r->warm - r->first) / COLUMNS_COLD_PAGE;
			const uint64_t till = (r->warm_end - r->first) / COLUMNS_COLD_PAGE;

			a = was < a ? was : a;
			b = till > b ? till : b;
			if (a == was && b == till) {
				continue;
			}
		}
		e = open_range(v, k, &s, fault);
		if (e != ERR_OK) {
			break;
		}
		r->warm = r->warm_end = r->first;
		e = thaw(v, &s, (uint32_t)a, (uint32_t)b, fault);
		columns_segment_close(&s);
		if (e == ERR_OK) {
			r->warm = r->first + a * COLUMNS_COLD_PAGE;
			r->warm_end = r->first + b * COLUMNS_COLD_PAGE;
		} else {
			(void)out_of_reach(v, r->first, r->end - r->first);
		}
	}
	return e;
}

void columns_view_passed(const struct columns_view *v, size_t tx)
{
	enum { TOGETHER = 1 << 19 }; /* 16 MiB */

	if (tx % TOGETHER == 0 && tx > 0) {
		/* advice: pages of a file, which are there again when they are read */
		(void)madvise(v->map[ASSET_TXID].p + (tx - TOGETHER) * 32, (size_t)TOGETHER * 32,
			      MADV_DONTNEED);
	}
}

/* ---- the events of one transaction ------------------------------------------------------- */

struct legs {
	uint32_t tx;
	struct columns_legs *out;
	size_t cap;
	bool over; /* a later transaction was seen */
	enum err failed;
};

static void see_leg(struct legs *g, uint64_t event, uint32_t tx, uint32_t to)
{
	if (tx != g->tx || g->failed != ERR_OK) {
		g->over = g->over || tx > g->tx;
		return;
	}
	if (g->out->n == g->cap) {
		const size_t cap = g->cap == 0 ? 8 : 2 * g->cap;
		uint32_t *more = realloc(g->out->to, cap * sizeof *more);

		if (more == NULL) {
			g->failed = ERR_FULL;
			return;
		}
		g->out->to = more;
		g->cap = cap;
	}
	g->out->first = g->out->n == 0 ? event : g->out->first;
	g->out->to[g->out->n++] = to;
}

/* The pages of one segment from that on in which the transaction may begin. */
static enum err see_segment(const struct columns_view *v, uint32_t k, struct legs *g,
			    struct columns_page_room *room, struct columns_fault *fault)
{
	const struct columns_cold_rows rows = columns_page_rows(room);
	struct columns_segment s;
	uint32_t low = 0, high;
	enum err e = open_range(v, k, &s, fault);

	if (e != ERR_OK) {
		return e;
	}
	/* the last page whose first event is of an earlier transaction, or the first page */
	high = s.cold.pages;
	while (e == ERR_OK && high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;
		uint32_t tx = 0;

		e = columns_segment_tx(&s, middle, &tx, fault);
		low = tx < g->tx ? middle : low;
		high = tx < g->tx ? high : middle;
	}
	for (; e == ERR_OK && low < s.cold.pages && !g->over; low++) {
		const size_t n = columns_cold_page_events(&s.cold, low);

		e = columns_segment_page(&s, low, &rows, fault);
		for (size_t i = 0; e == ERR_OK && i < n; i++) {
			see_leg(g, s.cold.first + (uint64_t)low * COLUMNS_COLD_PAGE + i, rows.tx[i],
				rows.to[i]);
		}
	}
	columns_segment_close(&s);
	return e;
}

/* The first transaction of a segment. */
static enum err first_tx(const struct columns_view *v, uint32_t k, uint32_t *tx,
			 struct columns_fault *fault)
{
	struct columns_segment s;
	enum err e = columns_segment_look(&s, v->folder, v->folder_n, k, v->ranges[k].first, fault);

	if (e == ERR_OK) {
		e = columns_segment_tx(&s, 0, tx, fault);
		columns_segment_close(&s);
	}
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

enum err columns_view_legs(const struct columns_view *v, uint32_t tx, struct columns_legs *out,
			   struct columns_fault *fault)
{
	const struct trace_columns *c = &v->columns;
	const uint32_t files = v->ranges == NULL ? 0 : v->cold_files;
	const uint64_t hot = files == 0 ? 0 : v->cold;
	struct legs g = { .tx = tx, .out = out };
	uint64_t low = hot, high = c->n;
	uint32_t k = 0, end = files;
	enum err e = ERR_OK;

	fault->text[0] = '\0';
	*out = (struct columns_legs){ .n = 0 };
	/* the last segment that begins with an earlier transaction, or the first one */
	while (e == ERR_OK && end - k > 1 && files > 0) {
		const uint32_t middle = k + (end - k) / 2;
		uint32_t first = 0;

		e = first_tx(v, middle, &first, fault);
		k = first < tx ? middle : k;
		end = first < tx ? end : middle;
	}
	if (e == ERR_OK && files > 0 && (hot == c->n || tx <= c->tx[hot])) {
		struct columns_page_room *room = malloc(sizeof *room);

		e = room == NULL ? out_of_memory(fault) : ERR_OK;
		for (; e == ERR_OK && k < files && !g.over; k++) {
			e = see_segment(v, k, &g, room, fault);
		}
		free(room);
	}
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;

		low = c->tx[middle] < tx ? middle + 1 : low;
		high = c->tx[middle] < tx ? high : middle;
	}
	for (; e == ERR_OK && !g.over && low < c->n && c->tx[low] == tx; low++) {
		see_leg(&g, low, tx, c->to[low]);
	}
	e = e != ERR_OK ? e : g.failed != ERR_OK ? out_of_memory(fault) : ERR_OK;
	if (e != ERR_OK) {
		columns_legs_free(out);
	}
	return e;
}

void columns_legs_free(struct columns_legs *l)
{
	free(l->to);
	*l = (struct columns_legs){ .n = 0 };
}

/* ---- what had left accounts -------------------------------------------------------------- */

struct leaving {
	uint64_t event; /* before which */
	const uint32_t *accounts;
	size_t n;
	uint64_t *out;
	uint32_t
	    *place; /* of all accounts: 1 + the place in the list, 0: not looked for any more */
	bool *sent; /* by place: an outflow was seen */
	size_t pending;
};

/* Takes from what is looked for what has been found. */
static void settle(struct leaving *g)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->sent[i] && g->place[g->accounts[i]] != 0) {
			g->place[g->accounts[i]] = 0;
			g->pending--;
		}
	}
}

/* One segment, if one of those that are looked for is in it: forward, as its sums go. */
static enum err leave_segment(const struct columns_view *v, uint32_t k, struct leaving *g,
			      struct columns_page_room *room, struct columns_fault *fault)
{
	const struct columns_cold_rows rows = columns_page_rows(room);
	struct columns_segment s;
	bool any = false;
	enum err e = open_range(v, k, &s, fault);

	if (e != ERR_OK) {
		return e;
	}
	for (uint32_t i = 0; !any && i < s.cold.accounts; i++) {
		any = g->place[s.cold.id[i]] != 0;
	}
	for (uint32_t page = 0; e == ERR_OK && any && page < s.cold.pages; page++) {
		const uint64_t first = s.cold.first + (uint64_t)page * COLUMNS_COLD_PAGE;
		const size_t n = columns_cold_page_events(&s.cold, page);

		if (first >= g->event) {
			break;
		}
		e = columns_segment_next(&s, &rows, fault);
		for (size_t i = 0; e == ERR_OK && i < n && first + i < g->event; i++) {
			const uint32_t place = g->place[rows.from[i]];

			if (place != 0) {
				g->out[place - 1] = rows.out[i] + rows.amount[i];
				g->sent[place - 1] = true;
			}
		}
	}
	columns_segment_close(&s);
	settle(g);
	return e;
}

static enum err leave_all(const struct columns_view *v, struct leaving *g,
			  struct columns_fault *fault)
{
	const struct trace_columns *c = &v->columns;
	const uint64_t hot = v->ranges == NULL ? 0 : v->cold;
	struct columns_page_room *room = NULL;
	enum err e = ERR_OK;

	for (uint64_t i = g->event; i > hot && g->pending > 0; i--) {
		const uint32_t place = g->place[c->from[i - 1]];

		if (place != 0) {
			g->out[place - 1] = c->out[i - 1] + c->amount[i - 1];
			g->sent[place - 1] = true;
			g->place[c->from[i - 1]] = 0;
			g->pending--;
		}
	}
	if (v->ranges == NULL || g->pending == 0) {
		return ERR_OK;
	}
	room = malloc(sizeof *room);
	e = room == NULL ? out_of_memory(fault) : ERR_OK;
	for (uint32_t k = v->cold_files; e == ERR_OK && k > 0 && g->pending > 0; k--) {
		e = v->ranges[k - 1].first < g->event ? leave_segment(v, k - 1, g, room, fault)
						      : ERR_OK;
	}
	free(room);
	return e;
}

enum err columns_view_left(const struct columns_view *v, uint64_t event, const uint32_t *accounts,
			   size_t n, uint64_t *out, struct columns_fault *fault)
{
	struct leaving g = { .event = event,
			     .accounts = accounts,
			     .n = n,
			     .out = out,
			     .pending = n,
			     .place = calloc(v->columns.accounts_n, sizeof *g.place),
			     .sent = calloc(n + 1, sizeof *g.sent) };
	enum err e = g.place == NULL || g.sent == NULL ? out_of_memory(fault) : ERR_OK;

	fault->text[0] = e == ERR_OK ? '\0' : fault->text[0];
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		CHECK(accounts[i] < v->columns.accounts_n && g.place[accounts[i]] == 0);
		g.place[accounts[i]] = (uint32_t)i + 1;
		out[i] = 0;
	}
	e = e == ERR_OK ? leave_all(v, &g, fault) : e;
	free(g.place);
	free(g.sent);
	return e;
}
