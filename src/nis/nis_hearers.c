/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_hearers.h"

#include "base/check.h"
#include "nis/nis_chain.h"

static void tell(struct nis_hearers *out, const struct nem_address *a)
{
	CHECK(out->told_n < NIS_TOLD_MAX);
	out->told[out->told_n++] = *a;
}

static void mosaics_changed(struct nis_hearers *out, const struct nem_address *a)
{
	CHECK(out->mosaics_n < NIS_MOSAICS_CHANGED_MAX);
	out->mosaics[out->mosaics_n++] = *a;
}

static struct nem_address address_of(const struct nis *n, const struct key32 *key)
{
	struct nem_address a;

	nem_address_from_key(&a, key, n->network);
	return a;
}

/* False if nobody knows the mosaic or it has no levy. */
static bool levy_recipient(const struct nis *n, const struct nem_mosaic_id *id,
			   struct nem_address *recipient)
{
	struct nis_mosaic_info m;

	if (!nis_mosaic(n, id, &m) || m.definition->levy.type == NEM_LEVY_NONE) {
		return false;
	}
	*recipient = m.definition->levy.recipient;
	return true;
}

static void of_transfer(const struct nis *n, const struct nem_transfer *t,
			const struct nem_address *signer, const struct nem_address *initiator,
			struct nis_hearers *out)
{
	tell(out, &t->recipient);
	if (t->mosaics == 0) {
		return;
	}
	if (initiator != NULL) {
		mosaics_changed(out, initiator);
	}
	mosaics_changed(out, &t->recipient);
	mosaics_changed(out, signer);
	for (unsigned i = 0; i < t->mosaics; i++) {
		struct nem_address to;

		if (levy_recipient(n, &t->mosaic[i].id, &to)) {
			mosaics_changed(out, &to);
		}
	}
}

/* A levy's recipient hears of a definition and of each change of its supply. */
static void of_mosaic(const struct nem_address *signer, const struct nem_address *levy,
		      struct nis_hearers *out)
{
	mosaics_changed(out, signer);
	if (levy != NULL) {
		tell(out, levy);
		mosaics_changed(out, levy);
	}
}

static void of_body(const struct nis *n, enum nem_type type, const struct key32 *key,
		    const union nem_body *body, const struct nem_address *initiator,
		    struct nis_hearers *out)
{
	struct nem_address signer = address_of(n, key), other;

	tell(out, &signer);
	switch (type) {
	case NEM_TRANSFER:
		of_transfer(n, &body->transfer, &signer, initiator, out);
		return;
	case NEM_IMPORTANCE:
		other = address_of(n, &body->importance.remote);
		tell(out, &other);
		return;
	case NEM_MODIFICATION:
		for (unsigned i = 0; i < body->modification.n; i++) {
			other = address_of(n, &body->modification.entry[i].cosigner);
			tell(out, &other);
		}
		return;
	case NEM_NAMESPACE:
		out->namespaces[out->namespaces_n++] = signer;
		return;
	case NEM_DEFINITION:
		of_mosaic(&signer,
			  body->definition.mosaic.levy.type != NEM_LEVY_NONE
			      ? &body->definition.mosaic.levy.recipient
			      : NULL,
			  out);
		return;
	case NEM_SUPPLY:
		of_mosaic(&signer, levy_recipient(n, &body->supply.mosaic, &other) ? &other : NULL,
			  out);
		return;
	case NEM_MULTISIG:
	case NEM_COSIGNATURE:
		break;
	}
	CHECK(false); /* these have no body of their own */
}

void nis_hearers(const struct nis *n, const struct nem_tx *tx, struct nis_hearers *out)
{
	struct nem_address initiator;

	out->told_n = out->mosaics_n = out->namespaces_n = 0;
	if (tx->type == NEM_COSIGNATURE) {
		return;
	}
	if (tx->type != NEM_MULTISIG) {
		of_body(n, tx->type, &tx->head.signer, &tx->body, NULL, out);
		return;
	}
	initiator = address_of(n, &tx->head.signer);
	tell(out, &initiator);
	of_body(n, tx->multisig.inner.type, &tx->multisig.inner.head.signer,
		&tx->multisig.inner.body, &initiator, out);
}
