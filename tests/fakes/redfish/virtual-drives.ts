/**
 * Virtual drives as BMCs of several vendors have them, on any simulated machine: where they are, what they
 * insist on, what they refuse. Whatever is inserted is really read, piece by piece, as a BMC reads it.
 * With the shapes and refusals of public recordings, issues and sushy's own comments.
 */
import { createHash } from "node:crypto";
import { request } from "node:http";
import { collection, link } from "./parts.ts";
import type { Answer, Machine, Resource } from "./service.ts";

export type DriveStyle =
  | "ilo5"
  | "ilo4"
  | "idrac9"
  | "idrac10"
  | "xcc"
  | "supermicro-x11"
  | "supermicro-x12"
  | "openbmc"
  | "openbmc-proxy"
  | "slow"
  | "unlicensed";

export interface FakeDrives {
  readonly machine: Machine;
  /** Bodies of what was written, with their paths. */
  readonly written: { readonly what: string; readonly body: Resource }[];
  /** SHA-256 of each image that was read whole, in order; the HTTP status where it was refused. */
  readonly read: (string | number)[];
  drive(id: string): Resource;
}

const PIECE_BYTES = 300_001;

export function withDrives(machine: Machine, style: DriveStyle): FakeDrives {
  const owner = ownerOf(machine, style);
  const base = `${owner}/${style.startsWith("supermicro-x11") ? "VM1" : "VirtualMedia"}`;
  const written: FakeDrives["written"] = [];
  const read: FakeDrives["read"] = [];
  const { resources } = machine;
  Object.assign(resources, drivesOf(base, style));
  resources[owner] = { ...resources[owner], VirtualMedia: link(base) };
  const drive = (id: string): Resource => resources[`${base}/${id}`] ?? {};

  async function write(method: string, path: string, body: Resource): Promise<Answer | undefined> {
    if (!path.startsWith(base)) return undefined;
    written.push({ what: `${method} ${path.slice(base.length)}`, body });
    if (style === "supermicro-x11") return legacySupermicro(method, path, body);
    if (method === "PATCH") {
      const target = resources[path];
      if (!target || !["xcc", "ilo4"].includes(style)) return [405];
      return body["Image"] === null ? ejected(target) : inserted(target, body);
    }
    const id = /\/([^/]+)\/Actions\//.exec(path)?.[1] ?? "";
    const target = drive(id);
    if (/Eject(?:Virtual)?Media$/.test(path)) return ejected(target);
    const refusal = refusalOf(style, body);
    if (refusal !== undefined) return refused(refusal);
    return inserted(target, body);
  }

  async function inserted(target: Resource, body: Resource): Promise<Answer> {
    if (style === "xcc" && body["Inserted"] !== true) return [200, {}];
    const url = String(body["Image"]);
    const got = await readPieces(url);
    read.push(got);
    if (typeof got === "number") return refused(`Unable to locate the image ${url}.`);
    const now = { Image: url, Inserted: true, ConnectedVia: "URI", ImageName: "image.iso" };
    if (style === "slow") setTimeout(() => Object.assign(target, now), 400);
    else Object.assign(target, now);
    return [204];
  }

  function ejected(target: Resource): Answer {
    if (target["Inserted"] !== true) return refused("Virtual media is not inserted.");
    Object.assign(target, { Image: null, Inserted: false, ConnectedVia: "NotConnected" });
    /* FACT(community.general issue 6969): the image's name stays. */
    if (style === "supermicro-x12") target["Image"] = "http://left.over/image.iso";
    return [204];
  }

  async function legacySupermicro(method: string, path: string, body: Resource): Promise<Answer> {
    const config = resources[`${base}/CfgCD`] ?? {};
    if (method === "PATCH") {
      Object.assign(config, body);
      return [200, {}];
    }
    const members = path.endsWith("IsoConfig.Mount") ? [link(`${base}/CD1`)] : [];
    if (members.length > 0)
      read.push(await readPieces(String(config["Host"]) + String(config["Path"])));
    Object.assign(resources[base] ?? {}, { Members: members });
    return [200, {}];
  }

  return { machine: { ...machine, write }, written, read, drive };
}

/** Who has them: the manager, or with newer BMCs the system. */
function ownerOf({ resources }: Machine, style: DriveStyle): string {
  const [system = "", body] =
    Object.entries(resources).find(([path]) => /\/Systems\/[^/]+$/.test(path)) ?? [];
  if (style === "idrac10") return system;
  const links = (body?.["Links"] as Resource | undefined) ?? {};
  const [manager] = (links["ManagedBy"] as Resource[] | undefined) ?? [];
  return String(manager?.["@odata.id"]).replace(/\/$/, "");
}

function drivesOf(base: string, style: DriveStyle): Resource {
  const slot = (id: string, mediaTypes: readonly string[], more: Resource = {}): Resource => ({
    ...link(`${base}/${id}`),
    Id: id,
    MediaTypes: mediaTypes,
    Image: null,
    Inserted: false,
    ConnectedVia: "NotConnected",
    WriteProtected: true,
    ...more,
  });
  const actions = (id: string): Resource => ({
    Actions: {
      "#VirtualMedia.InsertMedia": { target: `${base}/${id}/Actions/VirtualMedia.InsertMedia` },
      "#VirtualMedia.EjectMedia": { target: `${base}/${id}/Actions/VirtualMedia.EjectMedia` },
    },
  });
  switch (style) {
    case "ilo5":
    case "slow":
    case "unlicensed":
      return collection(base, [
        slot("1", ["Floppy", "USBStick"], actions("1")),
        slot("2", ["CD", "DVD"], actions("2")),
      ]);
    case "ilo4":
      return collection(base, [slot("1", ["Floppy", "USBStick"]), slot("2", ["CD", "DVD"])]);
    case "idrac9":
      return collection(base, [
        slot("RemovableDisk", ["USBStick"], actions("RemovableDisk")),
        slot("CD", ["CD", "DVD"], actions("CD")),
      ]);
    case "idrac10":
      return collection(base, [
        slot("1", ["CD", "DVD", "USBStick"], actions("1")),
        slot("2", ["CD", "DVD", "USBStick"], actions("2")),
      ]);
    case "xcc":
      return collection(base, [
        slot("RDOC1", ["CD", "DVD", "USBStick"]),
        slot("Remote1", ["CD", "DVD", "USBStick"]),
        slot("EXT1", ["CD", "DVD", "USBStick"]),
      ]);
    case "supermicro-x12":
      return collection(base, [
        slot("VirtualMedia1", ["CD", "DVD"], {
          ...actions("VirtualMedia1"),
          Image: "http://left.over/image.iso",
        }),
      ]);
    case "supermicro-x11":
      return {
        [base]: {
          Members: [],
          Oem: { Supermicro: { VirtualMediaConfig: link(`${base}/CfgCD`) } },
        },
        [`${base}/CfgCD`]: { Host: "", Path: "" },
        [`${base}/CD1`]: {
          Id: "CD1",
          MediaTypes: ["CD", "DVD"],
          Inserted: true,
          ConnectedVia: "URI",
        },
      };
    case "openbmc":
      return collection(base, [slot("Slot_0", ["CD", "USBStick"], actions("Slot_0"))]);
    case "openbmc-proxy":
      return collection(base, [
        slot("Slot_0", ["CD", "USBStick"], { Oem: { OpenBMC: { WebSocketEndpoint: "/nbd/0" } } }),
      ]);
  }
}

/** What the BMC says against a body, if anything. */
function refusalOf(style: DriveStyle, body: Resource): string | undefined {
  const missing = (name: string): string =>
    `The action InsertMedia requires the parameter ${name} to be present in the request body.`;
  const unknown = ["Inserted", "WriteProtected"].find((name) => name in body);
  if (style === "supermicro-x12") {
    if (unknown !== undefined)
      return `The property ${unknown} is not in the list of valid properties for the resource.`;
    if (body["TransferProtocolType"] === undefined) return missing("TransferProtocolType");
    if (body["TransferMethod"] === undefined) return missing("TransferMethod");
  }
  if (style === "openbmc" && body["TransferProtocolType"] !== "HTTP")
    return missing("TransferProtocolType");
  return style === "unlicensed"
    ? "A license key is required to use this operation or feature."
    : undefined;
}

function refused(message: string): Answer {
  return [
    400,
    {
      error: {
        code: "Base.1.8.GeneralError",
        "@Message.ExtendedInfo": [{ MessageId: "Base.1.8.GeneralError", Message: message }],
      },
    },
  ];
}

/** Reads an image in pieces, each with a Range header. @returns its SHA-256, or the status of a refusal */
async function readPieces(url: string): Promise<string | number> {
  const hash = createHash("sha256");
  for (let first = 0, size = 1; first < size;) {
    const piece = await readPiece(url, `bytes=${first}-${first + PIECE_BYTES - 1}`);
    if (typeof piece === "number") return piece;
    hash.update(piece.bytes);
    first += piece.bytes.length;
    size = piece.size;
  }
  return hash.digest("hex");
}

function readPiece(url: string, range: string): Promise<number | { bytes: Buffer; size: number }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { range } }, (response) => {
      const { statusCode = 0, headers } = response;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (statusCode !== 206 && statusCode !== 200) return resolve(statusCode);
        const size = Number(/\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1]);
        const bytes = Buffer.concat(chunks);
        return resolve({ bytes, size: statusCode === 206 ? size : bytes.length });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
