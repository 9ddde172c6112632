/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_verify.c - `kuramori books verify`: every law of the books from the raw rows of a journal,
 * and the first row that breaks one.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "books_command.h"

enum err books_each(void *context, struct bytes batch)
{
	struct books_reading *r = context;
	enum err e = books_verify_batch(&r->verify, batch);

	cli_progress(&r->progress, r->verify.chain.next_sequence);
	return e;
}

enum err books_read(struct books_reading *r, struct store *store)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	enum err e = store_replay(store, buffer, sizeof buffer, books_each, r);

	if (e == ERR_OK) {
		e = books_verify_end(&r->verify);
	}
	cli_progress_end(&r->progress);
	if (e == ERR_OK) {
		return e;
	}
	/* What the engine found by itself it says with the file's name in front, as we do. */
	if (r->verify.why[0] == '\0') {
		r->verify.at = store->next_sequence;
		(void)snprintf(r->why, sizeof r->why, "%s", store->fault.text);
	} else {
		(void)snprintf(r->why, sizeof r->why, "%s: %s", store->path, r->verify.why);
	}
	return e;
}

int books_read_begin(const struct cli *c, struct books_reading *r, const char *what)
{
	int code = 0;

	memset(r, 0, sizeof *r);
	cli_progress_begin(&r->progress, what);
	r->salted = c->journal_secret_file[0] != '\0';
	if (r->salted) {
		code = cli_journal_secret(c, &r->secret);
	}
	if (code == 0 && books_verify_init(&r->verify, r->salted ? &r->secret : NULL) != ERR_OK) {
		code = cli_fail(ERR_FULL, "no memory");
	}
	r->verify.also = &trail_also;
	r->verify.also_context = &r->trail;
	return code;
}

void books_read_end(struct books_reading *r)
{
	log_secret_wipe(&r->secret);
	books_verify_free(&r->verify);
	trail_free(&r->trail);
}

static void tell(const struct cli *c, const char *path, const struct books_reading *r, bool whole,
		 const struct hash32 *digest)
{
	const struct books_verify *v = &r->verify;
	char head[65], books[65] = "";

	hex_put(head, bytes_of(v->chain.head.b, sizeof v->chain.head.b));
	if (whole) {
		hex_put(books, bytes_of(digest->b, sizeof digest->b));
	}
	if (c->json) {
		json_t *all = json_pack(
		    "{s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:b}", "journal", path, "verified",
		    whole, "records", (json_int_t)v->chain.next_sequence, "batches",
		    (json_int_t)v->batches, "booked", (json_int_t)v->booked, "blobs",
		    (json_int_t)v->blobs, "withdrawals", (json_int_t)r->trail.n, "changes",
		    (json_int_t)r->trail.changes, "head", head, "books", books, "tree", r->salted);

		CHECK(all != NULL);
		if (!whole) {
			CHECK(json_object_set_new(all, "broken_record",
						  json_integer((json_int_t)v->at)) == 0 &&
			      json_object_set_new(all, "why", json_string(r->why)) == 0);
		}
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
	} else if (whole) {
		printf(_("%s: every law holds\n"), path);
		printf(
		    _("  %" PRIu64 " records in %" PRIu64 " batches, %" PRIu64 " blobs; head %s\n"),
		    v->chain.next_sequence, v->batches, v->blobs, head);
		printf(_("  %" PRIu64 " bookings, %zu accounts; state of the books %s\n"),
		       v->booked, v->books.account_count, books);
		printf(_("  %zu withdrawals in %" PRIu64 " changes of state\n"), r->trail.n,
		       r->trail.changes);
		printf(_("  the tree %s\n"),
		       r->salted ? _("was recomputed")
				 : _("was not recomputed: it is salted, give journal_secret_file"));
	}
}

int books_verify_command(const struct cli *c, const char *path)
{
	static struct cli_journal journal;
	static struct books_reading r;
	struct hash32 digest;
	enum err e = ERR_OK;
	int code = books_read_begin(c, &r, "verifying");

	if (code == 0) {
		code = cli_journal_open(&journal, path);
	}
	if (code != 0) {
		books_read_end(&r);
		return code;
	}
	e = books_read(&r, journal.store);
	if (e == ERR_OK) {
		e = books_hash(&r.verify.books, &digest);
	}
	store_close(journal.store);
	if (e == ERR_OK || e == ERR_CORRUPT || e == ERR_VERSION) {
		tell(c, path, &r, e == ERR_OK, &digest);
	}
	if (e == ERR_CORRUPT || e == ERR_VERSION) {
		code = cli_fail(ERR_MISMATCH,
				"%s\n  Do not start kuramorid with it. What stands before record "
				"%" PRIu64 " keeps every law.",
				r.why, r.verify.at);
	} else if (e != ERR_OK) {
		code = cli_fail(e, "%s", r.why);
	}
	books_read_end(&r);
	return code;
}
