import assert from "node:assert/strict";
import { assert as assertProperty, nat, property, uint8Array } from "fast-check";
import { ReceivedTail } from "../../../../web/terminal/received-tail.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, "latin1"));
const text = (some: Uint8Array): string => Buffer.from(some).toString("latin1");

function after(shown: string, replay: string): string {
  const tail = new ReceivedTail();
  tail.push(bytes(shown));
  const { kind, fresh } = tail.continuationIn(bytes(replay));
  return `${kind}: ${text(fresh)}`;
}

describe("the scrollback after a reconnection", () => {
  const boot = Array.from({ length: 50 }, (_, line) => `[${line}] starting unit ${line}\r\n`).join(
    "",
  );

  it("is shown whole to a terminal that has nothing yet", () => {
    const { kind, fresh } = new ReceivedTail().continuationIn(bytes("login: "));
    assert.deepEqual([kind, text(fresh)], ["continues", "login: "]);
  });

  it("adds nothing when nothing was said meanwhile", () => {
    assert.equal(after(boot, boot), "continues: ");
    assert.equal(after(boot, boot.slice(-500)), "continues: ");
  });

  it("adds what was said meanwhile, and only that", () => {
    assert.equal(after(boot, `${boot}login: `), "continues: login: ");
    assert.equal(after(boot, `${boot.slice(-300)}login: `), "continues: login: ");
    const enough = "abc".repeat(12);
    assert.equal(after(enough, `more before, ${enough} and after`), "continues:  and after");
  });

  it("is known to leave something out when it begins after what was shown", () => {
    assert.equal(after(boot, "\nall of this is new"), "gap: \nall of this is new");
  });

  it("is shown whole instead of a terminal that has only a prompt, which is in many places", () => {
    assert.equal(after("$ ", "$ ls\r\nfile\r\n$ "), "restart: $ ls\r\nfile\r\n$ ");
    assert.equal(after("$ ", "elsewhere"), "gap: elsewhere");
  });

  it("never takes more for new than there is, with a machine that repeats itself", () => {
    assert.equal(after("ab".repeat(20), "ab".repeat(22)), "continues: ");
  });

  it("can be matched after bytes were missing in between", () => {
    const tail = new ReceivedTail();
    tail.push(bytes("before"));
    tail.interrupt();
    assert.equal(text(tail.continuationIn(bytes("before, missing")).fresh), ", missing");
    tail.push(bytes("after"));
    assert.equal(text(tail.continuationIn(bytes("before, missing, after!")).fresh), "!");
  });

  it("is matched within long sessions, of which only the end is kept", () => {
    const long = Array.from({ length: 20_000 }, (_, at) => `line ${at}\r\n`).join("");
    const tail = new ReceivedTail();
    for (let at = 0; at < long.length; at += 7000) tail.push(bytes(long.slice(at, at + 7000)));
    const { kind, fresh } = tail.continuationIn(bytes(`${long}new`));
    assert.deepEqual([kind, text(fresh)], ["continues", "new"]);
  });

  it("shows no byte twice, wherever the connection broke", () => {
    assertProperty(
      property(
        uint8Array({ minLength: 40, maxLength: 400 }),
        nat(),
        nat(),
        (stream, cut, begin) => {
          const shown = 32 + (cut % (stream.length - 32));
          const from = begin % (shown - 31);
          const tail = new ReceivedTail();
          tail.push(stream.slice(0, shown));
          const { fresh } = tail.continuationIn(new Uint8Array(stream.slice(from)));
          assert.ok(fresh.length <= stream.length - shown);
          assert.deepEqual(text(fresh), text(stream.slice(stream.length - fresh.length)));
        },
      ),
    );
  });
});
