/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery.c - the roster that holders sign when too few officers are left: two people read who
 * comes and who goes, and compare it in words; or one holder says no to it.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cold/cold_recovery.h"
#include "io/clock.h"
#include "program.h"

static const struct doc_person *person_of(const struct doc_roster *r, const char *id)
{
	for (size_t i = 0; i < r->people_count; i++) {
		if (strcmp(r->people[i].id, id) == 0) {
			return &r->people[i];
		}
	}
	return NULL;
}

/* The same keys and roles: the readers have cleared what stands behind lists and texts. */
static bool same_person(const struct doc_person *a, const struct doc_person *b)
{
	bool same = b != NULL && key32_eq(&a->key, &b->key) && a->roles == b->roles &&
		    a->passkey_count == b->passkey_count;

	for (size_t i = 0; same && i < a->passkey_count; i++) {
		same = bytes_eq(bytes_of(a->passkeys[i].key, a->passkeys[i].key_n),
				bytes_of(b->passkeys[i].key, b->passkeys[i].key_n)) &&
		       bytes_eq(bytes_of(a->passkeys[i].credential, a->passkeys[i].credential_n),
				bytes_of(b->passkeys[i].credential, b->passkeys[i].credential_n));
	}
	return same;
}

static void print_person(const char *label, const struct doc_person *p)
{
	char hex[2 * DOC_PASSKEY_KEY_MAX + 1];

	/* not words */
	(void)printf("  %s: %s%s%s%s\n", label, p->id,
		     (p->roles & DOC_ROLE_OFFICER) != 0 ? " officer" : "",
		     (p->roles & DOC_ROLE_APPROVER) != 0 ? " approver" : "",
		     (p->roles & DOC_ROLE_AUDITOR) != 0 ? " auditor" : "");
	hex_put(hex, bytes_of(p->key.b, sizeof p->key.b));
	/* not words */
	(void)printf("    key %s\n", hex);
	for (size_t i = 0; i < p->passkey_count; i++) {
		hex_put(hex, bytes_of(p->passkeys[i].key, p->passkeys[i].key_n));
		/* not words */
		(void)printf("    security_key %s\n", hex);
	}
}

static void print_recovery(const struct doc_roster *old, const struct doc_roster *next,
			   const struct hash32 *id)
{
	(void)printf(_("recovery: roster number %llu\n"), (unsigned long long)next->number);
	for (size_t i = 0; i < next->people_count; i++) {
		const struct doc_person *p = &next->people[i];
		const struct doc_person *before = person_of(old, p->id);

		print_person(same_person(p, before) ? _("stays")
			     : before != NULL       ? _("CHANGES")
						    : _("COMES NEW"),
			     p);
	}
	for (size_t i = 0; i < old->people_count; i++) {
		if (person_of(next, old->people[i].id) == NULL) {
			print_person(_("GOES"), &old->people[i]);
		}
	}
	(void)printf(_("It waits before it is in force, and one person or one holder ends it.\n"));
	program_print_words(_("the recovery in words, for two people to compare:"), id);
}

int program_recovery_endorse(struct program *p, struct bytes raw)
{
	static uint8_t room[DOC_BYTES_MAX];
	static struct doc_roster next;
	struct writer w = writer_make(room, sizeof room);
	struct hash32 id;
	struct policy_verdict v = cold_recovery_open(&p->rules, raw, &next, &id);

	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	print_recovery(&p->rules.roster, &next, &id);
	if (!program_compared()) {
		return program_fail(ERR_MISMATCH, _("nothing was signed"));
	}
	v = cold_recovery_sign(&w, &p->cold, &p->rules, &p->secrets->keys, raw, clock_wall_ms());
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	return program_endorsed(p, bytes_of(room, w.n), _("signed; the recovery is in"));
}

int program_recovery_refuse(struct program *p, const char *path)
{
	static uint8_t room[COLD_ANSWER_BYTES];
	static struct doc_roster next;
	struct writer w = writer_make(room, sizeof room);
	struct bytes raw = { .n = 0 };
	struct policy_verdict v;
	struct hash32 id;
	int code = program_vacant(p->config.endorsed_file, "--endorsed-file");

	if (code == 0) {
		code = program_rosters(p);
	}
	if (code == 0) {
		code = program_read(p, path, &raw);
	}
	if (code == 0) {
		code = program_unlock(p, false);
	}
	if (code != 0) {
		return code;
	}
	v = cold_recovery_open(&p->rules, raw, &next, &id);
	if (v.err == ERR_OK) {
		print_recovery(&p->rules.roster, &next, &id);
		v = cold_recovery_refuse(&w, &p->rules, &p->secrets->keys, raw);
	}
	if (v.err != ERR_OK) {
		return program_refused(&v);
	}
	return program_endorsed(p, bytes_of(room, w.n), _("signed; the no to it is in"));
}
