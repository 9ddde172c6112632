/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

enum err tcp_listen(uint16_t port, int *fd, uint16_t *got)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int on = 1;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum err e = ERR_IO;

	if (s < 0) {
		return ERR_IO;
	}
	/* Only skips the wait after our own restart; a port with a listener stays in use. */
	if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
		goto out;
	}
	if (bind(s, (const struct sockaddr *)&a, sizeof a) != 0 || listen(s, BACKLOG) != 0) {
		e = errno == EADDRINUSE ? ERR_BUSY : ERR_IO;
		goto out;
	}
	if (getsockname(s, (struct sockaddr *)&a, &n) != 0) {
		goto out;
	}
	*got = ntohs(a.sin_port);
	*fd = s;
	return ERR_OK;

out:
	(void)close(s);
	return e;
}
