import assert from "node:assert/strict";
import type { ConsoleEndpoint } from "../../../common/console-endpoint.ts";
import { Secret } from "../../../common/secret.ts";
import { SecretBox } from "../../../common/secret-box.ts";
import { openEndpoint, sealEndpoint } from "../../../conductor/stored-endpoint.ts";

const NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const PLAIN: ConsoleEndpoint = {
  consoleType: "serial",
  transport: { kind: "unix", path: "/run/consoles/1" },
  allowedSecurityTypes: [],
  serial: { dialect: "raw", hold: "always" },
};

describe("a stored console endpoint", () => {
  const box = new SecretBox(SecretBox.newKeyFileText());
  const credentials = {
    username: "root",
    password: new Secret("calvin-1"),
    clientCertificate: "-----BEGIN CERTIFICATE-----",
    clientKey: new Secret("-----BEGIN PRIVATE KEY-----"),
  };

  it("holds no secret in the clear, and everything else as it was", () => {
    const stored = sealEndpoint(box, NODE, { ...PLAIN, credentials });
    const text = JSON.stringify(stored);
    assert.doesNotMatch(text, /calvin|PRIVATE/);
    assert.match(text, /BEGIN CERTIFICATE/);
    assert.match(text, /"username":"root"/);
  });

  it("opens to what was sealed", () => {
    const opened = openEndpoint(box, NODE, sealEndpoint(box, NODE, { ...PLAIN, credentials }));
    assert.equal(opened.credentials?.password?.reveal(), "calvin-1");
    assert.equal(opened.credentials?.clientKey?.reveal(), "-----BEGIN PRIVATE KEY-----");
  });

  it("opens neither for another node nor in another secret's place", () => {
    const stored = sealEndpoint(box, NODE, { ...PLAIN, credentials });
    assert.throws(() => openEndpoint(box, NODE.replace("1", "2"), stored));
    const { password, clientKey } = stored.credentials!;
    const swapped = { ...stored, credentials: { password: clientKey!, clientKey: password! } };
    assert.throws(() => openEndpoint(box, NODE, swapped));
  });

  it("needs no credentials", () => {
    assert.deepEqual(openEndpoint(box, NODE, sealEndpoint(box, NODE, PLAIN)), PLAIN);
  });
});
