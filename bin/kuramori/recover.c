/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.c - `kuramori recover`: the next roster when too few officers are left to sign one.  It
 * is made here out of the roster in force and a list of people, signed by cold holders on their
 * machines (kuramori-cold endorse), and handed in here, as is a holder's no to it
 * (docs/recovery.md).  Nothing here is believed by anybody.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "cli.h"
#include "io/file.h"
#include "policy/recovery.h"
#include "policy/roster.h"
#include "show.h"

/* Opens a document of this type.  0 or an exit code. */
static int document_read(const struct cli *c, const char *path, uint8_t *raw, struct doc *d)
{
	struct doc_fault fault = { .field = "", .why = "" };
	size_t n = 0;
	int code = cli_read(path, raw, DOC_BYTES_MAX, &n);
	enum err e;

	if (code != 0) {
		return code;
	}
	e = doc_open(d, bytes_of(raw, n), &c->genesis_id, &fault);
	return e == ERR_OK ? 0
			   : cli_fail(e, "%s is no document of this genesis: %s %s", path,
				      fault.field, words_of(fault.why));
}

static bool stands_in(const struct doc_roster *r, const struct doc_person *who)
{
	for (size_t i = 0; i < r->people_count; i++) {
		if (strcmp(r->people[i].id, who->id) == 0) {
			return true;
		}
	}
	return false;
}

static void print_people(const struct doc_roster *old, const struct doc_roster *next)
{
	for (size_t i = 0; i < next->people_count; i++) {
		/* not words: roles */
		printf("%-12s %s%s%s%s\n",
		       stands_in(old, &next->people[i]) ? _("stands there") : _("COMES NEW"),
		       next->people[i].id,
		       (next->people[i].roles & DOC_ROLE_OFFICER) != 0 ? " officer" : "",
		       (next->people[i].roles & DOC_ROLE_APPROVER) != 0 ? " approver" : "",
		       (next->people[i].roles & DOC_ROLE_AUDITOR) != 0 ? " auditor" : "");
	}
	for (size_t i = 0; i < old->people_count; i++) {
		if (!stands_in(next, &old->people[i])) {
			printf("%-12s %s\n", _("GOES"), old->people[i].id);
		}
	}
}

/* What it says, in words, and who has signed it.  0 or an exit code. */
static int show(struct cli *c, const char *path, const struct doc *d)
{
	static struct doc_roster next;
	struct doc_fault fault = { .field = "", .why = "" };
	char words[DOC_ID_WORDS_BYTES], lines[DOC_ID_LINES_BYTES], hex[65];
	struct policy_verdict v;
	unsigned n = 0;
	enum err e = doc_roster_read(d, &next, &fault);

	if (e != ERR_OK || !next.recovery) {
		return cli_fail(e != ERR_OK ? e : ERR_TYPE, "%s is no recovery: %s %s", path,
				fault.field, words_of(fault.why));
	}
	v = recovery_check(&c->roster, &next);
	if (v.err == ERR_OK) {
		v = roster_follows(&c->roster, &c->roster_id, &c->genesis.roster, &next);
	}
	if (v.err != ERR_OK) {
		return cli_fail(v.err, "%s: %s: %s", path, v.field, words_of(v.words));
	}
	doc_id_words(words, &d->id);
	hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
	for (size_t i = 0; i < c->roster.holder_count; i++) {
		n += doc_signed_by(d, &c->roster.holders[i].key);
	}
	if (c->json) {
		/* not words */
		printf("{\"recovery\":\"%s\",\"number\":%" PRIu64 ",\"words\":\"%s\","
		       "\"signed\":%u,\"needed\":%" PRIu64 "}\n",
		       hex, next.number, words, n, c->genesis.recovery.needed);
		return 0;
	}
	printf(_("recovery, roster number %" PRIu64 "\n"), next.number);
	cli_document_print(d);
	print_people(&c->roster, &next);
	doc_id_lines(lines, &d->id);
	printf(_("id %s, in words:\n%s\n%u holders have signed it, %" PRIu64 " must\n"), hex, lines,
	       n, c->genesis.recovery.needed);
	return 0;
}

/* The roster in force, with the people of this file, as its recovery. */
static int make(struct cli *c, const char *path, const char *people_path)
{
	static uint8_t text[DOC_BYTES_MAX], raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	json_t *body = NULL;
	json_t *people;
	char hex[65];
	char *draft;
	struct doc d;
	size_t n = 0;
	enum err e;
	int code = cli_read(people_path, text, sizeof text, &n);

	if (code != 0) {
		return code;
	}
	people = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_array(people)) {
		json_decref(people);
		return cli_fail(ERR_INPUT, "%s: the people as the roster has them, a list",
				people_path);
	}
	code = document_read(c, c->roster_file, text, &d);
	if (code == 0) {
		body = json_loadb((const char *)d.body.p, d.body.n, 0, NULL);
		CHECK(json_is_object(body));
		hex_put(hex, bytes_of(c->roster_id.b, sizeof c->roster_id.b));
		(void)json_object_set(body, "people", people);
		(void)json_object_set_new(body, "previous", json_string(hex));
		(void)json_object_set_new(body, "number",
					  json_integer((json_int_t)c->roster.number + 1));
		(void)json_object_set_new(body, "recovery", json_true());
		draft = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
		CHECK(draft != NULL);
		code = cli_draft_close(c, path, DOC_ROSTER, bytes_str(draft), NULL, &w);
		free(draft);
	}
	json_decref(body);
	json_decref(people);
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(w.p, w.n), &c->genesis_id, NULL);
	code = e == ERR_OK ? show(c, path, &d) : cli_fail(e, "%s", people_path);
	if (code != 0) {
		return code;
	}
	e = file_write_new(path, 0644, bytes_of(w.p, w.n));
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

/* A recovery, or a no to one: to every stop socket and the server. */
static int tell(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc d;
	int code = document_read(c, path, raw, &d);

	if (code == 0 && d.type == DOC_ROSTER) {
		code = show(c, path, &d);
	} else if (code == 0 && d.type != DOC_CANCEL) {
		code = cli_fail(ERR_TYPE, "%s: neither a recovery nor a no to one", path);
	}
	if (code != 0) {
		return code;
	}
	return cli_rules_tell(
	    c, &d,
	    d.type == DOC_ROSTER
		? N_("It waits; `kuramori status` shows it, and one person or one holder ends it.")
		: N_("What it names never comes into force."));
}

int cli_recover(struct cli *c, const char *const *words, size_t n)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct doc d;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	if (n == 3 && strcmp(words[0], "make") == 0) {
		return make(c, words[1], words[2]);
	}
	if (n == 2 && strcmp(words[0], "show") == 0) {
		code = document_read(c, words[1], raw, &d);
		return code == 0 ? show(c, words[1], &d) : code;
	}
	if (n == 2 && strcmp(words[0], "tell") == 0) {
		return tell(c, words[1]);
	}
	return cli_fail(ERR_USAGE,
			"it is: kuramori recover make FILE PEOPLE, kuramori recover show "
			"FILE or kuramori recover tell FILE");
}
