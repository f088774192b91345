/**
 * A request in the name of a BMC's page: its cookies, its origin. Runs in the page's isolated world, so
 * with a `fetch` that the page has not replaced. It must stand alone: the browser gets its source text.
 */

export interface FetchOrder {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly limitBytes: number;
  readonly limitMs: number;
}

export interface FetchOutcome {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Why there is no answer. */
  readonly why?: string;
}

export async function pageFetch(order: FetchOrder): Promise<FetchOutcome> {
  const HEADERS_LIMIT = 100;
  const VALUE_LIMIT = 8192;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), order.limitMs);
  try {
    const answer = await fetch(order.url, {
      method: order.method,
      headers: order.headers,
      body: order.body,
      credentials: "same-origin",
      cache: "no-store",
      signal: abort.signal,
    });
    const decoder = new TextDecoder();
    const reader = answer.body?.getReader();
    let body = "";
    let bytes = 0;
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) break;
      const chunk = part.value as Uint8Array;
      bytes += chunk.byteLength;
      if (bytes > order.limitBytes) {
        abort.abort();
        return { why: `its answer is longer than ${order.limitBytes} bytes` };
      }
      body += decoder.decode(chunk, { stream: true });
    }
    body += decoder.decode();
    const headers: Record<string, string> = {};
    for (const [name, value] of [...answer.headers].slice(0, HEADERS_LIMIT))
      headers[name.toLowerCase()] = value.slice(0, VALUE_LIMIT);
    return { status: answer.status, headers, body };
  } catch {
    return { why: abort.signal.aborted ? "it took too long" : "the connection failed" };
  } finally {
    clearTimeout(timer);
  }
}
