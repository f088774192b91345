import driver from "../../drivers/fake/console.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";

describeConsoleInterface({ module: driver, driverInfo: {}, endpointAnswers: false });
