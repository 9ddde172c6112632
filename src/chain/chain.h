/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - what every chain offers to the layers above, in words that belong to no chain
 * (design.md section 7): read an address, and say everything that a signed unit of raw bytes would
 * do.  A chain refuses to describe what it does not know in full (P11): there is no "other" kind.
 *
 * No I/O, no allocation, no clock.
 */
#ifndef KURAMORI_CHAIN_CHAIN_H
#define KURAMORI_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"

enum {
	CHAIN_ADDRESS_MAX = 63, /* characters of a printed address of any chain */
	CHAIN_EFFECTS_MAX =
	    72, /* NEM: 33 control changes, one threshold, 34 fees; or 24 movements */
	CHAIN_TOKEN_MAX = 175, /* characters of the name of a token (NEM: "namespace:name") */
	CHAIN_TOKENS_MAX = 24, /* NEM: 12 mosaics and the levy of each */
};

/* A printed address.  Empty text: nobody in particular (the harvester of a future block). */
struct chain_address {
	char text[CHAIN_ADDRESS_MAX + 1];
};

enum chain_effect_kind {
	CHAIN_MOVE = 1,       /* amount goes from `from` to `to` */
	CHAIN_FEE = 2,        /* amount goes from `from` to whoever makes the block (`to` empty) */
	CHAIN_HOLDER_ADD = 3, /* `to` becomes one of those who can move what `from` holds */
	CHAIN_HOLDER_REMOVE = 4, /* `to` stops being one of them */
	CHAIN_THRESHOLD = 5,     /* the number of holders needed for `from` changes by `change` */
	CHAIN_CONSENT = 6,    /* `to` consents to the unit named `payment` spending from `from` */
	CHAIN_TOKEN_MOVE = 7, /* `quantity` of `token` goes from `from` to `to` */
	CHAIN_TOKEN_MINT = 8, /* `from` gets `quantity` whole units of `token`, newly made */
	CHAIN_TOKEN_BURN = 9, /* `from` loses `quantity` whole units of `token`, which vanish */
	/* `from` makes (or makes anew) `token`, `quantity` whole units of it at first; who moves it
	   then pays a levy to `to`, if `to` is not empty */
	CHAIN_TOKEN_DEFINE = 10,
	CHAIN_NAME = 11,       /* `from` rents the name `token` */
	CHAIN_DELEGATE = 12,   /* `to` may make blocks with the weight of `from` */
	CHAIN_UNDELEGATE = 13, /* `to` no longer may */
	/* What `from` pays beside the movement of `token` is not known: never signed, only watched
	 */
	CHAIN_LEVY_UNKNOWN = 14,
};

/* The name of an asset that the books do not know. */
struct chain_token {
	char name[CHAIN_TOKEN_MAX + 1];
};

/* One effect.  Members that the kind does not name are zero; amount is a known asset always. */
struct chain_effect {
	enum chain_effect_kind kind;
	struct chain_address from;
	struct chain_address to;
	struct money amount;
	int32_t change;
	uint8_t token;     /* index into chain_effects.token, of the kinds that name one */
	uint64_t quantity; /* smallest units of the token, or whole ones where the kind says so */
};

/* Everything that one unit would do, and its names. */
struct chain_effects {
	size_t n; /* 1..CHAIN_EFFECTS_MAX */
	struct chain_effect effect[CHAIN_EFFECTS_MAX];
	size_t tokens; /* 0..CHAIN_TOKENS_MAX */
	struct chain_token token[CHAIN_TOKENS_MAX];
	struct chain_address account;   /* whose coins and control are concerned */
	struct chain_address initiator; /* who put the unit together (NEM: the wrapper's signer) */
	struct hash32 unit;             /* hash of the outermost unit */
	struct hash32 payment; /* the name of the payment itself (NEM: hash of the inner) */
};

struct chain {
	const char *name; /* "nem" */
	uint32_t asset;   /* the coin of the chain: fees are paid in it */

	/*
	 * A printed address of this network, in its one spelling.
	 * ERR_ADDRESS, ERR_NETWORK; *why (may be NULL) is then a reason in words, static storage.
	 */
	enum err (*address_parse)(struct chain_address *out, uint8_t network, struct bytes text,
				  const char **why);

	/*
	 * Decodes a unit as it is signed (no signatures) or as it stands in a block (signed form),
	 * and lists every effect.  Signatures are not verified here.
	 * The errors are those of the chain's decoder; ERR_ASSET if it moves a token, whose side
	 * effects the unit itself does not tell.  Nothing is written then.
	 */
	enum err (*effects)(struct chain_effects *out, uint8_t network, struct bytes raw,
			    bool is_signed_form);
};

/* The chain of this name, or NULL: an unknown chain is refused by the caller (P11). */
const struct chain *chain_find(struct bytes name);

/* The total of all amounts that leave `account` (movements to others and fees).  ERR_OVERFLOW. */
MUST_CHECK enum err chain_outflow(struct money *out, const struct chain_effects *effects,
				  const struct chain_address *account);

#endif
