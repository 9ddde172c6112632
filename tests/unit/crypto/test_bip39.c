/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: words become the entropy they stand for and back; every other text is refused.
 *
 * Method: the list against its SHA-256; vectors published with BIP39; random round trips; each
 * kind of damage.
 */
#include <string.h>

#include "base/hex.h"
#include "crypto/bip39.h"
#include "crypto/crypto.h"
#include "crypto/hd.h"
#include "crypto/sha256.h"
#include "t.h"

#define ABANDON_11 \
	"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "

static const char words[BIP39_WORDS][BIP39_WORD_MAX] = {
#include "crypto/bip39_words.inc"
};

static void list(void)
{
	struct sha256 s;
	struct hash32 got;
	uint8_t want[32];

	sha256_init(&s);
	for (size_t i = 0; i < BIP39_WORDS; i++) {
		sha256_update(&s, bytes_of(words[i], strnlen(words[i], BIP39_WORD_MAX)));
		sha256_update(&s, bytes_str("\n"));
	}
	sha256_final(&s, &got);
	/* of english.txt as the BIP publishes it, one word a line */
	T_EQ(hex_get(want, 32,
		     bytes_str("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"),
		     HEX_LOWER_ONLY),
	     ERR_OK);
	T_MEM(got.b, want, 32);
}

static void published(void)
{
	static const struct {
		const char *entropy, *text;
	} rows[] = {
		{ "00000000000000000000000000000000", ABANDON_11 "about" },
		{ "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
		  "legal winner thank year wave sausage worth useful legal winner thank yellow" },
		{ "ffffffffffffffffffffffffffffffff",
		  "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong" },
	};

	uint8_t seed[64], want[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t entropy[16];
		char text[BIP39_TEXT_BYTES];

		T_EQ(hex_get(entropy, 16, bytes_str(rows[i].entropy), HEX_LOWER_ONLY), ERR_OK);
		T_EQ(bip39_text(text, bytes_of(entropy, 16)), ERR_OK);
		T_STR(text, rows[i].text);
	}
	T_EQ(hex_get(want, 64,
		     bytes_str("c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
			       "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"),
		     HEX_LOWER_ONLY),
	     ERR_OK);
	T_EQ(bip39_seed(seed, bytes_str(rows[0].text), bytes_str("TREZOR")), ERR_OK);
	T_MEM(seed, want, 64);
}

static void round_trips(void)
{
	for (size_t n = 0; n <= 40; n++) {
		for (int k = 0; k < 20; k++) {
			uint8_t in[40], out[BIP39_ENTROPY_MAX];
			char text[BIP39_TEXT_BYTES];
			size_t out_n = 0;

			for (size_t i = 0; i < n; i++) {
				in[i] = (uint8_t)t_random();
			}
			if (n < 16 || n > 32 || n % 4 != 0) {
				T_EQ(bip39_text(text, bytes_of(in, n)), ERR_INPUT);
				continue;
			}
			T_EQ(bip39_text(text, bytes_of(in, n)), ERR_OK);
			T_EQ(bip39_entropy(out, &out_n, bytes_str(text)), ERR_OK);
			T_EQ(out_n, n);
			T_MEM(out, in, n);
			if (n == BIP39_ENTROPY_MAX) {
				char same[BIP39_TEXT_BYTES];

				memset(same, 'x', sizeof same);
				bip39_public_text(same, in);
				T_MEM(same, text, sizeof text);
			}
		}
	}
}

static void refusals(void)
{
	static const struct {
		const char *text;
		enum err e;
	} rows[] = {
		{ ABANDON_11 "abandon", ERR_KEY },
		{ ABANDON_11 "zoo", ERR_KEY },
		{ ABANDON_11 "abouts", ERR_INPUT },
		{ ABANDON_11 "abou", ERR_INPUT },
		{ ABANDON_11 "About", ERR_INPUT },
		{ ABANDON_11 "about ", ERR_INPUT },
		{ " " ABANDON_11 "about", ERR_INPUT },
		{ ABANDON_11 " about", ERR_INPUT },
		{ ABANDON_11 "about\n", ERR_INPUT },
		{ ABANDON_11 "aboutaboutabout", ERR_INPUT },
		{ ABANDON_11, ERR_INPUT },
		{ ABANDON_11 "abandon about", ERR_INPUT },
		{ ABANDON_11 ABANDON_11 "abandon abandon abandon", ERR_INPUT },
		{ "abandon abandon about", ERR_INPUT },
		{ "", ERR_INPUT },
	};

	static const uint8_t with_nul[] = ABANDON_11 "about\0";
	uint8_t out[64], before[64];
	size_t n = 77;

	memset(out, 0xa5, sizeof out);
	memset(before, 0xa5, sizeof before);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		T_EQ(bip39_entropy(out, &n, bytes_str(rows[i].text)), rows[i].e);
		T_EQ(bip39_seed(out, bytes_str(rows[i].text), bytes_str("")), rows[i].e);
	}
	T_EQ(bip39_entropy(out, &n, bytes_of(with_nul, sizeof with_nul - 1)), ERR_INPUT);
	T_EQ(bip39_seed(out, bytes_str(ABANDON_11 "about"), bytes_str("a\tb")), ERR_FIELD_RANGE);
	T_EQ(bip39_seed(out, bytes_str(ABANDON_11 "about"), bytes_str("a\x7f")), ERR_FIELD_RANGE);
	T_EQ(bip39_seed(out, bytes_str(ABANDON_11 "about"), bytes_str("a\xe3\x81")),
	     ERR_FIELD_RANGE);
	T_EQ(n, 77);
	T_MEM(out, before, sizeof out);
}

static void hd_refusals(void)
{
	uint8_t seed[65] = { 1 };
	struct hd_node node, before;

	memset(&node, 0x5a, sizeof node);
	before = node;
	T_EQ(hd_root(&node, bytes_of(seed, 15)), ERR_INPUT);
	T_EQ(hd_root(&node, bytes_of(seed, 65)), ERR_INPUT);
	T_EQ(hd_child(&node, &node, 0x80000000U), ERR_FIELD_RANGE);
	T_MEM(&node, &before, sizeof node);
	T_EQ(hd_root(&node, bytes_of(seed, 16)), ERR_OK);
	T_EQ(hd_child(&node, &node, 0x7fffffffU), ERR_OK);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "list", list },
		{ "published", published },
		{ "round trips", round_trips },
		{ "refusals", refusals },
		{ "hd refusals", hd_refusals },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
