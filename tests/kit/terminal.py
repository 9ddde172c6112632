# SPDX-License-Identifier: Apache-2.0
"""A program at a terminal of its own, as a person has it: what it shows, what he types, in turn."""

import os
import pty
import re
import select
import signal
import time


class Terminal:
    """argv runs with a pseudo-terminal as its controlling one."""

    def __init__(self, argv, env=None, wait=30):
        self.wait = wait
        self.text = ""  # all that was shown
        self.at = 0     # up to where expect() has read
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execve(argv[0], [str(a) for a in argv], {**os.environ, "LC_ALL": "C", **(env or {})})
            finally:
                os._exit(127)

    def _more(self, until):
        ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
        if not ready:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            got = b""
        self.text += got.decode(errors="replace").replace("\r\n", "\n")
        return bool(got)

    def expect(self, *words):
        """Waits until one of these is shown; which one. Gives (word, what stood before it)."""
        until = time.monotonic() + self.wait
        while True:
            found = [(self.text.find(word, self.at), word) for word in words]
            found = [(at, word) for at, word in found if at >= 0]
            if found:
                at, word = min(found)
                before, self.at = self.text[self.at:at], at + len(word)
                return word, before
            if not self._more(until):
                raise AssertionError(f"waited for {words}, and it showed: {self.text[self.at:]!r}")

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def key(self, byte):
        os.write(self.fd, byte)

    def end(self):
        """Waits for its end; the exit code, or minus the signal."""
        until = time.monotonic() + self.wait
        while self._more(until):
            pass
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"it does not end: {self.text[-500:]!r}")
            time.sleep(0.01)

    def screen(self):
        """What stands on the screen: what came after it was cleared last."""
        return self.text.rsplit("\x1b[H\x1b[2J\x1b[3J", 1)[-1]


def words_of_card(text):
    """The words of a card as kuramori-cold shows it: number, word, four a row."""
    found = dict((int(n), word) for n, word in re.findall(r"(\d+) ([a-z]+)", text.split("\n\n", 1)[1]))
    return [found[n] for n in range(1, len(found) + 1)]
