import assert from "node:assert/strict";
import { assert as assertProperty, boolean, integer, property, string } from "fast-check";
import {
  PacedSender,
  type PasteOptions,
  type PasteProgress,
} from "../../../../web/terminal/paced-sender.ts";

const OPTIONS: PasteOptions = { charactersPerSecond: 200, lineByLine: false, bracketed: false };

class Bench {
  nowMs = 1000;
  ready = true;
  readonly portions: string[] = [];
  readonly progress: PasteProgress[] = [];
  readonly ticks = new Set<() => void>();
  readonly sender: PacedSender;

  constructor() {
    const isReady = (): boolean => this.ready;
    this.sender = new PacedSender(
      {
        get ready() {
          return isReady();
        },
        send: (text) => this.portions.push(text),
      },
      {
        nowMs: () => this.nowMs,
        every: (_milliseconds, tick) => {
          this.ticks.add(tick);
          return () => this.ticks.delete(tick);
        },
      },
      (progress) => this.progress.push(progress),
    );
  }

  get sent(): string {
    return this.portions.join("");
  }

  /** Lets time go by, a tick every 20 ms. */
  pass(milliseconds: number): void {
    for (let at = 0; at < milliseconds; at += 20) {
      this.nowMs += 20;
      for (const tick of this.ticks) tick();
    }
  }
}

describe("keys and pastes on their way to the machine", () => {
  it("sends keys at once", () => {
    const { sender, portions } = new Bench();
    sender.type("a");
    sender.type("\r");
    assert.deepEqual(portions, ["a", "\r"]);
  });

  it("sends a paste no faster than the user chose, and whole", () => {
    const bench = new Bench();
    const text = "x".repeat(1000);
    bench.sender.paste(text, OPTIONS);
    bench.pass(1000);
    assert.equal(bench.sent.length, 200);
    bench.pass(4000);
    assert.equal(bench.sent, text);
    assert.ok(bench.portions.every((portion) => portion.length <= 4));
    assert.equal(bench.progress.at(-1)?.state, "done");
    assert.equal(bench.ticks.size, 0, "no timer stays behind");
  });

  it("sends one character every second when that is the rate", () => {
    const bench = new Bench();
    bench.sender.paste("abc", { ...OPTIONS, charactersPerSecond: 1 });
    bench.pass(980);
    assert.equal(bench.sent, "");
    bench.pass(1100);
    assert.equal(bench.sent, "ab");
  });

  it("makes up for little of the time that a tab in the background was held", () => {
    const bench = new Bench();
    bench.sender.paste("x".repeat(1000), OPTIONS);
    bench.nowMs += 60_000;
    for (const tick of bench.ticks) tick();
    assert.equal(bench.sent.length, 20);
  });

  it("lets keys wait behind a paste, in their order", () => {
    const bench = new Bench();
    bench.sender.paste("12345678", OPTIONS);
    bench.pass(20);
    bench.sender.type("a");
    bench.sender.type("b");
    bench.pass(200);
    bench.sender.type("c");
    assert.equal(bench.sent, "12345678abc");
  });

  it("says so when more keys wait than anybody types", () => {
    const bench = new Bench();
    bench.sender.paste("x".repeat(100), OPTIONS);
    assert.equal(bench.sender.type("k".repeat(4096)), true);
    assert.equal(bench.sender.type("k"), false);
  });

  it("sends the waiting keys after a cancel, and nothing more of the paste", () => {
    const bench = new Bench();
    bench.sender.paste("x".repeat(100), OPTIONS);
    bench.pass(100);
    bench.sender.type("\u0003");
    bench.sender.cancel();
    bench.pass(1000);
    assert.equal(bench.sent, `${"x".repeat(20)}\u0003`);
    assert.deepEqual(bench.progress.at(-1), { state: "cancelled", sent: 20, total: 100 });
  });

  it("forgets everything when the connection is lost", () => {
    const bench = new Bench();
    bench.sender.paste("x".repeat(100), OPTIONS);
    bench.sender.type("rm -rf /\r");
    bench.pass(20);
    bench.sender.lose();
    bench.pass(1000);
    assert.equal(bench.sent, "xxxx");
    assert.equal(bench.progress.at(-1)?.state, "lost");
    assert.equal(bench.ticks.size, 0);
  });

  it("holds a paste while the line is away, and goes on where it stopped", () => {
    const bench = new Bench();
    bench.sender.paste("0123456789", OPTIONS);
    bench.pass(20);
    bench.ready = false;
    bench.pass(500);
    assert.equal(bench.sent, "0123");
    assert.equal(bench.progress.at(-1)?.state, "held");
    bench.ready = true;
    bench.pass(100);
    assert.equal(bench.sent, "0123456789");
  });

  it("runs one paste at a time", () => {
    const bench = new Bench();
    assert.equal(bench.sender.paste("one", OPTIONS), true);
    assert.equal(bench.sender.paste("two", OPTIONS), false);
    bench.pass(100);
    assert.equal(bench.sent, "one");
  });

  it("puts brackets around a paste only when asked, and closes them after a cancel", () => {
    const bench = new Bench();
    bench.sender.paste("x".repeat(50), { ...OPTIONS, bracketed: true });
    bench.pass(20);
    bench.sender.cancel();
    assert.equal(bench.sent, "\u001B[200~xxxx\u001B[201~");
  });

  it("never halves a character", () => {
    const bench = new Bench();
    bench.sender.paste("😀😀😀", { ...OPTIONS, charactersPerSecond: 50 });
    bench.pass(200);
    // It throws for half a surrogate pair.
    for (const portion of bench.portions) encodeURIComponent(portion);
    assert.equal(bench.sent, "😀😀😀");
  });

  describe("line by line", () => {
    const LINES = { charactersPerSecond: 10_000, lineByLine: true, bracketed: false };

    it("waits until the machine has answered a line and is quiet", () => {
      const bench = new Bench();
      bench.sender.paste("one\rtwo\r", LINES);
      bench.pass(1000);
      assert.equal(bench.sent, "one\r");
      bench.sender.heard();
      bench.pass(40);
      assert.equal(bench.sent, "one\r", "it may still be talking");
      bench.pass(60);
      assert.equal(bench.sent, "one\rtwo\r");
    });

    it("goes on after two seconds when the machine says nothing at all", () => {
      const bench = new Bench();
      bench.sender.paste("one\rtwo\r", LINES);
      bench.pass(1980);
      assert.equal(bench.sent, "one\r");
      bench.pass(100);
      assert.equal(bench.sent, "one\rtwo\r");
    });
  });

  it("changes nothing in any text, at any rate", () => {
    assertProperty(
      property(
        string({ unit: "grapheme", minLength: 1, maxLength: 300 }),
        integer({ min: 20, max: 10_000 }),
        boolean(),
        (text, charactersPerSecond, lineByLine) => {
          const bench = new Bench();
          bench.sender.paste(text, { charactersPerSecond, lineByLine, bracketed: false });
          for (let left = 2000; bench.sender.pasting && left > 0; left--) {
            bench.pass(20);
            bench.sender.heard();
            bench.nowMs += 80;
          }
          assert.equal(bench.sent, text);
        },
      ),
      { numRuns: 50 },
    );
  });
});
