/* SPDX-License-Identifier: Apache-2.0 */
#include "control_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

enum { HOLDERS_NEEDED = 3 };

struct key people[PEOPLE], watcher[2], backend, stranger, later, attest[2];
struct key holder[HOLDERS];
struct hash32 genesis;
struct keeper k, l, m;
struct text t1, t2, t3, t4;

static const char *const names[PEOPLE] = { "officer-1",  "officer-2",  "officer-3",
					   "approver-1", "approver-2", "auditor-1" };

static void key_make(struct key *out, uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES] = { n, 31 };

	ed25519_keypair(&out->key, out->secret, seed);
}

static void first_rules(struct doc_roster *r, struct doc_policy *p)
{
	static const uint32_t roles[PEOPLE] = { DOC_ROLE_OFFICER,  DOC_ROLE_OFFICER,
						DOC_ROLE_OFFICER,  DOC_ROLE_APPROVER,
						DOC_ROLE_APPROVER, DOC_ROLE_AUDITOR };
	struct world w;

	*r = (struct doc_roster){ .backend_count = 1,
				  .governance = 2,
				  .number = 1,
				  .people_count = PEOPLE,
				  .signer_count = 2,
				  .software_approvals = true,
				  .watcher_count = 2,
				  .watchers_needed = 2,
				  .genesis = genesis };
	(void)snprintf(r->backends[0].id, sizeof r->backends[0].id, "backend");
	r->backends[0].key = backend.key;
	r->holder_count = HOLDERS;
	for (size_t i = 0; i < HOLDERS; i++) {
		(void)snprintf(r->holders[i].id, sizeof r->holders[i].id, "holder-%zu", i + 1);
		r->holders[i].key = holder[i].key;
	}
	for (size_t i = 0; i < PEOPLE; i++) {
		(void)snprintf(r->people[i].id, sizeof r->people[i].id, "%s", names[i]);
		r->people[i].key = people[i].key;
		r->people[i].roles = roles[i];
	}
	for (size_t i = 0; i < 2; i++) {
		r->signers[i].attest_key = attest[i].key;
		memset(&r->signers[i].chain_key, (int)(i + 3), 32);
		r->signers[i].id = (enum doc_signer)i;
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%zu", i + 1);
		r->watchers[i].key = watcher[i].key;
	}
	world_make(&w);
	*p = w.policy;
	p->number = 1;
	p->genesis = genesis;
	p->loosening_ms = 3600000;
}

void keeper_make(struct keeper *o, unsigned planted)
{
	memset(o, 0, sizeof *o);
	first_rules(&o->roster, &o->policy);
	o->roster_id.b[0] = 0xaa;
	o->policy_id.b[0] = 0xbb;
	o->now = (struct policy_time){ .own_ms = NOW, .wall_ms = NOW, .chain_s = 1000000 };
	control_init(&o->c, &genesis,
		     &(struct control_rules){ &o->roster_id, &o->policy_id, &o->roster, &o->policy,
					      HOLDERS_NEEDED },
		     &(struct control_storage){ .freezes = o->freezes,
						.freezes_cap = sizeof o->freezes,
						.others = o->others,
						.others_cap = sizeof o->others },
		     planted);
}

void rig_init(void)
{
	CHECK(crypto_init() == ERR_OK);
	genesis.b[0] = 1;
	for (uint8_t i = 0; i < PEOPLE; i++) {
		key_make(&people[i], (uint8_t)(i + 1));
	}
	key_make(&watcher[0], 20);
	key_make(&watcher[1], 21);
	key_make(&backend, 22);
	key_make(&stranger, 23);
	key_make(&later, 24);
	key_make(&attest[0], 25);
	key_make(&attest[1], 26);
	for (size_t i = 0; i < HOLDERS; i++) {
		key_make(&holder[i], (uint8_t)(30 + i));
	}
}

void start(void)
{
	keeper_make(&k, 0);
	keeper_make(&l, 0);
	keeper_make(&m, 0);
}

/* ---- documents ------------------------------------------------------------------------------ */

void sign(struct text *t, enum doc_type type, const void *in, unsigned by)
{
	static uint8_t body[32 * 1024];
	struct writer w = writer_make(body, sizeof body);
	struct writer out = writer_make(t->raw, sizeof t->raw);
	struct doc_seal seals[16];
	size_t n = 0;
	struct doc_fault fault = { "", "" };

	if (doc_write(&w, type, in, &fault) != ERR_OK) {
		printf("# %s: %s %s\n", doc_type_name(type), fault.field, fault.why);
		CHECK(false);
	}
	doc_id(&t->id, type, doc_type_version(type), &genesis, bytes_of(w.p, w.n));
	for (unsigned i = 0; i < 12 + HOLDERS; i++) {
		const struct key *key = i < PEOPLE ? &people[i]
					: i < 8    ? &watcher[i - PEOPLE]
					: i == 8   ? &later
					: i == 9   ? &stranger
					: i < 12   ? &attest[i - 10]
						   : &holder[i - 12];

		if ((by >> i & 1) != 0) {
			doc_sign(&seals[n++], &t->id, key->secret);
		}
	}
	CHECK(doc_close(&out, type, bytes_of(w.p, w.n), seals, n) == ERR_OK);
	t->n = out.n;
}

void freeze(struct text *t, const char *issuer, uint8_t nonce, bool evacuate, unsigned by)
{
	struct doc_freeze f = {
		.genesis = genesis, .scope = DOC_SCOPE_ALL, .nonce = { nonce }, .evacuate = evacuate
	};

	(void)snprintf(f.issuer, sizeof f.issuer, "%s", issuer);
	sign(t, DOC_FREEZE, &f, by);
}

static int id_cmp(const void *a, const void *b)
{
	return hash32_cmp(&((const struct doc_lift *)a)->id, &((const struct doc_lift *)b)->id);
}

void resume_of(struct doc_resume *r, const struct hash32 *const *ids, size_t n, uint8_t nonce)
{
	*r = (struct doc_resume){ .genesis = genesis,
				  .scope = DOC_SCOPE_ALL,
				  .nonce = { nonce },
				  .initiator = "officer-1",
				  .lift_count = n };
	for (size_t i = 0; i < n; i++) {
		r->freezes[i].id = *ids[i];
	}
	qsort(r->freezes, n, sizeof r->freezes[0], id_cmp);
}

void resume(struct text *t, const struct hash32 *const *ids, size_t n, uint8_t nonce, unsigned by)
{
	struct doc_resume r;

	resume_of(&r, ids, n, nonce);
	sign(t, DOC_RESUME, &r, by);
}

void strike(struct doc_resume *r, const struct key32 *key)
{
	struct doc_struck *s = &r->struck[r->struck_count++];

	s->key_n = 32;
	memcpy(s->key, key->b, 32);
}

void cancel(struct text *t, const char *person, const struct hash32 *id, unsigned by)
{
	struct doc_cancel c = { .genesis = genesis, .document = *id };

	(void)snprintf(c.person, sizeof c.person, "%s", person);
	sign(t, DOC_CANCEL, &c, by);
}

void policy(struct text *t, const struct keeper *o, uint64_t day_max, unsigned by)
{
	struct doc_policy p = o->policy;

	p.number++;
	p.previous = o->policy_id;
	p.day_max = xem(day_max);
	sign(t, DOC_POLICY, &p, by);
}

/* ---- keepers -------------------------------------------------------------------------------- */

struct policy_verdict tell(struct keeper *o, const struct text *t)
{
	struct control_news news;
	struct policy_verdict v;
	struct doc d;

	CHECK(doc_open(&d, bytes_of(t->raw, t->n), &genesis, NULL) == ERR_OK);
	v = control_check(&o->c, &d, &news);
	if (v.err == ERR_OK && !news.known) {
		(void)control_take(&o->c, &d, &news, ++o->sequence, o->now.wall_ms, &o->now);
	}
	return v;
}

void pass(struct keeper *o, uint64_t ms, uint32_t chain_s)
{
	struct control_entry *e;

	o->now.own_ms += ms;
	o->now.wall_ms += ms;
	o->now.chain_s += chain_s;
	while ((e = control_due(&o->c, &o->now)) != NULL) {
		struct id128 name;

		memcpy(name.b, e->id.b, sizeof name.b);
		CHECK(control_activate(&o->c, &name, o->now.wall_ms, &o->now));
	}
}
