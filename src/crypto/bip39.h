/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bip39.h - a secret as English words (BIP39), for taking an account over from another wallet.
 *
 * Looking a word up and choosing one read the whole list each time, and each place of the text is
 * treated as if a word could begin or end there: what shows is the length of the whole text, how
 * many words it has, and whether it is good (tests/gates/ctime_edk.c).  Of a passphrase the length
 * of each character shows, as it must be UTF-8.  Nothing allocates; what was secret on the stack is
 * wiped.  crypto_init() comes first.
 */
#ifndef KURAMORI_CRYPTO_BIP39_H
#define KURAMORI_CRYPTO_BIP39_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	BIP39_WORDS = 2048,
	BIP39_WORD_MAX = 8, /* letters */
	BIP39_COUNT_MAX = 24,
	BIP39_ENTROPY_MAX = 32,
	BIP39_TEXT_BYTES = BIP39_COUNT_MAX * (BIP39_WORD_MAX + 1), /* with the NUL */
	BIP39_PASSPHRASE_MAX = 256,
	BIP39_SEED_BYTES = 64,
};

/*
 * entropy: 16, 20, 24, 28 or 32 bytes, which become 12, 15, 18, 21 or 24 words with one blank
 * between them and NULs up to the end of out.  The caller wipes out.
 * ERR_INPUT: another length; out untouched.
 */
MUST_CHECK enum err bip39_text(char out[BIP39_TEXT_BYTES], struct bytes entropy);

/*
 * The same 24 words of 32 bytes that are no secret: without the care above, so that its time
 * depends on them.
 */
void bip39_public_text(char out[BIP39_TEXT_BYTES], const uint8_t entropy[BIP39_ENTROPY_MAX]);

/*
 * The entropy of a text in the spelling bip39_text() writes: lower case, one blank between words,
 * none around them.  Writes *n bytes; the caller wipes out.
 * ERR_INPUT: a number of words other than the five, another spelling, a word not on the list.
 * ERR_KEY: the checksum is wrong.  out and *n are written only on ERR_OK.
 */
MUST_CHECK enum err bip39_entropy(uint8_t out[BIP39_ENTROPY_MAX], size_t *n, struct bytes text);

/*
 * The seed: PBKDF2 with HMAC-SHA-512, 2,048 rounds, salt "mnemonic" and the passphrase (which may
 * be empty).  BIP39 normalises a passphrase by NFKD: the caller has done that (ASCII is its own
 * normal form), or this is another wallet's key.  The caller wipes out.
 * ERR_INPUT, ERR_KEY: as bip39_entropy().  ERR_FIELD_RANGE: a passphrase above
 * BIP39_PASSPHRASE_MAX bytes, with a control character of ASCII, or that is not UTF-8.  out is
 * written only on ERR_OK.
 */
MUST_CHECK enum err bip39_seed(uint8_t out[BIP39_SEED_BYTES], struct bytes text,
			       struct bytes passphrase);

#endif
