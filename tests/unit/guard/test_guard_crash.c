/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer that is killed anywhere gives the same answers afterwards: never two different
 * signatures for one request, never more than the windows allow, never a signature before its
 * record is durable and k watchers know (P3, P7, P10; T25, T42).
 * Method: kill after each effect of each step; random runs of orders, acknowledgements, freezes and
 * kills under one seed; the two planted bugs must be found by the same checks; journals altered at
 * every batch; tables compared before and after a replay.
 */
#include "t.h"

#include "guard_rig.h"
#include "policy/payment.h"

static void start(void)
{
	rig_make();
	rig_well(A);
}

/* Within one step everything durable comes before everything said. */
static bool commits_come_first(void)
{
	bool said = false;

	for (size_t i = 0; i < r.out.n; i++) {
		if (r.out.list[i].kind == EFFECT_SEND) {
			said = true;
		}
		if (r.out.list[i].kind == EFFECT_COMMIT && said) {
			return false;
		}
	}
	return true;
}

static bool signature_of(uint64_t id, struct doc_signature *out)
{
	struct doc d;

	return rig_type(rig_item(rig_answer(id), 1), &d) == DOC_SIGNATURE &&
	       doc_signature_read(&d, out, NULL) == ERR_OK;
}

/* One withdrawal, killed after the Nth effect of its whole life, for all N. */
static void killed_at_every_effect(void)
{
	struct doc_signature reference;
	struct doc_signature got;
	bool finished = false;

	start();
	rig_withdrawal(X(50), 0, 1);
	{
		uint64_t id = rig_sign();

		T_CHECK(commits_come_first());
		rig_acks(A);
		T_CHECK(signature_of(id, &reference));
	}
	for (int fuse = 0; fuse < 40 && !finished; fuse++) {
		uint64_t id;
		unsigned signatures = 0;

		start();
		rig_withdrawal(X(50), 0, 1);
		r.fuse = fuse;
		id = rig_sign();
		if (!r.dead && r.g[A].payments_n == 1) {
			struct hash32 att = rig_newest(A);

			(void)rig_ack(A, 0, &att);
			if (!r.dead) {
				(void)rig_ack(A, 1, &att);
			}
			if (!r.dead) {
				rig_tick(A, 1);
			}
		}
		finished = !r.dead;
		if (signature_of(id, &got)) {
			signatures++;
			T_MEM(&got, &reference, sizeof got);
		}
		/* a new start, the same order again, everything to its end */
		rig_restart(A);
		rig_well(A);
		id = rig_sign();
		if (!signature_of(id, &got)) {
			T_STR(rig_code(id), "");
			rig_acks(A);
			(void)rig_ack(A, 2, &(struct hash32){ { 0 } });
		}
		T_CHECK(signature_of(id, &got));
		/* the inner hash is one: the signature may differ only if the attestation was lost
		 */
		if (signatures > 0) {
			T_MEM(&got, &reference, sizeof got);
		}
		T_MEM(&got.signature, &reference.signature, sizeof got.signature);
		T_EQ(r.g[A].payments_n, 1);
		T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == X(50) + 400000);
	}
	T_CHECK(finished);
}

static uint64_t receipt_sequence(const struct doc_freeze *f)
{
	struct doc_receipt receipt = { .sequence = 0 };
	struct doc d;
	uint64_t id = rig_stop(A, STOPPER, f, &r.person[0]);

	CHECK(rig_type(rig_item(rig_answer(id), 0), &d) == DOC_RECEIPT &&
	      doc_receipt_read(&d, &receipt, NULL) == ERR_OK);
	return receipt.sequence;
}

/*
 * Between the attestation's sync and the signature nothing is synced: words of watchers are
 * written behind it.  Whoever pulls the plug before that has them said again, by as many.
 */
static void words_are_written_later(void)
{
	struct doc_signature first;
	struct doc_signature again;
	struct doc_freeze f;
	struct hash32 att;
	uint64_t sequence;
	unsigned commits;
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	att = rig_newest(A);
	commits = r.commits;
	rig_acks(A);
	T_CHECK(signature_of(id, &first));
	T_EQ(r.commits, commits);
	rig_restart(A);
	rig_well(A);
	T_EQ(r.payments[A][0].acked, 0);
	id = rig_sign();
	(void)rig_ack(A, 0, &att);
	(void)rig_ack(A, 0, &att);
	T_CHECK(!signature_of(id, &again));
	(void)rig_ack(A, 1, &att);
	T_CHECK(signature_of(id, &again));
	T_MEM(&first, &again, sizeof first);
	/* both in one batch, once */
	commits = r.commits;
	rig_tick(A, 1);
	T_EQ(r.commits, commits + 1);
	rig_tick(A, 1);
	T_EQ(r.commits, commits + 1);
	rig_restart(A);
	T_EQ(r.payments[A][0].acked, 3);

	/* what stops stands behind the word that came before it, in the same batch */
	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	att = rig_newest(A);
	(void)rig_ack(A, 0, &att);
	f = rig_freeze("officer-1", 1);
	sequence = receipt_sequence(&f);
	T_EQ(sequence, r.payments[A][0].sequence + 2);
	rig_restart(A);
	T_EQ(r.payments[A][0].acked, 1);
	T_EQ(receipt_sequence(&f), sequence);

	/* more than are kept, and no tick */
	start();
	for (uint8_t i = 0; i < 20; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		(void)rig_sign();
	}
	commits = r.commits;
	for (size_t i = 0; i < r.g[A].payments_n; i++) {
		const struct hash32 attestation = rig_attested(A, i).id;

		(void)rig_ack(A, 0, &attestation);
		(void)rig_ack(A, 1, &attestation);
	}
	T_EQ(r.g[A].payments_n, 20);
	T_EQ(r.commits, commits + 1);
	T_EQ(r.g[A].signatures_released, 20);
	rig_restart(A);
	T_EQ(r.payments[A][0].acked, 3);
	T_EQ(r.payments[A][19].acked, 0);
}

enum { REQUESTS = 18 };

/* What a random run has seen. */
struct seen {
	bool has[REQUESTS];
	struct doc_signature signature[REQUESTS];
	u128 outflow[REQUESTS];
	unsigned two, early, over;
};

static struct doc_request request_of[REQUESTS];
static struct doc_order order_of[REQUESTS];
static struct doc_attempt attempt_of[REQUESTS];

static unsigned popcount(uint8_t v)
{
	return (unsigned)__builtin_popcount(v);
}

/*
 * Orders near the budget of 1,000 XEM a day, each also with a second attempt, acknowledged at
 * random, killed at random.  Acknowledgements are counted here, not believed from the guard.
 */
static void random_run(struct seen *seen, unsigned steps)
{
	static struct hash32 subject_of[REQUESTS][2];
	uint8_t acked[2048] = { 0 };
	struct hash32 known[2048];
	size_t known_n = 0;
	u128 total = 0;

	memset(seen, 0, sizeof *seen);
	memset(subject_of, 0, sizeof subject_of);
	for (uint8_t i = 0; i < REQUESTS; i++) {
		rig_withdrawal(X(60) + i, 0, i);
		request_of[i] = r.request;
		order_of[i] = r.order;
		attempt_of[i] = r.attempt;
	}
	for (unsigned step = 0; step < steps; step++) {
		size_t i = (size_t)t_below(REQUESTS);
		size_t before = r.sent_n;

		r.fuse = t_below(16) == 0 ? (int)t_below(4) : NO_FUSE;
		if (t_below(2) > 0 || known_n == 0) {
			rig_withdrawal(X(60), 0, 0);
			r.request = request_of[i];
			r.order = order_of[i];
			r.attempt = attempt_of[i];
			size_t second = t_below(2) == 0;

			r.attempt.timestamp_nem_s += second;
			r.attempt.deadline_nem_s += second;
			(void)rig_sign();
			subject_of[i][second] = r.attempt_id;
		} else {
			size_t k = t_below(3) > 0 ? known_n - 1 : (size_t)t_below(known_n);
			unsigned w = (unsigned)t_below(3);

			(void)rig_ack(A, w, &known[k]);
			acked[k] |= (uint8_t)(1u << w);
		}
		/* whatever was said: which request was signed, and did two watchers know? */
		for (size_t s = before; s < r.sent_n; s++) {
			struct doc_attestation att;
			struct doc_signature sig;
			struct doc d;
			size_t n;
			size_t k;

			if (rig_type(rig_item(&r.sent[s], 0), &d) != DOC_ATTESTATION ||
			    doc_attestation_read(&d, &att, NULL) != ERR_OK) {
				continue;
			}
			for (k = 0; k < known_n && !hash32_eq(&known[k], &d.id); k++) {
			}
			seen->early += k == known_n || popcount(acked[k]) < 2;
			CHECK(rig_type(rig_item(&r.sent[s], 1), &d) == DOC_SIGNATURE);
			CHECK(doc_signature_read(&d, &sig, NULL) == ERR_OK);
			for (n = 0; n < REQUESTS && !hash32_eq(&subject_of[n][0], &att.subject) &&
				    !hash32_eq(&subject_of[n][1], &att.subject);
			     n++) {
			}
			CHECK(n < REQUESTS);
			if (!seen->has[n]) {
				seen->has[n] = true;
				seen->signature[n] = sig;
				seen->outflow[n] = money_units(&order_of[n].amount) + 400000;
				total += seen->outflow[n];
				seen->over += total > X(1000);
			} else {
				seen->two += memcmp(&seen->signature[n].signature, &sig.signature,
						    sizeof sig.signature) != 0;
			}
		}
		if (r.dead || t_below(40) == 0) {
			rig_restart(A);
			rig_well(A);
		}
		r.fuse = NO_FUSE;
		if (step % 8 == 0) {
			rig_well(A);
		}
		for (size_t p = 0; p < r.g[A].payments_n; p++) {
			struct hash32 attestation = rig_attested(A, p).id;
			size_t k;

			for (k = 0; k < known_n && !hash32_eq(&known[k], &attestation); k++) {
			}
			if (k == known_n && known_n < ARRAY_LEN(known)) {
				known[known_n++] = attestation;
			}
		}
		rig_forget();
	}
}

static void random_nights(void)
{
	static struct seen seen;
	unsigned signed_ones = 0;

	for (unsigned night = 0; night < 6; night++) {
		start();
		random_run(&seen, 250);
		T_EQ(seen.two, 0);
		T_EQ(seen.early, 0);
		T_EQ(seen.over, 0);
		for (size_t i = 0; i < REQUESTS; i++) {
			signed_ones += seen.has[i];
		}
		T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) <= X(1000));
	}
	T_CHECK(signed_ones > 20);
}

/* The same checks find both planted bugs. */
static void planted(void)
{
	static struct seen seen;
	unsigned early = 0;
	unsigned two = 0;

	for (unsigned night = 0; night < 10; night++) {
		start();
		r.planted = GUARD_PLANT_NO_ACK_WAIT;
		rig_restart(A);
		rig_well(A);
		random_run(&seen, 40);
		early += seen.early;
		start();
		r.planted = GUARD_PLANT_FORGET_ON_REPLAY;
		rig_restart(A);
		rig_well(A);
		random_run(&seen, 250);
		two += seen.two;
	}
	T_CHECK(early > 0);
	T_CHECK(two > 0);
}

/* A replay gives the same tables. */
static void same_tables(void)
{
	static struct guard_payment payments[RIG_PAYMENTS];
	static struct policy_kept entries[RIG_PAYMENTS];
	static struct seen seen;
	struct hash32 stop_head;
	struct doc_freeze f;
	size_t n;
	size_t entries_n;
	size_t stops;
	uint64_t own;

	start();
	random_run(&seen, 100);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	n = r.g[A].payments_n;
	entries_n = r.g[A].history.n;
	stops = r.g[A].control.binding;
	stop_head = r.g[A].control.head;
	own = r.g[A].own_ms;
	T_CHECK(n > 5 && entries_n == n && stops == 1);
	memcpy(payments, r.payments[A], n * sizeof payments[0]);
	memcpy(entries, r.entries[A], n * sizeof entries[0]);
	memset(r.payments[A], 0xcc, sizeof r.payments[A]);
	memset(r.entries[A], 0xcc, sizeof r.entries[A]);
	r.wall += 3600000; /* an hour off */
	rig_restart(A);
	T_EQ(r.g[A].payments_n, n);
	T_EQ(r.g[A].history.n, entries_n);
	T_EQ(r.g[A].control.binding, 1);
	T_MEM(&r.g[A].control.head, &stop_head, 32);
	for (size_t i = 0; i < n; i++) {
		const struct guard_payment *p = &payments[i];
		const struct guard_payment *q = &r.payments[A][i];

		T_CHECK(id128_eq(&p->request_id, &q->request_id));
		const struct rig_attested a = rig_attested(A, i);

		T_EQ(q->inner_hash, guard_self_mark(&r.g[A], &a.t.inner_hash));
		T_EQ(q->subject, guard_self_mark(&r.g[A], &a.t.subject));
		T_EQ(q->attestation, guard_self_mark(&r.g[A], &a.id));
		T_EQ(q->head, guard_self_mark(&r.g[A], &a.t.head));
		/* a key of this start alone */
		T_CHECK(p->attestation != q->attestation);
		T_CHECK(guard_self_outflow(p) == guard_self_outflow(q));
		T_EQ(p->sequence, q->sequence);
		T_EQ(p->batch_offset, q->batch_offset);
		T_EQ(p->batch_bytes, q->batch_bytes);
		T_EQ(p->acked, q->acked);
		T_EQ(p->program, q->program);
		T_CHECK(entries[i].outflow == r.entries[A][i].outflow);
		T_EQ(entries[i].own_ms, r.entries[A][i].own_ms);
		T_EQ(entries[i].chain_s, r.entries[A][i].chain_s);
		T_EQ(entries[i].approvals, r.entries[A][i].approvals);
	}
	/* time off does not count */
	T_CHECK(r.g[A].own_ms <= own + 10);
}

static enum err replay_all(const uint8_t *journal, size_t n, int s)
{
	static struct guard g;
	struct guard_config c = rig_config(s);
	struct doc_fault fault;
	struct log_batch_head head;
	size_t at = 0;
	enum err e = guard_init(&g, &c, &fault);

	while (e == ERR_OK && at < n) {
		if (n - at < LOG_BATCH_HEAD_BYTES ||
		    log_batch_head_get(&head, journal + at) != ERR_OK || head.bytes > n - at) {
			return ERR_CORRUPT;
		}
		e = guard_replay(&g, bytes_of(journal + at, head.bytes));
		at += head.bytes;
	}
	return e;
}

static void damaged_journals(void)
{
	static uint8_t copy[RIG_JOURNAL];
	size_t n;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	rig_acks(A);
	n = r.journal_n[A];
	memcpy(copy, r.journal[A], n);
	T_EQ(replay_all(copy, n, A), ERR_OK);
	/* every 29th byte: but for padding, which the batch's own check covers too */
	for (size_t i = 0; i < n; i += 29) {
		copy[i] ^= 1;
		T_CHECK(replay_all(copy, n, A) != ERR_OK);
		copy[i] ^= 1;
	}
	/* without its first batch; the other signer's; another journal secret */
	{
		struct log_batch_head head;

		T_EQ(log_batch_head_get(&head, copy), ERR_OK);
		T_CHECK(replay_all(copy + head.bytes, n - head.bytes, A) != ERR_OK);
	}
	T_EQ(replay_all(copy, n, B), ERR_GENESIS);
	r.log_secret.b[0] ^= 1;
	T_EQ(replay_all(copy, n, A), ERR_CORRUPT);
}

/*
 * Who can write the file and lacks the journal's secret (decision 27).  He knows the format: all
 * that needs no secret is right in what he writes.
 */
static struct forged {
	uint8_t raw[RIG_JOURNAL];
	size_t n;
	size_t at[RIG_PAYMENTS]; /* of the batches */
	size_t batches;
} forged;

static void forged_find(void)
{
	struct log_batch_head head;

	forged.batches = 0;
	for (size_t at = 0; at < forged.n; at += head.bytes) {
		CHECK(log_batch_head_get(&head, forged.raw + at) == ERR_OK);
		CHECK(forged.batches < RIG_PAYMENTS);
		forged.at[forged.batches++] = at;
	}
}

/* The journal as the signer wrote it: one payment that one watcher has acknowledged. */
static void forged_again(void)
{
	forged.n = r.journal_n[A];
	memcpy(forged.raw, r.journal[A], forged.n);
	forged_find();
}

static struct log_batch_head forged_head(size_t i)
{
	struct log_batch_head head;

	CHECK(log_batch_head_get(&head, forged.raw + forged.at[i]) == ERR_OK);
	return head;
}

/* Every hash, check and sequence anew from batch i on; roots stand as they are. */
static void forged_chain(size_t i)
{
	struct log_batch_head head;
	struct log_batch_head before = { .count = 0 };
	struct sha256 s;

	for (; i < forged.batches; i++) {
		uint8_t *p = forged.raw + forged.at[i];

		head = forged_head(i);
		if (i > 0) {
			before = forged_head(i - 1);
		}
		head.previous = before.hash;
		head.first_sequence = before.first_sequence + before.count;
		log_batch_head_put(p, &head);
		sha256_init(&s);
		sha256_update(&s, bytes_of(p, 28));
		sha256_update(&s, bytes_of(p + 32, 64));
		sha256_update(
		    &s, bytes_of(p + LOG_BATCH_HEAD_BYTES, head.bytes - LOG_BATCH_HEAD_BYTES));
		sha256_final(&s, &head.hash);
		log_batch_head_put(p, &head);
	}
}

static enum err forged_replay(void)
{
	return replay_all(forged.raw, forged.n, A);
}

static uint8_t *forged_record(size_t batch, size_t i)
{
	return forged.raw + forged.at[batch] + LOG_BATCH_HEAD_BYTES + i * LOG_RECORD_BYTES;
}

/* A batch behind all others, sealed by `secret`, which is not the journal's; root: or this one. */
static void forged_append(const struct log_record *records, const struct bytes *blobs, size_t n,
			  const struct log_secret *secret, const struct hash32 *root)
{
	static uint8_t space[65536];
	struct log_chain at = r.g[A].chain;
	struct log_batch_head head;
	struct log_batch b;
	struct bytes sealed;

	log_batch_begin(&b, space, sizeof space);
	for (size_t i = 0; i < n; i++) {
		struct log_record one = records[i];

		CHECK(log_batch_add_blob(&b, &one, blobs[i]) == ERR_OK);
	}
	log_batch_seal(&sealed, &b, &at, secret);
	memcpy(forged.raw + forged.n, sealed.p, sealed.n);
	forged.n += sealed.n;
	forged_find();
	if (root != NULL) {
		head = forged_head(forged.batches - 1);
		head.root = *root;
		log_batch_head_put(forged.raw + forged.at[forged.batches - 1], &head);
		forged_chain(forged.batches - 1);
	}
}

/* An acknowledgement that a watcher really signed and the signer never saw. */
static void forged_ack(struct bytes *blob, struct log_record *record)
{
	static uint8_t raw[2048];
	struct doc_ack ack = { .attestation = rig_newest(A),
			       .genesis = r.genesis_id,
			       .time_ms = r.wall };
	struct writer w = writer_make(raw, sizeof raw);

	(void)snprintf(ack.watcher, sizeof ack.watcher, "watcher-2");
	CHECK(doc_ack_make(&w, NULL, &ack, r.watcher[1].secret) == ERR_OK);
	*blob = bytes_of(w.p, w.n);
	*record = (struct log_record){ .kind = LOG_GUARD_ACK, .time_ms = r.wall };
	memcpy(record->id.b, ack.attestation.b, sizeof record->id.b);
	record->credit.b[0] = 1;
	le64_put(record->debit.b, r.g[A].own_ms);
}

/* The place of the last batch with a record of this kind, and of that record in it. */
static size_t forged_kind(uint16_t kind, size_t *record)
{
	for (size_t i = forged.batches; i-- > 0;) {
		for (size_t k = 0; k < forged_head(i).count; k++) {
			if (le16_get(forged_record(i, k)) == kind) {
				*record = k;
				return i;
			}
		}
	}
	CHECK(false);
	return 0;
}

static void forged_contents(void)
{
	static const uint16_t kinds[] = { LOG_GENESIS,       LOG_GUARD_START,  LOG_DOCUMENT,
					  LOG_GUARD_RESERVE, LOG_GUARD_ATTEST, LOG_GUARD_ACK };
	size_t k = 0;
	size_t i;

	/* each byte of one record of each kind, with all hashes made anew */
	for (size_t at = 0; at < ARRAY_LEN(kinds); at++) {
		for (size_t byte = 0; byte < LOG_RECORD_BYTES; byte++) {
			forged_again();
			i = forged_kind(kinds[at], &k);
			forged_record(i, k)[byte] ^= 1;
			forged_chain(i);
			T_CHECK(forged_replay() != ERR_OK);
		}
	}
	/* an acknowledgement's own text, and the name in its record with it */
	for (size_t byte = 0; byte < 400; byte += 7) {
		struct hash32 link;
		uint8_t *blob;

		forged_again();
		i = forged_kind(LOG_GUARD_ACK, &k);
		blob = forged_record(i, forged_head(i).count);
		T_CHECK(le32_get(blob) > 400);
		blob[4 + byte] ^= 1;
		sha256(&link, bytes_of(blob + 4, le32_get(blob)));
		memcpy(forged_record(i, k) + LOG_RECORD_BYTES - sizeof link.b, link.b,
		       sizeof link.b);
		forged_chain(i);
		T_EQ(forged_replay(), ERR_CORRUPT);
	}
}

/* Batches left out, exchanged, cut, put together: the secret's roots stand, the hashes are new. */
static void forged_order(void)
{
	struct log_batch_head first;
	struct log_batch_head second;
	size_t k = 0;
	size_t i;
	size_t n;

	/* one left out before the end */
	for (size_t gone = 0; gone + 1 < forged.batches; gone++) {
		forged_again();
		n = forged_head(gone).bytes;
		memmove(forged.raw + forged.at[gone], forged.raw + forged.at[gone + 1],
			forged.n - forged.at[gone + 1]);
		forged.n -= n;
		forged_find();
		forged_chain(0);
		T_CHECK(forged_replay() != ERR_OK);
		forged_again();
	}
	/* its last one twice */
	n = forged_head(forged.batches - 1).bytes;
	memcpy(forged.raw + forged.n, forged.raw + forged.n - n, n);
	forged.n += n;
	forged_find();
	forged_chain(0);
	T_EQ(forged_replay(), ERR_CORRUPT);

	forged_again();
	/*
	 * Two batches put together need no root in between: the later one's is that of both.  The
	 * attestation names the batch that stood before it.
	 */
	i = forged_kind(LOG_GUARD_ATTEST, &k);
	T_CHECK(i > 0);
	first = forged_head(i - 1);
	second = forged_head(i);
	T_CHECK(first.count > 0 && second.count > 1);
	{
		static uint8_t both[65536];
		static uint8_t blobs[65536];
		size_t blobs_n = 0;
		struct log_view v[2];
		uint8_t *p = both + LOG_BATCH_HEAD_BYTES;

		T_EQ(log_batch_check(&v[0], bytes_of(forged.raw + forged.at[i - 1], first.bytes)),
		     ERR_OK);
		T_EQ(log_batch_check(&v[1], bytes_of(forged.raw + forged.at[i], second.bytes)),
		     ERR_OK);
		for (size_t part = 0; part < 2; part++) {
			memcpy(p, v[part].records.p, v[part].records.n);
			p += v[part].records.n;
		}
		for (size_t part = 2; part-- > 0;) {
			memcpy(blobs + blobs_n, v[part].blobs.p, v[part].blobs.n);
			blobs_n += v[part].blobs.n;
		}
		memcpy(p, blobs, blobs_n);
		n = (size_t)(p + blobs_n - both + 127) / 128 * 128;
		memset(p + blobs_n, 0, (size_t)(both + n - (p + blobs_n)));
		second.count += first.count;
		second.blob_count += first.blob_count;
		second.first_sequence = first.first_sequence;
		second.bytes = (uint32_t)n;
		log_batch_head_put(both, &second);
		memmove(forged.raw + forged.at[i - 1] + n,
			forged.raw + forged.at[i] + forged_head(i).bytes,
			forged.n - forged.at[i] - forged_head(i).bytes);
		forged.n = forged.n - first.bytes - forged_head(i).bytes + n;
		memcpy(forged.raw + forged.at[i - 1], both, n);
		forged_find();
		forged_chain(i - 1);
		T_EQ(log_batch_check(&v[0], bytes_of(forged.raw + forged.at[i - 1], n)), ERR_OK);
	}
	T_EQ(forged_replay(), ERR_CORRUPT);
}

static void forged_journals(void)
{
	static const struct log_secret other = { { 7, 7 } };
	struct log_record record;
	struct hash32 id;
	struct hash32 root;
	struct bytes blob;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	id = rig_newest(A);
	(void)rig_ack(A, 0, &id);
	rig_tick(A, 1);
	forged_again();
	forged_chain(0); /* what he computes is what we compute */
	T_MEM(forged.raw, r.journal[A], forged.n);
	T_EQ(forged_replay(), ERR_OK);
	forged_contents();
	forged_again();
	forged_order();
	/* the word that is missing for a signature, behind all others: no root fits it */
	forged_ack(&blob, &record);
	forged_again();
	forged_append(&record, &blob, 1, &r.log_secret, NULL);
	T_EQ(forged_replay(), ERR_OK); /* as the signer would have written it */
	forged_again();
	forged_append(&record, &blob, 1, &other, NULL);
	T_EQ(forged_replay(), ERR_CORRUPT);
	forged_again();
	root = forged_head(forged.batches - 1).root;
	forged_append(&record, &blob, 1, &other, &root);
	T_EQ(forged_replay(), ERR_CORRUPT);
}

/* The journal's headroom is for freezes: payments stop before it is touched. */
static void full_journal(void)
{
	struct doc_freeze f;
	uint64_t id;

	rig_make();
	r.journal_bytes = r.journal_n[A] + GUARD_HEADROOM_BYTES + 2 * GUARD_SIGN_BYTES_MAX;
	rig_restart(A);
	rig_well(A);
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	T_STR(rig_code(id), "full");
	T_STR(rig_field(id), "journal");
	T_EQ(r.g[A].payments_n, 0);
	f = rig_freeze("watcher-3", 1);
	T_STR(rig_code(rig_stop(A, STOPPER, &f, &r.watcher[2])), "");
	T_CHECK(guard_frozen(&r.g[A]));
}

static void wrong_start(void)
{
	static struct guard g;
	struct guard_config c;
	struct doc_fault fault;

	rig_make();
#define STARTED(change, e, f)                        \
	do {                                         \
		c = rig_config(A);                   \
		change;                              \
		T_EQ(guard_init(&g, &c, &fault), e); \
		T_STR(fault.field, f);               \
	} while (0)
	STARTED((void)0, ERR_OK, "");
	STARTED(c.network = 0x68, ERR_NETWORK, "genesis.chain_network");
	STARTED(c.signer = DOC_SIGNER_B, ERR_KEY, "roster.signers.chain_key");
	STARTED(c.chain_secret = &r.chain[B], ERR_KEY, "roster.signers.chain_key");
	STARTED(c.attest_secret = r.attest[B].secret, ERR_KEY, "roster.signers.attest_key");
	STARTED(c.policy = c.roster, ERR_TYPE, "policy");
	STARTED(c.genesis = c.roster, ERR_GENESIS, "genesis.genesis");
	STARTED(c.storage.payments_cap = 1, ERR_FIELD_RANGE, "storage");
	/* T22: another policy, well formed, that allows everything */
	{
		static uint8_t raw[65536];
		struct writer w = writer_make(raw, sizeof raw);
		struct doc_policy p = r.policy;

		p.payment_max = xem(X(526000000));
		T_EQ(doc_policy_make(&w, NULL, &p, NULL), ERR_OK);
		STARTED(c.policy = bytes_of(w.p, w.n), ERR_MISMATCH, "policy");
	}
	/* another back end in the roster */
	{
		static uint8_t raw[65536];
		struct writer w = writer_make(raw, sizeof raw);
		struct doc_roster other = r.roster;

		other.backends[0].key = r.stranger.key;
		T_EQ(doc_roster_make(&w, NULL, &other, NULL), ERR_OK);
		STARTED(c.roster = bytes_of(w.p, w.n), ERR_MISMATCH, "roster");
	}
	for (size_t n = 0; n < r.policy_n; n += 11) {
		c = rig_config(A);
		c.policy.n = n;
		T_CHECK(guard_init(&g, &c, &fault) != ERR_OK);
	}
#undef STARTED
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "killed after every effect", killed_at_every_effect },
		{ "words of watchers are written later", words_are_written_later },
		{ "random nights with kills", random_nights },
		{ "the planted bugs are found", planted },
		{ "a replay gives the same tables", same_tables },
		{ "damaged and foreign journals", damaged_journals },
		{ "who lacks the journal's secret writes nothing into it", forged_journals },
		{ "the journal's headroom is for freezes", full_journal },
		{ "keys and documents that do not belong together", wrong_start },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
