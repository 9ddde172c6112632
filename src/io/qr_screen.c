/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qr_screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/check.h"
#include "io/file.h"

enum {
	/* "ur:" type "/" 5 digits "-" 3 digits "/", and what stands around a fragment as CBOR with
	 * its checksum, two letters a byte */
	AROUND = 3 + 1 + 5 + 1 + 3 + 1 + 2 * (20 + 4),
	SEQ_MAX = 65535, /* then from the beginning: its digits and bytes were counted */
	CAPTION_LINES = 2,
	LINE_BYTES = 3 * (QR_SIDE_MAX + 2 * QR_QUIET) + 32,
	FRAME_BYTES = LINE_BYTES * (QR_SIDE_MAX + 2 * QR_QUIET) / 2 + 4096,
};

size_t qr_fragment(size_t n)
{
	size_t least = (n + UR_PARTS_MAX - 1) / UR_PARTS_MAX;

	return least > QR_FRAGMENT ? least : QR_FRAGMENT;
}

/* Whether a text of n characters makes a code of at most this side. */
static bool fits(size_t n, int side, enum qr_level level)
{
	static uint8_t text[UR_TEXT_MAX];
	static struct qr code;

	memset(text, 'A', n);
	return qr_make(&code, bytes_of(text, n), level) == ERR_OK && code.side <= side;
}

size_t qr_fragment_within(size_t n, size_t type_n, int side, enum qr_level level)
{
	const size_t most = qr_fragment(n), around = AROUND + type_n;
	size_t low = UR_FRAGMENT_MIN, high = most;

	if (most > UR_FRAGMENT_MAX || around + 2 * most > UR_TEXT_MAX ||
	    !fits(around + 2 * low, side, level)) {
		return 0;
	}
	while (low < high) {
		const size_t middle = (low + high + 1) / 2;

		if (fits(around + 2 * middle, side, level)) {
			low = middle;
		} else {
			high = middle - 1;
		}
	}
	return (n + low - 1) / low <= UR_PARTS_MAX ? low : 0;
}

bool qr_screen_possible(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

static void window(struct winsize *out)
{
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, out) != 0 || out->ws_row == 0 || out->ws_col == 0) {
		*out = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	}
}

/* The largest side that the window shows with its quiet zone. */
static int side_of(const struct winsize *w)
{
	const int high = 2 * (w->ws_row - CAPTION_LINES);
	const int all = high < w->ws_col ? high : w->ws_col;

	return all - 2 * QR_QUIET;
}

static enum err draw(const struct qr_screen *s, struct ur_encoder *e, int *side)
{
	static uint8_t text[UR_TEXT_MAX], frame[FRAME_BYTES];
	static struct qr code;
	struct writer t = writer_make(text, sizeof text), w = writer_make(frame, sizeof frame);
	char line[64];
	enum err err = ur_encoder_next(e, &t);

	if (err == ERR_OK) {
		err = qr_make(&code, bytes_of(text, t.n), QR_LEVEL_LOW);
	}
	if (err != ERR_OK) {
		return err;
	}
	/* home; all of it is cleared only where another size would leave something standing */
	writer_bytes(&w, bytes_str(code.side == *side ? "\x1b[H" : "\x1b[2J\x1b[H"));
	*side = code.side;
	qr_blocks(&w, &code);
	(void)snprintf(line, sizeof line, "%u/%zu  ", e->parts == 1 ? 1 : e->seq, e->parts);
	writer_bytes(&w, bytes_str(line));
	writer_bytes(&w, bytes_str(s->caption));
	writer_bytes(&w, bytes_str("\x1b[K"));
	return w.bad ? ERR_TOO_LARGE : file_write_fd(STDOUT_FILENO, bytes_of(frame, w.n));
}

/* Waits for one frame's time.  True: a key was pressed. */
static bool key_pressed(unsigned rate)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char keys[64];

	return poll(&in, 1, (int)(1000 / rate)) > 0 && read(STDIN_FILENO, keys, sizeof keys) >= 0;
}

/* One window's size long.  *ended: a key was pressed. */
static enum err show_in(const struct qr_screen *s, const struct winsize *size, bool *ended)
{
	static struct ur_encoder e;
	const size_t fragment =
	    qr_fragment_within(s->message.n, strlen(s->type), side_of(size), QR_LEVEL_LOW);
	struct winsize now = *size;
	int side = 0;
	enum err err = fragment == 0 ? ERR_TOO_LARGE : ERR_OK;

	if (err == ERR_OK) {
		err = ur_encoder_start(&e, s->type, s->message, fragment, true);
	}
	while (err == ERR_OK && !*ended && now.ws_row == size->ws_row &&
	       now.ws_col == size->ws_col) {
		if (e.seq >= SEQ_MAX) {
			err = ur_encoder_start(&e, s->type, s->message, fragment, true);
		}
		if (err == ERR_OK) {
			err = draw(s, &e, &side);
		}
		*ended = err == ERR_OK && key_pressed(s->rate);
		window(&now);
	}
	return err;
}

enum err qr_screen_show(const struct qr_screen *s)
{
	struct termios before, raw;
	struct winsize size;
	bool ended = false;
	enum err e = ERR_OK;

	CHECK(s->rate >= 1 && s->rate <= QR_SCREEN_RATE_MAX);
	if (!qr_screen_possible() || tcgetattr(STDIN_FILENO, &before) != 0) {
		return ERR_IO;
	}
	raw = before;
	/* Ctrl-C is a key as any other: the terminal is put right behind it */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (fflush(stdout) != 0 || tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) {
		return ERR_IO;
	}
	/* another page of the terminal, without cursor: what stood there comes back */
	e = file_write_fd(STDOUT_FILENO, bytes_str("\x1b[?1049h\x1b[?25l"));
	while (e == ERR_OK && !ended) {
		window(&size);
		e = show_in(s, &size, &ended);
	}
	if (file_write_fd(STDOUT_FILENO, bytes_str("\x1b[?25h\x1b[?1049l")) != ERR_OK &&
	    e == ERR_OK) {
		e = ERR_IO;
	}
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* nothing could be done about it */
	return e;
}
