#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The committed vectors are those that tests/tools/*_reference.py make: nobody edited them by hand.
set -eu
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$root/tests/tools/edk_reference.py" keccak >"$work/keccak"
cmp "$work/keccak" "$root/tests/unit/crypto/keccak_vectors.inc"
python3 "$root/tests/tools/edk_reference.py" edges >"$work/edges"
cmp "$work/edges" "$root/tests/conformance/vectors/edk_edges.inc"
python3 "$root/tests/tools/es256_reference.py" >"$work/es256"
cmp "$work/es256" "$root/tests/conformance/vectors/es256_edges.inc"
python3 "$root/tests/conformance/webauthn/formats.py" >"$work/formats"
cmp "$work/formats" "$root/tests/conformance/webauthn/formats.inc"
