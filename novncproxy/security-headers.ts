/** Headers of every answer of the proxy; the page that carries a token in its URL is why they are strict. */

/** @param options `frameAncestors` origins from [vnc]frame_ancestors; `publicUrl` from [vnc]public_url */
export function contentSecurityPolicy(options: {
  readonly frameAncestors: readonly string[];
  readonly publicUrl: string;
}): string {
  const connect = ["'self'", ...webSocketOrigin(options.publicUrl)];
  const ancestors = options.frameAncestors.length > 0 ? options.frameAncestors : ["'none'"];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `connect-src ${connect.join(" ")}`,
    `frame-ancestors ${ancestors.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Older browsers do not count ws: under 'self'. */
function webSocketOrigin(publicUrl: string): string[] {
  return URL.canParse(publicUrl) ? [new URL(publicUrl).origin.replace(/^http/, "ws")] : [];
}

/** On every answer, whatever it is. */
export const BASE_HEADERS: Readonly<Record<string, string>> = {
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * @param mistakes gets one sentence for every [vnc]frame_ancestors entry that would break out of the policy
 */
export function checkFrameAncestors(entries: readonly string[], mistakes: string[]): void {
  for (const entry of entries)
    if (
      !/^('self'|https?:\/\/(\*\.)?[a-z0-9.-]+(:(\d{1,5}|\*))?|https?:\/\/\[[0-9a-f:]+\](:\d{1,5})?)$/i.test(
        entry,
      )
    )
      mistakes.push(
        `[vnc]frame_ancestors: "${entry}" is not an origin such as https://horizon.example`,
      );
}
