/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_other.h - all that accounts of NEM can do beside paying XEM and changing who holds them:
 * mosaics and their levies, namespaces, importance (nem.md 2.4-2.6).  For nem_tx.c and nem_wire.c
 * alone.
 *
 * Apart, because a machine that only moves XEM need not know any of it: kuramori-cold links
 * nem_other_none.c instead, for which none of these types exists.
 */
#ifndef KURAMORI_CHAIN_NEM_OTHER_H
#define KURAMORI_CHAIN_NEM_OTHER_H

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"

/* The body of an importance transfer, provision, definition or supply change.  Dies on others. */
void nem_other_put(struct writer *w, enum nem_type type, const union nem_body *body);

/* *body is zero before.  ERR_INPUT, ERR_TYPE, ERR_TOO_LARGE, ERR_FIELD_RANGE, ERR_NOT_CANONICAL;
 * *body is then half filled. */
MUST_CHECK enum err nem_other_get(struct reader *r, enum nem_type type, union nem_body *body);

/* What nem_tx_check() demands of such a body.  ERR_TYPE of any other type, and the errors there. */
MUST_CHECK enum err nem_other_check(enum nem_type type, const struct nem_header *h,
				    const union nem_body *body);

/* The mosaics of a transfer, the same way: written, read, judged, and put into their order. */
void nem_other_put_mosaics(struct writer *w, const struct nem_transfer *t);
MUST_CHECK enum err nem_other_get_mosaics(struct reader *r, struct nem_transfer *t);
MUST_CHECK enum err nem_other_check_mosaics(const struct nem_transfer *t, uint8_t version);
void nem_other_sort_mosaics(struct nem_transfer *t);

#endif
