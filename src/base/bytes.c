/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

struct bytes bytes_str(const char *s)
{
	return bytes_of(s, strlen(s));
}

bool bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int bytes_cmp(struct bytes a, struct bytes b)
{
	size_t common = a.n < b.n ? a.n : b.n;
	int order = common == 0 ? 0 : memcmp(a.p, b.p, common);

	if (order != 0) {
		return order;
	}
	return (a.n > b.n) - (a.n < b.n);
}

bool hash32_is_zero(const struct hash32 *h)
{
	static const struct hash32 zero;

	return hash32_eq(h, &zero);
}

int hash32_cmp(const struct hash32 *a, const struct hash32 *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

bool key32_eq(const struct key32 *a, const struct key32 *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void id128_named(struct id128 *out, const struct hash32 *h)
{
	memcpy(out->b, h->b, sizeof out->b);
	out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x80);
	out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
}

struct reader reader_make(struct bytes b)
{
	return (struct reader){ .p = b.p, .left = b.n, .bad = false };
}

struct bytes reader_bytes(struct reader *r, size_t n)
{
	struct bytes b;

	if (r->bad || n > r->left) {
		r->bad = true;
		return bytes_of(NULL, 0);
	}
	b = bytes_of(r->p, n);
	r->p += n;
	r->left -= n;
	return b;
}

uint16_t reader_u16(struct reader *r)
{
	struct bytes b = reader_bytes(r, 2);

	return b.n == 2 ? le16_get(b.p) : 0;
}

uint32_t reader_u32(struct reader *r)
{
	struct bytes b = reader_bytes(r, 4);

	return b.n == 4 ? le32_get(b.p) : 0;
}

uint64_t reader_u64(struct reader *r)
{
	struct bytes b = reader_bytes(r, 8);

	return b.n == 8 ? le64_get(b.p) : 0;
}

bool reader_done(const struct reader *r)
{
	return !r->bad && r->left == 0;
}

struct writer writer_make(uint8_t *p, size_t cap)
{
	return (struct writer){ .p = p, .cap = cap, .n = 0, .bad = false };
}

void writer_bytes(struct writer *w, struct bytes b)
{
	if (w->bad || b.n > w->cap - w->n) {
		w->bad = true;
		return;
	}
	if (b.n > 0) {
		memcpy(w->p + w->n, b.p, b.n);
	}
	w->n += b.n;
}

void writer_u16(struct writer *w, uint16_t v)
{
	uint8_t t[2];

	le16_put(t, v);
	writer_bytes(w, bytes_of(t, sizeof t));
}

void writer_u32(struct writer *w, uint32_t v)
{
	uint8_t t[4];

	le32_put(t, v);
	writer_bytes(w, bytes_of(t, sizeof t));
}

void writer_u64(struct writer *w, uint64_t v)
{
	uint8_t t[8];

	le64_put(t, v);
	writer_bytes(w, bytes_of(t, sizeof t));
}
