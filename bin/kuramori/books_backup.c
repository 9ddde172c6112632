/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_backup.c - `kuramori books backup` copies the journal of a running kuramorid, which hands
 * out its own batches (GET /v1/journal): nobody else may open the database.  A backup that exists
 * is gone on with.  `kuramori books restore` makes a journal of a backup.  Both believe nothing:
 * every batch is verified and booked (books/verify.h) before it is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "books_command.h"
#include "io/clock.h"
#include "io/http_client.h"

enum {
	ANSWER_MAX = HTTP_CLIENT_REPLY_MAX,
	GROUP_BYTES = 8 << 20, /* batches that are made durable together */
};

static const char no_secret[] = N_("The journal's secret is not in it, and nothing can be started "
				   "from it without: keep a copy of\n"
				   "journal_secret_file in another place than the backup.\n");

/* ---- backup ---- */

struct backing {
	const struct cli *c;
	struct books_reading *r;
	struct store_backup file;
	char path[CLI_PATH_MAX + 8]; /* where it is written: with ".new" until it is whole once */
	uint64_t before;             /* records that it had */
	uint8_t *answer;
};

/* The batches of one answer: verified, then kept.  0 or an exit code. */
static int keep(struct backing *b, struct bytes all)
{
	struct bytes group[STORE_GROUP_MAX];
	size_t n = 0, at = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && at < all.n) {
		struct log_batch_head head;

		if (all.n - at < LOG_BATCH_HEAD_BYTES ||
		    log_batch_head_get(&head, all.p + at) != ERR_OK || head.bytes > all.n - at) {
			return cli_fail(ERR_INPUT, "kuramorid at %s sent no whole batches",
					b->c->api);
		}
		group[n] = bytes_of(all.p + at, head.bytes);
		at += head.bytes;
		e = books_verify_batch(&b->r->verify, group[n++]);
		if (e != ERR_OK) {
			return cli_fail(ERR_MISMATCH, "%s does not go on as %s does: %s", b->path,
					b->c->api, b->r->verify.why);
		}
		if (n == STORE_GROUP_MAX || at == all.n) {
			e = store_append_all(&b->file.base, group, n);
			n = 0;
		}
	}
	return e == ERR_OK ? 0 : cli_fail(e, "%s", b->file.base.fault.text);
}

/* Everything that kuramorid has and the backup has not. */
static int fetch(struct backing *b)
{
	size_t n = 1;
	int code = 0;

	while (code == 0 && n > 0) {
		char path[64];
		unsigned status = 0;

		(void)snprintf(path, sizeof path, "/v1/journal?from=%" PRIu64,
			       b->file.base.next_sequence);
		code = cli_api_bytes(b->c, path, &status, b->answer, ANSWER_MAX, &n);
		if (code == 0 && status != 200) {
			b->answer[n < ANSWER_MAX ? n : ANSWER_MAX - 1] = '\0';
			return cli_problem(status, (const char *)b->answer);
		}
		if (code == 0) {
			code = keep(b, bytes_of(b->answer, n));
		}
		cli_progress(&b->r->progress, b->file.base.next_sequence);
	}
	cli_progress_end(&b->r->progress);
	return code;
}

/* The backup that is there, or a fresh one. */
static int open_backup(struct backing *b, const char *to)
{
	struct store_fault fault = { "" };
	enum err e;

	(void)snprintf(b->path, sizeof b->path, "%s", to);
	e = store_backup_open(&b->file, b->path, STORE_BACKUP_GO_ON, &fault);
	if (e != ERR_NOT_FOUND) {
		return e == ERR_OK ? 0 : cli_fail(e, "%s", fault.text);
	}
	(void)snprintf(b->path, sizeof b->path, "%s.new", to);
	e = store_backup_open(&b->file, b->path, STORE_BACKUP_GO_ON, &fault);
	if (e == ERR_TYPE || e == ERR_CORRUPT) {
		(void)unlink(b->path); /* of a first backup that ended early */
		e = ERR_NOT_FOUND;
	}
	if (e == ERR_NOT_FOUND) {
		e = store_backup_open(&b->file, b->path, STORE_BACKUP_CREATE, &fault);
	}
	return e == ERR_OK ? 0 : cli_fail(e, "%s", fault.text);
}

static int put_in_place(const char *from, const char *to)
{
	struct store_fault fault = { "" };

	if (strcmp(from, to) == 0) {
		return 0;
	}
	if (rename(from, to) != 0) {
		return cli_fail(ERR_IO, "%s: %s", to, strerror(errno));
	}
	return store_sync_directory(to, &fault) == ERR_OK ? 0 : cli_fail(ERR_IO, "%s", fault.text);
}

static void tell_backup(const struct backing *b, const char *to)
{
	const struct books_verify *v = &b->r->verify;
	char head[65];

	hex_put(head, bytes_of(v->chain.head.b, sizeof v->chain.head.b));
	if (b->c->json) {
		json_t *all =
		    json_pack("{s:s,s:I,s:I,s:I,s:s,s:b}", "backup", to, "records",
			      (json_int_t)v->chain.next_sequence, "new",
			      (json_int_t)(v->chain.next_sequence - b->before), "bytes",
			      (json_int_t)b->file.end, "head", head, "tree", b->r->salted);

		CHECK(all != NULL);
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
		return;
	}
	printf(_("%s: %" PRIu64 " records, %" PRIu64 " of them new; head %s\n"), to,
	       v->chain.next_sequence, v->chain.next_sequence - b->before, head);
	printf(_("Every record was booked again; the tree %s.\n%s"),
	       b->r->salted ? _("was recomputed")
			    : _("was not recomputed: give journal_secret_file"),
	       no_secret);
}

int books_backup_command(const struct cli *c, const char *to)
{
	static struct books_reading r;
	static struct backing b;
	enum err e;
	int code = books_read_begin(c, &r, N_("backing up"));

	b = (struct backing){ .c = c, .r = &r, .answer = malloc(ANSWER_MAX) };
	CHECK(b.answer != NULL);
	if (code == 0 && strlen(to) >= CLI_PATH_MAX) {
		code = cli_fail(ERR_TOO_LARGE, "the path %.64s...", to);
	}
	if (code == 0) {
		code = open_backup(&b, to);
	}
	if (code != 0) {
		goto out;
	}
	e = books_read(&r, &b.file.base);
	if (e != ERR_OK) {
		code = cli_fail(ERR_MISMATCH,
				"%s\n  This backup cannot be gone on with. Keep it aside and begin "
				"another.",
				r.why);
	}
	b.before = b.file.base.next_sequence;
	if (code == 0) {
		code = fetch(&b);
	}
	if (code == 0 && books_verify_end(&r.verify) != ERR_OK) {
		code = cli_fail(ERR_MISMATCH, "%s: %s", b.path, r.verify.why);
	}
	store_close(&b.file.base);
	if (code == 0) {
		code = put_in_place(b.path, to);
	}
	if (code == 0) {
		tell_backup(&b, to);
	}
out:
	books_read_end(&r);
	free(b.answer);
	return code;
}

/* ---- restore ---- */

/* Batches on their way into a new journal. */
struct filling {
	struct store *to;
	uint8_t *bytes;
	struct bytes group[STORE_GROUP_MAX];
	size_t used, n;
	struct cli_progress progress;
};

static enum err pour(struct filling *f)
{
	enum err e = f->n == 0 ? ERR_OK : store_append_all(f->to, f->group, f->n);

	f->used = f->n = 0;
	cli_progress(&f->progress, f->to->next_sequence);
	return e;
}

static enum err fill(void *context, struct bytes batch)
{
	struct filling *f = context;
	enum err e = ERR_OK;

	if (f->n == STORE_GROUP_MAX || batch.n > GROUP_BYTES - f->used) {
		e = pour(f);
	}
	memcpy(f->bytes + f->used, batch.p, batch.n);
	f->group[f->n++] = bytes_of(f->bytes + f->used, batch.n);
	f->used += batch.n;
	return e;
}

static enum err nothing(void *context, struct bytes batch)
{
	(void)context;
	(void)batch;
	return ERR_EXISTS; /* a fresh journal has no batch */
}

/* Where it is restored to: a new file, or an empty database. */
struct target {
	bool url;

	union {
		struct store base;
		struct store_sqlite sqlite;
		struct store_postgres postgres;
	} u;
};

static struct store *target_base(struct target *t, const char *path)
{
	t->url = store_postgres_is_url(path);
	return &t->u.base;
}

static enum err target_open(struct target *t, const char *path, struct store_fault *fault)
{
	return t->url ? cli_postgres_open(&t->u.postgres, path, fault)
		      : store_sqlite_open(&t->u.sqlite, path, fault);
}

/* Nothing is in it, and nobody else writes it. */
static enum err target_begin(struct target *t, uint8_t *buffer, size_t cap)
{
	enum err e = store_replay(&t->u.base, buffer, cap, nothing, NULL);

	if (e == ERR_EXISTS) {
		store_fault_set(&t->u.base.fault,
				N_("%s: there is a journal: a restore never overwrites"),
				t->u.base.path);
	}
	if (e == ERR_OK && t->url) {
		e = store_postgres_stand_by(&t->u.postgres, buffer, cap, nothing, NULL);
		if (e == ERR_OK) {
			e = store_postgres_take(&t->u.postgres, buffer, cap, nothing, NULL);
		}
		if (e == ERR_OK) {
			e = store_postgres_restoring(&t->u.postgres, true);
		}
	}
	return e;
}

/* The journal that an earlier try left unfinished. */
static void forget(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[CLI_PATH_MAX + 24];

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
		(void)unlink(name);
	}
}

/* A second reading of the backup into path, which must come to the same end as the first. */
static int write_journal(const char *from, const char *path, const struct hash32 *head)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct cli_journal journal;
	static struct target target;
	struct store *store = target_base(&target, path);
	struct store_fault fault = { "" };
	struct filling f = { .to = store, .bytes = malloc(GROUP_BYTES) };
	enum err e;
	int code = cli_journal_open(&journal, from);

	CHECK(f.bytes != NULL);
	cli_progress_begin(&f.progress, "restoring");
	if (code != 0) {
		free(f.bytes);
		return code;
	}
	e = target_open(&target, path, &fault);
	if (e != ERR_OK) {
		code = cli_fail(e, "%s", fault.text);
		goto out;
	}
	e = target_begin(&target, buffer, sizeof buffer);
	if (e == ERR_OK) {
		e = store_replay(journal.store, buffer, sizeof buffer, fill, &f);
	}
	if (e == ERR_OK) {
		e = pour(&f);
	}
	/* the last word: before it the database is no journal */
	if (e == ERR_OK && target.url && hash32_eq(&store->head, head)) {
		e = store_postgres_restoring(&target.u.postgres, false);
	}
	cli_progress_end(&f.progress);
	if (e == ERR_OK && !hash32_eq(&store->head, head)) {
		code = cli_fail(ERR_MISMATCH, "%s was changed while it was read", from);
	} else if (e != ERR_OK) {
		code = cli_fail(
		    e, "%s%s",
		    store->fault.text[0] != '\0' ? store->fault.text : journal.store->fault.text,
		    target.url && store->next_sequence > 0
			? "; it has a part of the backup now: drop the database before you "
			  "try again"
			: "");
	}
	store_close(store);
out:
	store_close(journal.store);
	free(f.bytes);
	return code;
}

/* Nothing is overwritten: neither a journal nor what belongs to one. */
static int refuse_existing(const char *to)
{
	static const char *const tails[] = { "", "-wal", "-journal" };
	char name[CLI_PATH_MAX + 24];

	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		(void)snprintf(name, sizeof name, "%s%s", to, tails[i]);
		if (access(name, F_OK) == 0) {
			return cli_fail(ERR_EXISTS,
					"%s: a restore never overwrites; move it away if it is no "
					"longer needed",
					name);
		}
	}
	return 0;
}

static void tell_restored(const struct cli *c, const struct books_reading *r, const char *to)
{
	const struct books_verify *v = &r->verify;
	char head[65], when[CLOCK_TEXT_MAX];

	hex_put(head, bytes_of(v->chain.head.b, sizeof v->chain.head.b));
	clock_text(when, v->newest_ms);
	if (c->json) {
		json_t *all = json_pack("{s:s,s:I,s:s,s:s,s:b}", "journal", to, "records",
					(json_int_t)v->chain.next_sequence, "head", head, "newest",
					when, "tree", r->salted);

		CHECK(all != NULL);
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
		return;
	}
	printf(_("%s: %" PRIu64 " records up to %s; head %s\n"), to, v->chain.next_sequence, when,
	       head);
	printf(_("The journal's secret %s\n"),
	       r->salted
		   ? _("is the right one: the whole tree was recomputed with it.")
		   : _("was not given, so it was not seen whether you still have it. kuramorid\n"
		       "does not start without: put it at journal + .secret, mode 0400."));
	printf(_("What was decided after that moment is not in it, but signers, watchers and the "
		 "chain\n"
		 "know it, and sign nothing a second time. Before kuramorid serves again:\n"
		 "  compare head and records with the newest checkpoint that an auditor signed\n"
		 "  (kuramori audit verify --checkpoint-file FILE %s): older is a loss, another is "
		 "fraud;\n"
		 "  read docs/restore.md: what to do about withdrawals and deposits since then.\n"),
	       to);
}

int books_restore_command(const struct cli *c, const char *from, const char *to)
{
	static struct cli_journal journal;
	static struct books_reading r;
	char fresh[CLI_PATH_MAX + 8];
	enum err e = ERR_OK;
	bool url;
	int code;

	if (strlen(to) >= CLI_PATH_MAX) {
		return cli_fail(ERR_TOO_LARGE, "the path %.64s...", to);
	}
	url = store_postgres_is_url(to);
	code = url ? 0 : refuse_existing(to);
	if (code != 0) {
		return code;
	}
	/* a file under another name until it is whole */
	(void)snprintf(fresh, sizeof fresh, "%s%s", to, url ? "" : ".new");
	code = books_read_begin(c, &r, "verifying");
	if (code == 0) {
		code = cli_journal_open(&journal, from);
	}
	if (code == 0) {
		e = books_read(&r, journal.store);
		store_close(journal.store);
		if (e == ERR_CORRUPT || e == ERR_VERSION) {
			code = cli_fail(ERR_MISMATCH, "%s\n  Nothing was restored.", r.why);
		} else if (e != ERR_OK) {
			code = cli_fail(e, "%s", r.why);
		} else if (r.verify.batches == 0) {
			code = cli_fail(ERR_INPUT, "%s: there is no record in it", from);
		}
	}
	if (code == 0) {
		if (!url) {
			forget(fresh);
		}
		code = write_journal(from, fresh, &r.verify.chain.head);
		if (code == 0) {
			code = put_in_place(fresh, to);
		}
		if (code != 0 && !url) {
			forget(fresh);
		}
	}
	if (code == 0) {
		tell_restored(c, &r, to);
	}
	books_read_end(&r);
	return code;
}
