/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hd.h - keys derived from a seed, as SLIP-10 does for Ed25519 (hardened children only), under the
 * curve name of NEM, "ed25519-keccak seed" (nem.md 1.3).  Constant time in the secrets.
 */
#ifndef KURAMORI_CRYPTO_HD_H
#define KURAMORI_CRYPTO_HD_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { HD_SEED_MIN = 16, HD_SEED_MAX = 64 };

/* key is the seed edk_secret_make() takes: NEM's printed private key REVERSED. */
struct hd_node {
	uint8_t key[32];
	uint8_t chain[32];
};

/*
 * The root.  seed: HD_SEED_MIN..HD_SEED_MAX bytes (BIP32).  The caller wipes *out.
 * ERR_INPUT: another length; *out untouched.
 */
MUST_CHECK enum err hd_root(struct hd_node *out, struct bytes seed);

/*
 * Hardened child `index` (written index' in a path).  out may be parent.  The caller wipes *out.
 * ERR_FIELD_RANGE: index of 2^31 or more; *out untouched.
 */
MUST_CHECK enum err hd_child(struct hd_node *out, const struct hd_node *parent, uint32_t index);

void hd_wipe(struct hd_node *node);

#endif
