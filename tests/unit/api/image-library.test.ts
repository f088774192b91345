/** What the image library cleans up after processes that died in the middle. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageLibrary } from "../../../api/image-library.ts";
import { loadConfig } from "../../../common/config/load.ts";
import { silentLogger } from "../../../common/log.ts";
import type { Database, ImageState } from "../../../db/database.ts";
import { freshDatabase } from "../../helpers/database.ts";
import { SettableClock } from "../db/samples.ts";

const PART = ".part-0123456789abcdef";
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

describe("the image library's files", () => {
  const clock = new SettableClock();
  let folder: string;
  let database: Database;
  let library: ImageLibrary;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "bmc-library-"));
    mkdirSync(join(folder, "images"));
    database = await freshDatabase(clock);
    const config = loadConfig({ overrides: { "DEFAULT.state_path": folder } });
    library = new ImageLibrary({ config, log: silentLogger(), clock, database });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function image(state: ImageState): Promise<string> {
    const uuid = randomUUID();
    const owner = { name: "x", projectId: null, userId: null, public: true, sha256: null };
    await database.images.create({ uuid, ...owner });
    await database.images.update(uuid, { state });
    return uuid;
  }
  function file(name: string, ageMs: number): string {
    const path = join(folder, "images", name);
    writeFileSync(path, "x");
    const seconds = (clock.now() - ageMs) / 1000;
    utimesSync(path, seconds, seconds);
    return name;
  }
  async function left(): Promise<string[]> {
    await library.sweep();
    return readdirSync(join(folder, "images")).sort();
  }

  it("go when their image has failed, whole or not", async () => {
    const uuid = await image("failed");
    file(uuid + PART, 2 * MINUTE);
    file(uuid, 2 * MINUTE);
    assert.deepEqual(await left(), []);
  });

  it("go when a process died while they came", async () => {
    const uuid = await image("uploading");
    file(uuid + PART, 2 * MINUTE);
    assert.deepEqual(await left(), [uuid + PART]);
    clock.advance(61);
    assert.deepEqual(await left(), []);
    assert.equal((await database.images.get(uuid))?.state, "failed");
  });

  it("stay while their image is there or coming, and without an old draft beside it", async () => {
    const [active, coming] = [await image("active"), await image("fetching")];
    file(active + PART, 2 * MINUTE);
    const kept = [file(active, 10 * DAY), file(coming + PART, 2 * MINUTE)];
    assert.deepEqual(await left(), kept.sort());
  });

  it("stay when somebody writes to them now", async () => {
    const name = file((await image("failed")) + PART, 0);
    assert.deepEqual(await left(), [name]);
  });

  it("of an image that nobody knows stay, but for a draft of yesterday", async () => {
    const foreign = randomUUID();
    file(foreign + PART, DAY + MINUTE);
    const kept = [file(foreign, 10 * DAY), file(randomUUID() + PART, DAY / 2), file("notes", DAY)];
    assert.deepEqual(await left(), kept.sort());
  });
});
