/** The options of [browser] that say how containers are made, checked. Reads files that they name. */
import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { ConfigInvalid, messageOf, type Config } from "../../../base.ts";
import type { ContainerSite } from "./container-spec.ts";

type Options = Config["browser"];
type Volume = readonly [string, string];

/** Some are refused because they would take away what makes a container a sandbox. */
const SECURITY_OPTION =
  /^(?:label=(?:disable|(?:type|level|user|role):[\w:.,-]+)|apparmor=[\w./-]+)$/;

/** @throws {ConfigInvalid} with every mistake */
export function containerSite(options: Options): ContainerSite {
  const mistakes: string[] = [];
  const volumes = options.container_volumes.map((text) => parseVolume(text, mistakes));
  for (const one of options.container_security_options)
    if (!SECURITY_OPTION.test(one))
      mistakes.push(
        `[browser]container_security_options has "${one}", neither label=disable, label=type:... nor apparmor=PROFILE`,
      );
  if (!/^[\w][\w./:@-]{0,254}$/.test(options.container_image))
    mistakes.push(
      `[browser]container_image is "${options.container_image}", not the name of an image`,
    );
  const seccomp = readProfile(options.container_seccomp, mistakes);
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return {
    image: options.container_image,
    volumes,
    seccomp,
    securityOptions: options.container_security_options,
    memoryBytes: options.session_memory * 1024 * 1024,
    cpus: options.session_cpus,
  };
}

/** `/from` or `/from:/to`. */
function parseVolume(text: string, mistakes: string[]): Volume {
  const [from = "", to = from, ...rest] = text.split(":");
  if (!isAbsolute(from) || !isAbsolute(to) || to === "/" || rest.length > 0)
    mistakes.push(`[browser]container_volumes has "${text}", not /PATH or /PATH:/PATH_INSIDE`);
  return [from, to];
}

function readProfile(path: string, mistakes: string[]): ContainerSite["seccomp"] {
  if (path === "") return undefined;
  try {
    return { path, text: JSON.stringify(JSON.parse(readFileSync(path, "utf8"))) };
  } catch (error) {
    mistakes.push(`[browser]container_seccomp "${path}" cannot be used: ${messageOf(error)}`);
    return undefined;
  }
}
