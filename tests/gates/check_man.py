# SPDX-License-Identifier: Apache-2.0
"""The man pages say what the programs take: each program is asked with --man and compared.

A page that was written by hand (it begins with another .TH line) must name every flag that --help
names. `check_man.py BUILD --write` writes the generated pages anew.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ("kuramorid", "kuramori-signer", "kuramori-cold", "kuramori-watch", "kuramori-node", "kuramori")
# what speaks other languages has its page in them
TRANSLATED = [("kuramori", "ja"), ("kuramori-cold", "ja")]
BY_HAND = ("kuramori-signer", "kuramori-watch")


def ask(program, flag, language=""):
    return subprocess.run([program, flag], check=True, capture_output=True, text=True, encoding="utf-8",
                          env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": language}).stdout


def main():
    build, write = pathlib.Path(sys.argv[1]), "--write" in sys.argv[2:]
    problems = []
    for name, language in [(name, "") for name in PROGRAMS] + TRANSLATED:
        program, page = build / "bin" / name / name, ROOT / "docs/man" / language / f"{name}.8"
        if not write and not page.exists():
            problems.append(f"{page.relative_to(ROOT)} is missing")
            continue
        if name not in BY_HAND:
            wanted = '.\\" SPDX-License-Identifier: Apache-2.0\n' + ask(program, "--man", language)
            if write:
                page.write_text(wanted)
            elif page.read_text() != wanted:
                problems.append(f"{page.relative_to(ROOT)} is not what {name} --man says; run check_man.py BUILD --write")
            continue
        if write:
            continue
        text = page.read_text().replace("\\-", "-").replace("\\fI", "").replace("\\fR", "")
        for flag in sorted(set(re.findall(r"^\s+--([a-z0-9-]+|[a-z0-9]+N-[a-z-]+)", ask(program, "--help"), re.M))):
            key = flag.replace("N-", "#-") if re.search(r"[a-z]N-", flag) else flag
            words = {flag, flag.replace("-", "_"), key.replace("-", "_"), re.sub(r"N-", "1-", flag).replace("-", "_")}
            if not any(word in text for word in words):
                problems.append(f"{page.name} does not mention --{flag}")
    for problem in problems:
        print(problem)
    print(f"check_man: {len(PROGRAMS)} programs, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
