/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a person's security key stops, starts again and rules as his software key does, for this
 * very document and no other; what only stops is as easy as it was, what starts again obeys counts
 * (T20, T34; docs/decisions/0030).
 * Method: guard_step() for A is told every kind of such documents with assertions behind them: of
 * everybody who may and may not, made for other documents, bent, doubled, replayed, copied; then
 * the journal is read again.
 */
#include "paper.h"
#include "t.h"

#include "guard/guard_self.h"
#include "guard_said.h"
#include "policy/proofs.h"

enum {
	OFFICER_1 = 0,
	OFFICER_2 = 1,
	APPROVER_1 = 2,
	AUDITOR_1 = 4,
	STRANGER = 99,
	TOUCHED = 1,
	VERIFIED = 5,
};

#define TAKEN(id) T_CHECK(rig_refusal(id) == NULL)

static struct paper p, other;

static void start(void)
{
	rig_make();
	rig_well(A);
}

/* A document that nobody has signed. */
static void paper(struct paper *x, enum doc_type type, const void *in)
{
	paper_make(x, type, in, &r.genesis_id, NULL, 0);
}

/* The assertion of key number for the document with this id. */
static struct bytes assertion(uint8_t number, const struct hash32 *id, uint32_t counter,
			      uint8_t flags)
{
	static uint8_t raw[4][4096];
	static unsigned at;
	struct writer w = writer_make(raw[at++ % 4], sizeof raw[0]);
	struct doc_assertion a;

	passkey_assert(&a, number, id, counter, flags);
	a.genesis = r.genesis_id;
	CHECK(doc_assertion_make(&w, NULL, &a, NULL) == ERR_OK);
	return bytes_of(w.p, w.n);
}

static void behind(struct paper *x, struct bytes line)
{
	CHECK(x->n + 1 + line.n <= sizeof x->raw);
	x->raw[x->n] = '\n';
	memcpy(x->raw + x->n + 1, line.p, line.n);
	x->n += 1 + line.n;
}

static void prove(struct paper *x, uint8_t number, uint32_t counter)
{
	behind(x, assertion(number, &x->id, counter, VERIFIED));
}

static uint64_t put(const struct paper *x)
{
	static uint8_t body[66000];
	struct writer b = writer_make(body, sizeof body);
	struct bytes item = bytes_of(x->raw, x->n);

	return rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

static void freeze(struct paper *x, const char *issuer, uint8_t nonce)
{
	const struct doc_freeze f = rig_freeze(issuer, nonce);

	paper(x, DOC_FREEZE, &f);
}

static struct doc_resume resume_of(const struct hash32 *freeze_id)
{
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.lift_count = 1,
				.nonce = { (uint8_t)++r.ids },
				.scope = DOC_SCOPE_ALL,
				.time_ms = r.wall };

	x.freezes[0].id = *freeze_id;
	return x;
}

static void resume(struct paper *x, const struct hash32 *freeze_id)
{
	const struct doc_resume in = resume_of(freeze_id);

	paper(x, DOC_RESUME, &in);
}

static void one_key_freezes(void)
{
	start();
	freeze(&p, "officer-1", 1);
	prove(&p, OFFICER_1, 7);
	TAKEN(put(&p));
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(r.g[A].counters.uses_n, 1);
	TAKEN(put(&p)); /* known: the same receipt, and no record more */
	T_EQ(r.g[A].counters.uses_n, 1);
	/* it is kept with its proof, and believed again after a start */
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(r.g[A].counters.uses_n, 1);
	{
		const struct rig_sent *got =
		    rig_answer(rig_frame(A, STOPPER, SIGNER_STOP_GET, bytes_of(NULL, 0)));

		T_CHECK(bytes_eq(rig_item(got, 0), bytes_of(p.raw, p.n)));
	}
}

static void one_fault_each(void)
{
	static const uint8_t fault_flags[] = { 0, TOUCHED, 4 };
	struct bytes line;

	start();
	freeze(&other, "officer-1", 2);
#define FREEZE(number, what, code, field)      \
	do {                                   \
		freeze(&p, "officer-1", 1);    \
		(void)(number);                \
		what;                          \
		REFUSED(put(&p), code, field); \
	} while (0)
	for (size_t i = 0; i < sizeof fault_flags; i++) {
		FREEZE(0, behind(&p, assertion(OFFICER_1, &p.id, 1, fault_flags[i])), "policy",
		       "freeze.assertion.authenticator_data");
	}
	/* another officer's, an approver's, nobody's key */
	FREEZE(0, prove(&p, OFFICER_2, 1), "bad-signature", "freeze.signatures");
	FREEZE(0, prove(&p, APPROVER_1, 1), "bad-signature", "freeze.signatures");
	FREEZE(0, prove(&p, STRANGER, 1), "unknown-signer", "freeze.assertion.credential");
	/* made for another freeze: it names that, or this */
	FREEZE(0, behind(&p, assertion(OFFICER_1, &other.id, 1, VERIFIED)), "mismatch",
	       "freeze.assertion.approval");
	/* twice, and by two people, for what one says */
	FREEZE(0, (prove(&p, OFFICER_1, 1), prove(&p, OFFICER_1, 2)), "already-used",
	       "freeze.assertion.credential");
	/* no assertion, one that is signed, one too many, half of one */
	FREEZE(0, behind(&p, bytes_str("{}")), "bad-input", "document.assertion");
	FREEZE(0, behind(&p, bytes_str("")), "bad-input", "document.assertion");
	FREEZE(0, behind(&p, bytes_of(other.raw, other.n)), "bad-input", "document.assertion");
	line = assertion(OFFICER_1, &p.id, 1, VERIFIED);
	FREEZE(0, behind(&p, bytes_of(line.p, line.n - 1)), "bad-input", "document.assertion");
	FREEZE(
	    0,
	    {
		    for (unsigned i = 0; i <= DOC_PROOFS_MAX; i++)
			    prove(&p, OFFICER_1, i);
	    },
	    "field-range", "document.assertion");
	/* an envelope of one, with nothing of it inside */
	{
		char hex[65], text[256];

		hex_put(hex, bytes_of(r.genesis_id.b, 32));
		(void)snprintf(text, sizeof text,
			       "{\"body\":{\"genesis\":\"%s\"},\"signatures\":[],"
			       "\"type\":\"assertion\",\"version\":1}",
			       hex);
		freeze(&p, "officer-1", 1);
		behind(&p, bytes_str(text));
		REFUSED(put(&p), "field-missing", "freeze.assertion");
	}
	/* a right software signature does not make up for a wrong proof */
	{
		const struct doc_freeze f = rig_freeze("officer-1", 1);
		const uint8_t *const secret[1] = { r.person[OFFICER_1].secret };

		paper_make(&p, DOC_FREEZE, &f, &r.genesis_id, secret, 1);
		behind(&p, assertion(OFFICER_1, &p.id, 1, TOUCHED));
		REFUSED(put(&p), "policy", "freeze.assertion.authenticator_data");
	}
	/* watchers and signers have no such keys */
	freeze(&p, "watcher-1", 1);
	prove(&p, OFFICER_1, 1);
	REFUSED(put(&p), "bad-signature", "freeze.assertion");
	freeze(&p, "approver-1", 1);
	prove(&p, APPROVER_1, 1);
	REFUSED(put(&p), "unknown-signer", "freeze.issuer");
	T_CHECK(!guard_frozen(&r.g[A]));
	T_EQ(r.g[A].counters.uses_n, 0);
#undef FREEZE
}

/* An approval's assertion, with everything that an attacker can write around it. */
static void an_approval_is_no_resume(void)
{
	struct doc_approval yes = { .decision = DOC_DECISION_YES,
				    .person = "officer-1",
				    .subject_type = DOC_ORDER };
	struct hash32 freeze_id;
	struct bytes line;
	struct doc d;
	struct doc_assertion a;
	static uint8_t raw[4096];
	struct writer w;

	start();
	freeze(&p, "officer-1", 1);
	prove(&p, OFFICER_1, 1);
	TAKEN(put(&p));
	freeze_id = p.id;
	yes.genesis = r.genesis_id;
	yes.subject = freeze_id;
	yes.time_ms = r.wall;
	paper(&other, DOC_APPROVAL, &yes);
	line = assertion(OFFICER_1, &other.id, 2, VERIFIED);
	resume(&p, &freeze_id);
	prove(&p, OFFICER_2, 2);
	behind(&p, line);
	REFUSED(put(&p), "mismatch", "resume.assertion.approval");
	/* it says now that it is for the resume: the challenge that the key signed says another */
	CHECK(doc_open(&d, line, &r.genesis_id, NULL) == ERR_OK &&
	      doc_assertion_read(&d, &a, NULL) == ERR_OK);
	resume(&p, &freeze_id);
	a.approval = p.id;
	w = writer_make(raw, sizeof raw);
	CHECK(doc_assertion_make(&w, NULL, &a, NULL) == ERR_OK);
	prove(&p, OFFICER_2, 2);
	behind(&p, bytes_of(w.p, w.n));
	REFUSED(put(&p), "mismatch", "resume.assertion.client_data");
	/* nor does an approval take a resume's place behind it, or a payment's documents a line */
	behind(&other, line);
	T_STR(rig_code(put(&other)), "not-canonical");
	T_CHECK(guard_frozen(&r.g[A]));
}

static void officers_start_again(void)
{
	struct hash32 freeze_id;

	start();
	freeze(&p, "officer-2", 1);
	prove(&p, OFFICER_2, 4);
	TAKEN(put(&p));
	freeze_id = p.id;
	rig_tick(A, 1);
	resume(&p, &freeze_id);
	prove(&p, OFFICER_1, 1);
	REFUSED(put(&p), "approvals-missing", "resume.signatures");
	prove(&p, APPROVER_1, 1); /* no officer */
	REFUSED(put(&p), "approvals-missing", "resume.signatures");
	/* one by key and by software is one */
	{
		const struct doc_resume in = resume_of(&freeze_id);
		const uint8_t *const secret[1] = { r.person[OFFICER_1].secret };

		paper_make(&p, DOC_RESUME, &in, &r.genesis_id, secret, 1);
		prove(&p, OFFICER_1, 1);
		REFUSED(put(&p), "approvals-missing", "resume.signatures");
		/* the count that his freeze had serves nothing else */
		other = p;
		prove(&other, OFFICER_2, 4);
		REFUSED(put(&other), "already-used", "resume.assertion.authenticator_data");
		other = p;
		prove(&other, OFFICER_2, 3);
		REFUSED(put(&other), "stale", "resume.assertion.authenticator_data");
		T_CHECK(guard_frozen(&r.g[A]));
		T_EQ(r.g[A].counters.uses_n, 1);
		/* software and key together are two people */
		prove(&p, OFFICER_2, 5);
		TAKEN(put(&p));
	}
	T_CHECK(!guard_frozen(&r.g[A]));
	T_EQ(r.g[A].counters.uses_n, 3);
	rig_restart(A);
	T_CHECK(!guard_frozen(&r.g[A]));
	T_EQ(r.g[A].counters.uses_n, 3);
	/* who began it must have signed it */
	freeze(&p, "officer-2", 2);
	prove(&p, OFFICER_2, 6);
	TAKEN(put(&p));
	{
		struct doc_resume in = resume_of(&p.id);

		memcpy(in.initiator, "approver-1", sizeof "approver-1");
		paper(&p, DOC_RESUME, &in);
	}
	prove(&p, OFFICER_1, 8);
	prove(&p, OFFICER_2, 8);
	REFUSED(put(&p), "unknown-signer", "resume.initiator");
}

/* What strikes a security key is not proved by it, and it proves nothing afterwards. */
static void struck_keys(void)
{
	struct doc_resume in;
	struct doc_passkey entry;
	uint8_t secret[ED25519_SECRET_BYTES];
	struct hash32 freeze_id;

	start();
	freeze(&p, "officer-1", 1);
	prove(&p, OFFICER_1, 1);
	TAKEN(put(&p));
	freeze_id = p.id;
	passkey_make(&entry, secret, OFFICER_2);
	in = resume_of(&freeze_id);
	in.struck_count = 1;
	in.struck[0].key_n = entry.key_n;
	memcpy(in.struck[0].key, entry.key, entry.key_n);
	paper(&p, DOC_RESUME, &in);
	prove(&p, OFFICER_1, 2);
	prove(&p, OFFICER_2, 2);
	REFUSED(put(&p), "bad-signature", "resume.assertion.credential");
	{
		const uint8_t *const both[2] = { r.person[OFFICER_1].secret,
						 r.person[OFFICER_2].secret };

		paper_make(&p, DOC_RESUME, &in, &r.genesis_id, both, 2);
		TAKEN(put(&p));
	}
	freeze(&p, "officer-2", 2);
	prove(&p, OFFICER_2, 3);
	REFUSED(put(&p), "unknown-signer", "freeze.assertion.credential");
}

/*
 * A thief with a copy of an officer's key counts ahead of it.  He can stop us, which one may who
 * has it; he cannot keep the officer from stopping us, and the officer's next resume says that
 * there is a copy.
 */
static void a_copy_counts_ahead(void)
{
	struct hash32 lifted;

	start();
	freeze(&p, "officer-1", 1);
	prove(&p, OFFICER_1, 1000);
	TAKEN(put(&p));
	lifted = p.id;
	rig_tick(A, 1000);
	freeze(&p, "officer-1", 2);
	prove(&p, OFFICER_1, 8);
	TAKEN(put(&p));
	T_EQ(r.g[A].control.binding, 2);
	{
		struct doc_cancel no = { .genesis = r.genesis_id, .person = "officer-1" };

		no.document = lifted;
		no.time_ms = r.wall;
		paper(&other, DOC_CANCEL, &no);
		prove(&other, OFFICER_1, 9);
		TAKEN(put(&other));
	}
	resume(&p, &lifted);
	prove(&p, OFFICER_1, 10);
	prove(&p, OFFICER_2, 1);
	REFUSED(put(&p), "stale", "resume.assertion.authenticator_data");
	T_CHECK(guard_frozen(&r.g[A]));
}

static void a_persons_no(void)
{
	struct doc_cancel no = { .genesis = { { 0 } }, .person = "approver-1" };

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	no.genesis = r.genesis_id;
	no.document = r.order_id;
	no.time_ms = r.wall;
	paper(&p, DOC_CANCEL, &no);
	REFUSED(put(&p), "not-signed", "cancel.signatures");
	prove(&p, AUDITOR_1, 1);
	REFUSED(put(&p), "bad-signature", "cancel.signatures");
	paper(&p, DOC_CANCEL, &no);
	prove(&p, APPROVER_1, 1);
	TAKEN(put(&p));
	rig_well(A); /* the watchers know it too */
	T_STR(rig_code(rig_sign()), "approval-denied");
	rig_restart(A);
	T_CHECK(control_said_no(&r.g[A].control, &r.order_id, &r.request_id));
}

static void closings(void)
{
	struct doc_closing c = { .issuer = "officer-1" };

	start();
	c.genesis = r.genesis_id;
	c.account = r.till.public_key;
	c.time_ms = r.wall;
	paper(&p, DOC_CLOSING, &c);
	REFUSED(put(&p), "not-signed", "closing.signatures");
	prove(&p, OFFICER_2, 1);
	REFUSED(put(&p), "bad-signature", "closing.signatures");
	paper(&p, DOC_CLOSING, &c);
	behind(&p, assertion(OFFICER_1, &p.id, 1, TOUCHED));
	REFUSED(put(&p), "policy", "closing.assertion.authenticator_data");
	paper(&p, DOC_CLOSING, &c);
	prove(&p, OFFICER_1, 6);
	TAKEN(put(&p));
	T_CHECK(r.g[A].closings[0].closed);
	T_EQ(r.g[A].counters.uses_n, 1);
	rig_restart(A);
	T_CHECK(r.g[A].closings[0].closed);
	T_EQ(r.g[A].counters.uses_n, 1);
}

/* One small payment with this day beside it. */
static uint64_t pay_with(const struct paper *day)
{
	static struct rig_bodies b;
	static uint8_t number;

	rig_well(A);
	rig_withdrawal(X(50), 0, ++number);
	rig_encode(&b);
	b.items[b.n++] = bytes_of(day->raw, day->n);
	return rig_send(A, &b);
}

static void days(void)
{
	struct doc_day day = { .person = "auditor-1" };

	start();
	rig_withdrawal(X(50), 0, 100);
	T_CHECK(rig_refusal(rig_sign()) == NULL);
	day.genesis = r.genesis_id;
	day.time_ms = r.wall;
	day.a_sequence = r.payments[A][0].sequence;
	day.a_unapproved = xem((uint64_t)guard_self_outflow(&r.payments[A][0]));
	day.b_unapproved = xem(0);
	paper(&p, DOC_DAY, &day);
	REFUSED(pay_with(&p), "not-signed", "day.signatures");
	prove(&p, APPROVER_1, 1);
	REFUSED(pay_with(&p), "bad-signature", "day.signatures");
	paper(&p, DOC_DAY, &day);
	behind(&p, assertion(AUDITOR_1, &p.id, 1, TOUCHED));
	REFUSED(pay_with(&p), "policy", "assertion.authenticator_data");
	T_EQ(r.g[A].budget.sequence, 0);
	paper(&p, DOC_DAY, &day);
	prove(&p, AUDITOR_1, 5);
	TAKEN(pay_with(&p));
	T_EQ(r.g[A].budget.sequence, day.a_sequence);
	T_EQ(r.g[A].counters.uses_n, 1);
	/* the next day by the same count */
	day.a_sequence = r.payments[A][1].sequence;
	day.a_unapproved = xem((uint64_t)(guard_self_outflow(&r.payments[A][0]) +
					  guard_self_outflow(&r.payments[A][1])));
	paper(&p, DOC_DAY, &day);
	prove(&p, AUDITOR_1, 5);
	REFUSED(pay_with(&p), "already-used", "assertion.authenticator_data");
	paper(&p, DOC_DAY, &day);
	prove(&p, AUDITOR_1, 6);
	TAKEN(pay_with(&p));
	T_EQ(r.g[A].counters.uses_n, 2);
	rig_restart(A);
	T_EQ(r.g[A].counters.uses_n, 2);
	T_EQ(r.g[A].budget.sequence, day.a_sequence);
}

/* Rules say no time: their counts are used up like others, and are neither early nor late. */
static void rules(void)
{
	struct doc_policy next;
	struct doc_grant g = { .up_to = { 0 } };

	start();
	next = r.policy;
	next.number++;
	next.previous = r.policy_id;
	next.payment_max = xem(X(3000));
	paper(&p, DOC_POLICY, &next);
	prove(&p, OFFICER_1, 20);
	REFUSED(put(&p), "approvals-missing", "policy.signatures");
	prove(&p, OFFICER_2, 20);
	TAKEN(put(&p));
	T_EQ(r.g[A].policy.number, 2);
	/* a freeze of before, which came late, has a lower count: it was signed before */
	freeze(&p, "officer-1", 1);
	prove(&p, OFFICER_1, 19);
	TAKEN(put(&p));
	g.genesis = r.genesis_id;
	g.destination = r.policy.destinations[0].address;
	rig_address(&g.destination, &r.person[0].key);
	g.from_ms = r.wall;
	g.until_ms = r.wall + 86400000;
	g.up_to = xem(X(10));
	(void)snprintf(g.reason, sizeof g.reason, "once");
	paper(&p, DOC_GRANT, &g);
	prove(&p, OFFICER_1, 20);
	prove(&p, OFFICER_2, 21);
	REFUSED(put(&p), "already-used", "grant.assertion.authenticator_data");
	paper(&p, DOC_GRANT, &g);
	prove(&p, OFFICER_1, 21);
	prove(&p, OFFICER_2, 21);
	TAKEN(put(&p));
	{
		struct doc_roster roster = r.roster;

		roster.number++;
		roster.previous = r.roster_id;
		roster.people_count = 4;
		paper(&p, DOC_ROSTER, &roster);
	}
	prove(&p, OFFICER_1, 22);
	prove(&p, OFFICER_2, 22);
	TAKEN(put(&p));
	rig_restart(A);
	T_EQ(r.g[A].policy.number, 2);
	T_EQ(r.g[A].counters.uses_n, 7);
}

/* A signature and a proof are added in any order, by who goes on with a file. */
static void added_in_any_order(void)
{
	static uint8_t raw[2][DOC_BYTES_MAX];
	struct writer w = writer_make(raw[0], sizeof raw[0]);
	struct writer w2 = writer_make(raw[1], sizeof raw[1]);
	struct writer small = writer_make(raw[0], 64);
	struct hash32 freeze_id = { { 1 } };
	struct doc_seal seal;
	struct doc d, both;
	size_t at = 0;

	start();
	resume(&p, &freeze_id);
	CHECK(doc_open(&d, bytes_of(p.raw, p.n), &r.genesis_id, NULL) == ERR_OK);
	T_EQ(doc_add_proof(&small, &d, assertion(OFFICER_2, &d.id, 1, VERIFIED)), ERR_TOO_LARGE);
	T_EQ(small.n, 0);
	T_EQ(doc_add_proof(&w, &d, assertion(OFFICER_2, &d.id, 1, VERIFIED)), ERR_OK);
	CHECK(doc_open(&d, bytes_of(w.p, w.n), &r.genesis_id, NULL) == ERR_OK);
	doc_sign(&seal, &d.id, r.person[OFFICER_1].secret);
	T_EQ(doc_add_seal(&w2, &d, &seal), ERR_OK);
	CHECK(doc_open(&both, bytes_of(w2.p, w2.n), &r.genesis_id, NULL) == ERR_OK);
	T_CHECK(hash32_eq(&both.id, &p.id));
	T_EQ(both.signature_count, 1);
	T_CHECK(doc_next_proof(&d, &both, &at));
	T_CHECK(!doc_next_proof(&d, &both, &at));
	memcpy(p.raw, w2.p, w2.n);
	p.n = w2.n;
	TAKEN(put(&p));
	/* an order is no such document */
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	CHECK(!doc_provable(DOC_ORDER));
	paper(&p, DOC_ORDER, &r.order);
	CHECK(doc_open(&d, bytes_of(p.raw, p.n), &r.genesis_id, NULL) == ERR_OK);
	w = writer_make(raw[0], sizeof raw[0]);
	T_EQ(doc_add_proof(&w, &d, bytes_str("{}")), ERR_TYPE);
	/* as many as there may be, and one more */
	resume(&p, &freeze_id);
	for (uint32_t i = 0; i < DOC_PROOFS_MAX; i++) {
		prove(&p, OFFICER_1, i);
	}
	CHECK(doc_open(&d, bytes_of(p.raw, p.n), &r.genesis_id, NULL) == ERR_OK);
	w = writer_make(raw[0], sizeof raw[0]);
	T_EQ(doc_add_proof(&w, &d, assertion(OFFICER_2, &d.id, 1, VERIFIED)), ERR_FIELD_RANGE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "one security key freezes", one_key_freezes },
		{ "one fault each", one_fault_each },
		{ "an approval is no resume", an_approval_is_no_resume },
		{ "officers start again", officers_start_again },
		{ "struck keys", struck_keys },
		{ "a copy that counts ahead", a_copy_counts_ahead },
		{ "a person's no", a_persons_no },
		{ "closings", closings },
		{ "days", days },
		{ "rules", rules },
		{ "added in any order", added_in_any_order },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
