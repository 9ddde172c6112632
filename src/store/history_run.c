/* SPDX-License-Identifier: Apache-2.0 */
#include "store/history_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/sha256.h"

enum {
	VERSION = 1,
	CHECK_BYTES = 8,
	AT_COUNT = CHECK_BYTES,
	AT_CONTENT = AT_COUNT + 2,
	ID_BYTES = 16,
	IDS_PER_BLOCK = (RUN_BLOCK - AT_CONTENT) / ID_BYTES,

	HEAD_LEVEL = 20,
	HEAD_FIRST = 24,
	HEAD_END = 32,
	HEAD_HEAD = 40,
	HEAD_ENTRY_BLOCKS = 72,
	HEAD_ID_BLOCKS = 80,
	HEAD_ENTRIES = 88,
	HEAD_IDS = 96,
	HEAD_LEAST = 104,
	HEAD_MOST = HEAD_LEAST + RUN_KEY,
	HEAD_CHECK = RUN_BLOCK - CHECK_BYTES,

	NUMBER_MAX = 19, /* bytes of 128 bits, 7 in each */
	GROUP_HEAD_MAX = (int)sizeof(struct id128) + 1 + HISTORY_WHATS * NUMBER_MAX + 2,
};

static const char magic[16] = "kuramori history";

static_assert(sizeof magic == 16, "the magic has no NUL");

/* ---- small things ---- */

void history_run_id_make(struct run_id *out, const struct id128 *id, uint64_t sequence)
{
	memcpy(out->b, id->b, 6);
	memcpy(out->b + 6, id->b + 12, 4);
	for (size_t i = 0; i < 6; i++) {
		out->b[15 - i] = (uint8_t)(sequence >> 8 * i);
	}
}

uint64_t history_run_id_sequence(const struct run_id *id)
{
	uint64_t v = 0;

	for (size_t i = RUN_KEY; i < sizeof id->b; i++) {
		v = v << 8 | id->b[i];
	}
	return v;
}

static int key_cmp(const struct id128 *a, uint64_t a_sequence, const struct id128 *b,
		   uint64_t b_sequence)
{
	int order = memcmp(a->b, b->b, sizeof a->b);

	return order != 0 ? order : (a_sequence > b_sequence) - (a_sequence < b_sequence);
}

void history_run_name(char out[RUN_NAME_MAX], uint64_t first, uint64_t end)
{
	(void)snprintf(out, RUN_NAME_MAX, "run-%016" PRIx64 "-%016" PRIx64, first, end);
}

/*
 * The check of a block's n bytes: with the place that it has in this run, so that a write that went
 * astray is no block there.
 */
static void check_of(uint8_t out[CHECK_BYTES], const uint8_t *p, size_t n, const struct run *run,
		     uint64_t index)
{
	struct sha256 s;
	struct hash32 h;
	uint8_t place[24];

	le64_put(place, run->first);
	le64_put(place + 8, run->end);
	le64_put(place + 16, index);
	sha256_init(&s);
	sha256_update(&s, bytes_of(place, sizeof place));
	sha256_update(&s, bytes_of(p, n));
	sha256_final(&s, &h);
	memcpy(out, h.b, CHECK_BYTES);
}

/* Seven bits a byte, lowest first, no more bytes than needed.  Nearly all fit in 64 bits. */
static size_t number_put(uint8_t out[NUMBER_MAX], u128 v)
{
	uint64_t low;
	size_t n = 0;

	while (v > UINT64_MAX) {
		out[n++] = (uint8_t)v | 0x80;
		v >>= 7;
	}
	for (low = (uint64_t)v; low >= 0x80; low >>= 7) {
		out[n++] = (uint8_t)low | 0x80;
	}
	out[n++] = (uint8_t)low;
	return n;
}

static u128 number_get(struct reader *r)
{
	size_t most = r->left < NUMBER_MAX ? r->left : NUMBER_MAX, n = 0;
	uint64_t low = 0;
	u128 v;

	for (; n < most && n < 9; n++) {
		low |= (uint64_t)(r->p[n] & 0x7f) << 7 * n;
		if (r->p[n] < 0x80) {
			r->p += n + 1;
			r->left -= n + 1;
			return low;
		}
	}
	for (v = low; n < most; n++) {
		v |= (u128)(r->p[n] & 0x7f) << 7 * n;
		if (r->p[n] < 0x80) {
			r->p += n + 1;
			r->left -= n + 1;
			return v;
		}
	}
	r->bad = true;
	return 0;
}

/* ---- writing ---- */

static void writer_fail(struct run_writer *w)
{
	if (w->failed == ERR_OK) {
		w->number = errno;
		w->failed =
		    errno == ENOSPC || errno == EFBIG || errno == EDQUOT ? ERR_FULL : ERR_IO;
	}
}

static void write_block(struct run_writer *w, const uint8_t *p, uint64_t index)
{
	size_t done = 0;

	while (w->failed == ERR_OK && done < RUN_BLOCK) {
		ssize_t n =
		    pwrite(w->fd, p + done, RUN_BLOCK - done, (off_t)(index * RUN_BLOCK + done));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			writer_fail(w);
			return;
		}
		done += (size_t)n;
	}
}

/* The block that is being filled, if there is anything in it. */
static void flush(struct run_writer *w)
{
	uint64_t index = 1 + w->run.entry_blocks + w->run.id_blocks;

	if (w->count == 0) {
		return;
	}
	memset(w->block + w->used, 0, RUN_BLOCK - w->used);
	le16_put(w->block + AT_COUNT, w->count);
	check_of(w->block, w->block + AT_COUNT, RUN_BLOCK - AT_COUNT, &w->run, index);
	write_block(w, w->block, index);
	if (w->in_ids) {
		w->run.id_blocks++;
	} else {
		w->run.entry_blocks++;
	}
	w->used = AT_CONTENT;
	w->count = 0;
	w->grouped = false;
}

static void fresh_name(char out[RUN_NAME_MAX], const struct run *run)
{
	history_run_name(out, run->first, run->end);
	memcpy(out + strlen(out), ".new", sizeof ".new");
}

void history_run_begin(struct run_writer *w, int directory, const struct run *run)
{
	char name[RUN_NAME_MAX];

	memset(w, 0, sizeof *w);
	w->directory = directory;
	w->run = *run;
	w->run.entry_blocks = w->run.id_blocks = w->run.entries = w->run.ids = 0;
	w->used = AT_CONTENT;
	fresh_name(name, run);
	w->fd = openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		writer_fail(w);
	}
}

/* The header of a group: with the account's sums if the run has earlier entries of it. */
static size_t group_head(uint8_t out[GROUP_HEAD_MAX], const struct run_writer *w,
			 const struct run_entry *e)
{
	size_t n = sizeof e->account.b;

	memcpy(out, e->account.b, n);
	out[n] = w->continued;
	if (out[n++] != 0) {
		for (size_t i = 0; i < HISTORY_WHATS; i++) {
			n += number_put(out + n, w->sums.of[i]);
		}
	}
	le16_put(out + n, 0);
	return n + 2;
}

void history_run_add_entry(struct run_writer *w, const struct run_entry *e)
{
	uint8_t head[GROUP_HEAD_MAX];
	uint8_t body[2 * NUMBER_MAX];
	size_t head_n = 0, body_n;

	CHECK(!w->in_ids && e->sequence >= w->run.first && e->sequence < w->run.end);
	if (!w->any || !id128_eq(&w->account, &e->account)) {
		CHECK(!w->any || memcmp(w->account.b, e->account.b, sizeof w->account.b) < 0);
		memset(&w->sums, 0, sizeof w->sums);
		w->account = e->account;
		w->any = true;
		w->continued = false;
		w->grouped = false;
	} else {
		CHECK(e->sequence >= w->last);
	}
	for (int pass = 0; pass < 2; pass++) {
		uint64_t from = w->grouped ? w->last : w->run.first;

		head_n = w->grouped ? 0 : group_head(head, w, e);
		body_n = number_put(body, (u128)(e->sequence - from) << 3 | (unsigned)e->what);
		body_n += number_put(body + body_n, e->amount);
		if (w->used + head_n + body_n <= RUN_BLOCK) {
			break;
		}
		CHECK(pass == 0); /* an empty block takes any entry */
		flush(w);
	}
	if (head_n > 0) {
		memcpy(w->block + w->used, head, head_n);
		w->used += head_n;
		w->count_at = w->used - 2;
		w->group = 0;
		w->grouped = true;
		w->count++;
	}
	memcpy(w->block + w->used, body, body_n);
	w->used += body_n;
	le16_put(w->block + w->count_at, ++w->group);
	w->sums.of[e->what] += e->amount;
	w->continued = true;
	w->last = e->sequence;
	w->run.entries++;
}

void history_run_add_id(struct run_writer *w, const struct run_id *id)
{
	if (!w->in_ids) {
		flush(w);
		w->in_ids = true;
		memcpy(w->run.least, id->b, RUN_KEY);
	}
	if (w->count == IDS_PER_BLOCK) {
		flush(w);
	}
	memcpy(w->block + w->used, id->b, ID_BYTES);
	w->used += ID_BYTES;
	w->count++;
	w->run.ids++;
	memcpy(w->run.most, id->b, RUN_KEY);
}

static void write_head(struct run_writer *w)
{
	uint8_t head[RUN_BLOCK] = { 0 };
	const struct run *r = &w->run;

	memcpy(head, magic, sizeof magic);
	le32_put(head + sizeof magic, VERSION);
	le32_put(head + HEAD_LEVEL, r->level);
	le64_put(head + HEAD_FIRST, r->first);
	le64_put(head + HEAD_END, r->end);
	memcpy(head + HEAD_HEAD, r->head.b, sizeof r->head.b);
	le64_put(head + HEAD_ENTRY_BLOCKS, r->entry_blocks);
	le64_put(head + HEAD_ID_BLOCKS, r->id_blocks);
	le64_put(head + HEAD_ENTRIES, r->entries);
	le64_put(head + HEAD_IDS, r->ids);
	memcpy(head + HEAD_LEAST, r->least, RUN_KEY);
	memcpy(head + HEAD_MOST, r->most, RUN_KEY);
	check_of(head + HEAD_CHECK, head, HEAD_CHECK, r, 0);
	write_block(w, head, 0);
}

enum err history_run_commit(struct run *out, struct run_writer *w)
{
	char name[RUN_NAME_MAX], fresh[RUN_NAME_MAX];

	history_run_name(name, w->run.first, w->run.end);
	fresh_name(fresh, &w->run);
	flush(w);
	write_head(w);
	if (w->failed == ERR_OK &&
	    (fdatasync(w->fd) != 0 || renameat(w->directory, fresh, w->directory, name) != 0 ||
	     fsync(w->directory) != 0)) {
		writer_fail(w);
	}
	if (w->failed != ERR_OK) {
		(void)unlinkat(w->directory, fresh, 0);
		if (w->fd >= 0) {
			(void)close(w->fd);
		}
		return w->failed;
	}
	*out = w->run;
	out->fd = w->fd;
	return ERR_OK;
}

/* ---- reading ---- */

static enum err read_block(const struct run *r, uint8_t out[RUN_BLOCK], uint64_t index)
{
	size_t got = 0;

	while (got < RUN_BLOCK) {
		ssize_t n =
		    pread(r->fd, out + got, RUN_BLOCK - got, (off_t)(index * RUN_BLOCK + got));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return ERR_IO;
		}
		if (n == 0) {
			return ERR_CORRUPT;
		}
		got += (size_t)n;
	}
	return ERR_OK;
}

/* A block of contents: its check and that there is something in it. */
static enum err read_content(const struct run *r, uint8_t out[RUN_BLOCK], uint64_t index)
{
	uint8_t check[CHECK_BYTES];
	enum err e = read_block(r, out, index);

	if (e != ERR_OK) {
		return e;
	}
	check_of(check, out + AT_COUNT, RUN_BLOCK - AT_COUNT, r, index);
	return memcmp(check, out, CHECK_BYTES) == 0 && le16_get(out + AT_COUNT) > 0 ? ERR_OK
										    : ERR_CORRUPT;
}

static enum err read_head(struct run *r)
{
	uint8_t head[RUN_BLOCK], check[CHECK_BYTES];
	struct stat st;
	enum err e = read_block(r, head, 0);

	if (e != ERR_OK) {
		return e;
	}
	r->first = le64_get(head + HEAD_FIRST);
	r->end = le64_get(head + HEAD_END);
	check_of(check, head, HEAD_CHECK, r, 0);
	if (memcmp(head, magic, sizeof magic) != 0 ||
	    memcmp(check, head + HEAD_CHECK, CHECK_BYTES) != 0 ||
	    le32_get(head + sizeof magic) != VERSION) {
		return ERR_CORRUPT;
	}
	r->level = le32_get(head + HEAD_LEVEL);
	memcpy(r->head.b, head + HEAD_HEAD, sizeof r->head.b);
	r->entry_blocks = le64_get(head + HEAD_ENTRY_BLOCKS);
	r->id_blocks = le64_get(head + HEAD_ID_BLOCKS);
	r->entries = le64_get(head + HEAD_ENTRIES);
	r->ids = le64_get(head + HEAD_IDS);
	memcpy(r->least, head + HEAD_LEAST, RUN_KEY);
	memcpy(r->most, head + HEAD_MOST, RUN_KEY);
	if (fstat(r->fd, &st) != 0) {
		return ERR_IO;
	}
	return (uint64_t)st.st_size == (1 + r->entry_blocks + r->id_blocks) * RUN_BLOCK &&
		       r->first < r->end
		   ? ERR_OK
		   : ERR_CORRUPT;
}

enum err history_run_open(struct run *r, int directory, const char *name)
{
	char wanted[RUN_NAME_MAX];
	enum err e;

	memset(r, 0, sizeof *r);
	r->fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0) {
		return ERR_IO;
	}
	e = read_head(r);
	if (e == ERR_OK) {
		history_run_name(wanted, r->first, r->end);
		e = strcmp(wanted, name) == 0 ? ERR_OK : ERR_CORRUPT;
	}
	if (e != ERR_OK) {
		history_run_close(r);
	}
	return e;
}

void history_run_close(struct run *r)
{
	if (r->fd >= 0) {
		(void)close(r->fd);
		r->fd = -1;
	}
}

/* ---- entries ---- */

static enum err load(struct run_cursor *c, uint64_t block)
{
	enum err e = read_content(c->run, c->buffer, 1 + block);

	c->block = block;
	c->in = reader_make(bytes_of(c->buffer + AT_CONTENT, RUN_BLOCK - AT_CONTENT));
	c->groups = e == ERR_OK ? le16_get(c->buffer + AT_COUNT) : 0;
	c->entries = 0;
	return e;
}

void history_run_rewind(struct run_cursor *c, const struct run *run)
{
	c->run = run;
	c->block = UINT64_MAX; /* the next is 0 */
	c->groups = c->entries = 0;
}

static void group_next(struct run_cursor *c)
{
	struct bytes account = reader_bytes(&c->in, sizeof c->entry.account.b);
	struct bytes continued = reader_bytes(&c->in, 1);

	memset(&c->sums, 0, sizeof c->sums);
	if (c->in.bad || continued.p[0] > 1) {
		c->in.bad = true;
		return;
	}
	memcpy(c->entry.account.b, account.p, account.n);
	for (size_t i = 0; continued.p[0] == 1 && i < HISTORY_WHATS; i++) {
		c->sums.of[i] = number_get(&c->in);
	}
	c->entries = reader_u16(&c->in);
	c->in.bad = c->in.bad || c->entries == 0;
	c->entry.sequence = c->run->first;
	c->groups--;
}

enum err history_run_next(struct run_cursor *c)
{
	u128 packed;

	if (c->entries == 0 && c->groups == 0) {
		enum err e;

		if (c->block + 1 >= c->run->entry_blocks) {
			return ERR_NOT_FOUND;
		}
		e = load(c, c->block + 1);
		if (e != ERR_OK) {
			return e;
		}
	}
	if (c->entries == 0) {
		group_next(c);
	}
	packed = number_get(&c->in);
	c->entry.amount = number_get(&c->in);
	if (c->in.bad || (packed & 7) >= HISTORY_WHATS ||
	    packed >> 3 >= c->run->end - c->entry.sequence) {
		return ERR_CORRUPT;
	}
	c->entry.sequence += (uint64_t)(packed >> 3);
	c->entry.what = (enum history_what)(packed & 7);
	c->sums.of[c->entry.what] += c->entry.amount;
	c->entries--;
	return ERR_OK;
}

enum err history_run_seek(struct run_cursor *c, const struct run *run, const struct id128 *account,
			  uint64_t sequence)
{
	uint64_t low = 0, high = run->entry_blocks;

	history_run_rewind(c, run);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		enum err e = load(c, middle);

		if (e == ERR_OK) {
			e = history_run_next(c);
		}
		if (e != ERR_OK) {
			return e;
		}
		/* a record may have entries on both sides of a block's border */
		if (key_cmp(&c->entry.account, c->entry.sequence, account, sequence) < 0) {
			low = middle;
		} else {
			high = middle;
		}
	}
	history_run_rewind(c, run);
	return run->entry_blocks == 0 ? ERR_OK : load(c, low);
}

/* ---- ids ---- */

static enum err id_load(struct run_id_cursor *c, uint64_t block)
{
	enum err e = read_content(c->run, c->buffer, 1 + c->run->entry_blocks + block);

	c->block = block;
	c->at = 0;
	c->count = e == ERR_OK ? le16_get(c->buffer + AT_COUNT) : 0;
	return e == ERR_OK && c->count > IDS_PER_BLOCK ? ERR_CORRUPT : e;
}

void history_run_id_rewind(struct run_id_cursor *c, const struct run *run)
{
	c->run = run;
	c->block = UINT64_MAX;
	c->at = c->count = 0;
}

enum err history_run_id_next(struct run_id_cursor *c, struct run_id *out)
{
	if (c->at == c->count) {
		enum err e;

		if (c->block + 1 >= c->run->id_blocks) {
			return ERR_NOT_FOUND;
		}
		e = id_load(c, c->block + 1);
		if (e != ERR_OK) {
			return e;
		}
	}
	memcpy(out->b, c->buffer + AT_CONTENT + (size_t)c->at * ID_BYTES, ID_BYTES);
	c->at++;
	return ERR_OK;
}

enum err history_run_id_seek(struct run_id_cursor *c, const struct run *run,
			     const uint8_t key[RUN_KEY])
{
	uint64_t low = 0, high = run->id_blocks;

	history_run_id_rewind(c, run);
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		enum err e = id_load(c, middle);

		if (e != ERR_OK) {
			return e;
		}
		/* equal keys may begin in the block before */
		if (memcmp(c->buffer + AT_CONTENT, key, RUN_KEY) < 0) {
			low = middle;
		} else {
			high = middle;
		}
	}
	history_run_id_rewind(c, run);
	return run->id_blocks == 0 ? ERR_OK : id_load(c, low);
}
