/** The tables `conductors` and `conductor_hardware_interfaces`: who is there, and what it can drive. */
import { ConductorAlreadyRegistered, ConductorNotFound } from "../common/errors.ts";
import { RowMapper } from "./columns.ts";
import type { Conductor, ConductorInterface, ConductorRepository } from "./database.ts";
import type { Engine, Run, Statement } from "./engine.ts";
import { CONDUCTOR_COLUMNS, CONDUCTOR_INTERFACE_COLUMNS } from "./tables.ts";

type OfferedInterface = ConductorInterface & { readonly hostname: string };
type StatementName =
  | "add"
  | "renew"
  | "heartbeat"
  | "leave"
  | "list"
  | "listAlive"
  | "dropInterfaces"
  | "addInterface"
  | "interfaces"
  | "interfacesOf";

export class ConductorTable implements ConductorRepository {
  readonly #engine: Engine;
  readonly #conductors = new RowMapper<Conductor>(CONDUCTOR_COLUMNS);
  readonly #interfaces = new RowMapper<OfferedInterface>(CONDUCTOR_INTERFACE_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine, this.#conductors.selectList, this.#interfaces.selectList);
  }

  register(
    conductor: Pick<Conductor, "hostname" | "conductorGroup" | "rpcUrl" | "drivers">,
    interfaces: readonly ConductorInterface[],
    options: { readonly heartbeatTimeoutSeconds: number; readonly takeOver: boolean },
  ): Promise<Conductor> {
    const { hostname, conductorGroup, rpcUrl } = conductor;
    const drivers = JSON.stringify(conductor.drivers);
    return this.#engine.transaction(async (run) => {
      const now = this.#engine.clock.now();
      const stale = now - options.heartbeatTimeoutSeconds * 1000;
      const values = [hostname, conductorGroup, rpcUrl, drivers, true, now, now];
      let [row] = (await run(this.#statements.add, values)).rows;
      row ??= (
        await run(this.#statements.renew, [
          conductorGroup,
          rpcUrl,
          drivers,
          true,
          now,
          hostname,
          stale,
          options.takeOver,
        ])
      ).rows[0];
      if (!row)
        throw new ConductorAlreadyRegistered(
          `a conductor with the host name "${hostname}" is already running: its last heartbeat is ` +
            `younger than ${options.heartbeatTimeoutSeconds} seconds`,
        );
      await this.#replaceInterfaces(run, hostname, interfaces);
      return this.#conductors.fromRow(row);
    });
  }

  async heartbeat(hostname: string): Promise<void> {
    const values = [this.#engine.clock.now(), true, hostname];
    const { count } = await this.#engine.run(this.#statements.heartbeat, values);
    if (count === 0) throw new ConductorNotFound(hostname);
  }

  async unregister(hostname: string): Promise<void> {
    await this.#engine.transaction(async (run) => {
      await run(this.#statements.leave, [false, hostname]);
      await run(this.#statements.dropInterfaces, [hostname]);
    });
  }

  async list(): Promise<Conductor[]> {
    return this.#rows("list", []);
  }

  async listAlive(heartbeatTimeoutSeconds: number): Promise<Conductor[]> {
    return this.#rows("listAlive", [this.#engine.clock.now() - heartbeatTimeoutSeconds * 1000]);
  }

  async listInterfaces(hardwareType?: string): Promise<OfferedInterface[]> {
    const { interfaces, interfacesOf } = this.#statements;
    const { rows } =
      hardwareType === undefined
        ? await this.#engine.run(interfaces, [])
        : await this.#engine.run(interfacesOf, [hardwareType]);
    return rows.map((row) => this.#interfaces.fromRow(row));
  }

  async #rows(name: StatementName, values: readonly unknown[]): Promise<Conductor[]> {
    const { rows } = await this.#engine.run(this.#statements[name], values);
    return rows.map((row) => this.#conductors.fromRow(row));
  }

  async #replaceInterfaces(
    run: Run,
    hostname: string,
    interfaces: readonly ConductorInterface[],
  ): Promise<void> {
    await run(this.#statements.dropInterfaces, [hostname]);
    for (const { hardwareType, interfaceType, interfaceName, isDefault } of interfaces)
      await run(this.#statements.addInterface, [
        hostname,
        hardwareType,
        interfaceType,
        interfaceName,
        isDefault,
      ]);
  }
}

function statements(
  engine: Engine,
  conductorColumns: string,
  interfaceColumns: string,
): Record<StatementName, Statement> {
  const offered = `select ${interfaceColumns} from conductor_hardware_interfaces
    where hostname in (select hostname from conductors where online)`;
  const sorted = "order by hardware_type, interface_type, interface_name, hostname";
  return {
    add: engine.statement(
      `insert into conductors
         (hostname, conductor_group, rpc_url, drivers, online, created_at, updated_at)
       values (?, ?, ?, ?, ?, ?, ?)
       on conflict (hostname) do nothing returning ${conductorColumns}`,
    ),
    renew: engine.statement(
      `update conductors
       set conductor_group = ?, rpc_url = ?, drivers = ?, online = ?, updated_at = ?
       where hostname = ? and (not online or updated_at < ? or ?) returning ${conductorColumns}`,
    ),
    heartbeat: engine.statement(
      "update conductors set updated_at = ?, online = ? where hostname = ?",
    ),
    leave: engine.statement("update conductors set online = ? where hostname = ?"),
    list: engine.statement(`select ${conductorColumns} from conductors order by hostname`),
    listAlive: engine.statement(
      `select ${conductorColumns} from conductors where online and updated_at >= ?
       order by hostname`,
    ),
    dropInterfaces: engine.statement(
      "delete from conductor_hardware_interfaces where hostname = ?",
    ),
    addInterface: engine.statement(
      `insert into conductor_hardware_interfaces (${interfaceColumns}) values (?, ?, ?, ?, ?)
       on conflict do nothing`,
    ),
    interfaces: engine.statement(`${offered} ${sorted}`),
    interfacesOf: engine.statement(`${offered} and hardware_type = ? ${sorted}`),
  };
}
