/** An HTTP server on loopback that has one image, with or without ranges, and counts who asks. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash, randomBytes } from "node:crypto";

export interface ImageHttp {
  readonly url: string;
  readonly port: number;
  readonly content: Buffer;
  readonly sha256: string;
  readonly requests: string[];
  stop(): Promise<void>;
}

/** @param answer instead of the image, whole with 200 or a part with 206 */
export async function startImageHttp(
  size = 1_000_000,
  answer?: (content: Buffer) => RequestListener,
): Promise<ImageHttp> {
  const content = randomBytes(size);
  const requests: string[] = [];
  const special = answer?.(content);
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (special) return special(request, response);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!range) return void response.writeHead(200, { "content-length": size }).end(content);
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), size - 1)];
    return void response
      .writeHead(206, { "content-range": `bytes ${first}-${last}/${size}` })
      .end(content.subarray(first, last + 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/images/test.iso`,
    port,
    content,
    sha256: createHash("sha256").update(content).digest("hex"),
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
