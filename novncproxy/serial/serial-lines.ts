/**
 * All serial lines of this proxy, and the right to each of them: a line is dialled only while its row in
 * the database names this proxy. Takes lines for viewers who arrive and those to be held always, hands
 * idle ones to proxies whose viewers want them, and gives up what it lost.
 */
import type { StoredConsoleEndpoint } from "../../common/console-endpoint.ts";
import { messageOf } from "../../common/errors.ts";
import { LINE_STATES, type ConsoleLineRepository, type HeldLine } from "../../db/database.ts";
import type { LineFigures, ProxyMetrics } from "../metrics.ts";
import { Places } from "../places.ts";
import { LineClaim } from "./line-claim.ts";
import { favouriteProxy } from "./line-placement.ts";
import type { LineRecorder, LineRecorders } from "./line-recorder.ts";
import { LineReports } from "./line-reports.ts";
import { SerialLine, type LineEnvironment, type LineOwner } from "./serial-line.ts";

export interface SerialLinesParts {
  readonly lines: ConsoleLineRepository;
  /** Name of this proxy, [DEFAULT]host. */
  readonly host: string;
  readonly environment: LineEnvironment;
  readonly metrics: Pick<ProxyMetrics, "databaseFailures" | "lineLosses">;
  /** Set when [console]log is on. */
  readonly recorders: LineRecorders | undefined;
}

const TICK_MILLISECONDS = 1000;
/** A proxy that holds nothing looks for lines every so many ticks. */
const QUIET_TICKS = 3;
/** On demand: how long a line is kept after its last viewer. */
const LINGER_MILLISECONDS = 5000;
/** A line that somebody is just coming for is not given away. */
const IDLE_MILLISECONDS = 300;
/** A line that its favourite proxy does not take for so many looks is anybody's. */
const PATIENT_LOOKS = 3;
const UNHELD_AT_ONCE = 500;
const DIALS_AT_ONCE = 20;
/** The log has this proxy's time, a change of hands the conductor's: rather too little than too much. */
const CLOCKS_APART_MILLISECONDS = 2000;

export class SerialLines implements LineOwner {
  readonly #parts: SerialLinesParts;
  readonly #lines = new Map<string, SerialLine>();
  readonly #recorders = new Map<SerialLine, LineRecorder>();
  readonly #arriving = new Map<string, Promise<SerialLine>>();
  readonly #leaving = new Map<string, Promise<void>>();
  /** Lines without an endpoint when they were looked at last. */
  readonly #doomed = new Set<SerialLine>();
  /** How often a line was seen unheld that another proxy should take. */
  #left = new Map<string, number>();
  readonly #places = new Places(DIALS_AT_ONCE);
  readonly #reports: LineReports;
  readonly #stopping = new AbortController();
  readonly #claim: LineClaim;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #busy: Promise<void> | undefined;
  #failing = false;

  constructor(parts: SerialLinesParts) {
    this.#parts = parts;
    this.#claim = new LineClaim(parts.lines, parts.host, this.#stopping.signal);
    this.#reports = new LineReports(parts.lines, parts.host, parts.environment.clock);
  }

  /** For metrics. */
  get figures(): LineFigures {
    const states = new Map<string, number>(LINE_STATES.map((state) => [state, 0]));
    let viewers = 0;
    for (const line of this.#lines.values()) {
      const { state } = line.status;
      states.set(state, (states.get(state) ?? 0) + 1);
      viewers += line.viewers;
    }
    return { states, viewers };
  }

  /** @param url where the api reaches this proxy itself, not a balancer before it */
  async start(url: string): Promise<void> {
    const { lines, host } = this.#parts;
    await lines.releaseAll(host);
    await lines.announce(host, url);
    this.#timer = setInterval(() => void this.tick(), TICK_MILLISECONDS);
    void this.tick();
  }

  /** Lets every line go. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#busy;
    await Promise.allSettled([...this.#arriving.values(), ...this.#leaving.values()]);
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
    await Promise.all([...this.#recorders.values()].map((recorder) => recorder.close()));
    await this.#reports.settle();
    await this.#parts.lines.releaseAll(this.#parts.host).catch((error: unknown) => {
      this.#parts.environment.log.warn("the serial lines could not be released", {
        error: messageOf(error),
      });
    });
  }

  /* ---- for viewers ------------------------------------------------------------------------- */

  /**
   * The line of a node, for somebody who is about to attach.
   * @param historySince what was said before is not for this viewer
   * @throws {LineHeldElsewhere} {@link ShuttingDown} {@link TemporaryFailure}
   */
  async forViewer(
    nodeUuid: string,
    endpoint: StoredConsoleEndpoint,
    historySince: number | null = null,
  ): Promise<SerialLine> {
    await this.#leaving.get(nodeUuid);
    const line = this.#lines.get(nodeUuid);
    if (line) {
      line.forgetBefore(historySince ?? 0);
      if (line.viewers === 0) line.idleSince = this.#parts.environment.clock.now();
      return line;
    }
    const arrived = await this.#arrive(nodeUuid, endpoint, () => this.#claim.take(nodeUuid));
    /* Whoever began to take it may have come before the machine changed hands. */
    arrived.forgetBefore(historySince ?? 0);
    return arrived;
  }

  /** @throws {LineHeldElsewhere} when a viewer who came now would meet that */
  checkReachable(nodeUuid: string): Promise<void> {
    return this.#claim.checkReachable(nodeUuid);
  }

  /** One arrival at a time for each node. */
  #arrive(
    nodeUuid: string,
    endpoint: StoredConsoleEndpoint,
    claim: () => Promise<void>,
  ): Promise<SerialLine> {
    const under = this.#arriving.get(nodeUuid);
    if (under) return under;
    const arriving = claim()
      .then(() => this.#take(nodeUuid, endpoint))
      .finally(() => this.#arriving.delete(nodeUuid));
    this.#arriving.set(nodeUuid, arriving);
    return arriving;
  }

  /** The row is ours. */
  async #take(nodeUuid: string, endpoint: StoredConsoleEndpoint): Promise<SerialLine> {
    const { environment, recorders } = this.#parts;
    const recorder = recorders?.open(nodeUuid);
    const line = new SerialLine(nodeUuid, endpoint, environment, this, recorder);
    const since = (await this.#parts.lines.historySince(nodeUuid)) ?? 0;
    line.forgetBefore(since);
    if (recorder) {
      const { replayLines, replayBytes } = environment.settings;
      const history = await recorder
        .tail(replayLines, replayBytes, since === 0 ? 0 : since + CLOCKS_APART_MILLISECONDS)
        .catch((error: unknown) => {
          environment.log.warn("the log of a serial line cannot be read", {
            node: nodeUuid,
            error: messageOf(error),
          });
        });
      if (history) line.remember(history);
      this.#recorders.set(line, recorder);
    }
    this.#lines.set(nodeUuid, line);
    return line;
  }

  /* ---- LineOwner --------------------------------------------------------------------------- */

  onLineStatus(line: SerialLine): void {
    const { state } = line.status;
    if (line.status.retryAt !== null) this.#parts.metrics.lineLosses.inc({ state });
    this.#reports.note(line);
  }

  /** People who wait come first. */
  takeDialPlace(line: SerialLine): Promise<() => void> {
    return line.viewers > 0 ? Promise.resolve(() => undefined) : this.#places.take();
  }

  /* ---- the round --------------------------------------------------------------------------- */

  /** Looks after every line; called once a second. A round that takes longer is waited for. */
  tick(): Promise<void> {
    const now = this.#parts.environment.clock.now();
    for (const line of this.#lines.values()) line.sweep(now);
    this.#busy ??= this.#round().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #round(): Promise<void> {
    const quiet = this.#lines.size === 0 && this.#arriving.size === 0;
    this.#ticks += 1;
    if (quiet && this.#ticks % QUIET_TICKS !== 1) return;
    try {
      await this.#reconcile();
      if (await this.#claimUnheld()) await this.#reconcile();
      await this.#reports.write();
      if (this.#failing) this.#parts.environment.log.info("the database answers again");
      this.#failing = false;
    } catch (error) {
      this.#parts.metrics.databaseFailures.inc({ operation: "lines" });
      if (!this.#failing)
        this.#parts.environment.log.error("the rows of serial lines cannot be kept", {
          error: messageOf(error),
        });
      this.#failing = true;
    }
  }

  /** Makes what is held the same as what the rows say. */
  async #reconcile(): Promise<void> {
    /* Before the rows are read: a line that is here by then has a row that was committed. */
    const mine = new Map(this.#lines);
    const rows = await this.#parts.lines.listHeld(this.#parts.host);
    for (const held of rows) {
      const line = mine.get(held.line.nodeUuid);
      mine.delete(held.line.nodeUuid);
      if (line) await this.#check(line, held);
      else await this.#adopt(held);
    }
    for (const line of mine.values()) this.#lose(line);
  }

  async #check(line: SerialLine, held: HeldLine): Promise<void> {
    const { line: row, endpoint } = held;
    if (line.ended) return;
    line.forgetBefore(held.historySince ?? 0);
    if (!endpoint) {
      await this.#endpointGone(line);
      return;
    }
    this.#doomed.delete(line);
    if (identityOf(endpoint) !== identityOf(line.endpoint)) line.setEndpoint(endpoint);
    const idle = this.#idleMilliseconds(line);
    if (row.wantedBy !== null && row.wantedBy !== row.proxyHost && idle >= IDLE_MILLISECONDS)
      await this.#letGo(line, row.wantedBy);
    else if (!isHeldAlways(endpoint) && idle >= LINGER_MILLISECONDS) await this.#letGo(line);
    else if (isHeldAlways(endpoint) || line.viewers > 0) line.open();
  }

  /** A row of ours without a line: handed over to us, or left by a release that failed. */
  async #adopt({ line: row, endpoint }: HeldLine): Promise<void> {
    const { nodeUuid } = row;
    if (this.#isMoving(nodeUuid) || this.#lines.has(nodeUuid)) return;
    if (endpoint && isHeldAlways(endpoint))
      (await this.#arrive(nodeUuid, endpoint, () => Promise.resolve())).open();
    else await this.#parts.lines.release(nodeUuid, this.#parts.host);
  }

  /**
   * The console is off. Whoever switched it off has the viewers sent away with the reason; those who are
   * still here at the next look came in between.
   */
  async #endpointGone(line: SerialLine): Promise<void> {
    if (line.viewers > 0 && !this.#doomed.has(line)) {
      this.#doomed.add(line);
      line.suspend();
      return;
    }
    await this.#letGo(line, undefined, "console_disabled");
  }

  /** Another proxy has it now: ours was taken for dead. */
  #lose(line: SerialLine): void {
    if (this.#lines.get(line.nodeUuid) !== line) return;
    this.#parts.environment.log.warn("a serial line was taken over by another proxy", {
      node: line.nodeUuid,
    });
    void this.#drop(line, "proxy_shutdown");
  }

  /** The connection first, the right to it afterwards. */
  #letGo(line: SerialLine, to?: string, reason?: "console_disabled"): Promise<void> {
    const { nodeUuid } = line;
    const leaving = this.#drop(line, reason)
      .then(() => this.#parts.lines.release(nodeUuid, this.#parts.host, to))
      .finally(() => this.#leaving.delete(nodeUuid));
    this.#leaving.set(
      nodeUuid,
      leaving.catch(() => undefined),
    );
    return leaving;
  }

  async #drop(line: SerialLine, reason?: "console_disabled" | "proxy_shutdown"): Promise<void> {
    this.#lines.delete(line.nodeUuid);
    this.#doomed.delete(line);
    line.close(reason);
    this.#reports.forget(line);
    const recorder = this.#recorders.get(line);
    this.#recorders.delete(line);
    await recorder?.close();
  }

  /** @returns true when there is a line to be opened now */
  async #claimUnheld(): Promise<boolean> {
    const { lines, host } = this.#parts;
    if (this.#stopping.signal.aborted) return false;
    const unheld = await lines.listUnheld(UNHELD_AT_ONCE);
    if (unheld.length === 0) {
      this.#left.clear();
      return false;
    }
    const hosts = new Set((await lines.listProxyUrls()).map((proxy) => proxy.host)).add(host);
    const left = new Map<string, number>();
    let claimed = false;
    for (const uuid of unheld) {
      const looks = (this.#left.get(uuid) ?? 0) + 1;
      if (favouriteProxy(uuid, hosts) !== host && looks <= PATIENT_LOOKS) left.set(uuid, looks);
      else if (!this.#isMoving(uuid) && (await lines.claim(uuid, host)).proxyHost === host)
        claimed = true;
    }
    this.#left = left;
    return claimed;
  }

  #isMoving(nodeUuid: string): boolean {
    return this.#arriving.has(nodeUuid) || this.#leaving.has(nodeUuid);
  }

  #idleMilliseconds(line: SerialLine): number {
    if (line.viewers > 0 || this.#isMoving(line.nodeUuid)) return 0;
    return this.#parts.environment.clock.now() - line.idleSince;
  }
}

function isHeldAlways({ serial }: StoredConsoleEndpoint): boolean {
  return serial?.hold === "always" && serial.direct !== true;
}

/** What makes it another console; a secret that was sealed again is still the same. */
function identityOf({ transport, tls, credentials, serial }: StoredConsoleEndpoint): string {
  return JSON.stringify([transport, tls, credentials?.clientCertificate, serial]);
}
