/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - the one line that says why.  By itself, because clang's analyzer loses a va_list that
 * it follows into callers of the same file.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "store/store.h"

void store_fault_set(struct store_fault *fault, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	CHECK(n >= 0);
}
