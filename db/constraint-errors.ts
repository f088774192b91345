/** Reads which named rule of the schema a refused statement broke, on both dialects. */

/** FACT(sqlite.org/rescode.html): extended result codes. */
const SQLITE_UNIQUE: readonly unknown[] = [2067, 1555]; /* unique, primary key */
const SQLITE_FOREIGN_KEY = 787;
/** FACT(PostgreSQL manual, appendix A): error codes. */
const PG_UNIQUE = "23505";
const PG_FOREIGN_KEY = "23503";

interface DriverError {
  readonly errcode?: unknown;
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly message?: unknown;
}

/** @returns the column of `table` whose uniqueness was violated; undefined for any other error */
export function takenColumn(error: unknown, table: string): string | undefined {
  const { errcode, code, constraint, message } = (error ?? {}) as DriverError;
  const text = SQLITE_UNIQUE.includes(errcode) ? message : code === PG_UNIQUE ? constraint : "";
  const pattern = new RegExp(`\\b${table}(?:\\.(\\w+)|_(\\w+)_unique)`);
  const match = pattern.exec(String(text));
  return match?.[1] ?? match?.[2];
}

export function isForeignKeyViolation(error: unknown): boolean {
  const { errcode, code } = (error ?? {}) as DriverError;
  return errcode === SQLITE_FOREIGN_KEY || code === PG_FOREIGN_KEY;
}
