/**
 * Where proxies knock: a socket file for each enabled node, or one TLS port whose client certificates tell
 * the nodes apart. Says nothing by itself and judges nobody but by file mode or certificate.
 */
import type { Duplex } from "node:stream";
import type { ConsoleEndpoint } from "../../base.ts";

/** How a proxy gets in: part of the endpoint. */
export type DoorAddress = Pick<ConsoleEndpoint, "transport" | "tls" | "credentials">;
export type OnKnock = (connection: Duplex) => void;

export interface Doors {
  /** Opening an open one changes only who answers. @throws {ConsoleError} {@link InvalidParameterValue} */
  open(uuid: string, onKnock: OnKnock): Promise<DoorAddress>;
  isOpen(uuid: string): boolean;
  /** Closing a closed one does nothing. Connections that are in stay. */
  close(uuid: string): Promise<void>;
  closeAll(): Promise<void>;
}
