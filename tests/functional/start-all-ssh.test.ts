/** `baremetal-console all` with the SSH front door on: the API of the same program judges passwords. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliProcess } from "../helpers/cli-process.ts";
import { OpenSshClient } from "../helpers/openssh-client.ts";
import { programsOrSkip } from "../helpers/stock-client.ts";

const SSH_PORT = /ssh listens .*port=(\d+)/;

describe("baremetal-console all with ssh", function () {
  this.timeout(60_000);
  let folder: string;
  let program: CliProcess;

  before("look for Apache's htpasswd", function () {
    programsOrSkip(this, ["htpasswd"], "apt-get install apache2-utils");
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-all-ssh-"));
    const args = ["-niB", "-C", "5", "admin"];
    const users = execFileSync("htpasswd", args, { input: "right" });
    appendFileSync(join(folder, "htpasswd"), users, { mode: 0o600 });
  });

  afterEach(async () => {
    program.kill("SIGKILL");
    await program.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(strategy: string): Promise<string> {
    program = new CliProcess(["all", "--data-dir", folder], {
      OS_API__PORT: "0",
      OS_VNC__PORT: "0",
      OS_SSH__PORT: "0",
      OS_SSH__ENABLED: "true",
      OS_DEFAULT__AUTH_STRATEGY: strategy,
      OS_DEFAULT__HTTP_BASIC_AUTH_USER_FILE: join(folder, "htpasswd"),
    });
    const [, port = ""] = await program.untilSays(SSH_PORT);
    await program.untilSays(/started +api=/);
    return port;
  }

  async function login(port: string, password: string): Promise<string> {
    const askpass = join(folder, "askpass");
    writeFileSync(askpass, `#!/bin/sh\necho ${password}\n`, { mode: 0o700 });
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    const args = ["-F", "none", "-p", port, ...options.map((option) => `-o${option}`)];
    const ssh = new OpenSshClient([...args, "-oPubkeyAuthentication=no", "admin%n1@127.0.0.1"], {
      ...process.env,
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: "force",
    });
    ssh.endInput();
    const status = await ssh.end();
    return `${status} ${ssh.stderr}`;
  }

  it("lets in who has a password of its API, and stops at once", async () => {
    const port = await start("http_basic");
    assert.match(await login(port, "right"), /^5 bmcon: Node n1 could not be found/);
    assert.match(await login(port, "wrong"), /^255 .*Permission denied/);
    program.kill("SIGINT");
    assert.deepEqual(await program.end(), { status: 0, signal: null });
    assert.ok(!`${program.stdout}${program.stderr}`.includes("right"), "no password is logged");
  });

  it("takes no password with noauth, and says that nobody can log in", async () => {
    const port = await start("noauth");
    assert.match(await login(port, "right"), /^255 .*Permission denied/);
    assert.match(`${program.stdout}${program.stderr}`, /nobody can log in by ssh/);
  });
});
