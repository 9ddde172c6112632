/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_compare.c - `kuramori trace verify BUNDLE STORE`: the same case over that ledger must be
 * the same bundle, byte by byte.
 *
 * Whether a bundle's numbers follow from its own transfers is for the other program to say, which
 * shares nothing with this one: tools/kuramori-trace-verify.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "trace_bundle.h"
#include "trace_command.h"
#include "trace_words.h"

enum { HASH_AND_BLANK = 65 };

/* The fields of the first line of this kind; *height of the ledger's.  NULL: it is not there. */
static json_t *line_of(FILE *in, const char *kind)
{
	char *line = NULL;
	size_t cap = 0;
	json_t *found = NULL;
	bool over = false; /* the head is: accounts follow */
	ssize_t n;

	rewind(in);
	while (found == NULL && !over && (n = getline(&line, &cap, in)) > HASH_AND_BLANK) {
		json_error_t error;
		json_t *j = json_loadb(line + HASH_AND_BLANK, (size_t)n - HASH_AND_BLANK,
				       JSON_REJECT_DUPLICATES, &error);
		const char *said = json_string_value(json_array_get(j, 0));

		if (said != NULL && strcmp(said, kind) == 0) {
			found = json_incref(json_array_get(j, 1));
		}
		over = said == NULL || strcmp(said, "account") == 0;
		json_decref(j);
	}
	free(line);
	return found;
}

/* The first line in which the two differ, 0: none. */
static uint64_t differ(FILE *in, const char *mine, size_t mine_n)
{
	char *line = NULL;
	size_t cap = 0, at = 0;
	uint64_t number = 0, wrong = 0;
	ssize_t n;

	rewind(in);
	while (wrong == 0 && (n = getline(&line, &cap, in)) > 0) {
		number++;
		if ((size_t)n > mine_n - at ||
		    !bytes_eq(bytes_of(line, (size_t)n), bytes_of(mine + at, (size_t)n))) {
			wrong = number;
		}
		at += (size_t)n;
	}
	free(line);
	return wrong != 0 ? wrong : at == mine_n ? 0 : number + 1;
}

static int compare(const struct cli *c, const char *path, FILE *in, const struct trace_run *run)
{
	struct trace_tally tally;
	struct hash32 id;
	char *mine = NULL, hex[65];
	size_t mine_n = 0;
	uint64_t wrong;
	enum err e;
	FILE *out = open_memstream(&mine, &mine_n);

	CHECK(out != NULL);
	trace_tally_make(&tally, run);
	e = trace_bundle_write(out, &id, run, &tally);
	CHECK(fclose(out) == 0);
	trace_tally_free(&tally);
	if (e != ERR_OK) {
		free(mine);
		return cli_fail(e, "%s: the intervals of all rules cannot be proved", path);
	}
	wrong = differ(in, mine, mine_n);
	free(mine);
	hex_put(hex, bytes_of(id.b, sizeof id.b));
	if (wrong != 0) {
		return cli_fail(ERR_MISMATCH,
				"%s, line %" PRIu64
				": the ledger of %s says otherwise; its bundle of "
				"this case is %s",
				path, wrong, run->store, hex);
	}
	if (c->json) {
		printf("{\"bundle\":\"%s\",\"transfers\":%zu}\n", hex, run->events_n);
	} else {
		printf(
		    _("%s: bundle %s is what the ledger of %s says; kuramori-trace-verify computes "
		      "its numbers by other means\n"),
		    path, hex, run->store);
	}
	return 0;
}

int trace_compare(const struct cli *c, const char *path, const char *store)
{
	struct casefile file = { .json = NULL };
	struct trace_run run = { .file = NULL };
	FILE *in = fopen(path, "re");
	json_t *the_case, *ledger;
	json_int_t height;
	int code;

	if (in == NULL) {
		return cli_fail(ERR_IO, "%s: %s", path, strerror(errno));
	}
	the_case = line_of(in, "case");
	ledger = line_of(in, "ledger");
	height = json_integer_value(json_object_get(ledger, "height"));
	code =
	    the_case == NULL || height <= 0
		? cli_fail(ERR_INPUT,
			   "%s: no re-run bundle; it is: kuramori trace verify BUNDLE STORE", path)
		: casefile_from_json(&file, the_case, path);
	code = code != 0 ? code : trace_run_open(&run, &file, path, store, (uint64_t)height, 0);
	code = code != 0 ? code : compare(c, path, in, &run);
	trace_run_free(&run);
	casefile_free(&file);
	json_decref(the_case);
	json_decref(ledger);
	(void)fclose(in);
	return code;
}
