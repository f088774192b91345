import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../common/package-root.ts";
import { BUILTIN_DRIVERS, HARDWARE_TYPES } from "../../drivers/index.ts";
import { DRIVER_PAGES, optionTable } from "../../tools/driver-docs.ts";

const read = (path: string): string => readFileSync(join(packageRoot(), path), "utf8");

describe("the pages about drivers", () => {
  for (const [path, generate] of Object.entries(DRIVER_PAGES))
    it(`show in ${path} the options that the driver has (else: npm run samples)`, () => {
      assert.equal(read(path), generate());
    });

  it("name every hardware type and every interface", () => {
    const page = read("docs/drivers/README.md");
    const names = [HARDWARE_TYPES, ...Object.values(BUILTIN_DRIVERS)].flatMap(Object.keys);
    for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
  });

  it("exist for every console interface with options", async () => {
    for (const [name, load] of Object.entries(BUILTIN_DRIVERS.console)) {
      const { default: driver } = await load();
      if (Object.keys(driver.schema.properties).length === 0) continue;
      assert.ok(existsSync(join(packageRoot(), `docs/drivers/${name}.md`)), name);
    }
  });
});

describe("optionTable", () => {
  it("shows what is required, secret, a default, a choice and a range", () => {
    const table = optionTable({
      type: "object",
      required: ["a"],
      properties: {
        a: { type: "string", secret: true, description: "One | two." },
        b: { type: "integer", minimum: 1, maximum: 9, default: 5, description: "B." },
        c: { type: "string", enum: ["x", "y"], description: "C." },
        d: { type: ["boolean", "string"], default: false, description: "D." },
      },
    });
    assert.equal(
      table,
      [
        "| option | value             | default  | meaning     |",
        "| ------ | ----------------- | -------- | ----------- |",
        "| `a`    | string, secret    | required | One \\| two. |",
        "| `b`    | integer 1 to 9    | `5`      | B.          |",
        "| `c`    | `x`, `y`          |          | C.          |",
        "| `d`    | boolean or string | `false`  | D.          |",
      ].join("\n"),
    );
  });
});
