/** A node's states: what they are, and the wish for others. Wishes are accepted and worked on later. */
import { InvalidStateRequested, NotAcceptable } from "../../common/errors.ts";
import type { Node, PowerTarget } from "../../common/node.ts";
import type { ProvisionVerb } from "../../conductor/rpcapi.ts";
import { accepted, type ApiRequest, type ApiResponse, ok, type Route } from "../route.ts";
import {
  mandatory,
  parseInteger,
  parseText,
  queryArguments,
  requestArguments,
} from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";
import { nodeView } from "./node-view.ts";

/** In the order in which Ironic sends them. */
const STATE_FIELDS = [
  "console_enabled",
  "last_error",
  "power_state",
  "provision_state",
  "target_power_state",
  "target_provision_state",
  "provision_updated_at",
  "raid_config",
  "target_raid_config",
  "boot_mode",
  "secure_boot",
];

const POWER_TARGETS: readonly PowerTarget[] = [
  "power on",
  "power off",
  "rebooting",
  "soft rebooting",
  "soft power off",
];
const SOFT_POWER_SINCE = 27;
/** The verbs we have, and since when. Ironic's others need a deployment service. */
const PROVISION_VERBS: Readonly<Record<ProvisionVerb, number>> = {
  manage: 4,
  provide: 4,
  deleted: 1,
  abort: 13,
  adopt: 17,
};

export function nodeStatesRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "GET",
      path: "/v1/nodes/:ident/states",
      rule: "baremetal:node:get_states",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { links: _links, ...states } = await nodeView(deps, await find(request), {
          minor: request.minor,
          baseUrl: request.baseUrl,
          fields: STATE_FIELDS,
        });
        return ok(states);
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/states/power",
      rule: "baremetal:node:get_states",
      handle: async (request) => {
        queryArguments(request.query, []);
        const node = await find(request);
        return ok({ power_state: node.powerState, target_power_state: node.targetPowerState });
      },
    },
    {
      method: "PUT",
      path: "/v1/nodes/:ident/states/power",
      rule: "baremetal:node:set_power_state",
      handle: async (request) => setPower(deps, request, await find(request)),
    },
    {
      method: "PUT",
      path: "/v1/nodes/:ident/states/provision",
      rule: "baremetal:node:set_provision_state",
      handle: async (request) => setProvision(deps, request, await find(request)),
    },
  ];
}

async function setPower(
  deps: NodeRouteDeps,
  request: ApiRequest,
  node: Node,
): Promise<ApiResponse> {
  const values = requestArguments(request, ["target", "timeout"]);
  const target = parseText("target", mandatory(values, "target"));
  const timeout = values.get("timeout") ?? null;
  const timeoutSeconds = timeout === null ? undefined : parseInteger("timeout", timeout, 1);
  const soft = target.startsWith("soft ") || timeoutSeconds !== undefined;
  if (soft && request.minor < SOFT_POWER_SINCE)
    throw new NotAcceptable(
      `Request not acceptable. The minimal required API version should be 1.${SOFT_POWER_SINCE}`,
    );
  if (!isPowerTarget(target)) throw cannotPerform(request, target, node.powerState);
  await deps.conductor.changeNodePowerState(request.context, node.uuid, target, timeoutSeconds);
  return accepted(statesUrl(request));
}

async function setProvision(
  deps: NodeRouteDeps,
  request: ApiRequest,
  node: Node,
): Promise<ApiResponse> {
  const values = requestArguments(request, ["target"]);
  const verb = parseText("target", mandatory(values, "target"));
  if (!isProvisionVerb(verb)) throw cannotPerform(request, verb, node.provisionState);
  if (request.minor < PROVISION_VERBS[verb]) throw new NotAcceptable("Request not acceptable.");
  await deps.conductor.doProvisioningAction(request.context, node.uuid, verb);
  return accepted(statesUrl(request));
}

function isPowerTarget(target: string): target is PowerTarget {
  return (POWER_TARGETS as readonly string[]).includes(target);
}

function isProvisionVerb(verb: string): verb is ProvisionVerb {
  return Object.hasOwn(PROVISION_VERBS, verb);
}

function cannotPerform(request: ApiRequest, action: string, state: string | null): Error {
  return new InvalidStateRequested(
    `The requested action "${action}" can not be performed on node "${request.params["ident"]}" while it is in state "${state ?? "None"}".`,
  );
}

function statesUrl(request: ApiRequest): string {
  return `${request.baseUrl}/v1/nodes/${encodeURIComponent(request.params["ident"] ?? "")}/states`;
}
