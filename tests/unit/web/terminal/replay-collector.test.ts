import assert from "node:assert/strict";
import { ReplayCollector } from "../../../../web/terminal/replay-collector.ts";

function collect(act: (collector: ReplayCollector) => void): string[] {
  const heard: string[] = [];
  const say = (kind: string) => (bytes: Uint8Array) =>
    heard.push(`${kind} ${Buffer.from(bytes).toString()}`);
  act(new ReplayCollector({ live: say("live"), replay: say("replay") }));
  return heard;
}
const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

describe("bytes of a line", () => {
  it("are live unless scrollback was announced", () => {
    assert.deepEqual(
      collect((collector) => collector.push(bytes("a"))),
      ["live a"],
    );
  });

  it("are scrollback for as many as were announced, wherever frames begin and end", () => {
    const heard = collect((collector) => {
      collector.expect(5);
      collector.push(bytes("ab"));
      collector.push(bytes("cdeLIVE"));
      collector.push(bytes("more"));
    });
    assert.deepEqual(heard, ["replay abcde", "live LIVE", "live more"]);
  });

  it("are scrollback of nothing when the line was silent", () => {
    assert.deepEqual(
      collect((collector) => collector.expect(0)),
      ["replay "],
    );
  });

  it("can be asked for again later", () => {
    const heard = collect((collector) => {
      collector.expect(1);
      collector.push(bytes("a"));
      collector.expect(2);
      collector.push(bytes("bcd"));
    });
    assert.deepEqual(heard, ["replay a", "replay bc", "live d"]);
  });
});
