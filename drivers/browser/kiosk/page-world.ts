/**
 * Our tools in a page, in an isolated world that the page cannot see: made when first needed, and again in
 * each new document. Texts go to them as arguments, never as code.
 */
import type { CdpCallOptions, CdpTarget } from "../cdp/client.ts";
import { CdpError } from "../cdp/errors.ts";
import { PageError } from "../../base.ts";
import { printable } from "../../../common/printable.ts";
import { pageTools, type PageTools } from "./in-page.ts";
import { pageCrop, type PageCrop } from "./in-page-crop.ts";

/** Its name. */
export const WORLD = "console";

/** What became of a JavaScript function that ran in the page. */
interface Ran {
  readonly result: { readonly value?: unknown; readonly objectId?: string };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
}

export class PageWorld {
  readonly #cdp: CdpTarget;
  readonly #mainFrame: () => string;
  #tools: Promise<string> | undefined;
  #crop: Promise<string> | undefined;

  constructor(cdp: CdpTarget, mainFrame: () => string) {
    this.#cdp = cdp;
    this.#mainFrame = mainFrame;
  }

  /** There is a new document. */
  forget(): void {
    this.#tools = this.#crop = undefined;
  }

  /**
   * Calls one of our tools.
   * @throws {PageError} when the tool failed, {@link CdpError} when the page went away meanwhile
   */
  async call<Result>(
    tool: keyof PageTools,
    args: readonly unknown[],
    options: CdpCallOptions & { readonly userGesture?: boolean } = {},
  ): Promise<Result> {
    return this.#callOn<Result>(await this.#toolsOf(options), tool, args, options);
  }

  /** The same with what frames the picture. */
  async callCrop<Result>(
    tool: keyof PageCrop,
    args: readonly unknown[],
    options: CdpCallOptions = {},
  ): Promise<Result> {
    return this.#callOn<Result>(await this.#cropOf(options), tool, args, options);
  }

  async #callOn<Result>(
    objectId: string,
    tool: string,
    args: readonly unknown[],
    options: CdpCallOptions & { readonly userGesture?: boolean },
  ): Promise<Result> {
    const { userGesture = false, ...limits } = options;
    const ran = await this.#cdp.send<Ran>(
      "Runtime.callFunctionOn",
      {
        objectId,
        functionDeclaration: "function(tool, ...args) { return this[tool](...args); }",
        arguments: [tool, ...args].map((value) => ({ value })),
        returnByValue: true,
        awaitPromise: true,
        userGesture,
      },
      limits,
    );
    return resultOf(ran) as Result;
  }

  /** Runs a function of ours there, apart from the tools. @returns its object's id, or its value */
  async run<Result>(
    source: string,
    args: readonly unknown[],
    options: CdpCallOptions & { readonly asObject?: boolean } = {},
  ): Promise<Result> {
    const { asObject = false, ...limits } = options;
    const world = await this.#make(limits);
    const ran = await this.#cdp.send<Ran>(
      "Runtime.callFunctionOn",
      {
        executionContextId: world,
        functionDeclaration: source,
        arguments: args.map((value) => ({ value })),
        returnByValue: !asObject,
        awaitPromise: true,
      },
      limits,
    );
    const value = resultOf(ran);
    return (asObject ? ran.result.objectId : value) as Result;
  }

  #toolsOf(limits: CdpCallOptions): Promise<string> {
    if (!this.#tools) {
      const { limitMs = 10_000 } = limits;
      const made = this.run<string>(pageTools.toString(), [], { limitMs, asObject: true });
      const forget = (): void => {
        if (this.#tools === made) this.#tools = undefined;
      };
      made.catch(forget);
      this.#tools = made;
    }
    return this.#tools;
  }

  #cropOf(limits: CdpCallOptions): Promise<string> {
    if (!this.#crop) {
      const { limitMs = 10_000 } = limits;
      const made = this.#toolsOf(limits).then(async (objectId) => {
        const functionDeclaration = pageCrop.toString();
        const params = { objectId, functionDeclaration };
        const ran = await this.#cdp.send<Ran>("Runtime.callFunctionOn", params, { limitMs });
        resultOf(ran);
        return ran.result.objectId!;
      });
      const forget = (): void => {
        if (this.#crop === made) this.#crop = undefined;
      };
      made.catch(forget);
      this.#crop = made;
    }
    return this.#crop;
  }

  async #make(limits: CdpCallOptions): Promise<number> {
    const made = await this.#cdp.send<{ executionContextId: number }>(
      "Page.createIsolatedWorld",
      { frameId: this.#mainFrame(), worldName: WORLD, grantUniveralAccess: false },
      limits,
    );
    return made.executionContextId;
  }
}

function resultOf({ result, exceptionDetails }: Ran): unknown {
  if (!exceptionDetails) return result.value;
  const words = exceptionDetails.exception?.description?.split("\n")[0] ?? "an error";
  throw new PageError("unexpected_page", `the page could not be asked: ${printable(words)}`);
}

/** True when the page went elsewhere while it was asked: asking again may help. */
export function isAway(error: unknown): boolean {
  return error instanceof CdpError;
}
