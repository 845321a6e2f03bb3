/** Kinds of micro-ops, for the stream fingerprint, the tape and the tests. */
export const Uop = {
  alu: 0,
  shift: 1,
  bitScan: 2,
  imul: 3,
  div: 4,
  branch: 5,
  load: 6,
  store: 7,
  rmw: 8,
  lock: 9,
  call: 10,
  ret: 11,
  indirectCall: 12,
  jump: 13,
  serialise: 14,
  fence: 15,
  repStos: 16,
  lump: 17,
  filler: 18,
} as const;

/** Number of kinds. */
export const UOP_KINDS = 19;
