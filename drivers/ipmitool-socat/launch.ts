/** Brings one console up: its files, its port, its certificates, its socat. Leaves nothing when it fails. */
import { closeSync } from "node:fs";
import { ConsoleError, type ConsoleEndpoint, type Task } from "../base.ts";
import { openNamelessPasswordFile } from "../lib/ipmi/password-file.ts";
import { throwIfAborted } from "../lib/deadline.ts";
import { makeCertificate, type OwnCertificate } from "../lib/certificate.ts";
import { SCRIPT, socatArguments, socatEnvironment, type SocatCommand } from "./command.ts";
import { removeCertificates, writePrivate, type ConsoleFiles } from "./console-files.ts";
import { endpointOf } from "./endpoint.ts";
import { prepareIpmitoolHome } from "./ipmitool-home.ts";
import { writeBegun, writeRunning } from "./note.ts";
import type { SocatSettings } from "./options.ts";
import { canBind, portCandidates } from "./ports.ts";
import { endRunning } from "./running.ts";
import { AddressTaken, startSocat } from "./start-socat.ts";

export interface Launch {
  readonly task: Task;
  readonly settings: SocatSettings;
  readonly files: ConsoleFiles;
  readonly cipherSuite: number | null;
  readonly rememberedPort: number | undefined;
}

interface Certificates {
  readonly server: OwnCertificate;
  readonly client: OwnCertificate;
}

/** @throws {ConsoleError} when no port is free; what {@link startSocat} throws */
export async function launch(given: Launch): Promise<ConsoleEndpoint> {
  const { task, files } = given;
  const killTimeoutMs = task.config.console.kill_timeout * 1000;
  writeBegun(files.note);
  try {
    const certificates = await makeCertificates(given);
    prepareIpmitoolHome(files.folder);
    writePrivate(files.script, SCRIPT);
    const port = await onFreePort(given, (one) => startOn(given, one, certificates));
    return endpointOf(given.settings, files, port, certificates);
  } catch (error) {
    await endRunning(files, killTimeoutMs);
    throw error;
  } finally {
    removeCertificates(files);
  }
}

async function makeCertificates({ settings, task, files }: Launch): Promise<Certificates | null> {
  if (settings.listener.kind !== "tls") return null;
  const [server, client] = await Promise.all([
    makeCertificate(`console ${task.node.uuid}`),
    makeCertificate(`console proxy ${task.node.uuid}`),
  ]);
  writePrivate(files.certificate, server.certificate);
  writePrivate(files.key, server.key.reveal());
  writePrivate(files.clientCertificate, client.certificate);
  return { server, client };
}

async function onFreePort(
  { settings: { listener }, task, rememberedPort }: Launch,
  start: (port: number | null) => Promise<void>,
): Promise<number | null> {
  if (listener.kind === "unix") {
    await start(null);
    return null;
  }
  for (const port of portCandidates(listener.ports, task.node.uuid, rememberedPort)) {
    throwIfAborted(task.signal);
    if (!(await canBind(listener.address, port))) continue;
    try {
      await start(port);
      return port;
    } catch (error) {
      if (!(error instanceof AddressTaken)) throw error;
    }
  }
  throw new ConsoleError(
    listener.ports.kind === "fixed"
      ? `port ${listener.ports.port} of ${listener.address} cannot be used: another program has it, or ipmi_terminal_port of another node is the same`
      : `no port of [console]port_range is free on ${listener.address}`,
  );
}

async function startOn(
  { task, settings, files, cipherSuite }: Launch,
  port: number | null,
  certificates: Certificates | null,
): Promise<void> {
  const { config } = task;
  const { access, listener } = settings;
  const inEnvironment = config.ipmi.store_cred_in_env;
  const command: SocatCommand = { listener, port, access, cipherSuite, files, config };
  const args = socatArguments(command);
  const descriptor = inEnvironment ? undefined : openNamelessPasswordFile(access.password);
  try {
    await startSocat({
      args,
      env: socatEnvironment(command),
      folder: files.folder,
      transport: listener.kind === "unix" ? "unix" : "tcp",
      descriptor,
      limitMs: config.console.subprocess_timeout * 1000,
      killTimeoutMs: config.console.kill_timeout * 1000,
      signal: task.signal,
      onSpawn: (identity) =>
        writeRunning(files.note, {
          ...identity,
          port,
          cipherSuite,
          fingerprint: certificates?.server.fingerprint ?? null,
        }),
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
