/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#include <string.h>

#include "base/check.h"

enum {
	HASH = 32,
	UNIT = 128, /* batches are padded to it */
};

enum err store_row_corrupt(struct store *s, const char *what)
{
	store_fault_set(&s->fault, "%s: damaged at record %llu: %s", s->path,
			(unsigned long long)s->next_sequence, what);
	return ERR_CORRUPT;
}

static enum err add_blobs(struct store *s, struct writer *w, struct bytes names,
			  store_row_blob find, void *context)
{
	for (size_t i = 0; i < names.n / HASH; i++) {
		struct bytes blob = { NULL, 0 };
		enum err e = find(context, &blob, names.p + i * HASH, i);

		if (e == ERR_NOT_FOUND) {
			return store_row_corrupt(s, "a blob of this batch is missing");
		}
		if (e != ERR_OK) {
			return e;
		}
		writer_u32(w, (uint32_t)blob.n);
		writer_bytes(w, blob);
	}
	return ERR_OK;
}

static enum err assemble(struct store *s, struct bytes *batch, uint8_t *buffer, size_t cap,
			 const struct store_row *row, store_row_blob find, void *context)
{
	struct writer w = writer_make(buffer, cap);
	struct log_batch_head head;
	uint8_t blank[LOG_BATCH_HEAD_BYTES] = { 0 };
	enum err e;

	if (row->first_sequence < 0 || row->count < 1 || row->count > LOG_BATCH_RECORDS_MAX ||
	    row->previous.n != HASH || row->hash.n != HASH || row->root.n != HASH ||
	    row->blobs.n % HASH != 0 || row->blobs.n / HASH > (size_t)row->count ||
	    row->records.n != (size_t)row->count * LOG_RECORD_BYTES) {
		return store_row_corrupt(s, "the row of a batch has impossible values");
	}
	writer_bytes(&w, bytes_of(blank, sizeof(blank)));
	writer_bytes(&w, row->records);
	e = add_blobs(s, &w, row->blobs, find, context);
	if (e != ERR_OK) {
		return e;
	}
	if (!w.bad && w.n % UNIT != 0) {
		writer_bytes(&w, bytes_of(blank, UNIT - w.n % UNIT));
	}
	if (w.bad) {
		store_fault_set(&s->fault, "%s: batch of record %lld has more than %zu bytes",
				s->path, (long long)row->first_sequence, cap);
		return ERR_TOO_LARGE;
	}
	if (w.n > LOG_BATCH_BYTES_MAX) {
		return store_row_corrupt(s, "a batch is larger than any");
	}
	head.first_sequence = (uint64_t)row->first_sequence;
	head.count = (uint32_t)row->count;
	head.blob_count = (uint32_t)(row->blobs.n / HASH);
	head.bytes = (uint32_t)w.n;
	memcpy(head.previous.b, row->previous.p, HASH);
	memcpy(head.root.b, row->root.p, HASH);
	memcpy(head.hash.b, row->hash.p, HASH);
	log_batch_head_put(buffer, &head);
	*batch = bytes_of(buffer, w.n);
	return ERR_OK;
}

/* Is it a blob that makes the batch another one?  For the words of a fault. */
static bool blob_changed(struct bytes batch, const struct store_row *row)
{
	size_t at = LOG_BATCH_HEAD_BYTES + row->records.n;
	struct reader r = reader_make(bytes_of(batch.p + at, batch.n - at));

	for (size_t i = 0; i < row->blobs.n; i += HASH) {
		struct bytes blob = reader_bytes(&r, reader_u32(&r));
		struct hash32 name;

		log_batch_blob_name(&name, blob);
		if (memcmp(name.b, row->blobs.p + i, HASH) != 0) {
			return true;
		}
	}
	return false;
}

static enum err verified(struct store *s, struct log_view *v, struct bytes *batch, uint8_t *buffer,
			 size_t cap, const struct store_row *row, store_row_blob find,
			 void *find_context)
{
	enum err e = assemble(s, batch, buffer, cap, row, find, find_context);

	if (e == ERR_OK && log_batch_check(v, *batch) != ERR_OK) {
		e = store_row_corrupt(s, blob_changed(*batch, row)
					     ? "a blob of this batch does not match its hash"
					     : "a batch does not match its hash");
	}
	return e;
}

enum err store_row_batch(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			 const struct store_row *row, store_row_blob find, void *find_context)
{
	struct log_view v;

	return verified(s, &v, out, buffer, cap, row, find, find_context);
}

enum err store_row_replay(struct store *s, const struct store_row *row, uint8_t *buffer, size_t cap,
			  store_row_blob find, void *find_context, store_each each,
			  void *each_context)
{
	struct bytes batch;
	const struct log_view *v = &s->checked;
	enum err e = verified(s, &s->checked, &batch, buffer, cap, row, find, find_context);

	if (e == ERR_OK) {
		e = store_follows(s, &v->head);
	}
	if (e != ERR_OK) {
		return e;
	}
	e = each(each_context, batch);
	if (e != ERR_OK) {
		store_fault_set(&s->fault, "%s: batch of record %llu was refused: %s", s->path,
				(unsigned long long)v->head.first_sequence, err_words(e));
		return e;
	}
	s->next_sequence += v->head.count;
	s->head = v->head.hash;
	s->size_bytes += batch.n;
	return ERR_OK;
}

enum err store_row_blob_copy(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			     struct bytes blob, const struct hash32 *name)
{
	struct hash32 hash;

	if (blob.n > cap) {
		store_fault_set(&s->fault, "%s: a blob has %zu bytes, more than %zu", s->path,
				blob.n, cap);
		return ERR_TOO_LARGE;
	}
	log_batch_blob_name(&hash, blob);
	if (!hash32_eq(&hash, name)) {
		store_fault_set(&s->fault, "%s: a blob does not match its name", s->path);
		return ERR_CORRUPT;
	}
	if (blob.n > 0) {
		memcpy(buffer, blob.p, blob.n);
	}
	*out = bytes_of(buffer, blob.n);
	return ERR_OK;
}
