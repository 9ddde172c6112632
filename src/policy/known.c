/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/known.h"

#include "base/check.h"
#include "chain/nem/nem_time.h"

void known_init(struct known *k, struct known_order *orders, size_t cap)
{
	CHECK(orders != NULL && cap > 0);
	*k = (struct known){ .orders = orders, .cap = cap };
}

static struct known_order *of_request(const struct known *k, const struct id128 *request)
{
	for (size_t i = 0; i < k->n; i++) {
		if (id128_eq(&k->orders[i].request, request)) {
			return &k->orders[i];
		}
	}
	return NULL;
}

const struct known_order *known_find(const struct known *k, const struct id128 *request,
				     const struct id128 *order)
{
	const struct known_order *one = of_request(k, request);

	return one != NULL && id128_eq(&one->order, order) ? one : NULL;
}

struct policy_moment known_since(const struct known *k, const struct id128 *request,
				 const struct id128 *order)
{
	const struct known_order *one = known_find(k, request, order);
	struct policy_moment since = { .known = false };

	if (one != NULL) {
		since.known = true;
		since.chain_s = one->chain_s;
		since.own_ms = one->own_ms;
	}
	return since;
}

/* Nobody signs it any more, so nobody asks since when it is known. */
static bool is_over(const struct known_order *one, const struct known_order *now)
{
	uint64_t chain_ms = nem_time_to_unix_ms(now->chain_s);
	uint64_t now_ms = now->own_ms > chain_ms ? now->own_ms : chain_ms;

	return now_ms > one->expires_ms && now_ms - one->expires_ms > KNOWN_KEEP_MS;
}

static void make_room(struct known *k, const struct known_order *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (!is_over(&k->orders[i], now)) {
			k->orders[kept++] = k->orders[i];
		}
	}
	k->n = kept;
}

enum err known_learn(struct known *k, const struct known_order *one)
{
	struct known_order *before = of_request(k, &one->request);
	uint32_t changes = 0;

	if (before != NULL && id128_eq(&before->order, &one->order)) {
		return ERR_OK;
	}
	if (before != NULL) {
		if (before->changes == KNOWN_CHANGES_MAX) {
			return ERR_ONCE;
		}
		changes = before->changes + 1;
	} else {
		if (k->n == k->cap) {
			make_room(k, one);
		}
		if (k->n == k->cap) {
			return ERR_FULL;
		}
		before = &k->orders[k->n++];
	}
	*before = *one;
	before->changes = changes;
	return ERR_OK;
}
