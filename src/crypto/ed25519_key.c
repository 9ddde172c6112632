/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "crypto/ed25519.h"

bool ed25519_key_ok(const struct key32 *public_key)
{
	return crypto_core_ed25519_is_valid_point(public_key->b) == 1;
}
