/** Every failure ends here: one line (or JSON) on standard error, and the documented exit code. */
import { Exit, ModelBug, UserError } from '../model/errors.ts';

/** Reports a failure and sets the exit code. */
export function fail(error: unknown, json: boolean): void {
  const { code, exit, message } = describe(error);
  const text = json ? JSON.stringify({ error: { code, exit, message } }) : `upcall: ${message}`;
  process.stderr.write(`${text}\n`);
  process.exitCode = exit;
}

function describe(error: unknown): { code: string; exit: number; message: string } {
  if (error instanceof UserError) return { code: error.code, exit: error.exit, message: error.message };
  if (error instanceof ModelBug) {
    return {
      code: 'model-bug',
      exit: Exit.modelBug,
      message: `broken invariant, please report: ${error.message}`,
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', exit: Exit.modelBug, message };
}
