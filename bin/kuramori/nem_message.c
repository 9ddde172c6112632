/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted messages between two accounts (chain/nem/nem_message.h). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_message.h"
#include "crypto/crypto.h"
#include "io/random.h"
#include "nem.h"

/* The two accounts: whose key we hold, and the other. */
static int accounts(const struct cli *c, const char *other_hex, const char *path,
		    struct edk_secret *secret, struct key32 *other)
{
	if (hex_get(other->b, sizeof other->b, bytes_str(other_hex), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_KEY, "the other account is a public key of 64 hexadecimal "
					 "digits: an address is not enough");
	}
	if (c->nem_key_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "say with --nem-key-file which key is yours");
	}
	if (strcmp(c->nem_key_file, "-") == 0 && strcmp(path, "-") == 0) {
		return cli_fail(ERR_USAGE, "key and message cannot both be standard input");
	}
	return cli_nem_key(c->nem_key_file, secret);
}

static int read_cipher(const struct cli *c, enum nem_cipher *out)
{
	*out = strcmp(c->cipher, "old") == 0 ? NEM_CIPHER_OLD : NEM_CIPHER_NEW;
	return strcmp(c->cipher, "old") == 0 || strcmp(c->cipher, "new") == 0
		   ? 0
		   : cli_fail(ERR_CONFIG, "cipher: old (NIS, nem-sdk) or new (symbol-sdk)");
}

static int encrypt(const struct cli *c, const char *other_hex, const char *path)
{
	uint8_t text[NEM_MESSAGE_MAX + 2], payload[NEM_MESSAGE_MAX];
	uint8_t random[NEM_MESSAGE_RANDOM_BYTES];
	char hex[2 * NEM_MESSAGE_MAX + 1];
	struct edk_secret secret = { .scalar = { 0 } };
	enum nem_cipher cipher = NEM_CIPHER_NEW;
	struct key32 other;
	size_t n = 0, m = 0;
	enum err e;
	int code = read_cipher(c, &cipher);

	if (code == 0) {
		code = accounts(c, other_hex, path, &secret, &other);
	}
	if (code == 0) {
		code = cli_read(path, text, sizeof text, &n);
	}
	if (code == 0) {
		random_fill(random, sizeof random);
		e = nem_message_encrypt(payload, &m, cipher, &secret, &other, bytes_of(text, n),
					random);
		if (e == ERR_KEY) {
			code = cli_fail(e, "%s is no account's key", other_hex);
		} else if (e != ERR_OK) {
			code = cli_fail(e, "a message has 1 to %d bytes",
					cipher == NEM_CIPHER_NEW ? NEM_MESSAGE_NEW_MAX
								 : NEM_MESSAGE_OLD_MAX);
		} else {
			hex_put(hex, bytes_of(payload, m));
			printf(c->json ? "{\"payload\":\"%s\",\"type\":2}\n" : "%s\n", hex);
		}
	}
	edk_secret_wipe(&secret);
	crypto_wipe(text, sizeof text);
	return code;
}

static int decrypt(const struct cli *c, const char *other_hex, const char *path)
{
	char hex[2 * NEM_MESSAGE_MAX + 3], out[2 * NEM_MESSAGE_MAX + 1];
	uint8_t payload[NEM_MESSAGE_MAX], plain[NEM_MESSAGE_MAX];
	struct edk_secret secret = { .scalar = { 0 } };
	enum nem_cipher cipher = NEM_CIPHER_NEW;
	struct key32 other;
	size_t n = 0, m = 0;
	enum err e;
	int code = accounts(c, other_hex, path, &secret, &other);

	if (code == 0) {
		code = cli_read(path, (uint8_t *)hex, sizeof hex, &n);
	}
	while (code == 0 && n > 0 && isspace((unsigned char)hex[n - 1]) != 0) {
		n--;
	}
	if (code == 0 && (n == 0 || n % 2 != 0 || n / 2 > sizeof payload ||
			  hex_get(payload, n / 2, bytes_of(hex, n), HEX_ANY_CASE) != ERR_OK)) {
		code = cli_fail(ERR_INPUT, "a payload is at most %d bytes in hexadecimal digits",
				NEM_MESSAGE_MAX);
	}
	if (code == 0) {
		e = nem_message_decrypt(plain, &m, &cipher, &secret, &other,
					bytes_of(payload, n / 2));
		if (e != ERR_OK) {
			code = cli_fail(e, "no message between these two accounts");
		} else if (c->json) {
			hex_put(out, bytes_of(plain, m));
			printf("{\"text_hex\":\"%s\",\"cipher\":\"%s\"}\n", out,
			       cipher == NEM_CIPHER_NEW ? "new" : "old");
			crypto_wipe(out, sizeof out);
		} else {
			/* The text is a stranger's: nothing of it may steer a terminal. */
			cli_clean(out, sizeof out, bytes_of(plain, m));
			printf("%s\n", out);
			crypto_wipe(out, sizeof out);
			if (cipher == NEM_CIPHER_OLD) {
				(void)fprintf(stderr,
					      _("kuramori: note: of the old kind, which does "
						"not show whether it was altered\n"));
			}
		}
	}
	edk_secret_wipe(&secret);
	crypto_wipe(plain, sizeof plain);
	return code;
}

int cli_nem_message(struct cli *c, const char *const *w, size_t n)
{
	if (n == 3 && strcmp(w[0], "encrypt") == 0) {
		return encrypt(c, w[1], w[2]);
	}
	if (n == 3 && strcmp(w[0], "decrypt") == 0) {
		return decrypt(c, w[1], w[2]);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori nem message encrypt|decrypt PUBLICKEY FILE|-");
}
