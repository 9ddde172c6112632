/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: exactly the bytes that were asked for are the kernel's; without them the process dies.
 * Method: getrandom() in front of libc's: counted, interrupted, giving little, failing.
 */
#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/random.h"
#include "t.h"

static size_t most; /* bytes a call gives, 0: all */
static int interruptions;
static int failure; /* errno of every call; -1: gives nothing */
static unsigned long calls;

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	calls++;
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (failure != 0) {
		errno = failure;
		return failure < 0 ? 0 : -1;
	}
	return syscall(SYS_getrandom, p, most != 0 && n > most ? most : n, flags);
}

/* n bytes at 16, asked for often enough that a byte never written would show. */
static bool fills_exactly(size_t n)
{
	uint8_t p[128] = { 0 }, seen[128] = { 0 };

	for (int i = 0; i < 16; i++) {
		random_fill(p + 16, n);
		for (size_t k = 0; k < sizeof p; k++) {
			seen[k] |= p[k];
		}
	}
	for (size_t k = 0; k < sizeof p; k++) {
		if ((seen[k] != 0) != (k >= 16 && k < 16 + n)) {
			return false;
		}
	}
	return true;
}

static void exactly(void)
{
	for (size_t n = 0; n <= 100; n++) {
		T_CHECK(fills_exactly(n));
	}
	calls = 0;
	random_fill(NULL, 0);
	T_EQ(calls, 0);
}

static void little_at_a_time(void)
{
	for (most = 1; most < 10; most++) {
		interruptions = 3;
		T_CHECK(fills_exactly(33));
		T_EQ(interruptions, 0);
	}
	most = 0;
}

static void differs(void)
{
	uint8_t a[32], b[32];
	size_t ones = 0;
	static uint8_t much[1 << 20];

	random_fill(a, sizeof a);
	random_fill(b, sizeof b);
	T_CHECK(memcmp(a, b, sizeof a) != 0);
	/* No judgement of its quality, only that nobody put a constant in its place. */
	random_fill(much, sizeof much);
	for (size_t i = 0; i < sizeof much; i++) {
		ones += (size_t)__builtin_popcount(much[i]);
	}
	T_CHECK(ones > (sizeof much) * 4 - 40000 && ones < (sizeof much) * 4 + 40000);
}

static void ask(void)
{
	uint8_t p[8];

	random_fill(p, sizeof p);
}

static void no_second_best(void)
{
	static const int failures[] = { ENOSYS, EAGAIN, EFAULT, -1 };

	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		failure = failures[i];
		T_CHECK(t_dies(SIGABRT, ask));
	}
	failure = 0;
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "exactly what was asked for", exactly },
		{ "little at a time", little_at_a_time },
		{ "differs", differs },
		{ "no second best", no_second_best },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
