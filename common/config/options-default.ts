/** [DEFAULT]: what all services share. */
import type { OptionGroup } from "./option.ts";

export const DEFAULT_OPTIONS = {
  host: {
    type: "string",
    default: "",
    help: "Name of this conductor and proxy, unique among all of them; node locks and sessions carry it. Empty means the machine's host name.",
  },
  state_path: {
    type: "path",
    default: "",
    help: "The one folder for everything this service keeps: database, keys, certificates. Empty means baremetal-console below $XDG_STATE_HOME or ~/.local/state.",
  },
  auth_strategy: {
    type: "string",
    default: "noauth",
    choices: ["noauth", "http_basic"],
    help: "How the api knows who asks. noauth makes everyone an administrator and is refused on any address but loopback; http_basic reads http_basic_auth_user_file.",
  },
  http_basic_auth_user_file: {
    type: "path",
    default: "htpasswd",
    help: "Apache htpasswd file with bcrypt hashes (htpasswd -B). Read again when it changes.",
  },
  secret_key_file: {
    type: "path",
    default: "secret.key",
    help: "Keys that seal secrets in the database, a line KEYID:BASE64 each; the first one seals, all of them open. Made at first start. All services need the same file; without it stored passwords are lost.",
  },
  enabled_hardware_types: {
    type: "list",
    default: [
      "fake-hardware",
      "idrac",
      "ilo",
      "ipmi",
      "manual-management",
      "redfish",
      "supermicro",
    ],
    help: "Hardware types that nodes may use as their driver.",
  },
  enabled_console_interfaces: {
    type: "list",
    default: [
      "vnc",
      "idrac-vnc",
      "ilo-browser",
      "redfish-graphical",
      "ipmitool-socat",
      "tcp-serial",
      "openbmc-kvm",
      "openbmc-serial",
      "fake",
      "no-console",
    ],
    help: "Console interfaces that nodes may use. A third party's driver is named by its npm package. A node that names none gets the first one that its hardware type prefers and this list has.",
  },
  enabled_power_interfaces: {
    type: "list",
    default: ["redfish", "ipmitool", "fake", "no-power"],
    help: "Power interfaces that nodes may use.",
  },
  enabled_management_interfaces: {
    type: "list",
    default: ["redfish", "ipmitool", "fake", "noop"],
    help: "Management interfaces that nodes may use. Sensors and event log come by the same name.",
  },
  default_console_interface: {
    type: "string",
    default: "",
    help: "Console interface of nodes that name none. Empty lets the hardware type choose.",
  },
  rpc_transport: {
    type: "string",
    default: "json-rpc",
    choices: ["json-rpc", "none"],
    help: "How the api reaches conductors: json-rpc over HTTP, or none for a direct call, which only `all` can do (and always does).",
  },
  log_level: {
    type: "string",
    default: "info",
    choices: ["error", "warn", "info", "debug"],
    help: "Least important kind of event that is logged.",
    mutable: true,
  },
  log_format: {
    type: "string",
    default: "text",
    choices: ["text", "json"],
    help: "Log lines for people or for machines.",
  },
  log_file: { type: "path", default: "", help: "File to log to; empty logs to standard error." },
  graceful_shutdown_timeout: {
    type: "integer",
    default: 30,
    min: 0,
    max: 3600,
    unit: "seconds",
    help: "How long a stopping service waits for work in progress before it ends it.",
  },
} as const satisfies OptionGroup;
