/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the service manager hears READY=1 as sd_notify(3) says, and a wrong NOTIFY_SOCKET is an
 * error, not silence.
 * Method: a datagram socket of ours, by path and by abstract name; names that cannot be one.
 */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "io/notify.h"
#include "t.h"

static char path[] = "/tmp/kuramori-notify-XXXXXX";

/* A socket that listens under this name ("@..." abstract); -1. */
static int manager(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, name, n);
	if (name[0] == '@') {
		a.sun_path[0] = '\0';
	}
	return bind(fd, (const struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0
		   ? fd
		   : -1;
}

static void told(void)
{
	char name[64];
	char in[64];

	for (int i = 0; i < 2; i++) {
		int from, fd = -2;

		if (i == 0) {
			(void)snprintf(name, sizeof name, "%s/s", path);
		} else {
			(void)snprintf(name, sizeof name, "@kuramori-notify-%ld", (long)getpid());
		}
		from = manager(name);
		T_CHECK(from >= 0);
		T_EQ(setenv("NOTIFY_SOCKET", name, 1), 0);
		T_EQ(notify_open(&fd), ERR_OK);
		T_CHECK(fd >= 0);
		T_CHECK(getenv("NOTIFY_SOCKET") == NULL);
		T_EQ(notify_send(fd, "READY=1"), ERR_OK);
		T_EQ(recv(from, in, sizeof in, 0), 7);
		T_MEM(in, "READY=1", 7);
		T_EQ(notify_send(fd, "STOPPING=1"), ERR_OK);
		T_EQ(recv(from, in, sizeof in, 0), 10);
		T_MEM(in, "STOPPING=1", 10);
		T_CHECK(recv(from, in, sizeof in, 0) < 0);
		/* The manager is gone: an error that the caller may note, no more. */
		(void)close(from);
		(void)signal(SIGPIPE, SIG_IGN);
		T_EQ(notify_send(fd, "READY=1"), ERR_IO);
		(void)close(fd);
		(void)unlink(name);
	}
}

static void nobody(void)
{
	int fd = -2;

	(void)unsetenv("NOTIFY_SOCKET");
	T_EQ(notify_open(&fd), ERR_OK);
	T_EQ(fd, -1);
	T_EQ(notify_send(-1, "READY=1"), ERR_OK);
}

static void wrong_names(void)
{
	char name[120];
	static const char *const bad[] = { "", "/", "@", "relative", "vsock:2:1234", " /tmp/x" };
	int fd = -2;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(setenv("NOTIFY_SOCKET", bad[i], 1), 0);
		T_EQ(notify_open(&fd), ERR_CONFIG);
	}
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[108] = '\0';
	T_EQ(setenv("NOTIFY_SOCKET", name, 1), 0);
	T_EQ(notify_open(&fd), ERR_CONFIG);
	name[107] = '\0'; /* could be one, but nobody is there */
	T_EQ(setenv("NOTIFY_SOCKET", name, 1), 0);
	T_EQ(notify_open(&fd), ERR_IO);
	T_EQ(setenv("NOTIFY_SOCKET", path, 1), 0);
	T_EQ(notify_open(&fd), ERR_IO); /* a directory */
	T_EQ(fd, -2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the manager is told", told },
		{ "nobody to tell", nobody },
		{ "wrong names", wrong_names },
	};
	int result;

	if (mkdtemp(path) == NULL) {
		return 1;
	}
	result = t_main(cases, ARRAY_LEN(cases), argc, argv);
	(void)rmdir(path);
	return result;
}
