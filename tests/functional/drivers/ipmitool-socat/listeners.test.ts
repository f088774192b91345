import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { ConsoleError, MissingParameterValue } from "../../../../drivers/base.ts";
import { FakeMemo } from "../../../../drivers/testing/fake-task.ts";
import { printed } from "../../../../drivers/testing/watch.ts";
import { freePort } from "../../../helpers/server-process.ts";
import { until } from "../../../helpers/until.ts";
import { membersOf, READY, SocatBench } from "./socat-bench.ts";

describe("ipmitool-socat for proxies on other machines", function suite() {
  this.timeout(40_000);

  describe("by mutual TLS", () => {
    const bench = new SocatBench();
    bench.declareHooks({ "console.socat_listener": "tls" });
    const start = async () => await bench.start({ ipmi_terminal_port: await freePort() });

    it("shows the certificate that the endpoint pins, to a client with the endpoint's own", async () => {
      const endpoint = await start();
      const line = await bench.readyLine(endpoint);
      await bench.type(line, "whoami");
      await line.says("root");
      const { socket } = line as unknown as { socket: ReturnType<typeof connect> };
      const shown = socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
      assert.equal(shown, endpoint.tls?.fingerprint);
      assert.equal(endpoint.tls?.verify, "pin");
    });

    it("gives a client without a certificate nothing", async () => {
      const line = await bench.line(await start(), { certificate: false });
      line.type("let me in\r");
      await line.ends();
      assert.equal(line.text, "");
      assert.equal(bench.bmc.typed().includes("let me in"), false);
    });

    it("gives a client with another console's certificate nothing", async () => {
      const other = await start();
      await bench.stop();
      const endpoint = await start();
      const line = await bench.line({
        ...endpoint,
        ...(other.credentials && { credentials: other.credentials }),
      });
      await line.ends();
      assert.equal(line.text, "");
    });

    it("works over IPv6", async () => {
      bench.set({ "console.socat_address": "::1" });
      const endpoint = await start();
      assert.deepEqual((endpoint.transport as { host: string }).host, "::1");
      await bench.readyLine(endpoint);
      const stranger = await bench.line(endpoint, { certificate: false });
      await stranger.ends();
      assert.equal(stranger.text, "");
    });

    it("leaves no key on disk", async () => {
      const endpoint = await start();
      const folder = bench.config.console.terminal_pid_dir;
      const files = bench.files();
      assert.ok(!files.some((name) => /key|crt/.test(name)), files.join(" "));
      for (const name of files)
        assert.ok(!readFileSync(join(folder, name), "utf8").includes("PRIVATE KEY"));
      assert.ok(!printed(endpoint).includes("PRIVATE KEY"));
    });

    it("is taken over with the key of the saved endpoint, and started anew without it", async () => {
      const port = await freePort();
      const first = await bench.start({ ipmi_terminal_port: port });
      const second = await bench.start({ ipmi_terminal_port: port });
      assert.equal(second.tls?.fingerprint, first.tls?.fingerprint);
      await bench.readyLine(second);
      bench.forget();
      const third = await bench.start({ ipmi_terminal_port: port });
      assert.notEqual(third.tls?.fingerprint, first.tls?.fingerprint);
      await bench.readyLine(third);
    });

    it("lets the right client in while strangers keep silent in their handshakes", async () => {
      const endpoint = await start();
      const strangers = [];
      for (let count = 0; count < 8; count += 1)
        strangers.push(await bench.line({ ...endpoint, tls: undefined } as never));
      await bench.readyLine(endpoint);
      for (const stranger of strangers) await stranger.ends(15);
      /* a child of socat that was left has yet to end */
      await until(() => membersOf(bench.note().pid).length === 3, "socat and its one client alone");
    });
  });

  describe("by a plain port", () => {
    const bench = new SocatBench();
    bench.declareHooks({ "console.socat_listener": "plain" });

    it("is what a stock nova-serialproxy dials, never held by us, with a warning", async () => {
      const port = await freePort();
      const task = bench.task({ ipmi_terminal_port: port });
      const endpoint = await bench.driver().startConsole(task);
      assert.deepEqual(endpoint.transport, { kind: "tcp", host: "127.0.0.1", port });
      assert.deepEqual(endpoint.serial, {
        dialect: "ipmitool",
        hold: "on-demand",
        direct: true,
      });
      assert.match(task.logged(), /"level":"warn".*without any password/);
      const line = await bench.readyLine(endpoint);
      await bench.type(line, "whoami");
      await line.says("root");
    });

    it("ends a connection over which nothing goes for terminal_timeout", async () => {
      bench.set({ "console.terminal_timeout": "1" });
      const endpoint = await bench.start({ ipmi_terminal_port: await freePort() });
      const line = await bench.readyLine(endpoint);
      await line.ends(5);
    });

    it("listens on an IPv6 address", async () => {
      bench.set({ "console.socat_address": "::1" });
      const endpoint = await bench.start({ ipmi_terminal_port: await freePort() });
      await (await bench.line(endpoint)).says(READY);
    });

    it("frees its port at stop, with a client attached", async () => {
      const port = await freePort();
      await bench.readyLine(await bench.start({ ipmi_terminal_port: port }));
      await bench.stop();
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", resolve);
      });
      server.close();
    });

    it("takes a port of the range, passes over one that is taken, and gives the same again", async () => {
      const first = await freePort();
      bench.set({ "console.port_range": `${first}:${first + 3}` });
      const portOf = async (): Promise<number> => {
        const { transport } = await bench.start();
        assert.ok(transport.kind === "tcp");
        return transport.port;
      };
      const chosen = await portOf();
      assert.ok(chosen >= first && chosen < first + 3);
      await bench.stop();
      assert.equal(await portOf(), chosen);
      await bench.stop();
      const squatter = createServer().listen(chosen, "127.0.0.1");
      await new Promise((resolve) => squatter.once("listening", resolve));
      try {
        assert.notEqual(await portOf(), chosen);
      } finally {
        squatter.close();
      }
    });

    it("gives no two nodes the same port, started at the same time", async () => {
      const first = await freePort();
      bench.set({ "console.port_range": `${first}:${first + 4}` });
      const tasks = [1, 2, 3].map((number) => {
        const task = bench.task({}, { memo: new FakeMemo() });
        return { ...task, node: { ...task.node, uuid: `${number}${task.node.uuid.slice(1)}` } };
      });
      const endpoints = await Promise.all(
        tasks.map(async (task) => await bench.driver().startConsole(task)),
      );
      try {
        const ports = endpoints.map(({ transport }) => (transport as { port: number }).port);
        assert.equal(new Set(ports).size, 3, ports.join(" "));
      } finally {
        for (const task of tasks) await bench.driver().stopConsole(task);
      }
    });

    it("says which port cannot be used", async () => {
      const squatter = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => squatter.once("listening", resolve));
      const { port } = squatter.address() as { port: number };
      try {
        await assert.rejects(
          bench.start({ ipmi_terminal_port: port }),
          (error) => error instanceof ConsoleError && error.message.includes(`port ${port}`),
        );
      } finally {
        squatter.close();
      }
      assert.deepEqual(bench.files(), []);
    });

    it("wants a port in driver_info or a range in the configuration", () => {
      assert.throws(() => bench.driver().validate(bench.task()), MissingParameterValue);
    });
  });
});
