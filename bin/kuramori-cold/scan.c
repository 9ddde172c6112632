/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c - documents from a file or from a scanner.
 *
 * A document begins with a brace and no text of a QR code does; so the first byte says which of the
 * two it is.  What a scanner types is heard line by line, and nothing behind the last text that was
 * needed is taken for an answer to the next question.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/parcel_scan.h"
#include "picture.h"

/* Reads until cap bytes are there or the end. */
static enum err read_all(int fd, uint8_t *at, size_t cap, size_t *n)
{
	while (*n < cap) {
		ssize_t got = read(fd, at + *n, cap - *n);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got < 0 ? ERR_IO : ERR_OK;
		}
		*n += (size_t)got;
	}
	return ERR_OK;
}

/* The first byte: *n stays 0 at the end of an empty file. */
static enum err peek(int fd, uint8_t *first, size_t *n)
{
	ssize_t got;

	do {
		got = read(fd, first, 1);
	} while (got < 0 && errno == EINTR);
	*n = got == 1 ? 1 : 0;
	return got < 0 ? ERR_IO : ERR_OK;
}

static enum err keep(struct program *p, struct bytes from, struct bytes *out)
{
	if (from.n > PROGRAM_ROOM - p->room_n) {
		return ERR_TOO_LARGE;
	}
	memcpy(p->room + p->room_n, from.p, from.n);
	*out = bytes_of(p->room + p->room_n, from.n);
	p->room_n += from.n;
	return ERR_OK;
}

/* One document as it is. */
static enum err take_plain(struct program *p, int fd, uint8_t first, struct bytes *out)
{
	static uint8_t raw[DOC_BYTES_MAX + 2];
	size_t n = 1;
	enum err e;

	raw[0] = first;
	e = read_all(fd, raw, sizeof raw, &n);
	if (e != ERR_OK) {
		return e;
	}
	/* an editor's line feed at the end of a file is no part of the document */
	n -= raw[n - 1] == '\n';
	return n > DOC_BYTES_MAX ? ERR_TOO_LARGE : keep(p, bytes_of(raw, n), out);
}

static enum err take_texts(struct program *p, int fd, struct bytes ahead, struct bytes *out,
			   size_t cap, size_t *n)
{
	static struct parcel_reader reader;
	const struct parcel *parcel = &reader.parcel;
	enum err e;

	parcel_reader_start(&reader);
	if (isatty(fd) == 1) {
		(void)fprintf(stderr, _("scan the animation; how far it is stands here\n"));
	}
	e = parcel_scan(&reader, fd, ahead);
	if (e == ERR_OK && fd == STDIN_FILENO) {
		e = parcel_scan_settle(fd);
	}
	if (e == ERR_OK && parcel->document_count > cap) {
		e = ERR_TOO_LARGE;
	}
	/* a transaction is for a node, and nothing to be signed */
	if (e == ERR_OK && parcel->document_count == 0) {
		e = ERR_TYPE;
	}
	for (size_t i = 0; e == ERR_OK && i < parcel->document_count; i++) {
		e = keep(p, parcel->documents[i], &out[i]);
	}
	*n = parcel->document_count;
	return e;
}

int program_documents(struct program *p, const char *path, struct bytes *out, size_t cap, size_t *n)
{
	const bool standard = strcmp(path, "-") == 0;
	const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	uint8_t first = 0;
	size_t got = 0;
	enum err e;

	if (fd < 0) {
		return program_fail(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, path);
	}
	if (standard && isatty(fd) == 1) {
		/* nothing is read ahead of a terminal: what was typed comes as one line */
		e = take_texts(p, fd, bytes_of(NULL, 0), out, cap, n);
	} else {
		e = peek(fd, &first, &got);
		if (e == ERR_OK && first == '{' && cap > 0) {
			*n = 1;
			e = take_plain(p, fd, first, out);
		} else if (e == ERR_OK) {
			e = take_texts(p, fd, bytes_of(&first, got), out, cap, n);
		}
	}
	if (!standard) {
		(void)close(fd);
	}
	return e == ERR_OK ? 0 : program_fail(e, path);
}
