/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_TMP_TRIES = 8 };

/* Everything from fd into buf; a file that grows past cap meanwhile is too large as well. */
static enum err read_all(int fd, uint8_t *buf, size_t cap, size_t *n)
{
	size_t have = 0;

	for (;;) {
		uint8_t more;
		bool full = have == cap;
		ssize_t got = full ? read(fd, &more, 1) : read(fd, buf + have, cap - have);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return ERR_IO;
		}
		if (got == 0) {
			*n = have;
			return ERR_OK;
		}
		if (full) {
			return ERR_TOO_LARGE;
		}
		have += (size_t)got;
	}
}

static enum err file_open(const char *path, int flags, int *fd, struct stat *st)
{
	/* O_NONBLOCK: a FIFO in the place of a file must not make us wait for ever. */
	int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);

	if (f < 0) {
		if (errno == ENOENT || errno == ENOTDIR) {
			return ERR_NOT_FOUND;
		}
		return errno == ELOOP && (flags & O_NOFOLLOW) != 0 ? ERR_POLICY : ERR_IO;
	}
	if (fstat(f, st) != 0) {
		(void)close(f);
		return ERR_IO;
	}
	if (!S_ISREG(st->st_mode)) {
		(void)close(f);
		return ERR_INPUT;
	}
	*fd = f;
	return ERR_OK;
}

enum err file_read(const char *path, void *buf, size_t cap, size_t *n)
{
	struct stat st;
	int fd = -1;
	enum err e = file_open(path, 0, &fd, &st);

	if (e != ERR_OK) {
		return e;
	}
	e = read_all(fd, buf, cap, n);
	(void)close(fd);
	return e;
}

enum err file_read_private(const char *path, void *buf, size_t cap, size_t *n)
{
	struct stat st;
	int fd = -1;
	enum err e = file_open(path, O_NOFOLLOW, &fd, &st);
	mode_t mode;

	if (e != ERR_OK) {
		goto out;
	}
	mode = st.st_mode & 07777;
	if (st.st_uid != geteuid() || (mode != 0400 && mode != 0600)) {
		e = ERR_POLICY;
		goto out;
	}
	e = read_all(fd, buf, cap, n);

out:
	if (e != ERR_OK) {
		explicit_bzero(buf, cap);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return e;
}

enum err file_write_fd(int fd, struct bytes content)
{
	size_t done = 0;

	while (done < content.n) {
		ssize_t n = write(fd, content.p + done, content.n - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return ERR_IO;
		}
		done += (size_t)n;
	}
	return ERR_OK;
}

/* The directory part into dir (cap PATH_MAX). */
static enum err parent_of(const char *path, char dir[PATH_MAX])
{
	size_t n = strlen(path);

	if (n == 0 || n + 32 >= PATH_MAX) {
		return ERR_IO;
	}
	memcpy(dir, path, n + 1);
	while (n > 0 && dir[n - 1] != '/') {
		n--;
	}
	if (n == 0) {
		memcpy(dir, ".", 2);
	} else if (n == 1) {
		dir[1] = '\0';
	} else {
		dir[n - 1] = '\0';
	}
	return ERR_OK;
}

static enum err sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool well;

	if (fd < 0) {
		return ERR_IO;
	}
	well = fsync(fd) == 0;
	(void)close(fd);
	return well ? ERR_OK : ERR_IO;
}

static int open_tmp(const char *path, char tmp[PATH_MAX])
{
	for (int i = 0; i < FILE_TMP_TRIES; i++) {
		int fd;

		/* The name only avoids collisions; O_EXCL is what refuses a planted file. */
		(void)snprintf(tmp, PATH_MAX, "%.*s.tmp-%ld-%d", PATH_MAX - 32, path,
			       (long)getpid(), i);
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST) {
			return fd;
		}
	}
	return -1;
}

/*
 * The two renames that refuse to replace: a FAT stick has no link(2), some network disks have no
 * RENAME_NOREPLACE.  *made: whether tmp still has its name.
 */
static enum err name_new(const char *tmp, const char *path, bool *made)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
		*made = false;
		return ERR_OK;
	}
	if (errno != EINVAL && errno != ENOSYS) {
		return errno == EEXIST ? ERR_EXISTS : ERR_IO;
	}
	if (link(tmp, path) != 0) {
		return errno == EEXIST ? ERR_EXISTS : ERR_IO;
	}
	*made = unlink(tmp) != 0;
	return ERR_OK;
}

static enum err name_over(const char *tmp, const char *path, bool *made)
{
	if (rename(tmp, path) != 0) {
		return ERR_IO;
	}
	*made = false;
	return ERR_OK;
}

static enum err write_atomic(const char *path, mode_t mode, struct bytes content, bool is_new)
{
	char dir[PATH_MAX];
	char tmp[PATH_MAX];
	int fd = -1;
	bool made = false;
	enum err e = parent_of(path, dir);

	if (e != ERR_OK) {
		return e;
	}
	fd = open_tmp(path, tmp);
	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	}
	made = true;
	e = file_write_fd(fd, content);
	if (e != ERR_OK) {
		goto out;
	}
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0) {
		e = ERR_IO;
		goto out;
	}
	e = is_new ? name_new(tmp, path, &made) : name_over(tmp, path, &made);
	if (e != ERR_OK) {
		goto out;
	}
	e = sync_dir(dir);

out:
	if (close(fd) != 0 && e == ERR_OK) {
		e = ERR_IO;
	}
	if (made) {
		(void)unlink(tmp);
	}
	return e;
}

enum err file_rename_new(const char *from, const char *to)
{
	char dir[PATH_MAX];
	enum err e = parent_of(to, dir);

	if (e != ERR_OK) {
		return e;
	}
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
		return errno == EEXIST ? ERR_EXISTS : ERR_IO;
	}
	return sync_dir(dir);
}

enum err file_write(const char *path, mode_t mode, struct bytes content)
{
	return write_atomic(path, mode, content, false);
}

enum err file_write_new(const char *path, mode_t mode, struct bytes content)
{
	return write_atomic(path, mode, content, true);
}

static enum err make_one(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		return ERR_OK;
	}
	if (errno != EEXIST) {
		return ERR_IO;
	}
	if (stat(path, &st) != 0) {
		return ERR_IO;
	}
	return S_ISDIR(st.st_mode) ? ERR_OK : ERR_EXISTS;
}

enum err file_mkdir(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof part) {
		return ERR_IO;
	}
	memcpy(part, path, n + 1);
	/* "a/b/" is "a/b": otherwise b would count as a parent and get a parent's mode. */
	while (n > 1 && part[n - 1] == '/') {
		part[--n] = '\0';
	}
	for (size_t i = 1; i < n; i++) {
		if (part[i] == '/' && part[i - 1] != '/') {
			enum err e;

			part[i] = '\0';
			e = make_one(part, 0755);
			part[i] = '/';
			if (e != ERR_OK) {
				return e;
			}
		}
	}
	return make_one(part, mode);
}

enum err file_user_config(char *out, size_t cap, const char *name)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct stat st;
	int n;

	if (xdg != NULL && xdg[0] == '/') {
		n = snprintf(out, cap, "%s/kuramori/%s.conf", xdg, name);
	} else if (home != NULL && home[0] == '/') {
		n = snprintf(out, cap, "%s/.config/kuramori/%s.conf", home, name);
	} else {
		return ERR_NOT_FOUND;
	}
	if (n < 0 || (size_t)n >= cap) {
		return ERR_TOO_LARGE;
	}
	return stat(out, &st) == 0 && S_ISREG(st.st_mode) ? ERR_OK : ERR_NOT_FOUND;
}
