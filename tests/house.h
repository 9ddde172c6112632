/* SPDX-License-Identifier: Apache-2.0 */
/*
 * house.h - the people and the policy of the exchange in which the rigs of signers and watchers
 * stand.
 */
#ifndef KURAMORI_TESTS_HOUSE_H
#define KURAMORI_TESTS_HOUSE_H

#include <stdio.h>

#include "doc/types.h"
#include "passkey_kit.h"

enum { HOUSE_PEOPLE = 5 };

/* Two officers, two approvers and an auditor under these keys; person i has security key i. */
static inline void house_people(struct doc_roster *roster,
				const struct key32 *const keys[HOUSE_PEOPLE])
{
	static const char *const names[] = { "officer-1", "officer-2", "approver-1", "approver-2",
					     "auditor-1" };
	static const uint32_t roles[] = { DOC_ROLE_OFFICER, DOC_ROLE_OFFICER, DOC_ROLE_APPROVER,
					  DOC_ROLE_APPROVER, DOC_ROLE_AUDITOR };
	uint8_t secret[ED25519_SECRET_BYTES];

	roster->people_count = HOUSE_PEOPLE;
	for (size_t i = 0; i < HOUSE_PEOPLE; i++) {
		struct doc_person *p = &roster->people[i];

		(void)snprintf(p->id, sizeof p->id, "%s", names[i]);
		p->key = *keys[i];
		p->roles = roles[i];
		p->passkey_count = 1;
		passkey_make(&p->passkeys[0], secret, (uint8_t)i);
	}
	passkey_party(&roster->relying_party);
}

/* Up to 100 XEM without approvals, up to 1,000 with one, up to 5,000 with two; no caps in yen. */
static inline struct doc_policy house_policy(void)
{
#define HOUSE_XEM(n) money_of(ASSET_XEM, (uint64_t)(n)*1000000u)
	return (struct doc_policy){
		.tier_count = 3,
		.approval_tiers = { { 0, 0, HOUSE_XEM(100) },
				    { 1, 0, HOUSE_XEM(1000) },
				    { 2, 0, HOUSE_XEM(5000) } },
		.asset = ASSET_XEM,
		.attempt_life_s = 3600,
		.clock_skew_ms = 600000,
		.day_max = HOUSE_XEM(20000),
		.destination_kinds = DOC_TO_CUSTOMER,
		.fee_bp_max = 1000000,
		.fee_max = HOUSE_XEM(3),
		.heartbeat_age_ms = 4000,
		.hot_ceiling_bp = 500,
		.hour_max = HOUSE_XEM(10000),
		.loosening_ms = 3600000,
		.number = 1,
		.order_life_ms = 3600000,
		.payment_max = HOUSE_XEM(4000),
		.till_max = HOUSE_XEM(100000),
		.unapproved_day_max = HOUSE_XEM(1000),
		.unlisted_max = HOUSE_XEM(4000),
	};
#undef HOUSE_XEM
}

#endif
