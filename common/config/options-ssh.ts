/** [ssh]: the front door for serial consoles, `ssh -p PORT NODE@host`. A part of novncproxy. */
import type { OptionGroup } from "./option.ts";

export const SSH_OPTIONS = {
  enabled: {
    type: "boolean",
    default: false,
    help: "Let people reach serial consoles with ssh -p PORT NODE@HOST.",
  },
  host_ip: { type: "string", default: "127.0.0.1", help: "Address it listens on." },
  port: {
    type: "integer",
    default: 6022,
    min: 0,
    max: 65535,
    help: "Port of the same. 0 takes a free one.",
  },
  host_key_file: {
    type: "path",
    default: "ssh_host_ed25519_key",
    help: "Private key by which clients know this server: Ed25519, OpenSSH format, without passphrase. Made at first start; copy it to every proxy behind one name. Nobody but its owner may read it.",
  },
  authorized_keys_file: {
    type: "path",
    default: "",
    help: 'Public keys that are let in, in sshd\'s format; the key\'s comment is the user\'s name. The options nodes="PATTERN,..." (names or UUIDs, with * and ?, !PATTERN excludes) and mode="view" before a key limit it. Read again when it changes. Nobody but its owner may write to it. Empty lets no key in.',
  },
  api_url: {
    type: "string",
    default: "",
    help: "REST API that judges people who come with a user name and password, for example http://127.0.0.1:6385. Empty takes the one of this program, and lets no passwords in where that does not run. An API without authentication lets no password in.",
  },
  api_cafile: {
    type: "path",
    default: "",
    help: "PEM file of the authorities that sign the certificate of an https api_url. Empty believes those of Node.js.",
  },
  login_timeout: {
    type: "integer",
    default: 60,
    min: 5,
    max: 600,
    unit: "seconds",
    help: "How long somebody may take from connecting to the machine's console.",
  },
  max_connections: {
    type: "integer",
    default: 100,
    min: 1,
    max: 10_000,
    help: "Most connections at once, logged in or not.",
  },
  max_connections_per_source: {
    type: "integer",
    default: 20,
    min: 1,
    max: 10_000,
    help: "Most connections at once from one IPv4 address or one /64 network of IPv6, logged in or not. Raise it where everybody comes through one address.",
  },
} as const satisfies OptionGroup;
