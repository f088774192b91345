/** Node keys by the microversion that brought them; from upstream's documentation of each version. */
const KEYS_SINCE: Readonly<Record<number, string>> = {
  1: "chassis_uuid console_enabled created_at driver driver_info extra instance_info instance_uuid last_error links maintenance maintenance_reason ports power_state properties provision_state provision_updated_at reservation target_power_state target_provision_state updated_at uuid",
  3: "driver_internal_info",
  5: "name",
  6: "inspection_finished_at inspection_started_at",
  7: "clean_step",
  12: "raid_config target_raid_config",
  14: "states",
  20: "network_interface",
  21: "resource_class",
  24: "portgroups",
  31: "boot_interface console_interface deploy_interface inspect_interface management_interface power_interface raid_interface vendor_interface",
  32: "volume",
  33: "storage_interface",
  37: "traits",
  38: "rescue_interface",
  40: "bios_interface",
  42: "fault",
  44: "deploy_step",
  46: "conductor_group",
  47: "automated_clean",
  48: "protected protected_reason",
  49: "conductor",
  50: "owner",
  51: "description",
  52: "allocation_uuid",
  61: "retired retired_reason",
  65: "lessee",
  66: "network_data",
  75: "boot_mode secure_boot",
  82: "shard",
  83: "parent_node",
  86: "firmware_interface",
  87: "service_step",
};

/** Sorted. @param minor 78 for 1.78 */
export function keysAt(minor: number): string[] {
  return Object.entries(KEYS_SINCE)
    .filter(([since]) => Number(since) <= minor)
    .flatMap(([, names]) => names.split(" "))
    .sort();
}
