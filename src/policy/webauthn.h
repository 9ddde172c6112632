/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webauthn.h - readers of the two byte strings that a security key signs (W3C WebAuthn, level 3):
 * what the browser says was asked (5.8.1, JSON) and what the device says was done (6.1, binary).
 *
 * Both come from outside and are read whole or refused; nothing allocates or recurses.  What the
 * values must be is judged in assertion.h.
 */
#ifndef KURAMORI_POLICY_WEBAUTHN_H
#define KURAMORI_POLICY_WEBAUTHN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "doc/types.h"

enum {
	WEBAUTHN_TYPE_MAX = 32,
	WEBAUTHN_CHALLENGE_CHARS = 43, /* base64url of 32 bytes, without padding */
	WEBAUTHN_DEPTH_MAX = 8,        /* objects and arrays inside each other */
	WEBAUTHN_PLAIN_BYTES = 37,     /* authenticator data without extensions */
};

/* What the browser says.  Texts end in a NUL. */
struct webauthn_client {
	char type[WEBAUTHN_TYPE_MAX + 1];
	char challenge[WEBAUTHN_CHALLENGE_CHARS + 1];
	char origin[DOC_ORIGIN_MAX + 1];
	bool cross_origin; /* asked from inside a page of another origin */
};

/*
 * clientDataJSON: one JSON object (RFC 8259) in UTF-8, in any order and spelling, with type,
 * challenge and origin; crossOrigin and topOrigin may be there, other members too (level 3 says
 * that more will come), whatever they hold.  A topOrigin means cross_origin.
 * ERR_INPUT: not JSON, a name twice among these five, another kind of value in one of them, more
 * than WEBAUTHN_DEPTH_MAX levels; ERR_FIELD_MISSING; ERR_TOO_LARGE: a text that fits no right one.
 * *why: static words, written on an error; *out untouched then.
 */
MUST_CHECK enum err webauthn_client_read(struct webauthn_client *out, struct bytes in,
					 const char **why);

/* base64url without padding (RFC 4648, 5) of an id: the challenge that names it. */
void webauthn_challenge(char out[WEBAUTHN_CHALLENGE_CHARS + 1], const struct hash32 *id);

/* What the device says. */
struct webauthn_device {
	struct hash32 relying_party; /* SHA-256 of its id */
	bool present;                /* a person touched it */
	bool verified;               /* and showed a PIN or a finger */
	uint32_t counter;            /* of its signatures; 0 always: it keeps none */
};

/*
 * authenticatorData: 37 bytes, and with the flag for extensions one CBOR map (definite lengths
 * only), no byte more.  ERR_INPUT: another length, no such map; ERR_FIELD_RANGE: flags that are
 * reserved or not an assertion's (attested data), or backed up without being fit for it.
 * *why: static words, written on an error; *out untouched then.
 */
MUST_CHECK enum err webauthn_device_read(struct webauthn_device *out, struct bytes in,
					 const char **why);

#endif
