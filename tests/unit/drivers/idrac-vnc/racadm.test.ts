import assert from "node:assert/strict";
import { BmcProtocolError } from "../../../../common/errors.ts";
import { Secret } from "../../../../common/secret.ts";
import { RacadmAttributes } from "../../../../drivers/idrac-vnc/racadm.ts";
import { NASTY, UNFIT } from "../../../helpers/hostile-redfish.ts";

/** The most that an SSH command's output may have (drivers/lib/ssh-exec.ts). */
const MOST = 64 * 1024;

function racadm(output: string): RacadmAttributes {
  return new RacadmAttributes({ peer: "192.0.2.1:22", run: async () => output });
}

async function messageFrom(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "",
    (error: Error) => error.message,
  );
}

describe("racadm", () => {
  for (const [output, old] of [
    ["RAC Information:\r\nFirmware Version        = 2.65.65.65\r\n", true],
    ["  firmware version\t=\t3.36.36.36", false],
    ["Firmware Version = 6.10.30.00\nFirmware Version = 1.0", false],
    ["Last Firmware Version = 6.10.30.00", true],
    ["", true],
  ] as const)
    it(`takes ${JSON.stringify(output)} for ${old ? "an old" : "a new"} iDRAC`, async () => {
      assert.equal(await racadm(output).isOldGeneration(), old);
    });

  for (const piece of [
    "\n",
    " ",
    "\r",
    "\t\n",
    "Firmware Version",
    "Firmware Version ",
    "Firmware Version\n",
    "=",
    "#!",
    "a=",
    "Enable=\n",
    "ERROR ",
    "maximum number of ",
    "RAC9",
    "\u001b[",
  ])
    it(`is done at once with an output full of ${JSON.stringify(piece)}`, async () => {
      const output = piece.repeat(MOST / piece.length);
      const port = { name: "Port", forms: [5901, "5901"] } as const;
      const begin = performance.now();
      await racadm(output).isOldGeneration();
      const messages = [
        await messageFrom(racadm(output).read()),
        await messageFrom(racadm(output).write([port])),
      ];
      assert.ok(performance.now() - begin < 300);
      for (const message of messages) assert.ok(message.length < 600);
    });

  it("repeats an answer escaped and bounded", async () => {
    const change = { name: "Port", forms: [5901] } as const;
    for (const output of [`ERROR: ${NASTY.replace("\r\n", " ")}`, NASTY]) {
      const message = await messageFrom(racadm(output).write([change]));
      assert.doesNotMatch(message, UNFIT);
      assert.ok(message.length < 600);
    }
  });

  it("does not repeat a password, not even where the answer is cut", async () => {
    const password = new Secret("Aa1+._@-");
    for (let before = 150; before < 320; before += 1) {
      const output = `ERROR: ${"x".repeat(before)}${password.reveal()}`;
      const change = { name: "Password", forms: [password] } as const;
      assert.doesNotMatch(await messageFrom(racadm(output).write([change])), /Aa1/);
    }
  });

  it("remembers nothing but the attributes that are put back or asked for", async () => {
    const more = Array.from({ length: 100 }, (_, index) => `Extra${index}=1`);
    const lines = ["Enable=Disabled", "#ActiveSessions=0", `Port=${"5".repeat(9999)}`, ...more];
    const found = await racadm(lines.join("\r\n")).read();
    assert.deepEqual(found, { Enable: "Disabled", ActiveSessions: "0" });
  });

  it("tries the forms of a value until one is taken, and says what the last was refused with", async () => {
    const tried: string[] = [];
    const answers = ["ERROR: RAC947: Invalid object value specified.", "ERROR: RAC947: again"];
    const transport = new RacadmAttributes({
      peer: "192.0.2.1:22",
      run: async (command) => {
        tried.push(command);
        return answers[tried.length - 1] ?? "Object value modified successfully";
      },
    });
    await transport.write([{ name: "Enable", forms: [1, "Enabled", "on"] }]);
    assert.deepEqual(
      tried.map((command) => command.split(" ").at(-1)),
      ["1", "Enabled", "on"],
    );
    tried.length = 0;
    await assert.rejects(
      transport.write([{ name: "Enable", forms: [1, "Enabled"] }]),
      (error) => error instanceof BmcProtocolError && /Enable.*RAC947: again/.test(error.message),
    );
  });
});
