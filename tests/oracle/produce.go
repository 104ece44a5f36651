package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "go.example/log"

// hashStore keeps the hashes of a growing log, as the Go project numbers them.
type hashStore []tlog.Hash

func (s hashStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		list[i] = s[index]
	}
	return list, nil
}

// entry is the i-th entry of the log: of every length, the empty one included.
func entry(i int64) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("entry %d.", i)), int(i%4))
}

func grow(size int64) hashStore {
	var store hashStore
	for i := int64(0); i < size; i++ {
		hashes, err := tlog.StoredHashes(i, entry(i), store)
		must(err)
		store = append(store, hashes...)
	}
	return store
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

// seeded is a source of bytes that is the same on every run, so that what is made can be made again.
type seeded struct{ state [32]byte }

func (s *seeded) Read(data []byte) (int, error) {
	for i := range data {
		s.state = sha256.Sum256(s.state[:])
		data[i] = s.state[0]
	}
	return len(data), nil
}

func produce() []Case {
	source := &seeded{sha256.Sum256([]byte("reelm oracle"))}
	signer, vkey := newSigner(source)
	witnesses := []*cosignSigner{newCosigner(source, "w1.example"), newCosigner(source, "w2.example/ü")}
	var cases []Case
	cases = append(cases, notes(signer, vkey)...)
	for _, size := range []int64{0, 1, 2, 3, 255, 256, 257, 700} {
		cases = append(cases, ofTree(size, signer, vkey, witnesses)...)
	}
	for size := int64(1); size <= 11; size++ {
		cases = append(cases, proofsOf(size)...)
	}
	return cases
}

func newSigner(source *seeded) (note.Signer, string) {
	seed := make([]byte, ed25519.SeedSize)
	source.Read(seed)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	must(err)
	hash := keyHash(origin, append([]byte{1}, public...))
	secret := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, hash, base64.StdEncoding.EncodeToString(append([]byte{1}, seed...)))
	signer, err := note.NewSigner(secret)
	must(err)
	return signer, vkey
}

func notes(signer note.Signer, vkey string) []Case {
	var cases []Case
	for name, text := range map[string]string{
		"of one line": "one line\n", "with blank lines": "\n\nbetween\n\n— looks like a signature\n\nlines\n",
		"in many scripts": "ü 中文 العربية 🎬\n",
	} {
		msg, err := note.Sign(&note.Note{Text: text}, signer)
		must(err)
		cases = append(cases, Case{Name: "note " + name, Check: "note", Note: msg, Keys: []string{vkey}})
	}
	sortByName(cases)
	return cases
}

func sortByName(cases []Case) {
	for i := range cases {
		for j := i; j > 0 && cases[j].Name < cases[j-1].Name; j-- {
			cases[j], cases[j-1] = cases[j-1], cases[j]
		}
	}
}

// ofTree makes a log of this size: its checkpoint with cosignatures, its tiles and bundles, and a proof's file.
func ofTree(size int64, signer note.Signer, vkey string, witnesses []*cosignSigner) []Case {
	store := grow(size)
	root, err := tlog.TreeHash(size, store)
	must(err)
	if size == 0 {
		root = tlog.Hash(sha256.Sum256(nil)) // this version of the package leaves the empty tree's hash at zero
	}
	tree := tlog.FormatTree(tlog.Tree{N: size, Hash: root})
	text := origin + "\n" + strings.TrimPrefix(string(tree), treeLine)
	keys := []string{vkey}
	signers := []note.Signer{signer}
	for i, witness := range witnesses {
		witness.time = uint64(1790000000 + int64(i) + size)
		signers, keys = append(signers, witness), append(keys, witness.vkey)
	}
	msg, err := note.Sign(&note.Note{Text: text}, signers...)
	must(err)
	cases := []Case{{
		Name: fmt.Sprintf("checkpoint of %d", size), Check: "checkpoint", Note: msg, Keys: keys,
		Origin: origin, Size: size, Root: root[:],
	}}
	if size == 0 {
		return cases
	}
	published := map[string][]byte{}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		if tile.W < 256 && int64(tile.W) != size>>(8*tile.L)%256 {
			continue // a width that the tile has had on the way
		}
		data, err := tlog.ReadTileData(tile, store)
		must(err)
		published[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = data
	}
	index := size * 2 / 3
	leaf := tlog.RecordHash(entry(index))
	cases = append(cases, Case{
		Name: fmt.Sprintf("tiles of %d", size), Check: "tiles", Files: published, Size: size, Root: root[:],
		Index: index, Leaf: leaf[:],
	})
	last := size - (size-1)%256 - 1
	var bundle []byte
	for i := last; i < size; i++ {
		bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry(i))))
		bundle = append(bundle, entry(i)...)
	}
	cases = append(cases, Case{
		Name: fmt.Sprintf("bundle of %d", size), Check: "bundle", Text: bundle, Size: size - last, Index: 0,
		Entry: entry(last),
	})
	proof, err := tlog.ProveRecord(size, index, store)
	must(err)
	file := fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex %d\n", index)
	for _, hash := range proof {
		file += base64.StdEncoding.EncodeToString(hash[:]) + "\n"
	}
	return append(cases, Case{
		Name: fmt.Sprintf("proof in %d", size), Check: "proof", Text: []byte(file + "\n" + string(msg)),
		Entry: entry(index), Keys: keys, Origin: origin,
	})
}

func proofsOf(size int64) []Case {
	store := grow(size)
	root, err := tlog.TreeHash(size, store)
	must(err)
	var cases []Case
	for index := int64(0); index < size; index++ {
		proof, err := tlog.ProveRecord(size, index, store)
		must(err)
		leaf := tlog.RecordHash(entry(index))
		cases = append(cases, Case{
			Name: fmt.Sprintf("inclusion of %d in %d", index, size), Check: "inclusion", Size: size, Root: root[:],
			Index: index, Leaf: leaf[:], Proof: bytesOf(proof),
		})
	}
	for old := int64(1); old <= size; old++ {
		before, err := tlog.TreeHash(old, store)
		must(err)
		proof, err := tlog.ProveTree(size, old, store)
		must(err)
		cases = append(cases, Case{
			Name: fmt.Sprintf("consistency of %d with %d", old, size), Check: "consistency", Size: size, Root: root[:],
			Old: old, OldRt: before[:], Proof: bytesOf(proof),
		})
	}
	return cases
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	list := make([][]byte, len(hashes))
	for i := range hashes {
		list[i] = hashes[i][:]
	}
	return list
}

// cosignSigner makes cosignatures of type 04 at a given time.
type cosignSigner struct {
	name string
	hash uint32
	vkey string
	key  ed25519.PrivateKey
	time uint64
}

func newCosigner(source *seeded, name string) *cosignSigner {
	seed := make([]byte, ed25519.SeedSize)
	source.Read(seed)
	key := ed25519.NewKeyFromSeed(seed)
	public := append([]byte{4}, key.Public().(ed25519.PublicKey)...)
	hash := keyHash(name, public)
	vkey := fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(public))
	return &cosignSigner{name: name, hash: hash, vkey: vkey, key: key}
}

func (s *cosignSigner) Name() string    { return s.name }
func (s *cosignSigner) KeyHash() uint32 { return s.hash }
func (s *cosignSigner) Sign(msg []byte) ([]byte, error) {
	sig := binary.BigEndian.AppendUint64(nil, s.time)
	return append(sig, ed25519.Sign(s.key, cosigned(s.time, msg))...), nil
}
