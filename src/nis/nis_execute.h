/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_execute.h - what a transaction does to a view, once it was judged.
 *
 * Its value moves as a list of steps in the order of NIS's notifications (C:model/Transaction.java
 * and its kinds), so that judging a balance and changing it walk over the same list.
 */
#ifndef KURAMORI_NIS_NIS_EXECUTE_H
#define KURAMORI_NIS_NIS_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis_state.h"

enum { NIS_FLOW_MAX = 2 * NEM_MOSAICS_MAX + NEM_COSIGNATURES_MAX + 2 + 1 };

/* A mosaic that does not exist: nobody has any of it. */
#define NIS_FLOW_NOTHING (NIS_MAP_NONE - 1)

struct nis_flow_step {
	uint32_t from;     /* account */
	uint32_t to;       /* account; NIS_MAP_NONE: a fee, or an address never heard of */
	bool is_fee;       /* for the harvester */
	uint32_t mosaic;   /* NIS_MAP_NONE: XEM; or NIS_FLOW_NOTHING */
	uint64_t quantity; /* smallest units */
};

struct nis_flow {
	unsigned n;
	struct nis_flow_step step[NIS_FLOW_MAX];
};

/*
 * The steps of tx on this view.  numbers: where addresses that were never heard of get one; NULL:
 * they get none.  ERR_OVERFLOW where NIS's arithmetic fails; *out is half filled then.
 */
MUST_CHECK enum err nis_execute_flow(struct nis_flow *out, const struct nis_view *v,
				     struct nis_state *numbers, const struct nem_tx *tx);

/*
 * Carries out a transaction that was judged (dies if it cannot): movements, control, names,
 * mosaics, links, public keys, fees away from the debtor.  Returns the fees, which the caller gives
 * to a harvester or, in a pool, to nobody.
 */
uint64_t nis_execute(struct nis_view *v, struct nis_state *s, const struct nem_tx *tx);

#endif
