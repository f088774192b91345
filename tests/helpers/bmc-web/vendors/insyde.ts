/**
 * BMCs with Insyde's pages on Intel boards: bmcweb's login underneath, frames and pop-ups above.
 *
 * FACT(yaoheng-xx/bmcui page/login.html, js/login.js): `#username`, `#userpwd`, button `#loginbtn`; POST
 * /login in JSON; failures are told by alert(); `META NAME="Insyde Software"`.
 * FACT(yaoheng-xx/bmcui js/man_ikvm_html5.js, page/man_ikvm_new_window.html): `/page/man_ikvm_html5.html` has
 * `#launchikvmhtml5`, disabled until the privileges are known, which opens `/page/man_ikvm_new_window.html`
 * in a window of its own; noVNC draws inside `#kvm_window`; beside it `#power_control`, `#send_macro`,
 * `#forceEnterBIOS`.
 *
 * Ours, for lack of a public source: that the login answers as bmcweb's does, the main page, the Redfish root,
 * the notices of failures.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { html, page, redirect, type BmcReply, type BmcRequest } from "../http.ts";
import { viewerScript } from "../viewer-script.ts";
import { answerBmcweb, bmcwebViewer, cookieSession } from "./openbmc-web.ts";

const META = `<META NAME="Insyde Software" CONTENT="(c) 2014 - Insyde Software">`;

export function insyde(): BmcVendor {
  return {
    name: "intel-insyde",
    managerId: "bmc",
    listsWebSessions: true,
    serviceRoot: { Name: "Root Service", Vendor: "Intel Corporation", Product: "Intel BMC" },
    manager: { Model: "Intel(R) BMC", FirmwareVersion: "2.88" },
    answer,
    viewer: bmcwebViewer,
  };
}

function answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  if (request.path === "/") return html(loginPage());
  if (!request.path.startsWith("/page/")) return answerBmcweb(request, bmc);
  if (!cookieSession(request, bmc)) return redirect("/");
  switch (request.path) {
    case "/page/mainmenu.html":
      return html(
        page(
          "BMC",
          `<a id="power" href="/page/server_power_control.html">Power</a><a href="/page/configuration.html">Configuration</a>`,
          META,
        ),
      );
    case "/page/man_ikvm_html5.html":
      return html(launchPage());
    case "/page/man_ikvm_new_window.html":
      return html(viewerPage(bmc));
    default:
      return undefined;
  }
}

function loginPage(): string {
  return page(
    "",
    `<form name="form1"><input name="name" id="username"><input name="pwd" id="userpwd" type="password"></form><input id="loginbtn" type="button" value="Login">`,
    `${META}<script>addEventListener("load", () => { loginbtn.onclick = async () => {
  const body = JSON.stringify({ data: [username.value, userpwd.value] });
  const answer = await fetch("/login", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  if (answer.ok) location.href = "/page/mainmenu.html"; else alert("Invalid session");
}; });</script>`,
  );
}

function launchPage(): string {
  return page(
    "iKVM",
    `<div id="caption_div">iKVM</div><input type="button" id="launchikvmhtml5" value="Launch" disabled>`,
    `${META}<script>addEventListener("load", () => {
  setTimeout(() => { launchikvmhtml5.disabled = false; }, 150);
  launchikvmhtml5.onclick = () => window.open("/page/man_ikvm_new_window.html", "Kvm Window", "width=1125,height=900");
});</script>`,
  );
}

function viewerPage(bmc: Bmc): string {
  if (bmc.faults.viewerDisabled) return page("KVM", `<p>Remote KVM is disabled</p>`, META);
  if (bmc.faults.noLicence)
    return page("KVM", `<p>Remote management key (license) is not installed</p>`, META);
  const cookie = `document.cookie.match(/XSRF-TOKEN=([^;]+)/)?.[1]`;
  const canvas = `<div><canvas width="1" height="1" style="display:none"></canvas></div>`;
  return page(
    "KVM",
    `<div id="kvm_window">${canvas}</div><select id="send_macro"><option>Ctrl+Alt+Delete</option></select>
<select id="power_control"><option>Power Off</option></select><button id="forceEnterBIOS">BIOS</button>`,
    `${META}${viewerScript({ socket: "/kvm/0", canvas: "#kvm_window canvas", protocols: `[${cookie}]` })}
<script>addEventListener("load", () => setTimeout(startViewer, 100));</script>`,
  );
}
