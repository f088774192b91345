import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Conflict, ImageInUse, ImageNotFound, NodeNotFound } from "../../../common/errors.ts";
import type { Database, Image, NewNodeMedia } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { authorize, createConsoleNode, createNode, openRequest, SettableClock } from "./samples.ts";

const GIB = 1024 ** 3;

function newImage(database: Database, more: Partial<Image> = {}): Promise<Image> {
  return database.images.create({
    uuid: randomUUID(),
    name: "debian.iso",
    projectId: "lab",
    userId: "alice",
    public: false,
    sha256: null,
    ...more,
  });
}

async function comingImage(database: Database): Promise<Image> {
  const { uuid } = await newImage(database);
  return (await database.images.update(uuid, { state: "uploading" })) ?? assert.fail();
}

async function activeImage(database: Database, more: Partial<Image> = {}): Promise<Image> {
  const { uuid } = await newImage(database, more);
  const changes = { state: "active", sizeBytes: 5 * GIB, sha256: "ab".repeat(32) } as const;
  return (await database.images.update(uuid, changes)) ?? assert.fail();
}

function mediaOf(nodeUuid: string, imageUuid: string | null, more: object = {}): NewNodeMedia {
  return {
    nodeUuid,
    imageUuid,
    deviceType: "cdrom",
    via: "bmc",
    imageUrl: null,
    grantId: randomUUID().replaceAll("-", ""),
    ejectOn: "hand_over",
    addresses: ["192.0.2.7"],
    userId: "alice",
    projectId: "lab",
    expiresAt: null,
    ...more,
  };
}

describeOnEveryDatabase("the image library's rows", (fresh) => {
  it("come back as they were made, sizes beyond 32 bits too", async () => {
    const database = await fresh();
    const made = await newImage(database);
    assert.equal(made.state, "queued");
    assert.deepEqual(await database.images.get(made.uuid), made);
    const active = await database.images.update(made.uuid, { state: "active", sizeBytes: 9 * GIB });
    assert.equal(active?.sizeBytes, 9 * GIB);
    assert.equal(await database.images.get(randomUUID()), undefined);
  });

  it("are visible to their project, and to all when public", async () => {
    const database = await fresh();
    const names = async (filter: object): Promise<string[]> =>
      (await database.images.list(filter)).map(({ name }) => name).sort();
    await newImage(database, { name: "own" });
    await newImage(database, { name: "theirs", projectId: "other" });
    await newImage(database, { name: "all", projectId: "other", public: true });
    await newImage(database, { name: "operators", projectId: null });
    assert.deepEqual(await names({ visibleTo: "lab" }), ["all", "own"]);
    assert.deepEqual(await names({ visibleTo: null }), ["all"]);
    assert.deepEqual(await names({}), ["all", "operators", "own", "theirs"]);
    assert.deepEqual(await names({ visibleTo: "lab", name: "theirs" }), []);
  });

  it("change only in the state that was expected", async () => {
    const database = await fresh();
    const { uuid } = await newImage(database);
    assert.ok(await database.images.update(uuid, { state: "uploading" }, ["queued", "failed"]));
    assert.equal(await database.images.update(uuid, { state: "uploading" }, ["queued"]), undefined);
  });

  it("together take no more than the library may, also while they are coming", async () => {
    const database = await fresh();
    const [first, second] = [await comingImage(database), await comingImage(database)];
    assert.equal(await database.images.reserve(first.uuid, 6 * GIB, 10 * GIB), true);
    assert.equal(await database.images.reserve(second.uuid, 5 * GIB, 10 * GIB), false);
    assert.equal(await database.images.reserve(second.uuid, 4 * GIB, 10 * GIB), true);
    assert.equal(await database.images.reserve(first.uuid, 7 * GIB, 10 * GIB), false);
    await database.images.update(second.uuid, { state: "failed" });
    assert.equal(await database.images.reserve(first.uuid, 10 * GIB, 10 * GIB), true);
  });

  it("together take no more than that when all ask at the same moment", async () => {
    const database = await fresh();
    const images = await Promise.all(Array.from({ length: 8 }, () => comingImage(database)));
    for (let round = 0; round < 25; round += 1) {
      const asked = images.map(({ uuid }) => database.images.reserve(uuid, 3 * GIB, 10 * GIB));
      assert.equal((await Promise.all(asked)).filter(Boolean).length, 3, `round ${round}`);
      for (const state of ["failed", "uploading"] as const)
        await Promise.all(images.map(({ uuid }) => database.images.update(uuid, { state })));
    }
  });

  it("take no room any more once they have failed", async () => {
    const database = await fresh();
    const [first, second] = [await comingImage(database), await comingImage(database)];
    await database.images.update(first.uuid, { state: "failed" });
    assert.equal(await database.images.reserve(first.uuid, 10 * GIB, 10 * GIB), false);
    assert.equal(await database.images.reserve(second.uuid, 10 * GIB, 10 * GIB), true);
  });

  it("fail when nobody has said anything of what is coming", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await newImage(database);
    await database.images.update(uuid, { state: "fetching" });
    assert.equal(await database.images.failStalled(clock.now(), "gone"), 0);
    clock.advance(61);
    assert.equal(await database.images.failStalled(clock.now() - 60_000, "gone"), 1);
    const failed = await database.images.get(uuid);
    assert.deepEqual([failed?.state, failed?.error], ["failed", "gone"]);
  });
});

describeOnEveryDatabase("what is in virtual drives", (fresh) => {
  it("keeps its image, and says where it is", async () => {
    const database = await fresh();
    const image = await activeImage(database);
    const node = await createNode(database, { name: "bm-7" });
    const media = await database.media.add(mediaOf(node.uuid, image.uuid));
    assert.deepEqual(await database.media.listForNode(node.uuid), [media]);
    await assert.rejects(database.images.destroy(image.uuid), (error: Error) => {
      assert.ok(error instanceof ImageInUse);
      assert.match(error.message, /of bm-7;/);
      return true;
    });
    await database.media.remove(node.uuid, media.grantId);
    await database.images.destroy(image.uuid);
    await assert.rejects(database.images.destroy(image.uuid), ImageNotFound);
  });

  it("is one a drive, of an active image, on a node that is there", async () => {
    const database = await fresh();
    const image = await activeImage(database);
    const queued = await newImage(database);
    const { uuid } = await createNode(database);
    await database.media.add(mediaOf(uuid, image.uuid));
    const add = (media: NewNodeMedia): Promise<unknown> => database.media.add(media);
    await assert.rejects(add(mediaOf(uuid, image.uuid)), /has an image already/);
    await assert.rejects(add(mediaOf(uuid, queued.uuid, { deviceType: "disk" })), Conflict);
    const nowhere = mediaOf(uuid, randomUUID(), { deviceType: "disk" });
    await assert.rejects(add(nowhere), ImageNotFound);
    await assert.rejects(add(mediaOf(randomUUID(), null)), NodeNotFound);
    await add(mediaOf(uuid, image.uuid, { deviceType: "disk" }));
  });

  it("is served until it expires or is on its way out", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const image = await activeImage(database);
    const { uuid } = await createNode(database);
    const served = async (grant: string): Promise<string | undefined> =>
      (await database.media.findServed(grant))?.image.uuid;
    const media = await database.media.add(
      mediaOf(uuid, image.uuid, { expiresAt: clock.now() + 1000 }),
    );
    assert.equal(await served(media.grantId), image.uuid);
    assert.equal(await served("0".repeat(32)), undefined);
    clock.advance(1);
    assert.equal(await served(media.grantId), undefined);
    const stick = mediaOf(uuid, image.uuid, { deviceType: "disk" });
    await database.media.add(stick);
    assert.equal(await served(stick.grantId), image.uuid);
    const leaving = await database.media.beginDetach(uuid, ["disk"]);
    assert.deepEqual(
      leaving.map(({ grantId, state }) => [grantId, state]),
      [[stick.grantId, "detaching"]],
    );
    assert.equal(await served(stick.grantId), undefined);
    assert.equal(await database.media.attached(uuid, stick.grantId), false);
  });

  it("is no link when it is for a browser", async () => {
    const database = await fresh();
    const image = await activeImage(database);
    const { uuid } = await createNode(database);
    const media = await database.media.add(mediaOf(uuid, image.uuid, { via: "browser" }));
    assert.equal(await database.media.findServed(media.grantId), undefined);
  });

  it("goes with its node", async () => {
    const database = await fresh();
    const image = await activeImage(database);
    const { uuid } = await createNode(database);
    await database.media.add(mediaOf(uuid, image.uuid));
    await database.nodes.destroy(uuid);
    assert.deepEqual(await database.media.listForNode(uuid), []);
    await database.images.destroy(image.uuid);
  });

  it("counts what was read of it", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createNode(database);
    const { grantId } = await database.media.add(mediaOf(uuid, null));
    await database.media.noteServed(grantId, 5 * GIB);
    await database.media.noteServed(grantId, 1);
    const [media] = await database.media.listForNode(uuid);
    assert.deepEqual([media?.servedBytes, media?.servedAt], [5 * GIB + 1, clock.now()]);
  });
});

describeOnEveryDatabase("what is due to be ejected", (fresh) => {
  const LATER = Number.MAX_SAFE_INTEGER;

  async function attached(
    more: object,
  ): Promise<{ database: Database; clock: SettableClock; uuid: string; grantId: string }> {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createConsoleNode(database);
    const { grantId } = await database.media.add(mediaOf(uuid, null, more));
    await database.media.attached(uuid, grantId);
    return { database, clock, uuid, grantId };
  }
  const due = async (database: Database): Promise<number> =>
    (await database.media.listDue(LATER)).length;

  it("is what has expired", async () => {
    const { database, clock } = await attached({ expiresAt: new SettableClock().now() + 5000 });
    assert.equal(await due(database), 0);
    clock.advance(5);
    assert.equal(await due(database), 1);
  });

  it("is what is on its way out, and not again before its time", async () => {
    const { database, clock, uuid, grantId } = await attached({});
    await database.media.beginDetach(uuid, ["cdrom"]);
    assert.equal(await due(database), 1);
    await database.media.failDetach(uuid, grantId, "the BMC is away", clock.now() + 60_000);
    assert.equal(await due(database), 0);
    clock.advance(60);
    assert.equal(await due(database), 1);
  });

  it("is what a crash left half attached", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createNode(database);
    await database.media.add(mediaOf(uuid, null));
    assert.equal((await database.media.listDue(clock.now())).length, 0);
    assert.equal((await database.media.listDue(clock.now() + 1)).length, 1);
  });

  it("is what goes with the last session, once that is over", async () => {
    const { database, clock, uuid } = await attached({ ejectOn: "session_end" });
    assert.equal(await due(database), 0, "nobody has come yet");
    const token = await authorize(database, uuid);
    const open = async (): Promise<string> =>
      (await database.sessions.open(openRequest(token))).session.id;
    const counters = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };
    const [first, second] = [await open(), await open()];
    clock.advance(10);
    await database.sessions.close(first, "tenant_left", counters);
    assert.equal(await due(database), 0, "somebody is still there");
    await database.sessions.close(second, "tenant_left", counters);
    assert.equal(await due(database), 1);
  });

  it("is not what stays until the node changes hands", async () => {
    const { database, clock, uuid } = await attached({ ejectOn: "hand_over" });
    const token = await authorize(database, uuid);
    const { session } = await database.sessions.open(openRequest(token));
    clock.advance(10);
    const counters = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };
    await database.sessions.close(session.id, "tenant_left", counters);
    assert.equal(await due(database), 0);
  });
});
