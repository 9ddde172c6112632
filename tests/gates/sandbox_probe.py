# SPDX-License-Identifier: Apache-2.0
"""Gate: in its sandbox a program dies of SIGSYS at every call it has no business with.

Goal: no call is in a filter by mistake, and none of a daemon's forbidden ones is missing.
Method: sandbox_probe (argument 1) makes one of them a run, in the real sandbox; every run must end
by SIGSYS.  Two controls: what is allowed works, and without the sandbox the same call does not kill.
"""
import signal
import subprocess
import sys


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def lived(program, profile, names):
    wrong = []
    for name in names:
        code, _, words = run(program, profile, '--probe', name)
        if code != -signal.SIGSYS:
            wrong.append(f'{name}: ended with {code} {words.strip()}')
    return wrong


def main():
    program = sys.argv[1]
    results = []

    def result(well, words, why=()):
        results.append(well)
        print(f"{'ok' if well else 'not ok'} {len(results)} - {words}")
        for line in why:
            print(f'# {line}')

    for profile, least in (('signer', 400), ('daemon', 50), ('offline', 400)):
        code, out, _ = run(program, profile, '--list')
        names = out.split()
        result(code == 0 and len(names) >= least and len(set(names)) == len(names),
               f'{profile}: a list of {len(names)} calls')
        wrong = lived(program, profile, names)
        result(not wrong, f'{profile}: each of them dies of SIGSYS', wrong)
        code, _, words = run(program, profile, '--work')
        result(code == 0, f'{profile}: what is allowed works', [words] if code else ())
        for name in ('getppid', 'openat', 'tgkill-other-signal', 'libc-fork'):
            code, _, _ = run(program, profile, '--bare', name)
            result(code == 1, f'{profile}: {name} does not kill without the sandbox')
        code, _, _ = run(program, profile, '--probe', 'no_such_call')
        result(code == 2, f'{profile}: an unknown name is no success')
    print(f'1..{len(results)}')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
