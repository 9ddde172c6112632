/* SPDX-License-Identifier: Apache-2.0 */
/* columns_warm.h - private to the column store: what of a view is cold, into memory or out of
 * reach. */
#ifndef KURAMORI_STORE_COLUMNS_WARM_H
#define KURAMORI_STORE_COLUMNS_WARM_H

#include <stdbool.h>

#include "base/attr.h"
#include "store/columns.h"

/* One cold file of a view: its events, and which of them are decoded (rows of the asset). */
struct columns_range {
	uint64_t first, end;
	uint64_t warm, warm_end; /* equal: none */
};

/*
 * Takes the cold files of an asset whose columns are mapped: decodes them, or, lazy, puts their
 * rows out of reach until columns_view_warm().  The columns are mapped already, so what of them has
 * a hole by now is in cold files by now.  ERR_CORRUPT, ERR_VERSION, ERR_IO, ERR_FULL.
 */
MUST_CHECK enum err columns_warm_take(struct columns_view *v, const char *folder, size_t folder_n,
				      bool lazy, struct columns_fault *fault);

#endif
