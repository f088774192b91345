/**
 * What runs on an auxiliary host outside the sandboxes: looking, installing, accounts, folders, the keeper of
 * a session and the removal of what is left. It is POSIX shell, sent over the standard input of each command
 * and kept nowhere; it holds no secret. As root it makes a temporary account for each session, otherwise
 * sessions are the login's own user in bubblewrap.
 *
 * A session's folder BASE/NAME belongs to the login and lets the session's user pass, nobody else:
 * `egress.sock` (sshd listens there), `rfb.sock`, `session.sh`, `policies.json`, `inbox/`, `files/`, and `run/`,
 * which the session may write to until its VNC server is there.
 */

/** Verbs: `check`, `install`, `run`, `open`, `memory`, `remove`, `sweep`. */
export const HOST_SCRIPT = String.raw`set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset CDPATH ENV
verb=$1 base=$2 mark=$3
shift 3
me=$(id -u)
login=$me
[ "$me" != 0 ] || login=${"${SUDO_UID:-0}"}
fail() { echo "$1" >&2; exit 1; }
# Numbers of accounts are given out again: only one with our name and a home of that name is ours.
account() {
  awk -F: -v n="$1" '$1 == n && $3 >= 100 && substr($6, length($6) - length(n)) == "/" n { print $3; exit }' /etc/passwd
}
as() { to=$1; shift; setpriv "--reuid=$to" "--regid=$to" --clear-groups --no-new-privs -- "$@"; }
unprivileged() { if [ "$me" = 0 ]; then as 65534 "$@"; else "$@"; fi; }
is_name() {
  case $1 in *[!a-z0-9-]*) return 1 ;; "$mark"-????????????????) return 0 ;; esac
  return 1
}
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
end_processes() {
  if [ -s "$folder/box" ]; then
    read -r pid at <"$folder/box" || :
    [ -z "$at" ] || [ "$(began "$pid")" != "$at" ] || kill -KILL "$pid" 2>/dev/null || :
  fi
  [ "$me" != 0 ] || [ -z "$uid" ] || as "$uid" sh -c 'kill -KILL -1' 2>/dev/null || :
}
# A hostile session may be making files while they are removed: its processes end first, and again.
remove() {
  is_name "$1" || fail "\"$1\" is no session of ours"
  folder=$base/$1 uid=$(account "$1") n=0
  while :; do
    end_processes
    rm -rf -- "$folder" 2>/dev/null
    [ -e "$folder" ] || break
    n=$((n + 1))
    [ $n -lt 50 ] || fail "cannot remove $folder"
    sleep 0.1
  done
  # -f: remains of its processes count as a login until somebody collects them
  n=0
  while [ "$me" = 0 ] && [ -n "$uid" ] && [ -n "$(account "$1")" ]; do
    said=$(userdel -f "$1" 2>&1) || :
    n=$((n + 1))
    [ $n -lt 50 ] || fail "cannot remove the account $1: $said"
    [ -z "$(account "$1")" ] || sleep 0.1
  done
}
# Another program may have /etc/passwd locked for a moment.
make_account() {
  n=0
  until said=$(useradd --system --no-create-home --home-dir "$folder" --shell /usr/sbin/nologin --user-group \
    --comment "console session of $2" "$1" 2>&1); do
    n=$((n + 1))
    [ $n -lt 50 ] || fail "cannot make the account $1: $said"
    sleep 0.1
  done
  # FACT(useradd(8)): an account of the system gets no date of expiry by itself
  usermod --expiredate "$(date -d '+7 days' +%F)" "$1" >&2 2>/dev/null || :
  account "$1"
}
processes() {
  if [ -n "$uid" ]; then
    find /proc -maxdepth 1 -uid "$uid" -name '[0-9]*' -printf '%f\n'
    return
  fi
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" '{ p = $1; sub(/^.*\) /, ""); up[p] = $2 }
    END { for (p in up) for (q = p; q > 1; q = up[q]) if (q == top) { print p; break } }'
}
kibibytes() { for p in $(processes "$1"); do cat "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '/^Pss:/ { s += $2 } END { if (s) print s }'; }
prepare() {
  mkdir -p "$base" && { [ "$me" != 0 ] || chmod 711 "$base"; } || fail "cannot make $base"
  mkdir "$folder" || fail "cannot make $folder"
  if [ "$me" = 0 ]; then
    uid=$(make_account "$@") || { remove "$1"; fail "no account"; }
    [ -n "$uid" ] || { remove "$1"; fail "the account $1 has no number"; }
  fi
  mkdir "$folder/run" "$folder/inbox" "$folder/files" && chmod 711 "$folder/run" && chmod 755 "$folder/inbox" "$folder/files"
  [ "$me" != 0 ] || { chown "$uid:$uid" "$folder/run" && chown "$login" "$folder/inbox" "$folder/files" &&
    chmod 710 "$folder" && chown "$login:$uid" "$folder"; }
}
# Its standard input and output are the DevTools pipe. It ends with them, and everything else with it.
keep() {
  mkfifo "$folder/in" || return 1
  exec 3<&0
  "$@" <"$folder/in" 3<&- &
  box=$!
  echo "$box $(began $box)" >"$folder/box"
  ( trap 'kill $c; exit' TERM
    cat <&3 >"$folder/in" 2>/dev/null & c=$!
    wait $c
    kill -KILL $box ) </dev/null >/dev/null 2>&1 &
  feeder=$!
  exec 3<&-
  ( trap 'kill $s; exit' TERM
    while :; do
      sleep 5 2>/dev/null & s=$!
      wait $s
      kill -0 $$ 2>/dev/null || exit
      k=$(kibibytes $box)
      [ "${"${k:-0}"}" -le "$most" ] || { echo "session: ended: memory limit" >&2; kill -KILL $box; }
    done ) </dev/null >/dev/null &
  watcher=$!
  wait $box
  status=$?
  kill $feeder $watcher 2>/dev/null
  wait $feeder $watcher 2>/dev/null
  return $status
}
case $verb in
check)
  printf 'user\t%s\n' "$me"
  printf 'home\t%s\n' "$HOME"
  printf 'cpus\t%s\n' "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)"
  command -v apt-get >/dev/null && echo debian
  for want; do
    for program in $(echo "${"${want#*:}"}" | tr , ' '); do
      case $program in /*) ls $program >/dev/null 2>&1 && continue 2 ;; *) command -v "$program" >/dev/null && continue 2 ;; esac
    done
    printf 'missing\t%s\t%s\n' "${"${want%%:*}"}" "${"${want#*:}"}"
  done
  if command -v bwrap >/dev/null; then
    said=$(cd / && unprivileged bwrap --unshare-all --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
      --proc /proc --dev /dev /usr/bin/true 2>&1) ||
      printf 'sandbox\t%s\n' "$(echo "$said" | tr '\n\t' '  ' | cut -c 1-300)"
  fi
  echo done ;;
install)
  [ "$me" = 0 ] || fail "not root"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null >&2 || :
  apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" </dev/null >&2 ;;
run)
  name=$1 owner=$2 script=$3 policies=$4 most=$5
  is_name "$name" || fail "\"$name\" is no name"
  folder=$base/$name uid= feeder= watcher=
  trap '' HUP PIPE
  prepare "$name" "$owner"
  trap 'kill $feeder $watcher 2>/dev/null; remove "$name"; exit 143' INT TERM
  head -c "$script" >"$folder/session.sh" && head -c "$policies" >"$folder/policies.json"
  chmod 644 "$folder/session.sh" "$folder/policies.json"
  printf 'ready\t%s\n' "$uid"
  # The answer follows when sshd listens and the files are there: how long the command is, and the command.
  if read -r bytes && [ "$bytes" -gt 0 ] 2>/dev/null && eval "set -- $(head -c "$bytes")" && [ $# -gt 0 ]; then
    [ "$me" != 0 ] || chmod 666 "$folder/egress.sock"
    keep "$@"
    status=$?
  else
    status=1
  fi
  remove "$name"
  exit $status ;;
open)
  # A second name for the socket where the session cannot put something else in its place.
  is_name "$1" || fail "no name"
  folder=$base/$1
  [ "$me" != 0 ] || { chown 0:0 "$folder/run" && chmod 755 "$folder/run"; } || fail "no session $1"
  ln -P "$folder/run/rfb.sock" "$folder/rfb.sock" && [ -S "$folder/rfb.sock" ] && [ ! -L "$folder/rfb.sock" ] ||
    fail "the session's VNC server has no socket"
  [ "$me" != 0 ] || chmod 666 "$folder/rfb.sock" ;;
memory)
  is_name "$1" || fail "no name"
  uid=$(account "$1") box=0 at=
  [ "$me" = 0 ] || uid=
  [ ! -s "$base/$1/box" ] || read -r box at <"$base/$1/box" || :
  kibibytes "$box" ;;
remove)
  remove "$1" ;;
sweep)
  removed=0
  for name in $(cd "$base" 2>/dev/null && ls -d "$mark"-* 2>/dev/null) $([ "$me" != 0 ] || awk -F: -v m="$mark-" 'index($1, m) == 1 { print $1 }' /etc/passwd); do
    is_name "$name" || continue
    case " $* " in *" $name "*) continue ;; esac
    [ -e "$base/$name" ] || [ -n "$(account "$name")" ] || continue
    remove "$name"
    removed=$((removed + 1))
  done
  printf 'removed\t%s\n' $removed ;;
*)
  fail "no verb" ;;
esac
`;

/**
 * The command that runs {@link HOST_SCRIPT} out of its standard input, which has to begin with it.
 * FACT(GNU head): takes no byte more than it is asked for, so that the rest is the script's.
 */
export function hostCommand(sudo: boolean, args: readonly string[]): string {
  const reader = `eval "$(head -c ${Buffer.byteLength(HOST_SCRIPT)})"`;
  return [...(sudo ? ["sudo", "-n"] : []), "/bin/sh", "-c", reader, "bmc-console", ...args]
    .map(quoted)
    .join(" ");
}

/** One word for a POSIX shell. @throws {TypeError} for NUL, which no argument can hold */
export function quoted(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold NUL");
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
