/** Puts the desk of a conductor together from its real parts. Wiring only. */
import { CaFiles } from "../../../common/ca-files.ts";
import { messageOf, type Config, type Logger } from "../../base.ts";
import { prepareAccess } from "../account/prepare-access.ts";
import { createGate } from "../gate/create-gate.ts";
import { createGateIdentity } from "../gate/identity.ts";
import { openKiosk } from "../kiosk/open.ts";
import { chooseProvider } from "../providers/choose-provider.ts";
import type { SessionProvider } from "../providers/provider.ts";
import { RecipeStore } from "../recipes/recipe-store.ts";
import { runRecipe } from "../recipes/run-recipe.ts";
import { BrowserDesk } from "./desk.ts";
import type { Doors } from "./doors.ts";
import { FailureBook } from "./failure-book.ts";
import { Journal } from "./journal.ts";
import { DeskFiles } from "./node-files.ts";
import { systemScheduler } from "./scheduler.ts";
import { Seats } from "./seats.ts";
import { SocketDoors } from "./socket-doors.ts";
import { TlsDoors } from "./tls-doors.ts";

/**
 * Ends what an earlier run left on its way.
 * @throws {ConfigInvalid} {@link InvalidParameterValue} when an option of [browser] is wrong
 */
export async function createDesk(config: Config, log: Logger): Promise<BrowserDesk> {
  const files = new DeskFiles(config.DEFAULT.state_path);
  files.prepare();
  const doors = doorsOf(config, files);
  const provider = await chooseProvider({
    config,
    log,
    conductor: config.DEFAULT.host,
    folder: files.provider(config.browser.provider),
  });
  await sweep(provider, log);
  const identity = await createGateIdentity();
  const caFiles = new CaFiles();
  const parts = {
    config,
    log,
    scheduler: systemScheduler,
    caFiles,
    provider,
    recipes: new RecipeStore({ folder: config.browser.recipe_dir, log }),
    makeGate: (dial, sessionLog) => createGate({ identity, dial, log: sessionLog, caFiles }),
    openKiosk,
    runRecipe,
    prepareAccess,
  } satisfies ConstructorParameters<typeof BrowserDesk>[0]["parts"];
  return new BrowserDesk({
    parts,
    doors,
    seats: new Seats(parts),
    journal: new Journal(files),
    failures: new FailureBook(files),
  });
}

function doorsOf(config: Config, files: DeskFiles): Doors {
  const { listen, listen_address: address, listen_port: port } = config.browser;
  return listen === "tls" ? new TlsDoors(address, port) : new SocketDoors(files);
}

/** What is left over disturbs nobody who waits now. */
async function sweep(provider: SessionProvider, log: Logger): Promise<void> {
  try {
    const count = await provider.sweep();
    if (count > 0) log.warn("ended browser sessions of an earlier run", { count });
  } catch (error) {
    log.error("browser sessions of an earlier run may still be there", {
      reason: messageOf(error),
    });
  }
}
