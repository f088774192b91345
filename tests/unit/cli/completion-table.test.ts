import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { completionTable } from "../../../cli/completion-table.ts";
import { buildProgram } from "../../../cli/program.ts";
import { systemClock } from "../../../common/clock.ts";

describe("what completion knows", () => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const program = buildProgram({ env: {}, stdin, stdout, stderr, clock: systemClock });
  const table = completionTable(program);
  const of = (path: string) => table.commands.find((command) => command.path === path);

  it("are all commands, but not the hidden ones", () => {
    for (const name of ["login", "power", "sensors", "log", "boot-device", "nmi", "console"])
      assert.ok(of("")?.children.includes(name), name);
    assert.ok(of("console")?.children.includes("attach"));
    assert.ok(!of("")?.children.includes("complete-nodes"));
  });

  it("is where names of nodes may stand", () => {
    assert.deepEqual(
      of("power")?.places.map(({ nodes, repeated }) => [nodes, repeated]),
      [[true, true]],
    );
    assert.ok(of("power")?.places[0]?.words.includes("cycle"));
    assert.deepEqual(
      of("boot-device")?.places.map(({ nodes, words }) => [nodes, words.includes("pxe")]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it("is which options are followed by a value", () => {
    assert.ok(table.valueOptions.includes("--url") && table.valueOptions.includes("-o"));
    assert.ok(!table.valueOptions.includes("--json"));
  });

  it("needs no quotes in a script", () => {
    const words = table.commands.flatMap(({ path, children, options, places }) => [
      ...(path === "" ? [] : path.split(" ")),
      ...children,
      ...options,
      ...places.flatMap((place) => place.words),
    ]);
    assert.deepEqual(
      words.filter((word) => !/^[a-z0-9-]+$/.test(word)),
      [],
    );
  });

  for (const { path } of table.commands)
    it(`"${path || "bmcon"}" is explained`, () => {
      let command = program;
      for (const name of path === "" ? [] : path.split(" "))
        command = command.commands.find((child) => child.name() === name) ?? command;
      assert.notEqual(command.description(), "");
      let text = "";
      command.configureOutput({ writeOut: (part) => (text += part) });
      if (command.commands.length > 0) return;
      command.outputHelp();
      assert.match(text, new RegExp(`Examples:\n  bmcon ${path}`));
    });
});
