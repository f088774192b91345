/** Accounts of a simulated BMC, free or in a fixed number of slots. */

export interface Account {
  readonly id: string;
  name: string;
  password: string;
  role: string;
  enabled: boolean;
}

export class Accounts {
  readonly #byId = new Map<string, Account>();
  readonly slots: number | undefined;
  #lastId = 0;

  /**
   * @param slots FACT(Dell iDRAC Redfish API): a fixed number of accounts exist, empty ones without a name;
   *   they are filled and emptied by PATCH, POST and DELETE are refused. Slot 1 is reserved.
   */
  constructor(slots?: number) {
    this.slots = slots;
    for (let id = 1; id <= (slots ?? 0); id++) this.#add("", "", "None", false);
  }

  add(name: string, password: string, role: string): Account | undefined {
    if (this.byName(name)) return undefined;
    if (this.slots === undefined) return this.#add(name, password, role, true);
    const free = this.list().find((one) => one.id !== "1" && one.name === "");
    if (free) Object.assign(free, { name, password, role, enabled: true });
    return free;
  }

  remove(id: string): boolean {
    return this.slots === undefined && this.#byId.delete(id);
  }

  byId(id: string): Account | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): Account | undefined {
    return this.list().find((one) => one.name !== "" && one.name === name);
  }

  accepts(name: string, password: string): boolean {
    const account = this.byName(name);
    return account !== undefined && account.enabled && account.password === password;
  }

  list(): Account[] {
    return [...this.#byId.values()];
  }

  #add(name: string, password: string, role: string, enabled: boolean): Account {
    const account: Account = { id: String(++this.#lastId), name, password, role, enabled };
    this.#byId.set(account.id, account);
    return account;
  }
}
