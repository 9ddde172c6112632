/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what people read out of a signer's journal is what the signer itself answered then, and a
 * journal that was changed says nothing.
 * Method: the journal of a signer at work is read by a guard without keys, with the same orders and
 * for each moment; then copies of it with everything changed that somebody without the signer's
 * key can make consistent again.
 */
#include "paper.h"
#include "t.h"

#include "crypto/sha256.h"
#include "guard/guard_reading.h"
#include "guard_rig.h"

static struct readout {
	struct guard g;
	struct guard_payment payments[RIG_PAYMENTS];
	struct policy_kept entries[RIG_PAYMENTS];
	uint8_t control[GUARD_STOP_BYTES + GUARD_CONTROL_BYTES];
	struct guard_reading reading;
	struct policy_question q;
	struct policy_verdict stands[GUARD_STANDS_MAX];
} x;

static uint8_t copy[RIG_JOURNAL];
static size_t copy_n;

static void take_copy(void)
{
	memcpy(copy, r.journal[A], r.journal_n[A]);
	copy_n = r.journal_n[A];
}

/* The copy, up to this moment, about the order at hand. */
static enum err read_copy(uint64_t at_ms, bool with_secret)
{
	struct guard_config c = rig_config(A);
	struct doc_fault fault;
	struct log_batch_head head;
	enum err e;

	c.chain_secret = NULL;
	c.attest_secret = NULL;
	c.log_secret = with_secret ? &r.log_secret : NULL;
	c.signer = DOC_SIGNER_B; /* the journal says whose it is */
	c.storage = (struct guard_storage){ .payments = x.payments,
					    .payments_cap = RIG_PAYMENTS,
					    .entries = x.entries,
					    .entries_cap = RIG_PAYMENTS,
					    .control = x.control };
	CHECK(guard_init(&x.g, &c, &fault) == ERR_OK);
	guard_reading_init(&x.reading, &x.g, at_ms, &r.order.request_id, &r.order_id);
	for (size_t at = 0; at < copy_n; at += head.bytes) {
		CHECK(log_batch_head_get(&head, copy + at) == ERR_OK);
		e = guard_reading_batch(&x.reading, bytes_of(copy + at, head.bytes));
		if (e != ERR_OK) {
			return e;
		}
	}
	return guard_reading_end(&x.reading);
}

/* What the policy says of the order at hand, as that signer knew it; the signer's own rules first.
 */
static struct policy_verdict judged(unsigned approvals)
{
	size_t n = guard_reading_stands(&x.reading, x.stands);

	for (size_t i = 0; i < n; i++) {
		if (x.stands[i].err != ERR_OK) {
			return x.stands[i];
		}
	}
	x.q = (struct policy_question){ .order = &r.order,
					.request = &r.request,
					.request_doc = &r.request_id,
					.approvals = approvals };
	guard_reading_question(&x.reading, &x.q);
	return policy_judge(&x.q);
}

static const struct guard_said *last_said(void)
{
	return x.reading.said_n == 0 ? NULL : &x.reading.said[x.reading.said_n - 1];
}

/* Signs the payment at hand through A; false: it refused, and why stands in its journal. */
static bool pay(void)
{
	uint64_t id = rig_sign();
	struct hash32 attestation;

	if (rig_refusal(id) != NULL) {
		return false;
	}
	attestation = rig_newest(A);
	(void)rig_ack(A, 0, &attestation);
	(void)rig_ack(A, 1, &attestation);
	return rig_signed(id);
}

/* Asked with 0 to 2 approvals, small and large, until the hour is full: the same word each time. */
static void says_what_the_signer_said(void)
{
	static const uint64_t amounts[] = { X(50), X(500), X(2000), X(3900), X(4500) };
	unsigned paid = 0;
	unsigned refused = 0;

	rig_make();
	rig_well(A);
	for (uint8_t i = 0; i < 30; i++) {
		const uint64_t amount = amounts[i % 5];
		const size_t people = i / 5 % 3;
		uint64_t before;
		struct policy_verdict v;
		bool signs;

		rig_withdrawal(amount, people, (uint8_t)(i + 1));
		rig_well(A);
		take_copy();
		before = r.wall;
		signs = pay();
		T_EQ(read_copy(before, i % 2 == 0), ERR_OK);
		T_CHECK(last_said() == NULL);
		v = judged((unsigned)people);
		T_EQ(v.err == ERR_OK, signs);
		take_copy();
		T_EQ(read_copy(r.wall, false), ERR_OK);
		CHECK(last_said() != NULL);
		if (signs) {
			paid++;
			T_EQ(last_said()->kind, GUARD_SAID_ATTESTED);
			T_EQ(last_said()->approvals, people);
			T_EQ(last_said()->number, 1);
			T_CHECK(last_said()->this_order);
			T_CHECK(guard_reading_attested(&x.reading) == last_said());
			/* asked again it counts once */
			T_EQ(judged((unsigned)people).err, ERR_OK);
		} else {
			refused++;
			T_EQ(last_said()->kind, GUARD_SAID_REFUSED);
			T_EQ(last_said()->err, v.err);
			T_CHECK(strstr(last_said()->text, v.field) == last_said()->text);
			T_CHECK(guard_reading_attested(&x.reading) == NULL);
		}
		T_EQ(policy_history_sum(&x.g.history, &x.reading.now, POLICY_HOUR_MS, false),
		     guard_spent(&r.g[A], POLICY_HOUR_MS, false));
		rig_tick(A, 1000);
	}
	T_CHECK(paid >= 8 && refused >= 8);
}

/* What came after the moment is verified, and not known. */
static void knows_nothing_of_later(void)
{
	uint64_t early, late;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	early = r.wall;
	rig_tick(A, 2000);
	rig_well(A);
	T_CHECK(pay());
	late = r.wall;
	rig_tick(A, 2000);
	{
		const struct doc_freeze f = rig_freeze("officer-1", 1);

		const struct doc_freeze more = rig_freeze("officer-2", 2);

		(void)rig_stop(A, STOPPER, &f, &r.person[0]);
		(void)rig_stop(A, STOPPER, &more, &r.person[1]);
	}
	T_CHECK(guard_frozen(&r.g[A]));
	take_copy();
	T_EQ(read_copy(early, false), ERR_OK);
	T_EQ(x.reading.said_n, 0);
	T_EQ(x.reading.stops, 0);
	T_EQ(judged(0).err, ERR_OK);
	T_CHECK(x.reading.vouched >= x.reading.taken);
	T_EQ(read_copy(late, false), ERR_OK);
	T_EQ(x.reading.said_n, 1);
	T_EQ(judged(0).err, ERR_OK);
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.stops, 2);
	T_STR(guard_reading_freeze(&x.reading, 0)->issuer, "officer-1");
	T_STR(guard_reading_freeze(&x.reading, 1)->issuer, "officer-2");
	T_CHECK(guard_reading_freeze(&x.reading, 2) == NULL);
	T_EQ(judged(0).err, ERR_FROZEN);
	/* the freeze stands behind the last attestation: nobody's signature binds it */
	T_CHECK(x.reading.vouched < x.reading.taken);
	T_EQ(read_copy(NOW - UINT64_C(86400000), false), ERR_STATE);
	T_EQ(read_copy(UINT64_MAX / 2, false), ERR_FIELD_RANGE);
	copy_n = 0;
	T_EQ(read_copy(r.wall, false), ERR_STATE);
}

/* Another order of a request that was signed for; its own sayings are told apart. */
static void another_order_of_the_request(void)
{
	struct hash32 first;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	T_CHECK(pay());
	first = r.order_id;
	r.order.expires_ms++;
	T_CHECK(!pay());
	T_CHECK(!hash32_eq(&first, &r.order_id));
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 2);
	T_CHECK(!x.reading.said[0].this_order);
	T_EQ(x.reading.said[1].err, ERR_ONCE);
	T_EQ(judged(0).err, ERR_ONCE);
	/* many answers: the newest are kept, and told how many there were */
	for (unsigned i = 0; i < 2 * GUARD_SAID_MAX; i++) {
		rig_tick(A, GUARD_REFUSE_EACH_MS);
		T_CHECK(!pay());
	}
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, GUARD_SAID_MAX);
	T_EQ(x.reading.said_before, 2 + 2 * GUARD_SAID_MAX - GUARD_SAID_MAX);
}

static struct bytes batch_at(size_t at)
{
	struct log_batch_head head;

	CHECK(log_batch_head_get(&head, copy + at) == ERR_OK);
	return bytes_of(copy + at, head.bytes);
}

/*
 * Writes the copy anew with one record changed, every hash and link made right again as anybody can
 * who has no key.  False: there is no record of this kind.
 */
static enum signed_anew {
	AS_IT_IS,
	BY_A_STRANGER,
	BENT,
	GARBAGE,
	NOT_ONE,
	LACKING
} attested; /* how attestations are signed anew */

/*
 * The attestation signed anew: for this place, or with the words that it has if it was taken back
 * (place: NULL).
 */
static struct bytes attest_anew(struct bytes blob, const struct log_chain *place)
{
	static const char field[] = "\"signature\":\"";
	static uint8_t raw[8192];
	struct writer w = writer_make(raw, sizeof raw - 1);
	struct doc_attestation t;
	struct doc d;

	if (attested == GARBAGE) {
		return bytes_str("{}");
	}
	if (attested == NOT_ONE) {
		return bytes_of(r.policy_raw, r.policy_n);
	}
	CHECK(doc_open(&d, blob, &r.genesis_id, NULL) == ERR_OK &&
	      doc_attestation_read(&d, &t, NULL) == ERR_OK);
	if (place != NULL) {
		t.head = place->head;
	}
	CHECK(doc_attestation_make(&w, NULL, &t,
				   attested == BENT ? r.attest[A].secret : r.stranger.secret) ==
	      ERR_OK);
	raw[w.n] = '\0';
	if (attested == BENT) {
		char *sig = strstr((char *)raw, field);

		CHECK(sig != NULL);
		sig += sizeof field - 1;
		*sig = *sig == '0' ? '1' : '0';
		/* it still opens, and names the signer's key */
		CHECK(doc_open(&d, bytes_of(raw, w.n), &r.genesis_id, NULL) == ERR_OK &&
		      doc_names_key(&d, &r.attest[A].key));
	}
	return bytes_of(raw, w.n);
}

static bool forge(uint16_t kind, void (*change)(struct log_record *))
{
	static uint8_t out[RIG_JOURNAL];
	static uint8_t buffer[GUARD_BATCH_BYTES];
	struct log_secret other = { { 1 } };
	struct log_chain chain;
	bool done = false;
	size_t n = 0;

	log_chain_init(&chain);
	for (size_t at = 0; at < copy_n; at += batch_at(at).n) {
		struct log_batch b;
		struct log_view view;
		struct bytes sealed;

		CHECK(log_batch_check(&view, batch_at(at)) == ERR_OK);
		log_batch_begin(&b, buffer, sizeof buffer);
		for (uint32_t i = 0; i < view.head.count; i++) {
			struct log_record record;
			struct bytes blob;
			bool own;

			CHECK(log_view_record(&record, &view, i) == ERR_OK);
			own = record.kind == LOG_GUARD_ATTEST || record.kind == LOG_GUARD_RECALL;
			if (!done && record.kind == kind) {
				change(&record);
				done = true;
			}
			if (own && attested == LACKING) {
				CHECK(log_batch_add_record(&b, &record) == ERR_OK);
			} else if (log_view_blob(&blob, &view, &record.link) == ERR_OK) {
				if (own && attested != AS_IT_IS) {
					blob = attest_anew(
					    blob, record.kind == LOG_GUARD_ATTEST ? &chain : NULL);
				}
				CHECK(log_batch_add_blob(&b, &record, blob) == ERR_OK);
			} else {
				CHECK(log_batch_add_record(&b, &record) == ERR_OK);
			}
		}
		log_batch_seal(&sealed, &b, &chain, &other);
		memcpy(out + n, sealed.p, sealed.n);
		n += sealed.n;
	}
	memcpy(copy, out, n);
	copy_n = n;
	return done;
}

static void less(struct log_record *record)
{
	record->amount = 1;
}

static void one_more_person(struct log_record *record)
{
	record->debit.b[12]++;
}

static void watchers(struct log_record *record)
{
	record->kind = LOG_WATCH_START;
}

static void no_genesis(struct log_record *record)
{
	record->kind = LOG_GUARD_START;
}

static void third_signer(struct log_record *record)
{
	record->credit.b[0] = 7;
}

static void the_other_signer(struct log_record *record)
{
	record->credit.b[0] = (uint8_t)DOC_SIGNER_B;
}

/* The first record of the batch at `at` is of a kind that nobody knows here; the hash is right. */
static void newer(size_t at)
{
	struct log_batch_head head;
	struct bytes batch = batch_at(at);
	struct sha256 s;

	CHECK(log_batch_head_get(&head, batch.p) == ERR_OK);
	copy[at + LOG_BATCH_HEAD_BYTES] = 0xfe;
	copy[at + LOG_BATCH_HEAD_BYTES + 1] = 0xff;
	sha256_init(&s);
	sha256_update(&s, bytes_of(batch.p, 28));
	sha256_update(&s, bytes_of(batch.p + 32, 64));
	sha256_update(&s, bytes_of(batch.p + LOG_BATCH_HEAD_BYTES, batch.n - LOG_BATCH_HEAD_BYTES));
	sha256_final(&s, &head.hash);
	log_batch_head_put(copy + at, &head);
}

static void nothing(struct log_record *record)
{
	(void)record;
}

static void what_is_changed_is_refused(void)
{
	size_t last = 0;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(500), 1, 1);
	T_CHECK(pay());
	rig_tick(A, 1000);
	rig_withdrawal(X(50), 0, 2);
	rig_well(A);
	T_CHECK(pay());
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(read_copy(r.wall, true), ERR_OK);

#define FORGED(kind, change, wanted)                              \
	do {                                                      \
		take_copy();                                      \
		T_CHECK(forge(kind, change));                     \
		T_EQ(read_copy(r.wall, false), wanted);           \
		take_copy();                                      \
		T_CHECK(forge(kind, change));                     \
		T_CHECK(read_copy(r.wall, true) != ERR_OK);       \
		/* what comes after the moment is verified too */ \
		T_CHECK(read_copy(NOW, false) != ERR_OK);         \
	} while (0)
	/* a sum, and who approved: the second attestation names what stood before it */
	FORGED(LOG_GUARD_RESERVE, less, ERR_SIGNATURE);
	FORGED(LOG_GUARD_RESERVE, one_more_person, ERR_SIGNATURE);
	FORGED(LOG_GUARD_ACK, nothing, ERR_SIGNATURE); /* all hashes are others */
	FORGED(LOG_GUARD_START, watchers, ERR_TYPE);
	FORGED(LOG_GENESIS, no_genesis, ERR_TYPE);
	FORGED(LOG_GENESIS, third_signer, ERR_TYPE);
	FORGED(LOG_GENESIS, the_other_signer, ERR_SIGNATURE);
	/* every attestation signed anew for its new place, by another key, or named and bent */
	attested = BY_A_STRANGER;
	FORGED(LOG_GUARD_RESERVE, less, ERR_SIGNATURE);
	attested = BENT;
	FORGED(LOG_GUARD_RESERVE, less, ERR_SIGNATURE);
	attested = GARBAGE;
	FORGED(LOG_GUARD_RESERVE, nothing, ERR_SIGNATURE);
	attested = NOT_ONE;
	FORGED(LOG_GUARD_RESERVE, nothing, ERR_SIGNATURE);
	attested = LACKING;
	FORGED(LOG_GUARD_RESERVE, nothing, ERR_SIGNATURE);
	attested = AS_IT_IS;

	/* a kind of a newer writer, in the first batch and later */
	for (size_t i = 0; i < 2; i++) {
		take_copy();
		newer(i == 0 ? 0 : batch_at(0).n);
		T_EQ(read_copy(r.wall, false), ERR_TYPE);
	}
	/* a flipped bit, and a batch left out */
	take_copy();
	copy[200] ^= 1;
	T_EQ(read_copy(r.wall, false), ERR_CORRUPT);
	take_copy();
	for (size_t at = 0; at < copy_n; at += batch_at(at).n) {
		last = at;
	}
	memmove(copy + batch_at(0).n, copy + last, copy_n - last);
	copy_n = batch_at(0).n + copy_n - last;
	T_EQ(read_copy(r.wall, false), ERR_CORRUPT);
	/* A's journal under another genesis */
	take_copy();
	rig_loosening_ms = 1000;
	rig_make();
	rig_loosening_ms = 3600000;
	T_EQ(read_copy(r.wall, false), ERR_GENESIS);
}

static uint64_t put(const struct paper *p)
{
	static uint8_t body[16400];
	struct writer b = writer_make(body, sizeof body);
	struct bytes item = bytes_of(p->raw, p->n);

	return rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

/* A policy that loosens and waits is in force at a moment behind its wait, and not before it. */
static void rules_that_came_due(void)
{
	static struct paper p;
	const uint8_t *const both[2] = { r.person[0].secret, r.person[1].secret };
	struct doc_policy next;
	struct hash32 rival;

	rig_make();
	rig_well(A);
	next = r.policy;
	next.number++;
	next.previous = r.policy_id;
	next.payment_max = xem(X(4900));
	next.unlisted_max = xem(X(4900));
	paper_make(&p, DOC_POLICY, &next, &r.genesis_id, both, 2);
	T_CHECK(rig_refusal(put(&p)) == NULL);
	rig_withdrawal(X(4500), 2, 1);
	(void)rig_sign(); /* its documents have ids from here on */
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.rules_due, 0);
	T_EQ(judged(2).err, ERR_CAP);
	T_EQ(read_copy(r.wall + rig_loosening_ms - 1000, false), ERR_OK);
	T_EQ(x.reading.rules_due, 0);
	T_EQ(read_copy(r.wall + rig_loosening_ms + 2000, false), ERR_OK);
	T_EQ(x.reading.rules_due, 1);
	T_EQ(x.g.policy.number, 2);
	/* the payment is within it; only its time is over by then */
	T_EQ(judged(2).err, ERR_EXPIRED);
	/* another successor of the same policy: a fork locks */
	rival = p.id;
	next.payment_max = xem(X(4800));
	paper_make(&p, DOC_POLICY, &next, &r.genesis_id, both, 2);
	T_CHECK(!hash32_eq(&rival, &p.id));
	T_CHECK(rig_refusal(put(&p)) == NULL);
	take_copy();
	T_EQ(read_copy(r.wall, true), ERR_OK);
	T_EQ(judged(2).err, ERR_LOCKED);
	{
		const struct doc_freeze f = rig_freeze("officer-1", 1);

		(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	}
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_STR(guard_reading_freeze(&x.reading, 0)->issuer, "officer-1");
	T_EQ(judged(2).err, ERR_FROZEN);
}

/* A person's no on the stop road, and an order that is told before it is signed. */
static void what_was_told(void)
{
	static struct rig_bodies b;
	static struct paper p;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	const uint8_t *const approver[1] = { r.person[2].secret };
	struct doc_cancel no = { .person = "approver-1" };

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	rig_encode(&b);
	T_CHECK(rig_refusal(rig_frame(A, SERVER, SIGNER_ORDER, rig_body(&w, b.items, 2))) == NULL);
	rig_withdrawal(X(60), 0, 2); /* and one of another request */
	rig_encode(&b);
	w = writer_make(body, sizeof body);
	T_CHECK(rig_refusal(rig_frame(A, SERVER, SIGNER_ORDER, rig_body(&w, b.items, 2))) == NULL);
	rig_withdrawal(X(50), 0, 1);
	rig_encode(&b);
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 1);
	T_EQ(last_said()->kind, GUARD_SAID_KNOWN);
	T_CHECK(last_said()->this_order);
	T_EQ(judged(0).err, ERR_OK);
	T_CHECK(x.q.order_known.known);
	x.q.veto = true; /* somebody else knows of a no */
	guard_reading_question(&x.reading, &x.q);
	T_EQ(policy_judge(&x.q).err, ERR_VETO);
	no.genesis = r.genesis_id;
	no.document = r.order_id;
	paper_make(&p, DOC_CANCEL, &no, &r.genesis_id, approver, 1);
	T_CHECK(rig_refusal(put(&p)) == NULL);
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(judged(0).err, ERR_VETO);
}

/* A person's day renews the budget there as it did in the signer. */
static void a_day_renews(void)
{
	static struct rig_bodies b;
	static uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_day day = { .person = "auditor-1" };
	uint64_t id;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	T_CHECK(pay());
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(judged(0).err, ERR_OK);
	T_EQ(x.q.unapproved_since, 0); /* its own is not counted twice */
	day.genesis = r.genesis_id;
	day.time_ms = r.wall;
	day.a_sequence = r.payments[A][0].sequence;
	day.a_unapproved = xem((uint64_t)guard_self_outflow(&r.payments[A][0]));
	day.b_unapproved = xem(0);
	CHECK(doc_day_make(&w, NULL, &day, r.person[4].secret) == ERR_OK);
	rig_withdrawal(X(60), 0, 2);
	rig_encode(&b);
	b.items[b.n++] = bytes_of(w.p, w.n);
	id = rig_send(A, &b);
	T_CHECK(rig_refusal(id) == NULL);
	take_copy();
	rig_withdrawal(X(50), 0, 1);
	T_CHECK(pay()); /* it is answered again: the same order */
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(judged(0).err, ERR_OK);
	T_EQ(x.q.unapproved_since, guard_self_outflow(&r.payments[A][1]));
}

/* All accounts closed, and a journal that was exported: it pays no more. */
static void pays_no_more(void)
{
	static struct paper p;
	const uint8_t *const officer[1] = { r.person[0].secret };

	rig_make();
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	for (size_t i = 0; i < r.genesis.hot_count; i++) {
		struct doc_closing c = { .genesis = r.genesis_id,
					 .issuer = "officer-1",
					 .account = r.genesis.hot[i].public_key };

		take_copy();
		T_EQ(read_copy(r.wall, false), ERR_OK);
		T_EQ(judged(0).err, ERR_OK);
		paper_make(&p, DOC_CLOSING, &c, &r.genesis_id, officer, 1);
		T_CHECK(rig_refusal(put(&p)) == NULL);
	}
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(judged(0).err, ERR_POLICY);
	T_STR(judged(0).field, "signer.accounts");
	rig_make();
	{
		struct guard_config c = rig_config(A);
		struct doc_fault fault;
		struct log_batch_head head;

		CHECK(guard_init(&r.g[A], &c, &fault) == ERR_OK);
		for (size_t at = 0; at < r.journal_n[A]; at += head.bytes) {
			CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
			CHECK(guard_replay(&r.g[A], bytes_of(r.journal[A] + at, head.bytes)) ==
			      ERR_OK);
		}
		effects_init(&r.out, r.store, sizeof r.store);
		CHECK(guard_export(&r.g[A], r.wall, &r.out) == ERR_OK);
		rig_run(A);
	}
	rig_withdrawal(X(50), 0, 1);
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(judged(0).err, ERR_STATE);
}

/* What a watcher holds of A's first payment, as it hands it back. */
static struct bytes fed(void)
{
	static uint8_t body[24 * 1024];
	struct doc_cursor cursor = { .genesis = r.genesis_id };
	uint8_t raw[1024];
	uint8_t ask[1100];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer a = writer_make(ask, sizeof ask);
	const struct rig_sent *sent;
	struct bytes item;

	CHECK(doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK);
	item = bytes_of(w.p, w.n);
	sent = rig_answer(rig_frame(A, WATCHER + 2, SIGNER_NEXT, rig_body(&a, &item, 1)));
	CHECK(sent != NULL);
	item = rig_item(sent, 0);
	CHECK(sent->n > 4 + item.n && sent->n <= sizeof body);
	memcpy(body, sent->body + 4 + item.n, sent->n - 4 - item.n);
	return bytes_of(body, sent->n - 4 - item.n);
}

/* The attempt at hand, signed by A behind all that it has, is handed back. */
static uint64_t hand_back_at_hand(void)
{
	static struct rig_bodies b;
	static uint8_t raw[8192];
	static uint8_t body[65536];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer all = writer_make(body, sizeof body);
	struct bytes items[ARRAY_LEN(b.items) + 1];
	struct doc_attestation t;
	struct payment pay;

	rig_encode(&b);
	CHECK(payment_make(&pay, 0x98, &r.chain[A].public_key, &r.chain[B].public_key, &r.order,
			   &r.attempt) == ERR_OK);
	t = (struct doc_attestation){ .data_n = pay.cosign_n,
				      .genesis = r.genesis_id,
				      .head = { { 1 } },
				      .inner_hash = pay.inner_hash,
				      .kind = DOC_ATTEST_COSIGN,
				      .policy = r.policy_id,
				      .previous = r.g[A].last,
				      .program = { { 0x99 } },
				      .roster = r.roster_id,
				      .sequence = r.g[A].last_sequence + 40,
				      .signer = DOC_SIGNER_A,
				      .subject = r.attempt_id,
				      .subject_type = DOC_ATTEMPT,
				      .time_ms = r.wall };
	memcpy(t.data, pay.cosign, pay.cosign_n);
	CHECK(doc_attestation_make(&w, NULL, &t, r.attest[A].secret) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	memcpy(items + 1, b.items, b.n * sizeof b.items[0]);
	return rig_frame(A, WATCHER, SIGNER_RECALL, rig_body(&all, items, b.n + 1));
}

/* A signer that was rewound and took its own records back: they are said as when it signed them. */
static void taken_back(void)
{
	static const enum signed_anew not_its_own[] = { BENT, BY_A_STRANGER, GARBAGE, NOT_ONE,
							LACKING };
	struct bytes record;
	struct doc_order order;
	struct hash32 order_id;
	uint64_t before;

	rig_make();
	rig_well(A);
	take_copy();
	rig_withdrawal(X(500), 1, 1);
	T_CHECK(pay());
	record = fed();
	memcpy(r.journal[A], copy, copy_n);
	r.journal_n[A] = copy_n;
	rig_restart(A);
	rig_tick(A, 1001);
	/* it lacks it, and its journal says nothing of it */
	take_copy();
	T_EQ(read_copy(r.wall, true), ERR_OK);
	T_EQ(x.reading.said_n, 0);
	before = r.wall;
	rig_tick(A, 1001);
	T_CHECK(rig_refusal(rig_frame(A, WATCHER, SIGNER_RECALL, record)) == NULL);
	T_EQ(r.g[A].recalled, 1);
	take_copy();
	T_EQ(read_copy(before, false), ERR_OK);
	T_EQ(x.reading.said_n, 0);
	T_EQ(read_copy(before, true), ERR_OK);
	T_EQ(x.reading.said_n, 0);
	T_EQ(read_copy(r.wall, true), ERR_OK);
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 1);
	T_EQ(last_said()->kind, GUARD_SAID_ATTESTED);
	T_EQ(last_said()->number, 1);
	T_EQ(last_said()->approvals, 1);
	T_EQ(last_said()->time_ms, r.wall); /* of the record: it counts from here */
	T_CHECK(last_said()->this_order);
	T_CHECK(guard_reading_attested(&x.reading) == last_said());
	/* no attestation for a place in this journal stands behind it yet */
	T_CHECK(last_said()->sequence >= x.reading.vouched);
	T_EQ(judged(1).err, ERR_OK); /* the same order, counted once */
	T_EQ(policy_history_sum(&x.g.history, &x.reading.now, POLICY_HOUR_MS, false),
	     guard_spent(&r.g[A], POLICY_HOUR_MS, false));
	/* until then what binds it is the signature that it came back with */
	T_CHECK(forge(LOG_GUARD_RECALL, nothing));
	T_EQ(read_copy(r.wall, false), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(not_its_own); i++) {
		take_copy();
		attested = not_its_own[i];
		T_CHECK(forge(LOG_GUARD_RECALL, nothing));
		T_EQ(read_copy(r.wall, false), ERR_SIGNATURE);
		T_EQ(x.reading.vouched, 0);
		/* what comes after the moment is verified too */
		T_EQ(read_copy(before, false), ERR_SIGNATURE);
	}
	attested = AS_IT_IS;
	take_copy();
	/* to another order of the request it was no yes */
	order = r.order;
	order_id = r.order_id;
	r.order.expires_ms++;
	r.order_id.b[0] ^= 1;
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 1);
	T_CHECK(!last_said()->this_order);
	T_CHECK(guard_reading_attested(&x.reading) == NULL);
	T_EQ(judged(1).err, ERR_ONCE);
	r.order = order;
	r.order_id = order_id;

	/* its second attempt comes back too, and takes the first one's place */
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 2, &r.next_till.public_key,
			   (uint32_t)r.attempt.timestamp_nem_s + 5) == ERR_OK);
	T_CHECK(rig_refusal(hand_back_at_hand()) == NULL);
	T_EQ(r.g[A].recalled, 2);
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 2);
	T_EQ(x.reading.said[0].number, 1);
	T_EQ(last_said()->number, 2);
	T_EQ(last_said()->approvals, 1);
	T_CHECK(last_said()->this_order);
	T_EQ(policy_history_sum(&x.g.history, &x.reading.now, POLICY_HOUR_MS, false),
	     guard_spent(&r.g[A], POLICY_HOUR_MS, false));

	/* the next attestation binds what was taken back before it: nobody changes it any more */
	order = r.order;
	order_id = r.order_id;
	rig_well(A);
	rig_withdrawal(X(50), 0, 2);
	T_CHECK(pay());
	r.order = order;
	r.order_id = order_id;
	take_copy();
	T_EQ(read_copy(r.wall, false), ERR_OK);
	T_EQ(x.reading.said_n, 2);
	T_CHECK(last_said()->sequence < x.reading.vouched);
	T_CHECK(forge(LOG_GUARD_RECALL, one_more_person));
	T_EQ(read_copy(r.wall, false), ERR_SIGNATURE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "says what the signer said", says_what_the_signer_said },
		{ "knows nothing of later", knows_nothing_of_later },
		{ "another order of the request", another_order_of_the_request },
		{ "rules that came due", rules_that_came_due },
		{ "what was told", what_was_told },
		{ "a day renews", a_day_renews },
		{ "pays no more", pays_no_more },
		{ "what is changed is refused", what_is_changed_is_refused },
		{ "taken back", taken_back },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
