/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_verified.h - NEM signatures that are met again and again are verified once
 * (crypto/verified.h).
 *
 * Several nodes tell the same chain, each pool is told whole whenever it changes, and what stood in
 * a pool stands in a block afterwards.
 */
#ifndef KURAMORI_CHAIN_NEM_NEM_VERIFIED_H
#define KURAMORI_CHAIN_NEM_NEM_VERIFIED_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * As edk_verify_vartime(): true if the signature of the message by this key verifies.  Keeps what
 * verified for all callers of the process; not thread safe.  Variable time: public data only.
 */
bool nem_verified(const struct key32 *key, struct bytes message, const struct sig64 *signature);

#endif
