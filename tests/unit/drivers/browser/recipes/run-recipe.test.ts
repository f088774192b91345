import assert from "node:assert/strict";
import { parseRecipe } from "../../../../../common/console-recipe/read-recipe.ts";
import type { PageCondition } from "../../../../../common/console-recipe/recipe.ts";
import { ConsoleError, PageError, Secret } from "../../../../../drivers/base.ts";
import { runRecipe, type RecipeRun } from "../../../../../drivers/browser/recipes/run-recipe.ts";
import { parseWebAddress } from "../../../../../drivers/browser/web-address.ts";
import { EXAMPLE_RECIPE } from "../../../../fakes/console-recipe.ts";
import { FakeKioskPage } from "../../../../fakes/kiosk-page.ts";
import { recordingLogger } from "./recording-logger.ts";

const PASSWORD = "s3cr3t&/ü";

describe("a recipe at work", () => {
  let page: FakeKioskPage;
  let log: ReturnType<typeof recordingLogger>;
  let steps: string[];
  let jnlp: string[];
  const { signal } = new AbortController();

  beforeEach(() => {
    page = new FakeKioskPage();
    page.cookies.set("SID", "cookie-from-bmc");
    page.onLook = ({ text }) => text === undefined;
    log = recordingLogger();
    steps = [];
    jnlp = [];
  });

  afterEach(() => {
    const told = `${log.text()}${steps.join()}`;
    for (const secret of [PASSWORD, "cookie-from-bmc"]) assert.ok(!told.includes(secret), told);
  });

  function run(change: (text: string) => string = (text) => text): RecipeRun {
    return runRecipe({
      recipe: parseRecipe(change(EXAMPLE_RECIPE)),
      page,
      process: {
        runJnlp: (text) => {
          jnlp.push(text);
          return Promise.resolve();
        },
      },
      settings: { bmc: parseWebAddress("bmc.example:8443", "web_address") },
      account: { username: "admin one", password: new Secret(PASSWORD) },
      log,
      onStep: (what) => steps.push(what),
    });
  }
  const withViewer = (viewer: string) => (text: string) =>
    text.replace("- open_window: /kvm.html?user={username}", viewer);
  const failure = (expected: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof PageError, String(error));
    assert.equal(error.failure, expected);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(PASSWORD));
    return true;
  };

  it("logs in, opens the viewer and logs out as the recipe says", async () => {
    const recipe = run();
    await recipe.login(signal);
    await recipe.viewer(signal);
    await recipe.keepAlive(signal);
    await recipe.logout(signal);
    assert.deepEqual(page.done, [
      "goto /login.html",
      "wait 20000",
      "fill #user=secret admin one",
      `fill #password=secret ${PASSWORD}`,
      "click #login",
      "wait 5000",
      "open /kvm.html?user=admin%20one",
      "fetch GET /ping?s=cookie-from-bmc",
      "fetch POST /logout",
    ]);
    assert.deepEqual(page.fetched.at(-1)?.headers, { "X-Session": "cookie-from-bmc" });
  });

  it("tells of each step as the recipe has it, without a value", async () => {
    await run().login(signal);
    assert.deepEqual(steps, [
      "login: goto /login.html",
      "login: wait selector #user and ready",
      "login: fill #user",
      "login: fill #password",
      "login: click #login",
      "login: wait url /main\\.html$ or cookie SID",
      "login: save sid",
    ]);
  });

  it("fails with the rule that the page fulfils, even when it also looks well", async () => {
    page.onLook = ({ text }) => text === undefined || text === "invalid";
    await assert.rejects(
      run().login(signal),
      failure(
        "wrong_password",
        /^login: wait url .*: the BMC refuses the user name or the password$/,
      ),
    );
  });

  it("names the step that was not done in time", async () => {
    page.onLook = ({ selector }) => selector === "#user";
    await assert.rejects(
      run((text) => text.replace("within: 5", "within: 0.01")).login(signal),
      failure("unexpected_page", /^login: wait url \/main.* or cookie SID: nothing of what/),
    );
  });

  it("fails when a value is not there, and names it", async () => {
    page.cookies.clear();
    await assert.rejects(
      run().login(signal),
      failure("unexpected_page", /^login: save sid: found no value for \{sid\}$/),
    );
  });

  it("keeps secrets out of what a page says in its errors", async () => {
    page.onDo = (what) => {
      if (what.startsWith("open"))
        throw new PageError("unexpected_page", `at ?k=cookie-from-bmc\n`);
    };
    const recipe = run();
    await recipe.login(signal);
    await assert.rejects(
      recipe.viewer(signal),
      failure("unexpected_page", /^viewer: open_window .*: at \?k=\*{6}\\n$/),
    );
  });

  it("ends at once when it is aborted, whatever the page does", async () => {
    const aborting = new AbortController();
    page.onDo = (what) => {
      if (!what.startsWith("click")) return;
      aborting.abort(new ConsoleError("nobody waits any more"));
      return new Promise<void>(() => {});
    };
    await assert.rejects(run().login(aborting.signal), /nobody waits any more/);
    assert.equal(page.done.at(-1), "click #login");
  });

  describe("sends requests", () => {
    const login = (request: string): Promise<void> => {
      const recipe = run(withViewer(`- fetch: ${request}`));
      return recipe.login(signal).then(() => recipe.viewer(signal));
    };

    it("with names filled in everywhere, percent-encoded in the path alone", async () => {
      await login(
        '{ path: "/a/{username}", json: { p: ["{password}", 1, null], "{x": "{a b}" }, headers: { Authorization: "Basic {basic}" } }',
      );
      const basic = Buffer.from(`admin one:${PASSWORD}`).toString("base64");
      assert.deepEqual(page.fetched, [
        {
          method: "POST",
          path: "/a/admin%20one",
          json: { p: [PASSWORD, 1, null], "{x": "{a b}" },
          headers: { Authorization: `Basic ${basic}` },
        },
      ]);
    });

    it("and fails by status and body, in the order of the rules", async () => {
      page.onFetch = () => ({ status: 503, headers: {}, body: "Session table FULL" });
      const rules = (body: string) =>
        `{ path: /x, failures: [{ status: 503, body: "${body}", failure: sessions_taken }, { status: 503, failure: viewer_disabled }] }`;
      await assert.rejects(
        login(rules("table full")),
        failure("sessions_taken", /^viewer: fetch GET/),
      );
      await assert.rejects(login(rules("other")), failure("viewer_disabled", /switched off/));
      await assert.rejects(
        login("{ path: /x }"),
        failure("unexpected_page", /answered with status 503/),
      );
    });

    it("and saves what the answer holds", async () => {
      page.onFetch = () => ({
        status: 200,
        headers: { "x-auth": "tok" },
        body: '{"a.b": {"list": [{"n": 5}]}, "s": "SID=q1"}',
      });
      const save = '{ n: "json:a.b.list.0.n", h: "header:X-Auth", b: "body:SID=(\\\\w+)" }';
      const recipe = run(
        withViewer(`- fetch: { path: /x, save: ${save} }\n  - goto: "/v?n={n}&h={h}&b={b}"`),
      );
      await recipe.login(signal);
      await recipe.viewer(signal);
      assert.equal(page.done.at(-1), "goto /v?n=5&h=tok&b=q1");
    });

    for (const [what, body, source] of [
      ["no JSON", "<html>", "json:a"],
      ["an inherited name", "{}", "json:constructor.name"],
      ["an object", '{"a": {}}', "json:a"],
      ["too much", JSON.stringify({ a: "x".repeat(20_000) }), "json:a"],
      ["no such header", "", "header:toString"],
      ["no match", "abc", "body:x(.)"],
    ] as const)
      it(`and fails for ${what}`, async () => {
        page.onFetch = () => ({ status: 200, headers: {}, body });
        await assert.rejects(
          login(`{ path: /x, save: { v: "${source}" } }`),
          failure("unexpected_page", /value for \{v\}/),
        );
      });
  });

  describe("goes where the BMC says", () => {
    const goto = async (given: string): Promise<string | undefined> => {
      page.cookies.set("SID", given);
      const recipe = run(withViewer('- goto: "{sid}"'));
      await recipe.login(signal);
      await recipe.viewer(signal);
      return page.done.at(-1);
    };

    it("when that is on this BMC", async () => {
      assert.equal(await goto("/redfish/x?a=b%20c"), "goto /redfish/x?a=b%20c");
      assert.equal(await goto("https://bmc.example:8443/y#z"), "goto /y#z");
    });

    for (const elsewhere of [
      "//evil/x",
      "https://evil/",
      "/\\evil/x",
      "https://bmc.example/",
      "javascript:alert(1)",
      "file:///etc/passwd",
      "https://bmc.example:8443@evil/",
      "http://bmc.example:8443/",
    ])
      it(`and not to ${elsewhere}`, async () => {
        await assert.rejects(goto(elsewhere), failure("unexpected_page", /another machine/));
      });
  });

  it("waits for a window before the click that opens it", async () => {
    const recipe = run(
      withViewer('- click: "#kvm"\n  - follow_window: { within: 7 }\n  - press: Enter'),
    );
    await recipe.login(signal);
    page.done.length = 0;
    await recipe.viewer(signal);
    assert.deepEqual(page.done, ["follow 7000", "click #kvm", "press Enter"]);
    assert.deepEqual(steps.slice(-3), [
      "viewer: click #kvm",
      "viewer: follow_window",
      "viewer: press Enter",
    ]);
  });

  it("does what stands in an if, when its condition holds", async () => {
    const branch = (within: string) =>
      withViewer(`- if: { when: { text: shared }, ${within} then: [{ click: "#share" }] }`);
    const clicks = async (
      holds: (condition: PageCondition) => boolean,
      within = "",
    ): Promise<number> => {
      page.done.length = 0;
      const recipe = run(branch(within));
      page.onLook = (condition) => condition.text === undefined || holds(condition);
      await recipe.login(signal).catch(() => undefined);
      await recipe.viewer(signal);
      return page.done.filter((what) => what === "click #share").length;
    };
    assert.equal(await clicks(({ text }) => text === "shared"), 1);
    assert.equal(await clicks(() => false), 0);
    assert.equal(await clicks(({ text }) => text === "shared", "within: 0.01,"), 1);
    assert.equal(await clicks(() => false, "within: 0.01,"), 0);
  });

  describe("starts a Java viewer", () => {
    const java = (step: string) => (text: string) =>
      withViewer(step)(text).replace("family: example", "family: example\ntype: jnlp");
    const start = async (body: string, step: string): Promise<void> => {
      page.onFetch = () => ({ status: 200, headers: {}, body });
      const recipe = run(java(step));
      await recipe.login(signal);
      await recipe.viewer(signal);
    };

    it("from the corrected file", async () => {
      await start(
        '<?xml version="1.0"?><jnlp codebase="{base}"><argument>{key}</argument></jnlp>',
        '- jnlp: { path: "/v.jnlp?s={sid}", replace: [{ match: "\\\\{base\\\\}", with: "{origin}/" }, { match: "\\\\{key\\\\}", with: "{sid}" }] }',
      );
      assert.equal(page.done.at(-1), "fetch GET /v.jnlp?s=cookie-from-bmc");
      assert.deepEqual(jnlp, [
        '<?xml version="1.0"?><jnlp codebase="https://bmc.example:8443/"><argument>cookie-from-bmc</argument></jnlp>',
      ]);
    });

    it("but not from a page that is none", async () => {
      await assert.rejects(
        start("<html>log in again</html>", "- jnlp: { path: /v.jnlp }"),
        failure("unexpected_page", /no start file of a Java viewer/),
      );
      assert.deepEqual(jnlp, []);
    });
  });

  describe("logs out", () => {
    const LOGOUT =
      'logout:\n  - click: "#a"\n  - fetch: { path: "/o?{later}" }\n  - goto: /bye\nquirks:';
    const withLogout = (text: string): string =>
      text
        .replace(/logout:\n.*\nquirks:/, LOGOUT)
        .replace("viewer:", 'viewer:\n  - save: { later: "cookie:LATER" }');

    it("after a viewer that failed, leaving out what needs values that never came", async () => {
      const recipe = run(withLogout);
      await recipe.login(signal);
      await assert.rejects(recipe.viewer(signal), PageError);
      page.done.length = 0;
      await recipe.logout(signal);
      assert.deepEqual(page.done, ["click #a", "goto /bye"]);
    });

    it("with every step, though one fails, and never throws", async () => {
      page.cookies.set("LATER", "x");
      const recipe = run(withLogout);
      await recipe.login(signal);
      await recipe.viewer(signal);
      page.done.length = 0;
      page.onDo = (what) => {
        if (what === "click #a") throw new PageError("unexpected_page", "#a is not there");
        if (what === "goto /bye") throw new Error("the browser is gone");
      };
      await recipe.logout(signal);
      assert.deepEqual(page.done, ["click #a", "fetch GET /o?x", "goto /bye"]);
      assert.match(log.text(), /a step of the logout failed.*#a is not there/);
    });

    it("until its time is over", async () => {
      const recipe = run(withLogout);
      await recipe.login(signal);
      page.done.length = 0;
      page.onDo = () => new Promise<void>(() => {});
      await recipe.logout(AbortSignal.timeout(20));
      assert.deepEqual(page.done, ["click #a"]);
    });

    it("once, and not without a login", async () => {
      const recipe = run();
      await recipe.logout(signal);
      assert.equal(page.fetched.length, 0);
      await recipe.login(signal);
      await recipe.logout(signal);
      await recipe.logout(signal);
      assert.deepEqual(
        page.fetched.map(({ path }) => path),
        ["/logout"],
      );
    });
  });
});
