import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FailureBook } from "../../../../../drivers/browser/desk/failure-book.ts";
import { Journal } from "../../../../../drivers/browser/desk/journal.ts";
import { DeskFiles } from "../../../../../drivers/browser/desk/node-files.ts";

const NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
const FAILURE = {
  at: 1_700_000_000_000,
  step: "login",
  failure: "wrong_password",
  message: "login: the page said no",
  screenshot: new Uint8Array([1, 2, 3]),
  pageUrl: "https://192.0.2.1/login?sid=secret#x",
} as const;

describe("the desk's files", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "desk-files-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are for this service alone", async () => {
    const files = new DeskFiles(folder);
    await new FailureBook(files).write(NODE, FAILURE);
    for (const path of [files.failure(NODE), files.screenshot(NODE)])
      assert.equal(statSync(path).mode & 0o777, 0o600, path);
    for (const path of [files.folder, files.journal])
      assert.equal(statSync(path).mode & 0o777, 0o700, path);
  });

  it("have no name that is not a node's", () => {
    assert.throws(() => new DeskFiles(folder).socket("../../../etc/passwd"), /uuid/);
  });

  it("refuse a folder whose path leaves no room for sockets", () => {
    assert.throws(
      () => new DeskFiles(`/${"x".repeat(80)}`).requireShortPath(NODE),
      /state_path is \d+ bytes too long/,
    );
  });

  describe("the last failure", () => {
    it("is there after a restart, with its picture and without the address's query", async () => {
      await new FailureBook(new DeskFiles(folder)).write(NODE, FAILURE);
      const read = await new FailureBook(new DeskFiles(folder)).read(NODE);
      assert.deepEqual(
        { ...read, screenshot: [...(read?.screenshot ?? [])] },
        { ...FAILURE, screenshot: [1, 2, 3], pageUrl: "https://192.0.2.1/login" },
      );
    });

    it("is replaced by the next one, picture and all, and forgotten when told", async () => {
      const files = new DeskFiles(folder);
      const book = new FailureBook(files);
      await book.write(NODE, FAILURE);
      await book.write(NODE, { ...FAILURE, step: "reach", screenshot: null });
      assert.equal((await book.read(NODE))?.step, "reach");
      assert.equal((await book.read(NODE))?.screenshot, null);
      await book.forget(NODE);
      assert.equal(await book.read(NODE), null);
      assert.deepEqual(readdirSync(join(files.folder, "failures")), []);
    });

    it("keeps hostile words on one line and a huge picture out", async () => {
      const files = new DeskFiles(folder);
      const book = new FailureBook(files);
      const screenshot = new Uint8Array(5 * 1024 * 1024);
      await book.write(NODE, {
        ...FAILURE,
        message: `\u001b[31m\n${"y".repeat(9999)}`,
        screenshot,
      });
      const read = await book.read(NODE);
      assert.ok((read?.message.length ?? 0) <= 1000);
      assert.ok(!read?.message.includes("\u001b"));
      assert.equal(read?.screenshot, null);
    });

    it("is none when the file is not ours", async () => {
      const files = new DeskFiles(folder);
      files.prepare();
      for (const text of ["", "[]", '{"at":1,"step":"dance","failure":"queue","message":"x"}']) {
        writeFileSync(files.failure(NODE), text);
        assert.equal(await new FailureBook(files).read(NODE), null);
      }
    });
  });

  describe("the journal", () => {
    const entry = {
      id: "abcdefghijklmnop",
      node: NODE,
      provider: "local",
      bmcSession: { path: "/redfish/v1/x/1", userName: "admin", createdTime: null },
      account: null,
    };

    it("tells a later run what was open, node by node", async () => {
      const files = new DeskFiles(folder);
      await new Journal(files).write(entry);
      await new Journal(files).write({ ...entry, id: "bbbbbbbbbbbbbbbb", node: "other" });
      const journal = new Journal(new DeskFiles(folder));
      assert.deepEqual(journal.of(NODE), [entry]);
      journal.remove(entry.id);
      assert.deepEqual(journal.of(NODE), []);
    });

    it("skips what it did not write", async () => {
      const files = new DeskFiles(folder);
      await new Journal(files).write(entry);
      writeFileSync(join(files.journal, "x.json"), "{");
      writeFileSync(join(files.journal, "y.json"), '{"id":"../../x","node":"n"}');
      assert.equal(new Journal(files).of(NODE).length, 1);
      assert.ok(
        !readFileSync(join(files.journal, `${entry.id}.json`), "utf8").includes("password"),
      );
    });

    it("is empty where there is no folder", () => {
      assert.deepEqual(new Journal(new DeskFiles(join(folder, "none"))).of(NODE), []);
    });
  });
});
