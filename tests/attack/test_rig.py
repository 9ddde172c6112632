# SPDX-License-Identifier: Apache-2.0
"""Goal: one attack that fails takes no other with it.

Method: the rig with a world of no processes, whose scene breaks the first time it is played: what asks next plays it
in a folder of its own, and the programs of the first are gone.
"""
import tempfile
import unittest
from pathlib import Path

import rig


class Group(list):
    killed = False

    def kill(self):
        self.killed = True


class Nowhere:
    """A world that only has a folder."""
    made = []

    def __init__(self, folder, _build, _settings):
        self.folder, self.group = Path(folder), Group()
        Nowhere.made.append(self)

    def ceremony(self):
        if len(Nowhere.made) == 2:      # the rig's own world is the first
            raise rig.Broken("it broke")

    def __getattr__(self, name):
        raise rig.Broken(f"the scene goes on to {name}")


class ThirdAttempt(unittest.TestCase):
    def test_a_scene_that_broke_is_played_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            was, rig.World = rig.World, Nowhere
            try:
                r = rig.Rig(folder, Path(folder))
                with self.assertRaisesRegex(rig.Broken, "it broke"):
                    r.third()
                with self.assertRaisesRegex(rig.Broken, "the scene goes on to"):
                    r.third()
            finally:
                rig.World = was
            first, second = Nowhere.made[1:]
            self.assertNotEqual(first.folder, second.folder)
            self.assertTrue(first.group.killed and second.group.killed)
            self.assertIsNone(r.third_asked)


if __name__ == "__main__":
    unittest.main()
