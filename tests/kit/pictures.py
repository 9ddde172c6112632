# SPDX-License-Identifier: Apache-2.0
"""Pictures of QR codes as a camera would have them: out of a PNG, a drawing or what stands on a terminal; spoiled; and
read by somebody else's reader (zbarimg). Also the texts themselves (UR), as a foe writes them."""

import fcntl
import hashlib
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUIET = 4


class Picture:
    """Dots in grey, one byte each, rows from the top."""

    def __init__(self, width, height, dots):
        self.width, self.height, self.dots = width, height, bytearray(dots)
        assert len(self.dots) == width * height

    def larger(self, scale):
        rows = (self.dots[y * self.width:(y + 1) * self.width] for y in range(self.height))
        wide = (bytes(dot for dot in row for _ in range(scale)) for row in rows)
        return Picture(self.width * scale, self.height * scale, b"".join(row * scale for row in wide))

    def blot(self, rng, share):
        """A grey square over this share of the side, off the corners that a reader aims by."""
        side = self.width
        width = int(side * share)
        x, y = (rng.randint(side // 3, side - side // 4 - width) for _ in range(2))
        for row in range(y, y + width):
            self.dots[row * side + x:row * side + x + width] = b"\x80" * width
        return self

    def noise(self, rng, share):
        for _ in range(int(share * len(self.dots))):
            self.dots[rng.randrange(len(self.dots))] = rng.choice((0, 255))
        return self

    def write(self, path):
        path.write_bytes(b"P5\n%d %d\n255\n" % (self.width, self.height) + self.dots)
        return path


def of_png(raw):
    """Of a PNG of one bit a dot without filters, as ours are; every check of a chunk is made."""
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(raw):
        size, name = struct.unpack(">I4s", raw[at:at + 8])
        data = raw[at + 8:at + 8 + size]
        assert struct.unpack(">I", raw[at + 8 + size:at + 12 + size])[0] == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    lines, size = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    assert len(lines) == size * height
    dots = bytearray()
    for y in range(height):
        line = lines[y * size:(y + 1) * size]
        assert line[0] == 0
        dots += bytes(255 if line[1 + x // 8] >> (7 - x % 8) & 1 else 0 for x in range(width))
    return Picture(width, height, dots)


def of_svg(text, scale=4):
    """The frames of one drawing, in order."""
    found = []
    for side, path in re.findall(r'viewBox="0 0 (\d+) \d+"><rect[^>]*/><path d="([^"]*)"/>', text):
        side = int(side)
        picture = Picture(side, side, b"\xff" * (side * side))
        for x, y, n in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
            at = int(y) * side + int(x)
            picture.dots[at:at + int(n)] = bytes(int(n))
        found.append(picture.larger(scale))
    return found


def of_blocks(lines, scale=4):
    """Of the lines of half blocks that a terminal shows: each character is two dots."""
    rows = []
    for line in lines:
        cells = line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")
        rows.append(bytes(0 if cell in "▀█" else 255 for cell in cells))
        rows.append(bytes(0 if cell in "▄█" else 255 for cell in cells))
    return Picture(len(rows[0]), len(rows), b"".join(rows)).larger(scale)


def scan(paths):
    """What zbarimg reads in these pictures, a text each; it says nothing of a picture that it cannot read."""
    done = subprocess.run(["zbarimg", "--raw", "--quiet", "-Sdisable", "-Sqrcode.enable", *map(str, paths)],
                          capture_output=True, timeout=120)
    assert done.returncode in (0, 4), done.stderr[-500:]  # 4: no code in one of them
    return done.stdout.decode().splitlines()


def bad_road(rng, folder, frames, foreign=(), spoil=True):
    """zbar's texts of these pictures: shuffled, some lost, some blotted out, some noisy, foreign ones between and one
    before all."""
    frames, foreign = list(frames), list(foreign)
    paths, lost = [], 0
    for number, picture in enumerate(rng.sample(frames, len(frames))):
        what = rng.random() if spoil else 1
        if what < 0.1:
            lost += 1
            continue
        if what < 0.25:
            picture.blot(rng, 0.4)  # too much for any reader
        elif what < 0.4:
            picture.noise(rng, 0.005)
        paths.append(picture.write(folder / f"road-{number:03}.pgm"))
    for number, picture in enumerate(foreign):
        paths.insert(rng.randint(1, len(paths)) if number else 0, picture.write(folder / f"foreign-{number:03}.pgm"))
    lines = scan(paths)
    print(f"# {len(frames)} pictures, {lost} lost, {len(foreign)} foreign; {len(lines)} read")
    return lines


class Screen:
    """A program on a terminal of this size."""

    def __init__(self, argv, rows=60, columns=130, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([str(a) for a in argv], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, env={**os.environ, "LC_ALL": "C", **(env or {})})
        os.close(slave)
        self.raw = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self):
        return self.raw.decode(errors="replace").replace("\r\n", "\n")

    def _more(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            got = os.read(self.master, 65536)
        except OSError:  # the other side is gone
            return False
        self.raw += got
        return bool(got)

    def until(self, condition, timeout=60):
        """Reads until condition(text) is true and gives what it gave."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := condition(self.text):
                return found
            if not self._more(0.2) and self.process.poll() is not None:
                break
        raise AssertionError(f"not seen: ...{self.text[-800:]}")

    def type(self, text):
        os.write(self.master, text.encode())

    def frames(self, text=None):
        """What was drawn so far, whole frames only: [(caption, Picture)]."""
        found = []
        for piece in (text or self.text).split("\x1b[H")[1:]:
            lines = piece.split("\n")
            blocks = [line for line in lines if line.startswith("\x1b[30;107m")]
            if len(lines) > len(blocks) > 0 and lines[len(blocks)].endswith("\x1b[K"):
                found.append((lines[len(blocks)].removesuffix("\x1b[K"), blocks))
        return found

    def end(self, expect=0):
        while self._more(0.2) or self.process.poll() is None:
            pass
        assert self.process.wait(timeout=30) == expect, self.text[-800:]
        os.close(self.master)
        return self.text


# ---- texts, as a foe writes them ----

WORDS = re.findall(r'^"(\w{4})",$', (ROOT / "src/ur/bytewords.inc").read_text(), re.M)
assert len(WORDS) == 256


def words_of(data):
    return "".join(WORDS[b][0] + WORDS[b][3] for b in data + zlib.crc32(data).to_bytes(4, "big"))


def bytes_of(text):
    pairs = {word[0] + word[3]: i for i, word in enumerate(WORDS)}
    data = bytes(pairs[text[i:i + 2]] for i in range(0, len(text), 2))
    assert zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")
    return data[:-4]


def parcel_text(documents=(), announcements=()):
    """One text of a parcel, by the page docs/ur.md."""
    def cbor(items):
        heads = (bytes([0x40 + len(b)]) if len(b) < 24 else b"\x58" + bytes([len(b)]) if len(b) < 256
                 else b"\x59" + len(b).to_bytes(2, "big") for b in items)
        return bytes([0x80 + len(items)]) + b"".join(head + item for head, item in zip(heads, items))
    items = cbor(documents) + cbor(announcements)
    digest = hashlib.sha256(b"kuramori parcel v1\n" + items).digest()
    return "ur:kuramori/" + words_of(b"\x83\x58\x20" + digest + items)


def mixed_in(text, at=20):
    """The part that a foe shows in place of this one (of the first round): five bytes of its fragment changed by the
    polynomial of CRC-32, so that every checksum of UR is what it was."""
    head, place, body = text.lower().split("/")
    part = bytearray(bytes_of(body))
    start = len(part) - fragment_size(part) + at
    for i in range(33):
        if 0x104c11db7 >> (32 - i) & 1:
            part[start + i // 8] ^= 1 << i % 8
    return f"{head}/{place}/{words_of(bytes(part))}".upper()


def fragment_size(part):
    """Of the last item of a part: CBOR bytes with a length in one, two or three bytes."""
    for head, size in ((3, lambda p: int.from_bytes(p[1:3], "big") if p[0] == 0x59 else -1),
                       (2, lambda p: p[1] if p[0] == 0x58 else -1), (1, lambda p: p[0] - 0x40)):
        for at in range(8, min(30, len(part) - head)):
            if size(part[at:at + head]) == len(part) - at - head:
                return len(part) - at - head
    raise AssertionError("no fragment")
