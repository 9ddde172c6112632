/* SPDX-License-Identifier: Apache-2.0 */
#include "es256_other.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

void *other_new(uint8_t key[64])
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	uint8_t point[65];
	size_t n = 0;

	if (pair == NULL ||
	    EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
					    &n) != 1 ||
	    n != sizeof point || point[0] != 0x04) {
		abort();
	}
	memcpy(key, point + 1, 64);
	return pair;
}

void other_free(void *pair)
{
	EVP_PKEY_free(pair);
}

size_t other_sign(void *pair, const uint8_t *message, size_t n, uint8_t out[OTHER_SIGNATURE_ROOM])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t out_n = OTHER_SIGNATURE_ROOM;

	if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pair) != 1 ||
	    EVP_DigestSign(md, out, &out_n, message, n) != 1) {
		abort();
	}
	EVP_MD_CTX_free(md);
	return out_n;
}

bool other_verify(void *pair, const uint8_t *message, size_t n, const uint8_t *signature,
		  size_t signature_n)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, pair) == 1 &&
		    EVP_DigestVerify(md, signature, signature_n, message, n) == 1;

	EVP_MD_CTX_free(md);
	return good;
}
