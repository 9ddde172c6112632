/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <sodium.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum {
	AT_VERSION = 8,
	AT_OPS = 12,
	AT_MEM = 16,
	AT_SALT = 20,
	AT_NONCE = AT_SALT + SEAL_SALT_BYTES,
	AT_SEALED = AT_NONCE + SEAL_NONCE_BYTES,
	PLAIN_BYTES = 4 + SEAL_SECRET_MAX,
	KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
};

_Static_assert(AT_SEALED + PLAIN_BYTES + (int)crypto_aead_xchacha20poly1305_ietf_ABYTES ==
		   (int)SEAL_BYTES,
	       "the size of the file");
_Static_assert((int)SEAL_SALT_BYTES == (int)crypto_pwhash_SALTBYTES, "Argon2id's salt");
_Static_assert((int)SEAL_NONCE_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	       "XChaCha20's nonce");

static const uint8_t magic[8] = "KURASEAL";

static bool cost_is_allowed(const struct seal_cost *c)
{
	return c->ops >= SEAL_OPS_MIN && c->ops <= SEAL_OPS_MAX && c->mem_kib >= SEAL_MEM_KIB_MIN &&
	       c->mem_kib <= SEAL_MEM_KIB_MAX;
}

static enum err derive(uint8_t key[KEY_BYTES], struct bytes passphrase,
		       const struct seal_cost *cost, const uint8_t *salt)
{
	/* All arguments are in range here: the only failure left is memory. */
	if (crypto_pwhash(key, KEY_BYTES, (const char *)passphrase.p, passphrase.n, salt, cost->ops,
			  (size_t)cost->mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		return ERR_FULL;
	}
	return ERR_OK;
}

enum err seal_close(uint8_t out[SEAL_BYTES], struct bytes secret, struct bytes passphrase,
		    const struct seal_cost *cost, const uint8_t salt[SEAL_SALT_BYTES],
		    const uint8_t nonce[SEAL_NONCE_BYTES])
{
	uint8_t file[SEAL_BYTES], plain[PLAIN_BYTES] = { 0 }, key[KEY_BYTES];
	enum err e;

	if (secret.n < 1 || secret.n > SEAL_SECRET_MAX || passphrase.n < 1 ||
	    passphrase.n > SEAL_PASSPHRASE_MAX) {
		return ERR_INPUT;
	}
	if (!cost_is_allowed(cost)) {
		return ERR_FIELD_RANGE;
	}
	e = derive(key, passphrase, cost, salt);
	if (e != ERR_OK) {
		return e;
	}
	memcpy(file, magic, sizeof magic);
	le32_put(file + AT_VERSION, SEAL_VERSION);
	le32_put(file + AT_OPS, cost->ops);
	le32_put(file + AT_MEM, cost->mem_kib);
	memcpy(file + AT_SALT, salt, SEAL_SALT_BYTES);
	memcpy(file + AT_NONCE, nonce, SEAL_NONCE_BYTES);
	le32_put(plain, (uint32_t)secret.n);
	memcpy(plain + 4, secret.p, secret.n);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(file + AT_SEALED, NULL, plain, PLAIN_BYTES,
							 file, AT_SEALED, NULL, file + AT_NONCE,
							 key); /* cannot fail: always returns 0 */
	crypto_wipe(plain, sizeof plain);
	crypto_wipe(key, sizeof key);
	crypto_wipe_stack();
	memcpy(out, file, SEAL_BYTES);
	return ERR_OK;
}

/* What the caller is told, and so may show: whether it opened (as in edk.c). */
static __attribute__((noinline)) bool verdict(uint64_t bad)
{
	volatile bool good = true;

	if (bad != 0) {
		good = false;
	}
	return good;
}

/*
 * What is wrong with an opened plain text: a length out of range, anything behind the secret.
 * Nothing is, with every file that seal_close() made; a writer that differs is not believed.  The
 * length does not show.
 */
static uint64_t faults_of(const uint8_t plain[PLAIN_BYTES], uint64_t n)
{
	uint64_t bad = (n - 1) >> 6; /* of 1 to 64 nothing is left */

	for (uint64_t i = 0; i < SEAL_SECRET_MAX; i++) {
		uint64_t behind = ((i - n) >> 63) - 1; /* all ones from n on */

		bad |= behind & plain[4 + i];
	}
	return bad;
}

_Static_assert(SEAL_SECRET_MAX == 1 << 6, "faults_of() counts to it by a shift");

enum err seal_open(uint8_t out[SEAL_SECRET_MAX], size_t *out_n, struct bytes file,
		   struct bytes passphrase)
{
	uint8_t plain[PLAIN_BYTES] = { 0 }, key[KEY_BYTES] = { 0 };
	struct seal_cost cost;
	uint32_t n;
	enum err e;

	if (file.n != SEAL_BYTES || passphrase.n < 1 || passphrase.n > SEAL_PASSPHRASE_MAX ||
	    !bytes_eq(bytes_of(file.p, sizeof magic), bytes_of(magic, sizeof magic)) ||
	    le32_get(file.p + AT_VERSION) != SEAL_VERSION) {
		return ERR_INPUT;
	}
	cost.ops = le32_get(file.p + AT_OPS);
	cost.mem_kib = le32_get(file.p + AT_MEM);
	/* Before any work: a file must not make us fill the memory or compute for an hour. */
	if (!cost_is_allowed(&cost)) {
		return ERR_INPUT;
	}
	e = derive(key, passphrase, &cost, file.p + AT_SALT);
	if (e != ERR_OK) {
		goto out;
	}
	e = ERR_INPUT;
	if (!verdict((uint64_t)crypto_aead_xchacha20poly1305_ietf_decrypt(
		plain, NULL, NULL, file.p + AT_SEALED, SEAL_BYTES - AT_SEALED, file.p, AT_SEALED,
		file.p + AT_NONCE, key))) {
		goto out;
	}
	n = le32_get(plain);
	if (!verdict(faults_of(plain, n))) {
		goto out;
	}
	memcpy(out, plain + 4, SEAL_SECRET_MAX);
	*out_n = n;
	e = ERR_OK;
out:
	crypto_wipe(plain, sizeof plain);
	crypto_wipe(key, sizeof key);
	crypto_wipe_stack();
	return e;
}

/* ---- two sides ----------------------------------------------------------------------------- */

enum {
	PAIR_HEAD = AT_SALT + SEAL_SALT_BYTES,
	PAIR_PLAIN = SEAL_PAIR_SECRET + SEAL_PAIR_BIND,
	PAIR_SIDE = SEAL_NONCE_BYTES + PAIR_PLAIN + (int)crypto_aead_xchacha20poly1305_ietf_ABYTES,
	PAIR_WHOLE = PAIR_HEAD + 2 * PAIR_SIDE,
	PAIR_RANDOM_BIND = SEAL_SALT_BYTES + 2 * SEAL_NONCE_BYTES,
};

_Static_assert(PAIR_WHOLE + sizeof(struct hash32) == (int)SEAL_PAIR_BYTES, "the size of the file");

static const uint8_t pair_magic[8] = "KURAPAIR";

static bool passphrase_is_allowed(struct bytes p)
{
	return p.n >= 1 && p.n <= SEAL_PASSPHRASE_MAX;
}

/* Only that they are, and how long they are, shows in time. */
static bool alike(struct bytes a, struct bytes b)
{
	return a.n == b.n && verdict(crypto_eq(a.p, b.p, a.n) ? 0 : 1);
}

enum err seal_pair_close(uint8_t out[SEAL_PAIR_BYTES], const struct seal_side side[2],
			 const struct seal_cost *cost, const uint8_t random[SEAL_PAIR_RANDOM])
{
	uint8_t file[SEAL_PAIR_BYTES], plain[PAIR_PLAIN] = { 0 }, key[2][KEY_BYTES];
	struct hash32 whole;
	/* which side stands first is a bit of the random bytes */
	size_t first = random[SEAL_PAIR_RANDOM - 1] & 1;
	enum err e;

	if (!passphrase_is_allowed(side[0].passphrase) ||
	    !passphrase_is_allowed(side[1].passphrase)) {
		return ERR_INPUT;
	}
	if (alike(side[0].passphrase, side[1].passphrase)) {
		return ERR_MISMATCH;
	}
	if (!cost_is_allowed(cost)) {
		return ERR_FIELD_RANGE;
	}
	e = derive(key[0], side[0].passphrase, cost, random);
	if (e == ERR_OK) {
		e = derive(key[1], side[1].passphrase, cost, random);
	}
	if (e != ERR_OK) {
		goto out;
	}
	memcpy(file, pair_magic, sizeof pair_magic);
	le32_put(file + AT_VERSION, SEAL_VERSION);
	le32_put(file + AT_OPS, cost->ops);
	le32_put(file + AT_MEM, cost->mem_kib);
	memcpy(file + AT_SALT, random, SEAL_SALT_BYTES);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *at = file + PAIR_HEAD + i * PAIR_SIDE;
		size_t which = first ^ i;

		memcpy(at, random + SEAL_SALT_BYTES + i * SEAL_NONCE_BYTES, SEAL_NONCE_BYTES);
		memcpy(plain, side[which].secret, SEAL_PAIR_SECRET);
		memcpy(plain + SEAL_PAIR_SECRET, random + PAIR_RANDOM_BIND, SEAL_PAIR_BIND);
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		    at + SEAL_NONCE_BYTES, NULL, plain, PAIR_PLAIN, file, PAIR_HEAD, NULL, at,
		    key[which]); /* cannot fail: always returns 0 */
	}
	hmac_sha256(&whole, bytes_of(random + PAIR_RANDOM_BIND, SEAL_PAIR_BIND),
		    bytes_of(file, PAIR_WHOLE));
	memcpy(file + PAIR_WHOLE, whole.b, sizeof whole.b);
	memcpy(out, file, SEAL_PAIR_BYTES);
out:
	crypto_wipe(plain, sizeof plain);
	crypto_wipe(key, sizeof key);
	crypto_wipe_stack();
	return e;
}

/* Both sides are tried; what did not open is zeros, so that both together are what did. */
static uint64_t open_sides(uint8_t plain[PAIR_PLAIN], struct bytes file,
			   const uint8_t key[KEY_BYTES])
{
	uint8_t one[2][PAIR_PLAIN];
	struct hash32 whole;
	uint64_t bad[2];

	for (size_t i = 0; i < 2; i++) {
		const uint8_t *at = file.p + PAIR_HEAD + i * PAIR_SIDE;

		memset(one[i], 0, sizeof one[i]);
		bad[i] = (uint64_t)crypto_aead_xchacha20poly1305_ietf_decrypt(
			     one[i], NULL, NULL, at + SEAL_NONCE_BYTES,
			     PAIR_SIDE - SEAL_NONCE_BYTES, file.p, PAIR_HEAD, at, key) &
			 1;
	}
	for (size_t i = 0; i < PAIR_PLAIN; i++) {
		plain[i] = one[0][i] | one[1][i];
	}
	crypto_wipe(one, sizeof one);
	hmac_sha256(&whole, bytes_of(plain + SEAL_PAIR_SECRET, SEAL_PAIR_BIND),
		    bytes_of(file.p, PAIR_WHOLE));
	/* neither, or both: no file of ours; nor is one whose other side is not what it was */
	return (1 ^ bad[0] ^ bad[1]) | !crypto_eq(whole.b, file.p + PAIR_WHOLE, sizeof whole.b);
}

enum err seal_pair_open(uint8_t out[SEAL_PAIR_SECRET], struct bytes file, struct bytes passphrase)
{
	uint8_t plain[PAIR_PLAIN] = { 0 }, key[KEY_BYTES] = { 0 };
	struct seal_cost cost;
	enum err e;

	if (file.n != SEAL_PAIR_BYTES || !passphrase_is_allowed(passphrase) ||
	    !bytes_eq(bytes_of(file.p, sizeof pair_magic),
		      bytes_of(pair_magic, sizeof pair_magic)) ||
	    le32_get(file.p + AT_VERSION) != SEAL_VERSION) {
		return ERR_INPUT;
	}
	cost.ops = le32_get(file.p + AT_OPS);
	cost.mem_kib = le32_get(file.p + AT_MEM);
	if (!cost_is_allowed(&cost)) {
		return ERR_INPUT;
	}
	e = derive(key, passphrase, &cost, file.p + AT_SALT);
	if (e == ERR_OK) {
		e = verdict(open_sides(plain, file, key)) ? ERR_OK : ERR_INPUT;
	}
	if (e == ERR_OK) {
		memcpy(out, plain, SEAL_PAIR_SECRET);
	}
	crypto_wipe(plain, sizeof plain);
	crypto_wipe(key, sizeof key);
	crypto_wipe_stack();
	return e;
}
