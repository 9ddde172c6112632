/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - the user that a program becomes, by name or number.
 *
 * Looked up in a file of the form of passwd(5), not by getpwnam(): that loads whatever
 * nsswitch.conf names, other people's code and half a megabyte of it, into a process that is about
 * to hold a key.
 */
#ifndef KURAMORI_IO_USER_H
#define KURAMORI_IO_USER_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

#define USER_FILE "/etc/passwd"

/*
 * file: USER_FILE, or a test's.  user: a name that stands in it, or a decimal number below
 * 2^32 - 1, which need not; its group is that of its line, or else the same number.  A name of
 * digits only is a number.  ERR_NOT_FOUND: no such name, or no file to find it in; nothing is
 * written.  At the start only: it allocates.
 */
MUST_CHECK enum err user_find(const char *file, const char *user, uid_t *uid, gid_t *gid);

#endif
