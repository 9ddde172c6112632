/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: marks are SipHash-2-4 under the key that is given, of all 32 bytes.
 * Method: openssl mac -macopt hexkey:00..0f -macopt size:8 SipHash, of 00..1f; each bit altered.
 */
#include "crypto/mark.h"
#include "t.h"

static void other_implementation(void)
{
	uint8_t key[MARK_KEY_BYTES];
	struct hash32 h;

	for (uint8_t i = 0; i < sizeof key; i++) {
		key[i] = i;
	}
	for (uint8_t i = 0; i < sizeof h.b; i++) {
		h.b[i] = i;
	}
	/* printed as ce7cf2722f512771, lowest byte first */
	T_EQ(mark(key, &h), UINT64_C(0x7127512f72f27cce));
	for (size_t bit = 0; bit < 8 * sizeof h.b; bit++) {
		h.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(mark(key, &h) != UINT64_C(0x7127512f72f27cce));
		h.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(mark(key, &h) != UINT64_C(0x7127512f72f27cce));
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "as another implementation", other_implementation },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
