/** Settings of a service that has simulated machines only. */
export const FAKE_DRIVERS: Readonly<Record<string, string>> = {
  OS_DEFAULT__ENABLED_HARDWARE_TYPES: "fake-hardware",
  OS_DEFAULT__ENABLED_CONSOLE_INTERFACES: "fake,no-console",
  OS_DEFAULT__ENABLED_POWER_INTERFACES: "fake",
  OS_DEFAULT__ENABLED_MANAGEMENT_INTERFACES: "fake",
};
