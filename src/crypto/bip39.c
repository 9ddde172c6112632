/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bip39.h"

#include <sodium.h>
#include <string.h>

#include "base/utf8.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/sha256.h"

enum { ROUNDS = 2048, WORD_BITS = 11, PACKED_BYTES = BIP39_ENTROPY_MAX + 1 };

_Static_assert(PACKED_BYTES * 8 == WORD_BITS * BIP39_COUNT_MAX, "24 words: entropy and checksum");

/* Padded with NULs to eight bytes: one number each, so that a comparison is one operation. */
static const uint8_t words[BIP39_WORDS][BIP39_WORD_MAX] = {
#include "crypto/bip39_words.inc"
};

/* Index of a padded word, or BIP39_WORDS. */
static uint32_t find(uint64_t word)
{
	uint64_t index = BIP39_WORDS;

	for (uint64_t i = 0; i < BIP39_WORDS; i++) {
		index ^= ct_same(word, le64_get(words[i])) & (index ^ i);
	}
	return (uint32_t)index;
}

static uint64_t choose(uint32_t index)
{
	uint64_t word = 0;

	for (uint64_t i = 0; i < BIP39_WORDS; i++) {
		word |= ct_same(index, i) & le64_get(words[i]);
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

/* Of the packed entropy and checksum. */
static uint32_t word_index(const uint8_t packed[PACKED_BYTES], size_t i)
{
	uint32_t index = 0;

	for (size_t bit = i * WORD_BITS; bit < (i + 1) * WORD_BITS; bit++) {
		index = index << 1 | ((unsigned)packed[bit / 8] >> (7 - bit % 8) & 1U);
	}
	return index;
}

void bip39_public_text(char out[BIP39_TEXT_BYTES], const uint8_t entropy[BIP39_ENTROPY_MAX])
{
	uint8_t packed[PACKED_BYTES];
	size_t n = 0;

	memcpy(packed, entropy, BIP39_ENTROPY_MAX);
	packed[BIP39_ENTROPY_MAX] = checksum(entropy, BIP39_ENTROPY_MAX);
	memset(out, 0, BIP39_TEXT_BYTES);
	for (size_t i = 0; i < BIP39_COUNT_MAX; i++) {
		const char *word = (const char *)words[word_index(packed, i)];
		size_t letters = strnlen(word, BIP39_WORD_MAX);

		if (n > 0) {
			out[n++] = ' ';
		}
		memcpy(out + n, word, letters);
		n += letters;
	}
}

enum err bip39_text(char out[BIP39_TEXT_BYTES], struct bytes entropy)
{
	uint8_t packed[PACKED_BYTES] = { 0 };
	uint64_t start = 0; /* of the word, in the text: follows from the lengths of those before */

	if (!is_entropy_length(entropy.n)) {
		return ERR_INPUT;
	}
	memcpy(packed, entropy.p, entropy.n);
	packed[entropy.n] = checksum(entropy.p, entropy.n);
	memset(out, 0, BIP39_TEXT_BYTES);
	for (size_t i = 0; i < entropy.n / 4 * 3; i++) {
		uint32_t index = word_index(packed, i);
		uint64_t letters = 0;
		uint64_t place;
		uint8_t word[BIP39_WORD_MAX + 1] = { 0 };

		le64_put(word, choose(index));
		for (size_t k = 0; k < BIP39_WORD_MAX; k++) {
			letters += 1 & ~ct_same(word[k], 0);
		}
		for (size_t k = 0; k <= BIP39_WORD_MAX; k++) {
			word[k] = (uint8_t)(word[k] | (ct_same(k, letters) & ' '));
		}
		/* every letter is tried at every place: where it belongs does not show */
		place = start;
		for (size_t k = 0; k <= BIP39_WORD_MAX; k++) {
			for (size_t at = 0; at < BIP39_TEXT_BYTES; at++) {
				out[at] = (char)((uint8_t)out[at] |
						 (uint8_t)(ct_same(at, place) & word[k]));
			}
			place = ct_hidden(place + 1);
		}
		start += letters + 1;
		crypto_wipe(word, sizeof word);
		crypto_wipe(&index, sizeof index);
	}
	for (size_t at = 0; at < BIP39_TEXT_BYTES; at++) {
		out[at] = (char)((uint8_t)out[at] & (uint8_t)~ct_same(at, start - 1));
	}
	crypto_wipe(packed, sizeof packed);
	return ERR_OK;
}

/* What of a text may show: whether it is good, and how many words it has (as in edk.c). */
static __attribute__((noinline)) bool verdict(uint64_t bad)
{
	volatile bool good = true;

	if (bad != 0) {
		good = false;
	}
	return good;
}

/* Bytes of entropy in so many words, or 0. */
static __attribute__((noinline)) size_t bytes_shown(uint64_t count)
{
	volatile size_t shown = 0;

	/* not copied but found again: only that is free of what it was made from */
	for (size_t n = 16; n <= BIP39_ENTROPY_MAX; n += 4) {
		if (count == n / 4 * 3) {
			shown = n;
		}
	}
	return shown;
}

/*
 * Reads the words into packed; how many bytes of entropy they are, or 0 if they are not 12, 15, 18,
 * 21 or 24 words of the list.  The same is done for each byte of the text, be it a letter or the
 * end of a word: only the length of the whole text shows.
 */
static size_t pack(uint8_t packed[PACKED_BYTES], struct bytes text)
{
	uint64_t index[BIP39_COUNT_MAX] = { 0 };
	uint64_t word = 0;
	uint64_t letters = 0;
	uint64_t count = 0;
	uint64_t bad = 0;

	if (text.n >= BIP39_TEXT_BYTES) {
		return 0;
	}
	for (size_t at = 0; at <= text.n; at++) {
		uint64_t letter = at < text.n ? text.p[at] : ' ';
		uint64_t ends = ct_same(letter, ' ');
		uint64_t found = find(word); /* an empty word is not on the list */

		for (uint64_t k = 0; k < BIP39_COUNT_MAX; k++) {
			index[k] |= ends & ct_same(k, count) & found;
		}
		bad |= ends & (ct_same(found, BIP39_WORDS) | ct_same(count, BIP39_COUNT_MAX));
		/* a NUL would pass for the padding, a ninth letter has no place */
		bad |= ~ends & (ct_same(letter, 0) | ct_same(letters, BIP39_WORD_MAX));
		count += ends & 1;
		word = ~ends & (word | letter << (8 * letters & 63));
		letters = ~ends & (letters + 1);
	}
	for (size_t bit = 0; bit < (size_t)BIP39_COUNT_MAX * WORD_BITS; bit++) {
		uint64_t one = index[bit / WORD_BITS] >> (WORD_BITS - 1 - bit % WORD_BITS) & 1U;

		packed[bit / 8] = (uint8_t)(packed[bit / 8] | one << (7 - bit % 8));
	}
	crypto_wipe(index, sizeof index);
	crypto_wipe(&word, sizeof word);
	return verdict(bad) ? bytes_shown(count) : 0;
}

enum err bip39_entropy(uint8_t out[BIP39_ENTROPY_MAX], size_t *n, struct bytes text)
{
	uint8_t packed[PACKED_BYTES] = { 0 };
	size_t bytes = pack(packed, text);
	enum err e = ERR_INPUT;

	if (bytes > 0) {
		uint8_t sum = checksum(packed, bytes);

		e = ERR_KEY;
		if (verdict((uint64_t)sum ^ packed[bytes])) {
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
