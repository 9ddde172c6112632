/* SPDX-License-Identifier: Apache-2.0 */
#include "io/ask.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static enum err line_read(char *out, size_t cap)
{
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return ERR_IO;
		}
		if (got == 0 || c == '\n') {
			out[n] = '\0';
			return n > 0 ? ERR_OK : ERR_INPUT;
		}
		if (n + 1 >= cap) {
			return ERR_TOO_LARGE;
		}
		out[n++] = c;
	}
}

enum err ask_line(const char *prompt, char *out, size_t cap)
{
	if (isatty(STDIN_FILENO) && prompt[0] != '\0') {
		(void)fprintf(stderr, "%s: ", prompt);
	}
	return line_read(out, cap);
}

enum err ask_secret(const char *prompt, char *out, size_t cap)
{
	struct termios before;
	struct termios quiet;
	enum err e;

	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		return line_read(out, cap);
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0) {
		return ERR_IO;
	}
	/* only now: who sees it types unseen, and nothing of what he types is thrown away */
	(void)fprintf(stderr, "%s: ", prompt);
	e = line_read(out, cap);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* nothing else could be done about it */
	(void)fprintf(stderr, "\n");
	return e;
}
