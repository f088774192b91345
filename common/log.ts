/**
 * Logging: one line an event, JSON or text, with the same field names everywhere (`node`, `session`,
 * `requestId`, `reason`). A net under the rule that secrets are never logged: values of fields named
 * like secrets, and tokens inside URLs, are masked here too.
 */
import winston from "winston";
import { SECRET_MASK } from "./secret.ts";

export type Logger = winston.Logger;

const SECRET_FIELD = /passw|secret|token|private_?key|authorization/i;
const TOKEN_IN_URL = /(token(?:=|%3D))[A-Za-z0-9_%~.-]+/gi;
const TEXT_FIELDS_ALREADY_SHOWN = new Set(["level", "message", "timestamp"]);

/**
 * @param options `format` "json" for machines or "text" for people; `level` winston's npm levels
 */
export function createLogger(options: {
  level: string;
  format: "json" | "text";
  file?: string;
}): Logger {
  const shape = options.format === "json" ? winston.format.json() : winston.format.printf(textLine);
  const transport = options.file
    ? new winston.transports.File({ filename: options.file })
    : new winston.transports.Stream({ stream: process.stderr });
  return winston.createLogger({
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), mask(), shape),
    transports: [transport],
  });
}

/** A logger that says nothing, for tests. */
export function silentLogger(): Logger {
  return winston.createLogger({
    silent: true,
    transports: [new winston.transports.Stream({ stream: process.stderr })],
  });
}

const mask = winston.format((info) => {
  for (const [key, value] of Object.entries(info)) {
    if (SECRET_FIELD.test(key) && value !== undefined && value !== null) info[key] = SECRET_MASK;
    else if (typeof value === "string") info[key] = value.replace(TOKEN_IN_URL, `$1${SECRET_MASK}`);
    else if (value instanceof Error)
      info[key] = {
        code: (value as { code?: unknown }).code,
        message: value.message,
        stack: value.stack,
      };
  }
  return info;
});

function textLine(info: winston.Logform.TransformableInfo): string {
  const fields = Object.entries(info)
    .filter(([key, value]) => !TEXT_FIELDS_ALREADY_SHOWN.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const tail = fields.length > 0 ? `  ${fields.join(" ")}` : "";
  return `${String(info["timestamp"])} ${info.level.padEnd(5)} ${String(info.message)}${tail}`;
}
