/** The table `images`: what the image library holds. The content is in files, see api/image-store.ts. */
import { ImageInUse, ImageNotFound } from "../common/errors.ts";
import { RowMapper, type Row } from "./columns.ts";
import { isForeignKeyViolation } from "./constraint-errors.ts";
import type { Image, ImageChanges, ImageRepository, ImageState } from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { IMAGE_COLUMNS } from "./tables.ts";

type StatementName = "get" | "oneByOne" | "reserve" | "drop" | "users" | "failStalled";
/** Names of nodes in an error. */
const MOST_NAMED = 10;
/** Any number that no other advisory lock of ours has. */
const RESERVE_LOCK = 4_201_936_002;
const COMING: readonly ImageState[] = ["uploading", "fetching"];

export class ImageTable implements ImageRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<Image>(IMAGE_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine, this.#mapper.selectList);
  }

  async create(
    image: Pick<Image, "uuid" | "name" | "projectId" | "userId" | "public" | "sha256">,
  ): Promise<Image> {
    const now = this.#engine.clock.now();
    const row = this.#mapper.toRow({
      ...image,
      state: "queued",
      source: null,
      sizeBytes: 0,
      totalBytes: null,
      format: null,
      error: null,
      createdAt: now,
      updatedAt: now,
    });
    const insert = this.#engine
      .knex("images")
      .insert({ ...row, reserved_bytes: 0 })
      .returning("*");
    const [created] = await this.#engine.build(insert);
    return this.#mapper.fromRow(created ?? {});
  }

  async get(uuid: string): Promise<Image | undefined> {
    const [row] = (await this.#engine.run(this.#statements.get, [uuid])).rows;
    return row && this.#mapper.fromRow(row);
  }

  async list(
    filter: { readonly name?: string; readonly visibleTo?: string | null } = {},
  ): Promise<Image[]> {
    const { name, visibleTo } = filter;
    const query = this.#engine.knex("images").select("*").orderBy(["created_at", "uuid"]);
    if (name !== undefined) void query.where("name", name);
    if (visibleTo !== undefined)
      void query.where((either) => {
        void either.where("public", true);
        if (visibleTo !== null) void either.orWhere("project_id", visibleTo);
      });
    return (await this.#engine.build(query)).map((row) => this.#mapper.fromRow(row));
  }

  async update(
    uuid: string,
    changes: ImageChanges,
    from?: readonly ImageState[],
  ): Promise<Image | undefined> {
    const row: Row = {
      ...this.#mapper.toRow(changes),
      updated_at: this.#engine.clock.now(),
      ...reservation(changes),
    };
    const query = this.#engine.knex("images").where("uuid", uuid).update(row).returning("*");
    if (from !== undefined) void query.whereIn("state", [...from]);
    const [updated] = await this.#engine.build(query);
    return updated && this.#mapper.fromRow(updated);
  }

  async reserve(uuid: string, bytes: number, limitBytes: number): Promise<boolean> {
    const values = [bytes, this.#engine.clock.now(), uuid, uuid, limitBytes - bytes];
    const { oneByOne: wait, reserve } = this.#statements;
    if (this.#engine.dialect === "sqlite")
      return (await this.#engine.run(reserve, values)).count > 0;
    /* FACT(PostgreSQL manual, section 13.2.1): a statement's sum does not see what others have not committed. */
    return this.#engine.transaction(async (run) => {
      await run(wait, [RESERVE_LOCK]);
      return (await run(reserve, values)).count > 0;
    });
  }

  async destroy(uuid: string): Promise<void> {
    const { rows: users } = await this.#engine.run(this.#statements.users, [uuid]);
    if (users.length > 0) throw inUse(uuid, users);
    const { count } = await this.#engine
      .run(this.#statements.drop, [uuid])
      .catch((error: unknown) => {
        /* Attached in between. */
        throw isForeignKeyViolation(error) ? inUse(uuid, []) : error;
      });
    if (count === 0) throw new ImageNotFound(uuid);
  }

  async failStalled(before: number, error: string): Promise<number> {
    const values = [error, this.#engine.clock.now(), before];
    return (await this.#engine.run(this.#statements.failStalled, values)).count;
  }
}

/** What arrived is what it takes; what failed takes nothing. */
function reservation({ state, sizeBytes }: ImageChanges): Row {
  if (state === "failed" || state === "queued") return { reserved_bytes: 0 };
  return state === "active" && sizeBytes !== undefined ? { reserved_bytes: sizeBytes } : {};
}

function inUse(uuid: string, users: readonly Row[]): ImageInUse {
  const names = users.slice(0, MOST_NAMED).map((row) => String(row["name"] ?? row["node_uuid"]));
  const more = users.length > MOST_NAMED ? " and others" : "";
  const who = names.length > 0 ? `of ${names.join(", ")}${more}` : "of a node";
  return new ImageInUse(
    `Image ${uuid} is in the virtual media ${who}; detach it there first (or wait until that is done).`,
  );
}

function statements(engine: Engine, columns: string): Record<StatementName, Statement> {
  const coming = COMING.map((state) => `'${state}'`).join(", ");
  return {
    get: engine.statement(`select ${columns} from images where uuid = ?`),
    oneByOne: engine.statement("select pg_advisory_xact_lock(?)"),
    reserve: engine.statement(
      `update images set reserved_bytes = ?, updated_at = ? where uuid = ? and state in (${coming})
         and (select coalesce(sum(reserved_bytes), 0) from images where uuid <> ?) <= ?`,
    ),
    drop: engine.statement("delete from images where uuid = ?"),
    users: engine.statement(
      `select distinct node_media.node_uuid, nodes.name from node_media
       join nodes on nodes.uuid = node_media.node_uuid where image_uuid = ?
       order by node_media.node_uuid limit ${MOST_NAMED + 1}`,
    ),
    failStalled: engine.statement(
      `update images set state = 'failed', error = ?, reserved_bytes = 0, updated_at = ?
       where state in (${coming}) and updated_at < ?`,
    ),
  };
}
