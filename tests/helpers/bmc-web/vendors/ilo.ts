/**
 * HPE iLO 4, 5, 6 and 7: its login page, `irc.html` and the REST face under /json.
 *
 * FACT(openstack/ironic tools/vnc-container/extension/Hpe.js): `/html/login.html` with `#username`,
 * `#password` and `#login-form__submit`, all disabled until the page is ready; iLO 5 then has a cookie
 * `sessionKey` that scripts can read, and `/irc.html` is the viewer. From iLO 6 on `/irc.html` asks by
 * itself when nobody is logged in.
 * FACT(openstack/ironic start-selenium-browser.py): `/` of iLO 5 holds the login in a frame `#appFrame`;
 * `irc.html` without a login shows a message on iLO 5, a form in `.loginBoxRestrictWidth` on iLO 6;
 * `#app-container` comes after the login; `.btnVideoFullScreen`.
 * FACT(openstack/ironic Hpe.css): `#app-container #videoOuter #videoContainer div.control.windowedMode` and
 * `#irc_statusbar` surround the picture.
 * FACT(mildsunrise/ilo-protocol lib/rest.ts): POST /json/login_session {method, user_login, password},
 * 403 when refused, `session_key` of 32 hexadecimal digits, cookie `sessionKey`; a key that is over is 403.
 * FACT(public traffic signatures and console proxies, file index ids 66844363125, 70285521723): the viewer's
 * WebSocket is `/wss/ircport`.
 * FACT(public automation of an iLO 4, file index id 57633642495): its login frame has `#usernameInput`,
 * `#passwordInput`, `#ID_LOGON`; the picture is in `#videoContainer`. FACT(HPE iLO 4 RESTful API reference):
 * Oem.Hp.Manager[0].ManagerType is `iLO 4`.
 *
 * Ours, for lack of a public source: the words and ids of failures, what logs out, iLO 7 being like iLO 6, and
 * that iLO 4 has a page of its own for the viewer (known is a function of its main page, startHtml5Irc).
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import {
  html,
  json,
  jsonOf,
  page,
  redirect,
  textOf,
  type BmcReply,
  type BmcRequest,
} from "../http.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

/** How long the form stays disabled; real ones need a second or more. */
const READY_AFTER_MS = 150;

export type IloGeneration = 4 | 5 | 6 | 7;

export function ilo(generation: IloGeneration): BmcVendor {
  const serverGeneration = { 4: "Gen9", 5: "Gen10", 6: "Gen11", 7: "Gen12" }[generation];
  const namespace = generation === 4 ? "Hp" : "Hpe";
  return {
    name: `ilo-${generation}`,
    managerId: "1",
    listsWebSessions: true,
    server: "HPE-iLO-Server/1.30",
    serviceRoot: {
      Name: "HPE RESTful Root Service",
      ...(generation > 4 && { Vendor: "HPE" }),
      Product: `ProLiant DL380 ${serverGeneration}`,
      // FACT(HPE iLO RESTful API reference, root service; openstack/ironic Hpe.js reads ManagerType)
      Oem: { [namespace]: { Manager: [{ FQDN: "ilo.test", ManagerType: `iLO ${generation}` }] } },
    },
    manager: { Model: `iLO ${generation}`, FirmwareVersion: `iLO ${generation} v2.72` },
    answer: (request, bmc) => answer(request, bmc, generation),
    viewer: (request, bmc) =>
      request.path === "/wss/ircport"
        ? bmc.sessions.find(request.cookies.get("sessionKey"))
        : undefined,
  };
}

function answer(request: BmcRequest, bmc: Bmc, generation: IloGeneration): BmcReply | undefined {
  const session = bmc.sessions.find(request.cookies.get("sessionKey"));
  switch (request.path) {
    case "/":
      return html(page("iLO", `<iframe id="appFrame" src="/html/login.html"></iframe>`));
    case "/html/login.html":
      return html(page("iLO", loginForm(generation), loginScript("/index.html")));
    case "/index.html":
      return session ? html(mainPage(session)) : redirect("/html/login.html");
    case "/irc.html":
      return html(consolePage(session, bmc, generation));
    case "/json/login_session":
      return loginSession(request, bmc);
    default:
      return undefined;
  }
}

function loginSession(request: BmcRequest, bmc: Bmc): BmcReply {
  const { method, user_login, password, session_key } = jsonOf(request);
  if (method === "logout") {
    bmc.logout(bmc.sessions.find(textOf(session_key) || request.cookies.get("sessionKey")));
    return json({}, 200, { "set-cookie": "sessionKey=; Path=/; Max-Age=0" });
  }
  const session = bmc.login(textOf(user_login), textOf(password), "web");
  if (session === "refused")
    return json({ message: "JS_ERR_LOGIN", details: "Invalid login" }, 403);
  if (session === "full")
    return json({ message: "JS_ERR_NO_SESSION", details: "No free session" }, 503);
  return json({ session_key: session.key, user_name: session.user, remote_cons_priv: 1 }, 200, {
    "set-cookie": `sessionKey=${session.key}; Path=/; Secure; SameSite=Strict`,
  });
}

function loginForm(generation: IloGeneration): string {
  const [user, password, submit] =
    generation === 4
      ? ["usernameInput", "passwordInput", "ID_LOGON"]
      : ["username", "password", "login-form__submit"];
  return `<div class="loginBoxRestrictWidth"><h1>iLO</h1>
<form id="login-form"><input id="${user}" disabled autocomplete="off"><input id="${password}" type="password" disabled>
<button id="${submit}" disabled>Log In</button></form><div id="login-form__error" class="error"></div></div>
<a href="/redfish/v1/">API</a>`;
}

function loginScript(next: string): string {
  return `<script>addEventListener("load", () => {
  const form = document.getElementById("login-form"), error = document.getElementById("login-form__error");
  const fields = [...form.querySelectorAll("input, button")];
  setTimeout(() => fields.forEach((field) => { field.disabled = false; }), ${READY_AFTER_MS});
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ method: "login", user_login: fields[0].value, password: fields[1].value });
    const answer = await fetch("/json/login_session", { method: "POST", body });
    if (answer.ok) location.href = "${next}";
    else if (answer.status === 403) error.textContent = "Login failed. Invalid login name or password.";
    else error.textContent = "Maximum number of sessions reached. Try again later.";
  });
});</script>`;
}

function mainPage(session: WebSession): string {
  const menu = ["Information", "Power & Thermal", "Administration", "Security"];
  const links = menu.map((name) => `<li><a href="/html/${name[0]}.html">${name}</a></li>`).join("");
  return page(
    "iLO",
    `<ul>${links}</ul><p>${session.user}</p><a id="logout" href="#">Log out</a><a href="/irc.html" target="_blank">HTML5</a>`,
    "",
    `id="app-container"`,
  );
}

function consolePage(session: WebSession | undefined, bmc: Bmc, generation: IloGeneration): string {
  if (!session && generation > 5)
    return page("iLO Console", loginForm(generation), loginScript("/irc.html"));
  const message = (text: string): string =>
    page("iLO Console", `<div class="message-box"><p>${text}</p></div>`);
  if (!session) return message("You are not logged in. Please log in to iLO first.");
  if (bmc.faults.viewerDisabled) return message("Remote Console is disabled.");
  if (bmc.faults.noLicence)
    return message(
      "This feature requires an iLO Advanced license. Remote Console is not licensed.",
    );
  const frame = `<div id="videoOuter"><div id="videoContainer">
<div class="control windowedMode"><button id="power">Power</button><button id="keyboard">Keyboard</button>
<button id="media">Virtual Media</button><a id="settings" href="/index.html">Settings</a>
<a id="help" href="/html/help.html" target="_blank">Help</a><button class="btnVideoFullScreen">Full screen</button></div>
<canvas id="video" width="1" height="1" style="display:none"></canvas></div></div><div id="irc_statusbar">Status bar</div>`;
  const start = `<script>addEventListener("load", () => setTimeout(startViewer, 100));</script>`;
  const script = viewerScript({ socket: "/wss/ircport", canvas: "#video" });
  return page("iLO Console", frame, script + start, `id="app-container"`);
}
