/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_tx.h - NEM transactions: build, encode, decode, hash, sign, verify (nem.md 2.2-2.8).
 *
 * Known in full, and therefore accepted: transfer version 1, aggregate modification versions 1 and
 * 2, multisig around one of these, cosignature.  Everything else is refused with ERR_TYPE: what a
 * signer cannot name it does not sign, and what a watcher cannot name it calls an alarm.
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
#include "crypto/edk.h"

enum nem_type {
	NEM_TRANSFER = 0x0101,
	NEM_MODIFICATION = 0x1001,
	NEM_COSIGNATURE = 0x1002,
	NEM_MULTISIG = 0x1004,
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

enum {
	NEM_MESSAGE_MAX = 1024,
	NEM_MODIFICATIONS_MAX = 33, /* 32 cosigners, and one swapped out in the same transaction */
	NEM_COSIGNATURES_MAX = 32,
	/* An upper bound of any encoding; the exact largest is checked in nem_tx.c. */
	NEM_TX_BYTES_MAX = 8800,
	/* What /transaction/announce can carry (nem.md 2.1). */
	NEM_ANNOUNCE_BYTES_MAX = 2048,
};

/* Times in NEM seconds (nem_time.h), fees in micro-XEM, both as signed by `signer`. */
struct nem_header {
	uint8_t network;
	uint8_t version; /* entity version: 1, or 2 for modifications with a change object */
	uint32_t time_nem_s;
	uint32_t deadline_nem_s;
	uint64_t fee_micro;
	struct key32 signer;
};

struct nem_transfer {
	struct nem_address recipient;
	uint64_t amount_micro;
	enum nem_message_type message_type;
	uint16_t message_bytes; /* 0..NEM_MESSAGE_MAX */
	uint8_t message[NEM_MESSAGE_MAX];
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

/* The transaction inside a multisig wrapper.  It has no signature of its own. */
struct nem_inner {
	enum nem_type type; /* NEM_TRANSFER or NEM_MODIFICATION */
	struct nem_header head;

	union {
		struct nem_transfer transfer;
		struct nem_modification modification;
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
		struct nem_transfer transfer;
		struct nem_modification modification;
		struct nem_multisig_body multisig;
		struct nem_cosignature cosignature;
	};
};

enum nem_form {
	NEM_SIGNING, /* "non-verifiable": what is signed, hashed and announced; no signatures */
	NEM_SIGNED,  /* "verifiable": as in blocks, with signature and attached cosignatures */
};

/*
 * Puts what the caller filled in into the one form that NIS knows: entries of a modification in
 * order (type, then printed address), a message without bytes to no message.  Everything built here
 * must pass it before it is encoded.
 */
void nem_tx_canonicalise(struct nem_tx *tx);
void nem_tx_canonicalise_inner(struct nem_inner *inner);

/*
 * All that the format itself demands of a struct, the same rules that a decoder enforces:
 * ERR_TYPE (type or version unknown), ERR_NETWORK (network unknown or differing inside),
 * ERR_FIELD_RANGE (times beyond NEM_TIME_MAX_S, counts, message, entry types, an empty
 * modification), ERR_TOO_LARGE (message), ERR_ADDRESS (recipient or account is not an address of
 * the network), ERR_MISMATCH (an attached cosignature names another inner transaction or account),
 * ERR_NOT_CANONICAL (order of entries or cosignatures, two of one signer, the initiator's own).
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
 * multisig, that is not listed above; transfer version 2), and the errors of nem_tx_check().
 * Nothing is written on failure.  Uses about 20 KB of stack.
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
 * nem_tx_check().  Variable time: public data only.
 */
MUST_CHECK enum err nem_tx_verify(const struct nem_tx *tx);

/*
 * Hangs a signed cosignature on a multisig in its canonical place.
 * ERR_TYPE (not these two types), ERR_NETWORK, ERR_MISMATCH (another inner or account),
 * ERR_ONCE (the initiator's own, or this signer's second), ERR_FULL.  tx is unchanged then.
 */
MUST_CHECK enum err nem_tx_attach(struct nem_tx *multisig, const struct nem_tx *cosignature);

/* An attached cosignature as a transaction of its own. */
void nem_tx_from_attached(struct nem_tx *out, const struct nem_attached *attached);
/* The inner transaction as if it stood alone (unsigned). */
void nem_tx_from_inner(struct nem_tx *out, const struct nem_inner *inner);

/* How many of a block's 120 places it takes: itself, its inner, each cosignature (nem.md 6). */
unsigned nem_tx_weight(const struct nem_tx *tx);

#endif
