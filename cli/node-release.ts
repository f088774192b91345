/** One warning line when this Node.js no longer gets security fixes. */

/** First days without fixes, from the Node.js release schedule. */
const END_OF_LIFE: Readonly<Record<number, string>> = {
  20: "2026-04-30",
  21: "2024-06-01",
  22: "2027-04-30",
  23: "2025-06-01",
  24: "2028-04-30",
  25: "2026-06-01",
  26: "2029-04-30",
};

/** @param nowMs milliseconds since the epoch. @returns the line, or nothing */
export function endOfLifeWarning(version: string, nowMs: number): string | undefined {
  const major = Number(version.split(".")[0]);
  const end = END_OF_LIFE[major];
  if (end === undefined || nowMs < Date.parse(end)) return undefined;
  return `Node.js ${version} has had no security fixes since ${end}; 24 LTS is recommended`;
}
