/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what a person is shown of a move is what its bytes do: whatever the reader takes, the full
 * decoder takes too and lists the same effects; and it takes nothing but such moves.
 * Method: a real unit, each byte of it changed in every bit, cut, and made longer; other
 * transactions that a node would take.
 */
#include "cold_world.h"

#include "t.h"

#include "chain/nem/nem_effects.h"
#include "cold/cold_moved.h"

enum { NETWORK = 0x98 };

static uint8_t raw[NEM_TX_BYTES_MAX];

static struct bytes encoded(const struct nem_tx *tx)
{
	struct writer w = writer_make(raw, sizeof raw);

	nem_tx_encode(&w, tx, NEM_SIGNED);
	CHECK(!w.bad);
	return bytes_of(raw, w.n);
}

static bool same(const struct cold_moved *m, const struct chain_effects *all)
{
	struct nem_address box;
	uint64_t micro;

	nem_address_from_key(&box, &m->account, NETWORK);
	if (all->n != 1 + m->fees || all->effect[0].kind != CHAIN_MOVE ||
	    strcmp(all->account.text, box.text) != 0 ||
	    strcmp(all->effect[0].to.text, m->to) != 0) {
		return false;
	}
	for (unsigned i = 0; i < all->n; i++) {
		micro = (uint64_t)money_units(&all->effect[i].amount);
		if ((i > 0 && all->effect[i].kind != CHAIN_FEE) ||
		    micro != (i == 0 ? m->amount_micro : m->fee_micro[i - 1])) {
			return false;
		}
	}
	return true;
}

static void tells_what_the_bytes_do(void)
{
	static struct nem_tx again;
	static struct chain_effects all;
	struct cold_moved moved;
	struct bytes unit;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	unit = encoded(&world.plan.unit);
	T_CHECK(cold_moved_read(&moved, NETWORK, unit));
	T_EQ(nem_tx_decode(&again, NETWORK, unit, NEM_SIGNED), ERR_OK);
	T_EQ(nem_effects_list(&all, &again), ERR_OK);
	T_CHECK(same(&moved, &all));
	T_STR(moved.to, world.refill.destination.text);
	T_CHECK(key32_eq(&moved.account, &world.refill.account));
	T_EQ(moved.fees, 4);
	T_CHECK(!cold_moved_read(&moved, 0x68, unit));
}

/* A changed byte is no such move, or it is one that says so in both readings. */
static void no_change_hides(void)
{
	static struct nem_tx again;
	static struct chain_effects all;
	struct cold_moved moved;
	struct bytes unit;
	unsigned taken = 0;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	unit = encoded(&world.plan.unit);
	for (size_t i = 0; i < unit.n * 8; i++) {
		raw[i / 8] ^= (uint8_t)(1 << i % 8);
		if (nem_tx_decode(&again, NETWORK, unit, NEM_SIGNED) == ERR_OK &&
		    nem_effects_list(&all, &again) == ERR_OK) {
			T_CHECK(cold_moved_read(&moved, NETWORK, unit));
			T_CHECK(same(&moved, &all));
			taken++;
		}
		raw[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	T_CHECK(taken > 100); /* times, fees, signatures, the initiator's key */
	for (size_t n = 0; n < unit.n; n++) {
		T_CHECK(!cold_moved_read(&moved, NETWORK, bytes_of(raw, n)));
	}
	raw[unit.n] = 0;
	T_CHECK(!cold_moved_read(&moved, NETWORK, bytes_of(raw, unit.n + 1)));
}

/* Another transaction of this box, well formed and as good as signed. */
static void nothing_else_passes(void)
{
	static struct nem_tx tx;
	struct nem_inner *inner = &tx.multisig.inner;
	struct cold_moved moved;
	struct key32 signer;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	tx = world.plan.unit;
	tx.multisig.n = 0;
	T_CHECK(cold_moved_read(&moved, NETWORK, encoded(&tx)));
	T_EQ(moved.fees, 2);
	inner->transfer.message_type = NEM_MESSAGE_PLAIN;
	inner->transfer.message_bytes = 1;
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
	inner->transfer.message_type = NEM_MESSAGE_NONE;
	inner->transfer.message_bytes = 0;
	inner->head.version = 2;
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
	inner->transfer.mosaics = 1;
	inner->transfer.mosaic[0] = (struct nem_mosaic){ .id = nem_mosaic_xem, .quantity = 1 };
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
	signer = inner->head.signer;
	memset(&inner->body, 0, sizeof inner->body);
	inner->type = NEM_MODIFICATION;
	inner->modification.n = 1;
	inner->modification.entry[0] = (struct nem_modification_entry){ NEM_DELETE, signer };
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
	inner->head.version = 1;
	inner->type = NEM_IMPORTANCE;
	memset(&inner->body, 0, sizeof inner->body);
	inner->importance.mode = NEM_IMPORTANCE_ACTIVATE;
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
	/* the same transfer without a wrapper */
	tx = (struct nem_tx){ .type = NEM_TRANSFER,
			      .head = world.plan.unit.multisig.inner.head,
			      .transfer = world.plan.unit.multisig.inner.transfer };
	T_CHECK(!cold_moved_read(&moved, NETWORK, encoded(&tx)));
}

/* Counts that no memory has room for. */
static void counts_are_bounded(void)
{
	struct cold_moved moved;
	struct bytes unit;

	world_make();
	T_EQ(world_ask().err, ERR_OK);
	world.plan.unit.multisig.n = 0;
	unit = encoded(&world.plan.unit);
	for (uint32_t n = 1; n != 0; n <<= 1) {
		le32_put(raw + unit.n - 4, n);
		T_CHECK(!cold_moved_read(&moved, NETWORK, unit));
		T_CHECK(!cold_moved_read(&moved, NETWORK, bytes_of(raw, sizeof raw)));
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "tells what the bytes do", tells_what_the_bytes_do },
		{ "no change hides", no_change_hides },
		{ "nothing else passes", nothing_else_passes },
		{ "counts are bounded", counts_are_bounded },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
