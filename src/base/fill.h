/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.h - puts texts where the conversions of a format stand: for a translated format, whose
 * arguments printf has already made into the texts of the English one.
 */
#ifndef KURAMORI_BASE_FILL_H
#define KURAMORI_BASE_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* The conversion that begins at p[0] == '%', p[1] != '%': its bytes.  *place: of "%2$s", else 0. */
size_t fill_conversion(const char *p, size_t *place);

/*
 * Writes format with part[0..n) in place of its conversions, in their order or as "%2$s" says, and
 * "%%" as "%"; flags, widths and types of the conversions do not matter.  NUL-terminated.  False if
 * that has cap bytes or more, or the format wants a part that there is not: out is undefined then.
 */
MUST_CHECK bool fill_words(char *out, size_t cap, const char *format, const char *const *part,
			   size_t n);

#endif
