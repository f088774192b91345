/** The table `node_media`: which image is in which virtual drive, and until when its URL is served. */
import { Conflict, ImageNotFound, NodeNotFound } from "../common/errors.ts";
import { RowMapper } from "./columns.ts";
import { isForeignKeyViolation, takenColumn } from "./constraint-errors.ts";
import type {
  Image,
  MediaDeviceType,
  NewNodeMedia,
  NodeMedia,
  NodeMediaRepository,
  ServedMedia,
} from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { IMAGE_COLUMNS, NODE_MEDIA_COLUMNS } from "./tables.ts";

type StatementName =
  | "activeImage"
  | "list"
  | "served"
  | "attached"
  | "remove"
  | "failDetach"
  | "due"
  | "noteServed";

export class NodeMediaTable implements NodeMediaRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<NodeMedia>(NODE_MEDIA_COLUMNS);
  readonly #images = new RowMapper<Image>(IMAGE_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine, this.#mapper.selectList);
  }

  async add(media: NewNodeMedia): Promise<NodeMedia> {
    await this.#refuseUnusableImage(media);
    const row = this.#mapper.toRow({
      ...media,
      state: "attaching",
      attachedAt: this.#engine.clock.now(),
      retryAt: null,
      error: null,
      servedBytes: 0,
      servedAt: null,
    });
    const insert = this.#engine.knex("node_media").insert(row).returning("*");
    const [added] = await this.#engine.build(insert).catch((error: unknown) => {
      throw refusalOf(error, media);
    });
    return this.#mapper.fromRow(added ?? {});
  }

  async listForNode(nodeUuid: string): Promise<NodeMedia[]> {
    const { rows } = await this.#engine.run(this.#statements.list, [nodeUuid]);
    return rows.map((row) => this.#mapper.fromRow(row));
  }

  async findServed(grantId: string): Promise<ServedMedia | undefined> {
    const now = this.#engine.clock.now();
    const [row] = (await this.#engine.run(this.#statements.served, [grantId, now])).rows;
    if (!row) return undefined;
    const media = this.#mapper.fromRow(row);
    const image = await this.#image(media.imageUuid);
    return image?.state === "active" ? { media, image } : undefined;
  }

  async attached(nodeUuid: string, grantId: string): Promise<boolean> {
    const { count } = await this.#engine.run(this.#statements.attached, [nodeUuid, grantId]);
    return count > 0;
  }

  async beginDetach(
    nodeUuid: string,
    deviceTypes: readonly MediaDeviceType[],
  ): Promise<readonly NodeMedia[]> {
    const update = this.#engine
      .knex("node_media")
      .where("node_uuid", nodeUuid)
      .whereIn("device_type", [...deviceTypes])
      .update({ state: "detaching", retry_at: null })
      .returning("*");
    return (await this.#engine.build(update)).map((row) => this.#mapper.fromRow(row));
  }

  async remove(nodeUuid: string, grantId: string): Promise<void> {
    await this.#engine.run(this.#statements.remove, [nodeUuid, grantId]);
  }

  async failDetach(
    nodeUuid: string,
    grantId: string,
    error: string,
    retryAt: number,
  ): Promise<void> {
    await this.#engine.run(this.#statements.failDetach, [error, retryAt, nodeUuid, grantId]);
  }

  async listDue(stuckBefore: number): Promise<NodeMedia[]> {
    const now = this.#engine.clock.now();
    const { rows } = await this.#engine.run(this.#statements.due, [now, now, stuckBefore]);
    return rows.map((row) => this.#mapper.fromRow(row));
  }

  async noteServed(grantId: string, bytes: number): Promise<void> {
    const values = [bytes, this.#engine.clock.now(), grantId];
    await this.#engine.run(this.#statements.noteServed, values, "lazy");
  }

  async #refuseUnusableImage({ imageUuid }: NewNodeMedia): Promise<void> {
    if (imageUuid === null) return;
    const image = await this.#image(imageUuid);
    if (!image) throw new ImageNotFound(imageUuid);
    if (image.state !== "active")
      throw new Conflict(
        `Image ${imageUuid} is ${image.state}; only an active one can be attached.`,
      );
  }

  async #image(uuid: string | null): Promise<Image | undefined> {
    if (uuid === null) return undefined;
    const [row] = (await this.#engine.run(this.#statements.activeImage, [uuid])).rows;
    return row && this.#images.fromRow(row);
  }
}

function refusalOf(error: unknown, { nodeUuid, deviceType, imageUuid }: NewNodeMedia): unknown {
  if (takenDrive(error))
    return new Conflict(
      `The virtual ${deviceType} drive of node ${nodeUuid} has an image already; detach it first.`,
    );
  if (!isForeignKeyViolation(error)) return error;
  const message = String((error as { message?: unknown }).message);
  const imageGone = imageUuid !== null && !message.includes("node_media_node_uuid_foreign");
  return imageGone ? new ImageNotFound(imageUuid) : new NodeNotFound(nodeUuid);
}

/** A primary key, which the dialects name differently from unique columns. */
function takenDrive(error: unknown): boolean {
  const { constraint } = (error ?? {}) as { constraint?: unknown };
  return constraint === "node_media_primary" || takenColumn(error, "node_media") === "node_uuid";
}

function statements(engine: Engine, columns: string): Record<StatementName, Statement> {
  const imageColumns = new RowMapper<Image>(IMAGE_COLUMNS).selectList;
  const one = "where node_uuid = ? and grant_id = ?";
  const session =
    "select 1 from console_sessions where console_sessions.node_uuid = node_media.node_uuid";
  return {
    activeImage: engine.statement(`select ${imageColumns} from images where uuid = ?`),
    list: engine.statement(
      `select ${columns} from node_media where node_uuid = ? order by device_type`,
    ),
    served: engine.statement(
      `select ${columns} from node_media where grant_id = ? and via = 'bmc'
         and state <> 'detaching' and (expires_at is null or expires_at > ?)`,
    ),
    attached: engine.statement(
      `update node_media set state = 'attached' ${one} and state = 'attaching'`,
    ),
    remove: engine.statement(`delete from node_media ${one}`),
    failDetach: engine.statement(`update node_media set error = ?, retry_at = ? ${one}`),
    due: engine.statement(
      `select ${columns} from node_media
       where (retry_at is null or retry_at <= ?)
         and (state = 'detaching' or expires_at <= ?
           or (state = 'attaching' and attached_at < ?)
           or (state = 'attached' and eject_on = 'session_end'
             and exists (${session} and closed_at >= attached_at)
             and not exists (${session} and closed_at is null)))
       order by node_uuid, device_type`,
    ),
    noteServed: engine.statement(
      "update node_media set served_bytes = served_bytes + ?, served_at = ? where grant_id = ?",
    ),
  };
}
