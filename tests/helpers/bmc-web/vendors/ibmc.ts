/**
 * Huawei iBMC (V3 and later, and openUBMC, which has the same pages): a key for the viewer set by Redfish,
 * and the address that takes it. No session of the web page is needed.
 *
 * FACT(Huawei iBMC Redfish reference, KvmService; public clients, file index id 5661257595): POST
 * /redfish/v1/Managers/1/KvmService/Actions/KvmService.SetKvmKey {Id, SecretKey, Mode "Shared"}; the key in
 * the address is the id in 8 hexadecimal digits, followed by the secret when EncryptionEnabled.
 * FACT(openUBMC web backend, file index id 9124398827): `/remoteconsole?authParam=…&openWay=html5&lp=…` sets
 * cookie authParam and goes on to `/#/kvm_h5`, which asks /UI/Rest/KVMHandler?authParam=header&openWay=html5
 * for {kvmHtml5Info, hrefUrl}; `Invalid url.` for a key that it does not know; 72 characters with encryption;
 * `BMC does not support kvm` when KVM is off.
 * FACT(public field notes on a 2288H V5 6.41): kvm_h5 without such a ticket is a black page, with 200.
 * FACT(public traffic signatures): its WebSocket is on a port of its own, 2198; here it is the web page's.
 *
 * Ours, for lack of a public source: kvm_h5's elements, how the key's refusal looks there, that a missing licence
 * is refused by SetKvmKey.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { html, json, jsonOf, page, textOf, type BmcReply, type BmcRequest } from "../http.ts";
import { failure } from "../redfish.ts";
import type { WebSession } from "../sessions.ts";
import { viewerScript } from "../viewer-script.ts";

const SERVICE = "/redfish/v1/Managers/1/KvmService";

export function ibmc(): BmcVendor {
  /** What authParam must be → who may. */
  const keys = new Map<string, string>();
  return {
    name: "huawei-ibmc",
    managerId: "1",
    listsWebSessions: true,
    consolesEndWithViewers: true,
    serviceRoot: {
      Name: "Root Service",
      RedfishVersion: "1.0.2",
      Oem: { Huawei: { SMSVersion: "", ProductName: "2288H V5" } },
    },
    manager: { Model: "iBMC", FirmwareVersion: "6.41" },
    answer: (request, bmc) => answer(request, bmc, keys),
    redfishAnswer: (request, bmc, user) => service(request, bmc, user, keys),
    viewer: (request, bmc) => openConsole(request, bmc, keys),
  };
}

function service(
  request: BmcRequest,
  bmc: Bmc,
  user: string,
  keys: Map<string, string>,
): BmcReply | undefined {
  if (request.path === SERVICE) return json({ Id: "KvmService", EncryptionEnabled: true });
  if (request.path !== `${SERVICE}/Actions/KvmService.SetKvmKey`) return undefined;
  if (request.method !== "POST") return failure(405, "OperationNotAllowed");
  if (bmc.faults.noLicence) return failure(403, "LicenseNotInstalled");
  const { Id, SecretKey, Mode } = jsonOf(request);
  if (!Number.isInteger(Id) || !/^[0-9a-f]{64}$/i.test(textOf(SecretKey)))
    return failure(400, "PropertyValueFormatError");
  if (Mode !== "Shared" && Mode !== "Private") return failure(400, "PropertyValueNotInList");
  keys.set(Number(Id).toString(16).padStart(8, "0") + textOf(SecretKey), user);
  return json({});
}

function answer(
  request: BmcRequest,
  bmc: Bmc,
  keys: ReadonlyMap<string, string>,
): BmcReply | undefined {
  switch (request.path) {
    case "/":
      return html(application());
    case "/remoteconsole": {
      const key = request.query.get("authParam") ?? "";
      if (bmc.faults.viewerDisabled)
        return html("<h2>BMC does not support kvm. Please use a later version.</h2>");
      return html(
        `<script>sessionStorage.setItem("kvmHtml5Info", "{}"); location.href = "/#/kvm_h5";</script>`,
        200,
        {
          "set-cookie": `authParam=${key}; Path=/; Secure; HttpOnly; SameSite=Strict`,
        },
      );
    }
    case "/UI/Rest/KVMHandler":
      if (!keys.has(request.cookies.get("authParam") ?? "")) return html("<h2>Invalid url.</h2>");
      return json({ kvmHtml5Info: { port: "2198" }, hrefUrl: "/#/kvm_h5" });
    default:
      return undefined;
  }
}

function openConsole(
  request: BmcRequest,
  bmc: Bmc,
  keys: Map<string, string>,
): WebSession | undefined {
  const key = request.cookies.get("authParam") ?? "";
  const user = keys.get(key);
  if (request.path !== "/websocket" || user === undefined) return undefined;
  keys.delete(key);
  return bmc.sessions.open(user, "kvm");
}

function application(): string {
  const login = `<h1>iBMC</h1><input id="account"><input id="loginPwd" type="password"><button id="btLogin">Log In</button>`;
  const viewer = `<div id="kvm_toolbar"><button id="power">Power</button><button id="dvd">CD/DVD</button></div><div id="kvm_notice"></div>
<canvas id="kvmCanvas" width="1" height="1" style="display:none"></canvas>`;
  return page(
    "iBMC",
    `<div id="app"></div>`,
    `${viewerScript({ socket: "/websocket", canvas: "#kvmCanvas" })}<script>
addEventListener("viewer-refused", () => { kvm_notice.textContent = "The number of remote console sessions has reached the limit."; });
addEventListener("load", async () => {
  const app = document.getElementById("app");
  if (location.hash !== "#/kvm_h5") { app.innerHTML = ${JSON.stringify(login)}; return; }
  app.innerHTML = ${JSON.stringify(viewer)};
  if (!sessionStorage.getItem("kvmHtml5Info")) return;
  const answer = await fetch("/UI/Rest/KVMHandler?authParam=header&openWay=html5");
  if (!(answer.headers.get("content-type") ?? "").includes("json")) { kvm_notice.textContent = "Invalid url."; return; }
  startViewer();
});</script>`,
  );
}
