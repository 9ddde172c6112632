/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_conflict.h - what may not stand together in one block: two changes of control of one account
 * (N:validators/block/BlockMultisigAggregateModificationValidator.java), and the definition of a
 * mosaic beside anything that touches that mosaic or provides its namespace
 * (BlockMosaicDefinitionCreationValidator.java).
 */
#ifndef KURAMORI_NIS_NIS_CONFLICT_H
#define KURAMORI_NIS_NIS_CONFLICT_H

#include "chain/nem/nem_result.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis_map.h"

/* All zero: an empty block. */
struct nis_conflict {
	struct nis_map seen; /* a name under what was done with it */
};

/*
 * 79 or 149 if tx may not join what was added before; it is not added then.  SUCCESS: it is.
 */
MUST_CHECK enum nem_result nis_conflict_add(struct nis_conflict *c, const struct nem_tx *tx);
void nis_conflict_free(struct nis_conflict *c);

#endif
