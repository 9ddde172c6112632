/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - the file engine.  Read append() for the promise, replay() for what a crash may leave.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/sha256.h"

enum {
	HEAD_MAGIC_BYTES = 16,
	HEAD_AT_VERSION = 16,
	HEAD_AT_ZERO = 20,
	HEAD_AT_CHECK = 24,
	HEAD_BYTES = 28, /* zeros from here to STORE_FILE_BATCHES_AT */
	SECTOR = 512,    /* what a disk writes whole or not at all */
	UNIT = 128,      /* batches start and end on it: no header lies across two sectors */
	ZEROS = 16 * 1024,
};

static const char magic[HEAD_MAGIC_BYTES + 1] = "kuramori journal";
static const uint8_t zeros[ZEROS];

static_assert(SECTOR % UNIT == 0 && STORE_FILE_BATCHES_AT % SECTOR == 0, "units fill sectors");

static struct store_file *file_of(struct store *s)
{
	return (struct store_file *)s; /* base is the first member */
}

static_assert(offsetof(struct store_file, base) == 0, "base is the first member");

/* Reads n bytes at offset; short only at the end of the file (*got < n). */
static enum err read_at(struct store_file *f, uint8_t *p, size_t n, uint64_t offset, size_t *got)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(f->fd, p + done, n - done, (off_t)(offset + done));

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0) {
			store_fault_set(&f->base.fault, "%s: cannot read: %s", f->base.path,
					strerror(errno));
			return ERR_IO;
		}
		if (r == 0) {
			break;
		}
		done += (size_t)r;
	}
	*got = done;
	return ERR_OK;
}

/* A failed write or sync: whatever the page cache says now, this process must not go on. */
static enum err broken(struct store_file *f, const char *what)
{
	int number = errno;

	f->base.phase = STORE_BROKEN;
	store_fault_set(&f->base.fault, "%s: cannot %s: %s", f->base.path, what, strerror(number));
	return number == ENOSPC || number == EFBIG || number == EDQUOT ? ERR_FULL : ERR_IO;
}

static enum err write_at(struct store_file *f, const uint8_t *p, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pwrite(f->fd, p + done, n - done, (off_t)(offset + done));

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0) {
			return broken(f, "write");
		}
		done += (size_t)r;
	}
	return ERR_OK;
}

static enum err sync_file(struct store_file *f)
{
	return fdatasync(f->fd) == 0 ? ERR_OK : broken(f, "sync");
}

/* Zeros on the range, not yet synced. */
static enum err write_zeros(struct store_file *f, uint64_t from, uint64_t to)
{
	while (from < to) {
		size_t n = to - from < ZEROS ? (size_t)(to - from) : ZEROS;
		enum err e = write_at(f, zeros, n, from);

		if (e != ERR_OK) {
			return e;
		}
		from += n;
	}
	return ERR_OK;
}

/* Makes the file at least this long, durably, before anything is put there. */
static enum err grow(struct store_file *f, uint64_t wanted)
{
	enum err e;

	if (wanted <= f->file_bytes) {
		return ERR_OK;
	}
	e = write_zeros(f, f->file_bytes, wanted);
	if (e == ERR_OK) {
		e = sync_file(f);
	}
	if (e == ERR_OK) {
		f->file_bytes = wanted;
	}
	return e;
}

static uint64_t whole_chunks(uint64_t n)
{
	return (n + STORE_FILE_CHUNK_BYTES - 1) / STORE_FILE_CHUNK_BYTES * STORE_FILE_CHUNK_BYTES;
}

/*
 * Batch by batch, each durable before the next is begun.  One write of them all with one sync would
 * be faster, and a power cut inside would leave any of their sectors: a batch with a missing sector
 * and whole batches behind it.  An acknowledged batch that lost a sector looks the same, and replay
 * could not tell which of the two it may cut.
 */
static enum err append(struct store *s, const struct store_batch *batches, size_t n)
{
	struct store_file *f = file_of(s);
	uint64_t after = f->end;
	enum err e;

	if (f->read_only) {
		store_fault_set(&s->fault, "%s: open for reading only", s->path);
		return ERR_STATE;
	}
	for (size_t i = 0; i < n; i++) {
		CHECK(after % UNIT == 0 && batches[i].bytes.n % UNIT == 0);
		after += batches[i].bytes.n;
	}
	if (f->capacity != 0 && after > f->capacity) {
		store_fault_set(&s->fault, "%s: its fixed capacity of %llu bytes is used up",
				s->path, (unsigned long long)f->capacity);
		return ERR_FULL;
	}
	e = grow(f, f->capacity != 0 ? f->capacity : whole_chunks(after));
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = write_at(f, batches[i].bytes.p, batches[i].bytes.n, f->end);
		if (e == ERR_OK) {
			e = sync_file(f);
		}
		if (e == ERR_OK) {
			f->end += batches[i].bytes.n;
		}
	}
	return e;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static enum err corrupt(struct store_file *f, uint64_t at, const char *what)
{
	store_fault_set(&f->base.fault, "%s: damaged at byte %llu (record %llu): %s", f->base.path,
			(unsigned long long)at, (unsigned long long)f->base.next_sequence, what);
	return ERR_CORRUPT;
}

/* *end becomes the offset behind the last byte other than zero in [from, end of file), or from. */
static enum err find_end(struct store_file *f, uint64_t *end, uint64_t from, uint8_t *buffer,
			 size_t cap)
{
	uint64_t last = from;

	for (uint64_t at = from; at < f->file_bytes;) {
		size_t got = 0;
		enum err e = read_at(f, buffer, cap, at, &got);

		if (e != ERR_OK) {
			return e;
		}
		if (got == 0) {
			break;
		}
		if (!all_zero(buffer, got)) {
			size_t i = got;

			while (buffer[i - 1] == 0) {
				i--;
			}
			last = at + i;
		}
		at += got;
	}
	*end = last;
	return ERR_OK;
}

/*
 * The journal ends at `at`; [at, end) is what an unfinished append left there.  Its bytes become
 * zeros again: the next torn write must be recognised too.
 */
static enum err cut(struct store_file *f, uint64_t at, uint64_t end)
{
	enum err e = ERR_OK;

	if (f->read_only) {
		return corrupt(f, at, "what is written last is not whole");
	}
	f->base.cut_bytes = end - at;
	if (end > at) {
		e = write_zeros(f, at, end);
	}
	if (e == ERR_OK) {
		e = sync_file(f);
	}
	return e;
}

/* A header of zeros at `at`: the end of the journal, or an append whose first sector is missing. */
static enum err end_without_head(struct store_file *f, uint64_t at, uint8_t *buffer, size_t cap)
{
	uint64_t end;
	size_t got = 0;
	enum err e = find_end(f, &end, at, buffer, cap);

	if (e != ERR_OK || end == at) {
		return e;
	}
	/* Its first sector never arrived, so that is zeros to its end: part of a sector is damage.
	 */
	e = read_at(f, buffer, SECTOR - (size_t)(at % SECTOR), at, &got);
	if (e != ERR_OK) {
		return e;
	}
	if (!all_zero(buffer, got) || end - at > LOG_BATCH_BYTES_MAX) {
		return corrupt(f, at, "zeros where a batch should begin");
	}
	/* One torn append, or a hole in front of whole batches?  Those have headers that verify. */
	for (uint64_t p = at + UNIT; p < end; p += UNIT) {
		uint8_t head[LOG_BATCH_HEAD_BYTES];
		struct log_batch_head h;

		e = read_at(f, head, sizeof(head), p, &got);
		if (e != ERR_OK) {
			return e;
		}
		if (got == sizeof(head) && log_batch_head_get(&h, head) == ERR_OK &&
		    h.first_sequence > f->base.next_sequence) {
			return corrupt(f, at, "zeros in front of a later batch");
		}
	}
	return cut(f, at, end);
}

/* The file ends at `at`, or within the header that would stand there. */
static enum err end_in_head(struct store_file *f, uint64_t at, uint8_t *buffer, size_t cap)
{
	uint64_t end;
	enum err e = find_end(f, &end, at, buffer, cap);

	return e == ERR_OK && end > at ? cut(f, at, end) : e;
}

/* True if a 512-byte sector's share of the batch is all zeros: it never reached the disk. */
static bool sector_missing(const uint8_t *p, uint64_t at, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t share = SECTOR - (size_t)((at + i) % SECTOR);

		if (share > n - i) {
			share = n - i;
		}
		if (all_zero(p + i, share)) {
			return true;
		}
		i += share;
	}
	return false;
}

/* The batch at `at` with this header does not verify: torn last append, or damage? */
static enum err end_with_head(struct store_file *f, uint64_t at, const struct log_batch_head *h,
			      size_t got, uint8_t *buffer, size_t cap)
{
	/* Padding is shorter than a unit, so a last unit of zeros is a write that was short. */
	bool torn = got < h->bytes || all_zero(buffer + h->bytes - UNIT, UNIT) ||
		    sector_missing(buffer, at, h->bytes);
	uint64_t end;
	enum err e;

	if (!torn) {
		return corrupt(f, at, "a batch does not match its hash");
	}
	e = find_end(f, &end, at, buffer, cap);
	if (e != ERR_OK) {
		return e;
	}
	if (end > at + h->bytes) {
		return corrupt(f, at, "a batch does not match its hash and others follow");
	}
	return cut(f, at, end);
}

/* One batch at f->end.  *done: the journal ends here. */
static enum err replay_one(struct store_file *f, bool *done, uint8_t *buffer, size_t cap,
			   store_each each, void *context)
{
	struct store *s = &f->base;
	uint64_t at = f->end;
	struct log_batch_head head;
	size_t got = 0;
	enum err e;

	e = read_at(f, buffer, LOG_BATCH_HEAD_BYTES, at, &got);
	if (e != ERR_OK) {
		return e;
	}
	*done = true;
	if (got < LOG_BATCH_HEAD_BYTES) {
		return end_in_head(f, at, buffer, cap);
	}
	if (all_zero(buffer, LOG_BATCH_HEAD_BYTES)) {
		return end_without_head(f, at, buffer, cap);
	}
	e = log_batch_head_get(&head, buffer);
	if (e == ERR_VERSION) {
		store_fault_set(&s->fault, "%s: batch at byte %llu was written by a newer program",
				s->path, (unsigned long long)at);
		return e;
	}
	if (e != ERR_OK) {
		return corrupt(f, at, "no batch begins here");
	}
	if (head.first_sequence != s->next_sequence || !hash32_eq(&head.previous, &s->head)) {
		return corrupt(f, at, "a batch does not follow the one before");
	}
	if (head.bytes > cap) {
		store_fault_set(&s->fault, "%s: batch at byte %llu has %lu bytes, more than %zu",
				s->path, (unsigned long long)at, (unsigned long)head.bytes, cap);
		return ERR_TOO_LARGE;
	}
	e = read_at(f, buffer, head.bytes, at, &got);
	if (e != ERR_OK) {
		return e;
	}
	if (got < head.bytes ||
	    log_batch_check(&s->checked, bytes_of(buffer, head.bytes)) != ERR_OK) {
		return end_with_head(f, at, &head, got, buffer, cap);
	}
	e = each(context, bytes_of(buffer, head.bytes));
	if (e != ERR_OK) {
		store_fault_set(&s->fault, "%s: batch at byte %llu (record %llu) was refused: %s",
				s->path, (unsigned long long)at,
				(unsigned long long)head.first_sequence, err_words(e));
		return e;
	}
	s->next_sequence += head.count;
	s->head = head.hash;
	s->size_bytes += head.bytes;
	f->end += head.bytes;
	*done = false;
	return ERR_OK;
}

static enum err replay(struct store *s, uint8_t *buffer, size_t cap, store_each each, void *context)
{
	struct store_file *f = file_of(s);
	bool done = false;

	while (!done) {
		enum err e = replay_one(f, &done, buffer, cap, each, context);

		if (e != ERR_OK) {
			return e;
		}
	}
	return f->capacity != 0 ? grow(f, f->capacity) : ERR_OK;
}

/* True if a record of the batch links the name. */
static bool names_blob(const uint8_t *records, uint32_t count, const struct hash32 *name)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *link =
		    records + (size_t)(i + 1) * LOG_RECORD_BYTES - sizeof(name->b);

		if (memcmp(link, name->b, sizeof(name->b)) == 0) {
			return true;
		}
	}
	return false;
}

static enum err blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 const struct hash32 *name)
{
	struct store_file *f = file_of(s);
	uint64_t at = STORE_FILE_BATCHES_AT;

	while (at < f->end) {
		uint8_t first[LOG_BATCH_HEAD_BYTES];
		struct log_batch_head head;
		struct log_view v;
		size_t got = 0, part;
		enum err e = read_at(f, first, sizeof(first), at, &got);

		if (e != ERR_OK) {
			return e;
		}
		if (got < sizeof(first) || log_batch_head_get(&head, first) != ERR_OK ||
		    head.bytes > f->end - at) {
			return corrupt(f, at, "no batch begins here any more");
		}
		part = (size_t)head.count * LOG_RECORD_BYTES;
		if (head.bytes > cap) {
			store_fault_set(&s->fault, "%s: a batch has %lu bytes, more than %zu",
					s->path, (unsigned long)head.bytes, cap);
			return ERR_TOO_LARGE;
		}
		e = read_at(f, buffer, part, at + LOG_BATCH_HEAD_BYTES, &got);
		if (e != ERR_OK) {
			return e;
		}
		if (got == part && names_blob(buffer, head.count, name)) {
			e = read_at(f, buffer, head.bytes, at, &got);
			if (e != ERR_OK) {
				return e;
			}
			if (got < head.bytes ||
			    log_batch_check(&v, bytes_of(buffer, head.bytes)) != ERR_OK) {
				return corrupt(f, at, "a batch does not match its hash any more");
			}
			if (log_view_blob(out, &v, name) == ERR_OK) {
				return ERR_OK;
			}
		}
		at += head.bytes;
	}
	store_fault_set(&s->fault, "%s: no such blob", s->path);
	return ERR_NOT_FOUND;
}

static void close_file(struct store *s)
{
	struct store_file *f = file_of(s);

	if (f->fd >= 0) {
		(void)close(f->fd); /* everything acknowledged is synced */
		f->fd = -1;
	}
}

static const struct store_engine engine = {
	.name = "file",
	.append = append,
	.replay = replay,
	.blob_get = blob_get,
	.close = close_file,
};

static void head_make(uint8_t head[HEAD_BYTES])
{
	struct hash32 h;

	memset(head, 0, HEAD_BYTES);
	memcpy(head, magic, HEAD_MAGIC_BYTES);
	le32_put(head + HEAD_AT_VERSION, STORE_FILE_VERSION);
	le32_put(head + HEAD_AT_ZERO, 0);
	sha256(&h, bytes_of(head, HEAD_AT_CHECK));
	memcpy(head + HEAD_AT_CHECK, h.b, HEAD_BYTES - HEAD_AT_CHECK);
}

static enum err head_read(struct store_file *f)
{
	uint8_t head[STORE_FILE_BATCHES_AT];
	struct hash32 h;
	size_t got = 0;
	enum err e = read_at(f, head, sizeof(head), 0, &got);

	if (e != ERR_OK) {
		return e;
	}
	if (got < HEAD_MAGIC_BYTES || memcmp(head, magic, HEAD_MAGIC_BYTES) != 0) {
		store_fault_set(&f->base.fault, "%s: not a Kuramori journal", f->base.path);
		return ERR_TYPE;
	}
	if (got < sizeof(head)) {
		return corrupt(f, got, "the file ends inside its header");
	}
	sha256(&h, bytes_of(head, HEAD_AT_CHECK));
	if (memcmp(head + HEAD_AT_CHECK, h.b, HEAD_BYTES - HEAD_AT_CHECK) != 0) {
		return corrupt(f, 0, "the file's header does not match its check");
	}
	if (le32_get(head + HEAD_AT_VERSION) > STORE_FILE_VERSION) {
		store_fault_set(&f->base.fault, "%s: journal version %lu, this program reads %d",
				f->base.path, (unsigned long)le32_get(head + HEAD_AT_VERSION),
				STORE_FILE_VERSION);
		return ERR_VERSION;
	}
	if (le32_get(head + HEAD_AT_VERSION) != STORE_FILE_VERSION ||
	    le32_get(head + HEAD_AT_ZERO) != 0 ||
	    !all_zero(head + HEAD_BYTES, sizeof(head) - HEAD_BYTES)) {
		return corrupt(f, 0, "the file's header");
	}
	return ERR_OK;
}

static enum err lock(struct store_file *f)
{
	if (flock(f->fd, LOCK_EX | LOCK_NB) == 0) {
		return ERR_OK;
	}
	if (errno == EWOULDBLOCK) {
		store_fault_set(&f->base.fault, "%s: another process holds this journal",
				f->base.path);
		return ERR_BUSY;
	}
	store_fault_set(&f->base.fault, "%s: cannot lock: %s", f->base.path, strerror(errno));
	return ERR_IO;
}

/* Open for reading alone: what it is, and its size now. */
static enum err adopt_read_only(struct store_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_fault_set(&f->base.fault, "%s: not a regular file", f->base.path);
		return ERR_TYPE;
	}
	f->read_only = true;
	f->file_bytes = (uint64_t)st.st_size;
	f->end = STORE_FILE_BATCHES_AT;
	return head_read(f);
}

/* Locks f->fd, checks what it is and takes over its size.  given: somebody else opened it. */
static enum err adopt(struct store_file *f, uint64_t capacity, bool given)
{
	struct stat st;
	enum err e = lock(f);

	if (e != ERR_OK) {
		return e;
	}
	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		store_fault_set(&f->base.fault, "%s: not a regular file", f->base.path);
		return ERR_TYPE;
	}
	if (given && (fcntl(f->fd, F_GETFL) & O_ACCMODE) != O_RDWR) {
		store_fault_set(&f->base.fault, "%s: not open for reading and writing",
				f->base.path);
		return ERR_IO;
	}
	/* What a dead process left in memory only: onto the disk, then read from there. */
	e = sync_file(f);
	if (e != ERR_OK) {
		return e;
	}
	(void)posix_fadvise(f->fd, 0, 0,
			    POSIX_FADV_DONTNEED); /* advice: nothing to do if refused */
	f->file_bytes = (uint64_t)st.st_size;
	f->capacity = capacity;
	f->base.capacity_bytes = capacity == 0 ? 0 : capacity - STORE_FILE_BATCHES_AT;
	f->end = STORE_FILE_BATCHES_AT;
	return head_read(f);
}

/* Opens path ".new", fills it, and renames it: a journal exists whole or not at all. */
static enum err create(struct store_file *f, const char *path, uint64_t capacity)
{
	char fresh[PATH_MAX];
	uint8_t head[HEAD_BYTES];
	struct stat here, there;
	int n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	enum err e;

	if (n < 0 || (size_t)n >= sizeof(fresh)) {
		store_fault_set(&f->base.fault, "%s: the path is too long", f->base.path);
		return ERR_IO;
	}
	f->fd = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0) {
		return broken(f, "create");
	}
	e = lock(f);
	if (e != ERR_OK) {
		return e;
	}
	/* Between open and lock another process may have finished and renamed this very file. */
	if (fstat(f->fd, &here) != 0 || stat(fresh, &there) != 0 || here.st_ino != there.st_ino ||
	    here.st_dev != there.st_dev) {
		store_fault_set(&f->base.fault, "%s: another process creates this journal",
				f->base.path);
		return ERR_BUSY;
	}
	if (ftruncate(f->fd, 0) != 0) {
		return broken(f, "create");
	}
	head_make(head);
	e = write_zeros(f, 0, capacity != 0 ? capacity : STORE_FILE_CHUNK_BYTES);
	if (e == ERR_OK) {
		e = write_at(f, head, sizeof(head), 0);
	}
	if (e == ERR_OK) {
		e = sync_file(f);
	}
	if (e != ERR_OK) {
		(void)unlink(fresh); /* nothing of it was ever a journal; the error is reported */
		return e;
	}
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
		if (errno == EEXIST) {
			store_fault_set(&f->base.fault, "%s: exists already", f->base.path);
			return ERR_EXISTS;
		}
		return broken(f, "create");
	}
	return ERR_OK;
}

static enum err open_path(struct store_file *f, const char *path, enum store_file_mode mode,
			  uint64_t capacity)
{
	bool reads = mode == STORE_FILE_READ;
	enum err e;

	f->fd = open(path, (reads ? O_RDONLY | O_NONBLOCK : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0 && errno == ENOENT) {
		if (mode == STORE_FILE_EXISTING || reads) {
			store_fault_set(&f->base.fault, "%s: there is no such journal",
					f->base.path);
			return ERR_NOT_FOUND;
		}
		e = create(f, path, capacity);
		if (e != ERR_OK) {
			return e;
		}
	} else if (f->fd < 0) {
		return broken(f, reads ? "open" : "open for writing");
	} else if (mode == STORE_FILE_CREATE) {
		store_fault_set(&f->base.fault, "%s: exists already", f->base.path);
		return ERR_EXISTS;
	}
	if (reads) {
		return adopt_read_only(f);
	}
	e = adopt(f, capacity, false);
	if (e != ERR_OK) {
		return e;
	}
	e = store_sync_directory(path, &f->base.fault);
	if (e != ERR_OK) {
		f->base.phase = STORE_BROKEN;
	}
	return e;
}

static enum err begin(struct store_file *f, const char *name, uint64_t capacity,
		      struct store_fault *fault)
{
	memset(f, 0, sizeof(*f));
	store_init(&f->base, &engine, name);
	f->fd = -1;
	if (capacity != 0 && capacity < STORE_FILE_CHUNK_BYTES) {
		store_fault_set(fault, "%s: a capacity of %llu bytes is too small", name,
				(unsigned long long)capacity);
		f->base.phase = STORE_CLOSED;
		return ERR_FIELD_RANGE;
	}
	return ERR_OK;
}

enum err store_file_open(struct store_file *s, const char *path, enum store_file_mode mode,
			 uint64_t capacity, struct store_fault *fault)
{
	enum err e = begin(s, path, capacity, fault);

	if (e != ERR_OK) {
		return e;
	}
	e = open_path(s, path, mode, capacity);
	if (e != ERR_OK) {
		*fault = s->base.fault;
		store_close(&s->base);
	}
	return e;
}

enum err store_file_from_fd(struct store_file *s, int fd, const char *name, uint64_t capacity,
			    struct store_fault *fault)
{
	enum err e = begin(s, name, capacity, fault);

	if (e != ERR_OK) {
		return e;
	}
	s->fd = fd;
	e = adopt(s, capacity, true);
	if (e != ERR_OK) {
		*fault = s->base.fault;
		s->fd = -1; /* stays the caller's */
		store_close(&s->base);
	}
	return e;
}

enum err store_file_read(struct store_file *f, uint8_t *out, size_t n, uint64_t offset)
{
	uint64_t used;
	size_t got = 0;
	enum err e;

	if (f->base.phase != STORE_READY && f->base.phase != STORE_OPENED) {
		return ERR_STATE;
	}
	used = f->end - STORE_FILE_BATCHES_AT;
	if (offset > used || n > used - offset) {
		return ERR_FIELD_RANGE;
	}
	e = read_at(f, out, n, STORE_FILE_BATCHES_AT + offset, &got);
	if (e != ERR_OK) {
		return e;
	}
	return got == n ? ERR_OK : ERR_IO;
}
