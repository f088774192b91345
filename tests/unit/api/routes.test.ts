/** The table of all routes: every one names a rule that exists, and every rule is used. */
import assert from "node:assert/strict";
import { ImageLibrary } from "../../../api/image-library.ts";
import { enforce, POLICY_RULES } from "../../../api/policy.ts";
import type { Route } from "../../../api/route.ts";
import { allRoutes } from "../../../api/routes.ts";
import { systemClock } from "../../../common/clock.ts";
import { silentLogger } from "../../../common/log.ts";
import { loadConfig } from "../../../common/config/load.ts";
import { NotAuthorized } from "../../../common/errors.ts";
import { FakeConductor } from "../../fakes/conductor-api.ts";
import { freshDatabase } from "../../helpers/database.ts";

const PUBLIC_PATHS = ["/", "/healthz", "/readyz", "/v1"];

describe("the route table", () => {
  let routes: Route[];
  beforeEach(async () => {
    const database = await freshDatabase();
    const deps = { config: loadConfig(), log: silentLogger(), clock: systemClock, database };
    routes = allRoutes({
      ...deps,
      library: new ImageLibrary(deps),
      conductor: new FakeConductor(database),
      isStopping: () => false,
    });
  });

  it("names an existing policy rule for every route that is not public", () => {
    for (const { method, path, rule } of routes)
      assert.ok(rule === "public" || rule in POLICY_RULES, `${method} ${path} has rule ${rule}`);
  });

  it("makes nothing public but version documents and health", () => {
    const open = routes.filter((route) => route.rule === "public").map((route) => route.path);
    assert.deepEqual(open.sort(), PUBLIC_PATHS);
  });

  it("uses every policy rule", () => {
    const used = new Set<string>(routes.flatMap(({ rule, also = [] }) => [rule, ...also]));
    assert.deepEqual(
      Object.keys(POLICY_RULES).filter((rule) => !used.has(rule)),
      [],
    );
  });

  it("has every method and path once", () => {
    const keys = routes.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    );
  });
});

describe("policy enforcement", () => {
  const context = {
    requestId: "req-1",
    userId: null,
    userName: null,
    projectId: null,
    roles: [],
    isAdmin: false,
  };

  it("lets administrators pass", () => {
    enforce("baremetal:node:set_console_state", { ...context, isAdmin: true });
  });

  it("refuses others in Ironic's words", () => {
    assert.throws(
      () => enforce("baremetal:node:get_console", context),
      (error: Error) => {
        assert.ok(error instanceof NotAuthorized);
        assert.equal(
          error.message,
          "Access was denied to the following resource: baremetal:node:get_console",
        );
        return true;
      },
    );
  });
});
