/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what is asked of a signer in another form, beside other documents, or of a signer that has
 * no room is refused, by name; who asked is told, and who hung up is not.
 * Method: one thing wrong at a time, beside the same thing right; the refusal and its field are
 * named, and what must not have changed is compared.
 */
#include "guard_edges.h"

static bool status_says(int s, const char *name, const char *value)
{
	static struct doc_status status;
	struct doc d;
	uint64_t id = rig_frame(s, STOPPER, SIGNER_STATUS, nothing);

	if (rig_type(rig_item(rig_answer(id), 0), &d) != DOC_STATUS ||
	    doc_status_read(&d, &status, NULL) != ERR_OK) {
		return false;
	}
	for (size_t i = 0; i < status.detail_count; i++) {
		if (strcmp(status.detail[i].name, name) == 0) {
			return strcmp(status.detail[i].value, value) == 0;
		}
	}
	return false;
}

/* Why it signs, or does not. */
static void status(void)
{
	struct doc_heartbeat h;
	struct doc_freeze f;

	rig_make();
	T_CHECK(status_says(A, "signer", "a") && status_says(B, "signer", "b"));
	T_CHECK(status_says(A, "signs", "too few watchers have answered lately"));
	T_CHECK(status_says(A, "frozen", "no") && status_says(A, "locked", "no"));
	rig_well(A);
	T_CHECK(status_says(A, "signs", "ready"));
	T_CHECK(status_says(A, "watchers_fresh", "3"));
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = 1000;
	(void)rig_beat_as(A, WATCHER, &h, &r.watcher[0]);
	T_CHECK(status_says(A, "locked", "yes") &&
		status_says(A, "signs",
			    "locked: watcher-1 holds record 1000 of ours that our journal "
			    "lacks"));
	T_CHECK(status_says(A, "frozen", "no"));
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	T_CHECK(status_says(A, "frozen", "yes"));
	T_CHECK(status_says(A, "signs", "a freeze is in force"));
	T_CHECK(status_says(A, "stops", "1"));
	/* what the shell knows: each name once, the newest value */
	guard_fact(&r.g[B], "seccomp", "0");
	guard_fact(&r.g[B], "memory", "1");
	guard_fact(&r.g[B], "memory", "2");
	T_EQ(r.g[B].facts_n, 2);
	T_CHECK(status_says(B, "memory", "2") && status_says(B, "seccomp", "0"));
}

/* The gate stands before; behind it the guard looks again. */
static void second_look(void)
{
	struct event ev = { .kind = EVENT_FRAME, .channel = WATCHER, .number = SIGNER_SYNC };
	uint64_t refused;

	start();
	/* a watcher's socket that is nobody's */
	ev.request_id = ++r.ids;
	ev.role = ROLE_WATCHER;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "not-for-this-path", "");
	/* what the shell answers itself before the guard is at work */
	ev.role = ROLE_SERVER;
	ev.number = SIGNER_HELLO;
	ev.request_id = ++r.ids;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "wrong-state", "");
	ev.role = ROLE_UNLOCK;
	ev.number = SIGNER_UNLOCK;
	ev.request_id = ++r.ids;
	rig_event(A, &ev);
	REFUSED(ev.request_id, "wrong-state", "");
	/* events that say nothing to it */
	refused = r.g[A].refused;
	ev = (struct event){ .kind = EVENT_OPENED, .channel = 77, .role = ROLE_SERVER };
	rig_event(A, &ev);
	T_EQ(r.out.n, 0);
	ev = (struct event){ .kind = EVENT_REPLY, .number = GUARD_CALL_READ + 1 };
	rig_event(A, &ev);
	T_EQ(r.out.n, 0);
	T_EQ(r.g[A].refused, refused);
	T_EQ(r.g[A].payments_n, 0);
}

/* What stands beside an attempt, in every wrong form. */
static void beside(void)
{
	enum {
		MOST = 3 + 2 * APPROVALS_MAX + EXCLUSION_EARLIER_MAX + EXCLUSION_STATEMENTS_MAX +
		       DOC_SOURCES_MAX + 1,
	};
	static struct rig_bodies b;
	static uint8_t raw[65536];
	struct bytes many[FRAME_ITEMS_MAX];
	struct doc_exclusion x = { .final_height = 1, .height = 2, .watcher = "watcher-1" };
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes word;

	start();
	x.genesis = r.genesis_id;
	x.account = r.till.public_key;
	x.largest = x.residue = xem(1);
	CHECK(doc_exclusion_make(&w, NULL, &x, r.watcher[0].secret) == ERR_OK);
	word = bytes_of(w.p, w.n);
	rig_withdrawal(X(500), 1, 1);
	rig_encode(&b);
#define BESIDE(item, times, code, field)                                          \
	do {                                                                      \
		size_t n_ = b.n;                                                  \
		memcpy(many, b.items, n_ * sizeof many[0]);                       \
		for (unsigned k = 0; k < (times); k++) {                          \
			many[n_++] = (item);                                      \
		}                                                                 \
		REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, n_), code, field); \
	} while (0)
	BESIDE(hollow_of(DOC_ATTEMPT), 1, "field-missing", "earlier.account");
	BESIDE(hollow_of(DOC_EXCLUSION), 1, "field-missing", "exclusion.account");
	BESIDE(hollow_of(DOC_APPROVAL), 1, "field-missing", "approval.decision");
	/* more than any order has: attempts, words of watchers, approvals, documents at all */
	BESIDE(b.items[2], EXCLUSION_EARLIER_MAX + 1, "full", "earlier");
	BESIDE(word, EXCLUSION_STATEMENTS_MAX + 1, "full", "exclusion");
	BESIDE(b.items[3], APPROVALS_MAX, "bad-input", "body");
	for (size_t i = 0; i < FRAME_ITEMS_MAX; i++) {
		many[i] = bytes_str("x");
	}
	REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, MOST + 1), "bad-input", "body");
	REFUSED(items_to(A, SERVER, SIGNER_SIGN, many, MOST), "bad-input", "request.byte 0");
	T_EQ(r.g[A].payments_n, 0);
#undef BESIDE
}

/* A's part, with something else in the place of its signature. */
static void others_part(void)
{
	static struct rig_bodies b;
	struct doc_signature signature;
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes given, good;
	uint64_t a;
	struct doc d;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	good = rig_item(rig_answer(a), 0);
	T_EQ(rig_type(rig_item(rig_answer(a), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &signature, NULL), ERR_OK);
#define PARTS(attestation, sig, code, field)           \
	do {                                           \
		rig_encode(&b);                        \
		b.items[b.n++] = (attestation);        \
		given = (sig);                         \
		b.items[b.n++] = given;                \
		REFUSED(rig_send(B, &b), code, field); \
	} while (0)
	PARTS(good, good, "unknown-type", "signature");
	PARTS(good, hollow_of(DOC_SIGNATURE), "field-missing", "signature.attestation");
	PARTS(rig_item(rig_answer(a), 1), good, "unknown-type", "attestation");
	signature.attestation.b[5] ^= 1;
	CHECK(doc_signature_make(&w, NULL, &signature, NULL) == ERR_OK);
	PARTS(good, bytes_of(w.p, w.n), "mismatch", "signature.attestation");
	T_EQ(r.g[B].payments_n, 0);
	PARTS(good, rig_item(rig_answer(a), 1), "", "");
	T_EQ(r.g[B].payments_n, 1);
#undef PARTS
}

/* Either of two back ends may sign a request. */
static void two_backends(void)
{
	rig_make();
	r.roster.backend_count = 2;
	rig_party(&r.roster.backends[1], "backend-2", &r.stranger);
	rig_documents_write();
	r.journal_n[A] = 0;
	rig_guard(A);
	rig_well(A);
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(50) + i, 0, i);
		r.request_key = i == 0 ? &r.backend : &r.stranger;
		T_STR(rig_code(rig_sign()), "");
		T_EQ(r.g[A].payments_n, i + 1);
	}
	rig_withdrawal(X(52), 0, 3);
	r.request_key = &r.person[0];
	REFUSED(rig_sign(), "bad-signature", "request.signatures");
}

/* The attempt that was signed, beside an order or a request that it does not belong to. */
static void again_with_others(void)
{
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	rig_acks(A);
	r.keep_links = true;
	r.order.expires_ms++;
	REFUSED(rig_sign(), "mismatch", "attempt.order");
	r.order.expires_ms--;
	r.request.time_ms++;
	REFUSED(rig_sign(), "mismatch", "attempt.order");
	r.request.time_ms--;
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].payments_n, 1);
}

/* An address of another network. */
static void other_network(void)
{
	struct nem_address mainnet;

	start();
	rig_withdrawal(X(50), 0, 1);
	nem_address_from_key(&mainnet, &r.stranger.key, 0x68);
	memcpy(r.request.destination.text, mainnet.text, sizeof mainnet.text);
	r.order.destination = r.request.destination;
	REFUSED(rig_sign(), "wrong-network", "order.destination");
	T_EQ(r.g[A].payments_n, 0);
}

/* Sums at the end of what numbers hold do not wrap into cover. */
static void cover_does_not_wrap(void)
{
	const u128 most = ~(u128)0;
	const u128 one = X(50) + 400000;

	start();
	rig_withdrawal(X(50), 0, 1);
	T_STR(rig_code(rig_sign()), "");
	for (unsigned k = 0; k < 2; k++) {
		rig_tick(A, 1001);
		for (unsigned i = 0; i < 3; i++) {
			struct doc_heartbeat h = rig_heartbeat(A, i);

			h.balances[0].confirmed = money_of(ASSET_XEM, most);
			/* with this payment it just fits; with the one before it does not */
			h.balances[0].promised = money_of(ASSET_XEM, most - one - k * one);
			T_STR(rig_code(rig_beat_as(A, WATCHER + i, &h, &r.watcher[i])), "");
		}
		rig_withdrawal(X(50), 0, 2);
		r.attempt.timestamp_nem_s++;
		r.attempt.deadline_nem_s++;
		if (k == 0) {
			REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
		} else {
			T_STR(rig_code(rig_sign()), "");
		}
	}
	T_EQ(r.g[A].payments_n, 2);
}

/* As many stops as we hold, and others. */
static void other_stops(void)
{
	struct doc_heartbeat h;

	start();
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 2);
	h.stop_head.b[0] = 7;
	T_STR(rig_code(rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2])), "");
	rig_withdrawal(X(50), 0, 1);
	REFUSED(rig_sign(), "stale", "heartbeat.stop_head");
	T_EQ(r.g[A].payments_n, 0);
}

static void odd_acks(void)
{
	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, bytes_str("nonsense")), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, one_item(hollow_of(DOC_ACK))), "field-missing",
		"ack.attestation");
	REFUSED(rig_frame(A, WATCHER, SIGNER_ACK, one_item(hollow_of(DOC_NONCE))), "unknown-type",
		"ack");
	T_EQ(r.payments[A][0].acked, 0);
}

/* Stops in another form. */
static void odd_stops(void)
{
	start();
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(hollow_of(DOC_FREEZE))),
		"field-missing", "freeze.evacuate");
	REFUSED(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(hollow_of(DOC_CLOSING))),
		"field-missing", "closing.account");
	T_CHECK(!guard_frozen(&r.g[A]));
}

static void nearly_full(void)
{
	struct doc_freeze f = { 0 };
	struct hash32 id;
	uint64_t sign, unlogged, refused;

	start();
	rig_withdrawal(X(50), 0, 1);
	sign = rig_sign();
	id = rig_newest(A);
	/* a refusal is not worth what is kept for freezes */
	left(GUARD_HEADROOM_BYTES + 100);
	unlogged = r.g[A].refused_unlogged;
	refused = r.commits;
	rig_withdrawal(X(60), 0, 2);
	REFUSED(rig_sign(), "full", "journal");
	T_EQ(r.g[A].refused_unlogged, unlogged + 1);
	T_EQ(r.commits, refused);
	/* nor are acknowledgements of payments */
	left(GUARD_HEADROOM_BYTES / 2);
	REFUSED(rig_ack(A, 0, &id), "full", "journal");
	T_EQ(r.payments[A][0].acked, 0);
	T_EQ(rig_answers(sign), 0);
	left(GUARD_HEADROOM_BYTES / 2 + 4096);
	T_STR(rig_code(rig_ack(A, 0, &id)), "");
	T_EQ(r.payments[A][0].acked, 1);
	/* nor is a closing */
	left(GUARD_HEADROOM_BYTES / 4);
	{
		uint64_t before = r.ids;

		close_account(A, &r.till.public_key);
		REFUSED(before + 1, "full", "journal");
		T_CHECK(!guard_closing_closed(&r.g[A], &r.till.public_key));
	}
	/* a freeze is taken to the end */
	f = rig_freeze("officer-1", 1);
	left(4096);
	T_STR(rig_code(rig_stop(A, STOPPER, &f, &r.person[0])), "");
	T_CHECK(guard_frozen(&r.g[A]));
	REFUSED(sign, "frozen", "");
	T_STR(rig_field(rig_frame(A, STOPPER, SIGNER_STOP_PUT, one_item(bytes_str("x")))),
	      "document.byte 0");
}

static void who_waits(void)
{
	uint64_t first, id, ages;
	struct hash32 newest;

	start();
	/* released, and its place free; then all places taken */
	rig_withdrawal(X(50), 0, 200);
	first = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(first));
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		T_STR(rig_code(rig_sign()), "");
	}
	/* what was signed before is asked for again: later */
	rig_withdrawal(X(50), 0, 200);
	REFUSED(rig_sign(), "busy", "");
	T_EQ(r.g[A].payments_n, 1 + GUARD_PENDING_MAX);
	/* all hang up: the places of the oldest are given away first, and in order */
	hang_up(A, SERVER);
	T_CHECK(rig_signed(rig_sign()));
	ages = r.g[A].ages;
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(60) + i, 0, (uint8_t)(100 + i));
		T_STR(rig_code(rig_sign()), "");
		hang_up(A, SERVER);
	}
	T_EQ(r.g[A].pending[0].age, ages + 1);
	T_EQ(r.g[A].pending[1].age, ages + 2);
	T_CHECK(r.g[A].pending[2].used && r.g[A].pending[2].age < ages);
	/* k watchers know: nobody waits for it, so nothing leaves; asked again it does */
	newest = rig_newest(A);
	(void)rig_ack(A, 0, &newest);
	T_EQ(rig_answers(rig_ack(A, 1, &newest)), 1);
	T_EQ(r.g[A].signatures_released, 2);
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].signatures_released, 3);
}

/* Hung up before the freeze: nobody is told, and nothing is left to release. */
static void nobody_to_tell(void)
{
	struct doc_freeze f = { 0 };
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	hang_up(A, SERVER);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	T_EQ(rig_answers(id), 0);
	T_CHECK(!r.g[A].pending[0].used);
	rig_acks(A);
	T_EQ(rig_answers(id), 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "status", status },
		{ "frames and events that are not the guard's", second_look },
		{ "what stands beside an attempt", beside },
		{ "A's part in another form", others_part },
		{ "two back ends", two_backends },
		{ "asked again with other documents", again_with_others },
		{ "an address of another network", other_network },
		{ "sums at the end of numbers", cover_does_not_wrap },
		{ "as many stops, and others", other_stops },
		{ "acknowledgements in another form", odd_acks },
		{ "a journal that is nearly full", nearly_full },
		{ "who waits, and who has hung up", who_waits },
		{ "nobody to tell", nobody_to_tell },
		{ "stops in another form", odd_stops },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
