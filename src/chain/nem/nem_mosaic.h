/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_mosaic.h - namespaces and mosaics: their names, and what a definition of one may say
 * (nem.md 2.4-2.6, 3.5; C:model/namespace/NamespaceId.java, NamespaceIdPart.java,
 * C:model/mosaic/MosaicId.java, MosaicDefinition.java, DefaultMosaicProperties.java,
 * MosaicLevy.java, MosaicDescriptor.java).
 *
 * Quantities of a mosaic are in its smallest unit: whole units times 10^divisibility; supplies and
 * supply changes are in whole units.  No allocation; names are NUL-terminated ASCII.
 */
#ifndef KURAMORI_CHAIN_NEM_MOSAIC_H
#define KURAMORI_CHAIN_NEM_MOSAIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"

enum {
	NEM_NAMESPACE_ROOT_MAX = 16, /* characters of the first part */
	NEM_NAMESPACE_PART_MAX = 64, /* of each further part */
	NEM_NAMESPACE_LEVELS_MAX = 3,
	NEM_NAMESPACE_MAX = 128, /* of the whole: NIS cuts longer strings off when it reads them */
	NEM_MOSAIC_NAME_MAX = 32,
	NEM_MOSAIC_ID_MAX = NEM_NAMESPACE_MAX + 1 + NEM_MOSAIC_NAME_MAX, /* "namespace:name" */
	NEM_DIVISIBILITY_MAX = 6,
	NEM_DESCRIPTION_CHARS_MAX = 512,  /* UTF-16 units, as Java counts */
	NEM_DESCRIPTION_BYTES_MAX = 1536, /* what they may need in UTF-8 */
};

/* The largest quantity of any mosaic, in its smallest units (C:model/mosaic/MosaicConstants.java).
 */
#define NEM_QUANTITY_MAX UINT64_C(9000000000000000)

/* A fully qualified namespace, "alice" or "alice.vouchers"; empty text: none. */
struct nem_namespace {
	char text[NEM_NAMESPACE_MAX + 1];
};

struct nem_mosaic_id {
	struct nem_namespace space;
	char name[NEM_MOSAIC_NAME_MAX + 1];
};

/* A mosaic and how much of it; in a transfer before multiplication (nem.md 2.5). */
struct nem_mosaic {
	struct nem_mosaic_id id;
	uint64_t quantity;
};

enum nem_levy_type {
	NEM_LEVY_NONE = 0,
	NEM_LEVY_ABSOLUTE = 1,   /* fee smallest units of the levy's mosaic per transfer */
	NEM_LEVY_PERCENTILE = 2, /* fee * quantity / 10,000, rounded down (nem_levy_due) */
};

/* What the sender of a mosaic pays on top, in the levy's own mosaic. */
struct nem_levy {
	enum nem_levy_type type; /* NEM_LEVY_NONE: the other members are zero */
	struct nem_address recipient;
	struct nem_mosaic_id mosaic;
	uint64_t fee;
};

struct nem_mosaic_properties {
	uint8_t divisibility;    /* 0..NEM_DIVISIBILITY_MAX */
	uint64_t initial_supply; /* whole units */
	bool supply_mutable;
	bool transferable; /* false: only to and from the creator */
};

struct nem_mosaic_definition {
	struct key32 creator;
	struct nem_mosaic_id id;
	uint16_t description_bytes; /* 1..NEM_DESCRIPTION_BYTES_MAX, UTF-8 */
	uint8_t description[NEM_DESCRIPTION_BYTES_MAX];
	struct nem_mosaic_properties properties;
	struct nem_levy levy;
};

/*
 * One part of a namespace: [a-z0-9][a-z0-9_-]*.  Its length is judged by nem_namespace_parse() and
 * nem_namespace_join(), because NIS judges it there too.
 */
bool nem_namespace_part_ok(struct bytes part);

/*
 * A fully qualified namespace.  ERR_FIELD_RANGE: empty, a part that is not one, more than three
 * parts, a part or the whole too long.  *why (may be NULL): which, static storage.
 */
MUST_CHECK enum err nem_namespace_parse(struct nem_namespace *out, struct bytes text,
					const char **why);

/* The parts joined: parent empty for a root.  ERR_FIELD_RANGE as above. */
MUST_CHECK enum err nem_namespace_join(struct nem_namespace *out,
				       const struct nem_namespace *parent, struct bytes part);

/* How many parts: 1 for a root.  0 for none. */
unsigned nem_namespace_levels(const struct nem_namespace *n);
/* The first part alone. */
void nem_namespace_root(struct nem_namespace *out, const struct nem_namespace *n);
bool nem_namespace_eq(const struct nem_namespace *a, const struct nem_namespace *b);
struct bytes nem_namespace_bytes(const struct nem_namespace *n);

/* [a-z0-9][a-z0-9'_-]*( [a-z0-9'_-]+)*, 1..32 characters. */
bool nem_mosaic_name_ok(struct bytes name);

/* From the two names.  ERR_FIELD_RANGE. */
MUST_CHECK enum err nem_mosaic_id_make(struct nem_mosaic_id *out, struct bytes space,
				       struct bytes name, const char **why);
/* "namespace:name", as REST parameters and people write it.  ERR_FIELD_RANGE. */
MUST_CHECK enum err nem_mosaic_id_parse(struct nem_mosaic_id *out, struct bytes text,
					const char **why);
/* Writes "namespace:name" and a NUL. */
void nem_mosaic_id_put(char out[NEM_MOSAIC_ID_MAX + 1], const struct nem_mosaic_id *id);
bool nem_mosaic_id_eq(const struct nem_mosaic_id *a, const struct nem_mosaic_id *b);
/* Both names pass their rules (structs that were filled in by hand). */
bool nem_mosaic_id_ok(const struct nem_mosaic_id *id);

/*
 * The order of NIS inside a transfer: that of the strings "namespace:name : quantity" (nem.md 2.6).
 * Different ids never compare equal, so the quantity takes no part.
 */
int nem_mosaic_id_cmp(const struct nem_mosaic_id *a, const struct nem_mosaic_id *b);

/* "nem:xem". */
extern const struct nem_mosaic_id nem_mosaic_xem;
bool nem_mosaic_is_xem(const struct nem_mosaic_id *id);

/* floor(amount_micro * quantity / 10^6): what a transfer moves (nem.md 2.5).  ERR_OVERFLOW beyond
 * 2^63-1, where NIS fails too. */
MUST_CHECK enum err nem_mosaic_moved(uint64_t *out, uint64_t amount_micro, uint64_t quantity);

/*
 * What the sender pays on top of moving `moved` smallest units (at most 2^63-1): fee, or
 * floor(fee * moved / 10^4).  0 without a levy.  NIS forms that product in 64 bits with sign
 * (C:model/mosaic/DefaultMosaicTransferFeeCalculator.java): beyond 2^63-1 it wraps, and what is
 * paid is what is left of it.  ERR_OVERFLOW where that is below zero, where NIS fails too.
 */
MUST_CHECK enum err nem_levy_due(uint64_t *out, const struct nem_levy *levy, uint64_t moved);

/*
 * Everything that the format demands of a definition of this network, the same for builders and
 * decoders: ERR_FIELD_RANGE (names, description empty, blank, too long or not UTF-8, divisibility,
 * supply * 10^divisibility above NEM_QUANTITY_MAX, levy type, levy fee above 2^63-1), ERR_ADDRESS,
 * ERR_NETWORK (levy recipient).
 */
MUST_CHECK enum err nem_mosaic_definition_check(const struct nem_mosaic_definition *d,
						uint8_t network);

/* whole * 10^divisibility.  ERR_OVERFLOW above NEM_QUANTITY_MAX or a divisibility above 6. */
MUST_CHECK enum err nem_mosaic_units(uint64_t *out, uint64_t whole, uint8_t divisibility);

/* The accounts that rental and creation fees must go to (nem.md 3.5). */
extern const struct key32 nem_sink_namespace_key;
extern const struct key32 nem_sink_mosaic_key;

#endif
