/**
 * Which addresses an image may be fetched from: public ones, and the networks that the operator listed.
 * A caller who may name a URL must not reach what only this service can reach (server-side request
 * forgery): loopback, the management network, a cloud's metadata service.
 */
import { lookup as lookupName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { InvalidParameterValue } from "../common/errors.ts";
import { Networks, plainAddress } from "../common/networks.ts";

/** FACT(IANA special-purpose address registries, IPv4 and IPv6): everything that is not globally reachable. */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  /* Those that carry an IPv4 address inside lead to any of the above; ::ffff:0:0/96 is judged as IPv4. */
  "::/96",
  "::ffff:0:0:0/96",
  "64::/16",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  /* FACT(IANA IPv6 address space): 2000::/3 alone is global unicast. */
  "100::/8",
  "200::/7",
  "400::/6",
  "800::/5",
  "1000::/4",
  "4000::/2",
  "8000::/1",
];

export class ImagePlaces {
  readonly #notPublic: Networks;
  readonly #allowed: Networks;
  readonly #prefixes: readonly string[];

  /**
   * @param networks [image]fetch_networks
   * @param prefixes [image]allow_fetch_from
   * @param mistakes gets one sentence for every entry that cannot be used
   */
  constructor(networks: readonly string[], prefixes: readonly string[], mistakes: string[]) {
    this.#notPublic = new Networks("addresses that are not public", NOT_PUBLIC, mistakes);
    this.#allowed = new Networks("[image]fetch_networks", networks, mistakes);
    this.#prefixes = prefixes;
    for (const prefix of prefixes)
      if (!/^https?:\/\/[^/?#]+\/(?:[^?#]*\/)?$/.test(prefix) || !URL.canParse(prefix))
        mistakes.push(
          `[image]allow_fetch_from: "${prefix}" is not the beginning of a URL such as https://host/folder/`,
        );
  }

  /**
   * Judges a URL and, where it holds an address instead of a name, that.
   * @throws {InvalidParameterValue}
   */
  judge(url: URL): void {
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new InvalidParameterValue("an image is fetched from an http or https URL only");
    const whole = url.origin + url.pathname;
    const allowed = this.#prefixes.map((prefix) => new URL(prefix));
    if (allowed.length > 0 && !allowed.some((one) => whole.startsWith(one.origin + one.pathname)))
      throw new InvalidParameterValue(
        `images are not fetched from "${url.host}" ([image]allow_fetch_from)`,
      );
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (isIP(host) !== 0 && !this.mayReach(host)) throw refusal(url.host);
  }

  mayReach(address: string): boolean {
    const plain = plainAddress(address.split("%")[0]);
    return isIP(plain) !== 0 && (!this.#notPublic.has(plain) || this.#allowed.has(plain));
  }

  /**
   * Resolves names for connections: what is judged is the very address that is connected to, whatever
   * the name server says next time.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookupName(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, "", 0);
      const first = found[0];
      if (!first || found.some(({ address }) => !this.mayReach(address)))
        return callback(refusal(hostname), "", 0);
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(host: string): InvalidParameterValue {
  return new InvalidParameterValue(
    `"${host}" is not a public address, and not in [image]fetch_networks`,
  );
}
