/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no sequence of messages, well formed or not, makes a signer sign without the people and the
 * watchers that it needs, sign more than the windows allow, two payments for one request, or
 * anything after a freeze; none brings it down (style.md 5.5, test 14).
 * Method: the bytes are a list of things that happen to two real guards: whole documents of the
 * right people, some with bytes changed on the way, raw frames through the gate's table, silence,
 * kills.  What people and watchers said is counted here, from what was sent unchanged, and every
 * signature that comes out is held against it.
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
	bool released[2];
} sent[ORDERS][ATTEMPTS];

/* Acknowledgements that were sent unchanged. */
static struct {
	struct hash32 attestation;
	uint8_t watchers;
} known[2][KNOWN_MAX];

static size_t known_n[2];
static uint64_t passed_ms;

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
				FUZZ_CHECK(!sent[o][1 - a].released[s]);
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

static void sign(int s)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	size_t o = next() % ORDERS;
	size_t a = next() % ATTEMPTS;
	size_t approvals = next() % 4;
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
	rig_encode(&b);
	if (s == B) {
		b.items[b.n++] = answers[o][a].item[0];
		b.items[b.n++] = answers[o][a].item[1];
	}
	whole = rig_body(&w, b.items, b.n);
	if (changed_on_the_way(body, whole.n)) {
		sent[o][a].id = r.attempt_id;
		if (approvals < 3 && approvals > sent[o][a].approvals) {
			sent[o][a].approvals = approvals;
		}
	}
	id = rig_frame(s, SERVER, SIGNER_SIGN, whole);
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
	id = r.payments[s][n - 1 - which % n].attestation;
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
		sign(s);
		break;
	case 2:
		acknowledge(s);
		break;
	case 3:
		beat(s);
		break;
	case 4:
		if (next() > 240) {
			freeze(s);
		}
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
		rig_restart(s);
		FUZZ_CHECK(r.g[s].payments_n == payments && r.g[s].control.n == stops);
		break;
	}
	/* memory only grows: nothing that was signed or stopped is forgotten */
	FUZZ_CHECK(r.g[s].payments_n >= payments && r.g[s].control.n >= stops);
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
	rig_heartbeat_age_ms = 60000;
	rig_make();
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
