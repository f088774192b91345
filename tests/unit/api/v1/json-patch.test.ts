/** JSON Patch: examples of RFC 6902 appendix A, and random documents against an inverse oracle. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { applyPatch, parsePatch } from "../../../../api/v1/json-patch.ts";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import type { Json, JsonObject } from "../../../../common/node.ts";

const apply = (document: JsonObject, patch: Json): JsonObject =>
  applyPatch(document, parsePatch(patch));

describe("applyPatch", () => {
  /* RFC 6902 appendix A: A.1 to A.5, A.16; A.12 and A.9 are refusals. */
  const examples: readonly (readonly [string, JsonObject, Json, JsonObject])[] = [
    [
      "adds an object member (A.1)",
      { foo: "bar" },
      [{ op: "add", path: "/baz", value: "qux" }],
      { foo: "bar", baz: "qux" },
    ],
    [
      "adds an array element (A.2)",
      { foo: ["bar", "baz"] },
      [{ op: "add", path: "/foo/1", value: "qux" }],
      { foo: ["bar", "qux", "baz"] },
    ],
    [
      "removes an object member (A.3)",
      { baz: "qux", foo: "bar" },
      [{ op: "remove", path: "/baz" }],
      { foo: "bar" },
    ],
    [
      "removes an array element (A.4)",
      { foo: ["bar", "qux", "baz"] },
      [{ op: "remove", path: "/foo/1" }],
      { foo: ["bar", "baz"] },
    ],
    [
      "replaces a value (A.5)",
      { baz: "qux", foo: "bar" },
      [{ op: "replace", path: "/baz", value: "boo" }],
      { baz: "boo", foo: "bar" },
    ],
    [
      "adds a nested member object (A.10)",
      { foo: "bar" },
      [{ op: "add", path: "/child", value: { grandchild: {} } }],
      { foo: "bar", child: { grandchild: {} } },
    ],
    [
      "adds an array value at the end (A.16)",
      { foo: ["bar"] },
      [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
      { foo: ["bar", ["abc", "def"]] },
    ],
  ];
  for (const [what, document, patch, expected] of examples)
    it(what, () => assert.deepEqual(apply(document, patch), expected));

  const refusals: readonly (readonly [string, JsonObject, Json, RegExp])[] = [
    [
      "adding to a nonexistent target (A.12)",
      { foo: "bar" },
      [{ op: "add", path: "/baz/bat", value: "qux" }],
      /member 'baz' not found/,
    ],
    [
      "replacing what is not there",
      { foo: 1 },
      [{ op: "replace", path: "/bar", value: 1 }],
      /can't replace a non-existent object 'bar'/,
    ],
    [
      "an index beyond the end",
      { foo: [1] },
      [{ op: "add", path: "/foo/2", value: 1 }],
      /outside of the list/,
    ],
    [
      "an index with a leading zero",
      { foo: [1, 2] },
      [{ op: "remove", path: "/foo/01" }],
      /not a valid sequence index/,
    ],
    [
      "the end as a source",
      { foo: [1] },
      [{ op: "remove", path: "/foo/-" }],
      /valid sequence index/,
    ],
    [
      "a path through a string",
      { foo: "bar" },
      [{ op: "add", path: "/foo/length", value: 1 }],
      /not inside an object or a list/,
    ],
    [
      "a path through an inherited member",
      { foo: {} },
      [{ op: "add", path: "/foo/constructor/x", value: 1 }],
      /member 'constructor' not found/,
    ],
  ];
  for (const [what, document, patch, reason] of refusals)
    it(`refuses ${what}`, () => {
      assert.throws(
        () => apply(document, patch),
        (error: Error) => {
          assert.ok(error instanceof InvalidParameterValue);
          assert.match(error.message, /^Couldn't apply patch '\[.*\]'\. Reason: /);
          assert.match(error.message, reason);
          return true;
        },
      );
    });

  it("leaves its input alone", () => {
    const document: JsonObject = { extra: { a: [1] } };
    apply(document, [{ op: "add", path: "/extra/a/-", value: 2 }]);
    assert.deepEqual(document, { extra: { a: [1] } });
  });

  it("restores any document when what was added is removed again", () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), key, fc.jsonValue(), (extra, name, value) => {
        const document = { extra } as JsonObject;
        fc.pre(!Object.hasOwn(extra, name));
        const after = apply(document, [
          { op: "add", path: `/extra/${name}`, value: value as Json },
          { op: "remove", path: `/extra/${name}` },
        ]);
        assert.deepEqual(structuredClone(after), structuredClone(document));
      }),
    );
  });

  it("never changes Object's prototype, whatever the patch", () => {
    const names = Object.getOwnPropertyNames(Object.prototype).sort();
    const segment = fc.constantFrom(
      "extra",
      "__proto__",
      "constructor",
      "prototype",
      "a",
      "0",
      "-",
    );
    const operation = fc.record({
      op: fc.constantFrom("add", "replace", "remove"),
      path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
      value: fc.constant("x"),
    });
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 5 }), (patch) => {
        try {
          apply({ extra: { a: [{}] } }, patch);
        } catch (error) {
          assert.ok(error instanceof InvalidParameterValue, String(error));
        }
        assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), names);
      }),
    );
  });

  it("answers anything that is no patch with an InvalidParameterValue", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        assert.throws(() => apply({}, [body as Json, body as Json]), InvalidParameterValue);
      }),
    );
  });
});
