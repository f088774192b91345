/** A conductor's part that a test kills: starts one session in a container, says so, and waits for its end. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../common/config/load.ts";
import { silentLogger } from "../../common/log.ts";
import { createContainerProvider } from "../../drivers/browser/providers/container/container-provider.ts";
import { aRequest, sessionId } from "./browser-session.ts";
import { TEST_IMAGE, TEST_VOLUMES } from "./podman-service.ts";

const [socket = "", parent = ""] = process.argv.slice(2);
const folder = join(parent, "sessions", "killed");
mkdirSync(folder, { recursive: true });
const config = loadConfig({
  overrides: {
    "browser.provider": "container",
    "browser.container_engine": `unix://${socket}`,
    "browser.container_image": TEST_IMAGE,
    "browser.container_volumes": TEST_VOLUMES,
  },
});
const provider = createContainerProvider({
  config,
  log: silentLogger(),
  conductor: "killed",
  folder,
});
const signal = AbortSignal.timeout(60_000);
const place = await provider.place(signal);
const session = await place?.start(aRequest({ id: sessionId() }), signal);
console.log("started");
await session?.ended;
