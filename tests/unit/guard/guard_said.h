/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_said.h - what a signer answered, for tests over guard_rig.h.
 */
#ifndef KURAMORI_TESTS_GUARD_SAID_H
#define KURAMORI_TESTS_GUARD_SAID_H

#include "guard_rig.h"
#include "t.h"

/* The request was refused by this code, naming this field; both "": it was not refused. */
#define REFUSED(id, code, field)                \
	do {                                    \
		uint64_t id_ = (id);            \
		T_STR(rig_code(id_), (code));   \
		T_STR(rig_field(id_), (field)); \
	} while (0)

#endif
