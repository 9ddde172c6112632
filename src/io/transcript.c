/* SPDX-License-Identifier: Apache-2.0 */
#include "io/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/file.h"

/* One line into out without its line feed; *n 0 and ERR_OK: the end. */
static enum err next_line(int fd, char *out, size_t cap, size_t *n)
{
	*n = 0;
	for (;;) {
		ssize_t got = read(fd, out + *n, 1);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got == 0 && *n == 0 ? ERR_OK : got == 0 ? ERR_INPUT : ERR_IO;
		}
		if (out[*n] == '\n') {
			return *n > 0 ? ERR_OK : ERR_INPUT;
		}
		*n += 1;
		if (*n == cap) {
			return ERR_INPUT;
		}
	}
}

static enum err read_all(int fd, struct cold_transcript *state,
			 enum err (*each)(void *context, uint64_t number,
					  const struct cold_transcript_line *line),
			 void *context, uint64_t *number)
{
	char text[COLD_TRANSCRIPT_LINE_MAX];
	struct cold_transcript_line line;
	size_t n = 0;
	enum err e;

	cold_transcript_start(state);
	*number = 1;
	e = next_line(fd, text, sizeof text, &n);
	if (e != ERR_OK ||
	    !bytes_eq(bytes_of(text, n),
		      bytes_of(COLD_TRANSCRIPT_FIRST, sizeof COLD_TRANSCRIPT_FIRST - 2))) {
		return e == ERR_OK ? ERR_INPUT : e;
	}
	for (;;) {
		*number += 1;
		e = next_line(fd, text, sizeof text, &n);
		if (e != ERR_OK || n == 0) {
			return e;
		}
		e = cold_transcript_take(state, bytes_of(text, n), &line);
		if (e == ERR_OK && each != NULL) {
			e = each(context, *number, &line);
		}
		if (e != ERR_OK) {
			return e;
		}
	}
}

enum err transcript_read(const char *path, struct cold_transcript *state,
			 enum err (*each)(void *context, uint64_t number,
					  const struct cold_transcript_line *line),
			 void *context, uint64_t *line)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	*line = 0;
	if (fd < 0) {
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	}
	e = read_all(fd, state, each, context, line);
	(void)close(fd);
	return e;
}

enum err transcript_open(struct transcript *t, const char *path, uint64_t *line)
{
	enum err e = transcript_read(path, &t->state, NULL, NULL, line);
	bool first = e == ERR_NOT_FOUND;

	t->broken = false;
	t->fd = -1;
	t->opened_ms = clock_wall_ms();
	if (e != ERR_OK && !first) {
		return e;
	}
	t->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | (first ? O_CREAT | O_EXCL : 0), 0644);
	if (t->fd < 0) {
		return ERR_IO;
	}
	if (first) {
		cold_transcript_start(&t->state);
		return file_write_fd(t->fd, bytes_str(COLD_TRANSCRIPT_FIRST));
	}
	return ERR_OK;
}

void transcript_add(struct transcript *t, const char *kind, struct bytes text)
{
	uint8_t room[COLD_TRANSCRIPT_LINE_MAX];
	struct writer w = writer_make(room, sizeof room);

	cold_transcript_add(&t->state, &w, t->opened_ms, kind, text);
	t->broken = file_write_fd(t->fd, bytes_of(room, w.n)) != ERR_OK || t->broken;
}

void transcript_seal(struct transcript *t, const char *name,
		     const uint8_t secret[ED25519_SECRET_BYTES])
{
	uint8_t room[COLD_TRANSCRIPT_LINE_MAX];
	struct writer w = writer_make(room, sizeof room);

	cold_transcript_seal(&t->state, &w, t->opened_ms, name, secret);
	t->broken = file_write_fd(t->fd, bytes_of(room, w.n)) != ERR_OK || t->broken;
}

enum err transcript_close(struct transcript *t)
{
	bool bad = fsync(t->fd) != 0 || t->broken;

	(void)close(t->fd);
	t->fd = -1;
	return bad ? ERR_IO : ERR_OK;
}
