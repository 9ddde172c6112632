/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.c - one chain, two nodes with a pool each, and what they tell whom: late, with gaps while a
 * node is down, and with rollbacks.  The adapter of each listener walks as io/node.c does.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum {
	BLOCK_EACH_MS = 1000,
	QUIET_BLOCK_EACH_MS = 12000,
	QUIET_POLL_MS = 4000,
	ROLLBACK_PERMILLE = 80,
	ROLLBACK_MAX = 5,
	POLL_MIN_MS = 10,
	POLL_MAX_MS = 160,
	POOL_BODY_MAX = 256 * 1024,
};

static uint8_t pool_body[POOL_BODY_MAX];

uint32_t chain_now_s(const struct sim *s)
{
	uint32_t out = 0;

	CHECK(nem_time_from_unix_ms(&out, SIM_START_MS + s->now) == ERR_OK);
	return out;
}

void chain_init(struct sim *s)
{
	struct item mine = { .what = HAPPEN_MINE };
	struct nis_config c = world.nis;
	enum nem_result code;

	c.planted = s->options.plants.nis;
	CHECK(nis_open(&s->nis, &c, &world.nemesis) == ERR_OK);
	CHECK(nis_accept(s->nis, bytes_of(world.block2, world.block2_n), world.block2_s, &code) ==
	      ERR_OK);
	CHECK(code == NEM_SUCCESS);
	queue_add(s, 100, mine, bytes_of(NULL, 0));
}

void chain_free(struct sim *s)
{
	nis_close(s->nis);
	s->nis = NULL;
}

uint64_t chain_balance(const struct sim *s, const struct nem_address *a)
{
	struct nis_account account;

	nis_account(s->nis, a, &account);
	return account.balance;
}

void chain_mine(struct sim *s)
{
	struct item mine = { .what = HAPPEN_MINE };
	uint32_t now = chain_now_s(s);
	unsigned pool = fate_permille(&s->fate, 600) ? NODE_CLEAN : NODE_PUBLIC;

	queue_add(s, sim_is_quiet(s) ? QUIET_BLOCK_EACH_MS : BLOCK_EACH_MS, mine,
		  bytes_of(NULL, 0));
	nis_expire(s->nis, now);
	if (s->swarm.rollbacks && !s->healing && s->opening == 3 &&
	    nis_height(s->nis) > s->open_height + ROLLBACK_MAX &&
	    fate_permille(&s->fate, ROLLBACK_PERMILLE)) {
		uint64_t back = fate_range(&s->fate, 1, ROLLBACK_MAX);

		s->rollbacks++;
		sim_note(s, "chain: %llu blocks are undone", (unsigned long long)back);
		CHECK(nis_roll_back(s->nis, nis_height(s->nis) - back, now) == ERR_OK);
		if (fate_permille(&s->fate, 400)) {
			s->dropped = true;
			for (unsigned k = 0; k < NODES; k++) {
				nis_drop_pool(s->nis, k);
			}
			sim_note(s, "chain: and the nodes forget them");
			laws_forgotten(s);
		}
		laws_chain(s);
	}
	if (now > nis_top(s->nis).time_s && !s->failed) {
		CHECK(nis_mine(s->nis, pool, now) == ERR_OK);
		laws_chain(s);
	}
}

static void tell(struct sim *s, uint32_t h, uint32_t node, uint16_t number, struct bytes body)
{
	struct event e = { .kind = EVENT_REPLY,
			   .role = ROLE_NODE,
			   .channel = node,
			   .number = number,
			   .body = body };

	struct host *told = &s->host[h];
	uint32_t generation = told->generation;

	if (!told->up || s->failed) {
		return;
	}
	host_step(s, h, &e);
	if (h >= HOST_W1 && told->generation == generation &&
	    (number == FEED_BLOCK || number == FEED_POOL)) {
		laws_told(s, h, node, number == FEED_BLOCK ? told->fed[node] : 0);
	}
}

/* One block more, or a step back.  False: nothing is new. */
static bool walk(struct sim *s, uint32_t h, uint32_t node)
{
	struct host *k = &s->host[h];
	struct nis_block b;
	uint64_t at = k->fed[node];
	uint8_t height[8];

	while (at > 0 &&
	       (!nis_block_at(s->nis, at, &b) || !hash32_eq(&b.hash, &k->fed_hash[node][at]))) {
		at--;
	}
	CHECK(at > 0 || k->fed[node] == 0);
	if (at < k->fed[node]) {
		k->fed[node] = at;
		k->fed_top[node] = false;
		le64_put(height, at);
		tell(s, h, node, FEED_UNDO, bytes_of(height, sizeof height));
		return true;
	}
	if (!nis_block_at(s->nis, at + 1, &b)) {
		return false;
	}
	if (at + 1 >= k->fed_cap[node]) {
		k->fed_cap[node] = k->fed_cap[node] == 0 ? 256 : k->fed_cap[node] * 2;
		k->fed_hash[node] =
		    realloc(k->fed_hash[node], k->fed_cap[node] * sizeof *k->fed_hash[node]);
		CHECK(k->fed_hash[node] != NULL);
	}
	k->fed_hash[node][at + 1] = b.hash;
	k->fed[node] = at + 1;
	k->fed_top[node] = false;
	tell(s, h, node, FEED_BLOCK, b.verifiable);
	return true;
}

void chain_poll(struct sim *s, const struct item *i)
{
	struct host *k = &s->host[i->host];
	struct item again = *i;
	uint32_t node = i->a;
	uint32_t generation = i->generation;
	uint8_t height[8];
	struct writer w;

	again.body = NULL;
	queue_add(s,
		  s->swarm.slow && !s->healing && fate_permille(&s->fate, 30)
		      ? fate_range(&s->fate, 200, 3000)
		      : fate_range(&s->fate, POLL_MIN_MS, POLL_MAX_MS) +
			    (sim_is_quiet(s) ? QUIET_POLL_MS : 0),
		  again, bytes_of(NULL, 0));
	if (i->host >= HOST_W1 && !k->feeding) {
		/* the shell begins to read the chain when the watcher says so (watch.h) */
		if (!watch_caught_up(host_watch(i->host - HOST_W1), host_mono(s, i->host))) {
			return;
		}
		k->feeding = true;
	}
	if (s->now < s->node_down_until[node]) {
		if (!k->fed_down[node]) {
			k->fed_down[node] = true;
			tell(s, i->host, node, FEED_DOWN, bytes_str("does not answer"));
		}
		return;
	}
	if (k->fed_down[node] || !k->fed_any[node]) {
		k->fed_down[node] = false;
		k->fed_any[node] = true;
		tell(s, i->host, node, FEED_UP, bytes_of(NULL, 0));
	}
	while (k->up && k->generation == generation && !s->failed && walk(s, i->host, node)) {
	}
	if (!k->up || k->generation != generation || s->failed) {
		return;
	}
	if (!k->fed_top[node]) {
		k->fed_top[node] = true;
		le64_put(height, k->fed[node]);
		tell(s, i->host, node, FEED_TOP, bytes_of(height, sizeof height));
		k->fed_whole[node] = k->up && k->generation == generation;
	}
	if (k->up && k->generation == generation &&
	    k->fed_pool[node] != nis_pool_version(s->nis, node) + 1) {
		k->fed_pool[node] = nis_pool_version(s->nis, node) + 1;
		w = writer_make(pool_body, sizeof pool_body);
		nis_feed_pool(s->nis, node, &w);
		CHECK(!w.bad);
		tell(s, i->host, node, FEED_POOL, bytes_of(w.p, w.n));
	}
}

void chain_announce(struct sim *s, const struct item *i)
{
	struct item answer = { .what = HAPPEN_FEED,
			       .host = i->host,
			       .generation = i->generation,
			       .a = i->a,
			       .number = FEED_ANNOUNCED,
			       .id = i->id };
	struct nis_answer a = { .code = NEM_SUCCESS };
	uint8_t body[36] = { 0 };

	if (i->a >= NODES) {
		sim_broken(s, "P6", "%s announces to node %u, which is not there",
			   host_name(i->host), i->a);
		return;
	}
	if (s->now < s->node_down_until[i->a]) {
		le32_put(body, 0x10001);
	} else if (nis_push(s->nis, i->a, bytes_of(i->body, i->n), chain_now_s(s), &a, NULL) !=
		   ERR_OK) {
		sim_broken(s, "P6", "%s announces bytes that are no transaction",
			   host_name(i->host));
		return;
	} else {
		sim_note(s, "chain: node %u answers %s to %s", i->a, nem_result_name((int)a.code),
			 host_name(i->host));
		le32_put(body, (uint32_t)a.code);
		memcpy(body + 4, a.hash.b, sizeof a.hash.b);
		laws_pool(s);
	}
	if (i->host < HOSTS) {
		queue_add(s, fate_range(&s->fate, 1, 10), answer, bytes_of(body, sizeof body));
	}
}
