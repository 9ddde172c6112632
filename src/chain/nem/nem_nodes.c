/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_nodes.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_time.h"

void nem_nodes_init(struct nem_nodes *s, uint32_t n, uint32_t k,
		    const struct nem_nodes_limits *limits)
{
	CHECK(k >= 1 && k <= n && n <= NEM_NODES_MAX);
	CHECK(limits->backoff_ms >= 2 && limits->backoff_most_ms >= limits->backoff_ms);
	memset(s, 0, sizeof *s);
	s->n = n;
	s->k = k;
	s->limits = *limits;
}

bool nem_nodes_may_ask(const struct nem_nodes *s, uint32_t i, uint64_t now_ms)
{
	CHECK(i < s->n);
	return !s->node[i].asked && now_ms >= s->node[i].ready_ms;
}

void nem_nodes_asked(struct nem_nodes *s, uint32_t i, uint64_t now_ms)
{
	CHECK(nem_nodes_may_ask(s, i, now_ms));
	s->node[i].asked = true;
}

void nem_nodes_answered(struct nem_nodes *s, uint32_t i)
{
	CHECK(i < s->n);
	s->node[i].asked = false;
	s->node[i].failures = 0;
}

static void blame(struct nem_node *node, enum nem_node_fault fault)
{
	if (fault > node->fault) {
		node->fault = fault;
	}
}

void nem_nodes_failed(struct nem_nodes *s, uint32_t i, uint64_t now_ms, uint32_t random,
		      enum nem_node_fault fault)
{
	struct nem_node *node = &s->node[i];
	uint64_t delay = s->limits.backoff_ms;

	CHECK(i < s->n && fault > NEM_NODE_WELL && fault < NEM_NODE_FAULTS);
	for (uint32_t f = 0; f < node->failures && delay < s->limits.backoff_most_ms; f++) {
		delay *= 2;
	}
	if (delay > s->limits.backoff_most_ms) {
		delay = s->limits.backoff_most_ms;
	}
	delay -= random % (delay / 2 + 1);
	if (node->failures < UINT32_MAX) {
		node->failures++;
	}
	node->asked = false;
	node->has_height = false;
	node->ready_ms = now_ms > UINT64_MAX - delay ? UINT64_MAX : now_ms + delay;
	blame(node, fault);
}

void nem_nodes_height(struct nem_nodes *s, uint32_t i, uint64_t height)
{
	nem_nodes_answered(s, i);
	s->node[i].has_height = true;
	s->node[i].height = height;
}

/* A proved lie takes the voice away; a difference does not, for it may be a fork. */
static bool counts(const struct nem_nodes *s, uint32_t i)
{
	return s->node[i].fault < NEM_NODE_PAGES;
}

enum err nem_nodes_agreed_height(uint64_t *height, const struct nem_nodes *s)
{
	uint64_t best = 0;
	bool found = false;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t reached = 0;

		if (!s->node[i].has_height || !counts(s, i)) {
			continue;
		}
		for (uint32_t j = 0; j < s->n; j++) {
			reached += counts(s, j) && s->node[j].has_height &&
				   s->node[j].height >= s->node[i].height;
		}
		if (reached >= s->k && (!found || s->node[i].height > best)) {
			best = s->node[i].height;
			found = true;
		}
	}
	if (!found) {
		return ERR_WAIT;
	}
	*height = best;
	return ERR_OK;
}

void nem_nodes_judge_heights(struct nem_nodes *s, uint64_t now_ms)
{
	uint64_t agreed;

	if (nem_nodes_agreed_height(&agreed, s) != ERR_OK) {
		return;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		struct nem_node *node = &s->node[i];
		bool behind = node->height < agreed;
		uint64_t by = behind ? agreed - node->height : node->height - agreed;

		if (!node->has_height) {
			continue;
		}
		if (by <= s->limits.differ_blocks) {
			node->differs = false;
			if (node->fault <= NEM_NODE_AHEAD) {
				node->fault = NEM_NODE_WELL;
			}
			continue;
		}
		if (!node->differs) {
			node->differs = true;
			node->differ_since_ms = now_ms;
		}
		if (now_ms >= node->differ_since_ms &&
		    now_ms - node->differ_since_ms > s->limits.differ_ms) {
			blame(node, behind ? NEM_NODE_BEHIND : NEM_NODE_AHEAD);
		}
	}
}

const char *nem_node_fault_words(enum nem_node_fault fault)
{
	static const char *const words[NEM_NODE_FAULTS] = {
		[NEM_NODE_WELL] = N_("well"),
		[NEM_NODE_SILENT] = N_("no answer in time"),
		[NEM_NODE_BEHIND] = N_("its chain is too short for too long"),
		[NEM_NODE_AHEAD] = N_("it claims blocks that the others do not have"),
		[NEM_NODE_GARBLED] = N_("an answer that does not parse"),
		[NEM_NODE_HASH] = N_("another hash at an agreed height"),
		[NEM_NODE_BALANCE] = N_("another balance at an agreed height"),
		[NEM_NODE_PAGES] = N_("a list that repeats or runs backwards"),
		[NEM_NODE_BLOCK] = N_("a block that does not prove itself"),
	};

	CHECK((unsigned)fault < NEM_NODE_FAULTS);
	return words[fault];
}

/* ---- one question ---- */

void nem_question_hash(struct nem_question *q, uint64_t height)
{
	memset(q, 0, sizeof *q);
	q->about = NEM_NODE_HASH;
	q->height = height;
}

void nem_question_balance(struct nem_question *q, uint64_t height)
{
	memset(q, 0, sizeof *q);
	q->about = NEM_NODE_BALANCE;
	q->height = height;
}

void nem_question_say_hash(struct nem_question *q, uint32_t i, const struct hash32 *hash)
{
	CHECK(q->about == NEM_NODE_HASH && i < NEM_NODES_MAX);
	q->said[i] = true;
	q->hash[i] = *hash;
}

enum err nem_question_say_balance(struct nem_question *q, uint32_t i, uint64_t height_before,
				  uint64_t micro, uint64_t height_after)
{
	CHECK(q->about == NEM_NODE_BALANCE && i < NEM_NODES_MAX);
	if (height_before != q->height || height_after != q->height) {
		return ERR_STALE;
	}
	q->said[i] = true;
	q->micro[i] = micro;
	return ERR_OK;
}

static bool alike(const struct nem_question *q, uint32_t i, uint32_t j)
{
	return q->micro[i] == q->micro[j] && hash32_eq(&q->hash[i], &q->hash[j]);
}

/* The index of a node that said what is agreed. */
static enum err agreed_by(uint32_t *who, const struct nem_question *q, const struct nem_nodes *s)
{
	uint32_t first = s->n;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t votes = 0;

		if (!q->said[i] || !counts(s, i)) {
			continue;
		}
		for (uint32_t j = 0; j < s->n; j++) {
			votes += q->said[j] && counts(s, j) && alike(q, i, j);
		}
		if (votes < s->k) {
			continue;
		}
		if (first == s->n) {
			first = i;
		} else if (!alike(q, first, i)) {
			return ERR_MISMATCH;
		}
	}
	if (first == s->n) {
		return ERR_WAIT;
	}
	*who = first;
	return ERR_OK;
}

enum err nem_question_agreed(struct hash32 *hash, uint64_t *micro, const struct nem_question *q,
			     const struct nem_nodes *s)
{
	uint32_t who;
	enum err e = agreed_by(&who, q, s);

	if (e != ERR_OK) {
		return e;
	}
	if (q->about == NEM_NODE_HASH) {
		*hash = q->hash[who];
	} else {
		*micro = q->micro[who];
	}
	return ERR_OK;
}

void nem_question_judge(const struct nem_question *q, struct nem_nodes *s)
{
	uint32_t who;

	if (agreed_by(&who, q, s) != ERR_OK) {
		return;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		if (q->said[i] && !alike(q, who, i)) {
			blame(&s->node[i], q->about);
		}
	}
}

/* ---- time ---- */

/* What a clock can say at all; also keeps the differences below far from overflow. */
static const uint64_t clock_most_ms = (uint64_t)NEM_TIME_MAX_S * 1000;

enum err nem_clock_check(int64_t *behind_ms, const struct nem_clock_reading *readings, size_t n,
			 uint32_t k, uint32_t round_trip_most_ms, uint32_t differ_most_ms)
{
	int64_t sorted[NEM_NODES_MAX];
	size_t m = 0;
	int64_t median;

	CHECK(k >= 1 && k <= NEM_NODES_MAX && n <= NEM_NODES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct nem_clock_reading *r = &readings[i];
		int64_t d;
		size_t at = m;

		if (r->sent_ms > r->received_ms || r->received_ms > clock_most_ms ||
		    r->node_ms > clock_most_ms ||
		    r->received_ms - r->sent_ms > round_trip_most_ms) {
			continue;
		}
		d = (int64_t)r->node_ms - (int64_t)(r->sent_ms + (r->received_ms - r->sent_ms) / 2);
		for (; at > 0 && sorted[at - 1] > d; at--) {
			sorted[at] = sorted[at - 1];
		}
		sorted[at] = d;
		m++;
	}
	if (m < 2 * (size_t)k - 1) {
		return ERR_WAIT;
	}
	median = sorted[(m - 1) / 2];
	if (median > (int64_t)differ_most_ms || median < -(int64_t)differ_most_ms) {
		return ERR_CLOCK;
	}
	*behind_ms = median;
	return ERR_OK;
}

/* ---- pages ---- */

void nem_pages_init(struct nem_pages *p, uint64_t entries_most)
{
	CHECK(entries_most > 0);
	memset(p, 0, sizeof *p);
	p->entries_most = entries_most;
	p->remember_at = 1;
}

enum err nem_pages_take(struct nem_pages *p, const struct nem_page_entry *entries, size_t n)
{
	struct nem_pages next = *p;

	if (p->done) {
		return ERR_STATE;
	}
	if (n > NEM_PAGE_ENTRIES) {
		return ERR_NODE;
	}
	for (size_t i = 0; i < n; i++) {
		const struct nem_page_entry *e = &entries[i];

		if (e->id == 0 || (next.below != 0 && e->id >= next.below) ||
		    (next.entries > 0 && hash32_eq(&e->hash, &next.remembered))) {
			return ERR_NODE;
		}
		if (next.entries == next.entries_most) {
			return ERR_FULL;
		}
		next.below = e->id;
		next.entries++;
		if (next.entries == next.remember_at) {
			next.remembered = e->hash;
			next.remember_at *= 2;
		}
	}
	next.done = n == 0;
	*p = next;
	return ERR_OK;
}
