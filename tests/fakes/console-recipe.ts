/** A recipe of a board that does not exist, whole and without anything to complain about. */
export const EXAMPLE_RECIPE = `name: example-board
title: Example Board 2000
family: example
firmware: 3.10 to 3.42
recognise:
  - redfish: { Vendor: "^Example Inc" }
  - page: { path: /, matches: "<title>Example BMC" }
    server: "^lighttpd"
login:
  - goto: /login.html
  - wait:
      any: [{ selector: "#user", ready: true }]
      failures:
        - { when: { text: "too many sessions" }, failure: sessions_taken }
  - fill: { selector: "#user", value: "{username}" }
  - fill: { selector: "#password", value: "{password}" }
  - click: "#login"
  - wait:
      any: [{ url: "/main\\\\.html$" }, { cookie: SID }]
      failures:
        - { when: { selector: ".error", text: "invalid" }, failure: wrong_password }
      within: 5
  - save: { sid: "cookie:SID" }
viewer:
  - open_window: /kvm.html?user={username}
picture:
  selector: canvas#kvm
logout:
  - fetch: { method: POST, path: /logout, headers: { X-Session: "{sid}" } }
quirks:
  keep_alive: { path: "/ping?s={sid}", every: 60 }
`;
