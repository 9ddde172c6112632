/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no operation with a key leaves the key, or what a key can be computed from, on the stack.
 *
 * Method: each runs on a stack of its own (makecontext), which is searched afterwards for every
 * secret: what goes in, what comes out, and what stands between.  A window of 16 bytes of a secret
 * holds 8 of its bytes that begin at a multiple of 8: those are looked for.  A careless function is
 * found by the same search.  It can find a leak and never prove that there is none; sanitizers and
 * valgrind disturb the stack, so it does not run there (-z now matters here: the PLT spills
 * registers the first time).
 */
#include <sodium.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/check.h"
#include "crypto/bip39.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "crypto/hd.h"
#include "crypto/keccak.h"
#include "crypto/seal.h"
#include "crypto/sha256.h"
#include "t.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define STACK_SANITIZED true
#endif
#endif
#ifndef STACK_SANITIZED
#define STACK_SANITIZED false
#endif

enum { STACK_BYTES = 512 * 1024, SECRETS_MAX = 16 };

static uint8_t *stack;
static ucontext_t here, there;

static struct {
	const char *name;
	struct bytes bytes;
} secrets[SECRETS_MAX];

static size_t secrets_n;

static void forget_all(void)
{
	secrets_n = 0;
}

static void seek(const char *name, const void *p, size_t n)
{
	CHECK(secrets_n < SECRETS_MAX);
	secrets[secrets_n].name = name;
	secrets[secrets_n].bytes = bytes_of(p, n);
	secrets_n++;
}

static void on_own_stack(void (*f)(void))
{
	memset(stack, 0, STACK_BYTES);
	CHECK(getcontext(&there) == 0);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK_BYTES;
	there.uc_link = &here;
	makecontext(&there, f, 0);
	CHECK(swapcontext(&here, &there) == 0);
}

/* How many of the secrets are on the stack; each is named. */
static unsigned left(void)
{
	unsigned found = 0;

	for (size_t i = 0; i < secrets_n; i++) {
		struct bytes s = secrets[i].bytes;

		for (size_t at = 0; at + 8 <= s.n; at += 8) {
			const uint8_t *p = memmem(stack, STACK_BYTES, s.p + at, 8);

			if (p != NULL) {
				printf("# %s, bytes %zu to %zu, %zu below the top\n",
				       secrets[i].name, at, at + 7,
				       (size_t)(stack + STACK_BYTES - p));
				found++;
				break;
			}
		}
	}
	return found;
}

/* ---- what is done with keys ---------------------------------------------------------------- */

static uint8_t nem_key[32], seed[32], digest[KECCAK512_BYTES], nonce[32];
static struct edk_secret edk;
static struct sig64 signature;
static const uint8_t message[] = "an order that the signer has judged";
static uint8_t ed_seed[32], ed_secret[ED25519_SECRET_BYTES], ed_digest[64];
static struct key32 ed_public;
static struct hash32 derived;
static const struct seal_cost cheap = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
static const char passphrase[] = "a passphrase of forty and eight characters, sure";
static uint8_t sealed[SEAL_BYTES], opened[SEAL_SECRET_MAX], seal_key[32];
static size_t opened_n;
static enum err result;
static char words[BIP39_TEXT_BYTES];
static uint8_t entropy[BIP39_ENTROPY_MAX], words_seed[BIP39_SEED_BYTES];
static struct hd_node node;

static void fill(uint8_t *p, size_t n, uint8_t start)
{
	/* no two blocks of eight alike, and none that a stack has anyway */
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)((start + i) * 167 + (i / 8) * 59 + 13);
	}
}

static void nem_expected(void)
{
	uint8_t wide[KECCAK512_BYTES];
	struct keccak k;

	fill(nem_key, sizeof nem_key, 1);
	for (size_t i = 0; i < sizeof seed; i++) {
		seed[i] = nem_key[sizeof seed - 1 - i];
	}
	keccak512(digest, bytes_of(seed, sizeof seed));
	edk_secret_make(&edk, seed);
	keccak512_init(&k);
	keccak_update(&k, bytes_of(edk.prefix, sizeof edk.prefix));
	keccak_update(&k, bytes_of(message, sizeof message));
	keccak512_final(&k, wide);
	crypto_core_ed25519_scalar_reduce(nonce, wide);
	seek("key as NEM prints it", nem_key, sizeof nem_key);
	seek("seed", seed, sizeof seed);
	seek("digest of the seed", digest, sizeof digest);
	seek("scalar", edk.scalar, sizeof edk.scalar);
	seek("nonce of the signature", nonce, sizeof nonce);
}

static void careless(void)
{
	uint8_t copy[48];

	memcpy(copy + 16, edk.scalar, 32);
	__asm__ volatile("" : : "r"(copy) : "memory");
}

static void one_window(void)
{
	uint8_t copy[64];

	memset(copy, 0, sizeof copy);
	memcpy(copy + 3, edk.prefix + 11, 16);
	__asm__ volatile("" : : "r"(copy) : "memory");
}

static void the_search_sees(void)
{
	forget_all();
	nem_expected();
	on_own_stack(careless);
	T_CHECK(left() >= 1);
	on_own_stack(one_window);
	T_CHECK(left() == 1);
}

static void nem_make(void)
{
	edk_secret_from_nem(&edk, nem_key);
}

static void nem_sign(void)
{
	edk_sign(&signature, &edk, bytes_of(message, sizeof message));
}

static void nem_keys(void)
{
	forget_all();
	nem_expected();
	on_own_stack(nem_make);
	T_EQ(left(), 0);
	on_own_stack(nem_sign);
	T_EQ(left(), 0);
	T_CHECK(edk_verify_vartime(&edk.public_key, bytes_of(message, sizeof message), &signature));
}

static void ed_make(void)
{
	ed25519_keypair(&ed_public, ed_secret, ed_seed);
}

static void ed_sign(void)
{
	ed25519_sign(&signature, ed_secret, bytes_of(message, sizeof message));
}

static void attestation_keys(void)
{
	forget_all();
	fill(ed_seed, sizeof ed_seed, 77);
	(void)crypto_hash_sha512(ed_digest, ed_seed, sizeof ed_seed);
	seek("seed", ed_seed, sizeof ed_seed);
	seek("digest of the seed", ed_digest, sizeof ed_digest);
	on_own_stack(ed_make);
	T_EQ(left(), 0);
	on_own_stack(ed_sign);
	T_EQ(left(), 0);
	T_CHECK(ed25519_verify(&ed_public, bytes_of(message, sizeof message), &signature));
}

static void derive(void)
{
	hmac_sha256(&derived, bytes_of(nem_key, sizeof nem_key),
		    bytes_str("kuramori signer attest v1"));
}

/* What bin/kuramori-signer/secrets.c derives its other keys by. */
static void derived_keys(void)
{
	forget_all();
	nem_expected();
	derive();
	seek("derived", derived.b, sizeof derived.b);
	on_own_stack(derive);
	T_EQ(left(), 0);
}

static void unlock(void)
{
	result = seal_open(opened, &opened_n, bytes_of(sealed, sizeof sealed),
			   bytes_of(passphrase, sizeof passphrase - 1));
}

static void seal(void)
{
	static const uint8_t salt[SEAL_SALT_BYTES] = { 1 }, once[SEAL_NONCE_BYTES] = { 2 };

	result = seal_close(sealed, bytes_of(nem_key, sizeof nem_key),
			    bytes_of(passphrase, sizeof passphrase - 1), &cheap, salt, once);
}

static void sealing(void)
{
	forget_all();
	nem_expected();
	on_own_stack(seal);
	T_EQ(result, ERR_OK);
	T_CHECK(crypto_pwhash(seal_key, sizeof seal_key, passphrase, sizeof passphrase - 1,
			      sealed + 20, cheap.ops, (size_t)cheap.mem_kib * 1024,
			      crypto_pwhash_ALG_ARGON2ID13) == 0);
	seek("passphrase", passphrase, sizeof passphrase - 1);
	seek("the seal's key", seal_key, sizeof seal_key);
	on_own_stack(seal);
	T_EQ(result, ERR_OK);
	T_EQ(left(), 0);
	on_own_stack(unlock);
	T_EQ(result, ERR_OK);
	T_MEM(opened, nem_key, sizeof nem_key);
	T_EQ(left(), 0);
}

static uint8_t pair_file[SEAL_PAIR_BYTES], pair_secret[SEAL_PAIR_SECRET],
    pair_opened[SEAL_PAIR_SECRET];

static void pair_unlock(void)
{
	result = seal_pair_open(pair_opened, bytes_of(pair_file, sizeof pair_file),
				bytes_of(passphrase, sizeof passphrase - 1));
}

static void pair_seal(void)
{
	static const uint8_t random[SEAL_PAIR_RANDOM] = { 3 };
	const struct seal_side side[2] = {
		{ pair_secret, bytes_of(passphrase, sizeof passphrase - 1) },
		{ pair_secret, bytes_str("another one") },
	};

	result = seal_pair_close(pair_file, side, &cheap, random);
}

static void sealing_two_sides(void)
{
	forget_all();
	fill(pair_secret, sizeof pair_secret, 9);
	on_own_stack(pair_seal);
	T_EQ(result, ERR_OK);
	T_CHECK(crypto_pwhash(seal_key, sizeof seal_key, passphrase, sizeof passphrase - 1,
			      pair_file + 20, cheap.ops, (size_t)cheap.mem_kib * 1024,
			      crypto_pwhash_ALG_ARGON2ID13) == 0);
	seek("passphrase", passphrase, sizeof passphrase - 1);
	seek("the seal's key", seal_key, sizeof seal_key);
	seek("the secret", pair_secret, sizeof pair_secret);
	on_own_stack(pair_seal);
	T_EQ(left(), 0);
	on_own_stack(pair_unlock);
	T_EQ(result, ERR_OK);
	T_MEM(pair_opened, pair_secret, sizeof pair_secret);
	T_EQ(left(), 0);
}

static uint8_t shared[ED25519_SHARED_BYTES];

static void share(void)
{
	T_CHECK(ed25519_shared(shared, ed_secret, &ed_public));
}

static void what_keys_share(void)
{
	uint8_t scalar[32];

	forget_all();
	fill(ed_seed, sizeof ed_seed, 77);
	ed_make();
	share();
	CHECK(crypto_sign_ed25519_sk_to_curve25519(scalar, ed_secret) == 0);
	seek("seed", ed_seed, sizeof ed_seed);
	seek("scalar", scalar, sizeof scalar);
	seek("shared", shared, sizeof shared);
	on_own_stack(share);
	T_EQ(left(), 0);
}

static void words_of(void)
{
	result = bip39_text(words, bytes_of(entropy, sizeof entropy));
}

static void seed_of(void)
{
	result = bip39_seed(words_seed, bytes_str(words), bytes_str("TREZOR"));
}

static void child_of(void)
{
	result = hd_root(&node, bytes_of(words_seed, sizeof words_seed));
	if (result == ERR_OK) {
		result = hd_child(&node, &node, 44);
	}
}

static void another_wallets_words(void)
{
	static struct hd_node expected;

	forget_all();
	fill(entropy, sizeof entropy, 5);
	seek("entropy", entropy, sizeof entropy);
	on_own_stack(words_of);
	T_EQ(result, ERR_OK);
	seek("words", words, strlen(words));
	seed_of();
	seek("seed", words_seed, sizeof words_seed);
	child_of();
	expected = node;
	seek("derived key", &expected, sizeof expected);
	on_own_stack(words_of);
	T_EQ(left(), 0);
	on_own_stack(seed_of);
	T_EQ(result, ERR_OK);
	T_EQ(left(), 0);
	on_own_stack(child_of);
	T_EQ(result, ERR_OK);
	T_EQ(left(), 0);
}

static void not_here(void)
{
	T_CHECK(STACK_SANITIZED);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the search sees a careless function", the_search_sees },
		{ "NEM keys: made, and signed with", nem_keys },
		{ "keys of attestations: made, and signed with", attestation_keys },
		{ "derived keys", derived_keys },
		{ "sealing and unlocking", sealing },
		{ "sealing and unlocking two sides", sealing_two_sides },
		{ "what two keys share", what_keys_share },
		{ "another wallet's words", another_wallets_words },
	};
	static const struct t_case none[] = {
		{ "a sanitizer disturbs the stack: not searched", not_here },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED) {
		return 1;
	}
	return STACK_SANITIZED ? t_main(none, ARRAY_LEN(none), argc, argv)
			       : t_main(cases, ARRAY_LEN(cases), argc, argv);
}
