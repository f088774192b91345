/** QEMU's VNC server for tests: a machine without a disk, showing its BIOS; see vnc-servers.ts. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, isListening, ServerProcess } from "./server-process.ts";
import type { StartContext, Started } from "./vnc-servers.ts";

const FIRST_VNC_PORT = 5900;

/** Starts QEMU on a free port. */
export async function startQemu(context: StartContext): Promise<Started> {
  const port = context.port ?? (await freePort());
  const qemu = new ServerProcess("qemu-system-x86_64", qemuArgs(context, port));
  context.releasers.push("qemu", () => qemu.stop());
  await qemu.waitFor(`listener on port ${port}`, () => isListening(port));
  return { port, process: qemu };
}

function qemuArgs(context: StartContext, port: number): string[] {
  const { variant } = context;
  const args = ["-accel", "tcg", "-m", "32", "-display", "none", "-net", "none", "-vga", "std"];
  let vnc = `${context.host}:${port - FIRST_VNC_PORT},share=ignore`;
  if (variant.endsWith("vnc") || variant === "vncauth") {
    args.push("-object", `secret,id=vncsecret,file=${passwordFile(context)}`);
    vnc += ",password-secret=vncsecret";
  }
  if (variant.startsWith("x509")) {
    const folder = certificateFolder(context);
    args.push("-object", `tls-creds-x509,id=vnctls,dir=${folder},endpoint=server,verify-peer=off`);
    vnc += ",tls-creds=vnctls";
  } else if (variant.startsWith("tls")) {
    args.push("-object", "tls-creds-anon,id=vnctls,endpoint=server");
    vnc += ",tls-creds=vnctls";
  }
  return [...args, "-vnc", vnc, ...context.extraArgs];
}

function passwordFile(context: StartContext): string {
  const path = join(context.folder, "password");
  writeFileSync(path, context.password, { mode: 0o600 });
  return path;
}

function certificateFolder(context: StartContext): string {
  const folder = join(context.folder, "tls");
  mkdirSync(folder);
  copyFileSync(context.pki.caFile, join(folder, "ca-cert.pem"));
  copyFileSync(context.certificate.certFile, join(folder, "server-cert.pem"));
  copyFileSync(context.certificate.keyFile, join(folder, "server-key.pem"));
  return folder;
}
