/** The version documents, which clients read before they have credentials. */
import type { JsonObject } from "../../common/node.ts";
import { ok, type Route } from "../route.ts";
import { linkPair } from "./links.ts";
import { MAX_VERSION, MIN_VERSION } from "./microversions.ts";

/** Collections that the v1 document links to, each since its minor version. */
const COLLECTIONS: readonly (readonly [string, number])[] = [
  ["chassis", 1],
  ["nodes", 1],
  ["ports", 1],
  ["drivers", 1],
  ["portgroups", 23],
  ["volume", 32],
  ["conductors", 49],
  ["allocations", 52],
  ["deploy_templates", 55],
];

export const rootRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    rule: "public",
    handle: ({ baseUrl }) =>
      ok({
        name: "OpenStack Ironic API",
        description:
          "Consoles of bare metal machines in a browser, with the API of OpenStack's Bare Metal service.",
        default_version: version(baseUrl),
        versions: [version(baseUrl)],
      }),
  },
  {
    method: "GET",
    path: "/v1",
    rule: "public",
    handle: ({ baseUrl, minor }) =>
      ok({
        id: "v1",
        links: [
          { href: `${baseUrl}/v1/`, rel: "self" },
          {
            href: "https://docs.openstack.org/api-ref/baremetal/",
            rel: "describedby",
            type: "text/html",
          },
        ],
        media_types: [
          { base: "application/json", type: "application/vnd.openstack.ironic.v1+json" },
        ],
        ...Object.fromEntries(
          COLLECTIONS.filter(([, since]) => since <= minor).map(([name]) => [
            name,
            linkPair(baseUrl, `${name}/`),
          ]),
        ),
        version: version(baseUrl),
      }),
  },
];

function version(baseUrl: string): JsonObject {
  return {
    id: "v1",
    links: [{ href: `${baseUrl}/v1/`, rel: "self" }],
    status: "CURRENT",
    min_version: MIN_VERSION,
    version: MAX_VERSION,
  };
}
