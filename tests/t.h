/* SPDX-License-Identifier: Apache-2.0 */
/*
 * t.h - the test harness: one header, TAP on stdout, no dependencies.
 *
 *   static void adds(void) { T_EQ(1 + 1, 2); }
 *   int main(int argc, char **argv)
 *   {
 *           static const struct t_case cases[] = { { "adds", adds } };
 *           return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
 *   }
 *
 * A failed T_ macro prints where and what, fails its case and returns from it.  A case that checked
 * nothing fails too.  KURAMORI_SEED or --seed N sets the seed of t_random(); it is always printed.
 */
#ifndef KURAMORI_T_H
#define KURAMORI_T_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct t_case {
	const char *name;
	void (*run)(void);
};

static unsigned long t_checks;
static bool t_failed;
static uint64_t t_state;

#define T_CHECK(x)                                                               \
	do {                                                                     \
		t_checks++;                                                      \
		if (!(x)) {                                                      \
			printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #x); \
			t_failed = true;                                         \
			return;                                                  \
		}                                                                \
	} while (0)

#define T_EQ(got, want)                                                                           \
	do {                                                                                      \
		long long t_got_ = (long long)(got), t_want_ = (long long)(want);                 \
		t_checks++;                                                                       \
		if (t_got_ != t_want_) {                                                          \
			printf("# %s:%d: %s is %lld, want %s = %lld\n", __FILE__, __LINE__, #got, \
			       t_got_, #want, t_want_);                                           \
			t_failed = true;                                                          \
			return;                                                                   \
		}                                                                                 \
	} while (0)

#define T_STR(got, want)                                                                         \
	do {                                                                                     \
		const char *t_got_ = (got), *t_want_ = (want);                                   \
		t_checks++;                                                                      \
		if (strcmp(t_got_, t_want_) != 0) {                                              \
			printf("# %s:%d: %s is \"%s\", want \"%s\"\n", __FILE__, __LINE__, #got, \
			       t_got_, t_want_);                                                 \
			t_failed = true;                                                         \
			return;                                                                  \
		}                                                                                \
	} while (0)

#define T_MEM(got, want, n)                                                                       \
	do {                                                                                      \
		t_checks++;                                                                       \
		if (memcmp((got), (want), (n)) != 0) {                                            \
			printf("# %s:%d: %s differs from %s\n", __FILE__, __LINE__, #got, #want); \
			t_failed = true;                                                          \
			return;                                                                   \
		}                                                                                 \
	} while (0)

/* splitmix64: repeatable from the printed seed. */
static inline uint64_t t_random(void)
{
	uint64_t z = (t_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 <= result < n; n > 0. */
static inline uint64_t t_below(uint64_t n)
{
	return t_random() % n;
}

/* Runs f in a child and says whether it died of this signal. */
static inline bool t_dies(int signal_wanted, void (*f)(void))
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0) {
		return false;
	}
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		if (freopen("/dev/null", "w", stderr) == NULL) {
			_exit(3);
		}
		f();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid) {
		return false;
	}
	return WIFSIGNALED(status) && WTERMSIG(status) == signal_wanted;
}

static inline int t_main(const struct t_case *cases, size_t n, int argc, char **argv)
{
	unsigned long failures = 0;
	const char *seed = getenv("KURAMORI_SEED");
	uint64_t start = seed != NULL ? strtoull(seed, NULL, 10) : 1;

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--seed") == 0) {
			start = strtoull(argv[i + 1], NULL, 10);
		}
	}
	printf("TAP version 13\n1..%zu\n# seed %llu\n", n, (unsigned long long)start);
	for (size_t i = 0; i < n; i++) {
		t_state = start;
		t_checks = 0;
		t_failed = false;
		cases[i].run();
		if (!t_failed && t_checks == 0) {
			printf("# a case that checks nothing\n");
			t_failed = true;
		}
		failures += t_failed;
		printf("%sok %zu - %s\n", t_failed ? "not " : "", i + 1, cases[i].name);
		(void)fflush(stdout);
	}
	return failures == 0 ? 0 : 1;
}

#endif
