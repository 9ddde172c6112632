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
	EIGHT = 8, /* leaves of a subtree that is hashed in one go */
	EIGHT_LEVEL = 3,
};

static_assert(1 + 32 + LOG_RECORD_BYTES <= SHA256_TWO_MAX, "a salted leaf is hashed in pairs");

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
	uint8_t in[1 + 2 * sizeof(left->b)];

	in[0] = NODE;
	memcpy(in + 1, left->b, sizeof(left->b));
	memcpy(in + 1 + sizeof(left->b), right->b, sizeof(right->b));
	sha256(out, bytes_of(in, sizeof(in)));
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

/* The leaves of two records that stand one after another. */
static void leaves_two(struct hash32 out[2], const uint8_t *records, uint64_t first,
		       const struct hmac_sha256_two_key *key)
{
	uint8_t in[2][SHA256_TWO_ROOM], number[2][8];
	struct hash32 salt[2];

	for (unsigned i = 0; i < 2; i++) {
		le64_put(number[i], first + i);
	}
	hmac_sha256_two(&salt[0], &salt[1], key, number[0], number[1]);
	for (unsigned i = 0; i < 2; i++) {
		in[i][0] = LEAF;
		memcpy(in[i] + 1, salt[i].b, sizeof(salt[i].b));
		memcpy(in[i] + 1 + sizeof(salt[i].b), records + (size_t)i * LOG_RECORD_BYTES,
		       LOG_RECORD_BYTES);
	}
	sha256_two(&out[0], &out[1], in[0], in[1], 1 + sizeof(salt[0].b) + LOG_RECORD_BYTES);
}

/* out[0] over in[0] and in[1], out[1] over in[2] and in[3]; out may be in. */
static void nodes_two(struct hash32 out[2], const struct hash32 in[4])
{
	uint8_t p[2][SHA256_TWO_ROOM];

	for (unsigned i = 0; i < 2; i++) {
		p[i][0] = NODE;
		memcpy(p[i] + 1, in[(size_t)2 * i].b, sizeof(in[0].b));
		memcpy(p[i] + 1 + sizeof(in[0].b), in[(size_t)2 * i + 1].b, sizeof(in[0].b));
	}
	sha256_two(&out[0], &out[1], p[0], p[1], 1 + 2 * sizeof(in[0].b));
}

void log_tree_extend(struct log_tree *t, const uint8_t *records, size_t count, uint64_t first,
		     const struct log_secret *secret)
{
	struct hmac_sha256_two_key two;
	struct hmac_sha256_key one;

	log_tree_salt_key(&one, secret);
	hmac_sha256_two_ready(&two, secret->b);
	while (count > 0) {
		struct hash32 h[EIGHT];
		size_t n = t->size % EIGHT == 0 && count >= EIGHT ? EIGHT : 1;

		if (n == EIGHT) {
			for (size_t i = 0; i < EIGHT; i += 2) {
				leaves_two(&h[i], records + i * LOG_RECORD_BYTES, first + i, &two);
			}
			nodes_two(&h[0], &h[0]);
			nodes_two(&h[2], &h[4]);
			nodes_two(&h[0], &h[0]);
			node_of(&h[0], &h[0], &h[1]);
			append_subtree(t, &h[0], EIGHT_LEVEL);
		} else {
			struct hash32 salt;

			log_tree_salt(&salt, &one, first);
			log_tree_salted_leaf(&h[0], &salt, records);
			log_tree_append(t, &h[0]);
		}
		records += n * LOG_RECORD_BYTES;
		first += n;
		count -= n;
	}
	crypto_wipe(&one, sizeof(one));
	crypto_wipe(&two, sizeof(two));
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
