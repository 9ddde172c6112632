/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_seed.h"

#include <string.h>

#include "base/words.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "policy/verdict.h"

enum { FACES = 6, CHI_SQUARE_MAX = 26 };

static bool repeats(struct bytes rolls, size_t period)
{
	return crypto_eq(rolls.p, rolls.p + period, rolls.n - period);
}

struct policy_verdict cold_dice_check(struct bytes rolls)
{
	uint64_t count[FACES] = { 0 };
	uint64_t squares = 0;

	if (rolls.n < COLD_DICE_MIN) {
		return too_little(ERR_FIELD_RANGE, "dice", "too few rolls", rolls.n, COLD_DICE_MIN);
	}
	if (rolls.n > COLD_DICE_MAX) {
		return refuse_figure(ERR_FIELD_RANGE, "dice", "too many rolls", rolls.n,
				     COLD_DICE_MAX);
	}
	for (size_t i = 0; i < rolls.n; i++) {
		if (rolls.p[i] < '1' || rolls.p[i] > '6') {
			return refuse(ERR_INPUT, "dice", "a roll is a digit from 1 to 6");
		}
		count[rolls.p[i] - '1']++;
	}
	for (size_t period = 1; period <= rolls.n / 4; period++) {
		if (repeats(rolls, period)) {
			return refuse(ERR_POLICY, "dice", "a pattern that repeats: roll the dice");
		}
	}
	for (size_t i = 0; i < FACES; i++) {
		squares += count[i] * count[i];
	}
	/* chi-square = 6/n * sum of squares - n */
	if (FACES * squares - rolls.n * rolls.n > CHI_SQUARE_MAX * rolls.n) {
		return refuse(ERR_POLICY, "dice", "one face comes far too often: roll other dice");
	}
	return allowed;
}

struct policy_verdict cold_passphrase_check(struct bytes text)
{
	bool seen[256] = { false };
	size_t characters = 0;
	size_t different = 0;

	for (size_t i = 0; i < text.n; i++) {
		characters += (text.p[i] & 0xc0) != 0x80; /* not the further bytes of one */
		different += !seen[text.p[i]];
		seen[text.p[i]] = true;
	}
	crypto_wipe(seen, sizeof seen);
	if (characters < COLD_PASSPHRASE_MIN) {
		return refuse(ERR_FIELD_RANGE, "passphrase", "too short: take six words or more");
	}
	if (different < COLD_PASSPHRASE_DIFFERENT) {
		return refuse(ERR_POLICY, "passphrase",
			      "too few different characters: take six words or more");
	}
	return allowed;
}

void cold_seed_make(uint8_t out[COLD_KEY_BYTES], const uint8_t *kernel, struct bytes rolls)
{
	struct sha256 s;
	struct hash32 digest;

	sha256_init(&s);
	if (kernel != NULL) {
		sha256_update(&s, bytes_str("kuramori cold key v1\n"));
		sha256_update(&s, bytes_of(kernel, COLD_ENTROPY_BYTES));
	} else {
		sha256_update(&s, bytes_str("kuramori cold drill v1\n"));
	}
	sha256_update(&s, rolls);
	sha256_final(&s, &digest);
	memcpy(out, digest.b, COLD_KEY_BYTES);
	crypto_wipe(&digest, sizeof digest);
	crypto_wipe(&s, sizeof s);
}
