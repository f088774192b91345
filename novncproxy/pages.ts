/**
 * The pages the proxy serves: a literal table from address to file, read once at start. What is not in
 * the table does not exist; no path from a request ever reaches the file system.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BASE_HEADERS } from "./security-headers.ts";

const HTML = "text/html; charset=utf-8";
/** Stock noVNC names lead to our own page; tools that build console URLs know these. */
const TABLE: readonly (readonly [url: string, file: string, type: string])[] = [
  ["/vnc_lite.html", "index.html", HTML],
  ["/vnc.html", "index.html", HTML],
  ["/vnc_auto.html", "index.html", HTML],
  ["/serial.html", "serial.html", HTML],
  ["/console/console.js", "console.js", "text/javascript; charset=utf-8"],
  ["/console/console.css", "console.css", "text/css; charset=utf-8"],
  ["/console/terminal.js", "terminal.js", "text/javascript; charset=utf-8"],
  ["/console/terminal.css", "terminal.css", "text/css; charset=utf-8"],
  ["/console/notices.txt", "notices.txt", "text/plain; charset=utf-8"],
];
/** Smaller bodies gain nothing from compression. */
const GZIP_FROM_BYTES = 1024;

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Console page missing</title></head>
<body><h1>The console page is not installed</h1>
<p>The service runs, but its web pages were not built. Operator: run <code>npm run build</code> and restart.</p>
</body></html>
`;

interface Page {
  readonly status: number;
  readonly body: Buffer;
  readonly zipped: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
}

export interface Pages {
  /** Addresses whose file was not found at start. */
  readonly missing: readonly string[];
  has(path: string): boolean;
  /** Answers GET and HEAD. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): void;
}

/** @param folder the built console pages; @param policy value of Content-Security-Policy */
export function loadPages(folder: string, policy: string): Pages {
  const missing: string[] = [];
  const pages = new Map<string, Page>();
  for (const [url, file, type] of TABLE) {
    const body = readIfThere(join(folder, file));
    if (body) pages.set(url, pageOf(200, body, type, policy));
    else {
      missing.push(file);
      if (type === HTML) pages.set(url, pageOf(503, Buffer.from(NOT_BUILT), HTML, policy));
    }
  }
  return {
    missing: [...new Set(missing)],
    has: (path) => pages.has(path),
    serve: (path, request, response) => send(pages.get(path)!, request, response),
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function pageOf(status: number, body: Buffer, type: string, policy: string): Page {
  const zipped = body.length >= GZIP_FROM_BYTES ? gzipSync(body, { level: 9 }) : undefined;
  return {
    status,
    body,
    zipped,
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    headers: {
      ...BASE_HEADERS,
      "Content-Type": type,
      "Content-Security-Policy": policy,
      /* the page's address holds the token; scripts are asked for again, cheaply, by their ETag */
      "Cache-Control": type === HTML ? "no-store" : "no-cache",
      ...(zipped && { Vary: "Accept-Encoding" }),
    },
  };
}

function send(page: Page, request: IncomingMessage, response: ServerResponse): void {
  const cacheable = page.headers["Cache-Control"] === "no-cache";
  for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value);
  if (cacheable) response.setHeader("ETag", page.etag);
  if (cacheable && request.headers["if-none-match"] === page.etag) {
    response.writeHead(304).end();
    return;
  }
  const zipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "")
    ? page.zipped
    : undefined;
  if (zipped) response.setHeader("Content-Encoding", "gzip");
  const body = zipped ?? page.body;
  response.writeHead(page.status, { "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}
