/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and addresses of NEM. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "io/random.h"
#include "nem.h"

enum { KEY_DIGITS = 64 };

int cli_nem_network(const struct cli *c, uint8_t *network)
{
	static const uint8_t known[] = { NEM_NETWORK_MAIN, NEM_NETWORK_TEST, NEM_NETWORK_MIJIN };

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(c->network, nem_network_name(known[i])) == 0) {
			*network = known[i];
			return 0;
		}
	}
	return cli_fail(ERR_CONFIG, "network: `%s` is none of mainnet, testnet, mijin", c->network);
}

void cli_grouped(char out[48], const char *address)
{
	size_t n = 0;

	for (size_t i = 0; address[i] != '\0'; i++) {
		if (i > 0 && i % 6 == 0) {
			out[n++] = '-';
		}
		out[n++] = address[i];
	}
	out[n] = '\0';
}

int cli_nem_key(const char *path, struct edk_secret *out)
{
	const char *place = strcmp(path, "-") == 0 ? "standard input" : path;
	char text[KEY_DIGITS + 3];
	uint8_t raw[EDK_SEED_BYTES];
	size_t n = 0;
	enum err e = ERR_OK;
	int code = 0;

	if (strcmp(path, "-") == 0) {
		code = cli_read(path, (uint8_t *)text, sizeof text, &n);
	} else {
		e = file_read_private(path, text, sizeof text, &n);
		if (e == ERR_POLICY) {
			code = cli_fail(e, "%s: it must be yours alone, mode 0400 or 0600", path);
		} else if (e != ERR_OK) {
			code = cli_fail(e, "%s", path);
		}
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) {
		n--;
	}
	if (code == 0) {
		/* Exactly 64 digits: NIS takes shorter ones, and a digit lost in copying would be
		   the key of another, empty account. */
		e = hex_get(raw, sizeof raw, bytes_of(text, n), HEX_ANY_CASE);
		if (e != ERR_OK) {
			code =
			    cli_fail(ERR_KEY, "%s: a private key is 64 hexadecimal digits", place);
		} else {
			edk_secret_from_nem(out, raw);
		}
	}
	crypto_wipe(raw, sizeof raw);
	crypto_wipe(text, sizeof text);
	return code;
}

static int print_account(const struct cli *c, const struct key32 *public_key, uint8_t network)
{
	struct nem_address address = { .text = "" };
	char key[65], grouped[48];

	nem_address_from_key(&address, public_key, network);
	hex_put(key, bytes_of(public_key->b, sizeof public_key->b));
	cli_grouped(grouped, address.text);
	if (c->json) {
		printf("{\"public_key\":\"%s\",\"address\":\"%s\",\"network\":\"%s\"}\n", key,
		       address.text, nem_network_name(network));
	} else {
		printf("public key  %s\naddress     %s  (%s)\n", key, grouped,
		       nem_network_name(network));
	}
	return 0;
}

static int key_new(const struct cli *c, const char *path)
{
	uint8_t raw[EDK_SEED_BYTES];
	char text[KEY_DIGITS + 2];
	struct edk_secret secret;
	struct key32 public_key;
	uint8_t network = 0;
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code != 0) {
		return code;
	}
	random_fill(raw, sizeof raw);
	hex_put(text, bytes_of(raw, sizeof raw));
	text[KEY_DIGITS] = '\n';
	edk_secret_from_nem(&secret, raw);
	public_key = secret.public_key;
	e = file_write_new(path, 0600, bytes_of(text, KEY_DIGITS + 1));
	edk_secret_wipe(&secret);
	crypto_wipe(raw, sizeof raw);
	crypto_wipe(text, sizeof text);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", path);
	}
	return print_account(c, &public_key, network);
}

static int key_show(const struct cli *c, const char *path)
{
	struct edk_secret secret = { .scalar = { 0 } };
	struct key32 public_key;
	uint8_t network = 0;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = cli_nem_key(path, &secret);
	}
	if (code != 0) {
		return code;
	}
	public_key = secret.public_key;
	edk_secret_wipe(&secret);
	return print_account(c, &public_key, network);
}

static int parse(const struct cli *c, struct nem_address *out, const char *text)
{
	const char *why = "";
	uint8_t network = 0;
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code != 0) {
		return code;
	}
	e = nem_address_normalise(out, network, bytes_str(text), &why);
	return e == ERR_OK ? 0 : cli_fail(e, "%.64s: %s", text, why);
}

static int address_show(const struct cli *c, const char *text)
{
	struct nem_address address = { .text = "" };
	struct key32 key;
	char grouped[48];
	uint8_t network = 0;
	int code;

	if (hex_get(key.b, sizeof key.b, bytes_str(text), HEX_ANY_CASE) == ERR_OK) {
		code = cli_nem_network(c, &network);
		return code == 0 ? print_account(c, &key, network) : code;
	}
	code = parse(c, &address, text);
	if (code != 0) {
		return code;
	}
	cli_grouped(grouped, address.text);
	if (c->json) {
		printf("{\"address\":\"%s\",\"network\":\"%s\"}\n", address.text, c->network);
	} else {
		printf("address     %s  (%s)\n", grouped, c->network);
	}
	return 0;
}

/* What a thief of the clipboard hopes for: the same beginning, the same end, another account. */
static int address_compare(const struct cli *c, const char *one, const char *other)
{
	struct nem_address a = { .text = "" }, b = { .text = "" };
	char grouped[2][48] = { "", "" }, marks[48];
	unsigned differ = 0;
	size_t n = 0;
	int code = parse(c, &a, one);

	if (code == 0) {
		code = parse(c, &b, other);
	}
	if (code != 0) {
		return code;
	}
	cli_grouped(grouped[0], a.text);
	cli_grouped(grouped[1], b.text);
	for (; grouped[0][n] != '\0'; n++) {
		bool same = grouped[0][n] == grouped[1][n];

		marks[n] = same ? ' ' : '^';
		differ += same ? 0 : 1;
	}
	marks[n] = '\0';
	if (c->json) {
		printf("{\"same\":%s,\"characters_that_differ\":%u}\n",
		       differ == 0 ? "true" : "false", differ);
	} else {
		printf("%s\n%s\n%s%s", grouped[0], grouped[1], differ == 0 ? "" : marks,
		       differ == 0 ? "the same account\n" : "\n");
	}
	return differ == 0 ? 0
			   : cli_fail(ERR_MISMATCH, "two accounts: %u characters differ", differ);
}

int cli_nem(struct cli *c, const char *const *w, size_t n)
{
	if (n == 3 && strcmp(w[0], "key") == 0 && strcmp(w[1], "new") == 0) {
		return key_new(c, w[2]);
	}
	if (n == 3 && strcmp(w[0], "key") == 0 && strcmp(w[1], "show") == 0) {
		return key_show(c, w[2]);
	}
	if (n == 2 && strcmp(w[0], "address") == 0) {
		return address_show(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "address") == 0) {
		return address_compare(c, w[1], w[2]);
	}
	if (n >= 2 && strcmp(w[0], "tx") == 0) {
		return cli_nem_tx(c, w + 1, n - 1);
	}
	if (n >= 2 && strcmp(w[0], "node") == 0) {
		return cli_nem_node(c, w + 1, n - 1);
	}
	if (n >= 2 && strcmp(w[0], "multisig") == 0) {
		return cli_nem_multisig(c, w + 1, n - 1);
	}
	return cli_fail(ERR_USAGE,
			"there is no `kuramori nem %.64s` with these words; "
			"kuramori --help lists the commands",
			w[0]);
}
