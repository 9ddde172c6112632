/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the closed list of errors.
 *
 * Every fallible function returns enum err by value and writes its outputs only on ERR_OK.
 * Outside input gives an error; a broken invariant of our own is CHECK() and ends the process.
 */
#ifndef KURAMORI_BASE_ERR_H
#define KURAMORI_BASE_ERR_H

enum err {

#define ERR(name, number, exit_code, http, slug, words) ERR_##name = (number),
#include "base/err.def"
#undef ERR
};

/* The slug ("over-cap"): stable, for machines.  Static storage.  Dies on a number not in err.def.
 */
const char *err_slug(enum err e);

/* One English sentence without a full stop, for people.  Static storage. */
const char *err_words(enum err e);

/* The exit code a program ends with (design.md 10.7). */
int err_exit(enum err e);

/* The HTTP status of the problem document (RFC 9457). */
int err_http(enum err e);

/* True if number stands in err.def: numbers that arrive over a socket are asked first. */
_Bool err_known(unsigned number);

#endif
