/** Somebody whose key or password is right. Which machine he gets is told behind the login, not before. */

export interface ConsoleGrant {
  readonly token: string;
  readonly nodeUuid: string;
}

export interface Login {
  readonly user: string;
  readonly method: "publickey" | "password";
  /** Of the key. */
  readonly fingerprint: string | null;
  /**
   * The way to the console he asked for.
   * @throws {NodeNotFound} {@link NodeConsoleNotEnabled} {@link ConsoleTypeNotSupported}, in words for him
   */
  grant(): Promise<ConsoleGrant>;
}
