/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - kuramori-sim: nights by the thousand, each from one number (docs/sim.md).
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "sim/sim.h"

enum {
	QUIET_FROM_MS = BUSY_MS + 8000,
	NEXT_BUSY_MS = 20000,
	QUIET_MS = 6600000, /* an attempt's life, 360 blocks, and some more */
};

struct sim *sim_running;

bool sim_is_quiet(const struct sim *s)
{
	return s->swarm.late && s->now >= QUIET_FROM_MS && s->now < QUIET_FROM_MS + QUIET_MS;
}

/* ---- planted bugs --------------------------------------------------------------------------- */

static const struct plant {
	const char *name, *module, *words;
	struct sim_plants bits;
} plants[] = {
	{ "payout-new-attempt",
	  "payout",
	  "after a restart a fresh attempt, not the stored one",
	  { .payout = PAYOUT_PLANT_NEW_ATTEMPT } },
	{ "guard-no-ack-wait",
	  "guard",
	  "the signature leaves before the acknowledgements",
	  { .guard = GUARD_PLANT_NO_ACK_WAIT } },
	{ "guard-forget-on-replay",
	  "guard",
	  "request ids are not rebuilt from the journal",
	  { .guard = GUARD_PLANT_FORGET_ON_REPLAY } },
	{ "watch-ack-before-judge",
	  "watch",
	  "acknowledges what it has not judged",
	  { .watch = WATCH_PLANT_ACK_BEFORE_JUDGE } },
	{ "watch-ignore-blocks",
	  "watch",
	  "judges pools only",
	  { .watch = WATCH_PLANT_IGNORE_BLOCKS } },
	{ "payout-no-exclusion",
	  "payout",
	  "a closed till is proof enough that its attempts are dead",
	  { .payout = PAYOUT_PLANT_NO_EXCLUSION } },
	{ "guard-no-exclusion",
	  "guard",
	  "a second attempt needs no proof",
	  { .guard = GUARD_PLANT_NO_EXCLUSION } },
	{ "guard-exclusion-few",
	  "guard",
	  "k - 1 watchers are proof enough that an attempt is dead",
	  { .guard = GUARD_PLANT_EXCLUSION_FEW } },
	{ "watch-exclude-pool",
	  "watch",
	  "calls an attempt dead that can still be mined, or stands in a pool",
	  { .watch = WATCH_PLANT_EXCLUDE_POOL } },
	{ "watch-exclude-early",
	  "watch",
	  "calls an attempt dead as soon as its till is empty",
	  { .watch = WATCH_PLANT_EXCLUDE_EARLY } },
	{ "control-lift-all",
	  "control",
	  "a resume lifts what it does not name",
	  { .control = CONTROL_PLANT_LIFT_ALL } },
	{ "control-at-once",
	  "control",
	  "what loosens does not wait",
	  { .control = CONTROL_PLANT_AT_ONCE } },
	{ "control-forget",
	  "control",
	  "what a resume names before it came is forgotten",
	  { .control = CONTROL_PLANT_FORGET } },
	{ "control-endless",
	  "control",
	  "a grant never ends, and never waits",
	  { .control = CONTROL_PLANT_ENDLESS } },
	{ "guard-forget-resume",
	  "guard",
	  "resumes are not rebuilt from the journal",
	  { .guard = GUARD_PLANT_FORGET_RESUME } },
	{ "guard-forget-rules",
	  "guard",
	  "what came into force is not rebuilt from the journal",
	  { .guard = GUARD_PLANT_FORGET_RULES } },
	{ "guard-forget-price",
	  "guard",
	  "what payments were counted at in yen is not rebuilt from the journal",
	  { .guard = GUARD_PLANT_FORGET_PRICE } },
	{ "guard-order-age",
	  "guard",
	  "time locks run from when the order says it was made, and the server asks at once",
	  { .guard = GUARD_PLANT_ORDER_AGE, .payout = PAYOUT_PLANT_NO_LOCK } },
	{ "guard-recall-gap",
	  "guard",
	  "what watchers hand back need not follow what is there, and they hand back the last",
	  { .guard = GUARD_PLANT_RECALL_GAP, .watch = WATCH_PLANT_RECALL_LAST } },
	{ "watch-recall-last",
	  "watch",
	  "hands a signer its last record back, and none before it",
	  { .watch = WATCH_PLANT_RECALL_LAST } },
	{ "guard-no-budget",
	  "guard",
	  "a new day of the calendar is enough: nobody has to compare",
	  { .guard = GUARD_PLANT_NO_BUDGET } },
	{ "guard-day-whole",
	  "guard",
	  "a day renews also what was attested behind its point",
	  { .guard = GUARD_PLANT_DAY_WHOLE } },
	{ "guard-day-any",
	  "guard",
	  "a day counts whatever sum it names",
	  { .guard = GUARD_PLANT_DAY_ANY } },
	{ "control-grant-stays",
	  "control",
	  "a cancel does not end a grant that runs",
	  { .control = CONTROL_PLANT_GRANT_STAYS } },
	{ "books-hold-uncounted",
	  "books",
	  "a hold is not counted against the balance",
	  { .books = BOOKS_PLANT_HOLD_UNCOUNTED } },
	{ "books-post-twice",
	  "books",
	  "a hold may be posted again",
	  { .books = BOOKS_PLANT_POST_TWICE } },
	{ "nis-skip-duplicate",
	  "nis",
	  "blocks accept an inner hash that was mined before",
	  { .nis = NIS_PLANT_SKIP_DUPLICATE } },
};

/* ---- trace ---------------------------------------------------------------------------------- */

void sim_note(struct sim *s, const char *format, ...)
{
	char *line = s->ring[s->ring_n++ % RING];
	int n = snprintf(line, RING_TEXT, "%6" PRIu64 ".%03" PRIu64 " #%" PRIu64 " ", s->now / 1000,
			 s->now % 1000, s->steps);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + n, RING_TEXT - (size_t)n, format, args);
	va_end(args);
	if (s->options.verbose) {
		(void)printf("%s\n", line);
	}
}

void sim_broken(struct sim *s, const char *promise, const char *format, ...)
{
	va_list args;
	int n;

	if (s->failed) {
		return;
	}
	s->failed = true;
	n = snprintf(s->why, sizeof s->why, "%s: ", promise);
	va_start(args, format);
	(void)vsnprintf(s->why + n, sizeof s->why - (size_t)n, format, args);
	va_end(args);
}

/* Also in the handler of SIGABRT: the process ends there, and a torn report is better than none. */
/* NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c) */
static void report(const struct sim *s)
{
	size_t n = s->ring_n < RING ? s->ring_n : RING;

	(void)printf("BROKEN %s\n", s->why);
	(void)printf("  seed %" PRIu64 " event %" PRIu64 " at %" PRIu64 " ms; the last notes:\n",
		     s->seed, s->steps, s->now);
	for (size_t i = 0; i < n; i++) {
		(void)printf("  %s\n", s->ring[(s->ring_n - n + i) % RING]);
	}
	(void)fflush(stdout);
}

/* A core that dies of its own CHECK has broken a promise to itself: say at which seed. */
static void on_abort(int number)
{
	(void)number;
	if (sim_running != NULL) {
		(void)snprintf(sim_running->why, sizeof sim_running->why,
			       "CHECK: a core died of its own check");
		report(sim_running);
	}
	_exit(1);
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

/* ---- what happened: so that nobody takes an empty night for a quiet one -----------------------
 */

static struct totals {
	uint64_t events, withdrawals, settled, deposits, attestations, sweeps, seconds, crashes,
	    connections;
	uint64_t rewinds, rollbacks, proposals, thefts, officers, excused, quiet, unseen;
	uint64_t granted, second_nights, days;
} totals;

static void count(const struct sim *s)
{
	totals.events += s->steps;
	totals.deposits += s->deposits;
	totals.connections += s->conns_n;
	totals.rollbacks += s->rollbacks;
	totals.rewinds += s->rewinds;
	totals.thefts += s->theft;
	totals.unseen += s->unseen;
	totals.quiet += s->quiet;
	totals.proposals += s->foul && !s->theft && !s->excused;
	totals.second_nights += s->longer != 0;
	totals.days += s->days_taken;
	totals.officers += s->officer_froze;
	totals.excused += s->excused;
	for (uint32_t h = 0; h < HOSTS; h++) {
		totals.crashes += s->host[h].crashes;
	}
	for (size_t i = 0; i < s->attested_n; i++) {
		totals.attestations += !s->attested[i].sweep && !s->attested[i].forged;
		totals.sweeps += s->attested[i].sweep;
		totals.seconds += s->attested[i].number > 1;
		totals.granted += s->attested[i].granted;
	}
	totals.withdrawals += payout_count(host_payout());
	for (size_t i = 0; i < payout_count(host_payout()); i++) {
		struct payout_view v;

		payout_at(&v, host_payout(), i);
		totals.settled += v.state == PAYOUT_SETTLED;
	}
}

static void totals_print(void)
{
	(void)printf("events %" PRIu64 ", withdrawals %" PRIu64 " (settled %" PRIu64
		     "), deposits %" PRIu64 ", attestations %" PRIu64
		     " (of second attempts %" PRIu64 ") and of sweeps %" PRIu64 ", crashes %" PRIu64
		     ", connections %" PRIu64 ", rollbacks %" PRIu64 ", memories put back %" PRIu64
		     "\n",
		     totals.events, totals.withdrawals, totals.settled, totals.deposits,
		     totals.attestations, totals.seconds, totals.sweeps, totals.crashes,
		     totals.connections, totals.rollbacks, totals.rewinds);
	(void)printf("nights with a theft %" PRIu64 " (gone before anybody knew %" PRIu64
		     "), with other foul play %" PRIu64 ", an officer's freeze %" PRIu64
		     ", an excused false alarm %" PRIu64 ", all withdrawals due %" PRIu64 "\n",
		     totals.thefts, totals.unseen, totals.proposals, totals.officers,
		     totals.excused, totals.quiet);
	(void)printf("second nights %" PRIu64 ", days that signers took %" PRIu64
		     ", attestations by a grant %" PRIu64 "\n",
		     totals.second_nights, totals.days, totals.granted);
}

/* ---- one seed -------------------------------------------------------------------------------- */

static void swarm_draw(struct sim *s)
{
	struct fate *f = &s->fate;
	struct swarm *w = &s->swarm;

	w->faults = fate_permille(f, 600);
	if (w->faults) {
		w->crashes = fate_permille(f, 600);
		w->breaks = fate_permille(f, 500);
		w->slow = fate_permille(f, 400);
		w->node_downs = fate_permille(f, 300);
		w->clock_steps = fate_permille(f, 250);
		w->clock_far = w->clock_steps && fate_permille(f, 200);
	}
	w->rollbacks = fate_permille(f, 300);
	w->evil_server = fate_permille(f, 350);
	w->evil_backend = w->evil_server && fate_permille(f, 400);
	if (fate_permille(f, 300)) {
		w->key_a = fate_permille(f, 600);
		w->key_b = !w->key_a || fate_permille(f, 600);
		w->jam = fate_permille(f, 500);
		w->collude = fate_permille(f, 600);
	}
	w->thief_from = fate_range(f, 3000, BUSY_MS - 4000);
	w->far = fate_permille(f, 300) ? HOST_W1 + (uint32_t)fate_below(f, WATCHERS) : 0;
	w->rogue_a = fate_permille(f, 80);
	w->officers = fate_permille(f, 80);
	w->requests = (unsigned)fate_range(f, 2, 9);
	w->overdraw = fate_permille(f, 400) ? 250 : 0;
}

static void fault(struct sim *s)
{
	struct item again = { .what = HAPPEN_FAULT };
	uint32_t h = (uint32_t)fate_below(&s->fate, HOSTS);

	if (s->healing) {
		return;
	}
	queue_add(s, fate_range(&s->fate, 300, 3000), again, bytes_of(NULL, 0));
	switch (fate_below(&s->fate, 4)) {
	case 0:
		if (s->swarm.crashes && s->host[h].crashes < 4) {
			host_crash(s, h, "at once");
		}
		return;
	case 1:
		if (s->swarm.breaks && s->conns_n > 0) {
			net_break(
			    s, (uint32_t)(s->conns_n - 1 -
					  fate_below(&s->fate, s->conns_n < 24 ? s->conns_n : 24)));
		}
		return;
	case 2:
		if (s->swarm.node_downs) {
			unsigned node = (unsigned)fate_below(&s->fate, NODES);

			s->node_down_until[node] = s->now + fate_range(&s->fate, 100, 5000);
		}
		return;
	default:
		if (s->swarm.clock_steps) {
			/*
			 * An attempt that is ahead of the chain waits until the chain is there: the
			 * server's clock is wrong by less, or no run would be long enough.
			 */
			int64_t most = s->swarm.clock_far && fate_permille(&s->fate, 200) ? 3000000
				       : h == HOST_PAYOUT                                 ? 30000
											  : 200000;

			s->host[h].wall_skew =
			    (int64_t)fate_below(&s->fate, (uint64_t)most) - most / 2;
			sim_note(s, "clock of %s is %lld ms off", host_name(h),
				 (long long)s->host[h].wall_skew);
		}
		return;
	}
}

/* Everything is well again: clocks near the truth, everybody up, all nodes there. */
static void heal(struct sim *s)
{
	s->healing = true;
	sim_note(s, "healing begins");
	for (uint32_t h = 0; h < HOSTS; h++) {
		s->host[h].wall_skew = (int64_t)fate_below(&s->fate, 401) - 200;
	}
	for (unsigned i = 0; i < NODES; i++) {
		s->node_down_until[i] = 0;
	}
}

static bool alive(const struct sim *s, const struct item *i)
{
	return i->host < HOSTS && s->host[i->host].up &&
	       s->host[i->host].generation == i->generation;
}

static void tick(struct sim *s, const struct item *i)
{
	struct event e = { .kind = EVENT_TICK };
	struct item again = *i;

	if (!alive(s, i)) {
		return;
	}
	if (sim_is_quiet(s) && fate_permille(&s->closing_fate, 1)) {
		host_crash(s, (uint32_t)fate_below(&s->closing_fate, HOSTS), "in the quiet hours");
		if (!alive(s, i)) {
			return;
		}
	}
	queue_add(s,
		  (i->host == HOST_PAYOUT ? 500
		   : i->host < HOST_W1    ? 100
					  : 50) -
		      fate_below(&s->fate, 20) + (sim_is_quiet(s) ? 2000 : 0),
		  again, bytes_of(NULL, 0));
	host_step(s, i->host, &e);
}

/*
 * A till is best closed while a payment of it is halfway, which is a matter of milliseconds: B is
 * struck down, and what A has signed by then waits.
 */
static bool may_close(struct sim *s)
{
	struct payout_view v;

	if (s->healing) {
		return true;
	}
	if (s->opening < 3 || !s->host[HOST_PAYOUT].up) {
		return false;
	}
	for (size_t k = 0; k < payout_count(host_payout()); k++) {
		payout_at(&v, host_payout(), k);
		if (v.state == PAYOUT_AUTHORISED) {
			return true;
		}
	}
	if (s->host[HOST_B].up && fate_permille(&s->closing_fate, 150)) {
		host_crash(s, HOST_B, "power");
	}
	return false;
}

/* Both now and then; and again a little later. */
static void rewind_disks(struct sim *s)
{
	struct item again = { .what = HAPPEN_REWIND };
	uint32_t h = HOST_A + (uint32_t)fate_below(&s->rewind_fate, DOC_SIGNERS);

	if (s->healing) {
		return;
	}
	host_rewind(s, h);
	if (fate_permille(&s->rewind_fate, 400)) {
		host_rewind(s, h == HOST_A ? HOST_B : HOST_A);
	}
	queue_add(s, fate_range(&s->rewind_fate, 2000, 12000), again, bytes_of(NULL, 0));
}

/* A day passes, if the night came to rest; then everything goes on, with small payments. */
static void next_night(struct sim *s)
{
	struct item item = { .what = HAPPEN_CHECK };

	if (!laws_rest(s)) {
		return;
	}
	queue_pass(s, NEXT_NIGHT_MS);
	s->longer = NEXT_NIGHT_MS + NEXT_BUSY_MS + HEAL_MS;
	s->asked_before = s->asked_n;
	s->healing = false;
	sim_note(s, "the second night");
	queue_add(s, NEXT_BUSY_MS, item, bytes_of(NULL, 0));
	people_next_night(s);
	item.what = HAPPEN_FOE;
	queue_add(s, 3000, item, bytes_of(NULL, 0));
	if (s->swarm.faults) {
		item.what = HAPPEN_FAULT;
		queue_add(s, fate_range(&s->day_fate, 1000, 4000), item, bytes_of(NULL, 0));
	}
}

static void happen(struct sim *s, const struct item *i)
{
	struct event e = { .kind = EVENT_REPLY,
			   .number = i->number,
			   .request_id = i->id,
			   .status = i->status,
			   .body = bytes_of(i->body, i->n) };

	switch (i->what) {
	case HAPPEN_TICK:
		tick(s, i);
		return;
	case HAPPEN_REWIND:
		rewind_disks(s);
		return;
	case HAPPEN_RESTART:
		host_restart(s, i->host);
		return;
	case HAPPEN_FRAME:
		net_frame(s, i);
		return;
	case HAPPEN_DIAL:
		net_dial(s, i->a);
		return;
	case HAPPEN_LOST:
		net_lost(s, i);
		return;
	case HAPPEN_REPLY:
		if (alive(s, i)) {
			host_step(s, i->host, &e);
		}
		return;
	case HAPPEN_FEED:
		if (alive(s, i)) {
			e.role = ROLE_NODE;
			e.channel = i->a;
			host_step(s, i->host, &e);
		}
		return;
	case HAPPEN_POLL:
		if (alive(s, i)) {
			chain_poll(s, i);
		}
		return;
	case HAPPEN_ANNOUNCE:
		if (i->host == CLIENT_FOE || alive(s, i)) {
			chain_announce(s, i);
		}
		return;
	case HAPPEN_MINE:
		chain_mine(s);
		return;
	case HAPPEN_PEOPLE:
		people_act(s);
		return;
	case HAPPEN_FOE:
		foe_act(s);
		return;
	case HAPPEN_FAULT:
		fault(s);
		return;
	case HAPPEN_API:
		people_api(s, i);
		return;
	case HAPPEN_OFFICER:
		if (!s->healing) {
			people_officer(s);
		}
		return;
	case HAPPEN_CLOSING:
		if (s->swarm.late && !may_close(s)) {
			queue_add(s, 40, *i, bytes_of(NULL, 0));
			return;
		}
		people_closing(s);
		return;
	case HAPPEN_RESUME:
		people_resume(s);
		return;
	case HAPPEN_RULES:
		people_rules(s);
		return;
	case HAPPEN_GRANT:
		people_grant(s);
		return;
	case HAPPEN_GRANT_ASK:
		people_grant_ask(s);
		return;
	case HAPPEN_GRANT_END:
		people_grant_end(s);
		return;
	case HAPPEN_NEXT_NIGHT:
		next_night(s);
		return;
	case HAPPEN_DAY:
		people_day(s);
		return;
	case HAPPEN_DAY_ASK:
		people_day_ask(s);
		return;
	case HAPPEN_ROSTER:
		people_roster(s);
		return;
	case HAPPEN_LATE_ASK:
		people_late_ask(s);
		return;
	case HAPPEN_PRICE:
		people_price(s);
		return;
	case HAPPEN_CHECK:
		heal(s);
		return;
	}
	CHECK(false);
}

static void start(struct sim *s)
{
	struct item item = { .what = HAPPEN_FAULT };

	swarm_draw(s);
	net_init(s);
	chain_init(s);
	host_boot_all(s);
	people_init(s);
	if (s->swarm.faults) {
		queue_add(s, fate_range(&s->fate, 1000, 4000), item, bytes_of(NULL, 0));
	}
	item.what = HAPPEN_FOE;
	queue_add(s, 3000, item, bytes_of(NULL, 0));
	if (s->swarm.officers) {
		item.what = HAPPEN_OFFICER;
		queue_add(s, fate_range(&s->fate, 5000, BUSY_MS - 1), item, bytes_of(NULL, 0));
	}
	s->rules_fate.state = ~s->seed ^ UINT64_C(0x5555555555555555);
	if (fate_permille(&s->rules_fate, 150)) {
		item.what = HAPPEN_RULES;
		queue_add(s, fate_range(&s->rules_fate, 3000, BUSY_MS - 1), item,
			  bytes_of(NULL, 0));
	}
	s->rewind_fate.state = ~s->seed ^ UINT64_C(0x5555555555555555);
	/* a thief of A's attest key makes records that look like A's own: of that night another law
	 * speaks */
	s->swarm.rewinds = fate_permille(&s->rewind_fate, 200) && !s->swarm.rogue_a;
	if (s->swarm.rewinds) {
		item.what = HAPPEN_REWIND;
		queue_add(s, fate_range(&s->rewind_fate, 4000, BUSY_MS - 1), item,
			  bytes_of(NULL, 0));
	}
	s->closing_fate.state = ~s->seed;
	s->swarm.late = fate_permille(&s->closing_fate, 40) || s->options.late;
	s->swarm.liar = s->swarm.late && fate_permille(&s->closing_fate, 500)
			    ? HOST_W1 + (uint32_t)fate_below(&s->closing_fate, WATCHERS)
			    : 0;
	s->day_fate.state = ~s->seed ^ UINT64_C(0x1111111111111111);
	s->swarm.second = !s->swarm.late && fate_permille(&s->day_fate, 400);
	if (s->swarm.second) {
		item.what = HAPPEN_NEXT_NIGHT;
		queue_add(s, NIGHT_MS - 1, item, bytes_of(NULL, 0));
	}
	s->grant_fate.state = ~s->seed ^ UINT64_C(0x3333333333333333);
	if (fate_permille(&s->grant_fate, s->swarm.late || s->swarm.second ? 500 : 150)) {
		item.what = HAPPEN_GRANT;
		queue_add(s, fate_range(&s->grant_fate, 3000, BUSY_MS - 1), item,
			  bytes_of(NULL, 0));
	}
	item.what = HAPPEN_CLOSING;
	if (s->swarm.late) {
		/* most customers ask early */
		queue_add(s, fate_range(&s->closing_fate, 1500, 3500), item, bytes_of(NULL, 0));
	} else if (fate_permille(&s->closing_fate, 250)) {
		queue_add(s, fate_range(&s->closing_fate, 5000, BUSY_MS - 1), item,
			  bytes_of(NULL, 0));
	}
	s->roster_fate.state = ~s->seed ^ UINT64_C(0x7777777777777777);
	if (fate_permille(&s->roster_fate, s->swarm.late ? 500 : 100)) {
		item.what = HAPPEN_ROSTER;
		queue_add(s, fate_range(&s->roster_fate, 3000, BUSY_MS - 1), item,
			  bytes_of(NULL, 0));
	}
	item.what = HAPPEN_CHECK;
	queue_add(s, BUSY_MS, item, bytes_of(NULL, 0));
}

/* Runs one seed; true if nothing was broken.  hash: over all journals at the end. */
static bool run(struct sim *s, const struct sim_options *options, uint64_t seed,
		struct hash32 *hash)
{
	struct item i;

	memset(s, 0, sizeof *s);
	s->options = *options;
	s->seed = seed;
	s->fate.state = seed;
	sim_running = s;
	clerk_run(s);
	if (!s->failed) {
		start(s);
	}
	while (!s->failed &&
	       s->now < (uint64_t)NIGHT_MS + (s->swarm.late ? (uint64_t)QUIET_MS : 0) + s->longer &&
	       queue_take(s, &i)) {
		happen(s, &i);
		free(i.body);
	}
	if (!s->failed) {
		laws_end(s);
	}
	if (!s->failed) {
		count(s);
	}
	host_hash(s, hash);
	if (s->failed) {
		report(s);
	}
	for (size_t k = 0; k < ARRAY_LEN(s->calls); k++) {
		free(s->calls[k].body);
	}
	foe_free(s);
	queue_free(s);
	host_free(s);
	chain_free(s);
	sim_running = NULL;
	return !s->failed;
}

/* ---- command line ---------------------------------------------------------------------------- */

static const char help[] =
    "Usage: kuramori-sim [--seeds N] [--first S] [--plant NAME] [--late] [--hash] [--verbose]\n"
    "\n"
    "Runs the cores of all programs in one process: the server, two signers, three\n"
    "watchers and a chain with two nodes, under a virtual clock, with crashes, lost\n"
    "connections, slow nodes, rollbacks, a thief, an evil server.  After every step the\n"
    "promises are checked.  The same seed is the same run, to the last byte.\n"
    "\n"
    "  --seeds N      how many seeds (100)\n"
    "  --first S      the first one (1)\n"
    "  --plant NAME   with this bug; it has to be found.  'list' prints all names\n"
    "  --hash         prints the hash of all journals after each seed\n"
    "  --verbose      prints what happens\n"
    "  --late         every night ends with two quiet hours, for second attempts\n"
    "  --help         this\n"
    "\n"
    "Exit code: 0 nothing broken, 1 a promise was broken (the seed is printed; replay it\n"
    "with --first SEED --seeds 1 --verbose), 2 usage.\n";

static bool number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
}

static int plants_list(void)
{
	for (size_t i = 0; i < ARRAY_LEN(plants); i++) {
		(void)printf("%-24s %-7s %s\n", plants[i].name, plants[i].module, plants[i].words);
	}
	return 0;
}

static bool plant_find(struct sim_plants *out, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(plants); i++) {
		if (strcmp(plants[i].name, name) == 0) {
			*out = plants[i].bits;
			return true;
		}
	}
	return false;
}

static int usage(const char *what)
{
	(void)fprintf(stderr, "kuramori-sim: %s; see --help\n", what);
	return 2;
}

int main(int argc, char **argv)
{
	static struct sim sim;
	static const struct option long_options[] = {
		{ "seeds", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'f' },
		{ "plant", required_argument, NULL, 'p' },
		{ "hash", no_argument, NULL, 'd' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "late", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct sim_options options = { .verbose = false };
	const char *planted = NULL;
	uint64_t first = 1, seeds = 100;
	bool hashes = false;
	struct hash32 hash;
	char text[65];
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == 's' && (!number(optarg, &seeds) || seeds == 0)) {
			return usage("--seeds wants a number above 0");
		}
		if (c == 'f' && !number(optarg, &first)) {
			return usage("--first wants a number");
		}
		options.late = options.late || c == 'l';
		if (c == 'p') {
			planted = optarg;
		}
		options.verbose = options.verbose || c == 'v';
		hashes = hashes || c == 'd';
		if (c == 'h') {
			(void)fputs(help, stdout);
			return 0;
		}
		if (c == '?') {
			return usage("unknown option");
		}
	}
	if (optind != argc) {
		return usage("too many arguments");
	}
	if (planted != NULL && strcmp(planted, "list") == 0) {
		return plants_list();
	}
	if (planted != NULL && !plant_find(&options.plants, planted)) {
		return usage("no such planted bug; --plant list names them");
	}
	CHECK(crypto_init() == ERR_OK);
	(void)signal(SIGABRT, on_abort);
	world_make();
	for (uint64_t i = 0; i < seeds; i++) {
		bool good = run(&sim, &options, first + i, &hash);

		if (hashes) {
			hex_put(text, bytes_of(hash.b, sizeof hash.b));
			(void)printf("%" PRIu64 " %s\n", first + i, text);
		}
		if (!good) {
			(void)printf("seed %" PRIu64 " is broken, the %" PRIu64
				     ". of this run%s%s\n",
				     first + i, i + 1, planted != NULL ? "; planted: " : "",
				     planted != NULL ? planted : "");
			return 1;
		}
	}
	totals_print();
	(void)printf("%" PRIu64 " seeds from %" PRIu64 ": nothing broken%s%s\n", seeds, first,
		     planted != NULL ? "; planted and NOT found: " : "",
		     planted != NULL ? planted : "");
	return 0;
}
