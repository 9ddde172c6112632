/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/stomp.h"

#include <stdio.h>
#include <string.h>

/* Not by assignment: that would clear 64 KiB for every frame of four bytes. */
static void begin(struct stomp *s, enum stomp_state state)
{
	s->state = state;
	s->n = s->line = s->body = s->length = s->command_n = 0;
	s->has_length = s->literal = false;
	s->headers = 0;
}

void stomp_init(struct stomp *s)
{
	begin(s, STOMP_BETWEEN);
}

static bool is(struct bytes b, const char *text)
{
	return bytes_eq(b, bytes_str(text));
}

static struct bytes line_of(const struct stomp *s)
{
	return bytes_of(s->bytes + s->line, s->n - s->line);
}

static enum err command_line(struct stomp *s)
{
	struct bytes line = line_of(s);

	if (line.n == 0 || line.n > STOMP_COMMAND_MAX) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] < 'A' || line.p[i] > 'Z') {
			return ERR_INPUT;
		}
	}
	s->command_n = line.n;
	s->literal = is(line, "CONNECT") || is(line, "STOMP");
	s->state = STOMP_HEADER;
	return ERR_OK;
}

/* In place: what is read is never shorter than what is written. */
static enum err unescape(uint8_t *p, size_t *n)
{
	size_t to = 0;

	for (size_t i = 0; i < *n; i++) {
		uint8_t c = p[i];

		if (c == '\\') {
			static const char from[] = "nrc\\", into[] = "\n\r:\\";
			const char *at =
			    i + 1 < *n && p[i + 1] != '\0' ? strchr(from, p[i + 1]) : NULL;

			if (at == NULL) {
				return ERR_INPUT;
			}
			c = (uint8_t)into[at - from];
			i++;
		}
		p[to++] = c;
	}
	*n = to;
	return ERR_OK;
}

/* Decimal digits only; nothing above the limit of a frame is a length. */
static enum err read_length(struct stomp *s, struct bytes value)
{
	size_t n = 0;

	if (value.n == 0) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9') {
			return ERR_INPUT;
		}
		n = n * 10 + (size_t)(value.p[i] - '0');
		if (n > STOMP_FRAME_MAX) {
			return ERR_TOO_LARGE;
		}
	}
	s->has_length = true;
	s->length = n;
	return ERR_OK;
}

static enum err header_line(struct stomp *s)
{
	struct bytes line = line_of(s);
	const uint8_t *colon;
	uint8_t *p = s->bytes + s->line;
	size_t name_n, value_n;
	enum err e;

	if (line.n == 0) {
		s->body = s->n;
		s->state = STOMP_BODY;
		return ERR_OK;
	}
	colon = memchr(line.p, ':', line.n);
	if (colon == NULL || colon == line.p) {
		return ERR_INPUT;
	}
	if (s->headers == STOMP_HEADERS_MAX) {
		return ERR_TOO_LARGE;
	}
	name_n = (size_t)(colon - line.p);
	value_n = line.n - name_n - 1;
	s->header[s->headers].name = s->line;
	s->header[s->headers].value = s->line + name_n + 1;
	if (!s->literal) {
		e = unescape(p, &name_n);
		if (e == ERR_OK) {
			e = unescape(s->bytes + s->header[s->headers].value, &value_n);
		}
		if (e != ERR_OK) {
			return e;
		}
	}
	s->header[s->headers].name_n = name_n;
	s->header[s->headers].value_n = value_n;
	if (is(bytes_of(p, name_n), "content-length") && !s->has_length) {
		e = read_length(s, bytes_of(s->bytes + s->header[s->headers].value, value_n));
		if (e != ERR_OK) {
			return e;
		}
	}
	s->headers++;
	return ERR_OK;
}

/* A line end was read: CR LF or LF.  A CR anywhere else is no character of a header. */
static enum err line_end(struct stomp *s)
{
	enum err e;

	if (s->n > s->line && s->bytes[s->n - 1] == '\r') {
		s->n--;
	}
	if (memchr(s->bytes + s->line, '\r', s->n - s->line) != NULL) {
		return ERR_INPUT;
	}
	e = s->state == STOMP_COMMAND ? command_line(s) : header_line(s);
	s->line = s->n;
	return e;
}

static enum err head_byte(struct stomp *s, uint8_t c)
{
	if (s->state == STOMP_BETWEEN) {
		if (c == '\n' || c == '\r') {
			return ERR_OK;
		}
		begin(s, STOMP_COMMAND);
	}
	if (c == '\0') {
		return ERR_INPUT;
	}
	if (c == '\n') {
		return line_end(s);
	}
	if (s->n == STOMP_FRAME_MAX) {
		return ERR_TOO_LARGE;
	}
	s->bytes[s->n++] = c;
	return ERR_OK;
}

/* A stretch of the body.  *whole: its NUL was read. */
static enum err body_bytes(struct stomp *s, struct bytes *in, bool *whole)
{
	size_t have = s->n - s->body, n = in->n;

	if (s->has_length) {
		n = n < s->length - have ? n : s->length - have;
	} else {
		const uint8_t *end = memchr(in->p, '\0', in->n);

		n = end != NULL ? (size_t)(end - in->p) : in->n;
	}
	if (n > STOMP_FRAME_MAX - s->n) {
		return ERR_TOO_LARGE;
	}
	memcpy(s->bytes + s->n, in->p, n);
	s->n += n;
	in->p += n;
	in->n -= n;
	if (in->n == 0 || (s->has_length && have + n < s->length)) {
		return ERR_OK;
	}
	if (*in->p != '\0') {
		return ERR_INPUT; /* the length lied */
	}
	in->p++;
	in->n--;
	*whole = true;
	return ERR_OK;
}

static void give(const struct stomp *s, struct stomp_frame *out)
{
	*out = (struct stomp_frame){ .command = bytes_of(s->bytes, s->command_n),
				     .headers = s->headers,
				     .body = bytes_of(s->bytes + s->body, s->n - s->body) };
	for (unsigned i = 0; i < s->headers; i++) {
		out->header[i].name = bytes_of(s->bytes + s->header[i].name, s->header[i].name_n);
		out->header[i].value =
		    bytes_of(s->bytes + s->header[i].value, s->header[i].value_n);
	}
}

enum err stomp_feed(struct stomp *s, struct bytes *in, struct stomp_frame *out)
{
	bool whole = false;

	if (s->state == STOMP_DEAD) {
		return ERR_STATE;
	}
	while (in->n > 0 && !whole) {
		enum err e;

		if (s->state == STOMP_BODY) {
			e = body_bytes(s, in, &whole);
		} else {
			e = head_byte(s, *in->p);
			in->p++;
			in->n--;
		}
		if (e != ERR_OK) {
			s->state = STOMP_DEAD;
			return e;
		}
	}
	if (!whole) {
		return ERR_WAIT;
	}
	s->state = STOMP_BETWEEN;
	give(s, out);
	return ERR_OK;
}

bool stomp_find(const struct stomp_frame *f, const char *name, struct bytes *value)
{
	for (unsigned i = 0; i < f->headers; i++) {
		if (is(f->header[i].name, name)) {
			*value = f->header[i].value;
			return true;
		}
	}
	return false;
}

static void put_escaped(struct writer *w, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		switch (b.p[i]) {
		case '\n':
			writer_bytes(w, bytes_str("\\n"));
			break;
		case '\r':
			writer_bytes(w, bytes_str("\\r"));
			break;
		case ':':
			writer_bytes(w, bytes_str("\\c"));
			break;
		case '\\':
			writer_bytes(w, bytes_str("\\\\"));
			break;
		default:
			writer_bytes(w, bytes_of(b.p + i, 1));
			break;
		}
	}
}

void stomp_put(struct writer *w, const char *command, const struct stomp_header *header,
	       unsigned headers, struct bytes body)
{
	bool literal = strcmp(command, "CONNECTED") == 0;
	char length[48];

	writer_bytes(w, bytes_str(command));
	writer_bytes(w, bytes_str("\n"));
	for (unsigned i = 0; i < headers; i++) {
		writer_bytes(w, header[i].name);
		writer_bytes(w, bytes_str(":"));
		if (literal) {
			writer_bytes(w, header[i].value);
		} else {
			put_escaped(w, header[i].value);
		}
		writer_bytes(w, bytes_str("\n"));
	}
	if (body.n > 0) {
		(void)snprintf(length, sizeof length, "content-length:%zu\n", body.n);
		writer_bytes(w, bytes_str(length));
	}
	writer_bytes(w, bytes_str("\n"));
	writer_bytes(w, body);
	writer_bytes(w, bytes_of("", 1));
}
