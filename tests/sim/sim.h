/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim.h - all cores in one process, under a virtual clock and a seeded fate (docs/sim.md).
 *
 *   main.c    options, the loop over seeds           world.c   keys, documents, first blocks
 *   queue.c   virtual time: what happens when        host.c    disks, daemons, crashes, effects
 *   net.c     connections, frames, the gate          chain.c   the nodes and what they tell
 *   people.c  customers, approvers, officers         foe.c     the thief and the evil server
 *   laws.c    what must hold after every step        clerk.c   the books on their own
 *   memo.c    signatures computed once
 *
 * One seed is one run; everything that chance decides comes from one generator, so a seed replays
 * exactly.  Nothing here decides anything that a core decides: the simulator carries out effects,
 * loses and delays them, and compares what comes out with the promises of ARCHITECTURE.md.
 */
#ifndef KURAMORI_SIM_SIM_H
#define KURAMORI_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/err.h"
#include "base/money.h"
#include "chain/feed.h"
#include "chain/nem/nem_block.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_result.h"
#include "chain/nem/nem_time.h"
#include "chain/nem/nem_tx.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "crypto/sha256.h"
#include "crypto/uuid7.h"
#include "doc/document.h"
#include "doc/types.h"
#include "guard/guard.h"
#include "ipc/frame.h"
#include "ipc/gate.h"
#include "ipc/msgs.h"
#include "log/batch.h"
#include "log/step.h"
#include "nis/nis.h"
#include "payout/payout.h"
#include "watch/watch.h"

#define SIM_START_MS UINT64_C(1516924800000) /* 2018-01-26 00:00 UTC */
#define SIM_XEM      UINT64_C(1000000)       /* micro-XEM */
/* Where the second night begins, when there is one. */
#define SECOND_MS ((uint64_t)NIGHT_MS + NEXT_NIGHT_MS)
#define SIM_NEVER UINT64_MAX

enum {
	HOST_PAYOUT = 0,
	HOST_A = 1,
	HOST_B = 2,
	HOST_W1 = 3,
	WATCHERS = 3,
	WATCHERS_NEEDED = 2,
	HOSTS = HOST_W1 + WATCHERS,
	/* askers that are no daemon */
	CLIENT_FOE = 100,
	CLIENT_OFFICER = 101,

	NODES = 2,
	NODE_PUBLIC = 0,
	NODE_CLEAN = 1,

	HOT = 5, /* a till, two purses, a deposit account, the till's successor */
	BOXES = 3,
	SPARES = 6,
	CUSTOMERS = 6,
	APPROVERS = 3,
	SOURCES = 3, /* of prices; two must agree */
	HOLDERS = 5, /* of cold keys */
	HOLDERS_NEEDED = 3,
	OFFICERS = 2,
	REQUESTS_MAX = 64,
	ATTESTS_MAX = 512,
	PAID_MAX = 256,
	CONNS_MAX = 4096,
	STOPS_SEEN_MAX = 128,
	RING = 40,

	BUSY_MS = 32000, /* business, faults and foes */
	HEAL_MS = 22000, /* nothing breaks any more */
	NIGHT_MS = BUSY_MS + HEAL_MS,
	NEXT_NIGHT_MS = 24 * 3600000 + 600000, /* from the end of the first to the second */
	RING_TEXT = 160,
};

/* ---- chance ---------------------------------------------------------------------------------- */

struct fate {
	uint64_t state;
};

uint64_t fate_next(struct fate *f); /* splitmix64 */
/* 0..n-1; n > 0. */
uint64_t fate_below(struct fate *f, uint64_t n);
/* lo..hi */
uint64_t fate_range(struct fate *f, uint64_t lo, uint64_t hi);
/* True n times in a thousand. */
bool fate_permille(struct fate *f, unsigned n);
void fate_bytes(struct fate *f, void *out, size_t n);

/* ---- the world: the same in every seed --------------------------------------------------------
 */

struct party {
	struct key32 key;
	uint8_t secret[ED25519_SECRET_BYTES];
};

struct world {
	struct hash32 genesis_id, roster_id, policy_id;
	uint8_t genesis_raw[16384], roster_raw[16384], policy_raw[4096];
	struct bytes genesis, roster, policy;
	struct doc_genesis genesis_doc;
	struct doc_roster roster_doc;
	struct doc_policy policy_doc;

	struct edk_secret chain_key[DOC_SIGNERS];
	struct edk_secret recovery, harvester, foe_harvester, rich;
	struct edk_secret hot_key[HOT];
	struct nem_address hot_address[HOT];
	struct nem_address rich_address, foe_address;
	struct nem_address box_address[BOXES];
	struct nem_address spare_address[SPARES];
	struct nem_address customer_address[CUSTOMERS];
	struct party attest[DOC_SIGNERS], watcher[WATCHERS], backend, approver[APPROVERS],
	    officer[OFFICERS], source[SOURCES], stranger;
	/* the keys that the last approver and the last officer get by a second roster */
	struct party next_approver, next_officer;
	struct party holder[HOLDERS]; /* of cold keys: they sign a roster when officers do not */
	struct log_secret log_secret[HOSTS];

	struct nis_config nis;
	struct nis_grant grants[64];
	size_t grants_n;
	struct nis_nemesis nemesis;
	uint8_t block2[NEM_BLOCK_BYTES_MAX];
	size_t block2_n;
	uint32_t block2_s;
};

extern struct world world;
void world_make(void);

/* ---- options ------------------------------------------------------------------------------- */

struct sim_plants {
	unsigned payout, books, guard, watch, nis, control;
};

struct sim_options {
	struct sim_plants plants;
	bool verbose;
	bool late; /* every night is */
};

/* ---- what may go wrong in this seed (swarm: each is drawn) ------------------------------------
 */

struct swarm {
	bool faults;       /* any of the next five */
	bool crashes;      /* daemons die at effect boundaries and in commits */
	bool breaks;       /* connections break */
	bool slow;         /* frames and nodes take long */
	bool node_downs;   /* nodes do not answer for a while */
	bool clock_steps;  /* wall clocks jump, within what the policy allows */
	bool clock_far;    /* and once beyond */
	bool rollbacks;    /* the chain undoes its newest blocks */
	bool key_a, key_b; /* chain keys that the thief has */
	bool collude;      /* he has a block of his own now and then */
	bool jam;          /* proposals of key A at the public node */
	bool evil_server;
	bool evil_backend;   /* the back end's request key is his too */
	bool rogue_a;        /* somebody answers watchers in the place of A, with A's attest key */
	bool officers;       /* an officer freezes at some moment */
	unsigned requests;   /* how many customers ask */
	unsigned overdraw;   /* permille of requests for more than there is */
	uint32_t far;        /* a watcher's host, whose links are slow all night; 0: none */
	uint64_t thief_from; /* ms; before it the thief only listens */
	bool rewinds;        /* signers come back with a disk of earlier, one or both */
	bool late;           /* the night is followed by two quiet hours, for final blocks */
	bool second;         /* the night is followed by another, a day later */
	uint32_t liar; /* in a late night: the host of a watcher that says anything; 0: none */
};

/* ---- virtual time ---------------------------------------------------------------------------
 */

enum happen {
	HAPPEN_TICK,     /* host, generation */
	HAPPEN_RESTART,  /* host */
	HAPPEN_FRAME,    /* a: connection, b: 0 to server 1 to client; body */
	HAPPEN_DIAL,     /* a: link */
	HAPPEN_LOST,     /* a: connection, b: side that learns of it */
	HAPPEN_REPLY,    /* host, generation; number, id, status; body */
	HAPPEN_POLL,     /* host, generation; a: node */
	HAPPEN_ANNOUNCE, /* host (or CLIENT_FOE), generation; a: node, id; body */
	HAPPEN_MINE,
	HAPPEN_FEED, /* host, generation; a: node; number, id; body */
	HAPPEN_PEOPLE,
	HAPPEN_FOE,
	HAPPEN_FAULT,
	HAPPEN_REWIND, /* a signer, or both, come back with a disk of earlier */
	HAPPEN_API,    /* a: index of the waiting call */
	HAPPEN_OFFICER,
	HAPPEN_CLOSING,
	HAPPEN_RESUME,
	HAPPEN_RULES,
	HAPPEN_GRANT,
	HAPPEN_GRANT_ASK,
	HAPPEN_GRANT_END,
	HAPPEN_NEXT_NIGHT,
	HAPPEN_DAY,     /* an officer compares, and signs a `day` */
	HAPPEN_DAY_ASK, /* behind it */
	HAPPEN_ROSTER,
	HAPPEN_LATE_ASK,
	HAPPEN_PRICE,
	HAPPEN_CHECK,
};

struct item {
	uint64_t at, order;
	enum happen what;
	uint32_t host, generation;
	uint32_t a, b;
	uint16_t number;
	uint64_t id;
	enum err status;
	uint8_t *body;
	size_t n;
};

/* ---- disks and daemons ---------------------------------------------------------------------- */

struct sim_batch {
	uint8_t *p;
	size_t n;    /* sealed bytes */
	size_t have; /* of them on the disk: less is a torn tail */
	uint64_t offset;
};

struct disk {
	struct sim_batch *batch;
	size_t n, cap;
	uint64_t bytes;
};

struct host {
	bool up, started;
	uint32_t generation;
	uint64_t up_since;
	int64_t wall_skew;    /* ms */
	uint64_t mono_offset; /* of this boot */
	struct disk disk;
	bool dying;          /* in the middle of a step: it may know what its disk does not */
	bool frozen_on_disk; /* a freeze is durable that no durable resume names */
	bool cried_on_disk;  /* a freeze by a watcher is, or was before a resume */
	bool stop_on_disk;   /* something that stops, starts or rules is */

	struct stop_seen {
		struct hash32 id;
		bool lifted;
	} stop_seen[STOPS_SEEN_MAX];

	size_t stop_seen_n;
	bool grant_ended_on_disk; /* a cancel of this night's grant is in its journal */
	bool closed_on_disk;      /* a closing is in its journal */
	unsigned closed_hot;      /* of a signer: bit per hot account */
	uint64_t frozen_at;
	uint32_t next_channel; /* accepted channels, from 65,536 */
	uint64_t fed[NODES];   /* height handed over */
	struct hash32 *fed_hash[NODES];
	size_t fed_cap[NODES];
	uint64_t fed_pool[NODES];
	bool fed_down[NODES], fed_top[NODES], fed_any[NODES];
	bool fed_whole[NODES]; /* since its start it was told the whole chain once */
	bool feeding;
	unsigned crashes;
};

/* ---- connections ---------------------------------------------------------------------------- */

struct link {
	uint32_t client, server; /* hosts */
	uint16_t server_role;    /* of the socket: event.role at the server */
	uint16_t client_role;    /* event.role at the client */
	uint32_t channel;        /* at the client */
	uint32_t conn;           /* + 1; 0: none */
	uint32_t generation;     /* of the client, when it was dialled */
};

struct conn {
	uint32_t client, server;
	uint32_t client_generation, server_generation;
	uint32_t link; /* + 1; 0: the client is no daemon */
	uint16_t server_role, client_role;
	uint32_t client_channel, server_channel;
	const struct gate_table *table;
	struct gate_state at_server, at_client;
	bool server_open, client_open, broken;
	uint64_t last[2]; /* streams: nothing overtakes */
};

/* ---- what the laws know ------------------------------------------------------------------------
 */

/* One request that the back end's key really signed. */
struct asked {
	struct id128 request_id;
	struct hash32 doc;
	struct doc_request request;
	bool foe;       /* with the stolen key */
	bool daily;     /* small, and behind a day that counts */
	bool submitted; /* accepted by the server at least once */
	unsigned customer;
	uint8_t raw[2048];
	size_t raw_n;
	char key[48];
};

/* One attestation that a signer made durable. */
struct attested {
	unsigned signer;
	struct hash32 id, inner, subject, roster;
	struct id128 request_id;
	bool sweep;
	bool forged; /* by rogue_a: no signer ever made it */
	bool released;
	u128 outflow;
	bool in_yen; /* judged by the policy that has caps in yen */
	bool tall;   /* judged by the policy that asks for one more approval */
	uint64_t yen;
	bool granted;      /* only a grant allows so much */
	uint64_t at;       /* when it became durable; */
	uint64_t sequence; /* and its number there */
	unsigned approvals;
	unsigned holders; /* bit per watcher: durable there */
	struct key32 account;
	unsigned number; /* of the attempt */
	uint64_t deadline_nem_s;
	uint8_t data[256 + 1024];
	size_t data_n;
};

struct hit { /* a payment seen in the best chain */
	struct hash32 inner;
	struct id128 request_id;
	uint64_t height;
};

struct call { /* an API call that waits for its answer */
	bool used;
	uint16_t number;
	uint64_t tag;
	uint8_t *body;
	size_t n;
	unsigned tries;
	int asked; /* index of the request, or -1 */
};

struct sim {
	struct sim_options options;
	struct fate fate;
	struct swarm swarm;
	uint64_t seed, now, steps, order;
	bool healing, failed, done;
	char why[320];

	struct item *heap;
	size_t heap_n, heap_cap;

	struct host host[HOSTS];
	struct link links[32];
	size_t links_n;
	struct conn conns[CONNS_MAX];
	size_t conns_n;
	struct effects effects;

	/* chain */
	struct nis *nis;
	uint64_t rollbacks;
	uint64_t rewinds; /* disks of signers that were put back */
	bool dropped;     /* nodes forgot what a rollback had put back into their pools */
	uint64_t node_down_until[NODES];
	uint64_t checked_height;
	uint64_t filled[HOT]; /* the last block after which it held more than dust */
	struct hash32 checked_hash;
	struct hit hits[PAID_MAX];
	size_t hits_n;

	/* people */
	struct asked asked[REQUESTS_MAX];
	size_t asked_n;
	struct hash32 approved[REQUESTS_MAX * APPROVERS];
	size_t approved_n;
	struct call calls[REQUESTS_MAX];
	uint64_t tags;
	unsigned opening;     /* 0..3 */
	uint64_t open_height; /* the books stand on a block that is not undone (docs/sim.md) */
	char token[CUSTOMERS][PAYOUT_TOKEN_CHARS + 1];
	bool has_token[CUSTOMERS];
	unsigned deposits;
	uint64_t asked_approval_at;

	/* laws */
	struct attested attested[ATTESTS_MAX];
	size_t attested_n;

	struct knows { /* orders in the journals of A and B, and when they came there */
		struct id128 order;
		uint64_t since;
	} knows[2][REQUESTS_MAX];

	size_t knows_n[2];

	bool settled[REQUESTS_MAX]; /* seen before, by place in the server's list */
	bool quiet;                 /* a night in which everything had to end */

	struct sent { /* what the server asked signers for */
		struct id128 request_id;
		struct hash32 attempt;
		unsigned number;
	} sent[REQUESTS_MAX];

	size_t sent_n;
	bool foul; /* an adversary did something that a watcher may freeze for */
	/* until when a watcher may cry wrongly: it has not heard a signer that may have more */
	uint64_t excuse[WATCHERS];
	bool excused; /* one did */
	bool officer_froze;
	struct hash32 closing_id;
	struct hash32 officer_freezes[2]; /* by the one, by the other */
	unsigned freezes_n, resumes_n;

	enum { RULES_NONE, RULES_LOOSER, RULES_TIGHTER } rules; /* what was proposed this night */

	uint64_t rules_at;
	uint64_t yen_hour; /* of that tighter policy; 0: it has no caps in yen */
	struct hash32 yen_policy;
	bool raised; /* officers have proposed a policy that asks for one more approval */
	struct hash32 tall_policy;
	/* what officers granted this night, to the first customer, for a while */
	bool granted;
	uint64_t granted_at, grant_until_ms;
	struct hash32 grant_id;
	bool grant_ends; /* an approver ends it when it may run */
	struct doc_address grant_to;
	struct fate grant_fate; /* of its own, as closing_fate */

	/* the second night */
	struct fate day_fate;
	uint64_t longer; /* ms, than a night alone */

	struct day_said { /* days that an officer has signed */
		struct hash32 id;
		struct doc_day day;
	} days[4];

	size_t days_n;
	uint64_t day_point[DOC_SIGNERS]; /* up to which one that is in its journal compared */
	uint64_t days_taken;             /* by signers, so that they had an effect */

	enum {
		DAY_NONE,
		DAY_SIGNED, /* and handed to the server */
		DAY_COUNTS, /* the server has it, and it compares all that was attested */
	} day;

	size_t asked_before; /* requests of the first night */

	enum { /* what a second roster does, if there was one this night */
	       ROSTER_NONE,
	       ROSTER_LEAVES, /* the last approver is no more: that tightens */
	       ROSTER_RENEWS, /* he and the last officer have other keys: that waits */
	} roster;

	bool recovered;          /* holders have signed it, not officers */
	struct hash32 holder_no; /* one of them has ended it; zero: none */

	uint64_t roster_at;
	uint64_t roster_seen[HOSTS]; /* number of each host's roster, */
	uint64_t roster_moved_at;    /* and when the last of them took another */
	struct hash32 roster_next;
	struct fate roster_fate;  /* likewise */
	struct fate rules_fate;   /* likewise */
	struct fate rewind_fate;  /* likewise */
	struct fate closing_fate; /* of its own: what else happens is as without it */
	bool theft;               /* something complete and unexplained was in a pool or block */
	uint64_t theft_at;
	uint32_t theft_told[WATCHERS]; /* generation + 1 of who lived through hearing of it */
	uint64_t unseen;               /* thefts that were gone before anybody knew of them */

	/* the foe's papers: bodies of SIGN that the server sent, replies that it got */
	struct paper {
		uint8_t *p;
		size_t n;
		unsigned signer;
		bool reply;
	} papers[128];

	size_t papers_n;
	uint32_t foe_conn[DOC_SIGNERS]; /* + 1 */
	uint64_t foe_tags;
	unsigned foe_released;

	/* trace */
	char ring[RING][RING_TEXT];
	uint64_t ring_n;
};

/* ---- main.c ---- */
void sim_note(struct sim *s, const char *format, ...) PRINTF(2, 3);
/* A law is broken: the run ends. */
void sim_broken(struct sim *s, const char *promise, const char *format, ...) PRINTF(3, 4);
extern struct sim *sim_running;

/* ---- queue.c ---- */
void queue_add(struct sim *s, uint64_t delay, struct item item, struct bytes body);
bool queue_take(struct sim *s, struct item *out);
/* So much time passes in which nothing happens. */
void queue_pass(struct sim *s, uint64_t ms);
void queue_free(struct sim *s);

/* ---- host.c ---- */
void host_boot_all(struct sim *s);
void host_restart(struct sim *s, uint32_t h);
void host_crash(struct sim *s, uint32_t h, const char *why);
/* A signer dies, and its disk is that of earlier: as far back as k watchers hold what is lost. */
void host_rewind(struct sim *s, uint32_t h);
void host_step(struct sim *s, uint32_t h, struct event *e);
void host_free(struct sim *s);
uint64_t host_wall(const struct sim *s, uint32_t h);
uint64_t host_mono(const struct sim *s, uint32_t h);
const char *host_name(uint32_t h);
struct guard *host_guard(unsigned signer);
struct watch *host_watch(unsigned watcher);
struct payout *host_payout(void);
/* Replays the journals once more and compares what comes out. */
void host_replay_check(struct sim *s);
/* SHA-256 over all journals, for the test of determinism. */
void host_hash(const struct sim *s, struct hash32 *out);

/* ---- net.c ---- */
void net_init(struct sim *s);
void net_dial(struct sim *s, uint32_t link);
uint32_t net_open_stranger(struct sim *s, uint32_t client, uint32_t server, uint16_t role);
void net_send(struct sim *s, uint32_t h, const struct effect *f);
void net_ask(struct sim *s, uint32_t conn, uint16_t number, uint64_t id, const struct bytes *items,
	     size_t n);
void net_close(struct sim *s, uint32_t h, uint32_t channel);
void net_frame(struct sim *s, const struct item *i);
void net_lost(struct sim *s, const struct item *i);
void net_break(struct sim *s, uint32_t index);
void net_host_gone(struct sim *s, uint32_t h);
/* This watcher has both signers on the line, and had for a while. */
bool net_hears(const struct sim *s, uint32_t watcher);

/* ---- chain.c ---- */
void chain_init(struct sim *s);
void chain_free(struct sim *s);
void chain_mine(struct sim *s);
void chain_poll(struct sim *s, const struct item *i);
void chain_announce(struct sim *s, const struct item *i);
uint32_t chain_now_s(const struct sim *s);
uint64_t chain_balance(const struct sim *s, const struct nem_address *a);

/* ---- people.c ---- */
void people_init(struct sim *s);
void people_act(struct sim *s);
void people_api(struct sim *s, const struct item *i);
void people_answer(struct sim *s, uint64_t tag, struct bytes body);
void people_officer(struct sim *s);
/* An officer closes a purse, or in a late night the till, at some of the stop sockets. */
void people_closing(struct sim *s);
/* Officers lift the officers' freezes, one after the other: never what they do not name. */
void people_resume(struct sim *s);
/* Officers propose a policy, which loosens or tightens; one that loosens may be cancelled. */
void people_rules(struct sim *s);
/* Officers grant a customer something for a while; it may be cancelled. */
void people_grant(struct sim *s);
/* He asks for more than anybody may have without it, whether it runs or not. */
void people_grant_ask(struct sim *s);
/* An approver ends it while it runs. */
void people_grant_end(struct sim *s);
/* An officer compares what was attested: all of it, some of it, or wrongly. */
void people_day(struct sim *s);
/* What they do in the second night. */
void people_next_night(struct sim *s);
void people_day_ask(struct sim *s);
void people_roster(struct sim *s);
/* A customer asks when the second roster has long been in force. */
void people_late_ask(struct sim *s);
/* What price sources say, once there are caps in yen. */
void people_price(struct sim *s);
const char *people_name(unsigned customer);
u128 people_claim(unsigned customer);
/* Signs a request with the back end's key; false: no room. */
bool people_request(struct sim *s, unsigned customer, uint64_t amount, const struct nem_address *to,
		    const char *message, bool foe, size_t *index);

/* ---- foe.c ---- */
void foe_act(struct sim *s);
void foe_frame(struct sim *s, uint32_t conn, uint16_t number, uint64_t id, struct bytes body);
/* The evil server reads along. */
void foe_overhears(struct sim *s, unsigned signer, bool reply, struct bytes body);
/* rogue_a: perhaps another body in the place of A's reply to NEXT. */
bool foe_replaces(struct sim *s, uint32_t watcher, struct bytes body, struct bytes *out);
void foe_free(struct sim *s);
/* A watcher that lies: what the server hears in the place of its no. */
void foe_lies(struct sim *s, uint32_t watcher, struct bytes *body);
/* The two quiet hours of a late night: everything happens rarely, and blocks are far apart. */
bool sim_is_quiet(const struct sim *s);

/* ---- laws.c ---- */
void laws_commit(struct sim *s, uint32_t h, struct bytes batch);
void laws_send(struct sim *s, uint32_t h, const struct effect *f);
void laws_step(struct sim *s, uint32_t h, bool committed);
void laws_chain(struct sim *s);
void laws_pool(struct sim *s);
/* A node has told a watcher, which lives, of its newest block (height > 0) or of its pool (0). */
void laws_told(struct sim *s, uint32_t h, unsigned node, uint64_t height);
/* Nodes forgot their pools, or a watcher what it had not written: is a theft gone, unseen? */
void laws_forgotten(struct sim *s);
/* Nobody is frozen, and every withdrawal has ended. */
bool laws_rest(struct sim *s);
void laws_end(struct sim *s);
struct attested *laws_attested(struct sim *s, const struct hash32 *id);

/* ---- clerk.c ---- */
void clerk_run(struct sim *s);

#endif
