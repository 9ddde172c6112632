/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what nobody approves leaves on a budget that only a person's `day` renews, whatever clock,
 * server or back end say; a day renews once, and only what that signer itself attested.
 * Method: the budget is used up and time passes; then days of everybody who may and may not, of
 * every wrong sum and point, replayed, old, of another genesis, through a restart; and a server
 * that shows any of them beside each payment.
 */
#include "paper.h"
#include "t.h"

#include "guard/guard_self.h"
#include "guard_said.h"

enum { EACH = 98, FIT = 10 }; /* XEM; so many fit into the budget of 1,000 */

#define CAPPED(id) REFUSED(id, "over-cap", "policy.unapproved_day_max")

static uint8_t numbers; /* of withdrawals: their ids differ */

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
	numbers = 0;
}

/* Amounts and fees of what s attested without approvals, up to this number. */
static uint64_t sum_to(int s, uint64_t sequence)
{
	u128 sum = 0;

	for (size_t i = 0; i < r.g[s].payments_n; i++) {
		const struct guard_payment *p = &r.payments[s][i];

		sum += p->sequence <= sequence && p->approvals == 0 ? guard_self_outflow(p) : 0;
	}
	return (uint64_t)sum;
}

static uint64_t newest(int s)
{
	return guard_self_newest(&r.g[s]);
}

/* What a person who compared everything says. */
static struct doc_day day_now(void)
{
	return (struct doc_day){ .a_sequence = newest(A),
				 .a_unapproved = xem(sum_to(A, newest(A))),
				 .b_sequence = newest(B),
				 .b_unapproved = xem(sum_to(B, newest(B))),
				 .genesis = r.genesis_id,
				 .person = "auditor-1",
				 .time_ms = r.wall };
}

static struct bytes day_raw(const struct doc_day *day, const struct rig_key *key)
{
	static uint8_t raw[4][2048];
	static unsigned at;
	struct writer w = writer_make(raw[at++ % 4], sizeof raw[0]);

	CHECK(doc_day_make(&w, NULL, day, key == NULL ? NULL : key->secret) == ERR_OK);
	return bytes_of(w.p, w.n);
}

/* SIGN of what is at hand to s, with these days beside it; what A said goes to B. */
static uint64_t sign_with(int s, const struct rig_sent *a, const struct bytes *days, size_t n)
{
	static struct rig_bodies b;

	rig_encode(&b);
	for (size_t i = 0; i < n; i++) {
		b.items[b.n++] = days[i];
	}
	if (s == B) {
		b.items[b.n++] = rig_item(a, 0);
		b.items[b.n++] = rig_item(a, 1);
	}
	return rig_send(s, &b);
}

static uint64_t ask(const struct bytes *day)
{
	rig_well(A);
	rig_withdrawal(X(EACH), 0, ++numbers);
	return sign_with(A, NULL, day, day == NULL ? 0 : 1);
}

static bool acked(int s, uint64_t id)
{
	struct hash32 attestation;

	if (rig_refusal(id) != NULL) {
		return false;
	}
	attestation = rig_newest(s);
	(void)rig_ack(s, 0, &attestation);
	(void)rig_ack(s, 1, &attestation);
	return rig_signed(id);
}

/* One small payment of A's, with this day beside it or none. */
static bool pay(const struct bytes *day)
{
	return acked(A, ask(day));
}

/* The same through both. */
static bool pay_both(const struct bytes *day)
{
	uint64_t id = ask(day);

	if (!acked(A, id)) {
		return false;
	}
	rig_well(B);
	return acked(B, sign_with(B, rig_answer(id), day, day == NULL ? 0 : 1));
}

static unsigned pay_many(const struct bytes *day, unsigned most)
{
	unsigned n = 0;

	while (n < most && pay(day)) {
		n++;
	}
	return n;
}

static void pass_days(unsigned n)
{
	rig_tick(A, (uint64_t)n * POLICY_DAY_MS);
	rig_tick(B, 0);
}

static void no_time_renews(void)
{
	uint64_t id;

	start();
	T_EQ(pay_many(NULL, 50), FIT);
	CAPPED(ask(NULL));
	/* days, weeks, and a year: nobody has compared anything */
	for (unsigned days = 1; days < 500; days *= 7) {
		pass_days(days);
		CAPPED(ask(NULL));
	}
	/* nor does a new start */
	rig_restart(A);
	CAPPED(ask(NULL));
	/* what people approve does not draw on it */
	rig_withdrawal(X(EACH), 1, ++numbers);
	T_CHECK(acked(A, rig_sign()));
	id = ask(NULL);
	CAPPED(id);
	T_EQ(r.g[A].budget.ever, sum_to(A, newest(A)));
}

static void renews_once(void)
{
	struct doc_day first;
	struct bytes day, old;

	start();
	T_EQ(pay_many(NULL, 50), FIT);
	pass_days(2);
	first = day_now();
	old = day_raw(&first, &r.person[4]);
	/* one budget for one day, though it stands beside every payment */
	T_EQ(pay_many(&old, 50), FIT);
	pass_days(2);
	CAPPED(ask(&old));
	rig_restart(A);
	CAPPED(ask(&old));
	CAPPED(ask(NULL));
	/* the next day, by an officer; then the first one again */
	first = day_now();
	(void)snprintf(first.person, sizeof first.person, "officer-2");
	day = day_raw(&first, &r.person[1]);
	T_CHECK(pay(&day));
	T_EQ(pay_many(&old, 50), FIT - 1);
	pass_days(2);
	CAPPED(ask(&old));
	CAPPED(ask(&day));
	T_EQ(r.g[A].budget.ever, sum_to(A, newest(A)));
	T_EQ(r.g[A].budget.sequence, first.a_sequence);
}

/* It renews what was compared and not what came after it. */
static void renews_what_was_compared(void)
{
	struct doc_day middle;
	struct bytes day;

	start();
	T_EQ(pay_many(NULL, 4), 4);
	middle = day_now();
	T_EQ(pay_many(NULL, 50), FIT - 4);
	pass_days(2);
	day = day_raw(&middle, &r.person[4]);
	T_EQ(pay_many(&day, 50), 4);
	pass_days(2);
	CAPPED(ask(&day));
	/* the rolling day stays: a renewed budget is not two in one day */
	middle = day_now();
	day = day_raw(&middle, &r.person[4]);
	T_EQ(pay_many(&day, 50), FIT);
	middle = day_now();
	day = day_raw(&middle, &r.person[4]);
	CAPPED(ask(&day));
}

static void who_may_sign(void)
{
	struct doc_day d;
	struct bytes day;

	start();
	T_EQ(pay_many(NULL, 50), FIT);
	pass_days(2);
	d = day_now();
#define BY(name, key_, code_, field_)                                  \
	do {                                                           \
		(void)snprintf(d.person, sizeof d.person, "%s", name); \
		day = day_raw(&d, (key_));                             \
		REFUSED(ask(&day), (code_), (field_));                 \
	} while (0)

	BY("approver-1", &r.person[2], "unknown-signer", "day.person");
	BY("customer-1", &r.backend, "unknown-signer", "day.person");
	BY("backend", &r.backend, "unknown-signer", "day.person");
	BY("watcher-1", &r.watcher[0], "unknown-signer", "day.person");
	BY("a", &r.attest[A], "unknown-signer", "day.person");
	BY("auditor-1", NULL, "not-signed", "day.signatures");
	BY("auditor-1", &r.backend, "bad-signature", "day.signatures");
	BY("auditor-1", &r.person[0], "bad-signature", "day.signatures");
	BY("officer-1", &r.person[4], "bad-signature", "day.signatures");
	d.time_ms = r.wall + 3600000;
	BY("auditor-1", &r.person[4], "clock", "day.time_ms");
#undef BY
	T_EQ(r.g[A].budget.sequence, 0);
	T_EQ(r.g[A].payments_n, FIT);
	CAPPED(ask(NULL));
}

static void other_sums(void)
{
	struct doc_day d;
	struct bytes day;
	uint64_t sum;

	start();
	T_EQ(pay_many(NULL, 50), FIT);
	pass_days(2);
	d = day_now();
	sum = sum_to(A, d.a_sequence);
#define REFUSED_DAY(change, code_, field_)             \
	do {                                           \
		d = day_now();                         \
		change;                                \
		day = day_raw(&d, &r.person[4]);       \
		REFUSED(ask(&day), (code_), (field_)); \
	} while (0)

	/* less than left: a thief's payments are missing in the person's list; or more */
	REFUSED_DAY(d.a_unapproved = xem(sum - X(EACH)), "mismatch", "day.a_unapproved");
	REFUSED_DAY(d.a_unapproved = xem(sum - 1), "mismatch", "day.a_unapproved");
	REFUSED_DAY(d.a_unapproved = xem(sum + 1), "mismatch", "day.a_unapproved");
	REFUSED_DAY(d.a_unapproved = xem(UINT64_MAX), "mismatch", "day.a_unapproved");
	/* another point than the sum's */
	REFUSED_DAY(d.a_sequence = newest(A) - 1, "mismatch", "day.a_unapproved");
	REFUSED_DAY(d.a_sequence = 1, "mismatch", "day.a_unapproved");
	/* a point that has not come yet would renew what nobody has seen */
	REFUSED_DAY(d.a_sequence = newest(A) + 1, "mismatch", "day.a_sequence");
	REFUSED_DAY(d.a_sequence = JSON_INT_MAX, "mismatch", "day.a_sequence");
#undef REFUSED_DAY
	/* of nothing compared: no effect, and so no error */
	d = day_now();
	d.a_sequence = 0;
	d.a_unapproved = xem(0);
	day = day_raw(&d, &r.person[4]);
	CAPPED(ask(&day));
	T_EQ(r.g[A].budget.sequence, 0);
	/* B's own line is B's business */
	d = day_now();
	d.b_sequence = 77;
	d.b_unapproved = xem(X(1));
	day = day_raw(&d, &r.person[4]);
	T_CHECK(pay(&day));
}

static void malformed(void)
{
	struct hash32 ours;
	struct doc_day d;
	struct bytes day, two[2];

	start();
	T_EQ(pay_many(NULL, 2), 2);
	d = day_now();
	two[0] = two[1] = day_raw(&d, &r.person[4]);
	rig_withdrawal(X(EACH), 0, ++numbers);
	REFUSED(sign_with(A, NULL, two, 2), "bad-input", "day");
	ours = d.genesis;
	d.genesis.b[0] ^= 1;
	day = day_raw(&d, &r.person[4]);
	T_STR(rig_code(ask(&day)), "other-genesis");
	d.genesis = ours;
	(void)snprintf(d.person, sizeof d.person, "%s", "auditor-1");
	day = day_raw(&d, &r.person[4]);
	/* one field of another form: everything else is as it was signed */
	{
		static uint8_t bent[2048];
		char *at;

		memcpy(bent, day.p, day.n);
		bent[day.n] = '\0';
		at = strstr((char *)bent, "\"person\"");
		CHECK(at != NULL);
		memcpy(at, "\"perron\"", 8);
		day = bytes_of(bent, day.n);
	}
	T_CHECK(rig_refusal(ask(&day)) != NULL);
	T_EQ(r.g[A].payments_n, 2);
}

/* Each signer counts for itself, and B with A's word is no less strict. */
static void both_signers(void)
{
	struct doc_day d;
	struct bytes day, bad;
	uint64_t id;
	unsigned n = 0;

	start();
	while (n < 50 && pay_both(NULL)) {
		n++;
	}
	T_EQ(n, FIT);
	pass_days(2);
	d = day_now();
	day = day_raw(&d, &r.person[4]);
	/* A was told a good day, B none, then one that is wrong about B */
	id = ask(&day);
	T_CHECK(acked(A, id));
	rig_well(B);
	CAPPED(sign_with(B, rig_answer(id), NULL, 0));
	d.b_unapproved = xem(money_units(&d.b_unapproved) == 0 ? 1 : X(1));
	bad = day_raw(&d, &r.person[4]);
	REFUSED(sign_with(B, rig_answer(id), &bad, 1), "mismatch", "day.b_unapproved");
	d.b_sequence = newest(B) + 1;
	bad = day_raw(&d, &r.person[4]);
	REFUSED(sign_with(B, rig_answer(id), &bad, 1), "mismatch", "day.b_sequence");
	T_CHECK(acked(B, sign_with(B, rig_answer(id), &day, 1)));
	T_EQ(r.g[B].budget.since, guard_self_outflow(&r.payments[B][FIT]));
	rig_restart(B);
	T_EQ(r.g[B].budget.since, guard_self_outflow(&r.payments[B][FIT]));
	T_EQ(r.g[B].budget.ever, sum_to(B, newest(B)));
}

static unsigned days_among(int s, uint64_t after)
{
	struct doc_cursor cursor = { .after = after, .genesis = r.genesis_id };
	uint8_t raw[512], body[600];
	struct writer w = writer_make(raw, sizeof raw), b = writer_make(body, sizeof body);
	const struct rig_sent *sent;
	struct bytes item;
	struct doc d;
	unsigned n = 0;

	CHECK(doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK);
	item = bytes_of(w.p, w.n);
	sent = rig_answer(rig_frame(s, WATCHER, SIGNER_NEXT, rig_body(&b, &item, 1)));
	for (size_t i = 0; rig_item(sent, i).n > 0; i++) {
		n += rig_type(rig_item(sent, i), &d) == DOC_DAY;
	}
	return n;
}

/* Watchers are told the day with the payment that it lets through, and only there. */
static void watchers_are_told(void)
{
	struct doc_day d;
	struct bytes day;
	uint64_t before;

	start();
	T_EQ(pay_many(NULL, 50), FIT);
	T_EQ(days_among(A, 0), 0);
	pass_days(2);
	d = day_now();
	day = day_raw(&d, &r.person[4]);
	before = newest(A);
	T_CHECK(pay(&day));
	T_EQ(days_among(A, before), 1);
	before = newest(A);
	T_CHECK(pay(&day));
	T_EQ(days_among(A, before), 0);
	/* also beside a payment that people approve */
	d = day_now();
	day = day_raw(&d, &r.person[4]);
	before = newest(A);
	rig_well(A);
	rig_withdrawal(X(EACH), 1, ++numbers);
	T_CHECK(acked(A, sign_with(A, NULL, &day, 1)));
	T_EQ(days_among(A, before), 1);
	T_EQ(r.g[A].budget.since, 0);
	/* a payment that is refused takes no day with it */
	d = day_now();
	(void)pay(NULL);
	d = day_now();
	day = day_raw(&d, &r.person[4]);
	rig_withdrawal(X(5000), 0, ++numbers);
	T_STR(rig_code(sign_with(A, NULL, &day, 1)), "over-cap");
	T_CHECK(r.g[A].budget.since > 0);
}

/* Governance leaves so much without approvals from now on, which tightens. */
static void tighten(uint64_t budget)
{
	static struct paper p;
	static uint8_t body[16400];
	const uint8_t *secrets[2] = { r.person[0].secret, r.person[1].secret };
	struct writer b = writer_make(body, sizeof body);
	struct doc_policy next = r.policy;
	struct bytes item;

	next.number++;
	next.previous = r.policy_id;
	next.unapproved_day_max = xem(budget);
	paper_make(&p, DOC_POLICY, &next, &r.genesis_id, secrets, 2);
	item = bytes_of(p.raw, p.n);
	(void)rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
	r.policy = next;
	r.policy_id = p.id;
	rig_well(A);
}

/* Attested by other rules and judged again: what it took itself is not counted twice. */
static void judged_again(void)
{
	uint64_t outflow, id;
	struct doc_day d;
	struct bytes day;
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;

	start();
	id = ask(NULL);
	T_STR(rig_code(id), "");
	outflow = (uint64_t)guard_self_outflow(&r.payments[A][0]);
	tighten(outflow);
	id = sign_with(A, NULL, NULL, 0);
	T_CHECK(acked(A, id));
	T_CHECK(!pay(NULL));
	/* with a day that has compared it, it is not in the sum any more */
	start();
	id = ask(NULL);
	request = r.request;
	order = r.order;
	attempt = r.attempt;
	d = day_now();
	day = day_raw(&d, &r.person[4]);
	T_CHECK(pay(&day));
	T_EQ(r.g[A].budget.since, outflow);
	tighten(2 * outflow);
	r.request = request;
	r.order = order;
	r.attempt = attempt;
	T_STR(rig_code(sign_with(A, NULL, NULL, 0)), "");
	T_EQ(r.g[A].budget.since, outflow);
}

/* One payment of people's with an id so many days old. */
static void aged(uint64_t days, size_t approvals)
{
	uint8_t tail[UUID7_RANDOM_BYTES] = { 1, ++numbers };

	rig_well(A);
	rig_withdrawal(X(EACH), approvals, numbers);
	uuid7_make(&r.request.request_id, r.wall - days * POLICY_DAY_MS, tail);
	r.order.request_id = r.request.request_id;
	T_CHECK(acked(A, rig_sign()));
}

/* The point behind which nothing is forgotten stays, whatever is forgotten later. */
static void forgotten_out_of_order(void)
{
	uint64_t newest_gone;

	start();
	aged(0, 0);
	aged(20, 0);
	newest_gone = newest(A);
	pass_days(20);
	r.g[A].config.storage.payments_cap = 16;
	for (unsigned i = 0; i < 11; i++) {
		aged(0, 1);
	}
	T_EQ(r.g[A].forgot_sequence, newest_gone);
	pass_days(20);
	aged(0, 1);
	T_EQ(r.g[A].payments_n, 12);
	T_EQ(r.g[A].forgot_sequence, newest_gone);
}

/* So far back that the table has forgotten what lies behind it. */
static void forgotten(void)
{
	struct doc_day early, now;
	struct bytes day;

	start();
	T_EQ(pay_many(NULL, 2), 2);
	early = day_now();
	T_EQ(pay_many(NULL, 1), 1);
	pass_days(40);
	/* payments of people fill it until those of the beginning make room */
	r.g[A].config.storage.payments_cap = 16;
	for (unsigned i = 0; i < 10; i++) {
		rig_well(A);
		rig_withdrawal(X(EACH), 1, ++numbers);
		T_CHECK(acked(A, rig_sign()));
	}
	T_CHECK(r.g[A].forgot);
	day = day_raw(&early, &r.person[4]);
	REFUSED(ask(&day), "stale", "day.a_sequence");
	/* the newest point has its answer, from before what is forgotten too */
	now = day_now();
	now.a_unapproved = xem((uint64_t)r.g[A].budget.ever);
	day = day_raw(&now, &r.person[4]);
	T_CHECK(pay(&day));
	T_EQ(r.g[A].budget.sequence, now.a_sequence);
}

/* A server that shows, beside each payment, any day that was ever signed, in any order. */
static void evil_server(void)
{
	static uint8_t kept[12][2048];
	size_t kept_n[12];
	u128 most = 0;
	uint64_t dice = 7;

	start();
	for (unsigned i = 0; i < ARRAY_LEN(kept); i++) {
		struct doc_day d;
		struct bytes day;
		uint64_t budget = X(1000);

		(void)pay_many(NULL, 3);
		d = day_now();
		day = day_raw(&d, &r.person[i % 2 == 0 ? 4 : 1]);
		if (i % 2 == 1) {
			(void)snprintf(d.person, sizeof d.person, "officer-2");
			day = day_raw(&d, &r.person[1]);
		}
		memcpy(kept[i], day.p, day.n);
		kept_n[i] = day.n;
		most = money_units(&d.a_unapproved) + budget;
		for (unsigned k = 0; k < 9; k++) {
			size_t pick;

			dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
			pick = (size_t)(dice >> 33) % (i + 1);
			day = bytes_of(kept[pick], kept_n[pick]);
			(void)pay(&day);
			pass_days(1);
			if (dice >> 62 == 0) {
				rig_restart(A);
			}
		}
		T_CHECK(r.g[A].budget.ever <= most);
		T_EQ(r.g[A].budget.ever, sum_to(A, newest(A)));
	}
	T_CHECK(r.g[A].payments_n > 20);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "no time renews the budget", no_time_renews },
		{ "a day renews it once", renews_once },
		{ "a day renews what was compared", renews_what_was_compared },
		{ "who may sign a day", who_may_sign },
		{ "sums and points that are not ours", other_sums },
		{ "malformed, foreign, two at once", malformed },
		{ "each signer counts for itself", both_signers },
		{ "watchers are told", watchers_are_told },
		{ "judged again by other rules", judged_again },
		{ "further back than the table", forgotten },
		{ "forgotten out of order", forgotten_out_of_order },
		{ "a server that shows any day ever signed", evil_server },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
