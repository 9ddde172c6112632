/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/counters.h"

#include <string.h>

#include "crypto/sha256.h"
#include "policy/verdict.h"

static const char field[] = "assertion.authenticator_data";

struct id128 counters_key_name(struct bytes credential)
{
	struct hash32 hash;
	struct id128 name;

	sha256(&hash, credential);
	memcpy(name.b, hash.b, sizeof name.b);
	return name;
}

static size_t key_find(const struct counters *c, const struct id128 *name)
{
	size_t i = 0;

	while (i < c->keys_n && !id128_eq(&c->keys[i].name, name)) {
		i++;
	}
	return i;
}

static bool same(const struct counters_use *u, const struct counters_seen *seen)
{
	return u->counter == seen->counter && id128_eq(&u->approval, &seen->approval);
}

bool counters_known(const struct counters *c, const struct counters_seen *seen)
{
	size_t key = key_find(c, &seen->key);

	for (size_t i = 0; i < c->uses_n; i++) {
		if (c->uses[i].key == key && same(&c->uses[i], seen)) {
			return true;
		}
	}
	return false;
}

struct counters_seen counters_seen_of(const struct doc_assertion *a, const struct hash32 *id,
				      uint64_t time_ms, uint32_t counter)
{
	struct counters_seen seen = {
		.key = counters_key_name(bytes_of(a->credential, a->credential_n)),
		.time_ms = time_ms,
		.counter = counter,
	};

	memcpy(seen.approval.b, id->b, sizeof seen.approval.b);
	return seen;
}

struct policy_verdict counters_check(const struct counters *c, const struct counters_seen *seen)
{
	size_t key = key_find(c, &seen->key);

	if (key == c->keys_n) {
		return allowed; /* it has shown none but 0 so far */
	}
	for (size_t i = 0; i < c->uses_n; i++) {
		const struct counters_use *u = &c->uses[i];

		if (u->key != key || same(u, seen)) {
			continue;
		}
		if (u->counter == seen->counter) {
			return refuse_figure(ERR_ONCE, field,
					     "this count of the key served something else",
					     seen->counter, u->counter);
		}
		if (u->time_ms == COUNTERS_NO_TIME || seen->time_ms == COUNTERS_NO_TIME) {
			continue;
		}
		if (u->counter > seen->counter ? u->time_ms < seen->time_ms
					       : u->time_ms > seen->time_ms) {
			return refuse_figure(ERR_STALE, field,
					     "the key's counter went back: is there a copy of it?",
					     seen->counter, u->counter);
		}
	}
	if (seen->counter <= c->keys[key].floor && !counters_known(c, seen)) {
		return refuse_figure(ERR_STALE, field,
				     "a count of the key so old that its use may be forgotten",
				     seen->counter, c->keys[key].floor);
	}
	return allowed;
}

static bool is_of(const struct doc_roster *roster, const struct id128 *name)
{
	for (size_t i = 0; i < roster->people_count; i++) {
		const struct doc_person *person = &roster->people[i];

		for (size_t k = 0; k < person->passkey_count; k++) {
			struct id128 one = counters_key_name(bytes_of(
			    person->passkeys[k].credential, person->passkeys[k].credential_n));

			if (id128_eq(&one, name)) {
				return true;
			}
		}
	}
	return false;
}

/* The place of a key that nobody has any more: its uses go with it.  keys_n: there is none. */
static size_t key_replace(struct counters *c, const struct doc_roster *roster)
{
	size_t key = 0;

	while (key < c->keys_n && is_of(roster, &c->keys[key].name)) {
		key++;
	}
	for (size_t i = 0; i < c->uses_n; i++) {
		if (c->uses[i].key == key) {
			c->uses[i].key = COUNTERS_KEYS_MAX; /* nobody's; its place comes round */
		}
	}
	return key;
}

void counters_learn(struct counters *c, const struct counters_seen *seen,
		    const struct doc_roster *roster)
{
	size_t key = key_find(c, &seen->key);
	struct counters_use *u = &c->uses[c->next];

	if (seen->counter == 0 || counters_known(c, seen)) {
		return;
	}
	if (key == c->keys_n) {
		key = c->keys_n < COUNTERS_KEYS_MAX ? c->keys_n++ : key_replace(c, roster);
		if (key == COUNTERS_KEYS_MAX) {
			return; /* all others are the roster's: nobody has this one */
		}
		c->keys[key] = (struct counters_key){ .name = seen->key };
	}
	if (c->uses_n == COUNTERS_USES_MAX) {
		if (u->key < c->keys_n && c->keys[u->key].floor < u->counter) {
			c->keys[u->key].floor = u->counter;
		}
	} else {
		c->uses_n++;
	}
	*u = (struct counters_use){ .approval = seen->approval,
				    .time_ms = seen->time_ms,
				    .counter = seen->counter,
				    .key = (uint32_t)key };
	c->next = (c->next + 1) % COUNTERS_USES_MAX;
}
