/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.c - blocks in one append-only file: a header, then for each block from height 2 its length
 * (u32, little-endian) and its verifiable bytes.  Pools are not stored, as in NIS.  A branch that
 * replaces blocks cuts the file and is appended: whenever the program is killed, the file holds a
 * beginning of the old chain or of the new one.
 *
 * Writes are handed to the kernel and not synced: the chain survives kill -9 of this program, which
 * is what tests need, and not the loss of power, which a development node may suffer from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "chain/nem/nem_block.h"
#include "io/file.h"
#include "io/notes.h"
#include "node.h"

enum { HEADER_BYTES = 8 + 32 };

static const char MAGIC[8] = { 'K', 'N', 'O', 'D', 'E', '0', '1', '\n' };

static void remember_end(struct node *n, uint64_t end)
{
	if (n->disk_n == n->disk_cap) {
		size_t cap = n->disk_cap == 0 ? 1024 : n->disk_cap * 2;
		uint64_t *p = realloc(n->disk_end, cap * sizeof *p);

		CHECK(p != NULL);
		n->disk_end = p;
		n->disk_cap = cap;
	}
	n->disk_end[n->disk_n++] = end;
}

/* All n bytes at offset.  ERR_NOT_FOUND if the file ends before; ERR_IO. */
static enum err read_at(int fd, void *p, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, (uint8_t *)p + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return ERR_IO;
		}
		if (got == 0) {
			return ERR_NOT_FOUND;
		}
		done += (size_t)got;
	}
	return ERR_OK;
}

static enum err check_header(struct node *n, uint64_t *end)
{
	struct nis_block nemesis = nis_top(n->nis);
	uint8_t header[HEADER_BYTES], expected[HEADER_BYTES];
	struct stat st;
	enum err e;

	memcpy(expected, MAGIC, sizeof MAGIC);
	memcpy(expected + sizeof MAGIC, nemesis.hash.b, 32);
	if (fstat(n->disk_fd, &st) != 0) {
		return ERR_IO;
	}
	*end = HEADER_BYTES;
	if (st.st_size < HEADER_BYTES) {
		/* New, or torn while it was made: nothing stood in it yet. */
		if (ftruncate(n->disk_fd, 0) != 0) {
			return ERR_IO;
		}
		return file_write_fd(n->disk_fd, bytes_of(expected, sizeof expected));
	}
	e = read_at(n->disk_fd, header, sizeof header, 0);
	if (e != ERR_OK) {
		return ERR_IO;
	}
	return bytes_eq(bytes_of(header, sizeof header), bytes_of(expected, sizeof expected))
		   ? ERR_OK
		   : ERR_CORRUPT;
}

/*
 * A block that was judged once is judged again, but for what was forgotten when it was made: the
 * retention may have been another then.
 */
static enum err replay(struct node *n, uint64_t *end, uint8_t *buffer)
{
	for (;;) {
		uint8_t length[4];
		uint32_t size;
		enum nem_result code;
		struct bytes block;
		enum err e = read_at(n->disk_fd, length, sizeof length, *end);

		if (e == ERR_NOT_FOUND) {
			return ERR_OK;
		}
		size = e == ERR_OK ? le32_get(length) : 0;
		if (e != ERR_OK || size == 0 || size > NEM_BLOCK_BYTES_MAX) {
			return e != ERR_OK ? e : ERR_CORRUPT;
		}
		e = read_at(n->disk_fd, buffer, size, *end + sizeof length);
		if (e == ERR_NOT_FOUND) {
			return ERR_OK;
		}
		block = bytes_of(buffer, size);
		if (e != ERR_OK || nis_accept(n->nis, block, INT32_MAX, &code) != ERR_OK ||
		    code != NEM_SUCCESS) {
			return e == ERR_OK ? ERR_CORRUPT : e;
		}
		*end += sizeof length + size;
		remember_end(n, *end);
	}
}

enum err node_disk_open(struct node *n)
{
	char path[600];
	uint8_t *buffer = NULL;
	uint64_t end = 0;
	enum err e = ERR_IO;

	if (n->config.data_dir[0] == '\0') {
		return ERR_OK;
	}
	(void)snprintf(path, sizeof path, "%s/blocks", n->config.data_dir);
	e = file_mkdir(n->config.data_dir, 0700);
	if (e != ERR_OK) {
		return e;
	}
	n->disk_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND | O_NOFOLLOW, 0600);
	if (n->disk_fd < 0) {
		return ERR_IO;
	}
	if (flock(n->disk_fd, LOCK_EX | LOCK_NB) != 0) {
		return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
	}
	buffer = malloc(NEM_BLOCK_BYTES_MAX);
	CHECK(buffer != NULL);
	e = check_header(n, &end);
	if (e == ERR_OK) {
		remember_end(n, end);
		nis_set_retention(n->nis, 1, nis_top(n->nis).time_s);
		e = replay(n, &end, buffer);
		nis_set_retention(n->nis, n->config.retention_s, nis_top(n->nis).time_s);
	}
	if (e == ERR_OK && ftruncate(n->disk_fd, (off_t)end) != 0) {
		e = ERR_IO;
	}
	free(buffer);
	return e;
}

static void append(struct node *n, uint64_t height)
{
	struct nis_block b;
	uint8_t length[4];

	CHECK(nis_block_at(n->nis, height, &b));
	le32_put(length, (uint32_t)b.verifiable.n);
	if (file_write_fd(n->disk_fd, bytes_of(length, sizeof length)) != ERR_OK ||
	    file_write_fd(n->disk_fd, b.verifiable) != ERR_OK) {
		NOTES(NOTES_BROKEN, "disk", notes_err(ERR_IO));
		_exit(err_exit(ERR_IO));
	}
	remember_end(n, n->disk_end[n->disk_n - 1] + sizeof length + b.verifiable.n);
}

void node_disk_follow(struct node *n, uint64_t common)
{
	if (n->disk_fd < 0) {
		return;
	}
	CHECK(common >= 1 && common <= n->disk_n && common <= nis_height(n->nis));
	if (common < n->disk_n) {
		n->disk_n = common;
		if (ftruncate(n->disk_fd, (off_t)n->disk_end[common - 1]) != 0) {
			NOTES(NOTES_BROKEN, "disk", notes_err(ERR_IO));
			_exit(err_exit(ERR_IO));
		}
	}
	for (uint64_t h = common + 1; h <= nis_height(n->nis); h++) {
		append(n, h);
	}
}

void node_disk_close(struct node *n)
{
	if (n->disk_fd >= 0) {
		(void)close(n->disk_fd);
	}
	free(n->disk_end);
}
