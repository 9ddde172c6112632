/* SPDX-License-Identifier: Apache-2.0 */
/* nem_words.h - a transaction of NEM said in words: `tx build TYPE NAME=VALUE...`. */
#ifndef KURAMORI_BIN_NEM_WORDS_H
#define KURAMORI_BIN_NEM_WORDS_H

#include <jansson.h>

#include "cli.h"

/*
 * The words after `tx build` as the JSON of NIS, without what was not said and can be filled in
 * (times, fee).  *out is the caller's (json_decref), NULL after an error.  0 or an exit code.
 */
int cli_nem_words(const struct cli *c, uint8_t network, const char *const *words, size_t n,
		  json_t **out);

#endif
