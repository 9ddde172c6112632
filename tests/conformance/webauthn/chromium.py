#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Assertions of Chromium and its virtual authenticators, recorded over DevTools.

Goal: what a real browser sends is what src/policy reads.

Method: a headless Chromium opens https://approve.example (answered by DevTools, no network), makes a
credential in each kind of virtual authenticator and answers the challenge of an approval's id.

    chromium.py record          prints chromium.inc, with the version that made it
    chromium.py live JUDGE      TAP: makes new ones and has JUDGE (test_assertion) judge them;
                                skipped where there is no chromium
"""
import base64
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "kit"))
import websocket  # noqa: E402

PARTY, ORIGIN = "approve.example", "https://approve.example"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
START_S, ANSWER_S = 60, 30

KINDS = (
    ("a USB key (CTAP 2), ES256", {"protocol": "ctap2", "transport": "usb"}, -7),
    ("a USB key (CTAP 2.1), ES256", {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "usb"}, -7),
    ("a platform authenticator, ES256", {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}, -7),
    ("a USB key, Ed25519", {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "usb"}, -8),
    ("a synchronised passkey, ES256", {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                                      "defaultBackupEligibility": True, "defaultBackupState": True}, -7),
)

MAKE = """(async () => {
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b)));
  const c = await navigator.credentials.create({publicKey: {
    challenge: new Uint8Array(32), rp: {id: "%s", name: "Kuramori"},
    user: {id: new Uint8Array(16), name: "aiko", displayName: "Aiko"},
    pubKeyCredParams: [{type: "public-key", alg: %d}],
    authenticatorSelection: {userVerification: "required"}}});
  return JSON.stringify({credential: text(c.rawId), spki: text(c.response.getPublicKey()),
                         algorithm: c.response.getPublicKeyAlgorithm()});
})()"""

ASK = """(async () => {
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b)));
  const bytes = (t) => Uint8Array.from(atob(t), (c) => c.charCodeAt(0));
  const a = await navigator.credentials.get({publicKey: {
    challenge: bytes("%s"), rpId: "%s", userVerification: "required",
    allowCredentials: [{type: "public-key", id: bytes("%s")}]}});
  return JSON.stringify({authenticator_data: text(a.response.authenticatorData),
                         client_data: text(a.response.clientDataJSON), signature: text(a.response.signature)});
})()"""


class Browser:
    """One headless Chromium and the page in it."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="kuramori-chromium-")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-port=0",
             f"--user-data-dir={self.folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.calls, self.socket = 0, None
        try:
            port = self._port()
            page = next(t for t in self._get(port, "/json/list") if t["type"] == "page")
            self.version = self._get(port, "/json/version")["Browser"]
            self.socket = websocket.WebSocket(
                port, page["webSocketDebuggerUrl"].split(str(port), 1)[1], timeout=ANSWER_S)
        except BaseException:
            self.close()
            raise

    def _port(self):
        path, end = Path(self.folder) / "DevToolsActivePort", time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"chromium ended with {self.process.returncode}")
            if path.exists() and "\n" in path.read_text():
                return int(path.read_text().split("\n")[0])
            time.sleep(0.05)
        raise RuntimeError(f"chromium names no port for DevTools within {START_S} s")

    @staticmethod
    def _get(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def _message(self):
        """The next one; a page that is asked for is answered on the way."""
        while True:
            opcode, payload = self.socket.read()
            if opcode == websocket.TEXT:
                break
        message = json.loads(payload)
        if message.get("method") == "Fetch.requestPaused":
            page = base64.b64encode(b"<!doctype html><title>approve</title>").decode()
            self._send("Fetch.fulfillRequest", requestId=message["params"]["requestId"],
                       responseCode=200, body=page,
                       responseHeaders=[{"name": "Content-Type", "value": "text/html"}])
        return message

    def _send(self, method, **params):
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method, "params": params}).encode())
        return self.calls

    def call(self, method, **params):
        wanted = self._send(method, **params)
        while True:
            message = self._message()
            if message.get("id") == wanted:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url):
        self.call("Page.enable")
        self.call("Fetch.enable", patterns=[{"urlPattern": "https://*"}])
        self.call("Page.navigate", url=url)
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
                           userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"].get("exception", result)))
        return json.loads(result["result"]["value"])

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def record(browser, name, kind, algorithm, approvals):
    """Rows of one authenticator: two answers each, so that a counter is seen to move."""
    device = browser.call("WebAuthn.addVirtualAuthenticator", options={
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        **kind})["authenticatorId"]
    made = browser.run(MAKE % (PARTY, algorithm))
    spki = base64.b64decode(made["spki"])
    key = spki[-64:] if algorithm == -7 else spki[-32:]  # an uncompressed point; 32 bytes
    rows = []
    for approval in approvals:
        challenge = base64.b64encode(bytes.fromhex(approval)).decode()
        said = browser.run(ASK % (challenge, PARTY, made["credential"]))
        parts = [base64.b64decode(x).hex() for x in (made["credential"], said["authenticator_data"],
                                                     said["client_data"], said["signature"])]
        rows.append((name, approval, "es256" if algorithm == -7 else "eddsa", key.hex(), *parts))
    browser.call("WebAuthn.removeVirtualAuthenticator", authenticatorId=device)
    return rows


def rows_of(browser, random):
    browser.open(ORIGIN + "/")
    browser.call("WebAuthn.enable")
    rows = []
    for name, kind, algorithm in KINDS:
        salt = os.urandom(16) if random else b""
        approvals = [hashlib.sha256(salt + f"{name} {n}".encode()).hexdigest() for n in range(2)]
        rows += record(browser, name, kind, algorithm, approvals)
    return rows


def main():
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if sys.argv[1:] == ["record"]:
        with Browser(program) as browser:
            rows = rows_of(browser, random=False)
            print("/* SPDX-License-Identifier: Apache-2.0 */")
            print(f"/* Recorded by tests/conformance/webauthn/chromium.py from {browser.version}. */")
        for name, approval, algorithm, *parts in rows:
            print(f'{{ "{name}", "{approval}", "{algorithm}",\n' +
                  ",\n".join(f'  "{part}"' for part in parts) + ", ERR_OK },")
        return 0
    if program is None:
        print("1..0 # SKIP no chromium: what it said once stands in chromium.inc")
        return 0
    with Browser(program) as browser:
        rows, version = rows_of(browser, random=True), browser.version
    print(f"1..{len(rows)}\n# {version}")
    failed = 0
    for number, row in enumerate(rows, 1):
        good = subprocess.run([sys.argv[2], "--judge", *row[1:]], stdout=subprocess.DEVNULL,
                              check=False).returncode == 0
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {row[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
