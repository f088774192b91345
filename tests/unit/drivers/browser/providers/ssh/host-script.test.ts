/** The script in the shell that runs it on hosts, here without SSH: what it refuses and what it leaves alone. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  HOST_SCRIPT,
  hostCommand,
  quoted,
} from "../../../../../../drivers/browser/providers/ssh/host-script.ts";

const MARK = "bmc-00c0ffee";

describe("the script for auxiliary hosts", () => {
  let base = "";
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "aux-script-"));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
  const run = (
    args: readonly string[],
    rest = "",
  ): { status: number | null; stdout: string; stderr: string } =>
    spawnSync("sh", ["-c", hostCommand(false, args)], {
      input: HOST_SCRIPT + rest,
      encoding: "utf8",
    });

  it("is sound for every POSIX shell", () => {
    assert.equal(spawnSync("sh", ["-n"], { input: HOST_SCRIPT, encoding: "utf8" }).stderr, "");
    assert.equal(
      spawnSync("bash", ["--posix", "-n"], { input: HOST_SCRIPT, encoding: "utf8" }).stderr,
      "",
    );
  });

  it("reports packages that are missing by the programs that prove them", () => {
    const { stdout } = run([
      "check",
      "-",
      MARK,
      "shell:sh",
      "none:no-such-program",
      "either:/no/such,sh",
      "glob:/no/such/*",
    ]);
    const missing = stdout.split("\n").filter((line) => line.startsWith("missing"));
    assert.deepEqual(missing, ["missing\tnone\tno-such-program", "missing\tglob\t/no/such/*"]);
    assert.match(stdout, /\ndone\n$/);
  });

  it("removes a session's folder, twice if asked", () => {
    const name = `${MARK}-0123456789abcdef`;
    mkdirSync(join(base, name, "run"), { recursive: true });
    assert.equal(run(["remove", base, MARK, name]).status, 0);
    assert.deepEqual(readdirSync(base), []);
    assert.equal(run(["remove", base, MARK, name]).status, 0);
  });

  for (const name of [
    "../etc",
    `${MARK}-../../../../etc`,
    "root",
    `bmc-11111111-0123456789abcdef`,
    `${MARK}-short`,
    "",
    `${MARK}-0123456789abcde/`,
  ])
    it(`touches nothing for the name "${name}"`, () => {
      mkdirSync(join(base, "other"));
      const { status } = run(["remove", base, MARK, name]);
      assert.notEqual(status, 0);
      assert.ok(existsSync(join(base, "other")));
    });

  it("follows no link out of the folder", () => {
    const outside = join(base, "outside");
    const name = `${MARK}-0123456789abcdef`;
    mkdirSync(join(base, name), { recursive: true });
    mkdirSync(outside);
    writeFileSync(join(outside, "kept"), "");
    assert.equal(spawnSync("ln", ["-s", outside, join(base, name, "run")]).status, 0);
    assert.equal(run(["remove", base, MARK, name]).status, 0);
    assert.ok(existsSync(join(outside, "kept")));
    assert.ok(!existsSync(join(base, name)));
  });

  it("sweeps what is marked, but what it is told to keep and what others own", () => {
    const names = ["0000000000000001", "0000000000000002"].map((id) => `${MARK}-${id}`);
    for (const name of [...names, "bmc-11111111-0000000000000003", "else"])
      mkdirSync(join(base, name));
    const { stdout } = run(["sweep", base, MARK, names[0] ?? ""]);
    assert.equal(stdout, "removed\t1\n");
    assert.deepEqual(readdirSync(base), [
      "bmc-00c0ffee-0000000000000001",
      "bmc-11111111-0000000000000003",
      "else",
    ]);
  });

  it("makes nothing that stays when its input ends before the command", () => {
    const name = `${MARK}-0123456789abcdef`;
    const args = ["run", base, MARK, name, "me", "2", "2", "1000"];
    // As root it would make an account: see the functional tests.
    const drop =
      process.getuid?.() === 0 ? ["setpriv", "--reuid=64400", "--clear-groups", "--"] : [];
    if (drop.length > 0) chownSync(base, 64_400, 0);
    const command = [...drop, "sh", "-c", hostCommand(false, args)];
    const { status, stdout } = spawnSync("env", command, {
      input: `${HOST_SCRIPT}scpo`,
      encoding: "utf8",
    });
    assert.equal(stdout, "ready\t\n");
    assert.equal(status, 1);
    assert.deepEqual(readdirSync(base), []);
  });

  for (const word of [
    "",
    "plain",
    "two words",
    "it's",
    '$(id) `id` \\ "',
    "a\nb",
    "*",
    "--flag=<-loopback>",
  ])
    it(`quotes ${JSON.stringify(word)} so that a shell gives it back`, () => {
      const { stdout } = spawnSync("sh", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" });
      assert.equal(stdout, word);
    });

  it("cannot quote NUL", () => {
    assert.throws(() => quoted("a\0b"), TypeError);
  });
});
