/**
 * The Debian/Ubuntu packages that the tests run against: which test kind needs which, how to see
 * that one is there, and how to install what is missing.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./progress.mjs";

/** package: what proves it, and the kinds of tests that need it. A `/` path may hold one `*`. */
export const PACKAGES = {
  "tigervnc-standalone-server": { proof: "Xtigervnc", kinds: ["functional", "browser"] },
  "tigervnc-tools": { proof: "tigervncpasswd", kinds: ["functional", "browser"] },
  x11vnc: { proof: "x11vnc", kinds: ["functional"] },
  xvfb: { proof: "Xvfb", kinds: ["functional"] },
  "qemu-system-x86": { proof: "qemu-system-x86_64", kinds: ["functional"] },
  chromium: { proof: "chromium", kinds: ["functional", "browser"] },
  bubblewrap: { proof: "bwrap", kinds: ["functional", "browser"] },
  openbox: { proof: "openbox", kinds: ["functional", "browser"] },
  xauth: { proof: "xauth", kinds: ["functional", "browser"] },
  "icedtea-netx": { proof: "javaws", kinds: ["functional"] },
  "openjdk-17-jdk-headless": { proof: "javac", kinds: ["functional"] },
  "openssh-server": { proof: "/usr/sbin/sshd", kinds: ["functional"] },
  sudo: { proof: "sudo", kinds: ["functional"] },
  iproute2: { proof: "ip", kinds: ["functional"] },
  podman: { proof: "podman", kinds: ["functional"] },
  runc: { proof: "runc", kinds: ["functional"] },
  conmon: { proof: "conmon", kinds: ["functional"] },
  netavark: { proof: "/usr/lib/podman/netavark", kinds: ["functional"] },
  postgresql: { proof: "/usr/lib/postgresql/*/bin/postgres", kinds: ["unit", "functional"] },
  haproxy: { proof: "haproxy", kinds: ["functional"] },
  websockify: { proof: "websockify", kinds: ["functional"] },
  socat: { proof: "socat", kinds: ["functional"] },
  "x11-apps": { proof: "xlogo", kinds: ["functional"] },
  openipmi: { proof: "ipmi_sim", kinds: ["functional", "browser"] },
  ipmitool: { proof: "ipmitool", kinds: ["functional", "browser"] },
  binutils: { proof: "ld", kinds: ["functional", "browser"] },
  python3: { proof: "python3", kinds: ["functional"] },
  openssl: { proof: "openssl", kinds: ["unit", "functional"] },
  "python3-openstackclient": { proof: "openstack", kinds: ["functional"] },
  "python3-ironicclient": { proof: "baremetal", kinds: ["functional"] },
  gcc: { proof: "gcc", kinds: ["functional"] },
  "libc6-dev": { proof: "/usr/include/stdio.h", kinds: ["functional"] },
  "libvncserver-dev": { proof: "/usr/include/rfb/rfb.h", kinds: ["functional"] },
  "apache2-utils": { proof: "htpasswd", kinds: ["unit", "functional"] },
  "openssh-client": { proof: "ssh", kinds: ["functional"] },
};

/** @returns {string[]} names of packages that are not installed */
export function missingPackages() {
  return Object.entries(PACKAGES)
    .filter(([, { proof }]) => !(proof.startsWith("/") ? pathMatches(proof) : inPath(proof)))
    .map(([name]) => name);
}

/** Installs packages as root or by a sudo that asks nothing. @returns {Promise<boolean>} whether it could try */
export async function installPackages(names) {
  const prefix = await rootPrefix();
  if (!prefix || !inPath("apt-get")) return false;
  say(`test: installing Debian packages: ${names.join(" ")} ...`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  const call = (args) => run(apt[0], [...apt.slice(1), ...args], { env: environment, quiet: true });
  await call(["update", "--quiet"]);
  const options = ["install", "--yes", "--quiet", "--no-install-recommends"];
  await call([...options, ...names]);
  return true;
}

async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!inPath("sudo")) return undefined;
  return (await run("sudo", ["-n", "true"], { quiet: true })) === 0 ? ["sudo", "-n"] : undefined;
}

function inPath(program) {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

function pathMatches(pattern) {
  const [before, after] = pattern.split("*");
  if (after === undefined) return existsSync(pattern);
  return (
    existsSync(before) && readdirSync(before).some((name) => existsSync(before + name + after))
  );
}
