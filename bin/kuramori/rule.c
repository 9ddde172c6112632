/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - what several officers sign together: resume, roster, policy, grant (grant.c); and the
 * cancel that one person signs against it.
 *
 * The document lies in a file that goes from officer to officer.  Each sees what it says and adds a
 * signature; with the last one that is needed it goes to everybody, as a freeze does (stop.c).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "cli.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "policy/policy.h"
#include "policy/proofs.h"
#include "policy/roster.h"
#include "policy_command.h"
#include "show.h"

unsigned cli_officers_of(const struct cli *c, const struct doc *d)
{
	struct proofs proofs = { .n = 0 };
	unsigned n = 0;

	if (proofs_judge(&proofs, d, COUNTERS_NO_TIME, &c->roster).err != ERR_OK) {
		proofs.n = 0;
	}
	for (size_t i = 0; i < c->roster.people_count; i++) {
		const struct doc_person *p = &c->roster.people[i];

		n += (p->roles & DOC_ROLE_OFFICER) != 0 && proofs_by(&proofs, d, p);
	}
	return n;
}

int cli_officer(const struct cli *c)
{
	for (size_t i = 0; i < c->roster.people_count; i++) {
		if (strcmp(c->roster.people[i].id, c->person) == 0 &&
		    (c->roster.people[i].roles & DOC_ROLE_OFFICER) != 0) {
			return 0;
		}
	}
	return cli_fail(ERR_SIGNER_UNKNOWN, "%s is no officer of the roster", c->person);
}

/* ---- showing ------------------------------------------------------------------------------- */

static void print_resume(const struct doc_resume *r)
{
	char hex[2 * DOC_PASSKEY_KEY_MAX + 1], reason[CLI_WORDS_MAX];

	cli_clean(reason, sizeof reason, bytes_str(r->reason));
	printf(_("begun by     %s\nbecause      %s\n"), r->initiator, reason);
	for (size_t i = 0; i < r->lift_count; i++) {
		hex_put(hex, bytes_of(r->freezes[i].id.b, sizeof r->freezes[i].id.b));
		printf(_("lifts        %s\n"), hex);
	}
	for (size_t i = 0; i < r->struck_count; i++) {
		hex_put(hex, bytes_of(r->struck[i].key, r->struck[i].key_n));
		printf(_("strikes      %s\n"), hex);
	}
}

/* Reads what may stand in such a file and shows it.  0 or an exit code. */
static int show(const struct cli *c, const struct doc *d)
{
	static struct doc_resume resume;
	struct doc_grant grant;
	struct doc_fault fault = { .why = "" };
	char hex[65];
	enum err e = d->type == DOC_RESUME  ? doc_resume_read(d, &resume, &fault)
		     : d->type == DOC_GRANT ? doc_grant_read(d, &grant, &fault)
					    : doc_check(d, &fault);

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
	}
	if (c->json) {
		return 0;
	}
	if (d->type != DOC_RESUME && d->type != DOC_GRANT) {
		cli_document_print(d);
		return 0;
	}
	hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
	printf("%s %s\n", doc_type_name(d->type), hex);
	if (d->type == DOC_RESUME) {
		print_resume(&resume);
	} else {
		cli_grant_print(&grant);
	}
	return 0;
}

/* ---- signing and spreading ------------------------------------------------------------------ */

static const char *meaning(enum doc_type type)
{
	return type == DOC_RESUME
		   ? N_("What it names binds no more; what it does not name still does.")
	       : type == DOC_GRANT
		   ? N_("It waits, then runs until its end; `kuramori status` shows it, and "
			"`kuramori cancel` ends it.")
		   : N_("What tightens is in force; what loosens waits: `kuramori "
			"status` shows it.");
}

static int verdict(const struct cli *c, const struct cli_spread *s)
{
	if (s->asked == 0) {
		return cli_fail(ERR_CONFIG,
				"no stop socket is configured: nobody was told but the server");
	}
	if (s->refused > 0) {
		return cli_fail(ERR_STATE, "%u of %u refused it", s->refused, s->asked);
	}
	if (s->count < s->asked) {
		return cli_fail(
		    ERR_UNREACHABLE,
		    "%u of %u did not persist it; the others pass it on; look again with "
		    "`kuramori status`",
		    s->asked - s->count, s->asked);
	}
	if (c->token_file[0] != '\0' && !s->server) {
		return cli_fail(ERR_UNREACHABLE,
				"the server does not have it: hand it in again when it is back");
	}
	return 0;
}

int cli_go_on(struct cli *c, const char *path, const struct doc *signed_doc)
{
	const struct doc *d = signed_doc;
	struct cli_spread s;
	unsigned n;
	enum err e = file_write(path, 0644, d->raw);

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", path, words_of(err_words(e)));
	}
	n = cli_officers_of(c, d);
	if (n >= c->roster.governance) {
		cli_spread(c, doc_type_name(d->type), d->raw, &d->id, meaning(d->type), &s);
		return verdict(c, &s);
	}
	if (c->json) {
		char hex[65];

		hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
		printf("{\"%s\":\"%s\",\"signed\":%u,\"needed\":%llu}\n", doc_type_name(d->type),
		       hex, n, (unsigned long long)c->roster.governance);
	} else {
		printf(_("%u of %llu officers have signed it: give %s to the next one\n"), n,
		       (unsigned long long)c->roster.governance, path);
	}
	return 0;
}

int cli_sign_together(struct cli *c, const char *path, const struct doc *d)
{
	static uint8_t space[DOC_BYTES_MAX];
	struct writer w = writer_make(space, sizeof space);
	uint8_t secret[DOC_SECRET_BYTES];
	struct doc_seal seal;
	struct doc signed_doc;
	enum err e;
	int code = show(c, d);

	if (code == 0) {
		code = cli_officer(c);
	}
	if (code == 0 && c->prove_file[0] != '\0') {
		code = cli_ask_key(c, d);
	}
	if (code == 0) {
		code = cli_secret(c, secret);
	}
	if (code != 0) {
		return code;
	}
	doc_sign(&seal, &d->id, secret);
	crypto_wipe(secret, sizeof secret);
	e = doc_add_seal(&w, d, &seal);
	if (e == ERR_OK) {
		e = doc_open(&signed_doc, bytes_of(w.p, w.n), &c->genesis_id, NULL);
	}
	return e == ERR_OK ? cli_go_on(c, path, &signed_doc)
			   : cli_fail(e, "%s: %s", path, words_of(err_words(e)));
}

/* ---- resume -------------------------------------------------------------------------------- */

static int id_cmp(const void *a, const void *b)
{
	return hash32_cmp(&((const struct doc_lift *)a)->id, &((const struct doc_lift *)b)->id);
}

static void freeze_add(const struct cli *c, struct doc_resume *r, struct bytes item)
{
	static struct doc_freeze f;
	char reason[CLI_WORDS_MAX], hex[65];
	struct doc d;

	if (doc_open(&d, item, &c->genesis_id, NULL) != ERR_OK || d.type != DOC_FREEZE ||
	    doc_freeze_read(&d, &f, NULL) != ERR_OK || r->lift_count == DOC_LIFTS_MAX) {
		return;
	}
	for (size_t i = 0; i < r->lift_count; i++) {
		if (hash32_eq(&r->freezes[i].id, &d.id)) {
			return;
		}
	}
	r->freezes[r->lift_count++].id = d.id;
	if (!c->json) {
		cli_clean(reason, sizeof reason, bytes_str(f.reason));
		hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
		printf(_("freeze %.16s... by %s%s: %s\n"), hex, f.issuer,
		       f.evacuate ? _(", with evacuation") : "", reason);
	}
}

/* Hexadecimal keys behind commas.  0 or an exit code. */
static int struck_get(const struct cli *c, struct doc_resume *r)
{
	const char *at = c->strike;

	while (*at != '\0') {
		size_t n = strcspn(at, ",");
		struct doc_struck *s = &r->struck[r->struck_count];

		if (r->struck_count == DOC_STRUCK_MAX) {
			return cli_fail(ERR_TOO_LARGE, "strike: at most %d keys at once",
					DOC_STRUCK_MAX);
		}
		s->key_n = n / 2;
		if ((n != 64 && n != 128) ||
		    hex_get(s->key, s->key_n, bytes_of(at, n), HEX_ANY_CASE) != ERR_OK) {
			return cli_fail(ERR_INPUT,
					"strike: public keys of 64 or 128 hexadecimal digits, "
					"separated by commas");
		}
		r->struck_count++;
		at += n + (at[n] == ',');
	}
	return 0;
}

static int struck_cmp(const void *a, const void *b)
{
	const struct doc_struck *x = a;
	const struct doc_struck *y = b;

	return bytes_cmp(bytes_of(x->key, x->key_n), bytes_of(y->key, y->key_n));
}

/* A resume of everything that binds anywhere.  0 or an exit code. */
static int resume_make(struct cli *c, struct writer *w)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	static struct doc_resume r;
	struct doc_fault fault = { .why = "" };
	unsigned answered = 0;
	struct hash32 id;
	enum err e;
	int code;

	if (c->reason[0] == '\0') {
		return cli_fail(ERR_USAGE, "say why: kuramori resume FILE --reason TEXT");
	}
	r = (struct doc_resume){ .genesis = c->genesis_id,
				 .scope = DOC_SCOPE_ALL,
				 .time_ms = clock_wall_ms() };
	(void)snprintf(r.initiator, sizeof r.initiator, "%s", c->person);
	(void)snprintf(r.reason, sizeof r.reason, "%s", c->reason);
	random_fill(r.nonce, sizeof r.nonce);
	code = struck_get(c, &r);
	if (code != 0) {
		return code;
	}
	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		struct frame_items items;
		struct bytes item;
		struct frame f;

		if (c->stop_socket[i][0] == '\0' ||
		    cli_ask_stop(c->timeout_ms, c->stop_socket[i], SIGNER_STOP_GET,
				 bytes_of(NULL, 0), reply, sizeof reply, &f) != ERR_OK) {
			continue;
		}
		answered++;
		items = frame_items_make(f.body);
		while (frame_items_next(&items, &item)) {
			freeze_add(c, &r, item);
		}
	}
	if (answered == 0) {
		return cli_fail(ERR_UNREACHABLE, "nobody says what binds: no stop socket answered");
	}
	qsort(r.freezes, r.lift_count, sizeof r.freezes[0], id_cmp);
	qsort(r.struck, r.struck_count, sizeof r.struck[0], struck_cmp);
	e = doc_make(w, &id, DOC_RESUME, &r, NULL, &fault);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
}

int cli_resume(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_fault fault = { .why = "" };
	struct doc d;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	e = file_read(path, raw, sizeof raw, &n);
	if (e == ERR_NOT_FOUND) {
		code = resume_make(c, &w);
		n = w.n;
	} else if (e != ERR_OK) {
		code = cli_fail(e, "%s", path);
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e != ERR_OK || d.type != DOC_RESUME) {
		return cli_fail(e != ERR_OK ? e : ERR_TYPE, "%s is no resume of this genesis: %s",
				path, words_of(fault.why));
	}
	return cli_sign_together(c, path, &d);
}

/* ---- roster and policy ---------------------------------------------------------------------- */

/* The holding of holding_file; none yet, or no file yet: number 0. */
static int holding_standing(struct cli *c, struct cli_standing *out)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_holding h;
	struct doc_fault fault = { .field = "", .why = "" };
	struct doc d;
	size_t n = 0;
	enum err e = c->holding_file[0] == '\0' ? ERR_NOT_FOUND
						: file_read(c->holding_file, raw, sizeof raw, &n);

	if (e == ERR_NOT_FOUND) {
		return 0;
	}
	if (e == ERR_OK) {
		e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	}
	if (e == ERR_OK) {
		e = d.type == DOC_HOLDING ? doc_holding_read(&d, &h, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", c->holding_file, fault.field, words_of(fault.why));
	}
	out->number = h.number;
	out->id = d.id;
	return 0;
}

int cli_standing(struct cli *c, enum doc_type type, struct cli_standing *out)
{
	static struct doc_policy policy;
	struct doc d;
	int code = 0;

	*out = (struct cli_standing){ .number = 0 };
	if (type == DOC_HOLDING) {
		return holding_standing(c, out);
	}
	if (type == DOC_POLICY) {
		code = cli_policy_in_force(c, &d, &policy);
		if (code == 0) {
			out->number = policy.number;
			out->id = d.id;
		}
		return code;
	}
	out->number = c->roster.number;
	out->id = c->roster_id;
	return 0;
}

int cli_draft_close(struct cli *c, const char *path, enum doc_type type, struct bytes text,
		    const struct cli_standing *old, struct writer *w)
{
	json_error_t fault;
	json_t *all = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &fault);
	char genesis[65];
	char *body;
	enum err e;

	if (!json_is_object(all)) {
		json_decref(all);
		return cli_fail(ERR_INPUT, "%s: neither a document nor the body of one: %s", path,
				all == NULL ? fault.text : _("not an object"));
	}
	hex_put(genesis, bytes_of(c->genesis_id.b, sizeof c->genesis_id.b));
	if (json_object_get(all, "genesis") == NULL) {
		(void)json_object_set_new(all, "genesis", json_string(genesis));
	}
	if (old != NULL && json_object_get(all, "number") == NULL &&
	    json_object_get(all, "previous") == NULL) {
		char previous[65];

		hex_put(previous, bytes_of(old->id.b, sizeof old->id.b));
		(void)json_object_set_new(all, "previous", json_string(previous));
		(void)json_object_set_new(all, "number", json_integer((json_int_t)old->number + 1));
	}
	body = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	CHECK(body != NULL);
	e = doc_close(w, type, bytes_str(body), NULL, 0);
	free(body);
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

/* The largest number of a roster or policy that a stop socket says is in force; 0: none says one.
 */
static uint64_t told_in_force(const struct cli *c, enum doc_type type)
{
	static uint8_t reply[FRAME_BYTES_MAX];
	static struct doc_status s;
	const char *before = type == DOC_ROSTER ? "roster " : "policy ";
	uint64_t most = 0;

	for (size_t i = 0; i < CLI_STOPS_MAX; i++) {
		struct frame_items items;
		struct bytes item;
		struct frame f;
		struct doc d;

		if (c->stop_socket[i][0] == '\0' ||
		    cli_ask_stop(c->timeout_ms, c->stop_socket[i], SIGNER_STATUS, bytes_of(NULL, 0),
				 reply, sizeof reply, &f) != ERR_OK) {
			continue;
		}
		items = frame_items_make(f.body);
		if (!frame_items_next(&items, &item) ||
		    doc_open(&d, item, &c->genesis_id, NULL) != ERR_OK || d.type != DOC_STATUS ||
		    doc_status_read(&d, &s, NULL) != ERR_OK) {
			continue;
		}
		for (size_t k = 0; k < s.detail_count; k++) {
			const char *at = strcmp(s.detail[k].name, "rules") == 0
					     ? strstr(s.detail[k].value, before)
					     : NULL;
			uint64_t n = at == NULL ? 0 : strtoull(at + strlen(before), NULL, 10);

			most = n > most ? n : most;
		}
	}
	return most;
}

/* It does not follow: says what would. */
static int follows_not(const struct cli *c, const char *path, enum doc_type type,
		       const struct cli_standing *old, const struct policy_verdict *v)
{
	const char *kind = doc_type_name(type);
	char hex[65];
	uint64_t other = type == DOC_HOLDING ? 0 : told_in_force(c, type);

	if (type == DOC_HOLDING && old->number == 0) {
		return cli_fail(v->err,
				"%s: %s: %s. Nothing is signed: holding_file must be the holding "
				"before it, and it is not set, or not there",
				path, v->field, words_of(v->words));
	}
	if (other > old->number) {
		return cli_fail(v->err,
				"%s: %s: %s. Number %llu is in force, and %s_file is number "
				"%llu: set %s_file to the one that is in force, then propose "
				"again",
				path, v->field, words_of(v->words), (unsigned long long)other, kind,
				(unsigned long long)old->number, kind);
	}
	hex_put(hex, bytes_of(old->id.b, sizeof old->id.b));
	return cli_fail(
	    v->err,
	    "%s: %s: %s. Your %s_file is %s number %llu, id %s: its successor is number "
	    "%llu and names that id as previous; leave both out of the draft, and they are "
	    "filled in. If another one is in force (kuramori status), set %s_file to it",
	    path, v->field, words_of(v->words), kind, kind, (unsigned long long)old->number, hex,
	    (unsigned long long)old->number + 1, kind);
}

int cli_follows(const struct cli *c, const char *path, const struct doc *d,
		const struct cli_standing *old)
{
	static struct doc_roster roster;
	static struct doc_policy policy;
	static struct doc_holding holding;
	struct doc_fault fault = { .field = "", .why = "" };
	const struct policy_place before = { old->number, &old->id };
	const struct hash32 *previous = d->type == DOC_ROSTER   ? &roster.previous
					: d->type == DOC_POLICY ? &policy.previous
								: &holding.previous;
	struct policy_verdict v = { .err = ERR_OK };
	struct policy_place after = { .id = previous };
	enum err e = d->type == DOC_ROSTER   ? doc_roster_read(d, &roster, &fault)
		     : d->type == DOC_POLICY ? doc_policy_read(d, &policy, &fault)
					     : doc_holding_read(d, &holding, &fault);

	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
	}
	if (d->type == DOC_ROSTER && roster.recovery) {
		return cli_fail(ERR_POLICY,
				"%s: cold holders sign a recovery, not officers: "
				"kuramori recover",
				path);
	}
	if (d->type == DOC_ROSTER) {
		v = roster_check(&roster, &fault);
	} else if (d->type == DOC_POLICY) {
		v = policy_check(&policy);
	}
	if (v.err == ERR_OK && hash32_eq(&d->id, &old->id)) {
		return 0; /* itself: handed in, or signed, once more */
	}
	if (v.err == ERR_OK && d->type == DOC_ROSTER) {
		v = roster_follows(&c->roster, &c->roster_id, &c->genesis.roster, &roster);
	} else if (v.err == ERR_OK) {
		after.number = d->type == DOC_POLICY ? policy.number : holding.number;
		v = policy_place_follows(&before, d->type == DOC_POLICY ? &c->genesis.policy : NULL,
					 &after);
	}
	return v.err == ERR_OK ? 0
	       : v.err == ERR_MISMATCH
		   ? follows_not(c, path, d->type, old, &v)
		   : cli_fail(v.err, "%s: %s: %s", path, v.field, words_of(v.words));
}

int cli_rules_propose(struct cli *c, enum doc_type type, const char *path)
{
	static uint8_t text[DOC_BYTES_MAX], raw[DOC_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_fault fault = { .why = "" };
	struct doc d;
	struct cli_standing old;
	size_t n = 0;
	enum err e;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_standing(c, type, &old);
	}
	if (code != 0) {
		return code;
	}
	e = file_read(path, text, sizeof text, &n);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", path);
	}
	e = doc_open(&d, bytes_of(text, n), &c->genesis_id, &fault);
	if (e != ERR_OK && (n == 0 || memmem(text, n, "\"signatures\"", 12) == NULL)) {
		code = cli_draft_close(c, path, type, bytes_of(text, n), &old, &w);
		if (code != 0) {
			return code;
		}
		e = doc_open(&d, bytes_of(w.p, w.n), &c->genesis_id, &fault);
	}
	if (e != ERR_OK || d.type != type) {
		return cli_fail(e != ERR_OK ? e : ERR_TYPE, "%s is no %s of this genesis: %s %s",
				path, doc_type_name(type), fault.field, words_of(fault.why));
	}
	code = cli_follows(c, path, &d, &old);
	return code == 0 ? cli_sign_together(c, path, &d) : code;
}

/* ---- cancel -------------------------------------------------------------------------------- */

int cli_rules_tell(struct cli *c, const struct doc *d, const char *meaning)
{
	struct cli_spread s;

	cli_spread(c, doc_type_name(d->type), d->raw, &d->id, meaning, &s);
	return verdict(c, &s);
}

int cli_no(struct cli *c, const struct hash32 *names, const char *meaning)
{
	static struct doc_cancel x;
	struct cli_spread s;
	struct hash32 id;
	struct bytes raw;
	int code;

	x = (struct doc_cancel){ .document = *names,
				 .genesis = c->genesis_id,
				 .time_ms = clock_wall_ms() };
	(void)snprintf(x.person, sizeof x.person, "%s", c->person);
	(void)snprintf(x.reason, sizeof x.reason, "%s", c->reason);
	code = cli_sign(c, DOC_CANCEL, &x, &raw, &id);
	if (code != 0) {
		return code;
	}
	cli_spread(c, "cancel", raw, &id, meaning, &s);
	return verdict(c, &s);
}

int cli_cancel(struct cli *c, const char *id_hex)
{
	struct hash32 names;
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	if (c->reason[0] == '\0') {
		return cli_fail(ERR_USAGE, "say why: kuramori cancel ID --reason TEXT");
	}
	if (hex_get(names.b, sizeof names.b, bytes_str(id_hex), HEX_ANY_CASE) != ERR_OK) {
		return cli_fail(ERR_INPUT, "%.80s: the id of a document has 64 digits", id_hex);
	}
	return cli_no(
	    c, &names,
	    N_("A roster or policy that waited never comes into force; an order of this id, "
	       "or for the request of this id, is never signed."));
}
