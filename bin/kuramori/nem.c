/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and addresses of NEM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_key.h"
#include "chain/nem/nem_network.h"
#include "crypto/bip39.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "io/random.h"
#include "nem.h"

/* With the sign byte that Java prints, a line end, and one more to see what is too long. */
enum { KEY_TEXT_MAX = 2 * NEM_KEY_BYTES + 2 + 2 + 1 };

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

/* A secret of text: a file of one person's, or standard input for "-"; line ends behind it are no
 * part of it.  0 or an exit code. */
static int read_secret(const char *path, char *text, size_t cap, size_t *n)
{
	int code;

	*n = 0;
	code = strcmp(path, "-") == 0 ? cli_read(path, (uint8_t *)text, cap, n)
				      : cli_read_private(path, text, cap, n);
	while (code == 0 && *n > 0 && (text[*n - 1] == '\n' || text[*n - 1] == '\r')) {
		*n -= 1;
	}
	return code;
}

static const char *place_of(const char *path)
{
	return strcmp(path, "-") == 0 ? _("standard input") : path;
}

int cli_nem_key(const char *path, struct edk_secret *out)
{
	char text[KEY_TEXT_MAX];
	uint8_t raw[NEM_KEY_BYTES];
	size_t n = 0;
	int code = read_secret(path, text, sizeof text, &n);

	if (code == 0) {
		/* NIS takes shorter keys too; but a digit lost in copying would be the key of
		   another, empty account. */
		if (nem_key_parse(raw, bytes_of(text, n)) == ERR_OK) {
			edk_secret_from_nem(out, raw);
		} else {
			code = cli_fail(ERR_KEY, "%s: a private key is 64 hexadecimal digits",
					place_of(path));
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
		printf(_("public key  %s\naddress     %s  (%s)\n"), key, grouped,
		       nem_network_name(network));
	}
	return 0;
}

/* Writes a key to a new file and says whose it is. */
static int store_key(const struct cli *c, const char *path, const uint8_t key[NEM_KEY_BYTES],
		     uint8_t network)
{
	char text[2 * NEM_KEY_BYTES + 1];
	struct nem_address address;
	struct key32 public_key;
	enum err e;

	nem_key_public(&public_key, &address, key, network);
	hex_put(text, bytes_of(key, NEM_KEY_BYTES));
	text[sizeof text - 1] = '\n';
	e = file_write_new(path, 0600, bytes_of(text, sizeof text));
	crypto_wipe(text, sizeof text);
	return e == ERR_OK ? print_account(c, &public_key, network) : cli_fail(e, "%s", path);
}

static int key_new(const struct cli *c, const char *path)
{
	uint8_t key[NEM_KEY_BYTES];
	uint8_t network = 0;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		random_fill(key, sizeof key);
		code = store_key(c, path, key, network);
		crypto_wipe(key, sizeof key);
	}
	return code;
}

static int key_words(const char *path)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	char text[BIP39_TEXT_BYTES + 1];
	size_t n;
	enum err e;

	random_fill(entropy, sizeof entropy);
	e = bip39_text(text, bytes_of(entropy, sizeof entropy));
	crypto_wipe(entropy, sizeof entropy);
	CHECK(e == ERR_OK);
	n = strlen(text);
	text[n] = '\n';
	e = file_write_new(path, 0600, bytes_of(text, n + 1));
	crypto_wipe(text, sizeof text);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", path);
	}
	(void)fprintf(stderr,
		      _("kuramori: note: who reads %s has the account; write the words on "
			"paper, then `kuramori nem key derive`\n"),
		      path);
	return 0;
}

/*
 * BIP39 takes a passphrase in its form NFKD: whatever keyboard it came from, it is the same wallet.
 * *n bytes of text, in its place of BIP39_PASSPHRASE_MAX; false if it is no UTF-8 or too long then.
 */
static bool normalise(char *text, size_t *n)
{
	uint8_t space[BIP39_PASSPHRASE_MAX + 1];
	size_t length = sizeof space;
	uint8_t *form = NULL;
	bool fits;

	/* What is no UTF-8 would quietly become another passphrase. */
	if (u8_check((const uint8_t *)text, *n) == NULL) {
		form = u8_normalize(UNINORM_NFKD, (const uint8_t *)text, *n, space, &length);
	}
	fits = form != NULL && length <= BIP39_PASSPHRASE_MAX;

	if (fits) {
		memcpy(text, form, length);
		*n = length;
	}
	if (form != NULL) {
		crypto_wipe(form, length);
	}
	if (form != space) {
		free(form);
	}
	crypto_wipe(space, sizeof space);
	return fits;
}

/* The seed of words and, if passphrase_file is set, a passphrase. */
static int read_seed(const struct cli *c, const char *path, uint8_t seed[BIP39_SEED_BYTES])
{
	char words[BIP39_TEXT_BYTES + 2], passphrase[BIP39_PASSPHRASE_MAX + 2];
	size_t n = 0, passphrase_n = 0;
	int code = read_secret(path, words, sizeof words, &n);

	if (code == 0 && c->passphrase_file[0] != '\0') {
		code =
		    read_secret(c->passphrase_file, passphrase, sizeof passphrase, &passphrase_n);
	}
	if (code == 0) {
		enum err e =
		    passphrase_n == 0 || normalise(passphrase, &passphrase_n)
			? bip39_seed(seed, bytes_of(words, n), bytes_of(passphrase, passphrase_n))
			: ERR_FIELD_RANGE;

		if (e == ERR_KEY) {
			code = cli_fail(e,
					"%s: the words do not fit together (checksum): one is "
					"wrong or in the wrong place",
					place_of(path));
		} else if (e == ERR_FIELD_RANGE) {
			code = cli_fail(
			    e,
			    "%s: a passphrase is UTF-8 without control characters, at most "
			    "%d bytes in the form NFKD",
			    c->passphrase_file, BIP39_PASSPHRASE_MAX);
		} else if (e != ERR_OK) {
			code = cli_fail(e,
					"%s: 12, 15, 18, 21 or 24 words of the English list, in "
					"lower case with one blank between them",
					place_of(path));
		}
	}
	crypto_wipe(words, sizeof words);
	crypto_wipe(passphrase, sizeof passphrase);
	return code;
}

static int key_derive(const struct cli *c, const char *words, const char *path)
{
	uint8_t seed[BIP39_SEED_BYTES], key[NEM_KEY_BYTES];
	uint8_t network = 0;
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = read_seed(c, words, seed);
	}
	if (code != 0) {
		return code;
	}
	e = nem_key_derive(key, bytes_of(seed, sizeof seed), network, c->account);
	code = e == ERR_OK ? store_key(c, path, key, network)
			   : cli_fail(e, "words have no keys of %s", c->network);
	crypto_wipe(seed, sizeof seed);
	crypto_wipe(key, sizeof key);
	return code;
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
	return e == ERR_OK ? 0 : cli_fail(e, "%.64s: %s", text, words_of(why));
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
		printf(_("address     %s  (%s)\n"), grouped, c->network);
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
		       differ == 0 ? _("the same account\n") : "\n");
	}
	return differ == 0 ? 0
			   : cli_fail(ERR_MISMATCH, "two accounts: %u characters differ", differ);
}

/* n is at least 1: main.c has told the others what it takes. */
int cli_nem(struct cli *c, const char *const *w, size_t n)
{
	if (n == 3 && strcmp(w[0], "key") == 0 && strcmp(w[1], "new") == 0) {
		return key_new(c, w[2]);
	}
	if (n == 3 && strcmp(w[0], "key") == 0 && strcmp(w[1], "words") == 0) {
		return key_words(w[2]);
	}
	if (n == 4 && strcmp(w[0], "key") == 0 && strcmp(w[1], "derive") == 0) {
		return key_derive(c, w[2], w[3]);
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
	if (strcmp(w[0], "tx") == 0) {
		return cli_nem_tx(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "node") == 0) {
		return cli_nem_node(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "message") == 0) {
		return cli_nem_message(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "tag") == 0) {
		return cli_nem_tag(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "account") == 0) {
		return cli_nem_account(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "loss") == 0) {
		return cli_nem_loss(c, w + 1, n - 1);
	}
	if (strcmp(w[0], "multisig") == 0) {
		return cli_nem_multisig(c, w + 1, n - 1);
	}
	return cli_fail(ERR_USAGE,
			"there is no `kuramori nem %.64s` with these words; "
			"kuramori --help lists the commands",
			w[0]);
}
