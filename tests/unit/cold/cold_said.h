/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_said.h - what a cold holder's judgement said, for tests over cold_world.h.
 */
#ifndef KURAMORI_TESTS_COLD_SAID_H
#define KURAMORI_TESTS_COLD_SAID_H

#include "policy/verdict.h"
#include "t.h"

/* This verdict, naming this field. */
#define REFUSED(v, e, f)                         \
	do {                                     \
		struct policy_verdict got = (v); \
		T_EQ(got.err, e);                \
		T_STR(got.field, f);             \
	} while (0)

#endif
