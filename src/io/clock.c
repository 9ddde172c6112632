/* SPDX-License-Identifier: Apache-2.0 */
#include "io/clock.h"

#include <time.h>

#include "base/check.h"

static uint64_t read_ms(clockid_t id)
{
	struct timespec t;

	CHECK(clock_gettime(id, &t) == 0);
	CHECK(t.tv_sec >= 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

uint64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ms(void)
{
	return read_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static void digits(char *out, uint64_t v, size_t n)
{
	while (n > 0) {
		out[--n] = (char)('0' + v % 10);
		v /= 10;
	}
}

void clock_text(char out[CLOCK_TEXT_MAX], uint64_t wall_ms)
{
	/*
	 * Civil date from days since 1970-03-01-based eras: a 400-year era has 146,097 days, and
	 * years that begin in March put the leap day last.
	 */
	uint64_t day_ms = wall_ms % 86400000;
	uint64_t days = wall_ms / 86400000 + 719468;
	uint64_t era = days / 146097;
	uint64_t of_era = days % 146097;
	uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t shifted = (5 * of_year + 2) / 153;
	uint64_t day = of_year - (153 * shifted + 2) / 5 + 1;
	uint64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
	uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
	static const char shape[CLOCK_TEXT_MAX] = "0000-00-00T00:00:00.000Z";

	for (size_t i = 0; i < CLOCK_TEXT_MAX; i++) {
		out[i] = shape[i];
	}
	digits(out, year % 10000, 4);
	digits(out + 5, month, 2);
	digits(out + 8, day, 2);
	digits(out + 11, day_ms / 3600000, 2);
	digits(out + 14, day_ms / 60000 % 60, 2);
	digits(out + 17, day_ms / 1000 % 60, 2);
	digits(out + 20, day_ms % 1000, 3);
}
