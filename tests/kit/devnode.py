# SPDX-License-Identifier: Apache-2.0
"""A kuramori-node of one's own: its first block, its process, its two ports, its hooks
(docs/node.md)."""

import json
import os
from pathlib import Path

import nem
from node import Node
from process import Daemon

HOUR = 3600


def program(name="kuramori-node"):
    """The built program: KURAMORI_BUILD names the build folder."""
    return Path(os.environ["KURAMORI_BUILD"]) / "bin" / name / name


class DevNode:
    """grants: {address: micro-XEM} of the first block at `time` (NEM seconds). The chain clock
    stands until blocks() or clock() moves it. harvester: the name of its key (nem.KeyPair.named).
    Settings are those of the program, as keywords."""

    def __init__(self, folder, grants, time=300_000_000, name="node", executable=None,
                 harvester="harvester", **settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.nemesis_key = nem.KeyPair.named("nemesis")
        self.harvester = nem.KeyPair.named(harvester)
        files = {"nemesis.txt": "".join(f"{a} {v}\n" for a, v in grants.items()),
                 "nemesis.key": self.nemesis_key.private_hex + "\n",
                 "harvester.key": self.harvester.private_hex + "\n"}
        for file, text in files.items():
            path = self.folder / file
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
        self.settings = {"development": "yes", "public_port": 0, "clean_port": 0, "websocket_port": 0,
                         "nemesis_file": self.folder / "nemesis.txt", "nemesis_time": time,
                         "nemesis_key_file": self.folder / "nemesis.key",
                         "harvester_key_file": self.folder / "harvester.key", **settings}
        argv = [executable or program(), "--json"]
        for key, value in self.settings.items():
            argv += ["--" + key.replace("_", "-"), str(value)]
        self.daemon = Daemon(name, argv, self.folder)
        self.public = self.clean = None

    def start(self, ready_timeout=10.0):
        self.daemon.start(ready_timeout)
        ready = json.loads(self.daemon.out_path.read_text().splitlines()[-1])
        self.nemesis = bytes.fromhex(ready["nemesis"])
        self.public = Node(ready["public_port"])
        self.clean = Node(ready["clean_port"])
        self.websocket_port = ready["websocket_port"]
        return self

    def stop(self):
        self._close()
        return self.daemon.stop()

    def kill(self):
        self._close()
        self.daemon.kill()

    def _close(self):
        for one in (self.public, self.clean):
            if one is not None:
                one.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    # -- hooks

    def dev(self, hook, **fields):
        return self.public.post(f"/dev/{hook}", fields)

    def state(self):
        return self.public.get("/dev/state")

    def now(self):
        return self.state()["now_nem_s"]

    def blocks(self, count=1, seconds=60, pool="next"):
        return self.dev("blocks", count=count, seconds=seconds, pool=pool)

    def clock(self, **fields):
        return self.dev("clock", **fields)

    def given(self, transactions, harvester=None, seconds=60):
        """A block of exactly these; the node's verdict as a dict."""
        fields = {"transactions": [one.verifiable().hex() for one in transactions],
                  "seconds": seconds}
        if harvester is not None:
            fields["harvester"] = harvester.private_hex
        return self.dev("block", **fields)
