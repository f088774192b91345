import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  readSavedLogin,
  removeSavedLogin,
  savedLoginFile,
  saveLogin,
} from "../../../../cli/login/saved-login.ts";
import { NotAuthenticated } from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";

describe("the saved login", () => {
  let folder: string;
  let env: Record<string, string>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-login-"));
    env = { XDG_CONFIG_HOME: join(folder, "config") };
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const login = {
    url: "https://bm.example",
    credentials: { kind: "http_basic", user: "ada", password: new Secret("calvin") },
    tls: { cacert: "/etc/ca.pem" },
  } as const;

  it("comes back as it was saved", async () => {
    await saveLogin(env, login);
    const read = await readSavedLogin(env);
    assert.equal(read?.url, login.url);
    assert.ok(read.credentials?.kind === "http_basic");
    assert.equal(read.credentials.user, "ada");
    assert.equal(read.credentials.password.reveal(), "calvin");
    assert.deepEqual(read.tls, login.tls);
  });

  it("keeps a token with its end, and whose it is", async () => {
    const token = { kind: "token", token: new Secret("gAAAA") } as const;
    await saveLogin(env, { url: "http://x", credentials: token, expiresAt: 5, user: "ada" });
    const read = await readSavedLogin(env);
    assert.ok(read?.credentials?.kind === "token");
    assert.equal(read.credentials.token.reveal(), "gAAAA");
    assert.deepEqual([read.expiresAt, read.user], [5, "ada"]);
  });

  it("is for its owner's eyes alone, with nothing else beside it", async () => {
    const file = await saveLogin(env, login);
    assert.equal(file, join(folder, "config", "baremetal-console", "login.json"));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
    await saveLogin(env, login);
    assert.deepEqual(readdirSync(dirname(file)), ["login.json"]);
  });

  it("is below ~/.config without XDG_CONFIG_HOME", () => {
    assert.equal(
      savedLoginFile({ HOME: "/home/ada", XDG_CONFIG_HOME: "" }),
      "/home/ada/.config/baremetal-console/login.json",
    );
  });

  for (const mode of [0o640, 0o604, 0o660])
    it(`is not used when others can read it (${mode.toString(8)})`, async () => {
      chmodSync(await saveLogin(env, login), mode);
      await assert.rejects(
        readSavedLogin(env),
        (error) => error instanceof NotAuthenticated && /chmod 600/.test(error.message),
      );
    });

  it("is not followed through a link", async () => {
    const file = savedLoginFile(env);
    mkdirSync(dirname(file), { recursive: true });
    const elsewhere = join(folder, "elsewhere");
    writeFileSync(elsewhere, "{}", { mode: 0o600 });
    symlinkSync(elsewhere, file);
    await assert.rejects(readSavedLogin(env), NotAuthenticated);
    await saveLogin(env, login);
    assert.equal(readFileSync(elsewhere, "utf8"), "{}");
  });

  for (const text of [
    "",
    "[]",
    "{}",
    '{"version":1}',
    '{"version":2,"url":"http://x","kind":"none"}',
  ])
    it(`is none of ours as ${text || "nothing"}`, async () => {
      writeFileSync(await saveLogin(env, login), text);
      await assert.rejects(readSavedLogin(env), /is no saved login/);
    });

  it("does not exist at first, and can be forgotten once", async () => {
    assert.equal(await readSavedLogin(env), undefined);
    await saveLogin(env, login);
    assert.equal(await removeSavedLogin(env), true);
    assert.equal(await removeSavedLogin(env), false);
  });
});
