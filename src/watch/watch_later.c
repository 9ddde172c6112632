/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_later.c - the table of what is put off: records of a signer that cannot be judged here yet
 * (docs/decisions/0029).  What becomes of them: watch_record.c.
 */
#include <string.h>

#include "base/check.h"
#include "watch/watch_self.h"

struct watch_later *watch_later_find(struct watch *w, unsigned signer, const struct hash32 *id)
{
	struct watch_signer *k = &w->signer[signer];

	for (size_t i = 0; i < k->later_n; i++) {
		if (hash32_eq(&k->later[i].id, id)) {
			return &k->later[i];
		}
	}
	return NULL;
}

struct watch_later *watch_later_named(struct watch *w, unsigned signer, const struct id128 *id)
{
	struct watch_signer *k = &w->signer[signer];

	for (size_t i = 0; i < k->later_n; i++) {
		struct id128 name = watch_self_short(&k->later[i].id);

		if (id128_eq(&name, id)) {
			return &k->later[i];
		}
	}
	return NULL;
}

bool watch_later_old(struct watch *w, unsigned signer, const struct hash32 *id)
{
	const struct watch_later *one = watch_later_find(w, signer, id);

	return one != NULL && w->mono_ms - one->mono_ms > WATCH_EXCLUSION_OLD_MS;
}

bool watch_later_room(const struct watch *w, unsigned signer, size_t bytes)
{
	const struct watch_signer *k = &w->signer[signer];

	return k->later_n < WATCH_LATER_MAX && bytes <= sizeof k->later_bytes - k->later_used;
}

void watch_later_keep(struct watch *w, unsigned signer, const struct watch_later *one,
		      const struct bytes *items, size_t n)
{
	struct watch_signer *k = &w->signer[signer];
	struct writer bytes =
	    writer_make(k->later_bytes + k->later_used, sizeof k->later_bytes - k->later_used);
	struct watch_later *kept = &k->later[k->later_n];

	CHECK(k->later_n < WATCH_LATER_MAX);
	for (size_t i = 0; i < n; i++) {
		writer_u32(&bytes, (uint32_t)items[i].n);
		writer_bytes(&bytes, items[i]);
	}
	CHECK(!bytes.bad);
	*kept = *one;
	kept->at = (uint32_t)k->later_used;
	kept->n = (uint32_t)bytes.n;
	k->later_used += bytes.n;
	k->later_n++;
}

void watch_later_drop(struct watch *w, unsigned signer, struct watch_later *one)
{
	struct watch_signer *k = &w->signer[signer];
	const struct watch_later gone = *one;
	size_t place = (size_t)(one - k->later);

	CHECK(place < k->later_n);
	memmove(k->later_bytes + gone.at, k->later_bytes + gone.at + gone.n,
		k->later_used - gone.at - gone.n);
	k->later_used -= gone.n;
	k->later_n--;
	memmove(one, one + 1, (k->later_n - place) * sizeof *one);
	/* they stand in one order in both */
	for (size_t i = place; i < k->later_n; i++) {
		k->later[i].at -= gone.n;
	}
}

size_t watch_later_items(const struct watch *w, unsigned signer, const struct watch_later *one,
			 struct bytes items[FRAME_ITEMS_MAX])
{
	size_t n = 0;

	CHECK(frame_items_all(bytes_of(w->signer[signer].later_bytes + one->at, one->n), items,
			      FRAME_ITEMS_MAX, &n) == ERR_OK);
	return n;
}

uint64_t watch_later_reach(const struct watch *w, unsigned signer)
{
	const struct watch_signer *k = &w->signer[signer];
	uint64_t reach = k->held_sequence;

	for (size_t i = 0; i < k->later_n; i++) {
		reach = k->later[i].sequence > reach ? k->later[i].sequence : reach;
	}
	return reach;
}

bool watch_later_claims(const struct watch *w, const struct hash32 *inner)
{
	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		const struct watch_signer *k = &w->signer[s];

		for (size_t i = 0; i < k->later_n; i++) {
			if (k->later[i].payment == 0 && hash32_eq(&k->later[i].inner_hash, inner)) {
				return true;
			}
		}
	}
	return false;
}
