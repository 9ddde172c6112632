/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - assertions that stay on.
 *
 * CHECK(x): x is our own invariant.  Never used on outside input.  When it does not hold the
 * process wipes the secrets that were registered, prints file, line and expression, and aborts: a
 * custody process that is wrong about itself must not sign, book or announce anything more.
 */
#ifndef KURAMORI_BASE_CHECK_H
#define KURAMORI_BASE_CHECK_H

#include <stddef.h>

#include "base/attr.h"

#define CHECK(x)                                              \
	do {                                                  \
		if (!(x)) {                                   \
			check_failed(__FILE__, __LINE__, #x); \
		}                                             \
	} while (0)

NORETURN void check_failed(const char *file, int line, const char *expression);

/*
 * Memory that check_failed() overwrites before it aborts.  At most 8 regions; dies when full.
 * The region must outlive the process or be taken back with check_secret_forget().
 */
void check_secret(void *p, size_t n);
void check_secret_forget(const void *p);

#endif
