/**
 * The iDRAC's attributes through `racadm` on its SSH command line, for iDRAC 7 and 8, whose Redfish has
 * none. racadm takes a new password as an argument and in no other way: it is inside the encrypted SSH
 * exec request and in the iDRAC's own process table for a moment, never in an argv of this machine.
 */
import { BmcFeatureMissing, Secret } from "../base.ts";
import type { SshConnection } from "../lib/ssh-exec.ts";
import {
  firmwareMajor,
  parseRacadmGroup,
  racadmArgument,
  racadmError,
  saysModified,
  tellsOfFailure,
} from "./racadm-language.ts";
import { LICENCE_HINT, setFirstTaken, type IdracTransport } from "./transport.ts";
import type { AttributeChange, FoundAttributes, RawValue } from "./values.ts";

const GROUP = "iDRAC.VNCServer";

export class RacadmAttributes implements IdracTransport {
  readonly kind = "racadm";
  readonly #ssh: Pick<SshConnection, "peer" | "run">;

  constructor(ssh: Pick<SshConnection, "peer" | "run">) {
    this.#ssh = ssh;
  }

  get peer(): string {
    return this.#ssh.peer;
  }

  async read(): Promise<FoundAttributes> {
    const output = await this.#ssh.run(`racadm get ${GROUP}`);
    const found = parseRacadmGroup(output);
    if (found["Enable"] !== undefined) return found;
    if (tellsOfFailure(output)) throw racadmError(output, `get ${GROUP}`, this.peer);
    throw new BmcFeatureMissing(`racadm on ${this.peer} knows no ${GROUP}.Enable: ${LICENCE_HINT}`);
  }

  async write(changes: readonly AttributeChange[]): Promise<void> {
    for (const change of changes) await this.#writeOne(change);
  }

  async isOldGeneration(): Promise<boolean> {
    const output = await this.#ssh.run("racadm getsysinfo");
    // FACT(iDRAC firmwares): those of iDRAC 7 and 8 are 1.x and 2.x, iDRAC9 begins at 3.
    return (firmwareMajor(output) ?? 0) < 3;
  }

  closedPortHint(): string {
    return "see VirtualConsole.AccessPrivilege too";
  }

  async #writeOne({ name, forms }: AttributeChange): Promise<void> {
    const what = `racadm on ${this.peer} refuses to set ${GROUP}.${name}`;
    await setFirstTaken(what, forms, async (form) => {
      const output = await this.#ssh.run(`racadm set ${GROUP}.${name} ${argumentOf(form)}`);
      if (saysModified(output)) return;
      const said = form instanceof Secret ? output.replaceAll(form.reveal(), String(form)) : output;
      throw racadmError(said, `set ${GROUP}.${name}`, this.peer);
    });
  }
}

function argumentOf(form: RawValue | Secret): string {
  return racadmArgument(form instanceof Secret ? form.reveal() : String(form));
}
