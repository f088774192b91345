/**
 * The image library, which Ironic's API does not have:
 *
 * - `POST /v1/images` `{"name", "public", "sha256", "url"}` → 201; with `url` the api fetches it in the background
 * - `PUT /v1/images/I/file` application/octet-stream → 200, the image with its checksum
 * - `GET /v1/images[?name=]`, `GET /v1/images/I`, `PATCH /v1/images/I` `{"name", "public"}`, `DELETE /v1/images/I`
 *
 * A caller sees public images and those of the own project; what he does not see is not found.
 */
import { randomUUID } from "node:crypto";
import {
  Conflict,
  ImageNotFound,
  InvalidParameterValue,
  MissingParameterValue,
  NotAuthorized,
} from "../../common/errors.ts";
import { shownUrl } from "../../common/image-names.ts";
import type { Json, JsonObject } from "../../common/node.ts";
import { escaped } from "../../common/printable.ts";
import type { RequestContext } from "../../common/request-context.ts";
import type { Database, Image, ImageChanges } from "../../db/database.ts";
import { sourceUrl } from "../image-fetch.ts";
import type { ImageLibrary } from "../image-library.ts";
import { enforce } from "../policy.ts";
import { type ApiRequest, type ApiResponse, created, noContent, ok, type Route } from "../route.ts";
import { parseBoolean, parseText, queryArguments, requestArguments } from "./arguments.ts";
import { isUuid } from "./identifiers.ts";
import { linkPair } from "./links.ts";
import { timestamp } from "./timestamp.ts";

const LONGEST_NAME = 255;
const SHA256 = /^[0-9a-f]{64}$/i;

export interface ImageRouteDeps {
  readonly database: Pick<Database, "images">;
  readonly library: ImageLibrary;
}

export function imageRoutes(deps: ImageRouteDeps): Route[] {
  const { images } = deps.database;
  return [
    {
      method: "GET",
      path: "/v1/images",
      rule: "baremetal:image:list",
      handle: async (request) => {
        const name = queryArguments(request.query, ["name"]).get("name");
        const found = await images.list({
          ...visibility(request.context),
          ...(name !== undefined && { name: parseText("name", name) }),
        });
        return ok({ images: found.map((image) => view(image, request.baseUrl)) });
      },
    },
    {
      method: "POST",
      path: "/v1/images",
      rule: "baremetal:image:create",
      also: ["baremetal:image:publish"],
      handle: (request) => create(deps, request),
    },
    {
      method: "GET",
      path: "/v1/images/:image",
      rule: "baremetal:image:list",
      handle: async (request) => {
        queryArguments(request.query, []);
        return ok(view(await find(deps, request), request.baseUrl));
      },
    },
    {
      method: "PATCH",
      path: "/v1/images/:image",
      rule: "baremetal:image:update",
      handle: async (request) => {
        const changes = parseChanges(request);
        const { uuid } = await findOwn(deps, request);
        const changed = await images.update(uuid, changes);
        if (!changed) throw new ImageNotFound(uuid);
        return ok(view(changed, request.baseUrl));
      },
    },
    {
      method: "PUT",
      path: "/v1/images/:image/file",
      rule: "baremetal:image:update",
      takes: "stream",
      handle: (request) => upload(deps, request),
    },
    {
      method: "DELETE",
      path: "/v1/images/:image",
      rule: "baremetal:image:delete",
      handle: async (request) => {
        queryArguments(request.query, []);
        const { uuid } = await findOwn(deps, request);
        await images.destroy(uuid);
        await deps.library.store.remove(uuid);
        return noContent;
      },
    },
  ];
}

async function create(deps: ImageRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  const given = requestArguments(request, ["name", "public", "sha256", "url"]);
  const text = given.get("url");
  const url = text === undefined ? undefined : sourceUrl(parseText("url", text));
  if (url) deps.library.judge(url);
  const isPublic = parseBoolean("public", given.get("public") ?? false);
  if (isPublic) enforce("baremetal:image:publish", request.context);
  const name = given.get("name") ?? (url && lastPart(url));
  if (name === undefined) throw new MissingParameterValue("Missing mandatory parameter: name");
  const { images } = deps.database;
  const image = await images.create({
    uuid: randomUUID(),
    name: parseName(name),
    projectId: request.context.projectId,
    userId: request.context.userId,
    public: isPublic,
    sha256: parseSha256(given.get("sha256") ?? null),
  });
  const begun = url
    ? await images.update(image.uuid, { state: "fetching", source: shownUrl(url.href) })
    : image;
  if (url && begun) deps.library.fetch(begun, url);
  return created(
    `${request.baseUrl}/v1/images/${image.uuid}`,
    view(begun ?? image, request.baseUrl),
  );
}

async function upload(deps: ImageRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  queryArguments(request.query, []);
  const image = await findOwn(deps, request);
  const incoming = request.upload;
  if (!incoming) throw new TypeError("the route takes no stream");
  const changes: ImageChanges = {
    state: "uploading",
    sizeBytes: 0,
    totalBytes: incoming.lengthBytes,
    source: null,
    error: null,
  };
  const begun = await deps.database.images.update(image.uuid, changes, ["queued", "failed"]);
  if (!begun)
    throw new Conflict(
      `Image ${image.uuid} is ${image.state}; content can be sent once, to a new or failed one.`,
    );
  return ok(view(await deps.library.upload(begun, incoming), request.baseUrl));
}

/**
 * @param ident UUID or name; a name among those that the caller sees, the own project's first
 * @throws {ImageNotFound} {@link Conflict} when the name is not unique
 */
export async function findImage(
  database: Pick<Database, "images">,
  ident: string,
  context: RequestContext,
): Promise<Image> {
  if (isUuid(ident)) {
    const image = await database.images.get(ident.toLowerCase());
    if (!image || !sees(context, image)) throw new ImageNotFound(ident);
    return image;
  }
  const named = await database.images.list({ ...visibility(context), name: ident });
  const own = named.filter(({ projectId }) => projectId === context.projectId);
  const candidates = own.length > 0 ? own : named;
  if (candidates.length > 1)
    throw new Conflict(`${candidates.length} images have the name ${ident}; give the UUID.`);
  if (!candidates[0]) throw new ImageNotFound(ident);
  return candidates[0];
}

function find(deps: ImageRouteDeps, request: ApiRequest): Promise<Image> {
  return findImage(deps.database, request.params["image"] ?? "", request.context);
}

/** @throws {NotAuthorized} for one that the caller sees, but that is another project's */
async function findOwn(deps: ImageRouteDeps, request: ApiRequest): Promise<Image> {
  const image = await find(deps, request);
  const { isAdmin, projectId } = request.context;
  if (isAdmin || (projectId !== null && image.projectId === projectId)) return image;
  throw new NotAuthorized(`Image ${image.uuid} is another project's`);
}

function sees({ isAdmin, projectId }: RequestContext, image: Image): boolean {
  return isAdmin || image.public || (projectId !== null && image.projectId === projectId);
}

function visibility({ isAdmin, projectId }: RequestContext): { visibleTo?: string | null } {
  return isAdmin ? {} : { visibleTo: projectId };
}

function parseChanges(request: ApiRequest): ImageChanges {
  const given = requestArguments(request, ["name", "public"]);
  const [name, isPublic] = [given.get("name"), given.get("public")];
  if (isPublic !== undefined) enforce("baremetal:image:publish", request.context);
  return {
    ...(name !== undefined && { name: parseName(name) }),
    ...(isPublic !== undefined && { public: parseBoolean("public", isPublic) }),
  };
}

/** @throws {InvalidParameterValue} for what does not fit on a line, or looks like a UUID */
function parseName(value: Json): string {
  const name = parseText("name", value);
  const fits = name.trim() !== "" && name.length <= LONGEST_NAME && escaped(name) === name;
  if (!fits || isUuid(name))
    throw new InvalidParameterValue(
      `Invalid name: must be 1 to ${LONGEST_NAME} printable characters and no UUID`,
    );
  return name;
}

function parseSha256(value: Json): string | null {
  if (value === null) return null;
  const digest = parseText("sha256", value);
  if (SHA256.test(digest)) return digest.toLowerCase();
  throw new InvalidParameterValue("Invalid sha256: must be 64 hexadecimal digits");
}

function lastPart({ pathname }: URL): string | undefined {
  const part = pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(part) || undefined;
  } catch {
    return part;
  }
}

function view(image: Image, baseUrl: string): JsonObject {
  return {
    uuid: image.uuid,
    name: image.name,
    public: image.public,
    project_id: image.projectId,
    state: image.state,
    size: image.sizeBytes,
    total_size: image.totalBytes,
    sha256: image.sha256,
    format: image.format,
    source: image.source,
    error: image.error,
    created_at: timestamp(image.createdAt),
    updated_at: timestamp(image.updatedAt),
    links: linkPair(baseUrl, `images/${image.uuid}`).map((link) => ({ ...link })),
  };
}
