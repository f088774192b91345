/** What the desk is made of: the pieces of the other folders, as functions, so that tests bring their own. */
import type { CaFiles } from "../../../common/ca-files.ts";
import type { Config, Logger } from "../../base.ts";
import type { PrepareAccess } from "../account/prepare-access.ts";
import type { DialDestination, Gate } from "../gate/gate.ts";
import type { Kiosk, KioskOptions } from "../kiosk/kiosk.ts";
import type { SessionProvider } from "../providers/provider.ts";
import type { RecipeStore } from "../recipes/recipe-store.ts";
import type { RecipeRun, RecipeRunOptions } from "../recipes/run-recipe.ts";
import type { Scheduler } from "./scheduler.ts";

/** The recipes that there are; recipes/recipe-store.ts. */
export type RecipeBook = Pick<RecipeStore, "find" | "read" | "recognise">;

export interface DeskParts {
  readonly config: Config;
  readonly log: Logger;
  readonly scheduler: Scheduler;
  readonly caFiles: CaFiles;
  readonly provider: SessionProvider;
  readonly recipes: RecipeBook;
  readonly makeGate: (dial: DialDestination, log: Logger) => Gate;
  readonly openKiosk: (options: KioskOptions) => Promise<Kiosk>;
  readonly runRecipe: (options: RecipeRunOptions) => RecipeRun;
  readonly prepareAccess: PrepareAccess;
}
