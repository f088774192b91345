/** The ComputerSystem of the iDRAC simulator: power that takes a moment, and a boot device. */

const PATH = "/redfish/v1/Systems/System.Embedded.1";
const RESETS: Readonly<Record<string, string>> = {
  On: "On",
  ForceOff: "Off",
  GracefulShutdown: "Off",
  ForceRestart: "On",
  GracefulRestart: "On",
  PowerCycle: "On",
};

export class FakeSystem {
  powerState = "Off";
  readonly resets: string[] = [];
  boot: Record<string, unknown> = {
    BootSourceOverrideTarget: "None",
    BootSourceOverrideEnabled: "Disabled",
  };
  /** Reads that still show the state before. */
  lag = 1;
  allowed = Object.keys(RESETS).concat("Nmi");
  #pending: { state: string; reads: number } | undefined;

  answer(
    method: string,
    path: string,
    text: string,
  ): { status: number; body?: unknown } | undefined {
    if (path === "/redfish/v1/Systems")
      return { status: 200, body: { Members: [{ "@odata.id": PATH }] } };
    if (path === PATH && method === "GET") return { status: 200, body: this.#read() };
    if (path === PATH && method === "PATCH") {
      const { Boot } = JSON.parse(text) as { Boot: Record<string, unknown> };
      this.boot = { ...this.boot, ...Boot };
      return { status: 200, body: {} };
    }
    if (path === `${PATH}/Actions/ComputerSystem.Reset` && method === "POST")
      return this.#reset(text);
    return undefined;
  }

  #read(): object {
    if (this.#pending && this.#pending.reads-- <= 0) {
      this.powerState = this.#pending.state;
      this.#pending = undefined;
    }
    return {
      "@odata.id": PATH,
      PowerState: this.powerState,
      Boot: this.boot,
      Actions: {
        "#ComputerSystem.Reset": {
          target: `${PATH}/Actions/ComputerSystem.Reset`,
          "ResetType@Redfish.AllowableValues": this.allowed,
        },
      },
    };
  }

  #reset(text: string): { status: number } {
    const { ResetType } = JSON.parse(text) as { ResetType: string };
    if (!this.allowed.includes(ResetType)) return { status: 400 };
    this.resets.push(ResetType);
    const state = RESETS[ResetType];
    if (state !== undefined) this.#pending = { state, reads: this.lag };
    return { status: 204 };
  }
}
