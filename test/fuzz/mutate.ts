/** Damage to bytes, chosen by a seeded stream. */
import type { RandomStream } from '../../src/model/random.ts';

/** Bytes that are special to many encodings: ends of ranges, continuation bits, line ends, separators. */
const SPECIAL = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x20, 0x2c, 0x2d, 0x30, 0x39];

/** A copy with one to four places changed. */
export function mutated(bytes: Buffer, random: RandomStream): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let n = 1 + random.below(4); n > 0; n--) result = once(result, random);
  return result;
}

function once(bytes: Buffer, random: RandomStream): Buffer {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(8);
  const piece = bytes.subarray(at, at + length);
  switch (random.below(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = SPECIAL[random.below(SPECIAL.length)]!;
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(length, random.below(256)),
        bytes.subarray(at),
      ]);
    case 5:
      return bytes.subarray(0, at);
    default: {
      const from = random.below(bytes.length + 1);
      const other = bytes.subarray(from, from + length);
      return Buffer.concat([bytes.subarray(0, at), other, bytes.subarray(at + other.length)]);
    }
  }
}
