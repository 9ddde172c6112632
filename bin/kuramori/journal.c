/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/file.h"

enum {
	PROGRESS_MS = 100,
};

static bool is_sqlite(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof magic] = { 0 };
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(head, 1, sizeof head, f);

	if (f != NULL) {
		(void)fclose(f);
	}
	return n == sizeof head &&
	       bytes_eq(bytes_of(head, sizeof head), bytes_of(magic, sizeof magic));
}

enum err cli_postgres_open(struct store_postgres *s, const char *url, struct store_fault *fault)
{
	struct store_postgres_options options = { .url = url,
						  .who = "kuramori",
						  .mono_ms = clock_mono_ms };

	return store_postgres_open(s, &options, fault);
}

int cli_journal_open(struct cli_journal *j, const char *path)
{
	struct store_fault fault = { "" };
	enum err e;

	j->store = NULL;
	j->of_kuramorid = true;
	if (store_postgres_is_url(path)) {
		e = cli_postgres_open(&j->u.postgres, path, &fault);
		j->store = &j->u.postgres.base;
	} else if (is_sqlite(path)) {
		e = store_sqlite_open(&j->u.sqlite, path, &fault);
		j->store = &j->u.sqlite.base;
	} else if (store_backup_is(path)) {
		e = store_backup_open(&j->u.backup, path, STORE_BACKUP_READ, &fault);
		j->store = &j->u.backup.base;
	} else {
		e = store_file_open(&j->u.file, path, STORE_FILE_EXISTING, 0, &fault);
		j->store = &j->u.file.base;
		j->of_kuramorid = false;
	}
	if (e != ERR_OK) {
		j->store = NULL;
		return cli_fail(e, "%s", fault.text);
	}
	return 0;
}

int cli_journal_secret(const struct cli *c, struct log_secret *secret)
{
	char text[66] = "";
	size_t n = 0;
	int code = cli_read_private(c->journal_secret_file, text, sizeof text - 1, &n);

	if (code == 0 &&
	    ((n != 64 && !(n == 65 && text[64] == '\n')) ||
	     hex_get(secret->b, sizeof secret->b, bytes_of(text, 64), HEX_LOWER_ONLY) != ERR_OK)) {
		code = cli_fail(ERR_INPUT, "%s: a journal's secret is 64 hex digits",
				c->journal_secret_file);
	}
	crypto_wipe(text, sizeof text);
	return code;
}

void cli_progress_begin(struct cli_progress *p, const char *what)
{
	*p = (struct cli_progress){ .what = what, .shown = isatty(STDERR_FILENO) != 0 };
}

void cli_progress(struct cli_progress *p, uint64_t n)
{
	if (p->shown && clock_mono_ms() >= p->next_ms) {
		p->next_ms = clock_mono_ms() + PROGRESS_MS;
		(void)fputc('\r', stderr);
		(void)fprintf(stderr, _("%s: %" PRIu64 " records"), words_of(p->what), n);
	}
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->shown) {
		(void)fputs("\r\033[K", stderr);
	}
}
