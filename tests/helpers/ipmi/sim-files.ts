/** The two files that OpenIPMI's ipmi_sim reads: lan.conf (ipmi_lan(5)) and its commands (ipmi_sim_cmd(5)). */

export interface SimSettings {
  readonly host: string;
  readonly lanPort: number;
  readonly consolePort: number;
  readonly serialPort: number;
  /** Program that ipmi_sim asks about the chassis. */
  readonly chassisProgram: string;
  readonly password: string;
  /** Hexadecimal digits, 32 at most. */
  readonly kgKey: string | undefined;
  /** Folder of the files that sensors are read from. */
  readonly folder: string;
}

export function lanConf(settings: SimSettings): string {
  const { host, password, kgKey } = settings;
  const allowed = ["callback", "user", "operator", "admin"].map(
    (level) => `    allowed_auths_${level} none md2 md5 straight`,
  );
  const user = (index: number, name: string, level: string): string =>
    `  user ${index} true "${name}" "${password}" ${level} 10 none md2 md5 straight`;
  return [
    'name "bmc"',
    "set_working_mc 0x20",
    "  startlan 1",
    `    addr ${host} ${settings.lanPort}`,
    "    priv_limit admin",
    ...allowed,
    "    guid a123456789abcdefa123456789abcdef",
    ...(kgKey === undefined ? [] : [`    bmc_key ${kgKey.padEnd(32, "0")}`]),
    "  endlan",
    `  console ${host} ${settings.consolePort}`,
    `  chassis_control "${settings.chassisProgram}"`,
    '  user 1 false "" "" user 10 none md2 md5 straight',
    user(2, "admin", "admin"),
    user(3, "operator", "operator"),
    user(4, "viewer", "user"),
    `  sol "telnet:${host}:${settings.serialPort}" 115200`,
    "",
  ].join("\n");
}

/** A threshold sensor: readings are raw values times `factor` times ten to the `exponent`. */
interface SimSensor {
  readonly number: number;
  /** IPMI 2.0 table 42-3. */
  readonly type: number;
  /** IPMI 2.0 table 43-15. */
  readonly unit: number;
  readonly entity: number;
  readonly name: string;
  readonly factor: number;
  readonly exponent: number;
  readonly raw: number;
  readonly lowerCritical: number;
  readonly upperCritical: number;
}

export const SIM_SENSORS: readonly SimSensor[] = [
  sensor(1, [0x01, 1, 3], "CPU Temp", [1, 0], 42, [5, 90]),
  sensor(2, [0x01, 1, 7], "Inlet Temp", [1, 0], 24, [2, 45]),
  sensor(3, [0x04, 18, 29], "Fan 1", [50, 0], 96, [10, 250]),
  sensor(4, [0x02, 4, 10], "P12V", [6, -2], 200, [180, 220]),
];
/** A discrete sensor of type Power Supply: bit 0 presence, bit 1 failure. */
export const SIM_POWER_SUPPLY = 5;

function sensor(
  number: number,
  [type, unit, entity]: readonly [number, number, number],
  name: string,
  [factor, exponent]: readonly [number, number],
  raw: number,
  [lowerCritical, upperCritical]: readonly [number, number],
): SimSensor {
  return { number, type, unit, entity, name, factor, exponent, raw, lowerCritical, upperCritical };
}

export function sensorFile(folder: string, number: number): string {
  return `${folder}/sensor-${number}`;
}

export function simCommands({ folder }: SimSettings): string {
  const events = "000001000000100 000001000000100 000001000000100 000001000000100";
  const sensors = SIM_SENSORS.flatMap((one) => [
    `sensor_add 0x20 0 ${one.number} ${one.type} 1 poll 200 file "${sensorFile(folder, one.number)}"`,
    `sensor_set_threshold 0x20 0 ${one.number} settable 010010 0x00 ${hex(one.upperCritical)} 0x00 0x00 ${hex(one.lowerCritical)} 0x00`,
    `sensor_set_event_support 0x20 0 ${one.number} enable scanning per-state ${events}`,
    `main_sdr_add 0x20 ${fullSdr(one)}`,
  ]);
  const supply = [
    `sensor_add 0x20 0 ${SIM_POWER_SUPPLY} 0x08 0x6f`,
    `sensor_set_event_support 0x20 0 ${SIM_POWER_SUPPLY} enable scanning per-state 000000000000011 000000000000011 000000000000011 000000000000011`,
    `sensor_set_bit 0x20 0 ${SIM_POWER_SUPPLY} 0 1 0`,
    `main_sdr_add 0x20 ${compactSdr(SIM_POWER_SUPPLY, 0x08, 10, "PSU1 Status")}`,
  ];
  return [
    "mc_setbmc 0x20",
    "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr",
    "sel_enable 0x20 1000 0x0a",
    ...sensors,
    ...supply,
    "mc_enable 0x20",
    "",
  ].join("\n");
}

/** IPMI 2.0 table 43-1. */
function fullSdr(one: SimSensor): string {
  const { lowerCritical: lower, upperCritical: upper } = one;
  return sdr(
    0x01,
    one.number,
    [
      [0x20, 0x00, one.number, one.entity, 1, 0x7f, 0x68, one.type, 0x01],
      [0x10, 0x02, 0x10, 0x02, 0x12, 0x12, 0x00, one.unit, 0x00, 0x00],
      [one.factor & 255, (one.factor >> 8) << 6, 0, 0, 0, (one.exponent & 15) << 4],
      [0x07, one.raw, upper, lower, 0xff, 0x00, 0xff, upper, 0xff, 0x00, lower, 0x00],
      [1, 1, 0, 0, 0],
    ].flat(),
    one.name,
  );
}

/** IPMI 2.0 table 43-2. */
function compactSdr(number: number, type: number, entity: number, name: string): string {
  return sdr(
    0x02,
    number,
    [
      [0x20, 0x00, number, entity, 1, 0x67, 0x40, type, 0x6f],
      [0x03, 0x00, 0x03, 0x00, 0x03, 0x00, 0xc0, 0x00, 0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0],
    ].flat(),
    name,
  );
}

function sdr(type: number, id: number, body: readonly number[], name: string): string {
  const text = [...Buffer.from(name, "latin1")];
  const rest = [...body, 0xc0 | text.length, ...text];
  return [id & 255, id >> 8, 0x51, type, rest.length, ...rest].map(hex).join(" ");
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
