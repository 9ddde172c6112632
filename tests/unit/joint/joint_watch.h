/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joint_watch.h - a real watcher as a machine, as joint_guard.h has one of a signer.
 *
 * Every exchange has a link of its own: opened, asked, answered, closed.  So a watcher can be at
 * any distance behind a signer, and whatever it sends can be late, lost or doubled.
 */
#ifndef KURAMORI_TESTS_JOINT_WATCH_H
#define KURAMORI_TESTS_JOINT_WATCH_H

#include "joint_guard.h"
#include "watch/watch.h"

enum {
	WATCH_NODES_N = 4096,
	WATCH_SENT_MAX = 64,
	WATCH_TABLE = 16,
	WATCH_INDEX = 64,
	WATCH_JOURNAL = 512 * 1024,
	LINK = 1, /* channel of a link to signer s: LINK + s */
	STOP_CHANNEL = 70001,
};

/* What can happen to a watcher. */
enum watch_act {
	WACT_FETCH, /* signer, arg: name */
	WACT_PAPER, /* arg: enum paper_n */
	WACT_KILL,
	WACT_BLOCK, /* the second one */
	WACT_UNDO,  /* it is undone */
	WACT_COME,  /* the second roster, and then that block */
	WATCH_ACTS
};

struct watcher_event {
	uint8_t act, signer, arg;
};

enum {
	WAT_FETCH = 0,
	WAT_PAPER = WAT_FETCH + 2 * NAMES,
	WAT_KILL = WAT_PAPER + PAPERS,
	WAT_BLOCK,
	WAT_UNDO,
	WAT_COME,
	WATCH_STEPS
};

/* What the laws see: its disk, and what it says when it is asked. */
struct watcher_look {
	uint8_t level;
	uint8_t rules; /* enum rules */
	bool later;    /* it has the second block */
	bool frozen, closed;
	bool odd;          /* an alarm, or a stop of its own */
	uint8_t holds[2];  /* bit per name, of each signer */
	uint8_t newest[2]; /* NO_NAME: none; by its heartbeats */
	uint8_t acks[2];   /* bit per name: acknowledged on a new link */
};

struct watcher_node {
	struct snap snap;
	uint8_t *journal;
	uint32_t journal_n, batch_at;
	struct watch_payment payments[WATCH_TABLE];
	uint32_t index[WATCH_INDEX];
	struct policy_kept entries[WATCH_TABLE];
	struct watch_undo undo[WATCH_UNDO_MIN];
	uint64_t mono;
	bool later;
	uint64_t print;
	struct watcher_look look;
};

struct watcher_step {
	uint16_t to;     /* + 1 */
	uint8_t acks[2]; /* bit per name: acknowledged in this very step */
};

struct watcher_sent {
	uint32_t channel;
	uint16_t number;
	uint64_t request_id;
	size_t n;
	uint8_t body[16400];
};

static struct {
	struct watch w, fresh;
	struct watch_payment payments[WATCH_TABLE];
	uint32_t index[WATCH_INDEX];
	struct policy_kept entries[WATCH_TABLE];
	struct watch_undo undo[WATCH_UNDO_MIN];
	uint8_t store[WATCH_EFFECTS_BYTES];
	uint8_t journal[WATCH_JOURNAL];
	size_t journal_n;
	uint64_t mono;
	struct effects out;
	struct watcher_sent sent[WATCH_SENT_MAX];
	size_t sent_n;
	unsigned who; /* which of the three it is */
	bool later;   /* the chain has a second block */

	struct snap_of of;
	struct watcher_node *node;
	struct watcher_step (*step)[WATCH_STEPS];
	size_t n;
	uint64_t tried, merged, nonces;
} watcher;

/* ---- running it ---- */

static void watch_out(void)
{
	for (size_t i = 0; i < watcher.out.n; i++) {
		const struct effect *e = &watcher.out.list[i];

		if (e->kind == EFFECT_COMMIT) {
			CHECK(watcher.journal_n + e->body.n <= WATCH_JOURNAL);
			memcpy(watcher.journal + watcher.journal_n, e->body.p, e->body.n);
			watcher.journal_n += e->body.n;
		} else if (e->kind == EFFECT_SEND) {
			struct watcher_sent *s = &watcher.sent[watcher.sent_n++];

			CHECK(watcher.sent_n < WATCH_SENT_MAX && e->body.n <= sizeof s->body);
			s->channel = e->channel;
			s->number = e->number;
			s->request_id = e->request_id;
			s->n = e->body.n;
			if (e->body.n > 0) {
				memcpy(s->body, e->body.p, e->body.n);
			}
		}
	}
}

static void watch_event(struct event e)
{
	e.wall_ms = NOW + (watcher.later ? world.block_later_ms : 0);
	e.mono_ms = watcher.mono;
	effects_init(&watcher.out, watcher.store, sizeof watcher.store);
	watch_step(&watcher.w, &e, &watcher.out);
	watch_out();
}

static void node_say(uint16_t number, struct bytes body)
{
	watch_event((struct event){
	    .kind = EVENT_REPLY, .role = ROLE_NODE, .number = number, .body = body });
}

/* What all have from the start, and the later one if it is there. */
static unsigned height_now(void)
{
	return world.blocks + watcher.later;
}

static void block_say(unsigned n)
{
	uint8_t top[8];

	node_say(FEED_BLOCK, bytes_of(world.block[n], world.block_n[n]));
	le64_put(top, n + 1);
	node_say(FEED_TOP, bytes_of(top, sizeof top));
}

/* From what is on its disk. */
static void watch_boot(void)
{
	struct watch_config c = {
		.genesis = bytes_of(r.genesis_raw, r.genesis_n),
		.roster = bytes_of(r.roster_raw, r.roster_n),
		.policy = bytes_of(r.policy_raw, r.policy_n),
		.freeze_secret = r.watcher[watcher.who].secret,
		.log_secret = &r.log_secret,
		.network = 0x98,
		.nodes = 1,
		.storage = { watcher.payments, WATCH_TABLE, watcher.index, WATCH_INDEX,
			     watcher.entries, WATCH_TABLE, watcher.undo, WATCH_UNDO_MIN },
	};
	struct doc_fault fault = { "", "" };
	struct log_batch_head head;
	uint8_t none[4] = { 0 };
	size_t at = 0;

	(void)snprintf(c.watcher, sizeof c.watcher, "watcher-%u", watcher.who + 1);
	if ((world.planted & PLANT_HASTY) != 0) {
		c.barrier_ms = c.silent_ms = c.start_ms = 1;
	}
	CHECK(watch_init(&watcher.w, &c, &fault) == ERR_OK);
	while (at < watcher.journal_n) {
		CHECK(log_batch_head_get(&head, watcher.journal + at) == ERR_OK);
		CHECK(watch_replay(&watcher.w, bytes_of(watcher.journal + at, head.bytes)) ==
		      ERR_OK);
		at += head.bytes;
	}
	effects_init(&watcher.out, watcher.store, sizeof watcher.store);
	watch_start(&watcher.w, NOW + (watcher.later ? world.block_later_ms : 0), watcher.mono,
		    &watcher.out);
	watch_out();
	for (unsigned n = 0; n < height_now(); n++) {
		block_say(n);
	}
	node_say(FEED_POOL, bytes_of(none, sizeof none));
}

static uint16_t link_role(int s)
{
	return s == A ? WATCH_ROLE_SIGNER_A : WATCH_ROLE_SIGNER_B;
}

/* Longer than any pause between two questions. */
static void link_open(int s)
{
	watcher.mono += 25;
	watch_event((struct event){
	    .kind = EVENT_OPENED, .channel = LINK + (uint32_t)s, .role = link_role(s) });
}

static void link_close(int s)
{
	watch_event((struct event){
	    .kind = EVENT_CLOSED, .channel = LINK + (uint32_t)s, .role = link_role(s) });
}

/* It has asked this on a link, and the link is new. */
static bool link_asked(int s, uint16_t number)
{
	for (size_t i = watcher.sent_n; i-- > 0;) {
		if (watcher.sent[i].channel == LINK + (uint32_t)s &&
		    watcher.sent[i].number == number) {
			return true;
		}
	}
	return false;
}

/* Answers its newest question of this number. */
static void link_answer(int s, uint16_t number, struct bytes body)
{
	for (size_t i = watcher.sent_n; i-- > 0;) {
		if (watcher.sent[i].channel == LINK + (uint32_t)s &&
		    watcher.sent[i].number == number) {
			watch_event((struct event){ .kind = EVENT_FRAME,
						    .channel = LINK + (uint32_t)s,
						    .role = link_role(s),
						    .number = MSGS_REPLY(number),
						    .request_id = watcher.sent[i].request_id,
						    .body = body });
			return;
		}
	}
	CHECK(false);
}

/* A nonce of a signer whose newest record has this place and whose stops are at this level. */
static struct bytes nonce_raw(uint8_t raw[2048], int s, uint64_t sequence, enum level level)
{
	struct writer w = writer_make(raw, 2048);
	struct doc_nonce n = { .frozen = level == FROZEN,
			       .genesis = r.genesis_id,
			       .sequence = sequence,
			       .signer = (enum doc_signer)s,
			       .stop_count = stop_count(level, RULES_FIRST),
			       .stop_head = world.head[level][0] };

	le64_put(n.nonce.b, ++watcher.nonces);
	CHECK(doc_nonce_make(&w, NULL, &n, NULL) == ERR_OK);
	return bytes_of(w.p, w.n);
}

/*
 * A signer says how many records it has, as it must before anything in a block is called a theft:
 * at least those of what stands there.
 */
static void sync_answer(int s, uint64_t sequence)
{
	static uint8_t raw[2048], body[2052];
	struct writer b = writer_make(body, sizeof body);
	struct bytes item;

	if (mines() && link_asked(s, SIGNER_SYNC)) {
		sequence =
		    watcher.w.suspects_n > 0 && sequence == 0 ? record_of(s, 0).sequence : sequence;
		item = nonce_raw(raw, s, sequence, FREE);
		link_answer(s, SIGNER_SYNC, rig_body(&b, &item, 1));
	}
}

/* ---- what it says ---- */

static uint8_t name_by_id(int s, const struct hash32 *id)
{
	static uint8_t raw[8192];
	static struct hash32 known[2][NAMES];
	static struct hash32 of; /* the genesis that they are of */

	if (!hash32_eq(&of, &r.genesis_id)) {
		for (int k = A; k <= B; k++) {
			for (uint8_t name = 0; name < NAMES; name++) {
				(void)record_raw(raw, k, name, &known[k][name]);
			}
		}
		of = r.genesis_id;
	}
	for (uint8_t name = 0; name < NAMES; name++) {
		if (hash32_eq(&known[s][name], id)) {
			return name;
		}
	}
	return NO_NAME;
}

/* What it has acknowledged since the last time that this was asked. */
static void acks_said(uint8_t acks[2])
{
	struct bytes item;
	struct doc_ack ack;
	struct doc d;
	size_t n = 0;

	for (size_t i = 0; i < watcher.sent_n; i++) {
		const struct watcher_sent *m = &watcher.sent[i];
		uint8_t name;

		if (m->number != SIGNER_ACK || m->channel > LINK + B) {
			continue;
		}
		CHECK(frame_items_all(bytes_of(m->body, m->n), &item, 1, &n) == ERR_OK && n == 1);
		CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK &&
		      doc_ack_read(&d, &ack, NULL) == ERR_OK &&
		      doc_signed_by(&d, &r.watcher[watcher.who].key));
		name = name_by_id((int)(m->channel - LINK), &ack.attestation);
		CHECK(name != NO_NAME);
		acks[m->channel - LINK] |= (uint8_t)(1u << name);
	}
	watcher.sent_n = 0;
}

/* The heartbeat that it has just sent: what it shows, and that it says nothing else than before. */
static void beat_read(int s, struct watcher_look *l)
{
	struct doc_heartbeat h;
	struct bytes item;
	struct doc d;
	size_t n = 0;
	size_t found = SIZE_MAX;
	uint8_t says;

	for (size_t i = 0; i < watcher.sent_n; i++) {
		if (watcher.sent[i].number == SIGNER_HEARTBEAT) {
			found = i;
		}
	}
	CHECK(found != SIZE_MAX);
	CHECK(frame_items_all(bytes_of(watcher.sent[found].body, watcher.sent[found].n), &item, 1,
			      &n) == ERR_OK);
	CHECK(n == 1 && doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK &&
	      doc_heartbeat_read(&d, &h, NULL) == ERR_OK &&
	      doc_signed_by(&d, &r.watcher[watcher.who].key));
	l->newest[s] = NO_NAME;
	for (uint8_t name = 0; h.records_sequence != 0 && name < NAMES; name++) {
		struct doc_attestation t = record_of(s, name);

		if (h.records_sequence == t.sequence && hash32_eq(&h.records_head, &t.head)) {
			l->newest[s] = name;
		}
	}
	CHECK((h.records_sequence == 0) == (l->newest[s] == NO_NAME));
	l->rules = hash32_eq(&h.roster, &world.roster_id) ? RULES_SECOND : RULES_FIRST;
	for (unsigned k = 0; k < (rotates() ? LEVELS * 2 : LEVELS); k++) {
		enum level level = k % LEVELS;
		enum rules rules = k < LEVELS ? RULES_FIRST : RULES_WAIT;

		if (h.stop_count == stop_count(level, rules) &&
		    hash32_eq(&h.stop_head, &world.head[level][k / LEVELS])) {
			l->level = (uint8_t)level;
			l->rules = l->rules > rules ? l->rules : (uint8_t)rules;
			found = SIZE_MAX;
		}
	}
	l->later = h.height == world.blocks + 1;
	says = says_of(l->level, l->rules, l->later);
	l->odd = l->odd || found != SIZE_MAX; /* stops that nobody has */
	if (l->odd) {
		return;
	}
	for (size_t i = 0; i < h.balance_count; i++) {
		h.balances[i].promised = xem(0); /* the tills hold enough for everything */
	}
	memset(&h.nonce, 0, sizeof h.nonce);
	memset(h.watcher, 0, sizeof h.watcher);
	if (beat_known[s][says][l->newest[s]]) {
		struct doc_heartbeat was = beat_said[s][says][l->newest[s]];

		CHECK(hash32_eq(&was.roster, &h.roster) && hash32_eq(&was.policy, &h.policy) &&
		      was.chain_time_nem_s == h.chain_time_nem_s &&
		      was.balance_count == h.balance_count);
		for (size_t i = 0; i < h.balance_count; i++) {
			const struct doc_balance *a = &was.balances[i], *b = &h.balances[i];

			CHECK(key32_eq(&a->account, &b->account) &&
			      money_eq(&a->confirmed, &b->confirmed) &&
			      money_eq(&a->remaining, &b->remaining));
		}
	}
	beat_said[s][says][l->newest[s]] = h;
	beat_said[s][says][UNKNOWN_NAME] = h;
	beat_known[s][says][l->newest[s]] = true;
	beat_known[s][says][UNKNOWN_NAME] = true;
}

/* Both signers say at once all that they have to say: is anything in a block a theft now? */
static bool suspects_cry(void)
{
	struct watch *w = &watcher.w;

	for (int s = A; s <= B && mines(); s++) {
		link_open(s);
		sync_answer(s, w->signer[s].held_sequence);
	}
	return w->alarms != 0 || w->freezes_made != 0;
}

/* Asks it everything.  Changes what it remembers of links and nonces. */
static void watch_look(struct watcher_look *l)
{
	static uint8_t raw[2048], body[2052];
	struct watch *w = &watcher.w;

	memset(l, 0, sizeof *l);
	l->frozen = watch_frozen(w);
	l->closed = w->closings[0].closed;
	l->odd = w->alarms != 0 || w->freezes_made != 0;
	for (size_t i = 0; i < w->payments_n; i++) {
		for (int s = A; s <= B; s++) {
			const struct watch_payment *p = &watcher.payments[i];
			uint8_t name =
			    p->sequence[s] == 0 ? NO_NAME : name_by_id(s, &p->attestation[s]);

			l->holds[s] |= name == NO_NAME ? 0 : (uint8_t)(1u << name);
		}
	}
	watcher.sent_n = 0;
	for (int s = A; s <= B; s++) {
		struct writer b = writer_make(body, sizeof body);
		struct bytes item = nonce_raw(raw, s, w->signer[s].held_sequence, FREE);

		link_open(s);
		link_answer(s, SIGNER_NEXT, rig_body(&b, &item, 1));
		sync_answer(s, w->signer[s].held_sequence);
		beat_read(s, l);
		link_close(s);
		acks_said(l->acks);
	}
	l->odd = l->odd || suspects_cry();
	if ((world.planted & PLANT_WATCH_TALKS) != 0) {
		memcpy(l->acks, l->holds, sizeof l->acks);
	}
}

/* ---- keeping ---- */

#define W_SPAN(o, from, to, scratch) \
	snap_span(o, offsetof(struct watch, from), offsetof(struct watch, to), scratch)

static void watch_spans(void)
{
	enum { KEPT = 16 * 1024 };

	struct snap_of *o = &watcher.of;

	*o = (struct snap_of){ .now = (uint8_t *)&watcher.w,
			       .fresh = (uint8_t *)&watcher.fresh,
			       .size = sizeof watcher.w };
	W_SPAN(o, config, orders_known, false);
	W_SPAN(o, early_n, node[1], false);
	W_SPAN(o, signer, control.entries[4], false);
	W_SPAN(o, control.sorted, control.sorted[8], false);
	W_SPAN(o, control.n, stops[4], false);
	W_SPAN(o, first_policy, called[4], false); /* copied with its padding */
	W_SPAN(o, called_n, exclusions, false);
	W_SPAN(o, exclusions_at, kept, false);
	W_SPAN(o, kept_at, suspects[2], false);
	W_SPAN(o, suspects_n, known, false);
	W_SPAN(o, known, known[4], false);
	W_SPAN(o, known_n, sweeps[2], false);
	W_SPAN(o, sweep_derived_height, batch, false);
	W_SPAN(o, batch, stop_bytes, true);
	W_SPAN(o, stop_bytes, stop_bytes[KEPT], false);
	W_SPAN(o, control_bytes, control_bytes[KEPT], false);
	W_SPAN(o, suspect_bytes, suspect_bytes[KEPT], false);
}

static void watch_save(struct watcher_node *n)
{
	struct log_batch_head head;
	size_t at = 0;

	snap_save(&n->snap, &watcher.of);
	n->journal_n = (uint32_t)watcher.journal_n;
	n->journal = malloc(n->journal_n);
	CHECK(n->journal != NULL);
	memcpy(n->journal, watcher.journal, n->journal_n);
	while (at < n->journal_n) {
		CHECK(log_batch_head_get(&head, watcher.journal + at) == ERR_OK);
		n->batch_at = (uint32_t)at;
		at += head.bytes;
	}
	memcpy(n->payments, watcher.payments, sizeof n->payments);
	memcpy(n->index, watcher.index, sizeof n->index);
	memcpy(n->entries, watcher.entries, sizeof n->entries);
	memcpy(n->undo, watcher.undo, sizeof n->undo);
	n->mono = watcher.mono;
	n->later = watcher.later;
}

static void watch_load(const struct watcher_node *n)
{
	snap_load(&n->snap, &watcher.of);
	memcpy(watcher.journal, n->journal, n->journal_n);
	watcher.journal_n = n->journal_n;
	memcpy(watcher.payments, n->payments, sizeof n->payments);
	memcpy(watcher.index, n->index, sizeof n->index);
	memcpy(watcher.entries, n->entries, sizeof n->entries);
	memcpy(watcher.undo, n->undo, sizeof n->undo);
	watcher.mono = n->mono;
	watcher.later = n->later;
	watcher.sent_n = 0;
}

/* From which block on the second roster waits. */
static void rules_begin_print(uint64_t *print, const struct watch *w)
{
	for (size_t i = 0; i < w->control.n; i++) {
		const struct control_entry *e = &w->control.entries[i];

		print_add(print, e->state == CONTROL_WAITS ? e->chain_s : 0);
	}
}

/*
 * What it has seen in blocks.  How long it has waited for a record is left out: never as long as
 * would make a difference.
 */
static void mined_print(uint64_t *print, const struct watch *w)
{
	for (size_t i = 0; i < w->payments_n; i++) {
		print_add(print, watcher.payments[i].seen[0] << 1 | watcher.payments[i].settled);
	}
	print_add(print, w->suspects_n);
	for (size_t i = 0; i < w->suspects_n; i++) {
		CHECK(w->mono_ms - w->suspects[i].mono_ms < w->config.barrier_ms ||
		      (world.planted & PLANT_HASTY) != 0);
		print_add(print, w->suspects[i].height << 1 | w->suspects[i].again);
	}
}

static uint64_t watch_print(const struct watcher_look *l)
{
	const struct watch *w = &watcher.w;
	uint64_t print = 3;

	print_add(&print, l->level);
	print_add(&print, (uint64_t)l->rules << 1 | l->later);
	print_add(&print, (uint64_t)l->frozen << 2 | (uint64_t)l->closed << 1 | l->odd);
	print_add(&print, w->control.n);
	print_add(&print, w->early_n);
	print_add(&print, w->payments_n);
	if (rotates() && w->control.n > 0) {
		rules_begin_print(&print, w);
	}
	if (mines()) {
		mined_print(&print, w);
	}
	for (int s = A; s <= B; s++) {
		print_add(&print, l->holds[s]);
		print_add(&print, l->newest[s]);
		print_add(&print, w->signer[s].rewound);
		print_add(&print, w->signer[s].recent_n);
		print_add(&print, w->signer[s].later_n);
	}
	return print;
}

/* ---- one event ---- */

static void watch_fetch(int s, uint8_t name)
{
	static uint8_t raw[2048], attestation[8192], body[65536];
	struct writer b = writer_make(body, sizeof body);
	const struct rig_bodies *docs = &world.request[variant_of(name)];
	struct bytes items[24];
	size_t n = 0;

	items[n++] = nonce_raw(raw, s, record_of(s, name).sequence, FREE);
	items[n++] = record_raw(attestation, s, name, NULL);
	for (size_t i = docs->n; i-- > 0;) { /* attempt, order, request: see tells() */
		items[n++] = docs->items[i];
	}
	link_open(s);
	sync_answer(s, record_of(s, name).sequence);
	link_answer(s, SIGNER_NEXT, rig_body(&b, items, n));
	link_close(s);
}

static void watch_paper(unsigned n)
{
	struct key32 *officer = &watcher.w.roster.people[1].key;
	struct key32 key = *officer;

	if (n == RESUME && (world.planted & PLANT_WATCH_OLD_RESUME) != 0) {
		*officer = r.person[1].key;
	}
	watch_event((struct event){ .kind = EVENT_FRAME,
				    .channel = STOP_CHANNEL,
				    .role = ROLE_STOP,
				    .number = WATCHER_STOP_PUT,
				    .request_id = 1,
				    .body = bytes_of(world.paper[n].body, world.paper[n].n) });
	if (n == RESUME && (world.planted & PLANT_WATCH_OLD_RESUME) != 0) {
		*officer = key;
	}
}

static void second_block(void)
{
	if (!watcher.later) {
		watcher.later = true;
		block_say(world.blocks);
	}
}

static void undo_block(void)
{
	uint8_t top[8];

	if (!watcher.later) {
		return;
	}
	le64_put(top, world.blocks);
	watcher.later = false;
	node_say(FEED_UNDO, bytes_of(top, sizeof top));
	node_say(FEED_TOP, bytes_of(top, sizeof top));
	if ((world.planted & PLANT_UNDO_RULES) != 0) {
		watcher.w.roster_id = r.roster_id;
	}
	if ((world.planted & PLANT_UNDO_SEEN) != 0 && watcher.w.payments_n > 0 &&
	    watcher.payments[0].settled) {
		watcher.payments[0].seen[0] = world.blocks + 1;
	}
}

static void watch_happen(const struct watcher_node *before, const struct watcher_event *e)
{
	switch ((enum watch_act)e->act) {
	case WACT_FETCH:
		watch_fetch(e->signer, e->arg);
		return;
	case WACT_PAPER:
		watch_paper(e->arg);
		return;
	case WACT_KILL:
		if ((world.planted & PLANT_WATCH_DISK) != 0 && before->batch_at != 0) {
			watcher.journal_n = before->batch_at;
		}
		watch_boot();
		return;
	case WACT_BLOCK:
		second_block();
		return;
	case WACT_UNDO:
		undo_block();
		return;
	case WACT_COME:
		watch_paper(ROSTER);
		second_block();
		return;
	case WATCH_ACTS:
		break;
	}
	CHECK(false);
}

/* ---- the machine ---- */

/* What it said in the step goes to acks. */
static uint16_t watch_node_now(uint8_t acks[2])
{
	struct watcher_node n;
	struct watcher_look said;

	memset(&n, 0, sizeof n);
	acks_said(acks);
	watch_save(&n);
	watch_look(&said);
	n.look = said;
	n.print = watch_print(&said);
	for (size_t i = 0; i < watcher.n; i++) {
		if (watcher.node[i].print == n.print) {
			/* the print says it all */
			CHECK(memcmp(watcher.node[i].look.acks, said.acks, sizeof said.acks) == 0);
			free(n.snap.p);
			free(n.journal);
			watcher.merged++;
			return (uint16_t)i;
		}
	}
	CHECK(watcher.n < WATCH_NODES_N);
	watcher.node[watcher.n] = n;
	return (uint16_t)watcher.n++;
}

static size_t watch_place(const struct watcher_event *e)
{
	return e->act == WACT_FETCH   ? WAT_FETCH + (size_t)e->signer * NAMES + e->arg
	       : e->act == WACT_PAPER ? WAT_PAPER + (size_t)e->arg
	       : e->act == WACT_KILL  ? (size_t)WAT_KILL
	       : e->act == WACT_BLOCK ? (size_t)WAT_BLOCK
	       : e->act == WACT_UNDO  ? (size_t)WAT_UNDO
				      : (size_t)WAT_COME;
}

static struct watcher_event watch_event_at(size_t place)
{
	struct watcher_event e = { .act = WACT_KILL };

	if (place < WAT_PAPER) {
		e.act = WACT_FETCH;
		e.signer = (uint8_t)(place / NAMES);
		e.arg = (uint8_t)(place % NAMES);
	} else if (place < WAT_KILL) {
		e.act = WACT_PAPER;
		e.arg = (uint8_t)(place - WAT_PAPER);
	} else if (place != WAT_KILL) {
		e.act = place == WAT_BLOCK ? WACT_BLOCK : place == WAT_UNDO ? WACT_UNDO : WACT_COME;
	}
	return e;
}

static struct watcher_step watch_go(uint16_t node, const struct watcher_event *e)
{
	struct watcher_step *step = &watcher.step[node][watch_place(e)];

	if (step->to == 0) {
		struct watcher_step now = { 0 };

		watch_load(&watcher.node[node]);
		watch_happen(&watcher.node[node], e);
		now.to = (uint16_t)(1 + watch_node_now(now.acks));
		*step = now;
		watcher.tried++;
	}
	return *step;
}

/* After world_make() and both signers' machines. */
static void watch_machine_make(unsigned who)
{
	uint8_t acks[2] = { 0 };

	watcher.node = many(WATCH_NODES_N, sizeof watcher.node[0]);
	watcher.step = many(WATCH_NODES_N, sizeof watcher.step[0]);
	watcher.n = 0;
	watcher.tried = watcher.merged = watcher.nonces = 0;
	watcher.who = who;
	watcher.journal_n = watcher.sent_n = 0;
	watcher.later = false;
	watcher.mono = 5000;
	memset(&watcher.w, 0, sizeof watcher.w);
	watch_boot();
	watcher.fresh = watcher.w;
	watch_spans();
	CHECK(watch_node_now(acks) == 0);
}

static void watch_machine_free(void)
{
	for (size_t i = 0; i < watcher.n; i++) {
		free(watcher.node[i].snap.p);
		free(watcher.node[i].journal);
	}
	free(watcher.node);
	free(watcher.step);
}

#endif
