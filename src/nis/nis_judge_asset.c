/* SPDX-License-Identifier: Apache-2.0 */
/* What NIS asks of namespaces, mosaics and importance transfers (nem.md 2.5, 3.5). */
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "nis/nis_asset.h"
#include "nis/nis_judge.h"

/* ---- importance (N:validators/transaction/ImportanceTransferTransactionValidator.java) ---- */

static bool in_progress(const struct nis_judge *j, const struct nis_remote *link)
{
	return link->exists && nis_state_height(j->view) < link->height + NIS_LINK_DELAY;
}

/* The account that is to harvest: may it, for this owner? */
static enum nem_result judge_remote(const struct nis_judge *j, uint32_t owner, uint32_t remote)
{
	struct nis_remote link = nis_asset_remote(j->view, remote);

	if (in_progress(j, &link)) {
		return NEM_FAILURE_IMPORTANCE_TRANSFER_IN_PROGRESS;
	}
	if (!link.exists || !link.is_remote || link.partner == owner) {
		return NEM_SUCCESS;
	}
	return link.mode == NEM_IMPORTANCE_ACTIVATE
		   ? NEM_FAILURE_IMPORTANCE_TRANSFER_NEEDS_TO_BE_DEACTIVATED
		   : NEM_SUCCESS;
}

static bool in_use(const struct nis_judge *j, uint32_t account)
{
	const struct nis_holding *h = nis_state_get(j->view, account);

	return h->balance > 0 || h->control != NULL || h->cosigner_of > 0 ||
	       nis_asset_holds_any(j->view, account) || nis_asset_owns_any(j->view, account);
}

enum nem_result nis_judge_importance(const struct nis_judge *j, uint32_t signer,
				     const struct nem_importance *importance)
{
	uint32_t remote = nis_state_find_key(j->state, &importance->remote);
	struct nis_remote link = nis_asset_remote(j->view, signer);
	bool active = link.exists && link.mode == NEM_IMPORTANCE_ACTIVATE;
	enum nem_result code = judge_remote(j, signer, remote);

	if (code != NEM_SUCCESS) {
		return code;
	}
	if (in_progress(j, &link)) {
		return NEM_FAILURE_IMPORTANCE_TRANSFER_IN_PROGRESS;
	}
	if (importance->mode == NEM_IMPORTANCE_DEACTIVATE) {
		return active ? NEM_SUCCESS : NEM_FAILURE_IMPORTANCE_TRANSFER_IS_NOT_ACTIVE;
	}
	if (in_use(j, remote)) {
		return NEM_FAILURE_DESTINATION_ACCOUNT_IN_USE;
	}
	return active ? NEM_FAILURE_IMPORTANCE_TRANSFER_NEEDS_TO_BE_DEACTIVATED : NEM_SUCCESS;
}

/* ---- namespaces (N:validators/transaction/ProvisionNamespaceTransactionValidator.java) ---- */

/* N:core/model/namespace/ReservedNamespaceFilter.java: no part may be one of these. */
static bool is_claimable(struct bytes name)
{
	static const char *const reserved[] = { "nem", "user", "account", "org", "com", "biz",
						"net", "edu",  "mil",     "gov", "info" };
	size_t start = 0;

	for (size_t i = 0; i <= name.n; i++) {
		struct bytes part = bytes_of(name.p + start, i - start);

		if (i < name.n && name.p[i] != '.') {
			continue;
		}
		for (size_t k = 0; k < ARRAY_LEN(reserved); k++) {
			if (bytes_eq(part, bytes_str(reserved[k]))) {
				return false;
			}
		}
		start = i + 1;
	}
	return true;
}

static bool is_address_of(const struct nis_judge *j, const struct nem_address *address,
			  const struct key32 *key)
{
	struct nem_address want;

	nem_address_from_key(&want, key, j->state->network);
	return nem_address_eq(address, &want);
}

/* A root that is there may be renewed near its end, for a while only by its owner. */
static enum nem_result judge_renewal(const struct nis_judge *j, uint32_t signer,
				     const struct nis_root *root)
{
	uint64_t height = nis_state_height(j->view);
	uint64_t end = root->height + NIS_NAMESPACE_LIFE;

	if (end > height + NIS_NAMESPACE_GRACE) {
		return NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY;
	}
	return root->owner != signer && end + NIS_NAMESPACE_GRACE > height
		   ? NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY
		   : NEM_SUCCESS;
}

static enum nem_result judge_parent(const struct nis_judge *j, uint32_t signer,
				    const struct nem_namespace *parent)
{
	struct nem_namespace top;
	struct nis_root root;

	if (!nis_asset_namespace(j->view, parent, &root)) {
		return NEM_FAILURE_NAMESPACE_UNKNOWN;
	}
	nem_namespace_root(&top, parent);
	if (!nis_asset_active(j->view, &top, nis_state_height(j->view))) {
		return NEM_FAILURE_NAMESPACE_EXPIRED;
	}
	return root.owner == signer ? NEM_SUCCESS : NEM_FAILURE_NAMESPACE_OWNER_CONFLICT;
}

enum nem_result nis_judge_provision(const struct nis_judge *j, uint32_t signer,
				    const struct nem_provision *p)
{
	bool is_root = nem_namespace_levels(&p->parent) == 0;
	struct nem_namespace name;
	struct nis_root root;
	enum nem_result code = NEM_SUCCESS;

	/* A name that is none was the end before: 125 is a code that NIS never comes to. */
	CHECK(nem_namespace_join(&name, &p->parent, bytes_str(p->part)) == ERR_OK);
	if (!is_claimable(nem_namespace_bytes(&name))) {
		return NEM_FAILURE_NAMESPACE_NOT_CLAIMABLE;
	}
	if (!is_address_of(j, &p->sink, &nem_sink_namespace_key)) {
		return NEM_FAILURE_NAMESPACE_INVALID_RENTAL_FEE_SINK;
	}
	if (!is_root) {
		code = judge_parent(j, signer, &p->parent);
	}
	if (code == NEM_SUCCESS && nis_asset_namespace(j->view, &name, &root)) {
		code = is_root ? judge_renewal(j, signer, &root)
			       : NEM_FAILURE_NAMESPACE_ALREADY_EXISTS;
	}
	if (code == NEM_SUCCESS && p->rental_fee_micro < (is_root ? NEM_FEE_RENTAL_ROOT_MICRO
								  : NEM_FEE_RENTAL_SUB_MICRO)) {
		code = NEM_FAILURE_NAMESPACE_INVALID_RENTAL_FEE;
	}
	return code;
}

/* ---- mosaics ---- */

/* nem:xem, or one that somebody defined. */
static bool find_terms(const struct nis_judge *j, const struct nem_mosaic_id *id,
		       bool *transferable)
{
	struct nis_mosaic m;

	if (nem_mosaic_is_xem(id)) {
		*transferable = true;
		return true;
	}
	if (!nis_asset_mosaic(j->view, id, &m)) {
		return false;
	}
	*transferable = m.definition->properties.transferable;
	return true;
}

/* A new definition of the same mosaic: only the whole supply in the creator's hands may change. */
static bool may_redefine(const struct nis_judge *j, uint32_t creator, const struct nis_mosaic *old,
			 const struct nem_mosaic_definition *fresh)
{
	const struct nem_mosaic_definition *was = old->definition;
	uint64_t all;

	if (nis_asset_same_terms(was, fresh)) {
		/* Then something else must change. */
		return !bytes_eq(bytes_of(was->description, was->description_bytes),
				 bytes_of(fresh->description, fresh->description_bytes));
	}
	CHECK(nem_mosaic_units(&all, old->supply, was->properties.divisibility) == ERR_OK);
	return was->properties.transferable == fresh->properties.transferable &&
	       nis_asset_quantity(j->view, creator, old) == all;
}

static enum nem_result judge_levy(const struct nis_judge *j, const struct nem_mosaic_definition *d)
{
	bool transferable = d->properties.transferable;

	if (d->levy.type == NEM_LEVY_NONE) {
		return NEM_SUCCESS;
	}
	if (!nem_mosaic_id_eq(&d->levy.mosaic, &d->id) &&
	    !find_terms(j, &d->levy.mosaic, &transferable)) {
		return NEM_FAILURE_MOSAIC_UNKNOWN;
	}
	return transferable ? NEM_SUCCESS : NEM_FAILURE_MOSAIC_LEVY_NOT_TRANSFERABLE;
}

/* N:validators/transaction/MosaicDefinitionCreationTransactionValidator.java. */
enum nem_result nis_judge_definition(const struct nis_judge *j, uint32_t signer,
				     const struct nem_definition *d)
{
	struct nis_root root;
	struct nis_mosaic old;

	if (bytes_eq(nem_namespace_bytes(&d->mosaic.id.space), bytes_str("nem"))) {
		return NEM_FAILURE_NAMESPACE_OWNER_CONFLICT; /* it never expires, and is a sink's */
	}
	if (!nis_asset_active(j->view, &d->mosaic.id.space, nis_state_height(j->view))) {
		return NEM_FAILURE_NAMESPACE_EXPIRED;
	}
	CHECK(nis_asset_namespace(j->view, &d->mosaic.id.space, &root));
	if (root.owner != signer) {
		return NEM_FAILURE_NAMESPACE_OWNER_CONFLICT;
	}
	if (nis_asset_mosaic(j->view, &d->mosaic.id, &old) &&
	    !may_redefine(j, signer, &old, &d->mosaic)) {
		return NEM_FAILURE_MOSAIC_MODIFICATION_NOT_ALLOWED;
	}
	if (!is_address_of(j, &d->sink, &nem_sink_mosaic_key)) {
		return NEM_FAILURE_MOSAIC_INVALID_CREATION_FEE_SINK;
	}
	if (d->creation_fee_micro < NEM_FEE_CREATION_MICRO) {
		return NEM_FAILURE_MOSAIC_INVALID_CREATION_FEE;
	}
	return judge_levy(j, &d->mosaic);
}

/* N:validators/transaction/MosaicSupplyChangeTransactionValidator.java. */
enum nem_result nis_judge_supply(const struct nis_judge *j, const struct key32 *signer,
				 const struct nem_supply_change *change)
{
	const struct nem_mosaic_properties *p;
	struct nis_mosaic m;
	uint64_t units;

	if (nem_mosaic_is_xem(&change->mosaic)) {
		return NEM_FAILURE_MOSAIC_CREATOR_CONFLICT; /* its creator is a sink */
	}
	if (!nis_asset_mosaic(j->view, &change->mosaic, &m)) {
		return NEM_FAILURE_MOSAIC_UNKNOWN;
	}
	if (!nis_asset_active(j->view, &change->mosaic.space, nis_state_height(j->view))) {
		return NEM_FAILURE_NAMESPACE_EXPIRED;
	}
	if (!key32_eq(&m.definition->creator, signer)) {
		return NEM_FAILURE_MOSAIC_CREATOR_CONFLICT;
	}
	p = &m.definition->properties;
	if (!p->supply_mutable) {
		return NEM_FAILURE_MOSAIC_SUPPLY_IMMUTABLE;
	}
	if (change->type == NEM_SUPPLY_CREATE) {
		return nem_mosaic_units(&units, m.supply + change->delta, p->divisibility) == ERR_OK
			   ? NEM_SUCCESS
			   : NEM_FAILURE_MOSAIC_MAX_SUPPLY_EXCEEDED;
	}
	/* Whole units that the creator still has. */
	return nem_mosaic_units(&units, change->delta, p->divisibility) == ERR_OK &&
		       nis_asset_quantity(j->view, nis_state_find_key(j->state, signer), &m) >=
			   units
		   ? NEM_SUCCESS
		   : NEM_FAILURE_MOSAIC_SUPPLY_NEGATIVE;
}

static enum nem_result judge_one(const struct nis_judge *j, const struct key32 *signer,
				 const struct nem_transfer *t, const struct nem_mosaic_id *id)
{
	const struct nem_mosaic_definition *d;
	struct nis_mosaic m;
	bool levy_transferable;

	if (!nis_asset_mosaic(j->view, id, &m)) {
		return NEM_FAILURE_MOSAIC_UNKNOWN;
	}
	d = m.definition;
	if (!nis_asset_active(j->view, &id->space, nis_state_height(j->view))) {
		return NEM_FAILURE_NAMESPACE_EXPIRED;
	}
	if (!d->properties.transferable && !key32_eq(&d->creator, signer) &&
	    !is_address_of(j, &t->recipient, &d->creator)) {
		return NEM_FAILURE_MOSAIC_NOT_TRANSFERABLE;
	}
	return d->levy.type == NEM_LEVY_NONE || find_terms(j, &d->levy.mosaic, &levy_transferable)
		   ? NEM_SUCCESS
		   : NEM_FAILURE_MOSAIC_LEVY_UNKNOWN;
}

/* N:validators/transaction/MosaicBagValidator.java: nem:xem is not counted and not asked. */
enum nem_result nis_judge_bag(const struct nis_judge *j, const struct key32 *signer,
			      const struct nem_transfer *t)
{
	unsigned others = 0;
	enum nem_result code = NEM_SUCCESS;

	for (unsigned i = 0; i < t->mosaics; i++) {
		others += !nem_mosaic_is_xem(&t->mosaic[i].id);
	}
	if (others > NEM_MOSAICS_ALLOWED) {
		return NEM_FAILURE_TOO_MANY_MOSAIC_TRANSFERS;
	}
	if (others > 0 && t->amount_micro % NEM_XEM_MICRO != 0) {
		return NEM_FAILURE_MOSAIC_DIVISIBILITY_VIOLATED;
	}
	for (unsigned i = 0; code == NEM_SUCCESS && i < t->mosaics; i++) {
		if (!nem_mosaic_is_xem(&t->mosaic[i].id)) {
			code = judge_one(j, signer, t, &t->mosaic[i].id);
		}
	}
	return code;
}
