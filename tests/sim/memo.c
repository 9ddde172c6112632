/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.c - signatures computed once: the same deterministic function of the same bytes.
 *
 * Nine instances check the same documents and blocks; in one process the answer is the same nine
 * times.  The linker puts these functions in the place of the real ones (--wrap, meson.build) and
 * they ask the real ones the first time.  Nothing is assumed: the whole question (key, message,
 * signature) is hashed, and the hash is what is remembered.
 */
#include <string.h>

#include "sim/sim.h"

enum { PLACES = 1 << 15 };

struct memo_verdict {
	uint8_t name[20];
	bool used, good;
};

struct memo_signature {
	uint8_t name[20];
	bool used;
	struct sig64 signature;
};

bool __real_ed25519_verify(const struct key32 *key, struct bytes message,
			   const struct sig64 *signature);
bool __wrap_ed25519_verify(const struct key32 *key, struct bytes message,
			   const struct sig64 *signature);
bool __real_edk_verify_vartime(const struct key32 *key, struct bytes message,
			       const struct sig64 *signature);
bool __wrap_edk_verify_vartime(const struct key32 *key, struct bytes message,
			       const struct sig64 *signature);
void __real_edk_sign(struct sig64 *out, const struct edk_secret *secret, struct bytes message);
void __wrap_edk_sign(struct sig64 *out, const struct edk_secret *secret, struct bytes message);
void __real_ed25519_sign(struct sig64 *out, const uint8_t secret[ED25519_SECRET_BYTES],
			 struct bytes message);
void __wrap_ed25519_sign(struct sig64 *out, const uint8_t secret[ED25519_SECRET_BYTES],
			 struct bytes message);

static struct memo_verdict verdicts[PLACES];
static struct memo_signature signatures[PLACES];

static void name_of(struct hash32 *out, uint8_t kind, struct bytes key, struct bytes message,
		    struct bytes signature)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, bytes_of(&kind, 1));
	sha256_update(&h, key);
	sha256_update(&h, signature);
	sha256_update(&h, message);
	sha256_final(&h, out);
}

static struct memo_verdict *verdict_of(const struct hash32 *name)
{
	return &verdicts[le32_get(name->b + 24) % PLACES];
}

static struct memo_signature *signature_of(const struct hash32 *name)
{
	return &signatures[le32_get(name->b + 24) % PLACES];
}

bool __wrap_ed25519_verify(const struct key32 *key, struct bytes message,
			   const struct sig64 *signature)
{
	struct hash32 name;
	struct memo_verdict *m;

	name_of(&name, 1, bytes_of(key->b, 32), message, bytes_of(signature->b, 64));
	m = verdict_of(&name);
	if (!m->used || memcmp(m->name, name.b, sizeof m->name) != 0) {
		m->good = __real_ed25519_verify(key, message, signature);
		memcpy(m->name, name.b, sizeof m->name);
		m->used = true;
	}
	return m->good;
}

bool __wrap_edk_verify_vartime(const struct key32 *key, struct bytes message,
			       const struct sig64 *signature)
{
	struct hash32 name;
	struct memo_verdict *m;

	name_of(&name, 2, bytes_of(key->b, 32), message, bytes_of(signature->b, 64));
	m = verdict_of(&name);
	if (!m->used || memcmp(m->name, name.b, sizeof m->name) != 0) {
		m->good = __real_edk_verify_vartime(key, message, signature);
		memcpy(m->name, name.b, sizeof m->name);
		m->used = true;
	}
	return m->good;
}

void __wrap_edk_sign(struct sig64 *out, const struct edk_secret *secret, struct bytes message)
{
	struct hash32 name;
	struct memo_signature *m;

	name_of(&name, 3, bytes_of(secret->public_key.b, 32), message,
		bytes_of(secret->prefix, sizeof secret->prefix));
	m = signature_of(&name);
	if (!m->used || memcmp(m->name, name.b, sizeof m->name) != 0) {
		__real_edk_sign(&m->signature, secret, message);
		memcpy(m->name, name.b, sizeof m->name);
		m->used = true;
	}
	*out = m->signature;
}

void __wrap_ed25519_sign(struct sig64 *out, const uint8_t secret[ED25519_SECRET_BYTES],
			 struct bytes message)
{
	struct hash32 name;
	struct memo_signature *m;

	name_of(&name, 4, bytes_of(secret, ED25519_SECRET_BYTES), message, bytes_of(NULL, 0));
	m = signature_of(&name);
	if (!m->used || memcmp(m->name, name.b, sizeof m->name) != 0) {
		__real_ed25519_sign(&m->signature, secret, message);
		memcpy(m->name, name.b, sizeof m->name);
		m->used = true;
	}
	*out = m->signature;
}
