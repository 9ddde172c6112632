/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: cards bring the secret back when they are exactly those needed, and every other collection
 * of cards is refused with the name of what is wrong.
 * Method: the field against long division; random plans, split and combined in any order from any
 * choice of members; each kind of damage by hand, and replaced, swapped and tripled wrong words at
 * random; cards forged with a good checksum.
 */
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "shares/gf256.h"
#include "shares/shares.h"
#include "t.h"

enum { RANDOM_MAX = 2 + 17 * 16 * SHARES_SECRET_MAX };

static const char list_words[SHARES_WORDS][SHARES_WORD_MAX] = {
#include "shares/shares_words.inc"
};

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)t_random();
	}
}

static void list(void)
{
	struct sha256 s;
	struct hash32 got;
	uint8_t want[32];

	sha256_init(&s);
	for (size_t i = 0; i < SHARES_WORDS; i++) {
		sha256_update(&s, bytes_of(list_words[i], strnlen(list_words[i], SHARES_WORD_MAX)));
		sha256_update(&s, bytes_str("\n"));
	}
	sha256_final(&s, &got);
	/* of wordlist.txt as the SLIP publishes it, one word a line */
	T_EQ(hex_get(want, 32,
		     bytes_str("bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3"),
		     HEX_LOWER_ONLY),
	     ERR_OK);
	T_MEM(got.b, want, 32);
}

/* The product as polynomials, then long division: written another way than gf256_mul(). */
static uint8_t slow_mul(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (unsigned i = 0; i < 8; i++) {
		if ((b >> i & 1) != 0) {
			product ^= a << i;
		}
	}
	for (unsigned i = 15; i >= 8; i--) {
		if ((product >> i & 1) != 0) {
			product ^= 0x11bU << (i - 8);
		}
	}
	return (uint8_t)product;
}

static void field(void)
{
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			if (gf256_mul((uint8_t)a, (uint8_t)b) != slow_mul(a, b)) {
				T_EQ(a * 1000 + b, -1);
			}
		}
		T_EQ(gf256_mul((uint8_t)a, gf256_inverse((uint8_t)a)), a != 0);
	}
}

static void polynomials(void)
{
	for (size_t count = 1; count <= GF256_POINTS_MAX; count++) {
		struct gf256_point points[GF256_POINTS_MAX];
		uint8_t factors[GF256_POINTS_MAX], got, first = (uint8_t)t_random();

		fill(factors, count);
		for (size_t i = 0; i < count; i++) {
			points[i].x = (uint8_t)(first + 3 * i);
			points[i].y[0] = 0;
			for (size_t k = count; k-- > 0;) {
				points[i].y[0] = slow_mul(points[i].y[0], points[i].x) ^ factors[k];
			}
		}
		for (unsigned x = 0; x < 256; x++) {
			uint8_t want = 0;

			for (size_t k = count; k-- > 0;) {
				want = slow_mul(want, x) ^ factors[k];
			}
			gf256_interpolate(&got, 1, (uint8_t)x, points, count);
			T_EQ(got, want);
		}
	}
}

static void twice_one_place(void)
{
	static const struct gf256_point points[2] = { { .x = 7 }, { .x = 7 } };
	uint8_t out[1];

	gf256_interpolate(out, 1, 0, points, 2);
}

static void no_points(void)
{
	uint8_t out[1];

	gf256_interpolate(out, 1, 0, NULL, 0);
}

static void polynomials_need_points(void)
{
	T_CHECK(t_dies(SIGABRT, twice_one_place));
	T_CHECK(t_dies(SIGABRT, no_points));
}

/* A set of cards, made at random by a plan. */
static struct set {
	struct shares_plan plan;
	uint8_t secret[SHARES_SECRET_MAX];
	size_t n;
	struct share cards[SHARES_CARDS_MAX];
	size_t count;
} set;

static enum err set_split(const char *passphrase)
{
	static uint8_t random[RANDOM_MAX];
	size_t bytes = 0;
	enum err e = shares_need(&set.plan, set.n, &set.count, &bytes);

	if (e != ERR_OK || bytes > sizeof random) {
		return e != ERR_OK ? e : ERR_OVERFLOW;
	}
	fill(random, bytes);
	return shares_split(set.cards, &set.plan, bytes_of(set.secret, set.n),
			    bytes_str(passphrase), bytes_of(random, bytes));
}

static void set_plan(uint8_t threshold, uint8_t groups, size_t n)
{
	set = (struct set){ .n = n };
	fill(set.secret, n);
	set.plan.group_threshold = threshold;
	set.plan.group_count = groups;
	set.plan.extendable = t_below(2) == 1;
	for (size_t g = 0; g < groups; g++) {
		set.plan.groups[g].count = (uint8_t)(1 + t_below(6));
		set.plan.groups[g].threshold =
		    (uint8_t)(set.plan.groups[g].count == 1
				  ? 1
				  : 2 + t_below(set.plan.groups[g].count - 1U));
	}
}

static void shuffle(struct share *cards, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = t_below(i);
		struct share kept = cards[i - 1];

		cards[i - 1] = cards[j];
		cards[j] = kept;
	}
}

/* As many cards as needed, chosen at random: of random groups, random members. */
static size_t choose_cards(struct share *out)
{
	bool used[SHARES_GROUPS_MAX] = { false };
	size_t n = 0;

	for (size_t i = 0; i < set.plan.group_threshold; i++) {
		struct share of[SHARES_MEMBERS_MAX];
		size_t g, members = 0;

		do {
			g = t_below(set.plan.group_count);
		} while (used[g]);
		used[g] = true;
		for (size_t k = 0; k < set.count; k++) {
			if (set.cards[k].group == g) {
				of[members++] = set.cards[k];
			}
		}
		shuffle(of, members);
		memcpy(out + n, of, set.plan.groups[g].threshold * sizeof *of);
		n += set.plan.groups[g].threshold;
	}
	shuffle(out, n);
	return n;
}

static void random_plans(void)
{
	for (int round = 0; round < 60; round++) {
		struct share chosen[SHARES_CARDS_MAX];
		uint8_t out[SHARES_SECRET_MAX];
		uint8_t groups = (uint8_t)(1 + t_below(5));
		struct shares_fault fault;
		struct hash32 mark;
		size_t n, got = 0;

		set_plan((uint8_t)(1 + t_below(groups)), groups, 16 + 2 * t_below(25));
		T_EQ(set_split("a passphrase"), ERR_OK);
		n = choose_cards(chosen);
		T_EQ(shares_combine(out, &got, chosen, n, bytes_str("a passphrase"), &fault),
		     ERR_OK);
		T_EQ(fault.kind, SHARES_GOOD);
		T_EQ(got, set.n);
		T_MEM(out, set.secret, set.n);
		shares_mark(&mark, bytes_of(set.secret, set.n));
		T_EQ(shares_verify(&mark, chosen, n, bytes_str("a passphrase"), &fault), ERR_OK);
		T_EQ(shares_verify(&mark, chosen, n, bytes_str("A passphrase"), &fault),
		     ERR_MISMATCH);
		T_EQ(fault.kind, SHARES_OTHER_SECRET);
		/* one card short: whatever it was, it is missed, and the rest is told apart */
		T_EQ(shares_combine(out, &got, chosen, n - 1, bytes_str(""), &fault),
		     ERR_FIELD_MISSING);
		T_CHECK(fault.kind == SHARES_TOO_FEW_CARDS || fault.kind == SHARES_TOO_FEW_GROUPS ||
			(fault.kind == SHARES_NONE && n == 1));
	}
}

static void cards_as_words(void)
{
	for (size_t n = SHARES_SECRET_MIN; n <= SHARES_SECRET_MAX; n += 2) {
		set_plan(2, 3, n);
		set.plan.exponent = 0;
		T_EQ(set_split(""), ERR_OK);
		for (size_t i = 0; i < set.count; i++) {
			char text[SHARES_TEXT_BYTES];
			struct shares_fault fault;
			struct share again;
			size_t blanks = 0;

			shares_text(text, &set.cards[i]);
			for (size_t k = 0; text[k] != 0; k++) {
				blanks += text[k] == ' ';
			}
			T_EQ(blanks + 1, 7 + (8 * n + 9) / 10);
			memset(&again, 0, sizeof again);
			T_EQ(shares_read(&again, bytes_str(text), &fault), ERR_OK);
			T_EQ(fault.kind, SHARES_GOOD);
			T_MEM(&again, &set.cards[i], sizeof again);
		}
	}
}

static void the_largest_plan(void)
{
	struct share chosen[SHARES_CARDS_MAX];
	uint8_t out[SHARES_SECRET_MAX];
	struct shares_fault fault;
	size_t n, got = 0, bytes;

	set_plan(16, 16, SHARES_SECRET_MAX);
	for (size_t g = 0; g < 16; g++) {
		set.plan.groups[g].count = 16;
		set.plan.groups[g].threshold = 16;
	}
	T_EQ(shares_need(&set.plan, set.n, &n, &bytes), ERR_OK);
	T_EQ(n, SHARES_CARDS_MAX);
	T_EQ(set_split(""), ERR_OK);
	n = choose_cards(chosen);
	T_EQ(n, SHARES_CARDS_MAX);
	T_EQ(shares_combine(out, &got, chosen, n, bytes_str(""), &fault), ERR_OK);
	T_MEM(out, set.secret, SHARES_SECRET_MAX);
	T_EQ(shares_combine(out, &got, chosen, n + 1, bytes_str(""), &fault), ERR_FIELD_MISSING);
	T_EQ(fault.kind, SHARES_NONE);
}

static void plans_refused(void)
{
	static const struct {
		uint8_t group_threshold, group_count, threshold, count, exponent;
		size_t n;
		enum err e;
	} rows[] = {
		{ 1, 1, 1, 1, 15, 16, ERR_OK },          { 0, 1, 1, 1, 0, 16, ERR_FIELD_RANGE },
		{ 2, 1, 1, 1, 0, 16, ERR_FIELD_RANGE },  { 1, 17, 1, 1, 0, 16, ERR_FIELD_RANGE },
		{ 1, 1, 0, 1, 0, 16, ERR_FIELD_RANGE },  { 1, 1, 3, 2, 0, 16, ERR_FIELD_RANGE },
		{ 1, 1, 2, 17, 0, 16, ERR_FIELD_RANGE }, { 1, 1, 1, 2, 0, 16, ERR_FIELD_RANGE },
		{ 1, 1, 1, 1, 16, 16, ERR_FIELD_RANGE }, { 1, 1, 1, 1, 0, 14, ERR_INPUT },
		{ 1, 1, 1, 1, 0, 17, ERR_INPUT },        { 1, 1, 1, 1, 0, 66, ERR_INPUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shares_plan plan = { .group_threshold = rows[i].group_threshold,
					    .group_count = rows[i].group_count,
					    .exponent = rows[i].exponent };
		uint8_t secret[66] = { 0 }, random[2] = { 0 };
		struct share out, before;
		size_t cards = 77, bytes = 77;

		plan.groups[0].threshold = rows[i].threshold;
		plan.groups[0].count = rows[i].count;
		T_EQ(shares_need(&plan, rows[i].n, &cards, &bytes), rows[i].e);
		T_EQ(cards, rows[i].e == ERR_OK ? 1 : 77);
		T_EQ(bytes, rows[i].e == ERR_OK ? 2 : 77);
		memset(&out, 0x5a, sizeof out);
		before = out;
		if (rows[i].e != ERR_OK) {
			T_EQ(shares_split(&out, &plan, bytes_of(secret, rows[i].n), bytes_str(""),
					  bytes_of(random, sizeof random)),
			     rows[i].e);
		}
		T_MEM(&out, &before, sizeof out);
	}
}

static void passphrases_and_random(void)
{
	static const char *const bad[] = { "a\tb", "a\x7f", "\xe3\x81\x82" };
	uint8_t random[3] = { 0 }, out[SHARES_SECRET_MAX] = { 0 }, zeros[SHARES_SECRET_MAX] = { 0 };
	char longest[SHARES_PASSPHRASE_MAX + 2];
	struct shares_fault fault;
	size_t n = 77;

	set_plan(1, 1, 16);
	set.plan.groups[0].count = set.plan.groups[0].threshold = 1;
	memset(longest, '~', sizeof longest);
	longest[SHARES_PASSPHRASE_MAX + 1] = 0;
	T_EQ(set_split(longest), ERR_FIELD_RANGE);
	longest[SHARES_PASSPHRASE_MAX] = 0;
	T_EQ(set_split(longest), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(set_split(bad[i]), ERR_FIELD_RANGE);
		T_EQ(shares_combine(out, &n, set.cards, 1, bytes_str(bad[i]), &fault),
		     ERR_FIELD_RANGE);
		T_EQ(fault.kind, SHARES_GOOD);
	}
	T_EQ(n, 77);
	T_MEM(out, zeros, sizeof out);
	T_EQ(shares_combine(out, &n, set.cards, 1, bytes_str(longest), &fault), ERR_OK);
	T_MEM(out, set.secret, 16);
	for (size_t k = 1; k <= 3; k += 2) {
		T_EQ(shares_split(set.cards, &set.plan, bytes_of(set.secret, 16), bytes_str(""),
				  bytes_of(random, k)),
		     ERR_INPUT);
	}
}

/* The words of a text, to change them one by one. */
struct sheet {
	char word[SHARES_CARD_WORDS_MAX][SHARES_WORD_MAX + 1];
	size_t n;
};

static void sheet_of(struct sheet *s, const struct share *card)
{
	char text[SHARES_TEXT_BYTES];
	const char *at = text;

	shares_text(text, card);
	memset(s, 0, sizeof *s);
	while (*at != 0) {
		size_t n = strcspn(at, " ");

		memcpy(s->word[s->n++], at, n);
		at += n + (at[n] == ' ');
	}
}

static enum err sheet_read(const struct sheet *s, struct shares_fault *fault)
{
	char text[SHARES_CARD_WORDS_MAX * (SHARES_WORD_MAX + 2)];
	struct share out;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t k = strlen(s->word[i]);

		memcpy(text + n, s->word[i], k);
		n += k;
		text[n++] = ' ';
	}
	return shares_read(&out, bytes_of(text, n - 1), fault);
}

/* Another word in place i than stands there. */
static void sheet_spoil(struct sheet *s, size_t i)
{
	char was[SHARES_WORD_MAX + 1];

	memcpy(was, s->word[i], sizeof was);
	do {
		memcpy(s->word[i], list_words[t_below(SHARES_WORDS)], SHARES_WORD_MAX);
	} while (strcmp(was, s->word[i]) == 0);
}

static void one_wrong_word_is_found(void)
{
	for (size_t n = 16; n <= 32; n += 16) {
		struct shares_fault fault;
		struct sheet good, bad;

		set_plan(1, 1, n);
		T_EQ(set_split(""), ERR_OK);
		sheet_of(&good, &set.cards[0]);
		for (size_t i = 0; i < good.n; i++) {
			for (int k = 0; k < 24; k++) {
				bad = good;
				sheet_spoil(&bad, i);
				T_EQ(sheet_read(&bad, &fault), ERR_KEY);
				T_EQ(fault.kind, SHARES_CHECKSUM);
				T_EQ(fault.word, i + 1);
			}
		}
	}
}

static void swapped_words_are_found(void)
{
	struct shares_fault fault;
	struct sheet good, bad;

	set_plan(1, 1, 16);
	T_EQ(set_split(""), ERR_OK);
	sheet_of(&good, &set.cards[0]);
	for (size_t i = 0; i < good.n; i++) {
		for (size_t j = i + 1; j < good.n; j++) {
			if (strcmp(good.word[i], good.word[j]) == 0) {
				continue;
			}
			bad = good;
			memcpy(bad.word[i], good.word[j], sizeof bad.word[i]);
			memcpy(bad.word[j], good.word[i], sizeof bad.word[j]);
			T_EQ(sheet_read(&bad, &fault), ERR_KEY);
			T_EQ(fault.kind, SHARES_CHECKSUM);
		}
	}
}

static void two_or_three_wrong_words_are_found(void)
{
	struct shares_fault fault;
	struct sheet good, bad;

	set_plan(1, 1, 32);
	T_EQ(set_split(""), ERR_OK);
	sheet_of(&good, &set.cards[0]);
	for (int round = 0; round < 600; round++) {
		bad = good;
		for (int k = 0; k < 3; k++) {
			sheet_spoil(&bad, t_below(good.n));
		}
		if (memcmp(bad.word, good.word, sizeof bad.word) != 0) {
			T_EQ(sheet_read(&bad, &fault), ERR_KEY);
			T_EQ(fault.kind, SHARES_CHECKSUM);
		}
	}
}

static void texts_refused(void)
{
#define GOOD_19                                                                                \
	"duckling enlarge academic academic agency result length solution fridge kidney coal " \
	"piece "                                                                               \
	"deal husband erode duke ajar critical decision"

	static const struct {
		const char *text;
		enum shares_fault_kind kind;
		size_t word;
	} rows[] = {
		{ GOOD_19 " keyboard", SHARES_GOOD, 0 },
		{ GOOD_19, SHARES_LENGTH, 19 },
		{ GOOD_19 " keyboard keyboard", SHARES_LENGTH, 21 },
		{ "duckling", SHARES_LENGTH, 1 },
		{ "", SHARES_WORD, 1 },
		{ " " GOOD_19 " keyboard", SHARES_WORD, 1 },
		{ GOOD_19 " keyboard ", SHARES_WORD, 21 },
		{ GOOD_19 "  keyboard", SHARES_WORD, 20 },
		{ GOOD_19 " Keyboard", SHARES_WORD, 20 },
		{ GOOD_19 " keyboards", SHARES_WORD, 20 },
		{ GOOD_19 " keyb", SHARES_WORD, 20 },
		{ GOOD_19 " keyboard\n", SHARES_WORD, 20 },
		{ "ducklings " GOOD_19, SHARES_WORD, 1 },
		{ "ducklingduckling " GOOD_19, SHARES_WORD, 1 },
		{ GOOD_19 " xxx yyy", SHARES_WORD, 20 },
		{ GOOD_19 " " GOOD_19 " " GOOD_19 " duck", SHARES_WORD, 58 },
		{ GOOD_19 " " GOOD_19 " " GOOD_19 " keyboard keyboard keyboard", SHARES_LENGTH,
		  60 },
		{ GOOD_19 " " GOOD_19 " " GOOD_19 " " GOOD_19 " " GOOD_19, SHARES_LENGTH, 0 },
	};

	static const char with_nul[] = GOOD_19 " keyboard\0";
	struct shares_fault fault;
	struct share out, before;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum err e;

		memset(&out, 0x5a, sizeof out);
		before = out;
		e = shares_read(&out, bytes_str(rows[i].text), &fault);
		T_EQ(fault.kind, rows[i].kind);
		T_EQ(fault.word, rows[i].word);
		T_EQ(e, rows[i].kind == SHARES_GOOD ? ERR_OK : ERR_INPUT);
		if (e != ERR_OK) {
			T_MEM(&out, &before, sizeof out);
		}
	}
	T_EQ(shares_read(&out, bytes_of(with_nul, sizeof with_nul - 1), &fault), ERR_INPUT);
	T_EQ(fault.kind, SHARES_WORD);
	T_EQ(fault.word, 20);
}

/* Two of three in each of three groups, two groups needed: cards 0..2, 3..5, 6..8. */
static void set_two_of_three(void)
{
	set_plan(2, 3, 16);
	for (size_t g = 0; g < 3; g++) {
		set.plan.groups[g].threshold = 2;
		set.plan.groups[g].count = 3;
	}
}

static struct shares_fault fault_of(enum err want, const int *chosen)
{
	struct share cards[16];
	uint8_t out[SHARES_SECRET_MAX] = { 0 };
	struct shares_fault fault;
	size_t count = 0, n = 77;

	while (chosen[count] >= 0) {
		cards[count] = set.cards[chosen[count]];
		count++;
	}
	if (shares_combine(out, &n, cards, count, bytes_str(""), &fault) != want ||
	    (want != ERR_OK && (n != 77 || out[0] != 0))) {
		fault = (struct shares_fault){ .kind = (enum shares_fault_kind)99 };
	}
	return fault;
}

static void wrong_collections(void)
{
	static const struct {
		int chosen[8];
		enum err e;
		enum shares_fault_kind kind;
		size_t card, other;
		uint8_t group, missing;
	} rows[] = {
		{ { 0, 2, 6, 7, -1 }, ERR_OK, SHARES_GOOD, 0, 0, 0, 0 },
		{ { -1 }, ERR_FIELD_MISSING, SHARES_NONE, 0, 0, 0, 0 },
		{ { 0, -1 }, ERR_FIELD_MISSING, SHARES_TOO_FEW_CARDS, 0, 0, 0, 1 },
		{ { 0, 6, 7, -1 }, ERR_FIELD_MISSING, SHARES_TOO_FEW_CARDS, 0, 0, 0, 1 },
		{ { 6, 7, 4, -1 }, ERR_FIELD_MISSING, SHARES_TOO_FEW_CARDS, 2, 0, 1, 1 },
		{ { 6, 7, -1 }, ERR_FIELD_MISSING, SHARES_TOO_FEW_GROUPS, 0, 0, 0, 1 },
		{ { 6, 4, 7, 4, -1 }, ERR_EXISTS, SHARES_SAME_CARD, 3, 1, 1, 0 },
		{ { 6, 7, 4, 5, 8, -1 }, ERR_EXISTS, SHARES_SURPLUS_CARD, 4, 0, 2, 0 },
		{ { 0, 1, 6, 7, 4, 5, -1 }, ERR_EXISTS, SHARES_SURPLUS_GROUP, 2, 0, 2, 0 },
		{ { 0, 1, 4, 6, 7, -1 }, ERR_EXISTS, SHARES_SURPLUS_GROUP, 2, 0, 1, 0 },
		{ { 0, 4, 6, 7, -1 }, ERR_EXISTS, SHARES_SURPLUS_GROUP, 0, 0, 0, 0 },
	};

	set_two_of_three();
	T_EQ(set_split(""), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shares_fault f = fault_of(rows[i].e, rows[i].chosen);

		T_EQ(f.kind, rows[i].kind);
		T_EQ(f.card, rows[i].card);
		T_EQ(f.other, rows[i].other);
		T_EQ(f.group, rows[i].group);
		T_EQ(f.missing, rows[i].missing);
	}
}

/* A card with a good checksum and something else in its head or value is told by name. */
static void forged_cards(void)
{
	static const int chosen[] = { 0, 2, 6, 7, -1 };

	enum { ID, EXTENDABLE, EXPONENT, NEEDED, GROUPS, LENGTH, CASES };

	for (int which = 0; which < CASES; which++) {
		for (size_t at = 0; at < 4; at++) {
			struct shares_fault f;
			struct share *card;

			set_two_of_three();
			T_EQ(set_split(""), ERR_OK);
			card = &set.cards[chosen[at]];
			card->id ^= which == ID;
			card->extendable = card->extendable != (which == EXTENDABLE);
			card->exponent = (uint8_t)(card->exponent + (which == EXPONENT));
			card->group_threshold =
			    (uint8_t)(card->group_threshold + (which == NEEDED));
			card->group_count = (uint8_t)(card->group_count + (which == GROUPS));
			card->n = (uint8_t)(card->n + (which == LENGTH ? 2 : 0));
			f = fault_of(ERR_MISMATCH, chosen);
			T_EQ(f.kind, SHARES_OTHER_SET);
			T_EQ(f.card, at); /* the foreign one is named, be it the first */
			T_EQ(f.other, at == 0);
		}
	}
}

static void forged_members(void)
{
	static const int chosen[] = { 0, 2, 6, 7, -1 };
	struct shares_fault f;

	set_two_of_three();
	T_EQ(set_split(""), ERR_OK);
	set.cards[7].member_threshold = 3;
	f = fault_of(ERR_MISMATCH, chosen);
	T_EQ(f.kind, SHARES_OTHER_THRESHOLD);
	T_EQ(f.card, 3);
	T_EQ(f.other, 2);
	T_EQ(f.group, 2);
	T_EQ(set_split(""), ERR_OK);
	set.cards[7].member = set.cards[6].member;
	f = fault_of(ERR_MISMATCH, chosen);
	T_EQ(f.kind, SHARES_SAME_MEMBER);
	T_EQ(f.card, 3);
	T_EQ(f.other, 2);
	T_EQ(set_split(""), ERR_OK);
	set.cards[7].value[3] ^= 1;
	f = fault_of(ERR_MISMATCH, chosen);
	T_EQ(f.kind, SHARES_GROUP_DIGEST);
	T_EQ(f.card, 2);
	T_EQ(f.group, 2);
	/* a group that fits together, of another secret */
	T_EQ(set_split(""), ERR_OK);
	for (size_t g = 0; g < 3; g++) {
		set.plan.groups[g].threshold = set.plan.groups[g].count = 1;
	}
	T_EQ(set_split(""), ERR_OK);
	set.cards[2].value[3] ^= 1;
	f = fault_of(ERR_MISMATCH, (const int[]){ 0, 2, -1 });
	T_EQ(f.kind, SHARES_SET_DIGEST);
	f = fault_of(ERR_OK, (const int[]){ 0, 1, -1 });
	T_EQ(f.kind, SHARES_GOOD);
}

/* Cards of thirty sets with one identifier: a forger may choose it.  Nothing but a fault comes. */
static void sets_with_one_identifier(void)
{
	for (int round = 0; round < 30; round++) {
		struct share mixed[4];
		uint8_t out[SHARES_SECRET_MAX];
		struct shares_fault fault;
		size_t n;

		set_two_of_three();
		T_EQ(set_split(""), ERR_OK);
		mixed[0] = set.cards[0];
		mixed[1] = set.cards[1];
		mixed[2] = set.cards[3];
		T_EQ(set_split(""), ERR_OK);
		mixed[3] = set.cards[4];
		mixed[3].id = mixed[0].id;
		mixed[3].extendable = mixed[0].extendable;
		T_EQ(shares_combine(out, &n, mixed, 4, bytes_str(""), &fault), ERR_MISMATCH);
		T_EQ(fault.kind, SHARES_GROUP_DIGEST);
		T_EQ(fault.group, 1);
	}
}

/* What a head may not say stops who writes it: nobody can have it from outside. */
static struct share broken;

static void write_broken(void)
{
	char text[SHARES_TEXT_BYTES];

	shares_text(text, &broken);
}

static void heads_out_of_range(void)
{
	const struct share good = {
		.group_threshold = 1, .group_count = 1, .member_threshold = 1, .n = 16
	};

	struct share bad[] = { good, good, good, good, good, good, good, good, good, good, good };

	bad[0].id = 1U << 15;
	bad[1].exponent = 16;
	bad[2].group_threshold = 0;
	bad[3].group_threshold = 2;
	bad[4].group_threshold = bad[4].group_count = 17;
	bad[5].group = 16;
	bad[6].member = 16;
	bad[7].member_threshold = 0;
	bad[8].member_threshold = 17;
	bad[9].n = 14;
	bad[10].n = 66;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		broken = bad[i];
		T_CHECK(t_dies(SIGABRT, write_broken));
	}
	broken = good;
	broken.n = 17;
	T_CHECK(t_dies(SIGABRT, write_broken));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "list", list },
		{ "field", field },
		{ "polynomials", polynomials },
		{ "polynomials need distinct points", polynomials_need_points },
		{ "random plans", random_plans },
		{ "cards as words", cards_as_words },
		{ "the largest plan", the_largest_plan },
		{ "plans refused", plans_refused },
		{ "passphrases and random", passphrases_and_random },
		{ "one wrong word is found, and where", one_wrong_word_is_found },
		{ "swapped words are found", swapped_words_are_found },
		{ "two or three wrong words are found", two_or_three_wrong_words_are_found },
		{ "texts refused", texts_refused },
		{ "wrong collections", wrong_collections },
		{ "forged cards", forged_cards },
		{ "forged members", forged_members },
		{ "sets with one identifier", sets_with_one_identifier },
		{ "heads out of range", heads_out_of_range },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
