/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - the judgement of a signer: signs a payment only if it would have ordered it itself.
 *
 * A step function (log/step.h) over one key.  It believes nobody (P6): everything that it signs it
 * rebuilds from documents whose signatures it checked; there is no message that signs bytes.
 *
 *   SIGN      request, order, attempt, approvals (each with the assertion behind it, if a
 *             security key proves it), of a later attempt all earlier ones and what
 *             watchers say of them (B: and A's attestation and signature).  Judged in
 *             this order: form; freeze and lock; k fresh heartbeats that agree with us; who signed
 *             what; request id; whether earlier attempts are dead (policy/exclusion.h, and our own
 *             journal); policy and windows; the attempt; the inner hash; A's part; whether
 *             k watchers say that the till covers it and all that is alive there.  Then ONE batch
 *             reserves the amount and attests, and the signature itself exists only when k
 *             different watchers have acknowledged the attestation.
 *   SWEEP     the whole move of a hot account to its own spare box, under a freeze with evidence
 *             that we verify ourselves, or the word of two officers.  The only thing a frozen or
 *             locked signer signs (P5, P7).
 *   STOP_*    freezes, kept and receipted.  One is enough to stop.  Resumes, cancels, rosters and
 *             policies come the same way (policy/control.h).  A payment is judged by the rules in
 *             force when it is signed; when they change, what has not left yet is judged again.
 *   NEXT, HEARTBEAT, ACK, SYNC  the watchers' side (contract of the feed: docs/processes.md).
 *
 * Time: `own` runs on event.mono_ms while we run, continues at the newest time in the journal after
 * a start and so never counts time while off; `chain` is the lower median of the k newest fresh
 * heartbeats; event.wall_ms is believed only to end things.
 *
 * The journal rebuilds everything: a second start gives identical decisions.  No allocation, no
 * I/O, no clock, no randomness of its own.  Not thread safe.
 */
#ifndef KURAMORI_GUARD_GUARD_H
#define KURAMORI_GUARD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/edk.h"
#include "doc/document.h"
#include "doc/types.h"
#include "ipc/msgs.h"
#include "log/batch.h"
#include "log/step.h"
#include "policy/control.h"
#include "policy/counters.h"
#include "policy/payment.h"
#include "policy/policy.h"

enum {
	GUARD_PENDING_MAX = 24,  /* attested, not yet acknowledged by k: more are told "busy" */
	GUARD_PENDING_EACH = 16, /* of them for one watcher: a sweep of every hot account */
	GUARD_FEEDS_MAX = 16,    /* channels that watchers hold a NEXT on */
	GUARD_STOP_BYTES = 384 * 1024,    /* of all freezes that bind, their envelopes together */
	GUARD_CONTROL_BYTES = 192 * 1024, /* the same of resumes, cancels, rosters and policies */
	GUARD_SWEEPS_MAX = 512,           /* sweeps ever signed */
	GUARD_SWEEPS_EACH_MAX = 64,       /* of one hot account at one watcher's asking */
	/* the same of a closed account without a freeze: anybody can send coins there, and must not
	 * use up what an evacuation needs, so these are counted apart */
	GUARD_CLOSED_EACH_MAX = 8,
	GUARD_SWEEPS_SHARE = 4, /* a quarter of payments_cap, at most GUARD_SWEEPS_MAX, is theirs */
	GUARD_SIGN_BYTES_MAX =
	    40 * 1024,                  /* documents of one SIGN: a NEXT reply must hold them all */
	GUARD_NONCES = 8,               /* that a heartbeat may still answer */
	GUARD_BATCH_BYTES = 160 * 1024, /* no batch of ours is larger: buffer of a replay */
	GUARD_EFFECTS_BYTES = 512 * 1024,       /* of effects.store, for any one step */
	GUARD_HEADROOM_BYTES = 2 * 1024 * 1024, /* of the journal, kept for freezes and sweeps */
	GUARD_REFUSE_BURST = 64, /* refusals journalled at once, then GUARD_REFUSE_EACH_MS apart */
	GUARD_REFUSE_EACH_MS = 500,
	GUARD_FACTS_MAX = 8,
	GUARD_PROGRAMS_MAX = 64, /* different program hashes that one journal may hold */
	GUARD_PAYMENTS_MIN = 16,
	GUARD_PAYMENTS_MAX = 1 << 20,
};

/*
 * event.role of a frame: the ROLE_ bit of the socket (ipc/gate.h); for a watcher's own socket also
 * which watcher: its place in the roster's list, from 0.  The path is the identity.
 */
#define GUARD_ROLE_WATCHER(index) ((uint16_t)(ROLE_WATCHER | (((index) + 1) << 8)))

/* EFFECT_CALL numbers; the answer is an EVENT_REPLY with the same number and request_id. */
enum guard_call {
	/*
	 * Read a batch of our own journal back.  Arguments: u64 offset, u32 bytes, where offset
	 * counts the bytes of all batches before it (in a file: behind STORE_FILE_BATCHES_AT).
	 * Reply: status and exactly these bytes.
	 */
	GUARD_CALL_READ = 16,
};

/* Bugs that ./sim must find.  0 in every program. */
enum guard_planted {
	GUARD_PLANT_NONE = 0,
	GUARD_PLANT_NO_ACK_WAIT = 1,      /* the signature leaves before the acknowledgements */
	GUARD_PLANT_FORGET_ON_REPLAY = 2, /* request ids are not rebuilt from the journal */
	GUARD_PLANT_NO_EXCLUSION = 4,     /* a later attempt needs no proof */
	GUARD_PLANT_EXCLUSION_FEW = 8,    /* one statement less than k suffices */
	GUARD_PLANT_FORGET_RESUME = 16,   /* resumes are not rebuilt from the journal */
};

/* One attested payment or sweep. */
struct guard_payment {
	struct id128 request_id; /* zero for a sweep */
	struct hash32 inner_hash;
	struct hash32 subject;     /* document id of the attempt or sweep */
	struct hash32 attestation; /* document id */
	struct hash32 head;        /* journal head that the attestation names */
	uint64_t sequence;         /* of its GUARD_ATTEST record */
	uint64_t time_ms;
	u128 outflow; /* amount and fees; 0 for a sweep */
	/* with outflow: its entry of the policy's history */
	uint64_t entry_own_ms;
	uint32_t entry_chain_s;
	uint32_t approvals;
	uint8_t number; /* of the attempt; 0 for a sweep */
	uint64_t batch_offset;
	uint32_t batch_bytes;
	uint8_t acked;           /* bit i: watcher i of the roster */
	uint8_t program;         /* index of guard.programs */
	uint16_t roster, policy; /* places of what it was judged by (control.h) */
	bool sweep;
	bool closed;   /* a sweep because the account was closed */
	uint8_t hot;   /* index of genesis.hot */
	uint8_t asker; /* of a sweep: 1 + the watcher's place in the roster */
};

/* The caller's memory for the tables whose size is a matter of taste; must outlive the guard. */
struct guard_storage {
	struct guard_payment *payments;
	size_t payments_cap; /* GUARD_PAYMENTS_MIN..GUARD_PAYMENTS_MAX; ids of 35 days must fit */
	struct policy_entry *entries;
	size_t entries_cap; /* payments of one day must fit */
};

struct guard_config {
	struct bytes genesis, roster, policy; /* envelopes; read during guard_init() only */
	enum doc_signer signer;
	const struct edk_secret *chain_secret; /* in locked memory; must outlive the guard */
	const uint8_t *attest_secret;          /* ED25519_SECRET_BYTES, the same */
	const struct log_secret *log_secret;   /* the same */
	uint8_t boot_random[32];
	struct hash32 program;  /* of the running program, for attestations */
	uint8_t network;        /* what the operator consented to; must be the genesis document's */
	uint64_t journal_bytes; /* of the fixed journal; 0: grows */
	struct guard_storage storage;
	unsigned planted;         /* enum guard_planted, or several */
	unsigned planted_control; /* enum control_planted, or several */
};

/* An attested unit whose signature waits for acknowledgements. */
struct guard_pending {
	bool used;
	bool waiting; /* somebody wants the answer: channel and request_id */
	int watcher;  /* who asked, -1: the server */
	uint32_t channel;
	uint64_t request_id;
	uint16_t number; /* of the reply */
	bool sweep;
	struct hash32 attestation;
	uint64_t age; /* order of arrival */
	uint32_t raw_n;
	uint8_t raw[6 * 1024]; /* the attestation's envelope */
	uint32_t data_n;
	uint8_t data[PAYMENT_WRAP_MAX]; /* what is signed */
};

/* What became of one hot account. */
struct guard_closing {
	bool closed;
	struct hash32 id; /* of the closing */
	uint64_t sequence;
	uint64_t time_ms;
};

struct guard_watcher {
	bool heard;
	uint64_t nonce_number;   /* newest that it answered */
	uint64_t issued_mono_ms; /* when that nonce was made: the heartbeat is at most this old */
	uint32_t chain_s;
	bool roster_agrees, policy_agrees;
	struct hash32 stop_head;
	uint64_t stop_count;
	uint64_t records_sequence; /* our newest attestation that it holds */

	struct guard_tally {
		bool known;
		u128 confirmed, promised; /* of what we attested up to records_sequence */
	} hot[DOC_HOT_MAX];
};

struct guard_feed {
	bool used, held, reading;
	uint32_t channel;
	uint64_t request_id;
	uint64_t after;        /* cursor of the held NEXT */
	uint64_t nonce_number; /* last one told on this channel; 0 none */
	uint64_t call;         /* tag of the read under way */
	uint64_t sequence;     /* of the attestation that is being read */
};

struct guard_nonce {
	uint64_t number; /* from 1 */
	uint64_t issued_mono_ms;
	struct hash32 nonce;
};

/* Something the shell knows, shown by STATUS: "seccomp" "2". */
struct guard_fact {
	char name[DOC_NAME_MAX + 1];
	char value[DOC_STATUS_VALUE_MAX + 1];
};

/* Members are for src/guard only.  About 1.6 MB: static storage. */
struct guard {
	struct guard_config config;
	struct hash32 genesis_id, roster_id, policy_id;
	struct doc_genesis genesis;
	struct policy_own policy_own;
	struct doc_roster roster;
	struct doc_policy policy;

	/* journal */
	struct log_chain chain;
	uint64_t journal_used;
	bool has_genesis, started;
	struct hash32 programs[GUARD_PROGRAMS_MAX];
	size_t programs_n;
	uint8_t program_now; /* index of the running one */

	/* clocks */
	uint64_t own_base_ms, mono_base_ms; /* own = own_base + (mono - mono_base) */
	uint64_t own_ms, mono_ms, wall_ms;  /* of this step */

	/* what was signed */
	size_t payments_n;
	bool forgot; /* payments too old to be asked for again have made room */
	size_t sweeps_n, closed_sweeps_n; /* the second are among the first */
	struct policy_history history;
	struct counters counters;
	struct guard_pending pending[GUARD_PENDING_MAX];
	uint64_t ages;

	/* who may what: freezes, roster, policy */
	struct control control;
	bool locked; /* P7; a fork of the rules locks too (guard_locked()) */
	struct guard_closing closings[DOC_HOT_MAX]; /* as genesis.hot */

	/* watchers */
	struct guard_watcher watchers[DOC_WATCHERS_MAX];
	struct guard_feed feeds[GUARD_FEEDS_MAX];
	struct guard_nonce nonces[GUARD_NONCES];
	uint64_t nonces_made;
	uint64_t calls_made;
	size_t reads_out; /* GUARD_CALL_READs that are not answered yet */

	/* counters */
	uint64_t refused, refused_unlogged, signatures_released;
	uint64_t refuse_credit_ms;
	struct guard_fact facts[GUARD_FACTS_MAX];
	size_t facts_n;

	/* scratch */
	uint8_t batch[GUARD_BATCH_BYTES];
	uint8_t reply[65536];
	uint8_t text[16 * 1024];
	uint8_t stop_bytes[GUARD_STOP_BYTES];
	uint8_t control_bytes[GUARD_CONTROL_BYTES];
};

/*
 * Reads the three documents and checks that they and the keys belong together: genesis names this
 * roster and this policy; the chain key and the attest key are those of our entry; the network is
 * the one consented to; the policy is complete.
 * The errors of doc_open() and doc_X_read(); ERR_MISMATCH, ERR_KEY, ERR_NETWORK, ERR_POLICY,
 * ERR_FIELD_RANGE (storage).  fault (not NULL) then names the document and field.
 */
MUST_CHECK enum err guard_init(struct guard *g, const struct guard_config *config,
			       struct doc_fault *fault);

/*
 * One batch of our own journal, in order, before guard_start().
 * ERR_CORRUPT (form, chain, or a content that this program could not have written), ERR_TYPE,
 * ERR_VERSION (a newer program's), ERR_GENESIS (the journal of another genesis or signer),
 * ERR_FULL (a table is too small for this journal).  The guard is not to be used after an error.
 */
MUST_CHECK enum err guard_replay(struct guard *g, struct bytes batch);

/*
 * Ends the replay: commits that we started.  Times as in events.  Once.  ERR_FULL: this journal
 * knows GUARD_PROGRAMS_MAX other programs already.
 */
MUST_CHECK enum err guard_start(struct guard *g, uint64_t wall_ms, uint64_t mono_ms,
				struct effects *out);

/*
 * One event: EVENT_TICK (at least every 100 ms), EVENT_FRAME, EVENT_CLOSED, EVENT_REPLY of
 * GUARD_CALL_READ; others change nothing.  Frames have passed the gate (number, role, size).
 * out was initialised with at least GUARD_EFFECTS_BYTES.
 */
void guard_step(struct guard *g, const struct event *event, struct effects *out);

/* Adds or replaces a line of STATUS.  Cut to fit; dies at more than GUARD_FACTS_MAX names. */
void guard_fact(struct guard *g, const char *name, const char *value);

/* For tests and the simulator: what stands where. */
bool guard_frozen(const struct guard *g);
bool guard_locked(const struct guard *g);
/* What counts in the window now, by the clocks of the last step. */
u128 guard_spent(const struct guard *g, uint64_t window_ms, bool unapproved_only);

#endif
