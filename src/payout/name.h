/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - ids that follow from what they are for, so that who reads a journal can find them.
 */
#ifndef KURAMORI_PAYOUT_NAME_H
#define KURAMORI_PAYOUT_NAME_H

#include "base/bytes.h"

/* First half of SHA-256("kuramori " label LF a b), marked as a UUID of version 8. */
struct id128 payout_name(const char *label, struct bytes a, struct bytes b);

/* Of the hold of a withdrawal. */
struct id128 payout_hold_name(const struct id128 *withdrawal);

#endif
