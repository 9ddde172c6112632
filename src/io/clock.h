/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the two clocks a shell passes into its core (design.md 10.6).
 */
#ifndef KURAMORI_IO_CLOCK_H
#define KURAMORI_IO_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Unix milliseconds.  May be set by an administrator, so it may jump either way. */
uint64_t clock_wall_ms(void);

/*
 * Milliseconds that never go back.  CLOCK_MONOTONIC, not CLOCK_BOOTTIME: time in which the machine
 * was suspended is not counted, because a budget or time lock must not run down while nobody could
 * have seen or stopped anything (design.md 3, "time while off not counted").
 */
uint64_t clock_mono_ms(void);

/* Milliseconds of processor time that this process has used, all threads.  For measurements. */
uint64_t clock_cpu_ms(void);

enum { CLOCK_TEXT_MAX = 25 };

/* "2018-01-26T00:02:13.000Z" and a NUL.  Needs no time zone file, so it works in a sandbox. */
void clock_text(char out[CLOCK_TEXT_MAX], uint64_t wall_ms);

#endif
