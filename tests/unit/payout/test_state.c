/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the table of states is exactly the one of design.md 4, and nothing else is possible.
 * Method: every (state, happening) pair against a second copy, written the other way round: a list
 * of what may happen, by happening; and the numbers just outside the table.
 */
#include "t.h"

#include "base/bytes.h"
#include "payout/state.h"

static const struct {
	enum payout_happening what;
	enum payout_state from, to;
} allowed[] = {
	{ PAYOUT_REQUEST, PAYOUT_NONE, PAYOUT_REQUESTED },
	{ PAYOUT_SCREEN, PAYOUT_REQUESTED, PAYOUT_SCREENED },
	{ PAYOUT_ORDER, PAYOUT_SCREENED, PAYOUT_APPROVING },
	{ PAYOUT_APPROVE, PAYOUT_SCREENED, PAYOUT_APPROVED },
	{ PAYOUT_APPROVE, PAYOUT_APPROVING, PAYOUT_APPROVED },
	{ PAYOUT_COSIGN, PAYOUT_APPROVED, PAYOUT_AUTHORISED },
	{ PAYOUT_WRAP, PAYOUT_AUTHORISED, PAYOUT_ANNOUNCED },
	{ PAYOUT_MINE, PAYOUT_APPROVING, PAYOUT_CONFIRMING },
	{ PAYOUT_MINE, PAYOUT_APPROVED, PAYOUT_CONFIRMING },
	{ PAYOUT_MINE, PAYOUT_AUTHORISED, PAYOUT_CONFIRMING },
	{ PAYOUT_MINE, PAYOUT_ANNOUNCED, PAYOUT_CONFIRMING },
	{ PAYOUT_MINE, PAYOUT_FROZEN, PAYOUT_CONFIRMING },
	{ PAYOUT_SETTLE, PAYOUT_CONFIRMING, PAYOUT_SETTLED },
	{ PAYOUT_UNMINE, PAYOUT_SETTLED, PAYOUT_CONFIRMING },
	{ PAYOUT_UNMINE, PAYOUT_CONFIRMING, PAYOUT_ANNOUNCED },
	{ PAYOUT_VETO, PAYOUT_SCREENED, PAYOUT_REFUSED },
	{ PAYOUT_VETO, PAYOUT_APPROVING, PAYOUT_REFUSED },
	{ PAYOUT_VETO, PAYOUT_APPROVED, PAYOUT_REFUSED },
	{ PAYOUT_VETO, PAYOUT_FROZEN, PAYOUT_REFUSED },
	{ PAYOUT_EXPIRE, PAYOUT_REQUESTED, PAYOUT_EXPIRED },
	{ PAYOUT_EXPIRE, PAYOUT_SCREENED, PAYOUT_EXPIRED },
	{ PAYOUT_EXPIRE, PAYOUT_APPROVING, PAYOUT_EXPIRED },
	{ PAYOUT_EXPIRE, PAYOUT_APPROVED, PAYOUT_EXPIRED },
	{ PAYOUT_EXPIRE, PAYOUT_FROZEN, PAYOUT_EXPIRED },
	{ PAYOUT_EXCLUDE, PAYOUT_APPROVED, PAYOUT_APPROVED },
	{ PAYOUT_EXCLUDE, PAYOUT_AUTHORISED, PAYOUT_APPROVED },
	{ PAYOUT_EXCLUDE, PAYOUT_ANNOUNCED, PAYOUT_APPROVED },
	{ PAYOUT_FREEZE, PAYOUT_REQUESTED, PAYOUT_FROZEN },
	{ PAYOUT_FREEZE, PAYOUT_SCREENED, PAYOUT_FROZEN },
	{ PAYOUT_FREEZE, PAYOUT_APPROVING, PAYOUT_FROZEN },
	{ PAYOUT_FREEZE, PAYOUT_APPROVED, PAYOUT_FROZEN },
	{ PAYOUT_RESUME, PAYOUT_FROZEN, PAYOUT_APPROVING },
	{ PAYOUT_RECOUNT, PAYOUT_APPROVED, PAYOUT_APPROVING },
};

static enum payout_state expected(unsigned from, unsigned what)
{
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (allowed[i].from == from && allowed[i].what == what) {
			return allowed[i].to;
		}
	}
	return PAYOUT_NONE;
}

static void every_pair(void)
{
	unsigned cells = 0;

	for (unsigned s = 0; s < PAYOUT_STATES + 2; s++) {
		for (unsigned h = 0; h < PAYOUT_HAPPENINGS + 2; h++) {
			enum payout_state next = PAYOUT_STATES, want = expected(s, h);
			enum err e = state_next(&next, (enum payout_state)s, (enum payout_state)s,
						(enum payout_happening)h);

			T_EQ(e, want == PAYOUT_NONE ? ERR_STATE : ERR_OK);
			T_EQ(next, want == PAYOUT_NONE ? PAYOUT_STATES : want);
			cells += e == ERR_OK;
		}
	}
	T_EQ(cells, ARRAY_LEN(allowed));
}

static void told_the_wrong_old_state(void)
{
	for (unsigned now = 0; now < PAYOUT_STATES; now++) {
		for (unsigned old = 0; old < PAYOUT_STATES; old++) {
			for (unsigned h = 0; old != now && h < PAYOUT_HAPPENINGS; h++) {
				enum payout_state next = PAYOUT_STATES;

				T_EQ(state_next(&next, (enum payout_state)old,
						(enum payout_state)now, (enum payout_happening)h),
				     ERR_STATE);
				T_EQ(next, PAYOUT_STATES);
			}
		}
	}
}

/* Once a key has spoken, neither time nor a person ends it. */
static void no_way_back(void)
{
	static const enum payout_state spoken[] = { PAYOUT_AUTHORISED, PAYOUT_ANNOUNCED,
						    PAYOUT_CONFIRMING, PAYOUT_SETTLED };

	static const enum payout_happening ends[] = { PAYOUT_VETO, PAYOUT_EXPIRE, PAYOUT_FREEZE };

	for (size_t i = 0; i < ARRAY_LEN(spoken); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
			enum payout_state next;

			T_EQ(state_next(&next, spoken[i], spoken[i], ends[k]), ERR_STATE);
		}
	}
}

static void names(void)
{
	for (unsigned s = PAYOUT_REQUESTED; s < PAYOUT_STATES; s++) {
		T_EQ(state_of(bytes_str(state_name(s))), s);
	}
	T_CHECK(state_name(PAYOUT_STATES) == NULL);
	T_CHECK(state_happening_name(PAYOUT_HAPPENINGS) == NULL);
	T_EQ(state_of(bytes_str("none")), PAYOUT_NONE);
	T_EQ(state_of(bytes_str("")), PAYOUT_NONE);
	T_EQ(state_of(bytes_str("settle")), PAYOUT_NONE);
	for (unsigned s = 1; s < PAYOUT_STATES; s++) {
		enum payout_state state = (enum payout_state)s;

		T_CHECK(!(state_final(state) && state_holds(state)));
		T_CHECK(!(state_live(state) && state_final(state)));
	}
}

static const char *page;

/* docs/withdrawal.md has every row, and no other. */
static void the_page_is_true(void)
{
	FILE *f = page == NULL ? NULL : fopen(page, "r");
	char line[512], from[64], what[64], to[64], by[64];
	size_t rows = 0;
	bool reading = false;

	T_CHECK(f != NULL);
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned s = PAYOUT_NONE, h = 0;

		if (strncmp(line, "| in state", 10) == 0) {
			reading = true;
			continue;
		}
		if (line[0] == '\n') {
			reading = false;
		}
		if (!reading || sscanf(line, "| %63[a-z] | %63[a-z] | %63[a-z] | %63[a-z, ] |",
				       from, what, to, by) != 4) {
			continue;
		}
		s = (unsigned)state_of(bytes_str(from));
		for (unsigned i = 1; i < PAYOUT_HAPPENINGS; i++) {
			h = strcmp(state_happening_name(i), what) == 0 ? i : h;
		}
		if (expected(s, h) != state_of(bytes_str(to)) || h == 0) {
			printf("# %s", line);
		}
		T_CHECK(h != 0 && expected(s, h) == state_of(bytes_str(to)));
		by[strlen(by) - 1] = '\0'; /* the blank before the bar */
		T_STR(by, state_actors(h));
		rows++;
	}
	(void)fclose(f);
	T_EQ(rows, ARRAY_LEN(allowed));
}

/* Every actor against every happening, and actors that are none. */
static void who_may(void)
{
	static const struct {
		const char *who;
		unsigned what; /* bits of what he may */
	} rows[] = {
		{ "back end shop", 1u << PAYOUT_REQUEST },
		{ "policy", 1u << PAYOUT_SCREEN | 1u << PAYOUT_ORDER | 1u << PAYOUT_APPROVE |
				1u << PAYOUT_RECOUNT },
		{ "approver bob", 1u << PAYOUT_APPROVE | 1u << PAYOUT_VETO },
		{ "approver A.z_0:-9", 1u << PAYOUT_APPROVE | 1u << PAYOUT_VETO },
		{ "signer a", 1u << PAYOUT_COSIGN },
		{ "signer b", 1u << PAYOUT_WRAP },
		{ "chain", 1u << PAYOUT_MINE | 1u << PAYOUT_SETTLE | 1u << PAYOUT_UNMINE },
		{ "clock", 1u << PAYOUT_EXPIRE },
		{ "officer olga", 1u << PAYOUT_FREEZE | 1u << PAYOUT_RESUME },
		{ "watcher w1", 1u << PAYOUT_FREEZE },
		{ "watchers w1", 1u << PAYOUT_EXCLUDE },
		{ "watchers w1 w2 w3", 1u << PAYOUT_EXCLUDE },
	};

	static const char *const nobody[] = {
		"",
		" ",
		"bob",
		"approver",
		"approver ",
		"approver  bob",
		"approver bob ",
		"approver bob eve",
		"approver b,b",
		"approver\tbob",
		"Approver bob",
		"policy bob",
		"polic",
		"policyy",
		"chain 5",
		"clock ",
		"signer",
		"signer c",
		"signer a b",
		"back end",
		"backend shop",
		"watcher",
		"watcher w1 w2",
		"watchers",
		"watchers w1  w2",
		"watchers w1,w2",
		"officer",
		"policy, approver",
		"policy, approver bob",
		"approver 01234567890123456789012345678901234567890123456789012345678901234",
	};

	for (unsigned h = 0; h < PAYOUT_HAPPENINGS + 2; h++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			T_EQ(state_may((enum payout_happening)h, bytes_str(rows[i].who)),
			     (rows[i].what >> h & 1) != 0);
		}
		for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
			T_CHECK(!state_may((enum payout_happening)h, bytes_str(nobody[i])));
		}
		T_EQ(state_actors(h) == NULL, h == 0 || h >= PAYOUT_HAPPENINGS);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every pair of state and happening", every_pair },
		{ "a caller who is wrong about the old state is refused",
		  told_the_wrong_old_state },
		{ "no way back once a key has spoken", no_way_back },
		{ "names both ways", names },
		{ "who may make what happen", who_may },
		{ "docs/withdrawal.md has the same rows", the_page_is_true },
	};

	page = argc > 1 ? argv[1] : "docs/withdrawal.md"; /* by hand: from the root */

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
