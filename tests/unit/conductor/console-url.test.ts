import assert from "node:assert/strict";
import { loadConfig } from "../../../common/config/load.ts";
import { ConfigInvalid } from "../../../common/errors.ts";
import {
  consoleBaseUrl,
  consoleUrl,
  serialConsoleUrl,
  webSocketUrl,
} from "../../../conductor/console-url.ts";

const UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const TOKEN = "A_b-3".repeat(8);

describe("consoleUrl", () => {
  it("has the form that Nova and Ironic give it", () => {
    assert.equal(
      consoleUrl("http://127.0.0.1:6090/vnc_lite.html", UUID, TOKEN),
      `http://127.0.0.1:6090/vnc_lite.html?path=websockify%3Fnode%3D${UUID}%26token%3D${TOKEN}`,
    );
  });

  it("keeps other query parameters of the base and replaces a path of its own", () => {
    const url = new URL(
      consoleUrl("https://c.example/vnc.html?scale=true&path=x&lang=de", UUID, TOKEN),
    );
    assert.equal(url.searchParams.get("scale"), "true");
    assert.equal(url.searchParams.get("lang"), "de");
    assert.deepEqual(url.searchParams.getAll("path"), [`websockify?node=${UUID}&token=${TOKEN}`]);
  });

  it("stays in the folder of the base", () => {
    const url = consoleUrl("https://c.example/consoles/vnc_lite.html", UUID, TOKEN);
    assert.match(url, /^https:\/\/c\.example\/consoles\/vnc_lite\.html\?path=/);
  });
});

describe("consoleBaseUrl", () => {
  const base = (overrides: Record<string, string>): string =>
    consoleBaseUrl(loadConfig({ overrides: { "DEFAULT.host": "host1", ...overrides } }));

  it("is public_url when that is set", () => {
    const publicUrl = "https://c.example/vnc_lite.html";
    assert.equal(base({ "vnc.public_url": publicUrl }), publicUrl);
  });

  it("is made from the proxy's address otherwise", () => {
    assert.equal(base({}), "http://127.0.0.1:6090/vnc_lite.html");
    assert.equal(
      base({ "vnc.host_ip": "2001:db8::1", "vnc.enable_ssl": "true", "vnc.port": "443" }),
      "https://[2001:db8::1]:443/vnc_lite.html",
    );
  });

  it("names the host when the proxy listens on every address", () => {
    assert.equal(base({ "vnc.host_ip": "0.0.0.0" }), "http://host1:6090/vnc_lite.html");
    assert.equal(base({ "vnc.host_ip": "::" }), "http://host1:6090/vnc_lite.html");
  });

  it("refuses a public_url that no browser opens", () => {
    for (const url of ["console.example", "javascript:alert(1)", "file:///x"])
      assert.throws(() => base({ "vnc.public_url": url }), ConfigInvalid);
  });
});

describe("the links to a serial console", () => {
  it("lead to serial.html and to the websocket beside the page of screens", () => {
    const base = "https://c.example/consoles/vnc_lite.html?lang=de";
    assert.equal(
      serialConsoleUrl(base, UUID, TOKEN),
      `https://c.example/consoles/serial.html?path=websockify%3Fnode%3D${UUID}%26token%3D${TOKEN}`,
    );
    assert.equal(
      webSocketUrl(base, UUID, TOKEN),
      `wss://c.example/consoles/websockify?node=${UUID}&token=${TOKEN}`,
    );
  });
});
