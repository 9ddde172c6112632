/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.h - a listener on the loopback, for the programs that speak TCP (never a signer).
 */
#ifndef KURAMORI_IO_TCP_H
#define KURAMORI_IO_TCP_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/*
 * Listens on 127.0.0.1; port 0: the kernel chooses.  *fd (non-blocking, close-on-exec) belongs to
 * the caller; *got is the port.  ERR_BUSY somebody listens there; ERR_IO.
 */
MUST_CHECK enum err tcp_listen(uint16_t port, int *fd, uint16_t *got);

#endif
