/**
 * Logging: one line an event, JSON or text, with the same field names everywhere (`node`, `session`,
 * `requestId`, `reason`). A net under the rule that secrets are never logged: values of fields named
 * like secrets, and tokens inside URLs, are masked here too. A line never carries a control character,
 * wherever its text came from; in the text format an error's stack follows its line, indented.
 */
import winston from "winston";
import { escaped, escapedInJson } from "./printable.ts";
import { SECRET_MASK } from "./secret.ts";
import { isSensitiveKey } from "./sensitive-key.ts";

export type Logger = winston.Logger;

/** Beyond isSensitiveKey's. */
const SECRET_FIELD = /passw|private_?key|authorization/i;
const TOKEN_IN_URL = /(token(?:=|%3D))[A-Za-z0-9_%~.-]+/gi;
const MAX_FRAMES = 30;

/**
 * @param options `format` "json" for machines or "text" for people; `level` winston's npm levels
 */
export function createLogger(options: {
  level: string;
  format: "json" | "text";
  file?: string;
}): Logger {
  const shape =
    options.format === "json" ? winston.format.json() : winston.format.printf(textLines);
  const tidy = finish(options.format === "json" ? escapedInJson : (line) => line);
  const transport = options.file
    ? new winston.transports.File({ filename: options.file })
    : new winston.transports.Stream({ stream: process.stderr });
  return winston.createLogger({
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), mask(), shape, tidy()),
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
    const secret = isSensitiveKey(key) || SECRET_FIELD.test(key);
    if (secret && value !== undefined && value !== null) info[key] = SECRET_MASK;
    else if (value instanceof Error)
      info[key] = {
        code: (value as { code?: unknown }).code,
        message: value.message,
        stack: value.stack,
      };
  }
  return info;
});

/** Where winston keeps the finished line (logform's README). */
const LINE = Symbol.for("message");

/** Masks tokens wherever they stand, in an error's stack too. */
function finish(escape: (line: string) => string): winston.Logform.FormatWrap {
  return winston.format((info) => {
    const line = info[LINE];
    if (typeof line === "string")
      info[LINE] = escape(line).replace(TOKEN_IN_URL, `$1${SECRET_MASK}`);
    return info;
  });
}

function textLines(info: winston.Logform.TransformableInfo): string {
  const { level, message, timestamp, ...rest } = info;
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  const shown = fields.map(([key, value]) => `${key}=${textOf(value)}`);
  const tail = shown.length > 0 ? `  ${shown.join(" ")}` : "";
  const line = escaped(`${String(timestamp)} ${level.padEnd(5)} ${String(message)}${tail}`);
  return [line, ...fields.flatMap(([, value]) => framesOf(value))].join("\n");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, withoutStack);
}

function withoutStack(key: string, value: unknown): unknown {
  return key === "stack" ? undefined : value;
}

/** The frames of an error's stack; its message, which may be somebody else's text, is in the line. */
function framesOf(value: unknown): string[] {
  const stack = (value as { stack?: unknown } | null)?.stack;
  if (typeof stack !== "string") return [];
  const frames = stack.split("\n").filter((line) => /^ {4}at /.test(line));
  return frames.slice(0, MAX_FRAMES).map(escaped);
}
