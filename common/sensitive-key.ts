/**
 * Which JSON keys name a secret, by the rule that Ironic's API masks with: the key contains, in any
 * case, one of oslo_utils' sanitize keys. One list for sealing, masking and logging.
 *
 * FACT(oslo.utils strutils._SANITIZE_KEYS, ironic api/controllers/v1/utils.py): the words below, plus
 * the two SNMP keys that Ironic adds itself.
 */
const SENSITIVE_WORDS = [
  "adminpass",
  "admin_pass",
  "password",
  "new_pass",
  "sys_pswd",
  "secret",
  "token",
  "configdrive",
  "encrypted_key",
  "private_key",
  "fernetkey",
  "sslkey",
  "passphrase",
  "cephclusterfsid",
  "octaviaheartbeatkey",
  "rabbitcookie",
  "cephmanilaclientkey",
  "pacemakerremoteauthkey",
  "designaterndckey",
  "cephadminkey",
  "heatauthencryptionkey",
  "cephclientkey",
  "keystonecredential",
  "barbicansimplecryptokek",
  "cephrgwkey",
  "swifthashsuffix",
  "migrationsshkey",
  "cephmdskey",
  "cephmonkey",
  "snmp_auth_key",
  "snmp_priv_key",
] as const;

/** True when a value under this key is a secret, wherever it stands. */
export function isSensitiveKey(key: string): boolean {
  const lower = key.toLowerCase();
  return SENSITIVE_WORDS.some((word) => lower.includes(word));
}
