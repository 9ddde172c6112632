/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: one withdrawal pays at most once whatever breaks (P3), books = chain + in flight (P9), bad
 * input changes nothing (P12).
 * Method: the core as a step function with a real chain of blocks, two signers with real keys, a
 * journal that is dropped and replayed after every single commit.  payout_validate() after each.
 */
#include "t.h"

#include "payout/inner.h"
#include "payout_world.h"

static void opening(void)
{
	struct world *w = world_new();
	struct hash32 before;

	/* claims beyond the coins: 130,500 XEM are on our accounts */
	open_sum(w, X(130500) + 1);
	T_EQ(w->err, ERR_FUNDS);
	T_STR(w->field, "claims");
	T_CHECK(strstr(w->detail, "130500000001") != NULL && strstr(w->detail, "130500000000"));
	open_claim(w, "carol", X(1));
	T_EQ(w->err, ERR_STATE);
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_STATE);
	T_EQ(payout_books(w->p)->account_count, 0);

	open_sum(w, X(20300));
	T_EQ(w->err, ERR_OK);
	open_claim(w, "carol", X(20000));
	T_EQ(w->err, ERR_OK);
	/* cut short, begun again */
	restart(w);
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_MISMATCH);
	open_sum(w, X(20300));
	open_claim(w, "carol", X(20000));
	T_EQ(w->err, ERR_OK);
	open_claim(w, "carol", X(20001));
	T_EQ(w->err, ERR_EXISTS);
	T_CHECK(strstr(w->detail, "carol") != NULL);
	open_claim(w, "bad name", X(1));
	T_EQ(w->err, ERR_INPUT);
	open_claim(w, "", X(1));
	T_EQ(w->err, ERR_INPUT);
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_MISMATCH); /* dave is missing */
	open_claim(w, "dave", X(300));
	open_claim(w, "erin", 0);
	T_EQ(w->err, ERR_OK);
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_OK);
	T_CHECK(house_has(w, BOOKS_OPENING) == 0);
	T_CHECK(house_has(w, BOOKS_HOUSE) == X(130500 - 20300));
	T_CHECK(customer_has(w, "carol") == X(20000));
	T_STR(wrong(w), "");

	/* the same once more changes nothing; another claim is refused */
	before = books_now(w);
	open_books(w);
	open_claim(w, "mallory", X(1));
	T_CHECK(w->err == ERR_STATE || w->err == ERR_FUNDS);
	restart(w);
	{
		struct hash32 after = books_now(w);

		T_MEM(&after, &before, sizeof before);
	}
	T_STR(wrong(w), "");
	world_free(w);
}

static void pays_once(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	struct payout_view v;
	u128 total;

	post_request(w, "key-1", &r);
	T_EQ(w->err, ERR_OK);
	v = see(w, &r.request_id);
	T_EQ(v.state, PAYOUT_APPROVED);
	total = v.amount + v.fee;
	/* 0.05 the transfer, 0.15 each the wrapper and the cosignature */
	T_CHECK(v.fee == 350000);
	T_CHECK(customer_has(w, "carol") == X(20000) - total);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_CHECK(customer_has(w, "carol") == X(20000) - total);
	T_CHECK(own_has(w, BOOKS_TILL, &w->till_at) == X(10000) - total);
	T_CHECK(house_has(w, BOOKS_FEE) == 0);
	T_CHECK(house_has(w, BOOKS_IN_FLIGHT) == 0);
	T_EQ(w->mined_units, 1);
	v = see(w, &r.request_id);
	T_EQ(attempts_asked(w, &v.order), 1);
	T_STR(wrong(w), "");
	mine_n(w, 5);
	T_EQ(w->mined_units, 1);
	world_free(w);
}

static void documents_before_words(void)
{
	/* P10: nothing is sent to A before the attempt is in the journal, and so on */
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	struct blob b = doc_blob(DOC_REQUEST, &r, w->backend.secret, NULL);
	uint8_t raw[8192];
	struct writer out = writer_make(raw, sizeof raw);
	struct event e = { .kind = EVENT_FRAME, .role = ROLE_API, .number = API_WITHDRAW };
	size_t committed = SIZE_MAX, asked = SIZE_MAX, answered = SIZE_MAX;

	writer_u32(&out, 1);
	writer_bytes(&out, bytes_str("k"));
	writer_bytes(&out, view(&b));
	e.body = bytes_of(raw, out.n);
	e.wall_ms = w->wall_ms;
	e.mono_ms = w->mono_ms;
	effects_reset(&w->fx);
	payout_step(w->p, &e, &w->fx);
	for (size_t i = 0; i < w->fx.n; i++) {
		const struct effect *f = &w->fx.list[i];

		committed = f->kind == EFFECT_COMMIT ? i : committed;
		asked = f->kind == EFFECT_SEND && f->number == SIGNER_SIGN ? i : asked;
		answered = f->kind == EFFECT_CALL && f->number == PAYOUT_CALL_ANSWER ? i : answered;
	}
	T_CHECK(committed != SIZE_MAX && asked != SIZE_MAX && answered != SIZE_MAX);
	T_CHECK(committed < asked && committed < answered);
	{
		struct log_view v;
		bool attempt = false;

		T_EQ(log_batch_check(&v, w->fx.list[committed].body), ERR_OK);
		for (uint32_t i = 0; i < v.head.count; i++) {
			struct log_record rec;

			T_EQ(log_view_record(&rec, &v, i), ERR_OK);
			attempt |= rec.kind == LOG_DOCUMENT && rec.amount == DOC_ATTEMPT;
		}
		T_CHECK(attempt);
	}
	free(b.p);
	world_free(w);
}

/*
 * A's word goes to B at once, so that B can prepare; B is asked for its signature behind the commit
 * of that word.  Nothing rests on the first: it may be lost, or B away.
 */
static void b_prepares(bool there)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	size_t committed = SIZE_MAX, prepared = SIZE_MAX, asked = SIZE_MAX;
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc d;
	size_t n = 0;

	w->silent[1] = true;
	if (!there) {
		channel(w, PAYOUT_CHANNEL_B, false);
	}
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	replies_deliver(w); /* A's */
	T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	for (size_t i = 0; i < w->fx.n; i++) {
		const struct effect *f = &w->fx.list[i];

		committed = f->kind == EFFECT_COMMIT ? i : committed;
		if (f->kind != EFFECT_SEND) {
			continue;
		}
		T_EQ(f->channel, PAYOUT_CHANNEL_B);
		if (f->number == SIGNER_PREPARE) {
			prepared = i;
			T_EQ(frame_items_all(f->body, items, FRAME_ITEMS_MAX, &n), ERR_OK);
			T_EQ(n, 5);
			T_EQ(doc_open(&d, items[3], &w->genesis_id, NULL), ERR_OK);
			T_EQ(d.type, DOC_ATTESTATION);
		} else {
			T_EQ(f->number, SIGNER_SIGN);
			asked = i;
			T_CHECK(prepared != SIZE_MAX &&
				bytes_eq(f->body, w->fx.list[prepared].body));
		}
	}
	T_CHECK(committed != SIZE_MAX);
	T_CHECK(there ? prepared < committed && committed < asked && asked != SIZE_MAX
		      : prepared == SIZE_MAX && asked == SIZE_MAX);
	world_free(w);
}

static void b_prepares_while_a_is_written(void)
{
	b_prepares(true);
	b_prepares(false);
}

/*
 * Dies after (or before) commit k of a whole business, for every k, and goes on from the journal.
 * In the end each withdrawal is paid once, by one attempt.
 */
static bool crash_at(size_t k, bool before, size_t *commits, const char **why)
{
	struct world *w = world_new();
	struct doc_request small, large;
	struct payout_view v;
	bool ok = false;

	*why = "";
	w->crash_after = k;
	w->crash_before = before;
	open_books(w);
	if (w->crashed) {
		restart(w);
		open_books(w);
	}
	small = request_of(w, "carol", X(50));
	large = request_of(w, "carol", X(700));
	for (int round = 0; round < 40; round++) {
		/* the back end repeats itself until it has an answer */
		post_request(w, "small", &small);
		post_request(w, "large", &large);
		v = see(w, &large.request_id);
		if (v.state == PAYOUT_APPROVING) {
			approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
		}
		tick(w);
		mine(w);
		if (w->crashed) {
			restart(w);
		}
		*why = wrong(w);
		if ((*why)[0] != '\0') {
			break;
		}
		if (see(w, &small.request_id).state == PAYOUT_SETTLED &&
		    see(w, &large.request_id).state == PAYOUT_SETTLED) {
			ok = true;
			break;
		}
	}
	*commits = w->commits;
	if (ok) {
		struct payout_view a = see(w, &small.request_id), b = see(w, &large.request_id);

		*why = "paid more than once, or by another attempt";
		ok = w->mined_units == 2 && attempts_asked(w, &a.order) == 1 &&
		     attempts_asked(w, &b.order) == 1 &&
		     customer_has(w, "carol") == X(20000) - a.amount - a.fee - b.amount - b.fee &&
		     own_has(w, BOOKS_TILL, &w->till_at) ==
			 X(10000) - a.amount - a.fee - b.amount - b.fee;
	} else if ((*why)[0] == '\0') {
		*why = "not settled";
	}
	world_free(w);
	return ok;
}

static void crash_everywhere(void)
{
	size_t commits = 0, most;
	const char *why;

	T_CHECK(crash_at(0, false, &most, &why));
	T_CHECK(most > 12);
	for (size_t k = 1; k <= most; k++) {
		for (int before = 0; before < 2; before++) {
			bool ok = crash_at(k, before, &commits, &why);

			if (!ok) {
				printf("# commit %zu %s: %s\n", k, before ? "lost" : "kept", why);
			}
			T_CHECK(ok);
		}
	}
	printf("# %zu commits, each kept and each lost\n", most);
}

static void replies_lost_doubled_late(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	struct blob kept;
	uint64_t tag;
	struct payout_view v;

	/* lost: asked again after a while, the same attempt */
	w->silent[0] = true;
	post_request(w, "k", &r);
	for (int i = 0; i < 40; i++) {
		tick(w);
	}
	T_CHECK(w->asked_n >= 2);
	v = see(w, &r.request_id);
	T_EQ(v.state, PAYOUT_APPROVED);
	T_EQ(attempts_asked(w, &v.order), 1);
	w->silent[0] = false;
	channel(w, PAYOUT_CHANNEL_A, false);
	channel(w, PAYOUT_CHANNEL_A, true);
	T_EQ(w->reply_n, 1);
	/* doubled, and once more when it is long known */
	kept = blob_of(view(&w->reply[0]));
	tag = w->reply_tag[0];
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	for (int i = 0; i < 2; i++) {
		struct event e = { .kind = EVENT_FRAME,
				   .role = ROLE_SERVER,
				   .channel = PAYOUT_CHANNEL_A,
				   .number = MSGS_REPLY(SIGNER_SIGN),
				   .request_id = tag + (uint64_t)i,
				   .body = view(&kept) };
		struct hash32 before = books_now(w), after;

		step(w, &e);
		after = books_now(w);
		T_MEM(&before, &after, 32);
		T_EQ(see(w, &r.request_id).state, PAYOUT_SETTLED);
	}
	free(kept.p);
	T_EQ(w->mined_units, 1);
	T_STR(wrong(w), "");
	world_free(w);
}

/* A's bytes cut at every length and with every byte flipped: never taken for a signature. */
static void signer_talks_nonsense(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	struct blob good;
	uint64_t tag;
	size_t taken = 0;

	post_request(w, "k", &r);
	T_EQ(w->reply_n, 1);
	good = w->reply[0];
	tag = w->reply_tag[0];
	w->reply_n = 0;
	for (size_t i = 0; i < good.n; i++) {
		struct event e = { .kind = EVENT_FRAME,
				   .role = ROLE_SERVER,
				   .channel = PAYOUT_CHANNEL_A,
				   .number = MSGS_REPLY(SIGNER_SIGN),
				   .request_id = tag };

		e.body = bytes_of(good.p, i);
		step(w, &e);
		taken += see(w, &r.request_id).state != PAYOUT_APPROVED;
		good.p[i] ^= 1;
		e.body = view(&good);
		step(w, &e);
		taken += see(w, &r.request_id).state != PAYOUT_APPROVED;
		good.p[i] ^= 1;
	}
	T_EQ(taken, 0);
	/* B's place is not A's */
	{
		struct event e = { .kind = EVENT_FRAME,
				   .role = ROLE_SERVER,
				   .channel = PAYOUT_CHANNEL_B,
				   .number = MSGS_REPLY(SIGNER_SIGN),
				   .request_id = tag,
				   .body = view(&good) };

		step(w, &e);
		T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
		w->lie[1] = true;
		e.channel = PAYOUT_CHANNEL_A;
		step(w, &e);
		T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	}
	free(good.p);
	/* a signer whose signature does not verify is asked again, never believed */
	for (int i = 0; i < 5; i++) {
		tick(w);
	}
	T_EQ(see(w, &r.request_id).state, PAYOUT_AUTHORISED);
	T_EQ(w->units_n, 0);
	w->lie[1] = false;
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_STR(wrong(w), "");
	world_free(w);
}

static void frozen_signer(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	uint8_t id[16];
	size_t before;

	w->frozen[0] = true;
	post_request(w, "k", &r);
	for (int i = 0; i < 10; i++) {
		tick(w);
	}
	T_EQ(see(w, &r.request_id).state, PAYOUT_APPROVED);
	memcpy(id, r.request_id.b, 16);
	api(w, API_WITHDRAWAL, bytes_of(id, 16));
	T_CHECK(strstr(w->text, "a freeze is in force") != NULL);
	before = w->asked_n;
	T_CHECK(before < 8); /* with growing pauses */
	w->frozen[0] = false;
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	T_EQ(attempts_asked(w, &(struct hash32){ 0 }), 0);
	T_STR(wrong(w), "");
	world_free(w);
}

static void expiry(void)
{
	struct world *w = world_open();
	struct doc_request a = request_of(w, "carol", X(50)), b = request_of(w, "carol", X(60));

	w->frozen[0] = true;
	post_request(w, "a", &a);
	tick(w);
	w->wall_ms += w->rules.order_life_ms;
	tick(w);
	T_EQ(see(w, &a.request_id).state, PAYOUT_EXPIRED);
	T_CHECK(customer_has(w, "carol") == X(20000));
	/* after A has spoken time does not end it */
	w->frozen[0] = false;
	w->silent[1] = true;
	mine(w);
	b = request_of(w, "carol", X(60));
	post_request(w, "b", &b);
	T_EQ(w->err, ERR_OK);
	tick(w);
	T_EQ(see(w, &b.request_id).state, PAYOUT_AUTHORISED);
	w->wall_ms += 2 * w->rules.order_life_ms;
	tick(w);
	T_EQ(see(w, &b.request_id).state, PAYOUT_AUTHORISED);
	T_STR(wrong(w), "");
	restart(w);
	T_EQ(see(w, &b.request_id).state, PAYOUT_AUTHORISED);
	T_EQ(see(w, &a.request_id).state, PAYOUT_EXPIRED);
	world_free(w);
}

static void idempotency(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50)), other = r;
	char first[2048];
	struct hash32 before, after;

	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	text_set(first, sizeof first, w->text);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	before = books_now(w);
	post_request(w, "k", &r);
	T_EQ(w->err, ERR_OK);
	T_STR(w->text, first); /* whatever happened since */
	post_request(w, "k2", &r);
	T_EQ(w->err, ERR_OK);
	T_STR(w->text, first);
	other.amount = xem(X(51));
	post_request(w, "k", &other);
	T_EQ(w->err, ERR_IDEMPOTENCY);
	T_STR(w->field, "Idempotency-Key");
	T_CHECK(strstr(w->detail, "differs in amount") != NULL);
	post_request(w, "k3", &other);
	T_EQ(w->err, ERR_ONCE);
	T_STR(w->field, "request_id");
	other = request_of(w, "carol", X(50));
	post_request(w, "k", &other);
	T_EQ(w->err, ERR_IDEMPOTENCY);
	T_CHECK(strstr(w->detail, "differs in request_id") != NULL);
	restart(w);
	post_request(w, "k", &r);
	T_STR(w->text, first);
	post_request(w, "k2", &other);
	T_EQ(w->err, ERR_IDEMPOTENCY);
	after = books_now(w);
	T_MEM(&before, &after, 32);
	T_EQ(payout_count(w->p), 1);
	world_free(w);
}

/*
 * Refused for lack of money, paid in, asked again by a retry that was on its way: still refused,
 * also after a restart.  Who wants it now asks under a new name.
 */
static void a_refusal_stays(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "erin", X(40)), other, fresh;
	char token[PAYOUT_TOKEN_CHARS + 1];
	uint64_t records = payout_journal(w->p)->next_sequence;

	for (unsigned i = 0; i < 3; i++) {
		post_request(w, i == 0 ? "k" : "k2", &r);
		T_EQ(w->err, ERR_FUNDS);
		T_EQ(payout_journal(w->p)->next_sequence, records + 1); /* written once */
	}
	T_CHECK(strstr(w->detail, "new request id") != NULL);
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == X(100));
	for (unsigned i = 0; i < 2; i++) {
		post_request(w, "k", &r);
		T_EQ(w->err, ERR_FUNDS);
		restart(w);
	}
	mine(w);
	other = r;
	other.amount = xem(X(39));
	post_request(w, "k3", &other);
	T_EQ(w->err, ERR_ONCE);
	T_STR(w->field, "request_id");
	T_CHECK(customer_has(w, "erin") == X(100));
	fresh = request_of(w, "erin", X(40));
	post_request(w, "k4", &fresh);
	T_EQ(w->err, ERR_OK);
	T_STR(wrong(w), "");
	world_free(w);
}

/* As a client of the books would have had it written. */
static void write_hold_until(struct world *w, uint8_t n, u128 amount, uint64_t expires_ms)
{
	struct log_record r = { .kind = LOG_HOLD_UNTIL, .asset = ASSET_XEM, .amount = amount };
	const uint8_t tail[UUID7_RANDOM_BYTES] = { n };

	uuid7_make(&r.id, w->wall_ms, tail);
	books_account_id(&r.debit, BOOKS_CUSTOMER, ASSET_XEM, bytes_str("carol"));
	books_account_id(&r.credit, BOOKS_CUSTOMER, ASSET_XEM, bytes_str("dave"));
	le64_put(r.ref.b, expires_ms);
	journal_add(w, &r);
}

static u128 carol_may_spend(const struct world *w)
{
	struct id128 id;

	books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, bytes_str("carol"));
	return books_available(payout_books(w->p), &id);
}

/*
 * What is held until a moment is released when it has come, once: by kuramorid, also when a restart
 * or a clock that was set back 25 hours lies in between.
 */
static void holds_end_at_their_moment(void)
{
	struct world *w = world_open();
	const uint64_t day = 25 * 3600 * 1000, start = w->wall_ms;
	u128 all = carol_may_spend(w);
	uint64_t records;

	write_hold_until(w, 1, X(7), start + 10000);
	write_hold_until(w, 2, X(5), start + 20000);
	T_CHECK(carol_may_spend(w) == all - X(12));
	while (w->wall_ms < start + 9000) {
		tick(w);
	}
	records = payout_journal(w->p)->next_sequence;
	T_CHECK(carol_may_spend(w) == all - X(12));
	tick(w);
	T_CHECK(carol_may_spend(w) == all - X(5));
	T_EQ(payout_journal(w->p)->next_sequence, records + 1);
	w->wall_ms -= day;
	tick(w);
	restart(w);
	tick(w);
	T_CHECK(carol_may_spend(w) == all - X(5));
	T_EQ(payout_journal(w->p)->next_sequence, records + 1);
	w->wall_ms = start + day;
	restart(w);
	tick(w);
	tick(w);
	T_CHECK(carol_may_spend(w) == all);
	T_EQ(payout_journal(w->p)->next_sequence, records + 2);
	w->wall_ms = start;
	tick(w);
	restart(w);
	T_CHECK(carol_may_spend(w) == all);
	T_CHECK(books_expiring(payout_books(w->p)) == NULL);
	T_STR(wrong(w), "");
	world_free(w);
}

/* Each refusal names field and reason, and the books' hash stays. */
static void bad_requests(void)
{
	struct world *w = world_open();
	struct hash32 before = books_now(w), after;
	struct doc_request good = request_of(w, "carol", X(50));
	uint64_t records;
	struct blob envelope;

	tick(w);
	records = payout_journal(w->p)->next_sequence;

	static const struct {
		const char *change;
		enum err err;
		const char *field;
	} rows[] = {
		{ "nobody", ERR_NOT_FOUND, "customer" },
		{ "poor", ERR_FUNDS, "amount" },
		{ "network", ERR_NETWORK, "destination" },
		{ "checksum", ERR_ADDRESS, "destination" },
		{ "own till", ERR_POLICY, "destination" },
		{ "own box", ERR_POLICY, "destination" },
		{ "own spare", ERR_POLICY, "destination" },
		{ "payment_max", ERR_CAP, "policy.payment_max" },
		{ "unsigned", ERR_UNSIGNED, "signatures" },
		{ "stranger", ERR_SIGNER_UNKNOWN, "signatures" },
		{ "old id", ERR_STALE, "request_id" },
		{ "future id", ERR_CLOCK, "request_id" },
		{ "future time", ERR_CLOCK, "time_ms" },
		{ "genesis", ERR_GENESIS, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct doc_request r = request_of(w, "carol", X(50));
		const uint8_t *secret = w->backend.secret;
		const char *c = rows[i].change;
		struct nem_address a;

		if (strcmp(c, "nobody") == 0) {
			text_set(r.customer, sizeof r.customer, "nobody");
		} else if (strcmp(c, "poor") == 0) {
			text_set(r.customer, sizeof r.customer, "dave");
			r.amount = xem(X(300));
		} else if (strcmp(c, "network") == 0) {
			nem_address_from_key(&a, &w->stranger.public_key, 0x68);
			address_set(&r.destination, &a);
		} else if (strcmp(c, "checksum") == 0) {
			r.destination.text[39] = r.destination.text[39] == 'A' ? 'B' : 'A';
		} else if (strcmp(c, "own till") == 0) {
			address_set(&r.destination, &w->till_at);
		} else if (strcmp(c, "own box") == 0) {
			address_set(&r.destination, &w->box_at);
		} else if (strcmp(c, "own spare") == 0) {
			address_set(&r.destination, &w->spare_at[0]);
		} else if (strcmp(c, "payment_max") == 0) {
			r.amount = xem(X(4000) + 1);
		} else if (strcmp(c, "unsigned") == 0) {
			secret = NULL;
		} else if (strcmp(c, "stranger") == 0) {
			secret = w->alice.secret;
		} else if (strcmp(c, "old id") == 0 || strcmp(c, "future id") == 0) {
			const uint8_t tail[UUID7_RANDOM_BYTES] = { 3 };
			uint64_t day = 86400000;

			uuid7_make(&r.request_id,
				   c[0] == 'o' ? w->wall_ms - 36 * day : w->wall_ms + day, tail);
		} else if (strcmp(c, "future time") == 0) {
			r.time_ms = w->wall_ms + 86400000;
		} else if (strcmp(c, "genesis") == 0) {
			r.genesis.b[0] ^= 1;
		}
		envelope = doc_blob(DOC_REQUEST, &r, secret, NULL);
		post(w, "key", view(&envelope));
		free(envelope.p);
		if (w->err != rows[i].err ||
		    (rows[i].field != NULL && strcmp(w->field, rows[i].field) != 0) ||
		    w->detail[0] == '\0') {
			printf("# %s: %s field \"%s\" detail \"%s\"\n", c, err_slug(w->err),
			       w->field, w->detail);
		}
		T_EQ(w->err, rows[i].err);
		T_CHECK(rows[i].field == NULL || strcmp(w->field, rows[i].field) == 0);
		T_CHECK(w->detail[0] != '\0');
	}
	/* every truncation, and every byte flipped */
	envelope = doc_blob(DOC_REQUEST, &good, w->backend.secret, NULL);
	for (size_t i = 0; i < envelope.n; i++) {
		post(w, "key", bytes_of(envelope.p, i));
		T_CHECK(w->answered && w->err != ERR_OK);
		envelope.p[i] ^= 1;
		post(w, "key", view(&envelope));
		T_CHECK(w->answered && w->err != ERR_OK);
		envelope.p[i] ^= 1;
	}
	post(w, "", view(&envelope));
	T_EQ(w->err, ERR_FIELD_RANGE);
	T_STR(w->field, "Idempotency-Key");
	api(w, API_WITHDRAW, bytes_of("\xff\xff\xff\xff", 4));
	T_EQ(w->err, ERR_INPUT);
	free(envelope.p);
	envelope =
	    doc_blob(DOC_FREEZE,
		     &(struct doc_freeze){
			 .genesis = w->genesis_id, .issuer = "olga", .scope = DOC_SCOPE_ALL },
		     w->officer.secret, NULL);
	post(w, "key", view(&envelope));
	T_EQ(w->err, ERR_TYPE);
	free(envelope.p);
	after = books_now(w);
	T_MEM(&before, &after, 32);
	/* what was refused for lack of money is remembered, in one record */
	T_EQ(payout_journal(w->p)->next_sequence, records + 1);
	T_EQ(payout_count(w->p), 0);
	/* and the good one still goes */
	post_request(w, "key", &good);
	T_EQ(w->err, ERR_OK);
	world_free(w);
}

static void limits_in_flight(void)
{
	struct world *w = world_open();
	struct doc_request r[12];
	size_t flying = 0;

	w->silent[0] = true;
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		char key[8];

		/* the same content twelve times in one second: twelve names */
		r[i] = request_of(w, "carol", X(50));
		snprintf(key, sizeof key, "k%zu", i);
		post_request(w, key, &r[i]);
		T_EQ(w->err, ERR_OK);
	}
	tick(w);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		flying += see(w, &r[i].request_id).attempts;
	}
	T_EQ(flying, 8);
	w->silent[0] = false;
	channel(w, PAYOUT_CHANNEL_A, false);
	channel(w, PAYOUT_CHANNEL_A, true);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		T_CHECK(reach(w, &r[i].request_id, PAYOUT_SETTLED));
	}
	T_EQ(w->mined_units, 12);
	T_STR(wrong(w), "");
	world_free(w);
}

static void till_is_empty(void)
{
	struct world *w = world_open();
	struct doc_request r[4];
	size_t settled = 0;

	for (size_t i = 0; i < 4; i++) {
		struct payout_view v;
		char key[8];

		r[i] = request_of(w, "carol", X(3900));
		snprintf(key, sizeof key, "k%zu", i);
		post_request(w, key, &r[i]);
		T_EQ(w->err, ERR_OK);
		v = see(w, &r[i].request_id);
		approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
		approve(w, &w->bob, "bob", &v.order, DOC_DECISION_YES);
	}
	for (int i = 0; i < 20; i++) {
		tick(w);
		mine(w);
	}
	for (size_t i = 0; i < 4; i++) {
		settled += see(w, &r[i].request_id).state == PAYOUT_SETTLED;
	}
	T_EQ(settled, 2); /* 10,000 in the till */
	T_STR(wrong(w), "");
	/* refilled from a purse: the third goes */
	{
		uint32_t t;
		struct nem_tx tx;

		T_EQ(nem_time_from_unix_ms(&t, w->wall_ms), ERR_OK);
		tx = transfer_make(&w->purse, w->till_at.text, X(10000), NULL, t);
		pool_add(w, &tx);
	}
	T_CHECK(reach(w, &r[2].request_id, PAYOUT_SETTLED));
	T_CHECK(reach(w, &r[3].request_id, PAYOUT_SETTLED));
	T_STR(wrong(w), "");
	world_free(w);
}

static void order_from_the_journal(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500));
	struct payout_view v;
	char before[16384];

	post_request(w, "k", &r);
	v = see(w, &r.request_id);
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	tick(w);
	api(w, API_ORDER, bytes_of(v.order.b, 32));
	T_CHECK(w->answered);
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"type\":\"order\"") && strstr(w->text, "\"type\":\"request\"") &&
		strstr(w->text, "\"type\":\"approval\"") &&
		strstr(w->text, "\"type\":\"attempt\""));
	text_set(before, sizeof before, w->text);
	restart(w);
	api(w, API_ORDER, bytes_of(v.order.b, 32));
	T_EQ(w->err, ERR_OK);
	T_STR(w->text, before);
	v.order.b[0] ^= 1;
	api(w, API_ORDER, bytes_of(v.order.b, 32));
	T_EQ(w->err, ERR_NOT_FOUND);
	world_free(w);
}

/*
 * An order with as many documents as one can ever have (INNER_DOCS_MAX: more than a step has
 * places) is shown whole when it is read again from the journal, also to several who ask.
 */
static void an_order_with_all_documents(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(500));
	struct inner_withdrawal *x;
	struct payout_view v;
	char before[16384];

	static_assert((int)INNER_DOCS_MAX > (int)EFFECTS_MAX, "more than fit into one step");
	post_request(w, "k", &r);
	v = see(w, &r.request_id);
	approve(w, &w->alice, "alice", &v.order, DOC_DECISION_YES);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	tick(w);
	api(w, API_ORDER, bytes_of(v.order.b, 32));
	T_EQ(w->err, ERR_OK);
	text_set(before, sizeof before, w->text);
	x = &w->p->all[0];
	while (x->docs_n < INNER_DOCS_MAX) {
		char text[32];
		int n = snprintf(text, sizeof text, "unit %u", (unsigned)x->docs_n);

		/* a unit is kept and read back as all are, and shown to nobody */
		payout_keep(w->p, x, INNER_DOC_UNIT, 0, bytes_of(text, (size_t)n), true);
	}
	for (int round = 0; round < 3; round++) {
		tick(w);
		restart(w);
		x = &w->p->all[0];
		T_EQ(x->docs_n, INNER_DOCS_MAX);
		T_CHECK(!payout_docs_here(x));
		for (int again = 0; again < 2; again++) {
			w->answered = false;
			api(w, API_ORDER, bytes_of(v.order.b, 32));
			T_CHECK(w->answered);
			T_EQ(w->err, ERR_OK);
			T_STR(w->text, before);
			T_CHECK(!payout_docs_here(x)); /* and let go of again */
		}
	}
	world_free(w);
}

/* A journal in which one bit is wrong, or that is another's, is not read. */
static void damaged_journal(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	struct payout *p;
	struct doc_fault fault;
	size_t accepted = 0;

	post_request(w, "k", &r);
	T_CHECK(reach(w, &r.request_id, PAYOUT_SETTLED));
	for (size_t i = 0; i < w->journal_n; i++) {
		for (int k = 0; k < 20; k++) {
			size_t at = t_below(w->journal[i].n);
			enum err e = ERR_OK;

			uint8_t bit = (uint8_t)(1u << t_below(8));

			w->journal[i].p[at] ^= bit;
			T_EQ(payout_init(&p, &w->config, &fault), ERR_OK);
			for (size_t j = 0; e == ERR_OK && j <= i; j++) {
				e = payout_replay(p, view(&w->journal[j]));
			}
			accepted += e == ERR_OK;
			payout_free(p);
			w->journal[i].p[at] ^= bit;
		}
	}
	T_EQ(accepted, 0);
	/* another secret: another tree */
	w->log_secret.b[0] ^= 1;
	T_EQ(payout_init(&p, &w->config, &fault), ERR_OK);
	T_EQ(payout_replay(p, view(&w->journal[0])), ERR_CORRUPT);
	payout_free(p);
	w->log_secret.b[0] ^= 1;
	/* a batch missing */
	T_EQ(payout_init(&p, &w->config, &fault), ERR_OK);
	T_EQ(payout_replay(p, view(&w->journal[0])), ERR_OK);
	T_EQ(payout_replay(p, view(&w->journal[2])), ERR_CORRUPT);
	payout_free(p);
	world_free(w);
}

static void bad_configuration(void)
{
	struct world *w = world_new();
	struct payout *p = NULL;
	struct doc_fault fault;
	struct payout_config c = w->config;

	c.network = 0x68;
	T_EQ(payout_init(&p, &c, &fault), ERR_NETWORK);
	c = w->config;
	c.settle_depth = 0;
	T_EQ(payout_init(&p, &c, &fault), ERR_FIELD_RANGE);
	c.settle_depth = 361;
	T_EQ(payout_init(&p, &c, &fault), ERR_FIELD_RANGE);
	c = w->config;
	c.nodes = 0;
	T_EQ(payout_init(&p, &c, &fault), ERR_FIELD_RANGE);
	c = w->config;
	c.nodes_agree = 0;
	T_EQ(payout_init(&p, &c, &fault), ERR_FIELD_RANGE);
	c.nodes_agree = c.nodes + 1;
	T_EQ(payout_init(&p, &c, &fault), ERR_FIELD_RANGE);
	c = w->config;
	c.roster = c.policy;
	T_CHECK(payout_init(&p, &c, &fault) != ERR_OK);
	c = w->config;
	w->rules.hour_max = xem(X(50001));
	{
		struct blob other = doc_blob(DOC_POLICY, &w->rules, NULL, NULL);

		c.policy = view(&other);
		T_EQ(payout_init(&p, &c, &fault), ERR_MISMATCH);
		T_STR(fault.field, "genesis.policy");
		free(other.p);
	}
	c = w->config;
	{
		static struct doc_roster roster;
		struct blob other;
		struct doc d;

		CHECK(doc_open(&d, c.roster, NULL, NULL) == ERR_OK);
		CHECK(doc_roster_read(&d, &roster, NULL) == ERR_OK);
		passkey_point(&roster.people[0].passkeys[0], false);
		other = doc_blob(DOC_ROSTER, &roster, NULL, NULL);
		c.roster = view(&other);
		T_EQ(payout_init(&p, &c, &fault), ERR_KEY);
		T_STR(fault.field, "roster.people[0].passkeys[0].key");
		free(other.p);
	}
	T_CHECK(p == NULL);
	world_free(w);
}

/* The planted bug is one that the check finds. */
static void planted(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));

	w->silent[0] = true;
	post_request(w, "k", &r);
	tick(w);
	T_STR(wrong(w), "");
	w->config.planted = PAYOUT_PLANT_NEW_ATTEMPT;
	w->wall_ms += 5000;
	restart(w);
	tick(w);
	T_STR(wrong(w), "a withdrawal has more attempts than one that may live");
	world_free(w);
}

/* A block as full of lies as a block can be; and many ends in one second. */
static void a_lot_at_once(void)
{
	struct world *w = world_open();
	struct blob lies[NEM_BLOCK_WEIGHT_MAX];
	struct doc_request r[60];
	size_t ended = 0;

	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		/* more than all the XEM there are, and more than the account holds */
		struct nem_tx tx =
		    transfer_make(&w->till, w->stranger_at.text,
				  i % 2 == 0 ? NEM_SUPPLY_MICRO + 1 + i : X(9000) + i, NULL,
				  w->block_time[w->height]);

		lies[i] = tx_blob(&tx);
	}
	mine_these(w, lies, ARRAY_LEN(lies));
	feed_from(w, w->height);
	api(w, API_STATUS, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_OK);
	for (int i = 0; i < 200; i++) {
		tick(w);
	}
	undo(w, 1, false);
	mine(w);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		free(lies[i].p);
	}
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		char key[8];

		r[i] = request_of(w, "carol", X(5) + i);
		snprintf(key, sizeof key, "k%zu", i);
		w->frozen[0] = true;
		post_request(w, key, &r[i]);
		T_EQ(w->err, ERR_OK);
	}
	w->wall_ms += w->rules.order_life_ms;
	for (int i = 0; i < 5; i++) {
		tick(w);
	}
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		ended += see(w, &r[i].request_id).state == PAYOUT_EXPIRED;
	}
	T_EQ(ended, ARRAY_LEN(r));
	T_CHECK(customer_has(w, "carol") == X(20000));
	world_free(w);
}

static void reading(void)
{
	struct world *w = world_open();
	struct doc_request r = request_of(w, "carol", X(50));
	uint8_t args[16] = { 0 };

	post_request(w, "k", &r);
	api(w, API_CUSTOMER, bytes_str("carol"));
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"balance\":\"20000000000\"") != NULL);
	T_CHECK(strstr(w->text, "\"held\":\"50350000\"") != NULL);
	api(w, API_CUSTOMER, nem_address_bytes(&w->till_at));
	T_CHECK(strstr(w->text, "\"kind\":\"till\"") != NULL);
	api(w, API_CUSTOMER, bytes_str("nobody"));
	T_EQ(w->err, ERR_NOT_FOUND);
	api(w, API_CUSTOMER, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_NOT_FOUND);
	api(w, API_ACCOUNT, bytes_of(args, 16));
	T_EQ(w->err, ERR_NOT_FOUND);
	api(w, API_ACCOUNT, bytes_of(args, 15));
	T_EQ(w->err, ERR_INPUT);
	api(w, API_WITHDRAWAL, bytes_of(args, 16));
	T_EQ(w->err, ERR_NOT_FOUND);
	le32_put(args + 4, 5);
	api(w, API_WITHDRAWALS, bytes_of(args, 8));
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"state\":\"approved\"") != NULL);
	le32_put(args, PAYOUT_SETTLED);
	api(w, API_WITHDRAWALS, bytes_of(args, 8));
	T_STR(w->text, "{\"withdrawals\":[]}");
	le32_put(args, PAYOUT_STATES);
	api(w, API_WITHDRAWALS, bytes_of(args, 8));
	T_EQ(w->err, ERR_FIELD_RANGE);
	le32_put(args, 0);
	le32_put(args + 4, PAYOUT_LIST_MAX + 1);
	api(w, API_WITHDRAWALS, bytes_of(args, 8));
	T_EQ(w->err, ERR_FIELD_RANGE);
	api(w, API_TOKEN, bytes_str("carol"));
	T_CHECK(strstr(w->text, w->deposit_at.text) != NULL);
	api(w, API_TOKEN, bytes_str("nobody"));
	T_EQ(w->err, ERR_NOT_FOUND);
	api(w, API_AUDIT, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_OK);
	T_CHECK(strstr(w->text, "\"explained\":true") != NULL);
	T_CHECK(strstr(w->text, "\"explained\":false") == NULL);
	api(w, API_METRICS, bytes_of(NULL, 0));
	T_CHECK(strstr(w->text, "kuramorid_withdrawals{state=\"approved\"} 1") != NULL);
	api(w, 999, bytes_of(NULL, 0));
	T_EQ(w->err, ERR_TYPE);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the books are opened against the coins on chain, once", opening },
		{ "a withdrawal pays once and books = chain", pays_once },
		{ "what is sent is in the journal before", documents_before_words },
		{ "B prepares while A's word is written", b_prepares_while_a_is_written },
		{ "a crash at every commit, kept and lost", crash_everywhere },
		{ "answers lost, doubled, late", replies_lost_doubled_late },
		{ "a signer's answer with any byte wrong", signer_talks_nonsense },
		{ "a frozen signer is asked again, slower", frozen_signer },
		{ "time ends it before a key has spoken, not after", expiry },
		{ "idempotency", idempotency },
		{ "a refusal stays", a_refusal_stays },
		{ "holds end at their moment", holds_end_at_their_moment },
		{ "bad requests change nothing", bad_requests },
		{ "attempts at once, and no two of one name", limits_in_flight },
		{ "the till must suffice", till_is_empty },
		{ "an order with its documents, from the journal", order_from_the_journal },
		{ "an order with as many documents as can be", an_order_with_all_documents },
		{ "a damaged journal is not read", damaged_journal },
		{ "documents that do not belong together", bad_configuration },
		{ "the planted bug is found", planted },
		{ "a block full of lies, many ends at once", a_lot_at_once },
		{ "what the API reads", reading },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
