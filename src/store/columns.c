/* SPDX-License-Identifier: Apache-2.0 */
/* The writer.  columns_undo.c takes blocks back, columns_read.c reads. */
#include "store/columns.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/columns_compact.h"
#include "store/columns_self.h"

static const char special_issuance[] = "issuance";
static const char special_destroyed[] = "destroyed";

/* The descriptors of so many assets stay open between commits. */
enum { ASSETS_AWAKE = 16 };

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are mapped as they are stored");

enum err columns_self_full(struct columns_fault *fault)
{
	columns_fault_say(fault, "out of memory");
	return ERR_FULL;
}

/* ---- heads ---- */

static enum err write_slot(struct columns *c, int fd, const char *name, unsigned slot,
			   const struct columns_head *head, struct columns_fault *fault)
{
	uint8_t bytes[COLUMNS_HEAD_SLOT_BYTES];
	int code;

	columns_head_encode(bytes, head);
	code = c->disk->write(c->disk->ctx, fd, bytes, sizeof bytes,
			      (uint64_t)slot * COLUMNS_HEAD_SLOT_BYTES);
	if (code == 0) {
		code = c->disk->sync(c->disk->ctx, fd);
	}
	if (code != 0) {
		columns_fault_say(fault, "%s: cannot be written: %s", name, strerror(code));
		return code == ENOSPC || code == EDQUOT ? ERR_FULL : ERR_IO;
	}
	return ERR_OK;
}

static size_t read_head(int fd, uint8_t file[COLUMNS_HEAD_BYTES])
{
	size_t got = 0;

	while (got < COLUMNS_HEAD_BYTES) {
		ssize_t n = pread(fd, file + got, COLUMNS_HEAD_BYTES - got, (off_t)got);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		got += (size_t)n;
	}
	return got;
}

static enum err open_head(const char *folder, int *fd, bool *made, struct columns_fault *fault)
{
	char path[COLUMNS_PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/head", folder);

	*made = false;
	if (n < 0 || (size_t)n >= sizeof path) {
		columns_fault_say(fault, "the path of the folder is too long");
		return ERR_IO;
	}
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0 && errno == ENOENT) {
		*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		*made = true;
	}
	if (*fd < 0) {
		columns_fault_say(fault, "head: cannot be opened: %s", strerror(errno));
		return ERR_IO;
	}
	return ERR_OK;
}

static enum err sync_folder(const struct columns *c, const char *folder,
			    struct columns_fault *fault)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = fd < 0 ? errno : c->disk->sync(c->disk->ctx, fd);

	if (fd >= 0) {
		(void)close(fd);
	}
	if (code != 0) {
		columns_fault_say(fault, "the folder cannot be made durable: %s", strerror(code));
		return ERR_IO;
	}
	return ERR_OK;
}

/* ---- assets ---- */

/*
 * A slot that is newer than the chain's head was written by a commit that did not end.  It must go
 * before a new commit makes its generation true.
 */
static enum err drop_newer(struct columns *c, struct columns_asset *a, const uint8_t *file,
			   size_t n, struct columns_fault *fault)
{
	static const uint8_t zeros[COLUMNS_HEAD_SLOT_BYTES];

	for (unsigned i = 0; i < 2; i++) {
		size_t at = (size_t)i * COLUMNS_HEAD_SLOT_BYTES;
		struct columns_head h;
		int code;

		if (n < at + COLUMNS_HEAD_SLOT_BYTES ||
		    columns_head_decode(&h, COLUMNS_HEAD_ASSET,
					bytes_of(file + at, COLUMNS_HEAD_SLOT_BYTES)) != ERR_OK ||
		    h.generation <= c->generation) {
			continue;
		}
		code = c->disk->write(c->disk->ctx, a->head_fd, zeros, sizeof zeros, at);
		if (code == 0) {
			code = c->disk->sync(c->disk->ctx, a->head_fd);
		}
		if (code != 0) {
			columns_fault_say(fault, "%s/head: cannot be written: %s",
					  a->folder + c->folder_n + 1, strerror(code));
			return ERR_IO;
		}
	}
	return ERR_OK;
}

static enum err asset_open(struct columns *c, uint32_t number, bool is_new,
			   struct columns_asset **out, struct columns_fault *fault)
{
	struct columns_asset *a = calloc(1, sizeof *a);
	uint8_t file[COLUMNS_HEAD_BYTES];
	size_t n = 0, folder_bytes = strlen(c->folder) + 32;
	enum err e = ERR_OK;

	if (a == NULL || (a->folder = malloc(folder_bytes)) == NULL) {
		free(a);
		return columns_self_full(fault);
	}
	a->head_fd = -1;
	(void)snprintf(a->folder, folder_bytes, "%s/asset-%" PRIu32, c->folder, number);
	if (is_new && mkdir(a->folder, 0700) != 0 && errno != EEXIST) {
		columns_fault_say(fault, "asset-%" PRIu32 ": cannot be made: %s", number,
				  strerror(errno));
		e = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
	}
	if (e == ERR_OK) {
		e = open_head(a->folder, &a->head_fd, &a->fresh, fault);
	}
	if (e == ERR_OK) {
		n = read_head(a->head_fd, file);
		e = drop_newer(c, a, file, n, fault);
	}
	if (e == ERR_OK) {
		switch (columns_head_choose(&a->head, &a->slot, COLUMNS_HEAD_ASSET,
					    bytes_of(file, n), c->generation)) {
		case ERR_OK:
			e = columns_layout_ok(&a->head, columns_asset_files, ASSET_FILES)
				? ERR_OK
				: ERR_VERSION;
			break;
		case ERR_VERSION:
			e = ERR_VERSION;
			break;
		default:
			/* only what no commit has named may be without a state */
			e = is_new ? ERR_OK : ERR_CORRUPT;
			a->slot = 1;
			a->head.columns = ASSET_FILES;
			break;
		}
		if (e == ERR_CORRUPT) {
			columns_fault_say(fault,
					  "asset-%" PRIu32
					  "/head: bytes 0 to %d hold no whole state: take the "
					  "store from a copy, or ingest into a new folder",
					  number, COLUMNS_HEAD_BYTES - 1);
		} else if (e == ERR_VERSION) {
			columns_fault_say(fault, "asset-%" PRIu32 "/head: made by a newer program",
					  number);
		}
	}
	if (e != ERR_OK) {
		if (a->head_fd >= 0) {
			(void)close(a->head_fd);
		}
		free(a->folder);
		free(a);
		return e;
	}
	if (is_new) {
		/* what an asset of this number once had, in blocks that were taken back */
		memset(a->head.column, 0, sizeof a->head.column);
	}
	for (unsigned i = 0; i < ASSET_FILES; i++) {
		a->head.column[i].width = columns_asset_files[i].width;
		columns_file_init(&a->file[i], c->disk, a->folder, c->folder_n,
				  columns_asset_files[i].name, &a->head.column[i]);
	}
	(void)close(a->head_fd);
	a->head_fd = -1;
	*out = a;
	return ERR_OK;
}

void columns_self_rest(struct columns_asset *a)
{
	for (unsigned i = 0; i < ASSET_FILES; i++) {
		columns_file_rest(&a->file[i]);
	}
	if (a->head_fd >= 0) {
		(void)close(a->head_fd);
		a->head_fd = -1;
	}
}

static void asset_close(struct columns_asset *a)
{
	if (a == NULL) {
		return;
	}
	columns_self_rest(a);
	columns_names_free(&a->names);
	columns_tags_free(&a->tags);
	free(a->folder);
	free(a);
}

static INLINED enum err put(struct columns_file *f, const void *row, size_t n,
			    struct columns_fault *fault)
{
	uint8_t *p = columns_file_take(f, n, fault);

	if (p == NULL) {
		return f->why;
	}
	memcpy(p, row, n);
	return ERR_OK;
}

static INLINED enum err put_u32(struct columns_file *f, uint32_t v, struct columns_fault *fault)
{
	uint8_t row[4];

	le32_put(row, v);
	return put(f, row, sizeof row, fault);
}

static INLINED enum err put_u64(struct columns_file *f, uint64_t v, struct columns_fault *fault)
{
	uint8_t row[8];

	le64_put(row, v);
	return put(f, row, sizeof row, fault);
}

/* The rows of an account that has just got its number. */
static enum err put_account(struct columns_asset *a, struct columns_name name, uint32_t owner,
			    struct columns_fault *fault)
{
	uint8_t kind = name.kind;
	enum err e = put(&a->file[ASSET_NAME], name.p, name.n, fault);

	if (e == ERR_OK) {
		e = put_u64(&a->file[ASSET_NAME_END], a->file[ASSET_NAME].bytes, fault);
	}
	if (e == ERR_OK) {
		e = put(&a->file[ASSET_KIND], &kind, 1, fault);
	}
	return e == ERR_OK ? put_u32(&a->file[ASSET_OWNER], owner, fault) : e;
}

static INLINED enum err guessed_account(struct columns_asset *a, struct columns_name name,
					uint64_t hash, uint32_t guess, uint32_t *id,
					struct columns_fault *fault)
{
	bool is_new = false;

	*id = columns_names_add_guessed(&a->names, name, hash, guess, &is_new);
	return is_new ? put_account(a, name, 0, fault) : ERR_OK;
}

static enum err account_of(struct columns_asset *a, struct columns_name name, uint64_t hash,
			   uint32_t owner, uint32_t *id, struct columns_fault *fault)
{
	bool is_new = false;

	*id = columns_names_add(&a->names, name, hash, &is_new);
	return is_new ? put_account(a, name, owner, fault) : ERR_OK;
}

static enum err put_reserved(struct columns_asset *a, struct columns_fault *fault)
{
	const struct columns_name names[TRACE_ACCOUNTS_RESERVED] = {
		[TRACE_ISSUANCE] = { (const uint8_t *)special_issuance, sizeof special_issuance - 1,
				     COLUMNS_SPECIAL },
		[TRACE_DESTROYED] = { (const uint8_t *)special_destroyed,
				      sizeof special_destroyed - 1, COLUMNS_SPECIAL },
	};
	enum err e = columns_names_reserve(&a->names);

	if (e != ERR_OK) {
		return columns_self_full(fault);
	}
	for (uint32_t i = 0; e == ERR_OK && i < TRACE_ACCOUNTS_RESERVED; i++) {
		uint32_t id = 0;

		e = account_of(a, names[i], columns_names_hash(a->names.seed, names[i]), 0, &id,
			       fault);
		CHECK(e != ERR_OK || id == i);
	}
	return e;
}

/* Chunks of a column, read forward. */
enum { CHUNK_ROWS = 1 << 14 };

static enum err bad_names(const struct columns_asset *a, uint64_t row, struct columns_fault *fault)
{
	columns_fault_say(fault,
			  "%s/name_end: row %" PRIu64
			  " names no account that can be: take the store from a copy, or ingest "
			  "into a new folder",
			  strrchr(a->folder, '/') + 1, row);
	return ERR_CORRUPT;
}

static enum err load_names(struct columns_asset *a, struct columns_fault *fault)
{
	uint64_t n = columns_file_rows(&a->file[ASSET_KIND]), at = 0;
	uint64_t *end = malloc(CHUNK_ROWS * sizeof *end);
	uint8_t *kind = malloc(CHUNK_ROWS), *text = malloc((size_t)CHUNK_ROWS * COLUMNS_NAME_MAX);
	enum err e =
	    end != NULL && kind != NULL && text != NULL ? ERR_OK : columns_self_full(fault);

	if (e == ERR_OK && (n != columns_file_rows(&a->file[ASSET_NAME_END]) ||
			    n != columns_file_rows(&a->file[ASSET_OWNER]))) {
		e = bad_names(a, n, fault);
	}
	for (uint64_t row = 0; e == ERR_OK && row < n;) {
		uint64_t some = n - row < CHUNK_ROWS ? n - row : CHUNK_ROWS, begin = at;

		e = columns_file_read(&a->file[ASSET_NAME_END], end, row, some, fault);
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_KIND], kind, row, some, fault);
		}
		for (uint64_t i = 0; e == ERR_OK && i < some; i++) {
			uint64_t stop = le64_get((const uint8_t *)&end[i]);

			if (stop <= at || stop - at > COLUMNS_NAME_MAX ||
			    stop > a->file[ASSET_NAME].bytes) {
				e = bad_names(a, row + i, fault);
			}
			at = stop;
		}
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_NAME], text, begin, at - begin, fault);
		}
		at = begin;
		for (uint64_t i = 0; e == ERR_OK && i < some; i++) {
			uint64_t stop = le64_get((const uint8_t *)&end[i]);
			struct columns_name name = { text + (at - begin), (uint8_t)(stop - at),
						     kind[i] };
			bool is_new = false;

			if (columns_names_reserve(&a->names) != ERR_OK) {
				e = columns_self_full(fault);
				break;
			}
			(void)columns_names_add(&a->names, name,
						columns_names_hash(a->names.seed, name), &is_new);
			if (!is_new) {
				e = bad_names(a, row + i, fault);
			}
			at = stop;
		}
		row += some;
	}
	free(end);
	free(kind);
	free(text);
	return e;
}

static enum err load_tags(struct columns_asset *a, struct columns_fault *fault)
{
	uint64_t n = columns_file_rows(&a->file[ASSET_TXID]);
	struct hash32 *ids = malloc(CHUNK_ROWS * sizeof *ids);
	enum err e = ids != NULL ? ERR_OK : columns_self_full(fault);

	for (uint64_t row = 0; e == ERR_OK && row < n;) {
		uint64_t some = n - row < CHUNK_ROWS ? n - row : CHUNK_ROWS;

		e = columns_file_read(&a->file[ASSET_TXID], ids, row, some, fault);
		for (uint64_t i = 0; e == ERR_OK && i < some; i++) {
			if (hash32_is_zero(&ids[i])) {
				continue;
			}
			if (columns_tags_reserve(&a->tags) != ERR_OK) {
				e = columns_self_full(fault);
				break;
			}
			columns_tags_add(&a->tags, columns_tags_hash(&a->tags, &ids[i]),
					 (uint32_t)(row + i));
		}
		row += some;
	}
	free(ids);
	return e;
}

static enum err no_account(const struct columns_asset *a, uint64_t row, struct columns_fault *fault)
{
	columns_fault_say(fault,
			  "%s: row %" PRIu64
			  " of from or to names no account, or of amount is 0: take the store from "
			  "a copy, or ingest into a new folder",
			  strrchr(a->folder, '/') + 1, row);
	return ERR_CORRUPT;
}

/* The same of what is cold, which says so much of itself that it must be read anyway. */
static enum err load_cold_sums(struct columns_asset *a, size_t folder_n,
			       struct columns_fault *fault)
{
	struct columns_page_room *r = malloc(sizeof *r);
	enum err e = r != NULL ? ERR_OK : columns_self_full(fault);

	a->cold = 0;
	for (uint32_t number = 0; e == ERR_OK; number++) {
		const struct columns_cold_rows rows = columns_page_rows(r);
		struct columns_segment s;

		e = columns_segment_open(&s, a->folder, folder_n, number, a->cold, a->names.n,
					 fault);
		if (e != ERR_OK) {
			break;
		}
		if (s.cold.events > a->events - a->cold) {
			e = no_account(a, a->events, fault);
		}
		for (uint32_t page = 0; e == ERR_OK && page < s.cold.pages; page++) {
			size_t n = columns_cold_page_events(&s.cold, page);

			e = columns_segment_next(&s, &rows, fault);
			for (size_t i = 0; e == ERR_OK && i < n; i++) {
				a->names.record[r->from[i]].out += r->amount[i];
				a->names.record[r->to[i]].in += r->amount[i];
			}
		}
		a->cold += e == ERR_OK ? s.cold.events : 0;
		columns_segment_close(&s);
	}
	free(r);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* What came and left, of each account: the columns say it before each event, so once forward. */
static enum err load_sums(struct columns_asset *a, size_t folder_n, struct columns_fault *fault)
{
	uint64_t n = a->events;

	struct rows {
		uint32_t from[CHUNK_ROWS], to[CHUNK_ROWS];
		uint64_t amount[CHUNK_ROWS];
	} *r = malloc(sizeof *r);
	enum err e = r != NULL ? load_cold_sums(a, folder_n, fault) : columns_self_full(fault);

	for (unsigned i = ASSET_FROM; e == ERR_OK && i <= ASSET_AMOUNT; i++) {
		e = columns_file_verify(&a->file[i], a->cold, n - a->cold, fault);
	}
	for (uint64_t row = a->cold; e == ERR_OK && row < n;) {
		uint64_t some = n - row < CHUNK_ROWS ? n - row : CHUNK_ROWS;

		e = columns_file_read(&a->file[ASSET_FROM], r->from, row, some, fault);
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_TO], r->to, row, some, fault);
		}
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_AMOUNT], r->amount, row, some, fault);
		}
		for (uint64_t i = 0; e == ERR_OK && i < some; i++) {
			/* 0: a column's hole, and the cold file for it is gone */
			if (r->from[i] >= a->names.n || r->to[i] >= a->names.n ||
			    r->amount[i] == 0) {
				e = no_account(a, row + i, fault);
				break;
			}
			a->names.record[r->from[i]].out += r->amount[i];
			a->names.record[r->to[i]].in += r->amount[i];
		}
		row += some;
	}
	free(r);
	return e;
}

static enum err check_asset(struct columns_asset *a, struct columns_fault *fault)
{
	uint64_t events = columns_file_rows(&a->file[ASSET_FROM]);

	for (unsigned i = 0; i < ASSET_FILES; i++) {
		enum err e = columns_file_check(&a->file[i], fault);

		if (e == ERR_OK && i <= ASSET_TX && columns_file_rows(&a->file[i]) != events) {
			columns_fault_say(fault, "%s/head: columns of different lengths",
					  strrchr(a->folder, '/') + 1);
			e = ERR_CORRUPT;
		}
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}

enum err columns_self_load(struct columns *c, uint32_t number, struct columns_asset **out,
			   struct columns_fault *fault)
{
	struct columns_asset *a = c->asset[number];
	enum err e;

	*out = a;
	if (a->loaded) {
		return ERR_OK;
	}
	columns_names_free(&a->names);
	columns_tags_free(&a->tags);
	if (columns_names_init(&a->names, c->seed) != ERR_OK ||
	    columns_tags_init(&a->tags, c->seed) != ERR_OK) {
		return columns_self_full(fault);
	}
	e = check_asset(a, fault);
	a->events = columns_file_rows(&a->file[ASSET_FROM]);
	a->txs = columns_file_rows(&a->file[ASSET_TXID]);
	/* what is appended rests on them */
	for (unsigned i = ASSET_BLOCK; e == ERR_OK && i < ASSET_FILES; i++) {
		e = columns_file_verify(&a->file[i], 0, UINT64_MAX, fault);
	}
	if (e == ERR_OK) {
		e = load_names(a, fault);
	}
	if (e == ERR_OK) {
		e = load_sums(a, c->folder_n, fault);
	}
	if (e == ERR_OK) {
		e = load_tags(a, fault);
	}
	if (e == ERR_OK && a->names.n == 0) {
		a->touched = true;
		e = put_reserved(a, fault);
	}
	a->loaded = e == ERR_OK;
	return e;
}

/* ---- opening ---- */

static enum err lock(struct columns *c, struct columns_fault *fault)
{
	char path[COLUMNS_PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/lock", c->folder);

	if (n < 0 || (size_t)n >= sizeof path) {
		columns_fault_say(fault, "the path of the folder is too long");
		return ERR_IO;
	}
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock_fd < 0) {
		columns_fault_say(fault, "lock: cannot be opened: %s", strerror(errno));
		return ERR_IO;
	}
	if (flock(c->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		columns_fault_say(fault, "another process writes this store: wait for its end");
		return ERR_BUSY;
	}
	return ERR_OK;
}

static enum err open_root(struct columns *c, const struct columns_options *o,
			  struct columns_fault *fault)
{
	uint8_t file[COLUMNS_HEAD_BYTES];
	bool made = false;
	size_t n;
	enum err e = open_head(c->folder, &c->head_fd, &made, fault);

	if (e != ERR_OK) {
		return e;
	}
	n = read_head(c->head_fd, file);
	switch (columns_head_choose(&c->head, &c->slot, COLUMNS_HEAD_ROOT, bytes_of(file, n),
				    UINT64_MAX)) {
	case ERR_OK:
		break;
	case ERR_VERSION:
		columns_fault_say(fault, "head: made by a newer program");
		return ERR_VERSION;
	default:
		/* a head that was never committed whole, or what a crash left of the very first */
		for (size_t i = 0; i < n; i++) {
			if (file[i] != 0 && n == COLUMNS_HEAD_BYTES) {
				columns_fault_say(fault,
						  "head: bytes 0 to %d hold no whole state: take "
						  "the store from a copy, or ingest into a new "
						  "folder",
						  COLUMNS_HEAD_BYTES - 1);
				return ERR_CORRUPT;
			}
		}
		memset(&c->head, 0, sizeof c->head);
		c->head.kind = COLUMNS_HEAD_ROOT;
		c->head.source = o->source;
		c->head.network = o->network;
		c->head.columns = ROOT_FILES;
		for (unsigned i = 0; i < ROOT_FILES; i++) {
			c->head.column[i].width = columns_root_files[i].width;
		}
		c->slot = 1;
		c->fresh = true;
		break;
	}
	if (!columns_layout_ok(&c->head, columns_root_files, ROOT_FILES)) {
		columns_fault_say(fault, "head: made by a newer program");
		return ERR_VERSION;
	}
	if (c->head.source != (uint32_t)o->source || c->head.network != o->network) {
		columns_fault_say(fault,
				  "this store holds another source or network: use a folder of "
				  "its own for each chain");
		return ERR_MISMATCH;
	}
	c->generation = c->head.generation;
	return ERR_OK;
}

enum err columns_self_index_assets(struct columns *c, struct columns_fault *fault)
{
	columns_tags_free(&c->asset_tags);
	if (columns_tags_init(&c->asset_tags, c->seed) != ERR_OK) {
		return columns_self_full(fault);
	}
	for (uint32_t i = 0; i < c->assets_n; i++) {
		const struct columns_name key = { (const uint8_t *)c->asset_row[i].name,
						  (uint8_t)strlen(c->asset_row[i].name), 0 };

		if (columns_tags_reserve(&c->asset_tags) != ERR_OK) {
			return columns_self_full(fault);
		}
		columns_tags_add(&c->asset_tags, columns_names_hash(c->asset_tags.seed, key), i);
	}
	return ERR_OK;
}

static enum err asset_room(struct columns *c, uint32_t n, struct columns_fault *fault)
{
	uint32_t cap = c->assets_cap == 0 ? 16 : c->assets_cap;
	void *rows, *assets;

	while (cap < n) {
		cap *= 2;
	}
	if (cap == c->assets_cap) {
		return ERR_OK;
	}
	rows = realloc(c->asset_row, cap * sizeof c->asset_row[0]);
	if (rows == NULL) {
		return columns_self_full(fault);
	}
	c->asset_row = rows;
	assets = realloc(c->asset, cap * sizeof(void *));
	if (assets == NULL) {
		return columns_self_full(fault);
	}
	c->asset = assets;
	memset(c->asset + c->assets_cap, 0, (cap - c->assets_cap) * sizeof(void *));
	c->assets_cap = cap;
	return ERR_OK;
}

static enum err load_assets(struct columns *c, struct columns_fault *fault)
{
	uint64_t n = columns_file_rows(&c->file[ROOT_ASSETS]);
	enum err e = n <= COLUMNS_ASSETS_MAX ? asset_room(c, (uint32_t)n, fault) : ERR_CORRUPT;

	for (uint32_t i = 0; e == ERR_OK && i < n; i++) {
		uint8_t row[ASSET_ROW];

		e = columns_file_read(&c->file[ROOT_ASSETS], row, i, 1, fault);
		if (e == ERR_OK) {
			memcpy(c->asset_row[i].name, row, COLUMNS_ASSET_NAME_MAX);
			c->asset_row[i].name[COLUMNS_ASSET_NAME_MAX] = '\0';
			c->asset_row[i].birth = le64_get(row + ASSET_BIRTH_AT);
			e = asset_open(c, i, false, &c->asset[i], fault);
		}
		if (e == ERR_OK) {
			c->assets_n = i + 1;
		}
	}
	return e == ERR_OK ? columns_self_index_assets(c, fault) : e;
}

static enum err load_root(struct columns *c, struct columns_fault *fault)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < ROOT_FILES; i++) {
		columns_file_init(&c->file[i], c->disk, c->folder, c->folder_n,
				  columns_root_files[i].name, &c->head.column[i]);
		e = columns_file_check(&c->file[i], fault);
	}
	if (e == ERR_OK) {
		e = columns_file_verify(&c->file[ROOT_ASSETS], 0, UINT64_MAX, fault);
	}
	if (e == ERR_OK && columns_blocks(c) > 0) {
		e = columns_block_at(c, columns_blocks(c) - 1, &c->tip, fault);
	}
	return e == ERR_OK ? load_assets(c, fault) : e;
}

enum err columns_open(struct columns **out, const char *folder,
		      const struct columns_options *options, struct columns_fault *fault)
{
	struct columns *c = calloc(1, sizeof *c);
	enum err e;

	fault->text[0] = '\0';
	if (c == NULL || (c->folder = strdup(folder)) == NULL) {
		free(c);
		return columns_self_full(fault);
	}
	c->folder_n = strlen(c->folder);
	c->disk = options->disk != NULL ? options->disk : &columns_disk_plain;
	memcpy(c->seed, options->seed, sizeof c->seed);
	c->hash_seed[0] = le64_get(c->seed);
	c->hash_seed[1] = le64_get(c->seed + 8);
	c->opening = options->opening;
	c->supply = options->supply;
	c->lock_fd = c->head_fd = -1;
	for (unsigned i = 0; i < ROOT_FILES; i++) {
		c->file[i].fd = c->file[i].sum_fd = -1;
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
		columns_fault_say(fault, "the folder cannot be made: %s", strerror(errno));
		e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	} else {
		e = lock(c, fault);
	}
	if (e == ERR_OK) {
		e = open_root(c, options, fault);
	}
	if (e == ERR_OK) {
		e = load_root(c, fault);
	}
	if (e != ERR_OK) {
		columns_close(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void columns_close(struct columns *c)
{
	if (c == NULL) {
		return;
	}
	for (uint32_t i = 0; i < c->assets_cap; i++) {
		asset_close(c->asset[i]);
	}
	for (unsigned i = 0; i < ROOT_FILES; i++) {
		columns_file_rest(&c->file[i]);
	}
	columns_tags_free(&c->asset_tags);
	if (c->head_fd >= 0) {
		(void)close(c->head_fd);
	}
	if (c->lock_fd >= 0) {
		(void)close(c->lock_fd);
	}
	free(c->asset);
	free(c->asset_row);
	free(c->in_block);
	free(c->folder);
	free(c);
}

/* ---- what there is ---- */

uint64_t columns_blocks(const struct columns *c)
{
	return columns_file_rows(&c->file[ROOT_BLOCKS]);
}

enum err columns_tip(const struct columns *c, struct columns_block *out)
{
	if (columns_blocks(c) == 0) {
		return ERR_NOT_FOUND;
	}
	*out = c->tip;
	return ERR_OK;
}

enum err columns_block_at(struct columns *c, uint64_t index, struct columns_block *out,
			  struct columns_fault *fault)
{
	uint8_t row[BLOCK_ROW];
	enum err e;

	if (index >= columns_blocks(c)) {
		return ERR_NOT_FOUND;
	}
	e = columns_file_read(&c->file[ROOT_BLOCKS], row, index, 1, fault);
	if (e == ERR_OK) {
		*out = columns_block_get(row);
	}
	return e;
}

uint64_t columns_appended(const struct columns *c)
{
	return c->appended;
}

uint64_t columns_openings(const struct columns *c)
{
	return c->openings;
}

uint32_t columns_assets(const struct columns *c)
{
	return c->assets_n;
}

struct bytes columns_asset_name(const struct columns *c, uint32_t asset)
{
	CHECK(asset < c->assets_n);
	return bytes_str(c->asset_row[asset].name);
}

/* ---- appending ---- */

enum err columns_block(struct columns *c, uint64_t height, uint64_t time_s,
		       const struct hash32 *hash, struct columns_fault *fault)
{
	uint8_t row[BLOCK_ROW];
	struct columns_block b = { height, time_s, columns_facts_bytes(c), { { 0 } } };
	enum err e;

	CHECK(!c->broken);
	if (columns_blocks(c) > 0 && (height <= c->tip.height || time_s < c->tip.time_s)) {
		columns_fault_say(fault,
				  "block %" PRIu64 " (time %" PRIu64
				  ") does not stand behind block %" PRIu64 " (time %" PRIu64 ")",
				  height, time_s, c->tip.height, c->tip.time_s);
		return ERR_FIELD_RANGE;
	}
	if (hash != NULL) {
		b.hash = *hash;
	}
	if (c->is_open) {
		columns_self_end_block(c);
	}
	columns_block_put(row, &b);
	e = put(&c->file[ROOT_BLOCKS], row, sizeof row, fault);
	if (e != ERR_OK) {
		c->broken = true;
		return e;
	}
	c->tip = b;
	c->is_open = true;
	return ERR_OK;
}

void columns_self_end_block(struct columns *c)
{
	for (uint32_t i = 0; i < c->in_block_n; i++) {
		c->asset[c->in_block[i]]->in_block = false;
		c->asset[c->in_block[i]]->has_last = false;
	}
	c->in_block_n = 0;
	c->is_open = false;
}

enum err columns_asset(struct columns *c, struct bytes name, uint32_t *asset,
		       struct columns_fault *fault)
{
	const struct columns_name key = { name.p, (uint8_t)name.n, 0 };
	uint8_t row[ASSET_ROW] = { 0 };
	uint64_t hash, at = 0;
	uint32_t number = 0;
	enum err e;

	CHECK(!c->broken);
	if (name.n == 0 || name.n > COLUMNS_ASSET_NAME_MAX || memchr(name.p, 0, name.n) != NULL) {
		columns_fault_say(fault, "an asset's name has 1 to %d bytes, none of them 0",
				  COLUMNS_ASSET_NAME_MAX);
		return ERR_FIELD_RANGE;
	}
	hash = columns_names_hash(c->asset_tags.seed, key);
	while (columns_tags_next(&c->asset_tags, hash, &at, &number)) {
		if (bytes_eq(columns_asset_name(c, number), name)) {
			*asset = number;
			return ERR_OK;
		}
	}
	if (!c->is_open) {
		return ERR_STATE;
	}
	number = c->assets_n;
	if (number >= COLUMNS_ASSETS_MAX || columns_tags_reserve(&c->asset_tags) != ERR_OK) {
		columns_fault_say(fault, "more than %d assets", COLUMNS_ASSETS_MAX);
		return ERR_FULL;
	}
	e = asset_room(c, number + 1, fault);
	if (e == ERR_OK && c->asset[number] == NULL) {
		e = asset_open(c, number, true, &c->asset[number], fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	memset(&c->asset_row[number], 0, sizeof c->asset_row[number]);
	memcpy(c->asset_row[number].name, name.p, name.n);
	c->asset_row[number].birth = columns_blocks(c) - 1;
	memcpy(row, name.p, name.n);
	le64_put(row + ASSET_BIRTH_AT, c->asset_row[number].birth);
	e = put(&c->file[ROOT_ASSETS], row, sizeof row, fault);
	if (e != ERR_OK) {
		c->broken = true;
		return e;
	}
	c->asset[number]->touched = true;
	columns_tags_add(&c->asset_tags, hash, number);
	c->assets_n = number + 1;
	*asset = number;
	return ERR_OK;
}

/* The first event of an asset in a block gives the block a row there. */
static enum err enter(struct columns *c, struct columns_asset *a, uint32_t number,
		      struct columns_fault *fault)
{
	uint8_t row[ASSET_BLOCK_ROW];
	const struct columns_asset_block b = { c->tip.height, c->tip.time_s, a->events,
					       (uint32_t)a->names.n, (uint32_t)a->txs };

	if (c->in_block_n == c->in_block_cap) {
		uint32_t cap = c->in_block_cap == 0 ? 64 : 2 * c->in_block_cap;
		uint32_t *p = realloc(c->in_block, cap * sizeof p[0]);

		if (p == NULL) {
			return columns_self_full(fault);
		}
		c->in_block = p;
		c->in_block_cap = cap;
	}
	c->in_block[c->in_block_n++] = number;
	a->in_block = a->touched = true;
	columns_asset_block_put(row, &b);
	return put(&a->file[ASSET_BLOCK], row, sizeof row, fault);
}

/* The number of the transaction that this transfer is a leg of. */
static enum err transaction(struct columns_asset *a, const struct hash32 *id, uint64_t hash,
			    uint32_t *number, struct columns_fault *fault)
{
	bool has_id = !hash32_is_zero(id);
	uint64_t at = 0;
	uint32_t other = 0;
	enum err e;

	if (has_id && a->has_last && hash32_eq(id, &a->last_tx)) {
		*number = (uint32_t)a->txs - 1;
		return ERR_OK;
	}
	while (has_id && columns_tags_next(&a->tags, hash, &at, &other)) {
		struct hash32 found;

		e = columns_file_read(&a->file[ASSET_TXID], &found, other, 1, fault);
		if (e != ERR_OK) {
			return e;
		}
		if (hash32_eq(&found, id)) {
			columns_fault_say(fault,
					  "the transaction's id stands in the store already (as "
					  "number %" PRIu32 ")",
					  other);
			return ERR_EXISTS;
		}
	}
	if (a->txs >= TRACE_COUNT_MAX) {
		columns_fault_say(fault, "more than 2^32 transactions");
		return ERR_FULL;
	}
	if (has_id) {
		columns_tags_add(&a->tags, hash, (uint32_t)a->txs);
	}
	a->has_last = has_id;
	a->last_tx = *id;
	*number = (uint32_t)a->txs++;
	return put(&a->file[ASSET_TXID], id->b, sizeof id->b, fault);
}

/* Room in the columns of events for a run of them, filled from the beginning. */
struct event_room {
	uint8_t *at[ASSET_TX + 1];
	size_t rows, used;
};

static void room_give(struct columns_asset *a, struct event_room *room)
{
	for (unsigned i = 0; i <= ASSET_TX; i++) {
		if (room->at[i] != NULL) {
			columns_file_untake(&a->file[i], (room->rows - room->used) *
							     columns_asset_files[i].width);
			room->at[i] = NULL;
		}
	}
}

static enum err room_take(struct columns_asset *a, struct event_room *room, size_t rows,
			  struct columns_fault *fault)
{
	memset(room, 0, sizeof *room);
	room->rows = rows;
	for (unsigned i = 0; i <= ASSET_TX; i++) {
		room->at[i] =
		    columns_file_take(&a->file[i], rows * columns_asset_files[i].width, fault);
		if (room->at[i] == NULL) {
			room_give(a, room);
			return a->file[i].why;
		}
	}
	return ERR_OK;
}

static INLINED void put_event(struct columns_asset *a, struct event_room *room, uint32_t from,
			      uint32_t to, uint64_t amount, uint32_t tx)
{
	struct columns_record *f = &a->names.record[from], *t = &a->names.record[to];
	const size_t i = room->used++;

	le32_put(room->at[ASSET_FROM] + 4 * i, from);
	le32_put(room->at[ASSET_TO] + 4 * i, to);
	le64_put(room->at[ASSET_AMOUNT] + 8 * i, amount);
	le64_put(room->at[ASSET_BALANCE] + 8 * i, from == TRACE_ISSUANCE ? 0 : f->in - f->out);
	le64_put(room->at[ASSET_OUT] + 8 * i, f->out);
	le64_put(room->at[ASSET_IN] + 8 * i, t->in);
	le32_put(room->at[ASSET_TX] + 4 * i, tx);
	f->out += amount;
	t->in += amount;
	a->events++;
}

static enum err may_issue(const struct columns *c, const struct columns_asset *a, uint64_t amount,
			  struct columns_fault *fault)
{
	uint64_t out = a->names.record[TRACE_ISSUANCE].out;

	if (amount > UINT64_MAX - out) {
		columns_fault_say(fault, "all that was ever made would be more than 64 bits hold");
		return ERR_OVERFLOW;
	}
	if (c->supply != 0 && out + amount > c->supply) {
		columns_fault_say(fault,
				  "%" PRIu64 " would make %" PRIu64
				  " in all, more than the supply of %" PRIu64,
				  amount, out + amount, c->supply);
		return ERR_LIMIT;
	}
	return ERR_OK;
}

/* A transfer of a batch, with what was looked up before its turn. */
struct ahead {
	uint64_t from_hash, to_hash, tx_hash;
	uint32_t from_guess, to_guess;
};

static INLINED enum err event(struct columns *c, struct columns_asset *a,
			      const struct columns_transfer *t, const struct ahead *ahead,
			      struct event_room *room, struct columns_fault *fault)
{
	uint32_t from = TRACE_ISSUANCE, to = TRACE_DESTROYED, tx = 0;
	struct columns_record *f, *r;
	enum err e = ERR_OK;

	if (!a->in_block) {
		e = enter(c, a, t->asset, fault);
	}
	if (e == ERR_OK && t->from.p != NULL) {
		e = guessed_account(a, t->from, ahead->from_hash, ahead->from_guess, &from, fault);
	}
	if (e == ERR_OK && t->to.p != NULL) {
		e = guessed_account(a, t->to, ahead->to_hash, ahead->to_guess, &to, fault);
	}
	if (e == ERR_OK) {
		e = transaction(a, &t->tx, ahead->tx_hash, &tx, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	f = &a->names.record[from];
	r = &a->names.record[to];
	if (from == TRACE_ISSUANCE) {
		e = may_issue(c, a, t->amount, fault);
	} else if (f->in - f->out < t->amount) {
		uint64_t lacks = t->amount - (f->in - f->out);

		if (!c->opening) {
			columns_fault_say(fault,
					  "the sender holds %" PRIu64 " and sends %" PRIu64
					  ": is an earlier transfer missing?",
					  f->in - f->out, t->amount);
			return ERR_FUNDS;
		}
		e = may_issue(c, a, lacks, fault);
		if (e == ERR_OK && lacks > UINT64_MAX - f->in) {
			e = ERR_OVERFLOW;
		}
		if (e == ERR_OK) {
			c->openings++;
			put_event(a, room, TRACE_ISSUANCE, from, lacks, tx);
		}
	}
	if (e == ERR_OK && (t->amount > UINT64_MAX - r->in || t->amount > UINT64_MAX - f->out)) {
		columns_fault_say(fault,
				  "all that came to or left an account would be more than 64 bits "
				  "hold");
		e = ERR_OVERFLOW;
	}
	if (e == ERR_OK && a->events >= TRACE_COUNT_MAX - 1) {
		columns_fault_say(fault, "more than 2^32 events of one asset");
		e = ERR_FULL;
	}
	if (e == ERR_OK) {
		put_event(a, room, from, to, t->amount, tx);
	}
	return e;
}

static bool name_ok(struct columns_name name)
{
	return name.p == NULL || (name.n > 0 && name.n <= COLUMNS_NAME_MAX);
}

static enum err may_append(const struct columns *c, const struct columns_transfer *x,
			   struct columns_fault *fault)
{
	CHECK(x->asset < c->assets_n);
	if (!name_ok(x->from) || !name_ok(x->to)) {
		columns_fault_say(fault, "a name has 1 to %d bytes", COLUMNS_NAME_MAX);
		return ERR_FIELD_RANGE;
	}
	if (x->amount == 0) {
		columns_fault_say(fault, "an amount of 0 moves nothing");
		return ERR_AMOUNT;
	}
	return ERR_OK;
}

/*
 * Before its turn a transfer is looked at in three steps, so that memory fetches for it while those
 * before it are worked on: hashes, which say what lines of the tables are needed; a GROUP later
 * those lines, which say what records are; and a GROUP later the events themselves.  All lines of a
 * GROUP are asked for in one go: where they lie is then found out for several at once, and not for
 * each with the work of a transfer in between.
 */
enum { GROUP = 8 };

/* Names of one length beside each other: those are hashed best. */
static void hash_group(const uint64_t seed[2], const struct columns_transfer *t, size_t n,
		       struct ahead *ahead)
{
	struct columns_name name[3 * GROUP];
	uint64_t hash[3 * GROUP];

	for (size_t i = 0; i < n; i++) {
		/* an empty one where there is none */
		name[i] = t[i].from;
		name[i].n = t[i].from.p != NULL ? t[i].from.n : 0;
		name[n + i] = t[i].to;
		name[n + i].n = t[i].to.p != NULL ? t[i].to.n : 0;
		name[2 * n + i] =
		    (struct columns_name){ t[i].tx.b, sizeof t[i].tx.b, COLUMNS_TRANSACTION };
	}
	columns_names_hash_many(seed, name, 3 * n, hash);
	for (size_t i = 0; i < n; i++) {
		ahead[i].from_hash = hash[i];
		ahead[i].to_hash = hash[n + i];
		ahead[i].tx_hash = hash[2 * n + i];
	}
}

static INLINED void fetch_group(const struct columns_asset *a, const struct ahead *ahead, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		columns_tags_fetch(&a->tags, ahead[i].tx_hash);
		columns_names_fetch(&a->names, ahead[i].from_hash);
		columns_names_fetch(&a->names, ahead[i].to_hash);
	}
}

static INLINED void guess(const struct columns_asset *a, struct ahead *ahead)
{
	ahead->from_guess = columns_names_guess(&a->names, ahead->from_hash);
	ahead->to_guess = columns_names_guess(&a->names, ahead->to_hash);
	columns_tags_fetch_more(&a->tags, ahead->tx_hash);
}

/*
 * Those of one asset, at most COLUMNS_BATCH; *done: how many went in before one that could not.
 */
static enum err append_run(struct columns *c, const struct columns_transfer *t, size_t n,
			   size_t *done, struct columns_fault *fault)
{
	struct ahead ahead[COLUMNS_BATCH];
	struct event_room room;
	struct columns_asset *a = NULL;
	size_t hashed = 0, guessed = 0;
	enum err e = columns_self_load(c, t->asset, &a, fault);

	static_assert(2 * COLUMNS_BATCH <= COLUMNS_NAMES_AHEAD, "one reserve for all");
	*done = 0;
	if (e == ERR_OK && (columns_names_reserve(&a->names) != ERR_OK ||
			    columns_tags_reserve(&a->tags) != ERR_OK)) {
		e = columns_self_full(fault);
	}
	if (e == ERR_OK) {
		/* an opening balance is one event more */
		e = room_take(a, &room, n * (c->opening ? 2 : 1), fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	while (e == ERR_OK && *done < n) {
		/* each step on what the step before it did in the turn before */
		const size_t may_guess = hashed, may_enter = guessed;

		if (hashed < n) {
			const size_t some = n - hashed < GROUP ? n - hashed : GROUP;

			hash_group(c->hash_seed, t + hashed, some, ahead + hashed);
			fetch_group(a, ahead + hashed, some);
			hashed += some;
		}
		for (; guessed < may_guess; guessed++) {
			guess(a, &ahead[guessed]);
		}
		while (e == ERR_OK && *done < may_enter) {
			e = event(c, a, &t[*done], &ahead[*done], &room, fault);
			*done += e == ERR_OK ? 1 : 0;
		}
	}
	room_give(a, &room);
	return e;
}

/* At most COLUMNS_BATCH of them. */
static enum err append_batch(struct columns *c, const struct columns_transfer *t, size_t n,
			     size_t *bad, struct columns_fault *fault)
{
	enum err e = ERR_OK;

	for (*bad = 0; *bad < n; (*bad)++) {
		e = may_append(c, &t[*bad], fault);
		if (e != ERR_OK) {
			return e;
		}
	}
	for (*bad = 0; e == ERR_OK && *bad < n;) {
		size_t run = 1, done = 0;

		while (*bad + run < n && t[*bad + run].asset == t[*bad].asset) {
			run++;
		}
		e = append_run(c, t + *bad, run, &done, fault);
		*bad += done;
	}
	return e;
}

enum err columns_append(struct columns *c, const struct columns_transfer *t, size_t n, size_t *bad,
			struct columns_fault *fault)
{
	enum err e = ERR_OK;

	CHECK(!c->broken && c->is_open);
	for (size_t i = 0; e == ERR_OK && i < n; i += COLUMNS_BATCH) {
		size_t some = n - i < COLUMNS_BATCH ? n - i : COLUMNS_BATCH;

		e = append_batch(c, t + i, some, bad, fault);
		*bad += i;
	}
	c->appended += e == ERR_OK ? n : 0;
	return e;
}

bool columns_find(struct columns *c, uint32_t asset, struct columns_name name, uint64_t *in,
		  uint64_t *out)
{
	struct columns_fault fault;
	struct columns_asset *a = NULL;
	uint32_t id;

	CHECK(asset < c->assets_n);
	if (columns_self_load(c, asset, &a, &fault) != ERR_OK) {
		return false;
	}
	id = columns_names_find(&a->names, name, columns_names_hash(a->names.seed, name));
	if (id == COLUMNS_NAMES_NONE) {
		return false;
	}
	*in = a->names.record[id].in;
	*out = a->names.record[id].out;
	return true;
}

uint32_t columns_accounts(struct columns *c, uint32_t asset)
{
	struct columns_fault fault;
	struct columns_asset *a = NULL;

	CHECK(asset < c->assets_n);
	return columns_self_load(c, asset, &a, &fault) == ERR_OK ? (uint32_t)a->names.n : 0;
}

struct columns_name columns_account(const struct columns *c, uint32_t asset, uint32_t account)
{
	CHECK(asset < c->assets_n);
	return columns_names_of(&c->asset[asset]->names, account);
}

enum err columns_own(struct columns *c, uint32_t asset, struct columns_name outpoint,
		     struct columns_name owner, struct columns_fault *fault)
{
	struct columns_asset *a = NULL;
	uint32_t by = 0, id = 0;
	enum err e;

	CHECK(!c->broken && c->is_open && asset < c->assets_n);
	if (!name_ok(outpoint) || !name_ok(owner)) {
		columns_fault_say(fault, "a name has 1 to %d bytes", COLUMNS_NAME_MAX);
		return ERR_FIELD_RANGE;
	}
	e = columns_self_load(c, asset, &a, fault);
	if (e == ERR_OK && !a->in_block) {
		e = enter(c, a, asset, fault);
	}
	if (e == ERR_OK && columns_names_reserve(&a->names) != ERR_OK) {
		e = columns_self_full(fault);
	}
	if (e == ERR_OK) {
		e = account_of(a, owner, columns_names_hash(a->names.seed, owner), 0, &by, fault);
	}
	return e == ERR_OK ? account_of(a, outpoint, columns_names_hash(a->names.seed, outpoint),
					by, &id, fault)
			   : e;
}

enum err columns_facts_add(struct columns *c, struct bytes fact, struct columns_fault *fault)
{
	enum err e = ERR_OK;

	CHECK(!c->broken && c->is_open);
	for (size_t i = 0; e == ERR_OK && i < fact.n; i += 4096) {
		size_t some = fact.n - i < 4096 ? fact.n - i : 4096;

		e = put(&c->file[ROOT_FACTS], fact.p + i, some, fault);
	}
	c->broken = e != ERR_OK;
	return e;
}

uint64_t columns_facts_bytes(const struct columns *c)
{
	return c->file[ROOT_FACTS].bytes;
}

enum err columns_facts_read(struct columns *c, uint8_t *out, uint64_t offset, size_t n,
			    struct columns_fault *fault)
{
	CHECK(offset <= columns_facts_bytes(c) && n <= columns_facts_bytes(c) - offset);
	return columns_file_read(&c->file[ROOT_FACTS], out, offset, n, fault);
}

/* ---- commits ---- */

static enum err commit_asset(struct columns *c, struct columns_asset *a, uint64_t generation,
			     struct columns_fault *fault)
{
	struct columns_head h = { .kind = COLUMNS_HEAD_ASSET,
				  .generation = generation,
				  .columns = ASSET_FILES };
	bool made = a->fresh;
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < ASSET_FILES; i++) {
		e = columns_file_sync(&a->file[i], &h.column[i], fault);
		made = made || a->file[i].made;
		a->file[i].made = false;
	}
	if (e == ERR_OK && made) {
		e = sync_folder(c, a->folder, fault);
	}
	if (e == ERR_OK && a->head_fd < 0) {
		bool again;

		e = open_head(a->folder, &a->head_fd, &again, fault);
	}
	if (e == ERR_OK) {
		e = write_slot(c, a->head_fd, strrchr(a->folder, '/') + 1, 1 - a->slot, &h, fault);
	}
	if (e == ERR_OK) {
		a->slot = 1 - a->slot;
		a->head = h;
		c->fresh = c->fresh || a->fresh;
		a->fresh = a->touched = false;
	}
	return e;
}

static enum err commit(struct columns *c, struct columns_fault *fault)
{
	struct columns_head h = c->head;
	enum err e = ERR_OK;

	h.generation = c->generation + 1;
	for (uint32_t i = 0; e == ERR_OK && i < c->assets_cap; i++) {
		if (c->asset[i] != NULL && c->asset[i]->touched) {
			e = commit_asset(c, c->asset[i], h.generation, fault);
			if (i >= ASSETS_AWAKE) {
				columns_self_rest(c->asset[i]);
			}
		}
	}
	for (unsigned i = 0; e == ERR_OK && i < ROOT_FILES; i++) {
		e = columns_file_sync(&c->file[i], &h.column[i], fault);
		c->fresh = c->fresh || c->file[i].made;
		c->file[i].made = false;
	}
	if (e == ERR_OK && c->fresh) {
		e = sync_folder(c, c->folder, fault);
		c->fresh = e != ERR_OK;
	}
	if (e == ERR_OK) {
		e = write_slot(c, c->head_fd, "head", 1 - c->slot, &h, fault);
	}
	if (e == ERR_OK) {
		c->slot = 1 - c->slot;
		c->head = h;
		c->generation = h.generation;
	}
	return e;
}

enum err columns_commit(struct columns *c, struct columns_fault *fault)
{
	enum err e;

	CHECK(!c->broken);
	if (c->is_open) {
		columns_self_end_block(c);
	}
	e = commit(c, fault);
	c->broken = e != ERR_OK;
	return e;
}

enum err columns_undo(struct columns *c, uint64_t height, struct columns_fault *fault)
{
	uint64_t keep = columns_blocks(c);
	enum err e = ERR_OK;

	CHECK(!c->broken);
	while (keep > 0) {
		struct columns_block b;

		e = columns_block_at(c, keep - 1, &b, fault);
		if (e != ERR_OK || b.height <= height) {
			break;
		}
		keep--;
	}
	if (e == ERR_OK && keep == columns_blocks(c)) {
		return ERR_OK;
	}
	if (e == ERR_OK) {
		e = columns_self_cut(c, keep, fault);
	}
	if (e == ERR_OK) {
		c->head.undos++;
		e = commit(c, fault);
	}
	c->broken = e != ERR_OK;
	return e;
}

enum err columns_drop(struct columns *c, struct columns_fault *fault)
{
	enum err e;

	CHECK(!c->broken && c->is_open);
	e = columns_self_cut(c, columns_blocks(c) - 1, fault);
	c->broken = e != ERR_OK;
	return e;
}
