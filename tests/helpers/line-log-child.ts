/** A process that logs lines as fast as a serial line brings them, until somebody kills it. */
import { systemClock } from "../../common/clock.ts";
import { silentLogger } from "../../common/log.ts";
import { LineLogs } from "../../novncproxy/console-log/line-logs.ts";

const [folder = "", node = ""] = process.argv.slice(2);
const logs = new LineLogs({
  folder,
  fileBytes: 1_048_576,
  files: 10,
  log: silentLogger(),
  clock: systemClock,
  tickMilliseconds: 20,
});
const line = logs.open(node);
let count = 0;
setInterval(() => {
  for (let more = 0; more < 10; more += 1) line.write(Buffer.from(`line ${(count += 1)}\r\n`));
}, 1);
