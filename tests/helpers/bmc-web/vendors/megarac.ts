/**
 * AMI MegaRAC SP-X (ASRock Rack, Gigabyte, Quanta, Tyan …): a page of one document, a second secret against
 * forged requests kept in sessionStorage, and the viewer in a window of its own.
 *
 * FACT(a vendor's published SP-X page source, file index id 7979650312): the form's `#userid` and
 * `#password`, sent by its submit event to POST /api/session as a form; answer {ok, privilege,
 * extendedpriv, racsession_id, CSRFToken}; the page keeps CSRFToken in sessionStorage as `garc`; then
 * `#dashboard`; errors as a tooltip; error answers are {code}, 1009 a wrong password.
 * FACT(public clients, file index id 69387157290; xd-ventures/ovh-ikvm-mcp): cookie QSESSIONID, header
 * X-CSRFTOKEN; GET /api/kvm/token gives {token, client_ip, session}; `/viewer.html`; WebSocket `/kvm` with
 * sub-protocols binary and base64; DELETE /api/session logs out.
 * FACT(MagnaCapax/mcxBMCView): a cookie from elsewhere does not open the viewer: the page's own login must.
 *
 * Ours, for lack of a public source: ids in viewer.html, the words of failures, the code for full sessions,
 * what the Redfish root says besides Oem.Ami.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { formOf, headerOf, html, json, page, type BmcReply, type BmcRequest } from "../http.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

export function megarac(): BmcVendor {
  return {
    name: "ami-megarac",
    managerId: "Self",
    listsWebSessions: false,
    server: "lighttpd",
    serviceRoot: {
      Name: "Root Service",
      Product: "AMI Redfish Server",
      Oem: { Ami: { RtpVersion: "1.8" } },
    },
    manager: { Model: "AST2500", FirmwareVersion: "1.83.0" },
    answer,
    viewer: (request, bmc) =>
      request.path === "/kvm" ? bmc.sessions.find(request.cookies.get("QSESSIONID")) : undefined,
  };
}

function answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  switch (request.path) {
    case "/":
      return html(mainPage());
    case "/viewer.html":
      return html(viewerPage());
    case "/api/session":
      return request.method === "DELETE" ? logout(request, bmc) : login(request, bmc);
    case "/api/kvm/token":
      return kvmToken(request, bmc);
    default:
      return undefined;
  }
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const form = formOf(request);
  const session = bmc.login(form.get("username") ?? "", form.get("password") ?? "", "web");
  if (session === "refused") return json({ error: "Invalid Authentication", code: 1009 }, 401);
  if (session === "full") return json({ error: "Session limit", code: 15_000 }, 503);
  const body = {
    ok: 0,
    privilege: 4,
    extendedpriv: 259,
    racsession_id: 10,
    CSRFToken: session.csrf,
  };
  const cookie = `QSESSIONID=${session.key}; Path=/; Secure; HttpOnly`;
  return json(body, 200, { "set-cookie": cookie });
}

function sessionOf(request: BmcRequest, bmc: Bmc): WebSession | undefined {
  const session = bmc.sessions.find(request.cookies.get("QSESSIONID"));
  return session?.csrf === headerOf(request, "x-csrftoken") ? session : undefined;
}

function logout(request: BmcRequest, bmc: Bmc): BmcReply {
  const session = sessionOf(request, bmc);
  if (!session) return json({ error: "Invalid Authentication", code: 7 }, 401);
  bmc.logout(session);
  return json({ ok: 0 });
}

function kvmToken(request: BmcRequest, bmc: Bmc): BmcReply {
  const session = sessionOf(request, bmc);
  if (!session) return json({ error: "Invalid Authentication", code: 7 }, 401);
  if (bmc.faults.noLicence) return json({ error: "license", code: 403 }, 403);
  if (bmc.faults.viewerDisabled) return json({ error: "disabled", code: 1127 }, 503);
  return json({ client_ip: "127.0.0.1", token: session.csrf.slice(0, 8), session: session.id });
}

function mainPage(): string {
  const form = `<div id="login-box" class="form-box"><form><input id="userid" type="text"><input id="password" type="password">
<button id="btn-login" type="submit">Sign me in</button></form><div class="tooltip-inner"></div></div>`;
  const dashboard = `<nav><a id="menu-power" href="#power_control">Power Control</a><a id="menu-settings" href="#settings">Settings</a></nav>
<div id="dashboard-view">Dashboard</div><button id="h5viewer">H5Viewer</button><a id="signout" href="#">Sign out</a>`;
  return page(
    "MegaRAC SP-X",
    `<div id="main">${form}</div>`,
    `<script>addEventListener("load", () => {
  const main = document.getElementById("main");
  function show() {
    location.hash = "dashboard";
    main.innerHTML = ${JSON.stringify(dashboard)};
    document.getElementById("h5viewer").onclick = () => window.open("/viewer.html", "", "width=1024,height=768");
  }
  document.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ username: userid.value, password: password.value });
    const answer = await fetch("/api/session", { method: "POST", body }), data = await answer.json();
    if (data.ok === 0) { sessionStorage.setItem("garc", data.CSRFToken); setTimeout(show, 100); return; }
    document.querySelector(".tooltip-inner").textContent = data.code === 1009
      ? "Invalid Username or Password" : "Maximum number of sessions reached";
  });
});</script>`,
  );
}

function viewerPage(): string {
  return page(
    "JViewer H5",
    `<nav class="navbar"><button id="stop">Stop KVM</button><button id="power">Power</button><button id="media">Browse File</button></nav>
<div id="alert"></div><canvas id="kvm" width="1" height="1" style="display:none"></canvas>`,
    `${viewerScript({ socket: "/kvm", canvas: "#kvm", protocols: `["binary", "base64"]` })}<script>
addEventListener("load", async () => {
  const garc = sessionStorage.getItem("garc"), say = (text) => { document.getElementById("alert").textContent = text; };
  if (!garc) return say("Invalid session. Please log in.");
  const answer = await fetch("/api/kvm/token", { headers: { "X-CSRFTOKEN": garc } });
  if (answer.status === 403) return say("License for remote KVM is not available.");
  if (answer.status === 503) return say("KVM service is disabled.");
  if (!answer.ok) return say("Invalid session.");
  setTimeout(startViewer, 100);
});</script>`,
  );
}
