import assert from "node:assert/strict";
import {
  bootDeviceCommand,
  bootDeviceIn,
  bootHabits,
} from "../../../../drivers/ipmitool/boot-flags.ts";

const bios = bootHabits({ capabilities: "cpu_vt:true, boot_mode:bios" });
const uefi = bootHabits({});
const supermicro = bootHabits({ vendor: "Supermicro", capabilities: { boot_mode: "uefi" } });

describe("boot flags", () => {
  it("are for UEFI unless the node's capabilities say BIOS", () => {
    assert.deepEqual([bios.mode, uefi.mode, supermicro.mode], ["bios", "uefi", "uefi"]);
    assert.deepEqual([uefi.isSupermicro, supermicro.isSupermicro], [false, true]);
  });

  // The commands of Ironic's drivers/modules/ipmitool.py, word for word.
  for (const [habits, device, persistent, command] of [
    [bios, "pxe", false, "chassis bootdev pxe"],
    [bios, "disk", true, "chassis bootdev disk options=persistent"],
    [uefi, "pxe", false, "raw 0x00 0x08 0x05 0xa0 0x04 0x00 0x00 0x00"],
    [uefi, "disk", true, "raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00"],
    [uefi, "cdrom", true, "raw 0x00 0x08 0x05 0xe0 0x14 0x00 0x00 0x00"],
    [uefi, "bios", false, "raw 0x00 0x08 0x05 0xa0 0x18 0x00 0x00 0x00"],
    [uefi, "safe", false, "raw 0x00 0x08 0x05 0xa0 0x0c 0x00 0x00 0x00"],
    [supermicro, "disk", false, "raw 0x00 0x08 0x05 0xa0 0x24 0x00 0x00 0x00"],
    [supermicro, "pxe", false, "raw 0x00 0x08 0x05 0xa0 0x04 0x00 0x00 0x00"],
  ] as const)
    it(`of ${device}${persistent ? " for ever" : " once"} are set by ${command}`, () => {
      assert.equal(bootDeviceCommand(device, persistent, habits).join(" "), command);
    });

  for (const [data, habits, bootDevice, persistent] of [
    ["8004000000", uefi, "pxe", false],
    ["e008000000", uefi, "disk", true],
    ["c014000000", bios, "cdrom", true],
    ["a018000000", uefi, "bios", false],
    ["800c000000", uefi, "safe", false],
    ["a024000000", supermicro, "disk", false],
    ["a024000000", uefi, null, null],
    ["802c000000", uefi, "disk", false],
    ["0000000000", uefi, null, null],
  ] as const)
    it(`${data} mean ${bootDevice}`, () => {
      const output = `Boot parameter version: 1\nBoot parameter 5 is valid/unlocked\nBoot parameter data: ${data}\n Boot Flags :\n`;
      assert.deepEqual(bootDeviceIn(output, habits), { bootDevice, persistent });
    });

  it("mean nothing in an answer of another shape", () => {
    assert.deepEqual(bootDeviceIn("Boot parameter data: zz\n", uefi), {
      bootDevice: null,
      persistent: null,
    });
  });
});
