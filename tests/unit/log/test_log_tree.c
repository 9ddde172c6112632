/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the Merkle tree is exactly RFC 6962's, and no proof but the true one verifies.
 * Method: roots and proofs against vectors.py (the recursive definitions of the RFC, hashlib only);
 * every proof of every size up to 64 generated and verified; then each byte of a proof, of the leaf
 * and of the roots changed, hashes taken out, added and swapped, indices and sizes shifted.
 */
#include "log/tree.h"

#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "t.h"
#include "vectors.h"

enum {
	SIZES = 64,
};

static const uint8_t *const ct_leaf[8] = {
	(const uint8_t *)"",
	(const uint8_t *)"\x00",
	(const uint8_t *)"\x10",
	(const uint8_t *)"\x20\x21",
	(const uint8_t *)"\x30\x31",
	(const uint8_t *)"\x40\x41\x42\x43",
	(const uint8_t *)"\x50\x51\x52\x53\x54\x55\x56\x57",
	(const uint8_t *)"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
};
static const size_t ct_bytes[8] = { 0, 1, 1, 2, 2, 4, 8, 16 };

static enum err ct_at(void *context, uint64_t index, struct hash32 *out)
{
	(void)context;
	log_tree_leaf(out, bytes_of(ct_leaf[index], ct_bytes[index]));
	return ERR_OK;
}

static enum err number_at(void *context, uint64_t index, struct hash32 *out)
{
	uint8_t data[4];

	(*(uint64_t *)context)++;
	le32_put(data, (uint32_t)index);
	log_tree_leaf(out, bytes_of(data, sizeof(data)));
	return ERR_OK;
}

/* Leaf 3 cannot be read. */
static enum err failing_at(void *context, uint64_t index, struct hash32 *out)
{
	uint64_t calls = 0;

	(void)context;
	return index == 3 ? ERR_NOT_FOUND : number_at(&calls, index, out);
}

static void root_of(struct hash32 *out, uint64_t size)
{
	struct log_tree t;
	uint64_t calls = 0;

	log_tree_init(&t);
	for (uint64_t i = 0; i < size; i++) {
		struct hash32 leaf;

		if (number_at(&calls, i, &leaf) == ERR_OK) {
			log_tree_append(&t, &leaf);
		}
	}
	log_tree_root(out, &t);
}

static void known_roots(void)
{
	struct log_tree t;

	log_tree_init(&t);
	for (size_t n = 0; n <= 8; n++) {
		struct hash32 root, leaf;
		char text[65];

		log_tree_root(&root, &t);
		hex_put(text, bytes_of(root.b, sizeof(root.b)));
		T_STR(text, ct_root[n]);
		T_EQ(t.size, n);
		if (n < 8) {
			T_EQ(ct_at(NULL, n, &leaf), ERR_OK);
			log_tree_append(&t, &leaf);
		}
	}
}

static void known_proofs(void)
{
	struct log_proof p;
	char text[LOG_TREE_PROOF_MAX * 64 + 1];

	T_EQ(log_tree_prove_inclusion(&p, 5, 8, ct_at, NULL), ERR_OK);
	T_EQ(p.n, 3);
	hex_put(text, bytes_of(p.hash, p.n * 32));
	T_STR(text, ct_inclusion_5_of_8);
	T_EQ(log_tree_prove_consistency(&p, 6, 8, ct_at, NULL), ERR_OK);
	T_EQ(p.n, 3);
	hex_put(text, bytes_of(p.hash, p.n * 32));
	T_STR(text, ct_consistency_6_8);
}

static void digest_is(struct sha256 *s, const char *want)
{
	struct hash32 h;
	char text[65];

	sha256_final(s, &h);
	hex_put(text, bytes_of(h.b, sizeof(h.b)));
	T_STR(text, want);
}

static void add_proof(struct sha256 *s, const struct log_proof *p)
{
	uint8_t n = (uint8_t)p->n;

	sha256_update(s, bytes_of(&n, 1));
	sha256_update(s, bytes_of(p->hash, p->n * 32));
}

static void all_sizes(void)
{
	struct sha256 roots, inclusion, consistency;
	struct hash32 root[SIZES + 1];

	sha256_init(&roots);
	sha256_init(&inclusion);
	sha256_init(&consistency);
	for (uint64_t n = 1; n <= SIZES; n++) {
		struct log_proof p;
		uint64_t calls = 0;

		root_of(&root[n], n);
		sha256_update(&roots, bytes_of(root[n].b, 32));
		for (uint64_t m = 0; m < n; m++) {
			struct hash32 leaf;

			calls = 0;
			T_EQ(log_tree_prove_inclusion(&p, m, n, number_at, &calls), ERR_OK);
			T_EQ(calls, n - 1);
			add_proof(&inclusion, &p);
			T_EQ(number_at(&calls, m, &leaf), ERR_OK);
			T_EQ(log_tree_verify_inclusion(&p, m, n, &leaf, &root[n]), ERR_OK);
			/* the same path for its neighbour, or in another size, says nothing */
			T_EQ(log_tree_verify_inclusion(&p, m ^ 1, n, &leaf, &root[n]), ERR_CORRUPT);
			T_EQ(log_tree_verify_inclusion(&p, n, n, &leaf, &root[n]), ERR_CORRUPT);
		}
		for (uint64_t m = 1; m <= n; m++) {
			T_EQ(log_tree_prove_consistency(&p, m, n, number_at, &calls), ERR_OK);
			add_proof(&consistency, &p);
			T_EQ(log_tree_verify_consistency(&p, m, n, &root[m], &root[n]), ERR_OK);
			for (uint64_t other = 1; other <= n; other++) {
				if (other != m) {
					T_EQ(log_tree_verify_consistency(&p, m, n, &root[other],
									 &root[n]),
					     ERR_CORRUPT);
				}
			}
		}
	}
	digest_is(&roots, all_roots);
	digest_is(&inclusion, all_inclusion);
	digest_is(&consistency, all_consistency);
}

static void refused_arguments(void)
{
	struct log_proof p = { .n = 77 };
	uint64_t calls = 0;

	T_EQ(log_tree_prove_inclusion(&p, 0, 0, number_at, &calls), ERR_INPUT);
	T_EQ(log_tree_prove_inclusion(&p, 8, 8, number_at, &calls), ERR_INPUT);
	T_EQ(log_tree_prove_consistency(&p, 0, 8, number_at, &calls), ERR_INPUT);
	T_EQ(log_tree_prove_consistency(&p, 9, 8, number_at, &calls), ERR_INPUT);
	T_EQ(calls, 0);
	T_EQ(log_tree_prove_inclusion(&p, 1, 8, failing_at, NULL), ERR_NOT_FOUND);
	T_EQ(log_tree_prove_consistency(&p, 2, 8, failing_at, NULL), ERR_NOT_FOUND);
	T_EQ(p.n, 77);
}

/* Each byte of each input of an inclusion proof of leaf m in n. */
static void tamper_inclusion(uint64_t m, uint64_t n)
{
	struct log_proof p, q;
	struct hash32 root, leaf, other;
	uint64_t calls = 0;

	root_of(&root, n);
	T_EQ(number_at(&calls, m, &leaf), ERR_OK);
	T_EQ(log_tree_prove_inclusion(&p, m, n, number_at, &calls), ERR_OK);
	for (size_t i = 0; i < p.n * 32; i++) {
		q = p;
		q.hash[i / 32].b[i % 32] ^= (uint8_t)(1 + t_below(255));
		T_EQ(log_tree_verify_inclusion(&q, m, n, &leaf, &root), ERR_CORRUPT);
	}
	for (size_t i = 0; i < 32; i++) {
		other = leaf;
		other.b[i] ^= (uint8_t)(1 + t_below(255));
		T_EQ(log_tree_verify_inclusion(&p, m, n, &other, &root), ERR_CORRUPT);
		other = root;
		other.b[i] ^= (uint8_t)(1 + t_below(255));
		T_EQ(log_tree_verify_inclusion(&p, m, n, &leaf, &other), ERR_CORRUPT);
	}
	for (size_t cut = 0; cut < p.n; cut++) {
		q = p;
		q.n = cut;
		T_EQ(log_tree_verify_inclusion(&q, m, n, &leaf, &root), ERR_CORRUPT);
	}
	q = p;
	q.hash[q.n++] = root;
	T_EQ(log_tree_verify_inclusion(&q, m, n, &leaf, &root), ERR_CORRUPT);
	q.n = LOG_TREE_PROOF_MAX + 1;
	T_EQ(log_tree_verify_inclusion(&q, m, n, &leaf, &root), ERR_CORRUPT);
	T_EQ(log_tree_verify_inclusion(&p, m, UINT64_MAX, &leaf, &root), ERR_CORRUPT);
	for (uint64_t index = 0; index < n; index++) {
		if (index != m) {
			T_EQ(log_tree_verify_inclusion(&p, index, n, &leaf, &root), ERR_CORRUPT);
		}
	}
}

static void tampered_inclusion(void)
{
	static const uint64_t sizes[] = { 2, 3, 7, 8, 11, 64 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint64_t m = 0; m < sizes[i]; m += 1 + sizes[i] / 8) {
			tamper_inclusion(m, sizes[i]);
			if (t_failed) {
				return;
			}
		}
	}
}

static void tamper_consistency(uint64_t m, uint64_t n)
{
	struct log_proof p, q;
	struct hash32 old_root, new_root, other;
	uint64_t calls = 0;

	root_of(&old_root, m);
	root_of(&new_root, n);
	T_EQ(log_tree_prove_consistency(&p, m, n, number_at, &calls), ERR_OK);
	for (size_t i = 0; i < p.n * 32; i++) {
		q = p;
		q.hash[i / 32].b[i % 32] ^= (uint8_t)(1 + t_below(255));
		T_EQ(log_tree_verify_consistency(&q, m, n, &old_root, &new_root), ERR_CORRUPT);
	}
	for (size_t i = 0; i < 32; i++) {
		other = old_root;
		other.b[i] ^= 0x80;
		T_EQ(log_tree_verify_consistency(&p, m, n, &other, &new_root), ERR_CORRUPT);
		other = new_root;
		other.b[i] ^= 0x01;
		T_EQ(log_tree_verify_consistency(&p, m, n, &old_root, &other), ERR_CORRUPT);
	}
	for (size_t cut = 0; cut < p.n; cut++) {
		q = p;
		q.n = cut;
		T_EQ(log_tree_verify_consistency(&q, m, n, &old_root, &new_root), ERR_CORRUPT);
	}
	q = p;
	q.hash[q.n++] = new_root;
	T_EQ(log_tree_verify_consistency(&q, m, n, &old_root, &new_root), ERR_CORRUPT);
	T_EQ(log_tree_verify_consistency(&p, 0, n, &old_root, &new_root), ERR_CORRUPT);
	T_EQ(log_tree_verify_consistency(&p, n, m, &new_root, &old_root), ERR_CORRUPT);
	T_EQ(log_tree_verify_consistency(&p, n + 1, n, &old_root, &new_root), ERR_CORRUPT);
}

static void tampered_consistency(void)
{
	static const uint64_t pairs[][2] = { { 1, 2 }, { 3, 7 },   { 4, 7 },   { 6, 8 },
					     { 7, 8 }, { 33, 64 }, { 32, 64 }, { 1, 64 } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		tamper_consistency(pairs[i][0], pairs[i][1]);
		if (t_failed) {
			return;
		}
	}
}

/* A rewritten history: same size, one old leaf changed.  No proof can bridge it. */
static void rewritten_history(void)
{
	struct log_tree t;
	struct hash32 old_root, forged_root, leaf;
	struct log_proof p;
	uint64_t calls = 0;

	root_of(&old_root, 20);
	log_tree_init(&t);
	for (uint64_t i = 0; i < 40; i++) {
		T_EQ(number_at(&calls, i == 7 ? 8 : i, &leaf), ERR_OK);
		log_tree_append(&t, &leaf);
	}
	log_tree_root(&forged_root, &t);
	T_EQ(log_tree_prove_consistency(&p, 20, 40, number_at, &calls), ERR_OK);
	T_EQ(log_tree_verify_consistency(&p, 20, 40, &old_root, &forged_root), ERR_CORRUPT);
}

/* A proof for a larger tree, passed off as one for a smaller tree: too many hashes for its size. */
static void too_deep(void)
{
	struct log_proof p, q;
	struct hash32 root2, root4, leaf;
	uint64_t calls = 0;

	root_of(&root2, 2);
	root_of(&root4, 4);
	T_EQ(number_at(&calls, 1, &leaf), ERR_OK);
	T_EQ(log_tree_prove_inclusion(&p, 1, 2, number_at, &calls), ERR_OK);
	T_EQ(log_tree_verify_inclusion(&p, 1, 2, &leaf, &root2), ERR_OK);
	T_EQ(log_tree_verify_inclusion(&p, 0, 1, &leaf, &root2), ERR_CORRUPT);
	/* and the other way: an inner node as a leaf of a smaller tree has too few */
	T_EQ(log_tree_prove_inclusion(&p, 0, 4, number_at, &calls), ERR_OK);
	q.n = 1;
	q.hash[0] = p.hash[1];
	T_EQ(log_tree_verify_inclusion(&q, 0, 4, &root2, &root4), ERR_CORRUPT);
	/* consistency 2 to 3, whose proof has one hash, stretched by another level */
	T_EQ(log_tree_prove_consistency(&p, 2, 4, number_at, &calls), ERR_OK);
	T_EQ(log_tree_verify_consistency(&p, 2, 4, &root2, &root4), ERR_OK);
	T_EQ(log_tree_verify_consistency(&p, 2, 8, &root2, &root4), ERR_CORRUPT);
	T_EQ(log_tree_verify_consistency(&p, 1, 1, &root2, &root4), ERR_CORRUPT);
}

/* Many records at once give the tree that one after another give, from every size by every count.
 */
static void extended(void)
{
	enum { MOST = 200 };

	static const uint64_t sizes[] = { 0,  1,  2,  3,  6,  15, 16, 17,  31,
					  33, 40, 62, 63, 64, 65, 96, 127, 130 };
	static uint8_t records[MOST * LOG_RECORD_BYTES];
	struct log_secret secret = { { 9, 8, 7 } };
	struct hmac_sha256_key key;
	struct hash32 leaf[MOST];

	log_tree_salt_key(&key, &secret);
	for (size_t i = 0; i < sizeof records; i++) {
		records[i] = (uint8_t)t_below(256);
	}
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		uint64_t size = sizes[k];

		for (size_t count = 0; count <= MOST; count++) {
			struct log_tree t, want;

			log_tree_init(&t);
			for (uint64_t i = 0; i < size; i++) {
				log_tree_leaf(&leaf[0], bytes_of(&i, sizeof i));
				log_tree_append(&t, &leaf[0]);
			}
			want = t;
			for (size_t i = 0; i < count; i++) {
				struct hash32 salt;

				log_tree_salt(&salt, &key, size * 1000 + i);
				log_tree_salted_leaf(&leaf[i], &salt,
						     records + i * LOG_RECORD_BYTES);
				log_tree_append(&want, &leaf[i]);
			}
			log_tree_extend(&t, records, count, size * 1000, &secret);
			T_EQ(t.size, want.size);
			for (unsigned level = 0; level < LOG_TREE_LEVELS; level++) {
				T_CHECK((t.size >> level & 1) == 0 ||
					hash32_eq(&t.node[level], &want.node[level]));
			}
		}
	}
}

static void salted_leaves(void)
{
	struct log_secret secret = { { 0 } }, second = { { 0 } };
	uint8_t record[LOG_RECORD_BYTES] = { 2 }, sequence[8], in[1 + 32 + LOG_RECORD_BYTES];
	struct hash32 salt, other, leaf, want;
	struct hmac_sha256_key key, key2;

	second.b[31] = 1;
	log_tree_salt_key(&key, &secret);
	log_tree_salt_key(&key2, &second);
	log_tree_salt(&salt, &key, 258);
	le64_put(sequence, 258);
	hmac_sha256(&want, bytes_of(secret.b, 32), bytes_of(sequence, 8));
	T_CHECK(hash32_eq(&salt, &want));
	log_tree_salt(&other, &key, 258);
	T_CHECK(hash32_eq(&salt, &other)); /* the key may be used again */
	log_tree_salt(&other, &key, 259);
	T_CHECK(!hash32_eq(&salt, &other));
	log_tree_salt(&other, &key2, 258);
	T_CHECK(!hash32_eq(&salt, &other));

	in[0] = 0;
	memcpy(in + 1, salt.b, 32);
	memcpy(in + 33, record, sizeof(record));
	sha256(&want, bytes_of(in, sizeof(in)));
	log_tree_salted_leaf(&leaf, &salt, record);
	T_CHECK(hash32_eq(&leaf, &want));
	log_tree_salted_leaf(&leaf, &other, record);
	T_CHECK(!hash32_eq(&leaf, &want));
	log_secret_wipe(&second);
	T_EQ(second.b[31], 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "roots of the eight known leaves", known_roots },
		{ "proofs of the eight known leaves", known_proofs },
		{ "every proof of every size up to 64", all_sizes },
		{ "impossible proofs are refused", refused_arguments },
		{ "tampered inclusion proofs", tampered_inclusion },
		{ "tampered consistency proofs", tampered_consistency },
		{ "a rewritten history is not consistent", rewritten_history },
		{ "proofs too deep or too flat", too_deep },
		{ "salted leaves", salted_leaves },
		{ "extended", extended },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
