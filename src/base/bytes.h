/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - views of bytes, the fixed-size names of things, and little-endian numbers.
 */
#ifndef KURAMORI_BASE_BYTES_H
#define KURAMORI_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

/* A view: borrowed, never owned.  p may be NULL only when n is 0. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

/* A 32-byte digest: SHA-256 of documents, Keccak-256 of transactions and blocks. */
struct hash32 {
	uint8_t b[32];
};

/* A public key of 32 bytes: Ed25519 of documents or Ed25519-Keccak of NEM. */
struct key32 {
	uint8_t b[32];
};

/* A signature of 64 bytes of either scheme. */
struct sig64 {
	uint8_t b[64];
};

/* 128-bit names of accounts, transfers, withdrawals (UUIDv7 in big-endian order, RFC 9562). */
struct id128 {
	uint8_t b[16];
};

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){ .p = p, .n = n };
}

/* The characters of a NUL-terminated string, without the NUL. */
struct bytes bytes_str(const char *s);
bool bytes_eq(struct bytes a, struct bytes b);
/* Byte order, a prefix first: <0, 0, >0. */
int bytes_cmp(struct bytes a, struct bytes b);

/* Not constant time: for public names only (crypto_eq() compares secrets). */
static inline bool hash32_eq(const struct hash32 *a, const struct hash32 *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool hash32_is_zero(const struct hash32 *h);
/* memcmp order: <0, 0, >0. */
int hash32_cmp(const struct hash32 *a, const struct hash32 *b);
bool key32_eq(const struct key32 *a, const struct key32 *b);

static inline bool id128_eq(const struct id128 *a, const struct id128 *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The first 16 bytes of a hash, marked as a UUID of version 8 (RFC 9562 5.8): a derived name. */
void id128_named(struct id128 *out, const struct hash32 *h);

/* Spelled so that compilers make one load or store of each. */
static inline uint16_t le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_get(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t le64_get(const uint8_t *p)
{
	return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

static inline u128 le128_get(const uint8_t *p)
{
	return le64_get(p) | (u128)le64_get(p + 8) << 64;
}

static inline void le16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void le32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void le64_put(uint8_t *p, uint64_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
	p[4] = (uint8_t)(v >> 32);
	p[5] = (uint8_t)(v >> 40);
	p[6] = (uint8_t)(v >> 48);
	p[7] = (uint8_t)(v >> 56);
}

static inline void le128_put(uint8_t *p, u128 v)
{
	le64_put(p, (uint64_t)v);
	le64_put(p + 8, (uint64_t)(v >> 64));
}

/*
 * A reader that never passes its end.  After the first read that does not fit, `bad` is true and
 * every later read gives zeros: a decoder checks once, at the end, with reader_done().
 */
struct reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

struct reader reader_make(struct bytes b);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* A view of the next n bytes; an empty view and bad = true if fewer are left. */
struct bytes reader_bytes(struct reader *r, size_t n);
/* Nothing went wrong and nothing is left over. */
bool reader_done(const struct reader *r);

/*
 * A writer into the caller's buffer.  After the first write that does not fit, `bad` is true and
 * nothing more is written; the caller checks once, at the end.
 */
struct writer {
	uint8_t *p;
	size_t cap;
	size_t n; /* bytes written */
	bool bad;
};

struct writer writer_make(uint8_t *p, size_t cap);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_bytes(struct writer *w, struct bytes b);

#endif
