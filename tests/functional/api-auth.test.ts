/** HTTP basic authentication of the api, against a file that Apache's own htpasswd wrote. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { programsOrSkip } from "../helpers/stock-client.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";

const OPTIONS = { "DEFAULT.auth_strategy": "http_basic" };

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function addUser(folder: string, user: string, password: string): void {
  const line = execFileSync("htpasswd", ["-niB", "-C", "5", user], { input: password });
  appendFileSync(join(folder, "htpasswd"), line);
}

describe("http_basic authentication of the api", () => {
  let api: ApiUnderTest;
  before("look for Apache's htpasswd", function () {
    programsOrSkip(this, ["htpasswd"], "apt-get install apache2-utils");
  });
  beforeEach(async () => {
    api = await startApiUnderTest(OPTIONS, (folder) => {
      addUser(folder, "admin", "pass:wörd");
    });
  });
  afterEach(() => api?.stop());

  it("lets a user of the htpasswd file in, twice", async () => {
    for (const _again of [1, 2]) {
      const answer = await api.get("/v1/nodes", { headers: basic("admin", "pass:wörd") });
      assert.equal(answer.status, 200);
    }
  });

  it("tells the conductor who asks", async () => {
    const headers = basic("admin", "pass:wörd");
    await api.request("POST", "/v1/nodes", { headers, body: { driver: "fake-hardware" } });
    const [context] = api.conductor.lastCall("createNode")?.args ?? [];
    assert.equal((context as { userName: string }).userName, "admin");
    assert.match((context as { requestId: string }).requestId, /^req-/);
  });

  const refused = [
    ["no header", {}, 401, "Authorization required"],
    ["a wrong password", basic("admin", "nope"), 401, "Incorrect username or password"],
    ["an unknown user", basic("nobody", "pass:wörd"), 401, "Incorrect username or password"],
    ["an empty password", basic("admin", ""), 401, "Incorrect username or password"],
    [
      "another scheme",
      { authorization: "Bearer abc" },
      400,
      'Unsupported authorization type "Bearer"',
    ],
    [
      "bytes that are not base64",
      { authorization: "Basic %%%" },
      400,
      "Could not decode authorization token.",
    ],
    [
      "no colon",
      { authorization: `Basic ${Buffer.from("admin").toString("base64")}` },
      400,
      "Could not decode authorization token.",
    ],
    ["a scheme alone", { authorization: "Basic" }, 400, "Could not parse Authorization header."],
  ] as const;
  for (const [what, headers, status, message] of refused)
    it(`answers ${status} in its own form to ${what}`, async () => {
      const answer = await api.get("/v1/nodes", { headers });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.json, { error: { message, code: status } });
      assert.equal(
        answer.headers.get("www-authenticate"),
        status === 401 ? 'Basic realm="Baremetal API"' : null,
      );
    });

  it("leaves version documents and health open, and nothing else", async () => {
    for (const path of ["/", "/v1", "/v1/", "/healthz", "/readyz"])
      assert.equal((await api.get(path)).status, 200, path);
    for (const path of ["/v1/nodes", "/nodes", "/v1/nosuch", "//v1/nodes", "/v1/drivers"])
      assert.notEqual((await api.get(path)).status, 200, path);
  });

  it("knows a user who was added later, and no longer one who was removed", async () => {
    addUser(api.folder, "bob", "builder");
    assert.equal((await api.get("/v1/nodes", { headers: basic("bob", "builder") })).status, 200);
    const file = join(api.folder, "htpasswd");
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, lines.filter((line) => line.startsWith("bob:")).join("\n"));
    const answer = await api.get("/v1/nodes", { headers: basic("admin", "pass:wörd") });
    assert.equal(answer.status, 401);
  });

  it("forgets a remembered login when the password changes", async () => {
    const headers = basic("admin", "pass:wörd");
    assert.equal((await api.get("/v1/nodes", { headers })).status, 200);
    rmSync(join(api.folder, "htpasswd"));
    addUser(api.folder, "admin", "another-word");
    assert.equal((await api.get("/v1/nodes", { headers })).status, 401);
  });

  it("lets nobody in, with 503, while the file is unusable", async () => {
    writeFileSync(join(api.folder, "htpasswd"), "admin:{SHA}x\n");
    const answer = await api.get("/v1/nodes", { headers: basic("admin", "pass:wörd") });
    assert.equal(answer.status, 503);
    assert.ok(!faultString(answer).includes(api.folder));
  });

  it("lets a user of another address in while one keeps 80 wrong logins in flight", async () => {
    const attacker = new Agent({ maxSockets: 80 });
    const login = (localAddress: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        httpRequest(`${api.service.url}/v1/nodes`, {
          localAddress,
          headers,
          agent: localAddress === "127.0.0.2" ? attacker : false,
        })
          .on("response", (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .on("error", reject)
          .end();
      });
    try {
      /* Whoever is refused comes back at once, until the other one has been answered. */
      const done = new AbortController();
      let turnedAway = 0;
      let flooded = (): void => {};
      const full = new Promise<void>((resolve) => (flooded = resolve));
      const flood = Array.from({ length: 80 }, async (_none, index) => {
        for (let round = 0; !done.signal.aborted; round += 1) {
          const status = await login("127.0.0.2", basic("nobody", `pw-${index}-${round}`));
          if (status === 503) turnedAway += 1;
          if (turnedAway > 80) flooded();
        }
      });
      await full;
      const status = await login("127.0.0.1", basic("admin", "pass:wörd"));
      done.abort();
      await Promise.all(flood);
      assert.equal(status, 200);
    } finally {
      attacker.destroy();
    }
  });

  it("may listen on every address", async () => {
    const open = await startApiUnderTest({ ...OPTIONS, "api.host_ip": "0.0.0.0" }, (folder) => {
      addUser(folder, "admin", "x");
    });
    await open.stop();
  });

  it("does not start without the file and names the option", async () => {
    await assert.rejects(startApiUnderTest(OPTIONS), /http_basic_auth_user_file/);
  });

  it("does not start with hashes other than bcrypt and names every line", async () => {
    const start = startApiUnderTest(OPTIONS, (folder) => {
      addUser(folder, "admin", "x");
      const md5 = execFileSync("htpasswd", ["-nim", "carol"], { input: "x" });
      appendFileSync(join(folder, "htpasswd"), `${String(md5).trim()}\nnonsense\n`);
    });
    await assert.rejects(start, (error: Error) => {
      assert.match(
        error.message,
        /line 3: only bcrypt digested passwords are supported for "carol"/,
      );
      assert.match(error.message, /line 4 is not USER:HASH/);
      assert.ok(!error.message.includes("$apr1$"));
      return true;
    });
  });
});
