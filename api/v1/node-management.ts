/** A node's maintenance flag, boot device and NMI, and the vendor methods it does not have. */
import { MissingParameterValue } from "../../common/errors.ts";
import type { Node } from "../../common/node.ts";
import { accepted, type ApiRequest, noContent, ok, type Route } from "../route.ts";
import {
  mandatory,
  parseBoolean,
  parseText,
  queryArguments,
  requestArguments,
} from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import type { NodeRouteDeps } from "./nodes.ts";

const INJECT_NMI_SINCE = 29;

export function nodeManagementRoutes(deps: NodeRouteDeps): Route[] {
  const { conductor } = deps;
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "PUT",
      path: "/v1/nodes/:ident/maintenance",
      rule: "baremetal:node:set_maintenance",
      handle: async (request) => {
        const node = await find(request);
        const reason = requestArguments(request, ["reason"]).get("reason") ?? null;
        await conductor.updateNode(request.context, node.uuid, {
          maintenance: true,
          maintenanceReason: reason === null ? null : parseText("reason", reason),
        });
        return accepted();
      },
    },
    {
      method: "DELETE",
      path: "/v1/nodes/:ident/maintenance",
      rule: "baremetal:node:clear_maintenance",
      handle: async (request) => {
        queryArguments(request.query, []);
        await conductor.updateNode(request.context, (await find(request)).uuid, {
          maintenance: false,
          maintenanceReason: null,
          fault: null,
        });
        return accepted();
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/management/boot_device",
      rule: "baremetal:node:get_boot_device",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { uuid } = await find(request);
        const device = await conductor.getBootDevice(request.context, uuid);
        return ok({ boot_device: device.bootDevice, persistent: device.persistent });
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/management/boot_device/supported",
      rule: "baremetal:node:get_boot_device",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { uuid } = await find(request);
        const devices = await conductor.getSupportedBootDevices(request.context, uuid);
        return ok({ supported_boot_devices: devices });
      },
    },
    {
      method: "PUT",
      path: "/v1/nodes/:ident/management/boot_device",
      rule: "baremetal:node:set_boot_device",
      handle: async (request) => {
        const { uuid } = await find(request);
        const values = requestArguments(request, ["boot_device", "persistent"]);
        const device = parseText("boot_device", mandatory(values, "boot_device"));
        if (device === "")
          throw new MissingParameterValue("Missing mandatory parameter: boot_device");
        const persistent = parseBoolean("persistent", values.get("persistent") ?? false);
        await conductor.setBootDevice(request.context, uuid, device, persistent);
        return noContent;
      },
    },
    {
      method: "PUT",
      path: "/v1/nodes/:ident/management/inject_nmi",
      rule: "baremetal:node:inject_nmi",
      since: INJECT_NMI_SINCE,
      handle: async (request) => {
        const { uuid } = await find(request);
        requestArguments(request, []);
        await conductor.injectNmi(request.context, uuid);
        return noContent;
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/vendor_passthru/methods",
      rule: "baremetal:node:vendor_passthru",
      handle: async (request) => {
        queryArguments(request.query, []);
        await find(request);
        return ok({});
      },
    },
  ];
}
