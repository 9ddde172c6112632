/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_mark.c - X25519 of a forgotten key and a watcher's, HMAC-SHA-256 of what it gives.
 *
 *   shared       X25519(forgotten secret, watcher's key) = X25519(watcher's secret, forgotten key)
 *   token'       HMAC(token, "kuramori cold token v1" LF watcher's key): what that watcher learns
 *   registration forgotten key, then for each watcher: token' XOR HMAC(k, "wrap"), and 16 bytes of
 *                HMAC(k, "tag" what stands before); k = HMAC(shared, "kuramori cold register v1" LF
 *                genesis, holder's attest key, forgotten key, watcher's key)
 *   mark         forgotten key, then for each watcher 16 bytes of HMAC(k, token', id of the answer
 *                with an empty mark); k = HMAC(shared, "kuramori cold mark v1" LF as above)
 */
#include "cold/cold_mark.h"

#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

enum {
	WRAPPED = COLD_TOKEN_BYTES,
	TAG = DOC_REGISTRATION_PART - WRAPPED,
	ANSWER_ROOM = 2048, /* no answer has more: cold.h */
};

/* ---- keys that are forgotten --------------------------------------------------------------- */

/* Whom a mark or registration is about, and who reads it. */
struct between {
	const char *purpose;
	const struct hash32 *genesis;
	const struct key32 *holder; /* attest key, or NULL: the answer's id names him */
	const uint8_t *forgotten;   /* public, DOC_MARK_KEY bytes */
	struct key32 watcher;
};

/* False: the other's key is no good point.  mine: the secret of either. */
static bool key_of(struct hash32 *out, const struct between *b,
		   const uint8_t mine[ED25519_SECRET_BYTES], const struct key32 *others)
{
	uint8_t shared[ED25519_SHARED_BYTES], room[256];
	struct writer w = writer_make(room, sizeof room);
	bool good = ed25519_shared(shared, mine, others);

	writer_bytes(&w, bytes_str(b->purpose));
	writer_bytes(&w, bytes_of(b->genesis->b, sizeof b->genesis->b));
	if (b->holder != NULL) {
		writer_bytes(&w, bytes_of(b->holder->b, sizeof b->holder->b));
	}
	writer_bytes(&w, bytes_of(b->forgotten, DOC_MARK_KEY));
	writer_bytes(&w, bytes_of(b->watcher.b, sizeof b->watcher.b));
	CHECK(!w.bad);
	hmac_sha256(out, bytes_of(shared, sizeof shared), bytes_of(room, w.n));
	crypto_wipe(shared, sizeof shared);
	return good;
}

static void token_for(struct hash32 *out, const uint8_t token[COLD_TOKEN_BYTES],
		      const struct key32 *watcher)
{
	uint8_t room[64];
	struct writer w = writer_make(room, sizeof room);

	writer_bytes(&w, bytes_str("kuramori cold token v1\n"));
	writer_bytes(&w, bytes_of(watcher->b, sizeof watcher->b));
	CHECK(!w.bad);
	hmac_sha256(out, bytes_of(token, COLD_TOKEN_BYTES), bytes_of(room, w.n));
}

/* A part for nobody: bytes that look as all others do. */
static void key_of_nobody(struct hash32 *out, const uint8_t fresh[COLD_FRESH_BYTES], size_t i)
{
	uint8_t message[] = { 'n', 'o', 'b', 'o', 'd', 'y', (uint8_t)i };

	hmac_sha256(out, bytes_of(fresh, COLD_FRESH_BYTES), bytes_of(message, sizeof message));
}

/* What b.watcher and nobody else can open a part with, and the token that it is told. */
static void secrets_for(struct hash32 *key, struct hash32 *mine, const struct between *b,
			const uint8_t token[COLD_TOKEN_BYTES],
			const uint8_t secret[ED25519_SECRET_BYTES],
			const uint8_t fresh[COLD_FRESH_BYTES], size_t i)
{
	token_for(mine, token, &b->watcher);
	if (!key_of(key, b, secret, &b->watcher)) {
		key_of_nobody(key, fresh, i);
	}
}

/* ---- registration -------------------------------------------------------------------------- */

static void wrap(uint8_t out[DOC_REGISTRATION_PART], const struct hash32 *key,
		 const struct hash32 *token)
{
	uint8_t room[3 + WRAPPED] = { 't', 'a', 'g' };
	struct hash32 mask;

	hmac_sha256(&mask, bytes_of(key->b, sizeof key->b), bytes_str("wrap"));
	for (size_t i = 0; i < WRAPPED; i++) {
		out[i] = mask.b[i] ^ token->b[i];
	}
	memcpy(room + 3, out, WRAPPED);
	hmac_sha256(&mask, bytes_of(key->b, sizeof key->b), bytes_of(room, sizeof room));
	memcpy(out + WRAPPED, mask.b, TAG);
	crypto_wipe(&mask, sizeof mask);
}

/* The same back.  False: not a part for this key. */
static bool unwrap(struct hash32 *token, const uint8_t part[DOC_REGISTRATION_PART],
		   const struct hash32 *key)
{
	uint8_t again[DOC_REGISTRATION_PART];
	struct hash32 wrapped, mask;

	hmac_sha256(&mask, bytes_of(key->b, sizeof key->b), bytes_str("wrap"));
	memcpy(wrapped.b, part, WRAPPED);
	for (size_t i = 0; i < WRAPPED; i++) {
		token->b[i] = mask.b[i] ^ wrapped.b[i];
	}
	wrap(again, key, token);
	return crypto_eq(again, part, sizeof again);
}

void cold_mark_register(struct doc_holder *out, const struct hash32 *genesis,
			const struct doc_roster *roster, const uint8_t token[COLD_TOKEN_BYTES],
			const uint8_t fresh[COLD_FRESH_BYTES])
{
	struct between b = { .purpose = "kuramori cold register v1\n",
			     .genesis = genesis,
			     .holder = &out->attest_key,
			     .forgotten = out->registration };
	uint8_t secret[ED25519_SECRET_BYTES];
	struct key32 forgotten;

	ed25519_keypair(&forgotten, secret, fresh);
	memcpy(out->registration, forgotten.b, DOC_MARK_KEY);
	out->registration_n = DOC_MARK_KEY;
	for (size_t i = 0; i < roster->watcher_count; i++) {
		struct hash32 key, mine;

		b.watcher = roster->watchers[i].key;
		secrets_for(&key, &mine, &b, token, secret, fresh, i);
		wrap(out->registration + out->registration_n, &key, &mine);
		out->registration_n += DOC_REGISTRATION_PART;
		crypto_wipe(&key, sizeof key);
		crypto_wipe(&mine, sizeof mine);
	}
	crypto_wipe(secret, sizeof secret);
}

/* What the holding tells this watcher of this holder's token.  False: nothing. */
static bool registered(struct hash32 *token, const struct doc_holder *holder,
		       const struct hash32 *genesis, const uint8_t watcher[DOC_SECRET_BYTES])
{
	struct between b = { .purpose = "kuramori cold register v1\n",
			     .genesis = genesis,
			     .holder = &holder->attest_key,
			     .forgotten = holder->registration };
	struct key32 forgotten;
	struct hash32 key;

	if (holder->registration_n == 0) {
		return false;
	}
	memcpy(forgotten.b, holder->registration, sizeof forgotten.b);
	memcpy(b.watcher.b, watcher + 32, sizeof b.watcher.b);
	if (!key_of(&key, &b, watcher, &forgotten)) {
		return false;
	}
	for (size_t at = DOC_MARK_KEY; at < holder->registration_n; at += DOC_REGISTRATION_PART) {
		if (unwrap(token, holder->registration + at, &key)) {
			return true;
		}
	}
	return false;
}

/* ---- marks --------------------------------------------------------------------------------- */

/* What an answer says, but for its mark. */
static void name_of(struct hash32 *out, const struct doc_answer *answer)
{
	struct doc_answer bare = *answer;
	uint8_t room[ANSWER_ROOM];
	struct writer w = writer_make(room, sizeof room);

	bare.mark_n = 0;
	CHECK(doc_answer_make(&w, out, &bare, NULL) == ERR_OK);
}

static void part_of(uint8_t out[DOC_MARK_PART], const struct hash32 *key,
		    const struct hash32 *token, const struct hash32 *name)
{
	uint8_t room[2 * sizeof token->b];
	struct hash32 whole;

	memcpy(room, token->b, sizeof token->b);
	memcpy(room + sizeof token->b, name->b, sizeof name->b);
	hmac_sha256(&whole, bytes_of(key->b, sizeof key->b), bytes_of(room, sizeof room));
	memcpy(out, whole.b, DOC_MARK_PART);
	crypto_wipe(room, sizeof room);
}

void cold_mark_put(struct doc_answer *answer, const struct doc_roster *roster,
		   const uint8_t token[COLD_TOKEN_BYTES], const uint8_t fresh[COLD_FRESH_BYTES])
{
	struct between b = { .purpose = "kuramori cold mark v1\n",
			     .genesis = &answer->genesis,
			     .forgotten = answer->mark };
	uint8_t secret[ED25519_SECRET_BYTES];
	struct key32 forgotten;
	struct hash32 name;

	name_of(&name, answer);
	ed25519_keypair(&forgotten, secret, fresh);
	memcpy(answer->mark, forgotten.b, DOC_MARK_KEY);
	answer->mark_n = DOC_MARK_KEY;
	for (size_t i = 0; i < roster->watcher_count; i++) {
		struct hash32 key, mine;

		b.watcher = roster->watchers[i].key;
		secrets_for(&key, &mine, &b, token, secret, fresh, i);
		part_of(answer->mark + answer->mark_n, &key, &mine, &name);
		answer->mark_n += DOC_MARK_PART;
		crypto_wipe(&key, sizeof key);
		crypto_wipe(&mine, sizeof mine);
	}
	crypto_wipe(secret, sizeof secret);
}

enum cold_mark cold_mark_judge(struct hash32 *name, const struct doc_answer *answer,
			       const struct doc_holder *holder,
			       const uint8_t watcher[DOC_SECRET_BYTES])
{
	struct between b = { .purpose = "kuramori cold mark v1\n",
			     .genesis = &answer->genesis,
			     .forgotten = answer->mark };
	uint8_t want[DOC_MARK_PART];
	struct key32 forgotten;
	struct hash32 key, token;

	name_of(name, answer);
	if (!registered(&token, holder, &answer->genesis, watcher)) {
		return COLD_MARK_UNREGISTERED;
	}
	if (answer->mark_n == 0) {
		return COLD_MARK_CALLS;
	}
	memcpy(forgotten.b, answer->mark, sizeof forgotten.b);
	memcpy(b.watcher.b, watcher + 32, sizeof b.watcher.b);
	if (!key_of(&key, &b, watcher, &forgotten)) {
		return COLD_MARK_CALLS;
	}
	part_of(want, &key, &token, name);
	for (size_t at = DOC_MARK_KEY; at < answer->mark_n; at += DOC_MARK_PART) {
		if (crypto_eq(answer->mark + at, want, sizeof want)) {
			return COLD_MARK_ORDINARY;
		}
	}
	return COLD_MARK_CALLS;
}
