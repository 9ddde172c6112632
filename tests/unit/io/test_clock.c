/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the clocks are the kernel's, the monotonic one never goes back, and a time is printed as
 * the C library would print it, without the C library's files. Method: every day of 430 years and
 * random moments against gmtime_r().
 */
#include <time.h>

#include "base/attr.h"
#include "io/clock.h"
#include "t.h"

static bool prints_as_libc(uint64_t ms)
{
	char got[CLOCK_TEXT_MAX], want[64];
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	clock_text(got, ms);
	if (gmtime_r(&s, &tm) == NULL) {
		return false;
	}
	(void)snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		       tm.tm_min, tm.tm_sec, (int)(ms % 1000));
	if (strcmp(got, want) != 0) {
		printf("# %llu: %s, want %s\n", (unsigned long long)ms, got, want);
	}
	return strcmp(got, want) == 0;
}

static void known_moments(void)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, 0);
	T_STR(text, "1970-01-01T00:00:00.000Z");
	clock_text(text, 1516892533000);
	T_STR(text, "2018-01-25T15:02:13.000Z");
	clock_text(text, 951782399999);
	T_STR(text, "2000-02-28T23:59:59.999Z");
	clock_text(text, 951868800000);
	T_STR(text, "2000-03-01T00:00:00.000Z");
}

static void every_day(void)
{
	for (uint64_t day = 0; day < 157054; day++) {
		T_CHECK(prints_as_libc(day * 86400000));
		T_CHECK(prints_as_libc(day * 86400000 + 86399999));
	}
}

static void any_moment(void)
{
	for (int i = 0; i < 100000; i++) {
		T_CHECK(prints_as_libc(t_below(400000000000000)));
	}
}

static void whatever_the_number_it_is_a_line(void)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, UINT64_MAX);
	T_EQ(strlen(text), CLOCK_TEXT_MAX - 1);
	T_CHECK(text[CLOCK_TEXT_MAX - 2] == 'Z');
}

static void the_clocks(void)
{
	uint64_t last = clock_mono_ms(), first = last;
	uint64_t before = (uint64_t)time(NULL) * 1000;
	uint64_t wall = clock_wall_ms();
	struct timespec nap = { .tv_nsec = 20000000 };

	/* time() may lag by a tick. */
	T_CHECK(wall + 100 >= before && wall < before + 2000);
	for (int i = 0; i < 100000; i++) {
		uint64_t now = clock_mono_ms();

		T_CHECK(now >= last);
		last = now;
	}
	T_EQ(nanosleep(&nap, NULL), 0);
	T_CHECK(clock_mono_ms() - first >= 20);
	T_CHECK(clock_mono_ms() - first < 60000);
}

static void processor_time_is_that_of_work(void)
{
	uint64_t before = clock_cpu_ms(), wall = clock_mono_ms();
	volatile uint64_t sink = 0;

	while (clock_cpu_ms() < before + 20) {
		sink = sink + 1;
	}
	T_CHECK(clock_mono_ms() + 2 >= wall + 20); /* one thread works no longer than time passes */
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "known moments", known_moments },
		{ "every day", every_day },
		{ "any moment", any_moment },
		{ "a line whatever the number", whatever_the_number_it_is_a_line },
		{ "processor time is that of work", processor_time_is_that_of_work },
		{ "the clocks", the_clocks },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
