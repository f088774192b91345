/** A connection that carries the machine's bytes and nothing else. */
import type { LineDialect, LineLoss } from "./line-dialect.ts";

export class RawDialect implements LineDialect {
  readonly operational = true;
  readonly settleMilliseconds = 0;

  read(bytes: Buffer): Buffer {
    return bytes;
  }

  write(bytes: Buffer): Buffer {
    return bytes;
  }

  writeBreak(): undefined {
    return undefined;
  }

  loss(): LineLoss {
    return {
      kind: "lost",
      words: "the machine's serial connection was closed",
      detail: "the other end closed the connection",
    };
  }
}
