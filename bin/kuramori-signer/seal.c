/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "io/ask.h"
#include "io/file.h"
#include "io/random.h"
#include "io/secret_arena.h"
#include "signer.h"

/* Everything secret of one sealing. */
struct sealing {
	char key_hex[2 * SIGNER_SECRET_BYTES + 2];
	char passphrase[SEAL_PASSPHRASE_MAX + 2];
	char again[SEAL_PASSPHRASE_MAX + 2];
	struct signer_secrets secrets;
};

static int fail(enum err e, const char *what)
{
	(void)fprintf(stderr, "kuramori-signer: %s: %s\n", what, err_words(e));
	return err_exit(e);
}

static void print_keys(const struct key32 *attest, const struct key32 *chain, bool json)
{
	char a[65];
	char c[65];

	hex_put(a, bytes_of(attest->b, sizeof attest->b));
	hex_put(c, bytes_of(chain->b, sizeof chain->b));
	(void)printf(json ? "{\"attest_key\":\"%s\",\"chain_key\":\"%s\"}\n"
			  : "attest_key %s\nchain_key %s\n",
		     a, c);
}

static int seal(struct sealing *s, const char *path, const struct seal_cost *cost, bool json)
{
	uint8_t salt[SEAL_SALT_BYTES];
	uint8_t nonce[SEAL_NONCE_BYTES];
	uint8_t file[SEAL_BYTES];
	struct key32 attest;
	enum err e = ask_secret("private key (64 hex digits)", s->key_hex, sizeof s->key_hex);

	if (e == ERR_OK) {
		e = hex_get(s->secrets.sealed, SIGNER_SECRET_BYTES, bytes_str(s->key_hex),
			    HEX_ANY_CASE);
	}
	if (e != ERR_OK) {
		return fail(e, "private key");
	}
	e = ask_secret("passphrase", s->passphrase, sizeof s->passphrase);
	if (e != ERR_OK) {
		return fail(e, "passphrase");
	}
	/* a mistyped passphrase is a lost key, whoever typed it */
	e = ask_secret("passphrase again", s->again, sizeof s->again);
	if (e == ERR_OK && strcmp(s->passphrase, s->again) != 0) {
		e = ERR_MISMATCH;
	}
	if (e != ERR_OK) {
		return fail(e, "passphrase again");
	}
	random_fill(salt, sizeof salt);
	random_fill(nonce, sizeof nonce);
	e = seal_close(file, bytes_of(s->secrets.sealed, SIGNER_SECRET_BYTES),
		       bytes_str(s->passphrase), cost, salt, nonce);
	if (e != ERR_OK) {
		return fail(e, "sealing");
	}
	e = file_write_new(path, 0400, bytes_of(file, sizeof file));
	if (e != ERR_OK) {
		return fail(e, path);
	}
	signer_secrets_derive(&s->secrets);
	memcpy(attest.b, s->secrets.attest + 32, sizeof attest.b);
	print_keys(&attest, &s->secrets.chain.public_key, json);
	return 0;
}

static bool number_of(const char *text, uint32_t *out)
{
	char *end = NULL;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v > UINT32_MAX || text[0] == '-') {
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

int signer_seal(int argc, char **argv)
{
	static const char usage[] = "--seal FILE [--ops N] [--mem-kib N] [--json]";
	struct seal_cost cost = { .ops = 3, .mem_kib = 64 * 1024 };
	struct secret_arena arena;
	bool json = false;
	enum err e;
	int code;

	if (argc < 3) {
		return fail(ERR_USAGE, usage);
	}
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (i + 1 < argc &&
			   ((strcmp(argv[i], "--ops") == 0 && number_of(argv[i + 1], &cost.ops)) ||
			    (strcmp(argv[i], "--mem-kib") == 0 &&
			     number_of(argv[i + 1], &cost.mem_kib)))) {
			i++;
		} else {
			return fail(ERR_USAGE, usage);
		}
	}
	e = crypto_init();
	if (e == ERR_OK) {
		e = secret_arena_open(&arena, sizeof(struct sealing));
	}
	if (e != ERR_OK) {
		return fail(e, "start");
	}
	code = seal(secret_arena_take(&arena, sizeof(struct sealing)), argv[2], &cost, json);
	secret_arena_free(&arena);
	return code;
}
