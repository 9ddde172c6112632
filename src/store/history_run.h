/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_run.h - one file of the history: written in order, searched, read in order (history.h has
 * the format).  For history.c.
 */
#ifndef KURAMORI_STORE_HISTORY_RUN_H
#define KURAMORI_STORE_HISTORY_RUN_H

#include "store/history.h"

enum {
	RUN_BLOCK = 4096,
	RUN_KEY = 10,      /* bytes of an id that are kept */
	RUN_NAME_MAX = 48, /* "run-" and two numbers of 16 hex digits, perhaps ".new" */
};

struct run_entry {
	struct id128 account;
	uint64_t sequence;
	u128 amount;
	enum history_what what;
};

/* Key and sequence, as they lie in a file. */
struct run_id {
	uint8_t b[16];
};

struct run {
	int fd;
	uint32_t level;
	uint64_t first, end;
	struct hash32 head; /* of the journal at end */
	uint64_t entry_blocks, id_blocks, entries, ids;
	uint8_t least[RUN_KEY], most[RUN_KEY]; /* of its ids */
};

void history_run_id_make(struct run_id *out, const struct id128 *id, uint64_t sequence);
uint64_t history_run_id_sequence(const struct run_id *i);

void history_run_name(char out[RUN_NAME_MAX], uint64_t first, uint64_t end);

/*
 * Opens a run of the directory by its name.  ERR_CORRUPT: not a whole run.  ERR_IO.
 */
MUST_CHECK enum err history_run_open(struct run *r, int directory, const char *name);
void history_run_close(struct run *r);

struct run_writer {
	int directory, fd;
	struct run run; /* as it will be */
	enum err failed;
	int number; /* errno of it */
	uint8_t block[RUN_BLOCK];
	size_t used;     /* of block */
	uint16_t count;  /* groups or ids in it */
	bool grouped;    /* a group is open in this block */
	size_t count_at; /* of that group */
	uint16_t group;  /* entries in it */
	struct id128 account;
	struct history_sums sums; /* of account, in this run so far */
	uint64_t last;
	bool any;       /* account is set */
	bool continued; /* this run has entries of it already */
	bool in_ids;
};

/*
 * Writes run->first, end, head, level under a name with ".new".  Then all entries in order, then
 * all ids in order, then history_run_commit(): synced and renamed.  After an error nothing more is
 * written and history_run_commit() says it.
 */
void history_run_begin(struct run_writer *w, int directory, const struct run *run);
void history_run_add_entry(struct run_writer *w, const struct run_entry *e);
void history_run_add_id(struct run_writer *w, const struct run_id *i);
/* *out is open.  ERR_FULL, ERR_IO (w->number); the unfinished file is removed then. */
MUST_CHECK enum err history_run_commit(struct run *out, struct run_writer *w);

/* Reads entries forward. */
struct run_cursor {
	const struct run *run;
	uint64_t block; /* of buffer */
	uint8_t buffer[RUN_BLOCK];
	struct reader in;
	uint16_t groups, entries; /* left */
	struct run_entry entry;   /* the last one given */
	struct history_sums sums; /* of entry.account in this run, entry counted */
};

/* The next entry into c->entry.  ERR_NOT_FOUND: the end.  ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err history_run_next(struct run_cursor *c);
/* Stands before the first entry. */
void history_run_rewind(struct run_cursor *c, const struct run *run);
/*
 * Stands before the first entry of the last block that begins below (account, sequence), or of the
 * first block: before all entries that are not below it.
 */
MUST_CHECK enum err history_run_seek(struct run_cursor *c, const struct run *run,
				     const struct id128 *account, uint64_t sequence);

/* The ids, in order; block by block. */
struct run_id_cursor {
	const struct run *run;
	uint64_t block;
	uint8_t buffer[RUN_BLOCK];
	uint16_t at, count;
};

MUST_CHECK enum err history_run_id_next(struct run_id_cursor *c, struct run_id *out);
void history_run_id_rewind(struct run_id_cursor *c, const struct run *run);
/* Stands in the last block that begins below key, or in the first. */
MUST_CHECK enum err history_run_id_seek(struct run_id_cursor *c, const struct run *run,
					const uint8_t key[RUN_KEY]);

#endif
