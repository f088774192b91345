import assert from "node:assert/strict";
import { InvalidParameterValue } from "../../common/errors.ts";
import type { JsonObject } from "../../common/node.ts";
import type { ConsoleFailureReport } from "../../conductor/rpcapi.ts";
import { type ApiUnderTest, faultString, startApiUnderTest } from "../unit/api/api-under-test.ts";

const FAILURE: ConsoleFailureReport = {
  at: Date.UTC(2026, 0, 30, 8, 15),
  step: "login",
  failure: "sessions_taken",
  message: "login: wait url /main: all sessions of the BMC are taken",
  pageUrl: "https://bmc/login",
  screenshot: "UE5H",
};
const SHOWN = {
  at: "2026-01-30T08:15:00.000+00:00",
  step: "login",
  failure: "sessions_taken",
  message: FAILURE.message,
  page_url: "https://bmc/login",
  screenshot: "UE5H",
};

describe("recipes of web consoles in the API", () => {
  let api: ApiUnderTest;

  beforeEach(async () => {
    api = await startApiUnderTest();
    await api.create({ name: "web-1" });
  });

  afterEach(() => api?.stop());

  const trial = (body: JsonObject) =>
    api.request("POST", "/v1/nodes/web-1/console/recipe-trials", { body });

  it("are tried, and the answer says what came of it", async () => {
    const steps = [{ what: "login: goto /", milliseconds: 40 }];
    api.conductor.recipeTrial = { steps, failure: FAILURE, screenshot: "UE5H" };
    const answer = await trial({ recipe: "name: x\n" });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { steps, failure: SHOWN, screenshot: "UE5H" });
    assert.equal(api.conductor.lastCall("tryConsoleRecipe")?.args[2], "name: x\n");
  });

  it("are a text, and nothing else is sent with them", async () => {
    for (const body of [{}, { recipe: 1 }, { recipe: "x", more: 1 }]) {
      const answer = await trial(body);
      assert.equal(answer.status, 400, answer.text);
    }
    assert.equal(api.conductor.lastCall("tryConsoleRecipe"), undefined);
  });

  it("are refused with every mistake", async () => {
    const mistakes = "the recipe is not valid: line 1: x; line 2: y";
    api.conductor.failNext("tryConsoleRecipe", new InvalidParameterValue(mistakes));
    const answer = await trial({ recipe: "name: x" });
    assert.equal(answer.status, 400);
    assert.equal(faultString(answer), mistakes);
  });

  it("show what the last start failed at, or that it did not", async () => {
    const get = () => api.get("/v1/nodes/web-1/console/last-failure");
    const none = await get();
    assert.equal(none.status, 200, none.text);
    assert.deepEqual(new Set(Object.values(none.json)), new Set([null]));
    assert.deepEqual(Object.keys(none.json).toSorted(), Object.keys(SHOWN).toSorted());
    api.conductor.consoleFailure = FAILURE;
    assert.deepEqual((await get()).json, SHOWN);
  });

  it("are not there for a node that is not there", async () => {
    assert.equal((await api.get("/v1/nodes/none/console/last-failure")).status, 404);
  });
});
