/**
 * A browser on a seat: sandbox, gate and kiosk, made together and ended together. It has not seen any BMC
 * yet, so that one can wait for whoever needs it.
 */
import { randomBytes } from "node:crypto";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import type { Logger } from "../../base.ts";
import type { Gate } from "../gate/gate.ts";
import type { Kiosk } from "../kiosk/kiosk.ts";
import type {
  Destination,
  Place,
  SessionProcess,
  SessionSize,
  SharedFile,
} from "../providers/provider.ts";
import type { DeskParts } from "./parts.ts";

const ID_LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const CLOSE_LIMIT_MS = 3000;

/** What a browser has to be like; two with the same can stand for each other. */
export interface LaunchWish {
  readonly size: SessionSize;
  readonly userAgent: string | undefined;
  readonly java: boolean;
  /** What the page is given when it asks for a file of its own. */
  readonly file: SharedFile | null;
}

/** Of a BMC that is known already; a warm one has none. */
export interface LaunchTarget {
  readonly origin: string;
  readonly destinations: readonly Destination[];
  /** Of its certificate, where no gate stands between. */
  readonly key: string | undefined;
}

export interface Launched {
  readonly id: string;
  readonly place: Place;
  readonly gate: Gate;
  readonly process: SessionProcess;
  readonly kiosk: Kiosk;
  readonly size: SessionSize;
  /** Path inside the sandbox of the file that the page may be given. */
  readonly file: string | null;
  /** Resolves with the reason when browser or sandbox are gone. Never rejects. */
  readonly lost: Promise<string>;
  /** Ends all of it and gives the seat back. Safe to call twice. */
  end(): Promise<void>;
}

/** `[a-z0-9]{16}` of 80 random bits. */
export function newSessionId(): string {
  return Array.from(randomBytes(16), (byte) => ID_LETTERS[byte % 32]).join("");
}

export function wishOf(recipe: Recipe, size: SessionSize, file: SharedFile | null): LaunchWish {
  return { size, userAgent: recipe.quirks.userAgent, java: recipe.type === "jnlp", file };
}

/**
 * Takes over the seat: on failure it is given back.
 * @throws {ConsoleError} {@link ConsoleSubprocessFailed}
 */
export async function launch(
  parts: Pick<DeskParts, "provider" | "makeGate" | "openKiosk">,
  given: {
    readonly id: string;
    readonly place: Place;
    readonly wish: LaunchWish;
    readonly target: LaunchTarget | undefined;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<Launched> {
  const { id, place, wish, target, log, signal } = given;
  const gate = parts.makeGate((destination, end) => place.dial(destination, end), log);
  let process: SessionProcess | undefined;
  try {
    process = await place.start(
      {
        id,
        size: wish.size,
        trustedKeys: trusted(parts.provider.egress, gate, target),
        origins: target ? [target.origin] : [],
        egress: (stream) => gate.accept(stream),
        destinations: target?.destinations ?? [],
        ...(wish.userAgent !== undefined && { userAgent: wish.userAgent }),
        java: wish.java,
        files: wish.file ? [wish.file] : [],
      },
      signal,
    );
    const kiosk = await parts.openKiosk({ process, size: wish.size, log });
    const file = (wish.file && process.filePaths.get(wish.file.name)) ?? null;
    return launched({ id, place, gate, process, kiosk, size: wish.size, file });
  } catch (error) {
    gate.end();
    await process?.end().catch(() => undefined);
    await place.release().catch(() => undefined);
    throw error;
  }
}

function trusted(
  egress: "gate" | "policy",
  gate: Gate,
  target: LaunchTarget | undefined,
): readonly string[] {
  if (egress === "gate") return [gate.trustedKey];
  return target?.key === undefined ? [] : [target.key];
}

function launched(made: Omit<Launched, "lost" | "end">): Launched {
  const { place, gate, process, kiosk } = made;
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of [
      () => kiosk.close(CLOSE_LIMIT_MS),
      () => process.end(),
      async () => await Promise.resolve(gate.end()),
      () => place.release(),
    ])
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0)
      throw new AggregateError(failures, "a browser session did not end cleanly");
  };
  return {
    ...made,
    lost: Promise.race([kiosk.lost, process.ended.then(({ reason }) => reason)]),
    end: () => (ending ??= end()),
  };
}
