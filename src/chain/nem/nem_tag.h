/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_tag.h - theft tags: mosaics that people of the NEM community push into accounts that hold
 * stolen coins (nem.md 9).
 *
 * Reading: a name proves nothing, for anyone may rent a similar one, or the same one once it
 * lapsed.  A tag is real only if the creator's public key is the one that the caller trusts; who
 * that is, is data of the caller and never known here.  Writing: unsigned transactions only, each
 * compared with its own list of effects.  No I/O, no allocation.
 */
#ifndef KURAMORI_CHAIN_NEM_TAG_H
#define KURAMORI_CHAIN_NEM_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_mosaic.h"
#include "chain/nem/nem_tx.h"

enum {
	NEM_TAGGERS_MAX = 32,
	NEM_TAGS_MAX = 64,            /* one per tagger at most, then look-alikes */
	NEM_RENTAL_BLOCKS = 525600,   /* how long a root namespace lasts (nem.md 3.5) */
	NEM_TAG_ALIKE_CHARS = 8,      /* shorter names are alike only if they are the same */
	NEM_TAG_ALIKE_EDITS = 2,      /* letters put in, left out or changed */
	NEM_TAG_MULTIPLIER = 1000000, /* amount of a tagging transfer: each quantity once */
};

/* How sure the caller is of a tagger. */
enum nem_tag_basis {
	NEM_TAG_ESTABLISHED = 1,
	NEM_TAG_INFERRED = 2,
};

enum nem_tag_kind {
	NEM_TAG_STOLEN = 1, /* the account holds stolen coins */
	NEM_TAG_THIEF = 2,  /* the account is the thief's own */
};

/* A known tagger.  Without its key (creator_known false) nothing it seems to say is proven. */
struct nem_tagger {
	struct nem_mosaic_id mosaic;
	bool creator_known;
	struct key32 creator;
	enum nem_tag_kind kind;
	enum nem_tag_basis basis;
};

/* What a node says of a root namespace: who rents it, since which height (the last renewal). */
struct nem_tag_space {
	struct nem_namespace root;
	struct nem_address owner;
	uint64_t rented_height;
};

/* A confirmed transaction, plain or in a wrapper; who tags is the signer of what is inside. */
struct nem_tag_seen {
	uint64_t height; /* 1.. */
	const struct nem_tx *tx;
};

/* All that is known of one account at one height.  Everything stays the caller's. */
struct nem_tag_facts {
	uint8_t network;
	uint64_t height; /* of the chain, 1.. */
	struct nem_address account;
	const struct nem_tagger *tagger; /* no mosaic twice */
	size_t taggers;
	const struct nem_mosaic *owned; /* quantities in smallest units */
	size_t owneds;
	const struct nem_mosaic_definition *definition; /* as the node has them now */
	size_t definitions;
	const struct nem_tag_space *space; /* a root that is not listed has lapsed */
	size_t spaces;
	const struct nem_tag_seen *seen; /* in any order; others' transactions are passed over */
	size_t seens;
	const struct nem_address *service; /* exchanges and the like, never thieves themselves */
	size_t services;
};

enum nem_tag_verdict {
	NEM_TAG_NONE = 0, /* never in a list */
	NEM_TAG_IN_EFFECT = 1,
	NEM_TAG_HISTORY = 2,  /* was given by the tagger; the chain no longer shows it */
	NEM_TAG_LIFTED = 3,   /* was given by the tagger and went back */
	NEM_TAG_MISTAKEN = 4, /* stands on an account of a known service */
	NEM_TAG_UNPROVEN = 5, /* bears the name, and nothing proves or disproves the giver */
	NEM_TAG_ALIKE = 6,    /* a look-alike: not a tag */
};

/* Why, as bits. */
enum nem_tag_reason {
	NEM_TAG_BY_CREATOR = 1,      /* the trusted key itself sent it */
	NEM_TAG_SOURCE_UNSEEN = 2,   /* held, but no transfer of it was given */
	NEM_TAG_PASSED_ON = 4,       /* somebody who is not the creator sent it */
	NEM_TAG_BOUND = 8,           /* not transferable: only the creator can give it */
	NEM_TAG_NO_DEFINITION = 16,  /* the node knows no such mosaic now */
	NEM_TAG_LAPSED = 32,         /* the rental of the root ran out */
	NEM_TAG_RERENTED = 64,       /* the root is another's now */
	NEM_TAG_OTHER_CREATOR = 128, /* same name, another creator's key */
	NEM_TAG_OTHER_NAME = 256,    /* a similar name */
	NEM_TAG_KEY_UNKNOWN = 512,   /* the caller has no key of this tagger */
	NEM_TAG_SERVICE = 1024,      /* the account is a known service's */
};

struct nem_tag {
	unsigned tagger; /* index into facts.tagger; of a look-alike the one that it imitates */
	struct nem_mosaic_id mosaic;
	enum nem_tag_verdict verdict;
	uint32_t reasons; /* enum nem_tag_reason */
	uint64_t height;  /* of the first transfer by the trusted key; 0: none seen */
	uint64_t held;    /* smallest units now, 0 if none */
};

/* In the order of the taggers, look-alikes last. */
struct nem_tags {
	size_t n;
	struct nem_tag tag[NEM_TAGS_MAX];
	size_t left_off; /* look-alikes beyond that: an account can be stuffed with them */
};

/*
 * Reads the tags of facts->account.  A transfer that moves none of the mosaic is no tag, nor is
 * what the creator itself holds.
 * ERR_FIELD_RANGE (a height of 0 or above facts->height, names that are none, a mosaic that two
 * taggers share, is owned twice, defined twice, a root listed twice), ERR_NETWORK or ERR_ADDRESS
 * (account, service, owner of a root), ERR_FULL (more than NEM_TAGGERS_MAX taggers), the errors of
 * nem_tx_check() for a transaction.  Nothing is written then.
 */
MUST_CHECK enum err nem_tag_read(struct nem_tags *out, const struct nem_tag_facts *facts);

/* The word for a verdict, and for one bit of the reasons; NULL for another number.  Static. */
const char *nem_tag_verdict_name(enum nem_tag_verdict verdict);
const char *nem_tag_reason_name(enum nem_tag_reason reason);

/*
 * The definition of a tagger's mosaic: indivisible, supply mutable, not transferable, no levy.
 * supply in whole units, 1..; description 1..512 characters; times in NEM seconds.
 * ERR_FIELD_RANGE (also a deadline not after the time or more than a day later), ERR_TOO_LARGE (a
 * description), the errors of nem_tx_check(); ERR_MISMATCH if its effects are any but: the mosaic,
 * the creation fee to the sink, the fee.  Nothing is written then.
 */
MUST_CHECK enum err nem_tag_define(struct nem_tx *out, uint8_t network, const struct key32 *creator,
				   const struct nem_mosaic_id *mosaic, struct bytes description,
				   uint64_t supply, uint32_t time_nem_s, uint32_t deadline_nem_s);

/*
 * One transfer that tags `account`: one piece of the mosaic from its creator, no XEM, no message,
 * at the least fee for `supply` whole units.
 * ERR_ASSET: a mosaic that is divisible, transferable or has a levy (a holder could pass it on, or
 * tagging would cost what nobody sees).  ERR_FIELD_RANGE as above, ERR_ADDRESS or ERR_NETWORK the
 * account; ERR_ONCE the creator itself; ERR_MISMATCH if its effects are any but the piece and the
 * fee.  Nothing is written then.
 */
MUST_CHECK enum err nem_tag_build(struct nem_tx *out, uint8_t network,
				  const struct nem_mosaic_definition *definition, uint64_t supply,
				  const struct nem_address *account, uint32_t time_nem_s,
				  uint32_t deadline_nem_s);

#endif
