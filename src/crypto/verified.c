/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/verified.h"

#include "crypto/sha256.h"

bool verified(struct hash32 *known, size_t n, verified_rule *rule, const struct key32 *key,
	      struct bytes message, const struct sig64 *signature)
{
	struct hash32 name;
	struct hash32 *place;
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes_of(key->b, sizeof key->b));
	sha256_update(&s, bytes_of(signature->b, sizeof signature->b));
	sha256_update(&s, message);
	sha256_final(&s, &name);
	place = &known[le16_get(name.b) % n];
	if (hash32_eq(place, &name)) {
		return true;
	}
	if (!rule(key, message, signature)) {
		return false;
	}
	*place = name;
	return true;
}
