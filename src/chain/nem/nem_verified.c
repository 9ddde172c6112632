/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_verified.h"

#include "crypto/edk.h"
#include "crypto/sha256.h"

enum { KEPT = 512 }; /* two full blocks' signatures */

bool nem_verified(const struct key32 *key, struct bytes message, const struct sig64 *signature)
{
	static struct hash32 good[KEPT];
	struct hash32 *place;
	struct hash32 name;
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes_of(key->b, sizeof key->b));
	sha256_update(&s, bytes_of(signature->b, sizeof signature->b));
	sha256_update(&s, message);
	sha256_final(&s, &name);
	place = &good[le16_get(name.b) % KEPT];
	if (hash32_eq(place, &name)) {
		return true;
	}
	if (!edk_verify_vartime(key, message, signature)) {
		return false;
	}
	*place = name;
	return true;
}
