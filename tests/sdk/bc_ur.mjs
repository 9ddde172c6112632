// SPDX-License-Identifier: Apache-2.0
// bc-ur, unmodified, for test_cold.py: one request a line of standard input, one answer a line.
//   {"encode": HEX, "type", "fragment", "seq", "count"} -> {"texts": [...]}
//   {"decode": [TEXTS]}                                 -> {"message": HEX, "type", "read"} or {"progress"}
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.argv[2] + '/');
const { UR, UREncoder, URDecoder } = require('@ngraveio/bc-ur');

function encode(r) {
  const encoder = new UREncoder(new UR(Buffer.from(r.encode, 'hex'), r.type), r.fragment, r.seq, 10);
  return { texts: Array.from({ length: r.count }, () => encoder.nextPart()) };
}

function decode(r) {
  const decoder = new URDecoder();
  let read = 0;
  for (const text of r.decode) {
    decoder.receivePart(text);
    read++;
    if (decoder.isComplete()) {
      if (!decoder.isSuccess()) return { error: decoder.resultError() };
      const ur = decoder.resultUR();
      return { message: ur.cbor.toString('hex'), type: ur.type, read };
    }
  }
  return { progress: decoder.estimatedPercentComplete() };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(request.encode === undefined ? decode(request) : encode(request)));
}
