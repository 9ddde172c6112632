/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_nodes.h - several nodes, of which k must say the same before it is believed (nem.md 6: ask
 * two or three independent nodes before crediting).  No I/O: the caller sends, and tells what came.
 *
 * What it promises: k-1 nodes that lie together never make anything agreed that no honest node
 * said.  k that lie together can; nothing but the blocks' own proofs (nem_follow.h) stands then.
 * They can hinder an answer unless k honest nodes are left, so n >= 2k-1 is the sensible number.
 */
#ifndef KURAMORI_CHAIN_NEM_NODES_H
#define KURAMORI_CHAIN_NEM_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { NEM_NODES_MAX = 16, NEM_PAGE_ENTRIES = 25 };

/* Why a node is named.  The later in this list, the worse; a worse one is never overwritten. */
enum nem_node_fault {
	NEM_NODE_WELL = 0,
	NEM_NODE_SILENT,  /* no answer in time, or no connection */
	NEM_NODE_BEHIND,  /* its chain is shorter than the agreed one for too long */
	NEM_NODE_AHEAD,   /* it claims blocks that k nodes do not have, for too long */
	NEM_NODE_GARBLED, /* an answer that does not parse */
	NEM_NODE_HASH,    /* another hash at an agreed height */
	NEM_NODE_BALANCE, /* another balance at an agreed height */
	NEM_NODE_PAGES,   /* a list that repeats, runs backwards or never ends */
	NEM_NODE_BLOCK,   /* a block that does not prove itself (nem_follow_offer()) */
	NEM_NODE_FAULTS
};

struct nem_nodes_limits {
	uint32_t backoff_ms;      /* before the second try; doubles; at least 2 */
	uint32_t backoff_most_ms; /* it grows no further; at least backoff_ms */
	uint32_t differ_blocks;   /* a height may differ by so much for any time */
	uint32_t differ_ms;       /* and by more for so long */
};

struct nem_node {
	bool asked;
	bool has_height;
	bool differs;      /* in height, since differ_since_ms */
	uint32_t failures; /* in a row */
	uint64_t ready_ms; /* not to be asked before */
	uint64_t height;
	uint64_t differ_since_ms;
	enum nem_node_fault fault;
};

/* Caller's storage, no pointers inside.  Times are of one monotonic clock, in milliseconds. */
struct nem_nodes {
	uint32_t n;
	uint32_t k;
	struct nem_nodes_limits limits;
	struct nem_node node[NEM_NODES_MAX];
};

/* Dies unless 1 <= k <= n <= NEM_NODES_MAX and the limits are as said above. */
void nem_nodes_init(struct nem_nodes *s, uint32_t n, uint32_t k,
		    const struct nem_nodes_limits *limits);

/* Nothing is under way with node i and its back-off has passed. */
bool nem_nodes_may_ask(const struct nem_nodes *s, uint32_t i, uint64_t now_ms);

/* A request went out.  Dies unless nem_nodes_may_ask(). */
void nem_nodes_asked(struct nem_nodes *s, uint32_t i, uint64_t now_ms);

/* The request was answered and the answer made sense: the back-off starts anew. */
void nem_nodes_answered(struct nem_nodes *s, uint32_t i);

/*
 * The request came to nothing, or the answer was a lie.  The next try is after a delay that doubles
 * each time; the random number takes up to half of it away, so that clients do not come together.
 * What the node said of its height is forgotten: it has to say it again.
 */
void nem_nodes_failed(struct nem_nodes *s, uint32_t i, uint64_t now_ms, uint32_t random,
		      enum nem_node_fault fault);

/* Node i says how long its chain is.  Also an answer. */
void nem_nodes_height(struct nem_nodes *s, uint32_t i, uint64_t height);

/*
 * The greatest height that k nodes have reached.  A node whose block or list was proved wrong is
 * not counted.  ERR_WAIT: fewer than k nodes have said a height.
 */
MUST_CHECK enum err nem_nodes_agreed_height(uint64_t *height, const struct nem_nodes *s);

/* Compares each height with the agreed one and names who differs too long; takes BEHIND, AHEAD and
 * SILENT back from those who are well again.  Nothing while no height is agreed. */
void nem_nodes_judge_heights(struct nem_nodes *s, uint64_t now_ms);

/* A few words for people ("another hash at an agreed height").  Static.  Dies on another number. */
const char *nem_node_fault_words(enum nem_node_fault fault);

/* ---- one question, asked of all ---- */

/* About one height: the hash of its block, or a balance when it is the last block. */
struct nem_question {
	enum nem_node_fault about; /* NEM_NODE_HASH or NEM_NODE_BALANCE */
	uint64_t height;
	bool said[NEM_NODES_MAX];
	struct hash32 hash[NEM_NODES_MAX];
	uint64_t micro[NEM_NODES_MAX];
};

void nem_question_hash(struct nem_question *q, uint64_t height);
void nem_question_balance(struct nem_question *q, uint64_t height);

/* The hash that was computed here from the block that node i gave.  A later word replaces the
 * earlier: a node may change forks.  Dies on a question about a balance. */
void nem_question_say_hash(struct nem_question *q, uint32_t i, const struct hash32 *hash);

/*
 * A balance in micro-XEM.  /account/get tells it as of the node's newest block and does not say
 * which that was, so the height is asked before and after.
 * ERR_STALE: one of them is not the question's; nothing is counted, ask again.
 */
MUST_CHECK enum err nem_question_say_balance(struct nem_question *q, uint32_t i,
					     uint64_t height_before, uint64_t micro,
					     uint64_t height_after);

/*
 * What k nodes said alike.  *hash or *micro is written, whichever was asked; the other may be NULL.
 * ERR_WAIT: not yet.  ERR_MISMATCH: k said one thing and k another: a person must look.
 */
MUST_CHECK enum err nem_question_agreed(struct hash32 *hash, uint64_t *micro,
					const struct nem_question *q, const struct nem_nodes *s);

/* Names each node that said something else than what is agreed.  Nothing if nothing is agreed. */
void nem_question_judge(const struct nem_question *q, struct nem_nodes *s);

/* ---- time ---- */

/* One reading of /time-sync/network-time, all in milliseconds since the NEM epoch. */
struct nem_clock_reading {
	uint64_t sent_ms;     /* our clock */
	uint64_t received_ms; /* our clock */
	uint64_t node_ms;     /* the node's */
};

/*
 * How far our clock is behind (positive) or ahead of the median of the nodes.  It is a reason to
 * stop and never one to go on: no deadline is reckoned with it, nor is our clock set by it.
 * Readings that took longer than round_trip_most_ms, or that run backwards, do not count.
 * ERR_WAIT: fewer than 2k-1 count, so that k-1 liars could choose the median.
 * ERR_CLOCK: the difference is above differ_most_ms (*behind_ms is not written).
 * Dies unless 1 <= k <= NEM_NODES_MAX and n <= NEM_NODES_MAX.
 */
MUST_CHECK enum err nem_clock_check(int64_t *behind_ms, const struct nem_clock_reading *readings,
				    size_t n, uint32_t k, uint32_t round_trip_most_ms,
				    uint32_t differ_most_ms);

/* ---- lists in pages ---- */

/*
 * /account/transfers/...: newest first, each page below the lowest id seen (nem.md 5.2.1), until a
 * page is empty.  The ids are of one node's database, so one list is read from one node.  Paging by
 * hash is not used: it fails when the hash has left the node's cache.
 */
struct nem_pages {
	uint64_t below; /* the id to ask with; 0: the first page, without an id */
	uint64_t entries;
	uint64_t entries_most;
	uint64_t remember_at; /* Brent: the entry whose hash is remembered next */
	struct hash32 remembered;
	bool done;
};

struct nem_page_entry {
	uint64_t id;
	struct hash32 hash; /* computed here (nem_json_pair_read()) */
};

/* entries_most: what the caller has room for.  Dies on 0. */
void nem_pages_init(struct nem_pages *p, uint64_t entries_most);

/*
 * Takes a page; the empty one ends the list (p->done).
 * ERR_NODE: more than 25 entries, an id that is 0, not below its predecessor or not below what was
 * asked, or a transaction that was there already (NEM_NODE_PAGES).  A list that goes round under
 * new ids is caught within three times its length.  ERR_FULL: more than entries_most.
 * ERR_STATE: the list had ended.  p is unchanged on error.
 */
MUST_CHECK enum err nem_pages_take(struct nem_pages *p, const struct nem_page_entry *entries,
				   size_t n);

#endif
