"""Merkle trees: against another library over many sizes, and as properties of any size."""

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelm_audit.tlog import merkle
from reelm_audit.tlog.merkle import ProofError

SAME = settings(derandomize=True, database=None, deadline=None, max_examples=150)
SIZES = [*range(1, 66), 100, 127, 128, 129, 255, 256, 257, 300]
ENTRIES = [b"entry %d" % number for number in range(1100)]
LEAVES = merkle.leaf_hashes(ENTRIES)


def nodes(wanted):
    return [merkle.root_of(LEAVES[index << level : index + 1 << level]) for level, index in wanted]


def root(size):
    return merkle.root_of(LEAVES[:size])


@pytest.fixture(scope="module")
def other():
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in ENTRIES[: max(SIZES)]:
        tree.append_entry(entry)
    return tree


def test_hashes_are_those_of_rfc_6962():
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", [0, *SIZES])
def test_roots_are_the_other_library_s(other, size):
    assert root(size) == other.get_root(size)


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_are_the_other_library_s(other, size):
    for index in range(0, size, 1 if size < 20 else 7):
        proof = merkle.inclusion_proof(index, size, nodes)
        merkle.verify_inclusion(LEAVES[index], index, size, proof, root(size))
        theirs = other.prove_inclusion(index + 1, size)
        pymerkle.verify_inclusion(LEAVES[index], root(size), theirs)
        assert [LEAVES[index], *proof] == [bytes.fromhex(each) for each in theirs.serialize()["path"]]


@pytest.mark.parametrize("size", SIZES)
def test_consistency_is_proved_where_the_other_library_proves_it(other, size):
    """The other library cuts its proofs differently, so only verdicts can be compared (Go's are the same as ours)."""
    for old in range(1, size, 1 if size < 20 else 7):
        merkle.verify_consistency(
            old, root(old), size, root(size), merkle.consistency_proof(old, size, nodes)
        )
        pymerkle.verify_consistency(root(old), root(size), other.prove_consistency(old, size))


@SAME
@given(st.integers(1, 1100), st.data())
def test_every_leaf_is_shown_and_no_other(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, nodes)
    merkle.verify_inclusion(LEAVES[index], index, size, proof, root(size))
    elsewhere = data.draw(st.integers(0, size - 1))
    if elsewhere != index:
        with pytest.raises(ProofError):
            merkle.verify_inclusion(LEAVES[index], elsewhere, size, proof, root(size))
    if proof:
        position, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        changed = bytearray(proof[position])
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProofError):
            merkle.verify_inclusion(
                LEAVES[index],
                index,
                size,
                [*proof[:position], bytes(changed), *proof[position + 1 :]],
                root(size),
            )


@SAME
@given(st.integers(0, 1100), st.integers(0, 1100), st.data())
def test_every_prefix_is_shown_and_no_other_tree(one, other, data):
    old, new = sorted((one, other))
    proof = merkle.consistency_proof(old, new, nodes)
    merkle.verify_consistency(old, root(old), new, root(new), proof)
    claimed = data.draw(st.integers(0, new))
    if claimed != old:
        with pytest.raises(ProofError):
            merkle.verify_consistency(claimed, root(old), new, root(new), proof)
    if proof:
        shorter = proof[:-1] if data.draw(st.booleans()) else proof[1:]
        with pytest.raises(ProofError):
            merkle.verify_consistency(old, root(old), new, root(new), shorter)


@SAME
@given(st.lists(st.integers(0, 400), max_size=5))
def test_a_tree_that_grows_has_the_root_of_one_made_at_once(steps):
    frontier, size = merkle.Frontier(), 0
    for step in steps:
        grown = min(size + step, len(LEAVES))
        frontier.extend(LEAVES[size:grown])
        size = grown
        assert frontier.root() == root(size)
        assert len(frontier.nodes) == size.bit_count()
        frontier = merkle.Frontier(frontier.size, frontier.nodes)  # as if read from disk


def test_a_proof_that_leads_nowhere_is_refused():
    for size in (0, 1, 2, 5):
        with pytest.raises(ProofError):
            merkle.verify_inclusion(LEAVES[0], size, size, [], root(size))
    with pytest.raises(ProofError):
        merkle.verify_consistency(3, root(3), 2, root(2), [])
    with pytest.raises(ProofError, match="32 bytes"):
        merkle.verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1][:31]], root(2))
    with pytest.raises(ValueError, match="shrink"):
        merkle.consistency_proof(3, 2, nodes)
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(2, 2, nodes)
    with pytest.raises(ValueError, match="complete subtrees"):
        merkle.Frontier(3, [LEAVES[0]])
