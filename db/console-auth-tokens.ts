/** The table `console_auth_tokens`: hashes of the tokens behind console URLs, never the tokens. */
import { InvalidToken, NodeNotFound } from "../common/errors.ts";
import { hashToken, looksLikeToken, newToken } from "../common/token.ts";
import { RowMapper } from "./columns.ts";
import { isForeignKeyViolation } from "./constraint-errors.ts";
import type { ConsoleAuthToken, ConsoleAuthTokenRepository } from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { CONSOLE_AUTH_TOKEN_COLUMNS } from "./tables.ts";

const COLUMNS_AT_START = [
  "node_uuid",
  "console_type",
  "mode",
  "user_id",
  "project_id",
  "close_url",
  "created_at",
  "expires_at",
] as const;

export class ConsoleAuthTokenTable implements ConsoleAuthTokenRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<ConsoleAuthToken>(CONSOLE_AUTH_TOKEN_COLUMNS);
  readonly #statements: Readonly<Record<"add" | "find" | "clean" | "cleanExpired", Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = {
      add: engine.statement(
        `insert into console_auth_tokens
           (token_hash, ${COLUMNS_AT_START.join(", ")})
         values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning ${this.#mapper.selectList}`,
      ),
      find: engine.statement(
        `select ${this.#mapper.selectList} from console_auth_tokens
         where token_hash = ? and expires_at > ?`,
      ),
      clean: engine.statement("delete from console_auth_tokens where node_uuid = ?"),
      cleanExpired: engine.statement("delete from console_auth_tokens where expires_at <= ?"),
    };
  }

  async authorize(
    grant: Parameters<ConsoleAuthTokenRepository["authorize"]>[0],
  ): Promise<{ readonly token: string; readonly grant: ConsoleAuthToken }> {
    const token = newToken();
    const now = this.#engine.clock.now();
    const { ttlSeconds, ...rest } = grant;
    const row = this.#mapper.toRow({
      ...rest,
      closeUrl: rest.closeUrl ?? null,
      createdAt: now,
      expiresAt: now + ttlSeconds * 1000,
    });
    const values = [hashToken(token), ...COLUMNS_AT_START.map((column) => row[column])];
    const { rows } = await this.#engine
      .run(this.#statements.add, values)
      .catch((error: unknown) => {
        throw isForeignKeyViolation(error) ? new NodeNotFound(grant.nodeUuid) : error;
      });
    return { token, grant: this.#mapper.fromRow(rows[0] ?? {}) };
  }

  async validate(token: string, nodeUuid?: string): Promise<ConsoleAuthToken> {
    if (!looksLikeToken(token)) throw new InvalidToken();
    const values = [hashToken(token), this.#engine.clock.now()];
    const [row] = (await this.#engine.run(this.#statements.find, values)).rows;
    if (!row || (nodeUuid !== undefined && row["node_uuid"] !== nodeUuid)) throw new InvalidToken();
    return this.#mapper.fromRow(row);
  }

  async cleanForNode(nodeUuid: string): Promise<number> {
    return (await this.#engine.run(this.#statements.clean, [nodeUuid])).count;
  }

  async cleanExpired(): Promise<number> {
    const now = this.#engine.clock.now();
    return (await this.#engine.run(this.#statements.cleanExpired, [now])).count;
  }
}
