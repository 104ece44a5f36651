"""`reelm rotate-key`: a new key-encryption key, while the realm is down."""

from pathlib import Path

from reelm.custody.errors import KeyFileError, KeyStoreError
from reelm.custody.rotation import rotate
from reelm.entrypoints.folder import DataFolder, StartError
from reelm.kit.clock import SystemClock


def rotate_key(data: Path) -> int:
    """Rotate the key of the realm in `data`; return the new key file's slot. Raises StartError."""
    folder = DataFolder(data)
    if not (folder.path / "keys" / "store.sqlite").exists():
        raise StartError(f"There's no realm in {folder.path}.", "reelm up --data DIR makes one.")
    folder.lock("reelm rotate-key")
    try:
        return rotate(folder.path / "keys", int(SystemClock().now().timestamp()))
    except (KeyFileError, KeyStoreError, OSError) as error:
        raise StartError(
            f"The key could not be rotated: {error}.", "Nothing is lost; run it again when that is mended."
        ) from error
