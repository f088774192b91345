/** The image that a node's browser may be given as a file, asked for when a page wants one. */
import { stat } from "node:fs/promises";
import { imageFile } from "../common/image-names.ts";
import type { Task } from "../drivers/base.ts";
import type { TaskDeps } from "./service.ts";

type SharedFile = Awaited<ReturnType<NonNullable<Task["media"]>>>;

/** @returns null when none is attached, or its file is not where this conductor runs */
export async function browserMedia(
  { config, database, log }: Pick<TaskDeps, "config" | "database" | "log">,
  nodeUuid: string,
): Promise<SharedFile> {
  const media = await database.media.listForNode(nodeUuid);
  const given = media.find(({ via, state }) => via === "browser" && state === "attached");
  const image = given?.imageUuid ? await database.images.get(given.imageUuid) : undefined;
  if (image?.state !== "active") return null;
  const path = imageFile(config.image.store_dir, image.uuid);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && found.size === image.sizeBytes)
    return { path, name: fileName(image.name, given?.deviceType === "cdrom" ? "iso" : "img") };
  log.warn("an attached image is not in this conductor's [image]store_dir", {
    node: nodeUuid,
    image: image.uuid,
  });
  return null;
}

/** FACT(iDRAC, iLO, Supermicro web viewers): their file dialogs take .iso for a CD and .img for the rest. */
function fileName(name: string, suffix: "iso" | "img"): string {
  const plain = name
    .replace(/\.(?:iso|img)$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 80);
  return `${plain === "" ? "image" : plain}.${suffix}`;
}
