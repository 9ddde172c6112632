/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_message.h - encrypted messages of NEM, both generations (nem.md 1.4;
 * C:crypto/ed25519/Ed25519BlockCipher.java, symbol-sdk's nem/MessageEncoder).  Both keys of a
 * pair can read one.  Nothing on the wire tells the generations apart: message type 2 for both.
 */
#ifndef KURAMORI_CHAIN_NEM_MESSAGE_H
#define KURAMORI_CHAIN_NEM_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"
#include "crypto/edk.h"

enum nem_cipher {
	/* salt (32), IV (16), AES-256-CBC; key Keccak-256(shared XOR salt): NIS, nem-sdk */
	NEM_CIPHER_OLD = 1,
	/* tag (16), IV (12), AES-256-GCM; key HKDF-SHA-256(shared): symbol-sdk */
	NEM_CIPHER_NEW = 2,
};

enum {
	NEM_MESSAGE_RANDOM_BYTES = 48, /* salt and IV of the old one; the new one uses 12 of them */
	NEM_MESSAGE_OLD_MAX = NEM_MESSAGE_MAX - 48 - 1, /* plain bytes that fit */
	NEM_MESSAGE_NEW_MAX = NEM_MESSAGE_MAX - 28,
};

/*
 * Encrypts plain from the secret's account to the account of `other` into payload, *n bytes, at
 * most NEM_MESSAGE_MAX.  random: fresh for every message; the same again gives the key stream
 * away.  plain may not overlap payload.
 * ERR_INPUT: nothing to encrypt.  ERR_TOO_LARGE: plain is longer than fits.  ERR_KEY: edk_shared().
 * payload is undefined and *n unchanged on failure.
 */
MUST_CHECK enum err nem_message_encrypt(uint8_t payload[NEM_MESSAGE_MAX], size_t *n,
					enum nem_cipher cipher, const struct edk_secret *secret,
					const struct key32 *other, struct bytes plain,
					const uint8_t random[NEM_MESSAGE_RANDOM_BYTES]);

/*
 * Decrypts a payload between the two accounts: as the new generation, which proves itself by its
 * tag, then as the old one, which proves nothing: altered bytes give altered text, and with a
 * wrong key one payload in about 256 reads as some text.  plain may not overlap payload.
 * ERR_INPUT: too short or too long for either.  ERR_KEY: neither reads it, or edk_shared().
 * plain is wiped and *n, *cipher unchanged on failure.
 */
MUST_CHECK enum err nem_message_decrypt(uint8_t plain[NEM_MESSAGE_MAX], size_t *n,
					enum nem_cipher *cipher, const struct edk_secret *secret,
					const struct key32 *other, struct bytes payload);

#endif
