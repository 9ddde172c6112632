/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.c - a key is made, opened, and shown to two people.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "io/ask.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "program.h"

/* Behind the key of a drill stands one byte more: the file itself says that it is practice. */
enum { DRILL_MARK = COLD_CARDS_PRACTICE };

bool program_confirm(const char *question, const char *word)
{
	char typed[64];
	bool same;

	(void)printf("%s\n", question);
	(void)fflush(stdout);
	same = ask_line("", typed, sizeof typed) == ERR_OK && strcmp(typed, word) == 0;
	program_record_typed(word, same);
	return same;
}

void program_print_drill(const struct program *p)
{
	if (p->drill) {
		(void)printf(
		    _("DRILL: this key is for practice, anybody who saw the dice has it\n"));
	}
}

void program_print_moment(const char *label, uint64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, ms);
	(void)printf("%s %s\n", label, text); /* not words */
}

void program_print_words(const char *label, const struct hash32 *id)
{
	char lines[DOC_ID_LINES_BYTES];

	doc_id_lines(lines, id);
	(void)printf("%s\n%s\n", label, lines); /* not words */
}

void program_print_keys(const struct program *p)
{
	const struct cold_secrets *keys = &p->secrets->keys;
	char attest[65], chain[65];
	struct key32 key;
	struct hash32 id;

	cold_secrets_attest(&key, keys);
	hex_put(attest, bytes_of(key.b, sizeof key.b));
	hex_put(chain, bytes_of(keys->chain.public_key.b, sizeof keys->chain.public_key.b));
	memcpy(id.b, keys->chain.public_key.b, sizeof id.b);
	program_print_drill(p);
	(void)printf("key %s\nattest_key %s\n", chain, attest); /* not words */
	program_print_words(_("the key in words, for two people to compare:"), &id);
}

void program_print_genesis(const struct program *p)
{
	program_print_words(_("genesis in words, for two people to compare:"),
			    &p->rules.genesis_id);
}

/* ---- init ---------------------------------------------------------------------------------- */

/* The rolls out of what was typed: blanks between them are for the eye. */
static enum err ask_rolls(struct program_secrets *s)
{
	char line[COLD_DICE_MAX + 2];
	enum err e = ask_line(_("the dice, digits 1 to 6, at least 100 (blanks are ignored)"), line,
			      sizeof line);
	size_t n = 0;

	for (size_t i = 0; e == ERR_OK && line[i] != '\0'; i++) {
		if (line[i] != ' ') {
			s->rolls[n++] = line[i];
		}
	}
	s->rolls[n] = '\0';
	crypto_wipe(line, sizeof line);
	return e;
}

int program_make_key(struct program *p)
{
	struct program_secrets *s = p->secrets;
	struct policy_verdict v;
	enum err e = ask_rolls(s);

	if (e != ERR_OK) {
		return program_fail(e, "dice");
	}
	v = cold_dice_check(bytes_str(s->rolls));
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	p->drill = p->config.drill;
	random_fill(s->kernel, sizeof s->kernel);
	cold_seed_make(s->sealed, p->drill ? NULL : s->kernel, bytes_str(s->rolls));
	s->sealed_n = COLD_KEY_BYTES;
	if (p->drill) {
		s->sealed[s->sealed_n++] = DRILL_MARK;
	}
	random_fill(s->token, sizeof s->token);
	cold_secrets_make(&s->keys, s->sealed, s->token);
	return 0;
}

static struct policy_verdict too_weak(const struct program *p, const char *passphrase)
{
	struct policy_verdict fine = { .err = ERR_OK };

	return p->drill ? fine : cold_passphrase_check(bytes_str(passphrase));
}

/* Too weak a one is asked for again: nobody rolls the dice twice for that. */
static enum err ask_first(const struct program *p)
{
	struct program_secrets *s = p->secrets;
	struct policy_verdict v = { .err = ERR_POLICY };
	enum err e = ERR_OK;

	while (e == ERR_OK && v.err != ERR_OK) {
		e = ask_secret(_("passphrase"), s->passphrase, sizeof s->passphrase);
		v = too_weak(p, s->passphrase);
		if (e == ERR_OK && v.err != ERR_OK) {
			(void)program_refused(&v);
		}
	}
	return e;
}

/* A line, or nothing: an empty one, or the end. */
static enum err ask_perhaps(const char *prompt, char *out, size_t cap)
{
	enum err e = ask_secret(prompt, out, cap);

	if (e == ERR_INPUT) {
		out[0] = '\0';
		e = ERR_OK;
	}
	return e;
}

/*
 * The second passphrase, if it is asked for.  Who wants none gets one that nobody knows: everything
 * that follows is the same, and so is the file.
 */
static enum err ask_other(const struct program *p, bool second)
{
	struct program_secrets *s = p->secrets;
	uint8_t unknown[32];
	enum err e = ERR_OK;

	s->other[0] = s->again[0] = '\0';
	if (second) {
		e = ask_perhaps(_("a second passphrase, which raises a silent alarm (Enter: none)"),
				s->other, sizeof s->other);
	}
	if (e == ERR_OK && second) {
		e = ask_perhaps(_("the second passphrase again"), s->again, sizeof s->again);
	}
	/* the first one once more is none, nor is a weak one; one word for all of it, or it would
	 * say that there is a second */
	if (e == ERR_OK &&
	    (strcmp(s->other, s->again) != 0 || strcmp(s->other, s->passphrase) == 0 ||
	     (s->other[0] != '\0' && too_weak(p, s->other).err != ERR_OK))) {
		e = ERR_MISMATCH;
	}
	random_fill(unknown, sizeof unknown);
	if (e == ERR_OK && s->other[0] == '\0') {
		hex_put(s->other, bytes_of(unknown, sizeof unknown));
	}
	crypto_wipe(unknown, sizeof unknown);
	return e;
}

int program_ask_passphrase(struct program *p, bool second)
{
	struct program_secrets *s = p->secrets;
	enum err e = ask_first(p);

	if (e == ERR_OK) {
		e = ask_secret(_("passphrase again"), s->again, sizeof s->again);
	}
	if (e == ERR_OK && strcmp(s->passphrase, s->again) != 0) {
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK) {
		e = ask_other(p, second);
	}
	return e == ERR_OK ? 0 : program_fail(e, "passphrase");
}

int program_seal(struct program *p, const char *path)
{
	const struct seal_cost cost = { .ops = p->config.seal_ops,
					.mem_kib = p->config.seal_mem_kib };
	struct program_secrets *s = p->secrets;
	const struct seal_side side[2] = { { s->side[0], bytes_str(s->passphrase) },
					   { s->side[1], bytes_str(s->other) } };
	uint8_t file[SEAL_PAIR_BYTES], unregistered[COLD_TOKEN_BYTES];
	enum err e;

	random_fill(unregistered, sizeof unregistered);
	cold_side_put(s->side[0], bytes_of(s->sealed, s->sealed_n), s->token);
	cold_side_put(s->side[1], bytes_of(s->sealed, s->sealed_n), unregistered);
	random_fill(s->random, sizeof s->random);
	e = seal_pair_close(file, side, &cost, s->random);
	if (e == ERR_OK) {
		e = file_write_new(path, 0400, bytes_of(file, sizeof file));
	}
	crypto_wipe(unregistered, sizeof unregistered);
	crypto_wipe(s->side, sizeof s->side);
	crypto_wipe(s->passphrase, sizeof s->passphrase);
	crypto_wipe(s->other, sizeof s->other);
	crypto_wipe(s->again, sizeof s->again);
	return e == ERR_OK ? 0 : program_fail(e, e == ERR_MISMATCH ? "passphrase" : path);
}

static enum err nothing_there(void *context, struct bytes batch)
{
	(void)context;
	(void)batch;
	return ERR_EXISTS;
}

enum err program_append(void *program, struct bytes batch)
{
	struct program *p = program;

	return store_append(&p->store.base, batch);
}

enum err program_replay(void *program, struct bytes batch)
{
	struct program *p = program;

	return cold_replay(&p->cold, &p->secrets->keys, batch);
}

enum err program_new_journal(struct program *p)
{
	struct store_fault fault = { "" };
	enum err e = store_file_open(&p->store, p->config.journal_file, STORE_FILE_CREATE,
				     p->config.journal_bytes, &fault);

	return e != ERR_OK
		   ? e
		   : store_replay(&p->store.base, p->buffer, COLD_BATCH_BYTES, nothing_there, NULL);
}

enum err program_begin(struct program *p)
{
	const struct cold_journal journal = { p, program_append };

	return cold_begin(&p->cold, &p->secrets->keys, &p->rules.genesis_id, clock_wall_ms(),
			  &journal, p->buffer);
}

int program_init(struct program *p)
{
	enum err e;
	int code = program_vacant_key(p);

	if (code == 0) {
		code = program_rules(p, true);
	}
	if (code != 0) {
		return code;
	}
	program_print_genesis(p);
	if (!program_confirm(
		_("Does another person read the same words from another machine? Type: same"),
		"same")) {
		return program_fail(ERR_MISMATCH, "genesis");
	}
	code = program_make_key(p);
	if (code == 0) {
		code = program_ask_passphrase(p, true);
	}
	if (code == 0) {
		code = program_seal(p, p->config.key_file);
	}
	if (code != 0) {
		return code;
	}
	e = program_new_journal(p);
	if (e == ERR_OK) {
		e = program_begin(p);
	}
	if (e != ERR_OK) {
		return program_fail(e, p->config.journal_file);
	}
	program_print_keys(p);
	return 0;
}

/* ---- opening ------------------------------------------------------------------------------- */

int program_unlock(struct program *p, bool journal)
{
	struct program_secrets *s = p->secrets;
	struct store_fault fault = { "" };
	uint8_t file[SEAL_PAIR_BYTES + 1];
	size_t n;
	enum err e;

	if (p->config.key_file[0] == '\0' || (journal && p->config.journal_file[0] == '\0')) {
		return program_fail(ERR_USAGE, "needed: --key-file, --journal-file");
	}
	e = file_read(p->config.key_file, file, sizeof file, &n);
	if (e != ERR_OK) {
		return program_fail(e, p->config.key_file);
	}
	e = ask_secret(_("passphrase"), s->passphrase, sizeof s->passphrase);
	if (e == ERR_OK) {
		e = seal_pair_open(s->side[0], bytes_of(file, n), bytes_str(s->passphrase));
	}
	crypto_wipe(s->passphrase, sizeof s->passphrase);
	if (e == ERR_OK) {
		e = cold_side_get(s->sealed, &s->sealed_n, s->token, s->side[0]);
	}
	crypto_wipe(s->side, sizeof s->side);
	if (e != ERR_OK) {
		return program_fail(
		    e, _("the key does not open: another passphrase, or another file"));
	}
	p->drill = s->sealed_n > COLD_KEY_BYTES;
	cold_secrets_make(&s->keys, s->sealed, s->token);
	if (!journal) {
		return 0;
	}
	e = store_file_open(&p->store, p->config.journal_file, STORE_FILE_EXISTING,
			    p->config.journal_bytes, &fault);
	if (e != ERR_OK) {
		(void)fprintf(stderr, "kuramori-cold: %s\n", fault.text); /* not words */
		return program_fail(e, p->config.journal_file);
	}
	e = store_replay(&p->store.base, p->buffer, COLD_BATCH_BYTES, program_replay, p);
	if (e != ERR_OK) {
		return program_fail(e, p->config.journal_file);
	}
	return p->cold.begun ? 0 : program_fail(ERR_CORRUPT, p->config.journal_file);
}

/* ---- check --------------------------------------------------------------------------------- */

int program_check(struct program *p)
{
	int code = program_rules(p, p->config.holding_file[0] == '\0');
	bool named = false;

	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	program_print_genesis(p);
	program_print_keys(p);
	if (p->config.holding_file[0] == '\0') {
		return 0;
	}
	for (size_t i = 0; i < p->rules.holding.holder_count; i++) {
		const struct doc_holder *h = &p->rules.holding.holders[i];
		struct key32 attest;

		cold_secrets_attest(&attest, &p->secrets->keys);
		if (key32_eq(&h->key, &p->secrets->keys.chain.public_key)) {
			named = key32_eq(&h->attest_key, &attest);
			(void)printf(_("the holding names this key: %s\n"), h->id);
		}
	}
	return named ? 0 : program_fail(ERR_SIGNER_UNKNOWN, "holding");
}

/* ---- the second passphrase ----------------------------------------------------------------- */

/* The side that was opened keeps its token, whichever it is; the other one gets a new one. */
int program_reseal(struct program *p)
{
	int code = program_vacant(p->config.new_key_file, "--new-key-file");

	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code == 0) {
		code = program_ask_passphrase(p, true);
	}
	if (code == 0) {
		code = program_seal(p, p->config.new_key_file);
	}
	if (code == 0) {
		(void)printf(
		    _("sealed anew in %s; the old file still opens with the old passphrases: "
		      "destroy every copy of it\n"),
		    p->config.new_key_file);
	}
	return code;
}

int program_register(struct program *p)
{
	static struct doc_holder me;
	static char hex[2 * DOC_REGISTRATION_MAX + 1];
	struct program_secrets *s = p->secrets;
	int code = program_rosters(p);

	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	cold_secrets_attest(&me.attest_key, &s->keys);
	random_fill(s->keys.fresh, sizeof s->keys.fresh);
	cold_mark_register(&me, &p->rules.genesis_id, &p->rules.roster, s->keys.token,
			   s->keys.fresh);
	crypto_wipe(s->keys.fresh, sizeof s->keys.fresh);
	program_print_genesis(p);
	program_print_keys(p);
	(void)printf(_("for the watchers of roster %llu:\n"),
		     (unsigned long long)p->rules.roster.number);
	for (size_t i = 0; i < p->rules.roster.watcher_count; i++) {
		(void)printf("  %s\n", p->rules.roster.watchers[i].id);
	}
	hex_put(hex, bytes_of(me.registration, me.registration_n));
	(void)printf("registration %s\n", hex); /* not words: a field of the holding */
	return 0;
}
