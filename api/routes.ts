/** Every route of the service in the order of matching: what is more specific comes first. */
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import type { Logger } from "../common/log.ts";
import type { ConductorApi } from "../conductor/rpcapi.ts";
import type { Database } from "../db/database.ts";
import { healthRoutes } from "./health.ts";
import type { ImageLibrary } from "./image-library.ts";
import type { Route } from "./route.ts";
import { consoleLogRoutes } from "./v1/console-log.ts";
import { consoleRecipeRoutes } from "./v1/console-recipe.ts";
import { conductorRoutes } from "./v1/conductors.ts";
import { driverRoutes } from "./v1/drivers.ts";
import { emptyCollectionRoutes } from "./v1/empty-collections.ts";
import { imageRoutes } from "./v1/images.ts";
import { nodeConsoleRoutes } from "./v1/node-console.ts";
import { nodeManagementRoutes } from "./v1/node-management.ts";
import { nodeStatesRoutes } from "./v1/node-states.ts";
import { nodeRoutes, unknownNodeSubResource } from "./v1/nodes.ts";
import { rootRoutes } from "./v1/root.ts";
import { sessionRoutes } from "./v1/sessions.ts";
import { telemetryRoutes } from "./v1/telemetry.ts";
import { virtualMediaRoutes } from "./v1/vmedia.ts";

export interface RouteDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly conductor: ConductorApi;
  readonly library: ImageLibrary;
  readonly isStopping: () => boolean;
}

export function allRoutes(deps: RouteDeps): Route[] {
  const { config, database, conductor } = deps;
  const maxLimit = config.api.max_limit;
  const heartbeatTimeoutSeconds = config.conductor.heartbeat_timeout;
  const nodes = { database, conductor, maxLimit, heartbeatTimeoutSeconds };
  return [
    ...healthRoutes(deps),
    ...rootRoutes,
    ...nodeRoutes(nodes),
    ...nodeStatesRoutes(nodes),
    ...nodeConsoleRoutes(nodes),
    ...consoleLogRoutes({ config, database, conductor, clock: deps.clock, log: deps.log }),
    ...consoleRecipeRoutes(nodes),
    ...nodeManagementRoutes(nodes),
    ...telemetryRoutes(nodes),
    ...virtualMediaRoutes(nodes),
    ...imageRoutes({ database, library: deps.library }),
    ...driverRoutes({ database, conductor, heartbeatTimeoutSeconds }),
    ...conductorRoutes({ database, maxLimit, heartbeatTimeoutSeconds }),
    ...sessionRoutes({ database }),
    ...emptyCollectionRoutes({ database }),
    unknownNodeSubResource({ database }),
  ];
}
