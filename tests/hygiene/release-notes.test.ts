/** Release notes are in reno's format: its sections, in YAML simple enough to check without a parser. */
import assert from "node:assert/strict";
import { repositoryFiles } from "./repository.ts";

const SECTIONS = [
  "prelude",
  "features",
  "issues",
  "upgrade",
  "deprecations",
  "critical",
  "security",
  "fixes",
  "other",
];
const NAME = /^releasenotes\/notes\/[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{16}\.yaml$/;

describe("release notes", () => {
  const notes = repositoryFiles(["releasenotes/notes"]);

  it("exist", () => {
    assert.ok(notes.length > 0);
  });

  for (const { path, text } of notes)
    describe(path, () => {
      it("has a name that nobody else has", () => {
        assert.match(path, NAME);
      });

      it("begins with --- and ends with a newline", () => {
        assert.match(text, /^---\n/);
        assert.match(text, /[^\n]\n$/);
      });

      it("has only reno's sections, in reno's order", () => {
        const found = [...text.matchAll(/^([a-z_]+):/gm)].map((match) => match[1] ?? "");
        assert.ok(found.length > 0);
        assert.deepEqual(
          found,
          SECTIONS.filter((name) => found.includes(name)),
        );
      });

      it("has block texts only", () => {
        const wrong = text
          .split("\n")
          .slice(1)
          .filter(
            (line) => line !== "" && !/^(?:prelude: >|[a-z]+:| {2}- \|| {2,}\S.*)$/.test(line),
          );
        assert.deepEqual(wrong, []);
      });

      it("is written in sentences", () => {
        const paragraphs = text.split(/\n\n|\n {2}- \|\n/);
        const last = paragraphs.map((paragraph) => paragraph.trim().at(-1));
        assert.ok(
          last.slice(1).every((character) => /[.:`]/.test(character ?? "")),
          text,
        );
      });
    });
});
