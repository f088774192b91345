/**
 * Hands out the link to a running console: a new token for the one who asks, never an old one, and no
 * side effect on the console (upstream's read ends the live serial session).
 */
import { NodeConsoleNotEnabled, InvalidParameterValue } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import { describeTransport, type StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import { checkCloseUrl } from "./close-url.ts";
import { consoleUrl, serialConsoleUrl, webSocketUrl } from "./console-url.ts";
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
    const mode = service.config.vnc.read_only ? "view" : (options.mode ?? "control");
    /* Whoever reaches that address may type, so it is no answer to who may only look. */
    if (endpoint.serial?.direct && options.consoleType === undefined && mode === "control")
      return { type: "socat", url: `tcp://${describeTransport(endpoint.transport)}` };
    if (options.consoleType !== undefined && options.consoleType !== consoleType)
      throw new InvalidParameterValue(
        `the console of node ${uuid} is of type "${consoleType}", not "${options.consoleType}"`,
      );
    const closeUrl =
      options.closeUrl === undefined
        ? null
        : checkCloseUrl(options.closeUrl, service.config.close_hook.allowed_urls);
    const { token, grant } = await service.database.tokens.authorize({
      nodeUuid: task.node.uuid,
      consoleType,
      mode,
      userId: context.userId,
      projectId: context.projectId,
      closeUrl,
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
    return await answer(context, task.node.uuid, endpoint, token);
  }

  async function answer(
    context: RequestContext,
    nodeUuid: string,
    endpoint: StoredConsoleEndpoint,
    token: string,
  ): Promise<ConsoleInfo> {
    const base = service.consoleBaseUrl;
    if (endpoint.consoleType === "vnc")
      return { type: "vnc", url: consoleUrl(base, nodeUuid, token) };
    const line = await service.database.lines.get(nodeUuid);
    return {
      type: "serial",
      url: serialConsoleUrl(base, nodeUuid, token),
      websocket_url: webSocketUrl(base, nodeUuid, token),
      line: {
        state: line?.state ?? "idle",
        /* It may name the BMC; tenants read the words of the session itself. */
        detail: context.isAdmin ? (line?.detail ?? null) : null,
        since: new Date(line?.since ?? service.clock.now()).toISOString(),
      },
    };
  }

  return { getConsoleInformation };
}

function runningEndpoint(node: Node): StoredConsoleEndpoint {
  if (node.consoleEnabled && node.consoleEndpoint && pendingConsoleChange(node) !== "disabling")
    return node.consoleEndpoint;
  throw new NodeConsoleNotEnabled(`Console access is not enabled on node ${node.uuid}`);
}
