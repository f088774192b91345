import assert from "node:assert/strict";
import { ScrollbackFilter } from "../../../../cli/attach/scrollback-filter.ts";

describe("scrollback at the beginning of a connection", () => {
  const take = (filter: ScrollbackFilter, ...chunks: string[]): string =>
    chunks.map((chunk) => filter.take(Buffer.from(chunk)).toString()).join("");

  it("is shown on a terminal", () => {
    const filter = new ScrollbackFilter();
    filter.begin(5, "show");
    assert.equal(take(filter, "old", "er", "live"), "olderlive");
  });

  it("is left out for a pipe, to the byte", () => {
    const filter = new ScrollbackFilter();
    filter.begin(5, "hide");
    assert.equal(take(filter, "old", "erlive"), "live");
  });

  it("goes on where a lost connection stopped", () => {
    const filter = new ScrollbackFilter();
    filter.begin(4, "show");
    assert.equal(take(filter, "one\n", "two\n"), "one\ntwo\n");
    filter.reset();
    const again = "zero\none\ntwo\nthree\n";
    filter.begin(again.length, "continue");
    assert.equal(take(filter, again.slice(0, 7), again.slice(7), "four\n"), "three\nfour\n");
  });

  it("is shown whole when what was shown is no longer in it", () => {
    const filter = new ScrollbackFilter();
    take(filter, "long ago\n");
    filter.begin(8, "continue");
    assert.equal(take(filter, "newer...", "!"), "newer...!");
  });

  it("is shown whole when nothing was shown before", () => {
    const filter = new ScrollbackFilter();
    filter.begin(3, "continue");
    assert.equal(take(filter, "abc"), "abc");
  });

  it("that stopped in the middle does not swallow the next connection", () => {
    const filter = new ScrollbackFilter();
    filter.begin(100, "hide");
    assert.equal(take(filter, "half"), "");
    filter.reset();
    assert.equal(take(filter, "live"), "live");
  });
});
