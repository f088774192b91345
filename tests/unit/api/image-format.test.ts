/** Samples are made by the real programs where there are some. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FORMAT_PROBE_BYTES, formatOf } from "../../../api/image-format.ts";

describe("what an image looks like", () => {
  it("iso9660, as xorriso writes it", () => {
    const folder = mkdtempSync(join(tmpdir(), "bmc-format-"));
    try {
      writeFileSync(join(folder, "hello"), "hello");
      const file = join(folder, "a.iso");
      execFileSync("xorriso", ["-as", "mkisofs", "-o", file, join(folder, "hello")], {
        stdio: "ignore",
      });
      assert.equal(formatOf(readFileSync(file).subarray(0, FORMAT_PROBE_BYTES)), "iso9660");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const at = (offset: number, text: string, more?: [number, string]): Buffer => {
    const bytes = Buffer.alloc(FORMAT_PROBE_BYTES);
    bytes.write(text, offset, "latin1");
    if (more) bytes.write(more[1], more[0], "latin1");
    return bytes;
  };
  for (const [format, bytes] of [
    ["udf", at(32_769, "BEA01")],
    ["gpt", at(512, "EFI PART")],
    ["fat", at(510, "\u0055\u00aa", [82, "FAT32   "])],
    ["fat", at(510, "\u0055\u00aa", [54, "FAT16   "])],
    ["mbr", at(510, "\u0055\u00aa")],
    ["qcow2", at(0, "QFI\u00fb")],
    ["gzip", at(0, "\u001f\u008b\u0008")],
    ["raw", Buffer.alloc(FORMAT_PROBE_BYTES)],
    ["raw", Buffer.from("x")],
    ["raw", Buffer.alloc(0)],
  ] as const)
    it(`${format} from ${bytes.length} bytes`, () => {
      assert.equal(formatOf(bytes), format);
    });
});
