/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_server.c - balances and statements from the running kuramorid: GET /v1/accounts/{id}, as of
 * a moment too, and its statement page by page.  What pages say is added up once more here.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "books_command.h"
#include "crypto/uuid7.h"
#include "io/clock.h"
#include "io/http_client.h"

enum {
	LINES = 200, /* of one page */
};

/* The answer to one GET, an object; NULL: said, and *code. */
static json_t *get(const struct cli *c, const char *path, int *code)
{
	static char reply[HTTP_CLIENT_REPLY_MAX];
	unsigned status = 0;
	json_error_t error;
	json_t *answer = NULL;

	*code = cli_api(c, path, bytes_of(NULL, 0), &status, reply, sizeof reply);
	if (*code != 0) {
		return NULL;
	}
	if (status != 200) {
		*code = cli_problem(status, reply);
		return NULL;
	}
	answer = json_loads(reply, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(answer)) {
		json_decref(answer);
		answer = NULL;
		*code = cli_fail(ERR_NODE, "kuramorid at %s gave no JSON object", c->api);
	}
	return answer;
}

/* A member that must be a text; "?" if it is none. */
static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "?" : text;
}

int books_server_balance(const struct cli *c, const char *const *names, size_t n)
{
	json_t *list = json_array();
	uint64_t moment = 0;
	int code = books_moment(c, &moment);

	CHECK(list != NULL);
	for (size_t i = 0; code == 0 && i < n; i++) {
		struct id128 id;
		char text[UUID7_TEXT_MAX], path[128];
		json_t *one;

		code = books_account_get(&id, names[i]);
		if (code != 0) {
			break;
		}
		uuid7_put(text, &id);
		(void)snprintf(path, sizeof path, "/v1/accounts/%s", text);
		if (c->as_of[0] != '\0') {
			(void)snprintf(path, sizeof path, "/v1/accounts/%s?as_of=%" PRIu64, text,
				       moment);
		}
		one = get(c, path, &code);
		if (one != NULL) {
			CHECK(json_object_set_new(one, "account", json_string(names[i])) == 0 &&
			      json_array_append_new(list, one) == 0);
		}
		if (one != NULL && !c->json) {
			printf(_("%-40s %24s %-7s of it held %s\n"), names[i],
			       text_of(one, "balance"), text_of(one, "asset"),
			       text_of(one, "held"));
		}
	}
	if (code == 0 && c->json) {
		(void)json_dumpf(list, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	}
	json_decref(list);
	return code;
}

/* One line of a page: printed, and its balance followed.  False: it does not add up. */
static bool tell_line(const struct cli *c, const json_t *line, u128 *debits, u128 *credits,
		      bool *debit_side, bool first)
{
	struct money amount, balance;
	char when[CLOCK_TEXT_MAX];
	json_int_t ms = json_integer_value(json_object_get(line, "time_ms"));
	bool debit = strcmp(text_of(line, "side"), "debit") == 0;
	u128 now;

	if (money_parse(&amount, ASSET_XEM, bytes_str(text_of(line, "amount"))) != ERR_OK ||
	    money_parse(&balance, ASSET_XEM, bytes_str(text_of(line, "balance"))) != ERR_OK ||
	    ms < 0) {
		return false;
	}
	*debits += debit ? money_units(&amount) : 0;
	*credits += debit ? 0 : money_units(&amount);
	now = *debit_side ? *debits - *credits : *credits - *debits;
	clock_text(when, (uint64_t)ms);
	if (c->json) {
		printf("%s", first ? "" : ",");
		(void)json_dumpf(line, stdout, JSON_COMPACT);
	} else {
		printf("%-24s %20s %20s  %s, %s %s\n", when, text_of(line, "amount"),
		       text_of(line, "balance"), text_of(line, "side"), text_of(line, "other_kind"),
		       text_of(line, "other"));
	}
	/* an account that is on its other side has the balance 0 */
	return now == money_units(&balance) || (now >> 127 != 0 && money_is_zero(&balance));
}

int books_server_statement(const struct cli *c, const char *name)
{
	struct id128 id;
	char text[UUID7_TEXT_MAX];
	uint64_t cursor = 0;
	u128 debits = 0, credits = 0;
	bool more = true, first = true;
	int code = books_account_get(&id, name);

	if (code == 0 && c->as_of[0] != '\0') {
		code = cli_fail(ERR_CONFIG,
				"as_of: a statement is asked for up to now; its lines have "
				"their times");
	}
	uuid7_put(text, &id);
	while (code == 0 && more) {
		char path[160];
		size_t i;
		json_t *page, *line;

		(void)snprintf(path, sizeof path,
			       "/v1/accounts/%s/statement?cursor=%" PRIu64 "&limit=%d", text,
			       cursor, LINES);
		page = get(c, path, &code);
		if (page == NULL) {
			break;
		}
		if (first) {
			if (c->json) {
				printf("[");
			} else {
				books_statement_head();
			}
		}
		more = json_is_true(json_object_get(page, "more"));
		cursor = (uint64_t)json_integer_value(json_object_get(page, "next"));
		json_array_foreach(json_object_get(page, "lines"), i, line)
		{
			bool debit_side = false;

			for (uint32_t kind = BOOKS_CUSTOMER; kind < BOOKS_KINDS; kind++) {
				debit_side = debit_side || (books_kind_debit(kind) &&
							    strcmp(books_kind_name(kind),
								   text_of(page, "kind")) == 0);
			}
			if (code == 0 &&
			    !tell_line(c, line, &debits, &credits, &debit_side, first && i == 0)) {
				code = cli_fail(ERR_MISMATCH,
						"line %zu behind record %" PRIu64
						": the lines do not add up to its balance",
						i, cursor);
			}
		}
		first = false;
		json_decref(page);
	}
	if (code == 0 && c->json) {
		printf("]\n");
	}
	return code;
}
