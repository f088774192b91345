import { createServer, type AddressInfo, type Server } from "node:net";
import driver from "../../drivers/tcp-serial/console.ts";
import { describeConsoleInterface } from "../../drivers/testing/contract.ts";

describe("the tcp-serial driver before a terminal server", () => {
  let server: Server;
  before((done) => {
    server = createServer((socket) => socket.on("error", () => socket.destroy()).resume());
    server.listen(0, "127.0.0.1", done);
  });
  after((done) => {
    server.close(done);
  });
  const at = (port: number): { serial_address: string; serial_port: number } => ({
    serial_address: "127.0.0.1",
    serial_port: port,
  });
  describeConsoleInterface({
    module: driver,
    driverInfo: () => at((server.address() as AddressInfo).port),
    /* tcpmux: nobody listens there */
    brokenDriverInfo: () => at(1),
  });
});
