/**
 * Console sessions, which Ironic does not have: who is connected to which node, and how to end it. A
 * sub-resource of our own, so that nothing a stock client reads changes.
 *
 * - `GET /v1/sessions[?node=IDENT]` → `{"sessions": [...]}`, running sessions only
 * - `GET /v1/sessions/ID` → one session, also after its end, with `closed_at` and `closed_reason`
 * - `DELETE /v1/sessions/ID` → 202; its proxy closes it within a second with `killed_by_operator`
 *
 * Never shows a token or its hash.
 */
import { SessionNotFound } from "../../common/errors.ts";
import type { JsonObject } from "../../common/node.ts";
import type { ConsoleSession, Database } from "../../db/database.ts";
import { accepted, type ApiRequest, ok, type Route } from "../route.ts";
import { parseText, queryArguments } from "./arguments.ts";
import { findNode, isUuid } from "./identifiers.ts";
import { linkPair } from "./links.ts";
import { timestamp } from "./timestamp.ts";

export function sessionRoutes(deps: { readonly database: Database }): Route[] {
  const { sessions } = deps.database;
  return [
    {
      method: "GET",
      path: "/v1/sessions",
      rule: "baremetal:console_session:list",
      handle: async (request) => {
        const ident = queryArguments(request.query, ["node"]).get("node");
        const filter =
          ident === undefined
            ? {}
            : { nodeUuid: (await findNode(deps.database, parseText("node", ident), 82)).uuid };
        const active = await sessions.listActive(filter);
        return ok({ sessions: active.map((session) => view(session, request.baseUrl)) });
      },
    },
    {
      method: "GET",
      path: "/v1/sessions/:id",
      rule: "baremetal:console_session:list",
      handle: async (request) => {
        queryArguments(request.query, []);
        return ok(view(await find(deps.database, request), request.baseUrl));
      },
    },
    {
      method: "DELETE",
      path: "/v1/sessions/:id",
      rule: "baremetal:console_session:kill",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { id } = await find(deps.database, request);
        if (!(await sessions.requestKill(id, "killed_by_operator"))) throw new SessionNotFound(id);
        return accepted();
      },
    },
  ];
}

async function find(database: Database, request: ApiRequest): Promise<ConsoleSession> {
  const id = request.params["id"] ?? "";
  const session = isUuid(id) ? await database.sessions.get(id.toLowerCase()) : undefined;
  if (!session) throw new SessionNotFound(id);
  return session;
}

function view(session: ConsoleSession, baseUrl: string): JsonObject {
  return {
    id: session.id,
    node_uuid: session.nodeUuid,
    console_type: session.consoleType,
    mode: session.mode,
    user_id: session.userId,
    project_id: session.projectId,
    source_address: session.sourceAddress,
    user_agent: session.userAgent,
    proxy_host: session.proxyHost,
    opened_at: timestamp(session.openedAt),
    last_input_at: timestamp(session.lastInputAt),
    closed_at: timestamp(session.closedAt),
    closed_reason: session.closedReason,
    bytes_to_tenant: session.bytesToTenant,
    bytes_to_host: session.bytesToHost,
    links: linkPair(baseUrl, `sessions/${session.id}`).map((link) => ({ ...link })),
  };
}
