/* SPDX-License-Identifier: Apache-2.0 */
/* The files of labels of a case, read by src/ingest; texts are cleaned once, when first asked for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli.h"
#include "crypto/sha256.h"
#include "ingest/labels.h"
#include "io/random.h"
#include "trace_labels.h"

enum { SHOWN_MAX = 100, CLEAN_BYTES = 512 };

struct trace_labels {
	struct labels *set;
	struct trace_label **asked; /* one for each tag of the set; NULL: not asked for yet */
	size_t n;
	struct hash32 sha256[CASEFILE_LABELS_MAX];
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static int read_file(struct trace_labels *l, size_t i, const struct casefile_labels *said,
		     const char *path)
{
	struct ingest_fault fault = { .why = "" };
	uint64_t line = 0, skipped = 0;
	size_t n = 0;
	uint8_t *bytes = malloc(LABELS_FILE_MAX);
	enum err e = ERR_OK;
	int code;

	CHECK(bytes != NULL); /* pages that are not touched cost nothing */
	code = access(path, F_OK) == 0 ? cli_read(path, bytes, LABELS_FILE_MAX, &n)
				       : cli_fail(ERR_NOT_FOUND,
						  "%s: the case names it as labels[%zu].file, seen "
						  "from the folder where the case lies",
						  path, i);
	if (code == 0) {
		sha256(&l->sha256[i], bytes_of(bytes, n));
		if (said->has_sha256 && !hash32_eq(&said->sha256, &l->sha256[i])) {
			code = cli_fail(ERR_MISMATCH,
					"%s: not the version that labels[%zu].sha256 of the case "
					"names",
					path, i);
		}
	}
	if (code == 0) {
		e = ends_with(path, ".yaml") || ends_with(path, ".yml")
			? labels_tagpack(l->set, said->file, bytes_of(bytes, n), &skipped, &line,
					 &fault)
			: labels_csv(l->set, said->file, bytes_of(bytes, n), &line, &fault);
	}
	if (e != ERR_OK) {
		char clean[CLEAN_BYTES];

		casefile_clean(clean, sizeof clean, fault.field, CLEAN_BYTES);
		code = cli_fail(e, "%s:%" PRIu64 ": %s%s%s", path, line, clean,
				clean[0] == '\0' ? "" : ": ", words_of(fault.why));
	}
	free(bytes);
	return code;
}

int trace_labels_read(struct trace_labels **out, const struct casefile *file, const char *case_path)
{
	struct trace_labels *l = calloc(1, sizeof *l);
	uint8_t seed[LABELS_SEED_BYTES];
	int code = 0;

	CHECK(l != NULL);
	*out = l;
	random_fill(seed, sizeof seed);
	CHECK(labels_new(&l->set, seed) == ERR_OK);
	for (size_t i = 0; code == 0 && i < file->labels_n; i++) {
		char *path = casefile_beside(case_path, file->labels[i].file);

		code = read_file(l, i, &file->labels[i], path);
		free(path);
	}
	if (code == 0) {
		CHECK(labels_seal(l->set) == ERR_OK);
		l->n = labels_n(l->set);
		l->asked = calloc(l->n + 1, sizeof(void *));
		CHECK(l->asked != NULL);
	}
	return code;
}

static char *cleaned(const char *text)
{
	char clean[CLEAN_BYTES];
	char *out;

	casefile_clean(clean, sizeof clean, text, SHOWN_MAX);
	out = strdup(clean);
	CHECK(out != NULL);
	return out;
}

void trace_labels_free(struct trace_labels *l)
{
	if (l == NULL) {
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (l->asked[i] != NULL) {
			free(l->asked[i]->label);
			free(l->asked[i]->category);
			free(l->asked[i]->source);
			free(l->asked[i]);
		}
	}
	free(l->asked);
	labels_free(l->set);
	free(l);
}

/* The label of a tag, made when it is asked for first. */
static const struct trace_label *label_at(const struct trace_labels *l, size_t place)
{
	struct label tag;

	if (place == SIZE_MAX) {
		return NULL;
	}
	if (l->asked[place] == NULL) {
		struct trace_label *one = calloc(1, sizeof *one);

		CHECK(one != NULL);
		labels_at(l->set, place, &tag);
		one->label = cleaned(tag.label);
		one->category = cleaned(tag.category);
		one->source = cleaned(tag.source);
		one->confidence = tag.confidence;
		l->asked[place] = one;
	}
	return l->asked[place];
}

const struct trace_label *trace_labels_find(const struct trace_labels *l, const char *address)
{
	return label_at(l, labels_find(l->set, bytes_str(address)));
}

void trace_labels_find_many(const struct trace_labels *l, const char *const *address, size_t n,
			    const struct trace_label **label)
{
	enum { TOGETHER = 64 };

	for (size_t i = 0; i < n; i += TOGETHER) {
		const size_t some = n - i < TOGETHER ? n - i : TOGETHER;
		struct bytes text[TOGETHER];
		size_t place[TOGETHER];

		for (size_t k = 0; k < some; k++) {
			text[k] = bytes_str(address[i + k]);
		}
		labels_find_many(l->set, text, some, place);
		for (size_t k = 0; k < some; k++) {
			label[i + k] = label_at(l, place[k]);
		}
	}
}

const struct hash32 *trace_labels_sha256(const struct trace_labels *l, size_t i)
{
	return &l->sha256[i];
}
