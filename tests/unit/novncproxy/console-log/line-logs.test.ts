import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { stub } from "sinon";
import winston from "winston";
import { createLineLogMetrics } from "../../../../novncproxy/console-log/log-metrics.ts";
import { logWorld, NODE, type LogWorld } from "../../../helpers/line-logs.ts";
import { until } from "../../../helpers/until.ts";

const OTHER = "2be26c0b-03f2-4d2e-ae87-c02d7f33c123";

describe("the log of a line", () => {
  let world: LogWorld;
  const use = (options?: Parameters<typeof logWorld>[0]): LogWorld => (world = logWorld(options));
  afterEach(() => world?.stop());

  it("has a folder for each node and files for the service alone, named after the time", async () => {
    const { logs, folder, stored } = use();
    const line = logs.open(NODE);
    line.write(Buffer.from("GRUB loading.\r\nWelcome\r\n"));
    await line.close();
    assert.deepEqual(readdirSync(join(folder, NODE)), ["20261120T171211.123Z.log"]);
    assert.equal(
      stored(),
      "2026-11-20T17:12:11.123Z GRUB loading.\n2026-11-20T17:12:11.123Z Welcome\n",
    );
    assert.equal(statSync(join(folder, NODE)).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, NODE, "20261120T171211.123Z.log")).mode & 0o777, 0o600);
  });

  it("is on the disk by itself, a prompt without the end of its line too", async () => {
    const { logs, stored, names } = use();
    const line = logs.open(NODE);
    line.write(Buffer.from("login: "));
    await until(
      () => existsSync(join(world.folder, NODE)) && names().length > 0 && stored() !== "",
      "stored prompt",
    );
    assert.equal(stored(), "2026-11-20T17:12:11.123Z login: \\\n");
    line.write(Buffer.from("root\r\n"));
    await until(() => stored().endsWith("root\n"), "stored rest");
  });

  it("keeps what was written although the caller uses the bytes again", async () => {
    const { logs, stored } = use();
    const line = logs.open(NODE);
    const bytes = Buffer.from("one\r\ntwo");
    line.write(bytes);
    bytes.fill("x");
    await line.close();
    assert.match(stored(), /Z one\n.*Z two\\\n$/);
  });

  it("makes no file for a line that says nothing", async () => {
    const { logs, folder } = use();
    await logs.open(NODE).close();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("has notes of what happened to the line", async () => {
    const { logs, stored } = use();
    const line = logs.open(NODE);
    line.note("connected");
    await line.close();
    assert.equal(stored(), "2026-11-20T17:12:11.123Z --- connected\n");
  });

  it("begins a new file at its size and deletes the oldest ones, never more than it may have", async () => {
    const { logs, folder, clock, names } = use({ fileBytes: 65_536, files: 3 });
    const line = logs.open(NODE);
    for (let minute = 0; minute < 400; minute += 1) {
      clock.milliseconds += 60_000;
      line.write(Buffer.from(`${"x".repeat(990)} ${minute}\r\n`));
      if (minute % 20 === 0) await line.flush();
    }
    await line.close();
    assert.equal(names().length, 3);
    for (const name of names()) assert.ok(statSync(join(folder, NODE, name)).size <= 65_536, name);
    assert.match(world.stored(), / 399\n$/);
  });

  it("begins a new file at midnight UTC", async () => {
    const { logs, clock, names } = use({ startsAt: "2026-11-20T23:59:59.500Z" });
    const line = logs.open(NODE);
    line.write(Buffer.from("before\r\n"));
    clock.milliseconds += 1000;
    line.write(Buffer.from("after\r\n"));
    await line.close();
    assert.deepEqual(names(), ["20261120T235959.500Z.log", "20261121T000000.500Z.log"]);
  });

  it("keeps its records in order when the clock is set back a little, and begins a new file when far", async () => {
    const { logs, clock, names, stored } = use();
    const line = logs.open(NODE);
    line.write(Buffer.from("one\r\n"));
    clock.milliseconds -= 500;
    line.write(Buffer.from("two\r\n"));
    assert.equal(clock.now(), Date.parse("2026-11-20T17:12:10.623Z"));
    await line.flush();
    assert.match(stored(), /11\.123Z two\n$/);
    clock.milliseconds -= 3_600_000;
    line.write(Buffer.from("three\r\n"));
    await line.close();
    assert.deepEqual(names(), ["20261120T161210.623Z.log", "20261120T171211.123Z.log"]);
  });

  it("keeps logs of one node apart that are written at the same time", async () => {
    const { logs, names, stored } = use();
    const lines = [logs.open(NODE), logs.open(NODE)];
    for (const [index, line] of lines.entries()) line.write(Buffer.from(`from ${index}\r\n`));
    await logs.close();
    assert.equal(names().length, 2);
    assert.match(stored(), /from 0[^]*from 1|from 1[^]*from 0/);
  });

  it("refuses a node that is no UUID, which could be a path", () => {
    const { logs } = use();
    assert.throws(() => logs.open("../../etc"), TypeError);
    assert.throws(() => logs.open(`${NODE}/..`), TypeError);
  });

  it("follows no symbolic link out of its folder", async () => {
    const { logs, folder } = use();
    const elsewhere = mkdtempSync(join(tmpdir(), "bmc-elsewhere-"));
    try {
      symlinkSync(elsewhere, join(folder, NODE));
      const line = logs.open(NODE);
      line.write(Buffer.from("secret\r\n"));
      await line.close();
      assert.deepEqual(readdirSync(elsewhere), []);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it("loses at most what came in a moment before a kill", async () => {
    const { folder, names, stored } = use();
    const script = join(import.meta.dirname, "..", "..", "..", "helpers", "line-log-child.js");
    const child = spawn(process.execPath, [script, folder, NODE], { stdio: "inherit" });
    const ended = once(child, "exit");
    try {
      await until(
        () => existsSync(join(folder, NODE)) && names().length > 0 && stored().length > 10_000,
        "stored lines",
      );
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    assert.match(stored().split("\n").at(-2) ?? "", /Z line \d+$/);
  });
});

describe("the end of a log, for the scrollback", () => {
  let world: LogWorld;
  afterEach(() => world?.stop());

  it("is what the machine said last, as it said it", async () => {
    world = logWorld();
    const before = world.logs.open(NODE);
    for (let count = 0; count < 50; count += 1)
      before.write(Buffer.from(`\x1b[3${count % 8}mline ${count}\r\n`));
    before.note("the proxy stops");
    await before.close();
    world.clock.milliseconds += 60_000;
    const line = world.logs.open(NODE);
    line.write(Buffer.from("login: "));
    line.note("connected");
    assert.equal(
      (await line.tail(4, 1000)).toString(),
      "\x1b[31mline 49\r\nlogin: ",
      "notes count, but are not said by the machine",
    );
    assert.equal((await line.tail(1000, 1000, world.clock.now() - 1)).toString(), "login: ");
  });

  it("is bounded in bytes by whole lines", async () => {
    world = logWorld();
    const line = world.logs.open(NODE);
    for (let count = 0; count < 500; count += 1) line.write(Buffer.from(`line ${count}\r\n`));
    const tail = (await line.tail(10_000, 100)).toString();
    assert.ok(tail.length <= 100);
    assert.match(tail, /^line \d+\r\n[^]*line 499\r\n$/);
  });

  it("is empty without a log, and when it cannot be read", async () => {
    world = logWorld();
    assert.equal((await world.logs.open(NODE).tail(10, 1000)).length, 0);
    writeFileSync(join(world.folder, OTHER), "");
    assert.equal((await world.logs.open(OTHER).tail(10, 1000)).length, 0);
  });
});

describe("a disk that takes nothing", () => {
  let world: LogWorld;
  let warnings: string[];
  let registry: Registry;
  beforeEach(() => {
    warnings = [];
    registry = new Registry();
  });
  afterEach(() => world?.stop());
  const listening = (): winston.Logger => {
    const stream = new winston.transports.Console({ silent: true });
    const log = winston.createLogger({ transports: [stream] });
    log.on("data", (info: { level: string; message: string }) =>
      warnings.push(`${info.level} ${info.message}`),
    );
    return log;
  };
  const counter = async (name: string): Promise<number> => {
    const values = await registry.getSingleMetric(name)?.get();
    return values?.values[0]?.value ?? 0;
  };

  it("costs log, which is said once and counted, and heals by itself", async function () {
    this.timeout(20_000);
    world = logWorld({ log: listening(), metrics: createLineLogMetrics(registry) });
    /* a file where the folder should be: root may write to read-only folders */
    writeFileSync(join(world.folder, NODE), "");
    const line = world.logs.open(NODE);
    const other = world.logs.open(NODE);
    other.write(Buffer.from("x\r\n"));
    for (let count = 0; count < 1000; count += 1) line.write(Buffer.alloc(2000, "y"));
    line.write(Buffer.from("\r\n"));
    await until(() => warnings.length > 0, "warning");
    assert.ok((await counter("bmcon_novncproxy_console_log_dropped_bytes_total")) > 1_000_000);
    assert.ok((await counter("bmcon_novncproxy_console_log_failures_total")) >= 1);
    rmSync(join(world.folder, NODE));
    await until(() => warnings.some((text) => text.startsWith("info")), "healing");
    /* Either log may heal first; what the line says next has room behind what waited only. */
    await until(() => world.stored().length > 512 * 1024, "stored rest");
    line.write(Buffer.from("again\r\n"));
    await line.close();
    assert.match(world.stored(), /Z --- \d+ bytes are missing here[^]*again\n/);
    assert.equal(warnings.filter((text) => text.startsWith("warn")).length, 1);
  });

  it("does not keep a line from closing", async () => {
    world = logWorld();
    writeFileSync(join(world.folder, NODE), "");
    const line = world.logs.open(NODE);
    line.write(Buffer.from("lost\r\n"));
    await line.close();
    await line.close();
    line.write(Buffer.from("too late\r\n"));
    line.note("too late");
  });

  for (const code of ["ENOSPC", "EIO"])
    it(`loses no whole record when a write stops half-way with ${code}`, async function () {
      this.timeout(20_000);
      world = logWorld({ log: listening() });
      const line = world.logs.open(NODE);
      line.write(Buffer.from("before\r\n"));
      await line.flush();
      const disk = await brokenDisk(code, 30);
      try {
        line.write(Buffer.from("this one is torn\r\nthis one is not\r\n"));
        await line.flush();
        await until(() => warnings.length > 0, "warning");
      } finally {
        disk.restore();
      }
      line.write(Buffer.from("after\r\n"));
      await line.close();
      assert.match(world.stored().replace(/torn\n/, ""), /Z this one is not\n\S+Z after\n$/);
      if (code === "ENOSPC") {
        assert.match(world.stored(), /Z before\n\S+Z this one is torn\n/);
        assert.equal(world.names().length, 1, "goes on in the same file");
      }
      assert.equal(
        (await line.tail(10, 1000)).toString(),
        `before\r\nthis ${code === "ENOSPC" ? "one is torn\r\n" : ""}this one is not\r\nafter\r\n`,
      );
    });

  it("never pushes the history out with attempts that fail", async function () {
    this.timeout(20_000);
    world = logWorld({ log: listening(), files: 2 });
    const line = world.logs.open(NODE);
    line.write(Buffer.from("history\r\n"));
    await line.close();
    const disk = await brokenDisk("EIO", 0);
    try {
      for (let count = 0; count < 3; count += 1) {
        world.clock.milliseconds += 1000;
        const next = world.logs.open(NODE);
        next.write(Buffer.from("lost\r\n"));
        await next.close();
      }
    } finally {
      disk.restore();
    }
    assert.match(world.stored(), /^\S+ history\n$/);
  });
});

/** Every write takes so many bytes at first, then fails. */
async function brokenDisk(code: string, bytes: number): Promise<{ restore(): void }> {
  const handle = await open("/dev/null", "w");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  let left = bytes;
  const original = Reflect.get(prototype, "write") as (...given: unknown[]) => Promise<unknown>;
  const failing = async function (
    this: FileHandle,
    ...given: readonly unknown[]
  ): Promise<unknown> {
    const [data, at, length] = given as readonly [Buffer, number, number];
    if (left <= 0) throw Object.assign(new Error(`${code}: the disk`), { code });
    const part = Math.min(left, length);
    left -= part;
    return original.call(this, data, at, part, null);
  };
  return stub(prototype, "write").callsFake(failing as FileHandle["write"]);
}
