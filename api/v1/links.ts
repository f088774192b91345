/** The link pairs of the Bare Metal API: `self` below /v1, `bookmark` without a version. */

export interface Link {
  readonly href: string;
  readonly rel: "self" | "bookmark";
}

/** @param path below the version, for example `nodes/UUID/ports`; already percent-encoded */
export function linkPair(baseUrl: string, path: string): Link[] {
  return [
    { href: `${baseUrl}/v1/${path}`, rel: "self" },
    { href: `${baseUrl}/${path}`, rel: "bookmark" },
  ];
}

/**
 * The `next` link of a full page: the caller's own query with the new marker, so that no filter is
 * lost on the way.
 */
export function nextLink(
  baseUrl: string,
  path: string,
  query: URLSearchParams,
  page: { readonly limit: number; readonly marker: string },
): string {
  const next = new URLSearchParams(query);
  next.set("limit", String(page.limit));
  next.set("marker", page.marker);
  return `${baseUrl}/v1/${path}?${next.toString().replaceAll("%2C", ",")}`;
}
