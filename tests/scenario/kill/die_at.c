/* SPDX-License-Identifier: Apache-2.0 */
/*
 * die_at.so - loaded into a program under test: counts its syncs and, when told to, ends it on the
 * spot before or after one of them, as kill -9 would, with nothing flushed, closed or answered.
 *
 * The orders come through one shared page (the file named by KURAMORI_DIE_PAGE), mapped before the
 * program closes its sandbox: u64 syncs so far, u64 the sync to die at (0: none), u64 1 to die
 * after it instead of before.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct page {
	_Atomic uint64_t syncs, die_at, after;
};

static struct page *page;

__attribute__((constructor)) static void open_page(void)
{
	const char *path = getenv("KURAMORI_DIE_PAGE");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *p;

	if (fd < 0) {
		return;
	}
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	page = p == MAP_FAILED ? NULL : p;
}

/* A trap needs no system call, which a sandbox would judge first. */
static void die_here(uint64_t number, uint64_t after)
{
	if (page->die_at == number && page->after == after) {
		page->die_at = 0;
		__builtin_trap();
	}
}

static int synced(long call, int fd)
{
	uint64_t number;
	long r;

	if (page == NULL) {
		return (int)syscall(call, fd);
	}
	number = ++page->syncs;
	die_here(number, 0);
	r = syscall(call, fd);
	die_here(number, 1);
	return (int)r;
}

int fdatasync(int fd)
{
	return synced(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return synced(SYS_fsync, fd);
}
