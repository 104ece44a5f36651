/** This device: set up silently the first time, opened by the recovery key on a further one, ended when it is to go. */
import { asProblem } from '$lib/api/problem';
import { equal, fromUtf8, utf8 } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';

import { isProblem, unlock, type Desk, type Unlocked } from './desk';
import { wipe } from './forget';
import {
  fromBase64Url,
  identityOf,
  makeRecovery,
  openUnder,
  readRecovery,
  sealUnder,
  toBase64Url,
  uuidBytes,
} from './keys';
import { makePackage, makeSignatureKeys } from './mls';
import { Pins } from './pins';
import { allTalks, type PackageRow, type SelfRow, type TalkRow } from './records';
import type { OwnDevice, Ready } from './types';
import type { WireIdentity } from './wire';

const LAST_RESORT_DAYS = 30;
const DAY_MS = 86_400_000;
const LABEL_CHARS = 60;

async function readSelf(desk: Desk): Promise<SelfRow | undefined> {
  return await desk.store.get<SelfRow>('self', desk.keys.self());
}

async function writeSelf(desk: Desk, row: SelfRow): Promise<Unlocked> {
  await desk.store.write([{ table: 'self', key: desk.keys.self(), value: row }]);
  return await openSelf(desk, row);
}

async function openSelf(desk: Desk, row: SelfRow): Promise<Unlocked> {
  const open = await unlock(desk.me, row);
  desk.self = open;
  desk.pins ??= new Pins(desk);
  return open;
}

/** What this person has here goes. */
export async function forgetDevice(desk: Desk): Promise<void> {
  await wipe(desk.store, desk.me.id);
  desk.self = null;
  desk.pins = null;
}

async function newDevice(desk: Desk, recovery: Uint8Array<ArrayBuffer>): Promise<Unlocked> {
  const { signKey, publicKey } = await makeSignatureKeys();
  return await writeSelf(desk, { recovery, device: desk.world.uuid(), signKey, publicKey, registered: false });
}

async function register(desk: Desk, open: Unlocked, there: WireIdentity): Promise<void> {
  const { row, historyKey, keys } = open;
  if (!there.devices.some((one) => one.id === row.device)) {
    const label = await sealUnder(historyKey, utf8(desk.world.label().slice(0, LABEL_CHARS)), uuidBytes(row.device));
    await desk.wire.addDevice({
      id: row.device,
      signature_key: toBase64Url(row.publicKey),
      certificate: toBase64Url(keys.certificate),
      label: toBase64Url(label),
    });
  }
  await writeSelf(desk, { ...row, registered: true });
}

/**
 * Opens the device. Every step may be repeated: what is made is written down before the realm hears
 * of it. @returns `new-device` when the person has an identity that this device doesn't know
 */
export async function openDevice(desk: Desk): Promise<Ready> {
  const there = await desk.wire.identity();
  let row = await readSelf(desk);
  if (row) {
    const { key } = await identityOf(row.recovery);
    const same = there.identity_key !== null && equal(fromBase64Url(there.identity_key, 32), key);
    const ended = row.registered && !there.devices.some((one) => one.id === row?.device);
    if ((there.identity_key !== null && !same) || (same && ended)) {
      // Another identity took its place, or somebody ended this device from another one.
      await forgetDevice(desk);
      row = undefined;
    }
  }
  if (!row && there.identity_key !== null) return 'new-device';
  const open = row ? await openSelf(desk, row) : await newDevice(desk, makeRecovery());
  if (there.identity_key === null) {
    try {
      await desk.wire.putIdentity(toBase64Url(open.identity.key));
    } catch (cause) {
      if (!isProblem(cause, 'messages.identity_exists')) throw cause;
      // Another device of theirs was quicker.
      await forgetDevice(desk);
      return 'new-device';
    }
  }
  if (!open.row.registered || there.identity_key === null) await register(desk, open, there);
  return 'on';
}

/** @throws Fault when it isn't this person's recovery key */
export async function recoverDevice(desk: Desk, code: string): Promise<void> {
  const recovery = readRecovery(code);
  const there = await desk.wire.identity();
  const { key } = await identityOf(recovery);
  if (there.identity_key === null || !equal(fromBase64Url(there.identity_key, 32), key)) {
    throw new Fault('signature', 'the recovery key of somebody else, or of an earlier time');
  }
  await register(desk, await newDevice(desk, recovery), there);
}

/** A new identity; whoever writes to this person will see that it is one. */
export async function resetDevice(desk: Desk): Promise<void> {
  const there = await desk.wire.identity();
  await forgetDevice(desk);
  const open = await newDevice(desk, makeRecovery());
  await desk.wire.putIdentity(toBase64Url(open.identity.key), there.identity_key ?? undefined);
  await register(desk, open, { identity_key: null, devices: [] });
}

/** Keeps packages at the realm, so that others can add this device while it is away. */
export async function fillPackages(desk: Desk): Promise<void> {
  const { self, wire, store, keys, world } = desk;
  const left = await wire.packagesLeft(self.row.device);
  const rows = await store.range<PackageRow>('packages', { prefix: keys.all });
  const now = world.now().getTime();
  const old = Math.max(0, ...rows.filter((one) => one.last).map((one) => one.madeAt));
  const stale = now - old > LAST_RESORT_DAYS * DAY_MS;
  const enough = left * 3 >= world.packages;
  if (enough && !stale) return;
  const count = enough ? 0 : world.packages - left;
  const made: PackageRow[] = [];
  for (let at = 0; at < count + (stale ? 1 : 0); at++) {
    made.push({ ...(await makePackage(self.keys)), last: at === count, madeAt: now });
  }
  // The private halves are here before anybody can use the public ones.
  await store.write(made.map((row) => ({ table: 'packages', key: keys.one(row.ref), value: row })));
  const last = made.find((one) => one.last);
  await wire.putPackages(
    self.row.device,
    made.filter((one) => !one.last).map((one) => toBase64Url(one.bytes)),
    last ? toBase64Url(last.bytes) : undefined,
  );
}

export async function listDevices(desk: Desk): Promise<OwnDevice[]> {
  const { devices } = await desk.wire.identity();
  const { self } = desk;
  return await Promise.all(
    devices.map(async (one) => {
      let label = '';
      try {
        label = fromUtf8(await openUnder(self.historyKey, fromBase64Url(one.label), uuidBytes(one.id)));
      } catch (cause) {
        if (!(cause instanceof Fault)) throw cause;
      }
      return { id: one.id, label, madeAt: one.made_at, seenOn: one.seen_on, current: one.id === self.row.device };
    }),
  );
}

/** @returns whether it was this one, which keeps nothing then */
export async function endDevice(desk: Desk, id: string): Promise<boolean> {
  try {
    await desk.wire.endDevice(id);
  } catch (cause) {
    if (!asProblem(cause).gone) throw cause;
  }
  if (id !== desk.self.row.device) return false;
  await forgetDevice(desk);
  return true;
}

function unsettled(talk: TalkRow): boolean {
  const joining = talk.state === null || talk.pending !== null || talk.welcomed || talk.wantsHistory;
  return joining || talk.broken !== null || talk.meta.last_seq > talk.cursor;
}

/** Conversations that this device isn't in yet, or is behind in. */
export async function behind(desk: Desk): Promise<string[]> {
  const talks = await allTalks(desk.store, desk.keys);
  return talks.filter((talk) => talk.begun && talk.meta.state !== 'left' && unsettled(talk)).map((talk) => talk.id);
}
