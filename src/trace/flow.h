/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h - a network of arcs with room for so many units, a flow in it, and how much more can flow
 * between two nodes when what flows already may be led another way (Dinic's algorithm).
 */
#ifndef KURAMORI_TRACE_FLOW_H
#define KURAMORI_TRACE_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

#define FLOW_NONE UINT32_MAX

/*
 * Arcs have numbers in pairs: k leads there, k ^ 1 leads back and has room for what flows through
 * k.  While the network is built they lie in lists; flow_pack() lays them side by side by their
 * tail.  A search backward, which is most of the work, reads the heads alone: that there is no way
 * back is marked in them (FLOW_SHUT).
 */
#define FLOW_SHUT (UINT32_C(1) << 31)

struct flow_room {
	uint64_t ahead, back; /* of the arc, and of its pair */
};

struct flow {
	/* while it is built: of arcs by number */
	uint32_t *head;
	uint32_t *next; /* the next arc of the same tail, FLOW_NONE at the end */
	uint64_t *room;
	uint32_t arcs_n, arcs_cap;
	uint32_t
	    *first; /* of nodes: its first arc; when packed the place of it, of one more node */
	uint32_t nodes_n, nodes_cap;
	/* when packed: of arcs by place */
	uint32_t *place;               /* of arcs by number */
	uint32_t *heads, *heads_begin; /* where it leads, and FLOW_SHUT if its pair has no room */
	uint32_t *pairs;               /* the place of its pair */
	struct flow_room *rooms, *begin;
	/* for the time of a search */
	uint32_t *level, *at, *queue;
	uint64_t granted; /* steps that searches may still take; at first all */
};

/* Also of a zeroed one; a zeroed one is an empty network. */
void flow_free(struct flow *f);

/* A new node; FLOW_NONE: no memory, or too many.  Not when packed. */
uint32_t flow_node(struct flow *f);

/* A new arc with room for so many units; its number, always even.  FLOW_NONE: no memory.  Not when
 * packed. */
uint32_t flow_arc(struct flow *f, uint32_t tail, uint32_t head, uint64_t room);

/* Leads units through an arc that has room for them (dies otherwise).  Not when packed. */
void flow_push(struct flow *f, uint32_t arc, uint64_t units);

/*
 * The network is whole: what follows needs it so, what stands before cannot be done any more.  The
 * flow in it now is the one that flow_again() returns to.  ERR_FULL: no memory, can only be freed.
 */
MUST_CHECK enum err flow_pack(struct flow *f);

/* Of a packed network: where an arc leads, and its room now and at first. */
static inline uint32_t flow_head(const struct flow *f, uint32_t arc)
{
	return f->heads[f->place[arc]] & ~FLOW_SHUT;
}

static inline uint64_t flow_left(const struct flow *f, uint32_t arc)
{
	return f->rooms[f->place[arc]].ahead;
}

static inline uint64_t flow_first(const struct flow *f, uint32_t arc)
{
	return f->begin[f->place[arc]].ahead;
}

/* The first flow again.  ERR_TOO_LARGE as of flow_more(). */
MUST_CHECK enum err flow_again(struct flow *f);

/* Room of an arc and of its pair. */
void flow_set(struct flow *f, uint32_t arc, uint64_t ahead, uint64_t back);

/*
 * Leads up to `most` units more from one node to another and says how many in *more.  Each arc that
 * is looked at takes one of f->granted.  ERR_TOO_LARGE: there are none left, and the flow is
 * anything between the first one and that which was asked for.
 */
MUST_CHECK enum err flow_more(struct flow *f, uint32_t from, uint32_t to, uint64_t most,
			      uint64_t *more);

/*
 * Sets f->level to 0 for every node from which there is a way with room to one of these n, and to
 * FLOW_NONE for all others.  One look at each arc at most, which takes no steps.
 */
void flow_near(struct flow *f, const uint32_t *nodes, size_t n);

#endif
