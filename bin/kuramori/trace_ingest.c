/* SPDX-License-Identifier: Apache-2.0 */
/* Files of transfers or transactions, into a column store. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/check.h"
#include "ingest/transfer.h"
#include "io/random.h"
#include "journal.h"
#include "store/columns_feed.h"
#include "trace.h"

enum { READ_BYTES = 1 << 20 };

/* The lines of a file; one line is borrowed until the next. */
struct lines {
	int fd;
	uint8_t *p;
	size_t begin, end, cap;
	bool at_end;
	uint64_t line; /* of what was given last, from 1 */
};

/* False: the end, or *e is not ERR_OK. */
static bool next_line(struct lines *l, size_t most, struct bytes *out, enum err *e)
{
	size_t seen = 0;

	*e = ERR_OK;
	for (;;) {
		const uint8_t *at = l->p + l->begin;
		const uint8_t *stop = l->end - l->begin > seen
					  ? memchr(at + seen, '\n', l->end - l->begin - seen)
					  : NULL;
		ssize_t n;

		if (stop != NULL || (l->at_end && l->end > l->begin)) {
			size_t bytes = stop != NULL ? (size_t)(stop - at) : l->end - l->begin;

			*out = bytes_of(at, bytes);
			l->begin += bytes + (stop != NULL ? 1 : 0);
			l->line++;
			return true;
		}
		if (l->at_end) {
			return false;
		}
		seen = l->end - l->begin;
		memmove(l->p, at, seen);
		l->begin = 0;
		l->end = seen;
		if (seen > most) {
			l->line++;
			*e = ERR_TOO_LARGE;
			return false;
		}
		if (l->cap - l->end < READ_BYTES) {
			uint8_t *more = realloc(l->p, l->cap * 2);

			if (more == NULL) {
				*e = ERR_FULL;
				return false;
			}
			l->p = more;
			l->cap *= 2;
		}
		n = read(l->fd, l->p + l->end, READ_BYTES);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			*e = ERR_IO;
			return false;
		}
		l->at_end = n == 0;
		l->end += (size_t)n;
	}
}

enum kind { KIND_CSV, KIND_JSONL, KIND_UTXO };

struct ingesting {
	enum kind kind;
	const char *store;
	struct ingest_csv *csv;
	struct ingest_json json;
	struct ingest_utxo utxo;
	struct columns_feed *feed;
	struct cli_progress progress;
};

/* One line into the feed.  *where: the field, or NULL if the fault is the feed's. */
static enum err take(struct ingesting *g, struct bytes line, uint64_t number, uint64_t *bad,
		     struct ingest_fault *text, struct columns_fault *fault, bool *read)
{
	struct ingest_transfer t;
	struct ingest_utxo_tx x;
	enum err e = ERR_OK;

	*read = false;
	*bad = number;
	switch (g->kind) {
	case KIND_CSV:
		e = ingest_csv_line(g->csv, line, &t, text);
		break;
	case KIND_JSONL:
		e = ingest_json_line(&g->json, line, &t, text);
		break;
	case KIND_UTXO:
		e = ingest_utxo_line(&g->utxo, line, &x, text);
		break;
	}
	if (e != ERR_OK) {
		return e;
	}
	*read = true;
	cli_progress(&g->progress, columns_feed_counts(g->feed)->rows);
	return g->kind == KIND_UTXO ? columns_feed_utxo(g->feed, &x, number, bad, fault)
				    : columns_feed_transfer(g->feed, &t, number, bad, fault);
}

static int told(enum err e, const char *path, uint64_t line, const struct ingest_fault *text)
{
	return text->field[0] == '\0'
		   ? cli_fail(e, "%s: line %" PRIu64 ": %s", path, line, text->why)
		   : cli_fail(e, "%s: line %" PRIu64 ": %s %s", path, line, text->field, text->why);
}

/* What the feed said of a row; damage is not the file's. */
static int refused(const struct ingesting *g, enum err e, const char *path, uint64_t line,
		   const struct columns_fault *fault)
{
	return e == ERR_CORRUPT ? cli_trace_failed(e, g->store, fault)
				: cli_fail(e, "%s: line %" PRIu64 ": %s", path, line, fault->text);
}

static int ingest_lines(struct ingesting *g, struct columns *s, struct lines *l, const char *path)
{
	size_t most = g->kind == KIND_UTXO ? (size_t)INGEST_UTXO_LINE_MAX : (size_t)INGEST_LINE_MAX;
	struct columns_fault fault = { "" };
	struct ingest_fault text = { "", "" };
	uint64_t bad = 0;
	struct bytes line;
	bool read = true;
	enum err e;

	while (next_line(l, most, &line, &e)) {
		e = take(g, line, l->line, &bad, &text, &fault, &read);
		if (e == ERR_WAIT && !read) {
			continue;
		}
		if (e != ERR_OK && !read) {
			struct columns_fault ignored;

			/* what stands before it is good */
			if (columns_commit(s, &ignored) != ERR_OK) {
				fault = ignored;
			}
			return told(e, path, bad, &text);
		}
		if (e != ERR_OK) {
			return refused(g, e, path, bad, &fault);
		}
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: line %" PRIu64, path, l->line);
	}
	e = columns_feed_end(g->feed, &bad, &fault);
	return e == ERR_OK ? 0 : refused(g, e, path, bad, &fault);
}

static int ingest_file(struct columns *s, const char *store, enum kind kind, const char *path,
		       struct cli_trace_done *done)
{
	struct ingesting g = { .kind = kind, .store = store };
	struct lines l = { .cap = 2 * (size_t)READ_BYTES };
	const struct columns_feed_counts *n;
	int code = 0;

	l.fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (l.fd < 0) {
		return cli_fail(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
				"%s: cannot be opened: %s", path, strerror(errno));
	}
	ingest_json_init(&g.json);
	ingest_utxo_init(&g.utxo);
	l.p = malloc(l.cap);
	g.csv = malloc(sizeof *g.csv);
	if (l.p == NULL || g.csv == NULL || columns_feed_new(&g.feed, s) != ERR_OK) {
		code = cli_fail(ERR_FULL, "out of memory");
	} else {
		ingest_csv_init(g.csv);
		cli_progress_begin(&g.progress, path);
		code = ingest_lines(&g, s, &l, path);
		cli_progress_end(&g.progress);
		n = columns_feed_counts(g.feed);
		done->rows += n->rows;
		done->known += n->known;
		done->zeros += n->zeros;
		done->selves += n->selves;
	}
	columns_feed_free(g.feed);
	ingest_json_free(&g.json);
	ingest_utxo_free(&g.utxo);
	free(g.csv);
	free(l.p);
	if (l.fd != STDIN_FILENO) {
		(void)close(l.fd);
	}
	return code;
}

/* NAME=VALUE.  0, an exit code, or -1: no option. */
static int option(const char *word, struct columns_options *o, uint64_t *check)
{
	struct ingest_fault fault = { "", "" };
	uint64_t n = 0;

	if (strcmp(word, "opening=yes") == 0) {
		o->opening = true;
		return 0;
	}
	if (strncmp(word, "supply=", 7) == 0) {
		return ingest_number(&o->supply, "supply", bytes_str(word + 7), &fault) == ERR_OK
			   ? 0
			   : cli_fail(ERR_USAGE, "supply is a number of smallest units");
	}
	if (strcmp(word, "check=all") == 0) {
		*check = UINT64_MAX;
		return 0;
	}
	if (strncmp(word, "check=", 6) == 0) {
		if (ingest_number(&n, "check", bytes_str(word + 6), &fault) != ERR_OK) {
			return cli_fail(ERR_USAGE, "check is a number of accounts, or all");
		}
		*check = n;
		return 0;
	}
	return -1;
}

int cli_trace_ingest(struct cli *c, const char *const *w, size_t n)
{
	static const struct {
		const char *word;
		enum columns_source source;
		enum kind kind;
	} kinds[] = {
		{ "csv", COLUMNS_FROM_TRANSFERS, KIND_CSV },
		{ "jsonl", COLUMNS_FROM_TRANSFERS, KIND_JSONL },
		{ "utxo", COLUMNS_FROM_UTXO, KIND_UTXO },
		{ "nem", COLUMNS_FROM_NEM, KIND_CSV },
	};
	struct columns_options options = { .source = COLUMNS_FROM_TRANSFERS };
	struct cli_trace_done done = { .rows = 0 };
	struct columns_fault fault;
	struct columns *s = NULL;
	const char *file[64];
	size_t files = 0, kind = ARRAY_LEN(kinds);
	uint64_t check = 100;
	int code = 0;
	enum err e;

	for (size_t i = 0; n >= 3 && i < ARRAY_LEN(kinds); i++) {
		kind = strcmp(w[1], kinds[i].word) == 0 ? i : kind;
	}
	if (kind == ARRAY_LEN(kinds)) {
		return cli_fail(ERR_USAGE,
				"it is: kuramori trace ingest STORE csv|jsonl|utxo FILE|-... "
				"[opening=yes] [supply=N], or STORE nem HOST:PORT [check=N|all]");
	}
	options.source = kinds[kind].source;
	random_fill(options.seed, sizeof options.seed);
	for (size_t i = 2; i < n; i++) {
		code = option(w[i], &options, &check);
		if (code > 0) {
			return code;
		}
		if (code < 0 && files < ARRAY_LEN(file)) {
			file[files++] = w[i];
		}
	}
	if (files == 0 || (options.source == COLUMNS_FROM_NEM && files > 1)) {
		return cli_fail(ERR_USAGE, "name the files to read, or one node");
	}
	if (options.source == COLUMNS_FROM_NEM) {
		return cli_trace_ingest_nem(c, w[0], file[0], &options, check);
	}
	e = columns_open(&s, w[0], &options, &fault);
	if (e != ERR_OK) {
		return cli_trace_failed(e, w[0], &fault);
	}
	code = 0;
	for (size_t i = 0; code == 0 && i < files; i++) {
		code = ingest_file(s, w[0], kinds[kind].kind, file[i], &done);
	}
	if (code == 0) {
		cli_trace_done(c, s, &done);
	}
	columns_close(s);
	return code;
}
