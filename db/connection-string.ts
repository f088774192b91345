/** Reads `[database]connection`. Never puts a password into a message. */
import { isAbsolute } from "node:path";
import { StartupError } from "../common/errors.ts";

export type ConnectionTarget =
  | { readonly dialect: "sqlite"; readonly path: string; readonly inMemory: boolean }
  | { readonly dialect: "postgresql"; readonly url: string };

const SQLITE_PREFIX = "sqlite://";
const MEMORY = ":memory:";

/**
 * @param text `sqlite:///ABSOLUTE/PATH` (taken as it stands, nothing is percent-decoded),
 * `sqlite://:memory:`, `postgresql://USER:PASSWORD@HOST:PORT/NAME?options` as libpq has it
 * @throws {StartupError} for anything else
 */
export function parseConnectionString(text: string): ConnectionTarget {
  if (text.startsWith(SQLITE_PREFIX)) {
    const path = text.slice(SQLITE_PREFIX.length);
    if (path === MEMORY) return { dialect: "sqlite", path, inMemory: true };
    if (!isAbsolute(path) || path.endsWith("/") || path.includes("\0"))
      throw new StartupError(
        `[database]connection "${text}" names no absolute path of a file, as sqlite:///ABSOLUTE/PATH does`,
      );
    return { dialect: "sqlite", path, inMemory: false };
  }
  if (/^postgres(ql)?:\/\//.test(text)) return { dialect: "postgresql", url: text };
  throw new StartupError(
    "[database]connection starts with neither sqlite:// nor postgresql://, the databases that are supported",
  );
}

/** The connection string without user, password and options, for log lines and errors. */
export function describeConnection(target: ConnectionTarget): string {
  if (target.dialect === "sqlite") return SQLITE_PREFIX + target.path;
  try {
    const { protocol, host, pathname } = new URL(target.url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return "postgresql";
  }
}
