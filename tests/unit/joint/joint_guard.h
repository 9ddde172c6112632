/* SPDX-License-Identifier: Apache-2.0 */
/*
 * joint_guard.h - a real signer as a machine: states that nothing can tell apart are one, and what
 * each event does to each of them is found out once, by the real guard_step(), and remembered.
 *
 * Time stands still but for what a walk asks for: a heartbeat answers a nonce that was made for it,
 * and is fresh until ACT_AGE, which makes all of that signer too old.
 */
#ifndef KURAMORI_TESTS_JOINT_GUARD_H
#define KURAMORI_TESTS_JOINT_GUARD_H

#include "guard/guard_self.h"
#include "joint_world.h"

enum { GUARD_NODES_MAX = 60000 };

/* What can happen to a signer. */
enum guard_act {
	ACT_SIGN,    /* arg: variant */
	ACT_PREPARE, /* arg: variant */
	ACT_ACK,     /* watcher, arg: name */
	ACT_BEAT,    /* watcher, says, arg: the name that it shows */
	ACT_PAPER,   /* arg: enum paper_n */
	ACT_KILL,
	ACT_AGE,
	ACT_BACK,   /* to the first start */
	ACT_RECALL, /* watcher, arg: variant */
	GUARD_ACTS
};

struct guard_event {
	uint8_t act;
	uint8_t dies; /* behind the first effect; then it starts again */
	uint8_t watcher, arg, says;
};

/* Places of the events in a row of steps. */
enum {
	AT_SIGN = 0,
	AT_PREPARE = AT_SIGN + 2 * VARIANTS,
	AT_ACK = AT_PREPARE + 2 * VARIANTS,
	AT_BEAT = AT_ACK + 2 * WATCHERS * NAMES,
	AT_PAPER = AT_BEAT + 2 * WATCHERS * SAYS * SHOWS,
	AT_KILL = AT_PAPER + 2 * PAPERS,
	AT_AGE,
	AT_BACK,
	AT_RECALL,
	GUARD_STEPS = AT_RECALL + 2 * WATCHERS * VARIANTS
};

/* What the laws see of a signer: its disk and its answers. */
struct guard_look {
	uint8_t level; /* enum level of its stop log */
	uint8_t rules; /* enum rules */
	bool binds, locked, closed;
	bool asked;   /* somebody waits for a signature */
	bool back;    /* it was set back; */
	uint8_t lost; /* bit per variant: attested before, and not in the journal */
	uint8_t names_n;
	uint8_t name[PAYMENTS]; /* what it attested, in order */
	uint8_t quorum;         /* bit per name: k watchers acknowledged it */
	uint64_t spent;         /* of its day, micro-XEM */
	bool evacuates;         /* when it is frozen: the till's sweep was asked for and signed */
	bool tells;             /* who asks is told all that it attested, in order */
};

/* An attestation of before the set-back. */
struct guard_old {
	struct hash32 id;
	uint32_t n; /* 0: there is none */
	uint8_t raw[2048];
};

struct guard_node {
	struct snap snap;
	bool back;
	struct guard_old *old; /* VARIANTS, or NULL */
	uint8_t *journal;
	uint32_t journal_n, batch_at; /* where its newest batch begins */
	struct guard_payment payments[PAYMENTS];
	struct policy_kept entries[PAYMENTS];
	uint64_t mono, wall;
	uint64_t print;            /* of all that a later event could tell from another */
	uint64_t own, w[WATCHERS]; /* the same in parts: what is about one watcher apart */
	struct guard_look look;
};

struct guard_step {
	uint16_t to;      /* + 1; 0: not tried yet */
	uint8_t released; /* bit per name: signatures that went out */
};

static struct guard_machine {
	struct snap_of of;
	struct guard fresh;
	struct guard_node *node;
	struct guard_step (*step)[GUARD_STEPS]; /* of each node */
	uint32_t *at;                           /* hash table of prints: node + 1 */
	size_t n;
	uint64_t tried, merged;
	/* each so many a state that was taken for another is compared with it; 0: none is */
	unsigned every;
	bool checking;
	uint64_t compared, unlike;
	bool back; /* of the state as it stands */
	struct guard_old old[VARIANTS];
} machine[2];

/* What a watcher's real heartbeat says, by what it knows; joint_watch.h fills it in. */
static struct doc_heartbeat beat_said[2][SAYS][SHOWS];
static bool beat_known[2][SAYS][SHOWS];

/* ---- keeping ---- */

#define G_SPAN(o, from, to, scratch) \
	snap_span(o, offsetof(struct guard, from), offsetof(struct guard, to), scratch)

static void guard_spans(struct snap_of *o, int s)
{
	*o = (struct snap_of){ .now = (uint8_t *)&r.g[s],
			       .fresh = (uint8_t *)&machine[s].fresh,
			       .size = sizeof r.g[s] };
	G_SPAN(o, config, orders, false);
	G_SPAN(o, pending, pending[4], false);
	G_SPAN(o, ages, control.entries[4], false);
	G_SPAN(o, control.sorted, control.sorted[8], false);
	G_SPAN(o, control.n, text, false);
	G_SPAN(o, text, ack_bytes, true);
	snap_span(o, offsetof(struct guard, ack_bytes), sizeof(struct guard), false);
}

static void guard_save(int s, struct guard_node *n)
{
	struct log_batch_head head;
	size_t at = 0;

	snap_save(&n->snap, &machine[s].of);
	n->journal_n = (uint32_t)r.journal_n[s];
	n->journal = malloc(n->journal_n);
	CHECK(n->journal != NULL);
	memcpy(n->journal, r.journal[s], n->journal_n);
	while (at < n->journal_n) {
		CHECK(log_batch_head_get(&head, r.journal[s] + at) == ERR_OK);
		n->batch_at = (uint32_t)at;
		at += head.bytes;
	}
	n->back = machine[s].back;
	if (n->back) {
		n->old = malloc(sizeof machine[s].old);
		CHECK(n->old != NULL);
		memcpy(n->old, machine[s].old, sizeof machine[s].old);
	}
	CHECK(r.g[s].payments_n <= PAYMENTS && r.g[s].history.n <= PAYMENTS);
	memcpy(n->payments, r.payments[s], sizeof n->payments);
	memcpy(n->entries, r.entries[s], sizeof n->entries);
	n->mono = r.mono;
	n->wall = r.wall;
}

static void guard_load(int s, const struct guard_node *n)
{
	snap_load(&n->snap, &machine[s].of);
	memcpy(r.journal[s], n->journal, n->journal_n);
	r.journal_n[s] = n->journal_n;
	memcpy(r.payments[s], n->payments, sizeof n->payments);
	memcpy(r.entries[s], n->entries, sizeof n->entries);
	machine[s].back = n->back;
	memset(machine[s].old, 0, sizeof machine[s].old);
	if (n->old != NULL) {
		memcpy(machine[s].old, n->old, sizeof machine[s].old);
	}
	r.mono = n->mono;
	r.wall = n->wall;
	r.fuse = NO_FUSE;
	r.dead = false;
	rig_forget();
}

/* ---- what is seen, and what can be told apart ---- */

/* It was attested since the journal was set back. */
static bool is_new(int s, uint64_t attestation)
{
	bool old = false;

	for (unsigned v = 0; v < VARIANTS; v++) {
		old = old || (machine[s].old[v].n > 0 &&
			      guard_self_mark(&r.g[s], &machine[s].old[v].id) == attestation);
	}
	return machine[s].back && !old;
}

/* Which of its two names a payment of the journal has. */
static unsigned position_of(int s, size_t payment)
{
	const struct guard_payment *p = &r.payments[s][payment];

	return rotates()             ? p->roster != 0
	       : set_back()          ? is_new(s, p->attestation)
	       : payment < POSITIONS ? (unsigned)payment
				     : POSITIONS - 1;
}

static void guard_look(int s, struct guard_look *l)
{
	struct guard *g = &r.g[s];
	u128 spent = guard_spent(g, UINT64_C(86400000), false);

	memset(l, 0, sizeof *l);
	l->level = control_find(&g->control, &world.resume_id) != NULL   ? RESUMED
		   : control_find(&g->control, &world.freeze_id) != NULL ? FROZEN
									 : FREE;
	l->rules = g->control.roster_place != 0                          ? RULES_SECOND
		   : control_find(&g->control, &world.roster_id) != NULL ? RULES_WAIT
									 : RULES_FIRST;
	l->binds = guard_frozen(g);
	l->locked = guard_locked(g);
	l->closed = g->closings[0].closed;
	CHECK(spent <= UINT64_MAX && g->payments_n <= PAYMENTS);
	l->spent = (uint64_t)spent;
	l->back = machine[s].back;
	for (unsigned v = 0; v < VARIANTS; v++) {
		const struct guard_old *old = &machine[s].old[v];

		if (old->n > 0 && guard_self_by_attestation(g, &old->id) == NULL) {
			l->lost |= (uint8_t)(1u << v);
		}
	}
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		l->asked = l->asked || (g->pending[i].used && g->pending[i].waiting);
	}
	for (size_t i = 0; i < g->payments_n; i++) {
		const struct guard_payment *p = &r.payments[s][i];

		l->name[l->names_n++] = name_of(variant_of_row(s, i), position_of(s, i));
		if (guard_self_quorum(g, p->acked)) {
			l->quorum |= (uint8_t)(1u << l->name[i]);
		}
	}
}

/* What the newest heartbeat of a watcher comes to. */
static uint64_t heard_print(const struct guard *g, const struct guard_watcher *w,
			    const struct guard_look *look)
{
	uint64_t more;

	if (!w->heard || g->mono_ms - w->issued_mono_ms > g->policy.heartbeat_age_ms) {
		return 1;
	}
	/* the chain's time counts even where nothing else does */
	more = mines()     ? (uint64_t)w->chain_s << 8
	       : rotates() ? (uint64_t)w->chain_s << 8 | (uint64_t)w->roster_agrees << 7
			   : 0;
	for (uint8_t l = look->level; l < LEVELS; l++) {
		bool known = rotates() && look->rules != RULES_FIRST;

		for (unsigned k = known; k < (rotates() ? 2 : 1); k++) {
			if (w->stop_count == stop_count(l, k != 0 ? RULES_WAIT : RULES_FIRST) &&
			    hash32_eq(&w->stop_head, &world.head[l][k])) {
				return more + 10 + 2 * l + k;
			}
		}
	}
	/* of before what this signer has: it never agrees again, whatever comes */
	return more + 2;
}

/* What a watcher says that the journal lacks, and for how many lives of a heartbeat. */
static uint64_t claim_print(const struct guard *g, const struct guard_recall *k)
{
	uint64_t lives = (g->mono_ms - k->since_mono_ms) / g->policy.heartbeat_age_ms;

	lives = k->since_mono_ms == 0 ? 0 : 1 + (lives > 5 ? 5 : lives);
	return lives << 2 | (uint64_t)k->claims << 1 | k->aside;
}

/*
 * What a start would make of the roster's wait: whether the chain's time was known when it came,
 * and what the signer's own clock was at its newest record.
 */
static void wait_print(uint64_t *print, int s, const struct control_entry *e)
{
	struct log_batch_head head;
	uint64_t own_ms = 0;
	bool known = false;

	for (size_t at = 0; at < r.journal_n[s]; at += head.bytes) {
		struct log_view view;

		CHECK(log_batch_head_get(&head, r.journal[s] + at) == ERR_OK);
		CHECK(log_batch_check(&view, bytes_of(r.journal[s] + at, head.bytes)) == ERR_OK);
		for (uint32_t i = 0; i < view.head.count; i++) {
			struct log_record record;

			CHECK(log_view_record(&record, &view, i) == ERR_OK);
			own_ms = le64_get(record.debit.b);
			if (record.kind == LOG_GUARD_STOP && (u128)DOC_ROSTER == record.amount) {
				known = le32_get(record.debit.b + 8) != 0;
			}
		}
	}
	print_add(print, own_ms >= e->own_ms + e->wait_ms);
	print_add(print, known);
}

/* Of the second roster: what a later step could come to see. */
static void rules_print(uint64_t *print, int s, const struct guard_look *l)
{
	const struct guard *g = &r.g[s];
	const struct control_entry *e;

	if (rotates()) {
		print_add(print, l->rules);
	}
	for (size_t i = 0; rotates() && i < g->control.n; i++) {
		e = &g->control.entries[i];
		if (e->type == DOC_ROSTER && e->state == CONTROL_WAITS) {
			print_add(print, e->chain_s);
			print_add(print, g->own_ms - e->own_ms >= e->wait_ms);
			if ((world.with & CRASHES) != 0) {
				wait_print(print, s, e);
			}
		}
	}
}

/*
 * Numbers that only grow (sequences, nonces, times) are left out; what is compared with them is put
 * in by its outcome.  The tills hold more than all payments together, so what a watcher's tally
 * already counts is no matter.  A signer that is frozen for ever has nothing to ask watchers for.
 */
static void guard_prints(int s, struct guard_node *n)
{
	const struct guard *g = &r.g[s];
	const struct guard_look *l = &n->look;
	/* a second roster comes into force in a freeze, too */
	bool over = l->binds && (world.with & (RESUMES | ROTATES | BACKS)) == 0;

	n->own = 1;
	print_add(&n->own, l->level);
	print_add(&n->own, (uint64_t)l->binds << 2 | (uint64_t)l->locked << 1 | l->closed);
	print_add(&n->own, g->control.n);
	rules_print(&n->own, s, l);
	if (set_back()) {
		print_add(&n->own, (uint64_t)l->lost << 2 | (uint64_t)g->twin << 1 | l->back);
		print_add(&n->own, (uint64_t)g->complete << 1 | g->shown);
	}
	for (size_t i = 0; i < l->names_n; i++) {
		uint64_t waits = 0;

		for (size_t k = 0; k < GUARD_PENDING_MAX; k++) {
			const struct guard_pending *p = &g->pending[k];

			if (p->used &&
			    guard_self_mark(g, &p->attestation) == r.payments[s][i].attestation) {
				waits = 1u + p->waiting;
			}
		}
		print_add(&n->own, l->name[i]);
		print_add(&n->own, waits);
		print_add(&n->own, over ? 0 : l->quorum >> l->name[i] & 1);
	}
	for (unsigned i = 0; i < WATCHERS; i++) {
		n->w[i] = 1;
		print_add(&n->w[i], over ? 0 : heard_print(g, &g->watchers[place_of(i)], l));
		if (set_back()) {
			print_add(&n->w[i], claim_print(g, &g->recall[i]));
		}
		for (size_t k = 0; !over && k < l->names_n; k++) {
			print_add(&n->w[i], (l->quorum >> l->name[k] & 1) != 0
						? 2
						: r.payments[s][k].acked >> place_of(i) & 1);
		}
	}
	CHECK(g->acks_n == 0); /* a tick has written them */
	n->print = n->own;
	for (unsigned i = 0; i < WATCHERS; i++) {
		print_add(&n->print, n->w[i]);
	}
}

/* ---- one event ---- */

static void guard_tick(int s)
{
	struct event tick = { .kind = EVENT_TICK };

	rig_event(s, &tick);
}

/* As if the time for a new nonce had passed, and nothing else were older by it. */
static void nonce_renew(int s)
{
	struct guard *g = &r.g[s];

	CHECK(r.mono >= g->policy.heartbeat_age_ms / 4);
	g->nonces[g->nonces_made % GUARD_NONCES].issued_mono_ms =
	    r.mono - g->policy.heartbeat_age_ms / 4;
	guard_tick(s);
}

/* number: SIGNER_SIGN or SIGNER_PREPARE.  answer: of A's, which B is given. */
static void guard_sign(int s, uint16_t number, unsigned answer)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct bytes items[24];
	unsigned variant = rotates() ? 0 : answer;
	size_t n = world.request[variant].n;

	memcpy(items, world.request[variant].items, n * sizeof items[0]);
	if (s == B) {
		items[n++] = world.answer[answer][0];
		items[n++] = world.answer[answer][1];
	}
	(void)rig_frame(s, SERVER, number, rig_body(&w, items, n));
}

static const struct guard_payment *payment_of(int s, const struct guard_look *l, uint8_t name)
{
	for (size_t i = 0; i < l->names_n; i++) {
		if (l->name[i] == name) {
			return &r.payments[s][i];
		}
	}
	return NULL;
}

static void spent_forget(int s)
{
	r.g[s].history.n = 0;
	r.g[s].history.sums = (struct policy_sums){ 0 };
}

static void guard_beat(int s, const struct guard_look *l, const struct guard_event *e)
{
	struct doc_heartbeat h = beat_said[s][e->says][e->arg];
	const struct guard_payment *p = payment_of(s, l, e->arg);
	unsigned place = place_of(e->watcher);

	CHECK(beat_known[s][e->says][e->arg]);
	nonce_renew(s);
	h.nonce = rig_nonce(s, place).nonce;
	(void)snprintf(h.watcher, sizeof h.watcher, "watcher-%u", place + 1u);
	if (p != NULL) {
		h.records_sequence = p->sequence;
		h.records_head = rig_attested(s, (size_t)(p - r.payments[s])).t.head;
	} else if (e->arg != NO_NAME) {
		h.records_sequence = UINT32_MAX; /* a journal that was cut: it is not there */
	}
	(void)rig_beat_as(s, WATCHER + place, &h, key_of(e->watcher));
	if ((world.planted & PLANT_DEAF) != 0) {
		r.g[s].watchers[place].stop_count = r.g[s].control.n;
		r.g[s].watchers[place].stop_head = r.g[s].control.head;
	}
	r.g[s].watchers[place].roster_agrees |= (world.planted & PLANT_ANY_RULES) != 0;
	if ((world.planted & PLANT_MINED_SPENT) != 0 && h.height > world.blocks) {
		spent_forget(s);
	}
	if ((world.planted & PLANT_UNHEARD) != 0) {
		guard_recall_begin(&r.g[s]);
		r.g[s].locked = false;
	}
}

static void guard_ack(int s, const struct guard_look *l, const struct guard_event *e)
{
	unsigned place = place_of(e->watcher);
	struct hash32 attestation;
	char name[16];

	(void)snprintf(name, sizeof name, "watcher-%u", place + 1);
	attestation = rig_attested(s, (size_t)(payment_of(s, l, e->arg) - r.payments[s])).id;
	(void)rig_ack_as(s, WATCHER + place, name, &attestation, key_of(e->watcher));
}

/* The envelope of a payment's attestation, out of the journal. */
static void old_keep(int s, const struct guard_payment *p, struct guard_old *old)
{
	struct log_view view;

	CHECK(log_batch_check(&view, bytes_of(r.journal[s] + p->batch_offset, p->batch_bytes)) ==
	      ERR_OK);
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record record;
		struct bytes blob;
		struct doc d;

		CHECK(log_view_record(&record, &view, i) == ERR_OK);
		if (record.kind == LOG_GUARD_ATTEST &&
		    log_view_blob(&blob, &view, &record.link) == ERR_OK &&
		    doc_open(&d, blob, &r.genesis_id, NULL) == ERR_OK &&
		    guard_self_mark(&r.g[s], &d.id) == p->attestation) {
			CHECK(blob.n <= sizeof old->raw);
			memcpy(old->raw, blob.p, blob.n);
			old->n = (uint32_t)blob.n;
			old->id = d.id;
		}
	}
	CHECK(old->n > 0);
}

static void guard_back(int s, const struct guard_node *before)
{
	for (size_t i = 0; i < before->look.names_n; i++) {
		old_keep(s, &r.payments[s][i], &machine[s].old[variant_of(before->look.name[i])]);
	}
	machine[s].back = true;
	r.journal_n[s] = machine[s].node[0].journal_n;
	rig_restart(s);
}

static void guard_recall(int s, const struct guard_event *e)
{
	static uint8_t body[65536];
	const struct guard_old *old = &machine[s].old[e->arg];
	const struct rig_bodies *docs = &world.request[e->arg];
	struct writer w = writer_make(body, sizeof body);
	struct bytes items[24];
	size_t n = 0;

	items[n++] = bytes_of(old->raw, old->n);
	for (size_t i = docs->n; i-- > 0;) {
		items[n++] = docs->items[i];
	}
	(void)rig_frame(s, WATCHER + e->watcher, SIGNER_RECALL, rig_body(&w, items, n));
}

/* Which of officer-2's keys counts in this step though the roster has the other; NULL: none. */
static const struct rig_key *planted_key(int s, unsigned paper)
{
	bool second = r.g[s].control.roster_place != 0;

	return (second && paper == RESUME && (world.planted & PLANT_OLD_RESUME) != 0) ||
		       (second && paper != RESUME && (world.planted & PLANT_OLD_KEY) != 0)
		   ? &r.person[1]
	       : !second && paper == RESUME_NEXT && (world.planted & PLANT_EARLY_RESUME) != 0
		   ? &world.officer
		   : NULL;
}

static void guard_paper(int s, unsigned paper)
{
	const struct rig_key *planted = planted_key(s, paper);
	struct key32 key = r.g[s].roster.people[1].key;

	if (planted != NULL) {
		r.g[s].roster.people[1].key = planted->key;
	}
	(void)rig_frame(s, STOPPER, SIGNER_STOP_PUT,
			bytes_of(world.paper[paper].body, world.paper[paper].n));
	if (planted != NULL) {
		r.g[s].roster.people[1].key = key;
	}
	if ((world.planted & PLANT_RESUME_OPENS) != 0 && paper == RESUME) {
		r.g[s].closings[0].closed = false;
	}
}

static void guard_happen(int s, const struct guard_node *before, const struct guard_event *e)
{
	r.fuse = e->dies ? 1 : NO_FUSE;
	switch ((enum guard_act)e->act) {
	case ACT_SIGN:
		guard_sign(s, SIGNER_SIGN, e->arg);
		break;
	case ACT_PREPARE:
		guard_sign(s, SIGNER_PREPARE, e->arg);
		break;
	case ACT_ACK:
		guard_ack(s, &before->look, e);
		break;
	case ACT_BEAT:
		guard_beat(s, &before->look, e);
		break;
	case ACT_PAPER:
		guard_paper(s, e->arg);
		break;
	case ACT_KILL:
		if ((world.planted & PLANT_DISK) != 0 && before->batch_at != 0) {
			r.journal_n[s] = before->batch_at;
		}
		rig_restart(s);
		break;
	case ACT_AGE:
		r.mono += r.policy.heartbeat_age_ms + 1;
		r.wall += r.policy.heartbeat_age_ms + 1;
		for (unsigned i = 0; (world.planted & PLANT_AGELESS) != 0 && i < WATCHERS; i++) {
			r.g[s].watchers[i].issued_mono_ms = r.mono;
		}
		break;
	case ACT_BACK:
		guard_back(s, before);
		break;
	case ACT_RECALL:
		guard_recall(s, e);
		break;
	case GUARD_ACTS:
		CHECK(false);
	}
	if (e->dies) {
		rig_restart(s);
	}
	if ((world.planted & PLANT_SPENT) != 0 && (e->dies || e->act == ACT_KILL)) {
		spent_forget(s);
	}
	guard_tick(s);
	if (r.g[s].control.roster_place != 0 && (world.planted & PLANT_OPENS) != 0) {
		r.g[s].closings[0].closed = false;
	}
	if (r.g[s].control.roster_place != 0 && (world.planted & PLANT_LIFTS) != 0) {
		r.g[s].control.binding = 0;
	}
}

/*
 * The signatures that went out, a bit per name.  What each attests is, but for its place in the
 * journal, what record_of() tells watchers.
 */
static uint8_t released_now(int s)
{
	uint8_t released = 0;
	struct doc_attestation t;
	struct doc d;

	for (size_t i = 0; i < r.sent_n; i++) {
		const struct doc_attestation *want;
		unsigned position = POSITIONS - 1;

		if (rig_type(rig_item(&r.sent[i], 1), &d) != DOC_SIGNATURE) {
			continue;
		}
		CHECK(rig_type(rig_item(&r.sent[i], 0), &d) == DOC_ATTESTATION);
		CHECK(doc_attestation_read(&d, &t, NULL) == ERR_OK);
		for (unsigned k = 0; k < r.g[s].payments_n; k++) {
			if (r.payments[s][k].attestation == guard_self_mark(&r.g[s], &d.id)) {
				position = position_of(s, k);
			}
		}
		want = &world.said[s][variant_by_subject(&t.subject)];
		released |= (uint8_t)(1u << name_of(variant_by_subject(&t.subject), position));
		CHECK(want->data_n == t.data_n && memcmp(want->data, t.data, t.data_n) == 0 &&
		      hash32_eq(&want->inner_hash, &t.inner_hash) &&
		      hash32_eq(&want->policy, &t.policy) &&
		      hash32_eq(&t.roster, rotates() && position == SECOND_JUDGED
					       ? &world.roster_id
					       : &want->roster) &&
		      want->kind == t.kind);
	}
	return released;
}

/* ---- what it does when it is asked, in every state ---- */

/*
 * A watcher that holds its first k records is told the next one, with the documents that
 * watch_fetch() has, or nothing.  Destroys the state.
 */
static bool tells(int s)
{
	static uint8_t raw[2048], body[2052];

	for (size_t k = 0; k <= r.g[s].payments_n; k++) {
		struct doc_cursor cursor = { .after = k == 0 ? 0 : r.payments[s][k - 1].sequence,
					     .genesis = r.genesis_id };
		struct writer w = writer_make(raw, sizeof raw);
		struct writer b = writer_make(body, sizeof body);
		const struct rig_bodies *docs;
		const struct rig_sent *answer;
		struct bytes item;
		struct doc d;

		CHECK(doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK);
		item = bytes_of(w.p, w.n);
		answer = rig_answer(rig_frame(s, WATCHER, SIGNER_NEXT, rig_body(&b, &item, 1)));
		if (k == r.g[s].payments_n) {
			return answer == NULL || rig_item(answer, 1).n == 0;
		}
		docs = &world.request[variant_of_row(s, k)];
		if (rig_type(rig_item(answer, 1), &d) != DOC_ATTESTATION ||
		    guard_self_mark(&r.g[s], &d.id) != r.payments[s][k].attestation ||
		    rig_item(answer, 2 + docs->n).n != 0) {
			return false;
		}
		for (size_t i = 0; i < docs->n; i++) {
			if (!bytes_eq(rig_item(answer, 2 + i), docs->items[docs->n - 1 - i])) {
				return false;
			}
		}
	}
	return true;
}

/* All watchers that stay are well, and say what this signer would. */
static void all_well(int s)
{
	for (unsigned i = 0; i < (rotates() ? THIRD_PLACE : WATCHERS); i++) {
		struct doc_heartbeat h;

		nonce_renew(s);
		h = rig_heartbeat(s, i);
		h.roster = r.g[s].roster_id;
		(void)rig_beat_as(s, WATCHER + i, &h, &r.watcher[i]);
	}
}

/* Both officers' word on this state: is the whole move signed?  Destroys the state. */
static bool evacuates(int s)
{
	static uint8_t raw[3][16384];
	static uint8_t body[65536];
	struct writer w = writer_make(raw[2], sizeof raw[2]);
	struct writer b = writer_make(body, sizeof body);
	struct bytes items[8];
	struct hash32 id;
	uint64_t asked;
	size_t n = 0;

	all_well(s);
	all_well(s); /* the first may have brought the second roster, which asks anew */
	CHECK(doc_sweep_make(&w, NULL, &world.sweep, NULL) == ERR_OK);
	items[n++] = bytes_of(w.p, w.n);
	for (unsigned i = 0; i < ((world.planted & PLANT_ONE_OFFICER) != 0 ? 1 : 2); i++) {
		struct doc_freeze f = rig_freeze(i == 0 ? "officer-1" : "officer-2", 101);

		f.evacuate = true;
		f.time_ms = NOW;
		items[n++] = rig_freeze_raw(
		    raw[i], &f,
		    i == 1 && r.g[s].control.roster_place != 0 ? &world.officer : &r.person[i]);
	}
	if (s == B) {
		items[n++] = world.sweep_items[0];
		items[n++] = world.sweep_items[1];
	}
	asked = rig_frame(s, WATCHER, SIGNER_SWEEP, rig_body(&b, items, n));
	if (r.g[s].sweeps_n == 0) {
		return false;
	}
	id = rig_newest(s);
	(void)rig_ack(s, 0, &id);
	(void)rig_ack(s, 1, &id);
	if (s == A && world.sweep_items[0].n == 0 && rig_signed(asked)) {
		for (size_t i = 0; i < 2; i++) {
			struct bytes item = rig_item(rig_answer(asked), i);

			CHECK(item.n <= sizeof world.sweep_raw[0][i]);
			memcpy(world.sweep_raw[0][i], item.p, item.n);
			world.sweep_items[i] = bytes_of(world.sweep_raw[0][i], item.n);
		}
	}
	return rig_signed(asked);
}

/* ---- the machine ---- */

static struct guard_step guard_go(int s, uint16_t node, const struct guard_event *e);

/* Every event that can come to a signer in this state; gives how many. */
static size_t guard_events(int s, const struct guard_look *l, struct guard_event *out)
{
	struct guard_event all[512];
	size_t n = 0;

	for (uint8_t v = 0; v < (rotates() ? 1 + s : VARIANTS); v++) {
		all[n++] = (struct guard_event){ .act = ACT_SIGN, .arg = v };
		if ((world.with & PREPARES) != 0) {
			all[n++] = (struct guard_event){ .act = ACT_PREPARE, .arg = v };
		}
	}
	for (uint8_t i = 0; i < PAPERS; i++) {
		if (has_paper(i) || i == FREEZE || (i == CLOSING && !rotates())) {
			all[n++] = (struct guard_event){ .act = ACT_PAPER, .arg = i };
		}
	}
	for (uint8_t w = 0; w < WATCHERS; w++) {
		for (size_t i = 0; i < l->names_n; i++) {
			all[n++] =
			    (struct guard_event){ .act = ACT_ACK, .watcher = w, .arg = l->name[i] };
		}
	}
	for (uint8_t w = 0; w < WATCHERS; w++) {
		for (uint8_t says = 0; says < SAYS; says++) {
			for (uint8_t name = 0; name < SHOWS; name++) {
				if (beat_known[s][says][name] && name != UNKNOWN_NAME &&
				    (name == NO_NAME || payment_of(s, l, name) != NULL)) {
					all[n++] = (struct guard_event){ .act = ACT_BEAT,
									 .watcher = w,
									 .says = says,
									 .arg = name };
				}
			}
		}
	}
	for (uint8_t v = 0; v < VARIANTS; v++) {
		for (uint8_t w = 0; w < WATCHERS && (l->lost >> v & 1) != 0; w++) {
			all[n++] =
			    (struct guard_event){ .act = ACT_RECALL, .watcher = w, .arg = v };
		}
	}
	/* a second roster has more to be told apart by where a signer is killed */
	if ((world.with & CRASHES) != 0 || !rotates()) {
		for (size_t i = 0, once = n; i < once; i++) {
			all[n] = all[i];
			all[n++].dies = 1;
		}
		all[n++] = (struct guard_event){ .act = ACT_KILL };
	}
	all[n++] = (struct guard_event){ .act = ACT_AGE };
	if (set_back() && !l->back) {
		all[n++] = (struct guard_event){ .act = ACT_BACK };
	}
	memcpy(out, all, n * sizeof all[0]);
	return n;
}

/*
 * The state as it stands was taken for this node: whatever happens next, both do the same and come
 * to what is taken for the same again.
 */
static void guard_same(int s, uint16_t node)
{
	struct guard_machine *m = &machine[s];
	struct guard_event events[512];
	struct guard_node n;
	size_t events_n;

	memset(&n, 0, sizeof n);
	guard_look(s, &n.look);
	guard_save(s, &n);
	events_n = guard_events(s, &n.look, events);
	m->checking = true;
	for (size_t i = 0; i < events_n; i++) {
		struct guard_step step = guard_go(s, node, &events[i]);
		struct guard_node next;
		uint8_t released;

		memset(&next, 0, sizeof next);
		guard_load(s, &n);
		guard_happen(s, &n, &events[i]);
		released = released_now(s);
		guard_look(s, &next.look);
		guard_prints(s, &next);
		m->unlike += next.print != m->node[step.to - 1].print || released != step.released;
	}
	m->checking = false;
	m->compared++;
	free(n.snap.p);
	free(n.old);
	free(n.journal);
}

/* The node of the state as it stands. */
static uint16_t guard_node_now(int s)
{
	struct guard_machine *m = &machine[s];
	struct guard_node n;
	size_t at;

	memset(&n, 0, sizeof n);
	guard_look(s, &n.look);
	guard_prints(s, &n);
	for (at = n.print % (2 * GUARD_NODES_MAX); m->at[at] != 0;
	     at = (at + 1) % (2 * GUARD_NODES_MAX)) {
		if (m->node[m->at[at] - 1].print == n.print) {
			uint16_t node = (uint16_t)(m->at[at] - 1);

			if (m->every != 0 && !m->checking && ++m->merged % m->every == 0) {
				guard_same(s, node);
			}
			return node;
		}
	}
	guard_save(s, &n);
	n.look.evacuates = n.look.binds && evacuates(s);
	guard_load(s, &n);
	n.look.tells = tells(s);
	CHECK(m->n < GUARD_NODES_MAX);
	m->node[m->n] = n;
	m->at[at] = (uint32_t)++m->n;
	return (uint16_t)(m->n - 1);
}

static size_t guard_place(const struct guard_event *e)
{
	switch ((enum guard_act)e->act) {
	case ACT_SIGN:
		return AT_SIGN + 2u * e->arg + e->dies;
	case ACT_PREPARE:
		return AT_PREPARE + 2u * e->arg + e->dies;
	case ACT_ACK:
		return AT_ACK + 2u * ((size_t)e->watcher * NAMES + e->arg) + e->dies;
	case ACT_BEAT:
		return AT_BEAT + 2u * (((size_t)e->watcher * SAYS + e->says) * SHOWS + e->arg) +
		       e->dies;
	case ACT_PAPER:
		return AT_PAPER + 2u * e->arg + e->dies;
	case ACT_KILL:
		return AT_KILL;
	case ACT_AGE:
		return AT_AGE;
	case ACT_BACK:
		return AT_BACK;
	case ACT_RECALL:
		return AT_RECALL + 2u * ((size_t)e->watcher * VARIANTS + e->arg) + e->dies;
	case GUARD_ACTS:
		break;
	}
	CHECK(false);
	return 0;
}

static struct guard_step guard_go(int s, uint16_t node, const struct guard_event *e)
{
	struct guard_machine *m = &machine[s];
	struct guard_step *step = &m->step[node][guard_place(e)];

	if (step->to == 0) {
		guard_load(s, &m->node[node]);
		guard_happen(s, &m->node[node], e);
		step->released = released_now(s);
		step->to = (uint16_t)(1 + guard_node_now(s));
		m->tried++;
	}
	return *step;
}

/* The second roster comes, and what it waits for. */
static void rules_come(int s)
{
	const struct guard_event paper = { .act = ACT_PAPER, .arg = ROSTER };

	all_well(s);
	guard_happen(s, &machine[s].node[0], &paper);
	r.wall += r.policy.heartbeat_age_ms + 1;
	r.mono += r.policy.heartbeat_age_ms + 1;
	all_well(s);
	guard_tick(s);
	CHECK(r.g[s].control.roster_place != 0);
}

/* What a signer answers to each payment when it is asked for that one alone. */
static void guard_answers(int s)
{
	unsigned planted = world.planted;
	struct doc_attestation said;
	struct doc d;

	world.planted = 0; /* of the walk */

	for (unsigned v = 0; v < VARIANTS; v++) {
		uint64_t id;

		guard_load(s, &machine[s].node[0]);
		if (rotates() && v == SECOND_JUDGED) {
			rules_come(s);
		}
		all_well(s);
		id = r.ids + 1;
		guard_sign(s, SIGNER_SIGN, v);
		rig_acks(s);
		CHECK(rig_signed(id));
		CHECK(rig_type(rig_item(rig_answer(id), 0), &d) == DOC_ATTESTATION);
		CHECK(doc_attestation_read(&d, &said, NULL) == ERR_OK);
		world.said[s][v] = said;
		if (v == 0) {
			struct doc_signature sign;

			CHECK(rig_type(rig_item(rig_answer(id), 1), &d) == DOC_SIGNATURE);
			CHECK(doc_signature_read(&d, &sign, NULL) == ERR_OK);
			world.signature[s] = sign.signature;
		}
		for (size_t i = 0; s == A && i < 2; i++) {
			struct bytes item = rig_item(rig_answer(id), i);

			CHECK(item.n <= sizeof world.answer_raw[v][i]);
			memcpy(world.answer_raw[v][i], item.p, item.n);
			world.answer[v][i] = bytes_of(world.answer_raw[v][i], item.n);
		}
	}
	if (s == A) { /* its word on the evacuation, which B needs */
		struct guard_event freeze = { .act = ACT_PAPER, .arg = FREEZE };

		guard_load(s, &machine[s].node[0]);
		guard_happen(s, &machine[s].node[0], &freeze);
		CHECK(evacuates(s));
	}
	world.planted = planted;
}

static void *many(size_t n, size_t size)
{
	void *p = calloc(n, size);

	CHECK(p != NULL);
	return p;
}

/* After world_make(). */
static void guard_machine_make(int s)
{
	struct guard_machine *m = &machine[s];

	m->node = many(GUARD_NODES_MAX, sizeof m->node[0]);
	m->step = many(GUARD_NODES_MAX, sizeof m->step[0]);
	m->at = many((size_t)2 * GUARD_NODES_MAX, sizeof m->at[0]);
	m->n = 0;
	m->tried = m->merged = m->compared = m->unlike = 0;
	m->back = false;
	memset(m->old, 0, sizeof m->old);
	guard_tick(s);
	m->fresh = r.g[s];
	guard_spans(&m->of, s);
	CHECK(guard_node_now(s) == 0);
	guard_answers(s);
}

static void guard_machine_free(int s)
{
	struct guard_machine *m = &machine[s];

	for (size_t i = 0; i < m->n; i++) {
		free(m->node[i].snap.p);
		free(m->node[i].old);
		free(m->node[i].journal);
	}
	free(m->node);
	free(m->step);
	free(m->at);
}

#endif
