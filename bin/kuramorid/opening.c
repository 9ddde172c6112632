/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening.c - `kuramorid --open-books FILE`: books the claims of a CSV against the coins on chain,
 * then ends.  Cut off anywhere and started again it ends the same: every id follows from names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/notes.h"
#include "server.h"

enum { CSV_BYTES_MAX = 256 * 1024 * 1024 };

/* One line without its line feed; false at the end. */
static bool next_line(const struct opening *o, size_t *at, struct bytes *line)
{
	const uint8_t *end;
	size_t n;

	if (*at >= o->csv_n) {
		return false;
	}
	end = memchr(o->csv + *at, '\n', o->csv_n - *at);
	n = end == NULL ? o->csv_n - *at : (size_t)(end - (o->csv + *at));
	*line = bytes_of(o->csv + *at, n);
	*at += n + 1;
	if (line->n > 0 && line->p[line->n - 1] == '\r') {
		line->n--;
	}
	return true;
}

static enum err split(struct bytes line, struct bytes *name, struct money *amount)
{
	const uint8_t *comma = line.n == 0 ? NULL : memchr(line.p, ',', line.n);

	if (comma == NULL) {
		return ERR_INPUT;
	}
	*name = bytes_of(line.p, (size_t)(comma - line.p));
	/* the core judges names too; here it is before anything was booked */
	if (!doc_name_ok(*name)) {
		return ERR_INPUT;
	}
	return money_parse(amount, ASSET_XEM, bytes_of(comma + 1, line.n - name->n - 1));
}

static bool is_header(struct bytes line)
{
	return bytes_eq(line, bytes_str("customer,amount")) ||
	       bytes_eq(line, bytes_str("customer,amount_micro"));
}

enum err opening_file(const char *path, uint8_t **out, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_IO;

	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)fprintf(stderr, "kuramorid: %s: %s\n", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > CSV_BYTES_MAX) {
		(void)fprintf(stderr, "kuramorid: %s: not a file of 1 byte to 256 MiB\n", path);
		e = ERR_INPUT;
		goto out;
	}
	*out = malloc((size_t)st.st_size);
	if (*out == NULL) {
		e = ERR_FULL;
		goto out;
	}
	while (*n < (size_t)st.st_size) {
		ssize_t got = read(fd, *out + *n, (size_t)st.st_size - *n);

		if (got <= 0) {
			(void)fprintf(stderr, "kuramorid: %s: cannot be read\n", path);
			goto out;
		}
		*n += (size_t)got;
	}
	e = ERR_OK;
out:
	if (fd >= 0) {
		(void)close(fd);
	}
	return e;
}

enum err opening_read(struct server *s)
{
	struct opening *o = &s->opening;
	const char *path = s->config.open_books;
	struct money sum = money_zero(ASSET_XEM);
	struct bytes line;
	size_t at = 0, number = 0;
	enum err e = opening_file(path, &o->csv, &o->csv_n);

	while (e == ERR_OK && next_line(o, &at, &line)) {
		struct bytes name;
		struct money amount;

		number++;
		if (number == 1 && is_header(line)) {
			continue;
		}
		e = split(line, &name, &amount);
		if (e == ERR_OK) {
			e = money_add(&sum, &sum, &amount);
		}
		if (e != ERR_OK) {
			(void)fprintf(stderr,
				      "kuramorid: %s:%zu: %s; a line is CUSTOMER,MICRO-XEM\n", path,
				      number, err_words(e));
		}
		o->customers++;
	}
	o->total = money_units(&sum);
	return e;
}

static void ask(struct server *s, uint16_t operation, struct bytes arguments)
{
	s->opening.tag = ++s->api.next_tag;
	server_ask(s, operation, s->opening.tag, arguments);
}

void opening_begin(struct server *s)
{
	uint8_t total[16];

	if (s->opening.begun) {
		return;
	}
	s->opening.begun = true;
	le128_put(total, s->opening.total);
	ask(s, API_OPEN_BEGIN, bytes_of(total, sizeof total));
}

/* As many claims as one operation takes. */
static void claims(struct server *s)
{
	struct opening *o = &s->opening;
	struct writer w = writer_make(o->arguments, sizeof o->arguments);
	uint32_t n = 0;

	writer_u32(&w, 0);
	while (n < PAYOUT_CLAIMS_MAX && w.cap - w.n > 4 + DOC_NAME_MAX + 16) {
		struct bytes line, name;
		struct money amount;
		uint8_t units[16];

		if (!next_line(o, &o->at, &line)) {
			break;
		}
		if (is_header(line) || split(line, &name, &amount) != ERR_OK) {
			continue; /* the header: opening_read() has refused everything else */
		}
		le128_put(units, money_units(&amount));
		writer_u32(&w, (uint32_t)name.n);
		writer_bytes(&w, name);
		writer_bytes(&w, bytes_of(units, sizeof units));
		n++;
	}
	if (n == 0) {
		o->ended = true;
		ask(s, API_OPEN_END, bytes_of(NULL, 0));
		return;
	}
	le32_put(o->arguments, n);
	ask(s, API_OPEN_CLAIMS, bytes_of(o->arguments, w.n));
}

void opening_answer(struct server *s, uint64_t tag, struct bytes answer)
{
	struct opening *o = &s->opening;
	struct reader r = reader_make(answer);
	uint32_t number = reader_u32(&r);
	bool show = isatty(STDERR_FILENO) != 0;

	if (tag != o->tag) {
		return;
	}
	o->result = err_known(number) ? (enum err)number : ERR_INPUT;
	if (o->result != ERR_OK) {
		struct bytes field = reader_bytes(&r, reader_u32(&r)),
			     detail = reader_bytes(&r, reader_u32(&r));

		(void)fprintf(stderr, "%skuramorid: the books were not opened: %s: %.*s: %.*s\n",
			      show ? "\n" : "", err_words(o->result), (int)field.n,
			      field.n == 0 ? "" : (const char *)field.p, (int)detail.n,
			      detail.n == 0 ? "" : (const char *)detail.p);
		loop_end(&s->loop);
		return;
	}
	if (o->ended) {
		struct money total = money_of(ASSET_XEM, o->total);
		char text[MONEY_TEXT_MAX];

		money_put(text, &total);
		(void)fprintf(stderr, "%s", show ? "\r\033[K" : "");
		printf("books open: %llu customers, %s micro-XEM\n",
		       (unsigned long long)o->customers, text);
		loop_end(&s->loop);
		return;
	}
	if (show) {
		(void)fprintf(stderr, "\ropening the books: %zu %%", o->at * 100 / o->csv_n);
	}
	claims(s);
}
