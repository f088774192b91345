/** Who asks: made by the api's authentication, carried to the conductor, written into audit lines. */
export interface RequestContext {
  /** `req-UUID`, also in answers and log lines. */
  readonly requestId: string;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly projectId: string | null;
  readonly roles: readonly string[];
  /** True for noauth and for what policy treats as system admin. */
  readonly isAdmin: boolean;
}
