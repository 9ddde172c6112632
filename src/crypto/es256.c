/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/es256.h"

#include <bearssl.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum { HALF = 32, INTEGER = 0x02, SEQUENCE = 0x30, NEGATIVE = 0x80 };

/* The order of the group, big-endian (FIPS 186-4, D.1.2.3). */
static const uint8_t order[HALF] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
	0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

/* BearSSL takes points with the mark of an uncompressed one in front. */
static void point_of(uint8_t out[1 + ES256_KEY_BYTES], const uint8_t key[ES256_KEY_BYTES])
{
	out[0] = 0x04;
	memcpy(out + 1, key, ES256_KEY_BYTES);
}

bool es256_key_ok(const uint8_t key[ES256_KEY_BYTES])
{
	static const uint8_t one[1] = { 1 };
	uint8_t point[1 + ES256_KEY_BYTES];

	point_of(point, key);
	return br_ec_p256_m31.mul(point, sizeof point, one, sizeof one, BR_EC_secp256r1) == 1;
}

/* One INTEGER off the front of *in, into 32 bytes. */
static enum err integer_read(uint8_t out[HALF], struct bytes *in)
{
	static const uint8_t zero[HALF];
	const uint8_t *p;
	size_t n;

	if (in->n < 2 || in->p[0] != INTEGER) {
		return ERR_INPUT;
	}
	n = in->p[1];
	/* lengths from 128 on have another form, and no integer here is that long */
	if (n == 0 || n > HALF + 1 || n > in->n - 2) {
		return ERR_INPUT;
	}
	p = in->p + 2;
	*in = bytes_of(p + n, in->n - 2 - n);
	if ((p[0] & NEGATIVE) != 0 || (n > 1 && p[0] == 0 && (p[1] & NEGATIVE) == 0)) {
		return ERR_INPUT;
	}
	if (p[0] == 0) {
		p++;
		n--;
	}
	if (n > HALF) {
		return ERR_FIELD_RANGE;
	}
	memset(out, 0, HALF);
	memcpy(out + HALF - n, p, n);
	return memcmp(out, zero, HALF) == 0 || memcmp(out, order, HALF) >= 0 ? ERR_FIELD_RANGE
									     : ERR_OK;
}

enum err es256_der_read(uint8_t out[ES256_RAW_BYTES], struct bytes der)
{
	uint8_t raw[ES256_RAW_BYTES];
	struct bytes rest;
	enum err r, s;

	if (der.n < 2 || der.n > ES256_DER_BYTES_MAX || der.p[0] != SEQUENCE ||
	    der.p[1] != der.n - 2) {
		return ERR_INPUT;
	}
	rest = bytes_of(der.p + 2, der.n - 2);
	r = integer_read(raw, &rest);
	if (r == ERR_INPUT) {
		return r;
	}
	s = integer_read(raw + HALF, &rest);
	if (s == ERR_INPUT || rest.n != 0) {
		return ERR_INPUT;
	}
	if (r != ERR_OK || s != ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	memcpy(out, raw, sizeof raw);
	return ERR_OK;
}

bool es256_verify(const uint8_t key[ES256_KEY_BYTES], struct bytes message, struct bytes der)
{
	uint8_t point[1 + ES256_KEY_BYTES], raw[ES256_RAW_BYTES];
	const br_ec_public_key k = { .curve = BR_EC_secp256r1, .q = point, .qlen = sizeof point };
	struct hash32 hash;

	crypto_checks_add();
	if (es256_der_read(raw, der) != ERR_OK) {
		return false;
	}
	point_of(point, key);
	sha256(&hash, message);
	/* it says no to a point that is not on the curve */
	return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, hash.b, sizeof hash.b, &k, raw, sizeof raw) ==
	       1;
}
