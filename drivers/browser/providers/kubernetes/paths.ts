/** Paths of the API (kubernetes.io, "Kubernetes API reference"). */

export function pods(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

export function networkPolicies(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
}

export const ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
