/** Judged beside OpenSSH's own ssh-keygen -F, which looks hosts up in a known_hosts file. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostKeys } from "../../../../../../drivers/browser/providers/ssh/host-keys.ts";

describe("host keys", () => {
  let folder = "";
  const keys: { line: string; key: Buffer; fingerprint: string }[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "host-keys-"));
    for (const [name, type] of [
      ["a", "ed25519"],
      ["b", "ed25519"],
      ["c", "rsa"],
    ] as const) {
      const file = join(folder, name);
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file]);
      const [word = "", base64 = ""] = readFileSync(`${file}.pub`, "utf8").split(" ");
      const fingerprint = execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).split(
        " ",
      )[1];
      keys.push({
        line: `${word} ${base64}`,
        key: Buffer.from(base64, "base64"),
        fingerprint: fingerprint ?? "",
      });
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const [A, B, C] = [0, 1, 2] as const;
  const key = (index: number): Buffer => keys[index]?.key ?? Buffer.alloc(0);
  const line = (index: number): string => keys[index]?.line ?? "";
  const of = (text: string): HostKeys => new HostKeys(text, new Map());

  it("trusts what the file has for the host, and nothing else", () => {
    const known = of(`# comment\n\naux1,192.0.2.7 ${line(A)} a comment\nnonsense\n`);
    assert.equal(known.judge("aux1", 22, key(A)), "trusted");
    assert.equal(known.judge("192.0.2.7", 22, key(A)), "trusted");
    assert.equal(known.judge("aux1", 22, key(B)), "changed");
    assert.equal(known.judge("aux2", 22, key(A)), "unknown");
    assert.equal(known.judge("aux1", 2222, key(A)), "unknown");
  });

  it("refuses a revoked key even where it is listed or pinned", () => {
    const text = `aux1 ${line(A)}\n@revoked * ${line(A)}`;
    assert.equal(of(text).judge("aux1", 22, key(A)), "revoked");
    const pins = new Map([["aux1:22", new Set([keys[A]?.fingerprint ?? ""])]]);
    assert.equal(new HostKeys(text, pins).judge("aux1", 22, key(A)), "revoked");
  });

  it("trusts no authority's mark as a host's key", () => {
    assert.equal(of(`@cert-authority * ${line(A)}`).judge("aux1", 22, key(A)), "unknown");
  });

  it("trusts a pinned fingerprint as ssh-keygen prints it", () => {
    const keysOf = new HostKeys("", new Map([["aux1:22", new Set([keys[A]?.fingerprint ?? ""])]]));
    assert.equal(keysOf.judge("aux1", 22, key(A)), "trusted");
    assert.equal(keysOf.judge("aux1", 22, key(B)), "changed");
    assert.equal(keysOf.judge("aux1", 23, key(A)), "unknown");
  });

  it("asks for the types that the file has", () => {
    assert.deepEqual(of(`aux1 ${line(C)}`).typesFor("aux1", 22), ["rsa-sha2-512", "rsa-sha2-256"]);
    assert.deepEqual(of(`aux1 ${line(A)}`).typesFor("aux1", 22), ["ssh-ed25519"]);
    assert.equal(of("").typesFor("aux1", 22), undefined);
  });

  for (const hosts of [
    "aux*",
    "*.example,!bad.example",
    "aux?",
    "[aux1]:2222",
    "*",
    "AUX1",
    "a*x*1",
    "!aux1,aux1",
  ])
    it(`reads "${hosts}" as ssh-keygen does, hashed too`, () => {
      for (const hash of [false, true]) {
        const file = join(folder, "known");
        writeFileSync(file, `${hosts} ${line(A)}\n`);
        if (hash) spawnSync("ssh-keygen", ["-q", "-H", "-f", file]);
        const known = of(readFileSync(file, "utf8"));
        for (const [host, port] of [
          ["aux1", 22],
          ["aux1", 2222],
          ["a.example", 22],
          ["bad.example", 22],
          ["aux12", 22],
        ] as const) {
          const name = port === 22 ? host : `[${host}]:${port}`;
          const found = spawnSync("ssh-keygen", ["-F", name, "-f", file]).status === 0;
          assert.equal(known.judge(host, port, key(A)) === "trusted", found, `${name} in ${hosts}`);
        }
      }
    });

  it("takes no long time for a hostile pattern", () => {
    const began = process.cpuUsage().user;
    of(`${"*a".repeat(2000)}b ${line(A)}`).judge("a".repeat(255), 22, key(A));
    assert.ok(process.cpuUsage().user - began < 2_000_000);
  });
});
