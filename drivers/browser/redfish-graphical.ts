/**
 * Console interface `redfish-graphical`: the screen that a BMC shows in its own web page, whoever made it,
 * in a browser of ours. Which BMC it is, it finds out.
 */
import { browserConsoleModule } from "./console.ts";

export default browserConsoleModule("redfish-graphical", undefined);
