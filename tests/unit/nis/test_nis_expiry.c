/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what happens to names and mosaics in a year, which no test can mine.
 * Method: the state and the judge alone, their height set by hand: every edge of the life of a
 * namespace, to the block; take-over by somebody else; what becomes of mosaics and levies; undo.
 */
#include "nis_kit.h"

#include "base/attr.h"
#include "nis/nis_asset.h"
#include "nis/nis_execute.h"
#include "nis/nis_judge.h"

enum { LIFE = NIS_NAMESPACE_LIFE, GRACE = NIS_NAMESPACE_GRACE, BORN = 1000 };

struct scene {
	struct nis_state s;
	struct nis_view v;
	struct key32 nemesis;
	uint32_t now;
};

static void scene_open(struct scene *c)
{
	memset(c, 0, sizeof *c);
	T_EQ(crypto_init(), ERR_OK);
	nis_state_init(&c->s, NEM_NETWORK_TEST);
	nis_state_view_init(&c->v, &c->s);
	c->now = START;
	for (unsigned who = A; who < WHO_N; who++) {
		struct nem_address a = address_of(who);

		nis_state_edit(&c->v, nis_state_number(&c->s, &a))->balance = 1000000000000;
	}
}

static void scene_close(struct scene *c)
{
	nis_state_view_free(&c->v);
	nis_state_free(&c->s);
}

/* Judged for the block of this height. */
static enum nem_result judge(struct scene *c, uint64_t height, const struct nem_tx *tx)
{
	struct nis_judge j = { .state = &c->s,
			       .view = &c->v,
			       .nemesis = &c->nemesis,
			       .place = NIS_JUDGE_POOL,
			       .now_s = c->now };

	c->s.height = height - 1;
	return nis_judge_transaction(&j, tx, NULL);
}

/* Judged, and carried out if that is SUCCESS. */
static enum nem_result act(struct scene *c, uint64_t height, struct nem_tx tx)
{
	enum nem_result code = judge(c, height, &tx);

	if (code == NEM_SUCCESS) {
		(void)nis_execute(&c->v, &c->s, &tx);
	}
	return code;
}

static bool active(const struct scene *c, const char *text, uint64_t height)
{
	struct nem_namespace name;

	return nem_namespace_parse(&name, bytes_str(text), NULL) == ERR_OK &&
	       nis_asset_active(&c->v, &name, height);
}

static uint64_t held(const struct scene *c, unsigned who, const char *id)
{
	struct nem_mosaic_id want = mosaic_id(id);
	struct nem_address a = address_of(who);
	struct nis_mosaic m;

	return nis_asset_mosaic(&c->v, &want, &m)
		   ? nis_asset_quantity(&c->v, nis_state_find(&c->s, &a), &m)
		   : 0;
}

static void scene_alice(struct scene *c)
{
	scene_open(c);
	T_EQ(act(c, BORN, provision(A, "", "alice", START)), NEM_SUCCESS);
	T_EQ(act(c, BORN + 1, provision(A, "alice", "sub", START)), NEM_SUCCESS);
	T_EQ(act(c, BORN + 2, definition(A, "alice.sub:gold", START)), NEM_SUCCESS);
	T_EQ(act(c, BORN + 3, send(A, B, "alice.sub:gold", 10, START)), NEM_SUCCESS);
}

static void to_the_block(void)
{
	struct scene c;
	const uint64_t end = BORN + LIFE;

	scene_alice(&c);
	T_CHECK(!active(&c, "alice", BORN - 1));
	T_CHECK(active(&c, "alice", BORN));
	T_CHECK(active(&c, "alice.sub", end - 1));
	T_CHECK(!active(&c, "alice", end));
	T_CHECK(!active(&c, "alice.sub", end));
	/* Nothing under an expired root. */
	T_EQ(act(&c, end - 1, send(B, C, "alice.sub:gold", 1, START)), NEM_SUCCESS);
	T_EQ(act(&c, end, send(B, C, "alice.sub:gold", 1, START)), NEM_FAILURE_NAMESPACE_EXPIRED);
	T_EQ(act(&c, end, supply(A, "alice.sub:gold", NEM_SUPPLY_CREATE, 1, START)),
	     NEM_FAILURE_NAMESPACE_EXPIRED);
	T_EQ(act(&c, end, definition(A, "alice:new", START)), NEM_FAILURE_NAMESPACE_EXPIRED);
	T_EQ(act(&c, end, provision(A, "alice", "more", START)), NEM_FAILURE_NAMESPACE_EXPIRED);
	T_EQ(act(&c, end - 1, provision(A, "alice", "more", START)), NEM_SUCCESS);
	scene_close(&c);
}

static void renewed(void)
{
	struct scene c;
	const uint64_t end = BORN + LIFE;

	scene_alice(&c);
	T_EQ(act(&c, end - GRACE - 1, provision(A, "", "alice", START)),
	     NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY);
	T_EQ(act(&c, end - GRACE, provision(B, "", "alice", START)),
	     NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY);
	T_EQ(act(&c, end - GRACE, provision(A, "", "alice", START)), NEM_SUCCESS);
	/* From there for a year, with all that is under it. */
	T_CHECK(active(&c, "alice.sub", end));
	T_CHECK(active(&c, "alice", end - GRACE + LIFE - 1));
	T_CHECK(!active(&c, "alice", end - GRACE + LIFE));
	T_EQ(held(&c, B, "alice.sub:gold"), 10);
	T_EQ(act(&c, end, send(B, C, "alice.sub:gold", 1, START)), NEM_SUCCESS);
	scene_close(&c);
}

static void late_but_his(void)
{
	struct scene c;
	const uint64_t end = BORN + LIFE;

	scene_alice(&c);
	T_EQ(act(&c, end + GRACE - 1, provision(B, "", "alice", START)),
	     NEM_FAILURE_NAMESPACE_PROVISION_TOO_EARLY);
	T_EQ(act(&c, end + GRACE - 1, provision(A, "", "alice", START)), NEM_SUCCESS);
	T_EQ(held(&c, B, "alice.sub:gold"), 10); /* restored */
	T_EQ(act(&c, end + GRACE, send(B, C, "alice.sub:gold", 1, START)), NEM_SUCCESS);
	scene_close(&c);
}

static void taken_over(void)
{
	struct scene c;
	const uint64_t end = BORN + LIFE;
	struct nem_tx tag;

	scene_alice(&c);
	/* A mosaic elsewhere whose levy is paid in A's gold. */
	T_EQ(act(&c, end - 10, provision(X, "", "shop", START)), NEM_SUCCESS);
	tag = definition(X, "shop:tag", START);
	tag.definition.mosaic.levy = (struct nem_levy){ .type = NEM_LEVY_ABSOLUTE,
							.recipient = address_of(X),
							.mosaic = mosaic_id("alice.sub:gold"),
							.fee = 1 };
	T_EQ(act(&c, end - 9, tag), NEM_SUCCESS);
	T_EQ(act(&c, end + GRACE, provision(B, "", "alice", START)), NEM_SUCCESS);
	/* A new line: the sub, its mosaic and everybody's gold are gone. */
	T_CHECK(active(&c, "alice", end + GRACE));
	T_CHECK(!active(&c, "alice.sub", end + GRACE));
	T_EQ(held(&c, B, "alice.sub:gold"), 0);
	T_EQ(act(&c, end + GRACE + 1, provision(A, "alice", "sub", START)),
	     NEM_FAILURE_NAMESPACE_OWNER_CONFLICT);
	T_EQ(act(&c, end + GRACE + 1, send(X, Y, "shop:tag", 1, START)),
	     NEM_FAILURE_MOSAIC_LEVY_UNKNOWN);
	/* B makes the same names anew; nobody gets his old gold back by that. */
	T_EQ(act(&c, end + GRACE + 2, provision(B, "alice", "sub", START)), NEM_SUCCESS);
	T_EQ(act(&c, end + GRACE + 3, definition(B, "alice.sub:gold", START)), NEM_SUCCESS);
	T_EQ(held(&c, B, "alice.sub:gold"), 1000);
	T_EQ(held(&c, A, "alice.sub:gold"), 0);
	T_EQ(held(&c, C, "alice.sub:gold"), 0);
	T_EQ(act(&c, end + GRACE + 4, supply(A, "alice.sub:gold", NEM_SUPPLY_CREATE, 1, START)),
	     NEM_FAILURE_MOSAIC_CREATOR_CONFLICT);
	scene_close(&c);
}

/* Committed, and back: every cell as it was. */
static void back_again(void)
{
	struct scene c;
	struct nis_undo before;
	struct nis_undo undo;
	const uint64_t end = BORN + LIFE;

	scene_alice(&c);
	c.s.height = end;
	nis_state_commit(&c.s, &c.v, &before);
	T_EQ(act(&c, end + GRACE, provision(B, "", "alice", START)), NEM_SUCCESS);
	T_EQ(act(&c, end + GRACE, provision(B, "alice", "sub", START)), NEM_SUCCESS);
	T_EQ(act(&c, end + GRACE, definition(B, "alice.sub:gold", START)), NEM_SUCCESS);
	nis_state_commit(&c.s, &c.v, &undo);
	T_EQ(held(&c, B, "alice.sub:gold"), 1000);
	nis_state_undo(&c.s, &undo);
	T_EQ(held(&c, B, "alice.sub:gold"), 10);
	T_EQ(held(&c, A, "alice.sub:gold"), 990);
	T_CHECK(active(&c, "alice.sub", end - 1));
	nis_state_undo(&c.s, &before);
	T_CHECK(!active(&c, "alice", BORN));
	T_EQ(held(&c, A, "alice.sub:gold"), 0);
	nis_state_undo_free(&undo);
	nis_state_undo_free(&before);
	scene_close(&c);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a year, to the block", to_the_block },
		{ "renewed before the end", renewed },
		{ "renewed after the end, by its owner", late_but_his },
		{ "taken over by somebody else", taken_over },
		{ "undone", back_again },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
