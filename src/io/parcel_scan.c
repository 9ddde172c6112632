/* SPDX-License-Identifier: Apache-2.0 */
#include "io/parcel_scan.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "io/words.h"

/* One more than any text has: a longer line is seen to be one. */
enum { LINE_MAX_BYTES = UR_TEXT_MAX + 2 };

struct line {
	uint8_t text[LINE_MAX_BYTES];
	size_t n;
	bool ended; /* nothing came behind it */
};

/* Reads one line, byte by byte; what does not fit is dropped, so that the line stays too long. */
static enum err read_line(struct line *l, int fd)
{
	for (;;) {
		uint8_t c;
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return ERR_IO;
		}
		l->ended = got == 0;
		if (got == 0 || c == '\n') {
			return ERR_OK;
		}
		if (l->n < sizeof l->text) {
			l->text[l->n++] = c;
		}
	}
}

static bool is_empty(const struct line *l)
{
	return l->n == 0 || (l->n == 1 && l->text[0] == '\r');
}

/* No echo, if fd is a terminal.  True: *before is to be put back. */
static bool quiet(int fd, struct termios *before)
{
	struct termios now;

	if (tcgetattr(fd, before) != 0) {
		return false;
	}
	now = *before;
	now.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(fd, TCSANOW, &now) == 0;
}

static void say_progress(const struct parcel_reader *r)
{
	const struct ur_decoder *lead = &parcel_reader_lead(r)->decoder;

	if (isatty(STDERR_FILENO) == 1) {
		(void)fputc('\r', stderr);
		(void)fprintf(stderr, _("%zu of %zu parts, %u texts refused"), lead->solved,
			      lead->parts, parcel_reader_refused(r));
		(void)fputs("\x1b[K", stderr);
	}
}

static void say_end(const struct parcel_reader *r)
{
	const struct parcel_candidate *lead = parcel_reader_lead(r);
	char mark[PARCEL_MARK_BYTES];

	if (isatty(STDERR_FILENO) == 1) {
		(void)fputc('\n', stderr);
	}
	if (parcel_reader_refused(r) > 0) {
		(void)fprintf(stderr,
			      _("texts refused: %u (damaged or no UR: %u, of another animation: "
				"%u, too large: %u, mixed with somebody's own: %u)\n"),
			      parcel_reader_refused(r), r->noise, parcel_reader_others(r),
			      r->too_large, r->forged);
	}
	if (r->complete) {
		parcel_mark(mark, &r->parcel);
		(void)fprintf(stderr, _("whole after %u texts; the parcel's mark: %s\n"),
			      lead->heard, mark);
	} else {
		(void)fprintf(
		    stderr,
		    _("the texts ended after %zu of %zu parts; scan more of the same animation\n"),
		    lead->decoder.solved, lead->decoder.parts);
	}
}

enum err parcel_scan(struct parcel_reader *r, int fd, struct bytes ahead)
{
	static struct line l;
	struct termios before;
	const bool hidden = quiet(fd, &before);
	enum err e = ERR_OK;

	l.ended = false;
	while (e == ERR_OK && !l.ended && !r->complete) {
		l.n = 0;
		for (; l.n < ahead.n; l.n++) {
			l.text[l.n] = ahead.p[l.n];
		}
		ahead.n = 0;
		/* the byte that was read ahead was a line by itself */
		if (l.n == 1 && l.text[0] == '\n') {
			continue;
		}
		e = read_line(&l, fd);
		if (e == ERR_OK && !is_empty(&l)) {
			(void)parcel_reader_take(r, bytes_of(l.text, l.n));
			say_progress(r);
		}
	}
	if (hidden) {
		(void)tcsetattr(fd, TCSANOW, &before); /* nothing could be done about it */
	}
	if (e == ERR_OK) {
		say_end(r);
		e = r->complete ? ERR_OK : ERR_INPUT;
	}
	return e;
}

enum err parcel_scan_settle(int fd)
{
	static struct line l;
	struct termios before;
	const bool hidden = quiet(fd, &before);
	enum err e = ERR_OK;

	(void)fprintf(stderr, _("take the scanner away, then press Enter\n"));
	do {
		l.n = 0;
		e = read_line(&l, fd);
	} while (e == ERR_OK && !l.ended && !is_empty(&l));
	if (hidden) {
		(void)tcsetattr(fd, TCSANOW, &before);
	}
	return e;
}
