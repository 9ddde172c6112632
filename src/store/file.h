/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - the file engine: batches one after another in a file of zeros (signers, watchers).
 *
 *   0      "kuramori journal", u32 version 1, u32 zero, 4 bytes of SHA-256 of the 24 before, zeros
 *   4096   batches, contiguous, each a multiple of 128; zeros from the last one to the end
 *
 * The file is written with zeros ahead of use, so that an append overwrites allocated blocks and
 * its fdatasync changes no metadata (ledger.md B.1: twice as fast), and a full disk shows before a
 * batch is begun.  After opening, only pread, pwrite, fdatasync and close are called: the signer's
 * sandbox needs no more.  No allocation.
 *
 * A torn last batch (power cut inside an append, so never acknowledged) is cut at replay: its
 * header, one of its 512-byte sectors or its last 128 bytes are still all zeros, or the file ends
 * inside it, and nothing but zeros stands behind it.  Whatever else does not verify is ERR_CORRUPT.
 * This leans on a disk that writes 512 bytes whole or not at all, and it tells a torn write from a
 * flipped bit in the last batch: the latter has been acknowledged and is never cut.  So no two
 * batches are ever unsynced at once: of several in one append each is synced before the next.
 *
 * Opening syncs the file and its directory and drops the cached pages, so that what the replay
 * reads is what the disk holds: a process that died between write and sync, or at a failed sync,
 * leaves pages in memory that a power cut would take away.
 */
#ifndef KURAMORI_STORE_FILE_H
#define KURAMORI_STORE_FILE_H

#include "store/store.h"

enum {
	STORE_FILE_BATCHES_AT = 4096,
	STORE_FILE_CHUNK_BYTES = 1024 * 1024,
	STORE_FILE_VERSION = 1,
};

struct store_file {
	struct store base;
	int fd;
	uint64_t end;        /* offset behind the last batch */
	uint64_t file_bytes; /* durable length of the file */
	uint64_t capacity;   /* 0: grows */
	bool read_only;
};

/* What store_file_open() does about a journal that is absent or present. */
enum store_file_mode {
	STORE_FILE_EXISTING, /* must exist: a signer that lost its memory must not start */
	STORE_FILE_CREATE,   /* must not exist: made at the ceremony */
	STORE_FILE_EITHER,   /* for development and tests */
	/* must exist, and is only read: not locked, synced or cut, so its owner may be at work;
	 * what is torn is ERR_CORRUPT; nothing can be appended */
	STORE_FILE_READ,
};

/*
 * Opens path and locks it.  capacity: bytes of the whole file, fixed (written at once when
 * created), or 0: grows by STORE_FILE_CHUNK_BYTES.  A new file is made under path ".new", synced,
 * renamed, and its directory synced, mode 0600.
 *
 * ERR_NOT_FOUND (EXISTING), ERR_EXISTS (CREATE), ERR_BUSY: another process holds it.  ERR_TYPE: not
 * a journal.  ERR_VERSION: of a newer program.  ERR_CORRUPT: the file's header is damaged.
 * ERR_FULL: no space to create it.  ERR_IO: everything else, such as missing permission.  On error
 * *s is closed and *fault says why.
 */
MUST_CHECK enum err store_file_open(struct store_file *s, const char *path,
				    enum store_file_mode mode, uint64_t capacity,
				    struct store_fault *fault);

/*
 * The same over a descriptor of an existing journal, opened O_RDWR; locked here, owned by *s from
 * ERR_OK on.  name: for messages.  Errors as store_file_open().
 */
MUST_CHECK enum err store_file_from_fd(struct store_file *s, int fd, const char *name,
				       uint64_t capacity, struct store_fault *fault);

/*
 * Reads n bytes of what was appended, offset counted behind STORE_FILE_BATCHES_AT: a batch whose
 * place its owner remembers.  Within a replay: of the batches before the one at hand.  ERR_STATE:
 * broken or closed.  ERR_FIELD_RANGE: not wholly within what was appended.  ERR_IO.  out is
 * undefined on failure.
 */
MUST_CHECK enum err store_file_read(struct store_file *f, uint8_t *out, size_t n, uint64_t offset);

#endif
