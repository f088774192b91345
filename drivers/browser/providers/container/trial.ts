/**
 * Runs a harmless container the way sessions are run, so that an operator hears at once what is missing:
 * programs in the image, user namespaces for Chromium's own sandbox, or a folder that the engine sees too.
 */
import { randomBytes } from "node:crypto";
import { ConsoleError } from "../../../base.ts";
import { throwIfAborted, withDeadline } from "../../../lib/deadline.ts";
import { printable } from "../../../../common/printable.ts";
import { CHROMIUM_PROGRAMS } from "../../sandbox/session-script.ts";
import type { EngineClient } from "./engine-client.ts";
import { removeContainer } from "./remove-container.ts";

const TRIAL_LIMIT_MS = 60_000;
const MAX_OUTPUT_CHARACTERS = 4000;
const FINE = "trial: fine";

/** Programs by the names of Debian's packages. */
const PROGRAMS = "Xvnc openbox socat xauth od tr";
const SCRIPT = `
for one in ${PROGRAMS}; do command -v $one >/dev/null || { echo "the image lacks $one"; exit; }; done
for chromium in ${CHROMIUM_PROGRAMS.join(" ")}; do [ ! -x "$chromium" ] || break; done
[ -x "$chromium" ] || { echo "the image lacks chromium"; exit; }
command -v unshare >/dev/null || { echo "the image lacks unshare"; exit; }
PATH=$PATH:/usr/sbin:/sbin unshare --user --map-root-user chroot / true || { echo "Chromium's own sandbox is not possible: no user namespaces or no chroot in them"; exit; }
[ -S /session/egress.sock ] || { echo "the folder of the session is not shared with it"; exit; }
socat -u OPEN:/dev/null UNIX-CONNECT:/session/egress.sock || { echo "the socket that leads out cannot be used"; exit; }
: >/session/run/trial || { echo "its folder cannot be written to"; exit; }
echo "${FINE}"
`;

/**
 * @param spec of a session's container; what it runs is replaced
 * @throws {ConsoleError} with what the trial said
 */
export async function tryContainer(
  engine: EngineClient,
  spec: (command: readonly string[]) => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  const onTimeout = (): Error =>
    new ConsoleError(
      `a container of the browsers' image did nothing within ${TRIAL_LIMIT_MS / 1000} s`,
    );
  await withDeadline({ signal, limitMs: TRIAL_LIMIT_MS, onTimeout }, async (inner) => {
    const id = await spec(["-c", SCRIPT, randomBytes(4).toString("hex")]);
    try {
      const stream = await engine.attach(id, inner);
      let said = "";
      for (const one of [stream, stream.stderr])
        one.setEncoding("utf8").on("data", (text: string) => {
          said = (said + text).slice(0, MAX_OUTPUT_CHARACTERS);
        });
      const gone = new Promise<void>((resolve) => {
        stream.once("end", resolve);
        inner.addEventListener("abort", () => resolve(), { once: true });
      });
      await engine.call({ method: "POST", path: `/containers/${id}/start`, signal: inner });
      await gone;
      stream.destroy();
      throwIfAborted(inner);
      if (said.split("\n").includes(FINE)) return;
      throw new ConsoleError(
        `browsers cannot run in containers of the engine: ${printable(said.trim(), 400) || "the trial said nothing"}; see docs/browser-containers.md`,
      );
    } finally {
      await removeContainer(engine, id);
    }
  });
}
