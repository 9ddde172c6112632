/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - one line from a person, or from a pipe in tests.
 */
#ifndef KURAMORI_IO_ASK_H
#define KURAMORI_IO_ASK_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"

/*
 * One line of stdin without its line feed, into cap bytes with a NUL; read byte by byte, so that
 * nothing of it is left in a buffer.  At a terminal the prompt stands before it on stderr, if it is
 * not empty.  ERR_INPUT an empty line or the end; ERR_TOO_LARGE more than cap - 1 bytes; ERR_IO.
 * out is undefined on failure.
 */
MUST_CHECK enum err ask_line(const char *prompt, char *out, size_t cap);

/* The same with echo off at a terminal.  The caller wipes out. */
MUST_CHECK enum err ask_secret(const char *prompt, char *out, size_t cap);

#endif
