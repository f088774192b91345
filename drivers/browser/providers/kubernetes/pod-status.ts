/** What a Pod's status (core/v1 PodStatus) means for a session: running, over, or waiting and why. */
import { printable } from "../../../../common/printable.ts";
import { objectOf, type JsonObject } from "../../../lib/json-object.ts";

export type PodState =
  | { readonly kind: "running" }
  | { readonly kind: "waiting"; readonly why: string | undefined; readonly isHopeless: boolean }
  | { readonly kind: "over"; readonly why: string };

/** FACT(kubernetes, pkg/kubelet/images and kuberuntime): these do not mend themselves. */
const HOPELESS = new Set(["InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"]);
/** What every Pod passes through. */
const USUAL = new Set(["ContainerCreating", "PodInitializing"]);

export function podState(pod: JsonObject): PodState {
  const status = objectOf(pod["status"]) ?? {};
  const container = objectOf(listOf(status["containerStatuses"])[0]);
  const state = objectOf(container?.["state"]);
  const phase = text(status["phase"]);
  const deleted = objectOf(pod["metadata"])?.["deletionTimestamp"] !== undefined;
  if (phase === "Failed" || phase === "Succeeded" || deleted)
    return { kind: "over", why: endOf(status, objectOf(state?.["terminated"]), deleted) };
  if (state?.["running"] !== undefined) return { kind: "running" };
  const waiting = objectOf(state?.["waiting"]);
  const reason = text(waiting?.["reason"]);
  if (reason !== "" && !USUAL.has(reason))
    return {
      kind: "waiting",
      why: joined(reason, waiting?.["message"]),
      isHopeless: HOPELESS.has(reason),
    };
  const unscheduled = listOf(status["conditions"])
    .map(objectOf)
    .find((one) => one?.["type"] === "PodScheduled" && one["status"] === "False");
  if (unscheduled === undefined) return { kind: "waiting", why: undefined, isHopeless: false };
  return {
    kind: "waiting",
    why: joined(text(unscheduled["reason"]) || "Unschedulable", unscheduled["message"]),
    isHopeless: false,
  };
}

function endOf(status: JsonObject, terminated: JsonObject | undefined, deleted: boolean): string {
  const reason = text(status["reason"]) || text(terminated?.["reason"]);
  if (reason === "OOMKilled") return "memory limit";
  if (reason === "" || reason === "Completed")
    return deleted ? "the Pod was deleted" : "the Pod ended";
  return joined(`the Pod was ended by the cluster: ${reason}`, status["message"]);
}

function joined(reason: string, message: unknown): string {
  const words = text(message);
  return printable(words === "" ? reason : `${reason}: ${words}`, 300);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
