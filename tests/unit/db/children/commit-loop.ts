/**
 * A child process for tests: works on the database without pause and says on stdout what was
 * acknowledged, one JSON line each, until it is killed or has done its rounds.
 * Arguments: connection string, name of this child, number of rounds.
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { systemClock } from "../../../../common/clock.ts";
import { silentLogger } from "../../../../common/log.ts";
import { openDatabase } from "../../../../db/connect.ts";
import { authorize, createConsoleNode, openRequest } from "../samples.ts";

export type Acknowledged =
  | { readonly did: "create" | "reserve"; readonly node: string }
  | { readonly did: "open" | "close"; readonly node: string; readonly session: string };

const [connection = "", name = "", rounds = ""] = process.argv.slice(2);

function acknowledge(fact: Acknowledged): void {
  writeSync(1, `${JSON.stringify(fact)}\n`);
}

const database = await openDatabase({
  connection,
  maxPoolSize: 2,
  log: silentLogger(),
  clock: systemClock,
});
for (let round = 0; round < Number(rounds); round++) {
  const { uuid: node } = await createConsoleNode(database);
  acknowledge({ did: "create", node });
  await database.nodes.reserve(node, name);
  acknowledge({ did: "reserve", node });
  const request = openRequest(await authorize(database, node), {
    proxyHost: name,
    userAgent: randomUUID().repeat(50),
  });
  for (const reason of ["tenant_closed", undefined]) {
    const { id } = (await database.sessions.open(request)).session;
    acknowledge({ did: "open", node, session: id });
    if (reason === undefined) continue;
    const counters = { lastInputAt: 1, bytesToTenant: 2, bytesToHost: 3 };
    await database.sessions.close(id, reason, counters);
    acknowledge({ did: "close", node, session: id });
  }
}
await database.close();
