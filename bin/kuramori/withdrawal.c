/* SPDX-License-Identifier: Apache-2.0 */
/*
 * withdrawal.c - how a withdrawal came to where it is: every change of state with who and why, as
 * kuramorid's journal has it.  Next file: stop.c.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "crypto/uuid7.h"
#include "io/clock.h"
#include "payout/reason.h"

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

static const char *in_his_language(const void *ctx, const char *english)
{
	(void)ctx;
	return words_of(english);
}

static void print_change(const json_t *change)
{
	char when[CLOCK_TEXT_MAX], who[300], why[REASON_WORDS_MAX], kept[300], what[128];

	clock_text(when, (uint64_t)json_integer_value(json_object_get(change, "time_ms")));
	cli_clean(who, sizeof who, bytes_str(text_of(change, "who")));
	cli_clean(kept, sizeof kept, bytes_str(text_of(change, "why")));
	reason_words(why, sizeof why, kept, in_his_language, NULL);
	printf(_("%s  %s %s -> %s  by %s%s%s\n"), when,
	       words_column(what, sizeof what, words_of(text_of(change, "what")), 8),
	       words_of(text_of(change, "old")), words_of(text_of(change, "new")),
	       who[0] == '\0' ? _("(not kept)") : who, why[0] == '\0' ? "" : ": ", why);
}

/* Only while it matters: a key has not spoken yet. */
static void print_lock(const json_t *reply)
{
	json_int_t until_ms = json_integer_value(json_object_get(reply, "locked_until_ms"));
	const char *state = text_of(reply, "state");
	char when[CLOCK_TEXT_MAX];

	if (until_ms > 0 && (strcmp(state, "approving") == 0 || strcmp(state, "approved") == 0)) {
		clock_text(when, (uint64_t)until_ms);
		printf(_("its time lock ends at %s\n"), when);
	}
}

int cli_withdrawal_history(struct cli *c, const char *id_text)
{
	static char answer[262144];
	const json_t *changes;
	struct id128 id;
	char path[128];
	unsigned status = 0;
	json_t *reply;
	int code;

	if (uuid7_get(&id, bytes_str(id_text)) != ERR_OK) {
		return cli_fail(ERR_INPUT,
				"a withdrawal is named by its request id, a UUID of version 7 in "
				"lower case");
	}
	(void)snprintf(path, sizeof path, "/v1/withdrawals/%s/history", id_text);
	code = cli_api(c, path, bytes_of(NULL, 0), &status, answer, sizeof answer);
	if (code != 0) {
		return code;
	}
	if (status != 200) {
		return cli_problem(status, answer);
	}
	if (c->json) {
		printf("%s\n", answer);
		return 0;
	}
	reply = json_loads(answer, 0, NULL);
	changes = json_object_get(reply, "changes");
	for (size_t i = 0; i < json_array_size(changes); i++) {
		print_change(json_array_get(changes, i));
	}
	if (json_array_size(changes) == 0) {
		json_decref(reply);
		return cli_fail(ERR_INPUT, "kuramorid's answer is no history");
	}
	print_lock(reply);
	json_decref(reply);
	return 0;
}
