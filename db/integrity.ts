/** Looks for damage in a database, for operators after an accident and for tests that cause one. */
import type { Row } from "./columns.ts";
import { type DatabaseOptions, openEngine } from "./open-engine.ts";

/** PostgreSQL watches over itself (checksums, amcheck), so there only broken references are looked for. */
const BROKEN_REFERENCES = {
  "console_auth_tokens.node_uuid":
    "select count(*) as broken from console_auth_tokens where node_uuid not in (select uuid from nodes)",
  "conductor_hardware_interfaces.hostname":
    "select count(*) as broken from conductor_hardware_interfaces where hostname not in (select hostname from conductors)",
} as const;

/**
 * @returns one sentence for each problem; empty when there is none
 * @throws {StartupError} when the database cannot be opened at all
 */
export async function findDamage(options: DatabaseOptions): Promise<string[]> {
  const engine = await openEngine(options, false);
  try {
    const problems: string[] = [];
    if (engine.dialect === "sqlite") {
      const { rows } = await engine.run(engine.statement("pragma integrity_check"), []);
      problems.push(...rows.map(sayDamage).filter((sentence) => sentence !== "ok"));
    }
    for (const [place, query] of Object.entries(BROKEN_REFERENCES)) {
      const { rows } = await engine.run(engine.statement(query), []);
      const broken = Number(rows[0]?.["broken"]);
      if (broken > 0) problems.push(`${broken} rows of ${place} refer to nothing`);
    }
    return problems;
  } finally {
    await engine.close();
  }
}

function sayDamage(row: Row): string {
  return String(Object.values(row)[0]);
}
