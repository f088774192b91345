/** What each column of each table holds: the one description from which both dialects read rows. */
import type { Node } from "../common/node.ts";
import type { TableDescription } from "./columns.ts";
import type {
  Conductor,
  ConductorInterface,
  ConsoleAuthToken,
  ConsoleLine,
  ConsoleProxy,
  ConsoleSession,
  Image,
  NodeMedia,
  NodeSensors,
} from "./database.ts";

export const NODE_COLUMNS: TableDescription<Node> = {
  uuid: "text",
  name: "text",
  driver: "text",
  driverInfo: "json",
  driverInternalInfo: "json",
  properties: "json",
  extra: "json",
  instanceInfo: "json",
  instanceUuid: "text",
  networkData: "json",
  biosInterface: "text",
  bootInterface: "text",
  consoleInterface: "text",
  deployInterface: "text",
  inspectInterface: "text",
  managementInterface: "text",
  networkInterface: "text",
  powerInterface: "text",
  raidInterface: "text",
  rescueInterface: "text",
  storageInterface: "text",
  vendorInterface: "text",
  consoleEnabled: "boolean",
  consoleEndpoint: "json",
  consoleHistorySince: "time",
  driverMemos: "json",
  powerState: "text",
  targetPowerState: "text",
  provisionState: "text",
  targetProvisionState: "text",
  provisionUpdatedAt: "time",
  maintenance: "boolean",
  maintenanceReason: "text",
  fault: "text",
  lastError: "text",
  reservation: "text",
  conductorAffinity: "text",
  conductorGroup: "text",
  owner: "text",
  lessee: "text",
  description: "text",
  resourceClass: "text",
  shard: "text",
  automatedClean: "boolean",
  protected: "boolean",
  protectedReason: "text",
  retired: "boolean",
  retiredReason: "text",
  createdAt: "time",
  updatedAt: "time",
};

export const CONSOLE_AUTH_TOKEN_COLUMNS: TableDescription<ConsoleAuthToken> = {
  id: "integer",
  nodeUuid: "text",
  consoleType: "text",
  mode: "text",
  userId: "text",
  projectId: "text",
  closeUrl: "text",
  createdAt: "time",
  expiresAt: "time",
};

export const CONSOLE_SESSION_COLUMNS: TableDescription<ConsoleSession> = {
  id: "text",
  nodeUuid: "text",
  tokenId: "integer",
  consoleType: "text",
  mode: "text",
  userId: "text",
  projectId: "text",
  sourceAddress: "text",
  userAgent: "text",
  proxyHost: "text",
  openedAt: "time",
  lastInputAt: "time",
  closedAt: "time",
  closedReason: "text",
  killReason: "text",
  bytesToTenant: "integer",
  bytesToHost: "integer",
};

export const PROXY_COLUMNS: TableDescription<ConsoleProxy> = {
  host: "text",
  beat: "integer",
};

export const CONDUCTOR_COLUMNS: TableDescription<Conductor> = {
  hostname: "text",
  conductorGroup: "text",
  rpcUrl: "text",
  online: "boolean",
  drivers: "json",
  createdAt: "time",
  updatedAt: "time",
};

export const CONDUCTOR_INTERFACE_COLUMNS: TableDescription<
  ConductorInterface & { readonly hostname: string }
> = {
  hostname: "text",
  hardwareType: "text",
  interfaceType: "text",
  interfaceName: "text",
  isDefault: "boolean",
};

export const CONSOLE_LINE_COLUMNS: TableDescription<ConsoleLine> = {
  nodeUuid: "text",
  proxyHost: "text",
  state: "text",
  detail: "text",
  since: "time",
  retryAt: "time",
  wantedBy: "text",
};

export const NODE_SENSORS_COLUMNS: TableDescription<NodeSensors> = {
  nodeUuid: "text",
  collectedAt: "time",
  readings: "json",
  error: "text",
};

export const IMAGE_COLUMNS: TableDescription<Image> = {
  uuid: "text",
  name: "text",
  projectId: "text",
  userId: "text",
  public: "boolean",
  state: "text",
  source: "text",
  sha256: "text",
  sizeBytes: "integer",
  totalBytes: "integer",
  format: "text",
  error: "text",
  createdAt: "time",
  updatedAt: "time",
};

export const NODE_MEDIA_COLUMNS: TableDescription<NodeMedia> = {
  nodeUuid: "text",
  deviceType: "text",
  via: "text",
  imageUuid: "text",
  imageUrl: "text",
  grantId: "text",
  state: "text",
  ejectOn: "text",
  addresses: "json",
  userId: "text",
  projectId: "text",
  attachedAt: "time",
  expiresAt: "time",
  retryAt: "time",
  error: "text",
  servedBytes: "integer",
  servedAt: "time",
};
