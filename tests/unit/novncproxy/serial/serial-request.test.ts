import assert from "node:assert/strict";
import { TenantProtocolError } from "../../../../common/errors.ts";
import { readSerialRequest } from "../../../../novncproxy/serial/serial-request.ts";

describe("a viewer's request", () => {
  it("is read, without whatever else stands in it", () => {
    assert.deepEqual(readSerialRequest('{"type":"break"}'), { type: "break" });
    assert.deepEqual(readSerialRequest('{"type":"keep_open","x":1}'), { type: "keep_open" });
    assert.deepEqual(readSerialRequest('{"type":"take_control"}'), { type: "take_control" });
    assert.deepEqual(readSerialRequest('{"type":"replay","lines":20}'), {
      type: "replay",
      lines: 20,
    });
  });

  for (const text of [
    "",
    "break",
    "null",
    "[]",
    "{}",
    '{"type":"reboot"}',
    '{"type":"replay"}',
    '{"type":"replay","lines":-1}',
    '{"type":"replay","lines":1.5}',
    '{"type":"replay","lines":"20"}',
    '{"type":"replay","lines":1e12}',
  ])
    it(`is refused when it is ${text || "empty"}`, () => {
      assert.throws(() => readSerialRequest(text), TenantProtocolError);
    });
});
