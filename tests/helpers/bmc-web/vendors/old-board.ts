/**
 * An old board whose screen only a Java viewer shows: Supermicro X9's login and start file.
 *
 * FACT(sciapp/nojava-ipmi-kvm config.py, default configuration): POST /cgi/login.cgi name, pwd; the start file at
 * /cgi/url_redirect.cgi?url_name=ikvm&url_type=jwsk.
 * FACT(openstack/ironic tools/vnc-container/extension/Supermicro.js): the login page's fields.
 * FACT(public tests of an ATEN login, file index id 69506019190): cookie SID, the script that goes to mainmenu.
 *
 * Ours: the jar and what it speaks, the arguments in the start file, words of failures.
 */
import type { Bmc, BmcVendor } from "../bmc.ts";
import { formOf, headerOf, html, page, plain, type BmcReply, type BmcRequest } from "../http.ts";

export const VIEWER_CLASS = "Viewer";
const JAR = "/iKVM.jar";

export function oldBoard(): BmcVendor {
  return {
    name: "old-board",
    managerId: "1",
    listsWebSessions: false,
    redfish: false,
    serviceRoot: {},
    manager: {},
    answer,
    viewer: () => undefined,
    javaViewer: (word, bmc) => bmc.sessions.list().find(({ csrf }) => word === `HELLO ${csrf}`),
  };
}

function answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined {
  const session = bmc.sessions.find(request.cookies.get("SID"));
  switch (request.path) {
    case "/":
      return html(loginPage(""));
    case "/cgi/login.cgi":
      return login(request, bmc);
    case "/cgi/logout.cgi":
      bmc.logout(session);
      return html("", 200, { "set-cookie": "SID=; Path=/; Max-Age=0" });
    case JAR:
      return bmc.viewerJar && plain("application/java-archive", bmc.viewerJar);
    case "/cgi/url_redirect.cgi": {
      if (!session) return html(loginPage("Session timeout"));
      if (request.query.get("url_name") !== "ikvm") return html(page("main", "<h1>System</h1>"));
      return plain(
        "application/x-java-jnlp-file",
        startFile(headerOf(request, "host"), bmc, session.csrf),
      );
    }
    default:
      return undefined;
  }
}

function loginPage(message: string): string {
  return page(
    "ATEN",
    `<form method="post" action="/cgi/login.cgi"><input name="name"><input id="pwd" name="pwd" type="password">
<input id="login_word" type="submit" value="login"></form><p>${message}</p>`,
  );
}

function login(request: BmcRequest, bmc: Bmc): BmcReply {
  const form = formOf(request);
  const session = bmc.login(form.get("name") ?? "", form.get("pwd") ?? "", "web");
  if (session === "refused") return html(loginPage("Invalid username or password"));
  if (session === "full") return html(loginPage("The maximum number of user sessions is reached"));
  const next = "/cgi/url_redirect.cgi?url_name=mainmenu";
  return html(`<script>top.location = "${next}";</script>`, 200, {
    "set-cookie": `SID=${session.key}; Path=/; Secure; HttpOnly`,
  });
}

function startFile(host: string, bmc: Bmc, word: string): string {
  const [name = ""] = host.split(":");
  return `<?xml version="1.0" encoding="UTF-8"?>
<jnlp spec="1.0+" codebase="https://${host}/">
<information><title>iKVM Viewer</title><vendor>Simulator</vendor></information>
<security><all-permissions/></security>
<resources><j2se version="1.6.0+"/><jar href="iKVM.jar" main="true"/></resources>
<application-desc main-class="${VIEWER_CLASS}"><argument>${name}</argument><argument>${bmc.viewerPort}</argument><argument>${word}</argument></application-desc>
</jnlp>
`;
}
