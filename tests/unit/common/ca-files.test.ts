import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { CaFiles, MAX_CA_FILE_BYTES } from "../../../common/ca-files.ts";

const SETTINGS = { minVersion: "TLSv1.2" } as const;

describe("CaFiles", () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ca-files-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("parses a file once for all connections with the same settings", async () => {
    const files = new CaFiles();
    const path = file("ca.pem", rootCertificates[0] ?? "");
    const first = await files.context(path, SETTINGS);
    assert.equal(await files.context(path, { ...SETTINGS }), first);
    assert.notEqual(await files.context(path, { minVersion: "TLSv1.3" }), first);
  });

  it("reads a file again when its time or its size has changed", async () => {
    const files = new CaFiles();
    const path = file("changing.pem", rootCertificates[0] ?? "");
    const first = await files.context(path, SETTINGS);
    utimesSync(path, 1, 1);
    const second = await files.context(path, SETTINGS);
    assert.notEqual(second, first);
    writeFileSync(path, rootCertificates.slice(0, 2).join("\n"));
    utimesSync(path, 1, 1);
    assert.notEqual(await files.context(path, SETTINGS), second);
  });

  it("forgets a file that is gone", async () => {
    const files = new CaFiles();
    const path = file("gone.pem", rootCertificates[0] ?? "");
    await files.context(path, SETTINGS);
    rmSync(path);
    await assert.rejects(files.context(path, SETTINGS), /ENOENT.*gone\.pem/);
  });

  it("remembers the 32 that were used last", async () => {
    const files = new CaFiles();
    const paths = Array.from({ length: 33 }, (_, index) => file(`${index}.pem`, ""));
    const contexts = [];
    for (const path of paths) contexts.push(await files.context(path, SETTINGS));
    assert.equal(await files.context(paths[1] ?? "", SETTINGS), contexts[1]);
    assert.notEqual(await files.context(paths[0] ?? "", SETTINGS), contexts[0]);
    assert.equal(await files.context(paths[1] ?? "", SETTINGS), contexts[1]);
    assert.notEqual(await files.context(paths[2] ?? "", SETTINGS), contexts[2]);
  });

  it("takes a file of 1 MiB and refuses a longer one", async () => {
    const path = file("long.pem", "");
    truncateSync(path, MAX_CA_FILE_BYTES);
    await new CaFiles().context(path, SETTINGS);
    truncateSync(path, MAX_CA_FILE_BYTES + 1);
    await assert.rejects(
      new CaFiles().context(path, SETTINGS),
      /long\.pem has more than 1048576 bytes/,
    );
  });

  it("refuses what is no regular file, without waiting for it", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    for (const path of [fifo, folder, "/dev/zero", "/dev/stdin"])
      await assert.rejects(new CaFiles().context(path, SETTINGS), /is no regular file/);
  });
});
