/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.h - the backup engine: a copy of a journal in one file that says how long it must be.
 *
 *      0  slot 0 \  "kuramori backup" NUL, u32 version 1, u32 zero, u64 generation, u64 end of file
 *    512  slot 1 /  in bytes, u64 next sequence, 32 bytes head, zeros, at 504 eight bytes of
 * SHA-256 of the 504 before 4096  batches, contiguous, as log/batch.h has them
 *
 * A journal ends where its bytes end: one that lost its tail by a copy that broke off is a journal
 * still, only an older one.  A backup must not be mistaken so: the slot with the higher generation
 * says where it ends, and a shorter file is refused.  What stands behind that end is of an append
 * that never finished, and is cut by the next one.  Batches are synced before the slot that counts
 * them is written; a slot is one sector, which a disk writes whole or not at all (store/file.h
 * leans on the same).  One damaged slot is refused by who reads; who goes on has the other one, and
 * what that does not count is appended again.
 */
#ifndef KURAMORI_STORE_BACKUP_H
#define KURAMORI_STORE_BACKUP_H

#include "store/store.h"

enum {
	STORE_BACKUP_BATCHES_AT = 4096,
	STORE_BACKUP_VERSION = 1,
};

struct store_backup {
	struct store base;
	int fd;
	bool writable;
	uint64_t end;        /* offset behind the last batch that was replayed or appended */
	uint64_t generation; /* of the newest slot */
	/* what the newest slot promises */
	uint64_t promised_end, promised_sequence;
	struct hash32 promised_head;
};

enum store_backup_mode {
	STORE_BACKUP_READ,   /* must exist; nothing is written, not even to a damaged one */
	STORE_BACKUP_GO_ON,  /* must exist; will be appended to */
	STORE_BACKUP_CREATE, /* must not exist; mode 0600, synced with its directory */
};

/* True if the file at path begins as a backup does.  False also if it cannot be read. */
bool store_backup_is(const char *path);

/*
 * Opens and locks: shared to read, else exclusive.
 *
 * ERR_NOT_FOUND, ERR_EXISTS (CREATE), ERR_BUSY: another process holds it.  ERR_TYPE: not a backup.
 * ERR_VERSION: of a newer program.  ERR_CORRUPT: a slot is damaged, or the file is shorter than it
 * says.  ERR_FULL, ERR_IO.  On error *s is closed and *fault says why.
 */
MUST_CHECK enum err store_backup_open(struct store_backup *s, const char *path,
				      enum store_backup_mode mode, struct store_fault *fault);

#endif
