/** What a login costs: one bcrypt check, then none for a while, and never more than a bound at once. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Authenticator } from "../../../../api/auth/authenticator.ts";
import { createHttpBasicAuthenticator } from "../../../../api/auth/http-basic.ts";
import { loadConfig } from "../../../../common/config/load.ts";
import { NotAuthenticated, TemporaryFailure } from "../../../../common/errors.ts";
import { silentLogger } from "../../../../common/log.ts";

/** Only its form matters; the verification is injected. */
const HASH = `$2y$05$${"a".repeat(53)}`;

describe("the cost of http_basic", () => {
  let folder: string;
  let now: number;
  let checked: string[];
  let answer: (password: string) => Promise<boolean>;
  let authenticator: Authenticator;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-basic-"));
    writeFileSync(join(folder, "htpasswd"), `alice:${HASH}\n`);
    now = 1_000_000;
    checked = [];
    answer = (password) => Promise.resolve(password === "right");
    authenticator = createHttpBasicAuthenticator(
      {
        config: loadConfig({ overrides: { "DEFAULT.state_path": folder } }),
        log: silentLogger(),
        clock: { now: () => now },
      },
      (password) => {
        checked.push(password.toString());
        return answer(password.toString());
      },
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const login = (user: string, password: string, from = "192.0.2.1"): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const request = { headers: { authorization }, socket: { remoteAddress: from } };
    return authenticator.authenticate(request as IncomingMessage, "req-1");
  };

  it("is one check for a user's first request and none for the next", async () => {
    await login("alice", "right");
    await login("alice", "right");
    assert.deepEqual(checked, ["right"]);
  });

  it("is a check again after a minute", async () => {
    await login("alice", "right");
    now += 60_001;
    await login("alice", "right");
    assert.equal(checked.length, 2);
  });

  it("is a check for every wrong password, which is never remembered", async () => {
    for (const _again of [1, 2]) await assert.rejects(login("alice", "wrong"), NotAuthenticated);
    assert.equal(checked.length, 2);
  });

  it("is the same for a user who does not exist", async () => {
    await assert.rejects(login("mallory", "right"), NotAuthenticated);
    assert.equal(checked.length, 1);
  });

  /** Checks that end only when they are told to. */
  const held = (): { finish: (right: boolean) => void } => {
    const verdicts: ((right: boolean) => void)[] = [];
    let decided: boolean | undefined;
    answer = () =>
      decided === undefined
        ? new Promise((resolve) => verdicts.push(resolve))
        : Promise.resolve(decided);
    return {
      finish: (right) => {
        decided = right;
        for (const verdict of verdicts) verdict(right);
      },
    };
  };

  it("is two hashes at a time, however many wrong logins are in flight", async () => {
    const { finish } = held();
    const flood = Array.from({ length: 64 }, (_none, index) => login("alice", `pw${index}`));
    const answers = Promise.allSettled(flood);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(checked, ["pw0", "pw1"]);
    finish(false);
    const errors = (await answers).map((one) => (one as PromiseRejectedResult).reason as Error);
    assert.equal(errors.filter((error) => error instanceof NotAuthenticated).length, 6);
    assert.equal(errors.filter((error) => error instanceof TemporaryFailure).length, 58);
  });

  it("locks nobody else out while one address has 64 wrong logins in flight", async () => {
    const { finish } = held();
    const flood = Promise.allSettled(
      Array.from({ length: 64 }, (_none, index) => login("alice", `pw${index}`, "203.0.113.9")),
    );
    const other = login("alice", "right");
    await new Promise((resolve) => setImmediate(resolve));
    answer = (password) => Promise.resolve(password === "right");
    finish(false);
    await other;
    assert.ok(checked.indexOf("right") <= 3, "after the two under way and at most one in line");
    await flood;
  });

  it("locks nobody out while fifteen addresses fill every place in line", async () => {
    const { finish } = held();
    const flood = Promise.allSettled(
      Array.from({ length: 150 }, (_none, index) =>
        login("alice", `pw${index}`, `203.0.113.${index % 15}`),
      ),
    );
    const other = login("alice", "right");
    await new Promise((resolve) => setImmediate(resolve));
    answer = (password) => Promise.resolve(password === "right");
    finish(false);
    await other;
    await flood;
  });

  it("is one check for twenty requests at the same time with the same password", async () => {
    await Promise.all(Array.from({ length: 20 }, () => login("alice", "right")));
    assert.deepEqual(checked, ["right"]);
  });

  it("is none for who logged in a moment ago, also while his address floods", async () => {
    await login("alice", "right");
    const { finish } = held();
    const flood = Promise.allSettled(
      Array.from({ length: 64 }, (_none, index) => login("alice", `pw${index}`)),
    );
    await login("alice", "right");
    finish(false);
    await flood;
  });
});
