/** Which auxiliary hosts the ssh provider believes, equips, uses and tidies up: on a real sshd. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "../../../../common/log.ts";
import type { SessionProvider } from "../../../../drivers/browser/providers/provider.ts";
import { accountsBelow, processesOfUser } from "../../../helpers/aux-host-leftovers.ts";
import { AuxHostNet, skipWithoutNamespaces } from "../../../helpers/aux-host.ts";
import {
  openSession,
  sshProvider,
  untilNoTrace,
  type ProviderSetup,
} from "../../../helpers/aux-session.ts";
import { makeSshHostKey } from "../../../helpers/ssh-keys.ts";
import { until } from "../../../helpers/until.ts";

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

describe("auxiliary hosts of browser sessions", function () {
  this.timeout(60_000);
  let net: AuxHostNet;
  const providers: SessionProvider[] = [];
  const provide = (setup: ProviderSetup = {}): SessionProvider => {
    const provider = sshProvider(net, setup);
    providers.push(provider);
    return provider;
  };

  before(async function () {
    skipWithoutNamespaces(this);
    net = await AuxHostNet.start();
  });
  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.stop();
  });
  after(async () => {
    await net?.stop();
  });

  it("have no place for one more when every seat is taken", async () => {
    const provider = provide({ options: { max_sessions: 1 } });
    const place = await provider.place(signal());
    assert.ok(place);
    assert.equal(await provider.place(signal()), undefined);
    await place.release();
    assert.ok(await provider.place(signal()));
  });

  it("are passed over when they do not answer", async () => {
    const dead = `root@${net.auxHost}:9`;
    const provider = provide({
      options: {
        ssh_hosts: [dead, net.login("root")],
        ssh_host_keys: [`${net.auxHost}=${net.fingerprint}`],
      },
    });
    assert.equal((await provider.place(signal()))?.host, `${net.login("root")}:22`);
  });

  it("are swept of what an earlier run left, and of this conductor's only", async () => {
    const leave = (provider: string, id: string): string => {
      const name = `${provider}-${id}`;
      const home = join(net.sessionFolder, name);
      mkdirSync(home, { recursive: true });
      execFileSync("useradd", ["-r", "-M", "-d", home, "-U", name], { stdio: "pipe" });
      return name;
    };
    const open = await openSession(net, provide({ conductor: `mine-${process.pid}` }));
    const mark = (accountsBelow(net.sessionFolder)[0]?.name ?? "").slice(0, 12);
    const mine = leave(mark, "leftover00000001");
    const others = leave(`bmc-${process.pid.toString(16).padStart(8, "0")}`, "leftover00000002");
    const [account] = accountsBelow(join(net.sessionFolder)).filter(({ name }) => name === mine);
    chownSync(join(net.sessionFolder, mine), account?.uid ?? -1, account?.uid ?? -1);
    const sleeper = spawn("setpriv", [`--reuid=${account?.uid}`, "--clear-groups", "sleep", "60"], {
      stdio: "ignore",
    });
    const sleeperEnds = once(sleeper, "close");
    await until(() => processesOfUser(account?.uid ?? -1).length > 0, "sleeper");
    assert.equal(await providers.at(-1)?.sweep(), 1);
    await sleeperEnds;
    const left = accountsBelow(net.sessionFolder).map(({ name }) => name);
    assert.ok(!left.includes(mine) && left.includes(others), "another conductor's stays");
    assert.equal(left.length, 2, "the running session stays");
    await open.end();
    execFileSync("userdel", ["-f", others], { stdio: "pipe" });
    execFileSync("rm", ["-rf", join(net.sessionFolder, others)]);
  });

  it("are tidied up after they were taken off the list", async () => {
    const first = provide({ conductor: `moved-${process.pid}` });
    const open = await openSession(net, first);
    const [account] = accountsBelow(net.sessionFolder);
    await open.end();
    await first.stop();
    const home = join(net.sessionFolder, account?.name ?? "");
    mkdirSync(home);
    execFileSync("useradd", ["-r", "-M", "-d", home, "-U", account?.name ?? ""], { stdio: "pipe" });
    const second = provide({
      conductor: `moved-${process.pid}`,
      options: { ssh_hosts: [net.login("plain")] },
    });
    await second.sweep();
    await untilNoTrace(net);
  });

  it("get a second connection where sshd allows few channels", async () => {
    await net.killSshd();
    const few = await AuxHostNet.start({ sshdConfig: ["MaxSessions 2"] });
    try {
      const provider = sshProvider(few);
      const all = [await openSession(few, provider), await openSession(few, provider)];
      for (const { cdp } of all) await cdp.send("Browser.getVersion");
      const accepted = few.sshdLog.match(/Accepted publickey/g) ?? [];
      assert.ok(accepted.length > 1 && accepted.length < 5, `${accepted.length} connections`);
      await Promise.all(all.map((one) => one.end()));
      await provider.stop();
    } finally {
      await few.stop();
      await net.startSshd();
    }
  });

  it("need programs: one that lacks some is named with the packages", async () => {
    const poor = await AuxHostNet.start({ hidden: ["/usr/bin/openbox", "/usr/bin/socat"] });
    try {
      const provider = sshProvider(poor);
      await assert.rejects(provider.check(signal()), {
        message: /lacks openbox, socat: run "apt-get install openbox socat"/,
      });
      await provider.stop();
    } finally {
      await poor.stop();
    }
  });

  it("get what is missing installed once, where that is allowed", async () => {
    const aptGet = `echo "$*" >>$LOG; case "$*" in *" install "*) umount /usr/bin/openbox ;; esac`;
    const bare = await AuxHostNet.start({ hidden: ["/usr/bin/openbox"], aptGet });
    try {
      for (const turn of ["first", "second"]) {
        const provider = sshProvider(bare, { options: { ssh_install: true } });
        await provider.check(signal());
        await provider.stop();
        assert.equal(bare.aptLog.match(/install openbox$/gm)?.length, 1, turn);
      }
      assert.equal(bare.aptLog.trim().split("\n").length, 2, "one update, one install");
    } finally {
      await bare.stop();
    }
  });

  describe("with host keys", () => {
    it("are refused when none is known, with the fingerprint that was seen", async () => {
      const provider = provide({ options: { ssh_host_keys: [] } });
      await assert.rejects(provider.check(signal()), (error: Error) =>
        error.message.includes(net.fingerprint),
      );
    });

    it("are believed by known_hosts as ssh-keyscan and ssh-keygen -H write it", async () => {
      const file = join(net.folder, "known_hosts");
      writeFileSync(
        file,
        execFileSync("ssh-keyscan", ["-t", "ed25519", net.auxHost], {
          stdio: ["ignore", "pipe", "ignore"],
        }),
      );
      execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
      assert.match(readFileSync(file, "utf8"), /^\|1\|/m);
      await provide({ options: { ssh_host_keys: [], ssh_known_hosts: file } }).check(signal());
    });

    it("are refused when the host shows another one than before", async () => {
      const old = net.fingerprint;
      const provider = provide({ options: { ssh_host_keys: [`${net.auxHost}=${old}`] } });
      await net.killSshd();
      net.newHostKey();
      await net.startSshd();
      await assert.rejects(provider.check(signal()), (error: Error) => {
        assert.match(error.message, /not the one that is trusted/);
        return error.message.includes(net.fingerprint) && !error.message.includes(old);
      });
    });

    it("are refused when the user's key is another", async () => {
      const file = join(net.folder, "other-key");
      writeFileSync(file, makeSshHostKey().private, { mode: 0o600 });
      const provider = provide({ options: { ssh_key_file: file }, log: silentLogger() });
      await assert.rejects(provider.check(signal()), { message: /refuses our key/ });
    });
  });
});
