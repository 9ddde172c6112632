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

/* Arcs lie in pairs: k leads there, k ^ 1 leads back and has room for what flows through k. */
struct flow {
	uint32_t *head; /* of arcs: where it leads */
	uint32_t *next; /* of arcs: the next arc of the same tail, FLOW_NONE at the end */
	uint64_t *room; /* of arcs */
	uint32_t arcs_n, arcs_cap;
	uint32_t *first; /* of nodes: its first arc */
	uint32_t nodes_n, nodes_cap;
	/* for the time of a search */
	uint32_t *level, *at, *queue;
	uint32_t search_cap;
};

/* Also of a zeroed one; a zeroed one is an empty network. */
void flow_free(struct flow *f);

/* A new node; FLOW_NONE: no memory, or too many. */
uint32_t flow_node(struct flow *f);

/* A new arc with room for so many units; its number, always even.  FLOW_NONE: no memory. */
uint32_t flow_arc(struct flow *f, uint32_t tail, uint32_t head, uint64_t room);

/* Leads units through an arc that has room for them (dies otherwise). */
void flow_push(struct flow *f, uint32_t arc, uint64_t units);

/* What flows through an arc that flow_arc() returned. */
static inline uint64_t flow_through(const struct flow *f, uint32_t arc)
{
	return f->room[arc ^ 1];
}

/*
 * Leads up to `most` units more from one node to another and says how many in *more.
 * ERR_FULL: no memory, unchanged.
 */
MUST_CHECK enum err flow_more(struct flow *f, uint32_t from, uint32_t to, uint64_t most,
			      uint64_t *more);

/*
 * Sets f->level to 0 for every node from which there is a way with room to one of these n, and to
 * FLOW_NONE for all others.  ERR_FULL: no memory.
 */
MUST_CHECK enum err flow_near(struct flow *f, const uint32_t *nodes, size_t n);

#endif
