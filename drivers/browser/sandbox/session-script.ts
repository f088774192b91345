/**
 * The program of a session, the same for every provider that starts processes: Xvnc, a window manager, the
 * way out, Chromium and, for old boards, Java Web Start. It is text, so that a provider can put it into a
 * file or send it to another host. It listens on no network and holds no secret; when one of its parts
 * ends, all of it does.
 *
 * What the session folder has to hold: `egress.sock`, and with Java an empty `inbox/`. What it gets:
 * `run/rfb.sock`, and `home/` with all that Chromium writes.
 */
import type { SessionSize } from "../providers/provider.ts";

/** On standard error, alone on its line: Xvnc answers and Chromium is about to start. */
export const READY_LINE = "session: ready";
/** Before why a session ended, on standard error. */
export const END_PREFIX = "session: ended: ";
/** Below the session folder. */
export const RFB_SOCKET = "run/rfb.sock";
export const EGRESS_SOCKET = "egress.sock";
/** Put there under another name and then renamed: the script starts it as soon as it is there. */
export const JNLP_FILE = "inbox/start.jnlp";
/** Where the SOCKS server is that the browser uses, seen from inside. */
export const SOCKS_PORT = 1080;

/**
 * FACT(Chromium 156, tried): a window that is an app's has no address field at all; one that starts with
 * about:blank has a hidden one, which takes the first keys, and about:blank is no app. The policies block
 * this page; it only makes the window.
 */
const START_PAGE = "data:text/html,";

export interface ScriptArguments {
  /** The session folder as the script sees it, absolute. */
  readonly folder: string;
  readonly size: SessionSize;
  /** Descriptors of the DevTools pipe: what Chromium reads and what it writes; may be the same socket. */
  readonly cdp: { readonly input: number; readonly output: number };
  readonly java: boolean;
  readonly flags: readonly string[];
}

/** What to call {@link SESSION_SCRIPT} with. */
export function scriptArguments(given: ScriptArguments): string[] {
  const { folder, size, cdp, java, flags } = given;
  const numbers = [size.width, size.height, cdp.input, cdp.output].map(String);
  return [folder, ...numbers, java ? "java" : "-", ...flags];
}

/** Where distributions keep the program itself; what is in /usr/bin is a wrapper that adds flags. */
export const CHROMIUM_PROGRAMS = [
  "/usr/lib/chromium/chromium", // Debian
  "/usr/lib64/chromium-browser/chromium-browser", // Fedora
  "/usr/lib/chromium-browser/chromium-browser",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
];

/**
 * No bindings, no decorations, no menus: openbox only gives each window the whole screen.
 * FACT(openbox 3.6): empty keyboard and mouse sections replace all its defaults.
 */
const OPENBOX = `<openbox_config xmlns="http://openbox.org/3.4/rc"><keyboard/><mouse/><applications>
<application class="*"><decor>no</decor></application>
<application class="*" type="normal"><decor>no</decor><maximized>yes</maximized><focus>yes</focus></application>
</applications></openbox_config>`;

/** IcedTea-Web 1.8: asks nothing, keeps nothing, and goes through our SOCKS server. */
const DEPLOYMENT = `deployment.security.level=ALLOW_UNSIGNED
deployment.manifest.attributes.check=NONE
deployment.security.askgrantdialog.show=false
deployment.security.askgrantdialog.notinca=false
deployment.security.jsse.hostmismatch.warning=false
deployment.security.sandbox.awtwarningwindow=false
deployment.javaws.shortcut=NEVER
deployment.javaws.associations=0
deployment.jnlpclassloader.strict=false
deployment.console.startup.mode=DISABLE
deployment.log=false
deployment.cache.max.size=102400
deployment.proxy.type=1
deployment.proxy.socks.host=127.0.0.1
deployment.proxy.socks.port=${SOCKS_PORT}`;

/** Old boards sign with MD5 and speak old TLS; who they are is our gate's to judge, not Java's. */
const JAVA_SECURITY = `jdk.jar.disabledAlgorithms=
jdk.certpath.disabledAlgorithms=
jdk.tls.disabledAlgorithms=anon, NULL`;

const JAVA_FLAGS = [
  `-J-DsocksProxyHost=127.0.0.1`,
  `-J-DsocksProxyPort=${SOCKS_PORT}`,
  '-J-Djava.security.properties="$HOME/java.security"',
  "-J-Djava.security.manager=allow",
  '-J-Djava.io.tmpdir="$HOME/tmp"',
  '-J-Duser.home="$HOME"',
  "-J-Xmx384m",
].join(" ");

/** POSIX shell. Its parts run without the DevTools pipe, so that it closes with Chromium. */
export const SESSION_SCRIPT = `set -eu
umask 077
folder=$1 width=$2 height=$3 input=$4 output=$5 java=$6
shift 6
cd "$folder"
mkdir -p run home home/tmp
export HOME="$folder/home" XDG_RUNTIME_DIR="$folder/home" DBUS_SESSION_BUS_ADDRESS=disabled: LANG=C.UTF-8
export DISPLAY=:1 XAUTHORITY="$folder/home/xauth" TMPDIR="$folder/home/tmp"
unset JAVA_HOME JAVA_TOOL_OPTIONS _JAVA_OPTIONS || :
# $$ stays the number of this shell, which becomes Chromium in the end
ended() { echo "${END_PREFIX}$1" >&2; kill -KILL $$; }

: >home/xauth
xauth -q add :1 . "$(od -An -tx1 -N16 /dev/urandom | tr -d ' \\n')" </dev/null >&2
( set +e; Xvnc :1 -auth home/xauth -rfbport -1 -rfbunixpath "$folder/${RFB_SOCKET}" -rfbunixmode 0600 \\
    -geometry "\${width}x$height" -depth 24 -SecurityTypes None -AlwaysShared -noreset -nolisten tcp \\
    -AcceptSetDesktopSize=1 -SendCutText=0 -AcceptCutText=0 -SendPrimary=0 -SetPrimary=0 -desktop console
  ended "Xvnc ended with status $?" ) </dev/null >&2 3<&- &
n=0
until [ -S ${RFB_SOCKET} ] && [ -S /tmp/.X11-unix/X1 ]; do
  n=$((n + 1))
  [ $n -lt 750 ] || ended "Xvnc did not start"
  sleep 0.02
done

cat >home/openbox.xml <<'END'
${OPENBOX}
END
( set +e; openbox --config-file "$folder/home/openbox.xml"; ended "openbox ended with status $?" ) </dev/null >&2 3<&- &
( set +e; socat TCP-LISTEN:${SOCKS_PORT},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:"$folder/${EGRESS_SOCKET}"
  ended "socat ended with status $?" ) </dev/null >&2 3<&- &

if [ "$java" = java ]; then
  mkdir -p home/.config/icedtea-web
  cat >home/.config/icedtea-web/deployment.properties <<'END'
${DEPLOYMENT}
END
  cat >home/java.security <<'END'
${JAVA_SECURITY}
END
  ( set +e; until [ -f ${JNLP_FILE} ]; do sleep 0.2; done
    cp ${JNLP_FILE} home/start.jnlp
    ICEDTEA_WEB_SPLASH=none javaws -Xtrustall -Xnofork \\
      ${JAVA_FLAGS} home/start.jnlp
    ended "the Java viewer ended with status $?" ) </dev/null >&2 3<&- &
fi

for chromium in ${CHROMIUM_PROGRAMS.join(" ")}; do [ ! -x "$chromium" ] || break; done
echo "${READY_LINE}" >&2
exec "$chromium" --user-data-dir="$HOME/profile" "$@" "--app=${START_PAGE}" 3<&"$input" 4>&"$output" </dev/null >&2
`;
