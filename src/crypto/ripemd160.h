/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ripemd160.h - RIPEMD-160 over nettle: the second hash of a NEM address (nem.md 1.2).
 */
#ifndef KURAMORI_CRYPTO_RIPEMD160_H
#define KURAMORI_CRYPTO_RIPEMD160_H

#include <stdint.h>

#include "base/bytes.h"

enum { RIPEMD160_BYTES = 20 };

void ripemd160(uint8_t out[RIPEMD160_BYTES], struct bytes in);

#endif
