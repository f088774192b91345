import assert from "node:assert/strict";
import { InvalidParameterValue, UnsupportedDriverExtension } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import type { ConsoleFailure, ConsoleInterface, RecipeTrial, Task } from "../../../drivers/base.ts";
import { ConductorWorld, CONTEXT } from "./conductor-under-test.ts";

const FAILURE: ConsoleFailure = {
  at: 1_900_000_000_000,
  step: "login",
  failure: "wrong_password",
  message: "login: click #go: the page says \u001b[2J opensesame",
  pageUrl: `https://bmc/${"x".repeat(3000)}`,
  screenshot: Buffer.from("PNG"),
};

describe("recipes of web consoles", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let node: Node;
  let asked: { task: Task; recipe: string }[];

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start();
    node = await world.node(conductor);
    asked = [];
  });

  afterEach(() => world.stop());

  function driverThat(trial: Partial<RecipeTrial>, failure: ConsoleFailure | null = null): void {
    const verbs: Pick<ConsoleInterface, "tryRecipe" | "lastFailure"> = {
      tryRecipe: (task, recipe) => {
        asked.push({ task, recipe });
        return Promise.resolve({ steps: [], failure: null, screenshot: null, ...trial });
      },
      lastFailure: () => Promise.resolve(failure),
    };
    Object.assign(world.drivers.console, verbs);
  }

  it("are tried on the node, while somebody else holds its lock", async () => {
    driverThat({
      steps: [{ what: "login: fill #user\n", milliseconds: 12.7 }],
      screenshot: Buffer.from("PNG"),
    });
    await world.database.nodes.reserve(node.uuid, "somebody-else");
    assert.deepEqual(await conductor.api.tryConsoleRecipe(CONTEXT, node.uuid, "name: x"), {
      steps: [{ what: "login: fill #user\\n", milliseconds: 13 }],
      failure: null,
      screenshot: Buffer.from("PNG").toString("base64"),
    });
    assert.equal(asked[0]?.recipe, "name: x");
    assert.equal(asked[0]?.task.node.uuid, node.uuid);
  });

  it("say what failed, on one line and bounded, without what a node keeps secret", async () => {
    driverThat({ failure: FAILURE });
    const { failure } = await conductor.api.tryConsoleRecipe(CONTEXT, node.uuid, "name: x");
    assert.equal(failure?.failure, "wrong_password");
    assert.match(failure.message, /^login: click #go: the page says \\u\{1b\}\[2J/);
    assert.equal(failure.pageUrl?.length, 1000);
    assert.equal(failure.screenshot, "UE5H");
  });

  it("leave out a picture that is too large, and steps without end", async () => {
    driverThat({
      steps: Array.from({ length: 2000 }, () => ({ what: "x", milliseconds: 1 })),
      screenshot: Buffer.alloc(5 * 1024 * 1024),
    });
    const trial = await conductor.api.tryConsoleRecipe(CONTEXT, node.uuid, "x");
    assert.equal(trial.screenshot, null);
    assert.equal(trial.steps.length, 500);
  });

  it("are refused as the driver refuses them", async () => {
    Object.assign(world.drivers.console, {
      tryRecipe: () => Promise.reject(new InvalidParameterValue("the recipe needs name")),
    });
    await assert.rejects(
      conductor.api.tryConsoleRecipe(CONTEXT, node.uuid, "x"),
      /the recipe needs name/,
    );
  });

  it("are none of a console that goes through no web page", async () => {
    await assert.rejects(
      conductor.api.tryConsoleRecipe(CONTEXT, node.uuid, "x"),
      UnsupportedDriverExtension,
    );
    await assert.rejects(
      conductor.api.getConsoleFailure(CONTEXT, node.uuid),
      UnsupportedDriverExtension,
    );
  });

  it("leave a failure to be asked for, or none", async () => {
    driverThat({}, FAILURE);
    const { failure } = await conductor.api.getConsoleFailure(CONTEXT, node.uuid);
    assert.deepEqual([failure?.at, failure?.step], [FAILURE.at, "login"]);
    driverThat({}, null);
    assert.deepEqual(await conductor.api.getConsoleFailure(CONTEXT, node.uuid), { failure: null });
  });
});
