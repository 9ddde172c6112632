/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - a journal of a stopped program, or a copy of one, for the commands that read them.
 */
#ifndef KURAMORI_BIN_JOURNAL_H
#define KURAMORI_BIN_JOURNAL_H

#include "cli.h"
#include "store/backup.h"
#include "store/file.h"
#include "store/postgres.h"
#include "store/sqlite.h"

struct cli_journal {
	struct store *store; /* &u.x.base; NULL: not open */
	bool of_kuramorid;   /* not a file journal: those are of signers and watchers */

	union {
		struct store_sqlite sqlite;
		struct store_file file;
		struct store_backup backup;
		struct store_postgres postgres;
	} u;
};

/*
 * Opens what path is: SQLite, a backup, a file journal, or a database at postgres://, which may be
 * in use: it is read as a server that stands by reads it.  No file is made where none is.
 * 0 or an exit code, said on stderr.  store_close(j->store) ends it.
 */
int cli_journal_open(struct cli_journal *j, const char *path);

/* Opens the database at url with nothing else asked of it.  ERR_ and *fault as
 * store_postgres_open(). */
MUST_CHECK enum err cli_postgres_open(struct store_postgres *s, const char *url,
				      struct store_fault *fault);

/* journal_secret_file, 64 hex digits.  0 or an exit code; the caller wipes it. */
int cli_journal_secret(const struct cli *c, struct log_secret *secret);

/* One number on stderr that overwrites itself; nothing unless that is a terminal. */
struct cli_progress {
	const char *what;
	bool shown;       /* is a terminal */
	uint64_t next_ms; /* of the monotonic clock */
};

void cli_progress_begin(struct cli_progress *p, const char *what);
void cli_progress(struct cli_progress *p, uint64_t n);
void cli_progress_end(struct cli_progress *p);

#endif
