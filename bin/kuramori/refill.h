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
