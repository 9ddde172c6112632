/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes.h - log lines on stderr: `time level program event key=value` (design.md 10.9).
 *
 * Values that are not plain words are quoted, with \" \\ and \xHH: no byte a stranger chose reaches
 * a terminal raw.  One write(2) a line, at most NOTES_LINE_MAX bytes; longer lines end in "...".
 * No allocation and nothing but write and clock_gettime: works in the sandbox.  Never give it a
 * secret.
 */
#ifndef KURAMORI_IO_NOTES_H
#define KURAMORI_IO_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { NOTES_LINE_MAX = 1024 };

/* broken: wake somebody. */
enum notes_level { NOTES_DEBUG, NOTES_INFO, NOTES_UNUSUAL, NOTES_BROKEN };

enum notes_kind { NOTES_KIND_TEXT, NOTES_KIND_NUMBER, NOTES_KIND_HEX };

struct notes_field {
	const char *key; /* [a-z0-9_]+, ours */
	enum notes_kind kind;
	struct bytes value;
	uint64_t number;
};

struct notes_field notes_text(const char *key, const char *value); /* NULL value: "" */
struct notes_field notes_bytes(const char *key,
			       struct bytes value); /* text, not necessarily clean */
struct notes_field notes_u64(const char *key, uint64_t value);
struct notes_field notes_hex(const char *key, struct bytes value); /* lower-case hex */
struct notes_field notes_err(enum err e);                          /* why=<slug> */

/* name: static.  Lines below `least` are dropped. */
void notes_init(const char *program, enum notes_level least);

void notes_line(enum notes_level level, const char *event, const struct notes_field *fields,
		size_t n);

/*
 * The line of an EFFECT_NOTE (log/step.h): "level event key=value", the level one of debug, info,
 * unusual, broken (info if it is none of them).  Bytes outside printable ASCII become `?`.
 */
void notes_core(struct bytes note);

/* NOTES(NOTES_INFO, "listening", notes_text("path", p), notes_u64("port", 80)); at least one field.
 */
#define NOTES(level, event, ...)                                                  \
	notes_line((level), (event), (const struct notes_field[]){ __VA_ARGS__ }, \
		   sizeof((const struct notes_field[]){ __VA_ARGS__ }) /          \
		       sizeof(struct notes_field))

/* The line itself into out (cap >= NOTES_LINE_MAX), with its LF, no NUL; returns its length. */
size_t notes_format(char *out, size_t cap, uint64_t wall_ms, const char *program,
		    enum notes_level level, const char *event, const struct notes_field *fields,
		    size_t n);

#endif
