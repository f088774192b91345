/** What an option is: its type, bounds, default and help. The table of all of them is options.ts. */

interface OptionBase {
  /** One paragraph for operators that explains consequences; ends up in the sample file. */
  readonly help: string;
  /** True when a SIGHUP applies a changed value to a running process. */
  readonly mutable?: boolean;
}
export interface StringOption extends OptionBase {
  readonly type: "string";
  readonly default: string;
  readonly choices?: readonly string[];
  /** `whole`: dumps mask the value. `url`: they mask the passwords inside it. */
  readonly secret?: "whole" | "url";
}
/** A file or folder. A relative one is below [DEFAULT]state_path. Empty means none. */
export interface PathOption extends OptionBase {
  readonly type: "path";
  readonly default: string;
}
export interface IntegerOption extends OptionBase {
  readonly type: "integer";
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit?: "seconds" | "bytes" | "bits" | "MiB";
}
export interface BooleanOption extends OptionBase {
  readonly type: "boolean";
  readonly default: boolean;
}
/** Comma-separated; blanks around items are dropped. */
export interface ListOption extends OptionBase {
  readonly type: "list";
  readonly default: readonly string[];
}

export type Option = StringOption | PathOption | IntegerOption | BooleanOption | ListOption;
export type OptionGroup = Readonly<Record<string, Option>>;
export type OptionTable = Readonly<Record<string, OptionGroup>>;

export type ValueOf<O extends Option> = O["type"] extends "integer"
  ? number
  : O["type"] extends "boolean"
    ? boolean
    : O["type"] extends "list"
      ? readonly string[]
      : string;

/** The shape of a loaded configuration: `config.vnc.token_timeout`. */
export type ConfigOf<T extends OptionTable> = {
  readonly [G in keyof T]: { readonly [N in keyof T[G]]: ValueOf<T[G][N]> };
};
