/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.c - the keys of accounts that become boxes: made for genesis, used once each to give the
 * account to the holders, and worth nothing from then on.
 *
 * The file of a batch is sealed as a holder's key is, with a second side that nobody opens.  What
 * convert leaves in the new file knows none of the keys that it used (cold/cold_account.h); the old
 * file is kept until the chain cannot undo the conversions any more, or a day without a block would
 * cost boxes of genesis.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_account.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/file.h"
#include "picture.h"

enum { GROUP = 6, PUBLIC_TX_MAX = 1600 };

/* A count of 1 to max; 0: it is none. */
static size_t count_of(const char *text, size_t max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return text[0] >= '1' && text[0] <= '9' && *end == '\0' && n <= max ? n : 0;
}

/* The address in groups, as two people read it. */
static void print_account(unsigned number, const struct nem_address *a)
{
	(void)printf("%4u ", number); /* not words */
	for (size_t i = 0; i < strlen(a->text); i += GROUP) {
		(void)printf(" %.6s", &a->text[i]); /* not words */
	}
	(void)printf("\n");
}

/* Addresses and public keys of the batch, a line each, on the screen and into the list. */
static int write_list(struct program *p, size_t n, uint8_t network)
{
	struct writer w = writer_make(p->buffer, COLD_BATCH_BYTES);
	uint8_t *state = p->secrets->sealed;
	struct edk_secret *key = &p->secrets->keys.chain;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct nem_address a;
		char hex[65];

		cold_account_key(key, state);
		cold_account_next(state);
		nem_address_from_key(&a, &key->public_key, network);
		hex_put(hex, bytes_of(key->public_key.b, sizeof key->public_key.b));
		writer_bytes(&w, bytes_str(a.text));
		writer_bytes(&w, bytes_str(" "));
		writer_bytes(&w, bytes_str(hex));
		writer_bytes(&w, bytes_str("\n"));
		print_account((unsigned)i + 1, &a);
	}
	e = w.bad ? ERR_TOO_LARGE : file_write_new(p->config.list_file, 0644, bytes_of(w.p, w.n));
	return e == ERR_OK ? 0 : program_fail(e, p->config.list_file);
}

int program_accounts(struct program *p, const char *count, const char *network)
{
	static const uint8_t known[] = { NEM_NETWORK_MAIN, NEM_NETWORK_TEST, NEM_NETWORK_MIJIN };
	const size_t n = count_of(count, COLD_ACCOUNTS_MAX);
	uint8_t byte = 0;
	int code = program_vacant(p->config.key_file, "--key-file");

	if (code == 0) {
		code = program_vacant(p->config.list_file, "--list-file");
	}
	for (size_t i = 0; i < sizeof known; i++) {
		byte = strcmp(network, nem_network_name(known[i])) == 0 ? known[i] : byte;
	}
	if (code == 0 && (n == 0 || byte == 0)) {
		code = program_fail(ERR_USAGE, "accounts 1..224 mainnet|testnet|mijin");
	}
	if (code == 0) {
		code = program_make_key(p);
	}
	if (code == 0) {
		code = program_ask_passphrase(p, false);
	}
	if (code == 0) {
		code = program_seal(p, p->config.key_file);
	}
	if (code == 0) {
		program_print_drill(p);
		code = write_list(p, n, byte);
	}
	if (code == 0) {
		(void)printf(_("the addresses are in %s: two people compare them with genesis, "
			       "which names them as boxes and spare boxes\n"),
			     p->config.list_file);
	}
	return code;
}

/* Builds, signs and packs the next n of the batch. */
static int convert(struct program *p, size_t n, struct writer *lines, struct parcel *parcel)
{
	static uint8_t room[COLD_CONVERSIONS_MAX * PUBLIC_TX_MAX];
	struct writer bytes = writer_make(room, sizeof room);
	uint8_t *state = p->secrets->sealed;
	struct edk_secret *key = &p->secrets->keys.chain;
	uint32_t now_s;

	if (nem_time_from_unix_ms(&now_s, clock_wall_ms()) != ERR_OK ||
	    now_s < COLD_CONVERSION_EARLY_S) {
		return program_fail(ERR_CLOCK, "clock");
	}
	for (size_t i = 0; i < n; i++) {
		struct nem_address a;
		struct nem_tx tx;
		struct policy_verdict v;
		enum err e;

		cold_account_key(key, state);
		cold_account_next(state);
		nem_address_from_key(&a, &key->public_key, p->rules.network);
		print_account(cold_account_place(&p->rules, &a), &a);
		v = cold_account_convert(&tx, &p->rules, &key->public_key,
					 now_s - COLD_CONVERSION_EARLY_S);
		if (v.err != ERR_OK) {
			return program_refused(&v);
		}
		e = nem_tx_sign(&tx, key);
		if (e != ERR_OK) {
			return program_fail(e, a.text);
		}
		program_put_announce(lines, &tx);
		program_pack(parcel, &bytes, &tx);
	}
	return 0;
}

/* What is to be read before anything is signed. */
static int begin(struct program *p)
{
	int code = program_rules(p, false);

	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	program_print_drill(p);
	if (p->drill && p->rules.network == NEM_NETWORK_MAIN) {
		return program_fail(ERR_POLICY, "drill");
	}
	program_print_genesis(p);
	program_print_holding(&p->rules.holding, &p->rules.holding_id, NULL);
	return program_compared() ? 0 : program_fail(ERR_MISMATCH, _("nothing was signed"));
}

int program_convert(struct program *p, const char *count)
{
	static struct parcel parcel;
	const size_t n = count_of(count, COLD_CONVERSIONS_MAX);
	struct writer lines = writer_make(p->buffer, COLD_BATCH_BYTES);
	int code = program_vacant(p->config.unit_file, "--unit-file");
	enum err e;

	if (code == 0) {
		code = program_vacant(p->config.new_key_file, "--new-key-file");
	}
	if (code == 0 && n == 0) {
		code = program_fail(ERR_USAGE, "convert 1..64");
	}
	if (code == 0) {
		code = begin(p);
	}
	if (code == 0) {
		code = convert(p, n, &lines, &parcel);
	}
	if (code == 0) {
		(void)printf(_("what is left of the batch is sealed anew; its passphrase:\n"));
		code = program_ask_passphrase(p, false);
	}
	if (code == 0) {
		code = program_seal(p, p->config.new_key_file);
	}
	if (code != 0) {
		return code;
	}
	e = lines.bad ? ERR_TOO_LARGE
		      : file_write_new(p->config.unit_file, 0644, bytes_of(lines.p, lines.n));
	if (e != ERR_OK) {
		return program_fail(e, p->config.unit_file);
	}
	(void)printf(_("%zu accounts converted in %s, for kuramori prepare announce within a day\n"
		       "the rest of the batch is in %s; keep the old file until kuramori prepare "
		       "status says of each that it is a box, then destroy every copy of it\n"),
		     n, p->config.unit_file, p->config.new_key_file);
	program_play(p, &parcel);
	return 0;
}
