import assert from "node:assert/strict";
import { EnterKey } from "../../../../cli/attach/line-ends.ts";

describe("line ends of piped input", () => {
  const sent = (...chunks: string[]): string => {
    const enter = new EnterKey();
    return chunks.map((chunk) => enter.convert(Buffer.from(chunk)).toString()).join("");
  };

  it("are what the Enter key sends, one for each", () => {
    assert.equal(sent("a\nb\r\nc\rd\n\ne"), "a\rb\rc\rd\r\re");
  });

  it("are one for a CR LF that is cut in two", () => {
    assert.equal(sent("a\r", "\nb", "\n"), "a\rb\r");
  });
});
