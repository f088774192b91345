/** A conductor's part for tests that kill it: starts a session below the folder given and waits for its end. */
import { aRequest, localProvider } from "./browser-session.ts";

const folder = process.argv[2] ?? "";
const signal = AbortSignal.timeout(60_000);
const place = await localProvider(folder).place(signal);
await place?.start(aRequest(), signal);
process.stdout.write("started\n");
setInterval(() => undefined, 60_000);
