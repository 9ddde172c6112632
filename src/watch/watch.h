/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - the watcher: judges by itself everything that leaves, stops what nobody explains.
 *
 * A step function (log/step.h).  It holds a freeze key and nothing that moves coins: all it can do
 * is notice, stop, and help the signers to move hot coins to the spare boxes.
 *
 *   signers   asks both for every attestation (NEXT), judges it with its own copy of the policy,
 *             its own history and its own once-only memory, journals it with its documents and only
 *             then acknowledges.  Answers each nonce with a heartbeat.  What cannot be judged here
 *             yet (our chain, clocks or rules are behind) is kept, journalled and not acknowledged,
 *             and nothing behind it waits (docs/decisions/0029).
 *   recall    a signer whose journal lacks what we hold of it is locked; it is handed back its own
 *             records, out of our journal, until it has them.  Before the first heartbeat on a link
 *             it has all closings, too.
 *   orders    the server tells them before they are to be signed, so that time locks run here too.
 *             A payment whose lock is not over by our own clocks explains what is seen, and is
 *             acknowledged when it is (docs/decisions/0019).
 *   nodes     follows the chain of each node by itself: hashes and signatures are recomputed,
 *             balances and control of all own accounts come from effects, never from a node's word.
 *   judging   every transaction of an own account, in a pool or in a block, must be a payment or
 *             sweep that both signers attested and that was judged here, in exactly those bytes,
 *             once.  Before anything is called a theft both signers are asked for their newest
 *             attestation (SYNC) and everything up to it is fetched: who lags does not cry.  One
 *             signer that has answered and knows nothing of it suffices; one that is cut off is
 *             waited for a second, no longer.
 *   stopping  freezes are kept, receipted and handed to both signers and all other watchers, again
 *             whenever one of them shows that it lacks one.  Resumes, cancels, rosters and policies
 *             travel the same way (policy/control.h); an attestation is judged by the roster and
 *             policy that it names, which must have been in force when it was signed.  What waited
 *             while we were away comes into force by the signed words of other watchers, as many as
 *             make k with us (docs/decisions/0033).
 *   evacuation  on a theft that is verified here, or the word of two officers: whole moves of all
 *             hot accounts to their spare boxes, signed by A and B, announced by ourselves.
 *
 * Times of a judgement are those of the attestation, so that a watcher that was away comes to the
 * same answer later as the others did at once.  Attestations from the future of both our host's
 * clock and the chain's are not acknowledged before their time; that is no crime.
 *
 * The journal and the chain rebuild everything.  No allocation, no I/O, no clock, no randomness of
 * its own.  Not thread safe.  crypto_init() comes first.
 */
#ifndef KURAMORI_WATCH_WATCH_H
#define KURAMORI_WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/feed.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_multisig.h"
#include "cold/cold.h"
#include "doc/document.h"
#include "doc/types.h"
#include "ipc/msgs.h"
#include "log/batch.h"
#include "log/step.h"
#include "policy/control.h"
#include "policy/day.h"
#include "policy/known.h"
#include "policy/payment.h"
#include "policy/policy.h"

/*
 * event.role.  Frames that come in carry the ROLE_ bit of the socket (ipc/gate.h), node events
 * ROLE_NODE; links that we opened ourselves have one of these.  EVENT_OPENED of a link: HELLO was
 * answered.  Channel numbers of links and of accepted channels never meet (io/run.h).
 */
enum {
	WATCH_ROLE_SIGNER_A = 1 << 13,
	WATCH_ROLE_SIGNER_B = 1 << 14,
	WATCH_ROLE_PEER = 1 << 12, /* link to another watcher's peer.sock */
};

enum {
	WATCH_NODES_MAX = 4,
	WATCH_PEERS_MAX = 8,
	WATCH_OWN_MAX = DOC_HOT_MAX + DOC_BOXES_MAX + DOC_SPARES_MAX,
	WATCH_STOP_BYTES = 704 * 1024,     /* of all freezes that bind */
	WATCH_CONTROL_BYTES = 1024 * 1024, /* of resumes, cancels, rosters and policies */
	WATCH_KEPT_MAX = 4,                /* thefts that no freeze of ours shows yet */
	WATCH_SUSPECTS_MAX = 256,          /* transactions that wait for the barrier */
	WATCH_SUSPECT_BYTES = 512 * 1024,
	WATCH_KNOWN_MAX = 512, /* transactions that were called by their name already */
	WATCH_RECENT = 64,     /* attestations of one signer that are acknowledged again */
	WATCH_SWEEPS_MAX = 2 * DOC_HOT_MAX, /* under way at once */
	WATCH_CONTROLS_MAX = 320, /* changes of control that may still be rolled back, per node */
	WATCH_ALARMS_JOURNALLED = 4096, /* then alarms are only noted */
	WATCH_BATCH_BYTES = 160 * 1024,
	WATCH_EFFECTS_BYTES = 2 * 1024 * 1024, /* of effects.store, for any one step */
	WATCH_BARRIER_MS = 150,
	WATCH_SILENT_MS = 1000,
	WATCH_START_MS = 10000,
	WATCH_EXCLUSIONS_MAX = 64,       /* statements that are kept to be given again */
	WATCH_POOL_QUIET_MS = 20000,     /* so long no pool has shown what is called dead */
	WATCH_EXCLUSION_OLD_MS = 600000, /* an older record is judged by its statements alone */
	WATCH_SWEEP_RETRY_MS = 500,
	WATCH_ORDERS_MAX = 1024, /* orders known at once: more are refused */
	WATCH_KEYS_MAX = 2048,   /* public keys of own accounts and of their cosigners */
	WATCH_OPENS_MAX = 64,    /* seen in pools, known to no record of a signer, not over yet */
	WATCH_REFILLS_MAX = 256, /* of all boxes, in the life of this genesis */
	WATCH_HOLDERS_MAX = 64,  /* cold holders of all holdings */
	WATCH_USED_CALLS_MAX = 16,
	WATCH_HEADS = 8,       /* of each holder's journal: the newest that were told */
	WATCH_EARLY_MAX = 256, /* payments whose time lock is not over here, to be acknowledged */
	/*
	 * Records of one signer that are put off at once, and their bytes.  When these are full the
	 * next one is not taken, and what its signer says behind it waits, but for sweeps.
	 */
	WATCH_LATER_MAX = 32,
	WATCH_LATER_BYTES = 256 * 1024,
	WATCH_GRACE_MS = 10000, /* by which our windows are shorter than the signers' */
	WATCH_PAYMENTS_MIN = 16,
	WATCH_PAYMENTS_MAX = 1 << 20,
	WATCH_UNDO_MIN = 64,
};

/* EFFECT_CALL numbers beside those of chain/feed.h; the answer is an EVENT_REPLY likewise. */
enum watch_call {
	/* Read a batch of our own journal back: as GUARD_CALL_READ (guard/guard.h). */
	WATCH_CALL_READ = 16,
};

/* Bugs that ./sim must find.  0 in every program. */
enum watch_planted {
	WATCH_PLANT_NONE = 0,
	WATCH_PLANT_ACK_BEFORE_JUDGE = 1, /* acknowledges what it has not judged */
	WATCH_PLANT_IGNORE_BLOCKS = 2,    /* judges pools only */
	WATCH_PLANT_EXCLUDE_POOL = 4,     /* calls an attempt dead that stands in a pool */
	WATCH_PLANT_EXCLUDE_EARLY = 8,    /* and one whose till was emptied just now */
	WATCH_PLANT_RECALL_LAST = 16,     /* hands back the last record, and none before it */
};

/* One payment or sweep that was attested by at least one signer and judged good here. */
struct watch_payment {
	struct hash32 inner_hash;
	struct hash32 wrap_hash;
	struct hash32 cosign_hash;
	struct hash32 subject;                  /* document id of the attempt or sweep */
	struct hash32 attestation[DOC_SIGNERS]; /* document ids */
	uint64_t sequence[DOC_SIGNERS];         /* of the attestations; 0: not held */
	uint64_t batch_at[DOC_SIGNERS];         /* where our journal has them: WATCH_CALL_READ */
	uint32_t batch_n[DOC_SIGNERS];
	uint64_t seen[WATCH_NODES_MAX];       /* height in each node's chain, 0: not there */
	uint64_t amount_micro, outflow_micro; /* outflow: with all fees */
	struct id128 request_id;              /* zero for a sweep */
	uint64_t pooled_mono_ms; /* when a pool last showed it, or A's word on it; 0: not since our
				    start */
	uint64_t entry_own_ms;   /* with outflow, approvals: its entry of the policy's history */
	uint32_t entry_chain_s;
	uint64_t entry_price;    /* the lower of both signers'; 0: there was no cap in yen */
	uint32_t deadline_nem_s; /* of all three signed parts */
	uint32_t approvals;
	uint8_t number;     /* of the attempt; 0 for a sweep */
	uint8_t own;        /* index of the account */
	uint8_t unapproved; /* bit i: signer i attested it without approvals */
	bool sweep;
	bool dead;    /* we called it so, or an attempt after it was judged good */
	bool said;    /* we called it so: a WATCH_EXCLUSION record has the words */
	bool early;   /* its time lock is not over by our own clocks: not acknowledged yet */
	bool late;    /* put off: not acknowledged, and explains nothing yet */
	bool settled; /* a WATCH_BLOCK record names it */
};

/* What became of one hot account. */
struct watch_closing {
	bool closed;
	struct hash32 id; /* of the closing */
	uint64_t sequence;
	uint64_t time_ms; /* when we took it */
	uint32_t n;
	uint8_t raw[DOC_CLOSING_BYTES_MAX + DOC_CLOSING_PROOF_MAX];
};

/* What a block changed in one own account, to be taken back by a rollback. */
struct watch_undo {
	uint64_t height;
	uint64_t balance; /* before */
	uint64_t spent;   /* before */
	uint16_t own;
};

/*
 * The caller's memory; must outlive the watcher.  The tables' sizes are limits of what one watcher
 * can take; a full table is never a silent pass: the attestation is not acknowledged.
 */
struct watch_storage {
	struct watch_payment *payments;
	size_t payments_cap; /* WATCH_PAYMENTS_MIN..WATCH_PAYMENTS_MAX */
	uint32_t *index;     /* index_cap places */
	size_t index_cap;    /* a power of two, at least 4 * payments_cap */
	struct policy_kept *entries;
	size_t entries_cap;      /* payments of one day must fit */
	struct watch_undo *undo; /* nodes * undo_cap places */
	size_t undo_cap; /* per node, at least WATCH_UNDO_MIN; 360 blocks' changes must fit */
};

struct watch_config {
	struct bytes genesis, roster, policy; /* envelopes; read during watch_init() only */
	/* the same, of a later roster that has our key, if the first has not; n 0: none */
	struct bytes joined;
	char watcher[DOC_NAME_MAX + 1];      /* own id in the roster */
	const uint8_t *freeze_secret;        /* ED25519_SECRET_BYTES; must outlive the watcher */
	const struct log_secret *log_secret; /* the same */
	uint8_t boot_random[32];             /* fresh at each start: nonces of our freezes */
	uint8_t network;     /* what the operator consented to; must be the genesis document's */
	unsigned nodes;      /* 1..WATCH_NODES_MAX: channel numbers of node events */
	unsigned node_clean; /* whose pool the sweeps are judged against; may be node_public */
	unsigned node_public;
	unsigned peers; /* links to other watchers that will be opened, for STATUS */
	/*
	 * How long a suspect waits for a signer that does not answer, unless the other one has
	 * answered and knows nothing of it: then not at all.
	 */
	uint32_t silent_ms; /* connected, or cut off and perhaps soon back; 0: WATCH_SILENT_MS */
	/* From our start, for one never heard since; and for the other's word on a payment that
	 * one attested and that was judged good; 0: WATCH_START_MS. */
	uint32_t start_ms;
	uint32_t barrier_ms; /* for that one when start_ms is over; 0: WATCH_BARRIER_MS */
	struct watch_storage storage;
	unsigned planted;         /* bits of enum watch_planted */
	unsigned planted_control; /* bits of enum control_planted */
};

enum watch_own_kind { WATCH_HOT = 1, WATCH_BOX = 2, WATCH_SPARE = 3 };

/* An own account: every address that genesis names. */
struct watch_own {
	struct nem_address address;
	enum watch_own_kind kind;
	uint8_t hot; /* index of genesis.hot */
};

/* The chain and the pool as one node tells them. */
struct watch_node {
	struct nem_follow follow;
	uint64_t height;     /* 0: nothing yet */
	uint32_t time_nem_s; /* of that block */
	struct hash32 hash;
	bool up;        /* FEED_DOWN was not the last word */
	bool synced;    /* FEED_TOP was heard since it came up */
	bool pool_told; /* FEED_POOL was, too */
	bool lying;     /* it told something that cannot be: believed no more until a restart */
	uint64_t lost_below; /* changes up to this height cannot be taken back any more */
	uint64_t heard_mono_ms;
	uint64_t balance[WATCH_OWN_MAX]; /* confirmed */
	/* what has left it, with fees, since it came under the control of cosigners, or ever */
	uint64_t spent[WATCH_OWN_MAX];
	bool
	    converted[WATCH_OWN_MAX]; /* it has been under such control: it is counted from there */
	uint64_t pooled[WATCH_OWN_MAX]; /* what leaves by this node's pool */
	/* payments, not sweeps, that a signer attested and no block of this node holds, with fees
	 */
	u128 promised[DOC_SIGNERS][WATCH_OWN_MAX];
	struct nem_multisig control[WATCH_OWN_MAX];
	size_t undo_at, undo_n; /* ring in storage.undo */

	struct watch_control {
		uint64_t height;
		uint16_t own;
		bool converted; /* before */
		struct nem_multisig before;
	} controls[WATCH_CONTROLS_MAX];

	size_t controls_at, controls_n;
};

/* A signer as we know it. */
struct watch_signer {
	bool up;      /* its link is open */
	bool ever_up; /* since our start */
	uint32_t channel;
	bool next_out, sync_out; /* asked, not answered */
	bool next_refused;       /* the last NEXT: it is asked less often */
	uint64_t asked_mono_ms;
	uint64_t progress_mono_ms; /* a SYNC was answered, or an attestation came in */
	uint64_t held_sequence;    /* newest good attestation in our journal; 0 none */
	struct hash32 held_head;
	struct hash32 held_id;
	struct hash32 paid_id; /* the newest good one of a payment; zero: none */
	uint64_t paid_sequence;
	struct hash32 paid_head;
	bool paid_shown; /* on this link a heartbeat that names that one was taken */
	uint64_t held_time_ms;
	struct policy_last_price price; /* the newest that it counted anything at */
	uint64_t cursor; /* newest that was judged good, put off, or bad twice (step_over()) */
	uint64_t newest; /* as its last nonce says */
	/* no room to put off what comes behind cursor: how far we looked past it; 0: there is */
	uint64_t peek;
	size_t peek_needs;             /* bytes that it takes */
	struct hash32 bad_id;          /* the last one that was refused */
	struct hash32 later_id;        /* the last one that was to be put off */
	uint64_t sync_sent, sync_done; /* counts */
	struct hash32 nonce;           /* last one answered */
	bool has_nonce;
	bool want_heartbeat;
	struct hash32 want_nonce;
	bool differs; /* its last nonce named other stops than ours */
	uint64_t handed_mono_ms;
	uint64_t acks_mono_ms; /* acknowledgements are not given again before */
	bool rewound;          /* its newest is older than what we hold; alarm was given */

	struct watch_recall { /* what it has lost, handed back: watch_recall.c */
		bool wanted;
		bool asked;    /* a RECALL is unanswered */
		uint64_t call; /* tag of the read under way; 0: none */
		uint64_t asked_mono_ms;
	} recall;

	struct day_budget budget; /* of its payments without approvals */

	struct watch_recent {
		struct hash32 id;
		uint64_t sequence;
		struct hash32 order, request; /* documents, of a payment */
		bool acked;                   /* said on this link, or never to be said */
		bool sweep;
		uint32_t payment; /* 1 + its place in the table; 0: none */
	} recent[WATCH_RECENT];

	size_t recent_n;

	/* what is put off, in the order in which it came */
	struct watch_later {
		struct hash32 id;         /* of the attestation */
		struct hash32 inner_hash; /* of the payment, as it says */
		uint64_t sequence;
		uint64_t mono_ms;  /* since when, or our start */
		uint64_t batch_at; /* where our journal has it */
		uint32_t batch_n;
		uint32_t payment; /* 1 + its place in the table; 0: not judged at all */
		uint32_t at, n;   /* its items in later_bytes */
		bool rules;       /* it waits for rules that are not in force here */
	} later[WATCH_LATER_MAX];

	size_t later_n, later_used;
	size_t later_next;      /* which is judged again next */
	uint64_t later_mono_ms; /* when one was judged again last */
	uint8_t later_bytes[WATCH_LATER_BYTES];
};

enum watch_handed {
	WATCH_NOT_HANDED,
	WATCH_HELD,    /* its receipt came, or no answer */
	WATCH_REFUSED, /* it may take it when it has what came before */
};

/* What we think of the control document in the same place of control.entries. */
struct watch_stop {
	uint8_t crime; /* of a freeze of our own; 0: none */
	bool verified; /* its evidence shows a theft, by our own judgement */
	bool refused;  /* a signer does not see that in it */
	bool matured;  /* a roster or policy that came into force here by our own clocks */
	uint8_t words; /* of what waits: bit i, watcher i of the roster in force says that it did
			  there */
	uint8_t handed[DOC_SIGNERS + WATCH_PEERS_MAX]; /* enum watch_handed */
	uint64_t
	    held_at[DOC_SIGNERS]; /* its number in the signer's journal, by its receipt; 0: none */
};

/* A crime that was called by its name: a freeze or an alarm of ours is in the journal. */
struct watch_called {
	struct id128 unit; /* of the transaction or record */
	uint64_t time_ms;
	uint8_t crime;
	bool lived; /* a resume was written after it: it is called no more */
};

struct watch_dest {
	bool up;
	uint32_t channel;
	bool putting;         /* one STOP_PUT is unanswered */
	size_t stop;          /* which */
	uint64_t put_request; /* its request id */
	size_t closing_next;  /* of a signer: closings up to this hot account were handed to it */
	uint64_t put_mono_ms;
	bool get_again;           /* its STOP_GET held more than one step could take */
	uint64_t refused_mono_ms; /* when it refused one last; 0: never */
};

enum watch_crime {
	WATCH_CRIME_THEFT = 1,    /* complete: the coins are gone or will be */
	WATCH_CRIME_PROPOSAL = 2, /* signed by one of ours, not complete */
	WATCH_CRIME_DEAD_KEY = 3, /* an account's own key spoke although it has cosigners */
	WATCH_CRIME_RECORD = 4,   /* a bad attestation, a fork, records that went backwards */
	WATCH_CRIME_BOX = 5,      /* a theft from a box: no evacuation of what is hot helps */
	WATCH_CRIME_KINDS = 5,    /* that freeze */
	WATCH_CALL_USED_BOX = 6,  /* coins came into a box that was emptied: stops nothing */
};

/* A transaction that nothing explains so far. */
struct watch_suspect {
	enum watch_crime crime;
	unsigned node;
	uint64_t height; /* 0: pool */
	uint16_t own;
	bool again;         /* the payment is known and was seen on this chain before */
	struct hash32 name; /* payment hash */
	struct hash32
	    unit; /* of the outermost, with what is attached: the same one is asked once */
	uint64_t mono_ms;
	uint64_t need[DOC_SIGNERS]; /* sync_done that must be reached */
	uint32_t at, n;             /* in watch.suspect_bytes; n 0: too large to keep */
};

enum watch_sweep_state {
	WATCH_SWEEP_NONE,
	WATCH_SWEEP_A,     /* A's attestation and signature are wanted */
	WATCH_SWEEP_B,     /* B's */
	WATCH_SWEEP_READY, /* complete: announced */
};

struct watch_sweep {
	enum watch_sweep_state state;
	uint16_t own;
	uint64_t height; /* of the block it was derived from */
	uint64_t spends_micro;
	struct hash32 id;
	uint32_t deadline_nem_s;
	bool asked;
	uint64_t request_id, asked_mono_ms;
	size_t grounds; /* place of the freeze that was shown; CONTROL_DOCS_MAX: none */
	struct payment payment;
	struct sig64 signature[DOC_SIGNERS];
	uint32_t raw_n, attest_n, sign_n;
	uint8_t raw[1536];        /* the sweep's envelope */
	uint8_t attest[6 * 1024]; /* A's attestation */
	uint8_t sign[512];        /* A's signature document */
	uint64_t announced_height[WATCH_NODES_MAX];
	bool journalled;
};

/* Members are for src/watch only.  About 10 MB: static storage. */
struct watch {
	struct watch_config config;
	struct hash32 genesis_id, roster_id, policy_id;
	struct doc_genesis genesis;
	struct policy_own policy_own;
	struct doc_roster roster;
	struct doc_policy policy;
	struct key32 own_key;
	uint64_t joined_number; /* of the later roster that has our key; 0: none was given */

	/* journal */
	struct log_chain chain;
	uint64_t journal_used; /* bytes of all batches */
	bool has_genesis, started;

	/* clocks of this step */
	uint64_t wall_ms, mono_ms, start_mono_ms;

	/* own accounts, sorted by address */
	struct watch_own own[WATCH_OWN_MAX];
	size_t own_n;

	/* payments */
	size_t payments_n;
	struct policy_history history;

	/* orders, and what waits for the time lock of one */
	struct known orders;
	struct known_order orders_known[WATCH_ORDERS_MAX];

	struct watch_early {
		uint32_t payment;             /* its place in the table */
		struct hash32 order, request; /* documents */
		uint64_t delay_ms;
		bool over;     /* the lock is; what is missing is that signers heard our word */
		uint8_t owed;  /* bit per signer: it has not answered it yet */
		uint8_t said;  /* bit per signer: said on this link */
		uint8_t again; /* bit per signer: it could not take it yet, and has a pause */
	} early[WATCH_EARLY_MAX];

	size_t early_n;

	/* refills that cold holders have signed whole: what empties a box in just these bytes */
	struct watch_refill {
		struct hash32 id, inner_hash, wrap_hash;
		struct hash32 cosign_hash[DOC_HOLDERS_MAX];
		size_t cosigners;
		uint64_t seen[WATCH_NODES_MAX]; /* height in each node's chain, 0: not there */
		uint32_t deadline_nem_s;
		uint16_t own;
		uint64_t sequence, time_ms; /* when we took it */
	} refills[WATCH_REFILLS_MAX];

	size_t refills_n;

	/* where cold holders' journals stood, by their answers */
	struct watch_holder {
		struct key32 key; /* attest key */

		struct watch_head {
			uint64_t sequence, time_ms;
			struct hash32 head;
		} heads[WATCH_HEADS]; /* a ring */

		size_t heads_n;
	} holders[WATCH_HOLDERS_MAX];

	size_t holders_n;

	/* the holding that binds, and its successor until a refill comes under it; number 0: none
	 */
	struct watch_held {
		struct doc_holding doc;
		struct hash32 id;
	} holding, next_holding;
	struct cold_retired retired;        /* by the holding that binds */
	uint8_t used_called[WATCH_OWN_MAX]; /* how often since the start */

	/* keys that changes of control have named, of any node: an address is one key's alone */
	struct watch_key {
		struct nem_address address;
		struct key32 key;
	} keys[WATCH_KEYS_MAX];

	size_t keys_n;

	/* payments of own accounts that no record of a signer names and that pools have shown: a
	 * ring */
	struct watch_open {
		struct hash32 inner_hash;
		uint32_t deadline_nem_s; /* of what was signed last; 0: no entry */
		uint16_t own;
	} opens[WATCH_OPENS_MAX];

	size_t opens_at;

	struct watch_node node[WATCH_NODES_MAX];
	struct watch_signer signer[DOC_SIGNERS];

	/* who may what: freezes, roster, policy */
	struct control control;
	struct watch_stop stops[CONTROL_DOCS_MAX]; /* beside control.entries */
	struct doc_roster first_roster;            /* as genesis names them: what is judged late */
	struct doc_policy first_policy;
	struct watch_called called[WATCH_ALARMS_JOURNALLED];
	size_t called_n;
	struct watch_dest dest[DOC_SIGNERS + WATCH_PEERS_MAX];
	bool crimes_frozen[WATCH_CRIME_KINDS + 1]; /* we have issued a freeze for this */
	bool evacuating;
	struct watch_closing closings[DOC_HOT_MAX]; /* as genesis.hot */
	uint64_t words_mono_ms; /* when the other watchers were asked for their words last */

	/* what we said of dead attempts: a ring, the newest WATCH_EXCLUSIONS_MAX */
	struct watch_exclusion {
		struct hash32 attempt;
		uint32_t n; /* 0: none */
		uint8_t raw[1536];
	} exclusions[WATCH_EXCLUSIONS_MAX];

	size_t exclusions_at;
	uint64_t freezes_made;
	uint64_t weighed_height;
	uint64_t freeze_wall_ms;  /* when the commit of our newest own freeze was handed over */
	uint64_t suspect_wall_ms; /* when what it is about was first seen */

	/* evidence that stands in no freeze, because another one said enough: a ring */
	struct watch_kept {
		uint32_t n; /* 0: none */
		struct hash32 about, unit;
		uint8_t raw[DOC_EVIDENCE_MAX];
	} kept[WATCH_KEPT_MAX];

	size_t kept_at;

	/* suspects */
	struct watch_suspect suspects[WATCH_SUSPECTS_MAX];
	size_t suspects_n, suspect_used;

	struct watch_known {
		struct hash32 unit;
		enum watch_crime crime;
	} known[WATCH_KNOWN_MAX];

	size_t known_n;

	/* evacuation */
	struct watch_sweep sweeps[WATCH_SWEEPS_MAX];
	uint64_t sweep_derived_height;
	uint64_t sweep_tick_mono_ms;

	/* counters */
	uint64_t requests_made, acks, alarms, thefts, garbage, blocks, announced, not_acked;
	uint64_t signature_checks; /* as the shell said last, for STATUS */

	/* scratch */
	uint8_t batch[WATCH_BATCH_BYTES];
	uint8_t reply[65536 + 64];
	uint8_t text[16 * 1024];
	uint8_t stop_bytes[WATCH_STOP_BYTES];
	uint8_t control_bytes[WATCH_CONTROL_BYTES];
	uint8_t suspect_bytes[WATCH_SUSPECT_BYTES];
};

/*
 * Reads the three documents and checks that they belong together and to us: genesis names this
 * roster and this policy, this roster or config.joined has our id with our key, the network is the
 * one consented to, the policy is complete.  config.joined is believed for nothing else: that
 * officers signed it is judged when it comes as any control document does
 * (docs/decisions/0045-a-watcher-that-joins.md).  The errors of doc_open() and doc_X_read();
 * ERR_MISMATCH, ERR_KEY, ERR_NETWORK, ERR_POLICY, ERR_ADDRESS, ERR_FIELD_RANGE (storage, nodes).
 * fault (not NULL) then names the document and field.
 */
MUST_CHECK enum err watch_init(struct watch *w, const struct watch_config *config,
			       struct doc_fault *fault);

/*
 * One batch of our own journal, in order, before watch_start().
 * ERR_CORRUPT (form, chain, or content that this program could not have written), ERR_TYPE,
 * ERR_VERSION (a newer program's), ERR_GENESIS (the journal of another genesis or watcher),
 * ERR_FULL (a table is too small for this journal).  Not to be used after an error.
 */
MUST_CHECK enum err watch_replay(struct watch *w, struct bytes batch);

/*
 * After the replay: may a watcher with our key still be needed?  ERR_KEY, fault (not NULL) says
 * what to do: the roster in force by our own journal has not our key (replaced, struck, or left
 * out), and config.joined, if there is one, is no later roster than that.
 */
MUST_CHECK enum err watch_replaced(const struct watch *w, struct doc_fault *fault);

/* Ends the replay: commits that we started.  Times as in events.  Once. */
void watch_start(struct watch *w, uint64_t wall_ms, uint64_t mono_ms, struct effects *out);

/*
 * One event: EVENT_TICK (at least every 50 ms), EVENT_OPENED and EVENT_CLOSED of links, EVENT_FRAME
 * of links (replies) and of accepted channels (requests that passed the gate), EVENT_REPLY of
 * ROLE_NODE (chain/feed.h).  Others change nothing.  out has at least WATCH_EFFECTS_BYTES.
 */
void watch_step(struct watch *w, const struct event *event, struct effects *out);

/*
 * True once both signers were heard, everything they have was fetched and the rules that they
 * signed by are in force here, or the time for it is over.  The shell begins to read the chain
 * then, so that a watcher that was away long does not hold the whole past in suspicion.
 */
bool watch_caught_up(const struct watch *w, uint64_t mono_ms);

/* How many signatures the process has checked (crypto_checks()), for STATUS. */
void watch_signature_checks(struct watch *w, uint64_t n);

/* For STATUS, the proof (P9), tests and the simulator. */
/* The roster in force has our id with our key: what we sign counts. */
bool watch_stands(const struct watch *w);
bool watch_frozen(const struct watch *w);
bool watch_evacuating(const struct watch *w);
/* Hot accounts that an officer has closed, as far as we were told. */
size_t watch_accounts_closed(const struct watch *w);
bool watch_account_closed(const struct watch *w, const struct key32 *account);
/* The node's chain as we follow it; node < config.nodes. */
uint64_t watch_height(const struct watch *w, unsigned node);
/* False if the address is none of ours.  Confirmed, and what is left after this node's pool. */
bool watch_balance(const struct watch *w, unsigned node, const struct nem_address *address,
		   uint64_t *confirmed_micro, uint64_t *remaining_micro);
/* The payment with this inner hash, or NULL. */
const struct watch_payment *watch_payment_find(const struct watch *w, const struct hash32 *inner);

#endif
