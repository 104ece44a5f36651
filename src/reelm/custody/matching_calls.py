"""The part of the client that is about finding people."""

from reelm.custody import matching_schemas
from reelm.custody.calls import Calls


class MatchingCalls(Calls):
    """What `KeysClient` can ask about finding people."""

    async def matching_key(self) -> matching_schemas.PublicKey:
        """The public key of what evaluates."""
        return await self._ask(matching_schemas.MatchingKey(), matching_schemas.PublicKey)

    async def evaluate_elements(self, token: str, elements: bytes) -> matching_schemas.Evaluated:
        """Evaluate 1 to 100 blinded elements of 32 bytes; the session's person pays with their allowance.

        Raises EnoughEvaluatedError when it does not reach, ElementUnsuitableError for what is no element.
        """
        asked = matching_schemas.EvaluateElements(token, elements)
        return await self._ask(asked, matching_schemas.Evaluated, repeatable=False)
