/**
 * A node's virtual media, as Ironic has them: attach (1.89), detach (1.89), show (1.93). The BMC is asked in
 * the background, and a failure ends up in last_error.
 *
 * Ours besides, when attaching: `image` names one of the library instead of `image_url`; `eject_on` says when
 * it goes by itself; `via: browser` gives it to the browser of the node's console instead of the BMC.
 */
import { InvalidParameterValue, MissingParameterValue } from "../../common/errors.ts";
import type { Json, JsonObject, Node } from "../../common/node.ts";
import type { MediaRequest, VirtualMediaView } from "../../conductor/rpcapi.ts";
import { MEDIA_DEVICE_TYPES, type MediaDeviceType } from "../../db/database.ts";
import { enforce } from "../policy.ts";
import { type ApiRequest, noContent, ok, type Route } from "../route.ts";
import {
  type Arguments,
  mandatory,
  parseText,
  queryArguments,
  requestArguments,
} from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import { findImage } from "./images.ts";
import type { NodeRouteDeps } from "./nodes.ts";
import { timestamp } from "./timestamp.ts";

const ATTACH_SINCE = 89;
const SHOW_SINCE = 93;
const LONGEST_URL = 1024;
const ARGUMENTS = [
  "device_type",
  "image_url",
  "image_download_source",
  "image",
  "eject_on",
  "via",
] as const;

export function virtualMediaRoutes(deps: NodeRouteDeps): Route[] {
  const path = "/v1/nodes/:ident/vmedia";
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "POST",
      path,
      rule: "baremetal:node:vmedia:attach",
      also: ["baremetal:node:vmedia:attach_url"],
      since: ATTACH_SINCE,
      handle: async (request) => {
        const { uuid } = await find(request);
        const given = requestArguments(request, ARGUMENTS);
        const wanted = await parseRequest(deps, request, given);
        await deps.conductor.attachVirtualMedia(request.context, uuid, wanted);
        return noContent;
      },
    },
    {
      method: "DELETE",
      path,
      rule: "baremetal:node:vmedia:detach",
      since: ATTACH_SINCE,
      handle: async (request) => {
        const given = queryArguments(request.query, ["device_types"]).get("device_types");
        const deviceTypes = given === undefined ? MEDIA_DEVICE_TYPES : parseTypes(given);
        const { uuid } = await find(request);
        await deps.conductor.detachVirtualMedia(request.context, uuid, { deviceTypes });
        return noContent;
      },
    },
    {
      method: "GET",
      path,
      rule: "baremetal:node:vmedia:get",
      since: SHOW_SINCE,
      handle: async (request) => {
        queryArguments(request.query, []);
        const { uuid } = await find(request);
        const devices = await deps.conductor.getVirtualMedia(request.context, uuid);
        return ok({ vmedia: devices.map(view) });
      },
    },
  ];
}

async function parseRequest(
  deps: NodeRouteDeps,
  request: ApiRequest,
  given: Arguments,
): Promise<MediaRequest> {
  const deviceType = chosen("device_type", mandatory(given, "device_type"), MEDIA_DEVICE_TYPES);
  const ejectOn = chosen("eject_on", given.get("eject_on") ?? "hand_over", [
    "hand_over",
    "session_end",
  ]);
  const via = chosen("via", given.get("via") ?? "bmc", ["bmc", "browser"]);
  const [image, url] = [given.get("image"), given.get("image_url")];
  if ((image === undefined) === (url === undefined))
    throw new MissingParameterValue("One of image_url and image is needed, and not both");
  const source = given.get("image_download_source");
  if (source !== undefined && source !== "http")
    throw new InvalidParameterValue(
      "image_download_source must be http; to have an image served from here, add it to the library and give image",
    );
  if (image !== undefined) {
    const { uuid } = await findImage(deps.database, parseText("image", image), request.context);
    return { deviceType, ejectOn, via, imageUuid: uuid };
  }
  enforce("baremetal:node:vmedia:attach_url", request.context);
  if (via === "browser")
    throw new InvalidParameterValue("a browser gets images of the library only; give image");
  return { deviceType, ejectOn, via, imageUrl: parseUrl(url ?? null) };
}

/** FACT(ironic api/controllers/v1/node.py, NodeVmediaController): file URLs too, which name files of a conductor. */
function parseUrl(value: Json): string {
  const text = parseText("image_url", value);
  const url = text.length <= LONGEST_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new InvalidParameterValue(
      `image_url must begin with http:// or https:// and have ${LONGEST_URL} characters at most`,
    );
  if (url.username !== "" || url.password !== "")
    throw new InvalidParameterValue(
      "image_url may not hold a user name or password: everybody who may see the BMC's virtual media would see them",
    );
  return url.href;
}

function parseTypes(value: Json): MediaDeviceType[] {
  const names = parseText("device_types", value)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidParameterValue("device_types is empty");
  return [...new Set(names.map((name) => chosen("device_types", name, MEDIA_DEVICE_TYPES)))];
}

function chosen<T extends string>(name: string, value: Json, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new InvalidParameterValue(`Invalid ${name}: must be one of ${choices.join(", ")}`);
}

function view(device: VirtualMediaView): JsonObject {
  const { attachment } = device;
  return {
    media_types: [...device.mediaTypes],
    inserted: device.inserted,
    image: device.image,
    device: device.device,
    device_type: device.deviceType,
    connected_via: device.connectedVia,
    write_protected: device.writeProtected,
    attachment: attachment && {
      state: attachment.state,
      via: attachment.via,
      image_uuid: attachment.imageUuid,
      image_name: attachment.imageName,
      image_url: attachment.imageUrl,
      eject_on: attachment.ejectOn,
      attached_at: timestamp(attachment.attachedAt),
      expires_at: timestamp(attachment.expiresAt),
      error: attachment.error,
      served_bytes: attachment.servedBytes,
      served_at: timestamp(attachment.servedAt),
    },
  };
}
