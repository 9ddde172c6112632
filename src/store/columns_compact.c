/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_compact.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/columns_self.h"

enum { NAME_MAX_BYTES = 64, PIECE = 1 << 20 };

/* so that every column's hole ends where a page does */
static_assert((int)COLUMNS_COLD_STEP % (COLUMNS_PAGE_BYTES / 4) == 0 &&
		  COLUMNS_COLD_SEGMENT % COLUMNS_COLD_STEP == 0 &&
		  (int)COLUMNS_COLD_SEGMENT <= (int)COLUMNS_COLD_SEGMENT_MAX,
	      "segments end where pages of every column do");

static const char *inside(const char *folder, size_t folder_n)
{
	return folder + folder_n + (folder[folder_n] == '/' ? 1 : 0);
}

static enum err failed(const char *folder, size_t folder_n, const char *name, const char *what,
		       int code, struct columns_fault *fault)
{
	columns_fault_say(fault, "%s/%s: cannot %s: %s", inside(folder, folder_n), name, what,
			  strerror(code));
	return code == ENOSPC || code == EDQUOT || code == ENOMEM ? ERR_FULL : ERR_IO;
}

/* ---- reading ---- */

static enum err damaged(const struct columns_segment *s, enum err e,
			const struct columns_cold_fault *at, struct columns_fault *fault)
{
	if (e == ERR_CORRUPT) {
		columns_fault_say(fault,
				  "%s/cold-%" PRIu32 ": page %" PRIu64 " (bytes %" PRIu64
				  " to %" PRIu64
				  ") is not what was written there: take the store from a copy, or "
				  "ingest into a new folder",
				  inside(s->folder, s->folder_n), s->number, at->page, at->from,
				  at->end == 0 ? 0 : at->end - 1);
	} else if (e == ERR_VERSION) {
		columns_fault_say(fault, "%s/cold-%" PRIu32 ": made by a newer program",
				  inside(s->folder, s->folder_n), s->number);
	} else if (e == ERR_FULL) {
		columns_fault_say(fault, "out of memory");
	}
	return e;
}

/* whole: with its accounts */
static enum err open_segment(struct columns_segment *s, const char *folder, size_t folder_n,
			     uint32_t number, uint64_t first, bool whole, size_t accounts_n,
			     struct columns_fault *fault)
{
	struct columns_extent extent = { 0, 0, 1 };
	struct columns_cold_fault at = { 0, 0, 0 };
	char name[NAME_MAX_BYTES], path[COLUMNS_PATH_MAX];
	struct stat st;
	enum err e;
	int n;

	memset(s, 0, sizeof *s);
	s->folder = folder;
	s->folder_n = folder_n;
	s->number = number;
	(void)snprintf(name, sizeof name, "cold-%" PRIu32, number);
	n = snprintf(path, sizeof path, "%s/%s", folder, name);
	if (n < 0 || (size_t)n >= sizeof path) {
		return failed(folder, folder_n, name, "be opened", ENAMETOOLONG, fault);
	}
	if (stat(path, &st) != 0) {
		return errno == ENOENT ? ERR_NOT_FOUND
				       : failed(folder, folder_n, name, "be opened", errno, fault);
	}
	extent.bytes = (uint64_t)st.st_size;
	e = columns_map_open(&s->map, folder, folder_n, name, &extent, false, fault);
	if (e != ERR_OK) {
		return e;
	}
	e = damaged(s,
		    whole
			? columns_cold_open(&s->cold, bytes_of(s->map.p, s->map.bytes), accounts_n,
					    true, &at)
			: columns_cold_look(&s->cold, bytes_of(s->map.p, s->map.bytes), true, &at),
		    &at, fault);
	if (e == ERR_OK && (s->cold.first != first || s->cold.events % COLUMNS_COLD_STEP != 0)) {
		columns_fault_say(fault,
				  "%s/%s: holds events from %" PRIu64 " on, not from %" PRIu64
				  ": take the store from a copy, or ingest into a new folder",
				  inside(folder, folder_n), name, s->cold.first, first);
		e = ERR_CORRUPT;
	}
	if (e != ERR_OK) {
		columns_segment_close(s);
	}
	return e;
}

enum err columns_segment_open(struct columns_segment *s, const char *folder, size_t folder_n,
			      uint32_t number, uint64_t first, size_t accounts_n,
			      struct columns_fault *fault)
{
	return open_segment(s, folder, folder_n, number, first, true, accounts_n, fault);
}

enum err columns_segment_look(struct columns_segment *s, const char *folder, size_t folder_n,
			      uint32_t number, uint64_t first, struct columns_fault *fault)
{
	return open_segment(s, folder, folder_n, number, first, false, 0, fault);
}

void columns_segment_close(struct columns_segment *s)
{
	columns_cold_close(&s->cold);
	columns_map_close(&s->map);
}

enum err columns_segment_next(struct columns_segment *s, const struct columns_cold_rows *rows,
			      struct columns_fault *fault)
{
	struct columns_cold_fault at = { 0, 0, 0 };

	return damaged(s, columns_cold_next(&s->cold, true, rows, &at), &at, fault);
}

enum err columns_segment_page(struct columns_segment *s, uint32_t page,
			      const struct columns_cold_rows *rows, struct columns_fault *fault)
{
	struct columns_cold_fault at = { 0, 0, 0 };

	return damaged(s, columns_cold_page(&s->cold, page, true, rows, &at), &at, fault);
}

enum err columns_segment_tx(struct columns_segment *s, uint32_t page, uint32_t *tx,
			    struct columns_fault *fault)
{
	struct columns_cold_fault at = { 0, 0, 0 };

	return damaged(s, columns_cold_tx(&s->cold, page, true, tx, &at), &at, fault);
}

/* ---- writing ---- */

struct compacting {
	const struct columns_disk *disk;
	const char *folder; /* of the asset */
	size_t folder_n;
	uint64_t segment;
	struct columns_compacted *out;
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
	struct columns_fault *fault;
};

static enum err wrong(const struct compacting *g, const char *name, int code, const char *what)
{
	return failed(g->folder, g->folder_n, name, what, code, g->fault);
}

static enum err sync_folder(const struct compacting *g)
{
	int fd = open(g->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = fd < 0 ? errno : g->disk->sync(g->disk->ctx, fd);

	if (fd >= 0) {
		(void)close(fd);
	}
	return code == 0 ? ERR_OK : wrong(g, ".", code, "be made durable");
}

/*
 * Bytes from `from` on become the file of this name, which is that long in all and has a hole
 * before them: written beside it, made durable, then put in its place.
 */
static enum err put_file(const struct compacting *g, const char *name, const uint8_t *p,
			 uint64_t from, uint64_t bytes)
{
	char path[COLUMNS_PATH_MAX], beside[COLUMNS_PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", g->folder, name), fd, code = 0;

	if (n < 0 || (size_t)n + 5 >= sizeof path) {
		return wrong(g, name, ENAMETOOLONG, "be opened");
	}
	(void)snprintf(beside, sizeof beside, "%s/%s.new", g->folder, name);
	fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return wrong(g, name, errno, "be made anew");
	}
	if (ftruncate(fd, (off_t)bytes) != 0) {
		code = errno;
	}
	for (uint64_t at = from; code == 0 && at < bytes; at += PIECE) {
		size_t some = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;

		code = g->disk->write(g->disk->ctx, fd, p + at, some, at);
	}
	if (code == 0) {
		code = g->disk->sync(g->disk->ctx, fd);
	}
	(void)close(fd);
	if (code == 0) {
		code = g->disk->move(g->disk->ctx, beside, path);
	}
	if (code != 0) {
		(void)unlink(beside);
		return wrong(g, name, code, "be written");
	}
	return ERR_OK;
}

/* What is decoded is what was encoded: looked at before the original goes. */
static enum err compare(const struct compacting *g, const struct trace_columns *c, size_t first,
			struct bytes file)
{
	struct columns_cold_fault at;
	struct columns_cold s;
	size_t event = first;

	struct page {
		uint32_t from[COLUMNS_COLD_PAGE], to[COLUMNS_COLD_PAGE], tx[COLUMNS_COLD_PAGE];
		uint64_t amount[COLUMNS_COLD_PAGE], balance[COLUMNS_COLD_PAGE],
		    out[COLUMNS_COLD_PAGE], in[COLUMNS_COLD_PAGE];
	} *p = malloc(sizeof *p);
	enum err e = columns_cold_open(&s, file, c->accounts_n, true, &at);

	if (p == NULL) {
		e = ERR_FULL;
	}
	for (uint32_t i = 0; e == ERR_OK && i < s.pages; i++) {
		const struct columns_cold_rows rows = { p->from,    p->to,  p->tx, p->amount,
							p->balance, p->out, p->in };
		size_t n = columns_cold_page_events(&s, i);

		e = columns_cold_next(&s, true, &rows, &at);
		if (e == ERR_OK && (memcmp(p->from, c->from + event, n * 4) != 0 ||
				    memcmp(p->to, c->to + event, n * 4) != 0 ||
				    memcmp(p->tx, c->tx + event, n * 4) != 0 ||
				    memcmp(p->amount, c->amount + event, n * 8) != 0 ||
				    memcmp(p->balance, c->balance + event, n * 8) != 0 ||
				    memcmp(p->out, c->out + event, n * 8) != 0 ||
				    memcmp(p->in, c->in + event, n * 8) != 0)) {
			e = ERR_CORRUPT;
		}
		event += n;
	}
	columns_cold_close(&s);
	free(p);
	if (e == ERR_CORRUPT) {
		columns_fault_say(g->fault,
				  "%s: events from %zu on do not add up: run kuramori trace "
				  "verify, and take the store from a copy, or ingest into a new "
				  "folder",
				  inside(g->folder, g->folder_n), event);
	}
	return e;
}

static enum err freeze(const struct compacting *g, const struct columns_view *v,
		       const struct columns_head *h, uint32_t number, uint64_t first)
{
	char name[NAME_MAX_BYTES];
	uint8_t *p = NULL;
	size_t bytes = 0;
	enum err e = ERR_OK;

	for (unsigned i = ASSET_FROM; e == ERR_OK && i <= ASSET_TX; i++) {
		const uint64_t width = columns_asset_files[i].width;

		e = columns_map_check(&v->map[i], g->folder, g->folder_n,
				      columns_asset_files[i].name, &h->column[i],
				      first * width / COLUMNS_PAGE_BYTES,
				      g->segment * width / COLUMNS_PAGE_BYTES, g->fault);
	}
	if (e == ERR_OK) {
		e = columns_cold_encode(&p, &bytes, &v->columns, (size_t)first, (size_t)g->segment);
		e = e == ERR_OK ? compare(g, &v->columns, (size_t)first, bytes_of(p, bytes)) : e;
		if (e == ERR_CORRUPT && g->fault->text[0] == '\0') {
			columns_fault_say(g->fault, "%s: an event names no account",
					  inside(g->folder, g->folder_n));
		} else if (e == ERR_FULL) {
			columns_fault_say(g->fault, "out of memory");
		}
	}
	if (e == ERR_OK) {
		(void)snprintf(name, sizeof name, "cold-%" PRIu32, number);
		e = put_file(g, name, p, 0, bytes);
	}
	free(p);
	if (e == ERR_OK) {
		g->out->events += g->segment;
		if (g->progress != NULL) {
			g->progress(g->ctx, g->out->events, 0);
		}
	}
	return e;
}

/* The hole is there already: a file system that has none says no, and the file is written again. */
static bool has_hole(const struct compacting *g, const char *name, uint64_t end, uint64_t bytes)
{
	char path[COLUMNS_PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", g->folder, name), fd;
	off_t at;
	bool none;

	if (n < 0 || (size_t)n >= sizeof path || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		return false;
	}
	at = lseek(fd, 0, SEEK_DATA);
	none = at < 0 && errno == ENXIO;
	(void)close(fd);
	return none ? end <= bytes : at >= 0 && (uint64_t)at >= end;
}

static enum err empty_columns(const struct compacting *g, const struct columns_view *v,
			      uint64_t cold)
{
	enum err e = ERR_OK;
	bool any = false;

	for (unsigned i = ASSET_FROM; e == ERR_OK && i <= ASSET_TX; i++) {
		const char *name = columns_asset_files[i].name;
		const uint64_t end = cold * columns_asset_files[i].width;

		if (!has_hole(g, name, end, v->map[i].bytes)) {
			e = put_file(g, name, v->map[i].p, end, v->map[i].bytes);
			any = true;
		}
	}
	return e == ERR_OK && any ? sync_folder(g) : e;
}

/* Events of the asset before the last COLUMNS_UNDO_MAX blocks of the chain. */
static enum err settled(struct columns *c, const struct columns_view *v, uint64_t *out,
			struct columns_fault *fault)
{
	struct columns_block kept;
	const uint64_t blocks = columns_blocks(c);
	enum err e;

	*out = 0;
	if (blocks <= COLUMNS_UNDO_MAX) {
		return ERR_OK;
	}
	e = columns_block_at(c, blocks - COLUMNS_UNDO_MAX, &kept, fault);
	if (e != ERR_OK) {
		return e;
	}
	*out = v->columns.n;
	for (size_t i = v->blocks_n; i > 0 && v->blocks[i - 1].height >= kept.height; i--) {
		*out = v->blocks[i - 1].first;
	}
	return ERR_OK;
}

static enum err compact_asset(struct compacting *g, struct columns *c, const char *folder,
			      uint32_t asset)
{
	char path[COLUMNS_PATH_MAX];
	struct columns_head h;
	struct columns_view v;
	uint64_t cold = 0, limit = 0;
	uint32_t number = 0;
	bool made = false;
	enum err e = columns_view_open_hot(&v, folder, asset, &h, g->fault);

	if (e != ERR_OK) {
		return e;
	}
	(void)snprintf(path, sizeof path, "%s/asset-%" PRIu32, folder, asset); /* it was opened */
	g->folder = path;
	for (;;) {
		struct columns_segment s;

		e = columns_segment_open(&s, g->folder, g->folder_n, number, cold,
					 v.columns.accounts_n, g->fault);
		if (e != ERR_OK) {
			break;
		}
		number++;
		cold += s.cold.events;
		columns_segment_close(&s);
	}
	e = e == ERR_NOT_FOUND ? settled(c, &v, &limit, g->fault) : e;
	while (e == ERR_OK && cold + g->segment <= limit) {
		e = freeze(g, &v, &h, number, cold);
		if (e == ERR_OK) {
			cold += g->segment;
			number++;
			made = true;
		}
	}
	/* no column gets its hole before what stood there is durable elsewhere */
	if (e == ERR_OK && made) {
		e = sync_folder(g);
	}
	if (e == ERR_OK && cold > 0) {
		e = empty_columns(g, &v, cold);
	}
	g->out->cold += cold;
	g->folder = NULL; /* it is ours */
	columns_view_close(&v);
	return e;
}

static uint64_t cold_bytes(const char *folder, uint32_t assets)
{
	char path[COLUMNS_PATH_MAX + NAME_MAX_BYTES];
	uint64_t bytes = 0;
	struct stat st;

	for (uint32_t i = 0; i < assets; i++) {
		for (uint32_t k = 0;; k++) {
			(void)snprintf(path, sizeof path, "%s/asset-%" PRIu32 "/cold-%" PRIu32,
				       folder, i, k);
			if (stat(path, &st) != 0) {
				break;
			}
			bytes += (uint64_t)st.st_size;
		}
	}
	return bytes;
}

enum err columns_compact(struct columns_compacted *out, const char *folder,
			 const struct columns_disk *disk, uint64_t segment,
			 void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
			 struct columns_fault *fault)
{
	struct columns_compacted sum = { 0, 0, 0 };
	struct columns_options o = { .disk = disk };
	struct columns *c = NULL;
	struct columns_list l;
	struct compacting g = { .disk = disk != NULL ? disk : &columns_disk_plain,
				.folder_n = strlen(folder),
				.segment = segment,
				.out = &sum,
				.progress = progress,
				.ctx = ctx,
				.fault = fault };
	enum err e;

	CHECK(segment > 0 && segment % COLUMNS_COLD_STEP == 0 &&
	      segment <= COLUMNS_COLD_SEGMENT_MAX);
	e = columns_list(&l, folder, fault);
	if (e != ERR_OK) {
		return e;
	}
	/* the writer's lock; no name is looked up, so its seed does not matter */
	o.source = l.source;
	o.network = l.network;
	e = columns_open(&c, folder, &o, fault);
	for (uint32_t i = 0; e == ERR_OK && i < columns_assets(c); i++) {
		e = compact_asset(&g, c, folder, i);
	}
	if (e == ERR_OK) {
		sum.bytes = cold_bytes(folder, columns_assets(c));
	}
	columns_close(c);
	columns_list_free(&l);
	if (e == ERR_OK) {
		*out = sum;
	}
	return e;
}
