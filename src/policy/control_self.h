/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_self.h - what the files of the control table share; nobody else includes it.
 */
#ifndef KURAMORI_POLICY_CONTROL_SELF_H
#define KURAMORI_POLICY_CONTROL_SELF_H

#include "policy/control.h"
#include "policy/verdict.h"

/* Who was listed, and since when. */
struct control_lists {
	size_t n;
	struct doc_address to[DOC_DESTINATIONS_MAX];
	struct policy_moment since[DOC_DESTINATIONS_MAX];
};

/* ---- control.c: the table and its envelopes ------------------------------------------------- */

/* The caller has seen that there is room and that it is new. */
struct control_entry *control_entry_add(struct control *c, const struct hash32 *id,
					enum doc_type type, enum control_state state);
/* After entries came. */
void control_head_update(struct control *c);
/*
 * Keeps the envelope; the oldest that nobody needs make room.  The caller has seen that it fits.
 * at: where the keeper's journal has it, if he keeps them there.
 */
void control_raw_keep(struct control *c, struct control_entry *e, struct bytes raw, uint64_t at);
void control_raw_drop(struct control *c, struct control_entry *e);
/* The bytes of all that must stay beside freezes. */
size_t control_others_needed(const struct control *c);

/* ---- control_keys.c: whose signatures count ------------------------------------------------- */

bool control_is_struck(const struct control *c, struct bytes key);
/* Who signs with a struck key is nobody; a struck passkey stands there no more. */
void control_roster_strike(const struct control *c, struct doc_roster *r);
/* A new roster must not bring back what was struck. */
bool control_names_struck(const struct control *c, const struct doc_roster *r);
/* r may be NULL: nothing. */
bool control_resume_strikes(const struct doc_resume *r, const struct key32 *key);
/* NULL: nobody of this name. */
const struct doc_person *control_person(const struct doc_roster *r, const char *id);
/* An officer whose key counts, also when this resume (or NULL) has been taken. */
bool control_is_officer(const struct control *c, const struct doc_person *p,
			const struct doc_resume *with);

/* Different holders of this roster who signed d, without those whose keys were struck. */
size_t control_holders(const struct control *c, const struct doc *d, const struct doc_roster *r);

/* What officers sign together. */
struct control_signed {
	const struct doc_roster *roster; /* whose officers count */
	const struct doc_resume
	    *with;        /* NULL, or the resume itself: what it strikes counts no more */
	uint64_t time_ms; /* as proofs_judge() */
};

/*
 * Enough different officers of this roster signed it: ERR_OK; ERR_UNSIGNED, ERR_APPROVALS, and
 * those of proofs_judge().  proofs is written on ERR_OK.
 */
struct policy_verdict control_quorum(const struct control *c, const struct doc *d,
				     const struct control_signed *by, struct proofs *proofs);

/* ---- control_grant.c: grants, and since when destinations are listed ------------------------ */

/* Grants that wait or run. */
size_t control_grants_live(const struct control *c);
/* Gives the grant of c->news a place; there is one, as fewer live than there are places. */
void control_grant_keep(struct control *c, const struct control_entry *e);
/* It ran and is over, or waits and will not run: at this time. */
void control_grant_end(struct control *c, struct control_entry *e, uint64_t time_ms);
/* How long it still runs, or will, by the faster clock; 0: it is over. */
uint64_t control_grant_left_ms(const struct control *c, const struct control_entry *e,
			       const struct policy_time *now);
/* The policy in force was `before` a moment ago: who stays keeps his moment, who came has now. */
void control_listed_follow(struct control *c, const struct control_lists *before,
			   const struct policy_time *now);

/* ---- control_check.c ------------------------------------------------------------------------ */

/* A cancel of this id would stop, end or disown something. */
bool control_cancel_stops(struct control *c, const struct hash32 *id);

#endif
