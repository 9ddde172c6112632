/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_address.h"

#include <stddef.h>
#include <string.h>

#include "base/base32.h"
#include "base/check.h"
#include "chain/nem/nem_network.h"
#include "crypto/keccak.h"
#include "crypto/ripemd160.h"

enum { RAW_BYTES = 25, BODY_BYTES = 21, CHECKSUM_BYTES = 4 };

/* What a person can do something about; one sentence per way to be wrong. */
static const char why_empty[] = "the address is empty";
static const char why_short[] = "the address is shorter than 40 characters";
static const char why_long[] = "the address is longer than 40 characters";
static const char why_hyphen[] = "the address has hyphens or blanks: write its 40 characters alone";
static const char why_lower[] = "the address has lower-case letters: write it in upper case";
static const char why_character[] = "the address has a character other than A-Z and 2-7";
static const char why_checksum[] = "the checksum of the address is wrong: it was mistyped";
static const char why_unknown_network[] = "the address belongs to no known network";
static const char why_main[] = "the address belongs to the main network";
static const char why_test[] = "the address belongs to the test network";
static const char why_mijin[] = "the address belongs to a mijin network";

static enum err refuse(const char **why, const char *reason, enum err e)
{
	if (why != NULL) {
		*why = reason;
	}
	return e;
}

static void checksum(uint8_t out[CHECKSUM_BYTES], const uint8_t body[BODY_BYTES])
{
	struct hash32 h;

	keccak256(&h, bytes_of(body, BODY_BYTES));
	memcpy(out, h.b, CHECKSUM_BYTES);
}

void nem_address_from_key(struct nem_address *out, const struct key32 *public_key, uint8_t network)
{
	struct hash32 h;
	uint8_t raw[RAW_BYTES];

	keccak256(&h, bytes_of(public_key->b, sizeof public_key->b));
	raw[0] = network;
	ripemd160(raw + 1, bytes_of(h.b, sizeof h.b));
	checksum(raw + BODY_BYTES, raw);
	base32_put(out->text, bytes_of(raw, sizeof raw));
}

static bool is_separator(uint8_t c)
{
	return c == '-' || c == ' ' || c == '\t';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

/* The reason why characters are wrong, the most helpful first; NULL if all are base32. */
static const char *characters_wrong(struct bytes text)
{
	const char *reason = NULL;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if ((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')) {
			continue;
		}
		if (!is_lower(c) && !is_separator(c)) {
			return why_character;
		}
		if (is_separator(c)) {
			reason = why_hyphen;
		} else if (reason == NULL) {
			reason = why_lower;
		}
	}
	return reason;
}

static const char *network_wrong(uint8_t network)
{
	switch (network) {
	case NEM_NETWORK_MAIN:
		return why_main;
	case NEM_NETWORK_TEST:
		return why_test;
	case NEM_NETWORK_MIJIN:
		return why_mijin;
	}
	return why_unknown_network;
}

enum err nem_address_parse(struct nem_address *out, uint8_t network, struct bytes text,
			   const char **why)
{
	uint8_t raw[RAW_BYTES];
	uint8_t want[CHECKSUM_BYTES];
	const char *reason;

	if (text.n == 0) {
		return refuse(why, why_empty, ERR_ADDRESS);
	}
	reason = characters_wrong(text);
	if (reason != NULL) {
		return refuse(why, reason, ERR_ADDRESS);
	}
	if (text.n != NEM_ADDRESS_CHARS) {
		return refuse(why, text.n < NEM_ADDRESS_CHARS ? why_short : why_long, ERR_ADDRESS);
	}
	if (base32_get(raw, sizeof raw, text) != ERR_OK) {
		return refuse(why, why_character, ERR_ADDRESS);
	}
	/* The checksum first: a mistyped first letter is a typing error, not another network. */
	checksum(want, raw);
	if (!bytes_eq(bytes_of(want, sizeof want), bytes_of(raw + BODY_BYTES, CHECKSUM_BYTES))) {
		return refuse(why, why_checksum, ERR_ADDRESS);
	}
	if (raw[0] != network) {
		return refuse(why, network_wrong(raw[0]), ERR_NETWORK);
	}
	if (!nem_network_known(network)) {
		return refuse(why, why_unknown_network, ERR_NETWORK);
	}
	memcpy(out->text, text.p, NEM_ADDRESS_CHARS);
	out->text[NEM_ADDRESS_CHARS] = '\0';
	return ERR_OK;
}

enum err nem_address_check(const struct nem_address *a, uint8_t network)
{
	struct nem_address same;

	return nem_address_parse(&same, network,
				 bytes_of(a->text, strnlen(a->text, sizeof a->text)), NULL);
}

enum err nem_address_normalise(struct nem_address *out, uint8_t network, struct bytes text,
			       const char **why)
{
	uint8_t plain[NEM_ADDRESS_CHARS + 1];
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (is_separator(c)) {
			continue;
		}
		if (n == sizeof plain) {
			break;
		}
		plain[n++] = is_lower(c) ? (uint8_t)(c - 'a' + 'A') : c;
	}
	return nem_address_parse(out, network, bytes_of(plain, n), why);
}

uint8_t nem_address_network(const struct nem_address *a)
{
	uint8_t raw[RAW_BYTES];
	enum err e = base32_get(raw, sizeof raw, nem_address_bytes(a));

	CHECK(e == ERR_OK);
	return raw[0];
}

bool nem_address_eq(const struct nem_address *a, const struct nem_address *b)
{
	return nem_address_cmp(a, b) == 0;
}

int nem_address_cmp(const struct nem_address *a, const struct nem_address *b)
{
	return strcmp(a->text, b->text);
}

struct bytes nem_address_bytes(const struct nem_address *a)
{
	return bytes_of(a->text, NEM_ADDRESS_CHARS);
}
