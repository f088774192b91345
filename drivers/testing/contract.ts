/**
 * What every console interface must do, as a mocha suite that third parties run too:
 *
 *   import { describeConsoleInterface } from "baremetal-console/testing";
 *   import driver from "../index.js";
 *   describeConsoleInterface({ module: driver, driverInfo: { acme_address: "192.0.2.1" } });
 *
 * It needs mocha's globals and a machine (or a simulator) that `driverInfo` describes.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import {
  DRIVER_API_VERSION,
  NodeConsoleNotEnabled,
  MissingParameterValue,
  UnsupportedDriverExtension,
  type Config,
  type ConsoleDriverModule,
  type ConsoleEndpoint,
  type ConsoleInterface,
  type DriverEnvironment,
  type DriverInfo,
} from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import { fakeTask, FakeMemo, type FakeTask, type FakeTaskOptions } from "./fake-task.ts";
import { countConnections, handlesLeft, handlesNow, printed, secretsOf, watched } from "./watch.ts";

export { fakeTask, FakeMemo, type FakeTask, type FakeTaskOptions } from "./fake-task.ts";

type Given<T> = T | (() => T | Promise<T>);

export interface ConsoleInterfaceContract {
  readonly module: ConsoleDriverModule;
  /** Describes a machine whose console can be started. */
  readonly driverInfo: Given<DriverInfo>;
  /** The tasks' configuration; the defaults when left out. */
  readonly config?: () => Config;
  /**
   * For an interface whose consoles live in the conductor's process: the one conductor of all sentences.
   * Without it every verb is called on an instance of its own, as after a restart.
   */
  readonly environment?: () => DriverEnvironment;
  /** Valid, but starting must fail: a wrong password, a closed port. Skips its sentences when absent. */
  readonly brokenDriverInfo?: Given<DriverInfo>;
  /** Valid, but the machine accepts connections and never answers. Skips its sentence when absent. */
  readonly silentDriverInfo?: Given<DriverInfo>;
  /** False for an interface that returns an endpoint without asking it, as `fake` does. */
  readonly endpointAnswers?: boolean;
  /** True for an interface whose every verb must refuse, as `no-console` does. */
  readonly refusesEverything?: boolean;
  /** What of the machine must be as before after stop and after a failed start. */
  readonly machineState?: () => unknown;
  /** How promptly an aborted start must end, in milliseconds; default 5000. */
  readonly abortWithinMs?: number;
}

/** Declares the suite. Call it at the top level of a test file or inside a `describe`. */
export function describeConsoleInterface(contract: ConsoleInterfaceContract): void {
  const { module: driver } = contract;
  describe(`console interface ${driver.name} keeps the contract`, () => {
    moduleSentences(contract);
    if (contract.refusesEverything) return refusalSentences(contract);
    validationSentences(contract);
    lifeSentences(contract);
    failureSentences(contract);
  });
}

function moduleSentences(contract: ConsoleInterfaceContract): void {
  const { module: driver } = contract;

  it("has the shape of a driver module of this API version", () => {
    assert.match(driver.name, /^[a-z0-9@/_.-]+$/);
    assert.equal(driver.apiVersion, DRIVER_API_VERSION);
    assert.equal(driver.interfaceType, "console");
    const made = create(contract);
    for (const verb of ["getProperties", "validate", "startConsole", "stopConsole", "getConsole"])
      assert.equal(typeof made[verb as keyof ConsoleInterface], "function", verb);
  });

  it("has a schema that compiles and describes every option", () => {
    driverInfoParser(driver.schema);
    const properties = create(contract).getProperties();
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(driver.schema.properties).sort());
    for (const [name, text] of Object.entries(properties))
      assert.ok(text.length > 10, `${name} has a description`);
  });

  it("marks every option that sounds like a password as a secret", () => {
    for (const [name, rules] of Object.entries(driver.schema.properties))
      if (/password|secret|token/.test(name)) assert.equal(rules.secret, true, name);
  });
}

function refusalSentences(contract: ConsoleInterfaceContract): void {
  const { driverInfo } = contract;

  for (const verb of ["validate", "startConsole", "stopConsole", "getConsole"] as const)
    it(`refuses ${verb} as an extension that the driver does not support`, async () => {
      const task = fakeTask({ driverInfo: await given(driverInfo), driver: "some-hardware" });
      await assert.rejects(
        async () => await create(contract)[verb](task),
        (error) =>
          error instanceof UnsupportedDriverExtension && error.message.includes("some-hardware"),
      );
    });
}

function validationSentences(contract: ConsoleInterfaceContract): void {
  const { module: driver } = contract;

  it("validates good driver_info without using the network", async () => {
    const task = taskOf(contract, { driverInfo: await given(contract.driverInfo) });
    const connections = await countConnections(() => create(contract).validate(task));
    assert.equal(connections, 0);
  });

  for (const option of driver.schema.required ?? [])
    for (const [word, value] of [
      ["missing", undefined],
      ["empty", ""],
      ["null", null],
    ] as const)
      it(`refuses driver_info by naming ${option} when it is ${word}`, async () => {
        const { [option]: _without, ...rest } = await given(contract.driverInfo);
        const driverInfo = value === undefined ? rest : { ...rest, [option]: value };
        await assert.rejects(
          async () => await create(contract).validate(taskOf(contract, { driverInfo })),
          (error) => error instanceof MissingParameterValue && error.message.includes(option),
        );
      });

  it("describes every option that it reads", async () => {
    const spied = watched(await given(contract.driverInfo));
    const console = create(contract);
    await console.validate(taskOf(contract, { driverInfo: spied.driverInfo }));
    const described = new Set(Object.keys(console.getProperties()));
    assert.deepEqual(
      [...spied.read].filter((option) => !described.has(option)),
      [],
    );
  });

  it("ignores options of other drivers", async () => {
    const driverInfo = { ...(await given(contract.driverInfo)), somebody_elses_option: "x" };
    await create(contract).validate(taskOf(contract, { driverInfo }));
  });
}

function lifeSentences(contract: ConsoleInterfaceContract): void {
  let memo: FakeMemo;
  const taskWith = async (more: FakeTaskOptions = {}): Promise<FakeTask> =>
    taskOf(contract, { driverInfo: await given(contract.driverInfo), memo, ...more });
  const start = async (): Promise<ConsoleEndpoint> =>
    await create(contract).startConsole(await taskWith());

  beforeEach(() => (memo = new FakeMemo()));
  afterEach(async function stopAgain() {
    this.timeout(30_000);
    await create(contract).stopConsole(await taskWith());
  });

  if (contract.endpointAnswers !== false)
    it("resolves its start only when the endpoint accepts a connection", async function test() {
      this.timeout(60_000);
      const { transport } = await start();
      await accepts(transport);
    });

  it("returns an endpoint that allows a security type or is serial", async function test() {
    this.timeout(60_000);
    const endpoint = await start();
    assert.ok(["vnc", "serial"].includes(endpoint.consoleType));
    if (endpoint.consoleType === "vnc") assert.ok(endpoint.allowedSecurityTypes.length > 0);
  });

  it("starts a started console without error", async function test() {
    this.timeout(90_000);
    const first = await start();
    const second = await create(contract).startConsole(await taskWith({ endpoint: first }));
    if (contract.endpointAnswers !== false) await accepts(second.transport);
  });

  it("stops twice, and what was never started, without error", async function test() {
    this.timeout(60_000);
    const stop = async (): Promise<void> => await create(contract).stopConsole(await taskWith());
    await stop();
    await start();
    await stop();
    await stop();
  });

  const { machineState } = contract;
  if (machineState)
    it("puts back at stop what it changed on the machine", async function test() {
      this.timeout(60_000);
      const before = printed(await machineState());
      await start();
      await create(contract).stopConsole(await taskWith());
      assert.equal(printed(await machineState()), before);
    });

  it("returns the saved endpoint from getConsole without any side effect", async function test() {
    this.timeout(60_000);
    const endpoint = await start();
    const saves = memo.saved.length;
    const before = printed(await contract.machineState?.());
    const task = await taskWith({ endpoint });
    let got: ConsoleEndpoint | undefined;
    const connections = await countConnections(async () => {
      got = await create(contract).getConsole(task);
    });
    assert.deepEqual(got?.transport, endpoint.transport);
    assert.equal(connections, 0);
    assert.equal(memo.saved.length, saves);
    assert.equal(printed(await contract.machineState?.()), before);
  });

  it("refuses getConsole when no console runs", async () => {
    await assert.rejects(
      async () => await create(contract).getConsole(await taskWith()),
      NodeConsoleNotEnabled,
    );
  });

  it("finds a running console well when it checks it, if it checks", async function test() {
    this.timeout(60_000);
    await create(contract).checkConsole?.(await taskWith({ endpoint: await start() }));
  });

  it("prints no secret in its log, memo or endpoint", async function test() {
    this.timeout(60_000);
    const task = await taskWith();
    const endpoint = await create(contract).startConsole(task);
    await create(contract).stopConsole(task);
    const shown = task.logged() + printed(memo.saved) + printed(endpoint);
    for (const secret of secretsOf([task.node.driverInfo, endpoint]))
      assert.ok(!shown.includes(secret), "a secret was printed");
  });

  it("leaves no socket, child process or timer behind after stop", async function test() {
    this.timeout(60_000);
    const before = await handlesNow();
    await start();
    await create(contract).stopConsole(await taskWith());
    assert.deepEqual(await handlesLeft(before, 3000), []);
  });
}

function failureSentences(contract: ConsoleInterfaceContract): void {
  const { brokenDriverInfo, silentDriverInfo } = contract;

  if (brokenDriverInfo)
    it("fails to start, prints no secret and leaves nothing changed or open when the machine refuses", async function test() {
      this.timeout(60_000);
      const driverInfo = await given(brokenDriverInfo);
      const task = taskOf(contract, { driverInfo });
      const machine = printed(await contract.machineState?.());
      const before = await handlesNow();
      const error = await failureOf(create(contract).startConsole(task));
      for (const secret of secretsOf(driverInfo))
        assert.ok(!(task.logged() + printed(error)).includes(secret), "a secret was printed");
      assert.deepEqual(await handlesLeft(before, 3000), []);
      assert.equal(printed(await contract.machineState?.()), machine);
    });

  if (silentDriverInfo)
    it("ends an aborted start promptly and leaves nothing open", async function test() {
      this.timeout(60_000);
      const abort = new AbortController();
      const driverInfo = await given(silentDriverInfo);
      const before = await handlesNow();
      const task = taskOf(contract, { driverInfo, signal: abort.signal });
      const failure = failureOf(create(contract).startConsole(task));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const abortedAt = performance.now();
      abort.abort();
      await failure;
      const took = performance.now() - abortedAt;
      assert.ok(took < (contract.abortWithinMs ?? 5000), `it took ${took} ms`);
      assert.deepEqual(await handlesLeft(before, 3000), []);
    });

  if (contract.endpointAnswers !== false)
    it("does not start at all for a task that is aborted already", async () => {
      const signal = AbortSignal.abort();
      const driverInfo = await given(contract.driverInfo);
      await failureOf(create(contract).startConsole(taskOf(contract, { driverInfo, signal })));
    });
}

function taskOf({ config }: ConsoleInterfaceContract, options: FakeTaskOptions): FakeTask {
  return fakeTask({ ...(config && { config: config() }), ...options });
}

async function failureOf(starting: Promise<unknown>): Promise<Error> {
  let error: unknown;
  try {
    await starting;
  } catch (cause) {
    error = cause;
  }
  assert.ok(error instanceof Error, "the start did not fail");
  return error;
}

async function given<T extends object>(value: Given<T>): Promise<T> {
  return typeof value === "function" ? await value() : value;
}

function create({ module: driver, environment }: ConsoleInterfaceContract): ConsoleInterface {
  return driver.create(environment?.() ?? fakeTask());
}

async function accepts(transport: ConsoleEndpoint["transport"]): Promise<void> {
  const socket =
    transport.kind === "unix" ? connect(transport.path) : connect(transport.port, transport.host);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
  } finally {
    socket.destroy();
  }
}
