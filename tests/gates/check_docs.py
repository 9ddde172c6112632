# SPDX-License-Identifier: Apache-2.0
"""What the pages claim exists: links and paths between pages, the "shown by" column of
docs/threats.md, and docs/dependencies.md against what is built and linked.

`check_docs.py SOURCE-ROOT BUILD`. Every judge is tried first on a spoilt page.
"""
import pathlib
import re
import subprocess
import sys

# name in meson.build (of pkg-config, or of the library where Debian has no such file): (row of docs/dependencies.md, library that is linked)
LIBRARIES = {"sodium": ("libsodium", "libsodium"), "nettle": ("nettle", "libnettle"),
             "sqlite3": ("SQLite", "libsqlite3"), "libpq": ("libpq", "libpq"), "libmicrohttpd": ("libmicrohttpd", "libmicrohttpd"),
             "libcurl": ("libcurl (GnuTLS)", "libcurl-gnutls"), "jansson": ("jansson", "libjansson"),
             "seccomp": ("libseccomp", "libseccomp"), "bearssl": ("BearSSL", "libbearssl"),
             "unistring": ("libunistring", "libunistring"), "z": ("zlib", "libz"),
             "yaml-0.1": ("libyaml", "libyaml-0"), "libqrencode": ("libqrencode", "libqrencode"),
             "qrcodegen": ("libqrcodegen", "libqrcodegen")}
# linked into a static program alone: a function of it that stands there
STATIC = {"libqrcodegen": ("kuramori-cold", "qrcodegen_encodeSegmentsAdvanced")}
PROGRAMS = ("kuramorid", "kuramori-signer", "kuramori-watch", "kuramori-node", "kuramori")


def rows(text):
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()
            if line.startswith("|") and not line.startswith("|---")][1:]


def judge_threats(text, root):
    story = (root / "tests/kit/story_b.py").read_text()
    attacks = "".join(path.read_text() for path in sorted((root / "tests/attack").glob("*.py")))
    problems = []
    for row in rows(text):
        claims = re.findall(r"demo B\.\d|attack T\d\d|sim(?=,|$)|\w+: \"[^\"]*\"", row[-1])
        if ", ".join(claims) != row[-1]:
            problems.append(f"threats: not understood: {row[-1]}")
        for claim in claims:
            kind, _, what = claim.partition(" ")
            if kind == "demo":
                good = f'("{what}", "' in story
            elif kind == "attack":
                good = f'@attack("{what}"' in attacks
            elif kind == "sim":
                good = (root / "tests/sim/foe.c").exists()
            else:
                tests = "".join(path.read_text() for path in (root / "tests/unit" / kind[:-1]).glob("*.c"))
                good = "{ " + what + "," in tests
            if not good:
                problems.append(f"threats: nothing is behind `{claim}`")
    return problems


def judge_dependencies(text, root, needed):
    named = {row[0] for row in rows(text)}
    built = set(re.findall(r"^dep_\w+ = (?:dependency|cc\.find_library)\('([\w.-]+)'", (root / "meson.build").read_text(), re.M))
    problems = [f"dependencies: {name} is built with and not known here" for name in sorted(built - LIBRARIES.keys())]
    linked = {name for names in needed.values() for name in names}
    for name, (row, library) in LIBRARIES.items():
        if (name in built) != (row in named):
            problems.append(f"dependencies: {row}: the page and meson.build differ")
        if name in built and not any(one.startswith(library + ".so") for one in linked):
            problems.append(f"dependencies: {row} is linked by no program")
    known = tuple(library + ".so" for _, library in LIBRARIES.values())
    # what the compiler brings, and what sanitizers bring
    plain = ("libc.so", "libm.so", "libgcc_s.so", "ld-linux", "libasan.so", "libubsan.so", "libpthread.so")
    for program, names in needed.items():
        for name in names:
            if not name.startswith(known + plain):
                problems.append(f"dependencies: {program} links {name}, which the page does not name")
    if named - {row for row, _ in LIBRARIES.values()}:
        problems.append(f"dependencies: rows without a library: {sorted(named - {r for r, _ in LIBRARIES.values()})}")
    return problems


def judge_paths(pages, root):
    problems = []
    for page, text in pages:
        for link in re.findall(r"\]\(([^)#\s]+)\)", text):
            if "://" not in link and not (page.parent / link).exists():
                problems.append(f"{page.name}: the link {link} leads nowhere")
        for path in re.findall(r"`((?:src|tests|tools|bin|docs|bench|systemd)/[\w./-]+)`", text):
            if not (root / path).exists():
                problems.append(f"{page.name}: {path} does not exist")
    return problems


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    needed = {}
    for program in PROGRAMS:
        out = subprocess.run(["readelf", "-d", build / "bin" / program / program], check=True, capture_output=True,
                             text=True).stdout
        needed[program] = re.findall(r"\(NEEDED\).*\[(.*)\]", out)
    for library, (program, function) in STATIC.items():
        symbols = subprocess.run(["nm", build / "bin" / program / program], check=True, capture_output=True, text=True).stdout
        needed[program] = [library + ".so"] if re.search(rf" [TU] {function}$", symbols, re.M) else []
    threats = (root / "docs/threats.md").read_text()
    libraries = (root / "docs/dependencies.md").read_text()
    pages = [(p, p.read_text()) for p in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]]
    problems = judge_threats(threats, root) + judge_dependencies(libraries, root, needed) + judge_paths(pages, root)
    spoilt = {
        "an attack that is not there": judge_threats(threats.replace("attack T11", "attack T99"), root),
        "a chapter that is not there": judge_threats(threats.replace("demo B.5", "demo B.9"), root),
        "a test that is not there": judge_threats(threats.replace('"nodes that lie"', '"nodes that sing"'), root),
        "a claim by nobody": judge_threats(threats.replace("| sim |", "| trust us |").replace(", sim |", ", trust us |"), root),
        "a library less": judge_dependencies(libraries.replace("| jansson |", "| json |"), root, needed),
        "a library more": judge_dependencies(libraries, root, {**needed, "kuramori": needed["kuramori"] + ["libbz2.so.1.0"]}),
        "a static library that nobody links": judge_dependencies(libraries, root, {**needed, "kuramori-cold": []}),
        "a library that nobody links": judge_dependencies(libraries, root, {"kuramori": ["libc.so.6"]}),
        "a dead link": judge_paths([(root / "README.md", "[x](docs/no.md) `tests/none.c`")], root),
    }
    problems += [f"the check does not see {what}" for what, seen in spoilt.items() if not seen]
    for problem in problems:
        print(problem)
    print(f"check_docs: {len(pages)} pages, {len(rows(threats))} threats, {len(needed)} programs, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
