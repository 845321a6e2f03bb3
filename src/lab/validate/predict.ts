/** From a row of measurements to what the model says about it: which case a kernel's name and parameters mean. */
import { traceError } from '../../model/errors.ts';
import type { Machine } from '../../x86/machine.ts';
import type { Case } from './case.ts';
import { bitmapCase } from './cases/bitmap.ts';
import { LIST_KERNELS, listCase } from './cases/list.ts';
import { findCase, freeListCase } from './cases/real-alloc.ts';
import { realUpcallCase } from './cases/real-upcall.ts';
import { rotorCase, scanCase } from './cases/scan.ts';
import { UPCALL_KINDS, upcallCase } from './cases/upcall.ts';
import type { Measurement } from './measurements.ts';
import { Parameters } from './parameters.ts';
import { type Layout, layoutOf } from './population.ts';
import { predictPrimitive } from './primitives/rows.ts';
import { measure, type Prediction } from './protocol.ts';
import { STATES, stateOf } from './states.ts';

/** Makes the case of a row. */
type CaseOf = (machine: Machine, p: Parameters, layout: Layout) => Case;

/** The judged kernels by name. */
const KERNELS = new Map<string, CaseOf>([
  ['lscan_inline', (m, p, l) => scanCase(m, p, l, true)],
  ['lscan_call', (m, p, l) => scanCase(m, p, l, false)],
  ['rotor', rotorCase],
  ['bmp_alloc', (m, p, l) => bitmapCase(m, p, l, false, false)],
  ['bmp_free', (m, p, l) => bitmapCase(m, p, l, false, true)],
  ['hbmp_alloc', (m, p, l) => bitmapCase(m, p, l, true, false)],
  ['hbmp_free', (m, p, l) => bitmapCase(m, p, l, true, true)],
  ...Object.keys(LIST_KERNELS).map((name): [string, CaseOf] => [name, (m, p, l) => listCase(m, name, p, l)]),
  ...UPCALL_KINDS.flatMap(
    (kind): Array<[string, CaseOf]> => [
      [`upcall_${kind}_and`, (m, p, l) => upcallCase(m, p, l, kind, false)],
      [`upcall_${kind}_btr`, (m, p, l) => upcallCase(m, p, l, kind, true)],
    ],
  ),
  ...['', '_clang'].flatMap(
    (compiler): Array<[string, CaseOf]> => [
      [`real_find_unused${compiler}`, (m, p, l) => findCase(m, p, l, compiler !== '')],
      [`real_alloc_pop${compiler}`, (m, p, l) => freeListCase(m, p, l, true)],
      [`real_release_push${compiler}`, (m, p, l) => freeListCase(m, p, l, false)],
      [`real_upcall_old${compiler}`, (m, p, l) => realUpcallCase(m, p, l, 'freebsd-a')],
      [`real_upcall_new${compiler}`, (m, p, l) => realUpcallCase(m, p, l, 'freebsd-c')],
    ],
  ),
]);

/** Whether the figures of a kernel are what the model is judged by. */
export function isJudged(kernel: string): boolean {
  return KERNELS.has(kernel);
}

/** Predicts a row; a UserError (exit 6) with file and line when a parameter, a state or a layout is none. */
export function predict(row: Measurement, machine: Machine): Prediction {
  const caseOf = KERNELS.get(row.kernel);
  if (caseOf === undefined) return predictPrimitive(row, machine) ?? { reason: 'unknown kernel' };
  const state = stateOf(row.state);
  if (state === undefined) throw traceError(row.where, `state "${row.state}"`, STATES.join(', '));
  const layout = layoutOf(row.layout);
  if (layout === undefined) {
    throw traceError(row.where, `layout "${row.layout}"`, 'seq or shuf, with or without 128 or 256');
  }
  return { figure: measure(caseOf(machine, new Parameters(row.param, row.where), layout), state) };
}
