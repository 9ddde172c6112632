/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_settle.c - what the settlement's token can do by hand (POST /v1/transfers): close an
 * account, set its maximum, hold until a moment, and book a file of entries.
 *
 * Ids.  A command makes its own and says it before it asks, so that whoever gets no answer asks
 * again under --id and nothing is done twice.  The entries of a file have theirs.  No rule of the
 * books stands here: every entry goes as it was written, and its answer comes from kuramorid.
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
#include "io/random.h"

enum {
	FILE_BYTES_MAX = 64 << 20,
	AT_ONCE = LOG_BATCH_RECORDS_MAX, /* entries of one request */
};

/* The account as the API takes it, and its asset's name: of "jpy/customer:a", "customer:a". */
static const char *account_of(const char *said, const char **asset)
{
	static const char yen[] = "jpy/";
	bool in_yen = strncmp(said, yen, strlen(yen)) == 0;

	*asset = books_asset_name(in_yen ? ASSET_JPY : ASSET_XEM);
	return in_yen ? said + strlen(yen) : said;
}

/* What was asked for in words for people, from an answer of the API; NULL: it is none. */
static const char *member(const json_t *one, const char *key)
{
	return json_string_value(json_object_get(one, key));
}

static void tell_refused(const json_t *one)
{
	const char *was = member(one, "was"), *field = member(one, "field");

	printf(_("%s refused: %s"), member(one, "id"), member(one, "code"));
	if (field != NULL && field[0] != '\0') {
		printf(_(", field %s"), field);
	}
	if (was != NULL) {
		printf(_(", which was %s"), was);
	}
	printf("\n");
}

struct told {
	size_t done, repeated, refused;
};

/* The answers to `asked` entries; 0 or an exit code. */
static int tell(const struct cli *c, const char *reply, size_t asked, struct told *t)
{
	json_t *answer = json_loads(reply, JSON_REJECT_DUPLICATES, NULL), *one;
	json_t *list = json_object_get(answer, "transfers");
	size_t i;
	int code = 0;

	if (!json_is_array(list) || json_array_size(list) != asked) {
		code = cli_fail(ERR_NODE, "kuramorid at %s did not answer every entry", c->api);
	}
	json_array_foreach(list, i, one)
	{
		const char *result = member(one, "result");

		if (code != 0) {
			break;
		}
		if (result == NULL || member(one, "id") == NULL) {
			code = cli_fail(ERR_NODE, "kuramorid at %s: answer %zu has no result",
					c->api, i);
		} else if (strcmp(result, "done") == 0) {
			t->done++;
		} else if (strcmp(result, "repeated") == 0) {
			t->repeated++;
		} else {
			t->refused++;
			if (!c->json && member(one, "code") != NULL) {
				tell_refused(one);
			}
		}
		if (code == 0 && c->json) {
			(void)json_dumpf(one, stdout, JSON_COMPACT);
			(void)fputc('\n', stdout);
		}
	}
	json_decref(answer);
	return code;
}

/* Asks for these entries, at most AT_ONCE.  0 or an exit code. */
static int ask(const struct cli *c, json_t *entries, struct told *t)
{
	static char reply[HTTP_CLIENT_REPLY_MAX];
	json_t *body = json_pack("{s:O}", "transfers", entries);
	/* sorted and compact is the one spelling that the route takes */
	char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	unsigned status = 0;
	int code;

	CHECK(body != NULL && text != NULL);
	code = cli_api(c, "/v1/transfers", bytes_str(text), &status, reply, sizeof reply);
	if (code == 0) {
		code = status == 200 ? tell(c, reply, json_array_size(entries), t)
				     : cli_problem(status, reply);
	}
	free(text);
	json_decref(body);
	return code;
}

/* One entry made here; its id is --id, or a new one that is said before kuramorid is asked. */
static int one(const struct cli *c, json_t *entry)
{
	json_t *list = json_pack("[o]", entry);
	struct told t = { 0 };
	char id[UUID7_TEXT_MAX];
	uint8_t random[UUID7_RANDOM_BYTES];
	struct id128 made;
	int code = 0;

	CHECK(list != NULL);
	if (c->id[0] != '\0' && uuid7_get(&made, bytes_str(c->id)) != ERR_OK) {
		json_decref(list);
		return cli_fail(ERR_CONFIG, "id: a UUID of version 7 in lower case");
	}
	if (c->id[0] == '\0') {
		random_fill(random, sizeof random);
		uuid7_make(&made, clock_wall_ms(), random);
	}
	uuid7_put(id, &made);
	CHECK(json_object_set_new(entry, "id", json_string(id)) == 0);
	if (!c->json) {
		printf(_("id %s\n"), id);
		(void)fflush(stdout);
	}
	code = ask(c, list, &t);
	if (code == err_exit(ERR_UNREACHABLE)) {
		(void)fprintf(stderr,
			      _("kuramori: it may have been booked: ask again with --id %s\n"), id);
	}
	json_decref(list);
	if (code == 0 && !c->json && t.refused == 0) {
		printf("%s\n", t.done > 0 ? _("done") : _("was done before"));
	}
	return code != 0 ? code : t.refused > 0 ? err_exit(ERR_POLICY) : 0;
}

int books_close_command(const struct cli *c, const char *account)
{
	const char *asset, *name = account_of(account, &asset);
	json_t *entry =
	    json_pack("{s:s,s:s,s:s}", "kind", "close", "account", name, "asset", asset);

	return entry == NULL ? cli_fail(ERR_INPUT, "the account is not UTF-8") : one(c, entry);
}

int books_limit_command(const struct cli *c, const char *account, const char *most)
{
	const char *asset, *name = account_of(account, &asset);
	json_t *entry = json_pack("{s:s,s:s,s:s,s:s}", "kind", "limit", "account", name, "asset",
				  asset, "amount", most);

	return entry == NULL ? cli_fail(ERR_INPUT, "account or amount is not UTF-8")
			     : one(c, entry);
}

int books_hold_command(const struct cli *c, const char *debit, const char *credit,
		       const char *amount, const char *until)
{
	const char *asset, *other, *from = account_of(debit, &asset),
				   *to = account_of(credit, &other);
	uint64_t ms = 0;
	json_t *entry;

	if (!books_time_get(&ms, until) || ms > INT64_MAX) {
		return cli_fail(ERR_INPUT,
				"%.40s: a moment is milliseconds since 1970, or a time as "
				"2018-01-26T00:02:13Z",
				until);
	}
	if (strcmp(asset, other) != 0) {
		return cli_fail(ERR_INPUT, "%.60s and %.60s are of different assets", debit,
				credit);
	}
	entry = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "kind", "hold", "debit", from, "credit", to,
			  "asset", asset, "amount", amount, "until_ms", (json_int_t)ms);
	return entry == NULL ? cli_fail(ERR_INPUT, "an account or the amount is not UTF-8")
			     : one(c, entry);
}

/* How many entries from `at` on go into one request: as many as fit and no group cut in two. */
static size_t piece(const json_t *list, size_t at)
{
	size_t n = json_array_size(list) - at;

	if (n <= AT_ONCE) {
		return n;
	}
	n = AT_ONCE;
	while (n > 0 && json_is_true(json_object_get(json_array_get(list, at + n - 1), "linked"))) {
		n--;
	}
	return n;
}

int books_entries_command(const struct cli *c, const char *path)
{
	uint8_t *raw = malloc(FILE_BYTES_MAX);
	json_t *all = NULL, *list = NULL;
	json_error_t fault;
	struct told t = { 0 };
	size_t n = 0, at = 0, size;
	int code;

	if (raw == NULL) {
		return cli_fail(ERR_FULL, "no memory");
	}
	code = cli_read(path, raw, FILE_BYTES_MAX, &n);
	if (code == 0) {
		all = json_loadb((const char *)raw, n, JSON_REJECT_DUPLICATES, &fault);
		list = json_object_get(all, "transfers");
		if (all == NULL) {
			code = cli_fail(ERR_INPUT, "%s, line %d: %s", path, fault.line, fault.text);
		} else if (json_object_size(all) != 1 || json_array_size(list) == 0) {
			code = cli_fail(ERR_INPUT, "%s: it is {\"transfers\":[one entry or more]}",
					path);
		}
	}
	free(raw);
	for (; code == 0 && at < json_array_size(list); at += size) {
		json_t *some = json_array();

		size = piece(list, at);
		CHECK(some != NULL);
		for (size_t i = 0; i < size; i++) {
			CHECK(json_array_append(some, json_array_get(list, at + i)) == 0);
		}
		code = size > 0 ? ask(c, some, &t)
				: cli_fail(ERR_TOO_LARGE,
					   "%s: more than %d entries from number %zu on are linked",
					   path, AT_ONCE, at);
		json_decref(some);
		if (code != 0) {
			(void)fprintf(stderr,
				      _("kuramori: of the first %zu entries all are answered; run "
					"the same file again, nothing is booked twice\n"),
				      at);
			break;
		}
	}
	if (at > 0 && !c->json) {
		printf(_("%zu done, %zu repeated, %zu refused\n"), t.done, t.repeated, t.refused);
	}
	json_decref(all);
	return code != 0 ? code : t.refused > 0 ? err_exit(ERR_POLICY) : 0;
}
