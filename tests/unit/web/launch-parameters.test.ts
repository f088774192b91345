import assert from "node:assert/strict";
import { consoleAddress, readLaunchParameters } from "../../../web/launch-parameters.ts";

const TOKEN = "A-Za_z09".padEnd(43, "0");
const PATH = `websockify?node=1be26c0b-03f2-4d2e-ae87-c02d7f33c123&token=${TOKEN}`;

function search(parameters: Record<string, string>): string {
  return `?${new URLSearchParams(parameters).toString()}`;
}

describe("launch parameters", () => {
  it("takes the path of a console URL as Nova and Ironic write it", () => {
    const read = readLaunchParameters(`?path=${encodeURIComponent(PATH)}`);
    assert.deepEqual(read, { path: PATH, refused: false });
  });

  it("puts up with the title that Horizon appends", () => {
    const read = readLaunchParameters(`?path=${encodeURIComponent(PATH)}&title=web-1(1be26c0b)`);
    assert.deepEqual(read, { path: PATH, refused: false });
  });

  it("reads nothing but the path", () => {
    const read = readLaunchParameters(
      search({ host: "evil.example", port: "1", password: "x", autoconnect: "1", title: "x" }),
    );
    assert.deepEqual(read, { refused: false });
  });

  for (const path of [
    "wss://evil.example/websockify?token=x",
    "//evil.example/websockify?token=x",
    "/websockify?token=x",
    "\\\\evil.example\\websockify?token=x",
    "websockify\\..\\x?token=x",
    "../websockify?token=x",
    "websockify/../../x?token=x",
    "websockify?token=x/../..",
    "websockify?token=x#y",
    "websockify?token=x y",
    "websockify?token=x\n",
    "websockify?to:ken",
    "websockify@evil.example?token=x",
    "websockify",
    "websockify?",
    `websockify?token=${"x".repeat(2000)}`,
    "javascript:alert(1)",
    "",
  ]) {
    it(`refuses the path ${JSON.stringify(path.slice(0, 60))}`, () => {
      assert.deepEqual(readLaunchParameters(search({ path })), { refused: true });
    });
  }
});

describe("console address", () => {
  it("is a WebSocket beside the page, secure when the page is", () => {
    const address = consoleAddress(PATH, "https://console.example:6090/vnc_lite.html?path=x#y");
    assert.deepEqual(address, {
      socketUrl: `wss://console.example:6090/${PATH}`,
      questionUrl: `https://console.example:6090/${PATH}`,
    });
  });

  it("stays below the folder that a front end serves the page in", () => {
    const { socketUrl } = consoleAddress(PATH, "http://front.example/consoles/vnc_lite.html");
    assert.equal(socketUrl, `ws://front.example/consoles/${PATH}`);
  });

  it("is refused on another origin, whoever let the path through", () => {
    assert.throws(() => consoleAddress("//evil.example/x", "https://a.example/p"), TypeError);
  });
});
