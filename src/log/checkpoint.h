/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.h - size and root of the journal's tree as a text that other people's tools verify.
 *
 * Format: C2SP tlog-checkpoint inside C2SP signed-note, without extension lines:
 *
 *   <origin> LF <size, decimal> LF <root, base64> LF
 *   LF
 *   "— " <key name> " " base64(key id (4 bytes) || Ed25519 signature of the text) LF
 *
 * key id = first four bytes of SHA-256(name || 0x0A || 0x01 || public key), big-endian as it
 * stands. Go's golang.org/x/mod/sumdb/note and tlog read these bytes.
 */
#ifndef KURAMORI_LOG_CHECKPOINT_H
#define KURAMORI_LOG_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	LOG_CHECKPOINT_NAME_MAX = 128, /* bytes of an origin or a key name */
	LOG_CHECKPOINT_TEXT_MAX = LOG_CHECKPOINT_NAME_MAX + 1 + 19 + 1 + 44 + 1,
	/* text, empty line, one signature line: dash (3), space, name, space, base64 of 68, LF */
	LOG_CHECKPOINT_WRITE_MAX =
	    LOG_CHECKPOINT_TEXT_MAX + 1 + 3 + 1 + LOG_CHECKPOINT_NAME_MAX + 1 + 92 + 1,
	LOG_CHECKPOINT_LINES_MAX = 100,      /* signature lines read, as Go's reader does */
	LOG_CHECKPOINT_READ_MAX = 64 * 1024, /* bytes of a note with all its cosignatures */
	LOG_CHECKPOINT_VKEY_MAX = LOG_CHECKPOINT_NAME_MAX + 1 + 8 + 1 + 44 + 1,
};

struct log_checkpoint {
	char origin[LOG_CHECKPOINT_NAME_MAX + 1]; /* NUL-terminated */
	uint64_t size;                            /* leaves, at most 2^63 - 1 */
	struct hash32 root;
};

/*
 * True for a name or origin that we write and read: 1 to LOG_CHECKPOINT_NAME_MAX printable ASCII
 * characters without space and '+' (narrower than C2SP, which allows UTF-8).
 */
_Bool log_checkpoint_name_ok(struct bytes name);

/* The 4 bytes that stand before a signature of this key under this name. */
void log_checkpoint_key_id(uint8_t out[4], struct bytes name, const struct key32 *public_key);

/* The verifier key "name+hash+base64(0x01 || key)" for Go's note.NewVerifier, NUL-terminated. */
MUST_CHECK enum err log_checkpoint_vkey(char out[LOG_CHECKPOINT_VKEY_MAX], struct bytes name,
					const struct key32 *public_key);

/*
 * Writes and signs a checkpoint.  secret: the 64 bytes of ed25519.h.  *n: bytes written, no NUL.
 * ERR_INPUT: origin or name not allowed.  ERR_OVERFLOW: size above 2^63 - 1.
 */
MUST_CHECK enum err log_checkpoint_write(uint8_t out[LOG_CHECKPOINT_WRITE_MAX], size_t *n,
					 const struct log_checkpoint *c, struct bytes name,
					 const struct key32 *public_key, const uint8_t secret[64]);

/*
 * Reads a note and verifies this key's signature on it.  Lines of other keys (witnesses) are
 * checked for form and passed over.  ERR_INPUT: not a checkpoint in its one spelling, or two lines
 * of this key; ERR_TOO_LARGE; ERR_UNSIGNED: well formed but without a line of this key;
 * ERR_SIGNATURE: the line does not verify.
 */
MUST_CHECK enum err log_checkpoint_open(struct log_checkpoint *out, struct bytes note,
					struct bytes name, const struct key32 *public_key);

#endif
