# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml says what kuramorid serves: its paths, methods, path and query parameters, limits
and states are compared with the route table of src/api/api.c and the tables of src/payout.

`check_openapi.py SOURCE-ROOT`. Each comparison is tried first against a page that was spoilt on
purpose (a route less, one more, another method, another limit, a state less): a check that does not
see that fails itself.
"""
import pathlib
import re
import sys

ROUTE = re.compile(r"\{ HTTP_(\w+), \"([^\"]+)\", API_(\w+), (\w+), (\w+) \}")


def page_of(text):
    """{(method, path): block of lines} by indentation: paths at 2 blanks, methods at 4."""
    found, path, key = {}, None, None
    body = text.split("\npaths:\n", 1)[1].split("\ncomponents:\n", 1)[0]
    for line in body.splitlines():
        if re.match(r"  /\S+:$", line):
            path, key = line.strip().rstrip(":"), None
        elif re.match(r"    [a-z]+:$", line):
            key = (line.strip().rstrip(":").upper(), path)
            if key in found:
                raise ValueError(f"{key} stands twice")
            found[key] = ""
        elif key is not None:
            found[key] += line + "\n"
        elif line.strip():
            raise ValueError(f"not understood: {line}")
    return found


def number(text, name):
    return int(re.search(rf"\b{name} = (\d+)", text).group(1))


def judge(page_text, sources):
    """What the page says otherwise than the sources."""
    api, payout, state = sources
    problems = []
    page = page_of(page_text)
    routes = {(method, path + ("{}" if path.endswith("/") else "")): build
              for method, path, _, build, _ in ROUTE.findall(api)}
    lists = {name: set(re.findall(r'"(\w+)"', body)) for name, body in
             re.findall(r"^static const char \*const (\w+)\[\] = \{(.*?)\};", api, re.M | re.S)}
    taken = {build: lists[query] for _, _, _, build, query in ROUTE.findall(api)}
    plain = {(method, re.sub(r"\{\w+\}", "{}", path)): (path, block) for (method, path), block in page.items()}
    for method, path in sorted(routes.keys() - plain.keys()):
        problems.append(f"the page lacks {method} {path}")
    for method, path in sorted(plain.keys() - routes.keys()):
        problems.append(f"no route serves {method} {path}")
    queries = {}
    for builder, body in re.findall(r"^static enum err (\w+)\(struct asked \*q, struct writer \*out\)\n\{(.*?)^\}",
                                    api, re.M | re.S):
        queries[builder] = set(re.findall(r"(?:http_query\(q->http|small_number\(q|large_number\(q), \"(\w+)\"", body))
    for key in sorted(routes.keys() & plain.keys()):
        path, block = plain[key]
        named = set(re.findall(r"name: ([\w-]+), in: path", block))
        if named != set(re.findall(r"\{(\w+)\}", path)):
            problems.append(f"{key[0]} {path}: the path's parameters are not those described")
        asked = set(re.findall(r"name: ([\w-]+), in: query", block))
        if asked != taken[routes[key]]:
            problems.append(f"{key[0]} {path}: the page names the query {sorted(asked)}, "
                            f"the server takes {sorted(taken[routes[key]])}")
        if asked != queries.get(routes[key], set()):
            problems.append(f"{key[0]} {path}: the page names the query {sorted(asked)}, "
                            f"the server reads {sorted(queries.get(routes[key], set()))}")
        if ("requestBody" in block) != (key[0] == "POST"):
            problems.append(f"{key[0]} {path}: a body is described for POST and only there")
        if f"'{'201' if routes[key] == 'withdraw' else '200'}':" not in block or "Problem" not in block:
            problems.append(f"{key[0]} {path}: its good answer or its problem document is not described")
    limits = re.search(r"name: limit,.*?minimum: (\d+), maximum: (\d+), default: (\d+)", page_text)
    wanted = (1, number(payout, "PAYOUT_LIST_MAX"), number(api, "LIST_LIMIT_DEFAULT"))
    if limits is None or tuple(map(int, limits.groups())) != wanted:
        problems.append(f"limit: the server takes {wanted} (least, most, without)")
    longest = re.search(r"name: Idempotency-Key,.*?maxLength: (\d+)", page_text)
    if longest is None or int(longest.group(1)) != number(payout, "PAYOUT_KEY_MAX"):
        problems.append("Idempotency-Key: another length than PAYOUT_KEY_MAX")
    names = dict(re.findall(r"\[PAYOUT_(\w+)\] = N_\(\"(\w+)\"\)", state.split("states[PAYOUT_STATES] =", 1)[1].split("};", 1)[0]))
    names.pop("NONE", None)
    listed = re.search(r"name: state,.*?enum: \[([^\]]*)\]", page_text)
    if listed is None or listed.group(1).split(", ") != list(names.values()):
        problems.append(f"state: the server knows {list(names.values())}")
    return problems, len(routes)


SPOILT = [
    ("a route less", "  /v1/audit:\n", "  /v1/audits:\n"),
    ("another method", "  /v1/documents:\n    post:", "  /v1/documents:\n    put:"),
    ("another parameter", "name: customer, in: path", "name: client, in: path"),
    ("another query", "name: state, in: query", "name: status, in: query"),
    ("another limit", "maximum: 100", "maximum: 1000"),
    ("another key length", "maxLength: 128", "maxLength: 256"),
    ("a state less", ", expired, frozen]", ", frozen]"),
    ("another answer", "'201':", "'200':"),
]


def main():
    root = pathlib.Path(sys.argv[1])
    page = (root / "docs/openapi.yaml").read_text()
    sources = [(root / name).read_text() for name in ("src/api/api.c", "src/payout/payout.h", "src/payout/state.c")]
    problems, routes = judge(page, sources)
    for what, old, new in SPOILT:
        if page.count(old) == 0:
            problems.append(f"the check cannot spoil the page: {what}")
        elif not judge(page.replace(old, new, 1), sources)[0]:
            problems.append(f"the check does not see {what}")
    if routes == 0:
        problems.append("no routes were found in src/api/api.c")
    for problem in problems:
        print(problem)
    print(f"check_openapi: {routes} routes, {len(SPOILT)} ways to spoil the page, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
