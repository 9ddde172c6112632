/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verified.h - signatures that are met again and again are verified once.
 *
 * A signature that has verified is known again by SHA-256 of key, signature and message: only the
 * very same question has the same answer.
 *
 * Remembered is nothing but what verified: a refusal is found out anew each time, and chaff that
 * does not verify pushes nothing out.  Who pushes out with valid signatures makes us slower, to
 * what we would be without this.
 */
#ifndef KURAMORI_CRYPTO_VERIFIED_H
#define KURAMORI_CRYPTO_VERIFIED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* edk_verify_vartime() or ed25519_verify(). */
typedef bool verified_rule(const struct key32 *key, struct bytes message,
			   const struct sig64 *signature);

/*
 * As rule().  known: n places, 1 to 65,536, all zero at first, for this rule alone and for one
 * thread at a time; what verified is kept there.  Variable time: public data only.
 */
bool verified(struct hash32 *known, size_t n, verified_rule *rule, const struct key32 *key,
	      struct bytes message, const struct sig64 *signature);

#endif
