# SPDX-License-Identifier: Apache-2.0
"""Gate: systemd's own judge finds no more exposure in our units than we said.

Goal: nobody takes a wall out of a unit unseen, and each program's unit has the walls of its kind.
Method: `systemd-analyze security --offline=true` gives each unit its level, which must be at most the
one below; and each directive below must stand in the unit with this value. Test of the test: for
each directive a copy without it must be found, by our own reading and, where systemd weighs it, by
systemd's.

units.py FOLDER
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What is left is named by `systemd-analyze security`: no root folder of its own, Unix sockets, the rtc
# that ProtectClock=yes lets be read; and for those who speak HTTP to nodes, the network.
LEVELS = {"kuramori-signer": 0.2, "kuramori-watch": 0.9, "kuramorid": 1.1}
EVERY = {"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "PrivateDevices": "yes",
         "PrivateTmp": "yes", "PrivateMounts": "yes", "PrivateUsers": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
         "ProtectClock": "yes", "ProtectHostname": "yes", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes",
         "ProtectKernelLogs": "yes", "ProtectControlGroups": "yes", "ProtectProc": "invisible", "ProcSubset": "pid",
         "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
         "MemoryDenyWriteExecute": "yes", "RemoveIPC": "yes", "SystemCallArchitectures": "native", "LimitCORE": "0"}
OWN = {"kuramori-signer": {"User": "kuramori-signer", "PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX",
                           "IPAddressDeny": "any", "NoExecPaths": "/", "UMask": "0077"},
       "kuramori-watch": {"User": "kuramori-watch", "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "IPAddressDeny": "any"},
       "kuramorid": {"User": "kuramorid", "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "UMask": "0077"}}
WEIGHED = ("PrivateNetwork", "NoNewPrivileges", "CapabilityBoundingSet", "ProtectSystem", "SystemCallFilter", "User",
           "RestrictNamespaces")


def walls_missing(text, name):
    """Directives of EVERY and OWN that the unit does not have with their value."""
    missing = []
    for key, value in {**EVERY, **OWN[name]}.items():
        if re.findall(rf"^{key}=(.*)$", text, re.M) != [value]:
            missing.append(f"{key}={value}")
    if not re.search(r"^SystemCallFilter=@system-service", text, re.M):
        missing.append("SystemCallFilter")
    return missing


def level(path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env={**os.environ, "SYSTEMD_LOG_LEVEL": "err", "LC_ALL": "C"})
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    return float(found.group(1)) if found else None


def without(text, key):
    return re.sub(rf"^{key}=.*\n", "", text, flags=re.M)


def main():
    folder = pathlib.Path(sys.argv[1])
    results = []

    def result(well, words, why=""):
        results.append(well)
        print(f"{'ok' if well else 'not ok'} {len(results)} - {words}")
        if why:
            print(f"# {why}")

    units = {path.stem: path.read_text() for path in sorted(folder.glob("*.service"))}
    result(units.keys() == LEVELS.keys(), "every unit is known here", str(sorted(units)))
    for name, text in units.items():
        missing = walls_missing(text, name)
        result(not missing, f"{name}: every wall of its kind stands", ", ".join(missing))
        blind = [key for key in {**EVERY, **OWN[name], "SystemCallFilter": ""} if not walls_missing(without(text, key), name)]
        result(not blind, f"{name}: each one taken away is missed", ", ".join(blind))
    if shutil.which("systemd-analyze") is None:
        result(True, "systemd's own level # SKIP no systemd-analyze here (Debian package systemd)")
    else:
        with tempfile.TemporaryDirectory() as place:
            for name, text in units.items():
                path = pathlib.Path(place) / f"{name}.service"
                path.write_text(text)
                now = level(path)
                result(now is not None and now <= LEVELS[name], f"{name}: exposure {now}, at most {LEVELS[name]}")
                unseen = []
                for key in WEIGHED:
                    if re.search(rf"^{key}=", text, re.M):
                        path.write_text(without(text, key))
                        if (level(path) or 0.0) <= LEVELS[name]:
                            unseen.append(key)
                result(not unseen, f"{name}: systemd sees each of the heavy ones missing", ", ".join(unseen))
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
