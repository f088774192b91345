/** A viewer for Java Web Start, as old boards have it, in a session: signed with SHA-1 by nobody known. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBrowserWorld } from "../../../helpers/browser-session.ts";
import { KeyPresser } from "../../../helpers/browser-session-keys.ts";
import { makeTestPki } from "../../../helpers/pki.ts";
import { until } from "../../../helpers/until.ts";

/** Says over a socket of its own what it sees, as a viewer's connection to its BMC would carry it. */
const VIEWER = `
import javax.swing.JFrame;
import java.awt.event.*;
import java.io.*;
import java.net.Socket;
public class Viewer {
  public static void main(String[] arguments) throws Exception {
    Socket socket = new Socket(arguments[0], Integer.parseInt(arguments[1]));
    PrintStream out = new PrintStream(socket.getOutputStream(), true);
    JFrame frame = new JFrame("viewer");
    frame.setSize(200, 100);
    frame.addKeyListener(new KeyAdapter() {
      public void keyTyped(KeyEvent event) {
        out.println("key " + event.getKeyChar() + " " + frame.getWidth() + "x" + frame.getHeight());
      }
    });
    frame.setVisible(true);
    out.println("shown");
    if (socket.getInputStream().read() == 'x') System.exit(3);
  }
}`;

describe("a Java viewer in a session", function () {
  this.timeout(90_000);
  let folder: string;

  before(function () {
    const programs = ["javac", "jar", "keytool", "jarsigner", "javaws"];
    if (!programs.every((one) => existsSync(`/usr/bin/${one}`))) {
      process.stderr.write("      SKIPPED: needs a JDK and icedtea-netx\n");
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "java-viewer-"));
    const run = (program: string, ...args: string[]): void => {
      execFileSync(program, args, { cwd: folder, stdio: "ignore" });
    };
    const key = ["-keystore", "keys", "-storepass", "changeit"];
    writeFileSync(join(folder, "Viewer.java"), VIEWER);
    run("javac", "--release", "8", "Viewer.java");
    writeFileSync(join(folder, "manifest"), "Permissions: all-permissions\n");
    run("/bin/sh", "-c", "jar cfm viewer.jar manifest *.class");
    run("keytool", "-genkeypair", ...key, "-alias", "a", "-dname", "CN=old", "-keyalg", "RSA");
    run("jarsigner", ...key, "-digestalg", "SHA1", "-sigalg", "SHA1withRSA", "viewer.jar", "a");
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("runs without a question, fills the display, reaches its BMC through the gate, gets keys, and ends the session", async () => {
    const pki = makeTestPki();
    const { certPem: cert, keyPem: key } = pki.issue("bmc", { selfSigned: true });
    pki.remove();
    const web = createHttpsServer({ cert, key }, (request, response) => {
      if (request.url === "/viewer.jar") response.end(readFileSync(join(folder, "viewer.jar")));
      else response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    let said = "";
    let viewer: import("node:net").Socket | undefined;
    const video = createServer((socket) => {
      viewer = socket.on("error", () => undefined);
      socket.on("data", (bytes) => (said += bytes.toString()));
    }).listen(0, "127.0.0.1");
    await Promise.all([once(web, "listening"), once(video, "listening")]);
    const portOf = (server: { address(): unknown }): number =>
      (server.address() as AddressInfo).port;
    const host = "127.0.0.1";
    const world = await startBrowserWorld({
      request: { java: true },
      destinations: [
        { host, port: portOf(web), tls: { verify: "none" } },
        { host, port: portOf(video), tls: null },
      ],
    });
    try {
      await world.session.runJnlp(`<?xml version="1.0"?>
        <jnlp spec="1.0+" codebase="https://${host}:${portOf(web)}/">
          <information><title>viewer</title><vendor>v</vendor></information>
          <security><all-permissions/></security>
          <resources><j2se version="1.6+"/><jar href="viewer.jar"/></resources>
          <application-desc main-class="Viewer">
            <argument>${host}</argument><argument>${portOf(video)}</argument>
          </application-desc>
        </jnlp>`);
      await until(() => said.includes("shown"), "viewer", 60_000);
      const keys = await KeyPresser.login(await world.session.dialRfb());
      await until(() => {
        keys.press("q");
        return /key q 800x600/.test(said);
      }, "key at the viewer");
      keys.close();
      viewer?.write("x");
      assert.deepEqual(await world.session.ended, {
        reason: "the Java viewer ended with status 3",
      });
    } finally {
      await world.close();
      web.closeAllConnections();
      for (const server of [web, video]) {
        server.close();
        await once(server, "close");
      }
    }
  });
});
