/** A folder as an operator has one: a configuration file, and npm packages beside it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../../common/package-root.ts";

export const EXAMPLE_DRIVER = join(packageRoot(), "tests/fixtures/example-driver");
/** Root of the compiled tree that this test runs from. */
const BUILT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

export class OperatorFolder {
  readonly path = mkdtempSync(join(tmpdir(), "bmc-packages-"));
  readonly configFile = join(this.path, "baremetal-console.conf");

  /** Puts an npm package there. */
  install(name: string, code: string, packageJson: object = {}): void {
    const folder = join(this.path, "node_modules", name);
    mkdirSync(folder, { recursive: true });
    const manifest = { name, version: "1.0.0", type: "module", exports: "./index.js" };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, ...packageJson }));
    writeFileSync(join(folder, "index.js"), code);
  }

  /** Puts this service's package there, as built for this test run. */
  installService(): void {
    const folder = join(this.path, "node_modules/baremetal-console");
    mkdirSync(folder, { recursive: true });
    symlinkSync(BUILT, join(folder, "dist"));
    const exports = {
      ".": "./dist/drivers/base.js",
      "./testing": "./dist/drivers/testing/contract.js",
    };
    const manifest = { name: "baremetal-console", version: "0.1.0", type: "module", exports };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  }

  /** @returns the example package's folder */
  installExample(): string {
    this.installService();
    const folder = join(this.path, "node_modules/acme-kvm-console-driver");
    cpSync(EXAMPLE_DRIVER, folder, { recursive: true });
    return folder;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
