/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - a child for each attempt: what is tried here may end its process.
 */
#ifndef KURAMORI_TESTS_IO_CHILD_H
#define KURAMORI_TESTS_IO_CHILD_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child: ends it with the number of the line that says what went wrong (modulo 80). */
#define MUST(x)                                   \
	do {                                      \
		if (!(x)) {                       \
			_exit(1 + __LINE__ % 80); \
		}                                 \
	} while (0)

/* 0, what f passed to _exit(), or 128 and the signal it died of. */
static inline int child(void (*f)(void))
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		f();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		return -1;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
