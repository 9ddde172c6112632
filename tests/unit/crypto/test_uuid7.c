/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: names are UUIDv7 as RFC 9562 has them, sort by time, and have one spelling.
 * Method: the RFC's example; limits of time; every altered character.
 */
#include <signal.h>

#include "crypto/uuid7.h"
#include "t.h"

static const uint8_t rfc_random[10] = {
	0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f
};

/* RFC 9562, appendix A.6: 2022-02-22 14:22:22.00 -05:00. */
static void rfc_example(void)
{
	struct id128 id, again;
	char text[UUID7_TEXT_MAX];

	uuid7_make(&id, 0x017f22e279b0, rfc_random);
	uuid7_put(text, &id);
	T_STR(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	T_CHECK(uuid7_is_valid(&id));
	T_EQ(uuid7_ms(&id), 0x017f22e279b0);
	T_EQ(uuid7_get(&again, bytes_str(text)), ERR_OK);
	T_CHECK(id128_eq(&id, &again));
}

static void random_round_trips(void)
{
	for (int i = 0; i < 2000; i++) {
		const uint64_t ms = t_random() >> (16 + t_below(30));
		uint8_t random[UUID7_RANDOM_BYTES];
		char text[UUID7_TEXT_MAX];
		struct id128 id, again;

		for (size_t j = 0; j < sizeof random; j++) {
			random[j] = (uint8_t)t_random();
		}
		uuid7_make(&id, ms, random);
		T_CHECK(uuid7_is_valid(&id));
		T_EQ(uuid7_ms(&id), ms);
		uuid7_put(text, &id);
		T_EQ(strlen(text), 36);
		T_EQ(uuid7_get(&again, bytes_str(text)), ERR_OK);
		T_CHECK(id128_eq(&id, &again));
	}
}

/* 74 bits of the randomness reach the name, each of them. */
static void randomness_is_kept(void)
{
	uint8_t random[UUID7_RANDOM_BYTES] = { 0 };
	struct id128 zero, id;
	int counted = 0;

	uuid7_make(&zero, 1, random);
	for (size_t bit = 0; bit < 80; bit++) {
		random[bit / 8] = (uint8_t)(1u << bit % 8);
		uuid7_make(&id, 1, random);
		random[bit / 8] = 0;
		T_EQ(uuid7_ms(&id), 1);
		counted += !id128_eq(&id, &zero);
	}
	T_EQ(counted, 74);
}

static void sorts_by_time(void)
{
	const uint8_t high[UUID7_RANDOM_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff,
						   0xff, 0xff, 0xff, 0xff, 0xff };
	const uint8_t low[UUID7_RANDOM_BYTES] = { 0 };

	for (int i = 0; i < 500; i++) {
		const uint64_t ms = t_below(((uint64_t)1 << 48) - 1);
		struct id128 early, late;

		uuid7_make(&early, ms, high);
		uuid7_make(&late, ms + 1, low);
		T_CHECK(memcmp(early.b, late.b, 16) < 0);
	}
}

static void too_late(void)
{
	struct id128 id;

	uuid7_make(&id, (uint64_t)1 << 48, rfc_random);
}

static void limits_of_time(void)
{
	struct id128 id;

	uuid7_make(&id, ((uint64_t)1 << 48) - 1, rfc_random);
	T_EQ(uuid7_ms(&id), ((uint64_t)1 << 48) - 1);
	uuid7_make(&id, 0, rfc_random);
	T_EQ(uuid7_ms(&id), 0);
	T_CHECK(t_dies(SIGABRT, too_late));
}

/* Only a digit in the place of a digit may pass, and then it is another name. */
static void every_altered_character(void)
{
	const char *good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	struct id128 right, id;

	T_EQ(uuid7_get(&right, bytes_str(good)), ERR_OK);
	for (size_t i = 0; i < 36; i++) {
		for (int c = 0; c < 256; c++) {
			const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
			bool want = good[i] == '-' ? c == '-' : digit;
			char text[37];

			memcpy(text, good, 37);
			text[i] = (char)c;
			if (i == 14) {
				want = c == '7';
			} else if (i == 19) {
				want = c == '8' || c == '9' || c == 'a' || c == 'b';
			}
			id = right;
			T_EQ(uuid7_get(&id, bytes_of(text, 36)), want ? ERR_OK : ERR_INPUT);
			T_CHECK(id128_eq(&id, &right) == (!want || c == good[i]));
		}
	}
}

static void wrong_lengths(void)
{
	const char *longer = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0";
	struct id128 id;

	for (size_t n = 0; n <= 37; n++) {
		T_EQ(uuid7_get(&id, bytes_of(n > 0 ? longer : NULL, n)),
		     n == 36 ? ERR_OK : ERR_INPUT);
	}
	T_EQ(uuid7_get(&id, bytes_str("{017f22e2-79b0-7cc3-98c4-dc0c0c0739}")), ERR_INPUT);
	T_EQ(uuid7_get(&id, bytes_str("017f22e279b07cc398c4dc0c0c07398f")), ERR_INPUT);
	T_EQ(uuid7_get(&id, bytes_str("017f22e-279b0-7cc3-98c4-dc0c0c07398f")), ERR_INPUT);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the example of RFC 9562", rfc_example },
		{ "random round trips", random_round_trips },
		{ "74 bits of randomness are kept", randomness_is_kept },
		{ "sorts by time", sorts_by_time },
		{ "limits of time", limits_of_time },
		{ "every altered character", every_altered_character },
		{ "wrong lengths", wrong_lengths },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
