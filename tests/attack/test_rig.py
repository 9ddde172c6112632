# SPDX-License-Identifier: Apache-2.0
"""Goal: one attack that fails takes no other with it, and is told.

Method: the rig with a world of no processes, whose scene breaks the first time it is played: what asks next plays it
in a folder of its own, and the programs of the first are gone.
"""
import tempfile
import unittest
from pathlib import Path

import registry
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


class Lines(unittest.TestCase):
    """A number that several attacks are behind is as good as the worst of them."""

    def setUp(self):
        self.was = registry.ATTACKS, registry.PARTS
        registry.ATTACKS, registry.PARTS = {}, []
        registry.attack("T10", "one", "a")(None)
        registry.part("T10", "two", "b")(None)
        registry.part("T19", "three", "b")(None)

    def tearDown(self):
        registry.ATTACKS, registry.PARTS = self.was

    def test_all_of_them_held(self):
        runs = {"two": ("held", "second", 1.5), "one": ("held", "first", 1)}
        self.assertEqual(registry.line("T10", runs), ("held", "first; second", 2.5))

    def test_one_is_broken_or_never_came(self):
        verdict, words, _ = registry.line("T10", {"one": ("held", "first", 1), "two": ("broken", "alas", 1)})
        self.assertEqual((verdict, words), ("broken", "alas"))
        verdict, words, _ = registry.line("T10", {"two": ("held", "second", 1)})
        self.assertEqual((verdict, words), ("broken", "one: ended without a word"))

    def test_not_yet_stays_not_yet(self):
        verdict, words, _ = registry.line("T19", {"three": ("held", "third", 1)})
        self.assertEqual((verdict, words), ("not-yet", f"{registry.LATER['T19']}; third"))
        self.assertEqual(registry.line("T19", {})[0], "broken")
        self.assertEqual(registry.line("T21", {}), ("not-yet", registry.LATER["T21"], 0))

    def test_twice_the_same(self):
        with self.assertRaises(ValueError):
            registry.part("T10", "two", "c")(None)
        with self.assertRaises(ValueError):
            registry.part("T51", "x", "c")(None)


if __name__ == "__main__":
    unittest.main()
