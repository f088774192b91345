/** `login`, `logout` and who one is: against a real service with http_basic, and a fake Keystone. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliProcess, runCli } from "../../helpers/cli-process.ts";
import { FAKE_DRIVERS } from "./fake-drivers.ts";
import { FakeKeystone, PASSWORD, TOKEN, UNAUTHORIZED } from "./keystone.ts";
import { TerminalProcess } from "./pseudo-terminal.ts";

interface End {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe("bmcon login", function () {
  this.timeout(60_000);
  let folder: string;
  let env: Record<string, string>;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-login-"));
    env = { XDG_CONFIG_HOME: folder };
    file = join(folder, "baremetal-console", "login.json");
  });

  afterEach(() => rm(folder, { recursive: true }));

  const run = (args: string[], more: Record<string, string> = {}, stdin = ""): Promise<End> =>
    runCli(args, { env: { ...env, ...more }, stdin });

  async function ok(args: string[], more?: Record<string, string>, stdin?: string): Promise<End> {
    const end = await run(args, more, stdin);
    assert.equal(end.status, 0, `${args.join(" ")}: ${end.stderr}`);
    return end;
  }

  describe("at a service with http_basic", () => {
    let data: string;
    let service: CliProcess;
    let url: string;

    before(async () => {
      data = await mkdtemp(join(tmpdir(), "bmc-login-data-"));
      await runCli(["user", "add", "ada", "--data-dir", data], { stdin: `${PASSWORD}\n` });
      service = new CliProcess(
        ["all", "--data-dir", data, "-o", "DEFAULT.auth_strategy=http_basic"],
        {
          ...FAKE_DRIVERS,
          OS_API__PORT: "0",
          OS_VNC__PORT: "0",
        },
      );
      url = (await service.untilSays(/started .*api=(http:\S+)/))[1] ?? "";
    });

    after(async () => {
      service.kill("SIGTERM");
      await service.end();
      await rm(data, { recursive: true });
    });

    it("remembers a checked password, for this user's eyes, until logout", async () => {
      const login = ["login", "--url", url, "--user", "ada", "--password-stdin"];
      const end = await ok(login, { OS_PASSWORD: "not this one" }, `${PASSWORD}\n`);
      assert.match(end.stderr, /^logged in to http:.* as ada/);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal((await ok(["node", "list", "--json"])).stdout, "[]\n");
      const shown = JSON.parse((await ok(["login", "--show", "--json"])).stdout) as object;
      assert.deepEqual(shown, {
        url,
        kind: "http_basic",
        user: "ada",
        expires_at: null,
        expired: false,
        auth_url: null,
        cacert: null,
        file,
      });
      assert.doesNotMatch((await ok(["login", "--show"])).stdout, new RegExp(PASSWORD));
      await ok(["logout"]);
      const after = await run(["node", "list", "--url", url]);
      assert.equal(after.status, 4, after.stderr);
    });

    it("asks a person for the password, without showing it", async () => {
      const terminal = new TerminalProcess(["login", "--url", url, "--user", "ada"], env);
      await terminal.untilShows("Password of ada: ");
      terminal.type(`${PASSWORD}\r`);
      await terminal.untilShows("logged in to");
      const end = await terminal.end();
      assert.deepEqual(end, { status: 0, signal: null, restored: true });
      assert.ok(!terminal.screen.includes(PASSWORD));
      await ok(["node", "list"]);
    });

    it("remembers nothing that the service refused", async () => {
      const end = await run(
        ["login", "--url", url, "--user", "ada", "--password-stdin"],
        {},
        "x\n",
      );
      assert.equal(end.status, 4, end.stderr);
      await assert.rejects(stat(file), /ENOENT/);
    });

    it("warns before a password goes over the network in the clear", async () => {
      /* this machine, by an address that does not say so; nobody listens at tcpmux */
      const elsewhere = ["login", "--url", "http://0.0.0.0:1", "--user", "ada", "--password-stdin"];
      const end = await run(elsewhere, {}, "x\n");
      assert.match(end.stderr, /^warning: http:\/\/0\.0\.0\.0:1 is not https/);
      assert.equal(end.status, 3);
    });

    it("says what is missing when nobody said who they are", async () => {
      const end = await run(["login", "--url", url]);
      assert.equal(end.status, 4);
      assert.match(end.stderr, /--user NAME, --token-stdin or --cloud NAME/);
    });

    it("never shows what it remembers to another service", async () => {
      await ok(["login", "--url", url, "--user", "ada", "--password-stdin"], {}, `${PASSWORD}\n`);
      const keystone = await FakeKeystone.start();
      try {
        await run(["node", "list", "--url", keystone.endpoint]);
        assert.deepEqual(keystone.shown, [undefined]);
      } finally {
        await keystone.stop();
      }
    });

    it("uses options before BMCON_*, these before OS_*, and these before what it remembers", async () => {
      await ok(["login", "--url", url, "--user", "ada", "--password-stdin"], {}, `${PASSWORD}\n`);
      const nobody = "http://127.0.0.1:1";
      const reached = async (args: string[], more: Record<string, string>): Promise<boolean> =>
        (await run(["node", "list", ...args], more)).status === 0;
      assert.ok(await reached([], {}));
      assert.ok(!(await reached([], { OS_ENDPOINT: nobody })));
      assert.ok(await reached([], { OS_ENDPOINT: nobody, BMCON_URL: url }));
      assert.ok(!(await reached(["--url", nobody], { BMCON_URL: url })));
      const wrong = { OS_USERNAME: "ada", OS_PASSWORD: "wrong" };
      assert.equal((await run(["node", "list"], wrong)).status, 4);
      const right = { ...wrong, BMCON_USERNAME: "ada", BMCON_PASSWORD: PASSWORD };
      assert.ok(await reached([], right));
    });

    it("does not use a file that others can read", async () => {
      await ok(["login", "--url", url, "--user", "ada", "--password-stdin"], {}, `${PASSWORD}\n`);
      await chmod(file, 0o644);
      const end = await run(["node", "list"]);
      assert.equal(end.status, 4);
      assert.match(end.stderr, /can be read by others.*chmod 600/);
    });
  });

  describe("through Keystone", () => {
    let keystone: FakeKeystone;

    beforeEach(async () => {
      keystone = await FakeKeystone.start();
    });

    afterEach(() => keystone.stop());

    const clouds = async (cloud: string, secure = ""): Promise<void> => {
      await mkdir(join(folder, "openstack"), { recursive: true });
      const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, "    ");
      await writeFile(
        join(folder, "openstack", "clouds.yaml"),
        `clouds:\n  mine:\n${indent(cloud)}`,
      );
      if (secure !== "")
        await writeFile(
          join(folder, "openstack", "secure.yaml"),
          `clouds:\n  mine:\n${indent(secure)}`,
        );
    };

    it("takes a cloud of clouds.yaml, and remembers its token but not the password", async () => {
      await clouds(
        `auth:\n  auth_url: ${keystone.authUrl}\n  username: ada\n  project_name: demo\n  user_domain_name: Default\n  project_domain_id: default\nregion_name: east\n`,
        `auth:\n  password: ${PASSWORD}\n`,
      );
      await ok(["login", "--cloud", "mine"]);
      assert.deepEqual(keystone.logins, [
        {
          identity: {
            methods: ["password"],
            password: { user: { name: "ada", domain: { name: "Default" }, password: PASSWORD } },
          },
          scope: { project: { name: "demo", domain: { id: "default" } } },
        },
      ]);
      const saved = await readFile(file, "utf8");
      assert.ok(saved.includes(TOKEN) && !saved.includes(PASSWORD));
      assert.match((await ok(["node", "list", "--fields", "name"])).stdout, /^n1$/m);
      assert.equal(keystone.logins.length, 1);
      const shown = (await ok(["login", "--show"])).stdout;
      assert.match(shown, /^user +ada$/m);
      assert.match(shown, /^expires_at +2999-01-01T/m);
      assert.ok(!shown.includes(TOKEN));
    });

    it("says when the remembered token has expired", async () => {
      await clouds(
        `auth:\n  auth_url: ${keystone.authUrl}\n  username: ada\n  password: ${PASSWORD}\nregion_name: east\n`,
      );
      keystone.expiresAt = "2001-01-01T00:00:00.000000Z";
      await ok(["login", "--cloud", "mine"]);
      const end = await run(["node", "list"]);
      assert.equal(end.status, 4);
      assert.match(end.stderr, /expired at 2001-01-01T.*bmcon login/);
      assert.equal(keystone.shown.length, 1);
    });

    for (const [what, more, identity] of [
      [
        "a password",
        { OS_USERNAME: "ada", OS_PASSWORD: PASSWORD, OS_AUTH_TYPE: "v3password" },
        {
          methods: ["password"],
          password: { user: { name: "ada", domain: { id: "default" }, password: PASSWORD } },
        },
      ],
      ["a token", { OS_TOKEN: TOKEN }, { methods: ["token"], token: { id: TOKEN } }],
      [
        "an application credential",
        {
          OS_AUTH_TYPE: "v3applicationcredential",
          OS_APPLICATION_CREDENTIAL_ID: "ac1",
          OS_APPLICATION_CREDENTIAL_SECRET: PASSWORD,
        },
        {
          methods: ["application_credential"],
          application_credential: { id: "ac1", secret: PASSWORD },
        },
      ],
    ] as const)
      it(`takes ${what} from the OS_* environment, without a login`, async () => {
        const region = { OS_AUTH_URL: keystone.authUrl, OS_REGION_NAME: "east" };
        const end = await ok(["node", "list", "--fields", "name"], { ...region, ...more });
        assert.match(end.stdout, /^n1$/m);
        assert.deepEqual(keystone.logins[0]?.["identity"], identity);
        assert.deepEqual(keystone.shown, [TOKEN]);
      });

    it("says what Keystone said when it refuses", async () => {
      const end = await run(["login"], {
        OS_AUTH_URL: keystone.authUrl,
        OS_USERNAME: "ada",
        OS_PASSWORD: "wrong-word",
      });
      assert.equal(end.status, 4);
      assert.ok(end.stderr.includes(UNAUTHORIZED));
      assert.doesNotMatch(end.stderr, /wrong-word/);
    });

    it("names what the catalog lacks", async () => {
      const end = await run(["login"], {
        OS_AUTH_URL: keystone.authUrl,
        OS_USERNAME: "ada",
        OS_PASSWORD: PASSWORD,
        OS_REGION_NAME: "north",
      });
      assert.equal(end.status, 5);
      assert.match(end.stderr, /no public endpoint of a baremetal service in region "north"/);
    });

    it("takes a bare token, sent to the service as it is", async () => {
      const login = ["login", "--url", keystone.endpoint, "--token-stdin"];
      await ok(login, {}, `${TOKEN}\n`);
      assert.deepEqual(keystone.shown, [TOKEN]);
      assert.deepEqual(keystone.logins, []);
      const refused = await run(login, {}, "two words\n");
      assert.equal(refused.status, 2);
      assert.doesNotMatch(refused.stderr, /two words/);
    });

    it("takes clouds without Keystone: none and http_basic", async () => {
      await clouds(`auth_type: none\nauth:\n  endpoint: ${keystone.endpoint}\n`);
      assert.equal((await run(["node", "list", "--cloud", "mine"])).status, 4);
      assert.deepEqual(keystone.shown, [undefined]);
      await clouds(
        `auth_type: http_basic\nauth:\n  endpoint: ${keystone.endpoint}\n  username: ada\n  password: x\n`,
      );
      await run(["node", "list"], { OS_CLOUD: "mine" });
      assert.equal(keystone.shown.length, 2);
    });

    for (const [what, yaml, status, message] of [
      ["no such cloud", "auth: {}\n", 2, /no cloud "other".*there are mine/],
      ["an unknown way", "auth_type: v3oidcpassword\n", 2, /"v3oidcpassword".*not supported/],
      ["a vendor's profile", "profile: vexxhost\n", 2, /profile "vexxhost".*not supported/],
      ["no auth_url", "auth_type: password\nauth: {username: a, password: b}\n", 2, /no auth_url/],
      ["no YAML", "auth: {password: calvin\n", 2, /is no YAML/],
    ] as const)
      it(`says so when clouds.yaml has ${what}`, async () => {
        await clouds(yaml);
        const name = what === "no such cloud" ? "other" : "mine";
        const end = await run(["login", "--cloud", name]);
        assert.equal(end.status, status, end.stderr);
        assert.match(end.stderr, message);
        assert.doesNotMatch(end.stderr, /calvin/);
      });

    it("says where it looked when there is no clouds.yaml", async () => {
      const end = await run(["login", "--cloud", "mine"]);
      assert.equal(end.status, 2);
      assert.match(end.stderr, /openstack\/clouds\.yaml/);
    });
  });
});
