/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the three drawings of a code show the same modules, and what is no code is refused.
 * Method: each drawing is read back, dot by dot, and compared with the modules.  That other
 * people's readers understand them is tests/conformance/qr.
 */
#include <string.h>

#include "io/qr.h"
#include "t.h"

static struct qr code;
static uint8_t out[1 << 22];

static void make(void)
{
	T_EQ(qr_make(&code, bytes_str("UR:BYTES/AEADAOLAZMJENDEOTI"), QR_LEVEL_MEDIUM), ERR_OK);
	T_EQ(code.side % 4, 1);
	/* the three corners that every code has; outside everything is light */
	T_CHECK(qr_dark(&code, 0, 0) && qr_dark(&code, 0, 6) && !qr_dark(&code, 1, 1));
	T_CHECK(qr_dark(&code, 3, code.side - 4) && qr_dark(&code, code.side - 4, 3));
	T_CHECK(!qr_dark(&code, -1, 0) && !qr_dark(&code, 0, -1) && !qr_dark(&code, code.side, 0) &&
		!qr_dark(&code, 0, code.side));
}

static void grey(void)
{
	for (unsigned scale = 1; scale <= 3; scale++) {
		struct writer w = writer_make(out, sizeof out);
		size_t all = (size_t)(code.side + 2 * QR_QUIET) * scale;
		char head[64];
		size_t n;

		qr_pgm(&w, &code, scale);
		n = (size_t)snprintf(head, sizeof head, "P5\n%zu %zu\n255\n", all, all);
		T_EQ(w.n, n + all * all);
		T_MEM(out, head, n);
		for (size_t i = 0; i < all * all; i++) {
			bool dark = qr_dark(&code, (int)(i / all / scale) - QR_QUIET,
					    (int)(i % all / scale) - QR_QUIET);

			if (out[n + i] != (dark ? 0 : 255)) {
				T_EQ(i, -1);
			}
		}
		w = writer_make(out, n + all * all - 1);
		qr_pgm(&w, &code, scale);
		T_CHECK(w.bad);
	}
}

static void drawing(void)
{
	static bool seen[QR_SIDE_MAX][QR_SIDE_MAX];
	struct writer w = writer_make(out, sizeof out - 1);
	const char *at;
	size_t dark = 0;

	memset(seen, 0, sizeof seen);
	qr_svg(&w, &code);
	T_CHECK(!w.bad);
	out[w.n] = 0;
	at = strstr((const char *)out, "d=\"");
	T_CHECK(at != NULL);
	at += 3;
	while (*at == 'M') {
		char *end;
		long x = strtol(at + 1, &end, 10), y = strtol(end, &end, 10), n;

		T_EQ(*end, 'h');
		n = strtol(end + 1, &end, 10);
		for (long k = 0; k < n; k++) {
			seen[y - QR_QUIET][x - QR_QUIET + k] = true;
		}
		at = strchr(end, 'z') + 1;
	}
	T_STR(at, "\"/></svg>\n");
	for (int r = 0; r < code.side; r++) {
		for (int c = 0; c < code.side; c++) {
			T_EQ(seen[r][c], qr_dark(&code, r, c));
			dark += seen[r][c];
		}
	}
	T_CHECK(dark > 100);
}

static void blocks(void)
{
	struct writer w = writer_make(out, sizeof out - 1);
	const uint8_t *at = out;

	qr_blocks(&w, &code);
	T_CHECK(!w.bad);
	out[w.n] = 0;
	for (int r = -QR_QUIET; r < code.side + QR_QUIET; r += 2) {
		T_MEM(at, "\x1b[30;107m", 9);
		at += 9;
		for (int c = -QR_QUIET; c < code.side + QR_QUIET; c++) {
			bool upper = *at == 0xe2 && (at[2] == 0x80 || at[2] == 0x88);
			bool lower = *at == 0xe2 && (at[2] == 0x84 || at[2] == 0x88);

			T_EQ(upper, qr_dark(&code, r, c));
			T_EQ(lower, qr_dark(&code, r + 1, c));
			at += *at == 0xe2 ? 3 : 1;
		}
		T_MEM(at, "\x1b[0m\n", 5);
		at += 5;
	}
	T_EQ(*at, 0);
}

static void refusals(void)
{
	static uint8_t text[4297];
	struct qr before = code;

	memset(text, 'A', sizeof text);
	T_EQ(qr_make(&code, bytes_str(""), QR_LEVEL_LOW), ERR_INPUT);
	T_EQ(qr_make(&code, bytes_str("ur:bytes"), QR_LEVEL_LOW), ERR_INPUT);
	T_EQ(qr_make(&code, bytes_str("A\n"), QR_LEVEL_LOW), ERR_INPUT);
	T_EQ(qr_make(&code, bytes_of(text, 4297), QR_LEVEL_LOW), ERR_TOO_LARGE);
	T_EQ(qr_make(&code, bytes_of(text, 4296), QR_LEVEL_HIGH), ERR_TOO_LARGE);
	T_EQ(qr_make(&code, bytes_of(text, (size_t)INT32_MAX + 1), QR_LEVEL_LOW), ERR_TOO_LARGE);
	T_MEM(&code, &before, sizeof code);
	T_EQ(qr_make(&code, bytes_of(text, 4296), QR_LEVEL_LOW), ERR_OK);
	T_EQ(code.side, QR_SIDE_MAX);
}

static void no_scale(void)
{
	struct writer w = writer_make(out, sizeof out);

	qr_pgm(&w, &code, 0);
}

static void scales(void)
{
	T_CHECK(t_dies(SIGABRT, no_scale));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "make", make },     { "grey", grey },         { "drawing", drawing },
		{ "blocks", blocks }, { "refusals", refusals }, { "scales", scales },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
