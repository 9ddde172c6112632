/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power.h - a disk in memory, under SQLite as its default VFS, on which a power cut can be made.
 *
 * What was written since a file's last sync is kept apart from what is on the platter.  A cut keeps
 * any part of it: each unsynced write is taken apart into sectors of 512 bytes, and each of these
 * is lost, kept, or torn (its first bytes new, its last ones old), in any combination, whatever the
 * order in which they were written.  A file's new length and a file's removal wait for a sync too.
 * SQLite's own assumptions about disks (https://www.sqlite.org/psow.html) allow all of this.
 */
#ifndef KURAMORI_TESTS_STORE_POWER_H
#define KURAMORI_TESTS_STORE_POWER_H

#include <sqlite3.h>

#include "t.h"

enum {
	POWER_SECTOR = 512,
	POWER_FILES = 4,
	POWER_FILE_MAX = 512 * 1024,
	POWER_PENDING_MAX = 4096,
};

/* One sector's share of an unsynced write, or a truncation. */
struct power_pending {
	size_t at, n;
	bool truncate; /* to `at` bytes */
	uint8_t bytes[POWER_SECTOR];
};

struct power_file {
	char name[128];
	bool exists;         /* as the program sees it */
	bool exists_durably; /* as a power cut would find it */
	uint8_t *seen;       /* POWER_FILE_MAX bytes each */
	uint8_t *durable;
	size_t seen_n, durable_n;
	struct power_pending *pending;
	size_t pending_n;
};

/* What becomes of a pending write at a cut. */
enum power_fate { POWER_LOST, POWER_KEPT, POWER_TORN };

static struct power_file power_files[POWER_FILES];
static unsigned long power_calls;  /* writes, truncations, syncs and removals so far */
static unsigned long power_cut_at; /* the call at which the power goes, before it; 0: never */
static bool power_gone;            /* from then on every call fails and changes nothing */
static bool power_sync_lies;       /* the disk says "synced" and is not: for testing the tests */

/* Counts a call that changes something; false: the power went instead of it, or before. */
static bool power_call(void)
{
	if (!power_gone && ++power_calls == power_cut_at) {
		power_gone = true;
	}
	return !power_gone;
}

static struct power_file *power_find(const char *name)
{
	for (size_t i = 0; i < POWER_FILES; i++) {
		if (strcmp(power_files[i].name, name) == 0) {
			return &power_files[i];
		}
	}
	return NULL;
}

struct power_open {
	sqlite3_file base;
	struct power_file *file;
};

static struct power_file *power_of(sqlite3_file *f)
{
	return ((struct power_open *)(void *)f)->file;
}

static int power_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int power_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	const struct power_file *p = power_of(f);
	size_t have = (size_t)at < p->seen_n ? p->seen_n - (size_t)at : 0;

	if (have >= (size_t)n) {
		memcpy(out, p->seen + at, (size_t)n);
		return SQLITE_OK;
	}
	memcpy(out, p->seen + at, have);
	memset((uint8_t *)out + have, 0, (size_t)n - have);
	return SQLITE_IOERR_SHORT_READ;
}

static bool power_pend(struct power_file *p, struct power_pending what)
{
	if (p->pending_n == POWER_PENDING_MAX) {
		return false;
	}
	p->pending[p->pending_n++] = what;
	return true;
}

static int power_write(sqlite3_file *f, const void *in, int count, sqlite3_int64 at)
{
	struct power_file *p = power_of(f);
	const uint8_t *bytes = in;
	size_t begin = (size_t)at, n = (size_t)count;

	if (!power_call()) {
		return SQLITE_IOERR_WRITE;
	}
	if (begin + n > POWER_FILE_MAX) {
		return SQLITE_FULL;
	}
	while (n > 0) {
		struct power_pending w = { .at = begin, .n = POWER_SECTOR - begin % POWER_SECTOR };

		w.n = w.n < n ? w.n : n;
		memcpy(w.bytes, bytes, w.n);
		memcpy(p->seen + begin, bytes, w.n);
		if (begin + w.n > p->seen_n) {
			p->seen_n = begin + w.n;
		}
		if (!power_pend(p, w)) {
			return SQLITE_FULL;
		}
		begin += w.n;
		bytes += w.n;
		n -= w.n;
	}
	return SQLITE_OK;
}

static int power_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	struct power_file *p = power_of(f);

	if (!power_call()) {
		return SQLITE_IOERR_TRUNCATE;
	}
	if ((size_t)n < p->seen_n) {
		memset(p->seen + n, 0, p->seen_n - (size_t)n);
		p->seen_n = (size_t)n;
	}
	return power_pend(p, (struct power_pending){ .at = (size_t)n, .truncate = true })
		   ? SQLITE_OK
		   : SQLITE_FULL;
}

static int power_sync(sqlite3_file *f, int flags)
{
	struct power_file *p = power_of(f);

	(void)flags;
	if (!power_call()) {
		return SQLITE_IOERR_FSYNC;
	}
	if (!power_sync_lies) {
		memcpy(p->durable, p->seen, POWER_FILE_MAX);
		p->durable_n = p->seen_n;
		p->exists_durably = true;
		p->pending_n = 0;
	}
	return SQLITE_OK;
}

static int power_size(sqlite3_file *f, sqlite3_int64 *n)
{
	*n = (sqlite3_int64)power_of(f)->seen_n;
	return SQLITE_OK;
}

static int power_lock(sqlite3_file *f, int level)
{
	(void)f;
	(void)level;
	return SQLITE_OK;
}

static int power_reserved(sqlite3_file *f, int *out)
{
	(void)f;
	*out = 0;
	return SQLITE_OK;
}

static int power_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int power_sector(sqlite3_file *f)
{
	(void)f;
	return POWER_SECTOR;
}

static int power_traits(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods power_methods = {
	.iVersion = 1, /* no shared memory: the store's exclusive lock makes it needless */
	.xClose = power_close,
	.xRead = power_read,
	.xWrite = power_write,
	.xTruncate = power_truncate,
	.xSync = power_sync,
	.xFileSize = power_size,
	.xLock = power_lock,
	.xUnlock = power_lock,
	.xCheckReservedLock = power_reserved,
	.xFileControl = power_control,
	.xSectorSize = power_sector,
	.xDeviceCharacteristics = power_traits,
};

static int power_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct power_open *o = (struct power_open *)(void *)f;
	struct power_file *p = power_find(name);

	(void)v;
	memset(o, 0, sizeof *o);
	if (p == NULL) {
		p = power_find("");
		if (p == NULL || strlen(name) >= sizeof p->name) {
			return SQLITE_CANTOPEN;
		}
		(void)snprintf(p->name, sizeof p->name, "%s", name);
	}
	if (!p->exists && (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) == 0) {
		return SQLITE_CANTOPEN;
	}
	p->exists = true;
	o->file = p;
	o->base.pMethods = &power_methods;
	if (out != NULL) {
		*out = flags;
	}
	return SQLITE_OK;
}

static int power_delete(sqlite3_vfs *v, const char *name, int sync_directory)
{
	struct power_file *p = power_find(name);

	(void)v;
	if (!power_call()) {
		return SQLITE_IOERR_DELETE;
	}
	if (p == NULL || !p->exists) {
		return SQLITE_IOERR_DELETE_NOENT;
	}
	p->exists = false;
	p->seen_n = 0;
	memset(p->seen, 0, POWER_FILE_MAX);
	/* Without a sync of the directory the whole old file may be there again. */
	if (sync_directory != 0 && !power_sync_lies) {
		p->exists_durably = false;
		p->durable_n = 0;
		memset(p->durable, 0, POWER_FILE_MAX);
		p->pending_n = 0;
	}
	return SQLITE_OK;
}

static int power_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	const struct power_file *p = power_find(name);

	(void)v;
	*out = p != NULL && p->exists && (flags != SQLITE_ACCESS_EXISTS || p->seen_n > 0);
	return SQLITE_OK;
}

static int power_full(sqlite3_vfs *v, const char *name, int n, char *out)
{
	(void)v;
	(void)snprintf(out, (size_t)n, "%s", name);
	return SQLITE_OK;
}

/* Makes it SQLite's disk; empty. */
static bool power_on(void)
{
	static sqlite3_vfs vfs;
	const sqlite3_vfs *real = sqlite3_vfs_find("unix");

	for (size_t i = 0; i < POWER_FILES; i++) {
		struct power_file *p = &power_files[i];

		if (p->seen == NULL) {
			p->seen = malloc(POWER_FILE_MAX);
			p->durable = malloc(POWER_FILE_MAX);
			p->pending = malloc(POWER_PENDING_MAX * sizeof *p->pending);
		}
		if (real == NULL || p->seen == NULL || p->durable == NULL || p->pending == NULL) {
			return false;
		}
		*p = (struct power_file){ .seen = p->seen,
					  .durable = p->durable,
					  .pending = p->pending };
		memset(p->seen, 0, POWER_FILE_MAX);
		memset(p->durable, 0, POWER_FILE_MAX);
	}
	power_calls = power_cut_at = 0;
	power_gone = false;
	if (vfs.zName == NULL) {
		vfs = *real;
		vfs.iVersion = 1;
		vfs.zName = "power";
		vfs.szOsFile = (int)sizeof(struct power_open);
		vfs.xOpen = power_open;
		vfs.xDelete = power_delete;
		vfs.xAccess = power_access;
		vfs.xFullPathname = power_full;
	}
	return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK;
}

/* How many pieces of unsynced writes there are. */
static size_t power_pending_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < POWER_FILES; i++) {
		n += power_files[i].pending_n;
	}
	return n;
}

/*
 * The power is back: every file is what was durable and those pending pieces that `fate` keeps;
 * pieces are numbered 0 on over all files.  The state before (for another cut) is untouched in
 * `from`.
 */
static void power_back(const struct power_file from[POWER_FILES],
		       enum power_fate (*fate)(void *ctx, size_t piece), void *ctx)
{
	size_t piece = 0;

	for (size_t i = 0; i < POWER_FILES; i++) {
		const struct power_file *old = &from[i];
		struct power_file *p = &power_files[i];
		size_t n = old->durable_n;

		memcpy(p->seen, old->durable, POWER_FILE_MAX);
		for (size_t k = 0; k < old->pending_n; k++, piece++) {
			const struct power_pending *w = &old->pending[k];
			enum power_fate f = fate(ctx, piece);
			size_t kept = f == POWER_KEPT ? w->n : w->n / 2;

			if (f == POWER_LOST) {
				continue;
			}
			if (w->truncate) {
				if (w->at < n) {
					memset(p->seen + w->at, 0, n - w->at);
					n = w->at;
				}
				continue;
			}
			memcpy(p->seen + w->at, w->bytes, kept);
			n = w->at + kept > n ? w->at + kept : n;
		}
		memcpy(p->name, old->name, sizeof p->name);
		/* a file that nothing was kept of may be there, empty, or not at all: SQLite sees
		 * no difference */
		p->exists = old->exists_durably || n > 0;
		p->exists_durably = p->exists;
		p->seen_n = p->durable_n = n;
		memcpy(p->durable, p->seen, POWER_FILE_MAX);
		p->pending_n = 0;
	}
	power_calls = power_cut_at = 0;
	power_gone = false;
}

/* A copy of all files, to cut the power at the same moment in several ways.  Freed by the next. */
static bool power_copy(struct power_file to[POWER_FILES])
{
	for (size_t i = 0; i < POWER_FILES; i++) {
		struct power_file own = to[i];

		if (own.durable == NULL) {
			own.durable = malloc(POWER_FILE_MAX);
			own.pending = malloc(POWER_PENDING_MAX * sizeof *own.pending);
		}
		if (own.durable == NULL || own.pending == NULL) {
			return false;
		}
		to[i] = power_files[i];
		to[i].durable = own.durable;
		to[i].pending = own.pending;
		to[i].seen = NULL;
		memcpy(to[i].durable, power_files[i].durable, POWER_FILE_MAX);
		memcpy(to[i].pending, power_files[i].pending,
		       power_files[i].pending_n * sizeof *own.pending);
	}
	return true;
}

#endif
