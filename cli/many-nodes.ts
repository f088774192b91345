/**
 * The same work on many nodes at once: a few at a time, one node's failure does not stop the others,
 * results in the order in which the nodes were named.
 */
import type { Command } from "commander";
import { ConsoleServiceError, InvalidParameterValue, messageOf } from "../common/errors.ts";
import { escaped } from "../common/printable.ts";
import type { CliIo } from "./cli-io.ts";
import { printRows, type Row } from "./output.ts";
import { progressLine } from "./progress-line.ts";

const PARALLEL = 16;
const MOST_PARALLEL = 256;

export interface ManyFlags {
  readonly parallel?: string;
}

export type NodeResult<T> =
  | { readonly node: string; readonly worked: true; readonly value: T }
  | { readonly node: string; readonly worked: false; readonly error: unknown };

/** Adds `--parallel` to a command. */
export function withManyOptions(command: Command): Command {
  return command.option("--parallel <n>", `nodes at a time (default ${PARALLEL})`);
}

/**
 * @param title of the progress line, for example "power off"
 * @param work for one node; what it throws is that node's failure
 */
export async function forEachNode<T>(
  io: CliIo,
  nodes: readonly string[],
  options: { readonly title: string; readonly flags: ManyFlags },
  work: (node: string) => Promise<T>,
): Promise<NodeResult<T>[]> {
  const results: NodeResult<T>[] = [];
  const progress = progressLine(io);
  const waiting = nodes.entries();
  const count = { done: 0, failed: 0 };
  const show = (): void => {
    const left = nodes.length - count.done - count.failed;
    if (nodes.length > 1)
      progress.show(
        `${options.title}: ${count.done} done, ${count.failed} failed, ${left} left of ${nodes.length}`,
      );
  };
  const worker = async (): Promise<void> => {
    for (const [index, node] of waiting) {
      try {
        results[index] = { node, worked: true, value: await work(node) };
        count.done += 1;
      } catch (error) {
        results[index] = { node, worked: false, error };
        count.failed += 1;
      }
      show();
    }
  };
  const workers = Math.min(nodes.length, parallelOf(options.flags));
  show();
  try {
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    progress.end();
  }
  return results;
}

/**
 * Prints a row a result, with a column `error` when there is one, and fails when one failed. One node
 * alone fails as itself, without a table.
 * @param rowsOf rows of one node that worked; `node` is put in front
 * @throws {AggregateError} of all failures
 */
export function printResults<T>(
  io: CliIo,
  results: readonly NodeResult<T>[],
  options: { readonly columns: readonly string[]; readonly json: boolean },
  rowsOf: (value: T) => readonly Row[],
): void {
  const failed = failuresOf(results);
  if (results.length === 1 && failed[0] && !options.json) throw failed[0].error;
  const rows = results.flatMap((result): Row[] =>
    result.worked
      ? rowsOf(result.value).map((row) => ({ node: result.node, ...row }))
      : [{ node: result.node, error: sentenceOf(result.error) }],
  );
  const errors = failed.length > 0 || options.json ? ["error"] : [];
  printRows(io, rows, ["node", ...options.columns, ...errors], options.json);
  failWhenFailed(results);
}

/** @throws {AggregateError} of all failures; the failure itself when there was one node only */
export function failWhenFailed(results: readonly NodeResult<unknown>[]): void {
  const errors = failuresOf(results).map(({ error }) => error);
  if (errors.length === 0) return;
  if (results.length === 1) throw errors[0];
  throw new AggregateError(errors, `${errors.length} of ${results.length} nodes failed`);
}

/** What went wrong with one node, on one line. A defect of ours keeps its stack. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ConsoleServiceError || !(error instanceof Error))
    return escaped(messageOf(error));
  return escaped(error.stack ?? error.message);
}

function failuresOf(results: readonly NodeResult<unknown>[]): readonly { error: unknown }[] {
  return results.flatMap((result) => (result.worked ? [] : [{ error: result.error }]));
}

function parallelOf(flags: ManyFlags): number {
  if (flags.parallel === undefined) return PARALLEL;
  const number = /^\d{1,4}$/.test(flags.parallel) ? Number(flags.parallel) : 0;
  if (number < 1 || number > MOST_PARALLEL)
    throw new InvalidParameterValue(
      `--parallel must be 1 to ${MOST_PARALLEL}, not "${flags.parallel}"`,
    );
  return number;
}
