/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.c - the key on cards of words, back from them, and the drill that proves it can come back
 * (docs/ceremony.md).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "cold/cold_drill.h"
#include "cold/cold_restore.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "program.h"

enum { TRIES = 3, ROOM = 2 * COLD_DRILL_BYTES };

/* Whatever happened, no word stays on the screen or in memory. */
static int leave(struct program *p, int code)
{
	cards_clear();
	cards_end();
	crypto_wipe(&p->secrets->cards, sizeof p->secrets->cards);
	return code;
}

/* ---- backup -------------------------------------------------------------------------------- */

static enum err split(struct program *p, const struct shares_plan *plan)
{
	struct program_secrets *s = p->secrets;
	struct cards *c = &s->cards;
	size_t n = cold_cards_secret(c->secret, bytes_of(s->sealed, s->sealed_n));
	size_t random = 0;
	enum err e = shares_need(plan, n, &c->n, &random);

	if (e == ERR_OK) {
		random_fill(c->random, random);
		e = shares_split(c->card, plan, bytes_of(c->secret, n), bytes_str(c->passphrase),
				 bytes_of(c->random, random));
	}
	crypto_wipe(c->random, sizeof c->random);
	return e;
}

/* One card: shown, written, read back; shown again until it is right. */
static enum err write_card(struct program *p, const struct shares_plan *plan, size_t i)
{
	struct cards *c = &p->secrets->cards;
	enum err e;

	do {
		cards_show(c, i, plan);
		e = cards_line(
		    _("Write the card; then press Enter: the words vanish and are asked back."),
		    c->line, sizeof c->line, true);
		cards_clear();
		if (e == ERR_OK || e == ERR_TOO_LARGE) {
			e = cards_read_back(c, i, p->config.words_back);
		}
		if (e == ERR_MISMATCH) {
			e = cards_line(_("Press Enter: the card is shown again; correct it."),
				       c->line, sizeof c->line, true);
			e = e == ERR_OK || e == ERR_TOO_LARGE ? ERR_MISMATCH : e;
		}
	} while (e == ERR_MISMATCH);
	cards_clear();
	return e;
}

static enum err write_set(struct program *p, const struct shares_plan *plan)
{
	struct program_secrets *s = p->secrets;
	struct cards *c = &s->cards;
	enum err e = cards_passphrase(c, true);

	if (e == ERR_OK) {
		e = split(p, plan);
	}
	for (size_t i = 0; e == ERR_OK && i < c->n; i++) {
		e = write_card(p, plan, i);
	}
	if (e == ERR_OK) {
		size_t n = cold_cards_secret(c->secret, bytes_of(s->sealed, s->sealed_n));

		e = cold_cards_prove(c->card, plan, bytes_of(c->secret, n),
				     bytes_str(c->passphrase));
	}
	return e;
}

int program_backup(struct program *p)
{
	struct shares_plan plan;
	struct policy_verdict v = cold_cards_plan(
	    &plan, bytes_str(p->config.shares), p->config.groups_needed, p->config.shares_exponent);
	size_t cards;
	enum err e;
	int code;

	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	code = program_rules(p, p->config.holding_file[0] == '\0');
	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	program_print_keys(p);
	e = cards_begin();
	if (e != ERR_OK) {
		return program_fail(e, "backup");
	}
	e = write_set(p, &plan);
	cards = p->secrets->cards.n;
	(void)leave(p, 0);
	if (e != ERR_OK) {
		return program_fail(e,
				    _("there is no backup: destroy every card that was written"));
	}
	(void)printf(_("%zu cards; each was read back, and is one of a choice that brings this key "
		       "back:\n"),
		     cards);
	program_print_keys(p);
	return 0;
}

/* ---- cards to keys ------------------------------------------------------------------------- */

/* The key of the cards under one passphrase, if the holding names it. */
static enum err combine(struct program *p)
{
	struct program_secrets *s = p->secrets;
	struct cards *c = &s->cards;
	struct shares_fault fault;
	size_t n = 0;
	enum err e = shares_combine(c->secret, &n, c->card, c->n, bytes_str(c->passphrase), &fault);

	if (e != ERR_OK) {
		cards_fault(&fault, 0);
		return e;
	}
	s->sealed_n = cold_cards_sealed(s->sealed, bytes_of(c->secret, n));
	crypto_wipe(c->secret, sizeof c->secret);
	if (s->sealed_n == 0) {
		return ERR_KEY; /* of practice and under another passphrase */
	}
	p->drill = s->sealed_n > COLD_KEY_BYTES;
	random_fill(s->token, sizeof s->token); /* cards have none: it is registered anew */
	cold_secrets_make(&s->keys, s->sealed, s->token);
	return cold_drill_holder(&p->rules, &s->keys) != NULL ? ERR_OK : ERR_KEY;
}

static enum err keys_of_cards(struct program *p)
{
	struct program_secrets *s = p->secrets;
	enum err e = cards_collect(&s->cards,
				   p->config.drill ? COLD_CARDS_PRACTICE_WORDS : COLD_CARDS_WORDS);

	for (size_t i = 0; e == ERR_OK && i < TRIES; i++) {
		e = cards_passphrase(&s->cards, false);
		if (e == ERR_OK) {
			e = combine(p);
		}
		if (e != ERR_KEY) {
			break;
		}
		(void)printf(_("the holding names no such key: another passphrase, or cards of "
			       "another holder\n"));
		e = i + 1 < TRIES ? ERR_OK : e;
	}
	if (e != ERR_OK) {
		crypto_wipe(&s->keys, sizeof s->keys);
		crypto_wipe(s->sealed, sizeof s->sealed);
	}
	return e;
}

static void print_number(const char *label, uint64_t number)
{
	(void)printf("%s %llu\n", label, (unsigned long long)number);
}

/* What two people compare before a card is typed: whom this machine believes, and its clock. */
static int compare(struct program *p)
{
	program_print_genesis(p);
	print_number("roster", p->rules.roster.number);   /* not words */
	print_number("holding", p->rules.holding.number); /* not words */
	program_print_moment(_("this machine's clock says"), clock_wall_ms());
	return program_confirm(
		   _("Another person reads the same words from another machine, these are the "
		     "newest numbers that officers have signed, and the clock is right? Type: "
		     "same"),
		   "same")
		   ? 0
		   : program_fail(ERR_MISMATCH, "genesis");
}

static int type_cards(struct program *p)
{
	enum err e = cards_begin();

	if (e == ERR_OK) {
		e = keys_of_cards(p);
	}
	if (e != ERR_INPUT) {
		(void)leave(p, 0);
	}
	if (e != ERR_OK) {
		return program_fail(e, _("the cards brought no key of the holding"));
	}
	if (p->drill && p->rules.network == NEM_NETWORK_MAIN) {
		return program_fail(ERR_POLICY, "drill");
	}
	(void)printf(_("the holding names this key: %s\n"),
		     cold_drill_holder(&p->rules, &p->secrets->keys)->id);
	program_print_keys(p);
	return 0;
}

/* ---- drill --------------------------------------------------------------------------------- */

int program_drill(struct program *p)
{
	static uint8_t room[ROOM];
	struct writer w = writer_make(room, sizeof room);
	uint64_t now;
	enum err e;
	int code = program_vacant(p->config.drill_file, "--drill-file");

	if (code == 0) {
		code = program_rules(p, false);
	}
	if (code == 0) {
		code = compare(p);
	}
	if (code == 0) {
		code = type_cards(p);
	}
	if (code != 0) {
		return code;
	}
	now = clock_wall_ms();
	e = cold_drill_make(&w, &p->rules, &p->secrets->keys, now, p->config.drill_days);
	crypto_wipe(&p->secrets->keys, sizeof p->secrets->keys);
	crypto_wipe(p->secrets->sealed, sizeof p->secrets->sealed);
	if (e == ERR_OK) {
		e = file_write_new(p->config.drill_file, 0644, bytes_of(room, w.n));
	}
	if (e != ERR_OK) {
		return program_fail(e, p->config.drill_file);
	}
	program_print_moment(_("the cards are good; this drill counts until"),
			     now + p->config.drill_days * UINT64_C(86400000));
	return 0;
}

/* ---- restore ------------------------------------------------------------------------------- */

/* A batch of the old journal: judged as ours, then as it is into the new one. */
static enum err copy_one(void *context, struct bytes batch)
{
	enum err e = program_replay(context, batch);

	return e == ERR_OK ? program_append(context, batch) : e;
}

/* The whole of the old journal, from its beginning. */
static int read_copy(struct program *p, enum err (*each)(void *, struct bytes))
{
	static struct store_file old;
	struct store_fault fault = { "" };
	enum err e = store_file_open(&old, p->config.old_journal_file, STORE_FILE_READ, 0, &fault);

	if (e != ERR_OK) {
		(void)fprintf(stderr, "kuramori-cold: %s\n", fault.text); /* not words */
		return program_fail(e, p->config.old_journal_file);
	}
	memset(&p->cold, 0, sizeof p->cold);
	e = store_replay(&old.base, p->buffer, COLD_BATCH_BYTES, each, p);
	store_close(&old.base);
	if (e == ERR_OK && !p->cold.begun) {
		e = ERR_CORRUPT;
	}
	return e == ERR_OK ? 0 : program_fail(e, p->config.old_journal_file);
}

/* answers: how many the lost journal had, as far as is known. */
static int new_journal(struct program *p, uint64_t answers)
{
	const struct cold_journal journal = { p, program_append };
	struct policy_verdict v;
	enum err e = program_new_journal(p);
	int code = 0;

	if (e == ERR_OK && p->config.old_journal_file[0] != '\0') {
		code = read_copy(p, copy_one);
	} else if (e == ERR_OK) {
		e = program_begin(p);
	}
	if (e != ERR_OK || code != 0) {
		return code != 0 ? code : program_fail(e, p->config.journal_file);
	}
	v = cold_restore(&p->cold, &p->secrets->keys, &p->rules, answers, clock_wall_ms(), &journal,
			 p->buffer);
	return v.err == ERR_OK ? 0 : program_refused(&v);
}

static int restore_key(struct program *p)
{
	uint64_t answers = 0;
	int code = 0;

	for (size_t i = 0; i < p->question.answer_count; i++) {
		struct policy_verdict v = cold_restore_answer(
		    &answers, &p->rules, &p->secrets->keys, p->answers[i], clock_wall_ms());

		if (v.err != ERR_OK) {
			return program_refused(&v);
		}
	}
	if (p->config.old_journal_file[0] != '\0') {
		struct policy_verdict v;

		/* judged whole before anything is made of it */
		code = read_copy(p, program_replay);
		v = cold_restore_judge(&p->cold, &p->rules, clock_wall_ms());
		code = code == 0 && v.err != ERR_OK ? program_refused(&v) : code;
		memset(&p->cold, 0, sizeof p->cold);
	}
	if (code == 0) {
		code = program_ask_passphrase(p, true);
	}
	/* the journal first: a key without one signs nothing, and this one says that it waits */
	if (code == 0) {
		code = new_journal(p, answers);
	}
	return code == 0 ? program_seal(p, p->config.key_file) : code;
}

int program_restore(struct program *p, const char *const *answers, size_t n)
{
	int code = program_vacant_key(p);

	if (code == 0) {
		code = program_rules(p, false);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = program_read(p, answers[i], &p->answers[p->question.answer_count++]);
	}
	if (code == 0) {
		code = compare(p);
	}
	if (code == 0) {
		code = type_cards(p);
	}
	if (code == 0) {
		code = restore_key(p);
	}
	if (code != 0) {
		return code;
	}
	print_number("answers", p->cold.answers); /* not words */
	program_print_moment(_("restored; this key signs nothing before"),
			     cold_restored_until(&p->cold, &p->rules));
	return 0;
}
