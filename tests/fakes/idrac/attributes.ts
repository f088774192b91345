/**
 * The attribute store of the iDRAC simulator with the rules of a real one: read-only values, bounds,
 * password complexity, a licence, and firmware that wants words or numbers.
 */

export type Value = string | number | null;

/** How this iDRAC lies or differs; everything defaults to a well-behaved iDRAC9. */
export interface IdracBehaviour {
  /** False: the VNC attributes do not exist. */
  licensed?: boolean;
  /** Which form of Enable and SSLEncryptionBitLength a PATCH must have. */
  forms?: "words" | "numbers";
  /** Answers success but does not take the port. */
  swallowsPort?: boolean;
  /** The VNC port opens only after Enable went off and on again. */
  needsToggle?: boolean;
  /** The VNC port never opens. */
  staysClosed?: boolean;
  /** Encryption is VeNCrypt inside RFB instead of TLS around it. */
  tlsInBand?: boolean;
  /** The VNC port accepts and says nothing. */
  silentVnc?: boolean;
}

const SSL_WORDS = [
  "Disabled",
  "Auto Negotiate",
  "128-Bit or higher",
  "168-Bit or higher",
  "256-Bit or higher",
];
const ENABLE_WORDS = ["Disabled", "Enabled"];
const READ_ONLY = new Set(["ActiveSessions", "MaxSessions"]);

/** A refused value: the iDRAC's message id and sentence. */
export class Refused extends Error {
  readonly id: string;
  constructor(id: string, message: string) {
    super(message);
    this.id = id;
  }
}

export class VncAttributes {
  enabled = false;
  port: number;
  timeout = 300;
  ssl = 0;
  password: string | undefined;
  /** Every password that was set, in order. */
  readonly passwords: string[] = [];
  /** How often the server was switched off after having been on. */
  toggles = 0;
  activeSessions = 0;
  consoleAccess = "Full Access";
  readonly #changed: () => Promise<void>;
  readonly #behaviour: IdracBehaviour;

  constructor(port: number, behaviour: IdracBehaviour, changed: () => Promise<void>) {
    this.port = port;
    this.#behaviour = behaviour;
    this.#changed = changed;
  }

  /** Name after `VNCServer.1.` to value, in the words a GET shows. */
  read(): Record<string, Value> {
    if (this.#behaviour.licensed === false) return {};
    const numbers = this.#behaviour.forms === "numbers";
    return {
      ActiveSessions: this.activeSessions,
      Enable: numbers ? Number(this.enabled) : (ENABLE_WORDS[Number(this.enabled)] ?? null),
      LowerEncryptionBitLength: "Disabled",
      MaxSessions: 2,
      Password: null,
      Port: this.port,
      SSLEncryptionBitLength: numbers ? this.ssl : (SSL_WORDS[this.ssl] ?? null),
      Timeout: this.timeout,
    };
  }

  /** What a driver must put back. */
  snapshot(): Record<string, Value> {
    const { Enable, Port, SSLEncryptionBitLength, Timeout } = this.read();
    return { Enable, Port, SSLEncryptionBitLength, Timeout } as Record<string, Value>;
  }

  /**
   * Sets values as one transaction: either all are right or none is taken.
   * @param form `redfish` is picky about the form, `racadm` takes words and numbers as text
   * @throws {Refused}
   */
  async write(values: Record<string, unknown>, form: "redfish" | "racadm"): Promise<void> {
    const steps = Object.entries(values).map(([name, value]) => this.#step(name, value, form));
    for (const step of steps) step();
    await this.#changed();
  }

  #step(name: string, value: unknown, form: "redfish" | "racadm"): () => void {
    if (this.#behaviour.licensed === false || !(name in this.read()))
      throw new Refused("SYS426", `Unable to find the attribute VNCServer.1.${name}.`);
    if (READ_ONLY.has(name)) throw new Refused("SYS414", `${name} is read-only.`);
    if (name === "Password") return this.#passwordStep(value);
    const number = this.#numberOf(name, value, form);
    if (name === "Enable") return () => this.#enable(number === 1);
    if (name === "SSLEncryptionBitLength") return () => void (this.ssl = number);
    if (name === "Timeout") return () => void (this.timeout = number);
    return () => {
      if (!this.#behaviour.swallowsPort) this.port = number;
    };
  }

  #enable(on: boolean): void {
    if (this.enabled && !on) this.toggles += 1;
    if (on && this.password === undefined)
      throw new Refused(
        "RAC0515",
        "The VNC password must be set before the VNC server is enabled.",
      );
    this.enabled = on;
  }

  #passwordStep(value: unknown): () => void {
    const fits =
      typeof value === "string" &&
      /^[!-~]{1,8}$/.test(value) &&
      [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/].every((kind) => kind.test(value));
    // As the message registries do, the sentence quotes the value: a trap for careless clients.
    if (!fits)
      throw new Refused("RAC0603", `The value '${String(value)}' for Password is not valid.`);
    return () => {
      this.password = value;
      this.passwords.push(value);
    };
  }

  #numberOf(name: string, value: unknown, form: "redfish" | "racadm"): number {
    const words =
      name === "Enable" ? ENABLE_WORDS : name === "SSLEncryptionBitLength" ? SSL_WORDS : undefined;
    const refused = new Refused(
      form === "racadm" ? "RAC947" : "SYS402",
      `Invalid object value specified for VNCServer.1.${name}: ${JSON.stringify(value)}.`,
    );
    if (words) {
      const wantsNumbers = this.#behaviour.forms === "numbers";
      if (form === "redfish" && (typeof value === "number") !== wantsNumbers) throw refused;
      const index = words.findIndex((word) => word === value);
      const number = index >= 0 ? index : Number(value);
      if (!Number.isInteger(number) || words[number] === undefined) throw refused;
      return number;
    }
    const [low, high] = name === "Port" ? [1024, 65_535] : [60, 10_800];
    const number = Number(value);
    if (form === "redfish" && typeof value !== "number") throw refused;
    if (!Number.isInteger(number) || number < low || number > high) throw refused;
    return number;
  }
}
