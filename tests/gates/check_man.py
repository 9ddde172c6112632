# SPDX-License-Identifier: Apache-2.0
"""The man pages say what the programs take: each is made of the program's --help, and compared.

A page that was written by hand must name every flag that --help names. `check_man.py BUILD --write` writes the
generated pages anew. --help is paragraphs (src/io/config.c, config_help): name and summary, usage, what the program
says of itself, settings, other flags, exit codes; a flag stands behind two blanks, what it does behind six.
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
TITLES = {"": ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"),
          "ja": ("名前", "書式", "説明", "オプション", "終了ステータス")}


def ask(program, flag, language=""):
    return subprocess.run([program, flag], check=True, capture_output=True, text=True, encoding="utf-8",
                          env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": language}).stdout


def roff(text):
    """As man(7) has it: a backslash, and a dot or quote at the start of a line, mean something there."""
    return re.sub(r"^(?=[.'])", r"\\&", text.replace("\\", "\\e").replace("-", "\\-"), flags=re.M)


def flags(paragraph):
    """A paragraph of flags: the sentence above them, and each with what it does."""
    lines = []
    for line in paragraph.splitlines():
        if line.startswith("  --"):
            lines += [".TP", ".B " + roff(line.strip())]
        else:
            lines.append(roff(line.strip()))
    return "\n".join(lines)


def page_of(program, language):
    """The man page out of --help and --version."""
    name = program.name
    first, usage, *text, settings, others, exits = ask(program, "--help", language).rstrip("\n").split("\n\n")
    summary = first.removeprefix(f"{name} - ")
    synopsis = usage.split(f" {name} ", 1)[1]
    version = ask(program, "--version").split()[-1]
    bodies = (f"{roff(name)} \\- {roff(summary)}", f".B {roff(name)}\n{roff(synopsis)}", roff("\n\n".join(text)),
              flags(settings) + "\n.PP\n" + flags(others), roff(re.split("[:：] ?", exits, maxsplit=1)[1]))
    sections = "".join(f".SH {title}\n{body}\n" for title, body in zip(TITLES[language], bodies) if body)
    return f'.\\" SPDX-License-Identifier: Apache-2.0\n.TH "{name}" 8 "" "Kuramori {version}"\n{sections}'


def main():
    build, write = pathlib.Path(sys.argv[1]), "--write" in sys.argv[2:]
    problems = []
    for name, language in [(name, "") for name in PROGRAMS] + TRANSLATED:
        program, page = build / "bin" / name / name, ROOT / "docs/man" / language / f"{name}.8"
        if not write and not page.exists():
            problems.append(f"{page.relative_to(ROOT)} is missing")
            continue
        if name not in BY_HAND:
            wanted = page_of(program, language)
            if write:
                page.write_text(wanted)
            elif page.read_text() != wanted:
                problems.append(f"{page.relative_to(ROOT)} is not what {name} --help says; run check_man.py BUILD --write")
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
