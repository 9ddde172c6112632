/* SPDX-License-Identifier: Apache-2.0 */
/*
 * samples.h - one small but complete body of every type, every field with a value of its own.
 * Shared by the unit tests, the conformance test and the fuzz target.
 */
#ifndef KURAMORI_TESTS_DOC_SAMPLES_H
#define KURAMORI_TESTS_DOC_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ed25519.h"
#include "doc/document.h"
#include "doc/table.h"
#include "doc/types.h"

union sample {
#define DOC(NAME, name, number, version, signed_by) struct doc_##name name;
#include "doc/types.def"
#undef DOC
};

static const enum doc_type sample_types[] = {

#define DOC(NAME, name, number, version, signed_by) DOC_##NAME,
#include "doc/types.def"
#undef DOC
};

enum { SAMPLE_TYPES = sizeof sample_types / sizeof sample_types[0] };

/* Bytes that say where they belong: no two fields share a first byte. */
static inline void sample_bytes(void *p, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++) {
		((uint8_t *)p)[i] = (uint8_t)(first + 7 * i);
	}
}

#define SAMPLE_FILL(member, first) sample_bytes(&(member), sizeof(member), first)

static inline void sample_text(char *p, size_t size, const char *text)
{
	(void)snprintf(p, size, "%s", text);
}

#define SAMPLE_TEXT(member, text) sample_text((member), sizeof(member), text)

/* Address number i: the right form; the checksum is not doc's business. */
static inline struct doc_address sample_address(unsigned i)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct doc_address a;

	memset(a.text, 'A', DOC_ADDRESS_CHARS);
	a.text[0] = 'T';
	a.text[1] = digits[i % 32];
	a.text[2] = digits[i / 32 % 32];
	a.text[DOC_ADDRESS_CHARS - 1] = '7';
	a.text[DOC_ADDRESS_CHARS] = '\0';
	return a;
}

static inline struct money sample_money(uint64_t micro)
{
	return money_of(ASSET_XEM, micro);
}

static inline void sample_uuid(struct id128 *id)
{
	SAMPLE_FILL(*id, 0x31);
	id->b[6] = (uint8_t)(0x70 | (id->b[6] & 0x0f));
	id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
}

/* The genesis id under which all samples live. */
static inline struct hash32 sample_genesis(void)
{
	struct hash32 g;

	SAMPLE_FILL(g, 0x61);
	return g;
}

static inline void sample_key(uint8_t secret[DOC_SECRET_BYTES], struct key32 *key, uint8_t first)
{
	uint8_t seed[ED25519_SEED_BYTES];

	SAMPLE_FILL(seed, first);
	ed25519_keypair(key, secret, seed);
}

static inline void sample_fill_genesis(struct doc_genesis *g)
{
	g->box_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		g->boxes[i] = sample_address(i);
	}
	g->chain = DOC_CHAIN_NEM;
	g->chain_network = 152;
	SAMPLE_FILL(g->chain_nemesis, 0x01);
	g->hot_count = 2;
	g->hot[0].kind = DOC_HOT_TILL;
	g->hot[1].kind = DOC_HOT_PURSE;
	for (unsigned i = 0; i < 2; i++) {
		SAMPLE_FILL(g->hot[i].public_key, (uint8_t)(0x10 + i));
		g->hot[i].spare = sample_address(100 + i);
	}
	SAMPLE_FILL(g->policy, 0x20);
	g->recovery.holders = 5;
	g->recovery.needed = 3;
	SAMPLE_FILL(g->roster, 0x30);
	g->spare_count = 2;
	g->spares[0] = sample_address(101);
	g->spares[1] = sample_address(100);
}

static inline void sample_fill_passkey(struct doc_person *p, enum doc_algorithm algorithm,
				       uint8_t first)
{
	struct doc_passkey *k = &p->passkeys[p->passkey_count++];

	k->algorithm = algorithm;
	k->credential_n = 32;
	sample_bytes(k->credential, k->credential_n, first);
	k->key_n = algorithm == DOC_ALGORITHM_ES256 ? 64 : 32;
	sample_bytes(k->key, k->key_n, (uint8_t)(first + 1));
}

static inline void sample_fill_roster(struct doc_roster *r)
{
	r->backend_count = 1;
	SAMPLE_TEXT(r->backends[0].id, "backend-1");
	SAMPLE_FILL(r->backends[0].key, 0x10);
	r->governance = 2;
	r->holder_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(r->holders[i].id, sizeof r->holders[i].id, "holder-%u", i + 1);
		SAMPLE_FILL(r->holders[i].key, (uint8_t)(0xc0 + i));
	}
	r->number = 1;
	r->people_count = 2;
	SAMPLE_TEXT(r->people[0].id, "aiko.tanaka");
	SAMPLE_FILL(r->people[0].key, 0x11);
	r->people[0].roles = DOC_ROLE_APPROVER | DOC_ROLE_OFFICER;
	sample_fill_passkey(&r->people[0], DOC_ALGORITHM_ES256, 0x41);
	sample_fill_passkey(&r->people[0], DOC_ALGORITHM_EDDSA, 0x43);
	SAMPLE_TEXT(r->people[1].id, "ren:sato_2");
	SAMPLE_FILL(r->people[1].key, 0x12);
	r->people[1].roles = DOC_ROLE_AUDITOR;
	sample_fill_passkey(&r->people[1], DOC_ALGORITHM_ES256, 0x45);
	r->source_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(r->price_sources[i].id, sizeof r->price_sources[i].id, "price-%u",
			       i + 1);
		SAMPLE_FILL(r->price_sources[i].key, (uint8_t)(0x1a + i));
	}
	r->prices_needed = 2;
	SAMPLE_TEXT(r->relying_party.id, "approve.example");
	r->relying_party.origin_count = 1;
	SAMPLE_TEXT(r->relying_party.origins[0].origin, "https://approve.example");
	r->software_approvals = true;
	r->signer_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		SAMPLE_FILL(r->signers[i].attest_key, (uint8_t)(0x13 + i));
		SAMPLE_FILL(r->signers[i].chain_key, (uint8_t)(0x15 + i));
		r->signers[i].id = i == 0 ? DOC_SIGNER_A : DOC_SIGNER_B;
	}
	r->watcher_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%u", i + 1);
		SAMPLE_FILL(r->watchers[i].key, (uint8_t)(0x17 + i));
	}
	r->watchers_needed = 2;
}

static inline void sample_fill_policy(struct doc_policy *p)
{
	p->tier_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		p->approval_tiers[i].approvals = i;
		p->approval_tiers[i].delay_ms = 60000ull * i;
		p->approval_tiers[i].up_to = sample_money(1000000000ull * (i + 1));
	}
	p->asset = ASSET_XEM;
	p->attempt_life_s = 3600;
	p->clock_skew_ms = 600000;
	p->day_max = sample_money(20000000000000ull);
	p->destination_cooling_ms = 86400000;
	p->destination_kinds = DOC_TO_CUSTOMER | DOC_TO_PURSE;
	p->destination_count = 1;
	p->destinations[0].address = sample_address(9);
	SAMPLE_TEXT(p->destinations[0].name, "market-maker");
	p->fee_bp_max = 5000;
	p->fee_max = sample_money(3000000);
	p->grant_life_max_ms = 604800000;
	p->heartbeat_age_ms = 30000;
	p->hot_ceiling_bp = 500;
	p->hour_max = sample_money(5000000000000ull);
	p->hours_count = 1;
	p->hours[0].days = 96;
	p->hours[0].to_minute = 1440;
	p->hours[0].payment_max = sample_money(1000000000);
	p->loosening_ms = 172800000;
	p->number = 1;
	p->order_life_ms = 86400000;
	p->payment_max = sample_money(1000000000000ull);
	p->till_max = sample_money(16000000000000ull);
	p->unapproved_day_max = sample_money(0);
	p->unlisted_max = sample_money(1000000000);
	p->yen_count = 1;
	p->yen[0].age_max_ms = 600000;
	p->yen[0].day_max = 5000000000;
	p->yen[0].hour_max = 1000000000;
	p->yen[0].jump_max_bp = 2000;
}

static inline void sample_fill_order(struct doc_order *o)
{
	o->amount = sample_money(10000000);
	o->asset = ASSET_XEM;
	o->chain = DOC_CHAIN_NEM;
	o->created_ms = 1516892533000;
	o->destination = sample_address(7);
	o->expires_ms = 1516978933000;
	o->fee_max = sample_money(3000000);
	o->message_n = 5;
	sample_bytes(o->message, 5, 0xc0);
	o->network = 152;
	SAMPLE_FILL(o->request, 0x50);
	sample_uuid(&o->request_id);
	o->vault = DOC_VAULT_HOT;
}

static inline void sample_fill_heartbeat(struct doc_heartbeat *h)
{
	h->balance_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		SAMPLE_FILL(h->balances[i].account, (uint8_t)(0x10 + i));
		h->balances[i].confirmed = sample_money(500 + i);
		h->balances[i].promised = sample_money(40 + i);
		h->balances[i].remaining = sample_money(i);
	}
	SAMPLE_FILL(h->block, 0x20);
	h->chain_time_nem_s = 88888888;
	h->height = 1423000;
	SAMPLE_FILL(h->nonce, 0x21);
	SAMPLE_FILL(h->policy, 0x22);
	SAMPLE_FILL(h->records_head, 0x23);
	h->records_sequence = 77;
	SAMPLE_FILL(h->roster, 0x24);
	h->signer = DOC_SIGNER_B;
	h->stop_count = 1;
	SAMPLE_FILL(h->stop_head, 0x25);
	SAMPLE_TEXT(h->watcher, "w1");
}

static inline void sample_fill_attestation(struct doc_attestation *a)
{
	a->data_n = 4;
	sample_bytes(a->data, 4, 0xd0);
	SAMPLE_FILL(a->head, 0x41);
	SAMPLE_FILL(a->inner_hash, 0x42);
	a->kind = DOC_ATTEST_COSIGN;
	SAMPLE_FILL(a->policy, 0x67);
	SAMPLE_FILL(a->program, 0x43);
	SAMPLE_FILL(a->roster, 0x68);
	a->sequence = 12;
	a->signer = DOC_SIGNER_A;
	SAMPLE_FILL(a->subject, 0x44);
	a->subject_type = DOC_ATTEMPT;
	a->time_ms = 1516892534000;
}

static inline void sample_fill_freeze(struct doc_freeze *f)
{
	f->evacuate = true;
	f->evidence_n = 3;
	sample_bytes(f->evidence, 3, 0xe0);
	SAMPLE_TEXT(f->issuer, "w2");
	SAMPLE_FILL(f->nonce, 0x45);
	SAMPLE_TEXT(f->reason, "10 XEM left \"till 1\" \\ \xe8\x94\xb5\xe5\xae\x88");
	f->scope = DOC_SCOPE_ALL;
	f->time_ms = 1516892535000;
}

static inline void sample_fill_sweep(struct doc_sweep *s)
{
	SAMPLE_FILL(s->account, 0x46);
	s->amount = sample_money(123456789);
	s->deadline_nem_s = 89000001;
	s->destination = sample_address(9);
	s->fee_cosign = sample_money(150000);
	s->fee_inner = sample_money(1250000);
	s->fee_outer = sample_money(150001);
	s->timestamp_nem_s = 89000000;
}

static inline void sample_fill_attempt(struct doc_attempt *a)
{
	SAMPLE_FILL(a->account, 0x47);
	a->deadline_nem_s = 89003600;
	a->fee_cosign = sample_money(150000);
	a->fee_inner = sample_money(50000);
	a->fee_outer = sample_money(150002);
	a->number = 1;
	SAMPLE_FILL(a->order, 0x48);
	a->timestamp_nem_s = 89000000;
}

static inline void sample_fill_request(struct doc_request *r)
{
	r->amount = sample_money(10000000);
	r->asset = ASSET_XEM;
	SAMPLE_TEXT(r->customer, "customer-000017");
	r->destination = sample_address(7);
	r->message_n = 2;
	sample_bytes(r->message, 2, 0xb0);
	sample_uuid(&r->request_id);
	r->time_ms = 1516892532000;
}

static inline void sample_fill_holding(struct doc_holding *h)
{
	h->holder_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(h->holders[i].id, sizeof h->holders[i].id, "holder-%u", i + 1);
		SAMPLE_FILL(h->holders[i].attest_key, (uint8_t)(0x71 + i));
		SAMPLE_FILL(h->holders[i].key, (uint8_t)(0x74 + i));
		h->holders[i].registration_n = DOC_MARK_KEY + (i + 1) * DOC_REGISTRATION_PART;
		sample_bytes(h->holders[i].registration, h->holders[i].registration_n,
			     (uint8_t)(0xc1 + i));
	}
	h->limit = sample_money(9000000000000ull);
	h->number = 1;
	h->residue_max = sample_money(5000000);
	h->tally_age_ms = 86400000;
	h->window_ms = 604800000;
}

static inline void sample_fill_tally(struct doc_tally *t)
{
	t->account_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct doc_tallied *a = &t->accounts[i];

		SAMPLE_FILL(a->account, (uint8_t)(0x77 + i));
		a->balance = sample_money(70 + i);
		a->cosigner_count = 2;
		SAMPLE_FILL(a->cosigners[0].key, 0x79);
		SAMPLE_FILL(a->cosigners[1].key, 0x7a);
		a->needed = 1 + i;
		a->open = 3 + i;
		a->received = sample_money(75 + i);
		a->spent = sample_money(5);
	}
	SAMPLE_FILL(t->block, 0x7b);
	t->chain_time_nem_s = 89003800;
	t->final_time_nem_s = 89003700;
	t->height = 1361;
	t->time_ms = 1516892545000;
	SAMPLE_TEXT(t->watcher, "w1");
}

static inline void sample_fill_refill(struct doc_refill *r)
{
	SAMPLE_FILL(r->account, 0x7c);
	r->amount = sample_money(4999998300000ull);
	r->cosigner_count = 2;
	SAMPLE_FILL(r->cosigners[0].key, 0x7d);
	SAMPLE_FILL(r->cosigners[1].key, 0x7e);
	r->deadline_nem_s = 89090200;
	r->destination = sample_address(8);
	r->fee_cosign = sample_money(150000);
	r->fee_inner = sample_money(1250000);
	r->fee_outer = sample_money(150003);
	SAMPLE_FILL(r->initiator, 0x7f);
	SAMPLE_FILL(r->previous, 0x81);
	SAMPLE_TEXT(r->proposer, "aiko.tanaka");
	r->time_ms = 1516892546000;
	r->timestamp_nem_s = 89003800;
}

static inline void sample_fill_answer(struct doc_answer *a)
{
	SAMPLE_FILL(a->head, 0x82);
	SAMPLE_TEXT(a->holder, "holder-2");
	SAMPLE_FILL(a->holding, 0x83);
	SAMPLE_FILL(a->inner_hash, 0x84);
	a->kind = DOC_ATTEST_WRAP;
	a->mark_n = DOC_MARK_KEY + 2 * DOC_MARK_PART;
	sample_bytes(a->mark, a->mark_n, 0xc4);
	SAMPLE_FILL(a->refill, 0x85);
	a->sequence = 4;
	SAMPLE_FILL(a->signature, 0x86);
	a->spent = sample_money(5000000000000ull);
	a->time_ms = 1516892547000;
}

static inline void sample_fill_drill(struct doc_drill *d)
{
	SAMPLE_FILL(d->attest_key, 0x87);
	SAMPLE_TEXT(d->holder, "holder-2");
	SAMPLE_FILL(d->holding, 0x88);
	SAMPLE_FILL(d->key, 0x89);
	d->time_ms = 1516892548000;
	d->valid_until_ms = 1532444548000;
}

static inline void sample_fill_small(enum doc_type type, union sample *s)
{
	switch ((unsigned)type) {
	case DOC_APPROVAL:
		s->approval.decision = DOC_DECISION_YES;
		SAMPLE_TEXT(s->approval.person, "aiko.tanaka");
		SAMPLE_FILL(s->approval.subject, 0x49);
		s->approval.subject_type = DOC_ORDER;
		s->approval.time_ms = 1516892536000;
		break;
	case DOC_ACK:
		SAMPLE_FILL(s->ack.attestation, 0x4a);
		s->ack.time_ms = 1516892537000;
		SAMPLE_TEXT(s->ack.watcher, "w3");
		break;
	case DOC_MATURITY:
		SAMPLE_FILL(s->maturity.document, 0x4c);
		SAMPLE_TEXT(s->maturity.watcher, "watcher-2");
		return;
	case DOC_RECEIPT:
		SAMPLE_FILL(s->receipt.document, 0x4b);
		SAMPLE_TEXT(s->receipt.holder, "a");
		s->receipt.sequence = 9007199254740991;
		s->receipt.time_ms = 1516892538000;
		break;
	case DOC_SIGNATURE:
		SAMPLE_FILL(s->signature.attestation, 0x4c);
		SAMPLE_FILL(s->signature.signature, 0x4d);
		break;
	case DOC_NONCE:
		s->nonce.frozen = false;
		SAMPLE_FILL(s->nonce.head, 0x4e);
		SAMPLE_FILL(s->nonce.nonce, 0x4f);
		s->nonce.sequence = 0;
		s->nonce.signer = DOC_SIGNER_A;
		s->nonce.stop_count = 2;
		SAMPLE_FILL(s->nonce.stop_head, 0x51);
		break;
	case DOC_CURSOR:
		s->cursor.after = 76;
		break;
	case DOC_REFUSAL:
		SAMPLE_TEXT(s->refusal.code, "over-cap");
		SAMPLE_TEXT(s->refusal.detail, "hour_max would be exceeded");
		SAMPLE_TEXT(s->refusal.field, "order.amount");
		break;
	case DOC_CANCEL:
		SAMPLE_FILL(s->cancel.document, 0x61);
		SAMPLE_TEXT(s->cancel.person, "aiko.tanaka");
		SAMPLE_TEXT(s->cancel.reason, "nobody asked for this limit");
		s->cancel.time_ms = 1516892539500;
		break;
	case DOC_RESUME:
		s->resume.lift_count = 2;
		SAMPLE_FILL(s->resume.freezes[0].id, 0x62);
		SAMPLE_FILL(s->resume.freezes[1].id, 0x63);
		SAMPLE_TEXT(s->resume.initiator, "aiko.tanaka");
		SAMPLE_FILL(s->resume.nonce, 0x64);
		SAMPLE_TEXT(s->resume.reason, "the till was counted");
		s->resume.scope = DOC_SCOPE_ALL;
		s->resume.struck_count = 2;
		s->resume.struck[0].key_n = 32;
		sample_bytes(s->resume.struck[0].key, 32, 0x65);
		s->resume.struck[1].key_n = 64;
		sample_bytes(s->resume.struck[1].key, 64, 0x66);
		s->resume.time_ms = 1516892539600;
		break;
	case DOC_CLOSING:
		SAMPLE_FILL(s->closing.account, 0x52);
		SAMPLE_TEXT(s->closing.issuer, "aiko.tanaka");
		SAMPLE_TEXT(s->closing.reason, "the till is a day old");
		s->closing.time_ms = 1516892539000;
		break;
	case DOC_POSTING:
		s->posting.entry_count = 2;
		s->posting.entries[0].amount = ((u128)1 << 100) + 7;
		s->posting.entries[0].asset = ASSET_JPY;
		SAMPLE_TEXT(s->posting.entries[0].credit.kind, "house");
		SAMPLE_TEXT(s->posting.entries[0].credit.name, "jpy");
		SAMPLE_TEXT(s->posting.entries[0].debit.kind, "bank");
		SAMPLE_TEXT(s->posting.entries[0].debit.name, "jpy");
		SAMPLE_FILL(s->posting.entries[0].id, 0x21);
		SAMPLE_TEXT(s->posting.entries[0].reason, "own yen paid in");
		s->posting.entries[1].amount = 1;
		s->posting.entries[1].asset = ASSET_XEM;
		SAMPLE_TEXT(s->posting.entries[1].credit.kind, "customer");
		SAMPLE_TEXT(s->posting.entries[1].credit.name, "c000001");
		SAMPLE_TEXT(s->posting.entries[1].debit.kind, "suspense");
		SAMPLE_TEXT(s->posting.entries[1].debit.name, "nem:xem");
		SAMPLE_FILL(s->posting.entries[1].id, 0x22);
		SAMPLE_TEXT(s->posting.entries[1].reason, "the owner was found");
		SAMPLE_TEXT(s->posting.initiator, "aiko.tanaka");
		SAMPLE_TEXT(s->posting.reason, "corrections of a Monday");
		s->posting.time_ms = 1516892540000;
		break;
	case DOC_PLAN:
		s->plan.as_of_ms = 1516892541000;
		s->plan.asset = ASSET_XEM;
		s->plan.currency = ASSET_JPY;
		s->plan.customers = 260000;
		SAMPLE_FILL(s->plan.head, 0x23);
		SAMPLE_TEXT(s->plan.initiator, "aiko.tanaka");
		s->plan.lost = 526300010000000;
		s->plan.paid = 46603339585;
		SAMPLE_TEXT(s->plan.rate, "88.549");
		SAMPLE_TEXT(s->plan.reason, "the theft of 26 January 2018");
		SAMPLE_FILL(s->plan.root, 0x24);
		s->plan.rounding = DOC_ROUNDING_HALF_UP;
		SAMPLE_FILL(s->plan.rows, 0x25);
		s->plan.sequence = 520012;
		s->plan.time_ms = 1516892542000;
		break;
	case DOC_EXCLUSION:
		SAMPLE_FILL(s->exclusion.account, 0x53);
		SAMPLE_FILL(s->exclusion.attempt, 0x54);
		SAMPLE_FILL(s->exclusion.block, 0x55);
		SAMPLE_FILL(s->exclusion.closing, 0x56);
		s->exclusion.final_height = 1000;
		s->exclusion.final_time_nem_s = 89003700;
		s->exclusion.height = 1360;
		SAMPLE_FILL(s->exclusion.inner_hash, 0x57);
		s->exclusion.largest = sample_money(350000);
		s->exclusion.residue = sample_money(0);
		s->exclusion.time_ms = 1516892540000;
		SAMPLE_TEXT(s->exclusion.watcher, "w2");
		break;
	case DOC_DAY:
		s->day.a_sequence = 57;
		s->day.a_unapproved = sample_money(1250000);
		s->day.b_sequence = 49;
		s->day.b_unapproved = sample_money(1150000);
		SAMPLE_FILL(s->day.list, 0x5c);
		SAMPLE_TEXT(s->day.person, "auditor-1");
		s->day.time_ms = 1516892543500;
		break;
	case DOC_PRICE:
		s->price.asset = ASSET_XEM;
		s->price.currency = ASSET_JPY;
		SAMPLE_TEXT(s->price.rate, "88.549");
		SAMPLE_TEXT(s->price.source, "prices.example");
		s->price.time_ms = 1516892543000;
		break;
	case DOC_GRANT:
		s->grant.destination = sample_address(9);
		s->grant.from_ms = 1516892544000;
		SAMPLE_TEXT(s->grant.reason, "settlement with another exchange, until Friday");
		s->grant.until_ms = 1517151600000;
		s->grant.up_to = sample_money(5000000000);
		break;
	case DOC_ASSERTION:
		SAMPLE_FILL(s->assertion.approval, 0x58);
		s->assertion.authenticator_data_n = 37;
		sample_bytes(s->assertion.authenticator_data, 37, 0x59);
		s->assertion.client_data_n = 120;
		sample_bytes(s->assertion.client_data, 120, 0x5a);
		s->assertion.credential_n = 32;
		sample_bytes(s->assertion.credential, 32, 0x41);
		s->assertion.signature_n = 71;
		sample_bytes(s->assertion.signature, 71, 0x5b);
		break;
	case DOC_STATUS:
		s->status.detail_count = 2;
		SAMPLE_TEXT(s->status.detail[0].name, "state");
		SAMPLE_TEXT(s->status.detail[0].value, "ready");
		SAMPLE_TEXT(s->status.detail[1].name, "sequence");
		SAMPLE_TEXT(s->status.detail[1].value, "");
		SAMPLE_TEXT(s->status.program, "kuramori-signer");
		break;
	default:
		abort();
	}
}

/* Where the member genesis of the struct is; NULL for the type genesis. */
static inline uint8_t *sample_genesis_at(enum doc_type type, union sample *s)
{
	const struct doc_table *t = doc_table_of(type);

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->fields[i].name, "genesis") == 0) {
			return (uint8_t *)s + t->fields[i].offset;
		}
	}
	return NULL;
}

/* All room that is not used is zero, so two samples can be compared as memory. */
static inline void sample_fill(enum doc_type type, union sample *s)
{
	struct hash32 genesis = sample_genesis();
	uint8_t *at;

	memset(s, 0, sizeof *s);
	switch ((unsigned)type) {
	case DOC_GENESIS:
		sample_fill_genesis(&s->genesis);
		break;
	case DOC_ROSTER:
		sample_fill_roster(&s->roster);
		break;
	case DOC_POLICY:
		sample_fill_policy(&s->policy);
		break;
	case DOC_REQUEST:
		sample_fill_request(&s->request);
		break;
	case DOC_ORDER:
		sample_fill_order(&s->order);
		break;
	case DOC_ATTEMPT:
		sample_fill_attempt(&s->attempt);
		break;
	case DOC_FREEZE:
		sample_fill_freeze(&s->freeze);
		break;
	case DOC_SWEEP:
		sample_fill_sweep(&s->sweep);
		break;
	case DOC_HEARTBEAT:
		sample_fill_heartbeat(&s->heartbeat);
		break;
	case DOC_ATTESTATION:
		sample_fill_attestation(&s->attestation);
		break;
	case DOC_HOLDING:
		sample_fill_holding(&s->holding);
		break;
	case DOC_TALLY:
		sample_fill_tally(&s->tally);
		break;
	case DOC_REFILL:
		sample_fill_refill(&s->refill);
		break;
	case DOC_ANSWER:
		sample_fill_answer(&s->answer);
		break;
	case DOC_DRILL:
		sample_fill_drill(&s->drill);
		break;
	default:
		sample_fill_small(type, s);
		break;
	}
	at = sample_genesis_at(type, s);
	if (at != NULL) {
		memcpy(at, genesis.b, sizeof genesis.b);
	}
}

/* The id under which doc_open() takes samples of this type: genesis's own id is not the samples'.
 */
static inline const struct hash32 *sample_under(enum doc_type type, const struct hash32 *genesis)
{
	return type == DOC_GENESIS ? NULL : genesis;
}

#endif
