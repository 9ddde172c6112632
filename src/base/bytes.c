/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){ .p = p, .n = n };
}

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

bool hash32_eq(const struct hash32 *a, const struct hash32 *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
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

bool id128_eq(const struct id128 *a, const struct id128 *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void id128_named(struct id128 *out, const struct hash32 *h)
{
	memcpy(out->b, h->b, sizeof out->b);
	out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x80);
	out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
}

static u128 le_get(const uint8_t *p, unsigned n)
{
	u128 v = 0;

	for (unsigned i = n; i > 0; i--) {
		v = (v << 8) | p[i - 1];
	}
	return v;
}

static void le_put(uint8_t *p, u128 v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		p[i] = (uint8_t)(v & 0xff);
		v >>= 8;
	}
}

uint16_t le16_get(const uint8_t *p)
{
	return (uint16_t)le_get(p, 2);
}

uint32_t le32_get(const uint8_t *p)
{
	return (uint32_t)le_get(p, 4);
}

uint64_t le64_get(const uint8_t *p)
{
	return (uint64_t)le_get(p, 8);
}

u128 le128_get(const uint8_t *p)
{
	return le_get(p, 16);
}

void le16_put(uint8_t *p, uint16_t v)
{
	le_put(p, v, 2);
}

void le32_put(uint8_t *p, uint32_t v)
{
	le_put(p, v, 4);
}

void le64_put(uint8_t *p, uint64_t v)
{
	le_put(p, v, 8);
}

void le128_put(uint8_t *p, u128 v)
{
	le_put(p, v, 16);
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
