/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include "base/check.h"

/* One record that says so, with the clocks as the journal left them: time while off is not counted.
 */
static void commit_move(struct guard *g, uint16_t kind, uint64_t wall_ms, struct effects *out)
{
	struct log_record r = { .kind = kind, .amount = g->config.signer };
	struct log_batch b;

	g->wall_ms = wall_ms;
	g->own_ms = g->own_base_ms;
	guard_self_begin(g, &b, out);
	guard_self_add(g, &b, &r, 0, NULL);
	guard_self_commit(g, &b, out);
	g->exported = kind == LOG_GUARD_EXPORT;
}

enum err guard_export(struct guard *g, uint64_t wall_ms, struct effects *out)
{
	CHECK(!g->started);
	if (!g->has_genesis || g->exported) {
		return ERR_STATE;
	}
	commit_move(g, LOG_GUARD_EXPORT, wall_ms, out);
	return ERR_OK;
}

enum err guard_import(struct guard *g, uint64_t wall_ms, struct effects *out)
{
	CHECK(!g->started);
	if (!g->exported) {
		return ERR_STATE;
	}
	commit_move(g, LOG_GUARD_IMPORT, wall_ms, out);
	return ERR_OK;
}

bool guard_exported(const struct guard *g)
{
	return g->exported;
}

enum err guard_move_replay(struct guard *g, const struct log_record *r)
{
	bool leaves = r->kind == LOG_GUARD_EXPORT;

	/* an export twice, or an import of what was never exported */
	if (r->amount != (u128)g->config.signer || g->exported == leaves) {
		return ERR_CORRUPT;
	}
	g->exported = leaves;
	return ERR_OK;
}
