/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people.c - customers who ask, ask again and deposit; approvers; an officer with a stop button.
 * They hold their own keys and go by their own memory: what they signed is what the laws compare
 * with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum {
	CLAIM = 700, /* XEM of each customer at the opening */
	CLAIM_LAST = 30,
	CLAIM_FIRST = 2500, /* enough for what only a grant allows */
	PATIENCE_MS = 2500, /* until a call is made again */
	APPROVALS_EACH_MS = 400,
	TRIES_MAX = 40,
	DAY_ASKS = 11,
	LATE_ASK_MS = 300000,  /* after the second roster is due */
	UNLISTED = 1200,       /* XEM that anybody may have; */
	GRANT_UP_TO = 1390,    /* and who has a grant */
	PRICE_AGE_MS = 400000, /* more than clocks jump on a night that has to end well */
};

const char *people_name(unsigned customer)
{
	static const char *const names[CUSTOMERS] = { "c-1", "c-2", "c-3", "c-4", "c-5", "c-6" };

	return names[customer];
}

/* call.asked, of what is no request: a day that has to count. */
enum { CALL_DAY = -3 };

/* ---- calls ---------------------------------------------------------------------------------- */

/* The call is made now, again when no answer comes: same tag never twice, same content always. */
static void call_add(struct sim *s, uint16_t number, struct bytes body, int asked)
{
	for (uint32_t i = 0; i < ARRAY_LEN(s->calls); i++) {
		struct call *c = &s->calls[i];
		struct item item = { .what = HAPPEN_API, .a = i };

		if (c->used) {
			continue;
		}
		*c = (struct call){ .used = true,
				    .number = number,
				    .body = malloc(body.n + 1),
				    .n = body.n,
				    .asked = asked };
		CHECK(c->body != NULL);
		if (body.n > 0) {
			memcpy(c->body, body.p, body.n);
		}
		queue_add(s, fate_range(&s->fate, 0, 5), item, bytes_of(NULL, 0));
		return;
	}
}

static void call_drop(struct call *c)
{
	free(c->body);
	*c = (struct call){ 0 };
}

void people_api(struct sim *s, const struct item *i)
{
	struct call *c = &s->calls[i->a];
	struct item again = { .what = HAPPEN_API, .a = i->a, .id = 0 };
	struct event e = { .kind = EVENT_FRAME, .role = ROLE_API };

	if (!c->used || (i->id != 0 && i->id != c->tag)) {
		return; /* answered meanwhile */
	}
	if (++c->tries > TRIES_MAX) {
		call_drop(c);
		return;
	}
	c->tag = ++s->tags;
	again.id = c->tag;
	queue_add(s, PATIENCE_MS, again, bytes_of(NULL, 0));
	if (!s->host[HOST_PAYOUT].up) {
		return;
	}
	e.number = c->number;
	e.request_id = c->tag;
	e.body = bytes_of(c->body, c->n);
	host_step(s, HOST_PAYOUT, &e);
}

static void retry(struct sim *s, struct call *c, uint64_t delay)
{
	struct item again = { .what = HAPPEN_API, .a = (uint32_t)(c - s->calls) };

	c->tag = ++s->tags; /* the patience of the last try ends */
	again.id = c->tag;
	queue_add(s, delay, again, bytes_of(NULL, 0));
}

static bool is_opening(const struct call *c)
{
	return c->number >= API_OPEN_BEGIN && c->number <= API_OPEN_END;
}

/* Behind it customers ask for small things, more than one budget together. */
static void day_taken(struct sim *s)
{
	struct item ask = { .what = HAPPEN_DAY_ASK };

	if (s->day == DAY_SIGNED) {
		s->day = DAY_COUNTS;
	}
	for (unsigned i = 0; i < (s->granted ? 1 : DAY_ASKS); i++) {
		queue_add(s, fate_range(&s->day_fate, 100, 9000), ask, bytes_of(NULL, 0));
	}
}

void people_answer(struct sim *s, uint64_t tag, struct bytes body)
{
	struct call *c = NULL;
	struct reader r = reader_make(body);
	uint32_t e = reader_u32(&r);

	for (size_t i = 0; i < ARRAY_LEN(s->calls); i++) {
		if (s->calls[i].used && s->calls[i].tag == tag) {
			c = &s->calls[i];
		}
	}
	if (c == NULL) {
		return; /* an answer to an earlier try */
	}
	if (!err_known(e)) {
		sim_broken(s, "P12", "the API answers with error number %u", e);
		return;
	}
	if (e != ERR_OK) {
		uint32_t n = reader_u32(&r);
		struct bytes field = reader_bytes(&r, n);
		uint32_t m = reader_u32(&r);
		struct bytes detail = reader_bytes(&r, m);

		sim_note(s, "people: call %u is answered %s %.*s: %.*s", c->number,
			 err_slug((enum err)e), (int)field.n, (const char *)field.p, (int)detail.n,
			 (const char *)detail.p);
	}
	if (is_opening(c)) {
		/* what went wrong is begun anew from the start: all of it may be repeated */
		s->opening = e == ERR_OK ? s->opening + 1 : 0;
		s->open_height = s->opening == 1 ? nis_height(s->nis) : s->open_height;
		call_drop(c);
		return;
	}
	if (c->asked == -2) {
		if (e == ERR_OK) {
			sim_broken(s, "P3", "one idempotency key is taken for two requests");
		}
		call_drop(c);
		return;
	}
	if (e == ERR_OK && c->asked == CALL_DAY) {
		day_taken(s);
	}
	if (e == ERR_OK && c->number == API_WITHDRAW && c->asked >= 0) {
		s->asked[c->asked].submitted = true;
	}
	if (e == ERR_BUSY || e == ERR_WAIT || e == ERR_UNREACHABLE) {
		retry(s, c, 500);
		return;
	}
	call_drop(c);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void put_u128(struct writer *w, u128 v)
{
	uint8_t b[16];

	le128_put(b, v);
	writer_bytes(w, bytes_of(b, sizeof b));
}

u128 people_claim(unsigned customer)
{
	return (u128)(customer == 0               ? CLAIM_FIRST
		      : customer + 1 == CUSTOMERS ? CLAIM_LAST
						  : CLAIM) *
	       SIM_XEM;
}

static void open_books(struct sim *s)
{
	uint8_t buffer[1024];
	struct writer w = writer_make(buffer, sizeof buffer);
	u128 sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(s->calls); i++) {
		if (s->calls[i].used && is_opening(&s->calls[i])) {
			return;
		}
	}
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		sum += people_claim(i);
	}
	if (s->opening == 0) {
		put_u128(&w, sum);
		call_add(s, API_OPEN_BEGIN, bytes_of(w.p, w.n), -1);
	} else if (s->opening == 1) {
		writer_u32(&w, CUSTOMERS);
		for (unsigned i = 0; i < CUSTOMERS; i++) {
			struct bytes name = bytes_str(people_name(i));

			writer_u32(&w, (uint32_t)name.n);
			writer_bytes(&w, name);
			put_u128(&w, people_claim(i));
		}
		call_add(s, API_OPEN_CLAIMS, bytes_of(w.p, w.n), -1);
	} else {
		call_add(s, API_OPEN_END, bytes_of(NULL, 0), -1);
	}
}

/* ---- requests ------------------------------------------------------------------------------- */

bool people_request(struct sim *s, unsigned customer, uint64_t amount, const struct nem_address *to,
		    const char *message, bool foe, size_t *index)
{
	struct asked *a = &s->asked[s->asked_n];
	uint8_t random[UUID7_RANDOM_BYTES];
	struct writer w = writer_make(a->raw, sizeof a->raw);

	if (s->asked_n == REQUESTS_MAX) {
		return false;
	}
	fate_bytes(&s->fate, random, sizeof random);
	*a = (struct asked){ .foe = foe, .customer = customer };
	a->request = (struct doc_request){ .amount = money_of(ASSET_XEM, amount),
					   .asset = ASSET_XEM,
					   .genesis = world.genesis_id,
					   .message_n = strlen(message),
					   .time_ms = SIM_START_MS + s->now };
	uuid7_make(&a->request.request_id, SIM_START_MS + s->now, random);
	a->request_id = a->request.request_id;
	(void)snprintf(a->request.customer, sizeof a->request.customer, "%s",
		       people_name(customer));
	memcpy(a->request.destination.text, to->text, sizeof a->request.destination.text);
	memcpy(a->request.message, message, strlen(message));
	CHECK(doc_request_make(&w, &a->doc, &a->request, world.backend.secret) == ERR_OK);
	a->raw_n = w.n;
	(void)snprintf(a->key, sizeof a->key, "key-%zu", s->asked_n);
	*index = s->asked_n++;
	return true;
}

static void submit(struct sim *s, const char *key, const struct asked *a, int asked)
{
	uint8_t buffer[2304];
	struct writer w = writer_make(buffer, sizeof buffer);

	writer_u32(&w, (uint32_t)strlen(key));
	writer_bytes(&w, bytes_str(key));
	writer_bytes(&w, bytes_of(a->raw, a->raw_n));
	CHECK(!w.bad);
	call_add(s, API_WITHDRAW, bytes_of(w.p, w.n), asked);
}

static void ask(struct sim *s)
{
	unsigned c = (unsigned)fate_below(&s->fate, CUSTOMERS);
	uint64_t amount = fate_range(&s->fate, 1, 60);
	size_t index = 0;

	if (fate_permille(&s->fate, s->swarm.overdraw)) {
		/* twice the same within a moment: together more than there is */
		amount = fate_range(&s->fate, 400, 699);
		for (unsigned i = 0; i < 2; i++) {
			if (people_request(s, c, amount * SIM_XEM, &world.customer_address[c],
					   "all", false, &index)) {
				submit(s, s->asked[index].key, &s->asked[index], (int)index);
			}
		}
		return;
	}
	if (fate_permille(&s->fate, 150)) {
		amount = fate_range(&s->fate, 100, 600);
	}
	amount = amount * SIM_XEM + fate_below(&s->fate, 1000);
	if (people_request(s, c, amount, &world.customer_address[c],
			   fate_permille(&s->fate, 300) ? "rent" : "", false, &index)) {
		submit(s, s->asked[index].key, &s->asked[index], (int)index);
	}
}

/* The same again: with its own key, with another one, and a key with another request. */
static void ask_again(struct sim *s)
{
	size_t i, k;

	if (s->asked_n == 0) {
		return;
	}
	i = (size_t)fate_below(&s->fate, s->asked_n);
	k = (size_t)fate_below(&s->fate, s->asked_n);
	if (s->asked[i].foe || s->asked[k].foe) {
		return;
	}
	switch (fate_below(&s->fate, 3)) {
	case 0:
		submit(s, s->asked[i].key, &s->asked[i], (int)i);
		return;
	case 1:
		submit(s, "another-key", &s->asked[0], -1);
		return;
	default:
		if (i != k && s->asked[i].submitted) {
			submit(s, s->asked[i].key, &s->asked[k], -2);
		}
		return;
	}
}

static void deposit(struct sim *s)
{
	unsigned c = (unsigned)fate_below(&s->fate, CUSTOMERS);
	uint32_t now = chain_now_s(s);
	struct nem_tx tx = { .type = NEM_TRANSFER };
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct nis_answer answer;
	const char *message = fate_permille(&s->fate, 800) ? s->token[c] : "hello";

	if (!s->host[HOST_PAYOUT].up) {
		return;
	}
	if (!s->has_token[c]) {
		s->has_token[c] =
		    payout_token(s->token[c], host_payout(), bytes_str(people_name(c))) == ERR_OK;
		if (!s->has_token[c]) {
			return;
		}
		message = s->token[c];
	}
	tx.head = (struct nem_header){ .network = NEM_NETWORK_TEST,
				       .version = 1,
				       .time_nem_s = now,
				       .deadline_nem_s = now + 3600,
				       .signer = world.rich.public_key };
	tx.transfer.recipient = world.hot_address[fate_permille(&s->fate, 700) ? 3 : 0];
	tx.transfer.amount_micro = fate_range(&s->fate, 1, 40) * SIM_XEM + s->order % 1000000;
	tx.transfer.message_type = NEM_MESSAGE_PLAIN;
	tx.transfer.message_bytes = (uint16_t)strlen(message);
	memcpy(tx.transfer.message, message, strlen(message));
	tx.head.fee_micro = nem_fee_minimum(&tx);
	CHECK(nem_tx_sign(&tx, &world.rich) == ERR_OK);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	CHECK(nis_push(s->nis, (unsigned)fate_below(&s->fate, NODES), bytes_of(raw, w.n), now,
		       &answer, NULL) == ERR_OK);
	s->deposits += answer.code == NEM_SUCCESS;
}

/* ---- approvers ------------------------------------------------------------------------------ */

/* Who has another key by a roster that may be in force takes now this one, now that one. */
static const struct party *approver_key(struct sim *s, unsigned i)
{
	return s->roster == ROSTER_RENEWS && i == APPROVERS - 1 &&
		       s->now >= s->roster_at + world.policy_doc.loosening_ms &&
		       fate_permille(&s->roster_fate, 500)
		   ? &world.next_approver
		   : &world.approver[i];
}

static void approve(struct sim *s, const struct payout_view *v)
{
	unsigned i = (unsigned)fate_below(&s->fate, APPROVERS);
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_approval a = { .decision = !s->healing && fate_permille(&s->fate, 30)
						  ? DOC_DECISION_NO
						  : DOC_DECISION_YES,
				  .genesis = world.genesis_id,
				  .subject = v->order,
				  .subject_type = DOC_ORDER,
				  .time_ms = SIM_START_MS + s->now };
	struct hash32 id;

	if (s->approved_n == ARRAY_LEN(s->approved)) {
		return;
	}
	(void)snprintf(a.person, sizeof a.person, "%s", world.roster_doc.people[i].id);
	CHECK(doc_approval_make(&w, &id, &a, approver_key(s, i)->secret) == ERR_OK);
	s->approved[s->approved_n++] = id;
	call_add(s, API_DOCUMENT, bytes_of(w.p, w.n), -1);
}

static void approvers(struct sim *s)
{
	struct payout_view v;

	if (!s->host[HOST_PAYOUT].up || s->now < s->asked_approval_at) {
		return;
	}
	s->asked_approval_at = s->now + APPROVALS_EACH_MS;
	for (size_t i = 0; i < payout_count(host_payout()); i++) {
		payout_at(&v, host_payout(), i);
		if (v.state == PAYOUT_APPROVING ||
		    (v.state == PAYOUT_AUTHORISED && v.approvals < v.needed)) {
			approve(s, &v);
		}
	}
}

/* ---- officers ------------------------------------------------------------------------------- */

/* To some of the stop sockets and not to the others. */
static void stop_sockets(struct sim *s, struct fate *f, struct bytes item)
{
	for (uint32_t h = HOST_A; h < HOSTS; h++) {
		uint32_t conn =
		    fate_permille(f, 500) ? net_open_stranger(s, CLIENT_OFFICER, h, ROLE_STOP) : 0;

		if (conn != 0) {
			net_ask(s, conn - 1,
				h < HOST_W1 ? (uint16_t)SIGNER_STOP_PUT
					    : (uint16_t)WATCHER_STOP_PUT,
				1, &item, 1);
		}
	}
}

static void officer_freezes(struct sim *s, struct fate *fate, unsigned who)
{
	uint8_t raw[4096];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_freeze f = { .genesis = world.genesis_id,
				.reason = "something is wrong",
				.scope = DOC_SCOPE_ALL,
				.time_ms = SIM_START_MS + s->now };

	(void)snprintf(f.issuer, sizeof f.issuer, "officer-%u", who + 1);
	fate_bytes(fate, f.nonce, sizeof f.nonce);
	CHECK(doc_freeze_make(&w, &s->officer_freezes[s->freezes_n++], &f,
			      world.officer[who].secret) == ERR_OK);
	sim_note(s, "officer %u freezes", who + 1);
	s->officer_froze = true;
	stop_sockets(s, fate, bytes_of(w.p, w.n));
}

void people_officer(struct sim *s)
{
	struct item later = { .what = HAPPEN_RESUME };

	officer_freezes(s, &s->fate, (unsigned)fate_below(&s->fate, OFFICERS));
	if (fate_permille(&s->rules_fate, 700)) {
		queue_add(s, fate_range(&s->rules_fate, 100, 6000), later, bytes_of(NULL, 0));
	}
}

/* Signed by the first n of them. */
static struct bytes by_all(uint8_t raw[8192], enum doc_type type, const void *in, struct hash32 *id,
			   const struct party *who, size_t n)
{
	uint8_t one[8192];
	struct writer w = writer_make(raw, 8192);
	struct doc_seal seal;
	struct doc d;

	CHECK(doc_make(&w, id, type, in, who[0].secret, NULL) == ERR_OK);
	for (size_t i = 1; i < n; i++) {
		struct writer next = writer_make(one, sizeof one);

		CHECK(doc_open(&d, bytes_of(w.p, w.n), &world.genesis_id, NULL) == ERR_OK);
		doc_sign(&seal, id, who[i].secret);
		CHECK(doc_add_seal(&next, &d, &seal) == ERR_OK);
		w = writer_make(raw, 8192);
		writer_bytes(&w, bytes_of(one, next.n));
	}
	return bytes_of(w.p, w.n);
}

/* Signed by both officers: that is the governance of this roster. */
static struct bytes by_both(uint8_t raw[8192], enum doc_type type, const void *in,
			    struct hash32 *id)
{
	return by_all(raw, type, in, id, world.officer, 2);
}

void people_resume(struct sim *s)
{
	struct fate *f = &s->rules_fate;
	struct item later = { .what = HAPPEN_RESUME };
	uint8_t raw[8192];
	struct doc_resume x = { .genesis = world.genesis_id,
				.initiator = "officer-1",
				.lift_count = 1,
				.reason = "looked at",
				.scope = DOC_SCOPE_ALL,
				.time_ms = SIM_START_MS + s->now };
	struct bytes item;
	struct hash32 id;

	/* before the first is lifted there may be a second, which is not named */
	if (s->freezes_n == 1 && fate_permille(f, 500)) {
		officer_freezes(s, f, 1);
	}
	x.freezes[0].id = s->officer_freezes[s->resumes_n++];
	fate_bytes(f, x.nonce, sizeof x.nonce);
	item = by_both(raw, DOC_RESUME, &x, &id);
	sim_note(s, "officers resume, naming one freeze of %u", s->freezes_n);
	call_add(s, API_DOCUMENT, item, -1);
	stop_sockets(s, f, item);
	if (s->resumes_n < s->freezes_n && fate_permille(f, 700)) {
		queue_add(s, fate_range(f, 100, 4000), later, bytes_of(NULL, 0));
	}
}

static void cancelled(struct sim *s, struct fate *f, const struct hash32 *id)
{
	uint8_t word[2048];
	struct writer w = writer_make(word, sizeof word);
	struct doc_cancel c = { .document = *id,
				.genesis = world.genesis_id,
				.person = "approver-1",
				.time_ms = SIM_START_MS + s->now };

	CHECK(doc_cancel_make(&w, NULL, &c, world.approver[0].secret) == ERR_OK);
	sim_note(s, "an approver cancels it");
	stop_sockets(s, f, bytes_of(w.p, w.n));
}

void people_grant(struct sim *s)
{
	struct fate *f = &s->grant_fate;
	struct doc_grant g = { .from_ms = SIM_START_MS + s->now,
			       .genesis = world.genesis_id,
			       .reason = "a new office",
			       .until_ms = SIM_START_MS + s->now + 5400000,
			       .up_to = money_of(ASSET_XEM, (u128)GRANT_UP_TO * SIM_XEM) };
	const struct item ask = { .what = HAPPEN_GRANT_ASK };
	const struct item end = { .what = HAPPEN_GRANT_END };
	uint8_t raw[8192];
	struct bytes item;
	struct hash32 id;

	memcpy(g.destination.text, world.customer_address[0].text, sizeof g.destination.text);
	if (s->swarm.second) { /* it runs when that begins, and ends in it */
		g.from_ms += SECOND_MS - 3600000;
		g.until_ms = SIM_START_MS + SECOND_MS + fate_range(f, 12000, 26000);
	}
	s->granted = true;
	s->granted_at = s->now;
	s->grant_until_ms = g.until_ms;
	s->grant_to = g.destination;
	item = by_both(raw, DOC_GRANT, &g, &id);
	s->grant_id = id;
	sim_note(s, "officers grant something for a while");
	call_add(s, API_DOCUMENT, item, -1);
	stop_sockets(s, f, item);
	if (fate_permille(f, 500)) {
		cancelled(s, f, &id);
	} else {
		s->grant_ends = fate_permille(f, 600);
	}
	for (uint64_t at = 100000; s->swarm.late && at < 6300000; at += 1200000) {
		queue_add(s, at + fate_range(f, 0, 900000), ask, bytes_of(NULL, 0));
	}
	if (s->grant_ends && s->swarm.late) {
		queue_add(s, fate_range(f, 3700000, 5000000), end, bytes_of(NULL, 0));
	}
}

/* What he asks for, and its end, in the second night. */
static void grant_goes_on(struct sim *s)
{
	const struct item ask = { .what = HAPPEN_GRANT_ASK };
	const struct item end = { .what = HAPPEN_GRANT_END };

	for (uint64_t at = 100; at < 16000; at += 5000) {
		queue_add(s, at + fate_range(&s->grant_fate, 0, 4000), ask, bytes_of(NULL, 0));
	}
	if (s->grant_ends) {
		queue_add(s, fate_range(&s->grant_fate, 3000, 14000), end, bytes_of(NULL, 0));
	}
}

void people_grant_ask(struct sim *s)
{
	uint64_t amount = fate_range(&s->grant_fate, UNLISTED + 1, GRANT_UP_TO);
	size_t index = 0;

	if (people_request(s, 0, amount * SIM_XEM, &world.customer_address[0], "office", false,
			   &index)) {
		sim_note(s, "%s asks for what needs a grant", people_name(0));
		submit(s, s->asked[index].key, &s->asked[index], (int)index);
	}
}

void people_grant_end(struct sim *s)
{
	cancelled(s, &s->grant_fate, &s->grant_id);
}

/* What each signer has attested without approvals, up to one of its numbers. */
static void compare(struct sim *s, struct doc_day *day, bool all)
{
	uint64_t most[DOC_SIGNERS] = { 0 };
	u128 sum[DOC_SIGNERS] = { 0 };

	for (size_t i = 0; i < s->attested_n; i++) {
		const struct attested *a = &s->attested[i];

		if (a->forged || a->sweep || (!all && fate_permille(&s->day_fate, 500))) {
			continue;
		}
		most[a->signer] = a->sequence > most[a->signer] ? a->sequence : most[a->signer];
	}
	for (size_t i = 0; i < s->attested_n; i++) {
		const struct attested *a = &s->attested[i];

		sum[a->signer] += !a->forged && a->approvals == 0 && a->sequence <= most[a->signer]
				      ? a->outflow
				      : 0;
	}
	day->a_sequence = most[0];
	day->a_unapproved = money_of(ASSET_XEM, sum[0]);
	day->b_sequence = most[1];
	day->b_unapproved = money_of(ASSET_XEM, sum[1]);
}

static void day_hand(struct sim *s, struct doc_day *day, int asked)
{
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct day_said *said = &s->days[s->days_n++];

	CHECK(s->days_n <= ARRAY_LEN(s->days));
	day->genesis = world.genesis_id;
	day->time_ms = SIM_START_MS + s->now + s->days_n;
	(void)snprintf(day->person, sizeof day->person, "officer-1");
	said->day = *day;
	CHECK(doc_day_make(&w, &said->id, day, world.officer[0].secret) == ERR_OK);
	call_add(s, API_DOCUMENT, bytes_of(w.p, w.n), asked);
}

void people_next_night(struct sim *s)
{
	const struct item day = { .what = HAPPEN_DAY };

	queue_add(s, fate_range(&s->day_fate, 500, 6000), day, bytes_of(NULL, 0));
	if (s->granted) {
		grant_goes_on(s);
	}
}

void people_day(struct sim *s)
{
	struct fate *f = &s->day_fate;
	bool all = fate_permille(f, 500);
	struct doc_day day = { .a_sequence = 0 };

	if (fate_permille(f, 200)) { /* asked without one, as much as if there were */
		day_taken(s);
		return;
	}
	compare(s, &day, all);
	if (fate_permille(f, 300)) { /* what he was told hides the half of it */
		struct doc_day half = day;

		half.a_unapproved = money_of(ASSET_XEM, money_units(&day.a_unapproved) / 2);
		half.b_unapproved = money_of(ASSET_XEM, money_units(&day.b_unapproved) / 2);
		sim_note(s, "an officer signs a day that is wrong");
		day_hand(s, &half, all ? -1 : CALL_DAY);
		if (!all) {
			return;
		}
	}
	sim_note(s, "an officer signs a day of %s", all ? "all" : "some");
	s->day = all ? DAY_SIGNED : DAY_NONE;
	day_hand(s, &day, CALL_DAY);
}

void people_day_ask(struct sim *s)
{
	/* without the last, who has nearly nothing */
	unsigned c = (unsigned)fate_below(&s->day_fate, CUSTOMERS - 1);
	size_t index = 0;

	if (people_request(s, c, fate_range(&s->day_fate, 20, 97) * SIM_XEM,
			   &world.customer_address[c], "day", false, &index)) {
		s->asked[index].daily = s->day == DAY_COUNTS;
		submit(s, s->asked[index].key, &s->asked[index], (int)index);
	}
}

/* A holder says no, also to what he has signed himself: the last of those who did. */
static void holder_ends(struct sim *s, struct fate *f)
{
	uint8_t word[2048];
	struct writer w = writer_make(word, sizeof word);
	struct doc_cancel c = { .document = s->roster_next,
				.genesis = world.genesis_id,
				.person = "holder-3" };

	CHECK(doc_cancel_make(&w, &s->holder_no, &c, world.holder[2].secret) == ERR_OK);
	sim_note(s, "a holder ends it");
	stop_sockets(s, f, bytes_of(w.p, w.n));
}

void people_roster(struct sim *s)
{
	struct fate *f = &s->roster_fate;
	struct item later = { .what = HAPPEN_LATE_ASK };
	struct doc_roster next = world.roster_doc;
	bool leaves = fate_permille(f, s->swarm.late ? 300 : 700);
	uint8_t raw[8192];
	struct bytes item;

	next.number++;
	next.previous = world.roster_id;
	if (leaves) { /* the officers stand behind the approvers */
		for (size_t i = APPROVERS - 1; i + 1 < next.people_count; i++) {
			next.people[i] = next.people[i + 1];
		}
		next.people_count--;
	} else {
		next.people[APPROVERS - 1].key = world.next_approver.key;
		next.people[APPROVERS + OFFICERS - 1].key = world.next_officer.key;
	}
	s->roster = leaves ? ROSTER_LEAVES : ROSTER_RENEWS;
	s->roster_at = s->now;
	s->recovered = next.recovery = !leaves && fate_permille(f, 500);
	item = s->recovered
		   ? by_all(raw, DOC_ROSTER, &next, &s->roster_next, world.holder, HOLDERS_NEEDED)
		   : by_both(raw, DOC_ROSTER, &next, &s->roster_next);
	sim_note(s, "%s propose a roster in which %s", s->recovered ? "holders" : "officers",
		 leaves ? "an approver is no more" : "an approver and an officer have other keys");
	call_add(s, API_DOCUMENT, item, -1);
	stop_sockets(s, f, item);
	if (s->recovered && fate_permille(f, 400)) {
		holder_ends(s, f);
	}
	if (s->swarm.late) {
		queue_add(s, world.policy_doc.loosening_ms + LATE_ASK_MS, later, bytes_of(NULL, 0));
	}
}

void people_late_ask(struct sim *s)
{
	unsigned c = (unsigned)fate_below(&s->roster_fate, CUSTOMERS - 1);
	size_t index = 0;

	/* so much that somebody has to approve it */
	if (people_request(s, c, fate_range(&s->roster_fate, 120, 200) * SIM_XEM,
			   &world.customer_address[c], "late", false, &index)) {
		sim_note(s, "%s asks late", people_name(c));
		submit(s, s->asked[index].key, &s->asked[index], (int)index);
	}
}

void people_rules(struct sim *s)
{
	struct fate *f = &s->rules_fate;
	struct doc_policy next = world.policy_doc;
	bool looser = fate_permille(f, 500);
	struct item price = { .what = HAPPEN_PRICE };
	uint8_t raw[8192];
	struct bytes item;
	struct hash32 id;

	next.genesis = world.genesis_id;
	next.number++;
	next.previous = world.policy_id;
	if (looser) {
		next.day_max = money_of(ASSET_XEM, 2 * money_units(&next.day_max));
	} else if (fate_permille(f, 700)) {
		s->yen_hour = fate_range(f, 10000, 60000); /* some 100 to 600 XEM */
		next.yen_count = 1;
		next.yen[0] = (struct doc_yen){ .age_max_ms = PRICE_AGE_MS,
						.day_max = (u128)s->yen_hour * 2,
						.hour_max = s->yen_hour,
						.jump_max_bp = 1000 };
	}
	if (!looser) {
		next.approval_tiers[1].approvals++; /* also for what is approved already */
		s->raised = true;
	}
	s->rules = looser ? RULES_LOOSER : RULES_TIGHTER;
	s->rules_at = s->now;
	item = by_both(raw, DOC_POLICY, &next, &id);
	if (s->yen_hour != 0) {
		s->yen_policy = id;
		queue_add(s, 0, price, bytes_of(NULL, 0));
	}
	if (s->raised) {
		s->tall_policy = id;
	}
	sim_note(s, "officers propose a policy that %s",
		 looser             ? "loosens"
		 : s->yen_hour != 0 ? "asks for one more approval, and has caps in yen"
				    : "asks for one more approval");
	call_add(s, API_DOCUMENT, item, -1);
	stop_sockets(s, f, item);
	if (looser && fate_permille(f, 500)) {
		cancelled(s, f, &id);
	}
}

/* Two sources, or all three, say what a coin costs; now and then one of them says anything. */
void people_price(struct sim *s)
{
	struct fate *f = &s->rules_fate;
	struct item again = { .what = HAPPEN_PRICE };

	queue_add(s, fate_range(f, 500, 3000) + (sim_is_quiet(s) ? PRICE_AGE_MS / 4 : 0), again,
		  bytes_of(NULL, 0));
	for (unsigned i = 0; i < SOURCES; i++) {
		struct doc_price price = { .asset = ASSET_XEM,
					   .currency = ASSET_JPY,
					   .genesis = world.genesis_id,
					   .time_ms = SIM_START_MS + s->now };
		bool lies = i == SOURCES - 1 && fate_permille(f, 300);
		uint8_t raw[2048];
		struct writer w = writer_make(raw, sizeof raw);

		if (i == SOURCES - 1 && fate_permille(f, 300)) {
			continue;
		}
		(void)snprintf(price.source, sizeof price.source, "price-%u", i + 1);
		(void)snprintf(
		    price.rate, sizeof price.rate, "%llu",
		    (unsigned long long)(lies ? fate_range(f, 1, 5000) : fate_range(f, 97, 103)));
		CHECK(doc_price_make(&w, NULL, &price, world.source[i].secret) == ERR_OK);
		call_add(s, API_PRICE, bytes_of(w.p, w.n), -1);
	}
}

static const struct doc_hot *first_of_genesis(enum doc_hot_kind kind)
{
	for (size_t i = 0; i < world.genesis_doc.hot_count; i++) {
		if (world.genesis_doc.hot[i].kind == kind) {
			return &world.genesis_doc.hot[i];
		}
	}
	CHECK(false);
	return NULL;
}

void people_closing(struct sim *s)
{
	struct fate *f = &s->closing_fate;
	unsigned who = (unsigned)fate_below(f, OFFICERS);
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	enum doc_hot_kind kind = s->swarm.late ? DOC_HOT_TILL : DOC_HOT_PURSE;
	struct doc_closing c = { .account = first_of_genesis(kind)->public_key,
				 .genesis = world.genesis_id,
				 .reason = "used up",
				 .time_ms = SIM_START_MS + s->now };
	struct bytes item;

	(void)snprintf(c.issuer, sizeof c.issuer, "officer-%u", who + 1);
	CHECK(doc_closing_make(&w, &s->closing_id, &c, world.officer[who].secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	sim_note(s, "officer %u closes a %s", who + 1, kind == DOC_HOT_TILL ? "till" : "purse");
	if (kind == DOC_HOT_TILL) {
		call_add(s, API_DOCUMENT, item, -1);
	}
	stop_sockets(s, f, item);
}

/* ---- the day -------------------------------------------------------------------------------- */

void people_init(struct sim *s)
{
	struct item item = { .what = HAPPEN_PEOPLE };

	queue_add(s, 1500, item, bytes_of(NULL, 0));
}

void people_act(struct sim *s)
{
	struct item again = { .what = HAPPEN_PEOPLE };
	unsigned honest = 0;

	queue_add(s, fate_range(&s->fate, 60, 500) + (sim_is_quiet(s) ? 10000 : 0), again,
		  bytes_of(NULL, 0));
	if (s->opening < 3) {
		open_books(s);
		return;
	}
	approvers(s);
	if (s->healing) {
		return;
	}
	for (size_t i = 0; i < s->asked_n; i++) {
		honest += !s->asked[i].foe;
	}
	switch (fate_below(&s->fate, 6)) {
	case 0:
	case 1:
	case 2:
		if (honest < s->swarm.requests) {
			ask(s);
		}
		return;
	case 3:
		ask_again(s);
		return;
	case 4:
		if (s->deposits < 6) {
			deposit(s);
		}
		return;
	default:
		return;
	}
}
