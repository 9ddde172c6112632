/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_holding.c - which holding cold holders go by, and whom the ones before it have retired.
 *
 * A holding comes with a refill that was answered under it, or alone.  The first that a watcher
 * sees is believed as officers signed it; each other must follow the one before it, as it must on
 * the machines of the holders (cold/cold_holding.h).  One that was told alone is kept beside the
 * one that binds, since machines let what loosens wait: the first refill under it ends the other.
 */
#include <inttypes.h>

#include "base/check.h"
#include "cold/cold_holding.h"
#include "policy/verdict.h"
#include "watch/watch_self.h"

static struct policy_verdict no(enum err e, const char *words)
{
	return refuse(e, "holding", words);
}

static bool is_it(const struct watch_held *h, const struct cold_rules *rules)
{
	return h->doc.number != 0 && hash32_eq(&h->id, &rules->holding_id);
}

/* Everybody whom the holdings before this one named and it does not. */
static struct policy_verdict retire(const struct watch *w, struct cold_rules *rules,
				    enum watch_standing standing)
{
	const struct watch_held *last =
	    standing == WATCH_STANDS_SECOND ? &w->next_holding : &w->holding;
	enum err e = ERR_OK;

	rules->retired = w->retired;
	if (standing == WATCH_STANDS_SECOND) {
		e = cold_retire(&rules->retired, &w->holding.doc, &w->next_holding.doc);
	}
	if (e == ERR_OK && standing != WATCH_STANDS_FIRST && standing != WATCH_STANDS) {
		e = cold_retire(&rules->retired, &last->doc, &rules->holding);
	}
	return e == ERR_OK ? allowed : no(e, "more retired holders than are kept here");
}

struct policy_verdict watch_holding_judge(const struct watch *w, struct cold_rules *rules,
					  struct bytes raw, enum watch_standing *standing)
{
	const struct watch_held *last =
	    w->next_holding.doc.number != 0 ? &w->next_holding : &w->holding;
	struct policy_verdict v = allowed;

	if (w->holding.doc.number == 0) {
		*standing = WATCH_STANDS_FIRST;
	} else if (is_it(&w->holding, rules)) {
		*standing = WATCH_STANDS;
	} else if (is_it(&w->next_holding, rules)) {
		*standing = WATCH_STANDS_NEXT;
	} else if (rules->holding.number < w->holding.doc.number) {
		return no(ERR_STATE, "an older holding than the one that is known here");
	} else if (rules->holding.number <= last->doc.number) {
		return no(ERR_ONCE, "another holding of this number is known here");
	} else {
		*standing = last == &w->holding ? WATCH_STANDS_NEW : WATCH_STANDS_SECOND;
		v = cold_holding_follows(rules, raw, &last->doc, &last->id);
	}
	return v.err == ERR_OK ? retire(w, rules, *standing) : v;
}

static void promote(struct watch *w)
{
	/* its room was looked at when it was judged */
	CHECK(cold_retire(&w->retired, &w->holding.doc, &w->next_holding.doc) == ERR_OK);
	w->holding = w->next_holding;
	w->next_holding.doc.number = 0;
}

void watch_holding_learn(struct watch *w, const struct cold_rules *rules,
			 enum watch_standing standing, bool used)
{
	const struct watch_held told = { .doc = rules->holding, .id = rules->holding_id };

	if (standing == WATCH_STANDS_FIRST) {
		w->holding = told;
	}
	if (standing == WATCH_STANDS_SECOND) {
		promote(w);
	}
	if (standing == WATCH_STANDS_NEW || standing == WATCH_STANDS_SECOND) {
		w->next_holding = told;
	}
	if (used && standing != WATCH_STANDS_FIRST && standing != WATCH_STANDS) {
		promote(w);
	}
}

void watch_rules(const struct watch *w, struct cold_rules *out)
{
	out->genesis = w->genesis;
	out->genesis_id = w->genesis_id;
	out->roster = w->roster;
	out->network = (uint8_t)w->genesis.chain_network;
}

static struct policy_verdict open_alone(const struct watch *w, struct cold_rules *rules,
					struct bytes raw, enum watch_standing *standing)
{
	struct policy_verdict v;

	watch_rules(w, rules);
	v = cold_holding_open(rules, raw);
	return v.err == ERR_OK ? watch_holding_judge(w, rules, raw, standing) : v;
}

/* What takes away binds at once, here as on the holders' machines. */
static bool binds(const struct watch *w, const struct cold_rules *rules,
		  enum watch_standing standing)
{
	return standing == WATCH_STANDS_NEW &&
	       cold_holding_loosens(&w->holding.doc, &rules->holding) == 0;
}

void watch_holding_told(struct watch *w, const struct event *event, struct bytes raw,
			struct effects *out)
{
	static struct cold_rules rules; /* large */
	struct log_record r = { .kind = LOG_WATCH_HOLDING };
	enum watch_standing standing = WATCH_STANDS;
	struct policy_verdict v = open_alone(w, &rules, raw, &standing);
	struct log_batch b;

	if (v.err != ERR_OK) {
		watch_self_refuse(w, event, v.err, v.field, v.words, out);
		return;
	}
	if (standing != WATCH_STANDS && standing != WATCH_STANDS_NEXT) {
		r.id = watch_self_short(&rules.holding_id);
		watch_self_begin(w, &b);
		CHECK(watch_self_add(w, &b, &r, &raw) == ERR_OK);
		watch_self_commit(w, &b, out);
		watch_holding_learn(w, &rules, standing, binds(w, &rules, standing));
		effects_note(out, "info holding number=%" PRIu64 " retired=%zu",
			     rules.holding.number, rules.retired.n);
	}
	watch_stop_receipt(w, event, &rules.holding_id, w->chain.next_sequence - 1, w->wall_ms,
			   out);
}

enum err watch_holding_replay(struct watch *w, struct bytes raw)
{
	static struct cold_rules rules;
	enum watch_standing standing = WATCH_STANDS;

	if (open_alone(w, &rules, raw, &standing).err != ERR_OK) {
		return ERR_CORRUPT;
	}
	watch_holding_learn(w, &rules, standing, binds(w, &rules, standing));
	return ERR_OK;
}
