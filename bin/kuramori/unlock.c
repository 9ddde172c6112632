/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unlock.c - the passphrase of a signer's sealed key, brought to its unlock socket: asked for, or
 * out of a file that a PKCS#11 token opens (token.h).
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "io/file.h"
#include "io/unix.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "token.h"

static struct token_key token_of(const struct cli *c)
{
	return (struct token_key){ .module = c->token_module, .label = c->token_key };
}

static int token_is_set(const struct cli *c)
{
	if (c->token_module[0] == '\0' || c->token_key[0] == '\0') {
		return cli_fail(ERR_CONFIG, "token_module and token_key must be set");
	}
	return 0;
}

int cli_token_wrap(struct cli *c, const char *path)
{
	struct token_key key = token_of(c);
	uint8_t wrapped[TOKEN_BYTES_MAX];
	char words[SEAL_PASSPHRASE_MAX + 1] = "";
	size_t n = 0;
	int code = token_is_set(c);
	enum err e;

	if (code == 0) {
		code = cli_passphrase_new(c, words, sizeof words);
	}
	if (code == 0) {
		code = token_encrypt(&key, bytes_str(words), wrapped, &n);
	}
	crypto_wipe(words, sizeof words);
	if (code != 0) {
		return code;
	}
	e = file_write_new(path, 0400, bytes_of(wrapped, n));
	if (e != ERR_OK) {
		return cli_fail(e, "%s: it must be a new file", path);
	}
	printf(_("%s: %zu bytes that only the key %s of the token opens\n"), path, n, c->token_key);
	return 0;
}

/* The passphrase out of wrapped_file, by the token. */
static int unwrap(const struct cli *c, uint8_t words[TOKEN_BYTES_MAX], size_t *n)
{
	struct token_key key = token_of(c);
	uint8_t wrapped[TOKEN_BYTES_MAX];
	char pin[256] = "";
	size_t wrapped_n = 0;
	int code = token_is_set(c);

	if (code == 0) {
		code = cli_read(c->wrapped_file, wrapped, sizeof wrapped, &wrapped_n);
	}
	if (code == 0) {
		code = cli_passphrase(c, N_("PIN of the token"), pin, sizeof pin);
	}
	if (code == 0) {
		code = token_decrypt(&key, pin, bytes_of(wrapped, wrapped_n), words, n);
	}
	crypto_wipe(pin, sizeof pin);
	return code;
}

int cli_unlock(struct cli *c, const char *socket_path)
{
	static uint8_t request[2 * SEAL_PASSPHRASE_MAX];
	static uint8_t reply[FRAME_BYTES_MAX];
	uint8_t words[SEAL_PASSPHRASE_MAX + 1] = { 0 };
	struct frame_builder b = frame_begin(request, sizeof request, SIGNER_UNLOCK, 1);
	struct gate_table table;
	struct frame answer;
	struct bytes frame;
	size_t n = 0;
	enum err e;
	int code;

	/* not words */
	_Static_assert((int)TOKEN_BYTES_MAX <= (int)SEAL_PASSPHRASE_MAX, "a token's answer fits");
	if (c->wrapped_file[0] != '\0') {
		code = unwrap(c, words, &n);
	} else {
		code =
		    cli_passphrase(c, N_("passphrase of the signer"), (char *)words, sizeof words);
		n = strlen((const char *)words);
	}
	if (code == 0) {
		frame_add(&b, bytes_of(words, n));
		e = frame_end(&b, &frame);
		msgs_signer_table(&table);
		if (e == ERR_OK) {
			e = unix_ask(&table, socket_path, frame, reply, sizeof reply, c->timeout_ms,
				     &answer);
		}
		if (e != ERR_OK) {
			code = cli_fail(e, "%s: no locked signer answers there", socket_path);
		} else if (answer.body.n > 0) {
			code = cli_fail(ERR_UNAUTHORISED,
					"%s: the sealed key does not open with it", socket_path);
		}
	}
	crypto_wipe(words, sizeof words);
	crypto_wipe(request, sizeof request);
	if (code == 0) {
		printf(_("unlocked\n"));
	}
	return code;
}
