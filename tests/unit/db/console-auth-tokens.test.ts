import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { InvalidToken, NodeNotFound } from "../../../common/errors.ts";
import { openEngine } from "../../../db/open-engine.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import { openDatabase } from "../../../db/connect.ts";
import {
  closedAfterTest,
  databaseOptions,
  describeOnEveryDatabase,
} from "../../helpers/database.ts";
import { SettableClock, authorize, createNode } from "./samples.ts";

describeOnEveryDatabase("console auth tokens", (fresh, kind) => {
  it("validates a token to the grant it was made for", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createNode(database);
    const { token, grant } = await database.tokens.authorize({
      nodeUuid: uuid,
      consoleType: "serial",
      mode: "view",
      userId: "alice",
      projectId: null,
      ttlSeconds: 600,
    });
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(grant, {
      id: grant.id,
      nodeUuid: uuid,
      consoleType: "serial",
      mode: "view",
      userId: "alice",
      projectId: null,
      closeUrl: null,
      createdAt: clock.now(),
      expiresAt: clock.now() + 600_000,
    });
    assert.deepEqual(await database.tokens.validate(token), grant);
    assert.deepEqual(await database.tokens.validate(token, uuid), grant);
  });

  it("answers unknown, foreign, revoked and expired tokens alike", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const [mine, foreign] = [await createNode(database), await createNode(database)];
    const expired = await authorize(database, mine.uuid, 1);
    clock.advance(1);
    const revoked = await authorize(database, foreign.uuid);
    assert.equal(await database.tokens.cleanForNode(foreign.uuid), 1);
    const valid = await authorize(database, mine.uuid);
    const refused: [string, string?][] = [
      ["x".repeat(43)],
      [""],
      ["\0"],
      [`${valid}x`],
      [valid.toLowerCase() === valid ? valid.toUpperCase() : valid.toLowerCase()],
      [valid, foreign.uuid],
      [valid, ""],
      [revoked],
      [expired],
      [expired, mine.uuid],
    ];
    for (const [token, nodeUuid] of refused)
      await assert.rejects(database.tokens.validate(token, nodeUuid), new InvalidToken());
    await database.tokens.validate(valid, mine.uuid);
  });

  it("lets a token live up to the millisecond of its expiry", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createNode(database);
    const token = await authorize(database, uuid, 600);
    clock.advance(599.999);
    await database.tokens.validate(token);
    clock.advance(0.001);
    await assert.rejects(database.tokens.validate(token), InvalidToken);
  });

  it("stores the SHA-256 and never the token", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const database = closedAfterTest(await openDatabase(options));
    const token = await authorize(database, (await createNode(database)).uuid);
    const engine = await openEngine(options, false);
    const rows: unknown = await engine.knex("console_auth_tokens").select();
    await engine.close();
    const text = JSON.stringify(rows);
    assert.ok(text.includes(createHash("sha256").update(token).digest("hex")));
    assert.ok(!text.includes(token));
  });

  it("refuses a grant for an unknown node", async () => {
    const database = await fresh();
    const uuid = randomUUID();
    await assert.rejects(authorize(database, uuid), new NodeNotFound(uuid));
  });

  it("deletes expired tokens and no others", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createNode(database);
    for (const seconds of [1, 2]) await authorize(database, uuid, seconds);
    const living = await authorize(database, uuid, 3);
    clock.advance(2);
    assert.equal(await database.tokens.cleanExpired(), 2);
    assert.equal(await database.tokens.cleanExpired(), 0);
    await database.tokens.validate(living);
  });

  it("revokes the tokens of one node and no others", async () => {
    const database = await fresh();
    const [first, second] = [await createNode(database), await createNode(database)];
    await authorize(database, first.uuid);
    await authorize(database, first.uuid);
    const kept = await authorize(database, second.uuid);
    assert.equal(await database.tokens.cleanForNode(first.uuid), 2);
    await database.tokens.validate(kept);
  });
});
