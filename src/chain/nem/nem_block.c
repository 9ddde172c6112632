/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_block.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "crypto/keccak.h"

/* nem.md 2.9. */
enum {
	KEY_LENGTH = 32,
	SIGNATURE_LENGTH = 64,
	HASH_OBJECT_LENGTH = 4 + KEY_LENGTH,
	BLOCK_VERSION = 1,
	SIGNATURE_AT = 12 + 4 + KEY_LENGTH, /* of its length; after the harvester's key */
	SIGNATURE_FIELD = 4 + SIGNATURE_LENGTH,
	SIGNING_HEAD = NEM_BLOCK_HEADER_BYTES - SIGNATURE_FIELD,
	COUNT_AT = NEM_BLOCK_HEADER_BYTES - 4,
};

static_assert(SIGNING_HEAD == 4 + 4 + 4 + 36 + 40 + 8 + 4, "nem.md 2.9");

#define HEIGHT_MAX (UINT64_MAX >> 1)

static enum err check_head(const struct nem_block_head *h)
{
	if (h->type != NEM_BLOCK_NORMAL && h->type != NEM_BLOCK_NEMESIS) {
		return ERR_TYPE;
	}
	if (!nem_network_known(h->network)) {
		return ERR_NETWORK;
	}
	if (h->time_nem_s > NEM_TIME_MAX_S || h->height == 0 || h->height > HEIGHT_MAX) {
		return ERR_FIELD_RANGE;
	}
	/* The first block has no other type, and no other block has it. */
	if ((h->type == NEM_BLOCK_NEMESIS) != (h->height == 1)) {
		return ERR_FIELD_RANGE;
	}
	return ERR_OK;
}

static void put_head(struct writer *w, const struct nem_block_head *h, uint32_t n,
		     const struct sig64 *signature)
{
	writer_u32(w, (uint32_t)h->type);
	writer_u32(w, nem_network_version(h->network, BLOCK_VERSION));
	writer_u32(w, h->time_nem_s);
	writer_u32(w, KEY_LENGTH);
	writer_bytes(w, bytes_of(h->harvester.b, KEY_LENGTH));
	if (signature != NULL) {
		writer_u32(w, SIGNATURE_LENGTH);
		writer_bytes(w, bytes_of(signature->b, SIGNATURE_LENGTH));
	}
	writer_u32(w, HASH_OBJECT_LENGTH);
	writer_u32(w, KEY_LENGTH);
	writer_bytes(w, bytes_of(h->previous.b, KEY_LENGTH));
	writer_u64(w, h->height);
	writer_u32(w, n);
}

static void get_copy(struct reader *r, void *out, uint32_t n)
{
	uint32_t stated = reader_u32(r);
	struct bytes b = reader_bytes(r, n);

	if (stated != n) {
		r->bad = true;
	}
	if (!r->bad) {
		memcpy(out, b.p, n);
	}
}

static enum err get_head(struct reader *r, struct nem_block *b)
{
	uint8_t version_of;
	uint32_t type = reader_u32(r);
	uint32_t version = reader_u32(r);
	enum err e;

	b->head.time_nem_s = reader_u32(r);
	get_copy(r, b->head.harvester.b, KEY_LENGTH);
	get_copy(r, b->signature.b, SIGNATURE_LENGTH);
	if (reader_u32(r) != HASH_OBJECT_LENGTH) {
		return ERR_INPUT;
	}
	get_copy(r, b->head.previous.b, KEY_LENGTH);
	b->head.height = reader_u64(r);
	b->n = reader_u32(r);
	if (r->bad) {
		return ERR_INPUT;
	}
	if (type != (uint32_t)NEM_BLOCK_NORMAL && type != (uint32_t)NEM_BLOCK_NEMESIS) {
		return ERR_TYPE;
	}
	b->head.type = type == (uint32_t)NEM_BLOCK_NORMAL ? NEM_BLOCK_NORMAL : NEM_BLOCK_NEMESIS;
	e = nem_network_split(&b->head.network, &version_of, version);
	if (e != ERR_OK) {
		return e;
	}
	return version_of == BLOCK_VERSION ? ERR_OK : ERR_VERSION;
}

/* The nemesis block is nobody's harvest: the limit of NIS's block validators is not for it. */
static unsigned weight_max(enum nem_block_type type)
{
	return type == NEM_BLOCK_NEMESIS ? NEM_BLOCK_NEMESIS_MAX : NEM_BLOCK_WEIGHT_MAX;
}

/* Decodes every transaction, so that a walk over the block cannot fail later. */
static enum err read_transactions(struct nem_block *b)
{
	struct reader r = reader_make(b->transactions);
	struct nem_tx tx;

	if (b->n > weight_max(b->head.type)) {
		return ERR_TOO_LARGE;
	}
	for (uint32_t i = 0; i < b->n; i++) {
		struct bytes raw = reader_bytes(&r, reader_u32(&r));
		enum err e;

		if (r.bad) {
			return ERR_INPUT;
		}
		e = nem_tx_decode(&tx, b->head.network, raw, NEM_SIGNED);
		if (e != ERR_OK) {
			return e;
		}
		b->weight += nem_tx_weight(&tx);
		if (b->weight > weight_max(b->head.type)) {
			return ERR_TOO_LARGE;
		}
	}
	return reader_done(&r) ? ERR_OK : ERR_INPUT;
}

enum err nem_block_decode(struct nem_block *out, uint8_t network, struct bytes raw)
{
	struct nem_block b;
	struct reader r = reader_make(raw);
	enum err e;

	if (raw.n > NEM_BLOCK_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	memset(&b, 0, sizeof b);
	e = get_head(&r, &b);
	if (e != ERR_OK) {
		return e;
	}
	if (b.head.network != network) {
		return ERR_NETWORK;
	}
	e = check_head(&b.head);
	if (e != ERR_OK) {
		return e;
	}
	b.transactions = reader_bytes(&r, r.left);
	e = read_transactions(&b);
	if (e != ERR_OK) {
		return e;
	}
	*out = b;
	return ERR_OK;
}

struct nem_block_walk nem_block_walk_make(const struct nem_block *block)
{
	return (struct nem_block_walk){ .at = reader_make(block->transactions),
					.left = block->n,
					.index = UINT32_MAX };
}

bool nem_block_walk_next(struct nem_block_walk *walk, struct bytes *signed_form)
{
	if (walk->left == 0) {
		return false;
	}
	*signed_form = reader_bytes(&walk->at, reader_u32(&walk->at));
	CHECK(!walk->at.bad);
	walk->left--;
	walk->index++;
	return true;
}

bool nem_block_walk_decode(struct nem_block_walk *walk, struct nem_tx *tx)
{
	struct bytes raw;
	enum err e;

	if (!nem_block_walk_next(walk, &raw)) {
		return false;
	}
	/* The network is at the same place in every transaction: byte 7. */
	CHECK(raw.n > 7);
	e = nem_tx_decode(tx, raw.p[7], raw, NEM_SIGNED);
	CHECK(e == ERR_OK);
	return true;
}

/* ---- building ---- */

enum err nem_block_build_start(struct nem_block_build *build, uint8_t *buffer, size_t buffer_bytes,
			       const struct nem_block_head *head)
{
	static const struct sig64 none;
	struct writer w = writer_make(buffer, buffer_bytes);
	enum err e = check_head(head);

	if (e != ERR_OK) {
		return e;
	}
	put_head(&w, head, 0, &none);
	if (w.bad) {
		return ERR_FULL;
	}
	*build = (struct nem_block_build){ .w = w, .head = *head, .n = 0, .weight = 0 };
	return ERR_OK;
}

enum err nem_block_build_add(struct nem_block_build *build, const struct nem_tx *tx)
{
	struct writer w = build->w;
	enum err e = nem_tx_check(tx);
	size_t length_at;

	if (e != ERR_OK) {
		return e;
	}
	if (tx->head.network != build->head.network) {
		return ERR_NETWORK;
	}
	if (build->weight + nem_tx_weight(tx) > weight_max(build->head.type)) {
		return ERR_FULL;
	}
	length_at = w.n;
	writer_u32(&w, 0);
	nem_tx_encode(&w, tx, NEM_SIGNED);
	if (w.bad) {
		return ERR_FULL;
	}
	le32_put(w.p + length_at, (uint32_t)(w.n - length_at - 4));
	build->w = w;
	build->weight += nem_tx_weight(tx);
	build->n++;
	le32_put(w.p + COUNT_AT, build->n);
	return ERR_OK;
}

void nem_block_build_finish(struct nem_block_build *build, const struct sig64 *signature,
			    struct bytes *signed_form)
{
	CHECK(!build->w.bad && build->w.n >= NEM_BLOCK_HEADER_BYTES);
	memcpy(build->w.p + SIGNATURE_AT + 4, signature->b, SIGNATURE_LENGTH);
	*signed_form = bytes_of(build->w.p, build->w.n);
}

/*
 * The bytes that are hashed and signed, in one piece, as the signature functions want them:
 * 420 KB of the caller's stack.  No signer process handles blocks.
 */
struct signing {
	uint8_t bytes[NEM_BLOCK_BYTES_MAX];
};

static struct bytes signing_bytes(struct signing *s, const struct nem_block_head *head, uint32_t n,
				  struct bytes transactions)
{
	struct writer w = writer_make(s->bytes, sizeof s->bytes);

	put_head(&w, head, n, NULL);
	writer_bytes(&w, transactions);
	CHECK(!w.bad);
	return bytes_of(s->bytes, w.n);
}

enum err nem_block_build_sign(struct nem_block_build *build, const struct edk_secret *harvester,
			      struct bytes *signed_form)
{
	struct signing s;
	struct sig64 signature;
	struct bytes message;

	CHECK(!build->w.bad && build->w.n >= NEM_BLOCK_HEADER_BYTES);
	if (!key32_eq(&harvester->public_key, &build->head.harvester)) {
		return ERR_KEY;
	}
	message = signing_bytes(
	    &s, &build->head, build->n,
	    bytes_of(build->w.p + NEM_BLOCK_HEADER_BYTES, build->w.n - NEM_BLOCK_HEADER_BYTES));
	edk_sign(&signature, harvester, message);
	if (!edk_verify_vartime(&harvester->public_key, message, &signature)) {
		return ERR_SIGNATURE;
	}
	nem_block_build_finish(build, &signature, signed_form);
	return ERR_OK;
}

/* ---- hash and signatures ---- */

void nem_block_hash(struct hash32 *out, const struct nem_block *block)
{
	uint8_t head[SIGNING_HEAD];
	struct writer w = writer_make(head, sizeof head);
	struct keccak k;

	put_head(&w, &block->head, block->n, NULL);
	CHECK(!w.bad && w.n == sizeof head);
	keccak256_init(&k);
	keccak_update(&k, bytes_of(head, sizeof head));
	keccak_update(&k, block->transactions);
	keccak256_final(&k, out);
}

enum err nem_block_verify(const struct nem_block *block)
{
	struct signing s;
	struct bytes message = signing_bytes(&s, &block->head, block->n, block->transactions);

	return edk_verify_vartime(&block->head.harvester, message, &block->signature)
		   ? ERR_OK
		   : ERR_SIGNATURE;
}

enum err nem_block_verify_all(const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;
	enum err e = nem_block_verify(block);

	if (e != ERR_OK) {
		return e;
	}
	while (nem_block_walk_decode(&walk, &tx)) {
		e = nem_tx_verify(&tx);
		if (e != ERR_OK) {
			return e;
		}
	}
	return ERR_OK;
}
