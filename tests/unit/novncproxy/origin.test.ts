import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { OriginNotAllowed } from "../../../common/errors.ts";
import { OriginRule } from "../../../novncproxy/origin.ts";

function request(headers: Record<string, string | string[]>): IncomingMessage {
  const distinct: Record<string, string[]> = {};
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    distinct[name] = Array.isArray(value) ? value : [value];
    joined[name] = distinct[name].join(", ");
  }
  return { headers: joined, headersDistinct: distinct } as unknown as IncomingMessage;
}

function rule(options: { allowed?: string[]; publicUrl?: string; tls?: boolean } = {}): OriginRule {
  const mistakes: string[] = [];
  const made = new OriginRule(
    {
      allowedOrigins: options.allowed ?? [],
      publicUrl: options.publicUrl ?? "",
      tls: options.tls ?? false,
    },
    mistakes,
  );
  assert.deepEqual(mistakes, []);
  return made;
}

const passes = (
  made: OriginRule,
  headers: Record<string, string | string[]>,
  trusted = false,
): void => made.check(request(headers), trusted);
const refuses = (
  made: OriginRule,
  headers: Record<string, string | string[]>,
  trusted = false,
): void => assert.throws(() => made.check(request(headers), trusted), OriginNotAllowed);

describe("OriginRule", () => {
  it("lets the proxy's own page in", () => {
    passes(rule(), { host: "console.example:6090", origin: "http://console.example:6090" });
    passes(rule({ tls: true }), { host: "console.example", origin: "https://console.example" });
    passes(rule(), { host: "[::1]:6090", origin: "http://[::1]:6090" });
    passes(rule(), { host: "Console.Example:80", origin: "http://console.example" });
  });

  it("lets a program in that sends no Origin", () => {
    passes(rule(), { host: "console.example:6090" });
  });

  const attacks: Record<string, Record<string, string | string[]>> = {
    "another site": { host: "console.example:6090", origin: "http://evil.example" },
    "another port of the same host": {
      host: "console.example:6090",
      origin: "http://console.example:6091",
    },
    "another scheme of the same host": {
      host: "console.example:443",
      origin: "https://console.example",
    },
    "a name that begins like ours": {
      host: "console.example:6090",
      origin: "http://console.example:6090.evil.example",
    },
    "a name that ends like ours": {
      host: "console.example:6090",
      origin: "http://evilconsole.example:6090",
    },
    "our name as a user": {
      host: "console.example:6090",
      origin: "http://console.example:6090@evil.example",
    },
    "our name with a user": {
      host: "console.example:6090",
      origin: "http://evil@console.example:6090",
    },
    "the opaque origin": { host: "console.example:6090", origin: "null" },
    "an empty one": { host: "console.example:6090", origin: "" },
    "a file's": { host: "console.example:6090", origin: "file://console.example:6090" },
    "an extension's": {
      host: "console.example:6090",
      origin: "chrome-extension://console.example:6090",
    },
    "two of them": {
      host: "console.example:6090",
      origin: ["http://console.example:6090", "http://evil.example"],
    },
    "two in one line": {
      host: "console.example:6090",
      origin: "http://console.example:6090, http://evil.example",
    },
    "ours with two Host headers": {
      host: ["console.example:6090", "evil.example"],
      origin: "http://console.example:6090",
    },
    "another site without a Host": { origin: "http://evil.example" },
    "a Host that holds a path": {
      host: "evil.example/console.example",
      origin: "http://evil.example",
    },
    "a Host that holds a user": { host: "x@evil.example", origin: "http://evil.example" },
    "another site that claims to be forwarded": {
      host: "console.example:6090",
      "x-forwarded-host": "evil.example",
      origin: "http://evil.example",
    },
    "another scheme that claims to be forwarded": {
      host: "console.example",
      "x-forwarded-proto": "https",
      origin: "https://console.example",
    },
  };
  for (const [name, headers] of Object.entries(attacks))
    it(`refuses ${name}`, () => refuses(rule(), headers));

  it("believes forwarded headers of a trusted balancer", () => {
    const headers = {
      host: "10.0.0.7:6090",
      "x-forwarded-host": "console.example",
      "x-forwarded-proto": "https",
      origin: "https://console.example",
    };
    passes(rule(), headers, true);
    refuses(rule(), headers, false);
    refuses(rule(), { ...headers, origin: "http://10.0.0.7:6090" }, true);
  });

  it("lets origins in that the operator named, and the public URL's, exactly", () => {
    const made = rule({
      allowed: ["https://horizon.example", "http://lab.example:8080"],
      publicUrl: "https://console.example/proxy/vnc_lite.html",
    });
    passes(made, { host: "x:1", origin: "https://horizon.example" });
    passes(made, { host: "x:1", origin: "http://lab.example:8080" });
    passes(made, { host: "x:1", origin: "https://console.example" });
    refuses(made, { host: "x:1", origin: "http://horizon.example" });
    refuses(made, { host: "x:1", origin: "https://horizon.example:8443" });
    refuses(made, { host: "x:1", origin: "https://lab.example:8080" });
  });

  it("does not remember a Host for the next request", () => {
    const made = rule();
    passes(made, { host: "evil.example", origin: "http://evil.example" });
    refuses(made, { host: "console.example", origin: "http://evil.example" });
  });

  it("names every entry that is not an origin", () => {
    const mistakes: string[] = [];
    const allowedOrigins = ["horizon.example", "https://a.example/path", "*", "https://ok.example"];
    assert.ok(new OriginRule({ allowedOrigins, publicUrl: "ftp://x", tls: false }, mistakes));
    assert.equal(mistakes.length, 4);
    assert.match(mistakes[0]!, /\[cors\]allowed_origin: "horizon\.example"/);
    assert.match(mistakes[3]!, /\[vnc\]public_url/);
  });
});
