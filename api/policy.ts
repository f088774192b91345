/**
 * The one place that decides who may do what: a table of named rules (Ironic's names) and `enforce`.
 * Routes name their rule and never judge a caller themselves.
 *
 * With noauth and http_basic every authenticated caller is an administrator, as in Ironic. Rules are
 * looked up by name at every call, so that role expressions can replace the default check without
 * touching a route.
 */
import { NotAuthorized } from "../common/errors.ts";
import type { RequestContext } from "../common/request-context.ts";

/** Rule name → what it protects, in words for operators. */
export const POLICY_RULES = {
  "baremetal:node:create": "Create nodes",
  "baremetal:node:list": "List nodes",
  "baremetal:node:get": "Show one node, and the empty lists below it",
  "baremetal:node:update": "Change a node's attributes",
  "baremetal:node:delete": "Delete a node",
  "baremetal:node:validate": "Ask whether a node's interfaces have what they need",
  "baremetal:node:get_states": "Show a node's power, provision and console state",
  "baremetal:node:set_power_state": "Switch a node on and off",
  "baremetal:node:set_provision_state": "Bring a node to another provision state",
  "baremetal:node:set_maintenance": "Take a node out of service",
  "baremetal:node:clear_maintenance": "Put a node back into service",
  "baremetal:node:get_boot_device": "Show a node's boot device and the supported ones",
  "baremetal:node:set_boot_device": "Change a node's boot device",
  "baremetal:node:inject_nmi": "Send a node a non-maskable interrupt",
  "baremetal:node:vmedia:get": "Show a node's virtual media",
  "baremetal:node:vmedia:attach": "Put an image of the library into a node's virtual drive",
  "baremetal:node:vmedia:attach_url":
    "Put an image from any URL into a node's virtual drive: the BMC connects there",
  "baremetal:node:vmedia:detach": "Eject a node's virtual media",
  "baremetal:node:get_sensors": "Read a node's sensors",
  "baremetal:node:get_event_log": "Read a node's event log",
  "baremetal:node:clear_event_log": "Empty a node's event log",
  "baremetal:node:get_console": "Get a link to a node's console",
  "baremetal:node:get_console_log": "Read what a node said on its serial console",
  "baremetal:node:set_console_state": "Switch a node's console on and off",
  "baremetal:node:try_console_recipe":
    "Try a console recipe on a node: it is given the BMC's login",
  "baremetal:node:get_console_failure":
    "See what a node's console failed at, with a picture of the BMC's page",
  "baremetal:node:vendor_passthru": "List a node's vendor methods",
  "baremetal:driver:get": "List and show hardware types",
  "baremetal:driver:get_properties": "Show the driver_info options of a hardware type",
  "baremetal:driver:vendor_passthru": "List a hardware type's vendor methods",
  "baremetal:conductor:get": "List and show conductors",
  "baremetal:port:list": "List ports and port groups (there are none)",
  "baremetal:chassis:get": "List chassis (there are none)",
  "baremetal:volume:list_all": "List volume connectors and targets (there are none)",
  "baremetal:allocation:list": "List allocations (there are none)",
  "baremetal:deploy_template:get": "List deploy templates (there are none)",
  "baremetal:image:list": "List and show images: public ones and those of the caller's project",
  "baremetal:image:create": "Add images to the library, by upload or from a URL",
  "baremetal:image:publish": "Make an image public: every project may use it",
  "baremetal:image:update": "Change an image's name, or send its content again",
  "baremetal:image:delete": "Delete an image",
  "baremetal:console_session:list": "List and show console sessions: who watches which node",
  "baremetal:console_session:kill": "End a console session",
} as const satisfies Record<string, string>;

export type PolicyRule = keyof typeof POLICY_RULES;

/** @throws {NotAuthorized} naming the rule, in Ironic's words */
export function enforce(rule: PolicyRule, context: RequestContext): void {
  if (context.isAdmin) return;
  throw new NotAuthorized(`Access was denied to the following resource: ${rule}`);
}
