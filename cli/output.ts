/** Prints answers as a table for people or as JSON for programs; control characters never reach a terminal. */
import { escaped, escapedInJson } from "../common/printable.ts";
import { printLine, type CliIo } from "./cli-io.ts";

export type Row = Readonly<Record<string, unknown>>;

/** @param columns names of the rows' fields, in this order */
export function printRows(
  io: CliIo,
  rows: readonly Row[],
  columns: readonly string[],
  asJson: boolean,
): void {
  if (asJson) {
    const picked = rows.map((row) =>
      Object.fromEntries(columns.map((name) => [name, row[name] ?? null])),
    );
    return printJson(io, picked);
  }
  const cells = [columns, ...rows.map((row) => columns.map((name) => cellText(row[name])))];
  const widths = columns.map((_, column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of cells)
    printLine(
      io.stdout,
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

/** One thing: a line a field. */
export function printFields(io: CliIo, fields: Row, asJson: boolean): void {
  if (asJson) return printJson(io, fields);
  const names = Object.keys(fields);
  const width = Math.max(0, ...names.map((name) => name.length));
  for (const name of names)
    printLine(io.stdout, `${name.padEnd(width)}  ${cellText(fields[name])}`.trimEnd());
}

function printJson(io: CliIo, value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split("\n");
  printLine(io.stdout, lines.map(escapedInJson).join("\n"));
}

/** A value on one line. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return escaped(text);
}
