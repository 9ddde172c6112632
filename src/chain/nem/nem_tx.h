/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_tx.h - NEM transactions: build, encode, decode, hash, sign, verify (nem.md 2.2-2.8).
 *
 * Every type of NIS is known in full: transfer versions 1 and 2 (mosaics), importance transfer,
 * aggregate modification versions 1 and 2, provision of a namespace, mosaic definition and supply
 * change, multisig around one of these, cosignature.  Anything else is refused with ERR_TYPE: what
 * a signer cannot name it does not sign, and what a watcher cannot name it calls an alarm.
 *
 * One encoding per transaction: NIS rebuilds the bytes from the objects it parsed and verifies
 * signatures against those (nem.md 2.6), so a decoder here accepts only bytes that its own encoder
 * writes.  Structs are fixed in size and hold no pointer; nothing allocates.
 */
#ifndef KURAMORI_CHAIN_NEM_TX_H
#define KURAMORI_CHAIN_NEM_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_mosaic.h"
#include "crypto/edk.h"

enum nem_type {
	NEM_TRANSFER = 0x0101,
	NEM_IMPORTANCE = 0x0801, /* importance transfer: who harvests for the signer */
	NEM_MODIFICATION = 0x1001,
	NEM_COSIGNATURE = 0x1002,
	NEM_MULTISIG = 0x1004,
	NEM_NAMESPACE = 0x2001,  /* provision of a namespace */
	NEM_DEFINITION = 0x4001, /* mosaic definition creation */
	NEM_SUPPLY = 0x4002,     /* mosaic supply change */
};

enum nem_modification_type {
	NEM_ADD = 1,
	NEM_DELETE = 2,
};

enum nem_message_type {
	NEM_MESSAGE_NONE = 0, /* message_bytes is 0 then, and only then */
	NEM_MESSAGE_PLAIN = 1,
	NEM_MESSAGE_ENCRYPTED = 2,
};

enum nem_importance_mode {
	NEM_IMPORTANCE_ACTIVATE = 1,
	NEM_IMPORTANCE_DEACTIVATE = 2,
};

enum nem_supply_type {
	NEM_SUPPLY_CREATE = 1,
	NEM_SUPPLY_DELETE = 2,
};

enum {
	NEM_MESSAGE_MAX = 1024,
	/* NIS allows ten beside nem:xem; one more is held, so that a node can refuse it by name. */
	NEM_MOSAICS_ALLOWED = 10,
	NEM_MOSAICS_MAX = 12,
	NEM_MODIFICATIONS_MAX = 33, /* 32 cosigners, and one swapped out in the same transaction */
	NEM_COSIGNATURES_MAX = 32,
	/* An upper bound of any encoding; the exact largest is checked in nem_tx.c. */
	NEM_TX_BYTES_MAX = 10500,
	/* What /transaction/announce can carry (nem.md 2.1). */
	NEM_ANNOUNCE_BYTES_MAX = 2048,
};

/*
 * Times in NEM seconds (nem_time.h), fees in micro-XEM, both as signed by `signer`.  Fees and
 * amounts are at most 2^63-1, as NIS reads them; what is more than there is at all nem_effects.h
 * refuses.  The fee of who signed the nemesis block (nem_network.h) is 0: NIS writes nothing else.
 */
struct nem_header {
	uint8_t network;
	uint8_t
	    version; /* entity version: 1; 2 for modifications and transfers in their later form */
	uint32_t time_nem_s;
	uint32_t deadline_nem_s;
	uint64_t fee_micro;
	struct key32 signer;
};

/*
 * With mosaics (version 2 only) amount_micro is a multiplier: of each mosaic floor(amount *
 * quantity / 10^6) moves, and XEM moves only if nem:xem is one of them (nem.md 2.5).  Nobody but
 * nem_tx_delivered() and nem_effects should look at amount_micro alone.
 */
struct nem_transfer {
	struct nem_address recipient;
	uint64_t amount_micro;
	enum nem_message_type message_type;
	uint16_t message_bytes; /* 0..NEM_MESSAGE_MAX */
	uint8_t message[NEM_MESSAGE_MAX];
	uint8_t mosaics; /* 0..NEM_MOSAICS_MAX; ordered by nem_mosaic_id_cmp(), no id twice */
	struct nem_mosaic mosaic[NEM_MOSAICS_MAX];
};

struct nem_importance {
	enum nem_importance_mode mode;
	struct key32 remote; /* the key that may harvest with the signer's importance */
};

struct nem_provision {
	struct nem_address sink;     /* the rental fee goes there */
	uint64_t rental_fee_micro;   /* all of it is moved */
	struct nem_namespace parent; /* empty for a root */
	/* A part by its pattern; NIS judges its length only when it validates (code 125). */
	char part[NEM_NAMESPACE_MAX + 1];
};

struct nem_definition {
	struct nem_mosaic_definition mosaic; /* the creator is the signer */
	struct nem_address sink;
	uint64_t creation_fee_micro;
};

struct nem_supply_change {
	struct nem_mosaic_id mosaic;
	enum nem_supply_type type;
	uint64_t delta; /* whole units, 1..NEM_QUANTITY_MAX */
};

struct nem_modification_entry {
	enum nem_modification_type type;
	struct key32 cosigner;
};

struct nem_modification {
	uint8_t n; /* entries, 0..NEM_MODIFICATIONS_MAX */
	struct nem_modification_entry entry[NEM_MODIFICATIONS_MAX];
	bool has_change; /* version 2 only: the two forms have different bytes and hashes */
	int32_t change;  /* of the minimum number of cosigners; 0 if !has_change */
};

/* What an account can do, itself or through its cosigners: the body by the type beside it. */
union nem_body {
	struct nem_transfer transfer;
	struct nem_importance importance;
	struct nem_modification modification;
	struct nem_provision provision;
	struct nem_definition definition;
	struct nem_supply_change supply;
};

/* The transaction inside a multisig wrapper.  It has no signature of its own. */
struct nem_inner {
	enum nem_type type; /* any but NEM_MULTISIG and NEM_COSIGNATURE */
	struct nem_header head;

	union {
		union nem_body body;
		struct nem_transfer transfer;
		struct nem_importance importance;
		struct nem_modification modification;
		struct nem_provision provision;
		struct nem_definition definition;
		struct nem_supply_change supply;
	};
};

/* A cosigner's consent to an inner transaction, named by its hash. */
struct nem_cosignature {
	struct hash32 inner_hash;
	struct nem_address account; /* the multisig account */
};

/* A cosignature as it hangs on a wrapper: a whole signed transaction. */
struct nem_attached {
	struct nem_header head;
	struct nem_cosignature body;
	struct sig64 signature;
};

struct nem_multisig_body {
	struct nem_inner inner;
	uint8_t n; /* cosignatures, 0..NEM_COSIGNATURES_MAX: sorted, one per signer */
	struct nem_attached cosignature[NEM_COSIGNATURES_MAX];
};

struct nem_tx {
	enum nem_type type;
	struct nem_header head;
	struct sig64 signature; /* of head.signer; all zero while unsigned */

	union {
		union nem_body body;
		struct nem_transfer transfer;
		struct nem_importance importance;
		struct nem_modification modification;
		struct nem_provision provision;
		struct nem_definition definition;
		struct nem_supply_change supply;
		struct nem_multisig_body multisig;
		struct nem_cosignature cosignature;
	};
};

enum nem_form {
	NEM_SIGNING, /* "non-verifiable": what is signed, hashed and announced; no signatures */
	NEM_SIGNED,  /* "verifiable": as in blocks, with signature and attached cosignatures */
};

/* A type of NIS, and one that may stand alone or in a wrapper (all but multisig, cosignature). */
bool nem_type_known(uint32_t type);
bool nem_type_is_plain(uint32_t type);

/*
 * Puts what the caller filled in into the one form that NIS knows: entries of a modification in
 * order (type, then printed address), mosaics merged by id and in order, a message without bytes to
 * no message.  Everything built here must pass it before it is encoded.  Mosaics whose sum leaves
 * 2^63-1 stay apart, and nem_tx_check() refuses them.
 */
void nem_tx_canonicalise(struct nem_tx *tx);
void nem_tx_canonicalise_inner(struct nem_inner *inner);

/*
 * All that the format itself demands of a struct, the same rules that a decoder enforces:
 * ERR_TYPE (type or version unknown), ERR_NETWORK (network unknown or differing inside),
 * ERR_FIELD_RANGE (times beyond NEM_TIME_MAX_S, fees and amounts beyond 2^63-1, counts, message,
 * entry types, an empty modification, names, modes, quantities and supplies, a definition),
 * ERR_TOO_LARGE (message,
 * mosaics), ERR_ADDRESS (recipient, account, sink or levy recipient is not an address of the
 * network), ERR_KEY (a definition whose creator is not the signer), ERR_MISMATCH (an attached
 * cosignature names another inner transaction or account), ERR_NOT_CANONICAL (order of entries,
 * mosaics or cosignatures, two of one signer, the initiator's own, a fee of the nemesis signer).
 */
MUST_CHECK enum err nem_tx_check(const struct nem_tx *tx);

/*
 * Appends the encoding to w.  tx must pass nem_tx_check() (dies otherwise); w->bad is set when the
 * buffer is too small: NEM_TX_BYTES_MAX always suffices.
 */
void nem_tx_encode(struct writer *w, const struct nem_tx *tx, enum nem_form form);
void nem_tx_encode_inner(struct writer *w, const struct nem_inner *inner);

/*
 * Reads one transaction of this network, all of `raw`, nothing but the canonical encoding.
 * With NEM_SIGNING the signature is zero and no cosignature is attached.  No signature is verified.
 * ERR_INPUT (too short, too long, a length that lies), ERR_TOO_LARGE (beyond NEM_TX_BYTES_MAX or a
 * count beyond its limit), ERR_VERSION (entity version), ERR_TYPE (any type, or type inside a
 * multisig, that is not listed above), and the errors of nem_tx_check().
 * Nothing is written on failure.  Uses about 30 KB of stack.
 */
MUST_CHECK enum err nem_tx_decode(struct nem_tx *out, uint8_t network, struct bytes raw,
				  enum nem_form form);

/* The type at the head of any encoding, and inside a NEM_MULTISIG signing form; 0 if too short. */
uint32_t nem_tx_peek_type(struct bytes raw);
uint32_t nem_tx_peek_inner_type(struct bytes signing_form);

/* Keccak-256 of the signing form (nem.md 2.2): covers neither signature nor cosignatures. */
void nem_tx_hash(struct hash32 *out, const struct nem_tx *tx);
void nem_tx_hash_inner(struct hash32 *out, const struct nem_inner *inner);
/* The payment's name: of a multisig the hash of its inner, of a cosignature the hash it names, of
 * anything else its own hash. */
void nem_tx_payment_hash(struct hash32 *out, const struct nem_tx *tx);

/*
 * Signs the signing form and stores the signature in tx.  ERR_KEY if the secret is not that of
 * head.signer; the errors of nem_tx_check().  The signature is verified before it is stored
 * (a fault while signing would give the key away): ERR_SIGNATURE.
 */
MUST_CHECK enum err nem_tx_sign(struct nem_tx *tx, const struct edk_secret *secret);

/*
 * The signature of tx and of every attached cosignature verify.  ERR_SIGNATURE, or an error of
 * nem_tx_check().  Variable time: public data only.  Not thread safe (nem_verified.h).
 */
MUST_CHECK enum err nem_tx_verify(const struct nem_tx *tx);

/*
 * Hangs a signed cosignature on a multisig in its canonical place.
 * ERR_TYPE (not these two types), ERR_NETWORK, ERR_MISMATCH (another inner or account),
 * ERR_ONCE (the initiator's own, or this signer's second), ERR_FULL.  tx is unchanged then.
 */
MUST_CHECK enum err nem_tx_attach(struct nem_tx *multisig, const struct nem_tx *cosignature);

/* An attached cosignature as a transaction of its own; it may not be one of *out itself. */
void nem_tx_from_attached(struct nem_tx *out, const struct nem_attached *attached);

/*
 * The micro-XEM that a transfer, plain or inside a multisig, delivers to its recipient, mosaics
 * taken as NIS takes them; 0 for anything else.  Levies are not in it (nem_effects.h).
 * *recipient (may be NULL) is written only if the result is not 0.  ERR_OVERFLOW where NIS fails.
 */
MUST_CHECK enum err nem_tx_delivered(uint64_t *out_micro, struct nem_address *recipient,
				     const struct nem_tx *tx);

/* How many of a block's 120 places it takes: itself, its inner, each cosignature (nem.md 6). */
unsigned nem_tx_weight(const struct nem_tx *tx);

#endif
