/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/sha256.h"

enum {
	SLOT_BYTES = 512,
	AT_VERSION = 16,
	AT_ZERO = 20,
	AT_GENERATION = 24,
	AT_END = 32,
	AT_SEQUENCE = 40,
	AT_HEAD = 48,
	AT_CHECK = SLOT_BYTES - 8,
};

static const char magic[16] = "kuramori backup";

static struct store_backup *backup_of(struct store *s)
{
	return (struct store_backup *)s;
}

static enum err failed(struct store_backup *b, const char *what)
{
	int number = errno;

	store_fault_set(&b->base.fault, "%s: cannot %s: %s", b->base.path, what, strerror(number));
	return number == ENOSPC || number == EFBIG || number == EDQUOT ? ERR_FULL : ERR_IO;
}

/* A failed write or sync: what the disk has now is unknown. */
static enum err broken(struct store_backup *b, const char *what)
{
	b->base.phase = STORE_BROKEN;
	return failed(b, what);
}

static enum err corrupt(struct store_backup *b, const char *what)
{
	store_fault_set(&b->base.fault, "%s: damaged at byte %llu (record %llu): %s", b->base.path,
			(unsigned long long)b->end, (unsigned long long)b->base.next_sequence,
			what);
	return ERR_CORRUPT;
}

/* n bytes or fewer at the end of the file. */
static enum err read_at(struct store_backup *b, uint8_t *p, size_t n, uint64_t offset, size_t *got)
{
	*got = 0;
	while (*got < n) {
		ssize_t r = pread(b->fd, p + *got, n - *got, (off_t)(offset + *got));

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0) {
			return failed(b, "read");
		}
		if (r == 0) {
			break;
		}
		*got += (size_t)r;
	}
	return ERR_OK;
}

static enum err write_at(struct store_backup *b, const uint8_t *p, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pwrite(b->fd, p + done, n - done, (off_t)(offset + done));

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0) {
			return broken(b, "write");
		}
		done += (size_t)r;
	}
	return ERR_OK;
}

static enum err sync_file(struct store_backup *b)
{
	return fdatasync(b->fd) == 0 ? ERR_OK : broken(b, "sync");
}

/* ---- slots ---- */

static void slot_check(uint8_t out[8], const uint8_t slot[SLOT_BYTES])
{
	struct hash32 h;

	sha256(&h, bytes_of(slot, AT_CHECK));
	memcpy(out, h.b, 8);
}

/* Writes the slot that promises what stands up to b->end; the older of the two goes. */
static enum err promise(struct store_backup *b, uint64_t sequence, const struct hash32 *head)
{
	uint8_t slot[SLOT_BYTES] = { 0 };
	enum err e;

	memcpy(slot, magic, sizeof magic);
	le32_put(slot + AT_VERSION, STORE_BACKUP_VERSION);
	le64_put(slot + AT_GENERATION, b->generation + 1);
	le64_put(slot + AT_END, b->end);
	le64_put(slot + AT_SEQUENCE, sequence);
	memcpy(slot + AT_HEAD, head->b, sizeof head->b);
	slot_check(slot + AT_CHECK, slot);
	e = write_at(b, slot, sizeof slot, (b->generation + 1) % 2 * SLOT_BYTES);
	if (e == ERR_OK) {
		e = sync_file(b);
	}
	if (e == ERR_OK) {
		b->generation++;
		b->promised_end = b->end;
		b->promised_sequence = sequence;
		b->promised_head = *head;
	}
	return e;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* One slot; the newer of the two is kept in b. */
static enum err slot_read(struct store_backup *b, const uint8_t slot[SLOT_BYTES])
{
	uint8_t check[8];
	uint64_t generation = le64_get(slot + AT_GENERATION);

	if (all_zero(slot, SLOT_BYTES)) {
		return ERR_OK; /* not written yet */
	}
	slot_check(check, slot);
	if (memcmp(slot, magic, sizeof magic) != 0 || memcmp(slot + AT_CHECK, check, 8) != 0 ||
	    le32_get(slot + AT_ZERO) != 0 || generation == 0) {
		/* Torn by an error, or changed: the other one is whole, and who goes on writes this
		 * one anew.  Who only reads cannot know what it counted. */
		return b->writable
			   ? ERR_OK
			   : corrupt(b, "what it says about itself was changed; back up onto "
					"it once more, or take another");
	}
	if (le32_get(slot + AT_VERSION) != STORE_BACKUP_VERSION) {
		store_fault_set(&b->base.fault, "%s: backup version %lu, this program reads %d",
				b->base.path, (unsigned long)le32_get(slot + AT_VERSION),
				STORE_BACKUP_VERSION);
		return ERR_VERSION;
	}
	if (generation > b->generation) {
		b->generation = generation;
		b->promised_end = le64_get(slot + AT_END);
		b->promised_sequence = le64_get(slot + AT_SEQUENCE);
		memcpy(b->promised_head.b, slot + AT_HEAD, sizeof b->promised_head.b);
	}
	return ERR_OK;
}

static enum err slots_read(struct store_backup *b)
{
	uint8_t head[STORE_BACKUP_BATCHES_AT];
	struct stat st;
	size_t got = 0;
	enum err e = read_at(b, head, sizeof head, 0, &got);

	if (e != ERR_OK) {
		return e;
	}
	if (got < sizeof magic || (memcmp(head, magic, sizeof magic) != 0 &&
				   (got < SLOT_BYTES + sizeof magic ||
				    memcmp(head + SLOT_BYTES, magic, sizeof magic) != 0))) {
		store_fault_set(&b->base.fault, "%s: not a backup of a journal", b->base.path);
		return ERR_TYPE;
	}
	if (got < sizeof head) {
		return corrupt(b, "the file ends inside its header");
	}
	e = slot_read(b, head);
	if (e == ERR_OK) {
		e = slot_read(b, head + SLOT_BYTES);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (b->generation == 0 || b->promised_end < STORE_BACKUP_BATCHES_AT ||
	    !all_zero(head + (size_t)2 * SLOT_BYTES, sizeof head - (size_t)2 * SLOT_BYTES)) {
		return corrupt(b, "what it says about itself was changed");
	}
	if (fstat(b->fd, &st) != 0) {
		return failed(b, "read");
	}
	if ((uint64_t)st.st_size < b->promised_end) {
		store_fault_set(
		    &b->base.fault,
		    "%s: cut off: it has %llu bytes and says that it must have %llu, to "
		    "record %llu",
		    b->base.path, (unsigned long long)st.st_size,
		    (unsigned long long)b->promised_end, (unsigned long long)b->promised_sequence);
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

/* ---- the engine ---- */

static enum err append(struct store *s, const struct store_batch *batches, size_t n)
{
	struct store_backup *b = backup_of(s);
	const struct log_batch_head *last = &batches[n - 1].view.head;
	enum err e = ERR_OK;

	if (!b->writable) {
		store_fault_set(&s->fault, "%s: opened to be read", s->path);
		return ERR_STATE;
	}
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = write_at(b, batches[i].bytes.p, batches[i].bytes.n, b->end);
		b->end += batches[i].bytes.n;
	}
	if (e == ERR_OK) {
		e = sync_file(b);
	}
	return e == ERR_OK ? promise(b, last->first_sequence + last->count, &last->hash) : e;
}

/* The batch at b->end into buffer. */
static enum err read_batch(struct store_backup *b, struct log_view *v, uint8_t *buffer, size_t cap)
{
	struct store *s = &b->base;
	struct log_batch_head head;
	size_t got = 0;
	enum err e = read_at(b, buffer, LOG_BATCH_HEAD_BYTES, b->end, &got);

	if (e != ERR_OK) {
		return e;
	}
	if (got < LOG_BATCH_HEAD_BYTES) {
		return corrupt(b, "the file ends here");
	}
	e = log_batch_head_get(&head, buffer);
	if (e == ERR_VERSION) {
		store_fault_set(&s->fault, "%s: the batch of record %llu is of a newer program",
				s->path, (unsigned long long)s->next_sequence);
		return e;
	}
	if (e != ERR_OK) {
		return corrupt(b, "no batch begins here");
	}
	if (head.bytes > cap) {
		store_fault_set(
		    &s->fault, "%s: the batch of record %llu has %lu bytes, more than %zu", s->path,
		    (unsigned long long)head.first_sequence, (unsigned long)head.bytes, cap);
		return ERR_TOO_LARGE;
	}
	e = read_at(b, buffer, head.bytes, b->end, &got);
	if (e != ERR_OK) {
		return e;
	}
	if (got < head.bytes || head.bytes > b->promised_end - b->end ||
	    log_batch_check(v, bytes_of(buffer, head.bytes)) != ERR_OK) {
		return corrupt(b, "a batch is not what its hash says");
	}
	return ERR_OK;
}

static enum err replay(struct store *s, uint8_t *buffer, size_t cap, store_each each, void *context)
{
	struct store_backup *b = backup_of(s);

	while (b->end < b->promised_end) {
		const struct log_batch_head *head = &s->checked.head;
		enum err e = read_batch(b, &s->checked, buffer, cap);

		if (e != ERR_OK) {
			return e;
		}
		e = store_follows(s, head);
		if (e != ERR_OK) {
			return e;
		}
		e = each(context, bytes_of(buffer, head->bytes));
		if (e != ERR_OK) {
			store_fault_set(&s->fault, "%s: the batch of record %llu was refused: %s",
					s->path, (unsigned long long)head->first_sequence,
					err_words(e));
			return e;
		}
		s->next_sequence += head->count;
		s->head = head->hash;
		s->size_bytes += head->bytes;
		b->end += head->bytes;
	}
	if (s->next_sequence != b->promised_sequence || !hash32_eq(&s->head, &b->promised_head)) {
		return corrupt(b, "it ends otherwise than it says of itself");
	}
	return ERR_OK;
}

static enum err blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 const struct hash32 *name)
{
	struct store_backup *b = backup_of(s);
	uint64_t end = b->end;
	enum err e = ERR_NOT_FOUND;

	for (b->end = STORE_BACKUP_BATCHES_AT; e == ERR_NOT_FOUND && b->end < end;) {
		struct log_view v;
		enum err read = read_batch(b, &v, buffer, cap);

		e = read == ERR_OK ? log_view_blob(out, &v, name) : read;
		b->end += read == ERR_OK ? v.head.bytes : 0;
	}
	b->end = end;
	if (e == ERR_NOT_FOUND) {
		store_fault_set(&s->fault, "%s: no such blob", s->path);
	}
	return e;
}

static void close_file(struct store *s)
{
	struct store_backup *b = backup_of(s);

	if (b->fd >= 0) {
		(void)close(b->fd); /* everything acknowledged is synced */
		b->fd = -1;
	}
}

static const struct store_engine engine = {
	.name = "backup",
	.append = append,
	.replay = replay,
	.blob_get = blob_get,
	.close = close_file,
};

bool store_backup_is(const char *path)
{
	char head[sizeof magic] = { 0 };
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(head, 1, sizeof head, f);

	if (f != NULL) {
		(void)fclose(f);
	}
	return n == sizeof head && memcmp(head, magic, sizeof head) == 0;
}

static enum err open_file(struct store_backup *b, const char *path, enum store_backup_mode mode)
{
	struct stat st;
	int flags = mode == STORE_BACKUP_READ    ? O_RDONLY
		    : mode == STORE_BACKUP_GO_ON ? O_RDWR
						 : O_RDWR | O_CREAT | O_EXCL;

	b->fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd < 0) {
		enum err e = errno == ENOENT   ? ERR_NOT_FOUND
			     : errno == EEXIST ? ERR_EXISTS
					       : ERR_IO;

		(void)failed(b, mode == STORE_BACKUP_CREATE ? "create" : "open");
		return e;
	}
	if (fstat(b->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_fault_set(&b->base.fault, "%s: not a regular file", b->base.path);
		return ERR_TYPE;
	}
	if (flock(b->fd, (b->writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
		store_fault_set(&b->base.fault, "%s: locked: another process holds this backup",
				b->base.path);
		return ERR_BUSY;
	}
	return ERR_OK;
}

/* Slot 1 of nothing, then the page: a file that has less is no backup yet. */
static enum err make(struct store_backup *b, const char *path)
{
	static const uint8_t page[STORE_BACKUP_BATCHES_AT];
	static const struct hash32 none;
	enum err e = write_at(b, page, sizeof page, 0);

	b->generation =
	    1; /* so that the first one is written to slot 0, where the magic is looked for
		*/
	if (e == ERR_OK) {
		e = promise(b, 0, &none);
	}
	return e == ERR_OK ? store_sync_directory(path, &b->base.fault) : e;
}

enum err store_backup_open(struct store_backup *s, const char *path, enum store_backup_mode mode,
			   struct store_fault *fault)
{
	enum err e;

	memset(s, 0, sizeof *s);
	store_init(&s->base, &engine, path);
	s->fd = -1;
	s->writable = mode != STORE_BACKUP_READ;
	s->end = STORE_BACKUP_BATCHES_AT;
	e = open_file(s, path, mode);
	if (e == ERR_OK) {
		e = mode == STORE_BACKUP_CREATE ? make(s, path) : slots_read(s);
	}
	if (e == ERR_OK && mode == STORE_BACKUP_GO_ON) {
		/* what an append left that never finished */
		e = ftruncate(s->fd, (off_t)s->promised_end) == 0 ? ERR_OK : failed(s, "cut");
	}
	if (e != ERR_OK) {
		*fault = s->base.fault;
		store_close(&s->base);
	}
	return e;
}
