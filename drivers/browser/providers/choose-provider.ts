/** The provider that [browser]provider names. Only that one's code is loaded. */
import type { Config } from "../../base.ts";
import { checkPrograms } from "./local/check.ts";
import type { ProviderParts, SessionProvider } from "./provider.ts";

export type ChosenProviderParts = ProviderParts & { readonly config: Config };

/** @throws {ConfigInvalid} when an option of the provider is wrong */
export async function chooseProvider(parts: ChosenProviderParts): Promise<SessionProvider> {
  switch (parts.config.browser.provider) {
    case "ssh":
      return (await import("./ssh/ssh-provider.ts")).createSshProvider(parts);
    case "container":
      return (await import("./container/container-provider.ts")).createContainerProvider(parts);
    case "kubernetes":
      return (await import("./kubernetes/kube-provider.ts")).createKubernetesProvider(parts);
    default:
      return (await import("./local/local.ts")).createLocalProvider(parts);
  }
}

/**
 * What can be seen at once and without the network: whether this machine has the programs.
 * @throws {ConsoleError} naming what is missing and how to get it
 */
export function lookForPrograms(config: Config): void {
  if (config.browser.provider === "local") checkPrograms();
}
