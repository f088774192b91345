/**
 * One WebSocket with two kinds of traffic: binary frames are the RFB stream or the serial line and go to
 * whoever listens, text frames are the service's messages and go to the page. noVNC gets this
 * object as its raw channel (core/websock.js, attach), so that the page sees close code and reason,
 * which noVNC keeps to itself.
 */

/** The ClosedReason of a close from this side; the service repeats it. */
export const CLOSED_BY_US = "tenant_closed";

export interface ChannelClose {
  /** It had been open. */
  readonly opened: boolean;
  readonly code: number;
  readonly reason: string;
}

/** What the page hears. */
export interface ChannelListener {
  text(message: string): void;
  /** Called before noVNC learns of it, so that the last picture can be kept. */
  closed(close: ChannelClose): void;
}

/** The members noVNC checks for are own properties or those of the prototype: keep them on this class. */
export class ConsoleChannel {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #socket: WebSocket;
  #hears: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
  #opened = false;

  constructor(socket: WebSocket, listener: ChannelListener) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", (event) => {
      this.#opened = true;
      this.onopen?.(event);
    });
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (typeof event.data === "string") {
        listener.text(event.data);
        return;
      }
      if (event.data instanceof ArrayBuffer) this.#hears?.(new Uint8Array(event.data));
      this.onmessage?.(event);
    });
    socket.addEventListener("error", (event) => this.onerror?.(event));
    socket.addEventListener("close", (event) => {
      listener.closed({ opened: this.#opened, code: event.code, reason: event.reason });
      this.onclose?.(event);
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  get binaryType(): BinaryType {
    return this.#socket.binaryType;
  }

  /** noVNC sets "arraybuffer", which it is already. */
  set binaryType(type: BinaryType) {
    this.#socket.binaryType = type;
  }

  /** For a page without noVNC: what hears the binary frames. */
  hearBytes(hears: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined): void {
    this.#hears = hears;
  }

  /** Bytes given to `send` that the network has not taken. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Bytes for the machine. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  /** A session message, from the page; dropped when the socket is not open or does not speak them. */
  sendText(message: string): void {
    const speaksMessages = this.protocol === "baremetal-console.v1";
    if (speaksMessages && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  close(): void {
    this.#socket.close(1000, CLOSED_BY_US);
  }
}
