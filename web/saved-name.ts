/** How a file saved from a console is called: after the machine and the time in UTC. */

/** @returns for example `rack-7_2026-03-01T09-05-07Z.png`; safe as a file name everywhere */
export function savedName(nodeName: string, time: Date, extension: "png" | "txt"): string {
  const node = nodeName.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replaceAll(/^[-.]+|[-.]+$/g, "");
  const second = time.toISOString().slice(0, 19).replaceAll(":", "-");
  return `${node.slice(0, 100) || "console"}_${second}Z.${extension}`;
}
