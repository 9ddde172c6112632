/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_compact.h - the files of a store's cold segments: asset-N/cold-K (columns_cold.h).
 *
 * What is cold stands in cold-0, cold-1, ... without a gap.  The event columns keep their length
 * and their checks, and have a hole where it stood.  A reader opens the columns first and looks for
 * cold files then; as those are durable before any column gets its hole, it finds each event in one
 * or the other.
 *
 * For columns.c and columns_read.c alone; columns_compact() itself stands in columns.h.
 */
#ifndef KURAMORI_STORE_COLUMNS_COMPACT_H
#define KURAMORI_STORE_COLUMNS_COMPACT_H

#include "store/columns_cold.h"
#include "store/columns_file.h"

struct columns_segment {
	struct columns_map map;
	struct columns_cold cold;
	uint32_t number;
	const char *folder; /* borrowed */
	size_t folder_n;
};

/*
 * Segment `number` of the asset in this folder, which must begin with event `first`; messages leave
 * out the first folder_n bytes of the folder.  Closed by columns_segment_close(), but not after an
 * error.  ERR_NOT_FOUND: there is none of this number.  ERR_CORRUPT, ERR_VERSION, ERR_IO, ERR_FULL,
 * with *fault.
 */
MUST_CHECK enum err columns_segment_open(struct columns_segment *s, const char *folder,
					 size_t folder_n, uint32_t number, uint64_t first,
					 size_t accounts_n, struct columns_fault *fault);
/* The same without its accounts: only columns_segment_tx() and the counts may be asked. */
MUST_CHECK enum err columns_segment_look(struct columns_segment *s, const char *folder,
					 size_t folder_n, uint32_t number, uint64_t first,
					 struct columns_fault *fault);
void columns_segment_close(struct columns_segment *s);

/* Room for the rows of one page. */
struct columns_page_room {
	uint32_t from[COLUMNS_COLD_PAGE], to[COLUMNS_COLD_PAGE], tx[COLUMNS_COLD_PAGE];
	uint64_t amount[COLUMNS_COLD_PAGE], balance[COLUMNS_COLD_PAGE];
	uint64_t out[COLUMNS_COLD_PAGE], in[COLUMNS_COLD_PAGE];
};

static inline struct columns_cold_rows columns_page_rows(struct columns_page_room *r)
{
	return (struct columns_cold_rows){ r->from,    r->to,  r->tx, r->amount,
					   r->balance, r->out, r->in };
}

/* columns_cold_page() and columns_cold_tx() with every check, and their fault for a person. */
MUST_CHECK enum err columns_segment_page(struct columns_segment *s, uint32_t page,
					 const struct columns_cold_rows *rows,
					 struct columns_fault *fault);
MUST_CHECK enum err columns_segment_tx(struct columns_segment *s, uint32_t page, uint32_t *tx,
				       struct columns_fault *fault);

/* columns_cold_next() with every check, and its fault for a person. */
MUST_CHECK enum err columns_segment_next(struct columns_segment *s,
					 const struct columns_cold_rows *rows,
					 struct columns_fault *fault);

#endif
