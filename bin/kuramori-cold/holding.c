/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holding.c - the holding that binds this machine is taken, and its successor is signed, by two
 * people who compare it in words.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cold/cold_holding.h"
#include "io/clock.h"
#include "io/file.h"
#include "program.h"

static void print_amount(const char *label, const struct money *m)
{
	char text[MONEY_TEXT_MAX];

	money_put(text, m);
	(void)printf(_("  %s: %s micro-XEM\n"), label, text);
}

static void print_holder(const char *label, const struct doc_holder *h)
{
	char key[65], attest[65];

	hex_put(key, bytes_of(h->key.b, sizeof h->key.b));
	hex_put(attest, bytes_of(h->attest_key.b, sizeof h->attest_key.b));
	/* not words */
	(void)printf("  %s: %s\n    key %s\n    attest_key %s\n", label, h->id, key, attest);
}

static const struct doc_holder *same_holder(const struct doc_holding *h,
					    const struct doc_holder *who)
{
	for (size_t i = 0; h != NULL && i < h->holder_count; i++) {
		if (key32_eq(&h->holders[i].key, &who->key) &&
		    key32_eq(&h->holders[i].attest_key, &who->attest_key) &&
		    strcmp(h->holders[i].id, who->id) == 0) {
			return &h->holders[i];
		}
	}
	return NULL;
}

/* All of it, and against old (or NULL) who comes and who goes. */
void program_print_holding(const struct doc_holding *h, const struct hash32 *id,
			   const struct doc_holding *old)
{
	(void)printf(_("holding number %llu\n"), (unsigned long long)h->number);
	for (size_t i = 0; i < h->holder_count; i++) {
		print_holder(old != NULL && same_holder(old, &h->holders[i]) == NULL
				 ? _("COMES NEW")
				 : _("holder"),
			     &h->holders[i]);
	}
	for (size_t i = 0; old != NULL && i < old->holder_count; i++) {
		if (same_holder(h, &old->holders[i]) == NULL) {
			print_holder(_("GOES"), &old->holders[i]);
		}
	}
	print_amount(_("one holder signs for at most"), &h->limit);
	(void)printf(_("  within: %llu minutes\n"), (unsigned long long)(h->window_ms / 60000));
	print_amount(_("stays behind in a box at most"), &h->residue_max);
	(void)printf(_("  tallies are good for: %llu minutes\n"),
		     (unsigned long long)(h->tally_age_ms / 60000));
	if (old != NULL) {
		(void)printf("%s\n", cold_holding_loosens(old, h) != 0
					 ? _("It LOOSENS: as many holders sign it as a recovery "
					     "needs, and it waits before it binds.")
					 : _("It takes away only: officers suffice, and it binds "
					     "at once."));
	}
	program_print_words(_("the holding in words, for two people to compare:"), id);
}

bool program_compared(void)
{
	return program_confirm(
	    _("Does another person read the same words from another machine? Type: same"), "same");
}

static int begin(struct program *p)
{
	int code = program_rules(p, false);

	return code == 0 ? program_unlock(p, true) : code;
}

int program_take(struct program *p)
{
	const struct cold_journal journal = { p, program_append };
	const struct cold *c = &p->cold;
	struct policy_verdict v;
	char moment[CLOCK_TEXT_MAX];
	int code = begin(p);

	if (code != 0) {
		return code;
	}
	program_print_holding(&p->rules.holding, &p->rules.holding_id,
			      c->held ? &c->holding : NULL);
	if (!program_compared()) {
		return program_fail(ERR_MISMATCH, "holding");
	}
	v = cold_take(&p->cold, &p->secrets->keys, &p->rules, p->holding, clock_wall_ms(), &journal,
		      p->buffer);
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	if (c->holding_from_ms <= clock_wall_ms()) {
		(void)printf(_("taken; it binds this machine from now on\n"));
		return 0;
	}
	clock_text(moment, c->holding_from_ms);
	(void)printf(_("taken; it binds from %s on, until then the one before it does\n"), moment);
	return 0;
}

int program_endorsed(const struct program *p, struct bytes raw, const char *what)
{
	enum err e = file_write_new(p->config.endorsed_file, 0644, raw);

	if (e != ERR_OK) {
		return program_fail(e, p->config.endorsed_file);
	}
	(void)printf("%s %s\n", what, p->config.endorsed_file);
	return 0;
}

int program_endorse(struct program *p, const char *path)
{
	static uint8_t room[DOC_BYTES_MAX];
	struct writer w = writer_make(room, sizeof room);
	struct bytes raw = { .n = 0 };
	struct policy_verdict v;
	struct doc_holding next;
	struct hash32 id;
	struct doc d;
	int code = program_vacant(p->config.endorsed_file, "--endorsed-file");

	if (code == 0) {
		code = begin(p);
	}
	if (code == 0) {
		code = program_read(p, path, &raw);
	}
	if (code != 0) {
		return code;
	}
	if (doc_open(&d, raw, &p->rules.genesis_id, NULL) == ERR_OK && d.type == DOC_ROSTER) {
		return program_recovery_endorse(p, raw);
	}
	v = cold_successor_open(&p->rules, raw, &next, &id);
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	program_print_holding(&next, &id, &p->rules.holding);
	if (!program_compared()) {
		return program_fail(ERR_MISMATCH, _("nothing was signed"));
	}
	v = cold_endorse(&w, &p->cold, &p->rules, &p->secrets->keys, raw, clock_wall_ms());
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	return program_endorsed(p, bytes_of(room, w.n), _("signed; the holding is in"));
}
