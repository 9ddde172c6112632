/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_hearers.h - whom NIS tells of a transaction on its WebSocket port
 * (N:websocket/MessagingService.java, pushTransaction(); nem.md 5.6).
 */
#ifndef KURAMORI_NIS_NIS_HEARERS_H
#define KURAMORI_NIS_NIS_HEARERS_H

#include <stddef.h>

#include "chain/nem/nem_tx.h"
#include "nis/nis.h"

enum {
	/* The wrapper's signer, the account's own, and one for each entry of a modification. */
	NIS_TOLD_MAX = 2 + NEM_MODIFICATIONS_MAX,
	/* Wrapper's signer, sender, recipient, and a levy's recipient for each mosaic. */
	NIS_MOSAICS_CHANGED_MAX = 3 + NEM_MOSAICS_MAX,
};

struct nis_hearers {
	/* In NIS's order, who is named twice is told twice: /transactions/A, /unconfirmed/A and,
	 * once in a block, /account/A. */
	struct nem_address told[NIS_TOLD_MAX];
	size_t told_n;
	/* Whose mosaics may have changed: told of what they own after a block. */
	struct nem_address mosaics[NIS_MOSAICS_CHANGED_MAX];
	size_t mosaics_n;
	struct nem_address namespaces[1];
	size_t namespaces_n;
};

/*
 * Of a wrapper: its signer, and then those of the inner transaction, who get the wrapper.  Nobody
 * hears of a cosignature by name.  tx must be of n's network; levies are those that n knows now.
 */
void nis_hearers(const struct nis *n, const struct nem_tx *tx, struct nis_hearers *out);

#endif
