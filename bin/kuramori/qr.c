/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr.c - `kuramori qr show`: documents as one animation, on the terminal, as pictures, as texts.
 */
#include "qr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"
#include "io/qr_png.h"
#include "io/qr_screen.h"
#include "ur/parcel.h"

enum {
	FRAMES_MAX = 4096,
	SCALE = 6, /* dots a module: a code of version 16 is 534 dots wide */
	PICTURE_BYTES = 1024 * 1024,
	FOLDER_MAX = 512,
};

struct show {
	struct parcel parcel;
	struct bytes message;
	uint64_t rate, fragment, frames; /* 0: ours */
	const char *svg, *png;
	const char *paths[PARCEL_ITEMS_MAX];
	size_t path_count;
	struct ur_encoder encoder;
	struct qr code;
	uint8_t text[UR_TEXT_MAX];
	uint8_t picture[PICTURE_BYTES];
};

/* The value of a word NAME=VALUE, or NULL if it is no such word. */
static const char *value_of(const char *word, const char *name)
{
	const size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

/* A number from least to most; 0 or an exit code. */
static int take_number(uint64_t *out, const char *word, const char *value, uint64_t least,
		       uint64_t most)
{
	char *end = NULL;
	unsigned long long n = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;

	if (end == NULL || *end != '\0' || n < least || n > most) {
		return cli_fail(ERR_USAGE, "%s: it is a number from %llu to %llu", word,
				(unsigned long long)least, (unsigned long long)most);
	}
	*out = n;
	return 0;
}

static int take_word(struct show *s, const char *word)
{
	const struct {
		const char *name;
		uint64_t *out;
		uint64_t least, most;
	} numbers[] = {
		{ "rate", &s->rate, 1, QR_SCREEN_RATE_MAX },
		{ "fragment", &s->fragment, UR_FRAGMENT_MIN, UR_FRAGMENT_MAX },
		{ "frames", &s->frames, 1, FRAMES_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const char *value = value_of(word, numbers[i].name);

		if (value != NULL) {
			return take_number(numbers[i].out, word, value, numbers[i].least,
					   numbers[i].most);
		}
	}
	if (value_of(word, "svg") != NULL) {
		s->svg = value_of(word, "svg");
	} else if (value_of(word, "png") != NULL) {
		s->png = value_of(word, "png");
	} else if (s->path_count == PARCEL_ITEMS_MAX) {
		return cli_fail(ERR_TOO_LARGE, "more than %d files", PARCEL_ITEMS_MAX);
	} else {
		s->paths[s->path_count++] = word;
	}
	return 0;
}

/* Nothing is shown that is no document of this genesis. */
static int pack(struct cli *c, struct show *s)
{
	static uint8_t raw[PARCEL_BYTES_MAX], message[PARCEL_BYTES_MAX];
	struct writer w = writer_make(message, sizeof message);
	size_t used = 0;
	enum err e;

	for (size_t i = 0; i < s->path_count; i++) {
		struct doc_fault fault = { .why = "" };
		struct doc d;
		size_t n = 0;
		int code = cli_read(s->paths[i], raw + used, sizeof raw - used, &n);

		if (code != 0) {
			return code;
		}
		n -= n > 0 && raw[used + n - 1] == '\n'; /* an editor's */
		e = doc_open(&d, bytes_of(raw + used, n), &c->genesis_id, &fault);
		if (e != ERR_OK) {
			return cli_fail(e, "%s: %s: %s", s->paths[i], fault.field,
					words_of(fault.why));
		}
		s->parcel.documents[s->parcel.document_count++] = bytes_of(raw + used, n);
		used += n;
	}
	e = parcel_close(&w, &s->parcel);
	s->message = bytes_of(message, w.n);
	return e == ERR_OK ? 0
			   : cli_fail(e,
				      "together they are more than one animation holds (%d bytes); "
				      "carry them as files",
				      PARCEL_BYTES_MAX);
}

static int start(struct show *s)
{
	const size_t fragment = s->fragment != 0 ? s->fragment : qr_fragment(s->message.n);
	enum err e = ur_encoder_start(&s->encoder, PARCEL_TYPE, s->message, fragment, true);

	if (e != ERR_OK) {
		return cli_fail(e, "an animation has at most %d parts; a larger fragment=N",
				UR_PARTS_MAX);
	}
	if (s->frames == 0) {
		/* each part once, and as many mixes: who has missed some waits for those */
		s->frames = s->encoder.parts == 1 ? 1 : 2 * s->encoder.parts;
	}
	return 0;
}

/* The next text in s->text, and its code. */
static enum err next(struct show *s, struct bytes *text)
{
	struct writer w = writer_make(s->text, sizeof s->text);
	enum err e = ur_encoder_next(&s->encoder, &w);

	*text = bytes_of(s->text, w.n);
	return e == ERR_OK ? qr_make(&s->code, *text, QR_LEVEL_MEDIUM) : e;
}

static int put_png(struct show *s)
{
	char path[FOLDER_MAX];
	enum err e = file_mkdir(s->png, 0755);
	int code = e == ERR_OK ? start(s) : cli_fail(e, "%s", s->png);

	for (uint64_t i = 1; code == 0 && i <= s->frames; i++) {
		struct writer w = writer_make(s->picture, sizeof s->picture);
		struct bytes text;
		int n = snprintf(path, sizeof path, "%s/frame-%04llu.png", s->png,
				 (unsigned long long)i);

		e = n < 0 || (size_t)n >= sizeof path ? ERR_TOO_LARGE : next(s, &text);
		if (e == ERR_OK) {
			qr_png(&w, &s->code, SCALE);
			e = w.bad ? ERR_TOO_LARGE
				  : file_write_new(path, 0644, bytes_of(s->picture, w.n));
		}
		if (e != ERR_OK) {
			code = cli_fail(e, "%s: pictures are never overwritten", path);
		}
	}
	return code;
}

/*
 * One drawing that plays in a browser: each frame is seen for its share of a round.  Without
 * animations (a printer) only the first is.
 */
static enum err put_frames(struct show *s, FILE *f)
{
	enum { SHARE = 10000000 }; /* 100.00000 percent */

	const unsigned long long round_ms = s->frames * 1000 / s->rate, share = SHARE / s->frames;
	enum err e = ERR_OK;

	/* not words */
	(void)fprintf(f,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\"><style>"
		      "g{visibility:hidden;animation:f %llums step-end infinite}"
		      "g:first-of-type{visibility:visible}"
		      "@keyframes f{0%%{visibility:visible}%llu.%05llu%%{visibility:hidden}"
		      "100%%{visibility:hidden}}</style>\n",
		      round_ms, share / (SHARE / 100), share % (SHARE / 100));
	for (uint64_t i = 0; e == ERR_OK && i < s->frames; i++) {
		struct writer w = writer_make(s->picture, sizeof s->picture);
		/* a delay below zero has begun long ago: no frame is seen before its time */
		const unsigned long long early_ms = round_ms - i * 1000 / s->rate;
		struct bytes text;

		e = next(s, &text);
		if (e == ERR_OK) {
			qr_svg(&w, &s->code);
			e = w.bad ? ERR_TOO_LARGE : ERR_OK;
		}
		(void)fprintf(f, "<g style=\"animation-delay:-%llums\">\n" /* not words */,
			      early_ms);
		(void)fwrite(s->picture, 1, w.n, f);
		(void)fputs("</g>\n", f);
	}
	(void)fputs("</svg>\n", f); /* not words */
	return e;
}

static int put_svg(struct show *s)
{
	int code = start(s);
	bool bad = false;
	enum err e;
	FILE *f;

	if (code != 0) {
		return code;
	}
	f = fopen(s->svg, "wxe");
	if (f == NULL) {
		return cli_fail(ERR_EXISTS, "%s: pictures are never overwritten", s->svg);
	}
	e = put_frames(s, f);
	bad = ferror(f) != 0;
	bad = fclose(f) != 0 || bad;
	if (e == ERR_OK && !bad) {
		return 0;
	}
	(void)unlink(s->svg);
	return cli_fail(e != ERR_OK ? e : ERR_IO, "%s", s->svg);
}

static int put_texts(struct show *s)
{
	int code = start(s);

	for (uint64_t i = 0; code == 0 && i < s->frames; i++) {
		struct bytes text;
		enum err e = next(s, &text);

		if (e != ERR_OK) {
			return cli_fail(
			    e, "a frame of %zu bytes makes no QR code; a smaller fragment=N",
			    s->encoder.fragment);
		}
		(void)printf("%.*s\n", (int)text.n, (const char *)text.p);
	}
	return code;
}

static int play(struct show *s)
{
	char caption[CLI_WORDS_MAX], mark[PARCEL_MARK_BYTES];
	struct qr_screen screen = { .type = PARCEL_TYPE,
				    .message = s->message,
				    .rate = (unsigned)s->rate,
				    .caption = caption };
	enum err e;

	parcel_mark(mark, &s->parcel);
	(void)snprintf(caption, sizeof caption, _("mark %s - any key ends"), mark);
	e = qr_screen_show(&screen);
	return e == ERR_OK
		   ? 0
		   : cli_fail(e, "the terminal: enlarge the window, make its letters smaller, "
				 "or take svg=FILE");
}

static int show(struct cli *c, const char *const *words, size_t n)
{
	static struct show s = { .rate = QR_SCREEN_RATE };
	char mark[PARCEL_MARK_BYTES];
	int code = 0;

	for (size_t i = 0; code == 0 && i < n; i++) {
		code = take_word(&s, words[i]);
	}
	if (code == 0 && s.path_count == 0) {
		code = cli_fail(ERR_USAGE, "it is: kuramori %s", "qr show FILE... [NAME=VALUE...]");
	}
	if (code == 0) {
		code = cli_documents(c, false);
	}
	if (code == 0) {
		code = pack(c, &s);
	}
	if (code != 0) {
		return code;
	}
	if (s.svg != NULL || s.png != NULL) {
		code = s.svg != NULL ? put_svg(&s) : 0;
		if (code == 0 && s.png != NULL) {
			code = put_png(&s);
		}
	} else if (qr_screen_possible()) {
		code = play(&s);
	} else {
		code = put_texts(&s);
	}
	if (code == 0) {
		/* not on stdout: there may be texts for a program */
		parcel_mark(mark, &s.parcel);
		(void)fprintf(stderr, _("the parcel's mark: %s\n"), mark);
	}
	return code;
}

int cli_qr(struct cli *c, const char *const *words, size_t n)
{
	if (n >= 2 && strcmp(words[0], "show") == 0) {
		return show(c, words + 1, n - 1);
	}
	if (n == 3 && strcmp(words[0], "read") == 0) {
		return cli_qr_read(c, words[1], words[2]);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori %s",
			"qr show FILE... [NAME=VALUE...], or qr read FILE|- FOLDER");
}
