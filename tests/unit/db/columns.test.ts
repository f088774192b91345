import assert from "node:assert/strict";
import { RowMapper, columnName } from "../../../db/columns.ts";

interface Sample {
  readonly plainText: string | null;
  readonly someJson: unknown;
  readonly isSet: boolean | null;
  readonly madeAt: number | null;
}
const mapper = new RowMapper<Sample>({
  plainText: "text",
  someJson: "json",
  isSet: "boolean",
  madeAt: "time",
});

describe("columns", () => {
  it("are named in snake case", () => {
    assert.equal(columnName("driverInternalInfo"), "driver_internal_info");
    assert.equal(columnName("uuid"), "uuid");
  });

  it("are read alike from both dialects' rows", () => {
    const expected = { plainText: "x", someJson: [1], isSet: true, madeAt: 5 };
    for (const isSet of [true, 1])
      assert.deepEqual(
        mapper.fromRow({ id: 7, plain_text: "x", some_json: "[1]", is_set: isSet, made_at: 5 }),
        expected,
      );
  });

  it("keep null apart from false, zero and JSON's null", () => {
    const row = { plain_text: null, some_json: null, is_set: null, made_at: null };
    const nulls = { plainText: null, someJson: null, isSet: null, madeAt: null };
    assert.deepEqual(mapper.fromRow(row), nulls);
    assert.deepEqual(mapper.toRow(nulls), row);
    assert.deepEqual(mapper.fromRow({ ...row, is_set: 0, made_at: 0 }), {
      ...nulls,
      isSet: false,
      madeAt: 0,
    });
  });

  it("leave out what is undefined or not in the table", () => {
    const more = { madeAt: 1, isSet: undefined, constructor: 1, unknown: 2 };
    assert.deepEqual(mapper.toRow(more as unknown as Partial<Sample>), { made_at: 1 });
  });
});
