/** Passkeys: the browser's own ceremonies (WebAuthn level 3 JSON forms), between two requests. */
import { ask, client } from '$lib/api/client';
import type { Me, PasskeyProof } from '$lib/api/types';

interface Challenge {
  challenge_id: string;
  options: Record<string, unknown>;
}

export function passkeysSupported(): boolean {
  return (
    typeof PublicKeyCredential !== 'undefined' &&
    'parseCreationOptionsFromJSON' in PublicKeyCredential
  );
}

/** The person closed the browser's dialogue: nothing went wrong, nothing was made. */
export function wasCancelled(cause: unknown): boolean {
  return cause instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(cause.name);
}

function publicKeyOf(options: Record<string, unknown>): Record<string, unknown> {
  return (options.publicKey as Record<string, unknown> | undefined) ?? options;
}

async function create(challenge: Challenge): Promise<PasskeyProof> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    publicKeyOf(challenge.options) as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!made) throw new DOMException('no credential', 'NotAllowedError');
  return { challenge_id: challenge.challenge_id, credential: { ...made.toJSON() } };
}

/** A new passkey for an account that does not exist yet. */
export async function makePasskeyFor(handle: string): Promise<PasskeyProof> {
  const challenge = await ask(
    client.POST('/api/v1/accounts/passkey-options', { body: { handle } }),
  );
  return create(challenge);
}

/** That it is still the same person; not needed just after signing in. */
export type StillMe = { password?: string; passkey?: PasskeyProof };

/** Another passkey for the person who is signed in; the label is how they will know it again. */
export async function addPasskey(label: string, stillMe?: StillMe): Promise<void> {
  const challenge = await ask(client.POST('/api/v1/me/passkeys/options', { body: stillMe ?? null }));
  const proof = await create(challenge);
  await ask(client.POST('/api/v1/me/passkeys', { body: { ...proof, label } }));
}

/** A fresh proof that whoever sits here holds a passkey. */
export async function provePasskey(): Promise<PasskeyProof> {
  const challenge = await ask(
    client.POST('/api/v1/sessions/passkey-options'),
  );
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    publicKeyOf(challenge.options) as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  const found = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!found) throw new DOMException('no credential', 'NotAllowedError');
  return { challenge_id: challenge.challenge_id, credential: { ...found.toJSON() } };
}

export async function signInWithPasskey(): Promise<Me> {
  const passkey = await provePasskey();
  const answer = await ask(client.POST('/api/v1/sessions', { body: { passkey } }));
  return answer.person;
}
