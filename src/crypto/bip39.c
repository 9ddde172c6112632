/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bip39.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum { ROUNDS = 2048, WORD_BITS = 11, PACKED_BYTES = BIP39_ENTROPY_MAX + 1 };

/* Padded with NULs to eight bytes: one number each, so that a comparison is one operation. */
static const uint8_t words[BIP39_WORDS][BIP39_WORD_MAX] = {
#include "crypto/bip39_words.inc"
};

/* All ones if a and b are equal, else zero, without a branch. */
static uint64_t same(uint64_t a, uint64_t b)
{
	uint64_t d = a ^ b;

	return ((d | (0 - d)) >> 63) - 1;
}

/* Index of a padded word, or BIP39_WORDS. */
static uint32_t find(uint64_t word)
{
	uint64_t index = BIP39_WORDS;

	for (uint64_t i = 0; i < BIP39_WORDS; i++) {
		index ^= same(word, le64_get(words[i])) & (index ^ i);
	}
	return (uint32_t)index;
}

static uint64_t choose(uint32_t index)
{
	uint64_t word = 0;

	for (uint64_t i = 0; i < BIP39_WORDS; i++) {
		word |= same(index, i) & le64_get(words[i]);
	}
	return word;
}

static bool is_entropy_length(size_t n)
{
	return n >= 16 && n <= BIP39_ENTROPY_MAX && n % 4 == 0;
}

/* The n * 8 / 32 bits of checksum, at the top of a byte. */
static uint8_t checksum(const uint8_t *entropy, size_t n)
{
	struct hash32 h;
	uint8_t top;

	sha256(&h, bytes_of(entropy, n));
	top = (uint8_t)(h.b[0] & (0xff00U >> (n / 4)));
	crypto_wipe(&h, sizeof h);
	return top;
}

enum err bip39_text(char out[BIP39_TEXT_BYTES], struct bytes entropy)
{
	uint8_t packed[PACKED_BYTES] = { 0 };
	size_t at = 0;

	if (!is_entropy_length(entropy.n)) {
		return ERR_INPUT;
	}
	memcpy(packed, entropy.p, entropy.n);
	packed[entropy.n] = checksum(entropy.p, entropy.n);
	for (size_t i = 0; i < entropy.n / 4 * 3; i++) {
		uint32_t index = 0;
		uint8_t word[BIP39_WORD_MAX];

		for (size_t bit = i * WORD_BITS; bit < (i + 1) * WORD_BITS; bit++) {
			index = index << 1 | ((unsigned)packed[bit / 8] >> (7 - bit % 8) & 1U);
		}
		le64_put(word, choose(index));
		for (size_t k = 0; k < BIP39_WORD_MAX && word[k] != 0; k++) {
			out[at++] = (char)word[k];
		}
		out[at++] = ' ';
		crypto_wipe(word, sizeof word);
		crypto_wipe(&index, sizeof index);
	}
	CHECK(at <= BIP39_TEXT_BYTES);
	out[at - 1] = '\0';
	crypto_wipe(packed, sizeof packed);
	return ERR_OK;
}

/* Reads the words into packed and counts them; false if one is not on the list. */
static bool pack(uint8_t packed[PACKED_BYTES], size_t *count, struct bytes text)
{
	size_t at = 0;
	bool good = true;

	*count = 0;
	while (good) {
		uint8_t word[BIP39_WORD_MAX] = { 0 };
		size_t n = 0;
		uint32_t index;

		while (at < text.n && text.p[at] != ' ' && n < BIP39_WORD_MAX) {
			word[n++] = text.p[at++];
		}
		/* A NUL would pass for the padding. */
		good = n > 0 && memchr(word, 0, n) == NULL && *count < BIP39_COUNT_MAX &&
		       (at == text.n || text.p[at] == ' ');
		index = find(le64_get(word));
		crypto_wipe(word, sizeof word);
		good = good && index < BIP39_WORDS;
		for (size_t k = 0; good && k < WORD_BITS; k++) {
			size_t bit = *count * WORD_BITS + k;
			uint32_t one = index >> (WORD_BITS - 1 - k) & 1U;

			packed[bit / 8] = (uint8_t)(packed[bit / 8] | one << (7 - bit % 8));
		}
		crypto_wipe(&index, sizeof index);
		if (!good) {
			break;
		}
		++*count;
		if (at == text.n) {
			return true;
		}
		at++; /* the blank; a text that ends here has an empty last word */
	}
	return false;
}

enum err bip39_entropy(uint8_t out[BIP39_ENTROPY_MAX], size_t *n, struct bytes text)
{
	uint8_t packed[PACKED_BYTES] = { 0 }, sum;
	size_t count;
	enum err e = ERR_INPUT;

	if (pack(packed, &count, text) && count % 3 == 0 && is_entropy_length(count / 3 * 4)) {
		size_t bytes = count / 3 * 4;

		sum = checksum(packed, bytes);
		e = ERR_KEY;
		if (crypto_eq(&sum, &packed[bytes], 1)) {
			memcpy(out, packed, bytes);
			*n = bytes;
			e = ERR_OK;
		}
	}
	crypto_wipe(packed, sizeof packed);
	return e;
}

static void pbkdf2(uint8_t out[BIP39_SEED_BYTES], struct bytes text, struct bytes passphrase)
{
	static const uint8_t block[4] = { 0, 0, 0, 1 };
	crypto_auth_hmacsha512_state keyed, s;
	uint8_t u[BIP39_SEED_BYTES];

	(void)crypto_auth_hmacsha512_init(&keyed, text.p, text.n);
	s = keyed;
	(void)crypto_auth_hmacsha512_update(&s, (const uint8_t *)"mnemonic", 8);
	if (passphrase.n != 0) {
		(void)crypto_auth_hmacsha512_update(&s, passphrase.p, passphrase.n);
	}
	(void)crypto_auth_hmacsha512_update(&s, block, sizeof block);
	(void)crypto_auth_hmacsha512_final(&s, u);
	memcpy(out, u, sizeof u);
	for (int i = 1; i < ROUNDS; i++) {
		s = keyed;
		(void)crypto_auth_hmacsha512_update(&s, u, sizeof u);
		(void)crypto_auth_hmacsha512_final(&s, u);
		for (size_t k = 0; k < sizeof u; k++) {
			out[k] ^= u[k];
		}
	}
	crypto_wipe(&keyed, sizeof keyed);
	crypto_wipe(&s, sizeof s);
	crypto_wipe(u, sizeof u);
}

enum err bip39_seed(uint8_t out[BIP39_SEED_BYTES], struct bytes text, struct bytes passphrase)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	size_t n;
	enum err e = bip39_entropy(entropy, &n, text);

	crypto_wipe(entropy, sizeof entropy);
	if (e != ERR_OK) {
		return e;
	}
	if (passphrase.n > BIP39_PASSPHRASE_MAX) {
		return ERR_FIELD_RANGE;
	}
	for (size_t at = 0, step = 0; at < passphrase.n; at += step) {
		uint32_t code = 0;

		step = utf8_step(passphrase.p + at, passphrase.n - at, &code);
		if (step == 0 || code < 0x20 || code == 0x7f) {
			return ERR_FIELD_RANGE;
		}
	}
	pbkdf2(out, text, passphrase);
	return ERR_OK;
}
