/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.c - freeze, close and status, and how what stops, starts or rules is told to everybody: it
 * goes to every stop socket that is configured and, last, to the server, which is only one more
 * copy; each receipt is verified against the roster before it counts as "persisted".  Next: rule.c.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/unix.h"
#include "ipc/msgs.h"

enum {
	FIRST_ROUND_MS = 1000,
};

/*
 * Signers and watchers have tables of their own; which one listens on a path is learnt by asking:
 * the wrong table is refused at HELLO and changes nothing.
 */
enum err cli_ask_stop(uint64_t timeout_ms, const char *path, uint16_t number, struct bytes item,
		      uint8_t *reply, size_t cap, struct frame *out)
{
	static uint8_t request[FRAME_BYTES_MAX];
	struct frame_builder b = frame_begin(request, sizeof request, number, 1);
	struct gate_table tables[2];
	struct bytes bytes;
	enum err e;

	if (item.n > 0) {
		frame_add(&b, item);
	}
	e = frame_end(&b, &bytes);
	if (e != ERR_OK) {
		return e;
	}
	msgs_signer_table(&tables[0]);
	msgs_watcher_table(&tables[1]);
	for (size_t i = 0; i < 2; i++) {
		e = unix_ask(&tables[i], path, bytes, reply, cap, timeout_ms, out);
		if (e == ERR_OK || e == ERR_TIMEOUT) {
			return e;
		}
	}
	return e;
}

static const struct key32 *holder_key(const struct cli *c, const char *holder)
{
	for (size_t i = 0; i < c->roster.watcher_count; i++) {
		if (strcmp(c->roster.watchers[i].id, holder) == 0) {
			return &c->roster.watchers[i].key;
		}
	}
	if (strcmp(holder, "a") == 0 || strcmp(holder, "b") == 0) {
		return &c->roster.signers[holder[0] - 'a'].attest_key;
	}
	return NULL;
}

/* What became of the freeze at one stop socket. */
struct told {
	char holder[DOC_NAME_MAX + 1]; /* who has it, if it was persisted */
	char why[CLI_WORDS_MAX];       /* why not, otherwise */
	bool persisted;                /* its holder's verified receipt says so */
	bool refused;                  /* it answered: asking again changes nothing */
	bool full;                     /* it says that it is frozen and keeps no more of ours */
	bool already;                  /* it holds another document that says the same */
};

static void tell(const struct cli *c, uint64_t timeout_ms, const char *path, struct bytes raw,
		 const struct hash32 *id, struct told *t)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	struct frame f;
	struct frame_items items;
	struct bytes item;
	struct doc d;
	struct doc_receipt receipt;
	struct doc_refusal refusal;
	struct doc_fault fault = { .why = "" };
	enum err e = cli_ask_stop(timeout_ms, path, SIGNER_STOP_PUT, raw, reply, sizeof reply, &f);

	*t = (struct told){ .persisted = false };
	if (e != ERR_OK) {
		(void)snprintf(t->why, sizeof t->why, "%s", cli_words(c, err_words(e)));
		return;
	}
	items = frame_items_make(f.body);
	if (!frame_items_next(&items, &item) ||
	    doc_open(&d, item, &c->genesis_id, &fault) != ERR_OK) {
		(void)snprintf(t->why, sizeof t->why, "%s",
			       cli_words(c, N_("an answer that makes no sense")));
		return;
	}
	if (d.type == DOC_REFUSAL && doc_refusal_read(&d, &refusal, NULL) == ERR_OK) {
		char clean[CLI_WORDS_MAX];

		cli_ascii(clean, sizeof clean, bytes_str(refusal.detail));
		(void)snprintf(t->why, sizeof t->why, cli_words(c, "refused: %.64s: %.400s"),
			       refusal.code, cli_words(c, clean));
		t->refused = true;
		t->full = strcmp(refusal.code, err_slug(ERR_FULL)) == 0;
		t->already = strcmp(refusal.code, err_slug(ERR_ONCE)) == 0;
		return;
	}
	if (d.type != DOC_RECEIPT || doc_receipt_read(&d, &receipt, NULL) != ERR_OK ||
	    !hash32_eq(&receipt.document, id)) {
		(void)snprintf(t->why, sizeof t->why, "%s",
			       cli_words(c, N_("an answer that is no receipt for this document")));
		return;
	}
	{
		const struct key32 *key = holder_key(c, receipt.holder);

		if (key == NULL || !doc_signed_by(&d, key)) {
			(void)snprintf(
			    t->why, sizeof t->why, "%s",
			    cli_words(c, N_("a receipt whose signature does not verify")));
			return;
		}
	}
	(void)snprintf(t->holder, sizeof t->holder, "%s", receipt.holder);
	t->persisted = true;
}

/*
 * Whoever hangs must not keep the others from being told: everybody is asked briefly first, and
 * those that said nothing once more with patience.  What is known already is receipted again.
 */
static void tell_all(const struct cli *c, struct bytes raw, const struct hash32 *id,
		     struct told told[CLI_STOPS_MAX])
{
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
			struct told *t = &told[i];
			uint64_t wait = round == 0 && c->timeout_ms > FIRST_ROUND_MS
					    ? FIRST_ROUND_MS
					    : c->timeout_ms;

			if (c->stop_socket[i][0] != '\0' && !t->persisted && !t->refused) {
				tell(c, wait, c->stop_socket[i], raw, id, t);
			}
		}
	}
}

static json_t *report(const struct cli *c, struct told told[CLI_STOPS_MAX], struct cli_spread *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		struct told *t = &told[i];

		if (c->stop_socket[i][0] == '\0') {
			continue;
		}
		s->asked++;
		for (size_t k = 0; t->persisted && k < i; k++) {
			if (told[k].persisted && strcmp(told[k].holder, t->holder) == 0) {
				t->persisted = false; /* one holder counts once */
				(void)snprintf(
				    t->why, sizeof t->why,
				    cli_words(c, "a receipt of %.64s, who has another socket here"),
				    t->holder);
			}
		}
		s->count += t->persisted;
		s->refused += t->refused;
		s->full += t->full;
		s->already += t->already;
		if (!c->json) {
			printf("  %-16s %s%s\n", t->persisted ? t->holder : _("NOT PERSISTED"),
			       c->stop_socket[i],
			       t->persisted ? _("  persisted, receipt verified") : "");
			if (!t->persisted) {
				printf("  %-16s %s\n", "", t->why);
			}
		}
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:b, s:s, s:s}", "socket", c->stop_socket[i],
				    "persisted", t->persisted, "holder", t->holder, "why", t->why));
	}
	return list;
}

void cli_spread(const struct cli *c, const char *name, struct bytes raw, const struct hash32 *id,
		const char *meaning, struct cli_spread *s)
{
	static struct told told[CLI_STOPS_MAX];
	static char answer[65536];
	unsigned status = 0;
	json_t *list;

	*s = (struct cli_spread){ .count = 0 };
	memset(told, 0, sizeof told);
	hex_put(s->id, bytes_of(id->b, sizeof id->b));
	if (!c->json) {
		printf("%s %s\n", name, s->id);
		(void)fflush(stdout);
	}
	tell_all(c, raw, id, told);
	list = report(c, told, s);
	if (!c->json) {
		printf(_("  %u of %u signers and watchers have it. %s\n"), s->count, s->asked,
		       s->asked == 0 ? "" : words_of(meaning));
		(void)fflush(stdout);
	}
	if (c->token_file[0] != '\0' &&
	    cli_api(c, "/v1/documents", raw, &status, answer, sizeof answer) != 0) {
		status = 0; /* the server is one more copy: its absence stops nothing */
	}
	s->server = status >= 200 && status < 300;
	if (c->json) {
		json_t *all =
		    json_pack("{s:s, s:o, s:b}", name, s->id, "holders", list, "server", s->server);

		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
		return;
	}
	if (c->token_file[0] != '\0') {
		printf(_("  the server, one more copy: %s\n"), status == 0 ? _("does not answer")
							       : s->server ? _("has it")
									   : _("refused it"));
	}
	json_decref(list);
}

/* The last line of a freeze for a person: what it means and what to do next. */
static int freeze_verdict(const struct cli_spread *s, bool evacuate)
{
	if (s->asked == 0) {
		return cli_fail(ERR_CONFIG,
				"no stop socket is configured: nobody was told but the server");
	}
	if (s->count == s->asked) {
		return 0;
	}
	if (s->full > 0) {
		return cli_fail(
		    ERR_FULL,
		    "%u say that they are frozen already and keep no more freezes of "
		    "yours (another officer's still count%s); look with `kuramori status`",
		    s->full,
		    evacuate ? "" : _(", and your last place is for one with --evacuate yes"));
	}
	if (s->count == 0 && s->refused > 0) {
		return cli_fail(ERR_SIGNER_UNKNOWN,
				"take it that NOTHING IS FROZEN: %u refused it, %u did not answer; "
				"let an officer of the roster freeze",
				s->refused, s->asked - s->refused);
	}
	if (s->count == 0) {
		return cli_fail(
		    ERR_UNREACHABLE,
		    "take it that NOTHING IS FROZEN: no signer and no watcher has it; are "
		    "these the stop sockets, and may you open them? If signers run, stop "
		    "their processes");
	}
	return cli_fail(ERR_UNREACHABLE,
			"%u of %u did not persist it; the others pass it on; look again with "
			"`kuramori status`",
			s->asked - s->count, s->asked);
}

/* What every document that stops something needs.  0 or an exit code. */
static int prepare(struct cli *c, const char *usage)
{
	int code = cli_documents(c, true);

	if (code == 0 && c->reason[0] == '\0') {
		code = cli_fail(ERR_USAGE, "say why: %s", usage);
	}
	return code;
}

int cli_freeze(struct cli *c)
{
	static struct doc_freeze freeze;
	struct cli_spread s;
	struct hash32 id;
	struct bytes raw;
	int code = prepare(c, "kuramori freeze --reason TEXT");

	if (code != 0) {
		return code;
	}
	freeze = (struct doc_freeze){ .evacuate = c->evacuate,
				      .genesis = c->genesis_id,
				      .scope = DOC_SCOPE_ALL,
				      .time_ms = clock_wall_ms() };
	(void)snprintf(freeze.issuer, sizeof freeze.issuer, "%s", c->person);
	(void)snprintf(freeze.reason, sizeof freeze.reason, "%s", c->reason);
	random_fill(freeze.nonce, sizeof freeze.nonce);
	code = cli_sign(c, DOC_FREEZE, &freeze, &raw, &id);
	if (code != 0) {
		return code;
	}
	cli_spread(c, "freeze", raw, &id, N_("One signer that has it signs no payment any more."),
		   &s);
	return freeze_verdict(&s, c->evacuate);
}

/* ---- close ---- */

static const char *hot_words(enum doc_hot_kind kind)
{
	switch (kind) {
	case DOC_HOT_TILL:
		return N_("till");
	case DOC_HOT_PURSE:
		return N_("reserve purse");
	case DOC_HOT_DEPOSIT:
		return N_("deposit account");
	}
	return N_("account");
}

/* The hot account of genesis with this address.  0 or an exit code. */
static int hot_account(const struct cli *c, const char *text, struct key32 *out)
{
	uint8_t network = (uint8_t)c->genesis.chain_network;
	struct nem_address wanted = { .text = "" }, a;
	const char *why = "";
	enum err e = nem_address_normalise(&wanted, network, bytes_str(text), &why);

	if (e != ERR_OK) {
		return cli_fail(e, "%.64s: %s", text, words_of(why));
	}
	for (size_t i = 0; i < c->genesis.hot_count; i++) {
		const struct doc_hot *hot = &c->genesis.hot[i];

		nem_address_from_key(&a, &hot->public_key, network);
		if (nem_address_eq(&a, &wanted)) {
			*out = hot->public_key;
			if (!c->json) {
				printf(_("%s %s; its spare box is %s\n"),
				       words_of(hot_words(hot->kind)), a.text, hot->spare.text);
			}
			return 0;
		}
	}
	return cli_fail(ERR_POLICY,
			"%s: not a hot account of the genesis document; only those "
			"are closed",
			wanted.text);
}

static int close_tell(struct cli *c, struct bytes raw, const struct hash32 *id)
{
	struct cli_spread s;

	cli_spread(c, "closing", raw, id,
		   N_("It pays no more; the watchers empty it when nothing of it is under way."),
		   &s);
	if (s.asked == 0) {
		return cli_fail(ERR_CONFIG,
				"no stop socket is configured: nobody was told but the server");
	}
	if (s.refused > s.already) {
		return cli_fail(ERR_STATE, "%u of %u refused it", s.refused - s.already, s.asked);
	}
	if (s.count + s.already < s.asked) {
		return cli_fail(ERR_UNREACHABLE,
				"%u of %u did not persist it: close it again when they are back",
				s.asked - s.count - s.already, s.asked);
	}
	if (c->token_file[0] != '\0' && !s.server && s.already == 0) {
		return cli_fail(ERR_UNREACHABLE,
				"the server does not have it and goes on choosing this account: "
				"close it again when it is back");
	}
	return 0;
}

int cli_stop_tell(struct cli *c, const struct doc *d)
{
	static struct doc_freeze freeze;
	struct cli_spread s;

	if (d->type == DOC_CLOSING) {
		return close_tell(c, d->raw, &d->id);
	}
	if (d->type != DOC_FREEZE || doc_freeze_read(d, &freeze, NULL) != ERR_OK) {
		return cli_rules_tell(
		    c, d,
		    N_("What it names never comes into force, and an order of this id, or for the "
		       "request of this id, is never signed."));
	}
	cli_spread(c, "freeze", d->raw, &d->id,
		   N_("One signer that has it signs no payment any more."), &s);
	return freeze_verdict(&s, freeze.evacuate);
}

int cli_close_account(struct cli *c, const struct key32 *account)
{
	static struct doc_closing closing;
	struct hash32 id;
	struct bytes raw;
	int code;

	closing = (struct doc_closing){ .account = *account,
					.genesis = c->genesis_id,
					.time_ms = clock_wall_ms() };
	(void)snprintf(closing.issuer, sizeof closing.issuer, "%s", c->person);
	(void)snprintf(closing.reason, sizeof closing.reason, "%s", c->reason);
	code = cli_sign(c, DOC_CLOSING, &closing, &raw, &id);
	return code == 0 ? close_tell(c, raw, &id) : code;
}

int cli_close(struct cli *c, const char *address)
{
	struct key32 account;
	int code = prepare(c, "kuramori close ADDRESS --reason TEXT");

	if (code == 0) {
		code = hot_account(c, address, &account);
	}
	return code == 0 ? cli_close_account(c, &account) : code;
}

/* A figure as STATUS names it, and in the person's language before that. */
static void print_figure(const char *name, const char *value)
{
	static const char *const names[] = {
		N_("signer"),  N_("watcher"),  N_("frozen"),  N_("locked"), N_("signs"),
		N_("stops"),   N_("rules"),    N_("alarms"),  N_("thefts"), N_("evacuating"),
		N_("refused"), N_("payments"), N_("freezes"), N_("height"), N_("network"),
		N_("version"), N_("books"),    N_("policy"),  N_("roster"),
	};
	char label[128], cell[160];

	(void)snprintf(label, sizeof label, "%.100s", name);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0 && words_of(name) != name) {
			(void)snprintf(label, sizeof label, "%s (%s)", words_of(name), name);
		}
	}
	printf("  %s %s\n", words_column(cell, sizeof cell, label, 24), words_of(value));
}

static void print_status(const struct cli *c, const char *path, json_t *all)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	static struct doc_status s;
	struct frame f;
	struct bytes item;
	struct frame_items items;
	struct doc d;
	enum err e = cli_ask_stop(c->timeout_ms, path, SIGNER_STATUS, bytes_of(NULL, 0), reply,
				  sizeof reply, &f);
	json_t *one = json_pack("{s:s}", "socket", path);

	if (e == ERR_OK) {
		items = frame_items_make(f.body);
		e = frame_items_next(&items, &item) ? doc_open(&d, item, &c->genesis_id, NULL)
						    : ERR_INPUT;
	}
	if (e == ERR_OK) {
		e = d.type == DOC_STATUS ? doc_status_read(&d, &s, NULL) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		(void)json_object_set_new(one, "error", json_string(err_slug(e)));
		if (!c->json) {
			printf(_("%s\n  NOT WELL: %s\n"), path, words_of(err_words(e)));
		}
	} else {
		(void)json_object_set_new(one, "program", json_string(s.program));
		if (!c->json) {
			printf("%s  (%s)\n", s.program, path);
		}
		for (size_t i = 0; i < s.detail_count; i++) {
			char value[DOC_STATUS_VALUE_MAX + 1];

			cli_ascii(value, sizeof value, bytes_str(s.detail[i].value));
			(void)json_object_set_new(one, s.detail[i].name, json_string(value));
			if (!c->json) {
				print_figure(s.detail[i].name, value);
			}
		}
	}
	(void)json_array_append_new(all, one);
}

static bool said_yes(const json_t *one, const char *key)
{
	const char *value = json_string_value(json_object_get(one, key));

	return value != NULL && strcmp(value, "yes") == 0;
}

int cli_status(struct cli *c)
{
	static char answer[262144];
	json_t *all = json_array();
	unsigned status = 0;
	int code = cli_documents(c, false);

	if (code != 0) {
		json_decref(all);
		return code;
	}
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		if (c->stop_socket[i][0] != '\0') {
			print_status(c, c->stop_socket[i], all);
		}
	}
	code = 0;
	if (c->token_file[0] != '\0') {
		code = cli_api(c, "/v1/status", bytes_of(NULL, 0), &status, answer, sizeof answer);
		if (code == 0 && status != 200) {
			code = cli_problem(status, answer);
		} else if (code == 0) {
			json_t *server = json_loads(answer, 0, NULL);
			const char *key;
			json_t *value;

			if (!c->json) {
				printf(_("kuramorid  (%s)\n"), c->api);
				json_object_foreach(server, key, value)
				{
					char *text =
					    json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
								  JSON_ENSURE_ASCII);

					print_figure(key, text == NULL ? "" : text);
					free(text);
				}
			}
			(void)json_array_append_new(
			    all, json_pack("{s:s, s:o?}", "socket", c->api, "status", server));
		}
	}
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);

		if (json_object_get(one, "error") != NULL) {
			code = err_exit(ERR_UNREACHABLE);
		} else if (code == 0 && (said_yes(one, "frozen") || said_yes(one, "locked"))) {
			code = err_exit(ERR_FROZEN);
		}
	}
	if (c->json) {
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	}
	json_decref(all);
	return code;
}
