/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_journal.c - `kuramori policy explain --journal`: what a signer knew at a moment, out of
 * its journal, by the signer's own replay (guard/guard_reading.h).
 */
#include "policy_journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "journal.h"
#include "policy_command.h"
#include "store/file.h"

enum { HEX_ID = 65 };

static enum err each(void *context, struct bytes batch)
{
	return guard_reading_batch(context, batch);
}

/* What was wrong, where, and what to do. */
static int refused(const struct guard_reading *r, const struct store_file *f, enum err e)
{
	const char *why = words_of(r->why);
	const char *colon = r->why[0] == '\0' ? "" : ": ";

	switch (e) {
	case ERR_TYPE:
		return cli_fail(e, "%s%s%s\n  Give the journal_file of a signer, or a copy of it.",
				f->base.fault.text, colon, why);
	case ERR_GENESIS:
		return cli_fail(e, "%s%s%s\n  It is a journal of another genesis.",
				f->base.fault.text, colon, why);
	case ERR_VERSION:
		return cli_fail(e, "%s%s%s\n  Read it with the kuramori of the signer's version.",
				f->base.fault.text, colon, why);
	default:
		return cli_fail(e,
				"%s%s%s\n  Nothing of it is believed. Copy it again from the "
				"signer's machine; if that copy says the same, do not start the "
				"signer with it (docs/restore.md).",
				f->base.fault.text, colon, why);
	}
}

static int read_all(struct policy_journal *j, const char *path)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct store_file f;
	struct store_fault fault = { "" };
	enum err e = store_file_open(&f, path, STORE_FILE_READ, 0, &fault);
	int code = 0;

	if (e == ERR_TYPE) {
		return cli_fail(e, "%s\n  Give the journal_file of a signer, or a copy of it.",
				fault.text);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s", fault.text);
	}
	e = store_replay(&f.base, buffer, sizeof buffer, each, &j->reading);
	j->records = f.base.next_sequence;
	if (e != ERR_OK) {
		code = refused(&j->reading, &f, e);
	}
	store_close(&f.base);
	return code;
}

int policy_journal_read(const struct cli *c, struct policy_journal *j, uint64_t at_ms,
			const struct id128 *request, const struct hash32 *order)
{
	static uint8_t raw[3][DOC_BYTES_MAX];
	const char *const path[3] = { c->genesis_file, c->roster_file, c->policy_file };
	struct guard_config config = { .storage = { .payments_cap = GUARD_PAYMENTS_MAX,
						    .entries_cap = GUARD_PAYMENTS_MAX,
						    .control = j->control } };
	struct bytes *const into[3] = { &config.genesis, &config.roster, &config.policy };
	struct doc_fault fault = { .why = "" };
	char begins[CLI_MOMENT_MAX];
	int code = 0;
	enum err e;

	for (size_t i = 0; code == 0 && i < 3; i++) {
		size_t n = 0;

		if (path[i][0] == '\0') {
			return cli_fail(ERR_CONFIG, "with a journal genesis_file, roster_file and "
						    "policy_file are needed");
		}
		code = cli_read(path[i], raw[i], sizeof raw[i], &n);
		*into[i] = bytes_of(raw[i], n);
	}
	if (code == 0 && c->journal_secret_file[0] != '\0') {
		code = cli_journal_secret(c, &j->secret);
		config.log_secret = &j->secret;
	}
	if (code != 0) {
		return code;
	}
	config.storage.payments = calloc(GUARD_PAYMENTS_MAX, sizeof *config.storage.payments);
	config.storage.entries = calloc(GUARD_PAYMENTS_MAX, sizeof *config.storage.entries);
	j->payments = config.storage.payments;
	j->entries = config.storage.entries;
	if (j->payments == NULL || j->entries == NULL) {
		return cli_fail(ERR_FULL, "no memory");
	}
	e = guard_init(&j->guard, &config, &fault);
	if (e != ERR_OK) {
		return cli_fail(e,
				"%s: %s\n  With a journal roster_file and policy_file are the "
				"first ones, which genesis names; what came later the journal has.",
				fault.field, words_of(fault.why));
	}
	guard_reading_init(&j->reading, &j->guard, at_ms, request, order);
	code = read_all(j, c->journal);
	if (code != 0) {
		return code;
	}
	e = guard_reading_end(&j->reading);
	if (e == ERR_STATE && j->records > 0) {
		cli_moment(begins, j->reading.first_ms);
		return cli_fail(e, "%s: this journal begins later, at %s", c->journal, begins);
	}
	if (e == ERR_STATE) {
		return cli_fail(e, "%s: this journal is empty", c->journal);
	}
	return e == ERR_OK ? 0 : cli_fail(e, "at: not a time that the chain knows");
}

void policy_journal_free(struct policy_journal *j)
{
	free(j->payments);
	free(j->entries);
	log_secret_wipe(&j->secret);
}

static const char *signer_of(const struct policy_journal *j)
{
	return j->guard.config.signer == DOC_SIGNER_A ? "a" : "b";
}

static const char *kind_of(const struct guard_said *s)
{
	return s->kind == GUARD_SAID_KNOWN     ? "known"
	       : s->kind == GUARD_SAID_REFUSED ? "refused"
					       : "attested";
}

/* Bytes out of a journal: only what is safe to show. */
static void said_words(char out[CLI_WORDS_MAX], const struct guard_said *s)
{
	cli_ascii(out, CLI_WORDS_MAX, bytes_str(s->text));
}

static void print_said(const struct policy_journal *j, const struct guard_said *s)
{
	char when[CLI_MOMENT_MAX], words[CLI_WORDS_MAX];

	(void)j;
	cli_moment(when, s->time_ms);
	printf(_("  %s  record %" PRIu64 ": "), when, s->sequence);
	switch (s->kind) {
	case GUARD_SAID_KNOWN:
		printf("%s", s->this_order ? _("this order is known from here on")
					   : _("another order of this request is known"));
		break;
	case GUARD_SAID_REFUSED:
		said_words(words, s);
		printf(_("refused, %s: %s"), err_slug(s->err), words);
		break;
	case GUARD_SAID_ATTESTED:
		printf(s->this_order
			   ? _("allowed: it attested attempt %u, which %u people had approved")
			   : _("it attested attempt %u of another order of this request, which %u "
			       "people had approved"),
		       s->number, s->approvals);
		break;
	}
	printf("\n");
}

/* An amount in XEM, for people. */
static void xem(char out[64], u128 units)
{
	struct money m = money_of(ASSET_XEM, units);

	cli_xem(out, 64, &m);
}

static void print_freezes(const struct policy_journal *j)
{
	char when[CLI_MOMENT_MAX], id[HEX_ID];

	for (size_t i = 0; i < j->reading.stops; i++) {
		const struct control_entry *e = guard_reading_freeze(&j->reading, i);

		cli_moment(when, e->time_ms);
		hex_put(id, bytes_of(e->id.b, sizeof e->id.b));
		printf(_("  frozen since %s by %s: %s\n"), when, e->issuer, id);
	}
}

void policy_journal_print(const struct policy_journal *j, const struct policy_question *q)
{
	const struct guard_reading *r = &j->reading;
	char when[CLI_MOMENT_MAX], hour[64], day[64], unapproved[64], since[64];

	cli_moment(when, r->at_ms);
	printf(_("signer %s at %s: %" PRIu64 " of %" PRIu64 " records; its signature binds the "
		 "first %" PRIu64 "\n"),
	       signer_of(j), when, r->taken, j->records, r->vouched);
	printf(_("  roster %" PRIu64 ", policy %" PRIu64 "; %zu grants for this address\n"),
	       j->guard.roster.number, q->policy->number, q->grants_n);
	if (r->rules_due > 0) {
		printf(_("  %zu changes of rules had waited long enough since its last record\n"),
		       r->rules_due);
	}
	print_freezes(j);
	xem(hour, policy_history_sum(q->history, &q->now, POLICY_HOUR_MS, false));
	xem(day, policy_history_sum(q->history, &q->now, POLICY_DAY_MS, false));
	xem(unapproved, policy_history_sum(q->history, &q->now, POLICY_DAY_MS, true));
	xem(since, q->unapproved_since);
	printf(_("  left in the last hour %s, in the last day %s, of that without approvals %s; "
		 "without approvals since the last `day` %s\n"),
	       hour, day, unapproved, since);
	if (r->said_n == 0) {
		printf(_("  it has said nothing of this request yet\n"));
	}
	if (r->said_before > 0) {
		printf(_("  and %" PRIu64 " earlier answers to this request\n"), r->said_before);
	}
	for (size_t i = 0; i < r->said_n; i++) {
		print_said(j, &r->said[i]);
	}
}

static void set(json_t *o, const char *name, json_t *value)
{
	CHECK(json_object_set_new(o, name, value) == 0);
}

static json_t *units(u128 n)
{
	char text[MONEY_TEXT_MAX];
	struct money m = money_of(ASSET_XEM, n);

	money_put(text, &m);
	return json_string(text);
}

static json_t *said_json(const struct guard_said *s)
{
	char words[CLI_WORDS_MAX];
	json_t *o = json_pack("{s:s,s:I,s:I}", "said", kind_of(s), "record",
			      (json_int_t)s->sequence, "time_ms", (json_int_t)s->time_ms);

	CHECK(o != NULL);
	if (s->kind == GUARD_SAID_REFUSED) {
		said_words(words, s);
		set(o, "code", json_string(err_slug(s->err)));
		set(o, "words", json_string(words));
	} else {
		set(o, "this_order", json_boolean(s->this_order));
	}
	if (s->kind == GUARD_SAID_ATTESTED) {
		set(o, "attempt", json_integer(s->number));
		set(o, "approvals", json_integer(s->approvals));
	}
	return o;
}

json_t *policy_journal_json(const struct policy_journal *j, const struct policy_question *q)
{
	const struct guard_reading *r = &j->reading;
	json_t *freezes = json_array();
	json_t *said = json_array();
	json_t *o = json_pack(
	    "{s:s,s:I,s:I,s:I,s:I,s:b,s:I,s:I,s:I,s:I,s:I}", "signer", signer_of(j), "at_ms",
	    (json_int_t)r->at_ms, "records", (json_int_t)j->records, "taken", (json_int_t)r->taken,
	    "vouched", (json_int_t)r->vouched, "tree", j->guard.config.log_secret != NULL, "roster",
	    (json_int_t)j->guard.roster.number, "policy", (json_int_t)q->policy->number, "grants",
	    (json_int_t)q->grants_n, "rules_due", (json_int_t)r->rules_due, "said_before",
	    (json_int_t)r->said_before);

	CHECK(o != NULL && freezes != NULL && said != NULL);
	for (size_t i = 0; i < r->stops; i++) {
		const struct control_entry *e = guard_reading_freeze(r, i);
		char id[HEX_ID];

		hex_put(id, bytes_of(e->id.b, sizeof e->id.b));
		CHECK(json_array_append_new(freezes, json_pack("{s:s,s:s,s:I}", "id", id, "issuer",
							       e->issuer, "time_ms",
							       (json_int_t)e->time_ms)) == 0);
	}
	for (size_t i = 0; i < r->said_n; i++) {
		CHECK(json_array_append_new(said, said_json(&r->said[i])) == 0);
	}
	set(o, "hour", units(policy_history_sum(q->history, &q->now, POLICY_HOUR_MS, false)));
	set(o, "day", units(policy_history_sum(q->history, &q->now, POLICY_DAY_MS, false)));
	set(o, "unapproved", units(policy_history_sum(q->history, &q->now, POLICY_DAY_MS, true)));
	set(o, "unapproved_since", units(q->unapproved_since));
	set(o, "freezes", freezes);
	set(o, "said", said);
	return o;
}
