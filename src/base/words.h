/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - marks English words for people where they are written and not yet printed: in a table,
 * in a core.  They stay English there, and in journals, logs and JSON; a program that speaks to a
 * person puts them into his language where it prints them (io/words.h).
 */
#ifndef KURAMORI_BASE_WORDS_H
#define KURAMORI_BASE_WORDS_H

/* The text itself; tools/words collects what is marked. */
#define N_(text) text

#endif
