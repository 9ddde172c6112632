/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_command.h - what the files of `kuramori books` share.
 */
#ifndef KURAMORI_BIN_BOOKS_COMMAND_H
#define KURAMORI_BIN_BOOKS_COMMAND_H

#include "books/verify.h"
#include "journal.h"
#include "payout/trail.h"

/* A journal that is read and judged on the way. */
struct books_reading {
	struct books_verify verify;
	struct trail trail; /* beside it: the states of withdrawals */
	struct log_secret secret;
	bool salted; /* the secret was given: the tree is recomputed */
	struct cli_progress progress;
	char why[BOOKS_VERIFY_WHY_MAX + 256]; /* with the journal's name */
};

/* what: for the progress line.  0 or an exit code; books_read_end() either way. */
int books_read_begin(const struct cli *c, struct books_reading *r, const char *what);
void books_read_end(struct books_reading *r);

/* store_each of a struct books_reading. */
enum err books_each(void *context, struct bytes batch);

/* Replays the whole store through books_each().  On error r->why, and r->verify.at for ERR_CORRUPT
 * and ERR_VERSION. */
MUST_CHECK enum err books_read(struct books_reading *r, struct store *store);

/*
 * "KIND:NAME" as whoever knows the name writes it (of a XEM account, or "jpy/KIND:NAME"), or the
 * account's id.  0 or an exit code.
 */
int books_account_get(struct id128 *out, const char *said);

/* Milliseconds, or "2018-01-26T00:02:13Z" with or without milliseconds.  False: neither. */
bool books_time_get(uint64_t *out, const char *text);

/* as_of in Unix ms; *ms stays if it is not set.  0 or an exit code. */
int books_moment(const struct cli *c, uint64_t *ms);

/* The line above the lines of a statement. */
void books_statement_head(void);

/* The commands: exit codes.  Those with `server`, and close to
 * entries, ask the running kuramorid. */
int books_server_balance(const struct cli *c, const char *const *names, size_t n);
int books_server_statement(const struct cli *c, const char *name);
int books_close_command(const struct cli *c, const char *account);
int books_limit_command(const struct cli *c, const char *account, const char *most);
int books_hold_command(const struct cli *c, const char *debit, const char *credit,
		       const char *amount, const char *until);
int books_entries_command(const struct cli *c, const char *path);
int books_verify_command(const struct cli *c, const char *path);
int books_backup_command(const struct cli *c, const char *to);
int books_restore_command(const struct cli *c, const char *from, const char *to);

#endif
