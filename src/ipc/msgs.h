/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msgs.h - the messages of the signer's and the watcher's sockets: numbers and tables out of
 * signer.def and watcher.def, one row a request, MSG(name, number, capability, max_bytes, phase).
 */
#ifndef KURAMORI_IPC_MSGS_H
#define KURAMORI_IPC_MSGS_H

#include "ipc/gate.h"

/* Raised whenever a row changes; the other side refuses any other version (design.md 10.11). */
enum { MSGS_SIGNER_VERSION = 4, MSGS_WATCHER_VERSION = 5 };

enum msgs_signer {

#define MSG(name, number, capability, max_bytes, phase) SIGNER_##name = (number),
#include "ipc/signer.def"
#undef MSG
};

enum msgs_watcher {

#define MSG(name, number, capability, max_bytes, phase) WATCHER_##name = (number),
#include "ipc/watcher.def"
#undef MSG
};

/* The reply to a request. */
#define MSGS_REPLY(number) ((uint16_t)((number) + 1))

void msgs_signer_table(struct gate_table *t);
void msgs_watcher_table(struct gate_table *t);

#endif
