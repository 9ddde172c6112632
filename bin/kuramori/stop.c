/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.c - freeze and status.  Freezing goes to every stop socket that is configured and, last, to
 * the server, which is only one more copy; each receipt is verified against the roster before it
 * counts as "persisted".
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/unix.h"
#include "ipc/msgs.h"

/*
 * Signers and watchers have tables of their own; which one listens on a path is learnt by asking:
 * the wrong table is refused at HELLO and changes nothing.
 */
static enum err ask(const struct cli *c, const char *path, uint16_t number, struct bytes item,
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
		e = unix_ask(&tables[i], path, bytes, reply, cap, c->timeout_ms, out);
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

/* One stop socket: true if its holder's verified receipt says that it persisted this document. */
static bool persisted(const struct cli *c, const char *path, struct bytes raw,
		      const struct hash32 *id, char *holder, char *why, size_t why_cap)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	struct frame f;
	struct frame_items items;
	struct bytes item;
	struct doc d;
	struct doc_receipt receipt;
	struct doc_refusal refusal;
	struct doc_fault fault = { .why = "" };
	enum err e = ask(c, path, SIGNER_STOP_PUT, raw, reply, sizeof reply, &f);

	holder[0] = '\0';
	if (e != ERR_OK) {
		(void)snprintf(why, why_cap, "%s", err_words(e));
		return false;
	}
	items = frame_items_make(f.body);
	if (!frame_items_next(&items, &item) ||
	    doc_open(&d, item, &c->genesis_id, &fault) != ERR_OK) {
		(void)snprintf(why, why_cap, "an answer that makes no sense");
		return false;
	}
	if (d.type == DOC_REFUSAL && doc_refusal_read(&d, &refusal, NULL) == ERR_OK) {
		char clean[CLI_WORDS_MAX];

		cli_clean(clean, sizeof clean, bytes_str(refusal.detail));
		(void)snprintf(why, why_cap, "refused: %.64s: %.400s", refusal.code, clean);
		return false;
	}
	if (d.type != DOC_RECEIPT || doc_receipt_read(&d, &receipt, NULL) != ERR_OK ||
	    !hash32_eq(&receipt.document, id)) {
		(void)snprintf(why, why_cap, "an answer that is no receipt for this document");
		return false;
	}
	{
		const struct key32 *key = holder_key(c, receipt.holder);

		if (key == NULL || !doc_signed_by(&d, key)) {
			(void)snprintf(why, why_cap, "a receipt whose signature does not verify");
			return false;
		}
	}
	(void)snprintf(holder, DOC_NAME_MAX + 1, "%s", receipt.holder);
	why[0] = '\0';
	return true;
}

int cli_freeze(struct cli *c)
{
	static struct doc_freeze freeze;
	static uint8_t raw[DOC_BYTES_MAX];
	static char answer[65536];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_fault fault = { .why = "" };
	struct hash32 id;
	uint8_t secret[DOC_SECRET_BYTES];
	char id_hex[65];
	json_t *report;
	unsigned count = 0, asked = 0, status = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	if (c->reason[0] == '\0') {
		return cli_fail(ERR_USAGE, "say why: kuramori freeze --reason TEXT");
	}
	code = cli_secret(c, secret);
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
	e = doc_make(&w, &id, DOC_FREEZE, &freeze, secret, &fault);
	crypto_wipe(secret, sizeof secret);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", fault.field, fault.why);
	}
	hex_put(id_hex, bytes_of(id.b, sizeof id.b));
	report = json_array();
	if (!c->json) {
		printf("freeze %s\n", id_hex);
	}
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		char holder[DOC_NAME_MAX + 1], why[CLI_WORDS_MAX];
		bool good;

		if (c->stop_socket[i][0] == '\0') {
			continue;
		}
		asked++;
		good = persisted(c, c->stop_socket[i], bytes_of(raw, w.n), &id, holder, why,
				 sizeof why);
		count += good;
		if (!c->json) {
			printf("  %-16s %s%s\n", good ? holder : "NOT PERSISTED", c->stop_socket[i],
			       good ? "  persisted, receipt verified" : "");
			if (!good) {
				printf("  %-16s %s\n", "", why);
			}
		}
		(void)json_array_append_new(report, json_pack("{s:s, s:b, s:s, s:s}", "socket",
							      c->stop_socket[i], "persisted", good,
							      "holder", holder, "why", why));
	}
	if (c->token_file[0] != '\0' &&
	    cli_api(c, "/v1/documents", bytes_of(raw, w.n), &status, answer, sizeof answer) != 0) {
		status = 0; /* the server is one more copy: its absence stops nothing */
	}
	if (c->json) {
		json_t *all = json_pack("{s:s, s:o, s:b}", "freeze", id_hex, "holders", report,
					"server", status >= 200 && status < 300);

		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
	} else {
		printf("  %u of %u holders have it. One signer that has it signs no payment any "
		       "more.\n",
		       count, asked);
		json_decref(report);
	}
	if (asked == 0) {
		return cli_fail(ERR_CONFIG,
				"no stop socket is configured: nobody was told but the server");
	}
	return count == asked ? 0
			      : cli_fail(ERR_UNREACHABLE,
					 "%u holders did not persist it; the others pass it on",
					 asked - count);
}

static void print_status(const struct cli *c, const char *path, json_t *all)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	static struct doc_status s;
	struct frame f;
	struct bytes item;
	struct frame_items items;
	struct doc d;
	enum err e = ask(c, path, SIGNER_STATUS, bytes_of(NULL, 0), reply, sizeof reply, &f);
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
			printf("%s\n  NOT WELL: %s\n", path, err_words(e));
		}
	} else {
		(void)json_object_set_new(one, "program", json_string(s.program));
		if (!c->json) {
			printf("%s  (%s)\n", s.program, path);
		}
		for (size_t i = 0; i < s.detail_count; i++) {
			char value[DOC_STATUS_VALUE_MAX + 1];

			cli_clean(value, sizeof value, bytes_str(s.detail[i].value));
			(void)json_object_set_new(one, s.detail[i].name, json_string(value));
			if (!c->json) {
				printf("  %-24s %s\n", s.detail[i].name, value);
			}
		}
	}
	(void)json_array_append_new(all, one);
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
				printf("kuramorid  (%s)\n", c->api);
				json_object_foreach(server, key, value)
				{
					char *text =
					    json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
								  JSON_ENSURE_ASCII);

					printf("  %-24s %s\n", key, text == NULL ? "" : text);
					free(text);
				}
			}
			(void)json_array_append_new(
			    all, json_pack("{s:s, s:o?}", "socket", c->api, "status", server));
		}
	}
	for (size_t i = 0; i < json_array_size(all); i++) {
		if (json_object_get(json_array_get(all, i), "error") != NULL) {
			code = err_exit(ERR_UNREACHABLE);
		}
	}
	if (c->json) {
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	}
	json_decref(all);
	return code;
}
