/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unictype.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/seal.h"
#include "io/file.h"
#include "io/http_client.h"
#include "io/random.h"
#include "io/words.h"

int cli_fail(enum err e, const char *format, ...)
{
	va_list arguments;

	(void)fflush(stdout); /* what was said before stands before it, in a pipe too */
	(void)fprintf(stderr, "kuramori: %s: ", words_of(err_words(e)));
	va_start(arguments, format);
	(void)vfprintf(stderr, _(format), arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	return err_exit(e);
}

const char *cli_words(const struct cli *c, const char *english)
{
	return c->json ? english : words_of(english);
}

int cli_read(const char *path, uint8_t *buffer, size_t cap, size_t *n)
{
	enum err e;

	if (strcmp(path, "-") == 0) {
		size_t used = 0;

		for (;;) {
			ssize_t got = read(STDIN_FILENO, buffer + used, cap - used);

			if (got < 0 && errno == EINTR) {
				continue;
			}
			if (got < 0) {
				return cli_fail(ERR_IO, "standard input: %s", strerror(errno));
			}
			used += (size_t)got;
			if (got == 0) {
				*n = used;
				return 0;
			}
			if (used == cap) {
				return cli_fail(ERR_TOO_LARGE,
						"standard input: more than %zu bytes", cap);
			}
		}
	}
	e = file_read(path, buffer, cap, n);
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

static int open_file(const char *path, enum doc_type type, const struct hash32 *genesis,
		     uint8_t *raw, size_t cap, struct doc *out)
{
	struct doc_fault fault = { .why = "" };
	size_t n = 0;
	int code = cli_read(path, raw, cap, &n);
	enum err e;

	if (code != 0) {
		return code;
	}
	e = doc_open(out, bytes_of(raw, n), genesis, &fault);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
	}
	if (out->type != type) {
		return cli_fail(ERR_TYPE, "%s is a %s, not a %s", path, doc_type_name(out->type),
				doc_type_name(type));
	}
	return 0;
}

int cli_documents(struct cli *c, bool need_roster)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc_fault fault = { .why = "" };
	struct hash32 zero_id;
	struct doc d;
	enum err e;
	int code;

	if (c->genesis_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "genesis_file is not set; see kuramori --help");
	}
	code = open_file(c->genesis_file, DOC_GENESIS, NULL, raw, sizeof raw, &d);
	if (code != 0) {
		return code;
	}
	e = doc_genesis_read(&d, &c->genesis, &fault);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", c->genesis_file, fault.field, words_of(fault.why));
	}
	c->genesis_id = d.id;
	if (!need_roster) {
		return 0;
	}
	if (c->roster_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "roster_file is not set; see kuramori --help");
	}
	code = open_file(c->roster_file, DOC_ROSTER, &c->genesis_id, raw, sizeof raw, &d);
	if (code != 0) {
		return code;
	}
	e = doc_roster_read(&d, &c->roster, &fault);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", c->roster_file, fault.field, words_of(fault.why));
	}
	c->roster_id = d.id;
	doc_zero_id(&zero_id, &d);
	if (c->roster.number == 1 && !hash32_eq(&zero_id, &c->genesis.roster)) {
		return cli_fail(ERR_MISMATCH, "%s is not the roster that the genesis names",
				c->roster_file);
	}
	return 0;
}

static int passphrase_terminal(const char *prompt, char *out, size_t cap)
{
	struct termios before, quiet;
	FILE *terminal = fopen("/dev/tty", "r+e");
	size_t n;

	if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
		if (terminal != NULL) {
			(void)fclose(terminal);
		}
		return cli_fail(
		    ERR_INPUT,
		    "there is no terminal to ask for the passphrase; set passphrase_file");
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(fileno(terminal), TCSAFLUSH, &quiet);
	(void)fprintf(terminal, "%s: ", words_of(prompt));
	(void)fflush(terminal);
	if (fgets(out, (int)cap, terminal) == NULL) {
		out[0] = '\0';
	}
	(void)tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	(void)fputc('\n', terminal);
	(void)fclose(terminal);
	n = strcspn(out, "\r\n");
	out[n] = '\0';
	return 0;
}

int cli_read_private(const char *path, char *out, size_t cap, size_t *n)
{
	enum err e = file_read_private(path, out, cap, n);

	if (e == ERR_POLICY) {
		return cli_fail(e, "%s: it must be yours alone, mode 0400 or 0600", path);
	}
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

int cli_passphrase(const struct cli *c, const char *prompt, char *out, size_t cap)
{
	size_t n = 0;
	int code;

	if (c->passphrase_file[0] == '\0') {
		return passphrase_terminal(prompt, out, cap);
	}
	code = cli_read_private(c->passphrase_file, out, cap - 1, &n);
	if (code != 0) {
		return code;
	}
	out[n] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

int cli_passphrase_new(const struct cli *c, char *out, size_t cap)
{
	char again[SEAL_PASSPHRASE_MAX + 1];
	bool same = true;
	int code = cli_passphrase(c, N_("passphrase"), out, cap);

	if (code == 0 && c->passphrase_file[0] == '\0') {
		/* a slip of the finger would only show when the key is needed */
		code = cli_passphrase(c, N_("the same again"), again, sizeof again);
		same = code != 0 || strcmp(out, again) == 0;
		crypto_wipe(again, sizeof again);
	}
	if (code != 0 || !same) {
		crypto_wipe(out, cap);
		return code != 0 ? code : cli_fail(ERR_INPUT, "the two passphrases differ");
	}
	return 0;
}

static bool party_of(const struct doc_party *p, size_t n, const char *id, const struct key32 *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(p[i].id, id) == 0 && key32_eq(&p[i].key, key)) {
			return true;
		}
	}
	return false;
}

/* machines: watchers and back ends, too, who sign nothing with this tool. */
static bool stands(const struct cli *c, bool machines, const struct key32 *key)
{
	const struct doc_roster *r = &c->roster;

	for (size_t i = 0; i < r->people_count; i++) {
		if (strcmp(r->people[i].id, c->person) == 0 && key32_eq(&r->people[i].key, key)) {
			return true;
		}
	}
	return party_of(r->price_sources, r->source_count, c->person, key) ||
	       (machines && (party_of(r->watchers, r->watcher_count, c->person, key) ||
			     party_of(r->backends, r->backend_count, c->person, key)));
}

static int secret_of(const struct cli *c, bool machines, uint8_t secret[DOC_SECRET_BYTES])
{
	uint8_t sealed[SEAL_BYTES], seed[SEAL_SECRET_MAX];
	char words[SEAL_PASSPHRASE_MAX + 1];
	struct key32 public_key;
	size_t n = 0;
	enum err e;
	int code;

	if (c->key_file[0] == '\0' || c->person[0] == '\0') {
		return cli_fail(ERR_CONFIG, "person and key_file must be set; see kuramori --help");
	}
	code = cli_read(c->key_file, sealed, sizeof sealed, &n);
	if (code != 0) {
		return code;
	}
	code = cli_passphrase(c, N_("passphrase"), words, sizeof words);
	if (code != 0) {
		return code;
	}
	e = seal_open(seed, &n, bytes_of(sealed, n), bytes_str(words));
	crypto_wipe(words, sizeof words);
	if (e != ERR_OK || n != 32) {
		crypto_wipe(seed, sizeof seed);
		return cli_fail(e == ERR_OK ? ERR_KEY : e,
				"%s: wrong passphrase, or not a sealed key", c->key_file);
	}
	ed25519_keypair(&public_key, secret, seed);
	crypto_wipe(seed, sizeof seed);
	if (stands(c, machines, &public_key)) {
		return 0;
	}
	crypto_wipe(secret, DOC_SECRET_BYTES);
	return cli_fail(ERR_SIGNER_UNKNOWN, "the key in %s is not that of %s on the roster",
			c->key_file, c->person);
}

int cli_secret(const struct cli *c, uint8_t secret[DOC_SECRET_BYTES])
{
	return secret_of(c, false, secret);
}

int cli_key_stands(const struct cli *c)
{
	uint8_t secret[DOC_SECRET_BYTES];
	int code = secret_of(c, true, secret);

	crypto_wipe(secret, sizeof secret);
	return code;
}

int cli_sign(const struct cli *c, enum doc_type type, const void *body, struct bytes *raw,
	     struct hash32 *id)
{
	static uint8_t space[DOC_BYTES_MAX];
	struct writer w = writer_make(space, sizeof space);
	struct doc_fault fault = { .why = "" };
	uint8_t secret[DOC_SECRET_BYTES];
	struct doc d;
	enum err e;
	int code;

	if (c->prove_file[0] != '\0') {
		e = doc_make(&w, id, type, body, NULL, &fault);
		if (e == ERR_OK) {
			e = doc_open(&d, bytes_of(space, w.n), &c->genesis_id, &fault);
		}
		return e == ERR_OK ? cli_ask_key(c, &d)
				   : cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
	}
	code = cli_secret(c, secret);
	if (code != 0) {
		return code;
	}
	e = doc_make(&w, id, type, body, secret, &fault);
	crypto_wipe(secret, sizeof secret);
	*raw = bytes_of(space, w.n);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
}

int cli_hand_in(const struct cli *c, struct bytes raw, char *answer, size_t cap)
{
	unsigned status = 0;
	int code = cli_api(c, "/v1/documents", raw, &status, answer, cap);

	return code != 0 ? code : status >= 200 && status <= 299 ? 0 : cli_problem(status, answer);
}

int cli_propose(const struct cli *c, struct bytes raw, const struct hash32 *id, const char *what,
		const char *people)
{
	static char answer[65536];
	char hex[65];
	int code = cli_hand_in(c, raw, answer, sizeof answer);

	if (code != 0) {
		return code;
	}
	hex_put(hex, bytes_of(id->b, sizeof id->b));
	if (c->json) {
		printf("%s\n", answer);
	} else {
		printf(_("%s %s waits for %s: kuramori approve %s\n"), words_of(what), hex,
		       words_of(people), hex);
	}
	return 0;
}

static int ask(const struct cli *c, const char *path, struct bytes body, unsigned *status,
	       uint8_t *reply, size_t cap, size_t *got)
{
	char url[HTTP_CLIENT_URL_MAX], token[129] = "";
	size_t n = 0;
	enum err e;
	int code;
	int length = snprintf(url, sizeof url, "http://%s%s", c->api, path);

	if (length < 0 || (size_t)length >= sizeof url) {
		return cli_fail(ERR_TOO_LARGE, "the address %s", c->api);
	}
	if (c->token_file[0] == '\0') {
		return cli_fail(ERR_CONFIG,
				"token_file is not set; the API asks for a bearer token");
	}
	code = cli_read_private(c->token_file, token, sizeof token - 1, &n);
	if (code != 0) {
		return code;
	}
	token[n] = '\0';
	token[strcspn(token, "\r\n")] = '\0';
	{
		struct http_client_request r = { .url = url,
						 .bearer = token,
						 .body = body,
						 .timeout_ms = (uint32_t)c->timeout_ms };

		e = http_client_ask(&r, status, reply, cap, got);
	}
	crypto_wipe(token, sizeof token);
	if (e != ERR_OK) {
		return cli_fail(e, "kuramorid at %s; is it running?", c->api);
	}
	return 0;
}

int cli_api(const struct cli *c, const char *path, struct bytes body, unsigned *status, char *reply,
	    size_t cap)
{
	size_t n = 0;
	int code = ask(c, path, body, status, (uint8_t *)reply, cap - 1, &n);

	if (code == 0) {
		reply[n] = '\0';
	}
	return code;
}

int cli_api_bytes(const struct cli *c, const char *path, unsigned *status, uint8_t *reply,
		  size_t cap, size_t *n)
{
	return ask(c, path, bytes_of(NULL, 0), status, reply, cap, n);
}

/* May it stand in a line of a terminal?  *marks: how many stand upon the letter before. */
static bool is_shown(uint32_t code, unsigned *marks)
{
	const int direction = uc_bidi_category(code);
	/* symbols by their category that leave the place empty: Braille's and the musical blank */
	bool empty = code == 0x2800 || code == 0x1d159;
	bool mark = uc_is_general_category_withtable(code, UC_CATEGORY_MASK_M);
	bool blank = code == 0x3000; /* a Japanese one; others look like one and are not */

	*marks = mark ? *marks + 1 : 0;
	if (code < 0x80) {
		return code >= 0x20 && code != 0x7f;
	}
	/* from right to left it would change places with what stands beside it */
	if (empty || direction == UC_BIDI_R || direction == UC_BIDI_AL || direction == UC_BIDI_AN ||
	    uc_is_property_default_ignorable_code_point(code) ||
	    !(blank || uc_is_general_category_withtable(
			   code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N |
				     UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_S))) {
		return false;
	}
	return *marks <= 2;
}

void cli_clean(char *out, size_t cap, struct bytes text)
{
	unsigned marks = 2; /* upon nothing */
	size_t n = 0;

	if (!words_utf8()) {
		cli_ascii(out, cap, text);
		return;
	}
	for (size_t i = 0; i < text.n;) {
		uint32_t code = 0;
		size_t step = utf8_step(text.p + i, text.n - i, &code);
		bool shown = step > 0 && is_shown(code, &marks);
		size_t more = shown ? step : 1;

		if (n + more >= cap) {
			break;
		}
		if (shown) {
			memcpy(out + n, text.p + i, step);
		} else {
			out[n] = '?';
		}
		n += more;
		i += step > 0 ? step : 1;
	}
	out[n] = '\0';
}

void cli_ascii(char *out, size_t cap, struct bytes text)
{
	size_t n = text.n < cap - 1 ? text.n : cap - 1;

	for (size_t i = 0; i < n; i++) {
		out[i] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	}
	out[n] = '\0';
}

void cli_xem(char *out, size_t cap, const struct money *amount)
{
	char whole[MONEY_TEXT_MAX], grouped[2 * MONEY_TEXT_MAX];
	struct money w = money_of(ASSET_XEM, money_units(amount) / 1000000);
	size_t n, out_n = 0;

	money_put(whole, &w);
	n = strlen(whole);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			grouped[out_n++] = ',';
		}
		grouped[out_n++] = whole[i];
	}
	grouped[out_n] = '\0';
	(void)snprintf(out, cap, "%s.%06u XEM", grouped, (unsigned)(money_units(amount) % 1000000));
}

void cli_moment(char out[CLI_MOMENT_MAX], uint64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm t;

	if (gmtime_r(&s, &t) == NULL ||
	    strftime(out, CLI_MOMENT_MAX, "%Y-%m-%dT%H:%M:%SZ", &t) == 0) {
		(void)snprintf(out, CLI_MOMENT_MAX, "%" PRIu64 " ms", ms);
	}
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

int cli_problem(unsigned status, const char *reply)
{
	json_error_t error;
	json_t *problem = json_loads(reply, 0, &error);
	const char *title = NULL, *detail = NULL, *field = NULL;
	char clean[3][CLI_WORDS_MAX];

	if (problem != NULL) {
		title = json_string_value(json_object_get(problem, "title"));
		detail = json_string_value(json_object_get(problem, "detail"));
		field = json_string_value(json_object_get(problem, "field"));
	}
	cli_clean(clean[0], CLI_WORDS_MAX, bytes_str(title == NULL ? "" : title));
	cli_clean(clean[1], CLI_WORDS_MAX, bytes_str(detail == NULL ? "" : detail));
	cli_clean(clean[2], CLI_WORDS_MAX, bytes_str(field == NULL ? "" : field));
	(void)fflush(stdout);
	(void)fprintf(stderr, "kuramori: %s%s%s%s%s (HTTP %u)\n" /* not words */,
		      title == NULL ? _("the server refused") : words_of(clean[0]),
		      clean[1][0] != '\0' ? ": " : "", words_of(clean[1]),
		      clean[2][0] != '\0' ? _(", field ") : "", clean[2], status);
	json_decref(problem);
	if (status == 423) {
		return err_exit(ERR_FROZEN);
	}
	return status >= 500                                     ? err_exit(ERR_UNREACHABLE)
	       : status == 400 || status == 413 || status == 415 ? err_exit(ERR_INPUT)
								 : err_exit(ERR_POLICY);
}

int cli_key_new(struct cli *c, const char *path)
{
	/* The sealed file may be copied by anybody: 256 MiB and 3 passes make each guess dear. */
	static const struct seal_cost cost = { .ops = 3, .mem_kib = 256 * 1024 };
	uint8_t seed[32], salt[SEAL_SALT_BYTES], nonce[SEAL_NONCE_BYTES], sealed[SEAL_BYTES];
	uint8_t secret[DOC_SECRET_BYTES];
	char words[SEAL_PASSPHRASE_MAX + 1], public_hex[65];
	struct key32 public_key;
	enum err e;
	int code = cli_passphrase_new(c, words, sizeof words);

	if (code != 0) {
		return code;
	}
	random_fill(seed, sizeof seed);
	random_fill(salt, sizeof salt);
	random_fill(nonce, sizeof nonce);
	ed25519_keypair(&public_key, secret, seed);
	e = seal_close(sealed, bytes_of(seed, sizeof seed), bytes_str(words), &cost, salt, nonce);
	crypto_wipe(seed, sizeof seed);
	crypto_wipe(secret, sizeof secret);
	crypto_wipe(words, sizeof words);
	if (e != ERR_OK) {
		return cli_fail(e, "the passphrase may not be empty and has at most %d bytes",
				SEAL_PASSPHRASE_MAX);
	}
	e = file_write_new(path, 0400, bytes_of(sealed, sizeof sealed));
	if (e != ERR_OK) {
		return cli_fail(e, "%s: an existing key is never overwritten", path);
	}
	hex_put(public_hex, bytes_of(public_key.b, sizeof public_key.b));
	if (c->json) {
		printf("{\"public_key\":\"%s\"}\n", public_hex);
	} else {
		printf(_("public key for the roster: %s\n"), public_hex);
	}
	return 0;
}
