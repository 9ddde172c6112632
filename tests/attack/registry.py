# SPDX-License-Identifier: Apache-2.0
"""Which attacks there are: ATTACKS are run, LATER are not yet, and say what brings them."""

import collections

NUMBERS = [f"T{n:02d}" for n in range(1, 51)]
Attack = collections.namedtuple("Attack", "number title scene function")
ATTACKS = {}

# Scenes that run in the first of two processes; the others run in the second, side by side.
SECOND = ("theft-1", "theft-2", "theft-3", "theft-4", "server-1", "server-4", "server-5")

# Attacks whose defence is not built. The words name the part that brings it.
LATER = {
    "T07": "signers draw no random numbers to sign; the self-test that looks for repeated r values comes with key "
           "rotation",
    "T14": "allow-lists of destinations and the console that shows difference marks come with the cold vault",
    "T19": "NEM has no change; this is about the outputs of Bitcoin transactions, the next chain",
    "T21": "a hijacked domain matters once there is an approval site; today's approvals are signed on the person's "
           "own machine",
    "T35": "a duress code needs approver devices of its own and a delayed queue; neither exists",
    "T37": "updates are not delivered by this software yet; the roster will name the program hashes that count",
    "T38": "restore drills and share proofs belong to the cold vault's ceremony",
    "T39": "recovery from shares on a clean machine belongs to the cold vault; its rule stands in genesis only",
    "T40": "there are no key shares yet to be mixed up or replayed",
    "T46": "the sweep above the hot ceiling needs refill and cold documents; the ceiling is a figure of the policy "
           "that nothing moves coins for",
    "T48": "the tree of liabilities that a customer can check is not built",
    "T50": "stolen coins are followed (kuramori trace); holding a deposit that has some of them comes with screening",
}


def attack(number, title, scene):
    """Registers a function(rig) that returns the words of a held line. scene: attacks of the same
    scene run after each other."""
    def register(function):
        if number not in NUMBERS or number in ATTACKS or number in LATER:
            raise ValueError(f"{number} is registered twice")
        ATTACKS[number] = Attack(number, title, scene, function)
        return function
    return register


def load():
    """Imports every file of attacks; each number is then either run or explained."""
    import people  # noqa: F401
    import prices  # noqa: F401
    import refunds  # noqa: F401
    import rules  # noqa: F401
    import server  # noqa: F401
    import signers  # noqa: F401
    import thieves  # noqa: F401
    absent = [n for n in NUMBERS if n not in ATTACKS and n not in LATER]
    if absent:
        raise ValueError(f"not registered: {', '.join(absent)}")
