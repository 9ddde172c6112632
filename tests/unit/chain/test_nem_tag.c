/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: only what the trusted key gave is a tag, and what is built tags and does nothing else.
 * Method: one account whose facts are right, then one fact changed at a time as an attacker, an
 * expiry or a return of the mosaic would; stuffing with look-alikes; every field of the facts made
 * wrong, every cut of a tagging transfer; built transactions decoded again and their effects
 * listed by who knows nothing of tags.
 */
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_tag.h"
#include "crypto/crypto.h"
#include "nem_samples.h"
#include "t.h"

enum { NET = SAMPLE_NETWORK, TAGGER = 1, VICTIM = 2, THIEF = 3, OTHER = 4, NOW = 600000 };

/* The facts of one account and where they are kept. */
struct scene {
	struct nem_tagger tagger[2];
	struct nem_mosaic owned[200];
	struct nem_mosaic_definition definition[2];
	struct nem_tag_space space[2];
	struct nem_tx tx[2];
	struct nem_tag_seen seen[2];
	struct nem_address service;
	struct nem_tag_facts f;
	struct nem_tags tags;
};

static struct scene s;

static void send_tag(struct nem_tx *tx, uint8_t from, const char *mosaic)
{
	memset(tx, 0, sizeof *tx);
	tx->type = NEM_TRANSFER;
	tx->head = sample_head(from, 2, 50000);
	tx->transfer.recipient = sample_address(VICTIM);
	tx->transfer.amount_micro = 1000000;
	tx->transfer.mosaics = 1;
	tx->transfer.mosaic[0].id = sample_id(mosaic);
	tx->transfer.mosaic[0].quantity = 1;
}

static void define(struct nem_mosaic_definition *d, uint8_t creator, const char *mosaic)
{
	memset(d, 0, sizeof *d);
	d->creator = sample_key(creator);
	d->id = sample_id(mosaic);
	d->description_bytes = 1;
	d->description[0] = 'x';
	d->properties.initial_supply = 9000;
	d->properties.supply_mutable = true;
}

/* A tag by the book: sent by the tagger at 1000, held, namespace rented by the tagger. */
static void set_scene(void)
{
	memset(&s, 0, sizeof s);
	s.tagger[0].mosaic = sample_id("ts:warning_dont_accept_stolen_funds");
	s.tagger[0].creator_known = true;
	s.tagger[0].creator = sample_key(TAGGER);
	s.tagger[0].kind = NEM_TAG_STOLEN;
	s.tagger[0].basis = NEM_TAG_INFERRED;
	s.owned[0].id = s.tagger[0].mosaic;
	s.owned[0].quantity = 1;
	define(&s.definition[0], TAGGER, "ts:warning_dont_accept_stolen_funds");
	memcpy(s.space[0].root.text, "ts", 3);
	s.space[0].owner = sample_address(TAGGER);
	s.space[0].rented_height = NOW - NEM_RENTAL_BLOCKS + 1;
	send_tag(&s.tx[0], TAGGER, "ts:warning_dont_accept_stolen_funds");
	s.seen[0].height = 80000;
	s.seen[0].tx = &s.tx[0];
	s.service = sample_address(VICTIM);
	s.f = (struct nem_tag_facts){ .network = NET,
				      .height = NOW,
				      .account = sample_address(VICTIM),
				      .tagger = s.tagger,
				      .taggers = 1,
				      .owned = s.owned,
				      .owneds = 1,
				      .definition = s.definition,
				      .definitions = 1,
				      .space = s.space,
				      .spaces = 1,
				      .seen = s.seen,
				      .seens = 1,
				      .service = &s.service };
}

/* The one verdict of the scene (NEM_TAG_NONE: no tag) and its reasons; -1: refused, or several. */
static int verdict(uint32_t *reasons)
{
	*reasons = 0;
	if (nem_tag_read(&s.tags, &s.f) != ERR_OK || s.tags.n > 1) {
		return -1;
	}
	*reasons = s.tags.n == 0 ? 0 : s.tags.tag[0].reasons;
	return s.tags.n == 0 ? NEM_TAG_NONE : (int)s.tags.tag[0].verdict;
}

#define EXPECT(want, why)                   \
	do {                                \
		uint32_t why_;              \
		T_EQ(verdict(&why_), want); \
		T_EQ(why_, why);            \
	} while (0)

static void real_tag(void)
{
	set_scene();
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
	T_EQ(s.tags.tag[0].height, 80000);
	T_EQ(s.tags.tag[0].held, 1);
	/* The first of two counts, in any order. */
	s.tx[1] = s.tx[0];
	s.seen[1] = (struct nem_tag_seen){ 79999, &s.tx[1] };
	s.f.seens = 2;
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
	T_EQ(s.tags.tag[0].height, 79999);
	/* History that was not given: only the creator can give what is bound. */
	s.f.seens = 0;
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_SOURCE_UNSEEN | NEM_TAG_BOUND);
	T_EQ(s.tags.tag[0].height, 0);
}

static void in_a_wrapper(void)
{
	struct nem_tx inner;

	set_scene();
	inner = s.tx[0];
	memset(&s.tx[0], 0, sizeof s.tx[0]);
	s.tx[0].type = NEM_MULTISIG;
	s.tx[0].head = sample_head(OTHER, 1, 150000);
	s.tx[0].multisig.inner.type = NEM_TRANSFER;
	s.tx[0].multisig.inner.head = inner.head;
	s.tx[0].multisig.inner.transfer = inner.transfer;
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
	/* A wrapper signed by the tagger around another's transfer proves nothing. */
	s.tx[0].head = sample_head(TAGGER, 1, 150000);
	s.tx[0].multisig.inner.head = sample_head(OTHER, 2, 50000);
	s.definition[0].properties.transferable = true;
	EXPECT(NEM_TAG_UNPROVEN, NEM_TAG_PASSED_ON);
}

static void other_creator(void)
{
	set_scene();
	s.definition[0].creator = sample_key(THIEF);
	s.space[0].owner = sample_address(THIEF);
	s.tx[0].head.signer = sample_key(THIEF);
	EXPECT(NEM_TAG_ALIKE, NEM_TAG_RERENTED | NEM_TAG_OTHER_CREATOR);
	/* The fake was dusted on the tagger, and the tagger passed it on: still no tag of his. */
	s.tx[0].head.signer = sample_key(TAGGER);
	EXPECT(NEM_TAG_ALIKE, NEM_TAG_RERENTED | NEM_TAG_OTHER_CREATOR);
	/* One block before the fake's rental it was real, and the past stays. */
	s.seen[0].height = s.space[0].rented_height - 1;
	EXPECT(NEM_TAG_HISTORY, NEM_TAG_RERENTED | NEM_TAG_OTHER_CREATOR | NEM_TAG_BY_CREATOR);
	/* Not known when the fake's rental began: nothing is proven. */
	s.f.spaces = 0;
	EXPECT(NEM_TAG_UNPROVEN, NEM_TAG_OTHER_CREATOR | NEM_TAG_BY_CREATOR);
}

static void other_names(void)
{
	static const char *const alike[] = {
		"evil:warning_dont_accept_stolen_funds", "ts:warning-dont-accept-stolen-funds",
		"ts:warning_dont_accept_st0len_funds",   "t5:warning_dont_accept_stolen_funds",
		"ts:warnlng_dont_accept_stolen_funds",   "ts:warning_dont_accept_stolen_fund",
		"ts.ts:warning_dont_accept_stolen_fund",
	};
	static const char *const unlike[] = { "ts:hello", "ts:warning_dont_accept_stolen_f",
					      "nem:xem", "a:w", "ts:funds" };

	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		set_scene();
		s.owned[0].id = sample_id(alike[i]);
		send_tag(&s.tx[0], THIEF, alike[i]);
		define(&s.definition[0], THIEF, alike[i]);
		EXPECT(NEM_TAG_ALIKE, NEM_TAG_OTHER_NAME);
	}
	for (size_t i = 0; i < ARRAY_LEN(unlike); i++) {
		set_scene();
		s.owned[0].id = sample_id(unlike[i]);
		s.f.seens = 0;
		EXPECT(NEM_TAG_NONE, 0);
	}
}

static void lapsed(void)
{
	set_scene();
	s.space[0].rented_height--; /* the first block after a year */
	EXPECT(NEM_TAG_HISTORY, NEM_TAG_BY_CREATOR | NEM_TAG_LAPSED);
	s.f.owneds = 0;
	s.f.definitions = 0;
	s.f.spaces = 0;
	EXPECT(NEM_TAG_HISTORY, NEM_TAG_BY_CREATOR | NEM_TAG_LAPSED | NEM_TAG_NO_DEFINITION);
	s.f.seens = 0;
	EXPECT(NEM_TAG_NONE, 0);
}

static void lifted_and_mistaken(void)
{
	set_scene();
	s.f.owneds = 0;
	EXPECT(NEM_TAG_LIFTED, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
	set_scene();
	s.f.services = 1;
	EXPECT(NEM_TAG_MISTAKEN, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND | NEM_TAG_SERVICE);
	s.service = sample_address(OTHER);
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
}

static void passed_on_and_dust(void)
{
	set_scene();
	s.definition[0].properties.transferable = true;
	s.tx[0].head.signer = sample_key(THIEF); /* a thief who rids himself of it */
	EXPECT(NEM_TAG_UNPROVEN, NEM_TAG_PASSED_ON);
	set_scene();
	s.tx[0].transfer.amount_micro = 999999; /* floor(0.999999 * 1): nothing moves */
	s.f.owneds = 0;
	EXPECT(NEM_TAG_NONE, 0);
	set_scene();
	s.tx[0].transfer.recipient = sample_address(OTHER); /* another's tag */
	s.f.owneds = 0;
	EXPECT(NEM_TAG_NONE, 0);
	set_scene();
	s.f.account = sample_address(TAGGER); /* holds the supply */
	s.owned[0].quantity = 9000;
	EXPECT(NEM_TAG_NONE, 0);
	set_scene();
	s.tagger[0].creator_known = false;
	EXPECT(NEM_TAG_UNPROVEN, NEM_TAG_KEY_UNKNOWN);
	set_scene();
	s.definition[0].properties.transferable = true; /* with a levy, as some tags were */
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR);
	s.f.seens = 0;
	EXPECT(NEM_TAG_UNPROVEN, NEM_TAG_SOURCE_UNSEEN);
	set_scene();
	s.tx[0].transfer.mosaic[0].id = nem_mosaic_xem; /* coins from the tagger are no tag */
	s.f.owneds = 0;
	EXPECT(NEM_TAG_NONE, 0);
}

/* Whoever stuffs an account with look-alikes hides no tag. */
static void stuffed(void)
{
	char name[40] = "evil:warning_dont_accept_stolen_fun00";

	set_scene();
	for (size_t i = 0; i < 100; i++) {
		name[35] = (char)('a' + i / 10);
		name[36] = (char)('a' + i % 10);
		s.owned[i].id = sample_id(name);
		s.owned[i].quantity = 1;
	}
	s.owned[100].id = s.tagger[0].mosaic;
	s.owned[100].quantity = 1;
	s.f.owneds = 101;
	T_EQ(nem_tag_read(&s.tags, &s.f), ERR_OK);
	T_EQ(s.tags.n, NEM_TAGS_MAX);
	T_EQ(s.tags.left_off, 101 - NEM_TAGS_MAX);
	T_EQ(s.tags.tag[0].verdict, NEM_TAG_IN_EFFECT);
}

#define REFUSED(change, want)                            \
	do {                                             \
		set_scene();                             \
		s.tags.n = 77;                           \
		change;                                  \
		T_EQ(nem_tag_read(&s.tags, &s.f), want); \
		T_EQ(s.tags.n, 77);                      \
	} while (0)

static void hostile_facts(void)
{
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	struct nem_tx out;

	REFUSED(s.f.height = 0, ERR_FIELD_RANGE);
	REFUSED(s.f.network = 0x68, ERR_NETWORK);
	REFUSED(s.f.account.text[5] ^= 1, ERR_ADDRESS);
	REFUSED(memset(s.f.account.text, 'T', sizeof s.f.account.text), ERR_ADDRESS);
	REFUSED((s.f.services = 1, s.service.text[3] ^= 1), ERR_ADDRESS);
	REFUSED(s.f.taggers = NEM_TAGGERS_MAX + 1, ERR_FULL);
	REFUSED((s.tagger[1] = s.tagger[0], s.f.taggers = 2), ERR_FIELD_RANGE);
	REFUSED(s.tagger[0].mosaic.name[0] = 'A', ERR_FIELD_RANGE);
	REFUSED(memset(s.owned[0].id.name, 'a', sizeof s.owned[0].id.name), ERR_FIELD_RANGE);
	REFUSED((s.owned[1] = s.owned[0], s.f.owneds = 2), ERR_FIELD_RANGE);
	REFUSED((s.definition[1] = s.definition[0], s.f.definitions = 2), ERR_FIELD_RANGE);
	REFUSED(s.definition[0].id.space.text[0] = '.', ERR_FIELD_RANGE);
	REFUSED((s.space[1] = s.space[0], s.f.spaces = 2), ERR_FIELD_RANGE);
	REFUSED(memcpy(s.space[0].root.text, "a.b", 4), ERR_FIELD_RANGE);
	REFUSED(s.space[0].rented_height = 0, ERR_FIELD_RANGE);
	REFUSED(s.space[0].rented_height = NOW + 1, ERR_FIELD_RANGE);
	REFUSED(s.space[0].owner.text[9] ^= 1, ERR_ADDRESS);
	REFUSED(s.seen[0].height = 0, ERR_FIELD_RANGE);
	REFUSED(s.seen[0].height = NOW + 1, ERR_FIELD_RANGE);
	REFUSED(s.tx[0].type = 0, ERR_TYPE);
	REFUSED(s.tx[0].transfer.mosaic[0].id.name[0] = '!', ERR_FIELD_RANGE);
	set_scene();
	nem_tx_encode(&w, &s.tx[0], NEM_SIGNING);
	for (size_t n = 0; n < w.n; n++) {
		T_CHECK(nem_tx_decode(&out, NET, bytes_of(raw, n), NEM_SIGNING) != ERR_OK);
	}
	T_EQ(nem_tx_decode(&out, NET, bytes_of(raw, w.n), NEM_SIGNING), ERR_OK);
}

static void built_tag(void)
{
	struct nem_address to = sample_address(VICTIM);
	struct nem_tx tx;
	struct nem_mosaic_definition d;

	set_scene();
	d = s.definition[0];
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, SAMPLE_TIME, SAMPLE_TIME + 3600), ERR_OK);
	T_EQ(tx.head.fee_micro, 50000);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	/* What is built is read as a tag. */
	s.tx[0] = tx;
	EXPECT(NEM_TAG_IN_EFFECT, NEM_TAG_BY_CREATOR | NEM_TAG_BOUND);
	d.properties.transferable = true;
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 1, 2), ERR_ASSET);
	d = s.definition[0];
	d.properties.divisibility = 1;
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 1, 2), ERR_ASSET);
	d = s.definition[0];
	d.levy.type = NEM_LEVY_ABSOLUTE;
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 1, 2), ERR_ASSET);
	d = s.definition[0];
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 2, 2), ERR_FIELD_RANGE);
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 2, 86403), ERR_FIELD_RANGE);
	T_EQ(nem_tag_build(&tx, NET, &d, 0, &to, 1, 2), ERR_FIELD_RANGE);
	T_EQ(nem_tag_build(&tx, 0x68, &d, 9000, &to, 1, 2), ERR_NETWORK);
	to = sample_address(TAGGER);
	T_EQ(nem_tag_build(&tx, NET, &d, 9000, &to, 1, 2), ERR_ONCE);
}

static void built_definition(void)
{
	struct nem_mosaic_id id = sample_id("alice.vouchers:tag");
	struct key32 key = sample_key(TAGGER);
	struct bytes words = bytes_str("stolen funds");
	struct nem_address to = sample_address(VICTIM);
	struct nem_tx tx;
	struct nem_tx tag;

	T_EQ(nem_tag_define(&tx, NET, &key, &id, words, 9000, 1, 2), ERR_OK);
	T_EQ(nem_tx_check(&tx), ERR_OK);
	T_EQ(tx.head.fee_micro, 150000);
	T_EQ(tx.definition.creation_fee_micro, 10000000);
	T_STR(tx.definition.sink.text, "TBMOSAICOD4F54EE5CDMR23CCBGOAM2XSJBR5OLC");
	T_CHECK(!tx.definition.mosaic.properties.transferable);
	T_EQ(nem_tag_build(&tag, NET, &tx.definition.mosaic, 9000, &to, 1, 2), ERR_OK);
	T_EQ(nem_tag_define(&tx, NET, &key, &id, bytes_str(""), 1, 1, 2), ERR_FIELD_RANGE);
	T_EQ(nem_tag_define(&tx, NET, &key, &id, words, 0, 1, 2), ERR_FIELD_RANGE);
	T_EQ(nem_tag_define(&tx, NET, &key, &id, words, NEM_QUANTITY_MAX + 1, 1, 2),
	     ERR_FIELD_RANGE);
	T_EQ(nem_tag_define(&tx, NET, &key, &id, words, 1, 2, 1), ERR_FIELD_RANGE);
	T_EQ(nem_tag_define(&tx, 0, &key, &id, words, 1, 1, 2), ERR_NETWORK);
	id.name[0] = '_';
	T_EQ(nem_tag_define(&tx, NET, &key, &id, words, 1, 1, 2), ERR_FIELD_RANGE);
}

static void every_word(void)
{
	for (int v = NEM_TAG_IN_EFFECT; v <= NEM_TAG_ALIKE; v++) {
		T_CHECK(nem_tag_verdict_name((enum nem_tag_verdict)v) != NULL);
	}
	T_CHECK(nem_tag_verdict_name(NEM_TAG_NONE) == NULL);
	for (unsigned r = 1; r <= NEM_TAG_SERVICE; r *= 2) {
		T_CHECK(nem_tag_reason_name((enum nem_tag_reason)r) != NULL);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a real tag", real_tag },
		{ "in a wrapper", in_a_wrapper },
		{ "the same name by another creator", other_creator },
		{ "similar names", other_names },
		{ "a namespace that lapsed", lapsed },
		{ "lifted, and by mistake", lifted_and_mistaken },
		{ "passed on, dust, the tagger", passed_on_and_dust },
		{ "stuffed with look-alikes", stuffed },
		{ "hostile facts", hostile_facts },
		{ "a tag that is built", built_tag },
		{ "a definition that is built", built_definition },
		{ "every word", every_word },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
