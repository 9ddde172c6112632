/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day.c - `kuramori day`: holds what a watcher saw leave against the back end's own list, says
 * every difference in words, and signs that there is none (docs/policy.md, policy/day.h).
 *
 * Neither list comes from the server: the first is read from a watcher's journal, or a copy of it,
 * whose hash chain is verified on the way; the second is the back end's file.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli.h"
#include "crypto/sha256.h"
#include "io/clock.h"
#include "io/file.h"
#include "journal.h"

enum {
	LIST_BYTES_MAX = 64 * 1024 * 1024,
	LINE_MAX_BYTES = 128,
};

/* One request. */
struct row {
	struct id128 id;
	u128 left;   /* what signers attested for it: the amount of its order */
	u128 listed; /* what the back end says */
	bool is_left, is_listed;
	bool is_new; /* attested behind the newest day */
};

struct rows {
	struct row *row;
	size_t n, cap;
};

/* What the watcher's journal says of one signer. */
struct of_signer {
	uint64_t sequence; /* newest attestation */
	uint64_t compared; /* of the newest day that it let count */
	u128 unapproved;   /* amounts and fees without approvals, all of them */
};

/* The documents in front of an attestation. */
struct bundle {
	bool has_order, has_attempt, approved, has_day;
	struct doc_order order;
	struct doc_attempt attempt;
	struct doc_day day;
};

struct day {
	const struct cli *c;
	struct log_chain chain;
	const struct log_secret *secret; /* NULL: the salted tree is not recomputed */
	struct of_signer signer[DOC_SIGNERS];
	bool of_watcher; /* a record that only watchers write was found */
	struct rows left, listed;
	struct hash32 list;
	const char *why;
	size_t differences;
	json_t *told; /* with --json */
};

static struct row *row_new(struct rows *r, const struct id128 *id)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 1024 : 2 * r->cap;
		struct row *more = realloc(r->row, cap * sizeof *more);

		if (more == NULL) {
			return NULL;
		}
		r->row = more;
		r->cap = cap;
	}
	r->row[r->n] = (struct row){ .id = *id };
	return &r->row[r->n++];
}

static int by_id(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return bytes_cmp(bytes_of(x->id.b, sizeof x->id.b), bytes_of(y->id.b, sizeof y->id.b));
}

/* ---- the watcher's list -------------------------------------------------------------------- */

static enum err read_document(const struct day *t, struct bundle *b, struct bytes raw)
{
	struct doc_approval approval;
	struct doc d;
	enum err e = doc_open(&d, raw, &t->c->genesis_id, NULL);

	if (e != ERR_OK) {
		return e;
	}
	switch ((unsigned)d.type) {
	case DOC_ORDER:
		b->has_order = true;
		return doc_order_read(&d, &b->order, NULL);
	case DOC_ATTEMPT:
		/* the first is the one that was attested; others are those before it */
		if (b->has_attempt) {
			return ERR_OK;
		}
		b->has_attempt = true;
		return doc_attempt_read(&d, &b->attempt, NULL);
	case DOC_APPROVAL:
		e = doc_approval_read(&d, &approval, NULL);
		b->approved = b->approved || (e == ERR_OK && approval.decision == DOC_DECISION_YES);
		return e;
	case DOC_DAY:
		b->has_day = true;
		return doc_day_read(&d, &b->day, NULL);
	}
	return ERR_OK;
}

static enum err read_attestation(struct day *t, const struct bundle *b, unsigned signer,
				 uint64_t sequence)
{
	struct of_signer *s = &t->signer[signer];
	struct row *row;
	uint64_t compared;

	if (sequence > s->sequence) {
		s->sequence = sequence;
	}
	if (!b->has_order || !b->has_attempt) {
		return ERR_OK; /* a sweep: into our own spare box */
	}
	if (b->has_day) {
		compared = signer == DOC_SIGNER_A ? b->day.a_sequence : b->day.b_sequence;
		s->compared = compared > s->compared ? compared : s->compared;
	}
	if (!b->approved) {
		s->unapproved +=
		    money_units(&b->order.amount) + money_units(&b->attempt.fee_inner) +
		    money_units(&b->attempt.fee_outer) + money_units(&b->attempt.fee_cosign);
	}
	row = row_new(&t->left, &b->order.request_id);
	if (row == NULL) {
		return ERR_FULL;
	}
	row->is_left = true;
	row->left = money_units(&b->order.amount);
	/* which signer, and its number, until all days are read */
	row->is_listed = signer == DOC_SIGNER_B;
	row->listed = sequence;
	return ERR_OK;
}

static enum err each(void *context, struct bytes batch)
{
	struct day *t = context;
	struct bundle b = { .has_order = false };
	struct log_view view;
	enum err e = t->secret != NULL ? log_batch_open(&view, &t->chain, batch, t->secret)
				       : cli_journal_next(&t->chain, &view, batch);

	if (e != ERR_OK) {
		t->why =
		    N_("a batch does not follow the one before it, or is not what its hash says");
		return e;
	}
	for (uint32_t i = 0; e == ERR_OK && i < view.head.count; i++) {
		struct log_record r;
		struct bytes blob = { NULL, 0 };

		e = log_view_record(&r, &view, i);
		t->of_watcher = t->of_watcher || (e == ERR_OK && r.kind == LOG_WATCH_START);
		if (e != ERR_OK || (r.kind != LOG_DOCUMENT && r.kind != LOG_WATCH_ATTEST)) {
			continue;
		}
		e = log_view_blob(&blob, &view, &r.link);
		if (e == ERR_OK && r.kind == LOG_DOCUMENT) {
			e = read_document(t, &b, blob);
		} else if (e == ERR_OK && r.debit.b[0] < DOC_SIGNERS) {
			e = read_attestation(t, &b, r.debit.b[0], (uint64_t)r.amount);
			b = (struct bundle){ .has_order = false };
		}
	}
	if (e != ERR_OK) {
		t->why = N_("not the journal of a watcher of this genesis");
	}
	return e;
}

/* One row a request, and which of them no day has compared yet. */
static void settle_left(struct day *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->left.n; i++) {
		struct row *row = &t->left.row[i];

		row->is_new = (uint64_t)row->listed > t->signer[row->is_listed ? 1 : 0].compared;
		row->is_listed = false;
		row->listed = 0;
	}
	if (t->left.n > 0) {
		qsort(t->left.row, t->left.n, sizeof t->left.row[0], by_id);
	}
	for (size_t i = 0; i < t->left.n; i++) {
		if (n > 0 && id128_eq(&t->left.row[n - 1].id, &t->left.row[i].id)) {
			t->left.row[n - 1].is_new |= t->left.row[i].is_new;
		} else {
			t->left.row[n++] = t->left.row[i];
		}
	}
	t->left.n = n;
}

static int read_journal(struct day *t, const char *path)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct cli_journal journal;
	enum err e;
	int code = cli_journal_open(&journal, path);

	if (code != 0) {
		return code;
	}
	log_chain_init(&t->chain);
	e = store_replay(journal.store, buffer, sizeof buffer, each, t);
	store_close(journal.store);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s %s", path, words_of(t->why), journal.store->fault.text);
	}
	if (!t->of_watcher) {
		return cli_fail(ERR_INPUT, "%s: the journal of a watcher is wanted", path);
	}
	settle_left(t);
	return 0;
}

/* ---- the back end's list ------------------------------------------------------------------- */

static int bad_line(const char *path, size_t line, const char *what)
{
	return cli_fail(ERR_INPUT, "%s, line %zu: %s; a line is REQUEST_ID,AMOUNT in micro-XEM",
			path, line, words_of(what));
}

static int read_line(struct day *t, const char *path, size_t line, struct bytes text)
{
	const uint8_t *comma;
	struct money amount;
	struct id128 id;
	struct row *row;
	size_t n;

	if (text.n > 0 && text.p[text.n - 1] == '\r') {
		text.n--;
	}
	if (text.n == 0 || text.p[0] == '#') {
		return 0;
	}
	comma = memchr(text.p, ',', text.n);
	if (comma == NULL || text.n > LINE_MAX_BYTES) {
		return bad_line(path, line, N_("no comma in it, or too long"));
	}
	n = (size_t)(comma - text.p);
	if (uuid7_get(&id, bytes_of(text.p, n)) != ERR_OK) {
		return bad_line(path, line, N_("the request's id is no UUIDv7"));
	}
	if (money_parse(&amount, ASSET_XEM, bytes_of(comma + 1, text.n - n - 1)) != ERR_OK) {
		return bad_line(path, line, N_("the amount is no number"));
	}
	row = row_new(&t->listed, &id);
	if (row == NULL) {
		return cli_fail(ERR_FULL, "no memory");
	}
	row->is_listed = true;
	row->listed = money_units(&amount);
	return 0;
}

static int read_list(struct day *t, const char *path)
{
	uint8_t *text = malloc(LIST_BYTES_MAX);
	size_t n = 0, at = 0, line = 0;
	int code = text == NULL ? cli_fail(ERR_FULL, "no memory")
				: cli_read(path, text, LIST_BYTES_MAX, &n);

	if (code == 0) {
		sha256(&t->list, bytes_of(text, n));
	}
	while (code == 0 && at < n) {
		const uint8_t *lf = memchr(text + at, '\n', n - at);
		size_t length = lf == NULL ? n - at : (size_t)(lf - text) - at;

		code = read_line(t, path, ++line, bytes_of(text + at, length));
		at += length + 1;
	}
	free(text);
	if (code == 0 && t->listed.n > 0) {
		qsort(t->listed.row, t->listed.n, sizeof t->listed.row[0], by_id);
	}
	for (size_t i = 1; code == 0 && i < t->listed.n; i++) {
		if (id128_eq(&t->listed.row[i - 1].id, &t->listed.row[i].id)) {
			char id[UUID7_TEXT_MAX];

			uuid7_put(id, &t->listed.row[i].id);
			code = cli_fail(ERR_INPUT, "%s: request %s stands there twice", path, id);
		}
	}
	return code;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void differ(struct day *t, const struct row *row, const char *words)
{
	char id[UUID7_TEXT_MAX], left[64], listed[64];
	struct money amount = money_of(ASSET_XEM, row->left);

	t->differences++;
	uuid7_put(id, &row->id);
	cli_xem(left, sizeof left, &amount);
	amount = money_of(ASSET_XEM, row->listed);
	cli_xem(listed, sizeof listed, &amount);
	if (t->c->json) {
		(void)json_array_append_new(
		    t->told, json_pack("{s:s,s:s,s:s,s:s}", "request_id", id, "left",
				       row->is_left ? left : "", "listed",
				       row->is_listed ? listed : "", "words", words));
		return;
	}
	printf(_("  %s  %s: left %s, listed %s\n"), id, words_of(words),
	       row->is_left ? left : _("nothing"), row->is_listed ? listed : _("nothing"));
}

static void only_left(struct day *t, const struct row *row)
{
	if (row->is_new) {
		differ(t, row, N_("left, and the back end does not know it"));
	}
}

static void only_listed(struct day *t, const struct row *row)
{
	differ(t, row, N_("listed, and no signer attested it"));
}

static void both(struct day *t, struct row *left, const struct row *listed)
{
	left->is_listed = true;
	left->listed = listed->listed;
	if (left->left != left->listed) {
		differ(t, left, N_("another amount"));
	}
}

/* Both tables stand in the order of their identifiers. */
static void compare(struct day *t)
{
	size_t i = 0, k = 0;

	while (i < t->left.n && k < t->listed.n) {
		int order = by_id(&t->left.row[i], &t->listed.row[k]);

		if (order < 0) {
			only_left(t, &t->left.row[i++]);
		} else if (order > 0) {
			only_listed(t, &t->listed.row[k++]);
		} else {
			both(t, &t->left.row[i++], &t->listed.row[k++]);
		}
	}
	while (i < t->left.n) {
		only_left(t, &t->left.row[i++]);
	}
	while (k < t->listed.n) {
		only_listed(t, &t->listed.row[k++]);
	}
}

static size_t count_new(const struct day *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->left.n; i++) {
		n += t->left.row[i].is_new;
	}
	return n;
}

static void summary(const struct day *t)
{
	char hex[65], sums[DOC_SIGNERS][MONEY_TEXT_MAX];

	hex_put(hex, bytes_of(t->list.b, sizeof t->list.b));
	for (size_t s = 0; s < DOC_SIGNERS; s++) {
		struct money sum = money_of(ASSET_XEM, t->signer[s].unapproved);

		money_put(sums[s], &sum);
	}
	if (t->c->json) {
		json_t *all =
		    json_pack("{s:b,s:O,s:I,s:I,s:s,s:I,s:s,s:I,s:s}", "same", t->differences == 0,
			      "differences", t->told, "payments", (json_int_t)count_new(t),
			      "a_sequence", (json_int_t)t->signer[DOC_SIGNER_A].sequence,
			      "a_unapproved", sums[DOC_SIGNER_A], "b_sequence",
			      (json_int_t)t->signer[DOC_SIGNER_B].sequence, "b_unapproved",
			      sums[DOC_SIGNER_B], "listed", (json_int_t)t->listed.n, "list", hex);

		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
		return;
	}
	printf(_("%zu payments left since the last day, %zu are listed, %zu differences\n"),
	       count_new(t), t->listed.n, t->differences);
	for (size_t s = 0; s < DOC_SIGNERS; s++) {
		printf(_("  signer %c: up to %" PRIu64 ", in all %s micro-XEM without approvals\n"),
		       "ab"[s], t -> signer[s].sequence, sums[s]);
	}
	printf(_("  the list: SHA-256 %s\n"), hex);
}

/* Reads both and compares; *t is to be freed.  0 or an exit code. */
static int look(struct day *t, const char *journal, const char *list)
{
	struct log_secret secret;
	bool salted = t->c->journal_secret_file[0] != '\0';
	int code = salted ? cli_journal_secret(t->c, &secret) : 0;

	t->told = json_array();
	if (code == 0) {
		t->secret = salted ? &secret : NULL;
		code = read_journal(t, journal);
		t->secret = NULL;
	}
	if (salted) {
		log_secret_wipe(&secret);
	}
	if (code == 0) {
		code = read_list(t, list);
	}
	if (code == 0) {
		compare(t);
	}
	return code;
}

static void done(struct day *t)
{
	json_decref(t->told);
	free(t->left.row);
	free(t->listed.row);
}

static int refuse(const struct day *t)
{
	return cli_fail(ERR_MISMATCH,
			"%zu differences: find out where each comes from before anybody signs a "
			"day; if nobody can say, kuramori freeze",
			t->differences);
}

static int day_compare(struct cli *c, const char *journal, const char *list)
{
	struct day t = { .c = c };
	int code = cli_documents(c, false);

	if (code != 0) {
		return code;
	}
	code = look(&t, journal, list);
	if (code == 0) {
		summary(&t);
		code = t.differences > 0 ? refuse(&t) : 0;
	}
	done(&t);
	return code;
}

static int sign(struct cli *c, const struct day *t, const char *path)
{
	struct doc_day day = {
		.a_sequence = t->signer[DOC_SIGNER_A].sequence,
		.a_unapproved = money_of(ASSET_XEM, t->signer[DOC_SIGNER_A].unapproved),
		.b_sequence = t->signer[DOC_SIGNER_B].sequence,
		.b_unapproved = money_of(ASSET_XEM, t->signer[DOC_SIGNER_B].unapproved),
		.genesis = c->genesis_id,
		.list = t->list,
		.time_ms = clock_wall_ms(),
	};
	struct hash32 id;
	struct bytes raw;
	enum err e;
	int code;

	(void)snprintf(day.person, sizeof day.person, "%s", c->person);
	code = cli_sign(c, DOC_DAY, &day, &raw, &id);
	if (code != 0) {
		return code;
	}
	e = file_write_new(path, 0644, raw);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: a new file is written, none is overwritten", path);
	}
	if (!c->json) {
		printf(_("signed into %s; hand it in: kuramori day put %s\n"), path, path);
	}
	return 0;
}

static int day_sign(struct cli *c, const char *journal, const char *list, const char *path)
{
	struct day t = { .c = c };
	int code = cli_documents(c, true);

	if (code != 0) {
		return code;
	}
	code = look(&t, journal, list);
	if (code == 0) {
		summary(&t);
		code = t.differences > 0 ? refuse(&t) : sign(c, &t, path);
	}
	done(&t);
	return code;
}

static int day_put(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static char answer[65536];
	struct doc_fault fault = { .why = "" };
	struct doc_day day;
	struct doc d;
	size_t n = 0;
	int code = cli_documents(c, false);
	enum err e;

	if (code == 0) {
		code = cli_read(path, raw, sizeof raw, &n);
	}
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_day_read(&d, &day, &fault);
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: no day of this genesis: %s %s", path, fault.field,
				words_of(fault.why));
	}
	code = cli_hand_in(c, d.raw, answer, sizeof answer);
	if (code == 0 && c->json) {
		printf("%s\n", answer);
	} else if (code == 0) {
		printf(_("the server has it; signers look at it beside the next payment without "
			 "approvals\n"));
	}
	return code;
}

int cli_day(struct cli *c, const char *const *words, size_t n)
{
	if (n == 3 && strcmp(words[0], "compare") == 0) {
		return day_compare(c, words[1], words[2]);
	}
	if (n == 4 && strcmp(words[0], "sign") == 0) {
		return day_sign(c, words[1], words[2], words[3]);
	}
	if (n == 2 && strcmp(words[0], "put") == 0) {
		return day_put(c, words[1]);
	}
	return cli_fail(ERR_USAGE, "kuramori day compare JOURNAL LIST | day sign JOURNAL LIST FILE "
				   "| day put FILE");
}
