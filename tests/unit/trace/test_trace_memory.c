/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: when memory runs out at any allocation of columns, engine, pedigree, bounds and proofs they
 * say ERR_FULL, lose nothing and leave nothing behind; a reader of the column store does the same
 * and the store is as it was.  Method: the linker puts wrap_ functions between them and malloc,
 * calloc, realloc, strdup, free and the large pages (meson.build); the same work is done once for
 * each k, the k-th allocation of which fails, and then with memory again.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/sha256.h"
#include "store/columns.h"
#include "trace/bounds.h"
#include "trace/pedigree.h"
#include "trace_world.h"

static unsigned long calls, fail_at;
static long live;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
char *__real_strdup(const char *text);
void *__real_pages_take(size_t n);
void __real_pages_give(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);
char *__wrap_strdup(const char *text);
void *__wrap_pages_take(size_t n);
void __wrap_pages_give(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	void *p = ++calls == fail_at ? NULL : __real_malloc(n);

	live += p != NULL;
	return p;
}

void *__wrap_calloc(size_t n, size_t each)
{
	void *p = ++calls == fail_at ? NULL : __real_calloc(n, each);

	live += p != NULL;
	return p;
}

void *__wrap_realloc(void *old, size_t n)
{
	void *p = ++calls == fail_at ? NULL : __real_realloc(old, n);

	live += p != NULL && old == NULL;
	return p;
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

char *__wrap_strdup(const char *text)
{
	char *p = ++calls == fail_at ? NULL : __real_strdup(text);

	live += p != NULL;
	return p;
}

void *__wrap_pages_take(size_t n)
{
	void *p = ++calls == fail_at ? NULL : __real_pages_take(n);

	live += p != NULL;
	return p;
}

void __wrap_pages_give(void *p, size_t n)
{
	live -= p != NULL;
	__real_pages_give(p, n);
}

static struct world w;
static struct world_case wc[TRACE_POLICIES];

enum { UNDO = 6 };

/* Seeds whose amounts are there on any branch, sinks and hops among the cases. */
static void make_world(void)
{
	world_random(&w, 10, 400, 1000);
	for (unsigned k = 0; k < TRACE_POLICIES; k++) {
		world_random_case(&wc[k], &w, (enum trace_policy)(k + 1), k % 2 == 0);
		for (unsigned s = 0; s < WORLD_SEEDS_MAX; s++) {
			wc[k].seeds[s].amount = 0;
		}
	}
}

/* The ledger once more, event by event: the builder's own memory. */
static enum err build(void)
{
	struct trace_columns_builder b = { 0 };
	enum err e = trace_columns_builder_init(&b);
	size_t k = 0;

	if (e == ERR_OK) {
		e = trace_columns_builder_accounts(&b, w.accounts);
	}
	for (size_t i = 0; i < w.c.n && e == ERR_OK; i++) {
		while (k < w.b.blocks_n && w.b.blocks[k].first <= i && e == ERR_OK) {
			e = trace_columns_builder_block(&b, w.b.blocks[k].height,
							w.b.blocks[k].time_s);
			k += e == ERR_OK;
		}
		if (e == ERR_OK) {
			e = trace_columns_builder_event(&b, w.c.from[i], w.c.to[i], w.c.amount[i],
							w.c.tx[i]);
		}
	}
	trace_columns_builder_free(&b);
	return e;
}

/* All rules, by scan and by frontier, block by block, with blocks taken back and a late sink. */
static enum err follow(struct hash32 *digest)
{
	struct trace_case cases[TRACE_POLICIES];
	struct trace_engine *engine = NULL;
	struct trace_nexts l = { 0 };
	bool followed = false;
	enum err e = trace_nexts_make(&l, &w.c);

	for (unsigned k = 0; k < TRACE_POLICIES; k++) {
		cases[k] = wc[k].c;
	}
	if (e == ERR_OK) {
		e = trace_engine_new(&engine, cases, TRACE_POLICIES, w.accounts, UNDO);
	}
	if (e == ERR_OK) {
		e = trace_engine_sink(engine, 1, 5000, true);
	}
	if (e == ERR_OK) {
		followed = true;
		e = trace_engine_run(engine, &w.c, w.b.blocks, w.b.blocks_n, &l, NULL);
	}
	for (unsigned k = 0; k < UNDO && e == ERR_OK; k++) {
		e = trace_engine_undo_block(engine);
	}
	if (e == ERR_OK) {
		e = trace_engine_run(engine, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL);
	}
	if (e == ERR_OK) {
		trace_engine_certify(engine);
		trace_engine_digest(engine, digest);
	} else if (engine != NULL && followed) {
		/* it answers nothing more, and says so */
		CHECK(trace_engine_run(engine, &w.c, w.b.blocks, w.b.blocks_n, NULL, NULL) ==
		      ERR_STATE);
	}
	trace_engine_free(engine);
	trace_nexts_free(&l);
	return e;
}

static enum err backward(void)
{
	const struct trace_pedigree_ends ends = { .origins = NULL };
	struct trace_pedigree p = { 0 };
	struct trace_lists out = { 0 }, in = { 0 };
	enum err e = trace_lists_make(&out, &w.c, w.c.from);

	if (e == ERR_OK) {
		e = trace_lists_make(&in, &w.c, w.c.to);
	}
	if (e == ERR_OK) {
		e = trace_pedigree_make(&p, &w.c, &out, &in, TRACE_FIFO, w.c.n - 1, &ends);
	}
	trace_pedigree_free(&p);
	trace_lists_free(&out);
	trace_lists_free(&in);
	return e;
}

static enum err limits(uint64_t *sum)
{
	struct trace_bounds *b = NULL;
	const uint32_t two[] = { 2, 3 };
	struct trace_interval x;
	enum err e =
	    trace_bounds_new(&b, &wc[TRACE_FIFO - 1].c, &w.c, w.b.blocks, w.b.blocks_n, NULL);

	*sum = 0;
	for (size_t i = 0; i < w.c.n && e == ERR_OK; i += 50) {
		e = trace_bounds_event(b, i, &x);
		*sum += e == ERR_OK ? x.upper : 0;
	}
	if (e == ERR_OK) {
		e = trace_bounds_accounts(b, two, ARRAY_LEN(two), &x);
		*sum += e == ERR_OK ? x.upper - x.lower : 0;
	}
	for (unsigned most = 0; most < 2 && e == ERR_OK; most++) {
		struct trace_proof p = { 0 };
		uint64_t value = 0;

		e = trace_bounds_prove(b, two, ARRAY_LEN(two), most != 0, &value, &p);
		*sum += value;
		trace_proof_free(&p);
		if (e == ERR_OK) {
			e = trace_bounds_prove_event(b, w.c.n - 1, most != 0, &value, &p);
			*sum += e == ERR_OK ? value : 0;
			trace_proof_free(&p);
		}
	}
	trace_bounds_free(b);
	return e;
}

struct result {
	struct hash32 digest;
	uint64_t sum;
};

static enum err all_of_it(struct result *r)
{
	enum err e = build();

	e = e != ERR_OK ? e : follow(&r->digest);
	e = e != ERR_OK ? e : backward();
	return e != ERR_OK ? e : limits(&r->sum);
}

static void every_allocation_fails_once(void)
{
	struct result undisturbed, r;
	unsigned long last, met = 0;
	long before;

	make_world();
	before = live;
	calls = fail_at = 0;
	T_EQ(all_of_it(&undisturbed), ERR_OK);
	T_EQ(live, before);
	last = calls;
	for (unsigned long k = 1; k <= last; k++) {
		enum err e;

		calls = 0;
		fail_at = k;
		e = all_of_it(&r);
		fail_at = 0;
		T_CHECK(e == ERR_FULL);
		met += e == ERR_FULL;
		T_EQ(live, before);
	}
	/* nothing of the failures is left in what they were told to read */
	T_EQ(all_of_it(&r), ERR_OK);
	T_CHECK(hash32_eq(&r.digest, &undisturbed.digest) && r.sum == undisturbed.sum);
	printf("# %lu allocations, %lu of them refused\n", last, met);
	T_CHECK(met > 100);
}

/* ---- the store's reader ---- */

static char folder[64];

static void remove_folder(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", folder, (char *)NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
}

static enum err append(struct columns *c, uint64_t height, struct columns_fault *fault)
{
	const struct columns_name name = { (const uint8_t *)"someone", 7, COLUMNS_ADDRESS };
	struct columns_transfer t = { .to = name, .amount = 5 };
	size_t bad;
	enum err e = columns_block(c, height, height, &(struct hash32){ { 0 } }, fault);

	if (e == ERR_OK) {
		e = columns_asset(c, bytes_str("coin"), &t.asset, fault);
	}
	return e != ERR_OK ? e : columns_append(c, &t, 1, &bad, fault);
}

/* A writer that adds a block, and two readers. */
static enum err use_store(uint64_t height, uint64_t *events)
{
	struct columns_options options = { .source = COLUMNS_FROM_TRANSFERS };
	struct columns_fault fault;
	struct columns *c = NULL;
	struct columns_list list = { .n = 0 };
	struct columns_view v = { .blocks_n = 0 };
	enum err e = columns_open(&c, folder, &options, &fault);

	if (e == ERR_OK && height > 0) {
		e = append(c, height, &fault);
		e = e != ERR_OK ? e : columns_commit(c, &fault);
	}
	columns_close(c);
	if (e != ERR_OK) {
		return e;
	}
	e = columns_list(&list, folder, &fault);
	if (e != ERR_OK) {
		return e;
	}
	columns_list_free(&list);
	e = columns_view_open(&v, folder, 0, true, &fault);
	if (e == ERR_OK) {
		e = columns_view_renew(&v, folder, 0, &fault);
	}
	if (e == ERR_OK) {
		*events = v.columns.n;
		columns_view_close(&v);
	}
	return e;
}

static void the_store_is_unharmed(void)
{
	struct columns_fault fault;
	struct columns_verified verified;
	uint64_t events = 0, height = 1, before_events;
	unsigned long last, met = 0;
	long before;

	(void)snprintf(folder, sizeof folder, "/tmp/trace-memory-%d", (int)getpid());
	remove_folder();
	fail_at = 0;
	T_EQ(use_store(height++, &events), ERR_OK);
	T_EQ(events, 1);
	before = live;
	calls = 0;
	T_EQ(use_store(height++, &events), ERR_OK);
	T_EQ(live, before);
	last = calls;
	for (unsigned long k = 1; k <= last; k++) {
		enum err e;

		before_events = events;
		calls = 0;
		fail_at = k;
		e = use_store(height++, &events);
		fail_at = 0;
		T_CHECK(e == ERR_FULL);
		met += e == ERR_FULL;
		T_EQ(live, before);
		/* the block is there or it is not */
		T_EQ(use_store(0, &events), ERR_OK);
		T_CHECK(events == before_events || events == before_events + 1);
	}
	T_EQ(columns_verify(&verified, folder, NULL, NULL, &fault), ERR_OK);
	T_EQ(verified.events, events);
	printf("# %lu allocations, %lu of them refused\n", last, met);
	T_CHECK(met > 10);
	remove_folder();
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every allocation fails once", every_allocation_fails_once },
		{ "the store is unharmed", the_store_is_unharmed },
	};
	int failed = t_main(cases, ARRAY_LEN(cases), argc, argv);

	world_free(&w);
	return failed;
}
