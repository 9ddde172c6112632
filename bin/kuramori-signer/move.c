/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer's memory travels with its key, in a folder of two files: the sealed key, and the
 * journal, whose last record says that it goes on elsewhere.
 *
 * Whatever is interrupted can be run again.  The journal that stays behind never starts again, and
 * the one that arrives gets its name only when it is whole: a shorter one would be a memory
 * rewound.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/crypto.h"
#include "io/clock.h"
#include "io/file.h"
#include "signer.h"

static int fail(enum err e, const char *what, const char *then)
{
	(void)fprintf(stderr, "kuramori-signer: %s: %s%s%s\n", what, err_words(e),
		      then[0] == '\0' ? "" : "; ", then);
	return err_exit(e);
}

static bool path_join(char out[SIGNER_PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, SIGNER_PATH_MAX, "%s%s", folder, name);

	return n > 0 && n < SIGNER_PATH_MAX;
}

static enum err copy_one(void *to, struct bytes batch)
{
	return store_append(to, batch);
}

static enum err none_yet(void *context, struct bytes batch)
{
	(void)context;
	(void)batch;
	return ERR_EXISTS;
}

/* A new journal at to_path with every batch of the one at from_path; both are open with ERR_OK. */
static enum err copy(struct signer_move *m, const char *from_path, const char *to_path,
		     uint64_t capacity)
{
	struct store *from = &m->from.base;
	struct store *to = &m->to.base;
	enum err e = store_file_open(&m->from, from_path, STORE_FILE_EXISTING, 0, &m->fault);

	if (e != ERR_OK) {
		return e;
	}
	e = store_file_open(&m->to, to_path, STORE_FILE_CREATE, capacity, &m->fault);
	if (e != ERR_OK) {
		store_close(from);
		return e;
	}
	e = store_replay(to, m->buffer, GUARD_BATCH_BYTES, none_yet, NULL);
	if (e == ERR_OK) {
		e = store_replay(from, m->buffer, GUARD_BATCH_BYTES, copy_one, to);
	}
	if (e != ERR_OK) {
		m->fault = to->fault.text[0] != '\0' ? to->fault : from->fault;
		store_close(from);
		store_close(to);
		(void)unlink(to_path); /* made here and not whole; the error is reported */
	}
	return e;
}

/* What the guard has just committed goes into this journal. */
static enum err append(struct signer_move *m, const struct effects *out, struct store *journal)
{
	enum err e;

	CHECK(out->n == 1 && out->list[0].kind == EFFECT_COMMIT);
	e = store_append(journal, out->list[0].body);
	m->fault = journal->fault;
	return e;
}

static void say_done(const struct signer_move *m, const char *what, const char *next)
{
	char head[65];

	hex_put(head, bytes_of(m->guard->chain.head.b, sizeof m->guard->chain.head.b));
	(void)printf("%s: %llu records, head %s\n%s\n", what,
		     (unsigned long long)m->guard->chain.next_sequence, head, next);
}

static enum err replay_one(void *move, struct bytes batch)
{
	const struct signer_move *m = move;

	return guard_replay_checked(m->guard, &m->from.base.checked, batch);
}

/* Reads and verifies the journal at path; it stays open with ERR_OK. */
static enum err read_in(struct signer_move *m, const char *path, uint64_t capacity)
{
	enum err e = store_file_open(&m->from, path, STORE_FILE_EXISTING, capacity, &m->fault);

	if (e != ERR_OK) {
		return e;
	}
	e = store_replay(&m->from.base, m->buffer, GUARD_BATCH_BYTES, replay_one, m);
	if (e != ERR_OK) {
		m->fault = m->from.base.fault;
		store_close(&m->from.base);
	}
	return e;
}

/* The journal ends here; it did before if an export was interrupted. */
static enum err end_here(struct signer_move *m)
{
	struct effects out;
	enum err e = ERR_OK;

	if (!guard_exported(m->guard)) {
		effects_init(&out, m->effects, GUARD_EFFECTS_BYTES);
		e = guard_export(m->guard, clock_wall_ms(), &out);
		if (e == ERR_OK) {
			e = append(m, &out, &m->from.base);
		}
	}
	store_close(&m->from.base);
	return e;
}

int signer_export(struct signer_move *m)
{
	static const char again[] = "take the folder away and run it again";
	char journal[SIGNER_PATH_MAX];
	char key[SIGNER_PATH_MAX];
	enum err e;

	if (!path_join(journal, m->folder, "/journal") ||
	    !path_join(key, m->folder, "/sealed-key")) {
		return fail(ERR_TOO_LARGE, m->folder, "take a shorter path");
	}
	e = read_in(m, m->journal_file, m->journal_bytes);
	if (e != ERR_OK) {
		return fail(e, m->fault.text, "end the signer first if it still runs");
	}
	if (mkdir(m->folder, 0700) != 0) {
		store_close(&m->from.base);
		return fail(errno == EEXIST ? ERR_EXISTS : ERR_IO, m->folder,
			    "name a folder that can be made and is not there yet");
	}
	e = end_here(m);
	if (e != ERR_OK) {
		(void)rmdir(m->folder); /* made above and empty; the error is reported */
		return fail(e, m->journal_file, "nothing was exported");
	}
	/* from here on this journal never starts again: what follows can only be repeated */
	e = file_write_new(key, 0400, m->sealed_key);
	if (e != ERR_OK) {
		return fail(e, key, again);
	}
	e = copy(m, m->journal_file, journal, 0);
	if (e != ERR_OK) {
		return fail(e, m->fault.text, again);
	}
	store_close(&m->from.base);
	store_close(&m->to.base);
	say_done(m, "exported",
		 "This journal never starts again. Bring the folder to the other host, run "
		 "kuramori-signer --import there, and destroy the folder.");
	return 0;
}

/* The key is put there; the same key may be there already from a run that was interrupted. */
static enum err key_put(const struct signer_move *m)
{
	uint8_t there[SEAL_BYTES];
	size_t n = 0;
	enum err e = file_write_new(m->sealed_key_file, 0400, m->sealed_key);

	if (e != ERR_EXISTS) {
		return e;
	}
	e = file_read_private(m->sealed_key_file, there, sizeof there, &n);
	if (e == ERR_OK && !bytes_eq(bytes_of(there, n), m->sealed_key)) {
		e = ERR_EXISTS;
	}
	return e;
}

/* A second copy would be locked by the watchers; better that it is none. */
static void mark_used(struct signer_move *m, const struct effects *import)
{
	if (append(m, import, &m->from.base) != ERR_OK) {
		(void)fprintf(
		    stderr, "kuramori-signer: %s: it could not be marked as used: destroy it now\n",
		    m->folder);
	}
}

int signer_import(struct signer_move *m)
{
	char source[SIGNER_PATH_MAX];
	char fresh[SIGNER_PATH_MAX];
	struct effects out;
	struct stat there;
	enum err e;

	if (!path_join(source, m->folder, "/journal") ||
	    !path_join(fresh, m->journal_file, ".import")) {
		return fail(ERR_TOO_LARGE, m->folder, "take a shorter path");
	}
	if (lstat(m->journal_file, &there) == 0) {
		return fail(ERR_EXISTS, m->journal_file, "a signer's memory is never replaced");
	}
	e = read_in(m, source, 0);
	if (e != ERR_OK) {
		return fail(e, m->fault.text[0] != '\0' ? m->fault.text : source,
			    "this is no whole export of this signer");
	}
	store_close(&m->from.base);
	if (!guard_exported(m->guard)) {
		return fail(ERR_STATE, source,
			    "it was imported already, or its export did not end");
	}
	(void)unlink(fresh); /* of a run that was interrupted; never a journal that started */
	e = copy(m, source, fresh, m->journal_bytes);
	if (e != ERR_OK) {
		return fail(e, m->fault.text, "journal_bytes must be large enough");
	}
	effects_init(&out, m->effects, GUARD_EFFECTS_BYTES);
	CHECK(guard_import(m->guard, clock_wall_ms(), &out) == ERR_OK);
	e = append(m, &out, &m->to.base);
	store_close(&m->to.base);
	if (e == ERR_OK) {
		e = key_put(m);
	}
	if (e == ERR_OK) {
		e = file_rename_new(fresh, m->journal_file);
	}
	if (e == ERR_OK) {
		mark_used(m, &out);
	}
	store_close(&m->from.base);
	if (e != ERR_OK) {
		return fail(e, "import", "nothing starts here yet; run it again");
	}
	say_done(m, "imported", "Start the signer here, and destroy the folder.");
	return 0;
}
