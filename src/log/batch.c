/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.c - batches of records and blobs, and the chain they form.
 */
#include "log/batch.h"

#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"

enum {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_ZERO = 6,
	AT_FIRST = 8,
	AT_COUNT = 16,
	AT_BLOBS = 20,
	AT_BYTES = 24,
	AT_CHECK = 28,
	AT_PREVIOUS = 32,
	AT_ROOT = 64,
	AT_HASH = 96,

	UNIT = 128,    /* every batch is a multiple of it */
	BLOB_HEAD = 4, /* u32 length */
	HASHED_HEAD = AT_CHECK + AT_HASH - AT_PREVIOUS,
	TOGETHER = 16, /* messages that are hashed in one go */
};

static const uint8_t magic[4] = { 'K', 'B', 'A', 'T' };

static_assert(AT_HASH + sizeof(struct hash32) == LOG_BATCH_HEAD_BYTES, "the hash ends the header");
static_assert((int)LOG_BATCH_HEAD_BYTES == (int)UNIT && (int)LOG_RECORD_BYTES == (int)UNIT,
	      "sectors are not straddled");
static_assert(LOG_BATCH_HEAD_BYTES + LOG_BATCH_RECORDS_MAX * LOG_RECORD_BYTES < LOG_BATCH_BYTES_MAX,
	      "a batch of the most records has room for blobs");
static_assert(LOG_BATCH_BYTES_MAX % UNIT == 0, "the largest batch is whole units");

static size_t round_up(size_t n)
{
	return (n + UNIT - 1) / UNIT * UNIT;
}

/* SHA-256 of the header without the check, first four bytes. */
static void head_check(uint8_t out[4], const uint8_t head[LOG_BATCH_HEAD_BYTES])
{
	struct sha256 s;
	struct hash32 h;

	sha256_init(&s);
	sha256_update(&s, bytes_of(head, AT_CHECK));
	sha256_update(&s, bytes_of(head + AT_PREVIOUS, LOG_BATCH_HEAD_BYTES - AT_PREVIOUS));
	sha256_final(&s, &h);
	memcpy(out, h.b, 4);
}

/* What the batch hash covers: everything but the check and itself. */
static struct sha256_message batch_message(uint8_t head[HASHED_HEAD], struct bytes batch)
{
	memcpy(head, batch.p, AT_CHECK);
	memcpy(head + AT_CHECK, batch.p + AT_PREVIOUS, AT_HASH - AT_PREVIOUS);
	return (struct sha256_message){ .head = bytes_of(head, HASHED_HEAD),
					.rest = bytes_of(batch.p + LOG_BATCH_HEAD_BYTES,
							 batch.n - LOG_BATCH_HEAD_BYTES) };
}

static void batch_hash(struct hash32 *out, struct bytes batch)
{
	uint8_t head[HASHED_HEAD];
	struct sha256_message m = batch_message(head, batch);

	sha256_each(out, &m, 1);
}

void log_chain_init(struct log_chain *c)
{
	memset(c, 0, sizeof(*c));
	log_tree_init(&c->tree);
}

void log_batch_begin(struct log_batch *b, uint8_t *buffer, size_t cap)
{
	if (cap > LOG_BATCH_BYTES_MAX) {
		cap = LOG_BATCH_BYTES_MAX;
	}
	cap = cap / UNIT * UNIT;
	CHECK(buffer != NULL && cap >= LOG_BATCH_HEAD_BYTES + LOG_RECORD_BYTES);
	b->p = buffer;
	b->cap = cap;
	b->records = 0;
	b->blobs = 0;
	b->blobs_at = cap;
}

static size_t records_end(const struct log_batch *b)
{
	return LOG_BATCH_HEAD_BYTES + b->records * LOG_RECORD_BYTES;
}

enum err log_batch_add_record(struct log_batch *b, const struct log_record *r)
{
	CHECK(b->p != NULL);
	if (b->records == LOG_BATCH_RECORDS_MAX ||
	    b->blobs_at - records_end(b) < LOG_RECORD_BYTES) {
		return ERR_FULL;
	}
	log_record_put(b->p + records_end(b), r);
	b->records++;
	return ERR_OK;
}

enum err log_batch_add_blob(struct log_batch *b, struct log_record *r, struct bytes blob)
{
	struct log_record named = *r;
	size_t room;
	enum err e;

	CHECK(b->p != NULL);
	room = b->blobs_at - records_end(b);
	if (room < LOG_RECORD_BYTES + BLOB_HEAD || blob.n > room - LOG_RECORD_BYTES - BLOB_HEAD) {
		return ERR_FULL;
	}
	sha256(&named.link, blob);
	e = log_batch_add_record(b, &named);
	if (e != ERR_OK) {
		return e;
	}
	b->blobs_at -= blob.n;
	if (blob.n > 0) {
		memcpy(b->p + b->blobs_at, blob.p, blob.n);
	}
	b->blobs_at -= BLOB_HEAD;
	le32_put(b->p + b->blobs_at, (uint32_t)blob.n);
	b->blobs++;
	r->link = named.link;
	return ERR_OK;
}

void log_batch_blob_name(struct hash32 *out, struct bytes blob)
{
	sha256(out, blob);
}

size_t log_batch_count(const struct log_batch *b)
{
	return b->records;
}

size_t log_batch_newest_blob(const struct log_batch *b)
{
	CHECK(b->p != NULL && b->blobs > 0);
	return records_end(b) + BLOB_HEAD;
}

size_t log_batch_size(const struct log_batch *b)
{
	return round_up(records_end(b) + (b->cap - b->blobs_at));
}

void log_batch_seal(struct bytes *out, struct log_batch *b, struct log_chain *c,
		    const struct log_secret *secret)
{
	size_t blob_bytes, end;
	struct log_batch_head head;
	struct bytes batch;

	CHECK(b->p != NULL && b->records > 0);
	CHECK(c->tree.size == c->next_sequence);
	blob_bytes = b->cap - b->blobs_at;
	end = records_end(b);
	memmove(b->p + end, b->p + b->blobs_at, blob_bytes);
	end += blob_bytes;
	batch = bytes_of(b->p, round_up(end));
	CHECK(batch.n <= b->cap);
	memset(b->p + end, 0, batch.n - end);

	log_tree_extend(&c->tree, b->p + LOG_BATCH_HEAD_BYTES, b->records, c->next_sequence,
			secret);
	head.first_sequence = c->next_sequence;
	head.count = (uint32_t)b->records;
	head.blob_count = (uint32_t)b->blobs;
	head.bytes = (uint32_t)batch.n;
	head.previous = c->head;
	log_tree_root(&head.root, &c->tree);
	memset(&head.hash, 0, sizeof(head.hash));
	/* Twice: the hash covers the fields before it, the check covers the hash. */
	log_batch_head_put(b->p, &head);
	batch_hash(&head.hash, batch);
	log_batch_head_put(b->p, &head);

	c->next_sequence += b->records;
	c->head = head.hash;
	b->p = NULL;
	*out = batch;
}

void log_batch_head_put(uint8_t out[LOG_BATCH_HEAD_BYTES], const struct log_batch_head *head)
{
	memcpy(out + AT_MAGIC, magic, sizeof(magic));
	le16_put(out + AT_VERSION, LOG_BATCH_VERSION);
	le16_put(out + AT_ZERO, 0);
	le64_put(out + AT_FIRST, head->first_sequence);
	le32_put(out + AT_COUNT, head->count);
	le32_put(out + AT_BLOBS, head->blob_count);
	le32_put(out + AT_BYTES, head->bytes);
	memcpy(out + AT_PREVIOUS, head->previous.b, sizeof(head->previous.b));
	memcpy(out + AT_ROOT, head->root.b, sizeof(head->root.b));
	memcpy(out + AT_HASH, head->hash.b, sizeof(head->hash.b));
	head_check(out + AT_CHECK, out);
}

enum err log_batch_head_get(struct log_batch_head *out, const uint8_t in[LOG_BATCH_HEAD_BYTES])
{
	struct log_batch_head h;
	uint8_t check[4];
	uint16_t version;
	size_t least;

	head_check(check, in);
	if (!bytes_eq(bytes_of(in + AT_MAGIC, sizeof(magic)), bytes_of(magic, sizeof(magic))) ||
	    !bytes_eq(bytes_of(in + AT_CHECK, sizeof(check)), bytes_of(check, sizeof(check)))) {
		return ERR_CORRUPT;
	}
	version = le16_get(in + AT_VERSION);
	if (version > LOG_BATCH_VERSION) {
		return ERR_VERSION;
	}
	h.first_sequence = le64_get(in + AT_FIRST);
	h.count = le32_get(in + AT_COUNT);
	h.blob_count = le32_get(in + AT_BLOBS);
	h.bytes = le32_get(in + AT_BYTES);
	memcpy(h.previous.b, in + AT_PREVIOUS, sizeof(h.previous.b));
	memcpy(h.root.b, in + AT_ROOT, sizeof(h.root.b));
	memcpy(h.hash.b, in + AT_HASH, sizeof(h.hash.b));
	if (version != LOG_BATCH_VERSION || le16_get(in + AT_ZERO) != 0 || h.count == 0 ||
	    h.count > LOG_BATCH_RECORDS_MAX || h.blob_count > h.count ||
	    h.bytes > LOG_BATCH_BYTES_MAX || h.bytes % UNIT != 0 ||
	    h.first_sequence > (uint64_t)INT64_MAX - h.count) {
		return ERR_CORRUPT;
	}
	least = LOG_BATCH_HEAD_BYTES + (size_t)h.count * LOG_RECORD_BYTES +
		(size_t)h.blob_count * BLOB_HEAD;
	if (h.bytes < least || (h.blob_count == 0 && h.bytes != least)) {
		return ERR_CORRUPT;
	}
	*out = h;
	return ERR_OK;
}

/* The link of record i, without decoding the rest. */
static bool links(const struct log_view *v, uint32_t i, const struct hash32 *name)
{
	const uint8_t *p = v->records.p + (size_t)i * LOG_RECORD_BYTES;

	return bytes_eq(bytes_of(p + LOG_RECORD_BYTES - sizeof(name->b), sizeof(name->b)),
			bytes_of(name->b, sizeof(name->b)));
}

/* Names one of the records before the *left-th, which becomes its number. */
static bool named(uint32_t *left, const struct log_view *v, const struct hash32 *name)
{
	while (*left > 0) {
		if (links(v, --*left, name)) {
			return true;
		}
	}
	return false;
}

/*
 * The batch has its hash, and every blob is well formed and named by a record, the blob of the last
 * record first: a walk of both lists at once.  The batch is one long message, and the blobs' names
 * are made beside it.  Gives the bytes that the blobs take.
 */
static enum err check_hashes(size_t *used, const struct log_view *v, struct bytes batch)
{
	struct reader r = reader_make(v->blobs);
	uint32_t blobs = v->head.blob_count, left = v->head.count;
	struct sha256_message in[TOGETHER];
	struct hash32 out[TOGETHER];
	uint8_t head[HASHED_HEAD];
	size_t first = 1;

	in[0] = batch_message(head, batch);
	do {
		size_t n = first;

		for (; n < TOGETHER && blobs > 0; n++, blobs--) {
			in[n].head = reader_bytes(&r, reader_u32(&r));
			in[n].rest = bytes_of(NULL, 0);
		}
		sha256_each(out, in, n);
		if (r.bad || (first == 1 && !hash32_eq(&out[0], &v->head.hash))) {
			return ERR_CORRUPT;
		}
		for (; first < n; first++) {
			if (!named(&left, v, &out[first])) {
				return ERR_CORRUPT;
			}
		}
		first = 0;
	} while (blobs > 0);
	*used = v->blobs.n - r.left;
	return ERR_OK;
}

enum err log_batch_check(struct log_view *out, struct bytes batch)
{
	struct log_view v;
	size_t records, used;
	enum err e;

	if (batch.n < LOG_BATCH_HEAD_BYTES) {
		return ERR_CORRUPT;
	}
	e = log_batch_head_get(&v.head, batch.p);
	if (e != ERR_OK) {
		return e;
	}
	if (v.head.bytes != batch.n) {
		return ERR_CORRUPT;
	}
	records = (size_t)v.head.count * LOG_RECORD_BYTES;
	v.records = bytes_of(batch.p + LOG_BATCH_HEAD_BYTES, records);
	v.blobs = bytes_of(batch.p + LOG_BATCH_HEAD_BYTES + records,
			   batch.n - LOG_BATCH_HEAD_BYTES - records);
	e = check_hashes(&used, &v, batch);
	if (e != ERR_OK) {
		return e;
	}
	/* Padding: less than one unit, all zeros, so that a batch has one spelling. */
	if (v.blobs.n - used >= UNIT) {
		return ERR_CORRUPT;
	}
	for (size_t i = used; i < v.blobs.n; i++) {
		if (v.blobs.p[i] != 0) {
			return ERR_CORRUPT;
		}
	}
	v.blobs.n = used;
	*out = v;
	return ERR_OK;
}

static bool follows(const struct log_chain *c, const struct log_view *v)
{
	return v->head.first_sequence == c->next_sequence && hash32_eq(&v->head.previous, &c->head);
}

static void advance(struct log_chain *c, const struct log_view *v)
{
	c->next_sequence += v->head.count;
	c->head = v->head.hash;
}

enum err log_batch_follow(struct log_chain *c, const struct log_view *v)
{
	CHECK(c->tree.size == 0);
	if (!follows(c, v)) {
		return ERR_CORRUPT;
	}
	advance(c, v);
	return ERR_OK;
}

enum err log_batch_join(struct log_chain *c, const struct log_view *v,
			const struct log_secret *secret)
{
	struct log_tree tree;
	struct hash32 root;

	CHECK(c->tree.size == c->next_sequence);
	if (!follows(c, v)) {
		return ERR_CORRUPT;
	}
	for (uint32_t i = 0; i < v->head.count; i++) {
		enum err e = log_record_check(v->records.p + (size_t)i * LOG_RECORD_BYTES);

		if (e != ERR_OK) {
			return e;
		}
	}
	tree = c->tree;
	log_tree_extend(&tree, v->records.p, v->head.count, v->head.first_sequence, secret);
	log_tree_root(&root, &tree);
	if (!hash32_eq(&root, &v->head.root)) {
		return ERR_CORRUPT;
	}
	c->tree = tree;
	advance(c, v);
	return ERR_OK;
}

enum err log_batch_open(struct log_view *out, struct log_chain *c, struct bytes batch,
			const struct log_secret *secret)
{
	struct log_view v;
	enum err e = log_batch_check(&v, batch);

	if (e == ERR_OK) {
		e = log_batch_join(c, &v, secret);
	}
	if (e == ERR_OK) {
		*out = v;
	}
	return e;
}

void log_view_move(struct log_view *v, const uint8_t *from, const uint8_t *to)
{
	v->records.p = to + (v->records.p - from);
	v->blobs.p = to + (v->blobs.p - from);
}

enum err log_view_record(struct log_record *out, const struct log_view *v, uint32_t i)
{
	CHECK(i < v->head.count);
	return log_record_get(out, v->records.p + (size_t)i * LOG_RECORD_BYTES);
}

bool log_view_next_blob(struct bytes *blob, struct hash32 *name, const struct log_view *v,
			size_t *at)
{
	struct reader r;

	CHECK(*at <= v->blobs.n);
	if (*at == v->blobs.n) {
		return false;
	}
	r = reader_make(bytes_of(v->blobs.p + *at, v->blobs.n - *at));
	*blob = reader_bytes(&r, reader_u32(&r));
	CHECK(!r.bad); /* log_batch_check() has seen them all */
	*at = v->blobs.n - r.left;
	if (name != NULL) {
		sha256(name, *blob);
	}
	return true;
}

enum err log_view_blob(struct bytes *out, const struct log_view *v, const struct hash32 *name)
{
	struct bytes blob;
	struct hash32 found;
	size_t at = 0;

	while (log_view_next_blob(&blob, &found, v, &at)) {
		if (hash32_eq(&found, name)) {
			*out = blob;
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}
