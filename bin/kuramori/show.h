/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - documents in words (show.c, show_words.c). */
#ifndef KURAMORI_BIN_SHOW_H
#define KURAMORI_BIN_SHOW_H

#include "cli.h"

/* What a field means, to be put into the person's language; path as in docs/documents.md.  NULL:
 * there are no words for it. */
const char *cli_field_words(enum doc_type type, const char *path);

/* Type, id, the id in 24 words, and every field in words.  d was opened and passed doc_check(). */
void cli_document_print(const struct doc *d);

/* The 24 words of an id, six a line, with their numbers. */
void cli_id_words_print(const struct hash32 *id);

#endif
