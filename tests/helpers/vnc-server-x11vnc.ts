/**
 * x11vnc over Xvfb, and TLS from the first byte around an Xvnc, which is what "VNC with SSL" means on
 * several BMCs; see vnc-servers.ts.
 */
import { freePort, isListening, ServerProcess } from "./server-process.ts";
import { displayOf, runPrograms, startXvnc, writeRfbAuthFile } from "./vnc-server-xvnc.ts";
import type { StartContext, Started } from "./vnc-servers.ts";

/** Starts x11vnc on an Xvfb of its own. */
export async function startX11vnc(context: StartContext): Promise<Started> {
  const port = context.port ?? (await freePort());
  const screen = ["-screen", "0", `${context.geometry}x24`, "-noreset", "-nolisten", "tcp"];
  const xvfb = new ServerProcess("Xvfb", ["-displayfd", "3", ...screen], { extraPipes: 1 });
  context.releasers.push("Xvfb", () => xvfb.stop());
  const display = await displayOf(xvfb);
  const args = ["-display", display, "-rfbport", `${port}`, "-listen", context.host, "-no6"];
  args.push("-forever", "-shared", "-noxdamage", "-quiet", "-rfbauth", writeRfbAuthFile(context));
  if (context.variant === "ssl")
    args.push("-ssl", context.certificate.bothFile, "-vencrypt", "never", "-anontls", "never");
  const x11vnc = new ServerProcess("x11vnc", [...args, ...context.extraArgs]);
  context.releasers.push("x11vnc", () => x11vnc.stop());
  await x11vnc.waitFor(`listener on port ${port}`, () => isListening(port));
  runPrograms(context, display);
  return { port, display, process: x11vnc };
}

/** Starts an Xvnc with VNC authentication and socat's TLS in front of it. */
export async function startTlsWrapped(context: StartContext): Promise<Started> {
  const inner = await startXvnc({ ...context, variant: "vncauth", port: undefined });
  const port = context.port ?? (await freePort());
  let listen = `OPENSSL-LISTEN:${port},bind=${context.host},reuseaddr,fork,verify=0`;
  listen += `,cert=${context.certificate.bothFile}`;
  if (context.variant === "tls10")
    listen +=
      ",openssl-min-proto-version=TLS1.0,openssl-max-proto-version=TLS1.0,cipher=ALL:@SECLEVEL=0";
  const socat = new ServerProcess("socat", [listen, `TCP:${context.host}:${inner.port}`]);
  context.releasers.push("socat", () => socat.stop());
  await socat.waitFor(`listener on port ${port}`, () => isListening(port));
  return { ...inner, port };
}
