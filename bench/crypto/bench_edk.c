/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_edk.c - signing and verifying for NEM beside libsodium's own Ed25519 in the same run.
 *
 * Method: rounds of both in turn (who goes first alternates), so that a slow moment of the machine
 * falls on both; each round gives one ratio of thread CPU time.  Printed: the median times of one
 * operation and the median, lowest and highest ratio; the same of Keccak-512 beside SHA-512, which
 * is what signing a long message costs more.  Last ("known"), after key_tables_init(): the
 * verification of both rules under a key that has its table.  Nothing is asserted here but that
 * every signature is good.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "crypto/keccak.h"
#include "crypto/key_tables.h"

enum { ROUNDS = 41, REPEATS = 60 };

struct subject {
	struct edk_secret edk;
	struct key32 ed_public;
	uint8_t ed_secret[ED25519_SECRET_BYTES];
	struct bytes message;
	struct sig64 edk_signature, ed_signature;
};

static void edk_sign_once(struct subject *s)
{
	edk_sign(&s->edk_signature, &s->edk, s->message);
}

static void ed_sign_once(struct subject *s)
{
	CHECK(crypto_sign_detached(s->ed_signature.b, NULL, s->message.p, s->message.n,
				   s->ed_secret) == 0);
}

/* The two hashes alone: what a long message costs beyond the group arithmetic. */
static void keccak_once(struct subject *s)
{
	keccak512(s->edk_signature.b, s->message);
}

static void sha512_once(struct subject *s)
{
	CHECK(crypto_hash_sha512(s->ed_signature.b, s->message.p, s->message.n) == 0);
}

static void edk_verify_once(struct subject *s)
{
	CHECK(edk_verify_vartime(&s->edk.public_key, s->message, &s->edk_signature));
}

static void ed_verify_once(struct subject *s)
{
	CHECK(crypto_sign_verify_detached(s->ed_signature.b, s->message.p, s->message.n,
					  s->ed_public.b) == 0);
}

static void document_verify_once(struct subject *s)
{
	CHECK(ed25519_verify(&s->ed_public, s->message, &s->ed_signature));
}

static uint64_t now_ns(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t run_ns(struct subject *s, void (*once)(struct subject *))
{
	const uint64_t start = now_ns();

	for (int i = 0; i < REPEATS; i++) {
		once(s);
	}
	return (now_ns() - start) / REPEATS;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Ratios in thousandths. */
static void compare(struct subject *s, const char *what, const char *whose,
		    void (*ours)(struct subject *), void (*theirs)(struct subject *))
{
	uint64_t a[ROUNDS], b[ROUNDS], ratio[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		if (i % 2 == 0) {
			a[i] = run_ns(s, ours);
			b[i] = run_ns(s, theirs);
		} else {
			b[i] = run_ns(s, theirs);
			a[i] = run_ns(s, ours);
		}
		ratio[i] = a[i] * 1000 / b[i];
	}
	qsort(a, ROUNDS, sizeof a[0], compare_u64);
	qsort(b, ROUNDS, sizeof b[0], compare_u64);
	qsort(ratio, ROUNDS, sizeof ratio[0], compare_u64);
	printf("%-7s %5zu bytes  %s %6llu ns  libsodium %6llu ns  ratio %llu.%03llu "
	       "(%llu.%03llu-%llu.%03llu)\n",
	       what, s->message.n, whose, (unsigned long long)a[ROUNDS / 2],
	       (unsigned long long)b[ROUNDS / 2], (unsigned long long)ratio[ROUNDS / 2] / 1000,
	       (unsigned long long)ratio[ROUNDS / 2] % 1000, (unsigned long long)ratio[0] / 1000,
	       (unsigned long long)ratio[0] % 1000, (unsigned long long)ratio[ROUNDS - 1] / 1000,
	       (unsigned long long)ratio[ROUNDS - 1] % 1000);
}

int main(void)
{
	static const size_t sizes[] = { 116, 144, 212, 1544 };
	static uint8_t message[1544];
	uint8_t seed[32];
	struct subject s;

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	randombytes_buf(seed, sizeof seed);
	randombytes_buf(message, sizeof message);
	edk_secret_make(&s.edk, seed);
	ed25519_keypair(&s.ed_public, s.ed_secret, seed);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		s.message = bytes_of(message, sizes[i]);
		compare(&s, "sign", "edk", edk_sign_once, ed_sign_once);
		compare(&s, "verify", "edk", edk_verify_once, ed_verify_once);
		compare(&s, "hash", "edk", keccak_once, sha512_once);
	}
	key_tables_init();
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		s.message = bytes_of(message, sizes[i]);
		edk_sign_once(&s);
		ed_sign_once(&s);
		compare(&s, "known", "edk", edk_verify_once, ed_verify_once);
		compare(&s, "known", "ed25519", document_verify_once, ed_verify_once);
	}
	return 0;
}
