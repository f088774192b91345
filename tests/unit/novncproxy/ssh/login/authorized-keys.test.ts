/** authorized_keys as sshd(8) describes it, judged by keys that ssh2 makes and Node prints. */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import ssh2 from "ssh2";
import { parseAuthorizedKeys } from "../../../../../novncproxy/ssh/login/authorized-keys.ts";

const NODE = { uuid: "0d4ee1a5-0000-4000-8000-000000000001", name: "web-1" };

/** `TYPE BASE64` of a new key. */
function line(type: "ed25519" | "ecdsa" = "ed25519"): string {
  const pair =
    type === "ecdsa"
      ? ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 })
      : ssh2.utils.generateKeyPairSync("ed25519");
  return pair.public.split(" ").slice(0, 2).join(" ");
}

/** RSA by hand: type, exponent and modulus as SSH strings. */
function rsaLine(bits: number): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([
    field(Buffer.from("ssh-rsa")),
    field(Buffer.from(e, "base64url")),
    field(Buffer.concat([Buffer.from([0]), Buffer.from(n, "base64url")])),
  ]);
  return `ssh-rsa ${blob.toString("base64")}`;
}

function only(text: string) {
  const { keys, mistakes } = parseAuthorizedKeys(text, "keys");
  assert.deepEqual(mistakes, []);
  assert.equal(keys.size, 1);
  const [key] = keys.values();
  assert.ok(key);
  return key;
}

function mistakeOf(text: string): string {
  const { keys, mistakes } = parseAuthorizedKeys(text, "keys");
  assert.equal(keys.size, 0);
  assert.equal(mistakes.length, 1);
  return mistakes[0] ?? "";
}

describe("authorized_keys", () => {
  it("has one key a line, whose comment is the user's name", () => {
    const text = `# people\n\n${line()} alice of the third floor\r\n\t${line("ecdsa")} bob\n`;
    const { keys, mistakes } = parseAuthorizedKeys(text, "keys");
    assert.deepEqual(mistakes, []);
    assert.deepEqual(
      [...keys.values()].map(({ user, mode, nodes }) => ({ user, mode, nodes })),
      [
        { user: "alice of the third floor", mode: "control", nodes: null },
        { user: "bob", mode: "control", nodes: null },
      ],
    );
  });

  it("calls a key without comment by its fingerprint", () => {
    const key = only(line());
    assert.equal(key.user, key.fingerprint);
    assert.match(key.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it("makes a hostile comment fit for a log", () => {
    assert.equal(only(`${line()} a\u001b[2Jb\u202ec`).user, "a\\u{1b}[2Jb\\u{202e}c");
  });

  it("reads the options nodes and mode, whatever stands in quotes", () => {
    const key = only(`restrict,nodes="web-*, db-?",MODE="view" ${line()} alice`);
    assert.equal(key.mode, "view");
    assert.equal(key.nodes?.matches(NODE), true);
    assert.equal(key.nodes?.matches({ ...NODE, name: "app-1" }), false);
  });

  it("takes RSA keys of 2048 bits and more only", () => {
    assert.equal(only(rsaLine(2048)).key.type, "ssh-rsa");
    assert.match(mistakeOf(rsaLine(1024)), /RSA key of 1024 bits/);
  });

  for (const [what, text, wanted] of [
    ["an unknown option", `command="sh" ${line()}`, /option "command="sh"", which is not known/],
    ["an unknown mode", `mode="root" ${line()}`, /not known here/],
    ["two lists of nodes", `nodes="a",nodes="b" ${line()}`, /two options nodes/],
    ["an empty list of nodes", `nodes="" ${line()}`, /names no node/],
    ["a list without quotes", `nodes=a ${line()}`, /names no node/],
    ["an open quote", `nodes="a ${line()}`, /no public key|not known/],
    ["a DSA key", "ssh-dss AAAAB3NzaC1kc3MAAACB alice", /the key type "ssh-dss"; those are read/],
    ["a FIDO key", `nodes="a" sk-ssh-ed25519@openssh.com AAAA alice`, /the key type "sk-ssh-/],
    ["a certificate", `cert-authority ${line()}`, /not known/],
    ["a key with a blot", `ssh-ed25519 AAAA!!!! alice`, /no public key/],
    ["a cut key", `${line().slice(0, 40)} alice`, /damaged/],
    ["a key under another type", `ssh-rsa ${line().split(" ")[1]} alice`, /damaged/],
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", /no public key|not known/],
    ["an endless line", `nodes="${"x,".repeat(10_000)}" ${line()}`, /longer than/],
  ] as const)
    it(`lets nobody in by a line with ${what}, and says so`, () => {
      const mistake = mistakeOf(text);
      assert.match(mistake, wanted);
      assert.match(mistake, /^keys line 1: /);
    });

  it("lets nobody in by the second line of one key, so that a limit cannot be doubled away", () => {
    const key = line();
    const { keys, mistakes } = parseAuthorizedKeys(`mode="view" ${key} a\n${key} b`, "keys");
    assert.deepEqual(
      [...keys.values()].map(({ mode }) => mode),
      ["view"],
    );
    assert.match(mistakes[0] ?? "", /keys line 2: repeats the key SHA256:/);
  });

  it("stops at twenty mistakes and ten thousand keys' worth of noise", () => {
    const { mistakes } = parseAuthorizedKeys("nonsense\n".repeat(100_000), "keys");
    assert.equal(mistakes.length, 20);
  });

  it("never throws and never lets in what is not a key, whatever the bytes", () => {
    const good = `nodes="web-*",mode="view" ${line()} alice`;
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(good);
      for (let change = 0; change <= round % 4; change += 1) {
        const at = randomBytes(2).readUInt16BE() % bytes.length;
        bytes[at] = randomBytes(1).readUInt8();
      }
      const { keys } = parseAuthorizedKeys(bytes.toString("latin1"), "keys");
      for (const key of keys.values()) assert.equal(key.key.isPrivateKey(), false);
      parseAuthorizedKeys(randomBytes(300).toString("latin1"), "keys");
    }
  });
});
