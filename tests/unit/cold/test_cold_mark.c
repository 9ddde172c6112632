/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher tells an answer of the registered token from every other, and nobody else tells
 * anything: not with the token, the holder's keys, all documents and the other watchers' keys.
 * Method: answers of the cold core under two tokens of one key; somebody strips, forges, bends,
 * replays and mixes marks and registrations; both kinds are compared byte by byte.
 */
#include "cold_world.h"

#include "t.h"

#include "cold/cold_cards.h"
#include "cold/cold_mark.h"
#include "cold/cold_side.h"
#include "crypto/sha256.h"

static struct doc_answer answer;
static struct doc_holder holder;
static struct cold_secrets ordinary;
static struct cold_secrets forced; /* holder 0 under the other passphrase */
static struct hash32 name;

static void fresh_of(uint8_t out[COLD_FRESH_BYTES], uint8_t n)
{
	memset(out, n, COLD_FRESH_BYTES);
	out[3] = 0xee;
}

static void registers(const struct doc_roster *roster, uint8_t n)
{
	uint8_t fresh[COLD_FRESH_BYTES];

	fresh_of(fresh, n);
	holder = world.holding.holders[0];
	cold_mark_register(&holder, &world.genesis_id, roster, ordinary.token, fresh);
}

static void read_answer(size_t at)
{
	struct doc d;

	CHECK(doc_open(&d, world.answers[at], &world.genesis_id, NULL) == ERR_OK);
	CHECK(doc_answer_read(&d, &answer, NULL) == ERR_OK);
}

/* Holder 0 is registered; `with` is what his machine holds when he answers. */
static void answers(const struct cold_secrets *with)
{
	world.holder[0] = *with;
	world_sit(0);
	CHECK(world_ask().err == ERR_OK);
	CHECK(world_sign(0, 0, NOW) == ERR_OK);
	read_answer(0);
}

static enum cold_mark says(size_t watcher)
{
	return cold_mark_judge(&name, &answer, &holder, world.watcher[watcher]);
}

static void ready(void)
{
	uint8_t key[COLD_KEY_BYTES], token[COLD_TOKEN_BYTES];

	world_make();
	ordinary = world.holder[0];
	memset(key, 0x40, sizeof key);
	memset(token, 0x55, sizeof token);
	cold_secrets_make(&forced, key, token);
	registers(&world.roster[0], 7);
	answers(&ordinary);
}

static void every_watcher_knows_the_ordinary_one(void)
{
	struct hash32 first;

	ready();
	T_EQ(holder.registration_n, 32 + 3 * 48);
	T_EQ(answer.mark_n, 32 + 3 * 16);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(says(i), COLD_MARK_ORDINARY);
	}
	/* the name is that of what was said: the mark is no part of it, all else is */
	first = name;
	answer.mark[40] ^= 1;
	(void)says(0);
	T_CHECK(hash32_eq(&first, &name));
	answer.time_ms++;
	(void)says(0);
	T_CHECK(!hash32_eq(&first, &name));
}

static void every_watcher_calls_the_other_one(void)
{
	ready();
	answers(&forced);
	T_EQ(answer.mark_n, 32 + 3 * 16);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(says(i), COLD_MARK_CALLS);
	}
}

static const struct hash32 *id_of(const struct doc_answer *a)
{
	static struct hash32 id[2];
	static size_t turn;
	uint8_t room[COLD_ANSWER_BYTES];
	struct writer w = writer_make(room, sizeof room);

	turn ^= 1;
	CHECK(doc_answer_make(&w, &id[turn], a, NULL) == ERR_OK);
	return &id[turn];
}

/* All that an answer shows but for its mark is the same, and so is the journal. */
static void nothing_else_differs(void)
{
	static struct doc_answer first;
	static uint8_t journal[COLD_BATCH_BYTES / 8];
	static struct cold memory;
	size_t n;

	ready();
	first = answer;
	memory = world.cold;
	n = world.batch_n[1];
	memcpy(journal, world.batch[1], n);
	T_EQ(world.batches, 2);
	answers(&forced);
	T_EQ(world.batches, 2);
	T_EQ(world.batch_n[1], n);
	T_MEM(world.batch[1], journal, n);
	T_EQ(world.cold.answers, memory.answers);
	T_EQ(world.cold.box_count, memory.box_count);
	T_EQ(world.cold.last_ms, memory.last_ms);
	T_CHECK(hash32_eq(&world.cold.chain.head, &memory.chain.head));
	T_EQ(answer.mark_n, first.mark_n);
	T_CHECK(memcmp(answer.mark, first.mark, answer.mark_n) != 0);
	memcpy(answer.mark, first.mark, sizeof answer.mark);
	T_CHECK(hash32_eq(id_of(&answer), id_of(&first)));
}

/* What a thief can do to a mark, whatever he holds but a watcher's key and the other token. */
static void no_mark_can_be_made(void)
{
	struct doc_answer good;
	uint8_t fresh[COLD_FRESH_BYTES];
	enum cold_mark mark;

	ready();
	good = answer;
	answers(&forced);
	/* none */
	answer.mark_n = 0;
	T_EQ(says(0), COLD_MARK_CALLS);
	/* that of an ordinary answer, which was said before */
	memcpy(answer.mark, good.mark, sizeof good.mark);
	answer.mark_n = good.mark_n;
	answer.sequence++;
	T_EQ(says(0), COLD_MARK_CALLS);
	answer = good;
	answer.time_ms++;
	T_EQ(says(1), COLD_MARK_CALLS);
	/* one bit of it, anywhere that this watcher looks: the key and his own part */
	for (size_t i = 0; i < good.mark_n; i++) {
		bool own = i < DOC_MARK_KEY || (i >= DOC_MARK_KEY + 16 && i < DOC_MARK_KEY + 32);

		answer = good;
		answer.mark[i] ^= (uint8_t)(1u << t_below(8));
		mark = says(1);
		T_EQ(mark, own ? COLD_MARK_CALLS : COLD_MARK_ORDINARY);
	}
	/* a key of small order: what it shares with everybody is known to all */
	answer = good;
	memset(answer.mark, 0, DOC_MARK_KEY);
	T_EQ(says(0), COLD_MARK_CALLS);
	answer.mark[0] = 1;
	T_EQ(says(0), COLD_MARK_CALLS);
	/* by the token of the other passphrase, with the same forgotten key */
	answer = good;
	fresh_of(fresh, 9);
	cold_mark_put(&answer, &world.roster[0], forced.token, fresh);
	T_EQ(says(0), COLD_MARK_CALLS);
	cold_mark_put(&answer, &world.roster[0], ordinary.token, fresh);
	T_EQ(says(0), COLD_MARK_ORDINARY);
	/* by no token */
	memset(fresh, 0, sizeof fresh);
	cold_mark_put(&answer, &world.roster[0], fresh, fresh);
	T_EQ(says(0), COLD_MARK_CALLS);
}

/*
 * Whoever opened one side looks for what tells him which: he makes marks and registrations by every
 * token that he has, and compares with those that are known.
 */
static void a_token_finds_itself_nowhere(void)
{
	struct doc_holder again;
	struct doc_answer good;
	uint8_t fresh[COLD_FRESH_BYTES];

	ready();
	good = answer;
	again = holder;
	fresh_of(fresh, 8);
	cold_mark_register(&again, &world.genesis_id, &world.roster[0], ordinary.token, fresh);
	T_EQ(again.registration_n, holder.registration_n);
	for (size_t at = 0; at < holder.registration_n; at += 16) {
		T_CHECK(memcmp(again.registration + at, holder.registration + at, 16) != 0);
	}
	cold_mark_put(&answer, &world.roster[0], ordinary.token, fresh);
	for (size_t at = 0; at < good.mark_n; at += 16) {
		T_CHECK(memcmp(answer.mark + at, good.mark + at, 16) != 0);
	}
	/* the token itself stands nowhere in what is published */
	T_CHECK(memmem(holder.registration, holder.registration_n, ordinary.token, 8) == NULL);
	T_CHECK(memmem(good.mark, good.mark_n, ordinary.token, 8) == NULL);
}

/*
 * What watcher i learns from the registration: its part opened by the words of cold_mark.c's
 * header, without that file.  False: the tag is not what they say.
 */
static bool learns(struct hash32 *out, size_t i)
{
	const uint8_t *part = holder.registration + DOC_MARK_KEY + i * DOC_REGISTRATION_PART;
	uint8_t shared[ED25519_SHARED_BYTES], room[256], tagged[3 + 32] = { 't', 'a', 'g' };
	struct writer w = writer_make(room, sizeof room);
	struct key32 forgotten;
	struct hash32 key, mask;

	memcpy(forgotten.b, holder.registration, sizeof forgotten.b);
	CHECK(ed25519_shared(shared, world.watcher[i], &forgotten));
	writer_bytes(&w, bytes_str("kuramori cold register v1\n"));
	writer_bytes(&w, bytes_of(world.genesis_id.b, 32));
	writer_bytes(&w, bytes_of(holder.attest_key.b, 32));
	writer_bytes(&w, bytes_of(forgotten.b, 32));
	writer_bytes(&w, bytes_of(world.roster[0].watchers[i].key.b, 32));
	hmac_sha256(&key, bytes_of(shared, sizeof shared), bytes_of(room, w.n));
	hmac_sha256(&mask, bytes_of(key.b, 32), bytes_str("wrap"));
	for (size_t k = 0; k < 32; k++) {
		out->b[k] = mask.b[k] ^ part[k];
	}
	memcpy(tagged + 3, part, 32);
	hmac_sha256(&mask, bytes_of(key.b, 32), bytes_of(tagged, sizeof tagged));
	return memcmp(mask.b, part + 32, 16) == 0;
}

/* A watcher learns its own part alone: with that no mark for another one can be made. */
static void a_watcher_cannot_vouch_to_another(void)
{
	uint8_t fresh[COLD_FRESH_BYTES];
	uint8_t message[23 + 32];
	struct hash32 known, other, expected;

	ready();
	fresh_of(fresh, 5);
	for (size_t i = 0; i < 3; i++) {
		T_CHECK(learns(&known, i));
		memcpy(message, "kuramori cold token v1\n", 23);
		memcpy(message + 23, world.roster[0].watchers[i].key.b, 32);
		hmac_sha256(&expected, bytes_of(ordinary.token, 32),
			    bytes_of(message, sizeof message));
		T_MEM(known.b, expected.b, sizeof known.b);
		T_CHECK(learns(&other, (i + 1) % 3));
		T_CHECK(!hash32_eq(&known, &other));
		T_CHECK(memcmp(known.b, ordinary.token, sizeof known.b) != 0);
		cold_mark_put(&answer, &world.roster[0], known.b, fresh);
		for (size_t k = 0; k < 3; k++) {
			T_EQ(says(k), COLD_MARK_CALLS);
		}
	}
}

static void who_is_not_told_calls_nobody(void)
{
	struct doc_roster other;
	uint8_t stranger[DOC_SECRET_BYTES];
	struct key32 key;

	ready();
	answers(&forced);
	/* not registered at all */
	holder.registration_n = 0;
	T_EQ(says(0), COLD_MARK_UNREGISTERED);
	/* a watcher that came later */
	registers(&world.roster[0], 7);
	world_secret(stranger, &key, 99);
	T_EQ(cold_mark_judge(&name, &answer, &holder, stranger), COLD_MARK_UNREGISTERED);
	/* one whose key is struck: its part is for nobody, the others stay what they are */
	other = world.roster[0];
	memset(&other.watchers[1].key, 0, sizeof other.watchers[1].key);
	registers(&other, 7);
	T_EQ(holder.registration_n, 32 + 3 * 48);
	T_EQ(says(1), COLD_MARK_UNREGISTERED);
	T_EQ(says(0), COLD_MARK_CALLS);
	T_EQ(says(2), COLD_MARK_CALLS);
	answers(&ordinary);
	T_EQ(says(2), COLD_MARK_ORDINARY);
	/* and a mark is as long, and looks the same, under such a roster */
	{
		uint8_t fresh[COLD_FRESH_BYTES];

		fresh_of(fresh, 6);
		cold_mark_put(&answer, &other, ordinary.token, fresh);
		T_EQ(answer.mark_n, 32 + 3 * 16);
		T_EQ(says(2), COLD_MARK_ORDINARY);
		registers(&world.roster[0], 7);
		T_EQ(says(1), COLD_MARK_CALLS);
	}
	/* the registration of another holder, of another genesis, bent, or of a bad key */
	registers(&world.roster[0], 7);
	holder.attest_key = world.holding.holders[1].attest_key;
	T_EQ(says(0), COLD_MARK_UNREGISTERED);
	registers(&world.roster[0], 7);
	answer.genesis.b[0] ^= 1;
	T_EQ(says(0), COLD_MARK_UNREGISTERED);
	answer.genesis.b[0] ^= 1;
	for (size_t i = 0; i < DOC_MARK_KEY + DOC_REGISTRATION_PART; i++) {
		registers(&world.roster[0], 7);
		holder.registration[i] ^= (uint8_t)(1u << t_below(8));
		T_EQ(says(0), COLD_MARK_UNREGISTERED);
	}
	registers(&world.roster[0], 7);
	memset(holder.registration, 0, DOC_MARK_KEY);
	T_EQ(says(0), COLD_MARK_UNREGISTERED);
}

static void sides(void)
{
	uint8_t side[SEAL_PAIR_SECRET], key[COLD_SIDE_KEY], token[COLD_TOKEN_BYTES];
	uint8_t before[COLD_SIDE_KEY], practice[COLD_SIDE_KEY];
	size_t n = 99;

	ready();
	memset(practice, 0x21, sizeof practice);
	practice[32] = COLD_CARDS_PRACTICE;
	cold_side_put(side, bytes_of(practice, 32), ordinary.token);
	T_EQ(cold_side_get(key, &n, token, side), ERR_OK);
	T_EQ(n, 32);
	T_MEM(key, practice, 32);
	T_MEM(token, ordinary.token, sizeof token);
	cold_side_put(side, bytes_of(practice, 33), forced.token);
	T_EQ(cold_side_get(key, &n, token, side), ERR_OK);
	T_EQ(n, 33);
	T_MEM(key, practice, 33);
	T_MEM(token, forced.token, sizeof token);
	memcpy(before, key, sizeof key);
	for (size_t i = 64; i < SEAL_PAIR_SECRET; i++) {
		cold_side_put(side, bytes_of(practice, 32), ordinary.token);
		side[i] = COLD_CARDS_PRACTICE + 1;
		T_EQ(cold_side_get(key, &n, token, side), ERR_KEY);
		T_EQ(n, 33);
		T_MEM(key, before, sizeof key);
		T_MEM(token, forced.token, sizeof token);
	}
}

/* The two sides have the same keys and the same journal: nothing follows from the token. */
static void the_same_keys(void)
{
	ready();
	T_MEM(&forced.chain, &ordinary.chain, sizeof forced.chain);
	T_MEM(forced.attest, ordinary.attest, sizeof forced.attest);
	T_MEM(&forced.journal, &ordinary.journal, sizeof forced.journal);
	T_CHECK(memcmp(forced.token, ordinary.token, sizeof forced.token) != 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every watcher knows the ordinary one", every_watcher_knows_the_ordinary_one },
		{ "every watcher calls the other one", every_watcher_calls_the_other_one },
		{ "nothing else differs", nothing_else_differs },
		{ "no mark can be made", no_mark_can_be_made },
		{ "a token finds itself nowhere", a_token_finds_itself_nowhere },
		{ "a watcher cannot vouch to another", a_watcher_cannot_vouch_to_another },
		{ "who is not told calls nobody", who_is_not_told_calls_nobody },
		{ "sides", sides },
		{ "the same keys", the_same_keys },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
