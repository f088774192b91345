/**
 * Supermicro X10 and X11 (page-driven), X12 and X13 (Redfish hands out the viewer's address).
 *
 * FACT(openstack/ironic tools/vnc-container/extension/Supermicro.js): `/` has `input[name=name]`, `#pwd` and
 * `#login_word`; `/cgi/url_redirect.cgi?url_name=mainmenu` holds frame `#TOPMENU`, in it `#frame_main`, in it
 * `#img1` whose src contains `Snapshot` once there is one; a click opens
 * `/cgi/url_redirect.cgi?url_name=man_ikvm_html5_bootstrap`, which wants window.opener.
 * FACT(openstack/ironic Supermicro.css): `nav.navbar`, `div#VideoRecordingModal`, `div.modal-backdrop`.
 * FACT(sciapp/nojava-ipmi-kvm config.py; public tests of an ATEN login, file index id 69506019190): POST
 * /cgi/login.cgi name, pwd; cookie SID; the answer is a script that goes to mainmenu; the bootstrap page holds
 * `#entry_value`; the viewer's WebSocket is `wss://bmc/` with the SID cookie and no sub-protocol.
 * FACT(stmcginnis/gofish oem/supermicro tests, file index id 7846471738; ironic-specs graphical-console): GET
 * /redfish/v1/Managers/1/Oem/Supermicro/IKVM gives "Current interface" ("HTML 5" or "JAVA plug-in") and
 * "URI", a temporary path like /redfish/….IKVM that is the viewer.
 * FACT(pzfreo and others' Redfish dumps): Oem.Supermicro in the root, Vendor "Supermicro" on newer firmware.
 *
 * Ours: failure pages and their words, the logout's answer, what a missing licence answers, the canvas' id
 * (FACT(kelleyk/noVNC): these viewers are forks of noVNC 0.x, whose canvas is `#noVNC_canvas`).
 */
import { randomBytes } from "node:crypto";
import type { Bmc, BmcVendor } from "../bmc.ts";
import { formOf, html, json, page, plain, type BmcReply, type BmcRequest } from "../http.ts";
import { failure, tokenSession } from "../redfish.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

const REDIRECT = "/cgi/url_redirect.cgi";
const IKVM = "/redfish/v1/Managers/1/Oem/Supermicro/IKVM";
/** A real one renders its preview in a second or more. */
const SNAPSHOT_AFTER_MS = 150;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==", "base64");

export function supermicro(generation: 10 | 11 | 12 | 13): BmcVendor {
  const byRedfish = generation >= 12;
  /** Temporary path of a viewer → whose it is. */
  const launches = new Map<string, WebSession>();
  return {
    name: `supermicro-x${generation}`,
    managerId: "1",
    listsWebSessions: byRedfish,
    serviceRoot: {
      Name: "Root Service",
      RedfishVersion: byRedfish ? "1.11.0" : "1.0.1",
      ...(byRedfish && { Vendor: "Supermicro", Product: `X${generation}DPU-6` }),
      Oem: {
        Supermicro: { DumpService: { "@odata.id": "/redfish/v1/Oem/Supermicro/DumpService" } },
      },
    },
    manager: { FirmwareVersion: byRedfish ? "01.03.10" : "1.73.12" },
    answer: (request, bmc) => pages(request, bmc, launches),
    ...(byRedfish && {
      redfishAnswer: (request: BmcRequest, bmc: Bmc) => launch(request, bmc, launches),
    }),
    viewer: (request, bmc) =>
      request.path === "/" ? bmc.sessions.find(request.cookies.get("SID")) : undefined,
  };
}

function launch(
  request: BmcRequest,
  bmc: Bmc,
  launches: Map<string, WebSession>,
): BmcReply | undefined {
  if (request.path !== IKVM) return undefined;
  if (bmc.faults.noLicence) return failure(403, "OemLicenseNotPassed");
  if (bmc.faults.viewerDisabled) return json({ Id: "IKVM", "Current interface": "JAVA plug-in" });
  const session = tokenSession(request, bmc);
  if (!session) return failure(401, "InsufficientPrivilege");
  const path = `/redfish/${randomBytes(12).toString("hex")}.IKVM`;
  launches.set(path, session);
  return json({ Id: "IKVM", "Current interface": "HTML 5", URI: path });
}

function pages(
  request: BmcRequest,
  bmc: Bmc,
  launches: Map<string, WebSession>,
): BmcReply | undefined {
  const launched = launches.get(request.path);
  if (launched) {
    launches.delete(request.path);
    return html(viewerPage(launched), 200, { "set-cookie": `SID=${launched.key}; Path=/; Secure` });
  }
  if (request.path.startsWith("/redfish")) return undefined;
  if (request.path === "/") return html(loginPage(""));
  if (request.path === "/cgi/login.cgi") return login(request, bmc);
  const session = bmc.sessions.find(request.cookies.get("SID"));
  if (request.path === "/cgi/logout.cgi") {
    bmc.logout(session);
    return html(goTo("/"), 200, { "set-cookie": "SID=; Path=/; Max-Age=0" });
  }
  if (request.path === "/cgi/CapturePreview.cgi") return plain("image/gif", PIXEL);
  if (request.path !== REDIRECT) return undefined;
  if (!session) return html(`<script>alert("Session timeout"); top.location = "/";</script>`);
  return redirected(request.query.get("url_name") ?? "", session, bmc);
}

function redirected(name: string, session: WebSession, bmc: Bmc): BmcReply | undefined {
  switch (name) {
    case "mainmenu":
      return html(`<html><body><iframe id="TOPMENU" name="TOPMENU" src="${REDIRECT}?url_name=topmenu"
 width="1000" height="600"></iframe></body></html>`);
    case "topmenu":
      return html(
        page(
          "menu",
          `<nav><a id="power" href="#">Power</a><a id="config" href="#">Configuration</a><a id="logout" href="/cgi/logout.cgi" target="_top">Logout</a></nav>
<iframe id="frame_main" name="frame_main" src="${REDIRECT}?url_name=sys_info" width="900" height="500"></iframe>`,
        ),
      );
    case "sys_info":
      return html(systemPage(bmc));
    case "man_ikvm_html5_bootstrap":
      return html(viewerPage(session));
    default:
      return undefined;
  }
}

const goTo = (path: string): string => `<script>top.location = "${path}";</script>`;

function loginPage(message: string): string {
  return page(
    "Supermicro BMC",
    `<form name="form1" method="post" action="/cgi/login.cgi"><input name="name" size="20">
<input id="pwd" name="pwd" type="password"><input id="login_word" type="submit" value="login"></form><p id="msg">${message}</p>`,
  );
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const form = formOf(request);
  const session = bmc.login(form.get("name") ?? "", form.get("pwd") ?? "", "web");
  if (session === "refused") return html(loginPage("Invalid username or password"));
  if (session === "full") return html(loginPage("The maximum number of user sessions is reached"));
  const cookies = ["SID=; Path=/; Max-Age=0", `SID=${session.key}; Path=/; Secure; HttpOnly`];
  return html(goTo(`${REDIRECT}?url_name=mainmenu`), 200, { "set-cookie": cookies });
}

function systemPage(bmc: Bmc): string {
  if (bmc.faults.viewerDisabled)
    return page(
      "system",
      `<h1>System</h1><p class="ikvm">iKVM is disabled by the administrator</p>`,
    );
  if (bmc.faults.noLicence)
    return page("system", `<h1>System</h1><p class="ikvm">iKVM: license is not activated</p>`);
  return page(
    "system",
    `<h1>System</h1><img id="img1" src="/images/wait.gif" width="300" height="200">`,
    `<script>addEventListener("load", () => {
  const image = document.getElementById("img1");
  setTimeout(() => { image.src = "/cgi/CapturePreview.cgi?Snapshot=" + Date.now(); }, ${SNAPSHOT_AFTER_MS});
  image.onclick = () => window.open("${REDIRECT}?url_name=man_ikvm_html5_bootstrap", "_blank", "width=1024,height=768");
});</script>`,
  );
}

function viewerPage(session: WebSession): string {
  const script = `<script>addEventListener("load", () => {
  if (!window.opener && !location.pathname.endsWith(".IKVM")) { document.getElementById("noVNC_status").textContent = "This window must be opened from the main page."; return; }
  setTimeout(startViewer, 100);
});</script>`;
  return page(
    "iKVM",
    `<nav class="navbar"><a id="power" href="#">Power Control</a><a id="media" href="#">Virtual Media</a>
<a id="settings" href="${REDIRECT}?url_name=mainmenu">Settings</a></nav><input type="hidden" id="entry_value" value="${session.csrf}">
<div id="VideoRecordingModal" class="modal">Video recording</div><div id="noVNC_status"></div>
<div id="noVNC_container"><canvas id="noVNC_canvas" width="0" height="0" style="display:none"></canvas></div>`,
    viewerScript({ socket: "/", canvas: "#noVNC_canvas" }) + script,
  );
}
