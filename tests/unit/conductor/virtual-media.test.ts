import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImageTokens, tokenInPath } from "../../../common/image-token.ts";
import { SecretBox } from "../../../common/secret-box.ts";
import { BmcTimeout, BmcUnreachable, type Secret, type Task } from "../../../drivers/base.ts";
import type { VirtualMediaDevice, VirtualMediaType } from "../../../drivers/base.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import type { MediaRequest } from "../../../conductor/rpcapi.ts";
import type { NodeMedia } from "../../../db/database.ts";
import { authorize, openRequest, SettableClock } from "../db/samples.ts";
import { ConductorWorld, CONTEXT } from "./conductor-under-test.ts";
import { ScriptedManagement, scriptedDrivers } from "./scripted-drivers.ts";
import { until } from "./until.ts";

const BASE = "http://192.0.2.1:6092";

/** A BMC with one drive of each kind. */
class Drives extends ScriptedManagement {
  readonly inserted = new Map<string, string>();
  readonly links: string[] = [];
  readonly calls: string[] = [];
  failure: Error | undefined;

  host = "127.0.0.1";

  getBmcHost(): string {
    return this.host;
  }

  async attachVirtualMedia(task: Task, type: VirtualMediaType, url: Secret): Promise<void> {
    this.calls.push(`attach ${type}`);
    this.links.push(url.reveal());
    if (this.failure) throw this.failure;
    this.inserted.set(`${task.node.uuid} ${type}`, url.reveal());
  }

  async detachVirtualMedia(task: Task, types: readonly VirtualMediaType[]): Promise<void> {
    this.calls.push(`detach ${types.join(" ")}`);
    if (this.failure) throw this.failure;
    for (const type of types) this.inserted.delete(`${task.node.uuid} ${type}`);
  }

  async getVirtualMedia(task: Task): Promise<readonly VirtualMediaDevice[]> {
    const image = this.inserted.get(`${task.node.uuid} cdrom`) ?? null;
    const more = { connectedVia: "URI", writeProtected: true, deviceType: "cdrom" as const };
    return [{ device: "CD", mediaTypes: ["CD"], inserted: image !== null, image, ...more }];
  }
}

describe("virtual media", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let clock: SettableClock;
  let drives: Drives;
  let imageUuid: string;
  const secretBox = new SecretBox(SecretBox.newKeyFileText());

  beforeEach(async () => {
    clock = new SettableClock();
    drives = new Drives();
    const scripted = { ...scriptedDrivers(), management: drives };
    const { management } = scripted.catalogue.drivers;
    const load = management["scripted"] ?? assert.fail();
    Object.assign(management, {
      scripted: async () => ({ default: { ...(await load()).default, create: () => drives } }),
    });
    world = await ConductorWorld.create({ clock, drivers: scripted, secretBox });
    conductor = await start();
    imageUuid = randomUUID();
    const owner = { projectId: null, userId: null, public: true, sha256: null };
    await world.database.images.create({ uuid: imageUuid, name: "debian 13.iso", ...owner });
    await world.database.images.update(imageUuid, { state: "active", sizeBytes: 5 });
  });
  afterEach(() => world?.stop());

  const start = (more: Record<string, string> = {}): Promise<RunningConductor> =>
    world.start({ "image.public_url": BASE, "conductor.heartbeat_timeout": "3600", ...more });
  const request = (more: Partial<MediaRequest> = {}): MediaRequest => ({
    deviceType: "cdrom",
    ejectOn: "hand_over",
    via: "bmc",
    imageUuid,
    ...more,
  });
  const media = (uuid: string): Promise<NodeMedia[]> => world.database.media.listForNode(uuid);
  async function attached(more: Partial<MediaRequest> = {}): Promise<string> {
    const { uuid } = await world.node(conductor, { owner: "lab" });
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request(more));
    await world.settled(uuid);
    return uuid;
  }

  it("gives the BMC a signed link of this node and image, and shows it without", async () => {
    const uuid = await attached();
    const [link = ""] = drives.links;
    assert.ok(link.startsWith(`${BASE}/v1/vmedia/`));
    assert.ok(link.endsWith("/debian-13.iso"));
    const token = tokenInPath(new URL(link).pathname) ?? "";
    const grant = ImageTokens.from(secretBox).verify(token, clock.now());
    const [row] = await media(uuid);
    assert.deepEqual(
      [grant?.nodeUuid, grant?.imageUuid, grant?.grantId],
      [uuid, imageUuid, row?.grantId],
    );
    assert.deepEqual([row?.state, row?.addresses], ["attached", ["127.0.0.1"]]);
    const [shown] = await conductor.api.getVirtualMedia(CONTEXT, uuid);
    assert.equal(shown?.image, `${BASE}/v1/vmedia/******/debian-13.iso`);
    assert.equal(shown?.attachment?.imageName, "debian 13.iso");
    assert.ok(!JSON.stringify(shown).includes(token));
  });

  it("passes a URL that others serve on as it is, and keeps it without its query", async () => {
    const { uuid } = await world.node(conductor);
    const imageUrl = "https://images.example/a.iso?key=secret";
    const wanted = { deviceType: "cdrom", ejectOn: "hand_over", via: "bmc", imageUrl } as const;
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, wanted);
    await world.settled(uuid);
    assert.deepEqual(drives.links, [imageUrl]);
    assert.equal((await media(uuid))[0]?.imageUrl, "https://images.example/a.iso");
  });

  it("gives no link that everybody may use to a BMC whose name leads nowhere", async () => {
    drives.host = "bmc.invalid";
    const { uuid } = await world.node(conductor);
    await assert.rejects(
      conductor.api.attachVirtualMedia(CONTEXT, uuid, request()),
      /"bmc\.invalid" of the BMC leads to no address/,
    );
    assert.deepEqual([drives.links, await media(uuid)], [[], []]);
  });

  it("takes one image a drive", async () => {
    const uuid = await attached();
    await assert.rejects(conductor.api.attachVirtualMedia(CONTEXT, uuid, request()), {
      status: 409,
    });
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request({ deviceType: "disk" }));
    await world.settled(uuid);
    assert.deepEqual(drives.calls, ["attach cdrom", "attach disk"]);
  });

  it("puts the BMC's failure into last_error without the link, and lets the image go", async () => {
    drives.failure = new BmcUnreachable("bmc1 does not answer");
    const uuid = await attached();
    const { lastError } = await world.database.nodes.get(uuid);
    assert.equal(
      lastError,
      `Failed to attach virtual media to node ${uuid}. Reason: bmc1 does not answer`,
    );
    assert.deepEqual(await media(uuid), []);
    await world.database.images.destroy(imageUuid);
  });

  it("ejects later what may have been inserted all the same", async () => {
    drives.failure = new BmcTimeout("bmc1 took the image, but shows none");
    const uuid = await attached();
    assert.equal((await media(uuid))[0]?.state, "detaching");
    await conductor.periodics.run("eject virtual media");
    assert.match((await media(uuid))[0]?.error ?? "", /shows none/);
    drives.failure = undefined;
    clock.advance(60);
    await conductor.periodics.run("eject virtual media");
    assert.deepEqual(await media(uuid), []);
    assert.deepEqual(drives.calls, ["attach cdrom", "detach cdrom", "detach cdrom"]);
  });

  it("refuses what the service does not serve", async () => {
    await conductor.stop();
    conductor = await start({ "image.public_url": "" });
    const { uuid } = await world.node(conductor);
    await assert.rejects(conductor.api.attachVirtualMedia(CONTEXT, uuid, request()), {
      status: 400,
    });
    assert.equal((await world.database.nodes.get(uuid)).reservation, null);
  });

  it("detaches, and empties drives that others had filled", async () => {
    const uuid = await attached();
    await conductor.api.detachVirtualMedia(CONTEXT, uuid, { deviceTypes: ["cdrom", "floppy"] });
    await world.settled(uuid);
    assert.deepEqual(drives.calls, ["attach cdrom", "detach cdrom floppy"]);
    assert.deepEqual(await media(uuid), []);
  });

  for (const field of ["owner", "lessee", "instanceUuid"] as const)
    it(`ejects when the node's ${field} changes`, async () => {
      const uuid = await attached();
      const held = { owner: "lab", lessee: "tenant", instanceUuid: randomUUID() };
      await world.database.nodes.update(uuid, { [field]: held[field] });
      await conductor.api.updateNode(CONTEXT, uuid, { [field]: null });
      await world.settled(uuid);
      assert.deepEqual(drives.calls.slice(1), ["detach cdrom"]);
      assert.deepEqual(await media(uuid), []);
    });

  it("leaves it in when something else changes", async () => {
    const uuid = await attached();
    await conductor.api.updateNode(CONTEXT, uuid, { description: "x" });
    assert.equal((await media(uuid)).length, 1);
  });

  it("ejects when the tenant's instance is deleted, and when the node is", async () => {
    const uuid = await attached();
    await world.database.nodes.update(uuid, { provisionState: "active" });
    await conductor.api.doProvisioningAction(CONTEXT, uuid, "deleted");
    await world.settled(uuid);
    assert.deepEqual(await media(uuid), []);
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request());
    await world.settled(uuid);
    await conductor.api.destroyNode(CONTEXT, uuid);
    assert.deepEqual(drives.calls.slice(-2), ["attach cdrom", "detach cdrom"]);
    await world.database.images.destroy(imageUuid);
  });

  it("ends the links at once, even while the BMC does not answer", async () => {
    const uuid = await attached();
    const [row] = await media(uuid);
    drives.failure = new BmcUnreachable("away");
    await conductor.api.updateNode(CONTEXT, uuid, { owner: "other" });
    assert.equal(await world.database.media.findServed(row?.grantId ?? ""), undefined);
    await world.settled(uuid);
    assert.equal((await media(uuid))[0]?.state, "detaching");
  });

  it("ejects after the last session, when asked to", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request({ ejectOn: "session_end" }));
    await world.settled(uuid);
    const token = await authorize(world.database, uuid);
    const { session } = await world.database.sessions.open(openRequest(token));
    await conductor.periodics.run("eject virtual media");
    assert.equal((await media(uuid)).length, 1);
    clock.advance(1);
    const counters = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };
    await world.database.sessions.close(session.id, "tenant_left", counters);
    await conductor.periodics.run("eject virtual media");
    assert.deepEqual(await media(uuid), []);
  });

  it("ejects when its time is up", async () => {
    const uuid = await attached();
    clock.advance(86_400);
    await world.database.conductors.heartbeat("conductor-1");
    await conductor.periodics.run("eject virtual media");
    assert.deepEqual(await media(uuid), []);
    assert.deepEqual(drives.calls, ["attach cdrom", "detach cdrom"]);
  });

  it("ejects what a crash left half attached, but not what is being attached", async () => {
    const { uuid } = await world.node(conductor);
    const row = {
      nodeUuid: uuid,
      deviceType: "cdrom",
      via: "bmc",
      imageUuid,
      imageUrl: null,
      grantId: "0".repeat(32),
      ejectOn: "hand_over",
      addresses: null,
      userId: null,
      projectId: null,
      expiresAt: null,
    } as const;
    await world.database.media.add(row);
    clock.advance(10);
    await world.database.nodes.reserve(uuid, "conductor-1");
    await conductor.periodics.run("eject virtual media");
    assert.equal((await media(uuid)).length, 1);
    await world.database.nodes.release(uuid, "conductor-1");
    await conductor.periodics.run("eject virtual media");
    assert.deepEqual(await media(uuid), []);
  });

  it("gives an image for the browser to the console's driver, also after its task", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const task = world.drivers.console.lastTask;
    assert.equal(await task?.media?.(), null);
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request({ via: "browser" }));
    await world.settled(uuid);
    assert.equal(await task?.media?.(), null, "the file is not there");
    mkdirSync(join(world.folder, "images"));
    const path = join(world.folder, "images", imageUuid);
    writeFileSync(path, "12345");
    assert.deepEqual(await task?.media?.(), { path, name: "debian-13.iso" });
    assert.deepEqual(drives.calls, []);
    await conductor.api.detachVirtualMedia(CONTEXT, uuid, { deviceTypes: ["cdrom"] });
    await until("it is detached", async () => (await task?.media?.()) === null);
    await world.settled(uuid);
    assert.equal(world.drivers.console.calls.at(-1), `take back ${uuid}`);
  });

  it("takes an image for the browser back when the node changes hands", async () => {
    const { uuid } = await world.consoleOn(conductor, { owner: "lab" });
    await conductor.api.attachVirtualMedia(CONTEXT, uuid, request({ via: "browser" }));
    await world.settled(uuid);
    await conductor.api.updateNode(CONTEXT, uuid, { owner: "other" });
    await until("it is out", async () => (await media(uuid)).length === 0);
    assert.equal(world.drivers.console.calls.at(-1), `take back ${uuid}`);
    await world.settled(uuid);
  });
});
