/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - whole files: read with a limit, written so that a crash leaves the old or the new.
 */
#ifndef KURAMORI_IO_FILE_H
#define KURAMORI_IO_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/*
 * The whole of a regular file into buf (cap bytes); *n its size.  ERR_NOT_FOUND, ERR_TOO_LARGE more
 * than cap, ERR_INPUT not a regular file, ERR_IO.  buf is undefined and *n unchanged on failure.
 */
MUST_CHECK enum err file_read(const char *path, void *buf, size_t cap, size_t *n);

/*
 * The same for secrets: also ERR_POLICY unless it is owned by the effective uid, has mode 0400 or
 * 0600, and the path is no symbolic link.  On failure buf is wiped.
 */
MUST_CHECK enum err file_read_private(const char *path, void *buf, size_t cap, size_t *n);

/*
 * Replaces path with these bytes: a temporary file beside it, fsync, rename, fsync of the
 * directory. mode: of the new file, whatever the umask is.  ERR_NOT_FOUND no such directory,
 * ERR_IO; the old file is as it was then, except ERR_IO after the rename, where it is the new one
 * but perhaps not durable.
 */
MUST_CHECK enum err file_write(const char *path, mode_t mode, struct bytes content);

/* As file_write, but ERR_EXISTS if path is there: never overwrites (keys). */
MUST_CHECK enum err file_write_new(const char *path, mode_t mode, struct bytes content);

/*
 * Gives a file that is whole and synced its name: durable, ERR_EXISTS if that name is taken.
 * ERR_IO: nothing changed, or perhaps not durable.  Both lie in one directory.
 */
MUST_CHECK enum err file_rename_new(const char *from, const char *to);

/* All n bytes or an error: retries short writes and EINTR.  ERR_IO. */
MUST_CHECK enum err file_write_fd(int fd, struct bytes content);

/*
 * The person's own configuration: $XDG_CONFIG_HOME/kuramori/NAME.conf, or $HOME/.config/... where
 * the former is unset (XDG base directories).  Written with a NUL if such a regular file is there;
 * ERR_NOT_FOUND otherwise, ERR_TOO_LARGE if cap is too small.
 */
MUST_CHECK enum err file_user_config(char *out, size_t cap, const char *name);

/* mkdir -p with this mode for the last part.  ERR_IO, ERR_EXISTS if something else is there. */
MUST_CHECK enum err file_mkdir(const char *path, mode_t mode);

#endif
