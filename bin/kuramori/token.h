/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - one RSA key of a PKCS#11 token, which keeps the passphrase of a sealed key.
 *
 * The token's module runs in this process, not in the signer: what it may be talked into ends with
 * the passphrase that it was asked for.
 */
#ifndef KURAMORI_BIN_TOKEN_H
#define KURAMORI_BIN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { TOKEN_BYTES_MAX = 1024 }; /* RSA of 8,192 bits */

struct token_key {
	const char *module; /* a PKCS#11 library */
	const char *label;  /* of the key: CKA_LABEL */
};

/*
 * in under the token's public key (RSA-OAEP, SHA-1: what tokens have): to out, *n bytes.  No PIN.
 * 0 or an exit code, said on stderr; out and *n are written only on 0.
 */
int token_encrypt(const struct token_key *key, struct bytes in, uint8_t out[TOKEN_BYTES_MAX],
		  size_t *n);

/* The other way, by the private key, which stays in the token.  The caller wipes pin and out. */
int token_decrypt(const struct token_key *key, const char *pin, struct bytes in,
		  uint8_t out[TOKEN_BYTES_MAX], size_t *n);

#endif
