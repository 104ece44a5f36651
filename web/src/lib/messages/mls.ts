/**
 * Messaging Layer Security (RFC 9420), suite 1, as messages need it. Nothing here knows the realm
 * or the store: states and bytes go in and come out.
 *
 * A leaf's credential names its person and device and brings the device's certificate along, so
 * that whoever knows the person's identity key can judge a leaf without asking anybody.
 */
import {
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeGroupState,
  decodeMlsMessage,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetime,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  type Capabilities,
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  type Credential,
  type KeyPackage,
  type MLSMessage,
  type PrivateKeyPackage,
  type Proposal,
  type RatchetTree,
} from 'ts-mls';
import { ratchetTreeFromExtension } from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';

import { equal, fromUtf8, utf8 } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';

import { fromBase64Url, toBase64Url } from './keys';

export type State = ClientState;

const SUITE = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [],
  proposals: [],
  credentials: ['basic'],
};

/** Who a leaf says it is. */
export interface Leaf {
  index: number;
  person: string;
  device: string;
  key: Uint8Array;
  certificate: Uint8Array;
}

export interface DeviceKeys {
  person: string;
  device: string;
  publicKey: Uint8Array;
  signKey: Uint8Array;
  certificate: Uint8Array;
}

/** Whether a leaf is a device of the person it names. */
export type Certified = (leaf: Omit<Leaf, 'index'>) => Promise<boolean>;

export interface MadePackage {
  /** As it is uploaded. */
  bytes: Uint8Array;
  ref: string;
  keys: PrivateKeyPackage;
}

export interface Made {
  state: State;
  commit: Uint8Array;
  welcome: Uint8Array | null;
  groupInfo: Uint8Array;
}

let suiteReady: Promise<CiphersuiteImpl> | null = null;

export function suite(): Promise<CiphersuiteImpl> {
  suiteReady ??= getCiphersuiteImpl(getCiphersuiteFromName(SUITE));
  return suiteReady;
}

function credentialOf(keys: DeviceKeys): Credential {
  const said = `${keys.person}/${keys.device}/${toBase64Url(keys.certificate)}`;
  return { credentialType: 'basic', identity: utf8(said) };
}

export function readCredential(credential: Credential, key: Uint8Array): Omit<Leaf, 'index'> {
  if (credential.credentialType !== 'basic') throw new Fault('format', 'a credential of another kind');
  const [person, device, certificate, ...more] = fromUtf8((credential as { identity: Uint8Array }).identity).split('/');
  if (!person || !device || !certificate || more.length > 0) throw new Fault('format', 'not a device');
  return { person, device, key, certificate: fromBase64Url(certificate, 64) };
}

function leavesOfTree(tree: RatchetTree): Leaf[] {
  const found: Leaf[] = [];
  tree.forEach((node, at) => {
    if (node?.nodeType === 'leaf') {
      found.push({ index: at / 2, ...readCredential(node.leaf.credential, node.leaf.signaturePublicKey) });
    }
  });
  return found;
}

export const leavesOf = (state: State): Leaf[] => leavesOfTree(state.ratchetTree);

function configOf(certified: Certified): ClientConfig {
  return {
    keyRetentionConfig: defaultKeyRetentionConfig,
    lifetimeConfig: defaultLifetimeConfig,
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: defaultPaddingConfig,
    authService: {
      async validateCredential(credential, key) {
        try {
          return await certified(readCredential(credential, key));
        } catch (cause) {
          if (cause instanceof Fault) return false;
          throw cause;
        }
      },
    },
  };
}

export function freeze(state: State): Uint8Array {
  return encodeGroupState(state);
}

export function thaw(bytes: Uint8Array, certified: Certified): State {
  const decoded = decodeGroupState(bytes, 0);
  if (!decoded) throw new Fault('format', 'not a state');
  return { ...decoded[0], clientConfig: configOf(certified) };
}

export const epochOf = (state: State): number => Number(state.groupContext.epoch);

export function decode(bytes: Uint8Array): MLSMessage {
  let decoded: ReturnType<typeof decodeMlsMessage>;
  try {
    decoded = decodeMlsMessage(bytes, 0);
  } catch {
    throw new Fault('format', 'not a message of MLS');
  }
  if (!decoded || decoded[1] !== bytes.length) throw new Fault('format', 'not a message of MLS');
  return decoded[0];
}

export async function makePackage(keys: DeviceKeys): Promise<MadePackage> {
  const impl = await suite();
  const signature = { signKey: keys.signKey, publicKey: keys.publicKey };
  const made = await generateKeyPackageWithKey(credentialOf(keys), CAPABILITIES, defaultLifetime, [], signature, impl);
  const message: MLSMessage = { version: 'mls10', wireformat: 'mls_key_package', keyPackage: made.publicPackage };
  const ref = toBase64Url(await makeKeyPackageRef(made.publicPackage, impl.hash));
  return { bytes: encodeMlsMessage(message), ref, keys: made.privatePackage };
}

export async function makeSignatureKeys(): Promise<{ signKey: Uint8Array; publicKey: Uint8Array }> {
  return await (await suite()).signature.keygen();
}

export function readPackage(bytes: Uint8Array): KeyPackage {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_key_package') throw new Fault('format', 'not a key package');
  return message.keyPackage;
}

/** Whose package it is. */
export function ownerOf(bytes: Uint8Array): Omit<Leaf, 'index'> {
  const { leafNode } = readPackage(bytes);
  return readCredential(leafNode.credential, leafNode.signaturePublicKey);
}

async function groupInfoOf(state: State): Promise<Uint8Array> {
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(state, [], await suite());
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo });
}

/** A group of this device alone, at epoch 0. */
export async function startGroup(id: Uint8Array, keys: DeviceKeys, certified: Certified): Promise<State> {
  const made = await makePackage(keys);
  return await createGroup(id, readPackage(made.bytes), made.keys, [], await suite(), configOf(certified));
}

/** A commit that adds these packages and removes these leaves; the state is the one after it. */
export async function change(state: State, add: readonly Uint8Array[], remove: readonly number[]): Promise<Made> {
  const extraProposals: Proposal[] = [
    ...remove.map((removed): Proposal => ({ proposalType: 'remove', remove: { removed } })),
    ...add.map((bytes): Proposal => ({ proposalType: 'add', add: { keyPackage: readPackage(bytes) } })),
  ];
  const made = await createCommit({ state, cipherSuite: await suite() }, { extraProposals, ratchetTreeExtension: true });
  const welcome = made.welcome
    ? encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome })
    : null;
  return {
    state: made.newState,
    commit: encodeMlsMessage(made.commit),
    welcome,
    groupInfo: await groupInfoOf(made.newState),
  };
}

/** The references of the packages that a welcome is for. */
export function welcomedBy(bytes: Uint8Array): string[] {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_welcome') throw new Fault('format', 'not a welcome');
  return message.welcome.secrets.map((one) => toBase64Url(one.newMember));
}

/** Leaves without a certificate are let in while joining: nothing is sent before they are removed. */
const anyone: Certified = () => Promise.resolve(true);

export async function joinByWelcome(
  id: Uint8Array,
  bytes: Uint8Array,
  made: { bytes: Uint8Array; keys: PrivateKeyPackage },
  certified: Certified,
): Promise<State> {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_welcome') throw new Fault('format', 'not a welcome');
  const own = readPackage(made.bytes);
  const impl = await suite();
  const state = await joinGroup(message.welcome, own, made.keys, emptyPskIndex, impl, undefined, undefined, configOf(anyone));
  if (!equal(state.groupContext.groupId, id)) throw new Fault('format', 'a welcome to another conversation');
  return { ...state, clientConfig: configOf(certified) };
}

/** Joins from outside with the stored group information; in place of this device's old leaf, if there is one. */
export async function joinFromOutside(
  id: Uint8Array,
  bytes: Uint8Array,
  keys: DeviceKeys,
  certified: Certified,
): Promise<Made> {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_group_info') throw new Fault('format', 'not group information');
  const { groupInfo } = message;
  if (!equal(groupInfo.groupContext.groupId, id)) throw new Fault('format', 'information on another conversation');
  const impl = await suite();
  const own = await makePackage(keys);
  const tree = ratchetTreeFromExtension(groupInfo);
  if (!tree) throw new Fault('format', 'group information without its tree');
  const again = leavesOfTree(tree).some((leaf) => equal(leaf.key, keys.publicKey));
  const config = configOf(anyone);
  const joined = await joinGroupExternal(groupInfo, readPackage(own.bytes), own.keys, again, impl, undefined, config);
  const state = { ...joined.newState, clientConfig: configOf(certified) };
  const commit: MLSMessage = {
    version: 'mls10',
    wireformat: 'mls_public_message',
    publicMessage: joined.publicMessage,
  };
  return { state, commit: encodeMlsMessage(commit), welcome: null, groupInfo: await groupInfoOf(state) };
}

/** @returns the state after it; one key is used up, whether or not what was sealed is ever sent */
export async function seal(state: State, plain: Uint8Array, said: Uint8Array): Promise<{ state: State; body: Uint8Array }> {
  const made = await createApplicationMessage(state, plain, await suite(), said);
  const body = encodeMlsMessage({
    version: 'mls10',
    wireformat: 'mls_private_message',
    privateMessage: made.privateMessage,
  });
  return { state: made.newState, body };
}

export interface Header {
  epoch: number;
  kind: 'message' | 'commit' | 'other';
}

export function headerOf(bytes: Uint8Array): Header {
  const message = decode(bytes);
  const kind = (type: string) => (type === 'application' ? 'message' : type === 'commit' ? 'commit' : 'other');
  if (message.wireformat === 'mls_private_message') {
    return { epoch: Number(message.privateMessage.epoch), kind: kind(message.privateMessage.contentType) };
  }
  if (message.wireformat === 'mls_public_message') {
    const { content } = message.publicMessage;
    return { epoch: Number(content.epoch), kind: content.contentType === 'commit' ? 'commit' : 'other' };
  }
  throw new Fault('format', 'not an entry of a conversation');
}

export interface Opened {
  state: State;
  plain: Uint8Array;
  /** What was said in the open beside it: the commitment. */
  said: Uint8Array;
  sender: Leaf;
}

/** Opens a message of this epoch, or of one of the last few. @throws when it can't be opened */
export async function openMessage(state: State, bytes: Uint8Array): Promise<Opened> {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_private_message') throw new Fault('format', 'not a sealed message');
  const sealed = message.privateMessage;
  if (!equal(sealed.groupId, state.groupContext.groupId)) throw new Fault('format', 'of another conversation');
  const now = sealed.epoch === state.groupContext.epoch;
  const past = now ? null : state.historicalReceiverData.get(sealed.epoch);
  if (!now && !past) throw new Fault('format', 'of an epoch whose keys are gone');
  const tree = past ? past.ratchetTree : state.ratchetTree;
  const opened = await unprotectPrivateMessage(
    past ? past.senderDataSecret : state.keySchedule.senderDataSecret,
    sealed,
    past ? past.secretTree : state.secretTree,
    tree,
    past ? past.groupContext : state.groupContext,
    state.clientConfig.keyRetentionConfig,
    await suite(),
  );
  const { content } = opened.content;
  if (content.contentType !== 'application' || content.sender.senderType !== 'member') {
    throw new Fault('format', 'not a message of a member');
  }
  const { leafIndex } = content.sender;
  const sender = leavesOfTree(tree).find((leaf) => leaf.index === leafIndex);
  if (!sender) throw new Fault('format', 'a sender who is not there');
  const next: State = past
    ? {
        ...state,
        historicalReceiverData: new Map(state.historicalReceiverData).set(sealed.epoch, { ...past, secretTree: opened.tree }),
      }
    : { ...state, secretTree: opened.tree };
  return { state: next, plain: content.applicationData, said: sealed.authenticatedData, sender };
}
