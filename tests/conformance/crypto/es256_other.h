/* SPDX-License-Identifier: Apache-2.0 */
/*
 * es256_other.h - ES256 by OpenSSL's libcrypto, for test_es256.c.  Apart from it because both sides
 * call something ERR_STATE.
 */
#ifndef KURAMORI_ES256_OTHER_H
#define KURAMORI_ES256_OTHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OTHER_SIGNATURE_ROOM = 256 };

/* A new key pair; key: x and y.  Dies if libcrypto fails. */
void *other_new(uint8_t key[64]);
void other_free(void *pair);
/* Signs in DER; the length. */
size_t other_sign(void *pair, const uint8_t *message, size_t n, uint8_t out[OTHER_SIGNATURE_ROOM]);
bool other_verify(void *pair, const uint8_t *message, size_t n, const uint8_t *signature,
		  size_t signature_n);

#endif
