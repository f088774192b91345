/** What of a BMC a session reaches, and by which TLS at least: the node's options and the recipe together. */
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import type { HostTls } from "../../base.ts";
import type { BrowserSettings } from "../options.ts";
import type { Destination } from "../providers/provider.ts";

const TLS_NAMES = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

/** While the recipe is not known, 1.2. */
export function minimumTlsOf(
  settings: BrowserSettings,
  recipe: Recipe | undefined,
): NonNullable<HostTls["minVersion"]> {
  return settings.minimumTls ?? TLS_NAMES[recipe?.quirks.minimumTls ?? "1.2"];
}

/** The web page's own comes first. */
export function destinationsOf({ bmc }: BrowserSettings, recipe: Recipe): Destination[] {
  const ports = [bmc.port, ...recipe.quirks.ports.filter((port) => port !== bmc.port)];
  return ports.map((port) => ({ host: bmc.host, port }));
}
