/* SPDX-License-Identifier: Apache-2.0 */
#include "io/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum err notify_open(int *fd)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = name == NULL ? 0 : strlen(name);
	int s;

	if (name == NULL) {
		*fd = -1;
		return ERR_OK;
	}
	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof to.sun_path) {
		return ERR_CONFIG;
	}
	memcpy(to.sun_path, name, n);
	if (name[0] == '@') {
		to.sun_path[0] = '\0';
	}
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0) {
		return ERR_IO;
	}
	/* An abstract name is exactly as long as the address says: no NUL is counted. */
	if (connect(s, (const struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0) {
		(void)close(s);
		return ERR_IO;
	}
	(void)unsetenv("NOTIFY_SOCKET"); /* not for children; failing only leaves it there */
	*fd = s;
	return ERR_OK;
}

enum err notify_send(int fd, const char *state)
{
	size_t n = strlen(state);

	if (fd < 0) {
		return ERR_OK;
	}
	return write(fd, state, n) == (ssize_t)n ? ERR_OK : ERR_IO;
}
