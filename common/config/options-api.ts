/** [api]: the REST service. */
import type { OptionGroup } from "./option.ts";

export const API_OPTIONS = {
  host_ip: { type: "string", default: "127.0.0.1", help: "Address the REST API listens on." },
  port: {
    type: "integer",
    default: 6385,
    min: 0,
    max: 65535,
    help: "Port of the REST API. 0 takes a free one.",
  },
  max_limit: {
    type: "integer",
    default: 1000,
    min: 1,
    max: 100_000,
    help: "Most rows one list answer holds; clients follow its next link.",
  },
  public_endpoint: {
    type: "string",
    default: "",
    help: "Base URL in links and Location headers, for example https://cloud.example:6385. Empty uses the request's Host header.",
  },
  enable_proxy_headers_parsing: {
    type: "boolean",
    default: false,
    help: "Believe X-Forwarded-Proto, X-Forwarded-Host and the last X-Forwarded-For. Only behind a proxy of your own that sets them.",
  },
  max_request_body_size: {
    type: "integer",
    default: 1_048_576,
    min: 1024,
    max: 67_108_864,
    unit: "bytes",
    help: "Largest request body.",
  },
  metrics_allowed: {
    type: "list",
    default: ["127.0.0.0/8", "::1/128"],
    help: "Networks that may read /metrics of the REST API: sensor readings, power and console states of all nodes.",
  },
  enable_ssl_api: {
    type: "boolean",
    default: false,
    help: "Serve the REST API over TLS with cert_file and key_file.",
  },
  cert_file: {
    type: "path",
    default: "",
    help: "PEM certificate chain; read again when it changes.",
  },
  key_file: { type: "path", default: "", help: "PEM private key of the same." },
} as const satisfies OptionGroup;
