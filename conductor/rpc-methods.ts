/**
 * The RPC's vocabulary, the same list for both ends: which methods there are, and the names and kinds of
 * their parameters after the context. What is not here cannot be called.
 */
import { Invalid } from "../common/errors.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { ConductorApi } from "./rpcapi.ts";

type Kind = "text" | "boolean" | "number" | "object";

interface Parameter {
  readonly name: string;
  readonly kind: Kind;
  readonly optional?: boolean;
}

const UUID: Parameter = { name: "uuid", kind: "text" };
const OPTIONS: Parameter = { name: "options", kind: "object", optional: true };

export const RPC_METHODS: { readonly [M in keyof ConductorApi]: readonly Parameter[] } = {
  createNode: [{ name: "node", kind: "object" }],
  updateNode: [UUID, { name: "changes", kind: "object" }, OPTIONS],
  destroyNode: [UUID],
  validateDriverInterfaces: [UUID],
  setConsoleMode: [UUID, { name: "enabled", kind: "boolean" }],
  getConsoleInformation: [UUID, OPTIONS],
  authorizeConsoleLog: [UUID],
  tryConsoleRecipe: [UUID, { name: "recipe", kind: "text" }],
  getConsoleFailure: [UUID],
  changeNodePowerState: [
    UUID,
    { name: "target", kind: "text" },
    { name: "timeoutSeconds", kind: "number", optional: true },
  ],
  doProvisioningAction: [UUID, { name: "verb", kind: "text" }],
  getSupportedBootDevices: [UUID],
  getBootDevice: [UUID],
  setBootDevice: [UUID, { name: "device", kind: "text" }, { name: "persistent", kind: "boolean" }],
  injectNmi: [UUID],
  attachVirtualMedia: [UUID, { name: "media", kind: "object" }],
  detachVirtualMedia: [UUID, { name: "options", kind: "object" }],
  getVirtualMedia: [UUID],
  getSensors: [UUID],
  getEventLog: [UUID, { name: "limit", kind: "number" }],
  clearEventLog: [UUID],
  getDriverProperties: [{ name: "hardwareType", kind: "text" }],
};

export type RpcMethod = keyof ConductorApi;

export function isRpcMethod(name: string): name is RpcMethod {
  return Object.hasOwn(RPC_METHODS, name);
}

/** Positional arguments → the named params of a request. */
export function paramsOf(
  method: RpcMethod,
  context: RequestContext,
  given: readonly unknown[],
): Record<string, unknown> {
  const named = RPC_METHODS[method].map(({ name }, index) => [name, given[index]]);
  return { context, ...Object.fromEntries(named) };
}

/**
 * Named params of a request → positional arguments.
 * @throws {Invalid} naming what is missing, unknown or of a wrong kind
 */
export function argumentsOf(
  method: RpcMethod,
  params: unknown,
): { readonly context: RequestContext; readonly given: unknown[] } {
  if (!isObject(params)) throw new Invalid("params must be an object");
  const { context, ...named } = params;
  if (
    !isObject(context) ||
    typeof context["requestId"] !== "string" ||
    !Array.isArray(context["roles"])
  )
    throw new Invalid("params.context is missing or malformed");
  const known = RPC_METHODS[method];
  const unknown = Object.keys(named).filter((name) => !known.some((one) => one.name === name));
  if (unknown.length > 0) throw new Invalid(`unknown params of ${method}: ${unknown.join(", ")}`);
  const given = known.map((parameter) => judged(method, parameter, named[parameter.name]));
  return { context: context as unknown as RequestContext, given };
}

function judged(method: RpcMethod, parameter: Parameter, value: unknown): unknown {
  if (value === undefined && parameter.optional) return undefined;
  const fits =
    parameter.kind === "object" ? isObject(value) : typeof value === TYPEOF[parameter.kind];
  if (!fits) throw new Invalid(`param "${parameter.name}" of ${method} must be ${parameter.kind}`);
  return value;
}

const TYPEOF = { text: "string", boolean: "boolean", number: "number" } as const;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
