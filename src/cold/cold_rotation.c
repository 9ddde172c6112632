/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_rotation.h"

#include <string.h>

#include "chain/nem/nem_fee.h"
#include "cold/cold_holding.h"
#include "cold/cold_self.h"
#include "policy/ceiling.h"

#define DAY_MS UINT64_C(86400000)

static uint64_t micro_or_all(const struct money *m)
{
	uint64_t micro;

	return cold_micro(&micro, m) ? micro : NEM_SUPPLY_MICRO;
}

/* ---- what a box is ------------------------------------------------------------------------- */

/* Its whole move costs more than it holds. */
static bool is_poor(const struct cold_seen *s)
{
	uint64_t amount, fee;

	return s->says.needed < 2 ||
	       nem_fee_empty_account(&amount, &fee, s->least_micro, 0, (unsigned)s->says.needed - 1,
				     NEM_FEE_COSIGNATURE_MICRO) != ERR_OK;
}

static enum cold_box_state old_state(const struct cold_rules *rules, const struct cold_seen *s)
{
	if (s->open) {
		return COLD_BOX_BUSY;
	}
	if (s->most_micro > micro_or_all(&rules->holding.limit)) {
		return COLD_BOX_LARGE;
	}
	return is_poor(s) ? COLD_BOX_POOR : COLD_BOX_OLD;
}

enum cold_box_state cold_box_state(const struct cold_rules *rules, const struct cold_seen *s)
{
	bool retired = false;

	if (!s->told) {
		return COLD_BOX_UNKNOWN;
	}
	for (size_t i = 0; i < s->says.cosigner_count; i++) {
		if (cold_known(rules, &s->says.cosigners[i].key, &retired) == NULL) {
			return COLD_BOX_FOREIGN;
		}
	}
	if (s->spent) {
		return s->most_micro == 0 ? COLD_BOX_DONE : COLD_BOX_DUST;
	}
	if (retired) {
		return old_state(rules, s);
	}
	return !s->open && s->most_micro <= micro_or_all(&rules->holding.residue_max) &&
		       s->says.needed == rules->genesis.recovery.needed &&
		       s->says.cosigner_count == rules->genesis.recovery.holders
		   ? COLD_BOX_NEW
		   : COLD_BOX_FILLED;
}

enum cold_hot_state cold_hot_state(const struct cold_rules *rules, const struct cold_seen *seen,
				   const struct cold_seen *spare)
{
	bool holds = seen->told && (seen->most_micro > CEILING_DUST_MICRO || seen->open);
	bool fresh = !seen->told || (!holds && !seen->spent);
	bool retired = false, foreign = false;

	for (size_t i = 0; spare->told && i < spare->says.cosigner_count; i++) {
		foreign |= cold_known(rules, &spare->says.cosigners[i].key, &retired) == NULL;
	}
	if (spare->told && !retired && !foreign) {
		return fresh && cold_box_state(rules, spare) == COLD_BOX_NEW ? COLD_HOT_READY
									     : COLD_HOT_OURS;
	}
	if (holds) {
		return COLD_HOT_EXPOSED;
	}
	return spare->told || !fresh ? COLD_HOT_EMPTY : COLD_HOT_LATER;
}

/* ---- who signs, and when ------------------------------------------------------------------- */

/* Days after which what was signed counts to nobody's limit, at whatever hours it was done. */
static uint64_t window_days(const struct cold_rules *rules)
{
	return (rules->holding.window_ms + DAY_MS - 1) / DAY_MS + 1;
}

/* What this holder signs in the plan so far and what still counts on this day. */
static uint64_t counted(const struct cold_rotation *r, const struct doc_holder *who, uint64_t day,
			uint64_t window)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->step_count; i++) {
		const struct cold_step *s = &r->step[i];

		for (size_t k = 0; k < s->signer_count; k++) {
			if (s->signer[k] == who && day - s->day < window) {
				sum += s->total_micro;
			}
		}
	}
	return sum;
}

static bool has(const struct cold_step *s, const struct doc_holder *who)
{
	for (size_t i = 0; i < s->signer_count; i++) {
		if (s->signer[i] == who) {
			return true;
		}
	}
	return false;
}

/* The one of the box's people with the most room on that day who does not sign yet, or NULL. */
static const struct doc_holder *freest(const struct cold_rotation *r,
				       const struct cold_rules *rules, const struct cold_seen *box,
				       const struct cold_step *s, const char *proposer)
{
	uint64_t limit = micro_or_all(&rules->holding.limit);
	const struct doc_holder *best = NULL;
	uint64_t least = UINT64_MAX;
	bool retired = false;

	for (size_t i = 0; i < box->says.cosigner_count; i++) {
		const struct doc_holder *h =
		    cold_known(rules, &box->says.cosigners[i].key, &retired);
		uint64_t sum = counted(r, h, s->day, window_days(rules));

		if (!has(s, h) && strcmp(h->id, proposer) != 0 && sum < least &&
		    sum + s->total_micro <= limit) {
			best = h;
			least = sum;
		}
	}
	return best;
}

static bool sign_on(const struct cold_rotation *r, const struct cold_rules *rules,
		    const struct cold_seen *box, struct cold_step *s, const char *proposer)
{
	s->signer_count = 0;
	while (s->signer_count < box->says.needed) {
		const struct doc_holder *h = freest(r, rules, box, s, proposer);

		if (h == NULL) {
			return false;
		}
		s->signer[s->signer_count++] = h;
	}
	return true;
}

static size_t on_day(const struct cold_rotation *r, uint64_t day)
{
	size_t n = 0;

	for (size_t i = 0; i < r->step_count; i++) {
		n += r->step[i].day == day;
	}
	return n;
}

/* The first day on which something of the plan stops counting, after this one; 0: none. */
static uint64_t next_day(const struct cold_rotation *r, uint64_t day, uint64_t window)
{
	/* steps stand in the order of their days */
	for (size_t i = 0; i < r->step_count; i++) {
		if (r->step[i].day + window > day) {
			return r->step[i].day + window;
		}
	}
	return 0;
}

/* False: there are not enough people for it, on any day. */
static bool place(struct cold_rotation *r, const struct cold_rules *rules,
		  const struct cold_seen *box, struct cold_step *s, const char *proposer,
		  uint64_t a_day)
{
	s->day = r->step_count == 0 ? 0 : r->step[r->step_count - 1].day;
	if (on_day(r, s->day) >= a_day) {
		s->day++;
	}
	while (!sign_on(r, rules, box, s, proposer)) {
		s->day = next_day(r, s->day, window_days(rules));
		if (s->day == 0) {
			return false;
		}
	}
	return true;
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* The smallest old box behind the one that was taken last, by what it holds, then by its place. */
static bool next_old(const struct cold_rules *rules, const struct cold_seen *seen, size_t n,
		     size_t last, size_t *out)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		bool behind = last == n || seen[i].least_micro > seen[last].least_micro ||
			      (i > last && seen[i].least_micro == seen[last].least_micro);

		if (behind && cold_box_state(rules, &seen[i]) == COLD_BOX_OLD &&
		    (!found || seen[i].least_micro < seen[*out].least_micro)) {
			*out = i;
			found = true;
		}
	}
	return found;
}

static size_t next_new(const struct cold_rules *rules, const struct cold_seen *seen, size_t n,
		       size_t from)
{
	while (from < n && (cold_box_state(rules, &seen[from]) != COLD_BOX_NEW ||
			    cold_new_box(rules, seen[from].address.text) == 0)) {
		from++;
	}
	return from;
}

static void count(struct cold_rotation *out, const struct cold_rules *rules,
		  const struct cold_seen *seen)
{
	enum cold_box_state state = cold_box_state(rules, seen);

	out->states[state]++;
	if (state == COLD_BOX_OLD || state == COLD_BOX_BUSY || state == COLD_BOX_LARGE ||
	    state == COLD_BOX_POOR) {
		out->left_micro += seen->least_micro;
	}
	if (state == COLD_BOX_FILLED) {
		out->moved_micro += seen->least_micro;
	}
}

void cold_rotation_plan(struct cold_rotation *out, const struct cold_rules *rules,
			const struct cold_seen *seen, size_t n, const char *proposer,
			uint64_t a_day)
{
	size_t last = n, old = 0, to;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < n; i++) {
		count(out, rules, &seen[i]);
	}
	to = next_new(rules, seen, n, 0);
	while (next_old(rules, seen, n, last, &old)) {
		struct cold_step s = { .from = old,
				       .to = to,
				       .total_micro = seen[old].least_micro };

		last = old;
		if (to == n || !place(out, rules, &seen[old], &s, proposer, a_day)) {
			out->homeless++;
			continue;
		}
		out->step[out->step_count++] = s;
		to = next_new(rules, seen, n, to + 1);
	}
}
