/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/founding.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_network.h"
#include "crypto/ed25519.h"
#include "policy/roster.h"
#include "policy/verdict.h"

enum {
	PARTIES_MAX = DOC_BACKENDS_MAX + DOC_HOLDERS_MAX + DOC_PEOPLE_MAX + DOC_SOURCES_MAX +
		      DOC_WATCHERS_MAX + 2 * DOC_SIGNERS,
	PLACES_MAX = DOC_BOXES_MAX + DOC_SPARES_MAX + DOC_HOT_MAX,
};

/* ---- names --------------------------------------------------------------------------------- */

/* What a tired reader sees: no case, no dots and dashes, l for 1 and I, o for 0. */
static void skeleton(char out[DOC_NAME_MAX + 1], const char *id)
{
	size_t n = 0;

	for (; *id != '\0'; id++) {
		char c = *id;

		if (c >= 'A' && c <= 'Z') {
			c = (char)(c - 'A' + 'a');
		}
		if (c == '1' || c == 'i') {
			c = 'l';
		} else if (c == '0') {
			c = 'o';
		}
		if (c != '.' && c != '_' && c != ':' && c != '-') {
			out[n++] = c;
		}
	}
	out[n] = '\0';
}

static bool look_alike(const char *a, const char *b)
{
	char x[DOC_NAME_MAX + 1], y[DOC_NAME_MAX + 1];

	skeleton(x, a);
	skeleton(y, b);
	return strcmp(x, y) == 0;
}

static const char alike_words[] =
    N_("two names that look alike: one of them would be taken for the other");
static const char no_key_words[] = N_("no key: nothing can ever be signed with it");

/* ---- a roster ------------------------------------------------------------------------------ */

struct parties {
	size_t n;

	struct party {
		const char *id;
		const struct key32 *key;
	} all[PARTIES_MAX];
};

static void add(struct parties *p, const char *id, const struct key32 *key)
{
	CHECK(p->n < PARTIES_MAX);
	p->all[p->n++] = (struct party){ id, key };
}

static void add_list(struct parties *p, const struct doc_party *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(p, list[i].id, &list[i].key);
	}
}

/* Everybody with an Ed25519 key. */
static void parties_of(struct parties *p, const struct doc_roster *r)
{
	p->n = 0;
	add_list(p, r->backends, r->backend_count);
	add_list(p, r->holders, r->holder_count);
	for (size_t i = 0; i < r->people_count; i++) {
		add(p, r->people[i].id, &r->people[i].key);
	}
	add_list(p, r->price_sources, r->source_count);
	add_list(p, r->watchers, r->watcher_count);
	for (size_t i = 0; i < r->signer_count; i++) {
		const struct doc_signer_entry *s = &r->signers[i];

		add(p, s->id == DOC_SIGNER_A ? "a" : "b", &s->attest_key);
		add(p, s->id == DOC_SIGNER_A ? "a" : "b", &s->chain_key);
	}
}

/* Whose key of the roster it is; NULL: nobody's. */
static const char *owner(const struct doc_roster *r, const struct key32 *key)
{
	struct parties p;

	parties_of(&p, r);
	for (size_t i = 0; i < p.n; i++) {
		if (key32_eq(p.all[i].key, key)) {
			return p.all[i].id;
		}
	}
	return NULL;
}

static bool approves(const struct doc_roster *r, const struct doc_person *p)
{
	return (p->roles & DOC_ROLE_APPROVER) != 0 &&
	       (r->software_approvals || p->passkey_count > 0);
}

struct policy_verdict founding_roster(const struct doc_roster *r, struct doc_fault *fault)
{
	struct policy_verdict v = roster_check(r, fault);
	struct parties p;

	if (v.err != ERR_OK) {
		return v;
	}
	parties_of(&p, r);
	for (size_t i = 0; i < p.n; i++) {
		if (!ed25519_key_ok(p.all[i].key)) {
			return refuse(ERR_KEY, p.all[i].id, no_key_words);
		}
		for (size_t k = 0; k < i; k++) {
			/* a signer stands there with two keys */
			if (strcmp(p.all[i].id, p.all[k].id) != 0 &&
			    look_alike(p.all[i].id, p.all[k].id)) {
				return refuse(ERR_POLICY, p.all[i].id, alike_words);
			}
		}
	}
	for (size_t i = 0; i < r->people_count; i++) {
		const struct doc_person *one = &r->people[i];

		if ((one->roles & DOC_ROLE_APPROVER) != 0 && !approves(r, one)) {
			return refuse(ERR_POLICY, one->id,
				      "an approver who can approve nothing: software keys do not "
				      "count for it, and there is no security key");
		}
	}
	return allowed;
}

/* ---- a policy ------------------------------------------------------------------------------ */

struct policy_verdict founding_policy(const struct doc_policy *p, const struct doc_roster *r)
{
	struct policy_verdict v = policy_check(p);
	size_t approvers = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	for (size_t i = 0; i < r->people_count; i++) {
		approvers += approves(r, &r->people[i]);
	}
	for (size_t i = 0; i < p->tier_count; i++) {
		if (p->approval_tiers[i].approvals > approvers) {
			return refuse_figure(ERR_POLICY, "policy.approval_tiers",
					     "a tier asks for more approvals than there are "
					     "approvers: nothing of it could ever be paid",
					     p->approval_tiers[i].approvals, approvers);
		}
		if (p->approval_tiers[i].delay_ms >= p->order_life_ms) {
			return refuse_figure(ERR_POLICY, "policy.approval_tiers",
					     "a tier waits for longer than an order lives: nothing "
					     "of it could ever be paid",
					     p->approval_tiers[i].delay_ms, p->order_life_ms);
		}
	}
	if (p->yen_count > 0 && r->prices_needed == 0) {
		return refuse(ERR_POLICY, "policy.yen",
			      "caps in yen, and no price sources to count by");
	}
	return allowed;
}

/* ---- genesis ------------------------------------------------------------------------------- */

static bool seen(const struct nem_address *all, size_t n, const struct nem_address *one)
{
	for (size_t i = 0; i < n; i++) {
		if (nem_address_eq(&all[i], one)) {
			return true;
		}
	}
	return false;
}

static const char twice_words[] = N_("this account stands twice in genesis");

/* Boxes and spare boxes, then hot accounts: each once. */
static struct policy_verdict places(const struct doc_genesis *g)
{
	struct nem_address all[PLACES_MAX];
	uint8_t network = (uint8_t)g->chain_network;
	size_t n = 0;

	for (size_t i = 0; i < g->box_count + g->spare_count; i++) {
		const char *text =
		    i < g->box_count ? g->boxes[i].text : g->spares[i - g->box_count].text;
		const char *why = "";
		enum err e = nem_address_parse(&all[n], network, bytes_str(text), &why);

		if (e != ERR_OK) {
			return (struct policy_verdict){ .err = e, .field = text, .words = why };
		}
		if (seen(all, n, &all[n])) {
			return refuse(ERR_POLICY, text, twice_words);
		}
		n++;
	}
	for (size_t i = 0; i < g->hot_count; i++) {
		nem_address_from_key(&all[n], &g->hot[i].public_key, network);
		if (seen(all, n, &all[n])) {
			return refuse(ERR_POLICY, "hot", twice_words);
		}
		n++;
	}
	return allowed;
}

struct policy_verdict founding_genesis(const struct doc_genesis *g, const struct doc_roster *r,
				       const struct doc_policy *p)
{
	const struct hash32 *main1 = nem_network_block1(NEM_NETWORK_MAIN);
	uint8_t network = (uint8_t)g->chain_network;
	struct policy_verdict v;

	if (!nem_network_known(network)) {
		return refuse(ERR_NETWORK, "chain_network",
			      "a network of NEM that is not known here");
	}
	if (hash32_is_zero(&g->chain_nemesis) ||
	    hash32_eq(&g->chain_nemesis, main1) != (network == NEM_NETWORK_MAIN)) {
		return refuse(ERR_MISMATCH, "chain_nemesis",
			      "not the first block of this network: practice is never taken for "
			      "the main network, nor the other way round");
	}
	if (g->box_count == 0 || g->hot_count == 0) {
		return refuse(ERR_POLICY, g->box_count == 0 ? "boxes" : "hot",
			      "there is none, and genesis never names another");
	}
	v = places(g);
	if (v.err != ERR_OK) {
		return v;
	}
	for (size_t i = 0; i < g->hot_count; i++) {
		const char *id = owner(r, &g->hot[i].public_key);

		if (id != NULL) {
			return refuse(ERR_KEY, id, "the key of a hot account is his alone as well");
		}
		if (!ed25519_key_ok(&g->hot[i].public_key)) {
			return refuse(ERR_KEY, "hot", no_key_words);
		}
	}
	for (size_t i = 0; i < p->destination_count; i++) {
		const char *text = p->destinations[i].address.text;
		struct nem_address a;
		const char *why = "";
		enum err e = nem_address_parse(&a, network, bytes_str(text), &why);

		if (e != ERR_OK) {
			return (struct policy_verdict){ .err = e, .field = text, .words = why };
		}
	}
	return allowed;
}

/* ---- a holding ----------------------------------------------------------------------------- */

static bool is_hot(const struct doc_genesis *g, const struct key32 *key)
{
	for (size_t i = 0; i < g->hot_count; i++) {
		if (key32_eq(&g->hot[i].public_key, key)) {
			return true;
		}
	}
	return false;
}

static struct policy_verdict holder_check(const struct doc_holder *one, const struct doc_genesis *g,
					  const struct doc_roster *r)
{
	const struct doc_party *known = NULL;
	struct parties all;

	for (size_t i = 0; i < r->holder_count; i++) {
		if (strcmp(r->holders[i].id, one->id) == 0) {
			known = &r->holders[i];
		}
	}
	if (known != NULL && !key32_eq(&known->key, &one->attest_key)) {
		return refuse(ERR_MISMATCH, one->id,
			      "the roster names this holder by another attest key");
	}
	if (!ed25519_key_ok(&one->key) || !ed25519_key_ok(&one->attest_key)) {
		return refuse(ERR_KEY, one->id, no_key_words);
	}
	if (owner(r, &one->key) != NULL || is_hot(g, &one->key) || is_hot(g, &one->attest_key) ||
	    (known == NULL && owner(r, &one->attest_key) != NULL)) {
		return refuse(ERR_KEY, one->id,
			      "a key of the roster or of a hot account: one hand with two votes");
	}
	parties_of(&all, r);
	for (size_t i = 0; i < all.n; i++) {
		bool himself = known != NULL && all.all[i].key == &known->key;

		if (!himself && look_alike(all.all[i].id, one->id)) {
			return refuse(ERR_POLICY, one->id, alike_words);
		}
	}
	if (one->registration_n != 0 &&
	    one->registration_n != DOC_MARK_KEY + r->watcher_count * DOC_REGISTRATION_PART) {
		return refuse(ERR_FIELD_RANGE, one->id,
			      "a registration for other watchers than the roster's: the holder "
			      "registers again");
	}
	return allowed;
}

struct policy_verdict founding_holding(const struct doc_holding *h, const struct doc_genesis *g,
				       const struct doc_roster *r)
{
	if (h->holder_count != g->recovery.holders) {
		return refuse_figure(ERR_MISMATCH, "holders",
				     "it does not name as many holders as genesis says control a "
				     "box",
				     h->holder_count, g->recovery.holders);
	}
	if (money_is_zero(&h->limit)) {
		return refuse(ERR_POLICY, "limit", "a limit of zero allows nothing");
	}
	for (size_t i = 0; i < h->holder_count; i++) {
		struct policy_verdict v = holder_check(&h->holders[i], g, r);

		if (v.err != ERR_OK) {
			return v;
		}
		for (size_t k = 0; k < i; k++) {
			if (look_alike(h->holders[i].id, h->holders[k].id)) {
				return refuse(ERR_POLICY, h->holders[i].id, alike_words);
			}
		}
	}
	for (size_t i = 0; i < r->holder_count; i++) {
		bool stays = false;

		for (size_t k = 0; k < h->holder_count; k++) {
			stays = stays || strcmp(h->holders[k].id, r->holders[i].id) == 0;
		}
		if (!stays) {
			return refuse(ERR_STATE, r->holders[i].id,
				      "the roster names this holder still: he leaves it first");
		}
	}
	return allowed;
}
