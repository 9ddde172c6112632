/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - how the files of this layer say yes and no.  Words are static.
 */
#ifndef KURAMORI_POLICY_VERDICT_H
#define KURAMORI_POLICY_VERDICT_H

#include "policy/policy.h"

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

#endif
