/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_rig.h - one watcher over a disk in memory, with everything around it that a test needs:
 * a real chain of two pools (src/nis), two signers that answer as src/ipc says and attest whatever
 * the test wants, another watcher at the end of a link, people, a back end, and every key at hand
 * to misuse.
 *
 * All of it is r, which rig_make() begins anew.  What the rig itself gets wrong ends the test
 * (CHECK).
 */
#ifndef KURAMORI_TESTS_WATCH_RIG_H
#define KURAMORI_TESTS_WATCH_RIG_H

#include "chain/nem/nem_tx.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "nis/nis.h"
#include "policy/attempt.h"
#include "watch/watch.h"

#define X(xem) ((uint64_t)(xem)*1000000u)

enum { A = DOC_SIGNER_A, B = DOC_SIGNER_B };

enum who {
	K_A = 1,
	K_B,
	K_R,
	K_TILL,
	K_PURSE,
	K_BOX,
	K_SPARE0,
	K_SPARE1,
	K_CUSTOMER,
	K_THIEF,
	K_HOLDER0,              /* five holders of the boxes */
	K_NEW0 = K_HOLDER0 + 5, /* five holders who come later, and a box for them */
	K_NEW_BOX = K_NEW0 + 5,
	K_WHO_N
};

enum {
	PUBLIC = 0,
	CLEAN = 1,
	START_S = 300000000,
	PAYMENTS = 128,
	CH_A = 1,
	CH_B = 2,
	CH_PEER = 3,
	CH_STOP = 70001,
	RECORDS_MAX = 140,
	JOURNAL = 8 * 1024 * 1024,
	BATCHES_MAX = 4096,
	QUEUE_MAX = 256,
	UNITS_MAX = 512,
};

struct key {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

/* What one signer tells. */
struct told {
	uint64_t sequence;
	size_t n;
	uint8_t body[20000]; /* items behind the nonce */
};

struct model {
	struct told told[RECORDS_MAX];
	size_t told_n;
	uint64_t sequence; /* of the newest, or what the test says */
	uint64_t nonce;
	uint64_t told_nonce;
	bool held;
	uint64_t held_id, held_after;
	bool silent;    /* the link is open, nothing is answered */
	bool mute_next; /* SYNC is answered, NEXT is not */
	bool refuses;   /* sees no theft in any freeze that comes with a sweep */
	unsigned acks, heartbeats, stops, syncs, sweeps, stop_gets;
	struct hash32 acked[RECORDS_MAX * 4];
	struct doc_heartbeat heartbeat; /* the last one */
	uint8_t stop_raw[16384];        /* the last STOP_PUT */
	size_t stop_n;
	struct hash32 stop_head;
	uint64_t stop_count;
	bool agrees; /* its nonce names the watcher's own stop head */

	/* P7: what it asks for, what it was handed back, and whether it takes that */
	bool lacks;            /* heartbeats are refused: a record of ours that our journal lacks */
	bool forgets;          /* what it is handed back it refuses */
	enum err acks_refused; /* as this; ERR_OK: taken */
	uint64_t recall_after;
	unsigned recalls; /* frames, with a record or without */
	struct hash32 recalled[RECORDS_MAX];
	size_t recalled_n, recalled_documents;

	struct swept {
		struct hash32 id;
		size_t n;
		uint8_t body[8192]; /* the reply: asked again, the same bytes */
	} swept[16];

	size_t swept_n;
};

struct queued {
	uint32_t channel;
	uint16_t role, number;
	uint64_t id;
	size_t n;
	uint8_t *body;
};

struct read {
	uint64_t id, offset;
	uint32_t n;
};

struct rig {
	struct watch w;
	struct read reads[DOC_SIGNERS];
	size_t reads_n;
	unsigned reads_done;
	enum err read_fails;       /* of the disk */
	uint64_t receipt_sequence; /* of what models receipt; 0: 1 */
	struct watch_payment payments[PAYMENTS];
	uint32_t index[4 * PAYMENTS];
	struct policy_kept entries[PAYMENTS];
	struct watch_undo undo[2 * 2048];
	uint8_t store[WATCH_EFFECTS_BYTES];
	struct effects out;

	uint8_t journal[JOURNAL];
	size_t journal_n;
	size_t batch_end[BATCHES_MAX];
	size_t batches;

	struct model signer[2];
	struct model peer;
	struct queued queue[QUEUE_MAX];
	size_t queue_n;
	struct queued replies[QUEUE_MAX]; /* to CH_STOP */
	size_t replies_n;
	char notes[16 * 1024]; /* what it logged, a line each; the first ones */
	size_t notes_n;
	unsigned announced;
	bool push; /* announced units go to the real pools */

	struct nis *nis;
	uint64_t fed[2];
	uint32_t now_s;
	uint64_t wall, mono;
	uint64_t ids;
	unsigned planted;

	struct edk_secret chain[K_WHO_N];
	struct key backend, stranger, watcher[3], person[5], attest[2], source[3];
	struct log_secret log_secret;
	struct doc_genesis genesis;
	struct doc_roster roster;
	struct doc_policy policy;
	uint8_t genesis_raw[65536], roster_raw[65536], policy_raw[65536];
	size_t genesis_n, roster_n, policy_n;
	struct hash32 genesis_id, roster_id, policy_id;

	/* the payment at hand */
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;
	struct doc_approval approval[4];
	struct key *request_key, *approval_key[4], *attest_key;
	size_t approvals;

	struct proof { /* an assertion behind the approval */
		bool there;
		bool first;  /* in front of it instead */
		uint8_t key; /* person[i] has key i */
		uint8_t flags;
	} proof[4], day_proof;

	struct doc_price price[DOC_SOURCES_MAX + 1];
	struct key *price_key[DOC_SOURCES_MAX + 1];
	size_t prices; /* of every payment until they are others */

	struct doc_day day;
	bool with_day; /* stands beside the payment at hand */
	struct key *day_key;
	struct doc_sweep sweep;
	bool is_sweep, with_freeze;
	uint8_t freeze_raw[16384];
	size_t freeze_n;
	struct payment pay;
	struct doc_attestation att;
	bool att_made; /* use att as it stands */
};

extern struct rig r;

/* ---- what rig_make() writes: set before it ------------------------------------------------- */

extern uint64_t rig_lock_ms;              /* of what needs approvals, by the policy */
extern struct doc_yen rig_yen;            /* of the policy; age_max_ms 0: none */
extern const struct doc_hours *rig_hours; /* of the policy; NULL: none */
/* strangers get 50 XEM, listed counts after two hours, grants last three at most */
extern bool rig_strict;
/* a second till in the purse's place, and orders that live longer */
extern bool rig_two_tills;
extern bool rig_new_box;        /* and a second box, of nobody yet */
extern struct bytes rig_joined; /* the later roster that is given at each start; n 0: none */

/* ---- what the other watcher says of each document that it is handed, beside its receipt ------ */

extern bool rig_matured;               /* it does */
extern struct doc_maturity rig_word;   /* a field that is not zero is said so */
extern const struct key *rig_word_key; /* it seals with this; NULL: with its own */

/* ---- names and amounts --------------------------------------------------------------------- */

struct money xem(uint64_t micro);

/* The n-th key pair of this rig: the same in every run. */
void rig_key(struct key *k, uint8_t n);

struct nem_address address_of(enum who who);
void doc_address(struct doc_address *out, enum who who);

/* A party of the roster with this id and key. */
void party(struct doc_party *p, const char *id, const struct key *k);

/* ---- chain --------------------------------------------------------------------------------- */

/* Begins a transaction of this type and signer: made now, alive for an hour, no fee yet. */
void tx_head(struct nem_tx *tx, enum nem_type type, enum who who);

/* Signs it in its place, as this account. */
void tx_sign(struct nem_tx *tx, enum who who);

/* Not signed yet, with the least fee. */
struct nem_tx tx_transfer(enum who from, enum who to, uint64_t amount);

/* Not signed yet: n accounts more, and this change of how many must sign. */
struct nem_tx tx_modify(enum who of, int change, const enum who *add, size_t n);

/* The wrapper around inner, signed by its initiator; cosignatures come later. */
struct nem_tx tx_wrap(enum who initiator, const struct nem_inner *inner, uint64_t fee);

/* A transaction as what a wrapper holds. */
struct nem_inner inner_of(const struct nem_tx *tx);

/* Attaches the cosignature of this account. */
void tx_cosign(struct nem_tx *wrapper, enum who who);

/* Encodes a signed transaction into NEM_TX_BYTES_MAX bytes; how many it took. */
size_t tx_bytes(uint8_t *out, const struct nem_tx *tx);

/* Announces it: the answer of one pool; -1: not a transaction. */
int nis_say(unsigned pool, const struct nem_tx *tx);

/* Time passes by both clocks, and nobody is told. */
void rig_pass(uint64_t ms);

/* One block, two seconds later, with what this pool holds. */
void mine(unsigned pool);

/* One block, two seconds later, with these alone. */
void mine_given(const struct nem_tx *tx, size_t n);

/* ---- the watcher and what stands around it ------------------------------------------------- */

/* What it is started with. */
struct watch_config rig_config(void);

/* An item of a frame's body: its length and itself. */
void put_item(struct writer *w, struct bytes item);

/* A frame to the watcher, which rig_settle() delivers. */
void enqueue(uint32_t channel, uint16_t role, uint16_t number, uint64_t id, struct bytes body);

/* The role of signer s at the watcher's end of its link. */
uint16_t role_of(int s);

/* Signer s answers the NEXT that is held, if there is something to say. */
void next_serve(int s);

/* Signer s refuses what e asks. */
void refusal_give(int s, const struct effect *e, enum err code, const char *field);

/* It logged this. */
bool rig_noted(const char *words);

/* ---- running ------------------------------------------------------------------------------- */

/* One step; what the models answer waits. */
void rig_one(struct event *ev);

/* Delivers what the disk and the models have answered, until nobody has anything to say. */
void rig_settle(void);

/* One step and all that follows. */
void rig_event(struct event *ev);

/* So much later, in one tick. */
void tick(uint64_t ms);

/* Long enough for every pause and barrier, in ticks of 25 ms. */
void wait_ms(uint64_t ms);

/* What a node's reader says: with a body, and with a number. */
void feed(unsigned node, uint16_t number, struct bytes body);
void feed_u64(unsigned node, uint16_t number, uint64_t v);

/* The blocks that this node has not shown yet, and its top. */
void feed_blocks(unsigned node);

/* This node takes back what stands above this height. */
void feed_undo(unsigned node, uint64_t height);

/* This node shows a pool of the chain. */
void feed_pool(unsigned node, unsigned pool);

/* A pool that a lying or careless node shows. */
void feed_given(unsigned node, const struct nem_tx *tx, size_t n);

/* Everything both nodes know. */
void feed_all(void);

void link_open(uint32_t channel, uint16_t role);
void link_close(uint32_t channel, uint16_t role);

/* A request on a socket of the watcher; its reply, which replies_forget() frees. */
const struct queued *ask(uint16_t role, uint16_t number, const struct bytes *items, size_t n);

/* The type of the one document in a reply. */
enum doc_type reply_type(const struct queued *q);

void replies_forget(void);

/* ---- life ---------------------------------------------------------------------------------- */

/* Everything made, nothing connected yet. */
void rig_make(void);

/* Both signers and the other watcher have opened their links. */
void rig_connect(void);

/* Everything up and agreed: signers, a peer, both nodes read. */
void rig_up(void);

/* Power cut behind the first `batches` commits, and a start from what was durable. */
void rig_restart(size_t batches);

/* Gives everything back; hands result through. */
int rig_end(int result);

/* ---- payments ------------------------------------------------------------------------------ */

/* The payment at hand is a new one to the customer, as everybody would agree to it. */
void pay_new(uint64_t amount);

/* Writes a document of this type, sealed by k (NULL: by nobody); its length. id may be NULL. */
size_t made(uint8_t *raw, size_t cap, struct hash32 *id, enum doc_type type, const void *in,
	    const struct key *k);

/* Fills in the links between the documents and the attempt. */
void pay_link(void);

/* This person, under this name, says yes to it. */
void pay_approve(size_t person, const char *name);

/* A security key stands behind an approval; flags 5: touched, and verified. */
void pay_prove(size_t approval, uint8_t key, uint8_t flags);

/* The price at this place: what source i says of one XEM. */
void pay_price(size_t at, size_t i, const char *rate);

/* Two sources say this, and it goes with every payment from now on. */
void pay_prices(const char *rate);

/* Into r.pay and r.att: its bytes, and the attestation that an honest signer would give. */
void att_make(int s);

/* Signer s tells what is at hand: r.att as it stands, or made honestly; the attestation's id. */
struct hash32 att_tell(int s);

/* Beside the payment at hand: the auditor has compared all that both signers have told so far. */
void pay_day(void);

/* Signer s has the watcher's acknowledgement of this attestation. */
bool was_acked(int s, const struct hash32 *id);

/* The honest unit of the payment at hand. */
struct nem_tx pay_unit(void);

/* Attested by both and delivered: what ordinary business looks like. */
struct nem_tx pay_whole(uint64_t amount);

/* ---- stops --------------------------------------------------------------------------------- */

/* Reads the freeze that signer A was handed last; false: none, or it is another document. */
bool handed_freeze(struct doc_freeze *f);

/* Writes a freeze of everything by this issuer, under this key; its length. */
size_t freeze_made(uint8_t *raw, size_t cap, const char *issuer, const struct key *k, bool evacuate,
		   struct bytes evidence, uint8_t nonce);

/* Both officers lift everything that binds here. */
void rig_resume(void);

#endif
