/**
 * Dell iDRAC 8: `/console`, a login that answers with XML, and a viewer in a window of its own.
 *
 * FACT(zackpollard/kvm-switcher internal/auth/idrac8.go): POST /data/login user=…&password=… in that order;
 * XML root with status, authResult, forwardUrl `index.html?ST1=…,ST2=…`, errorMsg; cookie `-http-session-`;
 * /data/logout ends it.
 * FACT(zackpollard/kvm-switcher internal/boards/idrac8.go): the login page posts to /data/logout before a
 * login, without tokens.
 * FACT(public notes on iDRAC 6 and 8, file index id 71112142053): /cgi-bin/discover needs no login and says
 * ENDPOINTTYPE=iDRAC8; authResult 5 is the limit of sessions; the HTML5 viewer is a WebSocket on 443.
 * FACT(ironic-specs graphical-console): `/console` shows the login page; after the login the console's
 * configuration page opens a pop-up by itself, which is the viewer.
 *
 * Ours, for lack of a public source: ids of the fields, the pop-up's path, its WebSocket, words of failures.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { formOf, html, page, plain, redirect, type BmcReply, type BmcRequest } from "../http.ts";
import { viewerScript } from "../viewer-script.ts";

export function idrac8(): BmcVendor {
  return {
    name: "idrac-8",
    managerId: "iDRAC.Embedded.1",
    accountSlots: 16,
    listsWebSessions: true,
    server: "Embedthis-http",
    serviceRoot: {
      Name: "Root Service",
      RedfishVersion: "1.4.0",
      Product: "Integrated Dell Remote Access Controller",
      Oem: { Dell: { "@odata.type": "#DellServiceRoot.v1_0_0.ServiceRootSummary", IsBranded: 0 } },
    },
    manager: { Model: "13G Monolithic", FirmwareVersion: "2.86.86.86" },
    answer,
    viewer: (request, bmc) =>
      request.path === "/vkvm"
        ? bmc.sessions.find(request.cookies.get("-http-session-"))
        : undefined,
  };
}

function answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  const session = bmc.sessions.find(request.cookies.get("-http-session-"));
  switch (request.path) {
    case "/cgi-bin/discover":
      return plain("text/plain", "ENDPOINTTYPE=iDRAC8\nENDPOINTVER=1.00\n");
    case "/":
      return redirect("/start.html");
    case "/start.html":
    case "/console":
      return session ? html(configurationPage(bmc)) : redirect("/login.html?console");
    case "/login.html":
      return html(loginPage());
    case "/data/login":
      return login(request, bmc);
    case "/data/logout":
      bmc.logout(session);
      return xml("<status>ok</status>");
    case "/index.html":
      return session ? html(configurationPage(bmc)) : redirect("/login.html");
    case "/viewer.html":
      return session ? html(viewerPage()) : redirect("/login.html");
    default:
      return undefined;
  }
}

function xml(body: string, headers: BmcReply["headers"] = {}): BmcReply {
  return plain("text/xml", `<?xml version="1.0" encoding="UTF-8"?><root>${body}</root>`, headers);
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const form = formOf(request);
  // It reads the fields by their place.
  const [first] = form.keys();
  const user = first === "user" ? (form.get("user") ?? "") : "";
  const session = bmc.login(user, form.get("password") ?? "", "web");
  if (session === "refused" || session === "full") {
    const result = session === "full" ? 5 : 1;
    const words = session === "full" ? "maximum number of user sessions" : "login failed";
    return xml(
      `<status>ok</status><authResult>${result}</authResult><errorMsg>${words}</errorMsg>`,
    );
  }
  const forward = `index.html?ST1=${session.csrf},ST2=${session.key.slice(0, 16)}`;
  return xml(
    `<status>ok</status><authResult>0</authResult><blockingTime>0</blockingTime><forwardUrl>${forward}</forwardUrl>`,
    { "set-cookie": `-http-session-=${session.key}; Path=/; Secure; HttpOnly` },
  );
}

function loginPage(): string {
  return page(
    "iDRAC8 - Login",
    `<form id="login"><input id="user" type="text"><input id="password" type="password"><a id="btnOK" href="#">Submit</a></form><div id="message"></div>`,
    `<script>addEventListener("load", () => {
  const send = async () => {
    await fetch("/data/logout", { method: "POST" });
    const body = "user=" + encodeURIComponent(user.value) + "&password=" + encodeURIComponent(password.value);
    const answer = await fetch("/data/login", { method: "POST", body, headers: { "Content-Type": "application/x-www-form-urlencoded" } });
    const text = await answer.text(), result = /<authResult>(\\d+)</.exec(text)[1];
    if (result === "0") location.href = /<forwardUrl>([^<]+)</.exec(text)[1];
    else document.getElementById("message").textContent = result === "5"
      ? "The maximum number of user sessions is reached." : "Login failed. Verify the user name and password.";
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Enter") send(); });
  btnOK.addEventListener("click", send);
});</script>`,
  );
}

function configurationPage(bmc: Bmc): string {
  const menu = `<ul><li>Power</li><li>Logs</li><li>iDRAC Settings</li></ul><a id="logOut" href="/data/logout">Logout</a>`;
  if (bmc.faults.noLicence)
    return page(
      "iDRAC8",
      `${menu}<p class="notice">Virtual Console: a required license is missing.</p>`,
    );
  if (bmc.faults.viewerDisabled)
    return page("iDRAC8", `${menu}<p class="notice">Virtual Console is disabled.</p>`);
  const open = `window.open("/viewer.html", "_blank", "width=1024,height=800")`;
  return page(
    "iDRAC8",
    `${menu}<button id="launch" onclick='${open}'>Launch Virtual Console</button>`,
    `<script>addEventListener("load", () => setTimeout(() => { ${open}; }, 100));</script>`,
  );
}

function viewerPage(): string {
  return page(
    "Virtual Console",
    `<div id="toolbar"><button id="power">Power</button><button id="media">Virtual Media</button></div>
<canvas id="screen" width="1" height="1" style="display:none"></canvas>`,
    `${viewerScript({ socket: "/vkvm", canvas: "#screen" })}<script>addEventListener("load", () => setTimeout(startViewer, 100));</script>`,
  );
}
