/** Builds and signs the Java viewer of tests/fixtures/java-viewer, as a board's vendor would have. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../common/package-root.ts";

const PASSWORD = "changeit";
const MANIFEST = "Permissions: all-permissions\nCodebase: *\n";

/** Names of programs that {@link buildJavaViewer} and a session need and cannot find. */
export function missingForJava(): readonly string[] {
  return ["javac", "jar", "jarsigner", "keytool", "javaws"].filter(
    (program) => spawnSync("which", [program]).status !== 0,
  );
}

/** Takes about five seconds. @returns the jar */
export function buildJavaViewer(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "java-viewer-"));
  try {
    const classes = join(folder, "classes");
    const store = join(folder, "store.p12");
    const jar = join(folder, "iKVM.jar");
    const manifest = join(folder, "manifest");
    mkdirSync(classes);
    writeFileSync(manifest, MANIFEST);
    const source = join(packageRoot(), "tests", "fixtures", "java-viewer", "Viewer.java");
    run("javac", ["--release", "8", "-Xlint:-options", "-d", classes, source]);
    run("jar", ["cfm", jar, manifest, "-C", classes, "."]);
    const keystore = ["-keystore", store, "-storepass", PASSWORD];
    const name = ["-dname", "CN=old board", "-alias", "board"];
    run("keytool", ["-genkeypair", "-keyalg", "RSA", ...name, ...keystore]);
    run("jarsigner", [...keystore, jar, "board"]);
    return readFileSync(jar);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(program, args);
  if (status !== 0) throw new Error(`${program}: ${String(stderr)}${String(stdout)}`);
}
