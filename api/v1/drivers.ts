/**
 * Hardware types as the living conductors registered them, which are Ironic's "drivers": where each is
 * served, its interfaces, and the driver_info options it takes.
 */
import { DriverNotFound, InvalidParameterValue, NotAcceptable } from "../../common/errors.ts";
import { INTERFACE_TYPES, type InterfaceType, type JsonObject } from "../../common/node.ts";
import type { ConductorApi } from "../../conductor/rpcapi.ts";
import type { ConductorInterface, Database } from "../../db/database.ts";
import { type ApiRequest, type ApiResponse, ok, type Route } from "../route.ts";
import { mandatory, parseBoolean, parseText, queryArguments } from "./arguments.ts";
import { linkPair } from "./links.ts";

const PROPERTIES_LINK_SINCE = 14;
const DYNAMIC_SINCE = 30;
/** Interface types that came after hardware types themselves. */
const INTERFACE_SINCE: Partial<Record<InterfaceType, number>> = {
  storage: 33,
  rescue: 38,
  bios: 40,
};

export interface DriverRouteDeps {
  readonly database: Database;
  readonly conductor: ConductorApi;
  /** [conductor]heartbeat_timeout. */
  readonly heartbeatTimeoutSeconds: number;
}

interface Driver {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly interfaces: readonly ConductorInterface[];
}

export function driverRoutes(deps: DriverRouteDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/drivers",
      rule: "baremetal:driver:get",
      handle: (request) => list(deps, request),
    },
    {
      method: "GET",
      path: "/v1/drivers/properties",
      rule: "baremetal:driver:get_properties",
      handle: (request) => {
        const query = queryArguments(request.query, ["driver_name"]);
        return properties(deps, request, parseText("driver_name", mandatory(query, "driver_name")));
      },
    },
    {
      method: "GET",
      path: "/v1/drivers/:name",
      rule: "baremetal:driver:get",
      handle: async (request) => {
        queryArguments(request.query, []);
        const [driver] = await drivers(deps, request.params["name"]);
        if (!driver) throw new DriverNotFound(request.params["name"] ?? "");
        return ok(view(driver, request, true));
      },
    },
    {
      method: "GET",
      path: "/v1/drivers/:name/properties",
      rule: "baremetal:driver:get_properties",
      handle: (request) => {
        queryArguments(request.query, []);
        return properties(deps, request, request.params["name"] ?? "");
      },
    },
    {
      method: "GET",
      path: "/v1/drivers/:name/vendor_passthru/methods",
      rule: "baremetal:driver:vendor_passthru",
      handle: async (request) => {
        queryArguments(request.query, []);
        const found = await drivers(deps, request.params["name"]);
        if (found.length === 0) throw new DriverNotFound(request.params["name"] ?? "");
        return ok({});
      },
    },
  ];
}

async function list(deps: DriverRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  const query = queryArguments(request.query, ["type", "detail"]);
  const type = query.get("type");
  const detail = query.get("detail");
  if ((type !== undefined || detail !== undefined) && request.minor < DYNAMIC_SINCE)
    throw new NotAcceptable("Request not acceptable.");
  if (type !== undefined && type !== "classic" && type !== "dynamic")
    throw new InvalidParameterValue(
      '"type" filter must be one of "classic" or "dynamic", if given.',
    );
  /* Classic drivers are history; there are none. */
  const found = type === "classic" ? [] : await drivers(deps);
  const detailed = detail !== undefined && parseBoolean("detail", detail);
  return ok({ drivers: found.map((driver) => view(driver, request, detailed)) });
}

async function properties(
  deps: DriverRouteDeps,
  request: ApiRequest,
  name: string,
): Promise<ApiResponse> {
  if ((await drivers(deps, name)).length === 0) throw new DriverNotFound(name);
  return ok(await deps.conductor.getDriverProperties(request.context, name));
}

/** Hardware types of conductors that are alive, by name. */
async function drivers(deps: DriverRouteDeps, only?: string): Promise<Driver[]> {
  const alive = await deps.database.conductors.listAlive(deps.heartbeatTimeoutSeconds);
  const names = [...new Set(alive.flatMap((conductor) => conductor.drivers))].sort();
  const hostNames = new Set(alive.map((conductor) => conductor.hostname));
  const interfaces = (await deps.database.conductors.listInterfaces(only)).filter((entry) =>
    hostNames.has(entry.hostname),
  );
  return names
    .filter((name) => only === undefined || name === only)
    .map((name) => ({
      name,
      hosts: alive
        .filter((conductor) => conductor.drivers.includes(name))
        .map((conductor) => conductor.hostname)
        .sort(),
      interfaces: interfaces.filter((entry) => entry.hardwareType === name),
    }));
}

function view(driver: Driver, request: ApiRequest, detail: boolean): JsonObject {
  const { minor, baseUrl } = request;
  const path = `drivers/${encodeURIComponent(driver.name)}`;
  return {
    name: driver.name,
    hosts: [...driver.hosts],
    links: linkPair(baseUrl, path).map((link) => ({ ...link })),
    ...(minor >= PROPERTIES_LINK_SINCE && {
      properties: linkPair(baseUrl, `${path}/properties`).map((link) => ({ ...link })),
    }),
    ...(minor >= DYNAMIC_SINCE && { type: "dynamic" }),
    ...(minor >= DYNAMIC_SINCE && detail && interfaceFields(driver, minor)),
  };
}

function interfaceFields(driver: Driver, minor: number): JsonObject {
  const fields: JsonObject = {};
  for (const type of [...INTERFACE_TYPES].sort()) {
    if ((INTERFACE_SINCE[type] ?? 0) > minor) continue;
    const entries = driver.interfaces.filter((entry) => entry.interfaceType === type);
    fields[`default_${type}_interface`] =
      entries.find((entry) => entry.isDefault)?.interfaceName ?? null;
    fields[`enabled_${type}_interfaces`] = [
      ...new Set(entries.map((entry) => entry.interfaceName)),
    ].sort();
  }
  return fields;
}
