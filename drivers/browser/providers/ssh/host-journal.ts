/**
 * Remembers, over restarts, on which auxiliary hosts sessions were started, so that a host that is taken off
 * the list is tidied up too.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHost, type AuxiliaryHost } from "./host-list.ts";

const MAX_HOSTS = 1000;

export class HostJournal {
  readonly #folder: string;
  readonly #names: Set<string>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#names = new Set(read(this.#path));
  }

  get hosts(): AuxiliaryHost[] {
    return [...this.#names].flatMap((name) => parseHost(name) ?? []);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#write();
  }

  remove(name: string): void {
    if (this.#names.delete(name)) this.#write();
  }

  get #path(): string {
    return join(this.#folder, "hosts.json");
  }

  #write(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const next = `${this.#path}.new`;
    writeFileSync(next, `${JSON.stringify([...this.#names])}\n`, { mode: 0o600 });
    renameSync(next, this.#path);
  }
}

/** A file that is not there or is damaged remembers nothing. */
function read(path: string): string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!Array.isArray(value)) return [];
    return value.filter((one): one is string => typeof one === "string").slice(0, MAX_HOSTS);
  } catch {
    return [];
  }
}
