/** Commands that need no running service: configuration, database, users, completion; and http_basic. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CliProcess, runCli } from "../helpers/cli-process.ts";

const execute = promisify(execFile);

describe("baremetal-console", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-setup-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("answers --help for every command, and --version", async () => {
    const program = await runCli(["--help"]);
    assert.equal(program.status, 0);
    assert.match(program.stdout, /Exit status:/);
    const commands = [...program.stdout.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? "");
    assert.ok(commands.includes("novncproxy") && commands.includes("session"));
    for (const command of ["all", "api", "node", "console", "db", "config", "user"]) {
      const help = await runCli([command, "--help"]);
      assert.equal(help.status, 0, command);
      assert.match(help.stdout, /^Usage: baremetal-console /);
    }
    assert.match((await runCli(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("is sorry for an unknown command and suggests a known one", async () => {
    const end = await runCli(["nodes"]);
    assert.equal(end.status, 2);
    assert.match(end.stderr, /unknown command 'nodes'\n\(Did you mean node\?\)/);
  });

  for (const [what, args, status, message] of [
    ["an unknown option of a service", ["all", "--nope"], 2, /unknown option '--nope'/],
    ["-o without a group", ["api", "-o", "port=1"], 2, /-o wants group\.name=value/],
    ["an unknown option in -o", ["api", "-o", "api.prot=1"], 78, /there is no option \[api\]prot/],
    ["a value out of bounds", ["all", "-o", "vnc.port=70000"], 78, /must be 0 to 65535, not 70000/],
    ["a missing file", ["all", "--config-file", "/none.conf"], 78, /"\/none\.conf": ENOENT/],
    ["a data folder that is a file", ["all", "--data-dir", "/dev/null/x"], 70, /data folder/],
    [
      "noauth on an address that is not loopback",
      ["all", "-o", "api.host_ip=0.0.0.0", "-o", "vnc.port=0", "-o", "api.port=0"],
      78,
      /noauth/,
    ],
  ] as const)
    it(`refuses to start with ${what}`, async () => {
      const end = await runCli([...args], { env: { OS_DEFAULT__STATE_PATH: folder } });
      assert.equal(end.status, status, end.stderr);
      assert.match(end.stderr, message);
      assert.doesNotMatch(end.stderr, /^\s+at /m);
    });

  it("reports every mistake of a configuration at once", async () => {
    const file = join(folder, "bad.conf");
    await writeFile(file, "[vnc]\nport = x\nprot = 1\n");
    const end = await runCli(["config", "check", "--config-file", file, "-o", "api.port=-1"]);
    assert.equal(end.status, 78);
    assert.equal(end.stderr.match(/^ {2}- /gm)?.length, 3, end.stderr);
  });

  it("shows the effective configuration without secrets", async () => {
    const env = { OS_JSON_RPC__PASSWORD: "hidden-word", OS_VNC__PORT: "7001" };
    const text = await runCli(["config", "dump", "--changes", "--data-dir", folder], { env });
    assert.equal(
      text.stdout,
      `[DEFAULT]\nstate_path = ${folder}\n\n[json_rpc]\npassword = ******\n\n[vnc]\nport = 7001\n`,
    );
    const shown = await runCli(["config", "dump", "--json"], { env });
    assert.doesNotMatch(shown.stdout, /hidden-word/);
    assert.equal((JSON.parse(shown.stdout) as { vnc: { port: number } }).vnc.port, 7001);
  });

  it("prints a sample that it takes as a configuration", async () => {
    const file = join(folder, "sample.conf");
    await writeFile(file, (await runCli(["config", "sample"])).stdout);
    assert.equal((await runCli(["config", "check", "--config-file", file])).status, 0);
  });

  it("makes a database, says its version, and says so again", async () => {
    const where = ["--data-dir", join(folder, "state")];
    const before = await runCli(["db", "version", ...where]);
    assert.equal(before.status, 70);
    assert.match(before.stderr, /db upgrade/);
    assert.match((await runCli(["db", "upgrade", ...where])).stderr, /upgraded from version 0 to/);
    assert.match((await runCli(["db", "upgrade", ...where])).stderr, /already at version/);
    assert.match(
      (await runCli(["db", "version", ...where])).stdout,
      /^database (\d+), program \1\n$/,
    );
  });

  it("asks for db upgrade before a single service runs", async () => {
    for (const service of ["api", "conductor", "novncproxy"]) {
      const end = await runCli([service, "--data-dir", folder, "-o", "json_rpc.port=0"]);
      assert.equal(end.status, 70, end.stderr);
      assert.match(end.stderr, /db upgrade/);
    }
  });

  it("writes users that Apache's htpasswd accepts, into a file for its owner alone", async () => {
    const file = join(folder, "users");
    for (const [name, password] of [
      ["ann", "first pass"],
      ["bob", "pässwörd"],
      ["ann", "second pass"],
    ] as const)
      assert.equal(
        (await runCli(["user", "add", name, "--file", file], { stdin: `${password}\n` })).status,
        0,
      );
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.doesNotMatch(await readFile(file, "utf8"), /pass/);
    await execute("htpasswd", ["-vb", file, "ann", "second pass"]);
    await execute("htpasswd", ["-vb", file, "bob", "pässwörd"]);
    await assert.rejects(execute("htpasswd", ["-vb", file, "ann", "first pass"]));
    assert.equal((await runCli(["user", "remove", "ann", "--file", file])).status, 0);
    assert.match(await readFile(file, "utf8"), /^bob:\$2y\$10\$.{53}\n$/);
    assert.equal((await runCli(["user", "remove", "ann", "--file", file])).status, 5);
  });

  for (const [what, name, stdin] of [
    ["a colon in the name", "a:b", "x\n"],
    ["an empty password", "ann", "\n"],
    ["no password", "ann", ""],
    ["a password longer than bcrypt looks at", "ann", `${"x".repeat(73)}\n`],
  ] as const)
    it(`refuses a user with ${what}`, async () => {
      const file = join(folder, "users");
      const end = await runCli(["user", "add", name, "--file", file], { stdin });
      assert.equal(end.status, 2, end.stderr);
      await assert.rejects(stat(file));
    });

  it("lets in who is in the file when auth_strategy is http_basic", async () => {
    const where = ["--data-dir", folder];
    await runCli(["user", "add", "ann", ...where], { stdin: "calvin\n" });
    const service = new CliProcess(
      ["all", ...where, "-o", "DEFAULT.auth_strategy=http_basic", "-o", "api.port=0"],
      { OS_VNC__PORT: "0" },
    );
    try {
      const url = (await service.untilSays(/started .*api=(http:\S+)/))[1] ?? "";
      const list = ["node", "list", "--url", url];
      assert.equal((await runCli(list)).status, 4);
      assert.equal((await runCli([...list, "--user", "ann"], { stdin: "wrong\n" })).status, 4);
      assert.equal((await runCli([...list, "--user", "ann"], { stdin: "calvin\n" })).status, 0);
      const env = { OS_USERNAME: "ann", OS_PASSWORD: "calvin" };
      assert.equal((await runCli(list, { env })).status, 0);
      assert.doesNotMatch(service.stderr, /calvin|wrong/);
    } finally {
      service.kill("SIGTERM");
      await service.end();
    }
  });

  it("prints a completion script that bash understands", async () => {
    const file = join(folder, "completion");
    await writeFile(file, (await runCli(["completion", "bash"])).stdout);
    const { stdout } = await execute("bash", [
      "-c",
      'source "$1"; COMP_WORDS=(bmcon console e); COMP_CWORD=2; _baremetal_console; echo "${COMPREPLY[@]}"',
      "bash",
      file,
    ]);
    assert.equal(stdout.trim(), "enable");
    for (const shell of ["zsh", "fish"])
      assert.match((await runCli(["completion", shell])).stdout, /bmcon/);
    assert.equal((await runCli(["completion", "csh"])).status, 2);
  });
});
