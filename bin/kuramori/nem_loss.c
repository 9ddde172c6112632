/* SPDX-License-Identifier: Apache-2.0 */
/* What stolen keys can take from an account of ours at most (chain/nem/nem_wallet_loss.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/money.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_wallet_loss.h"
#include "io/config.h"
#include "nem.h"

enum {
	UNITS_MAX = CONFIG_REST_MAX,
	HOUR_S = 3600,
	/* A moment like any other: what matters is what lies how far before and after it. */
	NOW_S = 10 * 24 * HOUR_S,
	COLUMN = 24,
};

/* The kinds of docs/nem-wallets.md: who cosigns, and who wraps and signs last. */
static const struct kind {
	const char *name;
	unsigned holders, needed;
	uint32_t cosigned;
	uint8_t wrapper;
} kinds[] = {
	{ "till", 3, 2, 1, 1 },
	{ "purse", 3, 2, 1, 1 },
	{ "box", 5, 3, 3, 2 },
};

/* Who may be robbed of his key, by the holders' places. */
static const struct thief {
	const char *kind; /* NULL: till and purse */
	const char *name, *words;
	uint32_t keys;
} thieves[] = {
	{ NULL, "a", N_("A, which cosigns"), 1 },
	{ NULL, "b", N_("B, which wraps"), 2 },
	{ NULL, "r", N_("R, the recovery key"), 4 },
	{ NULL, "a,b", N_("two of the three"), 3 },
	{ "box", "cosigner", N_("one who cosigned"), 1 },
	{ "box", "wrapper", N_("the one who wrapped"), 4 },
	{ "box", "holder", N_("one who signed nothing"), 8 },
	{ "box", "two", N_("two of the five"), 24 },
	{ "box", "three", N_("three of the five"), 7 },
};

static int read_micro(const char *text, uint64_t *out)
{
	struct money m;

	return money_parse(&m, ASSET_XEM, bytes_str(text)) == ERR_OK &&
		       money_u64(out, &m) == ERR_OK && *out <= NEM_SUPPLY_MICRO
		   ? 0
		   : cli_fail(ERR_AMOUNT, "`%.40s` is no amount in micro-XEM", text);
}

/* "live:AMOUNT", "expired:AMOUNT", "settled:AMOUNT"; AMOUNT may be "all". */
static int read_unit(const struct kind *kind, uint64_t balance, const char *text,
		     struct nem_wallet_loss_unit *u)
{
	static const struct {
		const char *word;
		bool settled;
		uint32_t deadline_s;
	} states[] = {
		{ "live:", false, NOW_S + HOUR_S },
		{ "expired:", false, NOW_S - HOUR_S },
		{ "settled:", true, NOW_S - HOUR_S },
	};

	int code;

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		size_t n = strlen(states[i].word);

		if (strncmp(text, states[i].word, n) != 0) {
			continue;
		}
		*u = (struct nem_wallet_loss_unit){ .fee_outer_micro = NEM_FEE_MULTISIG_MICRO,
						    .cosigned = kind->cosigned,
						    .wrapper = kind->wrapper,
						    .settled = states[i].settled,
						    .timestamp_s = NOW_S - 2 * HOUR_S,
						    .deadline_s = states[i].deadline_s,
						    .wrapper_deadline_s = states[i].deadline_s };
		if (strcmp(text + n, "all") == 0) {
			return nem_fee_empty_account(&u->amount_micro, &u->fee_inner_micro, balance,
						     0, kind->needed - 1,
						     NEM_FEE_COSIGNATURE_MICRO) == ERR_OK
				   ? 0
				   : cli_fail(ERR_FUNDS,
					      "the balance does not pay for its own move");
		}
		code = read_micro(text + n, &u->amount_micro);
		u->fee_inner_micro = nem_fee_transfer(u->amount_micro, 0);
		return code;
	}
	return cli_fail(ERR_USAGE, "`%.40s` is none of live:, expired:, settled: with an amount",
			text);
}

static void print_xem(uint64_t micro)
{
	struct money m = money_of(ASSET_XEM, micro);
	char text[64];

	cli_xem(text, sizeof text, &m);
	printf("%*s", COLUMN, text);
}

static void print_row(const struct cli *c, const struct thief *t, bool harvester, bool first,
		      const struct nem_wallet_loss *loss)
{
	char words[2][128];

	if (c->json) {
		printf("%s{\"keys\":\"%s\",\"own_blocks\":%s,\"total\":\"%" PRIu64
		       "\",\"burnt\":\"%" PRIu64 "\",\"taken\":\"%" PRIu64
		       "\",\"repeated\":\"%" PRIu64 "\",\"by\":\"%s\"}",
		       first ? "" : ",", t->name, harvester ? "true" : "false", loss->total,
		       loss->burnt, loss->taken, loss->repeated,
		       nem_wallet_loss_word(loss->reason));
		return;
	}
	printf("%s%s", words_column(words[0], sizeof words[0], words_of(t->words), 24),
	       words_column(words[1], sizeof words[1], harvester ? _("own blocks") : "", 11));
	print_xem(loss->total);
	print_xem(loss->taken);
	print_xem(loss->repeated);
	printf("  %s\n", words_of(nem_wallet_loss_word(loss->reason)));
}

static void print_head(void)
{
	char cell[4][128];

	printf("%s%s%s%s  %s\n", words_column(cell[0], sizeof cell[0], _("stolen"), 35),
	       words_column(cell[1], sizeof cell[1], _("lost at most"), -COLUMN),
	       words_column(cell[2], sizeof cell[2], _("of it the thief's"), -COLUMN),
	       words_column(cell[3], sizeof cell[3], _("of it paid twice"), -COLUMN), _("by"));
}

static int print_all(const struct cli *c, const struct kind *kind,
		     const struct nem_wallet_loss_account *account)
{
	bool first = true;

	if (c->json) {
		printf("{\"kind\":\"%s\",\"holders\":%u,\"needed\":%u,\"balance\":\"%" PRIu64
		       "\",\"losses\":[",
		       kind->name, kind->holders, kind->needed, account->balance_micro);
	} else {
		print_head();
	}
	for (size_t i = 0; i < ARRAY_LEN(thieves); i++) {
		const struct thief *t = &thieves[i];

		if ((t->kind != NULL) != (strcmp(kind->name, "box") == 0)) {
			continue;
		}
		for (unsigned harvester = 0; harvester <= 1; harvester++) {
			const struct nem_wallet_loss_thief thief = { .keys = t->keys,
								     .harvester = harvester == 1 };
			struct nem_wallet_loss loss;

			/* amounts and counts were checked as they were read */
			CHECK(nem_wallet_loss(&loss, account, &thief) == ERR_OK);
			print_row(c, t, harvester == 1, first, &loss);
			first = false;
		}
	}
	printf("%s", c->json ? "]}\n" : "");
	return 0;
}

int cli_nem_loss(struct cli *c, const char *const *w, size_t n)
{
	struct nem_wallet_loss_unit units[UNITS_MAX];
	struct nem_wallet_loss_account account = { .fee_cosign_micro = NEM_FEE_COSIGNATURE_MICRO,
						   .units = units,
						   .now_s = NOW_S,
						   .until_s = NOW_S + NEM_WALLET_LOSS_RETENTION_S };
	const struct kind *kind = NULL;
	int code = 0;

	for (size_t i = 0; n > 0 && i < ARRAY_LEN(kinds); i++) {
		kind = strcmp(w[0], kinds[i].name) == 0 ? &kinds[i] : kind;
	}
	if (kind == NULL || n < 2) {
		return cli_fail(ERR_USAGE, "it is: kuramori nem loss till|purse|box BALANCE "
					   "[live|expired|settled:AMOUNT|all]...");
	}
	/* no more words than that come from the command line */
	CHECK(n - 2 <= UNITS_MAX);
	account.holders = kind->holders;
	account.needed = kind->needed;
	code = read_micro(w[1], &account.balance_micro);
	for (size_t i = 2; code == 0 && i < n; i++) {
		code = read_unit(kind, account.balance_micro, w[i], &units[account.n++]);
	}
	return code == 0 ? print_all(c, kind, &account) : code;
}
