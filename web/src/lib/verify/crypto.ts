/** What the browser itself computes: SHA-256, HMAC and Ed25519 (WebCrypto). */
import { fromBase64, utf8 } from './bytes';
import { Fault } from './fault';

type Bytes = Uint8Array<ArrayBuffer>;

function subtle(): SubtleCrypto {
  // Browsers give it to pages over https and on the own machine only.
  const found = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!found) throw new Fault('browser', 'this page has no WebCrypto, which needs https');
  return found;
}

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().digest('SHA-256', data));
}

export async function hmacSha256(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await subtle().importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle().sign('HMAC', imported, data));
}

/** Refuses unless `signature` over `message` is by the raw public key. */
export async function checkEd25519(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<void> {
  let key: CryptoKey;
  try {
    key = await subtle().importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotSupportedError') {
      throw new Fault('browser', 'this browser has no Ed25519');
    }
    if (cause instanceof Fault) throw cause;
    throw new Fault('signature', 'this is not an Ed25519 key');
  }
  if (!(await subtle().verify({ name: 'Ed25519' }, key, signature, message))) {
    throw new Fault('signature', 'the signature does not verify');
  }
}

// The key and first test of RFC 8032 (section 7.1).
const KNOWN_KEY = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
const KNOWN_SIGNATURE = '5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==';

/** Whether this browser can check what it must; a sentence's reason where not. */
export async function canCheck(): Promise<boolean> {
  try {
    await checkEd25519(fromBase64(KNOWN_KEY, 32), fromBase64(KNOWN_SIGNATURE, 64), utf8(''));
    return true;
  } catch {
    return false;
  }
}
