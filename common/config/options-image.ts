/** [image]: the image library and the server from which BMCs read virtual media. */
import type { OptionGroup } from "./option.ts";

const GIB = 1024 ** 3;

export const IMAGE_OPTIONS = {
  store_dir: {
    type: "path",
    default: "images",
    help: "Folder of the images' files, below [DEFAULT]state_path unless absolute. Every api process, and every conductor whose consoles run in browsers, needs the same folder (a network file system when they are on different machines); conductors that only tell BMCs where to read from do not.",
  },
  max_size: {
    type: "integer",
    default: 16 * GIB,
    min: 1024,
    max: 1024 * 1024 * GIB,
    unit: "bytes",
    help: "How large one image may be.",
  },
  total_size: {
    type: "integer",
    default: 64 * GIB,
    min: 1024,
    max: 1024 * 1024 * GIB,
    unit: "bytes",
    help: "What all images together may take; uploads that are coming count too.",
  },
  allow_fetch: {
    type: "boolean",
    default: true,
    help: "Let callers who may add images have the api fetch them from a URL.",
  },
  allow_fetch_from: {
    type: "list",
    default: [],
    help: "Beginnings of the only URLs that images are fetched from, redirections included, for example https://cdimage.debian.org/. Each ends with a slash. Empty allows any public host.",
  },
  fetch_networks: {
    type: "list",
    default: [],
    help: "Networks that are not public (loopback, link-local, private and reserved ones) but that images may be fetched from all the same, for example 10.20.0.0/16. Without them the api connects to public addresses only, whatever a name resolves to.",
  },
  fetch_timeout: {
    type: "integer",
    default: 7200,
    min: 1,
    max: 86_400,
    unit: "seconds",
    help: "How long fetching one image may take.",
  },
  fetch_workers: {
    type: "integer",
    default: 2,
    min: 1,
    max: 64,
    help: "Images that one api process fetches at the same time; more wait.",
  },
  public_url: {
    type: "string",
    default: "",
    help: "How BMCs reach the image server, for example http://192.0.2.10:6092. A signed path is appended. Prefer an IP address: many BMCs resolve no names. Empty: there is no image server, and BMCs can only be given images that others serve. With it, the api listens on listen_address and listen_port, and needs [DEFAULT]secret_key_file.",
  },
  listen_address: {
    type: "string",
    default: "127.0.0.1",
    help: "Address the image server listens on. It is apart from the REST API, because BMCs are on a network of their own and speak old TLS, if any.",
  },
  listen_port: {
    type: "integer",
    default: 6092,
    min: 0,
    max: 65_535,
    help: "Port of the same. 0 takes a free one.",
  },
  cert_file: {
    type: "path",
    default: "",
    help: "PEM certificate chain of the image server, with key_file; read again when it changes. Empty serves HTTP: what is read then can be seen and changed on the way, the links cannot be guessed either way.",
  },
  key_file: { type: "path", default: "", help: "PEM private key of the same." },
  tls_min_version: {
    type: "string",
    default: "1.2",
    choices: ["1.0", "1.1", "1.2", "1.3"],
    help: "Lowest TLS version of the image server. Below 1.2, for old BMCs, weak ciphers are allowed too.",
  },
  url_ttl: {
    type: "integer",
    default: 86_400,
    min: 60,
    max: 30 * 86_400,
    unit: "seconds",
    help: "How long an attached image stays: its link ends then, and it is ejected.",
  },
  pin_address: {
    type: "boolean",
    default: true,
    help: "Serve an image only to the addresses of the BMC it was attached to, as driver_info and the name service say. False for BMCs behind address translation.",
  },
  trusted_proxies: {
    type: "list",
    default: [],
    help: "Networks of load balancers in front of the image server, whose X-Forwarded-For is believed.",
  },
  max_connections: {
    type: "integer",
    default: 256,
    min: 1,
    max: 100_000,
    help: "Connections to one image server at the same time.",
  },
  sweep_interval: {
    type: "integer",
    default: 10,
    min: 1,
    max: 3600,
    unit: "seconds",
    help: "How often conductors look for virtual media that is to be ejected: its time is up, the last console session ended, or a crash left it.",
  },
} as const satisfies OptionGroup;
