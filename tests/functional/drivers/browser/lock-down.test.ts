/**
 * Each way out of the kiosk, tried with a real Chromium in a real sandbox: by keys that come through the
 * VNC server, by what a page can do, and by what a BMC's page could ask the browser for.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { descendantsOf } from "../../../../drivers/lib/child-process-group.ts";
import {
  innerPid,
  SESSION_ID,
  startBrowserWorld,
  type BrowserWorld,
  type PageCaller,
} from "../../../helpers/browser-session.ts";
import { KeyPresser } from "../../../helpers/browser-session-keys.ts";
import { startHostilePage, type HostilePage } from "../../../helpers/browser-session-page.ts";
import { until } from "../../../helpers/until.ts";

describe("a page in a session", function () {
  this.timeout(60_000);
  let bmc: HostilePage;
  let world: BrowserWorld;
  let page: PageCaller;
  let keys: KeyPresser;

  before(async () => {
    bmc = await startHostilePage();
    const { host, port, origin } = bmc;
    world = await startBrowserWorld({
      request: { origins: [origin] },
      destinations: [{ host, port, tls: { verify: "none" } }],
    });
    page = await world.cdp.page();
    keys = await KeyPresser.login(await world.session.dialRfb());
  });
  after(async () => {
    keys.close();
    await world.close();
    await bmc.close();
  });
  let visit = 0;
  let here: string;
  beforeEach(async () => {
    here = `${bmc.origin}/?${(visit += 1)}`;
    assert.equal(await page.goto(here), "");
    await until(async () => {
      keys.press("a"); // Chromium drops keys before a page's first picture
      return (await pressed()).includes("a");
    }, "key at the page");
  });

  async function pressed(): Promise<string[]> {
    const list = await page.evaluate("location.search + '|' + (window.pressed ?? []).join(' ')");
    const [query, names = ""] = String(list).split("|");
    return here.endsWith(String(query)) ? names.split(" ") : [];
  }

  /** No menu, dialog or window of the browser's takes what is typed. */
  async function isStillInput(): Promise<void> {
    keys.press("z");
    await until(async () => (await pressed()).at(-1) === "z", "key at the page", 3000);
  }

  async function isStillAlone(): Promise<void> {
    assert.equal((await world.cdp.pages()).length, 1);
    assert.equal(await page.evaluate("location.href"), here);
    assert.equal(await page.evaluate("innerWidth + 'x' + innerHeight"), "800x600");
  }

  /* What Chromium makes of these keys when it is no kiosk: windows, tabs, its own pages, dialogs, its end. */
  for (const combination of [
    ..."tnwoshjpdlugfer".split("").map((key) => `Control+${key}`),
    ..."NTIOJCBDQWM".split("").map((key) => `Control+Shift+${key}`),
    "F1",
    "F3",
    "F5",
    "F6",
    "F10",
    "F11",
    "F12",
    "Shift+F10",
    "Menu",
    "Alt+F4",
    "Alt+f",
    "Alt+e",
    "Alt+d",
    "Alt+Home",
    "Alt+Left",
    "Alt+Tab",
    "Super+d",
    "Shift+Escape",
    "Control+Tab",
    "Control+Shift+Tab",
    "Control+F4",
    "Control+1",
    "Control+Shift+Delete",
    "Control+Alt+Delete",
    "Control+Escape",
  ])
    it(`cannot be left with ${combination}`, async () => {
      keys.press(combination);
      await isStillInput();
      const last = combination.split("+").at(-1) ?? "";
      const name = last === "Menu" ? "ContextMenu" : last.replace("Left", "ArrowLeft");
      const got = await pressed();
      assert.ok(got.includes(name), `the page has got ${got.join(" ")}`);
      await isStillAlone();
    });

  /* as old viewers do in a window that they opened */
  for (const combination of ["F5", "Control+r", "Control+Shift+I"])
    it(`cannot be left with ${combination} when it has written its document anew`, async () => {
      const script = `addEventListener("keydown", (event) => pressed.push(event.key))`;
      await page.evaluate(`document.open();
        document.write(${JSON.stringify(`<p>anew<script>${script}</`)} + "script>");
        document.close()`);
      keys.press(combination);
      await isStillInput();
      assert.ok((await pressed()).includes("a"), "it is still the page that has got the first key");
      await isStillAlone();
    });

  it("gets no context menu of the browser's", async () => {
    keys.click(400, 300, 3);
    await until(async () => (await page.evaluate("menus")) === 1, "click at the page");
    await isStillInput();
    await isStillAlone();
  });

  for (const url of [
    "chrome://version",
    "chrome://policy",
    "chrome://settings",
    "chrome://net-export",
    "chrome-untrusted://terminal",
    "devtools://devtools/bundled/inspector.html",
    "file:///etc/passwd",
    "file:///session/",
    "view-source:https://127.0.0.1/",
    "data:text/html,<h1>x</h1>",
    "javascript:document.write(1)",
    "filesystem:https://x/",
    "https://example.org/",
    "http://127.0.0.1:22/",
    "https://localhost/",
    "ftp://127.0.0.1/",
    "http://169.254.169.254/",
    "http://[::1]/",
  ])
    it(`cannot navigate to ${url}`, async () => {
      const error = await page.goto(url).catch((cause: Error) => cause.message);
      assert.match(error, /ERR_BLOCKED_BY_ADMINISTRATOR|ERR_ABORTED|Cannot navigate|ERR_/);
      const shown = await page.evaluate("document.body?.innerText ?? ''").catch(() => "");
      assert.doesNotMatch(String(shown), /root:|Version|inspector/i);
    });

  it("cannot navigate to another port of its host, and nothing reaches it", async () => {
    const error = await page.goto(`https://${bmc.neighbour}/`);
    assert.equal(error, "net::ERR_BLOCKED_BY_ADMINISTRATOR");
    assert.equal(bmc.neighbourCalls(), 0);
  });

  it("cannot fetch from another host", async () => {
    const result = await page.evaluate(
      `fetch("https://${bmc.neighbour}/", { mode: "no-cors" }).then(() => "open", () => "closed")`,
    );
    assert.equal(result, "closed");
    assert.equal(bmc.neighbourCalls(), 0);
    assert.ok(world.gate.refused.includes(bmc.neighbour), "the gate saw and refused it");
  });

  it("cannot open a WebSocket to another host", async () => {
    const result = await page.evaluate(`new Promise((done) => {
      const socket = new WebSocket("wss://${bmc.neighbour}/");
      socket.onopen = () => done("open");
      socket.onerror = () => done("closed");
    })`);
    assert.equal(result, "closed");
    assert.equal(bmc.neighbourCalls(), 0);
  });

  it("has no name resolved: the gate is asked by name and says no", async () => {
    const name = "exfiltrate-0123.example.test";
    const result = await page.evaluate(
      `fetch("https://${name}/", { mode: "no-cors" }).then(() => "open", () => "closed")`,
    );
    assert.equal(result, "closed");
    assert.ok(world.gate.refused.includes(`${name}:443`));
  });

  it("sends no datagram and learns no address by WebRTC", async () => {
    const listener = createSocket("udp4").bind(0, "127.0.0.1");
    await once(listener, "listening");
    let datagrams = 0;
    listener.on("message", () => (datagrams += 1));
    const { port } = listener.address();
    const candidates = await page.evaluate(`new Promise(async (done) => {
      const found = [];
      const peer = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${port}" }] });
      peer.onicecandidate = ({ candidate }) =>
        candidate ? found.push(candidate.candidate) : done(found);
      peer.createDataChannel("x");
      await peer.setLocalDescription(await peer.createOffer());
      setTimeout(() => done(found), 3000);
    })`);
    listener.close();
    assert.deepEqual(
      (candidates as string[]).filter((one) => !/ TCP /i.test(one)),
      [],
    );
    assert.equal(datagrams, 0);
  });

  it("opens no window of another origin", async () => {
    await page.evaluate(`void window.open("https://${bmc.neighbour}/")`);
    await page.evaluate(`void window.open("file:///etc/passwd")`);
    for (const { targetId, url } of await world.cdp.pages()) {
      if (url === here) continue;
      assert.doesNotMatch(url, /^file/);
      await world.cdp.send("Target.closeTarget", { targetId });
    }
    assert.equal(bmc.neighbourCalls(), 0);
  });

  for (const [what, script] of Object.entries({
    "an answer that is an attachment": `location.href = "/file"`,
    "a link of its own": `(() => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["x"]));
      link.download = "x.txt";
      link.click();
    })()`,
  }))
    it(`stores nothing: ${what}`, async () => {
      await page.evaluate(script);
      // the browser has dealt with it when it has done something that came later
      await until(async () => (await page.goto(`${bmc.origin}/`)) === "", "page after it");
      const home = world.inside("/session/home");
      const files = readdirSync(home, { recursive: true, encoding: "utf8" });
      assert.ok(files.includes("profile"));
      assert.deepEqual(
        files.filter((name) => /Downloads\/|x\.txt|crdownload|(^|\/)file/.test(name)),
        [],
      );
    });

  /* With a dialog of the browser's, none of them has an end before somebody answers it. */
  for (const [what, script] of Object.entries({
    "a picture": `new Promise((done) => Object.assign(new Image(), { src: "/sign-in", onerror: () => done(401) }))`,
    "a script's request": `fetch("/sign-in").then(({ status }) => status)`,
  }))
    it(`asks nobody to sign in when ${what} is answered 401`, async () => {
      assert.equal(await page.evaluate(script), 401);
      await isStillInput();
      await isStillAlone();
    });

  it("asks nobody to sign in when it is itself answered 401", async () => {
    assert.equal(await page.goto(`${bmc.origin}/sign-in`), "");
    await until(
      async () => (await page.evaluate("document.body.innerText")) === "no entry",
      "the answer",
    );
  });

  it("prints nothing", async () => {
    await page.evaluate("setTimeout(() => print())");
    await isStillInput();
    await isStillAlone();
  });

  for (const link of ["mailto:a@example.org", "tel:1", "ssh://127.0.0.1", "vnc://127.0.0.1"])
    it(`starts no program for ${link}`, async () => {
      await page.evaluate(`location.href = "${link}"`);
      here = `${bmc.origin}/?after`;
      await until(async () => {
        await page.goto(here);
        return (await page.evaluate("location.href")) === here;
      }, "page after it");
      await isStillAlone();
      const inner = innerPid(join(world.folder, SESSION_ID));
      const programs = new Set((await descendantsOf(inner)).values());
      const expected = /^(chromium|chrome_crashpad|Xvnc|openbox|socat|sh$)/;
      assert.deepEqual(
        [...programs].filter((name) => !expected.test(name)),
        [],
      );
    });

  for (const [what, script] of Object.entries({
    "the screen": "navigator.mediaDevices.getDisplayMedia()",
    "a camera": "navigator.mediaDevices.getUserMedia({ video: true })",
    "the clipboard": "navigator.clipboard.readText()",
    "a local file": "showOpenFilePicker()",
    "a local folder": "showDirectoryPicker()",
    "a place to save": "showSaveFilePicker()",
    "local fonts": `queryLocalFonts().then((fonts) => {
      if (fonts.length === 0) throw new Error("none");
    })`,
    "a USB device": "navigator.usb.requestDevice({ filters: [] })",
    "a serial port": "navigator.serial.requestPort()",
    "its position": "new Promise((yes, no) => navigator.geolocation.getCurrentPosition(yes, no))",
    notifications: `Notification.requestPermission().then((answer) => {
      if (answer !== "granted") throw new Error(answer);
    })`,
  }))
    it(`is not given ${what}`, async () => {
      const result = await page.evaluate(
        `(async () => ${script})().then(() => "given", () => "refused")`,
      );
      assert.equal(result, "refused");
      await isStillAlone();
    });

  it("gets no file chooser", async () => {
    await page.evaluate(`(() => {
      const input = document.createElement("input");
      input.type = "file";
      document.body.append(input);
      input.click();
    })()`);
    await isStillInput();
    await isStillAlone();
  });
});
