import type { CommandModule } from 'yargs';
import { compareTable, type Labelled } from '../../lab/compare.ts';
import { runFile } from '../../lab/run-file.ts';
import { guessedNumbers } from '../../lab/scenario.ts';
import { RECORDINGS, recordingFile } from '../../lab/scenarios.ts';
import {
  BREAK_EVEN_GUESTS,
  BREAK_EVEN_MACHINES,
  breakEvenLines,
  breakEvens,
  breakEvenTable,
  studySections,
} from '../../lab/study.ts';
import { histTable, runsTable, stagesTable } from '../../lab/tables.ts';
import { studyText } from '../../report/study-text.ts';
import { bundled } from '../context.ts';
import { COMPARED, type ScenarioOptions, scenariosOf, withOutput, withScenario } from '../options.ts';
import { emit, note, type OutputOptions, prepareOutput } from '../output.ts';

/** `upcall study`: the main job, on the bundled recordings. */
export const studyCommand: CommandModule<object, ScenarioOptions & OutputOptions> = {
  command: 'study',
  describe:
    'the main job: what upcalls and binds cost on the bundled recordings, and when the strategy matters',
  builder: (y) => withScenario(withOutput(y), COMPARED),
  handler: async (o) => {
    prepareOutput(o);
    const scenarios = scenariosOf(o, COMPARED);
    const runs: Labelled[] = [];
    for (const recording of RECORDINGS) {
      if (process.stderr.isTTY) note(`replaying ${recording}`);
      for (const scenario of scenarios) runs.push(await runFile(bundled(recordingFile(recording)), scenario));
    }
    const points = breakEvens(BREAK_EVEN_MACHINES, BREAK_EVEN_GUESTS);
    const results = runs.map((r) => r.result);
    const main = runsTable(results);
    const files = [
      ['runs', main],
      ['stages', stagesTable(results)],
      ['hist', histTable(results)],
      ['compare', compareTable(runs)],
      ['break-even', breakEvenTable(points)],
    ] as const;
    const inputs = RECORDINGS.map((r) => bundled(recordingFile(r)));
    const of = new Set(scenarios.map((s) => `${guessedNumbers(s).machine} of ${s.machine.name}`));
    const lumps = `${guessedNumbers(scenarios[0]!).kernel} of the kernel's lumps, the same for every machine`;
    const guessed = `Numbers nobody could source, marked guessed in "upcall machines show NAME": ${[...of, lumps].join(', ')}.`;
    const text = studyText(studySections(runs), breakEvenLines(points), guessed, o.out);
    emit({ main, text, files, inputs }, o);
  },
};
