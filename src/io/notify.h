/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - tells the service manager that we are ready or stopping (design.md 10.4): one datagram
 * to the socket named by NOTIFY_SOCKET, a path or "@name" of the abstract space, as in
 * sd_notify(3).
 */
#ifndef KURAMORI_IO_NOTIFY_H
#define KURAMORI_IO_NOTIFY_H

#include "base/attr.h"
#include "base/err.h"

/*
 * Reads NOTIFY_SOCKET once, opens and connects a datagram socket, removes the variable from the
 * environment; *fd = -1 if it is not set.  Call it before a sandbox.  ERR_CONFIG a name that cannot
 * be one; ERR_IO.
 */
MUST_CHECK enum err notify_open(int *fd);

/* "READY=1", "STOPPING=1".  Nothing happens with fd -1; ERR_IO.  Only write(2). */
MUST_CHECK enum err notify_send(int fd, const char *state);

#endif
