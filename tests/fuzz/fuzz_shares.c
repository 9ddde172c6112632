/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no text brings the reader of cards down; what it reads it would write the same; and no
 * collection of cards, bent or not, brings a secret other than the one that was split.
 * Method: the bytes are read as a card.  Then they are a script over a fixed set of cards: which
 * cards are given, and which bits of their values, which numbers of groups and members are bent.
 */
#include "fuzz_main.h"

#include "crypto/crypto.h"
#include "shares/shares.h"

enum { CARDS = 7, STEP_BYTES = 3, STEPS_MAX = 12 };

static struct share set[CARDS];
static struct hash32 mark;

static void init(void)
{
	/* two groups of: one card; two of three; three of three */
	const struct shares_plan plan = { .group_threshold = 2,
					  .group_count = 3,
					  .groups = { { 1, 1 }, { 2, 3 }, { 3, 3 } } };
	uint8_t secret[16], random[2 + 12 + 12 + 28];
	size_t cards = 0, bytes = 0;

	FUZZ_CHECK(crypto_init() == ERR_OK);
	for (size_t i = 0; i < sizeof secret; i++) {
		secret[i] = (uint8_t)(i * 17 + 5);
	}
	for (size_t i = 0; i < sizeof random; i++) {
		random[i] = (uint8_t)(i * 29 + 3);
	}
	FUZZ_CHECK(shares_need(&plan, sizeof secret, &cards, &bytes) == ERR_OK);
	FUZZ_CHECK(cards == CARDS && bytes == sizeof random);
	FUZZ_CHECK(shares_split(set, &plan, bytes_of(secret, sizeof secret), bytes_str("fuzz"),
				bytes_of(random, sizeof random)) == ERR_OK);
	shares_mark(&mark, bytes_of(secret, sizeof secret));
}

static void as_card(struct bytes in)
{
	struct share card, kept;
	struct shares_fault fault;
	char text[SHARES_TEXT_BYTES];
	enum err e;

	memset(&card, 0x7e, sizeof card);
	kept = card;
	e = shares_read(&card, in, &fault);
	FUZZ_CHECK(e == ERR_OK || e == ERR_INPUT || e == ERR_KEY);
	FUZZ_CHECK((e == ERR_OK) == (fault.kind == SHARES_GOOD));
	if (e != ERR_OK) {
		FUZZ_CHECK(memcmp(&card, &kept, sizeof card) == 0);
		FUZZ_CHECK(fault.word <= in.n + 1);
		return;
	}
	shares_text(text, &card);
	FUZZ_CHECK(strlen(text) == in.n && memcmp(text, in.p, in.n) == 0);
}

static void as_script(struct bytes in)
{
	struct share given[STEPS_MAX];
	struct shares_fault fault;
	size_t count = 0;
	enum err e;

	for (size_t at = 0; at + STEP_BYTES <= in.n && count < STEPS_MAX; at += STEP_BYTES) {
		const uint8_t *step = in.p + at;
		struct share *card = &given[count++];

		*card = set[(step[0] & 15) % CARDS];
		if ((step[0] >> 4) == 1) {
			card->value[step[1] % 16] ^= step[2];
		} else if ((step[0] >> 4) == 2) {
			card->member = step[1] & 15;
		} else if ((step[0] >> 4) == 3) {
			card->group = step[1] & 15;
		} else if ((step[0] >> 4) == 4) {
			card->member_threshold = (uint8_t)(1 + (step[1] & 15));
		}
	}
	e = shares_verify(&mark, given, count, bytes_str("fuzz"), &fault);
	FUZZ_CHECK(fault.kind != SHARES_OTHER_SECRET);
	FUZZ_CHECK((e == ERR_OK) == (fault.kind == SHARES_GOOD));
	FUZZ_CHECK(e == ERR_OK || (fault.card < count + 1 && fault.other < count + 1));
}

static void run(const uint8_t *p, size_t n)
{
	/* exactly as long as it is: who reads on is seen by a sanitizer */
	uint8_t *copy = malloc(n > 0 ? n : 1);

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	as_card(bytes_of(copy, n));
	as_script(bytes_of(copy, n));
	free(copy);
}
