/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_file.h - one column: rows of one width in a file that only grows, and beside it, in NAME
 * ".sum", a CRC-32 for each full page of 1 MiB.
 *
 * What lies behind the length that the head names (columns_head.h) does not exist: a crash may
 * leave anything there.  Taking blocks back only shortens that length.
 *
 * Why CRC-32: it finds every damage that lies within 32 bits of a page and misses any other once in
 * four billion; zlib does it at several GB/s, Python and every other language have it, so a short
 * script can check a store.  It is no protection from somebody who can write the files: he can
 * write the checks too.
 */
#ifndef KURAMORI_STORE_COLUMNS_FILE_H
#define KURAMORI_STORE_COLUMNS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "store/columns_head.h"

enum {
	COLUMNS_PAGE_BYTES = 1 << 20,
	COLUMNS_FAULT_MAX = 512,
	COLUMNS_PATH_MAX = 4096,
};

/* What was wrong, where, and what to do: one line for a person. */
struct columns_fault {
	char text[COLUMNS_FAULT_MAX];
};

/*
 * How bytes get to the disk; a test puts another one here that dies, tears or forgets.  write: as
 * pwrite(), all n bytes, 0 or an errno.  sync: as fdatasync(), 0 or an errno.  move: as rename().
 */
struct columns_disk {
	void *ctx;
	int (*write)(void *ctx, int fd, const void *p, size_t n, uint64_t offset);
	int (*sync)(void *ctx, int fd);
	int (*move)(void *ctx, const char *from, const char *to);
};

extern const struct columns_disk columns_disk_plain;

struct columns_file {
	const struct columns_disk *disk;
	const char *folder; /* borrowed; messages show what stands behind folder_n, and name */
	size_t folder_n;
	const char *name; /* static storage */
	int fd, sum_fd;   /* -1: not open now */
	uint32_t width;   /* bytes of a row */
	uint64_t bytes;   /* all rows, those in the buffer counted */
	uint32_t check;   /* of the last page, those in the buffer not counted */
	uint8_t *buffer;  /* not yet written; NULL while empty */
	size_t n, cap;    /* of the buffer */
	enum err why;     /* why columns_file_room() had none */
	bool dirty;       /* written since the last sync */
	bool sum_dirty;
	bool made; /* a file was made: its folder must be synced too; the caller clears it */
};

/*
 * A column at folder/name of this extent; nothing is opened yet.  folder and name are borrowed;
 * the first folder_n bytes of the folder are what messages leave out.
 */
void columns_file_init(struct columns_file *f, const struct columns_disk *disk, const char *folder,
		       size_t folder_n, const char *name, const struct columns_extent *extent);

/* Opens (makes) the file and compares its last page with the extent it was given.
 * ERR_CORRUPT, ERR_IO, with *fault. */
MUST_CHECK enum err columns_file_check(struct columns_file *f, struct columns_fault *fault);

/* Room for n more bytes of the buffer, which the caller fills; NULL: the disk or memory failed
 * (f->why says how: ERR_FULL, ERR_IO). n at most 64 KiB. */
uint8_t *columns_file_room(struct columns_file *f, size_t n, struct columns_fault *fault);

/* The same where there is room already, without a call: an event takes seven of them. */
static INLINED uint8_t *columns_file_take(struct columns_file *f, size_t n,
					  struct columns_fault *fault)
{
	uint8_t *at = f->buffer + f->n;

	if (n > f->cap - f->n) {
		return columns_file_room(f, n, fault);
	}
	f->n += n;
	f->bytes += n;
	return at;
}

/* Gives the last n bytes back that were taken and not filled. */
static INLINED void columns_file_untake(struct columns_file *f, size_t n)
{
	f->n -= n;
	f->bytes -= n;
}

/* Rows so far. */
static inline uint64_t columns_file_rows(const struct columns_file *f)
{
	return f->bytes / f->width;
}

/* Writes what the buffer holds.  ERR_IO, ERR_FULL (the disk), with *fault. */
MUST_CHECK enum err columns_file_flush(struct columns_file *f, struct columns_fault *fault);

/* Flushes and makes durable.  *extent: for the head. */
MUST_CHECK enum err columns_file_sync(struct columns_file *f, struct columns_extent *extent,
				      struct columns_fault *fault);

/*
 * Compares the pages in which n rows from `row` on stand (to the end, if there are fewer) with
 * their checks; rows that are not written yet are left out.  ERR_CORRUPT as columns_map_open(),
 * ERR_IO.
 */
MUST_CHECK enum err columns_file_verify(const struct columns_file *f, uint64_t row, uint64_t n,
					struct columns_fault *fault);

/* Shortens to so many rows.  ERR_IO, ERR_CORRUPT. */
MUST_CHECK enum err columns_file_cut(struct columns_file *f, uint64_t rows,
				     struct columns_fault *fault);

/* n rows from `row` on, which are there.  ERR_IO, ERR_CORRUPT (the file is shorter). */
MUST_CHECK enum err columns_file_read(struct columns_file *f, void *out, uint64_t row, uint64_t n,
				      struct columns_fault *fault);

/* Closes the descriptors and gives the buffer back; usable again.  What was not flushed is lost. */
void columns_file_rest(struct columns_file *f);

/* ---- read-only, whole ---- */

struct columns_map {
	uint8_t *p; /* read-only, page-aligned; NULL if bytes is 0 */
	uint64_t bytes;
};

/*
 * Maps the first extent->bytes of folder/name for reading.  check: compares every page with its
 * check first.  ERR_CORRUPT with file, page, offset and what to do in *fault; ERR_IO.
 */
MUST_CHECK enum err columns_map_open(struct columns_map *m, const char *folder, size_t folder_n,
				     const char *name, const struct columns_extent *extent,
				     bool check, struct columns_fault *fault);
void columns_map_close(struct columns_map *m);
/* Compares `pages` pages from `first` on with their checks (UINT64_MAX: all there are). */
MUST_CHECK enum err columns_map_check(const struct columns_map *m, const char *folder,
				      size_t folder_n, const char *name,
				      const struct columns_extent *extent, uint64_t first,
				      uint64_t pages, struct columns_fault *fault);

/* printf into fault->text. */
void columns_fault_say(struct columns_fault *fault, const char *format, ...) PRINTF(2, 3);

#endif
