/** [ipmi]: how ipmitool is run. Names are Ironic's. */
import type { OptionGroup } from "./option.ts";

export const IPMI_OPTIONS = {
  command_retry_timeout: {
    type: "integer",
    default: 60,
    min: 1,
    max: 600,
    unit: "seconds",
    help: "How long an IPMI command is tried before it counts as failed.",
  },
  min_command_interval: {
    type: "integer",
    default: 1,
    min: 0,
    max: 60,
    unit: "seconds",
    help: "Least pause between two commands to one BMC while it says that it is busy. Commands to one BMC never overlap.",
  },
  cipher_suite_versions: {
    type: "list",
    default: ["17", "3"],
    help: "RMCP+ cipher suites, in this order, for nodes without ipmi_cipher_suite. A BMC that refuses one is asked with the next. Suite 0 has no password check and is refused here.",
  },
  store_cred_in_env: {
    type: "boolean",
    default: false,
    help: "Hand the password to ipmitool in its environment, IPMI_PASSWORD, instead of in a file of mode 0600.",
  },
  disable_boot_timeout: {
    type: "boolean",
    default: true,
    help: "Tell the BMC not to forget a boot device after 60 seconds; the option ipmi_disable_boot_timeout of a node overrides it.",
  },
  additional_retryable_ipmi_errors: {
    type: "list",
    default: [],
    help: "Further words in ipmitool's error output after which a command is tried again.",
  },
  debug: {
    type: "boolean",
    default: false,
    help: "Run ipmitool with -v and log what it says.",
  },
} as const satisfies OptionGroup;
