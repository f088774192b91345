/** The generated files of the repository: written by tools/samples.ts, compared by a hygiene test. */
import { sampleConfig } from "../common/config/sample.ts";
import { DRIVER_PAGES } from "./driver-docs.ts";
import { errorsPage } from "./error-table.ts";

/** Path below the repository's root: its generator. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "etc/baremetal-console.conf.sample": () => sampleConfig(),
  "docs/errors.md": errorsPage,
  ...DRIVER_PAGES,
};
