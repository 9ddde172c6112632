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

/* The words by which a bundle's asked lines were asked for; malloc'd, as each of them. */
static char **asked_of(FILE *in, size_t *n)
{
	char **words = NULL, *line = NULL;
	size_t cap = 0;
	ssize_t got;

	*n = 0;
	rewind(in);
	while ((got = getline(&line, &cap, in)) > HASH_AND_BLANK) {
		static const char begins[] = "[\"asked\",";
		const char *kind = "", *tx = "", *address = "";
		json_t *j = NULL;
		char **more;

		if (strncmp(line + HASH_AND_BLANK, begins, sizeof begins - 1) != 0) {
			continue;
		}
		j = json_loadb(line + HASH_AND_BLANK, (size_t)got - HASH_AND_BLANK,
			       JSON_REJECT_DUPLICATES, NULL);
		/* what is no such line makes a word that asks for something else, or for nothing */
		(void)!json_unpack(json_array_get(j, 1), "{s:s,s:s,s:s}", "kind", &kind, "tx", &tx,
				   "address", &address);
		more = realloc(words, (*n + 1) * sizeof *words);
		CHECK(more != NULL);
		words = more;
		CHECK(strcmp(kind, "deposit") == 0
			  ? asprintf(&words[*n], "deposit=%s/%s", tx, address) > 0
			  : asprintf(&words[*n], "account=%s", address) > 0);
		++*n;
		json_decref(j);
	}
	free(line);
	return words;
}

/* The bundle anew, from a ledger. */
struct anew {
	const char *path, *store;
	char **words; /* what is asked for in it */
	size_t words_n;
	FILE *out;
	struct hash32 id;
	size_t transfers;
};

static int case_anew(struct anew *a, json_t *the_case, uint64_t height)
{
	struct casefile file = { .json = NULL };
	struct trace_run run = { .file = NULL };
	struct trace_asked_list asked = { .n = 0 };
	struct trace_tally tally;
	int code = casefile_from_json(&file, the_case, a->path);

	code = code != 0 ? code
			 : trace_run_open(&run, &file, a->path, a->store, height, TRACE_RUN_ONCE);
	code = code != 0
		   ? code
		   : trace_asked_find(&asked, &run, (const char *const *)a->words, a->words_n);
	if (code == 0) {
		bool left_out;
		enum err e;

		trace_tally_make(&tally, &run);
		e = trace_bundle_write(a->out, &a->id, &run, &tally, &asked, &left_out);
		trace_tally_free(&tally);
		a->transfers = run.events_n;
		code = e == ERR_OK ? 0
				   : cli_fail(e, "%s: the intervals of all rules cannot be proved",
					      a->path);
	}
	trace_asked_free(&asked);
	trace_run_free(&run);
	casefile_free(&file);
	return code;
}

static int judge(const struct cli *c, const struct anew *a, FILE *in, const char *mine,
		 size_t mine_n)
{
	char hex[65];
	const uint64_t wrong = differ(in, mine, mine_n);

	hex_put(hex, bytes_of(a->id.b, sizeof a->id.b));
	if (wrong != 0) {
		return cli_fail(ERR_MISMATCH,
				"%s, line %" PRIu64
				": the ledger of %s says otherwise; its bundle of "
				"this case is %s",
				a->path, wrong, a->store, hex);
	}
	if (c->json) {
		printf("{\"bundle\":\"%s\",\"transfers\":%zu}\n", hex, a->transfers);
	} else {
		printf(
		    _("%s: bundle %s is what the ledger of %s says; kuramori-trace-verify computes "
		      "its numbers by other means\n"),
		    a->path, hex, a->store);
	}
	return 0;
}

int trace_compare(const struct cli *c, const char *path, const char *store)
{
	struct anew a = { .path = path, .store = store };
	FILE *in = fopen(path, "re");
	json_t *the_case, *ledger;
	json_int_t height;
	char *mine = NULL;
	size_t mine_n = 0;
	int code;

	if (in == NULL) {
		return cli_fail(ERR_IO, "%s: %s", path, strerror(errno));
	}
	a.out = open_memstream(&mine, &mine_n);
	CHECK(a.out != NULL);
	the_case = line_of(in, "case");
	ledger = line_of(in, "ledger");
	height = json_integer_value(json_object_get(ledger, "height"));
	if (the_case == NULL || height <= 0) {
		code = cli_fail(ERR_INPUT,
				"%s: no re-run bundle; it is: kuramori trace verify BUNDLE STORE",
				path);
	} else if (json_object_get(the_case, "policy") != NULL) {
		code = trace_pedigree_again(a.out, &a.id, &a.transfers, store, the_case);
	} else {
		a.words = asked_of(in, &a.words_n);
		code = case_anew(&a, the_case, (uint64_t)height);
	}
	CHECK(fclose(a.out) == 0);
	code = code != 0 ? code : judge(c, &a, in, mine, mine_n);
	for (size_t i = 0; i < a.words_n; i++) {
		free(a.words[i]);
	}
	free(a.words);
	free(mine);
	json_decref(the_case);
	json_decref(ledger);
	(void)fclose(in);
	return code;
}
