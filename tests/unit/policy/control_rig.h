/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_rig.h - keepers of a table (policy/control.h) under one roster and policy, and the
 * documents that people, watchers, signers and holders bring them, signed with true keys.
 *
 * What the rig itself gets wrong ends the test (CHECK).
 */
#ifndef KURAMORI_TESTS_CONTROL_RIG_H
#define KURAMORI_TESTS_CONTROL_RIG_H

#include "crypto/ed25519.h"
#include "policy/control.h"
#include "policy_world.h"
#include "t.h"

enum { PEOPLE = 6, HOLDERS = 5, ARENA = 192 * 1024, FREEZE_ARENA = 64 * 1024 };

struct key {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

/* As the roster has them: three officers, two approvers, an auditor; stranger and later stand in no
 * roster. */
extern struct key people[PEOPLE], watcher[2], backend, stranger, later, attest[2];
extern struct key holder[HOLDERS];
extern struct hash32 genesis;

/* One keeper of a table. */
struct keeper {
	struct control c;
	struct hash32 roster_id, policy_id;
	struct doc_roster roster;
	struct doc_policy policy;
	uint8_t freezes[FREEZE_ARENA], others[ARENA];
	uint64_t sequence;
	struct policy_time now;
};

extern struct keeper k, l, m;

struct text {
	uint8_t raw[32 * 1024];
	size_t n;
	struct hash32 id;
};

extern struct text t1, t2, t3, t4;

/* Makes all keys: first of all, once. */
void rig_init(void);

/* Three keepers who were told nothing. */
void start(void);

/* One of them, with a planted bug (policy/control.h; 0: none). */
void keeper_make(struct keeper *o, unsigned planted);

/* ---- documents ------------------------------------------------------------------------------ */

/* A document of this type, signed by these (0: by nobody): bit i is people[i],
 * 6 and 7 the watchers, 8 later, 9 a stranger, 10 and 11 the signers, 12 and so on the holders. */
void sign(struct text *t, enum doc_type type, const void *in, unsigned by);

/* A freeze of everything. */
void freeze(struct text *t, const char *issuer, uint8_t nonce, bool evacuate, unsigned by);

/* A resume by officer-1 that lifts these n; to be changed, and signed by sign(). */
void resume_of(struct doc_resume *r, const struct hash32 *const *ids, size_t n, uint8_t nonce);

/* The same, signed. */
void resume(struct text *t, const struct hash32 *const *ids, size_t n, uint8_t nonce, unsigned by);

/* It strikes this key as well. */
void strike(struct doc_resume *r, const struct key32 *key);

/* This person ends that document. */
void cancel(struct text *t, const char *person, const struct hash32 *id, unsigned by);

/* The successor of what a keeper has in force, with another day_max: more loosens. */
void policy(struct text *t, const struct keeper *o, uint64_t day_max, unsigned by);

/* ---- keepers -------------------------------------------------------------------------------- */

/* A keeper checks it, and takes it unless refused or known. */
struct policy_verdict tell(struct keeper *o, const struct text *t);

/* Time passes by both clocks; what is due comes into force. */
void pass(struct keeper *o, uint64_t ms, uint32_t chain_s);

/* Refused, naming this field, and the table is as before. */
#define REFUSED(keeper, text, code, f)                         \
	do {                                                   \
		struct hash32 head_ = (keeper)->c.head;        \
		struct policy_verdict v_ = tell(keeper, text); \
		T_EQ(v_.err, code);                            \
		T_STR(v_.field, f);                            \
		T_MEM(&(keeper)->c.head, &head_, 32);          \
	} while (0)

#define TAKEN(keeper, text) T_EQ(tell(keeper, text).err, ERR_OK)

/* Of a document that is there. */
#define STATE(keeper, text) (control_find(&(keeper)->c, &(text)->id)->state)

#endif
