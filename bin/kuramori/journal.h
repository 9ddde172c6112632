/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - a journal of a stopped program, or a copy of one, for the commands that read them.
 */
#ifndef KURAMORI_BIN_JOURNAL_H
#define KURAMORI_BIN_JOURNAL_H

#include "cli.h"
#include "store/backup.h"
#include "store/file.h"
#include "store/sqlite.h"

struct cli_journal {
	struct store *store; /* &u.x.base; NULL: not open */
	bool of_kuramorid;   /* SQLite or a backup: the file engine is of signers and watchers */

	union {
		struct store_sqlite sqlite;
		struct store_file file;
		struct store_backup backup;
	} u;
};

/*
 * Opens what path is: SQLite, a backup, or a file journal.  Nothing is made where nothing is.
 * 0 or an exit code, said on stderr.  store_close(j->store) ends it.
 */
int cli_journal_open(struct cli_journal *j, const char *path);

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
