# SPDX-License-Identifier: Apache-2.0
"""Goal: the official NEM clients work against kuramori-node as they are.
Method: a real node on the real clock; Node.js runs nem_sdk.mjs, nem_websocket.mjs and
symbol_sdk.mjs, which build, sign, announce and listen with the unmodified npm packages, read back
what became of it, and print TAP; at the end the node checks every invariant and the kit recomputes
every block."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "kit"))

import nem  # noqa: E402
from devnode import DevNode  # noqa: E402
from process import temp_dir  # noqa: E402

XEM = 1_000_000
NAMES = "A B C M X Y Z R".split()
KEYS = {name: nem.KeyPair.named(name) for name in NAMES}


def describe(name):
    key = KEYS[name]
    return {"private": key.private_hex, "public": key.public.hex(), "address": key.address()}


def drive(script, sdk):
    grants = {KEYS[n].address(): 1_000_000 * XEM for n in NAMES if n != "R"}
    with DevNode(temp_dir(), grants) as world:
        # A little ahead of the clients' clock: a block takes only what is older than itself.
        world.dev("clock", mode="real", offset_s=5)
        settings = {"port": world.public.port, "websocket": world.websocket_port, "sdk": sdk,
                    "keys": {n: describe(n) for n in NAMES}}
        run = subprocess.run(["node", str(Path(__file__).parent / script)], input=json.dumps(settings),
                             capture_output=True, text=True, timeout=120)
        print(f"# {script}")
        print(run.stdout, end="")
        if run.returncode != 0:
            print("\n".join("# " + line for line in run.stderr.splitlines()[-20:]))
        verdict = world.dev("validate")
        # Bytes, hashes and signatures of every block, by code that shares nothing with the node.
        blocks = list(world.public.blocks(1, world.public.height()))
        good = run.returncode == 0 and verdict["valid"] and len(blocks) == world.public.height()
        print(f"{'ok' if good else 'not ok'} 900 - {script} ran, and the chain is whole")
        return good


def main():
    sdk = os.environ["KURAMORI_SDK"]
    scripts = ["nem_sdk.mjs", "nem_websocket.mjs", "symbol_sdk.mjs"]
    return 0 if all([drive(script, sdk) for script in scripts]) else 1


sys.exit(main())
