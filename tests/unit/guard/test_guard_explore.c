/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no order of events makes a signer sign a payment after a freeze is on its disk, sign two
 * payments for one request, let a signature go that two watchers do not hold, or forget what it
 * let go (P3, P5, P7); and none makes a key count that was rotated, or an account pay that was
 * closed (P13, T09).
 * Method: the real guard, every order of: one request in two different attempts, acknowledgements,
 * heartbeats of three watchers that each know what they know, a freeze and then a resume that reach
 * signer and watchers one by one, in any order and more than once, kills between steps and in the
 * middle of them, the journal set back once, time without heartbeats once.  Then the same with a
 * roster that replaces the keys of a watcher, of the back end and of a person and has to wait,
 * where who has an old key goes on to use it; and with a till that is closed.  In these each
 * heartbeat answers a nonce that was made for it.  In one more, time passes in halves of a
 * heartbeat's life, any number of times, each with a new nonce, and what a watcher said to the
 * newest nonce, to one before, to one that is over or to one of another start comes at any time, in
 * any order.  States that nothing can tell apart are visited once, so the walk ends: all reachable
 * states are seen, however long the way.  Each signer is walked by itself, B with any signature of
 * A at hand from the start: more than both together could meet.  The planted bugs must be found by
 * the same walk.
 *
 * A state keeps the guard as its difference from a fresh one, and its journal.
 */
#include "paper.h"
#include "t.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#define RIG_SAME_MARKS
#include "guard_rig.h"

enum {
	VARIANTS = 2, /* attempts of the one order: from the till, from the next till */
	PAYMENTS = 3, /* that one journal can come to hold, if all goes wrong */
	WATCHERS = 4, /* three of the first roster; the last has the third's place in the second */
	SILENT = 1,
	RETIRED = 2,
	NEWCOMER = 3,
	WAITS = 2,         /* times that so much passes that what loosens is due */
	WAIT_MS = 1000000, /* more than all beats of a way together, and than a heartbeat's age */
	BLOCK = 256,       /* bytes of a guard that are kept or not, together */
	NODES_MAX = 1 << 16,
	STATES_MAX = 1 << 22,
	STARTS_MAX = 1 << 16,
};

/* What can happen.  Those of a watcher name it; SIGN and ACK name a variant, BACK how far. */
enum what {
	SIGN,
	SIGN_DIES,
	ACK,
	ACK_DIES,
	BEAT,
	LEARN,
	FREEZE,
	RESUME,
	KILL,
	BACK,
	LATE,
	ROSTER,
	WAIT,
	CLOSE,
	RENEW,
	WHATS
};

static const char *const what_names[WHATS] = { "sign", "sign-dies", "ack",    "ack-dies",
					       "beat", "learn",     "freeze", "resume",
					       "kill", "set-back",  "late",   "roster",
					       "wait", "close",     "renew" };

/* Which of them a walk has, beside signing, acknowledgements, heartbeats and kills. */
enum {
	BACKS = 1,    /* the journal is set back, and nobody is heard for a while */
	FREEZES = 2,  /* an officer freezes */
	RESUMES = 4,  /* and both lift it */
	ROTATES = 8,  /* a second roster */
	CLOSES = 16,  /* the till is closed */
	SILENCE = 32, /* one watcher is down all the while */
	NONCES =
	    64, /* half the life of a heartbeat passes, any number of times, and old words come */
};

/* BACK: to the first start, or by the newest batch. */
enum { TO_THE_START, BY_ONE_BATCH };

/*
 * BEAT: the newest record of this signer that the watcher holds: none; one that the journal lacks,
 * of a number that it has not reached or has passed; or payment n of the journal.
 */
enum {
	SHOWS_NONE,
	SHOWS_LATER,
	SHOWS_PASSED,
	SHOWS_PAYMENT,
	SHOWN_KINDS = SHOWS_PAYMENT + PAYMENTS
};

/*
 * BEAT: the nonce that it answers.  With NONCES time passes in halves of a heartbeat's life, each
 * with a new nonce: two are good, what was made before is not, nor is what another start gave.
 */
enum { FOR_IT, NEWEST, BEFORE, EXPIRED, FORMER, ANSWERS };

enum { GOOD = 2 }; /* NEWEST and BEFORE */

/*
 * What of the two somebody has.  Who has the resume knows the freeze's id from it.  Of a second
 * roster: that it is known and waits, and that it is in force.
 */
enum stopped { FREE, FROZEN, RESUMED, STOPPED, TOLD = FROZEN, RULED = RESUMED };

struct happening {
	enum what what;
	uint8_t watcher;
	uint8_t variant;
	uint8_t shows;
	uint8_t stopped; /* BEAT: what the watcher has; LEARN: what it is told; enum stopped */
	uint8_t renewed; /* SIGN: 1: the request has the back end's new key */
	uint8_t answers; /* BEAT: FOR_IT: a nonce that was made for it */
};

/* A record is known by its variant and by whether it was made before or after the set-back. */
struct record_name {
	bool used;
	uint8_t variant;
	uint8_t life;
};

/* One state of a signer: all that a later event could tell from another. */
struct node {
	uint64_t print;
	uint8_t *blocks; /* BLOCK bytes each, with its number in front */
	uint32_t blocks_n;
	uint8_t *journal;
	uint32_t journal_n;
	struct guard_payment payments[PAYMENTS];
	struct policy_kept entries[PAYMENTS];
	struct record_name name[PAYMENTS]; /* of payments */
	size_t payments_n;
	uint64_t mono, wall;
	uint8_t life, lates, waits;
	uint8_t nonces; /* with NONCES: made since the start, at most 3: an expired one is there */
	bool again;     /* with NONCES: it is not the first start */
};

/* What one event did to one node, remembered. */
struct step {
	uint32_t to;                 /* node + 1; 0: not tried yet */
	struct record_name released; /* the record whose signature went out */
	bool accepted;               /* a payment that was not there before */
	bool frozen;                 /* a freeze was on the disk, and no resume */
	bool refrozen;               /* the freeze binds although the resume is on the disk */
	bool ruled;                  /* the second roster is in force, behind this step */
	bool outdated;               /* what old keys or rules allowed goes on under it */
	bool unstopped;              /* it knew of no freeze */
};

/* Where the signer stands behind an event. */
struct outcome {
	uint32_t node;
	size_t payments_n;
	struct record_name name[PAYMENTS];
	uint64_t attestation[PAYMENTS]; /* marks */
	bool binds, ruled, waits;       /* a freeze; the second roster; for acknowledgements */
};

struct start {
	bool used;
	struct hash32 key; /* of the journal, the time, and what is counted beside them */
	struct outcome outcome;
};

/* Places of the events in a node's row of steps. */
enum {
	AT_SIGN = 0,
	AT_SIGN_DIES = AT_SIGN + 2 * VARIANTS,
	AT_ACK = AT_SIGN_DIES + 2 * VARIANTS,
	AT_ACK_DIES = AT_ACK + WATCHERS * VARIANTS,
	AT_BEAT = AT_ACK_DIES + WATCHERS * VARIANTS,
	AT_FREEZE = AT_BEAT + WATCHERS * STOPPED * SHOWN_KINDS * ANSWERS,
	AT_RESUME,
	AT_KILL,
	AT_BACK,
	AT_LATE = AT_BACK + 2,
	AT_ROSTER,
	AT_WAIT,
	AT_CLOSE,
	AT_RENEW,
	STEPS,
};

/* With NONCES: the newest word of a watcher that came since the start and is not too old. */
struct word {
	uint8_t answers; /* NEWEST or BEFORE; FOR_IT: there is none */
	uint8_t stopped; /* enum stopped */
};

/* The world beside the signer. */
struct state {
	uint32_t node;
	uint8_t stops[WATCHERS]; /* enum stopped */
	uint8_t released;        /* bit v: a signature of variant v is out */
	uint8_t ruled, closed;   /* the second roster was in force once; the till is closed */
	struct record_name held[WATCHERS];
	/* with NONCES: the least that a word to the newest nonce can say, and to the one before */
	uint8_t least[GOOD][WATCHERS];
	struct word word[WATCHERS];
};

/* Bugs of the world around the guard, with NONCES. */
enum {
	PLANT_AGELESS = 1,  /* no nonce and no heartbeat becomes too old */
	PLANT_BACKWARD = 2, /* a watcher's older word counts behind a newer one */
	PLANT_REPEATS = 4,  /* each start gives the same nonces */
};

static struct walk {
	int s;         /* the signer */
	unsigned with; /* BACKS, ... */
	struct guard base;
	struct node *nodes;
	size_t nodes_n;
	struct step (*steps)[STEPS];
	uint32_t *node_at;    /* hash table of prints: node + 1 */
	struct start *starts; /* hash table */
	size_t starts_n;
	struct state *states;
	uint32_t *from; /* state that led here, + 1 */
	struct happening *by;
	size_t states_n;
	uint32_t *state_at; /* hash table */
	uint32_t fresh_journal;
	struct rig_bodies request[VARIANTS][2]; /* with the back end's first key, with its second */
	struct hash32 first_id;                 /* of the freeze, or of the second roster */
	struct hash32 head[STOPPED];            /* of who has this much */
	struct rig_key backend, newcomer;       /* of the second roster */
	struct hash32 former;                   /* the first nonce of the first start */
	unsigned planted;                       /* bugs of the world */
	size_t ruled_n;                         /* signatures that left under it */
	uint64_t asked;                         /* the SIGN of this step */

	struct {
		uint8_t body[16400];
		size_t n;
	} told[STOPPED], closing; /* the freeze, the resume; or the second roster */

	const char *broken; /* the promise that did not hold */
	uint32_t broken_at;
	struct happening broken_by;
} walk;

/* Bugs: enum guard_planted, enum control_planted, PLANT_AGELESS and the like. */
struct planted {
	unsigned guard, control, world;
};

/* A's answers to both variants, each from a life of its own: B gets any. */
static uint8_t answer_raw[VARIANTS][2][8192];
static struct bytes answer[VARIANTS][2];

/* ---- a guard as its difference from a fresh one ---- */

/*
 * A guard is a megabyte, and an event changes some pages of it.  Which, its memory protection
 * tells: the first write to a page ends in page_written().  Only those pages are compared with the
 * fresh guard, and put back.
 */
enum {
	PAGE = 4096,
	PAGES_MAX = sizeof(struct guard) / PAGE + 2,
	OFTEN = 100, /* times: a page that so many events wrote is compared without being asked */
};

static struct pages {
	uint8_t *at; /* the pages in which the guard lies, whole */
	size_t n;
	bool written[PAGES_MAX]; /* since they were put back; not protected */
	unsigned times[PAGES_MAX];
	uint32_t other[PAGES_MAX * PAGE / BLOCK]; /* blocks that differ from the fresh guard's */
	size_t others;
} pages;

static void page_written(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	size_t page = (at - (uintptr_t)pages.at) / PAGE;

	(void)context;
	if (at < (uintptr_t)pages.at || page >= pages.n || pages.written[page]) {
		(void)signal(number, SIG_DFL); /* a fault as any other: it comes again */
		return;
	}
	pages.written[page] = true;
	pages.times[page]++;
	CHECK(mprotect(pages.at + page * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
}

/* Before all of it is written. */
static void pages_open(void)
{
	memset(pages.written, true, pages.n);
	CHECK(mprotect(pages.at, pages.n * PAGE, PROT_READ | PROT_WRITE) == 0);
}

/* The next write to a page is told. */
static void pages_shut(void)
{
	size_t from = 0;

	while (from < pages.n) {
		size_t to = from;

		while (to < pages.n && pages.written[to] && pages.times[to] < OFTEN) {
			pages.written[to++] = false;
		}
		if (to > from) {
			CHECK(mprotect(pages.at + from * PAGE, (to - from) * PAGE, PROT_READ) == 0);
		}
		from = to + 1;
	}
}

static void pages_begin(void)
{
	const struct sigaction written = { .sa_sigaction = page_written,
					   .sa_flags = SA_SIGINFO | SA_NODEFER };
	uintptr_t first = (uintptr_t)&r.g[walk.s];

	pages.at = (uint8_t *)&r.g[walk.s] - first % PAGE;
	pages.n = (first % PAGE + sizeof(struct guard) + PAGE - 1) / PAGE;
	pages.others = 0;
	memset(pages.times, 0, sizeof pages.times);
	CHECK(pages.n <= PAGES_MAX && sigaction(SIGSEGV, &written, NULL) == 0);
	pages_open();
	pages_shut();
}

static void pages_end(void)
{
	pages_open();
	(void)signal(SIGSEGV, SIG_DFL);
}

static bool is_scratch(size_t at)
{
	return at >= offsetof(struct guard, text) / BLOCK &&
	       (at + 1) * BLOCK <= offsetof(struct guard, ack_bytes);
}

static size_t block_bytes(size_t at)
{
	size_t left = sizeof(struct guard) - at * BLOCK;

	return left < BLOCK ? left : BLOCK;
}

/* Some page in which this block lies was written. */
static bool is_written(size_t at)
{
	const uint8_t *first = (const uint8_t *)&r.g[walk.s] + at * BLOCK;

	return pages.written[(size_t)(first - pages.at) / PAGE] ||
	       pages.written[(size_t)(first + block_bytes(at) - 1 - pages.at) / PAGE];
}

/* Finds the blocks in which the guard is another than the fresh one now. */
static void pages_compare(void)
{
	const uint8_t *now = (const uint8_t *)&r.g[walk.s];
	const uint8_t *base = (const uint8_t *)&walk.base;

	pages.others = 0;
	for (size_t at = 0; at * BLOCK < sizeof(struct guard); at++) {
		if (is_written(at) &&
		    memcmp(now + at * BLOCK, base + at * BLOCK, block_bytes(at)) != 0) {
			pages.other[pages.others++] = (uint32_t)at;
		}
	}
}

/* What pages_compare() found. */
static void node_save(struct node *n)
{
	const uint8_t *now = (const uint8_t *)&r.g[walk.s];

	n->blocks = calloc(pages.others + 1, BLOCK + 4);
	CHECK(n->blocks != NULL);
	for (size_t i = 0; i < pages.others; i++) {
		size_t at = pages.other[i];
		uint8_t *to = n->blocks + (size_t)n->blocks_n * (BLOCK + 4);

		if (!is_scratch(at)) {
			le32_put(to, (uint32_t)at);
			memcpy(to + 4, now + at * BLOCK, block_bytes(at));
			n->blocks_n++;
		}
	}
	n->journal_n = (uint32_t)r.journal_n[walk.s];
	n->journal = malloc(n->journal_n);
	CHECK(n->journal != NULL);
	memcpy(n->journal, r.journal[walk.s], n->journal_n);
	n->payments_n = r.g[walk.s].payments_n;
	CHECK(n->payments_n <= PAYMENTS && r.g[walk.s].history.n <= PAYMENTS);
	memcpy(n->payments, r.payments[walk.s], n->payments_n * sizeof n->payments[0]);
	memcpy(n->entries, r.entries[walk.s], r.g[walk.s].history.n * sizeof n->entries[0]);
	n->mono = r.mono;
	n->wall = r.wall;
}

static void node_load(const struct node *n)
{
	uint8_t *now = (uint8_t *)&r.g[walk.s];

	for (size_t i = 0; i < pages.others; i++) {
		size_t at = pages.other[i];

		memcpy(now + at * BLOCK, (const uint8_t *)&walk.base + at * BLOCK, block_bytes(at));
	}
	pages_shut();
	for (size_t i = 0; i < n->blocks_n; i++) {
		const uint8_t *block = n->blocks + i * (BLOCK + 4);
		size_t at = le32_get(block);

		memcpy(now + at * BLOCK, block + 4, block_bytes(at));
	}
	memcpy(r.journal[walk.s], n->journal, n->journal_n);
	r.journal_n[walk.s] = n->journal_n;
	memcpy(r.payments[walk.s], n->payments, sizeof n->payments);
	memcpy(r.entries[walk.s], n->entries, sizeof n->entries);
	r.mono = n->mono;
	r.wall = n->wall;
	r.fuse = NO_FUSE;
	r.dead = false;
	rig_forget();
}

/* ---- what can be told apart ---- */

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014) over a running sum. */
static void print_add(uint64_t *print, uint64_t v)
{
	uint64_t z = *print + UINT64_C(0x9e3779b97f4a7c15) + v * UINT64_C(0xd1342543de82ef95);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	*print = z ^ (z >> 31);
}

static struct hash32 attempt_ids[VARIANTS];

/* By its mark. */
static uint8_t variant_of(uint64_t subject)
{
	uint64_t second = guard_self_mark(&r.g[walk.s], &attempt_ids[1]);

	CHECK(subject == second || subject == guard_self_mark(&r.g[walk.s], &attempt_ids[0]));
	return subject == second;
}

/* Of the second roster: what a later step could come to see. */
static void print_rules(uint64_t *print, const struct node *n)
{
	const struct guard *g = &r.g[walk.s];
	const struct control_entry *e = &g->control.entries[0];
	uint32_t now_s = 0;

	print_add(print, n->waits);
	print_add(print, g->control.roster_place);
	print_add(print, g->closings[0].closed);
	if (g->control.n > 0 && (walk.with & ROTATES) != 0) {
		CHECK(nem_time_from_unix_ms(&now_s, r.wall) == ERR_OK);
		print_add(print, e->state);
		print_add(print, g->own_ms - e->own_ms >= e->wait_ms);
		print_add(print, e->chain_s != 0);
		print_add(print, (uint64_t)(now_s - e->chain_s) * 1000 >= e->wait_ms);
	}
}

/*
 * Numbers that only grow (sequences, nonces, times, counters) are left out; what is compared with
 * them is put in by its outcome.
 */
static uint64_t node_print(const struct node *n)
{
	const struct guard *g = &r.g[walk.s];
	uint64_t print = 1;

	print_add(&print, n->life);
	print_add(&print, n->lates);
	print_add(&print, g->control.binding);
	print_add(&print, g->control.n);
	print_add(&print, g->locked);
	print_rules(&print, n);
	print_add(&print, (uint64_t)n->nonces << 1 | n->again);
	if ((walk.with & NONCES) != 0 && g->control.binding > 0) {
		return print; /* for ever */
	}
	print_add(&print, n->payments_n);
	for (size_t i = 0; i < n->payments_n; i++) {
		const struct guard_payment *p = &r.payments[walk.s][i];

		print_add(&print, variant_of(p->subject));
		print_add(&print, n->name[i].life);
		print_add(&print, p->acked);
		print_add(&print, p->roster);
	}
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		const struct guard_pending *p = &g->pending[i];

		for (size_t k = 0; p->used && k < n->payments_n; k++) {
			if (guard_self_mark(g, &p->attestation) ==
			    r.payments[walk.s][k].attestation) {
				print_add(&print, 100 + 2 * k + p->waiting);
			}
		}
	}
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		const struct guard_watcher *w = &g->watchers[i];
		bool fresh =
		    w->heard && g->mono_ms - w->issued_mono_ms <= g->policy.heartbeat_age_ms;

		print_add(&print, fresh);
		if (!fresh) {
			continue;
		}
		print_add(&print, w->stop_count);
		print_add(&print, w->roster_agrees);
		if ((walk.with & NONCES) != 0) {
			print_add(&print, g->nonces_made - w->nonce_number);
		}
		for (size_t k = 0; k < n->payments_n; k++) {
			print_add(&print, r.payments[walk.s][k].sequence <= w->records_sequence);
		}
	}
	return print;
}

/* name: of the payments as they stand now; the node may have the same from another way. */
static uint32_t node_of_now(const struct node *before, struct record_name name[PAYMENTS])
{
	struct node n = { .life = before->life,
			  .lates = before->lates,
			  .waits = before->waits,
			  .again = before->again };
	size_t at;

	if ((walk.with & NONCES) != 0) {
		uint64_t made = r.g[walk.s].nonces_made;

		n.nonces = (uint8_t)(made > GOOD ? GOOD + 1 : made);
	}

	n.payments_n = r.g[walk.s].payments_n;
	CHECK(n.payments_n <= PAYMENTS);
	for (size_t i = 0; i < n.payments_n; i++) {
		bool old = i < before->payments_n &&
			   r.payments[walk.s][i].attestation == before->payments[i].attestation;

		n.name[i].used = true;
		n.name[i].variant = variant_of(r.payments[walk.s][i].subject);
		n.name[i].life = old ? before->name[i].life : n.life;
	}
	memcpy(name, n.name, sizeof n.name);
	n.print = node_print(&n);
	at = n.print % (2 * (size_t)NODES_MAX);
	while (walk.node_at[at] != 0) {
		if (walk.nodes[walk.node_at[at] - 1].print == n.print) {
			return walk.node_at[at] - 1;
		}
		at = (at + 1) % (2 * (size_t)NODES_MAX);
	}
	node_save(&n);
	CHECK(walk.nodes_n < NODES_MAX);
	walk.nodes[walk.nodes_n] = n;
	walk.node_at[at] = (uint32_t)++walk.nodes_n;
	return (uint32_t)walk.nodes_n - 1;
}

/* ---- one event ---- */

static const struct guard_payment *payment_of(uint8_t variant)
{
	for (size_t i = r.g[walk.s].payments_n; i-- > 0;) {
		if (variant_of(r.payments[walk.s][i].subject) == variant) {
			return &r.payments[walk.s][i];
		}
	}
	return NULL;
}

/* Time without wall: what the guard waits for is counted by its own clock. */
static void pass(uint64_t ms)
{
	struct event tick = { .kind = EVENT_TICK };

	r.mono += ms;
	rig_event(walk.s, &tick);
}

/*
 * As if the time for a new nonce had passed, and nothing else were older by it.  Shortly after a
 * start that is before the clock began: what counts is the difference.
 */
static void nonce_renew(void)
{
	struct guard *g = &r.g[walk.s];

	g->nonces[g->nonces_made % GUARD_NONCES].issued_mono_ms =
	    r.mono - g->policy.heartbeat_age_ms / 4;
	pass(0);
}

/* Half the life of a heartbeat, in which a new nonce is made. */
static void half_a_life(void)
{
	struct guard *g = &r.g[walk.s];

	pass(g->policy.heartbeat_age_ms / 2 + 1);
	for (size_t i = 0; (walk.planted & PLANT_AGELESS) != 0 && i < GUARD_NONCES; i++) {
		g->nonces[i].issued_mono_ms = r.mono;
	}
	for (size_t i = 0; (walk.planted & PLANT_AGELESS) != 0 && i < DOC_WATCHERS_MAX; i++) {
		g->watchers[i].issued_mono_ms = r.mono;
	}
}

static struct hash32 nonce_of(uint8_t answers)
{
	const struct guard *g = &r.g[walk.s];
	uint64_t back = answers - (uint64_t)NEWEST;

	if (answers == FORMER) {
		return walk.former;
	}
	CHECK(g->nonces_made > back);
	return g->nonces[(g->nonces_made - back) % GUARD_NONCES].nonce;
}

static unsigned place_of_watcher(unsigned watcher)
{
	return watcher == NEWCOMER ? RETIRED : watcher;
}

static const struct rig_key *key_of_watcher(unsigned watcher)
{
	return watcher == NEWCOMER ? &walk.newcomer : &r.watcher[watcher];
}

static void acknowledge(const struct happening *h)
{
	unsigned place = place_of_watcher(h->watcher);
	struct hash32 attestation;
	char name[16];

	(void)snprintf(name, sizeof name, "watcher-%u", place + 1);
	attestation =
	    rig_attested(walk.s, (size_t)(payment_of(h->variant) - r.payments[walk.s])).id;
	(void)rig_ack_as(walk.s, WATCHER + place, name, &attestation, key_of_watcher(h->watcher));
}

static void ask_to_sign(uint8_t variant, uint8_t renewed)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct bytes items[24];
	const struct rig_bodies *request = &walk.request[variant][renewed];
	size_t n = request->n;

	memcpy(items, request->items, n * sizeof items[0]);
	if (walk.s == B) {
		items[n++] = answer[variant][0];
		items[n++] = answer[variant][1];
	}
	walk.asked = rig_frame(walk.s, SERVER, SIGNER_SIGN, rig_body(&w, items, n));
}

static void beat(const struct happening *h)
{
	struct doc_heartbeat b;
	const struct guard_payment *p = &r.payments[walk.s][h->shows - SHOWS_PAYMENT];

	unsigned place = place_of_watcher(h->watcher);

	if (h->answers == FOR_IT) {
		nonce_renew();
	}
	b = rig_heartbeat(walk.s, place);
	if (h->answers != FOR_IT) {
		b.nonce = nonce_of(h->answers);
	}
	if ((walk.planted & PLANT_BACKWARD) != 0) {
		r.g[walk.s].watchers[place].nonce_number = 0;
	}
	b.stop_count = h->stopped;
	b.stop_head = walk.head[h->stopped];
	if ((walk.with & ROTATES) != 0) {
		b.stop_count = h->stopped != FREE;
		b.roster = h->stopped == RULED ? walk.first_id : r.roster_id;
	}
	if (h->shows == SHOWS_LATER || h->shows == SHOWS_PASSED) {
		b.records_sequence = h->shows == SHOWS_PASSED ? 1 : UINT32_MAX;
		b.records_head.b[0] = 9;
	} else if (h->shows >= SHOWS_PAYMENT) {
		b.records_sequence = p->sequence;
		b.records_head = rig_attested(walk.s, (size_t)(p - r.payments[walk.s])).t.head;
	}
	(void)rig_beat_as(walk.s, WATCHER + place, &b, key_of_watcher(h->watcher));
}

static void set_back(uint8_t how)
{
	struct log_batch_head head;
	size_t at = walk.fresh_journal;
	size_t last = at;

	while (how == BY_ONE_BATCH && at < r.journal_n[walk.s]) {
		CHECK(log_batch_head_get(&head, r.journal[walk.s] + at) == ERR_OK);
		last = at;
		at += head.bytes;
	}
	r.journal_n[walk.s] = last;
}

/* But for the start that it may end in. */
static void happen(const struct happening *h)
{
	struct guard *g = &r.g[walk.s];
	enum stopped to;

	switch (h->what) {
	case SIGN_DIES:
	case SIGN:
		r.fuse = h->what == SIGN_DIES ? 1 : NO_FUSE;
		ask_to_sign(h->variant, h->renewed);
		break;
	case ACK_DIES:
	case ACK:
		r.fuse = h->what == ACK_DIES ? 1 : NO_FUSE;
		acknowledge(h);
		break;
	case BEAT:
		beat(h);
		break;
	case ROSTER:
	case FREEZE:
	case RESUME:
		to = h->what == RESUME ? RESUMED : FROZEN;
		(void)rig_frame(walk.s, STOPPER, SIGNER_STOP_PUT,
				bytes_of(walk.told[to].body, walk.told[to].n));
		CHECK(control_find(&g->control, &walk.first_id) != NULL);
		break;
	case WAIT:
		r.wall += WAIT_MS;
		pass(WAIT_MS);
		break;
	case CLOSE:
		(void)rig_frame(walk.s, STOPPER, SIGNER_STOP_PUT,
				bytes_of(walk.closing.body, walk.closing.n));
		break;
	case KILL:
		break;
	case BACK:
		set_back(h->variant);
		break;
	case LATE:
		pass(r.policy.heartbeat_age_ms + 1);
		break;
	case RENEW:
		half_a_life();
		break;
	case LEARN:
	case WHATS:
		CHECK(false);
	}
}

/* Behind it the signer starts anew, from its journal. */
static bool ends_in_a_start(const struct happening *h)
{
	return h->what == KILL || h->what == BACK || h->what == SIGN_DIES || h->what == ACK_DIES;
}

/* The record of the signature that this step let go. */
static struct record_name released_now(const struct outcome *after)
{
	struct record_name none = { .used = false };
	struct doc_attestation t;
	struct doc d;

	for (size_t i = 0; i < r.sent_n; i++) {
		if (rig_type(rig_item(&r.sent[i], 1), &d) != DOC_SIGNATURE) {
			continue;
		}
		CHECK(rig_type(rig_item(&r.sent[i], 0), &d) == DOC_ATTESTATION);
		CHECK(doc_attestation_read(&d, &t, NULL) == ERR_OK);
		for (size_t k = 0; k < after->payments_n; k++) {
			if (after->attestation[k] == guard_self_mark(&r.g[walk.s], &d.id)) {
				return after->name[k];
			}
		}
		/* of no record that the journal holds now */
		return (struct record_name){ true,
					     variant_of(guard_self_mark(&r.g[walk.s], &t.subject)),
					     UINT8_MAX };
	}
	return none;
}

static size_t place_of(const struct happening *h)
{
	size_t both = (size_t)h->watcher * VARIANTS + h->variant;

	switch (h->what) {
	case SIGN:
		return AT_SIGN + 2 * (size_t)h->variant + h->renewed;
	case SIGN_DIES:
		return AT_SIGN_DIES + 2 * (size_t)h->variant + h->renewed;
	case ACK:
		return AT_ACK + both;
	case ACK_DIES:
		return AT_ACK_DIES + both;
	case BEAT:
		return AT_BEAT +
		       (((size_t)h->watcher * STOPPED + h->stopped) * SHOWN_KINDS + h->shows) *
			   ANSWERS +
		       h->answers;
	case FREEZE:
		return AT_FREEZE;
	case RESUME:
		return AT_RESUME;
	case KILL:
		return AT_KILL;
	case BACK:
		return AT_BACK + h->variant;
	case LATE:
		return AT_LATE;
	case ROSTER:
		return AT_ROSTER;
	case WAIT:
		return AT_WAIT;
	case CLOSE:
		return AT_CLOSE;
	case RENEW:
		return AT_RENEW;
	case LEARN:
	case WHATS:
		break;
	}
	CHECK(false);
	return 0;
}

static bool somebody_waits(void)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		if (r.g[walk.s].pending[i].used && r.g[walk.s].pending[i].waiting) {
			return true;
		}
	}
	return false;
}

/*
 * Under the second roster: a request with the back end's old key was taken, or what was judged by
 * the first still waits for its acknowledgements.
 */
static bool is_outdated(const struct happening *h, const struct step *step, bool ruled_before,
			bool waits)
{
	bool old = (h->what == SIGN || h->what == SIGN_DIES) && h->renewed == 0;
	bool renewed = h->what == SIGN && h->renewed == 1;
	bool put_off = h->what == SIGN && rig_answers(walk.asked) == 0;

	if (!step->ruled) {
		return false;
	}
	return (old && (step->accepted || step->released.used || put_off)) ||
	       (!ruled_before && !renewed && waits);
}

static struct outcome outcome_now(const struct node *before)
{
	const struct guard *g = &r.g[walk.s];
	struct outcome o = { .payments_n = g->payments_n,
			     .binds = g->control.binding > 0,
			     .ruled = g->control.roster_place != 0,
			     .waits = somebody_waits() };

	o.node = node_of_now(before, o.name);
	for (size_t i = 0; i < o.payments_n; i++) {
		o.attestation[i] = r.payments[walk.s][i].attestation;
	}
	return o;
}

/* As in node_of_now(), of payments that were found before. */
static bool same_names(const struct outcome *o, const struct node *before)
{
	for (size_t i = 0; i < o->payments_n; i++) {
		bool old =
		    i < before->payments_n && o->attestation[i] == before->payments[i].attestation;

		if (o->name[i].life != (old ? before->name[i].life : before->life)) {
			return false;
		}
	}
	return true;
}

/*
 * What a start makes of a journal follows from the journal and the time alone, and many ways lead
 * to the same: it is found out once.
 */
static struct outcome outcome_of_a_start(const struct node *before)
{
	struct sha256 sum;
	struct hash32 key;
	struct start *known;
	uint8_t more[8 + 3];
	size_t at;

	le64_put(more, r.wall);
	more[8] = before->life;
	more[9] = before->lates;
	more[10] = before->waits;
	sha256_init(&sum);
	sha256_update(&sum, bytes_of(more, sizeof more));
	sha256_update(&sum, bytes_of(r.journal[walk.s], r.journal_n[walk.s]));
	sha256_final(&sum, &key);
	at = le64_get(key.b) % (2 * (size_t)STARTS_MAX);
	while (walk.starts[at].used && !(hash32_eq(&walk.starts[at].key, &key) &&
					 same_names(&walk.starts[at].outcome, before))) {
		at = (at + 1) % (2 * (size_t)STARTS_MAX);
	}
	known = &walk.starts[at];
	if (!known->used) {
		CHECK(walk.starts_n++ < STARTS_MAX);
		size_t sent = r.sent_n;

		pages_open();
		rig_restart(walk.s);
		if ((walk.planted & PLANT_REPEATS) != 0) {
			r.g[walk.s].nonces[1].nonce = walk.former;
		}
		CHECK(r.sent_n == sent); /* else released_now() would have to know of it */
		pages_compare();
		*known = (struct start){ true, key, outcome_now(before) };
	} else {
		pages_compare();
	}
	return known->outcome;
}

static const struct step *step_of(uint32_t node, const struct happening *h)
{
	struct step *step = &walk.steps[node][place_of(h)];
	struct node before = walk.nodes[node];
	struct outcome after;
	size_t payments;
	bool resumed, ruled;

	if (step->to != 0) {
		return step;
	}
	node_load(&before);
	payments = before.payments_n;
	step->frozen = r.g[walk.s].control.binding > 0;
	/* freeze and resume, or the resume that names the freeze; a journal that is set back has
	 * neither */
	resumed = r.g[walk.s].control.n == 2 && h->what != BACK;
	ruled = r.g[walk.s].control.roster_place != 0;
	step->unstopped = r.g[walk.s].control.n == 0;
	happen(h);
	before.waits = (uint8_t)(before.waits + (h->what == WAIT));
	before.life = (uint8_t)(before.life + (h->what == BACK));
	before.lates = (uint8_t)(before.lates + (h->what == LATE));
	if (ends_in_a_start(h)) {
		before.again = (walk.with & NONCES) != 0;
		after = outcome_of_a_start(&before);
	} else {
		pages_compare();
		after = outcome_now(&before);
	}
	step->to = after.node + 1;
	step->refrozen = resumed && after.binds;
	step->accepted = after.payments_n > payments;
	step->released = released_now(&after);
	step->ruled = after.ruled;
	step->outdated = is_outdated(h, step, ruled, after.waits);
	return step;
}

/* ---- the walk ---- */

static bool same_name(const struct record_name *a, const struct record_name *b)
{
	return a->used == b->used && a->variant == b->variant && a->life == b->life;
}

static void go(uint32_t from, struct state next, const struct happening *h)
{
	uint64_t print = 2;
	size_t at;

	print_add(&print, next.node);
	print_add(&print, next.released);
	print_add(&print, (uint64_t)next.ruled << 1 | next.closed);
	for (size_t i = 0; i < WATCHERS; i++) {
		print_add(&print, next.stops[i]);
		print_add(&print, (uint64_t)next.held[i].used << 16 |
				      (uint64_t)next.held[i].variant << 8 | next.held[i].life);
		print_add(&print, (uint64_t)next.least[0][i] << 24 |
				      (uint64_t)next.least[1][i] << 16 |
				      (uint64_t)next.word[i].answers << 8 | next.word[i].stopped);
	}
	at = print % (2 * (size_t)STATES_MAX);
	while (walk.state_at[at] != 0) {
		const struct state *s = &walk.states[walk.state_at[at] - 1];

		if (memcmp(s, &next, sizeof next) == 0) {
			return;
		}
		at = (at + 1) % (2 * (size_t)STATES_MAX);
	}
	CHECK(walk.states_n < STATES_MAX);
	walk.states[walk.states_n] = next;
	walk.from[walk.states_n] = from + 1;
	walk.by[walk.states_n] = *h;
	walk.state_at[at] = (uint32_t)++walk.states_n;
}

static void broke(uint32_t at, const struct happening *h, const char *promise)
{
	if (walk.broken == NULL) {
		walk.broken = promise;
		walk.broken_at = at;
		walk.broken_by = *h;
	}
}

/*
 * A watcher has the record on its disk before it acknowledges it, and takes none that stands before
 * the one that it holds (watch_record.c).
 */
static bool holds(struct state *s, const struct happening *h)
{
	const struct node *node = &walk.nodes[s->node];
	struct record_name *held = &s->held[h->watcher];
	bool later = true;

	for (size_t i = node->payments_n; i-- > 0;) {
		if (node->name[i].variant == h->variant) {
			*held = later ? node->name[i] : *held;
			return later;
		}
		later = later && !same_name(&node->name[i], held);
	}
	CHECK(false);
	return false;
}

/* What is heard, and what old words can still say, behind this event. */
static void words_go_on(struct state *s, const struct happening *h)
{
	struct word *word = &s->word[h->watcher];

	if (h->what == RENEW) {
		memcpy(s->least[1], s->least[0], sizeof s->least[1]);
		memcpy(s->least[0], s->stops, sizeof s->least[0]);
	}
	for (size_t i = 0; h->what == RENEW && i < WATCHERS; i++) {
		s->word[i].answers = s->word[i].answers == NEWEST ? BEFORE : FOR_IT;
		s->word[i].stopped = s->word[i].answers == FOR_IT ? FREE : s->word[i].stopped;
	}
	if (ends_in_a_start(h)) {
		memset(s->word, 0, sizeof s->word);
		for (size_t i = 0; i < GOOD; i++) {
			memcpy(s->least[i], s->stops, sizeof s->least[i]);
		}
	}
	if (h->what == BEAT && (h->answers == NEWEST || h->answers == BEFORE) &&
	    (word->answers == FOR_IT || h->answers < word->answers)) {
		*word = (struct word){ .answers = h->answers, .stopped = h->stopped };
	}
}

/* Of a signature that left by these words. */
static const char *law_of_words(const struct state *s, bool unstopped)
{
	unsigned heard = 0;
	unsigned stopped = 0;
	bool told = false;

	for (size_t i = 0; i < WATCHERS; i++) {
		heard += s->word[i].answers != FOR_IT;
		told = told || s->word[i].stopped != FREE;
		stopped += s->least[1][i] != FREE;
	}
	if (heard < r.roster.watchers_needed) {
		return "a signature when too few watchers were heard lately (P5)";
	}
	if (unstopped && told) {
		return "a signature later than a heartbeat that tells of a freeze (P5)";
	}
	if (unstopped && stopped > WATCHERS - 1 - r.roster.watchers_needed) {
		return "a signature when no older heartbeat can speak for it (P5)";
	}
	return NULL;
}

static void try_one(uint32_t at, const struct happening *h)
{
	struct state next = walk.states[at];
	const struct step *step;
	const struct node *node;
	unsigned holders = 0;
	const char *why = NULL;

	if (h->what == LEARN) {
		next.stops[h->watcher] = h->stopped;
		go(at, next, h);
		return;
	}
	if ((h->what == ACK || h->what == ACK_DIES) && !holds(&next, h)) {
		return;
	}
	step = step_of(next.node, h);
	if ((walk.with & NONCES) != 0) {
		struct state was = next;

		words_go_on(&next, h);
		/* what left before a start left by what was heard before it */
		why = law_of_words(ends_in_a_start(h) ? &was : &next, step->unstopped);
	}
	next.node = step->to - 1;
	node = &walk.nodes[next.node];
	if (step->ruled && node->waits == 0) {
		broke(at, h, "rules that loosen are in force before their wait is over (P13)");
	}
	if (!step->ruled && next.ruled != 0) {
		broke(at, h, "rules that were over are in force again");
	}
	if (step->outdated) {
		broke(at, h, "it goes on by a key, or by rules, that are over");
	}
	next.ruled |= step->ruled;
	next.closed |= h->what == CLOSE;
	if (step->refrozen) {
		broke(at, h, "a freeze that was lifted binds again (P5)");
	}
	if (step->accepted && node->payments_n > 1) {
		broke(at, h, "a second payment for one request (P3)");
	}
	if (step->accepted) {
		for (uint8_t v = 0; v < VARIANTS; v++) {
			bool known = false;

			for (size_t i = 0; i + 1 < node->payments_n; i++) {
				known = known || node->name[i].variant == v;
			}
			if ((next.released >> v & 1) != 0 && !known) {
				broke(at, h, "it signs on, and has forgotten what it let go (P7)");
			}
		}
	}
	if (step->released.used) {
		next.released |= (uint8_t)(1u << step->released.variant);
		walk.ruled_n += step->ruled;
		for (size_t i = 0; i < WATCHERS; i++) {
			holders += i != (step->ruled ? RETIRED : NEWCOMER) &&
				   same_name(&next.held[i], &step->released);
		}
		if (next.closed != 0 && step->released.variant == 0) {
			broke(at, h, "a signature of an account that is closed (T09)");
		}
		if (step->frozen) {
			broke(at, h, "a signature after the freeze (P5)");
		}
		if (holders < r.roster.watchers_needed) {
			broke(at, h, "a signature that too few watchers hold (P2)");
		}
		if (why != NULL) {
			broke(at, h, why);
		}
		if (next.released == 3) {
			broke(at, h, "two signatures for one request (P3)");
		}
	}
	go(at, next, h);
}

/*
 * A heartbeat to each nonce, of any moment since that was made, as it is delivered now.  Who
 * answers one that is over, or another start's, did it before there was a freeze.  What it shows of
 * this signer's records is walked without this.
 */
static void try_answers(uint32_t at, uint8_t watcher)
{
	const struct node n = walk.nodes[walk.states[at].node];
	struct happening h = { .what = BEAT, .watcher = watcher, .shows = SHOWS_NONE };
	uint8_t most = walk.states[at].stops[watcher];

	for (h.answers = NEWEST; h.answers < NEWEST + GOOD && h.answers <= n.nonces; h.answers++) {
		uint8_t least = walk.states[at].least[h.answers - NEWEST][watcher];

		for (h.stopped = least; h.stopped <= most; h.stopped++) {
			try_one(at, &h);
		}
	}
	h.stopped = FREE;
	h.answers = EXPIRED;
	if (n.nonces > GOOD) {
		try_one(at, &h);
	}
	h.answers = FORMER;
	if (n.again) {
		try_one(at, &h);
	}
}

/* What this watcher's heartbeat can show in this state: one kind, or two for a lost record. */
static void try_beats(uint32_t at, uint8_t watcher)
{
	const struct state *s = &walk.states[at];
	const struct node *n = &walk.nodes[s->node];
	struct happening h = { .what = BEAT,
			       .watcher = watcher,
			       .stopped = s->stops[watcher],
			       .shows = s->held[watcher].used ? SHOWS_LATER : SHOWS_NONE };

	if ((walk.with & NONCES) != 0) {
		try_answers(at, watcher);
		return;
	}

	for (size_t i = 0; i < n->payments_n; i++) {
		if (same_name(&n->name[i], &s->held[watcher])) {
			h.shows = (uint8_t)(SHOWS_PAYMENT + i);
		}
	}
	try_one(at, &h);
	if (h.shows == SHOWS_LATER) {
		h.shows = SHOWS_PASSED;
		try_one(at, &h);
	}
}

/* Who keeps the old keys goes on to use them; the newcomer starts with the roster that names it. */
static bool takes_part(const struct state *s, unsigned watcher)
{
	return watcher != NEWCOMER || s->stops[NEWCOMER] == RULED;
}

static void try_watcher(uint32_t at, uint8_t w, const bool has[VARIANTS])
{
	const struct state *s = &walk.states[at];
	uint8_t most = (walk.with & (RESUMES | ROTATES)) != 0 ? RESUMED
		       : (walk.with & FREEZES) != 0           ? FROZEN
							      : FREE;
	uint8_t least = w == NEWCOMER ? RULED : FROZEN;

	most = w == RETIRED && (walk.with & ROTATES) != 0 ? TOLD : most;
	for (uint8_t to = s->stops[w] < least ? least : s->stops[w] + 1; to <= most; to++) {
		try_one(at, &(struct happening){ .what = LEARN, .watcher = w, .stopped = to });
	}
	if (!takes_part(&walk.states[at], w)) {
		return;
	}
	for (uint8_t v = 0; v < VARIANTS; v++) {
		if (has[v]) {
			try_one(at, &(struct happening){ ACK, w, v, 0, 0, 0, 0 });
			try_one(at, &(struct happening){ ACK_DIES, w, v, 0, 0, 0, 0 });
		}
	}
	try_beats(at, w);
}

static void try_sign(uint32_t at, uint8_t variant, uint8_t renewed)
{
	struct happening h = { .what = SIGN, .variant = variant, .renewed = renewed };

	try_one(at, &h);
	h.what = SIGN_DIES;
	try_one(at, &h);
}

static void try_all(uint32_t at)
{
	const struct node *n = &walk.nodes[walk.states[at].node];
	bool rotates = (walk.with & ROTATES) != 0;
	bool has[VARIANTS] = { false };

	for (size_t i = 0; i < n->payments_n; i++) {
		has[n->name[i].variant] = true;
	}
	for (uint8_t w = 0; w < (rotates ? WATCHERS : WATCHERS - 1); w++) {
		if (w != SILENT || (walk.with & SILENCE) == 0) {
			try_watcher(at, w, has);
		}
	}
	/* of these one attempt shows everything: the second is walked beside all else */
	for (uint8_t v = 0; v < ((walk.with & (ROTATES | NONCES)) != 0 ? 1 : VARIANTS); v++) {
		try_sign(at, v, 0);
	}
	if (rotates) {
		try_sign(at, 0, 1);
		try_one(at, &(struct happening){ .what = ROSTER });
	}
	if ((walk.with & FREEZES) != 0) {
		try_one(at, &(struct happening){ .what = FREEZE });
	}
	if ((walk.with & RESUMES) != 0) {
		try_one(at, &(struct happening){ .what = RESUME });
	}
	if ((walk.with & CLOSES) != 0) {
		try_one(at, &(struct happening){ .what = CLOSE });
	}
	try_one(at, &(struct happening){ .what = KILL });
	if ((walk.with & BACKS) != 0 && walk.nodes[walk.states[at].node].life == 0) {
		try_one(at, &(struct happening){ .what = BACK, .variant = TO_THE_START });
		try_one(at, &(struct happening){ .what = BACK, .variant = BY_ONE_BATCH });
	}
	if ((walk.with & BACKS) != 0 && walk.nodes[walk.states[at].node].lates == 0) {
		try_one(at, &(struct happening){ .what = LATE });
	}
	if ((walk.with & NONCES) != 0) {
		try_one(at, &(struct happening){ .what = RENEW });
	}
	if (rotates && walk.nodes[walk.states[at].node].waits < WAITS) {
		try_one(at, &(struct happening){ .what = WAIT });
	}
}

/* ---- worlds ---- */

static void requests_make(void)
{
	uint32_t chain_s = 0;

	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	rig_withdrawal(X(50), 0, 1);
	r.order.expires_ms = r.wall + r.policy.order_life_ms; /* it outlives the waits */
	for (size_t v = 0; v < VARIANTS; v++) {
		const struct key32 *from = v == 0 ? &r.till.public_key : &r.next_till.public_key;

		CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, from,
				   chain_s) == ERR_OK);
		for (size_t key = 0; key < 2; key++) {
			r.request_key = key == 0 ? &r.backend : &walk.backend;
			rig_encode(&walk.request[v][key]);
		}
		attempt_ids[v] = r.attempt_id;
	}
}

/* SHA-256 over sorted ids (policy/control.h). */
static struct hash32 head_of(const struct hash32 *a, const struct hash32 *b)
{
	const struct hash32 *first = b != NULL && hash32_cmp(b, a) < 0 ? b : a;
	struct sha256 sum;
	struct hash32 head;

	sha256_init(&sum);
	sha256_update(&sum, bytes_of(first->b, sizeof first->b));
	if (b != NULL) {
		const struct hash32 *second = first == a ? b : a;

		sha256_update(&sum, bytes_of(second->b, sizeof second->b));
	}
	sha256_final(&sum, &head);
	return head;
}

/* Both officers of the rig, who are its governance, lift the freeze. */
static void resume_make(void)
{
	static struct paper p;
	const uint8_t *const officers[] = { r.person[0].secret, r.person[1].secret };
	struct writer body = writer_make(walk.told[RESUMED].body, sizeof walk.told[RESUMED].body);
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.lift_count = 1,
				.scope = DOC_SCOPE_ALL };
	struct bytes item;

	x.freezes[0].id = walk.first_id;
	paper_make(&p, DOC_RESUME, &x, &r.genesis_id, officers, ARRAY_LEN(officers));
	item = bytes_of(p.raw, p.n);
	walk.told[RESUMED].n = rig_body(&body, &item, 1).n;
	walk.head[FREE] = (struct hash32){ { 0 } };
	walk.head[FROZEN] = head_of(&walk.first_id, NULL);
	walk.head[RESUMED] = head_of(&walk.first_id, &p.id);
}

/* The second roster: other keys of a watcher, of the back end and of an officer. */
static void roster_make(void)
{
	static struct paper p;
	const uint8_t *const officers[] = { r.person[0].secret, r.person[1].secret };
	struct writer body = writer_make(walk.told[TOLD].body, sizeof walk.told[TOLD].body);
	struct doc_roster next = r.roster;
	struct rig_key officer;
	struct bytes item;

	rig_key(&officer, 92);
	next.number = 2;
	next.previous = r.roster_id;
	next.watchers[RETIRED].key = walk.newcomer.key;
	next.backends[0].key = walk.backend.key;
	next.people[1].key = officer.key;
	paper_make(&p, DOC_ROSTER, &next, &r.genesis_id, officers, ARRAY_LEN(officers));
	item = bytes_of(p.raw, p.n);
	walk.told[TOLD].n = rig_body(&body, &item, 1).n;
	walk.first_id = p.id;
	walk.head[TOLD] = walk.head[RULED] = head_of(&p.id, NULL);
}

static void closing_make(void)
{
	static uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer body = writer_make(walk.closing.body, sizeof walk.closing.body);
	struct doc_closing c = { .account = r.till.public_key,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "its keys are rotated" };
	struct bytes item;

	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	walk.closing.n = rig_body(&body, &item, 1).n;
}

static void world_make(struct planted planted)
{
	struct doc_freeze f;
	struct bytes raw;
	static uint8_t freeze_raw[16384];
	struct writer w = writer_make(walk.told[FROZEN].body, sizeof walk.told[FROZEN].body);
	struct doc d;

	rig_heartbeat_age_ms = 900000; /* many nonces within it, and the order outlives it */
	rig_loosening_ms = WAIT_MS;
	rig_make();
	r.planted = planted.guard;
	r.planted_control = planted.control;
	rig_guard(walk.s);
	rig_key(&walk.backend, 90);
	rig_key(&walk.newcomer, 91);
	requests_make();
	f = rig_freeze("officer-1", 1);
	raw = rig_freeze_raw(freeze_raw, &f, &r.person[0]);
	walk.told[FROZEN].n = rig_body(&w, &raw, 1).n;
	CHECK(doc_open(&d, raw, &r.genesis_id, NULL) == ERR_OK);
	walk.first_id = d.id;
	resume_make();
	closing_make();
	if ((walk.with & ROTATES) != 0) {
		roster_make();
	}
}

/* What A answers to each variant when it is asked for that one alone. */
static void answers_make(void)
{
	for (uint8_t v = 0; v < VARIANTS; v++) {
		static uint8_t body[65536];
		struct writer w = writer_make(body, sizeof body);
		uint64_t id;

		walk.s = A;
		world_make((struct planted){ .guard = 0 });
		rig_well(A);
		id = rig_frame(A, SERVER, SIGNER_SIGN,
			       rig_body(&w, walk.request[v][0].items, walk.request[v][0].n));
		rig_acks(A);
		CHECK(rig_signed(id));
		for (size_t i = 0; i < 2; i++) {
			struct bytes item = rig_item(rig_answer(id), i);

			CHECK(item.n <= sizeof answer_raw[v][i]);
			memcpy(answer_raw[v][i], item.p, item.n);
			answer[v][i] = bytes_of(answer_raw[v][i], item.n);
		}
	}
}

static void walk_free(void)
{
	pages_end();
	for (size_t i = 0; i < walk.nodes_n; i++) {
		free(walk.nodes[i].blocks);
		free(walk.nodes[i].journal);
	}
	free(walk.nodes);
	free(walk.steps);
	free(walk.node_at);
	free(walk.starts);
	free(walk.states);
	free(walk.from);
	free(walk.by);
	free(walk.state_at);
}

static void *many(size_t n, size_t size)
{
	void *p = calloc(n, size);

	CHECK(p != NULL);
	return p;
}

/* Walks until nothing is new, or a promise is broken.  Gives the states back. */
static size_t walk_all(int signer, unsigned with, struct planted planted)
{
	struct node first = { .life = 0 };
	struct happening none = { .what = WHATS };
	struct record_name name[PAYMENTS];
	struct state start;

	memset(&walk, 0, sizeof walk);
	walk.nodes = many(NODES_MAX, sizeof walk.nodes[0]);
	walk.steps = many(NODES_MAX, sizeof walk.steps[0]);
	walk.starts = many(2 * (size_t)STARTS_MAX, sizeof walk.starts[0]);
	walk.node_at = many(2 * (size_t)NODES_MAX, sizeof walk.node_at[0]);
	walk.states = many(STATES_MAX, sizeof walk.states[0]);
	walk.from = many(STATES_MAX, sizeof walk.from[0]);
	walk.by = many(STATES_MAX, sizeof walk.by[0]);
	walk.state_at = many(2 * (size_t)STATES_MAX, sizeof walk.state_at[0]);
	walk.with = with;
	if (signer == B) {
		answers_make();
	}
	walk.s = signer;
	world_make(planted);
	walk.planted = planted.world;
	walk.former = r.g[walk.s].nonces[1].nonce;
	walk.base = r.g[walk.s];
	pages_begin();
	walk.fresh_journal = (uint32_t)r.journal_n[walk.s];
	memset(&start, 0, sizeof start);
	start.node = node_of_now(&first, name);
	go(0, start, &none);
	for (uint32_t at = 0; at < walk.states_n && walk.broken == NULL; at++) {
		try_all(at);
	}
	return walk.states_n;
}

static void tell_way(void)
{
	static const char *const words[ANSWERS] = { "", "", ", nonce before", ", nonce expired",
						    ", nonce of another start" };
	struct happening way[256];
	size_t n = 0;

	way[n++] = walk.broken_by;
	for (uint32_t at = walk.broken_at;
	     walk.from[at] != 0 && walk.by[at].what != WHATS && n < 256; at = walk.from[at] - 1) {
		way[n++] = walk.by[at];
	}
	printf("# %s, after:", walk.broken);
	while (n-- > 0) {
		printf(" %s", what_names[way[n].what]);
		switch (way[n].what) {
		case SIGN:
		case SIGN_DIES:
			printf("(attempt %u%s)", way[n].variant + 1u,
			       way[n].renewed != 0 ? ", new key" : "");
			break;
		case ACK:
		case ACK_DIES:
			printf("(watcher %u, attempt %u)", way[n].watcher + 1u,
			       way[n].variant + 1u);
			break;
		case BEAT:
			printf("(watcher %u%s)", way[n].watcher + 1u, words[way[n].answers]);
			break;
		case LEARN:
			printf("(watcher %u)", way[n].watcher + 1u);
			break;
		case FREEZE:
		case RESUME:
		case KILL:
		case BACK:
		case LATE:
		case ROSTER:
		case WAIT:
		case CLOSE:
		case RENEW:
		case WHATS:
			break;
		}
	}
	printf("\n");
}

static void all_ways(int signer, unsigned with)
{
	size_t released = 0;
	size_t first = 0;
	size_t second = 0;
	size_t closed = 0;
	size_t n = walk_all(signer, with, (struct planted){ .guard = 0 });

	if (walk.broken != NULL) {
		tell_way();
	}
	T_CHECK(walk.broken == NULL);
	for (size_t i = 0; i < n; i++) {
		const struct state *s = &walk.states[i];

		released += s->released != 0;
		first += s->stops[0] == FROZEN;
		second += s->stops[0] == RESUMED && s->released != 0;
		closed += s->closed != 0 && s->released == 2;
	}
	printf("# signer %c: %zu states of the world, %zu of the signer, %zu starts, %zu after a "
	       "signature\n",
	       signer == A ? 'a' : 'b', n, walk.nodes_n, walk.starts_n, released);
	/* the walk went where it matters */
	T_CHECK(released > 300);
	T_CHECK((first > 300) == ((with & (FREEZES | ROTATES)) != 0));
	T_CHECK((second > 300) == ((with & (RESUMES | ROTATES)) != 0));
	T_CHECK((walk.ruled_n > 100) == ((with & ROTATES) != 0));
	T_CHECK((closed > 100) == ((with & CLOSES) != 0));
	walk_free();
}

/* KURAMORI_EXPLORE=all: also what is the same code, and is walked elsewhere. */
static unsigned all_with(unsigned more)
{
	return getenv("KURAMORI_EXPLORE") != NULL ? more : 0;
}

static void all_ways_of_a(void)
{
	all_ways(A, FREEZES | BACKS);
}

static void all_ways_of_b(void)
{
	all_ways(B, FREEZES | all_with(BACKS));
}

static void all_ways_with_a_resume(void)
{
	all_ways(A, FREEZES | RESUMES | all_with(BACKS));
}

static void all_ways_with_a_roster(void)
{
	all_ways(A, ROTATES | (getenv("KURAMORI_EXPLORE") != NULL ? CLOSES : SILENCE));
}

static void all_ways_with_a_closing(void)
{
	all_ways(A, CLOSES | FREEZES | all_with(BACKS));
}

static void all_ways_with_nonces(void)
{
	all_ways(A, NONCES | FREEZES);
}

static void planted_is_found(unsigned with, struct planted planted, const char *promise)
{
	(void)walk_all(A, with, planted);
	T_CHECK(walk.broken != NULL);
	tell_way();
	T_STR(walk.broken, promise);
	walk_free();
}

static void early_signature(void)
{
	planted_is_found(FREEZES | BACKS, (struct planted){ .guard = GUARD_PLANT_NO_ACK_WAIT },
			 "a signature that too few watchers hold (P2)");
}

static void forgets_on_replay(void)
{
	planted_is_found(FREEZES | BACKS, (struct planted){ .guard = GUARD_PLANT_FORGET_ON_REPLAY },
			 "a second payment for one request (P3)");
}

static void forgets_resumes(void)
{
	planted_is_found(FREEZES | RESUMES, (struct planted){ .guard = GUARD_PLANT_FORGET_RESUME },
			 "a freeze that was lifted binds again (P5)");
}

static void does_not_wait(void)
{
	planted_is_found(ROTATES | SILENCE, (struct planted){ .control = CONTROL_PLANT_AT_ONCE },
			 "rules that loosen are in force before their wait is over (P13)");
}

static void forgets_rules(void)
{
	planted_is_found(ROTATES | SILENCE, (struct planted){ .guard = GUARD_PLANT_FORGET_RULES },
			 "rules that were over are in force again");
}

static void old_acknowledgements(void)
{
	planted_is_found(ROTATES | SILENCE, (struct planted){ .guard = GUARD_PLANT_ACKS_STAY },
			 "a signature that too few watchers hold (P2)");
}

static void old_judgements(void)
{
	planted_is_found(ROTATES | SILENCE, (struct planted){ .guard = GUARD_PLANT_RULES_LATE },
			 "it goes on by a key, or by rules, that are over");
}

static void forgets_closings(void)
{
	planted_is_found(CLOSES, (struct planted){ .guard = GUARD_PLANT_FORGET_CLOSING },
			 "a signature of an account that is closed (T09)");
}

static void ageless(void)
{
	planted_is_found(NONCES | FREEZES, (struct planted){ .world = PLANT_AGELESS },
			 "a signature when too few watchers were heard lately (P5)");
}

static void older_words(void)
{
	planted_is_found(NONCES | FREEZES, (struct planted){ .world = PLANT_BACKWARD },
			 "a signature later than a heartbeat that tells of a freeze (P5)");
}

static void same_nonces(void)
{
	planted_is_found(NONCES | FREEZES, (struct planted){ .world = PLANT_REPEATS },
			 "a signature when too few watchers were heard lately (P5)");
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every order of events at signer a", all_ways_of_a },
		{ "every order of events at signer b", all_ways_of_b },
		{ "every order of events with a resume", all_ways_with_a_resume },
		{ "every order of events with other keys", all_ways_with_a_roster },
		{ "every order of events with a till that is closed", all_ways_with_a_closing },
		{ "every order of events with nonces that expire", all_ways_with_nonces },
		{ "a signature before its acknowledgements is found", early_signature },
		{ "a request forgotten by a replay is found", forgets_on_replay },
		{ "a resume forgotten by a replay is found", forgets_resumes },
		{ "a roster that does not wait is found", does_not_wait },
		{ "a roster forgotten by a replay is found", forgets_rules },
		{ "acknowledgements of another watcher are found", old_acknowledgements },
		{ "a judgement by rules that are over is found", old_judgements },
		{ "a closing forgotten by a replay is found", forgets_closings },
		{ "heartbeats that never expire are found", ageless },
		{ "an old word that counts behind a newer one is found", older_words },
		{ "nonces that come again with a start are found", same_nonces },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
