/**
 * Bitmaps drawn as text: one line a word, bit 0 first, blanks ignored, the word's number behind a bar.
 *
 *   "..1. .1.. | word 3"   bits 2 and 5 of word 3: ports 194 and 197
 */
export function drawnPorts(drawing: string): number[] {
  const ports: number[] = [];
  for (const line of drawing.split('\n')) {
    const m = /^\s*([.1 ]+)\|\s*word (\d+)\s*$/.exec(line);
    if (m === null) {
      if (line.trim() === '') continue;
      throw new Error(`not a drawn word: "${line}"`);
    }
    const bits = m[1]!.replaceAll(' ', '');
    for (let bit = 0; bit < bits.length; bit++) if (bits[bit] === '1') ports.push(64 * Number(m[2]) + bit);
  }
  return ports;
}
