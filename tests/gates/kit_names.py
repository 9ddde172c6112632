# SPDX-License-Identifier: Apache-2.0
"""`kit_names.py SOURCE-ROOT`: what the Python tests ask of a module of tests/kit, it has. Most of them run real processes
for minutes, some only in ./attack or tests/sdk: a name that moved is found here, before. Tried first on a spoilt test."""
import ast
import pathlib
import sys


def given(tree):
    """The names that a module has, wherever it binds them, imported ones too; and those of every module."""
    names = {"__file__", "__name__", "__doc__"}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(one.asname or one.name).split(".")[0] for one in node.names}
    return names


def lacking(tree, kit):
    """(line, module, name) of each name that a test asks of a module of the kit in vain."""
    found, modules, bound = [], {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update({one.asname or one.name: one.name for one in node.names if one.name in kit})
        elif isinstance(node, ast.ImportFrom) and node.module in kit:
            found += [(node.lineno, node.module, one.name) for one in node.names if one.name not in kit[node.module]]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            # what a test calls by a module's name itself is not known here
            if module is not None and node.value.id not in bound and node.attr not in kit[module]:
                found.append((node.lineno, module, node.attr))
    return sorted(found)


def main():
    root = pathlib.Path(sys.argv[1])
    kit = {path.stem: given(ast.parse(path.read_text())) for path in (root / "tests/kit").glob("*.py")}
    tests = [path for folder in ("tests", "bench") for path in sorted((root / folder).rglob("*.py"))]
    problems = [f"{path.relative_to(root)}:{line}: {module} has no {name}" for path in tests
                for line, module, name in lacking(ast.parse(path.read_text()), kit)]
    spoilt = lacking(ast.parse("import vault\nimport nem as n\nfrom tap import sing\nvault.sing()\nn.sing\n"), kit)
    if spoilt != [(3, "tap", "sing"), (4, "vault", "sing"), (5, "nem", "sing")]:
        problems.append(f"the check does not see what is spoilt: {spoilt}")
    for problem in problems:
        print(problem)
    print(f"kit_names: {len(kit)} modules, {len(tests)} files, {len(problems)} problems")
    return 1 if problems or not tests else 0


sys.exit(main())
