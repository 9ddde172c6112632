/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - a customer's deposit message: his place in the books, encrypted so that it looks random
 * and can be turned back without any table.  Synthetic IV: tag = HMAC(key, "tag" index), 11 bytes;
 * pad = HMAC(key, "pad" tag), 4 bytes; token = base32(tag || index xor pad).  A guessed token is
 * one of ours with probability 2^-88.  The key follows from the journal's secret: deposits find
 * their customers as long as the journal can be read.
 */
#include <string.h>

#include "base/base32.h"
#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "payout/inner.h"

enum { TAG_BYTES = 11, TOKEN_BYTES = 15 };

static void part(struct hash32 *out, const struct hash32 *key, const char *label, struct bytes in)
{
	uint8_t text[3 + TAG_BYTES];

	CHECK(in.n <= TAG_BYTES);
	memcpy(text, label, 3);
	memcpy(text + 3, in.p, in.n);
	hmac_sha256(out, bytes_of(key->b, sizeof key->b), bytes_of(text, 3 + in.n));
}

static void tag_of(struct hash32 *out, const struct hash32 *key, uint32_t index)
{
	uint8_t le[4];

	le32_put(le, index);
	part(out, key, "tag", bytes_of(le, sizeof le));
}

void token_make(char out[PAYOUT_TOKEN_CHARS + 1], const struct hash32 *key, uint32_t index)
{
	struct hash32 tag, pad;
	uint8_t token[TOKEN_BYTES];

	tag_of(&tag, key, index);
	memcpy(token, tag.b, TAG_BYTES);
	part(&pad, key, "pad", bytes_of(token, TAG_BYTES));
	le32_put(token + TAG_BYTES, index ^ le32_get(pad.b));
	base32_put(out, bytes_of(token, sizeof token));
}

bool token_read(uint32_t *index, const struct hash32 *key, struct bytes text)
{
	struct hash32 tag, pad;
	uint8_t token[TOKEN_BYTES];
	uint32_t i;

	if (text.n != PAYOUT_TOKEN_CHARS || base32_get(token, sizeof token, text) != ERR_OK) {
		return false;
	}
	part(&pad, key, "pad", bytes_of(token, TAG_BYTES));
	i = le32_get(token + TAG_BYTES) ^ le32_get(pad.b);
	tag_of(&tag, key, i);
	if (!crypto_eq(tag.b, token, TAG_BYTES)) {
		return false;
	}
	*index = i;
	return true;
}

enum err payout_token(char out[PAYOUT_TOKEN_CHARS + 1], const struct payout *p,
		      struct bytes customer)
{
	const struct books_account *a;
	struct id128 id;

	books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, customer);
	a = books_account(&p->books, &id);
	if (a == NULL) {
		return ERR_NOT_FOUND;
	}
	if (a->closed) {
		return ERR_CLOSED;
	}
	token_make(out, &p->token_key, (uint32_t)(a - p->books.accounts));
	return ERR_OK;
}
