/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refill.h - what the commands around a refill share (docs/ceremony.md).
 */
#ifndef KURAMORI_BIN_REFILL_H
#define KURAMORI_BIN_REFILL_H

#include "chain/nem/nem_address.h"
#include "cli.h"
#include "cold/cold.h"

enum { CLI_TALLY_BYTES_MAX = 16384 };

/* What the watchers said when they were asked last. */
extern struct cli_tallies {
	size_t n;
	/* who refused because one of the accounts is under no cosigners' control */
	size_t uncontrolled;

	struct cli_tally {
		struct doc_tally tally;
		size_t raw_n;
		uint8_t raw[CLI_TALLY_BYTES_MAX];
	} list[DOC_WATCHERS_MAX];
} cli_tallies;

/* The socket is a signer's: it is not asked what only watchers know. */
bool cli_is_signer(const struct cli *c, const char *path);

/*
 * Genesis, roster and the holding of holding_file, judged; the holding's bytes, at most
 * DOC_BYTES_MAX, in raw.  0 or an exit code.
 */
int cli_refill_rules(struct cli *c, struct cold_rules *rules, uint8_t *raw, size_t *n);

/* Whom the holding in this file names and rules' does not is retired in rules.  0 or an exit code.
 */
int cli_refill_old(const struct cli *c, struct cold_rules *rules, const char *path);

/*
 * May an address of the rules' key set be given out, or coins be sent there?  As many drills of
 * drill_folder as a recovery needs are valid; which are not is named on stderr.  0 or an exit code
 * (prepare.c).
 */
int cli_drills_judge(const struct cli *c, const struct cold_rules *rules);

/* `kuramori refill propose path WORDS`, words as people type them. */
int cli_refill_propose(struct cli *c, const char *path, const char *const *words, size_t n);

/* Every watcher behind a stop socket is told of these documents, and gives a receipt for the one of
 * this id: 0 if all have it, and they are k at least.  else_words: what follows if not. */
int cli_refill_tell(const struct cli *c, const struct bytes *items, size_t n,
		    const struct hash32 *id, const char *else_words);
extern const char cli_holding_else[]; /* of a holding that was told alone */

/* refill_collect.c: words are REFILL, ANSWER..., node=HOST:PORT. */
int cli_refill_collect(struct cli *c, const char *const *words, size_t n);
/* Tells every watcher of the holding in holding_file, as soon as officers have signed it. */
int cli_refill_holding(struct cli *c);
int cli_refill_status(struct cli *c, const char *const *words, size_t n);

/*
 * Asks every watcher behind a stop socket for a tally of these accounts (1 to DOC_TALLIED_MAX) into
 * cli_tallies; each is signed by its watcher of the roster.  Who gives none is named on stderr
 * unless quiet, and so is what follows.  0, or an exit code if they are fewer than the roster's
 * watchers_needed or contradict each other.
 */
int cli_tallies_fetch(struct cli *c, const struct nem_address *accounts, size_t n, bool quiet);

#endif
