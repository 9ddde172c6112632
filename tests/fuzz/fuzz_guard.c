/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no sequence of messages, well formed or not, makes a signer sign without the people and the
 * watchers that it needs, or before it was asked (PREPARE lets nothing out), sign more than the
 * windows allow, two payments for one request, or anything after a freeze, or renew a budget but by
 * a rightful person's day, as far as that says, or pay a stranger more than strangers get but by a
 * grant of its quorum that has waited, has not ended and that nobody cancelled; none brings it down
 * (style.md 5.5, test 14). Method: the bytes are a list of things that happen to two real guards:
 * whole documents of the right people, some with bytes changed on the way, raw frames through the
 * gate's table, silence, kills.  What people and watchers said is counted here, from what was sent
 * unchanged, and every signature that comes out is held against it.
 */
#include "fuzz_main.h"

#include "guard_rig.h"
#include "ipc/gate.h"

enum {
	ORDERS = 6,
	ATTEMPTS = 2,
	HAPPENINGS_MAX = 48,
	PASS_MAX_MS = 3000000, /* of a run: all that is signed lies within one hour */
	KNOWN_MAX = 64,
	LOWEST = 90, /* yen */
	GRANTS = 4,
	LOOSENING_MS = 60000,
	GRANT_LIFE_MS = 600000,
	BOOT_MS = 6000, /* by which a start may bring monotonic time forward (rig_restart()) */
};

static const uint64_t amounts[ORDERS] = { X(50), X(95), X(400), X(900), X(3000), X(3900) };

/* The withdrawals of a run, as its first moment made them. */
static struct {
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;
} asked[ORDERS];

/* What was sent for one attempt of one order, unchanged. */
static struct {
	struct hash32 id; /* of the attempt, zero until it was sent */
	size_t approvals; /* most in one SIGN */
	bool priced;      /* in one SIGN two sources said what counts, or more */
	bool asked[2];    /* for its signature: SIGN, changed on the way or not */
	bool released[2];
} sent[ORDERS][ATTEMPTS];

/* The last PREPARE to each signer, as it came there. */
static struct {
	uint8_t body[65536];
	size_t n;
	size_t order, attempt;
	bool used;
} prepared[2];

/* Acknowledgements that were sent unchanged. */
static struct {
	struct hash32 attestation;
	uint8_t watchers;
} known[2][KNOWN_MAX];

static size_t known_n[2];
static uint64_t passed_ms;
static bool in_yen; /* the policy has caps in yen */

/* Grants that were sent, by whomever, and what came of them unchanged. */
static struct {
	struct hash32 id;
	bool governed;    /* both officers signed it */
	bool to_customer; /* to whom all orders go */
	uint64_t up_to, from_ms, until_ms;
	bool told[2], cancelled[2];
	uint64_t told_ms[2]; /* passed_ms, and starts, then */
	unsigned told_starts[2];
} granted[GRANTS];

static size_t granted_n;
static unsigned starts;
static bool strict; /* the policy gives strangers little, and knows grants */

/* The furthest point that a person who may has signed for, sent unchanged. */
static uint64_t compared[2];

/* The input, byte by byte; zeros behind its end. */
static const uint8_t *input;
static size_t input_n;

static unsigned next(void)
{
	if (input_n == 0) {
		return 0;
	}
	input_n--;
	return *input++;
}

static const struct gate_row rows[] = {
#define MSG(name, number, capability, max, phase) { #name, number, capability, max, phase },
#include "ipc/signer.def"
#undef MSG
};

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

static uint32_t channel_of(unsigned n)
{
	static const uint32_t channels[] = { SERVER, STOPPER, WATCHER, WATCHER + 1, WATCHER + 2 };

	return channels[n % ARRAY_LEN(channels)];
}

static uint16_t role_of(uint32_t channel)
{
	return channel == SERVER ? ROLE_SERVER : channel == STOPPER ? ROLE_STOP : ROLE_WATCHER;
}

/* ---- what came out ---- */

/* A grant runs at this signer that goes as far. */
static bool is_granted(int s, uint64_t amount)
{
	for (size_t i = 0; i < granted_n; i++) {
		uint64_t boots_ms = (uint64_t)(starts - granted[i].told_starts[s]) * BOOT_MS;

		if (granted[i].told[s] && granted[i].governed && !granted[i].cancelled[s] &&
		    granted[i].to_customer && amount <= granted[i].up_to &&
		    granted[i].until_ms - granted[i].from_ms <= GRANT_LIFE_MS &&
		    r.wall < granted[i].until_ms &&
		    passed_ms - granted[i].told_ms[s] + boots_ms >= LOOSENING_MS) {
			return true;
		}
	}
	return false;
}

static void judge_signature(int s, const struct doc *d)
{
	struct doc_attestation t;
	unsigned watchers = 0;
	u128 out = 0;
	u128 unapproved = 0;
	bool found = false;

	FUZZ_CHECK(doc_attestation_read(d, &t, NULL) == ERR_OK);
	FUZZ_CHECK(t.subject_type == DOC_ATTEMPT); /* there was no ground for a sweep */
	FUZZ_CHECK(!guard_frozen(&r.g[s]) && !guard_locked(&r.g[s]));
	for (size_t i = 0; i < known_n[s]; i++) {
		if (hash32_eq(&known[s][i].attestation, &d->id)) {
			watchers = (unsigned)__builtin_popcount(known[s][i].watchers);
		}
	}
	FUZZ_CHECK(watchers >= r.roster.watchers_needed);
	for (size_t o = 0; o < ORDERS; o++) {
		bool counted = false;

		for (size_t a = 0; a < ATTEMPTS; a++) {
			if (hash32_eq(&sent[o][a].id, &t.subject)) {
				unsigned needed = 0;
				struct money amount = xem(amounts[o]);

				FUZZ_CHECK(policy_tier(&needed, &r.policy, &amount) == ERR_OK);
				FUZZ_CHECK(sent[o][a].approvals >= needed);
				FUZZ_CHECK(!in_yen || sent[o][a].priced);
				FUZZ_CHECK(!strict ||
					   amounts[o] <= money_units(&r.policy.unlisted_max) ||
					   is_granted(s, amounts[o]));
				FUZZ_CHECK(!sent[o][1 - a].released[s]);
				FUZZ_CHECK(sent[o][a].asked[s]);
				sent[o][a].released[s] = true;
				found = true;
			}
			counted = counted || sent[o][a].released[s];
		}
		out += counted ? amounts[o] : 0;
		unapproved += counted && amounts[o] <= X(100) ? amounts[o] : 0;
	}
	FUZZ_CHECK(found);
	FUZZ_CHECK(out <= money_units(&r.policy.hour_max));
	FUZZ_CHECK(unapproved <= money_units(&r.policy.unapproved_day_max));
	/* no price that is taken is below the lowest that anybody says */
	FUZZ_CHECK(!in_yen || out * LOWEST <= r.policy.yen[0].hour_max * X(1));
}

static void judge(int s)
{
	struct doc d;

	for (size_t i = 0; i < r.sent_n; i++) {
		if (rig_type(rig_item(&r.sent[i], 1), &d) == DOC_SIGNATURE) {
			FUZZ_CHECK(rig_type(rig_item(&r.sent[i], 0), &d) == DOC_ATTESTATION);
			judge_signature(s, &d);
		}
	}
}

/* ---- what happens ---- */

/* One byte somewhere in a body is changed on the way, or none.  True: unchanged. */
static bool changed_on_the_way(uint8_t *body, size_t n)
{
	unsigned how = next();
	size_t at = next();

	at = at << 8 | next();
	if (how < 128 || n == 0) {
		return true;
	}
	body[at % n] ^= (uint8_t)(how & 0x7f);
	return (how & 0x7f) == 0;
}

static struct {
	uint8_t raw[2][8192];
	struct bytes item[2];
	bool used;
} answers[ORDERS][ATTEMPTS]; /* of A */

static void keep_answers(size_t o, size_t a, uint64_t id)
{
	const struct rig_sent *answer = rig_answer(id);

	if (!rig_signed(id)) {
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		struct bytes item = rig_item(answer, i);

		memcpy(answers[o][a].raw[i], item.p, item.n);
		answers[o][a].item[i] = bytes_of(answers[o][a].raw[i], item.n);
	}
	answers[o][a].used = true;
}

/* A day of somebody's, about as much as there is; it stands behind what is in b. */
static void add_day(struct rig_bodies *b, struct doc_day *day, bool *rightful)
{
	static uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	unsigned how = next();
	size_t by = how % 5; /* two officers, two approvers, an auditor */

	*day = (struct doc_day){
		.a_sequence = r.g[A].payments_n > 0
				  ? r.payments[A][next() % r.g[A].payments_n].sequence
				  : next(),
		.a_unapproved = xem((uint64_t)r.g[A].budget.ever),
		.b_sequence =
		    r.g[B].payments_n > 0 ? r.payments[B][r.g[B].payments_n - 1].sequence : 0,
		.b_unapproved = xem((uint64_t)r.g[B].budget.ever + (how > 230)),
		.genesis = r.genesis_id,
		.time_ms = r.wall,
	};
	(void)snprintf(day->person, sizeof day->person, "%s", r.roster.people[by].id);
	*rightful = by != 2 && by != 3 && how < 200;
	CHECK(doc_day_make(&w, NULL, day,
			   how < 200 ? r.person[by].secret : r.person[(by + 1) % 5].secret) ==
	      ERR_OK);
	b->items[b->n++] = bytes_of(w.p, w.n);
}

/* Prices of this SIGN: how many, of whom, how old, how true. */
static void read_prices(unsigned said)
{
	static const char *const rates[] = { "100", "90", "99", "104" };

	r.prices = said & 3;
	for (size_t i = 0; i < r.prices; i++) {
		unsigned how = next();

		rig_price(i, (i + (how & 1)) % 3, rates[how >> 1 & 3]);
		r.price[i].time_ms -= (how & 8) != 0 ? 61000 : 0;
		r.price_key[i] = (how & 48) == 48 ? &r.stranger : r.price_key[i];
	}
}

/* A signature that is in any answer of this step. */
static bool anything_signed(void)
{
	struct doc d;

	for (size_t i = 0; i < r.sent_n; i++) {
		if (rig_type(rig_item(&r.sent[i], 1), &d) == DOC_SIGNATURE) {
			return true;
		}
	}
	return false;
}

/* number: SIGNER_SIGN or SIGNER_PREPARE. */
static void sign(int s, uint16_t number)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	size_t o = next() % ORDERS;
	size_t a = next() % ATTEMPTS;
	unsigned word = next();
	size_t approvals = word % 4;
	struct doc_day day = { .a_sequence = 0 };
	bool rightful = false;
	unsigned said = in_yen ? next() : 0;
	struct bytes whole;
	uint64_t id;

	rig_withdrawal(amounts[o], approvals, (uint8_t)o);
	r.request = asked[o].request;
	r.order = asked[o].order;
	r.attempt = asked[o].attempt;
	r.attempt.timestamp_nem_s += a;
	r.attempt.deadline_nem_s += a;
	if (approvals == 3) { /* one person twice */
		r.approval[2] = r.approval[0];
		r.approval_key[2] = r.approval_key[0];
	}
	read_prices(said);
	rig_encode(&b);
	if (word >= 128) {
		add_day(&b, &day, &rightful);
	}
	if (s == B) {
		b.items[b.n++] = answers[o][a].item[0];
		b.items[b.n++] = answers[o][a].item[1];
	}
	whole = rig_body(&w, b.items, b.n);
	if (changed_on_the_way(body, whole.n)) {
		uint64_t point = s == A ? day.a_sequence : day.b_sequence;

		compared[s] = rightful && point > compared[s] ? point : compared[s];
		sent[o][a].id = r.attempt_id;
		if (approvals < 3 && approvals > sent[o][a].approvals) {
			sent[o][a].approvals = approvals;
		}
		sent[o][a].priced = sent[o][a].priced || r.prices >= 2;
	}
	if (number == SIGNER_PREPARE) {
		memcpy(prepared[s].body, whole.p, whole.n);
		prepared[s].n = whole.n;
		prepared[s].order = o;
		prepared[s].attempt = a;
		prepared[s].used = true;
		(void)rig_frame(s, SERVER, number, whole);
		FUZZ_CHECK(!anything_signed());
		return;
	}
	sent[o][a].asked[s] = true;
	id = rig_frame(s, SERVER, number, whole);
	if (s == A) {
		keep_answers(o, a, id);
	}
}

/* The very bytes of a PREPARE, or with one of them changed, as SIGN; it came with what it says. */
static void sign_prepared(int s)
{
	static uint8_t body[sizeof prepared[0].body];
	size_t o = prepared[s].order;
	size_t a = prepared[s].attempt;
	uint64_t id;

	if (!prepared[s].used) {
		return;
	}
	memcpy(body, prepared[s].body, prepared[s].n);
	(void)changed_on_the_way(body, prepared[s].n);
	sent[o][a].asked[s] = true;
	id = rig_frame(s, SERVER, SIGNER_SIGN, bytes_of(body, prepared[s].n));
	if (s == A) {
		keep_answers(o, a, id);
	}
}

static void acknowledge(int s)
{
	size_t n = r.g[s].payments_n;
	size_t which = next();
	unsigned watcher = next() % 3;
	struct hash32 id;
	size_t at = 0;

	if (n == 0) {
		return;
	}
	id = rig_attested(s, n - 1 - which % n).id;
	while (at < known_n[s] && !hash32_eq(&known[s][at].attestation, &id)) {
		at++;
	}
	if (at == KNOWN_MAX) {
		return;
	}
	known[s][at].attestation = id;
	known[s][at].watchers |= (uint8_t)(1u << watcher);
	known_n[s] = at == known_n[s] ? at + 1 : known_n[s];
	(void)rig_ack(s, watcher, &id);
}

static void beat(int s)
{
	unsigned watcher = next() % 3;
	unsigned how = next();
	struct doc_heartbeat h = rig_heartbeat(s, watcher);

	switch (how % 8) {
	case 0:
		h.stop_head.b[how >> 3] ^= 1;
		break;
	case 1:
		h.stop_count = how;
		break;
	case 2:
		h.policy.b[0] ^= 1;
		break;
	case 3:
		h.chain_time_nem_s = (uint64_t)how << 23;
		break;
	case 4:
		h.records_sequence = how;
		break;
	default: /* as it should be */
		break;
	}
	(void)rig_beat_as(s, WATCHER + watcher, &h, &r.watcher[how == 255 ? 0 : watcher]);
}

static void freeze(int s)
{
	static uint8_t raw[16384];
	static uint8_t body[16400];
	struct writer w = writer_make(body, sizeof body);
	uint8_t number = (uint8_t)next();
	struct doc_freeze f = rig_freeze("officer-1", number);
	struct bytes item;
	struct bytes whole;

	f.evacuate = number > 200;
	item = rig_freeze_raw(raw, &f, &r.person[number % 2]);
	whole = rig_body(&w, &item, 1);
	(void)changed_on_the_way(body, whole.n);
	(void)rig_frame(s, channel_of(number), SIGNER_STOP_PUT, whole);
}

static void told(int s, size_t i)
{
	if (!granted[i].told[s]) {
		granted[i].told[s] = true;
		granted[i].told_ms[s] = passed_ms;
		granted[i].told_starts[s] = starts;
	}
}

/* One document on the stop road; true: it came unchanged. */
static bool put(int s, const struct paper *p)
{
	static uint8_t body[PAPER_BYTES + 16];
	struct writer w = writer_make(body, sizeof body);
	struct bytes item = bytes_of(p->raw, p->n);
	struct bytes whole = rig_body(&w, &item, 1);
	uint32_t channel = channel_of(next());
	bool unchanged = changed_on_the_way(body, whole.n);

	(void)rig_frame(s, channel, SIGNER_STOP_PUT, whole);
	return unchanged;
}

/* A new grant, or one again that the other signer may have. */
static void grant(int s)
{
	static struct paper papers[GRANTS];
	unsigned how = next();
	size_t by = next() % 5;
	size_t i = how % GRANTS;

	if (i >= granted_n) {
		const uint8_t *const secrets[] = { r.person[0].secret, r.person[by].secret };
		struct doc_grant g = { .from_ms = r.wall,
				       .genesis = r.genesis_id,
				       .reason = "a new office",
				       .up_to = xem((how & 4) != 0 ? X(4000) : X(3500)) };

		i = granted_n++;
		g.until_ms = r.wall + ((how & 8) != 0 ? GRANT_LIFE_MS + (how >> 7)
						      : LOOSENING_MS + 64 * (uint64_t)how);
		g.destination = asked[0].order.destination;
		if ((how & 48) == 48) {
			rig_address(&g.destination, &r.stranger.key);
		}
		paper_make(&papers[i], DOC_GRANT, &g, &r.genesis_id, secrets, by == 0 ? 1 : 2);
		granted[i].id = papers[i].id;
		granted[i].governed = by == 1;
		granted[i].to_customer = (how & 48) != 48;
		granted[i].up_to = (uint64_t)money_units(&g.up_to);
		granted[i].from_ms = g.from_ms;
		granted[i].until_ms = g.until_ms;
	}
	if (put(s, &papers[i])) {
		told(s, i);
	}
}

/* Somebody's no to a grant. */
static void cancel(int s)
{
	static struct paper p;
	unsigned how = next();
	size_t by = how % 5;
	size_t i = next() % GRANTS;
	const uint8_t *secret = how < 200 ? r.person[by].secret : r.person[(by + 1) % 5].secret;
	struct doc_cancel c = { .genesis = r.genesis_id, .reason = "no", .time_ms = r.wall };

	if (i >= granted_n) {
		return;
	}
	c.document = granted[i].id;
	(void)snprintf(c.person, sizeof c.person, "%s", r.roster.people[by].id);
	paper_make(&p, DOC_CANCEL, &c, &r.genesis_id, &secret, 1);
	if (put(s, &p) && by != 4 && how < 200) {
		granted[i].cancelled[s] = true;
	}
}

/* Any bytes as any message that this socket may send. */
static void raw_frame(int s)
{
	static uint8_t body[256];
	const struct gate_row *row = &rows[next() % ARRAY_LEN(rows)];
	uint32_t channel = channel_of(next());
	size_t n = next();

	for (size_t i = 0; i < n; i++) {
		body[i] = (uint8_t)next();
	}
	if (row->phase == PHASE_READY && (row->capability & role_of(channel)) != 0 &&
	    n <= row->max_bytes) {
		(void)rig_frame(s, channel, row->number, bytes_of(body, n));
	}
}

static void stop_road(int s)
{
	unsigned what = next();

	if (what > 240) {
		freeze(s);
	} else if (strict && what > 200) {
		cancel(s);
	} else if (strict && what > 100) {
		grant(s);
	}
}

static void happen(void)
{
	unsigned what = next();
	int s = what & 1 ? B : A;
	size_t payments = r.g[s].payments_n;
	size_t stops = r.g[s].control.n;
	unsigned ms;

	switch (what >> 1 & 7) {
	case 0:
	case 1:
		if ((what & 0x20) != 0) {
			sign_prepared(s);
		} else {
			sign(s, (what & 0x10) != 0 ? SIGNER_PREPARE : SIGNER_SIGN);
		}
		break;
	case 2:
		acknowledge(s);
		break;
	case 3:
		beat(s);
		break;
	case 4:
		stop_road(s);
		break;
	case 5:
		raw_frame(s);
		break;
	case 6:
		ms = next() * 64;
		if (passed_ms + ms <= PASS_MAX_MS) {
			passed_ms += ms;
			rig_tick(s, ms);
		}
		break;
	default:
		starts++;
		rig_restart(s);
		FUZZ_CHECK(r.g[s].payments_n == payments && r.g[s].control.n == stops);
		break;
	}
	/* memory only grows: nothing that was signed or stopped is forgotten */
	FUZZ_CHECK(r.g[s].payments_n >= payments && r.g[s].control.n >= stops);
	FUZZ_CHECK(r.g[s].budget.sequence <= compared[s]);
	FUZZ_CHECK(r.g[s].budget.since <= money_units(&r.policy.unapproved_day_max));
	judge(s);
	rig_forget();
}

static void run(const uint8_t *p, size_t n)
{
	input = p;
	input_n = n;
	passed_ms = 0;
	memset(sent, 0, sizeof sent);
	memset(known, 0, sizeof known);
	memset(known_n, 0, sizeof known_n);
	memset(answers, 0, sizeof answers);
	prepared[A].used = prepared[B].used = false;
	memset(compared, 0, sizeof compared);
	memset(granted, 0, sizeof granted);
	granted_n = 0;
	starts = 0;
	strict = (n & 2) != 0;
	rig_loosening_ms = LOOSENING_MS;
	rig_heartbeat_age_ms = 60000;
	in_yen = n & 1;
	rig_yen = (struct doc_yen){ .age_max_ms = in_yen ? 60000 : 0,
				    .day_max = 400000,
				    .hour_max = 300000,
				    .jump_max_bp = 500 };
	rig_make();
	if (strict) {
		r.policy.unlisted_max = xem(X(900));
		r.policy.grant_life_max_ms = GRANT_LIFE_MS;
		rig_documents_write();
		for (int s = A; s <= B; s++) {
			r.journal_n[s] = 0; /* never started */
			rig_guard(s);
		}
	}
	for (size_t o = 0; o < ORDERS; o++) {
		rig_withdrawal(amounts[o], 0, (uint8_t)o);
		asked[o].request = r.request;
		asked[o].order = r.order;
		asked[o].attempt = r.attempt;
	}
	rig_well(A);
	rig_well(B);
	rig_forget();
	for (size_t i = 0; i < HAPPENINGS_MAX && input_n > 0; i++) {
		happen();
	}
	rig_forget();
}
