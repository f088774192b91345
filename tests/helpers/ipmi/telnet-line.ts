/**
 * The far end of the telnet connection that ipmi_sim makes for its SOL payload (RFC 854): takes the
 * commands out of the bytes and reports a break.
 */
const IAC = 0xff;
const SE = 0xf0;
const BREAK = 0xf3;
const SB = 0xfa;
const WILL = 0xfb;
const DONT = 0xfe;

export class TelnetReader {
  readonly #onBreak: () => void;
  #state: "data" | "iac" | "option" | "sub" | "sub-iac" = "data";

  constructor(onBreak: () => void) {
    this.#onBreak = onBreak;
  }

  /** @returns what was typed */
  read(chunk: Buffer): Buffer {
    const typed: number[] = [];
    for (const byte of chunk) this.#take(byte, typed);
    return Buffer.from(typed);
  }

  #take(byte: number, typed: number[]): void {
    switch (this.#state) {
      case "data":
        if (byte === IAC) this.#state = "iac";
        else typed.push(byte);
        break;
      case "iac":
        this.#state = "data";
        if (byte === IAC) typed.push(byte);
        else if (byte === BREAK) this.#onBreak();
        else if (byte === SB) this.#state = "sub";
        else if (byte >= WILL && byte <= DONT) this.#state = "option";
        break;
      case "option":
        this.#state = "data";
        break;
      case "sub":
        if (byte === IAC) this.#state = "sub-iac";
        break;
      case "sub-iac":
        this.#state = byte === SE ? "data" : "sub";
        break;
    }
  }
}

/** What a machine says, with telnet's own byte doubled. */
export function telnetQuoted(bytes: Buffer): Buffer {
  if (!bytes.includes(IAC)) return bytes;
  return Buffer.from([...bytes].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte])));
}
