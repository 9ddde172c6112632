/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reasons.h - the reason of a withdrawal in the language of who asks (payout/reason.h).
 */
#ifndef KURAMORI_API_REASONS_H
#define KURAMORI_API_REASONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "io/language.h"

/*
 * The core's answer with each text "reason" that stands so deep (1: in the outermost object; an
 * array counts, too) put into language l.  Everything else stays as it is, to the byte, above all
 * documents inside the answer.  An answer that is not canonical (doc/json.h) stays whole. Malloc'd,
 * *n bytes; NULL: no memory.
 */
MUST_CHECK uint8_t *reasons_in(size_t *n, enum language l, struct bytes answer, unsigned depth);

#endif
