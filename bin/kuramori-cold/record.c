/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - the transcript of a ceremony: what this program shows and asks goes into it as it goes
 * to the screen, and what a person confirms is added where it is asked.
 *
 * Secrets cannot get there by accident: passphrases, dice and the words of cards are typed and
 * shown past stdout and stderr of the C library (io/ask.h reads them, cards.c writes them), and the
 * commands that show cards record their beginning and their end alone.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "io/ask.h"
#include "io/file.h"
#include "io/transcript.h"
#include "program.h"

static struct transcript transcript = { .fd = -1 };
static bool silent;

/* One of the two streams: where it goes, and its line that is not whole yet. */
static struct stream {
	int fd;
	const char *kind;
	char line[COLD_TRANSCRIPT_TEXT_MAX];
	size_t n;
} streams[] = { { STDOUT_FILENO, "shown", "", 0 }, { STDERR_FILENO, "said", "", 0 } };

static void flush(struct stream *s)
{
	if (s->n > 0 && !silent && transcript.fd >= 0) {
		transcript_add(&transcript, s->kind, bytes_of(s->line, s->n));
	}
	s->n = 0;
}

static ssize_t tee(void *cookie, const char *p, size_t n)
{
	struct stream *s = cookie;

	if (file_write_fd(s->fd, bytes_of(p, n)) != ERR_OK) {
		return 0; /* as fopencookie(3) wants an error said */
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || s->n == sizeof s->line) {
			flush(s);
		}
		if (p[i] != '\n') {
			s->line[s->n++] = p[i];
		}
	}
	return (ssize_t)n;
}

static void record(const char *kind, const char *text)
{
	if (transcript.fd >= 0) {
		(void)fflush(stdout);
		flush(&streams[0]);
		flush(&streams[1]);
		transcript_add(&transcript, kind, bytes_str(text));
	}
}

int program_record_begin(const struct program *p, const char *command)
{
	static const char *const quiet[] = { "backup", "drill", "restore" };
	static char buffer[BUFSIZ];
	char text[64];
	uint64_t line = 0;
	FILE *out, *complaints;
	enum err e;

	if (p->config.transcript_file[0] == '\0') {
		return 0;
	}
	e = transcript_open(&transcript, p->config.transcript_file, &line);
	if (e != ERR_OK) {
		(void)fprintf(stderr, _("kuramori-cold: the transcript, line %llu\n"),
			      (unsigned long long)line);
		return program_fail(e, p->config.transcript_file);
	}
	(void)snprintf(text, sizeof text, "kuramori-cold " KURAMORI_VERSION " %.32s", command);
	record("begin", text);
	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		silent = silent || strcmp(command, quiet[i]) == 0;
	}
	out = fopencookie(&streams[0], "w", (cookie_io_functions_t){ .write = tee });
	complaints = fopencookie(&streams[1], "w", (cookie_io_functions_t){ .write = tee });
	if (out == NULL || complaints == NULL) {
		return program_fail(ERR_IO, p->config.transcript_file);
	}
	(void)setvbuf(out, buffer, _IOLBF, sizeof buffer);
	(void)setvbuf(complaints, NULL, _IONBF, 0);
	stdout = out;
	stderr = complaints;
	return 0;
}

void program_record_typed(const char *asked, bool same)
{
	/* what else was typed may be a passphrase at the wrong moment */
	record("typed", same ? asked : "(something else)");
}

int program_record_end(const struct program *p, int code)
{
	char text[16];
	enum err e;

	if (transcript.fd < 0) {
		return code;
	}
	(void)snprintf(text, sizeof text, "%d", code);
	record("end", text);
	e = transcript_close(&transcript);
	return e == ERR_OK ? code : program_fail(e, p->config.transcript_file);
}

/* A holder signs all that stands there. */
int program_seal_transcript(struct program *p)
{
	const struct doc_holder *me = NULL;
	struct key32 attest;
	int code = program_rules(p, false);

	if (transcript.fd < 0) {
		return program_fail(ERR_USAGE, "needed: --transcript-file");
	}
	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	cold_secrets_attest(&attest, &p->secrets->keys);
	for (size_t i = 0; i < p->rules.holding.holder_count; i++) {
		if (key32_eq(&p->rules.holding.holders[i].attest_key, &attest)) {
			me = &p->rules.holding.holders[i];
		}
	}
	if (me == NULL) {
		return program_fail(ERR_SIGNER_UNKNOWN, "holding");
	}
	(void)printf(_("the transcript has %llu lines; you sign all of them as %s\n"),
		     (unsigned long long)transcript.state.lines, me->id);
	if (!program_confirm(_("Has everybody read it? Type: same"), "same")) {
		return program_fail(ERR_MISMATCH, _("nothing was signed"));
	}
	record("end", "0");
	silent = true;
	transcript_seal(&transcript, me->id, p->secrets->keys.attest);
	program_print_words(_("signed; the transcript in words, for everybody's paper:"),
			    &transcript.state.chain);
	code = transcript_close(&transcript) == ERR_OK
		   ? 0
		   : program_fail(ERR_IO, p->config.transcript_file);
	return code;
}
