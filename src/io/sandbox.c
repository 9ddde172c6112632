/* SPDX-License-Identifier: Apache-2.0 */
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sanitized.h"

enum { FILTER_MAX = 1024 }; /* instructions; the real ones have about 60 */

/* A value each, so that a program is linked with what its own profile does. */
struct sandbox_profile {
	uint32_t otherwise; /* what becomes of a call that no rule names */
	enum err (*rules)(scmp_filter_ctx f);
	/* who the process is from now on; NULL: who started it */
	enum err (*identity)(const struct sandbox_plan *plan, struct sandbox_report *r);
	/* no more files; NULL: as before */
	enum err (*files)(const struct sandbox_plan *plan, struct sandbox_report *r);
};

static enum err limit(__rlimit_resource_t what, uint64_t n)
{
	const struct rlimit r = { .rlim_cur = n, .rlim_max = n };

	return setrlimit(what, &r) == 0 ? ERR_OK : ERR_IO;
}

enum err sandbox_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* the lowest free number is this one: those below are open by now */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) {
			return ERR_IO;
		}
	}
	return close_range(STDERR_FILENO + 1, ~0U, 0) == 0 ? ERR_OK : ERR_IO;
}

/* Root to plan's uid for good: real, effective and saved, with no group left but gid. */
static enum err drop_root(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	if (geteuid() == 0) {
		if (plan->uid == 0 || plan->gid == 0) {
			return ERR_POLICY;
		}
		if (setgroups(0, NULL) != 0 || setresgid(plan->gid, plan->gid, plan->gid) != 0 ||
		    setresuid(plan->uid, plan->uid, plan->uid) != 0) {
			return ERR_IO;
		}
		if (getresuid(&ru, &eu, &su) != 0 || getresgid(&rg, &eg, &sg) != 0) {
			return ERR_IO;
		}
		if (ru != plan->uid || eu != plan->uid || su != plan->uid || rg != plan->gid ||
		    eg != plan->gid || sg != plan->gid || getgroups(0, NULL) != 0) {
			return ERR_IO;
		}
		r->uid_dropped = true;
	}
	/* The proof: root must not come back, by whatever road. */
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || seteuid(0) == 0 || setuid(0) == 0) {
		return ERR_IO;
	}
	return ERR_OK;
}

enum err sandbox_prepare(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	struct sandbox_report done = { 0 };
	enum err e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		return ERR_IO;
	}
	done.no_new_privs = true;
	e = limit(RLIMIT_CORE, 0);
	if (e != ERR_OK) {
		return e;
	}
	done.cores_off = true;
	e = limit(RLIMIT_NOFILE, plan->files_max);
	if (e != ERR_OK) {
		return e;
	}
	if (plan->lock_memory) {
		/* Before root goes: RLIMIT_MEMLOCK binds afterwards. */
		if (mlockall(MCL_CURRENT) != 0) {
			return ERR_IO;
		}
		done.memory_locked = true;
	}
	if (plan->profile->identity != NULL) {
		e = plan->profile->identity(plan, &done);
		if (e != ERR_OK) {
			return e;
		}
	}
	done.uid = geteuid();
	done.gid = getegid();
	/* After the change of uid, which would set it again (proc(5), suid_dumpable). */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
		return ERR_IO;
	}
	done.undumpable = true;
	*r = done;
	return ERR_OK;
}

/* struct landlock_ruleset_attr as of ABI 6; Debian 12's header knows the first member only. */
struct landlock_all {
	uint64_t files;
	uint64_t tcp;   /* from ABI 4 */
	uint64_t scope; /* from ABI 6 */
};

/* Every right of ABI 1 (Linux 5.13), and what newer kernels add; returns the size they know. */
static size_t landlock_rights(int abi, struct landlock_all *all)
{
	size_t n = sizeof all->files;

	*all = (struct landlock_all){ .files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	if (abi >= 2) {
		all->files |= LANDLOCK_ACCESS_FS_REFER;
	}
	if (abi >= 3) {
		all->files |= (uint64_t)1 << 14; /* truncate; not in Debian 12's header */
	}
	if (abi >= 4) {
		all->tcp = 3; /* bind, connect */
		n = sizeof all->files + sizeof all->tcp;
	}
	if (abi >= 5) {
		all->files |= (uint64_t)1 << 15; /* ioctl on devices */
	}
	if (abi >= 6) {
		all->scope = 3; /* abstract sockets and signals of others */
		n = sizeof *all;
	}
	return n;
}

enum err sandbox_close_files(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	struct landlock_all all;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	long fd;
	long answer;
	size_t n;

	if (abi < 1) {
		return plan->landlock_optional ? ERR_OK : ERR_POLICY;
	}
	if (plan->landlock_abi_max > 0 && abi > plan->landlock_abi_max) {
		abi = plan->landlock_abi_max;
	}
	n = landlock_rights((int)abi, &all);
	fd = syscall(SYS_landlock_create_ruleset, &all, n, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	/* Not one rule is added: what was opened stays open, nothing else can be. */
	answer = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	(void)close((int)fd);
	if (answer != 0) {
		return ERR_IO;
	}
	r->landlock_abi = (int)abi;
	r->landlock = true;
	return ERR_OK;
}

/* No more descriptors than are open, and plan's few on top. */
static enum err close_numbers(const struct sandbox_plan *plan)
{
	uint64_t n = 0;

	for (uint64_t fd = 0; fd < plan->files_max; fd++) {
		if (fcntl((int)fd, F_GETFD) >= 0) {
			n = fd + 1;
		}
	}
	n += plan->files_more;
	return n <= plan->files_max ? limit(RLIMIT_NOFILE, n) : ERR_IO;
}

static enum err close_all(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	enum err e = sandbox_close_files(plan, r);

	/* the last that needed a descriptor of its own */
	return e == ERR_OK ? close_numbers(plan) : e;
}

/*
 * What a signer may still do.  read and write serve sockets, timers and signals alike; pread64 and
 * pwrite64 serve the journal, fdatasync makes it durable.  There is no socket, open, mmap, brk,
 * clone or getrandom: memory, files and peers are what they were.
 */
static const int signer_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(fdatasync),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(accept4),
	SCMP_SYS(close),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(clock_gettime), /* where the vDSO has no clock (some virtual machines) */
	SCMP_SYS(gettimeofday),
	SCMP_SYS(restart_syscall), /* the kernel's own after a stop and continue */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* What dying itself needs: abort() of CHECK, so that its cause is SIGABRT and not SIGSYS. */
static enum err add_abort(scmp_filter_ctx f)
{
	/* glibc's abort(): unblock SIGABRT, then tgkill(own pid, own thread, SIGABRT). */
	const struct scmp_arg_cmp itself[] = {
		{ .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() },
		{ .arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT },
	};

	if (seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigprocmask), 0) != 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(getpid), 0) != 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(gettid), 0) != 0 ||
	    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), ARRAY_LEN(itself),
				   itself) != 0) {
		return ERR_IO;
	}
	return ERR_OK;
}

/* clang-format off */
/* What no daemon of ours ever needs: other programs, other processes, other kernels. */
static const int daemon_denied[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(process_madvise),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(move_mount),
	SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(open_tree), SCMP_SYS(mount_setattr),
	SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
	SCMP_SYS(io_uring_setup), SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(personality), SCMP_SYS(syslog),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(modify_ldt), SCMP_SYS(vhangup),
};

/*
 * What a person's program on a machine without network may do: files of his by name, the terminal,
 * memory, the clock.  Its libc is linked into it, so no other machine asks for other calls.
 */
static const int offline_calls[] = {
	/* what is open, and the descriptors themselves */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek),
	SCMP_SYS(close), SCMP_SYS(flock), SCMP_SYS(poll),
	/* files: opened, made durable, named once and for all */
	SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(fadvise64),
	SCMP_SYS(ftruncate), SCMP_SYS(fchmod), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(link), SCMP_SYS(unlink), SCMP_SYS(renameat2),
	/* memory, of Argon2id above all; mmap stands in add_offline() */
	SCMP_SYS(munmap), SCMP_SYS(brk), SCMP_SYS(getrandom),
	/* signals of the terminal, the clock where the vDSO has none, the end */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime), SCMP_SYS(exit_group),
};

/* Echo and the size of the window; not what types into a terminal for its person (TIOCSTI). */
static const unsigned offline_ioctls[] = { TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ };

/* clang-format on */

static enum err add_allowed(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) != 0) {
			return ERR_IO;
		}
	}
	return add_abort(f);
}

static enum err add_denied(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, calls[i], 0) != 0) {
			return ERR_IO;
		}
	}
	return ERR_OK;
}

static enum err add_daemon(scmp_filter_ctx f)
{
	/* glibc's fork(), vfork() and posix_spawn() are clone() without CLONE_THREAD. */
	const struct scmp_arg_cmp process[] = {
		{ .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0 },
	};

	if (seccomp_rule_add_array(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), ARRAY_LEN(process),
				   process) != 0) {
		return ERR_IO;
	}
	/* A filter cannot read clone3()'s flags; a thread is then made by clone(), as above. */
	if (seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0) {
		return ERR_IO;
	}
	return add_denied(f, daemon_denied, ARRAY_LEN(daemon_denied));
}

static enum err add_offline(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp no_code[] = {
		{ .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(offline_ioctls); i++) {
		const struct scmp_arg_cmp request[] = {
			{ .arg = 1, .op = SCMP_CMP_EQ, .datum_a = offline_ioctls[i] },
		};

		if (seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, request) != 0) {
			return ERR_IO;
		}
	}
	if (seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) != 0) {
		return ERR_IO;
	}
	return add_allowed(f, offline_calls, ARRAY_LEN(offline_calls));
}

static enum err add_signer(scmp_filter_ctx f)
{
	return add_allowed(f, signer_calls, ARRAY_LEN(signer_calls));
}

const struct sandbox_profile sandbox_signer = { SCMP_ACT_KILL_PROCESS, add_signer, drop_root,
						close_all };
const struct sandbox_profile sandbox_daemon = { SCMP_ACT_ALLOW, add_daemon, drop_root, NULL };
const struct sandbox_profile sandbox_offline = { SCMP_ACT_KILL_PROCESS, add_offline, NULL, NULL };

/* The filter as the kernel wants it.  libseccomp allocates: all of that is over before it binds. */
static enum err compile(const struct sandbox_profile *profile, struct sock_filter *code, size_t max,
			unsigned short *n)
{
	scmp_filter_ctx f = seccomp_init(profile->otherwise);
	int fd = -1;
	ssize_t got;
	enum err e = ERR_IO;

	if (f == NULL) {
		return ERR_IO;
	}
	/* Other architectures of the same machine (x32, i386) have other call numbers: all killed.
	 */
	if (seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) {
		goto out;
	}
	if (profile->rules(f) != ERR_OK) {
		goto out;
	}
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(f, fd) != 0) {
		goto out;
	}
	got = pread(fd, code, max * sizeof *code, 0);
	if (got <= 0 || (size_t)got == max * sizeof *code || (size_t)got % sizeof *code != 0) {
		goto out;
	}
	*n = (unsigned short)((size_t)got / sizeof *code);
	e = ERR_OK;

out:
	if (fd >= 0) {
		(void)close(fd);
	}
	seccomp_release(f);
	return e;
}

/* Binds for good.  All threads there are, or none: a library may have started one. */
static enum err enter_seccomp(struct sock_fprog *program)
{
	long answer =
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program);

	return answer == 0 ? ERR_OK : ERR_IO;
}

enum err sandbox_enter(const struct sandbox_plan *plan, struct sandbox_report *r)
{
	struct sandbox_report done = *r;
	struct sock_filter code[FILTER_MAX];
	struct sock_fprog program = { .filter = code };
	enum err e = ERR_OK;

	/* What a failed CHECK prints must not look at the descriptor or allocate a buffer first. */
	(void)setvbuf(stderr, NULL, _IONBF, 0);

	/* A sanitizer maps memory and traces itself: the report says that the filter is missing. */
	if (!IO_SANITIZED) {
		e = compile(plan->profile, code, FILTER_MAX, &program.len);
	}
	if (e == ERR_OK && plan->profile->files != NULL) {
		e = plan->profile->files(plan, &done);
	}
	if (e == ERR_OK && plan->last != NULL) {
		plan->last();
	}
	if (e == ERR_OK && !IO_SANITIZED) {
		e = enter_seccomp(&program);
		done.seccomp = e == ERR_OK;
	}
	if (e == ERR_OK) {
		*r = done;
	}
	return e;
}
