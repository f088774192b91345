/** One serial line of the proxy, outside of it, toward whatever a test stands there. */
import { CaFiles } from "../../common/ca-files.ts";
import { systemClock } from "../../common/clock.ts";
import type { StoredConsoleEndpoint } from "../../common/console-endpoint.ts";
import { BmcSessions } from "../../common/host-websocket/bmc-sessions.ts";
import { silentLogger } from "../../common/log.ts";
import { SecretBox } from "../../common/secret-box.ts";
import {
  SerialLine,
  type LineEnvironment,
  type LineSettings,
} from "../../novncproxy/serial/serial-line.ts";
import { TurnQueue } from "../../novncproxy/turn-queue.ts";
import type { SerialFarSide } from "../fakes/serial-far-side.ts";

export const LINE_NODE = "6b1f7d0c-3c53-4f8b-9d5c-3c2e7f0e9a11";

export function lineEnvironment(settings: Partial<LineSettings> = {}): LineEnvironment {
  return {
    clock: systemClock,
    log: silentLogger(),
    secretBox: new SecretBox(SecretBox.newKeyFileText()),
    caFiles: new CaFiles(),
    turns: new TurnQueue(),
    bmcSessions: new BmcSessions(),
    stepMilliseconds: 5000,
    settings: {
      replayLines: 1000,
      replayBytes: 65_536,
      writers: "many",
      reconnectMilliseconds: 30_000,
      ...settings,
    },
  };
}

/** What the conductor would have saved for it. */
export function endpointTo(
  far: SerialFarSide,
  more: Partial<StoredConsoleEndpoint> = {},
): StoredConsoleEndpoint {
  return {
    consoleType: "serial",
    transport: far.transport,
    allowedSecurityTypes: [],
    serial: {
      dialect: far.options.ipmitool === false ? "raw" : "ipmitool",
      hold: "on-demand",
    },
    ...more,
  };
}

export interface LineUnderTest {
  readonly line: SerialLine;
  /** Every state so far, without repetitions. */
  readonly states: string[];
}

export function lineTo(
  endpoint: StoredConsoleEndpoint,
  environment: LineEnvironment = lineEnvironment(),
): LineUnderTest {
  const states: string[] = [];
  const line = new SerialLine(LINE_NODE, endpoint, environment, {
    onLineStatus: ({ status }) => {
      if (states.at(-1) !== status.state) states.push(status.state);
    },
    takeDialPlace: () => Promise.resolve(() => undefined),
  });
  return { line, states };
}
