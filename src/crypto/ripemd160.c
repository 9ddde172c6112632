/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ripemd160.h"

#include <nettle/ripemd160.h>

#include "crypto/crypto.h"

_Static_assert((int)RIPEMD160_BYTES == (int)RIPEMD160_DIGEST_SIZE, "one digest size");

void ripemd160(uint8_t out[RIPEMD160_BYTES], struct bytes in)
{
	struct ripemd160_ctx c;

	ripemd160_init(&c);
	if (in.n > 0) {
		ripemd160_update(&c, in.n, in.p);
	}
	ripemd160_digest(&c, RIPEMD160_BYTES, out);
	crypto_wipe(&c, sizeof c);
}
