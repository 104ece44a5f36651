"""Which process may ask the keys process for what; anything that is not listed is refused."""

from reelm.custody import (
    backup_schemas,
    disclosure_schemas,
    ledger_schemas,
    matching_schemas,
    opening_schemas,
    promise_schemas,
    rights_schemas,
    schemas,
)

_WEB: frozenset[type[schemas.Request]] = frozenset(
    {
        schemas.Enrol,
        schemas.Withdraw,
        schemas.SignIn,
        schemas.SignInPasskey,
        schemas.Resolve,
        schemas.SessionsOf,
        schemas.Revoke,
        schemas.RevokeAll,
        schemas.ChangePassword,
        schemas.SignUpOptions,
        schemas.AddPasskeyOptions,
        schemas.SignInOptions,
        schemas.AddPasskey,
        schemas.PasskeysOf,
        schemas.RemovePasskey,
        schemas.PersonKey,
        schemas.MintJobTicket,
        schemas.BlindIndex,
        schemas.NewFileKey,
        schemas.OwnFileKey,
        schemas.ClipKey,
        schemas.Erase,
        schemas.Ping,
        ledger_schemas.References,
        ledger_schemas.Opening,
        rights_schemas.ErasureTicket,
        opening_schemas.GrantOpening,
        disclosure_schemas.OpenDisclosure,
        ledger_schemas.SignExport,
        ledger_schemas.ExportVkey,
        promise_schemas.ReceiptKey,
        promise_schemas.CertifyPromiseKey,
        promise_schemas.PromiseVkey,
        promise_schemas.ClipCommitments,
        matching_schemas.MatchingKey,
        matching_schemas.EvaluateElements,
    }
)
_WORKER: frozenset[type[schemas.Request]] = frozenset(
    {
        schemas.ScheduleTicket,
        schemas.OpenJob,
        schemas.Ping,
        ledger_schemas.References,
        ledger_schemas.JobOpenings,
        rights_schemas.JobClipKeys,
        rights_schemas.JobFileKey,
        rights_schemas.EraseByJob,
        ledger_schemas.SignExport,
        ledger_schemas.ExportVkey,
    }
)
_SEQUENCER: frozenset[type[schemas.Request]] = frozenset(
    {schemas.Ping, ledger_schemas.SignCheckpoint, ledger_schemas.LogVkey, promise_schemas.PromiseVkey}
)
MAY_ASK: dict[schemas.Caller, frozenset[type[schemas.Request]]] = {
    "web": _WEB,
    "cli": _WEB
    | {
        backup_schemas.MakeBackupKeys,
        backup_schemas.TakeSnapshot,
        backup_schemas.SnapshotPart,
        backup_schemas.TurnEpoch,
    },
    "worker": _WORKER,
    "sequencer": _SEQUENCER,
}
