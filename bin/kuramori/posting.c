/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting.c - `kuramori books post`: a person's draft becomes a posting that others approve; and
 * how postings and refund plans are shown to those who decide about them.
 *
 * What is shown is decoded from the document's own bytes, and its id is computed from them.  The
 * ids of the entries follow from the draft: posting the same draft twice books nothing twice.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "books/refund.h"
#include "cli.h"
#include "crypto/sha256.h"
#include "io/clock.h"

enum { WORDS_MAX = 160 };

/* An amount for people: yen, or XEM with six digits behind the point. */
static void amount_put(char out[WORDS_MAX], uint32_t asset, u128 units)
{
	char grouped[2 * MONEY_TEXT_MAX], digits[MONEY_TEXT_MAX];
	struct money m = money_of(asset, units);
	size_t n, at = 0;

	if (asset == ASSET_XEM) {
		cli_xem(out, WORDS_MAX, &m);
		return;
	}
	money_put(digits, &m);
	n = strlen(digits);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			grouped[at++] = ',';
		}
		grouped[at++] = digits[i];
	}
	grouped[at] = '\0';
	(void)snprintf(out, WORDS_MAX, "%s yen", grouped);
}

static void print_posting(const struct doc_posting *x)
{
	char amount[WORDS_MAX], reason[CLI_WORDS_MAX];

	printf(_("proposed by  %s\n"), x->initiator);
	cli_clean(reason, sizeof reason, bytes_str(x->reason));
	printf(_("because      %s\n"), reason);
	for (size_t i = 0; i < x->entry_count; i++) {
		const struct doc_posting_entry *e = &x->entries[i];

		amount_put(amount, e->asset, e->amount);
		cli_clean(reason, sizeof reason, bytes_str(e->reason));
		printf(_("%2zu  %s\n    debit  %s %s\n    credit %s %s\n    for: %s\n"), i + 1,
		       amount, e->debit.kind, e->debit.name, e->credit.kind, e->credit.name,
		       reason);
	}
}

static int print_plan(const struct doc_plan *x)
{
	char lost[WORDS_MAX], paid[WORDS_MAX], exact[REFUND_NUMBER_MAX],
	    distance[REFUND_NUMBER_MAX];
	char when[CLOCK_TEXT_MAX], hex[65], reason[CLI_WORDS_MAX];
	struct refund_rate rate;

	if (refund_rate_read(&rate, bytes_str(x->rate)) != ERR_OK ||
	    refund_exact_put(exact, &rate, x->lost) != ERR_OK ||
	    refund_distance_put(distance, &rate, x->lost, x->paid) != ERR_OK) {
		return cli_fail(ERR_OVERFLOW, "the plan's figures cannot be computed with");
	}
	amount_put(lost, x->asset, x->lost);
	amount_put(paid, x->currency, x->paid);
	clock_text(when, x->as_of_ms);
	cli_clean(reason, sizeof reason, bytes_str(x->reason));
	printf(_("proposed by  %s\nbecause      %s\n"), x->initiator, reason);
	printf(_("refunds      %llu customers for %s\n"), (unsigned long long)x->customers, lost);
	printf(_("at           %s yen for 1 XEM, each in whole yen, half and more up\n"), x->rate);
	printf(_("pays         %s, the sum of what each gets\n"), paid);
	printf(_("             %s from %s, lost times rate\n"), distance, exact);
	printf(_("as of        %s"), when);
	if (x->sequence == 0) {
		printf(_(", by the rows alone\n"));
	} else {
		hex_put(hex, bytes_of(x->head.b, sizeof x->head.b));
		printf(_(", record %llu of the journal, head %.16s...\n"),
		       (unsigned long long)x->sequence, hex);
	}
	hex_put(hex, bytes_of(x->rows.b, sizeof x->rows.b));
	printf(_("rows         SHA-256 %s\n"), hex);
	hex_put(hex, bytes_of(x->root.b, sizeof x->root.b));
	printf(_("root         %s\n"), hex);
	return 0;
}

/* Reads and shows an envelope of one of the two types. */
static int show(const struct cli *c, struct bytes raw, struct hash32 *id, enum doc_type *type)
{
	static struct doc_posting posting;
	static struct doc_plan plan;
	struct doc_fault fault = { .why = "" };
	char hex[65];
	struct doc d;
	enum err e = doc_open(&d, raw, &c->genesis_id, &fault);

	if (e == ERR_OK) {
		e = d.type == DOC_POSTING ? doc_posting_read(&d, &posting, &fault)
		    : d.type == DOC_PLAN  ? doc_plan_read(&d, &plan, &fault)
					  : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
	}
	*id = d.id;
	*type = d.type;
	if (c->json) {
		return 0;
	}
	hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
	printf("%-12s %s\n", doc_type_name(d.type), hex);
	if (d.type == DOC_PLAN) {
		return print_plan(&plan);
	}
	print_posting(&posting);
	return 0;
}

int cli_ruling_fetch(const struct cli *c, const char *id_hex, struct hash32 *id,
		     enum doc_type *type)
{
	static char answer[262144];
	struct hash32 wanted;
	char path[128];
	unsigned status = 0;
	json_t *reply;
	char *raw;
	int code;

	*type = 0;
	if (hex_get(wanted.b, sizeof wanted.b, bytes_str(id_hex), HEX_LOWER_ONLY) != ERR_OK) {
		return cli_fail(ERR_INPUT, "%.80s is no document id of 64 hex digits", id_hex);
	}
	(void)snprintf(path, sizeof path, "/v1/documents/%s", id_hex);
	code = cli_api(c, path, bytes_of(NULL, 0), &status, answer, sizeof answer);
	if (code != 0 || status == 404) {
		return code;
	}
	if (status != 200) {
		return cli_problem(status, answer);
	}
	reply = json_loads(answer, 0, NULL);
	/* sorted and compact is the canonical spelling; doc_open() refuses anything else */
	raw = json_dumps(json_array_get(json_object_get(reply, "documents"), 0),
			 JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(reply);
	if (raw == NULL) {
		return cli_fail(ERR_INPUT, "kuramorid's answer holds no document");
	}
	code = show(c, bytes_str(raw), id, type);
	free(raw);
	if (code == 0 && !hash32_eq(id, &wanted)) {
		return cli_fail(
		    ERR_MISMATCH,
		    "kuramorid sent another document than the one asked for: do not approve");
	}
	return code;
}

/* --- drafts --- */

static int bad_draft(size_t entry, const char *what)
{
	return cli_fail(ERR_INPUT, "entry %zu of the draft: %s", entry + 1, what);
}

/* "bank:mizuho-1" */
static bool side_get(struct doc_posting_side *out, const char *text)
{
	const char *colon = text == NULL ? NULL : strchr(text, ':');

	return colon != NULL && colon > text && (size_t)(colon - text) < sizeof out->kind &&
	       strlen(colon + 1) < sizeof out->name &&
	       snprintf(out->kind, sizeof out->kind, "%.*s", (int)(colon - text), text) > 0 &&
	       snprintf(out->name, sizeof out->name, "%s", colon + 1) > 0;
}

static void entry_id(struct id128 *out, struct bytes draft, size_t entry)
{
	/* not words */
	static const char label[] = "kuramori posting entry v1\n";
	uint8_t number[4];
	struct sha256 s;
	struct hash32 h;

	le32_put(number, (uint32_t)entry);
	sha256_init(&s);
	sha256_update(&s, bytes_str(label));
	sha256_update(&s, draft);
	sha256_update(&s, bytes_of(number, sizeof number));
	sha256_final(&s, &h);
	memcpy(out->b, h.b, sizeof out->b);
	/* a UUID of version 8 (RFC 9562 5.8): one of version 7 would have to be of today */
	out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x80);
	out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
}

static int entry_get(struct doc_posting_entry *e, json_t *in, size_t n, struct bytes draft)
{
	const char *amount = NULL, *asset = NULL, *debit = NULL, *credit = NULL, *reason = NULL;
	struct money units;

	if (json_unpack(in, "{s:s,s:s,s:s,s:s,s:s!}", "amount", &amount, "asset", &asset, "credit",
			&credit, "debit", &debit, "reason", &reason) != 0) {
		return bad_draft(n, "it takes amount, asset, credit, debit and reason, all texts");
	}
	if (strcmp(asset, "jpy") != 0 && strcmp(asset, "nem:xem") != 0) {
		return bad_draft(n, "asset is jpy or nem:xem");
	}
	e->asset = asset[0] == 'j' ? ASSET_JPY : ASSET_XEM;
	if (money_parse(&units, e->asset, bytes_str(amount)) != ERR_OK) {
		return bad_draft(n, "amount is whole yen or micro-XEM in decimal");
	}
	e->amount = money_units(&units);
	if (!side_get(&e->debit, debit) || !side_get(&e->credit, credit)) {
		return bad_draft(n, "an account is KIND:NAME, as house:jpy or customer:c000001");
	}
	if (strlen(reason) >= sizeof e->reason) {
		return bad_draft(n, "the reason has more than 160 bytes");
	}
	(void)snprintf(e->reason, sizeof e->reason, "%s", reason);
	entry_id(&e->id, draft, n);
	return 0;
}

static int draft_get(struct doc_posting *out, struct bytes draft)
{
	json_error_t fault;
	json_t *all = json_loadb((const char *)draft.p, draft.n, JSON_REJECT_DUPLICATES, &fault);
	json_t *entries = NULL;
	const char *reason = NULL;
	int code = 0;

	if (all == NULL) {
		return cli_fail(ERR_INPUT, "the draft, line %d: %s", fault.line, fault.text);
	}
	if (json_unpack(all, "{s:o,s:s!}", "entries", &entries, "reason", &reason) != 0 ||
	    !json_is_array(entries) || strlen(reason) >= sizeof out->reason ||
	    json_array_size(entries) < 1 || json_array_size(entries) > DOC_ENTRIES_MAX) {
		code = cli_fail(ERR_INPUT,
				"a draft is {\"reason\":TEXT,\"entries\":[1 to %d of "
				"{\"amount\",\"asset\",\"credit\",\"debit\",\"reason\"}]}",
				DOC_ENTRIES_MAX);
	}
	for (size_t i = 0; code == 0 && i < json_array_size(entries); i++) {
		code = entry_get(&out->entries[i], json_array_get(entries, i), i, draft);
		out->entry_count = i + 1;
	}
	if (code == 0) {
		(void)snprintf(out->reason, sizeof out->reason, "%s", reason);
	}
	json_decref(all);
	return code;
}

int cli_post(struct cli *c, const char *path)
{
	static uint8_t draft[DOC_BYTES_MAX];
	static struct doc_posting posting;
	struct bytes raw;
	struct hash32 id;
	size_t n = 0;
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_read(path, draft, sizeof draft, &n);
	}
	if (code == 0) {
		posting =
		    (struct doc_posting){ .genesis = c->genesis_id, .time_ms = clock_wall_ms() };
		(void)snprintf(posting.initiator, sizeof posting.initiator, "%s", c->person);
		code = draft_get(&posting, bytes_of(draft, n));
	}
	if (code != 0) {
		return code;
	}
	if (!c->json) {
		print_posting(&posting);
		(void)fflush(stdout); /* seen before the passphrase is asked for, in a pipe too */
	}
	code = cli_sign(c, DOC_POSTING, &posting, &raw, &id);
	return code != 0 ? code : cli_propose(c, raw, &id, "posting", N_("two other people"));
}
