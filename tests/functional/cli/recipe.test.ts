/** The `recipe` commands and `console failure`, as a user types them; the service is the fake conductor's. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLE_RECIPE } from "../../fakes/console-recipe.ts";
import { runCli } from "../../helpers/cli-process.ts";
import { startApiUnderTest, type ApiUnderTest } from "../../unit/api/api-under-test.ts";

const PICTURE = Buffer.from("\u0089PNG picture");

describe("bmcon recipe", function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "recipe-cli-"));
    file = join(folder, "mine.yaml");
    await writeFile(file, EXAMPLE_RECIPE);
  });

  afterEach(() => rm(folder, { recursive: true }));

  const recipe = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(["recipe", ...args], { env: {} });

  it("lint says nothing of a good one, and every mistake of a bad one", async () => {
    assert.deepEqual((await recipe("lint", file)).stdout, "nothing to say\n");
    await writeFile(file, EXAMPLE_RECIPE.replace("goto:", "gato:").replace("title:", "tittle:"));
    const { status, stdout, stderr } = await recipe("lint", file);
    assert.notEqual(status, 0);
    assert.match(stdout, /mine.yaml: mistake: line 1: the recipe needs title/);
    assert.match(stdout, /mistake: line 2: .*"tittle"/);
    assert.match(stdout, /mistake: line 10: login\[0\] does not know "gato"/);
    assert.equal(stderr, "3 mistakes\n");
  });

  it("lint only warns of what works, unless it is to be strict", async () => {
    await writeFile(file, EXAMPLE_RECIPE.replace(/logout:\n.*\n/, ""));
    const warned = await recipe("lint", file, "--json");
    assert.equal(warned.status, 0, warned.stderr);
    const [finding] = JSON.parse(warned.stdout) as Record<string, unknown>[];
    assert.equal(finding?.["severity"], "warning");
    assert.notEqual((await recipe("lint", "--strict", file)).status, 0);
  });

  it("lint names a file that is not there", async () => {
    const { status, stderr } = await recipe("lint", join(folder, "none.yaml"));
    assert.notEqual(status, 0);
    assert.match(stderr, /^cannot read .*none\.yaml: ENOENT/);
  });

  it("list names those of the service and of a folder; show prints one", async () => {
    const { stdout } = await recipe("list", "--dir", folder, "--json");
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    assert.ok(names.includes("example-board") && names.includes("hpe-ilo5"), stdout);
    assert.equal((await recipe("show", "example-board", "--dir", folder)).stdout, EXAMPLE_RECIPE);
    assert.match((await recipe("show", "nothing")).stderr, /there is no recipe "nothing"/);
  });

  it("import writes a file for each template, and over none", async () => {
    const theirs = join(folder, "theirs");
    await writeFile(theirs, "templates:\n  old: { download_endpoint: a.jnlp }\n");
    assert.match((await recipe("import", theirs)).stdout, /^---\nname: old\n/);
    const written = await recipe("import", theirs, "-o", folder);
    assert.equal(written.status, 0, written.stderr);
    assert.match(written.stderr, /old: logout is empty/);
    assert.ok((await readdir(folder)).includes("old.yaml"));
    assert.match((await recipe("import", theirs, "-o", folder)).stderr, /is there already/);
  });

  describe("with a service", () => {
    let api: ApiUnderTest;
    let env: Record<string, string>;

    beforeEach(async () => {
      api = await startApiUnderTest();
      await api.create({ name: "web-1" });
      env = { OS_ENDPOINT: api.service.url };
    });

    afterEach(() => api?.stop());

    const failure = {
      at: Date.UTC(2026, 0, 30),
      step: "login",
      failure: "wrong_password",
      message: "login: click #login: no\u001b[2J",
      pageUrl: "https://bmc/login",
      screenshot: PICTURE.toString("base64"),
    } as const;
    const steps = [{ what: "login: goto /login.html", milliseconds: 42 }];

    it("try prints the steps with their times and keeps the picture for its owner", async () => {
      const screenshot = PICTURE.toString("base64");
      api.conductor.recipeTrial = { steps, failure: null, screenshot };
      const picture = join(folder, "screen.png");
      const end = await runCli(["recipe", "try", file, "web-1", "-o", picture], { env });
      assert.equal(end.status, 0, end.stderr);
      assert.equal(end.stdout, "     42 ms  login: goto /login.html\nthe picture is there\n");
      assert.deepEqual(await readFile(picture), PICTURE);
      assert.equal((await stat(picture)).mode & 0o077, 0);
    });

    it("try says what failed, with the picture of that moment", async () => {
      api.conductor.recipeTrial = { steps, failure, screenshot: null };
      const picture = join(folder, "screen.png");
      const end = await runCli(["recipe", "try", file, "web-1", "-o", picture], { env });
      assert.notEqual(end.status, 0);
      assert.match(end.stderr, /wrong_password: login: click #login: no\\u\{1b\}\[2J/);
      assert.deepEqual(await readFile(picture), PICTURE);
    });

    it("try sends nothing that is no recipe", async () => {
      await writeFile(file, "name: x\n");
      const end = await runCli(["recipe", "try", file, "web-1"], { env });
      assert.notEqual(end.status, 0);
      assert.match(end.stderr, /mine.yaml is not valid:\n {2}line 1: the recipe needs title/);
      assert.equal(api.conductor.lastCall("tryConsoleRecipe"), undefined);
    });

    it("console failure shows what went wrong at the last start", async () => {
      const none = await runCli(["console", "failure", "web-1"], { env });
      assert.match(none.stdout, /went well, or there was none/);
      api.conductor.consoleFailure = failure;
      const picture = join(folder, "page.png");
      const end = await runCli(["console", "failure", "web-1", "-o", picture], { env });
      assert.equal(end.status, 0, end.stderr);
      assert.match(end.stdout, /^failure {5}wrong_password$/m);
      assert.deepEqual(await readFile(picture), PICTURE);
      const json = await runCli(["console", "failure", "web-1", "--json"], { env });
      assert.equal((JSON.parse(json.stdout) as { step: string }).step, "login");
    });
  });
});
