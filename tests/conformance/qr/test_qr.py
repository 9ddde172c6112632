#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a document of 8 KiB comes through an animation of QR codes although pictures are lost, damaged, out of order
and mixed with those of another animation; and nothing but that document comes through.

Method: cold_tool writes the texts, qr_tool draws them, this test spoils the pictures, another people's reader (zbarimg)
reads them, cold_tool puts the document together.
"""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/kit"))

import process  # noqa: E402
import tap  # noqa: E402

COLD, QR = sys.argv[1:3]
SEED = int(os.environ.get("KURAMORI_SEED", "1"))
folder = process.temp_dir("kq-")
TYPE = "kuramori-test"
MEDIUM = 1


def run(*words, stdin=b""):
    done = subprocess.run([str(word) for word in words], input=stdin, capture_output=True, timeout=60)
    assert done.returncode in (0, 4), done.stderr[-500:]  # 4: zbarimg saw no code in a picture
    return done.stdout


def texts(message, count, fragment=250):
    return [line.upper() for line in run(COLD, "ur-encode", TYPE, fragment, 0, count, message.hex()).decode().splitlines()]


class Picture:
    def __init__(self, text, scale=3):
        raw = run(QR, "pgm", scale, MEDIUM, text)
        head = re.match(rb"P5\n(\d+) (\d+)\n255\n", raw)
        self.side, self.head, self.dots = int(head[1]), head[0], bytearray(raw[head.end():])
        assert len(self.dots) == self.side * self.side

    def blot(self, rng, share):
        """A grey square over this share of the side, off the corners that a reader aims by."""
        width = int(self.side * share)
        x, y = (rng.randint(self.side // 3, self.side - self.side // 4 - width) for _ in range(2))
        for row in range(y, y + width):
            self.dots[row * self.side + x:row * self.side + x + width] = b"\x80" * width

    def noise(self, rng, share):
        for _ in range(int(share * len(self.dots))):
            self.dots[rng.randrange(len(self.dots))] = rng.choice((0, 255))

    def write(self, name):
        path = folder / f"{name}.pgm"
        path.write_bytes(self.head + self.dots)
        return path


def scan(paths):
    return run("zbarimg", "--raw", "--quiet", "-Sdisable", "-Sqrcode.enable", *paths).decode().splitlines()


def decode(lines):
    return run(COLD, "ur-decode", TYPE, stdin="".join(line + "\n" for line in lines).encode()).decode().split()


def wrapped(content):
    return b"\x59" + len(content).to_bytes(2, "big") + content


@tap.test
def a_whole_picture_is_read():
    for length in (1, 40, 400, 1300):
        (text,) = texts(wrapped(bytes(length + 255)), 1, fragment=2000)
        assert scan([Picture(text).write("one")]) == [text]


@tap.test
def half_blocks_are_the_same_picture():
    (text,) = texts(wrapped(bytes(range(200)) * 2), 1, fragment=500)
    lines = run(QR, "blocks", 1, MEDIUM, text).decode().splitlines()
    picture = Picture(text, scale=1)
    for row, line in enumerate(lines):
        cells = line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")
        assert len(cells) == picture.side
        for column, cell in enumerate(cells):
            upper, lower = cell in "▀█", cell in "▄█"
            at = 2 * row * picture.side + column
            assert (picture.dots[at] == 0) == upper
            below = at + picture.side
            assert (below < len(picture.dots) and picture.dots[below] == 0) == lower


@tap.test
def a_document_of_8_kib_over_a_bad_road():
    rng = random.Random(SEED)
    print(f"# seed {SEED}")
    message, other = wrapped(rng.randbytes(8192)), wrapped(rng.randbytes(8192))
    shown = texts(message, 90)
    shuffled = rng.sample(shown, len(shown))  # 33 fragments; of 60 pictures a bad road leaves too few at times
    lost = blotted = 0
    paths = [Picture(shuffled[0]).write("p-000")]  # the first picture that is read says which animation it is
    for number, text in enumerate(shuffled[1:], 1):
        what = rng.random()
        if what < 0.15:
            lost += 1
            continue
        picture = Picture(text)
        if what < 0.3:
            picture.blot(rng, 0.4)  # too much for any reader
            blotted += 1
        elif what < 0.45:
            picture.blot(rng, 0.08)
        elif what < 0.6:
            picture.noise(rng, 0.01)
        paths.append(picture.write(f"p-{number:03}"))
        if what > 0.9:
            paths.append(Picture(rng.choice(texts(other, 60))).write(f"q-{number:03}"))
    lines = scan(paths)
    print(f"# {len(shown)} pictures, {lost} lost, {blotted} blotted out; {len(lines)} read")
    assert len(lines) < len(paths)
    answer = decode(lines)
    assert answer[0] == "message" and bytes.fromhex(answer[1]) == message, answer[:5]
    print(f"# whole after {answer[2]} texts; the document is {len(texts(message, 1)[0])} characters a text")


@tap.test
def another_animation_brings_nothing():
    rng = random.Random(SEED + 1)
    mine, foreign = texts(wrapped(rng.randbytes(2000)), 4), texts(wrapped(rng.randbytes(2000)), 40)
    paths = [Picture(text).write(f"r-{number:02}") for number, text in enumerate(mine[:2] + foreign[:12])]
    assert decode(scan(paths)) == ["progress", "2", "9", "0", "12"]


tap.run()
