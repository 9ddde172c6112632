/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.h - where the catalogues of words for people are, and whether one is the one that was
 * built with the program (docs/decisions/0028-words-for-people.md).
 */
#ifndef KURAMORI_IO_CATALOGUE_H
#define KURAMORI_IO_CATALOGUE_H

#include <stdbool.h>

#include "base/bytes.h"

enum { CATALOGUE_PLACE_MAX = 4096 };

/* A catalogue as it was built (po/digests). */
struct words_catalogue {
	const char *language; /* as in po/LINGUAS */
	struct hash32 sha256; /* of its file */
};

/*
 * The folder of catalogues: beside a program that runs where it was built (../../po from
 * bin/NAME/NAME), else where catalogues were installed.  Returns out or static storage.
 */
const char *catalogue_place(char out[CATALOGUE_PLACE_MAX]);

/* place/LANGUAGE/LC_MESSAGES/PROGRAM.mo is the file that was built with this program. */
bool catalogue_is_ours(const char *place, const char *program, const struct words_catalogue *c);

#endif
