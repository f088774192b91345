/**
 * A node's console: whether it is on, a link to it, and the switch. Asking for the link mints a token
 * for the caller and touches neither the console nor anybody who watches it.
 */
import { NodeConsoleNotEnabled } from "../../common/errors.ts";
import type { Node } from "../../common/node.ts";
import { accepted, type ApiRequest, type ApiResponse, ok, type Route } from "../route.ts";
import { mandatory, parseBoolean, queryArguments, requestArguments } from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";

export function nodeConsoleRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "GET",
      path: "/v1/nodes/:ident/states/console",
      rule: "baremetal:node:get_console",
      handle: async (request) => {
        queryArguments(request.query, []);
        return getConsole(deps, request, await find(request));
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
): Promise<ApiResponse> {
  if (!node.consoleEnabled) return ok({ console_enabled: false, console_info: null });
  try {
    const info = await deps.conductor.getConsoleInformation(request.context, node.uuid);
    return ok({ console_enabled: true, console_info: info });
  } catch (error) {
    /* Disabled in between. */
    if (error instanceof NodeConsoleNotEnabled)
      return ok({ console_enabled: false, console_info: null });
    throw error;
  }
}
