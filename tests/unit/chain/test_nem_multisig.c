/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: who controls an account is judged as NIS judges it (nem.md 4.2, 4.3).
 * Method: each line of the two tables there as a case, with NIS's number; then every subset of
 * signers of every m-of-n up to 5, payments and removals, against a count made independently.
 */
#include "base/attr.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "t.h"

enum { NET = NEM_NETWORK_TEST, ACCOUNT = 200 };

static struct key32 key(unsigned i)
{
	struct key32 k = { { (uint8_t)i, 1 } };

	return k;
}

static struct nem_address address(unsigned i)
{
	struct key32 k = key(i);
	struct nem_address a;

	nem_address_from_key(&a, &k, NET);
	return a;
}

/* Accounts 100..119 are multisig, 120..139 are cosigners of somebody. */
static bool in_range(const struct nem_address *account, unsigned from)
{
	for (unsigned i = from; i < from + 20; i++) {
		struct nem_address a = address(i);

		if (nem_address_eq(&a, account)) {
			return true;
		}
	}
	return false;
}

static bool is_multisig(void *context, const struct nem_address *account)
{
	(void)context;
	return in_range(account, 100);
}

static bool is_cosigner(void *context, const struct nem_address *account)
{
	(void)context;
	return in_range(account, 120);
}

static const struct nem_multisig_lookup others = { .context = NULL,
						   .is_multisig = is_multisig,
						   .is_cosigner = is_cosigner };

static void entry(struct nem_modification *m, enum nem_modification_type type, unsigned who)
{
	m->entry[m->n].type = type;
	m->entry[m->n].cosigner = key(who);
	m->n++;
}

/* Cosigners 1..n, minimum m. */
static struct nem_multisig account(unsigned n, unsigned min)
{
	struct nem_multisig m;
	struct nem_modification add;

	memset(&m, 0, sizeof m);
	memset(&add, 0, sizeof add);
	for (unsigned i = 1; i <= n; i++) {
		entry(&add, NEM_ADD, i);
	}
	add.has_change = true;
	add.change = (int32_t)min;
	nem_multisig_apply(&m, NET, &add);
	return m;
}

static enum nem_result judge(const struct nem_multisig *m, unsigned who,
			     const struct nem_modification *change)
{
	struct nem_address a = address(who);

	return nem_multisig_judge(m, &a, NET, change, &others);
}

static void conversions(void)
{
	struct nem_multisig none;
	struct nem_modification m;

	memset(&none, 0, sizeof none);
	memset(&m, 0, sizeof m);
	m.has_change = true;
	T_EQ(judge(&none, ACCOUNT, &m), NEM_SUCCESS); /* nothing at all */
	entry(&m, NEM_ADD, 1);
	entry(&m, NEM_ADD, 2);
	T_EQ(judge(&none, ACCOUNT, &m), NEM_SUCCESS);
	m.change = 2;
	T_EQ(judge(&none, ACCOUNT, &m), NEM_SUCCESS);
	m.change = 3;
	T_EQ(judge(&none, ACCOUNT, &m), 82);
	m.change = -1;
	T_EQ(judge(&none, ACCOUNT, &m), 82);
	m.change = INT32_MIN;
	T_EQ(judge(&none, ACCOUNT, &m), 82);
	m.change = INT32_MAX;
	T_EQ(judge(&none, ACCOUNT, &m), 82);
	m.change = 2;
	T_EQ(judge(&none, 120, &m), 81); /* the account is a cosigner itself */
	entry(&m, NEM_ADD, 100);
	T_EQ(judge(&none, ACCOUNT, &m), 81); /* a multisig account as cosigner */
	m.entry[2].cosigner = key(ACCOUNT);
	T_EQ(judge(&none, ACCOUNT, &m), 81); /* itself */
	m.entry[2].cosigner = key(2);
	T_EQ(judge(&none, ACCOUNT, &m), 78); /* twice */
	m.entry[2] = (struct nem_modification_entry){ (enum nem_modification_type)3, key(3) };
	T_EQ(judge(&none, ACCOUNT, &m), 78); /* type 3 */
	m.entry[2] = (struct nem_modification_entry){ NEM_DELETE, key(3) };
	T_EQ(judge(&none, ACCOUNT, &m), 71);
}

static void changes(void)
{
	struct nem_multisig a = account(3, 2);
	struct nem_modification m;

	memset(&m, 0, sizeof m);
	entry(&m, NEM_DELETE, 9);
	T_EQ(judge(&a, ACCOUNT, &m), 71);
	m.entry[0] = (struct nem_modification_entry){ NEM_ADD, key(2) };
	T_EQ(judge(&a, ACCOUNT, &m), 75);
	m.entry[0] = (struct nem_modification_entry){ NEM_DELETE, key(2) };
	T_EQ(judge(&a, ACCOUNT, &m), NEM_SUCCESS);
	entry(&m, NEM_DELETE, 3);
	T_EQ(judge(&a, ACCOUNT, &m), 77);
	m.entry[1].cosigner = key(2);
	T_EQ(judge(&a, ACCOUNT, &m), 78); /* the same delete twice is one delete, repeated */
	m.entry[1] = (struct nem_modification_entry){ NEM_ADD, key(9) };
	T_EQ(judge(&a, ACCOUNT, &m), NEM_SUCCESS); /* a swap */
	nem_multisig_apply(&a, NET, &m);
	T_EQ(a.n, 3);
	T_EQ(a.min, 2);
	T_CHECK(nem_multisig_has(&a, &(struct nem_address){ 0 }) == false);
	for (unsigned i = 1; i < a.n; i++) {
		T_CHECK(nem_address_cmp(&a.cosigner[i - 1], &a.cosigner[i]) < 0);
	}
	/* 3-of-3 minus one needs the minimum lowered in the same transaction. */
	a = account(3, 3);
	m.n = 1;
	T_EQ(judge(&a, ACCOUNT, &m), 82);
	m.has_change = true;
	m.change = -1;
	T_EQ(judge(&a, ACCOUNT, &m), NEM_SUCCESS);
	/* with m = 0 no change is needed */
	a = account(3, 0);
	m.has_change = false;
	m.change = 0;
	T_EQ(judge(&a, ACCOUNT, &m), NEM_SUCCESS);
}

static void how_many(void)
{
	struct nem_multisig none;
	struct nem_multisig a;
	struct nem_modification m;

	memset(&none, 0, sizeof none);
	memset(&m, 0, sizeof m);
	for (unsigned i = 1; i <= 33; i++) {
		entry(&m, NEM_ADD, i);
	}
	T_EQ(judge(&none, ACCOUNT, &m), 80);
	m.n = 32;
	T_EQ(judge(&none, ACCOUNT, &m), NEM_SUCCESS);
	nem_multisig_apply(&none, NET, &m);
	T_EQ(none.n, 32);
	/* A full account can still swap one. */
	memset(&m, 0, sizeof m);
	entry(&m, NEM_ADD, 50);
	T_EQ(judge(&none, ACCOUNT, &m), 80);
	entry(&m, NEM_DELETE, 7);
	T_EQ(judge(&none, ACCOUNT, &m), NEM_SUCCESS);
	nem_multisig_apply(&none, NET, &m);
	T_EQ(none.n, 32);
	/* The last cosigner goes: an ordinary account again, if the minimum goes to 0. */
	a = account(1, 1);
	memset(&m, 0, sizeof m);
	entry(&m, NEM_DELETE, 1);
	T_EQ(judge(&a, ACCOUNT, &m), 82);
	m.has_change = true;
	m.change = -1;
	T_EQ(judge(&a, ACCOUNT, &m), NEM_SUCCESS);
	nem_multisig_apply(&a, NET, &m);
	T_CHECK(!nem_multisig_is(&a));
	T_EQ(nem_multisig_judge_plain(&a), NEM_SUCCESS);
	a = account(1, 0);
	T_EQ(nem_multisig_judge_plain(&a), 74);
}

/* A wrapper by the lowest signer of the set, the others attached; removal of `removed` or 0. */
static void wrap(struct nem_tx *tx, unsigned signers, unsigned removed)
{
	struct hash32 inner;
	bool first = true;

	memset(tx, 0, sizeof *tx);
	tx->type = NEM_MULTISIG;
	tx->head = (struct nem_header){ .network = NET, .version = 1 };
	tx->multisig.inner.head = tx->head;
	tx->multisig.inner.head.signer = key(ACCOUNT);
	if (removed == 0) {
		tx->multisig.inner.type = NEM_TRANSFER;
		tx->multisig.inner.transfer.recipient = address(77);
	} else {
		tx->multisig.inner.type = NEM_MODIFICATION;
		entry(&tx->multisig.inner.modification, NEM_DELETE, removed);
	}
	nem_tx_hash_inner(&inner, &tx->multisig.inner);
	for (unsigned i = 1; signers >> i != 0; i++) {
		struct nem_tx co;

		if ((signers >> i & 1) == 0) {
			continue;
		}
		if (first) {
			tx->head.signer = key(i);
			first = false;
			continue;
		}
		memset(&co, 0, sizeof co);
		co.type = NEM_COSIGNATURE;
		co.head = tx->head;
		co.head.signer = key(i);
		co.cosignature.inner_hash = inner;
		co.cosignature.account = address(ACCOUNT);
		if (nem_tx_attach(tx, &co) != ERR_OK) {
			abort();
		}
	}
}

static unsigned bits(unsigned x)
{
	unsigned n = 0;

	for (; x != 0; x &= x - 1) {
		n++;
	}
	return n;
}

/* All signers of all accounts up to 3-of-5 and 5-of-5, strangers included (bit n + 1). */
static void every_set_of_signers(void)
{
	for (unsigned n = 1; n <= 5; n++) {
		for (unsigned min = 0; min <= n; min++) {
			struct nem_multisig m = account(n, min);

			for (unsigned set = 2; set < 1u << (n + 2); set += 2) {
				for (unsigned removed = 0; removed <= n; removed++) {
					struct nem_tx tx;
					unsigned counted = set;
					unsigned need =
					    min == 0 || min == n ? n - (removed > 0) : min;
					bool ok;

					if (removed > 0) {
						counted &= ~(1u << removed);
					}
					ok = set < 1u << (n + 1) && bits(counted) >= need;
					wrap(&tx, set, removed);
					T_EQ(nem_multisig_signatures_needed(&m, &tx.multisig.inner),
					     need);
					T_EQ(nem_multisig_judge_signatures(&m, &tx),
					     ok ? NEM_SUCCESS
						: NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
				}
			}
		}
	}
}

/* nem.md 4.2: signatures of the others that remove one cosigner. */
static void removal_table(void)
{
	static const struct {
		unsigned m;
		unsigned n;
		unsigned others;
	} rows[] = { { 1, 1, 0 }, { 2, 2, 1 }, { 0, 2, 1 }, { 3, 3, 2 },
		     { 2, 3, 2 }, { 1, 3, 1 }, { 3, 5, 3 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nem_multisig m = account(rows[i].n, rows[i].m);
		struct nem_tx tx;

		wrap(&tx, 2, 1);
		T_EQ(nem_multisig_signatures_needed(&m, &tx.multisig.inner), rows[i].others);
	}
}

static void initiators_and_cosignatures(void)
{
	struct nem_multisig m = account(3, 2);
	struct nem_multisig none;
	struct nem_address who = address(1);
	struct nem_tx tx;
	struct nem_tx co;

	memset(&none, 0, sizeof none);
	T_EQ(nem_multisig_judge_initiator(&m, &who), NEM_SUCCESS);
	T_EQ(nem_multisig_judge_initiator(&none, &who), 71);
	who = address(9);
	T_EQ(nem_multisig_judge_initiator(&m, &who), 71);
	T_EQ(nem_multisig_required(&m), 2);
	T_EQ(nem_multisig_required(&none), 0);
	wrap(&tx, 1u << 1 | 1u << 2, 0);
	nem_tx_from_attached(&co, &tx.multisig.cosignature[0]);
	T_EQ(nem_multisig_judge_cosignature(&m, &tx, &co), NEM_SUCCESS);
	T_EQ(nem_multisig_judge_cosignature(&none, &tx, &co), 73);
	co.head.signer = key(1);
	T_EQ(nem_multisig_judge_cosignature(&m, &tx, &co), 73); /* the initiator */
	co.head.signer = key(9);
	T_EQ(nem_multisig_judge_cosignature(&m, &tx, &co), 73); /* a stranger */
	co.head.signer = key(3);
	co.cosignature.inner_hash.b[31] ^= 1;
	T_EQ(nem_multisig_judge_cosignature(&m, &tx, &co), 73);
	co.cosignature.inner_hash.b[31] ^= 1;
	co.cosignature.account = address(10);
	T_EQ(nem_multisig_judge_cosignature(&m, &tx, &co), 73);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "conversions", conversions },
		{ "changes", changes },
		{ "how many cosigners", how_many },
		{ "every set of signers", every_set_of_signers },
		{ "removals", removal_table },
		{ "initiators and cosignatures", initiators_and_cosignatures },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
