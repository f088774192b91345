import driver from "../../drivers/no-console/console.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";

describeConsoleInterface({ module: driver, driverInfo: {}, refusesEverything: true });
