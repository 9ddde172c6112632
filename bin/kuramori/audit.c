/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.c - verify journals from their raw bytes: form, hash chain, blobs, the salted tree where
 * its secret is given, and for kuramorid's journal the books that the records add up to.  The
 * program whose journal it is must be stopped (one holder at a time), or a copy is verified.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "books/books.h"
#include "cli.h"
#include "journal.h"
#include "log/batch.h"

struct audit {
	struct log_chain chain;
	const struct log_secret *secret;
	struct books books;
	uint64_t records, batches, booked;
	const char *why;
	struct cli_progress progress;
	const struct log_checkpoint *checkpoint; /* NULL: none to meet */
	bool met;                                /* the journal stood there with that root */
};

enum err cli_journal_next(struct log_chain *chain, struct log_view *view, struct bytes batch)
{
	enum err e = log_batch_check(view, batch);

	return e == ERR_OK ? log_batch_follow(chain, view) : e;
}

static enum err each(void *context, struct bytes batch)
{
	struct audit *a = context;
	struct log_view view;
	enum err e = a->secret != NULL ? log_batch_open(&view, &a->chain, batch, a->secret)
				       : cli_journal_next(&a->chain, &view, batch);

	if (e != ERR_OK) {
		a->why =
		    N_("a batch does not follow the one before it, or is not what its hash says");
		return e;
	}
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record r;

		books_fetch(&a->books, &view, i);
		e = log_view_record(&r, &view, i);
		if (e != ERR_OK) {
			a->why = N_("a record that this version does not know");
			return e;
		}
		if (books_takes(r.kind)) {
			e = books_replay(&a->books, &r);
			if (e != ERR_OK) {
				a->why = N_("a record that the books refuse");
				return e == ERR_FULL ? e : ERR_CORRUPT;
			}
			a->booked++;
		}
	}
	a->records += view.head.count;
	a->batches++;
	/* the root stands in the batch's own header, so it is there even without the secret */
	if (a->checkpoint != NULL && a->chain.next_sequence == a->checkpoint->size) {
		a->met = hash32_eq(&view.head.root, &a->checkpoint->root);
	}
	cli_progress(&a->progress, a->records);
	return ERR_OK;
}

static int verify_one(struct cli *c, const char *path, const struct log_secret *secret,
		      const struct log_checkpoint *checkpoint, json_t *all)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct cli_journal journal;
	struct store *store;
	struct audit a = { .secret = secret, .why = NULL };
	struct hash32 books_digest;
	char head[65], digest[65] = "";
	enum err e;
	int code;

	log_chain_init(&a.chain);
	e = books_init(&a.books);
	if (e != ERR_OK) {
		return cli_fail(e, "no memory");
	}
	books_window(&a.books, BOOKS_WINDOW);
	code = cli_journal_open(&journal, path);
	if (code != 0) {
		books_free(&a.books);
		return code;
	}
	store = journal.store;
	a.checkpoint = journal.of_kuramorid ? checkpoint : NULL;
	cli_progress_begin(&a.progress, path);
	e = store_replay(store, buffer, sizeof buffer, each, &a);
	cli_progress_end(&a.progress);
	if (e == ERR_OK) {
		e = books_validate(&a.books, &a.why);
	}
	if (e == ERR_OK && a.booked > 0) {
		e = books_hash(&a.books, &books_digest);
		if (e == ERR_OK) {
			hex_put(digest, bytes_of(books_digest.b, sizeof books_digest.b));
		}
	}
	if (e == ERR_OK && a.checkpoint != NULL && !a.met) {
		a.why =
		    N_("it does not begin with what the auditor signed: records were cut off or "
		       "rewritten");
		e = ERR_MISMATCH;
	}
	hex_put(head, bytes_of(a.chain.head.b, sizeof a.chain.head.b));
	if (c->json) {
		(void)json_array_append_new(
		    all, json_pack("{s:s,s:b,s:I,s:I,s:I,s:s,s:s,s:b,s:b,s:s}", "journal", path,
				   "verified", e == ERR_OK, "batches", (json_int_t)a.batches,
				   "records", (json_int_t)a.records, "booked", (json_int_t)a.booked,
				   "head", head, "books", digest, "tree", secret != NULL,
				   "checkpoint", a.met, "why", a.why == NULL ? "" : a.why));
	} else if (e == ERR_OK) {
		printf(_("%s\n  verified: %llu records in %llu batches, head %s\n"), path,
		       (unsigned long long)a.records, (unsigned long long)a.batches, head);
		printf(_("  the tree %s\n"),
		       secret != NULL
			   ? _("was recomputed")
			   : _("was not recomputed: it is salted, give journal_secret_file"));
		if (a.checkpoint != NULL && a.met) {
			printf(_("  it begins with the %llu records that the auditor signed\n"),
			       (unsigned long long)a.checkpoint->size);
		}
		if (a.booked > 0) {
			printf(_("  the books balance after %llu records, state %s\n"),
			       (unsigned long long)a.booked, digest);
		}
	}
	store_close(store);
	books_free(&a.books);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s (after %llu records) %s", path, words_of(a.why),
				(unsigned long long)a.records, store->fault.text);
	}
	return 0;
}

int cli_audit_verify(struct cli *c, const char *const *paths, size_t n)
{
	struct log_secret secret;
	struct log_checkpoint checkpoint;
	bool salted = c->journal_secret_file[0] != '\0',
	     signed_point = c->checkpoint_file[0] != '\0';
	json_t *all;
	int worst = signed_point ? cli_checkpoint_read(c, &checkpoint) : 0;

	if (worst != 0) {
		return worst;
	}
	if (salted) {
		worst = cli_journal_secret(c, &secret);
		if (worst != 0) {
			return worst;
		}
	}
	all = json_array();
	for (size_t i = 0; i < n; i++) {
		int code = verify_one(c, paths[i], salted ? &secret : NULL,
				      signed_point ? &checkpoint : NULL, all);

		worst = code > worst ? code : worst;
	}
	log_secret_wipe(&secret);
	if (c->json) {
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	}
	json_decref(all);
	return worst;
}
