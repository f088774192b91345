/**
 * A node's console: whether it is on, a link to it, and the switch. Asking for the link mints a token
 * for the caller and touches neither the console nor anybody who watches it.
 */
import { InvalidParameterValue, NodeConsoleNotEnabled } from "../../common/errors.ts";
import type { Node } from "../../common/node.ts";
import { accepted, type ApiRequest, type ApiResponse, ok, type Route } from "../route.ts";
import {
  mandatory,
  parseBoolean,
  parseText,
  queryArguments,
  requestArguments,
} from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";

type LinkOptions = NonNullable<Parameters<NodeRouteDeps["conductor"]["getConsoleInformation"]>[2]>;

export function nodeConsoleRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "GET",
      path: "/v1/nodes/:ident/states/console",
      rule: "baremetal:node:get_console",
      handle: async (request) => {
        const wanted = wantedLink(request);
        return getConsole(deps, request, await find(request), wanted);
      },
    },
    {
      method: "PUT",
      path: "/v1/nodes/:ident/states/console",
      rule: "baremetal:node:set_console_state",
      handle: async (request) => {
        const node = await find(request);
        const enabled = parseBoolean(
          "enabled",
          mandatory(requestArguments(request, ["enabled"]), "enabled"),
        );
        await deps.conductor.setConsoleMode(request.context, node.uuid, enabled);
        const ident = encodeURIComponent(request.params["ident"] ?? "");
        return accepted(`${request.baseUrl}/v1/nodes/${ident}/states/console`);
      },
    },
  ];
}

async function getConsole(
  deps: NodeRouteDeps,
  request: ApiRequest,
  node: Node,
  wanted: LinkOptions,
): Promise<ApiResponse> {
  if (!node.consoleEnabled) return ok({ console_enabled: false, console_info: null });
  try {
    const info = await deps.conductor.getConsoleInformation(request.context, node.uuid, wanted);
    return ok({ console_enabled: true, console_info: info });
  } catch (error) {
    /* Disabled in between. */
    if (error instanceof NodeConsoleNotEnabled)
      return ok({ console_enabled: false, console_info: null });
    throw error;
  }
}

/** What kind of link: ours, beside Ironic's plain GET. @throws {InvalidParameterValue} */
function wantedLink(request: ApiRequest): LinkOptions {
  const given = queryArguments(request.query, ["mode", "console_type", "close_url"]);
  const mode = chosen("mode", given.get("mode"), ["control", "view"] as const);
  const consoleType = chosen("console_type", given.get("console_type"), ["vnc", "serial"] as const);
  const closeUrl = given.get("close_url");
  return {
    ...(mode && { mode }),
    ...(consoleType && { consoleType }),
    ...(closeUrl !== undefined && { closeUrl: parseText("close_url", closeUrl) }),
  };
}

function chosen<T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found) return found;
  throw new InvalidParameterValue(
    `${name} must be one of ${choices.join(", ")}, not ${JSON.stringify(value)}`,
  );
}
