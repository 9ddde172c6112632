/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcript.c - `kuramori transcript`: the transcript of a ceremony (docs/transcript.md) is read,
 * verified, added to, and signed by who was there.
 *
 * It needs nothing but the file; with a roster and a holding it says whose the keys are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/hex.h"
#include "cli.h"
#include "cold/cold.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "io/clock.h"
#include "io/transcript.h"
#include "refill.h"

enum { PHOTOS_MAX = 64, DIGEST_HEX = 65, PIECE = 65536 };

static struct reading {
	struct cli *c;
	bool show;
	bool known_people; /* roster and holding, if any, say whose keys there are */
	struct cold_rules rules;
	uint64_t sealed_to; /* the last line that somebody signed */
	uint64_t strangers;
	size_t photos;

	struct photo {
		const char *path;
		char digest[DIGEST_HEX];
		bool found;
	} photo[PHOTOS_MAX];
} r;

/* Whose key that is, or NULL. */
static const char *owner_of(const struct key32 *key)
{
	const struct doc_roster *roster = &r.rules.roster;
	const struct doc_holding *h = &r.rules.holding;

	for (size_t i = 0; i < roster->people_count; i++) {
		if (key32_eq(&roster->people[i].key, key)) {
			return roster->people[i].id;
		}
	}
	for (size_t i = 0; i < h->holder_count; i++) {
		if (key32_eq(&h->holders[i].attest_key, key)) {
			return h->holders[i].id;
		}
	}
	return NULL;
}

static void print_seal(uint64_t number, const struct cold_transcript_line *line)
{
	const char *owner = r.known_people ? owner_of(&line->key) : NULL;
	char name[COLD_TRANSCRIPT_NAME_MAX + 1], key[65];

	hex_put(key, bytes_of(line->key.b, sizeof line->key.b));
	cli_clean(name, sizeof name, line->name);
	if (r.c->json) {
		return;
	}
	if (owner != NULL) {
		printf(_("lines 1 to %" PRIu64 " are signed by %s, %s\n"), number - 1, owner, key);
	} else {
		printf(_("lines 1 to %" PRIu64 " are signed by a key that calls itself %s: %s\n"),
		       number - 1, name, key);
	}
}

static enum err each(void *context, uint64_t number, const struct cold_transcript_line *line)
{
	char text[COLD_TRANSCRIPT_TEXT_MAX + 1], kind[16], moment[CLOCK_TEXT_MAX];

	(void)context;
	if (bytes_eq(line->kind, bytes_str("seal"))) {
		print_seal(number, line);
		r.sealed_to = number;
		r.strangers += r.known_people && owner_of(&line->key) == NULL;
		return ERR_OK;
	}
	for (size_t i = 0; bytes_eq(line->kind, bytes_str("photo")) && i < r.photos; i++) {
		if (line->text.n > DIGEST_HEX - 1 &&
		    bytes_eq(bytes_of(line->text.p, DIGEST_HEX - 1),
			     bytes_str(r.photo[i].digest))) {
			r.photo[i].found = true;
		}
	}
	if (r.show) {
		cli_clean(text, sizeof text, line->text);
		cli_ascii(kind, sizeof kind, line->kind);
		clock_text(moment, line->time_ms);
		printf("%" PRIu64 " %s %-6s %s\n", number, moment, kind, text); /* not words */
	}
	return ERR_OK;
}

static int digest_file(const char *path, char hex[DIGEST_HEX])
{
	static uint8_t piece[PIECE];
	FILE *f = fopen(path, "rbe");
	struct sha256 s;
	struct hash32 h;
	size_t n;
	bool bad;

	if (f == NULL) {
		return cli_fail(ERR_NOT_FOUND, "%s", path);
	}
	sha256_init(&s);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		sha256_update(&s, bytes_of(piece, n));
	}
	bad = ferror(f) != 0;
	(void)fclose(f);
	if (bad) {
		return cli_fail(ERR_IO, "%s", path);
	}
	sha256_final(&s, &h);
	hex_put(hex, bytes_of(h.b, sizeof h.b));
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* With genesis, roster and holding, as far as they are configured. */
static int people_read(struct cli *c)
{
	static uint8_t raw[DOC_BYTES_MAX];
	size_t n = 0;
	int code = 0;

	if (c->genesis_file[0] == '\0') {
		return 0;
	}
	if (c->holding_file[0] != '\0') {
		code = cli_refill_rules(c, &r.rules, raw, &n);
	} else {
		code = cli_documents(c, true);
		r.rules.roster = c->roster;
	}
	r.known_people = code == 0;
	return code;
}

static int complain(enum err e, const char *path, uint64_t line)
{
	if (line == 0) {
		return cli_fail(e, "%s", path);
	}
	return e == ERR_MISMATCH || e == ERR_INPUT
		   ? cli_fail(ERR_MISMATCH,
			      "%s, line %" PRIu64 ": not what was written there, or something "
			      "before it was taken out or put in",
			      path, line)
	       : e == ERR_SIGNATURE
		   ? cli_fail(e,
			      "%s, line %" PRIu64 ": this seal is not of what stands before it: "
			      "something behind the seal before it was changed",
			      path, line)
		   : cli_fail(e, "%s, line %" PRIu64, path, line);
}

static void print_words(const struct cold_transcript *state)
{
	char lines[DOC_ID_LINES_BYTES];

	doc_id_lines(lines, &state->chain);
	printf(_("the transcript in words, for everybody's paper:\n%s\n"), lines);
}

static int verify(struct cli *c, const char *path, const char *const *photos, size_t n)
{
	struct cold_transcript state;
	uint64_t line;
	enum err e;
	int code = people_read(c);

	if (code == 0 && n > PHOTOS_MAX) {
		code = cli_fail(ERR_TOO_LARGE, "at most %d photographs", PHOTOS_MAX);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		r.photo[r.photos].path = photos[i];
		code = digest_file(photos[i], r.photo[r.photos++].digest);
	}
	if (code != 0) {
		return code;
	}
	e = transcript_read(path, &state, each, NULL, &line);
	if (e != ERR_OK) {
		return complain(e, path, line);
	}
	for (size_t i = 0; i < n; i++) {
		if (!r.photo[i].found) {
			return cli_fail(ERR_MISMATCH,
					"%s: no photograph of the transcript: another file, or "
					"changed",
					r.photo[i].path);
		}
	}
	if (!state.sealed) {
		return cli_fail(ERR_UNSIGNED,
				"%s: nobody signed the %" PRIu64 " lines behind line %" PRIu64,
				path, state.lines - r.sealed_to, r.sealed_to);
	}
	if (r.strangers > 0) {
		return cli_fail(ERR_SIGNER_UNKNOWN,
				"%s: %" PRIu64 " seals are of keys that neither roster nor holding "
				"names",
				path, r.strangers);
	}
	if (c->json) {
		/* not words */
		printf("{\"lines\":%" PRIu64 ",\"seals\":%" PRIu64 ",\"photos\":%zu}\n",
		       state.lines, state.seals, n);
		return 0;
	}
	printf(_("%" PRIu64 " lines, as they were written; %" PRIu64 " seals\n"), state.lines,
	       state.seals);
	print_words(&state);
	return 0;
}

static int show(struct cli *c, const char *path)
{
	struct cold_transcript state;
	uint64_t line;
	enum err e;
	int code = people_read(c);

	if (code != 0) {
		return code;
	}
	r.show = true;
	e = transcript_read(path, &state, each, NULL, &line);
	return e == ERR_OK ? 0 : complain(e, path, line);
}

static int begin(struct transcript *t, const char *path)
{
	uint64_t line;
	enum err e = transcript_open(t, path, &line);

	return e == ERR_OK ? 0 : complain(e, path, line);
}

static int finish(struct transcript *t, const char *path)
{
	return transcript_close(t) == ERR_OK ? 0 : cli_fail(ERR_IO, "%s", path);
}

static int note(const char *path, const char *text)
{
	struct transcript t;
	int code = begin(&t, path);

	if (code != 0) {
		return code;
	}
	transcript_add(&t, "note", bytes_str(text));
	return finish(&t, path);
}

static int photo(const char *path, const char *const *photos, size_t n)
{
	char text[COLD_TRANSCRIPT_TEXT_MAX], digest[DIGEST_HEX];
	struct transcript t;
	int code = begin(&t, path), end;

	if (code != 0) {
		return code;
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = digest_file(photos[i], digest);
		if (code == 0) {
			(void)snprintf(text, sizeof text, "%s %.255s", digest,
				       base_name(photos[i]));
			transcript_add(&t, "photo", bytes_str(text));
		}
	}
	end = finish(&t, path);
	return code == 0 ? end : code;
}

static int sign(struct cli *c, const char *path)
{
	uint8_t secret[DOC_SECRET_BYTES];
	struct transcript t;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_secret(c, secret);
	}
	if (code != 0) {
		return code;
	}
	code = begin(&t, path);
	if (code == 0) {
		transcript_seal(&t, c->person, secret);
		code = finish(&t, path);
	}
	crypto_wipe(secret, sizeof secret);
	if (code == 0 && !c->json) {
		print_words(&t.state);
	}
	return code;
}

int cli_transcript(struct cli *c, const char *const *words, size_t n)
{
	r.c = c;
	if (n >= 2 && strcmp(words[0], "verify") == 0) {
		return verify(c, words[1], words + 2, n - 2);
	}
	if (n == 2 && strcmp(words[0], "show") == 0) {
		return show(c, words[1]);
	}
	if (n == 3 && strcmp(words[0], "note") == 0) {
		return note(words[1], words[2]);
	}
	if (n >= 3 && strcmp(words[0], "photo") == 0) {
		return photo(words[1], words + 2, n - 2);
	}
	if (n == 2 && strcmp(words[0], "sign") == 0) {
		return sign(c, words[1]);
	}
	return cli_fail(ERR_USAGE,
			"it is: kuramori transcript verify FILE [PHOTO...], kuramori transcript "
			"show FILE, kuramori transcript note FILE TEXT, kuramori transcript photo "
			"FILE PHOTO... or kuramori transcript sign FILE");
}
