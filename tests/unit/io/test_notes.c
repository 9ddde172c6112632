/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one line in, one line out: no byte a stranger chose reaches the log raw, no value can pass
 * for another field or line, nothing is longer than a line may be.
 * Method: every byte value, lengths around the limit, forged notes; lines read back from a pipe in
 * the place of stderr.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/notes.h"
#include "t.h"

static char line[NOTES_LINE_MAX + 1];

#define START "1970-01-01T00:00:00.000Z info p e"

static const char *format(const struct notes_field *fields, size_t n)
{
	size_t len = notes_format(line, NOTES_LINE_MAX, 0, "p", NOTES_INFO, "e", fields, n);

	line[len] = '\0';
	return line;
}

static void fields(void)
{
	const uint8_t raw[] = { 0x00, 0xff, 0x0a };
	const struct notes_field all[] = {
		notes_text("word", "plain-1_./:@+,%#~"),
		notes_text("text", "two words"),
		notes_text("null", NULL),
		notes_text("none", ""),
		notes_bytes("bytes", bytes_of(raw, sizeof raw)),
		notes_u64("zero", 0),
		notes_u64("most", UINT64_MAX),
		notes_hex("hex", bytes_of(raw, sizeof raw)),
		notes_hex("empty", bytes_of(NULL, 0)),
		notes_err(ERR_IO),
	};

	T_STR(format(all, ARRAY_LEN(all)),
	      START " word=plain-1_./:@+,%#~ text=\"two words\" null=\"\" none=\"\" "
		    "bytes=\"\\x00\\xff\\x0a\" zero=0 most=18446744073709551615 hex=00ff0a empty= "
		    "why=io\n");
	T_STR(format(NULL, 0), START "\n");
}

static void every_byte(void)
{
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t b = (uint8_t)c;
		const struct notes_field f = notes_bytes("v", bytes_of(&b, 1));
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || (c != 0 && strchr("-_./:@+,%#~", (int)c));
		char want[64];

		if (word) {
			(void)snprintf(want, sizeof want, START " v=%c\n", (int)c);
		} else if (c == '"' || c == '\\') {
			(void)snprintf(want, sizeof want, START " v=\"\\%c\"\n", (int)c);
		} else if (c >= 0x20 && c < 0x7f) {
			(void)snprintf(want, sizeof want, START " v=\"%c\"\n", (int)c);
		} else {
			(void)snprintf(want, sizeof want, START " v=\"\\x%02x\"\n", c);
		}
		T_STR(format(&f, 1), want);
	}
}

static void forgeries(void)
{
	const struct notes_field f = notes_text("v", "x\" amount=1\n2018-01-26 broken p e\x1b[2J");

	T_STR(format(&f, 1), START " v=\"x\\\" amount=1\\x0a2018-01-26 broken p e\\x1b[2J\"\n");
}

/* One line, cut visibly and between two escapes, whatever the length and kind of value. */
static void long_values(void)
{
	static char text[2 * NOTES_LINE_MAX];
	static const char fills[] = { 'a', ' ', '\n', '"' };

	for (size_t k = 0; k < 2 * sizeof fills; k++) {
		bool hex = k >= sizeof fills;

		memset(text, fills[k % sizeof fills], sizeof text);
		for (size_t n = 200; n < sizeof text; n++) {
			const struct notes_field f[2] = {
				hex ? notes_hex("v", bytes_of(text, n))
				    : notes_bytes("v", bytes_of(text, n)),
				notes_u64("after", 7),
			};
			size_t len =
			    notes_format(line, NOTES_LINE_MAX, 0, "p", NOTES_INFO, "e", f, 2);
			bool cut = memcmp(line + len - 4, "...\n", 4) == 0;

			line[len] = '\0';
			T_CHECK(len <= NOTES_LINE_MAX);
			T_CHECK(memchr(line, '\n', len) == line + len - 1);
			T_CHECK(cut != (strstr(line, " after=7\n") != NULL));
			T_CHECK(cut || n < NOTES_LINE_MAX);
			if (cut && fills[k % sizeof fills] == '\n' && !hex) {
				const char *last = strrchr(line, '\\');

				/* The last escape is whole. */
				T_CHECK(last != NULL && last + 4 <= line + len - 4);
				T_MEM(last, "\\x0a", 4);
			}
		}
	}
}

static int pipe_ends[2], kept_stderr;

static bool catch_begin(void)
{
	kept_stderr = dup(STDERR_FILENO);
	return kept_stderr >= 0 && pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0 &&
	       dup2(pipe_ends[1], STDERR_FILENO) >= 0;
}

static const char *caught(void)
{
	ssize_t n = read(pipe_ends[0], line, sizeof line - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void catch_end(void)
{
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
}

/* A core's note, and the line that comes of it behind the time. */
static void notes_of_cores(void)
{
	static const struct {
		const char *note;
		size_t n; /* 0: all */
		const char *line;
	} cases[] = {
		{ "info started k=v", 0, "info prog started k=v\n" },
		{ "debug x", 0, "debug prog x\n" },
		{ "unusual x", 0, "unusual prog x\n" },
		{ "broken x", 0, "broken prog x\n" },
		{ "x y", 0, "info prog x y\n" },
		{ "brokenx", 0, "info prog brokenx\n" },
		{ "broken", 0, "info prog broken\n" },
		{ "Broken x", 0, "info prog Broken x\n" },
		{ "info broken x", 0, "info prog broken x\n" },
		{ "info a\nbroken b\x1b[1m\xff", 0, "info prog a?broken b?[1m?\n" },
		{ "info a\0b", 8, "info prog a?b\n" },
	};

	static char long_note[3000];

	notes_init("prog", NOTES_DEBUG);
	T_CHECK(catch_begin());
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = cases[i].n != 0 ? cases[i].n : strlen(cases[i].note);

		notes_core(bytes_of(cases[i].note, n));
		T_CHECK(strlen(caught()) > 25);
		T_STR(line + 25, cases[i].line);
	}
	notes_core(bytes_of(NULL, 0));
	T_STR(caught() + 25, "info prog \n");
	memset(long_note, 'n', sizeof long_note);
	notes_core(bytes_of(long_note, sizeof long_note));
	T_EQ(strlen(caught()), NOTES_LINE_MAX);
	T_STR(line + NOTES_LINE_MAX - 4, "...\n");
	catch_end();
}

static void levels(void)
{
	static const char *const words[] = { "debug", "info", "unusual", "broken" };

	for (unsigned least = 0; least < 4; least++) {
		notes_init("prog", (enum notes_level)least);
		T_CHECK(catch_begin());
		for (unsigned level = 0; level < 4; level++) {
			char note[32], want[48];

			NOTES((enum notes_level)level, "e", notes_u64("n", level));
			(void)snprintf(want, sizeof want, "%s prog e n=%u\n", words[level], level);
			(void)caught();
			T_STR(level < least ? line : line + 25, level < least ? "" : want);
			(void)snprintf(note, sizeof note, "%s e n=%u", words[level], level);
			notes_core(bytes_str(note));
			(void)caught();
			T_STR(level < least ? line : line + 25, level < least ? "" : want);
		}
		catch_end();
	}
}

/* A log that nobody takes stops nobody. */
static void a_full_log(void)
{
	char byte = 'x';

	notes_init("prog", NOTES_INFO);
	T_CHECK(catch_begin());
	while (write(STDERR_FILENO, &byte, 1) == 1) {
	}
	NOTES(NOTES_BROKEN, "e", notes_u64("n", 1));
	notes_core(bytes_str("broken e"));
	catch_end();
	T_CHECK(true);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "fields", fields },
		{ "every byte", every_byte },
		{ "forgeries", forgeries },
		{ "long values", long_values },
		{ "notes of cores", notes_of_cores },
		{ "levels", levels },
		{ "a full log", a_full_log },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
