/**
 * Why a session ended: a closed list. The name travels as the close frame's reason text, is stored in
 * the session's row, and the console page says it in words.
 *
 * Errors end sessions too; then the error class's own code and close code are used instead.
 */
export const CLOSED_REASONS = {
  /** The browser closed, or went away. */
  tenant_closed: 1000,
  /** The machine's console closed the connection. */
  host_closed: 1000,
  /** The network broke the connection without a word. */
  network_reset: 1000,
  /** No key or pointer input for [vnc]idle_timeout seconds. */
  idle_timeout: 1000,
  /** The session reached [vnc]session_timeout seconds. */
  session_limit: 1000,
  /** The browser answered no ping. */
  tenant_unresponsive: 1001,
  /** The operator disabled the node's console. */
  console_disabled: 1001,
  /** The node was released: the tenant's instance on it is gone. */
  node_released: 1001,
  /** The node was deleted. */
  node_deleted: 1001,
  /** The console was restarted (health check, take-over); connecting again works. */
  console_restarted: 1012,
  /** Somebody else on the same console took it over; joining again works. */
  taken_over: 1008,
  /** An operator ended this session. */
  killed_by_operator: 1008,
  /** The proxy stops; connecting again reaches another one or the next start. */
  proxy_shutdown: 1012,
  /** Found open in the database after its proxy died. */
  proxy_crashed: 1006,
} as const satisfies Record<string, number>;

export type ClosedReason = keyof typeof CLOSED_REASONS;
