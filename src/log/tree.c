/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - RFC 6962 trees: append, root, proofs and their verification.
 */
#include "log/tree.h"

#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum {
	LEAF = 0x00, /* what a leaf's hash begins with, and a node's (RFC 6962 2.1) */
	NODE = 0x01,
	RUN = 64,  /* leaves, at most, of a subtree that is hashed in one go */
	MANY = 16, /* hashes that are made ready at a time */
};

static_assert(1 + 32 + LOG_RECORD_BYTES <= SHA256_MANY_MAX,
	      "salted leaves are hashed side by side");

void log_secret_wipe(struct log_secret *s)
{
	crypto_wipe(s, sizeof(*s));
}

void log_tree_leaf(struct hash32 *out, struct bytes data)
{
	static const uint8_t prefix = LEAF;
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes_of(&prefix, 1));
	sha256_update(&s, data);
	sha256_final(&s, out);
}

static void node_of(struct hash32 *out, const struct hash32 *left, const struct hash32 *right)
{
	uint8_t in[1][SHA256_MANY_ROOM];

	in[0][0] = NODE;
	memcpy(in[0] + 1, left->b, sizeof(left->b));
	memcpy(in[0] + 1 + sizeof(left->b), right->b, sizeof(right->b));
	sha256_many(out, in, 1, 1 + sizeof(left->b) + sizeof(right->b));
}

void log_tree_salt_key(struct hmac_sha256_key *out, const struct log_secret *secret)
{
	hmac_sha256_ready(out, bytes_of(secret->b, sizeof(secret->b)));
}

void log_tree_salt(struct hash32 *out, struct hmac_sha256_key *key, uint64_t sequence)
{
	uint8_t in[8];

	le64_put(in, sequence);
	hmac_sha256_with(out, key, bytes_of(in, sizeof(in)));
}

void log_tree_salted_leaf(struct hash32 *out, const struct hash32 *salt,
			  const uint8_t record[LOG_RECORD_BYTES])
{
	uint8_t in[sizeof(salt->b) + LOG_RECORD_BYTES];

	memcpy(in, salt->b, sizeof(salt->b));
	memcpy(in + sizeof(salt->b), record, LOG_RECORD_BYTES);
	log_tree_leaf(out, bytes_of(in, sizeof(in)));
}

void log_tree_init(struct log_tree *t)
{
	memset(t, 0, sizeof(*t));
}

/* Appends a whole subtree of 2^level leaves to a tree whose size is a multiple of that. */
static void append_subtree(struct log_tree *t, const struct hash32 *root, unsigned level)
{
	struct hash32 carry = *root;
	uint64_t leaves = (uint64_t)1 << level;

	CHECK(t->size <= (uint64_t)INT64_MAX - leaves && t->size % leaves == 0);
	while ((t->size >> level & 1) != 0) {
		node_of(&carry, &t->node[level], &carry);
		level++;
	}
	t->node[level] = carry;
	t->size += leaves;
}

void log_tree_append(struct log_tree *t, const struct hash32 *leaf)
{
	append_subtree(t, leaf, 0);
}

/* The leaves of n records that stand one after another. */
static void leaves(struct hash32 *out, const uint8_t *records, size_t n, uint64_t first,
		   const struct hmac_sha256_many_key *key)
{
	uint8_t in[MANY][SHA256_MANY_ROOM], number[MANY][8];
	struct hash32 salt[MANY];

	while (n > 0) {
		size_t now = n < MANY ? n : MANY;

		for (size_t i = 0; i < now; i++) {
			le64_put(number[i], first + i);
		}
		hmac_sha256_many(salt, key, (const uint8_t(*)[8])number, now);
		for (size_t i = 0; i < now; i++) {
			in[i][0] = LEAF;
			memcpy(in[i] + 1, salt[i].b, sizeof(salt[i].b));
			memcpy(in[i] + 1 + sizeof(salt[i].b), records + i * LOG_RECORD_BYTES,
			       LOG_RECORD_BYTES);
		}
		sha256_many(out, in, now, 1 + sizeof(salt[0].b) + LOG_RECORD_BYTES);
		out += now;
		records += now * LOG_RECORD_BYTES;
		first += now;
		n -= now;
	}
}

/* The root of n leaves, a power of two, in their first place. */
static void subtree(struct hash32 *h, size_t n)
{
	uint8_t in[MANY][SHA256_MANY_ROOM];

	for (n /= 2; n > 0; n /= 2) {
		/* what a turn writes was read by it or before it */
		for (size_t at = 0; at < n; at += MANY) {
			size_t now = n - at < MANY ? n - at : MANY;

			for (size_t i = 0; i < now; i++) {
				const struct hash32 *pair = &h[2 * (at + i)];

				in[i][0] = NODE;
				memcpy(in[i] + 1, pair[0].b, sizeof(pair[0].b));
				memcpy(in[i] + 1 + sizeof(pair[0].b), pair[1].b, sizeof(pair[1].b));
			}
			sha256_many(&h[at], in, now, 1 + 2 * sizeof(h[0].b));
		}
	}
}

void log_tree_extend(struct log_tree *t, const uint8_t *records, size_t count, uint64_t first,
		     const struct log_secret *secret)
{
	struct hmac_sha256_many_key key;

	hmac_sha256_many_ready(&key, secret->b);
	while (count > 0) {
		struct hash32 h[RUN];
		size_t n = RUN - (size_t)(t->size % RUN); /* then whole runs */

		if (n > count) {
			n = count;
		}
		leaves(h, records, n, first, &key);
		for (size_t at = 0; at < n;) {
			unsigned level = 0;

			/* the largest subtree that begins here and ends inside the run */
			while ((t->size >> level & 1) == 0 && (size_t)2 << level <= n - at) {
				level++;
			}
			subtree(&h[at], (size_t)1 << level);
			append_subtree(t, &h[at], level);
			at += (size_t)1 << level;
		}
		records += n * LOG_RECORD_BYTES;
		first += n;
		count -= n;
	}
	crypto_wipe(&key, sizeof(key));
}

void log_tree_root(struct hash32 *out, const struct log_tree *t)
{
	struct hash32 root;
	bool started = false;

	if (t->size == 0) {
		sha256(out, bytes_of(NULL, 0));
		return;
	}
	for (unsigned level = 0; level < LOG_TREE_LEVELS; level++) {
		if ((t->size >> level & 1) == 0) {
			continue;
		}
		if (!started) {
			root = t->node[level];
			started = true;
		} else {
			node_of(&root, &t->node[level], &root);
		}
	}
	*out = root;
}

/* MTH(D[lo:hi]) of RFC 6962 2.1, lo < hi. */
static enum err range_root(struct hash32 *out, uint64_t lo, uint64_t hi, log_tree_leaf_at leaf_at,
			   void *context)
{
	struct log_tree t;

	log_tree_init(&t);
	for (uint64_t i = lo; i < hi; i++) {
		struct hash32 leaf;
		enum err e = leaf_at(context, i, &leaf);

		if (e != ERR_OK) {
			return e;
		}
		log_tree_append(&t, &leaf);
	}
	log_tree_root(out, &t);
	return ERR_OK;
}

/* The largest power of two below n, n >= 2. */
static uint64_t split(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* The RFC builds proofs from the leaf up; we walk down, so the list is turned round. */
static void turn_round(struct log_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct hash32 h = p->hash[i];

		p->hash[i] = p->hash[p->n - 1 - i];
		p->hash[p->n - 1 - i] = h;
	}
}

enum err log_tree_prove_inclusion(struct log_proof *out, uint64_t index, uint64_t size,
				  log_tree_leaf_at leaf_at, void *context)
{
	struct log_proof p = { .n = 0 };
	uint64_t lo = 0, hi = size;

	if (index >= size || size > (uint64_t)INT64_MAX) {
		return ERR_INPUT;
	}
	while (hi - lo > 1) {
		uint64_t middle = lo + split(hi - lo);
		bool left = index < middle;
		enum err e;

		CHECK(p.n < LOG_TREE_PROOF_MAX);
		e = range_root(&p.hash[p.n], left ? middle : lo, left ? hi : middle, leaf_at,
			       context);
		if (e != ERR_OK) {
			return e;
		}
		p.n++;
		if (left) {
			hi = middle;
		} else {
			lo = middle;
		}
	}
	turn_round(&p);
	*out = p;
	return ERR_OK;
}

enum err log_tree_prove_consistency(struct log_proof *out, uint64_t old_size, uint64_t new_size,
				    log_tree_leaf_at leaf_at, void *context)
{
	struct log_proof p = { .n = 0 };
	uint64_t lo = 0, hi = new_size;
	enum err e;

	if (old_size == 0 || old_size > new_size || new_size > (uint64_t)INT64_MAX) {
		return ERR_INPUT;
	}
	/* SUBPROOF(m, D[lo:hi], b): m is old_size - lo, b is lo == 0. */
	while (old_size != hi) {
		uint64_t middle = lo + split(hi - lo);
		bool left = old_size <= middle;

		CHECK(p.n < LOG_TREE_PROOF_MAX);
		e = range_root(&p.hash[p.n], left ? middle : lo, left ? hi : middle, leaf_at,
			       context);
		if (e != ERR_OK) {
			return e;
		}
		p.n++;
		if (left) {
			hi = middle;
		} else {
			lo = middle;
		}
	}
	if (lo != 0) {
		CHECK(p.n < LOG_TREE_PROOF_MAX);
		e = range_root(&p.hash[p.n], lo, hi, leaf_at, context);
		if (e != ERR_OK) {
			return e;
		}
		p.n++;
	}
	turn_round(&p);
	*out = p;
	return ERR_OK;
}

enum err log_tree_verify_inclusion(const struct log_proof *proof, uint64_t index, uint64_t size,
				   const struct hash32 *leaf, const struct hash32 *root)
{
	uint64_t fn = index, sn;
	struct hash32 r = *leaf;

	if (index >= size || size > (uint64_t)INT64_MAX || proof->n > LOG_TREE_PROOF_MAX) {
		return ERR_CORRUPT;
	}
	sn = size - 1;
	for (size_t i = 0; i < proof->n; i++) {
		if (sn == 0) {
			return ERR_CORRUPT;
		}
		if ((fn & 1) != 0 || fn == sn) {
			node_of(&r, &proof->hash[i], &r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			node_of(&r, &r, &proof->hash[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash32_eq(&r, root) ? ERR_OK : ERR_CORRUPT;
}

enum err log_tree_verify_consistency(const struct log_proof *proof, uint64_t old_size,
				     uint64_t new_size, const struct hash32 *old_root,
				     const struct hash32 *new_root)
{
	uint64_t fn, sn;
	struct hash32 fr, sr;
	size_t i = 0;

	if (old_size == 0 || old_size > new_size || new_size > (uint64_t)INT64_MAX ||
	    proof->n > LOG_TREE_PROOF_MAX) {
		return ERR_CORRUPT;
	}
	if (old_size == new_size) {
		return proof->n == 0 && hash32_eq(old_root, new_root) ? ERR_OK : ERR_CORRUPT;
	}
	fn = old_size - 1;
	sn = new_size - 1;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	if ((old_size & (old_size - 1)) == 0) {
		/* The old tree is a whole subtree of the new one: the proof leaves it out. */
		fr = *old_root;
	} else if (proof->n > 0) {
		fr = proof->hash[i++];
	} else {
		return ERR_CORRUPT;
	}
	sr = fr;
	for (; i < proof->n; i++) {
		if (sn == 0) {
			return ERR_CORRUPT;
		}
		if ((fn & 1) != 0 || fn == sn) {
			node_of(&fr, &proof->hash[i], &fr);
			node_of(&sr, &proof->hash[i], &sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			node_of(&sr, &sr, &proof->hash[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash32_eq(&fr, old_root) && hash32_eq(&sr, new_root) ? ERR_OK
									       : ERR_CORRUPT;
}
