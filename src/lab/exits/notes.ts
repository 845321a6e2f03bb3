/** What must be known beside the tables of a recording: what was given, what was left out. */
import type { ExitsResult } from './validate-exits.ts';

/** The notes as lines. */
export function exitsNotes({ facts, tally }: ExitsResult): string[] {
  const { upcalls, alike, read, readAlike } = tally.total;
  const notes = [
    `given: in ${read} of ${upcalls} upcalls nothing but Xen's first answer shows that a send came; it was read, as was IF`,
    `not given: ${alike - readAlike} of the other ${upcalls - read} alike`,
    `left out: ${tally.cut} upcalls cut off by the recording's ends or by lost records`,
    `left out: ${tally.selfIpis} interrupts that are no upcalls (${tally.selfIpisAlike} as predicted)`,
    `left out: ${tally.morePasses} more window records of entries that looped for a softirq`,
  ];
  if (facts.lostRecords > 0) notes.push(`lost: ${facts.lostRecords} records`);
  if (facts.droppedBytes > 0) notes.push(`cut off: ${facts.droppedBytes} bytes of a last record`);
  return notes;
}
