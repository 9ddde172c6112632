#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the signer is made of what docs/processes.md grants it, and its cores cannot allocate, open,
connect, look at a clock or draw random numbers.

Method: readelf names the libraries of the finished program; nm lists what each core archive leaves
undefined. A symbol that every C program uses is put to the same test, which must see it.

signer_links.py SIGNER BUILD SANITIZED
"""

import re
import subprocess
import sys
from pathlib import Path

LIBRARIES = {"libsodium.so", "libnettle.so", "libbearssl.so", "libseccomp.so", "libc.so"}
CORES = ("base", "crypto", "doc", "log", "ipc", "chain", "policy", "guard")
# what a core must not reach, by what it would do with it
FORBIDDEN = {
    "allocate": "malloc calloc realloc reallocarray free posix_memalign aligned_alloc memalign mmap "
                "brk sbrk strdup strndup asprintf vasprintf open_memstream sodium_malloc",
    "read or write": "open openat creat fopen fdopen read pread write pwrite pread64 pwrite64 fread "
                     "fwrite ioctl unlink rename",
    "connect": "socket connect bind listen accept accept4 send recv sendmsg recvmsg",
    "tell the time": "time gettimeofday clock_gettime localtime gmtime localtime_r",
    "draw numbers": "getrandom getentropy rand random arc4random randombytes_buf randombytes",
    "run others": "fork vfork clone execve execv execvp execl system popen dlopen dlsym pthread_create",
    "read the environment": "getenv secure_getenv setenv",
}
# the program: everything may be linked but this
NEVER = "fork vfork execve execv execvp execl execle system popen dlopen dlsym pthread_create " \
        "getaddrinfo gethostbyname"
# base/check.c says what broke before it aborts; crypto_init() and Argon2id stand before the sandbox
ALLOWED = {"base": {"write", "fwrite"}, "crypto": {"free"}}


def undefined(arguments):
    text = subprocess.run(["nm", "--undefined-only", *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {re.sub(r"@.*", "", line.split()[-1]).replace("__isoc99_", "")
            for line in text.splitlines() if " U " in line}


def main():
    signer, build, sanitized = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "1"
    problems = []
    if sanitized:
        print("1..0 # SKIP sanitizers link their own library and allocate in every call")
        return 0
    text = subprocess.run(["readelf", "-dW", signer], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    needed = {re.sub(r"\.so.*", ".so", name)
              for name in re.findall(r"\(NEEDED\).*\[([^]]+)\]", text)}
    needed = {name for name in needed if not name.startswith("ld-linux")}
    if needed != LIBRARIES:
        problems.append(f"the signer links {sorted(needed)}, granted are {sorted(LIBRARIES)}")
    if "BIND_NOW" not in text and "NOW" not in text:
        problems.append("the signer binds lazily: the PLT spills registers, and with them keys")
    reach = undefined(["-D", signer])
    if "memcpy" not in reach and "strlen" not in reach:
        problems.append("nm sees nothing in the signer: this test is blind")
    for symbol in NEVER.split():
        if symbol in reach:
            problems.append(f"the signer reaches {symbol}()")
    for core in CORES:
        found = undefined([build / "src" / core / f"lib{core}.a"])
        if "check_failed" not in found and "abort" not in found:
            problems.append(f"nm sees nothing in {core}: this test is blind")
        for what, symbols in FORBIDDEN.items():
            for symbol in symbols.split():
                if symbol in found and symbol not in ALLOWED.get(core, set()):
                    problems.append(f"src/{core} could {what}: {symbol}()")
    print("1..1")
    for problem in problems:
        print(f"# {problem}")
    print(("not ok" if problems else "ok") + " 1 - what the signer is made of")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
