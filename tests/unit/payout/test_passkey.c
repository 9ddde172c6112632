/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the server takes an approval with the assertion of a security key behind it, keeps the two
 * together over restarts, and hands them to the signers as they were; nothing else that people may
 * post as two documents changes anything.  A no, a day and a closing count by the key of who says
 * so, for this document, and by no other.
 * Method: a whole kuramorid in memory (payout_world.h), whose signers look where each assertion
 * stands.
 */
#include "payout_world.h"
#include "t.h"

enum { ALICE, BOB, OLGA, CORA, OMAR, TOUCHED = 1, VERIFIED = 5 };

static const char *const names[] = { "alice", "bob", "olga", "cora", "omar" };

/* {"documents":[a,b,...]} */
static void post_list(struct world *w, const struct blob *docs, size_t n)
{
	static uint8_t body[65536];
	struct writer out = writer_make(body, sizeof body);

	writer_bytes(&out, bytes_str("{\"documents\":["));
	for (size_t i = 0; i < n; i++) {
		writer_bytes(&out, bytes_str(i == 0 ? "" : ","));
		writer_bytes(&out, view(&docs[i]));
	}
	writer_bytes(&out, bytes_str("]}"));
	CHECK(!out.bad);
	api(w, API_DOCUMENT, bytes_of(out.p, out.n));
}

static struct doc_approval word(const struct world *w, int person, const struct hash32 *subject,
				enum doc_type type)
{
	struct doc_approval a = { .decision = DOC_DECISION_YES,
				  .genesis = w->genesis_id,
				  .subject = *subject,
				  .subject_type = type,
				  .time_ms = w->wall_ms };

	text_set(a.person, sizeof a.person, names[person]);
	return a;
}

/* The two documents; key: the number of a security key. */
static void make(const struct world *w, struct blob two[2], const struct doc_approval *a, int key,
		 uint8_t flags, const char *more)
{
	struct doc_assertion proof;
	struct hash32 id;

	two[0] = doc_blob(DOC_APPROVAL, a, NULL, &id);
	passkey_assert_with(&proof, (uint8_t)key, &id, 7, flags, more);
	proof.genesis = w->genesis_id;
	two[1] = doc_blob(DOC_ASSERTION, &proof, NULL, NULL);
}

static void forget(struct blob two[2])
{
	free(two[0].p);
	free(two[1].p);
}

static void approve_by_key(struct world *w, int person, int key, uint8_t flags,
			   const struct hash32 *subject, enum doc_type type)
{
	struct doc_approval a = word(w, person, subject, type);
	struct blob two[2];

	make(w, two, &a, key, flags, "");
	post_list(w, two, 2);
	forget(two);
}

static void paid_by_keys(void)
{
	for (int only = 0; only < 2; only++) {
		struct world *w;
		struct doc_request r;
		struct payout_view v;

		world_passkeys_only = only == 1;
		w = world_open();
		r = request_of(w, "carol", X(2000));
		post_request(w, "k", &r);
		v = see(w, &r.request_id);
		approve_by_key(w, ALICE, ALICE, VERIFIED, &v.order, DOC_ORDER);
		T_EQ(w->err, ERR_OK);
		approve_by_key(w, ALICE, ALICE, VERIFIED, &v.order, DOC_ORDER); /* once more */
		T_EQ(w->err, ERR_OK);
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
		restart(w);
		approve(w, &w->bob, "bob", &v.order, DOC_DECISION_YES);
		T_EQ(w->err, only == 1 ? ERR_POLICY : ERR_OK);
		if (only == 1) {
			approve_by_key(w, BOB, BOB, VERIFIED, &v.order, DOC_ORDER);
			T_EQ(w->err, ERR_OK);
		}
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
		restart(w);
		T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
		T_CHECK(w->asked_n >= 2);
		for (size_t i = 0; i < w->asked_n; i++) {
			T_EQ(w->asked[i].proofs, only == 1 ? 2 : 1);
		}
		/* GET /v1/orders shows them side by side */
		api(w, API_ORDER, bytes_of(v.order.b, 32));
		T_CHECK(strstr(w->text, "\"type\":\"approval\"") <
			strstr(w->text, "\"type\":\"assertion\""));
		T_STR(wrong(w), "");
		world_free(w);
	}
	world_passkeys_only = false;
}

static void refused(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(2000));
	struct payout_view v;
	struct doc_approval a;
	struct blob two[2], other[2], list[3];
	struct hash32 unknown = { { 9 } };

	post_request(w, "k", &r);
	v = see(w, &r.request_id);
	approve_by_key(w, ALICE, BOB, VERIFIED, &v.order, DOC_ORDER);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	approve_by_key(w, ALICE, ALICE, TOUCHED, &v.order, DOC_ORDER);
	T_EQ(w->err, ERR_POLICY);
	approve_by_key(w, OLGA, OLGA, VERIFIED, &v.order, DOC_ORDER);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	approve_by_key(w, ALICE, ALICE, VERIFIED, &unknown, DOC_ORDER);
	T_EQ(w->err, ERR_NOT_FOUND);
	approve_by_key(w, ALICE, ALICE, VERIFIED, &v.order, DOC_POSTING);
	T_EQ(w->err, ERR_NOT_FOUND);
	a = word(w, ALICE, &v.order, DOC_ORDER);
	a.time_ms = w->wall_ms + 600001;
	make(w, two, &a, ALICE, VERIFIED, "");
	post_list(w, two, 2);
	T_EQ(w->err, ERR_CLOCK);
	forget(two);
	/* each alone; in the other order; another's; three; none; one; twice the same */
	a = word(w, ALICE, &v.order, DOC_ORDER);
	make(w, two, &a, ALICE, VERIFIED, "");
	api(w, API_DOCUMENT, view(&two[0]));
	T_EQ(w->err, ERR_UNSIGNED);
	api(w, API_DOCUMENT, view(&two[1]));
	T_EQ(w->err, ERR_TYPE);
	list[0] = two[1];
	list[1] = two[0];
	list[2] = two[1];
	post_list(w, list, 2);
	T_EQ(w->err, ERR_TYPE);
	post_list(w, list, 3);
	T_CHECK(w->err != ERR_OK);
	post_list(w, list, 1);
	T_CHECK(w->err != ERR_OK);
	post_list(w, list, 0);
	T_CHECK(w->err != ERR_OK);
	list[0] = two[0];
	post_list(w, list, 3);
	T_CHECK(w->err != ERR_OK);
	list[1] = two[0];
	post_list(w, list, 2);
	T_EQ(w->err, ERR_TYPE);
	a = word(w, BOB, &v.order, DOC_ORDER);
	make(w, other, &a, BOB, VERIFIED, "");
	list[1] = other[1];
	post_list(w, list, 2);
	T_EQ(w->err, ERR_MISMATCH);
	forget(other);
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVING);
	/* nothing of that was kept: she can still say it */
	post_list(w, two, 2);
	T_EQ(w->err, ERR_OK);
	forget(two);
	T_STR(wrong(w), "");
	world_free(w);
}

/* Other texts that begin like the list. */
static void other_texts(void)
{
	static const char *const texts[] = {
		"{\"documents\":[]}",
		"{\"documents\":[{},{}]}",
		"{\"documents\":[{},{}],\"x\":1}",
		"{\"documents\":{}}",
		"{\"documents\":[[],[]]}",
		"{\"documents\":[1,2]}",
		"{\"documents\":[{},2]}",
		"{\"documents\":[{},{},{}]}",
		"{\"documents\":[{},{}]",
		"{\"documents\":[{},{}]}x",
		"{\"document\":[{},{}]}",
		"{\"documents\":\"{},{}\"}",
		"[{},{}]",
		"{}",
		"",
		"{\"documents\": [{},{}]}",
		"{\"documents\":[{\"a\":{\"b\":[{}]}},{\"c\":[[],[]]}]}",
	};
	struct world *w = world_open();

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		api(w, API_DOCUMENT, bytes_str(texts[i]));
		T_CHECK(w->err != ERR_OK);
	}
	T_STR(wrong(w), "");
	world_free(w);
}

/* What all say about one order stays within what a SIGN can carry. */
static void many_bytes(void)
{
	static char more[2048];
	struct world *w;
	struct doc_request r;
	struct payout_view v;
	size_t taken = 0;

	world_all_approve = true;
	w = world_open();
	r = request_of(w, "carol", X(3000));
	post_request(w, "k", &r);
	v = see(w, &r.request_id);
	(void)snprintf(more, sizeof more, ",\"x\":\"%01850d\"", 0);
	for (int i = 0; i < 5; i++) {
		struct doc_approval a = word(w, i, &v.order, DOC_ORDER);
		struct blob two[2];

		make(w, two, &a, i, VERIFIED, more);
		post_list(w, two, 2);
		if (w->err == ERR_OK) {
			taken += two[0].n + two[1].n;
		} else {
			T_EQ(w->err, ERR_TOO_LARGE);
			T_CHECK(taken + two[0].n + two[1].n > 24 * 1024);
		}
		forget(two);
	}
	T_CHECK(taken > 0 && taken <= 24 * 1024);
	restart(w);
	T_STR(wrong(w), "");
	world_free(w);
	world_all_approve = false;
}

/* Postings are decided by keys too, and both documents are kept over a restart. */
static void postings(void)
{
	struct world *w;
	struct doc_posting x;
	struct hash32 id;
	struct blob b;

	world_passkeys_only = true;
	w = world_open();
	x = (struct doc_posting){ .entry_count = 1,
				  .genesis = w->genesis_id,
				  .reason = "capital",
				  .initiator = "alice",
				  .time_ms = w->wall_ms };
	x.entries[0] = (struct doc_posting_entry){ .amount = 1000,
						   .asset = ASSET_JPY,
						   .debit = { "bank", "mizuho-1" },
						   .credit = { "house", "jpy" },
						   .id = { { 1 } },
						   .reason = "capital" };
	x.entries[0].id.b[6] = 0x80;
	x.entries[0].id.b[8] = 0x80;
	b = doc_blob(DOC_POSTING, &x, w->alice.secret, &id);
	api(w, API_DOCUMENT, view(&b));
	free(b.p);
	T_EQ(w->err, ERR_OK);
	approve_by_key(w, ALICE, ALICE, VERIFIED, &id, DOC_POSTING);
	T_EQ(w->err, ERR_POLICY); /* her own */
	approve_by_key(w, BOB, BOB, TOUCHED, &id, DOC_POSTING);
	T_EQ(w->err, ERR_POLICY);
	approve_by_key(w, BOB, BOB, VERIFIED, &id, DOC_POSTING);
	T_EQ(w->err, ERR_OK);
	restart(w);
	approve_by_key(w, BOB, BOB, VERIFIED, &id, DOC_POSTING);
	T_EQ(w->err, ERR_OK); /* the same once more */
	approve_by_key(w, OLGA, OLGA, VERIFIED, &id, DOC_POSTING);
	T_CHECK(w->err == ERR_OK && strstr(w->text, "\"state\":\"done\"") != NULL);
	restart(w);
	api(w, API_RULING, bytes_of(id.b, 32));
	T_CHECK(strstr(w->text, "\"state\":\"done\"") != NULL);
	T_CHECK(strstr(w->text, "\"type\":\"assertion\"") != NULL);
	T_STR(wrong(w), "");
	world_free(w);
	world_passkeys_only = false;
}

/* A document that no software key signed, and key's word behind it: of this document, or of
 * another. */
static void post_proven(struct world *w, enum doc_type type, const void *in, int key, uint8_t flags,
			const struct hash32 *other)
{
	static uint8_t raw[16384];
	struct writer out = writer_make(raw, sizeof raw);
	struct doc_assertion proof;
	struct hash32 id;
	struct blob doc = doc_blob(type, in, NULL, &id), line;

	passkey_assert(&proof, (uint8_t)key, other == NULL ? &id : other, 7, flags);
	proof.genesis = w->genesis_id;
	line = doc_blob(DOC_ASSERTION, &proof, NULL, NULL);
	writer_bytes(&out, view(&doc));
	writer_bytes(&out, bytes_str("\n"));
	writer_bytes(&out, view(&line));
	CHECK(!out.bad);
	api(w, API_DOCUMENT, bytes_of(out.p, out.n));
	free(doc.p);
	free(line.p);
}

/* As an approval, so what one person says of a till, of the day, and against a payment. */
static void said_by_key(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500)), late = request_of(w, "carol", X(6));
	struct doc_closing closing = { .account = w->till.public_key,
				       .genesis = w->genesis_id,
				       .issuer = "olga",
				       .reason = "used up",
				       .time_ms = 1 };
	struct doc_day day = { .a_sequence = 7,
			       .a_unapproved = xem(X(5)),
			       .b_sequence = 7,
			       .b_unapproved = xem(X(5)),
			       .genesis = w->genesis_id,
			       .person = "olga",
			       .time_ms = w->wall_ms };
	struct doc_cancel no = { .genesis = w->genesis_id, .person = "bob" };

	const struct {
		enum doc_type type;
		const void *in;
		int whose, foreign;
	} said[] = { { DOC_CANCEL, &no, BOB, ALICE },
		     { DOC_DAY, &day, OLGA, OMAR },
		     { DOC_CLOSING, &closing, OLGA, OMAR } };

	post_request(w, "k", &r);
	no.document = see(w, &r.request_id).order;
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		const enum doc_type type = said[i].type;

		post_proven(w, type, said[i].in, said[i].foreign, VERIFIED, NULL);
		T_EQ(w->err, ERR_SIGNATURE);
		post_proven(w, type, said[i].in, 99, VERIFIED, NULL);
		T_EQ(w->err, ERR_SIGNER_UNKNOWN);
		post_proven(w, type, said[i].in, said[i].whose, TOUCHED, NULL);
		T_EQ(w->err, ERR_POLICY);
		/* made for another document */
		post_proven(w, type, said[i].in, said[i].whose, VERIFIED, &r.genesis);
		T_EQ(w->err, ERR_MISMATCH);
		T_EQ(see(w, &r.request_id).state, i == 0 ? PAYOUT_APPROVING : PAYOUT_REFUSED);
		post_proven(w, type, said[i].in, said[i].whose, VERIFIED, NULL);
		T_EQ(w->err, ERR_OK);
		T_EQ(see(w, &r.request_id).state, PAYOUT_REFUSED);
	}
	restart(w);
	T_EQ(see(w, &r.request_id).state, PAYOUT_REFUSED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	/* the till is closed: what comes later is paid from it no more */
	post_request(w, "late", &late);
	for (int i = 0; i < 5; i++) {
		tick(w);
		mine(w);
	}
	T_EQ(see(w, &late.request_id).state, PAYOUT_APPROVED);
	T_STR(wrong(w), "");
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "paid on the word of security keys", paid_by_keys },
		{ "words that do not count", refused },
		{ "other texts that begin like a list", other_texts },
		{ "as many bytes as a signing request carries", many_bytes },
		{ "postings", postings },
		{ "a no, a day and a closing by key", said_by_key },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
