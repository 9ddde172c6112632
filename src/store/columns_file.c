/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

/* Eight columns grow with every event, and what waits should stay in the cache until it is written.
 */
enum { ROOM_MAX = 64 << 10, BUFFER_FIRST = 4 << 10, BUFFER_MOST = 64 << 10 };

void columns_fault_say(struct columns_fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(fault->text, sizeof fault->text, format, args);
	va_end(args);
}

/* ---- the disk ---- */

static int plain_write(void *ctx, int fd, const void *p, size_t n, uint64_t offset)
{
	const uint8_t *at = p;

	(void)ctx;
	while (n > 0) {
		ssize_t done = pwrite(fd, at, n, (off_t)offset);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return done < 0 ? errno : EIO;
		}
		at += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

static int plain_sync(void *ctx, int fd)
{
	(void)ctx;
	return fdatasync(fd) == 0 ? 0 : errno;
}

static int plain_move(void *ctx, const char *from, const char *to)
{
	(void)ctx;
	return rename(from, to) == 0 ? 0 : errno;
}

const struct columns_disk columns_disk_plain = { NULL, plain_write, plain_sync, plain_move };

/* ---- writing ---- */

enum { SHOWN_MAX = 320 };

/* The name as messages show it. */
static const char *shown(const struct columns_file *f, char out[SHOWN_MAX])
{
	const char *inside = f->folder + f->folder_n;

	inside += *inside == '/' ? 1 : 0;
	(void)snprintf(out, SHOWN_MAX, "%.64s%s%.64s", inside, *inside == '\0' ? "" : "/", f->name);
	return out;
}

static enum err failed(const struct columns_file *f, const char *what, int code,
		       struct columns_fault *fault)
{
	char name[SHOWN_MAX];

	columns_fault_say(fault, "%s: cannot %s: %s", shown(f, name), what, strerror(code));
	return code == ENOSPC || code == EDQUOT || code == ENOMEM ? ERR_FULL : ERR_IO;
}

void columns_file_init(struct columns_file *f, const struct columns_disk *disk, const char *folder,
		       size_t folder_n, const char *name, const struct columns_extent *extent)
{
	memset(f, 0, sizeof *f);
	f->folder = folder;
	f->folder_n = folder_n;
	f->name = name;
	f->disk = disk;
	f->fd = f->sum_fd = -1;
	f->width = extent->width;
	f->bytes = extent->bytes;
	f->check = extent->check;
}

static int open_at(struct columns_file *f, const char *ending)
{
	char path[COLUMNS_PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s%s", f->folder, f->name, ending);
	int fd;

	if (n < 0 || (size_t)n >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		f->made = f->made || fd >= 0;
	}
	return fd;
}

static enum err opened(struct columns_file *f, struct columns_fault *fault)
{
	if (f->fd < 0) {
		f->fd = open_at(f, "");
	}
	return f->fd >= 0 ? ERR_OK : failed(f, "be opened", errno, fault);
}

static enum err sum_opened(struct columns_file *f, struct columns_fault *fault)
{
	if (f->sum_fd < 0) {
		f->sum_fd = open_at(f, ".sum");
	}
	return f->sum_fd >= 0 ? ERR_OK : failed(f, "be opened (.sum)", errno, fault);
}

static enum err damaged(const char *name, uint64_t page, uint64_t from, uint64_t to,
			struct columns_fault *fault)
{
	columns_fault_say(fault,
			  "%s: page %" PRIu64 " (bytes %" PRIu64 " to %" PRIu64
			  ") is not what was written there: take the store from a copy, or ingest "
			  "into a new folder",
			  name, page, from, to - 1);
	return ERR_CORRUPT;
}

static enum err truncated(const char *name, uint64_t have, uint64_t want,
			  struct columns_fault *fault)
{
	columns_fault_say(fault,
			  "%s: the file ends at byte %" PRIu64 ", the head counts %" PRIu64
			  ": take the store from a copy, or ingest into a new folder",
			  name, have, want);
	return ERR_CORRUPT;
}

/* n bytes at offset; fewer is ERR_CORRUPT. */
static enum err read_all(struct columns_file *f, uint8_t *out, size_t n, uint64_t offset,
			 struct columns_fault *fault)
{
	size_t got = 0;

	while (got < n) {
		ssize_t done = pread(f->fd, out + got, n - got, (off_t)(offset + got));

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done < 0) {
			return failed(f, "be read", errno, fault);
		}
		if (done == 0) {
			char name[SHOWN_MAX];

			return truncated(shown(f, name), offset + got, f->bytes, fault);
		}
		got += (size_t)done;
	}
	return ERR_OK;
}

/* The check of the bytes of the last page, of which `bytes` end the column. */
static enum err tail_check(struct columns_file *f, uint64_t bytes, uint32_t *check,
			   struct columns_fault *fault)
{
	size_t n = (size_t)(bytes % COLUMNS_PAGE_BYTES);
	uint8_t *page;
	enum err e;

	*check = 0;
	if (n == 0) {
		return ERR_OK;
	}
	page = malloc(n);
	if (page == NULL) {
		return failed(f, "be read", ENOMEM, fault);
	}
	e = read_all(f, page, n, bytes - n, fault);
	if (e == ERR_OK) {
		*check = columns_head_check(0, bytes_of(page, n));
	}
	free(page);
	return e;
}

enum err columns_file_check(struct columns_file *f, struct columns_fault *fault)
{
	uint32_t check = 0;
	enum err e = opened(f, fault);
	char name[SHOWN_MAX];
	struct stat st;

	if (e != ERR_OK) {
		return e;
	}
	if (fstat(f->fd, &st) != 0) {
		return failed(f, "be asked for its size", errno, fault);
	}
	if ((uint64_t)st.st_size < f->bytes) {
		return truncated(shown(f, name), (uint64_t)st.st_size, f->bytes, fault);
	}
	e = tail_check(f, f->bytes, &check, fault);
	if (e == ERR_OK && check != f->check) {
		uint64_t page = f->bytes / COLUMNS_PAGE_BYTES;

		e = damaged(shown(f, name), page, page * COLUMNS_PAGE_BYTES, f->bytes, fault);
	}
	return e;
}

uint8_t *columns_file_room(struct columns_file *f, size_t n, struct columns_fault *fault)
{
	uint8_t *at;

	CHECK(n <= ROOM_MAX);
	if (f->n + n > f->cap) {
		size_t cap = f->cap == 0 ? BUFFER_FIRST : f->cap;
		uint8_t *p;

		while (cap < BUFFER_MOST && cap < f->n + n) {
			cap *= 4;
		}
		if (f->n + n > cap) {
			f->why = columns_file_flush(f, fault);
			if (f->why != ERR_OK) {
				return NULL;
			}
		}
		if (cap > f->cap) {
			p = realloc(f->buffer, cap);
			if (p == NULL) {
				f->why = failed(f, "be written", ENOMEM, fault);
				return NULL;
			}
			f->buffer = p;
			f->cap = cap;
		}
	}
	at = f->buffer + f->n;
	f->n += n;
	f->bytes += n;
	return at;
}

/* The checks of what is written now, page by page; those of full pages go to their file. */
static enum err count_in(struct columns_file *f, uint64_t offset, struct columns_fault *fault)
{
	struct bytes left = bytes_of(f->buffer, f->n);

	while (left.n > 0) {
		size_t room = COLUMNS_PAGE_BYTES - (size_t)(offset % COLUMNS_PAGE_BYTES);
		size_t n = left.n < room ? left.n : room;

		f->check = columns_head_check(f->check, bytes_of(left.p, n));
		left = bytes_of(left.p + n, left.n - n);
		offset += n;
		if (n == room) {
			uint8_t sum[4];
			enum err e = sum_opened(f, fault);
			int code;

			if (e != ERR_OK) {
				return e;
			}
			le32_put(sum, f->check);
			f->sum_dirty = true;
			code = f->disk->write(f->disk->ctx, f->sum_fd, sum, sizeof sum,
					      (offset / COLUMNS_PAGE_BYTES - 1) * sizeof sum);
			if (code != 0) {
				return failed(f, "be written (.sum)", code, fault);
			}
			f->check = 0;
		}
	}
	return ERR_OK;
}

enum err columns_file_flush(struct columns_file *f, struct columns_fault *fault)
{
	uint64_t offset = f->bytes - f->n;
	enum err e;
	int code;

	if (f->n == 0) {
		return ERR_OK;
	}
	e = opened(f, fault);
	if (e != ERR_OK) {
		return e;
	}
	f->dirty = true;
	code = f->disk->write(f->disk->ctx, f->fd, f->buffer, f->n, offset);
	if (code != 0) {
		return failed(f, "be written", code, fault);
	}
	e = count_in(f, offset, fault);
	f->n = 0;
	return e;
}

enum err columns_file_sync(struct columns_file *f, struct columns_extent *extent,
			   struct columns_fault *fault)
{
	enum err e = columns_file_flush(f, fault);
	int code = 0;

	if (e != ERR_OK) {
		return e;
	}
	if (f->dirty) {
		code = f->disk->sync(f->disk->ctx, f->fd);
		f->dirty = false;
	}
	if (code == 0 && f->sum_dirty) {
		code = f->disk->sync(f->disk->ctx, f->sum_fd);
		f->sum_dirty = false;
	}
	if (code != 0) {
		return failed(f, "be made durable", code, fault);
	}
	*extent = (struct columns_extent){ f->bytes, f->check, f->width };
	return ERR_OK;
}

enum err columns_file_cut(struct columns_file *f, uint64_t rows, struct columns_fault *fault)
{
	uint64_t bytes = rows * f->width;
	uint32_t check = 0;
	enum err e;

	CHECK(bytes <= f->bytes);
	if (bytes == f->bytes) {
		return ERR_OK;
	}
	e = columns_file_flush(f, fault);
	if (e == ERR_OK) {
		e = opened(f, fault);
	}
	if (e == ERR_OK) {
		e = tail_check(f, bytes, &check, fault);
	}
	if (e == ERR_OK) {
		f->bytes = bytes;
		f->check = check;
	}
	return e;
}

enum err columns_file_read(struct columns_file *f, void *out, uint64_t row, uint64_t n,
			   struct columns_fault *fault)
{
	enum err e;

	CHECK(row + n <= columns_file_rows(f));
	if (n == 0) {
		return ERR_OK;
	}
	/* what was written long ago does not make a short write of what was not */
	e = (row + n) * f->width > f->bytes - f->n ? columns_file_flush(f, fault) : ERR_OK;
	if (e == ERR_OK) {
		e = opened(f, fault);
	}
	return e == ERR_OK ? read_all(f, out, (size_t)n * f->width, row * f->width, fault) : e;
}

void columns_file_rest(struct columns_file *f)
{
	f->bytes -= f->n;
	f->n = f->cap = 0;
	free(f->buffer);
	f->buffer = NULL;
	if (f->fd >= 0) {
		(void)close(f->fd);
	}
	if (f->sum_fd >= 0) {
		(void)close(f->sum_fd);
	}
	f->fd = f->sum_fd = -1;
}

/* ---- reading ---- */

static enum err map_file(const char *path, const char *name, uint64_t bytes, uint8_t **p,
			 struct columns_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0) {
		columns_fault_say(fault, "%s: cannot be opened: %s", name, strerror(errno));
		return errno == ENOENT ? ERR_CORRUPT : ERR_IO;
	}
	if (fstat(fd, &st) != 0) {
		columns_fault_say(fault, "%s: cannot be asked for its size: %s", name,
				  strerror(errno));
		(void)close(fd);
		return ERR_IO;
	}
	if ((uint64_t)st.st_size < bytes) {
		(void)close(fd);
		return truncated(name, (uint64_t)st.st_size, bytes, fault);
	}
	at = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (at == MAP_FAILED) {
		columns_fault_say(fault, "%s: cannot be mapped: %s", name, strerror(errno));
		return ERR_IO;
	}
	*p = at;
	return ERR_OK;
}

static enum err check_pages(const struct columns_map *m, const struct columns_extent *extent,
			    const char *path, const char *name, uint64_t first, uint64_t pages,
			    struct columns_fault *fault)
{
	const uint64_t full = m->bytes / COLUMNS_PAGE_BYTES;
	uint8_t *sums = NULL;
	char sum_path[COLUMNS_PATH_MAX + 8], sum_name[COLUMNS_PATH_MAX + 8];
	enum err e = ERR_OK;

	if (full > 0) {
		(void)snprintf(sum_path, sizeof sum_path, "%s.sum", path);
		(void)snprintf(sum_name, sizeof sum_name, "%s.sum", name);
		e = map_file(sum_path, sum_name, full * 4, &sums, fault);
	}
	for (uint64_t i = first; e == ERR_OK && i <= full && i - first < pages; i++) {
		uint64_t at = i * COLUMNS_PAGE_BYTES;
		uint64_t n = i < full ? COLUMNS_PAGE_BYTES : m->bytes - at;
		uint32_t want = i < full ? le32_get(sums + i * 4) : extent->check;

		if (columns_head_check(0, bytes_of(m->p + at, (size_t)n)) != want) {
			e = damaged(name, i, at, at + n, fault);
		}
	}
	if (sums != NULL) {
		(void)munmap(sums, (size_t)full * 4);
	}
	return e;
}

static enum err path_in(char path[COLUMNS_PATH_MAX], const char *folder, const char *name,
			struct columns_fault *fault)
{
	int n = snprintf(path, COLUMNS_PATH_MAX, "%s/%s", folder, name);

	if (n < 0 || n >= COLUMNS_PATH_MAX) {
		columns_fault_say(fault, "%s: the path is too long", name);
		return ERR_IO;
	}
	return ERR_OK;
}

enum err columns_map_check(const struct columns_map *m, const char *folder, size_t folder_n,
			   const char *name, const struct columns_extent *extent, uint64_t first,
			   uint64_t pages, struct columns_fault *fault)
{
	char path[COLUMNS_PATH_MAX];
	enum err e = path_in(path, folder, name, fault);

	return e == ERR_OK && m->bytes > 0
		   ? check_pages(m, extent, path, path + folder_n + (path[folder_n] == '/' ? 1 : 0),
				 first, pages, fault)
		   : e;
}

enum err columns_map_open(struct columns_map *m, const char *folder, size_t folder_n,
			  const char *name, const struct columns_extent *extent, bool check,
			  struct columns_fault *fault)
{
	char path[COLUMNS_PATH_MAX];
	enum err e = path_in(path, folder, name, fault);

	m->p = NULL;
	m->bytes = extent->bytes;
	if (e != ERR_OK || extent->bytes == 0) {
		return e;
	}
	e = map_file(path, path + folder_n + (path[folder_n] == '/' ? 1 : 0), extent->bytes, &m->p,
		     fault);
	if (e == ERR_OK && check) {
		e = columns_map_check(m, folder, folder_n, name, extent, 0, UINT64_MAX, fault);
		if (e != ERR_OK) {
			columns_map_close(m);
		}
	}
	return e;
}

enum err columns_file_verify(const struct columns_file *f, uint64_t row, uint64_t n,
			     struct columns_fault *fault)
{
	const struct columns_extent extent = { f->bytes - f->n, f->check, f->width };
	const uint64_t rows = extent.bytes / f->width, end = n < rows - row ? row + n : rows;
	struct columns_map m = { NULL, 0 };
	uint64_t first, last;
	enum err e;

	if (row >= rows || n == 0) {
		return ERR_OK;
	}
	first = row * f->width / COLUMNS_PAGE_BYTES;
	last = (end * f->width - 1) / COLUMNS_PAGE_BYTES;
	/* the page that is not full yet may begin right behind the last row */
	last += end == rows && end * f->width % COLUMNS_PAGE_BYTES == 0 ? 1 : 0;
	e = columns_map_open(&m, f->folder, f->folder_n, f->name, &extent, false, fault);
	if (e == ERR_OK) {
		e = columns_map_check(&m, f->folder, f->folder_n, f->name, &extent, first,
				      last - first + 1, fault);
	}
	columns_map_close(&m);
	return e;
}

void columns_map_close(struct columns_map *m)
{
	if (m->p != NULL) {
		(void)munmap(m->p, (size_t)m->bytes);
	}
	m->p = NULL;
	m->bytes = 0;
}
