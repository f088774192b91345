/**
 * How much memory a container's processes use: by /proc where they are seen there, since an engine counts
 * the programs' own files too; by the engine's word else.
 */
import { readFile } from "node:fs/promises";
import { objectOf } from "../../../lib/json-object.ts";
import { memoryOf } from "../local/memory.ts";
import type { EngineClient } from "./engine-client.ts";
import type { EngineFacts } from "./engine-facts.ts";

/** @returns null when it cannot be told. Never rejects */
export async function containerMemory(
  engine: EngineClient,
  facts: EngineFacts,
  id: string,
): Promise<number | null> {
  try {
    const inspected = objectOf(
      await engine.call({ method: "GET", path: `/containers/${id}/json` }),
    );
    const pid = Number(objectOf(inspected?.["State"])?.["Pid"]);
    const seen = (await isOf(pid, id)) ? await memoryOf(pid) : null;
    if (seen !== null || !facts.hasCgroups) return seen;
    const path = `/containers/${id}/stats?stream=false&one-shot=true`;
    const stats = objectOf(await engine.call({ method: "GET", path }));
    return usedMemory(stats?.["memory_stats"]);
  } catch {
    return null;
  }
}

/**
 * The engine may be on another machine, or we in a container with other numbers.
 * FACT(Podman 4.3, Docker 20, tried): a container's cgroup, or where it has none the files that are mounted
 * into it (hosts, hostname), have its id in their paths.
 */
async function isOf(pid: number, id: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid < 2) return false;
  for (const name of ["cgroup", "mountinfo"])
    if ((await readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")).includes(id)) return true;
  return false;
}

/** FACT(Docker, `docker stats`): page cache that can be dropped is no use; v2 and v1 of cgroups name it so. */
export function usedMemory(memoryStats: unknown): number | null {
  const stats = objectOf(memoryStats);
  const usage = Number(stats?.["usage"]);
  if (!Number.isFinite(usage) || usage <= 0) return null;
  const details = objectOf(stats?.["stats"]);
  const cache = Number(details?.["inactive_file"] ?? details?.["total_inactive_file"] ?? 0);
  return Math.max(0, usage - (Number.isFinite(cache) ? cache : 0));
}
