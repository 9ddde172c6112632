/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_node.c - what a kuramori-node carries: announces a second of its core and of the whole
 * process, and its memory.
 *
 *   bench_node core            nis_announce() beside the bare signature verification of the same
 *                              bytes; what a block costs per transaction that waits in the pool
 *   bench_node http NODE       the process, on one processor, over keep-alive connections, beside
 *                              a libmicrohttpd that answers the same requests without looking
 *   bench_node memory NODE     the largest resident set after 100,000 transactions
 *   bench_node fits NODE KIB   no time, no numbers to compare: exit code 1 if 100,000 transactions,
 *                              confirmed or waiting, each to an address of its own, ever take so
 *                              many KiB (the test "node memory"); 77 where a sanitizer takes more
 *
 * Method: what is compared runs in turn in the same process, and who goes first alternates, so that
 * a slow moment of the machine falls on both.  Rates are of processor time: the machine may be
 * shared.  Printed are medians with the lowest and highest.  Nothing is asserted but that every
 * announce is taken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "load.h"

enum {
	ROUNDS = 15,
	CORE_TXS = 3000, /* of one round */
	HTTP_TXS = 2000, /* of one round */
	DEEP = 90000,    /* a pool that is nearly full */
	DEEP_ROUNDS = 3, /* and gets full */
	RESET_BLOCKS = 5,
	CONNECTIONS = 64,
	MANY = NIS_POOL_TRANSACTIONS_MAX,
	BLOCK_TXS = 120,
	BLOCK_S = 60,
	FEW_RECIPIENTS = 1000,
	OWN_RECIPIENTS = 2 * MANY, /* an address for each transaction */
};

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

static const char TAKEN[] = "\"SUCCESS\"";

/* ---- numbers ---- */

static int compare_u64(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof v[0], compare_u64);
	return v[n / 2];
}

static void print_ratio(const char *what, uint64_t *thousandths, size_t n)
{
	uint64_t m = median(thousandths, n);

	printf("  %-34s %" PRIu64 ".%03" PRIu64 " (%" PRIu64 ".%03" PRIu64 "-%" PRIu64 ".%03" PRIu64
	       ")\n",
	       what, m / 1000, m % 1000, thousandths[0] / 1000, thousandths[0] % 1000,
	       thousandths[n - 1] / 1000, thousandths[n - 1] % 1000);
}

/* Nanoseconds of one, as a rate. */
static void print_rate(const char *what, uint64_t *ns, size_t n)
{
	uint64_t m = median(ns, n);

	printf("  %-34s %7" PRIu64 " /s (%" PRIu64 "-%" PRIu64 ")  %" PRIu64 ".%03" PRIu64
	       " us each\n",
	       what, 1000000000 / m, 1000000000 / ns[n - 1], 1000000000 / ns[0], m / 1000,
	       m % 1000);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	CHECK(clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the core ---- */

static void announce_all(struct nis *n, const struct load_tx *txs, size_t count, uint32_t now_s)
{
	for (size_t i = 0; i < count; i++) {
		struct nis_answer answer;

		CHECK(nis_announce(n, 0, bytes_of(txs[i].data, sizeof txs[i].data),
				   &txs[i].signature, now_s, &answer, NULL) == ERR_OK &&
		      answer.code == NEM_SUCCESS);
	}
}

static uint64_t core_ns(struct nis *n, const struct load_tx *txs, size_t count)
{
	uint64_t start = now_ns(CLOCK_THREAD_CPUTIME_ID);

	announce_all(n, txs, count, LOAD_START + 1);
	return (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / count;
}

static uint64_t verify_ns(const struct load_tx *txs, size_t count)
{
	uint64_t start = now_ns(CLOCK_THREAD_CPUTIME_ID);

	for (size_t i = 0; i < count; i++) {
		CHECK(edk_verify_vartime(&txs[i].signer, bytes_of(txs[i].data, sizeof txs[i].data),
					 &txs[i].signature));
	}
	return (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / count;
}

/* Fills a pool past measuring; the transactions numbered first and on. */
static void fill(struct nis *n, size_t first, size_t count)
{
	static struct load_tx txs[1000];

	for (size_t done = 0; done < count; done += ARRAY_LEN(txs)) {
		load_make(txs, ARRAY_LEN(txs), first + done, LOAD_START, FEW_RECIPIENTS);
		announce_all(n, txs, ARRAY_LEN(txs), LOAD_START + 1);
	}
}

static void core_rounds(const char *title, size_t deep, size_t rounds)
{
	static struct load_tx txs[CORE_TXS];
	uint64_t a[ROUNDS], b[ROUNDS], ratio[ROUNDS];
	struct nis *n = NULL;

	for (size_t i = 0; i < rounds; i++) {
		if (n == NULL || deep == 0) {
			nis_close(n);
			n = load_chain();
			fill(n, (size_t)CORE_TXS * ROUNDS, deep);
		}
		load_make(txs, CORE_TXS, CORE_TXS * i, LOAD_START, FEW_RECIPIENTS);
		if (i % 2 == 0) {
			a[i] = core_ns(n, txs, CORE_TXS);
			b[i] = verify_ns(txs, CORE_TXS);
		} else {
			b[i] = verify_ns(txs, CORE_TXS);
			a[i] = core_ns(n, txs, CORE_TXS);
		}
		ratio[i] = a[i] * 1000 / b[i];
	}
	nis_close(n);
	printf("%s\n", title);
	print_rate("announce", a, rounds);
	print_rate("signature verification alone", b, rounds);
	print_ratio("announce / verification", ratio, rounds);
}

/* A block lets every pool judge again what waits: its cost per waiting transaction. */
static void core_blocks(void)
{
	struct nis *n = load_chain();
	uint64_t each[RESET_BLOCKS];

	fill(n, 0, DEEP);
	for (uint32_t i = 0; i < RESET_BLOCKS; i++) {
		size_t waiting = nis_pool_count(n, 0);
		uint64_t start = now_ns(CLOCK_THREAD_CPUTIME_ID);

		CHECK(nis_mine(n, 0, LOAD_START + BLOCK_S * (i + 1)) == ERR_OK);
		each[i] = (now_ns(CLOCK_THREAD_CPUTIME_ID) - start) / waiting;
		CHECK(nis_pool_count(n, 0) == waiting - BLOCK_TXS);
	}
	CHECK(nis_validate(n) == NULL);
	nis_close(n);
	printf("a block of %d, for each of %d in the pool\n", BLOCK_TXS, DEEP);
	print_rate("judged again", each, RESET_BLOCKS);
}

static void core(void)
{
	core_rounds("core, pool of 0 to 3,000", 0, ROUNDS);
	core_rounds("core, pool of 90,000 and more", DEEP, DEEP_ROUNDS);
	core_blocks();
}

/* ---- the process ---- */

struct measured {
	uint64_t cpu[ROUNDS], wall[ROUNDS];
};

static void http_round(struct measured *m, size_t i, const struct load_process *p,
		       struct load_client *c, const struct load_tx *txs)
{
	uint64_t cpu = load_cpu_ns(p), wall = now_ns(CLOCK_MONOTONIC);

	load_send(c, txs, HTTP_TXS, TAKEN);
	m->cpu[i] = (load_cpu_ns(p) - cpu) / HTTP_TXS;
	m->wall[i] = (now_ns(CLOCK_MONOTONIC) - wall) / HTTP_TXS;
}

static void http(const char *program)
{
	static struct load_tx txs[HTTP_TXS];
	struct measured node, echo;
	uint64_t verify[ROUNDS], of_echo[ROUNDS], of_limit[ROUNDS];
	unsigned its, ours;
	struct load_process n, e;
	struct load_client to_n, to_e;

	load_processors(&its, &ours);
	n = load_node(program, its);
	e = load_echo(its);
	load_pin(0, ours);
	to_n = load_connect(n.port, CONNECTIONS);
	to_e = load_connect(e.port, CONNECTIONS);
	for (size_t i = 0; i < ROUNDS; i++) {
		load_make(txs, HTTP_TXS, HTTP_TXS * i, LOAD_START, FEW_RECIPIENTS);
		if (i % 2 == 0) {
			http_round(&node, i, &n, &to_n, txs);
			http_round(&echo, i, &e, &to_e, txs);
		} else {
			http_round(&echo, i, &e, &to_e, txs);
			http_round(&node, i, &n, &to_n, txs);
		}
		verify[i] = verify_ns(txs, HTTP_TXS);
		of_echo[i] = node.cpu[i] * 1000 / echo.cpu[i];
		of_limit[i] = node.cpu[i] * 1000 / (echo.cpu[i] + verify[i]);
	}
	load_disconnect(&to_n);
	load_disconnect(&to_e);
	load_end(&n);
	load_end(&e);
	printf("process on processor %u, client on %u, %d connections\n", its, ours, CONNECTIONS);
	print_rate("announce, by its processor time", node.cpu, ROUNDS);
	print_rate("announce, by the wall clock", node.wall, ROUNDS);
	print_rate("libmicrohttpd alone, processor", echo.cpu, ROUNDS);
	print_rate("libmicrohttpd alone, wall clock", echo.wall, ROUNDS);
	print_rate("signature verification alone", verify, ROUNDS);
	print_ratio("node / libmicrohttpd", of_echo, ROUNDS);
	print_ratio("node / (libmicrohttpd + verification)", of_limit, ROUNDS);
}

/* ---- memory ---- */

static uint32_t send_chunk(struct load_client *c, size_t first, size_t n, uint32_t time_s,
			   size_t recipients)
{
	static struct load_tx txs[BLOCK_TXS];

	load_make(txs, n, first, time_s, recipients);
	load_send(c, txs, n, TAKEN);
	return (uint32_t)n;
}

/* Announces and confirms `count`, block by block; the chain's time after it. */
static uint32_t confirm(struct load_client *c, size_t first, size_t count, size_t recipients)
{
	char want[64];
	uint32_t time_s = LOAD_START;
	size_t done = 0, bytes;

	while (done < count) {
		size_t n = count - done < BLOCK_TXS ? count - done : BLOCK_TXS;

		done += send_chunk(c, first + done, n, time_s, recipients);
		(void)load_post(c, "/dev/blocks", "{\"pool\":\"public\"}", &bytes);
		time_s += BLOCK_S;
	}
	(void)snprintf(want, sizeof want, "\"height\":%zu,",
		       1 + (count + BLOCK_TXS - 1) / BLOCK_TXS);
	if (strstr(load_post(c, "/dev/validate", "{}", &bytes), "\"valid\":true") == NULL) {
		load_die("an invariant does not hold");
	}
	if (strstr(load_post(c, "/dev/hold", "{\"hold\":true}", &bytes), want) == NULL ||
	    strstr(load_post(c, "/dev/hold", "{\"hold\":true}", &bytes), "\"public_pool\":0") ==
		NULL) {
		load_die("not everything was confirmed");
	}
	return time_s;
}

static void wait_in_pool(struct load_client *c, size_t first, size_t count, uint32_t time_s,
			 size_t recipients)
{
	for (size_t done = 0; done < count;) {
		size_t n = count - done < BLOCK_TXS ? count - done : BLOCK_TXS;

		done += send_chunk(c, first + done, n, time_s, recipients);
	}
}

/* False if that is limit_kib or more; 0: no limit. */
static bool say(const char *what, const struct load_process *p, uint64_t limit_kib)
{
	uint64_t kib = load_peak_kib(p);

	printf("  %-50s %6" PRIu64 " KiB (%" PRIu64 ".%" PRIu64 " MiB)\n", what, kib, kib / 1024,
	       kib % 1024 * 10 / 1024);
	return limit_kib == 0 || kib < limit_kib;
}

/* Asks for the whole pool, as every watcher does each second. */
static void ask_for_pool(struct load_client *c, const struct load_process *p)
{
	char request[256], what[64];
	uint64_t before = load_cpu_ns(p);
	size_t bytes;

	(void)snprintf(request, sizeof request,
		       "{\"challenge\":{\"data\":\"%0128d\"},\"entity\":{\"hashShortIds\":[]}}", 0);
	(void)load_post(c, "/transactions/unconfirmed", request, &bytes);
	(void)snprintf(what, sizeof what, "and asked for: %zu KiB of JSON, %" PRIu64 " ms",
		       bytes / 1024, (load_cpu_ns(p) - before) / 1000000);
	(void)say(what, p, 0);
}

/*
 * A node with this many recipients: 100,000 confirmed, without a limit a full pool on top; and a
 * full pool alone.
 */
static bool memory_with(const char *program, size_t recipients, uint64_t limit_kib)
{
	unsigned its, ours;
	struct load_process p;
	struct load_client c;
	uint32_t time_s;
	bool fits = true;

	load_processors(&its, &ours);
	printf("memory of the process (VmHWM), %zu recipients\n", recipients);
	p = load_node(program, its);
	c = load_connect(p.port, CONNECTIONS);
	fits = say("at the start", &p, limit_kib) && fits;
	time_s = confirm(&c, 0, MANY, recipients);
	fits = say("100,000 confirmed", &p, limit_kib) && fits;
	if (limit_kib == 0) {
		wait_in_pool(&c, MANY, MANY, time_s, recipients);
		(void)say("100,000 confirmed and 100,000 in the pool", &p, 0);
	}
	load_disconnect(&c);
	load_end(&p);
	p = load_node(program, its);
	c = load_connect(p.port, CONNECTIONS);
	wait_in_pool(&c, 0, MANY, LOAD_START, recipients);
	fits = say("100,000 in the pool", &p, limit_kib) && fits;
	if (limit_kib == 0) {
		ask_for_pool(&c, &p);
	}
	load_disconnect(&c);
	load_end(&p);
	return fits;
}

int main(int argc, char **argv)
{
	if (crypto_init() != ERR_OK) {
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "core") == 0) {
		core();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "http") == 0) {
		http(argv[2]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "memory") == 0) {
		(void)memory_with(argv[2], FEW_RECIPIENTS, 0);
		(void)memory_with(argv[2], OWN_RECIPIENTS, 0);
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "fits") == 0) {
		return SANITIZED                                                           ? 77
		       : memory_with(argv[2], OWN_RECIPIENTS, strtoull(argv[3], NULL, 10)) ? 0
											   : 1;
	}
	(void)fprintf(stderr, "bench_node core | http NODE | memory NODE | fits NODE KIB\n");
	return 64;
}
