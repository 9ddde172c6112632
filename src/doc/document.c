/* SPDX-License-Identifier: Apache-2.0 */
#include "doc/document.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/bip39.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "crypto/verified.h"
#include "doc/table.h"
#include "doc/types.h"

static_assert((int)DOC_SECRET_BYTES == (int)ED25519_SECRET_BYTES, "one form of secrets");

enum { HEX32 = 64, LINE_WORDS = 6 };

/* The envelope as its table reads it. */
struct envelope {
	struct bytes body;
	size_t seal_count;
	struct doc_seal seals[DOC_SIGNATURES_MAX];
	char type[DOC_SLUG_MAX + 1];
	uint64_t version;
};

static const struct doc_field seal_fields[] = {
	{ "key", DOC_KIND_HEX, offsetof(struct doc_seal, key), sizeof(struct key32), .max = 0 },
	{ "signature", DOC_KIND_HEX, offsetof(struct doc_seal, sig), sizeof(struct sig64),
	  .max = 0 },
};
static const struct doc_table seal_table = { seal_fields, ARRAY_LEN(seal_fields),
					     sizeof(struct doc_seal), NULL };
static const struct doc_field envelope_fields[] = {
	{ "body", DOC_KIND_RAW, offsetof(struct envelope, body), sizeof(struct bytes), .max = 0 },
	{ "signatures", DOC_KIND_LIST, offsetof(struct envelope, seals),
	  sizeof(((struct envelope *)NULL)->seals), .max = DOC_SIGNATURES_MAX,
	  .count_offset = offsetof(struct envelope, seal_count), .of = &seal_table },
	{ "type", DOC_KIND_SLUG, offsetof(struct envelope, type),
	  sizeof(((struct envelope *)NULL)->type), .min = 1, .max = DOC_SLUG_MAX },
	{ "version", DOC_KIND_INT, offsetof(struct envelope, version), sizeof(uint64_t), .min = 0,
	  .max = JSON_INT_MAX },
};
static const struct doc_table envelope_table = { envelope_fields, ARRAY_LEN(envelope_fields),
						 sizeof(struct envelope), NULL };

static const struct type_row {
	const char *name;
	enum doc_type type;
	uint32_t version;
} type_rows[] = {

#define DOC(NAME, lower, number, version, signed_by) { #lower, DOC_##NAME, version },
#include "doc/types.def"
#undef DOC
};

static const struct type_row *type_row_of(unsigned number)
{
	for (size_t i = 0; i < ARRAY_LEN(type_rows); i++) {
		if ((unsigned)type_rows[i].type == number) {
			return &type_rows[i];
		}
	}
	return NULL;
}

bool doc_type_known(unsigned number)
{
	return type_row_of(number) != NULL;
}

const char *doc_type_name(enum doc_type type)
{
	const struct type_row *row = type_row_of((unsigned)type);

	CHECK(row != NULL);
	return row->name;
}

uint32_t doc_type_version(enum doc_type type)
{
	const struct type_row *row = type_row_of((unsigned)type);

	CHECK(row != NULL);
	return row->version;
}

/* The text between the quotes of the body's own field genesis. */
static enum err genesis_text(struct bytes *out, struct bytes body, struct doc_fault *fault)
{
	struct json_token t;
	struct json j;

	json_init(&j, body);
	do {
		/* the envelope was read: its body is canonical and ends */
		CHECK(json_next(&j, &t) == ERR_OK && t.kind != JSON_END);
		if (j.depth == 0) {
			return doc_table_fault(fault, ERR_FIELD_MISSING, "genesis",
					       "this field is required");
		}
	} while (j.depth != 1 || t.kind != JSON_KEY || !bytes_eq(t.text, bytes_str("genesis")));
	CHECK(json_next(&j, &t) == ERR_OK);
	if (t.kind != JSON_TEXT) {
		return doc_table_fault(fault, ERR_FIELD_TYPE, "genesis",
				       "a string is expected here");
	}
	if (t.text.n != HEX32) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "genesis",
				       "not the number of hex digits expected");
	}
	*out = t.text;
	return ERR_OK;
}

static void id_begin(struct sha256 *s, enum doc_type type, uint32_t version,
		     const struct hash32 *genesis)
{
	static const struct hash32 zero;
	uint8_t space[10];
	struct writer digits = writer_make(space, sizeof space);
	char hex[HEX32 + 1];

	if (genesis == NULL || type == DOC_GENESIS) {
		genesis = &zero;
	}
	hex_put(hex, bytes_of(genesis->b, sizeof genesis->b));
	CHECK(json_put_int(&digits, version) == ERR_OK && !digits.bad);
	sha256_init(s);
	sha256_update(s, bytes_str("kuramori/"));
	sha256_update(s, bytes_str(doc_type_name(type)));
	sha256_update(s, bytes_str("/v"));
	sha256_update(s, bytes_of(space, digits.n));
	sha256_update(s, bytes_str("\n"));
	sha256_update(s, bytes_str(hex));
	sha256_update(s, bytes_str("\n"));
}

void doc_id(struct hash32 *out, enum doc_type type, uint32_t version, const struct hash32 *genesis,
	    struct bytes body)
{
	struct sha256 s;

	id_begin(&s, type, version, genesis);
	sha256_update(&s, body);
	sha256_final(&s, out);
}

void doc_zero_id(struct hash32 *out, const struct doc *d)
{
	static const char zeros[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	struct bytes hex = { 0 };
	struct sha256 s;
	size_t before;

	CHECK(d->type != DOC_GENESIS && genesis_text(&hex, d->body, NULL) == ERR_OK);
	before = (size_t)(hex.p - d->body.p);
	id_begin(&s, d->type, d->version, NULL);
	sha256_update(&s, bytes_of(d->body.p, before));
	sha256_update(&s, bytes_str(zeros));
	sha256_update(&s, bytes_of(hex.p + HEX32, d->body.n - before - HEX32));
	sha256_final(&s, out);
}

/* Finds the row of the envelope's type and version. */
static enum err judge_type(const struct type_row **out, const struct envelope *env,
			   struct doc_fault *fault)
{
	for (size_t i = 0; i < ARRAY_LEN(type_rows); i++) {
		if (strcmp(type_rows[i].name, env->type) != 0) {
			continue;
		}
		if (env->version != type_rows[i].version) {
			return doc_table_fault(fault, ERR_VERSION, "version",
					       "this version of the type is not known here");
		}
		*out = &type_rows[i];
		return ERR_OK;
	}
	return doc_table_fault(fault, ERR_TYPE, "type", "this type is not known here");
}

static int seal_cmp(const struct doc_seal *a, const struct doc_seal *b)
{
	return bytes_cmp(bytes_of(a->key.b, sizeof a->key.b), bytes_of(b->key.b, sizeof b->key.b));
}

/* The body's genesis is the one we live under; for genesis itself, its id is. */
static enum err judge_genesis(struct doc *d, const struct hash32 *genesis, struct doc_fault *fault)
{
	static const struct hash32 zero;
	struct bytes text = { 0 };
	enum err e;

	if (genesis == NULL) {
		genesis = &zero;
	}
	if (d->type == DOC_GENESIS) {
		doc_id(&d->id, d->type, d->version, NULL, d->body);
		if (!hash32_is_zero(genesis) && !hash32_eq(&d->id, genesis)) {
			return doc_table_fault(fault, ERR_GENESIS, "body",
					       "this is not the genesis of this system");
		}
		return ERR_OK;
	}
	e = genesis_text(&text, d->body, fault);
	if (e != ERR_OK) {
		return e;
	}
	if (hex_get(d->genesis.b, sizeof d->genesis.b, text, HEX_LOWER_ONLY) != ERR_OK) {
		return doc_table_fault(fault, ERR_FIELD_RANGE, "genesis",
				       "bytes are written in lower-case hex");
	}
	if (!hash32_eq(&d->genesis, genesis)) {
		return doc_table_fault(fault, ERR_GENESIS, "genesis",
				       "this document belongs to another genesis");
	}
	doc_id(&d->id, d->type, d->version, genesis, d->body);
	return ERR_OK;
}

bool doc_provable(enum doc_type type)
{
	return type == DOC_FREEZE || type == DOC_CLOSING || type == DOC_CANCEL ||
	       type == DOC_RESUME || type == DOC_DAY || type == DOC_ROSTER || type == DOC_POLICY ||
	       type == DOC_GRANT || type == DOC_HOLDING;
}

/* The bytes of line *at of what stands behind an envelope, without its line feed. */
static bool next_line(struct bytes *line, struct bytes proofs, size_t *at)
{
	const uint8_t *end;

	if (*at >= proofs.n) {
		return false;
	}
	++*at; /* the line feed */
	end = memchr(proofs.p + *at, '\n', proofs.n - *at);
	*line = bytes_of(proofs.p + *at,
			 end == NULL ? proofs.n - *at : (size_t)(end - (proofs.p + *at)));
	*at += line->n;
	return true;
}

/* One envelope and no more. */
static enum err open_envelope(struct doc *out, struct bytes raw, const struct hash32 *genesis,
			      struct doc_fault *fault)
{
	const struct type_row *row = NULL;
	struct doc d = { .raw = raw };
	struct envelope env;
	enum err e;

	e = doc_table_read(&envelope_table, raw, &env, fault);
	if (e != ERR_OK) {
		return e;
	}
	e = judge_type(&row, &env, fault);
	if (e != ERR_OK) {
		return e;
	}
	for (size_t i = 1; i < env.seal_count; i++) {
		if (seal_cmp(&env.seals[i - 1], &env.seals[i]) >= 0) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "signatures",
					       "signatures are sorted by key, one for each");
		}
	}
	CHECK(row != NULL);
	d.type = row->type;
	d.version = row->version;
	d.body = env.body;
	d.signature_count = (unsigned)env.seal_count;
	memcpy(d.signatures, env.seals, sizeof d.signatures);
	e = judge_genesis(&d, genesis, fault);
	if (e == ERR_OK) {
		*out = d;
	} else if (e == ERR_GENESIS) {
		out->genesis = d.type == DOC_GENESIS ? d.id : d.genesis;
	}
	return e;
}

static enum err judge_proofs(const struct doc *d, struct doc_fault *fault)
{
	struct bytes line;
	struct doc proof;
	size_t at = 0;
	size_t n = 0;

	while (next_line(&line, d->proofs, &at)) {
		if (++n > DOC_PROOFS_MAX) {
			return doc_table_fault(fault, ERR_FIELD_RANGE, "assertion",
					       "more of them than a document has");
		}
		if (open_envelope(&proof, line, &d->genesis, NULL) != ERR_OK ||
		    proof.type != DOC_ASSERTION || proof.signature_count != 0) {
			return doc_table_fault(fault, ERR_INPUT, "assertion",
					       "what stands behind it is no assertion");
		}
	}
	return ERR_OK;
}

enum err doc_open(struct doc *out, struct bytes raw, const struct hash32 *genesis,
		  struct doc_fault *fault)
{
	const uint8_t *end = raw.n == 0 ? NULL : memchr(raw.p, '\n', raw.n);
	size_t n = end == NULL ? raw.n : (size_t)(end - raw.p);
	struct doc d;
	enum err e;

	/* a canonical envelope has no line feed: without proofs that is judged as it always was */
	if (end == NULL || raw.n > DOC_BYTES_MAX ||
	    open_envelope(&d, bytes_of(raw.p, n), genesis, NULL) != ERR_OK ||
	    !doc_provable(d.type)) {
		return open_envelope(out, raw, genesis, fault);
	}
	d.raw = raw;
	d.proofs = bytes_of(end, raw.n - n);
	e = judge_proofs(&d, fault);
	if (e == ERR_OK) {
		*out = d;
	}
	return e;
}

bool doc_next_proof(struct doc *proof, const struct doc *d, size_t *at)
{
	struct bytes line;

	if (!next_line(&line, d->proofs, at)) {
		return false;
	}
	CHECK(open_envelope(proof, line, &d->genesis, NULL) == ERR_OK);
	return true;
}

enum err doc_add_proof(struct writer *out, const struct doc *d, struct bytes proof)
{
	struct writer w = *out;
	struct bytes line;
	size_t at = 0;
	size_t n = 0;

	if (!doc_provable(d->type)) {
		return ERR_TYPE;
	}
	while (next_line(&line, d->proofs, &at)) {
		n++;
	}
	if (n == DOC_PROOFS_MAX) {
		return ERR_FIELD_RANGE;
	}
	writer_bytes(&w, d->raw);
	json_put_raw(&w, "\n");
	writer_bytes(&w, proof);
	if (w.bad || w.n - out->n > DOC_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	*out = w;
	return ERR_OK;
}

void doc_foreign_words(char out[DOC_FOREIGN_WORDS], const struct doc *d, const struct hash32 *ours)
{
	char theirs[17];
	char own[17];

	hex_put(theirs, bytes_of(d->genesis.b, 8));
	hex_put(own, bytes_of(ours->b, 8));
	(void)snprintf(out, DOC_FOREIGN_WORDS, "it belongs to genesis %s..., and this is %s...",
		       theirs, own);
}

/* ---- signatures ---- */

enum { SIGNED_MAX = 96, SEALS_KNOWN = 128 };

/* "kuramori signature v1" LF id in hex LF. */
static struct bytes signed_text(uint8_t space[SIGNED_MAX], const struct hash32 *id)
{
	struct writer w = writer_make(space, SIGNED_MAX);
	char hex[HEX32 + 1];

	hex_put(hex, bytes_of(id->b, sizeof id->b));
	json_put_raw(&w, "kuramori signature v1\n");
	json_put_raw(&w, hex);
	json_put_raw(&w, "\n");
	CHECK(!w.bad);
	return bytes_of(space, w.n);
}

/*
 * The same document comes again: with the other signer's word, in the next message, from the other
 * side.  What verified is not verified again (crypto/verified.h); whether this key may sign this
 * document is asked each time, by others.
 */
static bool seal_verifies(const struct doc_seal *seal, const struct hash32 *id)
{
	static _Thread_local struct hash32 known[SEALS_KNOWN];
	uint8_t space[SIGNED_MAX];

	return verified(known, SEALS_KNOWN, ed25519_verify, &seal->key, signed_text(space, id),
			&seal->sig);
}

/* The signature by this key, or NULL: at most one, doc_open() saw to that. */
static const struct doc_seal *seal_by(const struct doc *d, const struct key32 *key)
{
	CHECK(d->signature_count <= DOC_SIGNATURES_MAX);
	for (unsigned i = 0; i < d->signature_count; i++) {
		if (key32_eq(&d->signatures[i].key, key)) {
			return &d->signatures[i];
		}
	}
	return NULL;
}

bool doc_names_key(const struct doc *d, const struct key32 *key)
{
	return seal_by(d, key) != NULL;
}

bool doc_signed_by(const struct doc *d, const struct key32 *key)
{
	const struct doc_seal *seal = seal_by(d, key);

	return seal != NULL && seal_verifies(seal, &d->id);
}

enum err doc_verify_all(const struct doc *d)
{
	CHECK(d->signature_count <= DOC_SIGNATURES_MAX);
	for (unsigned i = 0; i < d->signature_count; i++) {
		if (!seal_verifies(&d->signatures[i], &d->id)) {
			return ERR_SIGNATURE;
		}
	}
	return d->signature_count > 0 ? ERR_OK : ERR_UNSIGNED;
}

void doc_sign(struct doc_seal *out, const struct hash32 *id, const uint8_t secret[DOC_SECRET_BYTES])
{
	uint8_t space[SIGNED_MAX];
	struct doc_seal seal;

	memcpy(seal.key.b, secret + ED25519_SEED_BYTES, sizeof seal.key.b);
	ed25519_sign(&seal.sig, secret, signed_text(space, id));
	*out = seal;
}

/* ---- the writer ---- */

static const char envelope_head[] = "{\"body\":";

/* Sorts a copy of the seals; ERR_FIELD_RANGE if they are too many or not distinct. */
static enum err sort_seals(struct doc_seal sorted[DOC_SIGNATURES_MAX], const struct doc_seal *seals,
			   size_t count)
{
	if (count > DOC_SIGNATURES_MAX) {
		return ERR_FIELD_RANGE;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = i;

		while (at > 0 && seal_cmp(&sorted[at - 1], &seals[i]) > 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		if (at > 0 && seal_cmp(&sorted[at - 1], &seals[i]) == 0) {
			return ERR_FIELD_RANGE;
		}
		sorted[at] = seals[i];
	}
	return ERR_OK;
}

/* Everything after the body.  seals: sorted. */
static void put_tail(struct writer *w, enum doc_type type, const struct doc_seal *seals,
		     size_t count)
{
	char hex[2 * sizeof(struct sig64) + 1];

	json_put_raw(w, ",\"signatures\":[");
	for (size_t i = 0; i < count; i++) {
		json_put_raw(w, i > 0 ? ",{\"key\":\"" : "{\"key\":\"");
		hex_put(hex, bytes_of(seals[i].key.b, sizeof seals[i].key.b));
		json_put_raw(w, hex);
		json_put_raw(w, "\",\"signature\":\"");
		hex_put(hex, bytes_of(seals[i].sig.b, sizeof seals[i].sig.b));
		json_put_raw(w, hex);
		json_put_raw(w, "\"}");
	}
	json_put_raw(w, "],\"type\":\"");
	json_put_raw(w, doc_type_name(type));
	json_put_raw(w, "\",\"version\":");
	CHECK(json_put_int(w, doc_type_version(type)) == ERR_OK);
	json_put_raw(w, "}");
}

/* What was written since `from` is an envelope in canonical bytes and within all limits. */
static enum err judge_written(const struct writer *w, size_t from)
{
	if (w->bad) {
		return ERR_TOO_LARGE;
	}
	return json_check(bytes_of(w->p + from, w->n - from), NULL, NULL);
}

enum err doc_close(struct writer *out, enum doc_type type, struct bytes body,
		   const struct doc_seal *seals, size_t count)
{
	struct doc_seal sorted[DOC_SIGNATURES_MAX];
	struct writer before = *out;
	enum err e = sort_seals(sorted, seals, count);

	if (e != ERR_OK) {
		return e;
	}
	/* on its own first: a body must not reach into the envelope around it */
	e = json_check(body, NULL, NULL);
	if (e != ERR_OK) {
		return e;
	}
	json_put_raw(out, envelope_head);
	writer_bytes(out, body);
	put_tail(out, type, sorted, count);
	e = judge_written(out, before.n);
	if (e != ERR_OK) {
		*out = before;
	}
	return e;
}

enum err doc_add_seal(struct writer *out, const struct doc *d, const struct doc_seal *seal)
{
	struct doc_seal seals[DOC_SIGNATURES_MAX];
	struct writer w = *out;
	size_t n = 0;
	enum err e;

	CHECK(d->signature_count <= DOC_SIGNATURES_MAX);
	for (unsigned i = 0; i < d->signature_count; i++) {
		if (!key32_eq(&d->signatures[i].key, &seal->key)) {
			seals[n++] = d->signatures[i];
		}
	}
	if (n == DOC_SIGNATURES_MAX) {
		return ERR_FIELD_RANGE;
	}
	seals[n++] = *seal;
	e = doc_close(&w, d->type, d->body, seals, n);
	if (e != ERR_OK) {
		return e;
	}
	writer_bytes(&w, d->proofs);
	if (w.bad || w.n - out->n > DOC_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	*out = w;
	return ERR_OK;
}

size_t doc_envelope_begin(struct writer *out)
{
	json_put_raw(out, envelope_head);
	return out->n;
}

enum err doc_envelope_end(struct writer *out, size_t start, struct hash32 *id, enum doc_type type,
			  const uint8_t *secret, struct doc_fault *fault)
{
	struct bytes body = bytes_of(out->p + start, out->n - start);
	struct doc_seal seal;
	struct hash32 named;
	struct hash32 under = { 0 };
	struct bytes text = { 0 };
	enum err e;

	if (type != DOC_GENESIS) {
		/* what our own writer has just written */
		CHECK(genesis_text(&text, body, NULL) == ERR_OK &&
		      hex_get(under.b, sizeof under.b, text, HEX_LOWER_ONLY) == ERR_OK);
	}
	doc_id(&named, type, doc_type_version(type), &under, body);
	if (secret != NULL) {
		doc_sign(&seal, &named, secret);
	}
	put_tail(out, type, &seal, secret != NULL);
	e = judge_written(out, start - (sizeof envelope_head - 1));
	if (e != ERR_OK) {
		return doc_table_fault(fault, e, "", "the document does not fit");
	}
	if (id != NULL) {
		*id = named;
	}
	return ERR_OK;
}

void doc_id_words(char out[DOC_ID_WORDS_BYTES], const struct hash32 *id)
{
	static_assert((int)DOC_ID_WORDS_BYTES == (int)BIP39_TEXT_BYTES, "24 words");
	bip39_public_text(out, id->b);
}

void doc_id_lines(char out[DOC_ID_LINES_BYTES], const struct hash32 *id)
{
	char words[DOC_ID_WORDS_BYTES];
	struct writer w = writer_make((uint8_t *)out, DOC_ID_LINES_BYTES);
	const char *at = words;

	doc_id_words(words, id);
	for (unsigned i = 0; i < BIP39_COUNT_MAX; i++) {
		size_t letters = strcspn(at, " ");
		char one[32];

		if (i % LINE_WORDS == 0) {
			(void)snprintf(one, sizeof one, "%s  %2u ", i == 0 ? "" : "\n", i + 1);
			json_put_raw(&w, one);
		}
		(void)snprintf(one, sizeof one, " %-*.*s",
			       (i + 1) % LINE_WORDS == 0 ? 0 : BIP39_WORD_MAX, (int)letters, at);
		json_put_raw(&w, one);
		at += letters + (at[letters] == ' ');
	}
	writer_bytes(&w, bytes_of("", 1));
	CHECK(!w.bad);
}
