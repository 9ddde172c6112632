/* SPDX-License-Identifier: Apache-2.0 */
/* One card: words to bits and back, and the checksum over them. */
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "shares/shares.h"

enum {
	WORD_BITS = 10,
	HEAD_WORDS = 4,
	SUM_WORDS = 3,
	PAD_MAX = 8,
	/* where the customisations "shamir" and "shamir_extendable" leave the checksum */
	SUM_PLAIN = 0x244a8ee3,
	SUM_EXTENDABLE = 0x17001560,
	EXTENDABLE_BIT = 1 << 4, /* of the second word */
};

/* Padded with NULs to eight bytes: one number each, so that a comparison is one operation. */
static const uint8_t words[SHARES_WORDS][SHARES_WORD_MAX] = {
#include "shares/shares_words.inc"
};

/* Index of a padded word, or SHARES_WORDS. */
static uint64_t find(uint64_t word)
{
	uint64_t index = SHARES_WORDS;

	for (uint64_t i = 0; i < SHARES_WORDS; i++) {
		index ^= ct_same(word, le64_get(words[i])) & (index ^ i);
	}
	return index;
}

static uint64_t choose(uint64_t index)
{
	uint64_t word = 0;

	for (uint64_t i = 0; i < SHARES_WORDS; i++) {
		word |= ct_same(index, i) & le64_get(words[i]);
	}
	return word;
}

/*
 * What of a card may show: its head, how many words it has, which of them is wrong.  Not copied but
 * decided anew, bit by bit: only that is free of what it was made from
 * (tests/gates/ctime_edk.supp).
 */
static __attribute__((noinline)) uint32_t shown(uint64_t v)
{
	volatile uint32_t known = 0;

	for (unsigned i = 0; i < 32; i++) {
		if ((v >> i & 1) != 0) {
			known = known | 1U << i;
		}
	}
	return known;
}

/* One step of the checksum, RS1024 of SLIP-0039: a code over GF(1024) with three check words. */
static uint64_t sum_step(uint64_t sum, uint64_t word)
{
	static const uint32_t generator[WORD_BITS] = {
		0x00e0e040, 0x01c1c080, 0x03838100, 0x07070200, 0x0e0e0009,
		0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890, 0x03f3f120,
	};
	uint64_t top = sum >> 20;

	sum = (sum & 0xfffff) << WORD_BITS ^ word;
	for (unsigned i = 0; i < WORD_BITS; i++) {
		sum ^= generator[i] & (0 - ct_hidden(top >> i & 1));
	}
	return sum;
}

/* The checksum of n words behind the customisation that the second word asks for, or the other. */
static uint64_t sum_of(const uint64_t *index, size_t n, bool other)
{
	uint64_t flag = (other ? EXTENDABLE_BIT : 0) ^ (index[1] & EXTENDABLE_BIT);
	uint64_t sum = SUM_PLAIN ^ (~ct_same(flag, 0) & (SUM_PLAIN ^ SUM_EXTENDABLE));

	for (size_t i = 0; i < n; i++) {
		sum = sum_step(sum, index[i]);
	}
	return sum;
}

/*
 * Which word, counted from 1, is wrong if it is a single one, else 0.  The checksum is linear: a
 * difference d in the word at p changes it by d, stepped on by the words behind p.  Two cards with
 * one customisation differ in four words at least: at most one place of it explains what is seen.
 */
static uint64_t place_of_error(const uint64_t *index, size_t n)
{
	const uint64_t seen = sum_of(index, n, false) ^ 1;
	/* a second word whose bit was another asks for the other customisation */
	const uint64_t turned = sum_of(index, n, true) ^ 1;
	uint64_t place = 0;

	for (uint64_t d = 1; d < SHARES_WORDS; d++) {
		uint64_t change = d;

		for (size_t p = n; p-- > 0;) {
			uint64_t want = p == 1 && (d & EXTENDABLE_BIT) != 0 ? turned : seen;

			place ^= ct_same(change, want) & (place ^ (p + 1));
			change = sum_step(change, 0);
		}
	}
	return place;
}

/* Bytes of value on a card of so many words, or 0 if no card has as many. */
static size_t value_bytes(size_t count)
{
	size_t bits;

	if (count < HEAD_WORDS + SUM_WORDS) {
		return 0;
	}
	bits = (count - HEAD_WORDS - SUM_WORDS) * WORD_BITS;
	if (bits % 16 > PAD_MAX || bits < 8 * (size_t)SHARES_SECRET_MIN ||
	    bits / 16 * 2 > SHARES_SECRET_MAX) {
		return 0;
	}
	return bits / 16 * 2;
}

/*
 * The words of a text, which has fewer bytes than SHARES_TEXT_BYTES, as their places in the list.
 * The same is done for each byte of the text, be it a letter or the end of a word: only the length
 * of the whole text shows.  *bad: the first word, counted from 1, that is none, or 0.
 */
static uint64_t pack(uint64_t index[SHARES_CARD_WORDS_MAX], uint64_t *bad, struct bytes text)
{
	uint64_t word = 0;
	uint64_t letters = 0;
	uint64_t count = 0;
	uint64_t worst = 0;

	for (size_t at = 0; at <= text.n; at++) {
		uint64_t letter = at < text.n ? text.p[at] : ' ';
		uint64_t ends = ct_same(letter, ' ');
		uint64_t found = find(word);
		/* a NUL would pass for the padding, a ninth letter has no place */
		uint64_t wrong = (ends & ct_same(found, SHARES_WORDS)) |
				 (~ends & (ct_same(letter, 0) | ct_same(letters, SHARES_WORD_MAX)));

		for (uint64_t k = 0; k < SHARES_CARD_WORDS_MAX; k++) {
			index[k] |= ends & ct_same(k, count) & found;
		}
		worst |= wrong & ct_same(worst, 0) & (count + 1);
		count += ends & 1;
		word = ~ends & (word | letter << (8 * letters & 63));
		letters = ~ends & ((letters + 1) ^ (ct_same(letters, SHARES_WORD_MAX) & 1));
	}
	*bad = worst;
	crypto_wipe(&word, sizeof word);
	return count;
}

/* The value behind `pad` bits of padding, and whether these are zero. */
static bool value_get(struct share *s, const uint64_t *index, size_t pad)
{
	uint64_t wrong = index[HEAD_WORDS] >> (WORD_BITS - pad);

	for (size_t bit = 0; bit < 8 * (size_t)s->n; bit++) {
		size_t from = bit + pad;
		uint64_t one =
		    index[HEAD_WORDS + from / WORD_BITS] >> (WORD_BITS - 1 - from % WORD_BITS) & 1;

		s->value[bit / 8] = (uint8_t)(s->value[bit / 8] | one << (7 - bit % 8));
	}
	return shown(wrong) == 0;
}

static void head_get(struct share *s, const uint64_t *index)
{
	uint32_t first = shown(index[0] << WORD_BITS | index[1]);
	uint32_t second = shown(index[2] << WORD_BITS | index[3]);

	s->id = (uint16_t)(first >> 5);
	s->extendable = (first & EXTENDABLE_BIT) != 0;
	s->exponent = first & 15;
	s->group = second >> 16 & 15;
	s->group_threshold = (uint8_t)((second >> 12 & 15) + 1);
	s->group_count = (uint8_t)((second >> 8 & 15) + 1);
	s->member = second >> 4 & 15;
	s->member_threshold = (uint8_t)((second & 15) + 1);
}

static enum err read_words(struct share *s, const uint64_t *index, size_t count,
			   struct shares_fault *fault)
{
	if (shown(sum_of(index, count, false) ^ 1) != 0) {
		fault->kind = SHARES_CHECKSUM;
		fault->word = shown(place_of_error(index, count));
		return ERR_KEY;
	}
	head_get(s, index);
	s->n = (uint8_t)value_bytes(count);
	if (!value_get(s, index, (count - HEAD_WORDS - SUM_WORDS) * WORD_BITS % 16)) {
		fault->kind = SHARES_PADDING;
		return ERR_KEY;
	}
	if (s->group_threshold > s->group_count) {
		fault->kind = SHARES_THRESHOLD;
		return ERR_KEY;
	}
	return ERR_OK;
}

enum err shares_read(struct share *out, struct bytes text, struct shares_fault *fault)
{
	uint64_t index[SHARES_CARD_WORDS_MAX] = { 0 };
	struct share s = { 0 };
	uint64_t bad = 0;
	size_t count;
	enum err e = ERR_INPUT;

	*fault = (struct shares_fault){ .kind = SHARES_LENGTH };
	if (text.n >= SHARES_TEXT_BYTES) {
		return ERR_INPUT;
	}
	count = shown(pack(index, &bad, text));
	fault->word = count;
	if (shown(bad) != 0) {
		fault->kind = SHARES_WORD;
		fault->word = shown(bad);
	} else if (value_bytes(count) != 0) {
		*fault = (struct shares_fault){ .kind = SHARES_GOOD };
		e = read_words(&s, index, count, fault);
		if (e == ERR_OK) {
			*out = s;
		}
	}
	crypto_wipe(index, sizeof index);
	crypto_wipe(&s, sizeof s);
	return e;
}

/* The words of a card, how many there are. */
static size_t unpack(uint64_t index[SHARES_CARD_WORDS_MAX], const struct share *s)
{
	size_t count = HEAD_WORDS + (8 * (size_t)s->n + WORD_BITS - 1) / WORD_BITS + SUM_WORDS;
	size_t pad = (count - HEAD_WORDS - SUM_WORDS) * WORD_BITS - 8 * (size_t)s->n;
	uint64_t sum;

	index[0] = s->id >> 5;
	index[1] = (s->id & 31U) << 5 | (s->extendable ? EXTENDABLE_BIT : 0U) | s->exponent;
	index[2] =
	    (unsigned)s->group << 6 | (s->group_threshold - 1U) << 2 | (s->group_count - 1U) >> 2;
	index[3] = ((s->group_count - 1U) & 3) << 8 | (unsigned)s->member << 4 |
		   (s->member_threshold - 1U);
	for (size_t bit = 0; bit < 8 * (size_t)s->n; bit++) {
		size_t to = bit + pad;
		uint64_t one = (unsigned)s->value[bit / 8] >> (7 - bit % 8) & 1U;

		index[HEAD_WORDS + to / WORD_BITS] |= one << (WORD_BITS - 1 - to % WORD_BITS);
	}
	sum = sum_of(index, count, false) ^ 1; /* of zeros where the check words go */
	for (size_t i = 0; i < SUM_WORDS; i++) {
		index[count - SUM_WORDS + i] = sum >> (WORD_BITS * (SUM_WORDS - 1 - i)) & 1023;
	}
	return count;
}

void shares_text(char out[SHARES_TEXT_BYTES], const struct share *s)
{
	uint64_t index[SHARES_CARD_WORDS_MAX] = { 0 };
	uint64_t start = 0; /* of the word, in the text: follows from the lengths of those before */
	size_t count;

	CHECK(s->id < 1U << 15 && s->exponent <= SHARES_EXPONENT_MAX);
	CHECK(s->group_threshold >= 1 && s->group_threshold <= s->group_count);
	CHECK(s->group_count <= SHARES_GROUPS_MAX && s->group < SHARES_GROUPS_MAX);
	CHECK(s->member < SHARES_MEMBERS_MAX && s->member_threshold >= 1);
	CHECK(s->member_threshold <= SHARES_MEMBERS_MAX && s->n >= SHARES_SECRET_MIN);
	CHECK(s->n <= SHARES_SECRET_MAX && s->n % 2 == 0);
	count = unpack(index, s);
	memset(out, 0, SHARES_TEXT_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint8_t word[SHARES_WORD_MAX + 1] = { 0 };
		uint64_t letters = 0;
		uint64_t place;

		le64_put(word, choose(index[i]));
		for (size_t k = 0; k < SHARES_WORD_MAX; k++) {
			letters += 1 & ~ct_same(word[k], 0);
		}
		for (size_t k = 0; k <= SHARES_WORD_MAX; k++) {
			word[k] = (uint8_t)(word[k] | (ct_same(k, letters) & ' '));
		}
		/* every letter is tried at every place: where it belongs does not show */
		place = start;
		for (size_t k = 0; k <= SHARES_WORD_MAX; k++) {
			for (size_t at = 0; at < SHARES_TEXT_BYTES; at++) {
				out[at] = (char)((uint8_t)out[at] |
						 (uint8_t)(ct_same(at, place) & word[k]));
			}
			place = ct_hidden(place + 1);
		}
		start += letters + 1;
		crypto_wipe(word, sizeof word);
	}
	for (size_t at = 0; at < SHARES_TEXT_BYTES; at++) {
		out[at] = (char)((uint8_t)out[at] & (uint8_t)~ct_same(at, start - 1));
	}
	crypto_wipe(index, sizeof index);
}
