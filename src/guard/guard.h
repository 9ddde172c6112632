/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - the judgement of a signer: signs a payment only if it would have ordered it itself.
 *
 * A step function (log/step.h) over one key.  It believes nobody (P6): everything that it signs it
 * rebuilds from documents whose signatures it checked; there is no message that signs bytes.
 *
 *   SIGN      request, order, attempt, approvals (each with the assertion behind it, if a
 *             security key proves it), prices where the policy has caps in yen, of a later
 *             attempt all earlier ones and what watchers say of them, a `day` (B: and A's
 *             attestation and signature).  Judged in this order: form; freeze and lock; k fresh
 *             heartbeats that agree with us; who signed what; request id; whether earlier attempts
 *             are dead (policy/exclusion.h, and our own journal); policy and windows; the attempt;
 *             the inner hash; A's part; whether k watchers say that the till covers it and all that
 *             is alive there.  Then ONE batch
 *             reserves the amount and attests, and the signature itself exists only when k
 *             different watchers have acknowledged the attestation.  Their words are kept with
 *             the next batch, or at the next tick: what is lost with them they say again.
 *   ORDER     request, order: known from now on, so that its time lock runs (policy/known.h).
 *             Durable before it is receipted; asked again it is the same receipt.
 *   SWEEP     the whole move of a hot account to its own spare box, under a freeze with evidence
 *             that we verify ourselves, or the word of two officers.  The only thing a frozen or
 *             locked signer signs (P5, P7).
 *   STOP_*    freezes, kept and receipted.  One is enough to stop.  Resumes, cancels, rosters and
 *             policies come the same way (policy/control.h); an order that a person's cancel
 *             names is never signed.  A payment is judged by the rules in
 *             force when it is signed; when they change, what has not left yet is judged again.
 *   NEXT, HEARTBEAT, ACK, SYNC  the watchers' side (contract of the feed: docs/processes.md).
 *   RECALL    an attestation of our own and the documents beside it, or nothing; the answer is a
 *             cursor: hand back what comes behind this number.  A signer whose journal lacks what
 *             it signed is locked (P7) until it has taken back all of it: every payment names the
 *             one before it, so none can be left out, and each counts as if it were signed now.
 *             k fresh watchers that show no more than what we have unlock it.  A record that
 *             cannot follow ours, or that was signed since we were complete, locks for people.
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

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/edk.h"
#include "crypto/mark.h"
#include "doc/document.h"
#include "doc/types.h"
#include "ipc/msgs.h"
#include "log/batch.h"
#include "log/step.h"
#include "policy/control.h"
#include "policy/counters.h"
#include "policy/day.h"
#include "policy/known.h"
#include "policy/payment.h"
#include "policy/policy.h"

enum {
	GUARD_PENDING_MAX = 24,  /* attested, not yet acknowledged by k: more are told "busy" */
	GUARD_PENDING_EACH = 16, /* of them for one watcher: a sweep of every hot account */
	GUARD_FEEDS_MAX = 16,    /* channels that watchers hold a NEXT on */
	GUARD_STOP_BYTES = 384 * 1024,    /* of all freezes that bind, their envelopes together */
	GUARD_CONTROL_BYTES = 384 * 1024, /* the same of resumes, cancels, rosters and policies */
	GUARD_SWEEPS_MAX = 512,           /* sweeps ever signed */
	GUARD_SWEEPS_EACH_MAX = 64,       /* of one hot account at one watcher's asking */
	/* the same of a closed account without a freeze: anybody can send coins there, and must not
	 * use up what an evacuation needs, so these are counted apart */
	GUARD_CLOSED_EACH_MAX = 8,
	GUARD_SWEEPS_SHARE = 4, /* a quarter of payments_cap, at most GUARD_SWEEPS_MAX, is theirs */
	GUARD_SIGN_BYTES_MAX =
	    44 * 1024,    /* documents of one SIGN: a NEXT reply must hold them all */
	GUARD_NONCES = 8, /* that a heartbeat may still answer */
	GUARD_BATCH_BYTES =
	    160 * 1024, /* no batch of ours is larger: room of a reply, of a replay */
	GUARD_ATTESTATION_BYTES = 4 * 1024, /* more than any attestation of ours */
	/* of effects.store, for any one step.  The most that comes together is rules that come into
	   force, for which 24 are told no, and a sweep with its four freezes (190 KiB), or 24
	   signatures behind the acknowledgements that are written (160 KiB); room for what nobody
	   thought of, which would end the signer */
	GUARD_EFFECTS_BYTES = 288 * 1024,
	GUARD_HEADROOM_BYTES = 2 * 1024 * 1024, /* of the journal, kept for freezes and sweeps */
	GUARD_REFUSE_BURST = 64, /* refusals journalled at once, then GUARD_REFUSE_EACH_MS apart */
	GUARD_REFUSE_EACH_MS = 500,
	GUARD_ACKS_BYTES = 16 * 1024, /* of acknowledgements that wait for the next batch */
	GUARD_ACKS_KEPT = 64,         /* as many as fit: none has less than 256 bytes */
	GUARD_ORDERS_MAX = 1024, /* known at once: more are refused, and their time does not run */
	GUARD_FACTS_MAX = 9,
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

/* Bugs that ./sim, or the walk of test_guard_explore.c, must find.  0 in every program. */
enum guard_planted {
	GUARD_PLANT_NONE = 0,
	GUARD_PLANT_NO_ACK_WAIT = 1,      /* the signature leaves before the acknowledgements */
	GUARD_PLANT_FORGET_ON_REPLAY = 2, /* request ids are not rebuilt from the journal */
	GUARD_PLANT_NO_EXCLUSION = 4,     /* a later attempt needs no proof */
	GUARD_PLANT_EXCLUSION_FEW = 8,    /* one statement less than k suffices */
	GUARD_PLANT_FORGET_RESUME = 16,   /* resumes are not rebuilt from the journal */
	GUARD_PLANT_FORGET_PRICE = 32,    /* nor what payments were counted at in yen */
	GUARD_PLANT_FORGET_RULES = 64,    /* nor what came into force */
	GUARD_PLANT_FORGET_CLOSING = 128, /* nor which accounts are closed */
	GUARD_PLANT_ACKS_STAY = 256,      /* acknowledgements stay in their place in the roster */
	GUARD_PLANT_RULES_LATE = 512,     /* what waits leaves by the rules that were over */
	GUARD_PLANT_ORDER_AGE = 1024,     /* time locks run from when the order says it was made */
	GUARD_PLANT_RECALL_GAP = 2048,    /* what is handed back need not follow what is there */
	GUARD_PLANT_NO_BUDGET = 4096,     /* what nobody approves counts in windows alone */
	GUARD_PLANT_DAY_WHOLE = 8192,     /* a day renews also what is behind its point */
	GUARD_PLANT_DAY_ANY = 16384,      /* a day's sum may be any */
};

/*
 * One attested payment or sweep.  There are thousands, all in memory: the members stand so that
 * none leaves a hole, and of hashes stand marks (crypto/mark.h) under a key that is this process's
 * alone: what has another mark is another hash; what has the same is looked up in the journal
 * before anything is signed for it (docs/decisions/0022-memory-taken-whole.md).
 */
struct guard_payment {
	struct id128 request_id; /* zero for a sweep */
	uint64_t inner_hash;
	uint64_t subject;     /* document id of the attempt or sweep */
	uint64_t attestation; /* document id */
	uint64_t head;        /* journal head that the attestation names */
	uint64_t sequence;    /* of its GUARD_ATTEST record */
	uint64_t outflow_low; /* of guard_self_outflow() */

	union {
		/* with outflow: its entry of the policy's history */
		uint64_t entry_own_ms;
		uint64_t sweep_ms; /* of a sweep: when it was attested, Unix ms */
	};

	uint64_t entry_price; /* 0: there was no cap in yen */
	uint64_t batch_offset;
	uint32_t outflow_high;
	uint32_t entry_chain_s;
	uint32_t batch_bytes : 24;
	uint32_t sweep : 1;
	uint32_t closed : 1;     /* a sweep because the account was closed */
	uint32_t strange : 1;    /* recalled; rules or program of then are not known here */
	uint16_t roster, policy; /* places of what it was judged by (control.h) */
	uint16_t grants_over;    /* likewise: so many grants had ended */
	uint8_t number;          /* of the attempt; 0 for a sweep */
	uint8_t acked;           /* bit i: watcher i of the roster */
	uint8_t program;         /* index of guard.programs */
	uint8_t hot;             /* index of genesis.hot */
	uint8_t asker;           /* of a sweep: 1 + the watcher's place in the roster */
	uint8_t approvals;
};

static_assert(sizeof(struct guard_payment) == 112, "no hole");
static_assert((int)GUARD_BATCH_BYTES < 1 << 24, "batch_bytes");

/* The caller's memory for the tables whose size is a matter of taste; must outlive the guard. */
struct guard_storage {
	struct guard_payment *payments;
	size_t payments_cap; /* GUARD_PAYMENTS_MIN..GUARD_PAYMENTS_MAX; ids of 35 days must fit */
	struct policy_kept *entries;
	size_t entries_cap; /* payments of one day must fit */
	/*
	 * The journal read back within a step, as GUARD_CALL_READ does: documents that are kept
	 * there alone, and attestations that are asked for again.  Only what was handed out in an
	 * earlier step is asked for.  May be NULL where nothing is signed.
	 */
	enum err (*read)(void *ctx, uint8_t *into, size_t n, uint64_t offset);
	void *ctx;
	/*
	 * NULL: documents that stop or rule are read back.  Otherwise they are kept here,
	 * GUARD_STOP_BYTES and behind it GUARD_CONTROL_BYTES.
	 */
	uint8_t *control;
};

struct guard_config {
	struct bytes genesis, roster,
	    policy; /* envelopes; read by guard_init(), genesis until guard_start() */
	enum doc_signer signer;
	/* the three secrets NULL: it only reads a journal (guard_reading.h); without log_secret
	 * alone its tree is not recomputed */
	const struct edk_secret *chain_secret; /* in locked memory; must outlive the guard */
	const uint8_t *attest_secret;          /* ED25519_SECRET_BYTES, the same */
	const struct log_secret *log_secret;   /* the same */
	uint8_t boot_random[32]; /* fresh at each start, secret: nonces, and the key of marks */
	struct hash32 program;   /* of the running program, for attestations */
	uint8_t network;        /* what the operator consented to; must be the genesis document's */
	uint64_t journal_bytes; /* of the fixed journal; 0: grows */
	struct guard_storage storage;
	unsigned planted;         /* enum guard_planted, or several */
	unsigned planted_control; /* enum control_planted, or several */
};

/* An attested unit whose signature waits for acknowledgements. */
struct guard_pending {
	bool used;
	bool waiting;        /* somebody wants the answer: channel and request_id */
	bool prepared;       /* made by PREPARE, */
	struct hash32 asked; /* whose body has this SHA-256 */
	int watcher;         /* who asked, -1: the server */
	uint32_t channel;
	uint64_t request_id;
	uint16_t number; /* of the reply */
	bool sweep;
	struct hash32 order, request; /* documents, of a payment: a cancel may name them */
	struct hash32 subject, attestation;
	uint64_t age; /* order of arrival */
	uint32_t raw_n;
	uint8_t raw[GUARD_ATTESTATION_BYTES]; /* its envelope */
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

/* What a watcher says that our journal lacks, and what it is asked to hand back. */
struct guard_recall {
	uint64_t after;         /* what it holds of ours behind this number */
	bool claims;            /* it named a record that we do not have */
	bool aside;             /* it claimed for too long: its claims lock no more */
	uint64_t sequence;      /* of the record that it named */
	struct hash32 head;     /* the same */
	uint64_t since_mono_ms; /* since when, or when it handed one back; 0: it claims none */
};

/* An acknowledgement that counts already and is written with the next batch. */
struct guard_ack {
	struct id128 attestation;
	uint8_t watcher;
	uint32_t at, n; /* of guard.ack_bytes */
};

struct guard_feed {
	bool used, held, reading;
	uint32_t channel;
	uint64_t request_id;
	uint64_t after;        /* cursor of the held NEXT */
	uint64_t nonce_number; /* last one told on this channel; 0 none */
	uint64_t call;         /* tag of the read under way */
	uint64_t sequence;     /* of the attestation that is being read, */
	uint64_t reads;        /* and its mark */
	int watcher;           /* whose socket it is */
	uint64_t again;        /* guard_pending.age of what was told again last; 0: nothing */
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

/* Members are for src/guard only.  About 1 MB: static storage. */
struct guard {
	struct guard_config config;
	uint8_t mark_key[MARK_KEY_BYTES];
	struct hash32 genesis_id, roster_id, policy_id;
	struct doc_genesis genesis;
	struct policy_own policy_own;
	struct doc_roster roster;
	struct doc_policy policy;

	/* journal */
	struct log_chain chain;
	uint64_t journal_used;
	bool has_genesis, started;
	bool exported; /* this journal ended here: its copy goes on where it was imported */
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
	uint64_t forgot_sequence;         /* the newest of those */
	struct policy_history history;
	struct day_budget budget; /* of payments without approvals */
	struct counters counters;
	struct known known; /* orders */
	struct known_order orders[GUARD_ORDERS_MAX];
	struct guard_pending pending[GUARD_PENDING_MAX];
	uint64_t ages;
	struct guard_ack acks[GUARD_ACKS_KEPT];
	size_t acks_n;
	uint32_t ack_bytes_n;

	/* who may what: freezes, roster, policy */
	struct control control;
	bool locked; /* P7; a fork of the rules locks too (guard_locked()) */
	bool unread; /* what is due does not read back from the journal; was said */

	/* our own records, wherever they are (guard_recall.c) */
	struct hash32 last;     /* attestation of the newest payment; zero: none */
	uint64_t last_sequence; /* of it */
	uint64_t skip;          /* by which our numbers are above those of the journal's records */
	uint64_t recalled_sequence; /* the highest number of those that were recalled */
	size_t recalled;            /* since the journal began */
	bool complete; /* since the start k watchers have shown that our journal lacks nothing */
	uint64_t start_wall_ms;
	bool twin;  /* a record of ours was shown that is of another history */
	bool shown; /* a record of ours was shown, and is not taken yet */
	struct hash32 shown_id;
	uint64_t shown_sequence;
	struct guard_recall recall[DOC_WATCHERS_MAX];

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
	uint8_t text[16 * 1024];
	/* no scratch: documents that are kept */
	uint8_t ack_bytes[GUARD_ACKS_BYTES];
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
/* The same for who has log_batch_check()'s view of it, and the bytes unchanged since: a store. */
MUST_CHECK enum err guard_replay_checked(struct guard *g, const struct log_view *checked,
					 struct bytes batch);

/*
 * Ends the replay: commits that we started.  Times as in events.  Once.  ERR_FULL: this journal
 * knows GUARD_PROGRAMS_MAX other programs already.  ERR_STATE: it was exported.
 */
MUST_CHECK enum err guard_start(struct guard *g, uint64_t wall_ms, uint64_t mono_ms,
				struct effects *out);

/*
 * A signer moves to another host with its memory, never without: the journal ends with a record
 * that says so, under which guard_start() refuses, and its copy begins again with one that lifts
 * it.  After the replay, instead of guard_start(); the guard does nothing else afterwards.
 * ERR_STATE: guard_export() of what was exported or never started, guard_import() of what was not
 * exported; nothing committed.
 */
MUST_CHECK enum err guard_export(struct guard *g, uint64_t wall_ms, struct effects *out);
MUST_CHECK enum err guard_import(struct guard *g, uint64_t wall_ms, struct effects *out);
bool guard_exported(const struct guard *g);

/*
 * One event: EVENT_TICK (at least every 100 ms), EVENT_FRAME, EVENT_CLOSED, EVENT_REPLY of
 * GUARD_CALL_READ; others change nothing.  Frames have passed the gate (number, role, size).
 * out was initialised with at least GUARD_EFFECTS_BYTES.
 */
void guard_step(struct guard *g, const struct event *event, struct effects *out);

/*
 * GUARD_BATCH_BYTES for the body of the reply to a GUARD_CALL_READ: its caller's from one step to
 * the end of the step that takes the reply.
 */
uint8_t *guard_reply_room(void);

/* Adds or replaces a line of STATUS.  Cut to fit; dies at more than GUARD_FACTS_MAX names. */
void guard_fact(struct guard *g, const char *name, const char *value);

/* For tests and the simulator: what stands where. */
bool guard_frozen(const struct guard *g);
bool guard_locked(const struct guard *g);
/* What counts in the window now, by the clocks of the last step. */
u128 guard_spent(const struct guard *g, uint64_t window_ms, bool unapproved_only);

#endif
