/* SPDX-License-Identifier: Apache-2.0 */
/*
 * laws.c - the promises, compared with what really happened: with what stands on disks, goes over
 * sockets and stands in blocks.  No core is asked whether it behaved, but for its books.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/guard_self.h"
#include "policy/attempt.h"
#include "policy/exclusion.h"
#include "policy/payment.h"
#include "policy/prices.h"
#include "sim/sim.h"

enum {
	FREEZE_BOUND_MS = 3000, /* theft to the last freeze, when nothing is broken */
	BALANCED_DUST = 2,      /* XEM that a swept account may keep */
	SETTLE_DEPTH = 3,       /* as host.c configures the server */
	HOUR_MS = 3600000,
	DAY_MS = 24 * HOUR_MS,
	CLOCKS_MS = 1000, /* that clocks are apart in quiet hours, and more */
	CHAIN_MS = 10000, /* that the newest block that somebody knows is old, and more */
};

struct attested *laws_attested(struct sim *s, const struct hash32 *id)
{
	for (size_t i = 0; i < s->attested_n; i++) {
		if (hash32_eq(&s->attested[i].id, id)) {
			return &s->attested[i];
		}
	}
	return NULL;
}

static const struct asked *asked_by(const struct sim *s, const struct id128 *id)
{
	for (size_t i = 0; i < s->asked_n; i++) {
		if (id128_eq(&s->asked[i].request_id, id)) {
			return &s->asked[i];
		}
	}
	return NULL;
}

/* ---- what a signer made durable ------------------------------------------------------------- */

static void order_commit(struct sim *s, uint32_t h, const struct log_record *r)
{
	size_t *n = &s->knows_n[h - HOST_A];

	if (*n < REQUESTS_MAX) {
		s->knows[h - HOST_A][(*n)++] = (struct knows){ .order = r->id, .since = s->now };
	}
}

/* The time lock ran from when this very signer had the order on its disk (P4). */
static void attested_lock(struct sim *s, uint32_t h, const struct doc_order *order,
			  const struct hash32 *id)
{
	const struct doc_tier *tier;
	bool waited = false;

	CHECK(policy_tier_find(&tier, &world.policy_doc, &order->amount) == ERR_OK);
	for (size_t i = 0; i < s->knows_n[h - HOST_A]; i++) {
		const struct knows *k = &s->knows[h - HOST_A][i];

		waited = waited || (memcmp(k->order.b, id->b, sizeof k->order.b) == 0 &&
				    s->now >= k->since + tier->delay_ms);
	}
	if (tier->delay_ms > 0 && !waited) {
		sim_broken(s, "P4", "%s attests before its time lock is over", host_name(h));
	}
}

/*
 * Under the roster that the attestation names, this person's key counts: the last approver has
 * another one under the second roster, or is no more.
 */
static bool approver_counts(const struct sim *s, const struct doc *d,
			    const struct doc_approval *approval, const struct hash32 *roster)
{
	bool second = s->roster != ROSTER_NONE && hash32_eq(roster, &s->roster_next);

	if (strcmp(approval->person, world.roster_doc.people[APPROVERS - 1].id) != 0) {
		return true;
	}
	return !second                      ? doc_signed_by(d, &world.approver[APPROVERS - 1].key)
	       : s->roster == ROSTER_LEAVES ? false
					    : doc_signed_by(d, &world.next_approver.key);
}

/* What this signer let through without approvals behind one of its numbers, each attempt. */
static u128 unapproved_behind(const struct sim *s, unsigned signer, uint64_t sequence)
{
	u128 sum = 0;

	for (size_t i = 0; i < s->attested_n; i++) {
		const struct attested *a = &s->attested[i];

		sum +=
		    !a->forged && a->signer == signer && a->approvals == 0 && a->sequence > sequence
			? a->outflow
			: 0;
	}
	return sum;
}

/* A day beside a payment: an officer has signed it, and compared what this signer attested (P4). */
static void day_commit(struct sim *s, uint32_t h, const struct doc *d)
{
	unsigned signer = h - HOST_A;
	const struct day_said *said = NULL;
	uint64_t sequence;
	u128 sum;

	for (size_t i = 0; i < s->days_n; i++) {
		said = hash32_eq(&s->days[i].id, &d->id) ? &s->days[i] : said;
	}
	if (said == NULL) {
		sim_broken(s, "P4", "%s lets a day count that no officer signed", host_name(h));
		return;
	}
	sequence = signer == 0 ? said->day.a_sequence : said->day.b_sequence;
	if (sequence <= s->day_point[signer]) {
		return;
	}
	sum = unapproved_behind(s, signer, 0) - unapproved_behind(s, signer, sequence);
	if (sum != money_units(signer == 0 ? &said->day.a_unapproved : &said->day.b_unapproved)) {
		sim_broken(s, "P4", "%s lets a day count that compared something else",
			   host_name(h));
	}
	s->day_point[signer] = sequence;
	s->days_taken++;
}

/* So much only a grant allows: one that runs, for him, to this sum (P4, P13, T28). */
static void granted(struct sim *s, uint32_t h, struct attested *a, const struct doc_order *order)
{
	uint64_t now_ms = SIM_START_MS + s->now;
	/* whose clock is late learns the time of the chain, by heartbeats */
	uint64_t late_ms =
	    CLOCKS_MS + (s->swarm.clock_steps ? world.policy_doc.heartbeat_age_ms : 0);

	if (money_units(&order->amount) <= money_units(&world.policy_doc.unlisted_max)) {
		return;
	}
	a->granted = true;
	if (!s->granted || strcmp(order->destination.text, s->grant_to.text) != 0 ||
	    s->now - s->granted_at < world.policy_doc.loosening_ms ||
	    now_ms >= s->grant_until_ms + late_ms) {
		sim_broken(s, "P4", "%s attests more than may leave without a grant that runs",
			   host_name(h));
	} else if (s->host[h].grant_ended_on_disk) {
		sim_broken(s, "P4", "%s attests by a grant whose end is on its disk", host_name(h));
	}
}

/* The documents of one attested payment against what people really signed (P2, P4, P6). */
static void attested_documents(struct sim *s, uint32_t h, struct attested *a,
			       const struct log_view *v)
{
	static struct prices_set said; /* large */
	struct policy_price prices[DOC_SOURCES_MAX];
	struct doc_order order = { .created_ms = 0 };
	struct doc_attempt attempt;
	struct policy_fees fees;
	struct hash32 order_id = { { 0 } };
	unsigned yes = 0;
	bool has_order = false, has_attempt = false;
	struct bytes blob;
	size_t at = 0;
	const struct asked *asked;
	unsigned needed = 0;
	enum err e;

	said.n = 0;
	while (log_view_next_blob(&blob, NULL, v, &at)) {
		struct doc d;
		struct doc_approval approval;

		if (doc_open(&d, blob, &world.genesis_id, NULL) != ERR_OK) {
			continue;
		}
		if (d.type == DOC_ORDER && doc_order_read(&d, &order, NULL) == ERR_OK) {
			has_order = true;
			order_id = d.id;
		} else if (d.type == DOC_DAY) {
			day_commit(s, h, &d);
		} else if (d.type == DOC_PRICE) {
			CHECK(prices_add(&said, &d, NULL) == ERR_OK);
		} else if (d.type == DOC_ATTEMPT && hash32_eq(&d.id, &a->subject) &&
			   doc_attempt_read(&d, &attempt, NULL) == ERR_OK) {
			has_attempt = true;
			a->account = attempt.account;
			a->number = (unsigned)attempt.number;
			a->deadline_nem_s = attempt.deadline_nem_s;
		} else if (d.type == DOC_APPROVAL &&
			   doc_approval_read(&d, &approval, NULL) == ERR_OK &&
			   approval.decision == DOC_DECISION_YES &&
			   approver_counts(s, &d, &approval, &a->roster)) {
			for (size_t i = 0; i < s->approved_n; i++) {
				yes += hash32_eq(&s->approved[i], &d.id);
			}
		}
	}
	if (!has_order || !has_attempt || !hash32_eq(&attempt.order, &order_id)) {
		sim_broken(s, "P6", "%s attests without order and attempt in its journal",
			   host_name(h));
		return;
	}
	asked = asked_by(s, &order.request_id);
	if (asked == NULL || !hash32_eq(&asked->doc, &order.request) ||
	    !money_eq(&asked->request.amount, &order.amount) ||
	    strcmp(asked->request.destination.text, order.destination.text) != 0 ||
	    asked->request.message_n != order.message_n ||
	    memcmp(asked->request.message, order.message, order.message_n) != 0) {
		sim_broken(s, "P6", "%s attests a payment that nobody asked for", host_name(h));
		return;
	}
	e = policy_tier(&needed, &world.policy_doc, &order.amount);
	needed += a->tall && needed == 1;
	if (e != ERR_OK || yes < needed) {
		sim_broken(s, "P4", "%s attests with %u approvals where %u are needed",
			   host_name(h), yes, needed);
		return;
	}
	attested_lock(s, h, &order, &order_id);
	granted(s, h, a, &order);
	CHECK(policy_fees(&fees, &order.amount, order.message_n) == ERR_OK);
	a->outflow = money_units(&order.amount) + fees.total;
	a->approvals = yes;
	if (!a->in_yen) {
		return;
	}
	if (said.n < world.roster_doc.prices_needed ||
	    prices_judge(&said, &world.roster_doc, prices).err != ERR_OK) {
		sim_broken(s, "P4", "%s counts in yen by prices that nobody said", host_name(h));
		return;
	}
	a->yen = prices_yen(prices_highest(&said), a->outflow);
}

/* An order counts once, by its last attempt. */
static bool is_replaced(const struct sim *s, size_t at)
{
	const struct attested *a = &s->attested[at];

	for (size_t k = at + 1; k < s->attested_n; k++) {
		const struct attested *b = &s->attested[k];

		if (!b->forged && b->signer == a->signer && !b->sweep &&
		    id128_eq(&b->request_id, &a->request_id)) {
			return true;
		}
	}
	return false;
}

/* What one signer let through within the time before now. */
struct sums {
	u128 all, unapproved, yen;
};

static struct sums sums_within(const struct sim *s, unsigned signer, uint64_t ms)
{
	struct sums sums = { 0, 0, 0 };

	for (size_t i = 0; i < s->attested_n; i++) {
		const struct attested *a = &s->attested[i];

		if (a->forged || a->sweep || a->signer != signer || s->now - a->at >= ms ||
		    is_replaced(s, i)) {
			continue;
		}
		sums.all += a->outflow;
		sums.unapproved += a->approvals == 0 ? a->outflow : 0;
		sums.yen += a->yen;
	}
	return sums;
}

/*
 * The sums that a signer let through, in every window that ends now, and without approvals since
 * a day that it took (P4).  No clock of a signer runs faster than time does.
 */
static void attested_sums(struct sim *s, uint32_t h)
{
	const struct doc_policy *p = &world.policy_doc;
	const struct sums hour = sums_within(s, h - HOST_A, HOUR_MS);
	const struct sums day = sums_within(s, h - HOST_A, DAY_MS);
	u128 since = unapproved_behind(s, h - HOST_A, s->day_point[h - HOST_A]);
	u128 day_max = money_units(&p->day_max) * (s->rules == RULES_LOOSER ? 2 : 1);

	if (hour.yen > s->yen_hour || day.yen > 2 * (u128)s->yen_hour) {
		sim_broken(s, "P4", "%s signs above the cap in yen", host_name(h));
	}
	if (hour.all > money_units(&p->hour_max)) {
		sim_broken(s, "P4", "%s signs above hour_max", host_name(h));
	}
	if (day.all > day_max) {
		sim_broken(s, "P4", "%s signs above day_max", host_name(h));
	}
	if (day.unapproved > money_units(&p->unapproved_day_max)) {
		sim_broken(s, "P4", "%s signs above what a day allows without approvals",
			   host_name(h));
	}
	if (since > money_units(&p->unapproved_day_max)) {
		sim_broken(s, "P4", "%s signs above the budget that a person renews", host_name(h));
	}
}

static int hot_of(const struct key32 *key)
{
	for (int i = 0; i < HOT; i++) {
		if (key32_eq(key, &world.hot_key[i].public_key)) {
			return i;
		}
	}
	return -1;
}

/* Why this attempt is not dead, by the chain that there is; NULL: it is. */
static const char *why_alive(const struct sim *s, const struct attested *b)
{
	int hot = hot_of(&b->account);

	for (size_t i = 0; i < s->hits_n; i++) {
		if (hash32_eq(&s->hits[i].inner, &b->inner)) {
			return "it stands in a block";
		}
	}
	if (hot < 0 || s->filled[hot] + EXCLUSION_DEPTH > nis_height(s->nis)) {
		return "its till was not empty at any final block";
	}
	return NULL;
}

/*
 * One more attempt at an order (P3): by what is in the journal two watchers have said that the one
 * before is dead, by the chain it is, and its till is closed in the same journal.
 */
static void attested_again(struct sim *s, uint32_t h, const struct attested *b,
			   const struct log_view *v)
{
	const char *why = why_alive(s, b);
	unsigned said = 0;
	struct bytes blob;
	size_t at = 0;
	int hot = hot_of(&b->account);

	while (log_view_next_blob(&blob, NULL, v, &at)) {
		struct doc_exclusion x;
		struct doc d;

		if (doc_open(&d, blob, &world.genesis_id, NULL) != ERR_OK ||
		    d.type != DOC_EXCLUSION || doc_exclusion_read(&d, &x, NULL) != ERR_OK ||
		    !hash32_eq(&x.attempt, &b->subject)) {
			continue;
		}
		for (unsigned i = 0; i < WATCHERS; i++) {
			if (strcmp(x.watcher, world.roster_doc.watchers[i].id) == 0 &&
			    doc_signed_by(&d, &world.watcher[i].key)) {
				said |= 1u << i;
			}
		}
	}
	if (said == 0 || (said & (said - 1)) == 0) {
		sim_broken(s, "P3",
			   "%s attests a second attempt that fewer than two watchers allow",
			   host_name(h));
	} else if (why != NULL) {
		sim_broken(s, "P3", "%s attests a second attempt while the first lives: %s",
			   host_name(h), why);
	} else if (hot < 0 || (s->host[h].closed_hot & 1u << hot) == 0) {
		sim_broken(s, "P3", "%s attests a second attempt and knows of no closed till",
			   host_name(h));
	}
}

/* A watcher calls an attempt dead. */
static void watch_exclusion_commit(struct sim *s, uint32_t h, const struct log_view *v,
				   const struct log_record *r)
{
	const struct attested *a = NULL;
	struct doc_exclusion x;
	const char *why;
	struct bytes blob;
	struct doc d;

	if (log_view_blob(&blob, v, &r->link) != ERR_OK ||
	    doc_open(&d, blob, &world.genesis_id, NULL) != ERR_OK ||
	    doc_exclusion_read(&d, &x, NULL) != ERR_OK) {
		sim_broken(s, "P10", "%s journals an exclusion that cannot be read", host_name(h));
		return;
	}
	for (size_t i = 0; i < s->attested_n; i++) {
		if (hash32_eq(&s->attested[i].subject, &x.attempt) && !s->attested[i].forged) {
			a = &s->attested[i];
		}
	}
	if (a == NULL) {
		sim_broken(s, "P3", "%s calls an attempt dead that no signer made", host_name(h));
		return;
	}
	why = why_alive(s, a);
	if (why == NULL && x.final_time_nem_s <= a->deadline_nem_s) {
		why = "at the final block it could still be mined";
	}
	if (why != NULL) {
		sim_broken(s, "P3", "%s calls an attempt dead: %s", host_name(h), why);
	}
}

static void attest_commit(struct sim *s, uint32_t h, const struct log_view *v,
			  const struct log_record *r)
{
	struct attested *a = &s->attested[s->attested_n];
	struct doc_attestation t;
	struct bytes blob;
	struct doc d;

	if (s->attested_n == ATTESTS_MAX) {
		return;
	}
	if (log_view_blob(&blob, v, &r->link) != ERR_OK ||
	    doc_open(&d, blob, &world.genesis_id, NULL) != ERR_OK ||
	    doc_attestation_read(&d, &t, NULL) != ERR_OK) {
		sim_broken(s, "P10", "%s journals an attestation that cannot be read",
			   host_name(h));
		return;
	}
	*a = (struct attested){ .signer = h - HOST_A,
				.id = d.id,
				.inner = t.inner_hash,
				.subject = t.subject,
				.roster = t.roster,
				.request_id = r->id,
				.sweep = t.subject_type == DOC_SWEEP,
				.at = s->now,
				.sequence = t.sequence,
				.in_yen = s->yen_hour != 0 && hash32_eq(&t.policy, &s->yen_policy),
				.tall = s->raised && hash32_eq(&t.policy, &s->tall_policy) };
	s->attested_n++;
	if (a->sweep) {
		return;
	}
	if (s->host[h].frozen_on_disk) {
		sim_broken(s, "P5", "%s attests a payment although a freeze is on its disk",
			   host_name(h));
		return;
	}
	attested_documents(s, h, a, v);
	for (size_t i = 0; i + 1 < s->attested_n && !s->failed; i++) {
		const struct attested *b = &s->attested[i];

		if (!b->forged && !b->sweep && !hash32_eq(&b->subject, &a->subject) &&
		    id128_eq(&b->request_id, &a->request_id) &&
		    (b->signer == a->signer || b->number == 0 || b->number < a->number)) {
			attested_again(s, h, b, v);
			if (s->failed) {
				return;
			}
		}
		if (!b->forged && b->signer == a->signer && hash32_eq(&b->inner, &a->inner)) {
			sim_broken(s, "P3", "%s attests one payment for two orders", host_name(h));
			return;
		}
	}
	attested_sums(s, h);
}

/* ---- what a watcher made durable ------------------------------------------------------------- */

static void watch_attest_commit(struct sim *s, uint32_t h, const struct log_record *r)
{
	for (size_t i = 0; i < s->attested_n; i++) {
		struct attested *a = &s->attested[i];

		if (memcmp(a->id.b, r->id.b, sizeof r->id.b) != 0) {
			continue;
		}
		if (a->forged) {
			sim_broken(s, "P2",
				   "%s takes an attestation for good under which nobody "
				   "asked for anything",
				   host_name(h));
			return;
		}
		a->holders |= 1u << (h - HOST_W1);
	}
}

/* What this host has heard of: a freeze binds until something names it, in whatever order. */
static void stop_see(struct host *host, const struct hash32 *id, bool lifted)
{
	size_t i = 0;

	while (i < host->stop_seen_n && !hash32_eq(&host->stop_seen[i].id, id)) {
		i++;
	}
	CHECK(i < STOPS_SEEN_MAX);
	if (i == host->stop_seen_n) {
		host->stop_seen[host->stop_seen_n++] = (struct stop_seen){ .id = *id };
	}
	host->stop_seen[i].lifted = host->stop_seen[i].lifted || lifted;
	host->frozen_on_disk = false;
	for (i = 0; i < host->stop_seen_n; i++) {
		host->frozen_on_disk = host->frozen_on_disk || !host->stop_seen[i].lifted;
	}
}

/* True if it was a freeze, and which. */
static bool stop_commit(struct sim *s, uint32_t h, const struct log_view *v,
			const struct log_record *r, struct doc_freeze *f)
{
	static struct doc_resume resume;
	struct doc_cancel cancel;
	struct bytes blob;
	struct doc d;

	s->host[h].stop_on_disk = true;
	if (log_view_blob(&blob, v, &r->link) != ERR_OK ||
	    doc_open(&d, blob, &world.genesis_id, NULL) != ERR_OK ||
	    (d.type == DOC_FREEZE && doc_freeze_read(&d, f, NULL) != ERR_OK) ||
	    (d.type == DOC_RESUME && doc_resume_read(&d, &resume, NULL) != ERR_OK) ||
	    (d.type == DOC_CANCEL && doc_cancel_read(&d, &cancel, NULL) != ERR_OK)) {
		sim_broken(s, "P10", "%s journals a stop document that cannot be read",
			   host_name(h));
		return false;
	}
	if (d.type == DOC_CANCEL && s->granted && hash32_eq(&cancel.document, &s->grant_id)) {
		s->host[h].grant_ended_on_disk = true;
	}
	if (d.type == DOC_FREEZE) {
		stop_see(&s->host[h], &d.id, false);
		s->host[h].cried_on_disk = s->host[h].cried_on_disk || f->issuer[0] == 'w';
	}
	for (size_t i = 0; d.type == DOC_RESUME && i < resume.lift_count; i++) {
		stop_see(&s->host[h], &resume.freezes[i].id, true);
	}
	return d.type == DOC_FREEZE;
}

static void watch_stop_commit(struct sim *s, uint32_t h, const struct log_view *v,
			      const struct log_record *r)
{
	static struct doc_freeze f;

	if (!stop_commit(s, h, v, r, &f)) {
		return;
	}
	if (f.issuer[0] == 'w' && !s->foul) {
		/* who has no word of either signer, or for start_ms not that of one of them, and
		 * does not hear both, stops rather than trusts */
		if (!net_hears(s, (uint32_t)(f.issuer[1] - '1')) &&
		    (strstr(f.reason, "unexplained") != NULL ||
		     strstr(f.reason, "only one signer attested") != NULL)) {
			s->foul = s->excused = true;
			sim_note(s, "law: %s is excused", f.issuer);
			return;
		}
		sim_broken(s, "P2", "false alarm: %s freezes although nobody did anything: %s",
			   f.issuer, f.reason);
	}
}

void laws_commit(struct sim *s, uint32_t h, struct bytes batch)
{
	static struct doc_freeze freeze;
	struct log_view v;

	if (h == HOST_PAYOUT || s->failed) {
		return;
	}
	CHECK(log_batch_check(&v, batch) == ERR_OK);
	for (uint32_t i = 0; i < v.head.count && !s->failed; i++) {
		struct log_record r;

		CHECK(log_view_record(&r, &v, i) == ERR_OK);
		switch (r.kind) {
		case LOG_GUARD_STOP:
			(void)stop_commit(s, h, &v, &r, &freeze);
			break;
		case LOG_GUARD_ORDER:
			order_commit(s, h, &r);
			break;
		case LOG_GUARD_ATTEST:
			attest_commit(s, h, &v, &r);
			break;
		case LOG_WATCH_ATTEST:
			watch_attest_commit(s, h, &r);
			break;
		case LOG_WATCH_STOP:
			watch_stop_commit(s, h, &v, &r);
			break;
		case LOG_GUARD_CLOSING:
			s->host[h].closed_hot |= 1u << r.credit.b[0];
			s->host[h].closed_on_disk = true;
			break;
		case LOG_WATCH_CLOSING:
			s->host[h].closed_on_disk = true;
			break;
		case LOG_WATCH_EXCLUSION:
			watch_exclusion_commit(s, h, &v, &r);
			break;
		default:
			break; /* nothing that a law looks at */
		}
	}
}

/* ---- what goes over sockets ------------------------------------------------------------------ */

static unsigned bits(unsigned v)
{
	unsigned n = 0;

	for (; v != 0; v &= v - 1) {
		n++;
	}
	return n;
}

/* A signature leaves a signer. */
static void signature_sent(struct sim *s, uint32_t h, const struct effect *f)
{
	struct bytes items[2];
	struct attested *a;
	struct doc d;
	size_t n = 0;

	if (frame_items_all(f->body, items, 2, &n) != ERR_OK || n != 2 ||
	    doc_open(&d, items[0], &world.genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_ATTESTATION) {
		return; /* a refusal */
	}
	a = laws_attested(s, &d.id);
	if (a == NULL || a->forged || a->signer != h - HOST_A) {
		sim_broken(s, "P10", "%s signs what is not in its journal", host_name(h));
		return;
	}
	if (!a->sweep && s->host[h].frozen_on_disk) {
		sim_broken(s, "P5", "%s lets a signature out after a freeze", host_name(h));
		return;
	}
	if (a->granted && s->host[h].grant_ended_on_disk) {
		sim_broken(s, "P4", "%s lets a signature out by a grant whose end is on its disk",
			   host_name(h));
		return;
	}
	if (bits(a->holders) < WATCHERS_NEEDED) {
		sim_broken(s, "P2", "%s lets a signature out that %u watchers hold durably",
			   host_name(h), bits(a->holders));
		return;
	}
	a->released = true;
}

static void ack_sent(struct sim *s, uint32_t h, const struct effect *f)
{
	struct attested *a;
	struct doc_ack ack;
	struct bytes item;
	struct doc d;
	size_t n = 0;

	if (frame_items_all(f->body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &world.genesis_id, NULL) != ERR_OK ||
	    doc_ack_read(&d, &ack, NULL) != ERR_OK) {
		sim_broken(s, "P2", "%s sends an ack that cannot be read", host_name(h));
		return;
	}
	a = laws_attested(s, &ack.attestation);
	if (a == NULL || a->forged || (a->holders & (1u << (h - HOST_W1))) == 0) {
		sim_broken(s, "P2", "%s acknowledges what it %s", host_name(h),
			   a != NULL && a->forged ? "has not judged" : "does not hold durably");
	}
}

/* The server asks for one attempt per request and for no other, whatever happened to it. */
static void sign_sent(struct sim *s, const struct effect *f)
{
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc_order order;
	struct doc_attempt attempt;
	struct doc o, t;
	unsigned words = 0;
	size_t n = 0;

	if (frame_items_all(f->body, items, FRAME_ITEMS_MAX, &n) != ERR_OK || n < 3 ||
	    doc_open(&o, items[1], &world.genesis_id, NULL) != ERR_OK ||
	    doc_order_read(&o, &order, NULL) != ERR_OK ||
	    doc_open(&t, items[2], &world.genesis_id, NULL) != ERR_OK) {
		sim_broken(s, "P3", "the server asks with documents that cannot be read");
		return;
	}
	for (size_t i = 3; i < n; i++) {
		struct doc d;

		words += doc_open(&d, items[i], &world.genesis_id, NULL) == ERR_OK &&
			 d.type == DOC_EXCLUSION;
	}
	for (size_t i = 0; i < s->sent_n; i++) {
		if (id128_eq(&s->sent[i].request_id, &order.request_id)) {
			if (hash32_eq(&s->sent[i].attempt, &t.id)) {
				return;
			}
			if (doc_attempt_read(&t, &attempt, NULL) != ERR_OK ||
			    attempt.number != s->sent[i].number + 1 ||
			    words < WATCHERS_NEEDED * s->sent[i].number) {
				sim_broken(s, "P3",
					   "the server asks for a second attempt at one request "
					   "without proof that the first is dead");
			}
			s->sent[i].attempt = t.id;
			s->sent[i].number++;
			return;
		}
	}
	if (s->sent_n < ARRAY_LEN(s->sent)) {
		s->sent[s->sent_n].number = 1;
		s->sent[s->sent_n].request_id = order.request_id;
		s->sent[s->sent_n++].attempt = t.id;
	}
}

/* What was prepared stays inside until SIGN asks for it: at most one item, a refusal. */
static void prepared_sent(struct sim *s, const struct effect *f)
{
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc d;
	size_t n = 0;

	if (frame_items_all(f->body, items, FRAME_ITEMS_MAX, &n) != ERR_OK || n > 1 ||
	    (n == 1 && (doc_open(&d, items[0], &world.genesis_id, NULL) != ERR_OK ||
			d.type != DOC_REFUSAL))) {
		sim_broken(s, "P2", "a signer lets something out before it is asked to sign");
	}
}

void laws_send(struct sim *s, uint32_t h, const struct effect *f)
{
	if (s->failed) {
		return;
	}
	if ((h == HOST_A || h == HOST_B) &&
	    (f->number == MSGS_REPLY(SIGNER_SIGN) || f->number == MSGS_REPLY(SIGNER_SWEEP))) {
		signature_sent(s, h, f);
	} else if ((h == HOST_A || h == HOST_B) && f->number == MSGS_REPLY(SIGNER_PREPARE)) {
		prepared_sent(s, f);
	} else if (h >= HOST_W1 && f->number == SIGNER_ACK) {
		ack_sent(s, h, f);
	} else if (h == HOST_PAYOUT && f->number == SIGNER_SIGN) {
		sign_sent(s, f);
	}
}

/* ---- the server's books ---------------------------------------------------------------------- */

/*
 * The server knows the very chain that there is, and says so: after a start it calls no height what
 * nodes show that have less than it knew before.
 */
static bool up_to_date(const struct sim *s)
{
	const struct host *k = &s->host[HOST_PAYOUT];
	uint64_t at = k->fed[NODE_PUBLIC];
	struct nis_block b;

	return payout_chain_read(host_payout()) && k->fed_whole[NODE_PUBLIC] &&
	       at == nis_height(s->nis) && at > 0 && nis_block_at(s->nis, at, &b) &&
	       hash32_eq(&b.hash, &k->fed_hash[NODE_PUBLIC][at]);
}

/* What the server calls mined or settled is in the chain, where it says, as deep as it must be. */
static void states_hold(struct sim *s)
{
	bool current = up_to_date(s);
	uint64_t top = s->host[HOST_PAYOUT].fed[NODE_PUBLIC];

	for (size_t i = 0; i < payout_count(host_payout()) && i < REQUESTS_MAX; i++) {
		struct payout_view v;
		bool there = false;

		payout_at(&v, host_payout(), i);
		if (v.state != PAYOUT_SETTLED && v.state != PAYOUT_CONFIRMING) {
			s->settled[i] = false;
			continue;
		}
		for (size_t k = 0; k < s->hits_n; k++) {
			there = there || (s->hits[k].height == v.height &&
					  id128_eq(&s->hits[k].request_id, &v.request_id));
		}
		if (current && !there) {
			sim_broken(s, "P9", "a withdrawal is %s in block %llu, where it is not",
				   state_name(v.state), (unsigned long long)v.height);
			return;
		}
		if (v.state == PAYOUT_SETTLED && !s->settled[i] &&
		    top + 1 < v.height + SETTLE_DEPTH) {
			sim_broken(s, "P9", "a withdrawal is settled at depth %llu",
				   (unsigned long long)(top + 1 - v.height));
			return;
		}
		s->settled[i] = v.state == PAYOUT_SETTLED;
	}
}

static void settled_note(struct sim *s)
{
	for (size_t i = 0; i < payout_count(host_payout()) && i < REQUESTS_MAX; i++) {
		struct payout_view v;

		payout_at(&v, host_payout(), i);
		s->settled[i] = v.state == PAYOUT_SETTLED;
	}
}

static void books_obey(struct sim *s)
{
	static struct payout_account accounts[PAYOUT_OWN_MAX], open[PAYOUT_OWN_MAX];
	const char *why = "";
	bool opened = false;
	size_t n;

	if (payout_validate(host_payout(), &why) != ERR_OK) {
		sim_broken(s, "P1", "the server's books: %s", why);
		return;
	}
	if (!s->host[HOST_PAYOUT].fed_whole[NODE_PUBLIC]) {
		/* it reads the chain again from the start: its balances are not there yet, and how
		 * deep it settles is not looked at */
		settled_note(s);
		return;
	}
	states_hold(s);
	if (s->failed) {
		return;
	}
	n = payout_reconcile(host_payout(), accounts);
	/* what GET /v1/audit says costs less, and is the same */
	CHECK(payout_reconcile_open(host_payout(), open) == n);
	for (size_t i = 0; i < n; i++) {
		if (open[i].arriving != accounts[i].arriving ||
		    open[i].leaving != accounts[i].leaving || open[i].books != accounts[i].books ||
		    open[i].chain != accounts[i].chain ||
		    open[i].explained != accounts[i].explained) {
			sim_broken(s, "P9", "%s: what is open is not all that is not booked",
				   accounts[i].address);
			return;
		}
	}
	/* until the opening begins the books hold nothing, and the chain what it held before */
	for (size_t i = 0; i < n; i++) {
		opened = opened || accounts[i].books != 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!accounts[i].explained ||
		    (opened && accounts[i].books + accounts[i].arriving !=
				   accounts[i].chain + accounts[i].leaving)) {
			sim_broken(s, "P9", "%s: books %llu + %llu, chain %llu + %llu",
				   accounts[i].address, (unsigned long long)accounts[i].books,
				   (unsigned long long)accounts[i].arriving,
				   (unsigned long long)accounts[i].chain,
				   (unsigned long long)accounts[i].leaving);
			return;
		}
	}
}

static uint64_t policy_number(uint32_t h)
{
	return h == HOST_PAYOUT             ? 1 /* its own is advice */
	       : h == HOST_A || h == HOST_B ? host_guard(h - HOST_A)->policy.number
					    : host_watch(h - HOST_W1)->policy.number;
}

static uint64_t roster_number(uint32_t h)
{
	return h == HOST_PAYOUT             ? 1
	       : h == HOST_A || h == HOST_B ? host_guard(h - HOST_A)->roster.number
					    : host_watch(h - HOST_W1)->roster.number;
}

/*
 * Since this time somebody could have waited for what loosens.  A signer's own clock counts what it
 * lives through; a watcher's is its wall clock, and where that has jumped, the chain's time holds
 * it.
 */
static bool had_to_wait(const struct sim *s, uint32_t h, uint64_t since)
{
	uint64_t early = h < HOST_W1 ? 0 : s->swarm.clock_steps ? CHAIN_MS : CLOCKS_MS;

	return s->now - since + early < world.policy_doc.loosening_ms;
}

/* P13, T28: nobody judges by a grant that still waits, or has ended. */
static void grants_obey(struct sim *s, uint32_t h)
{
	static struct doc_grant out[CONTROL_GRANTS_KEPT];
	uint64_t now_ms = SIM_START_MS + s->now;
	const struct policy_time at = { .own_ms = now_ms, .wall_ms = now_ms };
	const struct control_grants_ask ask = { .to = &s->grant_to, .at = &at };
	const struct control *c = h == HOST_A || h == HOST_B ? &host_guard(h - HOST_A)->control
							     : &host_watch(h - HOST_W1)->control;

	if (control_grants(c, &ask, out) > 0 &&
	    (had_to_wait(s, h, s->granted_at) ||
	     now_ms > s->grant_until_ms + world.policy_doc.clock_skew_ms)) {
		sim_broken(s, "P13", "%s judges by a grant that does not run", host_name(h));
	}
}

/* P13: what a holder has ended where it is known does not come into force there any more. */
static void ended_stays(struct sim *s, uint32_t h)
{
	struct control *c = h == HOST_A || h == HOST_B ? &host_guard(h - HOST_A)->control
						       : &host_watch(h - HOST_W1)->control;
	const struct control_entry *no = control_find(c, &s->holder_no);
	const struct control_entry *of = control_find(c, &s->roster_next);

	if (no != NULL && of != NULL &&
	    (of->state == CONTROL_WAITS ||
	     (of->state == CONTROL_IN_FORCE && of->since_ms > no->time_ms))) {
		sim_broken(s, "P13", "%s goes by a roster that a holder has ended", host_name(h));
	}
}

void laws_step(struct sim *s, uint32_t h, bool committed)
{
	if (s->failed) {
		return;
	}
	if (h == HOST_PAYOUT && committed) {
		books_obey(s);
	}
	/* one that dies before its resume is durable is frozen when it is back */
	if ((h == HOST_A || h == HOST_B) && s->host[h].frozen_on_disk && !s->host[h].dying &&
	    !guard_frozen(host_guard(h - HOST_A))) {
		sim_broken(s, "P5", "%s forgot a freeze that is on its disk", host_name(h));
	}
	if ((h == HOST_A || h == HOST_B) && s->host[h].up && !s->host[h].dying &&
	    !s->host[h].frozen_on_disk && guard_frozen(host_guard(h - HOST_A))) {
		sim_broken(s, "P5", "%s is frozen by nothing that still binds", host_name(h));
	}
	if (s->rules == RULES_LOOSER && policy_number(h) > 1 && had_to_wait(s, h, s->rules_at)) {
		sim_broken(s, "P13", "%s has looser rules in force that nobody waited for",
			   host_name(h));
	}
	if (s->roster == ROSTER_RENEWS && roster_number(h) > 1 && had_to_wait(s, h, s->roster_at)) {
		sim_broken(s, "P13", "%s knows new keys that nobody waited for", host_name(h));
	}
	if (h != HOST_PAYOUT && s->host[h].up && roster_number(h) > s->roster_seen[h]) {
		s->roster_seen[h] = roster_number(h);
		s->roster_moved_at = s->now;
	}
	if (s->granted && h != HOST_PAYOUT) {
		grants_obey(s, h);
	}
	if (!hash32_is_zero(&s->holder_no) && h != HOST_PAYOUT) {
		ended_stays(s, h);
	}
	/* who is down cannot know of it: it has as long from its start on */
	for (uint32_t i = HOST_A; s->theft && !s->swarm.faults && i < HOSTS; i++) {
		const struct host *k = &s->host[i];
		uint64_t from = k->up_since > s->theft_at ? k->up_since : s->theft_at;

		if (k->up && !k->frozen_on_disk && s->now > from + FREEZE_BOUND_MS) {
			sim_broken(s, "P2",
				   "%s is not frozen %d ms after a theft that all could see",
				   host_name(i), FREEZE_BOUND_MS);
			return;
		}
	}
}

/* ---- the chain ------------------------------------------------------------------------------- */

/* A signer attested this inner transaction; signers: bit per signer.  The forged do not count. */
static const struct attested *attested_inner(const struct sim *s, const struct hash32 *inner,
					     unsigned *by)
{
	const struct attested *a = NULL;
	unsigned signers = 0;

	for (size_t i = 0; i < s->attested_n; i++) {
		if (!s->attested[i].forged && hash32_eq(&s->attested[i].inner, inner)) {
			a = &s->attested[i];
			signers |= 1u << s->attested[i].signer;
		}
	}
	*by = signers;
	return a;
}

/* Exactly the bytes that A and B sign: by B, exact fees and times, A alone beside him. */
static bool form_ours(const struct nem_tx *tx)
{
	const struct nem_multisig_body *m = &tx->multisig;

	return tx->type == NEM_MULTISIG &&
	       key32_eq(&tx->head.signer, &world.chain_key[1].public_key) && m->n == 1 &&
	       key32_eq(&m->cosignature[0].head.signer, &world.chain_key[0].public_key) &&
	       tx->head.fee_micro == NEM_FEE_MULTISIG_MICRO &&
	       m->cosignature[0].head.fee_micro == NEM_FEE_COSIGNATURE_MICRO &&
	       tx->head.time_nem_s == m->inner.head.time_nem_s &&
	       tx->head.deadline_nem_s == m->inner.head.deadline_nem_s &&
	       m->cosignature[0].head.time_nem_s == m->inner.head.time_nem_s &&
	       m->cosignature[0].head.deadline_nem_s == m->inner.head.deadline_nem_s;
}

static void unexplained(struct sim *s, const char *where)
{
	if (!s->foul) {
		sim_broken(s, "P2",
			   "a transaction in a %s that no order explains, and no thief "
			   "was there",
			   where);
		return;
	}
	if (!s->theft) {
		s->theft = true;
		s->theft_at = s->now;
		sim_note(s, "law: something complete and unexplained is in a %s", where);
	}
}

/* A payment out of a hot account; in a pool (height 0) one that lacks no cosignature. */
static bool leaves_hot(const struct nem_tx *tx, uint64_t height)
{
	return tx->type == NEM_MULTISIG && hot_of(&tx->multisig.inner.head.signer) >= 0 &&
	       (height > 0 || tx->multisig.n > 0); /* a proposal: nothing can leave */
}

/* Both signers attested its inner transaction, *a, and its outside is theirs. */
static bool explained(const struct sim *s, const struct nem_tx *tx, struct hash32 *inner,
		      const struct attested **a)
{
	unsigned by = 0;

	nem_tx_hash_inner(inner, &tx->multisig.inner);
	*a = attested_inner(s, inner, &by);
	return by == 3 && form_ours(tx);
}

static bool is_theft(const struct sim *s, struct bytes verifiable, uint64_t height)
{
	const struct attested *a;
	struct hash32 inner;
	struct nem_tx tx;

	return nem_tx_decode(&tx, NEM_NETWORK_TEST, verifiable, NEM_SIGNED) == ERR_OK &&
	       leaves_hot(&tx, height) && !explained(s, &tx, &inner, &a);
}

static bool theft_in_block(const struct sim *s, uint64_t height)
{
	struct nis_entry e;
	bool found = false;

	/* 1 and 2 are the ceremony's */
	for (unsigned i = 0; height > 2 && !found && nis_entry_at(s->nis, height, i, &e); i++) {
		found = is_theft(s, e.verifiable, height);
	}
	return found;
}

static bool theft_in_pool(const struct sim *s, unsigned pool)
{
	bool found = false;

	for (size_t i = 0; !found && i < nis_pool_count(s->nis, pool); i++) {
		found = is_theft(s, nis_pool_at(s->nis, pool, i).verifiable, 0);
	}
	return found;
}

void laws_told(struct sim *s, uint32_t h, unsigned node, uint64_t height)
{
	uint32_t *told = &s->theft_told[h - HOST_W1];

	if (s->theft && *told != s->host[h].generation + 1 &&
	    (height > 0 ? theft_in_block(s, height) : theft_in_pool(s, node))) {
		*told = s->host[h].generation + 1;
	}
}

/*
 * No watcher can freeze for what no node has shown to it, and what one suspects it does not write
 * until it judges.  So a theft that stands in no pool and no block any more, that no watcher which
 * lives was told of, and with no watcher's freeze on any disk, did not happen: nothing has left,
 * and the other laws hold as on a night without it.
 */
void laws_forgotten(struct sim *s)
{
	bool known = !s->theft;

	for (uint32_t h = HOST_A; h < HOSTS && !known; h++) {
		const struct host *k = &s->host[h];

		known = k->cried_on_disk ||
			(h >= HOST_W1 && k->up && s->theft_told[h - HOST_W1] == k->generation + 1);
	}
	for (unsigned pool = 0; pool < NODES && !known; pool++) {
		known = theft_in_pool(s, pool);
	}
	for (uint64_t at = nis_height(s->nis); at > 0 && !known; at--) {
		known = theft_in_block(s, at);
	}
	if (!known) {
		s->theft = false;
		s->unseen++;
		sim_note(s, "law: it is gone, and nobody knew of it");
	}
}

static void tx_judge(struct sim *s, const struct nem_tx *tx, uint64_t height)
{
	const struct attested *a;
	struct hash32 inner;

	if (!leaves_hot(tx, height)) {
		return;
	}
	if (!explained(s, tx, &inner, &a)) {
		unexplained(s, height == 0 ? "pool" : "block");
	}
	if (height == 0 || a == NULL || s->failed) {
		return;
	}
	for (size_t i = 0; i < s->hits_n; i++) {
		if (hash32_eq(&s->hits[i].inner, &inner)) {
			sim_broken(s, "P3", "one payment stands in blocks %llu and %llu",
				   (unsigned long long)s->hits[i].height,
				   (unsigned long long)height);
			return;
		}
		if (!a->sweep && id128_eq(&s->hits[i].request_id, &a->request_id)) {
			sim_broken(s, "P3", "one request is paid in blocks %llu and %llu",
				   (unsigned long long)s->hits[i].height,
				   (unsigned long long)height);
			return;
		}
	}
	if (s->hits_n < PAID_MAX) {
		s->hits[s->hits_n++] =
		    (struct hit){ .inner = inner, .request_id = a->request_id, .height = height };
	}
}

void laws_chain(struct sim *s)
{
	struct nis_block b;
	struct nem_block block;
	struct nem_block_walk walk;
	struct nem_tx tx;
	size_t kept = 0;
	uint64_t at = s->checked_height;
	uint64_t top = nis_height(s->nis);
	static struct hash32 hashes[4096];

	CHECK(top < ARRAY_LEN(hashes));
	while (at > 0 && (!nis_block_at(s->nis, at, &b) || !hash32_eq(&b.hash, &hashes[at]))) {
		at--;
	}
	for (size_t i = 0; i < s->hits_n; i++) {
		if (s->hits[i].height <= at) {
			s->hits[kept++] = s->hits[i];
		}
	}
	s->hits_n = kept;
	while (at < top && !s->failed) {
		at++;
		CHECK(nis_block_at(s->nis, at, &b));
		hashes[at] = b.hash;
		CHECK(nem_block_decode(&block, NEM_NETWORK_TEST, b.verifiable) == ERR_OK);
		walk = nem_block_walk_make(&block);
		while (!s->failed && nem_block_walk_decode(&walk, &tx)) {
			if (at > 2) {
				tx_judge(s, &tx, at);
			}
		}
	}
	s->checked_height = at;
	for (unsigned i = 0; i < HOT; i++) {
		uint64_t held = chain_balance(s, &world.hot_address[i]);

		s->filled[i] = exclusion_is_empty(held) ? s->filled[i] : at;
	}
	if (at % 16 == 0 && !s->failed && nis_validate(s->nis) != NULL) {
		sim_broken(s, "P9", "the chain: %s", nis_validate(s->nis));
	}
}

void laws_pool(struct sim *s)
{
	struct nem_tx tx;

	for (unsigned pool = 0; pool < NODES; pool++) {
		size_t n = nis_pool_count(s->nis, pool);

		if (n == 0 || s->failed) {
			continue;
		}
		/* the newest: the others were looked at when they came */
		if (nem_tx_decode(&tx, NEM_NETWORK_TEST,
				  nis_pool_at(s->nis, pool, n - 1).verifiable,
				  NEM_SIGNED) == ERR_OK) {
			tx_judge(s, &tx, 0);
		}
	}
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What was asked for from here to there, with fees. */
static struct sums sums_asked(const struct sim *s, size_t from, size_t to)
{
	struct sums sums = { 0, 0, 0 };

	for (size_t i = from; i < to; i++) {
		u128 amount = money_units(&s->asked[i].request.amount) + (u128)2 * SIM_XEM;
		unsigned needed = 0;

		if (policy_tier(&needed, &world.policy_doc, &s->asked[i].request.amount) !=
		    ERR_OK) {
			continue;
		}
		sums.all += amount;
		sums.unapproved += needed == 0 ? amount : 0;
	}
	return sums;
}

static bool caps_hit(const struct sim *s)
{
	const struct doc_policy *p = &world.policy_doc;
	u128 yen = (u128)(s->yen_hour == 0 ? UINT64_MAX : s->yen_hour) * SIM_XEM;
	const struct sums first = sums_asked(s, 0, s->longer != 0 ? s->asked_before : s->asked_n);
	const struct sums second = sums_asked(s, s->asked_before, s->longer != 0 ? s->asked_n : 0);
	u128 most = first.all > second.all ? first.all : second.all;
	u128 budget = second.unapproved + (s->day == DAY_COUNTS ? 0 : first.unapproved);

	return most * 103 > yen || most > money_units(&p->hour_max) ||
	       first.unapproved > money_units(&p->unapproved_day_max) ||
	       budget > money_units(&p->unapproved_day_max);
}

/* On a quiet night: what was asked for behind a day of everything is paid, if it can be. */
static void days_end(struct sim *s)
{
	for (size_t i = 0; i < s->asked_n && !s->failed; i++) {
		const struct asked *a = &s->asked[i];
		struct payout_view v;
		u128 sum = 0;

		for (size_t k = 0; k < s->asked_n; k++) {
			sum += s->asked[k].customer == a->customer
				   ? money_units(&s->asked[k].request.amount) + (u128)2 * SIM_XEM
				   : 0;
		}
		if (!a->daily || !a->submitted || sum > people_claim(a->customer) ||
		    payout_find(&v, host_payout(), &a->request_id) != ERR_OK) {
			continue;
		}
		if (v.state != PAYOUT_SETTLED) {
			sim_broken(s, "liveness",
				   "a withdrawal is %s although a day has renewed the budget",
				   state_name(v.state));
		}
	}
}

/*
 * Its till was closed before any signer spoke: nobody has a record of the attempt of which watchers
 * could say that it is dead, so it ends with its order (docs/withdrawal.md).
 */
static bool waits_for_its_end(const struct sim *s, const struct payout_view *v)
{
	bool attested = false;

	for (size_t i = 0; i < s->attested_n; i++) {
		attested = attested || id128_eq(&s->attested[i].request_id, &v->request_id);
	}
	return v->state == PAYOUT_APPROVED && v->attempts == 1 && !attested &&
	       s->host[HOST_A].closed_hot != 0;
}

/* The server's longest pause between two questions, and the quiet hours' blocks until settled. */
enum { CAUGHT_UP_MS = 30000 + 8 * 12000 };

/*
 * Somebody still waits for new keys that others know, or has just had them: one that was down, or
 * started anew when it had not written for long, whose own clock stood still so long (design.md 3).
 * Or that was so while the time of an attempt ran out that A had signed: it ends when its till is
 * closed.
 */
static bool waits_for_a_roster(const struct sim *s, const struct payout_view *v)
{
	bool apart = false;

	for (size_t i = 0; i < s->attested_n && v->state == PAYOUT_AUTHORISED; i++) {
		apart = apart || (id128_eq(&s->attested[i].request_id, &v->request_id) &&
				  s->attested[i].number == v->attempts &&
				  s->attested[i].deadline_nem_s < chain_now_s(s));
	}
	for (uint32_t h = HOST_A; h < HOSTS; h++) {
		apart = apart || roster_number(h) != roster_number(HOST_A);
	}
	apart = apart || s->now - s->roster_moved_at < CAUGHT_UP_MS;
	return s->roster == ROSTER_RENEWS && apart;
}

/* What customers were promised: each withdrawal ends, each paid one stands in the chain once. */
static void withdrawals_end(struct sim *s, bool quiet)
{
	for (size_t i = 0; i < payout_count(host_payout()) && !s->failed; i++) {
		struct payout_view v;
		unsigned paid = 0;

		payout_at(&v, host_payout(), i);
		for (size_t k = 0; k < s->hits_n; k++) {
			paid += id128_eq(&s->hits[k].request_id, &v.request_id);
		}
		if (v.state == PAYOUT_SETTLED && paid != 1) {
			sim_broken(s, "P3", "a settled withdrawal stands %u times in the chain",
				   paid);
		} else if ((v.state == PAYOUT_REFUSED || v.state == PAYOUT_EXPIRED ||
			    v.state == PAYOUT_FROZEN) &&
			   paid != 0 && !s->swarm.evil_server) {
			sim_broken(s, "P3", "a withdrawal that is %s was paid",
				   state_name(v.state));
		} else if (quiet && v.state != PAYOUT_SETTLED && v.state != PAYOUT_REFUSED &&
			   v.state != PAYOUT_EXPIRED && !waits_for_its_end(s, &v) &&
			   !waits_for_a_roster(s, &v)) {
			sim_broken(s, "liveness",
				   "a withdrawal is still %s long after all faults were over",
				   state_name(v.state));
		}
	}
	for (size_t i = 0; i < s->asked_n && quiet && !s->failed; i++) {
		struct payout_view v;

		if (s->asked[i].submitted &&
		    payout_find(&v, host_payout(), &s->asked[i].request_id) != ERR_OK) {
			sim_broken(s, "P10",
				   "a withdrawal that was accepted is not known any more");
		}
	}
}

/* What each customer has, added up from the chain by other means than the server's. */
static void customers_end(struct sim *s)
{
	u128 due[CUSTOMERS];
	struct policy_fees fees;

	for (unsigned c = 0; c < CUSTOMERS; c++) {
		due[c] = people_claim(c);
	}
	for (uint64_t h = 3; h <= nis_height(s->nis); h++) {
		struct nis_entry e;
		struct nem_tx tx;

		for (unsigned i = 0; nis_entry_at(s->nis, h, i, &e); i++) {
			CHECK(nem_tx_decode(&tx, NEM_NETWORK_TEST, e.verifiable, NEM_SIGNED) ==
			      ERR_OK);
			for (unsigned c = 0;
			     tx.type == NEM_TRANSFER &&
			     nem_address_eq(&tx.transfer.recipient, &world.hot_address[3]) &&
			     c < CUSTOMERS;
			     c++) {
				if (s->has_token[c] &&
				    tx.transfer.message_bytes == strlen(s->token[c]) &&
				    memcmp(tx.transfer.message, s->token[c], strlen(s->token[c])) ==
					0) {
					due[c] += tx.transfer.amount_micro;
				}
			}
		}
	}
	for (size_t k = 0; k < s->hits_n; k++) {
		const struct asked *a = asked_by(s, &s->hits[k].request_id);
		struct payout_view v;

		/* what is mined and not settled yet is held, and booked when it is */
		if (a != NULL && payout_find(&v, host_payout(), &a->request_id) == ERR_OK &&
		    v.state == PAYOUT_SETTLED) {
			CHECK(policy_fees(&fees, &a->request.amount, a->request.message_n) ==
			      ERR_OK);
			due[a->customer] -= money_units(&a->request.amount) + fees.total;
		}
	}
	for (unsigned c = 0; c < CUSTOMERS && s->opening == 3; c++) {
		struct id128 id;
		u128 have;

		books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(people_name(c)));
		have = books_balance(payout_books(host_payout()), &id);
		/*
		 * A deposit that was credited and is gone for ever may be spent: the house bears
		 * what is missing (payout.h).
		 */
		if (have != due[c] && !(s->dropped && (have > due[c] || due[c] >> 127 != 0))) {
			sim_broken(s, "P1", "%s is owed %llu, and the books say %llu",
				   people_name(c), (unsigned long long)due[c],
				   (unsigned long long)have);
			return;
		}
	}
}

/* What one watcher knows to be closed is empty when everything is well again. */
static void closed_end(struct sim *s)
{
	for (unsigned i = 0; i < HOT && !s->failed; i++) {
		const struct key32 *account = &world.genesis_doc.hot[i].public_key;

		for (unsigned k = 0; k < WATCHERS; k++) {
			if (watch_account_closed(host_watch(k), account) &&
			    chain_balance(s, &world.hot_address[i]) >= BALANCED_DUST * SIM_XEM) {
				sim_broken(
				    s, "liveness",
				    "hot account %u is closed and holds %llu micro-XEM", i,
				    (unsigned long long)chain_balance(s, &world.hot_address[i]));
				return;
			}
		}
	}
}

/* All who judge hold the same documents in the end, and live under the same rules. */
static void agree_end(struct sim *s)
{
	const struct guard *a = host_guard(0);
	bool told = false;

	for (uint32_t h = HOST_A; h < HOSTS; h++) {
		told = told || policy_number(h) > 1;
	}
	for (uint32_t h = HOST_B; h < HOSTS && !s->failed; h++) {
		const struct hash32 *head = h == HOST_B ? &host_guard(1)->control.head
							: &host_watch(h - HOST_W1)->control.head;

		if (!hash32_eq(head, &a->control.head)) {
			sim_broken(s, "P5", "%s and signer A hold other stop documents",
				   host_name(h));
		} else if (s->roster == ROSTER_LEAVES && roster_number(h) != a->roster.number) {
			sim_broken(s, "P13", "a tighter roster never came to %s or to signer A",
				   host_name(h));
		} else if (s->rules == RULES_TIGHTER && told && policy_number(h) == 1) {
			sim_broken(s, "P13", "a tighter policy never came to %s", host_name(h));
		}
	}
}

static bool has_attested(const struct guard *g, const struct hash32 *attestation)
{
	for (size_t i = 0; i < g->payments_n; i++) {
		if (g->config.storage.payments[i].attestation == guard_self_mark(g, attestation)) {
			return true;
		}
	}
	return false;
}

/*
 * Whatever this signer's memory lost has come back: it has every payment of its own that two
 * watchers hold, and nobody's word and no record keeps it locked (P7).
 */
static void memory_end(struct sim *s, unsigned signer)
{
	const struct guard *g = host_guard(signer);

	if (g->locked) {
		sim_broken(s, "P7", "%s lacks what it signed, and stays locked",
			   host_name(HOST_A + signer));
		return;
	}
	for (size_t i = 0; i < s->attested_n && !s->failed; i++) {
		const struct attested *a = &s->attested[i];

		if (a->signer == signer && !a->sweep && !a->forged &&
		    __builtin_popcount(a->holders) >= 2 && !has_attested(g, &a->id)) {
			sim_broken(s, "P7", "%s is not locked, and lacks a payment that it signed",
				   host_name(HOST_A + signer));
		}
	}
}

bool laws_rest(struct sim *s)
{
	bool rest = s->opening >= 3 && !s->foul && s->host[HOST_PAYOUT].up;

	for (uint32_t h = HOST_A; h < HOSTS; h++) {
		rest = rest && s->host[h].up && !s->host[h].frozen_on_disk;
	}
	for (size_t i = 0; rest && i < payout_count(host_payout()); i++) {
		struct payout_view v;

		payout_at(&v, host_payout(), i);
		rest = v.state == PAYOUT_SETTLED || v.state == PAYOUT_REFUSED ||
		       v.state == PAYOUT_EXPIRED;
	}
	return rest;
}

void laws_end(struct sim *s)
{
	bool frozen = false;

	laws_chain(s);
	if (!s->failed && nis_validate(s->nis) != NULL) {
		sim_broken(s, "P9", "the chain: %s", nis_validate(s->nis));
	}
	for (uint32_t h = HOST_A; h < HOSTS && !s->failed; h++) {
		frozen = frozen || s->host[h].frozen_on_disk;
		if (!s->host[h].up) {
			sim_broken(s, "liveness", "%s did not come back", host_name(h));
		} else if (s->theft && !s->host[h].frozen_on_disk) {
			sim_broken(s, "P2", "a theft, and %s never froze", host_name(h));
		}
	}
	for (unsigned i = 0; i < DOC_SIGNERS && s->swarm.rewinds && !s->failed; i++) {
		memory_end(s, i);
	}
	if (!s->failed) {
		agree_end(s);
	}
	for (uint32_t h = HOST_A; h < HOSTS && frozen && !s->failed; h++) {
		if (!s->host[h].frozen_on_disk) {
			sim_broken(s, "P5", "a freeze that others hold never came to %s",
				   host_name(h));
		}
	}
	for (unsigned i = 0; i < BOXES && !s->failed; i++) {
		if (chain_balance(s, &world.box_address[i]) < 1000000 * SIM_XEM) {
			sim_broken(s, "P2", "a box is not whole any more");
		}
	}
	for (unsigned i = 0; i < HOT && s->theft && !s->failed; i++) {
		if (chain_balance(s, &world.hot_address[i]) >= BALANCED_DUST * SIM_XEM) {
			sim_broken(s, "P5",
				   "hot account %u was not emptied after a theft: %llu micro-XEM",
				   i, (unsigned long long)chain_balance(s, &world.hot_address[i]));
		}
	}
	closed_end(s);
	if (s->failed) {
		return;
	}
	books_obey(s);
	if (!s->failed) {
		s->quiet = !frozen && s->opening >= 3 && !caps_hit(s) && !s->swarm.evil_server &&
			   !s->swarm.jam && !s->swarm.clock_far;
		withdrawals_end(s, s->quiet);
		if (s->quiet) {
			days_end(s);
		}
	}
	if (!s->failed && !s->theft && !s->swarm.evil_server) {
		customers_end(s);
	}
	if (!s->failed && s->opening < 3) {
		sim_broken(s, "liveness", "the books were never opened");
	}
	if (!s->failed) {
		host_replay_check(s);
	}
}
