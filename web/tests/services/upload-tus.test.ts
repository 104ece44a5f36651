import { describe, expect, it } from 'vitest';

import {
  FileUnreadable,
  SignInNeeded,
  TusUpload,
  UploadRefused,
  nextPieceBytes,
  pauseBefore,
  uploadId,
  type Pause,
  type TusWorld,
} from '$lib/services/upload-tus';

const MB = 1024 * 1024;

/** A tus server that keeps bytes, and can be told to misbehave at the nth request. */
class Server {
  bytes = new Uint8Array();
  exists = false;
  requests: string[] = [];
  metadata = '';
  trouble = new Map<number, () => Response>();
  made = 0;

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    this.requests.push(method);
    const trouble = this.trouble.get(this.requests.length);
    if (trouble) return trouble();
    const headers = new Headers(init.headers);
    if (method === 'POST') {
      this.exists = true;
      this.made += 1;
      this.bytes = new Uint8Array();
      this.metadata = headers.get('Upload-Metadata') ?? '';
      return new Response(null, {
        status: 201,
        headers: { Location: `/api/v1/uploads/u${this.made}` },
      });
    }
    if (!this.exists || !String(input).endsWith(`u${this.made}`)) {
      return new Response('{"code":"uploads.not_found"}', { status: 404 });
    }
    if (method === 'PATCH') {
      if (Number(headers.get('Upload-Offset')) !== this.bytes.length) {
        return new Response('{}', { status: 409 });
      }
      const piece = new Uint8Array(init.body as ArrayBuffer);
      const grown = new Uint8Array(this.bytes.length + piece.length);
      grown.set(this.bytes);
      grown.set(piece, this.bytes.length);
      this.bytes = grown;
    }
    return new Response(null, {
      status: method === 'HEAD' ? 200 : 204,
      headers: { 'Upload-Offset': String(this.bytes.length) },
    });
  };
}

function setting(server: Server) {
  const waits: number[] = [];
  const state = { online: true };
  let now = 0;
  const world: TusWorld = {
    fetch: server.fetch,
    now: () => (now += 2500),
    sleep: async (ms) => void waits.push(ms),
    online: () => state.online,
    untilOnline: async () => {
      waits.push(-1);
      state.online = true;
    },
    jitter: () => 0.5,
  };
  const acknowledged: number[] = [];
  const pauses: (Pause | null)[] = [];
  const urls: string[] = [];
  const on = {
    created: async (url: string) => void urls.push(url),
    acknowledged: (offset: number) => void acknowledged.push(offset),
    paused: (pause: Pause | null) => void pauses.push(pause),
  };
  return { world, on, waits, acknowledged, pauses, urls, state };
}

const PATTERN = Uint8Array.from({ length: 251 }, (_, index) => index);

function blob(size: number): Blob {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 251) bytes.set(PATTERN.subarray(0, size - at), at);
  return new Blob([bytes]);
}

/** A comparison that stays quick for megabytes. */
async function arrived(server: Server, given: { blob: Blob }): Promise<boolean> {
  return Buffer.compare(server.bytes, new Uint8Array(await given.blob.arrayBuffer())) === 0;
}

const file = (size: number) => ({ blob: blob(size), name: 'été.mov', type: 'video/quicktime' });
const going = () => new AbortController().signal;

describe('sending', () => {
  it('brings every byte over in order and reports only what was acknowledged', async () => {
    const server = new Server();
    const { world, on, acknowledged, urls } = setting(server);
    const given = file(3 * MB + 17);
    const url = await new TusUpload(given, null, world, on).run(going());
    expect(uploadId(url)).toBe('u1');
    expect(urls).toEqual(['/api/v1/uploads/u1']);
    expect(await arrived(server, given)).toBe(true);
    expect(acknowledged[0]).toBe(0);
    expect(acknowledged.at(-1)).toBe(given.blob.size);
    const name = server.metadata.split(',')[0]?.split(' ')[1] ?? '';
    expect(new TextDecoder().decode(Uint8Array.from(atob(name), (c) => c.charCodeAt(0)))).toBe(
      'été.mov',
    );
  });

  it('goes on where the server stands after a reload', async () => {
    const server = new Server();
    server.exists = true;
    server.made = 1;
    const given = file(2 * MB);
    server.bytes = new Uint8Array(await given.blob.slice(0, MB + 5).arrayBuffer());
    const { world, on, acknowledged } = setting(server);
    await new TusUpload(given, '/api/v1/uploads/u1', world, on).run(going());
    expect(server.requests).toEqual(['HEAD', 'PATCH']);
    expect(acknowledged).toEqual([MB + 5, 2 * MB]);
    expect(await arrived(server, given)).toBe(true);
  });

  it('starts over when the upload has expired', async () => {
    const server = new Server();
    const { world, on, urls } = setting(server);
    await new TusUpload(file(10), '/api/v1/uploads/old', world, on).run(going());
    expect(urls).toEqual(['/api/v1/uploads/u1']);
    expect(server.bytes.length).toBe(10);
  });
});

describe('trouble', () => {
  it('asks where it stands after a lost connection, and sends no byte twice', async () => {
    const server = new Server();
    const given = file(3 * MB);
    server.trouble.set(3, () => {
      throw new TypeError('network');
    });
    const { world, on, waits } = setting(server);
    await new TusUpload(given, null, world, on).run(going());
    expect(server.requests.slice(0, 5)).toEqual(['POST', 'PATCH', 'PATCH', 'HEAD', 'PATCH']);
    expect(waits).toEqual([1000]);
    expect(await arrived(server, given)).toBe(true);
  });

  it('waits as long as the server asks', async () => {
    const server = new Server();
    server.trouble.set(2, () => new Response('{"retry_after_seconds":7}', { status: 503 }));
    const { world, on, pauses } = setting(server);
    await new TusUpload(file(10), null, world, on).run(going());
    expect(pauses).toContainEqual({ kind: 'retry', why: 'realm', waitMs: 7000, attempt: 1 });
  });

  it('pauses while there is no line', async () => {
    const server = new Server();
    const { world, on, pauses, waits, state } = setting(server);
    state.online = false;
    await new TusUpload(file(10), null, world, on).run(going());
    expect(pauses[0]).toEqual({ kind: 'offline' });
    expect(waits).toEqual([-1]);
  });

  it('refuses for good with the server’s reason', async () => {
    const server = new Server();
    server.trouble.set(
      1,
      () => new Response('{"code":"uploads.quota_exceeded","detail":"Full"}', { status: 403 }),
    );
    const { world, on } = setting(server);
    const refused = new TusUpload(file(10), null, world, on).run(going());
    await expect(refused).rejects.toMatchObject({ code: 'uploads.quota_exceeded', detail: 'Full' });
    await expect(refused).rejects.toBeInstanceOf(UploadRefused);
  });

  it('tells a lost session and a lost file apart', async () => {
    const server = new Server();
    server.trouble.set(1, () => new Response('{}', { status: 401 }));
    const first = setting(server);
    await expect(
      new TusUpload(file(10), null, first.world, first.on).run(going()),
    ).rejects.toBeInstanceOf(SignInNeeded);
    const gone = { ...file(10) };
    gone.blob.slice = () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    const second = setting(new Server());
    await expect(
      new TusUpload(gone, null, second.world, second.on).run(going()),
    ).rejects.toBeInstanceOf(FileUnreadable);
  });

  it('stops when told to', async () => {
    const server = new Server();
    const { world, on } = setting(server);
    const stop = new AbortController();
    server.trouble.set(2, () => {
      stop.abort();
      throw new DOMException('stopped', 'AbortError');
    });
    await expect(new TusUpload(file(10), null, world, on).run(stop.signal)).rejects.toThrow();
    expect(server.requests).toEqual(['POST', 'PATCH']);
  });

  it('believes no impossible offset', async () => {
    const server = new Server();
    server.trouble.set(
      2,
      () => new Response(null, { status: 204, headers: { 'Upload-Offset': '99' } }),
    );
    const { world, on, acknowledged } = setting(server);
    await new TusUpload(file(10), null, world, on).run(going());
    expect(acknowledged).not.toContain(99);
  });
});

describe('pace', () => {
  it('waits longer each time, but never forever', () => {
    expect([1, 2, 3].map((n) => pauseBefore(n, 0.5, null))).toEqual([1000, 2000, 4000]);
    expect(pauseBefore(40, 1, null)).toBe(75_000);
    expect(pauseBefore(1, 0.5, 30)).toBe(30_000);
  });

  it('fits the piece to the line', () => {
    expect(nextPieceBytes(MB, 100)).toBe(2 * MB);
    expect(nextPieceBytes(MB, 60_000)).toBe(MB / 2);
    expect(nextPieceBytes(256 * 1024, 60_000)).toBe(256 * 1024);
    expect(nextPieceBytes(8 * MB, 10)).toBe(8 * MB);
  });
});
