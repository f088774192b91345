/**
 * What a BMC says of itself, for recipes to recognise it: its Redfish service root and its pages without a
 * login; its first manager, when it comes to that, with the node's own Redfish account.
 */
import type { CaFiles } from "../../../common/ca-files.ts";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import type { HostTls } from "../../base.ts";
import { objectOf } from "../../lib/json-object.ts";
import { RedfishClient } from "../../lib/redfish-client.ts";
import type { DialDestination } from "../gate/gate.ts";
import type { BrowserSettings } from "../options.ts";
import { pageProbe } from "./probe-page.ts";
import type { SeenBmc } from "./recognise.ts";

const SERVICE_ROOT = "/redfish/v1/";
const REQUEST_LIMIT_MS = 15_000;

export interface BmcQuestion {
  readonly settings: BrowserSettings;
  readonly dial: DialDestination;
  readonly signal: AbortSignal;
  readonly candidates: readonly Recipe[];
  readonly caFiles: CaFiles;
}

/** @throws {ConsoleError} when the BMC cannot be reached or trusted */
export async function askBmc(question: BmcQuestion): Promise<SeenBmc> {
  const { settings, dial, signal, candidates, caFiles } = question;
  const minVersion = settings.minimumTls ?? lowestOf(candidates);
  const getPage = pageProbe({
    bmc: settings.bmc,
    dial,
    tls: { ...settings.trust, minVersion },
    caFiles,
  });
  const root = await getPage(SERVICE_ROOT, signal);
  return { serviceRoot: jsonOf(root?.body), manager: () => firstManager(question), getPage };
}

const TLS_NAMES = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

/** No credentials go over these connections, and nobody knows the recipe yet. */
function lowestOf(recipes: readonly Recipe[]): NonNullable<HostTls["minVersion"]> {
  const [lowest = "1.2"] = recipes.map(({ quirks }) => quirks.minimumTls).toSorted();
  return TLS_NAMES[lowest];
}

/** Undefined where there is none to be had: it only helps to tell relatives apart. */
async function firstManager({ settings, dial, signal }: BmcQuestion): Promise<unknown> {
  if (!settings.redfish) return undefined;
  const options = { signal, requestLimitMs: REQUEST_LIMIT_MS, dial };
  try {
    return await RedfishClient.with(settings.redfish, options, async (client) => {
      const { body } = await client.get("/redfish/v1/Managers");
      const [first] = Array.isArray(body["Members"]) ? body["Members"] : [];
      const path = objectOf(first)?.["@odata.id"];
      return typeof path === "string" ? (await client.get(path)).body : undefined;
    });
  } catch (error) {
    signal.throwIfAborted();
    void error; // A BMC without Redfish, or another account there.
    return undefined;
  }
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
