/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.h - what a core hears from a chain node, and what it may ask of one.
 *
 * The shell's node adapter (src/io/node.h) and the simulator both speak this; cores never see HTTP
 * or JSON.  Events are struct event (log/step.h) of kind EVENT_REPLY and role ROLE_NODE, whose
 * channel is the index of the node in the configuration.
 */
#ifndef KURAMORI_CHAIN_FEED_H
#define KURAMORI_CHAIN_FEED_H

/* event.number.  Stored nowhere, but shared by shells and the simulator: append only. */
enum feed {
	FEED_BLOCK = 1,     /* body: one block, verifiable form, in height order from 1 */
	FEED_UNDO = 2,      /* body: u64 height that is the top now; everything above is undone */
	FEED_POOL = 3,      /* body: u32 count, each u32 length + verifiable transaction */
	FEED_DOWN = 4,      /* body: words; the node does not answer or answers nonsense */
	FEED_UP = 5,        /* body: empty; it answers again */
	FEED_ANNOUNCED = 6, /* body: u32 NIS code, 32-byte hash; request_id is the call's */
	FEED_TOP = 7, /* body: u64 height; the whole chain of this node up to it was handed over */
};

/* effect.number of EFFECT_CALL. */
enum feed_call {
	/* body: u32 index of the node, then one complete transaction, verifiable form with
	   cosignatures */
	CALL_ANNOUNCE = 1,
};

#endif
