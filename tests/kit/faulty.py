# SPDX-License-Identifier: Apache-2.0
"""What scenarios share that let programs die or fail on purpose: a small world whose books are open, programs
started with a library of ours loaded, and the page of die_at.so (tests/scenario/kill/die_at.c)."""

import contextlib
import mmap
import os
import struct

import process
import world as kit

XEM = 1_000_000


@contextlib.contextmanager
def loaded(library, variable, page):
    """Programs that are started within have the library in them and are told its page."""
    os.environ["LD_PRELOAD"], os.environ[variable] = str(library), str(page)
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"], os.environ[variable]


def small_world(build, customer="c1", people=None, make=kit.World, **settings):
    """(its folder, a world with the claims of one customer booked); only the node runs."""
    folder = process.temp_dir()
    (folder / "w").mkdir()
    os.chmod(folder, 0o755)
    chosen = kit.Settings(**{"boxes": 1, "purses": 1, "spare_extra": 1, "quiet_blocks": 5, "poll_ms": 10,
                             "settle_depth": 1, "deposit_depth": 1, **settings})
    w = make(folder / "w", build, chosen)
    w.ceremony()
    if people is not None:
        w.seal_people(people)
    w.write_documents(w.seal_signers())
    w.open_books_of({customer: chosen.claims_xem * XEM})
    return folder, w


class DyingPage:
    """The page shared with die_at.so in one process."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(4096))
        path.chmod(0o666)
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    @property
    def syncs(self):
        return struct.unpack_from("<Q", self.map, 0)[0]

    @property
    def armed(self):
        return struct.unpack_from("<Q", self.map, 8)[0] != 0

    def arm(self, ahead, after):
        """Dies at the ahead-th sync from now, right behind it or right before it; 0: not."""
        struct.pack_into("<Q", self.map, 16, int(after))
        struct.pack_into("<Q", self.map, 8, self.syncs + ahead if ahead else 0)


class Dying:
    """Starts the programs of a world, those with a page with die_at.so in them."""

    def __init__(self, world, library, folder, names):
        self.world, self.library = world, library
        self.pages = {name: DyingPage(folder / f"{name}.page") for name in names}

    def start(self, name):
        """Starts it (again); it is not told to die."""
        w, page = self.world, self.pages.get(name)
        if page is not None:
            page.arm(0, False)
        with loaded(self.library, "KURAMORI_DIE_PAGE", page.path) if page else contextlib.nullcontext():
            if name == "kuramorid":
                w.start_server()
            elif name.startswith("signer"):
                w.start_signer(name[-1])
            else:
                w.start_watcher(int(name[-1]))

    def start_all(self):
        w = self.world
        for name in ("signer-a", "signer-b", "watcher-1", "watcher-2", "watcher-3", "kuramorid"):
            self.start(name)
        w.chain_is_read()
        process.wait_until(lambda: all(w.status(f"signer-{x}").get("signs") == "ready" for x in "ab"), 20,
                           "signers ready")


class LateWorld(kit.World):
    """Its chain runs BEHIND_S behind the wall clock, as much as the policy allows and more than a final
    block needs: so 360 blocks can be made at once without running ahead of every clock."""

    BEHIND_S = 900
    LIFE_S = 1000       # of an attempt
    POLICY = {"attempt_life_s": LIFE_S, "clock_skew_ms": 1_200_000}

    def start_node(self, start_nem_s=None, grants=None, wait=True, **more):
        late = None if start_nem_s is None else start_nem_s - self.BEHIND_S
        return super().start_node(late, grants, wait, **more)

    def dev(self, hook, **body):
        if hook == "clock" and body.get("mode") == "real":
            body.setdefault("offset_s", -self.BEHIND_S)
        return super().dev(hook, **body)


def paid(world):
    """{(destination, amount): times} of all payments of ours in the node's blocks; sweeps are none."""
    ours = {key.address() for _, key in world.keys.hot} | {key.address() for key in world.keys.spares}
    seen = {}
    for block in world.public.blocks():
        for transaction in block.transactions:
            inner = getattr(transaction, "inner", None)
            if inner is not None and hasattr(inner, "amount") and inner.recipient not in ours:
                seen[(inner.recipient, inner.amount)] = seen.get((inner.recipient, inner.amount), 0) + 1
    return seen
