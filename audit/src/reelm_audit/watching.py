"""Follows a realm: looks, judges, says what is new. One `Watch` remembers what it has read between looks."""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reelm_audit.checking import Judge, Verdict
from reelm_audit.client import RealmClient
from reelm_audit.findings import Finding, in_order
from reelm_audit.looking import look
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.context import Context
from reelm_audit.tlog.policy import Policy, PolicyError, parse

PATIENCE_SECONDS = (
    30  # the public quorum signs every ten seconds, so a checkpoint just published may still lack it
)
PAUSE_SECONDS = 3
WEBHOOK_SECONDS = 15


class Watch:
    """One realm and this auditor's copy of it."""

    def __init__(
        self,
        client: RealmClient,
        mirror: Mirror,
        now: Callable[[], int],
        *,
        vkey: str | None = None,
        known_builds: frozenset[str] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._mirror, self._now, self._vkey = client, mirror, now, vkey
        self._known_builds, self._pause = known_builds, pause
        self._judge: Judge | None = None
        self._judged_under = ""
        self._told: set[Finding] = set()
        self._kept: list[Finding] = []

    def look(self) -> Verdict:
        """Look once, and again within half a minute where only the public quorum is missing."""
        until = self._now() + PATIENCE_SECONDS
        while True:
            verdict = self._look()
            if self._now() >= until or not any(f.code == "log.quorum-missing" for f in verdict.findings):
                return verdict
            self._pause(PAUSE_SECONDS)

    def new_findings(self, verdict: Verdict) -> list[Finding]:
        """Return the findings of a verdict that the one before did not have."""
        new = [each for each in verdict.findings if each not in self._told]
        self._told = set(verdict.findings)
        return new

    def _look(self) -> Verdict:
        result = look(self._client, self._mirror, self._vkey)
        if result.vouched is None:
            return Verdict(self._client.url, None, None, None, tuple(in_order(result.findings)))
        vkey = result.vouched.key.vkey
        if self._judge is None or self._judged_under != vkey:  # under another key all is read again
            self._kept, self._judged_under = [], vkey
            self._judge = Judge(
                Context(
                    now=self._now(),
                    document=self._mirror.bundle().document,
                    vkey=vkey,
                    known_builds=self._known_builds,
                )
            )
        verdict = self._judge.verdict(
            self._mirror.bundle(), result.vouched, [*result.findings, *self._kept], self._now()
        )
        self._keep(verdict)
        return self._with_state(verdict)

    def _keep(self, verdict: Verdict) -> None:
        """The rules report what an entry breaks once; it stays broken, so later verdicts say it again."""
        self._kept = [each for each in verdict.findings if not each.code.startswith("log.")]

    def _with_state(self, verdict: Verdict) -> Verdict:
        """Hold what the realm's interface says of itself against the ledger."""
        findings = list(verdict.findings)
        if verdict.charter is not None:
            state = self._client.state()
            said = tuple(_policy(state.get(name)) for name in ("release_policy", "public_policy"))
            if said != (verdict.charter.release_policy, verdict.charter.public_policy):
                detail = (
                    "What the realm's interface says of its witnesses is not what the charter in force says."
                )
                findings.append(found("log.policy-differs", detail))
        findings += self._release()
        return replace(verdict, findings=tuple(in_order(findings)))

    def _release(self) -> Iterator[Finding]:
        """Hold the release that answers and the data map that is shown against the ledger's last release."""
        software = self._judge.checker.software if self._judge else None
        answering, self._client.releases = self._client.releases, set()
        if software is None or software.build is None:
            return
        for release in sorted(answering):
            build = release.rpartition("+")[2]  # `<version>+<first 16 digits of the build's digest>`
            if build != software.build[:16]:
                detail = f"Answers come from {release}; the ledger's last release is {software.build[:16]}."
                yield found("release.answers-differ", detail)
        shown = self._client.text("/api/v1/data-map")
        if shown is not None and software.data_map is not None and _digest_in(shown) != software.data_map:
            yield found("release.data-map-differs", f"In the ledger it is {software.data_map[:12]}….")


def tell(webhook: str, url: str, findings: Sequence[Finding]) -> None:
    """Post findings as JSON; raises `CouldNotCheckError` where nobody takes them."""
    body = json.dumps({"realm": url, "findings": [each.as_json() for each in findings]}).encode()
    request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS) as answer:  # noqa: S310
            answer.read(65_536)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CouldNotCheckError(f"nobody takes findings at {webhook}: {error}") from error


def _digest_in(document: bytes) -> object:
    try:
        value = json.loads(document)
    except ValueError:
        return None
    return value.get("digest") if isinstance(value, dict) else None


def _policy(text: object) -> Policy | None:
    try:
        return parse(text) if isinstance(text, str) else None
    except PolicyError:
        return None
