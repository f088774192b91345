/**
 * Tells from its first bytes what an image looks like. For information alone: nothing is unpacked,
 * nothing depends on it, and any file may pretend to be any of these.
 */

/** So many bytes from the beginning are enough. */
export const FORMAT_PROBE_BYTES = 40_960;

const SECTOR = 2048;
/** FACT(ECMA-119 section 8.1, ECMA-167 part 2 section 9): volume descriptors begin at sector 16. */
const DESCRIPTORS_AT = 16 * SECTOR;
const DESCRIPTORS_READ = 4;

const MAGICS: readonly (readonly [format: string, at: number, bytes: string])[] = [
  ["gpt", 512, "EFI PART"],
  ["qcow2", 0, "QFI\u00fb"],
  ["vmdk", 0, "KDMV"],
  ["gzip", 0, "\u001f\u008b"],
  ["xz", 0, "\u00fd7zXZ\0"],
  ["zstd", 0, "\u0028\u00b5\u002f\u00fd"],
  ["zip", 0, "PK\u0003\u0004"],
];

/** @param start of the file. @returns `raw` for what is none of those it knows */
export function formatOf(start: Buffer): string {
  const at = (offset: number, text: string): boolean =>
    start.subarray(offset, offset + text.length).equals(Buffer.from(text, "latin1"));
  const descriptor = (word: string): boolean =>
    Array.from({ length: DESCRIPTORS_READ }, (_none, index) => index).some((index) =>
      at(DESCRIPTORS_AT + index * SECTOR + 1, word),
    );
  if (descriptor("CD001")) return "iso9660";
  if (descriptor("NSR02") || descriptor("NSR03") || descriptor("BEA01")) return "udf";
  for (const [format, offset, bytes] of MAGICS) if (at(offset, bytes)) return format;
  if (!at(510, "\u0055\u00aa")) return "raw";
  /* FACT(Microsoft FAT specification, section 3.3): BS_FilSysType. */
  return at(54, "FAT") || at(82, "FAT32") ? "fat" : "mbr";
}
