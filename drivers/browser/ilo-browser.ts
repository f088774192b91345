/** Console interface `ilo-browser`: the integrated remote console of HPE's iLO, in a browser of ours. */
import { browserConsoleModule } from "./console.ts";

export default browserConsoleModule("ilo-browser", "ilo");
