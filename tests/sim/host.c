/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - the daemons and their disks: steps, effects carried out in order, crashes between and
 * inside them, and the restart from what was synced.
 *
 * A COMMIT goes to the volatile part of the disk first and is then synced.  A crash inside it
 * leaves nothing, a torn tail, or the whole batch whose answer never came; a torn tail is shown to
 * log_batch_check(), which must refuse it, and is cut off, as the engines of store/ do.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum {
	PAYMENTS = 256,
	ENTRIES = 256,
	UNDO = 512,
	CRASH_PERMILLE = 3, /* of the steps with a commit, while crashes are drawn */
	GUARD_TICK_MS = 100,
	WATCH_TICK_MS = 50,
	PAYOUT_TICK_MS = 500,
	TICKS_LATE_MS = 20,
};

static struct guard guards[DOC_SIGNERS];
static struct guard_payment guard_payments[DOC_SIGNERS][PAYMENTS];
static struct policy_kept guard_entries[DOC_SIGNERS][ENTRIES];
static struct watch watches[WATCHERS];
static struct watch_payment watch_payments[WATCHERS][PAYMENTS];
static uint32_t watch_index[WATCHERS][4 * PAYMENTS];
static struct policy_kept watch_entries[WATCHERS][ENTRIES];
static struct watch_undo watch_undo_ring[WATCHERS][NODES * UNDO];
static struct payout *payout;
static uint8_t store[PAYOUT_EFFECTS_BYTES];

struct guard *host_guard(unsigned signer)
{
	return &guards[signer];
}

struct watch *host_watch(unsigned watcher)
{
	return &watches[watcher];
}

struct payout *host_payout(void)
{
	return payout;
}

const char *host_name(uint32_t h)
{
	static const char *const names[HOSTS] = { "payout", "a", "b", "w1", "w2", "w3" };

	return h < HOSTS ? names[h] : h == CLIENT_FOE ? "foe" : "officer";
}

uint64_t host_wall(const struct sim *s, uint32_t h)
{
	return (uint64_t)((int64_t)(SIM_START_MS + s->now) + s->host[h].wall_skew);
}

uint64_t host_mono(const struct sim *s, uint32_t h)
{
	return s->now + s->host[h].mono_offset;
}

/* ---- disks ---------------------------------------------------------------------------------- */

static void disk_append(struct disk *d, struct bytes batch, size_t have)
{
	struct sim_batch *b;

	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 64 : d->cap * 2;
		d->batch = realloc(d->batch, d->cap * sizeof *d->batch);
		CHECK(d->batch != NULL);
	}
	b = &d->batch[d->n++];
	*b = (struct sim_batch){
		.p = malloc(batch.n), .n = batch.n, .have = have, .offset = d->bytes
	};
	CHECK(b->p != NULL);
	memcpy(b->p, batch.p, batch.n);
	if (have < batch.n) {
		memset(b->p + have, 0, batch.n - have);
	}
	d->bytes += batch.n;
}

/* What a start finds: a torn last batch goes. */
static void disk_recover(struct sim *s, uint32_t h)
{
	struct disk *d = &s->host[h].disk;
	struct sim_batch *b;
	struct log_view view;

	if (d->n == 0 || d->batch[d->n - 1].have == d->batch[d->n - 1].n) {
		return;
	}
	b = &d->batch[d->n - 1];
	if (log_batch_check(&view, bytes_of(b->p, b->n)) == ERR_OK) {
		/* only zeros of the padding are missing, and a preallocated file has zeros there */
		b->have = b->n;
		laws_commit(s, h, bytes_of(b->p, b->n));
		return;
	}
	if (log_batch_check(&view, bytes_of(b->p, b->have)) == ERR_OK) {
		sim_broken(s, "P7", "%s: a torn batch of %zu of %zu bytes passes for whole",
			   host_name(h), b->have, b->n);
	}
	d->bytes = b->offset;
	free(b->p);
	d->n--;
}

static void disk_free(struct disk *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->batch[i].p);
	}
	free(d->batch);
	*d = (struct disk){ 0 };
}

/* As a program reads its own journal back: any bytes of it, across no end of a batch. */
static enum err disk_read(void *ctx, uint8_t *into, size_t n, uint64_t offset)
{
	const struct disk *d = ctx;

	for (size_t i = d->n; i-- > 0;) {
		const struct sim_batch *b = &d->batch[i];

		if (offset >= b->offset && offset + n <= b->offset + b->n) {
			memcpy(into, b->p + (offset - b->offset), n);
			return ERR_OK;
		}
	}
	return ERR_IO;
}

/* ---- starting ------------------------------------------------------------------------------- */

static enum err guard_boot(struct sim *s, uint32_t h, bool replay_only)
{
	unsigned i = h - HOST_A;
	struct guard_config c = {
		.genesis = world.genesis,
		.roster = world.roster,
		.policy = world.policy,
		.signer = (enum doc_signer)i,
		.chain_secret = &world.chain_key[i],
		.attest_secret = world.attest[i].secret,
		.log_secret = &world.log_secret[h],
		.network = NEM_NETWORK_TEST,
		.storage = { .payments = guard_payments[i],
			     .payments_cap = PAYMENTS,
			     .entries = guard_entries[i],
			     .entries_cap = ENTRIES,
			     .read = disk_read,
			     .ctx = &s->host[h].disk },
		.planted = s->options.plants.guard,
		.planted_control = s->options.plants.control,
	};
	struct doc_fault fault;
	enum err e;

	if (!replay_only) {
		fate_bytes(&s->fate, c.boot_random, sizeof c.boot_random);
	}
	memset(c.program.b, (int)h, sizeof c.program.b);
	e = guard_init(&guards[i], &c, &fault);
	CHECK(e == ERR_OK);
	for (size_t k = 0; e == ERR_OK && k < s->host[h].disk.n; k++) {
		const struct sim_batch *b = &s->host[h].disk.batch[k];

		e = guard_replay(&guards[i], bytes_of(b->p, b->n));
	}
	if (e == ERR_OK && !replay_only) {
		e = guard_start(&guards[i], host_wall(s, h), host_mono(s, h), &s->effects);
	}
	return e;
}

static enum err watch_boot(struct sim *s, uint32_t h, bool replay_only)
{
	unsigned i = h - HOST_W1;
	struct watch_config c = {
		.genesis = world.genesis,
		.roster = world.roster,
		.policy = world.policy,
		.freeze_secret = world.watcher[i].secret,
		.log_secret = &world.log_secret[h],
		.network = NEM_NETWORK_TEST,
		.nodes = NODES,
		.node_clean = NODE_CLEAN,
		.node_public = NODE_PUBLIC,
		.peers = WATCHERS - 1,
		.storage = { .payments = watch_payments[i],
			     .payments_cap = PAYMENTS,
			     .index = watch_index[i],
			     .index_cap = ARRAY_LEN(watch_index[i]),
			     .entries = watch_entries[i],
			     .entries_cap = ENTRIES,
			     .undo = watch_undo_ring[i],
			     .undo_cap = UNDO },
		.planted = s->options.plants.watch,
		.planted_control = s->options.plants.control,
	};
	struct doc_fault fault;
	enum err e;

	memcpy(c.watcher, world.roster_doc.watchers[i].id, sizeof c.watcher);
	if (!replay_only) {
		fate_bytes(&s->fate, c.boot_random, sizeof c.boot_random);
	}
	e = watch_init(&watches[i], &c, &fault);
	CHECK(e == ERR_OK);
	for (size_t k = 0; e == ERR_OK && k < s->host[h].disk.n; k++) {
		const struct sim_batch *b = &s->host[h].disk.batch[k];

		e = watch_replay(&watches[i], bytes_of(b->p, b->n));
	}
	if (e == ERR_OK && !replay_only) {
		watch_start(&watches[i], host_wall(s, h), host_mono(s, h), &s->effects);
	}
	return e;
}

static enum err payout_boot(struct sim *s, bool replay_only)
{
	const struct payout_config c = {
		.genesis = world.genesis,
		.roster = world.roster,
		.policy = world.policy,
		.log_secret = &world.log_secret[HOST_PAYOUT],
		.network = NEM_NETWORK_TEST,
		.settle_depth = 3,
		.deposit_depth = 3,
		.nodes = NODES,
		.nodes_agree = 1 + (uint32_t)(s->seed % NODES), /* every second night all of them */
		.in_flight = 4,
		.look_free = PAYOUT_LOOK_FREE,
		.planted = s->options.plants.payout,
		.books_planted = s->options.plants.books,
	};
	struct doc_fault fault;
	enum err e;

	payout_free(payout);
	payout = NULL;
	e = payout_init(&payout, &c, &fault);
	CHECK(e == ERR_OK);
	for (size_t k = 0; e == ERR_OK && k < s->host[HOST_PAYOUT].disk.n; k++) {
		const struct sim_batch *b = &s->host[HOST_PAYOUT].disk.batch[k];

		e = payout_replay(payout, bytes_of(b->p, b->n));
	}
	if (e == ERR_OK && !replay_only) {
		payout_start(payout, host_wall(s, HOST_PAYOUT), host_mono(s, HOST_PAYOUT),
			     &s->effects);
	}
	return e;
}

static enum err boot(struct sim *s, uint32_t h, bool replay_only)
{
	return h == HOST_PAYOUT ? payout_boot(s, replay_only)
	       : h < HOST_W1    ? guard_boot(s, h, replay_only)
				: watch_boot(s, h, replay_only);
}

static uint64_t tick_ms(struct sim *s, uint32_t h)
{
	uint64_t every = h == HOST_PAYOUT ? PAYOUT_TICK_MS
			 : h < HOST_W1    ? GUARD_TICK_MS
					  : WATCH_TICK_MS;

	return every - fate_below(&s->fate, TICKS_LATE_MS);
}

/* ---- effects -------------------------------------------------------------------------------- */

static void call_read(struct sim *s, uint32_t h, const struct effect *f)
{
	struct item item = { .what = HAPPEN_REPLY,
			     .host = h,
			     .generation = s->host[h].generation,
			     .number = f->number,
			     .id = f->request_id,
			     .status = ERR_IO };
	struct reader r = reader_make(f->body);
	uint64_t offset = reader_u64(&r);
	uint32_t n = reader_u32(&r);
	struct bytes found = bytes_of(NULL, 0);

	for (size_t i = 0; i < s->host[h].disk.n; i++) {
		const struct sim_batch *b = &s->host[h].disk.batch[i];

		if (b->offset == offset && b->n == n) {
			found = bytes_of(b->p, b->n);
			item.status = ERR_OK;
		}
	}
	if (item.status != ERR_OK) {
		sim_broken(s, "P6", "%s wants to read %u bytes at %llu, where no batch is",
			   host_name(h), n, (unsigned long long)offset);
	}
	queue_add(s, fate_range(&s->fate, 0, 2), item, found);
}

static void call_blob(struct sim *s, uint32_t h, const struct effect *f)
{
	struct item item = { .what = HAPPEN_REPLY,
			     .host = h,
			     .generation = s->host[h].generation,
			     .number = f->number,
			     .id = f->request_id,
			     .status = ERR_NOT_FOUND };
	struct bytes found = bytes_of(NULL, 0);
	struct hash32 name;

	CHECK(f->body.n == sizeof name.b);
	memcpy(name.b, f->body.p, sizeof name.b);
	for (size_t i = 0; i < s->host[h].disk.n && item.status != ERR_OK; i++) {
		const struct sim_batch *b = &s->host[h].disk.batch[i];
		struct log_view view;

		CHECK(log_batch_check(&view, bytes_of(b->p, b->n)) == ERR_OK);
		item.status = log_view_blob(&found, &view, &name);
	}
	queue_add(s, fate_range(&s->fate, 0, 2), item, found);
}

static void call(struct sim *s, uint32_t h, const struct effect *f)
{
	struct item item = { .what = HAPPEN_ANNOUNCE,
			     .host = h,
			     .generation = s->host[h].generation,
			     .id = f->request_id };

	if (f->number == CALL_ANNOUNCE && h != HOST_A && h != HOST_B) {
		CHECK(f->body.n > 4);
		item.a = le32_get(f->body.p);
		queue_add(s,
			  fate_range(&s->fate, 1,
				     s->swarm.slow && !s->healing && fate_permille(&s->fate, 300)
					 ? 1500
					 : 10),
			  item, bytes_of(f->body.p + 4, f->body.n - 4));
	} else if ((f->number == GUARD_CALL_READ && (h == HOST_A || h == HOST_B)) ||
		   (f->number == WATCH_CALL_READ && h >= HOST_W1 && h < HOSTS)) {
		call_read(s, h, f);
	} else if (f->number == PAYOUT_CALL_BLOB && h == HOST_PAYOUT) {
		call_blob(s, h, f);
	} else if (f->number == PAYOUT_CALL_ANSWER && h == HOST_PAYOUT) {
		people_answer(s, f->request_id, f->body);
	} else {
		sim_broken(s, "P6", "%s makes a call %u that it has no right to", host_name(h),
			   f->number);
	}
}

/* A crash in the middle of a commit: nothing, a torn tail, or all of it, but no answer. */
static void commit_crash(struct sim *s, uint32_t h, struct bytes batch)
{
	switch (fate_below(&s->fate, 3)) {
	case 0:
		return;
	case 1:
		disk_append(&s->host[h].disk, batch, (size_t)fate_below(&s->fate, batch.n));
		return;
	default:
		disk_append(&s->host[h].disk, batch, batch.n);
		laws_commit(s, h, batch);
		return;
	}
}

static void effect_do(struct sim *s, uint32_t h, const struct effect *f)
{
	switch (f->kind) {
	case EFFECT_COMMIT:
		disk_append(&s->host[h].disk, f->body, f->body.n);
		laws_commit(s, h, f->body);
		return;
	case EFFECT_SEND:
		laws_send(s, h, f);
		net_send(s, h, f);
		return;
	case EFFECT_CLOSE:
		net_close(s, h, f->channel);
		return;
	case EFFECT_CALL:
		call(s, h, f);
		return;
	case EFFECT_NOTE:
		sim_note(s, "%s: %.*s", host_name(h), (int)f->body.n, (const char *)f->body.p);
		return;
	}
	CHECK(false);
}

static void effects_do(struct sim *s, uint32_t h)
{
	size_t crash_at = SIZE_MAX;
	bool committed = false;

	for (size_t i = 0; i < s->effects.n; i++) {
		committed = committed || s->effects.list[i].kind == EFFECT_COMMIT;
	}
	if (s->swarm.crashes && !s->healing && s->host[h].crashes < 4 && committed &&
	    fate_permille(&s->fate, CRASH_PERMILLE * 10)) {
		crash_at = fate_below(&s->fate, s->effects.n + 1);
	}
	for (size_t i = 0; i < s->effects.n && !s->failed; i++) {
		const struct effect *f = &s->effects.list[i];

		if (i == crash_at) {
			if (f->kind == EFFECT_COMMIT) {
				commit_crash(s, h, f->body);
			}
			/* What it decided may be on its disk: judged before it is gone. */
			s->host[h].dying = true;
			laws_step(s, h, committed);
			s->host[h].dying = false;
			host_crash(s, h, "at an effect");
			return;
		}
		effect_do(s, h, f);
	}
	if (s->failed) {
		return;
	}
	laws_step(s, h, committed);
	if (crash_at == s->effects.n) {
		host_crash(s, h, "after a step");
	}
}

void host_step(struct sim *s, uint32_t h, struct event *e)
{
	CHECK(s->host[h].up);
	if (s->failed) {
		return;
	}
	s->steps++;
	e->wall_ms = host_wall(s, h);
	e->mono_ms = host_mono(s, h);
	effects_reset(&s->effects);
	if (h == HOST_PAYOUT) {
		payout_step(payout, e, &s->effects);
	} else if (h < HOST_W1) {
		guard_step(&guards[h - HOST_A], e, &s->effects);
	} else {
		watch_step(&watches[h - HOST_W1], e, &s->effects);
	}
	effects_do(s, h);
}

/* ---- life and death -------------------------------------------------------------------------
 */

void host_crash(struct sim *s, uint32_t h, const char *why)
{
	struct host *k = &s->host[h];
	struct item item = { .what = HAPPEN_RESTART, .host = h };

	if (!k->up) {
		return;
	}
	k->up = false;
	k->crashes++;
	k->generation++;
	sim_note(s, "%s dies %s", host_name(h), why);
	net_host_gone(s, h);
	laws_forgotten(s);
	queue_add(s, fate_range(&s->fate, 20, s->healing ? 200 : 4000), item, bytes_of(NULL, 0));
}

/*
 * What this batch holds can be lost and found again: attestations that k watchers have durable, and
 * what no law counts on.  Stops, rules and orders have laws that count from when they are on this
 * disk; that they come back is shown by guard_rig.h's tests.
 */
static bool may_be_lost(const struct sim *s, const struct sim_batch *b)
{
	struct log_view v;
	struct log_record r;

	CHECK(log_batch_check(&v, bytes_of(b->p, b->n)) == ERR_OK);
	for (uint32_t i = 0; i < v.head.count; i++) {
		unsigned holders = WATCHERS;

		CHECK(log_view_record(&r, &v, i) == ERR_OK);
		for (size_t k = 0; r.kind == LOG_GUARD_ATTEST && k < s->attested_n; k++) {
			const struct attested *a = &s->attested[k];
			struct bytes blob;
			struct doc d;

			CHECK(log_view_blob(&blob, &v, &r.link) == ERR_OK &&
			      doc_open(&d, blob, &world.genesis_id, NULL) == ERR_OK);
			if (hash32_eq(&d.id, &a->id)) {
				holders = (unsigned)__builtin_popcount(a->holders);
			}
		}
		if (holders < WATCHERS_NEEDED || r.kind == LOG_GENESIS ||
		    r.kind == LOG_GUARD_STOP || r.kind == LOG_GUARD_RULES ||
		    r.kind == LOG_GUARD_CLOSING || r.kind == LOG_GUARD_ORDER) {
			return false;
		}
	}
	return true;
}

void host_rewind(struct sim *s, uint32_t h)
{
	struct disk *d = &s->host[h].disk;
	size_t first = d->n;

	if (!s->host[h].up || s->host[h].dying) {
		return;
	}
	host_crash(s, h, "and its disk is that of earlier");
	while (first > 0 && d->batch[first - 1].have == d->batch[first - 1].n &&
	       may_be_lost(s, &d->batch[first - 1])) {
		first--;
	}
	if (first == d->n) {
		return;
	}
	first += (size_t)fate_below(&s->rewind_fate, d->n - first);
	s->rewinds++;
	while (d->n > first) {
		d->bytes = d->batch[d->n - 1].offset;
		free(d->batch[d->n - 1].p);
		d->n--;
	}
}

void host_restart(struct sim *s, uint32_t h)
{
	struct host *k = &s->host[h];
	struct item tick = { .what = HAPPEN_TICK, .host = h };
	enum err e;

	if (k->up || s->failed) {
		return;
	}
	disk_recover(s, h);
	/* a new boot of the machine now and then: monotonic time begins anew */
	if (fate_permille(&s->fate, 300)) {
		k->mono_offset = fate_below(&s->fate, 100000000);
	}
	k->up = true;
	k->up_since = s->now;
	k->feeding = false;
	for (unsigned i = 0; i < NODES; i++) {
		k->fed[i] = 0;
		k->fed_pool[i] = 0;
		k->fed_down[i] = k->fed_top[i] = k->fed_any[i] = k->fed_whole[i] = false;
	}
	sim_note(s, "%s starts", host_name(h));
	effects_reset(&s->effects);
	e = boot(s, h, false);
	if (e != ERR_OK) {
		sim_broken(s, "P7", "%s does not take its own journal back: %s", host_name(h),
			   err_slug(e));
		return;
	}
	effects_do(s, h);
	if (!k->up) {
		return; /* died again while starting */
	}
	tick.generation = k->generation;
	queue_add(s, tick_ms(s, h), tick, bytes_of(NULL, 0));
	for (uint32_t i = 0; i < NODES && (h == HOST_PAYOUT || h >= HOST_W1); i++) {
		struct item poll = {
			.what = HAPPEN_POLL, .host = h, .generation = k->generation, .a = i
		};

		queue_add(s, fate_range(&s->fate, 1, 60), poll, bytes_of(NULL, 0));
	}
	for (uint32_t i = 0; i < s->links_n; i++) {
		if (s->links[i].client == h) {
			struct item dial = { .what = HAPPEN_DIAL, .a = i };

			s->links[i].conn = 0;
			queue_add(s, fate_range(&s->fate, 0, 20), dial, bytes_of(NULL, 0));
		}
	}
}

void host_boot_all(struct sim *s)
{
	effects_init(&s->effects, store, sizeof store);
	for (uint32_t h = 0; h < HOSTS; h++) {
		struct item item = { .what = HAPPEN_RESTART, .host = h };

		s->host[h].next_channel = 65536;
		s->host[h].mono_offset = fate_below(&s->fate, 100000000);
		s->host[h].wall_skew = (int64_t)fate_below(&s->fate, 2001) - 1000;
		queue_add(s, fate_below(&s->fate, 50), item, bytes_of(NULL, 0));
	}
}

void host_free(struct sim *s)
{
	for (uint32_t h = 0; h < HOSTS; h++) {
		disk_free(&s->host[h].disk);
		for (unsigned i = 0; i < NODES; i++) {
			free(s->host[h].fed_hash[i]);
		}
	}
	payout_free(payout);
	payout = NULL;
}

void host_hash(const struct sim *s, struct hash32 *out)
{
	struct sha256 h;
	uint8_t number[8];

	sha256_init(&h);
	for (uint32_t i = 0; i < HOSTS; i++) {
		for (size_t k = 0; k < s->host[i].disk.n; k++) {
			const struct sim_batch *b = &s->host[i].disk.batch[k];

			le64_put(number, b->have);
			sha256_update(&h, bytes_of(number, sizeof number));
			sha256_update(&h, bytes_of(b->p, b->have));
		}
	}
	le64_put(number, s->steps);
	sha256_update(&h, bytes_of(number, sizeof number));
	sha256_final(&h, out);
}

/* A fresh instance that replays the journal must know what the running one knows (P3, P5, P10). */
void host_replay_check(struct sim *s)
{
	struct hash32 books[2];
	struct hash32 head[2];
	bool frozen;

	for (unsigned i = 0; i < DOC_SIGNERS && !s->failed; i++) {
		size_t payments = guards[i].payments_n;
		u128 spent = 0, yen = 0;
		uint64_t price = guards[i].history.price.price;
		struct hash32 roster = guards[i].roster_id, policy = guards[i].policy_id;

		if (!s->host[HOST_A + i].up) {
			continue;
		}
		for (size_t k = 0; k < guards[i].history.n; k++) {
			spent += guards[i].history.entries[k].outflow;
			yen += guards[i].history.entries[k].yen;
		}
		frozen = guard_frozen(&guards[i]);
		head[0] = guards[i].chain.head;
		if (guard_boot(s, HOST_A + i, true) != ERR_OK) {
			sim_broken(s, "P7", "signer %s does not take its journal back",
				   host_name(HOST_A + i));
			return;
		}
		for (size_t k = 0; k < guards[i].history.n; k++) {
			spent -= guards[i].history.entries[k].outflow;
			yen -= guards[i].history.entries[k].yen;
		}
		if (payments != guards[i].payments_n || frozen != guard_frozen(&guards[i]) ||
		    !hash32_eq(&head[0], &guards[i].chain.head) || spent != 0 || yen != 0 ||
		    price != guards[i].history.price.price ||
		    !hash32_eq(&roster, &guards[i].roster_id) ||
		    !hash32_eq(&policy, &guards[i].policy_id)) {
			sim_broken(s, "P7", "signer %s knows something else after a replay",
				   host_name(HOST_A + i));
		}
	}
	for (unsigned i = 0; i < WATCHERS && !s->failed; i++) {
		size_t payments = watches[i].payments_n;
		size_t stops = watches[i].control.binding;

		if (!s->host[HOST_W1 + i].up) {
			continue;
		}
		if (watch_boot(s, HOST_W1 + i, true) != ERR_OK) {
			sim_broken(s, "P8", "watcher %s does not take its journal back",
				   host_name(HOST_W1 + i));
			return;
		}
		if (payments != watches[i].payments_n || stops != watches[i].control.binding) {
			sim_broken(s, "P8", "watcher %s knows something else after a replay",
				   host_name(HOST_W1 + i));
		}
	}
	if (s->failed || !s->host[HOST_PAYOUT].up) {
		return;
	}
	CHECK(books_hash(payout_books(payout), &books[0]) == ERR_OK);
	head[0] = payout_journal(payout)->head;
	if (payout_boot(s, true) != ERR_OK) {
		sim_broken(s, "P1", "the server does not take its journal back");
		return;
	}
	CHECK(books_hash(payout_books(payout), &books[1]) == ERR_OK);
	head[1] = payout_journal(payout)->head;
	if (!hash32_eq(&books[0], &books[1]) || !hash32_eq(&head[0], &head[1])) {
		sim_broken(s, "P1", "the books are others after a replay of their journal");
	}
}
