/**
 * Real VNC servers of every family that a machine may show, for tests: TigerVNC's Xvnc, QEMU, x11vnc,
 * libvncserver, and TLS around one of them. Free ports and displays, loopback only, no shell, and
 * `stop()` ends everything and removes its files.
 *
 *   const server = await startVncServer({ kind: "xvnc-vncauth", password: "secret12" });
 *   ... connect to server.host : server.port ...
 *   await server.stop();
 *
 * Debian packages: tigervnc-standalone-server tigervnc-tools qemu-system-x86 x11vnc xvfb socat gcc
 * libvncserver-dev x11-apps (only for `programs`).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Releasers } from "../../common/lifecycle.ts";
import { makeTestPki, type IssuedCertificate, type TestPki } from "./pki.ts";
import { missingPrograms, ServerProcess } from "./server-process.ts";
import { startLibvncServer } from "./vnc-server-libvnc.ts";
import { startQemu } from "./vnc-server-qemu.ts";
import { startTlsWrapped, startX11vnc } from "./vnc-server-x11vnc.ts";
import { startXvnc } from "./vnc-server-xvnc.ts";

const KINDS = {
  "xvnc-none": ["Xvnc"],
  "xvnc-vncauth": ["Xvnc", "tigervncpasswd"],
  "xvnc-tlsnone": ["Xvnc"],
  "xvnc-tlsvnc": ["Xvnc", "tigervncpasswd"],
  "xvnc-x509none": ["Xvnc"],
  "xvnc-x509vnc": ["Xvnc", "tigervncpasswd"],
  "xvnc-plain": ["Xvnc", "gcc"],
  "xvnc-tlsplain": ["Xvnc", "gcc"],
  "xvnc-x509plain": ["Xvnc", "gcc"],
  "xvnc-many": ["Xvnc", "tigervncpasswd"],
  "qemu-none": ["qemu-system-x86_64"],
  "qemu-vncauth": ["qemu-system-x86_64"],
  "qemu-tlsnone": ["qemu-system-x86_64"],
  "qemu-tlsvnc": ["qemu-system-x86_64"],
  "qemu-x509none": ["qemu-system-x86_64"],
  "qemu-x509vnc": ["qemu-system-x86_64"],
  "x11vnc-vncauth": ["x11vnc", "Xvfb"],
  "x11vnc-ssl": ["x11vnc", "Xvfb"],
  "tlswrap-vncauth": ["Xvnc", "tigervncpasswd", "socat"],
  "tlswrap-tls10": ["Xvnc", "tigervncpasswd", "socat"],
  "libvnc-none": ["gcc"],
  "libvnc-vncauth": ["gcc"],
  "libvnc-33": ["gcc"],
} as const satisfies Record<string, readonly string[]>;

export type VncServerKind = keyof typeof KINDS;
export const VNC_SERVER_KINDS = Object.keys(KINDS) as VncServerKind[];

export interface VncServerOptions {
  readonly kind: VncServerKind;
  /** Default "vncpass1"; more than 8 bytes are cut by every server. Not used by the `none` kinds. */
  readonly password?: string;
  /** User of the Plain kinds; default "operator". The account check itself is simulated. */
  readonly username?: string;
  /** A port of one's own, for a server that is started and stopped again at one address. */
  readonly port?: number;
  /** Width and height of the screen; default 640x480. Not for qemu and libvnc. */
  readonly geometry?: string;
  /** X programs to run on the screen, argument arrays; Xvnc and x11vnc kinds only. */
  readonly programs?: readonly (readonly string[])[];
  /** More arguments of the server program itself. */
  readonly extraArgs?: readonly string[];
  /** Certificates; by default a new authority with a certificate for 127.0.0.1 and localhost. */
  readonly pki?: TestPki;
  /** The server's certificate out of `pki`; default one that the authority signed. */
  readonly certificate?: IssuedCertificate;
}

export interface VncServer {
  readonly kind: VncServerKind;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** X display such as ":7", where there is one. */
  readonly display: string | undefined;
  /** The authority's PEM file, and the certificate that the server shows, for the TLS kinds. */
  readonly caFile: string;
  readonly certificate: IssuedCertificate;
  /** Process id of the VNC server program. */
  readonly pid: number;
  /** The end of what the server printed. */
  output(): string;
  stop(): Promise<void>;
}

/** Everything a kind's starter works with. */
export interface StartContext {
  readonly kind: VncServerKind;
  /** What follows the family's name: "vncauth", "x509none". */
  readonly variant: string;
  readonly folder: string;
  readonly host: string;
  readonly password: string;
  readonly username: string;
  readonly geometry: string;
  readonly port: number | undefined;
  readonly programs: readonly (readonly string[])[];
  readonly extraArgs: readonly string[];
  readonly pki: TestPki;
  readonly certificate: IssuedCertificate;
  readonly releasers: Releasers;
}

export interface Started {
  readonly port: number;
  readonly display?: string;
  readonly process: ServerProcess;
}

/** The programs that a kind needs and this machine lacks; empty when it can run. */
export function missingForVncServer(kind: VncServerKind): string[] {
  return missingPrograms(KINDS[kind]);
}

/** Starts one; resolves when its port listens. Leaves nothing behind when that fails. */
export async function startVncServer(options: VncServerOptions): Promise<VncServer> {
  const releasers = new Releasers();
  try {
    return await start(options, releasers);
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

async function start(options: VncServerOptions, releasers: Releasers): Promise<VncServer> {
  const folder = mkdtempSync(join(tmpdir(), "vnc-server-"));
  releasers.push("folder", () => rmSync(folder, { recursive: true, force: true }));
  const pki = options.pki ?? ownPki(releasers);
  const [family, variant] = splitKind(options.kind);
  const context: StartContext = {
    kind: options.kind,
    variant,
    folder,
    host: "127.0.0.1",
    password: options.password ?? "vncpass1",
    username: options.username ?? "operator",
    geometry: options.geometry ?? "640x480",
    port: options.port,
    programs: options.programs ?? [],
    extraArgs: options.extraArgs ?? [],
    pki,
    certificate: options.certificate ?? pki.issue("server"),
    releasers,
  };
  const started = await STARTERS[family]!(context);
  return {
    kind: context.kind,
    host: context.host,
    port: started.port,
    username: context.username,
    password: context.password,
    display: started.display,
    caFile: pki.caFile,
    certificate: context.certificate,
    pid: started.process.child.pid ?? -1,
    output: () => started.process.output,
    stop: () => releasers.stop(),
  };
}

const STARTERS: Readonly<Record<string, (context: StartContext) => Promise<Started>>> = {
  xvnc: startXvnc,
  qemu: startQemu,
  x11vnc: startX11vnc,
  tlswrap: startTlsWrapped,
  libvnc: startLibvncServer,
};

function splitKind(kind: string): [string, string] {
  const dash = kind.indexOf("-");
  return [kind.slice(0, dash), kind.slice(dash + 1)];
}

function ownPki(releasers: Releasers): TestPki {
  const pki = makeTestPki();
  releasers.push("certificates", () => pki.remove());
  return pki;
}
