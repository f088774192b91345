/**
 * The option table, the one place where an option is described. Groups and names are Ironic's
 * wherever Ironic has them, which is why they are snake_case in TypeScript too: an operator, a
 * release note, this table and the code that reads an option all spell it alike.
 */
import { API_OPTIONS } from "./options-api.ts";
import { BROWSER_OPTIONS } from "./options-browser.ts";
import { CLOSE_HOOK_OPTIONS } from "./options-close-hook.ts";
import { CONDUCTOR_OPTIONS } from "./options-conductor.ts";
import { CONSOLE_OPTIONS } from "./options-console.ts";
import { DEFAULT_OPTIONS } from "./options-default.ts";
import { IMAGE_OPTIONS } from "./options-image.ts";
import { IPMI_OPTIONS } from "./options-ipmi.ts";
import { SSH_OPTIONS } from "./options-ssh.ts";
import { VNC_OPTIONS } from "./options-vnc.ts";
import type { ConfigOf, OptionTable } from "./option.ts";

export const OPTIONS = {
  DEFAULT: DEFAULT_OPTIONS,
  database: {
    connection: {
      type: "string",
      default: "",
      secret: "url",
      help: "Where the data is: sqlite:///ABSOLUTE/PATH or postgresql://USER:PASSWORD@HOST/NAME. Empty means baremetal-console.sqlite below [DEFAULT]state_path, which suits one machine; use PostgreSQL as soon as services run on several.",
    },
    max_pool_size: {
      type: "integer",
      default: 10,
      min: 1,
      max: 1000,
      help: "Connections one process opens to PostgreSQL. SQLite always uses one.",
    },
  },
  api: API_OPTIONS,
  conductor: CONDUCTOR_OPTIONS,
  json_rpc: {
    host_ip: {
      type: "string",
      default: "127.0.0.1",
      help: "Address on which a conductor listens for calls of the api, with rpc_transport = json-rpc.",
    },
    port: {
      type: "integer",
      default: 8089,
      min: 0,
      max: 65535,
      help: "Port of the same. 0 takes a free one.",
    },
    public_url: {
      type: "string",
      default: "",
      help: "How the api reaches this conductor, for example http://conductor1:8089. Empty makes it from host_ip and port. Calls whose Host header names another host are refused.",
    },
    username: {
      type: "string",
      default: "",
      help: "User name of the conductors' RPC, set together with password. Both empty: made at first use and kept in rpc-credentials below [DEFAULT]state_path, for api and conductor of one machine and one user. Required when host_ip is not loopback.",
    },
    password: {
      type: "string",
      default: "",
      secret: "whole",
      help: "Password of the conductors' RPC, the same for every api and conductor.",
    },
    timeout: {
      type: "integer",
      default: 120,
      min: 1,
      max: 3600,
      unit: "seconds",
      help: "How long the api waits for a conductor's answer.",
    },
  },
  vnc: VNC_OPTIONS,
  console: CONSOLE_OPTIONS,
  browser: BROWSER_OPTIONS,
  image: IMAGE_OPTIONS,
  ssh: SSH_OPTIONS,
  cors: {
    allowed_origin: {
      type: "list",
      default: [],
      help: "Origins (scheme://host[:port]) besides its own whose pages may open console WebSockets, for example a dashboard that embeds the terminal.",
    },
  },
  close_hook: CLOSE_HOOK_OPTIONS,
  ipmi: IPMI_OPTIONS,
  sensor_data: {
    send_sensor_data: {
      type: "boolean",
      default: false,
      help: "Read the sensors of all nodes now and then, for /metrics and for quick answers. Asking for one node's sensors reads them from its BMC, whether this is set or not.",
    },
    interval: {
      type: "integer",
      default: 600,
      min: 10,
      max: 86_400,
      unit: "seconds",
      help: "How often each machine is asked.",
    },
    workers: {
      type: "integer",
      default: 4,
      min: 1,
      max: 100,
      help: "How many machines at the same time.",
    },
    wait_timeout: {
      type: "integer",
      default: 60,
      min: 5,
      max: 600,
      unit: "seconds",
      help: "How long one machine may take to answer.",
    },
  },
  idrac: {
    connect_timeout: {
      type: "integer",
      default: 30,
      min: 1,
      max: 300,
      unit: "seconds",
      help: "How long one Redfish request, or one SSH connect to an iDRAC, may take, of the idrac-vnc and redfish interfaces.",
    },
    vnc_start_timeout: {
      type: "integer",
      default: 60,
      min: 5,
      max: 600,
      unit: "seconds",
      help: "How long to wait, after the iDRAC's VNC server was switched on, until its port answers RFB.",
    },
  },
} as const satisfies OptionTable;

export type Config = ConfigOf<typeof OPTIONS>;
