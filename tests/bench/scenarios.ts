/**
 * What is measured, and the bars: ratios to a peer of the same run, never absolute promises. CPU is
 * the criterion where there is one, because wall clock on a small shared machine measures the machine.
 */
import type { Sample } from "./load.ts";

export type PeerName = "baremetal-console" | "websockify" | "haproxy" | "direct";

export interface Scenario {
  readonly name: string;
  /** vnc-load's word. */
  readonly load: string;
  readonly args: readonly string[];
  readonly peers: readonly PeerName[];
  /** Needs a peer that has carried nothing before. */
  readonly fresh?: boolean;
  readonly rounds?: number;
}

export interface Metric {
  readonly title: string;
  readonly unit: string;
  readonly scenario: string;
  /** The figure of one run; `direct` is the same round's run without a proxy. */
  readonly figure: (sample: Sample, direct: Sample | undefined) => number;
  /** Greatest (or, with `atLeast`, smallest) acceptable ratio to the peer; or of the figure itself. */
  readonly must: Partial<Record<"websockify" | "haproxy" | "self", number>>;
  readonly aim: Partial<Record<"websockify" | "haproxy" | "self", number>>;
  readonly atLeast?: boolean;
}

const ALL: readonly PeerName[] = ["baremetal-console", "websockify", "haproxy"];
const WITH_DIRECT: readonly PeerName[] = [...ALL, "direct"];
const MIB = 1024 * 1024;

export const SCENARIOS: readonly Scenario[] = [
  { name: "bulk-1", load: "bulk", args: ["sessions=1", "mib=1024", "chunk=64"], peers: ALL },
  { name: "bulk-8", load: "bulk", args: ["sessions=8", "mib=128", "chunk=16"], peers: ALL },
  { name: "video-20", load: "video", args: ["sessions=20", "kib=1024", "time=4"], peers: ALL },
  {
    name: "pointer",
    load: "pointer",
    args: ["events=400000"],
    peers: ["baremetal-console", "websockify"],
  },
  { name: "paste", load: "paste", args: ["mib=256"], peers: ALL },
  {
    name: "echo-50",
    load: "echo",
    args: ["sessions=50", "every=20", "time=4"],
    peers: WITH_DIRECT,
  },
  {
    name: "busy-20",
    load: "busy",
    args: ["sessions=20", "every=20", "time=4"],
    peers: WITH_DIRECT,
  },
  { name: "flood-20", load: "flood", args: ["sessions=20", "every=20", "time=4"], peers: ALL },
  { name: "setup-16", load: "setup", args: ["sessions=400", "parallel=16"], peers: ALL },
  {
    name: "idle-1000",
    load: "idle",
    args: ["sessions=1000"],
    peers: ["baremetal-console", "haproxy"],
    fresh: true,
    rounds: 1,
  },
  {
    name: "idle-5000",
    load: "idle",
    args: ["sessions=5000"],
    peers: ["baremetal-console", "haproxy"],
    fresh: true,
    rounds: 1,
  },
];

const cpuPerGigabyte = (sample: Sample): number => sample.cpuSeconds / (sample.bytes / 1e9);
const cpuPerEvent = (sample: Sample): number => (sample.cpuSeconds / sample.events) * 1e6;
const added = (key: "p50" | "p99") => (sample: Sample, direct?: Sample) =>
  sample[key] - (direct?.[key] ?? 0);

export const METRICS: readonly Metric[] = [
  {
    title: "bulk, one session",
    unit: "CPU-s/GB",
    scenario: "bulk-1",
    figure: cpuPerGigabyte,
    must: { websockify: 0.75, haproxy: 0.85 },
    aim: { websockify: 0.6, haproxy: 0.7 },
  },
  {
    title: "bulk, 8 sessions of 16 KiB writes",
    unit: "CPU-s/GB",
    scenario: "bulk-8",
    figure: cpuPerGigabyte,
    must: { websockify: 0.75, haproxy: 0.85 },
    aim: { websockify: 0.6, haproxy: 0.7 },
  },
  {
    title: "20 sessions of 1 MiB/s",
    unit: "CPU-s/GB",
    scenario: "video-20",
    figure: cpuPerGigabyte,
    must: { websockify: 0.4, haproxy: 1.3 },
    aim: { websockify: 0.28, haproxy: 1 },
  },
  {
    title: "pointer events",
    unit: "CPU-µs/event",
    scenario: "pointer",
    figure: cpuPerEvent,
    must: { websockify: 0.02 },
    aim: { websockify: 0.003 },
  },
  {
    title: "4 KiB client messages",
    unit: "CPU-s/GB",
    scenario: "paste",
    figure: cpuPerGigabyte,
    must: { websockify: 0.4, haproxy: 2.5 },
    aim: { websockify: 0.3, haproxy: 1.9 },
  },
  {
    title: "echo, 50 sessions",
    unit: "CPU-µs/echo",
    scenario: "echo-50",
    figure: cpuPerEvent,
    must: { websockify: 0.45, haproxy: 1.6 },
    aim: { websockify: 0.33, haproxy: 1.2 },
  },
  {
    title: "echo, 50 sessions: p50 added",
    unit: "µs",
    scenario: "echo-50",
    figure: added("p50"),
    must: { websockify: 0.7, haproxy: 1.7 },
    aim: { websockify: 0.45, haproxy: 1.2 },
  },
  {
    title: "echo beside 10 MiB/s: p50 added",
    unit: "µs",
    scenario: "busy-20",
    figure: added("p50"),
    must: { websockify: 0.7, haproxy: 1.7 },
    aim: { websockify: 0.45, haproxy: 1.2 },
  },
  {
    title: "echo beside 10 MiB/s: p99 added",
    unit: "µs",
    scenario: "busy-20",
    figure: added("p99"),
    must: { websockify: 1 },
    aim: { websockify: 0.6, haproxy: 2 },
  },
  {
    title: "echo beside a flood: p50",
    unit: "µs",
    scenario: "flood-20",
    figure: (s) => s.p50,
    must: { websockify: 2 },
    aim: { websockify: 1.1 },
  },
  {
    title: "echo beside a flood: p99",
    unit: "µs",
    scenario: "flood-20",
    figure: (s) => s.p99,
    must: { websockify: 1.5 },
    aim: { websockify: 1.1 },
  },
  {
    title: "set-up, 16 at a time",
    unit: "CPU-ms/session",
    scenario: "setup-16",
    figure: (s) => (s.cpuSeconds / s.events) * 1e3,
    must: { websockify: 0.1, haproxy: 5 },
    aim: { websockify: 0.05, haproxy: 2.5 },
  },
  {
    title: "set-up rate",
    unit: "sessions/s",
    scenario: "setup-16",
    figure: (s) => s.events / s.seconds,
    must: { websockify: 5 },
    aim: { websockify: 10 },
    atLeast: true,
  },
  {
    title: "1,000 idle sessions",
    unit: "MiB RSS",
    scenario: "idle-1000",
    figure: (s) => s.rssBytes / MIB,
    must: { self: 150 },
    aim: { self: 85 },
  },
  {
    title: "5,000 idle sessions",
    unit: "MiB RSS",
    scenario: "idle-5000",
    figure: (s) => s.rssBytes / MIB,
    must: { self: 250 },
    aim: { self: 140 },
  },
  {
    title: "5,000 idle sessions",
    unit: "CPU-ms/s",
    scenario: "idle-5000",
    figure: (s) => (s.cpuSeconds / s.seconds) * 1e3,
    must: { self: 2 },
    aim: { self: 0.5 },
  },
];
