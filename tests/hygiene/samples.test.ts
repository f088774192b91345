/** Generated files are what their generators make. */
import assert from "node:assert/strict";
import { loadConfig } from "../../common/config/load.ts";
import { parseIni } from "../../common/config/ini.ts";
import { OPTIONS } from "../../common/config/options.ts";
import { parseOptionValue } from "../../common/config/value.ts";
import type { OptionTable } from "../../common/config/option.ts";
import { GENERATED } from "../../tools/generated.ts";
import { repositoryText } from "./repository.ts";

describe("generated files", () => {
  for (const [path, generate] of Object.entries(GENERATED))
    it(`include ${path}, in step with its generator`, () => {
      assert.equal(repositoryText(path), generate(), `run npm run samples to write ${path}`);
    });

  it("include a sample configuration whose every line, made active, is that option's default", () => {
    const text = repositoryText("etc/baremetal-console.conf.sample");
    const active = text.replace(/^#(\w+ = ?.*)$/gm, "$1");
    const { entries, mistakes } = parseIni(active);
    assert.deepEqual(mistakes, []);
    const table: OptionTable = OPTIONS;
    const expected = Object.entries(table).flatMap(([group, options]) =>
      Object.entries(options).map(([name, option]) => [group, name, option.default]),
    );
    const found = entries.map(({ group, name, value }) => {
      const option = table[group]?.[name];
      assert.ok(option, `[${group}]${name}`);
      const parsed = parseOptionValue(option, value);
      return [group, name, "value" in parsed ? parsed.value : parsed.mistake];
    });
    assert.deepEqual(found, expected);
  });

  it("leave no option without help", () => {
    const table: OptionTable = OPTIONS;
    const silent = Object.entries(table).flatMap(([group, options]) =>
      Object.entries(options)
        .filter(([, option]) => option.help.length < 15 || !option.help.endsWith("."))
        .map(([name]) => `[${group}]${name}`),
    );
    assert.deepEqual(silent, []);
  });

  it("load as a configuration of defaults", () => {
    assert.equal(loadConfig({ environment: {} }).vnc.port, 6090);
  });
});
