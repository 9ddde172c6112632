/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/state.h"

#include <stddef.h>
#include <string.h>

#include "base/words.h"
#include "doc/types.h"

/* clang-format off */
static const uint8_t table[PAYOUT_STATES][PAYOUT_HAPPENINGS] = {
	[PAYOUT_NONE] = {
		[PAYOUT_REQUEST] = PAYOUT_REQUESTED,
	},
	[PAYOUT_REQUESTED] = {
		[PAYOUT_SCREEN] = PAYOUT_SCREENED,
		[PAYOUT_EXPIRE] = PAYOUT_EXPIRED,
		[PAYOUT_FREEZE] = PAYOUT_FROZEN,
	},
	[PAYOUT_SCREENED] = {
		[PAYOUT_ORDER]   = PAYOUT_APPROVING,
		[PAYOUT_APPROVE] = PAYOUT_APPROVED,
		[PAYOUT_VETO]    = PAYOUT_REFUSED,
		[PAYOUT_EXPIRE]  = PAYOUT_EXPIRED,
		[PAYOUT_FREEZE]  = PAYOUT_FROZEN,
	},
	[PAYOUT_APPROVING] = {
		[PAYOUT_APPROVE] = PAYOUT_APPROVED,
		[PAYOUT_MINE]    = PAYOUT_CONFIRMING, /* A may have been asked before a recount */
		[PAYOUT_VETO]    = PAYOUT_REFUSED,
		[PAYOUT_EXPIRE]  = PAYOUT_EXPIRED,
		[PAYOUT_FREEZE]  = PAYOUT_FROZEN,
	},
	[PAYOUT_APPROVED] = {
		[PAYOUT_COSIGN] = PAYOUT_AUTHORISED,
		[PAYOUT_MINE]   = PAYOUT_CONFIRMING, /* the chain knows more than we */
		[PAYOUT_VETO]   = PAYOUT_REFUSED,
		[PAYOUT_EXPIRE] = PAYOUT_EXPIRED,
		[PAYOUT_FREEZE] = PAYOUT_FROZEN,
		[PAYOUT_EXCLUDE] = PAYOUT_APPROVED,
		[PAYOUT_RECOUNT] = PAYOUT_APPROVING,
	},
	/* From here a signature of ours exists: only the chain ends it. */
	[PAYOUT_AUTHORISED] = {
		[PAYOUT_WRAP]    = PAYOUT_ANNOUNCED,
		[PAYOUT_MINE]    = PAYOUT_CONFIRMING,
		[PAYOUT_EXCLUDE] = PAYOUT_APPROVED,
	},
	[PAYOUT_ANNOUNCED] = {
		[PAYOUT_MINE]    = PAYOUT_CONFIRMING,
		[PAYOUT_EXCLUDE] = PAYOUT_APPROVED,
	},
	[PAYOUT_CONFIRMING] = {
		[PAYOUT_SETTLE] = PAYOUT_SETTLED,
		[PAYOUT_UNMINE] = PAYOUT_ANNOUNCED,
	},
	[PAYOUT_SETTLED] = {
		[PAYOUT_UNMINE] = PAYOUT_CONFIRMING,
	},
	[PAYOUT_FROZEN] = {
		[PAYOUT_RESUME] = PAYOUT_APPROVING, /* and on, where enough people had said yes */
		[PAYOUT_MINE]   = PAYOUT_CONFIRMING,
		[PAYOUT_VETO]   = PAYOUT_REFUSED,
		[PAYOUT_EXPIRE] = PAYOUT_EXPIRED,
	},
};
/* clang-format on */

static const char *const states[PAYOUT_STATES] = {
	[PAYOUT_NONE] = N_("none"),           [PAYOUT_REQUESTED] = N_("requested"),
	[PAYOUT_SCREENED] = N_("screened"),   [PAYOUT_APPROVING] = N_("approving"),
	[PAYOUT_APPROVED] = N_("approved"),   [PAYOUT_AUTHORISED] = N_("authorised"),
	[PAYOUT_ANNOUNCED] = N_("announced"), [PAYOUT_CONFIRMING] = N_("confirming"),
	[PAYOUT_SETTLED] = N_("settled"),     [PAYOUT_REFUSED] = N_("refused"),
	[PAYOUT_EXPIRED] = N_("expired"),     [PAYOUT_FROZEN] = N_("frozen"),
};

static const char *const happenings[PAYOUT_HAPPENINGS] = {
	[PAYOUT_REQUEST] = N_("request"), [PAYOUT_SCREEN] = N_("screen"),
	[PAYOUT_ORDER] = N_("order"),     [PAYOUT_APPROVE] = N_("approve"),
	[PAYOUT_COSIGN] = N_("cosign"),   [PAYOUT_WRAP] = N_("wrap"),
	[PAYOUT_MINE] = N_("mine"),       [PAYOUT_SETTLE] = N_("settle"),
	[PAYOUT_UNMINE] = N_("unmine"),   [PAYOUT_VETO] = N_("veto"),
	[PAYOUT_EXPIRE] = N_("expire"),   [PAYOUT_FREEZE] = N_("freeze"),
	[PAYOUT_EXCLUDE] = N_("exclude"), [PAYOUT_RESUME] = N_("resume"),
	[PAYOUT_RECOUNT] = N_("recount"),
};

const char *state_name(unsigned state)
{
	return state < PAYOUT_STATES ? states[state] : NULL;
}

enum payout_state state_of(struct bytes name)
{
	for (unsigned i = PAYOUT_REQUESTED; i < PAYOUT_STATES; i++) {
		if (bytes_eq(bytes_str(states[i]), name)) {
			return (enum payout_state)i;
		}
	}
	return PAYOUT_NONE;
}

const char *state_happening_name(unsigned happening)
{
	return happening < PAYOUT_HAPPENINGS ? happenings[happening] : NULL;
}

enum err state_next(enum payout_state *next, enum payout_state old, enum payout_state now,
		    enum payout_happening what)
{
	if (old != now || (unsigned)now >= PAYOUT_STATES || (unsigned)what >= PAYOUT_HAPPENINGS ||
	    table[now][what] == PAYOUT_NONE) {
		return ERR_STATE;
	}
	*next = (enum payout_state)table[now][what];
	return ERR_OK;
}

/* Who makes what happen; one more actor behind a comma. */
static const char *const actors[PAYOUT_HAPPENINGS] = {
	[PAYOUT_REQUEST] = "back end", [PAYOUT_SCREEN] = "policy",
	[PAYOUT_ORDER] = "policy",     [PAYOUT_APPROVE] = "policy, approver",
	[PAYOUT_COSIGN] = "signer a",  [PAYOUT_WRAP] = "signer b",
	[PAYOUT_MINE] = "chain",       [PAYOUT_SETTLE] = "chain",
	[PAYOUT_UNMINE] = "chain",     [PAYOUT_VETO] = "approver",
	[PAYOUT_EXPIRE] = "clock",     [PAYOUT_FREEZE] = "officer, watcher",
	[PAYOUT_EXCLUDE] = "watchers", [PAYOUT_RESUME] = "officer",
	[PAYOUT_RECOUNT] = "policy",
};

const char *state_actors(unsigned happening)
{
	return happening < PAYOUT_HAPPENINGS ? actors[happening] : NULL;
}

/* How many names an actor has. */
static bool names_fit(const char *actor, size_t actor_n, size_t names)
{
	static const char *const with_one[] = { "back end", "approver", "officer", "watcher" };

	if (actor_n == strlen("watchers") && strncmp(actor, "watchers", actor_n) == 0) {
		return names >= 1;
	}
	for (size_t i = 0; i < sizeof with_one / sizeof with_one[0]; i++) {
		if (actor_n == strlen(with_one[i]) && strncmp(actor, with_one[i], actor_n) == 0) {
			return names == 1;
		}
	}
	return names == 0;
}

/* How many names of a roster stand behind blanks in text; false: something else does. */
static bool names_count(size_t *n, struct bytes text)
{
	*n = 0;
	while (text.n > 0) {
		size_t k = 1;

		while (k < text.n && text.p[k] != ' ') {
			k++;
		}
		if (text.p[0] != ' ' || !doc_name_ok(bytes_of(text.p + 1, k - 1))) {
			return false;
		}
		text = bytes_of(text.p + k, text.n - k);
		(*n)++;
	}
	return true;
}

bool state_may(enum payout_happening what, struct bytes who)
{
	const char *at = state_actors((unsigned)what);

	while (at != NULL && *at != '\0') {
		size_t n = strcspn(at, ","), names;

		if (who.n >= n && bytes_eq(bytes_of(who.p, n), bytes_of(at, n)) &&
		    names_count(&names, bytes_of(who.p + n, who.n - n)) &&
		    names_fit(at, n, names)) {
			return true;
		}
		at += n + strspn(at + n, ", ");
	}
	return false;
}

bool state_final(enum payout_state s)
{
	return s == PAYOUT_SETTLED || s == PAYOUT_REFUSED || s == PAYOUT_EXPIRED;
}

bool state_holds(enum payout_state s)
{
	return s != PAYOUT_NONE && !state_final(s);
}

bool state_live(enum payout_state s)
{
	return s == PAYOUT_AUTHORISED || s == PAYOUT_ANNOUNCED;
}
