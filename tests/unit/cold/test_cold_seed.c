/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a cold key follows from the kernel and the dice together, and what nobody rolled is
 * refused. Method: each rule by the smallest example on both sides; the key by its definition,
 * computed here.
 */
#include <stdio.h>
#include <string.h>

#include "cold/cold_seed.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "t.h"

/* n rolls of a die that is honest, and the same each time. */
static struct bytes rolled(char *out, size_t n)
{
	uint64_t state = 12345;

	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (char)('1' + (state >> 33) % 6);
	}
	return bytes_of(out, n);
}

static void dice(void)
{
	static char room[COLD_DICE_MAX + 1];
	struct bytes good;

	T_EQ(cold_dice_check(rolled(room, 99)).err, ERR_FIELD_RANGE);
	T_EQ(cold_dice_check(rolled(room, 1001)).err, ERR_FIELD_RANGE);
	T_EQ(cold_dice_check(rolled(room, 1000)).err, ERR_OK);
	good = rolled(room, 100);
	T_EQ(cold_dice_check(good).err, ERR_OK);
	room[50] = '0';
	T_EQ(cold_dice_check(good).err, ERR_INPUT);
	room[50] = '7';
	T_EQ(cold_dice_check(good).err, ERR_INPUT);
	memset(room, '3', 100);
	T_EQ(cold_dice_check(good).err, ERR_POLICY);
	for (size_t i = 0; i < 100; i++) {
		room[i] = (char)('1' + i % 6);
	}
	T_EQ(cold_dice_check(good).err, ERR_POLICY);
	for (size_t i = 25; i < 100; i++) {
		room[i] = room[i - 25];
	}
	T_EQ(cold_dice_check(good).err, ERR_POLICY);
	/* a face that comes twice as often, without a pattern */
	(void)rolled(room, 100);
	for (size_t i = 0; i < 100; i += 3) {
		room[i] = '6';
	}
	T_EQ(cold_dice_check(good).err, ERR_POLICY);
	T_STR(cold_dice_check(good).field, "dice");
}

static void keys(void)
{
	static char room[100];
	struct bytes rolls = rolled(room, sizeof room);
	uint8_t kernel[COLD_ENTROPY_BYTES] = { 1, 2, 3 };
	uint8_t one[COLD_KEY_BYTES], two[COLD_KEY_BYTES];
	char text[256];
	struct hash32 want;
	int n;

	cold_seed_make(one, kernel, rolls);
	n = snprintf(text, sizeof text, "kuramori cold key v1\n");
	memcpy(text + n, kernel, sizeof kernel);
	memcpy(text + n + 32, room, sizeof room);
	sha256(&want, bytes_of(text, (size_t)n + 32 + sizeof room));
	T_MEM(one, want.b, 32);
	/* either alone changes it */
	kernel[31] = 1;
	cold_seed_make(two, kernel, rolls);
	T_CHECK(memcmp(one, two, 32) != 0);
	kernel[31] = 0;
	room[99] = room[99] == '1' ? '2' : '1';
	cold_seed_make(two, kernel, rolls);
	T_CHECK(memcmp(one, two, 32) != 0);
	/* the drill: the dice alone, and another key */
	cold_seed_make(one, NULL, rolls);
	cold_seed_make(two, NULL, rolls);
	T_MEM(one, two, 32);
	n = snprintf(text, sizeof text, "kuramori cold drill v1\n%.100s", room);
	sha256(&want, bytes_of(text, (size_t)n));
	T_MEM(one, want.b, 32);
}

static enum err judged(const char *passphrase)
{
	return cold_passphrase_check(bytes_str(passphrase)).err;
}

static void passphrases(void)
{
	T_EQ(judged(""), ERR_FIELD_RANGE);
	T_EQ(judged("nineteen characters"), ERR_FIELD_RANGE);
	T_EQ(judged("twenty characters, 1"), ERR_OK);
	/* characters, not bytes: 19 and 20 of three bytes each */
	T_EQ(judged("あいうえおかきくけこさしすせそたちつて"), ERR_FIELD_RANGE);
	T_EQ(judged("あいうえおかきくけこさしすせそたちつてと"), ERR_OK);
	T_EQ(judged("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ERR_POLICY);
	T_EQ(judged("abcdefgabcdefgabcdefgabcdefg"), ERR_POLICY);
	T_EQ(judged("abcdefghabcdefghabcdefgh"), ERR_OK);
	T_STR(cold_passphrase_check(bytes_str("x")).field, "passphrase");
	/* neither how long it was nor what it lacked: it may stand in a transcript */
	T_CHECK(!cold_passphrase_check(bytes_str("x")).has_figure);
	T_CHECK(
	    !cold_passphrase_check(bytes_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")).has_figure);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what nobody rolled is refused", dice },
		{ "a key is kernel and dice", keys },
		{ "a weak passphrase seals nothing", passphrases },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
