/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ruling.c - what people decide about the books: postings, booked when enough of them have said
 * yes, and refund plans, which repay.c carries out.
 *
 * Who: the initiator is an officer or approver of the roster and signs the document; those who
 * approve are officers or approvers too, never the initiator, each once.  A posting needs
 * RULING_POSTING_APPROVALS of them, a plan RULING_PLAN_APPROVALS with an officer among them.  One
 * no ends it.  A freeze (P5) takes back every yes that has not been carried out: whoever still
 * wants it decides again, knowing of the freeze.
 *
 * Nothing is booked on the way: a posting that fails at the last yes changes nothing, and that yes
 * is not taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "payout/inner.h"

/* Which entry of a posting a record is for; accounts are opened for the entry that needs them. */
struct ruling_records {
	struct log_record r[RULING_RECORDS_MAX];
	size_t entry[RULING_RECORDS_MAX];
	size_t n;
};

static void forget(struct inner_ruling *x)
{
	for (size_t i = 0; i < x->docs_n; i++) {
		/* the analyzer does not see through realloc() that keep() has set it */
		free(x->docs[i].p); /* NOLINT(clang-analyzer-core.CallAndMessage) */
	}
	free(x->docs);
	free(x->taken);
}

void ruling_free(struct payout *p)
{
	for (size_t i = 0; i < p->rulings_n; i++) {
		forget(&p->rulings[i]);
	}
	free(p->rulings);
	map_free(&p->by_ruling);
}

struct inner_ruling *ruling_find(const struct payout *p, const struct hash32 *id)
{
	struct id128 key = map_key(id);
	uint32_t index;

	if (!map_get(&p->by_ruling, &key, &index) || !hash32_eq(&p->rulings[index].id, id)) {
		return NULL;
	}
	return &p->rulings[index];
}

const char *ruling_state_name(enum ruling_state s)
{
	static const char *const names[] = { [RULING_APPROVING] = "approving",
					     [RULING_APPROVED] = "approved",
					     [RULING_BEGUN] = "begun",
					     [RULING_DONE] = "done",
					     [RULING_REFUSED] = "refused" };

	return names[s];
}

unsigned ruling_needed(const struct inner_ruling *x)
{
	return x->type == DOC_PLAN ? RULING_PLAN_APPROVALS : RULING_POSTING_APPROVALS;
}

unsigned ruling_approved(const struct inner_ruling *x)
{
	return (unsigned)__builtin_popcount(x->yes);
}

static bool may_decide(const struct doc_person *person)
{
	return (person->roles & (DOC_ROLE_OFFICER | DOC_ROLE_APPROVER)) != 0;
}

static bool enough(const struct payout *p, const struct inner_ruling *x)
{
	bool officer = x->type != DOC_PLAN;

	for (size_t i = 0; i < p->roster.people_count; i++) {
		officer = officer || ((x->yes >> i & 1) != 0 &&
				      (p->roster.people[i].roles & DOC_ROLE_OFFICER) != 0);
	}
	return officer && ruling_approved(x) >= ruling_needed(x);
}

/* --- keeping --- */

static enum err keep(struct inner_ruling *x, const struct doc *d)
{
	struct inner_ruling_doc *more = realloc(x->docs, (x->docs_n + 1) * sizeof *more);
	uint8_t *copy;

	if (more == NULL) {
		return ERR_FULL;
	}
	x->docs = more;
	copy = malloc(d->raw.n);
	if (copy == NULL) {
		return ERR_FULL;
	}
	memcpy(copy, d->raw.p, d->raw.n);
	x->docs[x->docs_n].id = d->id;
	x->docs[x->docs_n].p = copy;
	x->docs[x->docs_n].n = d->raw.n;
	x->docs_n++;
	return ERR_OK;
}

static enum err add(struct payout *p, const struct doc *d, const char *initiator)
{
	struct id128 key = map_key(&d->id);
	struct inner_ruling *x;
	enum err e;

	if (p->rulings_n >= PAYOUT_RULINGS_MAX ||
	    payout_grow((void **)&p->rulings, &p->rulings_cap, p->rulings_n + 1,
			sizeof *p->rulings) != ERR_OK) {
		return ERR_FULL;
	}
	x = &p->rulings[p->rulings_n];
	*x = (struct inner_ruling){ .id = d->id, .type = d->type, .state = RULING_APPROVING };
	(void)snprintf(x->initiator, sizeof x->initiator, "%s", initiator);
	e = keep(x, d);
	if (e == ERR_OK) {
		e = map_put(&p->by_ruling, &key, (uint32_t)p->rulings_n);
	}
	if (e != ERR_OK) {
		forget(x);
		return e;
	}
	p->rulings_n++;
	return ERR_OK;
}

static void record(struct payout *p, const struct doc *d, const struct hash32 *subject)
{
	struct log_record r = { .kind = LOG_DOCUMENT, .amount = d->type };

	r.id = map_key(&d->id);
	r.ref = map_key(subject);
	payout_record(p, &r, d->raw);
}

static void record_decision(struct payout *p, const struct doc *d, const struct doc *proof,
			    const struct inner_ruling *x)
{
	record(p, d, &x->id);
	if (proof != NULL) {
		record(p, proof, &x->id);
	}
}

static void answer(struct payout *p, const struct doc *d, const struct inner_ruling *x)
{
	char hex[65];

	hex_put(hex, bytes_of(d->id.b, 32));
	answer_text(p, "id", hex);
	answer_text(p, "state", ruling_state_name(x->state));
	answer_text(p, "type", doc_type_name(d->type));
}

void ruling_freeze(struct payout *p)
{
	for (size_t i = 0; i < p->rulings_n; i++) {
		struct inner_ruling *x = &p->rulings[i];

		if (x->state == RULING_APPROVING || x->state == RULING_APPROVED ||
		    x->state == RULING_BEGUN) {
			x->yes = 0;
			x->state = RULING_APPROVING;
		}
	}
}

/* --- a posting --- */

static bool refuse_entry(struct payout *p, enum err e, size_t entry, const char *what,
			 const struct doc_posting_side *side)
{
	char field[INNER_FIELD_MAX];

	(void)snprintf(field, sizeof field, "entries[%zu]", entry);
	answer_refuse(p, e, field, "entry %zu%s%s%s%s: %s", entry + 1, side == NULL ? "" : ", ",
		      side == NULL ? "" : side->kind, side == NULL ? "" : " ",
		      side == NULL ? "" : side->name, what);
	return false;
}

/* The customer is known in either asset. */
static bool customer_known(const struct payout *p, const char *name)
{
	struct id128 id;

	books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, bytes_str(name));
	if (books_account(&p->books, &id) != NULL) {
		return true;
	}
	books_account_id(&id, BOOKS_CUSTOMER, ASSET_JPY, bytes_str(name));
	return books_account(&p->books, &id) != NULL;
}

/* One side: may a person touch it, and is it there?  A record that opens it where it may be. */
static bool side_record(struct payout *p, struct ruling_records *out, size_t entry,
			const struct doc_posting_side *side, uint32_t asset, bool debit,
			struct id128 *id)
{
	uint32_t kind = books_kind_of(bytes_str(side->kind));
	struct log_record open = { .kind = LOG_ACCOUNT, .asset = asset, .amount = kind };

	if (kind == 0) {
		return refuse_entry(p, ERR_INPUT, entry, "no kind of account", side);
	}
	if (!books_kind_may(kind, BOOKS_BY_OPERATOR)) {
		return refuse_entry(p, ERR_POLICY, entry,
				    "only the chain books this kind of account", side);
	}
	if (kind == BOOKS_SHORTAGE && debit) {
		return refuse_entry(p, ERR_POLICY, entry, "a loss is not declared by hand", side);
	}
	books_account_id(id, kind, asset, bytes_str(side->name));
	if (books_account(&p->books, id) != NULL) {
		return true;
	}
	for (size_t i = 0; i < out->n; i++) {
		if (out->r[i].kind == LOG_ACCOUNT && id128_eq(&out->r[i].id, id)) {
			return true;
		}
	}
	if (kind == BOOKS_CUSTOMER && !customer_known(p, side->name)) {
		return refuse_entry(p, ERR_NOT_FOUND, entry, "no such customer", side);
	}
	/* a slip of the finger must not open a second house */
	if (kind != BOOKS_CUSTOMER && kind != BOOKS_BANK &&
	    strcmp(side->name, books_asset_name(asset)) != 0) {
		return refuse_entry(p, ERR_NOT_FOUND, entry,
				    "no such account; a new one is named by its asset", side);
	}
	if (out->n == RULING_RECORDS_MAX) {
		return refuse_entry(p, ERR_TOO_LARGE, entry, "too many new accounts in one posting",
				    NULL);
	}
	open.id = *id;
	out->entry[out->n] = entry;
	out->r[out->n++] = open;
	return true;
}

/* The house has what it gives at every entry: its account alone has no limit in the books. */
static bool house_has(struct payout *p, const struct ruling_records *out, size_t entry,
		      const struct doc_posting_side *side, const struct log_record *r)
{
	u128 have = books_balance(&p->books, &r->debit), more;

	if (books_kind_of(bytes_str(side->kind)) != BOOKS_HOUSE) {
		return true;
	}
	for (size_t i = 0; i < out->n; i++) {
		const struct log_record *before = &out->r[i];

		if (before->kind != LOG_TRANSFER) {
			continue;
		}
		if (id128_eq(&before->credit, &r->debit)) {
			/* what does not fit is refused where it is booked */
			have =
			    __builtin_add_overflow(have, before->amount, &more) ? ~(u128)0 : more;
		} else if (id128_eq(&before->debit, &r->debit)) {
			have -= before->amount; /* had, when it was judged */
		}
	}
	return r->amount <= have ||
	       refuse_entry(p, ERR_FUNDS, entry, "the house has less than that", side);
}

/* The records of a posting; false: refused, and the answer says which entry and why. */
static bool build(struct payout *p, struct ruling_records *out, const struct doc_posting *x,
		  const struct hash32 *id)
{
	struct log_record was;
	enum err verdict;

	out->n = 0;
	for (size_t i = 0; i < x->entry_count; i++) {
		const struct doc_posting_entry *e = &x->entries[i];
		struct log_record r = { .kind = LOG_TRANSFER,
					.asset = e->asset,
					.id = e->id,
					.amount = e->amount,
					.link = *id };

		if (!side_record(p, out, i, &e->debit, e->asset, true, &r.debit) ||
		    !side_record(p, out, i, &e->credit, e->asset, false, &r.credit) ||
		    !house_has(p, out, i, &e->debit, &r)) {
			return false;
		}
		if (books_known(&p->books, &e->id, &was, &verdict) == ERR_OK) {
			return refuse_entry(p, ERR_EXISTS, i,
					    "something was booked under this id already", NULL);
		}
		if (out->n == RULING_RECORDS_MAX) {
			return refuse_entry(p, ERR_TOO_LARGE, i,
					    "too many new accounts in one posting", NULL);
		}
		out->entry[out->n] = i;
		out->r[out->n++] = r;
	}
	return true;
}

static void read_posting(const struct payout *p, struct doc_posting *out,
			 const struct inner_ruling *x)
{
	struct doc d;

	CHECK(doc_open(&d, bytes_of(x->docs[0].p, x->docs[0].n), &p->genesis_id, NULL) == ERR_OK &&
	      doc_posting_read(&d, out, NULL) == ERR_OK);
}

/* The last yes, and with it the transfers, in one commit; or neither. */
static bool book(struct payout *p, const struct inner_ruling *x, const struct doc *approval,
		 const struct doc *proof)
{
	static struct doc_posting posting;
	struct ruling_records records;
	size_t failed = 0;
	enum err e;

	read_posting(p, &posting, x);
	if (!build(p, &records, &posting, &x->id)) {
		return false;
	}
	payout_stamp(p, records.r, records.n);
	e = books_apply_all(&p->books, records.r, records.n, &failed);
	if (e != ERR_OK) {
		return refuse_entry(p, e, records.entry[failed],
				    e == ERR_FUNDS ? N_("an account would go below zero")
				    : e == ERR_CAP
					? N_("customers would be owed more than there is (T41)")
					: err_words(e),
				    NULL);
	}
	record_decision(p, approval, proof, x);
	for (size_t i = 0; i < records.n; i++) {
		payout_record(p, &records.r[i], bytes_of(NULL, 0));
	}
	return true;
}

/* --- a plan --- */

void ruling_plan(const struct payout *p, struct doc_plan *out, const struct inner_ruling *x)
{
	struct doc d;

	CHECK(doc_open(&d, bytes_of(x->docs[0].p, x->docs[0].n), &p->genesis_id, NULL) == ERR_OK &&
	      doc_plan_read(&d, out, NULL) == ERR_OK);
}

/* Its own sense, and that no other plan is about the same loss. */
static bool plan_well(struct payout *p, const struct doc_plan *plan)
{
	struct refund_rate rate;
	char text[REFUND_NUMBER_MAX];
	u128 least, most;
	enum err e = refund_rate_read(&rate, bytes_str(plan->rate));

	if (e == ERR_OK) {
		e = refund_due(&most, &rate, plan->lost);
	}
	if (e == ERR_OK) {
		/* it will be shown, and what a run pays is never more */
		e = refund_distance_put(text, &rate, plan->lost, plan->paid);
	}
	if (e != ERR_OK) {
		answer_refuse(p, e, "rate", "lost times rate is more than can be computed with");
		return false;
	}
	/* each row is rounded by at most half, so the sum by at most half of their number */
	least = most > plan->customers / 2 + 1 ? most - plan->customers / 2 - 1 : 0;
	most = most + plan->customers / 2 + 1;
	if (plan->paid < least || plan->paid > most) {
		answer_refuse(p, ERR_MISMATCH, "paid", "no rounding of %llu rows makes this total",
			      (unsigned long long)plan->customers);
		return false;
	}
	if (plan->sequence > p->journal.next_sequence) {
		answer_refuse(p, ERR_FIELD_RANGE, "sequence", "the journal is not that long");
		return false;
	}
	for (size_t i = 0; i < p->rulings_n; i++) {
		static struct doc_plan other;
		char hex[65];

		CHECK(p->rulings != NULL);
		if (p->rulings[i].type != DOC_PLAN || p->rulings[i].state == RULING_REFUSED) {
			continue;
		}
		ruling_plan(p, &other, &p->rulings[i]);
		hex_put(hex, bytes_of(p->rulings[i].id.b, 32));
		if (other.as_of_ms == plan->as_of_ms || hash32_eq(&other.rows, &plan->rows) ||
		    (plan->sequence != 0 && other.sequence == plan->sequence)) {
			answer_refuse(p, ERR_ONCE, "as_of_ms",
				      "plan %s refunds the same moment already", hex);
			return false;
		}
		if (p->rulings[i].state != RULING_DONE) {
			answer_refuse(p, ERR_STATE, "type", "plan %s is not ended yet", hex);
			return false;
		}
	}
	return true;
}

/* --- taking and approving --- */

static bool initiator_may(struct payout *p, const struct doc *d, const char *name)
{
	const struct doc_person *person = withdraw_person(p, name);

	if (person == NULL || !may_decide(person)) {
		answer_refuse(p, ERR_SIGNER_UNKNOWN, "initiator",
			      "no officer or approver of the roster");
		return false;
	}
	if (!doc_signed_by(d, &person->key)) {
		answer_refuse(p, d->signature_count == 0 ? ERR_UNSIGNED : ERR_SIGNATURE,
			      "signatures", "not signed by the initiator's key");
		return false;
	}
	return true;
}

void ruling_take(struct payout *p, const struct doc *d, struct effects *out)
{
	static struct doc_posting posting;
	static struct doc_plan plan;
	struct ruling_records records;
	struct doc_fault fault = { .why = NULL };
	const struct inner_ruling *known = ruling_find(p, &d->id);
	const char *initiator;
	enum err e = d->type == DOC_PLAN ? doc_plan_read(d, &plan, &fault)
					 : doc_posting_read(d, &posting, &fault);

	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		return;
	}
	initiator = d->type == DOC_PLAN ? plan.initiator : posting.initiator;
	if (!initiator_may(p, d, initiator)) {
		return;
	}
	if (known != NULL) {
		answer(p, d, known); /* the same once more */
		return;
	}
	if (!p->opened) {
		answer_refuse(p, ERR_STATE, "", "the books are not open yet");
		return;
	}
	if (d->type == DOC_PLAN ? !plan_well(p, &plan) : !build(p, &records, &posting, &d->id)) {
		return;
	}
	e = add(p, d, initiator);
	if (e != ERR_OK) {
		answer_refuse(p, e, "", "too many postings and plans are kept");
		return;
	}
	record(p, d, &d->id);
	effects_note(out, "info %s-proposed initiator=%s", doc_type_name(d->type), initiator);
	answer(p, d, &p->rulings[p->rulings_n - 1]);
}

void ruling_approve(struct payout *p, const struct doc *d, const struct doc *proof,
		    const struct doc_approval *a, const struct doc_person *person,
		    struct effects *out)
{
	struct inner_ruling *x = ruling_find(p, &a->subject);
	uint32_t index = (uint32_t)(person - p->roster.people), bit = (uint32_t)1 << index;

	if (x == NULL || x->type != a->subject_type) {
		answer_refuse(p, ERR_NOT_FOUND, "subject", "no such %s",
			      doc_type_name(a->subject_type));
		return;
	}
	for (size_t i = 1; i < x->docs_n; i++) {
		if (hash32_eq(&x->docs[i].id, &d->id)) {
			answer(p, d, x); /* the same once more */
			return;
		}
	}
	if (strcmp(person->id, x->initiator) == 0) {
		answer_refuse(p, ERR_POLICY, "person",
			      "the initiator does not decide about his own %s",
			      doc_type_name(x->type));
		return;
	}
	if (x->state == RULING_DONE || x->state == RULING_REFUSED ||
	    (a->decision == DOC_DECISION_YES && x->state != RULING_APPROVING)) {
		answer_refuse(p, ERR_STATE, "subject", "the %s is %s", doc_type_name(x->type),
			      ruling_state_name(x->state));
		return;
	}
	if (a->decision == DOC_DECISION_YES && (x->yes & bit) != 0) {
		answer_refuse(p, ERR_ONCE, "person", "this person has decided already");
		return;
	}
	if (x->docs_n + 1 >= RULING_DOCS_MAX) {
		answer_refuse(p, ERR_FULL, "subject", "more decisions than are kept");
		return;
	}
	if (a->decision == DOC_DECISION_YES) {
		struct inner_ruling after = *x;

		after.yes |= bit;
		if (x->type == DOC_POSTING && enough(p, &after)) {
			if (!book(p, x, d, proof)) {
				return;
			}
		} else {
			record_decision(p, d, proof, x);
		}
	} else {
		record_decision(p, d, proof, x);
	}
	/* what the journal says is what is true now */
	CHECK(ruling_replay(p, d) == ERR_OK &&
	      (proof == NULL || ruling_replay_proof(x, proof) == ERR_OK));
	effects_note(out, "info %s-decided person=%s decision=%s state=%s", doc_type_name(x->type),
		     a->person, a->decision == DOC_DECISION_YES ? "yes" : "no",
		     ruling_state_name(x->state));
	answer(p, d, x);
}

/* --- the journal --- */

enum err ruling_replay(struct payout *p, const struct doc *d)
{
	static struct doc_posting posting;
	static struct doc_plan plan;
	const struct doc_person *person;
	struct doc_approval a;
	struct inner_ruling *x;
	enum err e;

	if (d->type == DOC_POSTING || d->type == DOC_PLAN) {
		e = d->type == DOC_PLAN ? doc_plan_read(d, &plan, NULL)
					: doc_posting_read(d, &posting, NULL);
		person = e != ERR_OK ? NULL
				     : withdraw_person(p, d->type == DOC_PLAN ? plan.initiator
									      : posting.initiator);
		return person == NULL || ruling_find(p, &d->id) != NULL ? ERR_CORRUPT
									: add(p, d, person->id);
	}
	if (doc_approval_read(d, &a, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	x = ruling_find(p, &a.subject);
	person = withdraw_person(p, a.person);
	if (x == NULL || person == NULL) {
		return ERR_CORRUPT;
	}
	if (a.decision == DOC_DECISION_NO) {
		x->state = RULING_REFUSED;
	} else {
		x->yes |= (uint32_t)1 << (person - p->roster.people);
		if (enough(p, x)) {
			x->state = x->type == DOC_PLAN ? RULING_APPROVED : RULING_DONE;
		}
	}
	return keep(x, d);
}

enum err ruling_replay_proof(struct inner_ruling *x, const struct doc *d)
{
	return keep(x, d);
}

bool ruling_concerns(const struct doc *d)
{
	struct doc_approval a;

	return d->type == DOC_POSTING || d->type == DOC_PLAN ||
	       (d->type == DOC_APPROVAL && doc_approval_read(d, &a, NULL) == ERR_OK &&
		a.subject_type != DOC_ORDER);
}
