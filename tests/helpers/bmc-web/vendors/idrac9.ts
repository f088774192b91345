/**
 * Dell iDRAC 9 and 10: one-time credentials by Redfish, then the virtual console's page.
 *
 * FACT(openstack/ironic tools/vnc-container/extension/Dell.js): POST …/Oem/Dell/DelliDRACCardService/Actions/
 * DelliDRACCardService.GetKVMSession {SessionTypeName} gives TempUsername and TempPassword;
 * `/restgui/vconsole/index.html?ip=&kvmport=443&title=&VCSID=&VCSID2=` takes them.
 * FACT(openstack/ironic Dell.css, start-selenium-browser.py): `app-header` and `full-screen` are elements
 * of that page.
 * FACT(public protocol notes on an iDRAC9 7.10.30.00, file index id 68755163358): login with quoted headers
 * at /sysmgmt/2015/bmc/session, 201, {"authResult":0}, XSRF-TOKEN, cookie `-http-session-`, DELETE logs out;
 * GET /sysmgmt/2015/server/vconsole gives {"Location"}, empty when disabled or not licensed; the pair of keys
 * are 24 digits each and good for one connection to `/vnc/vconsole?vck=` with sub-protocol `binary`; files below
 * /restgui/ are 404 without `Accept-Encoding: gzip`; six consoles; a console belongs to the session that asked
 * for its ticket, is not listed, and stays when its viewer ends without a goodbye; 1024x768 at first.
 * FACT(zackpollard/kvm-switcher internal/auth/idrac9.go): the login is 503 when all sessions are taken.
 * FACT(launchpad ironic 2151121): without a proper end the next session is asked "Confirm Session Sharing".
 *
 * Ours, for lack of a public source: GetKVMSession's errors, that its console belongs to the session of the
 * X-Auth-Token, the second key in the WebSocket's query, the dialogue's buttons and words, all of iDRAC 10.
 */
import { randomInt } from "node:crypto";
import type { Bmc, BmcVendor } from "../bmc.ts";
import {
  headerOf,
  html,
  json,
  jsonOf,
  notFound,
  page,
  redirect,
  textOf,
  type BmcReply,
  type BmcRequest,
} from "../http.ts";
import { tokenSession } from "../redfish.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

export interface IdracOptions {
  readonly generation?: 9 | 10;
  readonly managerId?: string;
  /** Somebody else's console is open: the viewer asks whether to share. */
  readonly sharing?: boolean;
}

interface Ticket {
  readonly key1: string;
  readonly key2: string;
  readonly user: string;
  readonly owner: WebSession | undefined;
}

const SESSION = "/sysmgmt/2015/bmc/session";
const TICKET = "/sysmgmt/2015/server/vconsole";
const ACTION = "/Oem/Dell/DelliDRACCardService/Actions/DelliDRACCardService.GetKVMSession";
const GOODBYE = "/vnc/vconsole/close";

export function idrac9(options: IdracOptions = {}): BmcVendor {
  const { generation = 9, managerId = "iDRAC.Embedded.1", sharing = false } = options;
  const tickets = new Map<string, Ticket>();
  return {
    name: `idrac-${generation}`,
    managerId,
    accountSlots: 16,
    listsWebSessions: true,
    server: "Apache",
    serviceRoot: {
      Name: "Root Service",
      RedfishVersion: generation === 9 ? "1.17.0" : "1.20.0",
      Vendor: "Dell",
      Product: "Integrated Dell Remote Access Controller",
      Oem: { Dell: { "@odata.type": "#DellServiceRoot.v1_0_0.DellServiceRoot", IsBranded: 0 } },
    },
    manager: {
      Model: generation === 9 ? "15G Monolithic" : "17G Monolithic",
      FirmwareVersion: generation === 9 ? "7.10.30.00" : "1.20.25.00",
    },
    answer: (request, bmc) => answer(request, bmc, sharing, tickets),
    redfishAnswer: (request, bmc, user) =>
      request.path === `/redfish/v1/Managers/${managerId}${ACTION}`
        ? kvmSession(request, bmc, user, tickets)
        : undefined,
    viewer: (request, bmc) => redeem(request, bmc, tickets),
  };
}

function kvmSession(
  request: BmcRequest,
  bmc: Bmc,
  user: string,
  tickets: Map<string, Ticket>,
): BmcReply {
  const refuse = (status: number, id: string, message: string): BmcReply =>
    json(
      { error: { "@Message.ExtendedInfo": [{ MessageId: `IDRAC.2.8.${id}`, Message: message }] } },
      status,
    );
  if (request.method !== "POST") return refuse(405, "SYS402", "method not allowed");
  if (textOf(jsonOf(request)["SessionTypeName"]) === "")
    return refuse(400, "SYS428", "The property SessionTypeName is missing");
  if (bmc.faults.noLicence)
    return refuse(403, "LIC501", "A required license is missing or expired.");
  if (bmc.faults.viewerDisabled) return refuse(400, "RAC0716", "Virtual Console is disabled.");
  const ticket = newTicket(user, tokenSession(request, bmc), tickets);
  return json({ TempUsername: ticket.key1, TempPassword: ticket.key2 });
}

function newTicket(
  user: string,
  owner: WebSession | undefined,
  tickets: Map<string, Ticket>,
): Ticket {
  const digits = (): string => Array.from({ length: 24 }, () => randomInt(10)).join("");
  const ticket = { key1: digits(), key2: digits(), user, owner };
  tickets.set(ticket.key1, ticket);
  return ticket;
}

function redeem(
  request: BmcRequest,
  bmc: Bmc,
  tickets: Map<string, Ticket>,
): WebSession | undefined {
  if (request.path !== "/vnc/vconsole") return undefined;
  const key1 = request.query.get("vck") ?? "";
  const ticket = tickets.get(key1);
  tickets.delete(key1);
  if (!ticket || ticket.key2 !== request.query.get("key2")) return undefined;
  const session = bmc.sessions.open(`${ticket.user}#${key1}`, "kvm", ticket.owner);
  return session;
}

function answer(
  request: BmcRequest,
  bmc: Bmc,
  sharing: boolean,
  tickets: Map<string, Ticket>,
): BmcReply | undefined {
  if (
    request.path.startsWith("/restgui/") &&
    !headerOf(request, "accept-encoding").includes("gzip")
  )
    return notFound();
  switch (request.path) {
    case "/":
      return redirect("/restgui/start.html");
    case "/restgui/start.html":
      return html(page("iDRAC9", "<app-root></app-root>"));
    case SESSION:
      return webSession(request, bmc);
    case TICKET:
      return ticketAnswer(request, bmc, tickets);
    case "/restgui/vconsole/index.html":
      return html(consolePage(sharing));
    case GOODBYE:
      bmc.logout(
        bmc.sessions.list().find((one) => one.user.endsWith(`#${request.query.get("vck") ?? ""}`)),
      );
      return json({});
    default:
      return undefined;
  }
}

function webSession(request: BmcRequest, bmc: Bmc): BmcReply {
  if (request.method === "DELETE") {
    const existing = cookieSession(request, bmc);
    if (!existing) return json({}, 401);
    bmc.logout(existing);
    return json({});
  }
  const unquoted = (name: string): string => headerOf(request, name).replaceAll(/^"|"$/g, "");
  const session = bmc.login(unquoted("user"), unquoted("password"), "web");
  if (session === "refused") return json({ authResult: 1 }, 401);
  if (session === "full") return json({ authResult: 5 }, 503);
  return json({ authResult: 0 }, 201, {
    "xsrf-token": session.csrf,
    "set-cookie": `-http-session-=${session.key}; Path=/; Secure; HttpOnly`,
  });
}

function cookieSession(request: BmcRequest, bmc: Bmc): WebSession | undefined {
  const session = bmc.sessions.find(request.cookies.get("-http-session-"));
  return session?.csrf === headerOf(request, "xsrf-token") ? session : undefined;
}

function ticketAnswer(request: BmcRequest, bmc: Bmc, tickets: Map<string, Ticket>): BmcReply {
  const session = cookieSession(request, bmc);
  if (!session) return json({}, 401);
  if (bmc.faults.noLicence || bmc.faults.viewerDisabled) return json({ Location: "" });
  const { key1, key2 } = newTicket(session.user, session, tickets);
  const query = new URLSearchParams({ kvmport: "443", title: "t", VCSID: key1, VCSID2: key2 });
  const origin = `https://${headerOf(request, "host")}`;
  return json({ Location: `${origin}/restgui/vconsole/index.html?${query.toString()}` });
}

function consolePage(sharing: boolean): string {
  const header = `<app-header><button id="power">Power</button><button id="boot">Boot</button>
<button id="chat">Chat</button><a id="settings" href="/restgui/start.html">Settings</a>
<a id="help" href="/restgui/help.html" target="_blank">Help</a>
<full-screen><button>Full screen</button></full-screen></app-header><div class="message"></div>`;
  const dialogue = `<div class="modal-dialog" hidden><h4>Confirm Session Sharing</h4><p>Another user has a session.</p>
<button class="btn btn-primary">OK</button><button class="btn">Cancel</button></div>`;
  const canvas = `<canvas id="kvmCanvas" width="1" height="1" style="display:none"></canvas>`;
  const start = sharing
    ? `const dialogue = document.querySelector(".modal-dialog"); dialogue.hidden = false;
dialogue.querySelector(".btn-primary").addEventListener("click", () => { dialogue.remove(); startViewer(); });`
    : "startViewer();";
  const refused = `Login failed. The virtual console session is not valid, or no further session is available.`;
  const script = `<script>
const vck = new URLSearchParams(location.search).get("VCSID");
addEventListener("viewer-refused", () => { document.querySelector(".message").textContent = "${refused}"; });
addEventListener("load", () => setTimeout(() => { ${start} }, 100));
addEventListener("pagehide", () => navigator.sendBeacon("${GOODBYE}?vck=" + vck));</script>`;
  const socket = "/vnc/vconsole?vck={VCSID}&key2={VCSID2}";
  return page(
    "Virtual Console",
    header + (sharing ? dialogue : "") + canvas,
    viewerScript({ socket, canvas: "#kvmCanvas", protocols: `["binary"]` }) + script,
  );
}
