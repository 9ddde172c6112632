#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what two people tick off on paper is the page, all of it, in its order, and nothing of it is off the sheet.

Method: tools/print-page prints docs/ceremony.md and docs/founding.md; somebody else's reader (pdftotext of poppler) gives back the words and where
they stand. Then pages that are wrong or unkind: what is not understood is refused, what is too long stays on the sheet.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT, RIGHT, FOOT, HEAD = 56, 546, 842 - 69, 842 - 781   # as pdftotext counts: from the upper left corner


def printed(folder, page, expect=0):
    """(the PDF or None, what was complained of)."""
    source, out = Path(folder) / "page.md", Path(folder) / "page.pdf"
    out.unlink(missing_ok=True)
    source.write_bytes(page if isinstance(page, bytes) else page.encode())
    done = subprocess.run([ROOT / "tools/print-page", source, out], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, (done.returncode, done.stderr)
    return (out.read_bytes() if out.exists() else None), done.stderr


def seen(folder, raw):
    """[(x, y, x2, y2, word)] of each sheet, by another reader."""
    path = Path(folder) / "seen.pdf"
    path.write_bytes(raw)
    done = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, timeout=60, check=True)
    assert not done.stderr, done.stderr
    pages = done.stdout.split("<page ")[1:]
    row = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
    unescape = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'", "&amp;": "&"}
    return [[(*map(float, m.groups()[:4]), re.sub(r"&\S+?;", lambda e: unescape[e[0]], m[5])) for m in row.finditer(page)]
            for page in pages]


def letters_of(page):
    """What a page says, without its marks and blanks."""
    page = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", re.sub(r"^\|[-|]+\|$", "", page, flags=re.M))
    page = re.sub(r"^(#+|- \[ \]) ", "", page, flags=re.M)
    page = re.sub(r"^\|.*\|$", lambda row: row[0].replace("|", ""), page, flags=re.M)
    return re.sub(r"[\s`]|\*\*", "", page)


def drawings(raw):
    return re.findall(rb"stream\n(.*?)\nendstream", raw, re.S)


def said(raw):
    """The texts of each sheet in the order in which they are drawn: [(size, y, text)]."""
    row = re.compile(rb"BT /F\d ([\d.]+) Tf [\d.]+ ([\d.]+) Td \((.*?)\) Tj ET")
    return [[(float(m[1]), float(m[2]), re.sub(rb"\\(.)", rb"\1", m[3]).decode()) for m in row.finditer(one)]
            for one in drawings(raw)]


class Page(unittest.TestCase):
    PAGE, SHEETS = "docs/ceremony.md", range(5, 14)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.page = (ROOT / self.PAGE).read_text()

    def body(self, raw):
        """What is drawn between head and foot of the sheets."""
        return [[one for one in sheet if 69 < one[1] < 781 and one[0] > 7] for sheet in said(raw)]

    def on_the_sheet(self, raw):
        for sheet in seen(self.folder.name, raw):
            for x, y, x2, y2, word in sheet:
                self.assertTrue(LEFT <= x < x2 <= RIGHT, (x, x2, word))
                inside = HEAD - 2 <= y < y2 <= FOOT + 2
                self.assertTrue(inside or y > FOOT + 10 or y2 < HEAD - 8, (y, y2, word))

    def test_every_letter_is_there_in_order(self):
        raw, _ = printed(self.folder.name, self.page)
        drawn = "".join(text for sheet in self.body(raw) for _, _, text in sheet)
        self.assertEqual(re.sub(r"\s", "", drawn), letters_of(self.page))
        # and another reader sees the same letters
        letters = sorted("".join(word for sheet in seen(self.folder.name, raw) for *_, word in sheet))
        self.assertEqual(letters, sorted(re.sub(r"\s", "", "".join(text for sheet in said(raw) for *_, text in sheet))))
        self.on_the_sheet(raw)

    def test_boxes_names_sheets_and_sum(self):
        raw, _ = printed(self.folder.name, self.page)
        self.assertEqual(sum(one.count(b" 9 9 re S") for one in drawings(raw)), self.page.count("\n- [ ] "))
        ticked = sum("\n- [ ] " in part for part in self.page.split("\n## "))
        self.assertEqual(raw.count(b"(read it out and watched)"), ticked)
        sheets = len(drawings(raw))
        self.assertIn(sheets, self.SHEETS)
        for n in range(1, sheets + 1):
            self.assertEqual(raw.count(b"(sheet %d of %d)" % (n, sheets)), 1)
        digest = hashlib.sha256(self.page.encode()).hexdigest().encode()
        self.assertEqual(raw.count(digest), sheets)
        self.assertEqual(printed(self.folder.name, self.page)[0], raw)     # the same page, the same bytes
        # one letter more is another sum on each sheet
        self.assertNotIn(digest, printed(self.folder.name, self.page + "x\n")[0])

    def test_no_heading_ends_a_sheet(self):
        for pad in range(1, 60, 7):     # wherever the rest falls
            raw, _ = printed(self.folder.name, "# A page\n\n" + "line\n\n" * pad + self.page.split("\n", 1)[1])
            for sheet in self.body(raw):
                self.assertLess(max(sheet, key=lambda one: -one[1])[0], 11, pad)

    def test_a_section_that_fits_is_not_torn(self):
        item = "- [ ] " + "a step of the ceremony " * 4 + "\n"
        raw, _ = printed(self.folder.name, "# A\n\n## First\n\n" + item * 20 + "\n## Second\n\n" + item * 20)
        self.assertEqual([len(drawings(raw)), *(one.count(b" 9 9 re S") for one in drawings(raw))], [2, 20, 20])
        # and one that does not is torn between items, with the names behind the last
        raw, _ = printed(self.folder.name, "# A\n\n## First\n\n" + item * 60)
        self.assertEqual(sum(one.count(b" 9 9 re S") for one in drawings(raw)), 60)
        self.assertIn(b" 9 9 re S", drawings(raw)[-1])
        self.assertEqual([b"(did it)" in one for one in drawings(raw)], [False] * (len(drawings(raw)) - 1) + [True])
        self.on_the_sheet(raw)

    def test_what_is_long_stays_on_the_sheet(self):
        row = f"| {'W' * 200} | " + "x (y) \\ " * 60 + "|\n"
        for page in ("# A\n\n" + "W" * 2000 + "\n", "# A\n\n- [ ] `" + "m" * 400 + "` and **" + "W" * 300 + "**\n",
                     "# A\n\n| a | b |\n|---|---|\n" + row * 30,
                     "# " + "A long title " * 20 + "\n\ntext\n"):
            raw, _ = printed(self.folder.name, page)
            drawn = "".join(text for sheet in self.body(raw) for _, _, text in sheet)
            if "|---|" not in page:
                self.assertEqual(re.sub(r"\s", "", drawn), letters_of(page))
            self.on_the_sheet(raw)
        raw, _ = printed(self.folder.name, "# A\n\n| head | b |\n|---|---|\n" + "| c | d |\n" * 100)
        self.assertEqual(raw.count(b"(head)"), len(drawings(raw)))     # a table's head on each sheet

    def test_lines_to_type_stand_as_they_are(self):
        raw, _ = printed(self.folder.name, "# A\n\n    one=1\n    two=2 3\n\ntext\n")
        self.assertEqual([text for _, _, text in self.body(raw)[0]][1:3], ["one=1", "two=2 3"])

    def test_what_is_not_understood_is_refused(self):
        for page, why in (("# A\n\ncaf\u00e9\n", "line 3"), ("# A\n\n\u202eevil\n", "line 3"), ("# A\n\n\tx\n", "line 3"),
                          ("# A\n\n```\nx\n```\n", "line 3"), ("# A\n\n1. one\n", "line 3"), ("# A\n\n> said\n", "line 3"),
                          ("# A\n\n- one\n  - two\n", "line 4"), ("# A\n\n     code\n", "line 3"), ("# A\n\n    " + "m" * 91 + "\n", "line 3"), ("# A\n\n- [ ] a\n\n  b\n", "line 5"), ("# A\n\n| a | b |\n|---|---|\n| c |\n", "rows differ"),
                          ("# A\n\na `b\n", "without its other end"), ("# A\n\na **b\n", "without its other end"),
                          ("# A\n\n**a `b`**\n", "within another"),
                          ("# A\n\n- [ ] " + "word " * 5000 + "\n", "longer than a sheet"), (b"# A\n\n\xff\n", "")):
            raw, err = printed(self.folder.name, page, 1)
            self.assertIsNone(raw)
            self.assertIn(why, err)
        self.assertEqual(subprocess.run([ROOT / "tools/print-page"], capture_output=True).returncode, 2)


class Founding(Page):
    PAGE, SHEETS = "docs/founding.md", range(2, 6)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False).result.wasSuccessful() else 1)
