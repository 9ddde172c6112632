/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - what people and machines decide: envelope, id, signatures.
 *
 * An envelope is one canonical JSON object (json.h) of at most 64 KiB:
 *
 *   {"body":{...},"signatures":[{"key":"<hex32>","signature":"<hex64>"},...],"type":"order",
 *    "version":1}                                   (one line; signatures sorted by key, at most 8)
 *
 *   id        = SHA-256("kuramori/" type "/v" version LF genesis LF body bytes); genesis is the id
 * of the genesis document in hex, 64 zeros in genesis itself signature = Ed25519 over "kuramori
 * signature v1" LF id in hex LF
 *
 * Every body but that of genesis carries "genesis".  The id covers the body alone: signatures are
 * added without changing what was decided.  Nothing here allocates.
 */
#ifndef KURAMORI_DOC_DOCUMENT_H
#define KURAMORI_DOC_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "doc/json.h"

enum {
	DOC_BYTES_MAX = JSON_BYTES_MAX, /* a whole envelope */
	DOC_SIGNATURES_MAX = 8,
	DOC_PROOFS_MAX = 8,    /* assertions behind an envelope */
	DOC_SECRET_BYTES = 64, /* ED25519_SECRET_BYTES: seed and public key */
	DOC_ID_WORDS_BYTES =
	    24 * 9, /* 24 words of at most 8 letters, and what stands behind each */
	DOC_ID_LINES_BYTES = 256,
};

/* Numbers are stored in journals: append only. */
enum doc_type {

#define DOC(name, lower, number, version, signed_by) DOC_##name = (number),
#include "doc/types.def"
#undef DOC
};

/*
 * Where and why bytes were refused, for people.  field: a path such as hot[3].spare (within the
 * body) or signatures[0].key or byte 17; cut to fit, printable ASCII.  why: static words.
 */
struct doc_fault {
	char field[64];
	const char *why;
};

/* One signature of an envelope. */
struct doc_seal {
	struct key32 key;
	struct sig64 sig;
};

/* An envelope that was opened.  raw and body are views into the caller's bytes. */
struct doc {
	enum doc_type type;
	uint32_t version;
	struct bytes raw; /* the whole envelope, and the proofs behind it */
	struct bytes body;
	struct bytes proofs; /* LF and the envelope of an assertion, none or several times */
	struct hash32 id;
	struct hash32 genesis; /* the body's field; zero for DOC_GENESIS */
	unsigned signature_count;
	struct doc_seal
	    signatures[DOC_SIGNATURES_MAX]; /* sorted by key; NOT verified by doc_open() */
};

/* "order"; static.  Dies on a number not in types.def. */
const char *doc_type_name(enum doc_type type);
/* True if number stands in types.def: numbers from outside are asked first. */
bool doc_type_known(unsigned number);
/* The version of this type that is written and read.  Dies as doc_type_name(). */
uint32_t doc_type_version(enum doc_type type);

/*
 * Reads an envelope: canonical bytes, exactly its four fields, a known type and version, signatures
 * in order, and the body's genesis field.  Computes the id.  Neither the body's other fields (the
 * doc_X_read() of types.h) nor any signature (doc_signed_by()) is judged here.
 *   genesis  id of the genesis this process lives under; NULL or all zero: the zero id, for the
 * first roster and policy before genesis exists.  A document of type genesis must itself have this
 * id, unless it is zero. fault    may be NULL; written on every error. ERR_INPUT,
 * ERR_NOT_CANONICAL, ERR_TOO_LARGE (bytes), ERR_FIELD_MISSING, ERR_FIELD_UNKNOWN, ERR_FIELD_TYPE,
 * ERR_FIELD_RANGE (fields, signatures), ERR_TYPE, ERR_VERSION, ERR_GENESIS.
 * On ERR_GENESIS out->genesis alone is written: the one that it names, or is.
 *
 * Behind what a person may sign with a security key too (doc_provable()) may stand assertions of
 * such keys, each behind a line feed, DOC_BYTES_MAX in all.  They are no part of the id, as
 * signatures are none, and travel and are kept with the envelope.  Each is opened as an envelope
 * here, of this genesis; what they prove is judged in policy/proofs.h.  Errors of them have
 * `assertion` as field.
 */
MUST_CHECK enum err doc_open(struct doc *out, struct bytes raw, const struct hash32 *genesis,
			     struct doc_fault *fault);

/* freeze, closing, cancel, resume, day, roster, policy, grant, holding. */
bool doc_provable(enum doc_type type);

/* The next assertion behind d: *at begins at 0.  False: there is none more. */
bool doc_next_proof(struct doc *proof, const struct doc *d, size_t *at);

/*
 * Writes d with one assertion more behind it; proof: its envelope.  out must not overlap d's bytes.
 * ERR_TYPE: not behind a document of this type; ERR_FIELD_RANGE when DOC_PROOFS_MAX are there;
 * ERR_TOO_LARGE.
 */
MUST_CHECK enum err doc_add_proof(struct writer *out, const struct doc *d, struct bytes proof);

/* The id of a body of this type and version; genesis as in doc_open(), zero for DOC_GENESIS always.
 */
void doc_id(struct hash32 *out, enum doc_type type, uint32_t version, const struct hash32 *genesis,
	    struct bytes body);

/*
 * The id that a roster or policy has when its field genesis is 64 zeros and the zero genesis id is
 * used: the name under which the genesis document knows it.  d was opened.
 */
void doc_zero_id(struct hash32 *out, const struct doc *d);

/*
 * The envelope has a signature by this key, which is NOT verified: for what was verified before it
 * was written where nobody else can write (docs/decisions/0027).
 */
bool doc_names_key(const struct doc *d, const struct key32 *key);

/* For people, behind ERR_GENESIS: which genesis d names, and which is ours; both by 8 bytes. */
enum { DOC_FOREIGN_WORDS = 128 };

void doc_foreign_words(char out[DOC_FOREIGN_WORDS], const struct doc *d, const struct hash32 *ours);

/*
 * An id as 24 English words (BIP39, all 32 bytes of it) for two people to read to each other:
 * whoever wrote two documents himself could find two that share half an id.  NUL-terminated.
 * crypto_init() comes first.
 */
void doc_id_words(char out[DOC_ID_WORDS_BYTES], const struct hash32 *id);

/*
 * The same words as people read them to each other: four lines of six, the number of its first word
 * before each, two blanks before that; a line feed behind all but the last.
 */
void doc_id_lines(char out[DOC_ID_LINES_BYTES], const struct hash32 *id);

/* The envelope has a signature by this key and it verifies. */
bool doc_signed_by(const struct doc *d, const struct key32 *key);

/*
 * Every signature verifies, and there is one.  ERR_UNSIGNED, ERR_SIGNATURE.  Says nothing about who
 * may sign: that is the roster's business.
 */
MUST_CHECK enum err doc_verify_all(const struct doc *d);

/* Signs an id.  secret as of ed25519_keypair(); it stays the caller's. */
void doc_sign(struct doc_seal *out, const struct hash32 *id,
	      const uint8_t secret[DOC_SECRET_BYTES]);

/*
 * Writes the envelope of a body.  seals: count of them, any order; sorted here.
 * ERR_FIELD_RANGE (more than 8, or two of one key), ERR_TOO_LARGE (no room in out, or above 64
 * KiB), ERR_INPUT, ERR_NOT_CANONICAL (body); out stands as before then.
 */
MUST_CHECK enum err doc_close(struct writer *out, enum doc_type type, struct bytes body,
			      const struct doc_seal *seals, size_t count);

/*
 * Writes the envelope of an opened document with one signature more; the same key replaces its own.
 * out must not overlap d's bytes.  ERR_FIELD_RANGE when 8 others are there; ERR_TOO_LARGE.
 */
MUST_CHECK enum err doc_add_seal(struct writer *out, const struct doc *d,
				 const struct doc_seal *seal);

#endif
