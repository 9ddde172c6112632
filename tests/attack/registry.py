# SPDX-License-Identifier: Apache-2.0
"""Which attacks there are: ATTACKS are run, LATER are not yet, and say what brings them. PARTS are run beside the attack of
their number, against another side of the system: its line is as good as the worst of them."""

import collections

NUMBERS = [f"T{n:02d}" for n in range(1, 51)]
Attack = collections.namedtuple("Attack", "number title scene function")
ATTACKS = {}
PARTS = []

# Scenes that run in the first of two processes; the others run in the second, side by side.
SECOND = ("theft-1", "theft-2", "theft-3", "theft-4", "server-1", "server-4", "server-5")

# Attacks whose defence is not built. The words name the part that brings it.
LATER = {
    "T07": "signers draw no random numbers to sign; the self-test that looks for repeated r values comes with key "
           "rotation",
    "T19": "NEM has no change; this is about the outputs of Bitcoin transactions, the next chain",
    "T21": "a hijacked domain matters once there is an approval site; today's approvals are signed on the person's "
           "own machine",
    "T35": "an approver's duress code needs approver devices of their own and a delayed queue; neither exists",
    "T37": "updates are not delivered by this software yet; the roster will name the program hashes that count",
    "T46": "what is above the hot ceiling goes home at an officer's word (kuramori sweep, scenario sweep); the line in "
           "yen, guarantee coins and the daily report with its minutes are not built",
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


def part(number, title, scene):
    """The same for what is tried beside the attack of that number, or instead of it while it is not built."""
    def register(function):
        if number not in NUMBERS or any(one.number == number and one.title == title for one in PARTS):
            raise ValueError(f"{number} {title} is registered twice")
        PARTS.append(Attack(number, title, scene, function))
        return function
    return register


def line(number, runs):
    """(verdict, words, seconds) of a number. runs: {title: (verdict, words, seconds)} of all that was run for it."""
    order = [one.title for one in [ATTACKS.get(number), *PARTS] if one is not None and one.number == number]
    told = [runs[title] if title in runs else ("broken", f"{title}: ended without a word", 0) for title in order]
    broken = [words for verdict, words, _ in told if verdict != "held"]
    if number in LATER:
        verdict, words = "not-yet", [LATER[number], *(words for _, words, _ in told)]
    else:
        verdict, words = "held", [words for _, words, _ in told]
    return ("broken" if broken else verdict, "; ".join(broken or words), round(sum(seconds for _, _, seconds in told), 1))


def load():
    """Imports every file of attacks; each number is then either run or explained."""
    import cold  # noqa: F401
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
