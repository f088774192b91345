import assert from "node:assert/strict";
import { importNojava } from "../../../../common/console-recipe/import-nojava.ts";
import { lintRecipe } from "../../../../common/console-recipe/lint-recipe.ts";
import { parseRecipe } from "../../../../common/console-recipe/read-recipe.ts";
import { InvalidParameterValue } from "../../../../common/errors.ts";

/* Keys as the README of nojava-ipmi-kvm explains them; the values are our own. */
const CONFIGURATION = `
general:
  x_resolution: 1600x1200
templates:
  Java Board:
    login_endpoint: session/create
    user_login_attribute_name: u
    password_login_attribute_name: p
    extra_login_form_fields: "mode:kvm,lang:en"
    session_cookie_key: SessionKey
    download_endpoint: viewer.jnlp
    java_version: 7u79
    format_jnlp: True
  web_board:
    send_post_data_as_json: True
    html5_endpoint: kvm/index.html
    rewrites: [{ search: a, replace: b, path_match: c }]
    colour: red
hosts:
  rack1:
    based_on: Java Board
    full_hostname: rack1.example.org
    login_user: root
  rack2:
    based_on: web_board
    full_hostname: rack2.example.org
    login_endpoint: other
    allow_insecure_ssl: True
  lost:
    based_on: gone
    skip_login: True
`;

describe("importing a configuration of nojava-ipmi-kvm", () => {
  const { recipes, notes } = importNojava(CONFIGURATION);
  const recipe = (name: string) => {
    const found = recipes.find((one) => one.name === name);
    assert.ok(found, name);
    return parseRecipe(found.text);
  };

  it("makes a valid recipe of each template, and of each host that differs", () => {
    assert.deepEqual(
      recipes.map(({ name }) => name),
      ["java-board", "web-board", "rack2", "lost"],
    );
    for (const { text } of recipes) assert.deepEqual(lintRecipe(text).mistakes, []);
  });

  it("logs in by the form's own fields and takes the cookie out of the answer", () => {
    const { login, viewer, type, quirks } = recipe("java-board");
    assert.equal(type, "jnlp");
    assert.deepEqual([quirks.width, quirks.height], [1600, 1200]);
    const [, fetch, cookie] = login;
    assert.ok(fetch?.kind === "fetch");
    assert.equal(fetch.request.path, "/session/create");
    assert.deepEqual(fetch.request.form, {
      u: "{username}",
      p: "{password}",
      mode: "kvm",
      lang: "en",
    });
    assert.match(fetch.save["session"] ?? "", /^body:/);
    assert.deepEqual(cookie, { kind: "set_cookie", name: "SessionKey", value: "{session}" });
    assert.deepEqual(viewer, [
      {
        kind: "jnlp",
        path: "/viewer.jnlp",
        replace: [
          { match: "\\{base_url\\}", with: "{origin}" },
          { match: "\\{session_key\\}", with: "{session}" },
        ],
      },
    ]);
  });

  it("fills in the defaults, and opens the page of a viewer without Java", () => {
    const { login, viewer, picture } = recipe("web-board");
    assert.ok(login[1]?.kind === "fetch");
    assert.equal(login[1].request.path, "/cgi/login.cgi");
    assert.deepEqual(login[1].request.json, { name: "{username}", pwd: "{password}" });
    assert.deepEqual(viewer, [{ kind: "goto", target: "/kvm/index.html" }]);
    assert.equal(picture.selector, "canvas");
    assert.deepEqual(recipe("lost").login, [{ kind: "goto", target: "/" }]);
  });

  it("says what could not be taken over and what to do with the hosts", () => {
    const all = notes.join("\n");
    assert.match(all, /java-board: java_version 7u79 was left out/);
    assert.match(all, /web-board: rewrites were left out/);
    assert.match(all, /web-board: colour is not known/);
    assert.match(all, /host lost: its template "gone" is not there/);
    assert.match(
      all,
      /host rack1: .*web_address=rack1.example.org, web_username=root, .*console_recipe=java-board$/m,
    );
    assert.match(all, /host rack2: .*console_recipe=rack2, and web_tls_fingerprint/);
  });

  it("refuses what is no such file", () => {
    assert.throws(() => importNojava("a: 1"), InvalidParameterValue);
    assert.throws(() => importNojava("["), InvalidParameterValue);
    assert.throws(() => importNojava("[myhost]\nlogin_user = ADMIN\n"), InvalidParameterValue);
  });
});
