import assert from "node:assert/strict";
import { InvalidToken, NodeNotFound } from "../../../common/errors.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

describe("authorizeConsoleLog", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let now = 1_000_000;

  beforeEach(async () => {
    now = 1_000_000;
    world = await ConductorWorld.create({ clock: { now: () => now } });
    conductor = await world.start();
  });
  afterEach(() => world.stop());

  it("gives a token for reading the log, for a minute, to be told from console links", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const token = await conductor.api.authorizeConsoleLog(CONTEXT, uuid);
    const grant = await world.database.tokens.validate(token, uuid);
    assert.equal(grant.mode, "log");
    assert.equal(grant.consoleType, "serial");
    assert.equal(grant.userId, "alice-id");
    assert.equal(grant.projectId, "project-a");
    now += 60_000;
    await assert.rejects(world.database.tokens.validate(token, uuid), InvalidToken);
  });

  it("gives it while the console is off, and while another task holds the node", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await world.database.nodes.update(uuid, { consoleEnabled: false });
    await world.database.nodes.reserve(uuid, "somebody-else");
    const token = await conductor.api.authorizeConsoleLog(CONTEXT, uuid);
    await world.database.tokens.validate(token, uuid);
  });

  it("opens no session", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const token = await conductor.api.authorizeConsoleLog(CONTEXT, uuid);
    await assert.rejects(
      world.database.sessions.open({
        token,
        nodeUuid: uuid,
        sourceAddress: "192.0.2.1",
        userAgent: null,
        proxyHost: "proxy1",
        maxSessionsPerNode: 10,
      }),
      InvalidToken,
    );
  });

  it("gives none for a node that is not there", async () => {
    await assert.rejects(
      conductor.api.authorizeConsoleLog(CONTEXT, "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"),
      NodeNotFound,
    );
  });
});
