/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.c - `kuramori tally`: the watchers' signed word what accounts hold, a file of each, for
 * cold holders who have no network (docs/ceremony.md).  What a watcher signed is verified and
 * shown; who gets the files judges them again by himself.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "cli.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/unix.h"
#include "refill.h"

enum { RETRY_MS = 500 };

struct cli_tallies cli_tallies;

/* ---- one watcher --------------------------------------------------------------------------- */

static const struct doc_party *watcher_of(const struct cli *c, const char *id)
{
	for (size_t i = 0; i < c->roster.watcher_count; i++) {
		if (strcmp(c->roster.watchers[i].id, id) == 0) {
			return &c->roster.watchers[i];
		}
	}
	return NULL;
}

/* Signed by a watcher of the roster, of just these accounts; why not, or NULL. */
static const char *tally_check(const struct cli *c, const struct doc *d, const struct doc_tally *t,
			       const struct nem_address *accounts, size_t n)
{
	const struct doc_party *watcher = watcher_of(c, t->watcher);
	struct nem_address a;

	if (watcher == NULL || !doc_signed_by(d, &watcher->key)) {
		return N_("no watcher of the roster has signed it");
	}
	for (size_t i = 0; i < n && t->account_count == n; i++) {
		nem_address_from_key(&a, &t->accounts[i].account,
				     (uint8_t)c->genesis.chain_network);
		if (!nem_address_eq(&a, &accounts[i])) {
			return N_("it is of other accounts");
		}
	}
	return t->account_count == n ? NULL : N_("it is of other accounts");
}

bool cli_is_signer(const struct cli *c, const char *path)
{
	static uint8_t request[64], reply[FRAME_BYTES_MAX];
	struct frame_builder b = frame_begin(request, sizeof request, SIGNER_STATUS, 1);
	struct gate_table table;
	struct bytes bytes;
	struct frame f;

	msgs_signer_table(&table);
	return frame_end(&b, &bytes) == ERR_OK &&
	       unix_ask(&table, path, bytes, reply, sizeof reply, c->timeout_ms, &f) == ERR_OK;
}

/* What the watcher at this socket answers: a document, opened.  Errors of unix_ask(). */
static enum err ask(const struct cli *c, const char *path, const struct nem_address *accounts,
		    size_t n, struct doc *d, uint8_t *reply)
{
	static uint8_t request[1024];
	struct frame_builder b = frame_begin(request, sizeof request, WATCHER_TALLY, 1);
	struct gate_table table;
	struct frame_items items;
	struct bytes bytes, item;
	struct frame f;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		frame_add(&b, bytes_str(accounts[i].text));
	}
	e = frame_end(&b, &bytes);
	CHECK(e == ERR_OK);
	msgs_watcher_table(&table);
	e = unix_ask(&table, path, bytes, reply, FRAME_BYTES_MAX, c->timeout_ms, &f);
	if (e != ERR_OK) {
		return e;
	}
	items = frame_items_make(f.body);
	return frame_items_next(&items, &item) ? doc_open(d, item, &c->genesis_id, NULL)
					       : ERR_INPUT;
}

/* True: it is in the list now.  A watcher whose node has a block more than the other is asked
 * again until the time is over. */
static bool take(const struct cli *c, const char *path, const struct nem_address *accounts,
		 size_t n, char why[CLI_WORDS_MAX])
{
	static uint8_t reply[FRAME_BYTES_MAX];
	struct cli_tally *t = &cli_tallies.list[cli_tallies.n];
	uint64_t end_ms = clock_mono_ms() + c->timeout_ms;
	struct doc_refusal refusal;
	const char *words;
	struct doc d;
	enum err e = ask(c, path, accounts, n, &d, reply);

	while (e == ERR_OK && d.type == DOC_REFUSAL &&
	       doc_refusal_read(&d, &refusal, NULL) == ERR_OK &&
	       strcmp(refusal.code, err_slug(ERR_WAIT)) == 0 && clock_mono_ms() < end_ms) {
		(void)poll(NULL, 0, RETRY_MS);
		e = ask(c, path, accounts, n, &d, reply);
	}
	if (e != ERR_OK) {
		(void)snprintf(why, CLI_WORDS_MAX, "%s", cli_words(c, err_words(e)));
		return false;
	}
	if (d.type == DOC_REFUSAL && doc_refusal_read(&d, &refusal, NULL) == ERR_OK) {
		char clean[CLI_WORDS_MAX];

		cli_tallies.uncontrolled += strcmp(refusal.code, err_slug(ERR_STATE)) == 0 &&
					    strcmp(refusal.field, "accounts") == 0;
		cli_ascii(clean, sizeof clean, bytes_str(refusal.detail));
		(void)snprintf(why, CLI_WORDS_MAX, "%.400s", cli_words(c, clean));
		return false;
	}
	if (doc_tally_read(&d, &t->tally, NULL) != ERR_OK || d.raw.n > sizeof t->raw) {
		(void)snprintf(why, CLI_WORDS_MAX, "%s",
			       cli_words(c, N_("an answer that makes no sense")));
		return false;
	}
	words = tally_check(c, &d, &t->tally, accounts, n);
	if (words != NULL) {
		(void)snprintf(why, CLI_WORDS_MAX, "%s", cli_words(c, words));
		return false;
	}
	memcpy(t->raw, d.raw.p, d.raw.n);
	t->raw_n = d.raw.n;
	return true;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Two of them that cannot both be true: of one height, and not the same. */
static bool differ(const struct doc_tally *a, const struct doc_tally *b)
{
	if (a->height != b->height) {
		return false;
	}
	if (!hash32_eq(&a->block, &b->block)) {
		return true;
	}
	for (size_t i = 0; i < a->account_count; i++) {
		if (money_cmp(&a->accounts[i].balance, &b->accounts[i].balance) != 0 ||
		    money_cmp(&a->accounts[i].spent, &b->accounts[i].spent) != 0) {
			return true;
		}
	}
	return false;
}

static bool taken_before(void)
{
	for (size_t i = 0; i < cli_tallies.n; i++) {
		if (strcmp(cli_tallies.list[i].tally.watcher,
			   cli_tallies.list[cli_tallies.n].tally.watcher) == 0) {
			return true;
		}
	}
	return false;
}

int cli_tallies_fetch(struct cli *c, const struct nem_address *accounts, size_t n, bool quiet)
{
	char why[CLI_WORDS_MAX];
	unsigned asked = 0;

	cli_tallies.n = 0;
	cli_tallies.uncontrolled = 0;
	for (size_t i = 0; i < CLI_STOPS_MAX && cli_tallies.n < DOC_WATCHERS_MAX; i++) {
		const char *path = c->stop_socket[i];

		if (path[0] == '\0') {
			continue;
		}
		if (take(c, path, accounts, n, why)) {
			asked++;
			cli_tallies.n += !taken_before();
		} else if (quiet) {
			asked++;
		} else if (!cli_is_signer(c, path)) {
			asked++;
			(void)fprintf(stderr, _("kuramori: %s gives no tally: %s\n"), path, why);
		}
	}
	if (asked == 0) {
		return cli_fail(ERR_CONFIG, "no stop socket of a watcher is configured");
	}
	for (size_t i = 1; i < cli_tallies.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (differ(&cli_tallies.list[i].tally, &cli_tallies.list[k].tally)) {
				return cli_fail(ERR_MISMATCH,
						"%s and %s say different things of one height: one "
						"of them lies or has another chain; find out which "
						"before anything is signed",
						cli_tallies.list[k].tally.watcher,
						cli_tallies.list[i].tally.watcher);
			}
		}
	}
	if (quiet && cli_tallies.n < c->roster.watchers_needed) {
		return err_exit(ERR_UNREACHABLE);
	}
	if (cli_tallies.n < c->roster.watchers_needed) {
		return cli_fail(ERR_UNREACHABLE,
				"%zu watchers gave a tally, and the roster needs %" PRIu64,
				cli_tallies.n, c->roster.watchers_needed);
	}
	return 0;
}

/* ---- `kuramori tally` ---------------------------------------------------------------------- */

static void print_one(const struct cli *c, const struct doc_tally *t)
{
	char moment[CLI_MOMENT_MAX], amount[64];
	struct nem_address a;

	cli_moment(moment, t->time_ms);
	printf(_("%s at height %" PRIu64 ", %s\n"), t->watcher, t->height, moment);
	for (size_t i = 0; i < t->account_count; i++) {
		const struct doc_tallied *one = &t->accounts[i];

		nem_address_from_key(&a, &one->account, (uint8_t)c->genesis.chain_network);
		cli_xem(amount, sizeof amount, &one->balance);
		printf(_("  %s holds %s"), a.text, amount);
		cli_xem(amount, sizeof amount, &one->spent);
		printf(_(", has spent %s; %" PRIu64 " of %zu sign, %" PRIu64 " payments open\n"),
		       amount, one->needed, one->cosigner_count, one->open);
	}
}

static bool is_box(const struct cli *c, const char *address)
{
	for (size_t i = 0; i < c->genesis.box_count; i++) {
		if (strcmp(c->genesis.boxes[i].text, address) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < c->genesis.spare_count; i++) {
		if (strcmp(c->genesis.spares[i].text, address) == 0) {
			return true;
		}
	}
	return false;
}

/* A refill's box and, if that is one, the box it goes to; or an address of each word.  0 or an exit
 * code. */
static int accounts_read(const struct cli *c, const char *const *words, size_t *count,
			 struct nem_address *out)
{
	const size_t n = *count;
	static uint8_t raw[DOC_BYTES_MAX];
	uint8_t network = (uint8_t)c->genesis.chain_network;
	struct doc_refill refill;
	struct doc d;
	size_t size = 0;
	int code;

	if (n == 1 && nem_address_normalise(out, network, bytes_str(words[0]), NULL) != ERR_OK) {
		code = cli_read(words[0], raw, sizeof raw, &size);
		if (code != 0) {
			return code;
		}
		if (doc_open(&d, bytes_of(raw, size), &c->genesis_id, NULL) != ERR_OK ||
		    d.type != DOC_REFILL || doc_refill_read(&d, &refill, NULL) != ERR_OK) {
			return cli_fail(ERR_TYPE, "%s is no refill of this genesis", words[0]);
		}
		nem_address_from_key(out, &refill.account, network);
		if (is_box(c, refill.destination.text)) {
			memcpy(out[1].text, refill.destination.text, sizeof out[1].text);
			*count = 2;
		}
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (nem_address_normalise(&out[i], network, bytes_str(words[i]), NULL) != ERR_OK) {
			return cli_fail(ERR_ADDRESS, "no address of this network: %.80s", words[i]);
		}
	}
	return 0;
}

static int write_all(const struct cli *c, const char *folder)
{
	char path[CLI_PATH_MAX + DOC_NAME_MAX + 16];

	for (size_t i = 0; i < cli_tallies.n; i++) {
		const struct cli_tally *t = &cli_tallies.list[i];
		enum err e;

		(void)snprintf(path, sizeof path, "%.*s/tally-%s", CLI_PATH_MAX, folder,
			       t->tally.watcher);
		e = file_write(path, 0644, bytes_of(t->raw, t->raw_n));
		if (e != ERR_OK) {
			return cli_fail(e, "%s", path);
		}
		if (c->json) {
			/* not words */
			printf("{\"watcher\":\"%s\",\"height\":%" PRIu64 ",\"file\":\"%s\"}\n",
			       t->tally.watcher, t->tally.height, path);
			continue;
		}
		print_one(c, &t->tally);
		printf("  %s\n", path);
	}
	return 0;
}

int cli_tally(struct cli *c, const char *folder, const char *const *words, size_t n)
{
	struct nem_address accounts[DOC_TALLIED_MAX];
	int code = cli_documents(c, true);
	int written;

	if (n > DOC_TALLIED_MAX) {
		return cli_fail(ERR_USAGE, "a tally is of four accounts at most");
	}
	if (code == 0) {
		code = accounts_read(c, words, &n, accounts);
	}
	if (code == 0) {
		const enum err e = file_mkdir(folder, 0755);

		code = e == ERR_OK ? 0 : cli_fail(e, "%s", folder);
	}
	if (code != 0) {
		return code;
	}
	code = cli_tallies_fetch(c, accounts, n, false);
	written = write_all(c, folder);
	return code != 0 ? code : written;
}
