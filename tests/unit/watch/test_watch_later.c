/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a record that cannot be judged here yet is kept, journalled and not acknowledged, and
 * nothing behind it waits; it is judged again when what was missing has come, or its time is over
 * (docs/decisions/0029).  Whoever floods the table of such records hides no theft, holds up no
 * evacuation, and gets no payment past a limit.
 * Method: the whole watcher (watch_rig.h); records from the future of its clocks, by a grant that
 * still waits here, and by rules that nobody knows; power cuts behind each commit.
 */
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "paper.h"
#include "t.h"
#include "watch_rig.h"

#include "watch/watch_self.h"

static struct paper p1;

static bool putoff(int s, const struct hash32 *id)
{
	for (size_t i = 0; i < r.w.signer[s].later_n; i++) {
		if (hash32_eq(&r.w.signer[s].later[i].id, id)) {
			return true;
		}
	}
	return false;
}

/* Signer s tells of a payment as if it signed it so many ms from now. */
static struct hash32 word_of(int s, uint64_t amount, uint64_t ahead_ms)
{
	struct hash32 id;

	pay_new(amount);
	pay_link();
	att_make(s);
	r.att.time_ms = r.wall + ahead_ms;
	id = att_tell(s);
	rig_settle();
	return id;
}

/* Ahead of what our clocks allow by so much. */
static uint64_t beyond(uint64_t ms)
{
	return r.policy.clock_skew_ms + ms;
}

static void nothing_waits_behind(void)
{
	struct hash32 first, second;

	rig_up();
	first = word_of(A, X(50), beyond(3000));
	wait_ms(100);
	T_CHECK(putoff(A, &first) && !was_acked(A, &first));
	second = word_of(A, X(51), 0);
	T_CHECK(was_acked(A, &second));
	T_EQ(r.w.payments_n, 1);
	/* taken when its time has come, though younger ones were taken before it */
	wait_ms(3500);
	T_CHECK(was_acked(A, &first) && !putoff(A, &first));
	T_EQ(r.w.payments_n, 2);
	T_EQ(r.w.alarms, 0);
	/* told again after a new link it is known */
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	wait_ms(200);
	T_EQ(r.w.payments_n, 2);
	T_CHECK(!watch_frozen(&r.w));
}

/* Also with its signer gone, and after a start: the journal has it. */
static void kept_without_its_signer(void)
{
	struct hash32 first, second;

	rig_up();
	first = word_of(A, X(50), beyond(9000));
	wait_ms(100);
	second = word_of(A, X(51), 0);
	T_CHECK(putoff(A, &first) && was_acked(A, &second));
	rig_restart(r.batches);
	T_CHECK(putoff(A, &first));
	T_EQ(r.w.payments_n, 1);
	wait_ms(9500);
	T_EQ(r.w.payments_n, 2);
	T_CHECK(!putoff(A, &first));
	T_EQ(r.w.control.binding, 0);
	/* and its signer hears of it when it is back */
	r.signer[A].acks = 0;
	rig_connect();
	feed_all();
	T_CHECK(was_acked(A, &first));
	/* B's word on it: the same payment, once */
	T_EQ(r.w.history.n, 2);
}

/* A start from a journal that ends behind any commit comes to the same end. */
static void cut_off_anywhere(void)
{
	struct hash32 first, second, third;
	size_t whole, from;

	rig_up();
	from = r.batches;
	first = word_of(A, X(50), beyond(5000));
	wait_ms(100);
	second = word_of(A, X(51), 0);
	third = word_of(B, X(52), beyond(5000));
	wait_ms(100);
	T_CHECK(putoff(A, &first) && putoff(B, &third));
	wait_ms(5500);
	whole = r.batches;
	T_CHECK(whole >= from + 5);
	for (size_t n = whole; n >= from; n--) {
		rig_restart(n);
		rig_connect();
		feed_all();
		wait_ms(300);
		T_CHECK(was_acked(A, &first) && was_acked(A, &second) && was_acked(B, &third));
		T_EQ(r.w.payments_n, 3);
		T_EQ(r.w.history.n, 3);
		T_EQ(r.w.signer[A].later_n + r.w.signer[B].later_n, 0);
		T_EQ(r.w.control.binding, 0);
		T_EQ(r.w.signer[A].held_sequence, 6);
		T_EQ(r.w.signer[B].held_sequence, 3);
	}
}

/* Rules that nobody knows: after their time it is the crime that it always was, and only one. */
static void over_and_no_better(void)
{
	struct hash32 id, good;
	size_t batches;

	rig_up();
	pay_new(X(20));
	pay_link();
	r.policy_id.b[0] ^= 1;
	id = att_tell(A);
	rig_settle();
	r.policy_id.b[0] ^= 1;
	wait_ms(100);
	T_CHECK(putoff(A, &id));
	good = word_of(A, X(21), 0);
	T_CHECK(was_acked(A, &good));
	/* a start begins its time again */
	rig_pass(WATCH_EXCLUSION_OLD_MS - 5000);
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(5000);
	T_CHECK(putoff(A, &id) && !watch_frozen(&r.w));
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	batches = r.batches;
	wait_ms(200);
	T_CHECK(!putoff(A, &id) && !was_acked(A, &id));
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.w.alarms, 1);
	/* cut off between the freeze and the end of it: judged again, called once */
	T_EQ(r.batches, batches + 2);
	rig_restart(batches + 1);
	T_CHECK(putoff(A, &id));
	T_EQ(r.w.control.binding, 1);
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	wait_ms(1000);
	T_CHECK(!putoff(A, &id));
	T_EQ(r.w.control.binding, 1);
}

/* Somebody has A's attest key, and floods: so many records from the future. */
static void flood(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)word_of(A, X(20) + i, beyond(7200000));
	}
	wait_ms(3000);
}

static struct nem_tx stolen(void)
{
	struct nem_tx t = tx_transfer(K_TILL, K_THIEF, X(40000));
	struct nem_inner inner = inner_of(&t);
	struct nem_tx w = tx_wrap(K_A, &inner, NEM_FEE_MULTISIG_MICRO);

	tx_sign(&w, K_A);
	tx_cosign(&w, K_B);
	return w;
}

static void a_flood_hides_no_theft(void)
{
	struct watch_signer *k = &r.w.signer[A];
	struct hash32 behind;
	struct nem_tx t;
	unsigned acks;
	uint64_t held;

	rig_up();
	flood(WATCH_LATER_MAX + 5);
	T_EQ(k->later_n, WATCH_LATER_MAX);
	T_CHECK(k->later_used <= WATCH_LATER_BYTES);
	T_EQ(r.w.not_acked, WATCH_LATER_MAX + 1);
	/* full: what comes behind waits */
	behind = word_of(A, X(60), 0);
	wait_ms(500);
	T_CHECK(!was_acked(A, &behind));
	T_EQ(r.w.payments_n, 0);
	T_EQ(r.w.control.binding, 0);
	/* the theft is seen at once; A's sweeps behind the flood are acknowledged */
	held = k->held_sequence;
	acks = r.signer[A].acks;
	t = stolen();
	feed_given(0, &t, 1);
	wait_ms(WATCH_BARRIER_MS + 500);
	T_EQ(r.w.thefts, 1);
	T_CHECK(watch_evacuating(&r.w));
	T_CHECK(r.signer[A].sweeps >= 2);
	T_CHECK(r.signer[A].acks >= acks + 2);
	T_CHECK(r.announced >= 2);
	T_EQ(k->held_sequence, held); /* those before are still to come */
	/* and they are known after a start, with everything else as it was */
	rig_restart(r.batches);
	T_EQ(k->later_n, WATCH_LATER_MAX);
	T_EQ(k->held_sequence, held);
	T_CHECK(r.w.payments_n >= 2);
	rig_connect();
	wait_ms(500);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(!was_acked(A, &behind));
}

/* What waits for a time that does not come makes room when its own is over. */
static void a_flood_is_given_up(void)
{
	struct watch_signer *k = &r.w.signer[A];
	struct hash32 behind;

	rig_up();
	flood(WATCH_LATER_MAX + 5);
	behind = word_of(A, X(60), 0);
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	for (unsigned i = 0; i < 40 && !was_acked(A, &behind); i++) {
		r.signer[A].nonce++; /* as a true one does: what it held back is answered */
		wait_ms(200);
	}
	T_CHECK(was_acked(A, &behind));
	T_EQ(r.w.control.binding, 0);
	/* as many as were needed, each with an alarm; the last ones are put off like the first */
	T_CHECK(r.w.alarms >= 5);
	T_CHECK(k->later_n <= WATCH_LATER_MAX && k->peek == 0);
	rig_restart(r.batches);
	T_CHECK(k->later_n <= WATCH_LATER_MAX);
	T_EQ(r.w.payments_n, 1);
}

/* A record that names the theft vouches for nothing: it is called as late as it may be ever. */
static void a_flood_that_names_the_theft(void)
{
	struct nem_tx t;

	rig_up();
	t = stolen();
	for (int s = A; s <= B; s++) {
		for (unsigned i = 0; i < 8; i++) {
			pay_new(X(20) + i);
			pay_link();
			att_make(s);
			nem_tx_hash_inner(&r.att.inner_hash, &t.multisig.inner);
			r.att.time_ms = r.wall + beyond(7200000);
			(void)att_tell(s);
			rig_settle();
		}
	}
	wait_ms(1000);
	T_EQ(r.w.signer[A].later_n, 8);
	feed_given(0, &t, 1);
	wait_ms(WATCH_SILENT_MS - 25);
	T_EQ(r.w.thefts, 0);
	wait_ms(50);
	T_EQ(r.w.thefts, 1);
	T_CHECK(watch_evacuating(&r.w));
}

/* To the rig's customer, told here and by our clocks not over for long. */
static void grant_told(void)
{
	struct doc_grant g = { .from_ms = r.wall - 2000,
			       .genesis = r.genesis_id,
			       .reason = "a new office",
			       .until_ms = r.wall - 2000 + 10800000,
			       .up_to = xem(X(80)) };

	const uint8_t *officers[2] = { r.person[0].secret, r.person[1].secret };
	struct bytes item;

	doc_address(&g.destination, K_CUSTOMER);
	paper_make(&p1, DOC_GRANT, &g, &r.genesis_id, officers, 2);
	item = bytes_of(p1.raw, p1.n);
	CHECK(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)) == DOC_RECEIPT);
	wait_ms(200);
}

/* What is put off though good in all else counts in every sum from then on. */
static void a_flood_passes_no_limit(void)
{
	unsigned n = 0;

	rig_strict = true;
	rig_up();
	rig_strict = false;
	grant_told();
	for (; n < 30 && !watch_frozen(&r.w); n++) {
		(void)word_of(A, X(60) + n, 0);
		wait_ms(100);
	}
	/* 1,000 XEM a day without approvals, 60 and fees each */
	T_EQ(n, 17);
	T_EQ(r.w.signer[A].later_n, 16);
	T_EQ(r.w.history.n, 16);
	T_EQ(r.signer[A].acks, 0);
	rig_restart(r.batches);
	T_EQ(r.w.signer[A].later_n, 16);
	T_EQ(r.w.history.n, 16);
}

/* Its time comes while a freeze is held: it has our word when that is lifted, on the same link. */
static void over_while_frozen(void)
{
	static uint8_t raw[16384];
	struct bytes item;
	struct hash32 whole, behind;

	rig_strict = true;
	rig_up();
	rig_strict = false;
	grant_told();
	behind = word_of(A, X(60), 0);
	wait_ms(200);
	whole = word_of(A, X(40), beyond(3000));
	wait_ms(200);
	T_CHECK(putoff(A, &behind) && putoff(A, &whole));
	T_EQ(r.w.payments_n, 1);
	item = bytes_of(raw, freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false,
					 bytes_of(NULL, 0), 1));
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	wait_ms(500);
	T_EQ(r.w.signer[A].later_n, 0);
	T_EQ(r.w.payments_n, 2);
	T_EQ(r.signer[A].acks, 0);
	rig_resume();
	T_CHECK(was_acked(A, &behind) && was_acked(A, &whole));
	T_EQ(r.signer[A].acks, 2);
}

/* It may be seen on the chain meanwhile, in exactly its form; in any other it is a theft. */
static void what_waits_on_the_chain(void)
{
	struct hash32 id;
	struct nem_tx unit;

	for (unsigned form = 0; form < 2; form++) {
		rig_strict = true;
		rig_up();
		rig_strict = false;
		grant_told();
		id = word_of(A, X(60), 0);
		(void)att_tell(B);
		rig_settle();
		wait_ms(200);
		T_CHECK(putoff(A, &id));
		T_EQ(r.w.payments_n, 1);
		unit = pay_unit();
		if (form == 1) {
			unit.head.fee_micro++;
			tx_sign(&unit, K_B);
		}
		feed_given(0, &unit, 1);
		wait_ms(3000);
		T_EQ(r.w.thefts, form);
		T_EQ(r.w.control.binding, form);
		if (form == 0) {
			rig_restart(r.batches);
			rig_connect();
			feed_all();
			feed_given(0, &unit, 1);
			wait_ms(3000);
			T_EQ(r.w.thefts, 0);
			T_EQ(r.signer[A].acks, 0);
			rig_pass(WATCH_EXCLUSION_OLD_MS);
			wait_ms(500);
			T_CHECK(was_acked(A, &id));
			T_EQ(r.signer[B].acks, 1);
			T_EQ(r.w.control.binding, 0);
		}
	}
}

/* The number on a forged record from the future hides no honest one before it. */
static void poisoned_numbers(void)
{
	struct model *m = &r.signer[A];
	struct hash32 forged, honest[2];

	for (unsigned twice = 0; twice < 2; twice++) {
		rig_up();
		(void)pay_whole(X(50));
		pay_new(X(60));
		pay_link();
		att_make(A);
		r.att.sequence += 6;
		r.att.time_ms = r.wall + beyond(7200000);
		forged = att_tell(A);
		if (twice == 0) {
			next_serve(A);
			tick(0);
			/* told once; the true signer answers from then on */
		} else {
			rig_settle();
			wait_ms(200);
			T_CHECK(putoff(A, &forged));
		}
		m->told_n = 1;
		m->sequence = m->told[0].sequence;
		m->nonce++;
		rig_settle();
		wait_ms(100);
		for (unsigned i = 0; i < 2; i++) {
			honest[i] = word_of(A, X(70) + i, 0);
		}
		wait_ms(200);
		T_CHECK(was_acked(A, &honest[0]) && was_acked(A, &honest[1]));
		T_EQ(r.w.control.binding, 0);
	}
}

/* Records of what was put off that this program never wrote. */
static void corrupt_records(void)
{
	struct log_record rec = { .kind = LOG_WATCH_LATER };
	struct hash32 id;

	rig_up();
	id = word_of(A, X(50), beyond(60000));
	wait_ms(100);
	T_CHECK(putoff(A, &id));
	for (unsigned row = 0; row < 6; row++) {
		rec.id = watch_self_short(&id);
		memset(rec.debit.b, 0, sizeof rec.debit.b);
		rec.debit.b[1] = 2;
		switch (row) {
		case 0:
			rec.debit.b[0] = 2;
			break;
		case 1:
			rec.debit.b[1] = 0;
			break;
		case 2:
			rec.debit.b[1] = 3;
			break;
		case 3:
			rec.debit.b[2] = WATCH_TAKEN_WHOLE;
			break;
		case 4:
			rec.id.b[0] ^= 1;
			break;
		default:
			rec.debit.b[0] = B;
			break;
		}
		T_EQ(watch_record_replay_later(&r.w, &rec), ERR_CORRUPT);
		T_CHECK(putoff(A, &id));
	}
	rec.debit.b[0] = A;
	T_EQ(watch_record_replay_later(&r.w, &rec), ERR_OK);
	T_CHECK(!putoff(A, &id));
	T_EQ(r.w.payments_n, 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "nothing waits behind it", nothing_waits_behind },
		{ "kept without its signer", kept_without_its_signer },
		{ "cut off anywhere", cut_off_anywhere },
		{ "over and no better", over_and_no_better },
		{ "a flood hides no theft", a_flood_hides_no_theft },
		{ "a flood is given up", a_flood_is_given_up },
		{ "a flood that names the theft", a_flood_that_names_the_theft },
		{ "a flood passes no limit", a_flood_passes_no_limit },
		{ "over while a freeze is held", over_while_frozen },
		{ "what waits, seen on the chain", what_waits_on_the_chain },
		{ "poisoned numbers", poisoned_numbers },
		{ "records that it never wrote", corrupt_records },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
