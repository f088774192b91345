/** Where secrets are naked, and what could leak them: things one can grep for. */
import assert from "node:assert/strict";
import { productSources, repositoryFiles } from "./repository.ts";

/** Files that may open a Secret, and why. A new one needs a reason. */
const MAY_REVEAL: Readonly<Record<string, string>> = {
  "cli/client.ts": "sends the user's password to the api",
  "cli/demo/seed.ts": "sends the simulated BMC's password to the api",
  "cli/htpasswd.ts": "hashes a password",
  "cli/login/keystone.ts": "sends the user's password to Keystone",
  "cli/login/saved-login.ts": "keeps the login in the user's own file",
  "common/host-websocket/bmc-sessions.ts": "logs in to a BMC, and out",
  "common/host-websocket/host-websocket.ts": "shows a password or a session's token to a BMC",
  "common/host-tls.ts": "shows a client certificate to a machine's side",
  "common/rfb/auth/plain.ts": "logs in to a VNC server",
  "common/rfb/auth/vnc.ts": "logs in to a VNC server",
  "common/secret-box.ts": "seals it",
  "common/secret.ts": "declares it",
  "conductor/rpc-client.ts": "shows its RPC credentials to a conductor",
  "conductor/rpc-gate.ts": "compares RPC credentials",
  "conductor/close-hook-request.ts": "signs the message that tells of a session's end",
  "conductor/scrub.ts": "takes secrets out of last_error",
  "drivers/browser/recipes/values.ts": "fills the login into what a page of the BMC is sent",
  "drivers/browser/desk/tls-doors.ts": "shows its own TLS key to Node.js",
  "drivers/browser/kiosk/kiosk-page.ts": "types it into a BMC's page",
  "drivers/browser/providers/kubernetes/kube-client.ts":
    "shows the ServiceAccount's token to the Kubernetes API",
  "drivers/browser/gate/identity.ts": "shows the gate's own key to TLS toward browsers",
  "drivers/driver-info.ts": "judges driver_info by its JSON Schema",
  "drivers/idrac-vnc/racadm.ts": "sets the VNC password on an iDRAC",
  "drivers/ipmitool-socat/launch.ts": "writes socat's own TLS key for socat to read",
  "drivers/ipmitool-socat/running.ts": "compares the password that a running socat has",
  "drivers/lib/ipmi/command-line.ts":
    "hands a Kg key to ipmitool, and the password where it is to be in the environment",
  "drivers/lib/ipmi/password-file.ts": "writes the password file that ipmitool reads",
  "drivers/lib/redfish-client.ts": "logs in to a BMC",
  "drivers/redfish/virtual-media.ts": "takes an image's URL apart for BMCs that want it in parts",
  "drivers/lib/ssh-exec.ts": "logs in to a BMC",
  "drivers/testing/watch.ts": "searches a driver's log for secrets",
  "novncproxy/ssh/login/api-logins.ts": "shows an ssh user's password to the api",
};

function filesWith(pattern: RegExp): string[] {
  return productSources()
    .filter(({ path }) => !path.startsWith("web/"))
    .filter(({ text }) => pattern.test(withoutComments(text)))
    .map(({ path }) => path);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

describe("the sources", () => {
  it("open secrets in the listed files only, and in all of them", () => {
    assert.deepEqual(filesWith(/\breveal\(/).toSorted(), Object.keys(MAY_REVEAL).toSorted());
  });

  it("print through the log or the command line's own streams", () => {
    assert.deepEqual(filesWith(/\bconsole\.(?:log|error|warn|info|debug)\(/), []);
  });

  it("start programs without a shell", () => {
    assert.deepEqual(
      filesWith(/\bexec(?:Sync)?\b[^;]*from "node:child_process"|shell:\s*true/),
      [],
    );
  });

  it("read the environment in cli/main.ts only", () => {
    assert.deepEqual(filesWith(/process\.env\b/), ["cli/main.ts"]);
  });

  it("hold SQL in db/ only", () => {
    const sql = /\b(?:select .+ from|insert into|update .+ set|delete from) /i;
    const knex = /from "knex"/;
    assert.deepEqual(
      [...filesWith(sql), ...filesWith(knex)].filter((path) => !path.startsWith("db/")),
      [],
    );
  });

  it("build no code from text", () => {
    assert.deepEqual(filesWith(/\beval\(|new Function\(/), []);
  });
});

describe("the repository", () => {
  it("names no machine, path or tool of the place where it is made", () => {
    const local = /\/work\/|shared\/reference|shared\/standins|nexus|artifactory/i;
    const found = repositoryFiles()
      .filter(({ path }) => path !== "package-lock.json" && !path.startsWith("tests/hygiene/"))
      .filter(({ text }) => local.test(text))
      .map(({ path }) => path);
    assert.deepEqual(found, []);
  });

  it("has a lock file that names no registry but the public one", () => {
    const lock = repositoryFiles().find(({ path }) => path === "package-lock.json")?.text ?? "";
    const hosts = [...lock.matchAll(/"resolved": "(https?:\/\/[^/"]+)/g)].map((match) => match[1]);
    assert.deepEqual(
      [...new Set(hosts)].filter((host) => host !== "https://registry.npmjs.org"),
      [],
    );
  });
});
