/** What every management interface answers to a boot device that it cannot set, in Ironic's words. */
import { InvalidParameterValue } from "../base.ts";
import { printable } from "../../common/printable.ts";

export function invalidBootDevice(device: string): InvalidParameterValue {
  return new InvalidParameterValue(`Invalid boot device ${printable(device)} specified.`);
}
