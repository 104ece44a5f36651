"""One progressive MP4 of a clip, remuxed when somebody asks for it (06: Ladder)."""

import asyncio
import secrets
from pathlib import Path
from uuid import UUID

from reelm.media import encode
from reelm.media.ffmpeg import Job, Tools, own_input, run
from reelm.media.schemas import MediaRecord
from reelm.media.store import MediaStore, clip_folder


async def progressive(
    tools: Tools, store: MediaStore, record: MediaRecord, clip_id: UUID, key: bytes | None
) -> Path:
    """Copy the largest rendition's packets into one plain file in a folder of its own; return its path.

    Raises NotFoundError when the bytes are gone. The caller removes the file's folder.
    """
    folder = store.scratch / f"download-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700, parents=True)
    source, target = folder / "in.mp4", folder / "clip.mp4"
    top = max(record.renditions, key=lambda each: each.width * each.height)
    name = f"{clip_folder(clip_id, sealed=key is not None)}/{top.file}"
    await store.take_out(name, source, key)
    job = Job(
        [*own_input(source), "-c", "copy", *encode.NOTHING_BUT_TRACKS, *encode.PROGRESSIVE, f"file:{target}"],
        read=(source,),
        write=(folder,),
        duration_ms=record.duration_ms,
    )
    await asyncio.to_thread(run, tools, job)
    source.unlink()
    return target
