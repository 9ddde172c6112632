/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_conflict.h"

#include "base/attr.h"
#include "base/check.h"
#include "crypto/keccak.h"

enum act {
	ACT_CONTROL = 1, /* an account's control changes */
	ACT_DEFINE,      /* a mosaic is defined */
	ACT_TOUCH,       /* a mosaic is moved, or its supply changes */
	ACT_PROVIDE,     /* a namespace is provided */
	ACT_BUILD_ON,    /* a mosaic is defined in this namespace */
};

struct deed {
	enum act act;
	struct hash32 key;
};

enum { DEEDS_MAX = 2 + NEM_MOSAICS_MAX };

struct deeds {
	struct deed deed[DEEDS_MAX];
	unsigned n;
};

static struct hash32 key_of(enum act act, struct bytes name)
{
	uint8_t kind = (uint8_t)act;
	struct hash32 key;
	struct keccak k;

	keccak256_init(&k);
	keccak_update(&k, bytes_of(&kind, 1));
	keccak_update(&k, name);
	keccak256_final(&k, &key);
	return key;
}

static void add(struct deeds *d, enum act act, struct bytes name)
{
	CHECK(d->n < DEEDS_MAX);
	d->deed[d->n++] = (struct deed){ act, key_of(act, name) };
}

static bool has(const struct nis_conflict *c, enum act act, struct bytes name)
{
	struct hash32 key = key_of(act, name);

	return nis_map_get(&c->seen, &key, NULL);
}

static bool add_mosaic(const struct nis_conflict *c, struct deeds *d, enum act act,
		       enum act against, const struct nem_mosaic_id *id)
{
	char text[NEM_MOSAIC_ID_MAX + 1];

	nem_mosaic_id_put(text, id);
	add(d, act, bytes_str(text));
	return !has(c, against, bytes_str(text));
}

static enum nem_result judge(const struct nis_conflict *c, struct deeds *d, enum nem_type type,
			     const struct key32 *signer, const union nem_body *body)
{
	bool fits = true;

	switch (type) {
	case NEM_MODIFICATION: {
		struct bytes account = bytes_of(signer->b, sizeof signer->b);

		add(d, ACT_CONTROL, account);
		return has(c, ACT_CONTROL, account) ? NEM_FAILURE_CONFLICTING_MULTISIG_MODIFICATION
						    : NEM_SUCCESS;
	}
	case NEM_DEFINITION: {
		const struct nem_mosaic_id *id = &body->definition.mosaic.id;
		struct bytes space = nem_namespace_bytes(&id->space);

		fits = add_mosaic(c, d, ACT_DEFINE, ACT_TOUCH, id) && !has(c, ACT_PROVIDE, space);
		add(d, ACT_BUILD_ON, space);
		break;
	}
	case NEM_SUPPLY:
		fits = add_mosaic(c, d, ACT_TOUCH, ACT_DEFINE, &body->supply.mosaic);
		break;
	case NEM_TRANSFER:
		for (unsigned i = 0; i < body->transfer.mosaics; i++) {
			if (!add_mosaic(c, d, ACT_TOUCH, ACT_DEFINE,
					&body->transfer.mosaic[i].id)) {
				fits = false;
			}
		}
		break;
	case NEM_NAMESPACE: {
		struct nem_namespace name;

		if (nem_namespace_join(&name, &body->provision.parent,
				       bytes_str(body->provision.part)) == ERR_OK) {
			add(d, ACT_PROVIDE, nem_namespace_bytes(&name));
			fits = !has(c, ACT_BUILD_ON, nem_namespace_bytes(&name));
		}
		break;
	}
	case NEM_IMPORTANCE:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return fits ? NEM_SUCCESS : NEM_FAILURE_CONFLICTING_MOSAIC_CREATION;
}

enum nem_result nis_conflict_add(struct nis_conflict *c, const struct nem_tx *tx)
{
	struct deeds d = { .n = 0 };
	enum nem_result code;

	if (tx->type == NEM_MULTISIG) {
		const struct nem_inner *inner = &tx->multisig.inner;

		code = judge(c, &d, inner->type, &inner->head.signer, &inner->body);
	} else {
		code = judge(c, &d, tx->type, &tx->head.signer, &tx->body);
	}
	for (unsigned i = 0; code == NEM_SUCCESS && i < d.n; i++) {
		nis_map_put(&c->seen, &d.deed[i].key, 0);
	}
	return code;
}

void nis_conflict_free(struct nis_conflict *c)
{
	nis_map_free(&c->seen);
}
