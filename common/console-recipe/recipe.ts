/**
 * What a recipe says, once it has been read: how to get from a BMC's address and credentials to its viewer,
 * and out again. Data only; a recipe holds no code. The YAML form is described in docs/recipes.md and by
 * schema.ts beside this file; read-recipe.ts reads it.
 *
 * Texts may hold `{username}`, `{password}`, `{basic}`, `{host}`, `{port}`, `{origin}` and the names that
 * were saved, see template.ts. In a path they are percent-encoded, except at its very beginning.
 * Regular expressions are run by pattern.ts alone: they meet hostile text.
 */
import type { StartFailure } from "../console-prelude.ts";

export interface Recipe {
  /** `[a-z0-9-]+`: what driver_info's `console_recipe` names. */
  readonly name: string;
  readonly title: string;
  /** `ilo` for what `ilo-browser` takes; any other word for the rest. */
  readonly family: string;
  /** Of several that recognise a BMC the highest wins; 0 without one. */
  readonly priority: number;
  /** Firmware that it was written after, for people. */
  readonly firmware: string;
  /** `viewer`: in the page. `jnlp`: a Java viewer, started from a file that the BMC hands out. */
  readonly type: "viewer" | "jnlp";
  /** Any of them is enough; in each, everything must hold. */
  readonly recognise: readonly Recognition[];
  readonly login: readonly RecipeStep[];
  readonly viewer: readonly RecipeStep[];
  readonly picture: Picture;
  readonly logout: readonly RecipeStep[];
  readonly quirks: RecipeQuirks;
}

export interface Recognition {
  /** Dotted paths into the Redfish service root (or `/redfish/v1/Managers/…`' first member as `manager.…`) → regular expression. */
  readonly redfish?: Readonly<Record<string, string>>;
  /** A page that needs no login. */
  readonly page?: { readonly path: string; readonly matches: string };
  /** The `Server` header of that page, or of `/`. */
  readonly server?: string;
}

/** Where pictures appear, and how one knows that there is one. */
export interface Picture {
  /** The element that is shown, and nothing around it: usually a canvas. Of a Java viewer none. */
  readonly selector?: string;
  /** Smaller than this is no picture. */
  readonly minimumWidth: number;
  readonly minimumHeight: number;
  readonly withinSeconds: number;
  /** Failures that the viewer shows in words instead of a picture. */
  readonly failures: readonly FailureRule[];
}

export interface FailureRule {
  readonly when: PageCondition;
  readonly failure: StartFailure;
}

/** What can be seen of a page; everything given must hold. */
export interface PageCondition {
  readonly selector?: string;
  /** With selector: it is shown, not disabled and takes clicks. */
  readonly ready?: boolean;
  /** With selector: its inner text, else the page's text, matches this regular expression. */
  readonly text?: string;
  /** The page's URL matches this regular expression. */
  readonly url?: string;
  readonly cookie?: string;
  readonly localStorage?: string;
}

export interface RecipeFetch {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path of the BMC, beginning with `/`, or with a `{name}` that holds such a path. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** What an answer says in place of what was asked for; everything given must hold. */
export interface AnswerRule {
  readonly status?: number;
  /** Regular expression. */
  readonly body?: string;
  readonly failure: StartFailure;
}

/** A correction of a Java viewer's start file. */
export interface TextReplacement {
  /** Regular expression. */
  readonly match: string;
  /** Names are filled in; `$1` means nothing. */
  readonly with: string;
}

/** One step; the YAML form has the kind as its key. */
export type RecipeStep =
  | { readonly kind: "goto"; readonly target: string }
  | {
      readonly kind: "wait";
      readonly any: readonly PageCondition[];
      readonly failures: readonly FailureRule[];
      readonly withinSeconds: number;
    }
  | { readonly kind: "fill"; readonly selector: string; readonly value: string }
  | { readonly kind: "click"; readonly selector: string }
  | { readonly kind: "press"; readonly key: string }
  | { readonly kind: "select"; readonly selector: string; readonly value: string }
  | { readonly kind: "open_window"; readonly target: string }
  | { readonly kind: "follow_window"; readonly withinSeconds: number }
  | {
      readonly kind: "fetch";
      readonly request: RecipeFetch;
      /** The first that holds ends the start; else any status above 399 is `unexpected_page`. */
      readonly failures: readonly AnswerRule[];
      /** Name → where in the answer: `json:a.b`, `header:x-auth-token`, `body:REGULAR(EXPRESSION)`. */
      readonly save: Readonly<Record<string, string>>;
    }
  /** Name → `cookie:NAME`, `text:SELECTOR`, `attribute:NAME SELECTOR`, `local_storage:KEY`, `session_storage:KEY`. */
  | { readonly kind: "save"; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: "set_cookie"; readonly name: string; readonly value: string }
  | { readonly kind: "set_local_storage"; readonly key: string; readonly value: string }
  /** When the condition holds now, or within the time, does these; else goes on. */
  | {
      readonly kind: "if";
      readonly condition: PageCondition;
      readonly withinSeconds: number;
      readonly steps: readonly RecipeStep[];
    }
  /** Type `jnlp`: fetches the file with the page's cookies and starts it. */
  | { readonly kind: "jnlp"; readonly path: string; readonly replace: readonly TextReplacement[] };

export interface RecipeQuirks {
  readonly width: number;
  readonly height: number;
  /** Lowest TLS version that such a BMC needs; the node's own option wins. */
  readonly minimumTls: "1.0" | "1.1" | "1.2" | "1.3";
  readonly userAgent?: string;
  /** TCP ports besides that of the web page, for viewers with ports of their own. */
  readonly ports: readonly number[];
  /** What to do with alert, confirm and prompt of the page. */
  readonly dialogs: "accept" | "dismiss";
  /**
   * Where a shown viewer may go by itself: regular expressions, of which one must match the whole of path
   * and query. Elsewhere covers it and starts again. None: only where it was when its picture came.
   */
  readonly allowedPaths: readonly string[];
  /** Keeps the BMC's page from logging out for lack of use: a request so often. 0 for none. */
  readonly keepAliveSeconds: number;
  readonly keepAlivePath: string;
  /** False: this BMC lists no sessions in Redfish, or not those of its page. */
  readonly listsSessions: boolean;
}
