/** TigerVNC's Xvnc for tests; see vnc-servers.ts. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakePamLibrary } from "./fake-pam.ts";
import { freePort, isListening, ServerProcess } from "./server-process.ts";
import type { StartContext, Started } from "./vnc-servers.ts";

const SECURITY_TYPES: Readonly<Record<string, string>> = {
  none: "None",
  vncauth: "VncAuth",
  tlsnone: "TLSNone",
  tlsvnc: "TLSVnc",
  x509none: "X509None",
  x509vnc: "X509Vnc",
  plain: "Plain",
  tlsplain: "TLSPlain",
  x509plain: "X509Plain",
  many: "X509Vnc,TLSVnc,VncAuth,None",
};

/** Starts Xvnc on a free display and port. */
export async function startXvnc(context: StartContext): Promise<Started> {
  const port = context.port ?? (await freePort());
  const xvnc = new ServerProcess("Xvnc", xvncArgs(context, port), {
    env: xvncEnvironment(context),
    extraPipes: 1,
  });
  context.releasers.push("Xvnc", () => xvnc.stop());
  const display = await displayOf(xvnc);
  await xvnc.waitFor(`listener on port ${port}`, () => isListening(port));
  runPrograms(context, display);
  return { port, display, process: xvnc };
}

function xvncArgs(context: StartContext, port: number): string[] {
  const { host, geometry, certificate } = context;
  const args = ["-displayfd", "3", "-rfbport", `${port}`, "-interface", host, "-localhost=0"];
  args.push("-geometry", geometry, "-depth", "24", "-AlwaysShared", "-desktop", context.kind);
  args.push("-SecurityTypes", SECURITY_TYPES[context.variant] ?? "None", "-noreset");
  args.push("-X509Cert", certificate.certFile, "-X509Key", certificate.keyFile);
  args.push("-PlainUsers", context.username, "-nolisten", "tcp", "-BlacklistThreshold", "1000");
  if (/vnc|many/.test(context.variant)) args.push("-rfbauth", writeRfbAuthFile(context));
  return [...args, ...context.extraArgs];
}

/** FACT(TigerVNC): the Plain types ask PAM, which tests must not configure; only that call is faked. */
function xvncEnvironment(context: StartContext): NodeJS.ProcessEnv {
  if (!context.variant.endsWith("plain")) return process.env;
  return {
    ...process.env,
    LD_PRELOAD: fakePamLibrary(context.folder),
    FAKE_PAM_USER: context.username,
    FAKE_PAM_PASSWORD: context.password,
  };
}

/** Writes the obfuscated password file that Xvnc and x11vnc read. */
export function writeRfbAuthFile(context: StartContext): string {
  const made = spawnSync("tigervncpasswd", ["-f"], { input: `${context.password}\n` });
  if (made.status !== 0) throw new Error(`tigervncpasswd failed: ${made.stderr?.toString()}`);
  const path = join(context.folder, "rfbauth");
  writeFileSync(path, made.stdout, { mode: 0o600 });
  return path;
}

/** Reads the display number that an X server with `-displayfd 3` chose. */
export async function displayOf(server: ServerProcess): Promise<string> {
  let text = "";
  const pipe = server.child.stdio[3] as NodeJS.ReadableStream;
  pipe.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await server.waitFor("display number", () => text.includes("\n"));
  return `:${text.trim()}`;
}

/** Starts the X programs of the context on a display. */
export function runPrograms(context: StartContext, display: string): void {
  for (const [command = "", ...args] of context.programs) {
    const program = new ServerProcess(command, args, {
      env: { ...process.env, DISPLAY: display },
    });
    context.releasers.push(command, () => program.stop());
  }
}
