/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msgs.h"

#include "base/attr.h"
#include "ipc/frame.h"

/* The conventions are compiled, not remembered. */
#define MSG(name, number, capability, max_bytes, phase)                                       \
	static_assert((number) % 2 == 0 && (number) >= 2 && (number) < 65535,                 \
		      #name ": requests are even");                                           \
	static_assert((max_bytes) <= FRAME_BODY_MAX, #name ": body limit");                   \
	static_assert((capability) != 0 && ((capability) & ~ROLE_ANY) == 0, #name ": roles"); \
	static_assert((phase) != PHASE_HELLO || (max_bytes) == GATE_HELLO_BYTES, #name ": hello");
#include "ipc/signer.def"
#include "ipc/watcher.def"
#undef MSG

#define MSG(name, number, capability, max_bytes, phase) \
	{ #name, (number), (capability), (max_bytes), (phase) },

/* clang-format off */
static const struct gate_row signer_rows[] = {
#include "ipc/signer.def"
};

static const struct gate_row watcher_rows[] = {
#include "ipc/watcher.def"
};
/* clang-format on */
#undef MSG

void msgs_signer_table(struct gate_table *t)
{
	gate_table_init(t, "signer", MSGS_SIGNER_VERSION, signer_rows, ARRAY_LEN(signer_rows));
}

void msgs_watcher_table(struct gate_table *t)
{
	gate_table_init(t, "watcher", MSGS_WATCHER_VERSION, watcher_rows, ARRAY_LEN(watcher_rows));
}
