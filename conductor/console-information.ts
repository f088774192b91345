/**
 * Hands out the link to a running console: a new token for the one who asks, never an old one, and no
 * side effect on the console (upstream's read ends the live serial session).
 */
import { NodeConsoleNotEnabled, InvalidParameterValue } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import { consoleUrl } from "./console-url.ts";
import { pendingConsoleChange } from "./memo-store.ts";
import type { ConductorApi, ConsoleInfo } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const VALIDATE_SECONDS = 15;

type Options = NonNullable<Parameters<ConductorApi["getConsoleInformation"]>[2]>;

export function createConsoleInformation(
  service: ConductorService,
): Pick<ConductorApi, "getConsoleInformation"> {
  async function getConsoleInformation(
    context: RequestContext,
    uuid: string,
    options: Options = {},
  ): Promise<ConsoleInfo> {
    await using task = await service.tasks.acquire(uuid, {
      shared: true,
      purpose: "getting the console's link",
    });
    const endpoint = runningEndpoint(task.node);
    const driver = task.interfaceOf("console");
    await task.drive(
      { type: "console", seconds: VALIDATE_SECONDS, what: "validating driver_info" },
      (held) => driver.validate(held),
    );
    /* It may have been disabled, or its node deleted, while a BMC took its time. */
    runningEndpoint(await service.database.nodes.get(task.node.uuid));
    const { consoleType } = endpoint;
    if (options.consoleType !== undefined && options.consoleType !== consoleType)
      throw new InvalidParameterValue(
        `the console of node ${uuid} is of type "${consoleType}", not "${options.consoleType}"`,
      );
    const mode = service.config.vnc.read_only ? "view" : (options.mode ?? "control");
    const { token, grant } = await service.database.tokens.authorize({
      nodeUuid: task.node.uuid,
      consoleType,
      mode,
      userId: context.userId,
      projectId: context.projectId,
      ttlSeconds: service.config.vnc.token_timeout,
    });
    task.log.info("console link given out", {
      requestId: context.requestId,
      user: context.userName ?? context.userId,
      project: context.projectId,
      mode,
      grant: grant.id,
      expiresAt: new Date(grant.expiresAt).toISOString(),
    });
    return { type: consoleType, url: consoleUrl(service.consoleBaseUrl, task.node.uuid, token) };
  }

  return { getConsoleInformation };
}

function runningEndpoint(node: Node): StoredConsoleEndpoint {
  if (node.consoleEnabled && node.consoleEndpoint && pendingConsoleChange(node) !== "disabling")
    return node.consoleEndpoint;
  throw new NodeConsoleNotEnabled(`Console access is not enabled on node ${node.uuid}`);
}
