/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/name.h"

#include "crypto/sha256.h"
#include "crypto/uuid7.h"

struct id128 payout_name(const char *label, struct bytes a, struct bytes b)
{
	struct sha256 s;
	struct hash32 h;
	struct id128 id;

	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori "));
	sha256_update(&s, bytes_str(label));
	sha256_update(&s, bytes_str("\n"));
	sha256_update(&s, a);
	sha256_update(&s, b);
	sha256_final(&s, &h);
	id128_named(&id, &h);
	return id;
}

struct id128 payout_hold_name(const struct id128 *withdrawal)
{
	return payout_name("hold v1", bytes_of(withdrawal->b, sizeof withdrawal->b),
			   bytes_of(NULL, 0));
}
