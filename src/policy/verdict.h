/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - how the files of this layer say yes and no.  Words are static.
 */
#ifndef KURAMORI_POLICY_VERDICT_H
#define KURAMORI_POLICY_VERDICT_H

#include "policy/policy.h"

enum {
	POLICY_BP = 10000, /* basis points in one */
};

/* The faster clock: what ends something obeys it.  chain_s is in its range. */
uint64_t policy_latest_ms(const struct policy_time *now);

static const struct policy_verdict allowed = { .err = ERR_OK, .field = "", .words = "allowed" };

static inline struct policy_verdict refuse(enum err e, const char *field, const char *words)
{
	return (struct policy_verdict){ .err = e, .field = field, .words = words };
}

static inline struct policy_verdict refuse_figure(enum err e, const char *field, const char *words,
						  u128 figure, u128 limit)
{
	return (struct policy_verdict){
		.err = e,
		.field = field,
		.words = words,
		.has_figure = true,
		.figure = figure,
		.limit = limit,
	};
}

/* Allowed if figure is at most limit, else e. */
static inline struct policy_verdict at_most(enum err e, const char *field, const char *words,
					    u128 figure, u128 limit)
{
	return refuse_figure(figure <= limit ? ERR_OK : e, field, words, figure, limit);
}

/* Refused: figure does not reach limit. */
static inline struct policy_verdict too_little(enum err e, const char *field, const char *words,
					       u128 figure, u128 limit)
{
	struct policy_verdict v = refuse_figure(e, field, words, figure, limit);

	v.least = true;
	return v;
}

/* Allowed if figure is at least limit, else e. */
static inline struct policy_verdict at_least(enum err e, const char *field, const char *words,
					     u128 figure, u128 limit)
{
	return too_little(figure >= limit ? ERR_OK : e, field, words, figure, limit);
}

/* Without figures. */
static inline struct policy_verdict passes(const char *field)
{
	return (struct policy_verdict){ .err = ERR_OK, .field = field, .words = allowed.words };
}

#endif
