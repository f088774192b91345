/** The Redfish service of a simulated BMC: root, managers, sessions, accounts. */
import type { Account } from "./accounts.ts";
import type { Bmc } from "./bmc.ts";
import { headerOf, json, jsonOf, textOf, type BmcReply, type BmcRequest } from "./http.ts";
import type { WebSession } from "./sessions.ts";

const ROOT = "/redfish/v1";
const SESSIONS = `${ROOT}/SessionService/Sessions`;
const ACCOUNTS = `${ROOT}/AccountService/Accounts`;

export function answerRedfish(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  const path = request.path.replace(/(.)\/$/, "$1");
  if (path === "/redfish") return json({ v1: `${ROOT}/` });
  if (path === ROOT) return json(serviceRoot(bmc));
  if (path === SESSIONS && request.method === "POST") return createSession(request, bmc);
  const user = userOf(request, bmc);
  if (user === undefined) return failure(401, "InsufficientPrivilege");
  return (
    bmc.vendor.redfishAnswer?.(request, bmc, user) ??
    sessionAnswer({ ...request, path }, bmc) ??
    accountAnswer({ ...request, path }, bmc) ??
    resource(path, bmc) ??
    failure(404, "ResourceMissingAtURI")
  );
}

/** @returns the account whose credentials came by Basic or X-Auth-Token; a login is not counted */
function userOf(request: BmcRequest, bmc: Bmc): string | undefined {
  if (headerOf(request, "x-auth-token") !== "") return tokenSession(request, bmc)?.user;
  const [scheme, encoded] = headerOf(request, "authorization").split(" ");
  if (scheme !== "Basic") return undefined;
  const [name = "", ...rest] = Buffer.from(encoded ?? "", "base64")
    .toString()
    .split(":");
  return bmc.accounts.accepts(name, rest.join(":")) ? name : undefined;
}

/** The session of X-Auth-Token, if that is how the request came. */
export function tokenSession(request: BmcRequest, bmc: Bmc): WebSession | undefined {
  return bmc.sessions.find(headerOf(request, "x-auth-token"));
}

export function failure(status: number, message: string): BmcReply {
  const info = { MessageId: `Base.1.8.${message}`, Message: message };
  return json({ error: { code: `Base.1.8.${message}`, "@Message.ExtendedInfo": [info] } }, status);
}

function serviceRoot(bmc: Bmc): Record<string, unknown> {
  const link = (name: string): object => ({ "@odata.id": `${ROOT}/${name}` });
  return {
    "@odata.id": `${ROOT}/`,
    "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot",
    Id: "RootService",
    RedfishVersion: "1.6.0",
    Systems: link("Systems"),
    Managers: link("Managers"),
    SessionService: link("SessionService"),
    AccountService: link("AccountService"),
    Links: { Sessions: { "@odata.id": SESSIONS } },
    ...bmc.vendor.serviceRoot,
  };
}

function collection(path: string, ids: readonly string[]): BmcReply {
  const Members = ids.map((id) => ({ "@odata.id": `${path}/${id}` }));
  return json({ "@odata.id": path, Members, "Members@odata.count": ids.length });
}

function resource(path: string, bmc: Bmc): BmcReply | undefined {
  const { managerId, manager } = bmc.vendor;
  switch (path) {
    case `${ROOT}/Managers`:
      return collection(path, [managerId]);
    case `${ROOT}/Managers/${managerId}`:
      return json({ "@odata.id": path, Id: managerId, ManagerType: "BMC", ...manager });
    case `${ROOT}/Systems`:
      return collection(path, ["1"]);
    case `${ROOT}/Systems/1`:
      return json({ "@odata.id": path, Id: "1", PowerState: "On" });
    case `${ROOT}/SessionService`:
      return json({ "@odata.id": path, Id: "SessionService", Sessions: { "@odata.id": SESSIONS } });
    case `${ROOT}/AccountService`:
      return json({ "@odata.id": path, Id: "AccountService", Accounts: { "@odata.id": ACCOUNTS } });
    default:
      return undefined;
  }
}

function createSession(request: BmcRequest, bmc: Bmc): BmcReply {
  const { UserName, Password } = jsonOf(request);
  const session = bmc.login(textOf(UserName), textOf(Password), "redfish");
  if (session === "refused") return failure(401, "ResourceAtUriUnauthorized");
  if (session === "full") return failure(503, "SessionLimitExceeded");
  const headers = { "x-auth-token": session.key, location: `${SESSIONS}/${session.id}` };
  return json(sessionBody(session), 201, headers);
}

function sessionBody(session: WebSession): object {
  const type = session.kind === "redfish" ? "Redfish" : "WebUI";
  return {
    "@odata.id": `${SESSIONS}/${session.id}`,
    Id: session.id,
    UserName: session.user,
    SessionType: type,
  };
}

function sessionAnswer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  // FACT(iDRAC console protocol notes, section 5.3): consoles are no entries of their own.
  const kinds = bmc.vendor.listsWebSessions ? ["redfish", "web"] : ["redfish"];
  const listed = bmc.sessions.list().filter((one) => kinds.includes(one.kind));
  if (request.path === SESSIONS)
    return collection(
      SESSIONS,
      listed.map((one) => one.id),
    );
  if (!request.path.startsWith(`${SESSIONS}/`)) return undefined;
  const session = listed.find((one) => request.path === `${SESSIONS}/${one.id}`);
  if (!session) return failure(404, "ResourceMissingAtURI");
  if (request.method === "GET") return json(sessionBody(session));
  if (request.method !== "DELETE") return failure(405, "OperationNotAllowed");
  bmc.logout(session);
  return json({});
}

function accountBody(account: Account): object {
  return {
    "@odata.id": `${ACCOUNTS}/${account.id}`,
    Id: account.id,
    UserName: account.name,
    Password: null,
    RoleId: account.role,
    Enabled: account.enabled,
  };
}

function accountAnswer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  const { accounts } = bmc;
  if (request.path === ACCOUNTS) {
    if (request.method === "POST") return createAccount(request, bmc);
    return collection(
      ACCOUNTS,
      accounts.list().map((one) => one.id),
    );
  }
  if (!request.path.startsWith(`${ACCOUNTS}/`)) return undefined;
  const account = accounts.byId(request.path.slice(ACCOUNTS.length + 1));
  if (!account) return failure(404, "ResourceMissingAtURI");
  if (request.method === "PATCH") return changeAccount(account, request);
  if (request.method === "GET") return json(accountBody(account));
  if (request.method === "DELETE" && accounts.remove(account.id)) return json({});
  return failure(405, "OperationNotAllowed");
}

function createAccount(request: BmcRequest, bmc: Bmc): BmcReply {
  if (bmc.accounts.slots !== undefined) return failure(405, "OperationNotAllowed");
  const { UserName, Password, RoleId } = jsonOf(request);
  const account = bmc.accounts.add(textOf(UserName), textOf(Password), textOf(RoleId));
  if (!account) return failure(400, "ResourceAlreadyExists");
  return json(accountBody(account), 201, { location: `${ACCOUNTS}/${account.id}` });
}

function changeAccount(account: Account, request: BmcRequest): BmcReply {
  const { UserName, Password, RoleId, Enabled } = jsonOf(request);
  if (account.id === "1" && account.name === "") return failure(400, "PropertyNotWritable");
  if (typeof UserName === "string") account.name = UserName;
  if (typeof Password === "string") account.password = Password;
  if (typeof RoleId === "string") account.role = RoleId;
  if (typeof Enabled === "boolean") account.enabled = Enabled;
  return json(accountBody(account));
}
