/**
 * Who is connected, and whether there is room for one more: in all, by source, and for strangers, who
 * must not keep those out who can log in.
 */

export interface Guest {
  /** The address, or its network. */
  readonly source: string;
  /** Not logged in. */
  readonly isStranger: boolean;
}

export interface GuestLimits {
  readonly all: number;
  readonly ofOneSource: number;
}

export class GuestList<G extends Guest> {
  readonly #guests = new Set<G>();
  readonly #limits: GuestLimits;

  constructor(limits: GuestLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#guests.size;
  }

  [Symbol.iterator](): IterableIterator<G> {
    return this.#guests.values();
  }

  delete(guest: G): void {
    this.#guests.delete(guest);
  }

  /**
   * @returns whether it may come in, and who has to go for that: the oldest stranger of the source with
   * the most of them, the newcomer's own when that has as many
   */
  admit(guest: G): { readonly admitted: boolean; readonly instead?: G } {
    const ofSource = [...this.#guests].filter(({ source }) => source === guest.source).length;
    if (ofSource >= this.#limits.ofOneSource) return { admitted: false };
    if (this.#guests.size < this.#limits.all) {
      this.#guests.add(guest);
      return { admitted: true };
    }
    const instead = this.#strangerOfBusiestSource(guest.source);
    if (!instead) return { admitted: false };
    this.#guests.delete(instead);
    this.#guests.add(guest);
    return { admitted: true, instead };
  }

  #strangerOfBusiestSource(newcomers: string): G | undefined {
    const bySource = new Map<string, G[]>();
    for (const guest of this.#guests) {
      if (!guest.isStranger) continue;
      const others = bySource.get(guest.source);
      if (others) others.push(guest);
      else bySource.set(guest.source, [guest]);
    }
    let busiest: readonly G[] = bySource.get(newcomers) ?? [];
    for (const group of bySource.values()) if (group.length > busiest.length) busiest = group;
    return busiest[0];
  }
}
