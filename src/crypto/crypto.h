/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.h - start-up of the module, and the two operations every holder of a secret needs.
 *
 * The module does no input or output, reads no clock and takes its randomness as bytes.  Nothing
 * here allocates, except Argon2id in seal.h, which runs before the signer's sandbox.
 */
#ifndef KURAMORI_CRYPTO_CRYPTO_H
#define KURAMORI_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { CRYPTO_STACK_BYTES = 16 * 1024 };

/*
 * Prepares libsodium and the tables of edk_verify_vartime().  Called once by main() before any
 * other thread, any other function of this module and any sandbox; a second call does nothing.
 * ERR_IO if libsodium finds no source of randomness.
 */
MUST_CHECK enum err crypto_init(void);

/*
 * How many signatures this process has checked so far, of all three kinds (ed25519.h, edk.h,
 * es256.h), good and bad ones: what a payment costs is told by it (bench/README.md).  Nothing may
 * be decided by it.  From any thread.
 */
uint64_t crypto_checks(void);

/* One more: for the functions that check one. */
void crypto_checks_add(void);

/*
 * For the module alone: key_tables.h's way to verify, once key_tables_init() has set it, or NULL.
 * True: *good is the verdict of this rule; false: nothing was found out.
 */
enum crypto_rule { CRYPTO_SHA512, CRYPTO_KECCAK512 };

extern bool (*crypto_by_tables)(bool *good, enum crypto_rule rule, const struct key32 *key,
				struct bytes message, const struct sig64 *signature);

/* a and b (n bytes each) are equal; the time depends on n alone.  The only way to compare secrets.
 */
bool crypto_eq(const void *a, const void *b, size_t n);

/* Overwrites n bytes in a way the compiler may not leave out.  p may be NULL when n is 0. */
void crypto_wipe(void *p, size_t n);

/*
 * Overwrites CRYPTO_STACK_BYTES of stack below the caller: what the functions that it called with a
 * secret left there.  Libraries leave more than one thinks: libsodium 1.0.18 the nonce of a
 * signature, from which the key follows, and the key of a sealed file (tests/unit/crypto/
 * test_stack.c).  The caller wipes its own variables by crypto_wipe().
 */
void crypto_wipe_stack(void);

#endif
