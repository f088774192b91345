/**
 * OpenBMC's own web page (webui-vue on bmcweb). Its WebSocket speaks our viewers' language here instead of
 * RFB: this is about the page; the protocol has a simulator of its own.
 *
 * FACT(openbmc/webui-vue src/views/Login/Login.vue): `#username`, `#password`, a submit button that is
 * disabled while it works, `.login-error` with `#login-error-alert`.
 * FACT(openbmc/webui-vue src/views/Operations/Kvm/KvmConsole.vue): `#/console/kvm` is the viewer without the
 * menu; `#terminal-kvm` holds noVNC's canvas; WebSocket `/kvm/0` with the token as sub-protocol;
 * `.kvm-toolbar`.
 * FACT(openbmc/bmcweb include/login_routes.hpp, cookies.hpp, authentication.hpp): POST /login {username,
 * password} or {data: [user, password]}; cookies XSRF-TOKEN (scripts may read it) and BMCWEB-SESSION; POST
 * /logout needs X-XSRF-TOKEN; with the cookie the sub-protocol must equal XSRF-TOKEN.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import {
  headerOf,
  html,
  json,
  jsonOf,
  page,
  textOf,
  type BmcReply,
  type BmcRequest,
} from "../http.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

export function openbmcWeb(): BmcVendor {
  return {
    name: "openbmc",
    managerId: "bmc",
    listsWebSessions: true,
    serviceRoot: { Name: "Root Service", RedfishVersion: "1.17.0" },
    manager: { Model: "OpenBmc", FirmwareVersion: "2.14.0" },
    answer: (request, bmc) => {
      if (request.path === "/") return html(application(bmc));
      return answerBmcweb(request, bmc);
    },
    viewer: bmcwebViewer,
  };
}

/** Login and logout as bmcweb does them. */
export function answerBmcweb(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  if (request.method !== "POST") return undefined;
  if (request.path === "/login") return login(request, bmc);
  if (request.path !== "/logout") return undefined;
  const session = cookieSession(request, bmc);
  if (!session || headerOf(request, "x-xsrf-token") !== session.csrf) return json({}, 401);
  bmc.logout(session);
  return json({ status: "ok" });
}

export function cookieSession(request: BmcRequest, bmc: Bmc): WebSession | undefined {
  return bmc.sessions.find(request.cookies.get("BMCWEB-SESSION"));
}

export function bmcwebViewer(request: BmcRequest, bmc: Bmc): WebSession | undefined {
  if (request.path !== "/kvm/0") return undefined;
  const session = cookieSession(request, bmc);
  return session?.csrf === headerOf(request, "sec-websocket-protocol") ? session : undefined;
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const { username, password, data } = jsonOf(request);
  const [user, secret] = Array.isArray(data) ? (data as unknown[]) : [username, password];
  const session = bmc.login(textOf(user), textOf(secret), "web");
  if (session === "refused")
    return json({ error: { code: "Base.1.18.ResourceAtUriUnauthorized" } }, 401);
  if (session === "full") return json({ error: { code: "Base.1.18.SessionLimitExceeded" } }, 503);
  const cookies = [
    `XSRF-TOKEN=${session.csrf}; Path=/; SameSite=Strict; Secure`,
    `BMCWEB-SESSION=${session.key}; Path=/; SameSite=Strict; Secure; HttpOnly`,
  ];
  return json({ token: session.key }, 200, { "set-cookie": cookies });
}

function application(bmc: Bmc): string {
  const loginView = `<main><form class="login-form"><div class="login-error" hidden><p id="login-error-alert"></p></div>
<input id="username" type="text"><input id="password" type="password"><button type="submit">Log in</button></form></main>`;
  const overview = `<header id="page-header"><a href="#/operations/power">Power</a><a href="#/settings/network">Network</a></header><h1>Overview</h1>`;
  const disabled = bmc.faults.viewerDisabled;
  const kvmView = `<div class="kvm-toolbar"><button>Send Ctrl+Alt+Delete</button></div><div id="terminal-kvm" class="full-window">${
    disabled
      ? "<p>Disconnected</p>"
      : `<div><canvas width="1" height="1" style="display:none"></canvas></div>`
  }</div>`;
  const cookie = `document.cookie.match(/XSRF-TOKEN=([^;]+)/)?.[1]`;
  return page(
    "OpenBMC",
    `<noscript>OpenBMC doesn't work without JavaScript</noscript><div id="app"></div>`,
    `${viewerScript({ socket: "/kvm/0", canvas: "#terminal-kvm canvas", protocols: `[${cookie}]` })}<script>
addEventListener("load", () => {
  const app = document.getElementById("app");
  function route() {
    if (!${cookie} && location.hash !== "#/login") { location.hash = "#/login"; return; }
    if (location.hash === "#/console/kvm") {
      app.innerHTML = ${JSON.stringify(kvmView)};
      ${disabled ? "" : "setTimeout(startViewer, 100);"}
      return;
    }
    if (location.hash !== "#/login") { app.innerHTML = ${JSON.stringify(overview)}; return; }
    app.innerHTML = ${JSON.stringify(loginView)};
    app.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      const button = app.querySelector("button"), body = JSON.stringify({ username: username.value, password: password.value });
      button.disabled = true;
      const answer = await fetch("/login", { method: "POST", body, headers: { "Content-Type": "application/json" } });
      button.disabled = false;
      if (answer.ok) { location.hash = "#/"; return; }
      app.querySelector(".login-error").hidden = false;
      app.querySelector("#login-error-alert").textContent = answer.status === 401
        ? "Invalid username or password" : "Too many sessions";
    };
  }
  addEventListener("hashchange", route);
  route();
});</script>`,
  );
}
