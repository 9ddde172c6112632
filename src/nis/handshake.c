/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/handshake.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define BASE "/w/messages"

/* ---- reading ---- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Any case of a, lower case of text. */
static bool is_word(struct bytes a, const char *text)
{
	size_t i = 0;

	while (i < a.n && text[i] != '\0' && lower(a.p[i]) == (uint8_t)text[i]) {
		i++;
	}
	return i == a.n && text[i] == '\0';
}

/* RFC 9110 5.6.2 */
static bool is_token_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct bytes trimmed(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t')) {
		b.p++;
		b.n--;
	}
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t')) {
		b.n--;
	}
	return b;
}

/* A list separated by commas has this word. */
static bool lists(struct bytes value, const char *word)
{
	while (value.n > 0) {
		const uint8_t *comma = memchr(value.p, ',', value.n);
		size_t n = comma != NULL ? (size_t)(comma - value.p) : value.n;

		if (is_word(trimmed(bytes_of(value.p, n)), word)) {
			return true;
		}
		n = comma != NULL ? n + 1 : n;
		value.p += n;
		value.n -= n;
	}
	return false;
}

/* Printable ASCII, no blanks: what may stand in a path or an origin. */
static bool is_visible(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] <= ' ' || b.p[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

static enum err copy(char *out, size_t max, struct bytes b)
{
	if (!is_visible(b)) {
		return ERR_INPUT;
	}
	if (b.n > max) {
		return ERR_TOO_LARGE;
	}
	memcpy(out, b.p, b.n);
	out[b.n] = '\0';
	return ERR_OK;
}

/* "GET /path?query HTTP/1.1" */
static enum err request_line(struct handshake *h, struct bytes line)
{
	const uint8_t *first = memchr(line.p, ' ', line.n);
	struct bytes method, rest, path;
	const uint8_t *second, *query;

	if (first == NULL) {
		return ERR_INPUT;
	}
	method = bytes_of(line.p, (size_t)(first - line.p));
	rest = bytes_of(first + 1, line.n - method.n - 1);
	second = memchr(rest.p, ' ', rest.n);
	if (method.n == 0 || second == NULL || second == rest.p || rest.p[0] != '/' ||
	    !bytes_eq(bytes_of(second + 1, rest.n - (size_t)(second - rest.p) - 1),
		      bytes_str("HTTP/1.1"))) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < method.n; i++) {
		if (!is_token_char(method.p[i])) {
			return ERR_INPUT;
		}
	}
	path = bytes_of(rest.p, (size_t)(second - rest.p));
	if (!is_visible(path)) {
		return ERR_INPUT;
	}
	query = memchr(path.p, '?', path.n);
	path.n = query != NULL ? (size_t)(query - path.p) : path.n;
	h->method = HANDSHAKE_OTHER;
	if (bytes_eq(method, bytes_str("GET"))) {
		h->method = HANDSHAKE_GET;
	} else if (bytes_eq(method, bytes_str("OPTIONS"))) {
		h->method = HANDSHAKE_OPTIONS;
	}
	return copy(h->path, HANDSHAKE_PATH_MAX, path);
}

/* What is seen of the headers while they are read. */
enum seen {
	SEEN_HOST = 1,
	SEEN_UPGRADE = 2,
	SEEN_CONNECTION = 4,
	SEEN_KEY = 8,
	SEEN_VERSION = 16,
	SEEN_ORIGIN = 32,
	SEEN_LENGTH = 64,
};

/* These stand once or not at all. */
static enum err once(unsigned *seen, enum seen what)
{
	if ((*seen & what) != 0) {
		return ERR_INPUT;
	}
	*seen |= what;
	return ERR_OK;
}

static enum err header(struct handshake *h, struct bytes name, struct bytes value, unsigned *seen)
{
	enum err e = ERR_OK;

	if (is_word(name, "host")) {
		return once(seen, SEEN_HOST);
	}
	if (is_word(name, "transfer-encoding")) {
		return ERR_INPUT; /* a body: no request here has one */
	}
	if (is_word(name, "content-length")) {
		e = once(seen, SEEN_LENGTH);
		return e == ERR_OK && !bytes_eq(value, bytes_str("0")) &&
			       h->method != HANDSHAKE_OTHER
			   ? ERR_INPUT
			   : e;
	}
	if (is_word(name, "upgrade")) {
		*seen |= lists(value, "websocket") ? SEEN_UPGRADE : 0;
	} else if (is_word(name, "connection")) {
		*seen |= lists(value, "upgrade") ? SEEN_CONNECTION : 0;
	} else if (is_word(name, "sec-websocket-version")) {
		e = once(seen, SEEN_VERSION);
		h->version_13 = bytes_eq(value, bytes_str("13"));
	} else if (is_word(name, "sec-websocket-key")) {
		e = once(seen, SEEN_KEY);
		if (e == ERR_OK) {
			e = websocket_accept(h->accept, value);
		}
		h->has_key = e == ERR_OK;
	} else if (is_word(name, "origin")) {
		e = once(seen, SEEN_ORIGIN);
		if (e == ERR_OK) {
			e = copy(h->origin, HANDSHAKE_ORIGIN_MAX, value);
		}
	}
	return e;
}

static enum err header_line(struct handshake *h, struct bytes line, unsigned *seen)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);
	struct bytes name;

	if (colon == NULL || colon == line.p) {
		return ERR_INPUT;
	}
	name = bytes_of(line.p, (size_t)(colon - line.p));
	for (size_t i = 0; i < name.n; i++) {
		if (!is_token_char(name.p[i])) {
			return ERR_INPUT; /* a blank too: a folded line begins with one */
		}
	}
	for (size_t i = name.n + 1; i < line.n; i++) {
		if ((line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f) {
			return ERR_INPUT;
		}
	}
	return header(h, name, trimmed(bytes_of(colon + 1, line.n - name.n - 1)), seen);
}

/* The next line of head without its CR LF; a CR or LF alone is no line end and no character. */
static bool next_line(struct bytes *head, struct bytes *line)
{
	const uint8_t *end = memchr(head->p, '\n', head->n);
	size_t n;

	if (end == NULL || end == head->p || end[-1] != '\r') {
		return false;
	}
	n = (size_t)(end - head->p) + 1;
	*line = bytes_of(head->p, n - 2);
	head->p += n;
	head->n -= n;
	return memchr(line->p, '\r', line->n) == NULL;
}

/* The bytes up to and with the first empty line; 0 if there is none yet. */
static size_t head_bytes(struct bytes have)
{
	const uint8_t *end = memmem(have.p, have.n, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - have.p) + 4;
}

enum err handshake_read(struct handshake *out, size_t *used, struct bytes have)
{
	struct handshake h = { 0 };
	size_t n = have.n == 0 ? 0 : head_bytes(have);
	struct bytes head = bytes_of(have.p, n), line;
	unsigned seen = 0;
	enum err e;

	if (n == 0) {
		return have.n >= HANDSHAKE_HEAD_MAX ? ERR_TOO_LARGE : ERR_WAIT;
	}
	if (n > HANDSHAKE_HEAD_MAX) {
		return ERR_TOO_LARGE;
	}
	if (!next_line(&head, &line)) {
		return ERR_INPUT;
	}
	e = request_line(&h, line);
	for (unsigned i = 0; e == ERR_OK; i++) {
		if (!next_line(&head, &line)) {
			e = ERR_INPUT;
		} else if (line.n == 0) {
			break;
		} else {
			e = i == HANDSHAKE_HEADERS_MAX ? ERR_TOO_LARGE
						       : header_line(&h, line, &seen);
		}
	}
	if (e == ERR_OK && (seen & SEEN_HOST) == 0) {
		e = ERR_INPUT; /* RFC 9112 3.2 */
	}
	if (e != ERR_OK) {
		return e;
	}
	h.upgrade = (seen & SEEN_UPGRADE) != 0 && (seen & SEEN_CONNECTION) != 0;
	*out = h;
	*used = n;
	return ERR_OK;
}

/* ---- judging ---- */

/* SERVER/SESSION/websocket: neither empty nor with a dot in it (sockjs-protocol, "Session URLs").
 */
static bool is_session(const char *path)
{
	const char *session = strchr(path, '/');
	const char *end = session == NULL ? NULL : strchr(session + 1, '/');

	return end != NULL && session != path && end != session + 1 &&
	       strcmp(end, "/websocket") == 0 && strchr(path, '.') == NULL;
}

static enum handshake_answer judge_upgrade(const struct handshake *h, enum handshake_answer good)
{
	if (h->method != HANDSHAKE_GET) {
		return HANDSHAKE_METHOD;
	}
	if (!h->upgrade) {
		return HANDSHAKE_NO_UPGRADE;
	}
	if (!h->version_13) {
		return HANDSHAKE_VERSION;
	}
	return h->has_key ? good : HANDSHAKE_NO_UPGRADE;
}

static enum handshake_answer judge_page(const struct handshake *h, enum handshake_answer good)
{
	switch (h->method) {
	case HANDSHAKE_GET:
		return good;
	case HANDSHAKE_OPTIONS:
		return HANDSHAKE_PREFLIGHT;
	case HANDSHAKE_OTHER:
		break;
	}
	return HANDSHAKE_METHOD;
}

enum handshake_answer handshake_judge(const struct handshake *h)
{
	const char *rest = h->path + sizeof BASE - 1;

	if (strncmp(h->path, BASE, sizeof BASE - 1) != 0) {
		return HANDSHAKE_NOT_FOUND;
	}
	if (strcmp(rest, "") == 0 || strcmp(rest, "/") == 0) {
		return judge_page(h, HANDSHAKE_GREETING);
	}
	if (strcmp(rest, "/info") == 0) {
		return judge_page(h, HANDSHAKE_INFO);
	}
	if (strcmp(rest, "/websocket") == 0) {
		return judge_upgrade(h, HANDSHAKE_RAW);
	}
	if (rest[0] == '/' && is_session(rest + 1)) {
		return judge_upgrade(h, HANDSHAKE_SOCKJS);
	}
	return HANDSHAKE_NOT_FOUND;
}

/* ---- answering ---- */

static void put(struct writer *w, const char *text)
{
	writer_bytes(w, bytes_str(text));
}

/* A page may ask with its cookies, and a wildcard would not do for that: its origin is repeated. */
static void put_cors(struct writer *w, const struct handshake *h)
{
	bool named = h != NULL && h->origin[0] != '\0';

	put(w, "Access-Control-Allow-Origin: ");
	put(w, named ? h->origin : "*");
	put(w, named ? "\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n" : "\r\n");
}

static void put_page(struct writer *w, const char *status, const char *more, const char *type,
		     const char *body, const struct handshake *h)
{
	char length[48];

	(void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
	put(w, "HTTP/1.1 ");
	put(w, status);
	put(w, "\r\nConnection: close\r\nContent-Type: ");
	put(w, type);
	put(w, "; charset=UTF-8\r\nCache-Control: no-store\r\n");
	put(w, length);
	put(w, more);
	put_cors(w, h);
	put(w, "\r\n");
	put(w, body);
}

static void put_text(struct writer *w, const char *status, const char *more, const char *body,
		     const struct handshake *h)
{
	put_page(w, status, more, "text/plain", body, h);
}

void handshake_put(struct writer *w, enum handshake_answer answer, const struct handshake *h,
		   uint32_t entropy)
{
	char info[128];

	switch (answer) {
	case HANDSHAKE_SOCKJS:
	case HANDSHAKE_RAW:
		put(w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		       "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
		put(w, h->accept);
		put(w, "\r\n\r\n");
		return;
	case HANDSHAKE_INFO:
		(void)snprintf(info, sizeof info,
			       "{\"entropy\":%u,\"origins\":[\"*:*\"],\"cookie_needed\":true,"
			       "\"websocket\":true}",
			       entropy);
		put_page(w, "200 OK", "", "application/json", info, h);
		return;
	case HANDSHAKE_GREETING:
		put_text(w, "200 OK", "", "Welcome to SockJS!\n", h);
		return;
	case HANDSHAKE_PREFLIGHT:
		put(w, "HTTP/1.1 204 No Content\r\nConnection: close\r\n"
		       "Access-Control-Allow-Methods: OPTIONS, GET\r\n"
		       "Access-Control-Allow-Headers: Content-Type\r\n"
		       "Access-Control-Max-Age: 31536000\r\n");
		put_cors(w, h);
		put(w, "\r\n");
		return;
	case HANDSHAKE_BAD_REQUEST:
		put_text(w, "400 Bad Request", "", "this is no request that is served here\n", h);
		return;
	case HANDSHAKE_NOT_FOUND:
		put_text(w, "404 Not Found", "", "there is no such path\n", h);
		return;
	case HANDSHAKE_METHOD:
		put_text(w, "405 Method Not Allowed", "Allow: GET\r\n",
			 "this request method is not supported\n", h);
		return;
	case HANDSHAKE_NO_UPGRADE:
		put_text(w, "400 Bad Request", "", "Can \"Upgrade\" only to \"WebSocket\".\n", h);
		return;
	case HANDSHAKE_VERSION:
		put_text(w, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
			 "only version 13 is spoken here\n", h);
		return;
	case HANDSHAKE_FULL:
		put_text(w, "503 Service Unavailable", "", "too many connections\n", h);
		return;
	}
	CHECK(false); /* an answer without words */
}
