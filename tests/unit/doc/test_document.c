/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an envelope is one thing only; ids bind type, version, genesis and body; a signature counts
 * only if it verifies; rules beyond the form hold in the reader and in the writer. Method:
 * envelopes written by hand, each wrong in one way; ids against SHA-256 of text put together here;
 * each rule of types.h broken once, with the field that must be named.
 */
#include "t.h"
#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"
#include "samples.h"

#define Z64     "0000000000000000000000000000000000000000000000000000000000000000"
#define A64     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BODY    "{\"after\":7,\"genesis\":\"" Z64 "\"}"
#define TAIL    ",\"type\":\"cursor\",\"version\":1}"
#define SEAL(k) "{\"key\":\"" k "\",\"signature\":\"" A64 B64 "\"}"

static uint8_t space[DOC_BYTES_MAX + 64];
static struct doc_fault fault;

static enum err open_text(const char *text, struct doc *out)
{
	struct doc d;

	memset(&fault, 0, sizeof fault);
	return doc_open(out != NULL ? out : &d, bytes_str(text), NULL, &fault);
}

static const struct {
	const char *text;
	enum err err;
	const char *field;
} envelopes[] = {
	{ "{\"body\":" BODY ",\"signatures\":[]" TAIL, ERR_OK, "" },
	{ "{\"body\":" BODY ",\"signatures\":[" SEAL(A64) "]" TAIL, ERR_OK, "" },
	{ "{\"body\":" BODY ",\"signatures\":[" SEAL(A64) "," SEAL(B64) "]" TAIL, ERR_OK, "" },
	{ "{\"body\":" BODY ",\"signatures\":[" SEAL(B64) "," SEAL(A64) "]" TAIL, ERR_FIELD_RANGE,
	  "signatures" },
	{ "{\"body\":" BODY ",\"signatures\":[" SEAL(A64) "," SEAL(A64) "]" TAIL, ERR_FIELD_RANGE,
	  "signatures" },
	{ "{\"body\":" BODY ",\"signatures\":[{\"key\":\"" A64 "\"}]" TAIL, ERR_FIELD_MISSING,
	  "signatures[0].signature" },
	{ "{\"body\":" BODY ",\"signatures\":[{\"key\":\"" A64 "\",\"signature\":\"" A64
	  "\"}]" TAIL,
	  ERR_FIELD_RANGE, "signatures[0].signature" },
	{ "{\"body\":" BODY ",\"signatures\":{}" TAIL, ERR_FIELD_TYPE, "signatures" },
	{ "{\"body\":" BODY TAIL, ERR_FIELD_MISSING, "signatures" },
	{ "{\"signatures\":[]" TAIL, ERR_FIELD_MISSING, "body" },
	{ "{\"body\":[],\"signatures\":[]" TAIL, ERR_FIELD_TYPE, "body" },
	{ "{\"body\":\"\",\"signatures\":[]" TAIL, ERR_FIELD_TYPE, "body" },
	{ "{\"body\":{},\"signatures\":[]" TAIL, ERR_FIELD_MISSING, "genesis" },
	{ "{\"body\":{\"a\":{\"genesis\":\"" Z64 "\"}},\"signatures\":[]" TAIL, ERR_FIELD_MISSING,
	  "genesis" },
	{ "{\"body\":{\"genesis\":0},\"signatures\":[]" TAIL, ERR_FIELD_TYPE, "genesis" },
	{ "{\"body\":{\"genesis\":[\"" Z64 "\"]},\"signatures\":[]" TAIL, ERR_FIELD_TYPE,
	  "genesis" },
	{ "{\"body\":{\"genesis\":\"\"},\"signatures\":[]" TAIL, ERR_FIELD_RANGE, "genesis" },
	{ "{\"body\":{\"genesis\":\"" A64 "\"},\"signatures\":[]" TAIL, ERR_GENESIS, "genesis" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursor\"}", ERR_FIELD_MISSING,
	  "version" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursor\",\"version\":0}", ERR_VERSION,
	  "version" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursor\",\"version\":2}", ERR_VERSION,
	  "version" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursor\",\"version\":\"1\"}",
	  ERR_FIELD_TYPE, "version" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursor\",\"version\":1,\"x\":1}",
	  ERR_FIELD_UNKNOWN, "x" },
	{ "{\"aa\":1,\"body\":" BODY ",\"signatures\":[]" TAIL, ERR_FIELD_UNKNOWN, "aa" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"curso\",\"version\":1}", ERR_TYPE,
	  "type" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"cursors\",\"version\":1}", ERR_TYPE,
	  "type" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":\"Cursor\",\"version\":1}",
	  ERR_FIELD_RANGE, "type" },
	{ "{\"body\":" BODY ",\"signatures\":[],\"type\":16,\"version\":1}", ERR_FIELD_TYPE,
	  "type" },
	{ "{\"body\":" BODY ",\"body\":" BODY ",\"signatures\":[]" TAIL, ERR_NOT_CANONICAL,
	  "byte 97" },
	{ BODY, ERR_FIELD_UNKNOWN, "after" },
};

static void envelopes_by_hand(void)
{
	for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
		enum err e = open_text(envelopes[i].text, NULL);

		if (e != envelopes[i].err) {
			printf("# %s\n", envelopes[i].text);
		}
		T_EQ(e, envelopes[i].err);
		T_STR(fault.field, envelopes[i].field);
		T_CHECK((fault.why != NULL) == (e != ERR_OK));
		/* nobody has to ask why */
		T_EQ(doc_open(&(struct doc){ 0 }, bytes_str(envelopes[i].text), NULL, NULL), e);
	}
}

static void eight_signatures(void)
{
	struct doc_seal seals[9];
	struct hash32 zero = { 0 };
	struct writer w;
	struct doc d;

	for (unsigned i = 0; i < 9; i++) {
		SAMPLE_FILL(seals[i], (uint8_t)(90 - i)); /* falling: doc_close sorts */
	}
	for (size_t n = 0; n <= 9; n++) {
		w = writer_make(space, sizeof space);
		if (n == 9) {
			T_EQ(doc_close(&w, DOC_CURSOR, bytes_str(BODY), seals, n), ERR_FIELD_RANGE);
			T_EQ(w.n, 0);
			continue;
		}
		T_EQ(doc_close(&w, DOC_CURSOR, bytes_str(BODY), seals, n), ERR_OK);
		T_EQ(doc_open(&d, bytes_of(space, w.n), &zero, &fault), ERR_OK);
		T_EQ(d.signature_count, n);
		for (size_t i = 0; i < n; i++) {
			T_MEM(&d.signatures[i], &seals[n - 1 - i], sizeof seals[0]);
		}
	}
	/* nine by hand */
	w = writer_make(space, sizeof space);
	json_put_raw(&w, "{\"body\":" BODY ",\"signatures\":[");
	for (unsigned i = 0; i < 9; i++) {
		char key[65];

		memset(key, '0' + (int)i, 64);
		key[64] = '\0';
		json_put_raw(&w, i > 0 ? ",{\"key\":\"" : "{\"key\":\"");
		json_put_raw(&w, key);
		json_put_raw(&w, "\",\"signature\":\"" A64 A64 "\"}");
	}
	json_put_raw(&w, "]" TAIL);
	T_EQ(doc_open(&d, bytes_of(space, w.n), NULL, &fault), ERR_FIELD_RANGE);
	T_STR(fault.field, "signatures");
	/* two of one key */
	seals[1] = seals[0];
	w = writer_make(space, sizeof space);
	T_EQ(doc_close(&w, DOC_CURSOR, bytes_str(BODY), seals, 2), ERR_FIELD_RANGE);
	T_EQ(w.n, 0);
}

static void close_takes_no_other_body(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{} ",
		"{\"a\":1},\"signatures\":[]",
		BODY ",\"x\":1",
		"{\"b\":1,\"a\":1}",
		"{}}",
		"{\"a\":\"",
	};
	struct writer w = writer_make(space, sizeof space);

	json_put_raw(&w, "before");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_CHECK(doc_close(&w, DOC_CURSOR, bytes_str(bad[i]), NULL, 0) != ERR_OK);
		T_EQ(w.n, 6);
		T_CHECK(!w.bad);
	}
	T_EQ(doc_close(&w, DOC_CURSOR, bytes_str(BODY), NULL, 0), ERR_OK);
	T_MEM(space, "before{\"body\":{\"after\"", 21);
}

/* Depth and size belong to the whole envelope. */
static void limits_of_the_whole(void)
{
	static char body[DOC_BYTES_MAX];
	size_t frame = strlen("{\"body\":,\"signatures\":[]" TAIL);
	struct writer w = writer_make(space, sizeof space);
	size_t head = strlen("{\"genesis\":\"" Z64 "\",\"x\":\"");
	size_t n;
	struct doc d;

	T_EQ(doc_close(&w, DOC_CURSOR, bytes_str("{\"a\":[[[[[[]]]]]]}"), NULL, 0), ERR_OK);
	w = writer_make(space, sizeof space);
	T_EQ(doc_close(&w, DOC_CURSOR, bytes_str("{\"a\":[[[[[[[]]]]]]]}"), NULL, 0),
	     ERR_TOO_LARGE);
	for (int more = -1; more <= 1; more++) {
		n = (size_t)((int)(DOC_BYTES_MAX - frame) + more);
		memset(body, 'x', n);
		memcpy(body, "{\"genesis\":\"" Z64 "\",\"x\":\"", head);
		memcpy(body + n - 2, "\"}", 2);
		w = writer_make(space, sizeof space);
		T_EQ(doc_close(&w, DOC_CURSOR, bytes_of(body, n), NULL, 0),
		     more > 0 ? ERR_TOO_LARGE : ERR_OK);
		if (more <= 0) {
			T_EQ(w.n, DOC_BYTES_MAX + more);
			T_EQ(doc_open(&d, bytes_of(space, w.n), NULL, &fault), ERR_OK);
			/* the form is right, the fields are not */
			T_EQ(doc_check(&d, &fault), ERR_FIELD_MISSING);
		}
	}
}

static void no_room(void)
{
	struct hash32 genesis = sample_genesis();
	static union sample s;
	uint8_t secret[DOC_SECRET_BYTES];
	struct hash32 id = { { 1 } };
	struct key32 key;
	struct writer w = writer_make(space, sizeof space);
	size_t need;
	struct doc d;

	sample_key(secret, &key, 1);
	sample_fill(DOC_ACK, &s);
	T_EQ(doc_ack_make(&w, NULL, &s.ack, secret), ERR_OK);
	need = w.n;
	for (size_t cap = 0; cap < need; cap++) {
		w = writer_make(space, cap);
		T_EQ(doc_ack_make(&w, &id, &s.ack, secret), ERR_TOO_LARGE);
		T_EQ(w.n, 0);
		T_CHECK(!w.bad);
		T_EQ(id.b[0], 1);
	}
	w = writer_make(space, need);
	T_EQ(doc_ack_make(&w, &id, &s.ack, secret), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), &genesis, NULL), ERR_OK);
	T_CHECK(hash32_eq(&id, &d.id));
}

/* The id, from its definition. */
static void ids_by_hand(void)
{
	static const char text[] = "kuramori/cursor/v1\n" Z64 "\n" BODY;
	static const char with_a[] = "kuramori/cursor/v1\n" A64 "\n" BODY;
	struct hash32 want;
	struct hash32 got;
	struct hash32 a;
	struct doc d;

	sha256(&want, bytes_str(text));
	T_EQ(open_text(envelopes[0].text, &d), ERR_OK);
	T_CHECK(hash32_eq(&want, &d.id));
	T_EQ(open_text(envelopes[2].text, &d), ERR_OK);
	T_CHECK(hash32_eq(&want, &d.id)); /* signatures are not in it */
	doc_id(&got, DOC_CURSOR, 1, NULL, bytes_str(BODY));
	T_CHECK(hash32_eq(&want, &got));
	memset(a.b, 0xaa, sizeof a.b);
	sha256(&want, bytes_str(with_a));
	doc_id(&got, DOC_CURSOR, 1, &a, bytes_str(BODY));
	T_CHECK(hash32_eq(&want, &got));
	/* type, version and genesis all matter */
	doc_id(&want, DOC_NONCE, 1, &a, bytes_str(BODY));
	T_CHECK(!hash32_eq(&want, &got));
	doc_id(&want, DOC_CURSOR, 2, &a, bytes_str(BODY));
	T_CHECK(!hash32_eq(&want, &got));
	/* genesis itself has the zero id whatever is asked */
	doc_id(&want, DOC_GENESIS, 1, &a, bytes_str(BODY));
	doc_id(&got, DOC_GENESIS, 1, NULL, bytes_str(BODY));
	T_CHECK(hash32_eq(&want, &got));
}

static void another_genesis(void)
{
	struct hash32 genesis = sample_genesis();
	struct writer w = writer_make(space, sizeof space);
	struct hash32 other = genesis;
	static union sample s;
	struct hash32 id;
	struct doc d;

	sample_fill(DOC_NONCE, &s);
	T_EQ(doc_nonce_make(&w, NULL, &s.nonce, NULL), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), &genesis, &fault), ERR_OK);
	T_CHECK(hash32_eq(&d.genesis, &genesis));
	other.b[31] ^= 1;
	T_EQ(doc_open(&d, bytes_of(space, w.n), &other, &fault), ERR_GENESIS);
	T_STR(fault.field, "genesis");
	/* whose it is, is said */
	T_CHECK(hash32_eq(&d.genesis, &genesis));
	{
		char words[DOC_FOREIGN_WORDS], hex[17];

		doc_foreign_words(words, &d, &other);
		hex_put(hex, bytes_of(genesis.b, 8));
		T_CHECK(strstr(words, hex) != NULL);
	}
	T_EQ(doc_open(&d, bytes_of(space, w.n), NULL, &fault), ERR_GENESIS);
	/* the genesis document is taken by whoever knows no other, or knows its id */
	w = writer_make(space, sizeof space);
	sample_fill(DOC_GENESIS, &s);
	T_EQ(doc_genesis_make(&w, &id, &s.genesis, NULL), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), NULL, &fault), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), &id, &fault), ERR_OK);
	T_CHECK(hash32_is_zero(&d.genesis));
	id.b[0] ^= 0x80;
	T_EQ(doc_open(&d, bytes_of(space, w.n), &id, &fault), ERR_GENESIS);
	T_STR(fault.field, "body");
}

/* What genesis calls the first roster and policy. */
static void zero_ids(void)
{
	static const enum doc_type types[] = { DOC_ROSTER, DOC_POLICY, DOC_CURSOR };
	struct hash32 genesis = sample_genesis();
	struct hash32 zero = { 0 };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct writer w = writer_make(space, sizeof space);
		static union sample s;
		struct hash32 first;
		struct hash32 later;
		struct hash32 got;
		struct doc d;

		sample_fill(types[i], &s);
		memset(sample_genesis_at(types[i], &s), 0, 32);
		T_EQ(doc_make(&w, &first, types[i], &s, NULL, NULL), ERR_OK);
		T_EQ(doc_open(&d, bytes_of(space, w.n), &zero, &fault), ERR_OK);
		doc_zero_id(&got, &d);
		T_CHECK(hash32_eq(&got, &first));
		sample_fill(types[i], &s);
		w = writer_make(space, sizeof space);
		T_EQ(doc_make(&w, &later, types[i], &s, NULL, NULL), ERR_OK);
		T_CHECK(!hash32_eq(&later, &first));
		T_EQ(doc_open(&d, bytes_of(space, w.n), &genesis, &fault), ERR_OK);
		doc_zero_id(&got, &d);
		T_CHECK(hash32_eq(&got, &first));
		/* but not for another body */
		*((uint8_t *)(uintptr_t)d.body.p + 9) ^= 1;
		doc_zero_id(&got, &d);
		T_CHECK(!hash32_eq(&got, &first));
	}
}

/* What has verified once helps nothing that differs from it, and its key helps no other document.
 */
static void verified_once_is_no_other_signature(void)
{
	struct hash32 genesis = sample_genesis();
	struct writer w = writer_make(space, sizeof space);
	uint8_t secret[DOC_SECRET_BYTES];
	static union sample s;
	struct key32 key;
	struct doc d;

	sample_key(secret, &key, 1);
	sample_fill(DOC_APPROVAL, &s);
	T_EQ(doc_approval_make(&w, NULL, &s.approval, secret), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), &genesis, NULL), ERR_OK);
	for (int times = 0; times < 2; times++) {
		const struct doc good = d;

		T_CHECK(doc_signed_by(&d, &key));
		for (size_t bit = 0; bit < 8 * sizeof d.signatures[0].sig.b; bit += 3) {
			d.signatures[0].sig.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			T_CHECK(!doc_signed_by(&d, &key) && !doc_signed_by(&d, &key));
			d = good;
		}
		for (size_t bit = 0; bit < 8 * sizeof d.id.b; bit += 3) {
			d.id.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			T_CHECK(!doc_signed_by(&d, &key) && !doc_signed_by(&d, &key));
			d = good;
		}
	}
	/* more than are kept, and the first one again */
	for (unsigned i = 0; i < 400; i++) {
		struct doc one = d;

		le32_put(one.id.b, i);
		doc_sign(&one.signatures[0], &one.id, secret);
		T_CHECK(doc_signed_by(&one, &key) && doc_signed_by(&one, &key));
		one.id.b[4] ^= 1;
		T_CHECK(!doc_signed_by(&one, &key));
	}
	T_CHECK(doc_signed_by(&d, &key));
}

static void signatures_count_only_if_true(void)
{
	struct hash32 genesis = sample_genesis();
	struct writer w = writer_make(space, sizeof space);
	static uint8_t second[4096];
	static uint8_t third[4096];
	uint8_t secret[3][DOC_SECRET_BYTES];
	struct key32 key[3];
	static union sample s;
	struct doc_seal seal;
	struct hash32 other;
	struct doc d;

	for (unsigned i = 0; i < 3; i++) {
		sample_key(secret[i], &key[i], (uint8_t)(1 + i));
	}
	sample_fill(DOC_APPROVAL, &s);
	T_EQ(doc_approval_make(&w, NULL, &s.approval, secret[0]), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), &genesis, NULL), ERR_OK);
	T_CHECK(doc_signed_by(&d, &key[0]));
	T_CHECK(!doc_signed_by(&d, &key[1]));
	/* a second one, by another key */
	doc_sign(&seal, &d.id, secret[1]);
	T_CHECK(key32_eq(&seal.key, &key[1]));
	w = writer_make(second, sizeof second);
	T_EQ(doc_add_seal(&w, &d, &seal), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(second, w.n), &genesis, NULL), ERR_OK);
	T_EQ(d.signature_count, 2);
	T_CHECK(doc_signed_by(&d, &key[0]) && doc_signed_by(&d, &key[1]));
	T_EQ(doc_verify_all(&d), ERR_OK);
	/* a third, over another id: present, but worth nothing, and named by verify_all */
	other = d.id;
	other.b[0] ^= 1;
	doc_sign(&seal, &other, secret[2]);
	w = writer_make(third, sizeof third);
	T_EQ(doc_add_seal(&w, &d, &seal), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(third, w.n), &genesis, NULL), ERR_OK);
	T_EQ(d.signature_count, 3);
	T_CHECK(!doc_signed_by(&d, &key[2]));
	T_CHECK(doc_signed_by(&d, &key[0]));
	T_EQ(doc_verify_all(&d), ERR_SIGNATURE);
	/* the same key again replaces its own */
	doc_sign(&seal, &d.id, secret[2]);
	w = writer_make(second, sizeof second);
	T_EQ(doc_add_seal(&w, &d, &seal), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(second, w.n), &genesis, NULL), ERR_OK);
	T_EQ(d.signature_count, 3);
	T_EQ(doc_verify_all(&d), ERR_OK);
	/* one key's signature under another's name */
	seal.key = key[1];
	w = writer_make(third, sizeof third);
	T_EQ(doc_add_seal(&w, &d, &seal), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(third, w.n), &genesis, NULL), ERR_OK);
	T_CHECK(!doc_signed_by(&d, &key[1]));
}

/* The signed text, from its definition; a plain signature of the id is not one. */
static void signed_text_by_hand(void)
{
	char text[128];
	char hex[65];
	uint8_t secret[DOC_SECRET_BYTES];
	struct doc_seal seal;
	struct sig64 want;
	struct hash32 id;
	struct key32 key;

	sample_key(secret, &key, 9);
	SAMPLE_FILL(id, 3);
	hex_put(hex, bytes_of(id.b, 32));
	(void)snprintf(text, sizeof text, "kuramori signature v1\n%s\n", hex);
	ed25519_sign(&want, secret, bytes_str(text));
	doc_sign(&seal, &id, secret);
	T_MEM(seal.sig.b, want.b, 64);
	T_CHECK(!ed25519_verify(&key, bytes_of(id.b, 32), &seal.sig));
}

/* ---- rules beyond the form ---- */

static union sample bent;

/* The bent sample is refused by the writer, and by the reader when written without the rules. */
static void refused(enum doc_type type, const char *field)
{
	const struct hash32 genesis = sample_genesis();
	struct writer w = writer_make(space, sizeof space);
	static uint8_t body[DOC_BYTES_MAX];
	struct writer b = writer_make(body, sizeof body);
	static union sample out;
	struct doc d;

	T_EQ(doc_write(&w, type, &bent, &fault), ERR_FIELD_RANGE);
	T_STR(fault.field, field);
	T_EQ(w.n, 0);
	T_EQ(doc_table_write(doc_table_of(type), &b, &bent, &fault), ERR_OK);
	T_EQ(doc_close(&w, type, bytes_of(body, b.n), NULL, 0), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(space, w.n), sample_under(type, &genesis), &fault), ERR_OK);
	memset(&out, 0x5a, sizeof out);
	T_EQ(doc_check(&d, &fault), ERR_FIELD_RANGE);
	T_STR(fault.field, field);
	switch ((unsigned)type) {
	case DOC_GENESIS:
		T_EQ(doc_genesis_read(&d, &out.genesis, NULL), ERR_FIELD_RANGE);
		break;
	case DOC_ROSTER:
		T_EQ(doc_roster_read(&d, &out.roster, NULL), ERR_FIELD_RANGE);
		break;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof out; i++) {
		T_EQ(((uint8_t *)&out)[i], 0x5a);
	}
}

#define REFUSED(type, field)              \
	do {                              \
		refused(type, field);     \
		if (t_failed) {           \
			return;           \
		}                         \
		sample_fill(type, &bent); \
	} while (0)

static void rules_of_genesis(void)
{
	struct doc_genesis *g = &bent.genesis;

	sample_fill(DOC_GENESIS, &bent);
	g->recovery.needed = 6;
	REFUSED(DOC_GENESIS, "recovery.needed");
	g->boxes[2] = g->boxes[0];
	REFUSED(DOC_GENESIS, "boxes");
	g->spares[1] = g->spares[0];
	g->hot_count = 0;
	REFUSED(DOC_GENESIS, "spares");
	g->hot[1].public_key = g->hot[0].public_key;
	REFUSED(DOC_GENESIS, "hot");
	g->hot[1].spare = g->hot[0].spare;
	REFUSED(DOC_GENESIS, "hot");
	g->hot[1].spare = sample_address(55);
	REFUSED(DOC_GENESIS, "hot");
	g->spare_count = 1;
	REFUSED(DOC_GENESIS, "hot");
}

static void rules_of_roster(void)
{
	struct doc_roster *r = &bent.roster;

	sample_fill(DOC_ROSTER, &bent);
	r->number = 2;
	REFUSED(DOC_ROSTER, "previous");
	r->previous.b[9] = 1;
	REFUSED(DOC_ROSTER, "previous");
	r->signer_count = 1;
	REFUSED(DOC_ROSTER, "signers");
	r->signers[1].id = DOC_SIGNER_A;
	REFUSED(DOC_ROSTER, "signers");
	r->signers[0].id = DOC_SIGNER_B;
	r->signers[1].id = DOC_SIGNER_A;
	REFUSED(DOC_ROSTER, "signers");
	r->watchers_needed = 4;
	REFUSED(DOC_ROSTER, "watchers_needed");
	r->watchers_needed = 1;
	REFUSED(DOC_ROSTER, "watchers_needed");
	SAMPLE_TEXT(r->watchers[2].id, "w1");
	REFUSED(DOC_ROSTER, "w1");
	SAMPLE_TEXT(r->people[1].id, "w1");
	REFUSED(DOC_ROSTER, "w1");
	SAMPLE_TEXT(r->people[1].id, "backend-1");
	REFUSED(DOC_ROSTER, "backend-1");
	SAMPLE_TEXT(r->watchers[1].id, "b");
	REFUSED(DOC_ROSTER, "b");
	/* one key, two votes */
	r->people[1].key = r->people[0].key;
	REFUSED(DOC_ROSTER, "ren:sato_2");
	r->watchers[2].key = r->people[0].key;
	REFUSED(DOC_ROSTER, "w3");
	r->watchers[1].key = r->watchers[0].key;
	REFUSED(DOC_ROSTER, "w2");
	r->signers[0].attest_key = r->backends[0].key;
	REFUSED(DOC_ROSTER, "signers");
	r->signers[0].chain_key = r->signers[1].chain_key;
	REFUSED(DOC_ROSTER, "signers");
	r->signers[1].chain_key = r->signers[1].attest_key;
	REFUSED(DOC_ROSTER, "signers");
	r->price_sources[1].key = r->people[0].key;
	REFUSED(DOC_ROSTER, "price-2");
	/* a holder is nobody else, and the first roster recovers nothing */
	SAMPLE_TEXT(r->holders[1].id, "w1");
	REFUSED(DOC_ROSTER, "w1");
	r->holders[1].key = r->holders[0].key;
	REFUSED(DOC_ROSTER, "holder-2");
	r->people[1].key = r->holders[0].key;
	REFUSED(DOC_ROSTER, "ren:sato_2");
	r->recovery = true;
	REFUSED(DOC_ROSTER, "recovery");
	r->prices_needed = 4;
	REFUSED(DOC_ROSTER, "prices_needed");
	r->prices_needed = 1;
	REFUSED(DOC_ROSTER, "prices_needed");
	r->prices_needed = 0;
	REFUSED(DOC_ROSTER, "prices_needed");
	r->source_count = 0;
	REFUSED(DOC_ROSTER, "prices_needed");
}

static void rules_of_passkeys(void)
{
	struct doc_roster *r = &bent.roster;
	struct doc_passkey *first = &r->people[0].passkeys[0];
	struct doc_passkey *second = &r->people[0].passkeys[1];
	struct doc_passkey *others = &r->people[1].passkeys[0];

	sample_fill(DOC_ROSTER, &bent);
	first->key_n = 32;
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	second->key_n = 64;
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	first->key_n = 0;
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	first->credential_n = 0;
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	/* one authenticator, two votes */
	*others = *first;
	REFUSED(DOC_ROSTER, "ren:sato_2");
	memcpy(others->credential, first->credential, first->credential_n);
	REFUSED(DOC_ROSTER, "ren:sato_2");
	memcpy(others->key, first->key, first->key_n);
	REFUSED(DOC_ROSTER, "ren:sato_2");
	*second = *first;
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	/* his software key once more */
	memcpy(second->key, r->people[1].key.b, sizeof r->people[1].key.b);
	REFUSED(DOC_ROSTER, "aiko.tanaka");
	/* nobody to sign for */
	r->relying_party.origin_count = 0;
	REFUSED(DOC_ROSTER, "relying_party");
	r->relying_party.id[0] = '\0';
	REFUSED(DOC_ROSTER, "relying_party");
	memset(&r->relying_party, 0, sizeof r->relying_party);
	REFUSED(DOC_ROSTER, "relying_party");
}

static void rules_of_the_others(void)
{
	sample_fill(DOC_POLICY, &bent);
	bent.policy.approval_tiers[1].up_to = bent.policy.approval_tiers[0].up_to;
	REFUSED(DOC_POLICY, "approval_tiers");
	bent.policy.approval_tiers[2].up_to = sample_money(1);
	REFUSED(DOC_POLICY, "approval_tiers");
	bent.policy.approval_tiers[0].approvals = 2;
	REFUSED(DOC_POLICY, "approval_tiers");
	bent.policy.approval_tiers[0].delay_ms = bent.policy.approval_tiers[1].delay_ms + 1;
	REFUSED(DOC_POLICY, "approval_tiers");
	bent.policy.number = 2;
	REFUSED(DOC_POLICY, "previous");
	bent.policy.destination_count = 2;
	bent.policy.destinations[1] = bent.policy.destinations[0];
	REFUSED(DOC_POLICY, "destinations");
	bent.policy.destination_count = 2;
	bent.policy.destinations[1] = bent.policy.destinations[0];
	bent.policy.destinations[0].address.text[39] = 'Z';
	bent.policy.destinations[1].address.text[39] = 'Y';
	REFUSED(DOC_POLICY, "destinations");
	bent.policy.hours[0].from_minute = bent.policy.hours[0].to_minute - 1;
	bent.policy.hours[0].to_minute = bent.policy.hours[0].from_minute;
	REFUSED(DOC_POLICY, "hours");
	sample_fill(DOC_ORDER, &bent);
	bent.order.expires_ms = bent.order.created_ms;
	REFUSED(DOC_ORDER, "expires_ms");
	sample_fill(DOC_ATTEMPT, &bent);
	bent.attempt.deadline_nem_s = bent.attempt.timestamp_nem_s;
	REFUSED(DOC_ATTEMPT, "deadline_nem_s");
	sample_fill(DOC_SWEEP, &bent);
	bent.sweep.timestamp_nem_s = bent.sweep.deadline_nem_s + 1;
	REFUSED(DOC_SWEEP, "deadline_nem_s");
	sample_fill(DOC_HEARTBEAT, &bent);
	bent.heartbeat.balances[1].account = bent.heartbeat.balances[0].account;
	REFUSED(DOC_HEARTBEAT, "balances");
	sample_fill(DOC_POSTING, &bent);
	bent.posting.entry_count = 0;
	REFUSED(DOC_POSTING, "entries");
	bent.posting.entries[1].id = bent.posting.entries[0].id;
	REFUSED(DOC_POSTING, "entries");
	bent.posting.entries[1].debit = bent.posting.entries[1].credit;
	REFUSED(DOC_POSTING, "entries");
	sample_fill(DOC_PLAN, &bent);
	bent.plan.sequence = 0;
	REFUSED(DOC_PLAN, "head");
	memset(&bent.plan.head, 0, sizeof bent.plan.head);
	REFUSED(DOC_PLAN, "head");
	SAMPLE_TEXT(bent.plan.rate, "88.5490");
	REFUSED(DOC_PLAN, "rate");
	SAMPLE_TEXT(bent.plan.rate, "0");
	REFUSED(DOC_PLAN, "rate");
	sample_fill(DOC_PRICE, &bent);
	SAMPLE_TEXT(bent.price.rate, "088.549");
	REFUSED(DOC_PRICE, "rate");
	SAMPLE_TEXT(bent.price.rate, "0");
	REFUSED(DOC_PRICE, "rate");
	/* T28: a grant that never ends, or ends before it begins, is none */
	sample_fill(DOC_GRANT, &bent);
	bent.grant.until_ms = bent.grant.from_ms;
	REFUSED(DOC_GRANT, "until_ms");
	bent.grant.until_ms = 0;
	REFUSED(DOC_GRANT, "until_ms");
}

/* What cannot be read back is not written. */
static void writer_refuses(void)
{
	struct writer w = writer_make(space, sizeof space);

#define DECLINED(type, error, path)                              \
	do {                                                     \
		T_EQ(doc_write(&w, type, &bent, &fault), error); \
		T_STR(fault.field, path);                        \
		T_EQ(w.n, 0);                                    \
		T_CHECK(!w.bad);                                 \
		sample_fill(type, &bent);                        \
	} while (0)

	sample_fill(DOC_GENESIS, &bent);
	bent.genesis.recovery.holders = 32;
	bent.genesis.recovery.needed = DOC_SIGNATURES_MAX + 1;
	DECLINED(DOC_GENESIS, ERR_FIELD_RANGE, "recovery.needed");
	sample_fill(DOC_FREEZE, &bent);
	SAMPLE_TEXT(bent.freeze.reason, "a\nb");
	DECLINED(DOC_FREEZE, ERR_INPUT, "reason");
	SAMPLE_TEXT(bent.freeze.reason, "\xff");
	DECLINED(DOC_FREEZE, ERR_INPUT, "reason");
	memset(bent.freeze.reason, 'x', sizeof bent.freeze.reason); /* no NUL */
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "reason");
	SAMPLE_TEXT(bent.freeze.issuer, "");
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "issuer");
	SAMPLE_TEXT(bent.freeze.issuer, "a b");
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "issuer");
	bent.freeze.evidence_n = DOC_EVIDENCE_MAX + 1;
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "evidence");
	bent.freeze.time_ms = JSON_INT_MAX + 1;
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "time_ms");
	bent.freeze.scope = (enum doc_scope)2;
	DECLINED(DOC_FREEZE, ERR_FIELD_RANGE, "scope");
	sample_fill(DOC_ORDER, &bent);
	bent.order.amount = sample_money(0);
	DECLINED(DOC_ORDER, ERR_AMOUNT, "amount");
	bent.order.amount = money_of(ASSET_JPY, 1);
	DECLINED(DOC_ORDER, ERR_ASSET, "amount");
	memset(&bent.order.amount, 0, sizeof bent.order.amount); /* never set */
	DECLINED(DOC_ORDER, ERR_ASSET, "amount");
	bent.order.destination.text[3] = '1';
	DECLINED(DOC_ORDER, ERR_ADDRESS, "destination");
	bent.order.request_id.b[6] = 0x40;
	DECLINED(DOC_ORDER, ERR_FIELD_RANGE, "request_id");
	bent.order.network = 256;
	DECLINED(DOC_ORDER, ERR_FIELD_RANGE, "network");
	sample_fill(DOC_ATTEMPT, &bent);
	bent.attempt.number = DOC_ATTEMPTS_MAX + 1;
	DECLINED(DOC_ATTEMPT, ERR_FIELD_RANGE, "number");
	bent.attempt.deadline_nem_s = UINT64_C(1) << 31;
	DECLINED(DOC_ATTEMPT, ERR_FIELD_RANGE, "deadline_nem_s");
	sample_fill(DOC_ROSTER, &bent);
	bent.roster.people[1].roles = 8;
	DECLINED(DOC_ROSTER, ERR_FIELD_RANGE, "people[1].roles");
	bent.roster.people_count = DOC_PEOPLE_MAX + 1;
	DECLINED(DOC_ROSTER, ERR_FIELD_RANGE, "people");
	sample_fill(DOC_GENESIS, &bent);
	bent.genesis.box_count = (size_t)-1;
	DECLINED(DOC_GENESIS, ERR_FIELD_RANGE, "boxes");
	bent.genesis.boxes[1].text[39] = '\0';
	DECLINED(DOC_GENESIS, ERR_ADDRESS, "boxes[1]");
}

static void rules_of_cold_keeping(void)
{
	struct doc_holding *h = &bent.holding;
	struct doc_tally *t = &bent.tally;
	struct doc_refill *r = &bent.refill;

	sample_fill(DOC_HOLDING, &bent);
	h->number = 2;
	REFUSED(DOC_HOLDING, "previous");
	SAMPLE_TEXT(h->holders[2].id, "holder-1");
	REFUSED(DOC_HOLDING, "holders");
	h->holders[1].key = h->holders[0].key;
	REFUSED(DOC_HOLDING, "holders");
	h->holders[2].attest_key = h->holders[0].attest_key;
	REFUSED(DOC_HOLDING, "holders");
	h->holders[2].key = h->holders[1].attest_key;
	REFUSED(DOC_HOLDING, "holders");
	h->holders[2].attest_key = h->holders[1].key;
	REFUSED(DOC_HOLDING, "holders");
	h->holders[0].attest_key = h->holders[0].key;
	REFUSED(DOC_HOLDING, "holders");
	for (size_t n = 1; n <= DOC_REGISTRATION_MAX; n++) {
		if (n == DOC_MARK_KEY ||
		    (n + 3 * DOC_REGISTRATION_PART - DOC_MARK_KEY) % DOC_REGISTRATION_PART != 0) {
			h->holders[1].registration_n = n;
			REFUSED(DOC_HOLDING, "holders");
		}
	}

	sample_fill(DOC_ANSWER, &bent);
	for (size_t n = 1; n <= DOC_MARK_MAX; n++) {
		if (n <= DOC_MARK_KEY || n % DOC_MARK_PART != 0) {
			bent.answer.mark_n = n;
			REFUSED(DOC_ANSWER, "mark");
		}
	}

	sample_fill(DOC_TALLY, &bent);
	t->account_count = 0;
	REFUSED(DOC_TALLY, "accounts");
	t->accounts[1].account = t->accounts[0].account;
	REFUSED(DOC_TALLY, "accounts");
	t->final_time_nem_s = t->chain_time_nem_s + 1;
	REFUSED(DOC_TALLY, "final_time_nem_s");
	/* a balance that its own sums do not give */
	t->accounts[0].balance = sample_money(71);
	REFUSED(DOC_TALLY, "balance");
	t->accounts[1].spent = sample_money(77); /* more than ever came in */
	REFUSED(DOC_TALLY, "balance");
	t->accounts[1].needed = 3;
	REFUSED(DOC_TALLY, "needed");
	t->accounts[0].cosigners[1] = t->accounts[0].cosigners[0];
	REFUSED(DOC_TALLY, "cosigners");

	sample_fill(DOC_REFILL, &bent);
	r->deadline_nem_s = r->timestamp_nem_s;
	REFUSED(DOC_REFILL, "deadline_nem_s");
	r->cosigner_count = 0;
	REFUSED(DOC_REFILL, "cosigners");
	r->initiator = r->cosigners[1].key;
	REFUSED(DOC_REFILL, "cosigners");
	r->cosigners[0].key.b[0] = 0xff;
	REFUSED(DOC_REFILL, "cosigners");
}

/* The largest of every list fits the limits of an envelope. */
static void largest_documents(void)
{
	struct writer w = writer_make(space, sizeof space);
	struct doc_genesis *g = &bent.genesis;
	struct doc_roster *r = &bent.roster;
	struct doc_status *st = &bent.status;
	struct doc_heartbeat *h = &bent.heartbeat;

	sample_fill(DOC_GENESIS, &bent);
	g->box_count = DOC_BOXES_MAX;
	g->spare_count = DOC_SPARES_MAX;
	g->hot_count = DOC_HOT_MAX;
	for (unsigned i = 0; i < DOC_BOXES_MAX; i++) {
		g->boxes[i] = sample_address(i);
	}
	for (unsigned i = 0; i < DOC_SPARES_MAX; i++) {
		g->spares[i] = sample_address(500 + i);
	}
	for (unsigned i = 0; i < DOC_HOT_MAX; i++) {
		g->hot[i].kind = DOC_HOT_DEPOSIT;
		SAMPLE_FILL(g->hot[i].public_key, (uint8_t)i);
		g->hot[i].spare = g->spares[DOC_SPARES_MAX - 1 - i];
	}
	T_EQ(doc_make(&w, NULL, DOC_GENESIS, &bent, NULL, &fault), ERR_OK);
	sample_fill(DOC_ROSTER, &bent);
	r->people_count = DOC_PEOPLE_MAX;
	for (unsigned i = 0; i < DOC_PEOPLE_MAX; i++) {
		(void)snprintf(r->people[i].id, sizeof r->people[i].id, "%060u-abc", i);
		SAMPLE_FILL(r->people[i].key, (uint8_t)(100 + i));
		r->people[i].roles = 7;
		r->people[i].passkey_count = DOC_PASSKEYS_MAX;
		for (unsigned k = 0; k < DOC_PASSKEYS_MAX; k++) {
			struct doc_passkey *p = &r->people[i].passkeys[k];

			p->algorithm = DOC_ALGORITHM_ES256;
			p->credential_n = DOC_CREDENTIAL_MAX;
			memset(p->credential, (int)(DOC_PASSKEYS_MAX * i + k), p->credential_n);
			p->key_n = DOC_PASSKEY_KEY_MAX;
			memset(p->key, (int)(DOC_PASSKEYS_MAX * i + k), p->key_n);
		}
	}
	r->backend_count = DOC_BACKENDS_MAX;
	for (unsigned i = 0; i < DOC_BACKENDS_MAX; i++) {
		(void)snprintf(r->backends[i].id, sizeof r->backends[i].id, "backend-%u", i);
		SAMPLE_FILL(r->backends[i].key, (uint8_t)(140 + i));
	}
	r->holder_count = DOC_HOLDERS_MAX;
	for (unsigned i = 0; i < DOC_HOLDERS_MAX; i++) {
		(void)snprintf(r->holders[i].id, sizeof r->holders[i].id, "%060u-hol", i);
		SAMPLE_FILL(r->holders[i].key, (uint8_t)(160 + i));
	}
	r->watcher_count = DOC_WATCHERS_MAX;
	r->watchers_needed = DOC_WATCHERS_MAX / 2 + 1;
	for (unsigned i = 0; i < DOC_WATCHERS_MAX; i++) {
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%u", i);
		SAMPLE_FILL(r->watchers[i].key, (uint8_t)(150 + i));
	}
	w = writer_make(space, sizeof space);
	T_EQ(doc_make(&w, NULL, DOC_ROSTER, &bent, NULL, &fault), ERR_OK);
	sample_fill(DOC_STATUS, &bent);
	st->detail_count = DOC_STATUS_MAX;
	for (unsigned i = 0; i < DOC_STATUS_MAX; i++) {
		memset(st->detail[i].name, 'n', DOC_NAME_MAX);
		memset(st->detail[i].value, '"', DOC_STATUS_VALUE_MAX);
	}
	w = writer_make(space, sizeof space);
	T_EQ(doc_make(&w, NULL, DOC_STATUS, &bent, NULL, &fault), ERR_OK);
	sample_fill(DOC_POSTING, &bent);
	bent.posting.entry_count = DOC_ENTRIES_MAX;
	for (unsigned i = 0; i < DOC_ENTRIES_MAX; i++) {
		struct doc_posting_entry *x = &bent.posting.entries[i];

		x->amount = ~(u128)0;
		x->asset = ASSET_XEM;
		memset(x->debit.kind, 'd', DOC_SLUG_MAX);
		memset(x->debit.name, 'd', DOC_NAME_MAX);
		memset(x->credit.kind, 'c', DOC_SLUG_MAX);
		memset(x->credit.name, 'c', DOC_NAME_MAX);
		SAMPLE_FILL(x->id, (uint8_t)i);
		memset(x->reason, '"', DOC_ENTRY_REASON_MAX);
	}
	memset(bent.posting.reason, '"', DOC_REASON_MAX);
	w = writer_make(space, sizeof space);
	T_EQ(doc_make(&w, NULL, DOC_POSTING, &bent, NULL, &fault), ERR_OK);
	sample_fill(DOC_HEARTBEAT, &bent);
	h->balance_count = DOC_BALANCES_MAX;
	for (unsigned i = 0; i < DOC_BALANCES_MAX; i++) {
		SAMPLE_FILL(h->balances[i].account, (uint8_t)i);
		h->balances[i].confirmed = money_of(ASSET_XEM, ~(u128)0);
		h->balances[i].promised = money_of(ASSET_XEM, ~(u128)0);
		h->balances[i].remaining = money_of(ASSET_XEM, ~(u128)0);
	}
	w = writer_make(space, sizeof space);
	T_EQ(doc_make(&w, NULL, DOC_HEARTBEAT, &bent, NULL, &fault), ERR_OK);
	T_CHECK(w.n < 16384); /* the message table's limit for a heartbeat */
	sample_fill(DOC_TALLY, &bent);
	bent.tally.account_count = DOC_TALLIED_MAX;
	for (unsigned i = 0; i < DOC_TALLIED_MAX; i++) {
		struct doc_tallied *a = &bent.tally.accounts[i];

		*a = bent.tally.accounts[0];
		SAMPLE_FILL(a->account, (uint8_t)i);
		a->received = money_of(ASSET_XEM, ~(u128)0);
		a->spent = money_of(ASSET_XEM, ~(u128)0);
		a->balance = sample_money(0);
		a->cosigner_count = DOC_HOLDERS_MAX;
		for (unsigned k = 0; k < DOC_HOLDERS_MAX; k++) {
			SAMPLE_FILL(a->cosigners[k].key, (uint8_t)k);
		}
	}
	w = writer_make(space, sizeof space);
	T_EQ(doc_make(&w, NULL, DOC_TALLY, &bent, NULL, &fault), ERR_OK);
	T_CHECK(w.n < 16384); /* eight of them, and a refill, are one blob of a cold journal */
}

static void words_in_lines(void)
{
	char words[DOC_ID_WORDS_BYTES], lines[DOC_ID_LINES_BYTES], again[DOC_ID_WORDS_BYTES] = "";
	struct hash32 id;

	for (unsigned round = 0; round < 200; round++) {
		unsigned n = 0;
		char *line = lines;
		int at = 0;

		for (size_t i = 0; i < sizeof id.b; i++) {
			id.b[i] = round == 0 ? 0xff : (uint8_t)t_random();
		}
		doc_id_words(words, &id);
		doc_id_lines(lines, &id);
		for (char *end = line; end != NULL && n < 4; line = end + 1, n++) {
			unsigned first = 0;
			char w[6][9];

			end = strchr(line, '\n');
			T_EQ(sscanf(line, "%u %8s %8s %8s %8s %8s %8s", &first, w[0], w[1], w[2],
				    w[3], w[4], w[5]),
			     7);
			T_EQ(first, 6 * n + 1);
			for (size_t i = 0; i < 6; i++) {
				at += snprintf(again + at, sizeof again - (size_t)at, "%s%s",
					       n + i == 0 ? "" : " ", w[i]);
			}
			T_EQ(end == NULL, n == 3);
		}
		T_EQ(n, 4);
		T_STR(again, words);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an id as people read it", words_in_lines },
		{ "envelopes by hand", envelopes_by_hand },
		{ "eight signatures", eight_signatures },
		{ "close takes no other body", close_takes_no_other_body },
		{ "limits of the whole", limits_of_the_whole },
		{ "no room", no_room },
		{ "ids by hand", ids_by_hand },
		{ "another genesis", another_genesis },
		{ "zero ids", zero_ids },
		{ "signatures count only if true", signatures_count_only_if_true },
		{ "verified once is no other signature", verified_once_is_no_other_signature },
		{ "signed text by hand", signed_text_by_hand },
		{ "rules of genesis", rules_of_genesis },
		{ "rules of roster", rules_of_roster },
		{ "rules of passkeys", rules_of_passkeys },
		{ "rules of the others", rules_of_the_others },
		{ "rules of cold keeping", rules_of_cold_keeping },
		{ "the writer refuses", writer_refuses },
		{ "largest documents", largest_documents },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
