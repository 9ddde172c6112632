/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: with a sync thread behind it, an executor does nothing that stands behind a COMMIT, and
 * nothing of any later step, before every batch before it is durable; it keeps the order, its
 * memory bounded, and after a failed write it does nothing any more. Method: the real executor,
 * thread and SQLite journal, whose appends wait at a gate; random steps against random progress of
 * the disk; a child whose disk fails.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/check.h"
#include "io/behind.h"
#include "store/sqlite.h"
#include "t.h"
#include "unit/store/gate.h"

enum { SCRATCH = 4 * 1024 * 1024, CALLS_MAX = 20000 };

static struct store_sqlite journal;
static struct store_sync *sync_thread;
static struct run executor;
static struct behind behind;
static uint8_t scratch[SCRATCH];
static struct log_chain chain;
static uint64_t sealed;
static uint64_t done[CALLS_MAX], done_after[CALLS_MAX]; /* ids; batches durable at that moment */
static size_t done_n;
static int tell = -1;
static const char *plan; /* of a step: 'c' commits, anything else is a call of that id */
static size_t body_bytes = 1;

static void step(void *core, const struct event *event, struct effects *effects)
{
	static uint8_t body[SCRATCH];

	(void)core;
	(void)event;
	for (const char *p = plan; *p != '\0'; p++) {
		struct bytes batch;

		if (*p != 'c') {
			effects_call(effects, 9, (uint64_t)*p, bytes_of(body, body_bytes));
			continue;
		}
		CHECK(kit_seal(&batch, &chain, sealed++));
		effects_commit(effects, batch);
	}
}

static void call(void *ctx, uint16_t number, uint64_t request_id, struct bytes arguments)
{
	char letter = (char)request_id;

	(void)ctx;
	CHECK(number == 9 && arguments.n == body_bytes && done_n < CALLS_MAX);
	done_after[done_n] = store_sync_durable(sync_thread);
	done[done_n++] = request_id;
	if (tell >= 0) {
		CHECK(write(tell, &letter, 1) == 1);
	}
}

static atomic_uint wakes;

static void wake(void *ctx)
{
	(void)ctx;
	(void)atomic_fetch_add(&wakes, 1);
}

static bool begin(unsigned passes, unsigned fail)
{
	struct kit_seen seen;
	struct store_fault fault;

	kit_seen_init(&seen);
	log_chain_init(&chain);
	sealed = 0;
	done_n = 0;
	tell = -1;
	body_bytes = 1;
	if (!kit_fresh() || store_sqlite_open(&journal, kit_path("journal"), &fault) != ERR_OK ||
	    store_replay(&journal.base, kit_buffer, sizeof kit_buffer, kit_each, &seen) != ERR_OK) {
		return false;
	}
	gate_before(&journal.base, passes, fail);
	run_init(&executor, step, NULL, &journal.base, scratch, sizeof scratch);
	run_on_call(&executor, call, NULL);
	if (store_sync_start(&sync_thread, &journal.base, wake, NULL) != ERR_OK) {
		return false;
	}
	behind_start(&behind, &executor, sync_thread);
	return true;
}

static bool finish(void)
{
	struct store_fault fault;
	bool ok;

	gate_let(UINT_MAX);
	ok = store_sync_stop(sync_thread, &fault) == ERR_OK;
	store_close(&journal.base);
	kit_clean();
	return ok;
}

static void take(const char *what)
{
	plan = what;
	run_tick(&executor);
}

/* The ids so far, as letters. */
static const char *told(void)
{
	static char text[64];
	size_t n = done_n < sizeof text - 1 ? done_n : sizeof text - 1;

	for (size_t i = 0; i < n; i++) {
		text[i] = (char)done[i];
	}
	text[n] = '\0';
	return text;
}

static void nothing_before_it_is_durable(void)
{
	T_CHECK(begin(0, 0));
	take("AB");
	T_STR(told(), "AB"); /* nothing to wait for */
	T_CHECK(!behind_busy(&behind));
	take("CcDE");
	T_STR(told(), "ABC");
	T_CHECK(behind_busy(&behind));
	gate_wait(1);
	take("F"); /* changed nothing, and yet its answer might show what is not durable */
	take("cG");
	take("Hc");
	take("I");
	behind_release(&behind);
	T_STR(told(), "ABC");
	gate_let(1);
	gate_wait(2);
	T_STR(told(), "ABC"); /* only when we are woken */
	behind_release(&behind);
	T_STR(told(), "ABCDEF");
	take("J");
	T_STR(told(), "ABCDEF");
	T_CHECK(behind_busy(&behind));
	gate_let(UINT_MAX);
	behind_drain(&behind);
	T_STR(told(), "ABCDEFGHIJ");
	T_CHECK(!behind_busy(&behind) && behind.kept == NULL);
	T_EQ(behind.kept_bytes, 0);
	take("K");
	T_STR(told(), "ABCDEFGHIJK");
	T_EQ(gate_calls, 2);
	T_CHECK(finish());
}

/* Random steps; each effect must come after its batch, in order, once. */
static void random_progress(void)
{
	static uint64_t after[CALLS_MAX];
	size_t issued = 0;
	uint64_t batches = 0;
	unsigned let = 0;

	T_CHECK(begin(0, 0));
	for (unsigned round = 0; round < 1500; round++) {
		char text[8];
		size_t n = t_below(sizeof text);

		for (size_t i = 0; i < n; i++) {
			if (t_below(3) == 0) {
				text[i] = 'c';
				batches++;
			} else {
				text[i] = (char)('0' + issued % 10);
				after[issued++] = batches;
			}
		}
		text[n] = '\0';
		/* the queue must not be full while its gate is shut */
		if (batches - store_sync_durable(sync_thread) > STORE_SYNC_BATCHES - 10) {
			gate_let(UINT_MAX);
			behind_drain(&behind);
			gate_let(0);
		}
		take(text);
		if (t_below(4) == 0 && behind_busy(&behind)) {
			gate_let(1);
			let++;
		}
		if (t_below(2) == 0) {
			behind_release(&behind);
		}
		T_CHECK(done_n <= issued);
	}
	gate_let(UINT_MAX);
	behind_drain(&behind);
	T_EQ(done_n, issued);
	for (size_t i = 0; i < issued; i++) {
		T_EQ(done[i], '0' + i % 10);
		T_CHECK(done_after[i] >= after[i]);
	}
	printf("# %zu effects, %llu batches in %u appends, gate moved %u times\n", issued,
	       (unsigned long long)batches, gate_calls, let);
	T_CHECK(gate_calls < batches);
	T_CHECK(finish());
}

/* In a child the n-th append fails: it ends as the error says, having told only what was durable.
 */
static void a_failed_write_is_the_end(void)
{
	static const struct {
		unsigned fail;
		const char *want;
	} cases[] = { { 1, "A" }, { 2, "ABC" }, { 3, "ABCDE" }, { 0, "ABCDEFGH" } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int p[2], status = 0;
		char heard[32];
		ssize_t n;
		size_t have = 0;
		pid_t pid;

		T_CHECK(pipe(p) == 0);
		(void)fflush(NULL);
		pid = fork();
		T_CHECK(pid >= 0);
		if (pid == 0) {
			(void)close(p[0]);
			if (!begin(UINT_MAX, cases[i].fail)) {
				_exit(99);
			}
			tell = p[1];
			take("AcB");
			take("C");
			behind_drain(&behind);
			take("cDE");
			behind_drain(&behind);
			take("cF");
			take("G");
			behind_drain(&behind);
			take("H");
			_exit(finish() ? 0 : 98);
		}
		(void)close(p[1]);
		while ((n = read(p[0], heard + have, sizeof heard - 1 - have)) > 0) {
			have += (size_t)n;
		}
		heard[have] = '\0';
		(void)close(p[0]);
		T_CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		T_EQ(WEXITSTATUS(status), cases[i].fail == 0 ? 0 : err_exit(ERR_IO));
		T_STR(heard, cases[i].want);
	}
}

static void *open_later(void *argument)
{
	(void)argument;
	(void)usleep(20000); /* no assertion hangs on it */
	gate_let(UINT_MAX);
	return NULL;
}

/* More is kept back than may be: the step waits for the disk, and then everything is told. */
static void bounded(void)
{
	pthread_t other;
	unsigned steps = 0;

	T_CHECK(begin(0, 0));
	body_bytes = 3 * 1024 * 1024;
	take("cA");
	while (behind.kept_bytes + body_bytes < BEHIND_BYTES) {
		take("B");
		steps++;
	}
	T_CHECK(steps >= 8);
	T_EQ(done_n, 0);
	T_EQ(pthread_create(&other, NULL, open_later, NULL), 0);
	take("C");
	take("D");
	T_EQ(pthread_join(other, NULL), 0);
	T_EQ(behind.kept_bytes, 0);
	T_EQ(done_n, steps + 3);
	T_CHECK(finish());
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "nothing before it is durable", nothing_before_it_is_durable },
		{ "random progress", random_progress },
		{ "a failed write is the end", a_failed_write_is_the_end },
		{ "bounded", bounded },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
