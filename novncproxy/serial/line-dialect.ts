/**
 * What stands at the other end of a line's connection: which of its bytes are the machine's, how typed
 * bytes and a break are written, and what it means when the connection ends. One object a connection; it
 * works on bytes only.
 */

/** Why a line is not connected. */
export interface LineLoss {
  /**
   * `lost`: try again soon. `contested`: somebody else may have taken it, so that coming back fast would
   * start a fight. `taken`: the BMC says that somebody else has it.
   */
  readonly kind: "lost" | "contested" | "taken";
  /** For people who look at the machine; nothing that a BMC or a machine wrote. */
  readonly words: string;
  /** For operators; printable and bounded, may quote the other end. */
  readonly detail: string;
}

export interface LineDialect {
  /** True when what is typed reaches the machine. */
  readonly operational: boolean;
  /** How long after that the other end may still mistreat input. */
  readonly settleMilliseconds: number;
  /** Bytes that came. @returns those of the machine, in the same memory */
  read(bytes: Buffer): Buffer;
  /** Typed bytes. @returns what to write for them */
  write(bytes: Buffer): Buffer;
  /** @returns what to write for a break; undefined when this line has no way to send one */
  writeBreak(): Buffer | undefined;
  /** The other end closed the connection. */
  loss(): LineLoss;
}
