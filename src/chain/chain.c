/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/chain.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_effects.h"

static const struct chain *const chains[] = { &nem_effects_chain };

const struct chain *chain_find(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		if (bytes_eq(bytes_str(chains[i]->name), name)) {
			return chains[i];
		}
	}
	return NULL;
}

enum err chain_outflow(struct money *out, const struct chain_effects *effects,
		       const struct chain_address *account)
{
	struct money sum;

	CHECK(effects->n >= 1 && effects->n <= CHAIN_EFFECTS_MAX);
	sum = money_zero(money_asset(&effects->effect[0].amount));
	for (size_t i = 0; i < effects->n; i++) {
		const struct chain_effect *e = &effects->effect[i];
		enum err err;

		if ((e->kind != CHAIN_MOVE && e->kind != CHAIN_FEE) ||
		    strcmp(e->from.text, account->text) != 0 ||
		    strcmp(e->to.text, account->text) == 0) {
			continue;
		}
		err = money_add(&sum, &sum, &e->amount);
		if (err != ERR_OK) {
			return err;
		}
	}
	*out = sum;
	return ERR_OK;
}
