/** What has to be known of an engine before containers are made: its kind, whether it is rootless, its CPUs. */
import { objectOf } from "../../../lib/json-object.ts";
import type { EngineClient } from "./engine-client.ts";

export interface EngineFacts {
  readonly isPodman: boolean;
  /** It runs as a user, and so do its containers. */
  readonly isRootless: boolean;
  readonly cpus: number;
  /** Containers have cgroups of their own: limits count, and figures are theirs. */
  readonly hasCgroups: boolean;
}

/** @throws {ConsoleError} when the engine does not answer */
export async function askEngine(engine: EngineClient, signal?: AbortSignal): Promise<EngineFacts> {
  const with_ = signal && { signal };
  const version = objectOf(await engine.call({ method: "GET", path: "/version", ...with_ }));
  const info = objectOf(await engine.call({ method: "GET", path: "/info", ...with_ }));
  const parts = Array.isArray(version?.["Components"]) ? version["Components"] : [];
  const security = Array.isArray(info?.["SecurityOptions"]) ? info["SecurityOptions"] : [];
  const cpus = Number(info?.["NCPU"]);
  const isRootless =
    info?.["Rootless"] === true ||
    security.some((one) => /(?:^|,)name=rootless\b/.test(wordOf(one)));
  return {
    // FACT(Podman 3 to 5, GET /version): Components names "Podman Engine"; Docker's says "Engine".
    isPodman: parts.some((part) => /podman/i.test(wordOf(objectOf(part)?.["Name"]))),
    isRootless,
    cpus: Number.isSafeInteger(cpus) && cpus > 0 ? cpus : 1,
    // FACT(Podman 4.3, tried): without root and with version 1 its figures are those of the whole machine.
    hasCgroups: !isRootless || info?.["CgroupVersion"] === "2",
  };
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
