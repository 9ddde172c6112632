/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nem_wallet_loss() is exactly what a thief can do by the rules of NIS, not a bound on it.
 * Method: small accounts are built on the development node's rules, with payments that were signed,
 * have expired or are settled.  Then every move of a thief is tried there, to a small depth: old
 * and new wrappers, every choice of cosignatures, fees that are least, highest or all the rest,
 * payments to himself, removal of other cosigners, waiting until nodes forget; through a pool, or
 * in a block of his own.  The best of all leaves must equal the computed loss, and its parts.
 */
#include "nis_kit.h"

#include "base/attr.h"
#include "chain/nem/nem_wallet_loss.h"

enum {
	UNITS = 3,
	THIEF = T,     /* is paid, and is nobody's cosigner */
	THIEFS_OWN = Z /* the harvester of his own blocks */
};

static const unsigned holder_key[] = { A, B, R, C, Y };

enum status { LIVE, EXPIRED, SETTLED };

/* One payment that the wallet signed: who cosigned, who wrapped (-1 nobody), what became of it. */
struct plan_unit {
	uint32_t cosigned;
	int wrapper;
	enum status status;
	uint64_t amount;
	uint64_t more_fee; /* of the wrapper, beyond the least */
	bool late;         /* the wrapper's deadline is 20 hours after the others' */
};

struct plan {
	unsigned holders, needed;
	unsigned n;
	struct plan_unit unit[UNITS];
	uint64_t rest;       /* beyond what is owed */
	uint64_t fee_cosign; /* of each cosignature; 0: the least */
	uint32_t open_s;     /* how long the account stays open */
	uint32_t deadline_s; /* of live payments; 0: an hour */
};

/* A plan on a chain. */
struct scene {
	struct world w;
	struct plan plan;
	struct nem_wallet_loss_unit unit[UNITS];
	struct nem_tx wrapper[UNITS];        /* as signed by its wrapper, nothing attached */
	struct nem_tx cosignature[UNITS][5]; /* those of `cosigned` */
	uint64_t due[UNITS];
	uint64_t balance;
	uint64_t thief_had;
	uint32_t until_s;
	/* the search */
	struct nem_wallet_loss_thief thief;
	struct nem_wallet_loss best;
	bool own_works; /* a transaction of his own making was taken */
	unsigned long nodes;
};

/* ---- building ---- */

static unsigned bits(uint32_t set)
{
	return (unsigned)__builtin_popcount(set);
}

static bool is_complete(const struct plan *p, const struct plan_unit *u)
{
	return u->wrapper >= 0 && bits(u->cosigned) + 1 >= p->needed;
}

static uint64_t fee_cosign(const struct plan *p)
{
	return p->fee_cosign != 0 ? p->fee_cosign : NEM_FEE_COSIGNATURE_MICRO;
}

static uint64_t due_of(const struct plan *p, const struct plan_unit *u)
{
	unsigned cosignatures =
	    bits(u->cosigned) + 1 < p->needed ? p->needed - 1 : bits(u->cosigned);

	return u->amount + nem_fee_transfer(u->amount, 0) + NEM_FEE_MULTISIG_MICRO + u->more_fee +
	       cosignatures * fee_cosign(p);
}

/* Signs payment i at the present time. */
static void scene_sign(struct scene *s, unsigned i, uint32_t deadline_s)
{
	const struct plan_unit *u = &s->plan.unit[i];
	struct nem_tx inner = transfer(M, X, u->amount, s->w.now);
	struct nem_tx *wrapper = &s->wrapper[i];

	inner.head.deadline_nem_s = deadline_s;
	*wrapper = wrap(holder_key[u->wrapper >= 0 ? u->wrapper : 0], &inner, s->w.now);
	wrapper->head.deadline_nem_s = u->late ? deadline_s + 20 * HOUR : deadline_s;
	wrapper->head.fee_micro += u->more_fee;
	T_CHECK(u->wrapper < 0 || sign(wrapper, holder_key[u->wrapper]));
	for (unsigned h = 0; h < s->plan.holders; h++) {
		if ((u->cosigned >> h & 1) != 0) {
			s->cosignature[i][h] = cosignature(holder_key[h], wrapper, s->w.now);
			s->cosignature[i][h].head.deadline_nem_s = deadline_s;
			s->cosignature[i][h].head.fee_micro = fee_cosign(&s->plan);
			T_CHECK(sign(&s->cosignature[i][h], holder_key[h]));
		}
	}
	s->unit[i] = (struct nem_wallet_loss_unit){
		.amount_micro = u->amount,
		.fee_inner_micro = inner.head.fee_micro,
		.fee_outer_micro = wrapper->head.fee_micro,
		.cosigned = u->cosigned,
		.wrapper = u->wrapper >= 0 ? (uint8_t)u->wrapper : NEM_WALLET_LOSS_NOBODY,
		.settled = u->status == SETTLED,
		.timestamp_s = s->w.now,
		.deadline_s = deadline_s,
		.wrapper_deadline_s = wrapper->head.deadline_nem_s,
	};
}

static void scene_settle(struct scene *s, unsigned i)
{
	struct nem_tx whole = s->wrapper[i];

	for (unsigned h = 0; h < s->plan.holders; h++) {
		if ((s->plan.unit[i].cosigned >> h & 1) != 0) {
			T_EQ(nem_tx_attach(&whole, &s->cosignature[i][h]), ERR_OK);
		}
	}
	T_EQ(push(&s->w, PUBLIC, &whole), NEM_SUCCESS);
	T_CHECK(mine(&s->w, PUBLIC));
	T_EQ(seen_inner(&s->w, &whole), 1);
}

static bool scene_world(struct scene *s, uint64_t grant)
{
	struct nis_config c = world_config();
	struct nis_grant grants[] = { { address_of(M), grant }, { address_of(X), XEM } };
	struct nis_nemesis nemesis = { .time_s = START, .grants = grants, .n = 2 };

	if (crypto_init() != ERR_OK) {
		return false;
	}
	memset(nemesis.key, NEMESIS, sizeof nemesis.key);
	s->w.n = NULL;
	s->w.now = START + 60;
	return nis_open(&s->w.n, &c, &nemesis) == ERR_OK;
}

static void scene_open(struct scene *s, const struct plan *plan)
{
	uint64_t grant = NEM_FEE_MODIFICATION_MICRO;
	uint32_t deadline;

	memset(s, 0, sizeof *s);
	s->plan = *plan;
	s->balance = plan->rest;
	for (unsigned i = 0; i < plan->n; i++) {
		s->due[i] = due_of(plan, &plan->unit[i]);
		if (plan->unit[i].status == SETTLED) {
			grant += s->due[i];
		} else {
			s->balance += s->due[i];
		}
	}
	T_CHECK(scene_world(s, grant + s->balance));
	T_CHECK(convert(&s->w, M, holder_key, plan->holders, (int)plan->needed));
	for (unsigned i = 0; i < plan->n; i++) {
		s->w.now++;
		if (plan->unit[i].status != LIVE) {
			scene_sign(s, i, s->w.now + HOUR);
		}
		if (plan->unit[i].status == SETTLED) {
			scene_settle(s, i);
		}
	}
	s->w.now += 2 * HOUR;
	T_CHECK(mine(&s->w, PUBLIC));
	deadline = s->w.now + (plan->deadline_s != 0 ? plan->deadline_s : HOUR);
	for (unsigned i = 0; i < plan->n; i++) {
		if (plan->unit[i].status == LIVE) {
			/* their seconds differ; all before the top block's */
			s->w.now -= i + 1;
			scene_sign(s, i, deadline);
			s->w.now += i + 1;
		}
	}
	T_EQ(balance(&s->w, M), s->balance);
	s->thief_had = balance(&s->w, THIEF) + balance(&s->w, THIEFS_OWN);
	s->until_s = s->w.now + 1 + plan->open_s;
}

static struct nem_wallet_loss_account scene_account(const struct scene *s)
{
	return (struct nem_wallet_loss_account){
		.holders = s->plan.holders,
		.needed = s->plan.needed,
		.balance_micro = s->balance,
		.fee_cosign_micro = fee_cosign(&s->plan),
		.units = s->unit,
		.n = s->plan.n,
		.now_s = s->w.now + 1,
		.until_s = s->until_s,
	};
}

/* ---- the thief's moves ---- */

enum fee_choice { LEAST, HIGHEST, REST, FEE_CHOICES };

/* What one node of the search knows besides the chain. */
struct place {
	unsigned depth; /* moves left */
	bool started;   /* not the first move */
	bool waited;
	uint64_t lawful_fees; /* that stood in the thief's own blocks */
};

static void search(struct scene *s, const struct place *at);

/* Looks at what the chain says now, by the test's own arithmetic. */
static void weigh(struct scene *s, const struct place *at)
{
	uint64_t gone = s->balance - balance(&s->w, M);
	uint64_t his = balance(&s->w, THIEF) + balance(&s->w, THIEFS_OWN) - s->thief_had;
	struct nem_wallet_loss one = { .total = 0 };
	uint64_t lawful = 0;

	for (unsigned i = 0; i < s->plan.n; i++) {
		unsigned times = seen_inner(&s->w, &s->wrapper[i]);

		lawful += s->plan.unit[i].status != SETTLED && times > 0 ? s->due[i] : 0;
		one.repeated += times > 1 ? (times - 1) * s->plan.unit[i].amount : 0;
	}
	if (gone <= lawful) {
		return;
	}
	one.total = gone - lawful;
	one.taken = his > at->lawful_fees ? his - at->lawful_fees : 0;
	one.burnt = one.total - one.taken - one.repeated;
	if (one.total > s->best.total ||
	    (one.total == s->best.total && one.taken > s->best.taken)) {
		s->best = one;
	}
}

static bool put(struct scene *s, const struct nem_tx *tx)
{
	uint8_t buffer[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(buffer, sizeof buffer);
	struct nis_answer answer;
	enum nem_result code = NEM_FAILURE_UNKNOWN;
	struct edk_secret own = key_of(THIEFS_OWN);
	struct bytes view;

	nem_tx_encode(&out, tx, NEM_SIGNED);
	view = bytes_of(buffer, out.n);
	if (s->thief.harvester) {
		return nis_mine_given(s->w.n, &view, 1, s->w.now + 1, &own, &code) == ERR_OK &&
		       code == NEM_SUCCESS;
	}
	if (nis_push(s->w.n, CLEAN, view, s->w.now + 1, &answer, NULL) != ERR_OK ||
	    answer.code != NEM_SUCCESS || nis_mine(s->w.n, CLEAN, s->w.now + 1) != ERR_OK) {
		nis_drop_pool(s->w.n, CLEAN);
		return false;
	}
	return true;
}

/* Tries one transaction; if a block takes it, goes on from there, and comes back.  unit -1: his. */
static void move(struct scene *s, const struct place *at, const struct nem_tx *tx, int unit)
{
	struct place next = *at;
	uint64_t height = nis_height(s->w.n);
	bool first = unit >= 0 && seen_inner(&s->w, tx) == 0;

	s->nodes++;
	if (s->w.now + 1 > s->until_s || !put(s, tx)) {
		return;
	}
	/* a pool takes what is not complete, but no block does */
	if (seen(&s->w, tx) > 0) {
		s->own_works = s->own_works || unit < 0;
		s->w.now++;
		next.started = true;
		next.depth--;
		if (first && s->thief.harvester && s->plan.unit[unit].status != SETTLED) {
			next.lawful_fees += s->due[unit] - s->plan.unit[unit].amount;
		}
		search(s, &next);
		s->w.now--;
	}
	if (nis_roll_back(s->w.n, height, s->w.now) != ERR_OK) {
		abort();
	}
	nis_drop_pool(s->w.n, PUBLIC);
	nis_drop_pool(s->w.n, CLEAN);
}

/* So much of the balance is left for one fee that stands at `least` among all of tx. */
static uint64_t rest_fee(const struct scene *s, const struct nem_tx *tx, uint64_t least)
{
	uint64_t have = balance(&s->w, M), need, amount = 0;

	if (nem_fee_total(&need, tx) != ERR_OK) {
		return least;
	}
	if (tx->multisig.inner.type == NEM_TRANSFER) {
		amount = tx->multisig.inner.transfer.amount_micro;
	}
	return have > need + amount ? least + (have - need - amount) : least;
}

static uint64_t chosen_fee(const struct scene *s, const struct nem_tx *tx, enum fee_choice choice,
			   uint64_t least, uint64_t most)
{
	uint64_t fee = least;

	if (choice == HIGHEST) {
		fee = most;
	} else if (choice == REST) {
		fee = rest_fee(s, tx, least);
	}
	return fee < most ? fee : most;
}

/* What a transaction of his is made of. */
struct making {
	struct nem_tx tx; /* the wrapper, nothing attached */
	int unit;         /* whose inner it is; -1: his own */
	int wrapper;      /* the holder who signs it */
	bool his;         /* the wrapper: then its fee is his choice */
	uint32_t others;  /* published cosignatures that he attaches */
	uint32_t mine;    /* keys of his that cosign */
	/* of the wrapper, of the first of his cosignatures, of the others */
	enum fee_choice fee, first, more;
};

/* Attaches his cosignatures, the first at this fee. */
static bool attach_mine(const struct scene *s, struct nem_tx *tx, const struct making *m,
			uint64_t first, bool is_signed)
{
	bool is_first = true;

	for (unsigned h = 0; h < s->plan.holders; h++) {
		struct nem_tx co;

		if ((m->mine >> h & 1) == 0) {
			continue;
		}
		co = cosignature(holder_key[h], tx, s->w.now);
		co.head.fee_micro = is_first             ? first
				    : m->more == HIGHEST ? NEM_FEE_COSIGNATURE_MAX_MICRO
							 : NEM_FEE_COSIGNATURE_MICRO;
		is_first = false;
		if ((is_signed && !sign(&co, holder_key[h])) || nem_tx_attach(tx, &co) != ERR_OK) {
			return false;
		}
	}
	return true;
}

/* False: NIS would say that there is not so much. */
static bool is_covered(const struct scene *s, const struct nem_tx *tx)
{
	const struct nem_inner *inner = &tx->multisig.inner;
	uint64_t fees;

	return nem_fee_total(&fees, tx) == ERR_OK &&
	       fees + (inner->type == NEM_TRANSFER ? inner->transfer.amount_micro : 0) <=
		   balance(&s->w, M);
}

static void complete(struct scene *s, const struct place *at, const struct making *m)
{
	struct nem_tx tx = m->tx, draft;
	uint64_t first;

	for (unsigned h = 0; h < s->plan.holders; h++) {
		if ((m->others >> h & 1) != 0 &&
		    nem_tx_attach(&tx, &s->cosignature[m->unit][h]) != ERR_OK) {
			return;
		}
	}
	/* First with least fees, to learn what is left. */
	draft = tx;
	if (!attach_mine(s, &draft, m, NEM_FEE_COSIGNATURE_MICRO, false)) {
		abort();
	}
	first = chosen_fee(s, &draft, m->first, NEM_FEE_COSIGNATURE_MICRO,
			   NEM_FEE_COSIGNATURE_MAX_MICRO);
	if (m->his) {
		tx.head.fee_micro =
		    chosen_fee(s, &draft, m->fee, NEM_FEE_MULTISIG_MICRO, NEM_SUPPLY_MICRO);
	}
	if ((m->first == REST && first == NEM_FEE_COSIGNATURE_MICRO) ||
	    (m->fee == REST && tx.head.fee_micro == NEM_FEE_MULTISIG_MICRO)) {
		return; /* nothing is left: the same as LEAST */
	}
	draft = tx;
	if (!attach_mine(s, &draft, m, first, false)) {
		abort();
	}
	if (!is_covered(s, &draft)) {
		return;
	}
	if ((m->his && !sign(&tx, holder_key[m->wrapper])) ||
	    !attach_mine(s, &tx, m, first, true)) {
		abort();
	}
	move(s, at, &tx, m->unit);
}

/* All choices of fees; two cannot both be all the rest. */
static void complete_all(struct scene *s, const struct place *at, struct making *m)
{
	for (m->fee = LEAST; m->fee < FEE_CHOICES; m->fee++) {
		for (m->first = LEAST; m->first < FEE_CHOICES; m->first++) {
			for (m->more = LEAST; m->more <= HIGHEST; m->more++) {
				if ((m->his ? m->fee == HIGHEST : m->fee != LEAST) ||
				    (m->mine == 0 && m->first != LEAST) ||
				    (bits(m->mine) < 2 && m->more != LEAST) ||
				    (m->fee == REST && m->first == REST)) {
					continue;
				}
				complete(s, at, m);
			}
		}
	}
}

static void move_unit(struct scene *s, const struct place *at, unsigned i)
{
	const struct plan_unit *u = &s->plan.unit[i];

	for (int w = 0; w < (int)s->plan.holders; w++) {
		bool his = (s->thief.keys >> w & 1) != 0;
		uint32_t others = u->cosigned & ~s->thief.keys & ~(UINT32_C(1) << w);
		uint32_t mine = s->thief.keys & ~(UINT32_C(1) << w);
		struct making m = { .tx = s->wrapper[i], .unit = (int)i, .wrapper = w, .his = his };

		if (!his && w != u->wrapper) {
			continue;
		}
		if (his) {
			/* a fresh one around the same inner */
			m.tx.head.signer = key_of(holder_key[w]).public_key;
			m.tx.head.time_nem_s = s->w.now;
			m.tx.head.deadline_nem_s = s->w.now + HOUR;
			m.tx.head.fee_micro = NEM_FEE_MULTISIG_MICRO;
		}
		/* every part of both sets that is enough */
		for (m.others = 0; m.others <= others; m.others++) {
			for (m.mine = 0; (m.others & ~others) == 0 && m.mine <= mine; m.mine++) {
				if ((m.mine & ~mine) == 0 &&
				    bits(m.others) + bits(m.mine) + 1 >= s->plan.needed) {
					complete_all(s, at, &m);
				}
			}
		}
	}
}

/*
 * Inner transactions of his own making, signed by his keys alone.  Whether these suffice changes
 * only by one of them: if none was taken at first, none is later.
 */
static void move_own(struct scene *s, const struct place *at)
{
	unsigned first = (unsigned)__builtin_ctz(s->thief.keys);
	uint32_t mine = s->thief.keys & ~(UINT32_C(1) << first);
	struct making m = { .unit = -1, .wrapper = (int)first, .his = true };
	struct nem_tx inner;
	uint64_t amount, fee;

	if (at->started && !s->own_works) {
		return;
	}
	for (unsigned n = 0; n <= bits(mine); n++) {
		m.mine = mine;
		while (bits(m.mine) > n) {
			m.mine &= m.mine - 1;
		}
		inner = transfer(M, THIEF, 0, s->w.now);
		if (nem_fee_empty_account(&amount, &fee, balance(&s->w, M), 0, n,
					  NEM_FEE_COSIGNATURE_MICRO) == ERR_OK) {
			inner.transfer.amount_micro = amount;
			inner.head.fee_micro = fee;
			m.tx = wrap(holder_key[first], &inner, s->w.now);
			complete_all(s, at, &m);
		}
		inner = transfer(M, THIEF, 0, s->w.now);
		m.tx = wrap(holder_key[first], &inner, s->w.now);
		complete_all(s, at, &m);
	}
	for (unsigned h = 0; h < s->plan.holders; h++) {
		if ((s->thief.keys >> h & 1) != 0) {
			continue;
		}
		for (int change = -1; change <= 0; change++) {
			inner = modification(M, change, s->w.now);
			entry(&inner, NEM_DELETE, holder_key[h]);
			m.mine = mine;
			m.tx = wrap(holder_key[first], &inner, s->w.now);
			complete_all(s, at, &m);
		}
	}
}

static void move_wait(struct scene *s, const struct place *at)
{
	struct place next = *at;
	uint64_t height = nis_height(s->w.n);
	uint32_t now = s->w.now;

	if (at->waited || s->until_s < now + 2) {
		return;
	}
	s->w.now = s->until_s - 1;
	if (nis_mine(s->w.n, CLEAN, s->w.now) != ERR_OK) {
		abort();
	}
	next.waited = true;
	next.started = true;
	next.depth--;
	search(s, &next);
	s->w.now = now;
	if (nis_roll_back(s->w.n, height, now) != ERR_OK) {
		abort();
	}
}

/* Even if all that is there went to him, it would not be more than what was found. */
static bool is_hopeless(const struct scene *s)
{
	uint64_t most = s->balance;

	for (unsigned i = 0; i < s->plan.n; i++) {
		if (s->plan.unit[i].status != SETTLED && seen_inner(&s->w, &s->wrapper[i]) > 0) {
			most = most > s->due[i] ? most - s->due[i] : 0;
		}
	}
	return s->best.total > most || (s->best.total == most && s->best.taken == most);
}

static void search(struct scene *s, const struct place *at)
{
	weigh(s, at);
	if (at->depth == 0 || balance(&s->w, M) == 0 || is_hopeless(s)) {
		return;
	}
	for (unsigned i = 0; i < s->plan.n; i++) {
		move_unit(s, at, i);
	}
	if (s->thief.keys != 0) {
		move_own(s, at);
	}
	move_wait(s, at);
}

/* ---- comparing ---- */

static unsigned long compared, searched, by_reason[NEM_WALLET_LOSS_SPEND + 1];

static void plan_print(const struct plan *p, const struct nem_wallet_loss_thief *thief)
{
	printf("# %u-of-%u, rest %llu, open %u s, thief %x%s:", p->needed, p->holders,
	       (unsigned long long)p->rest, p->open_s, thief->keys,
	       thief->harvester ? " with blocks" : "");
	for (unsigned i = 0; i < p->n; i++) {
		static const char *const words[] = { "live", "expired", "settled" };

		printf(" [%s %llu cosigned %x wrapper %d]", words[p->unit[i].status],
		       (unsigned long long)p->unit[i].amount, p->unit[i].cosigned,
		       p->unit[i].wrapper);
	}
	printf("\n");
}

/* The search and the computation agree to the micro-XEM, in every part. */
static void compare(struct scene *s, uint32_t keys, bool harvester, unsigned depth)
{
	const struct nem_wallet_loss_account account = scene_account(s);
	const struct place start = { .depth = depth };
	struct nem_wallet_loss want;

	s->thief = (struct nem_wallet_loss_thief){ .keys = keys, .harvester = harvester };
	s->best = (struct nem_wallet_loss){ .total = 0 };
	s->nodes = 0;
	s->own_works = false;
	search(s, &start);
	T_EQ(nem_wallet_loss(&want, &account, &s->thief), ERR_OK);
	compared++;
	searched += s->nodes;
	by_reason[want.reason]++;
	if (s->best.total != want.total || s->best.taken != want.taken ||
	    s->best.burnt != want.burnt || s->best.repeated != want.repeated) {
		plan_print(&s->plan, &s->thief);
	}
	T_EQ(s->best.total, want.total);
	T_EQ(s->best.taken, want.taken);
	T_EQ(s->best.burnt, want.burnt);
	T_EQ(s->best.repeated, want.repeated);
}

/* Each single key, none, and these sets; with and without blocks of his own. */
static void compare_thieves(const struct plan *plan, unsigned depth, uint32_t also)
{
	struct scene s;

	scene_open(&s, plan);
	for (unsigned h = 0; h <= plan->holders + 1 && !t_failed; h++) {
		uint32_t keys = h < plan->holders    ? UINT32_C(1) << h
				: h == plan->holders ? 0
						     : also;

		if (h <= plan->holders || also != 0) {
			/* with enough keys the first move takes all */
			unsigned deep = bits(keys) >= plan->needed ? 1 : depth;

			compare(&s, keys, false, deep);
			compare(&s, keys, true, deep);
		}
	}
	WORLD_CLOSE(&s.w);
}

static const uint64_t rests[] = { 0, 100000, 400 * (uint64_t)XEM, 5000 * (uint64_t)XEM };

/* A wrapper that outlives what is in it, and fees that are not the least. */
static void uneven_payments(void)
{
	for (unsigned i = 0; i < 24 && !t_failed; i++) {
		struct plan p = { .holders = 3, .needed = 2, .n = 1, .open_s = 60 * HOUR };

		p.unit[0] = (struct plan_unit){ .cosigned = i % 2 == 0 ? 1 : 2,
						.wrapper = i % 2 == 0 ? 1 : 0,
						.status = i / 2 % 2 == 0 ? LIVE : EXPIRED,
						.amount = 10 * XEM,
						.late = true,
						.more_fee = i / 4 % 2 == 0 ? 0 : 7 * XEM };
		p.fee_cosign = i / 8 % 2 == 0 ? 0 : 5 * XEM;
		p.rest = i / 16 == 0 ? 400 * (uint64_t)XEM : 5000 * (uint64_t)XEM;
		compare_thieves(&p, 2, 0);
	}
	T_CHECK(!t_failed);
}

/* Everything about one payment, for each way in which it may be signed. */
static void one_payment(unsigned holders, unsigned needed, const struct plan_unit *styles,
			size_t styles_n, uint32_t also)
{
	for (size_t i = 0; i < styles_n; i++) {
		for (enum status st = LIVE; st <= SETTLED; st++) {
			struct plan p = {
				.holders = holders, .needed = needed, .n = 1, .open_s = 60 * HOUR
			};

			p.unit[0] = styles[i];
			p.unit[0].status = st;
			p.unit[0].amount = 10 * XEM;
			if (st == SETTLED && !is_complete(&p, &p.unit[0])) {
				continue;
			}
			for (size_t k = 0; k < ARRAY_LEN(rests) && !t_failed; k++) {
				p.rest = rests[k];
				compare_thieves(&p, 2, also);
			}
		}
	}
}

static const struct plan_unit styles_3[] = {
	{ .cosigned = 1, .wrapper = 1 },  /* ours: A cosigns, B wraps */
	{ .cosigned = 2, .wrapper = 0 },  /* naive: A proposes, B cosigns */
	{ .cosigned = 5, .wrapper = 1 },  /* one more than needed */
	{ .cosigned = 1, .wrapper = -1 }, /* A has spoken, B not yet */
	{ .cosigned = 0, .wrapper = 1 },  /* B has spoken first */
};

static void tills_and_purses(void)
{
	one_payment(3, 2, styles_3, ARRAY_LEN(styles_3), 3);
}

static void boxes(void)
{
	static const struct plan_unit styles[] = {
		{ .cosigned = 3, .wrapper = 2 },
		{ .cosigned = 1, .wrapper = 2 },
		{ .cosigned = 3, .wrapper = -1 },
	};

	one_payment(5, 3, styles, ARRAY_LEN(styles), 3);
}

/* design.md 7: 2-of-2 protects nothing; 3-of-3 is as good as 2-of-3. */
static void all_must_sign(void)
{
	static const struct plan_unit two[] = { { .cosigned = 1, .wrapper = 1 },
						{ .cosigned = 1, .wrapper = -1 } };
	static const struct plan_unit three[] = { { .cosigned = 3, .wrapper = 2 } };
	static const struct plan_unit one[] = { { .cosigned = 0, .wrapper = 0 } };

	one_payment(2, 2, two, ARRAY_LEN(two), 0);
	one_payment(3, 3, three, ARRAY_LEN(three), 6);
	one_payment(2, 1, one, ARRAY_LEN(one), 0);
	T_CHECK(!t_failed);
}

/* Nothing was ever signed: what keys alone can do, down to what pays for no move at all. */
static void keys_alone(void)
{
	static const uint64_t balances[] = { 0,      199999, 200000, 349999,  350000,
					     350001, 649999, 650000, 5000000, 5000000000 };
	static const unsigned shapes[][2] = { { 1, 1 }, { 2, 2 }, { 3, 2 }, { 3, 3 }, { 5, 3 } };

	for (size_t k = 0; k < ARRAY_LEN(shapes); k++) {
		for (size_t i = 0; i < ARRAY_LEN(balances) && !t_failed; i++) {
			struct plan p = { .holders = shapes[k][0],
					  .needed = shapes[k][1],
					  .rest = balances[i],
					  .open_s = 10 };

			compare_thieves(&p, 2, shapes[k][0] == 5 ? 7 : shapes[k][0] == 3 ? 6 : 0);
		}
	}
	T_CHECK(!t_failed);
}

/* Several payments at once, and a thief, chosen at random. */
static void several_payments(void)
{
	for (unsigned round = 0; round < 160 && !t_failed; round++) {
		struct plan p = { .holders = 3, .needed = 2 };
		struct scene s;

		p.n = 2 + (unsigned)t_below(2);
		p.rest = rests[t_below(ARRAY_LEN(rests))] + t_below(2) * 800 * XEM;
		p.open_s = t_below(2) == 0 ? 10 : 60 * HOUR;
		p.fee_cosign = t_below(4) == 0 ? 5 * XEM : 0;
		for (unsigned i = 0; i < p.n; i++) {
			struct plan_unit *u = &p.unit[i];

			*u = styles_3[t_below(3) == 0 ? t_below(ARRAY_LEN(styles_3)) : 0];
			u->status = (enum status)t_below(3);
			u->amount = (1 + t_below(30)) * XEM;
			u->more_fee = t_below(4) == 0 ? 2 * XEM : 0;
			u->late = t_below(4) == 0;
			if (u->status == SETTLED && !is_complete(&p, u)) {
				u->status = LIVE;
			}
		}
		scene_open(&s, &p);
		compare(&s, UINT32_C(1) << t_below(3), t_below(2) == 0, 3);
		WORLD_CLOSE(&s.w);
	}
	T_CHECK(!t_failed);
}

/* A alone raises the fee of its cosignature under each wrapper that is not mined yet. */
static void a_thousand_each(void)
{
	const uint64_t more = NEM_FEE_COSIGNATURE_MAX_MICRO - NEM_FEE_COSIGNATURE_MICRO;

	for (unsigned n = 1; n <= UNITS && !t_failed; n++) {
		struct plan p = { .holders = 3,
				  .needed = 2,
				  .n = n,
				  .rest = 10000 * (uint64_t)XEM,
				  .open_s = 10 };
		struct nem_wallet_loss_account account;
		struct nem_wallet_loss loss;
		struct scene s;

		for (unsigned i = 0; i < n; i++) {
			p.unit[i] = styles_3[0];
			p.unit[i].amount = (10 + i) * XEM;
		}
		scene_open(&s, &p);
		compare(&s, 1, false, n);
		compare(&s, 1, true, n);
		account = scene_account(&s);
		T_EQ(nem_wallet_loss(&loss, &account, &s.thief), ERR_OK);
		T_EQ(loss.total, n * more);
		T_EQ(loss.reason, NEM_WALLET_LOSS_RAISE);
		T_EQ(loss.taken, loss.total);
		WORLD_CLOSE(&s.w);
	}
}

/* The second in which nodes have forgotten, and the one before; the same for deadlines. */
static void to_the_second(void)
{
	for (unsigned late = 0; late < 2 && !t_failed; late++) {
		struct plan p = { .holders = 3, .needed = 2, .n = 1, .rest = 50 * XEM };
		struct nem_wallet_loss_account account;
		struct nem_wallet_loss loss;
		struct scene s;

		p.unit[0] = styles_3[0];
		p.unit[0].amount = 10 * XEM;
		p.unit[0].status = SETTLED;
		scene_open(&s, &p);
		s.until_s = s.unit[0].timestamp_s + NIS_RETENTION_S + 1 + late;
		compare(&s, 2, true, 2);
		account = scene_account(&s);
		T_EQ(nem_wallet_loss(&loss, &account, &s.thief), ERR_OK);
		T_EQ(loss.total, late == 0 ? 0 : 50 * XEM);
		T_EQ(loss.repeated, late == 0 ? 0 : 10 * XEM);
		WORLD_CLOSE(&s.w);

		p.unit[0].status = LIVE;
		p.deadline_s = 1; /* the very next block may still hold it */
		p.open_s = 10;
		scene_open(&s, &p);
		if (late == 0) {
			s.w.now++; /* its deadline is the top's second now */
			T_EQ(nis_mine(s.w.n, PUBLIC, s.w.now), ERR_OK);
		}
		for (uint32_t keys = 1; keys <= 4; keys *= 2) {
			compare(&s, keys, false, 2);
			compare(&s, keys, true, 2);
		}
		account = scene_account(&s);
		s.thief.harvester = false;
		T_EQ(nem_wallet_loss(&loss, &account, &s.thief), ERR_OK);
		T_EQ(loss.total, late == 0 ? 0 : 50 * XEM);
		WORLD_CLOSE(&s.w);
	}
}

/* design.md 7: emptied whole, nothing is left that any fee could burn. */
static void a_whole_move_leaves_nothing(void)
{
	static const unsigned shapes[][2] = { { 3, 2 }, { 5, 3 } };

	for (unsigned k = 0; k < 2 && !t_failed; k++) {
		struct plan p = {
			.holders = shapes[k][0], .needed = shapes[k][1], .n = 1, .open_s = 60 * HOUR
		};
		uint32_t cosigned = k == 0 ? 1 : 3;
		struct scene s;

		p.unit[0] = (struct plan_unit){ .cosigned = cosigned,
						.wrapper = (int)p.needed - 1,
						.amount = 123456789 };
		for (enum status st = LIVE; st <= SETTLED; st++) {
			p.unit[0].status = st;
			scene_open(&s, &p);
			for (unsigned h = 0; h < p.holders; h++) {
				compare(&s, UINT32_C(1) << h, false, 2);
				compare(&s, UINT32_C(1) << h, true, 2);
				T_EQ(s.best.total, 0);
			}
			WORLD_CLOSE(&s.w);
		}
	}
}

/* ---- the function alone ---- */

static struct nem_wallet_loss_unit sample_unit(void)
{
	return (struct nem_wallet_loss_unit){ .amount_micro = 10 * XEM,
					      .fee_inner_micro = NEM_FEE_UNIT_MICRO,
					      .fee_outer_micro = NEM_FEE_MULTISIG_MICRO,
					      .cosigned = 1,
					      .wrapper = 1,
					      .timestamp_s = START,
					      .deadline_s = START + HOUR,
					      .wrapper_deadline_s = START + HOUR };
}

static struct nem_wallet_loss_account sample_account(const struct nem_wallet_loss_unit *u, size_t n)
{
	return (struct nem_wallet_loss_account){ .holders = 3,
						 .needed = 2,
						 .balance_micro = 100 * XEM,
						 .fee_cosign_micro = NEM_FEE_COSIGNATURE_MICRO,
						 .units = u,
						 .n = n,
						 .now_s = START,
						 .until_s = START + HOUR };
}

static enum err asked_with(const struct nem_wallet_loss_account *a, uint32_t keys)
{
	const struct nem_wallet_loss_thief thief = { .keys = keys };
	struct nem_wallet_loss out = { .total = 77 };
	enum err e = nem_wallet_loss(&out, a, &thief);

	return e != ERR_OK && out.total != 77 ? ERR_STATE : e;
}

static void what_is_refused(void)
{
	struct nem_wallet_loss_unit u = sample_unit();
	struct nem_wallet_loss_account a = sample_account(&u, 1);

	T_EQ(asked_with(&a, 7), ERR_OK);
	T_EQ(asked_with(&a, 8), ERR_FIELD_RANGE);
	for (unsigned i = 0; i < 16; i++) {
		u = sample_unit();
		a = sample_account(&u, 1);
		switch (i) {
		case 0:
			a.holders = 0;
			break;
		case 1:
			a.holders = 33;
			break;
		case 2:
			a.needed = 4;
			break;
		case 3:
			a.balance_micro = NEM_SUPPLY_MICRO + 1;
			break;
		case 4:
			a.fee_cosign_micro = NEM_FEE_COSIGNATURE_MICRO - 1;
			break;
		case 5:
			a.fee_cosign_micro = NEM_FEE_COSIGNATURE_MAX_MICRO + 1;
			break;
		case 6:
			a.until_s = START - 1;
			break;
		case 7:
			u.amount_micro = NEM_SUPPLY_MICRO + 1;
			break;
		case 8:
			u.fee_inner_micro = NEM_FEE_UNIT_MICRO - 1;
			break;
		case 9:
			u.fee_inner_micro = NEM_SUPPLY_MICRO + 1;
			break;
		case 10:
			u.fee_outer_micro = NEM_FEE_MULTISIG_MICRO - 1;
			break;
		case 11:
			u.fee_outer_micro = UINT64_MAX;
			break;
		case 12:
			u.cosigned = 8;
			break;
		case 13:
			u.wrapper = 0;
			break; /* among its own cosignatures */
		case 14:
			u.wrapper = 3;
			break;
		default:
			u.fee_inner_micro = UINT64_MAX;
			break;
		}
		T_EQ(asked_with(&a, 2), ERR_FIELD_RANGE);
	}
}

/* A number of any size up to most, small ones as likely as large ones. */
static uint64_t any_below(uint64_t most)
{
	uint64_t v = t_random() >> t_below(64);

	return v > most ? most : v;
}

static void any_account(struct nem_wallet_loss_account *a, struct nem_wallet_loss_unit *u, size_t n)
{
	uint32_t all;

	*a = sample_account(u, n);
	a->holders = 1 + (unsigned)t_below(32);
	a->needed = (unsigned)t_below(a->holders + 1);
	a->balance_micro = any_below(NEM_SUPPLY_MICRO);
	a->fee_cosign_micro = NEM_FEE_COSIGNATURE_MICRO +
			      any_below(NEM_FEE_COSIGNATURE_MAX_MICRO - NEM_FEE_COSIGNATURE_MICRO);
	a->now_s = (uint32_t)t_random() >> t_below(32);
	a->until_s = a->now_s + (uint32_t)any_below(UINT32_MAX - a->now_s);
	all = a->holders == 32 ? UINT32_MAX : (UINT32_C(1) << a->holders) - 1;
	for (size_t i = 0; i < n; i++) {
		u[i].amount_micro = any_below(NEM_SUPPLY_MICRO);
		u[i].fee_inner_micro = nem_fee_transfer(u[i].amount_micro, 0) + any_below(XEM);
		u[i].fee_outer_micro =
		    NEM_FEE_MULTISIG_MICRO + any_below(NEM_SUPPLY_MICRO - NEM_FEE_MULTISIG_MICRO);
		u[i].cosigned = (uint32_t)t_random() & all;
		u[i].wrapper =
		    t_below(4) == 0 ? NEM_WALLET_LOSS_NOBODY : (uint8_t)t_below(a->holders);
		if (u[i].wrapper != NEM_WALLET_LOSS_NOBODY) {
			u[i].cosigned &= ~(UINT32_C(1) << u[i].wrapper);
		}
		u[i].settled = t_below(3) == 0;
		u[i].timestamp_s = (uint32_t)t_random() >> t_below(32);
		u[i].deadline_s = (uint32_t)t_random() >> t_below(32);
		u[i].wrapper_deadline_s = (uint32_t)t_random() >> t_below(32);
	}
}

/* What must hold for any account: parts, limits, and that more in his hands is never worth less. */
static void any_accounts(void)
{
	unsigned long lost = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct nem_wallet_loss_unit u[4];
		struct nem_wallet_loss_account a;
		struct nem_wallet_loss_thief thief;
		struct nem_wallet_loss one, more;

		any_account(&a, u, t_below(5));
		thief.keys = (uint32_t)t_random() >> (32 - a.holders);
		thief.keys &= (uint32_t)t_random();
		thief.harvester = false;
		T_EQ(nem_wallet_loss(&one, &a, &thief), ERR_OK);
		T_CHECK(one.total == one.burnt + one.taken + one.repeated);
		T_CHECK(one.total <= a.balance_micro);
		T_EQ(one.repeated, 0); /* forgotten ones need a block of his own */
		T_EQ(one.total == 0, one.reason == NEM_WALLET_LOSS_NONE);
		lost += one.total > 0;
		thief.harvester = true;
		T_EQ(nem_wallet_loss(&more, &a, &thief), ERR_OK);
		T_CHECK(more.total >= one.total && more.taken + more.repeated >= one.taken);
		T_EQ(more.burnt, 0); /* every fee is his then */
		one = more;
		thief.keys |= UINT32_C(1) << t_below(a.holders);
		T_EQ(nem_wallet_loss(&more, &a, &thief), ERR_OK);
		T_CHECK(more.total >= one.total);
		if (a.n > 0) {
			one = more;
			a.n--;
			T_EQ(nem_wallet_loss(&more, &a, &thief), ERR_OK);
			T_CHECK(more.total <= one.total);
		}
		thief.keys = 0;
		T_EQ(nem_wallet_loss(&one, &a, &thief), ERR_OK);
		T_EQ(one.total, 0);
	}
	T_CHECK(lost > 1000);
}

static void many_payments(void)
{
	static struct nem_wallet_loss_unit u[NEM_WALLET_LOSS_UNITS_MAX + 1];
	const uint64_t each =
	    10 * XEM + NEM_FEE_UNIT_MICRO + NEM_FEE_MULTISIG_MICRO + NEM_FEE_COSIGNATURE_MICRO;
	struct nem_wallet_loss_account a = sample_account(u, NEM_WALLET_LOSS_UNITS_MAX + 1);
	struct nem_wallet_loss_thief thief = { .keys = 1 };
	struct nem_wallet_loss out;

	for (size_t i = 0; i < ARRAY_LEN(u); i++) {
		u[i] = sample_unit();
	}
	T_EQ(asked_with(&a, 1), ERR_TOO_LARGE);
	a.n = NEM_WALLET_LOSS_UNITS_MAX;
	a.balance_micro = NEM_SUPPLY_MICRO;
	T_EQ(nem_wallet_loss(&out, &a, &thief), ERR_OK);
	T_EQ(out.total, NEM_WALLET_LOSS_UNITS_MAX * (uint64_t)999850000);
	/* Ten paid by fees as ordered leave less than one more room: nine are better than ten. */
	a.balance_micro = 9 * (each + 999850000);
	T_EQ(nem_wallet_loss(&out, &a, &thief), ERR_OK);
	T_EQ(out.total, 9 * (uint64_t)999850000);
	thief.keys = 4;
	T_EQ(nem_wallet_loss(&out, &a, &thief), ERR_OK);
	T_EQ(out.total, a.balance_micro - each);
	T_EQ(out.reason, NEM_WALLET_LOSS_REWRAP);
	T_STR(nem_wallet_loss_word(out.reason), "rewrap");
}

/* Last: how much was searched, and that no way to lose was left out. */
static void nothing_left_out(void)
{
	printf("# %lu comparisons over %lu moves\n", compared, searched);
	for (unsigned i = NEM_WALLET_LOSS_NONE; i < ARRAY_LEN(by_reason); i++) {
		printf("# %s %lu\n", nem_wallet_loss_word((enum nem_wallet_loss_reason)i),
		       by_reason[i]);
		T_CHECK(by_reason[i] >= 10);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what keys alone can take", keys_alone },
		{ "2-of-3: one payment, signed in every way", tills_and_purses },
		{ "3-of-5: the same", boxes },
		{ "2-of-2 and 3-of-3 and 1-of-2", all_must_sign },
		{ "wrappers that outlive their payment, and higher fees", uneven_payments },
		{ "several payments", several_payments },
		{ "one key's own cosignatures", a_thousand_each },
		{ "to the second", to_the_second },
		{ "a whole move leaves nothing to lose", a_whole_move_leaves_nothing },
		{ "input that is no account", what_is_refused },
		{ "any account", any_accounts },
		{ "many payments", many_payments },
		{ "every reason was met", nothing_left_out },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
