/**
 * Lenovo XClarity Controller.
 *
 * FACT(openstack/pyghmi, Lenovo OEM client): POST /api/login {username, password} in JSON, cookie
 * `_csrf_token`, /api/providers/logout logs out.
 * FACT(huyanhvn/lenovo-remote-console): the viewer is a library (RPViewer) that draws on a canvas and
 * connects to a port of its own, 3900 by default, told by GET /api/providers/rp_port {port}; its login results
 * are 0 success, 1 denied, 3 invalid password, 4 in use, 5 full. Here it is the web page's port.
 *
 * Ours, for lack of a public source: everything else of the pages: fields, addresses behind `#`, notices. A
 * recipe for it can only look for what any such page has.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { html, json, jsonOf, page, textOf, type BmcReply, type BmcRequest } from "../http.ts";
import { viewerScript } from "../viewer-script.ts";

export function xcc(): BmcVendor {
  return {
    name: "lenovo-xcc",
    managerId: "1",
    listsWebSessions: true,
    serviceRoot: {
      Name: "Root Service",
      RedfishVersion: "1.8.0",
      Vendor: "Lenovo",
      Product: "ThinkSystem SR650",
      Oem: { Lenovo: { "@odata.type": "#LenovoServiceRoot.v1_0_0.LenovoServiceRootProperties" } },
    },
    manager: { Model: "Lenovo XClarity Controller", FirmwareVersion: "CDI394N 8.88" },
    answer,
    viewer: (request, bmc) =>
      request.path === "/rpviewer" ? bmc.sessions.find(request.cookies.get("session")) : undefined,
  };
}

function answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  const session = bmc.sessions.find(request.cookies.get("session"));
  switch (request.path) {
    case "/":
      return html(application(bmc));
    case "/api/login":
      return login(request, bmc);
    case "/api/providers/logout":
      bmc.logout(session);
      return json({ return: 0 }, 200, { "set-cookie": "session=; Path=/; Max-Age=0" });
    case "/api/providers/rp_port":
      return session ? json({ port: 3900 }) : json({}, 401);
    default:
      return undefined;
  }
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const { username, password } = jsonOf(request);
  const session = bmc.login(textOf(username), textOf(password), "web");
  if (session === "refused") return json({ description: "invalid credentials" }, 401);
  if (session === "full") return json({ description: "session limit" }, 503);
  const cookies = [
    `session=${session.key}; Path=/; Secure; HttpOnly`,
    `_csrf_token=${session.csrf}; Path=/; Secure`,
  ];
  return json({ access_token: session.csrf }, 200, { "set-cookie": cookies });
}

function application(bmc: Bmc): string {
  const form = `<div class="login"><input type="text" name="user"><input type="password" name="password"><button>Log In</button><p class="notice"></p></div>`;
  const home = `<nav><a href="#/home">Home</a><a href="#/bmc-configuration">BMC Configuration</a></nav><h1>Home</h1><button id="power">Power Action</button>`;
  const refusal = bmc.faults.noLicence
    ? "Remote console requires a license (Feature on Demand)."
    : bmc.faults.viewerDisabled
      ? "Remote console is disabled."
      : "";
  const viewer = `<div class="toolbar"><button id="media">Media</button><button id="power">Power</button></div><p class="notice">${refusal}</p>
<canvas id="kvmCanvas" width="1" height="1" style="display:none"></canvas>`;
  return page(
    "Lenovo XClarity Controller",
    `<div id="app"></div>`,
    `${viewerScript({ socket: "/rpviewer", canvas: "#kvmCanvas" })}<script>
addEventListener("load", () => {
  const app = document.getElementById("app");
  const loggedIn = () => document.cookie.includes("_csrf_token=");
  function route() {
    if (!loggedIn()) {
      app.innerHTML = ${JSON.stringify(form)};
      const [user, password] = app.querySelectorAll("input");
      const send = async () => {
        const body = JSON.stringify({ username: user.value, password: password.value });
        const answer = await fetch("/api/login", { method: "POST", body, headers: { "Content-Type": "application/json" } });
        if (answer.ok) { location.hash = "#/home"; return; }
        app.querySelector(".notice").textContent = answer.status === 401
          ? "Invalid user name or password." : "The maximum number of sessions is reached.";
      };
      password.onkeydown = (event) => { if (event.key === "Enter") send(); };
      app.querySelector("button").onclick = send;
      return;
    }
    if (location.hash.startsWith("#/remotecontrol")) {
      app.innerHTML = ${JSON.stringify(viewer)};
      ${refusal === "" ? "setTimeout(startViewer, 100);" : ""}
      return;
    }
    app.innerHTML = ${JSON.stringify(home)};
  }
  addEventListener("hashchange", route);
  route();
});</script>`,
  );
}
