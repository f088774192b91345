/** The error table: one class a code, no class elsewhere, every code in use. */
import assert from "node:assert/strict";
import { CLOSED_REASONS } from "../../common/closed-reason.ts";
import { START_FAILURES } from "../../common/console-prelude.ts";
import { errorRows } from "../../tools/error-table.ts";
import { productSources, repositoryText } from "./repository.ts";

describe("errors", () => {
  it("have a code of their own each", () => {
    const codes = errorRows().map((row) => row.code);
    const again = codes.filter((code, index) => codes.indexOf(code) !== index);
    assert.deepEqual(again, []);
    assert.ok(codes.every((code) => /^[A-Z][A-Z0-9_]+$/.test(code)));
  });

  it("are all in docs/errors.md, and nothing else is", () => {
    const page = repositoryText("docs/errors.md");
    const documented = [...page.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map((match) => match[1] ?? "");
    const codes = errorRows().map((row) => row.code);
    const starts = Object.values(START_FAILURES);
    assert.deepEqual(documented.toSorted(), [...codes, ...starts].toSorted());
  });

  it("have HTTP statuses that are errors and WebSocket close codes that may be sent", () => {
    const sendable = (code: number): boolean =>
      code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
    const wrong = errorRows().filter(
      (row) => row.status < 400 || row.status > 599 || !sendable(row.closeCode),
    );
    assert.deepEqual(wrong, []);
  });

  it("fit into a close frame's reason text with their codes", () => {
    const texts = [
      ...errorRows().map((row) => row.code),
      ...Object.keys(CLOSED_REASONS),
      ...Object.values(START_FAILURES),
    ];
    assert.deepEqual(
      texts.filter((text) => Buffer.byteLength(text) > 123),
      [],
    );
  });

  it("get their facts in common/errors.ts only", () => {
    const elsewhere = productSources()
      .filter(({ path }) => path !== "common/errors.ts" && !path.startsWith("web/"))
      .filter(({ text }) =>
        /override readonly (?:code|status|closeCode|safe)\b|extends Error\b/.test(text),
      )
      .map(({ path }) => path);
    assert.deepEqual(elsewhere, []);
  });
});
