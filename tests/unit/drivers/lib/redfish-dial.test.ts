import assert from "node:assert/strict";
import { connect } from "node:net";
import { BmcCertificateInvalid, BmcUnreachable } from "../../../../drivers/base.ts";
import { RedfishClient } from "../../../../drivers/lib/redfish-client.ts";
import { redfishAccess } from "../../../../drivers/lib/redfish-options.ts";
import type { RedfishDial } from "../../../../drivers/lib/redfish-agent.ts";
import { startRedfishServer, type RedfishServer } from "../../../helpers/redfish-server.ts";

describe("a Redfish client with a way of its own to the BMC", () => {
  let server: RedfishServer;
  let dialled: { readonly host: string; readonly port: number }[];
  before(async () => {
    server = await startRedfishServer("secret", (request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ asked: `${request.method} ${request.url}` }));
    });
  });
  after(async () => await server.stop());
  beforeEach(() => (dialled = []));

  /** Leads to the server wherever it is asked to go. */
  const dial: RedfishDial = async (destination) => {
    dialled.push(destination);
    const port = Number(server.driverInfo.redfish_address.split(":")[1]);
    return await Promise.resolve(connect(port, "127.0.0.1"));
  };
  const ask = (way: RedfishDial, more: object = {}): Promise<unknown> =>
    RedfishClient.with(
      redfishAccess({
        ...server.driverInfo,
        redfish_verify_ca: true,
        redfish_auth_type: "basic",
        redfish_address: "bmc.invalid:8443",
        ...more,
      }),
      { signal: new AbortController().signal, requestLimitMs: 5000, dial: way },
      async (client) => (await client.delete("/redfish/v1/x")).body["asked"],
    );

  it("goes that way and no other", async () => {
    assert.equal(await ask(dial), "DELETE /redfish/v1/x");
    assert.deepEqual(dialled, [{ host: "bmc.invalid", port: 8443 }]);
  });

  it("judges the certificate there too", async () => {
    await assert.rejects(
      ask(dial, { redfish_tls_fingerprint: "ab".repeat(32) }),
      BmcCertificateInvalid,
    );
  });

  it("fails as the way fails", async () => {
    await assert.rejects(
      ask(() => Promise.reject(new BmcUnreachable("no route from there"))),
      /no route from there/,
    );
  });
});
