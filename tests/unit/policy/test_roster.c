/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a roster that does not follow the one in force, or under which nobody could sign the next
 * one, is named by the field that is wrong.  Method: one roster, and each of its successors with
 * one thing wrong.
 */
#include <string.h>

#include "t.h"

#include "policy/roster.h"

static struct doc_roster old, next;
static const struct hash32 id = { { 1 } }, first = { { 2 } };

static void start(void)
{
	memset(&old, 0, sizeof old);
	old.number = 3;
	old.governance = 2;
	old.people_count = 3;
	for (uint8_t i = 0; i < 3; i++) {
		old.people[i].key.b[0] = (uint8_t)(i + 1);
		old.people[i].roles = DOC_ROLE_OFFICER;
	}
	old.people[2].roles = DOC_ROLE_APPROVER | DOC_ROLE_AUDITOR;
	old.signers[0].attest_key.b[0] = 9;
	next = old;
	next.number = 4;
	next.previous = id;
}

static void says(enum err e, const char *field)
{
	const struct policy_verdict v = roster_follows(&old, &id, &first, &next);

	T_EQ(v.err, e);
	T_STR(v.field, field);
}

static void what_follows(void)
{
	start();
	says(ERR_OK, "");
	next.governance = 1; /* whether it loosens is another question */
	says(ERR_OK, "");
}

static void what_does_not(void)
{
	start();
	next.previous = first;
	says(ERR_MISMATCH, "previous");
	next.previous = (struct hash32){ { 3 } };
	says(ERR_MISMATCH, "previous");
	start();
	next.number = 5;
	says(ERR_MISMATCH, "number");
	next.number = 3;
	says(ERR_MISMATCH, "number");
	for (unsigned i = 0; i < 4; i++) {
		start();
		(i < 2 ? &next.signers[i % 2].attest_key : &next.signers[i % 2].chain_key)->b[5] =
		    1;
		says(ERR_MISMATCH, "signers");
	}
}

static void a_row_that_genesis_does_not_begin(void)
{
	const struct policy_place old_one = { 1, &id }, after = { 2, &id }, third = { 3, &id };
	const struct policy_place other = { 2, &first };
	struct policy_verdict v = policy_place_follows(&old_one, NULL, &after);

	T_EQ(v.err, ERR_OK);
	v = policy_place_follows(&old_one, NULL, &third);
	T_EQ(v.err, ERR_MISMATCH);
	T_STR(v.field, "number");
	v = policy_place_follows(&old_one, NULL, &other);
	T_EQ(v.err, ERR_MISMATCH);
	T_STR(v.field, "previous");
}

static void who_signs_the_next_one(void)
{
	struct doc_fault fault = { .why = "" };
	struct policy_verdict v;

	start();
	T_EQ(roster_check(&old, &fault).err, ERR_OK);
	old.governance = 3;
	v = roster_check(&old, &fault);
	T_EQ(v.err, ERR_POLICY);
	T_STR(v.field, "governance");
	old.governance = 2;
	memset(&old.people[1].key, 0, sizeof old.people[1].key); /* struck */
	T_EQ(roster_check(&old, &fault).err, ERR_POLICY);
	start();
	old.people[2].passkey_count = 1;
	old.people[2].passkeys[0].algorithm = DOC_ALGORITHM_ES256;
	old.people[2].passkeys[0].key_n = 64;
	v = roster_check(&old, &fault);
	T_EQ(v.err, ERR_KEY);
	T_STR(v.field, "people[2].passkeys[0].key");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a successor", what_follows },
		{ "what follows another, or skips, or has other signers", what_does_not },
		{ "a row whose first one genesis does not name",
		  a_row_that_genesis_does_not_begin },
		{ "who signs the next one", who_signs_the_next_one },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
