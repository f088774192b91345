#!/usr/bin/env node
/** The program `baremetal-console`, alias `bmcon`: hands the process's own streams to the rest. */
import { systemClock } from "../common/clock.ts";
import { runProgram } from "./program.ts";

/* `bmcon node list | head -1` is no failure, nor is a terminal that was closed. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
});

process.exitCode = await runProgram(
  {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
  },
  process.argv.slice(2),
);
