/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.c - show an order and say yes or no to it.
 *
 * What is shown is decoded here from the order's own bytes, and the id that is approved is computed
 * here from the same bytes: the server may lie about everything else.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "crypto/uuid7.h"
#include "io/clock.h"

struct shown {
	struct doc_order order;
	struct hash32 id;
};

static int read_order(const struct cli *c, struct bytes raw, struct shown *out)
{
	struct doc_fault fault = { .why = "" };
	struct nem_address address;
	const char *why = "";
	struct doc d;
	enum err e = doc_open(&d, raw, &c->genesis_id, &fault);

	if (e == ERR_OK && d.type != DOC_ORDER) {
		return cli_fail(ERR_TYPE, "this is a %s, not an order", doc_type_name(d.type));
	}
	if (e == ERR_OK) {
		e = doc_order_read(&d, &out->order, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "order: %s: %s", fault.field, words_of(fault.why));
	}
	e = nem_address_parse(&address, (uint8_t)c->genesis.chain_network,
			      bytes_str(out->order.destination.text), &why);
	if (e != ERR_OK) {
		return cli_fail(e, "order: destination: %s", words_of(why));
	}
	out->id = d.id;
	return 0;
}

static void print_order(const struct cli *c, const struct shown *s)
{
	char id[65], amount[64], fee[64], micro[MONEY_TEXT_MAX], address[48],
	    request[UUID7_TEXT_MAX];
	char expires[CLOCK_TEXT_MAX], message[DOC_MESSAGE_MAX + 1];

	hex_put(id, bytes_of(s->id.b, sizeof s->id.b));
	cli_xem(amount, sizeof amount, &s->order.amount);
	cli_xem(fee, sizeof fee, &s->order.fee_max);
	money_put(micro, &s->order.amount);
	cli_grouped(address, s->order.destination.text);
	uuid7_put(request, &s->order.request_id);
	clock_text(expires, s->order.expires_ms);
	(c->json ? cli_ascii : cli_clean)(message, sizeof message,
					  bytes_of(s->order.message, s->order.message_n));
	if (c->json) {
		json_t *o =
		    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "order", id, "amount", micro,
			      "asset", "nem:xem", "destination", s->order.destination.text,
			      "message", message, "request_id", request, "expires", expires);

		(void)json_dumpf(o, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(o);
		return;
	}
	printf(_("order        %s\n"), id);
	printf(_("pays         %s\n"), amount);
	printf(_("to           %s\n"), address);
	printf(_("message      %s\n"), s->order.message_n == 0 ? _("(none)") : message);
	printf(_("network fee  at most %s\n"), fee);
	printf(_("for request  %s\n"), request);
	printf(_("expires      %s\n"), expires);
}

/* The order's envelope out of GET /v1/orders/{id}. */
static int fetch(const struct cli *c, const char *id_hex, struct shown *out)
{
	static char answer[262144];
	char path[128];
	struct hash32 id;
	unsigned status = 0;
	json_t *reply;
	const json_t *documents;
	char *raw = NULL;
	int code;

	if (hex_get(id.b, sizeof id.b, bytes_str(id_hex), HEX_LOWER_ONLY) != ERR_OK) {
		return cli_fail(ERR_INPUT, "%s is neither a file nor an order id of 64 hex digits",
				id_hex);
	}
	(void)snprintf(path, sizeof path, "/v1/orders/%s", id_hex);
	code = cli_api(c, path, bytes_of(NULL, 0), &status, answer, sizeof answer);
	if (code != 0) {
		return code;
	}
	if (status != 200) {
		return cli_problem(status, answer);
	}
	reply = json_loads(answer, 0, NULL);
	documents = json_object_get(reply, "documents");
	for (size_t i = 0; i < json_array_size(documents) && raw == NULL; i++) {
		json_t *one = json_array_get(documents, i);
		const char *type = json_string_value(json_object_get(one, "type"));

		/* sorted and compact is the canonical spelling; doc_open() refuses anything else */
		raw = type != NULL && strcmp(type, "order") == 0
			  ? json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS)
			  : NULL;
	}
	if (raw == NULL) {
		json_decref(reply);
		return cli_fail(ERR_INPUT, "kuramorid's answer holds no order document");
	}
	code = read_order(c, bytes_str(raw), out);
	free(raw);
	json_decref(reply);
	if (code == 0 && !hash32_eq(&out->id, &id)) {
		return cli_fail(
		    ERR_MISMATCH,
		    "kuramorid sent another order than the one asked for: do not approve");
	}
	return code;
}

int cli_order_show(struct cli *c, const char *what)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct shown s;
	size_t n = 0;
	int code = cli_documents(c, false);
	FILE *file;

	if (code != 0) {
		return code;
	}
	file = strcmp(what, "-") == 0 ? NULL : fopen(what, "re");
	if (file != NULL || strcmp(what, "-") == 0) {
		if (file != NULL) {
			(void)fclose(file);
		}
		code = cli_read(what, raw, sizeof raw, &n);
		if (code == 0) {
			code = read_order(c, bytes_of(raw, n), &s);
		}
	} else {
		code = fetch(c, what, &s);
	}
	if (code == 0) {
		print_order(c, &s);
	}
	return code;
}

/* *s is filled in if it is an order. */
static int subject(struct cli *c, const char *id_hex, struct doc_approval *approval,
		   struct shown *s)
{
	enum doc_type type = 0;
	struct hash32 id;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_ruling_fetch(c, id_hex, &id, &type);
	}
	if (code == 0 && type == 0) {
		code = fetch(c, id_hex, s);
		type = DOC_ORDER;
		id = s->id;
		if (code == 0 && !c->json) {
			print_order(c, s);
		}
	}
	if (code != 0) {
		return code;
	}
	(void)fflush(stdout); /* seen before anything is asked for, in a pipe too */
	*approval = (struct doc_approval){ .decision = c->no ? DOC_DECISION_NO : DOC_DECISION_YES,
					   .genesis = c->genesis_id,
					   .subject = id,
					   .subject_type = type,
					   .time_ms = clock_wall_ms() };
	(void)snprintf(approval->person, sizeof approval->person, "%s", c->person);
	return 0;
}

int cli_subject(struct cli *c, const char *id_hex, struct doc_approval *approval)
{
	static struct shown s;

	return subject(c, id_hex, approval, &s);
}

/*
 * A no to an order goes by the stop road, so that no server keeps it from those who sign: it names
 * the request, or the same payment would come by another order.  A server that does not show the
 * order has something to hide, or is down: then what has this id is stopped.
 */
static int say_no(struct cli *c, const struct shown *s, const char *id_hex, int code)
{
	struct hash32 names;

	if (code == 0) {
		return cli_no(c, &s->order.request,
			      N_("No order for this request is ever signed."));
	}
	if (hex_get(names.b, sizeof names.b, bytes_str(id_hex), HEX_LOWER_ONLY) != ERR_OK) {
		return code;
	}
	if (!c->json) {
		printf(_("the server does not show it: what has this id is stopped\n"));
	}
	return cli_no(c, &names, N_("No order of this id is ever signed."));
}

static bool knows_stop_sockets(const struct cli *c)
{
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		if (c->stop_socket[i][0] != '\0') {
			return true;
		}
	}
	return false;
}

int cli_approve(struct cli *c, const char *id_hex)
{
	static char answer[65536];
	static struct shown s;
	struct doc_approval approval = { .subject_type = DOC_ORDER };
	struct bytes raw;
	struct hash32 id;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	code = subject(c, id_hex, &approval, &s);
	if (c->no && knows_stop_sockets(c) && approval.subject_type == DOC_ORDER) {
		return say_no(c, &s, id_hex, code);
	}
	if (code == 0) {
		code = cli_sign(c, DOC_APPROVAL, &approval, &raw, &id);
	}
	if (code == 0) {
		code = cli_hand_in(c, raw, answer, sizeof answer);
	}
	if (code != 0) {
		return code;
	}
	if (c->json) {
		printf("%s\n", answer);
	} else {
		printf(_("%s said %s\n"), c->person, c->no ? _("no") : _("yes"));
	}
	return 0;
}
