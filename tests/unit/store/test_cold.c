/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what is cold says what was there before it became cold, to the unit and whatever kills the
 * program between; damage in a cold file is found and named; blocks that are cold cannot be lost by
 * an undo, and those behind them can.
 * Method: segments of random ledgers of all sizes and shapes, decoded again, bent and cut; a store
 * of half a million events that is made cold by a disk that dies at every single write, sync and
 * rename and forgets what was not synced; the engine on hot and cold.
 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../../bench/trace/ledger_columns.h"
#include "base/attr.h"
#include "base/check.h"
#include "store/columns.h"
#include "store/columns_cold.h"
#include "trace/engine.h"

static struct columns_fault fault;

/* ---- segments ---- */

/* How wide numbers of a ledger spread. */
struct shape {
	uint32_t accounts;
	unsigned amount_bits;
	bool round, legs;
};

static void make(struct trace_columns_builder *b, size_t n, const struct shape *s)
{
	uint32_t tx = 0;

	CHECK(trace_columns_builder_init(b) == ERR_OK &&
	      trace_columns_builder_accounts(b, s->accounts) == ERR_OK &&
	      trace_columns_builder_block(b, 1, 1) == ERR_OK);
	for (size_t i = 0; i < n; i++) {
		uint32_t from = (uint32_t)t_below(s->accounts), to;
		uint64_t has, amount = 1 + (t_random() >> (64 - s->amount_bits));

		from = t_below(2) == 0 ? from % (1 + s->accounts / 16) : from;
		to = 1 + (uint32_t)t_below(s->accounts - 1);
		to = t_below(16) == 0 && from > 1 ? from : to;
		has = from > 1 ? trace_columns_builder_balance(b, from) : 0;
		if (has == 0) {
			from = TRACE_ISSUANCE;
		} else {
			/* all, but not of very much, which could come together to too much */
			amount = (t_below(4) == 0 && has >> 50 == 0) || amount > has ? has : amount;
		}
		if (from == TRACE_ISSUANCE && s->round) {
			amount = (amount / 1000000 + 1) * 1000000;
		}
		/* once a number of nearly all bits */
		amount = i == 0 && s->amount_bits > 40 ? (UINT64_C(1) << 63) + 12345 : amount;
		tx += !s->legs || t_below(3) > 0 ? 1 : 0;
		CHECK(trace_columns_builder_event(b, from, to, amount, tx) == ERR_OK);
	}
}

static bool same_rows(const struct columns_cold_rows *r, const struct trace_columns *c, size_t at,
		      size_t n, bool sums)
{
	return memcmp(r->from, c->from + at, 4 * n) == 0 && memcmp(r->to, c->to + at, 4 * n) == 0 &&
	       memcmp(r->tx, c->tx + at, 4 * n) == 0 &&
	       memcmp(r->amount, c->amount + at, 8 * n) == 0 &&
	       (!sums ||
		(memcmp(r->balance, c->balance + at, 8 * n) == 0 &&
		 memcmp(r->out, c->out + at, 8 * n) == 0 && memcmp(r->in, c->in + at, 8 * n) == 0));
}

static void comes_back_as_it_was(void)
{
	static const struct shape shapes[] = {
		{ 3, 1, false, false },     { 50, 8, false, true },    { 5000, 30, true, true },
		{ 90000, 40, true, false }, { 400, 44, false, false },
	};
	static const size_t sizes[] = {
		1, 2, COLUMNS_COLD_PAGE - 1, COLUMNS_COLD_PAGE, COLUMNS_COLD_PAGE + 1, 100000
	};

	/* the last is the ledger of the benchmarks */
	for (size_t k = 0; k <= ARRAY_LEN(shapes); k++) {
		struct columns_cold_rows rows = ledger_rows(COLUMNS_COLD_PAGE);
		struct trace_columns_builder b;
		struct trace_columns c;

		if (k < ARRAY_LEN(shapes)) {
			make(&b, 150000, &shapes[k]);
		} else {
			ledger_columns(&b, 150000, 15000);
		}
		c = trace_columns_builder_view(&b);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			struct columns_cold_fault at;
			struct columns_cold s;
			size_t bytes, first = t_below(c.n - sizes[i] + 1), seen = 0;
			uint8_t *p = NULL;

			T_EQ(columns_cold_encode(&p, &bytes, &c, first, sizes[i]), ERR_OK);
			T_EQ(columns_cold_open(&s, bytes_of(p, bytes), c.accounts_n, true, &at),
			     ERR_OK);
			T_EQ(s.first, first);
			T_EQ(s.events, sizes[i]);
			for (uint32_t page = 0; page < s.pages; page++) {
				size_t n = columns_cold_page_events(&s, page);

				T_EQ(columns_cold_next(&s, true, &rows, &at), ERR_OK);
				T_CHECK(same_rows(&rows, &c, first + seen, n, true));
				seen += n;
			}
			T_EQ(seen, sizes[i]);
			T_EQ(columns_cold_next(&s, true, &rows, &at), ERR_NOT_FOUND);
			/* any page alone, the last one first */
			for (uint32_t page = s.pages; page > 0; page--) {
				T_EQ(columns_cold_page(&s, page - 1, true, &rows, &at), ERR_OK);
				T_CHECK(same_rows(&rows, &c,
						  first + (size_t)(page - 1) * COLUMNS_COLD_PAGE,
						  columns_cold_page_events(&s, page - 1), false));
			}
			columns_cold_close(&s);
			/* an account too many is one that the store does not have */
			if (sizes[i] == 100000) {
				T_EQ(columns_cold_open(&s, bytes_of(p, bytes), 2, true, &at),
				     ERR_CORRUPT);
				columns_cold_close(&s);
			}
			free(p);
		}
		trace_columns_builder_free(&b);
		ledger_rows_free(&rows);
	}
}

static int by_piece(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

/* Names of the benchmarks look like hashes: no piece of one comes again, in it or in another. */
static void addresses_do_not_repeat(void)
{
	enum { NAMES = 3000, PIECE = 8 };

	static char piece[NAMES * (LEDGER_NAME / PIECE)][PIECE];
	size_t n = 0, again = 0;

	for (uint64_t i = 0; i < NAMES; i++) {
		char name[LEDGER_NAME];

		ledger_address(name, i);
		for (unsigned k = 0; k < LEDGER_NAME; k += PIECE, n++) {
			memcpy(piece[n], name + k, PIECE);
		}
	}
	qsort(piece, n, PIECE, by_piece);
	for (size_t i = 1; i < n; i++) {
		again += memcmp(piece[i - 1], piece[i], PIECE) == 0;
	}
	T_EQ(again, 0);
}

/* Everything that a segment says; ERR_CORRUPT if anything is refused. */
static enum err read_through(struct bytes file, size_t accounts, bool check,
			     const struct columns_cold_rows *rows, struct columns_cold_fault *at)
{
	struct columns_cold s;
	enum err e = columns_cold_open(&s, file, accounts, check, at);

	while (e == ERR_OK) {
		e = columns_cold_next(&s, check, rows, at);
	}
	columns_cold_close(&s);
	return e;
}

static void finds_every_bent_bit_and_every_cut(void)
{
	static const struct shape shape = { 60, 30, true, true };
	struct columns_cold_rows rows = ledger_rows(COLUMNS_COLD_PAGE);
	struct trace_columns_builder b;
	struct trace_columns c;
	struct columns_cold_fault at;
	uint8_t *p = NULL, *fenced;
	size_t bytes, led_astray = 0;

	make(&b, 300, &shape);
	c = trace_columns_builder_view(&b);
	T_EQ(columns_cold_encode(&p, &bytes, &c, 20, 200), ERR_OK);
	T_EQ(read_through(bytes_of(p, bytes), c.accounts_n, true, &rows, &at), ERR_NOT_FOUND);
	for (size_t bit = 0; bit < bytes * 8; bit++) {
		p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		T_EQ(read_through(bytes_of(p, bytes), c.accounts_n, true, &rows, &at), ERR_CORRUPT);
		T_CHECK(bit / 8 >= at.from && bit / 8 < at.end);
		/* nor does it do harm where nobody compares */
		led_astray += read_through(bytes_of(p, bytes), c.accounts_n, false, &rows, &at) !=
			      ERR_CORRUPT;
		p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	T_CHECK(led_astray > 0);
	for (size_t n = 0; n < bytes; n++) {
		/* a copy of just that length, so that a tool sees a byte too many being read */
		fenced = malloc(n + 1);
		memcpy(fenced, p, n);
		T_EQ(read_through(bytes_of(fenced, n), c.accounts_n, true, &rows, &at),
		     ERR_CORRUPT);
		T_EQ(read_through(bytes_of(fenced, n), c.accounts_n, false, &rows, &at),
		     ERR_CORRUPT);
		free(fenced);
	}
	free(p);
	trace_columns_builder_free(&b);
	ledger_rows_free(&rows);
}

/* ---- a store ---- */

enum { SEGMENT = 1 << 18, EVENTS = 2 * SEGMENT + 100000, BLOCK = 700, PEOPLE = 3000 };

static char folder[64];

static void run_shell(const char *what, const char *a, const char *b)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)execl(what, what, "-rf", a, b, (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void remove_tree(const char *path)
{
	CHECK(strncmp(path, "/tmp/cold-", 10) == 0);
	run_shell("/bin/rm", path, NULL);
}

static struct columns *writer(void)
{
	struct columns_options o = { .source = COLUMNS_FROM_TRANSFERS };
	struct columns *c = NULL;

	CHECK(columns_open(&c, folder, &o, &fault) == ERR_OK);
	return c;
}

static void fill(void)
{
	static struct columns_transfer t[BLOCK];
	static char name[PEOPLE][16];
	static uint64_t has[PEOPLE];
	struct columns *c;
	size_t done = 0, bad;
	uint64_t height = 0;

	(void)snprintf(folder, sizeof folder, "/tmp/cold-%d", (int)getpid());
	memset(has, 0, sizeof has);
	c = writer();
	for (unsigned i = 0; i < PEOPLE; i++) {
		(void)snprintf(name[i], sizeof name[i], "PERSON%u", i);
	}
	while (done < EVENTS) {
		uint32_t asset;

		height++;
		CHECK(columns_block(c, height, height, NULL, &fault) == ERR_OK &&
		      columns_asset(c, bytes_str("coin"), &asset, &fault) == ERR_OK);
		for (unsigned i = 0; i < BLOCK; i++) {
			unsigned from = (unsigned)t_below(PEOPLE), to = (unsigned)t_below(PEOPLE);

			memset(&t[i], 0, sizeof t[i]);
			t[i].asset = asset;
			t[i].amount = 1 + t_below(1000000);
			t[i].to =
			    (struct columns_name){ (const uint8_t *)name[to],
						   (uint8_t)strlen(name[to]), COLUMNS_ADDRESS };
			if (has[from] > 0) {
				t[i].amount = 1 + t_below(has[from]);
				t[i].from = (struct columns_name){ (const uint8_t *)name[from],
								   (uint8_t)strlen(name[from]),
								   COLUMNS_ADDRESS };
				has[from] -= t[i].amount;
			}
			has[to] += t[i].amount;
		}
		CHECK(columns_append(c, t, BLOCK, &bad, &fault) == ERR_OK);
		done += BLOCK;
	}
	CHECK(columns_commit(c, &fault) == ERR_OK);
	columns_close(c);
}

static enum err compact(const struct columns_disk *disk, struct columns_compacted *out)
{
	return columns_compact(out, folder, disk, SEGMENT, NULL, NULL, &fault);
}

static uint64_t disk_bytes(const char *name)
{
	char path[160];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* What a view says, in one number; 0 if there is none. */
static bool same_view(const struct columns_view *a, const struct columns_view *b)
{
	const struct columns_cold_rows rows = {
		.from = (void *)(uintptr_t)b->columns.from,
		.to = (void *)(uintptr_t)b->columns.to,
		.tx = (void *)(uintptr_t)b->columns.tx,
		.amount = (void *)(uintptr_t)b->columns.amount,
		.balance = (void *)(uintptr_t)b->columns.balance,
		.out = (void *)(uintptr_t)b->columns.out,
		.in = (void *)(uintptr_t)b->columns.in,
	};

	return a->columns.n == b->columns.n &&
	       same_rows(&rows, &a->columns, 0, a->columns.n, true) && a->blocks_n == b->blocks_n;
}

/* A copy of a view that no file stands behind. */
static void keep(struct columns_view *out)
{
	struct columns_view v;
	struct trace_columns *c = &out->columns;
	struct columns_cold_rows r;

	CHECK(columns_view_open(&v, folder, 0, true, &fault) == ERR_OK);
	memset(out, 0, sizeof *out);
	r = ledger_rows(v.columns.n);
	memcpy(r.from, v.columns.from, 4 * v.columns.n);
	memcpy(r.to, v.columns.to, 4 * v.columns.n);
	memcpy(r.tx, v.columns.tx, 4 * v.columns.n);
	memcpy(r.amount, v.columns.amount, 8 * v.columns.n);
	memcpy(r.balance, v.columns.balance, 8 * v.columns.n);
	memcpy(r.out, v.columns.out, 8 * v.columns.n);
	memcpy(r.in, v.columns.in, 8 * v.columns.n);
	*c = (struct trace_columns){ v.columns.n, r.from,    r.to,
				     r.amount,    r.balance, r.out,
				     r.in,        r.tx,      v.columns.accounts_n };
	out->blocks_n = v.blocks_n;
	columns_view_close(&v);
}

static void forget(const struct columns_view *v)
{
	const struct trace_columns *c = &v->columns;

	free((void *)(uintptr_t)c->from);
	free((void *)(uintptr_t)c->to);
	free((void *)(uintptr_t)c->tx);
	free((void *)(uintptr_t)c->amount);
	free((void *)(uintptr_t)c->balance);
	free((void *)(uintptr_t)c->out);
	free((void *)(uintptr_t)c->in);
}

static void trace_it(struct hash32 *digest, bool frontier)
{
	struct columns_view v;
	struct trace_nexts nexts = { NULL, 0 };
	struct trace_engine *engine = NULL;
	struct trace_seed seed = { .kind = TRACE_SEED_EVENT, .at = 1000 };
	struct trace_case cases[TRACE_POLICIES];

	memset(cases, 0, sizeof cases);
	for (unsigned i = 0; i < TRACE_POLICIES; i++) {
		cases[i].policy = (enum trace_policy)(i + 1);
		cases[i].seeds = &seed;
		cases[i].seeds_n = 1;
	}
	CHECK(columns_view_open(&v, folder, 0, false, &fault) == ERR_OK);
	CHECK(!frontier || trace_nexts_make(&nexts, &v.columns) == ERR_OK);
	CHECK(trace_engine_new(&engine, cases, TRACE_POLICIES, v.columns.accounts_n, 0) == ERR_OK);
	CHECK(trace_engine_run(engine, &v.columns, v.blocks, v.blocks_n, frontier ? &nexts : NULL,
			       NULL) == ERR_OK);
	trace_engine_certify(engine);
	T_CHECK(trace_engine_totals(engine, 2).touched > 100);
	trace_engine_digest(engine, digest);
	trace_engine_free(engine);
	trace_nexts_free(&nexts);
	columns_view_close(&v);
}

static void says_the_same_when_cold(void)
{
	struct columns_compacted made;
	struct columns_verified before, after;
	struct columns_view hot, open, again, v;
	struct hash32 digest[4];
	struct columns *c;
	uint64_t bytes;

	fill();
	keep(&hot);
	T_EQ(columns_verify(&before, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(before.cold, 0);
	trace_it(&digest[0], false);
	trace_it(&digest[1], true);
	T_EQ(columns_view_open(&open, folder, 0, false, &fault), ERR_OK);
	T_EQ(columns_view_open(&again, folder, 0, false, &fault), ERR_OK);
	bytes = disk_bytes("asset-0/amount");
	/* nobody may write meanwhile */
	c = writer();
	T_EQ(compact(NULL, &made), ERR_BUSY);
	columns_close(c);
	T_EQ(compact(NULL, &made), ERR_OK);
	/* the last 360 blocks stay, and whole segments only go */
	T_EQ(made.events, (uint64_t)SEGMENT);
	T_EQ(made.cold, (uint64_t)SEGMENT);
	T_CHECK(made.bytes > 0 && made.bytes < (uint64_t)SEGMENT * 14);
	printf("# %.2f bytes an event\n", (double)made.bytes / (double)made.cold);
	T_CHECK(disk_bytes("asset-0/amount") <= bytes - (uint64_t)SEGMENT * 8 + 4096);
	T_CHECK(same_view(&hot, &open)); /* who had it open sees what he saw */
	columns_view_close(&open);
	/* and when he looks again, twice: what was decoded once is taken over */
	for (unsigned i = 0; i < 2; i++) {
		T_EQ(columns_view_renew(&again, folder, 0, &fault), ERR_OK);
		T_EQ(again.cold, (uint64_t)SEGMENT);
		T_CHECK(same_view(&hot, &again));
	}
	columns_view_close(&again);
	T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_OK);
	T_EQ(v.cold, (uint64_t)SEGMENT);
	T_CHECK(same_view(&hot, &v));
	columns_view_close(&v);
	T_EQ(columns_verify(&after, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(after.events, before.events);
	T_EQ(after.cold, (uint64_t)SEGMENT);
	trace_it(&digest[2], false);
	trace_it(&digest[3], true);
	for (unsigned i = 1; i < 4; i++) {
		T_CHECK(hash32_eq(&digest[0], &digest[i]));
	}
	/* again: there is nothing to do */
	T_EQ(compact(NULL, &made), ERR_OK);
	T_EQ(made.events, 0);
	T_EQ(made.cold, (uint64_t)SEGMENT);
	forget(&hot);
}

static struct columns_transfer to_person(unsigned i, char name[16])
{
	struct columns_transfer t = { .amount = 7 };

	(void)snprintf(name, 16, "PERSON%u", i);
	t.to =
	    (struct columns_name){ (const uint8_t *)name, (uint8_t)strlen(name), COLUMNS_ADDRESS };
	return t;
}

/* Goes on with the store of the case before. */
static void goes_on_behind_what_is_cold(void)
{
	struct columns_compacted made;
	struct columns_verified verified;
	struct columns *c = writer();
	struct columns_block tip;
	struct columns_transfer t;
	uint64_t in = 0, out = 0, in_before = 0;
	char name[16];
	uint32_t asset;
	size_t bad;

	t = to_person(5, name);
	T_CHECK(columns_find(c, 0, t.to, &in_before, &out));
	T_EQ(columns_tip(c, &tip), ERR_OK);
	/* enough blocks that the second segment is settled */
	for (unsigned i = 0; i < 400; i++) {
		T_EQ(columns_block(c, tip.height + 1 + i, tip.time_s, NULL, &fault), ERR_OK);
		T_EQ(columns_asset(c, bytes_str("coin"), &asset, &fault), ERR_OK);
		T_EQ(columns_append(c, &t, 1, &bad, &fault), ERR_OK);
	}
	T_EQ(columns_commit(c, &fault), ERR_OK);
	T_EQ(columns_undo(c, tip.height + 390, &fault), ERR_OK);
	columns_close(c);
	T_EQ(compact(NULL, &made), ERR_OK);
	T_EQ(made.events, (uint64_t)SEGMENT);
	T_EQ(made.cold, 2 * (uint64_t)SEGMENT);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	c = writer();
	T_CHECK(columns_find(c, 0, t.to, &in, &out));
	T_EQ(in, in_before + (uint64_t)390 * 7);
	/* as far back as is not cold, and no further */
	T_EQ(columns_undo(c, tip.height, &fault), ERR_OK);
	T_CHECK(columns_find(c, 0, t.to, &in, &out));
	T_EQ(in, in_before);
	T_EQ(columns_undo(c, 5, &fault), ERR_STATE);
	T_CHECK(strstr(fault.text, "are cold and cannot be taken back") != NULL);
	columns_close(c);
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(verified.cold, 2 * (uint64_t)SEGMENT);
}

/* Whoever reads rows that were not asked for ends, instead of reading zeros. */
static bool out_of_reach(const struct columns_view *v, uint64_t event)
{
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		volatile const uint64_t *amount = v->columns.amount;

		(void)signal(SIGSEGV, SIG_DFL);
		_exit(amount[event] == 0 ? 1 : 2);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static bool same_range(const struct columns_view *hot, const struct columns_view *v, uint64_t first,
		       uint64_t end)
{
	const struct trace_columns *c = &v->columns;
	const struct columns_cold_rows rows = {
		.from = (void *)(uintptr_t)(c->from + first),
		.to = (void *)(uintptr_t)(c->to + first),
		.tx = (void *)(uintptr_t)(c->tx + first),
		.amount = (void *)(uintptr_t)(c->amount + first),
		.balance = (void *)(uintptr_t)(c->balance + first),
		.out = (void *)(uintptr_t)(c->out + first),
		.in = (void *)(uintptr_t)(c->in + first),
	};

	return same_rows(&rows, &hot->columns, first, end - first, true);
}

/* The events of transactions, and what had left accounts, as a view of any kind says it. */
static void asks(const struct columns_view *hot, const struct columns_view *v)
{
	enum { ASKED = 40 };

	const struct trace_columns *c = &hot->columns;
	uint64_t *sum = calloc(c->accounts_n, sizeof *sum);

	CHECK(sum != NULL);
	for (unsigned round = 0; round < 60; round++) {
		const uint64_t at = round == 0   ? 0
				    : round == 1 ? c->n - 1
				    : round < 8  ? (round % 2 + 1) * (uint64_t)SEGMENT - round / 4
						 : t_below(c->n);
		struct columns_legs legs;
		uint64_t first = at, end = at;

		while (first > 0 && c->tx[first - 1] == c->tx[at]) {
			first--;
		}
		while (end < c->n && c->tx[end] == c->tx[at]) {
			end++;
		}
		T_EQ(columns_view_legs(v, c->tx[at], &legs, &fault), ERR_OK);
		T_EQ(legs.first, first);
		T_EQ(legs.n, end - first);
		T_CHECK(memcmp(legs.to, c->to + first, 4 * legs.n) == 0);
		columns_legs_free(&legs);
	}
	for (unsigned round = 0; round < 6; round++) {
		const uint64_t event = round == 0   ? c->n
				       : round == 1 ? SEGMENT
				       : round == 2 ? 0
						    : t_below(c->n);
		uint32_t accounts[ASKED];
		uint64_t out[ASKED];
		size_t n = 0;

		memset(sum, 0, c->accounts_n * sizeof *sum);
		for (uint64_t i = 0; i < event; i++) {
			sum[c->from[i]] += c->amount[i];
		}
		for (uint32_t a = (uint32_t)t_below(5); a < c->accounts_n && n < ASKED;
		     a += 1 + (uint32_t)t_below(5)) {
			accounts[n++] = a;
		}
		T_EQ(columns_view_left(v, event, accounts, n, out, &fault), ERR_OK);
		for (size_t i = 0; i < n; i++) {
			T_EQ(out[i], sum[accounts[i]]);
		}
	}
	free(sum);
}

static void decodes_what_is_asked_for(void)
{
	enum { RANGES = 8 };

	struct columns_view hot, v;

	keep(&hot);
	for (unsigned round = 0; round < 8; round++) {
		uint64_t first[RANGES], end[RANGES];

		T_EQ(columns_view_open_cold(&v, folder, 0, &fault), ERR_OK);
		T_EQ(v.cold, 2 * (uint64_t)SEGMENT);
		T_EQ(v.columns.n, hot.columns.n);
		T_EQ(v.blocks_n, hot.blocks_n);
		T_CHECK(out_of_reach(&v, 0) && out_of_reach(&v, v.cold - 1));
		T_CHECK(same_range(&hot, &v, v.cold, v.columns.n));
		for (unsigned i = 0; i < RANGES; i++) {
			const uint64_t most = i % 3 == 0 ? v.columns.n : 40000;

			first[i] = t_below(v.columns.n);
			end[i] = first[i] + t_below(most);
			end[i] = end[i] > v.columns.n ? v.columns.n : end[i];
			if (round == 0) {
				/* at the edges of pages and of files */
				first[i] = SEGMENT - COLUMNS_COLD_PAGE + (i % 2);
				end[i] = SEGMENT + i / 2 * COLUMNS_COLD_PAGE;
			}
			T_EQ(columns_view_warm(&v, first[i], end[i], &fault), ERR_OK);
			for (unsigned k = 0; k <= i; k++) {
				T_CHECK(same_range(&hot, &v, first[k], end[k]));
			}
		}
		if (round == 0) {
			T_CHECK(out_of_reach(&v, SEGMENT - COLUMNS_COLD_PAGE - 1));
			T_CHECK(out_of_reach(&v, SEGMENT + 3 * COLUMNS_COLD_PAGE));
			T_CHECK(!out_of_reach(&v, SEGMENT + 3 * COLUMNS_COLD_PAGE - 1));
			asks(&hot, &v);
		}
		T_EQ(columns_view_warm(&v, 0, v.columns.n, &fault), ERR_OK);
		T_CHECK(same_view(&hot, &v));
		columns_view_close(&v);
	}
	/* nothing asked for; and a view that has all of it already */
	T_EQ(columns_view_open_cold(&v, folder, 0, &fault), ERR_OK);
	T_EQ(columns_view_warm(&v, 5, 5, &fault), ERR_OK);
	T_CHECK(out_of_reach(&v, 5));
	asks(&hot, &v);
	T_CHECK(out_of_reach(&v, 5));
	columns_view_close(&v);
	T_EQ(columns_view_open(&v, folder, 0, false, &fault), ERR_OK);
	T_EQ(columns_view_warm(&v, 0, v.columns.n, &fault), ERR_OK);
	T_CHECK(same_view(&hot, &v));
	asks(&hot, &v);
	columns_view_close(&v);
	forget(&hot);
}

/* A view that decodes when it is asked sees damage where it is asked for, or at its opening. */
static void damaged_when_asked(const char *name)
{
	struct columns_view v;
	enum err e = columns_view_open_cold(&v, folder, 0, &fault);

	if (e == ERR_OK) {
		e = columns_view_warm(&v, 0, v.columns.n, &fault);
		columns_view_close(&v);
	}
	T_EQ(e, ERR_CORRUPT);
	T_CHECK(strstr(fault.text, name) != NULL && strstr(fault.text, ": page ") != NULL);
}

/* A file that goes away while a view is open. */
static void gone_when_asked(const char *path, const char *aside)
{
	struct columns_legs legs;
	struct columns_view v;
	uint32_t account = 2;
	uint64_t out;

	T_EQ(columns_view_open_cold(&v, folder, 0, &fault), ERR_OK);
	T_EQ(rename(path, aside), 0);
	T_EQ(columns_view_warm(&v, 0, v.columns.n, &fault), ERR_CORRUPT);
	T_CHECK(strstr(fault.text, "it is not there any more") != NULL);
	T_CHECK(columns_view_legs(&v, 5, &legs, &fault) == ERR_CORRUPT ||
		strstr(path, "cold-1") != NULL);
	T_CHECK(columns_view_left(&v, v.cold, &account, 1, &out, &fault) == ERR_CORRUPT ||
		strstr(path, "cold-0") != NULL);
	T_EQ(rename(aside, path), 0);
	columns_view_close(&v);
}

static void names_damage_in_cold_files(void)
{
	static const char *const files[] = { "asset-0/cold-0", "asset-0/cold-1" };
	struct columns_verified verified;
	struct columns_compacted made;
	struct columns_view v;
	struct columns *c;

	for (size_t i = 0; i < 16; i++) {
		const char *name = files[i % 2];
		char path[160], aside[170];
		struct stat st;
		uint8_t byte, bent, tail[1000];
		uint64_t in, out;
		off_t at, cut;
		int fd;

		(void)snprintf(path, sizeof path, "%s/%s", folder, name);
		(void)snprintf(aside, sizeof aside, "%s.aside", path);
		fd = open(path, O_RDWR);
		T_CHECK(fd >= 0 && fstat(fd, &st) == 0);
		/* the head and the end, then anywhere */
		at = i < 4 ? (i < 2 ? (off_t)t_below(60) : st.st_size - 1)
			   : (off_t)t_below((uint64_t)st.st_size);
		T_EQ(pread(fd, &byte, 1, at), 1);
		bent = byte ^ (uint8_t)(1U << t_below(8));
		T_EQ(pwrite(fd, &bent, 1, at), 1);
		T_EQ(columns_view_open(&v, folder, 0, false, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, name) != NULL && strstr(fault.text, ": page ") != NULL);
		damaged_when_asked(name);
		c = writer();
		T_EQ(columns_check(c, 0, UINT64_MAX, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, name) != NULL);
		columns_close(c);
		if (i < 4) {
			c = writer();
			/* nobody goes on from damage that he could see */
			T_CHECK(
			    !columns_find(c, 0, (struct columns_name){ &byte, 1, 0 }, &in, &out));
			columns_close(c);
			T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_CORRUPT);
			T_CHECK(strstr(fault.text, name) != NULL);
			/* which reads the heads of what is cold alone */
			T_EQ(compact(NULL, &made), i < 2 ? ERR_CORRUPT : ERR_OK);
		}
		T_EQ(pwrite(fd, &byte, 1, at), 1);
		if (i < 2) {
			gone_when_asked(path, aside);
		}
		/* gone, longer, shorter */
		T_EQ(rename(path, aside), 0);
		T_EQ(columns_view_open(&v, folder, 0, false, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, "the cold file for them is not there") != NULL);
		T_EQ(rename(aside, path), 0);
		cut = i % 3 == 0 ? -1 : 1 + (off_t)t_below(sizeof tail);
		T_EQ(pread(fd, tail, sizeof tail, st.st_size - (off_t)sizeof tail),
		     (long long)sizeof tail);
		T_EQ(ftruncate(fd, st.st_size - cut), 0);
		T_EQ(columns_view_open(&v, folder, 0, false, &fault), ERR_CORRUPT);
		T_CHECK(strstr(fault.text, name) != NULL && strstr(fault.text, ": page ") != NULL);
		T_EQ(ftruncate(fd, st.st_size), 0);
		T_EQ(pwrite(fd, tail, sizeof tail, st.st_size - (off_t)sizeof tail),
		     (long long)sizeof tail);
		(void)close(fd);
	}
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	c = writer();
	T_EQ(columns_check(c, 0, UINT64_MAX, &fault), ERR_OK);
	columns_close(c);
	remove_tree(folder);
}

/* ---- a disk that dies ---- */

enum { LOG_MAX = 64 };

static struct written {
	int fd;
	uint64_t offset;
	size_t n;
	dev_t dev;
	ino_t ino;
} written[LOG_MAX];

/* A file got another's name, and its folder is not durable yet. */
static struct moved {
	char from[200], to[200], before[210];
	bool had;
} moved[LOG_MAX];

static size_t written_n, moved_n;
static unsigned left;
static bool dead;

static bool dies(void)
{
	dead = dead || left == 0;
	left -= dead ? 0 : 1;
	return dead;
}

static int dying_write(void *ctx, int fd, const void *p, size_t n, uint64_t offset)
{
	struct written *w = &written[written_n];
	struct stat st;

	(void)ctx;
	if (dead) {
		return EIO;
	}
	CHECK(written_n < LOG_MAX && fstat(fd, &st) == 0);
	*w = (struct written){ dup(fd), offset, n, st.st_dev, st.st_ino };
	written_n++;
	if (dies()) {
		(void)!pwrite(fd, p, (size_t)t_below(n + 1), (off_t)offset);
		return EIO;
	}
	return pwrite(fd, p, n, (off_t)offset) == (ssize_t)n ? 0 : EIO;
}

static int dying_sync(void *ctx, int fd)
{
	struct stat st;

	(void)ctx;
	if (dies()) {
		return EIO;
	}
	CHECK(fstat(fd, &st) == 0);
	if (S_ISDIR(st.st_mode)) {
		while (moved_n > 0) {
			(void)unlink(moved[--moved_n].before);
		}
		return 0;
	}
	for (size_t i = 0; i < written_n;) {
		if (written[i].dev == st.st_dev && written[i].ino == st.st_ino) {
			(void)close(written[i].fd);
			written[i] = written[--written_n];
		} else {
			i++;
		}
	}
	return 0;
}

static int dying_move(void *ctx, const char *from, const char *to)
{
	struct moved *m = &moved[moved_n];

	(void)ctx;
	if (dies()) {
		return EIO;
	}
	CHECK(moved_n < LOG_MAX);
	(void)snprintf(m->from, sizeof m->from, "%s", from);
	(void)snprintf(m->to, sizeof m->to, "%s", to);
	(void)snprintf(m->before, sizeof m->before, "%s.before", to);
	(void)unlink(m->before);
	m->had = link(to, m->before) == 0;
	moved_n++;
	return rename(from, to) == 0 ? 0 : errno;
}

/* Of what was not synced, each 512 bytes and each name are as before or as they became. */
static void power_cut(void)
{
	static const uint8_t zeros[512];

	while (written_n > 0) {
		const struct written *w = &written[--written_n];

		for (uint64_t at = w->offset; at < w->offset + w->n; at += 512) {
			uint64_t end = w->offset + w->n;

			/* compacting writes new files only: there was nothing before */
			if (t_below(2) == 0) {
				(void)!pwrite(w->fd, zeros,
					      end - at < 512 ? (size_t)(end - at) : 512, (off_t)at);
			}
		}
		(void)close(w->fd);
	}
	while (moved_n > 0) {
		const struct moved *m = &moved[--moved_n];

		if (t_below(2) == 0) {
			CHECK(rename(m->to, m->from) == 0);
			CHECK(!m->had || rename(m->before, m->to) == 0);
		} else {
			(void)unlink(m->before);
		}
	}
}

static void fill_for_dying(void)
{
	static struct columns_transfer t[BLOCK];
	static char name[BLOCK][16];
	struct columns *c;
	uint32_t asset;
	size_t bad, done = 0;
	uint64_t height = 0;

	c = writer();
	/* a segment, then blocks of one */
	for (; done < SEGMENT || height < SEGMENT / BLOCK + 1 + COLUMNS_UNDO_MAX; height++) {
		size_t n = done < SEGMENT ? (size_t)BLOCK : 1;

		CHECK(columns_block(c, height + 1, height, NULL, &fault) == ERR_OK &&
		      columns_asset(c, bytes_str("coin"), &asset, &fault) == ERR_OK);
		for (size_t i = 0; i < n; i++) {
			t[i] = to_person((unsigned)t_below(PEOPLE), name[i]);
			t[i].asset = asset;
		}
		CHECK(columns_append(c, t, n, &bad, &fault) == ERR_OK);
		done += n;
	}
	CHECK(columns_commit(c, &fault) == ERR_OK);
	columns_close(c);
}

static void dies_at_every_step(void)
{
	static const struct columns_disk dying = { NULL, dying_write, dying_sync, dying_move };
	char whole[64];
	struct columns_view hot;
	unsigned k = 0;
	bool ended = false;

	(void)snprintf(whole, sizeof whole, "/tmp/cold-%d-whole", (int)getpid());
	(void)snprintf(folder, sizeof folder, "%s", whole);
	fill_for_dying();
	keep(&hot);
	(void)snprintf(folder, sizeof folder, "/tmp/cold-%d-copy", (int)getpid());
	for (; !ended; k++) {
		struct columns_compacted made;
		struct columns_view v;

		run_shell("/bin/cp", whole, folder);
		left = k;
		dead = false;
		ended = compact(&dying, &made) == ERR_OK;
		T_EQ(ended, !dead);
		power_cut();
		T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_OK);
		T_CHECK(same_view(&hot, &v));
		T_CHECK(v.cold == 0 || v.cold == SEGMENT);
		columns_view_close(&v);
		T_EQ(compact(NULL, &made), ERR_OK);
		T_EQ(made.cold, (uint64_t)SEGMENT);
		T_EQ(columns_view_open(&v, folder, 0, true, &fault), ERR_OK);
		T_CHECK(same_view(&hot, &v));
		T_EQ(v.cold, (uint64_t)SEGMENT);
		columns_view_close(&v);
		T_CHECK(disk_bytes("asset-0/amount") < 65536);
		remove_tree(folder);
	}
	printf("# died at each of %u steps\n", k - 1);
	T_CHECK(k > 25);
	forget(&hot);
	remove_tree(whole);
}

/* Columns with checks that fit, and sums that do not: nothing of them becomes cold. */
static void leaves_what_does_not_add_up(void)
{
	struct columns_compacted made;
	uint8_t row[8], sum[4], *page = malloc(COLUMNS_PAGE_BYTES);
	char path[160];
	int fd;

	(void)snprintf(folder, sizeof folder, "/tmp/cold-%d-sums", (int)getpid());
	fill_for_dying();
	(void)snprintf(path, sizeof path, "%s/asset-0/in", folder);
	fd = open(path, O_RDWR);
	T_EQ(pread(fd, row, 8, 8 * 100000), 8);
	le64_put(row, le64_get(row) + 1);
	T_EQ(pwrite(fd, row, 8, 8 * 100000), 8);
	/* the page's check finds it first */
	T_EQ(compact(NULL, &made), ERR_CORRUPT);
	T_CHECK(strstr(fault.text, "asset-0/in: page 0 (bytes 0 to 1048575) is not what") != NULL);
	T_CHECK(page != NULL && pread(fd, page, COLUMNS_PAGE_BYTES, 0) == COLUMNS_PAGE_BYTES);
	(void)close(fd);
	le32_put(sum, columns_head_check(0, bytes_of(page, COLUMNS_PAGE_BYTES)));
	(void)snprintf(path, sizeof path, "%s/asset-0/in.sum", folder);
	fd = open(path, O_RDWR);
	T_EQ(pwrite(fd, sum, 4, 0), 4);
	(void)close(fd);
	T_EQ(compact(NULL, &made), ERR_CORRUPT);
	T_CHECK(strstr(fault.text, "do not add up") != NULL);
	(void)snprintf(path, sizeof path, "%s/asset-0/cold-0", folder);
	T_EQ(access(path, F_OK), -1);
	free(page);
	remove_tree(folder);
	T_EQ(compact(NULL, &made), ERR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "comes back as it was", comes_back_as_it_was },
		{ "addresses do not repeat", addresses_do_not_repeat },
		{ "finds every bent bit and every cut", finds_every_bent_bit_and_every_cut },
		{ "says the same when cold", says_the_same_when_cold },
		{ "goes on behind what is cold", goes_on_behind_what_is_cold },
		{ "decodes what is asked for", decodes_what_is_asked_for },
		{ "names damage in cold files", names_damage_in_cold_files },
		{ "dies at every step", dies_at_every_step },
		{ "leaves what does not add up", leaves_what_does_not_add_up },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
