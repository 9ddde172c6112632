#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the signer is made of what docs/processes.md grants it, and its cores cannot allocate, open,
connect, look at a clock or draw random numbers.

Method: readelf says that the finished program is static and names no library; nm lists what stands
in it, what its own objects and archives leave undefined, and the same of each core archive. A symbol
that every C program uses is put to the same test, which must see it, and so must one of each library.

signer_links.py SIGNER BUILD SANITIZED
"""

import re
import subprocess
import sys
from pathlib import Path

# one function of each library that is granted, and of those that a signer must not hold
LIBRARIES = {"libsodium": "crypto_sign_ed25519_verify_detached", "nettle": "nettle_sha256_update",
             "BearSSL": "br_ecdsa_i31_vrfy_raw", "libseccomp": "seccomp_load", "libc": "memcpy"}
FOREIGN = {"libcrypto": "EVP_DigestInit_ex", "SQLite": "sqlite3_open_v2", "libpq": "PQconnectdbParams",
           "libmicrohttpd": "MHD_start_daemon", "libcurl": "curl_multi_init", "jansson": "json_loadb",
           "zlib": "crc32_z", "libyaml": "yaml_parser_parse", "libunistring": "u8_normalize"}
ARCHIVES = ("base/libbase", "crypto/libcrypto", "crypto/libes256", "doc/libdoc", "log/liblog", "ipc/libipc",
            "chain/libchain", "policy/libpolicy", "store/libstore", "guard/libguard", "io/libio", "io/libio_run")
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
# the program: everything may be linked but this; the last ones load what nsswitch.conf names
NEVER = "fork vfork execve execv execvp execl execle system popen dlopen dlsym pthread_create " \
        "getaddrinfo gethostbyname getpwnam getpwuid getpwent getgrnam getgrgid getgrouplist initgroups"
# what libc holds for its tables of charsets, which a signer never opens: no object of ours names it
OF_LIBC = {"dlopen", "dlsym"}
# base/check.c says what broke before it aborts; crypto_init() and Argon2id stand before the sandbox
ALLOWED = {"base": {"write", "fwrite"}, "crypto": {"free"}}


def undefined(arguments):
    text = subprocess.run(["nm", "--undefined-only", *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {re.sub(r"@.*", "", line.split()[-1]).replace("__isoc99_", "")
            for line in text.splitlines() if " U " in line}


def defined(program):
    text = subprocess.run(["nm", "--defined-only", program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return {line.split()[-1] for line in text.splitlines()}


def main():
    signer, build, sanitized = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "1"
    problems = []
    if sanitized:
        print("1..0 # SKIP sanitizers link their own library and allocate in every call")
        return 0
    text = subprocess.run(["readelf", "-hldW", signer], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    if "(NEEDED)" in text or "INTERP" in text:
        problems.append("the signer loads a shared library when it starts; it is to be static")
    if not re.search(r"Type:\s+DYN", text) or "GNU_RELRO" not in text:
        problems.append("the signer does not lie at another address each time, or its tables can be written")
    holds = defined(signer)
    for library, symbol in LIBRARIES.items():
        if symbol not in holds:
            problems.append(f"nm sees nothing of {library} in the signer: this test is blind")
    problems += [f"the signer holds {library}: {symbol}()" for library, symbol in FOREIGN.items() if symbol in holds]
    reach = undefined([*signer.parent.glob("kuramori-signer.p/*.o"),
                       *(build / "src" / f"{archive}.a" for archive in ARCHIVES)])
    if not {"memcpy", "crypto_init", "guard_step"} <= reach:
        problems.append("nm sees nothing in the signer's objects: this test is blind")
    for symbol in NEVER.split():
        if symbol in reach or (symbol in holds and symbol not in OF_LIBC):
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
