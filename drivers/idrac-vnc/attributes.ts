/**
 * The iDRAC's attributes over Redfish.
 *
 * FACT(dsx-ai-factory/libredfish pull request 38): .../Oem/Dell/DellAttributes/<id> works on every
 * iDRAC9, .../Attributes not on all. FACT(dell/iDRAC-Redfish-Scripting issues 31 and 256): iDRAC 7 and
 * 8 have neither. FACT(Dell's own scripts): the VNC attributes alone are absent without the licence.
 */
import { BmcFeatureMissing, BmcProtocolError, BmcValueRefused } from "../base.ts";
import { objectOf, type JsonObject } from "../lib/json-object.ts";
import { memberPaths, optionalText, textAt } from "../lib/redfish-body.ts";
import type { RedfishAnswer, RedfishBody, RedfishClient } from "../lib/redfish-client.ts";
import { LICENCE_HINT, setFirstTaken, type IdracTransport } from "./transport.ts";
import { foundAttributes, type AttributeChange, type FoundAttributes } from "./values.ts";

const PREFIX = "VNCServer.1.";
const MANAGERS = "/redfish/v1/Managers";

export class RedfishAttributes implements IdracTransport {
  readonly kind = "redfish";
  readonly #client: RedfishClient;
  #manager: { path: string; body: JsonObject } | undefined;
  #attributesPath: string | undefined;
  #etag: string | undefined;
  #consoleDenied = false;

  constructor(client: RedfishClient) {
    this.#client = client;
  }

  get peer(): string {
    return this.#client.peer;
  }

  async read(): Promise<FoundAttributes> {
    const found = await this.readIfPresent();
    if (found) return found;
    throw new BmcFeatureMissing(
      `the iDRAC at ${this.peer} has no attributes over Redfish (iDRAC 7 and 8 have none), it needs racadm`,
    );
  }

  /**
   * @returns undefined when the firmware has no attributes over Redfish at all: racadm may do it
   * @throws {BmcFeatureMissing} when it has attributes, but those of VNC are not among them
   */
  async readIfPresent(): Promise<FoundAttributes | undefined> {
    const answer = await this.#readResource();
    if (!answer) return undefined;
    const { body, etag } = answer;
    this.#etag = etag;
    const all = objectOf(body["Attributes"]);
    if (!all) throw new BmcProtocolError(`the attributes of ${this.peer} lack Attributes`);
    // FACT(field report, iDRAC7): with access denied the VNC port stays closed.
    this.#consoleDenied = /^deny/i.test(optionalText(all, "VirtualConsole.1.AccessPrivilege"));
    const found = vncValues(all);
    if (found["Enable"] === undefined)
      throw new BmcFeatureMissing(
        `the iDRAC at ${this.peer} has no attribute ${PREFIX}Enable: ${LICENCE_HINT}`,
      );
    return found;
  }

  async write(changes: readonly AttributeChange[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      await this.#patch(changes.map(({ name, forms }) => [name, forms[0]]));
    } catch (error) {
      if (!(error instanceof BmcValueRefused)) throw error;
      // One of them is refused, and which one only some firmwares say: one by one then.
      for (const change of changes) await this.#writeOne(change);
    }
  }

  async isOldGeneration(): Promise<boolean> {
    const { body } = await this.#findManager();
    // FACT(Managers resource): "12G Monolithic" is iDRAC7, "13G Monolithic" iDRAC8.
    return /^1[23]G\b/.test(optionalText(body, "Model"));
  }

  closedPortHint(): string {
    return this.#consoleDenied ? "VirtualConsole.1.AccessPrivilege denies access" : "";
  }

  async #writeOne({ name, forms }: AttributeChange): Promise<void> {
    const what = `the iDRAC at ${this.peer} refuses to set ${PREFIX}${name}`;
    await setFirstTaken(what, forms, (form) => this.#patch([[name, form]]));
  }

  async #patch(
    values: readonly (readonly [string, RedfishBody[string] | undefined])[],
  ): Promise<void> {
    const attributes = Object.fromEntries(
      values.map(([name, value]) => [PREFIX + name, value ?? null]),
    );
    if (this.#attributesPath === undefined) await this.read();
    const etag = this.#etag;
    this.#etag = undefined;
    await this.#client.patch(this.#attributesPath ?? MANAGERS, { Attributes: attributes }, etag);
  }

  async #readResource(): Promise<RedfishAnswer | undefined> {
    const path = this.#attributesPath;
    if (path !== undefined) return await this.#client.get(path);
    const manager = await this.#findManagerIfAny();
    if (!manager) return undefined;
    const id = manager.path.split("/").filter(Boolean).at(-1) ?? "";
    const places = [`${manager.path}/Oem/Dell/DellAttributes/${id}`, `${manager.path}/Attributes`];
    for (const place of places) {
      try {
        const answer = await this.#client.get(place);
        this.#attributesPath = place;
        return answer;
      } catch (error) {
        if (!(error instanceof BmcFeatureMissing)) throw error;
      }
    }
    return undefined;
  }

  /** FACT(iDRAC 7 and 8 before firmware 2.30): there is no Redfish at all. */
  async #findManagerIfAny(): Promise<{ path: string; body: JsonObject } | undefined> {
    try {
      return await this.#findManager();
    } catch (error) {
      if (error instanceof BmcFeatureMissing) return undefined;
      throw error;
    }
  }

  /** FACT(several users): the manager is not always called iDRAC.Embedded.1. */
  async #findManager(): Promise<{ path: string; body: JsonObject }> {
    if (this.#manager) return this.#manager;
    const paths = memberPaths((await this.#client.get(MANAGERS)).body);
    const path = paths.find((candidate) => /\/idrac[^/]*\/?$/i.test(candidate)) ?? paths[0];
    if (path === undefined) throw new BmcProtocolError(`${this.peer} lists no manager`);
    const { body } = await this.#client.get(path);
    this.#manager = { path: textAt(body, "@odata.id").replace(/\/$/, ""), body };
    return this.#manager;
  }
}

function vncValues(all: JsonObject): FoundAttributes {
  const ours = Object.entries(all).filter(([name]) => name.startsWith(PREFIX));
  return foundAttributes(ours.map(([name, value]) => [name.slice(PREFIX.length), value] as const));
}
