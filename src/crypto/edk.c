/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/edk.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ge25519.h"
#include "crypto/keccak.h"

/*
 * out = scalar * B.  libsodium refuses a scalar of 0 and the identity as a result, and so do we;
 * the branch on that verdict is the only one that depends on a secret, and it goes the same way for
 * all but one scalar in 2^252.  A function of its own, never inlined, so that the constant-time
 * gate (tests/gates/ctime_edk.supp) excuses this branch and nothing around it.
 */
static __attribute__((noinline)) void mul_base(uint8_t out[32], const uint8_t scalar[32])
{
	CHECK(crypto_scalarmult_ed25519_base_noclamp(out, scalar) == 0);
}

void edk_secret_make(struct edk_secret *out, const uint8_t seed[EDK_SEED_BYTES])
{
	uint8_t h[KECCAK512_BYTES];

	keccak512(h, bytes_of(seed, EDK_SEED_BYTES));
	memcpy(out->scalar, h, 32);
	memcpy(out->prefix, h + 32, 32);
	crypto_wipe(h, sizeof h);
	out->scalar[0] &= 0xf8;
	out->scalar[31] &= 0x7f;
	out->scalar[31] |= 0x40;
	/* Dies only for a multiple of L: no clamped scalar is one (8 | a, 0 < a < 8L). */
	mul_base(out->public_key.b, out->scalar);
	crypto_wipe_stack();
}

void edk_secret_from_nem(struct edk_secret *out, const uint8_t nem_private_key[EDK_SEED_BYTES])
{
	uint8_t seed[EDK_SEED_BYTES];

	for (size_t i = 0; i < EDK_SEED_BYTES; i++) {
		seed[i] = nem_private_key[EDK_SEED_BYTES - 1 - i];
	}
	edk_secret_make(out, seed);
	crypto_wipe(seed, sizeof seed);
}

void edk_secret_wipe(struct edk_secret *secret)
{
	crypto_wipe(secret, sizeof *secret);
}

/*
 * The same of any point.  libsodium refuses the other's point where it is not in the subgroup
 * (public), and the identity as a result, which no point of the subgroup and clamped scalar give.
 */
static __attribute__((noinline)) bool mul_point(uint8_t out[32], const uint8_t scalar[32],
						const struct key32 *point)
{
	volatile bool good = true; /* a branch, as the gate wants it (aes256.c) */

	if (crypto_scalarmult_ed25519_noclamp(out, scalar, point->b) != 0) {
		good = false;
	}
	return good;
}

enum err edk_shared(uint8_t out[32], const struct edk_secret *secret, const struct key32 *other)
{
	bool good = mul_point(out, secret->scalar, other);

	crypto_wipe_stack();
	return good ? ERR_OK : ERR_KEY;
}

/* K512(first || second || message) mod L; second may be empty. */
static void hash_to_scalar(uint8_t out[32], const uint8_t first[32], struct bytes second,
			   struct bytes message)
{
	uint8_t h[KECCAK512_BYTES];
	struct keccak k;

	keccak512_init(&k);
	keccak_update(&k, bytes_of(first, 32));
	keccak_update(&k, second);
	keccak_update(&k, message);
	keccak512_final(&k, h);
	crypto_core_ed25519_scalar_reduce(out, h);
	crypto_wipe(h, sizeof h);
}

void edk_sign(struct sig64 *out, const struct edk_secret *secret, struct bytes message)
{
	uint8_t r[32], k[32];
	struct sig64 signature;

	hash_to_scalar(r, secret->prefix, bytes_of(NULL, 0), message);
	/* r = 0 has a chance of 2^-252; a signature with it would give the key away. */
	mul_base(signature.b, r);
	hash_to_scalar(k, signature.b, bytes_of(secret->public_key.b, 32), message);
	crypto_core_ed25519_scalar_mul(k, k, secret->scalar);
	crypto_core_ed25519_scalar_add(signature.b + 32, k, r);
	crypto_wipe(r, sizeof r);
	crypto_wipe(k, sizeof k);
	crypto_wipe_stack();
	*out = signature;
}

bool edk_verify_vartime(const struct key32 *public_key, struct bytes message,
			const struct sig64 *signature)
{
	uint8_t k[32], r[32];
	struct ge25519 a;
	bool good = false;

	crypto_checks_add();
	if (crypto_by_tables != NULL &&
	    crypto_by_tables(&good, CRYPTO_KECCAK512, public_key, message, signature)) {
		return good;
	}
	if (!ge25519_scalar_is_canonical(signature->b + 32) || sodium_is_zero(public_key->b, 32) ||
	    !ge25519_get(&a, public_key->b)) {
		return false;
	}
	ge25519_neg(&a, &a);
	hash_to_scalar(k, signature->b, bytes_of(public_key->b, 32), message);
	ge25519_double_mul_vartime(r, signature->b + 32, k, &a);
	return bytes_eq(bytes_of(r, 32), bytes_of(signature->b, 32));
}
