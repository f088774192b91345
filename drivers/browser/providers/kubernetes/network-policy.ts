/** The NetworkPolicies of sessions: one that forbids all of them everything, and one each with what it may reach. */
import { isIPv6 } from "node:net";
import type { PinnedDestination } from "./pinned-destinations.ts";
import { COMPONENT_LABELS, DENY_POLICY, labelsOf, podName, SESSION_LABEL } from "./pod-spec.ts";

/** Stands for as long as the namespace does, so that a Pod is confined before its own policy is there. */
export function denyPolicy(): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: DENY_POLICY, labels: { ...COMPONENT_LABELS } },
    spec: {
      podSelector: { matchLabels: { ...COMPONENT_LABELS } },
      policyTypes: ["Ingress", "Egress"],
    },
  };
}

/** @param podUid with which it goes when the Pod does */
export function sessionPolicy(
  conductor: string,
  id: string,
  podUid: string,
  pinned: readonly PinnedDestination[],
): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: podName(id),
      labels: labelsOf(conductor, id),
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: podName(id), uid: podUid }],
    },
    spec: {
      podSelector: { matchLabels: { [SESSION_LABEL]: id } },
      policyTypes: ["Ingress", "Egress"],
      egress: pinned.map(({ address, port }) => ({
        to: [{ ipBlock: { cidr: `${address}/${isIPv6(address) ? 128 : 32}` } }],
        ports: [{ protocol: "TCP", port }],
      })),
    },
  };
}
